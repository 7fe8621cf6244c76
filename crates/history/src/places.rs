//! Places of ledgers that are known already, checked against the signed roots of their ledgers.
//!
//! The way through: [`prove_places`] looks up ledgers, sizes of the hubs and when these had the records in one round trip, what is missing of
//! the trees in a second, and judges ledgers and leaves as [`crate::gather()`] does.
//!
//! What holds: the number of queries depends neither on the number of places nor on that of ledgers; a ledger that cannot be relied on
//! makes all of its places doubtful.
//!
//! Not here: whether a record fits its leaf hash (`crate::projected`), what it means.
//!
//! Source: decision 0106.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use futures::try_join;
use jiff::Timestamp;
use ledger::policy::Policy;
use sql::{Db, LedgerId};

use crate::cache::Cache;
use crate::entry::Fault;
pub use crate::known_ledgers::Leaf;
use crate::known_ledgers::{KnownLedgers, Needs};
pub use crate::standing::LedgerHead;

/// What was found of a place.
#[derive(Debug, Clone)]
pub struct ProvedPlace {
    /// Why it cannot be relied on; none if it leads to the signed root of its ledger.
    pub fault: Option<Fault>,
    /// The ledger, up to its newest checkpoint; none if that is no site's, or has no checkpoint.
    pub ledger: Option<Arc<LedgerHead>>,
    /// Its place in the hub, and when the hub had it; none if the hub does not have it yet.
    pub in_hub: Option<(u64, Timestamp)>,
}

/// Checks places of any ledgers.
///
/// - `leaves`: ledger, index, and the leaf hash of the record that is shown.
///
/// # Errors
///
/// [`sql::Error`] if the database cannot be asked.
pub async fn prove_places(
    db: &Db,
    cache: &Cache,
    policy: &Arc<Policy>,
    leaves: &[Leaf],
) -> Result<HashMap<(LedgerId, u64), ProvedPlace>, sql::Error> {
    if leaves.is_empty() {
        return Ok(HashMap::new());
    }
    let mut ledgers = KnownLedgers::new(db, cache, policy);
    let numbers: BTreeSet<LedgerId> = leaves.iter().map(|leaf| leaf.0).collect();
    let numbers: Vec<LedgerId> = numbers.into_iter().collect();
    let places: Vec<(LedgerId, u64)> = leaves.iter().map(|leaf| (leaf.0, leaf.1)).collect();
    let connection = db.connection().await?;
    let (states, hubs, seals) = try_join!(
        sql::ledgers::states(&connection, &numbers),
        sql::hub::heads(&connection),
        sql::hub::seals(&connection, &places),
    )?;
    // Proving asks with connections of its own.
    drop(connection);
    ledgers.take_hubs(hubs);
    let mut needs = Needs::default();
    needs.of_states(&mut ledgers, states);
    for leaf in leaves {
        needs.of_leaf(&ledgers, *leaf);
    }
    let mut faults: HashMap<Leaf, Option<Fault>> =
        leaves.iter().map(|leaf| (*leaf, None)).collect();
    ledgers.prove(needs, &mut faults).await?;
    let heads: HashMap<LedgerId, Arc<LedgerHead>> =
        ledgers.all().map(|known| (known.head.id, Arc::new(known.head.clone()))).collect();
    let mut found: HashMap<(LedgerId, u64), ProvedPlace> = faults
        .into_iter()
        .map(|((ledger, index, _), fault)| {
            let ledger_head = heads.get(&ledger).cloned();
            ((ledger, index), ProvedPlace { fault, ledger: ledger_head, in_hub: None })
        })
        .collect();
    for seal in seals {
        if let Some(place) = found.get_mut(&(seal.ledger, seal.leaf_index)) {
            place.in_hub = seal.in_hub;
        }
    }
    Ok(found)
}
