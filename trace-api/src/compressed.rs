//! Compression of answers with Brotli.
//!
//! What holds: what is compressed has no secret in it. A page is made of an address and of public records, no cookie and no
//! form goes with it, so its length tells nobody anything (BREACH needs a secret beside what an attacker can choose).
//!
//! Source: RFC 7932; RFC 9110 section 12.5.3.

use std::io::Write as _;

/// Of what is made for each request: a page of 40 KB in about a millisecond.
const FAST: u32 = 5;
/// Of what is compressed once.
const SMALLEST: u32 = 9;
/// Window, as a power of two: 256 KiB, more than a page has.
const WINDOW: u32 = 18;
/// Bytes below which compression gains nothing that a packet would notice.
pub const LEAST: usize = 1_000;

/// Compresses what is sent once.
#[must_use]
pub fn fast(body: &[u8]) -> Vec<u8> {
    with(body, FAST)
}

/// Compresses what is kept.
#[must_use]
pub fn smallest(body: &[u8]) -> Vec<u8> {
    with(body, SMALLEST)
}

fn with(body: &[u8], quality: u32) -> Vec<u8> {
    let mut writer =
        brotli::CompressorWriter::new(Vec::with_capacity(body.len() / 3), 4096, quality, WINDOW);
    // Writing to memory does not fail.
    _ = writer.write_all(body);
    writer.into_inner()
}

/// Whether a client takes Brotli.
///
/// - `accepted`: the value of its `Accept-Encoding`.
#[must_use]
pub fn is_accepted(accepted: &str) -> bool {
    accepted.split(',').any(|coding| {
        let mut parts = coding.split(';').map(str::trim);
        let is_brotli = parts.next().is_some_and(|name| name.eq_ignore_ascii_case("br"));
        let weight = parts.find_map(|part| part.strip_prefix("q="));
        is_brotli && weight.is_none_or(|weight| weight.parse::<f32>().is_ok_and(|q| q > 0.0))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_compressed_reads_the_same_again() {
        let body = "记录前后一致 the records fit together ".repeat(200);
        for packed in [fast(body.as_bytes()), smallest(body.as_bytes())] {
            assert!(packed.len() < body.len() / 20, "{}", packed.len());
            let mut out = Vec::new();
            brotli::BrotliDecompress(&mut packed.as_slice(), &mut out).unwrap();
            assert_eq!(out, body.as_bytes());
        }
    }

    #[test]
    fn a_client_takes_it_if_it_says_so() {
        for (accepted, expected) in [
            ("gzip, deflate, br", true),
            ("br;q=0.5, gzip", true),
            ("BR", true),
            ("gzip;q=1.0, br;q=0", false),
            ("gzip, brotli", false),
            ("", false),
            ("br;q=x", false),
        ] {
            assert_eq!(is_accepted(accepted), expected, "{accepted}");
        }
    }
}
