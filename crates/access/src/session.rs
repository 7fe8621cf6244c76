//! Sessions of people who logged in with a browser: the cookie, the token that every change must carry, and how long it lasts.
//!
//! What holds:
//!
//! - only the SHA-256 of a session's secret is stored;
//! - a session ends when it is not used, and after a day's work whatever is done: a new secret does not make it longer;
//! - a change is made only with a token that no other site can read or make.
//!
//! Not here: where sessions are stored, and random bytes.
//!
//! Sources: RFC 6265 and its revision (`__Host-`, `SameSite`); decision 0058.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use ledger::Hash;
use ledger::hash::{hmac_sha256, sha256};

use crate::api_key::SECRET_BYTES;

/// Name of the cookie. Browsers take one that begins so only with `Secure`, for this very host and all its paths.
const COOKIE: &str = "__Host-chopmark-session";
/// How long a session lasts that is not used.
const IDLE: SignedDuration = SignedDuration::from_mins(30);
/// How long any session lasts.
const LONGEST: SignedDuration = SignedDuration::from_hours(12);
/// After how long a session gets a new secret.
const ROTATED_AFTER: SignedDuration = SignedDuration::from_mins(15);

/// What the browser has.
#[derive(Clone, PartialEq, Eq)]
pub struct SessionSecret([u8; SECRET_BYTES]);

impl std::fmt::Debug for SessionSecret {
    fn fmt(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        to.write_str("SessionSecret(secret)")
    }
}

impl SessionSecret {
    /// The secret of these random bytes.
    #[must_use]
    pub fn of(secret: [u8; SECRET_BYTES]) -> Self {
        Self(secret)
    }

    /// The secret in the `Cookie` header of a request.
    ///
    /// Returns `None` if there is none, or more than one: then another host may have set one of them.
    #[must_use]
    pub fn from_cookies(header: &str) -> Option<Self> {
        let mut values = header.split(';').filter_map(|pair| {
            pair.trim().strip_prefix(COOKIE).and_then(|rest| rest.strip_prefix('='))
        });
        let (value, None) = (values.next()?, values.next()) else { return None };
        Some(Self(URL_SAFE_NO_PAD.decode(value).ok()?.try_into().ok()?))
    }

    /// The `Set-Cookie` header that gives it to the browser.
    #[must_use]
    pub fn set_cookie(&self) -> String {
        let (value, age) = (URL_SAFE_NO_PAD.encode(self.0), LONGEST.as_secs());
        format!("{COOKIE}={value}; Path=/; Max-Age={age}; Secure; HttpOnly; SameSite=Strict")
    }

    /// The `Set-Cookie` header that takes it away.
    #[must_use]
    pub fn end_cookie() -> String {
        format!("{COOKIE}=; Path=/; Max-Age=0; Secure; HttpOnly; SameSite=Strict")
    }

    /// What is stored of it.
    #[must_use]
    pub fn digest(&self) -> Hash {
        sha256(&self.0)
    }

    /// The token that pages put into their forms.
    #[must_use]
    pub fn csrf(&self) -> String {
        URL_SAFE_NO_PAD.encode(hmac_sha256(&self.0, b"chopmark csrf token"))
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
    /// Whose it is.
    pub subject: String,
    /// When its holder logged in.
    pub began_at: Timestamp,
    /// When its secret was made.
    pub secret_made_at: Timestamp,
    /// When it was last used.
    pub used_at: Timestamp,
}

/// A session that holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// As it is.
    Holds,
    /// It holds, and gets a new secret with the next answer.
    Rotate,
}

/// Why a session ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SessionEnded {
    /// The secret is another one.
    #[error("the session is not known; log in again")]
    Unknown,
    /// It was not used.
    #[error("the session was not used for 30 minutes; log in again")]
    Idle,
    /// It lasted long enough.
    #[error("the session lasted 12 hours; log in again")]
    TooLong,
}

impl Session {
    /// A session that begins.
    #[must_use]
    pub fn begin(secret: &SessionSecret, subject: &str, now: Timestamp) -> Self {
        let (digest, subject) = (secret.digest(), subject.to_owned());
        Self { digest, subject, began_at: now, secret_made_at: now, used_at: now }
    }

