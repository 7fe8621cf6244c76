//! Gives a partner's document its place: its records join the draft, and its despatch advices are expected elsewhere.
//!
//! What holds:
//!
//! - every event was checked with the rights that hold now;
//! - of a document that is to be taken whole, either all events are recorded or none;
//! - a part of a long document is taken as it was judged before the first part;
//! - the document is stored with the answer that it gets, so that the same document gets the same one; a document of
//!   which nothing was recorded is not, so that it can be sent again when what it was refused for has changed.

use std::collections::HashSet;

use super::draft::{AnnouncedRow, Draft, RefusalRow};
use super::look_up::LookedUp;
use super::prepare::renewed;
use super::site_ledger::SiteLedger;
use super::work::{Announced, Made, ReadyCapture, faults_of};
use crate::excerpt::excerpt;
use crate::facts::{PendingAdvice, PendingFacts};
use crate::outcome::{Outcome, RefusalAnswer};
use crate::problem::Problem;
use crate::rules::interpret::Advice;
use crate::statement::{ErrorBehaviour, WholeRefusal, detail_of, whole_refusal};
use crate::terms::{Fault, Faults};

/// Most refused events that an answer lists one by one.
const MOST_LISTED: usize = 1000;

impl ReadyCapture {
    /// What its records announce.
    pub(super) fn announced(&self) -> impl Iterator<Item = &Announced> {
        self.made.iter().flatten().flat_map(|made| &made.announced)
    }
}

impl Announced {
    /// The announcement as deliveries that follow must see it.
    pub(super) fn pending(&self, shipped_by: &str) -> PendingAdvice {
        PendingAdvice {
            receiver: self.receiver,
            advice: Advice {
                reference: self.reference.clone(),
                shipped_by: shipped_by.to_owned(),
                epcs: self.epcs.clone(),
            },
            things: self.things.clone(),
        }
    }
}

/// Adds a document that was not answered before to the draft, or refuses it.
///
/// # Errors
///
/// [`Problem::Malformed`] if nothing of it is recorded; its refusal is in the draft.
pub(super) fn sequence(
    ledger: &SiteLedger,
    draft: &mut Draft,
    looked_up: &LookedUp,
    document: &ReadyCapture,
) -> Result<Outcome, Problem> {
    let renewed = renewed(ledger, document);
    let made = renewed.as_ref().unwrap_or(&document.made);
    let is_any_valid = made.iter().any(Result::is_ok);
    let is_all_valid = made.iter().all(Result::is_ok);
    let is_refused =
        !is_any_valid || (document.behaviour == ErrorBehaviour::Rollback && !is_all_valid);
    // Of a long document that was decided before its first part.
    if is_refused && document.part.is_none() {
        let refusal = whole_refusal(&faults_of(made));
        refuse(draft, document, made, refusal.code, &refusal.detail, refusal.count);
        draft.refused_events.push((refusal.code, refusal.count));
        return Err(refusal.to_problem());
    }
    // The last part is stored with the answer to the whole document.
    let before = document.part.as_ref().filter(|_| document.unfinished().is_none());
    let mut outcome =
        before.map_or_else(|| Outcome::empty(&ledger.site.origin), |part| part.before.clone());
    outcome.capture = Some(document.capture.clone());
    behave(document.behaviour, &mut outcome);
    "recorded".clone_into(&mut outcome.outcome);
    if document.first() == 0 {
        outcome.notes.extend(document.document.note());
    }
    for one in made.iter().flatten() {
        let index = draft.add(one.record.clone());
        outcome.indexes.push(index);
        for announced in &one.announced {
            announce(ledger, draft, looked_up, index, announced, &mut outcome.notes);
        }
    }
    list_faults(draft, document, made, &mut outcome);
    outcome.size = draft.size();
    Ok(outcome)
}

/// Says how the document was taken: whoever continues with `rollback` what was begun with `proceed`, or the other way
/// round, gets `proceed`, because events may have been left out.
fn behave(now: ErrorBehaviour, outcome: &mut Outcome) {
    let before = outcome.behaviour.take().filter(|before| before != now.word());
    let Some(before) = before else {
        outcome.behaviour = Some(now.word().to_owned());
        return;
    };
    outcome.notes.push(format!(
        "the document was begun with {before} and continued with {}; what was recorded or refused before stayed so",
        now.word()
    ));
    outcome.behaviour = Some(ErrorBehaviour::Proceed.word().to_owned());
}

