//! JWTs that are there before they are needed: each is used once, and none that is about to end.
//!
//! In: a signer, the time. Out: HTTP requests, whole.
//! Never: a signature made while an order waits, unless orders came faster than it was refilled.

use super::sign::{LIFE_S, Signer};

/// JWTs kept for one question.
const KEPT: usize = 8;

/// One that has less to live than so many seconds is made anew: the venue may be slow, and clocks
/// differ.
const LEFT_S_MIN: u64 = 60;

/// JWTs for one question, and the head of its request.
pub(super) struct Stock {
    uri: String,
    /// All of the head up to the JWT.
    before: String,
    kept: [Kept; KEPT],
}

#[derive(Default)]
struct Kept {
    text: Vec<u8>,
    made_s: u64,
    is_fresh: bool,
}

impl Kept {
    fn is_good(&self, now_s: u64) -> bool {
        let lived = now_s.saturating_sub(self.made_s);
        self.is_fresh && lived + LEFT_S_MIN <= LIFE_S && now_s >= self.made_s
    }
}

impl Stock {
    /// Empty, of `POST` to a path.
    pub(super) fn new(host: &str, path: &str) -> Stock {
        Stock {
            uri: format!("POST {host}{path}"),
            before: format!(
                "POST {path} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: neural-kraken\r\n\
                 Content-Type: application/json\r\nAuthorization: Bearer "
            ),
            kept: Default::default(),
        }
    }

    /// Makes one that is missing or old. True where there was one to make.
    pub(super) fn refill(&mut self, signer: &mut Signer, now_s: u64) -> bool {
        let Some(old) = self.kept.iter_mut().find(|kept| !kept.is_good(now_s)) else {
            return false;
        };
        old.is_fresh = signer.jwt(now_s, Some(&self.uri), &mut old.text);
        old.made_s = now_s;
        true
    }

    /// Writes a request with this body over what is in `out`; says whether its JWT was there.
    /// `None` where none can be made.
    pub(super) fn write(
        &mut self,
        signer: &mut Signer,
        body: &[u8],
        now_s: u64,
        out: &mut Vec<u8>,
    ) -> Option<bool> {
        let ready = self.kept.iter().position(|kept| kept.is_good(now_s));
        let place = ready.unwrap_or(0);
        let kept = &mut self.kept[place];
        if ready.is_none() {
            kept.is_fresh = signer.jwt(now_s, Some(&self.uri), &mut kept.text);
            kept.made_s = now_s;
            if !kept.is_fresh {
                return None;
            }
        }
        out.clear();
        out.extend_from_slice(self.before.as_bytes());
        out.extend_from_slice(&kept.text);
        out.extend_from_slice(b"\r\nContent-Length: ");
        push_number(body.len(), out);
        out.extend_from_slice(b"\r\n\r\n");
        out.extend_from_slice(body);
        kept.is_fresh = false;
        Some(ready.is_some())
    }
}

fn push_number(number: usize, out: &mut Vec<u8>) {
    let mut digits = [0; 20];
    let (mut at, mut left) = (digits.len(), number);
    loop {
        at -= 1;
        digits[at] = b'0' + (left % 10) as u8;
        left /= 10;
        if left == 0 {
            break;
        }
    }
    out.extend_from_slice(&digits[at..]);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::venue::trade::KeyTexts;

    fn signer() -> Signer {
        let seed = "XRRddH4NsOlpX7i5OxWEGttV76ul3hrxFv/nkFz/bBE=";
        Signer::new(&KeyTexts { name: "a/b".into(), secret: seed.into() }).unwrap()
    }

    fn jwt(request: &[u8]) -> String {
        let text = String::from_utf8(request.to_vec()).unwrap();
        text.split("Bearer ").nth(1).unwrap().split("\r\n").next().unwrap().to_owned()
    }

    #[test]
    fn each_is_used_once_and_an_empty_stock_signs_on_the_spot() {
        let (mut signer, mut stock) = (signer(), Stock::new("api.coinbase.com", "/o"));
        while stock.refill(&mut signer, 1_000) {}
        let mut used = Vec::new();
        let mut out = Vec::new();
        for n in 0..10 {
            let was_there = stock.write(&mut signer, b"{}", 1_010, &mut out).unwrap();
            assert_eq!(was_there, n < KEPT);
            used.push(jwt(&out));
        }
        used.sort();
        used.dedup();
        assert_eq!(used.len(), 10);
        let text = String::from_utf8(out).unwrap();
        assert!(text.starts_with("POST /o HTTP/1.1\r\nHost: api.coinbase.com\r\n"), "{text}");
        assert!(text.ends_with("\r\nContent-Length: 2\r\n\r\n{}"), "{text}");
    }

    #[test]
    fn one_that_is_old_is_made_anew() {
        let (mut signer, mut stock) = (signer(), Stock::new("h", "/o"));
        while stock.refill(&mut signer, 1_000) {}
        assert!(!stock.refill(&mut signer, 1_060));
        let mut out = Vec::new();
        assert_eq!(stock.write(&mut signer, b"", 1_061, &mut out), Some(false));
        let mut made = 0;
        while stock.refill(&mut signer, 1_061) {
            made += 1;
        }
        assert_eq!(made, KEPT);
        // A clock that goes back makes none of them good.
        assert!(stock.refill(&mut signer, 1_060));
    }
}
