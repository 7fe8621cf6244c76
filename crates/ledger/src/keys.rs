//! Keys: a ledger's signing pair, the keys that verify it, and the key of a bridge.
//!
//! The only file that names the signature library. The way through: [`LedgerKeys`] signs a checkpoint with two
//! lines, Ed25519 first and RSA-PSS-3072 second, with private halves of its own or through a [`Signer`]; [`VerifierKey`] is the public half in its text form;
//! [`SourceKey`] and [`SourceVerifier`] are a bridge's.
//!
//! What holds: only `to_pem_file` and `to_pem` return a secret, and `Debug` prints none; signatures are
//! checked one by one, never in a batch; an RSA key is exactly 3072 bits with exponent 65537.
//!
//! Not here: key files on disk (`chopmark keys`), whom to trust ([`crate::policy`]).
//!
//! Sources: RFC 8032 (Ed25519), RFC 8017 section 8.1 (RSASSA-PSS), C2SP signed-note (key ids, verifier keys);
//! docs/formats/checkpoint-v1.md.

mod pem;
mod plain;

use std::{fmt, str::FromStr};

pub use self::plain::PlainKey;
pub use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use aws_lc_rs::{
    encoding::{AsDer as _, PublicKeyX509Der},
    rsa,
    signature::{
        self, ED25519, Ed25519KeyPair, KeyPair as _, RSA_PSS_2048_8192_SHA256, RSA_PSS_SHA256,
        UnparsedPublicKey,
    },
};
use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use thiserror::Error;

use crate::{
    checkpoint::Checkpoint,
    hash,
    note::{self, Note, NoteSignature},
};

/// First byte of an Ed25519 key in a signed note; C2SP signed-note.
const ED25519_TYPE: u8 = 0x01;
/// First byte of a key whose algorithm has no number of its own, before a name that identifies it; C2SP signed-note.
const NAMED_TYPE: u8 = 0xff;
/// The name between [`NAMED_TYPE`] and an RSA key.
const RSA_NAME: &[u8] = b"chopmark.org/rsa-pss-3072-sha256\n";
/// First line of a ledger's key file.
const KEY_FILE_TITLE: &str = "chopmark ledger keys v1";
/// How the public key of an RSA pair begins whose modulus has 3072 bits, as `SubjectPublicKeyInfo`: RFC 8017
/// appendix A.1 in the lengths that 3072 bits give. 385 bytes of modulus follow (the first one 0), then the exponent.
const SPKI_HEAD: [u8; 33] = [
    0x30, 0x82, 0x01, 0xa2, 0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01,
    0x01, 0x05, 0x00, 0x03, 0x82, 0x01, 0x8f, 0x00, 0x30, 0x82, 0x01, 0x8a, 0x02, 0x82, 0x01, 0x81,
    0x00,
];
/// The exponent 65537 at the end of that public key.
const SPKI_TAIL: [u8; 5] = [0x02, 0x03, 0x01, 0x00, 0x01];
/// Bytes of that public key.
const SPKI_BYTES: usize = SPKI_HEAD.len() + 384 + SPKI_TAIL.len();

/// Why a key or a signature is not accepted.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum KeyError {
    /// The name cannot be that of a key.
    #[error("got key name `{0}`, expected one without white space and `+`")]
    Name(String),
    /// A text is not a verifier key.
    #[error("verifier key `{text}`: {problem}")]
    VerifierKey {
        /// The text's beginning.
        text: String,
        /// What was expected.
        problem: &'static str,
    },
    /// A text is not a key file.
    #[error("key file: {0}")]
    File(&'static str),
    /// The library refused to make a key.
    #[error("{0} key could not be made")]
    Generate(&'static str),
    /// The library refused to sign.
    #[error("{0} signature could not be made")]
    Sign(&'static str),
    /// A token refused to sign.
    #[error("{algorithm} signature was not made by the token: {cause}")]
    Token {
        /// Which of the two.
        algorithm: Algorithm,
        /// Why.
        cause: String,
    },
    /// The checkpoint is another ledger's.
    #[error(
        "got a checkpoint of `{checkpoint}`, expected one of `{keys}`, which the keys belong to"
    )]
    OtherOrigin {
        /// The checkpoint's.
        checkpoint: String,
        /// The keys'.
        keys: String,
    },
    /// The signature does not verify.
    #[error("signature does not verify under the {algorithm} key of `{name}`")]
    Signature {
        /// The key's name.
        name: String,
        /// Its algorithm.
        algorithm: Algorithm,
    },
}

