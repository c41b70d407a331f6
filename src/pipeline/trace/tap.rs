//! The tap: everything that went out or came back, for the cold side; and its hash.
//!
//! In: what dispatch put out, in order. Out: the same, kept; one number that two runs share only
//! where they did the same.
//! Never: a measured time in the hash.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use sha2::{Digest, Sha256};

use super::super::flow::wait::Wait;
use crate::base::{AccountId, OrderId};
use crate::event::{Action, Report, Sent, Stamp};
use crate::limits;
use crate::ring::{Consumer, Producer};
use crate::tape::Logged;

/// One thing that dispatch put out.
#[derive(Clone, Copy, Debug)]
#[allow(clippy::large_enum_variant, reason = "a slot of a ring has room for the largest anyway")]
pub(in crate::pipeline) enum Tapped {
    /// An order's bytes, in the step of this number.
    Sent(u64, Letter),
    /// What became of an order, in the step of this number.
    Report(u64, Report),
}

/// An order's bytes, with what they belong to.
#[derive(Clone, Copy, Debug)]
pub(in crate::pipeline) struct Letter {
    stamp: Stamp,
    order: OrderId,
    account: AccountId,
    action: Action,
    len: u16,
    bytes: [u8; limits::ORDER_BYTES_MAX],
}

/// One thing that went out or came back.
#[derive(Clone, Debug)]
pub struct Output {
    /// Number of the frame in whose step it did.
    pub step: u64,
    /// What it was.
    pub put: Put,
}

/// What went out or came back.
#[derive(Clone, Debug)]
pub enum Put {
    /// An order's bytes, to its venue.
    Sent {
        /// The frame that caused it, and the logical time.
        stamp: Stamp,
        /// The order.
        order: OrderId,
        /// The account.
        account: AccountId,
        /// Place or cancel.
        action: Action,
        /// As they went out.
        bytes: Vec<u8>,
    },
    /// What became of an order.
    Report(Report),
}

/// The writing end, on dispatch's thread. In replay it waits for room.
#[derive(Debug)]
pub(in crate::pipeline) struct Tap(pub(in crate::pipeline) Producer<Tapped>);

impl Tap {
    #[inline]
    pub(in crate::pipeline) fn push(&mut self, tapped: &Tapped, wait: &Wait) {
        wait.until(|| self.0.push(*tapped).is_ok());
    }
}

impl Tapped {
    pub(in crate::pipeline) fn sent(step: u64, sent: &Sent<'_>) -> Tapped {
        let mut bytes = [0; limits::ORDER_BYTES_MAX];
        bytes[..sent.bytes.len()].copy_from_slice(sent.bytes);
        let child = sent.order.child();
        let letter = Letter {
            stamp: child.stamp,
            order: sent.order.id(),
            account: child.account,
            action: child.action,
            len: sent.bytes.len() as u16,
            bytes,
        };
        Tapped::Sent(step, letter)
    }
}

/// Takes everything that is there.
pub(in crate::pipeline) fn drain(tap: &mut Consumer<Tapped>, into: &mut Vec<Output>) -> bool {
    let before = into.len();
    while tap.pop_with(|tapped| into.push(Output::of(tapped))).is_some() {}
    into.len() > before
}

impl Output {
    fn of(tapped: &Tapped) -> Output {
        match tapped {
            Tapped::Report(step, report) => Output { step: *step, put: Put::Report(*report) },
            Tapped::Sent(step, sent) => {
                let Letter { stamp, order, account, action, .. } = *sent;
                let bytes = sent.bytes[..usize::from(sent.len)].to_vec();
                Output { step: *step, put: Put::Sent { stamp, order, account, action, bytes } }
            }
        }
    }

    /// As a journal keeps it.
    pub fn logged(&self) -> Logged {
        let (is_report, bytes) = match &self.put {
            Put::Sent { bytes, .. } => (false, bytes.clone()),
            Put::Report(_) => {
                let mut bytes = Vec::new();
                self.encode(&mut bytes);
                (true, bytes)
            }
        };
        let (frame, recv_ns, account) = (self.step, self.stamp().recv_ns, self.account().0);
        Logged { frame, recv_ns, account, is_report, bytes }
    }

    /// The account that it concerns.
    pub const fn account(&self) -> AccountId {
        match &self.put {
            Put::Sent { account, .. } => *account,
            Put::Report(report) => report.account,
        }
    }

    /// The order that it concerns.
    pub const fn order(&self) -> OrderId {
        match &self.put {
            Put::Sent { order, .. } => *order,
            Put::Report(report) => report.order,
        }
    }

    /// Its time, and the frame of what it answers.
    pub const fn stamp(&self) -> Stamp {
        match &self.put {
            Put::Sent { stamp, .. } => *stamp,
            Put::Report(report) => report.stamp,
        }
    }
}

/// One number for all outputs: each account's in their order, then the accounts in theirs. Which
/// account's output came first between two venues depends on the host in some layouts, and is no
/// difference.
#[derive(Clone, Debug, Default)]
pub struct OutputHash {
    accounts: BTreeMap<AccountId, Sha256>,
    encoded: Vec<u8>,
}

impl OutputHash {
    /// Takes the next output.
    pub fn add(&mut self, output: &Output) {
        self.encoded.clear();
        output.encode(&mut self.encoded);
        self.accounts.entry(output.account()).or_default().update(&self.encoded);
    }

    /// The number so far, as hexadecimal text.
    pub fn text(&self) -> String {
        let mut whole = Sha256::new();
        for (account, one) in &self.accounts {
            whole.update(account.0.to_le_bytes());
            whole.update(one.clone().finalize());
        }
        whole.finalize().iter().fold(String::new(), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        })
    }
}

/// The number of all these outputs.
pub fn hash(outputs: &[Output]) -> String {
    let mut hash = OutputHash::default();
    for output in outputs {
        hash.add(output);
    }
    hash.text()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(order: u64, account: u16, bytes: &[u8]) -> Output {
        let put = Put::Sent {
            stamp: Stamp::default(),
            order: OrderId(order),
            account: AccountId(account),
            action: Action::Place,
            bytes: bytes.to_vec(),
        };
        Output { step: 0, put }
    }

    #[test]
    fn the_hash_does_not_say_which_account_was_heard_first() {
        let (a, b, c) = (sent(1, 0, b"a"), sent(2, 1, b"b"), sent(3, 0, b"c"));
        let one = hash(&[a.clone(), b.clone(), c.clone()]);
        assert_eq!(one, hash(&[b.clone(), a.clone(), c.clone()]));
        assert_ne!(one, hash(&[c, b, a]), "within an account the order counts");
    }

    #[test]
    fn the_hash_is_that_of_each_accounts_number_and_hash() {
        let output = sent(1, 7, b"a");
        let mut bytes = Vec::new();
        output.encode(&mut bytes);
        let mut whole = Sha256::new();
        whole.update(7_u16.to_le_bytes());
        whole.update(Sha256::digest(&bytes));
        assert_eq!(hash(&[output]), format!("{:x}", whole.finalize()));
    }
}
