//! RLP (recursive length prefix): reads and writes the encoding of Ethereum's transactions, headers, receipts and
//! tries.
//!
//! The way through: the writers ([`encode_bytes`], [`encode_number`], [`encode_list`]) build from the inside out;
//! [`Rlp::parse`] reads a whole value, which is then taken apart with [`Rlp::bytes`], [`Rlp::list`] and
//! [`Rlp::number`].
//!
//! What holds: only the shortest form is read, at every depth and with nothing after it, so [`Rlp::parse`] accepts
//! exactly what the writers write; lists are at most [`MAX_DEPTH`] deep.
//!
//! Sources: yellow paper, appendix B; docs/decisions/0018-rlp.md for why this is not a library.

/// Deepest list within lists; a receipt has four.
pub const MAX_DEPTH: usize = 8;

/// A value of RLP.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rlp<'a> {
    /// A string of bytes.
    Bytes(&'a [u8]),
    /// A list, with its own encoding for tries that embed nodes.
    List(Vec<Rlp<'a>>, &'a [u8]),
}

impl<'a> Rlp<'a> {
    /// Reads exactly one value. None if the bytes are not the shortest form of one, or if more bytes follow.
    #[must_use]
    pub fn parse(bytes: &'a [u8]) -> Option<Self> {
        let (value, rest) = Self::read(bytes, 0)?;
        rest.is_empty().then_some(value)
    }

    fn read(bytes: &'a [u8], depth: usize) -> Option<(Self, &'a [u8])> {
        let (&first, rest) = bytes.split_first()?;
        if first < 0x80 {
            return Some((Self::Bytes(&bytes[..1]), rest));
        }
        let is_list = first >= 0xc0;
        let short = usize::from(first - if is_list { 0xc0 } else { 0x80 });
        let (length, rest) =
            if short <= 55 { (short, rest) } else { long_length(short - 55, rest)? };
        let (content, after) = rest.split_at_checked(length)?;
        if !is_list {
            // One byte below 0x80 is its own encoding.
            let is_shortest = !matches!(content, [0..=0x7f]);
            return is_shortest.then_some((Self::Bytes(content), after));
        }
        if depth >= MAX_DEPTH {
            return None;
        }
        let (mut items, mut left) = (Vec::new(), content);
        while !left.is_empty() {
            let (item, behind) = Self::read(left, depth + 1)?;
            items.push(item);
            left = behind;
        }
        Some((Self::List(items, &bytes[..bytes.len() - after.len()]), after))
    }

    /// The bytes, if it is a string.
    #[must_use]
    pub fn bytes(&self) -> Option<&'a [u8]> {
        match self {
            Self::Bytes(bytes) => Some(bytes),
            Self::List(..) => None,
        }
    }

    /// The items, if it is a list.
    #[must_use]
    pub fn list(&self) -> Option<&[Self]> {
        match self {
            Self::Bytes(_) => None,
            Self::List(items, _) => Some(items),
        }
    }

    /// The number, if it is a string of at most eight bytes without a leading zero.
    #[must_use]
    pub fn number(&self) -> Option<u64> {
        let bytes = self.bytes()?;
        if bytes.len() > 8 || bytes.first() == Some(&0) {
            return None;
        }
        Some(bytes.iter().fold(0, |number, byte| number << 8 | u64::from(*byte)))
    }
}

fn long_length(width: usize, rest: &[u8]) -> Option<(usize, &[u8])> {
    let (digits, rest) = rest.split_at_checked(width)?;
    if digits.first() == Some(&0) {
        return None;
    }
    let length = digits
        .iter()
        .try_fold(0_usize, |length, byte| length.checked_mul(256)?.checked_add((*byte).into()))?;
    (length > 55).then_some((length, rest))
}

/// Encodes a string of bytes.
#[must_use]
pub fn encode_bytes(bytes: &[u8]) -> Vec<u8> {
    match bytes {
        [0..=0x7f] => bytes.to_vec(),
        _ => [&head(0x80, bytes.len()), bytes].concat(),
    }
}

/// Encodes a list.
///
/// - `items`: the encodings of its items, in order.
#[must_use]
pub fn encode_list(items: &[Vec<u8>]) -> Vec<u8> {
    let content = items.concat();
    [head(0xc0, content.len()), content].concat()
}

/// Encodes a number: its big-endian bytes without leading zeros; zero is the empty string.
#[must_use]
pub fn encode_number(number: u128) -> Vec<u8> {
    encode_big_number(&number.to_be_bytes())
}

/// Encodes a number of any size.
///
/// - `big_endian`: its bytes; leading zeros are dropped.
#[must_use]
pub fn encode_big_number(big_endian: &[u8]) -> Vec<u8> {
    encode_bytes(significant(big_endian))
}

fn head(base: u8, length: usize) -> Vec<u8> {
    if let Ok(length @ 0..=55) = u8::try_from(length) {
        return vec![base + length];
    }
    let bytes = length.to_be_bytes();
    let digits = significant(&bytes);
    let width = u8::try_from(digits.len()).unwrap_or(8);
    [&[base + 55 + width], digits].concat()
}

fn significant(bytes: &[u8]) -> &[u8] {
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    &bytes[zeros..]
}

