//! Dials that must fail, each with what helps.

use std::io::{Read, Write};
use std::time::Duration;

use neural_kraken::net::{
    Deadlines, DialError, Options, Step, Tls, TlsSettings, UpgradeFault, dial,
};

use super::stand::{Authority, HOST, options, refused, secured, serve, target};

crate::cases![
    an_authority_that_nobody_knows_is_refused_and_the_setting_named,
    a_certificate_for_another_name_is_refused,
    an_expired_certificate_is_refused,
    a_certificate_from_the_future_is_refused,
    garbage_instead_of_a_handshake_says_that_it_is_no_tls,
    a_handshake_that_breaks_off_is_an_error,
    every_step_has_its_deadline,
    a_port_where_nobody_listens_is_said,
    a_name_without_an_address_is_said,
    a_refused_upgrade_says_status_words_and_retry_after,
    a_refusal_that_breaks_off_is_said_as_far_as_it_came,
];

/// The failure of a dial to a TLS server that shows what `authority` signed.
fn shown(authority: &Authority, tls: &Tls) -> DialError {
    let config = authority.server(&rustls::version::TLS13);
    let server = serve(move |tcp| {
        let mut stream = secured(config, tcp);
        // The client goes away in the middle; all that matters is what it says.
        let _ = stream.read(&mut [0; 16]);
    });
    let error = refused(server.address, tls, true);
    server.join();
    error
}

fn an_authority_that_nobody_knows_is_refused_and_the_setting_named() {
    let error = shown(&Authority::new(), &Authority::new().tls(false));
    assert!(matches!(&error, DialError::Untrusted { host } if host == HOST), "{error}");
    assert!(error.to_string().contains("ca_files"));
}

fn a_certificate_for_another_name_is_refused() {
    let other = Authority::with(|params| {
        params.subject_alt_names = vec![rcgen::SanType::DnsName("other.test".try_into().unwrap())];
    });
    let error = shown(&other, &other.tls(false));
    let DialError::WrongName { host, found } = &error else { panic!("{error}") };
    assert_eq!(host, HOST);
    assert!(found.iter().any(|name| name.contains("other.test")), "{error}");
}

fn an_expired_certificate_is_refused() {
    let old = Authority::with(|params| params.not_after = rcgen::date_time_ymd(2020, 1, 1));
    let error = shown(&old, &old.tls(false));
    assert!(matches!(error, DialError::Dated { what: "expired", .. }), "{error}");
}

fn a_certificate_from_the_future_is_refused() {
    let early = Authority::with(|params| params.not_before = rcgen::date_time_ymd(2100, 1, 1));
    let error = shown(&early, &early.tls(false));
    assert!(matches!(error, DialError::Dated { what: "not valid yet", .. }), "{error}");
}

fn garbage_instead_of_a_handshake_says_that_it_is_no_tls() {
    let tls = Authority::new().tls(false);
    for garbage in [&b"HTTP/1.1 400 Bad Request\r\n\r\n"[..], &[0; 64], b"SSH-2.0-OpenSSH_9\r\n"] {
        let server = serve(move |mut tcp| {
            tcp.write_all(garbage).unwrap();
            let _ = tcp.read_to_end(&mut Vec::new());
        });
        let error = refused(server.address, &tls, true);
        assert!(matches!(error, DialError::NoTls { port: 443, .. }), "{error}");
        server.join();
    }
}

fn a_handshake_that_breaks_off_is_an_error() {
    let server = serve(|mut tcp| {
        let _ = tcp.read(&mut [0; 4_096]);
    });
    let error = refused(server.address, &Authority::new().tls(false), true);
    assert!(matches!(error, DialError::Tls { .. }), "{error}");
    server.join();
}

