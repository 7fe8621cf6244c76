//! GS1 Digital Link URIs: what a QR code on a pack holds.
//!
//! The way through: [`parse_digital_link`] checks form, lengths and check digits and gives the parts;
//! [`DigitalLink::to_epc`] makes an identity of them where the company prefix's length is known.
//!
//! Not here: resolving, compression, short names (`/gtin/…`, gone from the standard since 1.3).
//!
//! Source: GS1 Digital Link URI syntax 1.4.

use crate::check_digit;
use crate::error::{EpcError, cut, field, uri};
use crate::text::{is_digits, is_gs1_text, unescape};

/// Tells how many digits the company prefix at the beginning of a key has.
pub trait PrefixLength {
    /// Length of the prefix that `key` begins with, 6 to 12; none if it is not known.
    fn length(&self, key: &str) -> Option<usize>;
}

/// The company prefixes that a site knows.
#[derive(Debug, Clone, Default)]
pub struct PrefixTable(Vec<String>);

impl PrefixTable {
    /// A table of prefixes, 6 to 12 digits each; others are passed over.
    pub fn new(prefixes: impl IntoIterator<Item = impl Into<String>>) -> Self {
        let usable = |prefix: &String| is_digits(prefix) && (6..=12).contains(&prefix.len());
        Self(prefixes.into_iter().map(Into::into).filter(usable).collect())
    }
}

impl PrefixLength for PrefixTable {
    fn length(&self, key: &str) -> Option<usize> {
        let found = self.0.iter().filter(|prefix| key.starts_with(prefix.as_str()));
        found.map(String::len).max()
    }
}

/// Keys that a link may begin with: application identifier, and the qualifiers that may follow, in order.
const KEYS: &[(&str, &[&str])] = &[
    ("00", &[]),
    ("01", &["22", "10", "21", "235"]),
    ("253", &[]),
    ("255", &[]),
    ("401", &[]),
    ("402", &[]),
    ("414", &["254", "7040"]),
    ("417", &["7040"]),
    ("8003", &[]),
    ("8004", &["7040"]),
    ("8006", &["22", "10", "21"]),
    ("8010", &["8011"]),
    ("8013", &[]),
    ("8017", &["8019"]),
    ("8018", &["8019"]),
];

/// The parts of a Digital Link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DigitalLink {
    /// Application identifier of the key: `01`.
    pub primary: String,
    /// Its value, unescaped; a GTIN has 14 digits.
    pub value: String,
    /// Qualifiers in order, unescaped: `("21", "6789")`.
    pub qualifiers: Vec<(String, String)>,
    /// Attributes of the query string with numeric names, unescaped.
    pub attributes: Vec<(String, String)>,
}

impl DigitalLink {
    /// The qualifier `ai`.
    #[must_use]
    pub fn qualifier(&self, ai: &str) -> Option<&str> {
        self.qualifiers.iter().find(|(name, _)| name == ai).map(|(_, value)| value.as_str())
    }
}

/// Reads a GS1 Digital Link URI, whatever its host and path prefix.
///
/// # Errors
///
/// [`EpcError`], naming the part and what would be right.
pub fn parse_digital_link(text: &str) -> Result<DigitalLink, EpcError> {
    const FORM: &str = "https://HOST/…/01/GTIN/21/SERIAL or another GS1 key";
    let wrong = || uri(text, FORM);
    let rest =
        text.strip_prefix("https://").or_else(|| text.strip_prefix("http://")).ok_or_else(wrong)?;
    let rest = rest.split('#').next().unwrap_or_default();
    let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (host, path) = path.split_once('/').ok_or_else(wrong)?;
    if host.is_empty() {
        return Err(wrong());
    }
    let parts: Vec<&str> = path.trim_end_matches('/').split('/').collect();
    // The key stands at an even distance from the end; the first place where one fits is taken.
    let start = (0..parts.len())
        .filter(|at| (parts.len() - at).is_multiple_of(2))
        .find(|at| KEYS.iter().any(|(ai, _)| *ai == parts[*at]))
        .ok_or_else(wrong)?;
    let plain = |part: &str| {
        unescape(part).ok_or_else(|| field("link", part, "ASCII with whole %XX escapes"))
    };
    let primary = parts[start];
    let mut value = plain(parts[start + 1])?;
    if primary == "01" && is_digits(&value) && [8, 12, 13].contains(&value.len()) {
        value = format!("{value:0>14}");
    }
    check_key(primary, &value)?;
    let allowed = KEYS.iter().find(|(ai, _)| *ai == primary).map_or(&[][..], |(_, q)| q);
    let mut qualifiers = Vec::new();
    let mut from = 0;
    for pair in parts[start + 2..].chunks_exact(2) {
        let place = allowed[from..].iter().position(|ai| *ai == pair[0]).ok_or_else(|| {
            field("qualifier", pair[0], "one that belongs to the key, in the standard's order,")
        })?;
        from += place + 1;
        let value = plain(pair[1])?;
        if value.is_empty()
            || value.len() > 20 && pair[0] != "235"
            || value.len() > 28
            || !is_gs1_text(&value)
        {
            return Err(field("qualifier", &value, "1 to 20 GS1 characters"));
        }
        qualifiers.push((pair[0].to_owned(), value));
    }
    let attributes = query
        .split(['&', ';'])
        .filter_map(|pair| pair.split_once('='))
        .filter(|(name, _)| is_digits(name))
        .map(|(name, value)| Ok((name.to_owned(), plain(value)?)))
        .collect::<Result<_, EpcError>>()?;
    Ok(DigitalLink { primary: primary.to_owned(), value, qualifiers, attributes })
}

