//! `GET /master-data/{kind}/{id}`, and master data beside events.
//!
//! The answer is the standard's query document with a list of vocabularies in place of events, of what counts; beside it, under
//! our own prefix, everything that anybody says now: who says it, what that is worth, and the record that shows it.
//!
//! | | |
//! |---|---|
//! | `{kind}` | `party`, `place`, `product`, `lot`, `other` |
//! | `{id}` | in any spelling, escaped |
//! | `history=true` | what was replaced or retracted too |
//! | header `Chopmark-Master-Data: include` of a request for events | master data of what the events name, in `chopmark:masterData` |
//!
//! What holds: a statement of a header is shown only if the record that it names leads to its leaf hash, names the document and
//! was stated by that party; the caller may see what they could see an event of, what their own party says, and parties.
//!
//! Not here: which statements count (`history::master`), all elements of a kind (`elements.rs`).
//!
//! Sources: EPCIS 2.0 section 8.2.7.2 (`SimpleMasterDataQuery`); decision 0066.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use access::{Act, Facts};
use actix_web::http::StatusCode;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use directory::Rights;
use epcis::master_data::{Element, Kind, Value, vocabulary_list};
use epcis::query::Query;
use gate::read_log::Outcome;
use history::master::{NAME, counting, kind_of, standing};
use history::named::by_attribute;
use jiff::Timestamp;
use ledger::Hash;
use ledger::json::{Json, object};
use sql::master::{CHILD, StoredValue};

use super::address::{Parameters, named};
use super::caller::Caller;
use super::document::{context, escaped, number, own};
use super::exception::Exception;
use super::negotiation::Wanted;
use super::reply;
use super::search::{Page, finds_one};
use crate::state::AppState;

/// Name of the query in answers.
const NAMED: &str = "SimpleMasterDataQuery";
/// Most statements of one answer.
const MOST: i64 = 2_000;
/// Most elements beside events.
const MOST_BESIDE: usize = 500;
/// The header with which a request for events asks for master data.
pub const HEADER: &str = "Chopmark-Master-Data";

/// `GET /master-data/{kind}/{id}`.
///
/// # Errors
///
/// [`Exception`].
pub async fn one(state: Data<AppState>, request: HttpRequest) -> Result<HttpResponse, Exception> {
    let wanted = Wanted::of(&request)?;
    let act = Act::ReadMasterData;
    let caller = Caller::admit_unrecorded(&state, &request, act).await?;
    let (kind, id) = asked(&request)?;
    let with_history = with_history(&request)?;
    let text = format!("master data of {} {id}", kind.word());
    caller.record(&state, &request, (act, &text), &Outcome::default()).await?;
    let key = epc::thing_key(&id);
    let found = if with_history {
        sql::master::history(&state.db, &key, 0, MOST).await?
    } else {
        sql::master::of_elements(&state.db, &[&*key], None, MOST).await?
    };
    let (rights, now) = (state.rights().await, state.clock.now());
    let of_directory = of_directory(&rights, &key);
    let none = || Exception::NoSuchResource {
        detail: format!("there are no master data of the {} `{id}` that you may see", kind.word()),
        hidden: 0,
    };
    let is_kind = found.iter().all(|one| kind_of(one.value.kind) == kind)
        && (of_directory.is_none() || kind == Kind::Party);
    let is_empty = found.is_empty() && of_directory.is_none();
    if is_empty || !is_kind || !may_see(&state, &caller, kind, &key, &found).await? {
        return Err(none());
    }
    let (found, broken) = checked(&state, found).await?;
    let is_whole = i64::try_from(found.len()).is_ok_and(|count| count < MOST);
    let current: Vec<StoredValue> =
        found.iter().filter(|one| one.ended_at.is_none()).cloned().collect();
    let mut elements = counting_elements(&rights, &current, now);
    if elements.is_empty() {
        elements.extend(of_directory.clone());
    }
    let statements = statements(&state, &rights, &found, of_directory.as_ref(), now).await?;
    let body = answer(now, &elements, statements, (broken, is_whole));
    Ok(reply::json(StatusCode::OK, &wanted, &body))
}

fn asked(request: &HttpRequest) -> Result<(Kind, String), Exception> {
    let kind = kind_in(request)?;
    Ok((kind, named(request, &format!("/master-data/{}/", kind.word()), "")?))
}

/// The kind that the address of a request names.
///
/// # Errors
///
/// [`Exception::NoSuchResource`].
pub fn kind_in(request: &HttpRequest) -> Result<Kind, Exception> {
    let word = request.match_info().get("kind").unwrap_or_default();
    Kind::from_word(word).ok_or_else(|| {
        let got: String = word.chars().take(40).collect();
        let detail = format!("got the kind `{got}`, expected party, place, product, lot or other");
        Exception::NoSuchResource { detail, hidden: 0 }
    })
}

