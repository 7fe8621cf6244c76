//! `GET /trace`: where a thing came from and where it went, over containers, transformations and lots.
//!
//! | parameter | |
//! |---|---|
//! | `epc` or `lot` | the thing, or the class of a lot, in any spelling; one of the two |
//! | `direction` | `back`, `forward`, `neighbourhood`; without it `forward` |
//! | `depth` | levels, 1 to 20; without it 20, of a neighbourhood 1 |
//! | `perPage`, `nextPageToken` | lines of a page, 1 to 100,000, without it 1,000; where the next page begins |
//!
//! What holds: every name in an answer is of a record that was read again and leads to the leaf hash of its ledger; an event that the reader may
//! not see is counted and neither named nor followed; pages of one trace are of one state of the projection.
//!
//! Not here: the walk (`history::trace`).

use access::{Act, Identity, Sight};
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use gate::read_log::Outcome;
use history::projected::LedgerEvent;
use history::sight::sees;
use history::trace::{Direction, Limits, Line, Source, Trace, trace};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::parameters::text;
use super::who;
use crate::problem::Problem;
use crate::state::{AppState, Audience, MAX_PART, audience};

/// Most levels.
const MOST_DEPTH: u32 = 20;
/// Lines of a page, where none are asked for, and at most.
const PAGE: (usize, usize) = (1_000, 100_000);

/// Where a page begins: the state of the projection, and the line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Token {
    generation: u64,
    head: u64,
    line: usize,
}

impl Token {
    fn text(self) -> String {
        format!("{}.{}.{}", self.generation, self.head, self.line)
    }

    fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('.').map(|part| {
            let is_digits = !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
            part.parse::<u64>().ok().filter(|_| is_digits)
        });
        let (generation, head, line) = (parts.next()??, parts.next()??, parts.next()??);
        let line = usize::try_from(line).ok()?;
        parts.next().is_none().then_some(Self { generation, head, line })
    }
}

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Asked {
    start: String,
    direction: Direction,
    depth: u32,
    per_page: usize,
    token: Option<Token>,
}

fn wrong(name: &str, got: &str, expected: &str) -> Problem {
    let shown: String = got.chars().take(40).collect();
    Problem::Malformed(format!("the parameter `{name}`: got `{shown}`, expected {expected}"))
}

/// A whole number between two, or what holds without one.
fn number(
    request: &HttpRequest,
    name: &str,
    (least, most): (usize, usize),
    without: usize,
) -> Result<usize, Problem> {
    let Some(value) = text(request, name)? else { return Ok(without) };
    let is_digits = !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit());
    let number = value.parse().ok().filter(|number| (least..=most).contains(number));
    let expected = || wrong(name, &value, &format!("a whole number from {least} to {most}"));
    number.filter(|_| is_digits).ok_or_else(expected)
}

fn start(request: &HttpRequest) -> Result<String, Problem> {
    let (name, value) = match (text(request, "epc")?, text(request, "lot")?) {
        (Some(epc), None) => ("epc", epc),
        (None, Some(lot)) => ("lot", lot),
        (None, None) => {
            return Err(Problem::Malformed(
                "got neither `epc` nor `lot`, expected one of them".into(),
            ));
        }
        (Some(_), Some(_)) => {
            return Err(Problem::Malformed("got `epc` and `lot`, expected one of them".into()));
        }
    };
    if value.len() > MAX_PART {
        return Err(wrong(name, &value, &format!("a URI of at most {MAX_PART} bytes")));
    }
    let is_lot = epc::thing_key(&value).contains("/10/");
    match name {
        "lot" if !is_lot => {
            Err(wrong(name, &value, "the class of a lot, as urn:epc:class:lgtin:4012345.011111.L1"))
        }
        _ if !value.contains(':') => Err(wrong(name, &value, "a URI")),
        _ => Ok(value),
    }
}

fn asked(request: &HttpRequest) -> Result<Asked, Problem> {
    let direction = match text(request, "direction")? {
        None => Direction::Forward,
        Some(word) => Direction::parse(&word)
            .ok_or_else(|| wrong("direction", &word, "back, forward or neighbourhood"))?,
    };
    let is_around = direction == Direction::Neighbourhood;
    let most = usize::try_from(MOST_DEPTH).unwrap_or_default();
    let depth = number(request, "depth", (1, most), if is_around { 1 } else { most })?;
    let token = match text(request, "nextPageToken")? {
        None => None,
        Some(text) => {
            let expected = || wrong("nextPageToken", &text, "one that an answer gave");
            Some(Token::parse(&text).ok_or_else(expected)?)
        }
    };
    Ok(Asked {
        start: start(request)?,
        direction,
        depth: u32::try_from(depth).unwrap_or(MOST_DEPTH),
        per_page: number(request, "perPage", (1, PAGE.1), PAGE.0)?,
        token,
    })
}

