//! `[paper]`: how the venues behave that trade paper money, and how what they trade is reckoned.

use super::super::section::{Bound, Section};
use crate::ledger::Lots;
use crate::limits;

/// How paper money is traded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Paper {
    /// From our sending an order to its arrival at the venue, ns of logical time.
    pub order_latency_ns: i64,
    /// From something happening at the venue to our hearing of it, ns of logical time.
    pub report_latency_ns: i64,
    /// Which part of a position goes first when it is made smaller.
    pub lots: Lots,
}

const LATENCY: Bound =
    Bound::new("us", 0, limits::PAPER_LATENCY_US_MAX, "limit PAPER_LATENCY_US_MAX");

impl Paper {
    pub(in crate::config) fn read(mut section: Section<'_>) -> Option<Paper> {
        let order_latency_us = section.whole("order_latency_us", LATENCY);
        let report_latency_us = section.whole("report_latency_us", LATENCY);
        let lots = section.text("lots", "\"average\" or \"fifo\"", |text| match text {
            "average" => Some(Lots::Average),
            "fifo" => Some(Lots::Fifo),
            _ => None,
        });
        section.finish();
        Some(Paper {
            order_latency_ns: order_latency_us? as i64 * 1_000,
            report_latency_ns: report_latency_us? as i64 * 1_000,
            lots: lots?,
        })
    }
}
