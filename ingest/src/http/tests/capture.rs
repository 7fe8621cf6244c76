//! `POST /capture` and `GET /capture/{id}`.

use super::*;

pub(super) fn document(more: &str) -> String {
    format!(
        r#"{{"@context":["https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld"],
        "type":"EPCISDocument","schemaVersion":"2.0","creationDate":"2026-11-20T00:00:00.000Z",
        "epcisBody":{{"eventList":[{{"type":"ObjectEvent","action":"OBSERVE",
        "eventTime":"2026-11-20T00:00:00.000Z","eventTimeZoneOffset":"+00:00",
        "epcList":["urn:epc:id:sgtin:9521141.012345.1"]{more}}}]}}}}"#
    )
}

pub(super) fn post(token: &str, document: &str) -> TestRequest {
    TestRequest::post()
        .uri("/capture")
        .insert_header(("Authorization", format!("Bearer {token}")))
        .set_payload(document.to_owned())
}

/// A document of several events.
fn documents(events: &[&str]) -> String {
    document("").replace(EVENT, &events.join(","))
}

/// The event of [`document`].
const EVENT: &str = r#"{"type":"ObjectEvent","action":"OBSERVE",
        "eventTime":"2026-11-20T00:00:00.000Z","eventTimeZoneOffset":"+00:00",
        "epcList":["urn:epc:id:sgtin:9521141.012345.1"]}"#;

fn json(body: &[u8]) -> Value {
    serde_json::from_slice(body).unwrap()
}

fn get(token: &str, location: &str) -> TestRequest {
    TestRequest::get().uri(location).insert_header(("Authorization", format!("Bearer {token}")))
}

#[actix_web::test]
async fn a_document_is_recorded_once_and_its_capture_job_can_be_fetched_by_its_partner_only() {
    let scene = Scene::new("captured").await;
    let (status, headers, body) = scene.send(post("maker-token", &document(""))).await;
    assert_eq!(status, 202);
    assert_eq!(headers.get("GS1-EPCIS-Version").unwrap(), "2.0.0");
    let location = headers.get("Location").unwrap().to_str().unwrap().to_owned();
    let (status, _, again) = scene.send(post("maker-token", &document(""))).await;
    assert_eq!((status, &again), (202, &body), "the same document gets the same answer");
    assert_eq!(scene.size().await, 1);

    let (status, _, job) = scene.send(get("maker-token", &location)).await;
    let job: Value = serde_json::from_slice(&job).unwrap();
    assert_eq!(status, 200);
    assert_eq!(job["captureID"], location.trim_start_matches("/capture/"));
    assert_eq!((&job["running"], &job["success"]), (&false.into(), &true.into()));
    assert_eq!(job["createdAt"], "2026-11-20T00:00:00.000Z");
    assert_eq!(scene.send(get("shop-token", &location)).await.0, 404);
    assert_eq!(scene.send(get("other-token", &location)).await.0, 401);
}

#[actix_web::test]
async fn an_invalid_document_is_refused_field_by_field_and_stored() {
    let scene = Scene::new("invalid_document").await;
    let invalid = document(",\"bizStep\":7");
    let (status, headers, problem) = scene.send(post("maker-token", &invalid)).await;
    let problem: Value = serde_json::from_slice(&problem).unwrap();
    assert_eq!(status, 422, "{problem}");
    assert_eq!(headers.get("Content-Type").unwrap(), "application/problem+json");
    let violation = &problem["violations"][0];
    assert!(violation["pointer"].as_str().unwrap().ends_with("/bizStep"), "{problem}");
    assert!(problem["detail"].as_str().unwrap().contains("got `7`, expected "), "{problem}");
    assert_eq!(scene.refused("capture", "malformed").await, 1);
    assert_eq!(scene.size().await, 0);
}

