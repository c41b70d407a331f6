//! Why a dial failed, and what helps.
//!
//! Never: a failure without the step at which it happened.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use rustls::{CertificateError, Error, PeerIncompatible};

use super::super::down::Down;
use super::super::target::{Target, TargetError};
use super::super::tls::HandshakeError;
use super::super::websocket::UpgradeFault;

/// The steps of a dial that have deadlines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// TCP.
    Connect,
    /// TLS.
    Handshake,
    /// HTTP to websocket.
    Upgrade,
}

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub enum DialError {
    /// The target cannot be one.
    #[error(transparent)]
    Target(#[from] TargetError),
    /// The name leads nowhere.
    #[error("the host {host} has no address ({source}); check its spelling and the host's DNS")]
    UnknownHost {
        /// The name.
        host: String,
        /// What the resolver said.
        source: io::Error,
    },
    /// Nobody listens.
    #[error("{address} ({host}) refused the connection: nothing listens there; check the port")]
    Refused {
        /// The name.
        host: String,
        /// Its last address.
        address: SocketAddr,
    },
    /// No way there.
    #[error("{address} ({host}) cannot be reached ({source}); check routes and firewalls")]
    Unreachable {
        /// The name.
        host: String,
        /// Its last address.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// A step took too long.
    #[error(
        "{host} did not answer within {span:?} at {step:?}; raise the deadline or change hosts"
    )]
    Timeout {
        /// The name.
        host: String,
        /// Where it hung.
        step: Step,
        /// Its deadline.
        span: Duration,
    },
    /// Signed by nobody whom we trust.
    #[error(
        "the certificate of {host} is signed by nobody who is trusted; if it should be, name its \
         authority's PEM file in `ca_files`"
    )]
    Untrusted {
        /// The name.
        host: String,
    },
    /// For somebody else.
    #[error("the certificate is not for {host} but for {found:?}; give the name that it is for")]
    WrongName {
        /// The name.
        host: String,
        /// The names in the certificate, as far as rustls says.
        found: Vec<String>,
    },
    /// Too old, or from the future.
    #[error("the certificate of {host} is {what}; check this host's clock, then tell the venue")]
    Dated {
        /// The name.
        host: String,
        /// `expired` or `not valid yet`.
        what: &'static str,
    },
    /// The other side speaks neither TLS 1.2 nor 1.3, or none of our ciphers.
    #[error("{host} speaks no TLS that is spoken here: {reason}; TLS 1.2 with ECDHE, or 1.3")]
    Version {
        /// The name.
        host: String,
        /// What rustls found.
        reason: String,
    },
    /// What came is no TLS.
    #[error("{host}:{port} does not speak TLS ({reason}); check the port, or set `tls` to false")]
    NoTls {
        /// The name.
        host: String,
        /// Its port.
        port: u16,
        /// What rustls found.
        reason: String,
    },
    /// Another failure of the handshake.
    #[error("the TLS handshake with {host} failed: {reason}")]
    Tls {
        /// The name.
        host: String,
        /// What was found.
        reason: String,
    },
    /// The other side did not upgrade.
    #[error("{host} did not upgrade to a websocket: {fault}")]
    Upgrade {
        /// The name.
        host: String,
        /// What it did instead.
        fault: UpgradeFault,
    },
    /// The connection was lost while the upgrade was on its way.
    #[error("the connection to {host} was lost before the upgrade was agreed: {down}")]
    Down {
        /// The name.
        host: String,
        /// Why.
        down: Down,
    },
    /// The system refused an option or a send.
    #[error("the socket to {host} failed")]
    Socket {
        /// The name.
        host: String,
        /// What the system said.
        source: io::Error,
    },
    /// No random numbers.
    #[error("the system has no random numbers (getrandom)")]
    Random,
}

impl DialError {
    /// What the system said about a socket.
    pub(super) fn socket(target: &Target, source: io::Error) -> DialError {
        DialError::Socket { host: target.host.clone(), source }
    }

    pub(super) fn timeout(target: &Target, step: Step, span: Duration) -> DialError {
        DialError::Timeout { host: target.host.clone(), step, span }
    }

    pub(super) fn handshake(target: &Target, error: HandshakeError, span: Duration) -> DialError {
        let host = target.host.clone();
        match error {
            HandshakeError::Timeout => DialError::timeout(target, Step::Handshake, span),
            HandshakeError::Socket(source) => DialError::Socket { host, source },
            HandshakeError::Refused(error) => refused(target, &error),
            other => DialError::Tls { host, reason: other.to_string() },
        }
    }
}

/// What rustls found, as what helps.
fn refused(target: &Target, error: &Error) -> DialError {
    let (host, port, reason) = (target.host.clone(), target.port, error.to_string());
    let dated = |what| DialError::Dated { host: target.host.clone(), what };
    match error {
        Error::InvalidCertificate(fault) => match fault {
            CertificateError::UnknownIssuer | CertificateError::BadSignature => {
                DialError::Untrusted { host }
            }
            CertificateError::NotValidForName => DialError::WrongName { host, found: Vec::new() },
            CertificateError::NotValidForNameContext { presented, .. } => {
                DialError::WrongName { host, found: presented.clone() }
            }
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => dated("expired"),
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
                dated("not valid yet")
            }
            _ => DialError::Tls { host, reason },
        },
        Error::PeerIncompatible(
            PeerIncompatible::ServerDoesNotSupportTls12Or13
            | PeerIncompatible::ServerTlsVersionIsDisabledByOurConfig
            | PeerIncompatible::NoCipherSuitesInCommon
            | PeerIncompatible::NoKxGroupsInCommon,
        )
        | Error::AlertReceived(rustls::AlertDescription::ProtocolVersion) => {
            DialError::Version { host, reason }
        }
        Error::InvalidMessage(_) | Error::InappropriateMessage { .. } => {
            DialError::NoTls { host, port, reason }
        }
        _ => DialError::Tls { host, reason },
    }
}
