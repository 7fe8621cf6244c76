//! The capture interface as the standard's REST binding has it: XML, single events, lists of jobs, `OPTIONS`, limits.

use std::time::Duration;

use super::capture::{document, post};
use super::*;

/// A document of EPCIS 1.2, as trading partners of medicines send it, with `more` in its event.
fn xml(more: &str) -> String {
    format!(
        r#"<?xml version="1.0" encoding="UTF-8"?>
<epcis:EPCISDocument xmlns:epcis="urn:epcglobal:epcis:xsd:1" schemaVersion="1.2" creationDate="2026-11-19T10:00:00Z"
  xmlns:sbdh="http://www.unece.org/cefact/namespaces/StandardBusinessDocumentHeader" xmlns:gs1ushc="http://epcis.gs1us.org/hc/ns"><EPCISHeader>
<sbdh:StandardBusinessDocumentHeader><sbdh:HeaderVersion>1.0</sbdh:HeaderVersion><sbdh:Sender><sbdh:Identifier Authority="SGLN">urn:epc:id:sgln:9521141.00000.0</sbdh:Identifier></sbdh:Sender>
<sbdh:DocumentIdentification><sbdh:InstanceIdentifier>4711</sbdh:InstanceIdentifier></sbdh:DocumentIdentification></sbdh:StandardBusinessDocumentHeader>
<gs1ushc:dscsaTransactionStatement><gs1ushc:affirmTransactionStatement>true</gs1ushc:affirmTransactionStatement><gs1ushc:legalNotice>Seller has complied.</gs1ushc:legalNotice></gs1ushc:dscsaTransactionStatement>
</EPCISHeader><EPCISBody><EventList><ObjectEvent><eventTime>2026-11-19T09:00:00Z</eventTime><eventTimeZoneOffset>+00:00</eventTimeZoneOffset>
<epcList><epc>urn:epc:id:sgtin:9521141.012345.1</epc></epcList><action>OBSERVE</action><bizStep>urn:epcglobal:cbv:bizstep:shipping</bizStep>{more}</ObjectEvent></EventList></EPCISBody></epcis:EPCISDocument>"#
    )
}

fn json(body: &[u8]) -> Value {
    serde_json::from_slice(body).unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(body)))
}

fn get(token: &str, location: &str) -> TestRequest {
    TestRequest::get().uri(location).insert_header(("Authorization", format!("Bearer {token}")))
}

fn event(token: &str, body: &str) -> TestRequest {
    post(token, body).uri("/events")
}

fn header(headers: &HeaderMap, name: &str) -> String {
    headers.get(name).map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default()
}

async fn record(scene: &Scene, index: u64) -> Value {
    let stored = sql::ledgers::record_at(&scene.db, scene.ledger, index).await.unwrap().unwrap();
    json(stored.text.as_bytes())
}

#[actix_web::test]
async fn xml_of_a_trading_partner_is_recorded_in_its_json_form_and_kept_as_it_was_received() {
    let scene = Scene::new("xml_captured").await;
    let sent = xml("");
    let typed =
        |kind: &str| post("maker-token", &sent).insert_header(("Content-Type", kind.to_owned()));
    let (status, headers, answer) = scene.send(typed("application/xml")).await;
    let answer = json(&answer);
    assert_eq!(status, 202, "{answer}");
    assert!(answer["notes"][0].as_str().unwrap().contains("sbdh:HeaderVersion"), "{answer}");
    let digest = ledger::hash::sha256(sent.as_bytes()).to_string();
    let found = record(&scene, 0).await;
    assert_eq!(found["bizStep"], "shipping");
    assert_eq!(found["chopmark:evidence"]["document"], digest.as_str());
    let twin = epcis::xml::parse(sent.as_bytes(), &epcis::xml::Limits::default()).unwrap();
    let twin = epcis::Document::parse(twin.json.canonical().as_bytes()).unwrap();
    let hash = epcis::hash::event_hash(&twin.events()[0], epcis::hash::Dialect::default());
    assert_eq!(found["chopmark:eventID"]["id"], hash.unwrap());

    let location = header(&headers, "Location");
    let kept = format!("{location}/document");
    let (status, headers, body) = scene.send(get("maker-token", &kept)).await;
    assert_eq!((status, &body[..]), (200, sent.as_bytes()), "with the transaction statement");
    assert_eq!(header(&headers, "Content-Type"), "application/xml");
    assert_eq!(scene.send(get("shop-token", &kept)).await.0, 404, "another partner's");
    assert_eq!(scene.send(get("no-token", &kept)).await.0, 401);
    for kind in ["text/xml; charset=utf-8", "application/json"] {
        assert_eq!(scene.send(typed(kind)).await.0, 202, "the same document again as {kind}");
    }
    assert_eq!(scene.size().await, 1);
    let (_, headers, _) = scene.send(post("maker-token", &document(""))).await;
    let plain = format!("{}/document", header(&headers, "Location"));
    assert_eq!(scene.send(get("maker-token", &plain)).await.0, 404, "JSON is not kept");
}

