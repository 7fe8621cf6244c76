//! The routes of trace-api, all on one screen.
//!
//! | route | file |
//! |---|---|
//! | `GET /01/{gtin}/21/{serial}`, with or without `/10/{lot}` | [`scan_get`] |
//! | `GET /items/{epc}/history`, `/items/{epc}/bundle` | [`items_get`] |
//! | `GET /ledgers`, `/ledgers/{origin}/checkpoint`, `…/proof/inclusion`, `…/proof/consistency` | [`ledgers_get`] |
//! | `GET /deliveries` | [`deliveries_get`] |
//! | `GET /`, `/verify`, `/policy`, `/assets/verify.js`, `/openapi.json` | [`pages_get`] |
//! | `GET /healthz`, `/readyz`, `/metrics` | `process::health`, [`health_get`] |

pub mod deliveries_get;
pub mod health_get;
pub mod items_get;
pub mod ledgers_get;
pub mod pages_get;
pub mod scan_get;

use actix_web::web;

use crate::problem::Problem;
use crate::state::AppState;

/// Every path that `openapi.json` must describe.
pub const PATHS: [&str; 15] = [
    "/",
    "/01/{gtin}/21/{serial}",
    "/01/{gtin}/10/{lot}/21/{serial}",
    "/items/{epc}/history",
    "/items/{epc}/bundle",
    "/ledgers",
    "/ledgers/{origin}/checkpoint",
    "/ledgers/{origin}/proof/inclusion",
    "/ledgers/{origin}/proof/consistency",
    "/deliveries",
    "/verify",
    "/policy",
    "/healthz",
    "/readyz",
    "/metrics",
];

/// Adds all routes, and the answer for everything else.
pub fn routes(service: &mut web::ServiceConfig) {
    service
        .route("/", web::get().to(pages_get::start))
        .route("/01/{gtin}/21/{serial}", web::get().to(scan_get::get))
        .route("/01/{gtin}/10/{lot}/21/{serial}", web::get().to(scan_get::get_with_lot))
        .route("/items/{epc}/history", web::get().to(items_get::history))
        .route("/items/{epc}/bundle", web::get().to(items_get::bundle))
        .route("/ledgers", web::get().to(ledgers_get::list))
        .route("/ledgers/{origin}/checkpoint", web::get().to(ledgers_get::checkpoint))
        .route("/ledgers/{origin}/proof/inclusion", web::get().to(ledgers_get::inclusion))
        .route("/ledgers/{origin}/proof/consistency", web::get().to(ledgers_get::consistency))
        .route("/deliveries", web::get().to(deliveries_get::list))
        .route("/verify", web::get().to(pages_get::verify))
        .route("/policy", web::get().to(pages_get::policy))
        .route("/assets/verify.js", web::get().to(pages_get::verifier))
        .route("/openapi.json", web::get().to(pages_get::openapi))
        .configure(process::health::routes::<AppState>)
        .default_service(web::to(async || {
            Err::<String, _>(Problem::NotFound("no such page; the start page is /".into()))
        }));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{get, state_without_database};

    #[actix_web::test]
    async fn a_path_without_a_route_is_a_problem_that_names_the_start_page() {
        let state = state_without_database().await;
        for path in ["/nothing", "/01/04012345111118", "/items", "/ledgers/"] {
            let answer = get(&state, path, &[]).await;
            answer.assert_problem(404, "not-found", "no such page; the start page is /");
        }
    }

    #[test]
    fn every_path_is_described() {
        let text = include_str!("../pages/openapi.json");
        let document: serde_json::Value = serde_json::from_str(text).unwrap();
        for path in PATHS {
            assert!(document["paths"][path]["get"].is_object(), "{path}");
        }
        assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
    }
}
