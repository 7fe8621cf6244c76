//! What inspectors and brand owners read of what people report, what is recorded of it, and what somebody else tries.

use history::frozen::{self, Head, Shown, Statement};
use ledger::Hash;
use ledger::hash::sha256;
use sql::Access;
use sql::reports::{Evidence, NewReport, Stored, insert, set_logged};

use crate::testing::{Answer, Ask, Browser, EVIL, Limits, READS, Scene};

const ITEM: &str = "https://id.gs1.org/01/09521141123454/21/602";
const OTHER: &str = "https://id.gs1.org/01/09521149000000/21/7";
const COMPANY: &str = "urn:epc:id:pgln:9521142.00000";
const SCRIPT: &str = "\"><script>alert(1)</script><img src=x onerror=alert(1)>";
const WHY: &str = "?why=recall%20seven";
const PHOTO: &[u8] = b"\x89PNG\r\n\x1a\n a picture";

/// What somebody sends.
#[derive(Clone, Copy)]
struct Sent<'a> {
    item: &'a str,
    message: &'a str,
    place: &'a str,
    photo: Option<&'a [u8]>,
    for_authorities: bool,
}

const SENT: Sent<'_> = Sent {
    item: ITEM,
    message: "the cap is loose",
    place: "a market",
    photo: None,
    for_authorities: true,
};

/// Stores a report as trace-api does; gives its number and digest.
async fn send(scene: &Scene, receipt: u8, sent: Sent<'_>) -> (u64, Hash) {
    let Sent { item, message, place, photo, for_authorities } = sent;
    let statement = Statement {
        received_at: scene.now(),
        item,
        reason: "copy",
        message,
        place,
        language: "en",
        for_authorities,
        photo: photo.map(|photo| (sha256(photo), photo.len() as u64)),
    };
    let ledgers = vec![Head { origin: "a.example/1".into(), size: 7, root: sha256(b"root") }];
    let (verdict, reason) = ("CONSISTENT".to_owned(), "nothing_found".to_owned());
    let shown = Shown::Verdict { verdict, reason, ledgers: Some(ledgers) };
    let (secret, document) = ([receipt; 16], frozen::document(&statement, &shown));
    let evidence = Evidence { digest: frozen::digest(&secret, &document), document };
    let new = NewReport {
        receipt: &[receipt; 32],
        at: statement.received_at,
        item,
        reason: statement.reason,
        message,
        place,
        language: statement.language,
        photo,
        for_authorities,
        secret: &secret,
        evidence: &evidence,
        without_photo: &evidence,
    };
    let trace = scene.db.db_as(Access::TraceApi).await;
    match insert(&trace, new).await.unwrap() {
        Stored::New { id, .. } => (id, evidence.digest),
        Stored::Before => panic!("it is new"),
    }
}

async fn login(scene: &Scene, number: u8, role: &str, limits: Limits<'_>) -> Browser {
    let key = scene.limited_key(number, role, limits).await;
    let mut browser = Browser::default();
    let answer = browser.log_in(scene, &key).await;
    assert_eq!(answer.status.as_u16(), 303, "{}", answer.body);
    browser
}

fn of_product(product: &str) -> Limits<'_> {
    Limits { products: vec![product], ..Limits::default() }
}

async fn inspector(scene: &Scene) -> Browser {
    login(scene, 1, "regulator", of_product("9521141")).await
}

async fn brand(scene: &Scene) -> Browser {
    login(scene, 2, "brand-owner", of_product("9521141")).await
}

async fn page(browser: &mut Browser, scene: &Scene, path: &str) -> Answer {
    browser.get(scene, &format!("{path}{WHY}")).await
}

fn links(answer: &Answer) -> Vec<&str> {
    let parts = answer.body.split("<td class=\"n\"><a href=\"/reports/").skip(1);
    parts.map(|part| part.split(['?', '"']).next().unwrap()).collect()
}

