//! The report as a page: one file, nothing loaded from elsewhere.
//!
//! In: the report's JSON. Out: HTML with drawings in SVG. Never: a script, a link, a text of a file
//! that is not escaped.

use std::fmt::Write as _;

use serde_json::Value;

const STYLE: &str = "body{font:15px/1.5 system-ui,sans-serif;max-width:60em;margin:2em auto;\
    padding:0 1em;color:#222}table{border-collapse:collapse;margin:1em 0}td,th{padding:.2em .8em;\
    text-align:right;border-bottom:1px solid #ddd}td:first-child,th:first-child{text-align:left}\
    svg{background:#fafafa;border:1px solid #ddd;margin:.5em 1em .5em 0}p.note{color:#666}";

/// Side of a drawing.
const SIDE: f64 = 260.0;

/// The page of a report.
pub fn page(report: &Value) -> String {
    let mut out = format!(
        "<!doctype html><html lang=en><meta charset=utf-8><title>Training report</title>\
         <style>{STYLE}</style><h1>Training report</h1>"
    );
    let chosen = &report["chosen_on_validation"];
    let _ = write!(
        out,
        "<p>Label chosen on validation: {} of the {}, threshold {} bps. Rows: {} to learn from, {} \
         to choose by, {} to test.</p><p class=note>{}</p>",
        text(&chosen["horizon"]),
        text(&chosen["price"]),
        text(&chosen["threshold_bps"]),
        text(&report["rows"]["train"]),
        text(&report["rows"]["valid"]),
        text(&report["rows"]["test"]),
        text(&report["caveat"]),
    );
    tried(&mut out, report);
    section(&mut out, "Test parts, walking forward", &report["test"]);
    let lstm = &report["test"][0]["score"];
    out.push_str("<h2>Calibration, confusion and learning</h2>");
    calibration(&mut out, lstm);
    learning(&mut out, &report["history_nats"]);
    confusion(&mut out, lstm, &chosen["classes"]);
    for transfer in list(&report["transfer"]) {
        let title = format!("Not learned from: {}", text(&transfer["recording"]));
        section(&mut out, &title, &transfer["test"]);
    }
    out.push_str("</html>\n");
    out
}

fn tried(out: &mut String, report: &Value) {
    out.push_str(
        "<h2>Candidates, on validation</h2><table><tr><th>horizon<th>threshold<th>layers<th>moved\
         <th>LSTM<th>logistic<th>imbalance<th>LSTM MCC",
    );
    for tried in list(&report["tried_on_validation"]) {
        let share = |who: &str| percent(&tried[who]["directional"]);
        let _ = write!(
            out,
            "<tr><td>{}<td>{} bps<td>{}<td>{}<td>{}<td>{}<td>{}<td>{}",
            text(&tried["label"]["horizon"]),
            text(&tried["label"]["threshold_bps"]),
            text(&tried["layers"]),
            text(&tried["moved"]),
            share("lstm"),
            share("logistic"),
            share("imbalance"),
            fixed(&tried["lstm"]["mcc"], 3),
        );
    }
    out.push_str("</table>");
}

/// Tables of all forecasters: scores, then trades.
fn section(out: &mut String, title: &str, judged: &Value) {
    let _ = write!(
        out,
        "<h2>{title}</h2><table><tr><th><th>direction<th>95 %<th>LSTM ahead by<th>accuracy\
         <th>balanced<th>F1<th>MCC<th>log loss<th>Brier"
    );
    for one in list(judged) {
        let (score, ahead) = (&one["score"], &one["lstm_less_this"]);
        let _ = write!(
            out,
            "<tr><td>{}<td>{}<td>{} to {}<td>{} to {}<td>{}<td>{}<td>{}<td>{}<td>{}<td>{}",
            text(&one["name"]),
            percent(&score["directional"]),
            percent(&one["directional"]["low"]),
            percent(&one["directional"]["high"]),
            percent(&ahead["low"]),
            percent(&ahead["high"]),
            percent(&score["accuracy"]),
            percent(&score["balanced_accuracy"]),
            fixed(&score["f1"], 3),
            fixed(&score["mcc"], 3),
            fixed(&score["log_loss"], 4),
            fixed(&score["brier"], 4),
        );
    }
    out.push_str(
        "</table><table><tr><th>trades<th>number<th>mark-out<th>gross<th>spread\
         <th>break-even fee, taker<th>at mid",
    );
    let fees = &judged[0]["trades_all"]["fees_bps"];
    for fee in list(fees) {
        let _ = write!(out, "<th>net at {} bps", text(fee));
    }
    for one in list(judged) {
        for (what, marks) in
            [("all", &one["trades_all"]), ("surest", &one["trades_surest"]["marks"])]
        {
            trades(out, &format!("{}, {what}", text(&one["name"])), marks);
        }
    }
    out.push_str("</table>");
}

