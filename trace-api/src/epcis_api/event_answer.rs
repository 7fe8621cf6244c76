//! A page of events as an answer: identifiers in the format that was asked for, then JSON or XML.
//!
//! The way through: [`respond`] translates each event, makes the query document of [`super::document`], and writes it.
//!
//! What holds: what is asked for is given whole or refused: an identifier that has no other spelling is named in the refusal. What a
//! version of the XML cannot say is named in the header `Chopmark-Left-Out` and in the document. The evidence stands in every form.
//! A translated event has the event hash of the one that was recorded; the leaf hash is that of the recorded text.
//!
//! Not here: which headers ask for what ([`super::negotiation`]), the XML (`epcis::xml`), spellings (`epcis::query::translate`).
//!
//! Sources: EPCIS 2.0 REST binding, headers `Accept`, `GS1-EPC-Format`, `GS1-CBV-XML-Format`; decision 0067.

use std::collections::BTreeMap;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use directory::Rights;
use epc::PrefixLength;
use epcis::Event;
use epcis::query::translate::{EpcFormat, translated};
use epcis::xml::{Version, Words, write};
use ledger::json::Json;

use super::document::{About, Shown, query_document};
use super::exception::Exception;
use super::negotiation::{EXTENSION, HIDDEN, IDENTIFIERS, LEFT_OUT, Wanted};
use super::reply;
use super::search::Page;
use crate::problem::Problem;
use crate::state::AppState;

/// Most identifiers that a refusal names, and most names in the header of what was left out.
const MOST_NAMED: usize = 10;
/// Where the events of a query document are.
const LIST: &str = "/epcisBody/queryResults/resultsBody/eventList/";

/// The answer with a page of events.
///
/// - `name`, `master_data`: of the query; of what the events name, where they were asked for.
///
/// # Errors
///
/// [`Exception::NotAcceptable`] if an identifier has no spelling in the wanted format.
pub async fn respond(
    state: &AppState,
    wanted: &Wanted,
    (name, master_data): (&str, Option<&Json>),
    page: Page,
) -> Result<HttpResponse, Exception> {
    let config = state.config();
    let about = About {
        query_name: name,
        made_at: state.clock.now(),
        hidden: page.hidden,
        broken: page.broken,
        head: page.head,
        base: &config.public_url,
        master_data,
        ..About::default()
    };
    let is_translated =
        matches!(wanted.identifiers, EpcFormat::AlwaysDigitalLink | EpcFormat::AlwaysUrn);
    let events = if is_translated {
        in_format(page.events, wanted.identifiers, &Licensed(&*state.rights().await))?
    } else {
        page.events
    };
    let mut document = query_document(events, &about);
    if is_translated {
        document.set(own("identifiers"), Json::from(wanted.identifiers.name()));
    }
    let mut response = match wanted.xml {
        None => reply::json(StatusCode::OK, wanted, &document),
        Some(how) => xml(wanted, document, how)?,
    };
    let format = if is_translated { wanted.identifiers } else { EpcFormat::NeverTranslates };
    let headers = response.headers_mut();
    headers.insert(HIDDEN, HeaderValue::from(page.hidden));
    headers.insert(IDENTIFIERS, HeaderValue::from_static(format.name()));
    Ok(response)
}

fn own(name: &str) -> String {
    format!("{}:{name}", EXTENSION.0)
}

/// Lengths of company prefixes that the directory knows of, whoever has them now.
struct Licensed<'a>(&'a Rights);

impl PrefixLength for Licensed<'_> {
    fn length(&self, key: &str) -> Option<usize> {
        self.0.licences_of(key).map(|(prefix, _)| prefix.len()).filter(|length| *length >= 6)
    }
}

