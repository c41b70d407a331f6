//! After every frame the book equals a naive one: sorted trees, the venue's rule word for word.

use std::collections::BTreeMap;

use neural_kraken::base::{Continuity, InstrumentId, Instruments, Side};
use neural_kraken::event::{Body, BookChange, BookState, Level, Market, Stamp};
use neural_kraken::limits;
use neural_kraken::stage::book::{Books, Settings};
use neural_kraken::stage::contract::{Emit, Idle, Nowhere, On};
use neural_kraken::stage::feed::Feed;
use neural_kraken::venue::Input;
use neural_kraken::venue::wire::FastLevel;

use super::Case;
use super::source::{ALL, Recording};

pub(crate) fn cases() -> Vec<Case> {
    ALL.iter()
        .filter(|recording| recording.format != "lobster")
        .map(|recording| {
            let name = format!("oracle::{}_equals_a_tree_after_every_frame", recording.name);
            let run: Box<dyn FnOnce() + Send> = Box::new(move || follow(*recording));
            (name, run)
        })
        .collect()
}

/// Bids by falling price (keys negated), asks by rising price.
#[derive(Default)]
struct Tree {
    sides: [BTreeMap<i64, i64>; 2],
    last_id: Option<u64>,
    bridged: bool,
    waiting: Vec<(BookChange, Vec<Level>)>,
    depth: Option<usize>,
}

impl Tree {
    fn on(&mut self, rule: Continuity, change: &BookChange, levels: &[Level]) {
        if change.snapshot {
            self.sides = Default::default();
            self.apply(change, levels);
            self.last_id = Some(change.last_id);
            self.bridged = false;
            for (change, levels) in std::mem::take(&mut self.waiting) {
                self.on(rule, &change, &levels);
            }
            return;
        }
        let Some(id) = self.last_id else {
            self.waiting.push((*change, levels.to_vec()));
            return;
        };
        let is_next = match rule {
            Continuity::UpdateId => change.last_id > id,
            Continuity::PreviousId if self.bridged => true,
            Continuity::PreviousId => change.last_id >= id,
            _ => true,
        };
        if is_next {
            match (rule, self.bridged) {
                (Continuity::UpdateId, false) => assert!(change.first_id <= id + 1),
                (Continuity::UpdateId, true) => assert_eq!(change.first_id, id + 1),
                (Continuity::PreviousId, false) => assert!(change.first_id <= id),
                (Continuity::PreviousId, true) => assert_eq!(change.prev_id, id),
                _ => {}
            }
            self.apply(change, levels);
            self.last_id = Some(change.last_id);
            self.bridged = true;
        }
    }

    fn apply(&mut self, change: &BookChange, levels: &[Level]) {
        let (bids, asks) = levels.split_at(change.bids as usize);
        for (side, sign, levels) in [(0, -1, bids), (1, 1, asks)] {
            for level in levels {
                if level.qty == 0 {
                    self.sides[side].remove(&(sign * level.price));
                } else {
                    self.sides[side].insert(sign * level.price, level.qty);
                }
            }
            if let Some(depth) = self.depth {
                while self.sides[side].len() > depth {
                    self.sides[side].pop_last();
                }
            }
        }
    }

    fn levels(&self, side: Side) -> Vec<Level> {
        let sign = if side == Side::Buy { -1 } else { 1 };
        let level = |(price, qty): (&i64, &i64)| Level { price: sign * price, qty: *qty };
        self.sides[side as usize].iter().map(level).collect()
    }
}

/// The books and their trees, fed the same events.
struct Both<'a> {
    books: &'a mut Books,
    trees: &'a mut [Tree],
    instruments: &'a Instruments,
    touched: Option<InstrumentId>,
}

impl Emit<Market<'_>> for Both<'_> {
    fn emit(&mut self, message: &Market<'_>) {
        self.books.on(message, &mut Nowhere);
        if let Body::Book(change) = &message.head.body {
            let id = message.head.instrument;
            let rule = self.instruments.with_id(id).unwrap().continuity;
            self.trees[id.index()].on(rule, change, message.levels);
            self.touched = Some(id);
        }
    }
}

fn follow(recording: Recording) {
    let (tape, instruments) = recording.load();
    let mut feed = Feed::new(&tape.dialects(), &instruments, FastLevel::detect());
    let mut books = Books::new(&instruments, &Settings::default());
    let depth_of = |form| match form {
        neural_kraken::base::Form::Ladder { depth } => Some(depth as usize),
        neural_kraken::base::Form::Window { .. } => None,
    };
    let mut trees: Vec<Tree> =
        instruments.iter().map(|i| Tree { depth: depth_of(i.form), ..Tree::default() }).collect();
    let (mut compared, mut seen) = (0, Vec::with_capacity(2 * limits::FAR_LEVELS_MAX));
    for (n, frame) in tape.frames().enumerate() {
        let stamp = Stamp {
            frame: n as u64,
            recv_ns: frame.recv_ns,
            arrived_tsc: 0,
            connection: frame.connection,
        };
        let input = Input { stamp, about: frame.about, bytes: frame.bytes };
        feed.decode(&input);
        let mut both =
            Both { books: &mut books, trees: &mut trees, instruments: &instruments, touched: None };
        feed.emit(&input, &mut both);
        let touched = both.touched;
        // Every third frame, so that books are compared with their window off centre, too.
        if n % 3 == 0 {
            books.idle();
        }
        let Some(id) = touched else { continue };
        if books.view(id).unwrap().quote.state != BookState::Live {
            continue;
        }
        for side in [Side::Buy, Side::Sell] {
            seen.clear();
            books.visit(id, side, &mut |level| seen.push(level));
            let expected = trees[id.index()].levels(side);
            assert_eq!(seen, expected, "frame {n}, {side}");
        }
        compared += 1;
    }
    assert!(compared > 9, "{compared} frames were compared");
}
