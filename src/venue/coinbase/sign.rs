//! Coinbase's signatures: JWTs, ES256 or `EdDSA`, good for two minutes.
//!
//! In: what is asked (`POST api.coinbase.com/api/v3/brokerage/orders`; nothing for a websocket),
//! the time, a number used once. Out: a JWT as text. All of one question are equally long, so an
//! HTTP head has a place of fixed width for them, and they can be made ahead of their use.
//! Never: one that is used twice for a question, one that is about to end.

use ring::rand::{SecureRandom, SystemRandom};

use crate::venue::trade::{Ed25519, Es256, HEX, KeyError, KeyTexts, Secret, base64_url};

/// Seconds that a JWT is good for.
pub(super) const LIFE_S: u64 = 120;

/// Who signs.
pub(super) struct Signer {
    name: Secret,
    key: Key,
    random: SystemRandom,
    /// Header or claims, before they are coded: scratch.
    plain: Vec<u8>,
}

enum Key {
    Es256(Es256),
    Ed25519(Ed25519),
}

impl Signer {
    /// From a key's name and its PEM (P-256), or the base64 or PEM of an Ed25519 key.
    pub(super) fn new(texts: &KeyTexts) -> Result<Signer, KeyError> {
        let name = texts.name.expose();
        if name.is_empty() {
            return Err(KeyError::NoName);
        }
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/-_.".contains(&byte);
        if name.len() > 256 || !name.bytes().all(is_plain) {
            return Err(KeyError::Name);
        }
        let secret = texts.secret.expose();
        let key = if secret.is_empty() {
            return Err(KeyError::NoSecret);
        } else if !secret.contains("-----BEGIN") {
            Key::Ed25519(Ed25519::from_base64(secret)?)
        } else {
            // PKCS#8 says which of the two it is only inside.
            match Es256::from_pem(secret) {
                Ok(key) => Key::Es256(key),
                Err(error) => Key::Ed25519(Ed25519::from_pem(secret).map_err(|_| error)?),
            }
        };
        let plain = Vec::with_capacity(1 << 10);
        Ok(Signer { name: texts.name.clone(), key, random: SystemRandom::new(), plain })
    }

    /// Writes a JWT over what is in `out`; false where the system gives no chance. `uri` is method,
    /// blank, host and path without query. Allocates nothing once its buffers have grown.
    pub(super) fn jwt(&mut self, now_s: u64, uri: Option<&str>, out: &mut Vec<u8>) -> bool {
        let mut nonce = [0; 16];
        if self.random.fill(&mut nonce).is_err() {
            out.clear();
            return false;
        }
        self.jwt_with(now_s, &nonce, uri, out)
    }

    fn jwt_with(
        &mut self,
        now_s: u64,
        nonce: &[u8; 16],
        uri: Option<&str>,
        out: &mut Vec<u8>,
    ) -> bool {
        self.write_input(now_s, nonce, uri, out);
        match &self.key {
            Key::Es256(key) => {
                let Some(signature) = key.sign(out) else {
                    out.clear();
                    return false;
                };
                out.push(b'.');
                base64_url(signature.as_ref(), out);
            }
            Key::Ed25519(key) => {
                let signature = key.sign(out);
                out.push(b'.');
                base64_url(signature.as_ref(), out);
            }
        }
        true
    }

    /// What is signed: header and claims.
    fn write_input(&mut self, now_s: u64, nonce: &[u8; 16], uri: Option<&str>, out: &mut Vec<u8>) {
        let algorithm = match self.key {
            Key::Es256(_) => "ES256",
            Key::Ed25519(_) => "EdDSA",
        };
        let name = self.name.expose();
        self.plain.clear();
        put(&mut self.plain, &["{\"alg\":\"", algorithm, "\",\"typ\":\"JWT\",\"kid\":\"", name]);
        put(&mut self.plain, &["\",\"nonce\":\""]);
        for byte in nonce {
            self.plain.push(HEX[usize::from(byte >> 4)]);
            self.plain.push(HEX[usize::from(byte & 15)]);
        }
        put(&mut self.plain, &["\"}"]);
        out.clear();
        base64_url(&self.plain, out);
        out.push(b'.');
        self.plain.clear();
        put(&mut self.plain, &["{\"sub\":\"", name, "\",\"iss\":\"cdp\",\"nbf\":"]);
        put_seconds(&mut self.plain, now_s);
        put(&mut self.plain, &[",\"exp\":"]);
        put_seconds(&mut self.plain, now_s.saturating_add(LIFE_S));
        if let Some(uri) = uri {
            put(&mut self.plain, &[",\"uri\":\"", uri, "\""]);
        }
        put(&mut self.plain, &["}"]);
        base64_url(&self.plain, out);
    }
}

