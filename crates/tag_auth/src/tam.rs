//! UHF tags that prove that they have a key: challenge and response of ISO/IEC 29167-10, method TAM1.
//!
//! The way through: the host chooses a challenge, a reader sends it, [`TagAuthenticator::check`] says whether the response is
//! that of the tag's key. [`LocalKey`] knows the key ([`crate::tam_keys`] has it of a product); `tag_service` asks a service.
//!
//! What holds: the challenge belongs to the host: a response to a challenge that the reader chose can be a replay, so
//! [`Exchange`] is made with the host's own.
//!
//! Source: ISO/IEC 29167-10:2017, TAM1 (constant, random number of the tag, challenge, in one block).

use thiserror::Error;

use crate::block::{BLOCK, Block, Key, same};

/// Bytes of a challenge: 80 bits.
pub const CHALLENGE: usize = 10;
/// What a block of TAM1 begins with.
const C_TAM1: [u8; 2] = [0x96, 0xc5];

/// A challenge and what the tag answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exchange {
    /// Number of the key that the tag was asked to use.
    pub key_id: u8,
    /// What the host chose at random for this exchange.
    pub challenge: [u8; CHALLENGE],
    /// What the tag answered: 16 bytes.
    pub response: Vec<u8>,
    /// The tag's TID, as the reader read it, of which its own key may be made; empty if it was not read.
    pub tid: Vec<u8>,
}

/// Why a tag is not authenticated.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Refusal {
    /// The response is not that of the key to the challenge.
    #[error("the tag's response does not fit the challenge")]
    Wrong,
    /// The response has another length.
    #[error("the tag's response has {0} bytes, expected 16")]
    Length(usize),
    /// The checker has no key of that number.
    #[error("no key with the number {0} is known")]
    UnknownKey(u8),
    /// Nothing was compared, so nothing is known of the tag.
    #[error("the tag was not checked: {0}")]
    NotChecked(String),
}

/// Says whether a tag has its key.
pub trait TagAuthenticator {
    /// Checks a response.
    ///
    /// # Errors
    ///
    /// [`Refusal`].
    fn check(&self, exchange: &Exchange) -> Result<(), Refusal>;
}

/// Checks with a key that is known here.
#[derive(Debug, Clone)]
pub struct LocalKey {
    /// Number of the key on the tag.
    pub key_id: u8,
    /// The key.
    pub key: Key,
}

impl TagAuthenticator for LocalKey {
    fn check(&self, exchange: &Exchange) -> Result<(), Refusal> {
        if exchange.key_id != self.key_id {
            return Err(Refusal::UnknownKey(exchange.key_id));
        }
        let wrong_length = |_| Refusal::Length(exchange.response.len());
        let response: Block = exchange.response.as_slice().try_into().map_err(wrong_length)?;
        let plain = self.key.cipher().decrypt(response);
        // Constant, four bytes of the tag's own, challenge: both parts are compared before either decides.
        let is_tam1 = same(&plain[..2], &C_TAM1);
        let is_ours = same(&plain[BLOCK - CHALLENGE..], &exchange.challenge);
        if is_tam1 & is_ours { Ok(()) } else { Err(Refusal::Wrong) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A tag as the standard describes it, put together bit by bit in one number.
    fn answer(key: [u8; 16], random: u32, challenge: [u8; CHALLENGE]) -> Vec<u8> {
        let challenge = challenge.iter().fold(0_u128, |sum, byte| sum * 256 + u128::from(*byte));
        let block = (0x96c5_u128 << 112) | (u128::from(random) << 80) | challenge;
        Key::new(key).cipher().encrypt(block.to_be_bytes()).to_vec()
    }

    #[test]
    fn the_response_of_the_key_to_this_challenge_passes_and_no_other() {
        let (key, challenge) = ([0x42; 16], [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
        let checker = LocalKey { key_id: 1, key: Key::new(key) };
        let check = |key_id, challenge, response| {
            checker.check(&Exchange { key_id, challenge, response, tid: Vec::new() })
        };
        let right = answer(key, 0xdead_beef, challenge);
        assert_eq!(check(1, challenge, right.clone()), Ok(()));
        assert_eq!(check(1, [0; CHALLENGE], right.clone()), Err(Refusal::Wrong), "a replay");
        assert_eq!(check(1, challenge, answer([0x43; 16], 7, challenge)), Err(Refusal::Wrong));
        assert_eq!(check(2, challenge, right.clone()), Err(Refusal::UnknownKey(2)));
        assert_eq!(check(1, challenge, right[..15].to_vec()), Err(Refusal::Length(15)));
        for bit in 0..128 {
            let mut changed = right.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(check(1, challenge, changed), Err(Refusal::Wrong), "bit {bit}");
        }
    }
}
