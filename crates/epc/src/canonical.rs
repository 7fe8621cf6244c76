//! One spelling for all: the canonical Digital Link of any GS1 URN or link, as event hashes need it.
//!
//! What holds: of several qualifiers only the finest that the standard's list has is kept; host, path prefix,
//! query and consumer product variant are dropped; what is not GS1 gives none.
//!
//! Source: CBV 2.0 section 8.9 as its reference implementation of September 2026 describes it; TDS 2.x
//! section 6 for the URNs.

use crate::check_digit;
use crate::digital_link::parse_digital_link;
use crate::text::{escape_url, is_digits, unescape};

/// The canonical Digital Link of a pure identity URN, a class or pattern URN, or a Digital Link.
///
/// ```
/// let urn = "urn:epc:id:sgtin:0614141.112345.400";
/// assert_eq!(epc::digital_link_key(urn).unwrap(), "https://id.gs1.org/01/10614141123459/21/400");
/// assert_eq!(epc::digital_link_key("urn:uuid:0"), None);
/// ```
#[must_use]
pub fn digital_link_key(uri: &str) -> Option<String> {
    if let Some(rest) = uri.strip_prefix("urn:epc:") {
        let path = from_urn(rest)?;
        return Some(format!("https://id.gs1.org/{path}"));
    }
    let link = parse_digital_link(uri).ok()?;
    let key = escape_url(&link.value);
    let tail = match link.primary.as_str() {
        "01" | "8006" => ["21", "10"].iter().find_map(|ai| Some((*ai, link.qualifier(ai)?))),
        "414" => link.qualifier("254").filter(|text| *text != "0").map(|text| ("254", text)),
        "8010" => link.qualifier("8011").map(|text| ("8011", text)),
        _ => None,
    };
    let tail = tail.map_or_else(String::new, |(ai, text)| format!("/{ai}/{}", escape_url(text)));
    Some(format!("https://id.gs1.org/{}/{key}{tail}", link.primary))
}

/// `id:sgtin:…`, `class:lgtin:…`, `idpat:sgtin:…` to the path of a link.
fn from_urn(rest: &str) -> Option<String> {
    let (kind, rest) = rest.split_once(':')?;
    let (scheme, body) = rest.split_once(':')?;
    let parts: Vec<String> = body
        .splitn(if scheme == "itip" { 5 } else { 3 }, '.')
        .map(unescape)
        .collect::<Option<_>>()?;
    let part = |at: usize| parts.get(at).map(String::as_str);
    let prefix = part(0).filter(|text| is_digits(text))?;
    let reference = part(1)?;
    let is_plain = reference.is_empty() || is_digits(reference);
    // Serials and an asset's reference may end in a dot; an empty last part is something missing.
    let is_cut = parts.len() > 2 && parts.last().is_some_and(String::is_empty);
    if is_cut && !matches!(scheme, "giai" | "ginc") {
        return None;
    }
    // A pattern ends in stars where an identity has values.
    let last = part(2).filter(|text| kind != "idpat" || *text != "*");
    let whole = |length: usize| {
        let digits = format!("{prefix}{reference}");
        (is_plain && digits.len() == length).then(|| check_digit::append(&digits))
    };
    let leading = |length: usize| {
        let (first, others) = reference.split_at_checked(1)?;
        let digits = format!("{first}{prefix}{others}");
        (is_plain && digits.len() == length).then(|| check_digit::append(&digits))
    };
    let text = |value: &str| escape_url(value);
    Some(match (kind, scheme) {
        ("id", "sgtin") => format!("01/{}/21/{}", leading(13)?, text(last?)),
        ("idpat", "sgtin") => match last {
            Some(serial) => format!("01/{}/21/{}", leading(13)?, text(serial)),
            None => format!("01/{}", leading(13)?),
        },
        ("class", "lgtin") => format!("01/{}/10/{}", leading(13)?, text(last?)),
        ("id", "upui") => format!("01/{}/235/{}", leading(13)?, text(last?)),
        ("id", "sscc") => format!("00/{}", leading(17)?),
        ("id", "sgln") => match last {
            Some("0") | None => format!("414/{}", whole(12)?),
            Some(extension) => format!("414/{}/254/{}", whole(12)?, text(extension)),
        },
        ("id", "pgln") => format!("417/{}", whole(12)?),
        ("id" | "idpat", "grai") => {
            format!("8003/0{}{}", whole(12)?, text(last.unwrap_or_default()))
        }
        ("id", "giai") => format!("8004/{prefix}{}", text(&body_after_prefix(body)?)),
        ("id" | "idpat", "gdti") => {
            format!("253/{}{}", whole(12)?, text(last.unwrap_or_default()))
        }
        ("id" | "idpat", "sgcn") => {
            format!("255/{}{}", whole(12)?, text(last.unwrap_or_default()))
        }
        ("id", "gsrn") => format!("8018/{}", whole(17)?),
        ("id", "gsrnp") => format!("8017/{}", whole(17)?),
        ("id", "ginc") => format!("401/{prefix}{}", text(&body_after_prefix(body)?)),
        ("id", "gsin") => format!("402/{}", whole(16)?),
        ("id" | "idpat", "itip") => {
            // Unescaped, other characters would begin the next part of the link.
            let piece = |at| part(at).filter(|text| text.len() == 2 && is_digits(text));
            let key = format!("{}{}{}", leading(13)?, piece(2)?, piece(3)?);
            match part(4).filter(|serial| *serial != "*") {
                Some(serial) => format!("8006/{key}/21/{}", text(serial)),
                None => format!("8006/{key}"),
            }
        }
        ("id" | "idpat", "cpi") => match last {
            Some(serial) => format!("8010/{prefix}{}/8011/{}", text(reference), text(serial)),
            None => format!("8010/{prefix}{}", text(reference)),
        },
        _ => return None,
    })
}