/// The events with their identifiers in `format`.
fn in_format(
    events: Vec<Shown>,
    format: EpcFormat,
    lengths: &dyn PrefixLength,
) -> Result<Vec<Shown>, Exception> {
    let mut named = Vec::new();
    let mut count = 0;
    let mut all = Vec::with_capacity(events.len());
    for mut shown in events {
        // What is shown was read as an event before.
        if let Some(event) = Event::of_record(shown.event.clone()) {
            let spelled = translated(&event, format, lengths);
            for kept in spelled.kept {
                count += 1;
                if named.len() < MOST_NAMED {
                    named.push(format!(
                        "`{}` in {} of {}: {}",
                        kept.uri, kept.pointer, shown.event_id, kept.why
                    ));
                }
            }
            shown.event = spelled.json;
        }
        all.push(shown);
    }
    if count == 0 {
        return Ok(all);
    }
    let more = if count > named.len() { ", and others" } else { "" };
    Err(Exception::NotAcceptable(format!(
        "GS1-EPC-Format: got `{}`, expected Never_Translates: {count} identifiers of this page have no such spelling: {}{more}",
        format.name(),
        named.join("; "),
    )))
}

/// The document as XML.
fn xml(
    wanted: &Wanted,
    mut document: Json,
    (version, words): (Version, Words),
) -> Result<HttpResponse, Exception> {
    let unwritten = || Problem::Internal("a query document has no form in XML".to_owned());
    let mut written = write(&document, version, words).ok_or_else(unwritten)?;
    let counts = left_out_counts(&document, &written.left_out);
    if !written.left_out.is_empty() {
        let all = written.left_out.iter().map(|one| Json::from(one.as_str()));
        document.set(own("leftOut"), Json::Array(all.collect()));
        written = write(&document, version, words).ok_or_else(unwritten)?;
    }
    let content_type = format!("{}; charset=utf-8", wanted.media_type);
    let mut response =
        HttpResponse::build(StatusCode::OK).content_type(content_type).body(written.text);
    let headers = response.headers_mut();
    super::negotiation::announce(headers);
    if version == Version::V1_2 {
        let name = HeaderName::from_static("gs1-epcis-version");
        headers.insert(name, HeaderValue::from_static("1.2.0"));
    }
    add_left_out(headers, &counts);
    Ok(response)
}

/// Names of members, or of types of events, that were left out, with how often.
fn left_out_counts(document: &Json, left_out: &[String]) -> BTreeMap<String, u64> {
    let mut list = LIST.split('/').filter(|part| !part.is_empty());
    let events = list.try_fold(document, |place, name| place.get(name));
    let events = events.and_then(Json::as_array).unwrap_or_default();
    let mut counts = BTreeMap::new();
    for one in left_out {
        let pointer = one.split(": ").next().unwrap_or_default();
        let inner = pointer.strip_prefix(LIST).unwrap_or(pointer);
        let (place, member) = inner.split_once('/').unwrap_or((inner, ""));
        let event = place.parse::<usize>().ok().and_then(|place| events.get(place));
        let kind = event.and_then(|event| event.get("type")).and_then(Json::as_str);
        let name = if member.is_empty() { kind.unwrap_or("document") } else { member };
        let name = name.split('/').next().unwrap_or_default();
        let is_plain =
            name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b":_-.".contains(&byte));
        let name = if is_plain && name.len() <= 100 { name } else { "extension" };
        *counts.entry(name.to_owned()).or_insert(0) += 1;
    }
    counts
}

/// Adds the header that names what was left out; none if nothing was.
fn add_left_out(headers: &mut HeaderMap, counts: &BTreeMap<String, u64>) {
    let mut parts: Vec<String> =
        counts.iter().take(MOST_NAMED).map(|(name, count)| format!("{name}={count}")).collect();
    let more = counts.len().saturating_sub(MOST_NAMED);
    if more > 0 {
        parts.push(format!("and {more} other names"));
    }
    if let Ok(value) = HeaderValue::from_str(&parts.join(", "))
        && !parts.is_empty()
    {
        headers.insert(LEFT_OUT, value);
    }
}
