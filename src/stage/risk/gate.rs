//! The gate itself: what it holds, and what it does with each message.

use super::account::{Account, Balance, Budget};
use super::check::{Grown, grown};
use super::equity::Equity;
use super::exposure::{Cell, Exposures, Owner, Sides, Sum};
use super::lane::{Lane, Places, Recent};
use super::orders::{Orders, Slot};
use super::rule::{Rule, place};
use super::settings::{AccountLimits, Settings};
use super::state::{Halt, HaltReason};
use crate::base::{
    AccountId, AssetId, InstrumentId, Instruments, Marks, Nanos, OrderId, Position, Price, Qty,
    Status, StrategyId,
};
use crate::event::{
    Action, Child, Decision, Denial, Order, Reason, Reasons, Report, Routed, Stamp, Terms, Tick,
    View,
};
use crate::limits;
use crate::stage::contract::{Emit, On};

/// Where no sweep is under way.
const NO_SWEEP: usize = usize::MAX;

/// Orders that the table takes.
const TABLE: u32 = limits::OPEN_ORDERS_MAX as u32;

/// The stage.
#[derive(Clone, Debug)]
pub struct Gate {
    /// By instrument; the last one is none, and nothing passes it.
    pub(super) rules: Box<[Rule]>,
    /// By account; the last one is nobody.
    pub(super) accounts: Box<[Account]>,
    /// By account and asset, the last of each for none.
    pub(super) balances: Box<[Balance]>,
    /// By instrument and account: places of cells, 0 where they are of different venues.
    pub(super) cells: Box<[u32]>,
    /// By cell, strategy and side.
    pub(super) lanes: Box<[Lane]>,
    /// Counts what lanes go by: each change makes all of them anew.
    pub(super) changes: u64,
    pub(super) recent: Recent,
    /// Assets in a row of `balances`.
    pub(super) assets: usize,
    /// Strategies in a row of cells, nobody included.
    pub(super) strategies: usize,
    pub(super) exposures: Exposures,
    pub(super) orders: Orders,
    pub(super) marks: Marks,
    /// Instruments that marks go by.
    pub(super) marking: Box<[u32]>,
    pub(super) equity: Equity,
    pub(super) open_orders_max: u32,
    /// The same, and no more than the table takes.
    pub(super) open_most: u32,
    pub(super) quote_age_max_ns: i64,
    is_unknown_open: bool,
    pub(super) halt: Option<Halt>,
    /// Reasons to deny that do not depend on the order.
    pub(super) standing: Reasons,
    /// The next slot whose order is to be cancelled.
    sweep: usize,
    denied: [u64; Reason::ALL.len()],
}

