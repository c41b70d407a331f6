//! The plain client: tokio, tokio-rustls, tokio-tungstenite, and the plain build between two
//! sockets, all in one task on one thread.
//!
//! In: where the venue is, and the kind of each frame to come. Out: an order's text for each frame,
//! and the counter when its receive returned, and around the call that sent it.

use std::cell::Cell;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_util::{SinkExt, StreamExt};
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{WebSocketStream, client_async};

use crate::plain::{Kind, Plain};

/// The counter's readings for one order.
#[derive(Clone, Copy, Debug, Default)]
pub struct Readings {
    /// When the receive returned that brought its frame.
    pub received: u64,
    /// Before the call that sends it.
    pub sealed: u64,
    /// When that call had returned.
    pub sent: u64,
}

/// Where the venue is, and how it is known.
#[derive(Clone, Debug)]
pub struct Venue {
    /// Its port.
    pub address: SocketAddr,
    /// The name in its certificate.
    pub host: &'static str,
    /// Who signed it.
    pub ca: CertificateDer<'static>,
}

type Socket = WebSocketStream<TlsStream<Watched>>;

/// Connects twice, says that it is `ready`, and answers each frame with an order.
///
/// # Panics
/// Where the connection breaks: a rival that does not play is none.
pub fn trade(
    venue: &Venue,
    plain: &mut dyn Plain,
    kinds: &[Kind],
    counter: fn() -> u64,
    ready: impl FnOnce(),
) -> Vec<Readings> {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    let runtime = builder.enable_io().build().expect("a runtime");
    runtime.block_on(async {
        let marks = Rc::new(Marks::default());
        let mut market = connect(venue, &marks, counter).await.expect("a market connection");
        let mut orders = connect(venue, &marks, counter).await.expect("an order connection");
        let mut readings = Vec::with_capacity(kinds.len());
        ready();
        for kind in kinds {
            let message = market.next().await.expect("a frame").expect("an open connection");
            // The receive that brought this frame: none comes between it and its order.
            let received = marks.received.get();
            let order = plain.frame(*kind, &message.into_data()).expect("an order");
            orders.send(Message::text(order)).await.expect("an open connection");
            let (sealed, sent) = (marks.sealed.get(), marks.sent.get());
            readings.push(Readings { received, sealed, sent });
        }
        readings
    })
}

async fn connect(
    venue: &Venue,
    marks: &Rc<Marks>,
    counter: fn() -> u64,
) -> Result<Socket, Box<dyn std::error::Error>> {
    let mut roots = RootCertStore::empty();
    roots.add(venue.ca.clone())?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    let tcp = TcpStream::connect(venue.address).await?;
    tcp.set_nodelay(true)?;
    let watched = Watched { tcp, marks: marks.clone(), counter };
    let name = ServerName::try_from(venue.host)?;
    let tls = TlsConnector::from(Arc::new(config)).connect(name, watched).await?;
    let (socket, _) = client_async(format!("wss://{}/", venue.host), tls).await?;
    Ok(socket)
}

/// The latest readings of either connection.
#[derive(Debug, Default)]
struct Marks {
    received: Cell<u64>,
    sealed: Cell<u64>,
    sent: Cell<u64>,
}

/// A socket whose calls are timed.
#[derive(Debug)]
struct Watched {
    tcp: TcpStream,
    marks: Rc<Marks>,
    counter: fn() -> u64,
}

impl AsyncRead for Watched {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.tcp).poll_read(context, buffer);
        if buffer.filled().len() > before {
            self.marks.received.set((self.counter)());
        }
        read
    }
}

impl AsyncWrite for Watched {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let before = (self.counter)();
        let written = Pin::new(&mut self.tcp).poll_write(context, bytes);
        self.marks.sealed.set(before);
        self.marks.sent.set((self.counter)());
        written
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let before = (self.counter)();
        let written = Pin::new(&mut self.tcp).poll_write_vectored(context, parts);
        self.marks.sealed.set(before);
        self.marks.sent.set((self.counter)());
        written
    }

    fn is_write_vectored(&self) -> bool {
        self.tcp.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_shutdown(context)
    }
}
