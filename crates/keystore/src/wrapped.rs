//! Short secrets that stand encrypted in a database, under a secret that is in a file.
//!
//! The way through: [`WrapKey::of_secret`] makes the key; [`WrapKey::wrap`] encrypts a text for a context, and
//! [`WrapKey::unwrap`] decrypts it for the same context.
//!
//! What holds: AES-256-GCM with a random nonce; the context is authenticated, so that a row's secret cannot be moved to another row;
//! a wrong secret, a changed text and another context are one error.
//!
//! The form: 12 bytes nonce, then the encrypted text with a tag of 16 bytes.
//!
//! Not here: who holds the file with the secret; large files ([`crate::sealed`]).
//!
//! Source: NIST SP 800-38D.

use std::fmt;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use ledger::hash::hmac_sha256;
use ledger::keys::SecureRandom;
use zeroize::Zeroizing;

use crate::armour::ArmourError;

const NONCE: usize = 12;
/// Fewest bytes of a secret.
pub const LEAST_SECRET: usize = 16;

/// The key under which secrets are encrypted.
#[derive(Clone)]
pub struct WrapKey(Zeroizing<[u8; 32]>);

impl fmt::Debug for WrapKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("WrapKey(hidden)")
    }
}

impl WrapKey {
    /// The key of a secret, for one purpose; none if the secret has fewer than [`LEAST_SECRET`] bytes.
    #[must_use]
    pub fn of_secret(secret: &[u8], purpose: &str) -> Option<Self> {
        let text = format!("chopmark.org/wrap@v1\n{purpose}\n");
        (secret.len() >= LEAST_SECRET)
            .then(|| Self(Zeroizing::new(hmac_sha256(secret, text.as_bytes()))))
    }

    fn cipher(&self) -> Result<LessSafeKey, ArmourError> {
        let key = UnboundKey::new(&AES_256_GCM, &*self.0);
        key.map(LessSafeKey::new).map_err(|_| ArmourError::Failed)
    }

    /// Encrypts `text` for `context`.
    ///
    /// # Errors
    ///
    /// [`ArmourError::Failed`].
    pub fn wrap(
        &self,
        text: &str,
        context: &str,
        rng: &dyn SecureRandom,
    ) -> Result<Vec<u8>, ArmourError> {
        let mut nonce = [0; NONCE];
        rng.fill(&mut nonce).map_err(|_| ArmourError::Failed)?;
        let mut sealed = text.as_bytes().to_vec();
        self.cipher()?
            .seal_in_place_append_tag(
                Nonce::assume_unique_for_key(nonce),
                Aad::from(context.as_bytes()),
                &mut sealed,
            )
            .map_err(|_| ArmourError::Failed)?;
        Ok([&nonce[..], &sealed].concat())
    }

    /// Decrypts what was encrypted for `context`.
    ///
    /// # Errors
    ///
    /// [`ArmourError::Wrong`].
    pub fn unwrap(&self, wrapped: &[u8], context: &str) -> Result<Zeroizing<String>, ArmourError> {
        let (nonce, sealed) = wrapped.split_first_chunk::<NONCE>().ok_or(ArmourError::Wrong)?;
        let mut text = Zeroizing::new(sealed.to_vec());
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let aad = Aad::from(context.as_bytes());
        let plain = self.cipher()?.open_in_place(nonce, aad, &mut text);
        let plain = plain.map_err(|_| ArmourError::Wrong)?;
        let plain = std::str::from_utf8(plain).map_err(|_| ArmourError::Wrong)?;
        Ok(Zeroizing::new(plain.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use ledger::keys::SystemRandom;

    use super::*;

    #[test]
    fn a_text_opens_with_its_secret_purpose_and_context_only() {
        let rng = SystemRandom::new();
        let key = |secret: &[u8], purpose| WrapKey::of_secret(secret, purpose).unwrap();
        let own = key(&[1; 16], "tags");
        let wrapped = own.wrap("file_key: 00ff", "tea", &rng).unwrap();
        assert_eq!(&**own.unwrap(&wrapped, "tea").unwrap(), "file_key: 00ff");
        assert!(own.unwrap(&wrapped, "oil").is_err(), "moved to another row");
        assert!(key(&[2; 16], "tags").unwrap(&wrapped, "tea").is_err());
        assert!(key(&[1; 16], "other").unwrap(&wrapped, "tea").is_err());
        for place in 0..wrapped.len() {
            let mut changed = wrapped.clone();
            changed[place] ^= 1;
            assert!(own.unwrap(&changed, "tea").is_err(), "byte {place}");
            assert!(own.unwrap(&wrapped[..place], "tea").is_err(), "{place} bytes");
        }
        assert_ne!(wrapped, own.wrap("file_key: 00ff", "tea", &rng).unwrap());
    }

    #[test]
    fn a_short_secret_is_refused_and_none_is_printed() {
        assert!(WrapKey::of_secret(&[1; 15], "tags").is_none());
        let shown = format!("{:?}", WrapKey::of_secret(&[1; 16], "tags"));
        assert_eq!(shown, "Some(WrapKey(hidden))");
    }
}
