//! What is refused, on every route: a problem document.

use super::*;

/// The standard's exception for a status.
fn exception(status: u16) -> &'static str {
    match status {
        401 => "SecurityException",
        404 => "NoSuchNameException",
        413 => "CaptureLimitExceededException",
        415 => "UnsupportedMediaTypeException",
        _ => "ValidationException",
    }
}

#[actix_web::test]
async fn every_failure_is_a_problem_document_with_what_was_got_and_expected() {
    let scene = Scene::new("problems").await;
    let (get, post) = (TestRequest::get, TestRequest::post);
    let bearer = ("Authorization", "Bearer maker-token");
    let large = "x".repeat(MAX_BODY + 1);
    let bodies =
        |text: &str| post().uri("/capture").insert_header(bearer).set_payload(text.to_owned());
    let dry = |query: &str| post().uri(query).insert_header(bearer).set_payload("{}");
    let mut standards = 0;
    for (request, status, code, says) in vec![
        (get().uri("/"), 404, "not-found", "no such resource"),
        (get().uri("/nothing"), 404, "not-found", "no such resource"),
        (post().uri("/nothing").set_payload("{"), 404, "not-found", "no such resource"),
        (
            get().uri("/capture/none").insert_header(bearer),
            404,
            "not-found",
            "no capture job `none`",
        ),
        (get().uri("/observations"), 405, "method-not-allowed", "got GET, expected POST"),
        (get().uri("/events"), 405, "method-not-allowed", "got GET, expected OPTIONS or POST"),
        (get().uri("/capture"), 401, "not-admitted", ""),
        (
            post().uri("/capture/none"),
            405,
            "method-not-allowed",
            "got POST, expected OPTIONS or GET or HEAD",
        ),
        (post().uri("/healthz"), 405, "method-not-allowed", "got POST, expected GET or HEAD"),
        (post().uri("/readyz"), 405, "method-not-allowed", "got POST, expected GET or HEAD"),
        (post().uri("/metrics"), 405, "method-not-allowed", "got POST, expected GET or HEAD"),
        (post().uri("/observations").set_payload("{}"), 401, "not-admitted", ""),
        (post().uri("/capture").set_payload("{}"), 401, "not-admitted", ""),
        (get().uri("/capture/none"), 401, "not-admitted", ""),
        (get().uri("/capture/%00").insert_header(bearer), 400, "bad-request", "control character"),
        (
            dry("/capture?dryRun=perhaps"),
            400,
            "bad-request",
            "the parameter `dryRun`: got `perhaps`, expected true or false",
        ),
        (dry("/capture?dryRun"), 400, "bad-request", "got ``, expected true or false"),
        (dry("/capture?dryRun=true&dryRun=true"), 400, "bad-request", "`dryRun` more than once"),
        (
            dry("/capture?dryRun=true&dry=true"),
            400,
            "bad-request",
            "got the parameter `dry`, expected none but `dryRun`",
        ),
        (bodies(""), 422, "malformed", "recorded: the document: byte 0: got the end"),
        (bodies("{"), 422, "malformed", "recorded: the document: byte 1: got the end"),
        (bodies("[]"), 422, "malformed", ""),
        (bodies("<a/>"), 422, "malformed", "expected EPCISDocument, EPCISQueryDocument or a type"),
        (
            bodies("{}").insert_header(("Content-Type", "text/csv")),
            415,
            "unsupported-media-type",
            "got `text/csv`, expected application/ld+json",
        ),
        (bodies(&large), 413, "too-large", "expected at most 10000 bytes"),
    ] {
        let (found, headers, body) = scene.send(request).await;
        let text = String::from_utf8_lossy(&body).into_owned();
        assert_eq!(found, status, "{status} {says}: {text}");
        let kind = headers.get("Content-Type").map(|value| value.to_str().unwrap().to_owned());
        assert_eq!(kind.as_deref(), Some("application/problem+json"), "{status} {says}: {text}");
        let problem: Value = serde_json::from_str(&text).unwrap();
        // On the paths of the standard it is one of its exceptions, and our code is beside it.
        let own = format!("urn:chopmark:problem:{code}");
        let is_own = problem["type"] == own.as_str() && problem.get("code").is_none();
        let is_standard = problem["code"] == code
            && problem["type"] == format!("epcisException:{}", exception(status));
        assert!(is_own || is_standard, "{status} {says}: {text}");
        standards += usize::from(is_standard);
        assert_eq!(problem["status"], status, "{status} {says}");
        assert!(problem["title"].as_str().is_some_and(|title| !title.is_empty()), "{text}");
        assert!(problem["detail"].as_str().unwrap().contains(says), "{status} {says}: {text}");
        assert!(!text.contains("got ``, expected we"), "{text}");
        assert_eq!(headers.contains_key("Allow"), status == 405, "{status} {says}");
    }
    assert_eq!(standards, 14, "answers of the capture interface");
    let stored = sql::refusals::totals(&scene.db).await.unwrap();
    assert!(format!("{stored:?}").contains("malformed"), "{stored:?}");
    let unknown = get().uri("/healthz?unknown=1");
    assert_eq!(scene.send(unknown).await.0, 200, "an unknown parameter changes nothing there");
}
