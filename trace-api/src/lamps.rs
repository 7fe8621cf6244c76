//! Three questions that a page keeps apart: is the record intact, was the tag checked, does the journey fit?
//!
//! What holds: intact records say nothing about the tag or the journey, so no lamp follows from another.

use history::{History, ItemState, Verdict};

use crate::language::Pair;

/// The answer to one of the questions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lamp {
    /// What it shows.
    pub state: LampState,
    /// Its name.
    pub name: Pair,
    /// The answer in words.
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
    pub fn of(verdict: Verdict, state: &ItemState, history: Option<&History>) -> Self {
        const NO_RECORD: Pair = ("没有记录", "no record");
        let (record, tag, journey) = match history {
            Some(history) => (record(history), tag(verdict), journey(state, history)),
            None => (
                (LampState::Broken, NO_RECORD),
                (LampState::Unchecked, ("未检查", "not checked")),
                (LampState::Unchecked, NO_RECORD),
            ),
        };
        let lamp = |name, (state, text)| Lamp { state, name, text };
        Self {
            record: lamp(("记录", "Record"), record),
            tag: lamp(("标签", "Tag"), tag),
            journey: lamp(("流通", "Journey"), journey),
        }
    }

    /// In the order in which they are shown.
    #[must_use]
    pub fn in_order(&self) -> [Lamp; 3] {
        [self.record, self.tag, self.journey]
    }
}

fn record(history: &History) -> (LampState, Pair) {
    if history.disputed().next().is_some() {
        (LampState::Broken, ("与签名账本不符", "does not fit its signed ledger"))
    } else {
        (LampState::Ok, ("在已签名的账本中，完好", "in the signed ledger, intact"))
    }
}

fn tag(verdict: Verdict) -> (LampState, Pair) {
    match verdict {
        Verdict::Strong => (LampState::Ok, ("芯片已校验", "chip checked")),
        Verdict::TagFail | Verdict::Opened => (LampState::Broken, ("校验失败", "check failed")),
        Verdict::Recalled
        | Verdict::Rejected
        | Verdict::Conflict
        | Verdict::Sold
        | Verdict::Gap
        | Verdict::Consistent => (
            LampState::Unchecked,
            ("未检查：印刷码可被复制", "not checked: a printed code can be copied"),
        ),
    }
}

fn journey(state: &ItemState, history: &History) -> (LampState, Pair) {
    if !state.gaps.is_empty() {
        (LampState::Warn, ("有缺口", "has a gap"))
    } else if history.of_lot().next().is_some() {
        (LampState::Warn, ("有温度提示", "a temperature notice"))
    } else {
        (LampState::Ok, ("前后一致", "consistent"))
    }
}

#[cfg(test)]
mod tests {
    use history::testing::{CENTRE, FACTORY, ITEM, entries, object_event};
    use history::{Fault, Relation};
    use jiff::Timestamp;

    use super::*;

    fn history() -> History {
        let events = [
            object_event("2026-11-20T08:00:00Z", "commissioning").at(FACTORY),
            object_event("2026-11-20T09:00:00Z", "storing").at(FACTORY),
        ];
        History { item: ITEM.parse().unwrap(), entries: entries(&events) }
    }

    fn codes(verdict: Verdict, history: Option<&History>) -> [&'static str; 3] {
        let state = history.map(|history| history.state(Timestamp::UNIX_EPOCH));
        let state = state.unwrap_or_else(ItemState::unknown);
        Lamps::of(verdict, &state, history).in_order().map(|lamp| lamp.state.code())
    }

    #[test]
    fn each_lamp_answers_its_own_question() {
        let mut history = history();
        assert_eq!(codes(Verdict::Consistent, Some(&history)), ["ok", "unchecked", "ok"]);
        assert_eq!(codes(Verdict::Strong, Some(&history)), ["ok", "ok", "ok"]);
        assert_eq!(codes(Verdict::TagFail, Some(&history)), ["ok", "broken", "ok"]);
        assert_eq!(codes(Verdict::Opened, Some(&history)), ["ok", "broken", "ok"]);
        history.entries[1].relation = Relation::Lot;
        assert_eq!(codes(Verdict::Sold, Some(&history)), ["ok", "unchecked", "warn"]);
        history.entries[1].fault = Some(Fault::Text);
        assert_eq!(codes(Verdict::Gap, Some(&history)), ["broken", "unchecked", "warn"]);
        assert_eq!(codes(Verdict::Rejected, None), ["broken", "unchecked", "unchecked"]);
    }

    #[test]
    fn a_gap_lights_the_journeys_lamp_and_no_other() {
        let mut history = history();
        history.entries[1].place = CENTRE.to_owned();
        assert_eq!(codes(Verdict::Gap, Some(&history)), ["ok", "unchecked", "warn"]);
    }
}
