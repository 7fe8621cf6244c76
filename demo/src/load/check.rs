//! Whether what was answered is what is recorded: nothing lost, nothing doubled, and the audit clean.

use std::collections::BTreeMap;
use std::path::Path;

use demo::simulators::seeded::Seeded;
use demo::traffic::{Step, Target};

use super::account::{Account, Counted, Recorded, Scanned};
use super::arguments::Arguments;
use super::installation::{Audit, Installation};
use super::look_up;
use super::spans::Spans;
use crate::{program, web};

/// How many capture jobs are asked for by their id.
const JOBS: usize = 50;

/// Why something is not checked.
const NO_OPERATOR: &str =
    "the address at which trace-api answers its operator is not known (--operator or --config)";

/// What a check found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finding {
    /// It held; with the figures.
    Held(String),
    /// It did not; with what was found.
    Failed(String),
    /// It could not be checked; why.
    NotChecked(String),
}

/// A check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// What must hold.
    pub what: &'static str,
    /// What was found.
    pub finding: Finding,
}

impl Check {
    /// Whether it did not hold.
    pub fn is_failed(&self) -> bool {
        matches!(self.finding, Finding::Failed(_))
    }
}

/// What the installation had before anything was sent.
#[derive(Debug)]
pub struct Before {
    sizes: Option<BTreeMap<String, u64>>,
    scans: Option<u64>,
}

impl Before {
    /// Asks for it.
    ///
    /// # Errors
    ///
    /// If trace-api does not answer its operator.
    pub fn read(installation: &Installation) -> anyhow::Result<Self> {
        let operator = installation.operator.as_deref();
        Ok(Self {
            sizes: operator.map(look_up::sizes).transpose()?,
            scans: operator.map(look_up::scans).transpose()?,
        })
    }
}

/// Makes all checks.
///
/// # Errors
///
/// If a question is not answered.
pub fn all(
    arguments: &Arguments,
    installation: &Installation,
    account: &Account,
    before: &Before,
) -> anyhow::Result<Vec<Check>> {
    let after = Before::read(installation)?;
    let is_shared = arguments.shared;
    let not_known = || Finding::NotChecked(NO_OPERATOR.to_owned());
    let (answers, ledgers, scans) = account.read(|counted| {
        let ledgers = before.sizes.as_ref().zip(after.sizes.as_ref());
        let ledgers = ledgers.map(|(before, after)| grown(counted, before, after, is_shared));
        let scans = before.scans.zip(after.scans);
        let scans = scans.map(|(before, after)| {
            let more = after.saturating_sub(before);
            scanned(&counted.scans, more, is_shared, arguments.chaos.is_some())
        });
        (answered(counted), ledgers.unwrap_or_else(not_known), scans.unwrap_or_else(not_known))
    });
    let check = |what, finding| Check { what, finding };
    Ok(vec![
        check("every document was recorded, and no two answers share an index", answers),
        check("the ledgers grew by exactly what was answered", ledgers),
        check(
            "documents chosen by chance are in their items' histories, once",
            items(installation, account)?,
        ),
        check("their capture jobs say that they succeeded", jobs(installation, account)?),
        check("every answered scan was counted, repeats apart", scans),
        check("the audit finds every ledger whole", audit(installation)?),
    ])
}

/// Whether every document was recorded, with an index of its own for each event.
fn answered(counted: &Counted) -> Finding {
    let Counted { documents, refused, unknown, faults, .. } = counted;
    let events: u64 = counted.ledgers.values().map(Spans::count).sum();
    if refused + unknown + faults == 0 {
        return Finding::Held(format!("{documents} documents, {events} events"));
    }
    let mut words = format!(
        "of {} documents {refused} were refused and {unknown} have no answer; {faults} answers do not fit",
        documents + refused + unknown
    );
    for text in counted.first_refusal.iter().chain(&counted.first_faults) {
        words = format!("{words}; {text}");
    }
    Finding::Failed(words)
}

