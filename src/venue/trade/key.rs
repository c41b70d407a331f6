//! Keys that sign: HMAC, Ed25519, ECDSA over P-256; the arithmetic is ring's.
//!
//! In: bytes of a secret. Out: signatures.
//! Never: a key that is shown, or one that stays in memory once it is dropped: ring does not wipe
//! its keys, so a key of nothing is put where it was.

use std::hint::black_box;

use ring::rand::SystemRandom;
use ring::signature::{self, EcdsaKeyPair, Ed25519KeyPair};
use ring::{digest, hmac};
use zeroize::Zeroizing;

use super::secret::{Bytes, KeyError, from_base64, from_pem};

/// How to come by a key that works.
const ED25519_FIX: &str = "make an Ed25519 key: openssl genpkey -algorithm ed25519";

const P256_FIX: &str =
    "make a key with the signature algorithm ECDSA at the venue, and give its file";

/// What base64 of an Ed25519 key holds.
const ED25519_BYTES: &str = "32 (a seed) or 64 (seed and public key)";

/// An HMAC key, with its inner and outer state prepared.
pub struct Hmac(Box<hmac::Key>);

/// An Ed25519 key.
pub struct Ed25519(Box<Ed25519KeyPair>);

/// An ECDSA key over P-256, whose signatures are `r` and `s`, 32 bytes each.
pub struct Es256 {
    pair: Box<EcdsaKeyPair>,
    random: SystemRandom,
}

/// The hash of parts, one after another.
pub fn sha256(parts: &[&[u8]]) -> [u8; 32] {
    let mut context = digest::Context::new(&digest::SHA256);
    for part in parts {
        context.update(part);
    }
    let mut hash = [0; 32];
    hash.copy_from_slice(context.finish().as_ref());
    hash
}

impl Hmac {
    /// With SHA-256.
    pub fn sha256(secret: &[u8]) -> Hmac {
        Hmac(Box::new(hmac::Key::new(hmac::HMAC_SHA256, secret)))
    }

    /// With SHA-512.
    pub fn sha512(secret: &[u8]) -> Hmac {
        Hmac(Box::new(hmac::Key::new(hmac::HMAC_SHA512, secret)))
    }

    /// The tag of parts, one after another. Allocates nothing.
    pub fn sign<'a>(&self, parts: impl Iterator<Item = &'a [u8]>) -> hmac::Tag {
        let mut context = hmac::Context::with_key(&self.0);
        for part in parts {
            context.update(part);
        }
        context.sign()
    }
}

impl Ed25519 {
    /// From PKCS#8 in PEM (`PRIVATE KEY`), as OpenSSL writes it.
    pub fn from_pem(text: &str) -> Result<Ed25519, KeyError> {
        let expected = "PRIVATE KEY";
        let Some(der) = from_pem(text, expected)? else {
            return Err(match other_block(text) {
                Some(fix) => KeyError::Kind { expected, fix },
                None => KeyError::Pem { expected },
            });
        };
        Ed25519::from_pkcs8(&der)
    }

    /// From PKCS#8, with or without the public key.
    fn from_pkcs8(der: &[u8]) -> Result<Ed25519, KeyError> {
        let pair = Ed25519KeyPair::from_pkcs8_maybe_unchecked(der)
            .map_err(|_| KeyError::Content { what: "it is no Ed25519 key", fix: ED25519_FIX })?;
        Ok(Ed25519(Box::new(pair)))
    }

    /// From base64 of a seed, or of seed and public key, which must belong together.
    pub fn from_base64(text: &str) -> Result<Ed25519, KeyError> {
        let bytes = from_base64(text)?;
        let pair = match bytes.len() {
            32 => Ed25519KeyPair::from_seed_unchecked(&bytes),
            64 => Ed25519KeyPair::from_seed_and_public_key(&bytes[..32], &bytes[32..]),
            found => return Err(KeyError::Length { found, expected: ED25519_BYTES }),
        };
        let what = "its public half does not belong to its seed";
        let fix = "copy it again, whole";
        Ok(Ed25519(Box::new(pair.map_err(|_| KeyError::Content { what, fix })?)))
    }

    /// A signature: 64 bytes. Allocates nothing.
    pub fn sign(&self, message: &[u8]) -> signature::Signature {
        self.0.sign(message)
    }
}

