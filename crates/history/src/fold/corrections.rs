//! Error declarations: which earlier record each one cancels.
//!
//! What holds: a declaration cancels a record of the same ledger with the same event id and content, or, by the
//! licensee, one of somebody whom it lent the act; a record that others relied on stays, and both are shown.
//!
//! Not here: reading a declaration's members ([`crate::record_view`]).
//!
//! Source: EPCIS 2.0 section 7.4.1.4.

use std::collections::{HashMap, HashSet};

use directory::{Moment, Rights, Subject};

use super::journey::{Facts, Journey};
use super::order::Statement;
use crate::authority::{Roles, Row, Tie};
use crate::entry::HistoryEntry;
use crate::record_view::RecordView;
use crate::state::{Clash, ClashKind};
use crate::statement::Deed;
use crate::weight::{Mark, Weight};

/// What the statements lead to once error declarations are applied.
#[derive(Debug)]
pub struct Corrected {
    /// The last pass.
    pub journey: Journey,
    /// Records that were declared wrong.
    pub cancelled: HashSet<usize>,
}

/// Runs over `statements`, which are in order, until every error declaration has been applied.
#[must_use]
pub fn run(
    rights: &Rights,
    subject: &Subject,
    entries: &[HistoryEntry],
    statements: &[Statement],
) -> Corrected {
    let mut cancelled = HashSet::new();
    let mut corrections = HashMap::new();
    let mut clashes = Vec::new();
    let pass = |cancelled: &HashSet<usize>, corrections: &HashMap<usize, Weight>| {
        Journey::run(&Facts { rights, subject, entries, cancelled, corrections }, statements)
    };
    let mut journey = pass(&cancelled, &corrections);
    let finder = Finder { rights, subject, entries, statements };
    let targets = finder.targets(&journey);
    for (declaration, target) in &targets {
        let entry = &entries[statements[*declaration].entry];
        let wrong = statements[*target].entry;
        if cancelled.contains(&wrong) {
            continue;
        }
        let weight = finder.weight(entry, &entries[wrong]);
        let is_relied_on = finder.is_relied_on(&journey, *target, *declaration);
        if weight == Weight::Counts && is_relied_on {
            let (one, other) = (entries[wrong].reference(), entry.reference());
            clashes.push(Clash { kind: ClashKind::CorrectedTooLate, one, other });
        }
        if weight == Weight::Counts && !is_relied_on {
            cancelled.insert(wrong);
        }
        let weight = if is_relied_on { weight.min(Weight::Claim) } else { weight };
        corrections.insert(statements[*declaration].entry, weight);
        journey = pass(&cancelled, &corrections);
    }
    journey.clashes.extend(clashes);
    Corrected { journey, cancelled }
}

struct Finder<'a> {
    rights: &'a Rights,
    subject: &'a Subject,
    entries: &'a [HistoryEntry],
    statements: &'a [Statement],
}

impl Finder<'_> {
    fn entry(&self, place: usize) -> &HistoryEntry {
        &self.entries[self.statements[place].entry]
    }

    /// Error declarations and the records that they are about, by place among the statements; those about records
    /// without effect are left out.
    fn targets(&self, journey: &Journey) -> Vec<(usize, usize)> {
        let is_correction = |place: &usize| self.statements[*place].deeds.contains(&Deed::Correct);
        let declarations: Vec<usize> = (0..self.statements.len()).filter(is_correction).collect();
        let mut by_time: HashMap<_, Vec<usize>> = HashMap::new();
        if !declarations.is_empty() {
            for place in (0..self.statements.len()).filter(|place| !is_correction(place)) {
                let statement = &self.statements[place];
                let weight = journey.weights.get(&statement.entry).copied().unwrap_or_default();
                if weight != Weight::Listed {
                    by_time.entry(self.entry(place).at).or_default().push(place);
                }
            }
        }
        let target = |declaration: usize| {
            let candidates = by_time.get(&self.entry(declaration).at)?;
            let is_target = |place: &&usize| self.is_about(declaration, **place);
            Some((declaration, *candidates.iter().find(is_target)?))
        };
        declarations.into_iter().filter_map(target).collect()
    }

    fn is_about(&self, declaration: usize, target: usize) -> bool {
        let (one, other) = (self.entry(declaration), self.entry(target));
        let is_same_ledger = one.origin == other.origin;
        let (Some(own), Some(wrong)) = (one.view(), other.view()) else { return false };
        let is_same_event = own.event_id() == wrong.event_id() && own.content() == wrong.content();
        is_same_event && (is_same_ledger && one.index > other.index || self.is_lent(one, other))
    }

    /// Whether `declaring` is the licensee, and `declared` is of somebody whom it lent the act.
    fn is_lent(&self, declaring: &HistoryEntry, declared: &HistoryEntry) -> bool {
        let roles = |entry: &HistoryEntry| {
            let at = Moment { event: entry.at, seal: entry.seal.at };
            let speaker = entry.speaker.as_ref()?;
            Some(Roles::of(self.rights, speaker, Row::Issue, self.subject, at))
        };
        roles(declaring).is_some_and(Roles::is_licensee)
            && roles(declared).is_some_and(Roles::is_grantee)
    }

    /// The declaration counts if it is complete, its party is not suspended and its time is possible.
    fn weight(&self, declaring: &HistoryEntry, declared: &HistoryEntry) -> Weight {
        let Some(speaker) = &declaring.speaker else { return Weight::Listed };
        let is_own = declaring.speaker == declared.speaker || self.is_lent(declaring, declared);
        if !is_own {
            return Weight::Listed;
        }
        let at = Moment { event: declaring.at, seal: declaring.seal.at };
        let roles = Roles::of(self.rights, speaker, Row::Correct, self.subject, at);
        let is_complete = declaring.view().is_some_and(RecordView::is_complete_correction);
        let is_possible = declaring.mark != Some(Mark::Future);
        if is_complete && is_possible && !roles.has(Tie::Suspended) {
            Weight::Counts
        } else {
            Weight::Claim
        }
    }

    /// Whether another party received the item on the strength of the record before it was declared wrong.
    fn is_relied_on(&self, journey: &Journey, target: usize, declaration: usize) -> bool {
        let moves = |deed: &Deed| {
            matches!(
                deed,
                Deed::Commission
                    | Deed::Ship(_)
                    | Deed::Receive(_)
                    | Deed::Pack(_)
                    | Deed::Unpack(_)
            )
        };
        let receives = |deed: &Deed| matches!(deed, Deed::Receive(_) | Deed::Return(Some(_)));
        let own = self.entry(target);
        self.statements[target].deeds.iter().any(moves)
            && (target + 1..declaration).any(|place| {
                let statement = &self.statements[place];
                let weight = journey.weights.get(&statement.entry).copied().unwrap_or_default();
                weight == Weight::Counts
                    && self.entry(place).speaker != own.speaker
                    && statement.deeds.iter().any(receives)
            })
    }
}
