//! GS1 Digital Link URIs: what a QR code on a pack holds.
//!
//! The way through: [`parse_digital_link`] checks form, lengths and check digits and gives the parts;
//! [`DigitalLink::to_epc`] makes an identity of them where the company prefix's length is known.
//!
//! What holds: a link that was read has a key of right length and check digit, and qualifiers in the order of
//! the standard.
//!
//! Not here: resolving, what is inside a compressed segment ([`crate::compressed`]), payment slips (415), short
//! names (`/gtin/…`, gone from the standard since 1.3).
//!
//! Source: GS1 Digital Link URI syntax 1.4; GS1 barcode syntax dictionary of January 2026 (keys, qualifiers).

use crate::check_digit;
use crate::error::{EpcError, cut, field, uri};
use crate::scheme::{is_number, is_part_text};
use crate::text::{escape_url, is_digits, is_gs1_text, unescape};

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

/// A key that a link may begin with.
struct Key {
    ai: &'static str,
    /// Qualifiers that may follow, in order; of several lists one is chosen.
    qualifiers: &'static [&'static [&'static str]],
}

const fn key(ai: &'static str, qualifiers: &'static [&'static [&'static str]]) -> Key {
    Key { ai, qualifiers }
}

/// Keys that a link may begin with.
const KEYS: &[Key] = &[
    key("00", &[]),
    key("01", &[&["22", "10", "21"], &["235"]]),
    key("253", &[]),
    key("255", &[]),
    key("401", &[]),
    key("402", &[]),
    key("414", &[&["254"], &["7040"]]),
    key("417", &[&["7040"]]),
    key("8003", &[]),
    key("8004", &[&["7040"]]),
    key("8006", &[&["22", "10", "21"]]),
    key("8010", &[&["8011"]]),
    key("8013", &[]),
    key("8017", &[&["8019"]]),
    key("8018", &[&["8019"]]),
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

    /// The URI on `host`: key, qualifiers and attributes, escaped.
    #[must_use]
    pub fn to_uri(&self, host: &str) -> String {
        let mut out = format!("https://{host}/{}/{}", self.primary, escape_url(&self.value));
        for (ai, value) in &self.qualifiers {
            out.extend(["/", ai, "/", &escape_url(value)]);
        }
        for (place, (ai, value)) in self.attributes.iter().enumerate() {
            let mark = if place == 0 { "?" } else { "&" };
            out.extend([mark, ai, "=", &escape_url(value)]);
        }
        out
    }

    /// Checks key and qualifiers: lengths, characters, order, check digit.
    pub(crate) fn check(&self) -> Result<(), EpcError> {
        const PLACE: &str = "one that belongs to the key, in the standard's order,";
        check_key(&self.primary, &self.value)?;
        let lists =
            KEYS.iter().find(|key| key.ai == self.primary).map_or(&[][..], |k| k.qualifiers);
        for (ai, value) in &self.qualifiers {
            check_qualifier(ai, value)?;
        }
        let is_in_order = |list: &&[&str]| {
            let mut rest = list.iter();
            self.qualifiers.iter().all(|(ai, _)| rest.any(|allowed| allowed == ai))
        };
        if self.qualifiers.is_empty() || lists.iter().any(is_in_order) {
            return Ok(());
        }
        let names: Vec<&str> = self.qualifiers.iter().map(|(ai, _)| ai.as_str()).collect();
        Err(field("qualifier", &names.join("/"), PLACE))
    }
}

/// Reads a GS1 Digital Link URI, whatever its host and path prefix, plain or compressed (`/eh…`, `/ex…`).
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
    let plain = |part: &str| {
        unescape(part).ok_or_else(|| field("link", part, "ASCII with whole %XX escapes"))
    };
    let attributes = query
        .split(['&', ';'])
        .filter_map(|pair| pair.split_once('='))
        .filter(|(name, _)| is_digits(name))
        .map(|(name, value)| Ok((name.to_owned(), plain(value)?)))
        .collect::<Result<Vec<_>, EpcError>>()?;
    let parts: Vec<&str> = path.trim_end_matches('/').split('/').collect();
    // The key stands at an even distance from the end; the first place where one fits is taken.
    let mut pairs = parts.chunks_exact(2);
    if parts.len() % 2 == 1 {
        pairs = parts.get(1..).unwrap_or_default().chunks_exact(2);
    }
    let mut pairs = pairs
        .filter_map(|pair| Some((*pair.first()?, *pair.get(1)?)))
        .skip_while(|(ai, _)| KEYS.iter().all(|key| key.ai != *ai));
    let Some((primary, value)) = pairs.next() else {
        let last = parts.last().copied().unwrap_or_default();
        let mut link = crate::compressed::read_segment(last).ok_or_else(wrong)??;
        link.attributes.extend(attributes);
        return Ok(link);
    };
    let mut value = plain(value)?;
    if primary == "01" && is_digits(&value) && [8, 12, 13].contains(&value.len()) {
        value = format!("{value:0>14}");
    }
    let qualifiers = pairs
        .map(|(ai, value)| Ok((ai.to_owned(), plain(value)?)))
        .collect::<Result<_, EpcError>>()?;
    let link = DigitalLink { primary: primary.to_owned(), value, qualifiers, attributes };
    link.check()?;
    Ok(link)
}

