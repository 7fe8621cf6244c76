//! What the address of a scan names: an item, or a kind of things, a place, a party.
//!
//! The way through: [`Scanned::of_item`] for the most common address, GTIN and serial number, whatever they are;
//! [`Scanned::of_link`] for every other key of GS1 Digital Link, plain or compressed.
//!
//! What holds: every spelling of a code gives the same; what is written in an address stays text.
//!
//! Source: GS1 Digital Link URI syntax 1.4.

use epc::{DigitalLink, Epc};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use crate::names::Names;

/// A code, before anything is known about it.
#[derive(Debug, Clone, PartialEq)]
pub struct Scanned {
    /// Its Digital Link at id.gs1.org, with the serial as it was written.
    pub link: String,
    /// The item that it names; none if it is malformed, or names no single item.
    pub named: Option<Epc>,
    /// The item that it would name if the last digit of its GTIN were right; none if that is not all that is wrong.
    pub meant: Option<Epc>,
    /// Its GTIN, 14 digits; empty if it has none.
    pub gtin: String,
    /// The lot that the address states beside the serial.
    pub lot: Option<String>,
    /// How people call the parts: `("GTIN", "09521141123454")`.
    pub parts: Vec<(&'static str, String)>,
    /// The token in the address, if its product asks for one and it is the item's.
    pub token: Option<String>,
    is_malformed: bool,
    /// Paths of it and of what it belongs to, the most specific first: item, lot, product.
    levels: Vec<String>,
}

/// Keys that name a place, a party, a kind of things or a group of shipments, and never an item that is handed on.
const NO_ITEMS: [&str; 6] = ["401", "402", "414", "415", "417", "8013"];

/// What people call the serial number; the page has a word of its own for it.
pub const SERIAL: &str = "serial";

impl Scanned {
    /// The item of a GTIN and a serial number, as an address has them.
    ///
    /// - `lot`: the one beside them.
    #[must_use]
    pub fn of_item(gtin: &str, serial: &str, lot: Option<&str>) -> Self {
        let product = format!("/01/{}", escape(gtin));
        let mut levels = vec![format!("{product}/21/{}", escape(serial))];
        levels.extend(lot.map(|lot| format!("{product}/10/{}", escape(lot))));
        levels.push(product);
        let named = identity(gtin, serial);
        let meant = if named.is_some() { None } else { right_gtin(gtin) };
        Self {
            meant: meant.and_then(|gtin| identity(&gtin, serial)),
            token: None,
            link: format!("https://id.gs1.org/01/{gtin}/21/{serial}"),
            is_malformed: named.is_none(),
            named,
            gtin: gtin.to_owned(),
            lot: lot.map(str::to_owned),
            parts: vec![("GTIN", gtin.to_owned()), (SERIAL, serial.to_owned())],
            levels,
        }
    }

    /// What a Digital Link names.
    #[must_use]
    pub fn of_link(link: &DigitalLink) -> Self {
        let with = |count: usize| {
            let qualifiers = link.qualifiers.iter().take(count).cloned().collect();
            let cut = DigitalLink { qualifiers, attributes: Vec::new(), ..link.clone() };
            cut.to_uri("id.gs1.org")
        };
        let whole = with(link.qualifiers.len());
        let is_item = !NO_ITEMS.contains(&link.primary.as_str());
        let named = if is_item { epc::identify(&whole).ok() } else { None };
        let has_gtin = matches!(link.primary.as_str(), "01" | "8006");
        let gtin = link.value.get(..14).filter(|_| has_gtin).unwrap_or_default();
        let path = |uri: String| uri.strip_prefix("https://id.gs1.org").map(str::to_owned);
        // A payment slip is none without its reference.
        let shortest = usize::from(link.primary == "415");
        let levels = (shortest..=link.qualifiers.len()).rev().filter_map(|count| path(with(count)));
        let mut parts = vec![(name_of(&link.primary), link.value.clone())];
        let qualifiers = link.qualifiers.iter();
        parts.extend(qualifiers.map(|(ai, value)| (name_of(ai), value.clone())));
        Self {
            named,
            meant: None,
            token: None,
            is_malformed: false,
            gtin: gtin.to_owned(),
            lot: link.qualifier("10").map(str::to_owned),
            parts,
            levels: levels.collect(),
            link: whole,
        }
    }

