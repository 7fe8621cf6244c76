//! RLP: reads and writes the encoding of Ethereum's headers, receipts and tries.
//!
//! What holds: only the shortest form is read, so that `parse` takes exactly what the writers write; depth is limited.
//!
//! Source: yellow paper, appendix B.

/// Deepest list within lists; a receipt has four.
const MAX_DEPTH: usize = 8;

/// A value of RLP.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Rlp<'a> {
    /// A string of bytes.
    Bytes(&'a [u8]),
    /// A list, with its own encoding for tries that embed nodes.
    List(Vec<Rlp<'a>>, &'a [u8]),
}

impl<'a> Rlp<'a> {
    /// Reads exactly one value.
    pub(super) fn parse(bytes: &'a [u8]) -> Option<Self> {
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
            // One byte below 0x80 stands for itself.
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

    pub(super) fn bytes(&self) -> Option<&'a [u8]> {
        match self {
            Self::Bytes(bytes) => Some(bytes),
            Self::List(..) => None,
        }
    }

    pub(super) fn list(&self) -> Option<&[Self]> {
        match self {
            Self::Bytes(_) => None,
            Self::List(items, _) => Some(items),
        }
    }

    /// A number: at most eight bytes, no leading zero.
    pub(super) fn number(&self) -> Option<u64> {
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
pub(super) fn encode_bytes(bytes: &[u8]) -> Vec<u8> {
    match bytes {
        [0..=0x7f] => bytes.to_vec(),
        _ => [&head(0x80, bytes.len()), bytes].concat(),
    }
}

/// Encodes a list of encoded items.
pub(super) fn encode_list(items: &[Vec<u8>]) -> Vec<u8> {
    let content = items.concat();
    [head(0xc0, content.len()), content].concat()
}

/// Encodes a number.
pub(super) fn encode_number(number: u64) -> Vec<u8> {
    encode_bytes(significant(&number.to_be_bytes()))
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
    use proptest::prelude::*;

    use super::*;

    /// Yellow paper and the wiki's examples: dog, [cat, dog], empty, 15, 1024, 56 bytes.
    #[test]
    fn the_well_known_examples_are_written_and_read() {
        assert_eq!(encode_bytes(b"dog"), b"\x83dog");
        assert_eq!(
            encode_list(&[encode_bytes(b"cat"), encode_bytes(b"dog")]),
            b"\xc8\x83cat\x83dog"
        );
        assert_eq!(encode_bytes(b""), b"\x80");
        assert_eq!(encode_list(&[]), b"\xc0");
        assert_eq!(encode_number(0), b"\x80");
        assert_eq!(encode_number(15), b"\x0f");
        assert_eq!(encode_number(1024), b"\x82\x04\x00");
        let long = [7; 56];
        assert_eq!(encode_bytes(&long)[..2], *b"\xb8\x38");
        assert_eq!(Rlp::parse(&encode_number(1024)).unwrap().number(), Some(1024));
    }

    #[test]
    fn longer_forms_than_needed_are_refused() {
        for wrong in [&b"\x81\x05"[..], b"\xb8\x01\x80", b"\xb9\x00\x38", b"\x80\x80", b"\xc1", b""]
        {
            assert_eq!(Rlp::parse(wrong), None, "{wrong:?}");
        }
        assert_eq!(Rlp::parse(&[0xc9, 0xc8, 0xc7, 0xc6, 0xc5, 0xc4, 0xc3, 0xc2, 0xc1, 0xc0]), None);
        assert_eq!(Rlp::Bytes(&[0, 1]).number(), None);
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let encoded = encode_bytes(&bytes);
            prop_assert_eq!(Rlp::parse(&encoded), Some(Rlp::Bytes(&bytes)));
            let list = encode_list(&[encoded.clone(), encode_list(&[encoded])]);
            prop_assert!(Rlp::parse(&list).is_some());
        }

        #[test]
        fn no_bytes_make_the_reader_panic(bytes: Vec<u8>) {
            Rlp::parse(&bytes);
        }
    }
}
