//! Which rows of the log of reads somebody may read.
//!
//! The way through: a door decides [`crate::Act::ReadAccessLog`], makes a [`LogSight`] of the answer, and asks it of each row
//! ([`LogSight::of`]).
//!
//! What holds:
//!
//! - a row of somebody else is named only to whoever may see every event that its reader could see: its limits are within those of one
//!   grant. Limits that cannot be read are within none;
//! - what is done in a case is for its members, who read it in the case, and for auditors; what a reader did themselves they may read;
//! - what operators do beyond their role (rights of an emergency, sessions that are ended, records that are erased) is named to whoever may read the log, at once. What
//!   was asked for under such a right is told within limits only;
//! - the digest of a report tells nothing, so whoever may read the log sees it;
//! - a legal delay holds for rows of regulators and for readers who are neither regulator nor auditor.
//!
//! Not here: how rows are stored and found (`gate`), what a delay is (the configuration of the desk).
//!
//! Source: decision 0105.

use jiff::{SignedDuration, Timestamp};

use crate::grant::Identity;
use crate::role::Role;
use crate::scope::Scope;
use crate::{Act, Decision, decide};

/// What a row is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogMatter {
    /// Events, or the log.
    Goods,
    /// A case, or an answer to one.
    Case,
    /// A step of a right of an emergency, the end of a session, or the erasure of a record: it goes beyond an operator's role, and names
    /// people and places in ledgers, and no goods.
    Step,
    /// The digest of something: it names nobody and tells nothing.
    Digest,
}

/// What a row says that the decision needs.
#[derive(Debug, Clone, Copy)]
pub struct LogFacts<'a> {
    /// Who did it.
    pub subject: &'a str,
    /// When it was recorded; none if the row does not say.
    pub at: Option<Timestamp>,
    /// Whether it was done as a regulator.
    pub is_of_regulator: bool,
    /// Whether it was done under a right of an emergency.
    pub is_under_right: bool,
    /// What it is about.
    pub matter: LogMatter,
    /// The limits of its reader, one for each grant; none if they cannot be read.
    pub limits: Option<&'a [Scope]>,
}

/// How much of a row is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RowSight {
    /// All.
    Whole,
    /// Who, when, why and by which right, but not what was asked for.
    WithoutAsked,
    /// Nothing; it is counted.
    Beyond,
    /// Nothing yet; it is counted.
    NotYet,
}

/// Somebody who reads the log.
#[derive(Debug, Clone)]
pub struct LogSight<'a> {
    reader: &'a Identity,
    scopes: Vec<(Role, Scope)>,
    /// Reads of regulators that were recorded from then on are not told; none if all are.
    hides_from: Option<Timestamp>,
}

impl<'a> LogSight<'a> {
    /// What `reader` may see of the log; none if they may not read it.
    ///
    /// - `delay`: for how long reads of regulators are not told to others.
    #[must_use]
    pub fn new(reader: &'a Identity, now: Timestamp, delay: SignedDuration) -> Option<Self> {
        let Decision::Allowed(sight) = decide(Some(reader), Act::ReadAccessLog, now) else {
            return None;
        };
        let scopes: Vec<(Role, Scope)> =
            sight.grants().iter().map(|grant| (grant.role(), grant.scope().clone())).collect();
        let sees_all =
            scopes.iter().any(|(role, _)| matches!(role, Role::Regulator | Role::Auditor));
        let is_delayed = !sees_all && delay > SignedDuration::ZERO;
        let hides_from = is_delayed.then(|| now.checked_sub(delay).unwrap_or(Timestamp::MIN));
        Some(Self { reader, scopes, hides_from })
    }

    /// From when on reads of regulators are not told; none if all are.
    #[must_use]
    pub fn hides_from(&self) -> Option<Timestamp> {
        self.hides_from
    }

