//! Where these routes are: at the operator's address, and at the public one if the operator allowed it.
//!
//! What holds: a public address that was not opened answers as if there were no such routes.

use actix_web::HttpRequest;

use super::exception::Exception;
use crate::problem::Problem;
use crate::state::{AppState, Audience, audience};

/// Whether this address has these routes: the operator's has, the public one where the operator allowed it.
#[must_use]
pub fn is_served(state: &AppState, request: &HttpRequest) -> bool {
    audience(request) == Audience::Internal || state.config().serve_queries
}

/// What is answered where this address has none of these routes.
#[must_use]
pub fn nothing_here() -> Exception {
    Problem::NotFound("no such page; the start page is /".to_owned()).into()
}
