//! A person scans a tag, `GET /01/{gtin}/21/{serial}` or another key, and gets a verdict.
//!
//! The way through: limits, and a slot in the queue of scans; the history,
//! and at the same time what is counted of its scans, and what its chip says; all of it to a verdict; then the scan is stored, in a group with others,
//! and answered as page or JSON, by `Accept`.
//!
//! What holds: limits come before the database; an unknown serial number and a malformed one cost the same work and get
//! answers of the same shape; a scan is stored before it is answered; `HEAD` is no scan, and neither is what the same
//! device asks again within ten minutes, as for the other language; without the database no verdict is given.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use actix_web::http::header::{HeaderValue, RETRY_AFTER};

use actix_web::http::Method;
use actix_web::{HttpRequest, HttpResponse, ResponseError as _};
use directory::Rights;
use epc::Epc;
use history::bundle::Anchored;
use history::{GatheredHistory, ItemState, gather, judge};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use percent_encoding::percent_decode_str;
use sql::owners::Registered;
use sql::scans::{Mark, Scan};

use crate::findings::{self, About, Examination, Examined};
use crate::language::Language;
use crate::page::{self, PageView};
use crate::problem::Problem;
use crate::scan::{ScanRequest, ScanRole};
use crate::scan_queue::Slot;
use crate::scan_result::ScanResult;
use crate::scanned::Scanned;
use crate::state::{AppState, MAX_PART};
use crate::taps::{self, Heard, Held};
use crate::{answer, error_page, seen};

/// Qualifiers of a GTIN, in their order: consumer product variant, lot, serial, serial of a third party.
const QUALIFIERS: [&str; 4] = ["22", "10", "21", "235"];

/// Parameters of the address.
#[derive(Debug, serde::Deserialize)]
pub struct Parameters {
    /// `zh` or `en`; otherwise the browser's language.
    lang: Option<String>,
    /// The item's token, where its product asks for one.
    pub(super) t: Option<String>,
}

/// The item of an address `/01/{gtin}/…/21/{serial}`, also of one that is none; none if the path is not of that form.
///
/// # Errors
///
/// If it is longer than any code.
pub fn read_item(path: &str) -> Result<Option<Scanned>, Problem> {
    let Some(Code { gtin, lot, serial: Some(serial) }) = read_code(path) else { return Ok(None) };
    let length = gtin.len() + serial.len();
    if [&gtin, &serial].into_iter().chain(&lot).any(|part| part.len() > MAX_PART) {
        return Err(Problem::Malformed(format!(
            "got a code of {length} characters, expected a GTIN of 14 digits and a serial of at most 20 characters"
        )));
    }
    Ok(Some(Scanned::of_item(&gtin, &serial, lot.as_deref())))
}

/// The parts of an address, as they are written.
#[derive(Debug, PartialEq, Eq)]
struct Code {
    gtin: String,
    lot: Option<String>,
    serial: Option<String>,
}

/// Reads `/01/{gtin}` and its qualifiers; none if the path is not of that form.
fn read_code(path: &str) -> Option<Code> {
    let decode = |part: &str| percent_decode_str(part).decode_utf8_lossy().into_owned();
    let parts: Vec<&str> = path.strip_prefix("/01/")?.split('/').collect();
    let (gtin, qualifiers) = parts.split_first()?;
    let gtin = whole_gtin(decode(gtin));
    if gtin.is_empty() || !qualifiers.len().is_multiple_of(2) {
        return None;
    }
    let (mut lot, mut serial) = (None, None);
    let mut last = None;
    for pair in qualifiers.chunks_exact(2) {
        let place = QUALIFIERS.iter().position(|ai| *ai == pair[0])?;
        if last.is_some_and(|last| last >= place) {
            return None;
        }
        last = Some(place);
        match pair[0] {
            "10" => lot = Some(decode(pair[1])),
            "21" => serial = Some(decode(pair[1])),
            _ => {}
        }
    }
    Some(Code { gtin, lot, serial })
}

/// A GTIN of 8, 12 or 13 digits with the zeros before it; anything else as it is.
fn whole_gtin(text: String) -> String {
    let is_short = matches!(text.len(), 8 | 12 | 13) && text.bytes().all(|it| it.is_ascii_digit());
    if is_short { format!("{text:0>14}") } else { text }
}

