//! The venue's side: one connection that sends market data, one that takes orders, both TLS by
//! rustls and websockets by tungstenite, busy on a core of its own.
//!
//! In: frames, and how they are to come. Out: per frame, ticks from before it was sent until its
//! order was read.
//! Never: a frame that nobody answered for five seconds; it stops and says which.

use std::io::ErrorKind;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use neural_kraken::sys::clock::counter;
use neural_kraken::sys::deadline::Deadline;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use tokio_tungstenite::tungstenite::{Error, Message, WebSocket, accept};

/// The name that the certificate is for.
pub(crate) const HOST: &str = "venue.test";

/// How frames come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Load {
    /// One at a time, a pause before each: one frame a receive.
    Paced,
    /// So many with one write, a pause before each write.
    Together(usize),
    /// All as fast as the socket takes them.
    Burst,
}

/// Whom clients trust, and what the venue shows.
#[derive(Clone, Debug)]
pub(crate) struct Identity {
    pub(crate) ca_file: PathBuf,
    #[cfg_attr(not(feature = "rivals"), allow(dead_code, reason = "only rivals ask"))]
    pub(crate) ca: CertificateDer<'static>,
    server: Arc<ServerConfig>,
}

/// A venue that waits for its two connections.
pub(crate) struct Venue {
    pub(crate) address: SocketAddr,
    go: Arc<AtomicBool>,
    thread: JoinHandle<Vec<u64>>,
}

/// What it sends: texts, ready to be handed to the websocket.
pub(crate) type Frames = Arc<[Message]>;

const PAUSE: Duration = Duration::from_micros(100);
const PATIENCE: Duration = Duration::from_secs(5);

impl Identity {
    /// Makes an authority, its certificate as a file, and what it signed.
    pub(crate) fn new() -> Identity {
        let mut params = CertificateParams::new(vec!["Bench authority".into()]).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec![HOST.into()]).unwrap();
        let certificate = params.signed_by(&key, &issuer).unwrap();
        let file = format!("neural-kraken-bench-{}.pem", std::process::id());
        let ca_file = std::env::temp_dir().join(file);
        std::fs::write(&ca_file, issuer.pem()).unwrap();
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let server = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], key)
            .unwrap();
        Identity { ca_file, ca: issuer.der().clone(), server: Arc::new(server) }
    }
}

impl Venue {
    /// Listens; the first connection is for market data, the second for orders.
    pub(crate) fn open(identity: &Identity, frames: &Frames, load: Load) -> Venue {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let go = Arc::new(AtomicBool::new(false));
        let (config, frames, started) = (identity.server.clone(), frames.clone(), go.clone());
        let thread = std::thread::spawn(move || {
            // The client is on the last core; where there is one only, both share it.
            crate::support::pin_to(1);
            let mut market = Line::take(&listener, &config);
            let mut orders = Line::take(&listener, &config);
            while !started.load(Ordering::Acquire) {
                std::hint::spin_loop();
            }
            match load {
                Load::Paced => trade(&mut market, &mut orders, frames.chunks(1)),
                Load::Together(count) => trade(&mut market, &mut orders, frames.chunks(count)),
                Load::Burst => burst(&mut market, &mut orders, &frames),
            }
        });
        Venue { address, go, thread }
    }

    /// The client is ready.
    pub(crate) fn begin(&self) {
        self.go.store(true, Ordering::Release);
    }

    /// Ticks of each round of frames; empty where they do not wait for one another.
    pub(crate) fn end(self) -> Vec<u64> {
        self.thread.join().unwrap()
    }
}

/// Sends each round of frames with one write, and waits for as many orders.
fn trade<'a>(
    market: &mut Line,
    orders: &mut Line,
    rounds: impl Iterator<Item = &'a [Message]>,
) -> Vec<u64> {
    let mut ticks = Vec::new();
    for (n, round) in rounds.enumerate() {
        let pause = Deadline::after(PAUSE);
        while pause.left().is_some() {
            std::hint::spin_loop();
        }
        let before = counter();
        for frame in round {
            market.push(frame);
        }
        market.flush();
        for _ in round {
            orders.wait(|| format!("round {n}"));
        }
        ticks.push(counter() - before);
    }
    ticks
}

/// Sends all, and takes orders as they come.
fn burst(market: &mut Line, orders: &mut Line, frames: &[Message]) -> Vec<u64> {
    let mut answered = 0;
    for frame in frames {
        market.push(frame);
        market.flush();
        while orders.next() {
            answered += 1;
        }
    }
    for n in answered..frames.len() {
        while !market.is_flushed {
            market.flush();
        }
        orders.wait(|| format!("order {n}"));
    }
    Vec::new()
}

/// A connection, after its handshake without a wait.
struct Line {
    socket: WebSocket<StreamOwned<ServerConnection, TcpStream>>,
    is_flushed: bool,
}

impl Line {
    fn take(listener: &TcpListener, config: &Arc<ServerConfig>) -> Line {
        let (tcp, _) = listener.accept().unwrap();
        tcp.set_nodelay(true).unwrap();
        let handle = tcp.try_clone().unwrap();
        let tls = StreamOwned::new(ServerConnection::new(config.clone()).unwrap(), tcp);
        let socket = accept(tls).unwrap();
        handle.set_nonblocking(true).unwrap();
        Line { socket, is_flushed: true }
    }

    fn push(&mut self, frame: &Message) {
        match self.socket.write(frame.clone()) {
            Ok(()) => {}
            Err(Error::Io(error)) if error.kind() == ErrorKind::WouldBlock => {}
            Err(error) => panic!("the client is gone: {error}"),
        }
    }

    fn flush(&mut self) {
        self.is_flushed = match self.socket.flush() {
            Ok(()) => true,
            Err(Error::Io(error)) if error.kind() == ErrorKind::WouldBlock => false,
            Err(error) => panic!("the client is gone: {error}"),
        };
    }

    /// Has an order come?
    fn next(&mut self) -> bool {
        match self.socket.read() {
            Ok(message) => message.is_text(),
            Err(Error::Io(error)) if error.kind() == ErrorKind::WouldBlock => false,
            Err(error) => panic!("the client is gone: {error}"),
        }
    }

    fn wait(&mut self, which: impl Fn() -> String) {
        let deadline = Deadline::after(PATIENCE);
        while !self.next() {
            assert!(deadline.left().is_some(), "no order for {}", which());
        }
    }
}
