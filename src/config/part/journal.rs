//! `[journal]`: how sessions are written, and how much disk they may take.

use super::super::section::{Bound, Section};
use crate::journal::Options;
use crate::limits;

/// How sessions are written.
#[derive(Clone, Copy, Debug)]
pub struct Journal {
    /// What the writer is told.
    pub options: Options,
}

const SEGMENT: Bound =
    Bound::new("MiB", 1, limits::JOURNAL_SEGMENT_MIB_MAX, "limit JOURNAL_SEGMENT_MIB_MAX");

const QUOTA: Bound =
    Bound::new("MiB", 2, limits::JOURNAL_QUOTA_MIB_MAX, "limit JOURNAL_QUOTA_MIB_MAX");

const BLOCK: Bound = Bound::new(
    "KiB",
    limits::JOURNAL_BLOCK_KIB_MIN,
    limits::JOURNAL_BLOCK_KIB_MAX,
    "limits JOURNAL_BLOCK_KIB_MIN, JOURNAL_BLOCK_KIB_MAX",
);

impl Journal {
    pub(in crate::config) fn read(mut section: Section<'_>) -> Option<Journal> {
        let segment_mib = section.whole("segment_mib", SEGMENT);
        let quota_mib = section.whole("quota_mib", QUOTA);
        let block_kib = section.whole("block_kib", BLOCK);
        let compress = section.flag("compress");
        if let (Some(segment), Some(block)) = (segment_mib, block_kib)
            && block > segment << 10
        {
            let found = format!("{block} KiB");
            let expected = format!("at most the {segment} MiB of a segment");
            section.note(
                "block_kib",
                found,
                &expected,
                String::from("lower it, or raise segment_mib"),
            );
        }
        if let (Some(segment), Some(quota)) = (segment_mib, quota_mib)
            && quota < 2 * segment
        {
            let found = format!("{quota} MiB");
            let expected = format!("at least two segments of {segment} MiB");
            section.note(
                "quota_mib",
                found,
                &expected,
                String::from("raise it, or lower segment_mib"),
            );
        }
        section.finish();
        let options = Options {
            segment_bytes_max: segment_mib? << 20,
            quota_bytes: quota_mib? << 20,
            block_bytes: (block_kib? as usize) << 10,
            compress: compress?,
        };
        Some(Journal { options })
    }
}
