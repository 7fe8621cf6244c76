//! What a writer is given, and the same prepared for the ledger.
//!
//! The way through: a handler hands in [`Work`]; `prepare.rs` makes it [`Ready`] on the handler's thread; the writer
//! gives it a place.

use std::collections::HashSet;
use std::sync::Arc;

use directory::Rights;
use jiff::Timestamp;
use reads::Delivery;
use sql::LedgerId;
use sql::ledgers::Entry;
use tokio::sync::oneshot;

use crate::document::StatedDocument;
use crate::facts::Needs;
use crate::outcome::Outcome;
use crate::problem::Problem;
use crate::rules::interpret::{LastRecord, Refusal};
use crate::statement::ErrorBehaviour;
use crate::terms::{Fault, Faults};

/// A bridge's signature over a delivery, verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BridgeSignature {
    /// The signature, base64, as received.
    pub text: String,
    /// Id of the key that verified it: [`ledger::keys::SourceVerifier::key_id`].
    pub key: String,
}

/// Something to be recorded.
#[derive(Debug)]
pub enum Work {
    /// A bridge's delivery, admitted.
    Delivery {
        /// The delivery.
        delivery: Box<Delivery>,
        /// Its body as received.
        body: String,
        /// The bridge's signature.
        signature: BridgeSignature,
    },
    /// A partner's document, admitted; recorded in one commit.
    Capture {
        /// Capture id, new.
        capture: String,
        /// Name of the partner.
        partner: String,
        /// SHA-256 of the document.
        document_sha256: ledger::Hash,
        /// The document.
        document: Arc<StatedDocument>,
        /// What happens if some of them are refused.
        behaviour: ErrorBehaviour,
    },
}

/// Work on which everything is done that needs neither the ledger's size nor the database.
#[derive(Debug)]
pub enum Ready {
    /// A delivery.
    Delivery(Box<ReadyDelivery>),
    /// A document, or a part of a long one.
    Capture(Box<ReadyCapture>),
}

/// A delivery whose needs are known.
#[derive(Debug)]
pub struct ReadyDelivery {
    pub(super) delivery: Box<Delivery>,
    /// The same without what lies in the future, if something does.
    pub(super) believed: Option<Delivery>,
    pub(super) body: String,
    pub(super) body_sha256: ledger::Hash,
    pub(super) signature: BridgeSignature,
    /// When this ledger accepted it.
    pub(super) at: Timestamp,
    /// What of it lies in the future.
    pub(super) ahead: Option<Refusal>,
    pub(super) needs: Needs,
}

/// A part of a document that is recorded in several commits.
#[derive(Debug)]
pub(super) struct Part {
    /// Place of its first event in the document.
    pub(super) first: usize,
    /// How many events the document has.
    pub(super) of: usize,
    /// What became of the events before.
    pub(super) before: Outcome,
}

/// A document whose events are records, or refused.
#[derive(Debug)]
pub struct ReadyCapture {
    pub(super) capture: String,
    pub(super) partner: String,
    pub(super) sha256: ledger::Hash,
    pub(super) behaviour: ErrorBehaviour,
    /// When this ledger accepted it.
    pub(super) at: Timestamp,
    /// The document, to be made records again if the rights change before the commit.
    pub(super) document: Arc<StatedDocument>,
    /// Which part of it; none if it is recorded in one commit.
    pub(super) part: Option<Part>,
    /// The rights that the events were checked with.
    pub(super) rights: Arc<Rights>,
    /// What became of each event, of the part if it is one.
    pub(super) made: Vec<Result<Made, Fault>>,
}

/// An event that is a record.
#[derive(Debug, Clone)]
pub(super) struct Made {
    pub(super) record: ReadyRecord,
    /// What it announces to other sites.
    pub(super) announced: Vec<Announced>,
}

/// A record without a place.
#[derive(Debug, Clone)]
pub(super) struct ReadyRecord {
    pub(super) entry: Entry,
    /// Keys in the index of what it names, each once.
    pub(super) keys: Vec<i64>,
    /// Keys of what it names ([`epc::thing_key`]).
    pub(super) things: Vec<String>,
    /// What it says of these.
    pub(super) last: LastRecord,
}

/// A despatch advice to a site of this installation.
#[derive(Debug, Clone)]
pub(super) struct Announced {
    pub(super) receiver: LedgerId,
    pub(super) destination: String,
    pub(super) reference: String,
    pub(super) epcs: Vec<String>,
    /// Keys of `epcs`.
    pub(super) things: HashSet<String>,
}

impl ReadyCapture {
    /// Place in the document of its first event.
    pub(super) fn first(&self) -> usize {
        self.part.as_ref().map_or(0, |part| part.first)
    }

    /// It as a part, if further events of its document follow in another commit.
    pub(super) fn unfinished(&self) -> Option<&Part> {
        self.part.as_ref().filter(|part| part.first + self.made.len() < part.of)
    }
}

/// What is wrong with events.
pub(super) fn faults_of(made: &[Result<Made, Fault>]) -> Faults {
    let mut faults = Faults::default();
    for (place, one) in made.iter().enumerate() {
        if let Err(fault) = one {
            faults.add(place, fault.clone());
        }
    }
    faults
}

impl Ready {
    /// Why events of it are refused; none for a delivery, which the ledger's rules refuse.
    #[must_use]
    pub fn faults(&self) -> Faults {
        match self {
            Self::Delivery(_) => Faults::default(),
            Self::Capture(one) => faults_of(&one.made),
        }
    }

    /// Whether it is a part of a document of which further parts follow.
    pub(super) fn is_unfinished(&self) -> bool {
        matches!(self, Self::Capture(one) if one.unfinished().is_some())
    }

    /// How much it adds to a batch: records and bytes, as far as is known before it is interpreted.
    pub(super) fn weight(&self) -> (usize, usize) {
        match self {
            Self::Delivery(one) => (1, one.body.len()),
            Self::Capture(one) => {
                let texts = one.made.iter().flatten().map(|made| made.record.entry.text.len());
                (one.made.len(), texts.sum())
            }
        }
    }
}

/// Prepared work, and where its answer goes.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) ready: Ready,
    /// Records and bytes of it.
    pub(super) weight: (usize, usize),
    pub(super) answer: oneshot::Sender<Result<Outcome, Problem>>,
}
