//! What was answered, kept until it is compared with what is recorded.
//!
//! What holds: every index that an answer gave is in the account; memory is bounded but for gaps in indexes; a document
//! whose answer was lost is kept and asked for again, because the same document gets the same answer.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use demo::simulators::seeded::Seeded;
use demo::traffic::{Done, Goods, Journeys, Request, Step};
use serde_json::Value;

use super::spans::Spans;

/// Most batches that scans choose from.
const BATCHES: usize = 1 << 20;
/// How many documents are looked up one by one at the end.
const SAMPLE: usize = 200;
/// Most documents without an answer that are kept.
const LOST: usize = 10_000;
/// Most faults that are kept as text.
const FAULTS: usize = 5;

/// A document that was recorded.
#[derive(Debug, Clone)]
pub struct Recorded {
    /// Which sender's goods.
    pub sender: usize,
    /// What it stated.
    pub step: Step,
    /// Of which batch.
    pub batch: u64,
    /// Origin of the ledger.
    pub ledger: String,
    /// Index of each of its events.
    pub indexes: Vec<u64>,
    /// Id of the capture job.
    pub capture: String,
}

/// Scans that ended.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Scanned {
    /// Answered with a verdict.
    pub answered: u64,
    /// Of these, the same device's second look at the same item.
    pub repeats: u64,
    /// Without an answer; they may have been counted.
    pub lost: u64,
    /// Sent more than once and then answered.
    pub again: u64,
    /// Verdicts.
    pub verdicts: BTreeMap<String, u64>,
}

/// Everything that is counted.
#[derive(Debug, Default)]
pub struct Counted {
    /// Indexes that answers gave, by ledger.
    pub ledgers: BTreeMap<String, Spans>,
    /// Documents that were recorded.
    pub documents: u64,
    /// Documents that were refused for good.
    pub refused: u64,
    /// Documents of which it is not known what became.
    pub unknown: u64,
    /// Indexes that two answers gave, and other faults of answers.
    pub faults: u64,
    /// The first of them.
    pub first_faults: Vec<String>,
    /// The first refusal.
    pub first_refusal: Option<String>,
    /// Some of the recorded documents, chosen by chance.
    pub sample: Vec<Recorded>,
    /// Scans.
    pub scans: Scanned,
    lost: Vec<Request>,
    made: Vec<(usize, u64)>,
}

/// The account of a run.
#[derive(Debug)]
pub struct Account {
    /// Goods of each sender.
    pub goods: Vec<Goods>,
    counted: Mutex<(Counted, Seeded)>,
}

impl Account {
    /// Nothing counted.
    pub fn new(goods: Vec<Goods>, seed: u64) -> Self {
        Self { goods, counted: Mutex::new((Counted::default(), Seeded::new(seed))) }
    }

    fn lock(&self) -> MutexGuard<'_, (Counted, Seeded)> {
        self.counted.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads what was counted.
    pub fn read<T>(&self, look: impl FnOnce(&Counted) -> T) -> T {
        look(&self.lock().0)
    }

    /// The first refusal.
    pub fn first_refusal(&self) -> Option<String> {
        self.read(|counted| counted.first_refusal.clone())
    }

    /// Sender, step and batch of the document of this number.
    pub fn document(&self, number: u64) -> (usize, Step, u64) {
        let senders = u64::try_from(self.goods.len()).unwrap_or(1).max(1);
        let (step, batch) = Journeys::document(number / senders);
        (usize::try_from(number % senders).unwrap_or_default(), step, batch)
    }

    /// Counts how a document ended; its request is named by its number.
    pub fn captured(&self, done: &Done<'_>) {
        let (counted, random) = &mut *self.lock();
        match done.answer {
            Some(answer) if answer.status == 202 => {
                let place = self.document(done.request.id);
                match recorded(place, &answer.body) {
                    Ok(recorded) => counted.record(recorded, &self.goods[place.0], random),
                    Err(fault) => counted.fault(fault),
                }
            }
            // A 503 may be for work that goes on and is committed later.
            None | Some(demo::traffic::Answer { status: 503, .. }) => {
                counted.unknown += 1;
                if counted.lost.len() < LOST {
                    counted.lost.push(done.request.clone());
                }
            }
            Some(answer) => {
                counted.refused += 1;
                let text = String::from_utf8_lossy(&answer.body);
                let text = text.chars().take(600).collect::<String>();
                counted.first_refusal.get_or_insert(format!("{}: {text}", answer.status));
            }
        }
    }