/// Whether each ledger grew by the events that were answered, and their indexes are what is new in it.
fn grown(
    counted: &Counted,
    before: &BTreeMap<String, u64>,
    after: &BTreeMap<String, u64>,
    is_shared: bool,
) -> Finding {
    let mut held = Vec::new();
    for (origin, indexes) in &counted.ledgers {
        let first = before.get(origin).copied().unwrap_or_default();
        let Some(end) = after.get(origin).copied() else {
            return Finding::Failed(format!("{origin} is not among the ledgers"));
        };
        let mut at = first;
        for (from, to) in indexes.iter() {
            if from < at || to > end {
                return Finding::Failed(format!(
                    "{origin}: answers gave indexes {from} to {}, expected some of {at} to {}",
                    to - 1,
                    end.saturating_sub(1)
                ));
            }
            if from > at && !is_shared {
                return Finding::Failed(lost(origin, at, from));
            }
            at = to;
        }
        if at < end && !is_shared {
            return Finding::Failed(lost(origin, at, end));
        }
        held.push(format!("{origin}: {first} to {end}"));
    }
    let held = held.join(", ");
    Finding::Held(if is_shared { format!("{held}, with those of others") } else { held })
}

fn lost(origin: &str, from: u64, to: u64) -> String {
    format!("{origin}: no answer gave indexes {from} to {}, expected that none is left out", to - 1)
}

/// Whether trace-api counted the scans that it answered.
///
/// - `more`: by how much its counter rose.
/// - `was_killed`: whether a process was killed meanwhile. A scan whose first answer was lost then may be stored and not
///   counted, and its second is a repeat.
fn scanned(scans: &Scanned, more: u64, is_shared: bool, was_killed: bool) -> Finding {
    let least = scans.answered - scans.repeats;
    let most = if is_shared { u64::MAX } else { least + scans.lost };
    let least = if was_killed { least.saturating_sub(scans.again) } else { least };
    let Scanned { answered, repeats, lost, .. } = scans;
    let words = format!(
        "{answered} answered, {repeats} of them repeats, {lost} without an answer; {more} counted"
    );
    if (least..=most).contains(&more) {
        return Finding::Held(words);
    }
    let most = if is_shared { "more".to_owned() } else { most.to_string() };
    Finding::Failed(format!("{words}, expected {least} to {most}"))
}

/// Looks up an item or container of each document of the sample.
fn items(installation: &Installation, account: &Account) -> anyhow::Result<Finding> {
    let Some(operator) = &installation.operator else {
        return Ok(Finding::NotChecked(NO_OPERATOR.to_owned()));
    };
    let sample = account.read(|counted| counted.sample.clone());
    let mut random = Seeded::new(sample.len() as u64);
    let mut faults = Vec::new();
    for document in &sample {
        let (uri, event) = named_by(account, document, &mut random);
        faults.extend(look_up::fault_of(operator, &uri, document, event)?);
    }
    Ok(match faults.first() {
        None => Finding::Held(format!("{} looked up", sample.len())),
        Some(first) => {
            Finding::Failed(format!("{} of {}; the first: {first}", faults.len(), sample.len()))
        }
    })
}

/// What one event of a document names, chosen by chance: an item or container, and which event.
fn named_by(account: &Account, document: &Recorded, random: &mut Seeded) -> (String, usize) {
    let goods = &account.goods[document.sender];
    let shape = goods.shape();
    let event = random.below(shape.events);
    let container = document.batch * shape.events + event;
    let uri = match document.step {
        Step::Commissioning | Step::Packing => {
            goods.item(container * shape.items + random.below(shape.items))
        }
        Step::Shipping | Step::Receiving => goods.container(container),
    };
    (uri, usize::try_from(event).unwrap_or_default())
}

