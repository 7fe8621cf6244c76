//! Gives records their place in a ledger: one writer per ledger, one signature per commit.
//!
//! The way of a job through these files:
//!
//! ```text
//! prepare.rs   on the handlers' threads: checks, records, salts, digests     work -> ready
//!   prepare_long.rs  the same of a document that is too long for one commit, part by part
//! queue.rs     ready -> queue; every sender waits for its answer
//! batch.rs     what waits -> batch; a batch that fails is divided until the guilty job is alone
//! look_up.rs   what the tables know of a batch: facts, earlier answers
//! sequence.rs  interpretation, places, answers                               batch -> draft
//!   delivery.rs  a bridge's delivery -> records, refusals, sensor states
//!   capture.rs   a partner's document -> records, refusals, expected deliveries
//! commit.rs    checkpoint, one transaction, answers                          draft -> tables
//! ```
//!
//! What holds, whatever crashes in between:
//!
//! - an answer is given only after the commit returned;
//! - a delivery that was answered before gets the same answer again, and nothing is written twice; a different
//!   delivery under a number that was used before is not a redelivery: it is refused, and the answer says why;
//! - the batch is as large as the queue when there is work, and one job when there is none; while one batch is being
//!   committed, the next one is sequenced;
//! - a job with bad data is refused alone, whoever shares its batch;
//! - one writer per ledger: a session lock that PostgreSQL drops with our connection, and compare-and-swap on size.
//!
//! A long document is several jobs, one after the other, so that others get in between; each but the last is stored as a
//! part, in the transaction of its records.
//!
//! A crash before the commit leaves nothing; a crash after it leaves a sender without an answer, who sends
//! again and is answered from the table.
//!
//! Not here: who may send ([`crate::admit`]), what the tables look like (`sql`), the tree (`ledger`).
//!
//! Source: RFC 9162 section 2.1 for the tree; the order sign, commit, answer is that of the public
//! transparency logs.

mod batch;
mod capture;
mod commit;
mod count;
mod delivery;
mod draft;
mod look_up;
mod prepare;
mod prepare_long;
mod queue;
mod sequence;
mod site_ledger;
mod work;

pub use prepare_long::{LongDocument, PART_BYTES, PART_EVENTS};
pub use queue::Writer;
pub use site_ledger::{Destinations, SiteLedger};
pub use work::{BridgeSignature, Ready, Work};
