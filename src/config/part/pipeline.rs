//! `[pipeline]`: which stages share a core, what is measured, which instructions are used.

use super::super::section::{Bound, Section};
use crate::limits;
use crate::venue::wire::FastLevel;

/// Which stages share a core, as a user names it. What it comes to is the pipeline's to decide.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// All hot stages on one core.
    One,
    /// Each venue's on a core of its own.
    VenuePerCore,
    /// Each stage on a core of its own.
    StagePerCore,
    /// What fits the host.
    Auto,
}

/// How the machine is laid out.
#[derive(Clone, Copy, Debug)]
pub struct Pipeline {
    /// Which stages share a core.
    pub layout: Layout,
    /// One frame in this many has its stages measured one by one; a power of two.
    pub sample_every: u64,
    /// Bind hot threads to cores.
    pub pin: bool,
    /// Instruction set of the fast path; `None` is the best that the machine has.
    pub simd: Option<FastLevel>,
}

const SAMPLE_EVERY: Bound =
    Bound::new("frames", 1, limits::SAMPLE_EVERY_MAX, "limit SAMPLE_EVERY_MAX").power();

impl Pipeline {
    pub(in crate::config) fn read(mut section: Section<'_>) -> Option<Pipeline> {
        let layout = section.text(
            "layout",
            "\"one\", \"venue-per-core\", \"stage-per-core\" or \"auto\"",
            |text| match text {
                "one" => Some(Layout::One),
                "venue-per-core" => Some(Layout::VenuePerCore),
                "stage-per-core" => Some(Layout::StagePerCore),
                "auto" => Some(Layout::Auto),
                _ => None,
            },
        );
        let sample_every = section.whole("sample_every", SAMPLE_EVERY);
        let pin = section.flag("pin");
        let available = FastLevel::available();
        let names: Vec<_> = available.iter().map(|level| level.name()).collect();
        let expected =
            format!("\"auto\" or an instruction set of this machine ({})", names.join(", "));
        let simd = section.text("simd", &expected, |text| match text {
            "auto" => Some(None),
            name => available.iter().find(|level| level.name() == name).map(|level| Some(*level)),
        });
        section.finish();
        Some(Pipeline { layout: layout?, sample_every: sample_every?, pin: pin?, simd: simd? })
    }
}
