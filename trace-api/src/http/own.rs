//! Owners: `/own` registers the first one, `/own/item` is an owner's page, `/own/take` passes an item on, `/own/passport` shows who owns it.
//!
//! The way through: `GET` shows a form and does nothing, whatever the address says; `POST` takes it: another site's form is refused, then
//! limits, then [`crate::owners`].
//!
//! What holds: nothing changes by looking at an address, so no link preview takes an item; codes are in bodies, never in a path or a query;
//! what is unknown, withdrawn, used, past its time or malformed gets one answer, and costs what a guessed serial costs.
//!
//! Not here: who becomes an owner ([`crate::owners`]), pages ([`crate::page::own`]).
//!
//! Source: docs/decisions/0095-owners.md.

use access::typed::LongCode;
use actix_web::http::StatusCode;
use actix_web::web::{self, Bytes, Data};
use actix_web::{HttpRequest, HttpResponse};
use process::problem::method_not_allowed;

use super::guard::{foreign_form, language};
use super::parameters::text;
use super::scan_get::look;
use super::sent;
use crate::language::Language;
use crate::once::{is_form, new_form};
use crate::owners::{self, GIFT_DAYS, LinkKind, NewOwner, PASSPORT_DAYS, SALE_DAYS};
use crate::page::own::{self as page, Claim, Owned};
use crate::problem::Problem;
use crate::scan_result::ScanResult;
use crate::scanned::Scanned;
use crate::state::AppState;
use crate::words::own::Door;

/// Most bytes of a field: an address of a tap.
const LONGEST: usize = tag_auth::tap::MOST_BYTES;

/// All paths.
pub fn routes(service: &mut web::ServiceConfig) {
    let others = || {
        web::to(
            |request: HttpRequest| async move { method_not_allowed(&request, "GET, HEAD, POST") },
        )
    };
    let at = |path: &str| web::resource(path.to_owned()).default_service(others());
    let door = |path: &str| at(path).route(web::get().to(typed)).route(web::head().to(typed));
    service
        .service(
            at("/own")
                .route(web::get().to(field))
                .route(web::head().to(field))
                .route(web::post().to(claim)),
        )
        .service(door("/own/item").route(web::post().to(owner)))
        .service(door("/own/take").route(web::post().to(take)))
        .service(door("/own/passport").route(web::post().to(passport)));
}

fn count(state: &AppState, outcome: &str) {
    state.metrics.owners.with_label_values(&[outcome]).inc();
}

/// A page, or why there is none.
fn shown(status: StatusCode, page: Result<String, askama::Error>) -> Result<HttpResponse, Problem> {
    let page = page.map_err(|error| Problem::Internal(error.to_string()))?;
    Ok(sent::page(status, page))
}

/// `GET /own`: the form to register.
///
/// # Errors
///
/// [`Problem`].
pub async fn field(state: Data<AppState>, request: HttpRequest) -> Result<HttpResponse, Problem> {
    let item: String = text(&request, "item")?.unwrap_or_default().chars().take(LONGEST).collect();
    let is_tap = owners::is_tap(&state, &item);
    let claim = Claim { item, form: new_form()?, is_tap, ..Claim::default() };
    shown(StatusCode::OK, page::claim(&claim, language(&request)))
}

/// What registers.
#[derive(serde::Deserialize)]
struct ClaimForm {
    item: String,
    code: String,
    form: String,
}

/// `POST /own`.
///
/// # Errors
///
/// [`Problem`].
pub async fn claim(
    state: Data<AppState>,
    request: HttpRequest,
    body: Bytes,
) -> Result<HttpResponse, Problem> {
    let (config, language) = (state.config(), language(&request));
    if let Some(refused) = foreign_form(&request, &config.public_url, "/own") {
        count(&state, "other_site");
        return refused;
    }
    let ClaimForm { item, code, form } = sent::form(&body, "item, code and form", LONGEST)?;
    check_number(&form)?;
    let outcome = owners::claim(&state, &request, (&item, &code), &form).await?;
    match outcome {
        Ok(owner) => {
            count(&state, "registered");
            let sent = vec![("item", item), ("code", code), ("form", form)];
            new_owner(&state, &owner, sent, language)
        }
        Err(refused) => {
            count(&state, refused.outcome());
            let is_tap = owners::is_tap(&state, &item);
            let claim = Claim { item, code, form: new_form()?, is_tap, refused: Some(refused) };
            shown(StatusCode::UNPROCESSABLE_ENTITY, page::claim(&claim, language))
        }
    }
}

