//! The query language of EPCIS 2.0: parameters to a typed query, whether it holds for an event, and what an index can narrow
//! by.
//!
//! The way through:
//!
//! ```text
//! name=value pairs or JSON -> name.rs (which parameter) -> value.rs (its values) -> criterion.rs (does it hold?)
//! event -> terms.rs (the terms it is found by)     query -> groups.rs (the terms it asks for)
//! ```
//!
//! [`Query::from_pairs`] or [`Query::from_json`] reads a query. An index keeps [`terms_of`] each event, takes the events that
//! have a term of each of the query's [`Query::groups`] and lie within its times, and asks [`Query::matches`].
//!
//! What holds:
//!
//! - no I/O, no clock; a query is bounded in parameters, values and lengths;
//! - whatever is wrong with a query is a [`QueryProblem`] with parameter, value and what is expected; nothing is ignored;
//! - if a query holds for an event, each of its groups has a term of the event;
//! - all spellings of a thing, a place or a word select the same (decision 0032); numbers are decimals, never floats.
//!
//! Not here: paging, named queries and subscriptions (trace-api), who may see an event (`access`).
//!
//! Sources: EPCIS 2.0 section 8.2.7.1, query-schema.json and openapi.json of its REST bindings; docs/epcis-queries.md has the
//! parameters, docs/decisions/0059-the-query-language.md the reasons.

mod criterion;
mod decimal;
mod facet;
mod groups;
mod key;
mod master;
mod name;
mod operand;
mod order;
mod pattern;
mod problem;
mod scope;
mod term;
mod terms;
pub mod translate;
mod value;

use jiff::Timestamp;
use ledger::json::Json;

pub use self::decimal::Decimal;
pub use self::facet::Facet;
pub use self::key::{event_id_of, whole_name};
pub use self::master::{MasterData, MasterDataNeeds, NoMasterData};
pub use self::order::{Direction, Limit, Order, SortKey};
pub use self::problem::{LONGEST_NAME, LONGEST_VALUE, MOST_PARAMETERS, MOST_VALUES, QueryProblem};
pub use self::term::Term;
pub use self::terms::{MOST_TERMS, Resource, resources_of, terms_of};

use self::criterion::{Criterion, Subject};
use self::name::{Parameter, TimeField, extension};
use self::operand::Side;
use self::problem::Problems;
use self::scope::{Field, Scope, any_leaf};
use self::value::{Given, Reader};
use crate::context::Context;
use crate::event::Event;
use crate::violation::Violations;

/// A query: all its criteria must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Query {
    criteria: Vec<Criterion>,
    /// By what the events are ordered.
    pub order: Order,
    /// In which direction.
    pub direction: Direction,
    /// How many events are answered.
    pub limit: Limit,
}

/// The prefixes of the header `GS1-Extensions`: `prefix=namespace`, separated by commas.
///
/// # Errors
///
/// A problem for each entry that is no prefix with a namespace, or that redefines one of the standard's.
pub fn extensions(header: &str) -> Result<Context, Vec<QueryProblem>> {
    const EXPECTED: &str = "prefix=namespace, several separated by commas";
    let mut problems = Problems::default();
    let mut members: Vec<(String, Json)> = Vec::new();
    for entry in header.split(',').map(str::trim).filter(|entry| !entry.is_empty()) {
        match entry.split_once('=') {
            Some((prefix, _)) if members.iter().any(|(known, _)| known == prefix) => {
                problems.add("GS1-Extensions", entry, "a prefix that stands there twice", EXPECTED);
            }
            Some((prefix, namespace)) => {
                members.push((prefix.to_owned(), Json::from(namespace)));
            }
            None => problems.add("GS1-Extensions", entry, "not a prefix", EXPECTED),
        }
    }
    let mut context = Context::default();
    add_context(&mut context, &Json::Object(members), "GS1-Extensions", &mut problems);
    problems.end(context)
}

