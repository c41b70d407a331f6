//! What every test stands on: certificates, a server in a thread, a dial to it, a poll that waits.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use neural_kraken::net::{
    Deadlines, DialError, Down, Kind, Options, Target, Tls, TlsSettings, Wire, dial,
};
use neural_kraken::sys::deadline::Deadline;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned, SupportedProtocolVersion};
use tokio_tungstenite::tungstenite::{WebSocket, accept};

/// The name that certificates are for.
pub(crate) const HOST: &str = "venue.test";

/// An authority that nobody knows, and what it signed for a host.
pub(crate) struct Authority {
    pub(crate) ca_file: PathBuf,
    pub(crate) cert_file: PathBuf,
    pub(crate) key_file: PathBuf,
    chain: Vec<rustls::pki_types::CertificateDer<'static>>,
    key: Vec<u8>,
}

/// A folder of this test's own.
fn folder() -> PathBuf {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    let n = NEXT.fetch_add(1, Ordering::Relaxed);
    let path = std::env::temp_dir().join(format!("neural-kraken-wire-{}-{n}", std::process::id()));
    std::fs::create_dir_all(&path).unwrap();
    path
}

impl Authority {
    pub(crate) fn new() -> Authority {
        Authority::with(|_| {})
    }

    /// Signs a certificate that is not as it should be.
    pub(crate) fn with(change: impl FnOnce(&mut CertificateParams)) -> Authority {
        let mut params = CertificateParams::new(vec!["Test authority".into()]).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let mut params = CertificateParams::new(vec![HOST.into()]).unwrap();
        change(&mut params);
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &issuer).unwrap();
        let folder = folder();
        let file = |name: &str, text: String| {
            let path = folder.join(name);
            std::fs::write(&path, text).unwrap();
            path
        };
        Authority {
            ca_file: file("ca.pem", issuer.pem()),
            cert_file: file("cert.pem", certificate.pem()),
            key_file: file("key.pem", key.serialize_pem()),
            chain: vec![certificate.der().clone()],
            key: key.serialize_der(),
        }
    }

    /// A client that trusts it.
    pub(crate) fn tls(&self, stock: bool) -> Tls {
        let ca_files = vec![self.ca_file.clone()];
        Tls::load(&TlsSettings { system_roots: false, ca_files, stock }).unwrap()
    }

    /// A server that shows what it signed.
    pub(crate) fn server(&self, version: &'static SupportedProtocolVersion) -> Arc<ServerConfig> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(self.key.clone()));
        let config = ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(&[version])
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(self.chain.clone(), key)
            .unwrap();
        Arc::new(config)
    }
}

/// A server for one connection, in a thread of its own.
pub(crate) struct Server<T> {
    pub(crate) address: SocketAddr,
    thread: JoinHandle<T>,
}

impl<T> Server<T> {
    /// What it found; panics with it.
    pub(crate) fn join(self) -> T {
        self.thread.join().unwrap()
    }
}

/// Serves one connection as it comes.
pub(crate) fn serve<T: Send + 'static>(
    run: impl FnOnce(TcpStream) -> T + Send + 'static,
) -> Server<T> {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let thread = std::thread::spawn(move || {
        let (tcp, _) = listener.accept().unwrap();
        tcp.set_nodelay(true).unwrap();
        tcp.set_read_timeout(Some(PATIENCE)).unwrap();
        tcp.set_write_timeout(Some(PATIENCE)).unwrap();
        run(tcp)
    });
    Server { address, thread }
}

/// TLS on a server's connection.
pub(crate) type Secured = StreamOwned<ServerConnection, TcpStream>;

pub(crate) fn secured(config: Arc<ServerConfig>, tcp: TcpStream) -> Secured {
    StreamOwned::new(ServerConnection::new(config).unwrap(), tcp)
}

/// Either side of the choice, for servers that do the same on both.
pub(crate) trait Both: Read + Write + Send {}
impl<S: Read + Write + Send> Both for S {}

/// A websocket server on whatever is below it.
pub(crate) type Socket = WebSocket<Box<dyn Both>>;

/// How a server and a client are to speak.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    Plain,
    Tls13,
    Tls13Stock,
    Tls12,
}

pub(crate) const WAYS: [Way; 4] = [Way::Plain, Way::Tls13, Way::Tls13Stock, Way::Tls12];

/// A tungstenite server, and a wire that was dialled to it.
pub(crate) fn websocket<T: Send + 'static>(
    way: Way,
    options: &Options,
    run: impl FnOnce(&mut Socket) -> T + Send + 'static,
) -> (Wire, Server<T>) {
    let authority = Authority::new();
    let version = if way == Way::Tls12 { &rustls::version::TLS12 } else { &rustls::version::TLS13 };
    let config = authority.server(version);
    let server = serve(move |tcp| {
        let stream: Box<dyn Both> =
            if way == Way::Plain { Box::new(tcp) } else { Box::new(secured(config, tcp)) };
        run(&mut accept(stream).map_err(|error| error.to_string()).unwrap())
    });
    let tls = authority.tls(way == Way::Tls13Stock);
    let wire = dial(&target(server.address, way != Way::Plain), &tls, options).unwrap();
    (wire, server)
}

pub(crate) fn target(address: SocketAddr, tls: bool) -> Target {
    Target { host: HOST.into(), port: 443, address: Some(address), path: "/ws".into(), tls }
}

/// How long a test waits for what must come.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// Small buffers, so that tests may have many.
pub(crate) fn options() -> Options {
    let deadlines = Deadlines { connect: PATIENCE, handshake: PATIENCE, upgrade: PATIENCE };
    Options { message_bytes_max: 1 << 20, deadlines, ..Options::default() }
}

/// Polls until a message is there.
pub(crate) fn next(wire: &mut Wire) -> Result<(Kind, Vec<u8>), Down> {
    let deadline = Deadline::after(PATIENCE);
    loop {
        if let Some(message) = wire.poll()? {
            return Ok((message.kind, message.text().to_vec()));
        }
        assert!(deadline.left().is_some(), "nothing came");
    }
}

/// Polls until the connection is over.
pub(crate) fn end(wire: &mut Wire) -> Down {
    loop {
        if let Err(down) = next(wire) {
            return down;
        }
    }
}

/// Dials where it must fail.
pub(crate) fn refused(address: SocketAddr, tls: &Tls, over_tls: bool) -> DialError {
    dial(&target(address, over_tls), tls, &options()).map(|_| ()).unwrap_err()
}
