//! `GET /01/{gtin}/21/{serial}`: a person scans a tag and wants to know what to do.
//!
//! The way: address to candidates, candidates to records, records and scans to a verdict, the scan stored,
//! then page or JSON by `Accept`.
//!
//! What holds: an unknown serial and a malformed one are answered in the same shape; a scan is stored before
//! it is answered; when the database is away, nothing is said of the item.

use std::time::Instant;

use actix_web::web::{Data, Path, Query};
use actix_web::{HttpRequest, HttpResponse};
use epc::{Epc, PrefixLength};
use jiff::Timestamp;
use serde_json::json;

use super::{MAX_PART, State};
use crate::page::{self, Shown};
use crate::problem::Problem;
use crate::scan::Look;
use crate::words::Language;
use history::story::{Story, gather};
use history::verdict::{Facts, Judged, Seen, judge};

/// What may follow the address.
#[derive(Debug, serde::Deserialize)]
pub struct Asked {
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
    state: Data<State>,
    request: HttpRequest,
    path: Path<(String, String)>,
    query: Query<Asked>,
) -> Result<HttpResponse, Problem> {
    let (gtin, serial) = path.into_inner();
    answer(&state, &request, &gtin, &serial, &query).await
}

/// Handles `/01/{gtin}/10/{lot}/21/{serial}`; serial and GTIN name the item, the lot adds nothing.
///
/// # Errors
///
/// [`Problem`].
pub async fn get_with_lot(
    state: Data<State>,
    request: HttpRequest,
    path: Path<(String, String, String)>,
    query: Query<Asked>,
) -> Result<HttpResponse, Problem> {
    let (gtin, _, serial) = path.into_inner();
    answer(&state, &request, &gtin, &serial, &query).await
}

async fn answer(
    state: &State,
    request: &HttpRequest,
    gtin: &str,
    serial: &str,
    query: &Asked,
) -> Result<HttpResponse, Problem> {
    let begun = Instant::now();
    let header = |name: &str| {
        request.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    };
    let language = Language::preferred(query.lang.as_deref(), header("Accept-Language"));
    let wants_json = header("Accept").contains("json");
    if gtin.len() > MAX_PART || serial.len() > MAX_PART {
        return Err(Problem::Malformed(format!(
            "the code has {} characters; a GTIN of 14 digits and a serial of at most 20 would be right",
            gtin.len() + serial.len()
        )));
    }
    let found = look_up(state, request, gtin, serial).await;
    let (look, story, judged) = match found {
        Ok(found) => found,
        Err(Problem::Unavailable) if !wants_json => {
            return Ok(HttpResponse::ServiceUnavailable()
                .content_type("text/html; charset=utf-8")
                .insert_header(("Retry-After", "5"))
                .body(page::cannot_check(language)));
        }
        Err(problem) => return Err(problem),
    };
    let code = judged.verdict.code();
    state.metrics.verdicts.with_label_values(&[code]).inc();
    state.metrics.scans.with_label_values(&[look.role]).inc();
    let broken = story.as_ref().map_or(0, |story| story.broken().count());
    state.metrics.broken_records.inc_by(broken as u64);
    let anchored = match &story {
        Some(story) => {
            history::bundle::anchored_at(&state.db, story, state.config.hub.as_deref()).await?
        }
        None => None,
    };
    state.metrics.answer_seconds.observe(begun.elapsed().as_secs_f64());
    if wants_json {
        return Ok(HttpResponse::Ok().json(to_json(&judged, story.as_ref(), anchored, language)));
    }
    let scans = match &story {
        Some(story) => sql::scans::of_item(&state.db, &story.item.to_uri()).await?,
        None => Vec::new(),
    };
    let shown = Shown {
        judged: &judged,
        story: story.as_ref(),
        scans: &scans,
        look: &look,
        gtin,
        serial,
        anchored,
        config: &state.config,
        language,
    };
    let body = page::item(&shown).map_err(|error| Problem::Internal(error.to_string()))?;
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

/// Gathers, judges and stores the scan.
async fn look_up(
    state: &State,
    request: &HttpRequest,
    gtin: &str,
    serial: &str,
) -> Result<(Look, Option<Story>, Judged), Problem> {
    let look = Look::of(request, &state.config, Timestamp::now());
    let mut story = None;
    for candidate in candidates(gtin, serial) {
        let found = gather(&state.db, &state.config.policy, &candidate).await?;
        if !found.told.is_empty() {
            story = Some(found);
            break;
        }
    }
    let mut facts = match &story {
        Some(story) => story.facts(look.at),
        None => Facts { rejected: Some("unknown".to_owned()), ..Facts::default() },
    };
    if story.is_none() && state.unknown.check_key(&look.address).is_err() {
        return Err(Problem::TooMany);
    }
    if let Some(story) = &story {
        let uri = story.item.to_uri();
        let earlier = sql::scans::of_item(&state.db, &uri).await?;
        facts.scans = earlier.iter().filter(|scan| scan.role == "consumer").map(seen).collect();
        if look.role == "consumer" {
            facts.scans.push(seen(&look.scan(&uri, "")));
        }
    }
    let judged = judge(&facts);
    let item = story.as_ref().map_or_else(
        || format!("https://id.gs1.org/01/{gtin}/21/{serial}").replace('\0', ""),
        |story| story.item.to_uri(),
    );
    let scan = look.scan(&item, judged.verdict.code());
    state.db.run_tx("trace_api.scan", async |tx| sql::scans::insert(tx, &scan).await).await?;
    Ok((look, story, judged))
}

fn seen(scan: &sql::scans::Scan) -> Seen {
    let place = scan.place.as_ref();
    Seen {
        at: scan.at,
        device: scan.device.clone(),
        place: place.map(|p| (p.latitude, p.longitude, f64::from(p.uncertainty_km))),
    }
}

/// The identities that a GTIN and a serial may be: one per length of company prefix.
fn candidates(gtin: &str, serial: &str) -> Vec<Epc> {
    let escaped = percent_encoding::utf8_percent_encode(serial, percent_encoding::NON_ALPHANUMERIC);
    let link = format!("https://id.gs1.org/01/{gtin}/21/{escaped}");
    (6..=12).filter_map(|length| Epc::from_digital_link(&link, &Fixed(length)).ok()).collect()
}

fn to_json(
    judged: &Judged,
    story: Option<&Story>,
    anchored: Option<Timestamp>,
    language: Language,
) -> serde_json::Value {
    let lamps = page::lamps(judged, story);
    let timeline: Vec<_> = story
        .map(|story| story.told.as_slice())
        .unwrap_or_default()
        .iter()
        .map(|one| {
            json!({
                "at": one.at.to_string(), "step": one.step, "place": one.place, "ledger": one.origin,
                "index": one.stored.index, "sensed": one.sensed, "inferredVia": one.via, "lot": one.lot,
                "broken": one.broken.is_some(),
            })
        })
        .collect();
    let recorded = story
        .and_then(|story| story.ledgers.values().map(|known| known.checkpoint.recorded_at).max());
    json!({
        "verdict": judged.verdict.code(),
        "reason": language.of(crate::words::reason(judged.reason.0, &judged.reason.1)),
        "item": story.map(|story| story.item.to_uri()),
        "lamps": { "record": lamps[0].state, "tag": lamps[1].state, "journey": lamps[2].state },
        "notices": story.map(|story| page::notices(story, language)).unwrap_or_default(),
        "timeline": timeline,
        "clocks": { "recorded": recorded.map(|at| at.to_string()), "anchored": anchored.map(|at| at.to_string()) },
    })
}