#[actix_web::test]
async fn an_inspector_reads_what_was_sent_to_the_authorities_and_the_brand_reads_all_of_its_items()
{
    let scene = Scene::with_records("desk_reports", &[]).await;
    let (ticked, digest) = send(&scene, 1, SENT).await;
    let other = Sent { for_authorities: false, message: "for the brand alone", ..SENT };
    let (unticked, _) = send(&scene, 2, other).await;
    send(&scene, 3, Sent { item: OTHER, message: "of another brand", ..SENT }).await;
    send(&scene, 4, Sent { item: OTHER, for_authorities: false, ..SENT }).await;
    send(&scene, 5, Sent { item: "torn off", ..SENT }).await;

    let mut lee = inspector(&scene).await;
    let list = page(&mut lee, &scene, "/reports").await;
    assert_eq!(links(&list), [ticked.to_string()]);
    list.assert(200, "Reports to the authorities beyond your limits: 2.");
    list.assert(200, "(01) 09521141123454 (21) 602");
    let one = page(&mut lee, &scene, &format!("/reports/{ticked}")).await;
    for part in [
        "the cap is loose",
        "a market",
        &digest.to_string(),
        "fits its digest",
        "the digest is not in a log",
        "CONSISTENT · nothing_found",
        "a.example/1",
    ] {
        one.assert(200, part);
    }

    let mut wu = brand(&scene).await;
    // Its reads are not recorded, so it states no reason.
    let list = wu.get(&scene, "/reports").await;
    assert_eq!(links(&list), [unticked.to_string(), ticked.to_string()]);
    assert!(!list.body.contains("beyond your limits"), "{}", list.body);
    wu.get(&scene, &format!("/reports/{unticked}")).await.assert(200, "for the brand alone");
    let zh = wu.get(&scene, "/language/zh?to=%2Freports").await;
    assert_eq!(zh.status.as_u16(), 303);
    wu.get(&scene, "/reports").await.assert(200, "可疑情况报告");

    let mut other = login(&scene, 3, "brand-owner", of_product("9521142")).await;
    let list = other.get(&scene, "/reports").await;
    list.assert(200, "There are no reports.");
    assert!(!list.body.contains("beyond your limits"), "{}", list.body);
}

#[actix_web::test]
async fn a_report_is_read_when_the_read_is_recorded_and_not_before() {
    let scene = Scene::with_records("desk_report_reads", &[]).await;
    let (id, _) = send(&scene, 1, Sent { photo: Some(PHOTO), ..SENT }).await;
    send(&scene, 2, Sent { item: OTHER, ..SENT }).await;
    let mut lee = inspector(&scene).await;
    let before = scene.reads().await.len();
    for path in ["/reports".to_owned(), format!("/reports/{id}")] {
        let asked = lee.get(&scene, &path).await;
        asked.assert(200, "State a reason of 3 to 500 characters.");
        assert!(!asked.body.contains("602") && !asked.body.contains("loose"), "{}", asked.body);
    }
    let photo = format!("/reports/{id}/photo");
    assert_eq!(lee.get(&scene, &photo).await.status.as_u16(), 400);
    assert_eq!(scene.reads().await.len(), before);
    for path in ["/reports", &format!("/reports/{id}"), &photo] {
        let asked = Ask::get(path);
        let whole = format!("{path}{WHY}");
        let answer = lee.send(&scene, Ask { path: &whole, ..asked }).await;
        assert_eq!(answer.status.as_u16(), 200);
        let reads = scene.reads().await;
        let read = reads.last().unwrap();
        for (member, value) in [
            ("chopmark:act", "read reports"),
            ("chopmark:asked", &format!("GET {path}")),
            ("chopmark:reason", "recall seven"),
            ("chopmark:subject", "food-authority/1"),
        ] {
            assert_eq!(read[member], value, "{read}");
        }
    }
    let reads = scene.reads().await;
    assert_eq!(reads.len(), before + 3);
    assert_eq!(
        (&reads[before]["chopmark:shown"], &reads[before]["chopmark:hidden"]),
        (&1.into(), &1.into())
    );
    for table in ["record_chunks", "checkpoints"] {
        let revoke = format!("revoke insert on {table} from chopmark_desk");
        scene.db.execute(&revoke).await.unwrap();
    }
    for path in ["/reports", &format!("/reports/{id}"), &photo] {
        let refused = page(&mut lee, &scene, path).await;
        assert_eq!(refused.status.as_u16(), 503, "{path}");
        assert!(!refused.body.contains("602") && !refused.body.contains("loose"));
    }
}

