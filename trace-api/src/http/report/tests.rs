//! Reports from the form to the answer, and what somebody may try with them.

use std::sync::Arc;

use actix_web::http::Method;
use actix_web::test;
use futures::future::join_all;
use gate::read_log::Settings;
use gate::report_entry;
use history::frozen::{self, Kept, Statement};
use ledger::Hash;
use ledger::keys::{LedgerKeys, SystemRandom};
use ledger::record::Record;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use sql::reports::{Step, StoredReport};

use super::*;
use crate::state::Audience;
use crate::testing::{Answer, JSON, PHONE, Scene, ask};

const HTML: (&str, &str) = ("Accept", "text/html,application/xhtml+xml");
const OWN: (&str, &str) = ("Sec-Fetch-Site", "same-origin");
const CODE: &str = "https://trace.example/01/04012345111118/21/9876";
const READS: &str = "reads.example/1";
const EDGE: &str = "chopmark-test-edge";

type Part<'a> = (&'a str, &'a [u8]);

fn body(parts: &[Part<'_>]) -> Vec<u8> {
    let mut body = Vec::new();
    for (name, value) in parts {
        let file = if *name == "photo" { "; filename=\"../../x.jpg\"" } else { "" };
        let head =
            format!("--{EDGE}\r\nContent-Disposition: form-data; name=\"{name}\"{file}\r\n\r\n");
        body.extend(head.bytes());
        body.extend(*value);
        body.extend(b"\r\n");
    }
    body.extend(format!("--{EDGE}--\r\n").bytes());
    body
}

async fn post(scene: &Scene, body: Vec<u8>, headers: &[(&str, &str)]) -> Answer {
    let app = crate::http::application(scene.state.clone(), Audience::Public);
    let service = test::init_service(app).await;
    let mut request = test::TestRequest::post()
        .uri("/report?lang=en")
        .peer_addr(([127, 0, 0, 1], 40000).into())
        .insert_header(("User-Agent", PHONE))
        .insert_header(("Content-Type", format!("multipart/form-data; boundary={EDGE}")))
        .set_payload(body);
    for (name, value) in headers {
        request = request.append_header((*name, *value));
    }
    let response = test::call_service(&service, request.to_request()).await;
    let (status, headers) = (response.status(), response.headers().clone());
    let body = test::read_body(response).await;
    let bytes = body.len();
    Answer { status, headers, bytes, body: String::from_utf8_lossy(&body).into_owned() }
}

/// The number of a form that was shown.
fn form_of(page: &str) -> &str {
    let (_, rest) = page.split_once("name=\"form\" value=\"").expect("a form has a number");
    &rest[..32]
}

fn report<'a>(form: &'a str, message: &'a str) -> Vec<Part<'a>> {
    vec![
        ("form", form.as_bytes()),
        ("code", CODE.as_bytes()),
        ("reason", b"copy"),
        ("message", message.as_bytes()),
        ("place", "上海 a market".as_bytes()),
    ]
}

async fn stored(scene: &Scene) -> Vec<StoredReport> {
    sql::reports::list(&scene.db.db(), 0, false).await.expect("asked")
}

async fn answer(scene: &Scene, id: u64, step: Step<'_>) -> bool {
    let now = scene.state.clock.now();
    let settle = async |tx: &sql::Transaction<'_>| sql::reports::settle(tx, id, step, now).await;
    scene.db.db().run_tx("test.answer", settle).await.expect("asked")
}

/// A photo of a camera that writes where it is.
fn photo() -> Vec<u8> {
    let exif = [&[0xff, 0xe1, 0, 12][..], b"Exif\0\0GPS!"].concat();
    let scan = [0xff, 0xda, 0, 4, 1, 0, 7, 7];
    [&[0xff, 0xd8][..], &exif, &scan, &[0xff, 0xd9]].concat()
}

#[actix_web::test]
async fn a_person_reports_from_an_items_page_and_reads_the_answer_by_the_receipt() {
    let scene = Scene::journey("report_whole").await;
    let path = "/01/04012345111118/21/9876?lang=en";
    let verdict = async || scene.get(path, &[JSON]).await.json()["verdict"].clone();
    let before = verdict().await;
    let item = scene.get(path, &[HTML]).await;
    let (_, rest) = item.body.split_once("href=\"/report?").expect("the page leads to the form");
    let link = format!("/report?{}", rest.split('"').next().unwrap().replace("&#38;", "&"));
    let form = scene.get(&link, &[HTML]).await;
    assert_eq!((form.status.as_u16(), form.header("set-cookie")), (200, ""));
    assert_eq!(form.header("referrer-policy"), "same-origin");
    assert!(form.body.contains("value=\"https://id.gs1.org/01/04012345111118/21/9876\""));
    let mut parts = report(form_of(&form.body), "the cap is loose");
    let photo = photo();
    parts.push(("photo", &photo));
    let sent = post(&scene, body(&parts), &[HTML, OWN]).await;
    assert_eq!(sent.status, 303, "{}", sent.body);
    let page = sent.header("location").to_owned();
    let follow = async || scene.get(&page, &[HTML]).await.body;
    let text = follow().await;
    for words in ["It was received", "It looks like a copy", "stored with it", "for 180 days"] {
        assert!(text.contains(words), "{words}: {text}");
    }
    let [one] = &stored(&scene).await[..] else { panic!("one report") };
    assert_eq!(one.outcome.item, "https://id.gs1.org/01/04012345111118/21/9876");
    assert_eq!((&*one.message, &*one.place), ("the cap is loose", "上海 a market"));
    let kept = sql::reports::photo(&scene.db.db(), one.id).await.expect("asked").expect("a photo");
    assert!(kept.starts_with(&[0xff, 0xd8]) && kept.len() < photo.len());
    assert!(!kept.windows(3).any(|part| part == b"GPS"), "where it was taken is not kept");
    assert!(answer(&scene, one.id, Step::Take).await);
    assert!(follow().await.contains("Somebody is looking at it"));
    assert!(answer(&scene, one.id, Step::Answer("Thank you.\nPlease return it.")).await);
    let text = follow().await;
    assert!(text.contains("<p>Thank you.</p><p>Please return it.</p>"), "{text}");
    assert!(!text.contains("the cap is loose"), "what was written is shown to nobody");
    let typed = page.trim_start_matches("/report/").replace("?lang=en", "").to_lowercase();
    let found = scene.get(&format!("/report?receipt={typed}&lang=en"), &[HTML]).await;
    assert_eq!((found.status.as_u16(), found.header("location")), (303, &*page));
    assert_eq!(verdict().await, before, "a report decides nothing");
}

#[actix_web::test]
async fn a_form_that_is_sent_twice_is_one_report_and_another_text_is_another() {
    let scene = Scene::journey("report_twice").await;
    let form = scene.get("/report", &[HTML]).await;
    let sends = ["x", "x", "x", "y"].map(|message| {
        let parts = report(form_of(&form.body), message);
        let body = body(&parts);
        post(&scene, body, &[HTML, OWN])
    });
    let sent: Vec<String> =
        join_all(sends).await.iter().map(|one| one.header("location").to_owned()).collect();
    assert!(sent[0] == sent[1] && sent[1] == sent[2] && sent[2] != sent[3], "{sent:?}");
    assert_eq!(stored(&scene).await.len(), 2);
}

#[actix_web::test]
async fn a_form_of_another_sites_page_is_refused_and_stores_nothing() {
    let scene = Scene::journey("report_other_site").await;
    let body = body(&report("1", "x"));
    for (header, status) in [
        (("Sec-Fetch-Site", "cross-site"), 403),
        (("Sec-Fetch-Site", "same-site"), 403),
        (("Sec-Fetch-Site", "none"), 403),
        (("Origin", "https://evil.example"), 403),
        (("Origin", "https://trace.example.evil.example"), 403),
        (("Origin", "null"), 403),
        (("Origin", "https://trace.example"), 303),
        (("X-Other", "a program"), 303),
    ] {
        let answer = post(&scene, body.clone(), &[HTML, header]).await;
        assert_eq!(answer.status, status, "{header:?}: {}", answer.body);
    }
    let lies = [HTML, ("Origin", "https://trace.example"), ("Sec-Fetch-Site", "cross-site")];
    assert_eq!(
        post(&scene, body, &lies).await.status,
        403,
        "a browser does not let pages write it"
    );
    assert_eq!(stored(&scene).await.len(), 1);
}

#[actix_web::test]
async fn what_is_wrong_is_said_with_all_that_was_entered_but_the_photo() {
    let scene = Scene::journey("report_wrong").await;
    let large = vec![b'x'; MOST_PHOTO + 1];
    let long = "x".repeat(2_001);
    let swapped = |name: &'static str, value: &[u8]| {
        let mut parts = report("1", "<script>alert(1)</script>");
        parts.retain(|(other, _)| *other != name);
        parts.push((name, value));
        body(&parts)
    };
    for (body, words) in [
        (swapped("code", b""), "Enter the code of the item"),
        (swapped("reason", b"\"><script>"), "Choose what seems wrong"),
        (swapped("message", long.as_bytes()), "A text is too long"),
        (swapped("photo", &large), "The photo is too large"),
        (swapped("photo", b"<svg onload=alert(1)>"), "The photo cannot be read"),
        (swapped("photo", b"\xff\xd8\xff\xe1"), "The photo cannot be read"),
    ] {
        let answer = post(&scene, body, &[HTML, OWN]).await;
        assert_eq!(answer.status, 422, "{words}: {}", answer.body);
        assert!(answer.body.contains(words), "{words}: {}", answer.body);
        assert!(answer.body.contains("上海 a market") && !answer.body.contains("<script>"));
    }
    for (body, status) in [
        (b"no parts at all".to_vec(), 400),
        (swapped("message", b"\xff\xfe"), 400),
        (swapped("message", &[b'x'; MOST_TEXT + 1]), 400),
        (body(&vec![("other", &b""[..]); MOST_PARTS + 1]), 400),
    ] {
        assert_eq!(post(&scene, body, &[OWN]).await.status, status);
    }
    assert_eq!(stored(&scene).await, []);
}

