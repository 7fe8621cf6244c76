//! The ledgers that one history needs, and the proofs of its records in them.
//!
//! The way through: the rows of ledgers that hold records ([`Needs::of_states`]) and the records' places
//! ([`Needs::of_leaf`]) say which hashes are missing; they are fetched together ([`Needs::fetch`]) and judged
//! ([`KnownLedgers::judge`], [`KnownLedgers::fault_of`]).
//!
//! What holds: the number of queries does not depend on how many ledgers or records there are; what the cache says of a
//! ledger is used only while all rows that say so are the same; a ledger must extend the largest checkpoint of it that a hub
//! was seen to hold and that its signed one extended, also when the rows no longer say so. Where the index of the hub's entries may lack one of a ledger, the
//! entries are looked through for it: once for each entry, as long as the ledger has no fault.
//!
//! Not here: which records belong to a history ([`mod@crate::gather`]), what a ledger is compared with
//! ([`crate::continuity`]).

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use futures::try_join;
use ledger::Hash;
use ledger::policy::Policy;
use sql::hub::{Indexed, Stretch};
use sql::ledgers::{LedgerRow, LedgerState, MOST_FORKS, StoredCheckpoint, TileName, Tiles};
use sql::{Db, LedgerId};

use crate::cache::Cache;
use crate::continuity::{self, Continuity, Evidence};
use crate::entry::Fault;
use crate::standing::{HubSizes, Standing, checkpoint_fault, continuity_fault};
use crate::tiles::{Edge, Tile, Way, way};

/// A leaf that is to be proved: ledger, index, and the hash that is stored.
pub type Leaf = (LedgerId, u64, Hash);

/// The ledgers of one history.
pub struct KnownLedgers<'a> {
    db: &'a Db,
    cache: &'a Cache,
    policy: &'a Arc<Policy>,
    hubs: HubSizes,
    /// Entries of each hub that were seen before the sizes of the hubs were asked for.
    seen: HashMap<LedgerId, u64>,
    known: HashMap<LedgerId, Arc<Standing>>,
    /// Ledgers that are no site's, or have no checkpoint.
    ignored: HashSet<LedgerId>,
}

/// A ledger that must be judged.
struct Fresh {
    state: LedgerState,
    checkpoint: StoredCheckpoint,
    fault: Option<Fault>,
    evidence: Evidence,
    /// Size and root of the largest checkpoint that a hub was seen to hold.
    seen: Option<(u64, Hash)>,
    /// Whether the hubs' entries are looked through for its checkpoints.
    is_looked_for: bool,
}

/// What must be fetched to judge ledgers and to prove leaves.
#[derive(Default)]
pub struct Needs {
    fresh: Vec<Fresh>,
    leaves: Vec<Leaf>,
    tiles: BTreeSet<TileName>,
    unseen: Vec<Stretch>,
    /// Tiles of the cache on the ways of the leaves: they are held, since the cache may drop them meanwhile.
    kept: HashMap<TileName, Arc<Tile>>,
    /// Ledgers of which the index may lack an entry, and the entries that were looked through for them before.
    hidden: Vec<(LedgerId, String)>,
    hidden_from: HubSizes,
}

/// What was fetched.
#[derive(Default)]
pub struct Fetched {
    tiles: Tiles,
    complete: HashMap<TileName, Arc<Tile>>,
    kept: HashMap<TileName, Arc<Tile>>,
    indexed: Vec<Indexed>,
    hidden: Vec<LedgerId>,
    /// By ledger: text and leaf hash of the hub's entry of it.
    entries: HashMap<LedgerId, (String, Hash)>,
}

impl<'a> KnownLedgers<'a> {
    /// None yet; to be made before the sizes of the hubs are asked for.
    #[must_use]
    pub fn new(db: &'a Db, cache: &'a Cache, policy: &'a Arc<Policy>) -> Self {
        let (hubs, known, ignored) = (Vec::new(), HashMap::new(), HashSet::new());
        Self { db, cache, policy, hubs, seen: cache.seen(), known, ignored }
    }