fn with_history(request: &HttpRequest) -> Result<bool, Exception> {
    let parameters = Parameters::of(request)?;
    match parameters.criteria.as_slice() {
        [] => Ok(false),
        [(name, value)] if name == "history" && ["true", "false"].contains(&&**value) => {
            Ok(value == "true")
        }
        [(name, value), ..] => {
            let short = |text: &str| text.chars().take(40).collect::<String>();
            Err(Exception::QueryParameter(vec![format!(
                "{}: got `{}`, expected `history` with true or false and nothing else",
                short(name),
                short(value)
            )]))
        }
    }
}

/// What the directory says of a party: its name.
#[must_use]
pub fn of_directory(rights: &Rights, key: &str) -> Option<Element> {
    let party = rights.parties.get(rights.party_named(key)?)?;
    let name = Value { name: NAME.to_owned(), text: party.name.clone(), language: String::new() };
    Some(Element {
        vocabulary: Kind::Party.vocabulary().to_owned(),
        id: key.to_owned(),
        values: vec![name],
        children: Vec::new(),
    })
}

/// Whether the caller may see what is said of an element: it is a party, or one of the caller's own limits covers it or who speaks, or
/// there is an event with it that the caller may see.
///
/// # Errors
///
/// [`Exception`].
pub async fn may_see(
    state: &AppState,
    caller: &Caller,
    kind: Kind,
    key: &str,
    found: &[StoredValue],
) -> Result<bool, Exception> {
    if kind == Kind::Party {
        return Ok(true);
    }
    let parties: Vec<&str> = found.iter().map(|one| one.by.as_str()).collect();
    let parties: Vec<&str> = parties.into_iter().filter(|by| !by.is_empty()).collect();
    let is_place = kind == Kind::Place;
    let (things, places) = if is_place { (vec![], vec![key]) } else { (vec![key], vec![]) };
    let event_time = state.clock.now();
    let facts = Facts { parties: &parties, things: &things, places: &places, event_time };
    if caller.sight.sees(&facts) {
        return Ok(true);
    }
    let criteria: &[&str] = if is_place {
        &["EQ_bizLocation", "EQ_readPoint"]
    } else {
        &["MATCH_anyEPCClass", "MATCH_anyEPC"]
    };
    for criterion in criteria {
        let pair = ((*criterion).to_owned(), key.to_owned());
        if let Ok(query) = Query::from_pairs(&[pair])
            && finds_one(state, &query, &caller.sight).await?
        {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Those statements whose record shows them, and how many are left out.
///
/// # Errors
///
/// [`Exception`].
pub async fn checked(
    state: &AppState,
    found: Vec<StoredValue>,
) -> Result<(Vec<StoredValue>, u64), Exception> {
    let mut known: BTreeMap<(i32, u64), Option<(String, Hash)>> = BTreeMap::new();
    let (mut kept, mut broken) = (Vec::new(), 0);
    for one in found {
        let Some((ledger, index)) = one.record else {
            kept.push(one);
            continue;
        };
        let said = match known.entry((ledger.0, index)) {
            Entry::Occupied(entry) => entry.into_mut(),
            Entry::Vacant(entry) => {
                let record = sql::ledgers::record_at(&state.db, ledger, index).await?;
                let document = record.as_ref().and_then(history::projected::document);
                entry.insert(document.map(|own| (epc::thing_key(&own.stated_by), own.sha256)))
            }
        };
        let said = said.as_ref();
        if said == Some(&(one.by.clone(), one.document)) {
            kept.push(one);
        } else {
            broken += 1;
        }
    }
    state.metrics.broken_records.inc_by(broken);
    Ok((kept, broken))
}

/// The elements with the values that count.
#[must_use]
pub fn counting_elements(rights: &Rights, values: &[StoredValue], now: Timestamp) -> Vec<Element> {
    let mut elements: BTreeMap<&str, Element> = BTreeMap::new();
    for ((key, _), values) in by_attribute(values) {
        for one in counting(rights, &values, now) {
            let element = elements.entry(key).or_insert_with(|| Element {
                vocabulary: match &*one.value.vocabulary {
                    "" => kind_of(one.value.kind).vocabulary().to_owned(),
                    stated => stated.to_owned(),
                },
                id: one.value.element.clone(),
                ..Element::default()
            });
            if one.value.attribute == CHILD {
                element.children.push(one.value.value.clone());
            } else {
                element.values.push(Value {
                    name: one.value.attribute.clone(),
                    text: one.value.value.clone(),
                    language: one.value.language.clone(),
                });
            }
        }
    }
    elements.into_values().collect()
}

/// Everything that is said, with who says it and what that is worth.
async fn statements(
    state: &AppState,
    rights: &Rights,
    found: &[StoredValue],
    of_directory: Option<&Element>,
    now: Timestamp,
) -> Result<Vec<Json>, Exception> {
    let ledgers = sql::ledgers::list_ledgers(&state.db).await?;
    let text = |text: &str| Json::from(text);
    let mut all = Vec::new();
    for value in of_directory.iter().flat_map(|element| &element.values) {
        all.push(object([
            (own("attribute"), text(&value.name)),
            (own("value"), text(&value.text)),
            (own("standing"), text("directory")),
        ]));
    }
    for one in found {
        let worth = standing(rights, &one.by, &one.value.key, now);
        let mut members = vec![
            (own("attribute"), text(&one.value.attribute)),
            (own("value"), text(&one.value.value)),
            (own("standing"), text(worth.word())),
            (own("since"), text(&one.since.to_string())),
            (own("document"), text(&one.document.to_string())),
        ];
        if !one.value.language.is_empty() {
            members.push((own("language"), text(&one.value.language)));
        }
        if let Some(at) = one.ended_at {
            members.push((own("until"), text(&at.to_string())));
        }
        if !one.by.is_empty() {
            members.push((own("saidBy"), text(&one.by)));
            let party = rights.party_named(&one.by).and_then(|party| rights.parties.get(party));
            members.extend(party.map(|party| (own("saidByName"), text(&party.name))));
        }
        let ledger = one.record.and_then(|(ledger, index)| {
            Some((ledgers.iter().find(|row| row.id == ledger)?, index))
        });
        if let Some((ledger, index)) = ledger {
            let base = &state.config().public_url;
            let checkpoint = format!("{base}/ledgers/{}/checkpoint", escaped(&ledger.origin));
            members.push((own("ledger"), text(&ledger.origin)));
            members.push((own("index"), number(index)));
            members.push((own("checkpoint"), text(&checkpoint)));
        }
        all.push(object(members));
    }
    Ok(all)
}

/// The standard's query document with elements, and with statements beside them.
///
/// - `broken`: statements that their record does not show.
/// - `is_whole`: whether all that is said was looked at.
#[must_use]
pub fn answer(
    now: Timestamp,
    elements: &[Element],
    statements: Vec<Json>,
    (broken, is_whole): (u64, bool),
) -> Json {
    let body = object([("vocabularyList", vocabulary_list(elements))]);
    let results = object([("queryName", Json::from(NAMED)), ("resultsBody", body)]);
    object([
        ("@context".to_owned(), context()),
        ("type".to_owned(), Json::from("EPCISQueryDocument")),
        ("schemaVersion".to_owned(), Json::from("2.0")),
        ("creationDate".to_owned(), Json::from(now.to_string().as_str())),
        ("epcisBody".to_owned(), object([("queryResults", results)])),
        (own("statements"), Json::Array(statements)),
        (own("brokenRecords"), number(broken)),
        (own("isWhole"), Json::Bool(is_whole)),
    ])
}

/// Master data of what the events of a page name, if the request asks for them: a list of vocabularies of what counts.
///
/// # Errors
///
/// [`Exception::QueryParameter`] if the header says something else, or that the database cannot be asked.
pub async fn of_page(
    state: &AppState,
    request: &HttpRequest,
    page: &Page,
) -> Result<Option<Json>, Exception> {
    match request.headers().get(HEADER).map(|value| value.to_str()) {
        None => return Ok(None),
        Some(Ok("include")) => {}
        Some(_) => {
            let problem = format!("{HEADER}: expected the value `include`, or no such header");
            return Err(Exception::QueryParameter(vec![problem]));
        }
    }
    let mut keys: BTreeSet<String> = BTreeSet::new();
    for shown in &page.events {
        names_of(&shown.event, &mut keys);
        if keys.len() >= MOST_BESIDE {
            break;
        }
    }
    let keys: Vec<&str> = keys.iter().take(MOST_BESIDE).map(String::as_str).collect();
    let found = sql::master::of_elements(&state.db, &keys, None, 10 * MOST).await?;
    let rights = state.rights().await;
    Ok(Some(vocabulary_list(&counting_elements(&rights, &found, state.clock.now()))))
}

/// Adds the keys of places, parties, things, and the lots and products of things.
fn names_of(event: &Json, keys: &mut BTreeSet<String>) {
    let text = |json: Option<&Json>| json.and_then(Json::as_str).map(str::to_owned);
    for place in ["readPoint", "bizLocation"] {
        keys.extend(
            text(event.get(place).and_then(|place| place.get("id"))).map(|id| epc::thing_key(&id)),
        );
    }
    for (list, member) in [
        ("sourceList", "source"),
        ("destinationList", "destination"),
        ("quantityList", "epcClass"),
        ("childQuantityList", "epcClass"),
        ("inputQuantityList", "epcClass"),
        ("outputQuantityList", "epcClass"),
    ] {
        let items = event.get(list).and_then(Json::as_array).unwrap_or_default();
        for id in items.iter().filter_map(|item| text(item.get(member))) {
            with_class(&epc::thing_key(&id), keys);
        }
    }
    for list in ["epcList", "childEPCs", "inputEPCList", "outputEPCList"] {
        let items = event.get(list).and_then(Json::as_array).unwrap_or_default();
        for id in items.iter().filter_map(Json::as_str) {
            with_class(&epc::thing_key(id), keys);
        }
    }
}

/// Adds a key, and of an item or a lot its product.
fn with_class(key: &str, keys: &mut BTreeSet<String>) {
    if keys.len() >= MOST_BESIDE {
        return;
    }
    let product = key.find("/01/").and_then(|at| key.get(..at + 4 + 14));
    keys.extend(product.map(str::to_owned));
    keys.insert(key.to_owned());
}
