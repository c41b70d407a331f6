//! The book: two trees, brought up to date by snapshot and changes.

use super::message::{Level, Quote, Update, Venue};
use crate::book::Tree;

/// Levels a side that Kraken keeps.
const KRAKEN_DEPTH: usize = 10;

/// The book of one symbol.
#[derive(Debug)]
pub struct Book {
    venue: Venue,
    tree: Tree,
    last_id: u64,
    is_loaded: bool,
    /// Changes that came before their snapshot.
    pending: Vec<Update>,
    /// The latest best bid and ask of the venue's own, and its update id.
    top: Option<(u64, Level, Level)>,
    flow: f64,
    /// Checksums that did not match.
    pub checksums_bad: u64,
    /// Checksums that did.
    pub checksums_ok: u64,
}

impl Book {
    /// Empty.
    pub fn new(venue: Venue) -> Book {
        Book {
            venue,
            tree: Tree::default(),
            last_id: 0,
            is_loaded: false,
            pending: Vec::new(),
            top: None,
            flow: 0.0,
            checksums_bad: 0,
            checksums_ok: 0,
        }
    }

    /// Best bid and best ask of the trees.
    pub fn best(&self) -> super::Best {
        self.tree.best()
    }

    /// Takes an update and says what the market looks like; `None` while there is no book.
    pub fn on(&mut self, update: Update) -> Option<Quote> {
        let symbol = match update {
            Update::Depth { ref symbol, snapshot, .. } => {
                let symbol = symbol.clone();
                if snapshot || self.is_loaded {
                    self.apply(&update);
                } else {
                    self.pending.push(update);
                }
                symbol
            }
            Update::Top { symbol, update_id, bid, ask } => {
                self.top = Some((update_id, bid, ask));
                symbol
            }
            Update::Trade { symbol, qty, is_buy, .. } => {
                let qty = qty as f64 / self.venue.scales().1;
                self.flow += if is_buy { qty } else { -qty };
                symbol
            }
        };
        self.quote(symbol)
    }

    fn apply(&mut self, update: &Update) {
        let Update::Depth { bids, asks, last_id, snapshot, checksum, .. } = update else { return };
        if *snapshot {
            self.tree.clear();
            self.is_loaded = true;
        } else if *last_id != 0 && *last_id <= self.last_id {
            return;
        }
        self.last_id = *last_id;
        for (price, qty) in bids {
            self.tree.set(true, *price, *qty);
        }
        for (price, qty) in asks {
            self.tree.set(false, *price, *qty);
        }
        if let Some(theirs) = checksum {
            self.tree.cut(KRAKEN_DEPTH);
            if self.tree.checksum() == *theirs {
                self.checksums_ok += 1;
            } else {
                self.checksums_bad += 1;
            }
        }
        if *snapshot {
            for waiting in std::mem::take(&mut self.pending) {
                self.apply(&waiting);
            }
        }
    }

    fn quote(&self, symbol: String) -> Option<Quote> {
        let (bid, ask) = match self.top {
            Some((id, bid, ask)) if id > self.last_id && self.is_loaded => (bid, ask),
            _ => {
                let (bid, ask) = self.tree.best();
                (bid?, ask?)
            }
        };
        let (price, qty) = self.venue.scales();
        Some(Quote {
            symbol,
            bid: bid.0 as f64 / price,
            bid_qty: bid.1 as f64 / qty,
            ask: ask.0 as f64 / price,
            ask_qty: ask.1 as f64 / qty,
            flow: self.flow,
        })
    }
}
