//! `GET /search`: one field for everything; what it can mean; the events that were found.
//!
//! `POST /searches`: keeps a search, or gives one up.
//!
//! What holds: results are shown only when the read is recorded; each page of results is a read of its own.

use access::{Act, Sight};
use actix_web::web::{Data, Query};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use history::directory::Current;
use inquiry::find::{Cursor, Found, Row};
use inquiry::standing::standings;
use inquiry::{Count, Reading, Selection, Unreadable, find, read};
use jiff::tz::TimeZone;
use process::language::Language;
use serde::Deserialize;

use super::{EventRow, Link, StandingView, address, basis, names_of, reader};
use crate::failure::Failure;
use crate::pages::exports::{ExportForm, searched};
use crate::pages::{html, see_other};
use crate::reads::{self, Done};
use crate::shell::Shell;
use crate::state::DeskState;
use crate::visitor::{Posted, Visitor};
use crate::words::inquiry::{self as words, InquiryTexts};
use crate::words::standing::STANDING;

/// Events of a page.
const PAGE: usize = 50;

/// What is asked for.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Asked {
    /// What was typed.
    #[serde(default)]
    pub q: String,
    /// First day.
    #[serde(default)]
    pub from: String,
    /// Last day.
    #[serde(default)]
    pub until: String,
    /// Why.
    #[serde(default)]
    pub why: String,
    /// Where the list goes on.
    #[serde(default)]
    pub after: String,
}

/// The form, as every page that has it fills it.
#[derive(Debug, Clone)]
pub struct Form {
    /// The words.
    pub texts: &'static InquiryTexts,
    /// What was typed.
    pub asked: Asked,
    /// Whether a reason is asked for.
    pub has_reason: bool,
}

#[derive(Template)]
#[template(path = "search.html")]
struct Page {
    shell: Shell,
    texts: &'static InquiryTexts,
    form: Form,
    /// What is wrong, or to be known.
    alerts: Vec<String>,
    /// What it could mean besides.
    others: Vec<Link>,
    results: Option<Results>,
    export: Option<ExportForm>,
    saved: Vec<Saved>,
    /// Where a list is pasted.
    paste: String,
}

/// A kept search.
struct Saved {
    link: String,
    name: String,
    search: String,
}

/// What was found.
struct Results {
    about: String,
    kind: &'static str,
    count: String,
    rows: Vec<(EventRow, StandingView)>,
    hidden: Option<String>,
    broken: Option<String>,
    /// What was erased of it.
    erased: Vec<String>,
    next: Option<String>,
    /// The tree of what was searched.
    tree: Option<String>,
    /// The custody of what was searched.
    item: Option<String>,
    /// Heading of what is known of each record.
    standing: &'static str,
}

/// `GET /search`.
///
/// # Errors
///
/// [`Failure`].
pub async fn get(
    visitor: Visitor,
    state: Data<DeskState>,
    request: HttpRequest,
    asked: Query<Asked>,
) -> Result<HttpResponse, Failure> {
    let asked = asked.into_inner();
    let lang = visitor.language;
    let sight = visitor.sight(Act::QueryEvents, &state)?;
    let mut page = page(&state, &visitor, &request, (&asked, sight.is_recorded())).await?;
    let is_asked = ![&asked.q, &asked.from, &asked.until].iter().all(|text| text.trim().is_empty());
    if !is_asked {
        return html(&page);
    }
    let text = typed(&asked);
    let read = match read(&text, &TimeZone::UTC) {
        Ok(read) => read,
        Err(problem) => {
            page.alerts.push(words::unreadable(&problem, lang));
            return html(&page);
        }
    };
    page.alerts.extend(read.hints.iter().map(|hint| words::unreadable(hint, lang)));
    if sight.is_recorded() && reads::reason(&asked.why).is_none() {
        page.alerts.push(page.texts.why_missing.to_owned());
        return html(&page);
    }
    let Some(current) = state.authority().await else {
        page.alerts.push(page.texts.no_policy.to_owned());
        return html(&page);
    };
    let basis = basis(&state).await?;
    let (best, problems) = best(&state, &sight, &read, &asked).await?;
    page.alerts.extend(problems.iter().map(|problem| words::unreadable(problem, lang)));
    let Some((reading, found)) = best else { return html(&page) };
    let hidden = match found.hidden {
        Count::Exactly(number) | Count::AtLeast(number) => number,
    };
    let done = Done {
        act: Act::QueryEvents,
        asked: &format!("GET /search {text}"),
        why: &asked.why,
        counts: (found.rows.len() as u64, hidden),
    };
    let at = basis.at(found.generation, found.head);
    reads::record(&state, &visitor, &sight, done, Some(at)).await?;
    if found.is_outdated {
        page.alerts.push(page.texts.outdated.to_owned());
    }
    let others = read.readings.iter().filter(|one| *one != reading);
    page.others = others.map(|one| again(one, &asked, lang)).collect();
    let about = (&*searched(reading, read.window), &*asked.why);
    page.export = ExportForm::of(&state, lang, about, sight.is_recorded());
    let mut results = results(&state, (reading, &found), (&asked, &current), lang).await?;
    results.erased = erased(&state, &sight, reading, lang).await?;
    page.results = Some(results);
    html(&page)
}

