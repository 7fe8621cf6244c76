//! The item index against the records, both ways.
//!
//! The way through: one pass over the index adds up a keyed digest of every entry, for each [`RECORDS`] records of each ledger
//! ([`Indexed::read`]); the records that are recomputed are added up in the same way ([`Sums::add`]). Where two sums differ, the
//! entries themselves are compared ([`compare`]).
//!
//! What holds: 16 bytes for each 256 records, and the entries of at most [`AT_ONCE`] records at a time; the digest's key is new in
//! each run, so nobody can choose entries whose sums agree. An entry that is there twice is no contradiction.
//!
//! Not here: what a record names (`ledger::record`), the key of a name (`sql::items`).

use std::collections::{BTreeSet, HashMap, HashSet};
use std::hash::{BuildHasher as _, RandomState};

use ledger::audit::Finding;
use ledger::record::Record;
use sql::ledgers::LedgerRow;
use sql::{Db, Error, LedgerId};

use super::erasures::OfLedger;

/// Records that share a sum; chunks begin at its multiples.
pub const RECORDS: u64 = 256;
/// Records whose entries are compared at once.
const AT_ONCE: u64 = 1 << 20;

/// An entry of the item index: key of the item, index of the record.
type IndexEntry = (i64, u64);

/// What records name: number of the group of [`RECORDS`] records, and the sum of their entries.
#[derive(Debug, Default)]
pub struct Named(Vec<(u64, u128)>);

/// The digest of this run.
#[derive(Debug, Default)]
pub struct Sums {
    one: RandomState,
    other: RandomState,
}

impl Sums {
    fn of(&self, entry: IndexEntry) -> u128 {
        (u128::from(self.one.hash_one(entry)) << 64) | u128::from(self.other.hash_one(entry))
    }

    /// Adds what a record names.
    pub fn add(&self, record: &Record, index: u64, named: &mut Named) {
        self.add_keys(&keys(record), index, named);
    }

    /// Adds the keys of what a record named that was erased.
    pub fn add_keys(&self, keys: &[i64], index: u64, named: &mut Named) {
        let group = index / RECORDS;
        let sum = keys.iter().map(|key| self.of((*key, index)));
        let sum = sum.fold(0_u128, u128::wrapping_add);
        match named.0.last_mut() {
            Some(last) if last.0 == group => last.1 = last.1.wrapping_add(sum),
            _ => named.0.push((group, sum)),
        }
    }
}

/// The keys of what a record names, each once.
fn keys(record: &Record) -> Vec<i64> {
    let mut keys: Vec<i64> = record.names().iter().map(|name| sql::items::key(name)).collect();
    keys.sort_unstable();
    keys.dedup();
    keys
}

/// A place of a list that grows with what is written to it.
fn place(sums: &mut Vec<u128>, group: u64) -> Option<&mut u128> {
    let at = usize::try_from(group).ok()?;
    if at >= sums.len() {
        sums.resize(at + 1, 0);
    }
    sums.get_mut(at)
}

/// The sums of the whole index.
#[derive(Debug)]
pub struct Indexed(HashMap<LedgerId, Vec<u128>>);

impl Indexed {
    /// Reads the index once.
    ///
    /// - `sizes`: records of each ledger; entries behind are left out, and those of other ledgers.
    ///
    /// # Errors
    ///
    /// [`Error`], also if `stop` says so.
    pub async fn read(db: &Db, sums: &Sums, sizes: &HashMap<LedgerId, u64>) -> Result<Self, Error> {
        let mut indexed: HashMap<LedgerId, Vec<u128>> = HashMap::new();
        sql::items::for_each_entry(db, |ledger, key, index| {
            let index = u64::try_from(index).ok();
            if let Some(index) = index.filter(|at| sizes.get(&ledger).is_some_and(|size| at < size))
                && let Some(sum) = place(indexed.entry(ledger).or_default(), index / RECORDS)
            {
                *sum = sum.wrapping_add(sums.of((key, index)));
            }
            Ok(())
        })
        .await?;
        Ok(Self(indexed))
    }
}

/// The groups of one ledger whose sums differ, found while its records are recomputed.
#[derive(Debug)]
pub struct Doubts {
    /// What the records named so far.
    named: Vec<u128>,
    indexed: Vec<u128>,
    /// Groups before this one are compared.
    next: u64,
    /// Those that differ.
    pub groups: BTreeSet<u64>,
}

impl Doubts {
    /// Begins.
    ///
    /// - `from`: records below are not recomputed; a group of which only the end is, is doubtful.
    /// - `known`: groups below that were doubtful when they were compared.
    pub fn new(indexed: &mut Indexed, ledger: LedgerId, from: u64, known: BTreeSet<u64>) -> Self {
        let mut groups = known;
        if !from.is_multiple_of(RECORDS) {
            groups.insert(from / RECORDS);
        }
        let indexed = indexed.0.remove(&ledger).unwrap_or_default();
        Self { named: Vec::new(), indexed, next: from.div_ceil(RECORDS), groups }
    }

