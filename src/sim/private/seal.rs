//! Seals: what a venue knows of a key, and whether a signature is its key's.
//!
//! In: a secret as its owner has it, or a public key. Out: yes or no.
//! Never: a secret shown; of a key pair only the public half is kept.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::signature::{self, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use ring::{digest, hmac};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{PrivateKeyDer, SubjectPublicKeyInfoDer};

/// Bytes before the point of a P-256 key in its DER forms: a bit string of 66, none of them unused.
const POINT_MARK: [u8; 4] = [0x03, 0x42, 0x00, 0x04];

/// Bytes before the 32 of an Ed25519 public key.
const EDWARDS_MARK: [u8; 8] = [0x06, 0x03, 0x2B, 0x65, 0x70, 0x03, 0x21, 0x00];

/// What signatures of a key are checked with.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Seal {
    /// The secret itself.
    Hmac(Vec<u8>),
    /// A public key.
    Ed25519(Vec<u8>),
    /// A public key on P-256, uncompressed.
    P256(Vec<u8>),
}

impl fmt::Debug for Seal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Seal::Hmac(_) => "Hmac(..)",
            Seal::Ed25519(_) => "Ed25519(..)",
            Seal::P256(_) => "P256(..)",
        })
    }
}

impl Seal {
    /// Kraken: a secret in base64.
    pub(super) fn of_base64(secret: &str) -> Option<Seal> {
        let bytes = unbase64(secret)?;
        (!bytes.is_empty()).then_some(Seal::Hmac(bytes))
    }

    /// Binance: PEM of an Ed25519 key, private or public; anything else is the text of an HMAC key.
    pub(super) fn of_text(secret: &str) -> Option<Seal> {
        if secret.contains("-----BEGIN") {
            return Seal::of_pem(secret).filter(|seal| matches!(seal, Seal::Ed25519(_)));
        }
        (!secret.is_empty()).then(|| Seal::Hmac(secret.as_bytes().to_vec()))
    }

    /// Coinbase: PEM of a P-256 or Ed25519 key, private or public, whose line ends may be written
    /// `\n`; or base64 of an Ed25519 seed, alone or with the public key behind it.
    pub(super) fn of_pair(secret: &str) -> Option<Seal> {
        if secret.contains("-----BEGIN") {
            return Seal::of_pem(&secret.replace("\\n", "\n"));
        }
        let bytes = unbase64(secret.trim())?;
        let seed = bytes.get(..32).filter(|_| [32, 64].contains(&bytes.len()))?;
        let pair = Ed25519KeyPair::from_seed_unchecked(seed).ok()?;
        Some(Seal::Ed25519(pair.public_key().as_ref().to_vec()))
    }

    fn of_pem(text: &str) -> Option<Seal> {
        if let Ok(key) = SubjectPublicKeyInfoDer::from_pem_slice(text.as_bytes()) {
            let der = key.as_ref();
            let edwards = der.windows(8).any(|bytes| bytes == EDWARDS_MARK);
            let of_edwards = || Some(Seal::Ed25519(der.get(der.len() - 32..)?.to_vec()));
            return if edwards { of_edwards() } else { point(der) };
        }
        match PrivateKeyDer::from_pem_slice(text.as_bytes()).ok()? {
            PrivateKeyDer::Sec1(key) => point(key.secret_sec1_der()),
            PrivateKeyDer::Pkcs8(key) => {
                let der = key.secret_pkcs8_der();
                let pair = Ed25519KeyPair::from_pkcs8_maybe_unchecked(der).ok();
                let of_pair =
                    |pair: Ed25519KeyPair| Seal::Ed25519(pair.public_key().as_ref().to_vec());
                pair.map(of_pair).or_else(|| point(der))
            }
            _ => None,
        }
    }

    /// Is it this key's signature, in the venue's text form: hex of HMAC-SHA256, or base64 of
    /// Ed25519?
    pub(super) fn is_text_signed(&self, message: &[u8], signature: &str) -> bool {
        match self {
            Seal::Hmac(secret) => {
                let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
                let signed = unhex(signature);
                signed.is_some_and(|tag| hmac::verify(&key, message, &tag).is_ok())
            }
            Seal::Ed25519(_) => {
                unbase64(signature).is_some_and(|bytes| self.is_signed(message, &bytes))
            }
            Seal::P256(_) => false,
        }
    }

