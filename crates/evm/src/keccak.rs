//! Keccak-256, the hash of EVM chains; the one file that names the digest library.
//!
//! Not SHA3-256, whose padding differs.

use sha3::{Digest as _, Keccak256};

/// Keccak-256 of `data`.
#[must_use]
pub fn keccak256(data: &[u8]) -> [u8; 32] {
    Keccak256::digest(data).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keccak_gives_its_well_known_values() {
        let empty = "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470";
        assert_eq!(hex::encode(keccak256(b"")), empty);
        let transfer = "ddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef";
        assert_eq!(hex::encode(keccak256(b"Transfer(address,address,uint256)")), transfer);
    }
}