/// The page or the JSON of a code.
///
/// # Errors
///
/// [`Problem`].
pub async fn answer(
    state: &AppState,
    request: &HttpRequest,
    query: &Parameters,
    code: &Scanned,
) -> Result<HttpResponse, Problem> {
    let language = Language::preferred(query.lang.as_deref(), header(request, "Accept-Language"));
    let wants_json = header(request, "Accept").contains("json");
    if code.is_item() {
        return respond(state, request, code, language, wants_json).await;
    }
    if code.gtin.is_empty() {
        return no_item(code, language, wants_json);
    }
    without_serial(state, request, &code.gtin, language, wants_json)
}

/// The first value of a header; empty if there is none.
#[must_use]
pub fn header<'a>(request: &'a HttpRequest, name: &str) -> &'a str {
    request.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

/// The link that was meant by one whose serial or lot stands among its attributes, on our own address; none of others.
fn meant(public_url: &str, request: &HttpRequest) -> Option<String> {
    // Read as at a host without a path, so that what follows the host is key and qualifiers only.
    let link = format!("https://id.gs1.org{}", request.uri().path_and_query()?);
    let epc::EpcError::Spelling { right, .. } = epc::check_uri(&link).err()? else { return None };
    Some(format!("{public_url}{}", right.strip_prefix("https://id.gs1.org")?))
}

/// Explains that the code names a place, a party or a group of shipments and no item.
fn no_item(code: &Scanned, language: Language, wants_json: bool) -> Result<HttpResponse, Problem> {
    if wants_json {
        let detail = "this code names no single item; linkType=linkset lists what is known of it";
        return Err(Problem::NotFound(detail.into()));
    }
    Ok(HttpResponse::Ok()
        .content_type("text/html; charset=utf-8")
        .body(error_page::no_item(&code.parts, language)))
}

/// Explains that the code names a product and no item, or where its serial ought to stand.
fn without_serial(
    state: &AppState,
    request: &HttpRequest,
    gtin: &str,
    language: Language,
    wants_json: bool,
) -> Result<HttpResponse, Problem> {
    if let Some(right) = meant(&state.config().public_url, request) {
        if wants_json {
            let detail =
                format!("the serial or lot of this code is among its attributes; expected {right}");
            return Err(Problem::NotFound(detail));
        }
        return Ok(HttpResponse::Ok()
            .content_type("text/html; charset=utf-8")
            .body(error_page::misplaced(&right, language)));
    }
    let config = state.config();
    let product = config.names.product(gtin);
    let asks_for_token = product.is_some_and(|product| product.token_key.is_some());
    if wants_json {
        let detail = if asks_for_token {
            "items of this product are shown with their token only; expected /01/GTIN/21/SERIAL?t=TOKEN"
        } else {
            "this code names a product and no single item; expected /01/GTIN/21/SERIAL"
        };
        return Err(Problem::NotFound(detail.into()));
    }
    let name = product.map(|product| language.of((&*product.name_zh, &*product.name_en)));
    Ok(HttpResponse::Ok()
        .content_type("text/html; charset=utf-8")
        .body(error_page::without_serial(gtin, name, asks_for_token, language)))
}

async fn respond(
    state: &AppState,
    request: &HttpRequest,
    code: &Scanned,
    language: Language,
    wants_json: bool,
) -> Result<HttpResponse, Problem> {
    let counts = request.method() == Method::GET;
    let result = match scan(state, request, code, counts, None).await {
        Ok(result) => result,
        Err(Problem::Unavailable) => return Ok(unavailable(language, wants_json)),
        Err(problem) => return Err(problem),
    };
    if wants_json {
        return Ok(HttpResponse::Ok().json(answer::scan(&result, &state.config(), language)));
    }
    html(state, &result, code, language)
}

