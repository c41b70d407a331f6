//! The risk gate's state in a small file: halts, positions and what was lost survive a restart.
//!
//! In: [`State`] with the names of what its ids stand for. Out: one line with version and checksum,
//! and a JSON object. Written beside the old file and put in its place, so that there is always a
//! whole one.
//! Never: a damaged or newer file taken as empty. Nothing that may hold a halt is guessed at.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::home::replace;
use crate::base::{
    AccountId, AssetId, InstrumentId, Nanos, OrderId, Position, Price, Qty, Side, StrategyId,
};
use crate::event::{Style, Terms};
use crate::limits;
use crate::stage::risk::{Halt, HaltReason, Held, OpenOrder, Owned, State};

/// The first line up to the version.
const MAGIC: &str = "neural-kraken risk state ";

/// Grows when the meaning of the object changes.
const VERSION: u32 = 1;

/// What the ids of a state stand for: those of another configuration may differ.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Names {
    /// As `venue:SYMBOL`, by `InstrumentId`.
    pub instruments: Vec<String>,
    /// By `AccountId`.
    pub accounts: Vec<String>,
    /// By `StrategyId`.
    pub strategies: Vec<String>,
    /// By `AssetId`.
    pub assets: Vec<String>,
    /// The asset in which all is reckoned.
    pub reckoning: String,
    /// Its decimals.
    pub decimals: u8,
}

/// Why there is no state.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LatchError {
    /// The file cannot be read or written.
    #[error("cannot {what} {}: {why}; check the path and its permissions", path.display())]
    Io {
        /// Read or write.
        what: &'static str,
        /// Which file.
        path: PathBuf,
        /// Why not.
        why: io::Error,
    },
    /// The file is not as it was written.
    #[error("{} is damaged ({why}), so a halt may be lost in it; restore it from a copy, or, \
        when positions and halts are known from elsewhere, move it away", path.display())]
    Damaged {
        /// Which file.
        path: PathBuf,
        /// What is wrong.
        why: &'static str,
    },
    /// The file is of a later version.
    #[error("{} has version {found} and this program reads up to {VERSION}; use the program that \
        wrote it", path.display())]
    Newer {
        /// Which file.
        path: PathBuf,
        /// Its version.
        found: u32,
    },
    /// The file holds what the configuration does not know.
    #[error("{} holds {kind} {name}, which the configuration lacks; add it again, or end what is \
        open of it with the configuration that has it", path.display())]
    Unknown {
        /// Which file.
        path: PathBuf,
        /// An instrument, an account ..
        kind: &'static str,
        /// Its name.
        name: String,
    },
    /// The file is reckoned in another asset.
    #[error("{} is reckoned in {found} and the configuration in {expected}; set money.reporting \
        back, or move the file away", path.display())]
    Reckoning {
        /// Which file.
        path: PathBuf,
        /// What the file has.
        found: String,
        /// What the configuration has.
        expected: String,
    },
}

/// Writes a state. When it returns, it is on the disk, or the old one still is.
pub fn save(path: &Path, state: &State, names: &Names) -> Result<(), LatchError> {
    let body = format!("{}\n", object(state, names));
    let checksum = crc32fast::hash(body.as_bytes());
    let text = format!("{MAGIC}{VERSION} {checksum:08x}\n{body}");
    replace(path, text.as_bytes()).map_err(|why| LatchError::Io {
        what: "write",
        path: path.into(),
        why,
    })
}

