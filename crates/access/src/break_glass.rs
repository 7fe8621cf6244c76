//! A right for some hours that two people give together.
//!
//! The way through: an operator proposes an [`Exception`], another approves it, [`Exception::grant`] is then what it gives.
//!
//! What holds: nothing is given before a second person approved, however many keys the first has; it ends after at most
//! [`MOST_HOURS`] hours; what is read under it is recorded; what was stored is checked by the same rules again ([`Exception::of`]);
//! nobody has a say over such rights by such a right.
//!
//! Not here: where proposals are stored (`sql::emergency`), whose keys are shown and whether they still hold (`gate`), the records
//! in the log of reads (`gate::read_log`).
//!
//! Sources: decisions 0058 and 0072.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};

use crate::act::Act;
use crate::api_key::PREFIX_BYTES;
use crate::decide::{Decision, decide};
use crate::grant::{EmergencyMark, Grant, GrantError, Identity, Means};
use crate::role::Role;
use crate::scope::Scope;

/// Most hours that an exception lasts.
pub const MOST_HOURS: i64 = 8;
/// How long a proposal waits for its second person.
pub const WAITS: SignedDuration = SignedDuration::from_hours(1);

/// What names a right: `emg_` and 8 letters for these random bytes.
#[must_use]
pub fn emergency_id(bytes: [u8; PREFIX_BYTES]) -> String {
    format!("emg_{}", URL_SAFE_NO_PAD.encode(bytes))
}

/// A right for some hours, proposed or approved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exception {
    id: String,
    /// Who gets it.
    subject: String,
    grant: Grant,
    hours: i64,
    proposed_by: String,
    proposed_at: Timestamp,
    approved: Option<(String, Timestamp)>,
    ended_at: Option<Timestamp>,
}

