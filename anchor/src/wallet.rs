//! The account that publishes: its private key, the file it is kept in, and signing with it. The one file that names
//! the secp256k1 library.
//!
//! What holds: a private key is never printed, not by `Debug` either; a key file that others may read is
//! refused; the signature is deterministic (RFC 6979), so the same transaction has the same hash.
//!
//! Not here: what is signed (`evm::transaction`), fees and nonces ([`crate::chain::ethereum`]).
//!
//! Sources: RFC 6979; EIP-2 (low `s`).

use std::fmt;
use std::path::Path;

use evm::Address;
use evm::transaction::{Signature, SignedTransaction, Transaction};
use k256::ecdsa::SigningKey;
use keystore::file::FileError;
use keystore::source::SourceError;
use keystore::{Passphrase, Zeroizing};
use ledger::keys::SecureRandom;
use thiserror::Error;

/// Why a key cannot be used.
#[derive(Debug, Error)]
pub enum WalletError {
    /// The file cannot be used.
    #[error(transparent)]
    File(#[from] FileError),
    /// The content is not a key. The error does not repeat the content.
    #[error("{0} does not hold a secp256k1 private key of 64 hex digits")]
    NoKey(String),
    /// The random source failed.
    #[error("the random source failed; no key was made")]
    Random,
}

/// A private key and its address.
pub struct Wallet {
    key: SigningKey,
    address: Address,
}

impl fmt::Debug for Wallet {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Wallet").field("address", &self.address).finish_non_exhaustive()
    }
}

impl Wallet {
    /// Reads a private key of 64 hex digits, with or without `0x`.
    ///
    /// # Errors
    ///
    /// [`WalletError::NoKey`], naming `place`, never the text.
    pub fn from_hex(text: &str, place: &str) -> Result<Self, WalletError> {
        let text = text.trim();
        let mut bytes = [0; 32];
        hex::decode_to_slice(text.strip_prefix("0x").unwrap_or(text), &mut bytes)
            .map_err(|_| WalletError::NoKey(place.to_owned()))?;
        let wallet = SigningKey::from_slice(&bytes).map(Self::from_key);
        bytes.fill(0);
        wallet.map_err(|_| WalletError::NoKey(place.to_owned()))
    }

    fn from_key(key: SigningKey) -> Self {
        let point = key.verifying_key().to_encoded_point(false);
        let mut coordinates = [0; 64];
        // The first byte, 0x04, means "uncompressed" and does not belong to the address.
        coordinates.copy_from_slice(&point.as_bytes()[1..]);
        Self { key, address: Address::of_public_key(&coordinates) }
    }

    /// Reads a key file that is not encrypted; it must be readable by its owner alone.
    ///
    /// # Errors
    ///
    /// [`WalletError`], naming the file.
    pub fn load(path: &Path) -> Result<Self, WalletError> {
        Self::load_with(path, || Err(SourceError::Count(0)))
    }

    /// Reads a key file; it must be readable by its owner alone.
    ///
    /// - `passphrase`: asked for only if the file is encrypted.
    ///
    /// # Errors
    ///
    /// [`WalletError`], naming the file.
    pub fn load_with(
        path: &Path,
        passphrase: impl FnOnce() -> Result<Passphrase, SourceError>,
    ) -> Result<Self, WalletError> {
        let opened = keystore::file::open(path, passphrase)?;
        Self::from_hex(&opened.text, &path.display().to_string())
    }

    /// Makes a new key and writes it to `path`, mode 0600; an existing file is never overwritten.
    ///
    /// # Errors
    ///
    /// [`WalletError`], naming the file.
    pub fn create(path: &Path, rng: &dyn SecureRandom) -> Result<Self, WalletError> {
        let (wallet, text) = Self::make(rng)?;
        keystore::private::create(path, &text).map_err(FileError::from)?;
        Ok(wallet)
    }

    /// Makes a new key; gives it with the text of its file. Secret.
    ///
    /// # Errors
    ///
    /// [`WalletError::Random`].
    pub fn make(rng: &dyn SecureRandom) -> Result<(Self, Zeroizing<String>), WalletError> {
        let mut bytes = Zeroizing::new([0; 32]);
        let key = loop {
            rng.fill(&mut *bytes).map_err(|_| WalletError::Random)?;
            // Fails for zero and for numbers beyond the group order: once in 2^128.
            if let Ok(key) = SigningKey::from_slice(&*bytes) {
                break key;
            }
        };
        let text = Zeroizing::new(format!("{}\n", hex::encode(*bytes)));
        Ok((Self::from_key(key), text))
    }

