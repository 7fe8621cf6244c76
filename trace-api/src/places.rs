//! The configured names of places, found by the keys of their locations, which are made once.
//!
//! What holds: a location has one key in every spelling; a place without a name of its own has that of its site.

use std::collections::HashMap;

/// A place, as pages name it.
#[derive(Debug, Clone)]
pub struct PlaceName {
    /// SGLN URI.
    pub sgln: String,
    /// Name in Chinese.
    pub name_zh: String,
    /// Name in English.
    pub name_en: String,
    /// City in Chinese; empty if none is configured.
    pub city_zh: String,
    /// City in English; empty if none is configured.
    pub city_en: String,
}

/// Names of places.
#[derive(Debug, Clone, Default)]
pub struct Places {
    names: Vec<PlaceName>,
    /// Places in `names`, by the key of the location.
    by_place: HashMap<String, usize>,
    /// The same by the key of its site; the first of each.
    by_site: HashMap<String, usize>,
}

impl Places {
    /// Names as they are configured.
    #[must_use]
    pub fn new(names: Vec<PlaceName>) -> Self {
        let (mut by_place, mut by_site) = (HashMap::new(), HashMap::new());
        for (number, name) in names.iter().enumerate() {
            by_place.entry(epc::thing_key(&name.sgln)).or_insert(number);
            by_site.entry(epc::site_key(&name.sgln)).or_insert(number);
        }
        Self { names, by_place, by_site }
    }

    /// The place that is configured for a location, or for another location of its site.
    #[must_use]
    pub fn find(&self, sgln: &str) -> Option<&PlaceName> {
        if self.names.is_empty() {
            return None;
        }
        let place = self.by_place.get(&epc::thing_key(sgln));
        let number = place.or_else(|| self.by_site.get(&epc::site_key(sgln)))?;
        self.names.get(*number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(sgln: &str, name: &str) -> PlaceName {
        PlaceName {
            sgln: sgln.into(),
            name_zh: name.into(),
            name_en: name.into(),
            city_zh: String::new(),
            city_en: String::new(),
        }
    }

    #[test]
    fn a_location_has_its_own_name_or_that_of_its_site_in_every_spelling() {
        let places = Places::new(vec![
            place("urn:epc:id:sgln:4012345.00001.0", "Factory"),
            place("urn:epc:id:sgln:4012345.00001.7", "Door"),
            place("urn:epc:id:sgln:4012345.00001.0", "the same again"),
        ]);
        let name = |sgln: &str| places.find(sgln).map(|found| &*found.name_en);
        assert_eq!(name("urn:epc:id:sgln:4012345.00001.0"), Some("Factory"));
        assert_eq!(name("urn:epc:id:sgln:401234.500001.7"), Some("Door"), "another prefix length");
        assert_eq!(name("urn:epc:id:sgln:4012345.00001.9"), Some("Factory"), "of its site");
        assert_eq!(name("urn:epc:id:sgln:4012345.00002.0"), None);
        assert!(Places::default().find("urn:epc:id:sgln:4012345.00001.0").is_none());
    }
}
