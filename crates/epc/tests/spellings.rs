//! One thing, every spelling: whatever way a key is written, it has one [`epc::thing_key`] and one kind; two things never
//! share a key.
//!
//! Sources: TDS 2.3 section 6; GS1 Digital Link URI syntax 1.4; GS1 General Specifications section 3 (keys made here).

#![expect(clippy::unwrap_used, reason = "a failing test helper says where it failed")]

use std::collections::BTreeMap;

use epc::{
    Epc, Form, Scheme, Tag, UriKind, check_uri, has_gs1_key, identify, licence_digits,
    parse_digital_link, site_key, thing_key, written_key,
};
use proptest::prelude::*;

/// Characters of serials that mean something in a URI, beside some that do not.
const TEXT: &str = "[A-Za-z0-9!\"%&'()*+,./:;<=>?_-]";

/// A piece and the total of pieces, which is no smaller.
const PIECES: &str = "0[1-5]0[5-9]|[1-4][0-9][5-9][0-9]|0[1-9][1-9][0-9]|9999";

/// A thing or a class by the parts of its key, for every scheme that has a GS1 key.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Thing {
    /// `id:sgtin`, `class:lgtin`.
    scheme: &'static str,
    /// Digits of company prefix and reference in the order of the key, without check digit and without the first digit of
    /// `lead`.
    digits: String,
    /// Indicator or extension digit.
    lead: String,
    /// Reference of an asset, piece and total, or nothing.
    middle: String,
    /// Serial, lot or extension; empty if there is none.
    last: String,
}

/// Scheme, digits after the lead, whether there is a lead, form of the middle, form of the last part.
type Row = (&'static str, usize, bool, &'static str, &'static str);

fn rows() -> Vec<Row> {
    let serial = "TEXT{1,20}";
    vec![
        ("id:sgtin", 12, true, "", serial),
        ("class:lgtin", 12, true, "", serial),
        ("idpat:sgtin", 12, true, "", ""),
        ("id:upui", 12, true, "", "TEXT{1,28}"),
        ("id:sscc", 16, true, "", ""),
        ("id:sgln", 12, false, "", serial),
        ("id:pgln", 12, false, "", ""),
        ("id:grai", 12, false, "", "TEXT{1,16}"),
        ("idpat:grai", 12, false, "", ""),
        ("id:giai", 12, false, "TEXT{1,12}", ""),
        ("id:gsrn", 17, false, "", ""),
        ("id:gsrnp", 17, false, "", ""),
        ("id:gdti", 12, false, "", "TEXT{1,17}"),
        ("idpat:gdti", 12, false, "", ""),
        ("id:cpi", 12, false, "[A-Z0-9#/-]{1,12}", "[1-9][0-9]{0,11}"),
        ("idpat:cpi", 12, false, "[A-Z0-9#/-]{1,12}", ""),
        ("id:sgcn", 12, false, "", "[0-9]{1,12}"),
        ("idpat:sgcn", 12, false, "", ""),
        ("id:itip", 12, true, PIECES, serial),
        ("idpat:itip", 12, true, PIECES, ""),
        ("id:gsin", 16, false, "", ""),
        ("id:ginc", 12, false, "TEXT{1,12}", ""),
    ]
}

/// Texts of a form.
fn text(form: &str) -> impl Strategy<Value = String> + use<> {
    prop::string::string_regex(form).expect("a form of the test")
}

fn thing() -> impl Strategy<Value = Thing> {
    prop::sample::select(rows()).prop_flat_map(|(scheme, length, has_lead, middle, last)| {
        let form = |form: &str| text(&form.replace("TEXT", TEXT));
        let digits = text(&format!("[0-9]{{{length}}}"));
        let lead = text(if has_lead { "[0-9]" } else { "" });
        (digits, lead, form(middle), form(last)).prop_map(move |(digits, lead, middle, last)| {
            Thing { scheme, digits, lead, middle, last }
        })
    })
}

fn urn_escape(text: &str) -> String {
    escape(text, |byte| !b"\"%&/<>?#".contains(&byte), false)
}

fn url_escape(text: &str) -> String {
    escape(text, |byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte), false)
}

