//! OpenSSL's `s_server` as the other side of TLS: its records, its tickets, its key updates.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use neural_kraken::net::{Http, HttpError, dial_http};
use neural_kraken::sys::deadline::Deadline;

use super::stand::{Authority, PATIENCE, options, target};

crate::cases![
    each_cipher_of_tls_1_3_carries_a_page,
    tls_1_2_carries_a_page_by_rustls,
    a_key_update_of_openssl_is_followed_and_answered,
];

/// Is the binary on this machine?
pub(crate) fn is_here() -> bool {
    Command::new("openssl").arg("version").output().is_ok_and(|output| output.status.success())
}

/// A server of OpenSSL's; ends with the test.
struct Openssl {
    child: Child,
    address: SocketAddr,
    said: Receiver<u8>,
}

impl Drop for Openssl {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Openssl {
    fn start(authority: &Authority, arguments: &[&str]) -> Openssl {
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let mut child = Command::new("openssl")
            .current_dir(authority.cert_file.parent().unwrap())
            .args(["s_server", "-accept", &address.to_string()])
            .arg("-cert")
            .arg(&authority.cert_file)
            .arg("-key")
            .arg(&authority.key_file)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let (say, said) = channel();
        let mut output = child.stdout.take().unwrap();
        std::thread::spawn(move || {
            let mut byte = [0];
            while output.read_exact(&mut byte).is_ok() && say.send(byte[0]).is_ok() {}
        });
        let server = Openssl { child, address, said };
        let deadline = Deadline::after(PATIENCE);
        while TcpStream::connect_timeout(&address, Duration::from_millis(200)).is_err() {
            assert!(deadline.left().is_some(), "openssl does not listen");
            std::thread::yield_now();
        }
        server
    }

    /// Types at its terminal.
    fn say(&mut self, text: &str) {
        let input = self.child.stdin.as_mut().unwrap();
        input.write_all(text.as_bytes()).unwrap();
        input.flush().unwrap();
    }

    /// Waits until its output has ended with `text`.
    fn expect(&self, text: &str) {
        let mut seen = Vec::new();
        while !seen.ends_with(text.as_bytes()) {
            let byte = self.said.recv_timeout(PATIENCE);
            seen.push(byte.unwrap_or_else(|_| panic!("{:?}", String::from_utf8_lossy(&seen))));
        }
    }
}

fn reply(http: &mut Http) -> Result<(u16, Vec<u8>), HttpError> {
    let deadline = Deadline::after(PATIENCE);
    loop {
        if let Some(reply) = http.poll()? {
            return Ok((reply.head.status, reply.body().to_vec()));
        }
        assert!(deadline.left().is_some(), "no reply came");
    }
}

/// With `-HTTP` it sends a file of its folder as it is, head included: here one of some records.
fn carries_a_page(arguments: &[&str], is_stock: bool) {
    let authority = Authority::new();
    let body: Vec<u8> = (0..100_000).map(|n| b'a' + (n % 23) as u8).collect();
    let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", body.len());
    let page = authority.cert_file.with_file_name("page");
    std::fs::write(page, [head.as_bytes(), &body].concat()).unwrap();
    let server = Openssl::start(&authority, &[arguments, &["-HTTP"]].concat());
    let mut http =
        dial_http(&target(server.address, true), &authority.tls(false), &options()).unwrap();
    assert_eq!(http.is_stock(), is_stock);
    http.send(b"GET /page HTTP/1.1\r\nHost: venue.test\r\n\r\n").unwrap();
    let (status, found) = reply(&mut http).unwrap();
    assert_eq!((status, found.len()), (200, body.len()));
    assert!(found == body, "every byte of it");
}

fn each_cipher_of_tls_1_3_carries_a_page() {
    for suite in
        ["TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"]
    {
        carries_a_page(&["-tls1_3", "-ciphersuites", suite], false);
    }
}

fn tls_1_2_carries_a_page_by_rustls() {
    carries_a_page(&["-tls1_2"], true);
}

/// At its terminal, `K` renews its own key and asks for a new one of ours, `k` renews its own.
fn a_key_update_of_openssl_is_followed_and_answered() {
    let authority = Authority::new();
    let mut server = Openssl::start(&authority, &["-tls1_3"]);
    let mut http =
        dial_http(&target(server.address, true), &authority.tls(false), &options()).unwrap();
    for (n, command) in ["", "K\n", "k\n", "K\n"].into_iter().enumerate() {
        server.say(command);
        http.send(format!("GET /{n} HTTP/1.1\r\n\r\n").as_bytes()).unwrap();
        server.expect(&format!("GET /{n} HTTP/1.1\r\n\r\n"));
        server.say(&format!("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{n}\n"));
        let (status, body) = reply(&mut http).unwrap();
        assert_eq!((status, body), (200, format!("{n}\n").into_bytes()));
    }
    // One more turn, in which we seal with the key that the last `K` asked for.
    http.send(b"GET /last HTTP/1.1\r\n\r\n").unwrap();
    server.expect("GET /last HTTP/1.1\r\n\r\n");
    assert_eq!(http.counts().key_updates, 5, "three theirs, two ours");
}
