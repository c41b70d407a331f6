//! Arrays of any shape, and the operations of a graph that move numbers about.
//!
//! In: constants of a file. Out: constants.
//! Never: more numbers than the budget of the file, however often it repeats itself.

use std::cell::Cell;

use crate::limits;

/// Numbers in a shape, the last axis the quickest.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Array<T> {
    pub(super) dims: Vec<usize>,
    pub(super) data: Vec<T>,
}

/// Numbers that may still be made out of a file: a few bytes there may ask for gigabytes.
#[derive(Debug)]
pub(super) struct Budget(Cell<usize>);

/// Why an operation cannot be done, in words.
pub(super) type Refused = String;

impl Budget {
    pub(super) fn of_file(bytes: usize) -> Budget {
        Budget(Cell::new(bytes + (1 << 16)))
    }

    pub(super) fn take(&self, numbers: usize) -> Result<(), Refused> {
        let left = self.0.get().checked_sub(numbers);
        let left = left.ok_or("the graph makes more numbers than its file can mean")?;
        self.0.set(left);
        Ok(())
    }
}

/// `axis` as a place among `rank`, where below 0 counts from the end.
pub(super) fn place(axis: i64, rank: usize) -> Result<usize, Refused> {
    let signed = if axis < 0 { axis.checked_add(rank as i64) } else { Some(axis) };
    let place = signed.and_then(|axis| usize::try_from(axis).ok()).filter(|axis| *axis < rank);
    place.ok_or_else(|| format!("axis {axis} of {rank}"))
}

/// The part of an axis of `size` that `Slice` with a step of 1 keeps: first, and one past the last.
pub(super) fn span(start: i64, end: i64, size: usize) -> (usize, usize) {
    let size = size as i64;
    let bound = |at: i64| (if at < 0 { at.saturating_add(size) } else { at }).clamp(0, size);
    let (start, end) = (bound(start), bound(end));
    (start as usize, end.max(start) as usize)
}

impl<T: Copy> Array<T> {
    /// Checked: as many numbers as the shape asks for, and no more axes than any tensor has.
    pub(super) fn new(dims: Vec<usize>, data: Vec<T>) -> Result<Array<T>, Refused> {
        let count = dims.iter().try_fold(1_usize, |count, size| count.checked_mul(*size));
        // A size of 0 would let the others be anything.
        let is_void = data.is_empty() && dims.len() > 1;
        if count != Some(data.len()) || is_void || dims.len() > limits::MODEL_RANK_MAX {
            return Err(format!("{} numbers for the shape {dims:?}", data.len()));
        }
        Ok(Array { dims, data })
    }

    pub(super) fn rank(&self) -> usize {
        self.dims.len()
    }

    pub(super) fn reshaped(&self, sizes: &[i64], budget: &Budget) -> Result<Array<T>, Refused> {
        budget.take(self.data.len())?;
        let mut dims = Vec::new();
        for (n, size) in sizes.iter().enumerate() {
            dims.push(match size {
                0 => *self.dims.get(n).ok_or("a size of 0 without one to copy")?,
                -1 => 1,
                size => usize::try_from(*size).map_err(|_| format!("size {size}"))?,
            });
        }
        if let Some(free) = sizes.iter().position(|size| *size == -1) {
            let rest = dims.iter().try_fold(1_usize, |rest, size| rest.checked_mul(*size));
            dims[free] =
                rest.and_then(|rest| self.data.len().checked_div(rest)).unwrap_or_default();
        }
        Array::new(dims, self.data.clone())
    }

    pub(super) fn transposed(&self, order: &[usize], budget: &Budget) -> Result<Array<T>, Refused> {
        budget.take(self.data.len())?;
        let mut strides = vec![1; self.rank()];
        for n in (1..self.rank()).rev() {
            strides[n - 1] = strides[n] * self.dims[n];
        }
        let dims: Vec<usize> = order.iter().map(|n| self.dims[*n]).collect();
        let mut data = Vec::with_capacity(self.data.len());
        for n in 0..self.data.len() {
            let (mut left, mut from) = (n, 0);
            for (size, axis) in dims.iter().zip(order).rev() {
                from += left % size * strides[*axis];
                left /= size;
            }
            data.push(self.data[from]);
        }
        Array::new(dims, data)
    }