#[actix_web::test]
async fn text_of_a_report_and_of_its_answer_is_text_wherever_it_is_shown() {
    let scene = Scene::journey("report_script").await;
    let script = "\"><script>alert(1)</script><img src=x onerror=alert(1)>";
    let typed = utf8_percent_encode(script, NON_ALPHANUMERIC);
    let form = scene.get(&format!("/report?code={typed}"), &[HTML]).await;
    assert!(!form.body.contains("<script>alert"), "{}", form.body);
    let parts = [("form", &b"1"[..]), ("code", script.as_bytes()), ("reason", b"other")];
    let sent = post(&scene, body(&parts), &[HTML, OWN]).await;
    let page = sent.header("location").to_owned();
    let [one] = &stored(&scene).await[..] else { panic!("one report") };
    assert_eq!(one.outcome.item, script, "a code that nobody issued is kept as it is");
    assert!(answer(&scene, one.id, Step::Answer(script)).await);
    let text = scene.get(&page, &[HTML]).await.body;
    assert!(!text.contains("<script>alert") && !text.contains("<img"), "{text}");
}

#[actix_web::test]
async fn receipts_are_not_guessed_and_a_malformed_one_is_answered_like_an_unknown_one() {
    let scene = Scene::journey("report_guess").await;
    let mut bodies = Vec::new();
    for receipt in ["0000-0000-0000-0000", "7ZZZ-AAAA-BBBB-CCCC", "x", "%F0%9F%8D%B5"] {
        let answer = scene.get(&format!("/report/{receipt}?lang=en"), &[HTML]).await;
        assert_eq!(answer.status, 404);
        bodies.push(answer.body);
    }
    assert!(bodies.iter().all(|body| *body == bodies[0]), "nothing tells them apart");
    let mut statuses = Vec::new();
    for number in 0..40 {
        statuses.push(
            scene
                .get(&format!("/report/0000-0000-0000-00{number:02}"), &[HTML])
                .await
                .status
                .as_u16(),
        );
    }
    assert!(statuses.contains(&429), "{statuses:?}");
}

