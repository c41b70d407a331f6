//! A model stage with a network on a thread of its own, and the same stage told by a journal.

use std::sync::Arc;
use std::time::Duration;

use super::*;
use crate::base::{Instrument, InstrumentId, Instruments, Nanos, Symbol};
use crate::event::{BookState, Features, Forecast, Late, Outlook, Seen, Standing, View};
use crate::journal::Told;
use crate::neural::{Engine, Form as Shape, Level, State, invented};
use crate::stage::contract::{Emit, On};
use crate::stage::model::{self, Elsewhere, Form, Given, Inputs, Models, Outputs, Settings};
use crate::sys::deadline::Deadline;

/// Our own engine as if it were another's.
struct Own {
    engine: Arc<Engine>,
    state: State,
    delay: Duration,
}

impl Foreign for Own {
    fn reset(&mut self) {
        self.state.reset();
    }

    fn run(&mut self, rows: &[f32], out: &mut Vec<f32>) -> Result<(), String> {
        std::thread::park_timeout(self.delay);
        out.resize(self.engine.outputs(), 0.0);
        self.engine.step(&mut self.state, rows, out);
        Ok(())
    }
}

#[derive(Default)]
struct Ear(Option<Forecast>);

impl Emit<Outlook<'_>> for Ear {
    fn emit(&mut self, outlook: &Outlook<'_>) {
        self.0 = Some(*outlook.forecast);
    }
}

const OUTPUTS: Outputs = Outputs::Classes { down: 0, up: 2, move_bps: 3.0 };

fn engine() -> Arc<Engine> {
    let mut drawn = invented(3, &[8], 3, 5);
    drawn.form = Shape::Streaming;
    Arc::new(Engine::new(&drawn, Level::detect()).unwrap())
}

fn inputs() -> Inputs {
    Inputs { places: vec![0, 1, 2], mean: vec![0.1; 3], factor: vec![2.0; 3] }
}

fn models(form: Form, deadline_ns: i64) -> Models {
    let mut instruments = Instruments::default();
    for name in [b"ONE", b"TWO"] {
        let symbol = Symbol::new(name).unwrap();
        instruments.add(Instrument::plain("venue", symbol, 2, 8)).unwrap();
    }
    let given = Given {
        name: String::from("beside"),
        horizon_ns: Nanos::SECOND,
        instruments: vec![InstrumentId(1), InstrumentId(0)],
        form,
        deadline_ns,
    };
    Models::new(&instruments, &Settings { models: vec![given] })
}

fn beside() -> Models {
    let age_ns_max = 20 * Nanos::MILLI;
    let of = Elsewhere { inputs: inputs(), warmup: 2, pace_ns: 0, age_ns_max };
    models(Form::Beside(of), 0)
}

/// Step `n`: its instrument, its book's state, its features.
fn step(n: u64) -> (View, Features) {
    let mut view = View::default();
    view.quote.instrument = (n % 2) as u32;
    view.quote.state = if n % 97 == 96 { BookState::Stale } else { BookState::Live };
    view.quote.stamp.frame = n;
    view.quote.stamp.recv_ns = Nanos(n as i64 * Nanos::MILLI);
    let mut features = Features { ready: u8::MAX, ..Features::default() };
    for (k, value) in (0..).zip(&mut features.values) {
        *value = ((n * 29 + k * 13) % 31) as f32 / 31.0;
    }
    (view, features)
}

fn forecast(models: &mut Models, n: u64) -> Said {
    let (view, features) = step(n);
    let mut ear = Ear::default();
    models.on(&Seen { view: &view, features: &features }, &mut ear);
    let made = ear.0.unwrap();
    (made.standing, made.expected_bps.to_bits(), made.up.to_bits())
}

fn seats(models: &Models, delay: Duration) -> Vec<Seat> {
    let engine = engine();
    let seat = |id| {
        let own = Own { state: engine.state(), engine: Arc::clone(&engine), delay };
        Seat::new(id, Box::new(own), OUTPUTS, (3, 1, 2))
    };
    models.instruments(0).into_iter().map(seat).collect()
}

