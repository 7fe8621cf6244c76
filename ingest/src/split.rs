//! GS1 keys as partners write them: whether a key can be read, and whether a URN divides it as the licence of its
//! company prefix does.
//!
//! What holds: pure; a URN of a key under no licence is never wrong here, and what is no URN has no split.
//!
//! Not here: who is licensed (`directory`), what follows for the verdict (`history`).
//!
//! Source: TDS 2.3 section 6.3; GS1 General Specifications section 1.4.3.

use directory::Rights;
use epc::{has_gs1_key, licence_digits};
use epcis::Event;
use jiff::Timestamp;
use ledger::json::Json;

/// Fewest digits of a company prefix in a URN: a shorter prefix is a block of prefixes of six digits.
const SHORTEST: usize = 6;

/// A URN that divides its key otherwise than its licence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Split {
    /// The URN.
    pub got: String,
    /// The URN of the same key with the licensed prefix.
    pub right: String,
}

/// Checks the length of the company prefix in `uri` against the licence in force at `at`.
///
/// # Errors
///
/// [`Split`], with the right URN.
pub fn check_split(uri: &str, rights: &Rights, at: Timestamp) -> Result<(), Split> {
    let Some(digits) = licence_digits(uri) else { return Ok(()) };
    if rights.licensee(&digits, at).is_none() {
        return Ok(());
    }
    let Some((licensed, _)) = rights.licences_of(&digits) else { return Ok(()) };
    match split_at(uri, licensed.len().max(SHORTEST)) {
        Some(right) if right != uri => Err(Split { got: uri.to_owned(), right }),
        _ => Ok(()),
    }
}

/// EPC schemes whose URNs have a GS1 key.
const SCHEMES: [&str; 16] = [
    "cpi", "gdti", "giai", "ginc", "grai", "gsin", "gsrn", "gsrnp", "itip", "lgtin", "pgln",
    "sgcn", "sgln", "sgtin", "sscc", "upui",
];

/// Whether `uri` is meant to have a GS1 key and has none that can be read: nobody would find what is said about it.
#[must_use]
pub fn is_unreadable(uri: &str) -> bool {
    let lower = uri.to_ascii_lowercase();
    let is_gs1_urn = lower.strip_prefix("urn:epc:").is_some_and(|rest| {
        let mut parts = rest.split(':');
        let kind = parts.next().is_some_and(|kind| ["id", "idpat", "class"].contains(&kind));
        kind && parts.next().is_some_and(|scheme| SCHEMES.contains(&scheme))
    });
    let path = lower.split(['?', '#']).next().unwrap_or_default();
    let segments: Vec<&str> = path.split('/').collect();
    let is_gtin = |pair: &[&str]| {
        matches!(pair, ["01" | "gtin", digits]
            if (8..=14).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit()))
    };
    let is_link = lower.starts_with("http://") || lower.starts_with("https://");
    let is_meant = is_gs1_urn || (is_link && segments.windows(2).any(is_gtin));
    is_meant && !has_gs1_key(uri)
}

/// Whether `uri` is a GS1 key under a prefix that is licensed at `at`.
#[must_use]
pub fn is_licensed(uri: &str, rights: &Rights, at: Timestamp) -> bool {
    licence_digits(uri).is_some_and(|digits| rights.licensee(&digits, at).is_some())
}

/// The URN `uri` with a company prefix of `length` digits; `None` if it is no URN with a company prefix.
fn split_at(uri: &str, length: usize) -> Option<String> {
    let rest = uri.strip_prefix("urn:epc:")?;
    let (kind, rest) = rest.split_once(':')?;
    let (scheme, body) = rest.split_once(':')?;
    let (prefix, after) = body.split_once('.')?;
    let (reference, tail) = match after.split_once('.') {
        Some((reference, tail)) => (reference, Some(tail)),
        None => (after, None),
    };
    // In these schemes the reference begins with a digit that stands before the prefix in the key.
    let has_leading_digit = matches!(scheme, "sgtin" | "sscc" | "lgtin" | "itip" | "upui");
    let (lead, reference) = reference.split_at_checked(usize::from(has_leading_digit))?;
    let whole = format!("{prefix}{reference}");
    let (prefix, reference) = whole.split_at_checked(length)?;
    let tail = tail.map(|tail| format!(".{tail}")).unwrap_or_default();
    Some(format!("urn:epc:{kind}:{scheme}:{prefix}.{lead}{reference}{tail}"))
}

/// A thing, class, place or party that an event names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named<'a> {
    /// JSON pointer from the event on.
    pub pointer: String,
    /// The URI as written.
    pub uri: &'a str,
    /// Whether it is a thing or a class of things, not a place or a party.
    pub is_thing: bool,
}

/// All that `event` names, in no particular order.
#[must_use]
pub fn named(event: &Event) -> Vec<Named<'_>> {
    let json = event.json();
    let mut found = Vec::new();
    let list =
        |name| json.get(name).and_then(Json::as_array).unwrap_or_default().iter().enumerate();
    for name in ["epcList", "childEPCs", "inputEPCList", "outputEPCList"] {
        for (place, uri) in list(name) {
            found.extend(thing(format!("/{name}/{place}"), Some(uri), true));
        }
    }
    for name in ["quantityList", "childQuantityList", "inputQuantityList", "outputQuantityList"] {
        for (place, element) in list(name) {
            found.extend(thing(format!("/{name}/{place}/epcClass"), element.get("epcClass"), true));
        }
    }
    found.extend(thing("/parentID".to_owned(), json.get("parentID"), true));
    for name in ["readPoint", "bizLocation"] {
        let id = json.get(name).and_then(|place| place.get("id"));
        found.extend(thing(format!("/{name}/id"), id, false));
    }
    for (name, member) in [("sourceList", "source"), ("destinationList", "destination")] {
        for (place, pair) in list(name) {
            found.extend(thing(format!("/{name}/{place}/{member}"), pair.get(member), false));
        }
    }
    found
}

