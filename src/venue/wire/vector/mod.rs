//! The kernels for x86-64: AVX2, and AVX-512 (F, BW, VL).
//!
//! A number is loaded as the sixteen bytes that end with it, so that digits are right-aligned
//! whatever their count; one shuffle takes the point out, three multiply-adds make two groups of
//! eight digits (W. Mula, "SIMD-ized parsing of integers"). Price and quantity go through the same
//! instructions side by side in the two halves of a 256-bit register.
//!
//! Everything is `#[inline(always)]` down from the scanner, since a function with its own target
//! features is not inlined there and would reload its constants at every number. So the intrinsics
//! are called where the compiler does not know the features, which makes each call `unsafe`; what
//! makes it sound is said once: a kernel exists only inside `run`, which has detected its features.
#![allow(unsafe_code, reason = "vector loads and target features, each block argued")]
#![allow(
    clippy::multiple_unsafe_ops_per_block,
    reason = "a chain of intrinsics without pointers has one argument, that of its target feature"
)]
#![allow(clippy::unused_self, reason = "`self` is the proof that the features are there")]

mod set;
mod index;
mod levels;
mod number;
mod template;
mod wide;

use super::kernel::{Kernel, Shape, Span};
use super::lanes::Lanes;
use super::padded::Padded;
use crate::event::Level;
use number::{Has, Usual, unusual_pair};

pub use set::{Avx2, Avx512};

macro_rules! kernel {
    ($name:ident) => {
        impl Kernel for $name {
            #[inline(always)]
            fn index(self, frame: Padded<'_>, quotes: &mut [u16]) -> Option<usize> {
                self.index_quotes(frame, quotes)
            }

            #[inline(always)]
            fn decimal(self, frame: Padded<'_>, span: Span, decimals: u8) -> Option<i64> {
                Has(()).decimal(frame, span, decimals)
            }

            #[inline(always)]
            fn whole(self, frame: Padded<'_>, span: Span) -> Option<u64> {
                Has(()).whole(frame, span)
            }

            #[inline(always)]
            fn bits(self, block: &[u8; 64], of: u8) -> u64 {
                self.bits_of(block, of)
            }

            #[inline(always)]
            fn over(self, block: &[u8; 64], least: &[u8; 64], room: &[u8; 64]) -> u64 {
                self.out_of_range(block, least, room)
            }

            #[inline(always)]
            fn four(self, frame: Padded<'_>, lanes: &Lanes) -> Option<[i64; 4]> {
                self.read_four(frame, lanes)
            }

            #[inline(always)]
            fn pair(
                self,
                frame: Padded<'_>,
                price: Span,
                qty: Span,
                shape: Shape,
            ) -> Option<Level> {
                let has = Has(());
                if let Some(usual) = Usual::new(has, shape)
                    && let Some(level) = usual.pair(has, frame, price, qty)
                {
                    return Some(level);
                }
                // SAFETY: AVX2 is there, as `has` says.
                unsafe { unusual_pair(has, frame, price, qty, shape) }
            }

            #[inline(always)]
            fn two_pairs(
                self,
                frame: Padded<'_>,
                spans: [(Span, Span); 2],
                shape: Shape,
            ) -> Option<[Level; 2]> {
                let has = Has(());
                let [(bid, bid_qty), (ask, ask_qty)] = spans;
                if let Some(usual) = Usual::new(has, shape)
                    && let Some(bid) = usual.pair(has, frame, bid, bid_qty)
                    && let Some(ask) = usual.pair(has, frame, ask, ask_qty)
                {
                    return Some([bid, ask]);
                }
                // SAFETY: AVX2 is there, as `has` says.
                let bid = unsafe { unusual_pair(has, frame, bid, bid_qty, shape)? };
                // SAFETY: as above.
                Some([bid, unsafe { unusual_pair(has, frame, ask, ask_qty, shape)? }])
            }

            #[inline(always)]
            fn quoted_pairs(
                self,
                frame: Padded<'_>,
                quotes: &[u16],
                marks: usize,
                shape: Shape,
                out: &mut Vec<Level>,
            ) -> Option<usize> {
                self.levels(frame, quotes, marks, shape, out)
            }
        }
    };
}

kernel!(Avx2);
kernel!(Avx512);
