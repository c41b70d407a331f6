//! Strategy: wants orders, within a budget of its own, and knows what became of them.
//!
//! In: [`Outlook`], [`Report`], [`Tick`]. Out: [`Wanted`]: the market of every outlook first, then
//! what each strategy wants because of it.
//! Never: an order on a book that is not live or on numbers that are not ready, a decision from a
//! clock or from `arrived_tsc`, an allocation after construction.

mod contract;
mod desk;
mod holding;
mod kind;
mod momentum;
mod one;
mod purse;
mod reversion;
mod seat;
mod settings;
mod slot;
#[cfg(test)]
mod scene;
#[cfg(test)]
mod vows;

pub use desk::Counts;
pub use settings::{Form, Given, MONEY_DECIMALS, Means, Momentum, Reversion, Settings, Source};

use one::One;

use super::contract::{Emit, On};
use crate::base::{AssetId, InstrumentId, Instruments, StrategyId};
use crate::event::{Intent, Outlook, Report, Tick, Wanted};
use crate::limits;

/// The stage: every strategy of the process.
#[derive(Debug)]
pub struct Strategies {
    all: Box<[One]>,
    /// By instrument: the strategies that trade it, and their seat there.
    interested: Box<[Interest]>,
    /// What one message leads to, until it is out.
    intents: Vec<Intent>,
    /// Reports about a strategy that there is not.
    strays: u64,
}

/// The strategies that trade one instrument, and their seat there.
type Interest = Box<[(u16, u32)]>;

/// What a strategy holds and how it fares, for output. Cold.
#[derive(Clone, Debug)]
pub struct Shown {
    /// Its name in the configuration.
    pub name: String,
    /// How often it did what.
    pub counts: Counts,
    /// What positions and open orders take of the budget, the largest of all quote assets.
    pub committed: i64,
    /// What all came to before fees, for each quote asset, units of 10^-[`MONEY_DECIMALS`].
    pub gains: Vec<(Option<AssetId>, i64)>,
    /// Did it lose more than it may?
    pub is_stopped: bool,
    /// Positions, in units of the instrument, below zero where short.
    pub positions: Vec<(InstrumentId, i64)>,
}

impl Strategies {
    /// Makes the strategies, each with a seat at each of its instruments.
    pub fn new(instruments: &Instruments, settings: &Settings) -> Strategies {
        let given = &settings.strategies;
        assert!(given.len() <= limits::STRATEGIES_MAX, "at most STRATEGIES_MAX strategies");
        let made = given.iter().enumerate();
        let all: Box<[One]> =
            made.map(|(n, given)| One::new(StrategyId(n as u16), given, instruments)).collect();
        let interested = instruments.iter().map(|instrument| {
            let seat = |one: &One| Some((one.id.0, one.place(instrument.id)? as u32));
            all.iter().filter_map(seat).collect()
        });
        Strategies {
            interested: interested.collect(),
            all,
            intents: Vec::with_capacity(limits::EMIT_BURST_MAX),
            strays: 0,
        }
    }

    /// All about a strategy, for output. Cold.
    pub fn show(&self, id: StrategyId) -> Option<Shown> {
        let one = self.all.get(id.index())?;
        let position = |seat: &seat::Seat| (seat.instrument, seat.holding.net);
        Some(Shown {
            name: one.name.clone(),
            counts: one.counts,
            committed: one.purse.committed(),
            gains: one.purse.gains().collect(),
            is_stopped: one.purse.stopped,
            positions: one.seats.iter().map(position).collect(),
        })
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.all.len()
    }

    /// Is there none?
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// Reports about a strategy that there is not. Cold.
    pub fn strays(&self) -> u64 {
        self.strays
    }

    /// The session ends: from here on nothing is wanted but that what is open is cancelled, again
    /// and again until it is.
    pub fn close(&mut self, tick: &Tick, out: &mut impl for<'a> Emit<Wanted<'a>>) {
        for one in &mut self.all {
            one.close(tick, &mut self.intents);
        }
        self.flush(out);
    }

    fn flush(&mut self, out: &mut impl for<'a> Emit<Wanted<'a>>) {
        for intent in self.intents.drain(..) {
            out.emit(&Wanted::Intent(&intent));
        }
    }
}

impl<'m> On<Outlook<'m>> for Strategies {
    type Out<'a> = Wanted<'a>;

    #[inline]
    fn on(&mut self, outlook: &Outlook<'m>, out: &mut impl for<'a> Emit<Wanted<'a>>) {
        out.emit(&Wanted::Market(outlook.view));
        let Some(interested) = self.interested.get(outlook.instrument().index()) else { return };
        for (strategy, seat) in interested {
            self.all[usize::from(*strategy)].look(*seat as usize, outlook, &mut self.intents);
        }
        if !self.intents.is_empty() {
            self.flush(out);
        }
    }
}

impl On<Report> for Strategies {
    type Out<'a> = Wanted<'a>;

    /// Takes note; what follows from it follows with the next outlook, which has prices.
    fn on(&mut self, report: &Report, out: &mut impl for<'a> Emit<Wanted<'a>>) {
        match self.all.get_mut(report.strategy.index()) {
            Some(one) => one.on_report(report, &mut self.intents),
            None => self.strays += 1,
        }
        self.flush(out);
    }
}

impl On<Tick> for Strategies {
    type Out<'a> = Wanted<'a>;

    fn on(&mut self, tick: &Tick, out: &mut impl for<'a> Emit<Wanted<'a>>) {
        for one in &mut self.all {
            one.on_time(tick, &mut self.intents);
        }
        self.flush(out);
    }
}
