//! Who says so: the parties that speak in a history, each with its seal and its first key.
//!
//! What holds: where the public sees no names, there are no seals either, because a seal is the same on every item of a
//! party; a party that the directory holds no key of gets an empty square.
//!
//! Source: docs/formats/seal-v1.md.

use std::sync::Arc;

use directory::Rights;
use epcis::BizStep;
use history::{HistoryEntry, Relation, Weight};
use jiff::civil::Date;
use ledger::chop_seal::ChopSeal;
use ledger::hash::sha256;

use crate::config::Config;
use crate::language::Language;
use crate::words::journey as text;

/// Digits of a key's fingerprint that are shown.
const DIGITS: usize = 12;

/// A party that speaks.
#[derive(Debug, Clone)]
pub struct Speaker {
    id: Arc<str>,
    /// Its name.
    pub name: String,
    /// Its seal, if the directory holds a key of it.
    pub seal: Option<ChopSeal>,
    /// The beginning of the SHA-256 of its first key: `7c1e 40ba 93d2`; empty without one.
    pub fingerprint: String,
    /// What it did here.
    pub said: String,
}

/// The parties of a history.
#[derive(Debug, Clone, Default)]
pub struct Parties {
    /// In the order of their first record.
    pub speakers: Vec<Speaker>,
    /// How many there are, also where none is named.
    pub count: usize,
}

impl Parties {
    /// Those who speak in these records and whose records fit their ledgers.
    ///
    /// - `local_day`: the day of a record.
    #[must_use]
    pub fn of(
        entries: &[HistoryEntry],
        rights: &Rights,
        config: &Config,
        language: Language,
        local_day: impl Fn(&HistoryEntry) -> Date,
    ) -> Self {
        let mut found: Vec<(Arc<str>, Vec<&HistoryEntry>)> = Vec::new();
        for entry in entries.iter().filter(|entry| entry.fault.is_none()) {
            let id = entry.speaker.clone().unwrap_or_else(|| entry.party.clone());
            match found.iter_mut().find(|(other, _)| *other == id) {
                Some((_, own)) => own.push(entry),
                None => found.push((id, vec![entry])),
            }
        }
        let count = found.len();
        if !config.show_parties {
            return Self { speakers: Vec::new(), count };
        }
        let speaker = |(id, own): (Arc<str>, Vec<&HistoryEntry>)| {
            let key = rights.parties.get(&id).and_then(|party| party.first_key.as_deref());
            Speaker {
                name: own.first().map(|entry| entry.party.to_string()).unwrap_or_default(),
                seal: key.map(ChopSeal::of_key),
                fingerprint: key.map(fingerprint).unwrap_or_default(),
                said: said(&own, language, &local_day),
                id,
            }
        };
        Self { speakers: found.into_iter().map(speaker).collect(), count }
    }

    /// The number of a party's seal on the page.
    #[must_use]
    pub fn seal_of(&self, id: &str) -> Option<usize> {
        self.speakers.iter().position(|speaker| &*speaker.id == id && speaker.seal.is_some())
    }
}

/// Whether it issued the code, how many steps it signed, and when.
fn said(
    own: &[&HistoryEntry],
    language: Language,
    local_day: impl Fn(&HistoryEntry) -> Date,
) -> String {
    let days = own.iter().map(|entry| local_day(entry));
    let (from, to) = (days.clone().min().unwrap_or_default(), days.max().unwrap_or_default());
    let issued = own.iter().any(|entry| {
        entry.step == Some(BizStep::Commissioning)
            && entry.weight == Weight::Counts
            && entry.relation == Relation::Item
    });
    let issued = if issued { language.of(text::ISSUED) } else { "" };
    format!("{issued}{}", text::said(own.len(), &text::days(from, to, language), language))
}

/// The first digits of a key's SHA-256, four by four.
fn fingerprint(key: &[u8]) -> String {
    let digits: Vec<char> = sha256(key).to_string().chars().take(DIGITS).collect();
    digits.chunks(4).map(|four| four.iter().collect::<String>()).collect::<Vec<_>>().join(" ")
}
