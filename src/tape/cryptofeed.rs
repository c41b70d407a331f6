//! Captures of cryptofeed: `<time>: <frame>` received, `<url> -> <time>: <body>` a REST reply,
//! `<url> <- <time>: <text>` sent, `<url> <-> <time>` opened. Times are seconds since the epoch.

use std::path::PathBuf;

use super::contract::{Format, Spec, excerpt, stands_alone};
use super::deck::Tape;
use super::error::TapeError;
use super::file;
use crate::base::{Decimal, Nanos, Symbol};

pub(super) static FORMAT: Format = Format {
    name: "cryptofeed",
    about: "a cryptofeed capture, websocket or REST",
    read,
    is_companion: stands_alone,
    names_venues: false,
    takes_directory: false,
};

fn read(spec: &Spec, _: &[&PathBuf], tape: &mut Tape) -> Result<(), TapeError> {
    let path = &spec.path;
    let mut sink = tape.connect(spec.dialect()?, path)?;
    for (line, text) in file::lines(&file::read(path)?) {
        match parse(text) {
            Some(Line::Received { at, about, frame }) => sink.frame(at, about, frame)?,
            Some(Line::Aside) => {}
            None => {
                let (path, found) = (path.clone(), excerpt(text));
                let expected = "`<seconds>: <frame>` or `<url> -> <seconds>: <body>`";
                return Err(TapeError::Line { path, line, expected, found });
            }
        }
    }
    Ok(())
}

enum Line<'a> {
    /// A frame or a reply.
    Received { at: Nanos, about: Option<Symbol>, frame: &'a [u8] },
    /// Opened, sent, or the capture's own configuration.
    Aside,
}

fn parse(text: &[u8]) -> Option<Line<'_>> {
    if text.starts_with(b"configuration: ") {
        return Some(Line::Aside);
    }
    if text.first()?.is_ascii_digit() {
        let (at, frame) = stamp(text)?;
        return Some(Line::Received { at, about: None, frame });
    }
    let blank = text.iter().position(|b| *b == b' ')?;
    let (url, rest) = text.split_at(blank);
    if rest.starts_with(b" <-> ") || rest.starts_with(b" <- ") {
        return Some(Line::Aside);
    }
    let (at, frame) = stamp(rest.strip_prefix(b" -> ")?)?;
    Some(Line::Received { at, about: subject(url), frame })
}

/// `<seconds>: <rest>`.
fn stamp(text: &[u8]) -> Option<(Nanos, &[u8])> {
    let colon = text.iter().position(|b| *b == b':')?;
    let seconds = Decimal::parse(&text[..colon]).ok()?.unsigned_at(9).ok()?;
    Some((Nanos(seconds), text[colon + 1..].trim_ascii()))
}

/// The `symbol=` of a query.
fn subject(url: &[u8]) -> Option<Symbol> {
    let url = std::str::from_utf8(url).ok()?;
    let (_, query) = url.split_once('?')?;
    let symbol = query.split('&').find_map(|pair| pair.strip_prefix("symbol="))?;
    Symbol::new(symbol.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reply_is_about_the_symbol_of_its_query() {
        let line =
            b"https://x/api/v3/depth?limit=1000&symbol=NKNUSDT -> 1633998512.320639: {\"a\":1}";
        let Some(Line::Received { at, about, frame }) = parse(line) else {
            panic!("a reply was not taken for one")
        };
        assert_eq!(at, Nanos(1_633_998_512_320_639_000));
        assert_eq!(about, Symbol::new(b"NKNUSDT"));
        assert_eq!(frame, b"{\"a\":1}");
    }

    #[test]
    fn what_was_sent_or_opened_is_no_frame() {
        for line in ["wss://x <-> 1.5", "wss://x <- 1.5: {}", "configuration: {}"] {
            assert!(matches!(parse(line.as_bytes()), Some(Line::Aside)), "{line}");
        }
        assert!(parse(b"nonsense").is_none());
    }
}
