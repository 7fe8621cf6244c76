//! Liveness, readiness and metrics of every process: `GET /healthz`, `/readyz`, `/metrics`.
//!
//! The way through: a process implements [`Probe`] for the state that its handlers share, registers that as
//! `web::Data`, and adds [`routes`].
//!
//! What holds: liveness depends on nothing but the process itself; metrics are Prometheus' text format 0.0.4.

use std::borrow::Cow;
use std::fmt;

use actix_web::http::StatusCode;
use actix_web::web::{Data, ServiceConfig};
use actix_web::{HttpResponse, ResponseError};
use prometheus::{Encoder as _, Registry, TextEncoder};

use crate::problem::{self, at};

/// The path of liveness.
pub const LIVENESS: &str = "/healthz";
/// The path of readiness.
pub const READINESS: &str = "/readyz";
/// The path of metrics.
pub const METRICS: &str = "/metrics";

/// What a process says about itself.
pub trait Probe: 'static {
    /// Why it is not ready, as an answer with status 503.
    type NotReady: ResponseError + 'static;

    /// Whether the process can do its work now.
    ///
    /// # Errors
    ///
    /// The reason why not.
    fn ready(&self) -> impl Future<Output = Result<(), Self::NotReady>>;

    /// What it counts.
    fn registry(&self) -> &Registry;
}

/// Adds the three routes; the application must have `Data<P>`.
pub fn routes<P: Probe>(service: &mut ServiceConfig) {
    service
        .configure(liveness)
        .service(at(READINESS, ready::<P>))
        .service(at(METRICS, metrics::<P>));
}

/// Adds liveness alone, for an address that strangers reach.
pub fn liveness(service: &mut ServiceConfig) {
    service.service(at(LIVENESS, live));
}

async fn live() -> &'static str {
    "alive\n"
}

async fn ready<P: Probe>(probe: Data<P>) -> Result<&'static str, P::NotReady> {
    probe.ready().await.map(|()| "ready\n")
}

async fn metrics<P: Probe>(probe: Data<P>) -> HttpResponse {
    let mut text = Vec::new();
    match TextEncoder::new().encode(&probe.registry().gather(), &mut text) {
        Ok(()) => HttpResponse::Ok().content_type("text/plain; version=0.0.4").body(text),
        Err(error) => {
            tracing::error!(%error, "metrics could not be written as text");
            let detail = "metrics could not be written as text";
            problem::answer(StatusCode::INTERNAL_SERVER_ERROR, "internal", detail)
        }
    }
}

/// The reason why a process is not ready: 503 with a problem document.
#[derive(Debug)]
pub struct NotReady(pub Cow<'static, str>);

impl fmt::Display for NotReady {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl ResponseError for NotReady {
    fn status_code(&self) -> StatusCode {
        StatusCode::SERVICE_UNAVAILABLE
    }

    fn error_response(&self) -> HttpResponse {
        problem::answer(self.status_code(), "unavailable", &self.to_string())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use actix_web::{App, test};
    use prometheus::IntCounter;

    use super::*;

    struct Process {
        is_ready: AtomicBool,
        registry: Registry,
    }

    impl Probe for Process {
        type NotReady = NotReady;

        async fn ready(&self) -> Result<(), NotReady> {
            let is_ready = self.is_ready.load(Ordering::SeqCst);
            is_ready.then_some(()).ok_or(NotReady("the database does not answer".into()))
        }

        fn registry(&self) -> &Registry {
            &self.registry
        }
    }

    #[actix_web::test]
    async fn a_process_is_alive_while_it_is_not_ready_and_shows_its_metrics() {
        let registry = Registry::new();
        let counter = IntCounter::new("things_total", "Things.").unwrap();
        registry.register(Box::new(counter.clone())).unwrap();
        counter.inc();
        let state = Data::new(Process { is_ready: false.into(), registry });
        let app = App::new().app_data(state.clone()).configure(routes::<Process>);
        let app = test::init_service(app).await;
        let get = async |path: &str| {
            let answer = test::call_service(&app, test::TestRequest::with_uri(path).to_request());
            let answer = answer.await;
            (answer.status().as_u16(), test::read_body(answer).await)
        };
        assert_eq!(get(LIVENESS).await, (200, "alive\n".into()));
        let (status, problem) = get(READINESS).await;
        let problem: serde_json::Value = serde_json::from_slice(&problem).unwrap();
        assert_eq!((status, &problem["status"]), (503, &503.into()));
        assert_eq!(problem["detail"], "the database does not answer");
        state.is_ready.store(true, Ordering::SeqCst);
        assert_eq!(get(READINESS).await, (200, "ready\n".into()));
        let (status, text) = get(METRICS).await;
        assert_eq!(status, 200);
        assert!(text.ends_with(b"things_total 1\n"), "{text:?}");
    }
}
