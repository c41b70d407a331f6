//! Sessions under trouble: whatever happens in whatever order, nothing panics, no budget is
//! overdrawn, and once the venue behaves all is live again.

use super::stand::{HERE, Spent, Stand, TURN_MS};
use crate::base::Nanos;
use crate::event::ResyncReason;
use crate::venue::session::{Action, FetchId, Jitter, Line, Opening, Pass, Settings, Stage};

/// The venue's side, behaving.
pub(crate) trait Venue {
    /// What the venue says to an action.
    fn answer(&mut self, action: &Action) -> Vec<Said>;

    /// What it says by itself, each turn, on an open line.
    fn talk(&mut self, line: Line) -> Vec<String>;

    /// Weight of a question over REST.
    fn weight(&self, path: &str) -> i64;

    /// An error that may be said to anything.
    fn error(&self) -> &'static str;
}

/// What the venue says.
#[derive(Clone, Debug)]
pub(crate) enum Said {
    Opened(Line),
    Frame(Line, String),
    Body(FetchId, String),
}

/// What may be spent: at most so many within so many ns.
#[derive(Clone, Copy)]
pub(crate) struct Budgets {
    pub(crate) attempts: (i64, i64),
    pub(crate) messages: (i64, i64),
    pub(crate) weight: (i64, i64),
}

const REASONS: [ResyncReason; 5] = [
    ResyncReason::Gap,
    ResyncReason::Checksum,
    ResyncReason::Crossed,
    ResyncReason::Connection,
    ResyncReason::Overflow,
];

/// Virtual time in which all must be live again: longer than the longest time shut out.
const RECOVERY_NS: i64 = 3_600 * Nanos::SECOND;

struct Chaos<V> {
    stand: Stand,
    venue: V,
    chance: Jitter,
    /// Said by the venue, not heard yet.
    late: Vec<Said>,
    lines: Vec<Line>,
    symbols: usize,
}

/// Plays `steps` steps of trouble, then lets the venue behave.
pub(crate) fn play(
    opening: &Opening,
    settings: Settings,
    venue: impl Venue,
    (seed, steps): (u64, usize),
    budgets: &Budgets,
) {
    let symbols = settings.follow.len();
    let mut chaos = Chaos {
        stand: Stand::new(opening, settings),
        venue,
        chance: Jitter::new(seed),
        late: Vec::new(),
        lines: Vec::new(),
        symbols,
    };
    for _ in 0..steps {
        chaos.trouble();
    }
    chaos.recover();
    chaos.within(budgets);
}

impl<V: Venue> Chaos<V> {
    fn trouble(&mut self) {
        match self.chance.below(12) {
            0..=4 => self.act(true),
            5 | 6 => self.hear(),
            7 if !self.lines.is_empty() => {
                let line = self.any_line();
                self.stand.closed(line);
            }
            8 => {
                let reason = REASONS[self.below(REASONS.len())];
                let n = self.chance.below(self.symbols as i64) as u32;
                self.stand.resync(n, reason);
            }
            9 if !self.lines.is_empty() => {
                let line = self.any_line();
                let errors = [self.venue.error(), "{\"half", "{}", "[]", ""];
                let text = errors[self.below(errors.len())];
                self.stand.frame(line, text);
            }
            10 => self.talk(),
            _ => {
                let ms = self.chance.below(8_000);
                self.stand.pass(ms);
            }
        }
        self.stand.pass(TURN_MS);
    }

    /// Answers what is to be done: all of it, or as chance has it.
    fn act(&mut self, is_troubled: bool) {
        for action in std::mem::take(&mut self.stand.actions) {
            let luck = if is_troubled { self.chance.below(8) } else { 7 };
            match (&action, luck) {
                (Action::Connect { line, .. }, 0) => {
                    let status = [0, 503, 403, 429][self.below(4)];
                    self.stand.failed(*line, status, 0);
                }
                (Action::Fetch { id, .. }, 0) => {
                    let status = [0, 503, 429, 418][self.below(4)];
                    self.stand.answer_after(*id, status, 3, "");
                }
                (_, 1) => {}
                _ => self.late.extend(self.venue.answer(&action)),
            }
        }
        if !is_troubled {
            while !self.late.is_empty() {
                let said = self.late.remove(0);
                self.say(said);
            }
        }
    }

