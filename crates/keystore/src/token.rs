//! Keys in a token (HSM) that is reached by PKCS#11: made there, used there, never read.
//!
//! The way through: [`generate`] makes a ledger's two pairs in a token; [`open`] gives [`LedgerKeys`] that sign with them.
//!
//! What holds: a private key is made as sensitive and not extractable; a wrong PIN is tried once and then never again in
//! this process, since tokens lock after a few; a session that was lost is opened again.
//!
//! Not here: the address ([`crate::uri`]); checking what a token signed (`LedgerKeys` does).
//!
//! Sources: PKCS #11 v3.0 sections 2.1.10 (RSA-PSS) and 2.3.10 (`EdDSA`); RFC 8410 for the curve's name.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
use cryptoki::error::{Error, RvError};
use cryptoki::mechanism::eddsa::{EddsaParams, EddsaSignatureScheme};
use cryptoki::mechanism::rsa::{PkcsMgfType, PkcsPssParams};
use cryptoki::mechanism::{Mechanism, MechanismType};
use cryptoki::object::{Attribute, AttributeType, KeyType, ObjectClass, ObjectHandle};
use cryptoki::session::{Session, UserType};
use cryptoki::slot::Slot;
use cryptoki::types::AuthPin;
use ledger::keys::{Algorithm, KeyError, LedgerKeys, Signer};
use thiserror::Error;

use crate::passphrase::Passphrase;
use crate::uri::TokenUri;

/// Name of the curve Ed25519, DER; RFC 8410 section 3.
const ED25519: [u8; 5] = [0x06, 0x03, 0x2b, 0x65, 0x70];
/// Exponent of RSA keys, 65537.
const EXPONENT: [u8; 3] = [1, 0, 1];
const RSA_BITS: u64 = 3072;
/// Bytes of the salt of RSA-PSS.
const SALT: u64 = 32;

/// Why a token cannot be used. No message holds a PIN.
#[derive(Debug, Error)]
pub enum TokenError {
    /// The module cannot be loaded.
    #[error("could not load the PKCS#11 module {path}: {cause}")]
    Module {
        /// Which file.
        path: PathBuf,
        /// Why.
        cause: String,
    },
    /// No token has the label, or several have.
    #[error("got {found} tokens with the label `{label}`, expected one; the module has: {others}")]
    Token {
        /// The label.
        label: String,
        /// How many have it.
        found: usize,
        /// The labels that there are.
        others: String,
    },
    /// The PIN is wrong or locked.
    #[error("{uri}: {problem}")]
    Pin {
        /// Which token.
        uri: String,
        /// What the token says.
        problem: &'static str,
    },
    /// The keys are not there, or there already.
    #[error("{uri}: got {found} {what}, expected {expected}")]
    Objects {
        /// Which token.
        uri: String,
        /// What was looked for.
        what: &'static str,
        /// How many there are.
        found: usize,
        /// How many there should be.
        expected: &'static str,
    },
    /// The token refused.
    #[error("{uri}: {what} failed: {cause}")]
    Call {
        /// Which token.
        uri: String,
        /// What.
        what: &'static str,
        /// Why.
        cause: String,
    },
    /// Its public keys are not those of a ledger.
    #[error("{uri}: {cause}")]
    Key {
        /// Which token.
        uri: String,
        /// Why.
        cause: KeyError,
    },
}

/// The modules that this process has loaded: each is initialised once and stays.
static MODULES: Mutex<BTreeMap<PathBuf, Pkcs11>> = Mutex::new(BTreeMap::new());

fn module(path: &Path) -> Result<Pkcs11, TokenError> {
    let mut modules = locked(&MODULES);
    if let Some(module) = modules.get(path) {
        return Ok(module.clone());
    }
    let failed = |error: Error| {
        let cause = error.to_string();
        TokenError::Module { path: path.to_owned(), cause }
    };
    let module = Pkcs11::new(path).map_err(failed)?;
    match module.initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK)) {
        Ok(()) | Err(Error::Pkcs11(RvError::CryptokiAlreadyInitialized, _)) => {}
        Err(error) => return Err(failed(error)),
    }
    modules.insert(path.to_owned(), module.clone());
    Ok(module)
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn call<'u>(uri: &'u TokenUri, what: &'static str) -> impl Fn(Error) -> TokenError + 'u {
    move |error| TokenError::Call { uri: uri.to_string(), what, cause: error.to_string() }
}

/// The slot of the token with the address's label.
fn slot(module: &Pkcs11, uri: &TokenUri) -> Result<Slot, TokenError> {
    let failed = call(uri, "listing the tokens");
    let mut all = Vec::new();
    for slot in module.get_slots_with_initialized_token().map_err(&failed)? {
        all.push((
            module.get_token_info(slot).map_err(&failed)?.label().trim_end().to_owned(),
            slot,
        ));
    }
    let own: Vec<_> = all.iter().filter(|(label, _)| *label == uri.token).collect();
    if let [(_, slot)] = own[..] {
        return Ok(*slot);
    }
    let others: Vec<_> = all.iter().map(|(label, _)| format!("`{label}`")).collect();
    let others = if others.is_empty() { "no token".to_owned() } else { others.join(", ") };
    Err(TokenError::Token { label: uri.token.clone(), found: own.len(), others })
}