#[actix_web::test]
async fn what_is_wrong_in_xml_is_named_with_its_event_field_value_and_line() {
    let scene = Scene::new("xml_wrong").await;
    let line = xml("").lines().position(|line| line.contains("<ObjectEvent>")).unwrap() + 1;
    assert!(line > 3);
    let wrong = xml("").replace("bizstep:shipping", "bizstep:shiping");
    let (status, _, problem) = scene.send(post("maker-token", &wrong)).await;
    let problem = json(&problem);
    let violation = &problem["violations"][0];
    assert_eq!(
        (status, &violation["pointer"]),
        (422, &"/epcisBody/eventList/0/bizStep".into()),
        "{problem}"
    );
    let says = violation["problem"].as_str().unwrap();
    assert!(says.starts_with(&format!("event in line {line}: ")), "{says}");
    assert!(violation["expected"].as_str().unwrap().contains("`shipping`"), "{problem}");
    // What only the ledger's own terms refuse, too.
    let future = xml("").replace("2026-11-19T09", "2027-11-19T09");
    let (_, _, problem) = scene.send(post("maker-token", &future)).await;
    let says = json(&problem)["violations"][0]["problem"].as_str().unwrap().to_owned();
    assert!(says.starts_with(&format!("event in line {line}: ")), "{says}");
    // What has no JSON form has the path in the XML.
    let (status, _, problem) =
        scene.send(post("maker-token", &xml("<disposition a='b'>x</disposition>"))).await;
    let violation = json(&problem)["violations"][0].clone();
    assert_eq!(status, 422);
    assert!(
        violation["pointer"].as_str().unwrap().ends_with("/ObjectEvent/disposition"),
        "{violation}"
    );
    assert_eq!(scene.size().await, 0);
    assert_eq!(scene.refused("capture", "malformed").await, 2);
}

#[actix_web::test]
async fn xml_that_would_take_memory_or_read_files_is_refused_and_nothing_of_it_is_expanded() {
    let scene = Scene::new("xml_attacks").await;
    let body = xml("");
    let body = body.split_once('\n').unwrap().1;
    let levels: Vec<String> =
        (1..9).map(|n| format!("<!ENTITY e{n} \"&e{0};&e{0};&e{0};\">", n - 1)).collect();
    let deep = format!("{}{}", "<a>".repeat(40), "</a>".repeat(40));
    let many: Vec<String> = (0..200).map(|n| format!("a{n}='x'")).collect();
    for attack in [
        format!(
            "<!DOCTYPE a [<!ENTITY e0 \"lol\">{}]>{}",
            levels.concat(),
            body.replace("Seller", "&e8;")
        ),
        format!(
            "<!DOCTYPE a [<!ENTITY x SYSTEM \"file:///etc/passwd\">]>{}",
            body.replace("Seller", "&x;")
        ),
        format!("<!DOCTYPE a SYSTEM \"http://127.0.0.1:1/x.dtd\">{body}"),
        format!("<!DOCTYPE a [<!ENTITY % p SYSTEM \"http://127.0.0.1:1/\">%p;]>{body}"),
        xml(&deep),
        xml(&format!("<x:a xmlns:x='https://x.example/' {}/>", many.join(" "))),
        body.replace("Seller", "&undefined;"),
        xml("\u{1}"),
        "<".to_owned(),
        "<a".repeat(3000),
    ] {
        let (status, _, problem) = scene.send(post("maker-token", &attack)).await;
        let problem = String::from_utf8_lossy(&problem).into_owned();
        assert_eq!(status, 422, "{problem}");
        assert!(!problem.contains("root:"), "{problem}");
    }
    assert_eq!(scene.size().await, 0);
}

