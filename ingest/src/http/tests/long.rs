//! Documents that are recorded in several commits.

use std::collections::BTreeSet;

use directory::rights::{Grade, Licence, Span};
use futures::future::{Either, join_all, select};

use super::capture::post;
use super::*;
use crate::writer::PART_EVENTS;

/// A document of events about items whose serial numbers begin at `first`.
fn long(first: usize, count: usize) -> String {
    let event = |serial: usize| {
        format!(
            r#"{{"type":"ObjectEvent","action":"OBSERVE","eventTime":"2026-11-20T00:00:00.000Z",
            "eventTimeZoneOffset":"+00:00","epcList":["urn:epc:id:sgtin:9521141.012345.{serial}"]}}"#
        )
    };
    let events: Vec<String> = (first..first + count).map(event).collect();
    format!(
        r#"{{"@context":["https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld"],
        "type":"EPCISDocument","schemaVersion":"2.0","creationDate":"2026-11-20T00:00:00.000Z",
        "epcisBody":{{"eventList":[{}]}}}}"#,
        events.join(",")
    )
}

fn location_of(document: &str) -> String {
    format!("/capture/{}", ledger::hash::sha256(document.as_bytes()))
}

fn indexes(answer: &Value) -> Vec<u64> {
    answer["indexes"].as_array().unwrap().iter().map(|one| one.as_u64().unwrap()).collect()
}

impl Scene {
    async fn wide(name: &str) -> Self {
        let bridge = SourceKey::generate(&SystemRandom::new()).unwrap();
        let keys = vec![bridge.verifier()];
        Self::sized(name, ORIGIN, bridge, keys, (120, 8 * 1024 * 1024)).await
    }

    async fn capture(&self, document: &str) -> (u16, Value) {
        let (status, _, body) = self.send(post("maker-token", document)).await;
        (status, serde_json::from_slice(&body).unwrap())
    }

    async fn job(&self, document: &str) -> Value {
        let request = TestRequest::get()
            .uri(&location_of(document))
            .insert_header(("Authorization", "Bearer maker-token"));
        let (_, _, body) = self.send(request).await;
        serde_json::from_slice(&body).unwrap()
    }

    /// Asks for the capture job of a document while it is recorded, until `is_it` or the end; gives the answer to the
    /// document if it came first.
    async fn watch(
        &self,
        document: &str,
        sent: &mut std::pin::Pin<Box<dyn Future<Output = (u16, Value)> + '_>>,
        is_it: impl Fn(&Value) -> bool,
    ) -> Option<(u16, Value)> {
        loop {
            let asked = std::pin::pin!(self.job(document));
            match select(asked, &mut *sent).await {
                Either::Left((job, _)) if is_it(&job) => return None,
                Either::Left(_) => {}
                Either::Right((answer, _)) => return Some(answer),
            }
        }
    }

    /// Refuses the parts of a document that begin at the event `from` or later, until it is called with none.
    async fn refuse_parts(&self, from: Option<usize>) {
        let statement = match from {
            Some(from) => format!(
                "alter table capture_parts add constraint guilty check (first_event < {from}) not valid"
            ),
            None => "alter table capture_parts drop constraint guilty".to_owned(),
        };
        self.db.execute(&statement).await.unwrap();
    }

    /// How often each item of the serials is named by a record.
    async fn is_each_recorded_once(&self, serials: std::ops::Range<usize>) {
        let mut keys = Vec::new();
        let each = |_, key, _| {
            keys.push(key);
            Ok(())
        };
        sql::items::for_each_entry(&self.db, each).await.unwrap();
        keys.sort_unstable();
        for serial in serials {
            let key = sql::items::key(&format!("urn:epc:id:sgtin:9521141.012345.{serial}"));
            let first = keys.partition_point(|one| *one < key);
            let count = keys[first..].iter().take_while(|one| **one == key).count();
            assert_eq!(count, 1, "item {serial}");
        }
    }
}

/// Three parts and a bit.
const COUNT: usize = 3 * PART_EVENTS + 100;

fn is_begun(job: &Value) -> bool {
    job["running"] == true && job["chopmark:eventsDone"].as_u64().is_some_and(|done| done > 0)
}

