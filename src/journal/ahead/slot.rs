//! One order as it lies in the ring: eleven words, the last a checksum over the others.

use crate::base::{AccountId, InstrumentId, Nanos, OrderId, Price, Qty, Side, StrategyId};
use crate::event::{Action, ClientId, Sent, Style, Terms};
use crate::limits::CLIENT_ID_BYTES;

/// What is about to be done. Numbers are the file's and are never used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Deed {
    /// An order is placed.
    Place = 1,
    /// It is cancelled.
    Cancel = 2,
    /// Its terms are changed to those of the record.
    Amend = 3,
}

/// An order that is about to be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Record {
    /// What is about to be done.
    pub deed: Deed,
    /// The order that it is about, by our own name.
    pub client: ClientId,
    /// The decision's number.
    pub order: OrderId,
    /// The intent that it serves, by its strategy's own number.
    pub intent: u64,
    /// The account.
    pub account: AccountId,
    /// Who wants it.
    pub strategy: StrategyId,
    /// The instrument.
    pub instrument: InstrumentId,
    /// What is to be placed, or what it is to become; of a cancel, those of the decision.
    pub terms: Terms,
    /// Logical time of the frame that caused it.
    pub recv_ns: Nanos,
}

/// Words of a record.
pub(super) const WORDS: usize = 10;

/// The words of a record, the first its sequence.
pub(super) type Words = [u64; WORDS];

impl Deed {
    const ALL: [Deed; 3] = [Deed::Place, Deed::Cancel, Deed::Amend];

    /// As in files and output.
    pub const fn name(self) -> &'static str {
        match self {
            Deed::Place => "place",
            Deed::Cancel => "cancel",
            Deed::Amend => "amend",
        }
    }

    /// By its name.
    pub fn named(name: &str) -> Option<Deed> {
        Deed::ALL.into_iter().find(|deed| deed.name() == name)
    }
}

impl Record {
    /// Of what dispatch wrote.
    #[inline]
    pub const fn of(sent: &Sent<'_>) -> Record {
        let child = sent.order.child();
        let deed = match child.action {
            Action::Place => Deed::Place,
            Action::Cancel => Deed::Cancel,
        };
        Record {
            deed,
            client: sent.client,
            order: sent.order.id(),
            intent: child.intent,
            account: child.account,
            strategy: child.strategy,
            instrument: child.instrument,
            terms: child.terms,
            recv_ns: child.stamp.recv_ns,
        }
    }

    #[inline(always)]
    pub(super) fn words(&self, sequence: u64) -> Words {
        let mut name = [0; 24];
        name[..CLIENT_ID_BYTES].copy_from_slice(&self.client.0);
        let [a, b, c] = [0, 8, 16].map(|at| {
            let bytes: [u8; 8] = [0, 1, 2, 3, 4, 5, 6, 7].map(|n| name[at + n]);
            u64::from_le_bytes(bytes)
        });
        let terms = &self.terms;
        let kinds = u64::from(self.deed as u8)
            | u64::from(terms.side as u8) << 8
            | u64::from(terms.style as u8) << 16;
        let ids = u64::from(self.account.0) << 16 | u64::from(self.strategy.0) << 32;
        [
            sequence,
            self.recv_ns.0 as u64,
            self.order.0,
            self.intent,
            terms.price.0 as u64,
            terms.qty.0 as u64,
            a,
            b,
            c | ids,
            u64::from(self.instrument.0) | kinds << 32,
        ]
    }

    /// The record of words; `None` where a number in them stands for nothing.
    pub(super) fn read(words: &Words) -> Option<Record> {
        let mut name = [0; 24];
        for (bytes, word) in name.chunks_exact_mut(8).zip(&words[6..9]) {
            bytes.copy_from_slice(&word.to_le_bytes());
        }
        let mut client = [0; CLIENT_ID_BYTES];
        client.copy_from_slice(&name[..CLIENT_ID_BYTES]);
        let (ids, kinds) = (words[8], words[9] >> 32);
        let deed = Deed::ALL.into_iter().find(|deed| *deed as u64 == kinds & 0xff)?;
        let side = *[Side::Buy, Side::Sell].get((kinds >> 8 & 0xff) as usize)?;
        let style = *Style::ALL.get((kinds >> 16) as usize)?;
        Some(Record {
            deed,
            client: ClientId(client),
            order: OrderId(words[2]),
            intent: words[3],
            account: AccountId((ids >> 16) as u16),
            strategy: StrategyId((ids >> 32) as u16),
            instrument: InstrumentId(words[9] as u32),
            terms: Terms { price: Price(words[4] as i64), qty: Qty(words[5] as i64), side, style },
            recv_ns: Nanos(words[1] as i64),
        })
    }
}

/// A checksum of words, never 0. Each step can be undone, so that a change of a single word always
/// shows, but for the two sums that are both 1; of other changes one in 2^64 does not.
#[inline(always)]
pub(super) fn checksum(seed: u64, words: &[u64]) -> u64 {
    let fold =
        |sum: u64, word: &u64| (sum ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29);
    let sum = words.iter().fold(seed ^ 0x5851_f42d_4c95_7f2d, fold);
    (sum ^ sum >> 32).max(1)
}

// The name fills two words and two bytes; account and strategy lie behind them.
const _: () = assert!(CLIENT_ID_BYTES == 18);
