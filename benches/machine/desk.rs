//! A strategy that wants an order at every frame, as the plain builds do: it leans with the best
//! quantities, and where a frame changes nothing that it could look at it wants the same again.
//!
//! In: outlooks. Out: every market, and an intent for each outlook.

use neural_kraken::base::StrategyId;
use neural_kraken::base::{AccountId, InstrumentId, Instruments, Nanos, OrderId, Price, Qty, Side};
use neural_kraken::event::{
    Action, BookState, Intent, Now, Outlook, Stamp, Standing, Style, Terms, Wanted,
};
use neural_kraken::stage::contract::{Emit, On};

/// The strategy.
#[derive(Debug)]
pub(super) struct Desk {
    /// By instrument: what it always orders.
    qtys: Vec<i64>,
    last: Option<Intent>,
    /// Intents so far: the number of the last.
    wanted: u64,
    /// The frame of the last one.
    frame: u64,
    now: Nanos,
}

/// No frame has this number.
const NO_FRAME: u64 = u64::MAX;

impl Desk {
    pub(super) fn new(instruments: &Instruments) -> Desk {
        // A hundredth of base, or one contract.
        let qty = |decimals: u8| (10_i64.pow(decimals.into()) / 100).max(1);
        let qtys = instruments.iter().map(|instrument| qty(instrument.qty_decimals)).collect();
        Desk { qtys, last: None, wanted: 0, frame: NO_FRAME, now: Nanos(0) }
    }

    /// Forgets what it saw.
    pub(super) fn forget(&mut self) {
        (self.last, self.frame) = (None, NO_FRAME);
    }

    /// The time of the last frame.
    pub(super) fn now(&self) -> Nanos {
        self.now
    }

    /// A frame is over: wants the same as before where nothing was wanted because of it.
    #[inline(always)]
    pub(super) fn insist(&mut self, stamp: &Stamp, out: &mut impl for<'o> Emit<Wanted<'o>>) {
        self.now = stamp.recv_ns;
        if self.frame == stamp.frame {
            return;
        }
        if let Some(intent) = &mut self.last {
            self.wanted += 1;
            (intent.stamp, intent.id) = (*stamp, self.wanted);
            out.emit(&Wanted::Intent(intent));
        }
    }
}

impl On<Outlook<'_>> for Desk {
    type Out<'o> = Wanted<'o>;

    #[inline]
    fn on(&mut self, outlook: &Outlook<'_>, out: &mut impl for<'o> Emit<Wanted<'o>>) {
        out.emit(&Wanted::Market(outlook.view));
        let quote = &outlook.view.quote;
        if quote.state != BookState::Live || quote.bid.qty == 0 || quote.ask.qty == 0 {
            return;
        }
        let lean = outlook.features.now(Now::Imbalance1);
        // What a forecast adds, where there is one; it is no number to trade on.
        let is_ready = outlook.forecast.standing == Standing::Ready;
        let expected = if is_ready { outlook.forecast.expected_bps } else { 0.0 };
        let is_buy = lean + 0.1 * expected >= 0.0;
        let (side, price) =
            if is_buy { (Side::Buy, quote.bid.price) } else { (Side::Sell, quote.ask.price) };
        let qty = Qty(self.qtys[quote.instrument as usize]);
        self.wanted += 1;
        let intent = self.last.insert(Intent {
            stamp: quote.stamp,
            id: self.wanted,
            cancels: OrderId::NONE,
            terms: Terms { price: Price(price), qty, side, style: Style::Limit },
            instrument: InstrumentId(quote.instrument),
            strategy: StrategyId(0),
            account: AccountId::NONE,
            action: Action::Place,
            is_ready: true,
            is_reducing: false,
        });
        self.frame = quote.stamp.frame;
        out.emit(&Wanted::Intent(intent));
    }
}
