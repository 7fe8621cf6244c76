//! Long documents: all events are checked before the first is recorded, then they are made records part by part.
//!
//! The way through: [`check`] reads every event and keeps only what is wrong, at most so much of it; [`prepare_part`] makes the records of the
//! events that fit into one commit, when their turn comes.
//!
//! What holds: a long document is judged as a whole at one moment, with the rights and the time of that moment
//! ([`crate::terms::Terms::of_this_moment`]); its parts are not judged again. Not more than a part of it is in memory as records.
//!
//! Not here: the order of the parts, and what follows if one fails (`http/long.rs`).
//!
//! Source: docs/decisions/0041-long-documents-in-parts.md.

use std::sync::Arc;

use jiff::Timestamp;

use super::prepare::made;
use super::site_ledger::SiteLedger;
use super::work::{Part, Ready, ReadyCapture};
use crate::document::StatedDocument;
use crate::outcome::Outcome;
use crate::statement::ErrorBehaviour;
use crate::terms::{Faults, Terms};

/// Most events of a part.
pub const PART_EVENTS: usize = 2048;
/// Most bytes of a part, as received.
pub const PART_BYTES: usize = 2 * 1024 * 1024;

/// A long document, checked.
#[derive(Debug)]
pub struct LongDocument {
    /// Capture id.
    pub capture: String,
    /// Name of the partner.
    pub partner: String,
    /// SHA-256 of the document.
    pub sha256: ledger::Hash,
    /// The document.
    pub document: Arc<StatedDocument>,
    /// What happens if some of its events are refused.
    pub behaviour: ErrorBehaviour,
    /// Why events of it are refused, by their place. Those that are not kept are found again when their part is made.
    pub faults: Faults,
    /// What it was checked with.
    pub(super) terms: Terms,
    /// When.
    pub(super) at: Timestamp,
}

/// Checks the events of a document from the place `from` on.
pub(super) fn check(
    ledger: &SiteLedger,
    (partner, sha256): (String, ledger::Hash),
    document: Arc<StatedDocument>,
    behaviour: ErrorBehaviour,
    from: usize,
) -> LongDocument {
    let (terms, at) = (ledger.terms.of_this_moment(), ledger.context.clock.now());
    let capture = sha256.to_string();
    let mut faults = Faults::default();
    for place in from..document.len() {
        let Some(event) = document.event(place) else { continue };
        let source = (partner.as_str(), capture.as_str());
        if let Err(fault) = event.record(&terms, &ledger.site.party, at, source) {
            faults.add(place, fault);
        }
    }
    LongDocument { capture, partner, sha256, document, behaviour, faults, terms, at }
}

/// Makes the records of the part that begins at `first`; as [`Ready`], it still lacks what became of the events before.
pub(super) fn prepare_part(ledger: &SiteLedger, long: &LongDocument, first: usize) -> Ready {
    let places = long.document.part(first, PART_EVENTS, PART_BYTES);
    let source = (long.partner.as_str(), long.capture.as_str());
    let one = |place: usize| {
        if let Some(fault) = long.faults.get(place) {
            return Some(Err(fault.clone()));
        }
        let event = long.document.event(place)?;
        Some(made(ledger, &long.terms, event, long.at, source))
    };
    let before = Outcome::empty(&ledger.site.origin);
    Ready::Capture(Box::new(ReadyCapture {
        capture: long.capture.clone(),
        partner: long.partner.clone(),
        sha256: long.sha256,
        behaviour: long.behaviour,
        at: long.at,
        document: Arc::clone(&long.document),
        part: Some(Part { first, of: long.document.len(), before }),
        rights: Arc::clone(&long.terms.rights.borrow()),
        made: places.filter_map(one).collect(),
    }))
}

impl Ready {
    /// Of a part of a document: what became of the events before.
    #[must_use]
    pub fn after(mut self, outcome: &Outcome) -> Self {
        if let Self::Capture(one) = &mut self
            && let Some(part) = &mut one.part
        {
            part.before = outcome.clone();
        }
        self
    }

    /// Place in the document of the first event after it.
    #[must_use]
    pub fn end(&self) -> usize {
        match self {
            Self::Capture(one) => one.first() + one.made.len(),
            Self::Delivery(_) => 0,
        }
    }
}
