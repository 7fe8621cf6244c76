//! What makes a form do one thing, however often it is sent: its number, and codes that follow from it.
//!
//! The way through: [`new_form`] gives a form its number; [`code`] computes a code from what was sent, the number among it, so that the
//! same form sent again, because an answer was lost, gets the same code and nothing is done twice.
//!
//! What holds: nobody without the secret computes a code; whoever does not know the number of a form cannot have its code.
//!
//! Not here: what a code is for ([`crate::reports`], [`crate::owners`]).

use access::typed::{LONG_BYTES, LongCode};
use ledger::hash::{HmacKey, hmac_sha256};
use process::Randomness;

use crate::problem::Problem;

/// Bytes of the number of a form.
const FORM: usize = 16;
/// Characters of the number of a form.
pub const FORM_LENGTH: usize = 2 * FORM;

fn random<const BYTES: usize>() -> Result<[u8; BYTES], Problem> {
    let mut bytes = [0; BYTES];
    let filled = Randomness::system().source().fill(&mut bytes);
    filled.map_err(|_| Problem::Internal("no random bytes".to_owned()))?;
    Ok(bytes)
}

/// A number for a form, random, so that two people who send the same have two codes.
///
/// # Errors
///
/// [`Problem::Internal`] if there are no random bytes.
pub fn new_form() -> Result<String, Problem> {
    Ok(hex::encode(random::<FORM>()?))
}

/// Whether a text is a number that a form may have.
#[must_use]
pub fn is_form(text: &str) -> bool {
    text.len() == FORM_LENGTH && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// A random code.
///
/// # Errors
///
/// [`Problem::Internal`] if there are no random bytes.
pub fn new_code() -> Result<LongCode, Problem> {
    Ok(LongCode(random()?))
}

/// The code of what was sent.
///
/// - `secret`: of the installation.
/// - `purpose`: what the code is for, `chopmark.org/…@v1`, with a line end.
/// - `parts`: what was sent, the number of its form among it.
#[must_use]
pub fn code(secret: &[u8], purpose: &[u8], parts: &[&str]) -> LongCode {
    let key = HmacKey::new(&hmac_sha256(secret, purpose));
    let text =
        parts.iter().fold(String::new(), |text, part| text + &format!("{}\n{part}\n", part.len()));
    let mut bytes = [0; LONG_BYTES];
    bytes.copy_from_slice(&key.sign(text.as_bytes())[..LONG_BYTES]);
    LongCode(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_has_a_number_of_its_own_and_nothing_else_is_one() {
        let (one, other) = (new_form().unwrap(), new_form().unwrap());
        assert!(is_form(&one) && is_form(&other) && one != other);
        for wrong in ["", &one[1..], &format!("{one}0"), &"g".repeat(FORM_LENGTH), &"é".repeat(16)]
        {
            assert!(!is_form(wrong), "{wrong}");
        }
        assert_ne!(new_code().unwrap(), new_code().unwrap());
    }

    #[test]
    fn a_code_follows_from_secret_purpose_and_every_part() {
        let of = |secret: &[u8], purpose: &[u8], parts: &[&str]| code(secret, purpose, parts);
        let first = of(b"secret", b"one\n", &["a", "b"]);
        assert_eq!(of(b"secret", b"one\n", &["a", "b"]), first);
        for other in [
            of(b"other", b"one\n", &["a", "b"]),
            of(b"secret", b"two\n", &["a", "b"]),
            of(b"secret", b"one\n", &["a", "c"]),
            // The same letters, divided otherwise.
            of(b"secret", b"one\n", &["ab", ""]),
            of(b"secret", b"one\n", &["a\n1\nb"]),
        ] {
            assert_ne!(other, first);
        }
    }
}
