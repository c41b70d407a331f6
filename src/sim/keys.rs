//! Keys: what accounts of the simulator sign with. Made up from the seed; they open nothing else.
//!
//! In: a seed. Out: texts in each venue's own form.
//! Never: a key that a real venue gave.

use rcgen::KeyPair;

use super::random::Random;

/// The stream of chance that keys use.
const CHANCE: u64 = 3_000;

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// What one account of each venue signs with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keys {
    /// Kraken: the key, and the secret of 64 bytes in base64.
    pub kraken: (String, String),
    /// Binance: the key and the secret, 64 letters and digits each.
    pub binance: (String, String),
    /// Coinbase: the key's name, and its private key on P-256 as PEM, which is another one at each
    /// start.
    pub coinbase: (String, String),
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
        let coinbase = (name, KeyPair::generate()?.serialize_pem());
        Ok(Keys { kraken, binance, coinbase })
    }
}

/// Two numbers in the form of a random UUID.
fn uuid(one: u64, other: u64) -> String {
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
        assert_ne!(one.kraken, other.kraken);
        assert_eq!((one.kraken.1.len(), one.binance.1.len()), (88, 64));
        assert!(one.binance.0.bytes().all(|byte| byte.is_ascii_alphanumeric()));
        assert_eq!(one.coinbase.0.len(), "organizations//apiKeys/".len() + 2 * 36);
        assert!(one.coinbase.1.starts_with("-----BEGIN PRIVATE KEY-----"));
    }
}
