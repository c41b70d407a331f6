//! Private sessions over the network in earnest: TLS to the venues in a box, orders placed and
//! cancelled, and connections for orders that end at the wrong time.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use neural_kraken::base::{AccountId, AssetId, InstrumentId, Nanos, Price, Qty, Side, Symbol};
use neural_kraken::cold::dialer::{Dialer, Ways};
use neural_kraken::event::{ClientId, Happened, Style, Terms};
use neural_kraken::limits;
use neural_kraken::metric::histogram::histogram;
use neural_kraken::net::TlsSettings;
use neural_kraken::pipeline::{Carrier, Event, Member, Network};
use neural_kraken::sim::fault::Plan;
use neural_kraken::sim::server::{self, Handle, Settings as Served};
use neural_kraken::sim::{Accounts, Keys};
use neural_kraken::sys::alloc;
use neural_kraken::sys::clock::Clock;
use neural_kraken::sys::deadline::Deadline;
use neural_kraken::venue;
use neural_kraken::venue::session::{Address, FetchId, Line, Reason};
use neural_kraken::venue::trade::{
    Asset, Fact, KeyTexts, Network as Where, Settings, Task, Traded,
};

use super::stand::{Authority, Both, HOST, PATIENCE, secured};

crate::cases![
    an_order_is_placed_and_cancelled_at_kraken,
    an_order_is_placed_and_cancelled_at_binance,
    an_order_is_placed_and_cancelled_at_coinbase,
    a_key_that_the_venue_does_not_know_is_named,
    orders_over_http_go_out_without_an_allocation,
    an_order_on_a_connection_that_ends_is_unknown_and_never_sent_again,
    an_order_without_a_connection_is_told_as_unanswered,
    a_line_that_was_given_up_is_not_opened,
];

/// A file name of this test's own.
fn ca_file() -> PathBuf {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    let n = NEXT.fetch_add(1, Ordering::Relaxed);
    std::env::temp_dir().join(format!("neural-kraken-private-{}-{n}.pem", std::process::id()))
}

fn network(ca_file: PathBuf, addresses: Vec<(String, SocketAddr)>) -> Network {
    let tls = TlsSettings { system_roots: false, ca_files: vec![ca_file], stock: false };
    let dialer = Dialer::start(Ways { tls, addresses, ..Ways::default() }).unwrap();
    Network::new(Clock::calibrate(Duration::from_millis(5)), dialer, histogram().0)
}

/// The venues in a box, and a member of one of them.
fn member(n: usize, change: impl FnOnce(&mut KeyTexts)) -> (Handle, Member<Network>) {
    let (keys, file) = (Keys::new(3).unwrap(), ca_file());
    let handle = server::start(&Served {
        seed: 3,
        addresses: [SocketAddr::from(([127, 0, 0, 1], 0)); 3],
        ca_file: Some(file.clone()),
        speed: 1,
        played: Vec::new(),
        faults: Plan::default(),
        accounts: Accounts::of(&keys),
    })
    .unwrap();
    let dialect = venue::dialect(["kraken", "binance", "coinbase"][n]).unwrap();
    let (symbol, quote, qty_decimals) =
        [("BTC/USD", "USD", 8), ("BTCUSDT", "USDT", 5), ("BTC-USD", "USD", 8)][n];
    let (name, secret) = [&keys.kraken, &keys.binance, &keys.coinbase][n];
    let mut key = KeyTexts { name: (&**name).into(), secret: (&**secret).into() };
    change(&mut key);
    let symbol_of = |text: &str| Symbol::new(text.as_bytes()).unwrap();
    let asset = |n, name| Asset { name: symbol_of(name), id: AssetId(n), decimals: 8 };
    let settings = Settings {
        account: AccountId(0),
        instruments: vec![Traded {
            symbol: symbol_of(symbol),
            id: InstrumentId(0),
            price_decimals: [1, 2, 2][n],
            qty_decimals,
            base: AssetId(1),
            quote: AssetId(2),
        }],
        assets: vec![asset(1, "BTC"), asset(2, quote)],
        key,
        seed: 9,
        ..(dialect.trade.unwrap().settings)(Where::Live).unwrap()
    };
    let hosts = [&settings.line.host, &settings.rest.host].map(Clone::clone);
    let addresses = hosts.into_iter().map(|host| (host, handle.addresses()[n])).collect();
    let carrier = network(file, addresses);
    // A number above those of any station.
    let member = Member::open(dialect, settings, (carrier, 7 + n), 1).unwrap();
    (handle, member)
}

fn said(member: &Member<Network>, client: ClientId, is_it: fn(&Happened) -> bool) -> Option<()> {
    member.replies_to(client).any(|reply| is_it(&reply.happened)).then_some(())
}

