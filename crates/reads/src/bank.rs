//! The bytes of a tag's memory bank.
//!
//! What holds: up to 22 bytes, which is every EPC and TID of 96 to 176 bits, are kept in place; a read then needs no
//! memory of its own, and copying it is copying 24 bytes. Longer banks are on the heap. Both compare, order and hash as
//! the slice of their bytes.

use std::borrow::Borrow;
use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::ops::Deref;

/// Most bytes that are kept in place.
const IN_PLACE: usize = 22;

/// The bytes of a memory bank, of any length.
///
/// ```
/// let bank = reads::Bank::from([0x30, 0x34].as_slice());
/// assert_eq!(bank, [0x30, 0x34]);
/// assert_eq!(bank.len(), 2);
/// ```
#[derive(Clone)]
pub struct Bank(Form);

#[derive(Clone)]
enum Form {
    InPlace { length: u8, bytes: [u8; IN_PLACE] },
    OnHeap(Box<[u8]>),
}

impl Bank {
    /// The bytes.
    #[must_use]
    #[inline]
    pub fn as_slice(&self) -> &[u8] {
        match &self.0 {
            Form::InPlace { length, bytes } => &bytes[..usize::from(*length).min(IN_PLACE)],
            Form::OnHeap(bytes) => bytes,
        }
    }
}

impl From<&[u8]> for Bank {
    #[inline]
    fn from(given: &[u8]) -> Self {
        match u8::try_from(given.len()) {
            Ok(length) if given.len() <= IN_PLACE => {
                let mut bytes = [0; IN_PLACE];
                bytes[..given.len()].copy_from_slice(given);
                Self(Form::InPlace { length, bytes })
            }
            _ => Self(Form::OnHeap(given.into())),
        }
    }
}

impl From<Vec<u8>> for Bank {
    fn from(given: Vec<u8>) -> Self {
        Self::from(given.as_slice())
    }
}

impl<const N: usize> From<[u8; N]> for Bank {
    fn from(given: [u8; N]) -> Self {
        Self::from(given.as_slice())
    }
}

impl Default for Bank {
    fn default() -> Self {
        Self::from(&[][..])
    }
}

impl Deref for Bank {
    type Target = [u8];

    #[inline]
    fn deref(&self) -> &[u8] {
        self.as_slice()
    }
}

impl AsRef<[u8]> for Bank {
    fn as_ref(&self) -> &[u8] {
        self.as_slice()
    }
}

impl Borrow<[u8]> for Bank {
    fn borrow(&self) -> &[u8] {
        self.as_slice()
    }
}

impl fmt::Debug for Bank {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.iter().try_for_each(|byte| write!(out, "{byte:02X}"))
    }
}

impl PartialEq for Bank {
    #[inline]
    fn eq(&self, other: &Self) -> bool {
        self.as_slice() == other.as_slice()
    }
}

impl Eq for Bank {}

impl<T: AsRef<[u8]> + ?Sized> PartialEq<T> for Bank
where
    T: ByteSlice,
{
    fn eq(&self, other: &T) -> bool {
        self.as_slice() == other.as_ref()
    }
}

/// What a bank can be compared with besides another one.
pub trait ByteSlice {}

impl ByteSlice for [u8] {}
impl ByteSlice for &[u8] {}
impl ByteSlice for Vec<u8> {}
impl<const N: usize> ByteSlice for [u8; N] {}

impl PartialOrd for Bank {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Bank {
    fn cmp(&self, other: &Self) -> Ordering {
        self.as_slice().cmp(other.as_slice())
    }
}

impl Hash for Bank {
    #[inline]
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_slice().hash(state);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, HashMap};

    use super::*;

    #[test]
    fn a_bank_of_any_length_compares_orders_and_is_found_like_its_bytes() {
        let mut hashed = HashMap::new();
        let mut ordered = BTreeMap::new();
        for length in 0..=70_u8 {
            let bytes: Vec<u8> = (0..length).map(|byte| byte.wrapping_mul(7)).collect();
            let bank = Bank::from(bytes.clone());
            assert_eq!(bank, bytes);
            assert_eq!(bank, Bank::from(bytes.as_slice()));
            assert_eq!(bank.clone().len(), bytes.len());
            hashed.insert(bank.clone(), length);
            ordered.insert(bank, length);
        }
        for length in 0..=70_u8 {
            let bytes: Vec<u8> = (0..length).map(|byte| byte.wrapping_mul(7)).collect();
            assert_eq!(hashed.get(bytes.as_slice()), Some(&length));
            assert_eq!(ordered.get(bytes.as_slice()), Some(&length));
        }
        let keys: Vec<Vec<u8>> = ordered.keys().map(|bank| bank.to_vec()).collect();
        assert!(keys.is_sorted());
        assert_eq!(format!("{:?}", Bank::from([0x30, 0x0A])), "300A");
        assert!(size_of::<Bank>() <= 24 && size_of::<Option<Bank>>() <= 24);
    }
}
