//! Sessions of people who logged in with a browser: the secret, the token that every change must carry, and how long it lasts.
//!
//! A secret is 64 random bytes. The first 32 are made anew every [`ROTATED_AFTER`]; the others stay, so that a form that was
//! shown before is still taken after. What is stored is the SHA-256 of both.
//!
//! What holds:
//!
//! - only the SHA-256 of a session's secret is stored;
//! - a session ends when it is not used, and after a day's work whatever is done: a new secret does not make it longer;
//! - the secret before opens pages for [`GRACE`] more, because a browser loads several at once; it changes nothing, and whoever
//!   shows it later ends the session, because somebody else may have it;
//! - a change is made only with a token that no other site can read or make.
//!
//! Not here: cookies (`cookie.rs`), where sessions are stored, and random bytes.
//!
//! Source: decisions 0058 and 0071.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use ledger::Hash;
use ledger::hash::{hmac_sha256, sha256};

use crate::api_key::SECRET_BYTES;

/// How long a session lasts that is not used.
const IDLE: SignedDuration = SignedDuration::from_mins(30);
/// How long any session lasts.
pub const LONGEST: SignedDuration = SignedDuration::from_hours(12);
/// After how long a session gets a new secret.
const ROTATED_AFTER: SignedDuration = SignedDuration::from_mins(15);
/// How long the secret before it still opens pages: requests that were under way, and a browser that has not seen the answer with
/// the new one yet.
const GRACE: SignedDuration = SignedDuration::from_secs(30);

/// What the browser has.
#[derive(Clone, PartialEq, Eq)]
pub struct SessionSecret {
    /// The part that is made anew.
    fresh: [u8; SECRET_BYTES],
    /// The part that lasts as long as the session, of which tokens are made.
    lasting: [u8; SECRET_BYTES],
}

impl std::fmt::Debug for SessionSecret {
    fn fmt(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        to.write_str("SessionSecret(secret)")
    }
}

impl SessionSecret {
    /// The secret of these random bytes.
    #[must_use]
    pub fn of(fresh: [u8; SECRET_BYTES], lasting: [u8; SECRET_BYTES]) -> Self {
        Self { fresh, lasting }
    }

    /// Reads what [`Self::text`] wrote.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let (fresh, lasting) = bytes.split_at_checked(SECRET_BYTES)?;
        Some(Self { fresh: fresh.try_into().ok()?, lasting: lasting.try_into().ok()? })
    }

    /// As a cookie has it.
    #[must_use]
    pub fn text(&self) -> String {
        URL_SAFE_NO_PAD.encode([self.fresh, self.lasting].concat())
    }

    /// The secret after this one.
    #[must_use]
    pub fn renewed(&self, fresh: [u8; SECRET_BYTES]) -> Self {
        Self { fresh, lasting: self.lasting }
    }

    /// What is stored of it.
    #[must_use]
    pub fn digest(&self) -> Hash {
        sha256(&[self.fresh, self.lasting].concat())
    }

    /// The token that pages put into their forms; the same as long as the session lasts.
    #[must_use]
    pub fn csrf(&self) -> String {
        URL_SAFE_NO_PAD.encode(hmac_sha256(&self.lasting, b"chopmark csrf token"))
    }

    /// Whether a form carried this session's token. Compared by hash, whose bytes say nothing about how near a wrong one was.
    #[must_use]
    pub fn is_csrf(&self, token: &str) -> bool {
        sha256(token.as_bytes()) == sha256(self.csrf().as_bytes())
    }
}

/// Whether a request with this method must carry the token: all that may change something.
#[must_use]
pub fn needs_csrf(method: &str) -> bool {
    !matches!(method, "GET" | "HEAD" | "OPTIONS")
}

/// A session as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// SHA-256 of its secret.
    pub digest: Hash,
    /// SHA-256 of the secret before, if it had one.
    pub digest_before: Option<Hash>,
    /// When its holder logged in.
    pub began_at: Timestamp,
    /// When its secret was made.
    pub secret_made_at: Timestamp,
    /// When it was last used.
    pub used_at: Timestamp,
    /// When it was ended: by its holder, by an operator, or because a secret was shown that should be forgotten.
    pub ended_at: Option<Timestamp>,
}

/// A session that holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// As it is.
    Holds,
    /// It holds, and gets a new secret with the next answer.
    Rotate,
    /// It holds for reading: the secret is the one before.
    Before,
}

/// Why a session ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SessionEnded {
    /// The secret is another one, or the session was ended.
    #[error("the session is not known; log in again")]
    Unknown,
    /// It was not used.
    #[error("the session was not used for 30 minutes; log in again")]
    Idle,
    /// It lasted long enough.
    #[error("the session lasted 12 hours; log in again")]
    TooLong,
    /// The secret before was shown when its time was over; the session must be ended.
    #[error("a secret of the session was used that had been replaced; log in again")]
    Replaced,
}

impl Session {
    /// A session that begins.
    #[must_use]
    pub fn begin(secret: &SessionSecret, now: Timestamp) -> Self {
        Self {
            digest: secret.digest(),
            digest_before: None,
            began_at: now,
            secret_made_at: now,
            used_at: now,
            ended_at: None,
        }
    }

    /// Whether it holds now for whoever has this secret. A clock that went back does not make it longer.
    ///
    /// # Errors
    ///
    /// [`SessionEnded`].
    pub fn check(&self, secret: &SessionSecret, now: Timestamp) -> Result<Standing, SessionEnded> {
        let digest = secret.digest();
        let is_before = self.digest_before == Some(digest);
        if self.digest != digest && !is_before {
            return Err(SessionEnded::Unknown);
        }
        self.lasts(now)?;
        let age = now.duration_since(self.secret_made_at);
        match is_before {
            true if age >= GRACE || age < SignedDuration::ZERO => Err(SessionEnded::Replaced),
            true => Ok(Standing::Before),
            false if age >= ROTATED_AFTER => Ok(Standing::Rotate),
            false => Ok(Standing::Holds),
        }
    }

