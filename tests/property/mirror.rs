//! `decode(mirror(x)) == x` for every venue, on the strict path and on every instruction set of the
//! fast one; hot frames must not fall to the strict path.

use neural_kraken::base::{Nanos, Side};
use neural_kraken::event::{Body, BookChange, Level, Stamp, Top, Trade};
use neural_kraken::venue::wire::{Padded, Shape, Strict};
use neural_kraken::venue::{Described, Dialect, Input, Raw, binance, coinbase, kraken};
use proptest::prelude::*;

use super::ear::{Ear, Heard, ID, Said, name, written};

impl Said {
    fn book(venue_ns: Nanos, change: BookChange, bids: &[Level], asks: &[Level]) -> Said {
        let change = BookChange { bids: bids.len() as u32, asks: asks.len() as u32, ..change };
        let levels = bids.iter().chain(asks).copied().collect();
        Said { venue_ns, body: Body::Book(change), levels }
    }

    fn trade(venue_ns: Nanos, trade: Trade) -> Said {
        Said { venue_ns, body: Body::Trade(trade), levels: Vec::new() }
    }
}

/// What a frame of metadata describes.
fn described(dialect: &Dialect, frame: &[u8]) -> Vec<Described> {
    let mut buffer = Vec::new();
    let bytes = Padded::copied(frame, &mut buffer);
    let input = Input { stamp: Stamp::default(), about: ID, bytes };
    let mut raw = Raw::default();
    (dialect.strict)(&input, &mut Strict::new(), &mut raw).unwrap();
    raw.described
}

/// Numbers of at most 16 bytes on the wire at eight decimals: what the fast path takes.
fn level() -> impl Strategy<Value = Level> {
    let qty = prop_oneof![Just(0), 0..1_000_i64, 0..1_000_000_000_000_000_i64];
    (1..1_000_000_000_000_000_i64, qty).prop_map(|(price, qty)| Level { price, qty })
}

fn levels() -> impl Strategy<Value = Vec<Level>> {
    prop::collection::vec(level(), 0..40)
}

fn shape() -> impl Strategy<Value = Shape> {
    (0_u8..=8, 0_u8..=8).prop_map(|(price, qty)| Shape { price, qty })
}

/// Numbers that keep to 16 bytes whatever their decimals.
fn fitted(levels: &[Level], shape: Shape) -> Vec<Level> {
    let most = |decimals: u8| 10_i64.pow(7 + u32::from(decimals));
    let fit =
        |l: &Level| Level { price: l.price % most(shape.price), qty: l.qty % most(shape.qty) };
    levels.iter().map(fit).collect()
}

fn side() -> impl Strategy<Value = Side> {
    prop_oneof![Just(Side::Buy), Just(Side::Sell)]
}

/// Times of this century on a grid.
fn time(grid_ns: i64) -> impl Strategy<Value = Nanos> {
    let (from, to) = (946_684_800_000_000_000, 4_102_444_800_000_000_000_i64);
    (from / grid_ns..to / grid_ns).prop_map(move |n| Nanos(n * grid_ns))
}

/// A time that is written with a fraction when trailing zeros are left out.
fn odd_time() -> impl Strategy<Value = Nanos> {
    time(1).prop_map(|at| Nanos(at.0 - i64::from(at.0 % Nanos::SECOND == 0)))
}

fn trades() -> impl Strategy<Value = Vec<(Trade, Nanos)>> {
    let trade = (0..1_000_000_000_000_u64, level(), side(), time(1_000));
    let trade = trade
        .prop_map(|(id, Level { price, qty }, taker, at)| (Trade { id, price, qty, taker }, at));
    prop::collection::vec(trade, 1..12)
}

fn fitted_trade(trade: Trade, shape: Shape) -> Trade {
    let fitted = fitted(&[Level { price: trade.price, qty: trade.qty }], shape)[0];
    Trade { price: fitted.price, qty: fitted.qty, ..trade }
}

