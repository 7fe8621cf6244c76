//! Master data: from documents to rows, and whose statements count.
//!
//! The way through: [`values_of`] makes rows of elements, [`of_document`] of a whole document; [`standing`] says what a
//! statement is worth by the directory, [`counting`] which values hold where several parties say something.
//!
//! What holds:
//!
//! - a party speaks for itself, for its sites, and for what it is licensed (or was lent the right) to issue; the operator speaks
//!   where none of these does; everything else is a claim, which is shown as such and never used;
//! - a suspended party only claims;
//! - pure: the directory and the time are parameters.
//!
//! Not here: tables (`sql::master`), the form of documents (`epcis::master_data`).
//!
//! Source: docs/decisions/0066-master-data.md.

use std::collections::HashMap;

use directory::{Moment, Rights, Subject};
use epcis::master_data::{Element, Kind, MasterDataOf};
use epcis::xml;
use jiff::Timestamp;
use ledger::json::{Limits, parse};
use sql::master::{CHILD, NewValue, StoredValue};

use crate::authority::{Roles, Row, Tie};
use crate::weight::Weight;

/// The attribute that names a party or a place (CBV 2.0 section 10).
pub const NAME: &str = "urn:epcglobal:cbv:mda:name";
/// The attribute that names a product.
pub const DESCRIPTION: &str = "urn:epcglobal:cbv:mda:descriptionShort";
/// The attribute with the city of a place.
pub const CITY: &str = "urn:epcglobal:cbv:mda:city";

/// What a statement is worth; the later counts before the earlier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    /// Somebody's word: shown, and never used.
    Claim,
    /// The operator of this installation: where nobody says anything whose thing it is.
    Operator,
    /// Whoever is licensed to issue it, or was lent that.
    Licensee,
    /// The party itself, or the one whose site it is.
    Own,
}

impl Standing {
    /// The word in answers: `claim`, `operator`, `licensee`, `own`.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Claim => "claim",
            Self::Operator => "operator",
            Self::Licensee => "licensee",
            Self::Own => "own",
        }
    }

    /// Whether it is used for answers.
    #[must_use]
    pub fn counts(self) -> bool {
        self != Self::Claim
    }
}

/// The number of a kind in the table.
#[must_use]
pub fn number_of(kind: Kind) -> i16 {
    match kind {
        Kind::Party => 1,
        Kind::Place => 2,
        Kind::Product => 3,
        Kind::Lot => 4,
        Kind::Other => 5,
    }
}

/// The kind of a number in the table.
#[must_use]
pub fn kind_of(number: i16) -> Kind {
    Kind::ALL.into_iter().find(|kind| number_of(*kind) == number).unwrap_or(Kind::Other)
}

/// The rows of elements; a value that is stated twice is one.
#[must_use]
pub fn values_of(elements: &[Element]) -> Vec<NewValue> {
    let mut rows: Vec<NewValue> = Vec::new();
    let mut places: HashMap<(String, String), Vec<usize>> = HashMap::new();
    for element in elements {
        let key = epc::thing_key(&element.id);
        let kind = number_of(Kind::of(&element.id, &element.vocabulary));
        let own = element.values.iter().map(|v| (&*v.name, &*v.text, &*v.language));
        let children = element.children.iter().map(|child| (CHILD, &**child, ""));
        for (attribute, value, language) in own.chain(children) {
            let known = places.entry((key.clone(), attribute.to_owned())).or_default();
            let is_known = known.iter().any(|row| {
                rows.get(*row).is_some_and(|row| row.value == value && row.language == language)
            });
            if is_known {
                continue;
            }
            let place = i32::try_from(known.len()).unwrap_or(i32::MAX);
            known.push(rows.len());
            rows.push(NewValue {
                kind,
                key: key.clone(),
                element: element.id.clone(),
                vocabulary: element.vocabulary.clone(),
                attribute: attribute.to_owned(),
                place,
                language: language.to_owned(),
                value: value.to_owned(),
            });
        }
    }
    rows
}