#[actix_web::test]
async fn an_event_with_a_member_of_the_ledger_is_refused_and_the_answer_names_it() {
    let scene = Scene::new("reserved_member").await;
    let reserved = document(",\"chopmark:by\":\"me\"");
    let (status, _, answer) = scene.send(post("maker-token", &reserved)).await;
    let answer: Value = serde_json::from_slice(&answer).unwrap();
    assert_eq!((status, &answer["type"]), (422, &"epcisException:ValidationException".into()));
    let violation = &answer["violations"][0];
    assert_eq!(violation["pointer"], "/epcisBody/eventList/0", "{answer}");
    assert!(violation["problem"].as_str().unwrap().contains("chopmark:by"), "{answer}");
    assert_eq!(scene.refused("capture", "not-a-record").await, 1);

    // The writer finds it, and then nothing of the document is recorded unless that was asked for.
    let inner = EVENT.replace("\"epcList\"", "\"chopmark:by\":\"me\",\"epcList\"");
    let mixed = documents(&[EVENT, &inner]);
    assert_eq!(scene.send(post("maker-token", &mixed)).await.0, 422);
    assert_eq!(scene.size().await, 0);
    let counted = scene.state.metrics.refusals.with_label_values(&["capture", "not-a-record"]);
    assert_eq!((counted.get(), scene.refused("capture", "not-a-record").await), (2, 2));
    let proceed = post("maker-token", &mixed);
    let proceed = proceed.insert_header(("GS1-Capture-Error-Behaviour", "proceed"));
    let (status, _, answer) = scene.send(proceed).await;
    assert_eq!((status, &json(&answer)["indexes"]), (202, &Value::from(vec![0])));
    assert_eq!(scene.size().await, 1);
}

#[actix_web::test]
async fn without_a_known_token_nothing_is_accepted() {
    let scene = Scene::new("no_token").await;
    assert_eq!(scene.send(post("other-token", &document(""))).await.0, 401);
    let bare = TestRequest::post().uri("/capture").set_payload(document(""));
    assert_eq!(scene.send(bare).await.0, 401);
    assert_eq!(scene.refused("capture", "not-admitted").await, 2);
    assert_eq!(scene.size().await, 0);
}

#[actix_web::test]
async fn an_event_of_the_future_is_refused_with_field_value_and_limit() {
    let scene = Scene::new("future_event").await;
    let future = document("")
        .replace("\"eventTime\":\"2026-11-20T00:00", "\"eventTime\":\"2026-11-20T00:06");
    let (status, _, problem) = scene.send(post("maker-token", &future)).await;
    let problem: Value = serde_json::from_slice(&problem).unwrap();
    assert_eq!(status, 422, "{problem}");
    let violation = &problem["violations"][0];
    assert_eq!(violation["pointer"], "/epcisBody/eventList/0/eventTime", "{problem}");
    assert_eq!(violation["value"], "2026-11-20T00:06:00.000Z");
    assert!(violation["expected"].as_str().unwrap().contains("2026-11-20T00:05:00"), "{problem}");
    let near = document("")
        .replace("\"eventTime\":\"2026-11-20T00:00", "\"eventTime\":\"2026-11-20T00:05");
    assert_eq!(scene.send(post("maker-token", &near)).await.0, 202);
    assert_eq!(scene.size().await, 1);
}

/// Two events, and one between them whose business step does not exist.
fn one_of_three_is_wrong() -> String {
    let wrong = EVENT.replace("\"epcList\"", "\"bizStep\":\"comissioning\",\"epcList\"");
    documents(&[EVENT, &wrong, &EVENT.replace("345.1", "345.2")])
}

#[actix_web::test]
async fn a_document_with_one_refused_event_leaves_nothing_and_can_be_sent_again() {
    let scene = Scene::new("rolled_back").await;
    let document = one_of_three_is_wrong();
    for behaviour in [None, Some("rollback")] {
        let mut request = post("maker-token", &document);
        if let Some(word) = behaviour {
            request = request.insert_header(("GS1-Capture-Error-Behaviour", word));
        }
        let (status, _, answer) = scene.send(request).await;
        let answer = json(&answer);
        assert_eq!(status, 422, "{answer}");
        assert_eq!(answer["violations"][0]["pointer"], "/epcisBody/eventList/1/bizStep");
        assert!(answer["violations"][0]["expected"].as_str().unwrap().contains("`commissioning`"));
    }
    assert_eq!(scene.size().await, 0);
    let id = ledger::hash::sha256(document.as_bytes());
    let (status, ..) = scene.send(get("maker-token", &format!("/capture/{id}"))).await;
    assert_eq!(status, 404, "nothing was captured, so there is no job");
    let right = document.replace("comissioning", "commissioning");
    assert_eq!(scene.send(post("maker-token", &right)).await.0, 202);
    assert_eq!(scene.size().await, 3);
}

