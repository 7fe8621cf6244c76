//! Tokens of pages that were given back before their end.
//!
//! What holds: only a token that this installation made and that has not ended is remembered, until it ends; memory is bounded, and
//! where it is full the answer says so. Tokens hold nothing on the server, so one that is given back to one of several processes only
//! ends there.
//!
//! Source: EPCIS 2.0 REST binding, `/nextPageToken/{token}`.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;
use ledger::Hash;
use ledger::hash::sha256;

use super::token::TokenError;

/// Most tokens that are remembered: 10,000 of 40 bytes.
const MOST: usize = 10_000;

/// Tokens that were given back and have not ended.
#[derive(Debug, Default)]
pub struct GivenBack(Mutex<HashMap<Hash, Timestamp>>);

impl GivenBack {
    /// Remembers a token until it ends; false if there is no room.
    pub fn remember(&self, token: &str, ends: Timestamp, now: Timestamp) -> bool {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= MOST {
            known.retain(|_, ends| *ends > now);
        }
        if known.len() >= MOST {
            return false;
        }
        known.insert(sha256(token.as_bytes()), ends);
        true
    }

    /// Refuses a token that was given back.
    ///
    /// # Errors
    ///
    /// [`TokenError::Ended`].
    pub fn refuse(&self, token: &str) -> Result<(), TokenError> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.contains_key(&sha256(token.as_bytes())) { Err(TokenError::Ended) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_remembered_is_bounded_and_what_has_ended_makes_room() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let (now, soon, later) =
            (at("2026-11-23T08:00:00Z"), at("2026-11-23T08:30:00Z"), at("2026-11-23T09:00:00Z"));
        let back = GivenBack::default();
        for number in 0..MOST {
            assert!(back.remember(&number.to_string(), soon, now));
        }
        assert!(!back.remember("more", later, now));
        assert_eq!(back.refuse("7"), Err(TokenError::Ended));
        assert_eq!(back.refuse("more"), Ok(()));
        assert!(back.remember("more", later, soon));
        assert_eq!(back.refuse("more"), Err(TokenError::Ended));
    }
}
