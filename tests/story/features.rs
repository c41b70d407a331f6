//! `features`: rows for research, whole files or none, and what is refused.

use super::stand::{Folder, Told, gzip};

fn features(folder: &Folder, words: &str) -> Told {
    folder.run(["features"].into_iter().chain(words.split(' ')))
}

/// Cells of a CSV file, names first.
fn table(folder: &Folder, name: &str) -> Vec<Vec<String>> {
    let text = std::fs::read_to_string(folder.path().join(name)).unwrap();
    text.lines().map(|line| line.split(',').map(String::from).collect()).collect()
}

/// Horizons short enough for twelve seconds.
const SHORT: &str = "[signal]\nhorizons_ms = [10, 20, 50, 100, 200, 300, 400, 500]\n";

#[test]
fn each_view_is_a_row_with_its_features_and_what_came_after() {
    let folder = Folder::new("features");
    folder.file("b", gzip("binance-ethbtc"));
    folder.file("short.toml", SHORT);
    let told = features(&folder, "binance:stamped:b --out f.csv --json --config short.toml");
    let told = told.is_well().json();
    let table = table(&folder, "f.csv");
    assert_eq!(told["rows"].as_u64(), Some(table.len() as u64 - 1));
    assert_eq!(told["columns"].as_array().unwrap().len(), 9 + 53 + 1 + 8);
    assert!(told["ready_rows"].as_u64().unwrap() > 0);
    assert!(table.iter().all(|row| row.len() == table[0].len()));
    let column = |name: &str| table[0].iter().position(|cell| cell == name).unwrap();
    let (state, ready, bid, ask) = (column("state"), column("ready"), column("bid"), column("ask"));
    let spread = column("spread");
    for row in &table[1..] {
        if row[state] != "live" {
            assert_eq!((row[ready].as_str(), row[spread].as_str()), ("0", "0"));
            continue;
        }
        let (bid, ask): (f64, f64) = (row[bid].parse().unwrap(), row[ask].parse().unwrap());
        let expected = 2e4 * (ask - bid) / (ask + bid);
        assert!((row[spread].parse::<f64>().unwrap() - expected).abs() < 1e-4 * expected);
    }
    let labelled = table[1..].iter().filter(|row| !row[column("ahead_0")].is_empty()).count();
    assert!(labelled > table.len() / 2 && labelled < table.len() - 1);
    assert!(!folder.path().join("f.csv.part").exists());
}

#[test]
fn fewer_rows_say_the_same() {
    let folder = Folder::new("thin");
    folder.file("b", gzip("binance-ethbtc"));
    features(&folder, "binance:stamped:b --out all.csv").is_well();
    features(&folder, "binance:stamped:b --out thin.csv --every 7").is_well();
    features(&folder, "binance:stamped:b --out slow.csv --pace-ms 500").is_well();
    let all = table(&folder, "all.csv");
    let thin = table(&folder, "thin.csv");
    let slow = table(&folder, "slow.csv");
    let expected: Vec<_> = all[1..].iter().step_by(7).collect();
    assert_eq!(thin[1..].iter().collect::<Vec<_>>(), expected);
    assert!(slow.len() < 30 && slow.iter().all(|row| all.contains(row)));
}

#[test]
fn a_file_is_never_written_over_and_its_form_is_asked_for() {
    let folder = Folder::new("refused-features");
    folder.file("b", gzip("binance-ethbtc"));
    features(&folder, "binance:stamped:b --out f.csv").is_well();
    let again = features(&folder, "binance:stamped:b --out f.csv");
    again.is_refused(1, &["f.csv is there already", "--force"]);
    features(&folder, "binance:stamped:b --out f.csv --force").is_well();
    features(&folder, "binance:stamped:b --out f.txt").is_refused(2, &[".csv or .parquet"]);
    let nowhere = features(&folder, "binance:stamped:b --out no/f.csv");
    nowhere.is_refused(1, &["cannot write no/f.csv", "name another --out"]);
    let missing = features(&folder, "binance:stamped:nope --out g.csv");
    missing.is_refused(1, &["nope"]);
}

#[cfg(not(feature = "parquet"))]
#[test]
fn parquet_is_refused_with_the_build_that_has_it() {
    let folder = Folder::new("no-parquet");
    folder.file("b", gzip("binance-ethbtc"));
    let told = features(&folder, "binance:stamped:b --out f.parquet");
    told.is_refused(2, &["cargo build --release --features parquet"]);
}

#[cfg(feature = "parquet")]
#[test]
fn parquet_holds_the_same_rows() {
    use parquet::file::reader::{FileReader as _, SerializedFileReader};
    use parquet::record::RowAccessor as _;
    let folder = Folder::new("parquet");
    folder.file("b", gzip("binance-ethbtc"));
    features(&folder, "binance:stamped:b --out f.csv").is_well();
    features(&folder, "binance:stamped:b --out f.parquet").is_well();
    let csv = table(&folder, "f.csv");
    let file = std::fs::File::open(folder.path().join("f.parquet")).unwrap();
    let reader = SerializedFileReader::new(file).unwrap();
    let rows: Vec<_> = reader.get_row_iter(None).unwrap().map(Result::unwrap).collect();
    assert_eq!(rows.len(), csv.len() - 1);
    for (row, cells) in rows.iter().zip(&csv[1..]) {
        assert_eq!(row.get_long(1).unwrap().to_string(), cells[1]);
        assert_eq!(row.get_string(3).unwrap(), &cells[3]);
        assert_eq!(row.get_float(9).unwrap().to_string(), cells[9]);
    }
}