/// A session in which the keys can be used.
fn log_in(uri: &TokenUri, pin: &Passphrase, is_writing: bool) -> Result<Session, TokenError> {
    let module = module(&uri.module)?;
    let slot = slot(&module, uri)?;
    let session =
        if is_writing { module.open_rw_session(slot) } else { module.open_ro_session(slot) };
    let session = session.map_err(call(uri, "opening a session"))?;
    let problem = match session.login(UserType::User, Some(&AuthPin::new(pin.text().into()))) {
        // Another session of this process has logged in: a login is the process's, not the session's.
        Ok(()) | Err(Error::Pkcs11(RvError::UserAlreadyLoggedIn, _)) => return Ok(session),
        Err(Error::Pkcs11(
            RvError::PinIncorrect | RvError::PinLenRange | RvError::PinInvalid,
            _,
        )) => "the PIN is wrong; a token locks after a few wrong ones",
        Err(Error::Pkcs11(RvError::PinLocked, _)) => {
            "the PIN is locked after too many wrong ones; the token's security officer can set it anew"
        }
        Err(error) => return Err(call(uri, "the login")(error)),
    };
    Err(TokenError::Pin { uri: uri.to_string(), problem })
}

/// The objects of a class and type with the address's label.
fn objects(
    session: &Session,
    uri: &TokenUri,
    class: ObjectClass,
    kind: KeyType,
) -> Result<Vec<ObjectHandle>, TokenError> {
    let label = Attribute::Label(uri.object.clone().into_bytes());
    let template =
        [Attribute::Token(true), Attribute::Class(class), Attribute::KeyType(kind), label];
    session.find_objects(&template).map_err(call(uri, "looking for the keys"))
}

fn only(
    session: &Session,
    uri: &TokenUri,
    class: ObjectClass,
    kind: KeyType,
) -> Result<ObjectHandle, TokenError> {
    let found = objects(session, uri, class, kind)?;
    if let [one] = found[..] {
        return Ok(one);
    }
    let what = match (class, kind) {
        (ObjectClass::PRIVATE_KEY, KeyType::RSA) => "private RSA keys",
        (ObjectClass::PRIVATE_KEY, _) => "private Ed25519 keys",
        (_, KeyType::RSA) => "public RSA keys",
        _ => "public Ed25519 keys",
    };
    let expected = "one; `chopmark keys ledger --pkcs11` makes them";
    Err(TokenError::Objects { uri: uri.to_string(), what, found: found.len(), expected })
}

/// The keys of the ledger `origin` in the token, made earlier.
///
/// # Errors
///
/// [`TokenError`].
pub fn open(uri: &TokenUri, origin: &str, pin: &Passphrase) -> Result<LedgerKeys, TokenError> {
    let session = log_in(uri, pin, false)?;
    let point = only(&session, uri, ObjectClass::PUBLIC_KEY, KeyType::EC_EDWARDS)?;
    let point = bytes(&session, uri, point, AttributeType::EcPoint)?;
    let modulus = only(&session, uri, ObjectClass::PUBLIC_KEY, KeyType::RSA)?;
    let modulus = bytes(&session, uri, modulus, AttributeType::Modulus)?;
    let modulus: Vec<u8> = modulus.into_iter().skip_while(|byte| *byte == 0).collect();
    let signer = TokenSigner {
        uri: uri.clone(),
        pin: pin.clone(),
        state: Mutex::new(State::Open(Keys::find(session, uri)?)),
    };
    LedgerKeys::elsewhere(origin, public_bytes(&point), &modulus, Box::new(signer))
        .map_err(|cause| TokenError::Key { uri: uri.to_string(), cause })
}

