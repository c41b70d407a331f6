//! Glue: operators that move, cut and join values and change none.
//!
//! In: values. Out: values. What is done to a constant is done; what is done to a tensor that
//! depends on the inputs is followed by its axes.
//! Never: a rule that holds for some input only.

use std::rc::Rc;

use super::array::{Array, Budget, Refused, place, span};
use super::value::{Axis, Size, Symbol, Value, What};

/// Exchanges axes.
pub(super) fn transpose(of: &Value, order: &[i64], budget: &Budget) -> Result<Value, Refused> {
    let places = |rank: usize| -> Result<Vec<usize>, Refused> {
        let mut order = order.to_vec();
        if order.is_empty() {
            order = (0..rank as i64).rev().collect();
        }
        let mut sorted = order.clone();
        sorted.sort_unstable();
        let is_order = sorted.into_iter().eq(0..rank as i64);
        let order = order.into_iter().map(|n| n as usize).collect();
        if is_order { Ok(order) } else { Err(format!("perm is no order of {rank} axes")) }
    };
    match of {
        Value::Floats(a) => Ok(Value::Floats(Rc::new(a.transposed(&places(a.rank())?, budget)?))),
        Value::Ints(a) => Ok(Value::Ints(Rc::new(a.transposed(&places(a.rank())?, budget)?))),
        Value::Symbol(symbol) => {
            let order = places(symbol.axes.len())?;
            let axes = order.iter().map(|n| symbol.axes[*n]).collect();
            let moved = |at: usize| order.iter().position(|n| *n == at).unwrap_or_default();
            Ok(Value::symbol(axes, symbol.what.with_stack(moved)))
        }
        other => Ok(other.clone()),
    }
}

/// Removes axes of one entry; all of them where none is named.
pub(super) fn squeeze(of: &Value, axes: Option<&[i64]>, budget: &Budget) -> Result<Value, Refused> {
    let rank = match of {
        Value::Floats(a) => a.rank(),
        Value::Ints(a) => a.rank(),
        Value::Symbol(symbol) => symbol.axes.len(),
        other => return Ok(other.clone()),
    };
    let is_one = |n: usize| match of {
        Value::Floats(a) => a.dims[n] == 1,
        Value::Ints(a) => a.dims[n] == 1,
        Value::Symbol(symbol) => symbol.axes[n].is_one(),
        _ => false,
    };
    let gone: Vec<usize> = match axes {
        Some(axes) => axes.iter().map(|axis| place(*axis, rank)).collect::<Result<_, _>>()?,
        None => (0..rank).filter(|n| is_one(*n)).collect(),
    };
    if let Some(n) = gone.iter().find(|n| !is_one(**n)) {
        return Err(format!("axis {n} has not one entry"));
    }
    let kept: Vec<usize> = (0..rank).filter(|n| !gone.contains(n)).collect();
    match of {
        Value::Symbol(symbol) => {
            let axes = kept.iter().map(|n| symbol.axes[*n]).collect();
            let moved = |at: usize| kept.iter().position(|n| *n == at).unwrap_or_default();
            Ok(Value::symbol(axes, symbol.what.with_stack(moved)))
        }
        Value::Floats(a) => {
            let sizes: Vec<i64> = kept.iter().map(|n| a.dims[*n] as i64).collect();
            Ok(Value::Floats(Rc::new(a.reshaped(&sizes, budget)?)))
        }
        Value::Ints(a) => {
            let sizes: Vec<i64> = kept.iter().map(|n| a.dims[*n] as i64).collect();
            Ok(Value::Ints(Rc::new(a.reshaped(&sizes, budget)?)))
        }
        other => Ok(other.clone()),
    }
}

/// Puts in axes of one entry.
pub(super) fn unsqueeze(of: &Value, axes: &[i64], budget: &Budget) -> Result<Value, Refused> {
    let with = |rank: usize| -> Result<Vec<usize>, Refused> {
        let full = rank + axes.len();
        let mut places: Vec<usize> =
            axes.iter().map(|axis| place(*axis, full)).collect::<Result<_, _>>()?;
        places.sort_unstable();
        places.dedup();
        if places.len() == axes.len() { Ok(places) } else { Err(String::from("an axis twice")) }
    };
    let sizes = |dims: &[usize]| -> Result<Vec<i64>, Refused> {
        let mut sizes: Vec<i64> = dims.iter().map(|size| *size as i64).collect();
        with(dims.len())?.into_iter().for_each(|at| sizes.insert(at, 1));
        Ok(sizes)
    };
    match of {
        Value::Floats(a) => Ok(Value::Floats(Rc::new(a.reshaped(&sizes(&a.dims)?, budget)?))),
        Value::Ints(a) => Ok(Value::Ints(Rc::new(a.reshaped(&sizes(&a.dims)?, budget)?))),
        Value::Symbol(symbol) => {
            let places = with(symbol.axes.len())?;
            let mut axes = symbol.axes.clone();
            places.iter().for_each(|at| axes.insert(*at, Axis::Fixed(1)));
            let moved = |at| places.iter().fold(at, |at, new| at + usize::from(*new <= at));
            Ok(Value::symbol(axes, symbol.what.with_stack(moved)))
        }
        other => Ok(other.clone()),
    }
}