#[actix_web::test]
async fn a_long_document_in_xml_is_recorded_in_parts_and_kept_once() {
    let bridge = SourceKey::generate(&SystemRandom::new()).unwrap();
    let keys = vec![bridge.verifier()];
    let scene = Scene::sized("xml_long", ORIGIN, bridge, keys, (60, 16 << 20)).await;
    let whole = xml("");
    let (head, rest) = whole.split_once("<ObjectEvent>").unwrap();
    let (one, tail) = rest.split_once("</ObjectEvent>").unwrap();
    let events: Vec<String> = (0..2500)
        .map(|n| {
            format!("<ObjectEvent>{}</ObjectEvent>\n", one.replace("345.1", &format!("345.{n}")))
        })
        .collect();
    let sent = format!("{head}{}{tail}", events.concat());
    let (status, headers, answer) = scene.send(post("maker-token", &sent)).await;
    assert_eq!((status, scene.size().await), (202, 2500), "{}", String::from_utf8_lossy(&answer));
    let kept = format!("{}/document", header(&headers, "Location"));
    let (_, _, body) = scene.send(get("maker-token", &kept)).await;
    assert_eq!(ledger::hash::sha256(&body), ledger::hash::sha256(sent.as_bytes()));
    assert_eq!(scene.send(post("maker-token", &sent)).await.0, 202);
    assert_eq!(scene.size().await, 2500, "the same document is recorded once");
}

/// The event of a document, with its context.
fn single(more: &str) -> String {
    let whole = json(document(more).as_bytes());
    let mut event = whole["epcisBody"]["eventList"][0].clone();
    event["@context"] = whole["@context"].clone();
    event.to_string()
}

#[actix_web::test]
async fn one_event_is_created_at_the_address_of_its_id_and_a_document_is_not_taken_for_one() {
    let scene = Scene::new("one_event").await;
    let named = single(",\"eventID\":\"urn:uuid:6f0e4d3c-0000-4000-8000-000000000001\"");
    let (status, headers, body) = scene.send(event("maker-token", &named)).await;
    assert_eq!(status, 201, "{}", json(&body));
    assert_eq!(
        header(&headers, "Location"),
        "/events/urn:uuid:6f0e4d3c-0000-4000-8000-000000000001"
    );
    assert_eq!(header(&headers, "GS1-EPCIS-Version"), "2.0.0");
    assert_eq!(header(&headers, "GS1-CBV-Version"), "2.0.0");
    assert_eq!(json(&body)["epcList"][0], "urn:epc:id:sgtin:9521141.012345.1");
    assert_eq!(scene.send(event("maker-token", &named)).await.0, 201, "again");
    assert_eq!(scene.size().await, 1);

    let unnamed = single("");
    let (status, headers, body) = scene.send(event("maker-token", &unnamed)).await;
    let hash = record(&scene, 1).await["chopmark:eventID"]["id"].as_str().unwrap().to_owned();
    assert_eq!((status, &json(&body)["eventID"]), (201, &hash.as_str().into()));
    let location = header(&headers, "Location");
    assert_eq!(
        location,
        format!(
            "/events/{}",
            hash.replace('/', "%2F").replace(';', "%3B").replace('?', "%3F").replace('=', "%3D")
        )
    );

    let of_xml = "<ObjectEvent><eventTime>2026-11-19T09:00:00Z</eventTime><eventTimeZoneOffset>+00:00</eventTimeZoneOffset>\
                  <epcList><epc>urn:epc:id:sgtin:9521141.012345.9</epc></epcList><action>OBSERVE</action></ObjectEvent>";
    assert_eq!(scene.send(event("maker-token", of_xml)).await.0, 201);
    assert_eq!(scene.size().await, 3);
    for (body, status) in [
        (document(""), 422),
        (xml(""), 422),
        (single(",\"bizStep\":7"), 422),
        ("{".to_owned(), 422),
        (format!("{}{}", single(""), " ".repeat(MAX_BODY)), 413),
    ] {
        assert_eq!(scene.send(event("maker-token", &body)).await.0, status, "{body:.80}");
    }
    assert_eq!(scene.send(event("other-token", &unnamed)).await.0, 401);
    assert_eq!(scene.send(event("shop-token", &single(",\"bizStep\":7"))).await.0, 422);
    let dry =
        event("maker-token", &single(",\"disposition\":\"active\"")).uri("/events?dryRun=true");
    assert_eq!(scene.send(dry).await.0, 200);
    assert_eq!(scene.size().await, 3);
}