    /// How much of a row is told.
    #[must_use]
    pub fn of(&self, row: &LogFacts<'_>) -> RowSight {
        if row.subject == self.reader.subject {
            return RowSight::Whole;
        }
        let is_override = row.is_under_right || row.matter == LogMatter::Step;
        // A row that does not say when is as new as it can be.
        let is_new = |from: Timestamp| row.at.is_none_or(|at| at >= from);
        if row.is_of_regulator && !is_override && self.hides_from.is_some_and(is_new) {
            return RowSight::NotYet;
        }
        if matches!(row.matter, LogMatter::Step | LogMatter::Digest) {
            return RowSight::Whole;
        }
        let is_told = self.scopes.iter().any(|(role, own)| {
            let is_within = row.limits.is_some_and(|limits| {
                !limits.is_empty() && limits.iter().all(|limit| own.includes(limit))
            });
            is_within && (row.matter != LogMatter::Case || *role == Role::Auditor)
        });
        match (is_told, is_override) {
            (true, _) => RowSight::Whole,
            (false, true) => RowSight::WithoutAsked,
            (false, false) => RowSight::Beyond,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grant::{Grant, Means};

    const NOW: Timestamp = Timestamp::constant(1_800_000_000, 0);

    fn product(digits: &str) -> Scope {
        Scope::default().with_product(digits).unwrap()
    }

    fn reader(role: Role, scope: Scope) -> Identity {
        let grants = vec![Grant::new(role, scope, None).unwrap()];
        Identity { subject: "kim".to_owned(), means: Means::Session, grants }
    }

    fn row(limits: &[Scope]) -> LogFacts<'_> {
        LogFacts {
            subject: "lee",
            at: Some(NOW - SignedDuration::from_hours(1)),
            is_of_regulator: true,
            is_under_right: false,
            matter: LogMatter::Goods,
            limits: Some(limits),
        }
    }

    fn told(who: &Identity, days: i64, row: &LogFacts<'_>) -> RowSight {
        let delay = SignedDuration::from_hours(24 * days);
        LogSight::new(who, NOW, delay).expect("they may read the log").of(row)
    }

    #[test]
    fn a_row_is_named_to_whoever_may_see_what_its_reader_could_see() {
        let (own, narrower, other) = (product("9521141"), product("95211410"), product("4012345"));
        let lee = reader(Role::Regulator, own.clone());
        assert_eq!(told(&lee, 0, &row(std::slice::from_ref(&own))), RowSight::Whole);
        assert_eq!(told(&lee, 0, &row(&[narrower])), RowSight::Whole);
        for beyond in [
            vec![other.clone()],
            vec![own.clone(), other],
            vec![Scope::default()],
            vec![product("952114")],
            vec![],
        ] {
            assert_eq!(told(&lee, 0, &row(&beyond)), RowSight::Beyond, "{beyond:?}");
        }
        assert_eq!(told(&lee, 0, &LogFacts { limits: None, ..row(&[]) }), RowSight::Beyond);
        let himself = LogFacts { subject: "kim", limits: None, ..row(&[]) };
        assert_eq!(told(&lee, 0, &himself), RowSight::Whole);
        let auditor = reader(Role::Auditor, Scope::default());
        assert_eq!(told(&auditor, 0, &row(&[Scope::default(), own])), RowSight::Whole);
    }

    #[test]
    fn acts_in_a_case_are_for_auditors_and_whoever_acted() {
        let limits = [product("9521141")];
        let act = LogFacts { matter: LogMatter::Case, ..row(&limits) };
        for role in [Role::Regulator, Role::Operator] {
            assert_eq!(told(&reader(role, product("9521141")), 0, &act), RowSight::Beyond);
        }
        assert_eq!(told(&reader(Role::Auditor, Scope::default()), 0, &act), RowSight::Whole);
        let own = LogFacts { subject: "kim", ..act };
        assert_eq!(told(&reader(Role::Regulator, product("4012")), 0, &own), RowSight::Whole);
    }

    #[test]
    fn overrides_are_named_to_every_reader_at_once_without_goods_beyond_limits() {
        let limits = [Scope::default()];
        let used = LogFacts { is_under_right: true, ..row(&limits) };
        let step = LogFacts { is_under_right: false, matter: LogMatter::Step, ..row(&limits) };
        let inspector = reader(Role::Regulator, product("9521141"));
        assert_eq!(told(&inspector, 0, &used), RowSight::WithoutAsked);
        assert_eq!(told(&inspector, 0, &step), RowSight::Whole);
        let operator = reader(Role::Operator, Scope::default());
        assert_eq!(told(&operator, 365, &used), RowSight::Whole);
        assert_eq!(told(&operator, 365, &step), RowSight::Whole);
    }

    #[test]
    fn a_legal_delay_holds_for_operators_and_for_reads_of_regulators_alone() {
        let limits = [product("9521141")];
        let (operator, read) = (reader(Role::Operator, Scope::default()), row(&limits));
        assert_eq!(told(&operator, 0, &read), RowSight::Whole);
        assert_eq!(told(&operator, 1, &read), RowSight::NotYet);
        let old = LogFacts { at: Some(NOW - SignedDuration::from_hours(25)), ..read };
        assert_eq!(told(&operator, 1, &old), RowSight::Whole);
        assert_eq!(told(&operator, 1, &LogFacts { at: None, ..read }), RowSight::NotYet);
        let of_operator = LogFacts { is_of_regulator: false, ..read };
        assert_eq!(told(&operator, 1, &of_operator), RowSight::Whole);
        for (role, scope) in
            [(Role::Regulator, product("9521141")), (Role::Auditor, Scope::default())]
        {
            assert_eq!(told(&reader(role, scope), 365, &read), RowSight::Whole);
        }
    }

    #[test]
    fn who_may_not_read_the_log_has_no_sight_of_it() {
        let company = Scope::default().with_party("urn:epc:id:pgln:9521142.00000").unwrap();
        for (role, scope) in [(Role::Custodian, company), (Role::BrandOwner, product("9521141"))] {
            assert!(LogSight::new(&reader(role, scope), NOW, SignedDuration::ZERO).is_none());
        }
    }
}
