//! Where four numbers of a template stand: they are read side by side.
//!
//! In: digits' places, when a template is made. Out: where to load, and how to shuffle.
//! Never: a place that is not within the frame that it was made from.

/// From which place on sixteen bytes are taken for each number, and which of those bytes is which
/// digit, the most significant first. A place above 15 is a zero.
#[derive(Clone, Copy, Debug)]
#[repr(C, align(64))]
pub struct Lanes {
    control: [[u8; 16]; 4],
    from: [u16; 4],
    /// At least sixteen above each of `from`.
    reach: u16,
}

impl Lanes {
    /// Four zeros.
    pub(super) const NONE: Lanes = Lanes { control: [[0x80; 16]; 4], from: [0; 4], reach: 16 };

    /// Number `n` ends before `end` and has these digits: powers of ten, and places in the frame.
    /// `None` where it does not fit sixteen bytes or sixteen digits.
    pub(super) fn put(
        &mut self,
        n: usize,
        end: usize,
        digits: impl Iterator<Item = (usize, usize)>,
    ) -> Option<()> {
        let from = end.checked_sub(16)?;
        self.reach = self.reach.max(u16::try_from(end).ok()?);
        self.from[n] = from as u16;
        for (power, place) in digits {
            let place = place.checked_sub(from).filter(|place| *place < 16)?;
            *self.control[n].get_mut(15_usize.checked_sub(power)?)? = place as u8;
        }
        Some(())
    }

    /// The first of the sixteen bytes of number `n`.
    #[inline(always)]
    pub(super) fn from(&self, n: usize) -> usize {
        usize::from(self.from[n])
    }

    /// At least sixteen above [`Lanes::from`] of every number: none was put that ends behind it.
    #[inline(always)]
    pub(super) fn reach(&self) -> usize {
        usize::from(self.reach)
    }

    /// Which of the sixteen bytes is which digit of number `n`.
    #[inline(always)]
    pub(super) fn control(&self, n: usize) -> &[u8; 16] {
        &self.control[n]
    }

    /// The same of all four.
    #[inline(always)]
    pub(super) fn controls(&self) -> &[u8; 64] {
        let (all, _) = self.control.as_flattened().as_chunks::<64>();
        &all[0]
    }
}
