//! Pages that do not depend on an item: start, verifier, policy, description.

use actix_web::HttpResponse;
use actix_web::web::Data;

use super::State;

fn html(text: &'static str) -> HttpResponse {
    HttpResponse::Ok()
        .content_type("text/html; charset=utf-8")
        .insert_header((
            "Content-Security-Policy",
            "default-src 'self'; style-src 'unsafe-inline'; img-src data:",
        ))
        .body(text)
}

/// `GET /`.
pub async fn start() -> HttpResponse {
    html(include_str!("../../pages/start.html"))
}

/// `GET /verify`.
pub async fn verify() -> HttpResponse {
    html(include_str!("../../pages/verify.html"))
}

/// `GET /assets/verify.js`.
pub async fn verifier() -> HttpResponse {
    HttpResponse::Ok()
        .content_type("text/javascript; charset=utf-8")
        .body(include_str!("../../pages/verify/verify.js"))
}

/// `GET /policy`: the trust roots of this server, to compare with one's own.
pub async fn policy(state: Data<State>) -> HttpResponse {
    HttpResponse::Ok()
        .content_type("text/plain; charset=utf-8")
        .body(state.config.policy_text.clone())
}

/// `GET /openapi.json`.
pub async fn openapi() -> HttpResponse {
    HttpResponse::Ok()
        .content_type("application/json")
        .body(include_str!("../../pages/openapi.json"))
}
