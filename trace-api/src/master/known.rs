//! What a query asks of master data, loaded before it is asked.
//!
//! What holds: only statements that count are loaded. That one place lies within another counts if whoever says it speaks for both,
//! or is the operator: nobody brings another's place into their own. A query that needs more than is loaded at most is refused.
//!
//! Source: docs/decisions/0066-master-data.md.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use epcis::query::{MasterData, MasterDataNeeds};
use history::master::{NAME, counting, standing};
use history::named::by_attribute;
use sql::master::{CHILD, of_elements, with_attributes};

use crate::epcis_api::exception::Exception;
use crate::state::AppState;

/// Most values of the attributes of a query.
const MOST_VALUES: usize = 100_000;
/// Most places within those of a query.
const MOST_PLACES: usize = 10_000;
/// Most levels of places.
const MOST_LEVELS: usize = 20;

/// What of all master data a query needs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Known {
    /// The keys of all places within a place.
    within: BTreeMap<String, BTreeSet<String>>,
    /// Values by element and attribute.
    values: HashMap<(String, String), Vec<String>>,
}

impl MasterData for Known {
    fn is_within(&self, place: &str, ancestor: &str) -> bool {
        self.within.get(ancestor).is_some_and(|places| places.contains(place))
    }

    fn descendants(&self, place: &str) -> Vec<String> {
        self.within.get(place).into_iter().flatten().cloned().collect()
    }

    fn attribute(&self, of: &str, name: &str) -> Option<String> {
        self.values(of, name).into_iter().next()
    }

    fn values(&self, of: &str, name: &str) -> Vec<String> {
        self.values.get(&(of.to_owned(), name.to_owned())).cloned().unwrap_or_default()
    }
}

fn too_much(what: &str, most: usize) -> Exception {
    Exception::QueryTooComplex(format!(
        "got a query that asks for more than {most} {what} of master data, expected one that asks for fewer"
    ))
}

impl Known {
    /// Loads what a query needs.
    ///
    /// # Errors
    ///
    /// [`Exception::QueryTooComplex`], or that the database cannot be asked.
    pub async fn load(state: &AppState, needs: &MasterDataNeeds) -> Result<Self, Exception> {
        let mut known = Self::default();
        if needs.is_empty() {
            return Ok(known);
        }
        known.load_values(state, &needs.attributes).await?;
        let mut places: Vec<String> = needs.places.iter().cloned().collect();
        while let Some(place) = places.pop() {
            let within = places_within(state, &place).await?;
            known.within.insert(place, within);
        }
        Ok(known)
    }

    async fn load_values(
        &mut self,
        state: &AppState,
        attributes: &BTreeSet<String>,
    ) -> Result<(), Exception> {
        if attributes.is_empty() {
            return Ok(());
        }
        let names: Vec<&str> = attributes.iter().map(String::as_str).collect();
        let most = i64::try_from(MOST_VALUES + 1).unwrap_or(i64::MAX);
        let found = with_attributes(&state.db, &names, most).await?;
        if found.len() > MOST_VALUES {
            return Err(too_much("values", MOST_VALUES));
        }
        let (rights, now) = (state.rights().await, state.clock.now());
        for ((key, attribute), values) in by_attribute(&found) {
            let own = counting(&rights, &values, now).into_iter();
            let own: Vec<String> = own.map(|one| one.value.value.clone()).collect();
            if !own.is_empty() {
                self.values.insert((key.to_owned(), attribute.to_owned()), own);
            }
        }
        if attributes.contains(NAME) {
            // The directory names parties where they do not name themselves.
            let parties = rights.parties.iter();
            for (pgln, party) in parties.flat_map(|(_, p)| p.pglns.iter().map(move |id| (id, p))) {
                let place = (epc::thing_key(pgln), NAME.to_owned());
                self.values.entry(place).or_insert_with(|| vec![party.name.clone()]);
            }
        }
        Ok(())
    }
}

/// The keys of all places within a place, by statements that count.
async fn places_within(state: &AppState, place: &str) -> Result<BTreeSet<String>, Exception> {
    let (rights, now) = (state.rights().await, state.clock.now());
    let most = i64::try_from(MOST_PLACES + 1).unwrap_or(i64::MAX);
    let mut within = BTreeSet::new();
    let mut level = vec![place.to_owned()];
    for _ in 0..MOST_LEVELS {
        let keys: Vec<&str> = level.iter().map(String::as_str).collect();
        let found = of_elements(&state.db, &keys, Some(CHILD), most).await?;
        if found.len() > MOST_PLACES || within.len() > MOST_PLACES {
            return Err(too_much("places", MOST_PLACES));
        }
        level = found
            .iter()
            .map(|one| (one, epc::thing_key(&one.value.value)))
            .filter(|(one, child)| {
                [&one.value.key, child]
                    .into_iter()
                    .all(|key| standing(&rights, &one.by, key, now).counts())
            })
            .filter(|(_, child)| child != place && within.insert(child.clone()))
            .map(|(_, child)| child)
            .collect();
        if level.is_empty() {
            return Ok(within);
        }
    }
    Err(too_much("levels of places", MOST_LEVELS))
}
