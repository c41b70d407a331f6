//! Tungstenite as the server, over TCP, TLS 1.3 by our records and by rustls's, and TLS 1.2.

use neural_kraken::net::{Down, FrameFault, Kind, Note, Options, SendError};
use neural_kraken::sys::clock;
use neural_kraken::sys::deadline::Deadline;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{CloseCode, Data, OpCode};
use tokio_tungstenite::tungstenite::protocol::frame::{Frame, FrameHeader};

use super::stand::{PATIENCE, Socket, WAYS, Way, end, next, options, websocket};

crate::cases![
    texts_go_both_ways_whatever_their_length,
    a_ping_between_parts_is_answered_and_the_parts_are_joined,
    a_close_is_answered_with_its_code,
    our_close_is_answered_and_nothing_is_sent_behind_it,
    a_message_of_16_mib_is_taken_and_a_larger_one_refused,
    keys_are_replaced_in_mid_stream,
    what_the_socket_does_not_take_is_sent_later_and_too_much_is_refused,
    receives_are_stamped_where_it_was_asked_for,
    the_way_of_the_records_is_said,
];

/// A text of so many bytes that is not all ASCII.
fn text(bytes: usize) -> String {
    let mut text: String = "\u{20ac}1,".repeat(bytes / 5);
    text.push_str(&"x".repeat(bytes - text.len()));
    text
}

const LENGTHS: [usize; 12] =
    [0, 1, 125, 126, 127, 16_379, 16_384, 16_385, 32_768, 65_535, 65_536, 150_000];

/// Sends back what it receives, until it is closed.
fn echo(socket: &mut Socket) {
    while let Ok(message) = socket.read() {
        if message.is_text() || message.is_binary() {
            socket.send(message).unwrap();
        }
    }
}

fn texts_go_both_ways_whatever_their_length() {
    for way in WAYS {
        let (mut wire, server) = websocket(way, &options(), echo);
        for bytes in LENGTHS {
            wire.send_text(text(bytes).as_bytes()).unwrap();
            let (kind, found) = next(&mut wire).unwrap();
            assert_eq!((kind, found.len()), (Kind::Text, bytes), "{way:?}");
            assert_eq!(found, text(bytes).into_bytes(), "{way:?}");
        }
        let counts = wire.counts();
        assert_eq!((counts.frames_in, counts.frames_out), (12, 12));
        assert!(wire.is_idle());
        wire.send_close(1_000).unwrap();
        assert_eq!(end(&mut wire), Down::Ended, "{way:?}");
        server.join();
    }
}

fn part(opcode: Data, is_final: bool, payload: &str) -> Message {
    let header = FrameHeader { is_final, opcode: OpCode::Data(opcode), ..FrameHeader::default() };
    Message::Frame(Frame::from_payload(header, payload.to_owned().into()))
}

fn a_ping_between_parts_is_answered_and_the_parts_are_joined() {
    for way in WAYS {
        let (mut wire, server) = websocket(way, &options(), |socket| {
            socket.send(part(Data::Text, false, "one ")).unwrap();
            socket.send(Message::Ping("are you there".into())).unwrap();
            let pong = socket.read().unwrap();
            socket.send(part(Data::Continue, false, "two ")).unwrap();
            socket.send(part(Data::Continue, true, "three")).unwrap();
            socket.send(Message::Pong("by itself".into())).unwrap();
            pong
        });
        let said = |text: &str| text.as_bytes().to_vec();
        assert_eq!(next(&mut wire), Ok((Kind::Ping, said("are you there"))));
        assert_eq!(next(&mut wire), Ok((Kind::Text, said("one two three"))));
        assert_eq!(next(&mut wire), Ok((Kind::Pong, said("by itself"))));
        assert_eq!(wire.counts().pings, 1);
        assert_eq!(server.join(), Message::Pong("are you there".into()), "{way:?}");
    }
}

fn a_close_is_answered_with_its_code() {
    for way in WAYS {
        let (mut wire, server) = websocket(way, &options(), |socket| {
            let frame = CloseFrame { code: CloseCode::Restart, reason: "back soon".into() };
            socket.close(Some(frame)).unwrap();
            socket.read().unwrap()
        });
        let (kind, payload) = next(&mut wire).unwrap();
        assert_eq!(kind, Kind::Close { code: Some(1_012) });
        assert_eq!(&payload[2..], b"back soon");
        assert_eq!(wire.send_text(b"late"), Err(SendError::Closing));
        let answer = server.join();
        assert!(
            matches!(&answer, Message::Close(Some(frame)) if frame.code == CloseCode::Restart),
            "{way:?}: {answer:?}"
        );
        assert_eq!(end(&mut wire), Down::Ended, "{way:?}");
        assert_eq!(wire.poll().map(|_| ()), Err(Down::Ended), "and it stays so");
    }
}

fn our_close_is_answered_and_nothing_is_sent_behind_it() {
    for way in WAYS {
        let (mut wire, server) = websocket(way, &options(), |socket| {
            socket.send(Message::text("on its way")).unwrap();
            while socket.read().is_ok() {}
        });
        wire.send_close(1_001).unwrap();
        assert_eq!(wire.send_text(b"late"), Err(SendError::Closing));
        assert_eq!(next(&mut wire), Ok((Kind::Text, b"on its way".to_vec())), "still heard");
        assert_eq!(next(&mut wire).unwrap().0, Kind::Close { code: Some(1_001) });
        assert_eq!(end(&mut wire), Down::Ended, "{way:?}");
        server.join();
    }
}