#[actix_web::test]
async fn an_event_id_that_is_used_for_another_event_is_refused_and_the_same_event_is_the_same() {
    let scene = Scene::new("event_exists").await;
    let named = |more: &str| single(&format!(",\"eventID\":\"urn:uuid:1\"{more}"));
    let (first, other) = (named(""), named(",\"disposition\":\"active\""));
    assert_eq!(scene.send(event("maker-token", &first)).await.0, 201);
    let (status, _, body) = scene.send(event("maker-token", &other)).await;
    let problem = json(&body);
    assert_eq!(
        (status, &problem["type"]),
        (409, &"epcisException:ResourceAlreadyExistsException".into())
    );
    assert!(problem["detail"].as_str().unwrap().contains("got `urn:uuid:1`"), "{problem}");
    let dry = event("maker-token", &other).uri("/events?dryRun=true");
    assert_eq!(scene.send(dry).await.0, 409);
    // The same event in other bytes.
    let spaced = serde_json::to_string_pretty(&json(first.as_bytes())).unwrap();
    let (status, headers, _) = scene.send(event("maker-token", &spaced)).await;
    assert_eq!((status, header(&headers, "Location").as_str()), (201, "/events/urn:uuid:1"));
    assert_eq!(scene.size().await, 1);
    // Another partner's ids are its own, and a declaration of an error has the id of the event.
    assert_eq!(scene.send(event("shop-token", &other)).await.0, 201);
    let declared = named(
        ",\"errorDeclaration\":{\"declarationTime\":\"2026-11-19T10:00:00Z\",\"reason\":\"did_not_occur\"}",
    );
    let (status, _, body) = scene.send(event("maker-token", &declared)).await;
    assert_eq!(status, 201, "{}", json(&body));
    // Of two that come at once, one is created.
    let at_once =
        |step: &str| single(&format!(",\"eventID\":\"urn:uuid:2\",\"disposition\":\"{step}\""));
    let (one, two) = (at_once("active"), at_once("in_transit"));
    let (one, two) = futures::join!(
        scene.send(event("maker-token", &one)),
        scene.send(event("maker-token", &two))
    );
    let mut statuses = [one.0, two.0];
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 409]);
}

#[actix_web::test]
async fn a_body_that_is_not_utf_8_as_it_is_is_refused_with_the_reason() {
    let scene = Scene::new("encodings").await;
    for (name, value, status, says) in [
        ("Content-Type", "application/json; charset=UTF-8", 202, ""),
        ("Content-Type", "application/xml; charset=\"utf-8\"", 202, ""),
        (
            "Content-Type",
            "text/xml; charset=iso-8859-1",
            415,
            "got the charset `iso-8859-1`, expected utf-8",
        ),
        ("Content-Type", "application/json;charset=utf-16", 415, "got the charset `utf-16`"),
        ("Content-Encoding", "identity", 202, ""),
        ("Content-Encoding", "gzip", 415, "Content-Encoding: got `gzip`, expected none"),
    ] {
        let sent = post("maker-token", &document("")).insert_header((name, value));
        let (found, headers, body) = scene.send(sent).await;
        let text = String::from_utf8_lossy(&body).into_owned();
        assert_eq!(found, status, "{name}: {value}: {text}");
        assert!(text.contains(says), "{text}");
        let encoding = header(&headers, "Accept-Encoding");
        assert_eq!(encoding, if status == 415 { "identity" } else { "" });
    }
    let declared = xml("").replace("encoding=\"UTF-8\"", "encoding=\"ISO-8859-1\"");
    let (status, _, body) = scene.send(post("maker-token", &declared)).await;
    let problem = json(&body);
    assert_eq!(status, 422);
    assert!(problem["detail"].as_str().unwrap().contains("ISO-8859-1"), "{problem}");
}

