//! Somebody in the middle, and servers that lie: nothing false is taken, nothing lost is unseen.

use neural_kraken::net::{Down, Kind, RecordFault, Wire, dial};
use tokio_tungstenite::tungstenite::{Message, accept};

use super::proxy::{Tamper, between};
use super::stand::{Authority, Server, end, next, options, secured, serve, target};

crate::cases![
    records_may_be_cut_at_every_byte,
    both_ways_of_the_records_show_the_same_messages,
    a_changed_bit_ends_the_connection,
    a_record_that_is_left_out_or_doubled_ends_the_connection,
    a_record_that_is_too_long_ends_the_connection,
    an_end_without_a_word_is_a_truncation,
    an_end_with_a_word_is_an_end,
    an_alert_is_said_by_its_number,
];

/// Sends a hundred texts, then whatever `last` does, over TLS 1.3.
fn hundred(
    authority: &Authority,
    last: impl FnOnce(&mut super::stand::Secured) + Send + 'static,
) -> Server<()> {
    let config = authority.server(&rustls::version::TLS13);
    serve(move |tcp| {
        let Ok(mut socket) = accept(secured(config, tcp)) else { return };
        for n in 0..100 {
            let _ = socket.send(Message::text(text(n)));
        }
        last(socket.get_mut());
    })
}

fn text(n: usize) -> String {
    format!("{n}:{}", "y".repeat(n * n % 701))
}

/// A wire to a hundred texts, through somebody in the middle.
fn through(tamper: Tamper, stock: bool) -> (Wire, Server<()>, Server<()>) {
    let authority = Authority::new();
    let server = hundred(&authority, |stream| stream.conn.send_close_notify());
    let proxy = between(server.address, tamper);
    let tls = authority.tls(stock);
    let wire = dial(&target(proxy.address, true), &tls, &options()).unwrap();
    (wire, server, proxy)
}

/// Messages until the end, and what it was.
fn all(wire: &mut Wire) -> (Vec<Vec<u8>>, Down) {
    let mut found = Vec::new();
    loop {
        match next(wire) {
            Ok((kind, text)) => {
                assert_eq!(kind, Kind::Text);
                found.push(text);
            }
            Err(down) => return (found, down),
        }
    }
}

fn whole() -> Vec<Vec<u8>> {
    (0..100).map(|n| text(n).into_bytes()).collect()
}

fn records_may_be_cut_at_every_byte() {
    // Every byte by itself, and then every place where one cut can be.
    let bytewise: Tamper = Box::new(|_, record| Some(record.iter().map(|b| vec![*b]).collect()));
    let rolling: Tamper = Box::new(|n, record| {
        let (front, back) = record.split_at(1 + n * 7 % (record.len() - 1));
        Some(vec![front.to_vec(), back.to_vec()])
    });
    for tamper in [bytewise, rolling] {
        let (mut wire, server, proxy) = through(tamper, false);
        assert_eq!(all(&mut wire).0, whole());
        drop(wire);
        server.join();
        proxy.join();
    }
}

fn both_ways_of_the_records_show_the_same_messages() {
    for stock in [false, true] {
        let (mut wire, server, proxy) = through(Box::new(|_, record| Some(vec![record])), stock);
        assert_eq!(wire.is_stock(), stock);
        let found = all(&mut wire);
        assert!(matches!(found.1, Down::Ended | Down::Truncated));
        assert_eq!(found.0, whole());
        drop(wire);
        server.join();
        proxy.join();
    }
}

/// Records of the handshake and of the upgrade, with room to spare.
const LATER: usize = 20;

fn a_changed_bit_ends_the_connection() {
    for byte in [5, 11, 20] {
        let tamper: Tamper = Box::new(move |n, mut record| {
            if n == LATER {
                record[byte] ^= 1;
            }
            Some(vec![record])
        });
        let (mut wire, server, proxy) = through(tamper, false);
        let (found, down) = all(&mut wire);
        assert_eq!(down, Down::Record(RecordFault::Tag));
        assert!(found.len() < 100 && whole().starts_with(&found), "what came before is whole");
        drop(wire);
        server.join();
        proxy.join();
    }
}

fn a_record_that_is_left_out_or_doubled_ends_the_connection() {
    for times in [0, 2] {
        let tamper: Tamper =
            Box::new(move |n, record| Some(vec![record; if n == LATER { times } else { 1 }]));
        let (mut wire, server, proxy) = through(tamper, false);
        let (found, down) = all(&mut wire);
        assert_eq!(down, Down::Record(RecordFault::Tag), "{times} times");
        assert!(found.len() < 100 && whole().starts_with(&found));
        drop(wire);
        server.join();
        proxy.join();
    }
}

fn a_record_that_is_too_long_ends_the_connection() {
    for (head, expected) in [
        ([23, 3, 3, 0x41, 0x01], RecordFault::Long(16_641)),
        ([23, 3, 3, 0, 16], RecordFault::Short(16)),
        ([22, 3, 3, 0, 100], RecordFault::Kind(22)),
    ] {
        let tamper: Tamper = Box::new(move |n, record| {
            Some(if n == LATER { vec![head.to_vec(), record] } else { vec![record] })
        });
        let (mut wire, server, proxy) = through(tamper, false);
        assert_eq!(end(&mut wire), Down::Record(expected));
        drop(wire);
        server.join();
        proxy.join();
    }
}

fn an_end_without_a_word_is_a_truncation() {
    for stock in [false, true] {
        let tamper: Tamper = Box::new(|n, record| (n < LATER).then(|| vec![record]));
        let (mut wire, server, proxy) = through(tamper, stock);
        let (found, down) = all(&mut wire);
        assert!(matches!(down, Down::Truncated | Down::Broken { .. }), "{down:?}");
        assert!(found.len() < 100 && whole().starts_with(&found));
        drop(wire);
        server.join();
        proxy.join();
    }
}

fn an_end_with_a_word_is_an_end() {
    let authority = Authority::new();
    for stock in [false, true] {
        let server = hundred(&authority, |stream| {
            use std::io::Write;
            stream.conn.send_close_notify();
            stream.flush().unwrap();
            // The socket stays open until the client has heard the word.
            let _ = std::io::Read::read(&mut stream.sock, &mut [0; 16]);
        });
        let tls = authority.tls(stock);
        let mut wire = dial(&target(server.address, true), &tls, &options()).unwrap();
        assert_eq!(all(&mut wire), (whole(), Down::Ended), "stock: {stock}");
        drop(wire);
        server.join();
    }
}

/// Our own side sends the alert when the server's tag is wrong; here the server finds ours wrong.
fn an_alert_is_said_by_its_number() {
    use std::io::{Read, Write};
    const BAD_RECORD_MAC: u8 = 20;
    let authority = Authority::new();
    let server = hundred(&authority, |stream| {
        // A record that nobody sealed, as if the client had sent it.
        let mut garbage = &[&[23, 3, 3, 0, 32][..], &[9; 32]].concat()[..];
        while !garbage.is_empty() {
            stream.conn.read_tls(&mut garbage).unwrap();
        }
        assert!(stream.conn.process_new_packets().is_err());
        while stream.conn.wants_write() {
            stream.conn.write_tls(&mut stream.sock).unwrap();
        }
        stream.sock.flush().unwrap();
        let _ = stream.sock.read(&mut [0; 16]);
    });
    let tls = authority.tls(false);
    let mut wire = dial(&target(server.address, true), &tls, &options()).unwrap();
    assert_eq!(all(&mut wire), (whole(), Down::Alert { code: BAD_RECORD_MAC }));
    drop(wire);
    server.join();
}
