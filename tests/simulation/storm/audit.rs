//! An audit of what left the machine and of what it was told: the limits, and the money.
//!
//! In: settings, views, the outputs of a session in their order. Out: what is wrong, in words.
//! Never: a question to the gate, to dispatch or to the ledger; requests are read from their bytes
//! by another reader than the venues' desks.

use std::collections::{BTreeMap, HashMap};

use neural_kraken::base::{AccountId, AssetId, InstrumentId, Instruments, Nanos, Side};
use neural_kraken::event::{Action, Fill, Happened, Liquidity, OrderState, Reply, Report, View};
use neural_kraken::pipeline::{Output, Put, Trading};

use super::request::{Asked, read};

/// By how much a reckoned exposure may be more than its limit: marks move within a step, and the
/// gate's are whole units.
const SLACK: f64 = 1.005;

/// An order as its request and its reports have it.
#[derive(Clone, Copy, Debug)]
struct Placed {
    asked: Asked,
    account: AccountId,
    filled: i64,
    is_over: bool,
}

/// See the module.
pub(super) struct Audit<'a> {
    instruments: &'a Instruments,
    trading: &'a Trading,
    orders: HashMap<u64, Placed>,
    /// Orders by the names that their venues know them by.
    names: HashMap<String, u64>,
    /// By account and asset.
    money: BTreeMap<(u16, u16), i128>,
    /// Bid and ask, by instrument.
    tops: BTreeMap<u32, (i64, i64)>,
    /// Requests that have not drained yet, by account, and when that was.
    levels: BTreeMap<u16, (f64, Nanos)>,
    pub(super) placed: u64,
    pub(super) fills: u64,
    pub(super) wrong: Vec<String>,
}

