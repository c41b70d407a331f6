//! `[[instruments]]`: what can be traded where, in which units.

use super::super::fault::Place;
use super::super::section::{Bound, Section};
use super::asset::DECIMALS;
use super::book;
use crate::base::{Form, InstrumentKind, Price, Qty, Symbol};
use crate::limits;
use crate::venue::Dialect;

/// One symbol at one venue, as configured.
#[derive(Clone, Debug)]
pub struct Instrument {
    /// Where it is traded.
    pub venue: &'static Dialect,
    /// The symbol on the wire.
    pub symbol: Symbol,
    /// What is bought: an asset or what the venue calls it.
    pub base: String,
    /// What it is paid with.
    pub quote: String,
    /// Spot or future.
    pub kind: InstrumentKind,
    /// What one contract is worth, whole units; 1 on spot.
    pub contract_value: i64,
    /// Decimals of its prices.
    pub price_decimals: u8,
    /// Decimals of its quantities.
    pub qty_decimals: u8,
    /// Prices of orders are multiples of it.
    pub tick: Price,
    /// Quantities of orders are multiples of it.
    pub lot: Qty,
    /// The smallest order.
    pub qty_min: Qty,
    /// The smallest price times quantity, in units of 10^-`price_decimals` of quote.
    pub notional_min: i64,
    /// Levels a side, where it says so itself and its books are shallow.
    pub depth: Option<u32>,
    /// Ticks of its window, where it says so itself and its books are deep.
    pub window_ticks: Option<u32>,
    /// Is it used?
    pub enabled: bool,
    /// Where it stands.
    pub place: Place,
}

const CONTRACT: Bound =
    Bound::new("units", 1, limits::CONTRACT_VALUE_MAX, "limit CONTRACT_VALUE_MAX");

/// Tick, lot and minima, in whole units.
struct Units {
    tick: Price,
    lot: Qty,
    qty_min: Qty,
    notional_min: i64,
}

impl Instrument {
    /// As in output, and in marks: `venue:SYMBOL`.
    pub fn name(&self) -> String {
        format!("{}:{}", self.venue.name, self.symbol)
    }

    pub(in crate::config) fn read(mut section: Section<'_>) -> Option<Instrument> {
        let venue = section.venue("venue");
        let symbol_told = format!(
            "a symbol as on the wire, 1 to {} printable characters",
            limits::SYMBOL_BYTES_MAX
        );
        let symbol = section.text("symbol", &symbol_told, |text| Symbol::new(text.as_bytes()));
        let base = section.name("base");
        let quote = section.name("quote");
        if let (Some(base), Some(quote)) = (&base, &quote)
            && base == quote
        {
            let fix = String::from("name what it is paid with");
            section.note("quote", format!("{quote}, which is also its base"), "another asset", fix);
        }
        let kind = section.text_if_any("kind", "\"spot\", \"linear\" or \"inverse\"", kind_named);
        let kind = kind.unwrap_or(InstrumentKind::Spot);
        let contract_value = section.whole_if_any("contract_value", CONTRACT).unwrap_or(1) as i64;
        if kind == InstrumentKind::Spot && contract_value != 1 {
            let fix = String::from("remove it, or say kind = \"linear\" or \"inverse\"");
            section.note("contract_value", contract_value.to_string(), "1 on spot", fix);
        }
        let price_decimals = section.whole("price_decimals", DECIMALS).map(|n| n as u8);
        let qty_decimals = section.whole("qty_decimals", DECIMALS).map(|n| n as u8);
        let units = units(&mut section, price_decimals, qty_decimals);
        let depth = book::depth_if_any(&mut section);
        let window_ticks = book::window_if_any(&mut section);
        if let Some(venue) = venue {
            check_form(&mut section, venue, depth.is_some(), window_ticks.is_some());
        }
        let enabled = section.flag_if_any("enabled").unwrap_or(true);
        let place = section.place();
        section.finish();
        let Units { tick, lot, qty_min, notional_min } = units?;
        Some(Instrument {
            venue: venue?,
            symbol: symbol?,
            base: base?,
            quote: quote?,
            kind,
            contract_value,
            price_decimals: price_decimals?,
            qty_decimals: qty_decimals?,
            tick,
            lot,
            qty_min,
            notional_min,
            depth,
            window_ticks,
            enabled,
            place,
        })
    }
}

fn kind_named(text: &str) -> Option<InstrumentKind> {
    match text {
        "spot" => Some(InstrumentKind::Spot),
        "linear" => Some(InstrumentKind::Linear),
        "inverse" => Some(InstrumentKind::Inverse),
        _ => None,
    }
}

fn units(section: &mut Section<'_>, price: Option<u8>, qty: Option<u8>) -> Option<Units> {
    let tick = section.decimal("tick", price, 1);
    let lot = section.decimal("lot", qty, 1);
    let qty_min = section.decimal("qty_min", qty, 0);
    let notional_min = section.decimal("notional_min", price, 0);
    Some(Units {
        tick: Price(tick?),
        lot: Qty(lot?),
        qty_min: Qty(qty_min?),
        notional_min: notional_min?,
    })
}

/// Depth is for shallow books, a window for deep ones.
fn check_form(section: &mut Section<'_>, venue: &Dialect, has_depth: bool, has_window: bool) {
    let (key, is_set, other) = match venue.form {
        Form::Ladder { .. } => ("window_ticks", has_window, "depth"),
        Form::Window { .. } => ("depth", has_depth, "window_ticks"),
    };
    if is_set {
        let expected = format!("`{other}`, since books of {} have that form", venue.name);
        section.note(key, format!("`{key}`"), &expected, String::from("remove it"));
    }
}
