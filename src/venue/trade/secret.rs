//! Secrets: kept in types that are wiped when dropped and never shown, and read out of the forms in
//! which venues hand them out.
//!
//! In: base64, PEM. Out: bytes.
//! Never: a secret in an error. An error says what is wrong with the form, and the fix.

use zeroize::{Zeroize, Zeroizing};

/// A text that is wiped when dropped and not shown.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Secret(Zeroizing<String>);

/// Bytes that are wiped when dropped.
pub type Bytes = Zeroizing<Vec<u8>>;

/// The longest key file that is looked at: an RSA key of 8192 bits has some 6,500 bytes.
const KEY_BYTES_MAX: usize = 16 << 10;

/// What is wrong with a key, and the fix.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// No name.
    #[error("the key's name is empty; give the one that the venue shows beside the secret")]
    NoName,
    /// Its name cannot stand in a header.
    #[error("the key's name holds a byte that no key has; copy it again, without quotation marks")]
    Name,
    /// No secret.
    #[error("the key's secret is empty; add it to the keystore or to the environment")]
    NoSecret,
    /// Too long for one.
    #[error(
        "the key has {bytes} bytes, and must have at most {KEY_BYTES_MAX}; is it the right file?"
    )]
    TooLong {
        /// How long.
        bytes: usize,
    },
    /// Not base64.
    #[error("the secret is no base64 near byte {at}; copy it again as the venue shows it, whole")]
    Base64 {
        /// Where.
        at: usize,
    },
    /// A secret of the wrong length.
    #[error("the secret has {found} bytes, and must have {expected}; copy it again, whole")]
    Length {
        /// How many.
        found: usize,
        /// What is right.
        expected: &'static str,
    },
    /// No PEM.
    #[error("no `-----BEGIN {expected}-----` block; give the key file as the venue handed it out")]
    Pem {
        /// Which block.
        expected: &'static str,
    },
    /// PEM of something else.
    #[error("the PEM block is not `{expected}`; {fix}")]
    Kind {
        /// Which would be right.
        expected: &'static str,
        /// How to come by it.
        fix: &'static str,
    },
    /// What is in the block is no such key.
    #[error("the key cannot be used: {what}; {fix}")]
    Content {
        /// What is wrong.
        what: &'static str,
        /// How to mend it.
        fix: &'static str,
    },
}

impl Secret {
    /// The text itself. For whoever sends it.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Is there none?
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Secret {
        Secret(Zeroizing::new(text))
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Secret {
        Secret::from(text.to_owned())
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} bytes", self.0.len())
    }
}

/// The alphabet of RFC 4648, section 4.
const PLAIN: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// That of section 5, for URLs.
const URL: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// Base64 with padding, at the end of `out`.
pub fn base64(bytes: &[u8], out: &mut Vec<u8>) {
    encode(bytes, PLAIN, true, out);
}

/// Base64 for URLs, without padding, at the end of `out`.
pub fn base64_url(bytes: &[u8], out: &mut Vec<u8>) {
    encode(bytes, URL, false, out);
}

/// Lower-case hex digits.
pub const HEX: &[u8; 16] = b"0123456789abcdef";

fn encode(bytes: &[u8], alphabet: &[u8; 64], is_padded: bool, out: &mut Vec<u8>) {
    for chunk in bytes.chunks(3) {
        let word = chunk
            .iter()
            .enumerate()
            .fold(0_u32, |word, (at, byte)| word | u32::from(*byte) << (16 - 8 * at));
        for digit in 0..4 {
            if digit <= chunk.len() {
                out.push(alphabet[(word >> (18 - 6 * digit) & 63) as usize]);
            } else if is_padded {
                out.push(b'=');
            }
        }
    }
}