/// With escapes for all but the plain ones, and with small letters in them if asked.
fn escape(text: &str, is_plain: impl Fn(u8) -> bool, small: bool) -> String {
    let one = |byte: u8| match (is_plain(byte), small) {
        (true, _) => char::from(byte).to_string(),
        (false, true) => format!("%{byte:02x}"),
        (false, false) => format!("%{byte:02X}"),
    };
    text.bytes().map(one).collect()
}

fn check_digit(digits: &str) -> String {
    let weigh =
        |(at, byte): (usize, u8)| usize::from(byte - b'0') * if at % 2 == 0 { 3 } else { 1 };
    let sum: usize = digits.bytes().rev().enumerate().map(weigh).sum();
    ((10 - sum % 10) % 10).to_string()
}

impl Thing {
    fn kind(&self) -> UriKind {
        match self.scheme {
            "id:sgln" => UriKind::Place,
            "id:pgln" => UriKind::Party,
            scheme if scheme.starts_with("id:") => UriKind::Item,
            _ => UriKind::Class,
        }
    }

    /// The URN with a company prefix of `length` digits.
    fn urn(&self, length: usize) -> String {
        let (prefix, rest) = self.digits.split_at(length);
        let name = self.scheme.split_once(':').unwrap().1;
        let body = format!("{prefix}.{}{rest}", self.lead);
        let last = urn_escape(&self.last);
        let tail = match self.scheme {
            "idpat:sgtin" | "idpat:grai" | "idpat:gdti" | "idpat:sgcn" => ".*".to_owned(),
            "id:sscc" | "id:pgln" | "id:gsrn" | "id:gsrnp" | "id:gsin" => String::new(),
            "id:giai" | "id:ginc" => urn_escape(&self.middle),
            "id:cpi" => format!("{}.{last}", urn_escape(&self.middle)),
            "idpat:cpi" => format!("{}.*", urn_escape(&self.middle)),
            "id:itip" => format!(".{}.{}.{last}", &self.middle[..2], &self.middle[2..]),
            "idpat:itip" => format!(".{}.{}.*", &self.middle[..2], &self.middle[2..]),
            _ => format!(".{last}"),
        };
        let kind = self.scheme.split_once(':').unwrap().0;
        format!("urn:epc:{kind}:{name}:{body}{tail}")
    }

