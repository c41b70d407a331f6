//! Recordings of a generated market, in the venues' real frame formats, with faults on purpose.
//!
//! In: a seed and a length. Out: one recording of Kraken, one of each symbol of Binance (its REST
//! snapshots name none), one of Coinbase.
//! Never: two outcomes of one seed.

mod reel;
mod crowd;
mod kraken;
mod binance;
mod coinbase;

pub use reel::{Fault, Recording, Truth};

use std::io;

use super::flow::Flow;
use super::listing::{BINANCE, COINBASE, House, KRAKEN};
use super::random::Random;
use super::value::Path;
use crate::base::Nanos;
use crowd::{Crowd, Schedule};
use reel::Reel;

/// What is to be recorded.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// The same seed gives the same bytes.
    pub seed: u64,
    /// How long, from [`Plan::SECONDS_MIN`] to [`Plan::SECONDS_MAX`]; else the nearest of these.
    pub seconds: u32,
}

impl Plan {
    /// Shorter, and the faults could not be told apart.
    pub const SECONDS_MIN: u32 = 12;

    /// Longer, and memory would count: a minute takes some 25 MB.
    pub const SECONDS_MAX: u32 = 3_600;
}

// Kinds of chance: each market and each way has numbers of its own, from these on.
const VALUES: u64 = 0;
const WAYS: u64 = 100;
const PEOPLE: u64 = 200;

/// Generates the recordings.
pub fn record(plan: &Plan) -> io::Result<Vec<Recording>> {
    let seconds = plan.seconds.clamp(Plan::SECONDS_MIN, Plan::SECONDS_MAX);
    let schedule = Schedule::new(seconds);
    // 2026-07-19T18:00:00Z
    let begin = Nanos(Nanos::midnight(2026, 7, 19).0 + 18 * 3_600 * Nanos::SECOND);
    let path = Path::new(&mut Random::new(plan.seed, VALUES), i64::from(seconds) * 1_000);
    let flow = |house: &'static House, venue: u64, n: usize| {
        Flow::new(house, n, &path, Random::new(plan.seed, PEOPLE + 10 * venue + n as u64))
    };
    let crowd = |flows| Crowd { flows, path: &path, begin };
    let all = |house: &'static House, venue| {
        crowd((0..house.markets.len()).map(|n| flow(house, venue, n)).collect())
    };
    let reel = |house: &'static House, n| Reel::new(house, Random::new(plan.seed, WAYS + n));
    let mut recordings = vec![kraken::record(all(&KRAKEN, 0), reel(&KRAKEN, 0), schedule)?];
    for n in 0..BINANCE.markets.len() {
        let crowd = crowd(vec![flow(&BINANCE, 1, n)]);
        let reel = reel(&BINANCE, 10 + n as u64);
        recordings.push(binance::record(crowd, reel, schedule, n == 0)?);
    }
    recordings.push(coinbase::record(all(&COINBASE, 2), reel(&COINBASE, 20), schedule)?);
    Ok(recordings)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn same_seed_gives_the_same_bytes_and_another_does_not() {
        let gzips = |seed| -> Vec<Vec<u8>> {
            let plan = Plan { seed, seconds: Plan::SECONDS_MIN };
            record(&plan).unwrap().into_iter().map(|recording| recording.gzip).collect()
        };
        let first = gzips(1);
        assert_eq!(first, gzips(1));
        for (one, other) in first.iter().zip(&gzips(2)) {
            assert_ne!(one, other);
        }
    }
}
