//! What a scan found: everything that a page or a JSON answer is made from.

use std::sync::Arc;

use directory::Rights;
use history::bundle::Anchored;
use history::gather::GatheredHistory;
use history::scans::Evidence;
use history::{ItemState, Reason, TagCheck, Withdrawal};
use sql::owners::Registered;
use sql::scans::ScanTotals;

use crate::config::Config;
use crate::scan::ScanRequest;
use crate::scanned::Scanned;

/// A scan with its answer.
#[derive(Debug, Clone)]
pub struct ScanResult {
    /// Who scanned, when and where.
    pub request: ScanRequest,
    /// The item's history; none if no record names the code.
    pub gathered: Option<GatheredHistory>,
    /// What the history adds up to.
    pub state: ItemState,
    /// What the chip showed, if there was one.
    pub tag: TagCheck,
    /// Why the verdict was given.
    pub reason: Reason,
    /// What this scan hints at, which decides nothing.
    pub hints: Vec<Evidence>,
    /// Time of the block by which everything that counts existed, and how many endpoints confirmed it.
    pub anchored: Option<Anchored>,
    /// How often consumers scanned the item, this time included; nothing if no record names the code.
    pub scans: ScanTotals,
    /// What people registered of the item, if its product has hidden codes or may have chips.
    pub registered: Registered,
    /// Whether whoever scans tapped the item's chip, and may have bought it.
    pub is_held: bool,
    /// What was asked for.
    pub code: Scanned,
    /// Who may say what, as it was when the history was read.
    pub rights: Arc<Rights>,
}

impl ScanResult {
    /// Where the issuer says what to do, if the item was recalled and that is configured.
    #[must_use]
    pub fn recall_url<'a>(&self, config: &'a Config) -> Option<&'a str> {
        if self.reason != Reason::Withdrawn(Withdrawal::Recalled) {
            return None;
        }
        let product = config.names.product(&self.code.gtin)?;
        product.recall_url.as_deref()
    }
}