    /// The documents whose answer was lost; they are counted again when they are asked for again.
    pub fn take_lost(&self) -> Vec<Request> {
        let counted = &mut self.lock().0;
        counted.unknown -= u64::try_from(counted.lost.len()).unwrap_or(counted.unknown);
        std::mem::take(&mut counted.lost)
    }

    /// An item that is recorded, chosen by chance: the path to scan it.
    pub fn some_item(&self, random: &mut Seeded) -> Option<String> {
        let guard = self.lock();
        let made = &guard.0.made;
        let place = usize::try_from(random.below(u64::try_from(made.len()).ok()?)).ok()?;
        let (sender, batch) = *made.get(place)?;
        let goods = &self.goods[sender];
        let items = goods.items_of(batch);
        Some(goods.scan_path(items.start + random.below(items.end - items.start)))
    }

    /// Counts how a scan ended; true if it was answered.
    ///
    /// - `is_repeat`: the same device asked for the item before and was answered.
    pub fn scanned(&self, done: &Done<'_>, is_repeat: bool) -> bool {
        let scans = &mut self.lock().0.scans;
        let Some(answer) = done.answer else {
            scans.lost += 1;
            return false;
        };
        if answer.status != 200 {
            // It may have been stored before something failed.
            scans.lost += u64::from(answer.status >= 500);
            return false;
        }
        scans.answered += 1;
        scans.repeats += u64::from(is_repeat);
        scans.again += u64::from(done.attempts > 1);
        let verdict = serde_json::from_slice::<Value>(&answer.body)
            .ok()
            .and_then(|json| json.get("verdict")?.as_str().map(str::to_owned));
        *scans.verdicts.entry(verdict.unwrap_or_else(|| "?".to_owned())).or_default() += 1;
        true
    }
}

impl Counted {
    fn fault(&mut self, fault: String) {
        self.faults += 1;
        if self.first_faults.len() < FAULTS {
            self.first_faults.push(fault);
        }
    }

    fn record(&mut self, recorded: Recorded, goods: &Goods, random: &mut Seeded) {
        let expected = goods.shape().events;
        if u64::try_from(recorded.indexes.len()) != Ok(expected) {
            let got = recorded.indexes.len();
            self.fault(format!(
                "capture {}: got {got} indexes, expected {expected}",
                recorded.capture
            ));
        }
        let spans = self.ledgers.entry(recorded.ledger.clone()).or_default();
        let twice: Vec<u64> =
            recorded.indexes.iter().copied().filter(|index| !spans.add(*index)).collect();
        for index in twice {
            self.fault(format!("two answers gave index {index} of {}", recorded.ledger));
        }
        self.documents += 1;
        if recorded.step == Step::Commissioning {
            let made = (recorded.sender, recorded.batch);
            if self.made.len() < BATCHES {
                self.made.push(made);
            } else if let Some(place) = place_of(random, BATCHES) {
                self.made[place] = made;
            }
        }
        if self.sample.len() < SAMPLE {
            self.sample.push(recorded);
        } else if let Some(place) = usize::try_from(random.below(self.documents)).ok()
            && place < SAMPLE
        {
            self.sample[place] = recorded;
        }
    }
}

fn place_of(random: &mut Seeded, count: usize) -> Option<usize> {
    usize::try_from(random.below(u64::try_from(count).ok()?)).ok()
}

/// Reads the answer to a document.
fn recorded((sender, step, batch): (usize, Step, u64), body: &[u8]) -> Result<Recorded, String> {
    let shown = || String::from_utf8_lossy(body).chars().take(300).collect::<String>();
    let read = || {
        let answer: Value = serde_json::from_slice(body).ok()?;
        let text = |name: &str| answer.get(name)?.as_str().map(str::to_owned);
        let indexes = answer.get("indexes")?.as_array()?.iter().map(Value::as_u64);
        let indexes = indexes.collect::<Option<Vec<u64>>>()?;
        let is_whole = answer.get("refusals")?.as_array()?.is_empty();
        let (ledger, capture) = (text("ledger")?, text("capture")?);
        is_whole.then_some(Recorded { sender, step, batch, ledger, indexes, capture })
    };
    read().ok_or_else(|| {
        format!("an answer of status 202: got `{}`, expected ledger, capture and indexes, and no refusals", shown())
    })
}

#[cfg(test)]
mod tests;
