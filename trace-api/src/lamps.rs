//! Three questions that a page keeps apart: is the record intact, was the tag checked, does the journey fit?
//!
//! What holds: intact records say nothing about the tag or the journey, so no lamp follows from another.
//!
//! Not here: the texts ([`crate::words::lamps`]).

use history::{ChipFault, History, ItemState, TagCheck, Verdict};

use crate::language::Pair;
use crate::words::lamps::{self as text, Answer};

/// The answer to one of the questions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lamp {
    /// What it shows.
    pub state: LampState,
    /// Its name.
    pub name: Pair,
    /// The answer in a word.
    pub word: Pair,
    /// What it rests on.
    pub text: Pair,
}

/// What a lamp shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LampState {
    /// Checked, and nothing was found.
    Ok,
    /// Something should be looked at.
    Warn,
    /// Checked, and it does not fit.
    Broken,
    /// Not checked.
    Unchecked,
}

impl LampState {
    /// Its code in JSON answers, and its CSS class.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warn => "warn",
            Self::Broken => "broken",
            Self::Unchecked => "unchecked",
        }
    }
}

/// The three lamps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lamps {
    /// Do the records fit their ledgers?
    pub record: Lamp,
    /// Was the tag's chip checked?
    pub tag: Lamp,
    /// Does the journey fit together?
    pub journey: Lamp,
}

impl Lamps {
    /// The lamps of an answer.
    ///
    /// - `history`: none if no record names the code.
    #[must_use]
    pub fn of(
        verdict: Verdict,
        tag: TagCheck,
        state: &ItemState,
        history: Option<&History>,
    ) -> Self {
        const NOT_CHECKED: (LampState, Answer) = (LampState::Unchecked, text::NOT_CHECKED);
        let (record, tag, journey) = match history {
            Some(history) => (record(history), chip(tag), journey(state)),
            // Nothing was looked up under a key of nobody, so nothing is wrong with it either.
            None if verdict == Verdict::NotCovered => (
                (LampState::Unchecked, text::NOTHING_TO_CHECK),
                NOT_CHECKED,
                (LampState::Unchecked, text::NOTHING_TO_CHECK),
            ),
            None => (
                (LampState::Broken, text::NO_RECORD),
                NOT_CHECKED,
                (LampState::Unchecked, text::NOTHING_TO_CHECK),
            ),
        };
        let lamp = |name, (state, (word, text))| Lamp { state, name, word, text };
        Self {
            record: lamp(text::RECORD, record),
            tag: lamp(text::TAG, tag),
            journey: lamp(text::JOURNEY, journey),
        }
    }

    /// In the order in which they are shown.
    #[must_use]
    pub fn in_order(&self) -> [Lamp; 3] {
        [self.record, self.tag, self.journey]
    }
}

fn record(history: &History) -> (LampState, Answer) {
    if history.disputed().next().is_some() {
        (LampState::Broken, text::DOES_NOT_FIT)
    } else {
        (LampState::Ok, text::INTACT)
    }
}

fn chip(tag: TagCheck) -> (LampState, Answer) {
    match tag {
        TagCheck::NotChecked => (LampState::Unchecked, text::PRINTED),
        TagCheck::Unbound => (LampState::Unchecked, text::UNBOUND),
        TagCheck::Passed => (LampState::Ok, text::CHIP_CHECKED),
        TagCheck::Failed(ChipFault::Code) => (LampState::Broken, text::WRONG_CODE),
        TagCheck::Failed(ChipFault::Used) => (LampState::Broken, text::USED_CODE),
        TagCheck::Failed(ChipFault::OtherChip) => (LampState::Broken, text::OTHER_CHIP),
        TagCheck::Opened => (LampState::Warn, text::SEAL_OPENED),
    }
}

