//! One request and its reply, for the cold side: lists of instruments, snapshots, tokens.
//!
//! In: a method, a URL, headers, a body. Out: status, the headers that say how much more may be
//! asked, body.
//! Never: a redirect, a reply larger than [`HTTP_BODY_BYTES_MAX`], a hot thread; of what is asked
//! with headers, which may be signed, an error that shows a query, a header or a body.

use std::net::SocketAddr;
use std::time::Duration;

use ureq::http::Request;
use ureq::http::Uri;
use ureq::tls::{Certificate, RootCerts, TlsConfig, TlsProvider};
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{DefaultConnector, NextTimeout};

use super::tls::Tls;
use crate::limits::HTTP_BODY_BYTES_MAX;

/// Fetches from any number of hosts, over connections that are kept.
#[derive(Debug)]
pub struct Fetcher {
    agent: ureq::Agent,
}

/// A stand-in for where a name leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Override {
    /// The name, as in the URL.
    pub host: String,
    /// Where requests to it go instead, whatever the port in the URL.
    pub address: SocketAddr,
}

/// What is asked.
#[derive(Clone, Debug)]
pub struct Ask<'a> {
    /// `GET`, `POST`, `PUT`, `DELETE`.
    pub method: &'a str,
    /// With scheme, host and query: `https://api.binance.com/api/v3/time`.
    pub url: &'a str,
    /// Names and values.
    pub headers: &'a [(&'a str, &'a str)],
    /// Empty for none.
    pub body: &'a [u8],
}

/// What was answered, whatever its status.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// 200 is well; venues explain the others in the body.
    pub status: u16,
    /// Seconds to stay away (`Retry-After`).
    pub retry_after_s: Option<u64>,
    /// Weight used in this minute, as Binance counts (`X-MBX-USED-WEIGHT-1M`).
    pub used_weight: Option<u64>,
    /// The body.
    pub body: Vec<u8>,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// The request is malformed.
    #[error("{url} cannot be asked: {source}; check the URL and the headers")]
    Request {
        /// What was to be asked.
        url: String,
        /// What is wrong with it.
        source: ureq::http::Error,
    },
    /// It took too long.
    #[error("{url} did not answer in time ({step}); raise the time-out or change hosts")]
    Timeout {
        /// What was asked.
        url: String,
        /// Where it hung.
        step: String,
    },
    /// The body is larger than was agreed.
    #[error("the answer of {url} has more than {most} bytes")]
    Large {
        /// What was asked.
        url: String,
        /// What was agreed.
        most: u64,
    },
    /// No connection, no TLS, no HTTP.
    #[error(
        "{url} could not be fetched: {source}; if its certificate is not trusted, name its \
         authority in `ca_files`"
    )]
    Failed {
        /// What was asked.
        url: String,
        /// What was found.
        source: ureq::Error,
    },
}

impl Fetcher {
    /// Trusts whom `tls` trusts; `timeout` is for a whole request.
    pub fn new(tls: &Tls, overrides: Vec<Override>, timeout: Duration) -> Fetcher {
        let roots: Vec<Certificate<'static>> =
            tls.roots.iter().map(|root| Certificate::from_der(root).to_owned()).collect();
        let tls = TlsConfig::builder()
            .provider(TlsProvider::Rustls)
            .root_certs(RootCerts::new_with_certs(&roots))
            .unversioned_rustls_crypto_provider(tls.provider.clone())
            .build();
        let config = ureq::Agent::config_builder()
            .tls_config(tls)
            .http_status_as_error(false)
            .max_redirects(0)
            .proxy(None)
            .timeout_global(Some(timeout))
            .user_agent(concat!("neural-kraken/", env!("CARGO_PKG_VERSION")))
            .build();
        let resolver = Redirected { overrides, resolver: DefaultResolver::default() };
        Fetcher { agent: ureq::Agent::with_parts(config, DefaultConnector::default(), resolver) }
    }

    /// Asks, and waits for the whole answer.
    pub fn fetch(&self, ask: &Ask<'_>) -> Result<Answer, FetchError> {
        let mut request = Request::builder().method(ask.method).uri(ask.url);
        for (name, value) in ask.headers {
            request = request.header(*name, *value);
        }
        for value in request.headers_mut().into_iter().flat_map(|all| all.values_mut()) {
            value.set_sensitive(true);
        }
        let wrong = |source| FetchError::Request { url: shown(ask), source };
        let response = if ask.body.is_empty() && ask.method != "POST" && ask.method != "PUT" {
            self.agent.run(request.body(()).map_err(wrong)?)
        } else {
            self.agent.run(request.body(ask.body).map_err(wrong)?)
        };
        let mut response = response.map_err(|error| failed(ask, error))?;
        let number = |name: &str| response.headers().get(name)?.to_str().ok()?.trim().parse().ok();
        let (retry_after_s, used_weight) = (number("retry-after"), number("x-mbx-used-weight-1m"));
        let status = response.status().as_u16();
        let body = response.body_mut().with_config().limit(HTTP_BODY_BYTES_MAX as u64);
        let body = body.read_to_vec().map_err(|error| failed(ask, error))?;
        Ok(Answer { status, retry_after_s, used_weight, body })
    }
}

/// The URL, without its query where that may be signed.
fn shown(ask: &Ask<'_>) -> String {
    let path = ask.url.split_once('?').filter(|_| !ask.headers.is_empty());
    path.map_or(ask.url, |(path, _)| path).to_owned()
}

fn failed(ask: &Ask<'_>, error: ureq::Error) -> FetchError {
    let url = shown(ask);
    match error {
        ureq::Error::Timeout(step) => FetchError::Timeout { url, step: step.to_string() },
        ureq::Error::BodyExceedsLimit(most) => FetchError::Large { url, most },
        source => FetchError::Failed { url, source },
    }
}

/// Names that lead elsewhere, before those that the system knows.
#[derive(Debug)]
struct Redirected {
    overrides: Vec<Override>,
    resolver: DefaultResolver,
}

impl Resolver for Redirected {
    fn resolve(
        &self,
        uri: &Uri,
        config: &ureq::config::Config,
        timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let found = self.overrides.iter().find(|other| Some(&*other.host) == uri.host());
        let Some(found) = found else { return self.resolver.resolve(uri, config, timeout) };
        let mut addresses = self.empty();
        addresses.push(found.address);
        Ok(addresses)
    }
}
