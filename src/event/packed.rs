//! Replies as bytes: how a live session's journal keeps what venues answered, so that a replay
//! hears the same.
//!
//! A reply is [`Reply::BYTES`] bytes, all numbers little-endian: arrival 8, venue's time 8, account
//! 2, what happened 1, liquidity 1, number 4 (a cause, or the asset of a fee), price 8, quantity 8,
//! amount 8, fee 8, venue's number 8, our name 18.
//! Never: trust. Bytes that are no reply give `None`.

use super::report::{ClientId, Fill, Happened, Liquidity, Reply};
use crate::base::{AccountId, AssetId, Nanos, Price, Qty};
use crate::limits;

impl Reply {
    /// Bytes of a reply.
    pub const BYTES: usize = 64 + limits::CLIENT_ID_BYTES;

    /// As bytes.
    pub fn pack(&self) -> [u8; Reply::BYTES] {
        let none = Fill { liquidity: Liquidity::Maker, ..Fill::default() };
        let (tag, number, fill) = match self.happened {
            Happened::Accepted => (0, 0, none),
            Happened::Filled(fill) => (1, u32::from(fill.fee_asset.0), fill),
            Happened::Cancelled => (2, 0, none),
            Happened::Expired => (3, 0, none),
            Happened::Rejected(number) => (4, number, none),
            Happened::CancelRejected(number) => (5, number, none),
            Happened::Unknown => (6, 0, none),
            Happened::Amended { price, qty } => (7, 0, Fill { price, qty, ..none }),
            Happened::AmendRejected(number) => (8, number, none),
        };
        let mut bytes = [0; Reply::BYTES];
        let mut at = 0;
        let mut put = |part: &[u8]| {
            bytes[at..at + part.len()].copy_from_slice(part);
            at += part.len();
        };
        put(&self.recv_ns.0.to_le_bytes());
        put(&self.venue_ns.0.to_le_bytes());
        put(&self.account.0.to_le_bytes());
        put(&[tag, fill.liquidity as u8]);
        put(&number.to_le_bytes());
        for value in [fill.price.0, fill.qty.0, fill.amount, fill.fee] {
            put(&value.to_le_bytes());
        }
        put(&self.venue_order.to_le_bytes());
        put(&self.client.0);
        bytes
    }

    /// From bytes; `None` where they are no reply.
    pub fn unpack(bytes: &[u8]) -> Option<Reply> {
        let bytes: &[u8; Reply::BYTES] = bytes.try_into().ok()?;
        let whole = |at: usize| -> Option<i64> {
            Some(i64::from_le_bytes(bytes.get(at..at + 8)?.try_into().ok()?))
        };
        let number = u32::from_le_bytes(bytes[20..24].try_into().ok()?);
        let (price, qty) = (Price(whole(24)?), Qty(whole(32)?));
        let happened = match bytes[18] {
            0 => Happened::Accepted,
            1 => Happened::Filled(Fill {
                price,
                qty,
                amount: whole(40)?,
                fee: whole(48)?,
                fee_asset: AssetId(u16::try_from(number).ok()?),
                liquidity: match bytes[19] {
                    0 => Liquidity::Maker,
                    1 => Liquidity::Taker,
                    _ => return None,
                },
            }),
            2 => Happened::Cancelled,
            3 => Happened::Expired,
            4 => Happened::Rejected(number),
            5 => Happened::CancelRejected(number),
            6 => Happened::Unknown,
            7 => Happened::Amended { price, qty },
            8 => Happened::AmendRejected(number),
            _ => return None,
        };
        let reply = Reply {
            recv_ns: Nanos(whole(0)?),
            venue_ns: Nanos(whole(8)?),
            account: AccountId(u16::from_le_bytes([bytes[16], bytes[17]])),
            client: ClientId(bytes[64..].try_into().ok()?),
            venue_order: u64::from_le_bytes(bytes[56..64].try_into().ok()?),
            happened,
        };
        // One reply has one form: what a journal says is what was written.
        (reply.pack() == *bytes).then_some(reply)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn happened() -> impl Strategy<Value = Happened> {
        let fill =
            (any::<[i64; 4]>(), any::<u16>(), any::<bool>()).prop_map(|(n, asset, maker)| {
                Happened::Filled(Fill {
                    price: Price(n[0]),
                    qty: Qty(n[1]),
                    amount: n[2],
                    fee: n[3],
                    fee_asset: AssetId(asset),
                    liquidity: if maker { Liquidity::Maker } else { Liquidity::Taker },
                })
            });
        prop_oneof![
            Just(Happened::Accepted),
            fill,
            Just(Happened::Cancelled),
            Just(Happened::Expired),
            any::<u32>().prop_map(Happened::Rejected),
            any::<u32>().prop_map(Happened::CancelRejected),
            Just(Happened::Unknown),
            any::<(i64, i64)>()
                .prop_map(|(p, q)| Happened::Amended { price: Price(p), qty: Qty(q) }),
            any::<u32>().prop_map(Happened::AmendRejected),
        ]
    }

    proptest! {
        #[test]
        fn a_reply_reads_back_as_written(
            (recv, venue, order) in any::<(i64, i64, u64)>(),
            account in any::<u16>(),
            client in any::<[u8; limits::CLIENT_ID_BYTES]>(),
            happened in happened(),
        ) {
            let reply = Reply {
                recv_ns: Nanos(recv),
                venue_ns: Nanos(venue),
                account: AccountId(account),
                client: ClientId(client),
                venue_order: order,
                happened,
            };
            let read = Reply::unpack(&reply.pack()).unwrap();
            prop_assert_eq!(read.happened, happened);
            prop_assert_eq!(read.pack(), reply.pack());
        }

        #[test]
        fn bytes_that_are_no_reply_are_refused_or_are_one(
            bytes in prop::collection::vec(any::<u8>(), 0..2 * Reply::BYTES),
        ) {
            if let Some(reply) = Reply::unpack(&bytes) {
                prop_assert_eq!(&reply.pack()[..], &bytes[..]);
            }
        }
    }
}
