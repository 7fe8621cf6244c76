//! The doors of trace-api: all routes on one screen.
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
use governor::DefaultKeyedRateLimiter;
use sql::Db;

use crate::config::Config;
use crate::metrics::Metrics;

/// Longest part of an address that is looked at; a GS1 serial has at most 20 characters.
pub const MAX_PART: usize = 200;

/// What every request handler stands on.
pub struct State {
    /// The database.
    pub db: Db,
    /// Configuration.
    pub config: Config,
    /// Counters.
    pub metrics: Metrics,
    /// Questions about unknown things, by address.
    pub unknown: DefaultKeyedRateLimiter<std::net::IpAddr>,
}

/// Every route's path, as `openapi.json` must have it.
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

/// Adds all routes.
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
        .configure(process::health::routes::<State>);
}

#[cfg(test)]
mod tests {
    use super::*;

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
