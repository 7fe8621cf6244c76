//! Signed notes: a text and the signature lines below it.
//!
//! ```text
//! text, one or more lines, each ending in a newline
//! (empty line)
//! — name base64(key id, 4 bytes ‖ signature)
//! ```
//!
//! What holds: `parse` accepts exactly what `Display` writes, byte for byte; base64 is strict (padding, no stray
//! bits); a note has at least one signature line. Nothing is verified here.
//!
//! Not here: what the text means ([`crate::checkpoint`]), whether a signature verifies ([`crate::policy`]).
//!
//! Source: C2SP signed-note.

use std::fmt;

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use thiserror::Error;

/// Most bytes of a note; a checkpoint with both signatures has under 1 KiB.
pub const MAX_BYTES: usize = 64 * 1024;

/// Most signature lines.
pub const MAX_SIGNATURES: usize = 100;

/// A text with its signature lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// What is signed; ends in a newline.
    pub text: String,
    /// The signature lines, in order.
    pub signatures: Vec<NoteSignature>,
}

/// One signature line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoteSignature {
    /// Name of the key; no white space, no `+`.
    pub name: String,
    /// First four bytes of the key's hash ([`crate::keys::VerifierKey::key_id`]).
    pub key_id: [u8; 4],
    /// The signature itself.
    pub bytes: Vec<u8>,
}

/// Why a text is not a signed note.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum NoteError {
    /// Too large to be a note.
    #[error("got a note of {0} bytes, expected at most {MAX_BYTES}")]
    TooLarge(usize),
    /// A control character.
    #[error("got control character {0:?} in a note, expected none but newlines")]
    ControlCharacter(char),
    /// No empty line before the signatures.
    #[error("expected an empty line between text and signatures, got none")]
    NoEmptyLine,
    /// The text or the last line is not ended by a newline.
    #[error("the {0} does not end in a newline")]
    Unended(&'static str),
    /// No or too many signature lines.
    #[error("got {0} signature lines, expected 1 to {MAX_SIGNATURES}")]
    SignatureCount(usize),
    /// A line after the empty line is not a signature line.
    #[error("got signature line `{0}`, expected `— name base64`")]
    SignatureLine(String),
    /// The name on a signature line cannot be that of a key.
    #[error("got key name `{0}`, expected one without white space and `+`")]
    Name(String),
}

/// Whether a text can name a key: not empty, no white space or control character, no `+`.
#[must_use]
pub fn is_key_name(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= 255
        && !name.chars().any(|found| found.is_whitespace() || found.is_control() || found == '+')
}

impl Note {
    /// Reads a note.
    ///
    /// # Errors
    ///
    /// [`NoteError`] with the line that is not accepted.
    pub fn parse(note: &str) -> Result<Self, NoteError> {
        if note.len() > MAX_BYTES {
            return Err(NoteError::TooLarge(note.len()));
        }
        if let Some(found) = note.chars().find(|found| found.is_control() && *found != '\n') {
            return Err(NoteError::ControlCharacter(found));
        }
        let place = note.rfind("\n\n").ok_or(NoteError::NoEmptyLine)?;
        let (text, lines) = (&note[..=place], &note[place + 2..]);
        let lines = lines.strip_suffix('\n').ok_or(NoteError::Unended("last line"))?;
        let signatures =
            lines.split('\n').map(NoteSignature::parse).collect::<Result<Vec<_>, _>>()?;
        if signatures.len() > MAX_SIGNATURES {
            return Err(NoteError::SignatureCount(signatures.len()));
        }
        Ok(Self { text: text.to_owned(), signatures })
    }
}

impl NoteSignature {
    fn parse(line: &str) -> Result<Self, NoteError> {
        let wrong = || NoteError::SignatureLine(line.chars().take(120).collect());
        let rest = line.strip_prefix("— ").ok_or_else(wrong)?;
        let (name, base64) = rest.split_once(' ').ok_or_else(wrong)?;
        if !is_key_name(name) {
            return Err(NoteError::Name(name.chars().take(120).collect()));
        }
        let bytes = BASE64.decode(base64).map_err(|_| wrong())?;
        match bytes.split_first_chunk() {
            Some((key_id, signature)) if !signature.is_empty() => {
                Ok(Self { name: name.to_owned(), key_id: *key_id, bytes: signature.to_vec() })
            }
            _ => Err(wrong()),
        }
    }
}

impl fmt::Display for Note {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(out, "{}", self.text)?;
        self.signatures.iter().try_for_each(|signature| writeln!(out, "{signature}"))
    }
}

impl fmt::Display for NoteSignature {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = [&self.key_id[..], &self.bytes].concat();
        write!(out, "— {} {}", self.name, BASE64.encode(bytes))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NOTE: &str = "a text\n\nof three lines\n\n— log.example/1 AQIDBAU=\n— other AQIDBAYH\n";

    #[test]
    fn a_note_is_read_and_written_byte_for_byte() {
        let note = Note::parse(NOTE).unwrap();
        assert_eq!(note.text, "a text\n\nof three lines\n");
        assert_eq!(note.signatures.len(), 2);
        assert_eq!(note.signatures[0].name, "log.example/1");
        assert_eq!(note.signatures[0].key_id, [1, 2, 3, 4]);
        assert_eq!(note.signatures[0].bytes, [5]);
        assert_eq!(note.to_string(), NOTE);
    }

    #[test]
    fn a_text_that_is_not_a_note_is_refused_with_its_line() {
        for (wrong, what) in [
            ("", "expected an empty line between text and signatures, got none"),
            ("text\n", "expected an empty line between text and signatures, got none"),
            ("text\n\n", "the last line does not end in a newline"),
            ("text\n\n— n AQIDBAU=", "the last line does not end in a newline"),
            (
                "t\r\n\n— n AQIDBAU=\n",
                "got control character '\\r' in a note, expected none but newlines",
            ),
            ("t\n\n- n AQIDBAU=\n", "got signature line `- n AQIDBAU=`, expected `— name base64`"),
            ("t\n\n— n AQIDBAV=\n", "got signature line `— n AQIDBAV=`, expected `— name base64`"),
            ("t\n\n— n AQIDBAU\n", "got signature line `— n AQIDBAU`, expected `— name base64`"),
            ("t\n\n— n AQIDBA==\n", "got signature line `— n AQIDBA==`, expected `— name base64`"),
            (
                "t\n\n— n+m AQIDBAU=\n",
                "got key name `n+m`, expected one without white space and `+`",
            ),
            (
                "t\n\n— n  AQIDBAU=\n",
                "got signature line `— n  AQIDBAU=`, expected `— name base64`",
            ),
        ] {
            assert_eq!(Note::parse(wrong).unwrap_err().to_string(), what, "{wrong:?}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_the_parser_panic(text: String) {
            if let Ok(note) = Note::parse(&text) {
                prop_assert_eq!(note.to_string(), text);
            }
        }

        #[test]
        fn what_is_accepted_is_what_is_written(place in 0..NOTE.len(), bit in 0..8_u8) {
            let mut bytes = NOTE.as_bytes().to_vec();
            bytes[place] ^= 1 << bit;
            if let Ok(text) = String::from_utf8(bytes)
                && let Ok(note) = Note::parse(&text)
            {
                prop_assert_eq!(note.to_string(), text);
            }
        }
    }
}
