//! A report to print: what was asked for and by whom it may be seen, sizes and roots of the ledgers, the anchor, the first events, and a
//! code that leads to a verifier.
//!
//! The way through: `write` looks up the anchor, walks the events and keeps the first [`MOST_LISTED`] as they will be read; then
//! the pages are made of the manifest and of these.
//!
//! What holds: memory is bounded by the rows that are listed, and the report says how many there are; the same request at the same sizes
//! and the same anchor gives the same bytes; what no font has is written as its number.
//!
//! Not here: fonts and lines (`text`, `paper`), the sentences (`words`).
//!
//! Source: docs/formats/export-v1.md, "Report"; docs/decisions/0085-a-report-to-print.md.

mod paper;
mod text;
mod words;

use std::io::Write;
use std::sync::Arc;

use directory::Rights;
use epcis::{BizStep, Disposition};
use inquiry::pasted::keys_of;
use inquiry::reading::element_string;
use labels::Code;
use ledger::json::Json;
use process::language::Language;
use process::vocabulary;
use sql::anchors::FinalAnchor;

use self::paper::{BODY, Paper, SMALL, STRONG};
use crate::descriptions::Descriptions;
use crate::error::Error;
use crate::job::{Job, Source};
use crate::manifest::Manifest;
use crate::request::Request;
use crate::rows::each;
use crate::snapshot::Snapshot;
use crate::tally::Counts;
use crate::walk::Row;

/// Most events that are listed.
pub const MOST_LISTED: usize = 500;
/// Most ledgers that are listed; the manifest has all.
const MOST_LEDGERS: usize = 100;
/// Things that an event names before they are only counted.
const MOST_THINGS: usize = 4;
/// Points that an event needs as a rule; it begins on a page that has them.
const HEIGHT: f32 = 60.0;

/// An event as it is read.
struct Listed {
    what: String,
    things: String,
    who: String,
    place: String,
}

impl Listed {
    fn of(row: &Row, names: &Descriptions<'_>, rights: &Rights, language: Language) -> Self {
        let event = &row.event;
        let step = event.biz_step().map(|step| BizStep::from(step.as_str()));
        let step = vocabulary::step(step.as_ref(), language);
        let disposition = event.disposition().map(|own| Disposition::from(own.as_str()));
        let disposition = disposition.map(|own| vocabulary::disposition(&own, language));
        let what = [Some(step), disposition].into_iter().flatten().collect::<Vec<_>>().join(" · ");
        let keys = keys_of(event);
        let mut things: Vec<String> =
            keys.iter().take(MOST_THINGS).map(|key| element_string(key)).collect();
        if keys.len() > MOST_THINGS {
            things.push(words::more(keys.len() - MOST_THINGS, language));
        }
        let called = |uri: &str| {
            let name = names.of(uri);
            if name.is_empty() { element_string(uri) } else { name.to_owned() }
        };
        let at = event.biz_location().or(event.read_point()).map(called);
        let speaker = rights.speaker(&row.origin, row.index);
        let party = speaker.and_then(|id| rights.parties.get(id));
        let by = party.map_or_else(|| element_string(&row.stated_by), |it| it.name.clone());
        let by = Some(by).filter(|by| !by.is_empty());
        let labelled = [(words::BY, by), (words::PLACE, at)].into_iter();
        let labelled =
            labelled.filter_map(|(label, it)| Some(format!("{} {}", language.of(label), it?)));
        Self {
            what: format!("{}  {what}", event.event_time_text()),
            things: things.join("; "),
            who: labelled.collect::<Vec<_>>().join(" · "),
            place: format!("{} {} · {}", row.origin, row.index, row.leaf_hash),
        }
    }
}

/// Writes a report; the manifest is given its counts.
///
/// # Errors
///
/// [`Error`].
pub(crate) async fn write<W: Write>(
    source: &Source<'_>,
    request: &Request,
    snapshot: &Snapshot,
    rights: Arc<Rights>,
    manifest: &mut Manifest,
    mut sink: W,
    job: &mut Job<'_>,
) -> Result<W, Error> {
    let language = request.options.language;
    let anchor = anchor_state(source, snapshot, language).await?;
    let mut names =
        Descriptions::new(source.db, Arc::clone(&rights), snapshot.master, snapshot.at());
    let (mut counts, mut listed) = (Counts::default(), Vec::new());
    let add = &mut |row: &Row, names: &Descriptions<'_>, counts: &mut Counts| {
        if listed.len() < MOST_LISTED {
            listed.push(Listed::of(row, names, &rights, language));
            counts.rows += 1;
        }
        Ok(())
    };
    each(source.db, request, snapshot, Some(&mut names), &mut counts, job, add).await?;
    manifest.counts = counts;
    let document = document(request, manifest, &anchor, &listed);
    sink.write_all(&document)?;
    Ok(sink)
}

/// How far the hub of the snapshot is anchored, in words.
async fn anchor_state(
    source: &Source<'_>,
    snapshot: &Snapshot,
    language: Language,
) -> Result<String, Error> {
    let hub = source.hub.and_then(|hub| snapshot.ledgers.iter().find(|it| it.origin == hub));
    let Some(hub) = hub else { return Ok(language.of(words::NO_HUB).to_owned()) };
    let covering = sql::anchors::covering(source.db, hub.id, hub.size).await?;
    let found: Option<FinalAnchor> = match covering {
        Some(found) => Some(found),
        None => sql::anchors::last_final(source.db, hub.id).await?,
    };
    Ok(match found {
        Some(FinalAnchor { size, chain_id, evidence, .. }) => words::anchored(
            (size, hub.size),
            (chain_id, evidence.block_number),
            &evidence.block_time.to_string(),
            language,
        ),
        None => language.of(words::NOT_ANCHORED).to_owned(),
    })
}