/// Lists the events that were refused in the answer, and stores them as one refusal: the sender is known.
fn list_faults(
    draft: &mut Draft,
    document: &ReadyCapture,
    made: &[Result<Made, Fault>],
    outcome: &mut Outcome,
) {
    let faults = made.iter().enumerate();
    let faults: Vec<(usize, &Fault)> =
        faults.filter_map(|(place, made)| Some((place, made.as_ref().err()?))).collect();
    let Some((_, first)) = faults.first() else { return };
    for (_, fault) in &faults {
        draft.refused_events.push((fault.code, 1));
    }
    let listed = document.part.as_ref().map_or(0, |part| part.before.refusals.len());
    let room = MOST_LISTED.saturating_sub(listed);
    for (place, fault) in faults.iter().take(room) {
        let detail = format!("event {}: {}", document.first() + place, detail_of(fault));
        outcome.refusals.push(RefusalAnswer { code: fault.code.to_owned(), detail, count: 1 });
    }
    let mut rest = Faults::default();
    for (place, fault) in faults.iter().skip(room) {
        rest.add(*place, (*fault).clone());
    }
    if !rest.is_empty() {
        let WholeRefusal { code, detail, count, .. } = whole_refusal(&rest);
        let detail = format!("{count} more events, the first: {detail}");
        outcome.refusals.push(RefusalAnswer { code: code.to_owned(), detail, count });
    }
    let detail = format!("{} events refused, the first: {}", faults.len(), detail_of(first));
    refuse(draft, document, made, first.code, &detail, faults.len() as u64);
}

/// Adds the refusal of `count` events of a document.
fn refuse(
    draft: &mut Draft,
    document: &ReadyCapture,
    made: &[Result<Made, Fault>],
    code: &'static str,
    detail: &str,
    count: u64,
) {
    let refused = made.iter().position(Result::is_err);
    let refused = refused.and_then(|place| document.document.event(document.first() + place));
    let body = refused.and_then(|stated| stated.event.ok());
    let body = body.map(|event| event.json().canonical()).unwrap_or_default();
    draft.refusals.push(RefusalRow {
        at: document.at,
        source: document.partner.clone(),
        kind: "capture",
        code,
        detail: detail.to_owned(),
        body_sha256: document.sha256,
        excerpt: excerpt(body.as_bytes()).to_vec(),
        count,
    });
}

/// Adds what the record `index` announces, and a note if it was announced before with other items.
fn announce(
    ledger: &SiteLedger,
    draft: &mut Draft,
    looked_up: &LookedUp,
    index: u64,
    announced: &Announced,
    notes: &mut Vec<String>,
) {
    let Announced { receiver, destination, reference, epcs, .. } = announced;
    let shipped_by = &ledger.site.party.name;
    let announced_in = |pending: &PendingFacts| {
        pending.announced(*receiver, shipped_by, reference).next().map(<[String]>::to_vec)
    };
    let before = announced_in(&draft.pending).or_else(|| announced_in(&draft.earlier));
    let stored = looked_up.before.get(&(*receiver, reference.clone()));
    if let Some((more, less)) = before.as_ref().or(stored).and_then(|before| compare(epcs, before))
    {
        notes.push(format!(
            "despatch advice {reference} to {destination} was announced before with other items: now {more} more and \
             {less} fewer; both are kept"
        ));
    }
    draft.pending.add_advice(announced.pending(shipped_by));
    draft.announced.push(AnnouncedRow { announced: announced.clone(), index });
}

/// How many things of `now` are not in `before`, and the other way round; `None` if they are the same.
fn compare(now: &[String], before: &[String]) -> Option<(usize, usize)> {
    let keys = |list: &[String]| -> HashSet<String> {
        list.iter().map(|item| epc::thing_key(item)).collect()
    };
    let (now, before) = (keys(now), keys(before));
    let (more, less) = (now.difference(&before).count(), before.difference(&now).count());
    (more + less > 0).then_some((more, less))
}
