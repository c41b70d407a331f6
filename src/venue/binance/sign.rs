//! Binance's signatures: HMAC-SHA256 as hex, or Ed25519 as base64.
//!
//! In: a request as JSON, of ours. Out: the same with `apiKey` and `signature` as its last
//! parameters. What is signed are all parameters as `name=value`, sorted by name and joined by
//! `&`, values as in the text, without percent-encoding. Over REST it is the query and body as
//! sent; `signature` comes last there.
//! Never: an allocation once its buffers have grown, for orders are signed one by one where there
//! is no logon.

use ring::hmac;

use crate::limits;
use crate::venue::trade::{Ed25519, HEX, Hmac, KeyError, KeyTexts, Secret, base64};

/// Parameters of a request at most: an order of ours has ten.
const PARAMS_MAX: usize = 24;

/// Bytes of an Ed25519 signature as base64: the longest signature there is.
const SIGNATURE_BYTES_MAX: usize = 88;

/// Who signs.
pub(super) struct Signer {
    name: Secret,
    key: Key,
    /// The last payload: scratch.
    payload: Vec<u8>,
}

enum Key {
    Hmac(Hmac),
    Ed25519(Ed25519),
}

/// Parameters of a request, as they stand in it.
struct Params<'a> {
    all: [(&'a [u8], &'a [u8]); PARAMS_MAX],
    count: usize,
}

impl Signer {
    /// From the texts that the venue shows, or the PEM of an Ed25519 key.
    pub(super) fn new(texts: &KeyTexts) -> Result<Signer, KeyError> {
        let name = texts.name.expose();
        if name.is_empty() {
            return Err(KeyError::NoName);
        }
        if name.len() > 128 || !name.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return Err(KeyError::Name);
        }
        let secret = texts.secret.expose();
        let key = if secret.is_empty() {
            return Err(KeyError::NoSecret);
        } else if secret.contains("-----BEGIN") {
            Key::Ed25519(Ed25519::from_pem(secret)?)
        } else if secret.bytes().all(|byte| byte.is_ascii_alphanumeric()) && secret.len() <= 256 {
            Key::Hmac(Hmac::sha256(secret.as_bytes()))
        } else {
            let what = "it is neither an HMAC secret (letters and digits) nor PEM";
            return Err(KeyError::Content { what, fix: "copy it again, whole" });
        };
        let payload = Vec::with_capacity(2 * limits::ORDER_BYTES_MAX);
        Ok(Signer { name: texts.name.clone(), key, payload })
    }

    /// Can a connection be logged on with it, so that orders on it need no signature?
    pub(super) fn logs_on(&self) -> bool {
        matches!(self.key, Key::Ed25519(_))
    }

    /// Writes a request, signed, over what is in `out`. False where it has more parameters than any
    /// of ours, or is none of ours.
    pub(super) fn seal(&mut self, request: &[u8], out: &mut Vec<u8>) -> bool {
        out.clear();
        let Some(mut params) = Params::of(request) else { return false };
        if !params.add(b"apiKey", self.name.expose().as_bytes()) {
            return false;
        }
        let Some(body) = request.strip_suffix(b"}}") else { return false };
        out.extend_from_slice(body);
        out.extend_from_slice(if params.count > 1 { b",\"apiKey\":\"" } else { b"\"apiKey\":\"" });
        out.extend_from_slice(self.name.expose().as_bytes());
        out.extend_from_slice(b"\",\"signature\":\"");
        self.payload.clear();
        for (n, (name, value)) in params.all[..params.count].iter().enumerate() {
            if n > 0 {
                self.payload.push(b'&');
            }
            for part in [name, &b"="[..], value] {
                self.payload.extend_from_slice(part);
            }
        }
        self.sign_payload(out);
        out.extend_from_slice(b"\"}}");
        true
    }

    fn sign_payload(&self, out: &mut Vec<u8>) {
        match &self.key {
            Key::Hmac(key) => push_hex(&key.sign([&self.payload[..]].into_iter()), out),
            Key::Ed25519(key) => base64(key.sign(&self.payload).as_ref(), out),
        }
    }
}

fn push_hex(tag: &hmac::Tag, out: &mut Vec<u8>) {
    for byte in tag.as_ref() {
        out.extend_from_slice(&[HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]]);
    }
}

