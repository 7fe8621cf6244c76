//! Keys: who signs a ledger's checkpoints, who signs a bridge's deliveries, and how either is checked.
//!
//! What holds:
//!
//! - this is the only file that names the library's signatures;
//! - a ledger signs every checkpoint twice: Ed25519 for the tools of transparency logs, RSA-PSS-3072 for
//!   hardware modules, browsers and regulators;
//! - signatures are checked one by one, never in a batch;
//! - secrets leave this file only as the text of a key file, and never through `Debug`.
//!
//! Sources: C2SP signed-note (Ed25519, type 0x01); RFC 8017 section 8.1 (RSASSA-PSS with SHA-256, MGF1 with
//! SHA-256, salt of 32 bytes); docs/formats/checkpoint-v1.md for our own type.

use std::fmt;
use std::str::FromStr;

use aws_lc_rs::encoding::{AsDer as _, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    self, Ed25519KeyPair, KeyPair as _, RsaKeyPair, UnparsedPublicKey,
};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use thiserror::Error;

pub use aws_lc_rs::rand::{SecureRandom, SystemRandom};

use crate::checkpoint::Checkpoint;
use crate::hash::sha256_parts;
use crate::note::{Note, NoteSignature, is_name};

/// Type byte of Ed25519 keys in C2SP signed notes.
const ED25519: u8 = 0x01;
/// Type byte for algorithms that C2SP has assigned no number; a long name follows it.
const NAMED: u8 = 0xff;
/// Our name for RSA-PSS-3072 with SHA-256, followed by a newline so that no key bytes extend it.
const RSA_NAME: &[u8] = b"chopmark.org/rsa-pss-3072-sha256\n";

/// Why a key or a signature is not usable.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum KeyError {
    /// A verifier key's text is malformed.
    #[error("`{0}` is no verifier key; `name+hash+base64` would be right")]
    VerifierKey(String),
    /// The hash in a verifier key does not belong to it.
    #[error("key hash {found} does not belong to the key of `{name}`; {right} would be right")]
    KeyHash {
        /// Name of the key.
        name: String,
        /// Hash found.
        found: String,
        /// Hash that belongs to it.
        right: String,
    },
    /// A key file's text is malformed.
    #[error("key file: {0}")]
    KeyFile(String),
    /// A name that no key can have.
    #[error("`{0}` cannot name a key; a name without white space and plus sign would be right")]
    Name(String),
    /// The library refused a key.
    #[error("key was refused: {0}")]
    Refused(String),
    /// A signature does not verify.
    #[error("signature by `{0}` does not verify")]
    Signature(String),
    /// The random source failed.
    #[error("no random bytes could be had")]
    Random,
}

/// The algorithms of ledger keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Algorithm {
    /// Ed25519, RFC 8032.
    Ed25519,
    /// RSASSA-PSS, 3072 bits, SHA-256, salt of 32 bytes.
    RsaPss3072,
}

/// The public half of a ledger key.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct VerifierKey {
    name: String,
    algorithm: Algorithm,
    /// Ed25519: 32 bytes; RSA: SubjectPublicKeyInfo, DER.
    public: Vec<u8>,
}

impl VerifierKey {
    fn new(name: &str, algorithm: Algorithm, public: Vec<u8>) -> Self {
        Self { name: name.to_owned(), algorithm, public }
    }

    /// Whose key it is: a ledger's origin.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its algorithm.
    #[must_use]
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// Ed25519: the 32 bytes. RSA: SubjectPublicKeyInfo, DER, as WebCrypto imports it.
    #[must_use]
    pub fn public_bytes(&self) -> &[u8] {
        &self.public
    }

    /// Type and key, the bytes that the key hash covers and that a verifier key's text encodes.
    fn encoded(&self) -> Vec<u8> {
        let mut out = match self.algorithm {
            Algorithm::Ed25519 => vec![ED25519],
            Algorithm::RsaPss3072 => [&[NAMED], RSA_NAME].concat(),
        };
        out.extend_from_slice(&self.public);
        out
    }

    /// First four bytes of `SHA-256(name ‖ 0x0a ‖ type ‖ key)`.
    #[must_use]
    pub fn key_id(&self) -> [u8; 4] {
        let hash = sha256_parts(&[self.name.as_bytes(), b"\n", &self.encoded()]);
        [hash.0[0], hash.0[1], hash.0[2], hash.0[3]]
    }

