//! A template: one frame's text with ranges where its digits are, and where each number goes.
//!
//! In: a short frame that the scanner took, and a trace of how. Out: the events of every other
//! frame that differs from it in digits only, without looking for anything: each byte is compared
//! with its range, then all numbers are read at known places. Never: a frame that the scanner
//! itself would not take with the same result. Ranges are as narrow as they must be for that: no
//! leading zero, no twenty-fifth hour, no overflow.

use super::kernel::{Kernel, Span};
use super::lanes::Lanes;
use super::padded::Padded;
use super::scan::symbol_in;
use super::trace::{Kind, Number, Trace};
use crate::base::{InstrumentId, Nanos, Symbol};
use crate::event::{Body, Head, Level, Stamp};
use crate::limits::{FRAME_BYTES_LEARNED, FRAME_LEVELS_LEARNED};
use crate::venue::contract::{Input, Listings, Placed};

/// What each byte of a frame may be: at least so much, and at most so much above. Past its end,
/// anything.
#[derive(Clone, Copy, Debug)]
#[repr(C, align(64))]
struct Ranges {
    least: [u8; FRAME_BYTES_LEARNED],
    room: [u8; FRAME_BYTES_LEARNED],
}

/// See the module.
#[derive(Clone, Copy, Debug)]
#[repr(C, align(64))]
pub(super) struct Template {
    pub(super) sketch: u64,
    /// Of the listings that it was learned with.
    pub(super) edition: u64,
    len: usize,
    /// Where the symbol stands.
    symbol: Span,
    /// The one that the template was learned of, whose instrument is in `placed`.
    known: Symbol,
    ranges: Ranges,
    /// Id, milliseconds, `HHMM`, nanoseconds of the minute.
    head: Lanes,
    /// Checksum, first id, previous id.
    book: Lanes,
    levels: [Lanes; FRAME_LEVELS_LEARNED / 2],
    /// The event without its numbers, at the midnight before it.
    placed: Placed,
}

const DIGIT: (u8, u8) = (b'0', 9);

impl Template {
    /// Fits nothing.
    pub(super) fn none() -> Template {
        let ranges = Ranges { least: [0; FRAME_BYTES_LEARNED], room: [0xFF; FRAME_BYTES_LEARNED] };
        let head = Head::about_connection(Stamp::default(), Body::Alive);
        Template {
            sketch: 0,
            edition: 0,
            len: 0,
            symbol: Span { end: 0, len: 0 },
            known: Symbol::NONE,
            ranges,
            head: Lanes::NONE,
            book: Lanes::NONE,
            levels: [Lanes::NONE; FRAME_LEVELS_LEARNED / 2],
            placed: Placed { head, start: 0, count: 0 },
        }
    }

    /// From a frame, the trace of its scan, and the event and levels that came of the trace: they
    /// have tokens for numbers. `None` where anything is not understood.
    pub(super) fn new(
        frame: Padded<'_>,
        trace: &Trace,
        placed: &Placed,
        levels: &[Level],
    ) -> Option<Template> {
        let text = frame.text();
        let symbol = trace.symbol()?;
        let known = symbol_in(frame, symbol)?;
        let mut template =
            Template { len: text.len(), symbol, known, placed: *placed, ..Template::none() };
        template.ranges.least.get_mut(..text.len())?.copy_from_slice(text);
        template.ranges.room[..text.len()].fill(0);
        let (ids, pairs) = numbers_of(&placed.head.body, levels)?;
        for (token, number) in trace.numbers() {
            let is_level = pairs.iter().any(|level| [level.price, level.qty].contains(&token));
            template.ranges.loosen(text, number, ids.contains(&token), is_level)?;
        }
        for span in trace.passed().chain([symbol]) {
            template.ranges.free(text, span)?;
        }
        template.place_time(text, trace)?;
        template.place_numbers(text, trace, ids, pairs)?;
        Some(template)
    }

    /// Does it fit, byte by byte?
    #[inline(always)]
    pub(super) fn fits<K: Kernel>(&self, kernel: K, frame: Padded<'_>) -> bool {
        let (blocks, _) = frame.raw().as_chunks::<64>();
        let (least, _) = self.ranges.least.as_chunks::<64>();
        let (room, _) = self.ranges.room.as_chunks::<64>();
        let mut over = 0;
        for ((block, least), room) in blocks.iter().zip(least).zip(room).take(self.len.div_ceil(64))
        {
            over |= kernel.over(block, least, room);
        }
        frame.len() == self.len && over == 0
    }

    /// The instrument of a frame that fits; `None` where it is not listed, or has other decimals
    /// than the one that the template was learned of.
    #[inline(always)]
    pub(super) fn subject(&self, listings: &Listings, frame: Padded<'_>) -> Option<InstrumentId> {
        let symbol = symbol_in(frame, self.symbol)?;
        // Where one instrument has most of the frames, a comparison is a third of a look-up.
        let instrument = if symbol == self.known {
            self.placed.head.instrument
        } else {
            listings.table.look_up(&symbol)
        };
        let scale = listings.scale(instrument);
        let head = &self.placed.head;
        let is_same = (scale.price, scale.qty) == (head.price_decimals, head.qty_decimals);
        (is_same && instrument != InstrumentId::NONE).then_some(instrument)
    }

