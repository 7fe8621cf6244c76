//! The ledger that a writer writes, with everything that preparing its records needs.

use std::collections::HashMap;
use std::sync::Arc;

use process::Context;
use sql::LedgerId;

use crate::config::Site;

/// Where a despatch advice is expected: SGLN of the receiving location, and the ledger of its site.
pub type Destinations = Arc<HashMap<String, LedgerId>>;

/// A site's ledger. Nothing in it changes while the writer runs.
#[derive(Debug, Clone)]
pub struct SiteLedger {
    /// Its number in the database.
    pub id: LedgerId,
    /// Its party, keys and rules.
    pub site: Arc<Site>,
    /// The ledgers of all sites of this installation.
    pub destinations: Destinations,
    /// Clock, randomness, crash points.
    pub context: Context,
}