/// How a key signs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Algorithm {
    /// RFC 8032.
    Ed25519,
    /// RFC 8017 section 8.1: 3072 bits, SHA-256, MGF1 with SHA-256, salt of 32 bytes.
    RsaPss3072,
}

impl fmt::Display for Algorithm {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Ed25519 => "Ed25519",
            Self::RsaPss3072 => "RSA-PSS-3072",
        })
    }
}

/// Signs with the private halves of a ledger's pair, wherever these are: in a token that never gives them away.
pub trait Signer: Send + Sync {
    /// Signs `message`: Ed25519, 64 bytes; or RSA-PSS-3072 with a salt of 32 bytes, 384 bytes.
    ///
    /// # Errors
    ///
    /// Why not, for people; without secrets.
    fn sign(&self, algorithm: Algorithm, message: &[u8]) -> Result<Vec<u8>, String>;
}

/// Where the private halves of a pair are.
enum Private {
    /// In memory, from a file.
    Own { ed25519: Ed25519KeyPair, rsa: rsa::KeyPair },
    /// Elsewhere.
    Elsewhere(Box<dyn Signer>),
}

/// One ledger's signing pair.
pub struct LedgerKeys {
    origin: String,
    private: Private,
    verifiers: [VerifierKey; 2],
}

impl fmt::Debug for LedgerKeys {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("LedgerKeys").field("origin", &self.origin).finish_non_exhaustive()
    }
}

impl LedgerKeys {
    /// Makes the pair of the ledger `origin`.
    ///
    /// - `rng`: for Ed25519; the library draws the RSA primes from its own system source.
    /// - Cost: some 0.1 to 1 s, for the RSA primes.
    ///
    /// # Errors
    ///
    /// [`KeyError`] if `origin` cannot name a key or the library fails.
    pub fn generate(origin: &str, rng: &dyn SecureRandom) -> Result<Self, KeyError> {
        let ed25519 = new_ed25519(rng)?;
        let rsa = rsa::KeyPair::generate(rsa::KeySize::Rsa3072)
            .map_err(|_| KeyError::Generate("RSA-PSS-3072"))?;
        Self::assemble(origin, ed25519, rsa)
    }

    fn assemble(
        origin: &str,
        ed25519: Ed25519KeyPair,
        rsa: rsa::KeyPair,
    ) -> Result<Self, KeyError> {
        let spki: PublicKeyX509Der<'_> = rsa
            .public_key()
            .as_der()
            .map_err(|_| KeyError::File("the RSA key has no public half"))?;
        let verifiers = [
            VerifierKey::new(origin, Algorithm::Ed25519, ed25519.public_key().as_ref())?,
            VerifierKey::new(origin, Algorithm::RsaPss3072, spki.as_ref())?,
        ];
        Ok(Self { origin: origin.to_owned(), private: Private::Own { ed25519, rsa }, verifiers })
    }

    /// The pair of the ledger `origin` whose private halves `signer` uses.
    ///
    /// - `ed25519`: the public key, 32 bytes.
    /// - `rsa_modulus`: of the RSA key, big-endian, 384 bytes; its exponent is 65537.
    ///
    /// # Errors
    ///
    /// [`KeyError`] if a public key or `origin` is not usable.
    pub fn elsewhere(
        origin: &str,
        ed25519: &[u8],
        rsa_modulus: &[u8],
        signer: Box<dyn Signer>,
    ) -> Result<Self, KeyError> {
        let spki = [&SPKI_HEAD[..], rsa_modulus, &SPKI_TAIL].concat();
        let verifiers = [
            VerifierKey::new(origin, Algorithm::Ed25519, ed25519)?,
            VerifierKey::new(origin, Algorithm::RsaPss3072, &spki)?,
        ];
        Ok(Self { origin: origin.to_owned(), private: Private::Elsewhere(signer), verifiers })
    }

    /// The key file: a title, the origin, two PKCS#8 PEM blocks (Ed25519, then RSA). Secret. Empty if the private
    /// halves are in a token: no file can hold them.
    #[must_use]
    pub fn to_pem_file(&self) -> String {
        let Private::Own { ed25519, rsa } = &self.private else { return String::new() };
        // Both pairs hold their own key, so that encoding it cannot fail; were it to, the file would be refused
        // when it is read.
        let ed25519 = ed25519.to_pkcs8v1().map(|der| pem::encode(der.as_ref()));
        let rsa = rsa.as_der().map(|der| pem::encode(der.as_ref()));
        format!(
            "{KEY_FILE_TITLE}\norigin: {}\n{}{}",
            self.origin,
            ed25519.unwrap_or_default(),
            rsa.unwrap_or_default()
        )
    }

