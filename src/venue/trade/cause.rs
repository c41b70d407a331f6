//! Why a venue turned something down: its code or text, our number for it, what it means for the
//! order, and the fix.
//!
//! Never: an outcome that is not known counted as a refusal.

/// What an error means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// The order, the amendment or the cancel was refused, and nothing was done.
    Refused,
    /// The order that it is about is not open: it may have been filled, cancelled, or never placed.
    NotOpen,
    /// Whether it was done is not known: the order has to be asked for.
    Outcome,
    /// Refused, since too much was asked: less, later.
    Rate,
    /// Shut out for a time.
    Banned,
    /// Refused, since the key may not do it: somebody must change something.
    Permission,
    /// Refused, since our clock and the venue's differ by too much.
    Clock,
    /// Refused, since the nonce was not above the last one.
    Nonce,
    /// Refused, since the token, the logon or the JWT is not good any more: to be made anew.
    Session,
    /// Refused, since the venue does not trade now.
    Maintenance,
    /// It never left the house.
    Unsent,
}

/// One kind of error of one venue. The number is in reports and is never used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cause {
    /// Our number.
    pub number: u32,
    /// The venue's code, 0 where it has none.
    pub code: i32,
    /// What its text begins with or holds; with an empty one the code alone says it.
    pub text: &'static str,
    /// What it means.
    pub trouble: Trouble,
    /// What to do.
    pub fix: &'static str,
}

/// What never left the house: numbers that all venues share.
#[rustfmt::skip]
pub static LOCAL: &[Cause] = &[
    Cause { number: 901, code: 0, text: "the session is not ready", trouble: Trouble::Unsent, fix: "wait until it is; its state says what it waits for" },
    Cause { number: 902, code: 0, text: "the venue's budget of requests is used up", trouble: Trouble::Unsent, fix: "quote less often, or raise the account's tier" },
    Cause { number: 903, code: 0, text: "too many orders are remembered", trouble: Trouble::Unsent, fix: "cancel some" },
    Cause { number: 904, code: 0, text: "the request cannot be sent as it is", trouble: Trouble::Unsent, fix: "this is a defect here: report it" },
    Cause { number: 905, code: 0, text: "the order is not known to the session", trouble: Trouble::Unsent, fix: "it is over, or of an earlier session" },
    Cause { number: 906, code: 0, text: "the venue never got the order", trouble: Trouble::Refused, fix: "nothing: it was asked for until it could not come any more" },
    Cause { number: 907, code: 0, text: "the instrument is not traded by the session", trouble: Trouble::Unsent, fix: "name it in the configuration" },
    Cause { number: 908, code: 0, text: "the venue's id of the order is not known yet", trouble: Trouble::Unsent, fix: "cancel again once it is acknowledged" },
    Cause { number: 909, code: 0, text: "the order could not be recorded before it was sent", trouble: Trouble::Unsent, fix: "see why the state folder's disk does not keep up; orders go out again when it does" },
];

/// The session is not ready.
pub const NOT_READY: u32 = 901;
/// The venue's budget is used up.
pub const NO_BUDGET: u32 = 902;
/// No room to remember the order.
pub const NO_ROOM: u32 = 903;
/// The request cannot be sent.
pub const UNSENDABLE: u32 = 904;
/// The order is not known.
pub const NOT_KNOWN: u32 = 905;
/// The venue never got it.
pub const NEVER_ARRIVED: u32 = 906;
/// The instrument is not traded.
pub const NOT_TRADED: u32 = 907;
/// The venue's id is not known.
pub const NO_VENUE_ORDER: u32 = 908;
/// The order could not be recorded.
pub const NOT_RECORDED: u32 = 909;

impl Cause {
    /// The first of a table that fits an error; its last entry fits all.
    pub fn of(table: &'static [Cause], code: i32, text: &str) -> &'static Cause {
        let fits = |cause: &&Cause| {
            (cause.code == 0 || cause.code == code)
                && (cause.text.is_empty() || text.contains(cause.text))
                && (cause.code != 0 || !cause.text.is_empty())
        };
        table.iter().find(fits).unwrap_or(&table[table.len() - 1])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn local_numbers_are_those_of_the_table() {
        let named = [
            NOT_READY,
            NO_BUDGET,
            NO_ROOM,
            UNSENDABLE,
            NOT_KNOWN,
            NEVER_ARRIVED,
            NOT_TRADED,
            NO_VENUE_ORDER,
            NOT_RECORDED,
        ];
        let numbers: Vec<u32> = LOCAL.iter().map(|cause| cause.number).collect();
        assert_eq!(numbers, named);
    }
}
