//! One kind of transaction, EIP-1559, built and signed; and the account that signs it.
//!
//! The way through: [`Transaction`] -> its RLP without signature -> keccak-256 -> secp256k1 signature with
//! recovery bit -> [`SignedTransaction`], whose bytes a node takes as they are.
//!
//! What holds: a private key is never printed, not by `Debug` either; a key file that others may read is
//! refused; the signature is deterministic (RFC 6979), so the same transaction has the same hash.
//!
//! Not here: fees and nonces (`target::evm`), sending (`rpc`).
//!
//! Sources: EIP-2718, EIP-1559, EIP-2 (low `s`), EIP-55 is not used: addresses are printed in lower case.

use std::fmt;
use std::io::Write as _;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use k256::ecdsa::SigningKey;
use ledger::keys::SecureRandom;
use sha3::{Digest as _, Keccak256};
use thiserror::Error;

use crate::rlp::Item;

/// Keccak-256, as EVM chains use it (not SHA3-256: the padding differs).
#[must_use]
pub fn keccak256(bytes: &[u8]) -> [u8; 32] {
    Keccak256::digest(bytes).into()
}

/// An account or contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Address(pub [u8; 20]);

impl fmt::Display for Address {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "0x{}", hex::encode(self.0))
    }
}

/// What an address must look like.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("address `{0}` is not 0x and 40 hex digits")]
pub struct AddressError(String);

impl FromStr for Address {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        let mut bytes = [0; 20];
        text.strip_prefix("0x")
            .and_then(|digits| hex::decode_to_slice(digits, &mut bytes).ok())
            .ok_or_else(|| AddressError(text.chars().take(80).collect()))?;
        Ok(Self(bytes))
    }
}

impl Address {
    /// Where a contract lands that `creator` creates with the transaction of number `nonce`.
    #[must_use]
    pub fn of_contract(creator: Self, nonce: u64) -> Self {
        let list = Item::List(vec![Item::bytes(creator.0), Item::number(nonce.into())]);
        Self::from_hash(&keccak256(&list.encode()))
    }

    /// The last 20 of the 32 bytes.
    fn from_hash(hash: &[u8; 32]) -> Self {
        let mut bytes = [0; 20];
        bytes.copy_from_slice(&hash[12..]);
        Self(bytes)
    }
}

/// Why a key cannot be used.
#[derive(Debug, Error)]
pub enum WalletError {
    /// The file could not be read or written.
    #[error("key file {path}: could not {what} it")]
    File {
        /// Which file.
        path: PathBuf,
        /// `read`, `create`, …
        what: &'static str,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// Others can read the file.
    #[error("key file {path} has mode {mode:04o}; 0600 would be right")]
    Mode {
        /// Which file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// The content is no key. The content itself is not said.
    #[error("{0} does not hold a secp256k1 private key of 64 hex digits")]
    NoKey(String),
    /// The random source failed.
    #[error("no randomness for a new key")]
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
    /// Takes a private key of 64 hex digits, with or without `0x`.
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
        // The first byte, 0x04, says "uncompressed" and does not belong to the address.
        let address = Address::from_hash(&keccak256(&point.as_bytes()[1..]));
        Self { key, address }
    }

    /// Reads a key file; it must be readable by its owner alone.
    ///
    /// # Errors
    ///
    /// [`WalletError`], naming the file.
    pub fn load(path: &Path) -> Result<Self, WalletError> {
        let failed = |source| WalletError::File { path: path.to_owned(), what: "read", source };
        let mode = std::fs::metadata(path).map_err(failed)?.permissions().mode() & 0o777;
        if mode & 0o077 != 0 {
            return Err(WalletError::Mode { path: path.to_owned(), mode });
        }
        let text = std::fs::read_to_string(path).map_err(failed)?;
        Self::from_hex(&text, &path.display().to_string())
    }

    /// Makes a new key and writes it to `path`, mode 0600; an existing file is never overwritten.
    ///
    /// # Errors
    ///
    /// [`WalletError`], naming the file.
    pub fn create(path: &Path, rng: &dyn SecureRandom) -> Result<Self, WalletError> {
        let failed = |source| WalletError::File { path: path.to_owned(), what: "create", source };
        let mut bytes = [0; 32];
        let key = loop {
            rng.fill(&mut bytes).map_err(|_| WalletError::Random)?;
            // Fails for zero and for numbers beyond the group order: once in 2^128.
            if let Ok(key) = SigningKey::from_slice(&bytes) {
                break key;
            }
        };
        let mut file = std::fs::OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(path)
            .map_err(failed)?;
        file.write_all(format!("{}\n", hex::encode(bytes)).as_bytes()).map_err(failed)?;
        file.sync_all().map_err(failed)?;
        bytes.fill(0);
        Ok(Self::from_key(key))
    }

    /// Its address.
    #[must_use]
    pub fn address(&self) -> Address {
        self.address
    }
}

/// An EIP-1559 transaction without access list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transaction {
    /// The chain it is for; on any other it is void.
    pub chain_id: u64,
    /// How many transactions the account has sent before.
    pub nonce: u64,
    /// Most that goes to the block's proposer, wei per gas.
    pub max_priority_fee_wei: u128,
    /// Most that is paid at all, wei per gas.
    pub max_fee_wei: u128,
    /// Most gas that it may use.
    pub gas_limit: u64,
    /// Whom it calls; none creates a contract.
    pub to: Option<Address>,
    /// Wei that go along.
    pub value_wei: u128,
    /// What it calls, or the code that creates the contract.
    pub data: Vec<u8>,
}

