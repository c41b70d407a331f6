//! Binance's errors: codes, some of which mean several things by their text.

use crate::venue::trade::{Cause, Trouble};

const fn cause(
    number: u32,
    code: i32,
    text: &'static str,
    trouble: Trouble,
    fix: &'static str,
) -> Cause {
    Cause { number, code, text, trouble, fix }
}

/// In the order in which they are looked for; the last one fits all.
#[rustfmt::skip]
pub(in crate::venue) static CAUSES: &[Cause] = &[
    cause(2_001, -1000, "", Trouble::Outcome, "it is asked for; write to the venue if it stays"),
    cause(2_002, -1001, "", Trouble::Outcome, "it is asked for: the venue lost it within"),
    cause(2_003, -1006, "", Trouble::Outcome, "it is asked for"),
    cause(2_004, -1007, "", Trouble::Outcome, "it is asked for: the venue itself timed out"),
    cause(2_005, -1003, "banned", Trouble::Banned, "stop other clients on this address and wait"),
    cause(2_006, -1003, "", Trouble::Rate, "stop other clients on this address, or ask less"),
    cause(2_007, -1008, "", Trouble::Rate, "the venue is overloaded: later"),
    cause(2_008, -1015, "", Trouble::Rate, "quote less often: orders that never fill use the count up"),
    cause(2_009, -1016, "", Trouble::Maintenance, "wait until the venue trades again"),
    cause(2_010, -1021, "", Trouble::Clock, "set the host's clock by NTP or PTP; the session measures the offset meanwhile"),
    cause(2_011, -1022, "", Trouble::Permission, "check the key's secret, and that both are of one key"),
    cause(2_012, -2014, "", Trouble::Permission, "the key's name is none: copy it again"),
    cause(2_013, -2015, "", Trouble::Permission, "allow the key to trade, from this host's address; it may have been deleted"),
    cause(2_014, -1013, "PRICE_FILTER", Trouble::Refused, "the price is no multiple of the tick or out of bounds: check the instrument"),
    cause(2_015, -1013, "LOT_SIZE", Trouble::Refused, "the quantity is no multiple of the lot or out of bounds: check the instrument"),
    cause(2_016, -1013, "NOTIONAL", Trouble::Refused, "order more: price times quantity is below the minimum"),
    cause(2_017, -1013, "PERCENT_PRICE", Trouble::Refused, "the price is too far from the market"),
    cause(2_018, -1013, "MAX_NUM_ORDERS", Trouble::Refused, "cancel some: as many orders are open as there may be"),
    cause(2_019, -1013, "", Trouble::Refused, "a filter of the instrument was not met: see the text in the log"),
    cause(2_020, -1111, "", Trouble::Refused, "too many decimals: check the instrument"),
    cause(2_021, -1121, "", Trouble::Refused, "the venue does not list the symbol: check its spelling"),
    cause(2_022, -2010, "insufficient balance", Trouble::Refused, "the account does not have what it would cost"),
    cause(2_023, -2010, "immediately match", Trouble::Refused, "nothing: it would have traded at once"),
    cause(2_024, -2010, "Duplicate order", Trouble::Refused, "an open order has the same name: two processes with one epoch?"),
    cause(2_025, -2010, "Market is closed", Trouble::Maintenance, "wait until the symbol is traded again"),
    cause(2_026, -2010, "", Trouble::Refused, "see the text in the log"),
    cause(2_027, -2011, "", Trouble::NotOpen, "nothing: it is asked for"),
    cause(2_028, -2013, "", Trouble::NotOpen, "nothing: the venue does not know it"),
    cause(2_029, -2021, "", Trouble::Outcome, "one half was done: it is asked for"),
    cause(2_030, -2022, "", Trouble::NotOpen, "neither half was done: it is asked for"),
    cause(2_031, -2038, "", Trouble::Refused, "an amendment lowers the quantity, above what is filled, and nothing else"),
    cause(2_032, -2039, "", Trouble::NotOpen, "name and number are of two orders"),
    cause(2_033, -2035, "", Trouble::Refused, "nothing: own events are subscribed already"),
    cause(2_034, -2036, "", Trouble::Session, "own events are subscribed anew"),
    cause(2_000, 0, "", Trouble::Refused, "see the text in the log"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_told_apart_by_their_texts_where_they_must() {
        let of = |code, text: &str| Cause::of(CAUSES, code, text).number;
        let funds = "Account has insufficient balance for requested action.";
        assert_eq!((of(-2010, funds), of(-2010, "Duplicate order sent.")), (2_022, 2_024));
        assert_eq!((of(-2010, "new"), of(-1013, "Filter failure: LOT_SIZE")), (2_026, 2_015));
        assert_eq!((of(-9999, ""), of(0, "")), (2_000, 2_000));
        assert_eq!(Cause::of(CAUSES, -1007, "Timeout").trouble, Trouble::Outcome);
        assert_eq!(Cause::of(CAUSES, -1021, "").trouble, Trouble::Clock);
    }
}