/// Places an order far below the market, finds it in the listing of a new connection, cancels it.
fn place_and_cancel(n: usize) {
    const SPAN: i64 = 20 * Nanos::SECOND;
    let (handle, mut member) = member(n, |_| ());
    member.ready(SPAN).unwrap();
    let instrument = InstrumentId(0);
    let (price, qty) = [(300_000, 100_000), (3_000_000, 100), (3_000_000, 100_000)][n];
    let terms =
        Terms { price: Price(price), qty: Qty(qty), side: Side::Buy, style: Style::PostOnly };
    let client = member.place(instrument, &terms).unwrap();
    let accepted = |member: &Member<Network>| {
        said(member, client, |happened| matches!(happened, Happened::Accepted))
    };
    member.wait("acceptance", SPAN, accepted).unwrap();
    member.forget_facts();
    member.cut();
    member.wait("loss", SPAN, |member| (!member.is_ready()).then_some(())).unwrap();
    member.ready(SPAN).unwrap();
    let open: Vec<_> = member
        .facts()
        .filter_map(|fact| match fact {
            Fact::Order(standing) => Some((standing.client, standing.price, standing.qty)),
            _ => None,
        })
        .collect();
    assert_eq!(open, [(Some(client), price, qty)]);
    member.cancel(client, instrument).unwrap();
    let cancelled = |member: &Member<Network>| {
        said(member, client, |happened| matches!(happened, Happened::Cancelled))
    };
    member.wait("cancel", SPAN, cancelled).unwrap();
    let happened: Vec<_> = member.replies_to(client).map(|reply| reply.happened).collect();
    assert_eq!(happened.len(), 2, "{happened:?}");
    handle.stop();
}

fn an_order_is_placed_and_cancelled_at_kraken() {
    place_and_cancel(0);
}

fn an_order_is_placed_and_cancelled_at_binance() {
    place_and_cancel(1);
}

fn an_order_is_placed_and_cancelled_at_coinbase() {
    place_and_cancel(2);
}

fn a_key_that_the_venue_does_not_know_is_named() {
    for n in 0..3 {
        let (handle, mut member) = member(n, |key| {
            let other = Keys::new(4).unwrap();
            let (name, secret) = [&other.kraken, &other.binance, &other.coinbase][n];
            *key = KeyTexts { name: (&**name).into(), secret: (&**secret).into() };
        });
        let refused =
            |member: &Member<Network>| (member.state().0.reason == Reason::Key).then_some(());
        member.wait("refusal", 20 * Nanos::SECOND, refused).unwrap();
        let why = member.ready(0).unwrap_err().to_string();
        assert!(why.contains("key"), "{why}");
        let other = Keys::new(4).unwrap();
        for (name, secret) in [&other.kraken, &other.binance, &other.coinbase] {
            assert!(!why.contains(&**name) && !why.contains(&**secret), "a secret is shown");
        }
        handle.stop();
    }
}

/// Serves connections one after the other, each by `run`, until one gives false.
fn serve(
    authority: &Authority,
    mut run: impl FnMut(usize, &mut dyn Both) -> bool + Send + 'static,
) -> (SocketAddr, std::thread::JoinHandle<usize>) {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let (address, config) =
        (listener.local_addr().unwrap(), authority.server(&rustls::version::TLS13));
    let thread = std::thread::spawn(move || {
        for n in 0.. {
            let (tcp, _) = listener.accept().unwrap();
            tcp.set_nodelay(true).unwrap();
            tcp.set_read_timeout(Some(PATIENCE)).unwrap();
            if !run(n, &mut secured(config.clone(), tcp)) {
                return n + 1;
            }
        }
        0
    });
    (address, thread)
}

/// A request without a body; empty where the other side has gone.
fn request(stream: &mut dyn Both) -> String {
    let mut seen = Vec::new();
    while !seen.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        if stream.read(&mut byte).unwrap_or(0) == 0 {
            return String::new();
        }
        seen.push(byte[0]);
    }
    String::from_utf8(seen).unwrap()
}

fn to() -> Address {
    Address { host: HOST.into(), port: 443, path: String::new() }
}

/// Polls until an answer comes: whose, which, its status, its body.
fn answer(network: &mut Network) -> (usize, u32, u16, String) {
    let deadline = Deadline::after(PATIENCE);
    loop {
        if let Some(Event::Answer { venue, id, status, body, .. }) = network.poll() {
            return (venue, id.0, status, String::from_utf8(body.text().to_vec()).unwrap());
        }
        assert!(deadline.left().is_some(), "no answer came");
    }
}

const TEXT: &[u8] = b"POST /orders HTTP/1.1\r\nHost: venue.test\r\n\r\n";

const WELL: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}";

/// Posts until the connections are there: the first answer with a status.
fn warm(network: &mut Network, connections: usize) {
    let deadline = Deadline::after(PATIENCE);
    network.keep(9, &to(), connections);
    loop {
        network.post(9, FetchId(1), &to(), TEXT);
        if answer(network).2 == 200 {
            return;
        }
        assert!(deadline.left().is_some(), "no connection came about");
    }
}

