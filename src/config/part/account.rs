//! `[[accounts]]`: who trades where, what the venue charges, and what paper money there is.

use super::super::fault::Place;
use super::super::section::Section;
use super::super::tree::Value;
use crate::base::Decimal;
use crate::limits;
use crate::venue::Dialect;

/// Balances and orders of ours at a venue.
#[derive(Clone, Debug)]
pub struct Account {
    /// Its name here.
    pub name: String,
    /// Whose it is.
    pub venue: &'static Dialect,
    /// Fee of orders that rest, hundredths of a basis point; below zero a rebate. `None` where it
    /// does not say so itself.
    pub maker_ppm: Option<i64>,
    /// Fee of orders that trade at once.
    pub taker_ppm: Option<i64>,
    /// What it holds at the start of paper trading, by asset.
    pub balances: Vec<Holding>,
    /// Is it used?
    pub enabled: bool,
    /// Where it stands.
    pub place: Place,
}

/// So much of an asset.
#[derive(Clone, Debug)]
pub struct Holding {
    /// The asset, or what the venue calls it.
    pub asset: String,
    /// How much.
    pub amount: Decimal,
    /// Where it stands.
    pub place: Place,
}

/// Decimals of a fee in basis points: a hundredth of one is a part in a million.
const FEE_DECIMALS: u8 = 2;

impl Account {
    pub(in crate::config) fn read(mut section: Section<'_>) -> Option<Account> {
        let name = section.name("name");
        let venue = section.venue("venue");
        let maker_ppm = fee(&mut section, "maker_bps");
        let taker_ppm = fee(&mut section, "taker_bps");
        let balances = balances(&mut section);
        let enabled = section.flag_if_any("enabled").unwrap_or(true);
        let place = section.place();
        section.finish();
        let (name, venue) = (name?, venue?);
        Some(Account { name, venue, maker_ppm, taker_ppm, balances, enabled, place })
    }
}

fn fee(section: &mut Section<'_>, key: &'static str) -> Option<i64> {
    let most = limits::FEE_PPM_MAX as i64;
    let expected = format!(
        "decimal text of basis points from -{0} to {0} with at most {FEE_DECIMALS} decimals, as in \
         \"16\" (limit FEE_PPM_MAX)",
        most / 100
    );
    section.text_if_any(key, &expected, |text| {
        let ppm = Decimal::parse(text.as_bytes()).ok()?.at(FEE_DECIMALS).ok()?;
        (-most..=most).contains(&ppm).then_some(ppm)
    })
}

fn balances(section: &mut Section<'_>) -> Vec<Holding> {
    let mut balances = Vec::new();
    let Some(table) = section.table_if_any("balances") else { return balances };
    for (asset, node) in &table.0 {
        let amount = match &node.value {
            Value::Text(text) => Decimal::parse(text.as_bytes()).ok(),
            _ => None,
        };
        if let Some(amount) = amount.filter(|amount| amount.mantissa >= 0) {
            balances.push(Holding { asset: asset.clone(), amount, place: node.place });
        } else {
            let fix = "write it in quotation marks, since a float would not be exact";
            let expected = "an amount not below 0 as decimal text, as in \"0.5\"";
            section.refuse(&format!("balances.{asset}"), node, expected, fix);
        }
    }
    balances
}