#[cfg(test)]
mod tests {
    use alloy_rlp::{Header, PayloadView};
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_examples_of_the_specification_are_written_as_it_says_and_read_again() {
        // Ethereum documentation, "Recursive-length prefix (RLP) serialization", examples.
        let cases: [(Vec<u8>, &str); 9] = [
            (encode_bytes(b"dog"), "83646f67"),
            (encode_list(&[encode_bytes(b"cat"), encode_bytes(b"dog")]), "c88363617483646f67"),
            (encode_bytes(b""), "80"),
            (encode_list(&[]), "c0"),
            (encode_number(0), "80"),
            (encode_bytes(&[0]), "00"),
            (encode_number(15), "0f"),
            (encode_number(1024), "820400"),
            (encode_big_number(&[0, 0, 4, 0]), "820400"),
        ];
        for (encoded, expected) in cases {
            assert_eq!(hex::encode(&encoded), expected);
            assert!(Rlp::parse(&encoded).is_some(), "{expected}");
        }
        assert_eq!(Rlp::parse(&encode_number(1024)).unwrap().number(), Some(1024));
    }

    #[test]
    fn more_than_55_bytes_carry_the_length_of_their_length() {
        assert_eq!(encode_bytes(&[7; 55])[0], 0x80 + 55);
        assert_eq!(encode_bytes(&[7; 56])[..2], [0xb8, 56]);
        assert_eq!(encode_bytes(&[7; 1024])[..3], [0xb9, 4, 0]);
        assert_eq!(encode_list(&[encode_bytes(&[7; 60])])[..3], [0xf8, 62, 0xb8]);
    }

    #[test]
    fn longer_forms_than_needed_are_refused() {
        for wrong in [&b"\x81\x05"[..], b"\xb8\x01\x80", b"\xb9\x00\x38", b"\x80\x80", b"\xc1", b""]
        {
            assert_eq!(Rlp::parse(wrong), None, "{wrong:?}");
        }
        assert_eq!(Rlp::parse(b"\xc2\x81\x05"), None, "also inside a list");
        assert_eq!(Rlp::Bytes(&[0, 1]).number(), None);
    }

    #[test]
    fn lists_deeper_than_the_limit_are_refused() {
        let nested =
            |depth: usize| (1..depth).fold(encode_list(&[]), |list, _| encode_list(&[list]));
        assert!(Rlp::parse(&nested(MAX_DEPTH)).is_some());
        assert_eq!(Rlp::parse(&nested(MAX_DEPTH + 1)), None);
    }

    /// The other library's view of a value: its whole tree, at most [`MAX_DEPTH`] lists deep, nothing behind it.
    fn read_by_the_other(bytes: &[u8], depth: usize) -> Option<Rlp<'_>> {
        let mut rest = bytes;
        match Header::decode_raw(&mut rest).ok().filter(|_| rest.is_empty())? {
            PayloadView::String(content) => Some(Rlp::Bytes(content)),
            PayloadView::List(items) if depth < MAX_DEPTH => {
                let items: Option<_> =
                    items.into_iter().map(|item| read_by_the_other(item, depth + 1)).collect();
                Some(Rlp::List(items?, bytes))
            }
            PayloadView::List(_) => None,
        }
    }

    /// Bytes among which those that begin an encoding are frequent.
    fn nearly_rlp() -> impl Strategy<Value = Vec<u8>> {
        let byte = prop_oneof![
            0xc0..=0xca_u8,
            0x80..=0x85_u8,
            Just(0xb8),
            Just(0xf8),
            0..=60_u8,
            any::<u8>(),
        ];
        proptest::collection::vec(byte, 0..80)
    }

    proptest! {
        #[test]
        fn two_independent_libraries_read_the_same(bytes in nearly_rlp()) {
            prop_assert_eq!(Rlp::parse(&bytes), read_by_the_other(&bytes, 0));
        }

        #[test]
        fn two_independent_libraries_write_the_same(
            bytes in proptest::collection::vec(any::<u8>(), 0..300), number: u128,
        ) {
            prop_assert_eq!(encode_bytes(&bytes), alloy_rlp::encode(&bytes[..]));
            prop_assert_eq!(encode_number(number), alloy_rlp::encode(number));
            let mut list = Vec::new();
            Header { list: true, payload_length: bytes.len() }.encode(&mut list);
            list.extend_from_slice(&bytes);
            prop_assert_eq!(encode_list(&[bytes]), list);
        }

        #[test]
        fn what_is_written_is_read_again(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let encoded = encode_bytes(&bytes);
            prop_assert_eq!(Rlp::parse(&encoded), Some(Rlp::Bytes(&bytes)));
            let list = encode_list(&[encoded.clone(), encode_list(&[encoded])]);
            prop_assert!(Rlp::parse(&list).is_some());
        }

        #[test]
        fn no_bytes_make_the_reader_panic(bytes: Vec<u8>) {
            let _ = Rlp::parse(&bytes);
        }

        #[test]
        fn whatever_is_read_is_written_to_the_same_bytes(bytes in nearly_rlp()) {
            fn write(value: &Rlp<'_>) -> Vec<u8> {
                match value {
                    Rlp::Bytes(bytes) => encode_bytes(bytes),
                    Rlp::List(items, _) => encode_list(&items.iter().map(write).collect::<Vec<_>>()),
                }
            }
            if let Some(value) = Rlp::parse(&bytes) {
                prop_assert_eq!(write(&value), bytes);
            }
        }
    }
}