    /// Checks a signature over `message`.
    ///
    /// # Errors
    ///
    /// [`KeyError::Signature`].
    pub fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), KeyError> {
        let refused = |_| KeyError::Signature(self.name.clone());
        match self.algorithm {
            Algorithm::Ed25519 => UnparsedPublicKey::new(&signature::ED25519, &self.public)
                .verify(message, signature)
                .map_err(refused),
            Algorithm::RsaPss3072 => {
                UnparsedPublicKey::new(&signature::RSA_PSS_2048_8192_SHA256, &self.public)
                    .verify(message, signature)
                    .map_err(refused)
            }
        }
    }
}

impl fmt::Display for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}+{}+{}", self.name, hex::encode(self.key_id()), STANDARD.encode(self.encoded()))
    }
}

impl fmt::Debug for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "VerifierKey({}+{})", self.name, hex::encode(self.key_id()))
    }
}

impl FromStr for VerifierKey {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        let malformed = || KeyError::VerifierKey(text.chars().take(80).collect());
        let mut parts = text.splitn(3, '+');
        let (name, id, encoded) = match (parts.next(), parts.next(), parts.next()) {
            (Some(name), Some(id), Some(encoded)) => (name, id, encoded),
            _ => return Err(malformed()),
        };
        let bytes = STANDARD.decode(encoded).map_err(|_| malformed())?;
        if !is_name(name) {
            return Err(malformed());
        }
        let key = match bytes.split_first() {
            Some((&ED25519, key)) if key.len() == 32 => {
                Self::new(name, Algorithm::Ed25519, key.to_vec())
            }
            Some((&NAMED, rest)) => {
                let key = rest.strip_prefix(RSA_NAME).ok_or_else(malformed)?;
                Self::new(name, Algorithm::RsaPss3072, key.to_vec())
            }
            _ => return Err(malformed()),
        };
        let right = hex::encode(key.key_id());
        if id != right {
            return Err(KeyError::KeyHash { name: name.to_owned(), found: id.to_owned(), right });
        }
        Ok(key)
    }
}

/// Both signing keys of one ledger.
pub struct LedgerKeys {
    origin: String,
    ed25519: Ed25519KeyPair,
    ed25519_pkcs8: Vec<u8>,
    rsa: RsaKeyPair,
    rsa_pkcs8: Vec<u8>,
}

impl fmt::Debug for LedgerKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LedgerKeys({})", self.origin)
    }
}

impl LedgerKeys {
    /// Makes new keys; the RSA key takes about a second.
    ///
    /// # Errors
    ///
    /// [`KeyError`], if the origin cannot name a key or the library fails.
    pub fn generate(origin: &str, rng: &dyn SecureRandom) -> Result<Self, KeyError> {
        let failed = |_| KeyError::Random;
        let mut seed = [0; 32];
        rng.fill(&mut seed).map_err(failed)?;
        let ed25519 = Ed25519KeyPair::from_seed_unchecked(&seed)
            .and_then(|pair| pair.to_pkcs8().map_err(|_| aws_lc_rs::error::KeyRejected::from(aws_lc_rs::error::Unspecified)))
            .map_err(|error| KeyError::Refused(error.to_string()))?;
        let rsa = RsaKeyPair::generate(KeySize::Rsa3072).map_err(failed)?;
        let rsa_der: Pkcs8V1Der<'_> = rsa.as_der().map_err(failed)?;
        Self::from_pkcs8(origin, ed25519.as_ref(), rsa_der.as_ref())
    }

    fn from_pkcs8(origin: &str, ed25519_pkcs8: &[u8], rsa_pkcs8: &[u8]) -> Result<Self, KeyError> {
        if !is_name(origin) {
            return Err(KeyError::Name(origin.to_owned()));
        }
        let refused = |error: aws_lc_rs::error::KeyRejected| KeyError::Refused(error.to_string());
        let rsa = RsaKeyPair::from_pkcs8(rsa_pkcs8).map_err(refused)?;
        if rsa.public_modulus_len() != 384 {
            return Err(KeyError::Refused("the RSA key has not 3072 bits".into()));
        }
        Ok(Self {
            origin: origin.to_owned(),
            ed25519: Ed25519KeyPair::from_pkcs8_maybe_unchecked(ed25519_pkcs8).map_err(refused)?,
            ed25519_pkcs8: ed25519_pkcs8.to_vec(),
            rsa,
            rsa_pkcs8: rsa_pkcs8.to_vec(),
        })
    }

    /// The text of a key file: a line with the origin, then two PKCS#8 blocks, Ed25519 first.
    #[must_use]
    pub fn to_pem_file(&self) -> String {
        let blocks = [pem(&self.ed25519_pkcs8), pem(&self.rsa_pkcs8)].concat();
        format!("origin {}\n{blocks}", self.origin)
    }

