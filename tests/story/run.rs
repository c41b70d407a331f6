//! `run` on the built-in venues: real sockets, real TLS, a journal that replays.

use super::stand::Folder;

#[test]
fn it_trades_on_the_built_in_venues_and_its_journal_replays_to_its_orders() {
    let folder = Folder::new("run");
    let told = folder.run("run --duration 4 --record j --json".split(' '));
    assert_eq!(told.code, Some(0), "{told:?}");
    let run = told.json();
    for venue in ["kraken", "binance", "coinbase"] {
        assert_eq!(run["venues"][venue]["stage"], "live", "{run}");
    }
    for (name, book) in run["books"].as_object().unwrap() {
        assert_eq!(book["state"], "live", "{name}");
    }
    assert_eq!(run["integrity"]["checksum_bad"], 0);
    assert_eq!(run["integrity"]["gaps"], 0);
    assert_eq!(run["journal_lost"], 0);
    assert!(run["integrity"]["checksum_ok"].as_u64().unwrap() > 50, "{run}");
    assert!(run["orders"].as_u64().unwrap() > 0, "it trades within seconds: {run}");
    let again = folder.replay("--format journal j --json");
    let again = again.is_well().json();
    for part in ["output_hash", "orders", "cancels", "fills", "expired", "rejected", "denied"] {
        assert_eq!(run[part], again[part], "{part}");
    }
    for part in ["total", "fees_by_asset", "balances"] {
        assert_eq!(run["pnl"][part], again["pnl"][part], "{part}");
    }
}

#[test]
fn it_trades_at_the_built_in_venues_and_their_accounts_hold_what_the_ledger_says() {
    let folder = Folder::new("live");
    let told = folder.run("run --live --duration 4 --record j --json".split(' '));
    assert_eq!(told.code, Some(0), "{told:?}");
    told.says(&["LIVE ORDERS, to the built-in venues"]);
    let run = told.json();
    assert_eq!(run["mode"], "live");
    assert!(run["orders"].as_u64().unwrap() > 0, "it trades within seconds: {run}");
    assert_eq!(run["breaks"], serde_json::json!([]), "{run}");
    let again = folder.replay("--format journal j --json");
    let again = again.is_well().json();
    for part in ["output_hash", "orders", "cancels", "fills", "expired", "rejected", "denied"] {
        assert_eq!(run[part], again[part], "{part}");
    }
}

#[test]
fn live_orders_are_refused_until_all_that_they_need_is_there() {
    let folder = Folder::new("refused-live");
    folder.file("c.toml", "");
    let told = folder.run("--config c.toml run --live --duration 1 --record j".split(' '));
    assert_eq!(told.code, Some(1), "{told:?}");
    told.says(&[
        "trading.live is false; set `live = true` under [trading]",
        "NEURAL_KRAKEN_KRAKEN_KEY is not set",
        "NEURAL_KRAKEN_COINBASE_SECRET_FILE",
    ]);
    assert!(!folder.path().join("j").exists(), "nothing was begun");
}

#[test]
fn what_cannot_be_reached_is_told_with_the_fix_and_the_run_goes_on() {
    let folder = Folder::new("nowhere");
    let nothing = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = nothing.local_addr().unwrap();
    drop(nothing);
    let hosts = ["ws.kraken.com", "api.kraken.com", "stream.binance.com", "api.binance.com"];
    let coinbase = ["advanced-trade-ws.coinbase.com", "api.coinbase.com"];
    let lines: Vec<String> =
        hosts.iter().chain(&coinbase).map(|host| format!("\"{host}\" = \"{address}\"\n")).collect();
    folder.file("c.toml", format!("[live.addresses]\n{}", lines.concat()));
    let told = folder.run("--config c.toml run --duration 2 --record j --json".split(' '));
    assert_eq!(told.code, Some(0), "{told:?}");
    told.says(&["refused the connection", "check the port"]);
    let run = told.json();
    assert_eq!(run["orders"], 0);
    for (name, book) in run["books"].as_object().unwrap() {
        assert_ne!(book["state"], "live", "{name}");
    }
}