    /// The path of its link: key, and qualifier with its value.
    fn path(&self) -> (String, String, Option<(&'static str, &str)>) {
        let digits = format!("{}{}", self.lead, self.digits);
        let checked = format!("{digits}{}", check_digit(&digits));
        let name = self.scheme.split_once(':').unwrap().1;
        let last = self.last.as_str();
        let (ai, value, qualifier) = match name {
            "sgtin" => ("01", checked, Some("21")),
            "lgtin" => ("01", checked, Some("10")),
            "upui" => ("01", checked, Some("235")),
            "sscc" => ("00", checked, None),
            "sgln" => ("414", checked, Some("254")),
            "pgln" => ("417", checked, None),
            "grai" => ("8003", format!("0{checked}{last}"), None),
            "giai" => ("8004", format!("{digits}{}", self.middle), None),
            "ginc" => ("401", format!("{digits}{}", self.middle), None),
            "gsrn" => ("8018", checked, None),
            "gsrnp" => ("8017", checked, None),
            "gdti" => ("253", format!("{checked}{last}"), None),
            "sgcn" => ("255", format!("{checked}{last}"), None),
            "cpi" => ("8010", format!("{digits}{}", self.middle), Some("8011")),
            "itip" => ("8006", format!("{checked}{}", self.middle), Some("21")),
            "gsin" => ("402", checked, None),
            other => panic!("{other}"),
        };
        let is_there = |_: &&str| !(last.is_empty() || name == "sgln" && last == "0");
        (ai.to_owned(), value, qualifier.filter(is_there).map(|ai| (ai, last)))
    }

    /// A link with these escapes.
    fn link(&self, start: &str, spell: impl Fn(&str) -> String, end: &str) -> String {
        let (ai, value, qualifier) = self.path();
        let tail = qualifier.map(|(ai, value)| format!("/{ai}/{}", spell(value)));
        format!("{start}/{ai}/{}{}{end}", spell(&value), tail.unwrap_or_default())
    }

    /// All spellings that need no bits.
    fn spellings(&self) -> Vec<String> {
        let lengths = 6..=12;
        let fits = |length: &usize| match self.scheme {
            // Every prefix is followed by a reference.
            "id:giai" | "id:ginc" | "id:cpi" | "idpat:cpi" => true,
            _ => *length <= self.digits.len(),
        };
        let mut all: Vec<String> = lengths.filter(fits).map(|length| self.urn(length)).collect();
        let capitals = all[0].replacen(
            &format!("urn:epc:{}:", self.scheme),
            &format!("URN:EPC:{}:", self.scheme.to_ascii_uppercase()),
            1,
        );
        all.push(capitals);
        let host = "https://id.gs1.org";
        all.push(self.link(host, url_escape, ""));
        all.push(self.link(
            "http://Brand.Example:8080/a/path",
            url_escape,
            "?17=271231&linkType=x#y",
        ));
        all.push(self.link("HTTPS://x", |text| escape(text, |_| false, true), "/"));
        let needed = |text: &str| escape(text, |byte| !b"\"%/<>?#".contains(&byte), true);
        all.push(self.link("https://x/21", needed, "?x=1;utm=1"));
        let (ai, value, qualifier) = self.path();
        if ai == "01" {
            for short in [8, 12, 13]
                .into_iter()
                .filter(|short| value[..14 - short].bytes().all(|it| it == b'0'))
            {
                all.push(self.link(host, url_escape, "").replacen(&value, &value[14 - short..], 1));
            }
            if qualifier.is_some_and(|(ai, _)| ai == "21") {
                let start = format!("https://x/01/{value}/22/2A/10/L%2F1");
                all.push(self.link(host, url_escape, "").replacen(
                    &format!("{host}/01/{value}"),
                    &start,
                    1,
                ));
            }
        }
        all
    }

    /// Its links of bits, where an encoding holds it.
    fn compressed(&self) -> Vec<String> {
        let Ok(identity) = identify(&self.urn(7)) else { return Vec::new() };
        let link = parse_digital_link(&identity.to_digital_link()).unwrap();
        let mut tags: Vec<Tag> = Vec::new();
        for scheme in epc::PlusScheme::ALL {
            for host in [None, Some("brand.example".to_owned())] {
                tags.extend(
                    epc::PlusTag::from_digital_link(scheme, 3, host, &link).ok().map(Tag::Plus),
                );
            }
        }
        for encoding in [
            "sgtin-198",
            "sscc-96",
            "sgln-195",
            "grai-170",
            "giai-202",
            "gsrn-96",
            "gdti-174",
            "itip-212",
        ] {
            let body = identity.to_uri().rsplit(':').next().unwrap().to_owned();
            let uri = format!("urn:epc:tag:{encoding}:3.{body}");
            let is_own = uri.contains(&format!(":{}-", identity.scheme().name()));
            tags.extend(epc::TagEpc::from_tag_uri(&uri).ok().filter(|_| is_own).map(Tag::Classic));
        }
        let forms = [Form::Hex, Form::Base64url];
        let links =
            tags.iter().flat_map(|tag| forms.map(|form| tag.to_compressed_link("x/y", form)));
        let mut all: Vec<String> = links.flatten().collect();
        all.extend(tags.iter().filter_map(|tag| match tag {
            Tag::Classic(tag) => Some(tag.to_tag_uri()),
            Tag::Plus(_) => None,
        }));
        all
    }
}

#[test]
fn every_qualifier_among_the_attributes_gets_its_place_in_the_right_link() {
    let error = check_uri("https://x/01/04012345123456?21=S&10=L&22=V&17=271231").unwrap_err();
    let right = "expected `https://x/01/04012345123456/22/V/10/L/21/S?17=271231`";
    assert!(error.to_string().contains(right), "{error}");
}

/// How much of a tag's coding every scheme reached; a property that made no links would hold of nothing.
#[test]
fn every_scheme_with_a_gs1_key_is_made_here_and_has_links_of_bits() {
    for scheme in Scheme::ALL.into_iter().filter(|scheme| scheme.is_gs1()) {
        let own = format!("id:{}", scheme.name());
        let row = rows().into_iter().find(|row| row.0 == own).expect("a row");
        let thing = Thing {
            scheme: row.0,
            digits: "952114100017345678"[..row.1].to_owned(),
            lead: if row.2 { "3".to_owned() } else { String::new() },
            middle: if row.3.is_empty() { String::new() } else { "0102".to_owned() },
            last: if row.4.is_empty() { String::new() } else { "17".to_owned() },
        };
        assert!(!thing.compressed().is_empty(), "{own}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_spelling_of_a_thing_has_one_key_one_kind_and_one_identity(thing in thing()) {
        let key = thing.link("https://id.gs1.org", url_escape, "");
        for spelling in thing.spellings() {
            prop_assert_eq!(thing_key(&spelling), key.clone(), "{}", spelling);
            prop_assert_eq!(written_key(&spelling), key.clone(), "{}", spelling);
            prop_assert_eq!(check_uri(&spelling), Ok(thing.kind()), "{}", spelling);
            prop_assert_eq!(licence_digits(&spelling), licence_digits(&key), "{}", spelling);
            if let Ok(identity) = identify(&spelling) {
                prop_assert_eq!(thing_key(&identity.to_uri()), key.clone(), "{}", spelling);
            }
        }
        for spelling in thing.compressed() {
            prop_assert_eq!(thing_key(&spelling), key.clone(), "{}", spelling);
            prop_assert_eq!(check_uri(&spelling), Ok(thing.kind()), "{}", spelling);
            prop_assert_eq!(written_key(&spelling), spelling);
        }
        let is_identity = thing.urn(7).parse::<Epc>().is_ok();
        prop_assert_eq!(identify(&key).is_ok(), is_identity);
    }

    #[test]
    fn two_things_never_share_a_key(things in prop::collection::vec(thing(), 2..12)) {
        let mut seen = BTreeMap::new();
        for thing in &things {
            let path = thing.path();
            if let Some(other) = seen.insert(thing_key(&thing.urn(7)), path.clone()) {
                prop_assert_eq!(other, path);
            }
        }
    }

    #[test]
    fn a_serial_is_told_from_every_serial_that_looks_like_it(serial in text(&format!("{TEXT}{{1,6}}")), other in text(&format!("{TEXT}{{1,6}}"))) {
        let urn = |serial: &str| format!("urn:epc:id:sgtin:9521141.012345.{}", urn_escape(serial));
        let link = |serial: &str| format!("https://x/01/09521141123454/21/{}", url_escape(serial));
        for (one, two) in [(urn(&serial), urn(&other)), (urn(&serial), link(&other)), (link(&serial), link(&other))] {
            prop_assert_eq!(thing_key(&one) == thing_key(&two), serial == other, "{} {}", one, two);
        }
        let lot = format!("https://x/01/09521141123454/10/{}", url_escape(&serial));
        prop_assert_ne!(thing_key(&lot), thing_key(&link(&serial)));
    }

    #[test]
    fn the_key_of_a_key_is_itself_whatever_the_text(text in "(urn:epc:(id|tag|class|idpat|raw):[a-z0-9-]{3,8}:|https?://[a-z.]{1,4}/)?(01/|414/|eh|ex|21=|[0-9.]{2,14}|[ -~é/?&%.:]{0,9}){0,6}") {
        for key in [thing_key(&text), written_key(&text), site_key(&text)] {
            prop_assert_eq!(thing_key(&key), key.clone(), "{}", text);
        }
        if check_uri(&text).is_err() {
            prop_assert!(identify(&text).is_err() || has_gs1_key(&text), "{}", text);
        }
    }
}