#[actix_web::test]
async fn a_network_that_floods_is_stopped_and_others_are_not() {
    let scene = Scene::journey("report_flood").await;
    let send = async |number: usize, from: &str| {
        let message = format!("message {number}");
        let body = body(&report("1", &message));
        post(&scene, body, &[HTML, OWN, ("X-Forwarded-For", from)]).await.status.as_u16()
    };
    let mut statuses = Vec::new();
    for number in 0..30 {
        statuses.push(send(number, &format!("203.0.113.{number}")).await);
    }
    assert_eq!(statuses.iter().filter(|status| **status == 303).count(), 20, "{statuses:?}");
    assert_eq!(statuses.iter().filter(|status| **status == 429).count(), 10, "{statuses:?}");
    assert_eq!(send(99, "198.51.100.7").await, 303, "another network");
    let counted = &scene.state.metrics.reports;
    assert_eq!(counted.with_label_values(&["stored"]).get(), 21);
    assert_eq!(counted.with_label_values(&["limited"]).get(), 10);
}

#[actix_web::test]
async fn a_site_that_takes_no_reports_shows_no_form_and_old_receipts_still() {
    let scene = Scene::journey("report_none").await;
    let sent = post(&scene, body(&report("1", "x")), &[HTML, OWN]).await;
    let page = sent.header("location").to_owned();
    let scene = scene.with_config(|config| config.takes_reports = false);
    let form = scene.get("/report?lang=en", &[HTML]).await;
    assert_eq!(form.status, 404);
    assert!(form.body.contains("This site takes no reports"), "{}", form.body);
    assert_eq!(post(&scene, body(&report("1", "y")), &[HTML, OWN]).await.status, 404);
    assert_eq!(scene.get(&page, &[HTML]).await.status, 200);
    let item = scene.get("/01/04012345111118/21/9876?lang=en", &[HTML]).await;
    assert!(item.body.contains("href=\"mailto:care@factory.example\""), "{}", item.body);
}

