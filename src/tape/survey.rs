//! The first pass over a tape: which instruments it speaks of, and with which digits.
//!
//! In: a tape, what the user said of instruments, which symbols are wanted. Out: the instrument
//! table; the tape gets the times that only its frames know, its subjects, and its order.
//! Decimals come from the venue's metadata, else from the user, else from the digits of the first
//! snapshot; as the whole recording is seen, learned decimals are as fine as its finest number.

use std::collections::HashMap;

use super::deck::{Came, NO_SUBJECT, Tape, is_time};
use super::error::TapeError;
use super::guess::{Links, guess};
use crate::base::{
    ConnectionId, Decimal, Form, Instrument, InstrumentId, Instruments, Nanos, Precision, Price,
    Qty, Status, Symbol,
};
use crate::event::Stamp;
use crate::limits;
use crate::venue::wire::Strict;
use crate::venue::{DIALECTS, Described, Dialect, Input, Raw, RawBody, RawEvent};

/// Decimals that the user gives for a symbol.
#[derive(Clone, Copy, Debug)]
pub struct Given {
    /// Of this venue only, and the recording may be without it; `None` is said of this recording,
    /// whatever the venue, and the symbol must be in it.
    pub venue: Option<&'static str>,
    /// The symbol on the wire.
    pub symbol: Symbol,
    /// Decimals of its prices.
    pub price_decimals: u8,
    /// Decimals of its quantities.
    pub qty_decimals: u8,
}

/// What the first pass found.
#[derive(Debug)]
pub struct Survey {
    /// The instruments, in the order in which they first appear.
    pub instruments: Instruments,
}

/// Surveys a tape, then puts it into the order of time and gives frames their subjects.
pub fn survey(tape: &mut Tape, given: &[Given], wanted: &[Symbol]) -> Result<Survey, TapeError> {
    let mut pass = Pass::default();
    pass.look_at(tape);
    pass.take_listed(tape);
    date_beginnings(tape);
    pass.check_venues(tape)?;
    let only = pass.only_instruments(tape);
    let instruments = pass.list(tape, given, wanted)?;
    give_subjects(tape, &instruments, &pass, &only);
    tape.entries.sort_by_key(|entry| entry.recv_ns);
    Ok(Survey { instruments })
}

/// Frames before the first one that knows its time (acknowledgements, a status) came with it.
fn date_beginnings(tape: &mut Tape) {
    let mut following: Option<(ConnectionId, Nanos)> = None;
    for entry in tape.entries.iter_mut().rev() {
        match following {
            Some((connection, at))
                if entry.recv_ns == Nanos::NONE && connection == entry.connection =>
            {
                entry.recv_ns = at;
            }
            _ => following = Some((entry.connection, entry.recv_ns)),
        }
    }
}

/// What is known of one symbol of one dialect.
#[derive(Debug)]
struct Found {
    dialect: &'static Dialect,
    symbol: Symbol,
    described: Option<Described>,
    /// Digits behind the point in the first snapshot.
    written: Option<(u8, u8)>,
    /// Digits behind the point that the finest numbers need.
    needed: (u8, u8),
    depth: Option<u32>,
    snapshot: Vec<Decimal>,
    /// Levels of the larger side of the first snapshot.
    widest: u32,
    events: u64,
    /// Does the recording itself list it?
    is_listed: bool,
}

#[derive(Debug, Default)]
struct Pass {
    found: Vec<Found>,
    places: HashMap<(&'static str, Symbol), usize>,
    /// What each connection speaks of.
    speech: HashMap<ConnectionId, Speech>,
}

/// What one connection speaks of.
#[derive(Debug, Default)]
struct Speech {
    /// Places of its instruments, each once.
    places: Vec<usize>,
    /// Snapshots that name no symbol: they are of its only instrument.
    unnamed: Option<Found>,
    /// How its changes say which one they follow.
    links: Links,
}

impl Pass {
    fn look_at(&mut self, tape: &mut Tape) {
        let (mut strict, mut raw) = (Strict::new(), Raw::default());
        let mut latest = Nanos::NONE;
        let mut connection = None;
        for n in 0..tape.len() {
            if connection.replace(tape.entries[n].connection) != Some(tape.entries[n].connection) {
                latest = Nanos::NONE;
            }
            let Some(frame) = tape.frame(n).filter(|frame| frame.came == Came::Frame) else {
                continue;
            };
            let dialect = tape.sources[frame.connection.index()].dialect;
            let stamp = Stamp { recv_ns: frame.recv_ns, ..Stamp::default() };
            let input = Input { stamp, about: InstrumentId::NONE, bytes: frame.bytes };
            raw.clear();
            // What is refused here is refused, counted and kept by the feed.
            let accepted = (dialect.strict)(&input, &mut strict, &mut raw).is_ok();
            if tape.entries[n].recv_ns == Nanos::NONE {
                let said = raw.events.iter().map(|e| e.venue_ns).find(|ns| is_time(*ns));
                // Time never goes back on a tape.
                latest = latest.max(said.unwrap_or(latest));
                tape.entries[n].recv_ns = latest;
            }
            if accepted {
                let subject = tape.subjects.get(tape.entries[n].subject as usize).copied();
                let connection = tape.entries[n].connection;
                self.take(dialect, connection, subject, &raw);
            }
        }
    }

