//! A right for some hours that two people give together.
//!
//! The way through: an operator proposes an [`Exception`], another approves it, [`Exception::grant`] is then what it gives.
//!
//! What holds: nothing is given before a second person approved, however many keys the first has; it ends after at most
//! [`MOST_HOURS`] hours; what is read under it is recorded.
//!
//! Not here: where proposals are stored, and their records in the log of reads.
//!
//! Source: decision 0058.

use jiff::{SignedDuration, Timestamp};

use crate::act::Act;
use crate::decide::{Decision, decide};
use crate::grant::{Grant, GrantError, Identity, Means};
use crate::role::Role;
use crate::scope::Scope;

/// Most hours that an exception lasts.
pub const MOST_HOURS: i64 = 8;
/// How long a proposal waits for its second person.
const WAITS: SignedDuration = SignedDuration::from_hours(1);

/// A right for some hours, proposed or approved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exception {
    /// Who gets it.
    subject: String,
    grant: Grant,
    hours: i64,
    proposed_by: String,
    proposed_at: Timestamp,
    approved: Option<(String, Timestamp)>,
}

/// Why an exception is not made or not approved.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BreakGlassError {
    /// The caller may not.
    #[error("{0}")]
    NotAllowed(String),
    /// They showed who they are in another way.
    #[error("got somebody who came with {0}, expected an operator with an API key of their own")]
    Means(&'static str),
    /// It would last too long, or not at all.
    #[error("got {0} hours, expected 1 to {MOST_HOURS}")]
    Hours(i64),
    /// It would be about everything.
    #[error(transparent)]
    Grant(#[from] GrantError),
    /// One person cannot be both.
    #[error("`{0}` proposed this; expected the approval of another person")]
    SamePerson(String),
    /// The second person came too late.
    #[error("the proposal of {0} was not approved within an hour; propose it again")]
    TooLate(Timestamp),
    /// It was approved before.
    #[error("the proposal was approved by `{0}` already")]
    Approved(String),
}

fn operator(by: &Identity, now: Timestamp) -> Result<&str, BreakGlassError> {
    if let Decision::Refused { why, .. } = decide(Some(by), Act::BreakGlass, now) {
        return Err(BreakGlassError::NotAllowed(why));
    }
    match by.means {
        Means::ApiKey => Ok(&by.subject),
        means => Err(BreakGlassError::Means(means.name())),
    }
}

impl Exception {
    /// Proposes that `subject` gets a role within limits for some hours.
    ///
    /// # Errors
    ///
    /// [`BreakGlassError`].
    pub fn propose(
        by: &Identity,
        (subject, role, scope): (&str, Role, Scope),
        hours: i64,
        now: Timestamp,
    ) -> Result<Self, BreakGlassError> {
        let proposed_by = operator(by, now)?.to_owned();
        if !(1..=MOST_HOURS).contains(&hours) {
            return Err(BreakGlassError::Hours(hours));
        }
        let grant = Grant::new(role, scope, None)?.exceptional();
        let subject = subject.to_owned();
        Ok(Self { subject, grant, hours, proposed_by, proposed_at: now, approved: None })
    }

    /// Approves it as the second person.
    ///
    /// # Errors
    ///
    /// [`BreakGlassError`].
    pub fn approve(&mut self, by: &Identity, now: Timestamp) -> Result<(), BreakGlassError> {
        let by = operator(by, now)?;
        if let Some((approved_by, _)) = &self.approved {
            return Err(BreakGlassError::Approved(approved_by.clone()));
        }
        if is_one_person(by, &self.proposed_by) {
            return Err(BreakGlassError::SamePerson(self.proposed_by.clone()));
        }
        if now < self.proposed_at || now.duration_since(self.proposed_at) >= WAITS {
            return Err(BreakGlassError::TooLate(self.proposed_at));
        }
        self.approved = Some((by.to_owned(), now));
        Ok(())
    }

    /// What it gives to [`Exception::subject`]; nothing before it is approved.
    #[must_use]
    pub fn grant(&self) -> Option<Grant> {
        let (_, at) = self.approved.as_ref()?;
        let ends = at.checked_add(SignedDuration::from_hours(self.hours)).ok()?;
        let (role, scope) = (self.grant.role(), self.grant.scope().clone());
        Some(Grant::new(role, scope, Some(ends)).ok()?.exceptional())
    }

    /// Who gets it.
    #[must_use]
    pub fn subject(&self) -> &str {
        &self.subject
    }
}

/// Whether two names are of one person: letters in another case, or spaces around them, make no second one.
fn is_one_person(one: &str, other: &str) -> bool {
    one.trim().to_lowercase() == other.trim().to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minutes: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + minutes * 60).unwrap()
    }

    fn somebody(subject: &str, role: Role, means: Means) -> Identity {
        let scope = match role {
            Role::Operator => Scope::default(),
            _ => Scope::default().with_product("9521141").unwrap(),
        };
        let grants = vec![Grant::new(role, scope, None).unwrap()];
        Identity { subject: subject.to_owned(), means, grants }
    }

    fn operator(subject: &str) -> Identity {
        somebody(subject, Role::Operator, Means::ApiKey)
    }

    fn proposed() -> Exception {
        let scope = Scope::default().with_product("9521141").unwrap();
        Exception::propose(&operator("lee"), ("kim", Role::Regulator, scope), 2, at(0)).unwrap()
    }

    #[test]
    fn two_people_give_a_right_that_is_recorded_and_ends() {
        let mut exception = proposed();
        assert_eq!(exception.grant(), None, "one person gives nothing");
        exception.approve(&operator("chen"), at(30)).unwrap();
        let grant = exception.grant().unwrap();
        assert!(grant.is_recorded());
        assert_eq!(grant.expires(), Some(at(150)));
        let subject = exception.subject().to_owned();
        let kim = Identity { subject, means: Means::ApiKey, grants: vec![grant] };
        let may = |now| matches!(decide(Some(&kim), Act::Trace, now), Decision::Allowed(_));
        assert!(may(at(149)) && !may(at(150)));
        let again = exception.approve(&operator("wang"), at(31));
        assert_eq!(again, Err(BreakGlassError::Approved("chen".to_owned())));
    }

    #[test]
    fn the_same_person_with_another_key_is_not_a_second_one() {
        for name in ["lee", "Lee", " LEE "] {
            let mut exception = proposed();
            let refused = exception.approve(&operator(name), at(1));
            assert_eq!(refused, Err(BreakGlassError::SamePerson("lee".to_owned())), "{name}");
            assert_eq!(exception.grant(), None);
        }
    }

    #[test]
    fn whoever_is_no_operator_with_a_key_neither_proposes_nor_approves() {
        let others = [
            (somebody("chen", Role::Regulator, Means::ApiKey), "may not break glass"),
            (somebody("chen", Role::Operator, Means::Session), "came with session"),
        ];
        for (other, why) in others {
            let mut exception = proposed();
            let refused = exception.approve(&other, at(1)).unwrap_err().to_string();
            assert!(refused.contains(why), "{refused}");
            let what = ("kim", Role::Auditor, Scope::default());
            assert!(Exception::propose(&other, what, 2, at(0)).is_err());
            assert_eq!(exception.grant(), None);
        }
    }

    #[test]
    fn a_proposal_that_is_old_too_long_or_about_everything_is_refused() {
        assert_eq!(
            proposed().approve(&operator("chen"), at(60)),
            Err(BreakGlassError::TooLate(at(0)))
        );
        for hours in [-1, 0, 9, i64::MAX] {
            let what = ("kim", Role::Auditor, Scope::default());
            let refused = Exception::propose(&operator("lee"), what, hours, at(0));
            assert_eq!(refused, Err(BreakGlassError::Hours(hours)));
        }
        let what = ("kim", Role::Regulator, Scope::default());
        let refused = Exception::propose(&operator("lee"), what, 1, at(0));
        assert!(matches!(refused, Err(BreakGlassError::Grant(_))), "{refused:?}");
    }
}
