//! Outputs as bytes: what is hashed, what a journal keeps of a report, and back.
//!
//! All numbers are little-endian. Never: a measured time.

use super::tap::{Output, Put};
use crate::base::{AccountId, AssetId, InstrumentId, Nanos, OrderId, Price, Qty, Side, StrategyId};
use crate::event::{Action, Fill, Liquidity, OrderState, Reasons, Report, Stamp, Style, Terms};

/// Marks of the two kinds.
const SENT: u8 = 0;
const REPORT: u8 = 1;

impl Output {
    /// All of it that does not depend on how fast the host is, as bytes.
    pub fn encode(&self, into: &mut Vec<u8>) {
        let stamp = self.stamp();
        into.extend_from_slice(&self.step.to_le_bytes());
        into.extend_from_slice(&stamp.frame.to_le_bytes());
        into.extend_from_slice(&stamp.recv_ns.0.to_le_bytes());
        into.extend_from_slice(&self.order().0.to_le_bytes());
        into.extend_from_slice(&self.account().0.to_le_bytes());
        match &self.put {
            Put::Sent { action, bytes, .. } => {
                into.extend_from_slice(&[SENT, *action as u8]);
                into.extend_from_slice(bytes);
            }
            Put::Report(report) => {
                into.extend_from_slice(&[REPORT, report.state as u8]);
                for number in numbers(report) {
                    into.extend_from_slice(&number.to_le_bytes());
                }
            }
        }
    }

    /// From such bytes; `None` where they are none.
    pub fn decode(bytes: &[u8]) -> Option<Output> {
        let mut rest = bytes;
        let step = u64::from_le_bytes(take(&mut rest)?);
        let frame = u64::from_le_bytes(take(&mut rest)?);
        let recv_ns = Nanos(i64::from_le_bytes(take(&mut rest)?));
        let order = OrderId(u64::from_le_bytes(take(&mut rest)?));
        let account = AccountId(u16::from_le_bytes(take(&mut rest)?));
        let stamp = Stamp { frame, recv_ns, ..Stamp::default() };
        match take(&mut rest)? {
            [SENT, action] => {
                let action = match action {
                    0 => Action::Place,
                    1 => Action::Cancel,
                    _ => return None,
                };
                let bytes = rest.to_vec();
                Some(Output { step, put: Put::Sent { stamp, order, account, action, bytes } })
            }
            [REPORT, state] => {
                let state = *OrderState::ALL.get(usize::from(state))?;
                let report = report(&mut rest, stamp, order, account, state)?;
                rest.is_empty().then_some(Output { step, put: Put::Report(report) })
            }
            _ => None,
        }
    }
}

/// All of a report but its head, as numbers.
fn numbers(report: &Report) -> [i64; 17] {
    let Report { terms, fill, .. } = report;
    [
        report.intent as i64,
        terms.price.0,
        terms.qty.0,
        terms.side as i64,
        terms.style as i64,
        fill.price.0,
        fill.qty.0,
        fill.amount,
        fill.fee,
        i64::from(fill.fee_asset.0),
        fill.liquidity as i64,
        report.filled.0,
        i64::from(report.instrument.0),
        i64::from(report.strategy.0),
        i64::from(report.reasons.0),
        i64::from(report.rejection),
        i64::from(report.is_cancel_refusal),
    ]
}

/// The other way round.
fn report(
    rest: &mut &[u8],
    stamp: Stamp,
    order: OrderId,
    account: AccountId,
    state: OrderState,
) -> Option<Report> {
    let mut next = || take(rest).map(i64::from_le_bytes);
    let intent = next()? as u64;
    let terms = Terms {
        price: Price(next()?),
        qty: Qty(next()?),
        side: match next()? {
            0 => Side::Buy,
            1 => Side::Sell,
            _ => return None,
        },
        style: *Style::ALL.get(usize::try_from(next()?).ok()?)?,
    };
    let fill = Fill {
        price: Price(next()?),
        qty: Qty(next()?),
        amount: next()?,
        fee: next()?,
        fee_asset: AssetId(u16::try_from(next()?).ok()?),
        liquidity: match next()? {
            0 => Liquidity::Maker,
            1 => Liquidity::Taker,
            _ => return None,
        },
    };
    Some(Report {
        stamp,
        order,
        intent,
        terms,
        fill,
        filled: Qty(next()?),
        instrument: InstrumentId(u32::try_from(next()?).ok()?),
        strategy: StrategyId(u16::try_from(next()?).ok()?),
        reasons: Reasons(u32::try_from(next()?).ok()?),
        rejection: u32::try_from(next()?).ok()?,
        is_cancel_refusal: match next()? {
            0 => false,
            1 => true,
            _ => return None,
        },
        account,
        state,
    })
}

fn take<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    let (head, tail) = rest.split_first_chunk::<N>()?;
    *rest = tail;
    Some(*head)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled() -> Report {
        Report {
            stamp: Stamp { frame: 7, recv_ns: Nanos(8), ..Stamp::default() },
            order: OrderId(9),
            intent: 10,
            terms: Terms {
                price: Price(11),
                qty: Qty(12),
                side: Side::Sell,
                style: Style::PostOnly,
            },
            fill: Fill {
                price: Price(13),
                qty: Qty(14),
                amount: 15,
                fee: -16,
                fee_asset: AssetId(17),
                liquidity: Liquidity::Maker,
            },
            filled: Qty(18),
            instrument: InstrumentId(19),
            reasons: Reasons(20),
            rejection: 21,
            strategy: StrategyId(22),
            account: AccountId(23),
            state: OrderState::PartlyFilled,
            is_cancel_refusal: true,
        }
    }

    #[test]
    fn outputs_read_back_as_written() {
        let sent = Put::Sent {
            stamp: Stamp { frame: 1, recv_ns: Nanos(2), ..Stamp::default() },
            order: OrderId(3),
            account: AccountId(4),
            action: Action::Cancel,
            bytes: b"{}".to_vec(),
        };
        for put in [sent, Put::Report(filled())] {
            let output = Output { step: 5, put };
            let (mut once, mut again) = (Vec::new(), Vec::new());
            output.encode(&mut once);
            Output::decode(&once).unwrap().encode(&mut again);
            assert_eq!(once, again);
        }
    }

    #[test]
    fn every_field_of_a_report_is_written_in_its_own_place() {
        let mut bytes = Vec::new();
        Output { step: 5, put: Put::Report(filled()) }.encode(&mut bytes);
        let read = Output::decode(&bytes).unwrap();
        let Put::Report(read) = read.put else { panic!("it is a report") };
        assert_eq!(format!("{read:?}"), format!("{:?}", filled()));
    }

    #[test]
    fn bytes_that_are_no_output_are_refused() {
        let mut bytes = Vec::new();
        Output { step: 5, put: Put::Report(filled()) }.encode(&mut bytes);
        assert!(Output::decode(&bytes[..bytes.len() - 1]).is_none(), "cut");
        let mut long = bytes.clone();
        long.push(0);
        assert!(Output::decode(&long).is_none(), "too long");
        bytes[34] = 9;
        assert!(Output::decode(&bytes).is_none(), "of a later kind");
    }
}
