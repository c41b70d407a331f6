//! Sessions of our own against rustls's server: each cipher, worn keys, requested updates.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use rcgen::{CertificateParams, KeyPair};
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{
    ClientConfig, RootCertStore, ServerConfig, ServerConnection, StreamOwned, SupportedCipherSuite,
};

use super::*;
use crate::net::buffer::{Inbox, Outbox};
use crate::net::down::Down;
use crate::sys::deadline::Deadline;

type Secured = StreamOwned<ServerConnection, TcpStream>;

/// A session with a server that does `run`, under one cipher suite.
struct Scene {
    session: Session,
    inbox: Inbox,
    outbox: Outbox,
    tcp: TcpStream,
    server: JoinHandle<()>,
}

impl Scene {
    fn new(suite: SupportedCipherSuite, run: fn(&mut Secured)) -> Scene {
        let key = KeyPair::generate().unwrap();
        let certificate = CertificateParams::new(vec!["a.test".into()]).unwrap();
        let certificate = certificate.self_signed(&key).unwrap();
        let mut roots = RootCertStore::empty();
        roots.add(certificate.der().clone()).unwrap();
        let provider =
            Arc::new(CryptoProvider { cipher_suites: vec![suite], ..ring::default_provider() });
        let mut config = ClientConfig::builder_with_provider(provider.clone())
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.enable_secret_extraction = true;
        let tls = Tls { config: Arc::new(config), roots: Arc::default(), provider, stock: false };
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], key)
            .unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut tcp = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let server = std::thread::spawn(move || {
            let (tcp, _) = listener.accept().unwrap();
            run(&mut StreamOwned::new(ServerConnection::new(Arc::new(config)).unwrap(), tcp));
        });
        let deadline = Deadline::after(Duration::from_secs(20));
        let (fresh, behind) = shake(&mut tcp, "a.test", &tls, deadline).unwrap();
        let Fresh::Own(session) = fresh else { panic!("TLS 1.3 is spoken") };
        let mut inbox = Inbox::new(1 << 16);
        inbox.room()[..behind.len()].copy_from_slice(&behind);
        inbox.received(behind.len());
        Scene { session: *session, inbox, outbox: Outbox::default(), tcp, server }
    }

    fn send(&mut self, text: &[u8]) {
        let write = |room: &mut [u8]| room.copy_from_slice(text);
        self.session.seal(&mut self.outbox, text.len(), write).unwrap();
        self.flush();
    }

    fn flush(&mut self) {
        self.tcp.write_all(self.outbox.waiting()).unwrap();
        self.outbox.sent(self.outbox.waiting().len());
    }

    /// Receives until `bytes` of plaintext are there, and takes them.
    fn expect(&mut self, bytes: usize) -> Result<Vec<u8>, Down> {
        while self.inbox.plain().len() < bytes {
            if self.session.open(&mut self.inbox)? == Opened::Nothing {
                let received = self.tcp.read(self.inbox.room()).unwrap();
                self.inbox.received(received);
            }
        }
        let place = self.inbox.take(bytes);
        Ok(self.inbox.behind(&place)[..bytes].to_vec())
    }

    fn end(self) {
        drop(self.tcp);
        self.server.join().unwrap();
    }
}

/// Sends back all that comes.
fn echo(stream: &mut Secured) {
    let mut bytes = vec![0; 1 << 16];
    while let Ok(some @ 1..) = stream.read(&mut bytes) {
        stream.write_all(&bytes[..some]).unwrap();
        stream.flush().unwrap();
    }
}

fn suites() -> Vec<SupportedCipherSuite> {
    let all = ring::ALL_CIPHER_SUITES.iter().copied();
    all.filter(|suite| suite.tls13().is_some()).collect()
}

#[test]
fn each_cipher_carries_records_of_every_size() {
    assert_eq!(suites().len(), 3);
    for suite in suites() {
        let mut scene = Scene::new(suite, echo);
        for bytes in [1, 15, 16, 17, 300, 16_383, 16_384, 16_385, 40_000] {
            let text: Vec<u8> = (0..bytes).map(|n: usize| (n * 31 % 251) as u8).collect();
            scene.send(&text);
            assert_eq!(scene.expect(bytes), Ok(text), "{suite:?}, {bytes} bytes");
        }
        scene.end();
    }
}

#[test]
fn a_key_is_replaced_before_it_is_worn() {
    for suite in suites() {
        // A suite whose keys wear out after so few records.
        let Some(worn) = suite.tls13() else { continue };
        let common =
            rustls::crypto::CipherSuiteCommon { confidentiality_limit: 200, ..worn.common };
        let worn = rustls::Tls13CipherSuite { common, ..*worn };
        let mut scene = Scene::new(SupportedCipherSuite::Tls13(Box::leak(Box::new(worn))), echo);
        for n in 0..1_000_u32 {
            scene.send(&n.to_be_bytes());
            assert_eq!(scene.expect(4), Ok(n.to_be_bytes().to_vec()), "{suite:?}");
        }
        // A key seals at most 200 records; the margin is 64.
        assert!((5..=8).contains(&scene.session.updates()), "{}", scene.session.updates());
        scene.end();
    }
}

#[test]
fn requests_for_a_new_key_are_met_by_one() {
    let mut scene = Scene::new(suites()[0], |stream| {
        stream.conn.complete_io(&mut stream.sock).unwrap();
        stream.conn.refresh_traffic_keys().unwrap();
        stream.write_all(b"one").unwrap();
        stream.conn.refresh_traffic_keys().unwrap();
        stream.write_all(b"two").unwrap();
        stream.flush().unwrap();
        echo(stream);
    });
    assert_eq!(scene.expect(6), Ok(b"onetwo".to_vec()));
    assert!(scene.session.owes());
    scene.session.renew(&mut scene.outbox, 0).unwrap();
    assert!(!scene.session.owes());
    scene.flush();
    assert_eq!(scene.session.updates(), 3, "two of theirs, one of ours");
    scene.send(b"three");
    assert_eq!(scene.expect(5), Ok(b"three".to_vec()));
    scene.end();
}