#[actix_web::test]
async fn whoever_may_not_see_a_report_cannot_tell_that_it_is_there() {
    let scene = Scene::with_records("desk_report_limits", &[]).await;
    let (unticked, _) =
        send(&scene, 1, Sent { for_authorities: false, photo: Some(PHOTO), ..SENT }).await;
    let (beyond, _) = send(&scene, 2, Sent { item: OTHER, photo: Some(PHOTO), ..SENT }).await;
    let mut lee = inspector(&scene).await;
    let unknown = page(&mut lee, &scene, "/reports/99").await;
    assert_eq!(unknown.status.as_u16(), 404);
    let more = ["9223372036854775807", "18446744073709551615", "-1", "x", "1%20or%201=1"];
    let numbers = [unticked.to_string(), beyond.to_string()];
    for number in numbers.iter().map(String::as_str).chain(more) {
        for path in [format!("/reports/{number}"), format!("/reports/{number}/photo")] {
            let answer = page(&mut lee, &scene, &path).await;
            assert_eq!(answer.status.as_u16(), 404, "{path}");
            let text = |body: &str| body.replace(number, "99").replace("%2Fphoto", "");
            let same = answer.body.len().abs_diff(unknown.body.len()) < 80;
            assert!(same && !text(&answer.body).contains("loose"), "{path}: {}", answer.body);
        }
    }
    // Limits of another kind show none, and neither do other roles.
    let place = Limits { places: vec!["9521142"], ..Limits::default() };
    let mut chen = login(&scene, 5, "regulator", place).await;
    let list = page(&mut chen, &scene, "/reports").await;
    list.assert(200, "There are no reports.");
    let party = Limits { parties: vec![COMPANY], ..Limits::default() };
    for (number, role, limits) in [
        (6, "custodian", party),
        (7, "operator", Limits::default()),
        (8, "auditor", Limits::default()),
    ] {
        let mut other = login(&scene, number, role, limits).await;
        for path in ["/reports", &format!("/reports/{beyond}"), &format!("/reports/{beyond}/photo")]
        {
            assert_eq!(page(&mut other, &scene, path).await.status.as_u16(), 403, "{role} {path}");
        }
        assert!(!other.get(&scene, "/").await.body.contains("href=\"/reports\""), "{role}");
    }
    let mut stranger = Browser::default();
    assert_eq!(page(&mut stranger, &scene, "/reports").await.status.as_u16(), 401);
    let post = Ask::post("/reports", &[]).with("Origin", EVIL);
    assert_eq!(lee.send(&scene, post).await.status.as_u16(), 403);
}

#[actix_web::test]
async fn what_strangers_wrote_is_text_and_their_photo_is_a_picture_that_runs_nothing() {
    let scene = Scene::with_records("desk_report_script", &[]).await;
    let free = Limits::default();
    let sent = Sent { item: SCRIPT, message: SCRIPT, place: SCRIPT, photo: Some(PHOTO), ..SENT };
    let (id, _) = send(&scene, 1, sent).await;
    // A code of nobody is within limits of a period alone.
    let mut lee = login(&scene, 1, "regulator", free).await;
    for path in ["/reports".to_owned(), format!("/reports/{id}")] {
        let shown = page(&mut lee, &scene, &path).await;
        shown.assert(200, "alert(1)");
        for bad in ["<script", "<img src=x"] {
            assert!(!shown.body.contains(bad), "{bad}: {}", shown.body);
        }
    }
    let evil = format!("/reports/{id}?why=%22%3E%3Cscript%3Ealert(1)%3C/script%3E");
    let shown = lee.get(&scene, &evil).await;
    assert!(!shown.body.contains("<script"), "{}", shown.body);

    let path = format!("/reports/{id}/photo");
    let photo = page(&mut lee, &scene, &path).await;
    for (name, value) in [
        ("content-type", "image/png"),
        ("content-disposition", &*format!("attachment; filename=\"report-{id}.png\"")),
        ("content-security-policy", "default-src 'none'; frame-ancestors 'none'; sandbox"),
        ("x-content-type-options", "nosniff"),
        ("cross-origin-resource-policy", "same-origin"),
        ("cache-control", "no-store"),
    ] {
        assert_eq!((photo.status.as_u16(), photo.header(name)), (200, value), "{name}");
    }
    // Somebody with the rights of the owner puts a page in the place of the photo.
    alter(&scene, "update reports set photo = '<script>alert(1)</script>'").await;
    let refused = page(&mut lee, &scene, &path).await;
    assert_eq!(refused.status.as_u16(), 500);
    assert!(!refused.body.contains("alert(1)"), "{}", refused.body);
}

/// Changes rows as the owner of the database who switches off what keeps them.
async fn alter(scene: &Scene, statement: &str) {
    let all = [("reports", "reports_answered_once"), ("report_evidence", "report_evidence_frozen")];
    for on in ["disable", "enable"] {
        if on == "enable" {
            scene.db.execute(statement).await.unwrap();
        }
        for (table, trigger) in all {
            let switch = format!("alter table {table} {on} trigger {trigger}");
            scene.db.execute(&switch).await.unwrap();
        }
    }
}

