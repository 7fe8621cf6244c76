//! `POST /capture` and `GET /capture/{id}`.

use super::*;

fn document(more: &str) -> String {
    format!(
        r#"{{"@context":["https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld"],
        "type":"EPCISDocument","schemaVersion":"2.0","creationDate":"2026-11-20T00:00:00.000Z",
        "epcisBody":{{"eventList":[{{"type":"ObjectEvent","action":"OBSERVE",
        "eventTime":"2026-11-20T00:00:00.000Z","eventTimeZoneOffset":"+00:00",
        "epcList":["urn:epc:id:sgtin:9521141.012345.1"]{more}}}]}}}}"#
    )
}

fn post(token: &str, document: &str) -> TestRequest {
    TestRequest::post()
        .uri("/capture")
        .insert_header(("Authorization", format!("Bearer {token}")))
        .set_payload(document.to_owned())
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
    assert_eq!((status, &answer["outcome"]), (202, &"refused".into()), "{answer}");
    assert_eq!(answer["refusals"][0]["code"], "not-a-record");
    assert!(answer["refusals"][0]["detail"].as_str().unwrap().contains("chopmark:by"));
    assert_eq!(scene.refused("capture", "not-a-record").await, 1);
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
    let future = document("").replace("\"eventTime\":\"2026-11-20T00:00", "\"eventTime\":\"2026-11-20T00:06");
    let (status, _, problem) = scene.send(post("maker-token", &future)).await;
    let problem: Value = serde_json::from_slice(&problem).unwrap();
    assert_eq!(status, 422, "{problem}");
    let violation = &problem["violations"][0];
    assert_eq!(violation["pointer"], "/epcisBody/eventList/0/eventTime", "{problem}");
    assert_eq!(violation["value"], "2026-11-20T00:06:00.000Z");
    assert!(violation["expected"].as_str().unwrap().contains("2026-11-20T00:05:00"), "{problem}");
    let near = document("").replace("\"eventTime\":\"2026-11-20T00:00", "\"eventTime\":\"2026-11-20T00:05");
    assert_eq!(scene.send(post("maker-token", &near)).await.0, 202);
    assert_eq!(scene.size().await, 1);
}
