//! What a stored refusal keeps of the bytes that were refused.

/// Longest excerpt, in bytes; the table checks it as well.
const MAX_BYTES: usize = 4096;

/// The first 4 KiB.
pub(crate) fn excerpt(bytes: &[u8]) -> &[u8] {
    &bytes[..bytes.len().min(MAX_BYTES)]
}
