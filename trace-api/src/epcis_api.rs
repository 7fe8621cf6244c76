//! The query interface of EPCIS 2.0 over HTTP: events, the six families of names, stored queries, subscriptions.
//!
//! | route | file |
//! |---|---|
//! | `GET /` for programs | [`entry`] |
//! | `GET /events`, `/events/{eventID}` | [`events`] |
//! | `GET /eventTypes`, `/epcs`, `/bizSteps`, `/bizLocations`, `/readPoints`, `/dispositions`, each with `/{name}` and `/{name}/events` | [`families`] |
//! | `GET`, `POST /queries`; `GET`, `DELETE /queries/{name}`; `GET /queries/{name}/events` | [`queries`]; over a WebSocket [`socket`] |
//! | `GET`, `POST /queries/{name}/subscriptions`; `GET`, `DELETE …/{id}` | [`subscriptions`] |
//! | `DELETE /nextPageToken/{token}` | [`given_back`] |
//! | `GET /master-data/{kind}/{id}`, `/master-data/{kind}`, which are ours | [`master_data`], [`elements`] |
//! | `OPTIONS` of each | [`reply`] |
//!
//! The way through a request: [`negotiation`] reads its headers, [`address`] its address, [`caller`] says who asks and what they may
//! see, [`search`] finds, [`event_answer`], [`document`] and [`reply`] answer; whatever fails is an [`exception`], in the form that
//! [`problem_xml`] gives it.
//!
//! What holds: nobody is answered who is not identified; what the caller may not see is counted and never named; every event that is
//! shown was recomputed from its record and comes with its place in the ledger.
//!
//! Not here: capture (`ingest`), the query language (`epcis::query`), the projection (`sql::events`), roles (`access`).
//!
//! Source: EPCIS 2.0 REST binding; docs/epcis.md for partners; decision 0061.

pub mod address;
pub mod caller;
pub mod destination;
pub mod document;
pub mod elements;
pub mod ended_tokens;
pub mod entry;
pub mod event_answer;
pub mod events;
pub mod exception;
pub mod families;
pub mod gate;
pub mod given_back;
pub mod master_data;
pub mod negotiation;
pub mod ordered;
pub mod pages;
pub mod problem_xml;
pub mod queries;
pub mod reply;
pub mod schedule;
pub mod search;
pub mod signature;
pub mod socket;
pub mod sockets;
pub mod subscriber;
pub mod subscriptions;
pub mod token;
pub mod webhook;

use actix_web::body::BoxBody;
use actix_web::dev::{ServiceFactory, ServiceRequest, ServiceResponse};
use actix_web::guard::{GuardContext, fn_guard};
use actix_web::http::Method;
use actix_web::middleware::from_fn;
use actix_web::web::{self, Data, ServiceConfig};
use actix_web::{Error, HttpRequest, Resource};
use process::problem::method_not_allowed;

use self::exception::Exception;
use self::families::Family;
use self::gate::{is_served, nothing_here};
use crate::state::AppState;

/// Every path but `/` with the methods that it has, as `Allow` lists them.
pub const PATHS: [(&str, &str); 28] = [
    ("/events", READ),
    ("/events/{eventID}", READ),
    ("/eventTypes", READ),
    ("/eventTypes/{eventType}", READ),
    ("/eventTypes/{eventType}/events", READ),
    ("/epcs", READ),
    ("/epcs/{epc}", READ),
    ("/epcs/{epc}/events", READ),
    ("/bizSteps", READ),
    ("/bizSteps/{bizStep}", READ),
    ("/bizSteps/{bizStep}/events", READ),
    ("/bizLocations", READ),
    ("/bizLocations/{bizLocation}", READ),
    ("/bizLocations/{bizLocation}/events", READ),
    ("/readPoints", READ),
    ("/readPoints/{readPoint}", READ),
    ("/readPoints/{readPoint}/events", READ),
    ("/dispositions", READ),
    ("/dispositions/{disposition}", READ),
    ("/dispositions/{disposition}/events", READ),
    ("/queries", LIST),
    ("/queries/{queryName}", ITEM),
    ("/queries/{queryName}/events", READ),
    ("/queries/{queryName}/subscriptions", LIST),
    ("/queries/{queryName}/subscriptions/{subscriptionID}", ITEM),
    ("/nextPageToken/{token}", GIVE_BACK),
    ("/master-data/{kind}", READ),
    ("/master-data/{kind}/{id}", READ),
];

