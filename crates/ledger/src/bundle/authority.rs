//! Who keeps the ledgers of a bundle, and who may issue its item: what the directory's proof in it shows.
//!
//! The way through: [`Authority::establish`] checks the proof from the policy's pin on and gives the policy that follows;
//! after the ledgers and the hub were checked with it, [`Authority::check_in_hub`] and [`Authority::describe`] add theirs.
//!
//! What holds: with a pin, no key, hub or contract counts that the directory does not state; without its proof none
//! does, and the outcome is no better than "cannot tell". Whose a ledger is and who is licensed is told, and lowers nothing:
//! the records of a stranger are proved to be the stranger's.
//!
//! Not here: the steps of the proof ([`crate::directory::verify_proof`]); what holds today, for which somebody must
//! know the time.
//!
//! Source: docs/formats/bundle-v2.md, "Directory".

use std::collections::BTreeSet;

use super::{
    file::{Bundle, LedgerHistory},
    report::{DirectoryDates, Report, TODAY},
};
use crate::{
    checkpoint::Checkpoint,
    directory::{Licence, Lookup, ProvedDirectory, verify_proof},
    policy::Policy,
};

const NAME: &str = "directory";
/// Most parties and licences in a line of the report.
const MAX_NAMES: usize = 10;

/// What the directory says, and the policy that follows.
pub(super) struct Authority {
    /// Under which checkpoints and the anchor are checked.
    pub policy: Policy,
    proved: Option<ProvedDirectory>,
}

impl Authority {
    /// Checks the bundle's proof from the policy's pin on.
    pub fn establish(bundle: &Bundle, policy: &Policy, report: &mut Report) -> Self {
        let Some(pin) = &policy.directory else {
            let detail = "the policy pins no directory: who keeps a ledger, and who may issue the item, was not checked";
            report.leave("authority", detail);
            return Self { policy: policy.clone(), proved: None };
        };
        let nothing = || policy.narrowed_from(&Policy::default());
        let Some(proof) = &bundle.directory else {
            let detail =
                format!("the policy pins {}, and the bundle holds no proof of it", pin.origin);
            report.miss(NAME, &detail);
            return Self { policy: nothing(), proved: None };
        };
        let proved = match verify_proof(proof, pin) {
            Ok(proved) => proved,
            Err(error) => {
                report.fail(NAME, &error.to_string());
                return Self { policy: nothing(), proved: None };
            }
        };
        let detail = format!(
            "{} of root version {}, as of {}",
            pin.origin, proved.root.version, proved.state_at
        );
        report.pass(NAME, &detail);
        report.directory = Some(DirectoryDates {
            state_at: proved.state_at.clone(),
            state_until: proved.state_until.clone(),
            root_until: proved.root_until.clone(),
        });
        Self { policy: policy.narrowed_from(&proved.policy), proved: Some(proved) }
    }

    /// The directory's checkpoint is in the hub of the bundle.
    pub fn check_in_hub(&self, bundle: &Bundle, hub: Option<&Checkpoint>, report: &mut Report) {
        let (Some(proved), Some(proof)) = (&self.proved, &bundle.directory) else { return };
        let name = "directory in the hub";
        match (&proof.hub, hub) {
            (Some(place), Some(hub)) => match proved.check_in_hub(proof, hub) {
                Ok(()) => report.pass(
                    name,
                    &format!("its checkpoint is entry {} of {}", place.index, hub.origin),
                ),
                Err(error) => report.fail(name, &error.to_string()),
            },
            (Some(_), None) => report.fail(
                name,
                "there is no accepted checkpoint of the hub that its path could lead to",
            ),
            (None, Some(_)) => {
                let detail = "the bundle holds no path from the directory into the hub: others may be shown another \
                              directory";
                report.miss(name, detail);
            }
            (None, None) => {}
        }
    }

    /// Lists whose the ledgers are, who is licensed, and what the directory leaves open.
    pub fn describe(&self, bundle: &Bundle, report: &mut Report) {
        let Some(proved) = &self.proved else { return };
        for history in &bundle.histories {
            describe_ledger(proved, history, report);
        }
        describe_licence(proved, &bundle.item, report);
        let detail = format!(
            "the directory is as of {}; it tells what holds until {}, its root until {}; after that nobody can tell",
            proved.state_at, proved.state_until, proved.root_until
        );
        report.leave(TODAY, &detail);
        if proved.has_auditors {
            report.leave("auditors", "the root names auditors, whose cosignatures are not checked");
        }
    }
}

fn describe_ledger(proved: &ProvedDirectory, history: &LedgerHistory, report: &mut Report) {
    let name = format!("who keeps {}", history.origin);
    if !proved.ledgers.contains_key(&history.origin) {
        return report.leave(&name, "the proof does not show this ledger");
    }
    let of = |index: u64| proved.speaker(&history.origin, index);
    let speakers: BTreeSet<Option<&str>> =
        history.records.iter().map(|record| of(record.index)).collect();
    if speakers.contains(&None) {
        let detail =
            "got a record above the last good checkpoint of a revoked pair, which is nobody's";
        return report.miss(&name, detail);
    }
    let parties: Vec<&str> = speakers.into_iter().flatten().take(MAX_NAMES).collect();
    report.pass(&name, &format!("its records here are of {}", parties.join(", ")));
}

fn describe_licence(proved: &ProvedDirectory, item: &str, report: &mut Report) {
    const NAME: &str = "who may issue the item";
    // Of bits in a link no verifier reads a key.
    let is_written = epc::thing_key(item) == epc::written_key(item);
    let Some(digits) = epc::licence_digits(item).filter(|_| is_written) else {
        return report.leave(NAME, "the item has no GS1 key, so no licence can be looked up");
    };
    match proved.licensee(&digits) {
        Err(error) => report.fail(NAME, &error.to_string()),
        Ok(Lookup::NotShown) => {
            report.leave(NAME, &format!("the proof does not show who is licensed for {digits}"));
        }
        Ok(Lookup::Absent) => {
            report.pass(NAME, &format!("nobody is or was licensed for {digits}"));
        }
        Ok(Lookup::Found((prefix, licences))) => {
            let parts: Vec<String> = licences.iter().take(MAX_NAMES).map(licence_text).collect();
            report.pass(NAME, &format!("prefix {prefix}: {}", parts.join("; ")));
        }
    }
}

fn licence_text(licence: &Licence) -> String {
    let grade = match licence.grade.as_str() {
        "A" => "grade A: proved by a licence of GS1",
        "B" => "grade B: looked up in a registry",
        _ => "grade C: stated by the party itself",
    };
    format!("{} from {} until {} ({grade})", licence.party, licence.from, licence.until)
}
