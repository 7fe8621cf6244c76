//! What the public sees of a history: step, day and city; parties and places by name only if the configuration says so.
//!
//! What holds: no reference, no container, no place beyond its city, no time of day.
//!
//! Not here: the whole history, which the operator sees ([`crate::answer`]).
//!
//! Source: docs/decisions/0027-scans-and-findings.md.

use epcis::BizStep;
use history::{History, HistoryEntry, Mark, Relation};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::config::Config;
use crate::language::Language;
use crate::words::who;

/// The day of a time, UTC: `2026-11-20`.
#[must_use]
pub fn day(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d").to_string()
}

/// Where, as the public sees it, in Chinese and English: the city, or the place's name where names are shown; none if
/// that is not configured.
#[must_use]
pub fn place<'a>(sgln: &str, config: &'a Config) -> Option<(&'a str, &'a str)> {
    let found = config.names.place(sgln)?;
    let shown = if config.show_parties {
        (&found.name_zh, &found.name_en)
    } else {
        (&found.city_zh, &found.city_en)
    };
    (!shown.0.is_empty() && !shown.1.is_empty()).then_some((shown.0, shown.1))
}

/// The city of a place, in Chinese and English; where none is configured, as [`place`] says.
#[must_use]
pub fn city<'a>(sgln: &str, config: &'a Config) -> Option<(&'a str, &'a str)> {
    let found = config.names.place(sgln)?;
    let city = (&*found.city_zh, &*found.city_en);
    if city.0.is_empty() || city.1.is_empty() { place(sgln, config) } else { Some(city) }
}

/// The same as [`place`] in one language; `a place` if there is none.
#[must_use]
pub fn place_name(sgln: &str, config: &Config, language: Language) -> String {
    language.of(place(sgln, config).unwrap_or(who::A_PLACE)).to_owned()
}

/// Who, as the public sees it.
#[must_use]
pub fn party(name: &str, config: &Config, language: Language) -> String {
    if config.show_parties { name.to_owned() } else { language.of(who::A_COMPANY).to_owned() }
}

/// Those whose ledgers the records come from: their names with their ledgers, or their number.
#[must_use]
pub fn signers(entries: &[HistoryEntry], config: &Config, language: Language) -> Vec<String> {
    let mut signers: Vec<String> = entries
        .iter()
        .map(|entry| {
            let named = format!("{} · {}", entry.party, entry.origin);
            if config.show_parties { named } else { entry.party.to_string() }
        })
        .collect();
    signers.sort();
    signers.dedup();
    match signers.len() {
        0 => Vec::new(),
        _ if config.show_parties => signers,
        count => vec![who::companies(count, language)],
    }
}

/// The steps of a history, in order of time.
#[must_use]
pub fn timeline(history: &History, config: &Config) -> Value {
    history.entries.iter().map(|entry| step(entry, config)).collect()
}

/// A history.
#[must_use]
pub fn history(history: &History, config: &Config) -> Value {
    json!({ "item": history.name(), "steps": timeline(history, config) })
}

fn step(entry: &HistoryEntry, config: &Config) -> Value {
    let place = place(&entry.place, config).map(|(zh, en)| json!({ "zh": zh, "en": en }));
    json!({
        "day": day(entry.at),
        "step": entry.step.as_ref().map_or("", BizStep::word),
        "place": place,
        "party": config.show_parties.then(|| entry.party.to_string()),
        "sensed": entry.sensed,
        "inferred": matches!(entry.relation, Relation::Container(_)),
        "lot": entry.relation == Relation::Lot,
        "broken": entry.fault.is_some(),
        "weight": entry.weight.code(),
        "mark": entry.mark.map(Mark::code),
    })
}