fn add_context(context: &mut Context, json: &Json, parameter: &str, problems: &mut Problems) {
    let mut violations = Violations::default();
    context.add(json, "", &mut violations);
    for one in violations.list() {
        problems.add(parameter, &one.value, &one.problem, &one.expected);
    }
}

impl Query {
    /// Reads a query from the `name=value` pairs of a URL, names and values percent-decoded; lists have `|` between values.
    /// Parameters of paging are no part of a query: the caller takes them out.
    ///
    /// Prefixes of extension fields come from a parameter `@context`, which is JSON or the address of a context; a pair with
    /// the header's prefixes is for [`Query::from_pairs_within`].
    ///
    /// # Errors
    ///
    /// All problems, at most 100.
    pub fn from_pairs(pairs: &[(String, String)]) -> Result<Self, Vec<QueryProblem>> {
        Self::from_pairs_within(pairs, &Context::default())
    }

    /// As [`Query::from_pairs`], with the prefixes of the header `GS1-Extensions` ([`extensions`]).
    ///
    /// # Errors
    ///
    /// As [`Query::from_pairs`].
    pub fn from_pairs_within(
        pairs: &[(String, String)],
        outer: &Context,
    ) -> Result<Self, Vec<QueryProblem>> {
        let mut problems = Problems::default();
        let mut context = outer.clone();
        for (_, value) in pairs.iter().filter(|(name, _)| name == "@context") {
            let limits = ledger::json::Limits { max_bytes: LONGEST_VALUE * 4, max_depth: 4 };
            let is_json = value.starts_with(['{', '[', '"']);
            match ledger::json::parse(value.as_bytes(), &limits).map_err(|error| error.to_string())
            {
                Ok(json) if is_json => add_context(&mut context, &json, "@context", &mut problems),
                Err(error) if is_json => {
                    problems.add("@context", value, &error, "JSON, or the address of a context");
                }
                _ => add_context(
                    &mut context,
                    &Json::from(value.as_str()),
                    "@context",
                    &mut problems,
                ),
            }
        }
        let given = pairs.iter().map(|(name, value)| (name.as_str(), Given::Text(value)));
        Reading::read(given.collect(), &context, problems)
    }

    /// Reads a query from the JSON of a named query or subscription (query-schema.json).
    ///
    /// # Errors
    ///
    /// All problems, at most 100.
    pub fn from_json(query: &Json) -> Result<Self, Vec<QueryProblem>> {
        Self::from_json_within(query, &Context::default())
    }

    /// As [`Query::from_json`], with the prefixes of the header `GS1-Extensions` ([`extensions`]).
    ///
    /// # Errors
    ///
    /// As [`Query::from_json`].
    pub fn from_json_within(query: &Json, outer: &Context) -> Result<Self, Vec<QueryProblem>> {
        let mut problems = Problems::default();
        let Some(members) = query.as_object() else {
            problems.add("", &query.canonical(), "not an object", "an object of parameters");
            return problems.end(Self::default());
        };
        let mut context = outer.clone();
        if let Some(own) = query.get("@context") {
            add_context(&mut context, own, "@context", &mut problems);
        }
        let given = members.iter().map(|(name, value)| (name.as_str(), Given::Json(value)));
        Reading::read(given.collect(), &context, problems)
    }