proptest! {
    #[test]
    fn kraken_books_come_back(
        bids in levels(), asks in levels(), shape in shape(), checksum in any::<u32>(),
        snapshot in any::<bool>(), venue_ns in time(1_000),
    ) {
        let (bids, asks) = (fitted(&bids, shape), fitted(&asks, shape));
        let symbol = name("BTC/USD");
        let book = kraken::mirror::Book {
            symbol, shape, snapshot, bids: &bids, asks: &asks, checksum, venue_ns,
        };
        let frame = written(|out| kraken::mirror::book(&book, out));
        let change = BookChange { checksum: Some(checksum), snapshot, ..BookChange::default() };
        let said = vec![Said::book(venue_ns, change, &bids, &asks)];
        let heard = Ear::new(&kraken::V2, symbol, shape).hear(&frame, !snapshot);
        prop_assert_eq!(heard, Heard { said, ..Heard::default() });
    }

    #[test]
    fn kraken_trades_come_back(trades in trades(), shape in shape(), is_market in any::<bool>()) {
        let symbol = name("ETH/BTC");
        let fills: Vec<_> = trades
            .iter()
            .map(|(trade, venue_ns)| kraken::mirror::Fill {
                symbol, shape, trade: fitted_trade(*trade, shape), is_market, venue_ns: *venue_ns,
            })
            .collect();
        let frame = written(|out| kraken::mirror::trades(&fills, out));
        let said = fills.iter().map(|fill| Said::trade(fill.venue_ns, fill.trade)).collect();
        let heard = Ear::new(&kraken::V2, symbol, shape).hear(&frame, true);
        prop_assert_eq!(heard, Heard { said, ..Heard::default() });
    }

    #[test]
    fn binance_depths_come_back(
        bids in levels(), asks in levels(), shape in shape(), event_ns in time(Nanos::MILLI),
        ids in (1..10_000_000_000_u64, 0..1_000_u64),
    ) {
        let (bids, asks) = (fitted(&bids, shape), fitted(&asks, shape));
        let symbol = name("BTCUSDT");
        let (first_id, last_id) = (ids.0, ids.0 + ids.1);
        let depth = binance::mirror::Depth {
            symbol, shape, event_ns, first_id, last_id, bids: &bids, asks: &asks,
        };
        let frame = written(|out| binance::mirror::depth(&depth, out));
        let change = BookChange { first_id, last_id, ..BookChange::default() };
        let said = vec![Said::book(event_ns, change, &bids, &asks)];
        let heard = Ear::new(&binance::SPOT, symbol, shape).hear(&frame, true);
        prop_assert_eq!(heard, Heard { said, ..Heard::default() });
    }

    #[test]
    fn binance_snapshots_come_back(
        bids in levels(), asks in levels(), shape in shape(), last_id in 1..10_000_000_000_u64,
    ) {
        let (bids, asks) = (fitted(&bids, shape), fitted(&asks, shape));
        let snapshot = binance::mirror::Snapshot { shape, last_id, bids: &bids, asks: &asks };
        let frame = written(|out| binance::mirror::snapshot(&snapshot, out));
        let change = BookChange { last_id, snapshot: true, ..BookChange::default() };
        let said = vec![Said::book(Nanos::NONE, change, &bids, &asks)];
        let heard = Ear::new(&binance::SPOT, name("BTCUSDT"), shape).hear(&frame, false);
        prop_assert_eq!(heard, Heard { said, ..Heard::default() });
    }

    #[test]
    fn binance_tops_and_trades_come_back(
        sides in (level(), level()), shape in shape(), update_id in 1..10_000_000_000_u64,
        trades in trades(), event_ns in time(Nanos::MILLI),
    ) {
        let symbol = name("ETHBTC");
        let ear = Ear::new(&binance::SPOT, symbol, shape);
        let fitted = fitted(&[sides.0, sides.1], shape);
        let top = Top { update_id, bid: fitted[0], ask: fitted[1] };
        let frame = written(|out| binance::mirror::top(symbol, shape, &top, out));
        let said =
            vec![Said { venue_ns: Nanos::NONE, body: Body::Top(top), levels: Vec::new() }];
        prop_assert_eq!(ear.hear(&frame, true), Heard { said, ..Heard::default() });
        for (trade, at) in trades {
            let venue_ns = Nanos(at.0 / Nanos::MILLI * Nanos::MILLI);
            let trade = fitted_trade(trade, shape);
            let fill = binance::mirror::Fill { symbol, shape, trade, event_ns, venue_ns };
            let frame = written(|out| binance::mirror::trade(&fill, out));
            let said = vec![Said::trade(venue_ns, trade)];
            prop_assert_eq!(ear.hear(&frame, true), Heard { said, ..Heard::default() });
        }
    }

    #[test]
    fn coinbase_books_come_back(
        updates in prop::collection::vec((side(), level(), time(1_000)), 0..40),
        shape in shape(), snapshot in any::<bool>(), sent_ns in odd_time(),
        sequence in 0..1_000_000_000_u64,
    ) {
        let product = name("ETH-USD");
        let updates: Vec<_> = updates
            .iter()
            .map(|(side, level, event_ns)| coinbase::mirror::Update {
                side: *side, level: fitted(&[*level], shape)[0], event_ns: *event_ns,
            })
            .collect();
        let envelope = coinbase::mirror::Envelope { sent_ns, sequence };
        let book = coinbase::mirror::Book { product, shape, snapshot, updates: &updates };
        let frame = written(|out| coinbase::mirror::books(&envelope, &[book, book], out));
        let of = |side| -> Vec<Level> {
            updates.iter().filter(|u| u.side == side).map(|u| u.level).collect()
        };
        let change = BookChange { snapshot, ..BookChange::default() };
        let said = Said::book(sent_ns, change, &of(Side::Buy), &of(Side::Sell));
        let heard = Ear::new(&coinbase::ADVANCED, product, shape).hear(&frame, !snapshot);
        let expected = Heard { said: vec![said.clone(), said], sequence: Some(sequence), other: 0 };
        prop_assert_eq!(heard, expected);
    }

    #[test]
    fn coinbase_trades_come_back(
        trades in trades(), shape in shape(), sent_ns in odd_time(), sequence in 0..1_000_000_u64,
    ) {
        let product = name("BTC-USD");
        let fills: Vec<_> = trades
            .iter()
            .map(|(trade, venue_ns)| coinbase::mirror::Fill {
                product, shape, trade: fitted_trade(*trade, shape), venue_ns: *venue_ns,
            })
            .collect();
        let envelope = coinbase::mirror::Envelope { sent_ns, sequence };
        let frame = written(|out| coinbase::mirror::trades(&envelope, &fills, out));
        let said = fills.iter().map(|fill| Said::trade(fill.venue_ns, fill.trade)).collect();
        let heard = Ear::new(&coinbase::ADVANCED, product, shape).hear(&frame, true);
        prop_assert_eq!(heard, Heard { said, sequence: Some(sequence), other: 0 });
    }
}

