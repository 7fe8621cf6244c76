//! Tokens of pages: where a list goes on, in a form that only this installation can make.
//!
//! A token is `base64url(what ‖ MAC)`. What: a version, when the token ends, a digest of what was asked, one of who asked and
//! with which grants, and where the list goes on.
//!
//! What holds: a token that was changed, that another key made, that belongs to another list, another caller or other grants, or
//! that has ended, opens to an error and nothing else; no memory is kept for it. Its content is a place in the list and no secret.
//!
//! Not here: the list itself ([`super::search`]), tokens that were given back ([`super::ended_tokens`]).
//!
//! Source: RFC 2104; decision 0061.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use jiff::Timestamp;
use ledger::hash::{HmacKey, hmac_sha256, sha256_parts};
use thiserror::Error;

const VERSION: u8 = 1;
/// Bytes of a digest and of the MAC.
const DIGEST: usize = 16;
/// Longest place: that of a list of values.
const LONGEST_PLACE: usize = 2048;
/// Seconds for which a token holds.
pub const HOLDS_S: i64 = 3600;

/// Makes and opens tokens.
pub struct TokenKey(HmacKey);

/// What a token is for: it opens for the same list and caller only.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Purpose {
    list: [u8; DIGEST],
    caller: [u8; DIGEST],
}

impl Purpose {
    /// The purpose of a list for a caller.
    ///
    /// - `list`: all that decides what the list has: the resource and its criteria.
    /// - `caller`: who asks, and what they may see.
    #[must_use]
    pub fn of(list: &str, caller: &str) -> Self {
        Self { list: digest(b"list\0", list), caller: digest(b"caller\0", caller) }
    }
}

fn digest(label: &[u8], text: &str) -> [u8; DIGEST] {
    cut(&sha256_parts(&[label, text.as_bytes()]).0)
}

fn cut(bytes: &[u8; 32]) -> [u8; DIGEST] {
    let mut part = [0; DIGEST];
    part.copy_from_slice(&bytes[..DIGEST]);
    part
}

/// Why a token does not open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum TokenError {
    /// It is none of ours, or was changed.
    #[error("got a nextPageToken that this server did not make, expected one of its header Link")]
    Forged,
    /// It is of another list, or of somebody else.
    #[error(
        "got a nextPageToken of another list or another caller, expected the one that came with this list"
    )]
    Another,
    /// It has ended.
    #[error(
        "got a nextPageToken that has ended, expected one of the last hour: begin the list again"
    )]
    Ended,
}

impl TokenKey {
    /// A key from the secret of the installation.
    #[must_use]
    pub fn new(secret: &[u8]) -> Self {
        Self(HmacKey::new(&hmac_sha256(secret, b"chopmark.org/page-token@v1\n")))
    }

    /// A token.
    ///
    /// - `place`: where the list goes on, at most 2048 bytes.
    #[must_use]
    pub fn make(&self, purpose: Purpose, ends: Timestamp, place: &[u8]) -> String {
        let mut bytes = vec![VERSION];
        bytes.extend_from_slice(&ends.as_second().to_be_bytes());
        bytes.extend_from_slice(&purpose.list);
        bytes.extend_from_slice(&purpose.caller);
        bytes.extend_from_slice(place);
        let mac = cut(&self.0.sign(&bytes));
        bytes.extend_from_slice(&mac);
        BASE64.encode(bytes)
    }

    /// Whether the token is ours, whosesoever; then when it ends.
    #[must_use]
    pub fn ends(&self, token: &str) -> Option<Timestamp> {
        let bytes = self.checked(token).ok()?;
        ends_of(&bytes)
    }

