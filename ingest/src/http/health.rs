//! Readiness and metrics: the process is ready while the database answers and none of its ledgers is held.

use process::health::Probe;
use prometheus::Registry;

use super::state::State;
use crate::problem::Problem;

impl Probe for State {
    type NotReady = Problem;

    async fn ready(&self) -> Result<(), Problem> {
        let open = sql::holds::open(&self.db).await?;
        match open.iter().find(|hold| self.writers.contains_key(&hold.origin)) {
            Some(hold) => Err(Problem::Held(hold.to_string())),
            None => Ok(()),
        }
    }

    fn registry(&self) -> &Registry {
        &self.metrics.registry
    }
}
