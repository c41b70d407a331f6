//! Accounts: who may trade at the simulator's venues, with what, and by which keys.
//!
//! In: TOML, or keys of a seed. Out: [`Accounts`].
//! Never: a secret in an error or in `Debug`.

use std::fmt;
use std::net::IpAddr;

use toml::{Table, Value};

use super::money::{self, Atoms};
use super::seal::Seal;
use crate::base::Symbol;
use crate::limits::{CONFIG_BYTES_MAX, SIM_MEMBERS_MAX};
use crate::sim::hall::VENUES;
use crate::sim::keys::Keys;

/// Decimals in which balances are kept: of Kraken, Binance and Coinbase.
pub(super) const SCALES: [u32; 3] = [10, 8, 16];

/// Fees of the lowest tiers, parts in a million, maker and taker, by venue.
const FEES: [(i64, i64); 3] = [(2_500, 4_000), (1_000, 1_000), (6_000, 12_000)];

/// What an account has where nothing is said, by venue.
const BALANCES: [[(&str, &str); 3]; 3] = [
    [("USD", "1000000"), ("BTC", "20"), ("ETH", "300")],
    [("USDT", "1000000"), ("BTC", "20"), ("ETH", "300")],
    [("USD", "1000000"), ("BTC", "20"), ("ETH", "300")],
];

/// Bytes of a name or a key, at most.
const NAME_BYTES_MAX: usize = 256;

const RIGHTS: [&str; 4] = ["read", "trade", "cancel", "token"];

/// What a key may be used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(clippy::struct_excessive_bools, reason = "four rights, each given or not by itself")]
pub(super) struct Rights {
    /// Balances, orders and trades may be read.
    pub(super) read: bool,
    /// Orders may be made and changed.
    pub(super) trade: bool,
    /// Orders may be ended; at Binance and Coinbase whoever may trade may do that too.
    pub(super) cancel: bool,
    /// Kraken: a token for the websocket may be had.
    pub(super) token: bool,
}

/// A key of an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Key {
    pub(super) name: String,
    pub(super) seal: Seal,
    pub(super) rights: Rights,
    /// Addresses that may use it; none said is all.
    pub(super) ips: Vec<IpAddr>,
}

/// An account at one venue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Account {
    pub(super) venue: usize,
    pub(super) name: String,
    pub(super) keys: Vec<Key>,
    pub(super) balances: Vec<(Symbol, Atoms)>,
    /// Maker and taker, parts in a million.
    pub(super) fees: (i64, i64),
    /// Kraken: `starter`, `intermediate` or `pro`.
    pub(super) tier: usize,
}

/// All accounts of a simulator.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Accounts(pub(super) Vec<Account>);

/// An account that is not understood.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("account {number}: found {found}, expected {expected}")]
pub struct AccountError {
    /// Which, from 1; 0 is the file as a whole.
    pub number: usize,
    /// What stands there; never a secret.
    pub found: String,
    /// What was expected.
    pub expected: String,
}

impl Accounts {
    /// One account at each venue that signs with the keys of a seed, with money of its own.
    pub fn of(keys: &Keys) -> Accounts {
        let rights = Rights { read: true, trade: true, cancel: true, token: true };
        let key = |name: &str, seal| Key { name: name.into(), seal, rights, ips: Vec::new() };
        let pairs = [
            vec![(&keys.kraken, Seal::of_base64(&keys.kraken.1))],
            vec![
                (&keys.binance, Seal::of_text(&keys.binance.1)),
                (&keys.binance_ed25519, Seal::of_text(&keys.binance_ed25519.1)),
            ],
            vec![(&keys.coinbase, Seal::of_pair(&keys.coinbase.1))],
        ];
        let each = pairs.into_iter().enumerate().map(|(venue, pairs)| Account {
            venue,
            name: "main".into(),
            keys: pairs.into_iter().filter_map(|((n, _), seal)| Some(key(n, seal?))).collect(),
            balances: started(venue),
            fees: FEES[venue],
            tier: 1,
        });
        Accounts(each.collect())
    }

