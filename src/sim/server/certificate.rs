//! Certificates: an authority made at start, and one certificate of it for all names.
//!
//! In: where the authority's certificate is to be written. Out: what accepts TLS connections.
//! Never: the authority's key outside this function; it signs once and is gone.

use std::error::Error;
use std::path::Path;
use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};
use rustls::ServerConfig;
use rustls::crypto::ring::default_provider;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio_rustls::TlsAcceptor;

/// Names that clients may use for us: this host, and the venues' own.
const NAMES: [&str; 17] = [
    "localhost",
    "127.0.0.1",
    "ws.kraken.com",
    "ws-auth.kraken.com",
    "ws-l3.kraken.com",
    "api.kraken.com",
    "stream.binance.com",
    "data-stream.binance.vision",
    "data-api.binance.vision",
    "api.binance.com",
    "ws-api.binance.com",
    "testnet.binance.vision",
    "ws-api.testnet.binance.vision",
    "advanced-trade-ws.coinbase.com",
    "advanced-trade-ws-user.coinbase.com",
    "api.coinbase.com",
    "api-sandbox.coinbase.com",
];

/// Makes both, and writes the authority's certificate as PEM.
pub(super) fn acceptor(file: &Path) -> Result<TlsAcceptor, Box<dyn Error>> {
    let mut of_authority = CertificateParams::default();
    of_authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    of_authority.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    of_authority.distinguished_name.push(DnType::CommonName, "neural-kraken sim");
    let authority_key = KeyPair::generate()?;
    let authority = of_authority.self_signed(&authority_key)?;
    let issuer = Issuer::new(of_authority, authority_key);

    let mut params = CertificateParams::new(NAMES.map(String::from))?;
    params.distinguished_name.push(DnType::CommonName, "localhost");
    params.use_authority_key_identifier_extension = true;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let key = KeyPair::generate()?;
    let certificate = params.signed_by(&key, &issuer)?;

    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key)?;
    std::fs::write(file, authority.pem())?;
    Ok(TlsAcceptor::from(Arc::new(config)))
}