#[actix_web::test]
async fn with_proceed_the_valid_events_are_recorded_and_the_job_names_the_others() {
    let scene = Scene::new("proceeds").await;
    let proceed = || {
        post("maker-token", &one_of_three_is_wrong())
            .insert_header(("GS1-Capture-Error-Behaviour", "proceed"))
    };
    let (status, headers, answer) = scene.send(proceed()).await;
    assert_eq!(status, 202);
    assert_eq!(headers.get("GS1-Capture-Error-Behaviour").unwrap(), "proceed");
    let answer = json(&answer);
    assert_eq!(answer["indexes"], Value::from(vec![0, 1]));
    let location = headers.get("Location").unwrap().to_str().unwrap();
    let (_, _, job) = scene.send(get("maker-token", location)).await;
    let job = json(&job);
    assert_eq!((&job["success"], &job["running"]), (&false.into(), &false.into()));
    assert_eq!(job["captureErrorBehaviour"], "proceed");
    let error = job["errors"][0]["detail"].as_str().unwrap();
    assert!(error.starts_with("event 1: ") && error.contains("bizStep"), "{error}");
    assert_eq!(job["errors"].as_array().unwrap().len(), 1);
    assert_eq!(scene.refused("capture", "malformed").await, 1);
    assert_eq!(scene.send(proceed()).await.0, 202, "the same answer again");
    assert_eq!(scene.size().await, 2);

    let odd =
        post("maker-token", &document("")).insert_header(("GS1-Capture-Error-Behaviour", "maybe"));
    let (status, _, problem) = scene.send(odd).await;
    assert_eq!(
        (status, &json(&problem)["type"]),
        (400, &"epcisException:ValidationException".into())
    );
}

#[actix_web::test]
async fn a_dry_run_says_what_would_happen_and_records_nothing() {
    let scene = Scene::new("dry_run").await;
    let dry = |document: &str| post("maker-token", document).uri("/capture?dryRun=true");
    for (document, behaviour, would) in [
        (document(""), "rollback", true),
        (one_of_three_is_wrong(), "rollback", false),
        (one_of_three_is_wrong(), "proceed", true),
        (document(",\"chopmark:by\":\"me\""), "proceed", false),
        ("{".to_owned(), "proceed", false),
    ] {
        let request = dry(&document).insert_header(("GS1-Capture-Error-Behaviour", behaviour));
        let (status, _, answer) = scene.send(request).await;
        let answer = json(&answer);
        assert_eq!(status, 200, "{answer}");
        assert_eq!(answer["wouldBeRecorded"], would, "{answer}");
        assert_eq!(answer["captureErrorBehaviour"], behaviour);
        let is_whole = document == self::document("");
        assert_eq!(answer["violations"].as_array().unwrap().is_empty(), is_whole, "{answer}");
    }
    assert_eq!(scene.size().await, 0);
    assert!(sql::refusals::totals(&scene.db).await.unwrap().is_empty());
    assert_eq!(scene.send(post("maker-token", &document(""))).await.0, 202);
    let (_, _, answer) = scene.send(dry(&document(""))).await;
    assert_eq!(json(&answer)["recordedBefore"], true);
    let odd = post("maker-token", &document("")).uri("/capture?dryrun=true");
    assert_eq!(scene.send(odd).await.0, 400, "a misspelt option does not record");
    assert_eq!(scene.size().await, 1);
}

/// The record at `index`.
async fn record(scene: &Scene, index: u64) -> Value {
    let stored = sql::ledgers::record_at(&scene.db, scene.ledger, index).await.unwrap().unwrap();
    json(stored.text.as_bytes())
}

#[actix_web::test]
async fn a_back_dated_statement_says_in_its_record_when_it_was_captured() {
    let scene = Scene::new("back_dated").await;
    let old = document("").replace("\"eventTime\":\"2026", "\"eventTime\":\"2019");
    assert_eq!(scene.send(post("maker-token", &old)).await.0, 202);
    let record = record(&scene, 0).await;
    assert_eq!(record["eventTime"], "2019-11-20T00:00:00.000Z");
    assert_eq!(record["chopmark:capturedAt"], "2026-11-20T00:00:00.000Z");
}

