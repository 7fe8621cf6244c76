//! `GET /capture`: the capture jobs of a partner, newest first.
//!
//! What holds: a partner sees its own jobs only; a page continues where the one before it ended, whatever was captured meanwhile. First
//! come those that run and of which nothing is recorded yet. A job that ends while somebody turns pages can be there twice, since it is
//! newer then.
//!
//! Source: EPCIS 2.0 section 12.6 (`GET /capture`, paging).

use access::Act;
use actix_web::web::{Data, Query};
use actix_web::{HttpRequest, HttpResponse};
use jiff::Timestamp;
use ledger::Hash;
use ledger::json::Json;

use super::capture_job::{job_of, running_of};
use super::standard::{CBV, EPCIS, Form, accepted};
use super::state::State;
use super::who::admitted;
use crate::problem::Problem;

/// Jobs of a page if nothing else is asked for.
const PER_PAGE: usize = 30;
/// Most jobs of a page.
const MOST: usize = 1000;
/// What a token begins with that is of a job that runs.
const RUNNING: &str = "running";

/// Where a page begins.
enum Start {
    /// With the jobs that run; after that of a document, if there is one.
    Running(Option<Hash>),
    /// After a job of which something is recorded.
    After(Timestamp, String),
}

/// The jobs as an array.
///
/// # Errors
///
/// [`Problem::BadRequest`] for a parameter that is not understood.
pub async fn get(state: Data<State>, request: HttpRequest) -> Result<HttpResponse, Problem> {
    let partner = admitted(&state, &request, Act::ReadCaptures).await?;
    if accepted(&request)? == Form::Xml {
        let detail = "Accept: a list of capture jobs is JSON, expected application/json";
        return Err(Problem::NotAcceptable(detail.to_owned()));
    }
    let (per_page, start) = page(request.query_string())?;
    let mut jobs = Vec::new();
    if let Start::Running(after) = &start {
        for (digest, progress, behaviour) in state.long.running(&partner.name) {
            if after.is_some_and(|after| digest.0 <= after.0) {
                continue;
            }
            if jobs.len() == per_page {
                break;
            }
            let parts = sql::captures::parts(&state.db, &partner.name, &digest).await?;
            if parts.is_empty() {
                jobs.push((running_of(&digest.to_string(), progress, behaviour), digest));
            }
        }
    }
    let last = jobs.last().map(|(_, digest)| format!("{RUNNING}.{digest}"));
    let room = per_page - jobs.len();
    let mut jobs: Vec<Json> = jobs.into_iter().map(|(job, _)| job).collect();
    let next = if room == 0 {
        last
    } else {
        recorded(&state, &partner.name, &start, room, &mut jobs).await?
    };
    let mut answer = HttpResponse::Ok();
    answer.insert_header(EPCIS).insert_header(CBV);
    if let Some(next) = next {
        let link = format!("</capture?perPage={per_page}&nextPageToken={next}>; rel=\"next\"");
        answer.insert_header(("Link", link));
    }
    Ok(answer.content_type("application/json").body(Json::Array(jobs).canonical()))
}

/// Adds jobs of which something is recorded; gives the token of what follows them.
async fn recorded(
    state: &State,
    partner: &str,
    start: &Start,
    room: usize,
    jobs: &mut Vec<Json>,
) -> Result<Option<String>, Problem> {
    let after = match start {
        Start::After(at, id) => Some((*at, id.as_str())),
        Start::Running(_) => None,
    };
    let most = i64::try_from(room + 1).unwrap_or(i64::MAX);
    let listed = sql::captures::list(&state.db, partner, after, most).await?;
    for one in listed.iter().take(room) {
        jobs.push(job_of(state, partner, one).await?);
    }
    let last = listed.get(room - 1).filter(|_| listed.len() > room);
    Ok(last.map(|last| format!("{}.{}", last.received_at.as_microsecond(), last.capture_id)))
}

fn page(query: &str) -> Result<(usize, Start), Problem> {
    let pairs = Query::<Vec<(String, String)>>::from_query(query)
        .map_err(|error| Problem::BadRequest(format!("got a query without parameters: {error}")))?;
    let (mut per_page, mut start) = (None, None);
    for (name, value) in pairs.into_inner() {
        let bad = |expected: &str| {
            let shown = |text: &str| text.chars().take(40).collect::<String>();
            let (name, value) = (shown(&name), shown(&value));
            Problem::BadRequest(format!(
                "the parameter `{name}`: got `{value}`, expected {expected}"
            ))
        };
        let is_again = match name.as_str() {
            "perPage" => {
                let count = value.parse().ok().filter(|count| (1..=MOST).contains(count));
                per_page.replace(count.ok_or_else(|| bad("a number from 1 to 1000"))?).is_some()
            }
            "nextPageToken" => {
                let found =
                    token(&value).ok_or_else(|| bad("the token of a link to a next page"))?;
                start.replace(found).is_some()
            }
            _ => return Err(bad("none but `perPage` and `nextPageToken`")),
        };
        if is_again {
            return Err(bad("it once"));
        }
    }
    Ok((per_page.unwrap_or(PER_PAGE), start.unwrap_or(Start::Running(None))))
}

fn token(text: &str) -> Option<Start> {
    let (place, id) = text.split_once('.')?;
    let id = id.parse::<Hash>().ok()?;
    if place == RUNNING {
        return Some(Start::Running(Some(id)));
    }
    let at = Timestamp::from_microsecond(place.parse().ok()?).ok()?;
    Some(Start::After(at, id.to_string()))
}
