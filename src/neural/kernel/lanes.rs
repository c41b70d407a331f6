//! What an instruction set offers: sixteen numbers at a time.
//!
//! Never: a pointer. All that is read or written is an array of a known length.

/// Numbers in a vector, whatever the width of the registers.
pub(crate) const LANES: usize = 16;

/// Bytes that one integer product takes in at once.
pub(crate) const QUAD: usize = 4;

/// Words of 16 bits that one integer product takes in at once.
pub(crate) const PAIR: usize = 2;

/// The operations of one instruction set. A value of a type that implements it is the proof that
/// this machine has the set; everything is inlined into a function that may use it.
pub(crate) trait Lanes: Copy {
    /// Sixteen `f32`.
    type Floats: Copy;
    /// Sixteen `i32`.
    type Ints: Copy;
    /// Four bytes, as often as there are lanes, made ready for [`Lanes::dot`].
    type Quad: Copy;
    /// Two words, as often as there are lanes, made ready for [`Lanes::dot_words`].
    type Pair: Copy;

    /// Are there registers for sixteen sums at once? Else eight.
    const IS_WIDE: bool;

    /// One number in all lanes.
    fn splat(self, x: f32) -> Self::Floats;
    /// Sixteen numbers of memory.
    fn load(self, from: &[f32; LANES]) -> Self::Floats;
    /// Writes sixteen numbers.
    fn store(self, x: Self::Floats, to: &mut [f32; LANES]);
    /// `a + b`.
    fn add(self, a: Self::Floats, b: Self::Floats) -> Self::Floats;
    /// `a - b`.
    fn sub(self, a: Self::Floats, b: Self::Floats) -> Self::Floats;
    /// `a * b`.
    fn mul(self, a: Self::Floats, b: Self::Floats) -> Self::Floats;
    /// `a / b`, rounded as by IEEE 754: an approximation would differ between processors.
    fn div(self, a: Self::Floats, b: Self::Floats) -> Self::Floats;
    /// `a * b + c`, rounded once where the set can.
    fn fma(self, a: Self::Floats, b: Self::Floats, c: Self::Floats) -> Self::Floats;
    /// `x`, but within `-bound ..= bound`. What is no number stays none.
    fn clamp(self, x: Self::Floats, bound: Self::Floats) -> Self::Floats;
    /// The nearest whole number of one within a million; of two the even one. What is no number
    /// stays none.
    fn whole(self, x: Self::Floats) -> Self::Floats;
    /// `x * 2^n` of an `x` from 1/2 to 2 and a whole `n` from -100 to 100. What is no number stays
    /// none.
    fn scale(self, x: Self::Floats, n: Self::Floats) -> Self::Floats;
    /// The greater of `x` and 0. What is no number stays none.
    fn relu(self, x: Self::Floats) -> Self::Floats;

    /// Where integer sums begin: 0, or what the set's way to see bytes takes off.
    fn origin(self, offsets: &[i32; LANES]) -> Self::Ints;
    /// Four bytes in the form of [`Lanes::round`], the same for all lanes.
    fn quad(self, bytes: [u8; QUAD]) -> Self::Quad;
    /// Adds the four products of each lane: exact.
    fn dot(self, sum: Self::Ints, weights: &[i8; 64], quad: Self::Quad) -> Self::Ints;
    /// Integer sums of nothing.
    fn nothing(self) -> Self::Ints;
    /// Two words, the same for all lanes.
    fn pair(self, words: [i16; PAIR]) -> Self::Pair;
    /// Adds the two products of each lane: exact where the sum fits 32 bits.
    fn dot_words(self, sum: Self::Ints, weights: &[i16; 32], pair: Self::Pair) -> Self::Ints;
    /// Integers as floats; those that sums reach are exact.
    fn floats(self, sum: Self::Ints) -> Self::Floats;
    /// Rounds to whole numbers of -127 to 127 and writes them plus 128.
    fn round(self, x: Self::Floats, to: &mut [u8; LANES]);
    /// Rounds to whole numbers, which are within 16 bits, and writes them.
    fn round_words(self, x: Self::Floats, to: &mut [i16; LANES]);
}