    /// Reads `[[account]]` tables with `venue`, `key`, `secret` and, where wanted, `name`,
    /// `balances`, `permissions`, `ips`, `fees` and `tier`. A second one of the same venue and name
    /// is one more key of the first.
    pub fn parse(text: &str) -> Result<Accounts, AccountError> {
        let whole = |found: String, expected: &str| error(0, found, expected);
        if text.len() > CONFIG_BYTES_MAX {
            let expected = format!("at most {CONFIG_BYTES_MAX} bytes");
            return Err(whole(format!("{} bytes", text.len()), &expected));
        }
        // The library quotes the line that it stumbles on, and that may be a secret.
        let table: Table = text.parse().map_err(|why: toml::de::Error| {
            let at = why.span().map_or(0, |span| span.start);
            let line = 1 + text.get(..at).unwrap_or_default().matches('\n').count();
            whole(format!("{} in line {line}", why.message()), "TOML")
        })?;
        if let Some(other) = table.keys().find(|key| *key != "account") {
            return Err(whole(format!("`{other}`"), "[[account]] tables"));
        }
        let Some(Value::Array(list)) = table.get("account") else {
            return Err(whole("none".into(), "[[account]] tables"));
        };
        let mut accounts: Vec<Account> = Vec::new();
        for (n, entry) in list.iter().enumerate() {
            let account =
                read(entry).map_err(|(found, expected)| error(n + 1, found, &expected))?;
            let is_same = |a: &&mut Account| a.venue == account.venue && a.name == account.name;
            let names = accounts.iter().filter(|a| a.venue == account.venue);
            let mut names = names.flat_map(|a| &a.keys);
            if names.any(|key| account.keys.iter().any(|k| k.name == key.name)) {
                return Err(error(n + 1, "a key once more".into(), "each key once at a venue"));
            }
            match accounts.iter_mut().find(is_same) {
                Some(first) => first.keys.extend(account.keys),
                None => accounts.push(account),
            }
        }
        for (venue, name) in VENUES.into_iter().enumerate() {
            let count = accounts.iter().filter(|account| account.venue == venue).count();
            if count > SIM_MEMBERS_MAX {
                let expected = format!("at most {SIM_MEMBERS_MAX}");
                return Err(whole(format!("{count} accounts at {name}"), &expected));
            }
        }
        Ok(Accounts(accounts))
    }

    /// Those of a venue.
    pub(super) fn at(&self, venue: usize) -> impl Iterator<Item = &Account> {
        self.0.iter().filter(move |account| account.venue == venue)
    }
}

fn error(number: usize, found: String, expected: &str) -> AccountError {
    AccountError { number, found, expected: expected.to_owned() }
}

fn started(venue: usize) -> Vec<(Symbol, Atoms)> {
    let of = |(asset, text): &(&str, &str)| {
        Some((Symbol::new(asset.as_bytes())?, money::parse(text, SCALES[venue]).ok()?))
    };
    BALANCES[venue].iter().filter_map(of).collect()
}

/// What was found, and what was expected.
type Wrong = (String, String);

fn wrong<T>(found: impl fmt::Display, expected: impl fmt::Display) -> Result<T, Wrong> {
    Err((found.to_string(), expected.to_string()))
}

fn read(entry: &Value) -> Result<Account, Wrong> {
    const KEYS: &str = "venue, key, secret, name, balances, permissions, ips, fees, tier";
    let Value::Table(table) = entry else { return wrong("a value", "a table [[account]]") };
    if let Some(other) = table.keys().find(|key| !KEYS.split(", ").any(|known| known == *key)) {
        return wrong(format!("`{other}`"), format!("one of {KEYS}"));
    }
    let text = |name: &str| match table.get(name) {
        Some(Value::String(text)) if !text.is_empty() && text.len() <= NAME_BYTES_MAX => {
            Ok(text.as_str())
        }
        Some(_) => wrong(format!("another `{name}`"), "a text of 1 to 256 bytes"),
        None => wrong(format!("no `{name}`"), "the key in each account"),
    };
    let Some(venue) = VENUES.iter().position(|name| text("venue") == Ok(*name)) else {
        return wrong("another `venue`, or none", format!("one of {}", VENUES.join(", ")));
    };
    let secret = match table.get("secret") {
        Some(Value::String(secret)) if secret.len() <= 4_096 => secret.as_str(),
        _ => return wrong("no `secret`, or no text", "a text in the venue's form"),
    };
    let (seal, form) = match venue {
        0 => (Seal::of_base64(secret), "base64"),
        1 => (Seal::of_text(secret), "the text of an HMAC key, or PEM of an Ed25519 key"),
        _ => (Seal::of_pair(secret), "PEM of a P-256 key, or base64 or PEM of an Ed25519 key"),
    };
    let Some(seal) = seal else { return wrong("a `secret` of another form", form) };
    let name = if table.contains_key("name") { text("name")? } else { "main" };
    let key = Key {
        name: text("key")?.to_owned(),
        seal,
        rights: rights(table.get("permissions"))?,
        ips: ips(table.get("ips"))?,
    };
    Ok(Account {
        venue,
        name: name.to_owned(),
        keys: vec![key],
        balances: balances(table.get("balances"), venue)?,
        fees: fees(table.get("fees"), venue)?,
        tier: tier(table.get("tier"))?,
    })
}

fn rights(value: Option<&Value>) -> Result<Rights, Wrong> {
    let Some(value) = value else {
        return Ok(Rights { read: true, trade: true, cancel: true, token: true });
    };
    let expected = format!("a list of {}", RIGHTS.join(", "));
    let Value::Array(list) = value else { return wrong("other `permissions`", expected) };
    let mut has = [false; 4];
    for word in list {
        match RIGHTS.iter().position(|right| word.as_str() == Some(*right)) {
            Some(n) => has[n] = true,
            None => return wrong(word, expected),
        }
    }
    let [read, trade, cancel, token] = has;
    Ok(Rights { read, trade, cancel, token })
}

