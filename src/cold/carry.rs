//! What earlier sessions left, in the ids of this one: for who reconciles.
//!
//! In: the logs ([`Past`]), names of this configuration. Out: a [`Record`] of one account.
//! Never: an order that is left out without a word.

use std::collections::BTreeMap;

use super::keep::{Filled, Names, Past, Placed};
use crate::base::{AccountId, DecimalError, InstrumentId, Price, Qty};
use crate::event::{ClientId, Terms};
use crate::journal::ahead::Deed;
use crate::ledger::reconcile::{Known, Record};

/// An account's record out of the logs.
#[derive(Debug)]
pub struct Carried {
    /// Orders and their fills; balances are not in the logs.
    pub record: Record,
    /// What could not be taken over, and why.
    pub notes: Vec<String>,
}

/// The record of an account, for the session of this number.
pub fn carry(past: &Past, names: &Names, account: AccountId, epoch: u32) -> Carried {
    let record = Record::new(account, epoch);
    let mut carried = Carried { record, notes: Vec::new() };
    let own = names.account(account);
    let mut lost: BTreeMap<String, u64> = BTreeMap::new();
    for placed in past.orders.iter().filter(|placed| placed.account == own) {
        if let Err(why) = carried.place(placed, names) {
            *lost.entry(why).or_default() += 1;
        }
    }
    for filled in past.fills.iter().filter(|filled| filled.account == own) {
        if let Err(why) = carried.fill(filled, names) {
            *lost.entry(why).or_default() += 1;
        }
    }
    for (client, state) in &past.over {
        if let Some(order) = carried.record.order_mut(client) {
            order.end = Some(*state);
        }
    }
    let notes = lost.into_iter().map(|(why, count)| format!("{own}: {count} records: {why}"));
    carried.notes.extend(notes);
    carried
}

impl Carried {
    fn place(&mut self, placed: &Placed, names: &Names) -> Result<(), String> {
        let (instrument, price_decimals, qty_decimals) = listed(&placed.instrument, names)?;
        let price = placed.price.at(price_decimals).map_err(|why| finer(placed, why))?;
        let qty = placed.qty.at(qty_decimals).map_err(|why| finer(placed, why))?;
        let (price, qty) = (Price(price), Qty(qty));
        match placed.deed {
            Deed::Place => {
                let terms = Terms { price, qty, side: placed.side, style: placed.style };
                let order = Known {
                    strategy: names.strategy_named(&placed.strategy),
                    intent: placed.intent,
                    placed_at: placed.at,
                    ..Known::bare(placed.client, instrument, terms)
                };
                self.record.place(order);
            }
            Deed::Amend => {
                if let Some(order) = self.record.order_mut(&placed.client) {
                    (order.terms.price, order.terms.qty) = (price, qty);
                }
            }
            Deed::Cancel => {}
        }
        Ok(())
    }

    fn fill(&mut self, filled: &Filled, names: &Names) -> Result<(), String> {
        let (instrument, price_decimals, qty_decimals) = listed(&filled.instrument, names)?;
        let qty = filled.qty.at(qty_decimals).map_err(|why| format!("quantity: {why}"))?;
        let asset = names.asset_named(&filled.fee_asset).ok_or_else(|| {
            format!("a fee in {}, which the configuration lacks; add it again", filled.fee_asset)
        });
        let client: ClientId = filled.client;
        if self.record.order(&client).is_none() {
            let price = filled.price.at(price_decimals).map_err(|why| format!("price: {why}"))?;
            let style = crate::event::Style::Limit;
            let terms = Terms { price: Price(price), qty: Qty(0), side: filled.side, style };
            let strategy = names.strategy_named(&filled.strategy);
            let order = Known { strategy, ..Known::bare(client, instrument, terms) };
            self.record.place(order);
        }
        let Some(order) = self.record.order_mut(&client) else { return Ok(()) };
        order.filled += qty;
        order.amount += filled.amount;
        let asset = asset?;
        let decimals = names.assets[asset.index()].1;
        order.pay(asset, filled.fee.at(decimals).map_err(|why| format!("fee: {why}"))?);
        Ok(())
    }
}

/// The instrument of a name, with its decimals.
fn listed(name: &str, names: &Names) -> Result<(InstrumentId, u8, u8), String> {
    let id = names.instrument_named(name).ok_or_else(|| {
        format!(
            "{name} is not in the configuration; add it again until its orders and positions are \
             closed"
        )
    })?;
    let listed = &names.instruments[id.index()];
    Ok((id, listed.price_decimals, listed.qty_decimals))
}

