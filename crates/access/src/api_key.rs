//! Keys for programs: `chm_` and 8 letters that name the key, `_` and 43 letters that prove it.
//!
//! What holds: only the SHA-256 of a key is stored. The secret part has 256 random bits, so that nobody can guess it from its
//! hash; a password hash, which makes guessing slow, would only make requests slow. Keys are compared by their hash,
//! whose bytes say nothing about how near a wrong key was.
//!
//! Not here: where they are stored (`sql::access`).
//!
//! Source: decision 0058; RFC 4648 section 5 (base64url).

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ledger::Hash;
use ledger::hash::sha256;

/// What every key begins with.
const MARK: &str = "chm_";
/// Random bytes of a prefix.
pub const PREFIX_BYTES: usize = 6;
/// Random bytes of the secret part.
pub const SECRET_BYTES: usize = 32;

/// A key as its holder has it. It is printed once, when it is made.
#[derive(Clone, PartialEq, Eq)]
pub struct ApiKey {
    text: String,
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(to, "ApiKey({}, secret)", self.prefix())
    }
}

impl ApiKey {
    /// The key of these random bytes.
    #[must_use]
    pub fn of(prefix: [u8; PREFIX_BYTES], secret: [u8; SECRET_BYTES]) -> Self {
        let (prefix, secret) = (URL_SAFE_NO_PAD.encode(prefix), URL_SAFE_NO_PAD.encode(secret));
        // Only the mark's and the separator's `_` are at their places: letters of the prefix may be `_` too.
        Self { text: format!("{MARK}{prefix}_{secret}") }
    }

    /// Reads a key.
    ///
    /// Returns `None` if `text` cannot be one.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let rest = text.strip_prefix(MARK)?;
        let (prefix, rest) = rest.split_at_checked(PREFIX_BYTES * 4 / 3)?;
        let secret = rest.strip_prefix('_')?;
        let is = |text: &str, bytes| {
            URL_SAFE_NO_PAD.decode(text).is_ok_and(|decoded| decoded.len() == bytes)
        };
        (is(prefix, PREFIX_BYTES) && is(secret, SECRET_BYTES))
            .then(|| Self { text: text.to_owned() })
    }

    /// The part that names it: `chm_` and 8 letters; it can be shown.
    #[must_use]
    pub fn prefix(&self) -> &str {
        self.text.get(..MARK.len() + PREFIX_BYTES * 4 / 3).unwrap_or_default()
    }

    /// What is stored of it.
    #[must_use]
    pub fn digest(&self) -> Hash {
        sha256(self.text.as_bytes())
    }

    /// The whole key, for its holder.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.text
    }
}
