//! What ids stand for, so that a record can be read in another configuration than its own.
//!
//! Lines of the logs name accounts, strategies, instruments and assets, and write prices and
//! quantities as decimal text; a session's own names stand in its first line, for the records that
//! it left in the ring.

use serde_json::{Value, json};

use crate::base::{AccountId, AssetId, Instrument, InstrumentId, Instruments, StrategyId, render};
use crate::ledger::Asset;

/// What the ids of a session stand for, by their places.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Names {
    /// As `venue:SYMBOL`.
    pub instruments: Vec<Listed>,
    /// The accounts.
    pub accounts: Vec<String>,
    /// The strategies.
    pub strategies: Vec<String>,
    /// The assets, with the decimals of their amounts.
    pub assets: Vec<(String, u8)>,
}

/// What a session knows of an instrument.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// As `venue:SYMBOL`.
    pub name: String,
    /// Decimals of its prices.
    pub price_decimals: u8,
    /// Decimals of its quantities.
    pub qty_decimals: u8,
}

impl Names {
    /// Of a configuration.
    pub fn of(
        instruments: &Instruments,
        accounts: Vec<String>,
        strategies: Vec<String>,
        assets: &[Asset],
    ) -> Names {
        let listed = |instrument: &Instrument| Listed {
            name: instrument.name(),
            price_decimals: instrument.price_decimals,
            qty_decimals: instrument.qty_decimals,
        };
        Names {
            instruments: instruments.iter().map(listed).collect(),
            accounts,
            strategies,
            assets: assets.iter().map(|asset| (asset.name.clone(), asset.decimals)).collect(),
        }
    }

    /// The name of an account; its number where it has none.
    pub fn account(&self, id: AccountId) -> String {
        self.accounts.get(id.index()).cloned().unwrap_or_else(|| format!("#{}", id.0))
    }

    /// The name of a strategy.
    pub fn strategy(&self, id: StrategyId) -> String {
        self.strategies.get(id.index()).cloned().unwrap_or_else(|| format!("#{}", id.0))
    }

    /// The name of an instrument.
    pub fn instrument(&self, id: InstrumentId) -> String {
        let listed = self.instruments.get(id.index());
        listed.map_or_else(|| format!("#{}", id.0), |listed| listed.name.clone())
    }

    /// The name of an asset.
    pub fn asset(&self, id: AssetId) -> String {
        self.assets.get(id.index()).map_or_else(|| format!("#{}", id.0), |(name, _)| name.clone())
    }

    /// A price as text.
    pub fn price(&self, id: InstrumentId, units: i64) -> String {
        render(units, self.instruments.get(id.index()).map_or(0, |listed| listed.price_decimals))
    }

    /// A quantity as text.
    pub fn qty(&self, id: InstrumentId, units: i64) -> String {
        render(units, self.instruments.get(id.index()).map_or(0, |listed| listed.qty_decimals))
    }

    /// An amount as text.
    pub fn amount(&self, id: AssetId, units: i64) -> String {
        render(units, self.assets.get(id.index()).map_or(0, |(_, decimals)| *decimals))
    }

    /// The account of a name.
    pub fn account_named(&self, name: &str) -> Option<AccountId> {
        let at = self.accounts.iter().position(|known| known == name)?;
        Some(AccountId(at as u16))
    }

    /// The strategy of a name.
    pub fn strategy_named(&self, name: &str) -> Option<StrategyId> {
        let at = self.strategies.iter().position(|known| known == name)?;
        Some(StrategyId(at as u16))
    }

    /// The instrument of a name.
    pub fn instrument_named(&self, name: &str) -> Option<InstrumentId> {
        let at = self.instruments.iter().position(|known| known.name == name)?;
        Some(InstrumentId(at as u32))
    }

    /// The asset of a name.
    pub fn asset_named(&self, name: &str) -> Option<AssetId> {
        let at = self.assets.iter().position(|(known, _)| known == name)?;
        Some(AssetId(at as u16))
    }

    /// As in the first line of a session.
    pub fn object(&self) -> Value {
        let instruments = self.instruments.iter();
        let instruments = instruments.map(|l| json!([l.name, l.price_decimals, l.qty_decimals]));
        let assets = self.assets.iter().map(|(name, decimals)| json!([name, decimals]));
        json!({
            "instruments": instruments.collect::<Vec<_>>(),
            "accounts": self.accounts,
            "strategies": self.strategies,
            "assets": assets.collect::<Vec<_>>(),
        })
    }

    /// Out of such a line.
    pub fn read(value: &Value) -> Option<Names> {
        let texts = |key: &str| -> Option<Vec<String>> {
            value[key].as_array()?.iter().map(|text| text.as_str().map(String::from)).collect()
        };
        let small = |value: &Value| u8::try_from(value.as_u64()?).ok();
        let listed = |row: &Value| {
            Some(Listed {
                name: row[0].as_str()?.to_owned(),
                price_decimals: small(&row[1])?,
                qty_decimals: small(&row[2])?,
            })
        };
        let asset = |row: &Value| Some((row[0].as_str()?.to_owned(), small(&row[1])?));
        Some(Names {
            instruments: value["instruments"]
                .as_array()?
                .iter()
                .map(listed)
                .collect::<Option<_>>()?,
            accounts: texts("accounts")?,
            strategies: texts("strategies")?,
            assets: value["assets"].as_array()?.iter().map(asset).collect::<Option<_>>()?,
        })
    }
}
