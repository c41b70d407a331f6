//! The venues' side of the wire against the wire itself: what was recorded, decoded and mirrored,
//! is the recording again, byte by byte.

use std::io::Read;

use neural_kraken::base::Nanos;
use neural_kraken::event::{Body, BookChange};
use neural_kraken::venue::wire::Shape;
use neural_kraken::venue::{binance, kraken};

use super::Case;
use super::ear::{Ear, Said, name, written};
use super::source;

pub(crate) fn cases() -> Vec<Case> {
    vec![
        (
            "mirror::real_kraken_books_come_out_byte_by_byte".into(),
            Box::new(real_kraken_books_are_mirrored_byte_by_byte),
        ),
        (
            "mirror::real_binance_frames_come_out_byte_by_byte".into(),
            Box::new(real_binance_frames_are_mirrored_byte_by_byte),
        ),
    ]
}

fn recording(file: &str) -> String {
    let bytes = std::fs::read(source::path(file)).unwrap();
    if !bytes.starts_with(&[0x1F, 0x8B]) {
        return String::from_utf8(bytes).unwrap();
    }
    let mut text = String::new();
    flate2::read::GzDecoder::new(&bytes[..]).read_to_string(&mut text).unwrap();
    text
}

fn real_kraken_books_are_mirrored_byte_by_byte() {
    let text = recording("kraken_v2/btcusd_depth10_20260719T1754.jsonl");
    let (symbol, shape) = (name("BTC/USD"), Shape { price: 1, qty: 8 });
    let ear = Ear::new(&kraken::V2, symbol, shape);
    let mut mirrored = 0;
    for line in text.lines().filter(|line| line.starts_with("{\"channel\":\"book\"")) {
        let heard = ear.hear(line.as_bytes(), !line.contains("snapshot"));
        let Said { venue_ns, body: Body::Book(change), levels } = &heard.said[0] else {
            panic!("no book: {line}")
        };
        let (bids, asks) = levels.split_at(change.bids as usize);
        let book = kraken::mirror::Book {
            symbol,
            shape,
            snapshot: change.snapshot,
            bids,
            asks,
            checksum: change.checksum.unwrap(),
            venue_ns: *venue_ns,
        };
        if change.snapshot {
            assert_eq!(change.checksum, Some(kraken::mirror::checksum(bids, asks)));
        }
        let frame = written(|out| kraken::mirror::book(&book, out));
        assert_eq!(String::from_utf8_lossy(&frame), line);
        mirrored += 1;
    }
    assert_eq!(mirrored, 1_254);
}

fn real_binance_frames_are_mirrored_byte_by_byte() {
    let file = "hftbacktest_binance_raw/spot_btcusdt_20240808.log.gz";
    let text = recording(file);
    let (symbol, shape) = (name("BTCUSDT"), Shape { price: 8, qty: 8 });
    let ear = Ear::new(&binance::SPOT, symbol, shape);
    for line in text.lines().take(3_000) {
        let (_, line) = line.split_once(' ').unwrap();
        let is_stream = line.starts_with("{\"stream\"");
        let Said { venue_ns, body, levels } = &ear.hear(line.as_bytes(), is_stream).said[0];
        let frame = written(|out| match body {
            Body::Book(change) => {
                let (bids, asks) = levels.split_at(change.bids as usize);
                let BookChange { first_id, last_id, .. } = *change;
                if change.snapshot {
                    let snapshot = binance::mirror::Snapshot { shape, last_id, bids, asks };
                    return binance::mirror::snapshot(&snapshot, out);
                }
                let event_ns = *venue_ns;
                binance::mirror::depth(
                    &binance::mirror::Depth {
                        symbol,
                        shape,
                        event_ns,
                        first_id,
                        last_id,
                        bids,
                        asks,
                    },
                    out,
                );
            }
            Body::Top(top) => binance::mirror::top(symbol, shape, top, out),
            Body::Trade(trade) => {
                // The decoder keeps the time of the match; the event's own is read here.
                let at = line.split("\"E\":").nth(1).unwrap().split(',').next().unwrap();
                let event_ns = Nanos::from_millis(at.parse().unwrap());
                let (trade, venue_ns) = (*trade, *venue_ns);
                let fill = binance::mirror::Fill { symbol, shape, trade, event_ns, venue_ns };
                binance::mirror::trade(&fill, out);
            }
            other => panic!("{other:?}: {line}"),
        });
        assert_eq!(String::from_utf8_lossy(&frame), line);
    }
}
