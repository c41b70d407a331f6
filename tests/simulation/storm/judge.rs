//! What is kept of a session, and what is looked at when it is over.

use std::collections::HashMap;
use std::path::Path;

use neural_kraken::base::{AssetId, InstrumentId, Instruments, Nanos};
use neural_kraken::cold::{Beginning, Heard, Recorder, Scribe};
use neural_kraken::event::{BookState, Reply, View};
use neural_kraken::journal::{Fills, Options, Session};
use neural_kraken::pipeline::{
    self, Ended, Layout, Listener, Note, Output, OutputHash, Plan, Progress, Pulse,
};
use neural_kraken::stage::contract::Emit;
use neural_kraken::tape::{self, Came, Tape};

use super::audit::Audit;
use super::sky::{Sides, Sky};

/// Allocations of the hot thread in one seed: a session makes some when it is told what is
/// subscribed or listed. Frames, of which a seed has ten thousand, make none.
const HEAP_MAX: u64 = 1_000;

/// What a seed came to.
#[derive(Debug, Default)]
pub(super) struct Told {
    pub(super) frames: u64,
    pub(super) orders: u64,
    pub(super) troubles: u64,
    pub(super) compared: u64,
    pub(super) resyncs: u64,
    pub(super) fills: u64,
    pub(super) denied: u64,
}

impl Told {
    pub(super) fn add(&mut self, told: &Told) {
        let Told { frames, orders, troubles, compared, resyncs, fills, denied } = told;
        self.frames += frames;
        self.orders += orders;
        self.troubles += troubles;
        self.compared += compared;
        self.resyncs += resyncs;
        self.fills += fills;
        self.denied += denied;
    }
}

/// Why a seed failed.
pub(super) enum Fault {
    /// Something was wrong.
    Wrong(String),
    /// Some books were not live at the end.
    NotHealed(String),
}

impl From<String> for Fault {
    fn from(why: String) -> Fault {
        Fault::Wrong(why)
    }
}

/// Keeps what the machine hears and puts out.
pub(super) struct Keeper {
    pub(super) scribe: Scribe,
    pub(super) hash: OutputHash,
    /// All that went out and came back.
    pub(super) outputs: Vec<Output>,
    pub(super) frames: u64,
}

impl Listener for Keeper {
    fn heard(&mut self, heard: &Heard<'_>) {
        self.frames += u64::from(heard.came == Came::Frame);
        self.scribe.heard(heard).unwrap();
    }

    fn output(&mut self, output: &Output) {
        self.hash.add(output);
        self.scribe.logged(&output.logged()).unwrap();
        self.outputs.push(output.clone());
    }

    fn note(&mut self, note: &Note) {
        if std::env::var_os("NEURAL_KRAKEN_TELL").is_some() {
            eprintln!("{note:?}");
        }
    }

    fn pulse(&mut self, _pulse: &Pulse) {}
}

/// Compares each view of a live book with what its venue's was when it sent the frame.
pub(super) struct Judge<'a> {
    pub(super) tape: &'a Tape,
    pub(super) truth: &'a mut HashMap<Vec<u8>, Vec<(InstrumentId, Sides)>>,
    pub(super) compared: u64,
    pub(super) wrong: Option<String>,
    /// States by instrument, as of the last view, with its frame.
    pub(super) states: Vec<BookState>,
    /// Outputs that have not been audited.
    outputs: std::iter::Peekable<std::slice::Iter<'a, Output>>,
    audit: Audit<'a>,
}

impl Emit<View> for Judge<'_> {
    fn emit(&mut self, view: &View) {
        while let Some(output) = self.outputs.next_if(|o| o.step < view.quote.stamp.frame) {
            self.audit.on_output(output);
        }
        self.audit.on_view(view);
        let id = view.quote.instrument();
        self.states[id.index()] = view.quote.state;
        let number = view.quote.stamp.frame;
        if view.quote.state != BookState::Live || view.depth.frame != number {
            return;
        }
        let Some(frame) = self.tape.frame(number as usize) else { return };
        // The second time that the same bytes come, the book may have gone on.
        let Some(books) = self.truth.get_mut(frame.bytes.text()) else { return };
        let Some(place) = books.iter().position(|(of, _)| *of == id) else { return };
        let (_, [bids, asks]) = books.swap_remove(place);
        let ours = [
            &view.depth.bids[..usize::from(view.depth.bid_count)],
            &view.depth.asks[..usize::from(view.depth.ask_count)],
        ];
        self.compared += 1;
        if ours != [&bids[..], &asks[..]] && self.wrong.is_none() {
            self.wrong = Some(format!(
                "frame {number}: book {} is {ours:?}, its venue's was {bids:?} {asks:?}; {}",
                id.0,
                String::from_utf8_lossy(frame.bytes.text()).chars().take(400).collect::<String>()
            ));
        }
    }
}

