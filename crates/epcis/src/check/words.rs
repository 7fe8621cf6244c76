//! Checks the vocabulary of an event: each place that takes a word has one that exists, or a URI of another authority.
//!
//! The way through: [`check_words`] visits the places one after the other.
//!
//! Not here: which words there are ([`crate::vocabulary`], `words.rs`).
//!
//! Source: EPCIS 2.0 sections 7.3 and 7.4; CBV 2.0 section 7.

use ledger::json::Json;

use crate::context::Context;
use crate::violation::Violations;
use crate::vocabulary::Vocabulary;

/// Checks all words of `event`, whose prefixes `context` defines. Pointers start at the event.
pub(super) fn check_words(event: &Json, context: &Context, violations: &mut Violations) {
    let mut words = Words { context, violations };
    words.member(event, "", "bizStep", Vocabulary::BizStep);
    words.member(event, "", "disposition", Vocabulary::Disposition);
    if let Some(persistent) = event.get("persistentDisposition") {
        for name in ["set", "unset"] {
            let list = persistent.get(name).and_then(Json::as_array).unwrap_or_default();
            for (place, word) in list.iter().enumerate() {
                let pointer = format!("/persistentDisposition/{name}/{place}");
                words.word(word, &pointer, Vocabulary::Disposition);
            }
        }
    }
    for (list, vocabulary) in [
        ("bizTransactionList", Vocabulary::BizTransactionType),
        ("sourceList", Vocabulary::SourceDestType),
        ("destinationList", Vocabulary::SourceDestType),
    ] {
        for (place, pair) in items(event, list) {
            words.member(pair, &format!("/{list}/{place}"), "type", vocabulary);
        }
    }
    if let Some(declaration) = event.get("errorDeclaration") {
        words.member(declaration, "/errorDeclaration", "reason", Vocabulary::ErrorReason);
    }
    for (place, element) in items(event, "sensorElementList") {
        for (number, report) in items(element, "sensorReport") {
            let base = format!("/sensorElementList/{place}/sensorReport/{number}");
            words.member(report, &base, "type", Vocabulary::Measurement);
            words.member(report, &base, "exception", Vocabulary::Exception);
            words.member(report, &base, "component", Vocabulary::Component);
        }
    }
}

fn items<'a>(json: &'a Json, list: &str) -> impl Iterator<Item = (usize, &'a Json)> {
    json.get(list).and_then(Json::as_array).unwrap_or_default().iter().enumerate()
}

/// Checks words and collects what is wrong.
struct Words<'a> {
    context: &'a Context,
    violations: &'a mut Violations,
}

impl Words<'_> {
    fn member(&mut self, json: &Json, base: &str, name: &str, vocabulary: Vocabulary) {
        if let Some(word) = json.get(name) {
            self.word(word, &format!("{base}/{name}"), vocabulary);
        }
    }

    fn word(&mut self, word: &Json, pointer: &str, vocabulary: Vocabulary) {
        const TEXT: &str = "a word of the standard's vocabulary, or a URI";
        match word.as_str() {
            // A standard field that is no text is reported by the check of its form.
            None if pointer == "/bizStep" || pointer == "/disposition" => {}
            None => self.violations.add(pointer, &word.canonical(), "not a text", TEXT),
            Some(text) => {
                if let Err(error) = vocabulary.check_within(text, self.context) {
                    self.violations.add(pointer, text, error.problem, &error.expected);
                }
            }
        }
    }
}
