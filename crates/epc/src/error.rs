//! Why something is no EPC.

use thiserror::Error;

/// Why something is no EPC; every text says what would be right.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum EpcError {
    /// Not hex.
    #[error("`{0}` is not hex; an even number of hex digits would be right")]
    Hex(String),
    /// A header this crate does not read.
    #[error(
        "header 0x{0:02X} is none that TDS 2.3 gives to a scheme; 0x30 (SGTIN-96) would be right"
    )]
    Header(u8),
    /// Too few or too many bits.
    #[error("{got} bits; {scheme} has {want}")]
    Length {
        /// Scheme that the header names.
        scheme: &'static str,
        /// Bits there are.
        got: usize,
        /// Bits there must be.
        want: usize,
    },
    /// The bits end in the middle of a field.
    #[error("{got} bits; {scheme} needs {want} or more here, whole words of 16 would be right")]
    Short {
        /// Scheme that the header names.
        scheme: &'static str,
        /// Bits there are.
        got: usize,
        /// Bits there must be at least.
        want: usize,
    },
    /// More bits than any EPC bank holds.
    #[error("{got} bits as {scheme}; a tag holds at most {most}")]
    Long {
        /// Scheme that the header names.
        scheme: &'static str,
        /// Bits there are.
        got: usize,
        /// Bits there may be at most.
        most: usize,
    },
    /// A partition value that is reserved.
    #[error("partition {0} is reserved; 0 to 6 would be right")]
    Partition(u8),
    /// An application identifier whose bits nobody has defined.
    #[error("application identifier `{0}` has no encoding; one of TDS table F would be right")]
    ApplicationIdentifier(String),
    /// A field's value does not fit.
    #[error("{field} `{value}`: {expected} would be right")]
    Field {
        /// Which field.
        field: &'static str,
        /// The value, cut to 64 characters.
        value: String,
        /// What would be right.
        expected: &'static str,
    },
    /// A URI of another form.
    #[error("`{uri}` is not understood; {expected} would be right")]
    Uri {
        /// The URI, cut to 64 characters.
        uri: String,
        /// What would be right.
        expected: &'static str,
    },
    /// A check digit that is wrong.
    #[error("`{key}` has the wrong check digit; {right} would be right")]
    CheckDigit {
        /// The key, cut to 64 characters.
        key: String,
        /// The digit.
        right: char,
    },
}

/// The first 64 characters of what came from outside.
pub(crate) fn cut(text: &str) -> String {
    text.chars().take(64).collect()
}

pub(crate) fn field(field: &'static str, value: &str, expected: &'static str) -> EpcError {
    EpcError::Field { field, value: cut(value), expected }
}

pub(crate) fn uri(uri: &str, expected: &'static str) -> EpcError {
    EpcError::Uri { uri: cut(uri), expected }
}