#[actix_web::test]
async fn a_report_that_was_altered_says_so_and_so_does_one_that_the_log_contradicts() {
    let scene = Scene::with_records("desk_report_altered", &[]).await;
    let (id, digest) = send(&scene, 1, SENT).await;
    let path = format!("/reports/{id}");
    let mut lee = inspector(&scene).await;
    let place = scene.state.read_log.record_report((id, &digest)).await.unwrap();
    let set = async |tx: &sql::Transaction<'_>| set_logged(tx, id, &place).await;
    assert!(scene.db.run_tx("test.log", set).await.unwrap());
    let shown = page(&mut lee, &scene, &path).await;
    shown.assert(200, "the log has the same digest");
    shown.assert(200, &format!("{READS} {}", place.index));
    alter(&scene, "update reports set message = 'it is fine'").await;
    let shown = page(&mut lee, &scene, &path).await;
    shown.assert(200, "does not fit its digest: it was changed since");
    assert!(!shown.body.contains("CONSISTENT"), "what does not fit is not shown: {}", shown.body);
    alter(&scene, "update reports set message = 'the cap is loose'").await;
    alter(&scene, "update report_evidence set log_index = log_index + 1").await;
    let shown = page(&mut lee, &scene, &path).await;
    shown.assert(200, "the log has another digest, or none: do not rely on it");
    alter(&scene, "update report_evidence set secret = substring(digest for 16)").await;
    page(&mut lee, &scene, &path).await.assert(200, "what was frozen does not fit its digest");
}

#[actix_web::test]
async fn an_inspector_opens_a_case_on_a_report() {
    let scene = Scene::with_records("desk_report_case", &[]).await;
    let (id, _) = send(&scene, 1, SENT).await;
    let mut lee = inspector(&scene).await;
    let shown = page(&mut lee, &scene, &format!("/reports/{id}")).await;
    let (_, rest) = shown.body.split_once("href=\"/cases?").expect("it leads to a case");
    let link = format!("/cases?{}", rest.split('"').next().unwrap().replace("&#38;", "&"));
    let form = lee.get(&scene, &link).await;
    form.assert(200, &format!("name=\"title\" value=\"report {id}\""));
    form.assert(200, &format!("name=\"subject\" value=\"item:{ITEM}\""));
    let (csrf, title, subject) = (form.csrf(), format!("report {id}"), format!("item:{ITEM}"));
    let fields =
        [("csrf", &*csrf), ("title", &*title), ("subject", &*subject), ("why", "recall seven")];
    let opened = lee.post(&scene, "/cases", &fields).await;
    assert_eq!(opened.header("location"), "/cases/1", "{}", opened.body);
    let mut wu = brand(&scene).await;
    let shown = wu.get(&scene, &format!("/reports/{id}")).await;
    assert!(!shown.body.contains("/cases"), "a brand owner opens none: {}", shown.body);
}

#[actix_web::test]
async fn pages_of_reports_have_each_once_and_lead_on() {
    let scene = Scene::with_records("desk_report_pages", &[]).await;
    let add = "insert into reports (receipt_sha256, received_at, item_key, item, reason, message, place, language, for_authorities) \
               select sha256(n::text::bytea), '2026-11-20T08:00:00Z', 1, case when n % 2 = 0 then 'https://id.gs1.org/01/09521141123454/21/' || n \
               else 'https://id.gs1.org/01/09521149000000/21/' || n end, 'copy', '', '', 'en', true from generate_series(1, 205) n";
    scene.db.execute(add).await.unwrap();
    let mut lee = inspector(&scene).await;
    let (mut path, mut all, mut hidden) = (format!("/reports{WHY}"), Vec::new(), 0);
    for _ in 0..4 {
        let shown = lee.get(&scene, &path).await;
        all.extend(links(&shown).into_iter().map(|id| id.parse::<u64>().unwrap()));
        if let Some((_, rest)) = shown.body.split_once("beyond your limits: ") {
            hidden += rest.split('.').next().unwrap().parse::<u64>().unwrap();
        }
        let Some((_, rest)) = shown.body.split_once("rel=\"next\" href=\"") else { break };
        path = rest.split('"').next().unwrap().replace("&#38;", "&");
    }
    let expected: Vec<u64> = (1..=204).rev().filter(|id| id % 2 == 0).collect();
    assert_eq!((all, hidden), (expected, 103));
    lee.get(&scene, &format!("/reports/2{WHY}")).await.assert(200, "stored by an earlier version");
}
