//! Dense ids: indices into tables that are filled at start and never grow on the hot path.

/// An instrument: one symbol at one venue. Dense from 0 in the order of the instrument table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(transparent)]
pub struct InstrumentId(pub u32);

impl InstrumentId {
    /// No instrument: an event about a connection, or a frame that names its instrument itself.
    pub const NONE: InstrumentId = InstrumentId(u32::MAX);

    /// An instrument that is known but not wanted: what is about it counts as `other`.
    pub const UNLISTED: InstrumentId = InstrumentId(u32::MAX - 1);

    /// The place in dense tables.
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// An asset: a currency or a coin. USD, USDT and USDC are three.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(transparent)]
pub struct AssetId(pub u16);

/// A connection: one websocket session, or one recorded stream of frames.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(transparent)]
pub struct ConnectionId(pub u16);

impl ConnectionId {
    /// The place in dense tables.
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// A strategy of ours, by its place in the configuration.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(transparent)]
pub struct StrategyId(pub u16);

/// An account at a venue, by its place in the configuration.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(transparent)]
pub struct AccountId(pub u16);

/// A decision of the risk gate on one order of ours, approved or denied: counts from 1 within a
/// session. 0 is none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(transparent)]
pub struct OrderId(pub u64);

impl StrategyId {
    /// The place in dense tables.
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

impl AccountId {
    /// No account.
    pub const NONE: AccountId = AccountId(u16::MAX);

    /// The place in dense tables.
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

impl OrderId {
    /// No order.
    pub const NONE: OrderId = OrderId(0);
}

impl Default for AssetId {
    fn default() -> AssetId {
        AssetId::NONE
    }
}

impl AssetId {
    /// No asset.
    pub const NONE: AssetId = AssetId(u16::MAX);

    /// The place in dense tables.
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}