    /// Reads a key file.
    ///
    /// # Errors
    ///
    /// [`KeyError::KeyFile`], saying what is missing.
    pub fn from_pem_file(text: &str) -> Result<Self, KeyError> {
        let wrong = |what: &str| KeyError::KeyFile(what.to_owned());
        let origin = text
            .lines()
            .next()
            .and_then(|line| line.strip_prefix("origin "))
            .ok_or_else(|| wrong("the first line is not `origin NAME`"))?;
        let blocks = read_pem(text).ok_or_else(|| wrong("a PEM block is malformed"))?;
        let [ed25519, rsa] = &blocks[..] else {
            return Err(wrong("two PRIVATE KEY blocks, Ed25519 and RSA, would be right"));
        };
        Self::from_pkcs8(origin, ed25519, rsa)
    }

    /// The ledger these keys sign for.
    #[must_use]
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// The public halves, Ed25519 first.
    ///
    /// # Panics
    ///
    /// Never: a key that was made or read has a public half.
    #[must_use]
    pub fn verifier_keys(&self) -> Vec<VerifierKey> {
        let ed25519 = self.ed25519.public_key().as_ref().to_vec();
        let rsa: PublicKeyX509Der<'_> =
            self.rsa.public_key().as_der().expect("an RSA key has a public half");
        vec![
            VerifierKey::new(&self.origin, Algorithm::Ed25519, ed25519),
            VerifierKey::new(&self.origin, Algorithm::RsaPss3072, rsa.as_ref().to_vec()),
        ]
    }

    /// Signs a checkpoint: the note with two signature lines, Ed25519 first.
    ///
    /// # Errors
    ///
    /// [`KeyError::Name`] if the checkpoint is another ledger's; [`KeyError::Random`].
    pub fn sign_checkpoint(
        &self,
        checkpoint: &Checkpoint,
        rng: &dyn SecureRandom,
    ) -> Result<String, KeyError> {
        if checkpoint.origin != self.origin {
            return Err(KeyError::Name(checkpoint.origin.clone()));
        }
        let text = checkpoint.body();
        let mut rsa = vec![0; self.rsa.public_modulus_len()];
        self.rsa
            .sign(&signature::RSA_PSS_SHA256, rng, text.as_bytes(), &mut rsa)
            .map_err(|_| KeyError::Random)?;
        let ed25519 = self.ed25519.sign(text.as_bytes()).as_ref().to_vec();
        let signatures = self
            .verifier_keys()
            .iter()
            .zip([ed25519, rsa])
            .map(|(key, bytes)| NoteSignature {
                name: self.origin.clone(),
                key_id: key.key_id(),
                bytes,
            })
            .collect();
        Ok(Note { text, signatures }.to_string())
    }
}

/// The signing key of a bridge.
pub struct SourceKey {
    pair: Ed25519KeyPair,
    pkcs8: Vec<u8>,
}

impl fmt::Debug for SourceKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SourceKey({})", self.public_base64())
    }
}

impl SourceKey {
    /// Makes a new key.
    ///
    /// # Errors
    ///
    /// [`KeyError::Random`].
    pub fn generate(rng: &dyn SecureRandom) -> Result<Self, KeyError> {
        let document = Ed25519KeyPair::generate_pkcs8(rng).map_err(|_| KeyError::Random)?;
        Self::from_pkcs8(document.as_ref())
    }

    fn from_pkcs8(pkcs8: &[u8]) -> Result<Self, KeyError> {
        let pair = Ed25519KeyPair::from_pkcs8_maybe_unchecked(pkcs8)
            .map_err(|error| KeyError::Refused(error.to_string()))?;
        Ok(Self { pair, pkcs8: pkcs8.to_vec() })
    }

    /// The text of a key file: one PKCS#8 block.
    #[must_use]
    pub fn to_pem(&self) -> String {
        pem(&self.pkcs8)
    }

    /// Reads a key file.
    ///
    /// # Errors
    ///
    /// [`KeyError::KeyFile`].
    pub fn from_pem(text: &str) -> Result<Self, KeyError> {
        match read_pem(text).as_deref() {
            Some([block]) => Self::from_pkcs8(block),
            _ => Err(KeyError::KeyFile("one PRIVATE KEY block would be right".into())),
        }
    }

    /// The public half, base64 of 32 bytes.
    #[must_use]
    pub fn public_base64(&self) -> String {
        STANDARD.encode(self.pair.public_key().as_ref())
    }

