//! Requests: kept alive and polled, and fetched by the cold side, over TCP and TLS.

use std::io::{Read, Write};
use std::time::Duration;

use neural_kraken::net::fetch::{Answer, Ask, FetchError, Fetcher, Override};
use neural_kraken::net::{Down, Http, HttpError, SendError, Tls, dial_http};
use neural_kraken::sys::deadline::Deadline;

use super::stand::{Authority, Both, HOST, PATIENCE, Server, options, secured, serve, target};

crate::cases![
    requests_are_answered_one_after_the_other_on_one_connection,
    a_connection_that_closes_after_a_reply_says_so,
    a_reply_that_nobody_asked_for_ends_the_connection,
    a_body_is_fetched_with_its_headers_from_where_the_name_is_led,
    a_status_of_refusal_is_an_answer,
    a_fetch_that_takes_too_long_or_is_not_trusted_is_an_error,
];

/// Reads a request up to its empty line, and the body that its head announces.
fn request(stream: &mut dyn Both) -> String {
    let mut seen = Vec::new();
    while !seen.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        if stream.read(&mut byte).unwrap_or(0) == 0 {
            return String::new();
        }
        seen.push(byte[0]);
    }
    let head = String::from_utf8(seen).unwrap().to_ascii_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    let mut body = vec![0; length.map_or(0, |length| length.parse().unwrap())];
    stream.read_exact(&mut body).unwrap();
    head + std::str::from_utf8(&body).unwrap()
}

/// Serves replies in turn, and gives the requests.
fn replies(authority: Option<&Authority>, replies: Vec<&'static str>) -> Server<Vec<String>> {
    let config = authority.map(|authority| authority.server(&rustls::version::TLS13));
    serve(move |tcp| {
        let mut stream: Box<dyn Both> = match config {
            Some(config) => Box::new(secured(config, tcp)),
            None => Box::new(tcp),
        };
        let answer = |reply: &'static str| {
            let request = request(&mut stream);
            // In three pieces, so that nothing depends on where it is cut.
            for piece in reply.as_bytes().chunks(reply.len() / 3 + 1) {
                stream.write_all(piece).unwrap();
                stream.flush().unwrap();
            }
            request
        };
        replies.into_iter().map(answer).collect()
    })
}

/// Polls until the reply is there.
fn reply(http: &mut Http) -> Result<(u16, String), HttpError> {
    let deadline = Deadline::after(PATIENCE);
    loop {
        if let Some(reply) = http.poll()? {
            assert!(reply.raw().len() >= reply.body().len() + 64);
            return Ok((reply.head.status, String::from_utf8(reply.body().to_vec()).unwrap()));
        }
        assert!(deadline.left().is_some(), "no reply came");
    }
}

fn requests_are_answered_one_after_the_other_on_one_connection() {
    let authority = Authority::new();
    for over_tls in [false, true] {
        let server = replies(
            over_tls.then_some(&authority),
            vec![
                "HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n{\"ok\":true}",
                "HTTP/1.1 400 Bad Request\r\nTransfer-Encoding: chunked\r\n\r\n\
                 4\r\n{\"co\r\n8\r\nde\":-12}\r\n0\r\n\r\n",
                "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
            ],
        );
        let to = target(server.address, over_tls);
        let mut http = dial_http(&to, &authority.tls(false), &options()).unwrap();
        assert!(http.is_ready() && http.poll().unwrap().is_none());
        http.send(b"POST /a HTTP/1.1\r\nHost: venue.test\r\nContent-Length: 2\r\n\r\nhi").unwrap();
        assert!(http.is_waiting());
        assert_eq!(http.send(b"GET /early"), Err(SendError::Closing), "one at a time");
        assert_eq!(reply(&mut http), Ok((200, "{\"ok\":true}".into())));
        http.send(b"GET /b HTTP/1.1\r\nHost: venue.test\r\n\r\n").unwrap();
        assert_eq!(reply(&mut http), Ok((400, "{\"code\":-12}".into())));
        http.send(b"GET /c HTTP/1.1\r\nHost: venue.test\r\n\r\n").unwrap();
        assert_eq!(reply(&mut http), Ok((200, String::new())));
        let requests = server.join();
        assert!(requests[0].starts_with("post /a") && requests[0].ends_with("\r\n\r\nhi"));
        assert!(requests[2].starts_with("get /c"));
    }
}

