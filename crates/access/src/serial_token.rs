//! Tokens of items: what is printed beside a serial number, so that a guessed one shows nothing.
//!
//! ```text
//! token = the first 8 bytes, in hex, of HMAC-SHA256(key, "chopmark.org/serial-token@v1" LF key of the item LF)
//! ```
//!
//! What holds: an item has one token in every spelling of its code; a token says nothing of that of another item; the time of a
//! comparison does not depend on what was guessed; a key is never printed.
//!
//! Not here: which products ask for a token (`trace-api`), printing (`chopmark labels`).
//!
//! Source: docs/decisions/0084-serial-tokens.md.

use std::fmt;
use std::sync::Arc;

use ledger::hash::{HmacKey, sha256};

/// Fewest bytes of a key.
pub const LEAST_TOKEN_KEY: usize = 32;

/// The key under which the tokens of a product's items are made.
#[derive(Clone)]
pub struct TokenKey(Arc<HmacKey>);

impl fmt::Debug for TokenKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("TokenKey")
    }
}

impl TokenKey {
    /// The key in the text of a file, without the white space around it.
    ///
    /// # Errors
    ///
    /// How many bytes it has, if these are fewer than [`LEAST_TOKEN_KEY`].
    pub fn read(text: &str) -> Result<Self, usize> {
        let key = text.trim().as_bytes();
        if key.len() < LEAST_TOKEN_KEY {
            return Err(key.len());
        }
        Ok(Self(Arc::new(HmacKey::new(key))))
    }

    /// The token of an item, 16 hex digits.
    ///
    /// - `item`: its URI in any spelling.
    #[must_use]
    pub fn token(&self, item: &str) -> String {
        let text = format!("chopmark.org/serial-token@v1\n{}\n", epc::thing_key(item));
        let mut bytes = [0; 8];
        bytes.copy_from_slice(&self.0.sign(text.as_bytes())[..8]);
        format!("{:016x}", u64::from_be_bytes(bytes))
    }

    /// Whether this is the token of the item, in capitals or not.
    ///
    /// - `item`: its URI in any spelling.
    #[must_use]
    pub fn admits(&self, item: &str, token: &str) -> bool {
        let stated = token.to_ascii_lowercase();
        // Of two hashes it tells nothing how far they are alike.
        sha256(self.token(item).as_bytes()) == sha256(stated.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ITEM: &str = "urn:epc:id:sgtin:4012345.011111.9876";

    fn key(text: &str) -> TokenKey {
        TokenKey::read(text).unwrap()
    }

    #[test]
    fn a_token_is_that_of_its_item_in_every_spelling_and_of_no_other() {
        let one = key("0123456789abcdef0123456789abcdef\n");
        let token = one.token(ITEM);
        assert_eq!(token.len(), 16);
        for spelled in [
            "https://brand.example/01/04012345111118/21/9876",
            "urn:epc:id:sgtin:401234.0511111.9876",
        ] {
            assert!(one.admits(spelled, &token.to_ascii_uppercase()), "{spelled}");
        }
        assert!(!one.admits("urn:epc:id:sgtin:4012345.011111.9877", &token));
        assert!(!key("another key of thirty-two bytes.").admits(ITEM, &token));
        for wrong in ["", &token[..15], &format!("{token}0"), "0000000000000000", "é"] {
            assert!(!one.admits(ITEM, wrong), "{wrong}");
        }
    }

    #[test]
    fn a_short_key_is_refused_and_none_is_printed() {
        assert_eq!(TokenKey::read(" 0123456789abcdef \n").unwrap_err(), 16);
        let key = key("0123456789abcdef0123456789abcdef");
        assert_eq!(format!("{key:?}"), "TokenKey");
    }
}
