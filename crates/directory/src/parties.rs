//! The parties of a directory, found by id, by identifier and by site.
//!
//! What holds: the indexes are made from the parties whenever these change, so they never disagree; where two parties state the same
//! site or identifier, it is that of the first id.
//!
//! Not here: who may state which site ([`crate::rules`]).

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Deref;
use std::sync::Arc;

/// Name of a party in the directory: `bamboo-spring`.
pub type PartyId = Arc<str>;

/// An organisation.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Party {
    /// Display name.
    pub name: String,
    /// Party identifiers, `urn:epc:id:pgln:…`.
    pub pglns: Vec<String>,
    /// GLNs of its sites, 13 digits.
    pub sites: BTreeSet<String>,
    /// Who acts for it: holder and verifier key (`name+id+key`).
    pub admins: Vec<(String, String)>,
    /// The Ed25519 public key, 32 bytes, of the first keyset that the directory held for it, whichever ledger that was of:
    /// its seal is drawn from it. None if it never kept a ledger.
    pub first_key: Option<Vec<u8>>,
}

/// Parties by id.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Parties {
    all: BTreeMap<PartyId, Party>,
    /// By GLN, 13 digits.
    by_site: HashMap<String, PartyId>,
    /// By thing key of the identifier ([`epc::thing_key`]).
    by_name: HashMap<String, PartyId>,
}

impl Deref for Parties {
    type Target = BTreeMap<PartyId, Party>;

    fn deref(&self) -> &Self::Target {
        &self.all
    }
}

impl FromIterator<(PartyId, Party)> for Parties {
    fn from_iter<I: IntoIterator<Item = (PartyId, Party)>>(parties: I) -> Self {
        let mut all = Self { all: parties.into_iter().collect(), ..Self::default() };
        all.index();
        all
    }
}

impl<const N: usize> From<[(PartyId, Party); N]> for Parties {
    fn from(parties: [(PartyId, Party); N]) -> Self {
        parties.into_iter().collect()
    }
}

impl Parties {
    /// Adds a party, or replaces the one with this id.
    ///
    /// - Cost: a look at all parties; many at once are collected.
    pub fn insert(&mut self, id: PartyId, party: Party) {
        self.all.insert(id, party);
        self.index();
    }

    /// Changes a party; gives whether there is one with this id.
    ///
    /// - Cost: a look at all parties.
    pub fn edit(&mut self, id: &str, change: impl FnOnce(&mut Party)) -> bool {
        let Some(party) = self.all.get_mut(id) else { return false };
        change(party);
        self.index();
        true
    }

    /// The party one of whose sites has the GLN `gln` (13 digits).
    #[must_use]
    pub fn at(&self, gln: &str) -> Option<&PartyId> {
        self.by_site.get(gln)
    }

    /// The party with the identifier `pgln`, in any spelling.
    #[must_use]
    pub fn named(&self, pgln: &str) -> Option<&PartyId> {
        self.by_name.get(&epc::thing_key(pgln))
    }

    fn index(&mut self) {
        self.by_site.clear();
        self.by_name.clear();
        for (id, party) in &self.all {
            for site in &party.sites {
                self.by_site.entry(site.clone()).or_insert_with(|| id.clone());
            }
            for pgln in &party.pglns {
                self.by_name.entry(epc::thing_key(pgln)).or_insert_with(|| id.clone());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SITE: &str = "4012345000009";

    fn party(name: &str, sites: &[&str]) -> Party {
        Party {
            pglns: vec![format!("urn:epc:id:pgln:4012345.{name}")],
            sites: sites.iter().map(|site| (*site).to_owned()).collect(),
            ..Party::default()
        }
    }

    #[test]
    fn parties_are_found_as_by_a_look_at_all_of_them_after_each_change() {
        let mut parties = Parties::from([
            ("b".into(), party("00001", &[SITE])),
            ("c".into(), party("00002", &["4012345000016"])),
        ]);
        let check = |parties: &Parties| {
            for gln in [SITE, "4012345000016", "4012345000023", ""] {
                let slow = parties.iter().find(|(_, party)| party.sites.contains(gln));
                assert_eq!(parties.at(gln), slow.map(|(id, _)| id), "{gln}");
            }
            for name in ["00001", "00002", "00003"] {
                let pgln = format!("urn:epc:id:pgln:4012345.{name}");
                let key = epc::thing_key(&pgln);
                let is_named =
                    |party: &Party| party.pglns.iter().any(|one| epc::thing_key(one) == key);
                let slow = parties.iter().find(|(_, party)| is_named(party)).map(|(id, _)| id);
                assert_eq!(parties.named(&pgln), slow, "{name}");
                assert_eq!(parties.named(&key), slow, "{key}");
            }
        };
        check(&parties);
        parties.insert("a".into(), party("00003", &[SITE]));
        assert_eq!(parties.at(SITE).map(|id| &**id), Some("a"), "the first by id");
        check(&parties);
        assert!(parties.edit("a", |party| party.sites.clear()));
        assert_eq!(parties.at(SITE).map(|id| &**id), Some("b"));
        check(&parties);
        parties.insert("c".into(), party("00002", &["4012345000023"]));
        check(&parties);
        assert!(!parties.edit("d", |party| party.sites.clear()));
    }
}
