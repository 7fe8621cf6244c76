//! The routes of trace-api, all on one screen: what the public is answered, and what the operator.
//!
//! | route | public | operator | file |
//! |---|---|---|---|
//! | `GET /01/{gtin}/21/{serial}` and every other GS1 Digital Link, `/eh…`, `/ex…`; `/.well-known/gs1resolver` | verdict, links | | [`resolve_get`], [`scan_get`] |
//! | `GET /items/{epc}/history`, `/items/{epc}/bundle` | consumer's view | whole | [`items_get`] |
//! | `GET /ledgers`, `/ledgers/{origin}/checkpoint`, `…/proof/inclusion`, `…/proof/consistency` | yes | yes | [`ledgers_get`] |
//! | `GET /deliveries` | | yes | [`deliveries_get`] |
//! | `GET /trace` | to identified callers | yes | [`trace_get`] |
//! | `GET /find?code=` | yes | | [`find_get`] |
//! | `GET /code`, `POST /code` | yes | | [`code`] |
//! | `GET /own`, `POST /own`, and the same for `/own/item`, `/own/take`, `/own/passport` | yes | | [`own`] |
//! | `POST /tag-challenges`, `POST /tag-challenges/{id}` | yes | | [`tag_challenge`] |
//! | `GET /report`, `POST /report`, `GET /report/{receipt}` | yes | | [`report`] |
//! | `GET /`, `/verify`, `/policy`, `/assets/…`, `/openapi.json` | yes | | [`pages_get`] |
//! | the query interface of EPCIS 2.0 | who is identified | who is identified | [`crate::epcis_api`] |
//! | `GET /healthz` | yes | yes | `process::health` |
//! | `GET /readyz`, `/metrics` | | yes | `process::health`, [`health_get`] |
//!
//! Whatever fails is a problem document, or a page for people; parameters that are not described are ignored, because a
//! link on a product carries those of others. `HEAD` is answered wherever `GET` is, and is never a scan. A slash at the end changes nothing.

pub mod code;
pub mod deliveries_get;
pub mod find_get;
pub mod guard;
pub mod health_get;
pub mod items_get;
pub mod ledgers_get;
pub mod own;
pub mod pages_get;
mod parameters;
pub mod report;
pub mod resolve_get;
pub mod scan_get;
mod sent;
pub mod tag_challenge;
pub mod trace_get;
pub mod who;

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceFactory, ServiceRequest, ServiceResponse};
use actix_web::middleware::{NormalizePath, TrailingSlash, from_fn};
use actix_web::web::{self, Data};
use actix_web::{App, Error};
use process::problem::at;

use crate::epcis_api::{self, entry};
use crate::problem::Problem;
use crate::state::{AppState, Audience};

/// Every path, and who is answered there; `openapi.json` describes each.
pub const PATHS: [(&str, &[Audience]); 32] = [
    ("/", &[Audience::Public]),
    ("/01/{gtin}", &[Audience::Public]),
    ("/01/{gtin}/21/{serial}", &[Audience::Public]),
    ("/01/{gtin}/10/{lot}/21/{serial}", &[Audience::Public]),
    ("/{key}/{value}", &[Audience::Public]),
    ("/{compressed}", &[Audience::Public]),
    ("/.well-known/gs1resolver", &[Audience::Public]),
    ("/items/{epc}/history", &[Audience::Public, Audience::Internal]),
    ("/items/{epc}/bundle", &[Audience::Public, Audience::Internal]),
    ("/ledgers", &[Audience::Public, Audience::Internal]),
    ("/ledgers/{origin}/checkpoint", &[Audience::Public, Audience::Internal]),
    ("/ledgers/{origin}/proof/inclusion", &[Audience::Public, Audience::Internal]),
    ("/ledgers/{origin}/proof/consistency", &[Audience::Public, Audience::Internal]),
    ("/deliveries", &[Audience::Internal]),
    ("/trace", &[Audience::Internal]),
    ("/find", &[Audience::Public]),
    ("/code", &[Audience::Public]),
    ("/own", &[Audience::Public]),
    ("/own/item", &[Audience::Public]),
    ("/own/take", &[Audience::Public]),
    ("/own/passport", &[Audience::Public]),
    ("/tag-challenges", &[Audience::Public]),
    ("/tag-challenges/{id}", &[Audience::Public]),
    ("/report", &[Audience::Public]),
    ("/report/{receipt}", &[Audience::Public]),
    ("/verify", &[Audience::Public]),
    ("/policy", &[Audience::Public]),
    ("/assets/{version}/{name}", &[Audience::Public]),
    ("/openapi.json", &[Audience::Public]),
    ("/healthz", &[Audience::Public, Audience::Internal]),
    ("/readyz", &[Audience::Internal]),
    ("/metrics", &[Audience::Internal]),
];

/// The application that answers one audience.
pub fn application(
    state: Data<AppState>,
    audience: Audience,
) -> App<
    impl ServiceFactory<
        ServiceRequest,
        Config = (),
        Response = ServiceResponse<impl MessageBody>,
        Error = Error,
        InitError = (),
    >,
> {
    let serves_queries = audience == Audience::Internal || state.config().serve_queries;
    App::new()
        .wrap(from_fn(process::problem::documented))
        .wrap(from_fn(process::requests::traced))
        .wrap(NormalizePath::new(TrailingSlash::Trim))
        .wrap(from_fn(guard::guarded))
        .app_data(state)
        .app_data(audience)
        .configure(match audience {
            Audience::Public => public,
            Audience::Internal => internal,
        })
        .configure(both)
        .configure(move |service| {
            if serves_queries {
                service.service(at("/trace", trace_get::get));
            }
        })
        .configure(epcis_api::routes)
        .default_service(web::to(async || {
            Err::<String, _>(Problem::NotFound("no such page; the start page is /".into()))
        }))
}

fn public(service: &mut web::ServiceConfig) {
    service
        .service(entry::resource())
        .service(resolve_get::resource(resolve_get::KEYS))
        .service(resolve_get::resource(resolve_get::COMPRESSED))
        .service(at("/.well-known/gs1resolver", resolve_get::description))
        .service(at("/items/{epc:.+}/history", items_get::consumers_history))
        .service(at("/items/{epc:.+}/bundle", items_get::consumers_bundle))
        .service(at("/find", find_get::get))
        .configure(code::routes)
        .configure(own::routes)
        .configure(tag_challenge::routes)
        .configure(report::routes)
        .service(at("/verify", pages_get::verify))
        .service(at("/policy", pages_get::policy))
        .service(at("/assets/{version}/{name}", pages_get::asset))
        .service(at("/openapi.json", pages_get::openapi))
        .configure(process::health::liveness);
}

fn internal(service: &mut web::ServiceConfig) {
    service
        .service(at("/items/{epc:.+}/history", items_get::whole_history))
        .service(at("/items/{epc:.+}/bundle", items_get::whole_bundle))
        .service(at("/deliveries", deliveries_get::list))
        .configure(process::health::routes::<AppState>);
}

fn both(service: &mut web::ServiceConfig) {
    service
        .service(at("/ledgers", ledgers_get::list))
        .service(at("/ledgers/{origin}/checkpoint", ledgers_get::checkpoint))
        .service(at("/ledgers/{origin}/proof/inclusion", ledgers_get::inclusion))
        .service(at("/ledgers/{origin}/proof/consistency", ledgers_get::consistency));
}

#[cfg(test)]
mod tests;