    /// Whether it lasts still, whoever asks.
    ///
    /// # Errors
    ///
    /// [`SessionEnded`], but never [`SessionEnded::Replaced`].
    pub fn lasts(&self, now: Timestamp) -> Result<(), SessionEnded> {
        if self.ended_at.is_some() {
            return Err(SessionEnded::Unknown);
        }
        if now < self.began_at || now.duration_since(self.began_at) >= LONGEST {
            return Err(SessionEnded::TooLong);
        }
        if now.duration_since(self.used_at) >= IDLE {
            return Err(SessionEnded::Idle);
        }
        Ok(())
    }

    /// The same session with a new secret.
    #[must_use]
    pub fn rotated(&self, secret: &SessionSecret, now: Timestamp) -> Self {
        Self {
            digest: secret.digest(),
            digest_before: Some(self.digest),
            secret_made_at: now,
            used_at: now,
            ..self.clone()
        }
    }

    /// When it ends at the latest.
    #[must_use]
    pub fn ends_at(&self) -> Timestamp {
        self.began_at.checked_add(LONGEST).unwrap_or(self.began_at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minutes: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + minutes * 60).unwrap()
    }

    fn after(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + seconds).unwrap()
    }

    fn secret(byte: u8) -> SessionSecret {
        SessionSecret::of([byte; SECRET_BYTES], [7; SECRET_BYTES])
    }

    #[test]
    fn a_secret_is_read_back_and_never_shown_in_a_log() {
        let text = secret(8).text();
        assert_eq!(SessionSecret::parse(&text), Some(secret(8)));
        for wrong in ["", "AAAA", &text[1..], &format!("{text}A"), &format!("{text}AAAA")] {
            assert_eq!(SessionSecret::parse(wrong), None, "{wrong}");
        }
        assert_eq!(format!("{:?}", secret(8)), "SessionSecret(secret)");
        let digest = |secret: &SessionSecret| secret.digest();
        let other_form = SessionSecret::of([8; SECRET_BYTES], [9; SECRET_BYTES]);
        assert_ne!(digest(&secret(8)), digest(&other_form), "both parts are checked");
    }

    #[test]
    fn a_change_needs_the_token_of_this_session() {
        let token = secret(7).csrf();
        assert!(secret(7).is_csrf(&token));
        assert!(secret(8).is_csrf(&token), "a form that was shown before the secret changed");
        let other = SessionSecret::of([7; SECRET_BYTES], [8; SECRET_BYTES]);
        assert!(!other.is_csrf(&token), "the token of another session");
        assert!(!secret(7).is_csrf("") && !secret(7).is_csrf(&token[1..]));
        for method in ["POST", "PUT", "PATCH", "DELETE", "get", "ANYTHING"] {
            assert!(needs_csrf(method), "{method}");
        }
        assert!(["GET", "HEAD", "OPTIONS"].into_iter().all(|method| !needs_csrf(method)));
    }

    #[test]
    fn a_session_ends_when_it_is_not_used() {
        let session = Session::begin(&secret(7), at(0));
        assert_eq!(session.check(&secret(7), at(14)), Ok(Standing::Holds));
        assert_eq!(session.check(&secret(7), at(15)), Ok(Standing::Rotate));
        assert_eq!(session.check(&secret(7), at(30)), Err(SessionEnded::Idle));
        assert_eq!(session.check(&secret(8), at(1)), Err(SessionEnded::Unknown));
        assert_eq!(session.check(&secret(7), at(-1)), Err(SessionEnded::TooLong));
        let ended = Session { ended_at: Some(at(1)), ..session };
        assert_eq!(ended.check(&secret(7), at(1)), Err(SessionEnded::Unknown));
    }

    #[test]
    fn the_secret_before_opens_pages_for_half_a_minute_and_then_ends_the_session() {
        let session = Session::begin(&secret(1), at(-15)).rotated(&secret(2), at(0));
        assert_eq!(session.check(&secret(2), after(29)), Ok(Standing::Holds));
        assert_eq!(session.check(&secret(1), after(0)), Ok(Standing::Before));
        assert_eq!(session.check(&secret(1), after(29)), Ok(Standing::Before));
        assert_eq!(session.check(&secret(1), after(30)), Err(SessionEnded::Replaced));
        assert_eq!(session.check(&secret(1), after(-1)), Err(SessionEnded::Replaced));
        let again = session.rotated(&secret(3), at(15));
        assert_eq!(again.check(&secret(1), at(15)), Err(SessionEnded::Unknown));
        assert_eq!(again.check(&secret(2), at(15)), Ok(Standing::Before));
    }

    #[test]
    fn new_secrets_do_not_make_a_session_longer_and_old_ones_open_nothing() {
        let mut session = Session::begin(&secret(0), at(0));
        let mut minutes = 0;
        for byte in 1..48 {
            minutes += 15;
            let old = secret(byte - 1);
            assert_eq!(session.check(&old, at(minutes)), Ok(Standing::Rotate), "{minutes}");
            session = session.rotated(&secret(byte), at(minutes));
            assert_eq!(session.check(&old, at(minutes + 1)), Err(SessionEnded::Replaced));
        }
        assert_eq!(session.check(&secret(47), at(720)), Err(SessionEnded::TooLong));
        assert_eq!(session.ends_at(), at(720));
    }
}
