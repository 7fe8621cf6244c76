//! The address of one tap: taken apart without decoding, and checked.
//!
//! The way through: [`check`] finds the parameters of a key set in the raw query, takes chip and counter, computes the code over the
//! raw text, and reads the seal from the encrypted data.
//!
//! What holds: the text of the request is what the code is computed over, byte for byte, so another spelling of it fails; a
//! parameter that comes twice fails; where the code's text begins is the key set's choice and never the address's.
//!
//! Not here: whether the tap is new (`sql::tag_taps`).
//!
//! Source: NXP AN12196 section 3.4.

use crate::block::same;
use crate::key_set::{CodeFrom, Identity, KeySet};
use crate::session::{ChipTap, Mode, UID};

/// Longest path and query that is checked, in bytes; a chip's file has 256.
pub const MOST_BYTES: usize = 1024;

/// What a seal said at a tap.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seal {
    /// Closed now and always before.
    Closed,
    /// Open now, or it was once.
    Opened,
    /// Not measured.
    Unknown,
}

/// A tap whose code is correct.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tap {
    /// Which chip, which tap.
    pub chip: ChipTap,
    /// What the seal said; none if the key set has none.
    pub seal: Option<Seal>,
    /// Whether the code is computed over the path as well, which names the item.
    pub names_item: bool,
}

/// Why a tap is not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// A parameter is missing, comes twice, or is no hexadecimal text of its length.
    Form,
    /// The code is not that of the chip for this text.
    Code,
}

/// Whether an address has any parameter of the key set.
#[must_use]
pub fn is_tap(set: &KeySet, address: &str) -> bool {
    let names = set.parameters();
    parameters(address).any(|(name, _)| names.contains(&name))
}

/// Checks the address of a tap.
///
/// - `address`: path and query of the request as they were sent, such as `/01/…/21/…?p=…&c=…`.
///
/// # Errors
///
/// [`Fault`].
pub fn check(set: &KeySet, address: &str) -> Result<Tap, Fault> {
    if address.len() > MOST_BYTES {
        return Err(Fault::Form);
    }
    let chip = chip(set, address)?;
    let (code_at, code) = value(address, &set.cmac)?;
    let begin = match &set.from {
        CodeFrom::Path => 0,
        CodeFrom::Parameter(name) => value(address, name)?.0,
        CodeFrom::Nothing => code_at,
    };
    let text = address.get(begin..code_at).ok_or(Fault::Form)?;
    let enc = set.enc.as_ref().map(|name| value(address, name)).transpose()?;
    // What the code does not cover is not the chip's.
    if enc.is_some_and(|(at, _)| at < begin || at > code_at) {
        return Err(Fault::Form);
    }
    let key = set.key_of(chip.uid);
    let code: [u8; 8] = fixed(code)?;
    if !same(&code, &chip.code(set.mode, &key, text.as_bytes())) {
        return Err(Fault::Code);
    }
    let seal = match (enc, set.seal) {
        (Some((_, data)), Some(at)) => {
            let data = hex::decode(data).map_err(|_| Fault::Form)?;
            let file = chip.file(set.mode, &key, &data).ok_or(Fault::Form)?;
            Some(seal(*file.get(at..).and_then(<[u8]>::first_chunk).ok_or(Fault::Form)?))
        }
        _ => None,
    };
    Ok(Tap { chip, seal, names_item: set.from == CodeFrom::Path })
}

fn chip(set: &KeySet, address: &str) -> Result<ChipTap, Fault> {
    match (&set.identity, &set.meta_key) {
        (Identity::Encrypted(name), Some(key)) => {
            let (_, text) = value(address, name)?;
            let data = match set.mode {
                Mode::Aes => fixed::<16>(text)?.to_vec(),
                Mode::Lrp => fixed::<24>(text)?.to_vec(),
            };
            ChipTap::decrypt(set.mode, key, &data).ok_or(Fault::Code)
        }
        (Identity::Plain { uid, counter }, _) => {
            let uid = fixed::<UID>(value(address, uid)?.1)?;
            let [one, two, three] = fixed(value(address, counter)?.1)?;
            Ok(ChipTap { uid, counter: u32::from_be_bytes([0, one, two, three]) })
        }
        (Identity::Encrypted(_), None) => Err(Fault::Code),
    }
}

/// The first letter says whether it was ever open, the second whether it is now.
fn seal(letters: [u8; 2]) -> Seal {
    match letters {
        [b'C', b'C'] => Seal::Closed,
        [b'O', _] | [_, b'O'] => Seal::Opened,
        _ => Seal::Unknown,
    }
}

/// Names and values as they stand in the query.
fn parameters(address: &str) -> impl Iterator<Item = (&str, &str)> {
    let query = address.split_once('?').map_or("", |(_, query)| query);
    query.split('&').filter_map(|part| part.split_once('='))
}

/// Place and text of the only parameter of that name.
fn value<'a>(address: &'a str, name: &str) -> Result<(usize, &'a str), Fault> {
    let mut found = parameters(address).filter(|(other, _)| *other == name);
    let (Some((_, text)), None) = (found.next(), found.next()) else { return Err(Fault::Form) };
    // The text is a part of the address, so the difference of their beginnings is its place.
    Ok((text.as_ptr().addr() - address.as_ptr().addr(), text))
}

fn fixed<const N: usize>(text: &str) -> Result<[u8; N], Fault> {
    let mut bytes = [0; N];
    hex::decode_to_slice(text, &mut bytes).map_err(|_| Fault::Form)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests;
