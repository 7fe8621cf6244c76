//! The items of a pack, and their bundles.

use std::collections::BTreeMap;

use epc::Epc;
use epcis::Event;
use history::bundle::{Disclosure, build};
use history::gather;
use ledger::json::Json;

use crate::error::Error;
use crate::job::Source;
use crate::request::Request;
use crate::snapshot::Snapshot;

/// Lists of items in events.
const LISTS: [&str; 4] = ["epcList", "childEPCs", "inputEPCList", "outputEPCList"];

/// The items that events name, each once.
pub struct Items {
    /// By key.
    found: BTreeMap<String, Epc>,
    most: u64,
}

impl Items {
    /// None yet.
    pub fn new(most: u64) -> Self {
        Self { found: BTreeMap::new(), most }
    }

    /// Adds the items of an event, with the container.
    ///
    /// # Errors
    ///
    /// [`Error::TooMuch`].
    pub fn add(&mut self, event: &Event) -> Result<(), Error> {
        let json = event.json();
        let lists = LISTS.iter().filter_map(|list| json.get(list)?.as_array()).flatten();
        let names = lists.filter_map(Json::as_str).chain(event.parent_id());
        for name in names {
            let Ok(item) = epc::identify(name) else { continue };
            self.found.entry(epc::thing_key(name)).or_insert(item);
            let got = self.count();
            if got > self.most {
                let what = "items of an evidence pack, each with its bundle";
                return Err(Error::TooMuch { what, got, most: self.most });
            }
        }
        Ok(())
    }

    /// How many there are.
    pub fn count(&self) -> u64 {
        self.found.len() as u64
    }

    /// Their keys.
    pub fn keys(&self) -> std::collections::BTreeSet<String> {
        self.found.keys().cloned().collect()
    }

    /// In order of their keys.
    pub fn iter(&self) -> impl Iterator<Item = &Epc> {
        self.found.values()
    }
}

/// The bundle of an item; none if no record that counts names it.
///
/// - A reader whose sight is limited gets of each record what the public gets: the history of an item has records that are not theirs.
///
/// # Errors
///
/// [`Error`].
pub async fn bundle_of(
    source: &Source<'_>,
    request: &Request,
    snapshot: &Snapshot,
    item: &Epc,
) -> Result<Option<Vec<u8>>, Error> {
    let current = source.current;
    let gathered =
        gather(source.db, source.cache, &current.policy, &current.rights, snapshot.at(), item)
            .await?;
    if !gathered.names_item() || gathered.history.counted().next().is_none() {
        return Ok(None);
    }
    let disclosure = if request.sees_all() { Disclosure::Whole } else { Disclosure::Consumer };
    let directory = current.loaded.as_deref();
    let bundle = build(source.db, &gathered, source.hub, disclosure, directory).await?;
    Ok(Some(bundle.to_bytes()))
}
