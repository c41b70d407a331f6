//! Coinbase's errors: reasons as words, over HTTP 200 where an order is turned down, and HTTP
//! statuses. A reason may stand with `PREVIEW_` before it: parts of words are looked for.

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

/// In the order in which they are looked for; the last one fits all. Codes are HTTP statuses.
#[rustfmt::skip]
pub(in crate::venue) static CAUSES: &[Cause] = &[
    cause(3_001, 0, "INSUFFICIENT_FUND", Trouble::Refused, "the account does not have what it would cost"),
    cause(3_002, 0, "INVALID_LIMIT_PRICE_POST_ONLY", Trouble::Refused, "nothing: it would have traded at once"),
    cause(3_003, 0, "UNSUPPORTED_ORDER_CONFIGURATION", Trouble::Refused, "the product does not take such an order"),
    cause(3_004, 0, "INVALID_PRODUCT_ID", Trouble::Refused, "the venue does not list the product: check its spelling"),
    cause(3_005, 0, "INVALID_SIZE_PRECISION", Trouble::Refused, "the quantity is no multiple of the lot: check the instrument"),
    cause(3_006, 0, "INVALID_PRICE_PRECISION", Trouble::Refused, "the price is no multiple of the tick: check the instrument"),
    cause(3_007, 0, "INVALID_LIMIT_PRICE", Trouble::Refused, "the price is out of bounds: check the instrument"),
    cause(3_008, 0, "NO_LIQUIDITY", Trouble::Refused, "nothing: there was nobody to trade with"),
    cause(3_009, 0, "ORDER_ENTRY_DISABLED", Trouble::Maintenance, "wait until the product is traded again"),
    cause(3_010, 0, "UNTRADABLE_PRODUCT", Trouble::Maintenance, "wait until the product is traded again"),
    cause(3_011, 0, "GEOFENCING_RESTRICTION", Trouble::Permission, "the venue does not serve this address or account"),
    cause(3_012, 0, "DUPLICATE_CLIENT_ORDER_ID", Trouble::Outcome, "it is asked for: an order with this name is there"),
    cause(3_013, 0, "ORDER_IS_FULLY_FILLED", Trouble::NotOpen, "nothing: it is asked for"),
    cause(3_014, 0, "UNKNOWN_CANCEL_ORDER", Trouble::NotOpen, "nothing: it is asked for"),
    cause(3_015, 0, "DUPLICATE_CANCEL_REQUEST", Trouble::NotOpen, "nothing: a cancel is on its way"),
    cause(3_016, 0, "ORDER_NOT_FOUND", Trouble::NotOpen, "nothing: it is asked for"),
    cause(3_017, 0, "CANNOT_EDIT_TO_BELOW_FILLED_SIZE", Trouble::Refused, "cancel it instead"),
    cause(3_018, 0, "INVALID_EDITED_SIZE", Trouble::Refused, "the quantity is no multiple of the lot, or too small"),
    cause(3_019, 401, "", Trouble::Permission, "check the key's name and secret, and the host's clock: a JWT is good for two minutes"),
    cause(3_020, 403, "", Trouble::Permission, "allow the key to view and to trade, from this host's address"),
    cause(3_021, 404, "", Trouble::NotOpen, "nothing: the venue does not know it"),
    cause(3_022, 429, "", Trouble::Rate, "order less often, or stop other clients with this key"),
    cause(3_023, 400, "", Trouble::Refused, "this is a defect here: report it with the journal"),
    cause(3_024, 408, "", Trouble::Outcome, "it is asked for"),
    cause(3_000, 0, "", Trouble::Refused, "see the text in the log"),
];

/// What an HTTP status says; `None` where it is 200. Statuses that are not the client's fault, and
/// no answer at all, leave the outcome open.
pub(super) fn of_status(status: u16) -> Option<&'static Cause> {
    match status {
        200 => None,
        400..=499 => Some(Cause::of(CAUSES, i32::from(status), "")),
        _ => Some(Cause::of(CAUSES, 408, "")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_told_apart_with_and_without_preview() {
        let of = |text: &str| Cause::of(CAUSES, 0, text).number;
        assert_eq!((of("INSUFFICIENT_FUND"), of("PREVIEW_INSUFFICIENT_FUND")), (3_001, 3_001));
        assert_eq!(of("INVALID_LIMIT_PRICE_POST_ONLY"), 3_002);
        assert_eq!((of("INVALID_LIMIT_PRICE"), of("UNKNOWN_FAILURE_REASON")), (3_007, 3_000));
    }

    #[test]
    fn only_the_clients_own_faults_are_refusals() {
        let trouble = |status| of_status(status).map(|cause| cause.trouble);
        assert_eq!((trouble(200), trouble(400)), (None, Some(Trouble::Refused)));
        assert_eq!((trouble(429), trouble(401)), (Some(Trouble::Rate), Some(Trouble::Permission)));
        for status in [0, 302, 408, 500, 502, 503] {
            assert_eq!(trouble(status), Some(Trouble::Outcome), "{status}");
        }
    }
}
