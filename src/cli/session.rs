//! A live session as the cold side hears it: journalled, booked, and told while it goes on.

use std::fmt::Write as _;
use std::io::IsTerminal;
use std::sync::atomic::{AtomicBool, Ordering};

use indicatif::{ProgressBar, ProgressStyle};

use super::account::Account;
use super::output;
use super::pace::Pace;
use super::table::grouped;
use crate::base::{Decimal, Instrument, Instruments, Nanos, render};
use crate::cold::{Heard, Recorded, Scribe};
use crate::journal::JournalError;
use crate::pipeline::{Listener, Note, Output, Pulse};
use crate::stage::dispatch::order_of;
use crate::venue::Described;
use crate::venue::session::{Action, State};
use crate::venue::trade::{Fact, Standing, VenueOrder};

/// See the module.
pub(super) struct Session<'a> {
    account: Account,
    scribe: Option<Scribe>,
    /// Why the journal ends before the session.
    broken: Option<JournalError>,
    instruments: &'a Instruments,
    /// Names of the venues, by station; behind them those of the accounts that trade there.
    venues: Vec<String>,
    /// Names of all accounts.
    accounts: Vec<String>,
    states: Vec<Option<State>>,
    /// Orders of others that were told of.
    foreign: Vec<VenueOrder>,
    /// What the venue says otherwise than the configuration, each once.
    differences: Vec<String>,
    begun: Option<Nanos>,
    now: Nanos,
    duration_ns: Option<i64>,
    stop: &'a AtomicBool,
    pace: Pace,
    bar: ProgressBar,
}

/// What is left of a session when it is over.
pub(super) struct Over {
    pub(super) account: Account,
    pub(super) journal: Option<Result<Recorded, JournalError>>,
    pub(super) states: Vec<Option<State>>,
    pub(super) pace: Pace,
    pub(super) span_ns: i64,
}

impl<'a> Session<'a> {
    pub(super) fn new(
        account: Account,
        scribe: Option<Scribe>,
        instruments: &'a Instruments,
        (venues, accounts): (Vec<String>, Vec<String>),
        (duration_ns, pace): (Option<i64>, Pace),
        stop: &'a AtomicBool,
    ) -> Session<'a> {
        let states = vec![None; venues.len()];
        Session {
            account,
            scribe,
            broken: None,
            instruments,
            venues,
            accounts,
            states,
            foreign: Vec::new(),
            differences: Vec::new(),
            begun: None,
            now: Nanos::NONE,
            duration_ns,
            stop,
            pace,
            bar: bar(duration_ns),
        }
    }

    /// Ends it; the journal is whole on the disk.
    pub(super) fn finish(mut self) -> Over {
        if let Some(why) = self.pace.finish() {
            self.tell(&format!("warning: {why}"));
        }
        self.bar.finish_and_clear();
        let journal = match self.broken {
            Some(why) => Some(Err(why)),
            None => self.scribe.map(Scribe::finish),
        };
        let span_ns = self.begun.map_or(0, |begun| self.now.0 - begun.0);
        Over { account: self.account, journal, states: self.states, pace: self.pace, span_ns }
    }

    fn write(&mut self, write: impl FnOnce(&mut Scribe) -> Result<(), JournalError>) {
        let Some(scribe) = &mut self.scribe else { return };
        if let Err(why) = write(scribe) {
            self.tell(&format!("error: the journal cannot be written: {why}; trading ends"));
            // What was ordered could not be told any more.
            self.stop.store(true, Ordering::Relaxed);
            self.broken = Some(why);
            self.scribe = None;
        }
    }

    /// Says a line without tearing the bar.
    fn tell(&self, line: &str) {
        self.bar.suspend(|| output::say(line));
    }

    fn told(&self, venue: usize, state: &State) -> String {
        format!("{}: {state}", self.venues[venue])
    }

    /// An open order that a venue lists: one of others is told of, once.
    fn hear_standing(&mut self, account: &str, standing: &Standing) {
        let is_ours = standing.client.is_some_and(|client| order_of(&client).is_some());
        let Standing { symbol, side, venue_order, .. } = standing;
        let told = format!("{account}: an open order that is none of ours: {side:?} at {symbol}");
        if !is_ours && !self.foreign.contains(venue_order) {
            self.foreign.push(*venue_order);
            self.tell(&told);
        }
    }

    /// Compares a venue's word with the configuration's.
    fn compare(&mut self, instrument: &Instrument, described: &Described) {
        for difference in differences(instrument, described) {
            if !self.differences.contains(&difference) {
                self.tell(&format!("warning: {difference}"));
                self.differences.push(difference);
            }
        }
    }
}

