//! Our own names of orders: 18 characters that all venues take and that are never used twice.
//!
//! `n`, six digits of the session's epoch, eleven of the order's number, both to the base of 62:
//! letters and digits only (Kraken: free text up to 18, Binance: `[a-zA-Z0-9-_]{1,36}`, Coinbase:
//! free). Digits go in the order of ASCII, so names sort as orders were decided. Coinbase gives
//! back the old order where a name is used again, so an epoch must never be: each session takes a
//! higher one.

use crate::base::OrderId;
use crate::event::ClientId;
use crate::limits::CLIENT_ID_BYTES;

/// What all our names begin with.
const MARK: u8 = b'n';

/// Digits in the order of ASCII.
const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

const BASE: u64 = DIGITS.len() as u64;

const EPOCH_DIGITS: usize = 6;

const ORDER_DIGITS: usize = 11;

const ORDER_AT: usize = 1 + EPOCH_DIGITS;

/// What two digits can say.
const PAIR: u64 = BASE * BASE;

/// Two digits at a time.
static PAIRS: [[u8; 2]; PAIR as usize] = {
    let mut pairs = [[0; 2]; PAIR as usize];
    let mut n = 0;
    while n < pairs.len() {
        pairs[n] = [DIGITS[n / DIGITS.len()], DIGITS[n % DIGITS.len()]];
        n += 1;
    }
    pairs
};

/// What a character stands for; `NONE` where it is no digit.
static VALUES: [u8; 256] = {
    let mut values = [NONE; 256];
    let mut n = 0;
    while n < DIGITS.len() {
        values[DIGITS[n] as usize] = n as u8;
        n += 1;
    }
    values
};

const NONE: u8 = u8::MAX;

/// The names of one session.
#[derive(Clone, Copy, Debug)]
pub(super) struct Names {
    epoch: u32,
    /// A name with all but the order's digits.
    blank: [u8; CLIENT_ID_BYTES],
}

/// The name of an order of a session.
pub fn client_id(epoch: u32, order: OrderId) -> ClientId {
    Names::new(epoch).of(order)
}

/// The session and the order of a name; `None` where it is none of ours.
pub fn order_of(client: &ClientId) -> Option<(u32, OrderId)> {
    let (mark, digits) = client.0.split_first()?;
    if *mark != MARK {
        return None;
    }
    let (epoch, order) = digits.split_at(EPOCH_DIGITS);
    let epoch = u32::try_from(number(epoch)?).ok()?;
    Some((epoch, OrderId(number(order)?)))
}

impl Names {
    pub(super) fn new(epoch: u32) -> Names {
        let mut blank = [DIGITS[0]; CLIENT_ID_BYTES];
        blank[0] = MARK;
        let mut left = u64::from(epoch);
        for place in blank[1..ORDER_AT].iter_mut().rev() {
            *place = DIGITS[(left % BASE) as usize];
            left /= BASE;
        }
        Names { epoch, blank }
    }

    /// The name of an order.
    #[inline]
    pub(super) fn of(&self, order: OrderId) -> ClientId {
        let mut name = self.blank;
        let mut left = order.0;
        let mut at = CLIENT_ID_BYTES;
        // The digits before are zeros already. A session's first 10^7 orders need two turns.
        while left != 0 && at > ORDER_AT + 1 {
            at -= 2;
            name[at..at + 2].copy_from_slice(&PAIRS[(left % PAIR) as usize]);
            left /= PAIR;
        }
        if left != 0 {
            name[ORDER_AT] = DIGITS[left as usize % DIGITS.len()];
        }
        ClientId(name)
    }

    /// The order of a name; `None` where it is not one of this session's.
    #[inline]
    pub(super) fn order(&self, client: &ClientId) -> Option<OrderId> {
        order_of(client).filter(|(epoch, _)| *epoch == self.epoch).map(|(_, order)| order)
    }
}

fn number(digits: &[u8]) -> Option<u64> {
    digits.iter().try_fold(0_u64, |number, digit| {
        let value = VALUES[usize::from(*digit)];
        let number = number.checked_mul(BASE)?.checked_add(u64::from(value))?;
        (value != NONE).then_some(number)
    })
}

// Every epoch and every order has a name of its own.
const _: () = assert!((BASE as u128).pow(EPOCH_DIGITS as u32) > u32::MAX as u128);
const _: () = assert!((BASE as u128).pow(ORDER_DIGITS as u32) > u64::MAX as u128);
const _: () = assert!(ORDER_AT + ORDER_DIGITS == CLIENT_ID_BYTES);

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_first_name_of_the_first_session() {
        assert_eq!(client_id(1, OrderId(1)).text(), "n00000100000000001");
        assert_eq!(client_id(u32::MAX, OrderId(u64::MAX)).text(), "n4gfFC3LygHa16AHYF");
    }

    #[test]
    fn what_we_did_not_write_is_none_of_ours() {
        let texts = [
            b"m00000100000000001",
            b"n0000-100000000001",
            b"nzzzzzz00000000001",
            b"n000001zzzzzzzzzzz",
            b"n0000010000000001\0",
        ];
        for text in texts {
            assert_eq!(order_of(&ClientId(*text)), None, "{:?}", ClientId(*text));
        }
        assert_eq!(Names::new(2).order(&client_id(1, OrderId(1))), None);
    }

    proptest! {
        #[test]
        fn a_name_leads_back_to_its_order(epoch: u32, order: u64, shift in 0_u32..64) {
            let order = OrderId(order >> shift);
            let name = client_id(epoch, order);
            prop_assert_eq!(order_of(&name), Some((epoch, order)));
            prop_assert!(name.0.iter().all(u8::is_ascii_alphanumeric));
        }

        #[test]
        fn names_sort_as_their_orders(a: (u32, u64), b: (u32, u64), shift in 0_u32..64) {
            let number = |(epoch, order): (u32, u64)| (epoch >> (shift / 2), order >> shift);
            let name = |(epoch, order): (u32, u64)| client_id(epoch, OrderId(order)).0;
            let (a, b) = (number(a), number(b));
            prop_assert_eq!(name(a).cmp(&name(b)), a.cmp(&b));
        }
    }
}