    /// Takes the sizes of all hubs, as they are now; one that is gone has none.
    pub fn take_hubs(&mut self, mut hubs: HubSizes) {
        let is_there = |hub: &LedgerId| hubs.iter().any(|(one, _)| one == hub);
        let gone: Vec<LedgerId> = self.seen.keys().copied().filter(|hub| !is_there(hub)).collect();
        hubs.extend(gone.into_iter().map(|hub| (hub, 0)));
        hubs.sort_unstable();
        self.hubs = hubs;
    }

    /// The sizes of all hubs; none before they were asked for.
    #[must_use]
    pub const fn hubs(&self) -> &HubSizes {
        &self.hubs
    }

    /// A ledger, if records of it may be used.
    #[must_use]
    pub fn get(&self, ledger: LedgerId) -> Option<&Arc<Standing>> {
        self.known.get(&ledger)
    }

    /// All of them.
    pub fn all(&self) -> impl Iterator<Item = &Arc<Standing>> {
        self.known.values()
    }

    /// Those that need not be asked for again.
    #[must_use]
    pub fn numbers(&self) -> Vec<LedgerId> {
        self.known.keys().chain(&self.ignored).copied().collect()
    }

    /// Forgets those of which records were found that are newer than the checkpoint that is known.
    pub fn forget_outgrown(&mut self, places: impl Iterator<Item = (LedgerId, u64)>) {
        for (ledger, index) in places {
            let is_outgrown = |known: &Arc<Standing>| known.head.checkpoint.size <= index;
            if self.known.get(&ledger).is_some_and(is_outgrown) {
                self.known.remove(&ledger);
            }
        }
    }

    fn unseen(&self) -> Vec<Stretch> {
        self.cache.unseen(&self.hubs, &self.seen)
    }

    /// Whether a hub has less than it was seen to have.
    fn has_shrunken_hub(&self) -> bool {
        let shrank = |(hub, size): &(LedgerId, u64)| self.seen.get(hub).is_some_and(|it| size < it);
        self.hubs.iter().any(shrank)
    }

    /// The kind in the row is the database owner's word: a ledger that the policy has keys of is a site's whatever it says.
    fn is_site(&self, row: &LedgerRow) -> bool {
        row.kind == "site" || self.policy.logs.iter().any(|log| log.key.name() == row.origin)
    }

    /// The size of a ledger's newest checkpoint.
    fn size(&self, needs: &Needs, ledger: LedgerId) -> Option<u64> {
        let known = self.known.get(&ledger).map(|known| known.head.checkpoint.size);
        known.or_else(|| Some(needs.fresh(ledger)?.checkpoint.size))
    }

    /// Judges the ledgers that are new and finds why leaves cannot be relied on.
    ///
    /// - `leaves`: with none; those that cannot be relied on get a fault.
    ///
    /// # Errors
    ///
    /// [`sql::Error`] if the database cannot be asked.
    pub async fn prove(
        &mut self,
        mut needs: Needs,
        leaves: &mut HashMap<Leaf, Option<Fault>>,
    ) -> Result<(), sql::Error> {
        let got = needs.fetch(self.db).await?;
        self.judge(&mut needs, &got).await?;
        let mut again = Vec::new();
        for (leaf, fault) in leaves.iter_mut() {
            match self.fault_of(*leaf, &got) {
                Ok(found) => {
                    if found != Some(Fault::Tree) {
                        self.keep_way(*leaf, &got);
                    }
                    *fault = found;
                }
                Err(()) => again.push(*leaf),
            }
        }
        if again.is_empty() {
            return Ok(());
        }
        let mut needs = Needs::default();
        for leaf in &again {
            needs.of_leaf_anew(self, *leaf);
        }
        let got = needs.fetch(self.db).await?;
        for leaf in again {
            let found = self.fault_of(leaf, &got).unwrap_or(Some(Fault::Tree));
            if found != Some(Fault::Tree) {
                self.keep_way(leaf, &got);
            }
            leaves.insert(leaf, found);
        }
        Ok(())
    }

