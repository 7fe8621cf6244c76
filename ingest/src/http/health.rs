//! Readiness and metrics: the process is ready while the database answers.

use process::health::Probe;
use prometheus::Registry;

use super::state::State;
use crate::problem::Problem;

impl Probe for State {
    type NotReady = Problem;

    async fn ready(&self) -> Result<(), Problem> {
        Ok(self.db.ping().await?)
    }

    fn registry(&self) -> &Registry {
        &self.metrics.registry
    }
}