    /// What a recording lists is known, though it may never have been spoken of.
    fn take_listed(&mut self, tape: &Tape) {
        for listing in &tape.listed {
            let place = self.place(listing.dialect, listing.symbol);
            self.found[place].is_listed = true;
        }
    }

    fn take(
        &mut self,
        dialect: &'static Dialect,
        connection: ConnectionId,
        subject: Option<Symbol>,
        raw: &Raw,
    ) {
        for described in &raw.described {
            let place = self.place(dialect, described.symbol);
            self.found[place].described = Some(*described);
        }
        for (symbol, depth) in &raw.subscribed {
            let place = self.place(dialect, *symbol);
            self.found[place].depth = Some(*depth);
        }
        for event in &raw.events {
            let symbol = if event.symbol == Symbol::NONE { subject } else { Some(event.symbol) };
            let place = symbol.map(|symbol| self.place(dialect, symbol));
            let speech = self.speech.entry(connection).or_default();
            speech.links.see(&event.body);
            let Some(place) = place else {
                let none = || Found::new(dialect, Symbol::NONE);
                speech.unnamed.get_or_insert_with(none).take(event, raw);
                continue;
            };
            if !speech.places.contains(&place) {
                speech.places.push(place);
            }
            self.found[place].take(event, raw);
        }
    }

    fn place(&mut self, dialect: &'static Dialect, symbol: Symbol) -> usize {
        *self.places.entry((dialect.name, symbol)).or_insert_with(|| {
            self.found.push(Found::new(dialect, symbol));
            self.found.len() - 1
        })
    }

    /// Every venue that was named must have said something, and in its own way.
    fn check_venues(&self, tape: &Tape) -> Result<(), TapeError> {
        for (n, source) in tape.sources().iter().enumerate() {
            let connection = ConnectionId(n as u16);
            let speaks = |found: &Found| {
                found.dialect.name == source.dialect.name && (found.events > 0 || found.is_listed)
            };
            let mut unnamed = self.speech.values().filter_map(|speech| speech.unnamed.as_ref());
            let is_silent = !self.found.iter().any(speaks) && !unnamed.any(speaks);
            let links = self.speech.get(&connection).map(|s| s.links).unwrap_or_default();
            if is_silent || !links.suit(source.dialect) {
                let (path, venue) = (source.path.clone(), source.dialect.name);
                return Err(match guess(tape, connection, links) {
                    Some(looks_like) => TapeError::WrongVenue { path, venue, looks_like },
                    None => TapeError::NoEvents { path, venue },
                });
            }
        }
        Ok(())
    }

    /// By connection, the place of its instrument where it speaks of only one; where it speaks of
    /// none (a file of replies), that of the only one of its dialect.
    fn only_instruments(&mut self, tape: &Tape) -> Vec<Option<usize>> {
        let mut only = Vec::new();
        for (n, source) in tape.sources.iter().enumerate() {
            let mut speech = self.speech.remove(&ConnectionId(n as u16)).unwrap_or_default();
            if speech.places.is_empty() {
                let is_of = |f: &Found| f.dialect.name == source.dialect.name && f.events > 0;
                let found = self.found.iter().enumerate();
                speech.places = found.filter(|(_, f)| is_of(f)).map(|(place, _)| place).collect();
            }
            let place = if let [place] = speech.places[..] { Some(place) } else { None };
            if let (Some(place), Some(unnamed)) = (place, &speech.unnamed) {
                self.found[place].merge(unnamed);
            }
            only.push(place);
        }
        only
    }

