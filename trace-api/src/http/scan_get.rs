//! `GET /01/{gtin}/21/{serial}`: a person scans a tag and gets a verdict.
//!
//! The way through: address to candidates, candidates to a history, history and scans to a verdict; then the scan is
//! stored and answered as page or JSON, by `Accept`.
//!
//! What holds: an unknown serial number and a malformed one get answers of the same shape; a scan is stored before it
//! is answered; without the database no verdict is given.

use actix_web::web::{Data, Path, Query};
use actix_web::{HttpRequest, HttpResponse};
use epc::{Epc, PrefixLength};
use history::{ConsumerScan, GatheredHistory, ItemState, Position, TagCheck, gather, judge};

use crate::answer;
use crate::language::Language;
use crate::page::{self, PageView};
use crate::problem::Problem;
use crate::scan::{ScanRequest, ScanRole};
use crate::scan_result::ScanResult;
use crate::state::{AppState, MAX_PART};

/// Parameters of the address.
#[derive(Debug, serde::Deserialize)]
pub struct Parameters {
    /// `zh` or `en`; otherwise the browser's language.
    lang: Option<String>,
}

/// One length of company prefix.
struct Fixed(usize);

impl PrefixLength for Fixed {
    fn length(&self, _key: &str) -> Option<usize> {
        Some(self.0)
    }
}

/// Handles `/01/{gtin}/21/{serial}`.
///
/// # Errors
///
/// [`Problem`].
pub async fn get(
    state: Data<AppState>,
    request: HttpRequest,
    path: Path<(String, String)>,
    query: Query<Parameters>,
) -> Result<HttpResponse, Problem> {
    let (gtin, serial) = path.into_inner();
    respond(&state, &request, &gtin, &serial, &query).await
}

/// Handles `/01/{gtin}/10/{lot}/21/{serial}`; GTIN and serial number identify the item, the lot is not used.
///
/// # Errors
///
/// [`Problem`].
pub async fn get_with_lot(
    state: Data<AppState>,
    request: HttpRequest,
    path: Path<(String, String, String)>,
    query: Query<Parameters>,
) -> Result<HttpResponse, Problem> {
    let (gtin, _, serial) = path.into_inner();
    respond(&state, &request, &gtin, &serial, &query).await
}

async fn respond(
    state: &AppState,
    request: &HttpRequest,
    gtin: &str,
    serial: &str,
    parameters: &Parameters,
) -> Result<HttpResponse, Problem> {
    let begun = state.clock.instant();
    let header = |name: &str| {
        request.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    };
    let language = Language::preferred(parameters.lang.as_deref(), header("Accept-Language"));
    let wants_json = header("Accept").contains("json");
    if gtin.len() > MAX_PART || serial.len() > MAX_PART {
        return Err(Problem::Malformed(format!(
            "got a code of {} characters, expected a GTIN of 14 digits and a serial of at most 20 characters",
            gtin.len() + serial.len()
        )));
    }
    let scan = ScanRequest::of(request, &state.config, state.clock.now());
    let result = match check(state, scan, gtin, serial).await {
        Ok(result) => result,
        Err(Problem::Unavailable) if !wants_json => {
            return Ok(HttpResponse::ServiceUnavailable()
                .content_type("text/html; charset=utf-8")
                .insert_header(("Retry-After", "5"))
                .body(page::cannot_check(language)));
        }
        Err(problem) => return Err(problem),
    };
    count(state, &result);
    let duration = state.clock.instant().duration_since(begun);
    state.metrics.answer_seconds.observe(duration.as_secs_f64());
    if wants_json {
        return Ok(HttpResponse::Ok().json(answer::scan(&result, language)));
    }
    html(state, &result, gtin, serial, language).await
}

