//! `GET /inbox`: what authorities ask of the companies that a login speaks for. `GET`, `POST /inbox/{case}/{number}`: one of it, and the
//! company's reply.
//!
//! What holds: nothing of a case is shown but its number and what is asked of these companies; what is asked of others is answered as if it
//! were not there; a reply is in the log of reads with the digest of its step before it is answered. Looking is recorded only where the
//! role's reads are.
//!
//! Not here: what may be replied (`inquiry::case`), for whom a login speaks (`access`).
//!
//! Source: decision 0096.

pub mod one;

use access::Act;
use actix_web::web::{Data, Query};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use inquiry::cases::CasesError;
use inquiry::inbox::{self, Entry, Place, State, Wanted};
use process::language::Language;
use serde::Deserialize;

use crate::failure::Failure;
use crate::names::party_names;
use crate::pages::html;
use crate::pages::inquiry::address;
use crate::shell::{Shell, time};
use crate::state::DeskState;
use crate::visitor::Visitor;
use crate::words::inbox::{self as words, InboxTexts};

/// What is asked for.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Wish {
    /// Only what stands before this: case and number.
    #[serde(default)]
    before: String,
}

#[derive(Template)]
#[template(path = "inbox.html")]
struct Page {
    shell: Shell,
    texts: &'static InboxTexts,
    alerts: Vec<&'static str>,
    has_company: bool,
    rows: Vec<Row>,
    older: Option<String>,
}

/// A question or order of the list.
struct Row {
    case: i64,
    number: u32,
    kind: &'static str,
    company: String,
    at: String,
    due: String,
    state: &'static str,
    waits: bool,
}

/// Where in an inbox a text says to go on; none if it says nothing.
fn place(text: &str) -> Option<Place> {
    let (case, number) = text.split_once('-')?;
    Some((case.parse().ok()?, number.parse().ok()?))
}

/// What a question or order is called.
fn kind(entry: &Entry, texts: &'static InboxTexts) -> &'static str {
    match entry.wanted {
        Wanted::Answer { .. } => texts.question,
        Wanted::Recall { .. } => texts.order,
    }
}

/// By when it is to be answered.
fn due(entry: &Entry) -> String {
    match &entry.wanted {
        Wanted::Answer { due, .. } => due.clone().unwrap_or_default(),
        Wanted::Recall { .. } => String::new(),
    }
}

fn state_of(entry: &Entry, language: Language) -> &'static str {
    let is_order = matches!(entry.wanted, Wanted::Recall { .. });
    language.of(words::state(entry.state, is_order))
}

/// `GET /inbox`.
///
/// # Errors
///
/// [`Failure`].
pub async fn get(
    visitor: Visitor,
    state: Data<DeskState>,
    request: HttpRequest,
    wish: Query<Wish>,
) -> Result<HttpResponse, Failure> {
    let sight = visitor.sight(Act::AnswerInquiries, &state)?;
    let (lang, parties) = (visitor.language, sight.own_parties());
    let texts = words::texts(lang);
    let parties: Vec<&str> = parties.into_iter().collect();
    let found = inbox::list(&state.db, &parties, place(&wish.before)).await?;
    let mut alerts = Vec::new();
    for fault in &found.faults {
        tracing::error!(error = %fault, "what is asked of a company cannot be relied on");
        if matches!(fault, CasesError::Altered { .. }) && alerts.is_empty() {
            alerts.push(texts.altered);
        }
    }
    let names = found.entries.iter().map(|entry| entry.party.as_str());
    let names = party_names(&state, names, lang).await?;
    let rows = found.entries.iter().map(|entry| Row {
        case: entry.case,
        number: entry.number,
        kind: kind(entry, texts),
        company: names.called(&entry.party),
        at: time(entry.at),
        due: due(entry),
        state: state_of(entry, lang),
        waits: entry.state == State::Waits,
    });
    let before = found.next.map(|(case, number)| format!("{case}-{number}"));
    html(&Page {
        shell: Shell::of(&visitor, &request, words::INBOX),
        texts,
        alerts,
        has_company: !parties.is_empty(),
        rows: rows.collect(),
        older: before.map(|before| address("/inbox", &[("before", &before)])),
    })
}
