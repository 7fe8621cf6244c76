//! Reporting a suspicion: `GET /report` shows the form, `POST /report` takes it, `GET /report/{receipt}` says what came of it.
//!
//! The way through: limits; the parts of the form, each bounded while it is read; what the page of the item says at this moment;
//! [`crate::reports`]; then on to the page of the receipt, so that loading it again sends nothing.
//!
//! What holds: no cookie; a form that another site's page sent is refused; a network may send so many reports in an hour; an unknown
//! receipt and a malformed one get the same answer; what was sent is never shown again.
//!
//! Not here: what a report holds ([`crate::reports`]), pages ([`crate::page::report`]).
//!
//! Sources: RFC 7578 (multipart/form-data); W3C Fetch Metadata.

use std::fmt::Display;

use actix_multipart::{Field, Multipart};
use actix_web::http::StatusCode;
use actix_web::http::header::LOCATION;
use actix_web::web::{self, Data, Path, Payload};
use actix_web::{HttpRequest, HttpResponse, ResponseError as _};
use futures::StreamExt as _;
use history::frozen::Shown;
use process::problem::{at, method_not_allowed};
use sql::reports::{MOST_PHOTO, Stored};

use super::guard::{foreign_form, language};
use super::parameters::text;
use super::scan_get::{header, look};
use super::sent;
use crate::error_page;
use crate::language::{Language, Pair};
use crate::once::new_form;
use crate::page::report::{self as page, Form};
use crate::problem::Problem;
use crate::reports::{self, Fields, Receipt, Refused, Report};
use crate::scanned::Scanned;
use crate::state::AppState;
use crate::words::report as words;

/// Most bytes of a field that is text: the longest text in characters of four bytes.
const MOST_TEXT: usize = 4 * reports::MOST_MESSAGE;
/// Most parts of a form.
const MOST_PARTS: usize = 12;

/// Both paths.
pub fn routes(service: &mut web::ServiceConfig) {
    let form = web::resource("/report")
        .route(web::get().to(form))
        .route(web::head().to(form))
        .route(web::post().to(send))
        .default_service(web::to(|request: HttpRequest| async move {
            method_not_allowed(&request, "GET, HEAD, POST")
        }));
    service.service(form).service(at("/report/{receipt}", follow));
}

/// `GET /report`: the form, or on to the page of a receipt that was typed.
///
/// # Errors
///
/// [`Problem`].
pub async fn form(state: Data<AppState>, request: HttpRequest) -> Result<HttpResponse, Problem> {
    let language = language(&request);
    if let Some(receipt) = text(&request, "receipt")? {
        return Ok(match Receipt::parse(&receipt) {
            Some(receipt) => on_to(receipt, language),
            None => return unknown(&request, language),
        });
    }
    if !state.config().takes_reports {
        let problem = Problem::NotFound("this site takes no reports".to_owned());
        return instead(&request, problem, words::not_taken(), language);
    }
    let code = text(&request, "code")?.unwrap_or_default();
    let code = code.chars().take(reports::MOST_CODE).collect();
    let fields = Fields { form: new_form()?, code, ..Fields::default() };
    show(&state, fields, None, language)
}

/// `POST /report`.
///
/// # Errors
///
/// [`Problem`].
pub async fn send(
    state: Data<AppState>,
    request: HttpRequest,
    body: Payload,
) -> Result<HttpResponse, Problem> {
    let (config, language) = (state.config(), language(&request));
    if !config.takes_reports {
        let problem = Problem::NotFound("this site takes no reports".to_owned());
        return instead(&request, problem, words::not_taken(), language);
    }
    if let Some(refused) = foreign_form(&request, &config.public_url, "/report") {
        count(&state, "other_site");
        return refused;
    }
    state.admit_report(&request).inspect_err(|_| count(&state, "limited"))?;
    let sent = read(&request, body).await.inspect_err(|_| count(&state, "malformed"))?;
    let own_host = config.public_url.split_once("://").map_or("", |(_, host)| host);
    let report = match sent.photo {
        Err(why) => Err(why),
        Ok(photo) => Report::read(&sent.fields, Some(&photo), own_host),
    };
    match report {
        Err(why) => {
            count(&state, "refused");
            show(&state, sent.fields, Some(why), language)
        }
        Ok(report) => {
            let shown = shown(&state, &request, &report.item).await?;
            let (receipt, stored) = reports::send(&state, &report, &shown, language).await?;
            count(&state, if stored == Stored::Before { "repeated" } else { "stored" });
            Ok(on_to(receipt, language))
        }
    }
}

/// What the page of an item says at this moment. A history that cannot be read keeps nobody from reporting.
async fn shown(state: &AppState, request: &HttpRequest, item: &str) -> Result<Shown, Problem> {
    let code = epc::parse_digital_link(item).map(|link| Scanned::of_link(&link));
    let Some(code) = code.ok().filter(|code| code.named.is_some()) else {
        return Ok(Shown::NoItem);
    };
    match look(state, request, &code).await {
        Ok(result) => Ok(Shown::of(&result.reason, result.gathered.as_ref())),
        Err(Problem::Unavailable) => Err(Problem::Unavailable),
        Err(problem) => {
            tracing::error!(%problem, item, "a report does not say what the records said");
            Ok(Shown::NotRead)
        }
    }
}