impl Es256 {
    /// From SEC1 (`EC PRIVATE KEY`) or PKCS#8 (`PRIVATE KEY`) in PEM.
    pub fn from_pem(text: &str) -> Result<Es256, KeyError> {
        let random = SystemRandom::new();
        let algorithm = &signature::ECDSA_P256_SHA256_FIXED_SIGNING;
        let pair = if let Some(der) = from_pem(text, "EC PRIVATE KEY")? {
            let (private, public) = sec1(&der)?;
            EcdsaKeyPair::from_private_key_and_public_key(algorithm, &private, public, &random)
        } else if let Some(der) = from_pem(text, "PRIVATE KEY")? {
            EcdsaKeyPair::from_pkcs8(algorithm, &der, &random)
        } else {
            return Err(match other_block(text) {
                Some(fix) => KeyError::Kind { expected: "EC PRIVATE KEY", fix },
                None => KeyError::Pem { expected: "EC PRIVATE KEY" },
            });
        };
        let what = "it is no key over P-256, or its halves do not belong together";
        let pair = pair.map_err(|_| KeyError::Content { what, fix: P256_FIX })?;
        Ok(Es256 { pair: Box::new(pair), random })
    }

    /// A signature: 64 bytes; `None` where the system gives no chance. Allocates nothing.
    pub fn sign(&self, message: &[u8]) -> Option<signature::Signature> {
        self.pair.sign(&self.random, message).ok()
    }
}

/// What to do with a PEM block that is another than expected.
fn other_block(text: &str) -> Option<&'static str> {
    let has = |name: &str| text.contains(&format!("-----BEGIN {name}-----"));
    if has("ENCRYPTED PRIVATE KEY") {
        Some("decrypt it first: openssl pkey -in KEY -out PLAIN, and keep it in the keystore")
    } else if has("PUBLIC KEY") {
        Some("this is the public half, which goes to the venue; give the private one")
    } else if has("RSA PRIVATE KEY") {
        Some(ED25519_FIX)
    } else {
        None
    }
}

/// Private and public key out of SEC1 (RFC 5915): `SEQUENCE { 1, OCTET STRING, [0], [1] }`.
fn sec1(der: &[u8]) -> Result<(Bytes, &[u8]), KeyError> {
    let error = |what| KeyError::Content { what, fix: P256_FIX };
    let cut = error("its DER is cut short");
    let (whole, _) = tagged(der, 0x30).ok_or(cut)?;
    let (version, rest) = tagged(whole, 0x02).ok_or(cut)?;
    if version != [1] {
        return Err(error("its DER has another version than 1"));
    }
    let (private, mut rest) = tagged(rest, 0x04).ok_or(cut)?;
    if private.len() != 32 {
        return Err(error("its private half has not 32 bytes, so it is of another curve"));
    }
    if let Some((_, behind)) = tagged(rest, 0xA0) {
        rest = behind;
    }
    let no_public = KeyError::Content {
        what: "it holds no public half",
        fix: "add it: openssl ec -in KEY -out KEY2",
    };
    let (public, _) = tagged(rest, 0xA1).ok_or(no_public)?;
    let (bits, _) = tagged(public, 0x03).ok_or(cut)?;
    let (unused, point) = bits.split_first().ok_or(cut)?;
    if *unused != 0 {
        return Err(cut);
    }
    Ok((Zeroizing::new(private.to_vec()), point))
}

/// The content of a DER element with this tag, and what is behind it. Lengths up to 127, or up to
/// 255 in the long form: a key has no more.
fn tagged(der: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (length, rest) = match der {
        [found, 0x81, length, rest @ ..] if *found == tag => (*length, rest),
        [found, length, rest @ ..] if *found == tag && *length < 0x80 => (*length, rest),
        _ => return None,
    };
    rest.split_at_checked(usize::from(length))
}

impl Drop for Hmac {
    fn drop(&mut self) {
        let algorithm = self.0.algorithm();
        *self.0 = hmac::Key::new(algorithm, &[0]);
        black_box(&*self.0);
    }
}

impl Drop for Ed25519 {
    fn drop(&mut self) {
        if let Ok(nothing) = Ed25519KeyPair::from_seed_unchecked(&[0; 32]) {
            *self.0 = nothing;
            black_box(&*self.0);
        }
    }
}

