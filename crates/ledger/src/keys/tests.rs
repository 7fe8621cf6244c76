//! Keys through their files, signatures through their verification.

use super::*;
use crate::hash::Hash;

const ORIGIN: &str = "factory.example/line-1";

fn checkpoint() -> Checkpoint {
    Checkpoint { origin: ORIGIN.into(), size: 0, root: Hash::EMPTY }
}

#[test]
fn what_a_ledger_signs_its_own_keys_verify_after_a_trip_through_the_file() {
    let rng = SystemRandom::new();
    let made = LedgerKeys::generate(ORIGIN, &rng).unwrap();
    let keys = LedgerKeys::from_pem_file(&made.to_pem_file()).unwrap();
    assert_eq!(keys.verifier_keys(), made.verifier_keys());
    assert_eq!(keys.to_pem_file(), made.to_pem_file());

    let note = Note::parse(&keys.sign_checkpoint(&checkpoint(), &rng).unwrap()).unwrap();
    let [ed25519, rsa] = &keys.verifier_keys()[..] else { panic!("two keys") };
    assert_eq!((ed25519.algorithm(), rsa.algorithm()), (Algorithm::Ed25519, Algorithm::RsaPss3072));
    for (key, line) in [ed25519, rsa].into_iter().zip(&note.signatures) {
        let again: VerifierKey = key.to_string().parse().unwrap();
        assert_eq!((&again, line.key_id), (key, key.key_id()));
        again.verify(note.text.as_bytes(), &line.bytes).unwrap();
        again.verify(b"another text", &line.bytes).unwrap_err();
        let mut flipped = line.bytes.clone();
        flipped[3] ^= 4;
        again.verify(note.text.as_bytes(), &flipped).unwrap_err();
    }
    let other = Checkpoint { origin: "other".into(), ..checkpoint() };
    assert!(matches!(keys.sign_checkpoint(&other, &rng), Err(KeyError::OtherOrigin { .. })));
    assert!(!format!("{keys:?}").contains("PRIVATE"));
}

/// A token that signs something else than it is asked to.
struct Liar(Ed25519KeyPair);

impl Signer for Liar {
    fn sign(&self, _: Algorithm, _: &[u8]) -> Result<Vec<u8>, String> {
        Ok(self.0.sign(b"something else").as_ref().to_vec())
    }
}

#[test]
fn a_signature_of_a_token_that_does_not_verify_is_never_given_out() {
    let rng = SystemRandom::new();
    let pair = new_ed25519(&rng).unwrap();
    let public = pair.public_key().as_ref().to_vec();
    let keys = LedgerKeys::elsewhere(ORIGIN, &public, &[0xff; 384], Box::new(Liar(pair))).unwrap();
    let refused = keys.sign_checkpoint(&checkpoint(), &rng);
    assert!(matches!(refused, Err(KeyError::Signature { .. })), "{refused:?}");
    assert_eq!(keys.to_pem_file(), "");
}

#[test]
fn a_bridge_key_survives_its_pem_and_verifies() {
    let made = SourceKey::generate(&SystemRandom::new()).unwrap();
    let key = SourceKey::from_pem(&made.to_pem()).unwrap();
    let verifier = SourceVerifier::from_base64(&made.public_base64()).unwrap();
    verifier.verify(b"a delivery", &key.sign(b"a delivery")).unwrap();
    verifier.verify(b"another", &key.sign(b"a delivery")).unwrap_err();
    assert_eq!(verifier, key.verifier());
    assert_eq!(verifier.key_id(), hash::sha256(&verifier.0).to_string()[..16]);
}

/// The key and id of the example in Go's package `note`.
#[test]
fn a_verifier_key_of_another_implementation_is_read() {
    let text = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
    let key: VerifierKey = text.parse().unwrap();
    assert_eq!(key.to_string(), text);
    for wrong in [
        "PeterNeumann",
        "PeterNeumann+c74f20a4+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "PeterNeumann+c74f20a3+AhpC2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10Q=",
        "Peter Neumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
    ] {
        assert!(wrong.parse::<VerifierKey>().is_err(), "{wrong}");
    }
}

#[test]
fn what_is_no_key_file_is_refused() {
    for wrong in ["", "chopmark ledger keys v1\norigin: a\n", "-----BEGIN PRIVATE KEY-----\n"] {
        assert!(matches!(LedgerKeys::from_pem_file(wrong), Err(KeyError::File(_))), "{wrong:?}");
        assert!(matches!(SourceKey::from_pem(wrong), Err(KeyError::File(_))), "{wrong:?}");
    }
}
