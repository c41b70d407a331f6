//! What Binance's private session tells of the account beside replies: fills of the past, open
//! orders, what is held.

use super::posted::PAGE;
use super::reports::{Item, Trade};
use super::trade::Binance;
use crate::base::{AssetId, Decimal, InstrumentId, Nanos};
use crate::venue::trade::{self, Fact, Heard, Listing, Out, Past, Standing, VenueOrder};

impl Binance {
    pub(super) fn on_fills(&mut self, place: usize, trades: &[Trade], out: &mut Out) {
        for trade in trades {
            let past = self.past(trade);
            out.facts.push(Fact::Fill(past));
        }
        let Some(fills) = &mut self.listing.fills else { return };
        fills.retain(|(other, _)| *other != place);
        if trades.len() == PAGE {
            let next = trades.iter().map(|trade| trade.id).max().map(|id| id.saturating_add(1));
            fills.push((place, next));
        }
        if fills.is_empty() {
            self.listing.fills = None;
            out.facts.push(Fact::Whole(Listing::Fills));
        }
    }

    fn past(&self, trade: &Trade) -> Past {
        let traded = self.orders.listed(trade.symbol.as_str()).copied();
        let id = VenueOrder(u128::from(trade.order));
        let units = |number: Decimal, decimals: Option<u8>| {
            decimals.and_then(|decimals| number.unsigned_at(decimals).ok()).unwrap_or(0)
        };
        let asset = self.orders.asset(&trade.fee_asset);
        Past {
            client: self.orders.by_venue(id).map(|place| self.orders.entry(place).client),
            venue_order: id,
            id: u128::from(trade.id),
            at: trade.at,
            instrument: traded.map_or(InstrumentId::NONE, |one| one.id),
            side: trade.side,
            price: units(trade.price, traded.map(|one| one.price_decimals)),
            qty: units(trade.qty, traded.map(|one| one.qty_decimals)),
            fee: asset.map_or(0, |one| trade.fee.towards_zero_at(one.decimals)),
            fee_asset: asset.map_or(AssetId::NONE, |one| one.id),
            liquidity: trade.liquidity,
        }
    }

    pub(super) fn hear_items(&mut self, is_listing: bool, now: Nanos, out: &mut Out) {
        for n in 0..self.told.items.len() {
            let item = self.told.items[n];
            let heard = self.orders.hear(&item.word, now, &mut out.replies);
            if let Heard::Nonsense(_) = heard {
                self.due = now;
            }
            if is_listing {
                out.facts.push(Fact::Order(self.standing(&item)));
            }
        }
    }

    fn standing(&self, item: &Item) -> Standing {
        let traded = self.orders.listed(item.symbol.as_str()).copied();
        let units = |number: Option<Decimal>, decimals: Option<u8>| {
            let units = number.zip(decimals).map(|(number, decimals)| number.unsigned_at(decimals));
            units.and_then(Result::ok).unwrap_or(0)
        };
        let qty_decimals = traded.map(|one| one.qty_decimals);
        Standing {
            client: item.word.client,
            venue_order: item.word.venue_order,
            instrument: traded.map_or(InstrumentId::NONE, |one| one.id),
            symbol: item.symbol,
            side: item.side,
            price: units(item.word.price, traded.map(|one| one.price_decimals)),
            qty: units(item.word.qty, qty_decimals),
            filled: units(item.word.totals.map(|totals| totals.qty), qty_decimals),
        }
    }

    pub(super) fn tell_holdings(&mut self, out: &mut Out) {
        for one in &self.told.holdings {
            let mut balance =
                trade::balance(&self.orders, one.asset, one.free, Some(one.locked), one.at);
            balance.total = balance.total.saturating_add(balance.held.unwrap_or(0));
            out.facts.push(Fact::Balance(balance));
        }
    }
}
