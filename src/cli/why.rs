//! `why`: everything that led to an order, out of a journal.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::{Value, json};

use super::compare::{self, Units, told_report};
use super::output::{self, Failure};
use super::recordings::{Loaded, Recordings, Setup};
use super::replay::{fit, plan_of, play};
use crate::base::{AccountId, Instrument, InstrumentId, OrderId, render};
use crate::config::{self, Config};
use crate::event::{
    Action, Child, FEATURES, Features, Forecast, Reason, Reasons, Report, Stamp, Standing, Terms,
    View,
};
use crate::journal;
use crate::pipeline::{self, Layout, Output, Plan, Put, Said, Stage, Testimony};
use crate::stage::book::Shown;
use crate::stage::route::Route;

/// Print everything that led to an order: frame, book, features, forecast, routes, checks, bytes.
///
/// The journal is played again, with the configuration that it was recorded with. With --set it is
/// played a second time with other settings, and the first decision that differs is shown.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  neural-kraken replay --venue binance --format stamped btcusdt.log.gz --record session
  neural-kraken why 17 session
  neural-kraken why 17 session --set strategies.momentum.entry_bps=2.5")]
pub(super) struct Arguments {
    /// The order, by its number or by its client id.
    order: String,
    /// The journal: a directory that `replay --record` wrote.
    journal: PathBuf,
    /// Play again with a key of the configuration set to another value; may be given several times.
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<String>,
}

/// A session that is played again.
struct Session {
    loaded: Loaded,
    setup: Setup,
    plan: Plan,
    outputs: Vec<Output>,
}

/// Runs the verb.
pub(super) fn run(
    arguments: &Arguments,
    config: Option<&Path>,
    as_json: bool,
) -> Result<(), Failure> {
    if config.is_some() {
        return Err(Failure::misused(
            "`why` plays a journal as it was recorded: leave --config out, or change keys by --set",
        ));
    }
    let recordings = Recordings::journal(&arguments.journal);
    let session = Session::play(&recordings, recordings.setup(None)?)?;
    let (order, frame) = session.find(&arguments.order)?;
    let testimony = session.testify(frame)?;
    let fork = match &arguments.set[..] {
        [] => None,
        sets => Some(session.fork(&recordings, sets)?),
    };
    if as_json {
        output::print_json(&session.object(order, frame, &testimony, fork.as_deref()))
    } else {
        output::print(&session.text(order, frame, &testimony, fork.as_deref()))
    }
}

impl Session {
    fn play(recordings: &Recordings, setup: Setup) -> Result<Session, Failure> {
        let mut loaded = recordings.load(&setup.config)?;
        let mut plan = Plan { layout: Layout::One, ..plan_of(&setup.config) };
        let _ = fit(&mut plan, &mut loaded, &setup);
        let outputs = play(&loaded, &plan)?.outputs;
        Ok(Session { loaded, setup, plan, outputs })
    }