    /// Judges the ledgers that were fresh.
    ///
    /// # Errors
    ///
    /// [`sql::Error`] if the database cannot be asked.
    pub async fn judge(&mut self, needs: &mut Needs, got: &Fetched) -> Result<(), sql::Error> {
        let is_whole = needs.unseen.is_empty() || self.cache.see(&needs.unseen, &got.indexed);
        let has_shrunk = self.has_shrunken_hub();
        if has_shrunk && !needs.fresh.is_empty() {
            self.cache.forget_ledgers();
        }
        for fresh in std::mem::take(&mut needs.fresh) {
            let is_told = !has_shrunk && (is_whole || fresh.is_looked_for);
            let edge = Edge::of(
                fresh.state.row.id,
                fresh.checkpoint.size,
                &fresh.checkpoint.root,
                &got.tiles,
            );
            let fault = match &fresh.fault {
                None => self.fault_of_ledger(&fresh, is_told, got).await?,
                known => known.clone(),
            };
            // Where the rows did not tell all, everything was looked through.
            let is_clean = fresh.is_looked_for || !is_told;
            let clean = if is_clean { self.hubs.clone() } else { Vec::new() };
            let rows = (fresh.state, fresh.checkpoint);
            let standing = Arc::new(Standing::new(rows, self.policy, edge, fault, clean));
            if standing.head.fault.is_none() && standing.edge.is_some() {
                self.cache.keep_ledger(standing.clone());
            }
            self.known.insert(standing.head.id, standing);
        }
        Ok(())
    }

    /// Why a ledger whose checkpoint is signed cannot be relied on.
    ///
    /// - `is_told`: whether the rows tell all that the hubs have.
    async fn fault_of_ledger(
        &self,
        fresh: &Fresh,
        is_told: bool,
        got: &Fetched,
    ) -> Result<Option<Fault>, sql::Error> {
        let Fresh { state, checkpoint, evidence, .. } = fresh;
        let (id, origin) = (state.row.id, &state.row.origin);
        let stored = got.entries.get(&id).map(|(text, leaf)| (text.as_str(), *leaf));
        let by_rows = continuity::of_state(state, stored, &got.tiles);
        // What a row says alone is not kept: whoever owns the tables can write any.
        let is_proved = matches!(by_rows, Continuity::Fits { .. });
        let published = is_proved.then(|| continuity::published_place(state, stored)).flatten();
        let continuity = if is_told && !got.hidden.contains(&id) {
            by_rows
        } else {
            continuity::of_ledger(self.db, id, origin).await?.continuity
        };
        if let Some(fault) = continuity_fault(continuity) {
            return Ok(Some(fault));
        }
        if let Some((size, root)) = fresh.seen
            && continuity::of_seen(state, (size, root), &got.tiles).problem().is_some()
        {
            // Another answer may have seen it after these rows were read: newer ones decide.
            let now = continuity::with_checkpoint(self.db, id, origin, size, root).await?;
            if let Some(fault) = continuity_fault(now) {
                return Ok(Some(fault));
            }
        }
        let other = continuity::by_evidence(id, checkpoint, evidence, &got.tiles);
        if let Some(fault) = other.and_then(continuity_fault) {
            return Ok(Some(fault));
        }
        if state.forks_left > 0 {
            let left = state.forks_left;
            return Ok(Some(Fault::Unexamined { kept: u64::from(MOST_FORKS) + left, left }));
        }
        if let Some((size, root)) = published {
            self.cache.keep_largest(id, size, root);
        }
        Ok(None)
    }

    /// Whether the index of the hubs' entries may lack one of a ledger: it lacks some, has none of the ledger, or had a larger one.
    fn is_doubtful(&self, state: &LedgerState, seen: Option<(u64, Hash)>) -> bool {
        let told = state.published.as_ref().map(|published| published.entry.ledger_size);
        told.is_none() || seen.map(|(size, _)| size) > told || self.cache.lacks_rows(&self.hubs)
    }

