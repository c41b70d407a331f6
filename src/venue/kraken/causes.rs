//! Kraken's errors: `E<Category>:<text>[:detail]`, found by what they begin with or hold. Wordings
//! are not all documented; what is not known is a refusal whose text is in the log.

use crate::venue::trade::{Cause, Trouble};

const fn cause(number: u32, text: &'static str, trouble: Trouble, fix: &'static str) -> Cause {
    Cause { number, code: 0, text, trouble, fix }
}

/// In the order in which they are looked for; the last one fits all.
#[rustfmt::skip]
pub(in crate::venue) static CAUSES: &[Cause] = &[
    cause(1_001, "EService:Deadline elapsed", Trouble::Outcome, "it is asked for; look at the network's latency if it comes often"),
    cause(1_002, "EService:Unavailable", Trouble::Outcome, "it is asked for; see status.kraken.com"),
    cause(1_003, "EService:Busy", Trouble::Outcome, "it is asked for; order less often"),
    cause(1_004, "EGeneral:Internal error", Trouble::Outcome, "it is asked for; write to the venue if it stays"),
    cause(1_005, "EService:Market in cancel_only mode", Trouble::Maintenance, "wait until the venue trades again"),
    cause(1_006, "EService:Market in post_only mode", Trouble::Maintenance, "wait, or use post-only orders"),
    cause(1_007, "EService:Throttled", Trouble::Rate, "order less often"),
    cause(1_008, "EOrder:Rate limit exceeded", Trouble::Rate, "quote less often, or raise the account's tier"),
    cause(1_009, "EOrder:Domain rate limit exceeded", Trouble::Rate, "quote less often, or raise the account's tier"),
    cause(1_010, "EAPI:Rate limit exceeded", Trouble::Rate, "stop other clients with this key"),
    cause(1_011, "Exceeded msg rate", Trouble::Rate, "send less on this connection"),
    cause(1_012, "EGeneral:Temporary lockout", Trouble::Banned, "wait 15 minutes; check the key, it was refused too often"),
    cause(1_013, "EGeneral:Permission denied", Trouble::Permission, "give the key the permissions to query, create, modify and cancel orders and to make websocket tokens"),
    cause(1_014, "EAPI:Invalid key", Trouble::Permission, "check the key's name; it may have been deleted or has expired"),
    cause(1_015, "EAPI:Invalid signature", Trouble::Permission, "check the key's secret, and that both are of one key"),
    cause(1_016, "EAPI:Invalid nonce", Trouble::Nonce, "use one key for each process, or widen the key's nonce window"),
    cause(1_017, "ESession:", Trouble::Session, "a token is asked for anew"),
    cause(1_018, "EOrder:Insufficient funds", Trouble::Refused, "the account does not have what it would cost"),
    cause(1_019, "EOrder:Order minimum not met", Trouble::Refused, "order more: the instrument's minimum"),
    cause(1_020, "EOrder:Cost minimum not met", Trouble::Refused, "order more: price times quantity is below the minimum"),
    cause(1_021, "EOrder:Tick size check failed", Trouble::Refused, "the price is no multiple of the tick: check the instrument"),
    cause(1_022, "EOrder:Invalid price", Trouble::Refused, "the price is too fine or too far: check the instrument"),
    cause(1_023, "EOrder:Orders limit exceeded", Trouble::Refused, "cancel some: as many orders are open as the tier allows"),
    cause(1_024, "EOrder:Post only order", Trouble::Refused, "nothing: it would have traded at once"),
    cause(1_025, "EOrder:Unknown order", Trouble::NotOpen, "nothing: it is asked for"),
    cause(1_026, "EOrder:Reduce only", Trouble::Refused, "reduce-only is of margin alone"),
    cause(1_027, "EGeneral:Invalid arguments", Trouble::Refused, "this is a defect here: report it with the journal"),
    cause(1_028, "Currency pair not supported", Trouble::Refused, "the venue does not list the symbol: check its spelling"),
    cause(1_029, "EOrder:", Trouble::Refused, "see the text in the log"),
    cause(1_000, "", Trouble::Refused, "see the text in the log"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_told_apart_and_what_is_not_known_is_a_refusal() {
        let of = |text: &str| Cause::of(CAUSES, 0, text);
        assert_eq!(of("EOrder:Insufficient funds").number, 1_018);
        assert_eq!(of("EService:Deadline elapsed").trouble, Trouble::Outcome);
        assert_eq!(of("EAPI:Invalid nonce").trouble, Trouble::Nonce);
        assert_eq!(of("EService:Throttled: 1767225600").trouble, Trouble::Rate);
        assert_eq!(of("ESession:Invalid session").trouble, Trouble::Session);
        assert_eq!(of("EOrder:Unknown order").trouble, Trouble::NotOpen);
        assert_eq!((of("EOrder:Never heard of").number, of("").number), (1_029, 1_000));
        assert_eq!(of("E\u{1F98A}").trouble, Trouble::Refused);
    }
}