    /// Whether it holds now for whoever has this secret. A clock that went back does not make it longer.
    ///
    /// # Errors
    ///
    /// [`SessionEnded`].
    pub fn check(&self, secret: &SessionSecret, now: Timestamp) -> Result<Standing, SessionEnded> {
        if self.digest != secret.digest() {
            return Err(SessionEnded::Unknown);
        }
        if now < self.began_at || now.duration_since(self.began_at) >= LONGEST {
            return Err(SessionEnded::TooLong);
        }
        if now.duration_since(self.used_at) >= IDLE {
            return Err(SessionEnded::Idle);
        }
        let is_old = now.duration_since(self.secret_made_at) >= ROTATED_AFTER;
        Ok(if is_old { Standing::Rotate } else { Standing::Holds })
    }

    /// The same session with a new secret; the old one opens nothing any more.
    #[must_use]
    pub fn rotated(&self, secret: &SessionSecret, now: Timestamp) -> Self {
        let subject = self.subject.clone();
        let digest = secret.digest();
        Self { digest, subject, began_at: self.began_at, secret_made_at: now, used_at: now }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minutes: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + minutes * 60).unwrap()
    }

    fn secret(byte: u8) -> SessionSecret {
        SessionSecret::of([byte; SECRET_BYTES])
    }

    #[test]
    fn a_cookie_is_read_back_and_a_second_one_of_its_name_is_refused() {
        let set = secret(7).set_cookie();
        for flag in ["__Host-", "; Path=/;", "; Secure", "; HttpOnly", "; SameSite=Strict"] {
            assert!(set.contains(flag), "{set}");
        }
        assert!(!set.contains("Domain"), "{set}");
        let pair = set.split(';').next().unwrap();
        assert_eq!(SessionSecret::from_cookies(&format!("a=b; {pair}; c=d")), Some(secret(7)));
        let tossed = secret(8).set_cookie();
        let tossed = tossed.split(';').next().unwrap();
        assert_eq!(SessionSecret::from_cookies(&format!("{pair}; {tossed}")), None);
        for wrong in ["", "a=b", "__Host-chopmark-session=", &pair[..pair.len() - 1]] {
            assert_eq!(SessionSecret::from_cookies(wrong), None, "{wrong}");
        }
        assert_eq!(format!("{:?}", secret(7)), "SessionSecret(secret)");
    }

    #[test]
    fn a_change_needs_the_token_of_this_session() {
        let token = secret(7).csrf();
        assert!(secret(7).is_csrf(&token));
        assert!(!secret(8).is_csrf(&token), "the token of another session");
        assert!(!secret(7).is_csrf("") && !secret(7).is_csrf(&token[1..]));
        for method in ["POST", "PUT", "PATCH", "DELETE", "get", "ANYTHING"] {
            assert!(needs_csrf(method), "{method}");
        }
        assert!(["GET", "HEAD", "OPTIONS"].into_iter().all(|method| !needs_csrf(method)));
    }

    #[test]
    fn a_session_ends_when_it_is_not_used() {
        let session = Session::begin(&secret(7), "lee", at(0));
        assert_eq!(session.check(&secret(7), at(14)), Ok(Standing::Holds));
        assert_eq!(session.check(&secret(7), at(15)), Ok(Standing::Rotate));
        assert_eq!(session.check(&secret(7), at(30)), Err(SessionEnded::Idle));
        assert_eq!(session.check(&secret(8), at(1)), Err(SessionEnded::Unknown));
        assert_eq!(session.check(&secret(7), at(-1)), Err(SessionEnded::TooLong));
    }

    #[test]
    fn new_secrets_do_not_make_a_session_longer_and_old_ones_open_nothing() {
        let mut session = Session::begin(&secret(0), "lee", at(0));
        let mut minutes = 0;
        for byte in 1..48 {
            minutes += 15;
            let old = secret(byte - 1);
            assert_eq!(session.check(&old, at(minutes)), Ok(Standing::Rotate), "{minutes}");
            session = session.rotated(&secret(byte), at(minutes));
            assert_eq!(session.check(&old, at(minutes)), Err(SessionEnded::Unknown));
        }
        assert_eq!(session.check(&secret(47), at(720)), Err(SessionEnded::TooLong));
    }
}