    /// The place in a token.
    ///
    /// # Errors
    ///
    /// [`TokenError`].
    pub fn open(
        &self,
        token: &str,
        purpose: Purpose,
        now: Timestamp,
    ) -> Result<Vec<u8>, TokenError> {
        let bytes = self.checked(token)?;
        let ends = ends_of(&bytes).ok_or(TokenError::Forged)?;
        let rest = bytes.get(9..).unwrap_or_default();
        let (list, rest) = rest.split_at_checked(DIGEST).ok_or(TokenError::Forged)?;
        let (caller, place) = rest.split_at_checked(DIGEST).ok_or(TokenError::Forged)?;
        if list != purpose.list || caller != purpose.caller {
            return Err(TokenError::Another);
        }
        if ends <= now { Err(TokenError::Ended) } else { Ok(place.to_vec()) }
    }

    /// The bytes before the MAC, if that is right.
    fn checked(&self, token: &str) -> Result<Vec<u8>, TokenError> {
        if token.len() > 2 * LONGEST_PLACE {
            return Err(TokenError::Forged);
        }
        let mut bytes = BASE64.decode(token).map_err(|_| TokenError::Forged)?;
        let begin = bytes.len().checked_sub(DIGEST).ok_or(TokenError::Forged)?;
        let mac = bytes.split_off(begin);
        let expected = cut(&self.0.sign(&bytes));
        // Both sides are compared whole, whatever their first difference.
        let differs = expected.iter().zip(&mac).fold(0, |sum, (a, b)| sum | (a ^ b));
        let is_ours = differs == 0 && bytes.first() == Some(&VERSION);
        if is_ours { Ok(bytes) } else { Err(TokenError::Forged) }
    }
}

fn ends_of(bytes: &[u8]) -> Option<Timestamp> {
    let seconds: [u8; 8] = bytes.get(1..9)?.try_into().ok()?;
    Timestamp::from_second(i64::from_be_bytes(seconds)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    const NOW: &str = "2026-11-23T08:00:00Z";
    const ENDS: &str = "2026-11-23T09:00:00Z";

    #[test]
    fn a_token_opens_for_its_list_and_caller_until_it_ends() {
        let key = TokenKey::new(b"0123456789abcdef");
        let own = Purpose::of("/events?EQ_bizStep=shipping", "shop");
        let token = key.make(own, at(ENDS), b"place");
        assert_eq!(key.open(&token, own, at(NOW)).unwrap(), b"place");
        assert_eq!(key.ends(&token), Some(at(ENDS)));
        let other_list = Purpose::of("/events?EQ_bizStep=receiving", "shop");
        assert_eq!(key.open(&token, other_list, at(NOW)), Err(TokenError::Another));
        let other_caller = Purpose::of("/events?EQ_bizStep=shipping", "factory");
        assert_eq!(key.open(&token, other_caller, at(NOW)), Err(TokenError::Another));
        assert_eq!(key.open(&token, own, at(ENDS)), Err(TokenError::Ended));
    }

    #[test]
    fn no_changed_or_foreign_token_opens() {
        let key = TokenKey::new(b"0123456789abcdef");
        let own = Purpose::of("/events", "shop");
        let token = key.make(own, at(ENDS), b"place");
        let bytes = BASE64.decode(&token).unwrap();
        for place in 0..bytes.len() {
            for bit in 0..8 {
                let mut changed = bytes.clone();
                changed[place] ^= 1 << bit;
                let changed = BASE64.encode(changed);
                assert_eq!(key.open(&changed, own, at(NOW)), Err(TokenError::Forged), "{place}");
                assert_eq!(key.ends(&changed), None);
            }
        }
        for length in 0..bytes.len() {
            let short = BASE64.encode(&bytes[..length]);
            assert_eq!(key.open(&short, own, at(NOW)), Err(TokenError::Forged), "{length}");
        }
        let long = "A".repeat(5000);
        for foreign in ["", "x", "====", "a b", "ü", &*long] {
            assert_eq!(key.open(foreign, own, at(NOW)), Err(TokenError::Forged), "{foreign}");
        }
        let other = TokenKey::new(b"fedcba9876543210").make(own, at(ENDS), b"place");
        assert_eq!(key.open(&other, own, at(NOW)), Err(TokenError::Forged));
    }
}