    /// Signs a message.
    #[must_use]
    pub fn sign(&self, message: &[u8]) -> [u8; 64] {
        let mut out = [0; 64];
        out.copy_from_slice(self.pair.sign(message).as_ref());
        out
    }
}

/// The public half of a bridge's key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceVerifier([u8; 32]);

impl SourceVerifier {
    /// Reads base64 of 32 bytes.
    ///
    /// # Errors
    ///
    /// [`KeyError::VerifierKey`].
    pub fn from_base64(text: &str) -> Result<Self, KeyError> {
        STANDARD
            .decode(text)
            .ok()
            .and_then(|bytes| bytes.try_into().ok())
            .map(Self)
            .ok_or_else(|| KeyError::VerifierKey(text.chars().take(80).collect()))
    }

    /// Checks a signature over `message`.
    ///
    /// # Errors
    ///
    /// [`KeyError::Signature`].
    pub fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), KeyError> {
        UnparsedPublicKey::new(&signature::ED25519, &self.0)
            .verify(message, signature)
            .map_err(|_| KeyError::Signature("the bridge".into()))
    }
}

const BEGIN: &str = "-----BEGIN PRIVATE KEY-----";
const END: &str = "-----END PRIVATE KEY-----";

fn pem(der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let mut out = format!("{BEGIN}\n");
    let mut rest = text.as_str();
    while !rest.is_empty() {
        let (line, more) = rest.split_at(rest.len().min(64));
        out.push_str(line);
        out.push('\n');
        rest = more;
    }
    out.push_str(END);
    out.push('\n');
    out
}

fn read_pem(text: &str) -> Option<Vec<Vec<u8>>> {
    let mut blocks = Vec::new();
    let mut rest = text;
    while let Some((_, after)) = rest.split_once(BEGIN) {
        let (body, more) = after.split_once(END)?;
        let body: String = body.split_whitespace().collect();
        blocks.push(STANDARD.decode(body).ok()?);
        rest = more;
    }
    Some(blocks)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hash::Hash;

    fn keys() -> LedgerKeys {
        LedgerKeys::generate("a.example/x", &SystemRandom::new()).unwrap()
    }

    #[test]
    fn both_signature_lines_verify_under_the_printed_keys_and_under_no_other() {
        let keys = keys();
        let again = LedgerKeys::from_pem_file(&keys.to_pem_file()).unwrap();
        let checkpoint = Checkpoint { origin: "a.example/x".into(), size: 7, root: Hash::EMPTY };
        let note: Note =
            again.sign_checkpoint(&checkpoint, &SystemRandom::new()).unwrap().parse().unwrap();
        assert_eq!(note.signatures.len(), 2);
        for (key, signature) in keys.verifier_keys().iter().zip(&note.signatures) {
            let read: VerifierKey = key.to_string().parse().unwrap();
            assert_eq!(&read, key);
            assert_eq!(read.key_id(), signature.key_id);
            read.verify(note.text.as_bytes(), &signature.bytes).unwrap();
            assert!(read.verify(b"other", &signature.bytes).is_err());
            let mut bad = signature.bytes.clone();
            bad[10] ^= 1;
            assert!(read.verify(note.text.as_bytes(), &bad).is_err());
        }
        let other = Checkpoint { origin: "b".into(), ..checkpoint };
        assert!(again.sign_checkpoint(&other, &SystemRandom::new()).is_err());
    }

    #[test]
    fn a_verifier_key_with_a_wrong_hash_or_name_is_refused() {
        let text = keys().verifier_keys()[0].to_string();
        assert!(text.replace("a.example", "b.example").parse::<VerifierKey>().is_err());
        for bad in ["", "a", "a+b", "a+00000000+AQ==", "a b+00000000+AQ=="] {
            assert!(bad.parse::<VerifierKey>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_bridge_key_signs_and_reads_back() {
        let key = SourceKey::generate(&SystemRandom::new()).unwrap();
        let again = SourceKey::from_pem(&key.to_pem()).unwrap();
        let verifier = SourceVerifier::from_base64(&again.public_base64()).unwrap();
        verifier.verify(b"x", &key.sign(b"x")).unwrap();
        assert!(verifier.verify(b"y", &key.sign(b"x")).is_err());
    }

    #[test]
    fn secrets_do_not_show_in_debug_output() {
        let keys = keys();
        assert_eq!(format!("{keys:?}"), "LedgerKeys(a.example/x)");
    }
}
