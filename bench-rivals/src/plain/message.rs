//! What goes from stage to stage: owned, since it goes through channels.

/// Whose frames, and in which units.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Venue {
    /// Binance spot: eight decimals.
    Spot,
    /// Binance COIN-M: a decimal of price, whole contracts.
    Coin,
    /// Kraken BTC/USD: a decimal of price, eight of quantity, a checksum with each message.
    Kraken,
}

impl Venue {
    /// Price and quantity of one, in its units.
    pub fn scales(self) -> (f64, f64) {
        match self {
            Venue::Spot => (1e8, 1e8),
            Venue::Coin => (1e1, 1e0),
            Venue::Kraken => (1e1, 1e8),
        }
    }
}

/// A level: price and quantity, in the venue's units.
pub type Level = (i64, i64);

/// A frame, parsed.
#[derive(Clone, Debug)]
pub enum Update {
    /// Levels changed, or a whole picture.
    Depth {
        /// Whose.
        symbol: String,
        /// Bids.
        bids: Vec<Level>,
        /// Asks.
        asks: Vec<Level>,
        /// Last update id, 0 where there is none.
        last_id: u64,
        /// Last update id of the event before (futures), 0 where there is none.
        prev_id: u64,
        /// Replaces the book.
        snapshot: bool,
        /// CRC32 of the ten best levels a side.
        checksum: Option<u32>,
    },
    /// Best bid and ask.
    Top {
        /// Whose.
        symbol: String,
        /// Its update id.
        update_id: u64,
        /// Best bid.
        bid: Level,
        /// Best ask.
        ask: Level,
    },
    /// A trade.
    Trade {
        /// Whose.
        symbol: String,
        /// Price.
        price: i64,
        /// Quantity.
        qty: i64,
        /// Did the taker buy?
        is_buy: bool,
    },
}

/// What the market looks like.
#[derive(Clone, Debug)]
pub struct Quote {
    /// Whose.
    pub symbol: String,
    /// Best bid.
    pub bid: f64,
    /// Its quantity.
    pub bid_qty: f64,
    /// Best ask.
    pub ask: f64,
    /// Its quantity.
    pub ask_qty: f64,
    /// What takers bought less what they sold, since start.
    pub flow: f64,
}

/// What the signals say.
#[derive(Clone, Debug)]
pub struct Signals {
    /// The market.
    pub quote: Quote,
    /// Mid against its mean over each window, in standard deviations.
    pub zscores: [f64; super::signal::WINDOWS],
    /// Relative change of the mid over each window.
    pub momentum: [f64; super::signal::WINDOWS],
    /// Bid against ask quantity, -1 to 1.
    pub imbalance: f64,
}

/// What is wanted.
#[derive(Clone, Debug)]
pub struct Intent {
    /// Of what.
    pub symbol: String,
    /// Buy or sell.
    pub is_buy: bool,
    /// At most, or at least.
    pub price: f64,
    /// How much.
    pub qty: f64,
    /// How much it is wanted.
    pub score: f64,
    /// The market's middle when it was wanted.
    pub mid: f64,
    /// The spread when it was wanted.
    pub spread: f64,
}

/// What may go out.
#[derive(Clone, Debug)]
pub struct Order {
    /// Our number of it.
    pub id: u64,
    /// Did every check pass? Benches let it out all the same: each frame goes all the way.
    pub is_allowed: bool,
    /// What was wanted.
    pub intent: Intent,
}
