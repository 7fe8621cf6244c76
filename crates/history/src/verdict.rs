//! The verdict: thirteen answers, of which the first that applies wins.
//!
//! What holds: pure and total; every verdict follows from one [`Reason`]; only a chip that was checked just now gives
//! [`Verdict::Strong`].
//!
//! Not here: the state of the item ([`crate::fold`]), what people read (`trace-api`).

use jiff::Timestamp;

use crate::entry::RecordRef;
use crate::gaps::Gap;
use crate::scans::Conflict;
use crate::state::{Clash, ItemState, NotIssued, Withdrawal};

/// The answer to a scan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// The code belongs to no issuer in the directory, or is malformed.
    NotCovered,
    /// Do not use it: recalled.
    Recalled,
    /// Do not buy it: reported stolen.
    Stolen,
    /// Do not use it: its expiry date is past.
    Expired,
    /// The code was not issued, or has ended.
    Rejected,
    /// The chip check failed.
    TagFail,
    /// The seal was opened.
    Opened,
    /// Two objects seem to carry the code.
    Conflict,
    /// It was sold.
    Sold,
    /// The journey has a gap, or something is only claimed.
    Gap,
    /// Storage limits were exceeded.
    Condition,
    /// The records fit together; the tag can be copied.
    Consistent,
    /// The records fit together and the chip was checked.
    Strong,
}

impl Verdict {
    /// All verdicts, in order of precedence.
    pub const ALL: [Self; 13] = [
        Self::NotCovered,
        Self::Recalled,
        Self::Stolen,
        Self::Expired,
        Self::Rejected,
        Self::TagFail,
        Self::Opened,
        Self::Conflict,
        Self::Sold,
        Self::Gap,
        Self::Condition,
        Self::Consistent,
        Self::Strong,
    ];

    /// Its code in JSON answers, metrics and stored scans.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::NotCovered => "NOT_COVERED",
            Self::Recalled => "RECALLED",
            Self::Stolen => "STOLEN",
            Self::Expired => "EXPIRED",
            Self::Rejected => "REJECTED",
            Self::TagFail => "TAG_FAIL",
            Self::Opened => "OPENED",
            Self::Conflict => "CONFLICT",
            Self::Sold => "SOLD",
            Self::Gap => "GAP",
            Self::Condition => "CONDITION",
            Self::Consistent => "CONSISTENT",
            Self::Strong => "STRONG",
        }
    }
}

/// What a check of the tag's chip showed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum TagCheck {
    /// No chip was checked: a printed code, or an RFID number.
    #[default]
    NotChecked,
    /// The chip's code was correct and fresh, and nothing says that the chip belongs to this item.
    Unbound,
    /// The chip's code was correct and fresh.
    Passed,
    /// It is not the chip of this item, or not this tap.
    Failed(ChipFault),
    /// The chip reports an opened seal.
    Opened,
}

/// Why a chip failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ChipFault {
    /// The code is not the one that the chip would have made.
    Code,
    /// The code was used before, or an earlier one than the last that was used.
    Used,
    /// The issuer bound another chip to the item.
    OtherChip,
}

/// Why a verdict was given.
#[derive(Debug, Clone, PartialEq)]
pub enum Reason {
    /// The code belongs to no issuer in the directory.
    NotCovered,
    /// The code has no key whose issuer could be looked up in the directory.
    Malformed,
    /// The code's check digit is wrong, and with the right one it is an item's.
    BrokenCode,
    /// The item must not be used or bought.
    Withdrawn(Withdrawal),
    /// The code does not count as issued.
    NotIssued(NotIssued),
    /// It is not the chip of this item, or not this tap.
    ChipFailed(ChipFault),
    /// The chip reports an opened seal.
    SealOpened,
    /// Scans or sales hint at two objects.
    Conflict(Conflict),
    /// Two records cannot both be right.
    Clash(Clash),
    /// It was sold at that time.
    Sold(Timestamp),
    /// The first gap.
    Gap(Gap),
    /// The first record that says that a storage condition was broken.
    Condition(RecordRef),
    /// The chip was checked, and no rule applied.
    ChipPassed,
    /// No rule applied.
    NothingFound,
}

