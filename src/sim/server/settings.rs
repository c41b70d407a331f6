//! Settings: what a server is told at its start.
//!
//! Never: a value that is changed later.

use std::net::SocketAddr;
use std::path::PathBuf;

use crate::sim::fault::Plan;
use crate::sim::private::Accounts;
use crate::sim::world::Played;

/// What is served, and where.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Of all chance.
    pub seed: u64,
    /// Of Kraken, Binance and Coinbase; port 0 is any that is free.
    pub addresses: [SocketAddr; 3],
    /// Where the certificate of the authority is written; `None` is without TLS.
    pub ca_file: Option<PathBuf>,
    /// So many seconds of the world in one of ours.
    pub speed: u32,
    /// Markets whose histories are written; where there are none, they are made up.
    pub played: Vec<Played>,
    /// What goes wrong on purpose.
    pub faults: Plan,
    /// Who may trade.
    pub accounts: Accounts,
}
