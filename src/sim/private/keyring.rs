//! Keyring: the keys of a venue's accounts, and whose each is.
//!
//! In: a key's name, who asks from where. Out: the member, what he may do, what he signs with.
//! Never: a difference between a key that there is not and one that may not be used from there.

use std::net::IpAddr;

use super::account::{Accounts, Rights, SCALES};
use super::bank::{Bank, FeeOf, Fees};
use super::seal::Seal;
use crate::sim::dialect::Shop;
use crate::sim::hall::VENUES;
use crate::sim::world::World;

/// A key, and its member.
#[derive(Clone, Debug)]
pub(super) struct Holder {
    pub(super) who: usize,
    pub(super) name: String,
    pub(super) seal: Seal,
    pub(super) rights: Rights,
    ips: Vec<IpAddr>,
}

/// See the module.
#[derive(Clone, Debug, Default)]
pub(super) struct Keyring(Vec<Holder>);

impl Keyring {
    /// A key, from wherever.
    pub(super) fn find(&self, name: &str) -> Option<&Holder> {
        self.0.iter().find(|holder| holder.name == name)
    }

    /// A key that may be used from an address.
    pub(super) fn find_from(&self, name: &str, peer: IpAddr) -> Option<&Holder> {
        self.find(name).filter(|holder| holder.is_from(peer))
    }
}

impl Holder {
    pub(super) fn is_from(&self, peer: IpAddr) -> bool {
        self.ips.is_empty() || self.ips.contains(&peer.to_canonical())
    }
}

/// The members of a venue, and their keys.
pub(super) fn members(accounts: &Accounts, venue: usize, world: &World) -> (Bank, Keyring) {
    let fee_of = if venue == 1 { FeeOf::Received } else { FeeOf::Quote };
    let mut bank = Bank::new(Shop::new(VENUES[venue], world), SCALES[venue], fee_of);
    let mut keys = Vec::new();
    for account in accounts.at(venue) {
        let (maker, taker) = account.fees;
        let who = bank.join(Fees { maker, taker }, &account.balances);
        for key in &account.keys {
            let (name, seal, ips) = (key.name.clone(), key.seal.clone(), key.ips.clone());
            keys.push(Holder { who, name, seal, rights: key.rights, ips });
        }
    }
    (bank, Keyring(keys))
}
