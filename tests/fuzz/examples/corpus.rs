//! Writes first inputs for every target: lines of the built-in recordings, and messages of the
//! protocol descriptions for the formats that those do not have.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use neural_kraken::tape::SAMPLES;

const KRAKEN_V1: &[&str] = &[
    r#"[336,{"as":[["27120.00000","4.28732553","1693415327.935623"]],"bs":[["27119.90000","13.54067548","1693415328.088361"]]},"book-10","XBT/USD"]"#,
    r#"[336,{"b":[["27119.90000","13.54109952","1693415330.621700"]],"c":"3572756970"},"book-10","XBT/USD"]"#,
    r#"[337,[["5541.20000","0.15850568","1534614057.321597","s","l",""]],"trade","XBT/USD"]"#,
    r#"{"event":"heartbeat"}"#,
];
const BINANCE: &[&str] = &[
    r#"{"e":"depthUpdate","E":1672515782136,"s":"BTCUSDT","U":157,"u":160,"b":[["0.0024","10"]],"a":[["0.0026","100"]]}"#,
    r#"{"stream":"btcusdt@depth@0ms","data":{"e":"depthUpdate","E":1672515782136,"T":1672515782130,"s":"BTCUSD_PERP","ps":"BTCUSD","U":157,"u":160,"pu":149,"b":[["61773.6","1001"]],"a":[]}}"#,
    r#"{"u":400900217,"s":"BTCUSDT","b":"25.35190000","B":"31.21000000","a":"25.36520000","A":"40.66000000"}"#,
    r#"{"lastUpdateId":1027024,"bids":[["4.00000000","431.00000000"]],"asks":[["4.00000200","12.00000000"]]}"#,
    r#"{"stream":"btcusd_perp@trade","data":{"e":"trade","E":1723161257687,"T":1723161257679,"s":"BTCUSD_PERP","t":849714402,"p":"61804.8","q":"4","X":"MARKET","m":false}}"#,
];
const EXCHANGE: &[&str] = &[
    r#"{"type":"snapshot","product_id":"BTC-USD","bids":[["10101.10","0.45054140"]],"asks":[["10102.55","0.57753524"]]}"#,
    r#"{"type":"l2update","product_id":"BTC-USD","changes":[["sell","10102.55","660.5"],["buy","10101.10","0.00000000"]],"time":"2021-04-17T16:43:37.075687Z"}"#,
    r#"{"type":"match","trade_id":10,"sequence":50,"time":"2014-11-07T08:19:27.028459Z","product_id":"BTC-USD","size":"5.23512","price":"400.23","side":"sell"}"#,
];
const ORDER: &[&str] = &[
    r#"{"method":"add_order","params":{"order_type":"limit","side":"buy","symbol":"BTC/USD","order_qty":0.0015,"limit_price":64525.1,"time_in_force":"gtc","post_only":true,"cl_ord_id":"n00000100000000001","token":""},"req_id":123456789}"#,
    r#"{"method":"cancel_order","params":{"cl_ord_id":["n00000100000000001"],"token":""},"req_id":3}"#,
    r#"{"id":"1","method":"order.place","params":{"symbol":"BTCUSDT","side":"SELL","type":"LIMIT","timeInForce":"GTC","price":"23416.10","quantity":"0.00847","newClientOrderId":"n00000100000000001","newOrderRespType":"ACK","timestamp":1660801715431}}"#,
    r#"{"id":"2","method":"order.cancel","params":{"symbol":"BTCUSDT","origClientOrderId":"n00000100000000001","timestamp":1}}"#,
    r#"{"client_order_id":"n00000100000000001","product_id":"BTC-USD","side":"BUY","order_configuration":{"limit_limit_gtc":{"base_size":"0.00150000","limit_price":"64525.10","post_only":true}}}"#,
    r#"{"order_ids":["n00000100000000001"]}"#,
];
const NASDAQ: &[&str] = &[
    "34200.004241176,1,16113575,18,5853300,1\n5859400,200,5853300,18",
    "34200.275,4,16113575,18,5853300,-1\n5859400,182,5853300,18",
];