/// The master data of a document in JSON or XML, as it was received.
///
/// # Errors
///
/// Why it cannot be read, for people.
pub fn of_document(bytes: &[u8]) -> Result<MasterDataOf, String> {
    let json = if xml::is_xml(bytes) {
        let found = xml::parse(bytes, &xml::Limits::default());
        found.map(|found| found.json).map_err(|violations| {
            let first = violations.into_iter().next();
            first.map_or_else(String::new, |one| format!("{}: {}", one.pointer, one.problem))
        })?
    } else {
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        parse(bytes, &Limits::default()).map_err(|error| error.to_string())?
    };
    Ok(epcis::master_data::read(&json))
}

/// What a thing is for the directory.
fn subject_of(key: &str) -> Subject {
    Subject {
        digits: epc::licence_digits(key).unwrap_or_default(),
        gtin: part(key, "01"),
        lot: part(key, "10"),
        serial: None,
        site: part(key, "414"),
    }
}

/// The value behind an application identifier in a key.
fn part(key: &str, identifier: &str) -> Option<String> {
    let mut parts = key.strip_prefix("https://id.gs1.org/")?.split('/');
    while let (Some(name), Some(value)) = (parts.next(), parts.next()) {
        if name == identifier {
            return Some(value.to_owned());
        }
    }
    None
}

/// What a statement of `by` about `key` is worth at `now`.
///
/// - `by`: key of the party; empty for the operator.
#[must_use]
pub fn standing(rights: &Rights, by: &str, key: &str, now: Timestamp) -> Standing {
    if by.is_empty() {
        return Standing::Operator;
    }
    let Some(party) = rights.party_named(by) else { return Standing::Claim };
    let subject = subject_of(key);
    let at = Moment { event: now, seal: now };
    let roles = Roles::of(rights, party, Row::Issue, &subject, at);
    if roles.has(Tie::Suspended) {
        return Standing::Claim;
    }
    let is_site = subject.site.as_deref().and_then(|gln| rights.party_at(gln)) == Some(party);
    if is_site || rights.party_named(key) == Some(party) {
        return Standing::Own;
    }
    let is_issuer = roles.is_licensee() || roles.is_grantee();
    if is_issuer && roles.weight(Row::Issue, None) == Weight::Counts {
        return Standing::Licensee;
    }
    Standing::Claim
}

/// The values of one attribute of one element that hold: all of the party that counts most, and of several the one that spoke
/// last. None if there are only claims.
///
/// - `values`: what holds now, of one element and attribute.
#[must_use]
pub fn counting<'a>(
    rights: &Rights,
    values: &[&'a StoredValue],
    now: Timestamp,
) -> Vec<&'a StoredValue> {
    let worth = |value: &StoredValue| {
        (standing(rights, &value.by, &value.value.key, now), value.since, value.id)
    };
    let best = values.iter().max_by_key(|value| worth(value));
    let Some(best) = best.filter(|best| worth(best).0.counts()) else { return Vec::new() };
    values.iter().filter(|value| value.by == best.by).copied().collect()
}

#[cfg(test)]
mod tests {
    use directory::rights::{Span, Suspension};
    use ledger::Hash;

    use super::*;
    use crate::testing::{FACTORY, GTIN, rights};

    const FACTORY_PARTY: &str = "urn:epc:id:pgln:4012345.00000";
    const SHOP_PARTY: &str = "urn:epc:id:pgln:4055555.00000";

    fn now() -> Timestamp {
        "2026-11-23T00:00:00Z".parse().unwrap()
    }

    fn product() -> String {
        epc::thing_key(&format!("https://id.gs1.org/01/{GTIN}"))
    }

