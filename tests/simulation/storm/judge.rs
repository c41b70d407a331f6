//! What is kept of a session, and what is looked at when it is over.

use std::collections::HashMap;
use std::path::Path;

use neural_kraken::base::{InstrumentId, Instruments, Nanos};
use neural_kraken::cold::{Beginning, Heard, Recorder, Scribe};
use neural_kraken::event::{BookState, View};
use neural_kraken::journal::{Options, Session};
use neural_kraken::pipeline::{
    self, Ended, Layout, Listener, Note, Output, OutputHash, Plan, Progress, Pulse, Put,
};
use neural_kraken::stage::contract::Emit;
use neural_kraken::tape::{self, Came, Tape};

use super::sky::{Sides, Sky};

/// What a seed came to.
#[derive(Debug, Default)]
pub(super) struct Told {
    pub(super) frames: u64,
    pub(super) orders: u64,
    pub(super) troubles: u64,
    pub(super) compared: u64,
    pub(super) resyncs: u64,
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
    pub(super) orders: u64,
    pub(super) frames: u64,
}

impl Listener for Keeper {
    fn heard(&mut self, heard: &Heard<'_>) {
        self.frames += u64::from(heard.came == Came::Frame);
        self.scribe.heard(heard).unwrap();
    }

    fn output(&mut self, output: &Output) {
        self.hash.add(output);
        self.orders += u64::from(matches!(output.put, Put::Sent { .. }));
        self.scribe.logged(&output.logged()).unwrap();
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
}

impl Emit<View> for Judge<'_> {
    fn emit(&mut self, view: &View) {
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
    let setup = Session { fills: true, overlay: overlay.to_owned() };
    let connections: Vec<_> = names.iter().map(|name| (*name, String::from("storm"))).collect();
    let accounts: Vec<_> =
        plan.trading.venues.iter().map(|paper| (paper.account, paper.dialect.name)).collect();
    let beginning =
        Beginning { instruments, setup: &setup, connections: &connections, accounts: &accounts };
    let options = Options { compress: false, ..Options::default() };
    let scribe = Recorder::new(dir, options).unwrap().begin(&beginning, now).unwrap();
    Keeper { scribe, hash: OutputHash::default(), orders: 0, frames: 0 }
}

/// Looks at a session that is over: at its journal, its books, its orders.
pub(super) fn judge(
    dir: &Path,
    instruments: &Instruments,
    plan: &Plan,
    keeper: Keeper,
    ended: &Ended,
    sky: &mut Sky<'_>,
) -> Result<Told, Fault> {
    let Keeper { scribe, hash, orders, frames } = keeper;
    scribe.finish().map_err(|why| why.to_string())?;
    if ended.lost > 0 {
        let why = format!("{} frames were lost on their way to the journal", ended.lost);
        return Err(Fault::Wrong(why));
    }
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
    let mut judge = Judge {
        tape: &tape,
        truth: &mut sky.truth,
        compared: 0,
        wrong: None,
        states: vec![BookState::Empty; instruments.len()],
    };
    pipeline::watch(&tape, instruments, plan, &mut judge);
    if let Some(wrong) = judge.wrong {
        return Err(Fault::Wrong(wrong));
    }
    let compared = judge.compared;
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
    })
}
