//! Holes in a connection's own counter (Coinbase's `sequence_num`).
//!
//! In: the counter of each frame. Out: whether the frame is the next one, and what is missing.
//! Never: a verdict on a connection that counts nothing.

/// What the counter of a frame says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// The next one, or the first that was seen.
    Next,
    /// Frames before it are missing: this many.
    Gap(u64),
    /// It came before: a duplicate, or out of order.
    Old,
    /// The venue has begun to count anew: a new session on this connection.
    Restart,
}

/// The counter of one connection.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sequence {
    next: Option<u64>,
}

impl Sequence {
    /// Takes the counter of the next frame.
    #[inline]
    pub fn on(&mut self, sequence: u64) -> Order {
        let next = self.next.replace(sequence.wrapping_add(1));
        match next {
            None => Order::Next,
            Some(next) if sequence == next => Order::Next,
            Some(next) if sequence > next => Order::Gap(sequence - next),
            // A session counts from 0; a duplicate of the very first frame is only that.
            Some(next) if sequence == 0 && next > 1 => Order::Restart,
            Some(next) => {
                self.next = Some(next);
                Order::Old
            }
        }
    }

    /// Forgets what it has seen: the next frame is the first of a new session.
    pub fn reset(&mut self) {
        self.next = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_from_wherever_the_first_frame_stands() {
        let mut sequence = Sequence::default();
        let seen: Vec<Order> = [7, 8, 11, 12, 12, 9, 13].map(|n| sequence.on(n)).into();
        let expected = [
            Order::Next,
            Order::Next,
            Order::Gap(2),
            Order::Next,
            Order::Old,
            Order::Old,
            Order::Next,
        ];
        assert_eq!(seen, expected);
    }

    #[test]
    fn zero_after_others_begins_a_new_session() {
        let mut sequence = Sequence::default();
        let seen: Vec<Order> = [0, 0, 1, 2, 0, 1].map(|n| sequence.on(n)).into();
        let expected =
            [Order::Next, Order::Old, Order::Next, Order::Next, Order::Restart, Order::Next];
        assert_eq!(seen, expected);
    }
}
