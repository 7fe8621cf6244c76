//! `GET`, `POST /cases/{id}`: one case, and what is done in it.

use access::Act as Deed;
use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use inquiry::case::{Act, Stage, Step};
use inquiry::cases::{self, By, CasesError, Loaded};
use process::language::Language;
use serde::Deserialize;

use super::freeze::{NotFrozen, freeze};
use crate::failure::Failure;
use crate::names::party_names;
use crate::pages::exports::ExportForm;
use crate::pages::inquiry::{Link, address};
use crate::pages::{html, see_other};
use crate::reads::{self, Done};
use crate::shell::{Shell, time};
use crate::state::DeskState;
use crate::visitor::{Posted, Visitor};
use crate::words::cases::{self as words, CaseTexts};
use crate::words::inquiry as searching;

/// Evidence of one act that the page lists.
const MOST_LISTED: usize = 20;

/// The fields of all forms of a case; each form has some of them.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Sent {
    act: String,
    seen: u32,
    why: String,
    #[serde(default)]
    party: String,
    #[serde(default)]
    text: String,
    #[serde(default)]
    due: String,
    #[serde(default)]
    number: String,
    #[serde(default)]
    things: String,
    #[serde(default)]
    count: String,
    #[serde(default)]
    outcome: String,
    #[serde(default)]
    place: String,
}

#[derive(Template)]
#[template(path = "case.html")]
struct Page {
    shell: Shell,
    texts: &'static CaseTexts,
    alerts: Vec<String>,
    number: i64,
    title: String,
    stage: &'static str,
    subject: Link,
    members: String,
    digest: String,
    look: String,
    questions: Vec<QuestionView>,
    orders: Vec<OrderView>,
    steps: Vec<StepView>,
    forms: Vec<FormView>,
    seen: u32,
    export: Option<ExportForm>,
}

struct QuestionView {
    number: u32,
    party: String,
    way: &'static str,
    question: String,
    due: String,
    state: &'static str,
    is_own: bool,
}

struct OrderView {
    number: u32,
    party: String,
    way: &'static str,
    things: String,
    tally: [String; 5],
    is_withdrawn: bool,
}

struct StepView {
    number: u32,
    at: String,
    who: String,
    why: String,
    name: &'static str,
    is_own: bool,
    lines: Vec<String>,
    evidence: Vec<String>,
    more: usize,
}

/// A form; its fields follow from the act.
struct FormView {
    act: &'static str,
    name: &'static str,
}

/// What may be done in a case.
const ACTS: [&str; 9] =
    ["freeze", "ask", "answer", "order_recall", "report", "note", "admit", "withdraw", "close"];

fn forms(stage: Stage, lang: Language) -> Vec<FormView> {
    let acts: &[&'static str] = if stage == Stage::Closed { &["reopen"] } else { &ACTS };
    acts.iter().map(|act| FormView { act, name: lang.of(words::form(act)) }).collect()
}

fn step_view(step: &Step, lang: Language) -> StepView {
    let events = match &step.what {
        Act::Freeze { events, .. } => events.as_slice(),
        _ => &[],
    };
    let listed = events.iter().take(MOST_LISTED);
    let listed = listed.map(|one| format!("{} {} · {}", one.origin, one.index, one.leaf));
    StepView {
        number: step.number,
        at: time(step.at),
        who: step.who.clone(),
        why: step.why.clone(),
        name: lang.of(words::act(&step.what)),
        is_own: step.what.company().is_some(),
        lines: words::lines(&step.what, lang),
        evidence: listed.collect(),
        more: events.len().saturating_sub(MOST_LISTED),
    }
}

async fn page(
    state: &DeskState,
    visitor: &Visitor,
    request: &HttpRequest,
    loaded: &Loaded,
) -> Result<Page, Failure> {
    let (lang, case) = (visitor.language, &loaded.case);
    let texts = words::texts(lang);
    let names = party_names(state, case.addressed().map(|(party, _)| party), lang).await?;
    let way = |inbox: bool| if inbox { texts.in_inbox } else { texts.not_in_inbox };
    let why = words::reason(loaded.id, &case.title);
    let questions = case.questions.iter().map(|(number, one)| QuestionView {
        number: *number,
        party: names.called(&one.party),
        way: way(one.inbox),
        question: one.question.clone(),
        due: one.due.clone().unwrap_or_default(),
        state: if one.is_withdrawn {
            texts.withdrawn
        } else if one.waits() {
            texts.waits
        } else if one.own_answer.is_some() {
            texts.answered_itself
        } else {
            texts.answered
        },
        is_own: one.own_answer.is_some(),
    });
    let orders = case.orders.iter().map(|(number, one)| OrderView {
        number: *number,
        party: names.called(&one.party),
        way: way(one.inbox),
        things: one.things.clone(),
        tally: words::tally(one),
        is_withdrawn: one.is_withdrawn,
    });
    Ok(Page {
        shell: Shell::of(visitor, request, words::CASE),
        texts,
        alerts: Vec::new(),
        number: loaded.id,
        title: case.title.clone(),
        stage: lang.of(words::stage(case.stage())),
        subject: Link {
            to: address("/search", &[("q", &case.subject), ("why", &why)]),
            name: case.subject.clone(),
        },
        members: case.members.join(", "),
        digest: loaded.digest.to_string(),
        look: address("/search", &[("why", &why)]),
        questions: questions.collect(),
        orders: orders.collect(),
        steps: case.steps.iter().rev().map(|step| step_view(step, lang)).collect(),
        forms: forms(case.stage(), lang),
        seen: case.next_number() - 1,
        // Whoever works on cases has every read recorded.
        export: ExportForm::of(state, lang, (&case.subject, &why), true),
    })
}

/// `GET /cases/{id}`.
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
    let sight = visitor.sight(Deed::WorkOnCases, &state)?;
    let id = number(&id)?;
    let loaded = cases::load(&state.db, id, &visitor.identity.subject).await?;
    let why = words::reason(loaded.id, &loaded.case.title);
    let counts = (loaded.case.steps.len() as u64, 0);
    let asked = format!("GET /cases/{id}");
    let done = Done { act: Deed::WorkOnCases, asked: &asked, why: &why, counts };
    reads::record(&state, &visitor, &sight, done, None).await?;
    html(&page(&state, &visitor, &request, &loaded).await?)
}

