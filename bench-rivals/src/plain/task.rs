//! The stages as tasks of tokio, a channel between each two of them, on a runtime of one thread.

use tokio::runtime::{Builder, Runtime};
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::sync::oneshot;

use super::book::Book;
use super::encode::encode;
use super::message::{Update, Venue};
use super::parse::{Kind, parse};
use super::risk::Risk;
use super::signal::Signal;
use super::strategy::decide;
use super::{Best, Plain};

/// Room in each channel.
const SLOTS: usize = 1_024;

/// To the book's task: an update, or the question what its best prices are.
#[derive(Debug)]
enum ToBook {
    Update(Update),
    Best(oneshot::Sender<Best>),
}

/// `tokio::sync::mpsc` at each stage boundary, a task for each stage, one thread.
#[derive(Debug)]
pub struct Tokio {
    venue: Venue,
    runtime: Runtime,
    updates: Sender<ToBook>,
    texts: Receiver<Option<String>>,
}

impl Tokio {
    /// Nothing seen.
    ///
    /// # Panics
    /// Where the system gives no runtime.
    pub fn new(venue: Venue) -> Tokio {
        let runtime = Builder::new_current_thread().build().expect("a runtime");
        let (updates, mut at_book) = channel(SLOTS);
        let (quotes, mut at_signal) = channel(SLOTS);
        let (signals, mut at_strategy) = channel(SLOTS);
        let (intents, mut at_risk) = channel(SLOTS);
        let (orders, mut at_encode) = channel(SLOTS);
        let (to_out, texts) = channel(SLOTS);
        // A frame without an order is answered too: the caller waits for it.
        let unanswered = to_out.clone();
        runtime.spawn(async move {
            let mut book = Book::new(venue);
            while let Some(message) = at_book.recv().await {
                match message {
                    ToBook::Update(update) => {
                        if let Some(quote) = book.on(update) {
                            let _ = quotes.send(quote).await;
                        } else {
                            let _ = unanswered.send(None).await;
                        }
                    }
                    ToBook::Best(reply) => {
                        let _ = reply.send(book.best());
                    }
                }
            }
        });
        runtime.spawn(async move {
            let mut signal = Signal::new();
            while let Some(quote) = at_signal.recv().await {
                let _ = signals.send(signal.on(quote)).await;
            }
        });
        runtime.spawn(async move {
            while let Some(signals) = at_strategy.recv().await {
                let _ = intents.send(decide(signals)).await;
            }
        });
        runtime.spawn(async move {
            let mut risk = Risk::new();
            while let Some(intent) = at_risk.recv().await {
                let _ = orders.send(risk.check(intent)).await;
            }
        });
        runtime.spawn(async move {
            while let Some(order) = at_encode.recv().await {
                let _ = to_out.send(Some(encode(venue, &order))).await;
            }
        });
        Tokio { venue, runtime, updates, texts }
    }
}

impl Plain for Tokio {
    fn frame(&mut self, kind: Kind, frame: &[u8]) -> Option<String> {
        let Tokio { venue, runtime, updates, texts } = self;
        runtime.block_on(async {
            let update = parse(*venue, kind, frame).expect("a rival reads every frame");
            updates.send(ToBook::Update(update)).await.ok()?;
            texts.recv().await.flatten()
        })
    }

    fn best(&self) -> Best {
        self.runtime.block_on(async {
            let (reply, best) = oneshot::channel();
            let _ = self.updates.send(ToBook::Best(reply)).await;
            best.await.unwrap_or_default()
        })
    }
}
