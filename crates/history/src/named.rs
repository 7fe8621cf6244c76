//! What parties, places and products are called, and where places are, by master data.
//!
//! The way through: [`Named::of`] takes the values of [`ATTRIBUTES`] as they are stored; [`Named::get`] gives what is known of a key,
//! [`Named::position`] where a location is, by its site if it has no position of its own.
//!
//! What holds: a name or position that is used comes from a statement that counts ([`crate::master::counting`]). A name that is only claimed
//! is kept apart, so that whoever shows it can say so; a position is never taken from a claim, guessed, or mixed from two parties.
//!
//! Not here: tables (`sql::master`), names of the configuration (`trace-api`), maps (`inquiry::map`).
//!
//! Sources: CBV 2.0 section 10 (attributes of locations); docs/decisions/0066-master-data.md, 0087-places-on-a-map.md.

use std::collections::BTreeMap;

use directory::Rights;
use jiff::Timestamp;
use sql::master::StoredValue;

use crate::master::{CITY, DESCRIPTION, NAME, counting};

/// The attribute with the latitude of a place, in degrees.
pub const LATITUDE: &str = "urn:epcglobal:cbv:mda:latitude";
/// The attribute with its longitude, in degrees.
pub const LONGITUDE: &str = "urn:epcglobal:cbv:mda:longitude";
/// All attributes that are looked at.
pub const ATTRIBUTES: [&str; 5] = [NAME, DESCRIPTION, CITY, LATITUDE, LONGITUDE];
/// Most characters of a name.
const LONGEST: usize = 200;
/// What the key of a product, a lot or an item begins with.
const PRODUCT: &str = "https://id.gs1.org/01/";

/// A point on the globe (WGS 84), in degrees.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Position {
    /// North of the equator, -90 to 90.
    pub latitude: f64,
    /// East of Greenwich, -180 to 180.
    pub longitude: f64,
}

impl Position {
    /// Reads two numbers; none if one is no number or out of range.
    #[must_use]
    pub fn parse(latitude: &str, longitude: &str) -> Option<Self> {
        let number = |text: &str, most: f64| {
            let number: f64 = text.trim().parse().ok()?;
            (-most..=most).contains(&number).then_some(number)
        };
        Some(Self { latitude: number(latitude, 90.0)?, longitude: number(longitude, 180.0)? })
    }

    /// The same to a tenth of a degree, about 11 km: no more than which city.
    #[must_use]
    pub fn coarse(self) -> Self {
        let tenth = |number: f64| (number * 10.0).round() / 10.0;
        Self { latitude: tenth(self.latitude), longitude: tenth(self.longitude) }
    }
}

/// A name in Chinese and English.
pub type BothNames = (String, String);

/// What is known of one element.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Known {
    /// What it is called.
    pub name: Option<BothNames>,
    /// What somebody calls it whose word does not count; only where there is no name.
    pub claimed: Option<BothNames>,
    /// Its city.
    pub city: Option<BothNames>,
    /// Where it is.
    pub position: Option<Position>,
}

/// What is known, by key.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Named(BTreeMap<String, Known>);

/// Values by element and attribute.
#[must_use]
pub fn by_attribute(values: &[StoredValue]) -> BTreeMap<(&str, &str), Vec<&StoredValue>> {
    let mut grouped: BTreeMap<(&str, &str), Vec<&StoredValue>> = BTreeMap::new();
    for one in values {
        grouped.entry((&one.value.key, &one.value.attribute)).or_default().push(one);
    }
    grouped
}

impl Named {
    /// What these values say.
    #[must_use]
    pub fn of(rights: &Rights, values: &[StoredValue], now: Timestamp) -> Self {
        let mut named: BTreeMap<String, Known> = BTreeMap::new();
        let grouped = by_attribute(values);
        for ((key, attribute), values) in &grouped {
            let own = if key.starts_with(PRODUCT) { DESCRIPTION } else { NAME };
            let known = named.entry((*key).to_owned()).or_default();
            let counted = counting(rights, values, now);
            match *attribute {
                attribute if attribute == own => {
                    known.name = both(&counted);
                    known.claimed = newest(values).filter(|_| counted.is_empty());
                }
                CITY => known.city = both(&counted),
                LATITUDE => {
                    let longitudes = grouped.get(&(*key, LONGITUDE)).map_or(&[][..], Vec::as_slice);
                    known.position = position(&counted, &counting(rights, longitudes, now));
                }
                _ => {}
            }
        }
        named.retain(|_, known| *known != Known::default());
        Self(named)
    }

    /// What is known of a key.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Known> {
        self.0.get(key)
    }

    /// The position of a location, in any spelling; whether it is that of its site, because the location has none of its own.
    #[must_use]
    pub fn position(&self, location: &str) -> Option<(Position, bool)> {
        let of = |key: String| self.0.get(&key)?.position;
        let own = of(epc::thing_key(location)).map(|position| (position, false));
        own.or_else(|| of(epc::site_key(location)).map(|position| (position, true)))
    }

    /// All of it, in the order of keys.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Known)> {
        self.0.iter().map(|(key, known)| (key.as_str(), known))
    }
}

