//! The rows of a run as a Markdown table: what the README shows.
//!
//! In: rows. Out: one line a case of ours, the rivals' ratios in its last column.

use std::fmt::Write as _;

use super::table::Row;

/// The table, with the host and the noise floor in its first line.
pub(super) fn render(processor: &str, floor_ns: &[f64; 6], rows: &[Row]) -> String {
    let mut text = format!(
        "{processor}; times in ns; noise floor p50 {:.0}, p99 {:.0} (the floor's mean is \
         subtracted)\n\n",
        floor_ns[0], floor_ns[2]
    );
    text.push_str(
        "| what | per | p50 | p99 | p99.9 | rival / ours by p50, else as said (min .. max) |\n",
    );
    text.push_str("|---|---|---|---|---|---|\n");
    for row in rows.iter().filter(|row| row.who == "ours") {
        let rivals: Vec<String> = rows
            .iter()
            .filter(|rival| rival.bench == row.bench && rival.case == row.case)
            .filter_map(|rival| {
                let ratio = if rival.by_total { rival.ratio_total? } else { rival.ratio_p50? };
                let (median, min, max) = ratio.spread();
                let by = if rival.by_total { " by mean" } else { "" };
                Some(format!("{} {median:.1}x{by} ({min:.1} .. {max:.1})", rival.who))
            })
            .collect();
        let [p50, _, p99, p999, ..] = row.percentiles_ns;
        let per = row
            .fit
            .map_or_else(|| row.unit.to_owned(), |fit| format!("{}: {}", row.unit, fit.told()));
        let _ = writeln!(
            text,
            "| {}: {} | {} | {p50:.0} | {p99:.0} | {p999:.0} | {} |",
            row.bench,
            row.case,
            per,
            rivals.join(", ")
        );
    }
    text
}