    /// Why a leaf cannot be relied on; none if it leads to the signed root of its ledger.
    ///
    /// - `got`: with the tiles on its way, or as far as the cache has not got them.
    /// - Returns `Err` if tiles of the cache lead elsewhere or no further, so that all must be fetched.
    pub fn fault_of(&self, leaf: Leaf, got: &Fetched) -> Result<Option<Fault>, ()> {
        let (ledger, index, hash) = leaf;
        let Some(known) = self.known.get(&ledger) else { return Ok(Some(Fault::Tree)) };
        let Some(edge) = &known.edge else { return Ok(Some(Fault::Tree)) };
        let mut kept = 0;
        let found = edge.leads(index, &hash, |level, tile| {
            let name = TileName { ledger, level, tile };
            got.complete.get(&name).cloned().or_else(|| {
                kept += 1;
                got.kept.get(&name).cloned()
            })
        });
        match found {
            Way::Proved => Ok(known.head.fault.clone()),
            Way::Missing | Way::Differs if kept > 0 => Err(()),
            Way::Missing | Way::Differs => Ok(Some(Fault::Tree)),
        }
    }

    /// Keeps the tiles on the way of a leaf that was proved.
    pub fn keep_way(&self, (ledger, index, _): Leaf, got: &Fetched) {
        let Some(known) = self.known.get(&ledger) else { return };
        for name in way(ledger, index, known.head.checkpoint.size) {
            if let Some(tile) = got.complete.get(&name) {
                self.cache.keep_tile(name, tile.clone());
            }
        }
    }
}

impl Needs {
    /// Whether a ledger is among those to be judged.
    #[must_use]
    pub fn has(&self, ledger: LedgerId) -> bool {
        self.fresh(ledger).is_some()
    }

    fn fresh(&self, ledger: LedgerId) -> Option<&Fresh> {
        self.fresh.iter().find(|fresh| fresh.state.row.id == ledger)
    }

    /// The origin of a ledger that is to be judged.
    #[must_use]
    pub fn origin(&self, ledger: LedgerId) -> Option<&str> {
        Some(&self.fresh(ledger)?.state.row.origin)
    }

    /// Origin and party of a ledger that is to be judged.
    #[must_use]
    pub fn names(&self, ledger: LedgerId) -> Option<(Arc<str>, Arc<str>)> {
        let row = &self.fresh(ledger)?.state.row;
        Some((row.origin.as_str().into(), row.party.as_str().into()))
    }

    /// Adds ledgers; those of which the cache has the same rows need nothing more.
    pub fn of_states(&mut self, ledgers: &mut KnownLedgers<'_>, states: Vec<LedgerState>) {
        for state in states {
            let id = state.row.id;
            let Some(checkpoint) = state.latest.clone().filter(|_| ledgers.is_site(&state.row))
            else {
                ledgers.ignored.insert(id);
                continue;
            };
            let seen = ledgers.cache.largest_in_hub(id);
            let is_doubtful = ledgers.is_doubtful(&state, seen);
            let hubs = is_doubtful.then_some(&ledgers.hubs);
            let is_right = |known: &Standing| known.is_of(&state, ledgers.policy, hubs);
            if let Some(known) = ledgers.cache.ledger(id, is_right)
                && ledgers.unseen().is_empty()
            {
                ledgers.known.insert(id, known);
                continue;
            }
            self.of_fresh(ledgers, (state, checkpoint), seen, is_doubtful);
        }
        if !self.fresh.is_empty() {
            self.unseen = ledgers.unseen();
        }
    }

    fn of_fresh(
        &mut self,
        ledgers: &KnownLedgers<'_>,
        (state, checkpoint): (LedgerState, StoredCheckpoint),
        seen: Option<(u64, Hash)>,
        is_doubtful: bool,
    ) {
        let (id, policy) = (state.row.id, ledgers.policy);
        let fault = checkpoint_fault(policy, &state.row.origin, &checkpoint);
        let mut evidence = Evidence::default();
        self.tiles.extend(Edge::names(id, checkpoint.size));
        if fault.is_none() {
            evidence = Evidence::open(policy, &state.row.origin, &state.evidence);
            let of_seen =
                seen.map_or_else(Vec::new, |(size, _)| continuity::seen_spans(&state, size));
            let spans = [continuity::spans(&state), of_seen, evidence.spans(&checkpoint)].concat();
            self.tiles.extend(spans.into_iter().map(|span| TileName::with(id, span)));
        }
        // A ledger that has a fault already is not looked for.
        let is_looked_for = fault.is_none() && is_doubtful;
        if is_looked_for {
            let known = ledgers.cache.ledger(id, |_| true);
            let clean = known.as_ref().and_then(|known| known.clean_of(&state));
            for (hub, size) in &ledgers.hubs {
                let from = clean.and_then(|clean| clean.iter().find(|(one, _)| one == hub));
                // Of a hub that had more, nothing is known.
                let from = from.map(|(_, from)| *from).filter(|from| from <= size).unwrap_or(0);
                match self.hidden_from.iter_mut().find(|(one, _)| one == hub) {
                    Some((_, low)) => *low = from.min(*low),
                    None => self.hidden_from.push((*hub, from)),
                }
            }
            self.hidden.push((id, state.row.origin.clone()));
        }
        self.fresh.push(Fresh { state, checkpoint, fault, evidence, seen, is_looked_for });
    }