/// Reads base64 with padding, strictly: blanks and line ends around and within are skipped, and
/// nothing else is.
pub fn from_base64(text: &str) -> Result<Bytes, KeyError> {
    if text.len() > KEY_BYTES_MAX {
        return Err(KeyError::TooLong { bytes: text.len() });
    }
    let mut out = Zeroizing::new(Vec::with_capacity(text.len() / 4 * 3 + 3));
    let (mut word, mut bits, mut digits, mut pads) = (0_u32, 0, 0, 0);
    for (at, byte) in text.bytes().enumerate() {
        let error = KeyError::Base64 { at };
        if byte.is_ascii_whitespace() {
            continue;
        }
        digits += 1;
        if byte == b'=' {
            pads += 1;
            continue;
        }
        let value = PLAIN.iter().position(|digit| *digit == byte).ok_or(error)?;
        if pads > 0 {
            return Err(error);
        }
        word = word << 6 | value as u32;
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            out.push((word >> bits) as u8);
            word &= (1 << bits) - 1;
        }
    }
    let error = KeyError::Base64 { at: text.len() };
    if digits % 4 != 0 || pads > 2 || word != 0 || bits != 2 * pads {
        return Err(error);
    }
    Ok(out)
}

/// The content of a PEM block, by what it is called. Line ends may be written as `\n`, as in an
/// environment variable or in JSON.
pub fn from_pem(text: &str, expected: &'static str) -> Result<Option<Bytes>, KeyError> {
    if text.len() > KEY_BYTES_MAX {
        return Err(KeyError::TooLong { bytes: text.len() });
    }
    let mut plain = Zeroizing::new(text.replace("\\n", "\n"));
    let begin = format!("-----BEGIN {expected}-----");
    let end = format!("-----END {expected}-----");
    let Some((_, rest)) = plain.split_once(&begin) else { return Ok(None) };
    let (body, _) = rest.split_once(&end).ok_or(KeyError::Pem { expected })?;
    let content = from_base64(body);
    plain.zeroize();
    content.map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 4648, section 10.
    const VECTORS: [(&str, &str); 7] = [
        ("", ""),
        ("f", "Zg=="),
        ("fo", "Zm8="),
        ("foo", "Zm9v"),
        ("foob", "Zm9vYg=="),
        ("fooba", "Zm9vYmE="),
        ("foobar", "Zm9vYmFy"),
    ];

    #[test]
    fn base64_is_that_of_its_standard() {
        for (plain, coded) in VECTORS {
            let (mut padded, mut url) = (Vec::new(), Vec::new());
            base64(plain.as_bytes(), &mut padded);
            base64_url(plain.as_bytes(), &mut url);
            assert_eq!(padded, coded.as_bytes());
            assert_eq!(url, coded.trim_end_matches('=').as_bytes());
            assert_eq!(from_base64(coded).unwrap().as_slice(), plain.as_bytes());
        }
        let mut url = Vec::new();
        base64_url(&[0xFB, 0xFF], &mut url);
        assert_eq!(url, b"-_8");
    }

    #[test]
    fn what_is_no_base64_is_refused_with_its_place() {
        for text in
            ["Zg", "Zg=", "Z===", "Zg==Zg==", "Zh==", "Zm9", "Zm9v!", "Zm 9v\u{e4}=", "===="]
        {
            assert!(matches!(from_base64(text), Err(KeyError::Base64 { .. })), "{text}");
        }
        let long = "A".repeat(KEY_BYTES_MAX + 4);
        assert!(matches!(from_base64(&long), Err(KeyError::TooLong { .. })));
    }

    #[test]
    fn pem_is_found_and_cut_blocks_are_not() {
        let text = "-----BEGIN PRIVATE KEY-----\nZm9v\nYmFy\n-----END PRIVATE KEY-----\n";
        let content = from_pem(text, "PRIVATE KEY").unwrap().unwrap();
        assert_eq!(content.as_slice(), b"foobar");
        let one_line = text.replace('\n', "\\n");
        assert_eq!(from_pem(&one_line, "PRIVATE KEY").unwrap().unwrap().as_slice(), b"foobar");
        assert_eq!(from_pem(text, "EC PRIVATE KEY").unwrap(), None);
        assert!(from_pem(&text[..40], "PRIVATE KEY").is_err());
    }

    #[test]
    fn a_secret_is_not_shown() {
        assert_eq!(format!("{:?}", Secret::from("hush")), "4 bytes");
    }
}