const STEPS: u64 = 600;

/// A forecast's standing and the bits of its numbers.
type Said = (Standing, u32, u32);

/// The step before which the stage is told, the record's bytes, and what it is about.
type Recorded = (u64, Vec<u8>, u32);

/// Runs the stage beside a thread as a driver does; what was said, and what was journalled.
fn live(delay: Duration, pause: Duration) -> (Vec<Said>, Vec<Recorded>) {
    let mut models = beside();
    let (mut adviser, letters) = Adviser::start(seats(&models, delay)).unwrap();
    assert!(models.post(0, Box::new(letters)));
    let (mut said, mut journal) = (Vec::new(), Vec::new());
    for n in 0..STEPS {
        adviser.poll(|advice| {
            let told = Told::Advice(*advice);
            journal.push((n, told.encode(), told.about().0));
            models.advise(advice);
        });
        said.push(forecast(&mut models, n));
        std::thread::park_timeout(pause);
    }
    let tally = adviser.finish().unwrap();
    assert!(tally.asked > 0 && tally.failed == 0, "{tally:?}");
    (said, journal)
}

/// The same stage without a thread.
fn replay(journal: &[Recorded]) -> Vec<Said> {
    let mut models = beside();
    let mut told = journal.iter().peekable();
    let mut step = |n| {
        while let Some((_, bytes, about)) = told.next_if(|(step, ..)| *step <= n) {
            let Some(Told::Advice(advice)) = Told::decode(InstrumentId(*about), bytes) else {
                panic!("an advice");
            };
            models.advise(&advice);
        }
        forecast(&mut models, n)
    };
    (0..STEPS).map(&mut step).collect()
}

#[test]
fn a_replay_that_is_told_what_the_thread_said_gives_the_same_forecasts() {
    let span = Duration::from_micros(150);
    for (delay, pause) in [(Duration::ZERO, span), (span, span), (20 * span, span / 3)] {
        let (said, journal) = live(delay, pause);
        assert_eq!(replay(&journal), said, "{delay:?}");
        assert!(said.iter().any(|(standing, ..)| *standing == Standing::Warming));
        if delay < pause {
            let ready = said.iter().filter(|(standing, ..)| *standing == Standing::Ready);
            assert!(ready.count() > 10, "a thread that keeps up is heard");
        }
    }
}

#[test]
fn what_the_thread_says_is_what_the_network_says_of_the_same_rows() {
    let mut models = beside();
    let (mut adviser, letters) = Adviser::start(seats(&models, Duration::ZERO)).unwrap();
    models.post(0, Box::new(letters));
    let engine = engine();
    let (mut state, mut out) = (engine.state(), [0.0; 3]);
    for n in (0..40).step_by(2) {
        forecast(&mut models, n);
        let (_, features) = step(n);
        let row = [0, 1, 2].map(|place| (features.values[place] - 0.1) * 2.0);
        assert!(engine.step(&mut state, &row, &mut out));
        // The thread is waited for, so that each row has its advice.
        let (end, mut heard) = (Deadline::after(Duration::from_secs(20)), None);
        while n >= 2 && heard.is_none() && end.left().is_some() {
            adviser.poll(|advice| heard = Some(*advice));
            std::thread::yield_now();
        }
        let Some(heard) = heard else { continue };
        let expected = OUTPUTS.expected(&out).unwrap();
        assert_eq!((heard.instrument, heard.serial), (0, n / 2 + 1));
        assert_eq!(
            (heard.bps.to_bits(), heard.up.to_bits()),
            (expected.bps.to_bits(), expected.up.to_bits())
        );
    }
    let tally = adviser.finish().unwrap();
    // The first row, which has no advice, may be seen together with the second one.
    assert!((19..=20).contains(&tally.asked), "{tally:?}");
    assert_eq!(tally, Tally { asked: tally.asked, ..Tally::default() });
}

