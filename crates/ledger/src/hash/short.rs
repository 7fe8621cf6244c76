//! SHA-256 and HMAC of what is short, by the library's compression function: the padding is written into a buffer on the stack, and nothing
//! else is kept between two blocks. Through the library's own interface a message of two blocks cost a third more (docs/decisions/0111).
//!
//! What holds: the values are those of FIPS 180-4 and RFC 2104, whatever the length; `hash.rs` compares them with another library's.
//!
//! Not here: what is hashed.
//!
//! Sources: FIPS 180-4 sections 5.1.1 (padding) and 5.3.3 (first state), RFC 2104.

use sha2::block_api::compress256;
use zeroize::Zeroize as _;

/// Bytes of a block.
const BLOCK: usize = 64;
/// Bytes of the padding at least: a bit, and the length.
const PADDING: usize = 9;
/// Most bytes of [`of_parts`].
pub(super) const MOST: usize = 4 * BLOCK - PADDING;

/// What the compression function carries from block to block.
type State = [u32; 8];

/// The state before the first block.
const FIRST: State = [
    0x6a09_e667,
    0xbb67_ae85,
    0x3c6e_f372,
    0xa54f_f53a,
    0x510e_527f,
    0x9b05_688c,
    0x1f83_d9ab,
    0x5be0_cd19,
];

/// SHA-256 of parts of at most [`MOST`] bytes together; what is longer is not of this function.
pub(super) fn of_parts(parts: &[&[u8]]) -> [u8; 32] {
    let mut blocks = [[0; BLOCK]; 4];
    let buffer = blocks.as_flattened_mut();
    let mut end = 0;
    for part in parts {
        buffer[end..end + part.len()].copy_from_slice(part);
        end += part.len();
    }
    let count = pad(buffer, end, 0);
    let mut state = FIRST;
    compress256(&mut state, &blocks[..count]);
    bytes(&state)
}

/// Writes the padding behind `end` bytes of a message that `before` bytes precede; gives the number of blocks.
fn pad(buffer: &mut [u8], end: usize, before: usize) -> usize {
    let count = (end + PADDING).div_ceil(BLOCK);
    buffer[end] = 0x80;
    let bits = (before as u64 + end as u64) * 8;
    buffer[count * BLOCK - 8..count * BLOCK].copy_from_slice(&bits.to_be_bytes());
    count
}

fn bytes(state: &State) -> [u8; 32] {
    let mut bytes = [0; 32];
    for (place, word) in bytes.chunks_exact_mut(4).zip(state) {
        place.copy_from_slice(&word.to_be_bytes());
    }
    bytes
}

/// The hash of a message of which one block was hashed into `state`, and `data` follows.
fn after_block(mut state: State, data: &[u8]) -> [u8; 32] {
    let (whole, rest) = data.as_chunks::<BLOCK>();
    compress256(&mut state, whole);
    let mut blocks = [[0; BLOCK]; 2];
    let buffer = blocks.as_flattened_mut();
    buffer[..rest.len()].copy_from_slice(rest);
    let count = pad(buffer, rest.len(), BLOCK + whole.len() * BLOCK);
    compress256(&mut state, &blocks[..count]);
    bytes(&state)
}

/// The states after the two padded keys of an HMAC; wiped when they are dropped.
pub(super) struct HmacStates {
    inner: State,
    outer: State,
}

impl HmacStates {
    /// - `key`: at most a block; a longer one is hashed first.
    pub(super) fn new(key: &[u8]) -> Self {
        let state = |with: u8| {
            let mut block = [with; BLOCK];
            for (place, byte) in block.iter_mut().zip(key) {
                *place ^= byte;
            }
            let mut state = FIRST;
            compress256(&mut state, &[block]);
            block.zeroize();
            state
        };
        Self { inner: state(0x36), outer: state(0x5c) }
    }

    pub(super) fn sign(&self, data: &[u8]) -> [u8; 32] {
        after_block(self.outer, &after_block(self.inner, data))
    }
}

impl Drop for HmacStates {
    fn drop(&mut self) {
        self.inner.zeroize();
        self.outer.zeroize();
    }
}