impl Reason {
    /// The verdict that follows.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        match self {
            Self::NotCovered | Self::Malformed | Self::BrokenCode => Verdict::NotCovered,
            Self::Withdrawn(Withdrawal::Recalled) => Verdict::Recalled,
            Self::Withdrawn(Withdrawal::Stolen) => Verdict::Stolen,
            Self::Withdrawn(Withdrawal::Expired) => Verdict::Expired,
            Self::NotIssued(_) => Verdict::Rejected,
            Self::ChipFailed(_) => Verdict::TagFail,
            Self::SealOpened => Verdict::Opened,
            Self::Conflict(_) | Self::Clash(_) => Verdict::Conflict,
            Self::Sold(_) => Verdict::Sold,
            Self::Gap(_) => Verdict::Gap,
            Self::Condition(_) => Verdict::Condition,
            Self::ChipPassed => Verdict::Strong,
            Self::NothingFound => Verdict::Consistent,
        }
    }
}

/// The first reason that applies, in order of precedence.
///
/// - `open`: the conflicts of findings that stand open ([`crate::scans`]); the first is the reason.
#[must_use]
pub fn judge(state: &ItemState, tag: TagCheck, open: &[Conflict]) -> Reason {
    if state.not_covered {
        return if state.malformed { Reason::Malformed } else { Reason::NotCovered };
    }
    if let Some(withdrawal) = state.withdrawn {
        return Reason::Withdrawn(withdrawal);
    }
    if let Some(why) = state.not_issued {
        return Reason::NotIssued(why);
    }
    match tag {
        TagCheck::Failed(fault) => return Reason::ChipFailed(fault),
        TagCheck::Opened => return Reason::SealOpened,
        TagCheck::Passed | TagCheck::Unbound | TagCheck::NotChecked => {}
    }
    if let Some(conflict) = open.first() {
        return Reason::Conflict(*conflict);
    }
    if let Some(clash) = state.clashes.first() {
        return Reason::Clash(clash.clone());
    }
    if let Some(sale) = state.sales.first() {
        return Reason::Sold(*sale);
    }
    if let Some(gap) = state.gaps.first() {
        return Reason::Gap(gap.clone());
    }
    if let Some(record) = state.conditions.first() {
        return Reason::Condition(record.clone());
    }
    if tag == TagCheck::Passed { Reason::ChipPassed } else { Reason::NothingFound }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::ClashKind;
    use crate::statement::Ending;

    fn at(minutes: i64) -> Timestamp {
        Timestamp::from_second(1_700_000_000 + minutes * 60).unwrap()
    }

    fn record(index: u64) -> RecordRef {
        RecordRef { origin: "log.example/1".into(), index, party: "Factory".into() }
    }

    #[test]
    fn the_first_reason_that_applies_wins_in_the_order_of_the_verdicts() {
        let gap = Gap::Shipping { from: "urn:epc:id:sgln:4012345.00001.0".into() };
        let clash = Clash { kind: ClashKind::ShippedTwice, one: record(1), other: record(2) };
        let mut state = ItemState {
            not_covered: true,
            withdrawn: Some(Withdrawal::Recalled),
            not_issued: Some(NotIssued::Unknown),
            clashes: vec![clash.clone()],
            sales: vec![at(0)],
            gaps: vec![gap.clone(), Gap::Receiving { at: String::new() }],
            conditions: vec![record(3), record(4)],
            ..ItemState::default()
        };
        let failed = TagCheck::Failed(ChipFault::Code);
        let mut reasons = vec![judge(&state, failed, &[])];
        state.not_covered = false;
        for withdrawal in [Withdrawal::Recalled, Withdrawal::Stolen, Withdrawal::Expired] {
            state.withdrawn = Some(withdrawal);
            reasons.push(judge(&state, failed, &[]));
        }
        state.withdrawn = None;
        reasons.push(judge(&state, failed, &[]));
        state.not_issued = None;
        reasons.push(judge(&state, failed, &[]));
        reasons.push(judge(&state, TagCheck::Opened, &[]));
        let open = [Conflict::ManyNetworks { networks: 4 }];
        let found = judge(&state, TagCheck::Passed, &open);
        assert_eq!(found, Reason::Conflict(open[0]), "a finding comes before a clash");
        reasons.push(judge(&state, TagCheck::Passed, &[]));
        state.clashes.clear();
        reasons.push(judge(&state, TagCheck::Passed, &[]));
        state.sales.clear();
        reasons.push(judge(&state, TagCheck::Passed, &[]));
        state.gaps.clear();
        reasons.push(judge(&state, TagCheck::Passed, &[]));
        state.conditions.clear();
        reasons.push(judge(&state, TagCheck::NotChecked, &[]));
        reasons.push(judge(&state, TagCheck::Passed, &[]));
        assert_eq!(
            reasons,
            [
                Reason::NotCovered,
                Reason::Withdrawn(Withdrawal::Recalled),
                Reason::Withdrawn(Withdrawal::Stolen),
                Reason::Withdrawn(Withdrawal::Expired),
                Reason::NotIssued(NotIssued::Unknown),
                Reason::ChipFailed(ChipFault::Code),
                Reason::SealOpened,
                Reason::Clash(clash),
                Reason::Sold(at(0)),
                Reason::Gap(gap),
                Reason::Condition(record(3)),
                Reason::NothingFound,
                Reason::ChipPassed,
            ]
        );
        let verdicts: Vec<_> = reasons.iter().map(Reason::verdict).collect();
        assert_eq!(verdicts, Verdict::ALL);
    }

    #[test]
    fn a_code_without_a_key_is_not_covered_because_it_is_malformed() {
        let state = ItemState::of_unknown(&crate::testing::rights(), None);
        let reason = judge(&state, TagCheck::NotChecked, &[]);
        assert_eq!((reason.verdict(), reason), (Verdict::NotCovered, Reason::Malformed));
        let state = ItemState::of_unknown(&directory::Rights::default(), None);
        let reason = judge(&state, TagCheck::NotChecked, &[]);
        assert_eq!(reason, Reason::NotIssued(NotIssued::Unknown), "without a directory");
    }

    #[test]
    fn every_code_not_issued_is_rejected() {
        for why in [
            NotIssued::Unknown,
            NotIssued::NeverApplied,
            NotIssued::NotEntitled,
            NotIssued::Disputed,
            NotIssued::Ended(Ending::Destroyed),
        ] {
            let state = ItemState { not_issued: Some(why), ..ItemState::default() };
            let reason = judge(&state, TagCheck::Passed, &[]);
            assert_eq!(reason, Reason::NotIssued(why));
            assert_eq!(reason.verdict(), Verdict::Rejected);
        }
    }

    #[test]
    fn without_anything_against_it_an_unchecked_tag_is_consistent_and_never_strong() {
        for tag in [TagCheck::NotChecked, TagCheck::Unbound] {
            let reason = judge(&ItemState::default(), tag, &[]);
            assert_eq!(reason.verdict(), Verdict::Consistent, "{tag:?}");
        }
    }

    #[test]
    fn the_codes_are_part_of_the_api() {
        let codes = Verdict::ALL.map(Verdict::code);
        assert_eq!(
            codes,
            [
                "NOT_COVERED",
                "RECALLED",
                "STOLEN",
                "EXPIRED",
                "REJECTED",
                "TAG_FAIL",
                "OPENED",
                "CONFLICT",
                "SOLD",
                "GAP",
                "CONDITION",
                "CONSISTENT",
                "STRONG",
            ]
        );
    }
}
