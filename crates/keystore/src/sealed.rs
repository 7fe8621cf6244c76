//! Large files, encrypted with a passphrase: those of a backup.
//!
//! The way through: [`SealKey::derive`] makes one key for all files of a backup; [`SealKey::seal`] encrypts a stream and
//! [`SealKey::open`] decrypts it, a piece at a time; [`SealKey::mac`] authenticates the list of the files.
//!
//! The stream: the line `chopmark sealed file 1`, 16 random bytes, then pieces of 1 MiB, each AES-256-GCM with a tag of 16 bytes. The key of a
//! file is HMAC-SHA256 of those 16 bytes under the passphrase's key. The nonce of a piece is its number (eight bytes, big-endian),
//! then 1 for the last piece and 0 for the others (four bytes).
//!
//! What holds: a piece cannot be changed, moved, repeated or left out, and the end cannot be cut off, without an error; memory is
//! bounded by one piece.
//!
//! Not here: the armoured form of key files ([`crate::armour`]).
//!
//! Sources: RFC 9106, NIST SP 800-38D; the STREAM construction (Hoang, Reyhanitabar, Rogaway, Vizár, 2015).

use std::io::{self, Read, Write};

use argon2::{Algorithm, Argon2, Params, Version};
use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use ledger::hash::hmac_sha256;
use ledger::keys::SecureRandom;
use zeroize::Zeroizing;

use crate::armour::{ArmourError, Cost, DEAREST};
use crate::passphrase::Passphrase;

const MAGIC: &[u8] = b"chopmark sealed file 1\n";
const PIECE: usize = 1024 * 1024;
const TAG: usize = 16;
const SEED: usize = 16;

/// The key of a backup.
pub struct SealKey(Zeroizing<[u8; 32]>);

impl SealKey {
    /// Makes the key of a passphrase.
    ///
    /// - `salt`: 16 bytes, new for each backup.
    /// - Cost: memory and time of `cost`.
    ///
    /// # Errors
    ///
    /// [`ArmourError::Form`] if the cost is out of range.
    pub fn derive(passphrase: &Passphrase, cost: Cost, salt: &[u8]) -> Result<Self, ArmourError> {
        let Cost { memory_kib, passes, lanes } = cost;
        let range =
            ArmourError::Form("a cost of at most m=1048576 t=20 p=16, and a salt of 16 bytes");
        if memory_kib > DEAREST.memory_kib
            || passes > DEAREST.passes
            || lanes > DEAREST.lanes
            || salt.len() != SEED
        {
            return Err(range);
        }
        let params = Params::new(memory_kib, passes, lanes, Some(32)).map_err(|_| range)?;
        let mut key = Zeroizing::new([0; 32]);
        Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
            .hash_password_into(passphrase.text().as_bytes(), salt, &mut *key)
            .map_err(|_| ArmourError::Failed)?;
        Ok(Self(key))
    }

    /// Authenticates a text under this key.
    #[must_use]
    pub fn mac(&self, text: &[u8]) -> [u8; 32] {
        let key = Zeroizing::new(hmac_sha256(&*self.0, b"chopmark backup manifest"));
        hmac_sha256(&*key, text)
    }

    /// Encrypts everything that `from` gives.
    ///
    /// # Errors
    ///
    /// From reading, writing, or the random source.
    pub fn seal(
        &self,
        from: &mut dyn Read,
        to: &mut dyn Write,
        rng: &dyn SecureRandom,
    ) -> io::Result<()> {
        let mut seed = [0; SEED];
        rng.fill(&mut seed).map_err(|_| io::Error::other("no random bytes"))?;
        let cipher = self.cipher(&seed)?;
        to.write_all(MAGIC)?;
        to.write_all(&seed)?;
        let (mut piece, mut number) = (Vec::with_capacity(PIECE + TAG), 0);
        let mut next = read_piece(from, PIECE)?;
        loop {
            std::mem::swap(&mut piece, &mut next);
            next = if piece.len() == PIECE { read_piece(from, PIECE)? } else { Vec::new() };
            let is_last = next.is_empty();
            cipher
                .seal_in_place_append_tag(nonce(number, is_last), Aad::from(MAGIC), &mut piece)
                .map_err(|_| io::Error::other("could not encrypt"))?;
            to.write_all(&piece)?;
            if is_last {
                return to.flush();
            }
            number += 1;
        }
    }

