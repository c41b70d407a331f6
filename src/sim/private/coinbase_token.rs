//! Coinbase's tokens: who asks is proved by a signed token that is made for one request, or for one
//! subscription.
//!
//! In: a compact JWT, what it should be for, the time. Out: its holder.
//! Never: a claim that is read before its signature was checked; a difference, to whoever asks,
//! between the ways in which a token is wrong.

use std::net::IpAddr;

use serde_json::Value;

use super::keyring::{Holder, Keyring};
use super::seal::{Seal, unbase64_url};
use crate::base::Nanos;

/// Letters of a token, at most.
const TOKEN_MAX: usize = 4_096;

/// How long a token may be good, and how far a client's clock may be ahead.
const LIFE_S: f64 = 120.0;
const AHEAD_S: f64 = 5.0;

/// Why a token was not taken. Only a test is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wrong {
    Form,
    Key,
    Signature,
    Claims,
    Time,
    Uri,
}

/// Whose token it is. `uris` are the requests that it may be for; none is a websocket's.
pub(super) fn verify<'a>(
    keys: &'a Keyring,
    (token, peer): (&str, IpAddr),
    uris: &[String],
    now: Nanos,
) -> Result<&'a Holder, Wrong> {
    let parts: Vec<&str> = token.split('.').collect();
    let [head, claims, signature] = parts[..] else { return Err(Wrong::Form) };
    if token.len() > TOKEN_MAX {
        return Err(Wrong::Form);
    }
    let header = json(head).ok_or(Wrong::Form)?;
    let name = header["kid"].as_str().unwrap_or_default();
    let holder = keys.find_from(name, peer).ok_or(Wrong::Key)?;
    let is_alg = matches!(
        (header["alg"].as_str(), &holder.seal),
        (Some("ES256"), Seal::P256(_)) | (Some("EdDSA"), Seal::Ed25519(_))
    );
    let signature = unbase64_url(signature).filter(|_| is_alg).ok_or(Wrong::Signature)?;
    let message = &token[..head.len() + 1 + claims.len()];
    if !holder.seal.is_signed(message.as_bytes(), &signature) {
        return Err(Wrong::Signature);
    }
    let claims = json(claims).ok_or(Wrong::Form)?;
    if claims["sub"] != name || claims["iss"] != "cdp" {
        return Err(Wrong::Claims);
    }
    let (Some(from), Some(until)) = (claims["nbf"].as_f64(), claims["exp"].as_f64()) else {
        return Err(Wrong::Claims);
    };
    let now = now.0 as f64 / Nanos::SECOND as f64;
    if from > now + AHEAD_S || until <= now || until - from > LIFE_S {
        return Err(Wrong::Time);
    }
    let is_for = uris.is_empty() || uris.iter().any(|uri| claims["uri"] == uri.as_str());
    if is_for { Ok(holder) } else { Err(Wrong::Uri) }
}

