//! Why the risk gate denied an order: one bit a reason, so that a denial carries all of them.

/// A check of the risk gate that may fail. Numbers are the journal's and are never used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Reason {
    /// The instrument is not known, or cannot be traded by this account.
    Instrument = 0,
    /// The venue does not say that the instrument is open for such an order.
    Closed = 1,
    /// The book is not live.
    BookNotLive = 2,
    /// The book is live, but its last quote is too old.
    BookStale = 3,
    /// A signal or forecast that the order rests on is not ready.
    FeatureNotReady = 4,
    /// The price is not a multiple of the tick, or not above zero.
    Tick = 5,
    /// The quantity is not a multiple of the lot, or not above zero.
    Lot = 6,
    /// The quantity is below the venue's minimum.
    QtyMin = 7,
    /// Price times quantity is below the venue's minimum.
    NotionalMin = 8,
    /// The account does not have what it would cost.
    Balance = 9,
    /// The price is too far from the market.
    Collar = 10,
    /// The quantity is over the limit.
    QtyMax = 11,
    /// Price times quantity is over the limit.
    NotionalMax = 12,
    /// The position would be over the instrument's limit.
    Position = 13,
    /// The exposure would be over the asset's limit.
    Asset = 14,
    /// The exposure would be over the strategy's limit.
    Strategy = 15,
    /// The exposure would be over the account's limit.
    Account = 16,
    /// The exposure would be over the venue's limit.
    Venue = 17,
    /// The sum of all exposures would be over the limit.
    Gross = 18,
    /// The net exposure would be over the limit.
    Net = 19,
    /// Too many orders are open.
    OpenOrders = 20,
    /// The venue's rate budget, less the reserve for cancels, is used up.
    Rate = 21,
    /// It would trade with an order of our own.
    SelfCross = 22,
    /// The day's loss is over the limit.
    DailyLoss = 23,
    /// The fall from the high-water mark is over the limit.
    Drawdown = 24,
    /// Trading is halted until an explicit resume.
    Halted = 25,
    /// The order to cancel is not one of ours that is open.
    UnknownOrder = 26,
    /// The gate's own tables are full.
    Full = 27,
}

/// A set of reasons.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(transparent)]
pub struct Reasons(pub u32);

impl Reason {
    /// All, by their number.
    pub const ALL: [Reason; 28] = [
        Reason::Instrument,
        Reason::Closed,
        Reason::BookNotLive,
        Reason::BookStale,
        Reason::FeatureNotReady,
        Reason::Tick,
        Reason::Lot,
        Reason::QtyMin,
        Reason::NotionalMin,
        Reason::Balance,
        Reason::Collar,
        Reason::QtyMax,
        Reason::NotionalMax,
        Reason::Position,
        Reason::Asset,
        Reason::Strategy,
        Reason::Account,
        Reason::Venue,
        Reason::Gross,
        Reason::Net,
        Reason::OpenOrders,
        Reason::Rate,
        Reason::SelfCross,
        Reason::DailyLoss,
        Reason::Drawdown,
        Reason::Halted,
        Reason::UnknownOrder,
        Reason::Full,
    ];

    /// As in output: lower case, words joined by `_`.
    pub const fn name(self) -> &'static str {
        match self {
            Reason::Instrument => "instrument",
            Reason::Closed => "closed",
            Reason::BookNotLive => "book_not_live",
            Reason::BookStale => "book_stale",
            Reason::FeatureNotReady => "feature_not_ready",
            Reason::Tick => "tick",
            Reason::Lot => "lot",
            Reason::QtyMin => "qty_min",
            Reason::NotionalMin => "notional_min",
            Reason::Balance => "balance",
            Reason::Collar => "collar",
            Reason::QtyMax => "qty_max",
            Reason::NotionalMax => "notional_max",
            Reason::Position => "position",
            Reason::Asset => "asset",
            Reason::Strategy => "strategy",
            Reason::Account => "account",
            Reason::Venue => "venue",
            Reason::Gross => "gross",
            Reason::Net => "net",
            Reason::OpenOrders => "open_orders",
            Reason::Rate => "rate",
            Reason::SelfCross => "self_cross",
            Reason::DailyLoss => "daily_loss",
            Reason::Drawdown => "drawdown",
            Reason::Halted => "halted",
            Reason::UnknownOrder => "unknown_order",
            Reason::Full => "full",
        }
    }

    /// Its bit.
    #[inline(always)]
    pub const fn bit(self) -> u32 {
        1 << self as u32
    }
}

impl Reasons {
    /// None: the order passes.
    pub const NONE: Reasons = Reasons(0);

    /// Is there none?
    #[inline(always)]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Is this one among them?
    #[inline(always)]
    pub const fn has(self, reason: Reason) -> bool {
        self.0 & reason.bit() != 0
    }

    /// Adds a reason where `is` is true; without a branch.
    #[inline(always)]
    #[must_use]
    pub const fn with(self, reason: Reason, is: bool) -> Reasons {
        Reasons(self.0 | (is as u32) << reason as u32)
    }

    /// All of them, by their number.
    pub fn iter(self) -> impl Iterator<Item = Reason> {
        Reason::ALL.into_iter().filter(move |reason| self.has(*reason))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_reason_stands_at_its_number_with_a_name_of_its_own() {
        for (n, reason) in Reason::ALL.into_iter().enumerate() {
            assert_eq!(reason as usize, n);
            assert_eq!(Reason::ALL.iter().filter(|r| r.name() == reason.name()).count(), 1);
        }
    }

    #[test]
    fn a_set_holds_what_was_put_into_it() {
        let set = Reasons::NONE.with(Reason::Tick, true).with(Reason::Lot, false);
        assert!(set.has(Reason::Tick) && !set.has(Reason::Lot) && !set.is_empty());
        assert_eq!(set.iter().collect::<Vec<_>>(), [Reason::Tick]);
    }
}