fn a_message_of_16_mib_is_taken_and_a_larger_one_refused() {
    const MOST: usize = 16 << 20;
    for way in [Way::Plain, Way::Tls13, Way::Tls12] {
        let whole = Options { message_bytes_max: MOST, ..options() };
        let (mut wire, server) = websocket(way, &whole, |socket| {
            socket.send(Message::binary(vec![7; MOST])).unwrap();
            let half = "x".repeat(MOST / 2);
            socket.send(part(Data::Text, false, &half)).unwrap();
            socket.send(part(Data::Continue, true, &half)).unwrap();
            let _ = socket.send(Message::binary(vec![7; MOST + 1]));
        });
        let (kind, payload) = next(&mut wire).unwrap();
        assert_eq!((kind, payload.len()), (Kind::Binary, MOST));
        assert!(payload.iter().all(|byte| *byte == 7));
        let (kind, payload) = next(&mut wire).unwrap();
        assert_eq!((kind, payload.len()), (Kind::Text, MOST));
        let large = FrameFault::Large { bytes: MOST as u64 + 1, most: MOST };
        assert_eq!(next(&mut wire), Err(Down::Frame(large)), "{way:?}");
        drop(wire);
        server.join();
    }
}

/// rustls asks for a key of ours with each of its own, and must go on reading us.
fn keys_are_replaced_in_mid_stream() {
    use super::stand::{Authority, secured, serve, target};
    use neural_kraken::net::dial;
    use tokio_tungstenite::tungstenite::accept;
    for stock in [false, true] {
        let authority = Authority::new();
        let config = authority.server(&rustls::version::TLS13);
        let server = serve(move |tcp| {
            let mut socket = accept(secured(config, tcp)).map_err(|e| e.to_string()).unwrap();
            for n in 0..300 {
                if n % 10 == 3 {
                    socket.get_mut().conn.refresh_traffic_keys().unwrap();
                }
                socket.send(Message::text(format!("to {n}"))).unwrap();
                assert_eq!(socket.read().unwrap(), Message::text(format!("from {n}")));
            }
        });
        let tls = authority.tls(stock);
        let mut wire = dial(&target(server.address, true), &tls, &options()).unwrap();
        for n in 0..300 {
            assert_eq!(next(&mut wire), Ok((Kind::Text, format!("to {n}").into_bytes())));
            wire.send_text(format!("from {n}").as_bytes()).unwrap();
        }
        server.join();
        if !stock {
            assert_eq!(wire.counts().key_updates, 60, "thirty theirs, thirty ours");
        }
    }
}

fn what_the_socket_does_not_take_is_sent_later_and_too_much_is_refused() {
    for way in WAYS {
        let (go, wait) = std::sync::mpsc::channel::<()>();
        let (mut wire, server) = websocket(way, &options(), move |socket| {
            wait.recv().unwrap();
            let mut found = Vec::new();
            while let Ok(message) = socket.read() {
                if message.is_text() {
                    found.push(message.into_text().unwrap().to_string());
                }
            }
            found
        });
        // Until neither the kernel nor our own buffer has room for another one.
        let mut sent = 0;
        let refused = loop {
            let text = format!("{sent:06}{}", "x".repeat(20_000));
            match wire.send_text(text.as_bytes()) {
                Ok(()) => sent += 1,
                Err(error) => break error,
            }
        };
        assert!(matches!(refused, SendError::Full { bytes } if bytes > 20_000), "{refused:?}");
        assert!(!wire.is_idle());
        go.send(()).unwrap();
        while !wire.is_idle() {
            assert!(wire.poll().unwrap().is_none());
        }
        wire.send_close(1_000).unwrap();
        assert_eq!(end(&mut wire), Down::Ended);
        let found = server.join();
        assert_eq!(found.len(), sent, "{way:?}");
        assert!(found.iter().enumerate().all(|(n, text)| text.starts_with(&format!("{n:06}x"))));
    }
}

fn receives_are_stamped_where_it_was_asked_for() {
    for (way, stamps) in [(Way::Plain, true), (Way::Tls13, true), (Way::Tls13, false)] {
        let before = clock::counter();
        let (mut wire, server) = websocket(way, &Options { stamps, ..options() }, echo);
        let deadline = Deadline::after(PATIENCE);
        // The kernel begins to stamp a little after it was asked for the first time.
        let mut stamp = None;
        while stamp.is_none() && deadline.left().is_some() {
            wire.send_text(b"now").unwrap();
            let message = loop {
                if let Some(message) = wire.poll().unwrap() {
                    break message;
                }
            };
            assert!(message.recv_tsc >= before && message.recv_tsc <= clock::counter());
            assert!(message.raw().len() >= message.len() + 64);
            stamp = message.kernel_ns;
            if !stamps {
                break;
            }
        }
        assert_eq!(stamp.is_some(), stamps, "{way:?}");
        // After 2020: Unix time in nanoseconds.
        assert!(stamp.is_none_or(|ns| ns > 1_577_836_800_000_000_000));
        drop(wire);
        server.join();
    }
}

fn the_way_of_the_records_is_said() {
    for way in WAYS {
        let (wire, server) = websocket(way, &options(), |_| ());
        server.join();
        let notes = wire.notes();
        match way {
            Way::Plain | Way::Tls13 => assert!(!wire.is_stock() && notes.is_empty()),
            Way::Tls13Stock => assert!(wire.is_stock() && matches!(notes, [Note::StockAsked])),
            Way::Tls12 => assert!(wire.is_stock() && matches!(notes, [Note::StockVersion])),
        }
    }
}