    /// This query and the criteria of `other` in addition; order and limit stay those of this one. For a resource whose address
    /// is itself a criterion, such as `/bizSteps/shipping/events`.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.criteria.extend(other.criteria);
        self
    }

    /// Whether all criteria hold for `event`.
    ///
    /// - `record_time`: when the event was recorded, which only the ledger says.
    #[must_use]
    pub fn matches(&self, event: &Event, record_time: Timestamp, master: &dyn MasterData) -> bool {
        let subject = Subject { event, record_time, master };
        self.criteria.iter().all(|criterion| criterion.holds(&subject))
    }

    /// What an index can narrow by: an event can only match if for each group one of the group's terms is among its
    /// [`terms_of`]. The groups that narrow furthest come first. A group without terms means that no event can match.
    #[must_use]
    pub fn groups(&self, master: &dyn MasterData) -> Vec<Vec<Term>> {
        groups::groups(&self.criteria, master)
    }

    /// What of all master data [`Query::matches`] and [`Query::groups`] ask for.
    #[must_use]
    pub fn master_data(&self) -> MasterDataNeeds {
        let mut needs = MasterDataNeeds::default();
        for criterion in &self.criteria {
            match criterion {
                Criterion::Within(_, places) => needs.places.extend(places.iter().cloned()),
                Criterion::HasAttribute(_, names) => needs.attributes.extend(names.iter().cloned()),
                Criterion::AttributeIs(_, name, _) => {
                    needs.attributes.insert(name.clone());
                }
                _ => {}
            }
        }
        needs
    }

    /// The event times that can match: from the first on, before the second.
    #[must_use]
    pub fn event_time(&self) -> (Option<Timestamp>, Option<Timestamp>) {
        self.range(TimeField::Event)
    }

    /// The record times that can match: from the first on, before the second.
    #[must_use]
    pub fn record_time(&self) -> (Option<Timestamp>, Option<Timestamp>) {
        self.range(TimeField::Record)
    }

    fn range(&self, wanted: TimeField) -> (Option<Timestamp>, Option<Timestamp>) {
        let limits = |side: Side| {
            self.criteria.iter().filter_map(move |criterion| match criterion {
                Criterion::Time(field, own, limit) if (*field, *own) == (wanted, side) => {
                    Some(*limit)
                }
                _ => None,
            })
        };
        (limits(Side::GreaterOrEqual).max(), limits(Side::Less).min())
    }

    /// The place of `event` in the order of the query; `None` if the query has no order, or the event not the field.
    #[must_use]
    pub fn sort_key(&self, event: &Event, record_time: Timestamp) -> Option<SortKey> {
        match &self.order {
            Order::Unstated => None,
            Order::EventTime => Some(SortKey::Time(event.event_time())),
            Order::RecordTime => Some(SortKey::Time(record_time)),
            Order::Extension(name) => {
                let field = Field { scope: Scope::Event, is_inner: false, name: name.clone() };
                let found = std::cell::RefCell::new(None);
                field.any(event, &|value| {
                    any_leaf(value, &mut |leaf| {
                        *found.borrow_mut() = sort_key_of(leaf);
                        found.borrow().is_some()
                    })
                });
                found.into_inner()
            }
        }
    }
}

fn sort_key_of(leaf: &Json) -> Option<SortKey> {
    match leaf {
        Json::Number(digits) => Decimal::parse(digits).map(SortKey::Number),
        Json::String(text) => Some(match (key::time(text), Decimal::parse(text)) {
            (Some(time), _) => SortKey::Time(time),
            (None, Some(number)) => SortKey::Number(number),
            (None, None) => SortKey::Text(text.clone()),
        }),
        _ => None,
    }
}

/// A query while it is read.
struct Reading<'a> {
    context: &'a Context,
    problems: Problems,
    query: Query,
    /// The parameters so far.
    seen: Vec<Parameter>,
    /// The texts of both limits, where they are.
    limits: [Option<String>; 2],
}

