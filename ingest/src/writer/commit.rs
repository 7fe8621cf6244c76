//! Commits a draft: one transaction, one signature, one flush of the disk, however many jobs it has.
//!
//! What holds: the checkpoint is signed before anything of the batch is durable, and stored in the same transaction as
//! the records that it covers; the statements are sent together.
//!
//! Not here: what is in the draft (`sequence.rs`), answers, and what follows if it is not committed (`batch.rs`).

use futures::future::join_all;
use ledger::checkpoint::Checkpoint;
use ledger::tree::Frontier;
use sql::captures::{NewCapture, NewPart};
use sql::deliveries::NewDelivery;
use sql::expected::{NewDifference, NewExpected};
use sql::ledgers::Append;
use sql::refusals::NewRefusal;
use sql::{Db, Transaction};

use super::draft::{AnnouncedRow, DifferenceRow, Draft, Stored};
use super::site_ledger::SiteLedger;
use super::work::{Job, Ready};

/// A draft with its signed checkpoint.
pub(super) struct Signed {
    pub(super) draft: Draft,
    /// None if there is no record.
    append: Option<Append>,
    /// The tree after it.
    pub(super) after: Frontier,
}

/// Extends the tree by the records of a draft and signs it. It may take long, where the key is in a token.
pub(super) fn sign(ledger: &SiteLedger, mut draft: Draft) -> Result<Signed, sql::Error> {
    let mut after = draft.before.clone();
    if draft.entries.is_empty() {
        return Ok(Signed { draft, append: None, after });
    }
    let context = &ledger.context;
    let entries = std::mem::take(&mut draft.entries);
    let mut append = Append::to(ledger.id, &mut after, entries, context.clock.now());
    append.item_keys = std::mem::take(&mut draft.item_keys);
    let origin = ledger.site.origin.clone();
    let checkpoint = Checkpoint { origin, size: after.size(), root: after.root() };
    append.note = ledger
        .site
        .keys
        .sign_checkpoint(&checkpoint, context.random.source())
        .map_err(|error| sql::Error::data(format!("could not sign the checkpoint: {error}")))?;
    Ok(Signed { draft, append: Some(append), after })
}

impl Signed {
    /// Number of records.
    pub(super) fn records(&self) -> usize {
        self.append.as_ref().map_or(0, |append| append.entries.len())
    }
}

/// Writes a signed draft and commits it.
pub(super) async fn commit(
    db: &Db,
    ledger: &SiteLedger,
    jobs: &[Job],
    signed: &Signed,
) -> Result<(), sql::Error> {
    let crash = &ledger.context.crash;
    // Another attempt would write the same: what won the race must be looked up first.
    db.run_tx_once("ingest.commit_batch", async |tx: &Transaction<'_>| {
        crash.pass("ingest.before_append");
        // Before the rest, because it begins with a COPY, which stands alone.
        if let Some(append) = &signed.append {
            sql::ledgers::append(tx, append).await?;
        }
        store(tx, ledger, jobs, &signed.draft).await?;
        crash.pass("ingest.before_commit");
        Ok(())
    })
    .await?;
    crash.pass("ingest.after_commit");
    Ok(())
}

/// Writes everything but the records: jobs with their answers, refusals, states, advices, differences.
async fn store(
    tx: &Transaction<'_>,
    ledger: &SiteLedger,
    jobs: &[Job],
    draft: &Draft,
) -> Result<(), sql::Error> {
    let (mut deliveries, mut captures, mut parts) = (Vec::new(), Vec::new(), Vec::new());
    for stored in &draft.stored {
        let (outcome, received_at) = (stored.outcome.as_str(), stored.at);
        match jobs.get(stored.job).map(|job| &job.ready) {
            Some(Ready::Delivery(one)) => deliveries.push(NewDelivery {
                bridge: &one.delivery.bridge,
                boot: one.delivery.boot,
                seq: one.delivery.seq,
                body: &one.body,
                signature: &one.signature.text,
                outcome,
                received_at,
            }),
            Some(Ready::Capture(one)) if let Some(part) = one.unfinished() => parts.push(NewPart {
                capture_id: &one.capture,
                party: &one.partner,
                document_sha256: &one.sha256,
                first_event: part.first,
                events: one.made.len(),
                of_events: part.of,
                outcome,
                received_at,
            }),
            Some(Ready::Capture(one)) => captures.push(NewCapture {
                capture_id: &one.capture,
                party: &one.partner,
                document_sha256: &one.sha256,
                outcome,
                received_at,
            }),
            None => {}
        }
    }
    let documents = draft.stored.iter().filter_map(|stored| keep(tx, jobs, stored));
    let refusals: Vec<NewRefusal<'_>> = draft.refusals.iter().map(|row| row.as_new()).collect();
    let states: Vec<_> = draft.states.iter().map(|(key, text)| (key, text.as_str())).collect();
    let announced = draft.announced.iter().map(|row| announce(tx, ledger, row));
    let differences = draft.differences.iter().map(|row| report(tx, ledger, row));
    let parts = parts.iter().map(|part| sql::captures::insert_part(tx, ledger.id, part));
    let (first, second, third, fourth, parts, documents, announced, reported) = futures::join!(
        sql::deliveries::insert(tx, ledger.id, &deliveries),
        sql::captures::insert(tx, ledger.id, &captures),
        sql::refusals::insert(tx, &refusals),
        sql::rules::set_states(tx, ledger.id, &states),
        join_all(parts),
        join_all(documents),
        join_all(announced),
        join_all(differences),
    );
    let all = [first, second, third, fourth].into_iter().chain(parts).chain(documents);
    sql::Error::first_cause(all.chain(announced).chain(reported))
}

/// Keeps a document that is XML or has master data, with its first events, and the id of an event that was created.
fn keep<'a>(
    tx: &'a Transaction<'_>,
    jobs: &'a [Job],
    stored: &Stored,
) -> Option<impl Future<Output = Result<(), sql::Error>> + use<'a>> {
    let Ready::Capture(one) = &jobs.get(stored.job)?.ready else { return None };
    let body = one.document.kept().filter(|_| one.first() == 0);
    let (created, at) = (one.document.created(), stored.at);
    (body.is_some() || created.is_some()).then_some(async move {
        if let Some(body) = body {
            sql::captures::insert_document(tx, &one.partner, &one.sha256, body, at).await?;
        }
        match created {
            Some(created) => sql::captures::insert_created(tx, &one.partner, created).await,
            None => Ok(()),
        }
    })
}

/// Stores what a shipping record announces.
async fn announce(
    tx: &Transaction<'_>,
    ledger: &SiteLedger,
    row: &AnnouncedRow,
) -> Result<(), sql::Error> {
    let expected = NewExpected {
        ledger: row.announced.receiver,
        despatch_advice: &row.announced.reference,
        shipped_by: &ledger.site.party.name,
        epcs: &row.announced.epcs,
        recorded_in: ledger.id,
        leaf_index: row.index,
    };
    sql::expected::insert(tx, &expected).await
}

/// Stores how a receipt differs from its despatch advice.
async fn report(
    tx: &Transaction<'_>,
    ledger: &SiteLedger,
    row: &DifferenceRow,
) -> Result<(), sql::Error> {
    let difference = &row.difference;
    let stored = NewDifference {
        ledger: ledger.id,
        leaf_index: row.index,
        despatch_advice: &difference.despatch_advice,
        shipped_by: &difference.shipped_by,
        announced: difference.announced,
        received: difference.received,
        missing: &difference.missing,
        unexpected: &difference.unexpected,
        at: row.at,
    };
    sql::expected::insert_difference(tx, &stored).await
}