/// Length and characters of a qualifier.
fn check_qualifier(ai: &str, value: &str) -> Result<(), EpcError> {
    let (longest, expected) = match ai {
        "235" => (28, "1 to 28 GS1 characters"),
        "7040" => (4, "a digit and 3 GS1 characters"),
        "8011" => (12, "1 to 12 digits without leading zeros"),
        "8019" => (10, "1 to 10 digits"),
        _ => (20, "1 to 20 GS1 characters"),
    };
    let is_formed = match ai {
        "7040" => value.len() == 4 && value.starts_with(|c: char| c.is_ascii_digit()),
        "8011" => is_number(value),
        "8019" => is_digits(value),
        _ => true,
    };
    if value.is_empty() || value.len() > longest || !is_formed || !is_gs1_text(value) {
        return Err(field("qualifier", value, expected));
    }
    Ok(())
}

/// Length, digits and check digit of a key.
fn check_key(ai: &str, value: &str) -> Result<(), EpcError> {
    // Digits with a check digit at their end; how many characters may follow; what would be right.
    let (digits, more, expected) = match ai {
        "00" | "8017" | "8018" => (18, 0, "18 digits"),
        "01" => (14, 0, "14 digits (or 8, 12 or 13 for a shorter GTIN)"),
        "402" => (17, 0, "17 digits"),
        "414" | "417" => (13, 0, "13 digits"),
        "253" => (13, 17, "13 digits and a serial of at most 17 GS1 characters"),
        "255" => (13, 12, "13 digits and a serial of at most 12 digits"),
        "8003" => (14, 16, "14 digits, the first 0, and a serial of at most 16 GS1 characters"),
        "8006" => (14, 4, "18 digits"),
        "8010" => (0, 30, "at most 30 digits, capitals, # - /"),
        "8013" => (0, 25, "at most 25 GS1 characters"),
        _ => (0, 30, "at most 30 GS1 characters"),
    };
    let Some((head, tail)) = value.split_at_checked(digits) else {
        return Err(field("key", value, expected));
    };
    let is_formed = match ai {
        "255" => tail.is_empty() || is_digits(tail),
        "8006" => tail.len() == 4 && is_digits(tail),
        "8003" => head.starts_with('0') && is_gs1_text(tail),
        "8010" => is_part_text(tail),
        _ => is_gs1_text(tail),
    };
    if !is_formed || value.is_empty() || tail.len() > more || !(digits == 0 || is_digits(head)) {
        return Err(field("key", value, expected));
    }
    if digits > 0 && !check_digit::is_right(head) {
        let before = head.get(..digits - 1).unwrap_or_default();
        let right = check_digit::of(before).unwrap_or('0');
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
            "urn:epc:id:gsrn:0614141.1234567890",
            "urn:epc:id:gsrnp:0614141.1234567890",
            "urn:epc:id:gdti:0614141.12345.006847",
            "urn:epc:id:cpi:0614141.5PQ7%2FZ43.12345",
            "urn:epc:id:sgcn:0614141.67890.04711",
            "urn:epc:id:itip:0614141.012345.04.04.32a%2Fb",
        ] {
            let epc: Epc = uri.parse().unwrap();
            assert_eq!(Epc::from_digital_link(&epc.to_digital_link(), &table).unwrap(), epc);
        }
        let foreign = "https://id.gs1.org/01/04012345000009/21/1";
        assert!(Epc::from_digital_link(foreign, &table).is_err());
    }

    #[test]
    fn a_link_made_by_hand_with_a_short_key_is_an_error_and_no_panic() {
        struct Eleven;
        impl PrefixLength for Eleven {
            fn length(&self, _: &str) -> Option<usize> {
                Some(11)
            }
        }
        for key in KEYS {
            let link = DigitalLink {
                primary: key.ai.to_owned(),
                value: "061".to_owned(),
                qualifiers: vec![("21".to_owned(), "1".to_owned())],
                attributes: Vec::new(),
            };
            assert!(link.to_epc(&Eleven).is_err(), "{}", key.ai);
        }
    }

    #[test]
    fn keys_have_the_lengths_of_the_dictionary() {
        for (path, is_right) in [
            ("8006/040123451111180102/21/987", true),
            ("8006/04012345111118/21/987", false),
            ("8006/0401234511111801021", false),
            ("255/4012345111118987", true),
            ("255/40123451111189a7", false),
            ("255/40123451111181234567890123", false),
            ("8003/040123451111181234567890123456", true),
            ("8003/0401234511111812345678901234567", false),
            ("253/401234511111812345678901234567", true),
            ("253/4012345111118123456789012345678", false),
            ("8010/4012345AB%2F1/8011/12", true),
            ("8010/4012345ab", false),
            ("8010/4012345AB/8011/012", false),
            ("414/4012345111118/7040/1ABC", true),
            ("414/4012345111118/254/1/7040/1ABC", false),
            ("01/04012345111118/235/AB", true),
            ("01/04012345111118/21/1/235/AB", false),
            ("8018/401234511111111115/8019/12", true),
            ("8018/401234511111111115/8019/A", false),
        ] {
            let text = format!("https://id.gs1.org/{path}");
            let read = parse_digital_link(&text);
            assert_eq!(read.is_ok(), is_right, "{path}: {read:?}");
            if let Ok(link) = read {
                assert_eq!(link.to_uri("id.gs1.org"), text);
            }
        }
    }
}
