//! What was verified once and need not be verified again.
//!
//! | what is kept | under | and used only if |
//! |---|---|---|
//! | what a record says, and its hash | ledger and index | the row has the version from which it was read, or SHA-256 of the text, and the secret, are the same |
//! | when the hub had a record | as above, until its text is read again | the hub has it, or the hubs have no more than when they had not |
//! | a complete tile of a tree, with its root | ledger, level and place | its root leads to the root of the checkpoint asked about |
//! | a ledger's checkpoint with what its signatures and the hub say | ledger | all rows that say so are the same, and the policy |
//! | the largest checkpoint of each ledger that a hub was seen to hold, and that a signed one extended | ledger | always: a ledger only grows |
//!
//! What holds: rows, or the versions of those with texts, are read for every answer, and what is kept only saves computing what follows
//! from them. So a row that a statement changed is found out as without a cache. What changes below PostgreSQL, in its files, makes no
//! other version: such a text is found out when it is read again, every [`READ_AGAIN`]th time; what is shown until then is what was proved. A hub that has less than it was seen to have is counted anew, and what was found of
//! ledgers meanwhile is forgotten. A hub whose index lacks rows is counted anew when it has another size: until then its entries are
//! looked through for each ledger, once. What a row says and no signature does is never kept longer than for the answer that read
//! it, but for the times of seals, which are asked again with the text. All of it is bounded in bytes, but for the last line: 48 bytes for each ledger that the policy has keys of.
//!
//! Not here: reading the rows ([`mod@crate::gather`]).
//!
//! Sources: docs/decisions/0044-histories-by-a-fixed-number-of-queries.md, 0064-a-record-is-known-by-the-version-of-its-row.md.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use ledger::Hash;
use ledger::hash::sha256;
use ledger::record::Record;
use sql::hub::{Indexed, Seal, Stretch};
use sql::ledgers::TileName;
use sql::{LedgerId, RowVersion};

use crate::known_record::KnownRecord;
use crate::standing::{HubSizes, Standing};
use crate::store::Store;
pub use crate::store::Usage;
use crate::tiles::Tile;

/// How often a record is used before its text is read again although its row has the same version.
pub const READ_AGAIN: u32 = 32;

/// A record that is kept, and the row that says it.
#[derive(Debug)]
struct Kept {
    record: Arc<KnownRecord>,
    version: RowVersion,
    /// When the hub had it, if that was asked since its text was read, and what the hubs had before it was asked.
    seal: Mutex<Option<(Seal, Arc<HubSizes>)>>,
    /// How often it was used since its text was read.
    uses: AtomicU32,
}

impl Kept {
    fn new(record: Arc<KnownRecord>, version: RowVersion) -> Self {
        Self { record, version, seal: Mutex::new(None), uses: AtomicU32::new(0) }
    }

    /// Its seal, if that cannot have changed: the hub has the record, or the hubs have no more than when they had not.
    fn seal(&self, hubs: &HubSizes) -> Option<Seal> {
        let seal = self.seal.lock().unwrap_or_else(PoisonError::into_inner);
        let (seal, before) = seal.as_ref()?;
        let is_sealed = seal.committed.is_some() && (seal.in_hub.is_some() || **before == *hubs);
        is_sealed.then_some(*seal)
    }
}

/// What was verified, shared by all answers of a process.
#[derive(Debug)]
pub struct Cache {
    records: Store<(LedgerId, u64), Kept>,
    tiles: Store<TileName, Tile>,
    ledgers: Store<LedgerId, Standing>,
    hubs: Mutex<Hubs>,
}

/// How much a [`Cache`] holds and how often that helped.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Stats {
    /// Records.
    pub records: Usage,
    /// Tiles of trees.
    pub tiles: Usage,
    /// Checkpoints of ledgers.
    pub ledgers: Usage,
}

/// What the hubs were seen to hold.
#[derive(Debug, Default)]
struct Hubs {
    /// By hub: how many entries were found in the index, from the first on.
    seen: HashMap<LedgerId, u64>,
    /// By hub whose index lacks rows: how many entries it had when that was found.
    incomplete: HashMap<LedgerId, u64>,
    /// By ledger: size and root of its largest checkpoint in any hub, which a signed checkpoint of it extended.
    largest: HashMap<LedgerId, (u64, Hash)>,
}

impl Cache {
    /// An empty cache.
    ///
    /// - `bytes`: most that it holds, about; with 0 everything is verified each time.
    #[must_use]
    pub fn new(bytes: usize) -> Self {
        let share = |percent: usize| bytes / 100 * percent;
        Self {
            records: Store::new(share(70)),
            tiles: Store::new(share(25)),
            ledgers: Store::new(share(5)),
            hubs: Mutex::default(),
        }
    }

    /// How much it holds and how often that helped.
    #[must_use]
    pub fn stats(&self) -> Stats {
        Stats {
            records: self.records.usage(),
            tiles: self.tiles.usage(),
            ledgers: self.ledgers.usage(),
        }
    }