    fn list(
        &self,
        tape: &Tape,
        given: &[Given],
        wanted: &[Symbol],
    ) -> Result<Instruments, TapeError> {
        let spoken = || self.found.iter().filter(|f| f.events > 0 || f.is_listed);
        let said = given.iter().filter(|g| g.venue.is_none()).map(|g| &g.symbol);
        for symbol in wanted.iter().chain(said) {
            if !spoken().any(|f| f.symbol == *symbol) {
                let mut names: Vec<String> =
                    spoken().take(20).map(|f| f.symbol.to_string()).collect();
                if spoken().count() > names.len() {
                    names.push(String::from(".."));
                }
                let (symbol, found) = (symbol.to_string(), names.join(", "));
                return Err(TapeError::NoSymbol { symbol, found });
            }
        }
        let mut instruments = Instruments::default();
        // In the order of venues and symbols: ids must not depend on how a tape was put together,
        // or a journal would not replay to what it was made of.
        let mut all: Vec<&Found> =
            spoken().filter(|f| wanted.is_empty() || wanted.contains(&f.symbol)).collect();
        let place = |f: &Found| DIALECTS.iter().position(|d| d.name == f.dialect.name);
        all.sort_by_key(|f| (place(f), f.symbol));
        for found in all {
            let listed = tape.listed.iter().filter(|l| l.dialect.name == found.dialect.name);
            let own = listed.clone().find(|l| l.symbol == found.symbol);
            if own.is_none() && listed.count() > 0 {
                // The recording was made without it.
                continue;
            }
            let given = given.iter().find(|g| g.is_about(found));
            let given = given.map(|g| (g.price_decimals, g.qty_decimals));
            let mut instrument =
                found.instrument(given.or(own.map(|l| (l.price_decimals, l.qty_decimals))));
            if let (None, Some(own)) = (given, own) {
                instrument.precision = own.precision;
            }
            instruments.add(instrument).ok_or(TapeError::TooManyInstruments)?;
        }
        Ok(instruments)
    }
}

impl Given {
    fn is_about(&self, found: &Found) -> bool {
        self.symbol == found.symbol && self.venue.is_none_or(|venue| venue == found.dialect.name)
    }
}

impl Found {
    fn new(dialect: &'static Dialect, symbol: Symbol) -> Found {
        Found {
            dialect,
            symbol,
            described: None,
            written: None,
            needed: (0, 0),
            depth: None,
            snapshot: Vec::new(),
            widest: 0,
            events: 0,
            is_listed: false,
        }
    }

    fn take(&mut self, event: &RawEvent, raw: &Raw) {
        self.events += 1;
        let levels = raw.levels_of(event);
        for level in levels {
            self.need(level.price, level.qty);
        }
        match event.body {
            RawBody::Book(change) => {
                if change.snapshot && self.written.is_none() && !levels.is_empty() {
                    let finest = |scale: fn(&crate::venue::RawLevel) -> u8| {
                        levels.iter().map(scale).max().unwrap_or_default()
                    };
                    self.written = Some((finest(|l| l.price.scale), finest(|l| l.qty.scale)));
                    self.snapshot = levels.iter().map(|l| l.price).collect();
                    let bids = levels.iter().filter(|l| l.side == crate::base::Side::Buy).count();
                    self.widest = bids.max(levels.len() - bids) as u32;
                }
            }
            RawBody::Top { bid, ask, .. } => {
                self.need(bid.0, bid.1);
                self.need(ask.0, ask.1);
            }
            RawBody::Trade { price, qty, .. } => self.need(price, qty),
        }
    }

    fn need(&mut self, price: Decimal, qty: Decimal) {
        self.needed.0 = self.needed.0.max(significant(price));
        self.needed.1 = self.needed.1.max(significant(qty));
    }

    /// Takes over what an unnamed snapshot said.
    fn merge(&mut self, unnamed: &Found) {
        self.needed.0 = self.needed.0.max(unnamed.needed.0);
        self.needed.1 = self.needed.1.max(unnamed.needed.1);
        if self.written.is_none() {
            self.written = unnamed.written;
            self.snapshot.clone_from(&unnamed.snapshot);
            self.widest = unnamed.widest;
        }
    }

    fn instrument(&self, given: Option<(u8, u8)>) -> Instrument {
        let said = self.described.as_ref().map(|d| (d.price_decimals, d.qty_decimals));
        let written = self.written.unwrap_or_default();
        let learned = (written.0.max(self.needed.0), written.1.max(self.needed.1));
        let (price_decimals, qty_decimals) = said.or(given).unwrap_or(learned);
        let declared = said.is_some() || given.is_some();
        let mut instrument =
            Instrument::plain(self.dialect.name, self.symbol, price_decimals, qty_decimals);
        instrument.precision = if declared { Precision::Declared } else { Precision::Inferred };
        instrument.continuity = self.dialect.continuity;
        instrument.status = Status::Open;
        if let Some(described) = &self.described {
            let units =
                |number: Decimal, decimals| number.unsigned_at(decimals).unwrap_or_default();
            instrument.kind = described.kind;
            instrument.contract_value = described.contract_value;
            instrument.status = described.status;
            instrument.tick = Price(units(described.tick, price_decimals).max(1));
            instrument.lot = Qty(units(described.lot, qty_decimals).max(1));
            instrument.qty_min = Qty(units(described.qty_min, qty_decimals));
            instrument.notional_min = units(described.notional_min, price_decimals);
        }
        let prices: Vec<i64> =
            self.snapshot.iter().filter_map(|p| p.unsigned_at(price_decimals).ok()).collect();
        if instrument.tick.0 == 1 {
            instrument.tick = Price(prices.iter().copied().fold(0, common_divisor).max(1));
        }
        instrument.form = match self.dialect.form {
            Form::Ladder { depth } => Form::Ladder { depth: self.ladder_depth(depth) },
            Form::Window { ticks } => {
                Form::Window { ticks: window(&prices, instrument.tick, ticks) }
            }
        };
        instrument
    }