#[actix_web::test]
async fn a_partners_own_context_is_kept_with_the_record_and_a_byte_order_mark_is_tolerated() {
    let scene = Scene::new("own_context").await;
    let address = "https://contexts.maker.example/all.jsonld";
    let sent = document(",\"later:colour\":\"red\",\"mine:size\":7").replace(
        "epcis-context.jsonld\"]",
        &format!(
            "epcis-context.jsonld\",\"{address}\",{{\"mine\":\"https://ns.maker.example/\"}}]"
        ),
    );
    let (status, _, answer) = scene.send(post("maker-token", &format!("\u{feff}{sent}"))).await;
    assert_eq!(status, 202, "{}", json(&answer));
    let record = record(&scene, 0).await;
    let expected = serde_json::json!([address, { "mine": "https://ns.maker.example/" }]);
    assert_eq!(record["@context"], expected, "the standard's own context always applies");
    assert_eq!((&record["later:colour"], &record["mine:size"]), (&"red".into(), &7.into()));
    let without = sent.replace(&format!("\"{address}\","), "");
    let (status, _, problem) = scene.send(post("maker-token", &without)).await;
    let violation = json(&problem)["violations"][0].clone();
    assert_eq!((status, &violation["value"]), (422, &"later:colour".into()), "{violation}");
}

#[actix_web::test]
async fn an_approval_goes_into_the_evidence_of_the_event_whose_hash_it_names() {
    let scene = Scene::new("approvals").await;
    let other = EVENT.replace("345.1", "345.2");
    let event = epcis::Document::parse(EVENT.as_bytes()).unwrap().events()[0].clone();
    let hash = epcis::hash::event_hash(&event, epcis::hash::Dialect::default()).unwrap();
    let note = |hash: &str| {
        format!("chopmark.org/approval@v1\n{ORIGIN}\n{hash}\n\n\u{2014} quality AAAA\n")
    };
    let with = |notes: &[String]| {
        let notes = serde_json::to_string(notes).unwrap();
        documents(&[EVENT, &other]).replacen('{', &format!("{{\"chopmark:approvals\":{notes},"), 1)
    };
    for wrong in [note("ni:///sha-256;00?ver=CBV2.0"), "hello".to_owned(), "x".repeat(20_000)] {
        let (status, _, answer) = scene.send(post("maker-token", &with(&[wrong]))).await;
        let answer = json(&answer);
        assert!(status == 422 || status == 413, "{answer}");
        if status == 422 {
            assert_eq!(answer["violations"][0]["pointer"], "/chopmark:approvals/0");
        }
    }
    let (status, _, answer) = scene.send(post("maker-token", &with(&[note(&hash)]))).await;
    assert_eq!(status, 202, "{}", json(&answer));
    let approved = record(&scene, 0).await;
    assert_eq!(approved["chopmark:evidence"]["approvals"], Value::from(vec![note(&hash)]));
    assert!(approved.get("chopmark:approvals").is_none());
    assert_eq!(approved["chopmark:eventID"]["id"], hash.as_str());
    assert!(record(&scene, 1).await["chopmark:evidence"].get("approvals").is_none());
}

/// A shipment of items to the site under a number.
pub(super) fn shipment(number: &str, epcs: &[&str]) -> String {
    let epcs = serde_json::to_string(epcs).unwrap();
    document(&format!(
        ",\"bizStep\":\"shipping\",\"bizTransactionList\":[{{\"type\":\"desadv\",\"bizTransaction\":\"{number}\"}}],\
         \"destinationList\":[{{\"type\":\"location\",\"destination\":\"https://id.gs1.org/414/{GLN}\"}}]"
    ))
    .replace("[\"urn:epc:id:sgtin:9521141.012345.1\"]", &epcs)
}

/// GLN of the site: urn:epc:id:sgln:9521142.00001.0.
const GLN: &str = "9521142000013";