fn put(out: &mut Vec<u8>, texts: &[&str]) {
    for text in texts {
        out.extend_from_slice(text.as_bytes());
    }
}

/// Seconds since 1970 as ten digits, as they have until 2286: so all JWTs are equally long.
fn put_seconds(out: &mut Vec<u8>, seconds: u64) {
    let mut digits = [b'0'; 10];
    let mut left = seconds;
    for digit in digits.iter_mut().rev() {
        *digit += (left % 10) as u8;
        left /= 10;
    }
    // No number of JSON begins with a zero; such a time is none that the venue would take anyway.
    let from = digits.iter().position(|digit| *digit != b'0').unwrap_or(9);
    out.extend_from_slice(&digits[from..]);
}

impl std::fmt::Debug for Signer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a signer")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::venue::trade::from_base64;
    use ring::signature::{ECDSA_P256_SHA256_FIXED, ED25519, UnparsedPublicKey};

    const NAME: &str = "organizations/00000000-0000-0000-0000-00000000000a/apiKeys/\
                        00000000-0000-0000-0000-0000000000aa";

    const PEM: &str = "-----BEGIN EC PRIVATE KEY-----\n\
        MHcCAQEEIAmtpISeFVpZ7WpsLIpap0B7Aza3GayTtfeUTCOqtnF8oAoGCCqGSM49\n\
        AwEHoUQDQgAESEDkhJ7DyL/9p8zsSPClTcL/NtjqpTn0OJnHHeDlolOOdCH7djRN\n\
        E8XcHC15WCv/TASkYaPDNc8CQyCowv+h8w==\n\
        -----END EC PRIVATE KEY-----\n";

    const PUBLIC: &str = "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAESEDkhJ7DyL/9p8zsSPClTcL/NtjqpTn0\
                          OJnHHeDlolOOdCH7djRNE8XcHC15WCv/TASkYaPDNc8CQyCowv+h8w==";

    const ED: &str = "XRRddH4NsOlpX7i5OxWEGttV76ul3hrxFv/nkFz/bBFNgBNkoLLpL1oAX0polDAWAgi/zdVFSt\
                      etcCdpkJWt4Q==";

    const ORDERS: &str = "POST api.coinbase.com/api/v3/brokerage/orders";

    fn signer(secret: &str) -> Signer {
        Signer::new(&KeyTexts { name: NAME.into(), secret: secret.into() }).unwrap()
    }

    fn nonce(text: u128) -> [u8; 16] {
        text.to_be_bytes()
    }

    /// Section 4.4 of the protocol sheet: secret, time, nonce, what is asked, JWT.
    #[rustfmt::skip]
    fn vectors() -> [(&'static str, u64, u128, Option<&'static str>, &'static str); 4] {
        const FIRST: u128 = 0x0011_2233_4455_6677_8899_AABB_CCDD_EEFF;
        const SECOND: u128 = 0xFFEE_DDCC_BBAA_9988_7766_5544_3322_1100;
        [
            (PEM, 1_767_225_600, FIRST, Some(ORDERS), "eyJhbGciOiJFUzI1NiIsInR5cCI6IkpXVCIsImtpZCI6Im9yZ2FuaXphdGlvbnMvMDAwMDAwMDAtMDAwMC0wMDAwLTAwMDAtMDAwMDAwMDAwMDBhL2FwaUtleXMvMDAwMDAwMDAtMDAwMC0wMDAwLTAwMDAtMDAwMDAwMDAwMGFhIiwibm9uY2UiOiIwMDExMjIzMzQ0NTU2Njc3ODg5OWFhYmJjY2RkZWVmZiJ9.eyJzdWIiOiJvcmdhbml6YXRpb25zLzAwMDAwMDAwLTAwMDAtMDAwMC0wMDAwLTAwMDAwMDAwMDAwYS9hcGlLZXlzLzAwMDAwMDAwLTAwMDAtMDAwMC0wMDAwLTAwMDAwMDAwMDBhYSIsImlzcyI6ImNkcCIsIm5iZiI6MTc2NzIyNTYwMCwiZXhwIjoxNzY3MjI1NzIwLCJ1cmkiOiJQT1NUIGFwaS5jb2luYmFzZS5jb20vYXBpL3YzL2Jyb2tlcmFnZS9vcmRlcnMifQ.hrZhg71Rc0QNCM_pfkZNXijhg4B1fVSPW6wV-cdoujqdRHk6WXMOCCXhsbrzHWvf3QrBpI1x-fZDpEIbipJmmw"),
            (PEM, 1_767_225_601, SECOND, None, "eyJhbGciOiJFUzI1NiIsInR5cCI6IkpXVCIsImtpZCI6Im9yZ2FuaXphdGlvbnMvMDAwMDAwMDAtMDAwMC0wMDAwLTAwMDAtMDAwMDAwMDAwMDBhL2FwaUtleXMvMDAwMDAwMDAtMDAwMC0wMDAwLTAwMDAtMDAwMDAwMDAwMGFhIiwibm9uY2UiOiJmZmVlZGRjY2JiYWE5OTg4Nzc2NjU1NDQzMzIyMTEwMCJ9.eyJzdWIiOiJvcmdhbml6YXRpb25zLzAwMDAwMDAwLTAwMDAtMDAwMC0wMDAwLTAwMDAwMDAwMDAwYS9hcGlLZXlzLzAwMDAwMDAwLTAwMDAtMDAwMC0wMDAwLTAwMDAwMDAwMDBhYSIsImlzcyI6ImNkcCIsIm5iZiI6MTc2NzIyNTYwMSwiZXhwIjoxNzY3MjI1NzIxfQ.wzlFneC7qnF0HN19HYpjsLwcCliQLG6dBbChcXEjpgMzfZs5ZqeXhV5dsJutI8yvCTEv7Ht3RgoK_rtQJMj7Ig"),
            (ED, 1_767_225_600, FIRST, Some(ORDERS), "eyJhbGciOiJFZERTQSIsInR5cCI6IkpXVCIsImtpZCI6Im9yZ2FuaXphdGlvbnMvMDAwMDAwMDAtMDAwMC0wMDAwLTAwMDAtMDAwMDAwMDAwMDBhL2FwaUtleXMvMDAwMDAwMDAtMDAwMC0wMDAwLTAwMDAtMDAwMDAwMDAwMGFhIiwibm9uY2UiOiIwMDExMjIzMzQ0NTU2Njc3ODg5OWFhYmJjY2RkZWVmZiJ9.eyJzdWIiOiJvcmdhbml6YXRpb25zLzAwMDAwMDAwLTAwMDAtMDAwMC0wMDAwLTAwMDAwMDAwMDAwYS9hcGlLZXlzLzAwMDAwMDAwLTAwMDAtMDAwMC0wMDAwLTAwMDAwMDAwMDBhYSIsImlzcyI6ImNkcCIsIm5iZiI6MTc2NzIyNTYwMCwiZXhwIjoxNzY3MjI1NzIwLCJ1cmkiOiJQT1NUIGFwaS5jb2luYmFzZS5jb20vYXBpL3YzL2Jyb2tlcmFnZS9vcmRlcnMifQ.h2UCeq7sllxFkZAKENfwJC5d1kSrQEFLNS32Ihy7UTgNC4mjzT0aYK38ZTo1DcgikgDcJCOqAmDUO8U8QfzRAw"),
            (ED, 1_767_225_601, SECOND, None, "eyJhbGciOiJFZERTQSIsInR5cCI6IkpXVCIsImtpZCI6Im9yZ2FuaXphdGlvbnMvMDAwMDAwMDAtMDAwMC0wMDAwLTAwMDAtMDAwMDAwMDAwMDBhL2FwaUtleXMvMDAwMDAwMDAtMDAwMC0wMDAwLTAwMDAtMDAwMDAwMDAwMGFhIiwibm9uY2UiOiJmZmVlZGRjY2JiYWE5OTg4Nzc2NjU1NDQzMzIyMTEwMCJ9.eyJzdWIiOiJvcmdhbml6YXRpb25zLzAwMDAwMDAwLTAwMDAtMDAwMC0wMDAwLTAwMDAwMDAwMDAwYS9hcGlLZXlzLzAwMDAwMDAwLTAwMDAtMDAwMC0wMDAwLTAwMDAwMDAwMDBhYSIsImlzcyI6ImNkcCIsIm5iZiI6MTc2NzIyNTYwMSwiZXhwIjoxNzY3MjI1NzIxfQ.5eWaXkHhokw3IIKM1ENzcoYWsSNmq3MswwiAI-OF4H8W8u6iOcU92izKygI4TDLlRBoB3WzuxAV57Vh6uDamDA"),
        ]
    }

    /// A signature out of a JWT.
    fn signature(jwt: &str) -> Vec<u8> {
        let (_, coded) = jwt.rsplit_once('.').unwrap();
        let plain = coded.replace('-', "+").replace('_', "/") + "==";
        from_base64(&plain).unwrap().to_vec()
    }

    /// Ed25519 signs one text in one way; ECDSA in many, so that what is signed is compared, and
    /// both signatures are verified.
    #[test]
    fn the_vectors_of_the_sheet_are_met() {
        for (secret, now, text, uri, expected) in vectors() {
            let mut out = Vec::new();
            assert!(signer(secret).jwt_with(now, &nonce(text), uri, &mut out));
            let jwt = String::from_utf8(out).unwrap();
            if secret == ED {
                assert_eq!(jwt, expected);
                continue;
            }
            let (input, _) = jwt.rsplit_once('.').unwrap();
            assert_eq!(expected.rsplit_once('.').unwrap().0, input);
            let public = from_base64(PUBLIC).unwrap();
            let key = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, &public[26..]);
            for jwt in [&jwt, expected] {
                assert_eq!(signature(jwt).len(), 64);
                key.verify(input.as_bytes(), &signature(jwt)).unwrap();
            }
        }
    }

    #[test]
    fn all_jwts_of_a_question_are_equally_long_and_none_is_like_another() {
        for secret in [PEM, ED] {
            let mut signer = signer(secret);
            let (mut first, mut second) = (Vec::new(), Vec::new());
            assert!(signer.jwt(1_767_225_600, Some(ORDERS), &mut first));
            assert!(signer.jwt(1_999_999_999, Some(ORDERS), &mut second));
            assert!(first.len() == second.len() && first != second);
        }
    }

    #[test]
    fn a_key_is_read_in_each_form_and_a_wrong_one_names_the_fix() {
        let with_breaks = PEM.replace('\n', "\\n");
        assert!(matches!(signer(&with_breaks).key, Key::Es256(_)));
        let seed = "XRRddH4NsOlpX7i5OxWEGttV76ul3hrxFv/nkFz/bBE=";
        let mut from_seed = Vec::new();
        assert!(signer(seed).jwt_with(1_767_225_600, &nonce(1), None, &mut from_seed));
        let mut from_both = Vec::new();
        assert!(signer(ED).jwt_with(1_767_225_600, &nonce(1), None, &mut from_both));
        assert_eq!(from_seed, from_both);
        let both = from_base64(ED).unwrap();
        let public = UnparsedPublicKey::new(&ED25519, &both[32..]);
        let jwt = String::from_utf8(from_seed).unwrap();
        let (input, _) = jwt.rsplit_once('.').unwrap();
        public.verify(input.as_bytes(), &signature(&jwt)).unwrap();
        let new = |name: &str, secret: &str| {
            Signer::new(&KeyTexts { name: name.into(), secret: secret.into() }).unwrap_err()
        };
        assert_eq!(new("", PEM), KeyError::NoName);
        assert_eq!(new("a\"b", PEM), KeyError::Name);
        assert_eq!(new("a", ""), KeyError::NoSecret);
        assert!(matches!(new("a", &PEM[..80]), KeyError::Pem { .. }));
        assert!(!format!("{:?}", signer(PEM)).contains("MHc"));
    }
}
