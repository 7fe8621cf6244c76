//! Ends sessions of people who logged in: one's own, or, for operators, anybody's.
//!
//! The way through: [`Gate::end_sessions`] takes the key of whoever ends them, finds the sessions that last still and were chosen,
//! records each end in the log of reads if there is one, and ends the session. [`lasting`] finds them for a list.
//!
//! What holds:
//!
//! - whoever is no operator ends sessions of their own name only, and nothing is ended if one of another name was chosen;
//! - with a log, no session ends that is not recorded; without one sessions end all the same, since who is to be locked out must not wait;
//! - a session that ended is refused with its next request: each request looks it up.
//!
//! Not here: logging out ([`crate::session`]), how long sessions last (`access::Session`).
//!
//! Source: decision 0089.

use access::{Act, ApiKey};
use jiff::Timestamp;
use sql::Db;
use sql::sessions::{LoggedInBy, StoredSession};
use thiserror::Error;

use crate::emergency::REASON_CHARACTERS;
use crate::read_log::{NotRecorded, ReadLog, SessionEnd};
use crate::session::session_of;
use crate::{Gate, Refusal};

/// Why sessions were not ended.
#[derive(Debug, Error)]
pub enum NotEnded {
    /// Whose key it is cannot be said, it does not hold, or they may not end these sessions.
    #[error(transparent)]
    Key(#[from] Refusal),
    /// What was asked for cannot be understood.
    #[error("{0}")]
    Wrong(String),
    /// It could not be recorded, so it was not done.
    #[error("the end of session {id} was not recorded, so it did not end: {why}")]
    NotRecorded {
        /// The session.
        id: i64,
        /// Why.
        why: NotRecorded,
    },
    /// The database failed.
    #[error("database: {0}")]
    Sql(#[from] sql::Error),
}

/// Which sessions; each that is stated must hold. Without any they are one's own.
#[derive(Debug, Clone, Default)]
pub struct Chosen {
    /// Those with these numbers.
    pub ids: Vec<i64>,
    /// Those of this name.
    pub subject: Option<String>,
    /// Those that were begun at this provider.
    pub issuer: Option<String>,
}

impl Chosen {
    fn has(&self, session: &StoredSession, own: &str) -> bool {
        let Self { ids, subject, issuer } = self;
        let is_any = ids.is_empty() && subject.is_none() && issuer.is_none();
        let subject = subject.as_deref().or(is_any.then_some(own));
        let at = match &session.by {
            LoggedInBy::Provider(issuer) => Some(issuer),
            LoggedInBy::Key(_) => None,
        };
        (ids.is_empty() || ids.contains(&session.id))
            && subject.is_none_or(|subject| session.subject == subject)
            && (issuer.is_none() || at == issuer.as_ref())
    }
}

/// The sessions that last still at `now`, in order of their numbers. One whose key was revoked, or whose provider was taken out of the
/// configuration, is among them and is refused all the same.
///
/// # Errors
///
/// [`sql::Error`].
pub async fn lasting(db: &Db, now: Timestamp) -> Result<Vec<StoredSession>, sql::Error> {
    let (mut after, mut all) = (0, Vec::new());
    loop {
        let found = sql::sessions::list(db, after).await?;
        let Some(last) = found.last() else { return Ok(all) };
        after = last.id;
        all.extend(found.into_iter().filter(|one| session_of(one).lasts(now).is_ok()));
    }
}

impl Gate {
    /// Ends the chosen sessions; gives those that this call ended.
    ///
    /// - `log`: where each end is recorded; none if the installation has no log of reads.
    /// - `key`: of whoever ends them.
    /// - `reason`: 3 to 500 characters.
    ///
    /// # Errors
    ///
    /// [`NotEnded`]; sessions that were ended before stay so.
    pub async fn end_sessions(
        &self,
        log: Option<&ReadLog>,
        key: &str,
        chosen: &Chosen,
        reason: &str,
    ) -> Result<Vec<StoredSession>, NotEnded> {
        if !REASON_CHARACTERS.contains(&reason.chars().count())
            || reason.chars().any(char::is_control)
        {
            let detail = "the reason: expected 3 to 500 printable characters".to_owned();
            return Err(NotEnded::Wrong(detail));
        }
        let wrong = || "got no key, expected one of `chopmark access key add`".to_owned();
        let key = ApiKey::parse(key.trim()).ok_or_else(|| NotEnded::Wrong(wrong()))?;
        let who = self.holder_with(&key).await?;
        let now = self.clock.now();
        let mut sessions = lasting(&self.db, now).await?;
        sessions.retain(|session| chosen.has(session, &who.subject));
        if sessions.iter().any(|session| session.subject != who.subject) {
            self.decided(who.clone(), Act::EndSessions)?;
        }
        let mut ended = Vec::new();
        for session in sessions {
            if let Some(log) = log {
                let end = SessionEnd { who: &who, session: &session, reason };
                let recorded = log.record_session_end(&end).await;
                recorded.map_err(|why| NotEnded::NotRecorded { id: session.id, why })?;
            }
            if self.end(session.id, now).await? {
                ended.push(session);
            }
        }
        Ok(ended)
    }
}

#[cfg(test)]
mod tests;
