//! The vow of the hot path: no allocation and no free for a message, in or out, over TLS 1.3.

use neural_kraken::net::{Kind, Options};
use neural_kraken::sys::alloc::{self, Counts};
use neural_kraken::sys::deadline::Deadline;
use tokio_tungstenite::tungstenite::Message;

use super::stand::{PATIENCE, Way, options, websocket};

crate::cases![
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
