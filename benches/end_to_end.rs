//! The whole chain: a recorded frame in, all that follows from it out, by kind of frame, beside the
//! plain build with direct calls, standard channels and tokio's.
//!
//! A recording is played in its own order; only frames of the case's kind are timed, one at a time,
//! each copied into one receive buffer before the clock starts, as if just decrypted.

use neural_kraken::base::{ConnectionId, InstrumentId};
use neural_kraken::event::{BookState, Stamp};
use neural_kraken::limits::FRAME_PAD_BYTES;
use neural_kraken::tape::Frame;
use neural_kraken::venue::Input;
use neural_kraken::venue::wire::Padded;

use crate::machine::chain::Chain;
use crate::machine::outfit;
use crate::support::film::Film;
use crate::support::source::{Kind, SOURCES, Source};
use crate::support::{Bench, Case, Contender};

/// Runs every case.
pub(crate) fn run(bench: &mut Bench) {
    for source in SOURCES {
        let whole = format!("whole, {}", source.name);
        let titles: Vec<String> = source.kinds.iter().map(|kind| source.title(*kind)).collect();
        if !titles.iter().chain([&whole]).any(|t| {
            ["", ", cold", ", LSTM S, int8"].iter().any(|of| bench.wants(&format!("{t}{of}")))
        }) {
            continue;
        }
        let Some((tape, instruments)) = source.load() else { continue };
        let film = Film::of(&tape, outfit::tradable(&instruments));
        everything_is_ordered(source, &film);
        rival::agree(source, &film);
        for (kind, title) in source.kinds.iter().zip(titles) {
            run_kind(bench, source, &film, *kind, &title);
        }
        // All frames as they come: what a session is like.
        let all: Vec<usize> = (0..tape.len()).collect();
        let case = Case::new(whole, "frame", all.len()).passes(9);
        bench.run(&case, &mut Ours::new(&film, &all), &mut rival::all(source, &film, &all));
        with_network(bench, source, &film, &all);
    }
}

/// All frames again with a network that steps at each view, beside the weighted sum: what is more
/// is the network. Then the frames of the top of the book alone.
fn with_network(bench: &mut Bench, source: &Source, film: &Film<'_>, all: &[usize]) {
    let whole = format!("whole, {}", source.name);
    run_network(bench, film, all, &whole);
    if source.kinds.contains(&Kind::Top) {
        let timed = film.timed(Kind::Top);
        run_network(bench, film, &timed, &source.title(Kind::Top));
    }
}

fn run_network(bench: &mut Bench, film: &Film<'_>, timed: &[usize], title: &str) {
    for (name, is_int8) in [("LSTM S", false), ("LSTM S, int8", true)] {
        let case = Case::new(format!("{title}, {name}"), "frame", timed.len());
        if !bench.wants(case.name()) {
            continue;
        }
        let models = outfit::networks(&film.instruments, is_int8);
        let chain = Chain::with(models, &film.tape.dialects(), &film.instruments);
        let mut ours = Ours { chain, ..Ours::new(film, timed) };
        let mut plain = Ours::new(film, timed);
        bench.run(&case.passes(9), &mut ours, &mut [("weighted sum", &mut plain)]);
    }
}

/// Checks that an order's bytes come out for every frame from the first book on, while the book is
/// live: that is what is timed.
fn everything_is_ordered(source: &Source, film: &Film<'_>) {
    let all: Vec<usize> = (0..film.tape.len()).collect();
    let mut ours = Ours::new(film, &all);
    let mut missing = 0_usize;
    for n in all.iter().copied() {
        let (before, _) = ours.chain.orders();
        ours.play(n);
        let is_live = ours.chain.view(InstrumentId(0)).quote.state == BookState::Live;
        let has_ordered = ours.chain.orders().0 > before;
        assert!(!is_live || has_ordered, "no order at frame {n} of {}", source.name);
        missing += usize::from(n >= film.first && !has_ordered);
    }
    if missing > 0 {
        let why = ours.chain.denied();
        eprintln!("end_to_end: {missing} frames of {} without an order: {why:?}", source.name);
    }
}

