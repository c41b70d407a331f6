//! Redaction: masks what must never be on a disk, in whatever a connection carried.
//!
//! In: bytes of a frame, of an HTTP head or of an address. Out: as many bytes, with the values of
//! secret keys, headers and query parameters as `*`, so that offsets stay and a replay that redacts
//! its own bytes compares equal.
//! Never: a parser that gives up. Cut or malformed text is masked as far as it goes.

/// Keys whose JSON strings and query values are masked, compared without case.
const KEYS: &[&str] = &[
    "token",
    "access_token",
    "refresh_token",
    "signature",
    "sign",
    "api_key",
    "apikey",
    "api-key",
    "api-sign",
    "api_secret",
    "x-mbx-apikey",
    "authorization",
    "secret",
    "private_key",
    "passphrase",
    "password",
    "otp",
    "jwt",
    "key",
    "listenkey",
];

/// HTTP headers whose values are masked, compared without case.
const HEADERS: &[&str] = &[
    "authorization",
    "proxy-authorization",
    "api-key",
    "api-sign",
    "x-mbx-apikey",
    "cookie",
    "set-cookie",
];

/// Headers and keys that begin so are masked as well (Coinbase).
const HEADER_PREFIX: &[u8] = b"cb-access-";

/// Bytes that are looked at for a key's or a header's name: more than any of them has.
const KEY_BYTES_MAX: usize = 32;

/// Letters and digits behind `/ws/` or `/stream/` that are a listen key, not a stream's name.
const LISTEN_KEY_BYTES_MIN: usize = 40;

/// Appends `bytes` to `out`, secrets masked, as many bytes as came in.
pub fn redact(bytes: &[u8], out: &mut Vec<u8>) {
    let start = out.len();
    out.extend_from_slice(bytes);
    let text = &mut out[start..];
    let mut at = 0;
    while at < text.len() {
        let secret = match text[at] {
            b'"' => json_value(text, at),
            b'=' => query_value(text, at),
            b':' => header_value(text, at),
            b'/' => listen_key(text, at),
            _ => None,
        };
        at += 1;
        if let Some((from, to)) = secret {
            text[from..to].fill(b'*');
            at = to;
        }
    }
}

/// The value of a secret JSON key that begins with the quotation mark at `quote`. The JSON may be
/// quoted itself, as a string within JSON, so that a backslash stands before each mark.
fn json_value(text: &[u8], quote: usize) -> Option<(usize, usize)> {
    let name = quote + 1;
    let end =
        name + text[name..].iter().take(KEY_BYTES_MAX).position(|b| matches!(b, b'"' | b'\\'))?;
    if !is_secret_key(&text[name..end]) {
        return None;
    }
    let mut at = end;
    while text.get(at) == Some(&b'\\') {
        at += 1;
    }
    if text.get(at) != Some(&b'"') {
        return None;
    }
    at += 1;
    let has_colon = skip_while(text, &mut at, |b| b.is_ascii_whitespace() || b == b':');
    if !has_colon {
        return None;
    }
    let slashes = at;
    skip_while(text, &mut at, |b| b == b'\\');
    let is_nested = at > slashes;
    if text.get(at) != Some(&b'"') {
        return None;
    }
    let from = at + 1;
    let mut to = from;
    while to < text.len() && text[to] != b'"' {
        // In plain JSON a backslash escapes what follows; in nested JSON it leads the closing mark.
        to += if text[to] == b'\\' && !is_nested { 2 } else { 1 };
    }
    let mut to = to.min(text.len());
    while is_nested && to > from && text[to - 1] == b'\\' && to < text.len() {
        to -= 1;
    }
    Some((from, to))
}

/// The value of a secret query or form parameter, whose `=` stands at `equals`.
fn query_value(text: &[u8], equals: usize) -> Option<(usize, usize)> {
    let name =
        text[..equals].iter().rev().take(KEY_BYTES_MAX).take_while(|b| is_of_name(**b)).count();
    if !is_secret_key(&text[equals - name..equals]) {
        return None;
    }
    let from = equals + 1;
    let ends = |b: &u8| b.is_ascii_whitespace() || matches!(b, b'&' | b'"' | b'#' | b'\\' | b'\'');
    let length = text[from..].iter().position(ends).unwrap_or(text.len() - from);
    Some((from, from + length))
}

/// The value of a secret HTTP header, whose `:` stands at `colon`.
fn header_value(text: &[u8], colon: usize) -> Option<(usize, usize)> {
    let line = text[..colon].iter().rev().take(KEY_BYTES_MAX).position(|b| *b == b'\n');
    let name = match line {
        Some(length) => &text[colon - length..colon],
        None if colon <= KEY_BYTES_MAX => &text[..colon],
        None => return None,
    };
    let name = name.trim_ascii();
    let is_secret = HEADERS.iter().any(|header| name.eq_ignore_ascii_case(header.as_bytes()))
        || is_prefixed(name);
    if !is_secret {
        return None;
    }
    let mut from = colon + 1;
    skip_while(text, &mut from, |b| b == b' ');
    let ends = |b: &u8| matches!(b, b'\r' | b'\n');
    let length = text[from..].iter().position(ends).unwrap_or(text.len() - from);
    Some((from, from + length))
}

/// A Binance listen key in an address, whose `/` before it stands at `slash`.
fn listen_key(text: &[u8], slash: usize) -> Option<(usize, usize)> {
    let before = &text[..slash];
    if !before.ends_with(b"/ws") && !before.ends_with(b"/stream") {
        return None;
    }
    let from = slash + 1;
    let length = text[from..].iter().take_while(|b| b.is_ascii_alphanumeric()).count();
    (length >= LISTEN_KEY_BYTES_MIN).then_some((from, from + length))
}