    /// The record that a row of this version has, if it is known and its text need not be read again; and its seal, if that is known.
    ///
    /// - `hubs`: what the hubs have, as it was asked after the row was found.
    pub(crate) fn known(
        &self,
        place: (LedgerId, u64),
        version: RowVersion,
        hubs: &HubSizes,
    ) -> Option<(Arc<KnownRecord>, Option<Seal>)> {
        let is_right = |kept: &Kept| {
            kept.version == version && kept.uses.fetch_add(1, Ordering::Relaxed) + 1 < READ_AGAIN
        };
        let kept = self.records.get(&place, is_right)?;
        Some((kept.record.clone(), kept.seal(hubs)))
    }

    /// Keeps seals of records that are kept.
    ///
    /// - `hubs`: what the hubs had, as it was asked before the seals were read.
    pub(crate) fn keep_seals<'a>(&self, seals: impl Iterator<Item = &'a Seal>, hubs: &HubSizes) {
        let hubs = Arc::new(hubs.clone());
        for seal in seals {
            let Some(kept) = self.records.peek(&(seal.ledger, seal.leaf_index)) else { continue };
            let mut known = kept.seal.lock().unwrap_or_else(PoisonError::into_inner);
            *known = Some((*seal, hubs.clone()));
        }
    }

    /// What the text of a row says, read unless these very bytes are known; none if it is no record. It is kept only if it leads to
    /// the leaf hash of the row.
    pub(crate) fn read(
        &self,
        place: (LedgerId, u64),
        version: RowVersion,
        text: &[u8],
        (secret, leaf_hash): (&[u8], &[u8]),
    ) -> Option<Arc<KnownRecord>> {
        let known = self.records.peek(&place).map(|kept| kept.record.clone());
        let known = known.filter(|known| known.is_of(&sha256(text), secret));
        let record = if let Some(known) = known {
            known
        } else {
            let record = Record::parse(std::str::from_utf8(text).ok()?).ok()?;
            Arc::new(KnownRecord::of(record, secret.try_into().ok()))
        };
        if record.leaf_hash.is_some_and(|hash| hash.0 == leaf_hash) {
            let kept = Kept::new(record.clone(), version);
            self.records.put(place, Arc::new(kept), size_of::<Kept>() + record.weight());
        }
        Some(record)
    }

    /// A complete tile that once led to a signed root.
    pub(crate) fn tile(&self, name: &TileName) -> Option<Arc<Tile>> {
        self.tiles.get(name, |_| true)
    }

    /// Keeps a tile.
    pub(crate) fn keep_tile(&self, name: TileName, tile: Arc<Tile>) {
        let weight = tile.weight();
        self.tiles.put(name, tile, weight);
    }

    /// What is known of a ledger, if `is_right` says that it may be used.
    pub(crate) fn ledger(
        &self,
        id: LedgerId,
        is_right: impl FnOnce(&Standing) -> bool,
    ) -> Option<Arc<Standing>> {
        self.ledgers.get(&id, is_right)
    }

    /// Remembers a record as if it had been read from this version of its row, now.
    #[cfg(test)]
    pub(crate) fn pretend(&self, place: (LedgerId, u64), version: RowVersion) {
        let Some(kept) = self.records.peek(&place) else { return };
        let record = kept.record.clone();
        let weight = record.weight();
        self.records.put(place, Arc::new(Kept::new(record, version)), weight);
    }

    /// Forgets all tiles, as if others had taken their room.
    #[cfg(test)]
    pub(crate) fn forget_tiles(&self) {
        self.tiles.clear();
    }

    /// Keeps what was found of a ledger.
    pub(crate) fn keep_ledger(&self, standing: Arc<Standing>) {
        let weight = standing.weight();
        self.ledgers.put(standing.head.id, standing, weight);
    }

    fn hubs(&self) -> std::sync::MutexGuard<'_, Hubs> {
        self.hubs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many entries of each hub were found in the index.
    pub(crate) fn seen(&self) -> HashMap<LedgerId, u64> {
        self.hubs().seen.clone()
    }

    /// Entries of the hubs that were not seen in their index yet; of a hub that shrank, all that it has. None of a hub whose index
    /// lacked rows when it had as many entries as now: [`Self::lacks_rows`] says so.
    ///
    /// - `before`: [`Self::seen`] before the sizes were asked for. Another answer may have seen more since then.
    pub(crate) fn unseen(&self, sizes: &HubSizes, before: &HashMap<LedgerId, u64>) -> Vec<Stretch> {
        let hubs = self.hubs();
        let stretch = |(hub, size): &(LedgerId, u64)| {
            let has_shrunk = before.get(hub).is_some_and(|before| size < before);
            let seen = hubs.seen.get(hub).copied().unwrap_or_default();
            let from = if has_shrunk { 0 } else { seen };
            let is_known = !has_shrunk && hubs.incomplete.get(hub) == Some(size);
            let is_wanted = has_shrunk || (from < *size && !is_known);
            is_wanted.then_some(Stretch { hub: *hub, from, to: *size })
        };
        sizes.iter().filter_map(stretch).collect()
    }

    /// Whether the index of a hub that has as many entries as now was found to lack rows.
    pub(crate) fn lacks_rows(&self, sizes: &HubSizes) -> bool {
        let hubs = self.hubs();
        sizes.iter().any(|(hub, size)| hubs.incomplete.get(hub) == Some(size))
    }

    /// Takes what the index has of the entries that were not seen; tells whether it has all of them, and all before them. If not,
    /// the hub is counted from its first entry on again when it has another size.
    pub(crate) fn see(&self, stretches: &[Stretch], found: &[Indexed]) -> bool {
        let mut hubs = self.hubs();
        let mut is_whole = true;
        for Stretch { hub, from, to } in stretches {
            let own = || found.iter().filter(|one| one.hub == *hub);
            let count = |is_ledger: bool| -> u64 {
                own().filter(|one| one.ledger.is_some() == is_ledger).map(|one| one.count).sum()
            };
            if (count(false), count(true)) != (*from, to - from) {
                is_whole = false;
                hubs.seen.remove(hub);
                hubs.incomplete.insert(*hub, *to);
                continue;
            }
            hubs.incomplete.retain(|one, size| one != hub || *size > *to);
            let seen = hubs.seen.entry(*hub).or_default();
            if *seen >= *from {
                *seen = if *from == 0 { *to } else { *to.max(seen) };
            }
        }
        is_whole
    }

    /// Forgets what was found of ledgers while a hub had more than it has now.
    pub(crate) fn forget_ledgers(&self) {
        self.ledgers.clear();
    }

    /// Size and root of the largest checkpoint of a ledger that any hub was seen to hold.
    pub(crate) fn largest_in_hub(&self, ledger: LedgerId) -> Option<(u64, Hash)> {
        self.hubs().largest.get(&ledger).copied()
    }

    /// Keeps that a hub holds a checkpoint of a ledger.
    ///
    /// - `size`, `root`: of a checkpoint that the ledger's newest one, which its keys signed, extends.
    pub(crate) fn keep_largest(&self, ledger: LedgerId, size: u64, root: Hash) {
        let mut hubs = self.hubs();
        let largest = hubs.largest.entry(ledger).or_insert((size, root));
        if largest.0 < size {
            *largest = (size, root);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hub_is_counted_again_when_it_shrank_or_lacks_rows_and_has_another_size() {
        let cache = Cache::new(0);
        let (hub, site) = (LedgerId(1), Some(LedgerId(2)));
        let row = |ledger, count| Indexed { hub, ledger, count };
        let stretch = |from, to| Stretch { hub, from, to };
        let unseen = |size| cache.unseen(&vec![(hub, size)], &cache.seen());
        let lacks_rows = |size| cache.lacks_rows(&vec![(hub, size)]);
        assert_eq!(unseen(5), [stretch(0, 5)]);
        assert!(cache.see(&[stretch(0, 5)], &[row(site, 5)]));
        assert_eq!(unseen(7), [stretch(5, 7)]);
        assert!(cache.see(&[stretch(5, 7)], &[row(site, 2), row(None, 5)]));
        assert!(unseen(7).is_empty());
        assert!(!cache.see(&[stretch(7, 8)], &[row(site, 1), row(None, 6)]), "one is gone");
        assert!(unseen(8).is_empty() && lacks_rows(8), "it is known that it lacks one");
        assert_eq!(unseen(9), [stretch(0, 9)]);
        assert!(!cache.see(&[stretch(0, 9)], &[row(site, 8)]), "it still is");
        assert!(!lacks_rows(8) && lacks_rows(9));
        assert!(cache.see(&[stretch(0, 10)], &[row(site, 10)]));
        assert!(!lacks_rows(9) && !lacks_rows(10));
        let older = cache.unseen(&vec![(hub, 3)], &HashMap::new());
        assert!(older.is_empty(), "its size was asked for before the hub grew");
        assert_eq!(unseen(3), [stretch(0, 3)]);
        assert!(cache.see(&[stretch(0, 3)], &[row(site, 3)]));
        assert_eq!(unseen(8), [stretch(3, 8)], "what grew again is counted");
    }

    #[test]
    fn the_largest_checkpoint_in_a_hub_is_kept() {
        let (cache, site) = (Cache::new(0), LedgerId(2));
        assert_eq!(cache.largest_in_hub(site), None);
        for size in [3, 8, 5] {
            cache.keep_largest(site, size, Hash::from([u8::try_from(size).unwrap(); 32]));
        }
        assert_eq!(cache.largest_in_hub(site), Some((8, Hash::from([8; 32]))));
    }
}