    /// Adds a leaf that is to be proved.
    pub fn of_leaf(&mut self, ledgers: &KnownLedgers<'_>, leaf: Leaf) {
        let (ledger, index, _) = leaf;
        let Some(size) = ledgers.size(self, ledger) else { return };
        for name in way(ledger, index, size) {
            match ledgers.cache.tile(&name) {
                Some(tile) => drop(self.kept.insert(name, tile)),
                None => drop(self.tiles.insert(name)),
            }
        }
        self.leaves.push(leaf);
    }

    /// The same leaf, without the cache.
    pub fn of_leaf_anew(&mut self, ledgers: &KnownLedgers<'_>, (ledger, index, _): Leaf) {
        if let Some(size) = ledgers.size(self, ledger) {
            self.tiles.extend(way(ledger, index, size));
        }
    }

    /// Fetches what is needed, all at once.
    ///
    /// # Errors
    ///
    /// [`sql::Error`].
    pub async fn fetch(&self, db: &Db) -> Result<Fetched, sql::Error> {
        if self.is_known() {
            return Ok(Fetched { kept: self.kept.clone(), ..Fetched::default() });
        }
        let connection = db.connection().await?;
        let connection = &connection;
        let hidden: Vec<(LedgerId, &str)> =
            self.hidden.iter().map(|(id, origin)| (*id, origin.as_str())).collect();
        let published = self.published();
        let places: Vec<(LedgerId, u64)> = published.values().copied().collect();
        let (tiles, stored, indexed, hidden) = try_join!(
            sql::ledgers::tiles(connection, &self.tiles),
            sql::items::records(connection, &places),
            async {
                if self.unseen.is_empty() {
                    return Ok(Vec::new());
                }
                sql::hub::indexed(connection, &self.unseen).await
            },
            async {
                if hidden.is_empty() || self.hidden_from.is_empty() {
                    return Ok(Vec::new());
                }
                sql::hub::unindexed(connection, &self.hidden_from, &hidden).await
            },
        )?;
        let mut complete = HashMap::new();
        for name in &self.tiles {
            if let Some(tile) = tiles.get(name).and_then(Tile::of) {
                complete.insert(*name, Arc::new(tile));
            }
        }
        let stored: HashMap<(LedgerId, u64), (String, Hash)> = stored
            .into_iter()
            .map(|one| ((one.ledger, one.index), (one.text, one.leaf_hash)))
            .collect();
        let entries =
            published.into_iter().filter_map(|(id, place)| Some((id, stored.get(&place)?.clone())));
        let entries = entries.collect();
        Ok(Fetched { tiles, complete, kept: self.kept.clone(), indexed, hidden, entries })
    }

    /// Whether nothing must be fetched.
    fn is_known(&self) -> bool {
        self.fresh.is_empty()
            && self.tiles.is_empty()
            && self.unseen.is_empty()
            && self.hidden.is_empty()
    }

    /// By ledger that is to be judged: where the hub's entry of it is.
    fn published(&self) -> HashMap<LedgerId, (LedgerId, u64)> {
        let sound = self.fresh.iter().filter(|fresh| fresh.fault.is_none());
        let place = |fresh: &Fresh| {
            let published = fresh.state.published.as_ref().filter(|one| one.row.is_some())?;
            Some((fresh.state.row.id, (published.entry.hub, published.entry.hub_index)))
        };
        sound.filter_map(place).collect()
    }
}
