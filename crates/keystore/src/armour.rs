//! A key file, encrypted with a passphrase. This file and `sealed.rs` alone name the cryptography.
//!
//! The way through: [`seal`] makes the armoured text, [`open`] the text that was sealed.
//!
//! What holds: Argon2id makes the key from the passphrase, with the cost that the file states; AES-256-GCM encrypts, and
//! authenticates every line of the header; a wrong passphrase and a changed file are one error, so that nothing is learnt
//! from it; a file cannot ask for more memory or time than [`DEAREST`].
//!
//! Sources: RFC 9106 section 4, NIST SP 800-38D; docs/formats/key-file-v1.md.

use argon2::{Algorithm, Argon2, Params, Version};
use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use ledger::keys::SecureRandom;
use thiserror::Error;
use zeroize::Zeroizing;

use crate::passphrase::Passphrase;

const BEGIN: &str = "-----BEGIN CHOPMARK ENCRYPTED KEYS-----\n";
const END: &str = "-----END CHOPMARK ENCRYPTED KEYS-----\n";
const VERSION: &str = "version: 1\n";
const CIPHER: &str = "cipher: aes-256-gcm";
/// Characters of a line of base64; RFC 7468 section 2.
const LINE: usize = 64;
const SALT: usize = 16;
const NONCE: usize = 12;

/// What it costs to try a passphrase.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cost {
    /// Memory, KiB.
    pub memory_kib: u32,
    /// Passes over the memory.
    pub passes: u32,
    /// Lanes.
    pub lanes: u32,
}

/// 64 MiB, three passes, one lane: the second choice of RFC 9106 with a third of a second on a small machine.
pub const USUAL: Cost = Cost { memory_kib: 64 * 1024, passes: 3, lanes: 1 };
/// The most that a file may ask for: 1 GiB, 20 passes, 16 lanes.
pub const DEAREST: Cost = Cost { memory_kib: 1024 * 1024, passes: 20, lanes: 16 };

/// Why a text was not sealed or opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum ArmourError {
    /// It is not armoured as it should be.
    #[error("encrypted keys: expected {0}")]
    Form(&'static str),
    /// The passphrase is another one, or the text was changed since.
    #[error("the passphrase is wrong, or the file was changed")]
    Wrong,
    /// The random source or the library failed.
    #[error("the keys could not be encrypted")]
    Failed,
}

/// Whether `text` is armoured, whatever is inside.
#[must_use]
pub fn is_armoured(text: &str) -> bool {
    text.trim_start().starts_with(BEGIN.trim_end())
}

/// Encrypts `text`.
///
/// - `rng`: for salt and nonce.
/// - Cost: memory and time of `cost`.
///
/// # Errors
///
/// [`ArmourError::Failed`], or [`ArmourError::Form`] if `cost` is out of range.
pub fn seal(
    text: &str,
    passphrase: &Passphrase,
    cost: Cost,
    rng: &dyn SecureRandom,
) -> Result<String, ArmourError> {
    let mut random = [0; SALT + NONCE];
    rng.fill(&mut random).map_err(|_| ArmourError::Failed)?;
    let (salt, nonce) = random.split_at(SALT);
    let Cost { memory_kib, passes, lanes } = cost;
    let header = format!(
        "{BEGIN}{VERSION}kdf: argon2id m={memory_kib} t={passes} p={lanes} salt={}\n{CIPHER} nonce={}\n\n",
        BASE64.encode(salt),
        BASE64.encode(nonce),
    );
    let mut sealed = text.as_bytes().to_vec();
    cipher(passphrase, cost, salt)?
        .seal_in_place_append_tag(nonce_of(nonce)?, Aad::from(header.as_bytes()), &mut sealed)
        .map_err(|_| ArmourError::Failed)?;
    let mut out = header;
    for (place, character) in BASE64.encode(&sealed).chars().enumerate() {
        if place > 0 && place % LINE == 0 {
            out.push('\n');
        }
        out.push(character);
    }
    out.push('\n');
    out.push_str(END);
    Ok(out)
}

/// Decrypts an armoured text.
///
/// # Errors
///
/// [`ArmourError`].
pub fn open(text: &str, passphrase: &Passphrase) -> Result<Zeroizing<String>, ArmourError> {
    let text = text.replace("\r\n", "\n");
    let text = text.trim_start();
    let body = text
        .strip_prefix(BEGIN)
        .and_then(|rest| rest.trim_end().strip_suffix(END.trim_end()))
        .ok_or(ArmourError::Form("`BEGIN` and `END CHOPMARK ENCRYPTED KEYS`"))?;
    let (lines, content) =
        body.split_once("\n\n").ok_or(ArmourError::Form("an empty line after the header"))?;
    let header = &text[..BEGIN.len() + lines.len() + 2];
    let lines = lines
        .strip_prefix(VERSION)
        .ok_or(ArmourError::Form("`version: 1`; a newer program may read it"))?;
    let (kdf, cipher_line) =
        lines.split_once('\n').ok_or(ArmourError::Form("the lines `kdf` and `cipher`"))?;
    let (cost, salt) = parse_kdf(kdf)?;
    let nonce = cipher_line
        .strip_prefix(CIPHER)
        .and_then(|rest| rest.strip_prefix(" nonce="))
        .and_then(|nonce| BASE64.decode(nonce).ok())
        .ok_or(ArmourError::Form("`cipher: aes-256-gcm nonce=…`"))?;
    let sealed = BASE64
        .decode(content.replace('\n', ""))
        .map_err(|_| ArmourError::Form("base64 after the header"))?;
    let mut sealed = Zeroizing::new(sealed);
    let opened = cipher(passphrase, cost, &salt)?
        .open_in_place(nonce_of(&nonce)?, Aad::from(header.as_bytes()), &mut sealed)
        .map_err(|_| ArmourError::Wrong)?;
    let text = std::str::from_utf8(opened).map_err(|_| ArmourError::Wrong)?;
    Ok(Zeroizing::new(text.to_owned()))
}

