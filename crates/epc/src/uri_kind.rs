//! What a URI from outside names: an item, a class, a place, a party, or something without a GS1 key.
//!
//! The way through: [`check_uri`] reads URNs by the rules of their scheme and links by the rules of their key.
//!
//! What holds: every spelling that names one thing gives the same [`UriKind`]; a URI that looks like a GS1 key but breaks
//! its rules is an error and never "something else".
//!
//! Not here: one key for all spellings ([`crate::thing_key`]).
//!
//! Sources: TDS 2.3 section 6; GS1 Digital Link URI syntax 1.4; CBV 2.0 section 8.

use crate::canonical::digital_link_key;
use crate::error::{EpcError, uri};
use crate::parse::parse_digital_link;
use crate::thing::lowered;

/// What a URI names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum UriKind {
    /// One object: a key with a serial, or a key that is given once (SSCC, GIAI, GSRN).
    Item,
    /// A class of objects: a key without serial, or with a lot.
    Class,
    /// A place: GLN with or without extension.
    Place,
    /// A party: GLN of a party.
    Party,
    /// A URI without a GS1 key, such as `urn:uuid:…`, or a link of a host that uses other paths.
    Other,
}

/// Checks a URI that may have a GS1 key, and says what it names.
///
/// - `text`: an absolute URI: a pure identity, class or pattern URN, a GS1 Digital Link on any host, plain or compressed,
///   or any other URI.
///
/// ```
/// use epc::{UriKind, check_uri};
/// assert_eq!(check_uri("urn:epc:id:sgtin:0614141.112345.400")?, UriKind::Item);
/// assert_eq!(check_uri("https://brand.example/01/10614141123459/10/L1")?, UriKind::Class);
/// assert_eq!(check_uri("https://brand.example/about")?, UriKind::Other);
/// assert!(check_uri("https://id.gs1.org/01/10614141123458/21/400").is_err());
/// # Ok::<(), epc::EpcError>(())
/// ```
///
/// # Errors
///
/// [`EpcError`] if `text` names a GS1 key and breaks its rules: a wrong check digit on any host, anything else that is
/// wrong on the host id.gs1.org, or a malformed URN of a scheme that has rules here.
pub fn check_uri(text: &str) -> Result<UriKind, EpcError> {
    let text = &*lowered(text);
    if let Some(rest) = text.strip_prefix("urn:epc:") {
        let kind = match rest.split(':').take(2).collect::<Vec<_>>()[..] {
            ["id", "sgln"] => UriKind::Place,
            ["id", "pgln"] => UriKind::Party,
            ["id", _] => UriKind::Item,
            ["class" | "idpat", _] => UriKind::Class,
            _ => return Ok(UriKind::Other),
        };
        let has_rules =
            !matches!(rest.split(':').nth(1), Some("gid" | "usdod" | "adi" | "bic" | "imovn"));
        if has_rules && digital_link_key(text).is_none() {
            return Err(uri(text, "a URN of a GS1 key as TDS section 6 has it"));
        }
        return Ok(kind);
    }
    match parse_digital_link(text) {
        Ok(link) => Ok(kind_of_link(&link)),
        Err(error @ EpcError::CheckDigit { .. }) => Err(error),
        Err(error) if text.starts_with("https://id.gs1.org/") => Err(error),
        Err(_) => Ok(UriKind::Other),
    }
}

/// What a valid link names.
fn kind_of_link(link: &crate::DigitalLink) -> UriKind {
    let has = |ai| link.qualifier(ai).is_some();
    let is_item = match link.primary.as_str() {
        "414" => return UriKind::Place,
        "417" => return UriKind::Party,
        "01" => has("21") || has("235"),
        "8006" => has("21"),
        "8010" => has("8011"),
        "253" | "255" => link.value.len() > 13,
        "8003" => link.value.len() > 14,
        "8013" => false,
        _ => true,
    };
    if is_item { UriKind::Item } else { UriKind::Class }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_of_a_thing_has_its_kind() {
        for (text, kind) in [
            ("urn:epc:id:sgtin:0614141.112345.400", UriKind::Item),
            ("https://id.gs1.org/01/10614141123459/21/400", UriKind::Item),
            ("https://example.com/exMBZFlvQMDly-mRqD", UriKind::Item),
            ("urn:epc:class:lgtin:4012345.012345.L1", UriKind::Class),
            ("urn:epc:idpat:sgtin:4012345.012345.*", UriKind::Class),
            ("https://id.gs1.org/01/04012345123456", UriKind::Class),
            ("urn:epc:id:sgln:4012345.11111.0", UriKind::Place),
            ("https://id.gs1.org/414/4012345111118/254/7", UriKind::Place),
            ("urn:epc:id:pgln:4012345.00000", UriKind::Party),
            ("urn:epc:id:gid:1.2.3", UriKind::Item),
            ("urn:uuid:0", UriKind::Other),
            ("https://example.org/people/01", UriKind::Other),
        ] {
            assert_eq!(check_uri(text).ok(), Some(kind), "{text}");
        }
    }
}
