//! One key for each chip, from a master key and the chip's number.
//!
//! What holds: two blocks always, however short the input is, so that one input never gives the key of another.
//!
//! Source: NXP AN10922 section 2.2.

use crate::block::{BLOCK, Block, Key, subkeys, xor};

/// Most bytes that diversify a key.
pub const MOST_INPUT: usize = 31;
/// What stands before the input for a key of AES-128.
const AES_128: u8 = 0x01;

/// The key of a chip; none if `input` has more than [`MOST_INPUT`] bytes.
///
/// - `input`: the chip's number, then what the operator adds: an application's id, a system's name.
#[must_use]
pub fn diversified(master: &Key, input: &[u8]) -> Option<Key> {
    if input.len() > MOST_INPUT {
        return None;
    }
    let cipher = master.cipher();
    let (whole, padded) = subkeys(|block| cipher.encrypt(block));
    let mut blocks: [Block; 2] = [[0; BLOCK]; 2];
    let marked = [AES_128].into_iter().chain(input.iter().copied()).chain([0x80]);
    for (place, byte) in blocks.as_flattened_mut().iter_mut().zip(marked) {
        *place = byte;
    }
    let subkey = if input.len() == MOST_INPUT { whole } else { padded };
    let first = cipher.encrypt(blocks[0]);
    Some(Key::new(cipher.encrypt(xor(xor(blocks[1], subkey), first))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_that_of_an10922() {
        let master = Key::of_hex("00112233445566778899AABBCCDDEEFF").unwrap();
        let input = hex::decode("04782E21801D803042F54E585020416275").unwrap();
        let key = diversified(&master, &input).unwrap();
        assert_eq!(hex::encode_upper(key.bytes()), "A8DD63A3B89D54B37CA802473FDA9175");
    }

    #[test]
    fn inputs_of_every_length_give_different_keys_and_a_longer_one_none() {
        let master = Key::new([9; BLOCK]);
        let mut found: Vec<Block> = Vec::new();
        for length in 0..=MOST_INPUT {
            let key = *diversified(&master, &vec![0; length]).unwrap().bytes();
            assert!(!found.contains(&key), "{length}");
            found.push(key);
        }
        assert!(diversified(&master, &[0; MOST_INPUT + 1]).is_none());
    }
}