#[actix_web::test]
async fn a_second_advice_under_a_used_number_is_kept_beside_the_first_and_the_difference_is_said() {
    let scene = Scene::new("advices").await;
    let number = "urn:epcglobal:cbv:bt:9521141000006:DA1";
    let [one, two, three] = [1, 2, 3].map(|n| format!("urn:epc:id:sgtin:9521141.012345.{n}"));
    let (status, _, first) =
        scene.send(post("maker-token", &shipment(number, &[&one, &two]))).await;
    assert_eq!((status, json(&first).get("notes")), (202, None), "{}", json(&first));
    let (status, _, second) = scene.send(post("maker-token", &shipment(number, &[&three]))).await;
    let second = json(&second);
    let note = second["notes"][0].as_str().unwrap();
    assert_eq!(status, 202);
    assert!(note.contains(number) && note.contains("1 more and 2 fewer"), "{note}");
    let asked = scene.db.connection().await.unwrap();
    let items = [one.clone(), three.clone()];
    let advices = sql::expected::overlapping(&asked, scene.ledger, &items).await.unwrap();
    let epcs: Vec<Vec<String>> = advices.into_iter().map(|advice| advice.epcs).collect();
    assert_eq!(epcs.len(), 2);
    assert!(epcs.contains(&vec![one, two]) && epcs.contains(&vec![three]), "{epcs:?}");
}

#[actix_web::test]
async fn an_item_read_by_its_tag_is_the_one_that_was_announced_as_a_link_or_with_another_prefix_split()
 {
    let scene = Scene::new("spellings").await;
    let link = "https://maker.example/01/09521141123454/21/1";
    let split = "urn:epc:id:sgtin:952114.0112345.2";
    let sent = shipment("urn:epcglobal:cbv:bt:9521141000006:DA2", &[link, split]);
    assert_eq!(scene.send(post("maker-token", &sent)).await.0, 202);
    let (status, answer) = scene.deliver(1, 1, &window(1, 1)).await;
    assert_eq!((status, &answer["outcome"]), (201, &"recorded".into()), "{answer}");
    let receipt = sql::expected::differences(&scene.db, None).await.unwrap();
    assert_eq!(receipt.len(), 1);
    assert_eq!((receipt[0].announced, receipt[0].received), (2, 1));
    assert_eq!(receipt[0].shipped_by, "Shop");
    assert!(receipt[0].unexpected.is_empty(), "{:?}", receipt[0].unexpected);
    // The advice itself named both, so this ledger knows them.
    let naming = async |uri: &str| sql::items::records_naming(&scene.db, uri).await.unwrap();
    let all = naming("urn:epc:id:sgtin:9521141.012345.1").await;
    assert_eq!(all, [(scene.ledger, 0), (scene.ledger, 1)]);
    assert_eq!(naming(link).await, all);
    assert_eq!(naming("urn:epc:id:sgtin:9521141.012345.2").await, [(scene.ledger, 0)]);
}

#[actix_web::test]
async fn a_wrong_prefix_split_is_refused_with_the_right_urn_also_by_the_writer_itself() {
    use directory::rights::{Grade, Licence, Span};

    let scene = Scene::new("prefix_split").await;
    let split = document("").replace("9521141.012345.1", "952114.0112345.1");
    assert_eq!(scene.send(post("maker-token", &split)).await.0, 202, "nobody is licensed yet");
    // A document that is prepared before the directory says so, and sequenced after it.
    let other = split.replace("345.1", "345.2");
    let writer = &scene.state.writers[ORIGIN];
    let early = writer.prepare(crate::writer::Work::Capture {
        capture: "c".into(),
        partner: "maker".into(),
        document_sha256: ledger::hash::sha256(b"c"),
        document: Arc::new(
            crate::document::StatedDocument::read(Box::new(other.clone()), 9).ok().unwrap(),
        ),
        behaviour: crate::statement::ErrorBehaviour::Rollback,
    });
    assert!(early.faults().is_empty());
    let licence = Licence { party: "maker".into(), grade: Grade::C, span: Span::ALWAYS };
    let licences = [("9521141".to_owned(), vec![licence])].into();
    scene.rights.send_replace(Arc::new(Rights { licences, ..Rights::default() }));

    let (status, _, problem) = scene.send(post("maker-token", &other)).await;
    let problem = json(&problem);
    assert_eq!(status, 422, "{problem}");
    let violation = &problem["violations"][0];
    assert_eq!(violation["pointer"], "/epcisBody/eventList/0/epcList/0");
    assert_eq!(violation["expected"], "urn:epc:id:sgtin:9521141.012345.2");
    assert_eq!(scene.refused("capture", "prefix-split").await, 1);
    let found = writer.submit(early).await;
    assert!(matches!(found, Err(crate::problem::Problem::Malformed { .. })), "{found:?}");
    assert_eq!(scene.refused("capture", "prefix-split").await, 2);
    assert_eq!(scene.size().await, 1);
}
