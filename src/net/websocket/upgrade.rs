//! The upgrade from HTTP/1.1 to websocket (RFC 6455, section 4).
//!
//! In: a target, random bytes. Out: a request, and a verdict on the reply.
//! Never: a socket.

use ring::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use ring::rand::{SecureRandom, SystemRandom};

use super::super::http::{Head, HeadError};
use super::super::target::Target;
use crate::limits::EXCERPT_BYTES_MAX;

/// A request to upgrade, and what its reply must say.
#[derive(Debug)]
pub(crate) struct Upgrade {
    request: Vec<u8>,
    accept: String,
}

/// Why there is no websocket.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UpgradeFault {
    /// The reply is no HTTP.
    #[error(transparent)]
    Head(#[from] HeadError),
    /// The other side refused.
    #[error("status {status} instead of 101{}: {excerpt:?}", after(*.retry_after_s))]
    Status {
        /// What it answered.
        status: u16,
        /// Seconds that it wants to be left alone (`Retry-After`).
        retry_after_s: Option<u64>,
        /// The beginning of what it said.
        excerpt: String,
    },
    /// It agreed to something else.
    #[error("the reply's header `{0}` does not say what RFC 6455 wants: no websocket server")]
    Header(&'static str),
}

fn after(retry_after_s: Option<u64>) -> String {
    retry_after_s.map_or_else(String::new, |s| format!(", retry after {s} s"))
}

impl Upgrade {
    /// A request with a key of its own; `None` where the system has no random numbers.
    pub(crate) fn new(target: &Target) -> Option<Upgrade> {
        let mut nonce = [0; 16];
        SystemRandom::new().fill(&mut nonce).ok()?;
        Some(Upgrade::with(target, nonce))
    }

    fn with(target: &Target, nonce: [u8; 16]) -> Upgrade {
        const GUID: &str = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
        let key = base64(&nonce);
        let request = format!(
            "GET {} HTTP/1.1\r\nHost: {}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\
             User-Agent: neural-kraken/{}\r\n\r\n",
            target.path,
            target.authority(),
            env!("CARGO_PKG_VERSION"),
        );
        let hash = digest(&SHA1_FOR_LEGACY_USE_ONLY, format!("{key}{GUID}").as_bytes());
        Upgrade { request: request.into_bytes(), accept: base64(hash.as_ref()) }
    }

    /// What is sent.
    pub(crate) fn request(&self) -> &[u8] {
        &self.request
    }

    /// Looks at what has come: the bytes of the reply's head once it is there and agrees. What is
    /// behind it belongs to the first frames.
    pub(crate) fn agreed(&self, reply: &[u8]) -> Result<Option<usize>, UpgradeFault> {
        let Some(head) = Head::parse(reply)? else { return Ok(None) };
        if head.status != 101 {
            // What the other side says in its body is awaited for as long as its head says so.
            let body = &reply[head.bytes..];
            let awaited = head.number("content-length").unwrap_or(0).min(EXCERPT_BYTES_MAX as u64);
            if (body.len() as u64) < awaited {
                return Ok(None);
            }
            return Err(UpgradeFault::refused(&head, body));
        }
        if !head.has_token("upgrade", "websocket") {
            return Err(UpgradeFault::Header("Upgrade"));
        }
        if !head.has_token("connection", "upgrade") {
            return Err(UpgradeFault::Header("Connection"));
        }
        if head.header("sec-websocket-accept") != Some(self.accept.as_bytes()) {
            return Err(UpgradeFault::Header("Sec-WebSocket-Accept"));
        }
        // None was offered, so none may be chosen (RFC 6455, 4.1).
        for name in ["Sec-WebSocket-Extensions", "Sec-WebSocket-Protocol"] {
            if head.header(name).is_some_and(|value| !value.is_empty()) {
                return Err(UpgradeFault::Header(name));
            }
        }
        Ok(Some(head.bytes))
    }
}

impl UpgradeFault {
    /// What is known of a refusal.
    pub(crate) fn refused(head: &Head<'_>, body: &[u8]) -> UpgradeFault {
        let excerpt = String::from_utf8_lossy(&body[..body.len().min(EXCERPT_BYTES_MAX)]);
        let retry_after_s = head.number("retry-after");
        UpgradeFault::Status { status: head.status, retry_after_s, excerpt: excerpt.into_owned() }
    }
}

/// RFC 4648, section 4.
fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for group in bytes.chunks(3) {
        let mut wide = [0; 4];
        wide[1..=group.len()].copy_from_slice(group);
        let bits = u32::from_be_bytes(wide);
        for n in 0..4 {
            let letter = LETTERS[(bits >> (18 - 6 * n)) as usize & 63];
            text.push(if n <= group.len() { char::from(letter) } else { '=' });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn upgrade() -> Upgrade {
        let target = Target {
            host: "server.example.com".into(),
            port: 80,
            address: None,
            path: "/chat".into(),
            tls: false,
        };
        Upgrade::with(&target, *b"the sample nonce")
    }

    /// What RFC 6455, 1.2 and 1.3, has the server answer.
    const REPLY: &str = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: WebSocket\r\n\
                         Connection: keep-alive, Upgrade\r\n\
                         Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";

    #[test]
    fn the_example_of_rfc_6455_is_agreed() {
        let upgrade = upgrade();
        let request = String::from_utf8(upgrade.request().to_vec()).unwrap();
        assert!(request.starts_with("GET /chat HTTP/1.1\r\nHost: server.example.com\r\n"));
        assert!(request.contains("\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"));
        let with_frame = [REPLY.as_bytes(), b"\x81\x00"].concat();
        for bytes in 0..=with_frame.len() {
            let agreed = upgrade.agreed(&with_frame[..bytes]);
            assert_eq!(agreed, Ok((bytes >= REPLY.len()).then_some(REPLY.len())));
        }
    }

    #[test]
    fn a_reply_that_agrees_to_something_else_is_refused() {
        for (from, to, name) in [
            ("WebSocket", "h2c", "Upgrade"),
            ("keep-alive, Upgrade", "keep-alive", "Connection"),
            ("s3pP", "S3pP", "Sec-WebSocket-Accept"),
            ("Upgrade: W", "Sec-WebSocket-Extensions: x\r\nUpgrade: W", "Sec-WebSocket-Extensions"),
        ] {
            let reply = REPLY.replacen(from, to, 1);
            assert_eq!(upgrade().agreed(reply.as_bytes()), Err(UpgradeFault::Header(name)));
        }
    }

    #[test]
    fn a_refusal_says_its_status_its_words_and_how_long_to_stay_away() {
        let reply =
            b"HTTP/1.1 429 Too Many\r\nRetry-After: 30\r\nContent-Length: 9\r\n\r\nslow down";
        assert_eq!(upgrade().agreed(&reply[..reply.len() - 1]), Ok(None), "it is heard out");
        let refused = upgrade().agreed(reply).unwrap_err();
        let text = refused.to_string();
        assert!(text.contains("429") && text.contains("retry after 30 s"), "{text}");
        assert!(text.contains("slow down"), "{text}");
    }

    #[test]
    fn base64_is_that_of_rfc_4648() {
        let cases =
            [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg==")];
        for (bytes, text) in cases {
            assert_eq!(base64(bytes.as_bytes()), text);
        }
    }
}