/// Reads a state with the names that it was written with; `None` where there is no file.
pub fn open(path: &Path) -> Result<Option<(State, Names)>, LatchError> {
    let failed = |why| LatchError::Io { what: "read", path: path.into(), why };
    let damaged = |why| LatchError::Damaged { path: path.into(), why };
    let file = match File::open(path) {
        Err(why) if why.kind() == io::ErrorKind::NotFound => return Ok(None),
        file => file.map_err(failed)?,
    };
    let mut bytes = Vec::new();
    file.take(limits::LATCH_BYTES_MAX + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > limits::LATCH_BYTES_MAX {
        return Err(damaged("no state is that long"));
    }
    let text = str::from_utf8(&bytes).map_err(|_| damaged("it is no text"))?;
    let (head, body) = text.split_once('\n').ok_or(damaged("it has no first line"))?;
    let head = head.strip_prefix(MAGIC).ok_or(damaged("its first line is another one"))?;
    let (version, checksum) = head.split_once(' ').ok_or(damaged("its first line is cut"))?;
    let version: u32 = version.parse().map_err(|_| damaged("its version is no number"))?;
    if version > VERSION {
        return Err(LatchError::Newer { path: path.into(), found: version });
    }
    if version == 0 {
        return Err(damaged("there never was its version"));
    }
    if checksum != format!("{:08x}", crc32fast::hash(body.as_bytes())) {
        return Err(damaged("its checksum is another one"));
    }
    let value = serde_json::from_str(body).map_err(|_| damaged("it is no JSON"))?;
    read(&value).map(Some).ok_or(damaged("something is missing in it"))
}

/// Reads a state in the ids of these names; `None` where there is no file.
pub fn load(path: &Path, names: &Names) -> Result<Option<State>, LatchError> {
    let Some((mut state, old)) = open(path)? else { return Ok(None) };
    if (&old.reckoning, old.decimals) != (&names.reckoning, names.decimals) {
        return Err(LatchError::Reckoning {
            path: path.into(),
            found: format!("{} of {} decimals", old.reckoning, old.decimals),
            expected: format!("{} of {}", names.reckoning, names.decimals),
        });
    }
    let find = |kind, from: &[String], to: &[String], id: usize| {
        let name = from.get(id).cloned().unwrap_or_else(|| format!("number {id}"));
        match to.iter().position(|other| *other == name) {
            Some(id) => Ok(id),
            None => Err(LatchError::Unknown { path: path.into(), kind, name }),
        }
    };
    let instrument = |id: &mut InstrumentId| {
        find("instrument", &old.instruments, &names.instruments, id.index())
            .map(|found| *id = InstrumentId(found as u32))
    };
    let account = |id: &mut AccountId| {
        find("account", &old.accounts, &names.accounts, id.index())
            .map(|found| *id = AccountId(found as u16))
    };
    let strategy = |id: &mut StrategyId| {
        find("strategy", &old.strategies, &names.strategies, id.index())
            .map(|found| *id = StrategyId(found as u16))
    };
    for held in &mut state.held {
        instrument(&mut held.instrument)?;
        account(&mut held.account)?;
    }
    for owned in &mut state.owned {
        instrument(&mut owned.instrument)?;
        strategy(&mut owned.strategy)?;
    }
    for order in &mut state.orders {
        instrument(&mut order.instrument)?;
        account(&mut order.account)?;
        strategy(&mut order.strategy)?;
    }
    for (asset, _) in &mut state.fees {
        let found = find("asset", &old.assets, &names.assets, asset.index())?;
        *asset = AssetId(found as u16);
    }
    Ok(Some(state))
}

fn object(state: &State, names: &Names) -> Value {
    let halt =
        state.halt.map(|halt| json!({ "reason": halt.reason.name(), "since": halt.since.0 }));
    let held = state.held.iter().map(|held| {
        let Position { qty, cost, realised } = held.position;
        let (cost, realised) = (cost.to_string(), realised.to_string());
        json!([held.account.0, held.instrument.0, qty, cost, realised])
    });
    let owned = state.owned.iter().map(|o| json!([o.strategy.0, o.instrument.0, o.qty]));
    let orders = state.orders.iter().map(|order| {
        let Terms { price, qty, side, style } = order.terms;
        let ids = (order.account.0, order.strategy.0, order.instrument.0);
        let (id, intent) = (order.id.0, order.intent);
        json!([
            id,
            intent,
            ids.0,
            ids.1,
            ids.2,
            price.0,
            qty.0,
            order.filled.0,
            side as u8,
            style as u8
        ])
    });
    let fees = state.fees.iter().map(|(asset, fees)| json!([asset.0, fees.to_string()]));
    json!({
        "halt": halt,
        "day": state.day,
        "day_start": state.day_start,
        "equity": state.equity,
        "high": state.high,
        "next_order": state.next_order,
        "held": held.collect::<Vec<_>>(),
        "owned": owned.collect::<Vec<_>>(),
        "orders": orders.collect::<Vec<_>>(),
        "fees": fees.collect::<Vec<_>>(),
        "names": {
            "instruments": names.instruments,
            "accounts": names.accounts,
            "strategies": names.strategies,
            "assets": names.assets,
            "reckoning": names.reckoning,
            "decimals": names.decimals,
        },
    })
}

fn read(value: &Value) -> Option<(State, Names)> {
    let names = &value["names"];
    let texts = |key: &str| -> Option<Vec<String>> {
        names[key].as_array()?.iter().map(|text| text.as_str().map(String::from)).collect()
    };
    let names = Names {
        instruments: texts("instruments")?,
        accounts: texts("accounts")?,
        strategies: texts("strategies")?,
        assets: texts("assets")?,
        reckoning: names["reckoning"].as_str()?.to_owned(),
        decimals: u8::try_from(names["decimals"].as_u64()?).ok()?,
    };
    let halt = match &value["halt"] {
        Value::Null => None,
        halt => {
            let name = halt["reason"].as_str()?;
            let reason = HaltReason::ALL.into_iter().find(|reason| reason.name() == name)?;
            Some(Halt { reason, since: Nanos(halt["since"].as_i64()?) })
        }
    };
    let rows = |key: &str| value[key].as_array();
    let state = State {
        halt,
        held: rows("held")?.iter().map(held).collect::<Option<_>>()?,
        owned: rows("owned")?.iter().map(owned).collect::<Option<_>>()?,
        orders: rows("orders")?.iter().map(order).collect::<Option<_>>()?,
        fees: rows("fees")?
            .iter()
            .map(|row| Some((AssetId(small(&row[0])?), wide(&row[1])?)))
            .collect::<Option<_>>()?,
        next_order: value["next_order"].as_u64()?,
        day: value["day"].as_i64()?,
        day_start: value["day_start"].as_i64()?,
        equity: value["equity"].as_i64()?,
        high: value["high"].as_i64()?,
    };
    Some((state, names))
}

fn held(row: &Value) -> Option<Held> {
    Some(Held {
        account: AccountId(small(&row[0])?),
        instrument: InstrumentId(u32::try_from(row[1].as_u64()?).ok()?),
        position: Position {
            qty: row[2].as_i64()?,
            cost: wide(&row[3])?,
            realised: wide(&row[4])?,
        },
    })
}

fn owned(row: &Value) -> Option<Owned> {
    Some(Owned {
        strategy: StrategyId(small(&row[0])?),
        instrument: InstrumentId(u32::try_from(row[1].as_u64()?).ok()?),
        qty: row[2].as_i64()?,
    })
}

fn order(row: &Value) -> Option<OpenOrder> {
    Some(OpenOrder {
        id: OrderId(row[0].as_u64()?),
        intent: row[1].as_u64()?,
        account: AccountId(small(&row[2])?),
        strategy: StrategyId(small(&row[3])?),
        instrument: InstrumentId(u32::try_from(row[4].as_u64()?).ok()?),
        terms: Terms {
            price: Price(row[5].as_i64()?),
            qty: Qty(row[6].as_i64()?),
            side: *[Side::Buy, Side::Sell].get(row[8].as_u64()? as usize)?,
            style: *Style::ALL.get(row[9].as_u64()? as usize)?,
        },
        filled: Qty(row[7].as_i64()?),
    })
}

fn small(value: &Value) -> Option<u16> {
    u16::try_from(value.as_u64()?).ok()
}

/// A number of 128 bits, as text: JSON has none.
fn wide(value: &Value) -> Option<i128> {
    value.as_str()?.parse().ok()
}