/// Admits a scan and checks it; what is found gives the allowance back.
///
/// - `counts`: whether this is a scan.
/// - `shown`: what the tag showed, if it was asked; otherwise its address says it.
///
/// # Errors
///
/// [`Problem`].
pub(super) async fn scan(
    state: &AppState,
    request: &HttpRequest,
    code: &Scanned,
    counts: bool,
    shown: Option<Heard>,
) -> Result<ScanResult, Problem> {
    let begun = state.clock.instant();
    let admission = state.admit_code(request)?;
    let scan = ScanRequest::of(request, &state.config(), state.clock.now());
    let is_address = shown.is_none();
    let result = check(state, scan, code, counts, shown).await;
    let is_given_back = match &result {
        Ok(result) => result.gathered.is_some(),
        Err(problem) => matches!(problem, Problem::Unavailable),
    };
    if let Some(admission) = admission.filter(|_| is_given_back) {
        admission.give_back();
    }
    let result = result?;
    count(state, &result, is_address);
    let duration = state.clock.instant().duration_since(begun);
    state.metrics.answer_seconds.observe(duration.as_secs_f64());
    Ok(result)
}

/// Seconds, at most, after which a scan that could not be checked is asked again.
const LATEST_RETRY: u32 = 5;

/// Seconds after which a scan should be asked again: 1 to [`LATEST_RETRY`] in turn, so that those who waited for the
/// database do not come back at once (docs/decisions/0063).
fn retry_after() -> u32 {
    static TURN: AtomicU32 = AtomicU32::new(0);
    1 + TURN.fetch_add(1, Ordering::Relaxed) % LATEST_RETRY
}

fn unavailable(language: Language, wants_json: bool) -> HttpResponse {
    let mut response = if wants_json {
        Problem::Unavailable.error_response()
    } else {
        HttpResponse::ServiceUnavailable()
            .content_type("text/html; charset=utf-8")
            .body(page::cannot_check(language))
    };
    response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(retry_after()));
    response
}

/// What a scan of the item would say, for another page that shows it: nothing is stored, and no chip is asked.
///
/// # Errors
///
/// [`Problem`].
pub async fn look(
    state: &AppState,
    request: &HttpRequest,
    code: &Scanned,
) -> Result<ScanResult, Problem> {
    let request = ScanRequest::of(request, &state.config(), state.clock.now());
    check(state, request, code, false, None).await
}

/// Gathers, examines, judges and stores the scan.
///
/// - `counts`: whether this is a scan.
async fn check(
    state: &AppState,
    request: ScanRequest,
    code: &Scanned,
    counts: bool,
    tag: Option<Heard>,
) -> Result<ScanResult, Problem> {
    // Before anything is asked: a full queue costs nothing.
    let slot = if counts { Some(state.scans.slot()?) } else { None };
    let named = code.named.as_ref().or(code.meant.as_ref());
    let thing = epc::thing_key(&named.map_or_else(|| code.link.clone(), Epc::to_uri));
    let marks = request.marks(&thing, &state.mark_keys);
    let ((found, rights), looked, heard) = tokio::try_join!(
        find(state, named, request.at),
        findings::look(&state.db, sql::items::key_of_thing(&thing), &request, &marks),
        hear(state, &request, code, (counts, tag), &marks.device)
    )?;
    // Of what a broken code was meant to name nothing is shown.
    let shown = found.as_ref().filter(|_| code.named.is_some());
    let (item, state_of_item) = if let Some(gathered) = shown {
        let found = &gathered.history;
        (found.name(), found.state(request.at, &TimeZone::UTC))
    } else {
        // Who issues under a key does not depend on the serial.
        (code.link.clone(), ItemState::of_unknown(&rights, code.sibling().as_ref()))
    };
    let is_consumers = counts && request.role == ScanRole::Consumer;
    let scans = shown.map(|_| seen::totals(&looked.seen, request.at, is_consumers));
    let mut examination = Examination::default();
    if let Some(found) = &found {
        let (item, config) = (&found.history.name(), state.config());
        let about = About::of(&found.history, &state_of_item, code, &config.names);
        let examined = Examined { item, request: &request, marks: &marks, counts, about };
        examination = findings::examine(state, &rights, examined, &looked).await?;
    }
    let tag = taps::judge(&heard, &state_of_item.chips);
    let reason = examination.reason(judge(&state_of_item, tag, &examination.conflicts));
    let gathered = found.filter(|_| code.named.is_some());
    let marks = if gathered.is_some() { marks } else { request.marks(&item, &state.mark_keys) };
    let scan = request.scan(&item, marks, reason.verdict().code());
    let ((), anchored, registered) = tokio::try_join!(
        store(slot, scan),
        anchored(state, gathered.as_ref()),
        registered(state, code, heard != Heard::Nothing || !state_of_item.chips.is_empty())
    )?;
    Ok(ScanResult {
        request,
        gathered,
        state: state_of_item,
        tag,
        reason,
        hints: examination.hints,
        anchored,
        scans: scans.unwrap_or_default(),
        registered,
        is_held: taps::held(&heard, tag) == Held::Yes,
        code: code.clone(),
        rights,
    })
}

