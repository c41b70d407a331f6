//! The live machine on lines that a recording plays: what it hears it journals, and the journal
//! replays to the same orders.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};

use neural_kraken::base::{ConnectionId, InstrumentId, Nanos};
use neural_kraken::cold::{Beginning, Heard, Recorder, Scribe};
use neural_kraken::config::Config;
use neural_kraken::event::Resync;
use neural_kraken::journal::{Fills, Options, Session as Setup};
use neural_kraken::pipeline::{
    self, Carrier, Ended, Event, Listener, Live, Note, Output, OutputHash, Plan, Progress, Pulse,
    Put, Station, Trading, live,
};
use neural_kraken::stage::book;
use neural_kraken::tape::{self, Spec, Tape};
use neural_kraken::venue::session::{
    Action, Actions, Address, Answer, Failure, FetchId, Line, Pass, Reason, Session, Stage, State,
    Tally,
};
use neural_kraken::venue::trade::Task;

use super::machine::{plan, tape as recorded};

/// A session that has nothing to see to: all that comes is the feed's. It says once that its
/// connection began anew.
#[derive(Debug)]
struct Follower {
    connection: ConnectionId,
    resets_at: Nanos,
}

impl Session for Follower {
    fn poll(&mut self, now: Nanos, out: &mut Actions) {
        if now >= self.resets_at {
            self.resets_at = Nanos(i64::MAX);
            let (connection, about) = (self.connection, InstrumentId::NONE);
            out.push(Action::Reset { connection, about });
        }
    }

    fn begin(&mut self, _now: Nanos) {}

    fn is_described(&self) -> bool {
        true
    }

    fn opened(&mut self, _line: Line, _now: Nanos, _out: &mut Actions) {}

    fn failed(&mut self, _line: Line, _failure: &Failure, _now: Nanos, _out: &mut Actions) {}

    fn closed(&mut self, _line: Line, _code: u16, _now: Nanos, _out: &mut Actions) {}

    fn pinged(&mut self, _line: Line, _now: Nanos) {}

    fn frame(&mut self, _line: Line, _bytes: &[u8], _now: Nanos, _out: &mut Actions) -> Pass {
        Pass::Feed(self.connection)
    }

    fn fetched(
        &mut self,
        id: FetchId,
        _answer: &Answer<'_>,
        _now: Nanos,
        _out: &mut Actions,
    ) -> Pass {
        Pass::Snapshot(self.connection, InstrumentId(id.0))
    }

    fn resync(&mut self, _resync: &Resync, _now: Nanos, _out: &mut Actions) {}

    fn state(&self) -> State {
        State::new(Stage::Live, Reason::Ordinary, Nanos(0))
    }

    fn line_state(&self, _index: u8) -> Option<State> {
        None
    }

    fn symbol_state(&self, _id: InstrumentId) -> Option<State> {
        None
    }

    fn tally(&self) -> Tally {
        Tally::default()
    }
}

/// Plays a recording as lines: time goes on in steps of 30 ms, and a second is left silent.
struct Player<'a> {
    tape: &'a Tape,
    next: usize,
    now: Nanos,
    silence: (Nanos, Nanos),
    stop: &'a AtomicBool,
}

const LINE: Line = Line { index: 0, attempt: 1 };

impl Carrier for Player<'_> {
    fn act(&mut self, _venue: usize, _action: &Action) {}

    // A recording holds no private side: no line to it opens, and no question is answered.
    fn task(&mut self, _venue: usize, _task: &Task) {}

    fn send(&mut self, _venue: usize, _line: Line, _text: &[u8]) -> bool {
        false
    }

    fn keep(&mut self, _venue: usize, _address: &Address, _connections: usize) {}

    fn post(&mut self, _venue: usize, _id: FetchId, _to: &Address, _text: &[u8]) {}

    fn poll(&mut self) -> Option<Event<'_>> {
        let Some(frame) = self.tape.frame(self.next) else {
            self.stop.store(true, Ordering::Relaxed);
            return None;
        };
        let is_silent = self.now >= self.silence.0 && self.now < self.silence.1;
        if frame.recv_ns > self.now || is_silent {
            self.now.0 += 30_000_000;
            return None;
        }
        self.next += 1;
        let venue = frame.connection.index();
        Some(match frame.about {
            InstrumentId::NONE => Event::Frame {
                venue,
                line: LINE,
                recv_ns: self.now,
                arrived_tsc: 1,
                bytes: frame.bytes,
            },
            about => Event::Answer {
                venue,
                id: FetchId(about.0),
                status: 200,
                retry_after_ns: 0,
                used_weight: None,
                body: frame.bytes,
                why: None,
            },
        })
    }

    fn now(&self) -> Nanos {
        self.now
    }
}

