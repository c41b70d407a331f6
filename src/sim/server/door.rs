//! Door: who comes in at a venue's port, by TLS or plain, for a websocket or a request.
//!
//! In: listeners. Out: connections served, each a task of its own.
//! Never: a look at the host name: one port is all of a venue.

use std::convert::Infallible;
use std::net::{IpAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::http::header::{self, HeaderMap, HeaderValue};
use axum::http::{Request, StatusCode};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

use super::hub::Hub;
use super::socket;
use crate::limits::SIM_REQUEST_BYTES_MAX;
use crate::sim::dialect::{Ask, Letter, Response};

/// How often the world is looked at where nobody asks.
const TURN: Duration = Duration::from_millis(2);

/// How long a client may take for TLS, or for the head of a request.
const PATIENCE: Duration = Duration::from_secs(10);

type Answer = axum::http::Response<Body>;

/// Serves until it is told to stop.
pub(super) async fn serve(
    listeners: Vec<TcpListener>,
    tls: Option<TlsAcceptor>,
    hub: Arc<Hub>,
    mut stopped: watch::Receiver<bool>,
) {
    for (venue, listener) in listeners.into_iter().enumerate() {
        tokio::spawn(accept(listener, venue, tls.clone(), Arc::clone(&hub)));
    }
    loop {
        tokio::select! {
            _ = stopped.changed() => return,
            () = tokio::time::sleep(TURN) => hub.turn(),
        }
    }
}

async fn accept(listener: TcpListener, venue: usize, tls: Option<TlsAcceptor>, hub: Arc<Hub>) {
    let Ok(listener) = tokio::net::TcpListener::from_std(listener) else { return };
    loop {
        let Ok((stream, peer)) = listener.accept().await else {
            // No descriptor is left: some client must go first.
            tokio::time::sleep(TURN).await;
            continue;
        };
        // Where it cannot be set, frames come a little later.
        let _ = stream.set_nodelay(true);
        let (tls, hub) = (tls.clone(), Arc::clone(&hub));
        let place = (venue, peer.ip());
        tokio::spawn(async move {
            let Some(tls) = tls else { return converse(stream, place, hub).await };
            if let Ok(Ok(stream)) = tokio::time::timeout(PATIENCE, tls.accept(stream)).await {
                converse(stream, place, hub).await;
            }
        });
    }
}

/// Requests of one connection, one after the other; a websocket is the last.
async fn converse(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    place: (usize, IpAddr),
    hub: Arc<Hub>,
) {
    let service = service_fn(move |request| {
        let hub = Arc::clone(&hub);
        async move { Ok::<_, Infallible>(answer(request, place, hub).await) }
    });
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(PATIENCE);
    let connection = http.serve_connection(TokioIo::new(stream), service);
    // An end in the middle is the client's own affair.
    let _ = connection.with_upgrades().await;
}

async fn answer(
    mut request: Request<Incoming>,
    (venue, peer): (usize, IpAddr),
    hub: Arc<Hub>,
) -> Answer {
    let (method, uri) = (request.method().clone(), request.uri().clone());
    let query = uri.query().unwrap_or_default();
    let ask = Ask { method: method.as_str(), path: uri.path(), query };
    if let Some(key) = websocket_key(request.headers()) {
        let inbox = match hub.open(venue, &ask, peer) {
            Ok(inbox) => inbox,
            Err(refused) => return spoken(refused),
        };
        let upgrade = hyper::upgrade::on(&mut request);
        tokio::spawn(async move {
            match upgrade.await {
                Ok(stream) => socket::serve(TokioIo::new(stream), &hub, inbox).await,
                Err(_) => hub.closed(inbox.conn),
            }
        });
        return switching(&key);
    }
    let headers = texts(request.headers());
    let body = to_bytes(Body::new(request.into_body()), SIM_REQUEST_BYTES_MAX).await;
    let Ok(body) = body else {
        return spoken(Response::with(413, "{\"error\":\"body too large\"}"));
    };
    let response = hub.request(venue, &Letter { ask, headers: &headers, body: &body, peer });
    if response.wait_ns > 0 {
        tokio::time::sleep(hub.real(response.wait_ns)).await;
    }
    spoken(response)
}

/// Headers whose values are text.
fn texts(headers: &HeaderMap) -> Vec<(String, String)> {
    let text = |value: &HeaderValue| value.to_str().ok().map(String::from);
    let all = headers.iter();
    all.filter_map(|(name, value)| Some((name.as_str().to_owned(), text(value)?))).collect()
}

/// The key of a request for a websocket.
fn websocket_key(headers: &HeaderMap) -> Option<String> {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let is_upgrade = text(header::UPGRADE)?.eq_ignore_ascii_case("websocket");
    let key = text(header::SEC_WEBSOCKET_KEY).filter(|_| is_upgrade)?;
    Some(derive_accept_key(key.as_bytes()))
}

fn switching(key: &str) -> Answer {
    let mut answer = Answer::new(Body::empty());
    *answer.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = answer.headers_mut();
    headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
    if let Ok(key) = HeaderValue::from_str(key) {
        headers.insert(header::SEC_WEBSOCKET_ACCEPT, key);
    }
    answer
}

fn spoken(response: Response) -> Answer {
    let mut answer = Answer::new(Body::from(response.body));
    *answer.status_mut() =
        StatusCode::from_u16(response.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = answer.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    for (name, value) in response.headers {
        if let Ok(value) = HeaderValue::from_str(&value) {
            headers.insert(name, value);
        }
    }
    answer
}
