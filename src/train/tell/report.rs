//! The report of an experiment as JSON, the one source of what is printed and drawn.
//!
//! In: what was trained and judged. Out: a JSON value. Never: a number that is not in the report.

use serde_json::{Value, json};

use super::super::experiment::{Judged, SUREST, Trained, Tried};
use super::super::judge::{FEES_BPS, Interval, Marks, Score};
use super::super::row::Label;

/// All of it. `transfers` are recordings that nothing was learned from, by name.
pub fn report(trained: &Trained, transfers: &[(String, Vec<Judged>)]) -> Value {
    let (recipe, rows) = (&trained.recipe, trained.report.rows);
    let history: Vec<Vec<[f64; 2]>> = trained
        .report
        .history
        .iter()
        .map(|fold| fold.iter().map(|epoch| [epoch.train, epoch.valid]).collect())
        .collect();
    let chosen = label(&trained.label);
    json!({
        "chosen_on_validation": chosen,
        "tried_on_validation": trained.report.tried.iter().map(tried).collect::<Vec<_>>(),
        "network": {
            "inputs": recipe.shape.inputs,
            "hidden": recipe.shape.hidden,
            "layers": recipe.shape.layers,
            "weights": trained.weights.values.len(),
            "features": trained.names,
            "temperature": trained.temperature,
            "seed": recipe.seed,
            "digest": format!("{:08x}", trained.digest),
        },
        "rows": {"train": rows.train, "valid": rows.valid, "test": rows.test},
        "history_nats": history,
        "test": trained.report.judged.iter().map(judged).collect::<Vec<_>>(),
        "transfer": transfers.iter().map(|(name, all)| json!({
            "recording": name,
            "test": all.iter().map(judged).collect::<Vec<_>>(),
        })).collect::<Vec<_>>(),
        "caveat": CAVEAT,
    })
}

/// What such figures are not.
const CAVEAT: &str = "\
    Minutes of few days; rows overlap, so intervals are those of whole blocks; \
    profits cross the spread with no size, latency or impact: a bound, not a backtest.";

fn label(label: &Label) -> Value {
    json!({
        "horizon": label.horizon.to_string(),
        "price": format!("{:?}", label.price).to_lowercase(),
        "threshold_bps": label.threshold_bps,
        "classes": label.classes(),
    })
}

fn tried(tried: &Tried) -> Value {
    json!({
        "label": label(&tried.label),
        "layers": tried.layers,
        "moved": tried.network.moved,
        "lstm": score(&tried.network),
        "logistic": score(&tried.regression),
        "imbalance": score(&tried.imbalance),
    })
}

fn judged(judged: &Judged) -> Value {
    json!({
        "name": judged.name,
        "score": score(&judged.score),
        "directional": interval(&judged.directional),
        "lstm_less_this": interval(&judged.behind),
        "trades_all": marks(&judged.marks[0]),
        "trades_surest": {"share": SUREST, "marks": marks(&judged.marks[1])},
    })
}

fn interval(interval: &Interval) -> Value {
    json!({"mean": interval.mean, "low": interval.low, "high": interval.high})
}

fn score(score: &Score) -> Value {
    let bins: Vec<Value> = score
        .bins
        .iter()
        .map(|bin| json!({"count": bin.count, "said": bin.said, "came": bin.came}))
        .collect();
    json!({
        "rows": score.count,
        "accuracy": score.accuracy,
        "balanced_accuracy": score.balanced,
        "f1": score.f1,
        "mcc": score.mcc,
        "log_loss": score.log_loss,
        "brier": score.brier,
        "moved": score.moved,
        "directional": score.directional,
        "confusion": score.confusion,
        "calibration": bins,
    })
}

fn marks(marks: &Marks) -> Value {
    json!({
        "rows": marks.rows,
        "markout_bps": marks.markout_bps,
        "trades": marks.trades,
        "gross_bps": marks.gross_bps,
        "spread_bps": marks.spread_bps,
        "break_even_taker_bps": marks.break_even_taker_bps,
        "break_even_mid_bps": marks.break_even_mid_bps,
        "fees_bps": FEES_BPS,
        "net_bps": marks.tiers.map(|tier| tier.net_bps),
    })
}
