//! `GET /log`: the log of reads: who read, exported or changed what, when, why and by which right.
//!
//! The way through: [`get`] asks for a reason, gathers a page of the log (`gather.rs`), records that the log was read, and shows it.
//!
//! What holds:
//!
//! - reading the log is recorded with its reason, whatever the role, before anything of it is shown;
//! - a row that is not told is counted whatever the filters are, so that no filter finds out whose it is;
//! - the number of reads that are not told yet is the same for every filter and place of the log.
//!
//! Not here: who may see which row (`access::LogSight`), what a record says (`gate::log_entry`), whether the log is what was signed
//! (`chopmark audit`).
//!
//! Source: decision 0105.

mod gather;

use access::{Act, LogSight, Role, RowSight};
use actix_web::web::{Data, Query};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use gate::log_entry::{LogEntry, LogKind, NamedRight};
use gate::log_walk::logs;
use inquiry::Unreadable;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};
use process::language::Language;
use serde::Deserialize;
use sql::ledgers::LedgerRow;

use self::gather::{Filter, Gathered, Kinds, gather, not_yet};
use super::inquiry::address;
use crate::failure::Failure;
use crate::pages::html;
use crate::reads::{self, Done};
use crate::shell::{Shell, time};
use crate::state::DeskState;
use crate::visitor::Visitor;
use crate::words::inquiry as shared;
use crate::words::log::{self as words, LogTexts};
use crate::words::roles;

/// What is asked for.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Asked {
    /// Why.
    #[serde(default)]
    why: String,
    /// First day.
    #[serde(default)]
    from: String,
    /// Last day.
    #[serde(default)]
    until: String,
    /// Whose acts.
    #[serde(default)]
    subject: String,
    /// Which kind, or `override`.
    #[serde(default)]
    kind: String,
    /// Origin of the log; that of the desk if it is empty.
    #[serde(default)]
    log: String,
    /// Only records before this place.
    #[serde(default)]
    before: String,
}

#[derive(Template)]
#[template(path = "log.html")]
struct Page {
    shell: Shell,
    texts: &'static LogTexts,
    asked: Asked,
    kinds: Vec<Choice>,
    logs: Vec<Choice>,
    alerts: Vec<String>,
    results: Option<Results>,
}

/// A choice of a list.
struct Choice {
    value: String,
    name: String,
    is_chosen: bool,
}

/// A page of the log.
struct Results {
    origin: String,
    rows: Vec<Row>,
    /// What is not told.
    notes: Vec<String>,
    older: Option<String>,
}

/// A row.
struct Row {
    index: u64,
    what: What,
}

/// What a row shows.
enum What {
    /// An entry.
    Entry(Box<EntryView>),
    /// A record that cannot be read.
    Unreadable,
}

/// An entry, in words.
#[derive(Default)]
struct EntryView {
    at: String,
    at_exact: String,
    who: String,
    means: &'static str,
    roles: String,
    limits: String,
    kind: &'static str,
    is_override: bool,
    /// What was asked for, if it is told.
    asked: Option<String>,
    reason: String,
    rights: Vec<String>,
    answer: Option<String>,
}

/// `GET /log`.
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
    let sight = visitor.sight(Act::ReadAccessLog, &state)?;
    let mut page = page(&visitor, &request, asked);
    let Some(own) = &state.config.read_log else {
        page.alerts.push(page.texts.no_log.to_owned());
        return html(&page);
    };
    if reads::reason(&page.asked.why).is_none() {
        let is_asked = !page.asked.why.is_empty() || !page.asked.before.is_empty();
        page.alerts.extend(is_asked.then(|| page.texts.why_missing.to_owned()));
        return html(&page);
    }
    let filter = match filter(&page.asked) {
        Ok(filter) => filter,
        Err(problem) => {
            page.alerts.push(shared::unreadable(&problem, visitor.language));
            return html(&page);
        }
    };
    let wanted = if page.asked.log.is_empty() { &own.origin } else { &page.asked.log };
    let all = logs(&state.db).await?;
    page.logs = all.iter().map(|row| choice(&row.origin, &row.origin, wanted)).collect();
    let row = all.iter().find(|row| row.origin == *wanted);
    let now = state.clock.now();
    let log = LogSight::new(&visitor.identity, now, state.config.read_delay);
    let log = log.ok_or(Failure::NotFound)?;
    let (gathered, waiting) = match row {
        Some(row) => {
            let found = gather(&state.db, row, &log, &filter).await?;
            (found, not_yet(&state.db, row, &log).await?)
        }
        // Nothing was ever recorded there.
        None if *wanted == own.origin => Default::default(),
        None => return Err(Failure::NotFound),
    };
    let hidden = gathered.beyond + waiting.number();
    let done = Done {
        act: Act::ReadAccessLog,
        asked: &described(&page.asked, wanted),
        why: &page.asked.why,
        counts: (gathered.rows.len() as u64, hidden),
    };
    reads::record_act(&state, &visitor, &sight, done).await?;
    let days = state.config.read_delay.as_hours() / 24;
    let mut results = results(&gathered, (wanted, row), &page.asked, visitor.language);
    results.notes.extend(words::not_yet(waiting, days, visitor.language));
    page.results = Some(results);
    html(&page)
}