    /// Kraken's `API-Sign` over the path, the nonce and the body.
    pub(super) fn is_kraken_signed(
        &self,
        path: &str,
        nonce: &str,
        body: &[u8],
        sign: &str,
    ) -> bool {
        let Seal::Hmac(secret) = self else { return false };
        let mut inner = digest::Context::new(&digest::SHA256);
        inner.update(nonce.as_bytes());
        inner.update(body);
        let message = [path.as_bytes(), inner.finish().as_ref()].concat();
        let key = hmac::Key::new(hmac::HMAC_SHA512, secret);
        unbase64(sign).is_some_and(|tag| hmac::verify(&key, &message, &tag).is_ok())
    }

    /// Is it the signature of this key pair?
    pub(super) fn is_signed(&self, message: &[u8], signature: &[u8]) -> bool {
        match self {
            Seal::Ed25519(public) => UnparsedPublicKey::new(&signature::ED25519, public)
                .verify(message, signature)
                .is_ok(),
            Seal::P256(public) => {
                UnparsedPublicKey::new(&signature::ECDSA_P256_SHA256_FIXED, public)
                    .verify(message, signature)
                    .is_ok()
            }
            Seal::Hmac(_) => false,
        }
    }
}

/// The point of a P-256 key, after its mark.
fn point(der: &[u8]) -> Option<Seal> {
    let at = der.windows(4).rposition(|bytes| bytes == POINT_MARK)?;
    let point = der.get(at + 3..at + 3 + 65)?;
    Some(Seal::P256(point.to_vec()))
}

pub(super) fn unbase64(text: &str) -> Option<Vec<u8>> {
    STANDARD.decode(text).ok()
}

/// Base64 of URLs, without padding.
pub(super) fn unbase64_url(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}