fn trades(out: &mut String, name: &str, marks: &Value) {
    let keys =
        ["markout_bps", "gross_bps", "spread_bps", "break_even_taker_bps", "break_even_mid_bps"];
    let _ = write!(out, "<tr><td>{name}<td>{}", text(&marks["trades"]));
    for key in keys {
        let _ = write!(out, "<td>{}", fixed(&marks[key], 3));
    }
    for net in list(&marks["net_bps"]) {
        let _ = write!(out, "<td>{}", fixed(net, 0));
    }
}

fn frame(out: &mut String, title: &str) {
    let _ = write!(
        out,
        "<svg width={SIDE} height={SIDE} viewBox='-30 -20 {SIDE} {SIDE}' role=img \
         font-size=11><title>{title}</title><text x=0 y=-6>{title}</text>"
    );
}

/// What was said to go up against how often it did, the area of a dot being the number of words.
fn calibration(out: &mut String, score: &Value) {
    let wide = SIDE - 60.0;
    frame(out, "said (across) and came (up)");
    let _ = write!(
        out,
        "<rect width={wide} height={wide} fill=none stroke=#bbb />\
         <path d='M0 {wide}L{wide} 0' stroke=#bbb />"
    );
    let most = list(&score["calibration"]).iter().map(|bin| number(&bin["count"]));
    let most = most.fold(1.0, f64::max);
    for bin in list(&score["calibration"]).iter().filter(|bin| number(&bin["count"]) > 0.0) {
        let (x, y) = (number(&bin["said"]) * wide, (1.0 - number(&bin["came"])) * wide);
        let radius = 1.5 + 9.0 * (number(&bin["count"]) / most).sqrt();
        let _ = write!(
            out,
            "<circle cx={x:.1} cy={y:.1} r={radius:.1} fill=#2b6cb0 fill-opacity=.6 />"
        );
    }
    out.push_str("</svg>");
}

/// Errors of the last fold over its epochs.
fn learning(out: &mut String, history: &Value) {
    let (wide, folds) = (SIDE - 60.0, list(history));
    let Some(epochs) = folds.last().map(list) else { return };
    let values = epochs.iter().flat_map(list).map(number);
    let (low, high) = values.fold((f64::MAX, f64::MIN), |(low, high), v| (low.min(v), high.max(v)));
    frame(out, "error by epoch: training grey, validation blue");
    for (which, colour) in ["#999", "#2b6cb0"].iter().enumerate() {
        let point = |(n, epoch): (usize, &Value)| {
            let x = n as f64 * wide / (epochs.len().max(2) - 1) as f64;
            let y = (high - number(&epoch[which])) / (high - low).max(1e-9) * wide;
            format!("{x:.1},{y:.1}")
        };
        let points: Vec<String> = epochs.iter().enumerate().map(point).collect();
        let points = points.join(" ");
        let _ = write!(out, "<polyline points='{points}' fill=none stroke={colour} />");
    }
    let _ = write!(out, "<text x=0 y={}>{low:.4} to {high:.4} nats</text></svg>", wide + 16.0);
}

fn confusion(out: &mut String, score: &Value, classes: &Value) {
    out.push_str("<table><tr><th>came, then said");
    for class in list(classes) {
        let _ = write!(out, "<th>{}", text(class));
    }
    for (row, class) in list(&score["confusion"]).iter().zip(list(classes)) {
        let _ = write!(out, "<tr><td>{}", text(class));
        for count in list(row).iter().take(list(classes).len()) {
            let _ = write!(out, "<td>{}", text(count));
        }
    }
    out.push_str("</table>");
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or(f64::NAN)
}

fn percent(value: &Value) -> String {
    format!("{:.2} %", 100.0 * number(value))
}

fn fixed(value: &Value, decimals: usize) -> String {
    format!("{:.decimals$}", number(value))
}

/// A text or a number, with what HTML would read as its own written out.
fn text(value: &Value) -> String {
    let plain = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    plain.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_name_of_a_file_commands_no_page() {
        let report = json!({"transfer": [{"recording": "<script>&\"", "test": []}]});
        let page = page(&report);
        assert!(page.contains("&lt;script&gt;&amp;&quot;") && !page.contains("<script"));
    }

    #[test]
    fn nothing_is_loaded_from_elsewhere_and_every_bin_is_drawn() {
        let bin = |said: f64| json!({"count": 10, "said": said, "came": said});
        let score = json!({
            "calibration": [bin(0.1), bin(0.5), {"count": 0, "said": 0.0, "came": 0.0}],
            "confusion": [[1, 2, 0], [3, 4, 0], [0, 0, 0]],
        });
        let report = json!({
            "chosen_on_validation": {"classes": ["down", "up"]},
            "test": [{"name": "LSTM", "score": score}],
            "history_nats": [[[0.7, 0.6], [0.6, 0.5]]],
        });
        let page = page(&report);
        assert!(!page.contains("http") && !page.contains("src="));
        assert_eq!(page.matches("<circle").count(), 2);
        assert_eq!(page.matches("<polyline").count(), 2);
        assert!(page.contains("<tr><td>down<td>1<td>2<tr><td>up<td>3<td>4</table>"));
    }
}
