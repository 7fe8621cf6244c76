//! The ledger that a writer writes, with everything that preparing its records needs.
//!
//! What holds: a ledger that is shorter than the hub's last entry of it, or does not extend it, is not signed; the
//! evidence is kept ([`SiteLedger::refusal`]).
//!
//! Not here: the comparison itself ([`history::continuity`]).

use std::collections::HashMap;
use std::sync::Arc;

use history::continuity;
use process::Context;
use sql::holds::Hold;
use sql::{Db, LedgerId, Transaction};

use crate::config::Site;
use crate::terms::Terms;

/// Where a despatch advice is expected: key of the receiving location ([`epc::thing_key`]), and the ledger of its site.
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
    /// What stated events are checked for.
    pub terms: Terms,
    /// Clock, randomness, crash points.
    pub context: Context,
}

impl SiteLedger {
    /// Why nothing may be signed for the ledger although it fits what was published: it was restored from a backup, or closed.
    /// It is asked again with every job until a person released it.
    ///
    /// # Errors
    ///
    /// [`sql::Error`] if the database cannot be asked.
    pub async fn hold(&self, db: &Db) -> Result<Option<Hold>, sql::Error> {
        sql::holds::of_ledger(db, self.id).await
    }

    /// Why the ledger must not be signed; none if it extends what the hub holds of it. The two checkpoints that
    /// contradict one another are kept in the table `forks`, and the reason is logged.
    ///
    /// # Errors
    ///
    /// [`sql::Error`] if the database cannot be asked.
    pub async fn refusal(&self, db: &Db) -> Result<Option<String>, sql::Error> {
        let origin = &self.site.origin;
        let compared = continuity::of_ledger(db, self.id, origin).await?;
        let Some(reason) = compared.continuity.problem() else { return Ok(None) };
        tracing::error!(
            ledger.origin = origin,
            reason,
            published = compared.published_note,
            own = compared.own_note(),
            "the ledger does not extend what the hub holds of it; it is not signed"
        );
        db.run_tx("ingest.keep_evidence", async |tx: &Transaction<'_>| {
            let (old, new) = (&compared.published_note, compared.own_note());
            sql::hub::insert_fork(tx, self.id, old, new, &reason).await
        })
        .await?;
        Ok(Some(reason))
    }
}