#[actix_web::test]
async fn a_long_document_is_one_job_of_several_commits_between_which_others_are_recorded() {
    let scene = Scene::wide("long_document").await;
    let document = long(1000, COUNT);
    let mut sent: std::pin::Pin<Box<dyn Future<Output = _>>> = Box::pin(scene.capture(&document));
    assert!(scene.watch(&document, &mut sent, is_begun).await.is_none(), "its progress is seen");
    let job = scene.job(&document).await;
    assert_eq!((&job["success"], &job["chopmark:events"]), (&true.into(), &COUNT.into()));
    assert!(job.get("finishedAt").is_none() && job["createdAt"].is_string(), "{job}");
    let small = long(1, 1);
    let other = async {
        // The same document meanwhile, and a small one of somebody else.
        futures::join!(scene.capture(&document), scene.send(post("shop-token", &small)))
    };
    let (first, (again, other)) = futures::join!(sent, other);

    assert_eq!((first.0, again.0, other.0), (202, 202, 202));
    let places = indexes(&first.1);
    assert_eq!(places.len(), COUNT);
    assert_eq!(first.1, again.1, "the same document has one answer");
    assert_eq!(scene.capture(&document).await, first, "also later");
    let other: Value = serde_json::from_slice(&other.2).unwrap();
    let place = indexes(&other)[0];
    assert!(place < places[COUNT - 1], "{place} of the small one is between the parts");
    assert_eq!(scene.size().await, COUNT as u64 + 1);
    let job = scene.job(&document).await;
    assert_eq!((&job["running"], &job["success"]), (&false.into(), &true.into()));
    assert!(job["finishedAt"].is_string() && job.get("chopmark:eventsDone").is_none(), "{job}");
    scene.is_each_recorded_once(1000..1000 + COUNT).await;
    scene.is_whole().await;
}

#[actix_web::test]
async fn a_part_that_cannot_be_stored_ends_the_job_and_sent_again_the_document_is_continued() {
    let scene = Scene::wide("continued").await;
    let document = long(1000, COUNT);
    scene.refuse_parts(Some(PART_EVENTS)).await;
    let honest: Vec<String> = (1..=30).map(|serial| long(serial, 1)).collect();
    let deliveries = (1..=20).map(|seq| (1, seq, window(seq, u32::try_from(500 + seq).unwrap())));
    let (refused, honest, delivered) = futures::join!(
        scene.capture(&document),
        join_all(honest.iter().map(|one| scene.capture(one))),
        scene.deliver_all(deliveries.collect()),
    );

    assert_eq!(refused.0, 422, "{refused:?}");
    let detail = refused.1["detail"].as_str().unwrap();
    assert!(
        detail.contains(&format!("{PART_EVENTS} of the document's {COUNT} events")),
        "{detail}"
    );
    assert!(honest.iter().all(|(status, _)| *status == 202), "whoever shares a commit with it");
    assert!(delivered.iter().all(|(status, _)| *status == 201));
    assert_eq!(scene.size().await, (PART_EVENTS + 50) as u64, "one part of it is recorded");
    assert_eq!(scene.refused("capture", "not-storable").await, PART_EVENTS as u64);
    let job = scene.job(&document).await;
    assert_eq!((&job["running"], &job["success"]), (&false.into(), &false.into()));
    assert!(job["errors"][0]["detail"].as_str().unwrap().starts_with("stopped after"), "{job}");
    assert_eq!(scene.capture(&document).await.0, 422, "as long as the cause is there");
    assert_eq!(scene.size().await, (PART_EVENTS + 50) as u64);

    scene.refuse_parts(None).await;
    let (status, answer) = scene.capture(&document).await;
    assert_eq!(status, 202, "{answer}");
    let places: BTreeSet<u64> = indexes(&answer).into_iter().collect();
    assert_eq!(places.len(), COUNT, "the answer has the places of the first attempt too");
    assert_eq!(scene.size().await, (COUNT + 50) as u64);
    scene.is_each_recorded_once(1000..1000 + COUNT).await;
    scene.is_whole().await;
}