impl<'a> Reading<'a> {
    fn read(
        given: Vec<(&str, Given<'_>)>,
        context: &'a Context,
        mut problems: Problems,
    ) -> Result<Query, Vec<QueryProblem>> {
        if given.len() > MOST_PARAMETERS {
            let got = format!("{} parameters", given.len());
            problems.add("", &got, "too many parameters", &format!("at most {MOST_PARAMETERS}"));
            return problems.end(Query::default());
        }
        let (query, seen) = (Query::default(), Vec::new());
        let mut reading = Self { context, problems, query, seen, limits: [None, None] };
        let mut has_context = false;
        for (name, value) in given {
            if name == "@context" && !std::mem::replace(&mut has_context, true) {
                continue;
            }
            reading.parameter(name, value);
        }
        reading.check_limits();
        reading.problems.end(reading.query)
    }

    fn parameter(&mut self, name: &str, given: Given<'_>) {
        const TWICE: &str = "each parameter once; several values are a list in one";
        if name.len() > LONGEST_NAME {
            let expected = format!("at most {LONGEST_NAME} bytes");
            self.problems.add(name, name, "a name that is too long", &expected);
            return;
        }
        let parameter = match Parameter::read(name, self.context) {
            Ok(parameter) => parameter,
            Err((problem, expected)) if name != "@context" => {
                self.problems.add(name, name, &problem, &expected);
                return;
            }
            Err(_) => {
                self.problems.add(name, &given.shown(), "stands there twice", TWICE);
                return;
            }
        };
        if self.seen.contains(&parameter) {
            self.problems.add(name, &given.shown(), "stands there twice", TWICE);
            return;
        }
        self.seen.push(parameter.clone());
        match parameter {
            Parameter::OrderBy => self.order(name, given),
            Parameter::OrderDirection => {
                let direction = match given.shown().as_ref() {
                    "ASC" => Some(Direction::Ascending),
                    "DESC" => Some(Direction::Descending),
                    _ => None,
                };
                let mut reader = self.reader();
                let found = reader.need(name, given, direction, "not a direction", "ASC or DESC");
                self.query.direction = found.unwrap_or_default();
            }
            Parameter::EventCountLimit => {
                if let Some(count) = self.count(name, given, 0) {
                    self.query.limit = Limit::First(count);
                }
            }
            Parameter::MaxEventCount => {
                if let Some(count) = self.count(name, given, 1) {
                    self.query.limit = Limit::AtMost(count);
                }
            }
            parameter => {
                let criterion = self.reader().criterion(name, parameter, given);
                self.query.criteria.extend(criterion);
            }
        }
    }

    fn reader(&mut self) -> Reader<'_> {
        Reader { context: self.context, problems: &mut self.problems }
    }

    fn order(&mut self, name: &str, given: Given<'_>) {
        let text = given.shown();
        self.query.order = match text.as_ref() {
            "eventTime" => Order::EventTime,
            "recordTime" => Order::RecordTime,
            field if field.contains(':') => match extension(field, self.context) {
                Ok(whole) => Order::Extension(whole),
                Err((problem, expected)) => {
                    self.problems.add(name, field, &problem, &expected);
                    return;
                }
            },
            other => {
                let expected =
                    "eventTime, recordTime or an extension field such as example:myField";
                self.problems.add(name, other, "not a field to order by", expected);
                return;
            }
        };
    }

    /// The number of events of a limit.
    ///
    /// - `place`: in `limits`.
    fn count(&mut self, name: &str, given: Given<'_>, place: usize) -> Option<u64> {
        let text = given.shown().into_owned();
        let is_text = matches!(given, Given::Json(Json::String(_)));
        let count = text.parse::<u64>().ok().filter(|count| *count > 0 && !is_text);
        if let Some(limit) = self.limits.get_mut(place) {
            *limit = Some(text);
        }
        self.reader().need(name, given, count, "not a number of events", "an integer of 1 or more")
    }

    fn check_limits(&mut self) {
        if let [Some(first), Some(_)] = &self.limits {
            let (problem, expected) = ("stands beside maxEventCount", "only one of the two");
            self.problems.add("eventCountLimit", first, problem, expected);
        }
        if let [Some(first), _] = &self.limits
            && !self.seen.contains(&Parameter::OrderBy)
        {
            let expected = "orderBy beside it, which says which events are the first";
            self.problems.add("eventCountLimit", first, "has no order", expected);
        }
    }
}