    /// Decrypts what [`Self::seal`] wrote. What was written before an error must not be used.
    ///
    /// # Errors
    ///
    /// From reading and writing; of kind `InvalidData` if the passphrase is another one or a byte was changed.
    pub fn open(&self, from: &mut dyn Read, to: &mut dyn Write) -> io::Result<()> {
        let wrong = || {
            io::Error::new(
                io::ErrorKind::InvalidData,
                "the passphrase is wrong, or the file was changed",
            )
        };
        let header = read_piece(from, MAGIC.len() + SEED)?;
        let seed =
            header.strip_prefix(MAGIC).filter(|seed| seed.len() == SEED).ok_or_else(wrong)?;
        let cipher = self.cipher(seed)?;
        let mut number = 0;
        let mut piece = read_piece(from, PIECE + TAG)?;
        loop {
            let next = if piece.len() == PIECE + TAG {
                read_piece(from, PIECE + TAG)?
            } else {
                Vec::new()
            };
            let is_last = next.is_empty();
            let plain = cipher
                .open_in_place(nonce(number, is_last), Aad::from(MAGIC), &mut piece)
                .map_err(|_| wrong())?;
            to.write_all(plain)?;
            if is_last {
                return to.flush();
            }
            number += 1;
            piece = next;
        }
    }

    fn cipher(&self, seed: &[u8]) -> io::Result<LessSafeKey> {
        let key = Zeroizing::new(hmac_sha256(&*self.0, &[b"chopmark sealed file", seed].concat()));
        let key = UnboundKey::new(&AES_256_GCM, &*key);
        key.map(LessSafeKey::new).map_err(|_| io::Error::other("no cipher"))
    }
}

fn nonce(number: u64, is_last: bool) -> Nonce {
    let mut bytes = [0; 12];
    bytes[..8].copy_from_slice(&number.to_be_bytes());
    bytes[11] = u8::from(is_last);
    Nonce::assume_unique_for_key(bytes)
}

/// So many bytes, or fewer at the end.
fn read_piece(from: &mut dyn Read, bytes: usize) -> io::Result<Vec<u8>> {
    let mut piece = Vec::with_capacity(bytes + TAG);
    from.take(bytes as u64).read_to_end(&mut piece)?;
    Ok(piece)
}

#[cfg(test)]
mod tests {
    use ledger::keys::SystemRandom;

    use super::*;

    fn key(passphrase: &str) -> SealKey {
        let cost = Cost { memory_kib: 64, passes: 1, lanes: 1 };
        SealKey::derive(&Passphrase::new(passphrase).unwrap(), cost, &[7; 16]).unwrap()
    }

    fn sealed(plain: &[u8]) -> Vec<u8> {
        let mut sealed = Vec::new();
        key("correct horse").seal(&mut &*plain, &mut sealed, &SystemRandom::new()).unwrap();
        sealed
    }

    fn opened(mut sealed: &[u8], passphrase: &str) -> io::Result<Vec<u8>> {
        let mut plain = Vec::new();
        key(passphrase).open(&mut sealed, &mut plain).map(|()| plain)
    }

    #[test]
    fn a_file_of_any_length_opens_with_its_passphrase_and_with_no_other() {
        for length in [0, 1, PIECE - 1, PIECE, PIECE + 1, 2 * PIECE] {
            let plain: Vec<u8> =
                (0..length).map(|place| u8::try_from(place % 251).unwrap()).collect();
            let sealed = sealed(&plain);
            assert!(opened(&sealed, "correct horse").unwrap() == plain, "{length}");
            assert!(opened(&sealed, "correct horsf").is_err(), "{length}");
        }
        assert_ne!(sealed(b"same"), sealed(b"same"), "every file has a key of its own");
    }

    #[test]
    fn a_piece_that_is_changed_moved_left_out_or_cut_off_is_noticed() {
        let sealed = sealed(&vec![5; 3 * PIECE]);
        let head = MAGIC.len() + SEED;
        let piece = |number: usize| {
            let first = head + number * (PIECE + TAG);
            &sealed[first..first + PIECE + TAG]
        };
        let changed = [
            [&sealed[..head], piece(1), piece(0), piece(2)].concat(),
            [&sealed[..head], piece(0), piece(2)].concat(),
            [&sealed[..head], piece(0), piece(1)].concat(),
            [&sealed[..head], piece(0), piece(1), piece(2), piece(2)].concat(),
            sealed[..sealed.len() - 1].to_vec(),
            sealed[..head].to_vec(),
            Vec::new(),
        ];
        for (place, changed) in changed.iter().enumerate() {
            assert!(opened(changed, "correct horse").is_err(), "{place}");
        }
        for place in [0, head - 1, head, head + PIECE, sealed.len() - 1] {
            let mut changed = sealed.clone();
            changed[place] ^= 1;
            assert!(opened(&changed, "correct horse").is_err(), "byte {place}");
        }
    }
}
