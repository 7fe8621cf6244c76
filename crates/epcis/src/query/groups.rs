//! The terms that a query asks an index for.
//!
//! What holds: an event for which the query holds has one term of each group ([`super::terms_of`]). A criterion that no term
//! covers has no group and is left to the matcher.
//!
//! Source: docs/decisions/0059-the-query-language.md.

use std::collections::{BTreeSet, HashSet};

use super::criterion::{Criterion, FieldTest};
use super::master::MasterData;
use super::name::{Attributed, LEDGER, Part, PlaceField, TimeField, UriField, WordField};
use super::scope::Field;
use super::term::{Term, TermField};
use super::terms::{
    ERROR_DECLARATION, QUANTITY, SENSOR_ELEMENT, field_term, pair_term, value_term, word_term,
};

/// Most places within one that are asked for by terms.
const MOST_PLACES: usize = 1000;

/// How far a group narrows, first the furthest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    /// Names one thing or event.
    One,
    /// Names a place, a transaction, a value.
    Few,
    /// Names a class or a device.
    Some,
    /// Names a word that many events have.
    Many,
}

/// The groups of `criteria`, first those that narrow furthest.
pub(super) fn groups(criteria: &[Criterion], master: &dyn MasterData) -> Vec<Vec<Term>> {
    let mut groups: Vec<(Rank, Vec<Term>)> =
        criteria.iter().filter_map(|criterion| group(criterion, master)).collect();
    groups.sort_by_key(|(rank, terms)| (*rank, terms.len()));
    let mut groups: Vec<Vec<Term>> = groups
        .into_iter()
        .map(|(_, mut terms)| {
            terms.sort_unstable();
            terms.dedup();
            terms
        })
        .collect();
    // Several criteria about sensors ask for the same.
    let mut seen = HashSet::new();
    groups.retain(|terms| seen.insert(terms.clone()));
    groups
}

fn group(criterion: &Criterion, master: &dyn MasterData) -> Option<(Rank, Vec<Term>)> {
    Some(match criterion {
        Criterion::EventType(kinds) => {
            let terms = kinds.iter().map(|kind| Term::of(TermField::EventType, kind.name()));
            (Rank::Many, terms.collect())
        }
        Criterion::Action(actions) => {
            let terms = actions.iter().map(|action| Term::of(TermField::Action, action.name()));
            (Rank::Many, terms.collect())
        }
        Criterion::Word(field, values) => {
            let terms = terms_for(word_term(*field), values);
            (Rank::Many, if is_open(*field) { or_more(terms) } else { terms })
        }
        Criterion::Uri(field, values) => of_uri(*field, values),
        Criterion::Within(field, values) => (Rank::Few, within(*field, values, master)?),
        Criterion::EventId(values) => (Rank::One, terms_for(TermField::EventId, values)),
        Criterion::CorrectiveEventId(values) => {
            (Rank::One, or_more(terms_for(TermField::CorrectiveEventId, values)))
        }
        Criterion::Things(_, things) => (Rank::One, things.terms()),
        Criterion::Pair(list, kind, values) => {
            let terms = values.iter().map(|value| Term::of_parts(pair_term(*list), &[kind, value]));
            (Rank::Few, or_more(terms.collect()))
        }
        Criterion::Quantity(..) => has(QUANTITY),
        Criterion::Time(TimeField::Event | TimeField::Record, ..) => return None,
        Criterion::Time(TimeField::ErrorDeclaration, ..)
        | Criterion::Exists(Part::ErrorDeclaration) => has(ERROR_DECLARATION),
        Criterion::Time(TimeField::Sensor | TimeField::SensorStart | TimeField::SensorEnd, ..)
        | Criterion::Exists(Part::SensorElementList)
        | Criterion::Text(..)
        | Criterion::Boolean(_)
        | Criterion::Measured(..) => has(SENSOR_ELEMENT),
        Criterion::Field(field, test) => (Rank::Some, of_field(field, test)?),
        Criterion::HasAttribute(field, _) | Criterion::AttributeIs(field, ..) => {
            let Attributed::Extension(field) = field else { return None };
            (Rank::Some, of_field(field, &FieldTest::Exists)?)
        }
    })
}

fn terms_for(field: TermField, values: &BTreeSet<String>) -> Vec<Term> {
    values.iter().map(|value| Term::of(field, value)).collect()
}

/// The events that have a part.
fn has(part: &str) -> (Rank, Vec<Term>) {
    (Rank::Many, vec![Term::of(TermField::Has, part)])
}

fn of_uri(field: UriField, values: &BTreeSet<String>) -> (Rank, Vec<Term>) {
    match field {
        UriField::ReadPoint => (Rank::Few, terms_for(TermField::ReadPoint, values)),
        UriField::BizLocation => (Rank::Few, terms_for(TermField::BizLocation, values)),
        UriField::TransformationId => (Rank::One, terms_for(TermField::TransformationId, values)),
        UriField::DeviceId => (Rank::Some, or_more(terms_for(TermField::DeviceId, values))),
        UriField::DataProcessingMethod
        | UriField::Microorganism
        | UriField::ChemicalSubstance
        | UriField::BizRules
        | UriField::UriValue => has(SENSOR_ELEMENT),
    }
}

/// Whether the terms of these words are among the bounded ones.
fn is_open(field: WordField) -> bool {
    matches!(field, WordField::Set | WordField::Unset | WordField::SensorType)
}

/// The terms, and the one of events that have more values than terms.
fn or_more(mut terms: Vec<Term>) -> Vec<Term> {
    terms.push(Term::of(TermField::More, ""));
    terms
}

/// The places and all within them; none if there are too many to ask for.
fn within(field: PlaceField, values: &[String], master: &dyn MasterData) -> Option<Vec<Term>> {
    let term = match field {
        PlaceField::ReadPoint => TermField::ReadPoint,
        PlaceField::BizLocation => TermField::BizLocation,
    };
    let mut terms = Vec::new();
    for value in values {
        terms.push(Term::of(term, value));
        let places = master.descendants(value);
        terms.extend(places.iter().map(|place| Term::of(term, &epc::thing_key(place))));
        if terms.len() > MOST_PLACES {
            return None;
        }
    }
    Some(terms)
}

/// None for a field that has no terms.
fn of_field(field: &Field, test: &FieldTest) -> Option<Vec<Term>> {
    let Field { scope, is_inner, name } = field;
    if name.starts_with(LEDGER) {
        return None;
    }
    let FieldTest::Among(operands) = test else {
        return Some(or_more(vec![field_term(*scope, *is_inner, name)]));
    };
    let forms = operands.forms().into_iter();
    Some(or_more(forms.map(|form| value_term(*scope, *is_inner, name, &form)).collect()))
}
