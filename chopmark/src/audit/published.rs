//! Every ledger against what was published of it: the hub's entries, and the hub's final anchors.
//!
//! The way through: [`Published::read`] passes over every entry of every hub, compares it with the checkpoint that the
//! ledger has at that size and with the index of entries, and over every final anchor; [`Published::of`] gives what was
//! found for one ledger, with the decision of [`history::continuity`].
//!
//! What holds: the entries themselves are read, not only their index, so that a removed row of the index hides nothing.
//!
//! Not here: the rows of the ledger itself (`rows`), asking the chain (the anchor worker does, every hour).

use std::collections::HashMap;

use history::continuity::{self, Compared, Continuity};
use ledger::checkpoint::Checkpoint;
use ledger::note::Note;
use sql::ledgers::{Head, LedgerRow};
use sql::{Db, LedgerId};

/// What was published of one ledger, and what of that it does not hold.
#[derive(Debug, Default, Clone)]
pub struct Holdings {
    /// Entries of hubs (of a hub: final anchors) that agree with its checkpoints.
    pub agreeing: u64,
    /// Largest size that was published.
    pub size: u64,
    /// What does not agree, the first of each kind, with how often.
    pub findings: Vec<(String, u64)>,
    /// Whether it has less than was published.
    pub is_shorter: bool,
    /// Whether it has something else than was published.
    pub is_other: bool,
}

impl Holdings {
    /// Keeps the first finding of a kind and counts the others.
    fn add(&mut self, kind: &'static str, what: impl FnOnce() -> String, seen: &mut Seen) {
        let place = *seen.0.entry(kind).or_insert_with(|| {
            self.findings.push((what(), 0));
            self.findings.len() - 1
        });
        self.findings[place].1 += 1;
    }
}

