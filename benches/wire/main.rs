//! From socket to socket: a venue on loopback sends recorded frames over TLS, and each is answered
//! with an order on a second connection, through all eight stages.
//!
//! `cargo bench --bench wire` times ours; `--features rivals` times a tokio client beside it, pass
//! by pass. `-- --test` plays a few frames, to see that it works. Times are from the return of the
//! receive that brought a frame: until its order is sealed, and until the call that sent it
//! returned; *there and back* is the venue's, with both kernels' ways in it.
//!
//! Never: a ratio of two runs apart from each other.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a bench that cannot run has nothing better to do than to say so and stop"
)]

#[path = "../machine/mod.rs"]
mod machine;
mod ours;
mod reel;
mod sample;
#[path = "../support/mod.rs"]
mod support;
mod table;
mod venue;

use std::time::Duration;

use machine::outfit;
use neural_kraken::sys::clock::Clock;
use reel::Reel;
use sample::{Sample, Sheet};
use support::film::Film;
use support::source::{Kind, SOURCES};
use table::{Row, Table};
use venue::{Identity, Load, Venue};

/// Frames of a pass, and passes of a case.
const FRAMES: usize = 3_000;
const PASSES: usize = 9;

/// The loads, by what they are called.
const LOADS: [(&str, Load); 3] = [
    ("one frame a receive", Load::Paced),
    ("eight frames a receive", Load::Together(8)),
    ("burst", Load::Burst),
];

/// Plays a reel over a venue once; one sample an order.
type Play<'a> = Box<dyn FnMut(&Reel<'_>, &Identity, &Venue) -> Vec<Sample> + 'a>;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let is_asked = arguments.iter().any(|a| a == "--bench");
    let is_tried = !is_asked || arguments.iter().any(|a| a == "--test");
    let (frames, passes) = if is_tried { (40, 1) } else { (FRAMES, PASSES) };
    // Before this thread may use its own core only.
    let cores = support::core_count();
    support::pin_to(0);
    let clock = Clock::calibrate(Duration::from_millis(if is_tried { 2 } else { 100 }));
    let tick_ns = 1e9 / clock.ticks_per_second();
    let identity = Identity::new();
    let mut table = Table::new(cores, tick_ns);
    let source = &SOURCES[0];
    let (tape, instruments) = source.load().expect("a recording, or the built-in one");
    let film = Film::of(&tape, outfit::tradable(&instruments));
    let reel = Reel::of(&film, frames);
    let is_top = reel.are(Kind::Top);
    for (name, load) in LOADS {
        let mut all = contenders();
        let mut sheets: Vec<[Sheet; 4]> = all.iter().map(|_| Default::default()).collect();
        // The first pass of each only warms up.
        for pass in 0..=passes {
            for ((_, play), sheet) in all.iter_mut().zip(&mut sheets) {
                let venue = Venue::open(&identity, &reel.messages(), load);
                let samples = play(&reel, &identity, &venue);
                let rounds = venue.end();
                assert_eq!(samples.len(), reel.frames.len(), "an order for each frame");
                if pass > 0 {
                    take(sheet, &samples, &is_top, rounds);
                }
            }
        }
        let names = ["top to sealed", "all to sealed", "all to sent", "there and back"];
        for (which, what) in names.iter().enumerate() {
            let ours = sheets[0][which].clone();
            for (n, (who, _)) in all.iter().enumerate() {
                let ratio = |share| (n > 0).then(|| ours.ratio(&sheets[n][which], share));
                let (p50, p99) = (ratio(0), ratio(2));
                if let Some((percentiles_ns, samples)) = sheets[n][which].told(tick_ns) {
                    table.add(Row { load: name, what, who, percentiles_ns, samples, p50, p99 });
                }
            }
        }
    }
    table.print();
    if !is_tried {
        table.write().expect("a folder for the results");
    }
    std::fs::remove_file(&identity.ca_file).expect("the certificate's file");
}

/// Ours, ours with rustls keeping the records, and the tokio client where it is built.
fn contenders<'a>() -> Vec<(&'static str, Play<'a>)> {
    let own = |reel: &Reel<'_>, id: &Identity, venue: &Venue| ours::play(reel, id, venue, false);
    let stock = |reel: &Reel<'_>, id: &Identity, venue: &Venue| ours::play(reel, id, venue, true);
    let mut all: Vec<(&'static str, Play<'a>)> =
        vec![("ours", Box::new(own)), ("ours, stock TLS", Box::new(stock))];
    rival::add(&mut all);
    all
}

fn take(sheet: &mut [Sheet; 4], samples: &[Sample], is_top: &[bool], rounds: Vec<u64>) {
    let top = samples.iter().zip(is_top).filter(|(_, is_top)| **is_top);
    sheet[0].take(top.map(|(sample, _)| sample.sealed).collect());
    sheet[1].take(samples.iter().map(|sample| sample.sealed).collect());
    sheet[2].take(samples.iter().map(|sample| sample.sent).collect());
    sheet[3].take(rounds);
}

#[cfg(not(feature = "rivals"))]
mod rival {
    pub(super) fn add(_: &mut Vec<(&'static str, super::Play<'_>)>) {}
}

#[cfg(feature = "rivals")]
mod rival {
    use bench_rivals::client;
    use bench_rivals::plain::{self, Direct, Plain};
    use neural_kraken::sys::clock::counter;

    use super::support::film::Said;
    use super::{Identity, Kind, Reel, Sample, Venue, venue};

    pub(super) fn add(all: &mut Vec<(&'static str, super::Play<'_>)>) {
        all.push(("tokio client", Box::new(play)));
    }

    fn play(reel: &Reel<'_>, identity: &Identity, venue: &Venue) -> Vec<Sample> {
        let kind = |n: usize| match reel.film.kinds[n] {
            Said::Hot(Kind::Depth) => Some(plain::Kind::Depth),
            Said::Hot(Kind::Top) => Some(plain::Kind::Top),
            Said::Hot(Kind::Trade) => Some(plain::Kind::Trade),
            Said::Snapshot => Some(plain::Kind::Snapshot),
            Said::Hot(Kind::Kraken) | Said::Other => None,
        };
        let mut plain = Direct::new(plain::Venue::Spot);
        for n in 0..reel.frames[0] {
            if let Some(kind) = kind(n) {
                std::hint::black_box(plain.frame(kind, reel.film.frame(n).bytes.text()));
            }
        }
        let kinds: Vec<plain::Kind> = reel.frames.iter().filter_map(|n| kind(*n)).collect();
        let venue_side =
            client::Venue { address: venue.address, host: venue::HOST, ca: identity.ca.clone() };
        let readings = client::trade(&venue_side, &mut plain, &kinds, counter, || venue.begin());
        let sample = |r: &client::Readings| Sample {
            sealed: r.sealed.saturating_sub(r.received),
            sent: r.sent.saturating_sub(r.received),
        };
        readings.iter().map(sample).collect()
    }
}
