//! What the venue says of an account, collected of the facts of its session.

use std::collections::{BTreeMap, BTreeSet};

use super::known::Key;
use crate::base::{AssetId, InstrumentId, Nanos, Symbol};
use crate::event::{ClientId, OrderState};
use crate::venue::trade::{Balance, Fact, Listing, Past, Standing, VenueOrder};

/// What the venue answered to the question what became of an order of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Our own name of it.
    pub client: ClientId,
    /// The venue's id of it, where it has one: fills of the past are told by it.
    pub venue_order: Option<VenueOrder>,
    /// What became of it.
    pub became: Became,
}

/// What became of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Became {
    /// The venue never had it.
    NeverArrived,
    /// It is open.
    Open,
    /// It is over.
    Over {
        /// How it ended.
        state: OrderState,
        /// Filled of it, all fills together.
        filled: i64,
    },
}

/// What the venue says of an account.
#[derive(Clone, Debug, Default)]
pub struct Told {
    /// Fills since then were asked for.
    pub since: Nanos,
    pub(super) standing: Vec<Standing>,
    pub(super) balances: BTreeMap<(AssetId, Symbol), Balance>,
    pub(super) fills: BTreeMap<(InstrumentId, u128, u128), Past>,
    pub(super) answers: BTreeMap<Key, Answer>,
    /// Our names by the venue's ids.
    pub(super) names: BTreeMap<u128, ClientId>,
    /// Orders whose fills are told from others'.
    named: BTreeSet<Key>,
    is_orders_whole: bool,
    is_balances_whole: bool,
    is_fills_whole: bool,
}

impl Told {
    /// Nothing yet of an account whose fills since a time are asked for.
    pub fn since(since: Nanos) -> Told {
        Told { since, ..Told::default() }
    }

    /// Takes a fact. Told twice, or in another order, it is the same; open orders that come after
    /// the end of their list begin a new list.
    pub fn on(&mut self, fact: &Fact) {
        match fact {
            Fact::Order(standing) => {
                if self.is_orders_whole {
                    self.is_orders_whole = false;
                    self.standing.clear();
                }
                if let Some(client) = standing.client {
                    self.name_order(standing.venue_order, client);
                }
                self.standing.retain(|known| known.venue_order != standing.venue_order);
                self.standing.push(*standing);
            }
            Fact::Balance(balance) => {
                let key = (balance.asset, balance.name);
                let known = self.balances.entry(key).or_insert(*balance);
                // What was so earlier says nothing, where both say when.
                if known.at <= balance.at || balance.at == Nanos::NONE {
                    *known = *balance;
                }
            }
            Fact::Fill(past) => {
                if let Some(client) = past.client {
                    self.name_order(past.venue_order, client);
                }
                self.fills.insert((past.instrument, past.id, past.venue_order.0), *past);
            }
            Fact::Whole(listing) => match listing {
                Listing::Orders => {
                    // A list without an order is a new list, too.
                    if self.is_orders_whole {
                        self.standing.clear();
                    }
                    self.is_orders_whole = true;
                }
                Listing::Balances => self.is_balances_whole = true,
                Listing::Fills => self.is_fills_whole = true,
            },
        }
    }

    /// Takes our name of an order by the venue's id, where a record has it.
    pub fn name_order(&mut self, order: VenueOrder, client: ClientId) {
        self.names.insert(order.0, client);
        self.named.insert(client.0);
    }

    /// Takes an answer.
    pub fn answer(&mut self, answer: &Answer) {
        if let Some(order) = answer.venue_order {
            self.name_order(order, answer.client);
        }
        self.answers.insert(answer.client.0, *answer);
    }

    /// Was all of a kind said?
    pub const fn is_whole(&self, listing: Listing) -> bool {
        match listing {
            Listing::Orders => self.is_orders_whole,
            Listing::Balances => self.is_balances_whole,
            Listing::Fills => self.is_fills_whole,
        }
    }

    /// Would the venue's word on an order bring nothing new about whose fills are its?
    pub(super) fn is_named(&self, client: &ClientId) -> bool {
        self.named.contains(&client.0) || self.answers.contains_key(&client.0)
    }

    /// Our name of a fill's order, where anything told it.
    pub(super) fn name(&self, past: &Past) -> Option<ClientId> {
        past.client.or_else(|| self.names.get(&past.venue_order.0).copied())
    }
}