/// What was stored of an exception; nothing of it is believed before [`Exception::of`] has checked it again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredException {
    /// What names it.
    pub id: String,
    /// Who gets it.
    pub subject: String,
    /// As what, within which limits.
    pub what: (Role, Scope),
    /// For how many hours from its approval on.
    pub hours: i64,
    /// Who proposed it and when.
    pub proposed: (String, Timestamp),
    /// Who approved it and when.
    pub approved: Option<(String, Timestamp)>,
    /// When it was ended before its time.
    pub ended_at: Option<Timestamp>,
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
    /// It was ended before.
    #[error("it was ended at {0}; propose it again if it is needed still")]
    Ended(Timestamp),
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
    /// - `id`: what names it from now on.
    ///
    /// # Errors
    ///
    /// [`BreakGlassError`].
    pub fn propose(
        id: &str,
        by: &Identity,
        (subject, role, scope): (&str, Role, Scope),
        hours: i64,
        now: Timestamp,
    ) -> Result<Self, BreakGlassError> {
        let proposed = (operator(by, now)?.to_owned(), now);
        let (id, subject) = (id.to_owned(), subject.to_owned());
        let what = (role, scope);
        Self::of(StoredException {
            id,
            subject,
            what,
            hours,
            proposed,
            approved: None,
            ended_at: None,
        })
    }

    /// The exception that was stored. The rules are asked again, so that a row that breaks one of them gives nothing.
    ///
    /// # Errors
    ///
    /// [`BreakGlassError`]: too many hours, a role without its limits, one person for both, an approval that came too late.
    pub fn of(stated: StoredException) -> Result<Self, BreakGlassError> {
        let StoredException { id, subject, what, hours, proposed, approved, ended_at } = stated;
        if !(1..=MOST_HOURS).contains(&hours) {
            return Err(BreakGlassError::Hours(hours));
        }
        let grant = Grant::new(what.0, what.1, None)?;
        let (proposed_by, proposed_at) = proposed;
        let mut exception =
            Self { id, subject, grant, hours, proposed_by, proposed_at, approved: None, ended_at };
        if let Some((by, at)) = approved {
            exception.take_approval(by, at)?;
        }
        Ok(exception)
    }

    /// Approves it as the second person.
    ///
    /// # Errors
    ///
    /// [`BreakGlassError`].
    pub fn approve(&mut self, by: &Identity, now: Timestamp) -> Result<(), BreakGlassError> {
        let by = operator(by, now)?;
        if let Some(at) = self.ended_at {
            return Err(BreakGlassError::Ended(at));
        }
        if let Some((approved_by, _)) = &self.approved {
            return Err(BreakGlassError::Approved(approved_by.clone()));
        }
        self.take_approval(by.to_owned(), now)
    }

    /// Takes the approval of a second person who came in time.
    fn take_approval(&mut self, by: String, at: Timestamp) -> Result<(), BreakGlassError> {
        if is_one_person(&by, &self.proposed_by) {
            return Err(BreakGlassError::SamePerson(self.proposed_by.clone()));
        }
        if at < self.proposed_at || at.duration_since(self.proposed_at) >= WAITS {
            return Err(BreakGlassError::TooLate(self.proposed_at));
        }
        self.approved = Some((by, at));
        Ok(())
    }

    /// Ends it before its time, or takes the proposal back. One operator is enough: what is taken away needs no second person.
    ///
    /// # Errors
    ///
    /// [`BreakGlassError`].
    pub fn end(&mut self, by: &Identity, now: Timestamp) -> Result<(), BreakGlassError> {
        operator(by, now)?;
        if let Some(at) = self.ended_at {
            return Err(BreakGlassError::Ended(at));
        }
        self.ended_at = Some(now);
        Ok(())
    }

    /// What it gives to [`Exception::subject`] at `now`; nothing before it is approved, after it was ended, once its hours are over, or
    /// by a clock that is behind its approval.
    #[must_use]
    pub fn grant(&self, now: Timestamp) -> Option<Grant> {
        let (approved_by, at) = self.approved.as_ref()?;
        let ends = self.ends()?;
        if self.ended_at.is_some() || now < *at || ends <= now {
            return None;
        }
        let mark = EmergencyMark {
            id: self.id.clone(),
            proposed_by: self.proposed_by.clone(),
            approved_by: approved_by.clone(),
        };
        let (role, scope) = (self.grant.role(), self.grant.scope().clone());
        Some(Grant::new(role, scope, Some(ends)).ok()?.in_emergency(mark))
    }

    /// When its hours are over; none before it is approved.
    #[must_use]
    pub fn ends(&self) -> Option<Timestamp> {
        let (_, at) = self.approved.as_ref()?;
        at.checked_add(SignedDuration::from_hours(self.hours)).ok()
    }

    /// Until when a second person may approve it; none once one did, or it was ended.
    #[must_use]
    pub fn waits_until(&self) -> Option<Timestamp> {
        if self.approved.is_some() || self.ended_at.is_some() {
            return None;
        }
        self.proposed_at.checked_add(WAITS).ok()
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
        Exception::propose("e1", &operator("lee"), ("kim", Role::Regulator, scope), 2, at(0))
            .unwrap()
    }

    #[test]
    fn two_people_give_a_right_that_is_recorded_and_ends() {
        let mut exception = proposed();
        assert_eq!(exception.grant(at(30)), None, "one person gives nothing");
        exception.approve(&operator("chen"), at(30)).unwrap();
        let grant = exception.grant(at(30)).unwrap();
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
            assert_eq!(exception.grant(at(30)), None);
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
            assert!(Exception::propose("e1", &other, what, 2, at(0)).is_err());
            assert_eq!(exception.grant(at(30)), None);
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
            let refused = Exception::propose("e1", &operator("lee"), what, hours, at(0));
            assert_eq!(refused, Err(BreakGlassError::Hours(hours)));
        }
        let what = ("kim", Role::Regulator, Scope::default());
        let refused = Exception::propose("e1", &operator("lee"), what, 1, at(0));
        assert!(matches!(refused, Err(BreakGlassError::Grant(_))), "{refused:?}");
    }

    #[test]
    fn it_gives_nothing_once_it_was_ended_nor_by_a_clock_that_went_back() {
        let mut exception = proposed();
        exception.approve(&operator("chen"), at(30)).unwrap();
        assert_eq!(exception.grant(at(29)), None, "the clock is behind the approval");
        assert!(exception.grant(at(30)).is_some() && exception.grant(at(149)).is_some());
        assert_eq!(exception.grant(at(150)), None);
        let regulator = somebody("kim", Role::Regulator, Means::ApiKey);
        assert!(exception.end(&regulator, at(40)).is_err());
        exception.end(&operator("wang"), at(40)).unwrap();
        assert_eq!(exception.grant(at(41)), None);
        let ended = BreakGlassError::Ended(at(40));
        assert_eq!(exception.end(&operator("wang"), at(41)), Err(ended.clone()));
        assert_eq!(exception.approve(&operator("chen"), at(42)), Err(ended), "replayed");
    }

    #[test]
    fn a_proposal_that_was_taken_back_cannot_be_approved() {
        let mut exception = proposed();
        assert_eq!(exception.waits_until(), Some(at(60)));
        exception.end(&operator("lee"), at(5)).unwrap();
        assert_eq!(exception.waits_until(), None);
        let refused = exception.approve(&operator("chen"), at(6));
        assert_eq!(refused, Err(BreakGlassError::Ended(at(5))));
        assert_eq!(exception.grant(at(7)), None);
    }

    #[test]
    fn a_stored_row_that_breaks_a_rule_gives_nothing() {
        let scope = || Scope::default().with_product("9521141").unwrap();
        let sound = || StoredException {
            id: "e1".to_owned(),
            subject: "kim".to_owned(),
            what: (Role::Regulator, scope()),
            hours: 8,
            proposed: ("lee".to_owned(), at(0)),
            approved: Some(("chen".to_owned(), at(59))),
            ended_at: None,
        };
        assert!(Exception::of(sound()).unwrap().grant(at(60)).is_some());
        let approved_by = |who: &str, at| Some((who.to_owned(), at));
        for changed in [
            StoredException { hours: 9, ..sound() },
            StoredException { hours: 0, ..sound() },
            StoredException { what: (Role::Regulator, Scope::default()), ..sound() },
            StoredException { approved: approved_by(" Lee", at(1)), ..sound() },
            StoredException { approved: approved_by("chen", at(60)), ..sound() },
            StoredException { approved: approved_by("chen", at(-1)), ..sound() },
        ] {
            assert!(Exception::of(changed.clone()).is_err(), "{changed:?}");
        }
    }

    #[test]
    fn nobody_gives_such_rights_by_such_a_right() {
        let what = ("kim", Role::Operator, Scope::default());
        let mut exception =
            Exception::propose("e1", &operator("lee"), what.clone(), 8, at(0)).unwrap();
        exception.approve(&operator("chen"), at(1)).unwrap();
        let grants = vec![exception.grant(at(2)).unwrap()];
        let kim = Identity { subject: "kim".to_owned(), means: Means::ApiKey, grants };
        let reads = decide(Some(&kim), Act::QueryEvents, at(2));
        assert!(matches!(reads, Decision::Allowed(_)), "kim reads as an operator");
        let mut other = proposed();
        let refused = other.approve(&kim, at(2)).unwrap_err().to_string();
        assert!(refused.contains("may not break glass"), "{refused}");
        assert!(Exception::propose("e2", &kim, what, 1, at(2)).is_err());
    }
}