#[actix_web::test]
async fn with_rollback_one_refused_event_at_the_end_leaves_nothing_and_with_proceed_it_is_named() {
    let scene = Scene::wide("long_rollback").await;
    let document = long(1000, COUNT);
    let last = format!("012345.{}", 1000 + COUNT - 1);
    let wrong = document.replace(&last, "012345");
    let (status, answer) = scene.capture(&wrong).await;
    assert_eq!((status, scene.size().await), (422, 0), "{answer}");
    let pointer = answer["violations"][0]["pointer"].as_str().unwrap();
    assert_eq!(pointer, format!("/epcisBody/eventList/{}/epcList/0", COUNT - 1));
    assert_eq!(scene.refused("capture", "malformed").await, 1);
    assert!(scene.job(&wrong).await["captureID"].is_null(), "there is no such job");

    let proceed =
        post("maker-token", &wrong).insert_header(("GS1-Capture-Error-Behaviour", "proceed"));
    let (status, _, body) = scene.send(proceed).await;
    let answer: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!((status, indexes(&answer).len()), (202, COUNT - 1));
    let detail = answer["refusals"][0]["detail"].as_str().unwrap();
    assert!(detail.starts_with(&format!("event {}: ", COUNT - 1)), "{detail}");
    assert_eq!(answer["refusals"].as_array().unwrap().len(), 1);
    scene.is_whole().await;
}

#[actix_web::test]
async fn what_was_begun_with_proceed_and_is_continued_with_rollback_is_answered_as_proceed() {
    let scene = Scene::wide("mixed_behaviour").await;
    let document = long(1000, COUNT).replacen("012345.1003", "012345", 1);
    let proceed =
        || post("maker-token", &document).insert_header(("GS1-Capture-Error-Behaviour", "proceed"));
    scene.refuse_parts(Some(PART_EVENTS)).await;
    assert_eq!(scene.send(proceed()).await.0, 422);
    scene.refuse_parts(None).await;
    let (status, answer) = scene.capture(&document).await;
    assert_eq!((status, &answer["behaviour"]), (202, &"proceed".into()), "{answer}");
    assert_eq!(indexes(&answer).len(), COUNT - 1);
    assert_eq!(answer["refusals"].as_array().unwrap().len(), 1);
    let note = answer["notes"][0].as_str().unwrap();
    assert!(note.contains("begun with proceed and continued with rollback"), "{note}");
    assert_eq!(scene.capture(&document).await, (202, answer), "also later");
    assert_eq!(scene.job(&document).await["captureErrorBehaviour"], "proceed");
}

#[actix_web::test]
async fn of_very_many_wrong_events_all_are_counted_and_those_beyond_the_first_thousand_refused() {
    let scene = Scene::wide("many_wrong").await;
    let document = long(1000, COUNT).replace("012345.2", "0123452").replace("012345.3", "0123453");
    let count = COUNT - document.matches("012345.").count();
    assert!(count > 1000 && count < COUNT, "{count}");
    let (status, answer) = scene.capture(&document).await;
    assert_eq!((status, scene.size().await), (422, 0));
    let detail = answer["detail"].as_str().unwrap();
    assert!(detail.ends_with(&format!("(and {} more)", count - 1)), "{detail}");
    assert_eq!(scene.refused("capture", "malformed").await, count as u64);
    let dry = post("maker-token", &document).uri("/capture?dryRun=true");
    let found: Value = serde_json::from_slice(&scene.send(dry).await.2).unwrap();
    assert_eq!(
        (&found["refusedEvents"], &found["violationsInAll"]),
        (&count.into(), &count.into())
    );

    let proceed =
        post("maker-token", &document).insert_header(("GS1-Capture-Error-Behaviour", "proceed"));
    let (status, _, body) = scene.send(proceed).await;
    let answer: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!((status, indexes(&answer).len()), (202, COUNT - count));
    let refused = answer["refusals"].as_array().unwrap().iter();
    let refused: u64 = refused.map(|one| one["count"].as_u64().unwrap()).sum();
    assert_eq!(refused, count as u64);
}

/// Rights under which the items of [`long`] have another prefix split.
fn other_rights() -> Arc<Rights> {
    let licence = Licence { party: "maker".into(), grade: Grade::C, span: Span::ALWAYS };
    Arc::new(Rights {
        licences: [("952114".to_owned(), vec![licence])].into(),
        ..Rights::default()
    })
}

