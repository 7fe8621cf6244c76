//! Readiness and metrics: the process is ready while the database answers and scans can be stored.

use process::health::Probe;
use prometheus::Registry;

use crate::problem::Problem;
use crate::state::AppState;

impl Probe for AppState {
    type NotReady = Problem;

    async fn ready(&self) -> Result<(), Problem> {
        if !self.scans.is_running() {
            tracing::error!("the writer of scans has ended: restart the process");
            return Err(Problem::Unavailable);
        }
        Ok(self.db.ping().await?)
    }

    fn registry(&self) -> &Registry {
        self.cache_metrics.update(&self.cache, self.checked.usage());
        &self.metrics.registry
    }
}

#[cfg(test)]
mod tests {
    use actix_web::http::Method;

    use crate::state::Audience;
    use crate::testing::{JSON, Scene, ask, state_without_database};

    #[actix_web::test]
    async fn a_process_without_a_database_is_alive_and_not_ready() {
        let state = state_without_database().await;
        let get = async |path| ask(&state, Audience::Internal, &Method::GET, path, &[]).await;
        let live = get("/healthz").await;
        assert_eq!((live.status.as_u16(), live.body.as_str()), (200, "alive\n"));
        let ready = get("/readyz").await;
        ready.assert_problem(
            503,
            "unavailable",
            "this cannot be checked at the moment; retry later",
        );
        assert_eq!(ready.header("retry-after"), "1");
    }

    #[actix_web::test]
    async fn a_process_whose_database_answers_is_ready() {
        let scene = Scene::journey("ready").await;
        let ready = scene.get_as_operator("/readyz").await;
        assert_eq!((ready.status.as_u16(), ready.body.as_str()), (200, "ready\n"));
    }

    #[actix_web::test]
    async fn a_process_that_cannot_store_scans_any_more_is_not_ready() {
        let scene = Scene::journey("ready_scans").await;
        scene.state.scans.finish().await;
        assert_eq!(scene.get_as_operator("/readyz").await.status.as_u16(), 503);
    }

    #[actix_web::test]
    async fn scans_are_counted_by_verdict_and_role() {
        let scene = Scene::journey("metrics").await;
        scene.get("/01/04012345111118/21/9876", &[JSON]).await;
        scene.get("/01/04012345111118/21/none", &[JSON, ("User-Agent", "curl/8")]).await;
        let metrics = scene.get_as_operator("/metrics").await;
        assert_eq!(metrics.header("content-type"), "text/plain; version=0.0.4");
        for line in [
            "trace_api_verdicts_total{verdict=\"CONDITION\"} 1",
            "trace_api_verdicts_total{verdict=\"REJECTED\"} 1",
            "trace_api_scans_total{role=\"consumer\"} 1",
            "trace_api_scans_total{role=\"robot\"} 1",
            "trace_api_answer_seconds_count 2",
            "trace_api_broken_records_total 0",
            "trace_api_deleted_scans_total 0",
        ] {
            assert!(metrics.body.lines().any(|found| found == line), "{line}: {}", metrics.body);
        }
    }
}