fn a_connection_that_closes_after_a_reply_says_so() {
    let server =
        replies(None, vec!["HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 1\r\n\r\nx"]);
    let to = target(server.address, false);
    let mut http = dial_http(&to, &Tls::none().unwrap(), &options()).unwrap();
    http.send(b"GET / HTTP/1.1\r\n\r\n").unwrap();
    assert_eq!(reply(&mut http), Ok((200, "x".into())));
    assert!(!http.is_ready());
    assert_eq!(reply(&mut http), Err(HttpError::Down(Down::Ended)));
    server.join();
}

fn a_reply_that_nobody_asked_for_ends_the_connection() {
    let server = serve(|mut tcp| {
        tcp.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").unwrap();
        let _ = tcp.read(&mut [0]);
    });
    let to = target(server.address, false);
    let mut http = dial_http(&to, &Tls::none().unwrap(), &options()).unwrap();
    assert_eq!(reply(&mut http), Err(HttpError::Unasked));
    drop(http);
    server.join();
}

fn asked(url: &str) -> Ask<'_> {
    Ask { method: "GET", url, headers: &[("X-Test", "1")], body: b"" }
}

fn led<T>(server: &Server<T>, tls: &Tls) -> Fetcher {
    let to = Override { host: HOST.into(), address: server.address };
    Fetcher::new(tls, vec![to], PATIENCE)
}

fn a_body_is_fetched_with_its_headers_from_where_the_name_is_led() {
    let authority = Authority::new();
    for (over_tls, scheme) in [(false, "http"), (true, "https")] {
        let reply = "HTTP/1.1 200 OK\r\nX-MBX-USED-WEIGHT-1M: 42\r\nContent-Length: 2\r\n\r\n{}";
        let server = replies(over_tls.then_some(&authority), vec![reply, reply]);
        let fetcher = led(&server, &authority.tls(false));
        let url = format!("{scheme}://{HOST}/api/v3/time?a=b");
        let expected =
            Answer { status: 200, retry_after_s: None, used_weight: Some(42), body: b"{}".into() };
        assert_eq!(fetcher.fetch(&asked(&url)).unwrap(), expected);
        let ask = Ask { method: "POST", body: b"a=b", ..asked(&url) };
        assert_eq!(fetcher.fetch(&ask).unwrap(), expected);
        let requests = server.join();
        assert!(requests[0].starts_with("get /api/v3/time?a=b http/1.1\r\n"), "{}", requests[0]);
        assert!(requests[0].contains("x-test: 1\r\n") && requests[0].contains("host: venue.test"));
        assert!(requests[1].starts_with("post ") && requests[1].ends_with("\r\n\r\na=b"));
    }
}

fn a_status_of_refusal_is_an_answer() {
    let server = replies(
        None,
        vec!["HTTP/1.1 418 Teapot\r\nRetry-After: 120\r\nContent-Length: 6\r\n\r\nbanned"],
    );
    let fetcher = led(&server, &Tls::none().unwrap());
    let answer = fetcher.fetch(&asked("http://venue.test/")).unwrap();
    assert_eq!((answer.status, answer.retry_after_s), (418, Some(120)));
    assert_eq!(answer.body, b"banned");
    server.join();
}

fn a_fetch_that_takes_too_long_or_is_not_trusted_is_an_error() {
    let silent = serve(|mut tcp| {
        let _ = tcp.read_to_end(&mut Vec::new());
    });
    let to = Override { host: HOST.into(), address: silent.address };
    let fetcher = Fetcher::new(&Tls::none().unwrap(), vec![to], Duration::from_millis(100));
    let error = fetcher.fetch(&asked("http://venue.test/")).unwrap_err();
    assert!(matches!(error, FetchError::Timeout { .. }), "{error}");
    drop(fetcher);
    silent.join();
    let config = Authority::new().server(&rustls::version::TLS13);
    let server = serve(move |tcp| {
        let _ = secured(config, tcp).read(&mut [0; 16]);
    });
    let error = led(&server, &Authority::new().tls(false)).fetch(&asked("https://venue.test/"));
    let error = error.unwrap_err();
    assert!(error.to_string().contains("ca_files"), "{error}");
    server.join();
}