#[actix_web::test]
async fn a_long_document_is_judged_at_one_moment_and_what_is_sent_later_with_the_rights_of_then() {
    let scene = Scene::wide("one_moment").await;
    let document = long(1000, COUNT);
    let mut sent: std::pin::Pin<Box<dyn Future<Output = _>>> = Box::pin(scene.capture(&document));
    assert!(scene.watch(&document, &mut sent, is_begun).await.is_none());
    scene.rights.send_replace(other_rights());
    assert_eq!(sent.await.0, 202, "judged before its first part");
    assert_eq!(scene.capture(&long(1, 1)).await.0, 422);

    // A document that had stopped is judged again when it goes on.
    scene.rights.send_replace(Arc::default());
    scene.refuse_parts(Some(PART_EVENTS)).await;
    let stopped = long(20_000, COUNT);
    assert_eq!(scene.capture(&stopped).await.0, 422);
    scene.refuse_parts(None).await;
    scene.rights.send_replace(other_rights());
    let before = scene.size().await;
    let (status, answer) = scene.capture(&stopped).await;
    assert_eq!((status, scene.size().await), (422, before));
    let detail = answer["detail"].as_str().unwrap();
    assert!(
        detail.contains(&format!("{PART_EVENTS} of the document's {COUNT} events")),
        "{detail}"
    );
    scene.rights.send_replace(Arc::default());
    assert_eq!(scene.capture(&stopped).await.0, 202);
    scene.is_each_recorded_once(20_000..20_000 + COUNT).await;
}

#[actix_web::test]
async fn a_document_that_was_begun_in_another_ledger_is_not_continued_in_this_one() {
    let scene = Scene::wide("elsewhere").await;
    let document = long(1000, COUNT);
    let other = sql::ledgers::create_ledger(&scene.db, "site.example/2", "site", "Shop").await;
    let other = other.unwrap().0;
    for first in [0, PART_EVENTS] {
        let statement = format!(
            "insert into capture_parts values \
             ('{0}', 'maker', {other}, decode('{0}', 'hex'), {first}, {PART_EVENTS}, {COUNT}, '{{}}', now())",
            ledger::hash::sha256(document.as_bytes()),
        );
        scene.db.execute(&statement).await.unwrap();
    }
    let (status, answer) = scene.capture(&document).await;
    assert_eq!((status, &answer["type"]), (409, &"urn:chopmark:problem:begun-elsewhere".into()));
    // Those of both parts: nobody is told to send again what is recorded.
    let detail = answer["detail"].as_str().unwrap();
    assert!(detail.starts_with(&format!("{} events", 2 * PART_EVENTS)), "{detail}");
    assert_eq!(scene.size().await, 0);
}

#[actix_web::test]
async fn a_long_document_goes_on_when_its_sender_is_gone() {
    let scene = Scene::wide("gone").await;
    let document = long(1000, COUNT);
    {
        let mut sent: std::pin::Pin<Box<dyn Future<Output = _>>> =
            Box::pin(scene.capture(&document));
        assert!(scene.watch(&document, &mut sent, is_begun).await.is_none());
    }
    // The same document finds the job, or its answer.
    let (status, answer) = scene.capture(&document).await;
    assert_eq!((status, indexes(&answer).len()), (202, COUNT));
    assert_eq!(scene.size().await, COUNT as u64);
    scene.is_each_recorded_once(1000..1000 + COUNT).await;
}

#[actix_web::test]
async fn a_document_that_fits_into_one_part_is_one_commit_and_a_dry_run_records_nothing() {
    let scene = Scene::wide("one_part").await;
    let document = long(1000, 1000);
    assert!(document.len() > 64 * 1024);
    let dry = post("maker-token", &document).uri("/capture?dryRun=true");
    let (status, _, body) = scene.send(dry).await;
    let found: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!((status, &found["events"]), (200, &1000.into()));
    assert_eq!((&found["wouldBeRecorded"], scene.size().await), (&true.into(), 0));
    let (status, answer) = scene.capture(&document).await;
    assert_eq!((status, indexes(&answer)), (202, (0..1000).collect::<Vec<u64>>()));
    let digest = ledger::hash::sha256(document.as_bytes());
    assert!(sql::captures::parts(&scene.db, "maker", &digest).await.unwrap().is_empty());
    scene.is_whole().await;
}