    /// Reads a key file.
    ///
    /// # Errors
    ///
    /// [`KeyError::File`] with what was expected; the message holds no key material.
    pub fn from_pem_file(text: &str) -> Result<Self, KeyError> {
        let rest = text
            .strip_prefix(KEY_FILE_TITLE)
            .and_then(|rest| rest.strip_prefix("\norigin: "))
            .ok_or(KeyError::File("expected `chopmark ledger keys v1` and `origin: …`"))?;
        let (origin, blocks) =
            rest.split_once('\n').ok_or(KeyError::File("nothing after the origin"))?;
        let blocks =
            pem::decode_all(blocks).ok_or(KeyError::File("expected PEM blocks `PRIVATE KEY`"))?;
        let [ed25519, rsa] = &blocks[..] else {
            return Err(KeyError::File("expected two PEM blocks"));
        };
        let ed25519 = Ed25519KeyPair::from_pkcs8_maybe_unchecked(ed25519)
            .map_err(|_| KeyError::File("expected an Ed25519 key in the first block"))?;
        let rsa = rsa::KeyPair::from_pkcs8(rsa)
            .map_err(|_| KeyError::File("expected an RSA key in the second block"))?;
        Self::assemble(origin, ed25519, rsa)
    }

    /// Name of the ledger.
    #[must_use]
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// The public halves: Ed25519, then RSA.
    #[must_use]
    pub fn verifier_keys(&self) -> Vec<VerifierKey> {
        self.verifiers.to_vec()
    }

    /// Signs a checkpoint: returns the note with two signature lines, Ed25519 first.
    ///
    /// - `rng`: for the salt of RSA-PSS.
    /// - Cost: under 1 ms, nearly all of it RSA; a token takes its own time.
    ///
    /// # Errors
    ///
    /// [`KeyError`] if the checkpoint is another ledger's, the library or the token fails, or the token's signature does
    /// not verify.
    pub fn sign_checkpoint(
        &self,
        checkpoint: &Checkpoint,
        rng: &dyn SecureRandom,
    ) -> Result<String, KeyError> {
        if checkpoint.origin != self.origin {
            return Err(KeyError::OtherOrigin {
                checkpoint: checkpoint.origin.clone(),
                keys: self.origin.clone(),
            });
        }
        Ok(self.sign_text(checkpoint.body(), rng)?.to_string())
    }

    /// Signs a text that is no checkpoint: two signature lines, Ed25519 first.
    ///
    /// - `text`: its first line names its format, so that it cannot be taken for a checkpoint.
    ///
    /// # Errors
    ///
    /// [`KeyError::Sign`] if the library, or the token that holds the keys, fails.
    pub fn sign_text(&self, text: String, rng: &dyn SecureRandom) -> Result<Note, KeyError> {
        let bytes = match &self.private {
            Private::Own { ed25519, rsa } => {
                let mut rsa_bytes = vec![0; rsa.public_modulus_len()];
                rsa.sign(&RSA_PSS_SHA256, rng, text.as_bytes(), &mut rsa_bytes)
                    .map_err(|_| KeyError::Sign("RSA-PSS-3072"))?;
                [ed25519.sign(text.as_bytes()).as_ref().to_vec(), rsa_bytes]
            }
            Private::Elsewhere(signer) => {
                let [ed25519, rsa] = &self.verifiers;
                let sign = |key: &VerifierKey| sign_elsewhere(&**signer, key, text.as_bytes());
                [sign(ed25519)?, sign(rsa)?]
            }
        };
        let signatures = self
            .verifiers
            .iter()
            .zip(bytes)
            .map(|(key, bytes)| NoteSignature {
                name: self.origin.clone(),
                key_id: key.key_id(),
                bytes,
            })
            .collect();
        Ok(Note { text, signatures })
    }
}

