//! The terms of an event, and the values of the top-level resources that it has.
//!
//! The way through: [`terms_of`] collects the terms of things and classes, of single fields, then of lists and extension
//! fields, which are bounded.
//!
//! What holds: an event has at most [`MOST_TERMS`] terms besides those of its things and classes. One that would have more has
//! the term `more` in place of the rest, and every query that could miss the rest asks for that term too.
//!
//! Members that only a ledger writes (`chopmark:evidence`) have no terms: nearly every record has the same ones, with values of its
//! own. They can be asked for, and are left to the matcher.
//!
//! Source: docs/decisions/0059-the-query-language.md.

use std::collections::BTreeSet;

use ledger::json::Json;

use super::criterion::{QUANTITIES, any_pair, any_thing, corrective_ids, uris, words};
use super::facet::{pair_facets, site_terms};
use super::key;
use super::name::{LEDGER, PairField, ThingField, UriField, WordField};
use super::operand::forms_of;
use super::pattern::KeyTerms;
use super::scope::{Scope, any_leaf, is_filled, sensor_elements};
use super::term::{Term, TermField};
use crate::event::Event;
use crate::vocabulary::Vocabulary;

/// Most terms of an event besides those of its things and classes.
pub const MOST_TERMS: usize = 256;
/// Most of them that come from lists and extension fields.
const MOST_OPEN: usize = 224;

/// Values of `has` terms.
pub(super) const ERROR_DECLARATION: &str = "errorDeclaration";
pub(super) const SENSOR_ELEMENT: &str = "sensorElement";
pub(super) const QUANTITY: &str = "quantity";

/// The terms of a word field of which a query may ask for one.
pub(super) fn word_term(field: WordField) -> TermField {
    match field {
        WordField::BizStep => TermField::BizStep,
        WordField::Disposition => TermField::Disposition,
        WordField::Set => TermField::Set,
        WordField::Unset => TermField::Unset,
        WordField::ErrorReason => TermField::ErrorReason,
        WordField::SensorType => TermField::SensorType,
    }
}

/// The terms of a list of pairs.
pub(super) fn pair_term(list: PairField) -> TermField {
    match list {
        PairField::BizTransaction => TermField::BizTransaction,
        PairField::Source => TermField::Source,
        PairField::Destination => TermField::Destination,
    }
}

/// The term of an extension field: where, how deep, its whole name.
pub(super) fn field_term(scope: Scope, is_inner: bool, name: &str) -> Term {
    Term::of_parts(TermField::Extension, &[scope.name(), depth(is_inner), name])
}

/// The term of a value of an extension field in one of its forms.
pub(super) fn value_term(scope: Scope, is_inner: bool, name: &str, form: &str) -> Term {
    Term::of_parts(TermField::ExtensionValue, &[scope.name(), depth(is_inner), name, form])
}

fn depth(is_inner: bool) -> &'static str {
    if is_inner { "inner" } else { "outer" }
}

/// The terms under which an event is found, sorted, each once.
///
/// Of each thing and class: its key, its class, its application identifier, the first 6 to 12 digits. Besides these at most
/// [`MOST_TERMS`].
#[must_use]
pub fn terms_of(event: &Event) -> Vec<Term> {
    let mut things = KeyTerms::default();
    for field in [ThingField::AnyEpc, ThingField::AnyEpcClass] {
        any_thing(field, event, &mut |text| {
            things.add(&key::uri(text, event.context()));
            false
        });
    }
    let mut terms = things.terms;
    single(event, &mut terms);
    let mut open = Open(BTreeSet::new());
    open.lists(event);
    for scope in Scope::ALL {
        open.fields(scope, event);
    }
    if open.0.len() > MOST_OPEN {
        terms.push(Term::of(TermField::More, ""));
    }
    terms.extend(open.0.into_iter().take(MOST_OPEN));
    terms.sort_unstable();
    terms.dedup();
    terms
}

/// The terms of fields that have one value.
fn single(event: &Event, terms: &mut Vec<Term>) {
    let context = event.context();
    terms.push(Term::of(TermField::EventType, event.kind().name()));
    terms.push(Term::of(TermField::EventId, &key::event_id(&key::event_id_of(event))));
    terms.extend(event.action().map(|action| Term::of(TermField::Action, action)));
    for field in [WordField::BizStep, WordField::Disposition, WordField::ErrorReason] {
        for word in words(field, event) {
            let uri = key::word(field.vocabulary(), word, context);
            terms.push(Term::of(word_term(field), &uri));
        }
    }
    for (field, term) in [
        (UriField::ReadPoint, TermField::ReadPoint),
        (UriField::BizLocation, TermField::BizLocation),
        (UriField::TransformationId, TermField::TransformationId),
    ] {
        let uris = uris(field, event);
        terms.extend(uris.into_iter().map(|text| Term::of(term, &key::uri(text, context))));
    }
    terms.extend(site_terms(event));
    if event.json().get("errorDeclaration").is_some_and(is_filled) {
        terms.push(Term::of(TermField::Has, ERROR_DECLARATION));
    }
    if !sensor_elements(event).is_empty() {
        terms.push(Term::of(TermField::Has, SENSOR_ELEMENT));
    }
    if QUANTITIES.iter().any(|list| event.json().get(list).is_some_and(is_filled)) {
        terms.push(Term::of(TermField::Has, QUANTITY));
    }
}