    /// Something that the venue said arrives, not always in order, perhaps twice.
    fn hear(&mut self) {
        for _ in 0..self.chance.below(6) {
            if self.late.is_empty() {
                return;
            }
            let place = if self.chance.below(4) == 0 { self.below(self.late.len()) } else { 0 };
            let said = self.late.remove(place);
            if self.chance.below(10) == 0 {
                self.late.push(said.clone());
            }
            self.say(said);
        }
    }

    fn say(&mut self, said: Said) {
        match said {
            Said::Opened(line) => {
                self.lines.push(line);
                self.stand.opened(line);
            }
            Said::Frame(line, text) => self.frame(line, &text),
            Said::Body(id, body) => {
                self.stand.answer(id, 200, body);
            }
        }
    }

    fn frame(&mut self, line: Line, text: &str) {
        let of_index = self.lines.iter().filter(|known| known.index == line.index);
        let newest = of_index.max_by_key(|known| known.attempt).copied();
        let pass = self.stand.frame(line, text);
        if newest != Some(line) {
            assert_eq!(pass, Pass::Drop, "an earlier line's frame: {text}");
        } else if pass != Pass::Drop {
            assert_eq!(pass, Pass::Feed(HERE));
        }
    }

    fn talk(&mut self) {
        let mut newest = self.lines.clone();
        newest.sort_by_key(|line| (line.index, std::cmp::Reverse(line.attempt)));
        newest.dedup_by_key(|line| line.index);
        for line in newest {
            for text in self.venue.talk(line) {
                self.frame(line, &text);
            }
        }
    }

    fn recover(&mut self) {
        self.late.clear();
        let end = self.stand.now.0 + RECOVERY_NS;
        let mut live_for = 0;
        while live_for < 30 {
            assert!(self.stand.now.0 < end, "not live: {:?}", self.stand.session);
            self.stand.pass(500);
            self.act(false);
            self.talk();
            let is_live = self.stand.session.state().stage == Stage::Live;
            live_for = if is_live { live_for + 1 } else { 0 };
        }
        for n in 0..self.symbols as u32 {
            assert_eq!(self.stand.stage(n), Stage::Live);
        }
    }

    /// No budget was overdrawn in any of its spans.
    fn within(&self, budgets: &Budgets) {
        let spent = &self.stand.spent;
        let of = |cost: &dyn Fn(&Spent) -> i64| -> Vec<(i64, i64)> {
            spent.iter().map(|(at, spent)| (*at, cost(spent))).filter(|(_, n)| *n > 0).collect()
        };
        let attempts = of(&|spent| i64::from(*spent == Spent::Attempt));
        check("attempts", &attempts, budgets.attempts);
        let weights = of(&|spent| match spent {
            Spent::Question(path) => self.venue.weight(path),
            _ => 0,
        });
        check("weight", &weights, budgets.weight);
        for line in &self.lines {
            let messages = of(&|spent| i64::from(*spent == Spent::Message(*line)));
            check("messages", &messages, budgets.messages);
        }
    }

    fn any_line(&mut self) -> Line {
        let n = self.below(self.lines.len());
        self.lines[n]
    }

    fn below(&mut self, end: usize) -> usize {
        self.chance.below(end as i64) as usize
    }
}

fn check(what: &str, spent: &[(i64, i64)], (max, span_ns): (i64, i64)) {
    let (mut sum, mut from) = (0, 0);
    for (at, amount) in spent {
        sum += amount;
        while spent[from].0 <= at - span_ns {
            sum -= spent[from].1;
            from += 1;
        }
        assert!(sum <= max, "{sum} {what} within {span_ns} ns");
    }
}