/// A signature of a token. It is checked: what does not verify must not get into a ledger.
fn sign_elsewhere(
    signer: &dyn Signer,
    key: &VerifierKey,
    message: &[u8],
) -> Result<Vec<u8>, KeyError> {
    let algorithm = key.algorithm;
    let bytes =
        signer.sign(algorithm, message).map_err(|cause| KeyError::Token { algorithm, cause })?;
    key.verify(message, &bytes)?;
    Ok(bytes)
}

fn new_ed25519(rng: &dyn SecureRandom) -> Result<Ed25519KeyPair, KeyError> {
    let failed = || KeyError::Generate("Ed25519");
    let pkcs8 = Ed25519KeyPair::generate_pkcs8(rng).map_err(|_| failed())?;
    Ed25519KeyPair::from_pkcs8(pkcs8.as_ref()).map_err(|_| failed())
}

/// A public key with the name it signs under: C2SP's `name+id+key`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct VerifierKey {
    name: String,
    algorithm: Algorithm,
    /// Ed25519: the 32 bytes. RSA: `SubjectPublicKeyInfo`, DER.
    key: Vec<u8>,
}

impl VerifierKey {
    fn new(name: &str, algorithm: Algorithm, key: &[u8]) -> Result<Self, KeyError> {
        if !note::is_key_name(name) {
            return Err(KeyError::Name(name.chars().take(120).collect()));
        }
        let wrong = |problem| KeyError::VerifierKey { text: name.to_owned(), problem };
        match algorithm {
            Algorithm::Ed25519 if key.len() != 32 => {
                return Err(wrong("expected the 32 bytes of an Ed25519 key"));
            }
            Algorithm::RsaPss3072
                if key.len() != SPKI_BYTES
                    || !key.starts_with(&SPKI_HEAD)
                    || !key.ends_with(&SPKI_TAIL)
                    || key[SPKI_HEAD.len()] < 0x80 =>
            {
                return Err(wrong("expected an RSA key of 3072 bits with exponent 65537"));
            }
            _ => {}
        }
        Ok(Self { name: name.to_owned(), algorithm, key: key.to_vec() })
    }

    /// The Ed25519 key of `source` under a name.
    ///
    /// # Errors
    ///
    /// [`KeyError::Name`] if it cannot name a key.
    pub fn of_source(name: &str, source: SourceVerifier) -> Result<Self, KeyError> {
        Self::new(name, Algorithm::Ed25519, &source.0)
    }

    /// The key itself, without its name: 32 bytes, or the `SubjectPublicKeyInfo` of an RSA key.
    #[must_use]
    pub fn key_bytes(&self) -> &[u8] {
        &self.key
    }

    /// Name under which the key signs.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How it signs.
    #[must_use]
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// Type byte (and name) before the key.
    fn typed(&self) -> Vec<u8> {
        match self.algorithm {
            Algorithm::Ed25519 => [&[ED25519_TYPE], &*self.key].concat(),
            Algorithm::RsaPss3072 => [&[NAMED_TYPE], RSA_NAME, &self.key].concat(),
        }
    }

    /// First four bytes of `SHA-256(name ‖ 0x0a ‖ type ‖ key)`.
    #[must_use]
    pub fn key_id(&self) -> [u8; 4] {
        let hash = hash::sha256_parts(&[self.name.as_bytes(), b"\n", &self.typed()]);
        [hash.0[0], hash.0[1], hash.0[2], hash.0[3]]
    }

    /// Checks a signature of this key over `message`.
    ///
    /// # Errors
    ///
    /// [`KeyError::Signature`] if it does not verify.
    pub fn verify(&self, message: &[u8], bytes: &[u8]) -> Result<(), KeyError> {
        // With 3072 bits and SHA-256 the library accepts a salt of 32 bytes and no other.
        let algorithm: &'static dyn signature::VerificationAlgorithm = match self.algorithm {
            Algorithm::Ed25519 => &ED25519,
            Algorithm::RsaPss3072 => &RSA_PSS_2048_8192_SHA256,
        };
        UnparsedPublicKey::new(algorithm, &self.key)
            .verify(message, bytes)
            .map_err(|_| KeyError::Signature { name: self.name.clone(), algorithm: self.algorithm })
    }
}

impl fmt::Display for VerifierKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (id, key) = (hex::encode(self.key_id()), BASE64.encode(self.typed()));
        write!(out, "{}+{id}+{key}", self.name)
    }
}