/// The page before anything was asked for.
fn page(visitor: &Visitor, request: &HttpRequest, asked: Asked) -> Page {
    let lang = visitor.language;
    let texts = words::texts(lang);
    let all = [("", texts.all), ("override", texts.overrides)];
    let kinds =
        all.into_iter().chain(LogKind::ALL.map(|kind| (kind.name(), lang.of(words::kind(kind)))));
    Page {
        shell: Shell::of(visitor, request, words::LOG),
        texts,
        kinds: kinds.map(|(value, name)| choice(value, name, &asked.kind)).collect(),
        logs: Vec::new(),
        asked,
        alerts: Vec::new(),
        results: None,
    }
}

fn choice(value: &str, name: &str, chosen: &str) -> Choice {
    Choice { value: value.to_owned(), name: name.to_owned(), is_chosen: value == chosen }
}

/// What a page is limited to.
fn filter(asked: &Asked) -> Result<Filter, Unreadable> {
    let wrong = |got: &str, expected: &str| Unreadable {
        got: got.to_owned(),
        expected: expected.to_owned(),
    };
    let day = |text: &str| -> Result<Option<Date>, Unreadable> {
        let text = text.trim();
        let parsed =
            (!text.is_empty()).then(|| text.parse().map_err(|_| wrong(text, "2026-11-30")));
        parsed.transpose()
    };
    let begin =
        |date: Date| -> Option<Timestamp> { Some(date.to_zoned(TimeZone::UTC).ok()?.timestamp()) };
    let (from, until) = (day(&asked.from)?, day(&asked.until)?);
    let kinds = match asked.kind.as_str() {
        "" => None,
        "override" => Some(Kinds::Overrides),
        name => {
            let kind = LogKind::ALL.into_iter().find(|kind| kind.name() == name);
            let expected =
                "override, look, export, case, log, emergency, session-end, erasure or report";
            Some(Kinds::One(kind.ok_or_else(|| wrong(name, expected))?))
        }
    };
    let before = match asked.before.as_str() {
        "" => None,
        place => Some(place.parse().map_err(|_| wrong(place, "0, 1, 2, …"))?),
    };
    Ok(Filter {
        from: from.and_then(begin),
        until: until.and_then(|day| begin(day.checked_add(1.day()).ok()?)),
        subject: Some(asked.subject.trim().to_owned()).filter(|subject| !subject.is_empty()),
        kinds,
        before,
    })
}

/// What was asked for, as the log says it.
fn described(asked: &Asked, origin: &str) -> String {
    let parts = [
        ("before", &asked.before),
        ("from", &asked.from),
        ("until", &asked.until),
        ("kind", &asked.kind),
        ("subject", &asked.subject),
    ];
    let stated = parts.into_iter().filter(|(_, value)| !value.trim().is_empty());
    let stated: Vec<String> =
        stated.map(|(name, value)| format!(" {name}:{}", value.trim())).collect();
    format!("GET /log {origin}{}", stated.concat())
}

fn results(
    gathered: &Gathered,
    (origin, row): (&str, Option<&LedgerRow>),
    asked: &Asked,
    lang: Language,
) -> Results {
    let rows = gathered.rows.iter().map(|taken| Row {
        index: taken.index,
        what: match &taken.entry {
            Ok((entry, sight)) => What::Entry(Box::new(entry_view(entry, *sight, lang))),
            Err(problem) => {
                tracing::error!(index = taken.index, problem, "a record of the log cannot be read");
                What::Unreadable
            }
        },
    });
    let older = gathered.next.filter(|_| row.is_some()).map(|place| {
        let place = place.to_string();
        let Asked { why, from, until, subject, kind, log, .. } = asked;
        let parameters = [
            ("why", why.as_str()),
            ("from", from),
            ("until", until),
            ("subject", subject),
            ("kind", kind),
            ("log", log),
            ("before", &place),
        ];
        address("/log", &parameters)
    });
    Results {
        origin: origin.to_owned(),
        rows: rows.collect(),
        notes: words::beyond(gathered.beyond, lang).into_iter().collect(),
        older,
    }
}

fn entry_view(entry: &LogEntry, sight: RowSight, lang: Language) -> EntryView {
    let role = |name: &str| {
        Role::from_name(name)
            .map_or_else(|| name.to_owned(), |it| lang.of(roles::name(it)).to_owned())
    };
    let names: Vec<String> = entry.roles().into_iter().map(role).collect();
    let right = |right: &NamedRight| words::right(right, lang);
    let is_whole = sight == RowSight::Whole;
    let text = |text: Option<&str>| text.unwrap_or("?").to_owned();
    if let Some(report) = entry.report() {
        return EntryView {
            at: entry.at().map_or_else(|| "?".to_owned(), time),
            at_exact: entry.at().map(|at| at.to_string()).unwrap_or_default(),
            who: lang.of(words::OURSELVES).to_owned(),
            kind: lang.of(words::kind(entry.kind())),
            asked: Some(words::report(report, lang)),
            ..EntryView::default()
        };
    }
    EntryView {
        at: entry.at().map_or_else(|| "?".to_owned(), time),
        at_exact: entry.at().map(|at| at.to_string()).unwrap_or_default(),
        who: text(entry.subject()),
        means: lang.of(words::means(entry.means().unwrap_or_default())),
        roles: names.join(", "),
        limits: entry.limits().join(" | "),
        kind: lang.of(words::kind(entry.kind())),
        is_override: entry.is_override(),
        asked: is_whole.then(|| text(entry.asked())),
        reason: text(entry.reason()),
        rights: entry.rights().iter().map(right).collect(),
        answer: entry.counts().filter(|_| is_whole).map(|counts| words::answer(counts, lang)),
    }
}
