//! Where to: a host, how it is reached, and what is asked for there.
//!
//! Never: a look-up or a socket.

use std::net::SocketAddr;

/// The other end of a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// Its name: for the look-up, for TLS (SNI and the certificate), and in the `Host` header.
    pub host: String,
    /// Its TCP port.
    pub port: u16,
    /// Goes here instead of where the name leads: a stand-in on loopback, a chosen edge.
    pub address: Option<SocketAddr>,
    /// What is asked for, with its query: `/ws/btcusdt@bookTicker`.
    pub path: String,
    /// TLS, or plain TCP.
    pub tls: bool,
}

/// Why a target cannot be one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TargetError {
    /// The host is empty or has bytes that no name has.
    #[error(
        "the host {0:?} is no host name; give a name such as `ws.kraken.com`, without a scheme"
    )]
    Host(String),
    /// The path would break the request.
    #[error("the path {0:?} must begin with `/` and have no blank, line end or other control byte")]
    Path(String),
}

impl Target {
    /// Is it fit to be written into a request?
    pub(crate) fn check(&self) -> Result<(), TargetError> {
        let in_host = |b: u8| b.is_ascii_alphanumeric() || b"-._:[]".contains(&b);
        if self.host.is_empty() || !self.host.bytes().all(in_host) {
            return Err(TargetError::Host(self.host.clone()));
        }
        if !self.path.starts_with('/') || !self.path.bytes().all(|b| b.is_ascii_graphic()) {
            return Err(TargetError::Path(self.path.clone()));
        }
        Ok(())
    }

    /// What the `Host` header says: the port where it is not the scheme's own.
    pub(crate) fn authority(&self) -> String {
        let usual = if self.tls { 443 } else { 80 };
        if self.port == usual {
            return self.host.clone();
        }
        format!("{}:{}", self.host, self.port)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(host: &str, path: &str) -> Target {
        Target { host: host.into(), port: 443, address: None, path: path.into(), tls: true }
    }

    #[test]
    fn what_would_break_a_request_is_refused() {
        assert_eq!(target("ws.kraken.com", "/v2?a=b").check(), Ok(()));
        for host in ["", "a b", "a\r\nX: y", "wss://ws.kraken.com/"] {
            assert_eq!(target(host, "/").check(), Err(TargetError::Host(host.into())));
        }
        for path in ["", "v2", "/a b", "/\r\nX: y", "/\u{e4}"] {
            assert_eq!(target("a", path).check(), Err(TargetError::Path(path.into())));
        }
    }

    #[test]
    fn the_port_is_said_where_it_is_not_the_usual_one() {
        assert_eq!(target("a.b", "/").authority(), "a.b");
        assert_eq!(Target { port: 9_443, ..target("a.b", "/") }.authority(), "a.b:9443");
        assert_eq!(Target { tls: false, ..target("a.b", "/") }.authority(), "a.b:443");
    }
}
