//! `GET /exports/{id}`: how far an export is, or what came of it. `POST /exports/{id}`: stops it, or has its file deleted.
//!
//! What holds: while it waits or runs a script follows it on the page (`assets/progress.js`), and without script the page loads itself anew;
//! nothing of an event is on it.

use access::Act;
use actix_web::http::header::CONTENT_SECURITY_POLICY;
use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use export::Format;
use ledger::json::{Json, Limits, parse};
use process::language::Language;
use serde::Deserialize;
use sql::Transaction;
use sql::exports::{State, StoredExport};

use super::{ExportForm, format_of, state_of};
use crate::assets;
use crate::failure::Failure;
use crate::http::guard::script_policy;
use crate::jobs;
use crate::pages::{html, see_other};
use crate::shell::{Shell, time};
use crate::state::DeskState;
use crate::visitor::{Posted, Visitor};
use crate::words::exports::{self as words, ExportTexts};

/// Seconds after which a page without script loads itself anew.
const AGAIN: u32 = 2;

#[derive(Template)]
#[template(path = "export-one.html")]
struct Page {
    shell: Shell,
    texts: &'static ExportTexts,
    id: String,
    state: &'static str,
    /// What is known of it: label and value.
    facts: Vec<(&'static str, String)>,
    /// While it waits or runs.
    progress: Option<ProgressView>,
    /// Seconds after which it is asked for again without script.
    again: u32,
    /// Path of the script that follows it.
    script: String,
    problem: Option<String>,
    /// Files that can be taken: part and name.
    parts: Vec<(&'static str, &'static str)>,
    /// To ask for the same again.
    export: Option<ExportForm>,
}

/// How far it is.
struct ProgressView {
    text: String,
    /// Done, of how many.
    share: Option<(u64, u64)>,
}

/// The manifest of an export that is done.
///
/// # Errors
///
/// [`Failure::Internal`] if the row has none that can be read.
pub(super) fn manifest_of(stored: &StoredExport) -> Result<Json, Failure> {
    let text = stored.manifest.as_deref().unwrap_or_default();
    let limits = Limits { max_bytes: export::manifest::MOST_BYTES, ..Limits::default() };
    parse(text.as_bytes(), &limits)
        .map_err(|error| Failure::Internal(format!("the manifest of {}: {error}", stored.id)))
}

/// An export of this visitor.
///
/// # Errors
///
/// [`Failure::NotFound`] if they have none of this id.
pub(super) async fn find(
    state: &DeskState,
    visitor: &Visitor,
    id: &str,
) -> Result<StoredExport, Failure> {
    let found = sql::exports::find(&state.db, id, &visitor.identity.subject).await?;
    found.ok_or(Failure::NotFound)
}

/// What a manifest says, for people.
fn facts(json: &Json, texts: &ExportTexts, lang: Language) -> Vec<(&'static str, String)> {
    let within = |outer: &str, name: &str| json.get(outer).and_then(|it| it.get(name)).cloned();
    let number = |outer: &str, name: &str| {
        let found = within(outer, name);
        found.as_ref().and_then(Json::as_number).unwrap_or_default().to_owned()
    };
    let text = |json: Option<&Json>| json.and_then(Json::as_str).unwrap_or_default().to_owned();
    let counts = words::counts(
        [number("counts", "events"), number("counts", "rows")],
        [number("counts", "hiddenByScope"), number("counts", "brokenRecords")],
        lang,
    );
    let ledgers = json.get("ledgers").and_then(Json::as_array).unwrap_or_default();
    let size = |ledger: &Json| {
        let size = ledger.get("size").and_then(Json::as_number).unwrap_or_default();
        format!("{} {size}", text(ledger.get("origin")))
    };
    let sizes: Vec<String> = ledgers.iter().map(size).collect();
    vec![
        (texts.holds, counts),
        (texts.number, text(json.get("id"))),
        (texts.sha256, text(within("file", "sha256").as_ref())),
        (texts.bytes, number("file", "bytes")),
        (texts.ledgers, sizes.join(", ")),
    ]
}

fn page(
    state: &DeskState,
    visitor: &Visitor,
    request: &HttpRequest,
    stored: &StoredExport,
) -> Result<Page, Failure> {
    let (lang, now) = (visitor.language, state.clock.now());
    let texts = words::texts(lang);
    let sight = visitor.sight(Act::QueryEvents, state)?;
    let mut known = vec![
        (texts.search, stored.search.clone()),
        (texts.format, format_of(&stored.format, lang).to_owned()),
        (texts.asked_at, time(stored.asked_at)),
    ];
    if !stored.why.is_empty() {
        known.push((texts.why, stored.why.clone()));
    }
    let is_there = stored.expires_at.is_some_and(|at| now < at);
    let mut parts = Vec::new();
    if stored.state == State::Done {
        known.extend(facts(&manifest_of(stored)?, texts, lang));
    }
    if is_there {
        known.extend(stored.expires_at.map(|at| (texts.kept_until, time(at))));
        parts.extend([("file", texts.take), ("manifest", texts.take_manifest)]);
        parts.extend(stored.signature.as_ref().map(|_| ("signature", texts.take_signature)));
    }
    let progress = matches!(stored.state, State::Waiting | State::Running).then(|| {
        let progress = stored.progress;
        let share = progress.total.map(|total| (progress.looked_at.min(total), total.max(1)));
        ProgressView { text: words::progress(progress, lang), share }
    });
    let again = (stored.search.as_str(), stored.why.as_str());
    let export = if progress.is_none() && !is_there {
        ExportForm::of(state, lang, again, sight.is_recorded())
    } else {
        None
    };
    Ok(Page {
        shell: Shell::of(visitor, request, words::EXPORT),
        texts,
        id: stored.id.clone(),
        state: state_of(stored, now, lang),
        facts: known,
        progress,
        again: AGAIN,
        script: assets::progress_path(),
        problem: stored.problem.clone(),
        parts,
        export,
    })
}

/// `GET /exports/{id}`.
///
/// # Errors
///
/// [`Failure`].
pub async fn get(
    visitor: Visitor,
    state: Data<DeskState>,
    request: HttpRequest,
    id: Path<String>,
) -> Result<HttpResponse, Failure> {
    let stored = find(&state, &visitor, &id).await?;
    let page = page(&state, &visitor, &request, &stored)?;
    let mut answer = html(&page)?;
    if page.progress.is_some() {
        let own = format!("/exports/{}", stored.id);
        let policy = script_policy(&state.config.origin, &page.script, &own)?;
        answer.headers_mut().insert(CONTENT_SECURITY_POLICY, policy);
    }
    Ok(answer)
}

/// What is done with an export.
#[derive(Debug, Clone, Deserialize)]
pub struct Sent {
    #[serde(default)]
    act: String,
}

/// `POST /exports/{id}`.
///
/// # Errors
///
/// [`Failure`].
pub async fn post(
    posted: Posted<Sent>,
    state: Data<DeskState>,
    id: Path<String>,
) -> Result<HttpResponse, Failure> {
    let Posted { visitor, form } = posted;
    let stored = find(&state, &visitor, &id).await?;
    let (id, subject, now) = (&*stored.id, &*visitor.identity.subject, state.clock.now());
    match form.act.as_str() {
        "cancel" => {
            let cancel =
                async |tx: &Transaction<'_>| sql::exports::cancel(tx, id, subject, now).await;
            state.db.run_tx("desk.cancel_export", cancel).await?;
        }
        "delete" => {
            let forget =
                async |tx: &Transaction<'_>| sql::exports::forget(tx, id, subject, now).await;
            if state.db.run_tx("desk.forget_export", forget).await? {
                let format = Format::from_name(&stored.format);
                if let (Some(settings), Some(format)) = (&state.config.exports, format) {
                    jobs::delete(settings, id, format);
                }
            }
        }
        _ => return Err(Failure::Malformed("expected `cancel` or `delete`".to_owned())),
    }
    Ok(see_other(&format!("/exports/{id}")))
}