fn journey(state: &ItemState) -> (LampState, Answer) {
    if !state.clashes.is_empty() {
        (LampState::Warn, text::CONTRADICTS)
    } else if !state.resold.is_empty() {
        (LampState::Warn, text::SOLD_AGAIN)
    } else if !state.gaps.is_empty() {
        (LampState::Warn, text::HAS_A_GAP)
    } else if !state.conditions.is_empty() {
        (LampState::Warn, text::EXCEEDED)
    } else {
        (LampState::Ok, text::CONSISTENT)
    }
}

#[cfg(test)]
mod tests {
    use history::testing::{CENTRE, FACTORY, ITEM, entries, excursion_event, object_event, rights};
    use history::{Fault, HistoryEntry, Relation};
    use jiff::Timestamp;
    use jiff::tz::TimeZone;

    use super::*;

    fn records() -> Vec<HistoryEntry> {
        entries(&[
            object_event("2026-11-20T08:00:00Z", "commissioning")
                .at(FACTORY)
                .lot("L1", "2099-01-01"),
            object_event("2026-11-20T09:00:00Z", "storing").at(FACTORY),
        ])
    }

    fn codes(verdict: Verdict, records: Option<Vec<HistoryEntry>>) -> [&'static str; 3] {
        codes_of(verdict, TagCheck::NotChecked, records)
    }

    fn codes_of(
        verdict: Verdict,
        tag: TagCheck,
        records: Option<Vec<HistoryEntry>>,
    ) -> [&'static str; 3] {
        let weigh = |records| History::weigh(ITEM.parse().unwrap(), records, &rights());
        let history = records.map(weigh);
        let at = Timestamp::UNIX_EPOCH;
        let state = history.as_ref().map(|history| history.state(at, &TimeZone::UTC));
        let state = state.unwrap_or_else(ItemState::unknown);
        Lamps::of(verdict, tag, &state, history.as_ref()).in_order().map(|lamp| lamp.state.code())
    }

    #[test]
    fn each_lamp_answers_its_own_question() {
        let history = || Some(records());
        assert_eq!(codes(Verdict::Consistent, history()), ["ok", "unchecked", "ok"]);
        for (tag, lamp) in [
            (TagCheck::Passed, "ok"),
            (TagCheck::Unbound, "unchecked"),
            (TagCheck::Opened, "warn"),
            (TagCheck::Failed(ChipFault::Code), "broken"),
            (TagCheck::Failed(ChipFault::Used), "broken"),
            (TagCheck::Failed(ChipFault::OtherChip), "broken"),
        ] {
            // A recall says nothing about the tag, and the tag nothing about the recall.
            for verdict in [Verdict::Recalled, Verdict::Sold, Verdict::Strong] {
                assert_eq!(codes_of(verdict, tag, history()), ["ok", lamp, "ok"], "{tag:?}");
            }
        }
        assert_eq!(codes(Verdict::Rejected, None), ["broken", "unchecked", "unchecked"]);
    }

    #[test]
    fn a_broken_condition_a_gap_and_a_clash_light_the_journeys_lamp_and_no_other() {
        let mut warm = records();
        warm.extend(entries(&[excursion_event(
            "2026-11-20T10:00:00Z",
            "2026-11-20T11:00:00Z",
            "9",
        )]));
        warm[2].relation = Relation::Lot;
        warm[2].index = 2;
        assert_eq!(codes(Verdict::Condition, Some(warm)), ["ok", "unchecked", "warn"]);
        let mut gap = records();
        gap[1].place = CENTRE.to_owned();
        assert_eq!(codes(Verdict::Gap, Some(gap)), ["ok", "unchecked", "warn"]);
        let twice = [records(), entries(&[object_event("2026-11-20T09:00:00Z", "commissioning")])];
        assert_eq!(codes(Verdict::Conflict, Some(twice.concat())), ["ok", "unchecked", "warn"]);
    }

    #[test]
    fn a_record_that_does_not_fit_lights_the_records_lamp() {
        let mut records = records();
        records[1].fault = Some(Fault::Text);
        assert_eq!(codes(Verdict::Gap, Some(records)), ["broken", "unchecked", "warn"]);
    }
}