impl Listener for Session<'_> {
    fn heard(&mut self, heard: &Heard<'_>) {
        self.begun.get_or_insert(heard.recv_ns);
        self.now = heard.recv_ns;
        self.write(|scribe| scribe.heard(heard));
    }

    fn output(&mut self, output: &Output) {
        self.account.on(output);
        self.write(|scribe| scribe.logged(&output.logged()));
    }

    fn note(&mut self, note: &Note) {
        match note {
            Note::State { venue, state } => {
                self.states[*venue] = Some(*state);
                self.tell(&self.told(*venue, state));
            }
            Note::Described { id, described, .. } => {
                if let Some(instrument) = self.instruments.with_id(*id) {
                    self.compare(instrument, described);
                }
            }
            Note::Action { venue, action: Action::Close { line, why } } => {
                let name = &self.venues[*venue];
                self.tell(&format!("{name}: closes line {} ({why:?})", line.index));
            }
            Note::Trouble { venue, why } => {
                self.tell(&format!("{}: {why}", self.venues[*venue]));
            }
            Note::Member { account, state } => {
                self.tell(&format!("{} (orders): {state}", self.accounts[account.index()]));
            }
            Note::Fact { account, fact: Fact::Order(standing) } => {
                self.hear_standing(&self.accounts[account.index()].clone(), standing);
            }
            Note::Fact { .. } | Note::Action { .. } => {}
        }
    }

    fn pulse(&mut self, pulse: &Pulse) {
        let span_ns = self.begun.map_or(0, |begun| self.now.0 - begun.0);
        if self.duration_ns.is_some_and(|duration_ns| span_ns >= duration_ns) {
            self.stop.store(true, Ordering::Relaxed);
        }
        if let Some(row) = self.pace.pulse(pulse, self.now) {
            self.tell(&row);
        }
        let (tally, order) = (self.account.tally(), pulse.order.percentiles());
        let mut text = format!(
            "{} frames, {} orders, {} fills",
            grouped(pulse.frames),
            grouped(tally.orders),
            grouped(tally.fills)
        );
        if order.count > 0 {
            let _ = write!(text, ", tick to order p50 {} p99 {} ns", order.p50, order.p99);
        }
        self.bar.set_position((span_ns / Nanos::SECOND) as u64);
        self.bar.set_message(text);
    }
}

/// What a venue says of an instrument otherwise than the configuration, where orders or books would
/// suffer from it.
fn differences(instrument: &Instrument, described: &Described) -> Vec<String> {
    let name = instrument.name();
    let mut found = Vec::new();
    let mut compare = |what: &str, ours: i64, decimals: u8, theirs: Decimal| {
        if theirs.at(decimals) != Ok(ours) && theirs.mantissa != 0 {
            found.push(format!(
                "{name}: the venue's {what} is {theirs}, the configuration's {}; set `{what} = \
                 \"{theirs}\"` in its [[instruments]], with enough decimals",
                render(ours, decimals)
            ));
        }
    };
    compare("tick", instrument.tick.0, instrument.price_decimals, described.tick);
    compare("lot", instrument.lot.0, instrument.qty_decimals, described.lot);
    found
}

/// A bar towards the end where there is one, else a line that lives; nothing where nobody looks.
fn bar(duration_ns: Option<i64>) -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let (bar, form) = match duration_ns {
        Some(ns) => {
            let bar = ProgressBar::new((ns / Nanos::SECOND) as u64);
            (bar, "{bar:24} {pos}/{len} s  {msg}")
        }
        None => (ProgressBar::new_spinner(), "{spinner} {elapsed}  {msg}"),
    };
    let style = ProgressStyle::with_template(form).unwrap_or_else(|_| ProgressStyle::default_bar());
    bar.with_style(style.progress_chars("=> "))
}
