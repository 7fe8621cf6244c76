//! What a writer is given.

use reads::Delivery;
use tokio::sync::oneshot;

use crate::outcome::Outcome;
use crate::problem::Problem;
use crate::statement::{ErrorBehaviour, StatedEvent};

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
    /// A partner's document, admitted and checked.
    Capture {
        /// Capture id, new.
        capture: String,
        /// Name of the partner.
        partner: String,
        /// SHA-256 of the document.
        document_sha256: ledger::Hash,
        /// Its events.
        events: Vec<StatedEvent>,
        /// What happens if some of them are refused.
        behaviour: ErrorBehaviour,
    },
}

/// Work, and where its answer goes.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) work: Work,
    pub(super) answer: oneshot::Sender<Result<Outcome, Problem>>,
}