/// Asks ingest for some capture jobs.
fn jobs(installation: &Installation, account: &Account) -> anyhow::Result<Finding> {
    let sample = account.read(|counted| counted.sample.clone());
    let asked = sample.len().min(JOBS);
    let Target { host, base, .. } = &installation.ingest;
    for document in &sample[..asked] {
        let url = format!("http://{host}{base}/capture/{}", document.capture);
        let bearer = format!("Bearer {}", installation.senders[document.sender].token);
        let job = web::get(&url, &[("Authorization", &bearer)])?;
        let text = String::from_utf8_lossy(&job.body);
        if job.status != 200 || !text.contains("\"success\":true") {
            let status = job.status;
            return Ok(Finding::Failed(format!("{url}: got {status} {text}, expected a success")));
        }
    }
    Ok(Finding::Held(format!("{asked} asked for")))
}

/// Runs `chopmark audit`.
fn audit(installation: &Installation) -> anyhow::Result<Finding> {
    let words = match &installation.audit {
        Audit::Not(why) => return Ok(Finding::NotChecked(why.clone())),
        Audit::By(words) => words,
    };
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let (status, text) = program::run(Path::new("."), &words)?;
    let text = text.trim();
    Ok(match status {
        // What stands at the margin is a ledger and its state.
        0 => {
            let ledgers = text.lines().filter(|line| !line.starts_with(' '));
            Finding::Held(ledgers.collect::<Vec<_>>().join("; "))
        }
        _ => Finding::Failed(format!("`chopmark audit` ended with {status}: {text}")),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counted(indexes: &[u64]) -> Counted {
        let mut counted = Counted::default();
        for index in indexes {
            counted.ledgers.entry("l".to_owned()).or_default().add(*index);
        }
        counted
    }

    fn sizes(size: u64) -> BTreeMap<String, u64> {
        BTreeMap::from([("l".to_owned(), size)])
    }

    #[test]
    fn an_index_that_is_lost_at_the_beginning_the_middle_or_the_end_is_named() {
        let grown =
            |indexes: &[u64], shared| grown(&counted(indexes), &sizes(5), &sizes(9), shared);
        assert_eq!(grown(&[8, 5, 7, 6], false), Finding::Held("l: 5 to 9".to_owned()));
        for (indexes, lost) in
            [(&[6, 7, 8], "5 to 5"), (&[5, 6, 8], "7 to 7"), (&[5, 6, 7], "8 to 8")]
        {
            let Finding::Failed(words) = grown(indexes, false) else { panic!("{indexes:?}") };
            assert!(words.contains(&format!("no answer gave indexes {lost}")), "{words}");
            assert!(matches!(grown(indexes, true), Finding::Held(_)), "others may have them");
        }
        for indexes in [&[4, 5, 6, 7, 8], &[5, 6, 7, 8, 9]] {
            assert!(matches!(grown(indexes, true), Finding::Failed(_)), "{indexes:?} is not new");
        }
    }

    #[test]
    fn scans_that_were_counted_twice_or_not_at_all_are_told() {
        let scans = Scanned { answered: 100, repeats: 2, lost: 1, again: 3, ..Scanned::default() };
        let holds = |more, shared, killed| {
            matches!(scanned(&scans, more, shared, killed), Finding::Held(_))
        };
        assert!(holds(98, false, false) && holds(99, false, false));
        assert!(!holds(97, false, false) && !holds(100, false, false));
        assert!(holds(95, false, true) && !holds(94, false, true) && !holds(100, false, true));
        assert!(holds(1000, true, false) && !holds(97, true, false));
    }

    #[test]
    fn a_refused_document_and_one_without_an_answer_are_named() {
        assert!(matches!(answered(&counted(&[1])), Finding::Held(_)));
        let with = |change: fn(&mut Counted)| {
            let mut counted = counted(&[1]);
            change(&mut counted);
            answered(&counted)
        };
        let refused = with(|counted| {
            counted.refused = 1;
            counted.first_refusal = Some("422: why".to_owned());
        });
        let Finding::Failed(words) = refused else { panic!("a refusal is told") };
        assert!(words.contains("1 were refused") && words.contains("422: why"), "{words}");
        assert!(matches!(with(|counted| counted.unknown = 1), Finding::Failed(_)));
        assert!(matches!(with(|counted| counted.faults = 1), Finding::Failed(_)));
    }
}
