//! Rights of an emergency: two operators give somebody a role for some hours (break glass).
//!
//! The way through: [`Gate::propose`] and [`Gate::approve`] take the key of an operator each, ask `access::Exception` whether it may be,
//! record the step in the log of reads, and store it; [`Gate::end_emergency`] takes one operator. [`Gate::with_emergencies`] adds what holds to
//! everybody whom the gate identifies, so every door has it.
//!
//! What holds:
//!
//! - nothing is stored that is not in the log first; a step that is recorded and then not stored gives nothing;
//! - a stored row is checked by the rules again whenever it is used, with the keys of its two people as they are now: once one of
//!   them is revoked, or is somebody else's, or is no operator's, the row gives nothing;
//! - what this process has seen of the time never goes back, so a clock that is set back does not revive a right.
//!
//! Not here: the rules (`access::Exception`), the table (`sql::emergency`). Whoever owns the database can write rows that keep the rules;
//! that they were not proposed shows in the log, which is signed and anchored ([`crate::emergency_check`]).
//!
//! Sources: decisions 0058 and 0072.

use access::{ApiKey, BreakGlassError, Exception, Grant, Identity, Role, Scope, StoredException};
use jiff::Timestamp;
use sql::access_limits::StoredLimits;
use sql::emergency::{Step, StepKey, StoredEmergency, WithKeys};
use thiserror::Error;

use crate::read_log::{EmergencyAct, EmergencyStep, NotRecorded, ReadLog};
use crate::{Gate, Refusal};

/// Characters of a reason.
pub const REASON_CHARACTERS: std::ops::RangeInclusive<usize> = 3..=500;

