//! Private sessions in bad weather: whatever becomes of lines and requests, each order comes to an
//! end that the venue agrees with, and no fill is counted twice.

use std::sync::atomic::AtomicBool;
use std::time::Duration;

use neural_kraken::base::{
    AccountId, AssetId, InstrumentId, Instruments, Nanos, Price, Qty, Side, Symbol,
};
use neural_kraken::event::{ClientId, Fill, Happened, Style, Terms};
use neural_kraken::pipeline::Member;
use neural_kraken::sim::{Accounts, Hall, Keys, Listed, Settings as Opening, VENUES, World};
use neural_kraken::venue;
use neural_kraken::venue::trade::{Asset, Fact, KeyTexts, Network, Settings, Traded};

use super::sky::Sky;
use super::weather::weather;

const BTC: AssetId = AssetId(1);

const MARKET: InstrumentId = InstrumentId(0);

/// How an order stands after all that was said of it: what is filled, and is it over?
fn ended(member: &Member<Sky<'_>>, client: ClientId) -> (i64, bool) {
    let (mut filled, mut is_over) = (0, false);
    for reply in member.replies_to(client) {
        match reply.happened {
            Happened::Filled(fill) => filled += fill.qty.0,
            Happened::Cancelled | Happened::Expired | Happened::Rejected(_) => is_over = true,
            _ => {}
        }
    }
    (filled, is_over)
}

fn fills(member: &Member<Sky<'_>>) -> impl Iterator<Item = Fill> {
    member.replies().filter_map(|reply| match reply.happened {
        Happened::Filled(fill) => Some(fill),
        _ => None,
    })
}

fn held(member: &Member<Sky<'_>>, asset: AssetId) -> Option<i64> {
    member.facts().rev().find_map(|fact| match fact {
        Fact::Balance(balance) if balance.asset == asset => Some(balance.total),
        _ => None,
    })
}

/// One market of a venue, traded by its built-in account.
fn settings((place, seed): (usize, u64), listed: &Listed, keys: &Keys) -> Settings {
    let dialect = venue::dialect(VENUES[place]).unwrap();
    let (name, secret) = [&keys.kraken, &keys.binance, &keys.coinbase][place];
    let asset = |id, name| Asset { id, name, decimals: 8 };
    Settings {
        account: AccountId(0),
        instruments: vec![Traded {
            symbol: listed.symbol,
            id: MARKET,
            price_decimals: listed.shape.price,
            qty_decimals: listed.shape.qty,
            base: BTC,
            quote: AssetId(2),
        }],
        assets: vec![asset(BTC, Symbol::new(b"BTC").unwrap()), asset(AssetId(2), listed.quote)],
        key: KeyTexts { name: (&**name).into(), secret: (&**secret).into() },
        seed,
        answer_ns_max: Nanos::SECOND,
        silence_ns_max: 2 * Nanos::SECOND,
        ..(dialect.trade.unwrap().settings)(Network::Live).unwrap()
    }
}

/// A member of a venue lives through the weather of a seed; how many orders he had.
fn live(place: usize, seed: u64) -> (usize, i64) {
    let world = World::new(seed, &Opening { history_ns: Nanos::SECOND, ..Opening::default() });
    let (now, keys) = (world.now(), Keys::new(seed).unwrap());
    let market = world.markets().iter().position(|m| m.venue == VENUES[place]).unwrap();
    let listed = world.markets()[market];
    let best = |side| world.market(market).unwrap().level(side, 0).unwrap().price;
    let (bid, ask) = (best(Side::Buy), best(Side::Sell));
    let hall = Hall::of(world, &Accounts::of(&keys));
    let (instruments, stop) = (Instruments::default(), AtomicBool::new(false));
    let (weather, chance) = weather(seed);
    let clears = Nanos(now.0 + 5 * Nanos::SECOND);
    let outside = (hall, VENUES.to_vec(), &instruments);
    let sky = Sky::new(outside, weather, chance, (clears, Nanos(i64::MAX)), &stop);
    let dialect = venue::dialect(VENUES[place]).unwrap();
    let settings = settings((place, seed), &listed, &keys);
    let member = Member::open(dialect, settings, (sky, 40 + place), 7).unwrap();
    let mut member = member.with_pause(Duration::ZERO);
    let qty = 10_i64.pow(u32::from(listed.shape.qty)) / 100;
    let mut clients = Vec::new();
    let mut started = None;
    for n in 0.. {
        member.rest(200 * Nanos::MILLI);
        if member.now() >= clears {
            break;
        }
        if !member.is_ready() {
            continue;
        }
        started = started.or_else(|| held(&member, BTC));
        // A maker, a taker in turns, each cancelled a while later.
        let (price, style) = if n % 2 == 0 {
            (bid - bid / 50, Style::PostOnly)
        } else {
            (ask + ask / 50, Style::ImmediateOrCancel)
        };
        let terms = Terms { price: Price(price), qty: Qty(qty), side: Side::Buy, style };
        clients.push(member.place(MARKET, &terms).unwrap());
        if let [.., earlier, _, _] = clients[..] {
            member.cancel(earlier, MARKET).unwrap();
        }
    }
    member.ready(200 * Nanos::SECOND).unwrap();
    member.cancel_all();
    let over = |member: &Member<Sky<'_>>| {
        clients.iter().all(|client| ended(member, *client).1 || ended(member, *client).0 == qty)
    };
    let done = member.wait("end of all orders", 400 * Nanos::SECOND, |m| over(m).then_some(()));
    done.unwrap();
    // The venue is asked once more: nothing is open, and what is held is what was filled.
    member.forget_facts();
    member.reconcile(member.now());
    member.rest(Nanos::SECOND);
    member.ready(100 * Nanos::SECOND).unwrap();
    assert!(!member.facts().any(|fact| matches!(fact, Fact::Order(_))), "an order is left");
    let filled: i64 = clients.iter().map(|client| ended(&member, *client).0).sum();
    let scale = 10_i64.pow(u32::from(8 - listed.shape.qty));
    // Binance takes its fee of what is bought, a thousandth. Of a fill that was missed and made
    // good by asking for the order, it says none.
    let fees = if VENUES[place] == "binance" { filled * scale / 1_000 } else { 0 };
    let told: i64 = fills(&member).filter(|fill| fill.fee_asset == BTC).map(|fill| fill.fee).sum();
    assert!(told <= fees, "{told} of {fees}");
    if let Some(started) = started {
        assert_eq!(held(&member, BTC).unwrap() - started, filled * scale - fees, "{clients:?}");
    }
    (clients.len(), filled)
}

#[test]
fn every_order_of_a_member_comes_to_the_end_that_the_venue_gave_it() {
    for (place, venue) in VENUES.iter().enumerate() {
        let (mut orders, mut filled) = (0, 0);
        for seed in 0..12 {
            let lived = std::panic::catch_unwind(|| live(place, seed));
            let lived = lived.unwrap_or_else(|why| {
                println!("{venue}, seed {seed}");
                std::panic::resume_unwind(why)
            });
            (orders, filled) = (orders + lived.0, filled + lived.1);
        }
        assert!(orders > 50 && filled > 0, "{venue}: {orders} orders, {filled}");
    }
}