/// Who reads and what they may see; none for whoever is at the operator's address, who sees everything.
///
/// # Errors
///
/// [`Problem`]: not served here, too many requests, not identified, not allowed, without a reason.
async fn reader(
    state: &AppState,
    request: &HttpRequest,
) -> Result<Option<(Identity, Sight)>, Problem> {
    if audience(request) == Audience::Internal {
        return Ok(None);
    }
    state.admit(request)?;
    let reader = who::allowed(state, request, Act::Trace).await?;
    who::check_reason(request, &reader.1)?;
    Ok(Some(reader))
}

/// Traces a thing.
///
/// # Errors
///
/// [`Problem`].
pub async fn get(state: Data<AppState>, request: HttpRequest) -> Result<HttpResponse, Problem> {
    let reader = reader(&state, &request).await?;
    let sight = reader.as_ref().map(|(_, sight)| sight);
    let asked = asked(&request)?;
    let basis = match sight {
        Some(sight) => who::basis(&state, sight).await?,
        None => None,
    };
    let limits = Limits { depth: asked.depth, ..Limits::default() };
    let of_basis = basis.as_ref().map(|basis| basis.position);
    let newest = asked.token.map(|token| token.head).or(of_basis);
    let sees = |it: &LedgerEvent| sight.is_none_or(|sight| sees(sight, &it.stated_by, &it.event));
    let found = trace(&state.db, &asked.start, asked.direction, (limits, newest), sees).await?;
    state.projection.faults.inc_by(found.faults);
    if let Some((who, sight)) = &reader {
        let basis = basis.map(|basis| basis.at(found.generation, found.head));
        let outcome = Outcome { basis, counts: Some((shown(&asked, &found), found.hidden)) };
        let text = format!("GET /trace?{}", request.query_string());
        who::record(&state, &request, (who, sight), (Act::Trace, &text), &outcome).await?;
    }
    if asked.token.is_some_and(|token| token.generation != found.generation) {
        let detail = "the parameter `nextPageToken`: the projection was begun anew since; begin with the first page";
        return Err(Problem::Malformed(detail.to_owned()));
    }
    Ok(HttpResponse::Ok().json(answer(&asked, &found)))
}

/// The lines of the page: from the first one to before the second.
fn page(asked: &Asked, found: &Trace) -> (usize, usize) {
    let first = asked.token.map_or(0, |token| token.line).min(found.lines.len());
    (first, (first + asked.per_page).min(found.lines.len()))
}

/// How many lines are shown.
fn shown(asked: &Asked, found: &Trace) -> u64 {
    let (first, end) = page(asked, found);
    (end - first) as u64
}

fn answer(asked: &Asked, found: &Trace) -> Value {
    let (first, end) = page(asked, found);
    let lines = found.lines[first..end].iter().map(|it| line(it, &found.sources));
    let next = Token { generation: found.generation, head: found.head, line: end };
    json!({
        "start": asked.start,
        "direction": asked.direction.word(),
        "depth": asked.depth,
        "things": found.things,
        "lines": found.lines.len(),
        "hidden": found.hidden,
        "isCut": found.is_cut,
        "links": lines.collect::<Vec<_>>(),
        "nextPageToken": (end < found.lines.len()).then(|| next.text()),
    })
}

fn line(line: &Line, sources: &[Source]) -> Value {
    let source = |place: usize| {
        sources.get(place).map(|source| {
            json!({
                "eventID": source.event_id,
                "eventTime": source.at.to_string(),
                "ledger": source.origin,
                "index": source.index,
            })
        })
    };
    let until = (line.span.until != Timestamp::MAX).then(|| line.span.until.to_string());
    json!({
        "from": line.from,
        "to": line.to,
        "kind": line.kind.word(),
        "depth": line.depth,
        "inferred": line.is_inferred,
        "since": line.span.from.to_string(),
        "until": until,
        "begunBy": source(line.begun_by),
        "endedBy": line.ended_by.and_then(source),
    })
}

#[cfg(test)]
mod tests;
