//! Route: sends what strategies want to the venue and the account where it can be had, in the
//! venue's ticks and lots.
//!
//! In: [`Wanted`], [`Report`]. Out: [`Routed`]: every market, and a [`Child`] for each intent.
//! Never: an intent that is silently dropped (what no venue would take goes on to risk, which
//! denies it and says why), another stage's book.

mod cost;
mod grid;
mod settings;

pub use cost::{Cost, PPM};
pub use settings::Settings;

use grid::Grid;

use super::contract::{Emit, On};
use crate::base::{AccountId, Instrument, InstrumentId, Instruments, StrategyId};
use crate::event::{Action, Child, Depth, Intent, QuoteCause, Report, Routed, View, Wanted};

/// The stage: the way from each strategy to each instrument.
#[derive(Debug)]
pub struct Router {
    /// By instrument.
    places: Box<[Place]>,
    /// By strategy and instrument.
    accounts: Box<[AccountId]>,
    strategies: usize,
    last: Option<Considered>,
    /// The depth that the last intent met, once its place has another: no order waits for a copy.
    met: Option<Depth>,
    counts: Counts,
}

/// How often it did what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Children that went on.
    pub children: u64,
    /// Of these, those without an account: risk denies them.
    pub homeless: u64,
    /// Reports that came back.
    pub reports: u64,
    /// Fills among them.
    pub fills: u64,
}

/// One way that an intent could have gone, for output. Cold.
#[derive(Clone, Debug)]
pub struct Route {
    /// Where.
    pub instrument: InstrumentId,
    /// On which account.
    pub account: AccountId,
    /// What it would cost to take it there at once.
    pub cost: Cost,
    /// Did it go there?
    pub is_chosen: bool,
}

/// What is known of one instrument.
#[derive(Debug)]
struct Place {
    depth: Depth,
    grid: Grid,
    taker_fee_ppm: i64,
}

/// The last intent, and where it went.
#[derive(Clone, Copy, Debug)]
struct Considered {
    intent: Intent,
    account: AccountId,
}

impl Router {
    /// The ways from each strategy of the settings to each instrument.
    pub fn new(instruments: &Instruments, settings: &Settings) -> Router {
        let fee_at = |venue: &str| settings.taker_fees_ppm.iter().find(|(v, _)| *v == venue);
        let place = |instrument: &Instrument| Place {
            depth: Depth::default(),
            grid: Grid::new(instrument.tick, instrument.lot),
            taker_fee_ppm: fee_at(instrument.venue).map_or(0, |(_, ppm)| *ppm),
        };
        let accounts = settings.accounts.iter().flat_map(|accounts| {
            instruments.iter().map(|instrument| {
                let at_venue = accounts.iter().find(|(venue, _)| *venue == instrument.venue);
                at_venue.map_or(AccountId::NONE, |(_, account)| *account)
            })
        });
        Router {
            places: instruments.iter().map(place).collect(),
            accounts: accounts.collect(),
            strategies: settings.accounts.len(),
            last: None,
            met: None,
            counts: Counts::default(),
        }
    }

    /// How often it did what. Cold.
    pub fn counts(&self) -> Counts {
        self.counts
    }

    /// The last intent with all the ways that it could have gone. Cold.
    pub fn explain(&self) -> Option<(Intent, Vec<Route>)> {
        let Considered { intent, account } = self.last?;
        let terms = &intent.terms;
        let place = self.places.get(intent.instrument.index())?;
        let (depth, fee) = (self.met.as_ref().unwrap_or(&place.depth), place.taker_fee_ppm);
        let route = Route {
            instrument: intent.instrument,
            account,
            cost: Cost::walk(depth, terms.side, terms.qty.0, terms.price.0, fee),
            is_chosen: true,
        };
        Some((intent, vec![route]))
    }

    /// The account of a strategy at the venue of an instrument.
    fn account(&self, strategy: StrategyId, instrument: InstrumentId) -> AccountId {
        let is_known = strategy.index() < self.strategies && instrument.index() < self.places.len();
        if !is_known {
            return AccountId::NONE;
        }
        self.accounts[strategy.index() * self.places.len() + instrument.index()]
    }