/// Journals what is heard, and keeps the hash of what goes out.
struct Keeper {
    scribe: Scribe,
    hash: OutputHash,
    orders: usize,
    beats: usize,
}

impl Listener for Keeper {
    fn heard(&mut self, heard: &Heard<'_>) {
        self.beats += usize::from(heard.came == tape::Came::Beat);
        self.scribe.heard(heard).unwrap();
    }

    fn output(&mut self, output: &Output) {
        self.hash.add(output);
        self.orders += usize::from(matches!(output.put, Put::Sent { .. }));
        self.scribe.logged(&output.logged()).unwrap();
    }

    fn note(&mut self, _note: &Note) {}

    fn pulse(&mut self, _pulse: &Pulse) {}
}

fn folder(name: &str) -> PathBuf {
    let path = std::env::temp_dir().join(format!("neural-kraken-{name}-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&path);
    path
}

#[test]
fn a_live_session_replays_to_its_own_orders() {
    let (tape, mut instruments) = recorded(&["kraken", "binance", "coinbase"]);
    let plan = plan(pipeline::Layout::One, &mut instruments);
    let dir = folder("live");
    let setup = Setup { fills: Fills::Paper, epoch: 0, overlay: String::new() };
    let connections: Vec<_> =
        tape.sources().iter().map(|s| (s.dialect.name, String::from("wss://somewhere"))).collect();
    let accounts: Vec<_> =
        plan.trading.venues.iter().map(|paper| (paper.account, paper.dialect.name)).collect();
    let beginning = Beginning {
        instruments: &instruments,
        setup: &setup,
        connections: &connections,
        accounts: &accounts,
    };
    let begin = tape.frame(0).unwrap().recv_ns;
    let recorder = Recorder::new(&dir, Options::default()).unwrap();
    let scribe = recorder.begin(&beginning, begin).unwrap();
    let mut keeper = Keeper { scribe, hash: OutputHash::default(), orders: 0, beats: 0 };
    let after = |seconds: i64| Nanos(begin.0 + seconds * Nanos::SECOND);
    let mut stations: Vec<Station> = tape
        .sources()
        .iter()
        .enumerate()
        .map(|(n, source)| Station {
            dialect: source.dialect,
            session: Box::new(Follower {
                connection: ConnectionId(n as u16),
                resets_at: if n == 0 { after(45) } else { Nanos(i64::MAX) },
            }),
        })
        .collect();
    let stop = AtomicBool::new(false);
    let silence = (after(30), after(31));
    let mut player = Player { tape: &tape, next: 0, now: begin, silence, stop: &stop };
    let machine = Live {
        carrier: &mut player,
        members: &mut [],
        stations: &mut stations,
        stop: &stop,
        cores: &[],
        waits: true,
    };
    let Ended { outcome, lost, .. } = live(machine, &instruments, &plan, &mut keeper).unwrap();
    assert_eq!((lost, outcome.counts.refused), (0, 0));
    assert!(keeper.orders > 20, "{} orders", keeper.orders);
    assert!(keeper.beats >= 8, "{} beats in a second of silence", keeper.beats);
    let hash = keeper.hash.text();
    keeper.scribe.finish().unwrap();

    let spec = Spec { dialect: None, format: tape::format("journal").unwrap(), path: dir.clone() };
    let mut journal = Tape::load(&[spec], &mut |_, _| {}).unwrap();
    let mut again = tape::survey(&mut journal, &[], &[]).unwrap().instruments;
    let config = Config::load(None).unwrap();
    let (resolved, _) = config.resolve_onto(&mut again);
    let trading = Trading::new(&config, &resolved, &book::Settings::default(), Fills::Paper);
    for layout in [pipeline::Layout::One, pipeline::Layout::VenuePerCore] {
        let plan = Plan { layout, trading: trading.clone(), pin: false, ..Plan::default() };
        let replayed = pipeline::replay(&journal, &again, &plan, &Progress::default()).unwrap();
        assert_eq!(pipeline::hash(&replayed.outputs), hash, "{layout:?}");
        assert_eq!(replayed.counts, outcome.counts, "{layout:?}");
    }
    let _ = std::fs::remove_dir_all(&dir);
}
