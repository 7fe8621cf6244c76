//! Serial numbers that nobody can guess from others.
//!
//! What holds: every serial of a batch is different from the others and from those that are said to be taken; each is equally likely;
//! none begins with a zero, which SGTIN-96 cannot hold.
//!
//! Not here: that serials of another batch, or another site, are different. Of n serials of 11 digits in use, a new one is among them
//! with a chance of n in 9 × 10^10: name the file of those as taken, or give each site digits of its own.
//!
//! Source: GS1 General Specifications 3.5.2; TDS 2.3 section 14.6.1 (38 bits).

use std::collections::{BTreeSet, HashSet};

use thiserror::Error;

/// Most serials of a batch.
pub const MOST_SERIALS: usize = 1_000_000;
/// Digits that a serial may have: 38 bits hold every number of 11 digits.
const DIGITS: std::ops::RangeInclusive<u32> = 4..=11;

/// Why there are no serials.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum SerialError {
    /// A number of digits that is not possible.
    #[error("got serials of {0} digits, expected 4 to 11: a chip with SGTIN-96 holds no more")]
    Digits(u32),
    /// More than there can be.
    #[error(
        "got {count} serials of {digits} digits beside {taken} that are taken, expected at most {most}: with more, the next one could be guessed"
    )]
    TooMany {
        /// Serials that are wanted.
        count: usize,
        /// Their digits.
        digits: u32,
        /// Serials that are taken.
        taken: usize,
        /// How many there can be.
        most: u64,
    },
    /// There are no random bytes.
    #[error("the system gave no random bytes")]
    NoRandomBytes,
}

/// New serials, random ones.
///
/// - `count`: up to [`MOST_SERIALS`]; with those that are taken at most a tenth of all that have as many digits.
/// - `digits`: 4 to 11; the first is no zero.
/// - `taken`: those that must not be among them.
/// - `fill`: fills bytes with random ones; tells whether it did.
///
/// # Errors
///
/// [`SerialError`].
pub fn serials(
    count: usize,
    digits: u32,
    taken: &BTreeSet<String>,
    mut fill: impl FnMut(&mut [u8]) -> bool,
) -> Result<Vec<String>, SerialError> {
    if !DIGITS.contains(&digits) {
        return Err(SerialError::Digits(digits));
    }
    let least = 10_u64.pow(digits - 1);
    let all = 9 * least;
    let most = (all / 10).min(MOST_SERIALS as u64);
    let own = taken.iter().filter(|serial| serial.len() == digits as usize).count();
    if (count + own) as u64 > all / 10 || count > MOST_SERIALS {
        return Err(SerialError::TooMany { count, digits, taken: own, most });
    }
    let mut found = HashSet::with_capacity(count);
    let mut serials = Vec::with_capacity(count);
    // Numbers above a whole multiple of `all` are drawn again: otherwise some serials would be likelier than others.
    let fair = u64::MAX - u64::MAX % all;
    while serials.len() < count {
        let mut bytes = [0; 8];
        if !fill(&mut bytes) {
            return Err(SerialError::NoRandomBytes);
        }
        let number = u64::from_be_bytes(bytes);
        if number >= fair {
            continue;
        }
        let serial = (least + number % all).to_string();
        if !taken.contains(&serial) && found.insert(serial.clone()) {
            serials.push(serial);
        }
    }
    Ok(serials)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers of a sequence without a pattern (SplitMix64).
    fn source(mut seed: u64) -> impl FnMut(&mut [u8]) -> bool {
        move |bytes: &mut [u8]| {
            seed = seed.wrapping_add(0x9E37_79B9_7F4A_7C15);
            let mut mixed = seed;
            mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
            bytes.copy_from_slice(&(mixed ^ (mixed >> 31)).to_be_bytes());
            true
        }
    }

    #[test]
    fn serials_are_different_have_their_digits_and_none_is_taken() {
        for digits in 4..=11 {
            let count = if digits == 4 { 400 } else { 2_000 };
            let first = serials(count, digits, &BTreeSet::new(), source(1)).unwrap();
            let taken: BTreeSet<String> = first.iter().cloned().collect();
            assert_eq!(taken.len(), count, "{digits}");
            // The same random numbers again: everything that they give is taken.
            let second = serials(count, digits, &taken, source(1)).unwrap();
            for serial in first.iter().chain(&second) {
                assert_eq!(serial.len(), digits as usize);
                assert!(!serial.starts_with('0'));
            }
            assert!(second.iter().all(|serial| !taken.contains(serial)), "{digits}");
        }
    }

    #[test]
    fn serials_are_spread_evenly() {
        let found = serials(20_000, 11, &BTreeSet::new(), source(7)).unwrap();
        let mut first_digits = [0_u32; 10];
        for serial in &found {
            first_digits[usize::from(serial.as_bytes()[0] - b'0')] += 1;
        }
        assert_eq!(first_digits[0], 0);
        // 2,222 are expected of each; the standard deviation is 44.
        assert!(
            first_digits[1..].iter().all(|count| (2_000..2_450).contains(count)),
            "{first_digits:?}"
        );
    }

    #[test]
    fn what_could_be_guessed_is_refused() {
        let none = BTreeSet::new();
        assert_eq!(serials(1, 3, &none, source(1)), Err(SerialError::Digits(3)));
        assert_eq!(serials(1, 12, &none, source(1)), Err(SerialError::Digits(12)));
        assert!(serials(900, 4, &none, source(1)).is_ok());
        let refused = serials(901, 4, &none, source(1)).unwrap_err().to_string();
        assert!(refused.contains("expected at most 900"), "{refused}");
        let taken: BTreeSet<String> = (1000..1800).map(|number| number.to_string()).collect();
        assert!(serials(101, 4, &taken, source(1)).is_err());
        assert!(serials(MOST_SERIALS + 1, 11, &none, source(1)).is_err());
        assert_eq!(serials(1, 11, &none, |_: &mut [u8]| false), Err(SerialError::NoRandomBytes));
    }
}
