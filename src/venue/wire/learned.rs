//! What was learned from frames: templates, found by a sketch of the frame.
//!
//! Small frames of a stream differ in little but digits. So the first ones of a kind are read by
//! the venue's scanner, and then once more with a kernel that hands out tokens for numbers
//! ([`super::trace`]): where a token ends up is where the number goes. That makes a [`Template`],
//! with which the next frames are compared byte by byte and read without looking for anything. A
//! scanner need not know; it opts in by [`Scanner::is_worth_learning`].
//!
//! In: short frames. Out: their events.
//! Never: a template from a frame that was not taken, one for other listings, more of them than
//! there is room for, or an event that the scanner would not have given.

use super::kernel::Kernel;
use super::portable::Portable;
use super::template::{Template, sketch};
use super::trace::{Trace, Tracing};
use crate::event::Level;
use crate::limits::{FRAME_BYTES_LEARNED, FRAME_LEVELS_LEARNED, TEMPLATES_MAX};
use crate::venue::contract::{Decoded, Input, Listings, Placed, Scanner};

/// Templates that share a place.
const WAYS: usize = 2;

const PLACES: usize = TEMPLATES_MAX / WAYS;

/// How often at most a frame must come in vain before it replaces another's template.
const PATIENCE_MAX: u32 = 256;

/// Templates, two for each place.
#[derive(Clone, Debug)]
pub struct Learned {
    templates: Box<[[Template; WAYS]]>,
    waiting: Box<[Waiting]>,
    /// Sketch of the last frame, where no template fitted.
    missed: Option<u64>,
}

/// Who comes next at a place: two streams that meet there must not push each other out all the
/// time.
#[derive(Clone, Copy, Debug, Default)]
struct Waiting {
    sketch: u64,
    seen: u32,
    patience: u32,
    /// Who has to go.
    turn: usize,
}

/// Reads a frame by a template; `None` where there is none, and then nothing was taken.
#[inline(always)]
pub fn replay<K: Kernel>(
    kernel: K,
    input: &Input<'_>,
    listings: &Listings,
    out: &mut Decoded,
) -> Option<()> {
    let Decoded { learned, events, levels, .. } = out;
    learned.missed = None;
    if input.bytes.len() > FRAME_BYTES_LEARNED {
        return None;
    }
    let sketch = sketch(kernel, input.bytes);
    for template in &learned.templates[place(sketch)] {
        if template.sketch == sketch
            && template.is_of(listings)
            && template.fits(kernel, input.bytes)
        {
            return template.read(kernel, input, events, levels);
        }
    }
    learned.missed = Some(sketch);
    None
}

/// Learns from a frame that the scanner `S` has just taken and no template fitted.
#[inline(always)]
pub fn learn<S: Scanner>(input: &Input<'_>, listings: &Listings, out: &mut Decoded) {
    if let Some(sketch) = out.learned.missed
        && let [placed] = out.events[..]
        && out.levels.len() <= FRAME_LEVELS_LEARNED
        && out.sequence.is_none()
    {
        learn_one::<S>(sketch, &placed, input, listings, out);
    }
}

#[cold]
#[inline(never)]
fn learn_one<S: Scanner>(
    sketch: u64,
    placed: &Placed,
    input: &Input<'_>,
    listings: &Listings,
    out: &mut Decoded,
) {
    if !out.learned.is_due(sketch) {
        return;
    }
    let mut levels = [Level::default(); FRAME_LEVELS_LEARNED];
    let count = out.levels.len();
    levels[..count].copy_from_slice(&out.levels);
    let template = traced::<S>(input, listings, out)
        .and_then(|template| proven(template, placed, &levels[..count], input, out));
    if let Some(mut template) = template {
        (template.sketch, template.edition) = (sketch, listings.edition());
        out.learned.keep(&template);
    }
    // The result is the scanner's own, whatever became of the template.
    out.events.clear();
    out.events.push(*placed);
    out.levels.clear();
    out.levels.extend_from_slice(&levels[..count]);
}

/// The template of a frame.
fn traced<S: Scanner>(
    input: &Input<'_>,
    listings: &Listings,
    out: &mut Decoded,
) -> Option<Template> {
    let trace = Trace::default();
    out.clear();
    S::scan(Tracing(&trace), input, listings, out)?;
    let [placed] = &out.events[..] else {
        return None;
    };
    Template::new(input.bytes, &trace, placed, &out.levels)
}

/// The template, if it reads its own frame as the scanner did.
fn proven(
    mut template: Template,
    placed: &Placed,
    levels: &[Level],
    input: &Input<'_>,
    out: &mut Decoded,
) -> Option<Template> {
    out.clear();
    template.read(Portable, input, &mut out.events, &mut out.levels)?;
    let read = out.events.last()?;
    template.set_midnight(read.head.venue_ns, placed.head.venue_ns)?;
    let same = template.fits(Portable, input.bytes)
        && read.head.body == placed.head.body
        && (read.start, read.count) == (placed.start, placed.count)
        && out.levels == levels;
    same.then_some(template)
}

impl Learned {
    /// Room for all that is ever learned.
    pub fn with_capacity() -> Learned {
        Learned {
            templates: vec![[Template::none(); WAYS]; PLACES].into_boxed_slice(),
            waiting: vec![Waiting { patience: 1, ..Waiting::default() }; PLACES].into_boxed_slice(),
            missed: None,
        }
    }

    /// Has this frame waited long enough?
    fn is_due(&mut self, sketch: u64) -> bool {
        let waiting = &mut self.waiting[place(sketch)];
        if waiting.sketch != sketch {
            (waiting.sketch, waiting.seen) = (sketch, 0);
        }
        waiting.seen += 1;
        waiting.seen > waiting.patience
    }

    /// Puts a template into its place.
    fn keep(&mut self, template: &Template) {
        let place = place(template.sketch);
        let waiting = &mut self.waiting[place];
        let old = &mut self.templates[place][waiting.turn];
        if old.edition == template.edition {
            waiting.patience = (waiting.patience * 2).min(PATIENCE_MAX);
        }
        (waiting.seen, waiting.turn) = (0, (waiting.turn + 1) % WAYS);
        *old = *template;
    }
}

/// Where templates with this sketch are.
#[inline(always)]
fn place(sketch: u64) -> usize {
    // The upper bits of a product depend on all bits of its factors.
    (((sketch >> 32) * PLACES as u64) >> 32) as usize
}