impl Gate {
    /// A gate over these instruments. All memory is taken here.
    pub fn new(instruments: &Instruments, settings: &Settings) -> Gate {
        let mut venues: Vec<&str> = instruments.iter().map(|i| i.venue).collect();
        venues.sort_unstable();
        venues.dedup();
        let accounts = accounts(settings, &venues);
        let mut owners = vec![Owner { account: accounts.len() as u16 - 1, instrument: u32::MAX }];
        let mut cells = vec![0; (instruments.len() + 1) * accounts.len()];
        let mut rules = Vec::with_capacity(instruments.len() + 1);
        for instrument in instruments {
            let at = venues.iter().position(|venue| *venue == instrument.venue);
            let at = at.unwrap_or(venues.len()) as u16;
            for (n, _) in accounts.iter().enumerate().filter(|(_, account)| account.venue == at) {
                cells[rules.len() * accounts.len() + n] = owners.len() as u32;
                owners.push(Owner { account: n as u16, instrument: instrument.id.0 });
            }
            rules.push(Rule::new(instrument, settings, at));
        }
        let no_asset = settings.decimals.len() as u16;
        rules.push(Rule { venue: venues.len() as u16, ..Rule::nothing(no_asset) });
        let (assets, strategies) = (settings.decimals.len() + 1, settings.strategies.len() + 1);
        let marks =
            Marks::new(&settings.decimals, settings.reckoning, &settings.chains, instruments);
        let marking = rules.iter().enumerate().map(|(n, _)| n as u32);
        let marking: Box<[u32]> =
            marking.filter(|n| !marks.followers(InstrumentId(*n)).is_empty()).collect();
        let mut gate = Gate {
            balances: vec![Balance::default(); accounts.len() * assets].into(),
            cells: cells.into(),
            lanes: vec![Lane::NONE; 2 * owners.len() * strategies].into(),
            changes: 0,
            recent: Recent::default(),
            assets,
            strategies,
            exposures: exposures(settings, &venues, owners, rules.len() * strategies),
            rules: rules.into(),
            accounts: accounts.into(),
            orders: Orders::new(settings.first_order),
            marks,
            marking,
            equity: Equity::new(assets, settings.daily_loss_max, settings.drawdown_max),
            open_orders_max: settings.open_orders_max.unwrap_or(u32::MAX),
            open_most: settings.open_orders_max.unwrap_or(u32::MAX).min(TABLE),
            quote_age_max_ns: settings.quote_age_max_ns.unwrap_or(i64::MAX),
            is_unknown_open: settings.is_unknown_open,
            halt: None,
            standing: Reasons::NONE,
            sweep: NO_SWEEP,
            denied: [0; Reason::ALL.len()],
        };
        for row in gate.balances.chunks_mut(assets) {
            // What is not kept here (the margin of futures) always suffices.
            row[assets - 1].total = i64::MAX;
        }
        for (n, account) in settings.accounts.iter().enumerate() {
            for (asset, total) in &account.balances {
                gate.set_balance(AccountId(n as u16), *asset, *total);
            }
        }
        gate.value_all();
        gate
    }

    /// Says what an account has of an asset, in its units, reserved or not. Cold.
    pub fn set_balance(&mut self, account: AccountId, asset: AssetId, total: i64) {
        if account.index() + 1 < self.accounts.len() && asset.index() + 1 < self.assets {
            self.balances[account.index() * self.assets + asset.index()].total = total;
            self.changes += 1;
        }
    }

    /// What an account has of an asset: free and reserved, units of it. `None` where there is no
    /// such account or asset.
    pub fn balance(&self, account: AccountId, asset: AssetId) -> Option<(i64, i64)> {
        let is_known = account.index() + 1 < self.accounts.len() && asset.index() + 1 < self.assets;
        let at = account.index() * self.assets + asset.index();
        let balance = self.balances.get(at).filter(|_| is_known)?;
        Some((balance.free(), balance.reserved))
    }

    /// Takes the venue's word on an instrument.
    pub fn set_status(&mut self, instrument: InstrumentId, status: Status) {
        let is_unknown_open = self.is_unknown_open;
        if let Some(rule) = self.rules.get_mut(instrument.index()).filter(|rule| rule.is_known) {
            rule.open_by(status, is_unknown_open);
            self.changes += 1;
        }
    }

    /// Stops all trading until [`Gate::resume`]: with the next message cancels go out for all open
    /// orders, and from now on everything but cancels is denied, reducing orders too, since what
    /// made the halt necessary may be what thinks that they reduce.
    pub fn halt(&mut self, reason: HaltReason, since: Nanos) {
        if self.halt.is_none() {
            self.halt = Some(Halt { reason, since });
            self.sweep = 0;
        }
        self.stand();
    }

    /// Ends a halt. After a drawdown the high-water mark starts anew from here; a day's loss stays
    /// one until midnight UTC or until its limit is raised, and halts again.
    pub fn resume(&mut self) {
        if let Some(halt) = self.halt.take() {
            self.sweep = NO_SWEEP;
            if halt.reason == HaltReason::Drawdown {
                self.equity.high = self.equity.now;
            }
        }
        self.stand();
    }

    /// The halt, where there is one.
    pub fn halted(&self) -> Option<Halt> {
        self.halt
    }

    /// How often each reason denied an order, by its number.
    pub fn denied(&self) -> [u64; Reason::ALL.len()] {
        self.denied
    }

    /// Orders that are open or unknown.
    pub fn open_orders(&self) -> u32 {
        self.orders.open
    }

    /// The signed position of all accounts together, units of the instrument.
    pub fn position(&self, instrument: InstrumentId) -> i64 {
        self.rules.get(instrument.index()).map_or(0, |rule| rule.qty)
    }