/// Stores a scan that has a slot.
async fn store(slot: Option<Slot>, scan: Scan) -> Result<(), Problem> {
    match slot {
        Some(slot) => slot.store(scan).await.map_err(Problem::from),
        None => Ok(()),
    }
}

/// What the tag showed when it was asked, or what the address says.
async fn hear(
    state: &AppState,
    request: &ScanRequest,
    code: &Scanned,
    (counts, shown): (bool, Option<Heard>),
    device: &Mark,
) -> Result<Heard, sql::Error> {
    match shown {
        Some(shown) => Ok(shown),
        None => taps::hear(state, request, code, counts, device).await,
    }
}

/// What people registered of the item; nothing is asked of a product without hidden codes and chips.
///
/// - `is_chip`: whether the address or the item's records tell of a chip.
async fn registered(
    state: &AppState,
    code: &Scanned,
    is_chip: bool,
) -> Result<Registered, Problem> {
    let config = state.config();
    let product = config.names.product(&code.gtin);
    let has_codes = product.is_some_and(|product| product.code_key.is_some());
    let asks = has_codes || is_chip && config.tag_key.is_some();
    let Some(item) = code.named.as_ref().filter(|_| asks) else {
        return Ok(Registered::default());
    };
    Ok(sql::owners::registered(&state.db, &item.to_digital_link()).await?)
}

async fn anchored(
    state: &AppState,
    gathered: Option<&GatheredHistory>,
) -> Result<Option<Anchored>, Problem> {
    let Some(gathered) = gathered else { return Ok(None) };
    let config = state.config();
    let hub = config.hub.as_deref();
    Ok(history::bundle::anchored_at(&state.db, gathered, hub).await?)
}

/// The history of the item, if any record names it, and the rights by which it was read. A code that is none, and was not
/// meant to be one, is looked up as another one would be, and what is found is not used.
async fn find(
    state: &AppState,
    named: Option<&Epc>,
    now: Timestamp,
) -> Result<(Option<GatheredHistory>, Arc<Rights>), sql::Error> {
    // One look at the directory for all that follows: history, unknown item and findings.
    let (rights, policy) = state.rights_and_policy().await;
    let is_code = named.is_some();
    let other = || Scanned::of_item("00000000000000", "0", None).named;
    let Some(item) = named.cloned().or_else(other) else { return Ok((None, rights)) };
    let found = gather(&state.db, &state.cache, &policy, &rights, now, &item).await?;
    Ok((Some(found).filter(|found| is_code && found.names_item()), rights))
}

fn count(state: &AppState, result: &ScanResult, is_address: bool) {
    let metrics = &state.metrics;
    metrics.verdicts.with_label_values(&[result.reason.verdict().code()]).inc();
    if let Some(outcome) = taps::code(result.tag).filter(|_| is_address) {
        metrics.taps.with_label_values(&[outcome]).inc();
    }
    let disputed = result.gathered.as_ref().map_or(0, |found| found.history.disputed().count());
    metrics.broken_records.inc_by(disputed as u64);
}

fn html(
    state: &AppState,
    result: &ScanResult,
    code: &Scanned,
    language: Language,
) -> Result<HttpResponse, Problem> {
    let config = state.config();
    let view = PageView { result, code, config: &config, language };
    let body = page::item(&view).map_err(|error| Problem::Internal(error.to_string()))?;
    Ok(HttpResponse::Ok().content_type("text/html; charset=utf-8").body(body))
}

#[cfg(test)]
mod attacks;
#[cfg(test)]
mod tapped;
#[cfg(test)]
mod tests;