/// What was erased that named what is searched, or was the event of that id, as far as the limits of whoever asks allow: what they cannot see
/// they are not told of when it is gone.
async fn erased(
    state: &DeskState,
    sight: &Sight,
    reading: &Reading,
    lang: Language,
) -> Result<Vec<String>, Failure> {
    let found = match reading {
        Reading::Item(key) | Reading::Lot(key) | Reading::Product(key) => {
            sql::erasures::of_item(&state.db, sql::items::key_of_thing(key)).await?
        }
        Reading::Event(id) | Reading::Hash(id) => sql::erasures::of_event(&state.db, id).await?,
        _ => Vec::new(),
    };
    let item = match reading {
        Reading::Item(key) | Reading::Lot(key) | Reading::Product(key) => Some(key.as_str()),
        _ => None,
    };
    let found = found.iter().filter(|one| sight.sees_item(item, one.at));
    Ok(found.map(|one| words::erased(&one.tombstone(), lang)).collect())
}

/// The page before anything was searched.
async fn page(
    state: &DeskState,
    visitor: &Visitor,
    request: &HttpRequest,
    (asked, has_reason): (&Asked, bool),
) -> Result<Page, Failure> {
    let texts = words::texts(visitor.language);
    let saved = inquiry::cases::saved_searches(&state.db, &visitor.identity.subject).await?;
    let saved = saved.into_iter().map(|one| Saved {
        link: address("/search", &[("q", &one.search), ("why", &asked.why)]),
        name: one.name,
        search: one.search,
    });
    Ok(Page {
        shell: Shell::of(visitor, request, words::SEARCH),
        texts,
        form: Form { texts, asked: asked.clone(), has_reason },
        alerts: Vec::new(),
        others: Vec::new(),
        results: None,
        export: None,
        saved: saved.collect(),
        paste: address("/list", &[("why", &asked.why)]),
    })
}

/// The first reading that finds something, or the first of all; beside it what no event can have.
async fn best<'a>(
    state: &DeskState,
    sight: &Sight,
    read: &'a inquiry::Asked,
    asked: &Asked,
) -> Result<(Option<(&'a Reading, Found)>, Vec<Unreadable>), Failure> {
    let cursor = Cursor::parse(&asked.after);
    let (mut best, mut problems) = (None, Vec::new());
    for reading in &read.readings {
        let selection = match Selection::of(reading, read.window) {
            Ok(selection) => selection,
            Err(problem) => {
                problems.push(problem);
                continue;
            }
        };
        let found = find(&state.db, &selection, sight, cursor, PAGE).await?;
        let is_better = !found.rows.is_empty() || found.hidden_here > 0;
        if best.is_none() || is_better {
            best = Some((reading, found));
        }
        if is_better {
            break;
        }
    }
    Ok((best, problems))
}

/// The address of a reading, with the days and the reason.
fn address_of(reading: &Reading, asked: &Asked, after: &str) -> String {
    let q = reading.text();
    let (from, until, why) = (&*asked.from, &*asked.until, &*asked.why);
    let all = [("q", &*q), ("from", from), ("until", until), ("why", why), ("after", after)];
    address("/search", &all)
}

fn again(reading: &Reading, asked: &Asked, lang: Language) -> Link {
    let name = format!("{} · {reading}", lang.of(words::reading(reading)));
    Link { to: address_of(reading, asked, ""), name }
}

/// What was found, with what is known of each record.
async fn results(
    state: &DeskState,
    (reading, found): (&Reading, &Found),
    (asked, current): (&Asked, &Current),
    lang: Language,
) -> Result<Results, Failure> {
    let rows: Vec<&Row> = found.rows.iter().collect();
    let names = names_of(state, current, &rows, lang).await?;
    let known = standings(&reader(state, current), &rows).await?;
    let is_traced = matches!(reading, Reading::Item(_) | Reading::Lot(_) | Reading::Product(_));
    let parameters = [("thing", reading.value()), ("why", asked.why.as_str())];
    let rows = rows.into_iter().zip(&known).map(|(row, known)| {
        let event = EventRow::of(row, current, &names, lang, &asked.why);
        (event, StandingView::of(known, lang))
    });
    Ok(Results {
        about: reading.to_string(),
        kind: lang.of(words::reading(reading)),
        count: found.count.map(|count| words::count(count, lang)).unwrap_or_default(),
        rows: rows.collect(),
        hidden: words::hidden(found.hidden, lang),
        broken: words::broken(found.broken, lang),
        erased: Vec::new(),
        next: found.next.map(|next| address_of(reading, asked, &next.to_string())),
        tree: is_traced.then(|| address("/tree", &parameters)),
        item: matches!(reading, Reading::Item(_)).then(|| address("/item", &parameters)),
        standing: lang.of(STANDING),
    })
}

/// What was typed, with the days of the form.
fn typed(asked: &Asked) -> String {
    let day = |name: &str, day: &str| {
        let day = day.trim();
        if day.is_empty() { String::new() } else { format!(" {name}:{day}") }
    };
    format!("{}{}{}", asked.q.trim(), day("from", &asked.from), day("until", &asked.until))
}

/// What is done with a kept search.
#[derive(Debug, Clone, Deserialize)]
pub struct Kept {
    /// Its name.
    name: String,
    /// What was typed; empty to give it up.
    #[serde(default)]
    search: String,
}

/// `POST /searches`.
///
/// # Errors
///
/// [`Failure`].
pub async fn keep(posted: Posted<Kept>, state: Data<DeskState>) -> Result<HttpResponse, Failure> {
    let Posted { visitor, form } = posted;
    visitor.sight(Act::QueryEvents, &state)?;
    let (subject, now) = (&visitor.identity.subject, state.clock.now());
    if form.search.trim().is_empty() {
        inquiry::cases::forget_search(&state.db, subject, form.name.trim(), now).await?;
    } else {
        let kept = (form.name.as_str(), form.search.as_str());
        inquiry::cases::save_search(&state.db, subject, kept, now).await?;
    }
    Ok(see_other("/search"))
}
