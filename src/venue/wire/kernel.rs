//! The operations that every fast scanner is made of, and the choice of instruction set.

use super::lanes::Lanes;
use super::padded::Padded;
use super::time::{DayMemo, read_time};
use crate::base::Nanos;
use crate::event::Level;

/// Instruction sets that the fast path is built for; all give the same results.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum FastLevel {
    /// Any 64-bit machine: eight bytes at a time in general registers.
    Portable,
    /// x86-64 with AVX2, BMI1, BMI2, LZCNT and POPCNT.
    Avx2,
    /// The same with AVX-512 F, BW and VL.
    Avx512,
}

/// Where a number stands: `len` bytes that end before `end`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// One past the last byte.
    pub end: usize,
    /// Bytes.
    pub len: usize,
}

/// How prices and quantities of one instrument are usually written: with a fixed count of decimals.
/// A number that is written otherwise is read a little slower.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// Decimals of prices.
    pub price: u8,
    /// Decimals of quantities.
    pub qty: u8,
}

/// One instruction set's way to index and to read.
pub trait Kernel: Copy {
    /// Writes the place of every quotation mark into `quotes` and returns how many there are.
    ///
    /// `None` where a byte is a backslash, a control character or no ASCII, or where there are more
    /// quotation marks than places: then it is a frame for the strict path.
    fn index(self, frame: Padded<'_>, quotes: &mut [u16]) -> Option<usize>;

    /// Reads `digits[.digits]` of at most 16 bytes as whole units of 10^-`decimals`.
    ///
    /// `None` where it has any other form, does not fit or is finer.
    fn decimal(self, frame: Padded<'_>, span: Span, decimals: u8) -> Option<i64>;

    /// Reads a whole number of at most 16 digits.
    fn whole(self, frame: Padded<'_>, span: Span) -> Option<u64>;

    /// Reads a time text.
    #[inline(always)]
    fn time(self, frame: Padded<'_>, span: Span, memo: &mut DayMemo) -> Option<Nanos> {
        read_time(self, frame, span, memo)
    }

    /// Which bytes of a block have the bit `of`?
    #[inline(always)]
    fn bits(self, block: &[u8; 64], of: u8) -> u64 {
        let (words, _) = block.as_chunks::<8>();
        let mut bits = 0;
        for (n, word) in words.iter().enumerate() {
            let ones = (u64::from_le_bytes(*word) >> of.trailing_zeros()) & 0x0101_0101_0101_0101;
            bits |= (ones.wrapping_mul(0x0102_0408_1020_4080) >> 56) << (8 * n);
        }
        bits
    }

    /// Is any byte of a block outside of its range? Not zero then.
    #[inline(always)]
    fn over(self, block: &[u8; 64], least: &[u8; 64], room: &[u8; 64]) -> u64 {
        let bounds = least.iter().zip(room);
        let over = |(byte, (least, room)): (&u8, (&u8, &u8))| byte.wrapping_sub(*least) > *room;
        u64::from(block.iter().zip(bounds).map(over).fold(false, |any, over| any | over))
    }

    /// Reads four numbers of digits that were checked; `None` where one is not within the frame.
    #[inline(always)]
    fn four(self, frame: Padded<'_>, lanes: &Lanes) -> Option<[i64; 4]> {
        let mut four = [0; 4];
        for (n, value) in four.iter_mut().enumerate() {
            let from = lanes.from(n);
            let bytes = frame.text().get(from..from + 16)?;
            let digit = |place: &u8| bytes.get(*place as usize).map_or(0, |byte| byte & 0x0F);
            *value = lanes.control(n).iter().fold(0, |sum, p| sum * 10 + i64::from(digit(p)));
        }
        Some(four)
    }

    /// Is told where the symbol of an event stands, for who must learn it.
    #[inline(always)]
    fn names(self, _symbol: Span) {}

    /// Is told of a text that the scanner passes over, whatever it says.
    #[inline(always)]
    fn passes(self, _text: Span) {}

    /// Reads a price and a quantity at once. As [`Kernel::decimal`] of each.
    #[inline(always)]
    fn pair(self, frame: Padded<'_>, price: Span, qty: Span, shape: Shape) -> Option<Level> {
        let price = self.decimal(frame, price, shape.price)?;
        Some(Level { price, qty: self.decimal(frame, qty, shape.qty)? })
    }

    /// Two pairs of one instrument, as [`Kernel::pair`] of each.
    #[inline(always)]
    fn two_pairs(
        self,
        frame: Padded<'_>,
        spans: [(Span, Span); 2],
        shape: Shape,
    ) -> Option<[Level; 2]> {
        let [(bid, bid_qty), (ask, ask_qty)] = spans;
        let bid = self.pair(frame, bid, bid_qty, shape)?;
        Some([bid, self.pair(frame, ask, ask_qty, shape)?])
    }

    /// Reads levels of the form `["1.5","2"],["1.4","3"]` into `out`, from the quotation mark of
    /// the first price on, and returns how many. `None` where one has any other form. Only the
    /// first `marks` of `quotes` are marks.
    #[inline(always)]
    fn quoted_pairs(
        self,
        frame: Padded<'_>,
        quotes: &[u16],
        marks: usize,
        shape: Shape,
        out: &mut Vec<Level>,
    ) -> Option<usize> {
        let (fours, _) = quotes.get(..marks)?.as_chunks::<4>();
        let mut expected = usize::from(fours.first()?[0]);
        for (n, marks) in fours.iter().enumerate() {
            let [open, close, qty_open, qty_close] = marks.map(|mark| mark as usize);
            if frame.raw().get(close..close + 3) != Some(b"\",\"") || open != expected {
                return None;
            }
            expected = qty_close + 4;
            let price = Span { end: close, len: close.checked_sub(open + 1)? };
            let qty = Span { end: qty_close, len: qty_close.checked_sub(qty_open + 1)? };
            out.push(self.pair(frame, price, qty, shape)?);
            if frame.raw().get(qty_close..qty_close + 4) != Some(b"\"],[") {
                return Some(n + 1);
            }
        }
        None
    }
}

/// Work that is compiled once for each instruction set.
pub trait Job {
    /// What it gives.
    type Out;

    /// Does it. Must be `#[inline(always)]`, all the way down to the kernel, so that it takes on
    /// the instruction set of its caller.
    fn run<K: Kernel>(self, kernel: K) -> Self::Out;
}

impl FastLevel {
    /// Does `job` with this instruction set: the one branch on it, taken once a frame.
    #[inline(always)]
    pub fn run<J: Job>(self, job: J) -> J::Out {
        match self {
            #[cfg(target_arch = "x86_64")]
            FastLevel::Avx512 => super::vector::Avx512::run(job),
            #[cfg(target_arch = "x86_64")]
            FastLevel::Avx2 => super::vector::Avx2::run(job),
            _ => job.run(super::portable::Portable),
        }
    }

    /// The best that this machine has.
    pub fn detect() -> FastLevel {
        #[cfg(target_arch = "x86_64")]
        {
            let avx2 = is_x86_feature_detected!("avx2")
                && is_x86_feature_detected!("bmi1")
                && is_x86_feature_detected!("bmi2")
                && is_x86_feature_detected!("lzcnt")
                && is_x86_feature_detected!("popcnt");
            let avx512 = is_x86_feature_detected!("avx512f")
                && is_x86_feature_detected!("avx512bw")
                && is_x86_feature_detected!("avx512vl");
            match (avx2, avx512) {
                (true, true) => return FastLevel::Avx512,
                (true, false) => return FastLevel::Avx2,
                _ => {}
            }
        }
        FastLevel::Portable
    }

    /// All that this machine has, the plainest first: for tests that compare them.
    pub fn available() -> Vec<FastLevel> {
        let best = FastLevel::detect();
        [FastLevel::Portable, FastLevel::Avx2, FastLevel::Avx512]
            .into_iter()
            .filter(|level| *level <= best)
            .collect()
    }

    /// As in output and configuration.
    pub const fn name(self) -> &'static str {
        match self {
            FastLevel::Portable => "portable",
            FastLevel::Avx2 => "avx2",
            FastLevel::Avx512 => "avx512",
        }
    }
}