    #[inline(always)]
    fn see(&mut self, view: &View) {
        let Some(place) = self.places.get_mut(view.quote.instrument().index()) else { return };
        // A frame may change it twice, so the number of the frame alone does not tell.
        let may_differ = matches!(view.quote.cause, QuoteCause::Book | QuoteCause::State);
        if may_differ || place.depth.frame != view.depth.frame {
            let is_of_last = |last: &Considered| last.intent.instrument.0 == view.quote.instrument;
            if self.met.is_none() && self.last.as_ref().is_some_and(is_of_last) {
                self.met = Some(place.depth);
            }
            place.depth = view.depth;
        }
    }

    /// The one child of an intent: as long as an instrument is at one venue there is one way.
    fn child(&mut self, intent: &Intent) -> Child {
        let own = self.account(intent.strategy, intent.instrument);
        let is_own = intent.account == AccountId::NONE || intent.account == own;
        let account = if is_own { own } else { AccountId::NONE };
        self.counts.children += 1;
        self.counts.homeless += u64::from(account == AccountId::NONE);
        let place = self.places.get(intent.instrument.index());
        let terms = match (intent.action, place) {
            (Action::Place, Some(place)) => place.grid.fit(&intent.terms),
            _ => intent.terms,
        };
        self.last = Some(Considered { intent: *intent, account });
        self.met = None;
        Child {
            stamp: intent.stamp,
            intent: intent.id,
            cancels: intent.cancels,
            terms,
            instrument: intent.instrument,
            strategy: intent.strategy,
            account,
            action: intent.action,
            is_ready: intent.is_ready,
            is_reducing: intent.is_reducing,
        }
    }
}

impl<'m> On<Wanted<'m>> for Router {
    type Out<'a> = Routed<'a>;

    #[inline]
    fn on(&mut self, wanted: &Wanted<'m>, out: &mut impl for<'a> Emit<Routed<'a>>) {
        match wanted {
            Wanted::Market(view) => {
                self.see(view);
                out.emit(&Routed::Market(view));
            }
            Wanted::Intent(intent) => {
                let child = self.child(intent);
                out.emit(&Routed::Child(&child));
            }
        }
    }
}

impl On<Report> for Router {
    type Out<'a> = Routed<'a>;

    fn on(&mut self, report: &Report, _out: &mut impl for<'a> Emit<Routed<'a>>) {
        self.counts.reports += 1;
        self.counts.fills += u64::from(report.is_fill());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::{OrderId, Price, Qty, Side, Symbol};
    use crate::event::{Level, Stamp, Style, Terms};

    #[derive(Default)]
    struct Ear {
        markets: Vec<u64>,
        children: Vec<Child>,
    }

    impl Emit<Routed<'_>> for Ear {
        fn emit(&mut self, routed: &Routed<'_>) {
            match routed {
                Routed::Market(view) => self.markets.push(view.quote.stamp.frame),
                Routed::Child(child) => self.children.push(**child),
            }
        }
    }

    /// Two instruments at two venues; strategy 0 has accounts at both, strategy 1 at the first.
    fn router() -> Router {
        let mut instruments = Instruments::default();
        for venue in ["kraken", "binance"] {
            let plain = Instrument::plain(venue, Symbol::new(b"BTC").unwrap(), 2, 8);
            instruments.add(Instrument { tick: Price(10), lot: Qty(100), ..plain }).unwrap();
        }
        let (kraken, binance) = (("kraken", AccountId(3)), ("binance", AccountId(5)));
        let accounts = vec![vec![binance, kraken], vec![kraken]];
        Router::new(&instruments, &Settings { accounts, taker_fees_ppm: vec![("binance", 1_000)] })
    }

    fn intent(strategy: u16, instrument: u32) -> Intent {
        let side = Side::Buy;
        let terms = Terms { price: Price(109), qty: Qty(250), side, style: Style::Limit };
        Intent {
            stamp: Stamp { frame: 4, ..Stamp::default() },
            id: 11,
            cancels: OrderId::NONE,
            terms,
            instrument: InstrumentId(instrument),
            strategy: StrategyId(strategy),
            account: AccountId::NONE,
            action: Action::Place,
            is_ready: true,
            is_reducing: false,
        }
    }

