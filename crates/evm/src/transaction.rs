//! One kind of transaction, EIP-1559 without access list: its fields, what is signed of it, and the signed bytes.
//!
//! The way through: [`Transaction::signing_hash`] is signed with secp256k1 by whoever holds the key;
//! [`Transaction::with_signature`] puts fields and signature together into the bytes that a node accepts.
//!
//! Not here: keys (`anchor/src/wallet.rs`), fees and nonces, sending.
//!
//! Sources: EIP-2718, EIP-1559, EIP-2 (low `s`).

use crate::{
    address::Address,
    keccak::keccak256,
    rlp::{encode_big_number, encode_bytes, encode_list, encode_number},
};

/// EIP-2718 type of EIP-1559 transactions.
const TYPE: u8 = 0x02;

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
    /// The contract or account it calls; none creates a contract.
    pub to: Option<Address>,
    /// Wei that are transferred with it.
    pub value_wei: u128,
    /// The call's data, or the code that creates the contract.
    pub data: Vec<u8>,
}

/// A secp256k1 signature with low `s` (EIP-2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Signature {
    /// Whether the y coordinate of the signature's point is odd, from which the public key is recovered.
    pub is_y_odd: bool,
    /// `r`, big-endian.
    pub r: [u8; 32],
    /// `s`, big-endian.
    pub s: [u8; 32],
}

/// A transaction as a node accepts it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedTransaction {
    /// Keccak-256 of `raw`: its name on the chain.
    pub hash: [u8; 32],
    /// Type byte and RLP.
    pub raw: Vec<u8>,
}

impl Transaction {
    /// The hash that is signed: `keccak256(0x02 || rlp([chain_id, …, access_list]))`.
    ///
    /// # Source
    ///
    /// EIP-1559.
    #[must_use]
    pub fn signing_hash(&self) -> [u8; 32] {
        keccak256(&typed(&self.fields()))
    }

    /// The signed bytes and their hash.
    ///
    /// - `signature`: of [`Transaction::signing_hash`]; not checked here.
    #[must_use]
    pub fn with_signature(&self, signature: &Signature) -> SignedTransaction {
        let mut fields = self.fields();
        fields.push(encode_number(signature.is_y_odd.into()));
        fields.push(encode_big_number(&signature.r));
        fields.push(encode_big_number(&signature.s));
        let raw = typed(&fields);
        SignedTransaction { hash: keccak256(&raw), raw }
    }

    fn fields(&self) -> Vec<Vec<u8>> {
        vec![
            encode_number(self.chain_id.into()),
            encode_number(self.nonce.into()),
            encode_number(self.max_priority_fee_wei),
            encode_number(self.max_fee_wei),
            encode_number(self.gas_limit.into()),
            encode_bytes(self.to.as_ref().map_or(&[], |to| &to.0)),
            encode_number(self.value_wei),
            encode_bytes(&self.data),
            // The empty access list.
            encode_list(&[]),
        ]
    }
}

/// Type byte and RLP of the fields.
fn typed(fields: &[Vec<u8>]) -> Vec<u8> {
    [vec![TYPE], encode_list(fields)].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Signature and hash computed with eth-account 0.14.0 (Python) and the key of the example in EIP-155.
    #[test]
    fn a_signed_call_equals_the_bytes_of_another_implementation() {
        let call = Transaction {
            chain_id: 31_337,
            nonce: 7,
            max_priority_fee_wei: 1_500_000_000,
            max_fee_wei: 30_000_000_000,
            gas_limit: 60_000,
            to: Some(Address([0x35; 20])),
            value_wei: 0,
            data: hex::decode(format!("15954b2c{}", "ab".repeat(96))).unwrap(),
        };
        let (mut r, mut s) = ([0; 32], [0; 32]);
        hex::decode_to_slice(
            "60ccf73429ac6f8e3e65633df8ae4bedf807725982354c54944cc759f1015e6f",
            &mut r,
        )
        .unwrap();
        hex::decode_to_slice(
            "1c203f270728e1f29b98475c7a75bda801fe81b9f39cbab92788b164ffe32851",
            &mut s,
        )
        .unwrap();
        let signed = call.with_signature(&Signature { is_y_odd: false, r, s });
        assert_eq!(
            hex::encode(signed.hash),
            "c22d72b995744fb73794460c73c3354edd9ecabd821d908bbe957ee21b3c8107"
        );
    }
}
