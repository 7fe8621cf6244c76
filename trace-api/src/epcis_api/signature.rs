//! What a subscriber checks to know that a message is ours and new: the header `GS1-Signature`.
//!
//! `t=SECONDS,v1=HEX`, where `HEX` is HMAC-SHA256 in lower-case hex, its key the bytes of the `signatureToken` that the subscriber
//! chose, its message the digits of `SECONDS` (Unix time at which it was sent), a full stop, and the body as it was sent.
//!
//! What holds: another body, another time or another token gives another signature. No clock, no I/O.
//!
//! Source: EPCIS 2.0 REST binding, `GS1-Signature` (the form is left to the implementation); RFC 2104. For partners: docs/epcis.md.

use jiff::Timestamp;
use ledger::hash::HmacKey;

/// Name of the header.
pub const HEADER: &str = "GS1-Signature";

/// The value of the header for a body that is sent at a time.
#[must_use]
pub fn value(token: &str, at: Timestamp, body: &[u8]) -> String {
    let seconds = at.as_second();
    let mut message = format!("{seconds}.").into_bytes();
    message.extend_from_slice(body);
    let digest = ledger::Hash(HmacKey::new(token.as_bytes()).sign(&message));
    format!("t={seconds},v1={digest}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_signature_is_the_one_that_a_subscriber_computes_and_changes_with_all_it_covers() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let signed = value("key", at("2026-11-23T08:00:00Z"), b"{}");
        // printf '1795420800.{}' | openssl dgst -sha256 -hmac key
        assert_eq!(
            signed,
            "t=1795420800,v1=8f7b62bbc32a437a71e34cccfc67ab1c22d7dafb9855de4a173ab2959122e5c2"
        );
        for other in [
            value("kez", at("2026-11-23T08:00:00Z"), b"{}"),
            value("key", at("2026-11-23T08:00:01Z"), b"{}"),
            value("key", at("2026-11-23T08:00:00Z"), b"[]"),
        ] {
            assert_ne!(signed.split("v1=").nth(1), other.split("v1=").nth(1));
        }
    }
}
