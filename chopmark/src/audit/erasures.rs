//! Records that were erased: whether what stands in their place, the row that says so and the log agree.
//!
//! The way through: [`Erasures::read`] reads the rows and what the logs say; [`Erased::leaf`] is asked for each record that a row calls erased;
//! [`Erasures::findings`] gives what has no record.
//!
//! What holds: the leaf hash of an erased record is taken from the tree only if a tombstone stands in its place and a record of a log, which
//! fits its own leaf hash, says the same as the row. Whatever else is missing or different is a finding.
//!
//! Not here: whether the log is what was signed: it is a ledger and is audited as all others.
//!
//! Source: decision 0108.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use gate::erasure::{ERASURE, Logged, logged, recorded};
use ledger::Hash;
use ledger::audit::Finding;
use ledger::record::{ERASED_SECRET, Record, Secret, Tombstone};
use sql::erasures::Erasure;
use sql::ledgers::LedgerRow;
use sql::{Db, LedgerId};

/// A record that a row calls erased.
#[derive(Debug, Clone)]
pub struct Erased {
    /// The row.
    pub erasure: Erasure,
    /// Why the row is not believed.
    problem: Option<String>,
}

/// The erased records of one ledger, by index.
pub type OfLedger = BTreeMap<u64, Erased>;

/// All erased records.
#[derive(Debug, Default)]
pub struct Erasures {
    by_ledger: HashMap<LedgerId, Arc<OfLedger>>,
    /// By origin: records that a log calls erased, and no row.
    unfinished: HashMap<String, BTreeMap<u64, String>>,
}

impl Erased {
    /// The leaf hash of an erased record, or what is wrong.
    ///
    /// - `text`, `secret`, `leaf_hash`: as they are stored.
    ///
    /// # Errors
    ///
    /// What does not fit.
    pub fn leaf(&self, text: &str, secret: &Secret, leaf_hash: &Hash) -> Result<Hash, String> {
        let Self { erasure, problem } = self;
        if let Some(problem) = problem {
            return Err(problem.clone());
        }
        if erasure.leaf_hash != *leaf_hash {
            let stated = erasure.leaf_hash;
            return Err(format!(
                "its erasure names leaf hash {stated}, the ledger committed to {leaf_hash}"
            ));
        }
        if text != erasure.tombstone().text() || *secret != ERASED_SECRET {
            return Err("it was erased, and something else than its tombstone stands in its place"
                .to_owned());
        }
        Ok(*leaf_hash)
    }
}

/// Why a record that no row calls erased has a tombstone's text; none if it has another.
pub fn unrecorded(record: &Record) -> Option<String> {
    let what =
        "its text says that it was erased, and no erasure of it is stored: somebody removed it";
    Tombstone::of(record.json()).map(|_| what.to_owned())
}

impl Erasures {
    /// Reads them.
    ///
    /// # Errors
    ///
    /// If the database cannot be read.
    pub async fn read(db: &Db, ledgers: &[LedgerRow]) -> Result<Self, sql::Error> {
        let origins: HashMap<LedgerId, &str> =
            ledgers.iter().map(|row| (row.id, row.origin.as_str())).collect();
        let logged: HashMap<(LedgerId, u64), Logged> = sql::erasures::logged(db, ERASURE)
            .await?
            .iter()
            .filter_map(|stored| Some(((stored.ledger, stored.index), logged(stored)?)))
            .collect();
        let mut by_ledger: HashMap<LedgerId, OfLedger> = HashMap::new();
        for erasure in sql::erasures::list(db).await? {
            let origin = origins.get(&erasure.ledger).copied().unwrap_or_default();
            let problem = match logged.get(&erasure.log) {
                None => Some("it was erased, and no log has a record of that".to_owned()),
                Some(one) if one.said.canonical() != recorded(origin, &erasure).canonical() => {
                    Some(format!(
                        "it was erased, and record {} of the log says otherwise",
                        erasure.log.1
                    ))
                }
                Some(_) => None,
            };
            let of_ledger = by_ledger.entry(erasure.ledger).or_default();
            of_ledger.insert(erasure.index, Erased { erasure, problem });
        }
        let numbers: HashMap<&str, LedgerId> =
            origins.iter().map(|(id, origin)| (*origin, *id)).collect();
        let mut unfinished: HashMap<String, BTreeMap<u64, String>> = HashMap::new();
        for ((log, index), one) in logged {
            let id = numbers.get(one.origin.as_str());
            let is_done = id.and_then(|id| by_ledger.get(id)?.get(&one.index)).is_some();
            if !is_done {
                let what = format!(
                    "record {index} of {} says that it was erased, and no erasure of it is stored: run `chopmark event erase` again",
                    origins.get(&log).copied().unwrap_or_default()
                );
                unfinished.entry(one.origin).or_default().insert(one.index, what);
            }
        }
        let by_ledger = by_ledger.into_iter().map(|(id, all)| (id, Arc::new(all))).collect();
        Ok(Self { by_ledger, unfinished })
    }

    /// Those of a ledger.
    pub fn of(&self, ledger: LedgerId) -> Arc<OfLedger> {
        self.by_ledger.get(&ledger).cloned().unwrap_or_default()
    }

    /// What no record of a ledger of `size` records can say.
    pub fn findings(&self, row: &LedgerRow, size: u64) -> Vec<Finding> {
        let finding = |index: u64, what: String| Finding {
            ledger: row.origin.clone(),
            index: Some(index),
            what,
        };
        let unfinished = self.unfinished.get(&row.origin).into_iter().flatten();
        let unfinished = unfinished.map(|(index, what)| finding(*index, what.clone()));
        let all = self.of(row.id);
        let beyond = all.range(size..).map(|(index, _)| {
            finding(*index, "it was erased, and the ledger has no such record".to_owned())
        });
        unfinished.chain(beyond).collect()
    }
}
