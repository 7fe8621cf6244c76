//! `GET`, `POST /cases`: the cases somebody works on, and opening one. `GET`, `POST /cases/{id}`: one of them, and what is done in it.
//!
//! What holds: whoever is no member of a case is answered as if there were none; looking at a case and acting on it are in the log of reads,
//! an act with the digest of its step, before anything is answered.
//!
//! Not here: which acts may follow (`inquiry::case`), storing them (`inquiry::cases`).

pub mod freeze;
pub mod one;

use access::Act;
use actix_web::web::{Data, Query};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use inquiry::cases::{self, By, CasesError, Loaded, PAGE};
use serde::Deserialize;

use crate::failure::Failure;
use crate::names::{NameView, Names};
use crate::pages::inquiry::address;
use crate::pages::{html, see_other};
use crate::reads::{self, Done};
use crate::shell::{Shell, time};
use crate::state::DeskState;
use crate::visitor::{Posted, Visitor};
use crate::words::cases::{self as words, CaseTexts};

/// What is asked for.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Wanted {
    /// Only cases of smaller numbers.
    #[serde(default)]
    before: String,
    /// What a form that was refused had, or another page fills in.
    #[serde(default)]
    subject: String,
    /// As the subject.
    #[serde(default)]
    title: String,
}

/// A form that opens a case.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Opening {
    title: String,
    subject: String,
    why: String,
}

#[derive(Template)]
#[template(path = "cases.html")]
struct Page {
    shell: Shell,
    texts: &'static CaseTexts,
    form: Opening,
    alerts: Vec<String>,
    rows: Vec<Row>,
    older: Option<String>,
}

/// A case of the list.
struct Row {
    number: i64,
    title: String,
    /// What it is about.
    subject: String,
    /// That is called so.
    name: Option<NameView>,
    stage: &'static str,
    last: String,
}

async fn page(
    state: &DeskState,
    visitor: &Visitor,
    request: &HttpRequest,
    before: Option<i64>,
    form: Opening,
) -> Result<Page, Failure> {
    let (lang, subject) = (visitor.language, &visitor.identity.subject);
    let texts = words::texts(lang);
    let found = cases::list(&state.db, subject, before).await?;
    let is_full = found.len() >= usize::from(PAGE);
    let mut alerts = Vec::new();
    let mut rows = Vec::new();
    for case in found {
        match case {
            Ok(Loaded { id, case, .. }) => rows.push(Row {
                number: id,
                stage: lang.of(words::stage(case.stage())),
                last: case.steps.last().map(|step| time(step.at)).unwrap_or_default(),
                title: case.title,
                subject: case.subject,
                name: None,
            }),
            Err(error) => {
                tracing::error!(%error, "a case cannot be relied on");
                alerts.push(texts.altered.to_owned());
            }
        }
    }
    let sight = visitor.sight(Act::WorkOnCases, state)?;
    let subjects = rows.iter().map(|row: &Row| &*row.subject);
    let names = Names::of_searches(state, (&sight, lang), subjects).await?;
    rows.iter_mut().zip(names).for_each(|(row, name)| row.name = name);
    let oldest = rows.last().map(|row| row.number.to_string()).filter(|_| is_full);
    Ok(Page {
        shell: Shell::of(visitor, request, words::CASES),
        texts,
        form,
        alerts,
        older: oldest.map(|oldest| address("/cases", &[("before", &oldest)])),
        rows,
    })
}

/// `GET /cases`.
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
    let sight = visitor.sight(Act::WorkOnCases, &state)?;
    let Wanted { before, subject, title } = wanted.into_inner();
    let form = Opening { title, subject, ..Opening::default() };
    let page = page(&state, &visitor, &request, before.parse().ok(), form).await?;
    let counts = (page.rows.len() as u64, 0);
    let done = Done { act: Act::WorkOnCases, asked: "GET /cases", why: "own cases", counts };
    reads::record(&state, &visitor, &sight, done, None).await?;
    html(&page)
}

/// `POST /cases`.
///
/// # Errors
///
/// [`Failure`].
pub async fn post(
    posted: Posted<Opening>,
    state: Data<DeskState>,
    request: HttpRequest,
) -> Result<HttpResponse, Failure> {
    let Posted { visitor, form } = posted;
    let sight = visitor.sight(Act::WorkOnCases, &state)?;
    let by = By { who: &visitor.identity.subject, at: state.clock.now(), why: &form.why };
    let opened = cases::open(&state.db, by, (&form.title, &form.subject)).await;
    let opened = match opened {
        Ok(opened) => opened,
        Err(CasesError::Act(problem)) => {
            let mut page = page(&state, &visitor, &request, None, form).await?;
            page.alerts.push(words::refused(&problem.to_string(), visitor.language));
            return html(&page);
        }
        Err(error) => return Err(error.into()),
    };
    let asked = format!("POST /cases {} open {}", opened.id, opened.digest);
    let why = words::reason(opened.id, &opened.case.title);
    let done = Done { act: Act::WorkOnCases, asked: &asked, why: &why, counts: (0, 0) };
    reads::record(&state, &visitor, &sight, done, None).await?;
    Ok(see_other(&format!("/cases/{}", opened.id)))
}
