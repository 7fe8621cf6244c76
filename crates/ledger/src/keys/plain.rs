//! Ed25519 keys as other transparency logs write them: without a name, or as a witness's verifier key.
//!
//! What holds: a key is 32 bytes, and [`PlainKey::verify`] is the only way to a yes.
//!
//! Not here: whose keys count ([`crate::foreign::Trust`]).
//!
//! Sources: C2SP tlog-cosignature ("Format": key ids with type 0x04); the Sigsum log protocol, sections 2.1 and 2.2.2;
//! RFC 4253 section 6.6 with RFC 8709 section 4 (`ssh-ed25519`).

use std::str::FromStr;

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};

use super::{KeyError, SourceVerifier, VerifierKey};
use crate::hash::{self, Hash};

/// Type byte of a timestamped Ed25519 cosignature.
const COSIGNATURE_TYPE: u8 = 0x04;
/// How the key of an OpenSSH line begins: the length and text of `ssh-ed25519`, and the length of the key.
const SSH_HEAD: &[u8] = b"\0\0\0\x0bssh-ed25519\0\0\0\x20";

/// An Ed25519 public key without a name, 32 bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PlainKey([u8; 32]);

impl PlainKey {
    /// Reads the verifier key of a witness, `name+id+base64(type ‖ key)`; `None` if the type is not 0x04.
    ///
    /// # Errors
    ///
    /// [`KeyError::VerifierKey`] if it has another form, or an id that is not its own.
    pub fn of_cosigner(text: &str) -> Result<Option<Self>, KeyError> {
        let wrong = |problem| refused(text, problem);
        let mut parts = text.splitn(3, '+');
        let (Some(name), Some(id), Some(key)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(wrong("expected `name+id+key`"));
        };
        let typed = BASE64.decode(key).map_err(|_| wrong("expected a key in base64"))?;
        if hex::encode(key_id(name, &typed)) != id {
            return Err(wrong("expected the id that belongs to name and key"));
        }
        match typed.split_first() {
            Some((&COSIGNATURE_TYPE, key)) => {
                let key = key.try_into().map(Self);
                key.map(Some).map_err(|_| wrong("expected the 32 bytes of an Ed25519 key"))
            }
            _ => Ok(None),
        }
    }

    /// The key of a verifier key, if it is Ed25519.
    #[must_use]
    pub fn of_verifier(key: &VerifierKey) -> Option<Self> {
        key.key_bytes().try_into().ok().map(Self)
    }

    /// This key as the verifier key of the log `name`, type 0x01.
    ///
    /// # Errors
    ///
    /// [`KeyError::Name`] if it cannot name a key.
    pub fn named(&self, name: &str) -> Result<VerifierKey, KeyError> {
        VerifierKey::of_source(name, SourceVerifier(self.0))
    }

    /// As a witness's verifier key under a name.
    #[must_use]
    pub fn to_cosigner(&self, name: &str) -> String {
        let typed = [&[COSIGNATURE_TYPE], &self.0[..]].concat();
        format!("{name}+{}+{}", hex::encode(self.cosigner_id(name)), BASE64.encode(typed))
    }

    /// Key id of the cosignatures that this key makes under a name.
    #[must_use]
    pub fn cosigner_id(&self, name: &str) -> [u8; 4] {
        key_id(name, &[&[COSIGNATURE_TYPE], &self.0[..]].concat())
    }

    /// SHA-256 of the key, by which Sigsum names it.
    #[must_use]
    pub fn hash(&self) -> Hash {
        hash::sha256(&self.0)
    }

    /// Whether `bytes` is a signature of this key over `message`.
    #[must_use]
    pub fn verify(&self, message: &[u8], bytes: &[u8]) -> bool {
        SourceVerifier(self.0).verify(message, bytes).is_ok()
    }
}

fn key_id(name: &str, typed: &[u8]) -> [u8; 4] {
    let hash = hash::sha256_parts(&[name.as_bytes(), b"\n", typed]);
    [hash.0[0], hash.0[1], hash.0[2], hash.0[3]]
}

fn refused(text: &str, problem: &'static str) -> KeyError {
    KeyError::VerifierKey { text: text.chars().take(80).collect(), problem }
}

/// 64 hex digits, or a line of an OpenSSH public key file: `ssh-ed25519 AAAA…`, with or without a comment.
impl FromStr for PlainKey {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        let mut key = [0; 32];
        if hex::decode_to_slice(text, &mut key).is_ok() {
            return Ok(Self(key));
        }
        let mut words = text.split_ascii_whitespace();
        let blob = match (words.next(), words.next()) {
            (Some("ssh-ed25519"), Some(blob)) => BASE64.decode(blob).ok(),
            _ => None,
        };
        blob.and_then(|blob| blob.strip_prefix(SSH_HEAD)?.try_into().ok())
            .map(Self)
            .ok_or_else(|| refused(text, "expected 64 hex digits or `ssh-ed25519 AAAA…`"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A witness key that the program proofbundle 6.3.1 wrote for the seed of 32 bytes 21.
    const W1: &str = "w1.example.org+b9b633dc+BNVCB9oZSXfc9Grb/sK8LnW1LVqKQhhP7f3AACTw4+ja";

    #[test]
    fn a_key_is_the_same_in_every_form() {
        let key = PlainKey::of_cosigner(W1).unwrap().unwrap();
        assert_eq!(key.to_cosigner("w1.example.org"), W1);
        let digits = hex::encode(key.0);
        assert_eq!(digits.parse(), Ok(key));
        assert_eq!(digits.to_uppercase().parse(), Ok(key));
        let blob = BASE64.encode([SSH_HEAD, &key.0].concat());
        assert_eq!(format!("ssh-ed25519 {blob}").parse(), Ok(key));
        assert_eq!(format!("ssh-ed25519 {blob} who@where").parse(), Ok(key));
        assert_eq!(PlainKey::of_verifier(&key.named("log.example/1").unwrap()), Some(key));
    }

    #[test]
    fn a_text_that_is_no_key_is_refused_with_what_was_expected() {
        let short = format!("w1+{}+BNVC", hex::encode(key_id("w1", &[4, 0xd5, 0x42])));
        for (text, problem) in [
            ("w1", "expected `name+id+key`"),
            ("w1+00000000+!", "expected a key in base64"),
            (&*short, "expected the 32 bytes of an Ed25519 key"),
            (&W1.replace("w1", "w2"), "expected the id that belongs to name and key"),
            (&W1.replace("+BN", "+AN"), "expected the id that belongs to name and key"),
        ] {
            let error = PlainKey::of_cosigner(text).unwrap_err();
            assert!(error.to_string().ends_with(problem), "{error}");
        }
        let other_type = format!("w1+{}+BgAA", hex::encode(key_id("w1", &[6, 0, 0])));
        assert_eq!(PlainKey::of_cosigner(&other_type), Ok(None));
        for text in ["", "00", "ssh-ed25519", "ssh-ed25519 AAAA", "ssh-rsa AAAA", W1] {
            let error = text.parse::<PlainKey>().unwrap_err();
            assert!(error.to_string().ends_with("`ssh-ed25519 AAAA…`"), "{error}");
        }
    }
}
