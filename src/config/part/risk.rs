//! `[risk]` and the lists in it: limits of the whole, and of single things by their names.

use super::super::fault::Place;
use super::super::section::{Bound, Section};
use crate::base::{Decimal, DecimalError, Symbol};
use crate::limits;
use crate::venue::{self, Dialect};

/// A limit as it is written: of money, or of a quantity. In which decimals is known later.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Amount {
    /// No limit.
    Unlimited,
    /// So much.
    Most(Decimal),
}

/// Requests that an account may send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OrderRates {
    /// Requests that come back every second.
    pub per_second: u32,
    /// Requests at once after a rest.
    pub burst: u32,
    /// How many of those are kept for cancels.
    pub cancel_reserve: u32,
}

/// Limits of the whole.
#[derive(Clone, Copy, Debug)]
pub struct Risk {
    /// Sum of all exposures.
    pub gross_max: Amount,
    /// Longs and shorts set against each other.
    pub net_max: Amount,
    /// What one order comes to.
    pub notional_max: Amount,
    /// Loss since midnight UTC.
    pub daily_loss_max: Amount,
    /// Fall from the highest equity.
    pub drawdown_max: Amount,
    /// Orders, open or unknown.
    pub open_orders_max: u32,
    /// Distance of a price from the mid, basis points.
    pub collar_bps: u32,
    /// Age of a quote, ns.
    pub quote_age_max_ns: i64,
    /// Requests of an account.
    pub rates: OrderRates,
    /// The worst fee of a purchase, millionths.
    pub fee_ppm: u32,
    /// May an instrument be traded of whose status nothing is known?
    pub trade_unknown_status: bool,
    /// Where the table stands.
    pub place: Place,
}

/// Limits of single things.
#[derive(Clone, Debug, Default)]
pub struct RiskLists {
    /// Of instruments.
    pub instruments: Vec<Named<InstrumentRisk>>,
    /// Of assets.
    pub assets: Vec<Named<AssetRisk>>,
    /// Of strategies.
    pub strategies: Vec<Named<StrategyRisk>>,
    /// Of accounts.
    pub accounts: Vec<Named<AccountRisk>>,
    /// Of venues.
    pub venues: Vec<Named<VenueRisk>>,
}

/// Limits of what has a name.
#[derive(Clone, Debug)]
pub struct Named<T> {
    /// The name; of an instrument, `venue:SYMBOL`.
    pub name: String,
    /// Its limits.
    pub limits: T,
    /// Where they stand.
    pub place: Place,
}

/// Limits of an instrument.
#[derive(Clone, Copy, Debug)]
pub struct InstrumentRisk {
    /// Quantity of an order.
    pub qty_max: Option<Amount>,
    /// Position, either way.
    pub position_max: Option<Amount>,
    /// What an order comes to.
    pub notional_max: Option<Amount>,
    /// Distance of a price from the mid, basis points.
    pub collar_bps: Option<u32>,
}

/// Limits of an asset.
#[derive(Clone, Copy, Debug)]
pub struct AssetRisk {
    /// Exposure, either way.
    pub exposure_max: Option<Amount>,
}

/// Limits of a strategy.
#[derive(Clone, Copy, Debug)]
pub struct StrategyRisk {
    /// Sum of its exposures.
    pub exposure_max: Option<Amount>,
}

/// Limits of an account.
#[derive(Clone, Copy, Debug)]
pub struct AccountRisk {
    /// Sum of its exposures.
    pub exposure_max: Option<Amount>,
    /// Its orders, open or unknown.
    pub open_orders_max: Option<u32>,
    /// Requests that come back every second.
    pub per_second: Option<u32>,
    /// Requests at once after a rest.
    pub burst: Option<u32>,
    /// How many of those are kept for cancels.
    pub cancel_reserve: Option<u32>,
}

/// Limits of a venue.
#[derive(Clone, Copy, Debug)]
pub struct VenueRisk {
    /// Which.
    pub venue: &'static Dialect,
    /// Sum of the exposures there.
    pub exposure_max: Option<Amount>,
    /// The worst fee of a purchase, millionths.
    pub fee_ppm: Option<u32>,
}

const COLLAR: Bound = Bound::new("basis points", 0, limits::COLLAR_BPS_MAX, "limit COLLAR_BPS_MAX");
const AGE: Bound = Bound::new("ms", 1, limits::QUOTE_AGE_MS_MAX, "limit QUOTE_AGE_MS_MAX");
const OPEN: Bound =
    Bound::new("orders", 0, limits::OPEN_ORDERS_MAX as u64, "limit OPEN_ORDERS_MAX");
const REQUESTS: Bound = Bound::new("requests", 1, limits::REQUESTS_MAX, "limit REQUESTS_MAX");
const RESERVE: Bound = Bound::new("requests", 0, limits::REQUESTS_MAX, "limit REQUESTS_MAX");
const FEE: Bound = Bound::new("millionths", 0, limits::FEE_PPM_MAX, "limit FEE_PPM_MAX");

const AMOUNT: &str = "decimal text not below 0, as in \"1000.50\", or \"none\"";

impl Amount {
    fn parse(text: &str) -> Option<Amount> {
        if text == "none" {
            return Some(Amount::Unlimited);
        }
        let number = Decimal::parse(text.as_bytes()).ok()?;
        (number.mantissa >= 0).then_some(Amount::Most(number))
    }

