//! Played: recordings as markets for the simulator, each book change by change.
//!
//! In: a surveyed tape and its instruments. Out: for each instrument what its book and its trades
//! did, as far as the book was proven.
//! Never: a level of a book that was not live.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::deck::Tape;
use crate::base::{Instrument, InstrumentId, Instruments, Side, Symbol};
use crate::event::{Body, BookState, Level, Market, Stamp, Trade};
use crate::limits::SIM_ORDERS_MAX;
use crate::sim::engine::Rules;
use crate::sim::{Deed, Listed, Played};
use crate::stage::book::{self, Books};
use crate::stage::contract::{Emit, Nowhere, On};
use crate::stage::feed::Feed;
use crate::venue::Input;
use crate::venue::wire::{FastLevel, Shape};

/// What assets are paid with, where a symbol has no sign between its two.
const QUOTES: [&str; 7] = ["USDT", "USDC", "FDUSD", "USD", "EUR", "BTC", "ETH"];

/// Venues that are simulated, by how the names of their dialects begin.
const VENUES: [&str; 3] = ["kraken", "binance", "coinbase"];

/// Quantities, by whether they are asked, and by price.
type Sides = BTreeMap<(bool, i64), i64>;

/// Keeps the books, and what a frame was about.
struct Ear {
    books: Books,
    touched: Vec<InstrumentId>,
    trades: Vec<(InstrumentId, Trade)>,
}

impl<'a> Emit<Market<'a>> for Ear {
    fn emit(&mut self, market: &Market<'a>) {
        let of = market.head.instrument;
        match market.head.body {
            Body::Trade(trade) => self.trades.push((of, trade)),
            Body::Book(_) if !self.touched.contains(&of) => self.touched.push(of),
            _ => {}
        }
        self.books.on(market, &mut Nowhere);
    }
}

/// All markets of a tape that the simulator has a venue for. Each begins with its first whole book;
/// times are since the first frame.
pub fn played(tape: &Tape, instruments: &Instruments) -> Vec<Played> {
    let mut feed = Feed::new(&tape.dialects(), instruments, FastLevel::detect());
    let books = Books::new(instruments, &book::Settings::default());
    let mut ear = Ear { books, touched: Vec::new(), trades: Vec::new() };
    let mut shown: Vec<Sides> = vec![Sides::new(); instruments.len()];
    let mut deeds: Vec<Vec<(i64, Deed)>> = vec![Vec::new(); instruments.len()];
    let first = tape.frame(0).map_or(0, |frame| frame.recv_ns.0);
    for (n, frame) in tape.frames().enumerate() {
        let (recv_ns, connection) = (frame.recv_ns, frame.connection);
        let stamp = Stamp { frame: n as u64, recv_ns, arrived_tsc: 0, connection };
        let input = Input { stamp, about: frame.about, bytes: frame.bytes };
        feed.decode(&input);
        feed.emit(&input, &mut ear);
        let at = recv_ns.0 - first;
        for (of, trade) in ear.trades.drain(..) {
            // Before there is a book there is nothing to take from.
            if let Some(deeds) = deeds.get_mut(of.index()).filter(|deeds| !deeds.is_empty()) {
                deeds.push((at, Deed::Trade(trade)));
            }
        }
        for of in ear.touched.drain(..) {
            let is_live =
                ear.books.view(of).is_some_and(|view| view.quote.state == BookState::Live);
            if let (true, Some(deeds)) = (is_live, deeds.get_mut(of.index())) {
                let at = if deeds.is_empty() { 0 } else { at };
                let now = picture(&ear.books, of);
                tell(&shown[of.index()], &now, at, deeds);
                shown[of.index()] = now;
            }
        }
    }
    let each = instruments.iter().zip(deeds);
    each.filter_map(|(instrument, deeds)| {
        let listed = listed(instrument)?;
        Some(Played { listed, deeds: Arc::from(deeds) })
    })
    .collect()
}

fn picture(books: &Books, of: InstrumentId) -> Sides {
    let mut now = Sides::new();
    for side in [Side::Buy, Side::Sell] {
        books.visit(of, side, &mut |level| {
            now.insert((side == Side::Sell, level.price), level.qty);
        });
    }
    now
}

/// What makes one picture of the other: what goes first, so that no level meets an old one.
fn tell(before: &Sides, now: &Sides, at: i64, deeds: &mut Vec<(i64, Deed)>) {
    let gone = before.keys().filter(|key| !now.contains_key(key)).map(|key| (*key, 0));
    let new = now.iter().filter(|(key, qty)| before.get(key) != Some(qty));
    let new = new.map(|(key, qty)| (*key, *qty));
    let deed = |((is_ask, price), qty)| {
        let side = if is_ask { Side::Sell } else { Side::Buy };
        (at, Deed::Level(side, Level { price, qty }))
    };
    deeds.extend(gone.chain(new).map(deed));
}

/// As the simulator lists it; none where it has no such venue.
fn listed(instrument: &Instrument) -> Option<Listed> {
    let venue = VENUES.into_iter().find(|venue| instrument.venue.starts_with(venue))?;
    let text = instrument.symbol.as_str().replace("XBT", "BTC");
    let (base, quote) = text.split_once(['/', '-']).or_else(|| {
        let quote = QUOTES.into_iter().find(|quote| text.ends_with(quote))?;
        Some((text.strip_suffix(quote)?, quote))
    })?;
    let symbol = |text: &str| Symbol::new(text.as_bytes());
    Some(Listed {
        venue,
        symbol: symbol(&text)?,
        base: symbol(base)?,
        quote: symbol(quote)?,
        shape: Shape { price: instrument.price_decimals, qty: instrument.qty_decimals },
        rules: Rules {
            tick: 1,
            lot: 1,
            qty_min: 1,
            qty_max: i64::MAX / 4,
            price_max: i64::MAX / 4,
            notional_min: 0,
            orders_max: SIM_ORDERS_MAX,
        },
    })
}
