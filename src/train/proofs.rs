//! Proofs of the whole: what can be learned is, what cannot is not, and the same again.

use super::checkpoint::{Checkpoint, CheckpointError};
use super::course::Course;
use super::experiment::{Moment, Plan, TrainError, Trained, run, transfer};
use super::fit::Recipe;
use super::judge::lean;
use super::net::{Chance, Shape};
use super::row::{Horizon, Label, Moved, Sheet, Thinning};
use super::{export, fit, row};
use crate::base::Nanos;
use crate::event::{BookState, Features, HORIZONS, Level, Now, Over, Seen, View};
use crate::neural::{Engine, Form, Level as Set, read, write};
use crate::stage::contract::Emit;

/// A market that goes where two features pointed one view and two views ago: no single row says it.
/// With `is_told` false the features are of another market.
fn market(views: usize, seed: u64, is_told: bool) -> Sheet {
    let (mut chance, mut other) = (Chance::new(seed, 1), Chance::new(seed, 2));
    let mut sheet = Sheet::new(1, [1; HORIZONS], Thinning { every: 1, pace_ns: 0 });
    let (mut price, mut flows) = (1_000_000, [0.0_f32; 3]);
    for at in 0..views {
        let said = 2.0 * chance.unit() - 1.0;
        flows = [said, flows[0], flows[1]];
        price += if flows[1] + flows[2] > 0.0 { 3 } else { -3 };
        let mut view = View::default();
        view.quote.stamp.recv_ns = Nanos(1_000 * at as i64);
        view.quote.state = BookState::Live;
        view.quote.bid = Level { price, qty: 1 };
        view.quote.ask = Level { price: price + 1, qty: 1 };
        let mut features = Features { ready: u8::MAX, ..Features::default() };
        let shown = if is_told { said } else { 2.0 * other.unit() - 1.0 };
        features.values[Features::place(Over::OrderFlow, 0)] = shown;
        features.values[Features::place_now(Now::Imbalance1)] = shown;
        sheet.emit(&Seen { view: &view, features: &features });
    }
    sheet
}

fn plan(form: Form) -> Plan {
    let steps = if form == Form::Streaming { 16 } else { 4 };
    let course = Course { form, steps, lanes: 16, warmup: 4 };
    let recipe = Recipe {
        shape: Shape { inputs: 0, hidden: 8, layers: 1, classes: 0 },
        course,
        epochs: 12,
        patience: 4,
        rate: 0.02,
        dropout: 0.0,
        decay: 1e-4,
        clip: 1.0,
        balance: 0.5,
        seed: 5,
    };
    let label = Label {
        horizon: Horizon::Views(1),
        price: Moved::Mid,
        threshold_bps: 0.0,
        has_flat: false,
    };
    let names = ["order_flow_0", "imbalance_1"].map(String::from).into();
    Plan { names, labels: vec![label], layers: vec![1], recipe, folds: 2, share: 0.2 }
}

/// What comes out where nothing is kept.
fn trained(sheet: &Sheet, plan: &Plan) -> Trained {
    run(sheet, plan, &mut Checkpoint::none(), &mut |_| {}).unwrap()
}

