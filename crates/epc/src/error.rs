//! Errors of this crate.
//!
//! What holds: each text names the value and what was expected; values from outside are cut to 64 characters.

use thiserror::Error;

/// Why a tag, URI or link was refused.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum EpcError {
    /// Text that is not hexadecimal.
    #[error("got `{0}`, expected hex digits, two for each byte")]
    Hex(String),
    /// A header that no supported scheme has.
    #[error(
        "got header 0x{0:02X}, expected one that TDS 2.3 assigns to a scheme, such as 0x30 (SGTIN-96)"
    )]
    Header(u8),
    /// Another number of bits than the scheme has.
    #[error("got {got} bits, expected {want} for {scheme}")]
    Length {
        /// Scheme that the header names.
        scheme: &'static str,
        /// Number of bits received.
        got: usize,
        /// Number of bits that the scheme has, with the zero bits up to a whole 16-bit word of a tag or a whole
        /// character of a link.
        want: usize,
    },
    /// Bits of a tag whose length varies that are not whole words of its memory.
    #[error(
        "got {got} bits for {scheme}, expected whole words of 16 bits, as a tag's memory has them"
    )]
    Words {
        /// Scheme that the header names.
        scheme: &'static str,
        /// Number of bits received.
        got: usize,
    },
    /// The bits end in the middle of a field.
    #[error("got {got} bits, expected at least {want} for {scheme}")]
    Short {
        /// Scheme that the header names.
        scheme: &'static str,
        /// Number of bits received.
        got: usize,
        /// Number of bits up to the end of the field.
        want: usize,
    },
    /// More bits than an EPC bank can hold.
    #[error("got {got} bits for {scheme}, expected at most {most}, which is what a tag holds")]
    Long {
        /// Scheme that the header names.
        scheme: &'static str,
        /// Number of bits received or to be written.
        got: usize,
        /// Largest number of bits that an EPC bank holds.
        most: usize,
    },
    /// The reserved partition value, 7.
    #[error("got partition {0}, which is reserved; expected 0 to 6")]
    Partition(u8),
    /// An application identifier for which the standard defines no binary encoding.
    #[error("got application identifier `{0}`, expected one with an encoding in TDS table F")]
    ApplicationIdentifier(String),
    /// A value that its field cannot hold.
    #[error("got {field} `{value}`, expected {expected}")]
    Field {
        /// Name of the field.
        field: &'static str,
        /// The value, cut to 64 characters.
        value: String,
        /// Description of the accepted values.
        expected: &'static str,
    },
    /// A URI of a form that is not supported.
    #[error("got `{uri}`, expected {expected}")]
    Uri {
        /// The URI, cut to 64 characters.
        uri: String,
        /// Description of the accepted forms.
        expected: &'static str,
    },
    /// A link that names its key in a way that the standard does not allow, or no longer.
    #[error("got `{uri}`, expected `{right}`")]
    Spelling {
        /// The URI, cut to 64 characters.
        uri: String,
        /// The right link, cut to 256 characters.
        right: String,
    },
    /// A key with a wrong check digit.
    #[error("got `{key}` with a wrong check digit, expected check digit {expected}")]
    CheckDigit {
        /// The key, cut to 64 characters.
        key: String,
        /// The correct digit.
        expected: char,
    },
}

/// The first 64 characters of a value from outside.
pub(crate) fn cut(text: &str) -> String {
    text.chars().take(64).collect()
}

pub(crate) fn field(field: &'static str, value: &str, expected: &'static str) -> EpcError {
    EpcError::Field { field, value: cut(value), expected }
}

pub(crate) fn uri(uri: &str, expected: &'static str) -> EpcError {
    EpcError::Uri { uri: cut(uri), expected }
}