/// Gives another shape. A tensor that depends on the inputs keeps its axes, but for those of one
/// entry.
pub(super) fn reshape(of: &Value, shape: &Value, budget: &Budget) -> Result<Value, Refused> {
    let known = || shape.known().ok_or_else(|| String::from("a constant in a shape not known"));
    match of {
        Value::Floats(a) => Ok(Value::Floats(Rc::new(a.reshaped(&known()?, budget)?))),
        Value::Ints(a) => Ok(Value::Ints(Rc::new(a.reshaped(&known()?, budget)?))),
        Value::Symbol(symbol) => match shape {
            Value::Ints(sizes) => refit(symbol, &sizes.data),
            _ => Err(String::from("its shape is not known")),
        },
        other => Ok(other.clone()),
    }
}

fn refit(symbol: &Symbol, sizes: &[Size]) -> Result<Value, Refused> {
    let from = &symbol.axes;
    let refused = || String::from("it merges or splits axes of the inputs");
    if matches!(symbol.what, What::Stack(..)) {
        return Err(refused());
    }
    let mut axes = Vec::new();
    let mut next = 0;
    for (n, size) in sizes.iter().enumerate() {
        let wanted = match size {
            Size::Known(0) => from.get(n).ok_or_else(refused)?.size(),
            size => *size,
        };
        let many = |axis: &&Axis| !axis.is_one();
        let many_left = from[next.min(from.len())..].iter().filter(many).count();
        let rest = &sizes[n + 1..];
        let many_wanted = rest.iter().filter(|size| **size != Size::Known(1)).count();
        let is_one =
            wanted == Size::Known(1) || wanted == Size::Known(-1) && many_wanted >= many_left;
        if is_one {
            let here = from.get(next).filter(|axis| axis.is_one());
            next += usize::from(here.is_some());
            axes.push(here.copied().unwrap_or(Axis::Fixed(1)));
            continue;
        }
        while from.get(next).is_some_and(|axis| axis.is_one()) {
            next += 1;
        }
        let axis = *from.get(next).ok_or_else(refused)?;
        if wanted != Size::Known(-1) && wanted != axis.size() {
            return Err(refused());
        }
        next += 1;
        axes.push(axis);
    }
    if from[next.min(from.len())..].iter().any(|axis| !axis.is_one()) {
        return Err(refused());
    }
    Ok(Value::symbol(axes, symbol.what.clone()))
}

/// What `Gather` takes: one place of an axis, which it removes, or several, which it keeps.
pub(super) fn gather(
    of: &Value,
    axis: i64,
    index: &Value,
    time: impl Fn(usize) -> Axis,
    budget: &Budget,
) -> Result<Value, Refused> {
    let (Some(index_values), Value::Ints(index)) = (index.known(), index) else {
        return Err(String::from("its indices are not known"));
    };
    if let Value::Symbol(symbol) = of {
        let at = place(axis, symbol.axes.len())?;
        let [one] = index_values[..] else { return Err(String::from("several indices")) };
        let kept = cut(symbol, at, one, one.checked_add(1).filter(|end| *end != 0), time)?;
        return if index.rank() == 0 {
            squeeze(&kept, Some(&[at as i64]), budget)
        } else {
            Ok(kept)
        };
    }
    let (rank, size) = match of {
        Value::Floats(a) => (a.rank(), |axis: usize| a.dims[axis]),
        Value::Ints(a) => return gather_ints(a, axis, &index_values, index.rank(), budget),
        other => return Ok(other.clone()),
    };
    let axis = place(axis, rank)?;
    let places = index_values.iter().map(|n| place(*n, size(axis)));
    let places = places.collect::<Result<Vec<_>, _>>()?;
    let Value::Floats(array) = of else { return Ok(of.clone()) };
    let picked = Value::Floats(Rc::new(array.picked(axis, places.into_iter(), budget)?));
    if index.rank() == 0 { squeeze(&picked, Some(&[axis as i64]), budget) } else { Ok(picked) }
}

fn gather_ints(
    array: &Array<Size>,
    axis: i64,
    index: &[i64],
    rank: usize,
    budget: &Budget,
) -> Result<Value, Refused> {
    let axis = place(axis, array.rank())?;
    let places = index.iter().map(|n| place(*n, array.dims[axis]));
    let places = places.collect::<Result<Vec<_>, _>>()?;
    let picked = Value::Ints(Rc::new(array.picked(axis, places.into_iter(), budget)?));
    if rank == 0 { squeeze(&picked, Some(&[axis as i64]), budget) } else { Ok(picked) }
}