fn every_step_has_its_deadline() {
    let short = Duration::from_millis(100);
    let deadlines = Deadlines { handshake: short, upgrade: short, ..Deadlines::default() };
    let options = Options { deadlines, ..options() };
    let tls = Authority::new().tls(false);
    for (over_tls, expected) in [(true, Step::Handshake), (false, Step::Upgrade)] {
        let silent = serve(|mut tcp| {
            let _ = tcp.read_to_end(&mut Vec::new());
        });
        let dialled = dial(&target(silent.address, over_tls), &tls, &options);
        let error = dialled.map(|_| ()).unwrap_err();
        let is_cut = matches!(&error, DialError::Timeout { step, .. } if *step == expected);
        assert!(is_cut, "{error}");
        silent.join();
    }
    // Bytes that come one by one do not prolong it.
    let dribbling = serve(|mut tcp| {
        tcp.set_read_timeout(Some(Duration::from_millis(10))).unwrap();
        tcp.write_all(b"HTTP/1.1 101 Switching Protocols\r\nServer: ").unwrap();
        while tcp.write_all(b"x").is_ok() {
            let _ = tcp.read(&mut [0; 4_096]);
        }
    });
    let error = dial(&target(dribbling.address, false), &tls, &options).map(|_| ()).unwrap_err();
    assert!(matches!(error, DialError::Timeout { step: Step::Upgrade, .. }), "{error}");
    dribbling.join();
}

fn a_port_where_nobody_listens_is_said() {
    let address = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let error = refused(address, &Authority::new().tls(false), true);
    assert!(matches!(error, DialError::Refused { address: found, .. } if found == address));
    let mut wrong = target(address, true);
    wrong.path = "no slash".into();
    let tls = Tls::none().unwrap();
    assert!(matches!(dial(&wrong, &tls, &options()), Err(DialError::Target(_))));
}

fn a_name_without_an_address_is_said() {
    let mut nowhere = target(([127, 0, 0, 1], 1).into(), true);
    (nowhere.host, nowhere.address) = ("no-such-host.invalid".into(), None);
    let error = dial(&nowhere, &Tls::none().unwrap(), &options()).map(|_| ()).unwrap_err();
    assert!(matches!(error, DialError::UnknownHost { .. }), "{error}");
}

/// Answers the request with `reply`, over plain TCP.
fn answered(reply: &'static str) -> DialError {
    let server = serve(move |mut tcp| {
        let mut seen = Vec::new();
        while !seen.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            tcp.read_exact(&mut byte).unwrap();
            seen.push(byte[0]);
        }
        tcp.write_all(reply.as_bytes()).unwrap();
        String::from_utf8(seen).unwrap()
    });
    let tls = Tls::load(&TlsSettings::default()).or_else(|_| Tls::none()).unwrap();
    let error = refused(server.address, &tls, false);
    let request = server.join();
    assert!(request.starts_with("GET /ws HTTP/1.1\r\nHost: venue.test:443\r\n"), "{request}");
    error
}

fn a_refused_upgrade_says_status_words_and_retry_after() {
    let error = answered(
        "HTTP/1.1 429 Too Many Requests\r\nRetry-After: 7\r\nContent-Length: 5\r\n\r\nslow!",
    );
    let DialError::Upgrade { fault, .. } = &error else { panic!("{error}") };
    let excerpt = "slow!".to_owned();
    let expected = UpgradeFault::Status { status: 429, retry_after_s: Some(7), excerpt };
    assert_eq!(*fault, expected);
    let error = answered("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n");
    assert!(matches!(error, DialError::Upgrade { fault: UpgradeFault::Header(_), .. }), "{error}");
}

fn a_refusal_that_breaks_off_is_said_as_far_as_it_came() {
    let error = answered("HTTP/1.1 503 Unavailable\r\nContent-Length: 100\r\n\r\nsorry");
    let text = error.to_string();
    assert!(text.contains("503") && text.contains("sorry"), "{text}");
    let error = answered("HTTP/1.1 101 Switch");
    assert!(matches!(error, DialError::Down { .. }), "{error}");
}
