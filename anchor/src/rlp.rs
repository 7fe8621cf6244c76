//! Recursive Length Prefix, the writing half: how EVM chains put lists of bytes into bytes.
//!
//! Used for transactions, block headers and receipts, each of which is a list of byte strings and lists.
//!
//! Not here: reading RLP (`ledger::evm`, which verifiers use).
//!
//! Sources: Ethereum Yellow Paper, appendix B.

/// What RLP can say: bytes, or a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Item {
    /// A byte string; numbers are big-endian without leading zeros.
    Bytes(Vec<u8>),
    /// A list of items.
    List(Vec<Item>),
}

impl Item {
    /// A number: big-endian, no leading zeros, zero is the empty string.
    #[must_use]
    pub fn number(value: u128) -> Self {
        let bytes = value.to_be_bytes();
        let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
        Self::Bytes(bytes[zeros..].to_vec())
    }

    /// A number given as big-endian bytes, of which leading zeros are dropped.
    #[must_use]
    pub fn number_from_bytes(bytes: &[u8]) -> Self {
        let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
        Self::Bytes(bytes[zeros..].to_vec())
    }

    /// A byte string as it is.
    #[must_use]
    pub fn bytes(bytes: impl AsRef<[u8]>) -> Self {
        Self::Bytes(bytes.as_ref().to_vec())
    }

    /// The item's RLP.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::new();
        self.encode_into(&mut out);
        out
    }

    fn encode_into(&self, out: &mut Vec<u8>) {
        match self {
            // A single byte below 0x80 is its own encoding.
            Self::Bytes(bytes) if bytes.len() == 1 && bytes[0] < 0x80 => out.push(bytes[0]),
            Self::Bytes(bytes) => {
                push_length(0x80, bytes.len(), out);
                out.extend_from_slice(bytes);
            }
            Self::List(items) => {
                let mut body = Vec::new();
                for item in items {
                    item.encode_into(&mut body);
                }
                push_length(0xc0, body.len(), out);
                out.extend_from_slice(&body);
            }
        }
    }
}

/// Up to 55 the length rides on the first byte; beyond, that byte says how many length bytes follow.
fn push_length(offset: u8, length: usize, out: &mut Vec<u8>) {
    let bytes = length.to_be_bytes();
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    let short = bytes[bytes.len() - 1];
    if length <= 55 {
        out.push(offset + short);
    } else {
        let significant = &bytes[zeros..];
        let count = u8::try_from(significant.len()).unwrap_or(8);
        out.push(offset + 55 + count);
        out.extend_from_slice(significant);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_examples_of_the_specification_encode_as_it_says() {
        // Ethereum documentation, "Recursive-length prefix (RLP) serialization", examples.
        let cases: [(Item, &str); 8] = [
            (Item::bytes("dog"), "83646f67"),
            (Item::List(vec![Item::bytes("cat"), Item::bytes("dog")]), "c88363617483646f67"),
            (Item::bytes(""), "80"),
            (Item::List(vec![]), "c0"),
            (Item::number(0), "80"),
            (Item::bytes([0]), "00"),
            (Item::number(15), "0f"),
            (Item::number(1024), "820400"),
        ];
        for (item, expected) in cases {
            assert_eq!(hex::encode(item.encode()), expected, "{item:?}");
        }
    }

    #[test]
    fn more_than_55_bytes_carry_the_length_of_their_length() {
        assert_eq!(Item::bytes([7; 55]).encode()[0], 0x80 + 55);
        assert_eq!(Item::bytes([7; 56]).encode()[..2], [0xb8, 56]);
        assert_eq!(Item::bytes([7; 1024]).encode()[..3], [0xb9, 4, 0]);
        let long = Item::List(vec![Item::bytes([7; 60])]).encode();
        assert_eq!(long[..3], [0xf8, 62, 0xb8]);
    }
}