#[test]
fn a_replay_that_knows_what_was_late_gives_the_same_forecasts() {
    let network = model::Network {
        engine: engine(),
        inputs: inputs(),
        outputs: OUTPUTS,
        warmup: 2,
        pace_ns: 0,
    };
    let clock = crate::sys::clock::Clock::calibrate(Duration::from_millis(2));
    // A nanosecond: nearly all are late, and by the host's leave some are not.
    let mut live = models(Form::Lstm(network.clone()), 1);
    let (watch, mut told) = stopwatch(clock);
    live.watch(Box::new(watch));
    let said: Vec<_> = (0..STEPS).map(|n| forecast(&mut live, n)).collect();
    let mut journal: Vec<(Vec<u8>, u32)> = Vec::new();
    while let Some(late) = told.pop() {
        let told = Told::Late(late);
        journal.push((told.encode(), told.about().0));
    }
    assert_eq!(live.counts().late, journal.len() as u64);
    assert!(live.counts().late > STEPS / 2, "{:?}", live.counts());
    // As if half of them had been in time.
    let late = |(bytes, about): &(Vec<u8>, u32)| match Told::decode(InstrumentId(*about), bytes) {
        Some(Told::Late(late)) => late,
        other => panic!("{other:?}"),
    };
    let all: Vec<Late> = journal.iter().map(late).collect();
    let mut again = models(Form::Lstm(network.clone()), 1);
    again.watch(Box::new(Known::new(all.clone())));
    assert_eq!((0..STEPS).map(|n| forecast(&mut again, n)).collect::<Vec<_>>(), said);
    let mut half = models(Form::Lstm(network), 1);
    half.watch(Box::new(Known::new(all.into_iter().step_by(2))));
    let said: Vec<_> = (0..STEPS).map(|n| forecast(&mut half, n).0).collect();
    let ready = said.iter().filter(|standing| **standing == Standing::Ready).count();
    assert!(ready > STEPS as usize / 4, "what is not known as late counts");
}

#[cfg(feature = "ort")]
#[test]
#[ignore = "needs ONNX Runtime: scripts/onnxruntime.sh"]
fn onnx_runtime_on_the_thread_says_what_our_engine_says() {
    use crate::neural::{Meta, Runtime, write};

    let mut drawn = invented(3, &[8], 3, 5);
    drawn.form = Shape::Streaming;
    let meta = Meta { temperature: 1.0, ..Meta::default() };
    let file = write(&drawn, &meta).unwrap();
    let mut models = beside();
    let seat = |id| {
        let runtime = Runtime::new(&file, &[1, 1, 3]).unwrap();
        Seat::new(id, Box::new(runtime), OUTPUTS, (3, 1, 2))
    };
    let seats = models.instruments(0).into_iter().map(seat).collect();
    let (mut adviser, letters) = Adviser::start(seats).unwrap();
    models.post(0, Box::new(letters));
    let engine = engine();
    let (mut state, mut out, mut compared) = (engine.state(), [0.0; 3], 0);
    for n in (0..40).step_by(2) {
        forecast(&mut models, n);
        let (_, features) = step(n);
        let row = [0, 1, 2].map(|place| (features.values[place] - 0.1) * 2.0);
        assert!(engine.step(&mut state, &row, &mut out));
        let (end, mut heard) = (Deadline::after(Duration::from_secs(20)), None);
        while n >= 2 && heard.is_none() && end.left().is_some() {
            adviser.poll(|advice| heard = Some(*advice));
            std::thread::yield_now();
        }
        let Some(heard) = heard else { continue };
        let expected = OUTPUTS.expected(&out).unwrap();
        assert!((heard.bps - expected.bps).abs() < 1e-5, "{heard:?} for {expected:?}");
        assert!((heard.up - expected.up).abs() < 1e-5, "{heard:?} for {expected:?}");
        compared += 1;
    }
    assert_eq!((compared, adviser.finish().unwrap().failed), (19, 0));
}
