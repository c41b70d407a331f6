//! What Coinbase's private session tells of the account beside replies: fills of the past, open
//! orders, what is held.

use super::reports::{Holding, Item, Trade};
use super::trade::Coinbase;
use crate::base::{AssetId, Decimal, InstrumentId, Nanos};
use crate::venue::trade::{self, Fact, Out, Past, Standing, sha256};

impl Coinbase {
    pub(super) fn standing(&self, item: &Item) -> Standing {
        let traded = self.orders.listed(item.product.as_str()).copied();
        let units = |number: Option<Decimal>, decimals: Option<u8>| {
            let units = number.zip(decimals).map(|(number, decimals)| number.unsigned_at(decimals));
            units.and_then(Result::ok).unwrap_or(0)
        };
        let qty_decimals = traded.map(|one| one.qty_decimals);
        Standing {
            client: item.word.client,
            venue_order: item.word.venue_order,
            instrument: traded.map_or(InstrumentId::NONE, |one| one.id),
            symbol: item.product,
            side: item.side,
            price: units(item.word.price, traded.map(|one| one.price_decimals)),
            qty: units(item.word.qty, qty_decimals),
            filled: units(item.word.totals.map(|totals| totals.qty), qty_decimals),
        }
    }

    pub(super) fn tell_holdings(&self, rows: &[Holding], out: &mut Out) {
        for one in rows {
            let held = Some(one.held);
            let mut balance = trade::balance(&self.orders, one.asset, one.free, held, Nanos::NONE);
            balance.total = balance.total.saturating_add(balance.held.unwrap_or(0));
            out.facts.push(Fact::Balance(balance));
        }
    }

    pub(super) fn past(&self, trade: &Trade) -> Past {
        let traded = self.orders.listed(trade.product.as_str()).copied();
        let units = |number: Decimal, decimals: Option<u8>| {
            decimals.and_then(|decimals| number.unsigned_at(decimals).ok()).unwrap_or(0)
        };
        let quote = traded.map_or(AssetId::NONE, |one| one.quote);
        let place = self.orders.by_venue(trade.order);
        // Ids of fills are texts of several forms: the hash of one is as unique.
        let hash = sha256(&[trade.id.as_bytes()]);
        let id = hash[..16].iter().fold(0_u128, |id, byte| id << 8 | u128::from(*byte));
        Past {
            client: place.map(|place| self.orders.entry(place).client),
            venue_order: trade.order,
            id,
            at: trade.at,
            instrument: traded.map_or(InstrumentId::NONE, |one| one.id),
            side: trade.side,
            price: units(trade.price, traded.map(|one| one.price_decimals)),
            qty: units(trade.qty, traded.map(|one| one.qty_decimals)),
            fee: trade.fee.towards_zero_at(self.orders.decimals(quote)),
            fee_asset: quote,
            liquidity: trade.liquidity,
        }
    }
}