    /// Its address.
    #[must_use]
    pub fn address(&self) -> Address {
        self.address
    }

    /// Signs `transaction` for this account.
    ///
    /// # Errors
    ///
    /// [`SignError`], which does not happen with a key that this type accepted.
    pub fn sign(&self, transaction: &Transaction) -> Result<SignedTransaction, SignError> {
        let (signature, recovery) = self
            .key
            .sign_prehash_recoverable(&transaction.signing_hash())
            .map_err(|_| SignError)?;
        Ok(transaction.with_signature(&Signature {
            is_y_odd: recovery.is_y_odd(),
            r: signature.r().to_bytes().into(),
            s: signature.s().to_bytes().into(),
        }))
    }
}

/// Why a transaction was not signed.
#[derive(Debug, Error)]
#[error("the transaction could not be signed with secp256k1")]
pub struct SignError;

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use keystore::private::PrivateError;
    use ledger::keys::SystemRandom;

    use super::*;

    fn wallet() -> Wallet {
        // The key of the example in EIP-155; it holds nothing.
        Wallet::from_hex(&"46".repeat(32), "the example of EIP-155").unwrap()
    }

    #[test]
    fn a_private_key_gives_the_address_that_others_compute() {
        // EIP-155, "Example".
        assert_eq!(wallet().address().to_string(), "0x9d8a62f656a8d1615c1294fd71e9cfb3e4855a4f");
    }

    #[test]
    fn a_signed_call_equals_the_bytes_of_another_implementation() {
        // Computed with eth-account 0.14.0 (Python).
        let call = Transaction {
            chain_id: 31_337,
            nonce: 7,
            max_priority_fee_wei: 1_500_000_000,
            max_fee_wei: 30_000_000_000,
            gas_limit: 60_000,
            to: Some("0x3535353535353535353535353535353535353535".parse().unwrap()),
            value_wei: 0,
            data: hex::decode(format!("15954b2c{}", "ab".repeat(96))).unwrap(),
        };
        let signed = wallet().sign(&call).unwrap();
        assert_eq!(
            hex::encode(signed.hash),
            "c22d72b995744fb73794460c73c3354edd9ecabd821d908bbe957ee21b3c8107"
        );
        assert!(hex::encode(&signed.raw).ends_with(
            "c080a060ccf73429ac6f8e3e65633df8ae4bedf807725982354c54944cc759f1015e6f\
             a01c203f270728e1f29b98475c7a75bda801fe81b9f39cbab92788b164ffe32851"
        ));
    }

    #[test]
    fn a_signed_creation_equals_the_bytes_of_another_implementation() {
        // Computed with eth-account 0.14.0 (Python).
        let creation = Transaction {
            chain_id: 1,
            nonce: 0,
            max_priority_fee_wei: 1,
            max_fee_wei: 2,
            gas_limit: 1_000_000,
            to: None,
            value_wei: 1_000_000_000_000_000_000,
            data: vec![0x60, 0x01],
        };
        assert_eq!(
            hex::encode(wallet().sign(&creation).unwrap().hash),
            "84cf931dfad6f667479c8d9dc3233cf8b811693e31fd80e56e013285cdb567ab"
        );
    }

    #[test]
    fn a_key_file_is_for_its_owner_alone_and_never_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("anchor.hex");
        let made = Wallet::create(&path, &SystemRandom::new()).unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(Wallet::load(&path).unwrap().address(), made.address());
        assert!(matches!(
            Wallet::create(&path, &SystemRandom::new()),
            Err(WalletError::File(FileError::Private(PrivateError::File { what: "create", .. })))
        ));
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
        let refused = Wallet::load(&path).unwrap_err().to_string();
        assert!(refused.contains("got mode 0640, expected 0600"), "{refused}");
    }

    #[test]
    fn a_private_key_is_never_printed() {
        let printed = format!("{:?}", wallet());
        assert!(!printed.contains("4646"), "{printed}");
        let error = Wallet::from_hex("46464", "keys/anchor.hex").unwrap_err().to_string();
        assert_eq!(error, "keys/anchor.hex does not hold a secp256k1 private key of 64 hex digits");
    }
}
