//! Kernels: the operations that engines are made of, one set for each instruction set.
//!
//! In: plain slices. Out: plain slices. A [`Job`] is written once, over [`Lanes`], and compiled for
//! each set; which one runs is decided when an engine is made.
//! Never: a set that this machine lacks: its [`Lanes`] cannot be made there.

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod cell;
mod lanes;
mod level;
#[cfg(feature = "train")]
mod matrix;
mod portable;

pub(super) use cell::{EXPONENTS, Gates, exp, sigmoid, step, tanh};
pub(super) use lanes::{LANES, Lanes, PAIR, QUAD};
pub use level::Level;
pub(super) use level::{Here, Job};
#[cfg(feature = "train")]
pub use matrix::{Matrix, multiply};
