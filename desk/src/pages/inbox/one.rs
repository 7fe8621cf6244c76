//! `GET`, `POST /inbox/{case}/{number}`: a question or recall order to a company, and its reply.

use access::Act;
use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use inquiry::cases::{By, CasesError};
use inquiry::inbox::{self, Entry, Place, Reply, Said, State, Wanted};
use process::language::Language;
use serde::Deserialize;

use super::{due, kind, state_of};
use crate::failure::Failure;
use crate::names::party_names;
use crate::pages::{html, see_other};
use crate::reads::{self, Done};
use crate::shell::{Shell, time};
use crate::state::DeskState;
use crate::visitor::{Posted, Visitor};
use crate::words::cases::{self as case_words, CaseTexts};
use crate::words::inbox::{self as words, InboxTexts};

/// The fields of both forms; each has some of them.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Sent {
    /// How much had been said when the page was made.
    seen: usize,
    #[serde(default)]
    text: String,
    #[serde(default)]
    outcome: String,
    #[serde(default)]
    count: String,
    #[serde(default)]
    place: String,
}

#[derive(Template)]
#[template(path = "inbox-one.html")]
struct Page {
    shell: Shell,
    texts: &'static InboxTexts,
    case_texts: &'static CaseTexts,
    alerts: Vec<String>,
    case: i64,
    number: u32,
    kind: &'static str,
    state: &'static str,
    company: String,
    by: String,
    at: String,
    due: String,
    question: Option<String>,
    order: Option<OrderView>,
    said: Vec<SaidView>,
    /// Why no reply is taken any more.
    over: Option<&'static str>,
    takes_reply: bool,
    form: Sent,
}

struct OrderView {
    things: String,
    expected: Option<String>,
    instruction: String,
    tally: [String; 5],
}

struct SaidView {
    at: String,
    /// What was said; none of what the authority wrote down.
    text: Option<String>,
    outcome: Option<String>,
    who: String,
    digest: String,
}

fn said_view(said: &Said, lang: Language) -> SaidView {
    let own = said.own.as_ref();
    SaidView {
        at: time(said.at),
        text: own.map(|own| own.text.clone()),
        outcome: said.outcome.map(|outcome| words::outcome(outcome, lang)),
        who: own.map(|own| own.who.clone()).unwrap_or_default(),
        digest: own.map(|own| own.digest.to_string()).unwrap_or_default(),
    }
}

async fn page(
    state: &DeskState,
    visitor: &Visitor,
    request: &HttpRequest,
    entry: &Entry,
) -> Result<Page, Failure> {
    let lang = visitor.language;
    let texts = words::texts(lang);
    let names = party_names(state, [entry.party.as_str()].into_iter(), lang).await?;
    let (question, order) = match &entry.wanted {
        Wanted::Answer { question, .. } => (Some(question.clone()), None),
        Wanted::Recall { instruction, order } => {
            let view = OrderView {
                things: order.things.clone(),
                expected: order.expected.map(|number| number.to_string()),
                instruction: instruction.clone(),
                tally: case_words::tally(order),
            };
            (None, Some(view))
        }
    };
    let title = if order.is_some() { words::ORDER } else { words::QUESTION };
    Ok(Page {
        shell: Shell::of(visitor, request, title),
        texts,
        case_texts: case_words::texts(lang),
        alerts: Vec::new(),
        case: entry.case,
        number: entry.number,
        kind: kind(entry, texts),
        state: state_of(entry, lang),
        company: names.called(&entry.party),
        by: entry.by.clone(),
        at: time(entry.at),
        due: due(entry),
        question,
        order,
        said: entry.said.iter().map(|said| said_view(said, lang)).collect(),
        over: match entry.state {
            State::Withdrawn => Some(texts.withdrawn),
            State::Closed => Some(texts.closed),
            State::Waits | State::Done => None,
        },
        takes_reply: entry.takes_reply(),
        form: Sent { seen: entry.said.len(), ..Sent::default() },
    })
}

/// The place in an address; what names none is the place of nothing.
fn place((case, number): (&str, &str)) -> Result<Place, Failure> {
    let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let place = (case.parse().ok().filter(|_| is_digits(case)))
        .zip(number.parse().ok().filter(|_| is_digits(number)));
    place.ok_or(Failure::NotFound)
}

/// `GET /inbox/{case}/{number}`.
///
/// # Errors
///
/// [`Failure`].
pub async fn get(
    visitor: Visitor,
    state: Data<DeskState>,
    request: HttpRequest,
    at: Path<(String, String)>,
) -> Result<HttpResponse, Failure> {
    let sight = visitor.sight(Act::AnswerInquiries, &state)?;
    let parties: Vec<&str> = sight.own_parties().into_iter().collect();
    let entry = inbox::load(&state.db, &parties, place((&at.0, &at.1))?).await?;
    html(&page(&state, &visitor, &request, &entry).await?)
}

/// What a form says; none if a number or the outcome is none.
fn reply_of(form: &Sent, entry: &Entry) -> Option<Reply> {
    match entry.wanted {
        Wanted::Answer { .. } => Some(Reply::Answer(form.text.clone())),
        Wanted::Recall { .. } => Some(Reply::Report {
            outcome: case_words::outcome_named(&form.outcome)?,
            things: form.count.trim().parse().ok()?,
            place: form.place.clone(),
        }),
    }
}

/// `POST /inbox/{case}/{number}`.
///
/// # Errors
///
/// [`Failure`].
pub async fn post(
    posted: Posted<Sent>,
    state: Data<DeskState>,
    request: HttpRequest,
    at: Path<(String, String)>,
) -> Result<HttpResponse, Failure> {
    let Posted { visitor, form } = posted;
    let lang = visitor.language;
    let sight = visitor.sight(Act::AnswerInquiries, &state)?;
    let parties: Vec<&str> = sight.own_parties().into_iter().collect();
    let at = place((&at.0, &at.1))?;
    let (case, number) = at;
    let entry = inbox::load(&state.db, &parties, at).await?;
    let refused = async |alert: String| {
        // What was said meanwhile is shown with what was not kept.
        let entry = inbox::load(&state.db, &parties, at).await?;
        let mut page = page(&state, &visitor, &request, &entry).await?;
        page.alerts.push(alert);
        page.form = Sent { seen: page.form.seen, ..form.clone() };
        html(&page)
    };
    let Some(reply) = reply_of(&form, &entry) else {
        return refused(words::texts(lang).no_number.to_owned()).await;
    };
    let why = words::why(number);
    let by = By { who: &visitor.identity.subject, at: state.clock.now(), why: &why };
    let (digest, name) = match inbox::reply(&state.db, &parties, at, form.seen, (by, &reply)).await
    {
        Ok(replied) => replied,
        Err(CasesError::Act(problem)) => return refused(words::refused(&problem, lang)).await,
        Err(CasesError::Overtaken) => {
            return refused(words::texts(lang).overtaken.to_owned()).await;
        }
        Err(error) => return Err(error.into()),
    };
    let asked = format!("POST /inbox/{case}/{number} {name} {digest}");
    let reason = words::reason(case, number);
    let done = Done { act: Act::AnswerInquiries, asked: &asked, why: &reason, counts: (0, 0) };
    reads::record_act(&state, &visitor, &sight, done).await?;
    Ok(see_other(&format!("/inbox/{case}/{number}")))
}
