//! What a scan found: everything that a page or a JSON answer is made from.

use history::bundle::Anchored;
use history::gather::GatheredHistory;
use history::{ItemState, Reason};

use crate::scan::ScanRequest;

/// A scan with its answer.
#[derive(Debug, Clone)]
pub struct ScanResult {
    /// Who scanned, when and where.
    pub request: ScanRequest,
    /// The item's history; none if no record names the code.
    pub gathered: Option<GatheredHistory>,
    /// What the history adds up to.
    pub state: ItemState,
    /// Why the verdict was given.
    pub reason: Reason,
    /// Time of the block by which everything that counts existed, and how many endpoints confirmed it.
    pub anchored: Option<Anchored>,
}