/// `GET /report/{receipt}`.
///
/// # Errors
///
/// [`Problem`].
pub async fn follow(
    state: Data<AppState>,
    request: HttpRequest,
    receipt: Path<String>,
) -> Result<HttpResponse, Problem> {
    let language = language(&request);
    let admission = state.admit_code(&request)?;
    // What is no receipt is asked for as well, so that both take as long.
    let read = Receipt::parse(&receipt);
    let found = reports::follow(&state, read.unwrap_or_default()).await?;
    let (Some(receipt), Some(outcome)) = (read, found) else { return unknown(&request, language) };
    if let Some(admission) = admission {
        admission.give_back();
    }
    let days = state.config().keep_reports_days;
    let page = page::receipt(receipt, &outcome, days, language);
    Ok(sent::page(StatusCode::OK, page.map_err(|error| Problem::Internal(error.to_string()))?))
}

/// A form as it came in.
struct Sent {
    fields: Fields,
    /// The photo; empty if there is none.
    photo: Result<Vec<u8>, Refused>,
}

/// Reads the parts of a form; those of other names are passed over.
async fn read(request: &HttpRequest, body: Payload) -> Result<Sent, Problem> {
    let mut sent = Sent { fields: Fields::default(), photo: Ok(Vec::new()) };
    let mut parts = Multipart::new(request.headers(), body);
    let mut count = 0;
    while let Some(part) = parts.next().await {
        let part = part.map_err(malformed)?;
        count += 1;
        if count > MOST_PARTS {
            return Err(malformed(format!("more than {MOST_PARTS} parts")));
        }
        let fields = &mut sent.fields;
        let place = match part.name() {
            Some("form") => &mut fields.form,
            Some("code") => &mut fields.code,
            Some("reason") => &mut fields.reason,
            Some("message") => &mut fields.message,
            Some("place") => &mut fields.place,
            Some("authorities") => &mut fields.authorities,
            Some("photo") => {
                let bytes = bounded(part, MOST_PHOTO).await?;
                sent.photo = bytes.ok_or(Refused::PhotoTooLarge);
                continue;
            }
            _ => {
                bounded(part, 0).await?;
                continue;
            }
        };
        let bytes = bounded(part, MOST_TEXT).await?;
        let bytes =
            bytes.ok_or_else(|| malformed(format!("a text of more than {MOST_TEXT} bytes")))?;
        *place = String::from_utf8(bytes).map_err(malformed)?;
    }
    Ok(sent)
}

/// The bytes of a part; none if they are more than `most`, and then up to twice as many of a photo are passed over, so that the browser
/// gets an answer it can show.
async fn bounded(mut part: Field, most: usize) -> Result<Option<Vec<u8>>, Problem> {
    let mut bytes = Vec::new();
    let mut length = 0;
    while let Some(chunk) = part.next().await {
        let chunk = chunk.map_err(malformed)?;
        length += chunk.len();
        if length <= most {
            bytes.extend_from_slice(&chunk);
        } else if length > 4 * MOST_PHOTO {
            return Err(malformed(format!("a part of more than {} bytes", 4 * MOST_PHOTO)));
        }
    }
    Ok((length <= most).then_some(bytes))
}

fn malformed(why: impl Display) -> Problem {
    Problem::Malformed(format!("got {why}, expected the form of /report"))
}

fn count(state: &AppState, outcome: &str) {
    state.metrics.reports.with_label_values(&[outcome]).inc();
}

fn show(
    state: &AppState,
    fields: Fields,
    refused: Option<Refused>,
    language: Language,
) -> Result<HttpResponse, Problem> {
    let config = state.config();
    let contact = config.report_contact.as_deref();
    let form = Form { fields, refused, contact, days: config.keep_reports_days };
    let page = page::form(form, language).map_err(|error| Problem::Internal(error.to_string()))?;
    let status = if refused.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    Ok(sent::page(status, page))
}

fn on_to(receipt: Receipt, language: Language) -> HttpResponse {
    let page = format!("/report/{receipt}?lang={}", language.tag());
    HttpResponse::SeeOther().insert_header((LOCATION, page)).finish()
}

fn unknown(request: &HttpRequest, language: Language) -> Result<HttpResponse, Problem> {
    let problem = Problem::NotFound("no report has this receipt number".to_owned());
    instead(request, problem, words::unknown(), language)
}

/// A page in place of a problem, for a person who reads pages.
fn instead(
    request: &HttpRequest,
    problem: Problem,
    said: (Pair, Pair),
    language: Language,
) -> Result<HttpResponse, Problem> {
    if !header(request, "Accept").contains("text/html") {
        return Err(problem);
    }
    let to_form = (&*format!("/report?lang={}", language.tag()), language.of(words::TO_FORM));
    Ok(sent::page(problem.status_code(), error_page::of_words(said, to_form, language)))
}

#[cfg(test)]
mod tests;