    fn said(by: &str, value: &str, since: &str, id: u64) -> StoredValue {
        let by = if by.is_empty() { String::new() } else { epc::thing_key(by) };
        StoredValue {
            value: NewValue {
                kind: 3,
                key: product(),
                element: product(),
                vocabulary: String::new(),
                attribute: DESCRIPTION.into(),
                place: 0,
                language: String::new(),
                value: value.into(),
            },
            by,
            document: Hash([0; 32]),
            record: None,
            since: since.parse().unwrap(),
            ended_at: None,
            id,
        }
    }

    #[test]
    fn a_party_speaks_for_itself_its_sites_and_what_it_is_licensed_for() {
        let rights = rights();
        let site = epc::thing_key(FACTORY);
        let lot = epc::thing_key("urn:epc:class:lgtin:4012345.011111.L1");
        let (own, shop) = (epc::thing_key(FACTORY_PARTY), epc::thing_key(SHOP_PARTY));
        for (by, key, expected) in [
            (&own, &own, Standing::Own),
            (&own, &site, Standing::Own),
            (&own, &product(), Standing::Licensee),
            (&own, &lot, Standing::Licensee),
            (&own, &shop, Standing::Claim),
            (&shop, &shop, Standing::Own),
            (&shop, &own, Standing::Claim),
            (&shop, &site, Standing::Claim),
            (&shop, &product(), Standing::Claim),
            (&"urn:epc:id:pgln:4099999.00000".to_owned(), &product(), Standing::Claim),
            (&own, &"urn:x:thing".to_owned(), Standing::Claim),
            (&String::new(), &product(), Standing::Operator),
        ] {
            assert_eq!(standing(&rights, by, key, now()), expected, "{by} of {key}");
        }
        assert_eq!(standing(&Rights::default(), &own, &product(), now()), Standing::Claim);
        let mut suspended = rights;
        suspended.suspensions.push(Suspension { party: "factory".into(), span: Span::ALWAYS });
        assert_eq!(standing(&suspended, &own, &product(), now()), Standing::Claim);
    }

    #[test]
    fn a_partner_cannot_rename_a_product_of_another_and_the_operator_only_fills_gaps() {
        let owner = said(FACTORY_PARTY, "Tea", "2026-11-01T00:00:00Z", 1);
        let other = said(SHOP_PARTY, "Poison", "2026-11-20T00:00:00Z", 2);
        let operator = said("", "Our name", "2026-11-21T00:00:00Z", 3);
        let rights = rights();
        let texts = |values: &[&StoredValue]| -> Vec<String> {
            counting(&rights, values, now()).iter().map(|one| one.value.value.clone()).collect()
        };
        assert_eq!(texts(&[&owner, &other, &operator]), ["Tea"]);
        assert_eq!(texts(&[&other, &operator]), ["Our name"]);
        assert!(texts(&[&other]).is_empty());
    }

    #[test]
    fn rows_number_the_values_of_an_attribute_and_keep_each_once() {
        let value = |name: &str, text: &str, language: &str| epcis::master_data::Value {
            name: name.into(),
            text: text.into(),
            language: language.into(),
        };
        let element = |vocabulary: &str| Element {
            vocabulary: vocabulary.into(),
            id: FACTORY.into(),
            values: vec![
                value(NAME, "工厂", "zh"),
                value(NAME, "Factory", "en"),
                value("x", "1", ""),
            ],
            children: vec!["urn:epc:id:sgln:4012345.00001.7".into()],
        };
        let rows = values_of(&[element("v:BusinessLocation"), element("v:ReadPoint")]);
        let short: Vec<(&str, i32, &str)> =
            rows.iter().map(|row| (&*row.attribute, row.place, &*row.value)).collect();
        assert_eq!(
            short,
            [
                (NAME, 0, "工厂"),
                (NAME, 1, "Factory"),
                ("x", 0, "1"),
                (CHILD, 0, "urn:epc:id:sgln:4012345.00001.7"),
            ]
        );
        assert!(rows.iter().all(|row| row.kind == 2 && row.key == epc::thing_key(FACTORY)));
    }
}