    /// In whole units of 10^-`decimals`; `None` for no limit.
    pub fn at(self, decimals: u8) -> Result<Option<i64>, DecimalError> {
        match self {
            Amount::Unlimited => Ok(None),
            Amount::Most(number) => number.unsigned_at(decimals).map(Some),
        }
    }

    /// The same where it is finer than that, or too large for it: the next lower amount there is.
    /// A recording may be reckoned in a coarser asset than the one that the limit was written for.
    pub(in crate::config) fn at_most(self, decimals: u8) -> Option<i64> {
        match self {
            Amount::Unlimited => None,
            Amount::Most(number) => Some(number.towards_zero_at(decimals)),
        }
    }
}

fn amount_if_any(section: &mut Section<'_>, key: &'static str) -> Option<Amount> {
    section.text_if_any(key, AMOUNT, Amount::parse)
}

impl Risk {
    pub(in crate::config) fn read(mut section: Section<'_>) -> Option<Risk> {
        let mut amount = |key| section.text(key, AMOUNT, Amount::parse);
        let (gross, net) = (amount("gross_max"), amount("net_max"));
        let notional = amount("notional_max");
        let (loss, drawdown) = (amount("daily_loss_max"), amount("drawdown_max"));
        let open_orders_max = section.whole("open_orders_max", OPEN);
        let collar_bps = section.whole("collar_bps", COLLAR);
        let age_ms = section.whole("quote_age_max_ms", AGE);
        let per_second = section.whole("orders_per_second", REQUESTS);
        let burst = section.whole("orders_burst", REQUESTS);
        let cancel_reserve = section.whole("cancel_reserve", RESERVE);
        let fee_ppm = section.whole("fee_ppm", FEE);
        let trade_unknown_status = section.flag("trade_unknown_status");
        for list in ["instruments", "assets", "strategies", "accounts", "venues"] {
            section.ask(list);
        }
        let place = section.place();
        section.finish();
        Some(Risk {
            gross_max: gross?,
            net_max: net?,
            notional_max: notional?,
            daily_loss_max: loss?,
            drawdown_max: drawdown?,
            open_orders_max: open_orders_max? as u32,
            collar_bps: collar_bps? as u32,
            quote_age_max_ns: age_ms? as i64 * 1_000_000,
            rates: OrderRates {
                per_second: per_second? as u32,
                burst: burst? as u32,
                cancel_reserve: cancel_reserve? as u32,
            },
            fee_ppm: fee_ppm? as u32,
            trade_unknown_status: trade_unknown_status?,
            place,
        })
    }
}

impl InstrumentRisk {
    pub(in crate::config) fn read(mut section: Section<'_>) -> Option<Named<InstrumentRisk>> {
        let expected = "an instrument as venue:SYMBOL, as in \"kraken:BTC/USD\"";
        let name = section.text("instrument", expected, |text| {
            let (venue, symbol) = text.split_once(':')?;
            let (venue, symbol) = (venue::dialect(venue)?, Symbol::new(symbol.as_bytes())?);
            Some(format!("{}:{symbol}", venue.name))
        });
        let limits = InstrumentRisk {
            qty_max: amount_if_any(&mut section, "qty_max"),
            position_max: amount_if_any(&mut section, "position_max"),
            notional_max: amount_if_any(&mut section, "notional_max"),
            collar_bps: section.whole_if_any("collar_bps", COLLAR).map(|bps| bps as u32),
        };
        named(section, name, limits)
    }
}

impl AssetRisk {
    pub(in crate::config) fn read(mut section: Section<'_>) -> Option<Named<AssetRisk>> {
        let name = section.name("asset");
        let limits = AssetRisk { exposure_max: amount_if_any(&mut section, "exposure_max") };
        named(section, name, limits)
    }
}

impl StrategyRisk {
    pub(in crate::config) fn read(mut section: Section<'_>) -> Option<Named<StrategyRisk>> {
        let name = section.name("strategy");
        let limits = StrategyRisk { exposure_max: amount_if_any(&mut section, "exposure_max") };
        named(section, name, limits)
    }
}

impl AccountRisk {
    pub(in crate::config) fn read(mut section: Section<'_>) -> Option<Named<AccountRisk>> {
        let name = section.name("account");
        let exposure_max = amount_if_any(&mut section, "exposure_max");
        let mut whole = |key, bound| section.whole_if_any(key, bound).map(|n| n as u32);
        let limits = AccountRisk {
            exposure_max,
            open_orders_max: whole("open_orders_max", OPEN),
            per_second: whole("orders_per_second", REQUESTS),
            burst: whole("orders_burst", REQUESTS),
            cancel_reserve: whole("cancel_reserve", RESERVE),
        };
        named(section, name, limits)
    }
}

impl VenueRisk {
    pub(in crate::config) fn read(mut section: Section<'_>) -> Option<Named<VenueRisk>> {
        let venue = section.venue("venue");
        let exposure_max = amount_if_any(&mut section, "exposure_max");
        let fee_ppm = section.whole_if_any("fee_ppm", FEE).map(|ppm| ppm as u32);
        let name = venue.map(|venue| venue.name.to_owned());
        let place = section.place();
        section.finish();
        let limits = VenueRisk { venue: venue?, exposure_max, fee_ppm };
        Some(Named { name: name?, limits, place })
    }
}

fn named<T>(section: Section<'_>, name: Option<String>, limits: T) -> Option<Named<T>> {
    let place = section.place();
    section.finish();
    Some(Named { name: name?, limits, place })
}