/// All after the company prefix: references that may hold dots.
fn body_after_prefix(body: &str) -> Option<String> {
    unescape(body.split_once('.')?.1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_scheme_has_its_link() {
        for (urn, path) in [
            ("urn:epc:id:sgtin:4012345.011111.987", "01/04012345111118/21/987"),
            ("urn:epc:idpat:sgtin:4012345.011111.*", "01/04012345111118"),
            ("urn:epc:class:lgtin:4012345.012345.Lot987", "01/04012345123456/10/Lot987"),
            ("urn:epc:id:sscc:4012345.1234567890", "00/140123452345678902"),
            ("urn:epc:id:sgln:4012345.11111.0", "414/4012345111118"),
            ("urn:epc:id:sgln:4012345.11111.987", "414/4012345111118/254/987"),
            ("urn:epc:id:pgln:4012345.00000", "417/4012345000009"),
            ("urn:epc:id:grai:4012345.11111.987", "8003/04012345111118987"),
            ("urn:epc:id:grai:4012345.11111.4PX1.", "8003/040123451111184PX1."),
            ("urn:epc:id:sgtin:4012345.011111.9.8.", "01/04012345111118/21/9.8."),
            ("urn:epc:id:giai:4012345.a.b%2Fc", "8004/4012345a.b%2Fc"),
            ("urn:epc:id:gdti:4012345.11111.987", "253/4012345111118987"),
            ("urn:epc:id:sgcn:4012345.11111.987", "255/4012345111118987"),
            ("urn:epc:id:gsrn:4012345.1111111111", "8018/401234511111111115"),
            ("urn:epc:id:ginc:4012345.xyz47%2F11", "401/4012345xyz47%2F11"),
            ("urn:epc:id:gsin:4012345.222222222", "402/40123452222222221"),
            ("urn:epc:id:itip:4012345.011111.01.02.987", "8006/040123451111180102/21/987"),
            ("urn:epc:id:cpi:4012345.5PQ7%2FZ43.12345", "8010/40123455PQ7%2FZ43/8011/12345"),
        ] {
            assert_eq!(digital_link_key(urn), Some(format!("https://id.gs1.org/{path}")), "{urn}");
        }
    }

    #[test]
    fn pieces_of_an_item_cannot_pass_for_a_serial() {
        for urn in [
            "urn:epc:id:itip:4012345.011111.01.02%2F21%2F987",
            "urn:epc:id:itip:4012345.011111.01.urn:e",
            "urn:epc:id:itip:4012345.011111.1.002.987",
        ] {
            assert_eq!(digital_link_key(urn), None, "{urn}");
        }
    }

    #[test]
    fn what_lacks_its_last_part_has_no_link() {
        for urn in [
            "urn:epc:id:sgtin:4012345.011111.",
            "urn:epc:id:cpi:401..",
            "urn:epc:id:grai:4012345.11111.",
            "urn:epc:id:itip:4012345.011111.01.02.",
        ] {
            assert_eq!(digital_link_key(urn), None, "{urn}");
        }
        let asset = digital_link_key("urn:epc:id:giai:4012345.a.");
        assert_eq!(asset.as_deref(), Some("https://id.gs1.org/8004/4012345a."));
    }

    #[test]
    fn links_lose_host_query_and_all_but_the_finest_qualifier() {
        for (link, path) in [
            (
                "https://example.org/a/01/4012345000009/22/AB/10/L/21/S?17=1",
                "01/04012345000009/21/S",
            ),
            ("https://example.org/01/04012345000009/10/L", "01/04012345000009/10/L"),
            ("https://example.org/414/4012345000009/254/0", "414/4012345000009"),
        ] {
            assert_eq!(digital_link_key(link), Some(format!("https://id.gs1.org/{path}")));
        }
    }

    #[test]
    fn what_is_not_gs1_has_no_link() {
        for other in
            ["", "urn:uuid:1", "urn:epc:id:gid:1.2.3", "https://example.org/", "urn:epc:id:sgtin:1"]
        {
            assert_eq!(digital_link_key(other), None, "{other}");
        }
    }
}