#[actix_web::test]
async fn xml_is_checked_without_recording_and_its_events_are_refused_one_by_one() {
    let scene = Scene::new("xml_proceed").await;
    let whole = xml("");
    let (head, rest) = whole.split_once("<ObjectEvent>").unwrap();
    let (one, tail) = rest.split_once("</ObjectEvent>").unwrap();
    let wrong = one.replace("bizstep:shipping", "bizstep:shiping");
    let sent =
        format!("{head}<ObjectEvent>{one}</ObjectEvent><ObjectEvent>{wrong}</ObjectEvent>{tail}");
    let dry = post("maker-token", &sent).uri("/capture?dryRun=true");
    let (status, _, body) = scene.send(dry).await;
    let found = json(&body);
    assert_eq!(
        (status, &found["events"], &found["refusedEvents"]),
        (200, &2.into(), &1.into()),
        "{found}"
    );
    assert_eq!(found["wouldBeRecorded"], false);
    assert_eq!(scene.send(post("maker-token", &sent)).await.0, 422, "rollback");
    assert_eq!(scene.size().await, 0);
    let proceed =
        || post("maker-token", &sent).insert_header(("GS1-Capture-Error-Behaviour", "proceed"));
    let (status, headers, body) = scene.send(proceed()).await;
    assert_eq!((status, scene.size().await), (202, 1), "{}", json(&body));
    let detail = json(&body)["refusals"][0]["detail"].as_str().unwrap().to_owned();
    assert!(detail.starts_with("event 1: ") && detail.contains("event in line "), "{detail}");
    let kept = format!("{}/document", header(&headers, "Location"));
    assert_eq!(scene.send(get("maker-token", &kept)).await.2, sent.as_bytes());
    assert_eq!(scene.send(proceed()).await.0, 202, "the same answer again");
    assert_eq!(scene.size().await, 1);
}

#[actix_web::test]
async fn the_jobs_of_a_partner_are_listed_newest_first_page_by_page_and_those_of_others_never() {
    let scene = Scene::new("listed").await;
    let send = async |token: &str, number: usize| {
        let sent = document("").replace("345.1", &format!("345.{number}"));
        let (status, headers, _) = scene.send(post(token, &sent)).await;
        assert_eq!(status, 202);
        header(&headers, "Location").trim_start_matches("/capture/").to_owned()
    };
    let mut own = Vec::new();
    for number in 0..7 {
        own.push(send("maker-token", number).await);
        scene.state.clock.advance(Duration::from_millis(if number % 2 == 0 { 0 } else { 7 }));
    }
    let foreign = send("shop-token", 100).await;
    let (mut seen, mut next) = (Vec::new(), "/capture?perPage=3".to_owned());
    let mut sizes = Vec::new();
    while !next.is_empty() {
        let (status, headers, body) = scene.send(get("maker-token", &next)).await;
        assert_eq!((status, header(&headers, "GS1-EPCIS-Version")), (200, "2.0.0".to_owned()));
        let page = json(&body);
        let ids = page
            .as_array()
            .unwrap()
            .iter()
            .map(|job| job["captureID"].as_str().unwrap().to_owned());
        let before = seen.len();
        seen.extend(ids);
        sizes.push(seen.len() - before);
        let link = header(&headers, "Link");
        assert!(link.is_empty() || link.ends_with("; rel=\"next\""), "{link}");
        next = link
            .strip_prefix('<')
            .and_then(|link| link.split_once('>'))
            .map(|(path, _)| path.to_owned())
            .unwrap_or_default();
        if seen.len() == 3 {
            // What is captured meanwhile does not shift the pages that follow.
            scene.state.clock.advance(Duration::from_secs(1));
            send("maker-token", 50).await;
        }
    }
    assert_eq!(sizes, [3, 3, 1]);
    let (mut all, mut wanted) = (seen.clone(), own.clone());
    all.sort();
    wanted.sort();
    assert_eq!(all, wanted, "each once, and no other partner's");
    let (_, _, body) = scene.send(get("shop-token", "/capture")).await;
    let jobs = json(&body);
    assert_eq!(jobs.as_array().unwrap().len(), 1);
    assert_eq!(jobs[0]["captureID"], foreign.as_str());
    assert_eq!(scene.send(get("other-token", "/capture")).await.0, 401);
    for query in [
        "perPage=0",
        "perPage=x",
        "perPage=1001",
        "perPage=1&perPage=1",
        "nextPageToken=1.zz",
        "page=2",
    ] {
        assert_eq!(
            scene.send(get("maker-token", &format!("/capture?{query}"))).await.0,
            400,
            "{query}"
        );
    }
}