/// A form with a number that is none comes from no page of ours.
fn check_number(form: &str) -> Result<(), Problem> {
    if is_form(form) {
        return Ok(());
    }
    let got = format!("got {} characters as the number of the form", form.chars().count());
    Err(Problem::Malformed(format!("{got}, expected the 32 hex digits that the page has")))
}

fn new_owner(
    state: &AppState,
    owner: &NewOwner,
    sent: Vec<(&'static str, String)>,
    language: Language,
) -> Result<HttpResponse, Problem> {
    shown(StatusCode::OK, page::new_owner(owner, sent, &state.config(), language))
}

/// `GET` of the pages that a code opens: the field for it.
///
/// # Errors
///
/// [`Problem`].
pub async fn typed(request: HttpRequest) -> Result<HttpResponse, Problem> {
    let is_gift = text(&request, "for")?.as_deref() == Some("gift");
    let door = match request.path() {
        "/own/item" => Door::Owner,
        "/own/passport" => Door::Passport,
        _ if is_gift => Door::Gift,
        _ => Door::Sale,
    };
    shown(StatusCode::OK, page::door(door, false, language(&request)))
}

/// What opens a page, and what is to be done there.
#[derive(serde::Deserialize)]
struct DoorForm {
    code: String,
    #[serde(default)]
    act: String,
    #[serde(default)]
    form: String,
    #[serde(default, rename = "for")]
    reason: String,
}

/// What came of reading a form with a code.
enum Opened<'a> {
    /// An answer: another site's form.
    Answered(Result<HttpResponse, Problem>),
    /// The form, its code, which may be none, and what it took of the limits.
    Form(DoorForm, Option<LongCode>, Option<crate::limits::Admission<'a>>),
}

fn open<'a>(
    state: &'a AppState,
    request: &HttpRequest,
    body: &[u8],
) -> Result<Opened<'a>, Problem> {
    if let Some(refused) = foreign_form(request, &state.config().public_url, request.path()) {
        count(state, "other_site");
        return Ok(Opened::Answered(refused));
    }
    let form: DoorForm = sent::form(body, "code", LONGEST)?;
    let admission = state.admit_code(request)?;
    let code = LongCode::parse(&form.code);
    Ok(Opened::Form(form, code, admission))
}

/// One answer for every code that opens nothing.
fn unknown(state: &AppState, door: Door, language: Language) -> Result<HttpResponse, Problem> {
    count(state, "unknown");
    shown(StatusCode::NOT_FOUND, page::door(door, true, language))
}

/// What an item is called whose link is stored.
fn scanned(link: &str) -> Result<Scanned, Problem> {
    let parsed = epc::parse_digital_link(link);
    let parsed = parsed.map_err(|error| Problem::Internal(format!("{link}: {error}")))?;
    Ok(Scanned::of_link(&parsed))
}

/// `POST /own/item`: what is an owner's, and what they do with it.
///
/// # Errors
///
/// [`Problem`].
pub async fn owner(
    state: Data<AppState>,
    request: HttpRequest,
    body: Bytes,
) -> Result<HttpResponse, Problem> {
    let language = language(&request);
    let (form, code, admission) = match open(&state, &request, &body)? {
        Opened::Answered(answer) => return answer,
        Opened::Form(form, code, admission) => (form, code, admission),
    };
    // What is no code is asked for as well, so that both take as long.
    let found = owners::of(&state, code.unwrap_or_default()).await?;
    let (Some(code), Some(_)) = (code, &found) else {
        return unknown(&state, Door::Owner, language);
    };
    if let Some(admission) = admission {
        admission.give_back();
    }
    let made = act(&state, code, &form.act).await?;
    // As it is after that.
    let Some(owner) = owners::of(&state, code).await? else {
        return unknown(&state, Door::Owner, language);
    };
    let scanned = scanned(&owner.item)?;
    let view = Owned { owner: &owner, code, scanned: &scanned, made };
    shown(StatusCode::OK, page::owner(&view, &state.config(), language))
}

