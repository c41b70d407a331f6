//! Ours on two sockets: the pipeline's own wires, and all eight stages between them.

use neural_kraken::base::{ConnectionId, InstrumentId, Nanos};
use neural_kraken::event::Stamp;
use neural_kraken::net::{Kind, Options, Target, Tls, TlsSettings, Wire, dial};
use neural_kraken::sys::clock::counter;
use neural_kraken::venue::Input;
use neural_kraken::venue::wire::Padded;

use super::reel::Reel;
use super::sample::Sample;
use super::venue::{HOST, Identity, Venue};
use crate::machine::chain::{Chain, Line};

/// Plays the reel once; one sample an order.
pub(crate) fn play(
    reel: &Reel<'_>,
    identity: &Identity,
    venue: &Venue,
    stock: bool,
) -> Vec<Sample> {
    let ca_files = vec![identity.ca_file.clone()];
    let tls = Tls::load(&TlsSettings { system_roots: false, ca_files, stock }).unwrap();
    let (mut market, orders) = (connect(venue, &tls), connect(venue, &tls));
    let film = reel.film;
    let samples = Vec::with_capacity(reel.frames.len());
    let line = Orders { wire: orders, arrived: 0, is_silent: true, samples };
    let mut chain = Chain::onto(line, &film.tape.dialects(), &film.instruments);
    for n in 0..reel.frames[0] {
        let frame = film.frame(n);
        let stamp = stamp(n, frame.recv_ns);
        chain.frame(&Input { stamp, about: frame.about, bytes: frame.bytes });
        chain.idle();
    }
    chain.line().is_silent = false;
    venue.begin();
    for n in &reel.frames {
        let recv_ns = film.frame(*n).recv_ns;
        loop {
            let Some(message) = market.poll().unwrap() else {
                market.rest();
                chain.line().wire.rest();
                continue;
            };
            assert_eq!(message.kind, Kind::Text);
            let bytes = Padded::new(message.raw(), message.len()).unwrap();
            chain.line().arrived = message.recv_tsc;
            chain.frame(&Input { stamp: stamp(*n, recv_ns), about: InstrumentId::NONE, bytes });
            chain.idle();
            break;
        }
    }
    while !chain.line().wire.is_idle() {
        chain.line().wire.flush().unwrap();
    }
    std::mem::take(&mut chain.line().samples)
}

fn stamp(n: usize, recv_ns: Nanos) -> Stamp {
    Stamp { frame: n as u64, recv_ns, arrived_tsc: 0, connection: ConnectionId(0) }
}

fn connect(venue: &Venue, tls: &Tls) -> Wire {
    let target = Target {
        host: HOST.into(),
        port: venue.address.port(),
        address: Some(venue.address),
        path: "/".into(),
        tls: true,
    };
    let options = Options { message_bytes_max: 1 << 20, ..Options::default() };
    let mut wire = dial(&target, tls, &options).unwrap();
    wire.prefault();
    wire
}

/// The line to the order desk.
struct Orders {
    wire: Wire,
    /// The counter when the frame's receive returned.
    arrived: u64,
    is_silent: bool,
    samples: Vec<Sample>,
}

impl Line for Orders {
    #[inline]
    fn order(&mut self, bytes: &[u8]) {
        if self.is_silent {
            return;
        }
        self.wire.push_text(bytes).unwrap();
        let sealed = counter() - self.arrived;
        self.wire.flush().unwrap();
        let sent = counter() - self.arrived;
        self.samples.push(Sample { sealed, sent });
    }
}