    fn units(&self) -> Units<'_> {
        Units::of(&self.loaded.instruments, &self.setup.config.universe.assets)
    }

    /// An order by its number or its client id, and the frame in which it was decided.
    fn find(&self, text: &str) -> Result<(OrderId, u64), Failure> {
        let by_number = text.parse().ok().map(OrderId);
        let is_it = |output: &&Output| match &output.put {
            Put::Sent { bytes, order, .. } => {
                Some(*order) == by_number
                    || (by_number.is_none() && contains(bytes, format!("\"{text}\"").as_bytes()))
            }
            Put::Report(report) => Some(report.order) == by_number,
        };
        let found = self.outputs.iter().find(is_it).ok_or_else(|| {
            let numbers = || self.outputs.iter().map(|output| output.order().0);
            match (numbers().min(), numbers().max()) {
                (Some(first), Some(last)) => Failure::failed(format_args!(
                    "order {text} is not in this session: its orders are {first} to {last}"
                )),
                _ => Failure::failed(format_args!(
                    "order {text} is not in this session: nothing was ordered in it"
                )),
            }
        })?;
        Ok((found.order(), found.step))
    }

    fn testify(&self, frame: u64) -> Result<Testimony, Failure> {
        let Loaded { tape, instruments, .. } = &self.loaded;
        pipeline::testify(tape, instruments, &self.plan, frame).ok_or_else(|| {
            Failure::failed(format_args!(
                "frame {frame}, in which it was decided, is not in the journal: its first segments \
                 may have been deleted by the quota"
            ))
        })
    }

    /// Plays it with other settings, and says where the decisions part.
    fn fork(&self, recordings: &Recordings, sets: &[String]) -> Result<String, Failure> {
        let session = &self.setup.session;
        let overlay = config::set(&session.overlay, sets).map_err(Failure::misused)?;
        let name = PathBuf::from("the configuration with --set");
        let config = Config::parse(&overlay, &name).map_err(Failure::failed)?;
        let session = journal::Session { overlay, ..session.clone() };
        let other = Session::play(recordings, Setup { config, session, is_recorded: true })?;
        Ok(compare::fork(&self.outputs, &other.outputs, self.units()))
    }

    fn name(&self, id: InstrumentId) -> String {
        self.loaded.instruments.with_id(id).map(Instrument::name).unwrap_or_default()
    }

    fn frame_text(&self, frame: u64) -> String {
        let frame = self.loaded.tape.frame(frame as usize);
        let bytes = frame.map(|frame| String::from_utf8_lossy(frame.bytes.text()).into_owned());
        bytes.unwrap_or_default()
    }

    /// All that is said of an order, in its order.
    fn reports(&self, order: OrderId) -> impl Iterator<Item = &Report> {
        self.outputs.iter().filter_map(move |output| match &output.put {
            Put::Report(report) if report.order == order => Some(report),
            _ => None,
        })
    }
}

/// As a person reads it.
impl Session {
    fn text(
        &self,
        order: OrderId,
        frame: u64,
        testimony: &Testimony,
        fork: Option<&str>,
    ) -> String {
        let mut text = format!("order {} was decided in frame {frame}\n", order.0);
        let _ = writeln!(text, "\nframe\n  {}", self.frame_text(frame));
        for said in &testimony.said {
            text.push_str(&self.told(said, testimony));
        }
        if let Some((_, routes)) = &testimony.routes {
            text.push_str("\nroutes considered\n");
            for route in routes {
                let chosen = if route.is_chosen { "chosen" } else { "not chosen" };
                let (name, cost) = (self.name(route.instrument), self.cost(route));
                let account = self.account(route.account);
                let _ = writeln!(text, "  {name} on account {account}: {chosen}; {cost}");
            }
        }
        text.push_str("\nwhat became of it\n");
        let mut about = self.reports(order).peekable();
        if about.peek().is_none() {
            text.push_str(
                "  nothing of its own: a cancel is answered under the order it cancels\n",
            );
        }
        for report in about {
            let told = told_report(report, self.units());
            let _ = writeln!(text, "  {}: {told}", report.stamp.recv_ns);
        }
        text.push_str("\ntime, ns (of this replay; reading the counter is subtracted)\n");
        for stage in Stage::ALL {
            let _ = writeln!(text, "  {:<10}{}", stage.name(), testimony.latency.stage(stage).max);
        }
        if let Some(fork) = fork {
            let _ = writeln!(text, "\nwith --set\n{fork}");
        }
        text
    }

    fn told(&self, said: &Said, testimony: &Testimony) -> String {
        match said {
            Said::View(view) => {
                let name = self.name(view.quote.instrument());
                let shown = testimony.book(view.quote.instrument());
                format!("\nbook of {name}, {}\n{}", view.quote.state.name(), ladder(shown, view))
            }
            Said::Features(features) => format!("\nfeatures\n{}", told_features(features)),
            Said::Forecast(forecast) => format!("\nforecast\n  {}\n", told_forecast(forecast)),
            Said::Intent(intent) => format!(
                "\nintent {} of strategy {}\n  {}\n",
                intent.id,
                self.strategy(intent.strategy.index()),
                self.terms(intent.instrument, &intent.terms, intent.action),
            ),
            Said::Child(child) => format!(
                "\nroute\n  {} on account {}\n",
                self.terms(child.instrument, &child.terms, child.action),
                self.account(child.account)
            ),
            Said::Order(order) => {
                format!("\nrisk: order {} approved\n{}", order.id().0, told_checks(Reasons::NONE))
            }
            Said::Denial(denial) => {
                format!("\nrisk: order {} denied\n{}", denial.id.0, told_checks(denial.reasons))
            }
            Said::Sent(bytes) => format!("\nsent\n  {}\n", String::from_utf8_lossy(bytes)),
            Said::Report(report) => {
                format!("\nreport\n  {}\n", told_report(report, self.units()))
            }
        }
    }