pub(super) fn journal(
    dir: &Path,
    instruments: &Instruments,
    plan: &Plan,
    names: &[&'static str],
    overlay: &str,
    now: Nanos,
) -> Keeper {
    let setup = Session { fills: Fills::Paper, epoch: 0, overlay: overlay.to_owned() };
    let connections: Vec<_> = names.iter().map(|name| (*name, String::from("storm"))).collect();
    let accounts: Vec<_> =
        plan.trading.venues.iter().map(|paper| (paper.account, paper.dialect.name)).collect();
    let beginning =
        Beginning { instruments, setup: &setup, connections: &connections, accounts: &accounts };
    let options = Options { compress: false, ..Options::default() };
    let scribe = Recorder::new(dir, options).unwrap().begin(&beginning, now).unwrap();
    Keeper { scribe, hash: OutputHash::default(), outputs: Vec::new(), frames: 0 }
}

/// Looks at a session that is over: at its journal, its books, its orders.
pub(super) fn judge(
    dir: &Path,
    instruments: &Instruments,
    plan: &Plan,
    keeper: Keeper,
    mut ended: Ended,
    sky: &mut Sky<'_>,
) -> Result<Told, Fault> {
    let Keeper { scribe, hash, outputs, frames } = keeper;
    scribe.finish().map_err(|why| why.to_string())?;
    if ended.lost > 0 {
        let why = format!("{} frames were lost on their way to the journal", ended.lost);
        return Err(Fault::Wrong(why));
    }
    sky.check_bounds()?;
    let tape = reload(dir, instruments)?;
    let mut judge = Judge {
        tape: &tape,
        truth: &mut sky.truth,
        compared: 0,
        wrong: None,
        states: vec![BookState::Empty; instruments.len()],
        outputs: outputs.iter().peekable(),
        audit: Audit::new(instruments, &plan.trading),
    };
    pipeline::watch(&tape, instruments, plan, &mut judge);
    if let Some(wrong) = judge.wrong {
        return Err(Fault::Wrong(wrong));
    }
    let compared = judge.compared;
    let (audit, rest) = (&mut judge.audit, judge.outputs);
    rest.for_each(|output| audit.on_output(output));
    settle(audit, plan, &mut ended);
    if !audit.wrong.is_empty() {
        return Err(Fault::Wrong(audit.wrong.join("\n")));
    }
    let (orders, fills) = (audit.placed, audit.fills);
    if ended.outcome.allocations.is_none_or(|counts| counts.allocations > HEAP_MAX) {
        let why = format!("the hot thread used the heap: {:?}", ended.outcome.allocations);
        return Err(Fault::Wrong(why));
    }
    let dead: Vec<String> = instruments
        .iter()
        .filter(|i| judge.states[i.id.index()] != BookState::Live)
        .map(|i| format!("{} is {:?}", i.name(), judge.states[i.id.index()]))
        .collect();
    if !dead.is_empty() {
        return Err(Fault::NotHealed(dead.join(", ")));
    }
    let plan = Plan { layout: Layout::One, ..plan.clone() };
    let replayed = pipeline::replay(&tape, instruments, &plan, &Progress::default())
        .map_err(|why| why.to_string())?;
    if pipeline::hash(&replayed.outputs) != hash.text() {
        return Err(Fault::Wrong(String::from("the journal replays to another hash")));
    }
    Ok(Told {
        frames,
        orders,
        troubles: sky.troubles,
        compared,
        resyncs: ended.outcome.integrity.resyncs,
        fills,
        denied: ended.outcome.denied.iter().sum(),
    })
}

/// A session's journal as a tape, with the same instruments.
fn reload(dir: &Path, instruments: &Instruments) -> Result<Tape, Fault> {
    let spec = tape::Spec {
        dialect: None,
        format: tape::format("journal").unwrap(),
        path: dir.to_owned(),
    };
    let mut tape = Tape::load(&[spec], &mut |_, _| {}).map_err(|why| why.to_string())?;
    let again = tape::survey(&mut tape, &[], &[]).map_err(|why| why.to_string())?.instruments;
    for (a, b) in instruments.iter().zip(&again) {
        if (a.venue, a.symbol) != (b.venue, b.symbol) {
            let why = format!("the journal numbers {} as {}", b.name(), a.name());
            return Err(Fault::Wrong(why));
        }
    }
    Ok(tape)
}

/// Hears what venues still have to say, then compares what accounts hold with their fills.
fn settle(audit: &mut Audit<'_>, plan: &Plan, ended: &mut Ended) {
    struct Heard<'h, 'a>(&'h mut Audit<'a>);
    impl Emit<Reply> for Heard<'_, '_> {
        fn emit(&mut self, reply: &Reply) {
            self.0.on_reply(reply);
        }
    }
    for venue in &mut ended.outcome.venues {
        while let Some(next) = venue.exchange.next() {
            venue.exchange.advance(next, &mut Heard(audit));
        }
        for n in 0..plan.trading.risk.decimals.len() {
            let asset = AssetId(n as u16);
            let Some(balance) = venue.exchange.balance(asset) else { continue };
            audit.settle(venue.account, asset, balance.free + balance.reserved);
        }
    }
}
