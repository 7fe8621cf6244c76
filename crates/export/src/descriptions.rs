//! What places, parties and products are called, as of a snapshot.
//!
//! What holds: only statements count that count everywhere else ([`history::master::counting`]); a statement that came after the snapshot says
//! nothing, and one that was ended after it still holds; memory is bounded.
//!
//! Source: docs/decisions/0066-master-data.md.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use directory::Rights;
use history::master::{CITY, DESCRIPTION, NAME, counting};
use jiff::Timestamp;
use sql::Db;
use sql::master::StoredValue;

use crate::error::Error;
use crate::snapshot::MasterAt;

/// Most names that are kept.
const MOST_KEPT: usize = 20_000;
/// Statements of one element that are read at once.
const AT_ONCE: i64 = 500;
/// Most statements of one element that are looked at.
const MOST_STATEMENTS: usize = 10_000;
/// What is said of a place, in the order in which an address has it.
const ADDRESS: [&str; 6] = [
    "urn:epcglobal:cbv:mda:streetAddressOne",
    "urn:epcglobal:cbv:mda:streetAddressTwo",
    CITY,
    "urn:epcglobal:cbv:mda:state",
    "urn:epcglobal:cbv:mda:postalCode",
    "urn:epcglobal:cbv:mda:countryCode",
];

/// Descriptions by key.
pub struct Descriptions<'a> {
    db: &'a Db,
    rights: Arc<Rights>,
    master: MasterAt,
    at: Timestamp,
    known: HashMap<String, String>,
}

impl<'a> Descriptions<'a> {
    /// - `rights`: who may speak for what, as of the snapshot.
    /// - `master`, `at`: how far master data count, and when that was.
    #[must_use]
    pub fn new(db: &'a Db, rights: Arc<Rights>, master: MasterAt, at: Timestamp) -> Self {
        Self { db, rights, master, at, known: HashMap::new() }
    }

    /// Loads what will be asked for.
    ///
    /// # Errors
    ///
    /// [`Error`].
    pub async fn prepare(&mut self, names: &BTreeSet<String>) -> Result<(), Error> {
        if self.known.len() + names.len() > MOST_KEPT {
            self.known.clear();
        }
        for name in names {
            if !self.known.contains_key(name) {
                let found = self.load(name).await?;
                self.known.insert(name.clone(), found);
            }
        }
        Ok(())
    }

    /// What a thing is called; empty if nobody who may say so has said it.
    #[must_use]
    pub fn of(&self, name: &str) -> &str {
        self.known.get(name).map_or("", String::as_str)
    }

    async fn load(&self, name: &str) -> Result<String, Error> {
        let key = epc::thing_key(name);
        let mut found = self.of_key(&key).await?;
        let site = epc::site_key(name);
        if found.is_empty() && site != key {
            // A door or a shelf that nobody describes is at its site.
            found = self.of_key(&site).await?;
        }
        Ok(found)
    }

    async fn of_key(&self, key: &str) -> Result<String, Error> {
        let mut values: Vec<StoredValue> = Vec::new();
        let mut after = 0;
        while after < self.master.statement && values.len() < MOST_STATEMENTS {
            let page = sql::master::history(self.db, key, after, AT_ONCE).await?;
            let Some(last) = page.last() else { break };
            after = last.id;
            values.extend(page.into_iter().filter(|value| self.holds(value)));
        }
        let mut by_attribute: BTreeMap<&str, Vec<&StoredValue>> = BTreeMap::new();
        for one in &values {
            by_attribute.entry(&one.value.attribute).or_default().push(one);
        }
        let text = |attribute: &str| {
            let values = by_attribute.get(attribute)?;
            let mut values = counting(&self.rights, values, self.at);
            values.sort_by_key(|one| {
                let language = one.value.language.as_str();
                (!language.is_empty(), language != "en", one.value.place)
            });
            values.first().map(|one| one.value.value.trim().to_owned())
        };
        let title = text(NAME).or_else(|| text(DESCRIPTION)).or_else(|| self.party(key));
        let rest = ADDRESS.iter().filter_map(|attribute| text(attribute));
        let parts: Vec<String> =
            title.into_iter().chain(rest).filter(|it| !it.is_empty()).collect();
        Ok(parts.join(", "))
    }

    /// Whether a statement was there and held at the snapshot.
    fn holds(&self, value: &StoredValue) -> bool {
        value.id <= self.master.statement
            && value.ended_at.is_none_or(|ended| self.master.ended_at.is_none_or(|at| ended > at))
    }

    /// The name that the directory has of a party.
    fn party(&self, key: &str) -> Option<String> {
        let mut parties = self.rights.parties.values();
        let named = |pgln: &String| epc::thing_key(pgln) == key;
        parties.find(|party| party.pglns.iter().any(named)).map(|party| party.name.clone())
    }
}
