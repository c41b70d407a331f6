//! What is known of a value in a graph without running it.

use std::rc::Rc;

use super::super::network::{Dense, Output};
use super::array::Array;

/// One value.
#[derive(Clone, Debug)]
pub(super) enum Value {
    /// A constant.
    Floats(Rc<Array<f32>>),
    /// Whole numbers: constants, or sizes of what comes in.
    Ints(Rc<Array<Size>>),
    /// Zeroes of any shape: states to begin with.
    Zeroes,
    /// What depends on the inputs.
    Symbol(Rc<Symbol>),
    /// What is not understood; an error only where an output depends on it.
    Unknown(Rc<Obstacle>),
}

/// The first node that was not understood.
#[derive(Clone, Debug)]
pub(super) struct Obstacle {
    pub(super) node: String,
    pub(super) operator: String,
    pub(super) why: String,
}

/// A whole number that may depend on the inputs' shapes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Size {
    Known(i64),
    /// The size of a free axis.
    Of(Free),
}

/// An axis of an input whose size is not part of the network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Free {
    /// Axis 0 or 1 of the features, 2 for the states' own.
    pub(super) axis: u8,
    /// Its size where the file says it.
    pub(super) size: Option<usize>,
}

/// An axis of a symbol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Axis {
    Fixed(usize),
    Free(Free),
}

/// A tensor that depends on the inputs.
#[derive(Clone, Debug)]
pub(super) struct Symbol {
    pub(super) axes: Vec<Axis>,
    pub(super) what: What,
}

/// What a tensor holds.
#[derive(Clone, Debug)]
pub(super) enum What {
    /// The features.
    Input,
    /// A state that comes in: which one.
    State(usize),
    /// Hidden states of a layer, of all rows.
    Sequence(usize),
    /// Hidden states of a layer after the last row.
    Last(usize),
    /// Cells of a layer after the last row.
    Cell(usize),
    /// Several of them, one after the other along an axis.
    Stack(usize, Rc<[What]>),
    /// Values of the head.
    Head(Rc<Head>),
}

/// The head so far.
#[derive(Clone, Debug)]
pub(super) struct Head {
    /// The LSTM layer that it stands on.
    pub(super) layer: usize,
    /// Is there still a value for each row?
    pub(super) is_sequence: bool,
    pub(super) dense: Vec<Dense>,
    pub(super) output: Output,
}

impl Axis {
    pub(super) fn size(self) -> Size {
        match self {
            Axis::Fixed(size) => Size::Known(size as i64),
            Axis::Free(Free { size: Some(size), .. }) => Size::Known(size as i64),
            Axis::Free(free) => Size::Of(free),
        }
    }

    /// Is it known to have one entry?
    pub(super) fn is_one(self) -> bool {
        self.size() == Size::Known(1)
    }
}

impl Value {
    pub(super) fn symbol(axes: Vec<Axis>, what: What) -> Value {
        Value::Symbol(Rc::new(Symbol { axes, what }))
    }

    /// Whole numbers that are all known.
    pub(super) fn known(&self) -> Option<Vec<i64>> {
        let Value::Ints(array) = self else { return None };
        let known = |size: &Size| match size {
            Size::Known(n) => Some(*n),
            Size::Of(_) => None,
        };
        array.data.iter().map(known).collect()
    }
}
