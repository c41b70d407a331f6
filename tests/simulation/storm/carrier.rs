//! The sky as the machine sees it: lines, and what comes on them.

use neural_kraken::base::Nanos;
use neural_kraken::pipeline::{Carrier, Event};
use neural_kraken::sim::dialect::{Ask, Out, Put as Given};
use neural_kraken::sys::alloc;
use neural_kraken::venue::session::{Action, Address, Failure, FailureKind, FetchId, Line};
use neural_kraken::venue::trade::Task;
use neural_kraken::venue::wire::Padded;

use super::private;
use super::sky::{Parcel, Sky};

impl Carrier for Sky<'_> {
    fn act(&mut self, venue: usize, action: &Action) {
        // The venues are on this thread here alone.
        let _aside = alloc::aside();
        match action {
            Action::Connect { line, address } => {
                let place = self.place(venue);
                self.open((venue, place), *line, &address.path.clone(), false);
            }
            Action::Send { line, text } => {
                let Some(conn) = self.conn(venue, *line) else { return };
                let mut outs = Vec::new();
                let is_denied = self.chance.strikes(self.weather().denied);
                let place = self.place(venue);
                let words = if is_denied { self.denial(place, text) } else { Vec::new() };
                if words.is_empty() {
                    self.hall.text(conn, text, &mut outs);
                } else {
                    self.troubles += 1;
                    outs.extend(words.into_iter().map(|frame| {
                        let put = Given::Frame(frame);
                        Out { conn, put }
                    }));
                }
                self.send(outs);
            }
            Action::Close { line, .. } => self.close(venue, *line),
            Action::Fetch { id, address } => {
                let (path, query) = address.path.split_once('?').unwrap_or((&address.path, ""));
                let late = 4_000_000 + self.chance.below(20_000_000) as i64;
                let due = Nanos(self.now.0 + late);
                let line = Line { index: 0, attempt: 0 };
                let is_lost = self.chance.strikes(self.weather().unanswered);
                let parcel = if is_lost {
                    self.troubles += 1;
                    Parcel::unanswered(*id)
                } else {
                    let ask = Ask { method: "GET", path, query };
                    let (place, lags) =
                        (self.place(venue), self.chance.strikes(self.weather().lags));
                    let answer = if lags {
                        self.hall.request(place, &ask)
                    } else {
                        self.hall.request_at_once(place, &ask)
                    };
                    self.troubles += u64::from(lags);
                    Parcel::Answer {
                        id: *id,
                        status: answer.status,
                        retry_after_ns: 0,
                        used_weight: None,
                        body: answer.body,
                    }
                };
                self.put(due, venue, line, parcel);
            }
            _ => {}
        }
    }

    fn task(&mut self, venue: usize, task: &Task) {
        let _aside = alloc::aside();
        match task {
            Task::Connect { line, address } => {
                self.open((venue, private::place(address)), *line, &address.path.clone(), true);
            }
            Task::Send { line, text } => {
                self.say(venue, *line, text.expose().as_bytes());
            }
            Task::Close { line, .. } => self.close(venue, *line),
            Task::Request { id, request } => self.ask((venue, *id), private::Letter::of(request)),
        }
    }

    fn send(&mut self, venue: usize, line: Line, text: &[u8]) -> bool {
        let _aside = alloc::aside();
        self.say(venue, line, text)
    }

    fn keep(&mut self, venue: usize, address: &Address, _connections: usize) {
        self.kept.insert((venue, address.host.clone()));
    }

    fn post(&mut self, venue: usize, id: FetchId, to: &Address, text: &[u8]) {
        let _aside = alloc::aside();
        if self.kept.contains(&(venue, to.host.clone())) {
            self.ask((venue, id), private::Letter::read(to, text));
        } else {
            let line = Line { index: 0, attempt: 0 };
            self.put(self.now, venue, line, Parcel::unanswered(id));
        }
    }

    fn poll(&mut self) -> Option<Event<'_>> {
        let _aside = alloc::aside();
        let is_due = self.queue.first_key_value().is_some_and(|((due, _), _)| *due <= self.now);
        if !is_due {
            self.advance();
            return None;
        }
        let ((due, _), (venue, line, parcel)) = self.queue.pop_first()?;
        let why = "the weather";
        Some(match parcel {
            Parcel::Opened => Event::Opened { venue, line },
            Parcel::Pinged => Event::Pinged { venue, line },
            Parcel::Closed(code) => Event::Closed { venue, line, code, why },
            Parcel::Refused(kind) => {
                let status = if kind == FailureKind::Upgrade { 400 } else { 0 };
                let failure = Failure { kind, status, retry_after_ns: 0 };
                Event::Failed { venue, line, failure, why }
            }
            Parcel::Frame(bytes) => {
                let bytes = Padded::copied(&bytes, &mut self.room);
                Event::Frame { venue, line, recv_ns: due, arrived_tsc: 1, bytes }
            }
            Parcel::Answer { id, status, retry_after_ns, used_weight, body } => {
                let body = Padded::copied(&body, &mut self.room);
                let why = None;
                Event::Answer { venue, id, status, retry_after_ns, used_weight, body, why }
            }
        })
    }

    fn now(&self) -> Nanos {
        self.now
    }
}