const READ: &str = "GET, HEAD, OPTIONS";
const LIST: &str = "GET, HEAD, OPTIONS, POST";
const ITEM: &str = "DELETE, GET, HEAD, OPTIONS";
const GIVE_BACK: &str = "DELETE, OPTIONS";

/// A path with some of the standard's methods: `OPTIONS` says which, every other method is refused. Problems are XML for whoever
/// prefers it.
fn resource(
    path: &str,
    allowed: &'static str,
) -> Resource<
    impl ServiceFactory<
        ServiceRequest,
        Config = (),
        Response = ServiceResponse<BoxBody>,
        Error = Error,
        InitError = (),
    > + use<>,
> {
    let has_events = path.starts_with("/events") || path.ends_with("/events");
    let described = move |state: Data<AppState>, request: HttpRequest| async move {
        if is_served(&state, &request) {
            return Ok::<_, Exception>(reply::options(allowed, has_events));
        }
        Err(nothing_here())
    };
    let refused = move |state: Data<AppState>, request: HttpRequest| async move {
        if is_served(&state, &request) {
            return Ok::<_, Exception>(method_not_allowed(&request, allowed));
        }
        Err(nothing_here())
    };
    web::resource(path)
        .wrap(from_fn(problem_xml::as_wanted))
        .route(web::method(Method::OPTIONS).to(described))
        .default_service(web::to(refused))
}

fn wants_socket(context: &GuardContext<'_>) -> bool {
    sockets::is_wanted(context.head())
}

/// Adds the routes.
pub fn routes(service: &mut ServiceConfig) {
    families(service);
    service
        .service(
            resource("/events", READ)
                .route(web::get().to(events::list))
                .route(web::head().to(events::list)),
        )
        .service(
            resource("/events/{eventID:.+}", READ)
                .route(web::get().to(events::one))
                .route(web::head().to(events::one)),
        )
        .service(
            resource("/queries", LIST)
                .route(web::get().to(queries::list))
                .route(web::head().to(queries::list))
                .route(web::post().to(queries::create)),
        )
        .service(
            resource("/queries/{queryName}/events", READ)
                .route(web::get().guard(fn_guard(wants_socket)).to(socket::open))
                .route(web::get().to(queries::events))
                .route(web::head().to(queries::events)),
        )
        .service(
            resource("/queries/{queryName}/subscriptions", LIST)
                .route(web::get().to(subscriptions::list))
                .route(web::head().to(subscriptions::list))
                .route(web::post().to(subscriptions::create)),
        )
        .service(
            resource("/queries/{queryName}/subscriptions/{subscriptionID}", ITEM)
                .route(web::get().to(subscriptions::get))
                .route(web::head().to(subscriptions::get))
                .route(web::delete().to(subscriptions::delete)),
        )
        .service(
            resource("/queries/{queryName}", ITEM)
                .route(web::get().to(queries::get))
                .route(web::head().to(queries::get))
                .route(web::delete().to(queries::delete)),
        )
        .service(
            resource("/master-data/{kind}", READ)
                .route(web::get().to(elements::list))
                .route(web::head().to(elements::list)),
        )
        .service(
            resource("/master-data/{kind}/{id:.+}", READ)
                .route(web::get().to(master_data::one))
                .route(web::head().to(master_data::one)),
        )
        .service(
            resource("/nextPageToken/{token}", GIVE_BACK)
                .route(web::delete().to(given_back::delete)),
        );
}

/// Adds the routes of the six families.
fn families(service: &mut ServiceConfig) {
    for family in Family::ALL {
        let path = family.path();
        let list = move |state, request| families::list(state, request, family);
        let events = move |state, request| families::events(state, request, family);
        let item = move |state, request| families::item(state, request, family);
        service
            .service(resource(path, READ).route(web::get().to(list)).route(web::head().to(list)))
            .service(
                resource(&format!("{path}/{{name:.+}}/events"), READ)
                    .route(web::get().to(events))
                    .route(web::head().to(events)),
            )
            .service(
                resource(&format!("{path}/{{name:.+}}"), READ)
                    .route(web::get().to(item))
                    .route(web::head().to(item)),
            );
    }
}

#[cfg(test)]
mod tests;