#[test]
fn what_changes_no_book_is_other_and_keeps_its_place_in_the_sequence() {
    use coinbase::mirror::Envelope;
    use kraken::mirror::{Reply, Topic};
    let at = Nanos::parse(b"2026-09-30T02:37:15.057778606Z").unwrap();
    let kraken = Ear::new(&kraken::V2, name("BTC/USD"), Shape { price: 1, qty: 8 });
    let (symbol, is_hot) = (name("BTC/USD"), true);
    let other = Heard { other: 1, ..Heard::default() };
    assert_eq!(kraken.hear(&written(kraken::mirror::heartbeat), is_hot), other);
    let status = written(|out| kraken::mirror::status(u64::MAX, "online", out));
    assert_eq!(kraken.hear(&status, false), other);
    for topic in [Topic::Book { symbol, depth: 10 }, Topic::Trade { symbol }, Topic::Instrument] {
        for subscribed in [true, false] {
            let (req_id, snapshot) = (Some(7), true);
            let reply = Reply { subscribed, topic, snapshot, req_id, time_in: at, time_out: at };
            assert_eq!(
                kraken.hear(&written(|out| kraken::mirror::reply(&reply, out)), false),
                other
            );
        }
    }
    let binance = Ear::new(&binance::SPOT, name("BTCUSDT"), Shape { price: 8, qty: 8 });
    assert_eq!(binance.hear(&written(|out| binance::mirror::reply(1, out)), false), other);
    let coinbase = Ear::new(&coinbase::ADVANCED, name("BTC-USD"), Shape { price: 2, qty: 8 });
    let envelope = Envelope { sent_ns: at, sequence: 17 };
    let other = Heard { sequence: Some(17), ..other };
    let uptime_ns = 21_697_195_984_854;
    let beat = written(|out| coinbase::mirror::heartbeat(&envelope, 21_697, uptime_ns, out));
    assert_eq!(
        String::from_utf8_lossy(&beat),
        "{\"channel\":\"heartbeats\",\"client_id\":\"\",\
         \"timestamp\":\"2026-09-30T02:37:15.057778606Z\",\"sequence_num\":17,\
         \"events\":[{\"current_time\":\"2026-09-30 02:37:15.057778606 +0000 UTC \
         m=+21697.195984854\",\"heartbeat_counter\":21697}]}"
    );
    assert_eq!(coinbase.hear(&beat, false), other);
    let channels: &[(&str, &[&str])] = &[("level2", &["BTC-USD", "ETH-USD"])];
    let subscribed = written(|out| coinbase::mirror::subscriptions(&envelope, channels, out));
    assert_eq!(coinbase.hear(&subscribed, false), other);
}