/// The terms of lists and of extension fields.
struct Open(BTreeSet<Term>);

impl Open {
    /// One more than what is kept shows that there are more.
    fn add(&mut self, term: impl FnOnce() -> Term) {
        if self.0.len() <= MOST_OPEN {
            self.0.insert(term());
        }
    }

    fn lists(&mut self, event: &Event) {
        let context = event.context();
        for field in [WordField::Set, WordField::Unset, WordField::SensorType] {
            for word in words(field, event) {
                let uri = key::word(field.vocabulary(), word, context);
                self.add(|| Term::of(word_term(field), &uri));
            }
        }
        for text in uris(UriField::DeviceId, event) {
            self.add(|| Term::of(TermField::DeviceId, &key::uri(text, context)));
        }
        for list in [PairField::BizTransaction, PairField::Source, PairField::Destination] {
            any_pair(list, event, &mut |kind, value| {
                self.add(|| Term::of_parts(pair_term(list), &[kind, value]));
                for term in pair_facets(list, value) {
                    self.add(|| term);
                }
                false
            });
        }
        for id in corrective_ids(event) {
            self.add(|| Term::of(TermField::CorrectiveEventId, &key::event_id(id)));
        }
    }

    fn fields(&mut self, scope: Scope, event: &Event) {
        for object in scope.objects(event) {
            let members = object.as_object().unwrap_or_default();
            for (name, value) in members.iter().filter(|(name, _)| scope.is_extension(name)) {
                self.field(scope, false, event, name, value);
                self.below(scope, event, value);
            }
        }
    }

    /// The fields in `value`, at any depth.
    fn below(&mut self, scope: Scope, event: &Event, value: &Json) {
        match value {
            Json::Array(items) => {
                for item in items {
                    self.below(scope, event, item);
                }
            }
            Json::Object(members) => {
                for (name, value) in members {
                    // Names without a prefix are no names that a query can have.
                    if name.contains(':') {
                        self.field(scope, true, event, name, value);
                    }
                    self.below(scope, event, value);
                }
            }
            _ => {}
        }
    }

    fn field(&mut self, scope: Scope, is_inner: bool, event: &Event, name: &str, value: &Json) {
        if self.0.len() > MOST_OPEN {
            return;
        }
        let whole = match event.context().split(name) {
            Some((namespace, local)) => format!("{namespace}{local}"),
            None => name.to_owned(),
        };
        if whole.starts_with(LEDGER) {
            return;
        }
        self.add(|| field_term(scope, is_inner, &whole));
        any_leaf(value, &mut |leaf| {
            for form in forms_of(leaf) {
                self.add(|| value_term(scope, is_inner, &whole, &form));
            }
            self.0.len() > MOST_OPEN
        });
    }
}

/// A family of top-level resources of the query interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Resource {
    /// `/eventTypes`.
    EventType,
    /// `/epcs`: single things, not classes.
    Epc,
    /// `/bizSteps`.
    BizStep,
    /// `/bizLocations`.
    BizLocation,
    /// `/readPoints`.
    ReadPoint,
    /// `/dispositions`.
    Disposition,
}

/// The values of the top-level resources that `event` has, in the order of the event, each once.
///
/// Things and places are as the event states them; words of the standard's vocabulary are bare words, whatever their spelling.
#[must_use]
pub fn resources_of(event: &Event) -> Vec<(Resource, String)> {
    let mut found = vec![(Resource::EventType, event.kind().name().to_owned())];
    any_thing(ThingField::AnyEpc, event, &mut |text| {
        found.push((Resource::Epc, text.to_owned()));
        false
    });
    let word = |vocabulary: Vocabulary, uri: String| vocabulary.shorten(&uri).to_owned();
    for (resource, field) in
        [(Resource::BizStep, WordField::BizStep), (Resource::Disposition, WordField::Disposition)]
    {
        for text in words(field, event) {
            let uri = key::word(field.vocabulary(), text, event.context());
            found.push((resource, word(field.vocabulary(), uri)));
        }
    }
    for (resource, own) in
        [(Resource::BizLocation, event.biz_location()), (Resource::ReadPoint, event.read_point())]
    {
        found.extend(own.map(|own| (resource, own.to_owned())));
    }
    let mut seen = BTreeSet::new();
    found.retain(|one| seen.insert(one.clone()));
    found
}