    /// As subscribed, else the smallest depth on offer that holds the first snapshot.
    fn ladder_depth(&self, usual: u32) -> u32 {
        const OFFERED: [u32; 5] = [10, 25, 100, 500, 1_000];
        let fits = || OFFERED.into_iter().find(|depth| *depth >= self.widest.max(usual));
        let depth = self.depth.or_else(fits).unwrap_or(limits::LADDER_LEVELS_MAX as u32);
        depth.clamp(1, limits::LADDER_LEVELS_MAX as u32)
    }
}

/// Ticks for about one percent of the price on either side of it.
fn window(prices: &[i64], tick: Price, most: u32) -> u32 {
    let mut sorted = prices.to_vec();
    sorted.sort_unstable();
    let Some(middle) = sorted.get(sorted.len() / 2) else { return most };
    let ticks = (middle / 50 / tick.0.max(1)).clamp(1, i64::from(most)) as u32;
    ticks.next_power_of_two().clamp(limits::WINDOW_TICKS_MIN as u32, most)
}

fn common_divisor(a: i64, b: i64) -> i64 {
    let (mut a, mut b) = (a, b);
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

/// Digits behind the point without trailing zeros.
fn significant(number: Decimal) -> u8 {
    let Decimal { mut mantissa, mut scale } = number;
    while scale > 0 && mantissa % 10 == 0 {
        mantissa /= 10;
        scale -= 1;
    }
    scale
}

/// Frames that name no symbol are about the one that their request named, else about the only one
/// of their connection.
fn give_subjects(tape: &mut Tape, instruments: &Instruments, pass: &Pass, only: &[Option<usize>]) {
    let id_of = |dialect: &Dialect, symbol: &Symbol| {
        instruments.find(dialect.name, symbol).map_or(InstrumentId::UNLISTED, |i| i.id)
    };
    for entry in &mut tape.entries {
        let dialect = tape.sources[entry.connection.index()].dialect;
        entry.about = if entry.subject == NO_SUBJECT {
            let place = only[entry.connection.index()].filter(|_| entry.came == Came::Frame);
            place.map_or(InstrumentId::NONE, |place| id_of(dialect, &pass.found[place].symbol))
        } else {
            id_of(dialect, &tape.subjects[entry.subject as usize])
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{tape, venue};

    /// The built-in recording of Coinbase, surveyed with what a user gives for BTC-USD.
    fn surveyed(given: Given) -> Result<Instrument, TapeError> {
        let spec = tape::Spec {
            dialect: venue::dialect("coinbase"),
            format: tape::format("stamped").unwrap(),
            path: "built-in/coinbase".into(),
        };
        let mut tape = Tape::load(&[spec], &mut |_, _| {})?;
        let survey = survey(&mut tape, &[given], &[])?;
        let symbol = Symbol::new(b"BTC-USD").unwrap();
        Ok(survey.instruments.find("coinbase", &symbol).unwrap().clone())
    }

    #[test]
    fn decimals_that_the_user_gives_are_declared() {
        let symbol = Symbol::new(b"BTC-USD").unwrap();
        let given = |venue| Given { venue, symbol, price_decimals: 4, qty_decimals: 9 };
        for venue in [None, Some("coinbase")] {
            let found = surveyed(given(venue)).unwrap();
            assert_eq!((found.price_decimals, found.qty_decimals), (4, 9));
            assert_eq!(found.precision, Precision::Declared);
        }
        let found = surveyed(given(Some("kraken"))).unwrap();
        assert_eq!(found.precision, Precision::Inferred, "another venue's are no concern of it");
    }

    #[test]
    fn a_symbol_that_is_configured_need_not_be_recorded_but_one_that_is_said_must() {
        let symbol = Symbol::new(b"SOL-USD").unwrap();
        let given = |venue| Given { venue, symbol, price_decimals: 2, qty_decimals: 8 };
        assert!(surveyed(given(Some("coinbase"))).is_ok());
        assert!(matches!(surveyed(given(None)), Err(TapeError::NoSymbol { .. })));
    }
}
