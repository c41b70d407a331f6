//! The venues of a run: what is followed there, by which sessions, and how they are reached.

use super::super::output::Failure;
use crate::base::{ConnectionId, Instruments, Nanos};
use crate::cold::dialer::Ways;
use crate::config::Config;
use crate::net::TlsSettings;
use crate::pipeline::Station;
use crate::venue::session::{Follow, Settings};
use crate::venue::{DIALECTS, dialect as dialect_of};

/// Venues of instruments, each once, in their order.
pub(super) fn of(instruments: &Instruments) -> Vec<&'static str> {
    let mut venues: Vec<&'static str> = instruments.iter().map(|i| i.venue).collect();
    venues.dedup();
    venues
}

/// How the world is reached.
pub(super) fn ways(config: &Config) -> Ways {
    let live = &config.live;
    Ways {
        tls: TlsSettings {
            ca_files: live.ca_files.clone(),
            stock: live.stock_tls,
            ..TlsSettings::default()
        },
        addresses: live.addresses.clone(),
        kernel_stamps: live.kernel_stamps,
        plain: false,
    }
}

/// Instruments that are used and whose venues can be followed, numbered as a replay of the journal
/// numbers them.
pub(super) fn followed(config: &Config) -> Result<Instruments, Failure> {
    let resolved = config.resolve();
    let mut all: Vec<_> = resolved.instruments.iter().collect();
    all.retain(|instrument| dialect_of(instrument.venue).is_some_and(|d| d.session.is_some()));
    let place = |venue: &str| DIALECTS.iter().position(|dialect| dialect.name == venue);
    all.sort_by_key(|instrument| (place(instrument.venue), instrument.symbol));
    let mut instruments = Instruments::default();
    for instrument in all {
        instruments.add(instrument.clone());
    }
    if instruments.is_empty() {
        return Err(Failure::failed(
            "no instrument is enabled whose venue can be followed live: enable one of kraken, \
             binance or coinbase in [[instruments]]",
        ));
    }
    Ok(instruments)
}

/// A session for each venue.
pub(super) fn stations(
    config: &Config,
    instruments: &Instruments,
    now: Nanos,
) -> Result<Vec<Station>, Failure> {
    let venues = of(instruments);
    let station = |(n, venue): (usize, &&'static str)| {
        let opening = dialect_of(venue).and_then(|dialect| Some((dialect, dialect.session?)));
        let (dialect, opening) = opening.ok_or_else(|| {
            Failure::failed(format_args!(
                "{venue} cannot be followed live: disable its instruments"
            ))
        })?;
        let its = instruments.iter().filter(|instrument| instrument.venue == *venue);
        let settings = Settings {
            connection: ConnectionId(n as u16),
            follow: its.map(|i| Follow { symbol: i.symbol, id: i.id }).collect(),
            redundancy: config.live.redundancy,
            seed: now.0 as u64 ^ n as u64,
            ..(opening.settings)()
        };
        let mut session = (opening.open)(settings, now).map_err(Failure::failed)?;
        session.begin(now);
        Ok(Station { dialect, session })
    };
    venues.iter().enumerate().map(station).collect()
}

/// Silences of single venues, by station.
pub(super) fn silences(config: &Config, venues: &[&'static str]) -> Vec<(ConnectionId, i64)> {
    let of = &config.book.stale_after_ns_of;
    let own = |venue: &str| of.iter().find(|(name, _)| *name == venue).map(|(_, ns)| *ns);
    let numbered = venues.iter().enumerate();
    numbered.filter_map(|(n, venue)| Some((ConnectionId(n as u16), own(venue)?))).collect()
}