impl FromStr for VerifierKey {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        let wrong =
            |problem| KeyError::VerifierKey { text: text.chars().take(80).collect(), problem };
        let mut parts = text.splitn(3, '+');
        let (Some(name), Some(id), Some(key)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(wrong("expected `name+id+key`"));
        };
        let typed = BASE64.decode(key).map_err(|_| wrong("expected a key in base64"))?;
        let verifier = match typed.split_first() {
            Some((&ED25519_TYPE, key)) => Self::new(name, Algorithm::Ed25519, key)?,
            Some((&NAMED_TYPE, named)) => {
                let key = named.strip_prefix(RSA_NAME).ok_or_else(|| {
                    wrong("expected the algorithm `chopmark.org/rsa-pss-3072-sha256`")
                })?;
                Self::new(name, Algorithm::RsaPss3072, key)?
            }
            _ => return Err(wrong("expected a key of type 0x01 (Ed25519) or 0xff (named)")),
        };
        if hex::encode(verifier.key_id()) != id {
            return Err(wrong("expected the id that belongs to name and key"));
        }
        Ok(verifier)
    }
}

/// A bridge's signing key, Ed25519.
pub struct SourceKey(Ed25519KeyPair);

impl fmt::Debug for SourceKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_tuple("SourceKey").field(&self.public_base64()).finish()
    }
}

impl SourceKey {
    /// Makes a key.
    ///
    /// # Errors
    ///
    /// [`KeyError::Generate`] if the library fails.
    pub fn generate(rng: &dyn SecureRandom) -> Result<Self, KeyError> {
        Ok(Self(new_ed25519(rng)?))
    }

    /// The key as one PKCS#8 PEM block. Secret.
    #[must_use]
    pub fn to_pem(&self) -> String {
        self.0.to_pkcs8v1().map(|der| pem::encode(der.as_ref())).unwrap_or_default()
    }

    /// Reads a PEM block.
    ///
    /// # Errors
    ///
    /// [`KeyError::File`] with what was expected.
    pub fn from_pem(text: &str) -> Result<Self, KeyError> {
        let wrong = KeyError::File("expected one PEM block `PRIVATE KEY` with an Ed25519 key");
        match pem::decode_all(text).as_deref() {
            Some([der]) => {
                Ed25519KeyPair::from_pkcs8_maybe_unchecked(der).map(Self).map_err(|_| wrong)
            }
            _ => Err(wrong),
        }
    }

    /// The public half: 32 bytes in base64.
    #[must_use]
    pub fn public_base64(&self) -> String {
        BASE64.encode(self.0.public_key())
    }

    /// The public half, to verify with.
    #[must_use]
    pub fn verifier(&self) -> SourceVerifier {
        let mut key = [0; 32];
        key.copy_from_slice(self.0.public_key().as_ref());
        SourceVerifier(key)
    }

    /// Signs `message`; 64 bytes.
    #[must_use]
    pub fn sign(&self, message: &[u8]) -> [u8; 64] {
        let mut bytes = [0; 64];
        bytes.copy_from_slice(self.0.sign(message).as_ref());
        bytes
    }
}

/// The public half of a bridge's key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SourceVerifier([u8; 32]);

impl SourceVerifier {
    /// Reads the base64 form.
    ///
    /// # Errors
    ///
    /// [`KeyError::VerifierKey`] if it is not 32 bytes in base64.
    pub fn from_base64(text: &str) -> Result<Self, KeyError> {
        BASE64.decode(text).ok().and_then(|bytes| bytes.try_into().ok()).map(Self).ok_or_else(
            || KeyError::VerifierKey {
                text: text.chars().take(80).collect(),
                problem: "expected 32 bytes in base64",
            },
        )
    }

    /// A short name of the key: the first 8 bytes of its SHA-256, 16 lowercase hex digits.
    #[must_use]
    pub fn key_id(&self) -> String {
        hex::encode(&hash::sha256(&self.0).0[..8])
    }

    /// The base64 form.
    #[must_use]
    pub fn to_base64(&self) -> String {
        BASE64.encode(self.0)
    }

    /// Checks a signature over `message`.
    ///
    /// # Errors
    ///
    /// [`KeyError::Signature`] if it does not verify.
    pub fn verify(&self, message: &[u8], bytes: &[u8]) -> Result<(), KeyError> {
        UnparsedPublicKey::new(&ED25519, self.0).verify(message, bytes).map_err(|_| {
            KeyError::Signature { name: self.to_base64(), algorithm: Algorithm::Ed25519 }
        })
    }
}

#[cfg(test)]
mod tests;
