//! Texts of one list in little room: what each shares with the one before it is stored once.
//!
//! What holds: pure; every text comes back exactly as it was given. Serial numbers of one product take a few bytes each
//! instead of some forty.
//!
//! Not here: which lists are packed (`names.rs`).

/// Texts that are stored one after another, before one is stored whole again.
const RUN: usize = 16;

/// Texts by number.
#[derive(Debug, Default)]
pub struct Packed {
    /// Of each text: bytes shared with the one before, length of the rest, the rest.
    bytes: Box<[u8]>,
    /// Where each run begins.
    runs: Box<[u32]>,
    count: usize,
}

impl Packed {
    /// Packs texts; none if they take 4 GiB or more.
    pub fn of<'a>(texts: impl Iterator<Item = &'a str>) -> Option<Self> {
        let (mut bytes, mut runs, mut count) = (Vec::new(), Vec::new(), 0);
        let mut before = "";
        for text in texts {
            if count % RUN == 0 {
                runs.push(u32::try_from(bytes.len()).ok()?);
                before = "";
            }
            let same = before.bytes().zip(text.bytes()).take_while(|(one, other)| one == other);
            let mut shared = same.count();
            while !text.is_char_boundary(shared) {
                shared -= 1;
            }
            put_number(&mut bytes, shared);
            put_number(&mut bytes, text.len() - shared);
            bytes.extend_from_slice(&text.as_bytes()[shared..]);
            before = text;
            count += 1;
        }
        u32::try_from(bytes.len()).ok()?;
        Some(Self { bytes: bytes.into(), runs: runs.into(), count })
    }

    /// The text of this number.
    #[must_use]
    pub fn get(&self, number: usize) -> Option<String> {
        if number >= self.count {
            return None;
        }
        let from = usize::try_from(*self.runs.get(number / RUN)?).ok()?;
        let mut rest = self.bytes.get(from..)?;
        let mut text = String::new();
        for _ in 0..=number % RUN {
            let shared = take_number(&mut rest)?;
            let length = take_number(&mut rest)?;
            let (own, more) = rest.split_at_checked(length)?;
            text.truncate(shared);
            text.push_str(std::str::from_utf8(own).ok()?);
            rest = more;
        }
        Some(text)
    }

    /// Bytes that it takes.
    #[must_use]
    pub fn weight(&self) -> usize {
        self.bytes.len() + self.runs.len() * size_of::<u32>()
    }
}

/// Seven bits a byte, the lowest first; all but the last have the highest bit set.
fn put_number(bytes: &mut Vec<u8>, mut number: usize) {
    while number >= 0x80 {
        bytes.push(u8::try_from(number & 0x7f).unwrap_or_default() | 0x80);
        number >>= 7;
    }
    bytes.push(u8::try_from(number).unwrap_or_default());
}

fn take_number(bytes: &mut &[u8]) -> Option<usize> {
    let (mut number, mut shift) = (0, 0);
    loop {
        let (first, rest) = bytes.split_first()?;
        *bytes = rest;
        number |= usize::from(first & 0x7f).checked_shl(shift)?;
        if first & 0x80 == 0 {
            return Some(number);
        }
        shift += 7;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn serials_of_one_product_take_a_few_bytes_each() {
        let serials: Vec<String> =
            (0..1700).map(|serial| format!("urn:epc:id:sgtin:9506000.134352.{serial}")).collect();
        let packed = Packed::of(serials.iter().map(String::as_str)).unwrap();
        assert!(packed.weight() < 10 * serials.len(), "{}", packed.weight());
        let texts: Vec<String> = (0..1700).filter_map(|number| packed.get(number)).collect();
        assert_eq!(texts, serials);
        assert_eq!(packed.get(1700), None);
    }

    proptest! {
        #[test]
        fn every_text_comes_back_as_it_was(texts in prop::collection::vec("(ä|é|世|a|b|😀){0,200}", 0..50)) {
            let packed = Packed::of(texts.iter().map(String::as_str)).unwrap();
            for (number, text) in texts.iter().enumerate() {
                prop_assert_eq!(packed.get(number), Some(text.clone()));
            }
            prop_assert_eq!(packed.get(texts.len()), None);
        }
    }
}