impl<'a> Audit<'a> {
    /// Before the session.
    pub(super) fn new(instruments: &'a Instruments, trading: &'a Trading) -> Audit<'a> {
        let mut money = BTreeMap::new();
        for paper in &trading.venues {
            for (asset, amount) in &paper.settings.balances {
                *money.entry((paper.account.0, asset.0)).or_default() += i128::from(*amount);
            }
        }
        Audit {
            instruments,
            trading,
            orders: HashMap::new(),
            names: HashMap::new(),
            money,
            tops: BTreeMap::new(),
            levels: BTreeMap::new(),
            placed: 0,
            fills: 0,
            wrong: Vec::new(),
        }
    }

    /// A market moved.
    pub(super) fn on_view(&mut self, view: &View) {
        let quote = &view.quote;
        if quote.bid.qty > 0 && quote.ask.qty > 0 {
            self.on_top(quote.instrument(), (quote.bid.price, quote.ask.price));
        }
    }

    /// Bid and ask of an instrument are these.
    pub(super) fn on_top(&mut self, of: InstrumentId, top: (i64, i64)) {
        self.tops.insert(of.0, top);
    }

    /// The next thing that went out or came back.
    pub(super) fn on_output(&mut self, output: &Output) {
        match &output.put {
            Put::Sent { stamp, order, account, action: Action::Place, bytes } => {
                let found = read(bytes, *account, self.instruments, self.trading);
                let Some((name, asked)) = found else {
                    let text = String::from_utf8_lossy(bytes);
                    return self.fault(format!("order {} cannot be read: {text}", order.0));
                };
                if let Some(other) = self.names.insert(name.clone(), order.0) {
                    self.fault(format!("orders {other} and {} are both called {name}", order.0));
                }
                self.on_placed(order.0, *account, asked, stamp.recv_ns);
            }
            Put::Sent { .. } => {}
            Put::Report(report) => self.on_report(report),
        }
    }

    /// An order leaves the machine: is it within every limit?
    pub(super) fn on_placed(&mut self, id: u64, account: AccountId, asked: Asked, now: Nanos) {
        self.placed += 1;
        let placed = Placed { asked, account, filled: 0, is_over: false };
        let before = self.exposures();
        if self.orders.insert(id, placed).is_some() {
            self.fault(format!("order {id} was placed twice"));
        }
        self.check_count(id, account);
        self.check_rate(id, account, now);
        self.check_terms(id, &asked);
        let after = self.exposures();
        for (name, limit) in self.limits() {
            let of = |all: &BTreeMap<String, f64>| all.get(&name).copied().unwrap_or_default();
            let (was, is) = (of(&before), of(&after));
            if is > limit * SLACK && is > was {
                self.fault(format!("order {id}: {name} is {is}, its limit {limit}"));
            }
        }
    }

    fn check_count(&mut self, id: u64, account: AccountId) {
        let risk = &self.trading.risk;
        let open = |of: Option<AccountId>| {
            let is_it = |o: &&Placed| !o.is_over && of.is_none_or(|of| of == o.account);
            self.orders.values().filter(is_it).count() as u64
        };
        let own = risk.accounts.get(account.index()).and_then(|limits| limits.open_orders_max);
        for (of, most) in [(None, risk.open_orders_max), (Some(account), own)] {
            if let Some(most) = most
                && open(of) > u64::from(most)
            {
                let why = format!("order {id}: {} are open of {of:?}, at most {most}", open(of));
                return self.fault(why);
            }
        }
    }

    /// Orders alone drain as requests do, and may fill all but what is kept for cancels.
    fn check_rate(&mut self, id: u64, account: AccountId, now: Nanos) {
        let limits = self.trading.risk.accounts.get(account.index());
        let Some(rate) = limits.and_then(|limits| limits.rate) else { return };
        let (level, at) = self.levels.get(&account.0).copied().unwrap_or((0.0, now));
        let seconds = (now.0 - at.0) as f64 / 1e9;
        let level = (level - seconds * f64::from(rate.per_second)).max(0.0) + 1.0;
        self.levels.insert(account.0, (level, now));
        let most = f64::from(rate.burst.saturating_sub(rate.cancel_reserve).max(1));
        if level > most + 1e-6 {
            self.fault(format!("order {id}: {level} requests at once, at most {most}"));
        }
    }

    fn check_terms(&mut self, id: u64, asked: &Asked) {
        let Some(limits) = self.trading.risk.instruments.get(asked.instrument.index()) else {
            return self.fault(format!("order {id} is for an instrument without limits"));
        };
        let Some(instrument) = self.instruments.with_id(asked.instrument) else { return };
        let (price, qty) = (asked.price, asked.qty);
        let mut told = Vec::new();
        if qty < instrument.qty_min.0.max(1) || qty % instrument.lot.0.max(1) != 0 {
            told.push(format!("a quantity of {qty}"));
        }
        if price <= 0 || price % instrument.tick.0.max(1) != 0 {
            told.push(format!("a price of {price}"));
        }
        if limits.qty_max.is_some_and(|most| qty > most) {
            told.push(format!("{qty} is more than one order's quantity {:?}", limits.qty_max));
        }
        if let (Some(bps), Some((bid, ask))) = (limits.collar_bps, self.top(asked.instrument)) {
            let off = (2 * price - bid - ask).abs() as f64 / (bid + ask) as f64;
            // Between this view and the last one the mid is not known.
            if off * 10_000.0 > f64::from(bps) * SLACK + 5.0 {
                told.push(format!("{price} is too far from {bid} and {ask}"));
            }
        }
        let worth = self.worth(asked.instrument, qty, Some(price)).unwrap_or_default();
        if limits.notional_max.is_some_and(|most| worth > most as f64 * SLACK) {
            told.push(format!("it comes to {worth}, at most {:?}", limits.notional_max));
        }
        let [long, short] = self.worst(|o| o.asked.instrument == asked.instrument);
        let worst = if asked.side == Side::Buy { long } else { short };
        if limits.position_max.is_some_and(|most| worst > most) {
            told.push(format!("the position may be {worst}, at most {:?}", limits.position_max));
        }
        for why in told {
            self.fault(format!("order {id}: {why}"));
        }
    }

    /// What the machine was told of an order.
    pub(super) fn on_report(&mut self, report: &Report) {
        let id = report.order.0;
        if report.state == OrderState::Denied {
            return;
        }
        let Some(placed) = self.orders.get(&id) else {
            return self.fault(format!("a report of order {id}, which never was sent"));
        };
        if report.is_fill() {
            if placed.is_over {
                self.fault(format!("a fill of order {id}, which was over"));
            }
            self.on_fill(id, &report.fill);
        }
        let Some(placed) = self.orders.get_mut(&id) else { return };
        placed.is_over |= report.state.is_over() && !report.is_cancel_refusal;
        let (found, says) = (placed.filled, report.filled.0);
        if found != says && !report.is_cancel_refusal {
            self.fault(format!("order {id}: {found} filled, its report says {says}"));
        }
    }

    /// What a venue said at the end, after the machine had stopped to listen.
    pub(super) fn on_reply(&mut self, reply: &Reply) {
        let Happened::Filled(fill) = &reply.happened else { return };
        match self.names.get(reply.client.text()) {
            Some(id) => self.on_fill(*id, fill),
            None => self.fault(format!("a fill of {:?}, which never was sent", reply.client)),
        }
    }

    fn on_fill(&mut self, id: u64, fill: &Fill) {
        let Some(placed) = self.orders.get_mut(&id) else { return };
        placed.filled += fill.qty.0;
        let placed = *placed;
        self.fills += 1;
        let mut told = self.book(&placed, fill);
        if placed.filled > placed.asked.qty {
            told.push(format!("{} filled of {}", placed.filled, placed.asked.qty));
        }
        let (limit, price) = (placed.asked.price, fill.price.0);
        if if placed.asked.side == Side::Buy { price > limit } else { price < limit } {
            told.push(format!("filled at {price}, beyond its limit {limit}"));
        }
        for why in told {
            self.fault(format!("a fill of order {id}: {why}"));
        }
    }

    /// A fill's money, reckoned by hand: rounded against us.
    fn book(&mut self, placed: &Placed, fill: &Fill) -> Vec<String> {
        let Some(instrument) = self.instruments.with_id(placed.asked.instrument) else {
            return vec![String::from("of no instrument")];
        };
        let (Some(base), Some(quote)) = (instrument.base, instrument.quote) else {
            return vec![String::from("of an instrument without assets")];
        };
        let paper = self.trading.venues.iter().find(|paper| paper.account == placed.account);
        let Some(paper) = paper else { return vec![String::from("on no account")] };
        let is_buy = placed.asked.side == Side::Buy;
        let of = |asset: AssetId| self.trading.risk.decimals[asset.index()];
        let units = |value: i128, from: u8, to: u8, is_up: bool| {
            if to >= from {
                return value * 10_i128.pow((to - from).into());
            }
            let by = 10_i128.pow((from - to).into());
            if is_up { -(-value).div_euclid(by) } else { value.div_euclid(by) }
        };
        let product = i128::from(fill.price.0) * i128::from(fill.qty.0);
        let decimals = instrument.price_decimals + instrument.qty_decimals;
        let amount = units(product, decimals, of(quote), is_buy);
        let qty = units(fill.qty.0.into(), instrument.qty_decimals, of(base), false);
        let (fee_asset, charged) = match (paper.dialect.name, is_buy) {
            ("binance", true) => (base, qty),
            _ => (quote, amount),
        };
        let ppm = match fill.liquidity {
            Liquidity::Maker => paper.settings.fees.maker_ppm,
            Liquidity::Taker => paper.settings.fees.taker_ppm,
        };
        let fee = -(-charged * i128::from(ppm)).div_euclid(1_000_000);
        let mut told = Vec::new();
        if i128::from(fill.amount) != amount {
            told.push(format!("it moved {}, by hand {amount}", fill.amount));
        }
        if (i128::from(fill.fee), fill.fee_asset) != (fee, fee_asset) {
            let (found, of) = (fill.fee, fill.fee_asset);
            told.push(format!("its fee was {found} of {of:?}, by hand {fee} of {fee_asset:?}"));
        }
        let sign = if is_buy { 1 } else { -1 };
        let account = placed.account.0;
        for (asset, change) in [(base, sign * qty), (quote, -sign * amount), (fee_asset, -fee)] {
            let balance = self.money.entry((account, asset.0)).or_default();
            *balance += change;
            if *balance < 0 {
                told.push(format!("{balance} of {asset:?} is below zero"));
            }
        }
        told
    }

    /// Compares with what an account has in the end. What orders did after the machine stopped to
    /// listen, it was not told: those that it had open then may have filled, and no others.
    pub(super) fn settle(&mut self, account: AccountId, asset: AssetId, found: i128) {
        let sum = self.money.get(&(account.0, asset.0)).copied().unwrap_or_default();
        let (down, up) = self.unheard(account, asset);
        if found < sum - down || found > sum + up {
            let account = account.0;
            let why = format!("account {account} has {found} of {asset:?}, its fills make {sum}");
            self.fault(why);
        }
    }

    /// By how much open orders may have made a balance less, and more: with fees, and with prices
    /// as far from the limit as the collar is wide.
    fn unheard(&self, account: AccountId, asset: AssetId) -> (i128, i128) {
        let (mut down, mut up) = (0.0, 0.0);
        for placed in self.orders.values().filter(|o| !o.is_over && o.account == account) {
            let Asked { instrument, side, price, qty } = placed.asked;
            let Some(instrument) = self.instruments.with_id(instrument) else { continue };
            let left = (qty - placed.filled) as f64 / 10_f64.powi(instrument.qty_decimals.into());
            let price = price as f64 / 10_f64.powi(instrument.price_decimals.into());
            let is_buy = side == Side::Buy;
            for (of, amount, is_more) in
                [(instrument.base, left, is_buy), (instrument.quote, left * price, !is_buy)]
            {
                if of == Some(asset) {
                    *(if is_more { &mut up } else { &mut down }) += amount * 1.03;
                }
            }
        }
        let unit = 10_f64.powi(self.trading.risk.decimals[asset.index()].into());
        ((down * unit) as i128, (up * unit) as i128)
    }

    fn fault(&mut self, why: String) {
        if self.wrong.len() < 20 {
            self.wrong.push(why);
        }
    }

    fn top(&self, of: InstrumentId) -> Option<(i64, i64)> {
        self.tops.get(&of.0).copied()
    }

    /// What the positions of some come to if all orders of a side fill: long, then short.
    fn worst(&self, which: impl Fn(&Placed) -> bool) -> [i64; 2] {
        let mut sums = [0, 0];
        for placed in self.orders.values().filter(|placed| which(placed)) {
            let sign = if placed.asked.side == Side::Buy { 1 } else { -1 };
            let left = if placed.is_over { 0 } else { placed.asked.qty - placed.filled };
            for (sum, at) in sums.iter_mut().zip([1, -1]) {
                *sum += at * sign * placed.filled;
                *sum += if at == sign { left } else { 0 };
            }
        }
        sums
    }

    /// Worth of a quantity in units of the reckoning asset, at the mid or at a price.
    fn worth(&self, of: InstrumentId, qty: i64, price: Option<i64>) -> Option<f64> {
        let instrument = self.instruments.with_id(of)?;
        let twice = match price {
            Some(price) => 2 * price,
            None => self.top(of).map(|(bid, ask)| bid + ask)?,
        };
        let price = twice as f64 / 2.0 / 10_f64.powi(instrument.price_decimals.into());
        let qty = qty as f64 / 10_f64.powi(instrument.qty_decimals.into());
        self.dollars(instrument.quote?, price * qty)
    }

    /// An amount of an asset, whole ones, in units of the reckoning asset.
    fn dollars(&self, asset: AssetId, amount: f64) -> Option<f64> {
        let risk = &self.trading.risk;
        let mut amount = amount;
        for step in risk.chains.get(asset.index())?.as_ref()? {
            let Some(by) = step.1 else { continue };
            let instrument = self.instruments.with_id(by)?;
            let (bid, ask) = self.top(by)?;
            let mid = (bid + ask) as f64 / 2.0 / 10_f64.powi(instrument.price_decimals.into());
            amount *= if instrument.quote == Some(step.0) { mid } else { 1.0 / mid };
        }
        Some(amount * 10_f64.powi(risk.decimals[risk.reckoning.index()].into()))
    }

    /// All exposures, by name, that have a limit.
    fn exposures(&self) -> BTreeMap<String, f64> {
        let mut sums: BTreeMap<String, f64> = BTreeMap::new();
        let mut cells: Vec<(u16, InstrumentId)> =
            self.orders.values().map(|o| (o.account.0, o.asked.instrument)).collect();
        cells.sort_unstable();
        cells.dedup();
        let mut add = |name: String, worth: f64| *sums.entry(name).or_default() += worth;
        for (account, of) in cells {
            let worst = self.worst(|o| (o.account.0, o.asked.instrument) == (account, of));
            let [long, short] = worst.map(|qty| self.worth(of, qty, None).unwrap_or_default());
            let Some(instrument) = self.instruments.with_id(of) else { continue };
            let whole = long.max(short);
            add("gross".into(), whole);
            add("net long".into(), long);
            add("net short".into(), short);
            add(format!("account {account}"), whole);
            add(format!("venue {}", instrument.venue), whole);
            for (asset, bought, sold) in
                [(instrument.base, long, short), (instrument.quote, short, long)]
            {
                let asset = asset.map_or(u16::MAX, |asset| asset.0);
                add(format!("asset {asset} long"), bought);
                add(format!("asset {asset} short"), sold);
            }
        }
        sums
    }

    fn limits(&self) -> Vec<(String, f64)> {
        let risk = &self.trading.risk;
        let mut all: Vec<(String, Option<i64>)> = vec![
            ("gross".into(), risk.gross_max),
            ("net long".into(), risk.net_max),
            ("net short".into(), risk.net_max),
        ];
        let accounts = risk.accounts.iter().enumerate();
        all.extend(accounts.map(|(n, limits)| (format!("account {n}"), limits.exposure_max)));
        let venues = risk.venues.iter();
        all.extend(venues.map(|limits| (format!("venue {}", limits.venue), limits.exposure_max)));
        for (n, limit) in risk.assets.iter().enumerate() {
            all.push((format!("asset {n} long"), *limit));
            all.push((format!("asset {n} short"), *limit));
        }
        all.into_iter().filter_map(|(name, limit)| Some((name, limit? as f64))).collect()
    }
}