fn run_kind(bench: &mut Bench, source: &Source, film: &Film<'_>, kind: Kind, title: &str) {
    let timed = film.timed(kind);
    let case = Case::new(title, "frame", timed.len());
    let case = if kind == Kind::Depth {
        case.levels(timed.iter().map(|n| film.levels(*n)).collect())
    } else {
        case
    };
    for case in [case.clone(), case.cold()] {
        if bench.wants(case.name()) {
            let mut ours = Ours::new(film, &timed);
            bench.run(&case, &mut ours, &mut rival::all(source, film, &timed));
        }
    }
}

/// Where a frame lies when the clock starts.
struct Received {
    buffer: Vec<u8>,
    len: usize,
}

impl Received {
    fn new(film: &Film<'_>) -> Received {
        let largest = film.tape.frames().map(|frame| frame.bytes.len()).max().unwrap_or(0);
        Received { buffer: vec![0; largest + FRAME_PAD_BYTES], len: 0 }
    }

    fn take(&mut self, frame: &Frame<'_>) {
        let text = frame.bytes.text();
        self.buffer[..text.len()].copy_from_slice(text);
        self.len = text.len();
    }
}

/// Ours.
struct Ours<'a> {
    film: &'a Film<'a>,
    timed: &'a [usize],
    chain: Chain,
    received: Received,
    /// The next frame to be played.
    next: usize,
    stamp: Stamp,
    about: InstrumentId,
}

impl<'a> Ours<'a> {
    fn new(film: &'a Film<'a>, timed: &'a [usize]) -> Ours<'a> {
        Ours {
            film,
            timed,
            chain: Chain::new(&film.tape.dialects(), &film.instruments),
            received: Received::new(film),
            next: 0,
            stamp: Stamp::default(),
            about: InstrumentId::NONE,
        }
    }

    fn stand(&mut self, n: usize) -> Frame<'a> {
        let frame = self.film.frame(n);
        let connection = ConnectionId(0);
        self.stamp = Stamp { frame: n as u64, recv_ns: frame.recv_ns, arrived_tsc: 0, connection };
        self.about = frame.about;
        frame
    }

    fn play(&mut self, n: usize) {
        let frame = self.stand(n);
        self.chain.frame(&Input { stamp: self.stamp, about: self.about, bytes: frame.bytes });
        self.chain.idle();
    }
}

impl Contender for Ours<'_> {
    fn reset(&mut self) {
        self.chain.reset();
        self.next = 0;
    }

    fn lead_in(&mut self, index: usize) {
        if self.next > 0 {
            self.chain.idle();
        }
        for n in self.next..self.timed[index] {
            self.play(n);
        }
        self.next = self.timed[index] + 1;
    }

    fn prepare(&mut self, index: usize) {
        let frame = self.stand(self.timed[index]);
        self.received.take(&frame);
    }

    fn item(&mut self, _: usize) {
        let bytes = Padded::new(&self.received.buffer, self.received.len).unwrap();
        self.chain.frame(&Input { stamp: self.stamp, about: self.about, bytes });
    }

    fn rest(&mut self) {
        let (sent, _) = self.chain.orders();
        assert!(sent > 0, "orders come out");
    }
}

/// The plain builds, where they are built at all.
#[cfg(not(feature = "rivals"))]
mod rival {
    use super::{Contender, Film, Source};

    pub(super) fn agree(_: &Source, _: &Film<'_>) {}

    pub(super) fn all<'a>(
        _: &Source,
        _: &'a Film<'a>,
        _: &'a [usize],
    ) -> Vec<(&'static str, &'a mut dyn Contender)> {
        Vec::new()
    }
}

#[cfg(feature = "rivals")]
mod rival {
    use std::hint::black_box;