    /// The position of one account at its average cost.
    pub fn position_of(&self, account: AccountId, instrument: InstrumentId) -> Position {
        let (rule, account) = (self.rule_of(instrument), self.account_of(account));
        self.exposures.positions[self.cell_of(rule, account)]
    }

    /// Which checks an order would fail now. What [`On`] decides by; it changes nothing but what is
    /// prepared for the next order.
    #[inline]
    pub fn check(&mut self, child: &Child) -> Reasons {
        self.judge(child, self.places(child))
    }

    #[inline(always)]
    fn judge(&mut self, child: &Child, places: Places) -> Reasons {
        match child.action {
            Action::Place if self.is_clear(child, places) => Reasons::NONE,
            Action::Place => self.faults(child),
            Action::Cancel => self.weigh_cancel(child),
        }
    }

    /// Takes what one book shows.
    #[inline(always)]
    fn see(&mut self, view: &View) {
        let quote = &view.quote;
        let Some(rule) = self.rules.get_mut(quote.instrument as usize) else { return };
        rule.see(quote);
        // Until its first price nothing can be reckoned by it; after that ticks are often enough.
        if !rule.has_quoted && rule.bid > 0 && rule.ask > 0 {
            rule.has_quoted = true;
            self.remark();
        }
    }

    /// Decides on one order.
    #[inline(always)]
    fn decide(&mut self, child: &Child, out: &mut impl for<'a> Emit<Decision<'a>>) {
        let places = self.places(child);
        let reasons = self.judge(child, places);
        let id = self.orders.number();
        if !reasons.is_empty() {
            self.deny(child, id, reasons, out);
            return;
        }
        self.changes += 1;
        match child.action {
            Action::Place => self.book(child, id, places),
            Action::Cancel => {
                self.accounts[places.account].budget.cancel(child.stamp.recv_ns.0);
            }
        }
        out.emit(&Decision::Order(&Order::approved(*child, id)));
    }

    #[inline(never)]
    fn deny(
        &mut self,
        child: &Child,
        id: OrderId,
        reasons: Reasons,
        out: &mut impl for<'a> Emit<Decision<'a>>,
    ) {
        let mut left = reasons.0;
        while left != 0 {
            self.denied[left.trailing_zeros() as usize] += 1;
            left &= left - 1;
        }
        out.emit(&Decision::Denied(&Denial { child: *child, id, reasons }));
    }

    /// Takes what an approved order changes.
    #[inline(always)]
    fn book(&mut self, child: &Child, id: OrderId, places: Places) {
        let Terms { price, qty, side, .. } = child.terms;
        let (at, strategy) = (place(side), places.strategy);
        let strategy_cell = places.rule * self.strategies + strategy;
        let rule = &mut self.rules[places.rule];
        let number = if at == 0 { price.0 as u64 * qty.0 as u64 } else { qty.0 as u64 };
        let cost = &rule.costs[at];
        let reserve = cost.of(number);
        let balance = places.account * self.assets + usize::from(cost.asset);
        self.balances[balance].reserved += reserve;
        rule.open[at] += qty.0;
        rule.make_room();
        self.orders.open(Slot::of(child, id, reserve), rule);
        let cell = &mut self.exposures.accounts[places.cell];
        let Grown { worst, worth, more, whole } = grown(rule, cell, at, qty.0);
        cell.open[at] += qty.0;
        (cell.worst[at], cell.worth[at]) = (worst, worth);
        let own = &mut self.exposures.strategies[strategy_cell];
        let of_own = grown(rule, own, at, qty.0);
        own.open[at] += qty.0;
        (own.worst[at], own.worth[at]) = (of_own.worst, of_own.worth);
        let account = &mut self.accounts[places.account];
        account.open += 1;
        account.exposure.add(whole);
        account.budget.clear = account.budget.after(child.stamp.recv_ns.0);
        self.exposures.touch(places.cell);
        self.exposures.touch_strategy(strategy_cell);
        self.exposures.strategy[strategy].add(of_own.whole);
        self.exposures.grow(&self.rules[places.rule], at, more, whole);
    }

