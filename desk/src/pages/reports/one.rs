//! `GET /reports/{id}`: what somebody reported of an item, and whether it is what was frozen when it came.

use access::{Act, ReportFacts, Sight};
use actix_web::web::{Data, Path, Query};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use gate::report_entry::{Standing, check, standing};
use history::frozen::{Head, Misfit, Shown};
use inquiry::reading::element_string;
use process::language::Language;
use serde::Deserialize;
use sql::reports::{FIRST_PAGE, LogPlace, StoredReport};

use crate::failure::Failure;
use crate::pages::html;
use crate::pages::inquiry::{address, escaped};
use crate::reads::{self, Done};
use crate::shell::{Shell, time};
use crate::state::DeskState;
use crate::visitor::Visitor;
use crate::words::reports::{self as words, ReportTexts};

/// What is asked for.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Wanted {
    /// Why.
    #[serde(default)]
    pub why: String,
}

#[derive(Template)]
#[template(path = "report-one.html")]
struct Page {
    shell: Shell,
    texts: &'static ReportTexts,
    alerts: Vec<&'static str>,
    why: String,
    number: String,
    /// Its own path.
    action: String,
    has_reason: bool,
    all: String,
    view: Option<View>,
}

/// What of a report is shown.
struct View {
    state: &'static str,
    item: String,
    /// The custody of the item, where the code names one.
    custody: Option<String>,
    reason: &'static str,
    received: String,
    message: String,
    place: String,
    language: &'static str,
    authorities: &'static str,
    photo: Option<String>,
    answer: Option<(String, String)>,
    evidence: EvidenceView,
    case: Option<String>,
}

/// What was frozen, and whether it fits.
struct EvidenceView {
    /// Empty if there is none.
    digest: String,
    is_good: bool,
    fit: &'static str,
    log: String,
    standing: &'static str,
    verdict: String,
    ledgers: Vec<Head>,
}

/// The report of this number, if whoever asks may see it.
///
/// # Errors
///
/// [`Failure::NotFound`] if there is none that they may see.
pub async fn find(state: &DeskState, sight: &Sight, number: &str) -> Result<StoredReport, Failure> {
    let id: Option<u64> = number.parse().ok().filter(|id| *id < FIRST_PAGE);
    let id = id.ok_or(Failure::NotFound)?;
    let report = sql::reports::find(&state.db, id).await?.ok_or(Failure::NotFound)?;
    let outcome = &report.outcome;
    let facts = ReportFacts {
        item: &outcome.item,
        received_at: outcome.received_at,
        for_authorities: outcome.for_authorities,
    };
    if sight.sees_report(&facts) { Ok(report) } else { Err(Failure::NotFound) }
}

/// Compares a report with what was frozen of it, and with the log.
async fn evidence(
    state: &DeskState,
    report: &StoredReport,
    lang: Language,
) -> Result<EvidenceView, Failure> {
    let outcome = &report.outcome;
    let Some(frozen) = sql::reports::evidence(&state.db, report.id).await? else {
        return Ok(EvidenceView {
            digest: String::new(),
            is_good: false,
            fit: lang.of(words::NOT_FROZEN),
            log: String::new(),
            standing: lang.of(words::standing(Standing::NotLogged)),
            verdict: String::new(),
            ledgers: Vec::new(),
        });
    };
    let digest = &frozen.evidence.digest;
    let checked = check(report, &frozen);
    let found = standing(&state.db, (report.id, digest), outcome.log.as_ref()).await?;
    let misfit: Option<&Misfit> = checked.as_ref().err();
    if misfit.is_some() || found == Standing::Contradicted {
        tracing::error!(?misfit, ?found, report = report.id, "a report is not what was stored");
    }
    let log = outcome.log.as_ref();
    let log = log.map(|LogPlace { origin, index }| format!("{origin} {index}"));
    let (verdict, ledgers) = match checked.as_ref().ok() {
        None => (String::new(), Vec::new()),
        Some(shown) => said(shown, lang),
    };
    Ok(EvidenceView {
        digest: digest.to_string(),
        is_good: misfit.is_none() && found != Standing::Contradicted,
        fit: lang.of(words::fit(misfit)),
        log: log.unwrap_or_default(),
        standing: lang.of(words::standing(found)),
        verdict,
        ledgers,
    })
}

/// What the page of the item said, and the ledgers that counted.
fn said(shown: &Shown, lang: Language) -> (String, Vec<Head>) {
    let words = words::shown(shown).map(|words| lang.of(words));
    match shown {
        Shown::NoItem | Shown::NotRead => (words.unwrap_or_default().to_owned(), Vec::new()),
        Shown::Verdict { verdict, reason, ledgers } => {
            let words = words.map(|words| format!(" · {words}")).unwrap_or_default();
            (format!("{verdict} · {reason}{words}"), ledgers.clone().unwrap_or_default())
        }
    }
}

async fn view(
    state: &DeskState,
    visitor: &Visitor,
    report: StoredReport,
    why: &str,
) -> Result<View, Failure> {
    let lang = visitor.language;
    let evidence = evidence(state, &report, lang).await?;
    let StoredReport { id, outcome, message, place, language } = report;
    let names_item = epc::identify(&outcome.item).is_ok();
    let subject = if names_item { format!("item:{}", outcome.item) } else { String::new() };
    let case = visitor.sight(Act::WorkOnCases, state).ok().map(|_| {
        let title = words::case_title(id, lang);
        address("/cases", &[("title", &title), ("subject", &subject)])
    });
    let custody = || address("/item", &[("thing", &outcome.item), ("why", why)]);
    let photo = || address(&format!("/reports/{id}/photo"), &[("why", why)]);
    Ok(View {
        state: lang.of(words::state(&outcome.state)),
        custody: names_item.then(custody),
        reason: lang.of(words::reason(&outcome.reason)),
        received: time(outcome.received_at),
        message,
        place,
        language: lang.of(words::language(&language)),
        authorities: lang.of(words::yes(outcome.for_authorities)),
        photo: outcome.has_photo.then(photo),
        answer: outcome.answered_at.map(|at| (time(at), outcome.answer)),
        item: element_string(&outcome.item),
        evidence,
        case,
    })
}

/// `GET /reports/{id}`.
///
/// # Errors
///
/// [`Failure`].
pub async fn get(
    visitor: Visitor,
    state: Data<DeskState>,
    request: HttpRequest,
    number: Path<String>,
    wanted: Query<Wanted>,
) -> Result<HttpResponse, Failure> {
    let sight = visitor.sight(Act::ReadReports, &state)?;
    let Wanted { why } = wanted.into_inner();
    let texts = words::texts(visitor.language);
    let number = number.into_inner();
    let mut page = Page {
        action: format!("/reports/{}", escaped(&number)),
        number,
        shell: Shell::of(&visitor, &request, words::REPORT),
        texts,
        alerts: Vec::new(),
        why: why.clone(),
        has_reason: sight.is_recorded(),
        all: address("/reports", &[("why", &why)]),
        view: None,
    };
    if sight.is_recorded() && reads::reason(&why).is_none() {
        page.alerts.push(texts.why_missing);
        return html(&page);
    }
    let report = find(&state, &sight, &page.number).await?;
    let asked = format!("GET /reports/{}", report.id);
    let done = Done { act: Act::ReadReports, asked: &asked, why: &why, counts: (1, 0) };
    reads::record(&state, &visitor, &sight, done, None).await?;
    page.view = Some(view(&state, &visitor, report, &why).await?);
    html(&page)
}