/// A transaction as a node takes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedTransaction {
    /// Keccak-256 of `raw`: its name on the chain.
    pub hash: [u8; 32],
    /// Type byte and RLP.
    pub raw: Vec<u8>,
}

/// Why a transaction was not signed.
#[derive(Debug, Error)]
#[error("secp256k1 could not sign")]
pub struct SignError;

impl Transaction {
    /// EIP-2718 type of EIP-1559 transactions.
    const TYPE: u8 = 0x02;

    fn fields(&self) -> Vec<Item> {
        vec![
            Item::number(self.chain_id.into()),
            Item::number(self.nonce.into()),
            Item::number(self.max_priority_fee_wei),
            Item::number(self.max_fee_wei),
            Item::number(self.gas_limit.into()),
            Item::bytes(self.to.map_or(Vec::new(), |to| to.0.to_vec())),
            Item::number(self.value_wei),
            Item::bytes(&self.data),
            // No access list.
            Item::List(Vec::new()),
        ]
    }

    /// Signs for `wallet`'s account.
    ///
    /// # Errors
    ///
    /// [`SignError`], which does not happen with a key that [`Wallet`] took.
    ///
    /// # Source
    ///
    /// EIP-1559: `keccak256(0x02 || rlp([chain_id, …, access_list]))` is signed.
    pub fn sign(&self, wallet: &Wallet) -> Result<SignedTransaction, SignError> {
        let typed = |fields: Vec<Item>| {
            let mut bytes = vec![Self::TYPE];
            bytes.extend(Item::List(fields).encode());
            bytes
        };
        let mut fields = self.fields();
        let digest = keccak256(&typed(fields.clone()));
        let (signature, recovery) =
            wallet.key.sign_prehash_recoverable(&digest).map_err(|_| SignError)?;
        fields.push(Item::number(u128::from(recovery.is_y_odd())));
        fields.push(Item::number_from_bytes(&signature.r().to_bytes()));
        fields.push(Item::number_from_bytes(&signature.s().to_bytes()));
        let raw = typed(fields);
        Ok(SignedTransaction { hash: keccak256(&raw), raw })
    }
}

#[cfg(test)]
mod tests {
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
        let signed = call.sign(&wallet()).unwrap();
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
            hex::encode(creation.sign(&wallet()).unwrap().hash),
            "84cf931dfad6f667479c8d9dc3233cf8b811693e31fd80e56e013285cdb567ab"
        );
    }

    #[test]
    fn a_contract_lands_where_others_compute_it() {
        // Computed with eth-utils and rlp (Python).
        let cases = [
            (0, "0x72665d3e94cb4f374b7728f1ab21a3115c4d50eb"),
            (1, "0x20bb3edd03cdb25b85f5e7e5f107c801869cc3ae"),
            (300, "0xa65e5ebf708124261d0b62a954febcfd85b69a40"),
        ];
        for (nonce, expected) in cases {
            assert_eq!(Address::of_contract(wallet().address(), nonce).to_string(), expected);
        }
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
            Err(WalletError::File { what: "create", .. })
        ));
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
        assert!(matches!(Wallet::load(&path), Err(WalletError::Mode { mode: 0o640, .. })));
    }

    #[test]
    fn a_private_key_is_never_said() {
        let said = format!("{:?}", wallet());
        assert!(!said.contains("4646"), "{said}");
        let error = Wallet::from_hex("46464", "keys/anchor.hex").unwrap_err().to_string();
        assert_eq!(error, "keys/anchor.hex does not hold a secp256k1 private key of 64 hex digits");
    }
}
