//! The audit finds what it is there for: each limit passed, each unit of money that is not right.

use std::path::Path;

use neural_kraken::base::{
    AccountId, AssetId, Instruments, Nanos, OrderId, Price, Qty, Side, StrategyId,
};
use neural_kraken::config::Config;
use neural_kraken::event::{Fill, Liquidity, OrderState, Reasons, Report, Stamp, Style, Terms};
use neural_kraken::journal::Fills;
use neural_kraken::pipeline::Trading;
use neural_kraken::stage::book;

use super::audit::Audit;
use super::followed;
use super::request::{Asked, read};

/// Bid and ask of bitcoin: 60000.00 and 60000.10 dollars.
const TOP: (i64, i64) = (6_000_000, 6_000_010);

/// 0.0025 bitcoin: 150 dollars.
const QTY: i64 = 250_000;

fn stand(overlay: &str) -> (Instruments, Trading) {
    let config = Config::parse(overlay, Path::new("audited")).unwrap();
    let mut instruments = followed(&config);
    let (resolved, _) = config.resolve_onto(&mut instruments);
    let trading = Trading::new(&config, &resolved, &book::Settings::default(), Fills::Paper);
    (instruments, trading)
}

/// What is found wrong with so many orders like this one at the account at Coinbase.
fn found(overlay: &str, times: u64, price: i64) -> String {
    let (instruments, trading) = stand(overlay);
    let (account, asked) = buy(&instruments, &trading, price);
    let mut audit = Audit::new(&instruments, &trading);
    audit.on_top(asked.instrument, TOP);
    for n in 1..=times {
        audit.on_placed(n, account, asked, Nanos(n as i64));
    }
    audit.wrong.join("; ")
}

fn buy(instruments: &Instruments, trading: &Trading, price: i64) -> (AccountId, Asked) {
    let of = |i: &&neural_kraken::base::Instrument| i.name() == "coinbase:BTC-USD";
    let instrument = instruments.iter().find(of).unwrap();
    assert_eq!((instrument.price_decimals, instrument.qty_decimals), (2, 8));
    let paper = trading.venues.iter().find(|paper| paper.dialect.name == "coinbase").unwrap();
    (paper.account, Asked { instrument: instrument.id, side: Side::Buy, price, qty: QTY })
}

#[test]
fn each_limit_that_is_passed_is_found_and_what_is_within_is_not() {
    assert_eq!(found("", 3, TOP.0), "");
    let risk = |line: &str| format!("[risk]\n{line}\n");
    let of = |list: &str, name: &str, line: &str| format!("[[risk.{list}]]\n{name}\n{line}\n");
    let venue = "venue = \"coinbase\"";
    let coin = "instrument = \"coinbase:BTC-USD\"";
    for (overlay, times, told) in [
        (risk("gross_max = \"100\""), 1, "gross is"),
        (risk("net_max = \"100\""), 1, "net long is"),
        (risk("notional_max = \"149\""), 1, "it comes to"),
        (risk("open_orders_max = 2"), 3, "3 are open of None, at most 2"),
        (risk("orders_burst = 6\ncancel_reserve = 2"), 5, "requests at once, at most 4"),
        (of("venues", venue, "exposure_max = \"400\""), 3, "venue coinbase is"),
        (of("accounts", "account = \"coinbase\"", "exposure_max = \"400\""), 3, "account "),
        (of("accounts", "account = \"coinbase\"", "open_orders_max = 1"), 2, "at most 1"),
        (of("assets", "asset = \"BTC\"", "exposure_max = \"400\""), 3, "long is"),
        (of("assets", "asset = \"USD\"", "exposure_max = \"400\""), 3, "short is"),
        (of("instruments", coin, "qty_max = \"0.002\""), 1, "more than one order's quantity"),
        (of("instruments", coin, "position_max = \"0.0049\""), 2, "the position may be 500000"),
    ] {
        let wrong = found(&overlay, times, TOP.0);
        assert!(wrong.contains(told), "{overlay}{told}: {wrong:?}");
        assert_eq!(found(&overlay, times - 1, TOP.0), "", "{overlay}");
    }
    assert!(found("", 1, TOP.0 * 97 / 100).contains("is too far from"));
    assert!(found("", 1, 0).contains("a price of 0"));
}