#[actix_web::test]
async fn reports_are_deleted_after_their_days_and_their_receipts_say_nothing_then() {
    let scene = Scene::journey("report_old").await;
    let sent = post(&scene, body(&report("1", "x")), &[HTML, OWN]).await;
    let page = sent.header("location").to_owned();
    assert_eq!(reports::delete_old(&scene.state).await.expect("asked"), 0);
    let older = "update reports set received_at = received_at - interval '181 days'";
    let switch = |on| format!("alter table reports {on} trigger reports_answered_once");
    for statement in [&*switch("disable"), older, &switch("enable")] {
        scene.db.execute(statement).await.expect("the owner may");
    }
    assert_eq!(reports::delete_old(&scene.state).await.expect("asked"), 1);
    assert_eq!(scene.get(&page, &[HTML]).await.status, 404);
    assert_eq!(stored(&scene).await, []);
    let other = ask(&scene.state, Audience::Internal, &Method::GET, &page, &[HTML]).await;
    assert_eq!(other.status, 404, "the operator's address has no such page");
}

/// The same scene with a log of reads.
fn with_log(scene: Scene) -> Scene {
    let keys = LedgerKeys::generate(READS, &SystemRandom::new()).expect("keys");
    let (origin, party) = (READS.to_owned(), "Authority".to_owned());
    let settings = Settings { origin, party, keys: Arc::new(keys) };
    scene.with_config(|config| config.read_log = Some(settings))
}

/// Entries of the log of reads.
async fn entries(scene: &Scene) -> Vec<(u64, Hash)> {
    let db = scene.db.db();
    let Some(row) = sql::ledgers::find(&db, READS).await.expect("asked") else { return Vec::new() };
    let mut entries = Vec::new();
    let each = async |stored: sql::ledgers::StoredRecord| {
        let record = Record::parse(&stored.text).expect("a record");
        entries.push(report_entry::read(record.json()).expect("a digest"));
        Ok::<_, sql::Error>(())
    };
    sql::ledgers::for_each_record(&db, row.id, each).await.expect("read");
    entries
}

#[actix_web::test]
async fn the_digest_of_a_report_is_in_the_log_before_the_receipt_is_shown_and_once() {
    let scene = with_log(Scene::journey("report_digest").await);
    let form = scene.get("/report", &[HTML]).await;
    let sends = ["x", "x", "x"].map(|message| {
        let mut parts = report(form_of(&form.body), message);
        parts.push(("authorities", b"yes"));
        post(&scene, body(&parts), &[HTML, OWN])
    });
    let sent = join_all(sends).await;
    let [one] = &stored(&scene).await[..] else { panic!("one report") };
    let digest = one.outcome.digest.expect("a digest");
    assert_eq!(entries(&scene).await, [(one.id, digest)], "one report, one entry");
    let page = scene.get(sent[0].header("location"), &[HTML]).await.body;
    for words in [
        &*digest.to_string(),
        "The digest is in the log reads.example/1, entry 0",
        "they can read it",
    ] {
        assert!(page.contains(words), "{words}: {page}");
    }
    let frozen =
        sql::reports::evidence(&scene.db.db(), one.id).await.expect("asked").expect("there");
    for words in [
        "\"verdict\":\"CONDITION\"",
        "\"item\":\"known\"",
        "\"origin\":\"factory.example/packing\"",
        "\"forAuthorities\":true",
    ] {
        assert!(frozen.evidence.document.contains(words), "{words}: {}", frozen.evidence.document);
    }
    let statement = Statement {
        received_at: one.outcome.received_at,
        item: &one.outcome.item,
        reason: &one.outcome.reason,
        message: "x",
        place: "上海 a market",
        language: "en",
        for_authorities: true,
        photo: None,
    };
    let document = &frozen.evidence.document;
    let kept = Kept { document, secret: &frozen.secret, digest: &digest };
    assert!(frozen::check(&kept, &statement).is_ok(), "it fits what is stored");
}