#[actix_web::test]
async fn jobs_that_run_are_listed_first_each_once_however_small_the_pages_are() {
    use crate::statement::ErrorBehaviour;

    let scene = Scene::new("running_listed").await;
    assert_eq!(scene.send(post("maker-token", &document(""))).await.0, 202);
    let start = |partner: &str, number: u8| {
        let key = (partner.to_owned(), ledger::hash::sha256(&[number]));
        scene.state.long.start(key, ErrorBehaviour::Proceed, 1).ok().unwrap()
    };
    let _running: Vec<_> = (0..3).map(|number| start("maker", number)).collect();
    let _foreign = start("shop", 9);
    for per_page in 1..=4 {
        let (mut jobs, mut next) = (Vec::new(), format!("/capture?perPage={per_page}"));
        while !next.is_empty() {
            let (status, headers, body) = scene.send(get("maker-token", &next)).await;
            assert_eq!(status, 200);
            jobs.extend(json(&body).as_array().unwrap().iter().map(|job| job["running"].clone()));
            let link = header(&headers, "Link");
            let path = link.strip_prefix('<').and_then(|link| link.split_once('>'));
            next = path.map(|(path, _)| path.to_owned()).unwrap_or_default();
        }
        let expected: Vec<Value> = [true, true, true, false].map(Value::from).into();
        assert_eq!(jobs, expected, "{per_page} a page");
    }
}

#[actix_web::test]
async fn a_job_is_a_capture_job_of_the_standard_in_json_and_in_xml() {
    let scene = Scene::new("standard_job").await;
    let whole = json(document("").as_bytes());
    let mut events = vec![whole["epcisBody"]["eventList"][0].clone(); 2];
    events[1]["bizStep"] = "nothing<known>".into();
    let mut sent = whole.clone();
    sent["epcisBody"]["eventList"] = events.into();
    let proceed = post("maker-token", &sent.to_string())
        .insert_header(("GS1-Capture-Error-Behaviour", "proceed"));
    let (status, headers, _) = scene.send(proceed).await;
    assert_eq!(status, 202);
    let location = header(&headers, "Location");
    let (_, _, body) = scene.send(get("maker-token", &location)).await;
    let job = json(&body);
    assert_eq!((&job["running"], &job["success"]), (&false.into(), &false.into()));
    let error = &job["errors"][0];
    assert_eq!(error["type"], "epcisException:ValidationException");
    assert!(error["title"].is_string() && error["status"].is_number(), "{job}");
    assert!(error["detail"].as_str().unwrap().starts_with("event 1: "), "{job}");
    let xml = get("maker-token", &location).insert_header(("Accept", "application/xml"));
    let (_, headers, body) = scene.send(xml).await;
    let text = String::from_utf8(body.to_vec()).unwrap();
    assert_eq!(header(&headers, "Content-Type"), "application/xml");
    assert!(text.contains("running=\"false\" success=\"false\" captureID=\""), "{text}");
    assert!(
        text.contains("<captureErrorBehaviour>proceed</captureErrorBehaviour><createdAt>"),
        "{text}"
    );
    assert!(text.contains("nothing&lt;known&gt;"), "{text}");
    for (accept, status) in [
        ("text/html", 406),
        ("*/*", 200),
        ("text/html, application/json;q=0.5", 200),
        ("application/json;q=0", 406),
    ] {
        let asked = get("maker-token", &location).insert_header(("Accept", accept));
        assert_eq!(scene.send(asked).await.0, status, "{accept}");
    }
}

#[test]
fn success_holds_while_a_job_runs_until_something_is_refused() {
    use crate::http::capture_job::running_of;
    use crate::http::jobs::Progress;
    use crate::statement::ErrorBehaviour;

    let job = running_of("x", Progress { done: 0, of: 7 }, ErrorBehaviour::Proceed);
    let job = json(job.canonical().as_bytes());
    assert_eq!((&job["running"], &job["success"]), (&true.into(), &true.into()));
    assert_eq!(
        (&job["captureErrorBehaviour"], &job["errors"]),
        (&"proceed".into(), &Value::from(Vec::<u8>::new()))
    );
}

