//! The dialer: connects, shakes hands and asks over REST, so that no hot thread has to.
//!
//! In: what sessions want. Out: lines that are open, answers, failures, to one hot thread.
//! Never: a retry of its own; when to try again is the session's business.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::Duration;

use crate::base::Nanos;
use crate::limits;
use crate::net::fetch::{Ask, Fetcher, Override};
use crate::net::{self, DialError, Http, Target, Tls, TlsError, TlsSettings, UpgradeFault, Wire};
use crate::venue::session::{Address, Failure, FailureKind, FetchId, Line};
use crate::venue::trade::{Request, Secret};

/// How the world is reached.
#[derive(Clone, Debug, Default)]
pub struct Ways {
    /// Whom to trust, and whose records.
    pub tls: TlsSettings,
    /// Addresses to go to instead of where a name leads.
    pub addresses: Vec<(String, SocketAddr)>,
    /// Ask the kernel when bytes came.
    pub kernel_stamps: bool,
    /// Without TLS: for venues in a box.
    pub plain: bool,
}

/// Something to be made.
#[derive(Clone, Debug)]
pub enum Wanted {
    /// A line.
    Line {
        /// Whose.
        venue: usize,
        /// Which.
        line: Line,
        /// Whereto.
        address: Address,
    },
    /// An answer to a `GET`.
    Answer {
        /// By whom.
        venue: usize,
        /// What it is called.
        id: FetchId,
        /// Where it is asked for.
        address: Address,
    },
    /// An answer to a signed request.
    Request {
        /// Whose.
        venue: usize,
        /// What it is called.
        id: FetchId,
        /// What is asked.
        request: Box<Request>,
    },
    /// A connection for requests, whose paths are their own.
    Kept {
        /// Which, as whoever wants it counts.
        place: usize,
        /// Whereto.
        address: Address,
    },
}

/// Something that was made, or could not be.
#[derive(Debug)]
pub enum Made {
    /// A line is open.
    Opened {
        /// Whose.
        venue: usize,
        /// Which.
        line: Line,
        /// The line.
        wire: Box<Wire>,
    },
    /// A line could not be opened.
    Failed {
        /// Whose.
        venue: usize,
        /// Which.
        line: Line,
        /// How far it came.
        failure: Failure,
        /// What went wrong, and the fix.
        why: String,
    },
    /// A question was answered, or will not be.
    Answered(Answered),
    /// A connection for requests is open, or why it could not be opened.
    Kept {
        /// Which.
        place: usize,
        /// The connection.
        http: Result<Box<Http>, String>,
    },
}

/// An answer, with room to read past its end.
#[derive(Debug)]
pub struct Answered {
    /// By whom.
    pub venue: usize,
    /// Which question.
    pub id: FetchId,
    /// HTTP status; 0 where there was no answer.
    pub status: u16,
    /// `Retry-After`, ns; 0 where there was none.
    pub retry_after_ns: i64,
    /// Weight used in the last minute, where the venue says so.
    pub used_weight: Option<u32>,
    /// The body and the room behind it.
    pub body: Vec<u8>,
    /// Bytes of the body.
    pub len: usize,
    /// Why there is no answer.
    pub why: Option<String>,
}

/// The end that is held by who wants things made.
#[derive(Debug)]
pub struct Dialer {
    wanted: Sender<Wanted>,
    made: Receiver<Made>,
}

/// What each thread that makes something needs.
#[derive(Debug)]
struct Bench {
    ways: Ways,
    tls: Tls,
    fetcher: Fetcher,
    /// Threads at work.
    busy: AtomicUsize,
}

impl Dialer {
    /// Reads certificates and starts the thread, which ends with this value.
    pub fn start(ways: Ways) -> Result<Dialer, TlsError> {
        let tls = Tls::load(&ways.tls)?;
        let overrides = ways.addresses.iter().map(|(host, address)| {
            let (host, address) = (host.clone(), *address);
            Override { host, address }
        });
        let timeout = Duration::from_secs(limits::FETCH_SECONDS_MAX);
        let fetcher = Fetcher::new(&tls, overrides.collect(), timeout);
        let bench = Arc::new(Bench { ways, tls, fetcher, busy: AtomicUsize::new(0) });
        let (wanted, orders) = channel();
        let (results, made) = channel();
        thread::spawn(move || serve(&bench, &orders, &results));
        Ok(Dialer { wanted, made })
    }

    /// Asks for something to be made.
    pub fn ask(&self, wanted: Wanted) {
        // The thread ends after this value only.
        let _ = self.wanted.send(wanted);
    }

    /// The next thing that was made. Never waits.
    #[inline]
    pub fn made(&self) -> Option<Made> {
        self.made.try_recv().ok()
    }
}

/// Makes each thing on a thread of its own, a bounded number at once: one host that does not answer
/// must not hold up the others.
fn serve(bench: &Arc<Bench>, orders: &Receiver<Wanted>, results: &Sender<Made>) {
    while let Ok(wanted) = orders.recv() {
        while bench.busy.load(Ordering::Relaxed) >= limits::DIALS_MAX {
            thread::park_timeout(Duration::from_millis(1));
        }
        bench.busy.fetch_add(1, Ordering::Relaxed);
        let (bench, results) = (bench.clone(), results.clone());
        thread::spawn(move || {
            let made = bench.make(wanted);
            bench.busy.fetch_sub(1, Ordering::Relaxed);
            let _ = results.send(made);
        });
    }
}

