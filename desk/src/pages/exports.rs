//! `GET /exports`: one's own exports. `POST /exports`: asks for one. `GET`, `POST /exports/{id}`: one of them; `GET /exports/{id}/{part}`: its file,
//! manifest or signature.
//!
//! The way through: the form ([`ExportForm`]) is on the pages that show something; it sends what was searched there, and the export is of all
//! events of that search which the reader may see.
//!
//! What holds: the read is recorded with its reason before anything is written, and again before a file is given out; an export of somebody else is
//! answered as if there were none.
//!
//! Not here: writing (`jobs.rs`), what is in a file (`export`).

pub mod one;
pub mod part;

use access::{Act, Sight};
use actix_web::web::{Data, Query};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use export::{Format, Options, Request};
use inquiry::reading::element_string;
use inquiry::{Asked as Typed, Reading, Selection, Window, find, read};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use process::language::Language;
use serde::Deserialize;
use sql::exports::StoredExport;

use crate::failure::Failure;
use crate::jobs::{self, MOST_OPEN, Order};
use crate::names::{NameView, Names};
use crate::pages::inquiry::{address, basis, thing_page};
use crate::pages::{html, see_other};
use crate::reads::{self, Done};
use crate::shell::{Shell, time};
use crate::state::DeskState;
use crate::visitor::{Posted, Visitor};
use crate::words::exports::{self as words, ExportTexts};
use crate::words::inquiry as searching;

/// Exports of a page.
const PAGE: u16 = 50;

/// The form that asks for an export, as a page has it.
#[derive(Debug, Clone)]
pub struct ExportForm {
    /// The words.
    pub texts: &'static ExportTexts,
    /// What is searched.
    pub search: String,
    /// Why.
    pub why: String,
    /// Whether a reason is asked for.
    pub has_reason: bool,
    /// Forms: name and words.
    pub formats: Vec<(&'static str, &'static str)>,
    /// Languages of a report: tag and name, the page's first.
    pub languages: [(&'static str, &'static str); 2],
}

impl ExportForm {
    /// The form for a search; none at a desk where nobody exports.
    #[must_use]
    pub fn of(
        state: &DeskState,
        language: Language,
        (search, why): (&str, &str),
        has_reason: bool,
    ) -> Option<Self> {
        state.config.exports.as_ref()?;
        let format = |format: Format| (format.name(), language.of(words::format(format)));
        Some(Self {
            texts: words::texts(language),
            search: search.to_owned(),
            why: why.to_owned(),
            has_reason,
            formats: Format::ALL.map(format).into(),
            languages: [language, language.other()].map(|one| (one.tag(), one.name())),
        })
    }

    /// The form for all events that name a thing, lot or product, by its key.
    #[must_use]
    pub fn of_thing(
        state: &DeskState,
        language: Language,
        (key, why): (&str, &str),
        has_reason: bool,
    ) -> Option<Self> {
        let is_class = thing_page(key, "").starts_with("/search");
        let word = match (is_class, key.contains("/10/")) {
            (true, true) => "lot",
            (true, false) => "product",
            (false, _) => "item",
        };
        Self::of(state, language, (&format!("{word}:{key}"), why), has_reason)
    }

    /// What is searched, for people.
    #[must_use]
    pub fn about(&self) -> String {
        let value = self.search.split_once(':').map_or(&*self.search, |(_, value)| value);
        match value.split_once(' ') {
            Some((key, times)) => format!("{} {times}", element_string(key)),
            None => element_string(value),
        }
    }
}

/// A search in the only spelling that has no other reading, with its times.
#[must_use]
pub fn searched(reading: &Reading, window: Window) -> String {
    let time = |name: &str, at: Option<Timestamp>| {
        at.map_or_else(String::new, |at| format!(" {name}:{at}"))
    };
    format!("{}{}{}", reading.text(), time("from", window.from), time("until", window.until))
}

/// What the form sends.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Sent {
    #[serde(default)]
    q: String,
    #[serde(default)]
    why: String,
    #[serde(default)]
    format: String,
    #[serde(default)]
    mark: String,
    #[serde(default)]
    lang: String,
}

/// What of a list is asked for.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Wanted {
    /// Only exports asked for earlier.
    #[serde(default)]
    before: String,
}

#[derive(Template)]
#[template(path = "exports.html")]
struct Page {
    shell: Shell,
    texts: &'static ExportTexts,
    alerts: Vec<String>,
    rows: Vec<Row>,
    older: Option<String>,
    export: Option<ExportForm>,
}

/// An export of the list.
struct Row {
    id: String,
    at: String,
    search: String,
    /// What the search is about is called so.
    name: Option<NameView>,
    format: &'static str,
    state: &'static str,
}

/// Where an export is, in words; that its file is gone too.
fn state_of(stored: &StoredExport, now: Timestamp, language: Language) -> &'static str {
    let is_gone = stored.expires_at.is_some_and(|at| at <= now);
    language.of(if is_gone { words::GONE } else { words::state(stored.state) })
}

fn format_of(name: &str, language: Language) -> &'static str {
    Format::from_name(name).map_or("", |format| language.of(words::format(format)))
}

