//! Addresses of accounts and contracts: 20 bytes, written as `0x` and 40 hex digits in lower case.
//!
//! Not here: EIP-55, the checksum by capital letters; both cases are read alike.
//!
//! Source: yellow paper, section 4.1 (accounts) and equation 88 (contracts).

use std::{fmt, str::FromStr};

use thiserror::Error;

use crate::{
    keccak::keccak256,
    rlp::{encode_bytes, encode_list, encode_number},
};

/// An account or contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Address(pub [u8; 20]);

/// A text is not an address.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("address `{0}`: expected 0x and 40 hex digits")]
pub struct AddressError(String);

impl Address {
    /// The address of the contract that `creator` creates with its transaction number `nonce`.
    #[must_use]
    pub fn of_contract(creator: Self, nonce: u64) -> Self {
        let list = encode_list(&[encode_bytes(&creator.0), encode_number(nonce.into())]);
        Self::from_hash(&keccak256(&list))
    }

    /// The account of a secp256k1 public key.
    ///
    /// - `point`: the x and y coordinates, 64 bytes, without the leading `0x04` of the uncompressed form.
    #[must_use]
    pub fn of_public_key(point: &[u8; 64]) -> Self {
        Self::from_hash(&keccak256(point))
    }

    /// The last 20 of the 32 bytes.
    fn from_hash(hash: &[u8; 32]) -> Self {
        let mut bytes = [0; 20];
        bytes.copy_from_slice(&hash[12..]);
        Self(bytes)
    }
}

impl fmt::Display for Address {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "0x{}", hex::encode(self.0))
    }
}

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_contract_has_the_address_that_others_compute() {
        // Computed with eth-utils and rlp (Python); the account is that of the example in EIP-155.
        let creator: Address = "0x9d8a62f656a8d1615c1294fd71e9cfb3e4855a4f".parse().unwrap();
        let cases = [
            (0, "0x72665d3e94cb4f374b7728f1ab21a3115c4d50eb"),
            (1, "0x20bb3edd03cdb25b85f5e7e5f107c801869cc3ae"),
            (300, "0xa65e5ebf708124261d0b62a954febcfd85b69a40"),
        ];
        for (nonce, expected) in cases {
            assert_eq!(Address::of_contract(creator, nonce).to_string(), expected);
        }
    }

    #[test]
    fn only_20_bytes_after_0x_are_an_address() {
        for text in ["", "0x", "9d8a62f656a8d1615c1294fd71e9cfb3e4855a4f", "0x9d8a62f6"] {
            let error = text.parse::<Address>().unwrap_err();
            assert_eq!(
                error.to_string(),
                format!("address `{text}`: expected 0x and 40 hex digits")
            );
        }
    }
}