impl Bench {
    fn make(&self, wanted: Wanted) -> Made {
        match wanted {
            Wanted::Line { venue, line, address } => match self.dial(&address) {
                Ok(wire) => Made::Opened { venue, line, wire: Box::new(wire) },
                Err(error) => {
                    let (failure, why) = (failure(&error), told(&error));
                    Made::Failed { venue, line, failure, why }
                }
            },
            Wanted::Answer { venue, id, address } => {
                let url = self.url(&address);
                let ask = Ask { method: "GET", url: &url, headers: &[], body: &[] };
                Made::Answered(self.fetch(venue, id, &ask))
            }
            Wanted::Request { venue, id, request } => {
                let Request { method, address, headers, body } = &*request;
                let url = Secret::from(self.url(address));
                let headers: Vec<_> =
                    headers.iter().map(|(name, value)| (*name, value.expose())).collect();
                let body = body.expose().as_bytes();
                let ask = Ask { method: method.name(), url: url.expose(), headers: &headers, body };
                Made::Answered(self.fetch(venue, id, &ask))
            }
            Wanted::Kept { place, address } => {
                let http = self.dial_http(&address).map_err(|error| told(&error));
                Made::Kept { place, http: http.map(Box::new) }
            }
        }
    }

    fn target(&self, address: &Address) -> Target {
        let Address { host, port, path } = address.clone();
        let stands_in = self.ways.addresses.iter().find(|(name, _)| *name == host);
        let address = stands_in.map(|(_, address)| *address);
        Target { host, port, address, path, tls: !self.ways.plain }
    }

    fn dial(&self, address: &Address) -> Result<Wire, DialError> {
        let options = net::Options { stamps: self.ways.kernel_stamps, ..net::Options::default() };
        let mut wire = net::dial(&self.target(address), &self.tls, &options)?;
        wire.prefault();
        Ok(wire)
    }

    fn dial_http(&self, address: &Address) -> Result<Http, DialError> {
        let message_bytes_max = limits::POST_ANSWER_BYTES_MAX;
        let options = net::Options { message_bytes_max, ..net::Options::default() };
        let mut target = self.target(address);
        // Requests bring their paths along.
        target.path = String::from("/");
        let mut http = net::dial_http(&target, &self.tls, &options)?;
        http.prefault();
        Ok(http)
    }

    fn url(&self, address: &Address) -> String {
        let Address { host, port, path } = address;
        let scheme = if self.ways.plain { "http" } else { "https" };
        // Signed and named without a port where it is the usual one.
        let usual = if self.ways.plain { 80 } else { 443 };
        if *port == usual {
            return format!("{scheme}://{host}{path}");
        }
        format!("{scheme}://{host}:{port}{path}")
    }

    fn fetch(&self, venue: usize, id: FetchId, ask: &Ask<'_>) -> Answered {
        let nothing = |why: String| Answered {
            venue,
            id,
            status: 0,
            retry_after_ns: 0,
            used_weight: None,
            body: vec![0; limits::FRAME_PAD_BYTES],
            len: 0,
            why: Some(why),
        };
        match self.fetcher.fetch(ask) {
            Err(error) => nothing(told(&error)),
            Ok(answer) => {
                let (mut body, len) = (answer.body, 0);
                let len = body.len() + len;
                body.resize(len + limits::FRAME_PAD_BYTES, 0);
                let retry_after_s = answer.retry_after_s.unwrap_or(0).min(86_400);
                Answered {
                    venue,
                    id,
                    status: answer.status,
                    retry_after_ns: retry_after_s as i64 * Nanos::SECOND,
                    used_weight: answer.used_weight.and_then(|weight| weight.try_into().ok()),
                    body,
                    len,
                    why: None,
                }
            }
        }
    }
}

/// How far a dial came.
fn failure(error: &DialError) -> Failure {
    let (kind, status, retry_after_s) = match error {
        DialError::UnknownHost { .. } | DialError::Target(_) => (FailureKind::Resolve, 0, 0),
        DialError::Timeout { .. } => (FailureKind::Timeout, 0, 0),
        DialError::Upgrade { fault, .. } => match fault {
            UpgradeFault::Status { status, retry_after_s, .. } => {
                (FailureKind::Upgrade, *status, retry_after_s.unwrap_or(0))
            }
            _ => (FailureKind::Upgrade, 0, 0),
        },
        DialError::Refused { .. }
        | DialError::Unreachable { .. }
        | DialError::Socket { .. }
        | DialError::Down { .. }
        | DialError::Random => (FailureKind::Connect, 0, 0),
        _ => (FailureKind::Tls, 0, 0),
    };
    let retry_after_ns = retry_after_s.min(86_400) as i64 * Nanos::SECOND;
    Failure { kind, status, retry_after_ns }
}

/// An error with what is behind it.
fn told(error: &impl std::error::Error) -> String {
    match error.source() {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    }
}