    fn routed(router: &mut Router, intent: &Intent) -> Child {
        let mut ear = Ear::default();
        router.on(&Wanted::Intent(intent), &mut ear);
        assert_eq!((ear.children.len(), ear.markets.len()), (1, 0), "one child for each intent");
        ear.children[0]
    }

    #[test]
    fn an_intent_goes_to_the_strategys_account_at_the_venue() {
        let mut router = router();
        let child = routed(&mut router, &intent(0, 1));
        assert_eq!((child.account, child.intent, child.stamp.frame), (AccountId(5), 11, 4));
        assert_eq!((child.terms.price.0, child.terms.qty.0), (100, 200));
        assert_eq!(routed(&mut router, &intent(1, 0)).account, AccountId(3));
    }

    #[test]
    fn an_account_that_is_not_the_strategys_is_none() {
        let mut router = router();
        let mut other = intent(0, 1);
        other.account = AccountId(3);
        assert_eq!(routed(&mut router, &other).account, AccountId::NONE);
        other.account = AccountId(5);
        assert_eq!(routed(&mut router, &other).account, AccountId(5));
        assert_eq!(routed(&mut router, &intent(1, 1)).account, AccountId::NONE);
        assert_eq!(routed(&mut router, &intent(9, 1)).account, AccountId::NONE);
        assert_eq!(routed(&mut router, &intent(0, 9)).account, AccountId::NONE);
        assert_eq!(router.counts().homeless, 4);
    }

    #[test]
    fn what_is_below_a_lot_is_passed_on_as_nothing() {
        let mut small = intent(0, 1);
        small.terms.qty = Qty(99);
        assert_eq!(routed(&mut router(), &small).terms.qty, Qty(0));
    }

    #[test]
    fn a_cancel_keeps_the_terms_of_its_order() {
        let mut cancel = intent(0, 1);
        (cancel.action, cancel.cancels) = (Action::Cancel, OrderId(8));
        let child = routed(&mut router(), &cancel);
        assert_eq!((child.cancels, child.terms), (OrderId(8), cancel.terms));
    }

    #[test]
    fn every_market_is_passed_on() {
        let (mut router, mut ear) = (router(), Ear::default());
        for (instrument, frame) in [(0, 5), (7, 6)] {
            let mut view = View::default();
            (view.quote.instrument, view.quote.stamp.frame) = (instrument, frame);
            router.on(&Wanted::Market(&view), &mut ear);
        }
        assert_eq!(ear.markets, [5, 6], "of instruments that it does not know, too");
    }

    #[test]
    fn the_last_intent_is_explained_with_the_depth_that_it_met() {
        let mut router = router();
        assert!(router.explain().is_none());
        let mut view = View::default();
        view.quote.instrument = 1;
        (view.depth.frame, view.depth.ask_count) = (1, 2);
        view.depth.asks[0] = Level { price: 100, qty: 50 };
        view.depth.asks[1] = Level { price: 105, qty: 500 };
        router.on(&Wanted::Market(&view), &mut Ear::default());
        routed(&mut router, &intent(0, 1));
        view.depth.frame = 2;
        view.depth.asks[0].qty = 1;
        router.on(&Wanted::Market(&view), &mut Ear::default());
        let (explained, routes) = router.explain().unwrap();
        assert_eq!((explained.id, routes.len(), routes[0].is_chosen), (11, 1, true));
        let cost = routes[0].cost;
        assert_eq!((cost.qty, cost.amount, cost.slippage), (250, 26_000, 1_000));
        assert_eq!(cost.fee, 26);
    }

    #[test]
    fn of_two_changes_in_one_frame_the_depth_of_the_second_counts() {
        let mut router = router();
        let mut view = View::default();
        view.quote.instrument = 1;
        (view.depth.frame, view.depth.ask_count) = (1, 1);
        for (price, cause) in [(100, QuoteCause::Book), (90, QuoteCause::Book)] {
            view.quote.cause = cause;
            view.depth.asks[0] = Level { price, qty: 1_000 };
            router.on(&Wanted::Market(&view), &mut Ear::default());
        }
        routed(&mut router, &intent(0, 1));
        assert_eq!(router.explain().unwrap().1[0].cost.amount, 90 * 250);
    }
}