fn finer(placed: &Placed, why: DecimalError) -> String {
    format!("{}: {why}; its decimals were others; set them back", placed.instrument)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::{AssetId, Decimal, Nanos, OrderId, Side, StrategyId};
    use crate::cold::keep::Listed;
    use crate::event::{Liquidity, OrderState, Style};
    use crate::stage::dispatch::client_id;

    fn names() -> Names {
        let listed = |name: &str| Listed { name: name.into(), price_decimals: 1, qty_decimals: 4 };
        Names {
            instruments: vec![listed("kraken:ETH/USD"), listed("kraken:BTC/USD")],
            accounts: vec!["other".into(), "main".into()],
            strategies: vec!["momentum".into(), "reversion".into()],
            assets: vec![("BTC".into(), 8), ("USD".into(), 4)],
        }
    }

    fn decimal(text: &str) -> Decimal {
        Decimal::parse(text.as_bytes()).unwrap()
    }

    fn placed(n: u64, deed: Deed) -> Placed {
        Placed {
            epoch: 4,
            sequence: n,
            deed,
            client: client_id(4, OrderId(n)),
            order: OrderId(n),
            intent: 8,
            account: "main".into(),
            strategy: "reversion".into(),
            instrument: "kraken:BTC/USD".into(),
            side: Side::Sell,
            style: Style::PostOnly,
            price: decimal("64000.1"),
            qty: decimal("0.5"),
            at: Nanos(77),
        }
    }

    fn filled(n: u64, qty: &str) -> Filled {
        Filled {
            account: "main".into(),
            client: client_id(4, OrderId(n)),
            strategy: "reversion".into(),
            instrument: "kraken:BTC/USD".into(),
            side: Side::Sell,
            price: decimal("64000.1"),
            qty: decimal(qty),
            amount: 100,
            fee: decimal("0.0025"),
            fee_asset: "USD".into(),
            liquidity: Liquidity::Maker,
            total: decimal("0.5"),
            at: Nanos(78),
        }
    }

    #[test]
    fn orders_and_their_fills_come_over_in_the_ids_of_this_session() {
        let amended = Placed { qty: decimal("0.75"), ..placed(1, Deed::Amend) };
        let client = client_id(4, OrderId(1));
        let past = Past {
            orders: vec![placed(1, Deed::Place), amended, placed(1, Deed::Cancel)],
            fills: vec![filled(1, "0.1"), filled(1, "0.2")],
            over: vec![(client, OrderState::Cancelled)],
            ..Past::default()
        };
        let carried = carry(&past, &names(), AccountId(1), 5);
        assert_eq!(carried.notes, [""; 0]);
        let terms = Terms {
            price: Price(640_001),
            qty: Qty(7_500),
            side: Side::Sell,
            style: Style::PostOnly,
        };
        let expected = Known {
            strategy: Some(StrategyId(1)),
            intent: 8,
            placed_at: Nanos(77),
            filled: 3_000,
            amount: 200,
            fees: vec![(AssetId(1), 50)],
            end: Some(OrderState::Cancelled),
            ..Known::bare(client, InstrumentId(1), terms)
        };
        assert_eq!(carried.record.orders().collect::<Vec<_>>(), [&expected]);
        assert_eq!(carry(&past, &names(), AccountId(0), 5).record.orders().count(), 0);
    }

    #[test]
    fn what_the_configuration_lacks_is_named_with_the_fix() {
        let gone = Placed { instrument: "kraken:DOGE/USD".into(), ..placed(1, Deed::Place) };
        let fine = Placed { qty: decimal("0.00001"), ..placed(2, Deed::Place) };
        let fee = Filled { fee_asset: "BNB".into(), ..filled(3, "0.1") };
        let past =
            Past { orders: vec![gone.clone(), gone, fine], fills: vec![fee], ..Past::default() };
        let carried = carry(&past, &names(), AccountId(1), 5);
        let text = carried.notes.join("\n");
        assert!(text.contains("2 records: kraken:DOGE/USD is not in the configuration"), "{text}");
        assert!(text.contains("set them back") && text.contains("BNB"), "{text}");
        let adopted = carried.record.order(&client_id(4, OrderId(3))).unwrap();
        assert_eq!((adopted.filled, adopted.amount), (1_000, 100), "the fill itself is booked");
    }
}