/// The number of a case in an address; what is none is the number of no case.
fn number(id: &str) -> Result<i64, Failure> {
    let is_digits = !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_digit());
    id.parse().ok().filter(|_| is_digits).ok_or(Failure::NotFound)
}

/// What a form asks for; none if it is no act, or a number is none.
fn act_of(form: &Sent) -> Option<Act> {
    let text = |text: &str| text.trim().to_owned();
    let number = || form.number.trim().parse::<u32>().ok();
    let count = || form.count.trim().parse::<u64>().ok();
    let given = |field: &str| !field.trim().is_empty();
    Some(match form.act.as_str() {
        "ask" => Act::Ask {
            party: text(&form.party),
            question: text(&form.text),
            due: given(&form.due).then(|| text(&form.due)),
            inbox: false,
        },
        "answer" => Act::Answer { to: number()?, text: text(&form.text), company: None },
        "order_recall" => Act::OrderRecall {
            party: text(&form.party),
            things: text(&form.things),
            expected: if given(&form.count) { Some(count()?) } else { None },
            instruction: text(&form.text),
            inbox: false,
        },
        "report" => Act::Report {
            order: number()?,
            outcome: words::outcome_named(&form.outcome)?,
            things: count()?,
            place: text(&form.place),
            company: None,
        },
        "withdraw" => Act::Withdraw { what: number()? },
        "note" => Act::Note { text: text(&form.text) },
        "admit" => Act::Admit { subject: text(&form.party) },
        "close" => Act::Close { conclusion: text(&form.text) },
        "reopen" => Act::Reopen,
        _ => return None,
    })
}

/// The act that a form asks for, or in words why there is none.
async fn wished(
    state: &DeskState,
    visitor: &Visitor,
    form: &Sent,
) -> Result<Result<Act, String>, Failure> {
    let lang = visitor.language;
    if form.act != "freeze" {
        let malformed =
            || Failure::Malformed("expected an act of a case with its fields".to_owned());
        return Ok(Ok(act_of(form).ok_or_else(malformed)?));
    }
    let events = visitor.sight(Deed::QueryEvents, state)?;
    Ok(match freeze(&state.db, &events, form.text.trim()).await {
        Ok(act) => Ok(act),
        Err(NotFrozen::Unreadable(problem)) => Err(searching::unreadable(&problem, lang)),
        Err(NotFrozen::Nothing) => Err(words::texts(lang).no_evidence.to_owned()),
        Err(NotFrozen::TooMuch) => {
            let why = inquiry::case::CaseError::Evidence(inquiry::case::MOST_EVIDENCE + 1);
            Err(words::refused(&why.to_string(), lang))
        }
        Err(NotFrozen::Database(error)) => return Err(error.into()),
    })
}

/// `POST /cases/{id}`.
///
/// # Errors
///
/// [`Failure`].
pub async fn post(
    posted: Posted<Sent>,
    state: Data<DeskState>,
    request: HttpRequest,
    id: Path<String>,
) -> Result<HttpResponse, Failure> {
    let Posted { visitor, form } = posted;
    let (lang, subject) = (visitor.language, visitor.identity.subject.clone());
    let sight = visitor.sight(Deed::WorkOnCases, &state)?;
    let id = number(&id)?;
    let loaded = cases::load(&state.db, id, &subject).await?;
    let why = words::reason(loaded.id, &loaded.case.title);
    let refused = async |alert: String| {
        let counts = (loaded.case.steps.len() as u64, 0);
        let asked = format!("GET /cases/{id}");
        let done = Done { act: Deed::WorkOnCases, asked: &asked, why: &why, counts };
        reads::record(&state, &visitor, &sight, done, None).await?;
        let mut page = page(&state, &visitor, &request, &loaded).await?;
        page.alerts.push(alert);
        html(&page)
    };
    let what = match wished(&state, &visitor, &form).await? {
        Ok(what) => what,
        Err(alert) => return refused(alert).await,
    };
    let name = what.name();
    let by = By { who: &subject, at: state.clock.now(), why: &form.why };
    let acted = match cases::act(&state.db, (id, form.seen), by, what).await {
        Ok(acted) => acted,
        Err(CasesError::Act(problem)) => {
            return refused(words::refused(&problem.to_string(), lang)).await;
        }
        Err(CasesError::Party(problem)) => {
            return refused(words::refused_party(&problem, lang)).await;
        }
        Err(CasesError::Overtaken) => {
            return refused(words::texts(lang).overtaken.to_owned()).await;
        }
        Err(error) => return Err(error.into()),
    };
    let asked = format!("POST /cases/{id} {name} {}", acted.digest);
    let done = Done { act: Deed::WorkOnCases, asked: &asked, why: &why, counts: (0, 0) };
    reads::record(&state, &visitor, &sight, done, None).await?;
    Ok(see_other(&format!("/cases/{id}")))
}