impl Drop for Es256 {
    fn drop(&mut self) {
        // The generator of P-256: the public key to the private key 1 (SEC 2, section 2.4.2).
        const GENERATOR: [u8; 65] = [
            0x04, 0x6B, 0x17, 0xD1, 0xF2, 0xE1, 0x2C, 0x42, 0x47, 0xF8, 0xBC, 0xE6, 0xE5, 0x63,
            0xA4, 0x40, 0xF2, 0x77, 0x03, 0x7D, 0x81, 0x2D, 0xEB, 0x33, 0xA0, 0xF4, 0xA1, 0x39,
            0x45, 0xD8, 0x98, 0xC2, 0x96, 0x4F, 0xE3, 0x42, 0xE2, 0xFE, 0x1A, 0x7F, 0x9B, 0x8E,
            0xE7, 0xEB, 0x4A, 0x7C, 0x0F, 0x9E, 0x16, 0x2B, 0xCE, 0x33, 0x57, 0x6B, 0x31, 0x5E,
            0xCE, 0xCB, 0xB6, 0x40, 0x68, 0x37, 0xBF, 0x51, 0xF5,
        ];
        let mut one = [0; 32];
        one[31] = 1;
        let algorithm = &signature::ECDSA_P256_SHA256_FIXED_SIGNING;
        let nothing = EcdsaKeyPair::from_private_key_and_public_key(
            algorithm,
            &one,
            &GENERATOR,
            &self.random,
        );
        if let Ok(nothing) = nothing {
            *self.pair = nothing;
            black_box(&*self.pair);
        }
    }
}

impl std::fmt::Debug for Hmac {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("an HMAC key")
    }
}

impl std::fmt::Debug for Ed25519 {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("an Ed25519 key")
    }
}

impl std::fmt::Debug for Es256 {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a P-256 key")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ring::signature::KeyPair;

    const ED_PEM: &str = "-----BEGIN PRIVATE KEY-----\n\
        MC4CAQAwBQYDK2VwBCIEIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f\n\
        -----END PRIVATE KEY-----\n";

    #[test]
    fn keys_of_another_kind_are_refused_with_the_fix() {
        let other = |name: &str| format!("-----BEGIN {name}-----\nAAAA\n-----END {name}-----");
        for name in ["ENCRYPTED PRIVATE KEY", "PUBLIC KEY", "RSA PRIVATE KEY"] {
            let error = Ed25519::from_pem(&other(name)).unwrap_err();
            assert!(matches!(error, KeyError::Kind { .. }), "{error}");
            let error = Es256::from_pem(&other(name)).unwrap_err();
            assert!(matches!(error, KeyError::Kind { .. }), "{error}");
        }
        assert!(matches!(Ed25519::from_pem("hush"), Err(KeyError::Pem { .. })));
        assert!(matches!(Es256::from_pem("hush"), Err(KeyError::Pem { .. })));
        // An Ed25519 key is none over P-256.
        assert!(matches!(Es256::from_pem(ED_PEM), Err(KeyError::Content { .. })));
        assert!(matches!(Ed25519::from_base64("AAAA"), Err(KeyError::Length { found: 3, .. })));
        let mut halves = Vec::new();
        super::super::secret::base64(&[7; 64], &mut halves);
        let halves = String::from_utf8(halves).unwrap();
        assert!(matches!(Ed25519::from_base64(&halves), Err(KeyError::Content { .. })));
    }

    #[test]
    fn der_cut_at_any_byte_is_refused() {
        let mut der = vec![0x30, 37, 0x02, 1, 1, 0x04, 32];
        der.extend([9; 32]);
        assert!(sec1(&der).is_err());
        for end in 0..der.len() {
            assert!(sec1(&der[..end]).is_err(), "{end}");
        }
    }

    #[test]
    fn a_dropped_key_is_overwritten_by_one_of_nothing() {
        // What `drop` puts there must be keys, or nothing would be overwritten.
        assert!(Ed25519KeyPair::from_seed_unchecked(&[0; 32]).is_ok());
        let key = Ed25519::from_pem(ED_PEM).unwrap();
        let public = key.0.public_key().as_ref().to_vec();
        assert_eq!(public[..4], [0x03, 0xA1, 0x07, 0xBF]);
        drop(key);
    }
}
