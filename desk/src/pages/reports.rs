//! `GET /reports`: what people report of items, for the brand of the item and for inspectors. `GET /reports/{id}`: one of them.
//! `GET /reports/{id}/photo`: its photo.
//!
//! What holds: a report that somebody may not see is answered as if it were not there; of those that were sent to the authorities an inspector
//! is told how many are beyond the limits, and nothing else of them; a read is in the log of reads, with its reason, before anything is shown.
//!
//! Not here: who may see which report (`access`), whether it is what was stored once (`history::frozen`), answering (`chopmark report`).
//!
//! Source: decision 0102.

pub mod one;
pub mod photo;

use access::{Act, ReportFacts, Sight};
use actix_web::web::{Data, Query};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use inquiry::reading::element_string;
use serde::Deserialize;
use sql::reports::{FIRST_PAGE, ReportLine};

use crate::failure::Failure;
use crate::pages::html;
use crate::pages::inquiry::address;
use crate::reads::{self, Done};
use crate::shell::{Shell, time};
use crate::state::DeskState;
use crate::visitor::Visitor;
use crate::words::reports::{self as words, ReportTexts};

/// Most reports of a page.
const PAGE: usize = 50;
/// Most reports that are looked at for one page; the next one goes on where this one ended.
const LOOKED_AT: u32 = 5_000;

/// What is asked for.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Wanted {
    /// Only reports of smaller numbers.
    #[serde(default)]
    before: String,
    /// Why.
    #[serde(default)]
    why: String,
}

#[derive(Template)]
#[template(path = "reports.html")]
struct Page {
    shell: Shell,
    texts: &'static ReportTexts,
    alerts: Vec<&'static str>,
    why: String,
    has_reason: bool,
    found: Option<View>,
}

/// What was found.
struct View {
    rows: Vec<Row>,
    hidden: Option<String>,
    older: Option<String>,
}

/// A report of the list.
struct Row {
    number: u64,
    to: String,
    received: String,
    item: String,
    reason: &'static str,
    state: &'static str,
    waits: bool,
    photo: &'static str,
    authorities: &'static str,
}

/// What the decision must know of a report.
fn facts(line: &ReportLine) -> ReportFacts<'_> {
    ReportFacts {
        item: &line.item,
        received_at: line.received_at,
        for_authorities: line.for_authorities,
    }
}

/// Reports that are seen, the newest first.
struct Found {
    seen: Vec<ReportLine>,
    hidden: u64,
    /// Number of the last one that was looked at, if there may be more.
    last: Option<u64>,
}

async fn find(state: &DeskState, sight: &Sight, before: u64) -> Result<Found, Failure> {
    let lines = sql::reports::newest(&state.db, before, sight.is_of_brand(), LOOKED_AT).await?;
    let is_cut = lines.len() >= LOOKED_AT as usize;
    let (mut seen, mut hidden, mut last) = (Vec::new(), 0, None);
    for line in lines {
        if seen.len() == PAGE {
            return Ok(Found { seen, hidden, last });
        }
        last = Some(line.id);
        if sight.sees_report(&facts(&line)) {
            seen.push(line);
        } else if line.for_authorities && sight.is_of_authority() {
            hidden += 1;
        }
    }
    Ok(Found { seen, hidden, last: last.filter(|_| is_cut) })
}

/// `GET /reports`.
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
    let sight = visitor.sight(Act::ReadReports, &state)?;
    let Wanted { before, why } = wanted.into_inner();
    let lang = visitor.language;
    let texts = words::texts(lang);
    let mut page = Page {
        shell: Shell::of(&visitor, &request, words::REPORTS),
        texts,
        alerts: Vec::new(),
        why: why.clone(),
        has_reason: sight.is_recorded(),
        found: None,
    };
    if sight.is_recorded() && reads::reason(&why).is_none() {
        page.alerts.push(texts.why_missing);
        return html(&page);
    }
    let from: Option<u64> = before.parse().ok();
    let found = find(&state, &sight, from.unwrap_or(FIRST_PAGE)).await?;
    let asked =
        from.map_or("GET /reports".to_owned(), |from| format!("GET /reports before {from}"));
    let counts = (found.seen.len() as u64, found.hidden);
    let done = Done { act: Act::ReadReports, asked: &asked, why: &why, counts };
    reads::record(&state, &visitor, &sight, done, None).await?;
    let rows = found.seen.iter().map(|line| Row {
        number: line.id,
        to: address(&format!("/reports/{}", line.id), &[("why", &why)]),
        received: time(line.received_at),
        item: element_string(&line.item),
        reason: lang.of(words::reason(&line.reason)),
        state: lang.of(words::state(&line.state)),
        waits: matches!(&*line.state, "received" | "taken"),
        photo: lang.of(words::yes(line.has_photo)),
        authorities: lang.of(words::yes(line.for_authorities)),
    });
    let older = found.last.map(|last| last.to_string());
    page.found = Some(View {
        rows: rows.collect(),
        hidden: words::hidden(found.hidden, lang),
        older: older.map(|last| address("/reports", &[("before", &last), ("why", &why)])),
    });
    html(&page)
}