fn orders_over_http_go_out_without_an_allocation() {
    const POSTS: u32 = 500;
    let authority = Authority::new();
    let (address, server) = serve(&authority, |_, stream| {
        while !request(stream).is_empty() {
            stream.write_all(WELL).unwrap();
        }
        false
    });
    let mut network = network(authority.ca_file.clone(), vec![(HOST.into(), address)]);
    warm(&mut network, 1);
    let (mut answered, mut bytes) = (0, 0);
    let (deadline, to) = (Deadline::after(PATIENCE), to());
    let before = alloc::of_thread();
    let hot = alloc::hot();
    // Two at once: the second waits until the connection is free.
    let mut posted = 0;
    while answered < POSTS {
        while posted < POSTS && posted - answered < 2 {
            posted += 1;
            network.post(9, FetchId(posted), &to, TEXT);
        }
        if let Some(Event::Answer { status, body, .. }) = network.poll() {
            assert_eq!(status, 200);
            (answered, bytes) = (answered + 1, bytes + body.len());
        }
        assert!(deadline.left().is_some(), "{answered} answers came");
    }
    drop(hot);
    let after = alloc::of_thread();
    assert_eq!(bytes, 2 * POSTS as usize);
    assert_eq!((after.allocations, after.frees), (before.allocations, before.frees));
    drop(network);
    assert_eq!(server.join().unwrap(), 1, "one connection carried all");
}

fn an_order_on_a_connection_that_ends_is_unknown_and_never_sent_again() {
    let authority = Authority::new();
    // The second request arrives, and its connection ends without an answer. The next connection
    // is asked once, and told that it was.
    let (address, server) = serve(&authority, |n, stream| {
        if n == 0 {
            request(stream);
            stream.write_all(WELL).unwrap();
            assert!(request(stream).starts_with("POST /orders"));
            return true;
        }
        while !request(stream).is_empty() {
            let body = format!("connection {n}");
            let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", body.len());
            stream.write_all((head + &body).as_bytes()).unwrap();
        }
        false
    });
    let mut network = network(authority.ca_file.clone(), vec![(HOST.into(), address)]);
    warm(&mut network, 1);
    network.post(9, FetchId(2), &to(), TEXT);
    assert_eq!(answer(&mut network), (9, 2, 0, String::new()));
    // By itself nothing more comes, and the next order goes over a new connection.
    let deadline = Deadline::after(PATIENCE);
    for id in 3.. {
        network.post(9, FetchId(id), &to(), TEXT);
        let (_, found, status, body) = answer(&mut network);
        assert_eq!(found, id);
        if status == 200 {
            assert_eq!(body, "connection 1");
            break;
        }
        assert!(deadline.left().is_some(), "no connection came about");
    }
    drop(network);
    assert_eq!(server.join().unwrap(), 2);
}

fn an_order_without_a_connection_is_told_as_unanswered() {
    let authority = Authority::new();
    let mut network = network(
        authority.ca_file.clone(),
        vec![(HOST.into(), SocketAddr::from(([127, 0, 0, 1], 9)))],
    );
    network.keep(9, &to(), 1);
    for (venue, text) in [(9, TEXT), (8, TEXT), (9, &[b'x'; limits::POST_BYTES_MAX + 1][..])] {
        network.post(venue, FetchId(4), &to(), text);
        assert_eq!(answer(&mut network), (venue, 4, 0, String::new()));
    }
    // More than there is room for at once: every one is told.
    let posted = limits::POSTS_WAITING_MAX as u32 + 3;
    (0..posted).for_each(|n| network.post(9, FetchId(n), &to(), TEXT));
    let mut told: Vec<u32> = (0..posted).map(|_| answer(&mut network).1).collect();
    told.sort_unstable();
    assert!(told.into_iter().eq(0..posted));
}

fn a_line_that_was_given_up_is_not_opened() {
    let (handle, mut member) = member(1, |_| ());
    let line = Line { index: 0, attempt: 99 };
    let address =
        Address { host: "ws-api.binance.com".into(), port: 443, path: "/ws-api/v3".into() };
    let network = member.carrier();
    network.task(3, &Task::Connect { line, address: address.clone() });
    network.task(3, &Task::Close { line, why: venue::session::Why::Useless });
    let kept = Line { index: 1, attempt: 100 };
    network.task(3, &Task::Connect { line: kept, address });
    let deadline = Deadline::after(PATIENCE);
    let opened = loop {
        if let Some(Event::Opened { line, .. }) = network.poll() {
            break line;
        }
        assert!(deadline.left().is_some(), "no line was opened");
    };
    assert_eq!(opened, kept);
    assert!(network.send(3, kept, b"{}") && !network.send(3, line, b"{}"));
    // The venue closes what was given up, or never sees it: one line is left there.
    let deadline = Deadline::after(PATIENCE);
    while handle.counts().connections[1] != 1 {
        assert!(deadline.left().is_some(), "{:?}", handle.counts());
        // What was given up may open after what was kept: it is closed when that is heard.
        let _ = network.poll();
        std::thread::park_timeout(Duration::from_millis(5));
    }
    handle.stop();
}
