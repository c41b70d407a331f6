//! Reading JSON without building it: the ground under every decoder.
//!
//! The fast path indexes all quotation marks of a frame in one pass of vector compares, then checks
//! a template of the venue's known key order at the indexed places and reads numbers backwards from
//! their end, so that no step waits for the one before. Small frames that come again and again are
//! learned by heart on the way ([`learn`]): the next ones are compared as a whole and their numbers
//! read at known places, and a venue's scanner need not know of it. The strict path builds a tape
//! with `simd-json` and takes any order of keys. What the fast path accepts, the strict path
//! accepts with the same result; a differential test and the fuzz targets hold them to it.
//!
//! Never: a float, a rounding, an allocation on the fast path.

mod padded;
mod pen;
mod figure;
mod slip;
mod pull;
mod kernel;
mod lanes;
mod portable;
mod scan;
mod strict;
mod template;
mod time;
mod trace;
mod learned;
mod quoting;
#[cfg(target_arch = "x86_64")]
mod vector;

pub use figure::{Figure, FigureText, Upper};
pub use kernel::{FastLevel, Job, Kernel, Shape, Span};
pub use lanes::Lanes;
pub use learned::{Learned, learn, replay};
pub use padded::Padded;
pub use pen::Pen;
pub use portable::Portable;
pub use pull::{Pull, once};
pub use scan::Scan;
pub use slip::{Draft, Place, Slip};
pub use strict::{Strict, Value, need};
pub use time::DayMemo;
#[cfg(target_arch = "x86_64")]
pub use vector::{Avx2, Avx512};