/// A folder of this test, empty.
fn folder(name: &str) -> std::path::PathBuf {
    let name = format!("neural-kraken-{}-{name}", std::process::id());
    let folder = std::env::temp_dir().join(name);
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

#[test]
fn what_was_interrupted_at_any_epoch_comes_to_the_same_bits() {
    let folder = folder("resume");
    let (sheet, mut plan) = (market(1_200, 3, true), plan(Form::Streaming));
    (plan.recipe.epochs, plan.recipe.dropout) = (3, 0.2);
    let file = folder.join("state");
    let mut epochs = 0;
    let whole = run(&sheet, &plan, &mut Checkpoint::fresh(&file), &mut |moment| {
        if matches!(moment, Moment::Epoch { .. }) {
            // As if the program had ended here: the epoch that was just done is lost.
            let _ = std::fs::copy(&file, folder.join(format!("state{epochs}")));
            epochs += 1;
        }
    });
    let whole = whole.unwrap();
    // Network and regression, of the candidate and of two folds.
    assert!(epochs > 12, "{epochs}");
    for at in [1, 2, 5, 9, epochs - 1] {
        let mut checkpoint = Checkpoint::resumed(&folder.join(format!("state{at}"))).unwrap();
        let mut left = 0;
        let again = run(&sheet, &plan, &mut checkpoint, &mut |moment| {
            left += usize::from(matches!(moment, Moment::Epoch { .. }));
        });
        let again = again.unwrap();
        assert_eq!(left, epochs - at, "epochs that were done are not done again");
        assert_eq!((&again.weights, &again.regression), (&whole.weights, &whole.regression));
        assert_eq!(again.temperature.to_bits(), whole.temperature.to_bits());
        assert_eq!(again.report.history, whole.report.history);
    }
    let mut other = Checkpoint::resumed(&file).unwrap();
    plan.recipe.rate = 0.01;
    let refused = run(&sheet, &plan, &mut other, &mut |_| {});
    let is_told = matches!(refused, Err(TrainError::Checkpoint(CheckpointError::Other { .. })));
    assert!(is_told, "a checkpoint of another recipe");
    std::fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn both_forms_learn_what_no_single_row_says() {
    let sheet = market(3_000, 1, true);
    for form in [Form::Streaming, Form::Window] {
        let trained = trained(&sheet, &plan(form));
        let [network, regression] = [0, 1].map(|n| trained.report.judged[n].score.directional);
        assert!(network > 0.88, "{form:?} {network}");
        // The regression sees one of the two flows: it is right in three of four.
        assert!((regression - 0.75).abs() < 0.06, "{form:?} {regression}");
        assert!(trained.report.judged[1].behind.low > 0.05);
    }
}

#[test]
fn labels_of_another_market_give_chance() {
    let sheet = market(6_000, 2, false);
    let trained = trained(&sheet, &plan(Form::Streaming));
    let score = &trained.report.judged[0].score;
    // 2,400 rows that follow each other in pairs: four deviations of a fair coin are 0.06.
    assert!((score.directional - 0.5).abs() < 0.06, "{}", score.directional);
    assert!(score.log_loss > 0.68, "{}", score.log_loss);
}

#[test]
fn one_seed_gives_one_network_and_another_seed_another() {
    let sheet = market(1_200, 3, true);
    let of = |seed: u64| {
        let mut plan = plan(Form::Streaming);
        plan.recipe.seed = seed;
        plan.recipe.epochs = 2;
        trained(&sheet, &plan).weights
    };
    assert_eq!(of(1), of(1));
    assert_ne!(of(1), of(2));
}

#[test]
fn the_engine_says_of_the_file_what_training_said() {
    let sheet = market(1_500, 4, true);
    let trained = trained(&sheet, &plan(Form::Streaming));
    let bytes = write(&export::network(&trained), &export::meta(&trained)).unwrap();
    let file = read(&bytes).unwrap();
    let engine = Engine::new(&file.network, Set::detect()).unwrap();
    let data = row::Dataset::new(&sheet, &trained.names, &trained.label).unwrap();
    let x = trained.scale.apply(&data.x);
    let mut learner = fit::Learner::new(&data, &x, &[], trained.recipe);
    // The first lane begins where the engine does, and carries its states as far.
    let mut words =
        learner.words(&trained.weights, std::slice::from_ref(&(0..1_000))).into_iter().peekable();
    let (mut state, mut out) = (engine.state(), [0.0; 2]);
    let mut seen = 0;
    let lane_begins = 1_000_usize.div_ceil(trained.recipe.course.lanes);
    for at in 0..lane_begins {
        let row: Vec<f32> = data
            .row(at)
            .iter()
            .zip(file.meta.mean.iter().zip(&file.meta.scale))
            .map(|(x, (mean, scale))| (x - mean) / scale)
            .collect();
        assert!(engine.step(&mut state, &row, &mut out));
        if let Some(word) = words.next_if(|word| word.at == at) {
            assert!((out[1] - word.logs[1].exp()).abs() < 1e-5);
            seen += 1;
        }
    }
    assert_eq!(seen, lane_begins - trained.recipe.course.warmup);
}

#[test]
fn a_network_is_judged_on_a_market_that_it_never_saw() {
    let trained = trained(&market(3_000, 6, true), &plan(Form::Streaming));
    let judged = transfer(&trained, &market(2_000, 7, true)).unwrap();
    assert!(judged[0].score.directional > 0.9, "{}", judged[0].score.directional);
    assert_eq!(judged[0].score.moved, judged[1].score.moved);
    assert!(judged[0].score.moved > 1_900);
}

#[test]
fn a_word_leans_by_the_difference_of_its_outer_classes() {
    let word = fit::Word { at: 0, logs: [0.2_f32.ln(), 0.5_f32.ln(), 0.3_f32.ln()] };
    assert!((lean(&word, 3) - 0.1).abs() < 1e-6 && (lean(&word, 2) - 0.3).abs() < 1e-6);
}

#[test]
fn the_model_that_comes_along_is_whole_and_runs() {
    let file = read(include_bytes!("../../models/spot_btcusdt_2s.onnx")).unwrap();
    let places = file.meta.features.iter().map(|name| {
        (0..crate::event::FEATURES).find(|place| Features::name(*place) == *name).unwrap()
    });
    assert_eq!(places.count(), file.network.inputs);
    assert_eq!((file.meta.horizon_ns, file.meta.warmup), (2_000_000_000, 32));
    let engine = Engine::new(&file.network, Set::detect()).unwrap();
    let (mut state, mut out) = (engine.state(), [0.0; 2]);
    // A row as on average, save that flow and book lean far up, then far down.
    let said = [1.0, -1.0].map(|lean| {
        let is_leaning =
            |name: &String| name.starts_with("imbalance") || name.starts_with("order_flow");
        let value = |name| if is_leaning(name) { lean } else { 0.0 };
        let row: Vec<f32> = file.meta.features.iter().map(value).collect();
        state = engine.state();
        for _ in 0..file.meta.warmup {
            assert!(engine.step(&mut state, &row, &mut out));
        }
        out[1]
    });
    assert!(said[0] > 0.5 && said[1] < 0.5, "{said:?}");
}
