//! State of site rules between deliveries.

use crate::db::{Transaction, execute, query_opt};
use crate::error::Error;
use crate::ledger_id::LedgerId;
use crate::queries::{RULES_SET_STATE, RULES_STATE};

/// The state of a rule under a key, JSON that only the rule reads.
///
/// # Errors
///
/// [`Error`].
pub async fn state(
    tx: &Transaction<'_>,
    ledger: LedgerId,
    rule: &str,
    key: &str,
) -> Result<Option<String>, Error> {
    Ok(query_opt(tx, RULES_STATE, &[&ledger.0, &rule, &key]).await?.map(|row| row.get(0)))
}

/// Replaces the state of a rule under a key.
///
/// # Errors
///
/// [`Error`].
pub async fn set_state(
    tx: &Transaction<'_>,
    ledger: LedgerId,
    rule: &str,
    key: &str,
    state: &str,
) -> Result<(), Error> {
    execute(tx, RULES_SET_STATE, &[&ledger.0, &rule, &key, &state]).await?;
    Ok(())
}