/// Does what an owner chose; gives the link that was made.
async fn act(
    state: &AppState,
    code: LongCode,
    act: &str,
) -> Result<Option<(owners::NewLink, Door)>, Problem> {
    let (kind, door, days) = match act {
        "sell" => (LinkKind::Transfer, Door::Sale, SALE_DAYS),
        "give" => (LinkKind::Transfer, Door::Gift, GIFT_DAYS),
        "show" => (LinkKind::Passport, Door::Passport, PASSPORT_DAYS),
        "keep" | "hide" => {
            let is_passport = act == "hide";
            let kind = if is_passport { LinkKind::Passport } else { LinkKind::Transfer };
            let was_there = owners::withdraw(state, code, kind).await?;
            count(state, if was_there { "withdrawn" } else { "not_withdrawn" });
            return Ok(None);
        }
        _ => {
            count(state, "shown");
            return Ok(None);
        }
    };
    let made = owners::make_link(state, code, kind, days).await?;
    count(state, if made.is_some() { "link" } else { "no_link" });
    Ok(made.map(|link| (link, door)))
}

/// `POST /own/take`: what somebody would get, and their accepting it.
///
/// # Errors
///
/// [`Problem`].
pub async fn take(
    state: Data<AppState>,
    request: HttpRequest,
    body: Bytes,
) -> Result<HttpResponse, Problem> {
    let language = language(&request);
    let (form, link, admission) = match open(&state, &request, &body)? {
        Opened::Answered(answer) => return answer,
        Opened::Form(form, code, admission) => (form, code, admission),
    };
    let is_gift = form.reason == "gift";
    let door = if is_gift { Door::Gift } else { Door::Sale };
    let code = link.unwrap_or_default();
    if form.act == "accept" {
        check_number(&form.form)?;
        let accepted = owners::accept(&state, code, &form.form).await?;
        let (Some(_), Some(new)) = (link, accepted) else { return unknown(&state, door, language) };
        if let Some(admission) = admission {
            admission.give_back();
        }
        count(&state, "passed_on");
        let sent = vec![("code", form.code), ("form", form.form), ("act", form.act)];
        return new_owner(&state, &new, sent, language);
    }
    let linked = owners::linked(&state, code, LinkKind::Transfer).await?;
    let (Some(link), Some(linked)) = (link, linked) else { return unknown(&state, door, language) };
    if let Some(admission) = admission {
        admission.give_back();
    }
    count(&state, "offered");
    let result = facts(&state, &request, &linked.item).await?;
    let offer = (link, new_form()?, is_gift);
    shown(StatusCode::OK, page::take(&result, &linked, offer, &state.config(), language))
}

/// What is recorded of an item that somebody may get.
async fn facts(state: &AppState, request: &HttpRequest, item: &str) -> Result<ScanResult, Problem> {
    look(state, request, &scanned(item)?).await
}

/// `POST /own/passport`.
///
/// # Errors
///
/// [`Problem`].
pub async fn passport(
    state: Data<AppState>,
    request: HttpRequest,
    body: Bytes,
) -> Result<HttpResponse, Problem> {
    let language = language(&request);
    let (link, admission) = match open(&state, &request, &body)? {
        Opened::Answered(answer) => return answer,
        Opened::Form(_, code, admission) => (code, admission),
    };
    let linked = owners::linked(&state, link.unwrap_or_default(), LinkKind::Passport).await?;
    let (Some(link), Some(linked)) = (link, linked) else {
        return unknown(&state, Door::Passport, language);
    };
    if let Some(admission) = admission {
        admission.give_back();
    }
    count(&state, "passport");
    let result = facts(&state, &request, &linked.item).await?;
    shown(StatusCode::OK, page::passport(&result, &linked, link, &state.config(), language))
}

#[cfg(test)]
mod tests;