fn is_secret_key(name: &[u8]) -> bool {
    KEYS.iter().any(|key| name.eq_ignore_ascii_case(key.as_bytes())) || is_prefixed(name)
}

/// Only of letters, digits and marks of a name: what else stands there may yet be masked, and the
/// name would reach further on a second look.
fn is_prefixed(name: &[u8]) -> bool {
    let prefix = name.get(..HEADER_PREFIX.len());
    prefix.is_some_and(|prefix| prefix.eq_ignore_ascii_case(HEADER_PREFIX))
        && name.iter().copied().all(is_of_name)
}

fn is_of_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-')
}

/// Moves `at` on while bytes are of a sort; says if it moved.
fn skip_while(text: &[u8], at: &mut usize, is_skipped: impl Fn(u8) -> bool) -> bool {
    let from = *at;
    while text.get(*at).is_some_and(|b| is_skipped(*b)) {
        *at += 1;
    }
    *at > from
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const PIECES: &[&str] = &[
        "\"",
        "\\",
        "\\\"",
        ":",
        "=",
        "&",
        "\n",
        "\r\n",
        " ",
        "token",
        "cb-access-",
        "Api-Key",
        "key",
        "/ws/",
        "abcdefghijklmnopqrstuvwxyz0123456789abcdefgh",
        "*",
        "x",
        "{",
        "}",
        "#",
        "'",
    ];

    fn masked(text: &str) -> String {
        let mut out = Vec::new();
        redact(text.as_bytes(), &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn secrets_of_json_are_masked_and_nothing_else() {
        for (text, expected) in [
            (
                r#"{"method":"subscribe","params":{"token":"abc","channel":"executions"}}"#,
                r#"{"method":"subscribe","params":{"token":"***","channel":"executions"}}"#,
            ),
            (
                r#"{"apiKey" : "K1" ,"signature":"f0","timestamp":17}"#,
                r#"{"apiKey" : "**" ,"signature":"**","timestamp":17}"#,
            ),
            (r#"{"jwt":"a\"b","x":"a"}"#, r#"{"jwt":"****","x":"a"}"#),
            (
                r#"{"body":"{\"secret\":\"xy\",\"n\":1}"}"#,
                r#"{"body":"{\"secret\":\"**\",\"n\":1}"}"#,
            ),
            (
                r#"{"Passphrase":"p","CB-ACCESS-SIGN":"q"}"#,
                r#"{"Passphrase":"*","CB-ACCESS-SIGN":"*"}"#,
            ),
            (r#"{"token":"cut o"#, r#"{"token":"*****"#),
            (
                r#"{"symbol":"token","key":7,"tokens":"a"}"#,
                r#"{"symbol":"token","key":7,"tokens":"a"}"#,
            ),
        ] {
            assert_eq!(masked(text), expected);
        }
    }

    #[test]
    fn secrets_of_requests_and_addresses_are_masked() {
        for (text, expected) in [
            (
                "GET /x?symbol=A&signature=ab12&n=1 HTTP/1.1\r\n\
                 X-MBX-APIKEY: k9\r\nHost: h\r\n\r\n",
                "GET /x?symbol=A&signature=****&n=1 HTTP/1.1\r\n\
                 X-MBX-APIKEY: **\r\nHost: h\r\n\r\n",
            ),
            ("Authorization: Bearer eyJ\r\nAccept: *", "Authorization: **********\r\nAccept: *"),
            (
                "a: b\napi-sign:zz\nCb-Access-Passphrase: q",
                "a: b\napi-sign:**\nCb-Access-Passphrase: *",
            ),
            ("wss://h/ws?token=t0k", "wss://h/ws?token=***"),
            ("wss://h:9443/ws/btcusdt@depth", "wss://h:9443/ws/btcusdt@depth"),
        ] {
            assert_eq!(masked(text), expected);
        }
        let listen_key = "a1".repeat(32);
        assert!(!masked(&format!("wss://h:9443/ws/{listen_key}")).contains("a1"));
    }

    #[test]
    fn a_masked_closing_mark_makes_no_longer_name() {
        let once = masked("{\"cb-access-:\nApi-Key:\"\t\nen\":\"%\"");
        assert_eq!(once, "{\"cb-access-:\nApi-Key:**\nen\":\"%\"");
        assert_eq!(masked(&once), once);
    }

    proptest! {
        /// Of pieces that meet each other in ways that single bytes hardly do.
        #[test]
        fn any_pieces_redact_once(pieces in prop::collection::vec(0..PIECES.len(), 0..24)) {
            let text: String = pieces.iter().map(|piece| PIECES[*piece]).collect();
            let once = masked(&text);
            prop_assert_eq!(masked(&once), once);
        }

        #[test]
        fn any_bytes_keep_their_length_and_redact_once(
            bytes in prop::collection::vec(any::<u8>(), 0..200),
        ) {
            let (mut once, mut twice) = (Vec::new(), Vec::new());
            redact(&bytes, &mut once);
            redact(&once, &mut twice);
            prop_assert_eq!(once.len(), bytes.len());
            prop_assert_eq!(once, twice);
        }

        #[test]
        fn a_secret_behind_any_key_is_gone(
            key in 0..KEYS.len(),
            secret in "[a-zA-Z0-9+/._-]{8,60}",
            space in "[ \n\t]{0,3}",
            before in "[a-z\":,{}]{0,20}",
        ) {
            let text = format!(r#"{before},"{}"{space}:{space}"{secret}","z":1"#, KEYS[key]);
            let out = masked(&text);
            prop_assert!(!out.contains(&secret), "{text} -> {out}");
            let query = masked(&format!("/p?{}={secret}&z=1", KEYS[key]));
            prop_assert!(!query.contains(&secret) && query.ends_with("&z=1"), "{query}");
        }
    }
}
