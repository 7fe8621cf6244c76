//! Counts the rights of an emergency that hold, so that whoever is on duty is told of each.
//!
//! Not here: what they give (`gate::emergency`), the alert (`dashboards/alerts.yml`).

use std::convert::Infallible;
use std::time::Duration;

use crate::state::AppState;

/// Time between two looks: a right of the shortest kind holds for an hour.
const LOOK_EVERY: Duration = Duration::from_secs(10);

/// Keeps the count, for as long as the process runs.
pub async fn follow(state: &AppState) -> Infallible {
    loop {
        if let Err(error) = refresh(state).await {
            tracing::warn!(%error, "rights of an emergency could not be counted; this is tried again");
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// Counts them now.
///
/// # Errors
///
/// [`sql::Error`].
pub async fn refresh(state: &AppState) -> Result<(), sql::Error> {
    let active = sql::emergency::active(&state.db, state.clock.now()).await?;
    state.metrics.emergency_rights.set(i64::try_from(active).unwrap_or(i64::MAX));
    Ok(())
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;
    use sql::testing::TestDb;

    use super::*;
    use crate::testing::{config, state};

    #[actix_web::test]
    async fn rights_count_from_their_approval_to_their_end() {
        let db = TestDb::migrated("emergency_watch").await;
        let state = state(db.db(), config(String::new()));
        let now = state.clock.now();
        let session = db.session().await;
        let keys = format!(
            "insert into access_keys (prefix, key_sha256, subject, role, products, parties, jurisdictions, created_at, expires_at)
             select 'chm_aaaaaaa' || n, decode(repeat('0' || n, 32), 'hex'), 'operator ' || n, 'operator', '{{}}', '{{}}', '{{}}',
               '{now}', '{now}'::timestamptz + interval '1 day' from generate_series(1, 2) n"
        );
        session.batch_execute(&keys).await.unwrap();
        let right = |letter: char, approved: &str, ended: &str| {
            format!(
                "insert into emergency_rights values ('emg_aaaaaaa{letter}', 'kim', 'auditor', '{{}}', '{{}}', '{{}}', null, null, 2,
                 'recall', 'operator 1', 'chm_aaaaaaa1', '{now}', {approved}, {ended})"
            )
        };
        let later = now + SignedDuration::from_mins(10);
        let approved = format!("'operator 2', 'chm_aaaaaaa2', '{later}'");
        let ended = format!("'operator 2', 'chm_aaaaaaa2', '{later}'");
        let none = "null, null, null";
        for row in
            [right('p', none, none), right('h', &approved, none), right('e', &approved, &ended)]
        {
            session.batch_execute(&row).await.unwrap();
        }
        for (minutes, count) in [(0, 0), (10, 1), (109, 1), (11, 0)] {
            state.clock.advance(Duration::from_mins(minutes));
            refresh(&state).await.unwrap();
            assert_eq!(state.metrics.emergency_rights.get(), count, "{minutes} minutes later");
        }
    }
}
