//! What a run came to, for the report.

use std::collections::BTreeMap;

use demo::traffic;

use super::check::Check;
use super::series::Series;

/// What a run came to.
pub struct Outcome {
    /// Its seconds.
    pub series: Series,
    /// Captures; none if none were sent.
    pub captures: Option<traffic::Report>,
    /// Scans; none if none were sent.
    pub scans: Option<traffic::Report>,
    /// What was checked at the end.
    pub checks: Vec<Check>,
    /// Verdicts of the scans, each with how often it was given.
    pub verdicts: BTreeMap<String, u64>,
    /// Whether it was ended before its time.
    pub was_stopped: bool,
}
