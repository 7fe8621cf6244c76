//! Which events a reading selects.
//!
//! The way through: [`Selection::of`] makes alternatives of a reading; [`Selection::groups`] is what the projection is asked for,
//! [`Selection::has`] whether an event that it proposed is one of them.
//!
//! What holds: no I/O; an event of the selection has a term of each group and lies within the window.
//!
//! Not here: asking the projection ([`crate::find()`]), the query language (`epcis::query`).

use epcis::query::{Facet, NoMasterData, Query, Term};
use history::projected::LedgerEvent;
use ledger::json::{Json, object};

use crate::reading::{Reading, Unreadable, Window};

/// Most things of one selection.
pub const MOST_THINGS: usize = 500;

/// What of an event is asked for; all of it must hold.
#[derive(Debug, Clone)]
enum Test {
    /// A query of the standard's language.
    Query(Query),
    /// Something whose place in the event does not matter.
    Facet(Facet),
}

/// Tests that must all hold; the first of them narrows furthest.
type Alternative = Vec<Test>;

/// Events by what they say; one of the alternatives must hold.
#[derive(Debug, Clone)]
pub struct Selection {
    alternatives: Vec<Alternative>,
    /// When they happened.
    pub window: Window,
}

impl Test {
    fn has(&self, own: &LedgerEvent) -> bool {
        match self {
            Self::Query(query) => query.matches(&own.event, own.record_time, &NoMasterData),
            Self::Facet(Facet::StatedBy(party)) => {
                !own.stated_by.is_empty() && epc::thing_key(&own.stated_by) == *party
            }
            Self::Facet(Facet::Hash(hash)) => {
                own.event_hash == *hash || own.event_id == *hash && !hash.is_empty()
            }
            Self::Facet(facet) => facet.is_in(&own.event),
        }
    }

    fn groups(&self) -> Vec<Vec<Term>> {
        match self {
            Self::Query(query) => query.groups(&NoMasterData),
            Self::Facet(facet) => vec![facet.terms()],
        }
    }
}

/// A query that asks for one of some values of a parameter.
fn query(parameter: &str, values: &[&str]) -> Result<Test, Unreadable> {
    let values = values.iter().map(|value| Json::from(*value)).collect();
    let query = Query::from_json(&object([(parameter, Json::Array(values))]));
    query.map(Test::Query).map_err(|problems| {
        let first = problems.first().map(ToString::to_string).unwrap_or_default();
        Unreadable::new(parameter, first)
    })
}

impl Selection {
    /// The events that a reading selects.
    ///
    /// # Errors
    ///
    /// [`Unreadable`]: a value that no event can have, such as one that is too long.
    pub fn of(reading: &Reading, window: Window) -> Result<Self, Unreadable> {
        let facets = |facets: Vec<Facet>| -> Vec<Alternative> {
            facets.into_iter().map(|facet| vec![Test::Facet(facet)]).collect()
        };
        let alternatives = match reading {
            Reading::Item(key) => vec![
                vec![query("MATCH_anyEPC", &[key])?],
                vec![query("EQ_transformationID", &[key])?],
            ],
            Reading::Product(key) => {
                let lots = lots_of(key);
                let mut classes = vec![key.as_str()];
                classes.extend(lots.as_deref());
                vec![
                    vec![query("MATCH_anyEPC", &[key])?],
                    vec![query("MATCH_anyEPCClass", &classes)?],
                ]
            }
            Reading::Lot(key) => of_lot(key)?,
            Reading::LotNumber(number) => vec![vec![query("EQ_ILMD_cbvmda:lotNumber", &[number])?]],
            Reading::Place(key) => facets(vec![Facet::place(key), Facet::party(key)]),
            Reading::Party(key) => facets(vec![Facet::stated_by(key), Facet::party(key)]),
            Reading::Document(key) => facets(vec![Facet::document(key)]),
            Reading::Event(id) => vec![vec![query("EQ_eventID", &[id])?]],
            Reading::Hash(hash) => {
                vec![
                    vec![Test::Facet(Facet::Hash(hash.clone()))],
                    vec![query("EQ_eventID", &[hash])?],
                ]
            }
            Reading::All => vec![Vec::new()],
        };
        Ok(Self { alternatives, window })
    }

    /// The events that name one of some things, at most [`MOST_THINGS`].
    ///
    /// # Errors
    ///
    /// [`Unreadable`]: too many, or one that is too long.
    pub fn of_things(things: &[&str], window: Window) -> Result<Self, Unreadable> {
        if things.len() > MOST_THINGS {
            let got = format!("{} things", things.len());
            return Err(Unreadable::new(&got, format!("at most {MOST_THINGS}")));
        }
        let named = vec![query("MATCH_anyEPC", things)?];
        let of_class = vec![query("MATCH_anyEPCClass", things)?];
        let has_class = things.iter().any(|thing| !thing.contains("/21/"));
        let alternatives = if has_class { vec![named, of_class] } else { vec![named] };
        Ok(Self { alternatives, window })
    }

    /// What the projection is asked for: an event of the selection has a term of each group.
    #[must_use]
    pub fn groups(&self) -> Vec<Vec<Term>> {
        match &self.alternatives[..] {
            [only] => only.iter().flat_map(Test::groups).collect(),
            several => {
                let first = several.iter().map(|tests| tests.first()?.groups().into_iter().next());
                let Some(groups) = first.collect::<Option<Vec<Vec<Term>>>>() else {
                    return Vec::new();
                };
                let mut union = groups.concat();
                union.sort_unstable();
                union.dedup();
                vec![union]
            }
        }
    }

    /// Whether an event is one of them.
    #[must_use]
    pub fn has(&self, own: &LedgerEvent) -> bool {
        let at = own.event.event_time();
        let is_in = self.window.from.is_none_or(|from| at >= from)
            && self.window.until.is_none_or(|until| at < until);
        is_in && self.alternatives.iter().any(|tests| tests.iter().all(|test| test.has(own)))
    }
}

/// The pattern of all lots of a product. How its digits are divided does not matter to what it selects.
fn lots_of(product: &str) -> Option<String> {
    let gtin = product.strip_prefix("https://id.gs1.org/01/")?.get(..14)?;
    let is_digits = gtin.bytes().all(|byte| byte.is_ascii_digit());
    let (indicator, prefix, reference) = (&gtin[..1], &gtin[1..8], &gtin[8..13]);
    is_digits.then(|| format!("urn:epc:idpat:lgtin:{prefix}.{indicator}{reference}.*"))
}

/// Events that name a lot as a class, and those that make items of it.
fn of_lot(key: &str) -> Result<Vec<Alternative>, Unreadable> {
    let mut alternatives = vec![vec![query("MATCH_anyEPCClass", &[key])?]];
    let link = epc::parse_digital_link(key).ok();
    if let Some(number) = link.as_ref().and_then(|link| link.qualifier("10"))
        && let Some((product, _)) = key.split_once("/10/")
    {
        let made =
            vec![query("EQ_ILMD_cbvmda:lotNumber", &[number])?, query("MATCH_anyEPC", &[product])?];
        alternatives.push(made);
    }
    Ok(alternatives)
}