    /// Corrects the midnight by what is between the time that it gave and the real one. `None`
    /// where that is no whole number of days.
    pub(super) fn set_midnight(&mut self, given: Nanos, real: Nanos) -> Option<()> {
        self.placed.head.venue_ns = Nanos(real.0.checked_sub(given.0)?);
        (self.placed.head.venue_ns.0 % (86_400 * Nanos::SECOND) == 0).then_some(())
    }

    /// Reads a frame that fits, of the instrument that [`Template::subject`] gave. `None` where a
    /// number is out of its bounds, and then nothing was taken.
    #[inline(always)]
    pub(super) fn read<K: Kernel>(
        &self,
        kernel: K,
        input: &Input<'_>,
        instrument: InstrumentId,
        events: &mut Vec<Placed>,
        levels: &mut Vec<Level>,
    ) -> Option<()> {
        let frame = input.bytes;
        let [id, millis, minute, nanos] = kernel.four(frame, &self.head)?;
        let first = pair_of(kernel.four(frame, &self.levels[0])?);
        let (mut of_book, mut second) = ([0; 4], [Level::default(); 2]);
        if matches!(self.placed.head.body, Body::Book(_)) {
            of_book = kernel.four(frame, &self.book)?;
            if self.placed.count > 2 {
                second = pair_of(kernel.four(frame, &self.levels[1])?);
            }
        }
        let [checksum, first_id, prev_id, _] = of_book;
        let checksum = u32::try_from(checksum).ok()?;
        if events.len() == events.capacity() {
            return None;
        }
        // Into its place first, numbers then: a copy of fresh small stores would have to wait.
        events.push(self.placed);
        let placed = events.last_mut()?;
        match &mut placed.head.body {
            Body::Top(top) => {
                top.update_id = id as u64;
                [top.bid, top.ask] = first;
            }
            Body::Trade(trade) => {
                trade.id = id as u64;
                (trade.price, trade.qty) = (first[0].price, first[0].qty);
            }
            Body::Book(change) => {
                change.last_id = id as u64;
                (change.first_id, change.prev_id) = (first_id as u64, prev_id as u64);
                change.checksum = change.checksum.map(|_| checksum);
                let all = first.into_iter().chain(second);
                levels.extend(all.take(placed.count as usize));
            }
            _ => {}
        }
        let minutes = minute - 40 * (minute / 100);
        placed.head.venue_ns.0 += millis * Nanos::MILLI + minutes * 60 * Nanos::SECOND + nanos;
        placed.head.instrument = instrument;
        placed.head.stamp = input.stamp;
        Some(())
    }

    fn place_time(&mut self, text: &[u8], trace: &Trace) -> Option<()> {
        let time = self.placed.head.venue_ns;
        self.placed.head.venue_ns = Nanos::NONE;
        if time == Nanos::NONE {
            return Some(());
        }
        if let Some(Number { kind: Kind::Time, span }) = trace.number(time.0) {
            let from = span.end - span.len;
            let minute = [(3, from + 11), (2, from + 12), (1, from + 14), (0, from + 15)];
            self.head.put(2, from + 16, minute.into_iter())?;
            let fraction = (0..span.len - 21).map(|n| (8 - n, from + 20 + n));
            let seconds = [(10, from + 17), (9, from + 18)];
            return self.head.put(3, span.end - 1, seconds.into_iter().chain(fraction));
        }
        if time.0 % Nanos::MILLI != 0 {
            return None;
        }
        put_number(&mut self.head, 1, text, trace, time.0 / Nanos::MILLI)
    }

    fn place_numbers(
        &mut self,
        text: &[u8],
        trace: &Trace,
        [id, of_book @ ..]: Ids,
        pairs: Pairs,
    ) -> Option<()> {
        put_number(&mut self.head, 0, text, trace, id)?;
        for (n, value) in of_book.into_iter().enumerate() {
            put_number(&mut self.book, n, text, trace, value)?;
        }
        for (n, Level { price, qty }) in pairs.into_iter().enumerate() {
            let lanes = &mut self.levels[n / 2];
            put_number(lanes, n % 2 * 2, text, trace, price)?;
            put_number(lanes, n % 2 * 2 + 1, text, trace, qty)?;
        }
        Some(())
    }
}

/// Id (the last one of a book), checksum, first and previous id.
type Ids = [i64; 4];

type Pairs = [Level; FRAME_LEVELS_LEARNED];

