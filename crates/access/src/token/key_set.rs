//! The public keys of a provider.
//!
//! What holds: a key checks signatures of the one algorithm that its type allows; a set is bounded.
//!
//! Sources: RFC 7517, RFC 7518 section 6, RFC 8037.

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ED25519, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents,
    UnparsedPublicKey,
};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ledger::json::{Json, JsonError, Limits, parse};

/// Most keys of a set.
const MOST_KEYS: usize = 32;
/// Most bytes of a set.
const MOST_BYTES: usize = 256 * 1024;

/// How a token is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Algorithm {
    /// RSA of at least 2048 bits, PKCS #1 1.5, SHA-256.
    Rs256,
    /// ECDSA on P-256, SHA-256.
    Es256,
    /// Ed25519.
    EdDsa,
}

impl Algorithm {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Rs256, Self::Es256, Self::EdDsa];

    /// Its name in tokens and in the configuration.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Rs256 => "RS256",
            Self::Es256 => "ES256",
            Self::EdDsa => "EdDSA",
        }
    }

    /// The algorithm of this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.name() == name)
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Public {
    Rsa { n: Vec<u8>, e: Vec<u8> },
    P256(Vec<u8>),
    Ed25519(Vec<u8>),
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Key {
    kid: String,
    public: Public,
}

/// Keys of a provider.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KeySet {
    keys: Vec<Key>,
}

/// Why a set of keys cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeySetError {
    /// It is no JSON.
    #[error("the keys of the provider are no JSON: {0}")]
    Json(JsonError),
    /// It is no set of keys.
    #[error("got no member `keys` with a list, expected a JSON Web Key Set")]
    NoKeys,
    /// There are too many.
    #[error("got {0} keys, expected at most 32")]
    TooMany(usize),
    /// Two have one name, so that a token does not say which.
    #[error("got two keys named `{0}`, expected distinct names")]
    Twice(String),
}

impl KeySet {
    /// Reads a set. Keys of other types, for other uses, or without a name check nothing and are left out, as the
    /// standard asks for.
    ///
    /// # Errors
    ///
    /// [`KeySetError`].
    pub fn parse(bytes: &[u8]) -> Result<Self, KeySetError> {
        let limits = Limits { max_bytes: MOST_BYTES, max_depth: 8 };
        let json = parse(bytes, &limits).map_err(KeySetError::Json)?;
        let listed = json.get("keys").and_then(Json::as_array).ok_or(KeySetError::NoKeys)?;
        if listed.len() > MOST_KEYS {
            return Err(KeySetError::TooMany(listed.len()));
        }
        let mut set = Self::default();
        for key in listed.iter().filter_map(key) {
            if set.knows(&key.kid) {
                return Err(KeySetError::Twice(key.kid));
            }
            set.keys.push(key);
        }
        Ok(set)
    }

    /// Whether a key of this name is in it.
    #[must_use]
    pub fn knows(&self, kid: &str) -> bool {
        self.keys.iter().any(|key| key.kid == kid)
    }

    /// Whether the key of this name signed the bytes, with this algorithm.
    pub(super) fn is_signed(
        &self,
        kid: &str,
        algorithm: Algorithm,
        signed: &[u8],
        signature: &[u8],
    ) -> bool {
        let key = self.keys.iter().find(|key| key.kid == kid);
        match (key.map(|key| &key.public), algorithm) {
            (Some(Public::Rsa { n, e }), Algorithm::Rs256) => RsaPublicKeyComponents { n, e }
                .verify(&RSA_PKCS1_2048_8192_SHA256, signed, signature)
                .is_ok(),
            (Some(Public::P256(point)), Algorithm::Es256) => {
                let key = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point);
                key.verify(signed, signature).is_ok()
            }
            (Some(Public::Ed25519(point)), Algorithm::EdDsa) => {
                UnparsedPublicKey::new(&ED25519, point).verify(signed, signature).is_ok()
            }
            _ => false,
        }
    }
}

fn key(json: &Json) -> Option<Key> {
    let text = |name: &str| json.get(name).and_then(Json::as_str);
    let bytes = |name: &str| URL_SAFE_NO_PAD.decode(text(name)?).ok();
    let coordinate = |name: &str| bytes(name).filter(|bytes| bytes.len() == 32);
    let (public, algorithm) = match (text("kty")?, text("crv")) {
        ("RSA", None) => {
            let without_zeros = |bytes: Vec<u8>| {
                bytes.into_iter().skip_while(|byte| *byte == 0).collect::<Vec<u8>>()
            };
            let (n, e) = (without_zeros(bytes("n")?), without_zeros(bytes("e")?));
            (Public::Rsa { n, e }, Algorithm::Rs256)
        }
        ("EC", Some("P-256")) => {
            let point = [vec![4], coordinate("x")?, coordinate("y")?].concat();
            (Public::P256(point), Algorithm::Es256)
        }
        ("OKP", Some("Ed25519")) => (Public::Ed25519(coordinate("x")?), Algorithm::EdDsa),
        _ => return None,
    };
    let is_for_signatures = json.get("use").is_none_or(|usage| usage.as_str() == Some("sig"));
    let is_for_this = json.get("alg").is_none_or(|alg| alg.as_str() == Some(algorithm.name()));
    let kid = text("kid")?.to_owned();
    (is_for_signatures && is_for_this).then_some(Key { kid, public })
}
