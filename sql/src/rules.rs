//! State of site rules between deliveries.

use tokio_postgres::types::ToSql;

use crate::db::{Connection, Transaction, execute, query};
use crate::error::Error;
use crate::ledger_id::LedgerId;
use crate::queries::{RULES_SET_STATE, RULES_STATE};

/// A rule and the key of a state.
pub type StateKey = (String, String);

/// The states of rules under keys, as far as there are any; JSON that only the rule reads.
///
/// # Errors
///
/// [`Error`].
pub async fn states(
    connection: &Connection,
    ledger: LedgerId,
    keys: &[&StateKey],
) -> Result<Vec<(StateKey, String)>, Error> {
    if keys.is_empty() {
        return Ok(Vec::new());
    }
    let rules: Vec<&str> = keys.iter().map(|(rule, _)| rule.as_str()).collect();
    let names: Vec<&str> = keys.iter().map(|(_, key)| key.as_str()).collect();
    let values: [&(dyn ToSql + Sync); 3] = [&ledger.0, &rules, &names];
    let rows = query(connection.client(), RULES_STATE, &values).await?;
    Ok(rows.iter().map(|row| ((row.get(0), row.get(1)), row.get(2))).collect())
}

/// Replaces the states of rules under keys.
///
/// - `states`: each key once.
///
/// # Errors
///
/// [`Error`].
pub async fn set_states(
    tx: &Transaction<'_>,
    ledger: LedgerId,
    states: &[(&StateKey, &str)],
) -> Result<(), Error> {
    if states.is_empty() {
        return Ok(());
    }
    let rules: Vec<&str> = states.iter().map(|((rule, _), _)| rule.as_str()).collect();
    let names: Vec<&str> = states.iter().map(|((_, key), _)| key.as_str()).collect();
    let texts: Vec<&str> = states.iter().map(|(_, text)| *text).collect();
    let values: [&(dyn ToSql + Sync); 4] = [&ledger.0, &rules, &names, &texts];
    execute(tx, RULES_SET_STATE, &values).await?;
    Ok(())
}