fn json(part: &str) -> Option<Value> {
    serde_json::from_slice(&unbase64_url(part)?).ok()
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;
    use crate::sim::private::account::Accounts;
    use crate::sim::private::keyring;
    use crate::sim::private::seal::base64_url;
    use crate::sim::world::{Settings, World};

    const NAME: &str = "organizations/00000000-0000-0000-0000-00000000000a/\
                        apiKeys/00000000-0000-0000-0000-0000000000aa";
    const URI: &str = "POST api.coinbase.com/api/v3/brokerage/orders";
    const AT: Nanos = Nanos(1_767_225_600 * Nanos::SECOND);

    /// Keys of the protocol sheet, each with its token for `URI` at `AT`.
    #[rustfmt::skip]
    fn vectors() -> [(&'static str, &'static str); 2] {[(
        "-----BEGIN EC PRIVATE KEY-----\\nMHcCAQEEIAmtpISeFVpZ7WpsLIpap0B7Aza3GayTtfeUTCOqtnF8oAoGCCqGSM49\\nAwEHoUQDQgAESEDkhJ7DyL/9p8zsSPClTcL/NtjqpTn0OJnHHeDlolOOdCH7djRN\\nE8XcHC15WCv/TASkYaPDNc8CQyCowv+h8w==\\n-----END EC PRIVATE KEY-----\\n",
        "eyJhbGciOiJFUzI1NiIsInR5cCI6IkpXVCIsImtpZCI6Im9yZ2FuaXphdGlvbnMvMDAwMDAwMDAtMDAwMC0wMDAwLTAwMDAtMDAwMDAwMDAwMDBhL2FwaUtleXMvMDAwMDAwMDAtMDAwMC0wMDAwLTAwMDAtMDAwMDAwMDAwMGFhIiwibm9uY2UiOiIwMDExMjIzMzQ0NTU2Njc3ODg5OWFhYmJjY2RkZWVmZiJ9.eyJzdWIiOiJvcmdhbml6YXRpb25zLzAwMDAwMDAwLTAwMDAtMDAwMC0wMDAwLTAwMDAwMDAwMDAwYS9hcGlLZXlzLzAwMDAwMDAwLTAwMDAtMDAwMC0wMDAwLTAwMDAwMDAwMDBhYSIsImlzcyI6ImNkcCIsIm5iZiI6MTc2NzIyNTYwMCwiZXhwIjoxNzY3MjI1NzIwLCJ1cmkiOiJQT1NUIGFwaS5jb2luYmFzZS5jb20vYXBpL3YzL2Jyb2tlcmFnZS9vcmRlcnMifQ.hrZhg71Rc0QNCM_pfkZNXijhg4B1fVSPW6wV-cdoujqdRHk6WXMOCCXhsbrzHWvf3QrBpI1x-fZDpEIbipJmmw",
    ), (
        "XRRddH4NsOlpX7i5OxWEGttV76ul3hrxFv/nkFz/bBFNgBNkoLLpL1oAX0polDAWAgi/zdVFStetcCdpkJWt4Q==",
        "eyJhbGciOiJFZERTQSIsInR5cCI6IkpXVCIsImtpZCI6Im9yZ2FuaXphdGlvbnMvMDAwMDAwMDAtMDAwMC0wMDAwLTAwMDAtMDAwMDAwMDAwMDBhL2FwaUtleXMvMDAwMDAwMDAtMDAwMC0wMDAwLTAwMDAtMDAwMDAwMDAwMGFhIiwibm9uY2UiOiIwMDExMjIzMzQ0NTU2Njc3ODg5OWFhYmJjY2RkZWVmZiJ9.eyJzdWIiOiJvcmdhbml6YXRpb25zLzAwMDAwMDAwLTAwMDAtMDAwMC0wMDAwLTAwMDAwMDAwMDAwYS9hcGlLZXlzLzAwMDAwMDAwLTAwMDAtMDAwMC0wMDAwLTAwMDAwMDAwMDBhYSIsImlzcyI6ImNkcCIsIm5iZiI6MTc2NzIyNTYwMCwiZXhwIjoxNzY3MjI1NzIwLCJ1cmkiOiJQT1NUIGFwaS5jb2luYmFzZS5jb20vYXBpL3YzL2Jyb2tlcmFnZS9vcmRlcnMifQ.h2UCeq7sllxFkZAKENfwJC5d1kSrQEFLNS32Ihy7UTgNC4mjzT0aYK38ZTo1DcgikgDcJCOqAmDUO8U8QfzRAw",
    )]}

    fn keys(secret: &str) -> Keyring {
        let text = format!(
            "[[account]]\nvenue = \"coinbase\"\nkey = \"{NAME}\"\nsecret = '{secret}'\n\
             ips = [\"127.0.0.1\"]\n"
        );
        let world = World::new(1, &Settings { history_ns: 0, ..Settings::default() });
        keyring::members(&Accounts::parse(&text).unwrap(), 2, &world).1
    }

    #[test]
    fn tokens_of_the_sheet_are_taken_for_their_request_and_time_only() {
        let here = IpAddr::V4(Ipv4Addr::LOCALHOST);
        let there = IpAddr::V4(Ipv4Addr::new(10, 0, 0, 1));
        let later = |seconds: i64| Nanos(AT.0 + seconds * Nanos::SECOND);
        let uris = [URI.to_owned()];
        for (secret, token) in vectors() {
            let keys = keys(secret);
            let wrong = |token: &str, peer, uris: &[String], now| {
                verify(&keys, (token, peer), uris, now).err()
            };
            assert_eq!(wrong(token, here, &uris, AT), None);
            assert_eq!(wrong(token, here, &[], later(119)), None);
            assert_eq!(wrong(token, here, &uris, later(120)), Some(Wrong::Time));
            assert_eq!(wrong(token, here, &uris, later(-6)), Some(Wrong::Time));
            let other = [URI.replace("orders", "accounts")];
            assert_eq!(wrong(token, here, &other, AT), Some(Wrong::Uri));
            assert_eq!(wrong(token, there, &uris, AT), Some(Wrong::Key));
            let (rest, signature) = token.rsplit_once('.').unwrap();
            let broken = format!("{rest}.A{}", &signature[1..]);
            assert_eq!(wrong(&broken, here, &uris, AT), Some(Wrong::Signature));
            assert_eq!(wrong(rest, here, &uris, AT), Some(Wrong::Form));
            let (head, _) = rest.split_once('.').unwrap();
            let claims = base64_url(b"{\"sub\":\"somebody\"}");
            let swapped = format!("{head}.{claims}.{signature}");
            assert_eq!(wrong(&swapped, here, &uris, AT), Some(Wrong::Signature));
        }
        // A key of one kind does not take tokens of the other.
        let [(secret, _), (_, token)] = vectors();
        let keys = keys(secret);
        let found = verify(&keys, (token, here), &uris, AT).err();
        assert_eq!(found, Some(Wrong::Signature));
    }
}