fn ips(value: Option<&Value>) -> Result<Vec<IpAddr>, Wrong> {
    let Some(value) = value else { return Ok(Vec::new()) };
    let expected = "a list of addresses such as \"127.0.0.1\"";
    let Value::Array(list) = value else { return wrong("other `ips`", expected) };
    let ip = |text: &Value| text.as_str().and_then(|text| text.parse().ok());
    let all: Option<Vec<IpAddr>> = list.iter().map(ip).collect();
    all.ok_or_else(|| ("other `ips`".into(), expected.into()))
}

fn balances(value: Option<&Value>, venue: usize) -> Result<Vec<(Symbol, Atoms)>, Wrong> {
    let Some(value) = value else { return Ok(started(venue)) };
    let expected =
        format!("a table such as {{ BTC = \"1.5\" }} with at most {} decimals", SCALES[venue]);
    let Value::Table(table) = value else { return wrong("other `balances`", expected) };
    let mut balances = Vec::new();
    for (asset, amount) in table {
        let text = match amount {
            Value::String(text) => text.clone(),
            Value::Integer(whole) => whole.to_string(),
            _ => return wrong(format!("a balance of {asset}"), expected),
        };
        // Far from where sums of balances could overflow.
        let atoms = money::parse(&text, SCALES[venue]).ok().filter(|atoms| *atoms >= 0);
        match (Symbol::new(asset.as_bytes()), atoms) {
            (Some(asset), Some(atoms)) => balances.push((asset, atoms)),
            _ => return wrong(format!("{text} of {asset}"), expected),
        }
    }
    Ok(balances)
}

fn fees(value: Option<&Value>, venue: usize) -> Result<(i64, i64), Wrong> {
    let Some(value) = value else { return Ok(FEES[venue]) };
    let expected = "a table { maker_ppm = .., taker_ppm = .. }, each from 0 to 100000";
    let of = |name: &str| {
        let ppm = value.get(name).and_then(Value::as_integer);
        ppm.filter(|ppm| (0..=100_000).contains(ppm))
    };
    match (of("maker_ppm"), of("taker_ppm")) {
        (Some(maker), Some(taker)) => Ok((maker, taker)),
        _ => wrong("other `fees`", expected),
    }
}

fn tier(value: Option<&Value>) -> Result<usize, Wrong> {
    const TIERS: [&str; 3] = ["starter", "intermediate", "pro"];
    let Some(value) = value else { return Ok(1) };
    let tier = TIERS.iter().position(|tier| value.as_str() == Some(tier));
    tier.ok_or_else(|| (value.to_string(), format!("one of {}", TIERS.join(", "))))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "[[account]]\nvenue = \"kraken\"\nkey = \"K\"\nsecret = \"aGlkZGVu\"\n";

    #[test]
    fn accounts_are_read_and_a_name_joins_keys() {
        let text = format!(
            "{HEAD}balances = {{ BTC = \"1.5\", USD = 10 }}\npermissions = [\"read\"]\n\
             {}permissions = [\"trade\"]\nips = [\"127.0.0.1\", \"::1\"]\n",
            HEAD.replace("\"K\"", "\"L\"")
        );
        let accounts = Accounts::parse(&text).unwrap().0;
        let [account] = &accounts[..] else { panic!("{accounts:?}") };
        let btc = Symbol::new(b"BTC").unwrap();
        assert!(account.balances.contains(&(btc, 15_000_000_000)));
        assert_eq!((account.keys.len(), account.fees, account.tier), (2, FEES[0], 1));
        assert!(account.keys[0].rights.read && !account.keys[0].rights.trade);
        assert_eq!(account.keys[1].ips.len(), 2);
        assert!(!format!("{accounts:?}").contains("hidden"));
    }

    #[test]
    fn what_is_wrong_is_named_and_no_secret_is() {
        let secret = "aGlkZGVu";
        for (text, told) in [
            (HEAD.replace("kraken", "krakn"), "account 1: found another `venue`, or none"),
            (HEAD.replace("key", "kay"), "account 1: found `kay`, expected one of venue"),
            (HEAD.replace(secret, "aGlk*ZGVu"), "account 1: found a `secret` of another form"),
            (format!("{HEAD}{HEAD}"), "account 2: found a key once more"),
            (format!("{HEAD}balances = {{ BTC = \"-1\" }}"), "account 1: found -1 of BTC"),
            (format!("{HEAD}permissions = [\"all\"]"), "account 1: found \"all\""),
            (format!("{HEAD}tier = \"gold\""), "account 1: found \"gold\""),
            (format!("{HEAD}fees = {{ maker_ppm = 1 }}"), "account 1: found other `fees`"),
            (HEAD.replace("\"aGl", "aGl"), "account 0: found"),
            ("x = 1".into(), "account 0: found `x`"),
        ] {
            let why = Accounts::parse(&text).unwrap_err().to_string();
            assert!(why.starts_with(told), "{why}");
            assert!(!why.contains("ZGVu"), "{why}");
        }
    }
}
