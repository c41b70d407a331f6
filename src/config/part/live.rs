//! `[live]`: how venues are reached, and where else than by their own names.

use std::net::SocketAddr;
use std::path::PathBuf;

use super::super::section::{Bound, Section};
use super::super::tree::{Node, Value};

/// How venues are reached.
#[derive(Clone, Debug)]
pub struct Live {
    /// TLS records by the stock library instead of our own.
    pub stock_tls: bool,
    /// Certificates to trust beside the system's.
    pub ca_files: Vec<PathBuf>,
    /// Connections to each venue at once, 1 or 2.
    pub redundancy: u8,
    /// Ask the kernel when bytes came.
    pub kernel_stamps: bool,
    /// Addresses to go to instead of where a name leads.
    pub addresses: Vec<(String, SocketAddr)>,
}

const LINES: Bound = Bound::new("lines", 1, 2, "a second one is all that a session makes use of");

impl Live {
    pub(in crate::config) fn read(mut section: Section<'_>) -> Option<Live> {
        let stock_tls = section.text("tls", "\"own\" or \"stock\"", |text| match text {
            "own" => Some(false),
            "stock" => Some(true),
            _ => None,
        });
        let ca_files = files(&mut section, "ca_files");
        let redundancy = section.whole("redundancy", LINES);
        let kernel_stamps = section.flag("kernel_stamps");
        let addresses = addresses(&mut section);
        section.finish();
        Some(Live {
            stock_tls: stock_tls?,
            ca_files: ca_files?,
            redundancy: redundancy? as u8,
            kernel_stamps: kernel_stamps?,
            addresses,
        })
    }
}

/// A list of files.
fn files(section: &mut Section<'_>, key: &'static str) -> Option<Vec<PathBuf>> {
    let node = section.ask(key)?;
    let path = |node: &Node| match &node.value {
        Value::Text(text) if !text.is_empty() => Some(PathBuf::from(text)),
        _ => None,
    };
    let paths = match &node.value {
        Value::List(list) => list.iter().map(path).collect(),
        _ => None,
    };
    if paths.is_none() {
        section.refuse(key, node, "a list of files", "write [\"ca.pem\"]");
    }
    paths
}

/// `[live.addresses]`.
fn addresses(section: &mut Section<'_>) -> Vec<(String, SocketAddr)> {
    let mut addresses = Vec::new();
    let Some(table) = section.table_if_any("addresses") else { return addresses };
    for (host, node) in &table.0 {
        let address = match &node.value {
            Value::Text(text) => text.parse().ok(),
            _ => None,
        };
        match address {
            Some(address) => addresses.push((host.clone(), address)),
            None => section.refuse(
                &format!("addresses.\"{host}\""),
                node,
                "an address with a port in quotation marks",
                "write it as \"127.0.0.1:8443\"",
            ),
        }
    }
    addresses
}