    /// Another item of the same key: who issues under a key does not depend on the serial.
    #[must_use]
    pub fn sibling(&self) -> Option<Epc> {
        if self.gtin.is_empty() { self.named.clone() } else { identity(&self.gtin, "0") }
    }

    /// What strangers may see of it: without the item's token no more than its product, if that asks for tokens.
    ///
    /// - `token`: as the address has it.
    #[must_use]
    pub fn shown(self, names: &Names, token: Option<&str>) -> Self {
        let key = names.product(&self.gtin).and_then(|product| product.token_key.as_ref());
        match (&self.named, &self.meant) {
            (Some(item), _) if names.admits(item, token) => {
                let token = key.and(token).map(str::to_owned);
                Self { token, ..self }
            }
            (Some(_), _) => self.product(),
            (None, Some(item)) if !names.admits(item, token) => Self { meant: None, ..self },
            (None, None) if self.is_malformed && key.is_some() => self.product(),
            _ => self,
        }
    }

    /// The product of its GTIN, whatever the serial is.
    fn product(&self) -> Self {
        let path = format!("/01/{}", escape(&self.gtin));
        Self {
            link: format!("https://id.gs1.org{path}"),
            named: None,
            meant: None,
            token: None,
            gtin: self.gtin.clone(),
            lot: None,
            parts: vec![("GTIN", self.gtin.clone())],
            is_malformed: false,
            levels: vec![path],
        }
    }

    /// The query that its own address needs: its token, or nothing.
    #[must_use]
    pub fn query(&self) -> String {
        self.token.as_ref().map(|token| format!("?t={token}")).unwrap_or_default()
    }

    /// Whether it is a single item, or was meant to be one.
    #[must_use]
    pub fn is_item(&self) -> bool {
        self.named.is_some() || self.is_malformed
    }

    /// Paths of it and of what it belongs to on any resolver, the most specific first.
    #[must_use]
    pub fn levels(&self) -> &[String] {
        &self.levels
    }

    /// Its own path on any resolver.
    #[must_use]
    pub fn path(&self) -> &str {
        self.levels.first().map_or("/", String::as_str)
    }