#[test]
fn subscribed_depth_is_read_from_the_reply() {
    let (symbol, at) = (name("BTC/USD"), Nanos(1_784_483_679_614_696_000));
    let reply = kraken::mirror::Reply {
        subscribed: true,
        topic: kraken::mirror::Topic::Book { symbol, depth: 25 },
        snapshot: true,
        req_id: None,
        time_in: at,
        time_out: at,
    };
    let frame = written(|out| kraken::mirror::reply(&reply, out));
    let mut buffer = Vec::new();
    let bytes = Padded::copied(&frame, &mut buffer);
    let input = Input { stamp: Stamp::default(), about: ID, bytes };
    let mut raw = Raw::default();
    (kraken::V2.strict)(&input, &mut Strict::new(), &mut raw).unwrap();
    assert_eq!(raw.subscribed, [(symbol, 25)]);
}

#[test]
fn metadata_comes_back() {
    let (btc, usd) = (name("BTC"), name("USD"));
    let pair = kraken::mirror::Pair {
        symbol: name("BTC/USD"),
        base: btc,
        quote: usd,
        shape: Shape { price: 1, qty: 8 },
        tick: 1,
        lot: 1,
        qty_min: 5_000,
        cost_min: 50_000,
        cost_decimals: 5,
        status: "online",
    };
    let assets = [kraken::mirror::Asset { id: btc, precision: 10, precision_display: 5 }];
    let frame = written(|out| kraken::mirror::instruments(&assets, &[pair, pair], out));
    let found = described(&kraken::V2, &frame);
    assert_eq!(found.len(), 2);
    assert_eq!((found[0].symbol, found[0].base, found[0].quote), (pair.symbol, btc, usd));
    assert_eq!((found[0].price_decimals, found[0].qty_decimals), (1, 8));
    assert_eq!((found[0].tick.at(1), found[0].lot.at(8)), (Ok(1), Ok(1)));
    assert_eq!((found[0].qty_min.at(8), found[0].notional_min.at(5)), (Ok(5_000), Ok(50_000)));

    let listed = binance::mirror::Listed {
        symbol: name("BTCUSDT"),
        base: btc,
        quote: name("USDT"),
        shape: Shape { price: 2, qty: 5 },
        tick: 1,
        lot: 1,
        qty_min: 1,
        notional_min: 500,
        status: "TRADING",
    };
    let at = Nanos(1_784_483_679_614_000_000);
    let frame = written(|out| binance::mirror::exchange_info(at, &[listed], out));
    let found = described(&binance::SPOT, &frame);
    assert_eq!(
        (found[0].symbol, found[0].price_decimals, found[0].qty_decimals),
        (listed.symbol, 8, 8)
    );
    assert_eq!((found[0].tick.at(8), found[0].lot.at(8)), (Ok(1_000_000), Ok(1_000)));
    assert_eq!((found[0].qty_min.at(5), found[0].notional_min.at(2)), (Ok(1), Ok(500)));
}