/// Length, digits and check digit of a key.
fn check_key(ai: &str, value: &str) -> Result<(), EpcError> {
    let (digits, expected) = match ai {
        "00" | "8017" | "8018" => (18, "18 digits"),
        "01" => (14, "14 digits (or 8, 12 or 13 for a shorter GTIN)"),
        "402" => (17, "17 digits"),
        "414" | "417" | "255" | "253" => (13, "13 digits"),
        "8003" => (14, "14 digits, the first 0,"),
        "8006" => (14, "18 digits"),
        _ => (0, "GS1 characters"),
    };
    let head = value.get(..digits).unwrap_or_default();
    let may_go_on = ["253", "255", "8003", "8006"].contains(&ai);
    let is_formed = if digits == 0 {
        !value.is_empty() && value.len() <= 30 && is_gs1_text(value)
    } else {
        is_digits(head)
            && (value.len() == digits || may_go_on && value.len() <= digits + 17)
            && is_gs1_text(value)
    };
    if !is_formed || (ai == "8003" && !value.starts_with('0')) {
        return Err(field("key", value, expected));
    }
    if digits > 0 && !check_digit::is_right(head) {
        let right = check_digit::of(&head[..digits - 1]).unwrap_or('0');
        return Err(EpcError::CheckDigit { key: cut(value), right });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Epc;

    #[test]
    fn links_on_any_host_and_path_are_read() {
        for text in [
            "https://id.gs1.org/01/10614141123459/21/400",
            "http://brand.example/some/path/01/10614141123459/10/L1/21/400?17=270531&utm=x",
            "https://brand.example/01/10614141123459/21/400/",
        ] {
            let link = parse_digital_link(text).unwrap();
            assert_eq!((link.primary.as_str(), link.value.as_str()), ("01", "10614141123459"));
            assert_eq!(link.qualifier("21"), Some("400"), "{text}");
        }
        assert_eq!(
            parse_digital_link("https://x/01/4012345000009").unwrap().value,
            "04012345000009"
        );
    }

    #[test]
    fn malformed_links_say_what_would_be_right() {
        let long = format!("https://x/01/10614141123459/21/{}", "9".repeat(4096));
        for text in [
            "",
            "ftp://x/01/10614141123459",
            "https:///01/10614141123459",
            "https://x/01/10614141123458",
            "https://x/01/1061414112345",
            "https://x/01/10614141123459/21/1/10/L",
            "https://x/01/10614141123459/21/",
            "https://x/01/10614141123459/21/%zz",
            "https://x/01/10614141123459/21/é",
            "https://x/gtin/10614141123459",
            &long,
        ] {
            let error = parse_digital_link(text).unwrap_err().to_string();
            assert!(error.contains("would be right") && error.len() < 400, "{text}: {error}");
        }
    }

    #[test]
    fn a_link_becomes_an_identity_where_the_prefix_is_known() {
        let table = PrefixTable::new(["0614141", "95211410"]);
        for uri in [
            "urn:epc:id:sgtin:0614141.112345.400",
            "urn:epc:id:sgtin:0614141.112345.32a%2Fb",
            "urn:epc:id:sscc:0614141.1234567890",
            "urn:epc:id:sgln:0614141.12345.400",
            "urn:epc:id:sgln:0614141.12345.0",
            "urn:epc:id:grai:0614141.12345.400",
            "urn:epc:id:giai:0614141.12345400",
        ] {
            let epc: Epc = uri.parse().unwrap();
            assert_eq!(Epc::from_digital_link(&epc.to_digital_link(), &table).unwrap(), epc);
        }
        let foreign = "https://id.gs1.org/01/04012345000009/21/1";
        assert!(Epc::from_digital_link(foreign, &table).is_err());
    }
}