    /// The serial as it was written, or the value of the key where it has none.
    #[must_use]
    pub fn last_part(&self) -> &str {
        self.parts.last().map_or("", |(_, value)| value)
    }
}

fn escape(part: &str) -> String {
    utf8_percent_encode(part, NON_ALPHANUMERIC).to_string()
}

/// The item of a GTIN and a serial number; none if they are none.
fn identity(gtin: &str, serial: &str) -> Option<Epc> {
    epc::identify(&format!("https://id.gs1.org/01/{}/21/{}", escape(gtin), escape(serial))).ok()
}

/// A GTIN of 14 digits with the check digit that it ought to have.
fn right_gtin(gtin: &str) -> Option<String> {
    let digits = gtin.get(..13).filter(|_| gtin.len() == 14)?;
    gtin.ends_with(|last: char| last.is_ascii_digit())
        .then(|| epc::check_digit::of(digits))
        .flatten()
        .map(|last| format!("{digits}{last}"))
}

/// What people call an application identifier.
fn name_of(ai: &str) -> &'static str {
    match ai {
        "00" => "SSCC",
        "01" => "GTIN",
        "10" => "lot",
        "21" | "8011" | "235" => SERIAL,
        "22" => "CPV",
        "253" => "GDTI",
        "254" => "GLN extension",
        "255" => "GCN",
        "401" => "GINC",
        "402" => "GSIN",
        "414" => "GLN",
        "415" => "payee GLN",
        "417" => "party GLN",
        "8003" => "GRAI",
        "8004" => "GIAI",
        "8006" => "ITIP",
        "8010" => "CPID",
        "8013" => "GMN",
        "8017" | "8018" => "GSRN",
        "8019" => "SRIN",
        "8020" => "payment reference",
        _ => "AI",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Scanned {
        Scanned::of_link(&epc::parse_digital_link(text).unwrap())
    }

    #[test]
    fn every_key_with_an_identity_names_an_item_and_the_others_name_none() {
        for (path, item) in [
            ("/00/140123452345678902", true),
            ("/01/09521141123454/21/7", true),
            ("/01/09521141123454/10/L/21/7", true),
            ("/01/09521141123454", false),
            ("/01/09521141123454/10/L", false),
            ("/253/9521141111116abc", true),
            ("/255/9521141111116123", true),
            ("/401/9521141abc", false),
            ("/402/95211410000000014", false),
            ("/414/9521141111116", false),
            ("/414/9521141111116/254/7", false),
            ("/415/9521141111116/8020/INV-17", false),
            ("/417/9521141111116", false),
            ("/8003/095211411111167a", true),
            ("/8004/9521141abc", true),
            ("/8006/095211411234540102/21/7", true),
            ("/8010/9521141ABC/8011/7", true),
            ("/8013/9521141ABCDEFGHGC", false),
            ("/8018/952114100000000001", true),
        ] {
            match epc::parse_digital_link(&format!("https://id.gs1.org{path}")) {
                Ok(link) => {
                    let scanned = Scanned::of_link(&link);
                    assert_eq!(scanned.named.is_some(), item, "{path}");
                    assert_eq!(scanned.path(), path);
                }
                Err(error) => panic!("{path}: {error}"),
            }
        }
    }

    #[test]
    fn the_levels_of_a_code_go_from_the_item_to_its_product() {
        let scanned = of("https://x/01/09521141123454/22/V/10/L/21/a%2Fb");
        let levels = [
            "/01/09521141123454/22/V/10/L/21/a%2Fb",
            "/01/09521141123454/22/V/10/L",
            "/01/09521141123454/22/V",
            "/01/09521141123454",
        ];
        assert_eq!(scanned.levels(), levels);
        assert_eq!((scanned.lot.as_deref(), scanned.last_part()), (Some("L"), "a/b"));
        let item = Scanned::of_item("09521141123454", "a/b", Some("L"));
        assert_eq!(item.levels()[0], "/01/09521141123454/21/a%2Fb");
        assert_eq!(item.named, scanned.named);
    }

    #[test]
    fn a_compressed_link_names_what_it_encodes() {
        for compressed in ["eh30164596f40c0e5cbe991a83", "exMBZFlvQMDly-mRqD"] {
            let scanned = of(&format!("https://id.gs1.org/{compressed}"));
            assert_eq!(scanned.path(), "/01/09528765123457/21/123456789123");
            assert!(scanned.named.is_some());
        }
    }

    #[test]
    fn a_malformed_code_names_nothing_and_stays_as_it_was_written() {
        let scanned = Scanned::of_item("09521141123455", "<b>", None);
        assert_eq!(scanned.named, None);
        assert_eq!(scanned.link, "https://id.gs1.org/01/09521141123455/21/<b>");
        assert_eq!(scanned.levels[0], "/01/09521141123455/21/%3Cb%3E");
    }

    #[test]
    fn only_a_wrong_check_digit_has_a_right_one() {
        let meant = |gtin: &str| Scanned::of_item(gtin, "7", None).meant;
        let right = Scanned::of_item("09521141123454", "7", None);
        assert_eq!(meant("09521141123455"), right.named);
        assert_eq!(right.meant, None);
        for gtin in ["0952114112345x", "x9521141123454", "0952114112345", "", "095211411234é"] {
            assert_eq!(meant(gtin), None, "{gtin}");
        }
    }
}
