//! `GET /list`: a field for a list. `POST /list`: what is known of each thing of it, a page at a time.
//!
//! What holds: a list is searched again for each page, because no list is stored; each page is a read of its own.

use access::Act;
use actix_web::web::{Data, Query};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use inquiry::find::Row;
use inquiry::paste::read_list;
use inquiry::pasted::{PAGE, look_up};
use inquiry::reading::element_string;
use inquiry::{Count, Unreadable};
use serde::Deserialize;

use super::{EventRow, Link, basis, names_of, thing_page};
use crate::failure::Failure;
use crate::pages::html;
use crate::reads::{self, Done};
use crate::shell::Shell;
use crate::state::DeskState;
use crate::visitor::{Posted, Visitor};
use crate::words::inquiry::{self as words, InquiryTexts};

/// What a form or an address has.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Pasted {
    /// The list.
    #[serde(default)]
    list: String,
    /// Page, from 0.
    #[serde(default)]
    page: usize,
    /// Why.
    #[serde(default)]
    why: String,
}

#[derive(Template)]
#[template(path = "list.html")]
struct Page {
    shell: Shell,
    texts: &'static InquiryTexts,
    has_reason: bool,
    why: String,
    list: String,
    alerts: Vec<String>,
    problems: Vec<(usize, String)>,
    summary: String,
    rows: Vec<ThingRow>,
    hidden: Option<String>,
    /// Number of the next page.
    next: Option<usize>,
}

/// A thing of the list.
struct ThingRow {
    thing: Link,
    events: String,
    newest: Option<EventRow>,
}

fn page(visitor: &Visitor, request: &HttpRequest, pasted: &Pasted, has_reason: bool) -> Page {
    Page {
        shell: Shell::of(visitor, request, words::PASTE),
        texts: words::texts(visitor.language),
        has_reason,
        why: pasted.why.clone(),
        list: pasted.list.clone(),
        alerts: Vec::new(),
        problems: Vec::new(),
        summary: String::new(),
        rows: Vec::new(),
        hidden: None,
        next: None,
    }
}

/// `GET /list`.
///
/// # Errors
///
/// [`Failure`].
pub async fn get(
    visitor: Visitor,
    state: Data<DeskState>,
    request: HttpRequest,
    asked: Query<Pasted>,
) -> Result<HttpResponse, Failure> {
    let sight = visitor.sight(Act::QueryEvents, &state)?;
    let asked = Pasted { list: String::new(), ..asked.into_inner() };
    html(&page(&visitor, &request, &asked, sight.is_recorded()))
}

/// `POST /list`.
///
/// # Errors
///
/// [`Failure`].
pub async fn post(
    posted: Posted<Pasted>,
    state: Data<DeskState>,
    request: HttpRequest,
) -> Result<HttpResponse, Failure> {
    let Posted { visitor, form } = posted;
    let lang = visitor.language;
    let sight = visitor.sight(Act::QueryEvents, &state)?;
    let list = read_list(&form.list);
    let mut page = page(&visitor, &request, &form, sight.is_recorded());
    let problem = |problem: &Unreadable| words::unreadable(problem, lang);
    page.problems = list.problems.iter().map(|(line, one)| (*line, problem(one))).collect();
    page.summary = words::list(&list, lang);
    if sight.is_recorded() && reads::reason(&form.why).is_none() {
        page.alerts.push(page.texts.why_missing.to_owned());
        return html(&page);
    }
    let Some(current) = state.authority().await else {
        page.alerts.push(page.texts.no_policy.to_owned());
        return html(&page);
    };
    let first = form.page.saturating_mul(PAGE).min(list.things.len());
    let end = (first + PAGE).min(list.things.len());
    if first == end {
        return html(&page);
    }
    let basis = basis(&state).await?;
    let looked = look_up(&state.db, &sight, &list.things[first..end]).await?;
    let number = |count: Count| match count {
        Count::Exactly(number) | Count::AtLeast(number) => number,
    };
    let shown = looked.things.iter().map(|one| number(one.events)).sum();
    let done = Done {
        act: Act::QueryEvents,
        asked: &format!("POST /list {}", list.things[first..end].join(" ")),
        why: &form.why,
        counts: (shown, number(looked.hidden)),
    };
    reads::record(&state, &visitor, &sight, done, Some(basis)).await?;
    let rows: Vec<&Row> = looked.things.iter().filter_map(|one| one.newest.as_ref()).collect();
    let names = names_of(&state, &current, &rows, lang).await?;
    page.rows = looked
        .things
        .iter()
        .map(|one| ThingRow {
            thing: Link { to: thing_page(&one.thing, &form.why), name: element_string(&one.thing) },
            events: words::count(one.events, lang),
            newest: one
                .newest
                .as_ref()
                .map(|row| EventRow::of(row, &current, &names, lang, &form.why)),
        })
        .collect();
    page.hidden = words::hidden(looked.hidden, lang);
    page.next = (end < list.things.len()).then_some(form.page + 1);
    html(&page)
}
