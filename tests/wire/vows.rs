//! The vow of the hot path: no allocation and no free for a message, in or out, over TLS 1.3.

use neural_kraken::base::{AccountId, Nanos, OrderId, StrategyId};
use neural_kraken::event::{ClientId, Style, Terms};
use neural_kraken::journal::ahead;
use neural_kraken::net::{Kind, Options};
use neural_kraken::sys::alloc::{self, Counts};
use neural_kraken::sys::deadline::Deadline;
use neural_kraken::sys::memory;
use neural_kraken::{InstrumentId, Price, Qty, Side};
use tokio_tungstenite::tungstenite::Message;

use super::stand::{PATIENCE, Way, options, websocket};

crate::cases![
    orders_are_written_ahead_without_an_allocation_or_a_fault,
    ten_thousand_messages_are_taken_and_sent_without_an_allocation,
    stock_records_allocate_and_are_counted_for_it,
];

const MESSAGES: usize = 10_000;

/// Messages in and orders out, as a hot thread does it; what the thread allocated meanwhile.
fn carried(way: Way, stamps: bool) -> Counts {
    assert!(alloc::is_counting(), "the test binary's allocator counts");
    let (mut wire, server) = websocket(way, &Options { stamps, ..options() }, |socket| {
        let mut answers = 0;
        for n in 0..MESSAGES {
            // From a few bytes to more than a record, with a ping now and then.
            let bytes = if n % 500 == 0 { 40_000 } else { 20 + n * 37 % 900 };
            socket.send(Message::text("m".repeat(bytes))).unwrap();
            if n % 100 == 0 {
                socket.send(Message::Ping("p".into())).unwrap();
            }
            if n % 10 == 0 {
                while !socket.read().unwrap().is_text() {}
                answers += 1;
            }
        }
        answers
    });
    wire.prefault();
    let (mut texts, mut bytes) = (0, 0);
    let deadline = Deadline::after(PATIENCE);
    let before = alloc::of_thread();
    let hot = alloc::hot();
    while texts < MESSAGES {
        let Some(message) = wire.poll().unwrap() else {
            wire.rest();
            assert!(deadline.left().is_some(), "{texts} messages came");
            continue;
        };
        if message.kind == Kind::Text {
            bytes += message.len();
            if texts % 10 == 0 {
                wire.send_text(b"{\"order\":1}").unwrap();
            }
            texts += 1;
        }
    }
    drop(hot);
    let after = alloc::of_thread();
    assert!(bytes > 4_000_000, "{bytes} bytes were looked at");
    assert_eq!(server.join(), MESSAGES / 10);
    Counts {
        allocations: after.allocations - before.allocations,
        frees: after.frees - before.frees,
    }
}

fn ten_thousand_messages_are_taken_and_sent_without_an_allocation() {
    for (way, stamps) in [(Way::Tls13, false), (Way::Tls13, true), (Way::Plain, true)] {
        assert_eq!(carried(way, stamps), Counts::default(), "{way:?}, stamps: {stamps}");
    }
}

/// So that the test above is known to be able to fail.
fn stock_records_allocate_and_are_counted_for_it() {
    assert!(carried(Way::Tls13Stock, false).allocations > MESSAGES as u64);
}

fn orders_are_written_ahead_without_an_allocation_or_a_fault() {
    const SLOTS: usize = 1 << 14;
    let record = ahead::Record {
        deed: ahead::Deed::Place,
        client: ClientId(*b"n00000100000000001"),
        order: OrderId(1),
        intent: 1,
        account: AccountId(0),
        strategy: StrategyId(0),
        instrument: InstrumentId(0),
        terms: Terms { price: Price(1), qty: Qty(1), side: Side::Buy, style: Style::Limit },
        recv_ns: Nanos(1),
    };
    let shm = std::path::Path::new("/dev/shm");
    let folder = if ahead::is_in_memory(shm) { shm.to_owned() } else { std::env::temp_dir() };
    let path = folder.join(format!("neural-kraken-vows-{}.ahead", std::process::id()));
    let (mut hot_end, mut cold_end) = ahead::create(&path, 1, SLOTS).unwrap();
    std::fs::remove_file(&path).unwrap();
    let (faults, before) = (memory::page_faults(), alloc::of_thread());
    let hot = alloc::hot();
    // The ring twice over, and once more against its end.
    let mut written = 0;
    for _ in 0..2 {
        while hot_end.write(std::hint::black_box(&record)).is_ok() {
            written += 1;
        }
        while cold_end.read().is_some() {}
        cold_end.free();
    }
    drop(hot);
    assert_eq!((alloc::of_thread(), written, hot_end.full()), (before, 2 * SLOTS, 2));
    // The kernel may move a page meanwhile; 512 would mean that none was brought in.
    let met = memory::page_faults().minor - faults.minor;
    assert!(met < 64, "{met} faults");
}