/// The pages.
fn document(request: &Request, manifest: &Manifest, anchor: &str, listed: &[Listed]) -> Vec<u8> {
    let language = request.options.language;
    let mut paper = Paper::new(language);
    let json = manifest.to_json();
    paper.title(language.of(words::TITLE));
    add_head(&mut paper, manifest, &json, listed.len(), language);
    paper.pair(language.of(words::ANCHOR), anchor);
    paper.heading(language.of(words::CHECK));
    let verifier = request.options.verifier.as_deref();
    let code = verifier.and_then(Code::of);
    let mut beside = vec![language.of(words::HOW)];
    beside.extend(verifier);
    paper.code(code.as_ref(), &beside);
    paper.heading(language.of(words::LIMITS_OF_PROOF));
    paper.text(language.of(words::CANNOT), BODY);
    paper.heading(language.of(words::LEDGERS));
    add_ledgers(&mut paper, &json, language);
    paper.heading(language.of(words::EVENTS));
    if listed.is_empty() {
        paper.text(language.of(words::NONE), BODY);
    }
    for one in listed {
        paper.keep(HEIGHT);
        paper.text(&one.what, STRONG);
        paper.text(&one.things, BODY);
        if !one.who.is_empty() {
            paper.text(&one.who, BODY);
        }
        paper.text(&one.place, SMALL);
        paper.space(5.0);
    }
    let foot = format!("{} {}", language.of(words::EXPORT), manifest.id);
    paper.finish(language.of(words::TITLE), &foot)
}

fn add_head(
    paper: &mut Paper,
    manifest: &Manifest,
    json: &Json,
    listed: usize,
    language: Language,
) {
    let counts = &manifest.counts;
    paper.pair(language.of(words::EXPORT), &manifest.id.to_string());
    for text in asked(json, language) {
        paper.pair(language.of(words::ASKED), &text);
    }
    for text in scopes(json, language) {
        paper.pair(language.of(words::SCOPE), &text);
    }
    paper.pair(language.of(words::AT), &manifest.at.to_string());
    let listed = u64::try_from(listed).unwrap_or(u64::MAX);
    paper.pair(language.of(words::HOLDS), &words::holds(counts.events, listed, language));
    let left = words::leaves_out(counts.hidden, counts.broken, language);
    paper.pair(language.of(words::LEAVES_OUT), &left);
}

/// What was asked for, a line for each part.
fn asked(json: &Json, language: Language) -> Vec<String> {
    let request = json.get("request");
    let part = |of: Option<&Json>, name: &str| {
        of.and_then(|of| of.get(name)).and_then(Json::as_str).map(str::to_owned)
    };
    if let Some(search) = request.and_then(|request| request.get("search")) {
        let times = words::LIMITS.iter().filter_map(|(name, label)| {
            part(Some(search), name).map(|time| format!("{} {time}", language.of(*label)))
        });
        let mut lines: Vec<String> = part(Some(search), "for").into_iter().collect();
        lines.extend(times);
        return lines;
    }
    let pairs = request.and_then(|request| request.get("query")).and_then(Json::as_array);
    let pair = |pair: &Json| match pair.as_array() {
        Some([name, value]) => format!(
            "{} = {}",
            name.as_str().unwrap_or_default(),
            value.as_str().unwrap_or_default()
        ),
        _ => String::new(),
    };
    let lines: Vec<String> = pairs.unwrap_or_default().iter().map(pair).collect();
    if lines.is_empty() { vec![language.of(words::ALL).to_owned()] } else { lines }
}

/// The limits of the reader, a line for each grant.
fn scopes(json: &Json, language: Language) -> Vec<String> {
    let grants = json.get("request").and_then(|request| request.get("scope"));
    let grants = grants.and_then(Json::as_array).unwrap_or_default();
    let text = |grant: &Json| {
        let part = |(name, label): &(&str, process::language::Pair)| {
            let value = grant.get(name)?;
            let list = value.as_array().unwrap_or_default().iter().filter_map(Json::as_str);
            let values: Vec<&str> = list.chain(value.as_str()).collect();
            (!values.is_empty()).then(|| format!("{} {}", language.of(*label), values.join(", ")))
        };
        let parts: Vec<String> = words::LIMITS.iter().filter_map(part).collect();
        if parts.is_empty() { language.of(words::NO_LIMITS).to_owned() } else { parts.join("; ") }
    };
    grants.iter().map(text).collect()
}

fn add_ledgers(paper: &mut Paper, json: &Json, language: Language) {
    let ledgers = json.get("ledgers").and_then(Json::as_array).unwrap_or_default();
    for ledger in ledgers.iter().take(MOST_LEDGERS) {
        let text = |name: &str| ledger.get(name).and_then(Json::as_str).unwrap_or_default();
        let size = ledger.get("size").and_then(Json::as_number).unwrap_or_default();
        let is_signed = ledger.get("signed") == Some(&Json::Bool(true));
        let signed = if is_signed { words::SIGNED } else { words::NOT_SIGNED };
        let size = words::size(size, language);
        paper.text(&format!("{} · {size} · {}", text("origin"), language.of(signed)), BODY);
        paper.text(text("root"), SMALL);
        paper.space(3.0);
    }
    if ledgers.len() > MOST_LEDGERS {
        paper.text(&words::more(ledgers.len() - MOST_LEDGERS, language), BODY);
    }
}