/// All numbers of an event but its time; zero where there is none.
fn numbers_of(body: &Body, levels: &[Level]) -> Option<(Ids, Pairs)> {
    let mut pairs = Pairs::default();
    let ids = match *body {
        Body::Top(top) => {
            [pairs[0], pairs[1]] = [top.bid, top.ask];
            [top.update_id as i64, 0, 0, 0]
        }
        Body::Trade(trade) => {
            pairs[0] = Level { price: trade.price, qty: trade.qty };
            [trade.id as i64, 0, 0, 0]
        }
        Body::Book(change) => {
            pairs.get_mut(..levels.len())?.copy_from_slice(levels);
            let checksum = i64::from(change.checksum.unwrap_or(0));
            [change.last_id as i64, checksum, change.first_id as i64, change.prev_id as i64]
        }
        _ => return None,
    };
    Some((ids, pairs))
}

#[inline(always)]
fn pair_of([price, qty, second, second_qty]: [i64; 4]) -> [Level; 2] {
    [Level { price, qty }, Level { price: second, qty: second_qty }]
}

impl Ranges {
    /// Lets a text that is not read have other letters and digits in their places. Not quite all
    /// that the scanner would pass over, so that what a byte is can be told by one range.
    fn free(&mut self, text: &[u8], span: Span) -> Option<()> {
        let from = span.end.checked_sub(span.len)?;
        for place in from..span.end {
            let (least, room) = match text.get(place)? {
                b'0'..=b'9' => DIGIT,
                b'A'..=b'Z' => (b'A', 25),
                b'a'..=b'z' => (b'a', 25),
                other => (*other, 0),
            };
            (self.least[place], self.room[place]) = (least, room);
        }
        Some(())
    }

    /// Lets a number have other digits.
    fn loosen(&mut self, text: &[u8], number: Number, is_id: bool, is_level: bool) -> Option<()> {
        let Span { end, len } = number.span;
        let from = end.checked_sub(len)?;
        let mut set = |place: usize, (least, room): (u8, u8)| {
            (self.least[place], self.room[place]) = (least, room);
        };
        if number.kind == Kind::Time {
            // Tens of hours stay: what may follow depends on them.
            let hours = if text[from + 11] == b'2' { 3 } else { 9 };
            set(from + 12, (b'0', hours));
            for (tens, ones) in [(from + 14, from + 15), (from + 17, from + 18)] {
                set(tens, (b'0', 5));
                set(ones, DIGIT);
            }
            (from + 20..end - 1).for_each(|place| set(place, DIGIT));
            return Some(());
        }
        (from..end).filter(|n| text[*n].is_ascii_digit()).for_each(|n| set(n, DIGIT));
        // What is no id is milliseconds: thirteen digits from a nine on overflow as nanoseconds.
        let most = match number.kind {
            Kind::Whole if !is_id && len > 13 => return None,
            Kind::Whole if !is_id && len == 13 => b'8',
            Kind::Decimal(_) if !is_level => return None,
            _ => b'9',
        };
        if len > 1 && text[from + 1].is_ascii_digit() {
            set(from, (b'1', most - b'1'));
        }
        Some(())
    }
}

/// Puts the number that became `value` into lane `n`; zero is no number, and all else an error.
fn put_number(lanes: &mut Lanes, n: usize, text: &[u8], trace: &Trace, value: i64) -> Option<()> {
    if value == 0 {
        return Some(());
    }
    let Number { kind, span } = trace.number(value)?;
    let decimals = match kind {
        Kind::Whole => 0,
        Kind::Decimal(decimals) => usize::from(decimals),
        Kind::Time => return None,
    };
    let from = span.end.checked_sub(span.len)?;
    let shown = text.get(from..span.end)?;
    let point = shown.iter().position(|byte| *byte == b'.').unwrap_or(shown.len());
    if (shown.len() - point).saturating_sub(1) > decimals {
        return None;
    }
    let power = |place: usize| {
        if place < point { point - 1 - place + decimals } else { decimals + point - place }
    };
    let places = (0..shown.len()).filter(|place| *place != point);
    lanes.put(n, span.end, places.map(|place| (power(place), from + place)))
}

/// A short frame's mark: nearly always another one where anything but letters and digits differs.
///
/// Letters lie where their keys do, so their places tell the kind and the lengths of all numbers.
/// Which letters they are is left out: frames of all symbols of one length share a template.
#[inline(always)]
pub(super) fn sketch<K: Kernel>(kernel: K, frame: Padded<'_>) -> u64 {
    /// Letters have it, digits do not.
    const LETTER: u8 = 0x40;
    /// Of what is no letter, digits and colons have it.
    const DIGIT: u8 = 0x10;
    let (blocks, _) = frame.raw().as_chunks::<64>();
    let len = frame.len();
    let mut places = len as u64;
    for (n, block) in blocks.iter().enumerate().take(len.div_ceil(64)) {
        let rest = len - n * 64;
        let inside = if rest >= 64 { !0 } else { (1 << rest) - 1 };
        let here = kernel.bits(block, LETTER) & inside;
        places = places.rotate_left(19) ^ here;
        if n == 1 {
            // Points and commas: instruments of other decimals differ in the first price.
            places ^= (!(kernel.bits(block, DIGIT) | here) & inside).rotate_left(7);
        }
    }
    // An odd constant: digits of the golden ratio.
    places.wrapping_mul(0x9E37_79B9_7F4A_7C15)
}