async fn page(
    state: &DeskState,
    visitor: &Visitor,
    request: &HttpRequest,
    before: Option<Timestamp>,
) -> Result<Page, Failure> {
    let (lang, now) = (visitor.language, state.clock.now());
    let before = before.unwrap_or(Timestamp::MAX);
    let found =
        sql::exports::of_subject(&state.db, &visitor.identity.subject, before, PAGE).await?;
    let is_full = found.len() >= usize::from(PAGE);
    let oldest = found.last().map(|row| row.asked_at.to_string()).filter(|_| is_full);
    let sight = visitor.sight(Act::QueryEvents, state)?;
    let searches = found.iter().map(|one| &*one.search);
    let names = Names::of_searches(state, (&sight, lang), searches).await?;
    let row = |(one, name): (StoredExport, Option<NameView>)| Row {
        name,
        at: time(one.asked_at),
        format: format_of(&one.format, lang),
        state: state_of(&one, now, lang),
        id: one.id,
        search: one.search,
    };
    Ok(Page {
        shell: Shell::of(visitor, request, words::EXPORTS),
        texts: words::texts(lang),
        alerts: Vec::new(),
        rows: found.into_iter().zip(names).map(row).collect(),
        older: oldest.map(|oldest| address("/exports", &[("before", &oldest)])),
        export: None,
    })
}

/// `GET /exports`.
///
/// # Errors
///
/// [`Failure`].
pub async fn get(
    visitor: Visitor,
    state: Data<DeskState>,
    request: HttpRequest,
    wanted: Query<Wanted>,
) -> Result<HttpResponse, Failure> {
    visitor.sight(Act::QueryEvents, &state)?;
    html(&page(&state, &visitor, &request, wanted.before.parse().ok()).await?)
}

/// Why nothing is exported, for whoever asked.
enum Refused {
    Alert(String),
    Failure(Failure),
}

impl<T: Into<Failure>> From<T> for Refused {
    fn from(failure: T) -> Self {
        Self::Failure(failure.into())
    }
}

/// `POST /exports`.
///
/// # Errors
///
/// [`Failure`].
pub async fn post(
    posted: Posted<Sent>,
    state: Data<DeskState>,
    request: HttpRequest,
) -> Result<HttpResponse, Failure> {
    let Posted { visitor, form } = posted;
    let sight = visitor.sight(Act::QueryEvents, &state)?;
    match order(&state, &visitor, &sight, &form).await {
        Ok(order) => {
            let path = format!("/exports/{}", order.id);
            jobs::start(&state, order).await?;
            Ok(see_other(&path))
        }
        Err(Refused::Alert(alert)) => {
            let mut page = page(&state, &visitor, &request, None).await?;
            page.alerts.push(alert);
            let about = (form.q.as_str(), form.why.as_str());
            page.export = ExportForm::of(&state, visitor.language, about, sight.is_recorded());
            html(&page)
        }
        Err(Refused::Failure(failure)) => Err(failure),
    }
}

/// What is exported, after the read was recorded.
async fn order(
    state: &DeskState,
    visitor: &Visitor,
    sight: &Sight,
    form: &Sent,
) -> Result<Order, Refused> {
    let (lang, subject) = (visitor.language, &visitor.identity.subject);
    let alert = |text: &str| Err(Refused::Alert(text.to_owned()));
    let Some(settings) = &state.config.exports else { return Err(Failure::NotFound.into()) };
    let format = Format::from_name(&form.format);
    let format = format
        .ok_or_else(|| Failure::Malformed("expected the name of a form of exports".to_owned()))?;
    if sight.is_recorded() && reads::reason(&form.why).is_none() {
        return alert(searching::texts(lang).why_missing);
    }
    if jobs::open(state, subject).await? >= u64::from(MOST_OPEN) {
        return alert(words::texts(lang).too_many);
    }
    let unreadable = |problem| Refused::Alert(searching::unreadable(&problem, lang));
    let asked = read(&form.q, &TimeZone::UTC).map_err(unreadable)?;
    let reading = best(state, sight, &asked).await?;
    let options = Options {
        has_mark: form.mark == "on",
        language: if form.lang == Language::Chinese.tag() {
            Language::Chinese
        } else {
            Language::English
        },
        verifier: settings.verifier.clone(),
        ..Options::default()
    };
    let request = Request::of_search(reading, asked.window, sight.clone(), format, options);
    let request = request.map_err(|problem| Refused::Alert(problem.to_string()))?;
    let basis = basis(state).await?;
    let id = jobs::new_id(state)?;
    let search = searched(reading, asked.window);
    let done = Done {
        act: Act::QueryEvents,
        asked: &format!("POST /exports {id} {} {search}", format.name()),
        why: &form.why,
        // Nothing is shown yet; the record of the file that is taken has the counts.
        counts: (0, 0),
    };
    reads::record(state, visitor, sight, done, Some(basis)).await?;
    let why = reads::reason(&form.why).unwrap_or_default().to_owned();
    Ok(Order { id, subject: subject.clone(), search, why, request })
}

/// The first reading that finds something, or the first of all.
async fn best<'a>(
    state: &DeskState,
    sight: &Sight,
    asked: &'a Typed,
) -> Result<&'a Reading, Refused> {
    let [first, others @ ..] = &asked.readings[..] else {
        return Err(Failure::Malformed("expected something to search".to_owned()).into());
    };
    if others.is_empty() {
        return Ok(first);
    }
    for reading in &asked.readings {
        let Ok(selection) = Selection::of(reading, asked.window) else { continue };
        let found = find(&state.db, &selection, sight, None, 1).await?;
        if !found.rows.is_empty() || found.hidden_here > 0 {
            return Ok(reading);
        }
    }
    Ok(first)
}
