//! Keys: what accounts of the simulator sign with. Made up from the seed; they open nothing else.
//!
//! In: a seed. Out: texts in each venue's own form.
//! Never: a key that a real venue gave; a secret in `Debug`.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rcgen::{KeyPair, PublicKeyData};

use super::random::Random;

/// The stream of chance that keys use.
const CHANCE: u64 = 3_000;

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// PKCS#8 of an Ed25519 key, before its seed.
const EDWARDS_HEAD: [u8; 16] =
    [0x30, 0x2E, 2, 1, 0, 0x30, 5, 6, 3, 0x2B, 0x65, 0x70, 4, 0x22, 4, 0x20];

/// SEC 1 of a P-256 key: before its secret, and between that and its point.
const SEC1_HEAD: [u8; 7] = [0x30, 0x77, 2, 1, 1, 4, 0x20];
const SEC1_MIDDLE: [u8; 17] =
    [0xA0, 0x0A, 6, 8, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 3, 1, 7, 0xA1, 0x44, 3, 0x42, 0];

/// Where the secret of a P-256 key stands in PKCS#8 as it is made here, after this mark.
const PKCS8_MARK: [u8; 5] = [2, 1, 1, 4, 0x20];

/// What one account of each venue signs with.
#[derive(Clone, PartialEq, Eq)]
pub struct Keys {
    /// Kraken: the key, and the secret of 64 bytes in base64.
    pub kraken: (String, String),
    /// Binance: the key and the secret, 64 letters and digits each.
    pub binance: (String, String),
    /// Binance: another key of the same account, and its Ed25519 private key as PEM of PKCS#8.
    pub binance_ed25519: (String, String),
    /// Coinbase: the key's name, and its private key on P-256 as PEM of SEC 1, which is another one
    /// at each start.
    pub coinbase: (String, String),
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keys").finish_non_exhaustive()
    }
}

impl Keys {
    /// The keys of a seed.
    pub fn new(seed: u64) -> Result<Keys, rcgen::Error> {
        let mut random = Random::new(seed, CHANCE);
        let mut text = |letters: usize, kinds: i64| -> String {
            let mut letter = || char::from(ALPHABET[random.below(kinds) as usize]);
            (0..letters).map(|_| letter()).collect()
        };
        // 64 bytes are 85 letters, one with the last two bits, and the padding.
        let kraken = (text(56, 64), text(85, 64) + "A==");
        let binance = (text(64, 62), text(64, 62));
        let (one, other) = (random.next(), random.next());
        let name = format!("organizations/{}/apiKeys/{}", uuid(one, other), uuid(other, one));
        let mut text = |letters: usize| -> String {
            (0..letters).map(|_| char::from(ALPHABET[random.below(62) as usize])).collect()
        };
        let edwards_name = text(64);
        let seed: Vec<u8> = (0..32).map(|_| random.next() as u8).collect();
        let edwards = pem("PRIVATE KEY", &[&EDWARDS_HEAD[..], &seed].concat());
        let coinbase = (name, sec1(&KeyPair::generate()?)?);
        Ok(Keys { kraken, binance, binance_ed25519: (edwards_name, edwards), coinbase })
    }
}

/// A P-256 key in the form in which Coinbase gives it.
fn sec1(pair: &KeyPair) -> Result<String, rcgen::Error> {
    let der = pair.serialize_der();
    let at = der.windows(5).position(|bytes| bytes == PKCS8_MARK).map(|at| at + 5);
    let secret =
        at.and_then(|at| der.get(at..at + 32)).ok_or(rcgen::Error::CouldNotParseKeyPair)?;
    let all = [&SEC1_HEAD[..], secret, &SEC1_MIDDLE, pair.der_bytes()].concat();
    Ok(pem("EC PRIVATE KEY", &all))
}

fn pem(label: &str, der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let mut out = format!("-----BEGIN {label}-----\n");
    for line in text.as_bytes().chunks(64) {
        out.push_str(&String::from_utf8_lossy(line));
        out.push('\n');
    }
    out + &format!("-----END {label}-----\n")
}

/// Two numbers in the form of a random UUID.
pub(super) fn uuid(one: u64, other: u64) -> String {
    let (low, middle, version) = (one >> 32, (one >> 16) & 0xFFFF, 0x4000 | one & 0xFFF);
    let (clock, node) = (0x8000 | (other >> 48) & 0x3FFF, other & 0xFFFF_FFFF_FFFF);
    format!("{low:08x}-{middle:04x}-{version:04x}-{clock:04x}-{node:012x}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_of_a_seed_are_its_own_and_have_their_venues_form() {
        let (one, again, other) =
            (Keys::new(1).unwrap(), Keys::new(1).unwrap(), Keys::new(2).unwrap());
        assert_eq!((&one.kraken, &one.binance), (&again.kraken, &again.binance));
        assert_eq!(one.binance_ed25519, again.binance_ed25519);
        assert_ne!(one.kraken, other.kraken);
        assert_eq!((one.kraken.1.len(), one.binance.1.len()), (88, 64));
        assert!(one.binance.0.bytes().all(|byte| byte.is_ascii_alphanumeric()));
        assert_eq!(one.coinbase.0.len(), "organizations//apiKeys/".len() + 2 * 36);
        assert!(one.coinbase.1.starts_with("-----BEGIN EC PRIVATE KEY-----\nMHcCAQEEI"));
        assert!(!format!("{one:?}").contains(&one.kraken.1));
    }
}
