//! A span for each request that a process answers, for the traces.
//!
//! What holds: the span has the route's pattern, `/items/{epc}/history`, never the path itself, which may name a
//! thing that somebody asks about; probes of liveness, readiness and metrics have none.

use actix_web::Error;
use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::middleware::Next;
use tracing::Instrument as _;
use tracing::field::Empty;

use crate::health::{LIVENESS, METRICS, READINESS};

/// Answers the request in a span of its own; used with `actix_web::middleware::from_fn`.
///
/// # Errors
///
/// What the handlers return.
pub async fn traced(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    if [LIVENESS, READINESS, METRICS].contains(&request.path()) {
        return next.call(request).await;
    }
    let route = request.match_pattern().unwrap_or_else(|| "none".to_owned());
    let span = tracing::info_span!(
        "request",
        otel.name = format!("{} {route}", request.method()),
        otel.kind = "server",
        http.request.method = %request.method(),
        http.route = route,
        http.response.status_code = Empty,
    );
    let answer = next.call(request).instrument(span.clone()).await?;
    span.record("http.response.status_code", answer.status().as_u16());
    Ok(answer)
}