#[actix_web::test]
async fn options_name_methods_versions_and_limits_without_a_token() {
    let scene = Scene::new("options").await;
    for (path, allow) in [
        ("/capture", "OPTIONS, POST, GET, HEAD"),
        ("/capture/any", "OPTIONS, GET, HEAD"),
        ("/events", "OPTIONS, POST"),
    ] {
        let (status, headers, body) = scene
            .send(TestRequest::default().method(actix_web::http::Method::OPTIONS).uri(path))
            .await;
        assert_eq!(
            (status, body.len(), header(&headers, "Allow").as_str()),
            (204, 0, allow),
            "{path}"
        );
        for (name, value) in [
            ("GS1-EPCIS-Version", "2.0.0"),
            ("GS1-EPCIS-Min", "1.0.0"),
            ("GS1-EPCIS-Max", "2.0.0"),
            ("GS1-CBV-Version", "2.0.0"),
            ("GS1-CBV-Min", "1.0.0"),
            ("GS1-CBV-Max", "2.0.0"),
            ("GS1-EPC-Format", "Never_Translates"),
            ("GS1-CBV-XML-Format", "Never_Translates"),
        ] {
            assert_eq!(header(&headers, name), value, "{path} {name}");
        }
        let limit = header(&headers, "GS1-EPCIS-Capture-Limit");
        assert_eq!(limit, if path == "/capture" { MAX_EVENTS.to_string() } else { String::new() });
        let behaviour = header(&headers, "GS1-Capture-Error-Behaviour");
        assert_eq!(behaviour == "all", path == "/capture");
    }
    for (name, value, status) in [
        ("GS1-EPCIS-Version", "2.0.0", 202),
        ("GS1-EPCIS-Version", "3.0.0", 406),
        ("GS1-CBV-Version", "two", 406),
        ("Content-Type", "text/csv", 415),
    ] {
        let sent = post("maker-token", &document("")).insert_header((name, value));
        assert_eq!(scene.send(sent).await.0, status, "{name}: {value}");
    }
}

#[actix_web::test]
async fn exactly_as_many_events_as_the_limit_pass_and_one_more_is_too_many() {
    const LIMIT: usize = 500;
    let mut scene = Scene::new("event_limit").await;
    scene.change(|settings| (settings.max_events, settings.max_body_bytes) = (LIMIT, 1 << 20));
    let whole = json(document("").as_bytes());
    let of = |count: usize| {
        let mut sent = whole.clone();
        let one = &whole["epcisBody"]["eventList"][0];
        sent["epcisBody"]["eventList"] = vec![one.clone(); count].into();
        sent.to_string()
    };
    let (status, headers, body) = scene.send(post("maker-token", &of(LIMIT + 1))).await;
    let problem = json(&body);
    assert_eq!(
        (status, &problem["type"]),
        (413, &"epcisException:CaptureLimitExceededException".into()),
        "{problem}"
    );
    assert!(
        problem["detail"].as_str().unwrap().contains("got `501 events`, expected at most 500"),
        "{problem}"
    );
    assert_eq!(header(&headers, "GS1-EPCIS-Capture-Limit"), "500");
    assert_eq!(scene.size().await, 0);
    let (status, _, body) = scene.send(post("maker-token", &of(LIMIT))).await;
    assert_eq!((status, scene.size().await), (202, 500), "{}", json(&body));
    let bytes = "x".repeat(scene.state.config.settings.max_body_bytes + 1);
    let (status, headers, _) = scene.send(post("maker-token", &bytes)).await;
    assert_eq!(status, 413);
    assert_eq!(
        header(&headers, "GS1-EPCIS-Capture-File-Size-Limit"),
        (bytes.len() - 1).to_string()
    );
}

/// The description of this interface.
fn described() -> Value {
    json(include_bytes!("../openapi.json"))
}

#[actix_web::test]
async fn every_path_and_method_that_is_described_is_answered_and_no_other() {
    let scene = Scene::new("described").await;
    let (status, _, body) = scene.send(TestRequest::get().uri("/openapi.json")).await;
    assert_eq!((status, json(&body)), (200, described()));
    let described = described();
    for (path, methods) in described["paths"].as_object().unwrap() {
        let real = path.replace("{captureID}", &"0".repeat(64));
        for method in ["get", "post", "put", "delete", "patch", "options", "head"] {
            let asked =
                TestRequest::default().method(method.to_uppercase().parse().unwrap()).uri(&real);
            let (status, ..) = scene.send(asked).await;
            // HEAD is answered wherever GET is.
            let is_described = methods.get(if method == "head" { "get" } else { method }).is_some();
            assert_eq!(status != 405, is_described, "{method} {path}: {status}");
            assert!(!is_described || status != 404, "{method} {path}");
        }
    }
}
