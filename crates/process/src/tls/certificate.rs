//! From when until when a certificate is valid, its public key, and when a revocation list ends, read from their bytes.
//!
//! What holds: bytes from outside never panic; whatever is not understood gives none.
//!
//! Not here: whether the certificate is trusted, or belongs to a key.
//!
//! Source: RFC 5280 sections 4.1, 4.1.2.5, 4.1.2.7 and 5.1; X.690 section 8.1.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

const INTEGER: u8 = 0x02;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;
const SEQUENCE: u8 = 0x30;
/// `[0]`, with the version in it.
const VERSION: u8 = 0xa0;

/// The first and the last second of a certificate (DER); none if the bytes are no certificate.
pub(super) fn validity(certificate: &[u8]) -> Option<(Timestamp, Timestamp)> {
    let (validity, _) = take(from_validity(certificate)?, SEQUENCE)?;
    let (first, after) = time(validity)?;
    let (last, _) = time(after)?;
    Some((first, last))
}

/// The `SubjectPublicKeyInfo` of a certificate (DER), with its tag and length; none if the bytes are no certificate.
pub(super) fn public_key(certificate: &[u8]) -> Option<&[u8]> {
    let mut rest = from_validity(certificate)?;
    // The time, the subject; then the key.
    for _ in 0..2 {
        (_, rest) = take(rest, SEQUENCE)?;
    }
    let (_, after) = take(rest, SEQUENCE)?;
    rest.get(..rest.len() - after.len())
}

/// When the next list is to come after a revocation list (DER); none if it does not say, or the bytes are no list.
pub(super) fn list_end(list: &[u8]) -> Option<Timestamp> {
    let (outer, _) = take(list, SEQUENCE)?;
    let (mut rest, _) = take(outer, SEQUENCE)?;
    if let Some((_, after)) = take(rest, INTEGER) {
        rest = after;
    }
    // Algorithm, issuer; then when it was made, and when the next one will be.
    for _ in 0..2 {
        (_, rest) = take(rest, SEQUENCE)?;
    }
    let (_, after) = time(rest)?;
    time(after).map(|(end, _)| end)
}

/// What is signed, from its validity on.
fn from_validity(certificate: &[u8]) -> Option<&[u8]> {
    let (outer, _) = take(certificate, SEQUENCE)?;
    let (mut rest, _) = take(outer, SEQUENCE)?;
    if let Some((_, after)) = take(rest, VERSION) {
        rest = after;
    }
    // Serial number, algorithm, issuer; then the time.
    for tag in [INTEGER, SEQUENCE, SEQUENCE] {
        (_, rest) = take(rest, tag)?;
    }
    Some(rest)
}

/// A value with this tag, and what follows it.
fn take(bytes: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (first, rest) = bytes.split_first()?;
    if *first != tag {
        return None;
    }
    let (length, rest) = rest.split_first()?;
    let (length, rest) = match length {
        0..=0x7f => (usize::from(*length), rest),
        0x81..=0x84 => {
            let (digits, rest) = rest.split_at_checked(usize::from(length & 0x0f))?;
            let length = digits.iter().try_fold(0_usize, |sum, digit| {
                sum.checked_mul(256)?.checked_add(usize::from(*digit))
            })?;
            (length, rest)
        }
        _ => return None,
    };
    rest.split_at_checked(length)
}

/// A time in either of the two forms, and what follows it.
fn time(bytes: &[u8]) -> Option<(Timestamp, &[u8])> {
    let (text, year_digits, rest) = match take(bytes, UTC_TIME) {
        Some((text, rest)) => (text, 2, rest),
        None => take(bytes, GENERALIZED_TIME).map(|(text, rest)| (text, 4, rest))?,
    };
    let text = std::str::from_utf8(text).ok()?.strip_suffix('Z')?;
    if text.len() != year_digits + 10 || !text.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    let (year, others) = text.split_at(year_digits);
    let mut year: i16 = year.parse().ok()?;
    if year_digits == 2 {
        year += if year < 50 { 2000 } else { 1900 };
    }
    let part = |place: usize| others.get(2 * place..2 * place + 2)?.parse::<i8>().ok();
    let [month, day, hour, minute, second] = [part(0)?, part(1)?, part(2)?, part(3)?, part(4)?];
    let civil = DateTime::new(year, month, day, hour, minute, second, 0).ok()?;
    // `99991231235959Z` means "never", and is later than the latest time that we have.
    let at = civil.to_zoned(TimeZone::UTC).map_or(Timestamp::MAX, |zoned| zoned.timestamp());
    Some((at, rest))
}

#[cfg(test)]
mod tests {
    use rcgen::PublicKeyData as _;

    use super::*;

    fn certificate(not_after: (i32, u8, u8)) -> Vec<u8> {
        let mut params = rcgen::CertificateParams::new(["localhost".to_owned()]).unwrap();
        params.not_before = rcgen::date_time_ymd(2026, 2, 28);
        params.not_after = rcgen::date_time_ymd(not_after.0, not_after.1, not_after.2);
        let key = rcgen::KeyPair::generate().unwrap();
        params.self_signed(&key).unwrap().der().to_vec()
    }

    #[test]
    fn begin_and_end_are_read_in_both_forms_of_a_time() {
        for (date, expected) in [
            ((2027, 3, 9), "2027-03-09T00:00:00Z"),
            ((2049, 12, 31), "2049-12-31T00:00:00Z"),
            ((2051, 1, 2), "2051-01-02T00:00:00Z"),
        ] {
            let begin = "2026-02-28T00:00:00Z".parse().unwrap();
            assert_eq!(validity(&certificate(date)), Some((begin, expected.parse().unwrap())));
        }
        assert_eq!(time(b"\x18\x0f99991231235959Z"), Some((Timestamp::MAX, &[][..])));
    }

    #[test]
    fn the_public_key_is_that_which_openssl_and_others_hash() {
        let key = rcgen::KeyPair::generate().unwrap();
        let params = rcgen::CertificateParams::new(["localhost".to_owned()]).unwrap();
        let first = params.clone().self_signed(&key).unwrap();
        let renewed = params.self_signed(&key).unwrap();
        assert_eq!(public_key(first.der()), Some(&key.subject_public_key_info()[..]));
        assert_eq!(public_key(first.der()), public_key(renewed.der()));
    }

    #[test]
    fn whatever_is_cut_or_changed_gives_a_time_or_none_and_no_panic() {
        let sound = certificate((2027, 3, 9));
        for length in 0..sound.len().min(200) {
            assert_eq!((validity(&sound[..length]), public_key(&sound[..length])), (None, None));
        }
        for place in 0..sound.len().min(200) {
            for value in [0x00, 0x30, 0x7f, 0x80, 0x84, 0x88, 0xff] {
                let mut changed = sound.clone();
                changed[place] = value;
                validity(&changed);
                public_key(&changed);
            }
        }
    }
}