fn parse_kdf(line: &str) -> Result<(Cost, Vec<u8>), ArmourError> {
    let wrong = ArmourError::Form("`kdf: argon2id m=… t=… p=… salt=…`");
    let rest = line.strip_prefix("kdf: argon2id ").ok_or(wrong)?;
    let mut parts = rest.split(' ');
    let mut part = |name: &str| parts.next().and_then(|part| part.strip_prefix(name));
    let mut number = |name: &str| part(name).and_then(|text| text.parse().ok()).ok_or(wrong);
    let cost = Cost { memory_kib: number("m=")?, passes: number("t=")?, lanes: number("p=")? };
    let salt = part("salt=").and_then(|text| BASE64.decode(text).ok()).ok_or(wrong)?;
    if parts.next().is_some() || salt.len() != SALT {
        return Err(wrong);
    }
    Ok((cost, salt))
}

fn nonce_of(bytes: &[u8]) -> Result<Nonce, ArmourError> {
    Nonce::try_assume_unique_for_key(bytes).map_err(|_| ArmourError::Form("a nonce of 12 bytes"))
}

/// The cipher that a passphrase gives.
fn cipher(passphrase: &Passphrase, cost: Cost, salt: &[u8]) -> Result<LessSafeKey, ArmourError> {
    let Cost { memory_kib, passes, lanes } = cost;
    let (most, range) =
        (DEAREST, "a cost of at most m=1048576 t=20 p=16 and at least m=8 for each lane");
    if memory_kib > most.memory_kib || passes > most.passes || lanes > most.lanes {
        return Err(ArmourError::Form(range));
    }
    let params =
        Params::new(memory_kib, passes, lanes, Some(32)).map_err(|_| ArmourError::Form(range))?;
    let mut key = Zeroizing::new([0; 32]);
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into(passphrase.text().as_bytes(), salt, &mut *key)
        .map_err(|_| ArmourError::Failed)?;
    let key = UnboundKey::new(&AES_256_GCM, &*key).map_err(|_| ArmourError::Failed)?;
    Ok(LessSafeKey::new(key))
}

#[cfg(test)]
mod tests {
    use ledger::keys::SystemRandom;

    use super::*;

    const CHEAP: Cost = Cost { memory_kib: 64, passes: 1, lanes: 1 };
    const TEXT: &str = "chopmark ledger keys v1\norigin: a\n";

    fn passphrase(text: &str) -> Passphrase {
        Passphrase::new(text).unwrap()
    }

    fn sealed() -> String {
        seal(TEXT, &passphrase("correct horse"), CHEAP, &SystemRandom::new()).unwrap()
    }

    #[test]
    fn what_was_sealed_opens_with_its_passphrase_and_with_no_other() {
        let sealed = sealed();
        assert!(is_armoured(&sealed) && !is_armoured(TEXT) && !sealed.contains("origin"));
        assert_eq!(*open(&sealed, &passphrase("correct horse")).unwrap(), TEXT);
        let windows = sealed.replace('\n', "\r\n");
        assert_eq!(*open(&windows, &passphrase("correct horse")).unwrap(), TEXT);
        let wrong = open(&sealed, &passphrase("correct horsf")).unwrap_err();
        assert_eq!(wrong.to_string(), "the passphrase is wrong, or the file was changed");
        assert_ne!(sealed, self::sealed(), "salt and nonce are new each time");
    }

    #[test]
    fn the_usual_cost_is_in_the_file() {
        let sealed = seal(TEXT, &passphrase("correct horse"), USUAL, &SystemRandom::new()).unwrap();
        assert!(sealed.contains("kdf: argon2id m=65536 t=3 p=1 salt="), "{sealed}");
        assert_eq!(*open(&sealed, &passphrase("correct horse")).unwrap(), TEXT);
    }

    #[test]
    fn every_changed_character_of_the_file_is_noticed() {
        let sealed = sealed();
        for place in 0..sealed.len() {
            let mut bytes = sealed.clone().into_bytes();
            bytes[place] = if bytes[place] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(bytes).unwrap();
            // The line end after the last line is not part of what is read.
            if changed.trim_end() != sealed.trim_end() {
                assert!(
                    open(&changed, &passphrase("correct horse")).is_err(),
                    "{place}\n{changed}"
                );
            }
        }
    }

    #[test]
    fn a_file_cannot_ask_for_more_memory_than_there_is() {
        let sealed = sealed();
        for cost in
            ["m=4294967295 t=1 p=1", "m=64 t=4294967295 p=1", "m=64 t=1 p=99", "m=1 t=0 p=1"]
        {
            let greedy = sealed.replace("m=64 t=1 p=1", cost);
            let error = open(&greedy, &passphrase("correct horse")).unwrap_err().to_string();
            assert!(error.contains("a cost of at most"), "{cost}: {error}");
        }
    }
}