/// A text in Chinese and English; one without language is both.
fn both(values: &[&StoredValue]) -> Option<BothNames> {
    let of = |language: &str| {
        let begins = |one: &&&StoredValue| one.value.language.split('-').next() == Some(language);
        let text = values.iter().find(begins).map(|one| one.value.value.trim());
        text.filter(|text| !text.is_empty()).map(|text| text.chars().take(LONGEST).collect())
    };
    let any: Option<String> = of("").or_else(|| of("en")).or_else(|| of("zh"));
    let (zh, en) = (of("zh").or_else(|| any.clone()), of("en").or(any));
    Some((zh?, en?))
}

/// What the party says that spoke last.
fn newest(values: &[&StoredValue]) -> Option<BothNames> {
    let last = values.iter().max_by_key(|one| (one.since, one.id))?;
    let own: Vec<&StoredValue> = values.iter().filter(|one| one.by == last.by).copied().collect();
    both(&own)
}

/// A position of which one party states both numbers, each once.
fn position(latitudes: &[&StoredValue], longitudes: &[&StoredValue]) -> Option<Position> {
    let ([latitude], [longitude]) = (latitudes, longitudes) else { return None };
    let is_of_one = latitude.by == longitude.by;
    let read = Position::parse(&latitude.value.value, &longitude.value.value);
    read.filter(|_| is_of_one)
}

#[cfg(test)]
mod tests {
    use ledger::Hash;
    use sql::master::NewValue;

    use super::*;
    use crate::testing::{FACTORY, GTIN, rights};

    const FACTORY_PARTY: &str = "urn:epc:id:pgln:4012345.00000";
    const SHOP_PARTY: &str = "urn:epc:id:pgln:4055555.00000";

    fn now() -> Timestamp {
        "2026-11-23T00:00:00Z".parse().unwrap()
    }

    fn said(by: &str, key: &str, attribute: &str, language: &str, value: &str) -> StoredValue {
        StoredValue {
            value: NewValue {
                kind: 2,
                key: epc::thing_key(key),
                element: key.into(),
                vocabulary: String::new(),
                attribute: attribute.into(),
                place: 0,
                language: language.into(),
                value: value.into(),
            },
            by: if by.is_empty() { String::new() } else { epc::thing_key(by) },
            document: Hash([0; 32]),
            record: None,
            since: "2026-11-01T00:00:00Z".parse().unwrap(),
            ended_at: None,
            id: 1,
        }
    }

    fn named(values: &[StoredValue]) -> Named {
        Named::of(&rights(), values, now())
    }

    #[test]
    fn a_name_has_both_languages_and_one_that_is_only_claimed_is_kept_apart() {
        let product = format!("https://id.gs1.org/01/{GTIN}");
        let found = named(&[
            said(FACTORY_PARTY, FACTORY, NAME, "zh", "工厂"),
            said(FACTORY_PARTY, FACTORY, NAME, "en", "Factory"),
            said(SHOP_PARTY, FACTORY, NAME, "", "Our factory"),
            said(SHOP_PARTY, &product, DESCRIPTION, "", "Cure"),
        ]);
        let place = found.get(&epc::thing_key(FACTORY)).unwrap();
        assert_eq!(place.name, Some(("工厂".into(), "Factory".into())));
        assert_eq!(place.claimed, None);
        let thing = found.get(&epc::thing_key(&product)).unwrap();
        assert_eq!((&thing.name, &thing.claimed), (&None, &Some(("Cure".into(), "Cure".into()))));
    }

    #[test]
    fn a_position_is_that_of_one_party_whose_word_counts_and_is_never_guessed() {
        let door = format!("{}.7", FACTORY.trim_end_matches(".0"));
        let at = |latitude: &str, longitude: &str, by: [&str; 2]| {
            let found = named(&[
                said(by[0], FACTORY, LATITUDE, "", latitude),
                said(by[1], FACTORY, LONGITUDE, "", longitude),
            ]);
            found.position(FACTORY)
        };
        let here = Position { latitude: 30.25, longitude: 120.17 };
        assert_eq!(at("30.25", " 120.17", [FACTORY_PARTY; 2]), Some((here, false)));
        assert_eq!(at("30.25", "120.17", [SHOP_PARTY; 2]), None, "only claimed");
        assert_eq!(at("30.25", "120.17", [FACTORY_PARTY, ""]), None, "of two parties");
        for wrong in ["91", "-90.1", "NaN", "inf", "30,25", "", "N30"] {
            assert_eq!(at(wrong, "120.17", [""; 2]), None, "{wrong}");
        }
        let found = named(&[
            said("", FACTORY, LATITUDE, "", "30.25"),
            said("", FACTORY, LONGITUDE, "", "120.17"),
        ]);
        assert_eq!(found.position(&door), Some((here, true)), "that of its site: {door}");
        assert_eq!(found.position("urn:epc:id:sgln:4055555.00001.0"), None);
        assert_eq!(here.coarse(), Position { latitude: 30.3, longitude: 120.2 });
        let twice = [
            said("", FACTORY, LATITUDE, "", "30.25"),
            said("", FACTORY, LATITUDE, "", "31"),
            said("", FACTORY, LONGITUDE, "", "120.17"),
        ];
        assert_eq!(named(&twice).position(FACTORY), None, "two latitudes are none");
    }
}