/// Why a step was not taken.
#[derive(Debug, Error)]
pub enum NotGiven {
    /// Whose key it is cannot be said, or it does not hold.
    #[error(transparent)]
    Key(#[from] Refusal),
    /// A rule refuses it.
    #[error(transparent)]
    Rule(#[from] BreakGlassError),
    /// What is proposed cannot be understood.
    #[error("{0}")]
    Wrong(String),
    /// There is no such right.
    #[error("got `{0}`, expected the id of a right as `chopmark access emergency list` shows it")]
    Unknown(String),
    /// It could not be recorded, so it was not done.
    #[error("the step was not recorded, so it was not taken: {0}")]
    NotRecorded(#[from] NotRecorded),
    /// Somebody else took a step meanwhile.
    #[error("somebody else approved or ended `{0}` at the same moment; look at it again")]
    Overtaken(String),
    /// The database failed.
    #[error("database: {0}")]
    Sql(#[from] sql::Error),
}

/// What is proposed.
#[derive(Debug, Clone)]
pub struct Proposal {
    /// What will name it: `emg_` and 8 letters.
    pub id: String,
    /// Who is to get it.
    pub subject: String,
    /// As what.
    pub limits: StoredLimits,
    /// For how many hours, 1 to 8.
    pub hours: i16,
    /// Why, 3 to 500 characters.
    pub reason: String,
}

impl Gate {
    /// Somebody, with what two operators gave to their name for the moment.
    ///
    /// # Errors
    ///
    /// [`Refusal::Unavailable`] if the database does not answer.
    pub async fn with_emergencies(&self, mut identity: Identity) -> Result<Identity, Refusal> {
        let now = self.latest.with(self.clock.now());
        for held in sql::emergency::held(&self.db, &identity.subject, now).await? {
            match grant(&held, now) {
                Ok(grant) => identity.grants.extend(grant),
                Err(why) => {
                    tracing::error!(id = held.0.id, why, "a right of an emergency gives nothing");
                }
            }
        }
        Ok(identity)
    }

    /// Proposes a right as the first person.
    ///
    /// - `key`: the person's own, an operator's.
    ///
    /// # Errors
    ///
    /// [`NotGiven`].
    pub async fn propose(
        &self,
        log: &ReadLog,
        key: &str,
        new: Proposal,
    ) -> Result<StoredEmergency, NotGiven> {
        let (by, key) = self.operator(key).await?;
        let Proposal { id, subject, limits, hours, reason } = new;
        if !REASON_CHARACTERS.contains(&reason.chars().count())
            || reason.chars().any(char::is_control)
        {
            let detail = "the reason: expected 3 to 500 printable characters".to_owned();
            return Err(NotGiven::Wrong(detail));
        }
        let (role, scope) = what(&limits).map_err(NotGiven::Wrong)?;
        let at = self.step_time();
        Exception::propose(&id, &by, (&subject, role, scope), i64::from(hours), at)?;
        let proposed = Step { by: by.subject.clone(), key, at };
        let new = StoredEmergency {
            id,
            subject,
            limits,
            hours,
            reason,
            proposed,
            approved: None,
            ended: None,
        };
        log.record_step(&EmergencyStep { who: &by, act: EmergencyAct::Propose, right: &new })
            .await?;
        let insert = async |tx: &sql::Transaction<'_>| sql::emergency::insert(tx, &new).await;
        self.db.run_tx("gate.emergency_proposed", insert).await?;
        Ok(new)
    }

    /// Approves a right as the second person; from then on it holds.
    ///
    /// # Errors
    ///
    /// [`NotGiven`].
    pub async fn approve(
        &self,
        log: &ReadLog,
        key: &str,
        id: &str,
    ) -> Result<StoredEmergency, NotGiven> {
        let (by, key) = self.operator(key).await?;
        let held = self.stored(id).await?;
        first_person(&held).map_err(NotGiven::Wrong)?;
        let (mut right, ..) = held;
        if key == right.proposed.key {
            return Err(BreakGlassError::SamePerson(right.proposed.by).into());
        }
        let at = self.step_time();
        let mut exception = exception(&right).map_err(NotGiven::Wrong)?;
        exception.approve(&by, at)?;
        let step = Step { by: by.subject.clone(), key, at };
        right.approved = Some(step.clone());
        log.record_step(&EmergencyStep { who: &by, act: EmergencyAct::Approve, right: &right })
            .await?;
        let approve =
            async |tx: &sql::Transaction<'_>| sql::emergency::approve(tx, id, &step).await;
        let is_taken = self.db.run_tx("gate.emergency_approved", approve).await?;
        if is_taken { Ok(right) } else { Err(NotGiven::Overtaken(id.to_owned())) }
    }

    /// Ends a right before its time, or takes a proposal back; one operator is enough.
    ///
    /// # Errors
    ///
    /// [`NotGiven`].
    pub async fn end_emergency(
        &self,
        log: &ReadLog,
        key: &str,
        id: &str,
    ) -> Result<StoredEmergency, NotGiven> {
        let (by, key) = self.operator(key).await?;
        let (mut right, ..) = self.stored(id).await?;
        let at = self.step_time();
        // A row that breaks a rule gives nothing, and can be ended all the same.
        if let Ok(mut exception) = exception(&right) {
            exception.end(&by, at)?;
        }
        let step = Step { by: by.subject.clone(), key, at };
        right.ended = Some(step.clone());
        log.record_step(&EmergencyStep { who: &by, act: EmergencyAct::End, right: &right }).await?;
        let end = async |tx: &sql::Transaction<'_>| sql::emergency::end(tx, id, &step).await;
        let is_taken = self.db.run_tx("gate.emergency_ended", end).await?;
        if is_taken { Ok(right) } else { Err(NotGiven::Overtaken(id.to_owned())) }
    }

    /// The operator whose key this is, and what names the key.
    async fn operator(&self, key: &str) -> Result<(Identity, String), NotGiven> {
        let wrong =
            || NotGiven::Wrong("got no key, expected one of `chopmark access key add`".to_owned());
        let key = ApiKey::parse(key.trim()).ok_or_else(wrong)?;
        Ok((self.holder_with(&key).await?, key.prefix().to_owned()))
    }

    async fn stored(&self, id: &str) -> Result<WithKeys, NotGiven> {
        let found = sql::emergency::find(&self.db, id).await?;
        found.ok_or_else(|| NotGiven::Unknown(id.chars().take(40).collect()))
    }

    /// The time of a step as the database keeps it: to the microsecond, so that the row says what the log says.
    fn step_time(&self) -> Timestamp {
        let now = self.latest.with(self.clock.now());
        Timestamp::from_microsecond(now.as_microsecond()).unwrap_or(now)
    }
}

/// What a stored right gives at `now`.
///
/// # Errors
///
/// Why it gives nothing although it was approved: it breaks a rule, or a key of one of its people does not count any more.
pub fn grant(held: &WithKeys, now: Timestamp) -> Result<Option<Grant>, String> {
    let (right, _, second) = held;
    let given = exception(right)?.grant(now);
    if given.is_none() {
        return Ok(None);
    }
    first_person(held)?;
    let (step, key) = right.approved.as_ref().zip(second.as_ref()).ok_or("it has no second key")?;
    if step.key == right.proposed.key {
        return Err("both people showed one key".to_owned());
    }
    is_operators(step, key)?;
    Ok(given)
}

/// Whether the key of the first person counts still.
fn first_person((right, key, _): &WithKeys) -> Result<(), String> {
    is_operators(&right.proposed, key)
}

/// Whether the key of a step is the person's, an operator's, and not revoked. That it has expired since changes nothing.
fn is_operators(step: &Step, key: &StepKey) -> Result<(), String> {
    let prefix = &step.key;
    if let Some(at) = key.revoked_at {
        return Err(format!("the key {prefix} of `{}` was revoked at {at}", step.by));
    }
    if key.subject != step.by {
        return Err(format!("the key {prefix} is not of `{}`", step.by));
    }
    if Role::from_name(&key.role) != Some(Role::Operator) {
        return Err(format!("the key {prefix} of `{}` is no operator's", step.by));
    }
    Ok(())
}

/// A stored right, by the rules.
fn exception(right: &StoredEmergency) -> Result<Exception, String> {
    let approved = right.approved.as_ref().map(|step| (step.by.clone(), step.at));
    let stated = StoredException {
        id: right.id.clone(),
        subject: right.subject.clone(),
        what: what(&right.limits)?,
        hours: i64::from(right.hours),
        proposed: (right.proposed.by.clone(), right.proposed.at),
        approved,
        ended_at: right.ended.as_ref().map(|step| step.at),
    };
    Exception::of(stated).map_err(|error| error.to_string())
}

/// Whether a right is proposed, holds, has ended or gives nothing, in a word.
#[must_use]
pub fn standing(held: &WithKeys, now: Timestamp) -> &'static str {
    let Ok(exception) = exception(&held.0) else { return "broken" };
    match (&held.0.ended, exception.ends(), exception.waits_until()) {
        (Some(_), ..) => "ended",
        (None, Some(ends), _) if ends <= now => "over",
        (None, Some(_), _) => match grant(held, now) {
            Ok(Some(_)) => "holds",
            _ => "void",
        },
        (None, None, Some(until)) if now < until => "proposed",
        (None, None, _) => "lapsed",
    }
}

/// Role and limits as stored.
pub(crate) fn what(limits: &StoredLimits) -> Result<(Role, Scope), String> {
    let role = Role::from_name(&limits.role);
    let role = role.ok_or_else(|| format!("got the role `{}`", limits.role))?;
    let lists = [&limits.products, &limits.parties, &limits.jurisdictions];
    let scope = Scope::of_lists(lists.map(Vec::as_slice), limits.period);
    Ok((role, scope.map_err(|error| error.to_string())?))
}

#[cfg(test)]
mod tests;