    /// Emits cancels for open orders, as many as one message may bring.
    #[inline(never)]
    fn sweep(&mut self, stamp: Stamp, out: &mut impl for<'a> Emit<Decision<'a>>) {
        // One is left for the decision that the message itself asks for.
        for _ in 1..limits::EMIT_BURST_MAX {
            while self.sweep < self.orders.len() && self.orders.open_at(self.sweep).is_none() {
                self.sweep += 1;
            }
            let Some(slot) = self.orders.open_at(self.sweep).copied() else {
                self.sweep = NO_SWEEP;
                return;
            };
            self.sweep += 1;
            let child = Child {
                stamp,
                intent: slot.intent,
                cancels: slot.id,
                terms: Terms {
                    price: Price(slot.price),
                    qty: Qty(slot.qty),
                    side: slot.side,
                    style: slot.style,
                },
                instrument: InstrumentId(slot.instrument),
                strategy: StrategyId(slot.strategy),
                account: AccountId(slot.account),
                action: Action::Cancel,
                is_ready: true,
                is_reducing: false,
            };
            let id = self.orders.number();
            out.emit(&Decision::Order(&Order::approved(child, id)));
        }
    }
}

impl On<Routed<'_>> for Gate {
    type Out<'a> = Decision<'a>;

    #[inline]
    fn on(&mut self, message: &Routed<'_>, out: &mut impl for<'a> Emit<Decision<'a>>) {
        match message {
            Routed::Market(view) => {
                self.see(view);
                if self.sweep != NO_SWEEP {
                    self.sweep(view.quote.stamp, out);
                }
            }
            Routed::Child(child) => self.decide(child, out),
        }
    }
}

impl On<Report> for Gate {
    type Out<'a> = Decision<'a>;

    fn on(&mut self, report: &Report, out: &mut impl for<'a> Emit<Decision<'a>>) {
        self.settle(report);
        if self.sweep != NO_SWEEP {
            self.sweep(report.stamp, out);
        }
    }
}

impl On<Tick> for Gate {
    type Out<'a> = Decision<'a>;

    fn on(&mut self, tick: &Tick, out: &mut impl for<'a> Emit<Decision<'a>>) {
        self.reckon(tick.now);
        if self.sweep != NO_SWEEP {
            self.sweep(Stamp { frame: tick.frame, recv_ns: tick.now, ..Stamp::default() }, out);
        }
    }
}

/// By id, and nobody after them.
fn accounts(settings: &Settings, venues: &[&str]) -> Vec<Account> {
    let account = |limits: &AccountLimits| {
        let at = venues.iter().position(|venue| *venue == limits.venue);
        Account {
            venue: at.map_or(Account::nobody().venue, |at| at as u16),
            open: 0,
            open_max: limits.open_orders_max.unwrap_or(u32::MAX),
            exposure: Sum::new(limits.exposure_max),
            budget: Budget::new(limits.rate),
        }
    };
    settings.accounts.iter().map(account).chain([Account::nobody()]).collect()
}

fn exposures(
    settings: &Settings,
    venues: &[&str],
    owners: Vec<Owner>,
    strategy_cells: usize,
) -> Exposures {
    let of_venue = |name: &&str| {
        let limits = settings.venues.iter().find(|limits| limits.venue == *name);
        Sum::new(limits.and_then(|limits| limits.exposure_max))
    };
    let of_asset =
        |asset: usize| Sides::new(settings.assets.get(asset).copied().unwrap_or_default());
    let strategies = settings.strategies.iter().map(|limits| Sum::new(limits.exposure_max));
    Exposures {
        accounts: vec![Cell::default(); owners.len()].into(),
        positions: vec![Position::default(); owners.len()].into(),
        active: Vec::with_capacity(owners.len()),
        owners: owners.into(),
        strategies: vec![Cell::default(); strategy_cells].into(),
        active_strategies: Vec::with_capacity(strategy_cells),
        gross: Sum::new(settings.gross_max),
        net: Sides::new(settings.net_max),
        venue: venues.iter().map(of_venue).chain([Sum::new(None)]).collect(),
        asset: (0..settings.decimals.len()).map(of_asset).chain([Sides::new(None)]).collect(),
        strategy: strategies.chain([Sum::new(None)]).collect(),
    }
}