fn main() -> std::io::Result<()> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("corpus");
    for (target, dialect) in
        [("kraken", "kraken"), ("binance", "binance"), ("coinbase", "coinbase")]
    {
        let mut lines = Vec::new();
        for (_, _, bytes) in SAMPLES.iter().filter(|(_, venue, _)| *venue == dialect) {
            let mut text = String::new();
            flate2::read::GzDecoder::new(*bytes).read_to_string(&mut text)?;
            let frames =
                text.lines().filter_map(|line| line.split_once(' ').map(|(_, f)| f.to_owned()));
            lines.extend(frames.filter(|frame| frame.len() < 3_000).step_by(97).take(150));
        }
        write(&root.join(target), lines.iter().map(String::as_str))?;
    }
    for target in ["binance", "binance_usdm", "binance_coinm"] {
        write(&root.join(target), BINANCE.iter().copied())?;
    }
    write(&root.join("kraken_v1"), KRAKEN_V1.iter().copied())?;
    write(&root.join("coinbase_exchange"), EXCHANGE.iter().copied())?;
    write(&root.join("order"), ORDER.iter().copied())?;
    write(&root.join("nasdaq"), NASDAQ.iter().copied())?;
    write(
        &root.join("redact"),
        [r#"{"token":"abc","x":1}"#, "API-Key: abc\r\n", "?signature=ab"].into_iter(),
    )?;
    network(&root)?;
    model(&root.join("model"))?;
    journal(&root.join("journal"))
}

/// Streams of frames and replies; the first byte says how they are cut.
fn network(root: &Path) -> std::io::Result<()> {
    let frames =
        ["1\u{1}\u{3}Hel\0\0", "7\u{1}\u{2}ab\t\u{1}!\0\u{2}cd", "3\u{2}\u{7e}\0\u{9}123456789"];
    write(&root.join("websocket"), frames.into_iter())?;
    let replies = [
        "1HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhelloHTTP/1.1 204 No\r\n\r\n",
        "9HTTP/1.1 400 Bad\r\nTransfer-Encoding: chunked\r\n\r\n3;a\r\nabc\r\n0\r\nA: b\r\n\r\n",
    ];
    write(&root.join("http"), replies.into_iter())?;
    // A head, and what nobody sealed.
    write(&root.join("record"), ["\u{17}\u{3}\u{3}\0\u{11}12345678901234567"].into_iter())
}

fn write<'a>(folder: &Path, inputs: impl Iterator<Item = &'a str>) -> std::io::Result<()> {
    fs::create_dir_all(folder)?;
    let before = fs::read_dir(folder)?.count();
    for (n, input) in inputs.enumerate() {
        fs::write(folder.join(format!("seed-{}", before + n)), input)?;
    }
    Ok(())
}

/// Models in the form of each exporter.
fn model(folder: &Path) -> std::io::Result<()> {
    fs::create_dir_all(folder)?;
    let golden = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../golden/neural");
    for entry in fs::read_dir(golden)? {
        let entry = entry?;
        fs::copy(entry.path(), folder.join(entry.file_name()))?;
    }
    Ok(())
}

/// A sound segment, plain and deflated.
fn journal(folder: &Path) -> std::io::Result<()> {
    use neural_kraken::Nanos;
    use neural_kraken::journal::{Kind, Options, Record, Writer};
    fs::create_dir_all(folder)?;
    for compress in [false, true] {
        let dir = std::env::temp_dir().join(format!("neural-kraken-corpus-{compress}"));
        let _ = fs::remove_dir_all(&dir);
        let options = Options { compress, ..Options::default() };
        let mut writer = Writer::create(&dir, options, Nanos(1)).map_err(std::io::Error::other)?;
        for n in 0..20 {
            let record =
                Record { frame: n, bytes: b"{\"a\":1}", ..Record::new(Kind::Frame, Nanos(2)) };
            writer.append(&record).map_err(std::io::Error::other)?;
        }
        writer.finish(Nanos(3)).map_err(std::io::Error::other)?;
        for entry in fs::read_dir(&dir)? {
            fs::copy(entry?.path(), folder.join(format!("seed-{compress}")))?;
        }
    }
    Ok(())
}
