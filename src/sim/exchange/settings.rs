//! What a paper venue is told at start, and the numbers of its refusals.

use crate::base::{AssetId, Nanos};
use crate::limits;
use crate::stage::book;

/// What a paper venue is told at start.
#[derive(Clone, Debug)]
pub struct Settings {
    /// What it charges.
    pub fees: Fees,
    /// From our sending an order to its arrival at the venue, ns of logical time.
    pub order_latency_ns: i64,
    /// From something happening at the venue to our hearing of it, ns of logical time.
    pub report_latency_ns: i64,
    /// What the account holds at the start, in units of each asset; of all others nothing.
    pub balances: Vec<(AssetId, i64)>,
    /// Decimals of amounts, by [`AssetId`].
    pub decimals: Vec<u8>,
    /// Who leaves a level that shrinks without a trade.
    pub cancels: Cancels,
    /// Does it trade? Else each order is accepted and at once expired, each cancel is refused, and
    /// no book is kept.
    pub fills: bool,
    /// When its own books are stale.
    pub book: book::Settings,
}

/// What a venue charges, hundredths of a basis point of the money; below zero it is a rebate. At
/// most [`limits::FEE_PPM_MAX`] either way; what is beyond counts as that.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Fees {
    /// Of an order that rested.
    pub maker_ppm: i64,
    /// Of an order that traded at once.
    pub taker_ppm: i64,
}

/// Who leaves a level that shrinks without a trade: a venue does not say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Cancels {
    /// Those ahead of us and those behind alike: of what goes, the part `ahead / level` goes ahead
    /// of us, rounded down. The usual assumption.
    #[default]
    ProRata,
    /// Those behind us, as long as there are any: the most cautious assumption.
    Behind,
}

/// Why a paper venue refuses a request. Its number is in the reply and is never used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Refused {
    /// It does not list the instrument, or the assets of it are not known, or are counted in
    /// coarser units than a lot.
    Instrument = 1,
    /// The instrument is not open for such an order.
    Closed = 2,
    /// There is no price, or it is no multiple of the tick.
    Tick = 3,
    /// The quantity is not above zero, or no multiple of the lot.
    Lot = 4,
    /// The quantity is below the minimum.
    QtyMin = 5,
    /// Price times quantity is below the minimum.
    NotionalMin = 6,
    /// The account does not have what it would cost.
    Funds = 7,
    /// It would trade at once and must not.
    PostOnly = 8,
    /// An open order has the same name.
    Duplicate = 9,
    /// The venue is full: of open orders, or of replies that have not gone out.
    Full = 10,
    /// What it would come to is too large a number.
    Amount = 11,
    /// The order to cancel is not open.
    Unknown = 12,
}

impl Default for Settings {
    /// Five milliseconds each way: an ordinary host in the venue's region, its gateway included.
    fn default() -> Settings {
        Settings {
            fees: Fees::default(),
            order_latency_ns: 5 * Nanos::MILLI,
            report_latency_ns: 5 * Nanos::MILLI,
            balances: Vec::new(),
            decimals: Vec::new(),
            cancels: Cancels::ProRata,
            fills: true,
            book: book::Settings::default(),
        }
    }
}

impl Fees {
    /// Within what may be charged.
    pub(super) fn bounded(self) -> Fees {
        let most = limits::FEE_PPM_MAX as i64;
        let bounded = |ppm: i64| ppm.clamp(-most, most);
        Fees { maker_ppm: bounded(self.maker_ppm), taker_ppm: bounded(self.taker_ppm) }
    }

    /// The most that an order may be charged; a rebate is not counted on.
    pub(super) fn worst(self) -> i64 {
        self.maker_ppm.max(self.taker_ppm).max(0)
    }
}

impl Refused {
    /// All, by their number from 1 on.
    pub const ALL: [Refused; 12] = [
        Refused::Instrument,
        Refused::Closed,
        Refused::Tick,
        Refused::Lot,
        Refused::QtyMin,
        Refused::NotionalMin,
        Refused::Funds,
        Refused::PostOnly,
        Refused::Duplicate,
        Refused::Full,
        Refused::Amount,
        Refused::Unknown,
    ];

    /// As in output: lower case, words joined by `_`.
    pub const fn name(self) -> &'static str {
        match self {
            Refused::Instrument => "instrument",
            Refused::Closed => "closed",
            Refused::Tick => "tick",
            Refused::Lot => "lot",
            Refused::QtyMin => "qty_min",
            Refused::NotionalMin => "notional_min",
            Refused::Funds => "funds",
            Refused::PostOnly => "post_only",
            Refused::Duplicate => "duplicate",
            Refused::Full => "full",
            Refused::Amount => "amount",
            Refused::Unknown => "unknown",
        }
    }

    /// As in a reply.
    pub const fn number(self) -> u32 {
        self as u32
    }

    /// The refusal with this number.
    pub fn numbered(number: u32) -> Option<Refused> {
        Refused::ALL.into_iter().find(|refused| refused.number() == number)
    }
}
