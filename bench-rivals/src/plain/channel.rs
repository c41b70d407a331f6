//! The stages with a standard channel between each two of them, polled in turn on one thread.

use std::sync::mpsc::{Receiver, Sender, channel};

use super::book::Book;
use super::encode::encode;
use super::message::{Intent, Order, Quote, Signals, Update, Venue};
use super::parse::{Kind, parse};
use super::risk::Risk;
use super::signal::Signal;
use super::strategy::decide;
use super::{Best, Plain};

type Link<T> = (Sender<T>, Receiver<T>);

/// `std::sync::mpsc` at each stage boundary, one thread.
#[derive(Debug)]
pub struct Std {
    venue: Venue,
    book: Book,
    signal: Signal,
    risk: Risk,
    updates: Link<Update>,
    quotes: Link<Quote>,
    signals: Link<Signals>,
    intents: Link<Intent>,
    orders: Link<Order>,
    texts: Link<String>,
}

impl Std {
    /// Nothing seen.
    pub fn new(venue: Venue) -> Std {
        Std {
            venue,
            book: Book::new(venue),
            signal: Signal::new(),
            risk: Risk::new(),
            updates: channel(),
            quotes: channel(),
            signals: channel(),
            intents: channel(),
            orders: channel(),
            texts: channel(),
        }
    }

    /// Lets every stage take what waits for it. `None` never: both ends of a channel are ours.
    fn turn(&mut self) -> Option<()> {
        while let Ok(update) = self.updates.1.try_recv() {
            if let Some(quote) = self.book.on(update) {
                self.quotes.0.send(quote).ok()?;
            }
        }
        while let Ok(quote) = self.quotes.1.try_recv() {
            self.signals.0.send(self.signal.on(quote)).ok()?;
        }
        while let Ok(signals) = self.signals.1.try_recv() {
            self.intents.0.send(decide(signals)).ok()?;
        }
        while let Ok(intent) = self.intents.1.try_recv() {
            self.orders.0.send(self.risk.check(intent)).ok()?;
        }
        while let Ok(order) = self.orders.1.try_recv() {
            self.texts.0.send(encode(self.venue, &order)).ok()?;
        }
        Some(())
    }
}

impl Plain for Std {
    fn frame(&mut self, kind: Kind, frame: &[u8]) -> Option<String> {
        let update = parse(self.venue, kind, frame).expect("a rival reads every frame");
        self.updates.0.send(update).ok()?;
        self.turn()?;
        self.texts.1.try_recv().ok()
    }

    fn best(&self) -> Best {
        self.book.best()
    }
}