/// A part of an axis, `start .. end`, to its end where there is none.
pub(super) fn slice(
    of: &Value,
    axis: i64,
    (start, end): (i64, i64),
    time: impl Fn(usize) -> Axis,
    budget: &Budget,
) -> Result<Value, Refused> {
    match of {
        Value::Floats(a) => {
            let axis = place(axis, a.rank())?;
            let (from, to) = span(start, end, a.dims[axis]);
            Ok(Value::Floats(Rc::new(a.picked(axis, from..to, budget)?)))
        }
        Value::Ints(a) => {
            let axis = place(axis, a.rank())?;
            let (from, to) = span(start, end, a.dims[axis]);
            Ok(Value::Ints(Rc::new(a.picked(axis, from..to, budget)?)))
        }
        Value::Symbol(symbol) => {
            let axis = place(axis, symbol.axes.len())?;
            cut(symbol, axis, start, Some(end), time)
        }
        other => Ok(other.clone()),
    }
}

/// Part of an axis of what depends on the inputs: all of it, layers of a stack, or the last row.
fn cut(
    symbol: &Symbol,
    at: usize,
    start: i64,
    end: Option<i64>,
    time: impl Fn(usize) -> Axis,
) -> Result<Value, Refused> {
    let end = end.unwrap_or(i64::MAX);
    let mut axes = symbol.axes.clone();
    let axis = axes[at];
    if let Size::Known(size) = axis.size() {
        let (from, to) = span(start, end, size as usize);
        if (from, to) == (0, size as usize) {
            return Ok(Value::symbol(axes, symbol.what.clone()));
        }
        if let What::Stack(along, parts) = &symbol.what
            && *along == at
            && let Some(parts) = parts.get(from..to).filter(|parts| !parts.is_empty())
        {
            axes[at] = Axis::Fixed(parts.len());
            let what = match parts {
                [one] => one.clone(),
                several => What::Stack(at, several.into()),
            };
            return Ok(Value::symbol(axes, what));
        }
    }
    let is_all = start == 0 && end >= i64::from(i32::MAX);
    if is_all {
        return Ok(Value::symbol(axes, symbol.what.clone()));
    }
    let is_last = match axis.size() {
        Size::Known(size) => {
            span(start, end, size as usize) == ((size as usize).saturating_sub(1), size as usize)
        }
        Size::Of(_) => start == -1 && end >= i64::from(i32::MAX),
    };
    let what = match &symbol.what {
        What::Sequence(layer) if axis == time(*layer) && is_last => What::Last(*layer),
        What::Head(head) if head.is_sequence && axis == time(head.layer) && is_last => {
            let mut head = (**head).clone();
            head.is_sequence = false;
            What::Head(Rc::new(head))
        }
        _ => return Err(String::from("it takes a part of the rows or values")),
    };
    axes[at] = Axis::Fixed(1);
    Ok(Value::symbol(axes, what))
}

/// Joins along an axis.
pub(super) fn concat(all: &[Value], axis: i64, budget: &Budget) -> Result<Value, Refused> {
    let mixed = || String::from("it joins values of different kinds");
    match all.first().ok_or("nothing to join")? {
        Value::Floats(first) => {
            let arrays = all.iter().map(|value| match value {
                Value::Floats(array) => Ok(&**array),
                _ => Err(mixed()),
            });
            let arrays = arrays.collect::<Result<Vec<_>, _>>()?;
            Ok(Value::Floats(Rc::new(Array::joined(&arrays, place(axis, first.rank())?, budget)?)))
        }
        Value::Ints(first) => {
            let arrays = all.iter().map(|value| match value {
                Value::Ints(array) => Ok(&**array),
                _ => Err(mixed()),
            });
            let arrays = arrays.collect::<Result<Vec<_>, _>>()?;
            Ok(Value::Ints(Rc::new(Array::joined(&arrays, place(axis, first.rank())?, budget)?)))
        }
        Value::Symbol(first) => {
            let at = place(axis, first.axes.len())?;
            let mut parts = Vec::new();
            for value in all {
                let Value::Symbol(part) = value else { return Err(mixed()) };
                match &part.what {
                    What::Stack(along, inner) if *along == at => parts.extend_from_slice(inner),
                    What::Last(_) | What::Cell(_) | What::State(_) if part.axes[at].is_one() => {
                        parts.push(part.what.clone());
                    }
                    _ => return Err(String::from("it joins more than states")),
                }
            }
            budget.take(parts.len())?;
            let mut axes = first.axes.clone();
            axes[at] = Axis::Fixed(parts.len());
            let what =
                if parts.len() == 1 { parts.remove(0) } else { What::Stack(at, parts.into()) };
            Ok(Value::symbol(axes, what))
        }
        Value::Zeroes if all.iter().all(|value| matches!(value, Value::Zeroes)) => {
            Ok(Value::Zeroes)
        }
        _ => Err(mixed()),
    }
}

impl What {
    /// The same, with the axis of a stack elsewhere.
    fn with_stack(&self, moved: impl Fn(usize) -> usize) -> What {
        match self {
            What::Stack(at, parts) => What::Stack(moved(*at), Rc::clone(parts)),
            other => other.clone(),
        }
    }
}
