//! Room that is in memory before it is used: its pages are written at start, so that none is
//! fetched while a frame waits.

/// A vector of `len` elements.
pub(super) fn filled<T: Copy>(len: usize, value: T) -> Vec<T> {
    let mut room = Vec::with_capacity(len);
    // The black box keeps zeroes from becoming a request for untouched pages.
    room.resize(len, std::hint::black_box(value));
    room
}

/// An empty vector with room for `capacity` elements, of which the first `warm` are in memory: the
/// rest is for a worst case, and pages that are never needed never become resident.
pub(super) fn spare<T: Copy>(capacity: usize, warm: usize, value: T) -> Vec<T> {
    let mut room = Vec::with_capacity(capacity);
    room.resize(warm.min(capacity), std::hint::black_box(value));
    room.clear();
    room
}