fn thing(pointer: String, value: Option<&Json>, is_thing: bool) -> Option<Named<'_>> {
    Some(Named { pointer, uri: value?.as_str()?, is_thing })
}

#[cfg(test)]
mod tests {
    use directory::rights::{Grade, Licence, Span};

    use super::*;

    fn rights(prefix: &str, span: Span) -> Rights {
        let licence = Licence { party: "maker".into(), grade: Grade::C, span };
        Rights { licences: [(prefix.to_owned(), vec![licence])].into(), ..Rights::default() }
    }

    #[test]
    fn the_right_urn_of_every_scheme_has_the_licensed_prefix_and_the_same_key() {
        for (wrong, right) in [
            ("urn:epc:id:sgtin:952114.0112345.1", "urn:epc:id:sgtin:9521141.012345.1"),
            ("urn:epc:class:lgtin:95211411.02345.L1", "urn:epc:class:lgtin:9521141.012345.L1"),
            ("urn:epc:idpat:sgtin:952114.0112345.*", "urn:epc:idpat:sgtin:9521141.012345.*"),
            ("urn:epc:id:sscc:952114.01234567890", "urn:epc:id:sscc:9521141.0234567890"),
            ("urn:epc:id:sgln:952114.100001.3", "urn:epc:id:sgln:9521141.00001.3"),
            ("urn:epc:id:grai:952114100001..5", "urn:epc:id:grai:9521141.00001.5"),
            ("urn:epc:id:giai:952114.1a7", "urn:epc:id:giai:9521141.a7"),
            ("urn:epc:id:pgln:952114.100001", "urn:epc:id:pgln:9521141.00001"),
        ] {
            let rights = rights("9521141", Span::ALWAYS);
            let found = check_split(wrong, &rights, Timestamp::UNIX_EPOCH);
            assert_eq!(found, Err(Split { got: wrong.into(), right: right.into() }));
            assert_eq!(check_split(right, &rights, Timestamp::UNIX_EPOCH), Ok(()), "{right}");
            assert_eq!(epc::thing_key(wrong), epc::thing_key(right));
        }
    }

    #[test]
    fn a_key_that_is_meant_and_cannot_be_read_is_seen() {
        for uri in [
            "urn:epc:id:sgtin:9521141.12345.1",
            "urn:epc:id:sgtin:9521141.012345",
            "URN:EPC:ID:SGTIN:9521141.012345.",
            "urn:epc:class:lgtin:9521141.012345",
            "https://brand.example/gtin/09521141123454/ser/1",
            "https://brand.example/01/09521141123454/21/1/10/L1",
            "HTTPS://brand.example/01/09521141123455/21/1",
        ] {
            assert!(is_unreadable(uri), "{uri}");
        }
        for uri in [
            "URN:EPC:ID:SGTIN:9521141.012345.1",
            "urn:epc:idpat:sgtin:9521141.012345.*",
            "HTTPS://brand.example/01/09521141123454/21/1",
            "urn:epc:id:gid:1.2.3",
            "urn:uuid:1",
            "https://brand.example/pallets/01/7",
            "",
        ] {
            assert!(!is_unreadable(uri), "{uri}");
        }
    }

    #[test]
    fn a_short_prefix_is_written_with_six_digits_and_a_single_key_with_twelve() {
        for (licence, right) in [
            ("9521", "urn:epc:id:sgtin:952114.0112345.1"),
            ("952114112345", "urn:epc:id:sgtin:952114112345.0.1"),
        ] {
            let found = check_split(
                "urn:epc:id:sgtin:9521141.012345.1",
                &rights(licence, Span::ALWAYS),
                Timestamp::UNIX_EPOCH,
            );
            assert_eq!(found.unwrap_err().right, right);
        }
    }

    #[test]
    fn without_a_licence_in_force_and_without_a_company_prefix_nothing_is_wrong() {
        let past = Span { from: Timestamp::MIN, until: Timestamp::UNIX_EPOCH };
        for uri in [
            "urn:epc:id:sgtin:952114.0112345.1",
            "https://id.gs1.org/01/09521141123454/21/1",
            "urn:uuid:1",
            "",
            "urn:epc:id:sgtin:",
        ] {
            assert_eq!(
                check_split(uri, &Rights::default(), Timestamp::UNIX_EPOCH),
                Ok(()),
                "{uri}"
            );
            let ended = rights("9521141", past);
            assert_eq!(check_split(uri, &ended, Timestamp::UNIX_EPOCH), Ok(()), "{uri}");
        }
        let link = "https://id.gs1.org/01/09521141123454/21/1";
        assert!(is_licensed(link, &rights("9521141", Span::ALWAYS), Timestamp::UNIX_EPOCH));
        assert!(!is_licensed(link, &Rights::default(), Timestamp::UNIX_EPOCH));
    }
}
