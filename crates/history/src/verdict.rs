//! The verdict: nine answers, of which the first that applies wins.
//!
//! What holds: pure and total; every verdict follows from one [`Reason`]; only a chip that was checked just now gives
//! [`Verdict::Strong`].
//!
//! Not here: the state of the item ([`crate::fold`]), what people read (`trace-api`).

use jiff::Timestamp;

use crate::fold::{ItemState, NotIssued, Withdrawal};
use crate::gaps::Gap;
use crate::scans::Conflict;

/// The answer to a scan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// Do not use it: recalled, stolen or expired.
    Recalled,
    /// The code was not issued.
    Rejected,
    /// The chip check failed.
    TagFail,
    /// The seal was opened.
    Opened,
    /// Two objects seem to carry the code.
    Conflict,
    /// It was sold.
    Sold,
    /// The journey has a gap.
    Gap,
    /// The records fit together; the tag can be copied.
    Consistent,
    /// The records fit together and the chip was checked.
    Strong,
}

impl Verdict {
    /// All verdicts, in order of precedence.
    pub const ALL: [Self; 9] = [
        Self::Recalled,
        Self::Rejected,
        Self::TagFail,
        Self::Opened,
        Self::Conflict,
        Self::Sold,
        Self::Gap,
        Self::Consistent,
        Self::Strong,
    ];

    /// Its code in JSON answers, metrics and stored scans.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Recalled => "RECALLED",
            Self::Rejected => "REJECTED",
            Self::TagFail => "TAG_FAIL",
            Self::Opened => "OPENED",
            Self::Conflict => "CONFLICT",
            Self::Sold => "SOLD",
            Self::Gap => "GAP",
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
    /// The chip's code was correct and fresh.
    Passed,
    /// The chip's code was wrong or used before.
    Failed,
    /// The chip reports an opened seal.
    Opened,
}

/// Why a verdict was given.
#[derive(Debug, Clone, PartialEq)]
pub enum Reason {
    /// The item must not be used or bought.
    Withdrawn(Withdrawal),
    /// The code does not count as issued.
    NotIssued(NotIssued),
    /// The chip's code was wrong or used before.
    ChipFailed,
    /// The chip reports an opened seal.
    SealOpened,
    /// Scans or sales hint at two objects.
    Conflict(Conflict),
    /// It was sold at that time.
    Sold(Timestamp),
    /// The first gap.
    Gap(Gap),
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
            Self::Withdrawn(Withdrawal::Recalled | Withdrawal::Stolen | Withdrawal::Expired) => {
                Verdict::Recalled
            }
            Self::NotIssued(NotIssued::Unknown | NotIssued::NeverApplied | NotIssued::Disputed) => {
                Verdict::Rejected
            }
            Self::ChipFailed => Verdict::TagFail,
            Self::SealOpened => Verdict::Opened,
            Self::Conflict(_) => Verdict::Conflict,
            Self::Sold(_) => Verdict::Sold,
            Self::Gap(_) => Verdict::Gap,
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
    if let Some(withdrawal) = state.withdrawn {
        return Reason::Withdrawn(withdrawal);
    }
    if let Some(why) = state.not_issued {
        return Reason::NotIssued(why);
    }
    match tag {
        TagCheck::Failed => return Reason::ChipFailed,
        TagCheck::Opened => return Reason::SealOpened,
        TagCheck::Passed | TagCheck::NotChecked => {}
    }
    if let Some(conflict) = open.first() {
        return Reason::Conflict(*conflict);
    }
    if let Some(sale) = state.sales.first() {
        return Reason::Sold(*sale);
    }
    if let Some(gap) = state.gaps.first() {
        return Reason::Gap(gap.clone());
    }
    if tag == TagCheck::Passed { Reason::ChipPassed } else { Reason::NothingFound }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minutes: i64) -> Timestamp {
        Timestamp::from_second(1_700_000_000 + minutes * 60).unwrap()
    }

    #[test]
    fn the_first_reason_that_applies_wins_in_the_order_of_the_verdicts() {
        let gap = Gap::Shipping { from: "urn:epc:id:sgln:4012345.00001.0".into() };
        let mut state = ItemState {
            withdrawn: Some(Withdrawal::Recalled),
            not_issued: Some(NotIssued::Unknown),
            sales: vec![at(0)],
            gaps: vec![gap.clone(), Gap::Receiving { at: String::new() }],
        };
        let mut reasons = vec![judge(&state, TagCheck::Failed, &[])];
        state.withdrawn = None;
        reasons.push(judge(&state, TagCheck::Failed, &[]));
        state.not_issued = None;
        reasons.push(judge(&state, TagCheck::Failed, &[]));
        reasons.push(judge(&state, TagCheck::Opened, &[]));
        let open = [Conflict::SoldTwice { sales: 2 }, Conflict::ManyNetworks { networks: 4 }];
        reasons.push(judge(&state, TagCheck::Passed, &open));
        reasons.push(judge(&state, TagCheck::Passed, &[]));
        state.sales.clear();
        reasons.push(judge(&state, TagCheck::Passed, &[]));
        state.gaps.clear();
        reasons.push(judge(&state, TagCheck::NotChecked, &[]));
        reasons.push(judge(&state, TagCheck::Passed, &[]));
        assert_eq!(
            reasons,
            [
                Reason::Withdrawn(Withdrawal::Recalled),
                Reason::NotIssued(NotIssued::Unknown),
                Reason::ChipFailed,
                Reason::SealOpened,
                Reason::Conflict(Conflict::SoldTwice { sales: 2 }),
                Reason::Sold(at(0)),
                Reason::Gap(gap),
                Reason::NothingFound,
                Reason::ChipPassed,
            ]
        );
        let verdicts: Vec<_> = reasons.iter().map(Reason::verdict).collect();
        assert_eq!(verdicts, Verdict::ALL);
    }

    #[test]
    fn every_withdrawal_is_recalled_and_every_code_not_issued_is_rejected() {
        for withdrawal in [Withdrawal::Recalled, Withdrawal::Stolen, Withdrawal::Expired] {
            let state = ItemState { withdrawn: Some(withdrawal), ..ItemState::default() };
            let reason = judge(&state, TagCheck::Passed, &[]);
            assert_eq!(reason, Reason::Withdrawn(withdrawal));
            assert_eq!(reason.verdict(), Verdict::Recalled);
        }
        for why in [NotIssued::Unknown, NotIssued::NeverApplied, NotIssued::Disputed] {
            let state = ItemState { not_issued: Some(why), ..ItemState::default() };
            let reason = judge(&state, TagCheck::Passed, &[]);
            assert_eq!(reason, Reason::NotIssued(why));
            assert_eq!(reason.verdict(), Verdict::Rejected);
        }
    }

    #[test]
    fn without_anything_against_it_an_unchecked_tag_is_consistent_and_never_strong() {
        let reason = judge(&ItemState::default(), TagCheck::NotChecked, &[]);
        assert_eq!(reason.verdict(), Verdict::Consistent);
    }

    #[test]
    fn the_codes_are_part_of_the_api() {
        let codes = Verdict::ALL.map(Verdict::code);
        assert_eq!(
            codes,
            [
                "RECALLED",
                "REJECTED",
                "TAG_FAIL",
                "OPENED",
                "CONFLICT",
                "SOLD",
                "GAP",
                "CONSISTENT",
                "STRONG",
            ]
        );
    }
}
