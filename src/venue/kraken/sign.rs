//! Kraken's signatures of REST requests.
//!
//! `API-Sign = base64(HMAC-SHA512(base64decode(secret), path | SHA256(nonce | body)))`, where the
//! path begins with `/0/private/`, the nonce is its decimal text and stands in the body as well.
//! Orders go over the websocket and are not signed: there a token stands in each request, and
//! asking for it is what is signed.
//! Never: a nonce that is not above all before it.

use crate::base::Nanos;
use crate::venue::trade::{Hmac, KeyError, KeyTexts, Secret, base64, from_base64, sha256};

/// Bytes of a secret, as Kraken hands them out.
const SECRET_BYTES: usize = 64;

/// Who signs.
#[derive(Debug)]
pub(super) struct Signer {
    name: Secret,
    key: Hmac,
    /// The last nonce that was given out, microseconds.
    last: u64,
}

impl Signer {
    /// From the texts that the venue shows once.
    pub(super) fn new(texts: &KeyTexts) -> Result<Signer, KeyError> {
        let name = texts.name.expose();
        if name.is_empty() {
            return Err(KeyError::NoName);
        }
        if !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+/=".contains(&byte)) {
            return Err(KeyError::Name);
        }
        if texts.secret.is_empty() {
            return Err(KeyError::NoSecret);
        }
        let secret = from_base64(texts.secret.expose())?;
        if secret.len() != SECRET_BYTES {
            return Err(KeyError::Length { found: secret.len(), expected: "64" });
        }
        Ok(Signer { name: texts.name.clone(), key: Hmac::sha512(&secret), last: 0 })
    }

    /// The next nonce: microseconds, and above the last one whatever the time is.
    pub(super) fn nonce(&mut self, now: Nanos) -> u64 {
        let micros = (now.0 / 1_000).max(0) as u64;
        self.last = micros.max(self.last + 1);
        self.last
    }

    /// Headers of a request with this path and body, in which this nonce stands.
    pub(super) fn headers(
        &self,
        path: &str,
        nonce: u64,
        body: &str,
    ) -> Vec<(&'static str, Secret)> {
        vec![
            ("API-Key", self.name.clone()),
            ("API-Sign", Secret::from(self.sign(path, nonce, body))),
            ("Content-Type", Secret::from("application/x-www-form-urlencoded")),
        ]
    }

    fn sign(&self, path: &str, nonce: u64, body: &str) -> String {
        let hash = sha256(&[nonce.to_string().as_bytes(), body.as_bytes()]);
        let tag = self.key.sign([path.as_bytes(), &hash[..]].into_iter());
        let mut text = Vec::with_capacity(88);
        base64(tag.as_ref(), &mut text);
        String::from_utf8(text).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signer(secret: &str) -> Signer {
        let name = Secret::from("FAKEKRAKENKEYA0000000000000000000000000000000000000000A=");
        Signer::new(&KeyTexts { name, secret: Secret::from(secret) }).unwrap()
    }

    const OFFICIAL: &str = "kQH5HW/8p1uGOVjbgWA7FunAmGO8lsSUXNsu3eow76sz84Q18fWxnyRzBHCd3pd5nE9q\
                            a99HAZtuZuj6F1huXg==";

    const FAKE: &str = "GhklYOS+vYAboSsUPZ8+/XPTEX6RriGc5sfWt70tUs/Zf9J8+hKjZYWLWHWuxzIQEJ4C+kUP\
                        Dm3HErKrZDEHJw==";

    /// Sections 4.1 and 4.2 of the protocol sheet: secret, path, nonce, body, signature.
    #[rustfmt::skip]
    fn vectors() -> [(&'static str, &'static str, u64, &'static str, &'static str); 5] {
        [
            (OFFICIAL, "/0/private/AddOrder", 1_616_492_376_594, "nonce=1616492376594&ordertype=limit&pair=XBTUSD&price=37500&type=buy&volume=1.25", "4/dpxb3iT4tp/ZCVEwSnEsLxx0bqyhLpdfOpc6fn7OR8+UClSV5n9E6aSS8MPtnRfp32bAb0nmbRn6H8ndwLUQ=="),
            (FAKE, "/0/private/GetWebSocketsToken", 1_767_225_600_000, "nonce=1767225600000", "fKqCsr0Y7MCOldv6kk8aue1h3mQ2Mw7/snIE6Dr1z0FXm4nqFEH7qXkhWataCoyTVEdVbqUTRbnugzU/yAMZkQ=="),
            (FAKE, "/0/private/AddOrder", 1_767_225_600_001, "nonce=1767225600001&ordertype=limit&type=buy&pair=XBTUSD&price=64525.1&volume=0.00150000&oflags=post&cl_ord_id=6d1b345e-2821-40e2-ad83-4ecb18a06876", "h+6lfAzFFkh6gDyGVOf3GuoRcHZviySjkq4x3sV6Bw3BBrzNoidSpxdia5Nu+J5b/qU4XpZcOFpUs5Rayoxzrw=="),
            (FAKE, "/0/private/CancelAllOrdersAfter", 1_767_225_600_002, "nonce=1767225600002&timeout=60", "AtxPgcxwjWY1QuI6TjrpK1jr8By2OVKJL7kFEa9nRzNzp/z1ypSHBKCpOlYW4A9I/0EuZMkuUJSQL4Ow9eEuNg=="),
            (FAKE, "/0/private/AddOrder", 1_767_225_600_003, r#"{"nonce":"1767225600003","ordertype":"limit","type":"sell","pair":"ETHUSD","price":"1797.25","volume":"1.5"}"#, "T9shLUTm+SgzvmsmXcmSs/tEOouOHEeusSVRSoTHwRieKRAXxYIdScr4jnAv3mX397236Crw41ozir6Fu+yJrQ=="),
        ]
    }

    #[test]
    fn the_vectors_of_the_sheet_are_met() {
        for (secret, path, nonce, body, signature) in vectors() {
            assert_eq!(signer(secret).sign(path, nonce, body), signature, "{path}");
        }
    }

    #[test]
    fn one_byte_of_path_nonce_or_body_makes_another_signature() {
        let signer = signer(FAKE);
        let all = [
            signer.sign("/0/private/A", 1, "nonce=1"),
            signer.sign("/0/private/B", 1, "nonce=1"),
            signer.sign("/0/private/A", 2, "nonce=1"),
            signer.sign("/0/private/A", 1, "nonce=2"),
        ];
        for (n, one) in all.iter().enumerate() {
            assert!(all[n + 1..].iter().all(|other| other != one));
        }
    }

    #[test]
    fn nonces_rise_even_where_time_does_not() {
        let mut signer = signer(FAKE);
        let now = Nanos(1_767_225_600 * Nanos::SECOND);
        let first = signer.nonce(now);
        assert_eq!(first, 1_767_225_600_000_000);
        assert_eq!(signer.nonce(now), first + 1);
        assert_eq!(signer.nonce(Nanos(now.0 - Nanos::SECOND)), first + 2);
        assert_eq!(signer.nonce(Nanos(now.0 + Nanos::SECOND)), first + 1_000_000);
    }

    #[test]
    fn a_secret_that_is_none_is_refused_with_the_fix() {
        let new = |name: &str, secret: &str| {
            let texts = KeyTexts { name: Secret::from(name), secret: Secret::from(secret) };
            Signer::new(&texts).unwrap_err()
        };
        assert_eq!(new("", FAKE), KeyError::NoName);
        assert_eq!(new("a\r\nX: y", FAKE), KeyError::Name);
        assert_eq!(new("a", ""), KeyError::NoSecret);
        assert_eq!(new("a", "Zm9v"), KeyError::Length { found: 3, expected: "64" });
        assert!(matches!(new("a", "hush!"), KeyError::Base64 { at: 4 }));
        assert!(!format!("{:?}", signer(FAKE)).contains("Ghkl"));
    }
}
