//! The contract ABI, as far as fixed-size arguments need it: selectors and 32-byte words.
//!
//! Source: Solidity contract ABI specification.

use crate::keccak::keccak256;

/// The first four bytes of a call: which function of the contract is meant.
///
/// - `signature`: name and argument types, for example `latest(bytes32)`.
#[must_use]
pub fn selector(signature: &str) -> [u8; 4] {
    let [a, b, c, d, ..] = keccak256(signature.as_bytes());
    [a, b, c, d]
}

/// A number as a word: 32 bytes, big-endian.
#[must_use]
pub fn word(number: u64) -> [u8; 32] {
    let mut word = [0; 32];
    word[24..].copy_from_slice(&number.to_be_bytes());
    word
}

/// Reads a word that holds a number of 64 bits. None if it has another length or a larger number.
#[must_use]
pub fn number(word: &[u8]) -> Option<u64> {
    let (zeros, digits) = word.split_at_checked(24)?;
    if zeros.iter().any(|byte| *byte != 0) {
        return None;
    }
    Some(u64::from_be_bytes(digits.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_a_word_and_no_other_word_is_a_number() {
        assert_eq!(number(&word(u64::MAX)), Some(u64::MAX));
        let mut too_large = word(0);
        too_large[23] = 1;
        assert_eq!(number(&too_large), None);
        assert_eq!(number(&word(1)[1..]), None);
        assert_eq!(number(&[&word(1)[..], &[0]].concat()), None);
    }
}