#[cfg(test)]
pub(super) fn base64_url(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits = text.as_bytes().chunks(2);
    let byte = |pair: &[u8]| {
        let is_hex = pair.len() == 2 && pair.iter().all(u8::is_ascii_hexdigit);
        let pair = std::str::from_utf8(pair).ok().filter(|_| is_hex)?;
        u8::from_str_radix(pair, 16).ok()
    };
    digits.map(byte).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const OFFICIAL: &str = "kQH5HW/8p1uGOVjbgWA7FunAmGO8lsSUXNsu3eow76sz84Q18fWxnyRzBHCd3pd5nE9qa\
                            99HAZtuZuj6F1huXg==";

    #[test]
    #[rustfmt::skip]
    fn kraken_vectors_are_taken_and_a_changed_byte_is_not() {
        let fake = "GhklYOS+vYAboSsUPZ8+/XPTEX6RriGc5sfWt70tUs/Zf9J8+hKjZYWLWHWuxzIQEJ4C+kUPDm3HErKrZDEHJw==";
        let add = "/0/private/AddOrder";
        let json = r#"{"nonce":"1767225600003","ordertype":"limit","type":"sell","pair":"ETHUSD","price":"1797.25","volume":"1.5"}"#;
        for (secret, path, nonce, body, sign) in [
            (
                OFFICIAL,
                add,
                "1616492376594",
                "nonce=1616492376594&ordertype=limit&pair=XBTUSD&price=37500&type=buy&volume=1.25",
                "4/dpxb3iT4tp/ZCVEwSnEsLxx0bqyhLpdfOpc6fn7OR8+UClSV5n9E6aSS8MPtnRfp32bAb0nmbRn6H8ndwLUQ==",
            ),
            (
                fake,
                "/0/private/GetWebSocketsToken",
                "1767225600000",
                "nonce=1767225600000",
                "fKqCsr0Y7MCOldv6kk8aue1h3mQ2Mw7/snIE6Dr1z0FXm4nqFEH7qXkhWataCoyTVEdVbqUTRbnugzU/yAMZkQ==",
            ),
            (
                fake,
                "/0/private/CancelAllOrdersAfter",
                "1767225600002",
                "nonce=1767225600002&timeout=60",
                "AtxPgcxwjWY1QuI6TjrpK1jr8By2OVKJL7kFEa9nRzNzp/z1ypSHBKCpOlYW4A9I/0EuZMkuUJSQL4Ow9eEuNg==",
            ),
            (
                fake,
                add,
                "1767225600003",
                json,
                "T9shLUTm+SgzvmsmXcmSs/tEOouOHEeusSVRSoTHwRieKRAXxYIdScr4jnAv3mX397236Crw41ozir6Fu+yJrQ==",
            ),
        ] {
            let seal = Seal::of_base64(secret).unwrap();
            assert!(seal.is_kraken_signed(path, nonce, body.as_bytes(), sign), "{body}");
            let other = body.replace("176", "177");
            let is_same = other == body;
            assert_eq!(seal.is_kraken_signed(path, nonce, other.as_bytes(), sign), is_same);
            assert!(!seal.is_kraken_signed(path, "1", body.as_bytes(), sign));
            assert!(!seal.is_kraken_signed("/0/private/Other", nonce, body.as_bytes(), sign));
        }
    }

    #[test]
    #[rustfmt::skip]
    fn binance_vectors_are_taken() {
        let official = "NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0j";
        let hmac = Seal::of_text(official).unwrap();
        let rest = "symbol=LTCBTC&side=BUY&type=LIMIT&timeInForce=GTC&quantity=1&price=0.1&recvWindow=5000&timestamp=1499827319559";
        let tag = "c8db56825ae71d6d79447849e617115f4a920fa2acdcab2b053c4b2838bd6b71";
        assert!(hmac.is_text_signed(rest.as_bytes(), tag));
        assert!(!hmac.is_text_signed(rest.as_bytes(), &tag.replace('c', "d")));
        assert!(!hmac.is_text_signed(rest.as_bytes(), "+8db"));
        let pem = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f\n-----END PRIVATE KEY-----\n";
        let edwards = Seal::of_text(pem).unwrap();
        let logon = "apiKey=fakeBinanceEdKeyA000000000000000000000000000000000000000000000000&timestamp=1767225600002";
        let sign = "MZHW7mqf5WZ3d6/r1UV5b8fR1ocedW8LPcjFagSYoLihIghr0ia/VtimXRbla8A4CRxw9Js6ywuQYGZ/UowuCA==";
        assert!(edwards.is_text_signed(logon.as_bytes(), sign));
        assert!(!edwards.is_text_signed(rest.as_bytes(), sign));
    }

    #[test]
    #[rustfmt::skip]
    fn public_halves_are_found_in_every_form_of_a_key() {
        let sec1 = "-----BEGIN EC PRIVATE KEY-----\\nMHcCAQEEIAmtpISeFVpZ7WpsLIpap0B7Aza3GayTtfeUTCOqtnF8oAoGCCqGSM49\\nAwEHoUQDQgAESEDkhJ7DyL/9p8zsSPClTcL/NtjqpTn0OJnHHeDlolOOdCH7djRN\\nE8XcHC15WCv/TASkYaPDNc8CQyCowv+h8w==\\n-----END EC PRIVATE KEY-----\\n";
        let public = "-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAESEDkhJ7DyL/9p8zsSPClTcL/Ntjq\npTn0OJnHHeDlolOOdCH7djRNE8XcHC15WCv/TASkYaPDNc8CQyCowv+h8w==\n-----END PUBLIC KEY-----\n";
        let seal = Seal::of_pair(sec1).unwrap();
        assert!(matches!(&seal, Seal::P256(point) if point.len() == 65 && point[0] == 4));
        assert_eq!(Seal::of_pair(public), Some(seal));
        let pair = "XRRddH4NsOlpX7i5OxWEGttV76ul3hrxFv/nkFz/bBFNgBNkoLLpL1oAX0polDAWAgi/zdVFStetcCdpkJWt4Q==";
        let Some(Seal::Ed25519(bytes)) = Seal::of_pair(pair) else { panic!() };
        assert_eq!(bytes, unhex("4d801364a0b2e92f5a005f4a689430160208bfcdd5454ad7ad7027699095ade1").unwrap());
        assert_eq!(Seal::of_pair("not base64"), None);
        assert_eq!(format!("{:?}", Seal::of_base64(OFFICIAL).unwrap()), "Hmac(..)");
    }
}