    /// What stands at these places of an axis, in this order.
    pub(super) fn picked(
        &self,
        axis: usize,
        places: impl ExactSizeIterator<Item = usize> + Clone,
        budget: &Budget,
    ) -> Result<Array<T>, Refused> {
        let outer: usize = self.dims[..axis].iter().product();
        let inner: usize = self.dims[axis + 1..].iter().product();
        let size = self.dims[axis];
        let count = outer.checked_mul(inner).and_then(|count| count.checked_mul(places.len()));
        budget.take(count.unwrap_or(usize::MAX))?;
        let mut dims = self.dims.clone();
        dims[axis] = places.len();
        let mut data = Vec::new();
        for block in 0..outer {
            for place in places.clone() {
                let from = (block * size + place) * inner;
                data.extend_from_slice(self.data.get(from..from + inner).ok_or("a place beyond")?);
            }
        }
        Array::new(dims, data)
    }

    pub(super) fn joined(
        all: &[&Array<T>],
        axis: usize,
        budget: &Budget,
    ) -> Result<Array<T>, Refused> {
        let first = all.first().ok_or("nothing to join")?;
        let rest = |array: &Array<T>| {
            let mut dims = array.dims.clone();
            dims.remove(axis);
            dims
        };
        if all.iter().any(|array| array.rank() != first.rank() || rest(array) != rest(first)) {
            return Err(String::from("parts of different shapes"));
        }
        budget.take(all.iter().map(|array| array.data.len()).sum())?;
        let outer: usize = first.dims[..axis].iter().product();
        let mut dims = first.dims.clone();
        dims[axis] = all.iter().map(|array| array.dims[axis]).sum();
        let mut data = Vec::new();
        for block in 0..outer {
            for array in all {
                let inner = array.data.len() / outer;
                data.extend_from_slice(&array.data[block * inner..(block + 1) * inner]);
            }
        }
        Array::new(dims, data)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn array(dims: &[usize]) -> Array<i64> {
        let count: usize = dims.iter().product();
        Array::new(dims.to_vec(), (0..count as i64).collect()).unwrap()
    }

    #[test]
    fn numbers_go_where_the_operators_say() {
        let budget = Budget::of_file(0);
        let a = array(&[2, 3]);
        assert_eq!(a.transposed(&[1, 0], &budget).unwrap().data, [0, 3, 1, 4, 2, 5]);
        let three = array(&[2, 3, 4]).transposed(&[2, 0, 1], &budget).unwrap();
        assert_eq!((three.dims, three.data[1], three.data[23]), (vec![4, 2, 3], 4, 23));
        assert_eq!(a.picked(1, [2, 0].into_iter(), &budget).unwrap().data, [2, 0, 5, 3]);
        assert_eq!(a.reshaped(&[0, -1, 1], &budget).unwrap().dims, [2, 3, 1]);
        let joined = Array::joined(&[&a, &a], 1, &budget).unwrap();
        assert_eq!(joined.data, [0, 1, 2, 0, 1, 2, 3, 4, 5, 3, 4, 5]);
        assert_eq!(
            (span(-1, i64::MAX, 5), span(1, -1, 5), span(9, 2, 5)),
            ((4, 5), (1, 4), (5, 5))
        );
    }

    #[test]
    fn what_does_not_fit_or_costs_too_much_is_refused() {
        let budget = Budget::of_file(0);
        let a = array(&[64, 64]);
        assert!(Array::new(vec![usize::MAX, 2], vec![0]).is_err());
        assert!(a.reshaped(&[5, -1], &budget).is_err());
        assert!(place(2, 2).is_err() && place(-3, 2).is_err() && place(i64::MIN, 2).is_err());
        assert!(Array::joined(&[&a, &array(&[3, 2])], 0, &budget).is_err());
        let repeated = (0..99).map(|_| a.reshaped(&[-1], &budget)).find_map(Result::err);
        assert!(repeated.unwrap().contains("more numbers"));
    }
}