    fn account(&self, id: AccountId) -> String {
        let used = self.setup.config.universe.accounts.iter().filter(|account| account.enabled);
        let name = used.map(|account| account.name.clone()).nth(id.index());
        name.unwrap_or_else(|| String::from("none"))
    }

    /// What a route would cost.
    fn cost(&self, route: &Route) -> String {
        let Some(instrument) = self.loaded.instruments.with_id(route.instrument) else {
            return String::from("no such instrument");
        };
        let (price, qty) = (instrument.price_decimals, instrument.qty_decimals);
        let amount = |units: i128| {
            i64::try_from(units).map_or_else(|_| units.to_string(), |u| render(u, price + qty))
        };
        let cost = &route.cost;
        if cost.qty == 0 {
            return String::from("nothing of it can be had at once, so it rests");
        }
        format!(
            "{} at once for {}, down to {}, slippage {}, fee {}",
            render(cost.qty, qty),
            amount(cost.amount),
            render(cost.worst, price),
            amount(cost.slippage),
            amount(cost.fee)
        )
    }

    fn strategy(&self, place: usize) -> &str {
        let all = &self.plan.trading.strategy.strategies;
        all.get(place).map_or("?", |given| &given.name)
    }

    fn terms(&self, id: InstrumentId, terms: &Terms, action: Action) -> String {
        if action == Action::Cancel {
            return format!("cancel an order of {}", self.name(id));
        }
        let (price, qty) = match self.loaded.instruments.with_id(id) {
            Some(i) => (i.price_decimals, i.qty_decimals),
            None => (0, 0),
        };
        format!(
            "{} {} of {} at {}, {}",
            terms.side,
            render(terms.qty.0, qty),
            self.name(id),
            render(terms.price.0, price),
            terms.style.name()
        )
    }
}

/// The ten best levels of each side.
fn ladder(shown: Option<&Shown>, view: &View) -> String {
    let quote = &view.quote;
    let level = |level: &crate::event::Level| {
        format!(
            "{} x {}",
            render(level.price, quote.price_decimals),
            render(level.qty, quote.qty_decimals)
        )
    };
    let mut text = format!(
        "  best {} | {} (book or best quotes, whichever is newer)\n",
        level(&quote.bid),
        level(&quote.ask)
    );
    let depth = &view.depth;
    for n in 0..usize::from(depth.bid_count.max(depth.ask_count)) {
        let of = |levels: &[crate::event::Level], count: u8| {
            if n < usize::from(count) { level(&levels[n]) } else { String::from("-") }
        };
        let (bid, ask) = (of(&depth.bids, depth.bid_count), of(&depth.asks, depth.ask_count));
        let _ = writeln!(text, "  {bid:>32} | {ask}");
    }
    if let Some(shown) = shown {
        let (bids, asks) = (shown.bid_levels, shown.ask_levels);
        let _ = writeln!(text, "  {bids} bid levels and {asks} ask levels in all");
    }
    text
}

fn told_features(features: &Features) -> String {
    let mut text = String::new();
    for place in 0..FEATURES {
        let _ = write!(text, "  {:>14} {:>12.5}", Features::name(place), features.values[place]);
        if place % 4 == 3 || place + 1 == FEATURES {
            text.push('\n');
        }
    }
    let _ = writeln!(text, "  horizons that are ready: {:08b} (the shortest last)", features.ready);
    text
}

fn told_forecast(forecast: &Forecast) -> String {
    match forecast.standing {
        Standing::Ready => format!(
            "{:.4} bps over {} ms, up {:.3}, down {:.3}",
            forecast.expected_bps,
            forecast.horizon_ns / 1_000_000,
            forecast.up,
            forecast.down
        ),
        Standing::Absent => String::from("no model is meant for this instrument"),
        Standing::Warming => String::from("none yet: what it needs is not ready"),
        Standing::Failed => String::from("the model gave no number"),
    }
}