/// Gathers, judges and stores the scan.
async fn check(
    state: &AppState,
    request: ScanRequest,
    gtin: &str,
    serial: &str,
) -> Result<ScanResult, Problem> {
    let Some(gathered) = find(state, gtin, serial).await? else {
        if state.unknown_codes.check_key(&request.address).is_err() {
            return Err(Problem::TooMany);
        }
        let item = format!("https://id.gs1.org/01/{gtin}/21/{serial}").replace('\0', "");
        let state_of_item = ItemState::unknown();
        let reason = judge(&state_of_item, TagCheck::NotChecked, &[]);
        store(state, &request.scan(&item, reason.verdict().code())).await?;
        return Ok(ScanResult {
            request,
            gathered: None,
            state: state_of_item,
            reason,
            anchored: None,
        });
    };
    let item = gathered.history.item.to_uri();
    let state_of_item = gathered.history.state(request.at);
    let scans = consumer_scans(state, &item, &request).await?;
    let reason = judge(&state_of_item, TagCheck::NotChecked, &scans);
    store(state, &request.scan(&item, reason.verdict().code())).await?;
    let hub = state.config.hub.as_deref();
    let anchored = history::bundle::anchored_at(&state.db, &gathered, hub).await?;
    Ok(ScanResult { request, gathered: Some(gathered), state: state_of_item, reason, anchored })
}

/// The history of the first candidate that has records.
async fn find(
    state: &AppState,
    gtin: &str,
    serial: &str,
) -> Result<Option<GatheredHistory>, sql::Error> {
    for candidate in candidates(gtin, serial) {
        let found = gather(&state.db, &state.config.policy, &candidate).await?;
        if !found.history.entries.is_empty() {
            return Ok(Some(found));
        }
    }
    Ok(None)
}

/// The items that a GTIN and a serial number may be: one per length of company prefix.
fn candidates(gtin: &str, serial: &str) -> Vec<Epc> {
    let escaped = percent_encoding::utf8_percent_encode(serial, percent_encoding::NON_ALPHANUMERIC);
    let link = format!("https://id.gs1.org/01/{gtin}/21/{escaped}");
    (6..=12).filter_map(|length| Epc::from_digital_link(&link, &Fixed(length)).ok()).collect()
}

/// Earlier scans of the item by consumers, and this one if it is a consumer's.
async fn consumer_scans(
    state: &AppState,
    item: &str,
    request: &ScanRequest,
) -> Result<Vec<ConsumerScan>, sql::Error> {
    let mut scans = sql::scans::of_item(&state.db, item).await?;
    scans.push(request.scan(item, ""));
    scans.retain(|scan| scan.role == ScanRole::Consumer.code());
    Ok(scans.into_iter().map(consumer_scan).collect())
}

fn consumer_scan(scan: sql::scans::Scan) -> ConsumerScan {
    ConsumerScan {
        at: scan.at,
        device: scan.device,
        position: scan.place.map(|place| Position {
            latitude: place.latitude,
            longitude: place.longitude,
            uncertainty_km: f64::from(place.uncertainty_km),
        }),
    }
}

async fn store(state: &AppState, scan: &sql::scans::Scan) -> Result<(), sql::Error> {
    state.db.run_tx("trace_api.scan", async |tx| sql::scans::insert(tx, scan).await).await
}

fn count(state: &AppState, result: &ScanResult) {
    let metrics = &state.metrics;
    metrics.verdicts.with_label_values(&[result.reason.verdict().code()]).inc();
    metrics.scans.with_label_values(&[result.request.role.code()]).inc();
    let disputed = result.gathered.as_ref().map_or(0, |found| found.history.disputed().count());
    metrics.broken_records.inc_by(disputed as u64);
}

async fn html(
    state: &AppState,
    result: &ScanResult,
    gtin: &str,
    serial: &str,
    language: Language,
) -> Result<HttpResponse, Problem> {
    let scans = match &result.gathered {
        Some(found) => sql::scans::of_item(&state.db, &found.history.item.to_uri()).await?,
        None => Vec::new(),
    };
    let view = PageView { result, scans: &scans, gtin, serial, config: &state.config, language };
    let body = page::item(&view).map_err(|error| Problem::Internal(error.to_string()))?;
    Ok(HttpResponse::Ok()
        .content_type("text/html; charset=utf-8")
        .insert_header(("Vary", "Accept, Accept-Language"))
        .insert_header(("Cache-Control", "no-store"))
        .insert_header((
            "Content-Security-Policy",
            "default-src 'self'; style-src 'unsafe-inline'; img-src 'self' data:",
        ))
        .body(body))
}

#[cfg(test)]
mod tests;
