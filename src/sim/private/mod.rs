//! Private: what members of the venues do: accounts, orders, user streams, each venue's own words.
//!
//! In: accounts, requests as clients send them, steps of the world. Out: answers and events, told
//! through the venues' public sides, which own the connections.
//! Never: code that a client of ours uses: signatures and words are read here for a second time.
//!
//! What all venues share is the [`bank`]: members, money, orders, kept in step with the world. A
//! desk of each venue reads requests, checks keys, limits and the venue's rules, and words what the
//! bank notes.

mod money;
mod order;
mod trouble;
mod floor;
mod bank;
mod seal;
mod account;
mod keyring;
mod rate;
mod json;
mod contract;
mod kraken;
mod kraken_ask;
mod kraken_body;
mod kraken_rest;
mod kraken_words;
mod binance;
mod binance_ask;
mod binance_filter;
mod binance_read;
mod binance_rest;
mod binance_words;
mod coinbase;
mod coinbase_ask;
mod coinbase_read;
mod coinbase_token;
mod coinbase_words;
mod members;
#[cfg(test)]
mod scene;

pub use account::{AccountError, Accounts};
pub(super) use members::{Members, Place};
pub use trouble::Trouble;