/// Places of the findings of each kind.
#[derive(Debug, Default, Clone)]
struct Seen(HashMap<&'static str, usize>);

/// A ledger and what was found of it so far.
struct Subject {
    row: LedgerRow,
    head: Head,
    holdings: Holdings,
    seen: Seen,
}

/// What hubs and anchors hold of all ledgers.
pub struct Published {
    subjects: HashMap<String, Subject>,
}

impl Published {
    /// Reads every entry of every hub, and every final anchor.
    ///
    /// # Errors
    ///
    /// If the database cannot be read.
    pub async fn read(db: &Db, rows: &[LedgerRow]) -> Result<Self, sql::Error> {
        let mut published = Self { subjects: HashMap::new() };
        for row in rows {
            let head = sql::ledgers::head(db, row.id).await?;
            let subject = Subject {
                row: row.clone(),
                head,
                holdings: Holdings::default(),
                seen: Seen::default(),
            };
            published.subjects.insert(row.origin.clone(), subject);
        }
        for hub in rows.iter().filter(|row| row.kind == "hub") {
            published.compare_entries(db, hub).await?;
            published.compare_anchors(db, hub).await?;
        }
        Ok(published)
    }

    /// What was found of one ledger, and whether it extends what was published last.
    ///
    /// # Errors
    ///
    /// If the database cannot be read.
    pub async fn of(&self, db: &Db, row: &LedgerRow) -> Result<(Holdings, Continuity), sql::Error> {
        let Compared { continuity, .. } = if row.kind == "hub" {
            continuity::of_hub(db, row.id, &row.origin).await?
        } else {
            continuity::of_ledger(db, row.id, &row.origin).await?
        };
        let holdings = self.subjects.get(&row.origin).map(|subject| subject.holdings.clone());
        Ok((holdings.unwrap_or_default(), continuity))
    }

    /// Compares every entry of a hub with the ledger's checkpoint of that size, and with the index of entries.
    async fn compare_entries(&mut self, db: &Db, hub: &LedgerRow) -> Result<(), sql::Error> {
        // What a running hub appends meanwhile is left to the next audit.
        let size = sql::ledgers::head(db, hub.id).await?.size;
        let mut index: HashMap<u64, (LedgerId, u64)> = sql::hub::entries(db, hub.id)
            .await?
            .into_iter()
            .filter(|(place, ..)| *place < size)
            .map(|(place, ledger, size)| (place, (ledger, size)))
            .collect();
        let mut entries = Vec::new();
        sql::ledgers::for_each_record(db, hub.id, async |stored| {
            // A text that is no checkpoint is a finding of the hub's own rows.
            let read = Note::parse(&stored.text).ok();
            let read = read.and_then(|note| Checkpoint::parse_body(&note.text).ok());
            let read = read.filter(|_| stored.index < size);
            entries.extend(read.map(|checkpoint| (stored.index, checkpoint)));
            Ok(())
        })
        .await?;
        for (place, entry) in &entries {
            let indexed = index.remove(place);
            self.compare_entry(db, hub, *place, entry, indexed).await?;
        }
        if let Some(own) = self.subjects.get_mut(&hub.origin) {
            for (place, (ledger, size)) in index {
                let what = || {
                    format!(
                        "the index of entries has entry {place} (ledger {}, size {size}), the hub does not",
                        ledger.0
                    )
                };
                own.holdings.add("index_only", what, &mut own.seen);
            }
        }
        Ok(())
    }

    async fn compare_entry(
        &mut self,
        db: &Db,
        hub: &LedgerRow,
        place: u64,
        entry: &Checkpoint,
        indexed: Option<(LedgerId, u64)>,
    ) -> Result<(), sql::Error> {
        let size = entry.size;
        let id = self.subjects.get(&entry.origin).map(|subject| subject.row.id);
        if let Some(own) = self.subjects.get_mut(&hub.origin)
            && (id.is_none() || indexed != id.map(|id| (id, size)))
        {
            let origin = &entry.origin;
            let what = || match id {
                None => format!(
                    "entry {place} is a checkpoint of `{origin}` with {size} records; the database has no such ledger"
                ),
                Some(_) => format!(
                    "entry {place} is a checkpoint of `{origin}` with {size} records; the index of entries says otherwise"
                ),
            };
            own.holdings.add("index", what, &mut own.seen);
        }
        let Some(subject) = self.subjects.get_mut(&entry.origin) else { return Ok(()) };
        let source = format!("the hub holds its checkpoint of size {size} (entry {place})");
        compare_one(db, subject, size, entry.root, &source).await
    }

    /// Compares every final anchor of a hub with its checkpoint of that size.
    async fn compare_anchors(&mut self, db: &Db, hub: &LedgerRow) -> Result<(), sql::Error> {
        let Some(subject) = self.subjects.get_mut(&hub.origin) else { return Ok(()) };
        let mut next = 1;
        while let Some(anchor) = sql::anchors::covering(db, hub.id, next).await? {
            next = anchor.size + 1;
            let source = format!(
                "size {} is anchored on chain {} in block {}",
                anchor.size, anchor.chain_id, anchor.evidence.block_number
            );
            compare_one(db, subject, anchor.size, anchor.root, &source).await?;
        }
        Ok(())
    }
}

/// Compares one published size and root with the checkpoint that the ledger has of that size.
async fn compare_one(
    db: &Db,
    subject: &mut Subject,
    size: u64,
    root: ledger::Hash,
    source: &str,
) -> Result<(), sql::Error> {
    let Subject { row, head, holdings, seen } = subject;
    holdings.size = holdings.size.max(size);
    if size > head.size {
        // A running ledger may have grown since its head was read.
        *head = sql::ledgers::head(db, row.id).await?;
    }
    if size > head.size {
        holdings.is_shorter = true;
        let what = || format!("{source}, the ledger has {} records", head.size);
        holdings.add("shorter", what, seen);
        return Ok(());
    }
    let own = sql::ledgers::checkpoint_at(db, row.id, size).await?;
    match own.filter(|own| own.size == size) {
        None => {
            let what = || format!("{source}, the ledger has no checkpoint of that size");
            holdings.add("no_checkpoint", what, seen);
        }
        Some(own) if own.root != root => {
            holdings.is_other = true;
            let what = || format!("{source} with root {root}, the ledger's has {}", own.root);
            holdings.add("other_root", what, seen);
        }
        Some(_) => holdings.agreeing += 1,
    }
    Ok(())
}
