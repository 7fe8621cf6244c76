//! `GET /master-data/{kind}`: the elements of a kind of which anything is said, by key, with what counts.
//!
//! The way through: [`list`] goes through the keys behind the last page, leaves out what the caller may not see, and answers with the
//! standard's query document; who says what, and claims, are at each element ([`super::master_data`]).
//!
//! What holds: an element is listed if it would be shown alone; elements that are hidden are counted on their page; a page looks at 128
//! elements at most, and is short then. Parties of the directory are in the list of parties.
//!
//! Not here: what may be seen of an element, and what counts ([`super::master_data`]).
//!
//! Source: decision 0066.

use std::collections::{BTreeMap, BTreeSet};

use access::Act;
use actix_web::http::StatusCode;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use directory::Rights;
use epcis::master_data::{Element, Kind};
use gate::read_log::Outcome;
use history::master::number_of;
use sql::master::StoredValue;

use super::address::Parameters;
use super::caller::Caller;
use super::document::{number, own};
use super::exception::Exception;
use super::master_data::{answer, checked, counting_elements, kind_in, may_see, of_directory};
use super::negotiation::Wanted;
use super::reply;
use super::token::Purpose;
use crate::state::AppState;

/// Most elements that a page looks at.
const MOST_LOOKED: usize = 128;
/// Most statements of the elements of a page.
const MOST_STATEMENTS: i64 = 20_000;

/// `GET /master-data/{kind}`.
///
/// # Errors
///
/// [`Exception`].
pub async fn list(state: Data<AppState>, request: HttpRequest) -> Result<HttpResponse, Exception> {
    let wanted = Wanted::of(&request)?;
    let parameters = Parameters::of_list(&request)?;
    let act = Act::ReadMasterData;
    let caller = Caller::admit_unrecorded(&state, &request, act).await?;
    let kind = kind_in(&request)?;
    let path = format!("/master-data/{}", kind.word());
    let purpose = Purpose::of(&path, &caller.key());
    let after = reply::name_before(&state, &parameters, purpose)?;
    let rights = state.rights().await;
    let found = page(&state, &caller, (kind, &after), &rights, parameters.per_page).await?;
    let counts = Some((found.elements.len() as u64, found.hidden));
    let outcome = Outcome { basis: None, counts };
    caller.record(&state, &request, (act, &parameters.list(&path)), &outcome).await?;
    let now = state.clock.now();
    let whole = (found.broken, found.is_whole);
    let mut body = answer(now, &found.elements, Vec::new(), whole);
    body.set(own("hiddenElements"), number(found.hidden));
    let mut response = reply::json(StatusCode::OK, &wanted, &body);
    if let Some(last) = found.next {
        let token = state.page_tokens.make(purpose, reply::token_ends(&state), last.as_bytes());
        reply::link_next(&mut response, &state, &request, &parameters, &token);
    }
    Ok(response)
}

/// A page.
#[derive(Default)]
struct Found {
    elements: Vec<Element>,
    hidden: u64,
    broken: u64,
    is_whole: bool,
    /// The key behind which the next page begins; none at the end.
    next: Option<String>,
}

async fn page(
    state: &AppState,
    caller: &Caller,
    (kind, after): (Kind, &str),
    rights: &Rights,
    per_page: usize,
) -> Result<Found, Exception> {
    let looked = MOST_LOOKED.min(per_page.saturating_mul(4));
    let keys = keys(state, (kind, after), rights, looked + 1).await?;
    let has_more = keys.len() > looked;
    let keys: Vec<&str> = keys.iter().take(looked).map(String::as_str).collect();
    let stored = sql::master::of_elements(&state.db, &keys, None, MOST_STATEMENTS).await?;
    let is_whole = i64::try_from(stored.len()).is_ok_and(|count| count < MOST_STATEMENTS);
    let mut said: BTreeMap<String, Vec<StoredValue>> = BTreeMap::new();
    for one in stored {
        said.entry(one.value.key.clone()).or_default().push(one);
    }
    let (mut found, mut kept) = (Found { is_whole, ..Found::default() }, Vec::new());
    let mut shown = 0;
    for (place, key) in keys.iter().enumerate() {
        if shown == per_page {
            found.next = keys.get(place - 1).map(|key| (*key).to_owned());
            break;
        }
        let values = said.remove(*key).unwrap_or_default();
        if !may_see(state, caller, kind, key, &values).await? {
            found.hidden += 1;
            continue;
        }
        shown += 1;
        if values.is_empty() {
            found.elements.extend(of_directory(rights, key));
        }
        kept.extend(values);
    }
    if found.next.is_none() && has_more {
        found.next = keys.last().map(|key| (*key).to_owned());
    }
    let (kept, broken) = checked(state, kept).await?;
    found.broken = broken;
    found.elements.extend(counting_elements(rights, &kept, state.clock.now()));
    found.elements.sort_by(|one, other| one.id.cmp(&other.id));
    Ok(found)
}

/// Keys behind one, in order, with the directory's parties among those of parties.
async fn keys(
    state: &AppState,
    (kind, after): (Kind, &str),
    rights: &Rights,
    most: usize,
) -> Result<Vec<String>, Exception> {
    let limit = i64::try_from(most).unwrap_or(i64::MAX);
    let stored = sql::master::keys(&state.db, number_of(kind), after, limit).await?;
    let mut keys: BTreeSet<String> = stored.into_iter().collect();
    if kind == Kind::Party {
        let pglns = rights.parties.values().flat_map(|party| &party.pglns);
        keys.extend(pglns.map(|pgln| epc::thing_key(pgln)).filter(|key| &**key > after));
    }
    Ok(keys.into_iter().take(most).collect())
}
