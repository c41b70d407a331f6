//! Whom to trust: the system's roots, and files of further ones.
//!
//! In: settings. Out: a client's configuration of rustls, made once for all dials.
//! Never: a switch that trusts everybody.

use std::path::PathBuf;
use std::sync::Arc;

use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{CipherSuite, ClientConfig, RootCertStore};

/// What a user sets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsSettings {
    /// Trusts what the system trusts.
    pub system_roots: bool,
    /// PEM files of further authorities: a test bench, a company's proxy.
    pub ca_files: Vec<PathBuf>,
    /// Leaves records to rustls, which allocates for each.
    pub stock: bool,
}

impl Default for TlsSettings {
    fn default() -> TlsSettings {
        TlsSettings { system_roots: true, ca_files: Vec::new(), stock: false }
    }
}

/// Why there is nobody to trust.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file of authorities could not be read.
    #[error("the authorities in {} could not be read; `ca_files` wants PEM files with at least one \
             CERTIFICATE: {reason}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What was found.
        reason: String,
    },
    /// No root at all.
    #[error(
        "there is no authority to trust: the system has no certificates and `ca_files` is empty; \
         install `ca-certificates` or name a PEM file in `ca_files`"
    )]
    NoRoots,
    /// rustls does not take the settings.
    #[error("rustls refused the settings")]
    Config(#[from] rustls::Error),
}

/// Whom to trust, ready for any number of dials.
#[derive(Clone, Debug)]
pub struct Tls {
    pub(crate) config: Arc<ClientConfig>,
    pub(crate) roots: Arc<Vec<CertificateDer<'static>>>,
    pub(crate) provider: Arc<CryptoProvider>,
    pub(crate) stock: bool,
}

impl Tls {
    /// Reads the roots: some milliseconds, once.
    pub fn load(settings: &TlsSettings) -> Result<Tls, TlsError> {
        let mut roots = Vec::new();
        if settings.system_roots {
            // Files of the system that cannot be read are as if they were not there.
            roots.extend(rustls_native_certs::load_native_certs().certs);
        }
        for path in &settings.ca_files {
            let fault = |reason: String| TlsError::File { path: path.clone(), reason };
            let before = roots.len();
            let found = CertificateDer::pem_file_iter(path).map_err(|e| fault(e.to_string()))?;
            for certificate in found {
                roots.push(certificate.map_err(|e| fault(e.to_string()))?);
            }
            if roots.len() == before {
                return Err(fault("no certificate is in it".into()));
            }
        }
        let mut store = RootCertStore::empty();
        let (taken, _) = store.add_parsable_certificates(roots.iter().cloned());
        if taken == 0 {
            return Err(TlsError::NoRoots);
        }
        let provider = Arc::new(provider());
        let builder = ClientConfig::builder_with_provider(provider.clone());
        let mut config = builder
            .with_safe_default_protocol_versions()?
            .with_root_certificates(store)
            .with_no_client_auth();
        // Records are opened and sealed by our own code, which reads over tickets.
        config.enable_secret_extraction = !settings.stock;
        config.resumption = rustls::client::Resumption::disabled();
        let (config, roots) = (Arc::new(config), Arc::new(roots));
        Ok(Tls { config, roots, provider, stock: settings.stock })
    }

    /// Trusts nobody: for plain TCP.
    pub fn none() -> Result<Tls, TlsError> {
        let provider = Arc::new(provider());
        let config = ClientConfig::builder_with_provider(provider.clone())
            .with_safe_default_protocol_versions()?
            .with_root_certificates(RootCertStore::empty())
            .with_no_client_auth();
        Ok(Tls { config: Arc::new(config), roots: Arc::default(), provider, stock: false })
    }
}

/// The usual suites, those with AES-128 first: a small record takes a tenth less than with
/// AES-256, and where the server leaves us the choice it is ours.
fn provider() -> CryptoProvider {
    let mut provider = ring::default_provider();
    provider.cipher_suites.sort_by_key(|suite| {
        let is_short = matches!(
            suite.suite(),
            CipherSuite::TLS13_AES_128_GCM_SHA256
                | CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256
                | CipherSuite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256
        );
        (suite.tls13().is_none(), !is_short)
    });
    provider
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shortest_key_is_offered_first_and_no_suite_is_lost() {
        let (ours, usual) = (provider().cipher_suites, ring::default_provider().cipher_suites);
        assert_eq!(ours[0].suite(), CipherSuite::TLS13_AES_128_GCM_SHA256);
        assert_eq!(ours.len(), usual.len());
        assert!(usual.iter().all(|suite| ours.contains(suite)));
    }

    #[test]
    fn a_file_without_a_certificate_is_named() {
        let settings = |path: &str| TlsSettings {
            system_roots: false,
            ca_files: vec![path.into()],
            stock: false,
        };
        for path in ["Cargo.toml", "no/such/file.pem"] {
            let text = Tls::load(&settings(path)).unwrap_err().to_string();
            assert!(text.contains(path) && text.contains("ca_files"), "{text}");
        }
    }

    #[test]
    fn trusting_nobody_is_an_error_that_names_the_fix() {
        let settings = TlsSettings { system_roots: false, ..TlsSettings::default() };
        assert!(matches!(Tls::load(&settings), Err(TlsError::NoRoots)));
    }
}
