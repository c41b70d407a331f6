//! The venues in a box, as `run` has them: started on loopback, with a configuration that leads to
//! them.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::PathBuf;

use super::output::{Failure, say};
use super::run::Arguments;
use super::sim;
use crate::sim::server::{self, Handle, Settings};
use crate::sim::{Accounts, Keys};

/// The venues, while they serve.
pub(super) struct BuiltIn {
    handle: Handle,
    ca_file: PathBuf,
    keys: Keys,
}

/// Hosts that each of them stands for, in the order of [`Handle::addresses`].
const HOSTS: [&[&str]; 3] = [
    &["ws.kraken.com", "ws-auth.kraken.com", "api.kraken.com"],
    &["stream.binance.com", "api.binance.com", "ws-api.binance.com"],
    &["advanced-trade-ws.coinbase.com", "advanced-trade-ws-user.coinbase.com", "api.coinbase.com"],
];

/// What is configured otherwise than in the manual: horizons and strategies that have something to
/// do within seconds, on a market that is made up.
const OVERLAY: &str = include_str!("../config/built_in.toml");

impl BuiltIn {
    /// Starts them.
    pub(super) fn start(arguments: &Arguments) -> Result<BuiltIn, Failure> {
        let faults = arguments.faults.as_deref().map(sim::plan).transpose()?.unwrap_or_default();
        let file = format!("neural-kraken-ca-{}.pem", std::process::id());
        let ca_file = std::env::temp_dir().join(file);
        let keys = Keys::new(arguments.seed).map_err(Failure::failed)?;
        let settings = Settings {
            seed: arguments.seed,
            addresses: [SocketAddr::from(([127, 0, 0, 1], 0)); 3],
            speed: arguments.speed,
            ca_file: Some(ca_file.clone()),
            played: Vec::new(),
            faults,
            accounts: Accounts::of(&keys),
        };
        let handle = server::start(&settings).map_err(Failure::failed)?;
        let [kraken, binance, coinbase] = handle.addresses();
        say(format_args!(
            "built-in venues on loopback: kraken {kraken}, binance {binance}, coinbase {coinbase}"
        ));
        Ok(BuiltIn { handle, ca_file, keys })
    }

    /// Keys of their accounts.
    pub(super) fn keys(&self) -> &Keys {
        &self.keys
    }

    /// The configuration that leads to them.
    pub(super) fn overlay(&self) -> String {
        let mut text = String::from(OVERLAY);
        let file = toml::Value::from(self.ca_file.display().to_string());
        let _ = writeln!(text, "\n[live]\nca_files = [{file}]\n\n[live.addresses]");
        for (hosts, address) in HOSTS.iter().zip(self.handle.addresses()) {
            for host in *hosts {
                let _ = writeln!(text, "\"{host}\" = \"{address}\"");
            }
        }
        text
    }
}

impl Drop for BuiltIn {
    fn drop(&mut self) {
        // It is of no use to anybody any more.
        let _ = std::fs::remove_file(&self.ca_file);
    }
}