/// Makes the keys of the ledger `origin` in the token.
///
/// - Cost: up to a minute in a small token, for the RSA primes.
///
/// # Errors
///
/// [`TokenError`], also if the token has keys with the address's label already: these are never replaced.
pub fn generate(uri: &TokenUri, origin: &str, pin: &Passphrase) -> Result<LedgerKeys, TokenError> {
    let session = log_in(uri, pin, true)?;
    for class in [ObjectClass::PRIVATE_KEY, ObjectClass::PUBLIC_KEY] {
        for kind in [KeyType::EC_EDWARDS, KeyType::RSA] {
            let found = objects(&session, uri, class, kind)?.len();
            if found > 0 {
                let (what, expected) = ("keys with this label", "none; they are never replaced");
                return Err(TokenError::Objects { uri: uri.to_string(), what, found, expected });
            }
        }
    }
    let label = || Attribute::Label(uri.object.clone().into_bytes());
    let private = || {
        vec![
            Attribute::Token(true),
            Attribute::Private(true),
            Attribute::Sensitive(true),
            Attribute::Extractable(false),
            Attribute::Sign(true),
            label(),
        ]
    };
    let public = |more: Vec<Attribute>| {
        let common = [Attribute::Token(true), Attribute::Private(false), Attribute::Verify(true)];
        [common.to_vec(), vec![label()], more].concat()
    };
    let curve = public(vec![Attribute::EcParams(ED25519.to_vec())]);
    session
        .generate_key_pair(&Mechanism::EccEdwardsKeyPairGen, &curve, &private())
        .map_err(call(uri, "making the Ed25519 pair"))?;
    let size = public(vec![
        Attribute::ModulusBits(RSA_BITS.into()),
        Attribute::PublicExponent(EXPONENT.to_vec()),
    ]);
    session
        .generate_key_pair(&Mechanism::RsaPkcsKeyPairGen, &size, &private())
        .map_err(call(uri, "making the RSA pair"))?;
    drop(session);
    open(uri, origin, pin)
}

fn bytes(
    session: &Session,
    uri: &TokenUri,
    object: ObjectHandle,
    kind: AttributeType,
) -> Result<Vec<u8>, TokenError> {
    let found =
        session.get_attributes(object, &[kind]).map_err(call(uri, "reading a public key"))?;
    Ok(match found.into_iter().next() {
        Some(Attribute::EcPoint(bytes) | Attribute::Modulus(bytes)) => bytes,
        _ => Vec::new(),
    })
}

/// The 32 bytes of an Ed25519 key: tokens give them as they are, as an octet string or as a bit string.
fn public_bytes(point: &[u8]) -> &[u8] {
    match point {
        [0x04, 0x20, key @ ..] | [0x03, 0x21, 0x00, key @ ..] if key.len() == 32 => key,
        _ => point,
    }
}

/// The private keys in a session.
struct Keys {
    session: Session,
    ed25519: ObjectHandle,
    rsa: ObjectHandle,
}

impl Keys {
    fn find(session: Session, uri: &TokenUri) -> Result<Self, TokenError> {
        let ed25519 = only(&session, uri, ObjectClass::PRIVATE_KEY, KeyType::EC_EDWARDS)?;
        let rsa = only(&session, uri, ObjectClass::PRIVATE_KEY, KeyType::RSA)?;
        Ok(Self { session, ed25519, rsa })
    }

    fn sign(&self, algorithm: Algorithm, message: &[u8]) -> Result<Vec<u8>, Error> {
        match algorithm {
            Algorithm::Ed25519 => {
                let mechanism = Mechanism::Eddsa(EddsaParams::new(EddsaSignatureScheme::Ed25519));
                self.session.sign(&mechanism, self.ed25519, message)
            }
            Algorithm::RsaPss3072 => {
                let mechanism = Mechanism::RsaPkcsPss(PkcsPssParams {
                    hash_alg: MechanismType::SHA256,
                    mgf: PkcsMgfType::MGF1_SHA256,
                    s_len: SALT.into(),
                });
                // This mechanism signs what was hashed outside.
                self.session.sign(&mechanism, self.rsa, &ledger::hash::sha256(message).0)
            }
        }
    }
}

enum State {
    Open(Keys),
    /// The session was lost.
    Lost,
    /// The token refused the PIN; it is not tried again.
    Refused(String),
}

/// Signs with the keys in a token.
struct TokenSigner {
    uri: TokenUri,
    pin: Passphrase,
    state: Mutex<State>,
}

impl fmt::Debug for TokenSigner {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("TokenSigner").field("uri", &self.uri).finish_non_exhaustive()
    }
}

impl Signer for TokenSigner {
    fn sign(&self, algorithm: Algorithm, message: &[u8]) -> Result<Vec<u8>, String> {
        let mut state = locked(&self.state);
        match &*state {
            State::Refused(why) => return Err(why.clone()),
            State::Open(keys) => {
                if let Ok(bytes) = keys.sign(algorithm, message) {
                    return Ok(bytes);
                }
            }
            State::Lost => {}
        }
        // The old session ends before a new one begins: a token may have room for one only.
        *state = State::Lost;
        let opened = log_in(&self.uri, &self.pin, false);
        match opened.and_then(|session| Keys::find(session, &self.uri)) {
            Ok(keys) => {
                let signed = keys.sign(algorithm, message).map_err(|error| error.to_string());
                if signed.is_ok() {
                    *state = State::Open(keys);
                }
                signed
            }
            Err(error) => {
                let text = error.to_string();
                if matches!(error, TokenError::Pin { .. }) {
                    *state = State::Refused(text.clone());
                }
                Err(text)
            }
        }
    }
}
