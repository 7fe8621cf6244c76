//! Who may send: a key per bridge, a token per partner, nobody else.
//!
//! What holds: nothing of a body is read before its head names a known sender, and nothing of it is parsed before its
//! sender is admitted; a delivery is admitted for the ledger that its signature names and no other, so that it cannot be
//! sent again elsewhere; there is no default key, token or
//! password; tokens are compared by their SHA-256, which the configuration holds instead of the token.
//!
//! Source: docs/formats/observation-v1.md for the signed bytes; RFC 6750 for bearer tokens.

use std::sync::atomic::Ordering;

use actix_web::HttpRequest;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::config::{Bridge, Config, Partner};
use crate::problem::Problem;
use crate::writer::BridgeSignature;

/// Length of an Ed25519 signature.
const SIGNATURE_BYTES: usize = 64;

/// A delivery's sender, and the number that it gave the delivery.
pub struct AdmittedBridge<'a> {
    /// The bridge's name.
    pub id: &'a str,
    /// Its key and ledger.
    pub bridge: &'a Bridge,
    /// Boot number.
    pub boot: u64,
    /// Number in the boot's sequence.
    pub seq: u64,
    /// Its signature over the delivery.
    pub signature: BridgeSignature,
}

/// What the head of a request says of its bridge, before its body is read.
pub struct Claim {
    id: String,
    boot: u64,
    seq: u64,
    /// As received, base64.
    signature: String,
    /// The same, decoded.
    bytes: Vec<u8>,
}

fn not_signed() -> Problem {
    Problem::NotAdmitted(
        "no known bridge signed this for its ledger; expected Chopmark-Bridge, Chopmark-Boot, Chopmark-Sequence \
         and Chopmark-Signature of a bridge in the configuration, whose `ledger` is the one named here"
            .to_owned(),
    )
}

/// Reads the head of a delivery: a known bridge, its numbers, and something that can be a signature.
///
/// # Errors
///
/// [`Problem::NotAdmitted`], with the words of a wrong signature.
pub fn claim(config: &Config, request: &HttpRequest) -> Result<Claim, Problem> {
    let refused = not_signed;
    let header = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok());
    let id = header("Chopmark-Bridge").ok_or_else(refused)?;
    let number = |name: &str| header(name).and_then(|text| text.parse::<u64>().ok());
    let boot = number("Chopmark-Boot").ok_or_else(refused)?;
    let seq = number("Chopmark-Sequence").ok_or_else(refused)?;
    let signature = header("Chopmark-Signature").ok_or_else(refused)?;
    let bytes = STANDARD.decode(signature).ok().filter(|bytes| bytes.len() == SIGNATURE_BYTES);
    let bytes = bytes.ok_or_else(refused)?;
    if !config.bridges.contains_key(id) {
        return Err(refused());
    }
    Ok(Claim { id: id.to_owned(), boot, seq, signature: signature.to_owned(), bytes })
}

/// Admits the bridge that made `claim` and sent `body`.
///
/// # Errors
///
/// [`Problem::NotAdmitted`]: the response does not reveal whether the bridge is unknown or the signature is wrong.
pub fn bridge<'a>(
    config: &'a Config,
    claim: Claim,
    body: &[u8],
) -> Result<AdmittedBridge<'a>, Problem> {
    let refused = not_signed;
    let Claim { id, boot, seq, signature, bytes } = claim;
    let (id, bridge) = config.bridges.get_key_value(&id).ok_or_else(refused)?;
    // The signature names the ledger: what was signed for another one is refused here.
    let signed = reads::signing_bytes(&bridge.ledger, id, boot, seq, body);
    let mut keys = bridge.keys.iter();
    let key = keys.find(|key| key.verifier.verify(&signed, &bytes).is_ok()).ok_or_else(refused)?;
    let signature = BridgeSignature { text: signature, key: key.verifier.key_id() };
    if !key.was_used.swap(true, Ordering::Relaxed) {
        tracing::info!(bridge.id = id, bridge.key = signature.key, "first delivery with this key");
    }
    tracing::debug!(bridge.id = id, bridge.key = signature.key, boot, seq, "delivery admitted");
    Ok(AdmittedBridge { id, bridge, boot, seq, signature })
}

/// Admits the partner whose bearer token the request carries.
///
/// # Errors
///
/// [`Problem::NotAdmitted`], the same for a missing and for an unknown token.
pub fn partner<'a>(config: &'a Config, request: &HttpRequest) -> Result<&'a Partner, Problem> {
    let refused = || {
        Problem::NotAdmitted(
            "expected `Authorization: Bearer …` with a known partner's token".into(),
        )
    };
    let header = request.headers().get("Authorization").and_then(|value| value.to_str().ok());
    let token = header.and_then(|value| value.strip_prefix("Bearer ")).ok_or_else(refused)?;
    let digest = ledger::hash::sha256(token.trim().as_bytes()).to_string();
    config.partners.get(&digest).ok_or_else(refused)
}