impl<'a> Params<'a> {
    /// Those of a request as we write them: no escapes, no nesting within `params`. Sorted.
    fn of(request: &'a [u8]) -> Option<Params<'a>> {
        const BEGIN: &[u8] = b"\"params\":{";
        let at = request.windows(BEGIN.len()).position(|part| part == BEGIN)?;
        let mut rest = &request[at + BEGIN.len()..];
        let mut params = Params { all: [(&[], &[]); PARAMS_MAX], count: 0 };
        loop {
            rest = rest.trim_ascii_start();
            if let Some(behind) = rest.strip_prefix(b"}") {
                return (behind == b"}").then_some(params);
            }
            if params.count > 0 {
                rest = rest.strip_prefix(b",")?;
            }
            let (name, behind) = quoted(rest)?;
            let behind = behind.trim_ascii_start().strip_prefix(b":")?.trim_ascii_start();
            let (value, behind) = if behind.starts_with(b"\"") {
                quoted(behind)?
            } else {
                let end = behind.iter().position(|byte| matches!(byte, b',' | b'}'))?;
                let (value, behind) = behind.split_at(end);
                (value.trim_ascii_end(), behind)
            };
            if !params.add(name, value) {
                return None;
            }
            rest = behind;
        }
    }

    /// Puts one in its place; false where there is no room, or where its name stands there already.
    fn add(&mut self, name: &'a [u8], value: &'a [u8]) -> bool {
        if self.count == PARAMS_MAX {
            return false;
        }
        let at = self.all[..self.count].partition_point(|(other, _)| *other < name);
        if self.all[..self.count].get(at).is_some_and(|(other, _)| *other == name) {
            return false;
        }
        self.all.copy_within(at..self.count, at + 1);
        self.all[at] = (name, value);
        self.count += 1;
        true
    }
}

/// A quoted text without escapes, and what is behind it.
fn quoted(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let text = text.strip_prefix(b"\"")?;
    let end = text.iter().position(|byte| matches!(byte, b'"' | b'\\'))?;
    (text[end] == b'"').then(|| (&text[..end], &text[end + 1..]))
}

/// Room that a signed request takes beyond the plain one.
pub(super) const SEAL_BYTES: usize = 192 + SIGNATURE_BYTES_MAX;

impl std::fmt::Debug for Signer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a signer")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OFFICIAL: [&str; 2] = [
        "vmPUZE6mv9SD5VNHk4HlWFsOr6aKE2zvsw0MuIgwCIPy6utIco14y7Ju91duEh8A",
        "NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0j",
    ];

    const HMAC: [&str; 2] = [
        "fakeBinanceHmacKeyA0000000000000000000000000000000000000000000000",
        "fakeBinanceSecretA0000000000000000000000000000000000000000000000A",
    ];

    const ED: [&str; 2] = [
        "fakeBinanceEdKeyA000000000000000000000000000000000000000000000000",
        "-----BEGIN PRIVATE KEY-----\n\
         MC4CAQAwBQYDK2VwBCIEIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f\n\
         -----END PRIVATE KEY-----",
    ];

    fn signer([name, secret]: [&str; 2]) -> Signer {
        Signer::new(&KeyTexts { name: name.into(), secret: secret.into() }).unwrap()
    }

    /// The signature of a payload, as over REST.
    fn of_payload(key: [&str; 2], payload: &str) -> String {
        let mut signer = signer(key);
        signer.payload = payload.as_bytes().to_vec();
        let mut out = Vec::new();
        signer.sign_payload(&mut out);
        String::from_utf8(out).unwrap()
    }

    /// The signature that a request of ours gets.
    fn sealed(key: [&str; 2], params: &str) -> String {
        let params = params.trim_matches(['{', '}']);
        let request = format!("{{\"id\":\"1\",\"method\":\"m\",\"params\":{{{params}}}}}");
        let mut out = Vec::new();
        assert!(signer(key).seal(request.as_bytes(), &mut out));
        let text = String::from_utf8(out).unwrap();
        let root: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(root["params"]["apiKey"], key[0]);
        root["params"]["signature"].as_str().unwrap().to_owned()
    }

    const PLACE: &str = r#"{"symbol":"BTCUSDT","side":"BUY","type":"LIMIT","timeInForce":"GTC","price":      "64525.10","quantity":  "0.00150","newClientOrderId":"fp-0001","newOrderRespType":"ACK","recvWindow":5000,"timestamp":    1767225600000}"#;

    /// Section 4.3 of the protocol sheet; the official ones are in 4.1.
    #[rustfmt::skip]
    fn requests() -> Vec<([&'static str; 2], &'static str, &'static str)> {
        vec![
            (OFFICIAL, r#""symbol":"BTCUSDT","side":"SELL","type":"LIMIT","timeInForce":"GTC","quantity":"0.01000000","price":"52000.00","recvWindow":100,"timestamp":1645423376532"#, "aa1b5712c094bc4e57c05a1a5c1fd8d88dcd628338ea863fec7b88e59fe2db24"),
            (OFFICIAL, r#""symbol":"１２３４５６","side":"BUY","type":"LIMIT","timeInForce":"GTC","quantity":"1.00000000","price":"0.10000000","recvWindow":5000,"timestamp":1645423376532"#, "b33892ae8e687c939f4468c6268ddd4c40ac1af18ad19a064864c47bae0752cd"),
            (HMAC, PLACE, "5d8097ade4f4979e62b2169689e4522a45af12f558b5275db0d511cf6693ab07"),
            (HMAC, r#""symbol":"BTCUSDT","orderId":12569099453,"timestamp":1767225600001"#, "e8d2f5113659118b71aea58625d51160a20025df75c62e0b56dfc757b2eb6641"),
            (HMAC, r#""timestamp":1767225600003"#, "1f502a09693e0f45c421ffdff3cdf5bbec394adff82ee3801a4af4112397950e"),
            (ED, PLACE, "2WsAGsBKoROrSkjjdjH6WTbarGGDWiw9GzDiAmSsTD0oa/i34fkcEeGIyJ+HVCdGUAk/PrKOHGKs2yv9kp56BA=="),
            (ED, r#""symbol":"BTCUSDT","orderId":12569099453,"timestamp":1767225600001"#, "/t+8F6CXb0XvNdBAWyg4SHeQOCCkViFArSOE3pRCqoP+3GtqUNTsPIJaQY+eCePF9NIN0hS50lpdFm7aRaoABQ=="),
            (ED, r#""timestamp":1767225600002"#, "MZHW7mqf5WZ3d6/r1UV5b8fR1ocedW8LPcjFagSYoLihIghr0ia/VtimXRbla8A4CRxw9Js6ywuQYGZ/UowuCA=="),
            (ED, r#""timestamp":1767225600003"#, "qUQSvQ4sb+BNERQmcMRyGkaqO4cleqdP2JRLI/BgZMlwx1ERxHdyEnfl+dBmLUgd8GzuM42FJ5HL5O2V3PU8BA=="),
        ]
    }

    #[rustfmt::skip]
    fn payloads() -> Vec<([&'static str; 2], &'static str, &'static str)> {
        vec![
            (OFFICIAL, "symbol=LTCBTC&side=BUY&type=LIMIT&timeInForce=GTC&quantity=1&price=0.1&recvWindow=5000&timestamp=1499827319559", "c8db56825ae71d6d79447849e617115f4a920fa2acdcab2b053c4b2838bd6b71"),
            (OFFICIAL, "symbol=%EF%BC%91%EF%BC%92%EF%BC%93%EF%BC%94%EF%BC%95%EF%BC%96&side=BUY&type=LIMIT&timeInForce=GTC&quantity=1&price=0.1&recvWindow=5000&timestamp=1499827319559", "e1353ec6b14d888f1164ae9af8228a3dbd508bc82eb867db8ab6046442f33ef3"),
            (HMAC, "symbol=ETHUSDT&side=SELL&type=LIMIT_MAKER&quantity=0.5&price=1797.25&timestamp=1767225600004", "544aec4b08a705177bc101d0c55aa1672c6c1a5547256bda055e95b5e3cc1e49"),
            (ED, "symbol=ETHUSDT&side=SELL&type=LIMIT_MAKER&quantity=0.5&price=1797.25&timestamp=1767225600004", "Bkkkte8f1O3WwPPWh78PX2eax72rGnr+f+yxGg4oeM2isKjJkxSMQpZ7JT5wOup8TxAny8rX/yPCYL4hzHwxBw=="),
        ]
    }

    #[test]
    fn the_vectors_of_the_sheet_are_met() {
        for (key, params, signature) in requests() {
            assert_eq!(sealed(key, params), signature, "{params}");
        }
        for (key, payload, signature) in payloads() {
            assert_eq!(of_payload(key, payload), signature, "{payload}");
        }
    }

    #[test]
    fn what_is_no_request_of_ours_is_not_signed() {
        let mut signer = signer(HMAC);
        let many: Vec<String> = (0..PARAMS_MAX).map(|n| format!("\"p{n}\":1")).collect();
        let hostile = [
            String::from("{}"),
            String::from(r#"{"params":{"a":"1""#),
            String::from(r#"{"params":{"a":"1","a":"2"}}"#),
            String::from(r#"{"params":{"apiKey":"other"}}"#),
            String::from(r#"{"params":{"a":"\""}}"#),
            String::from(r#"{"params":{"a":1} }"#),
            format!("{{\"params\":{{{}}}}}", many.join(",")),
        ];
        for request in hostile {
            assert!(!signer.seal(request.as_bytes(), &mut Vec::new()), "{request}");
        }
    }

    #[test]
    fn a_secret_that_is_none_is_refused_with_the_fix() {
        let new = |name: &str, secret: &str| {
            Signer::new(&KeyTexts { name: name.into(), secret: secret.into() }).unwrap_err()
        };
        assert_eq!(new("", HMAC[1]), KeyError::NoName);
        assert_eq!(new("a b", HMAC[1]), KeyError::Name);
        assert_eq!(new("a", ""), KeyError::NoSecret);
        assert!(matches!(new("a", "hush hush"), KeyError::Content { .. }));
        let rsa = "-----BEGIN RSA PRIVATE KEY-----\nAAAA\n-----END RSA PRIVATE KEY-----";
        assert!(new("a", rsa).to_string().contains("Ed25519"));
        assert!(signer(ED).logs_on() && !signer(HMAC).logs_on());
    }
}