fn told_checks(failed: Reasons) -> String {
    let mut text = String::new();
    for (n, reason) in Reason::ALL.into_iter().enumerate() {
        let mark = if failed.has(reason) { "FAILED" } else { "passed" };
        let _ = write!(text, "  {:<18}{mark}", reason.name());
        if n % 4 == 3 {
            text.push('\n');
        }
    }
    text
}

/// As JSON.
impl Session {
    fn object(
        &self,
        order: OrderId,
        frame: u64,
        testimony: &Testimony,
        fork: Option<&str>,
    ) -> Value {
        let said: Vec<Value> = testimony.said.iter().map(|said| self.said_object(said)).collect();
        let reports: Vec<String> =
            self.reports(order).map(|r| told_report(r, self.units())).collect();
        let latency = testimony.latency;
        let ns = Stage::ALL.map(|stage| (stage.name().to_owned(), json!(latency.stage(stage).max)));
        let routes: Vec<Value> = testimony
            .routes
            .iter()
            .flat_map(|(_, routes)| routes)
            .map(|r| {
                json!({
                    "instrument": self.name(r.instrument),
                    "account": self.account(r.account),
                    "cost": self.cost(r),
                    "is_chosen": r.is_chosen,
                })
            })
            .collect();
        json!({
            "order": order.0,
            "frame": frame,
            "bytes": self.frame_text(frame),
            "said": said,
            "routes": routes,
            "reports": reports,
            "ns": Value::Object(ns.into_iter().collect()),
            "fork": fork,
        })
    }

    fn said_object(&self, said: &Said) -> Value {
        let by = |stage: &str, stamp: &Stamp, what: Value| {
            let (frame, recv_ns) = (stamp.frame, stamp.recv_ns.0);
            json!({ "stage": stage, "frame": frame, "recv_ns": recv_ns, "said": what })
        };
        let child = |stage: &str, child: &Child, failed: Reasons, id: OrderId| {
            let failed: Vec<_> = failed.iter().map(Reason::name).collect();
            let terms = self.terms(child.instrument, &child.terms, child.action);
            by(stage, &child.stamp, json!({ "order": id.0, "terms": terms, "failed": failed }))
        };
        match said {
            Said::View(view) => {
                let text = ladder(None, view);
                let lines: Vec<&str> = text.lines().map(str::trim).collect();
                let what = json!({
                    "book": self.name(view.quote.instrument()),
                    "state": view.quote.state.name(),
                    "levels": lines,
                });
                by("book", &view.quote.stamp, what)
            }
            Said::Features(features) => {
                let value = |place| (Features::name(place), json!(features.values[place]));
                let values: Vec<_> = (0..FEATURES).map(value).collect();
                let what = json!({
                    "values": Value::Object(values.into_iter().collect()),
                    "ready": features.ready,
                });
                by("signal", &features.stamp, what)
            }
            Said::Forecast(forecast) => {
                by("model", &forecast.stamp, json!(told_forecast(forecast)))
            }
            Said::Intent(intent) => {
                let terms = self.terms(intent.instrument, &intent.terms, intent.action);
                let strategy = self.strategy(intent.strategy.index());
                let what = json!({ "intent": intent.id, "strategy": strategy, "terms": terms });
                by("strategy", &intent.stamp, what)
            }
            Said::Child(c) => child("route", c, Reasons::NONE, OrderId::NONE),
            Said::Order(order) => child("risk", order.child(), Reasons::NONE, order.id()),
            Said::Denial(denial) => child("risk", &denial.child, denial.reasons, denial.id),
            Said::Sent(bytes) => json!({
                "stage": "dispatch",
                "said": String::from_utf8_lossy(bytes),
            }),
            Said::Report(report) => {
                let told = told_report(report, self.units());
                by("dispatch", &report.stamp, json!(told))
            }
        }
    }
}

fn contains(bytes: &[u8], text: &[u8]) -> bool {
    !text.is_empty() && bytes.windows(text.len()).any(|window| window == text)
}
