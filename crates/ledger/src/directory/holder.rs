//! The signing key of a person: a name and an Ed25519 key, in a file.
//!
//! ```text
//! chopmark holder key v1
//! name: bamboo-spring/lin
//! -----BEGIN PRIVATE KEY-----
//! ```
//!
//! What holds: only `to_pem_file` returns the secret, and `Debug` prints none.
//!
//! Not here: the file's mode (`chopmark directory key`).

use crate::keys::{KeyError, SecureRandom, SourceKey, VerifierKey};
use crate::note::NoteSignature;

const TITLE: &str = "chopmark holder key v1\nname: ";

/// A person's signing key.
#[derive(Debug)]
pub struct HolderKey {
    key: SourceKey,
    verifier: VerifierKey,
}

impl HolderKey {
    /// Makes a key.
    ///
    /// # Errors
    ///
    /// [`KeyError`] if `name` cannot be a holder's name ([`super::fields::is_name`]), or the library fails.
    pub fn generate(name: &str, rng: &dyn SecureRandom) -> Result<Self, KeyError> {
        Self::assemble(name, SourceKey::generate(rng)?)
    }

    fn assemble(name: &str, key: SourceKey) -> Result<Self, KeyError> {
        if !super::fields::is_name(name) {
            return Err(KeyError::Name(name.chars().take(120).collect()));
        }
        let verifier = VerifierKey::of_source(name, key.verifier())?;
        Ok(Self { key, verifier })
    }

    /// The key file. Secret.
    #[must_use]
    pub fn to_pem_file(&self) -> String {
        format!("{TITLE}{}\n{}", self.verifier.name(), self.key.to_pem())
    }

    /// Reads a key file.
    ///
    /// # Errors
    ///
    /// [`KeyError::File`] with what was expected; the message holds no key material.
    pub fn from_pem_file(text: &str) -> Result<Self, KeyError> {
        let wrong = KeyError::File("expected `chopmark holder key v1`, `name: …` and a PEM block");
        let rest = text.strip_prefix(TITLE).and_then(|rest| rest.split_once('\n'));
        let (name, pem) = rest.ok_or(wrong)?;
        Self::assemble(name, SourceKey::from_pem(pem)?)
    }

    /// The public half, with the holder's name.
    #[must_use]
    pub fn verifier(&self) -> &VerifierKey {
        &self.verifier
    }

    /// The signature line over a text.
    #[must_use]
    pub fn sign(&self, text: &str) -> NoteSignature {
        NoteSignature {
            name: self.verifier.name().to_owned(),
            key_id: self.verifier.key_id(),
            bytes: self.key.sign(text.as_bytes()).to_vec(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::SystemRandom;

    #[test]
    fn a_holders_key_survives_its_file_and_signs_under_the_holders_name() {
        let made = HolderKey::generate("bamboo-spring/lin", &SystemRandom::new()).unwrap();
        let key = HolderKey::from_pem_file(&made.to_pem_file()).unwrap();
        let line = key.sign("a text\n");
        assert_eq!(line.name, "bamboo-spring/lin");
        made.verifier().verify(b"a text\n", &line.bytes).unwrap();
        made.verifier().verify(b"another\n", &line.bytes).unwrap_err();
        assert!(!format!("{made:?}").contains("PRIVATE"));
        for wrong in ["", "chopmark holder key v1\nname: a b\n", "-----BEGIN PRIVATE KEY-----\n"] {
            assert!(HolderKey::from_pem_file(wrong).is_err(), "{wrong}");
        }
        assert!(HolderKey::generate("two words", &SystemRandom::new()).is_err());
    }
}