/// A stand with an order of ours, and a report of its whole fill as it should be.
fn filled(change: impl FnOnce(&mut Report)) -> String {
    let (instruments, trading) = stand("");
    let (account, asked) = buy(&instruments, &trading, TOP.0);
    let mut audit = Audit::new(&instruments, &trading);
    audit.on_top(asked.instrument, TOP);
    audit.on_placed(7, account, asked, Nanos(0));
    let instrument = instruments.with_id(asked.instrument).unwrap();
    let paper = trading.venues.iter().find(|paper| paper.account == account).unwrap();
    // 150 dollars in hundred millionths.
    let amount = 15_000_000_000;
    let fill = Fill {
        price: Price(TOP.0),
        qty: Qty(QTY),
        amount,
        fee: amount / 1_000_000 * paper.settings.fees.maker_ppm,
        fee_asset: instrument.quote.unwrap(),
        liquidity: Liquidity::Maker,
    };
    let terms =
        Terms { price: Price(asked.price), qty: Qty(QTY), side: Side::Buy, style: Style::Limit };
    let mut report = Report {
        stamp: Stamp::default(),
        order: OrderId(7),
        intent: 1,
        terms,
        fill,
        filled: Qty(QTY),
        instrument: asked.instrument,
        reasons: Reasons::NONE,
        rejection: 0,
        strategy: StrategyId(0),
        account,
        state: OrderState::Filled,
        is_cancel_refusal: false,
    };
    change(&mut report);
    audit.on_report(&report);
    let dollars = instrument.quote.unwrap();
    let start = paper.settings.balances.iter().find(|(asset, _)| *asset == dollars).unwrap().1;
    audit.settle(account, dollars, i128::from(start - fill.amount - fill.fee));
    audit.wrong.join("; ")
}

#[test]
fn each_unit_of_money_that_is_not_right_is_found() {
    assert_eq!(filled(|_| ()), "");
    let told = |change: fn(&mut Report), told: &str| {
        let wrong = filled(change);
        assert!(wrong.contains(told), "{told}: {wrong:?}");
    };
    told(|report| report.fill.amount += 1, "it moved 15000000001, by hand 15000000000");
    told(|report| report.fill.fee -= 1, "its fee was");
    told(|report| report.fill.fee_asset = AssetId(9), "of AssetId(9), by hand");
    told(|report| report.filled.0 -= 1, "250000 filled, its report says 249999");
    told(|report| report.fill.price.0 += 1, "beyond its limit 6000000");
    told(|report| report.order = OrderId(8), "a report of order 8, which never was sent");
    // A fill of which the machine never heard: the account has less than its fills make.
    told(|report| report.fill.qty.0 = 0, "its fills make");
    told(|report| report.fill.qty.0 += 1, "250001 filled of 250000");
    told(|report| (report.fill.qty.0, report.fill.price.0) = (100_000_000, TOP.0), "below zero");
}

#[test]
fn requests_are_read_as_the_venues_write_of_them() {
    let (instruments, trading) = stand("");
    let told = |venue: &str, text: &str| {
        let paper = trading.venues.iter().find(|paper| paper.dialect.name == venue).unwrap();
        let (name, asked) = read(text.as_bytes(), paper.account, &instruments, &trading).unwrap();
        let instrument = instruments.with_id(asked.instrument).unwrap();
        format!("{name} {} {:?} {} {}", instrument.name(), asked.side, asked.price, asked.qty)
    };
    let kraken = r#"{"method":"add_order","params":{"order_type":"limit","side":"buy","symbol":
        "BTC/USD","order_qty":0.0015,"limit_price":64525.1,"cl_ord_id":"fp-1","token":"t"}}"#;
    assert_eq!(told("kraken", kraken), "fp-1 kraken:BTC/USD Buy 645251 150000");
    let binance = r#"{"id":"1","method":"order.place","params":{"symbol":"BTCUSDT","side":"SELL",
        "type":"LIMIT","price":"23416.10","quantity":"0.00847","newClientOrderId":"fp-1"}}"#;
    assert_eq!(told("binance", binance), "fp-1 binance:BTCUSDT Sell 2341610 847000");
    let coinbase = r#"{"client_order_id":"fp-1","product_id":"BTC-USD","side":"BUY",
        "order_configuration":{"limit_limit_gtc":{"base_size":"0.0015","limit_price":"64525.1",
        "post_only":true}}}"#;
    assert_eq!(told("coinbase", coinbase), "fp-1 coinbase:BTC-USD Buy 6452510 150000");
}