    use bench_rivals::plain::{self, Direct, Plain, Std, Tokio, Venue};

    use super::{BookState, Contender, Film, Kind, Ours, Received, Source};
    use crate::support::film::Said;
    use neural_kraken::base::InstrumentId;
    use neural_kraken::event::Level;

    type Make = fn(Venue) -> Box<dyn Plain>;

    const ALL: [(&str, Make); 3] = [
        ("plain", |venue| Box::new(Direct::new(venue))),
        ("plain, std channels", |venue| Box::new(Std::new(venue))),
        ("plain, tokio", |venue| Box::new(Tokio::new(venue))),
    ];

    fn venue_of(source: &Source) -> Venue {
        match source.venue {
            "binance" => Venue::Spot,
            "kraken" => Venue::Kraken,
            _ => Venue::Coin,
        }
    }

    fn kind_of(said: Said) -> Option<plain::Kind> {
        match said {
            Said::Hot(Kind::Depth) => Some(plain::Kind::Depth),
            Said::Hot(Kind::Top) => Some(plain::Kind::Top),
            Said::Hot(Kind::Trade) => Some(plain::Kind::Trade),
            Said::Hot(Kind::Kraken) => Some(plain::Kind::Kraken),
            Said::Snapshot => Some(plain::Kind::Snapshot),
            Said::Other => None,
        }
    }

    /// Checks that both sides have the same book after every frame, so that they do the same work.
    pub(super) fn agree(source: &Source, film: &Film<'_>) {
        let all: Vec<usize> = (0..film.tape.len()).collect();
        let mut ours = Ours::new(film, &all);
        let mut plain = Direct::new(venue_of(source));
        let pair = |level: Level| (level.qty != 0).then_some((level.price, level.qty));
        for n in all.iter().copied() {
            ours.play(n);
            if let Some(kind) = kind_of(film.kinds[n]) {
                black_box(plain.frame(kind, film.frame(n).bytes.text()));
            }
            let view = ours.chain.view(InstrumentId(0));
            if view.quote.state == BookState::Live {
                let best = (pair(view.depth.bids[0]), pair(view.depth.asks[0]));
                assert_eq!(best, plain.best(), "frame {n} of {}", source.name);
            }
        }
        assert_eq!(plain.book.checksums_bad, 0, "the plain book fails its checksums");
    }

    pub(super) fn all<'a>(
        source: &Source,
        film: &'a Film<'a>,
        timed: &'a [usize],
    ) -> Vec<(&'static str, &'a mut dyn Contender)> {
        let venue = venue_of(source);
        let boxed = ALL.map(|(name, make)| {
            let (plain, received) = (make(venue), Received::new(film));
            let rival = Theirs { film, timed, venue, make, plain, received, next: 0 };
            // A bench ends with its process, and so may its contenders.
            (name, Box::leak(Box::new(rival)) as &mut dyn Contender)
        });
        boxed.into()
    }

    struct Theirs<'a> {
        film: &'a Film<'a>,
        timed: &'a [usize],
        venue: Venue,
        make: Make,
        plain: Box<dyn Plain>,
        received: Received,
        next: usize,
    }

    impl Contender for Theirs<'_> {
        fn reset(&mut self) {
            self.plain = (self.make)(self.venue);
            self.next = 0;
        }

        fn lead_in(&mut self, index: usize) {
            for n in self.next..self.timed[index] {
                if let Some(kind) = kind_of(self.film.kinds[n]) {
                    black_box(self.plain.frame(kind, self.film.frame(n).bytes.text()));
                }
            }
            self.next = self.timed[index] + 1;
        }

        fn prepare(&mut self, index: usize) {
            self.received.take(&self.film.frame(self.timed[index]));
        }

        fn item(&mut self, index: usize) {
            if let Some(kind) = kind_of(self.film.kinds[self.timed[index]]) {
                let frame = &self.received.buffer[..self.received.len];
                black_box(self.plain.frame(kind, frame));
            }
        }
    }
}