#[actix_web::test]
async fn a_report_whose_digest_cannot_be_logged_is_stored_and_its_page_says_so() {
    let scene = Scene::journey("report_unlogged").await;
    let unlogged = async |scene: &Scene, form: &str| {
        let sent = post(scene, body(&report(form, "x")), &[HTML, OWN]).await;
        assert_eq!(sent.status, 303, "{}", sent.body);
        let page = scene.get(sent.header("location"), &[HTML]).await.body;
        assert!(page.contains("The digest is not in a log"), "{page}");
        assert!(page.contains("not sent to them"), "{page}");
    };
    unlogged(&scene, "1").await;
    let scene = with_log(scene);
    // The ledger of that name is of another kind, so it is not written.
    let create = sql::ledgers::create_ledger(&scene.db.db(), READS, "site", "Somebody").await;
    create.expect("created");
    unlogged(&scene, "2").await;
    let all = stored(&scene).await;
    assert_eq!(all.len(), 2);
    assert!(all.iter().all(|one| one.outcome.digest.is_some() && one.outcome.log.is_none()));
    // Of an earlier version there is none.
    let add = "insert into reports (receipt_sha256, received_at, item_key, item, reason, message, place, language) \
               select sha256('x'), now(), 1, 'i', 'copy', '', '', 'en'";
    scene.db.execute(add).await.expect("stored");
    let old = stored(&scene).await.pop().expect("it is there");
    assert_eq!((old.outcome.digest, old.outcome.for_authorities), (None, false));
}

#[actix_web::test]
async fn evidence_says_plainly_that_an_item_is_unknown_or_that_a_text_names_none() {
    let scene = Scene::journey("report_shown").await;
    for (code, says) in [
        (
            "https://trace.example/01/04012345111118/21/4711",
            "\"shown\":{\"item\":\"unknown\",\"ledgers\":[]",
        ),
        ("torn off", "\"shown\":{\"item\":\"none\"}"),
        ("https://id.gs1.org/414/9521141111116", "\"shown\":{\"item\":\"none\"}"),
    ] {
        let parts = [("form", &b"1"[..]), ("code", code.as_bytes()), ("reason", b"other")];
        assert_eq!(post(&scene, body(&parts), &[HTML, OWN]).await.status, 303);
        let last = stored(&scene).await.pop().expect("it is there");
        let frozen = sql::reports::evidence(&scene.db.db(), last.id).await.expect("asked");
        let document = frozen.expect("there").evidence.document;
        assert!(document.contains(says), "{document}");
    }
    let scans = scene.db.session().await;
    let count: i64 =
        scans.query_one("select count(*) from scans", &[]).await.expect("asked").get(0);
    assert_eq!(count, 0, "to look is no scan");
}

#[actix_web::test]
async fn the_box_for_the_authorities_is_not_ticked_and_says_what_they_see() {
    let scene = Scene::journey("report_box").await;
    for (language, words) in
        [("en", "Inspectors who log in here see"), ("zh", "监管人员登录后可以看到")]
    {
        let form = scene.get(&format!("/report?lang={language}"), &[HTML]).await.body;
        let (_, rest) = form.split_once("name=\"authorities\" value=\"yes\"").expect("a box");
        let tag = rest.split('>').next().expect("a tag");
        assert!(form.contains(words) && !tag.contains("checked"), "{tag}");
    }
    // What was ticked stays ticked when something else is wrong.
    let parts = [("form", &b"1"[..]), ("authorities", b"yes"), ("reason", b"other")];
    let again = post(&scene, body(&parts), &[HTML, OWN]).await;
    let (_, rest) = again.body.split_once("name=\"authorities\" value=\"yes\"").expect("a box");
    assert!(again.status == 422 && rest.split('>').next().expect("a tag").contains("checked"));
    let parts =
        [("form", &b"1"[..]), ("code", b"x"), ("authorities", b"maybe"), ("reason", b"other")];
    post(&scene, body(&parts), &[HTML, OWN]).await;
    assert!(!stored(&scene).await[0].outcome.for_authorities, "only the box ticks it");
}
