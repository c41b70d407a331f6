//! The vows of the hot path, over whole recordings, in every layout: no allocation after start and
//! no page fault once it is warm. `malloc` from C is counted, too (`foreign.rs`).

use std::path::Path;

use neural_kraken::base::Instruments;
use neural_kraken::config::Config;
use neural_kraken::event::Action;
use neural_kraken::journal::Fills;
use neural_kraken::pipeline::{self, Layout, Output, Plan, Progress, Put, Trading};
use neural_kraken::stage::book::Settings;
use neural_kraken::sys::alloc;

use super::Case;
use super::source::{ALL, Recording};

pub(crate) fn cases() -> Vec<Case> {
    let mut cases: Vec<Case> = ALL
        .iter()
        .map(|recording| {
            let name = format!("vows::{}_is_played_without_an_allocation", recording.name);
            let run: Box<dyn FnOnce() + Send> = Box::new(move || keep(*recording));
            (name, run)
        })
        .collect();
    cases.push(("vows::spot_btc_leads_to_a_hundred_orders".into(), Box::new(orders_are_placed)));
    cases.push((
        "vows::a_network_steps_without_an_allocation".into(),
        Box::new(a_network_steps) as Box<dyn FnOnce() + Send>,
    ));
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    cases.push(("vows::c_code_is_counted_like_ours".into(), Box::new(super::foreign::is_counted)));
    cases
}

fn keep(recording: Recording) {
    assert!(alloc::is_counting(), "the test binary's allocator counts");
    let (tape, mut instruments) = recording.load();
    let mut hashes = Vec::new();
    // Eight threads on few cores take their time, so that layout is played once.
    for (layout, runs) in [(Layout::One, 3), (Layout::VenuePerCore, 3), (Layout::StagePerCore, 1)] {
        let plan = Plan { layout, trading: trading(&mut instruments), ..Plan::default() };
        for _ in 0..runs {
            let progress = Progress::default();
            let outcome = pipeline::replay(&tape, &instruments, &plan, &progress).unwrap();
            let counts = outcome.allocations.unwrap();
            assert_eq!((counts.allocations, counts.frees), (0, 0), "{layout:?}");
            assert_eq!(outcome.page_faults, 0, "page faults, {layout:?}");
            hashes.push(pipeline::hash(&outcome.outputs));
        }
    }
    assert!(hashes.windows(2).all(|pair| pair[0] == pair[1]), "every run orders the same");
}

/// Trading as the manual has it.
fn trading(instruments: &mut Instruments) -> Trading {
    let config = Config::load(None).unwrap();
    let (resolved, _) = config.resolve_onto(instruments);
    Trading::new(&config, &resolved, &Settings::default(), Fills::Paper)
}

/// The spot recording leads to orders enough to say something of what they take.
fn orders_are_placed() {
    let (tape, mut instruments) = super::source::SPOT.load();
    let plan = Plan { trading: trading(&mut instruments), ..Plan::default() };
    let outcome = pipeline::replay(&tape, &instruments, &plan, &Progress::default()).unwrap();
    let is_order = |output: &&Output| matches!(output.put, Put::Sent { action: Action::Place, .. });
    let orders = outcome.outputs.iter().filter(is_order).count();
    assert!(orders >= 100, "{orders} orders");
    let is_fill = |output: &&Output| matches!(output.put, Put::Report(report) if report.is_fill());
    assert!(outcome.outputs.iter().filter(is_fill).count() >= 50);
}

/// The network that comes with the program, in place of the weighted sum: it has a word, it takes
/// no memory, and what follows is the same in every layout.
fn a_network_steps() {
    const NETWORK: &str = r#"
        [[models]]
        name = "touch"
        enabled = false

        [[models]]
        name = "net"
        kind = "lstm"
        file = "built-in/spot_btcusdt_2s"
        instruments = "all"
        move_bps = "1.1"
    "#;
    let (tape, mut instruments) = super::source::SPOT.load();
    let config = Config::parse(NETWORK, Path::new("net.toml")).unwrap();
    let (resolved, _) = config.resolve_onto(&mut instruments);
    let trading = Trading::new(&config, &resolved, &Settings::default(), Fills::Paper);
    let mut hashes = Vec::new();
    for layout in [Layout::One, Layout::VenuePerCore] {
        let plan = Plan { layout, trading: trading.clone(), ..Plan::default() };
        let outcome = pipeline::replay(&tape, &instruments, &plan, &Progress::default()).unwrap();
        let counts = outcome.allocations.unwrap();
        assert_eq!((counts.allocations, counts.frees), (0, 0), "{layout:?}");
        assert_eq!(outcome.page_faults, 0, "page faults, {layout:?}");
        hashes.push(pipeline::hash(&outcome.outputs));
    }
    assert_eq!(hashes[0], hashes[1]);
    // Without any model there are no forecasts to trade on: the network's have led to orders.
    let without = NETWORK.replacen("kind", "enabled = false\nkind", 1);
    let config = Config::parse(&without, Path::new("none.toml")).unwrap();
    let (resolved, _) = config.resolve_onto(&mut instruments);
    let trading = Trading::new(&config, &resolved, &Settings::default(), Fills::Paper);
    let plan = Plan { trading, ..Plan::default() };
    let outcome = pipeline::replay(&tape, &instruments, &plan, &Progress::default()).unwrap();
    assert_ne!(pipeline::hash(&outcome.outputs), hashes[0], "its word changes what is ordered");
}