    /// Adds what records name. Rows whose stored index lies elsewhere are a finding of their own and count nowhere.
    ///
    /// - `size`: of the ledger.
    pub fn add(&mut self, named: &Named, size: u64) {
        for (group, sum) in named.0.iter().filter(|(group, _)| *group < size.div_ceil(RECORDS)) {
            if let Some(place) = place(&mut self.named, *group) {
                *place = place.wrapping_add(*sum);
            }
        }
    }

    /// Compares the groups that end at or before `size`.
    pub fn compare_to(&mut self, size: u64) {
        self.compare_groups(size / RECORDS);
    }

    /// Compares all groups of a ledger of `size` records.
    pub fn compare_all(&mut self, size: u64) {
        self.compare_groups(size.div_ceil(RECORDS));
    }

    fn compare_groups(&mut self, end: u64) {
        let of = |sums: &[u128], group: u64| {
            usize::try_from(group).ok().and_then(|at| sums.get(at).copied()).unwrap_or(0)
        };
        while self.next < end {
            if of(&self.named, self.next) != of(&self.indexed, self.next) {
                self.groups.insert(self.next);
            }
            self.next += 1;
        }
    }
}

/// Compares the entries of doubtful groups one by one: a finding for each record that the index leaves out something of or adds
/// something to, in order of the records.
///
/// - `size`: of the ledger.
/// - `erased`: its records that were erased.
///
/// # Errors
///
/// [`Error`].
pub async fn compare(
    db: &Db,
    row: &LedgerRow,
    groups: &BTreeSet<u64>,
    size: u64,
    erased: &OfLedger,
) -> Result<Vec<Finding>, Error> {
    let groups: Vec<u64> = groups.iter().copied().collect();
    let at_once = usize::try_from(AT_ONCE / RECORDS).unwrap_or(usize::MAX);
    let mut found = Vec::new();
    for some in groups.chunks(at_once) {
        let mut named = named(db, row, some, size).await?;
        for (index, one) in erased.iter().filter(|(at, _)| some.contains(&(*at / RECORDS))) {
            named.extend(one.erasure.item_keys.iter().map(|key| (*key, *index)));
        }
        let indexed = indexed(db, row, some, size).await?;
        let missing = findings(
            row,
            named.difference(&indexed),
            "the item index leaves out an item that the record names",
        );
        let invented = findings(
            row,
            indexed.difference(&named),
            "the item index has an item that the record does not name",
        );
        found.extend(missing.chain(invented));
    }
    // As what is left out comes first, it does of one record too.
    found.sort_by_key(|finding| finding.index);
    Ok(found)
}

/// What the records of these groups name.
async fn named(
    db: &Db,
    row: &LedgerRow,
    groups: &[u64],
    size: u64,
) -> Result<HashSet<IndexEntry>, Error> {
    let mut entries = HashSet::new();
    for group in groups {
        let (mut next, end) = (group * RECORDS, ((group + 1) * RECORDS).min(size));
        while next < end {
            let chunks = sql::ledgers::chunks(db, row.id, next, 8).await?;
            if chunks.is_empty() {
                break;
            }
            for chunk in &chunks {
                next = chunk.end()?;
                for stored in chunk.records()?.iter().filter(|stored| stored.index < end) {
                    if stored.secret.is_some()
                        && let Ok(record) = Record::parse(&stored.text)
                    {
                        entries.extend(keys(&record).into_iter().map(|key| (key, stored.index)));
                    }
                }
            }
        }
    }
    Ok(entries)
}

/// What the index holds of these groups.
async fn indexed(
    db: &Db,
    row: &LedgerRow,
    groups: &[u64],
    size: u64,
) -> Result<HashSet<IndexEntry>, Error> {
    let mut entries = HashSet::new();
    sql::items::for_each_entry(db, |ledger, key, index| {
        if let Ok(index) = u64::try_from(index)
            && ledger == row.id
            && index < size
            && groups.binary_search(&(index / RECORDS)).is_ok()
        {
            entries.insert((key, index));
        }
        Ok(())
    })
    .await?;
    Ok(entries)
}

/// One finding for each record that has such an entry.
fn findings<'a>(
    row: &LedgerRow,
    entries: impl Iterator<Item = &'a IndexEntry>,
    what: &str,
) -> impl Iterator<Item = Finding> {
    let records: BTreeSet<u64> = entries.map(|(_, index)| *index).collect();
    records.into_iter().map(move |index| Finding {
        ledger: row.origin.clone(),
        index: Some(index),
        what: what.to_owned(),
    })
}
