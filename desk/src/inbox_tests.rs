//! What a company reads and replies in a login of its own, what is recorded of it, and what somebody else tries.

use access::{Act, Decision, Grant, Identity, Means, Role, Scope, decide};
use actix_web::http::Method;

use crate::http::{PATHS, Who};
use crate::testing::{Ask, Browser, EVIL, Limits, SITE, Scene};

const COMPANY: &str = "urn:epc:id:pgln:9521142.00000";
const OTHER: &str = "urn:epc:id:pgln:9521143.00000";
const EVIL_TEXT: &str = "<b onmouseover=1>\"'&lt;script>alert(1)</script>";

/// Somebody with a key of this role and these limits, logged in.
async fn login(scene: &Scene, number: u8, role: &str, limits: Limits<'_>) -> Browser {
    let key = scene.limited_key(number, role, limits).await;
    let mut browser = Browser::default();
    let answer = browser.log_in(scene, &key).await;
    assert_eq!(answer.status.as_u16(), 303, "{}", answer.body);
    browser
}

fn of_party(party: &str) -> Limits<'_> {
    Limits { parties: vec![party], ..Limits::default() }
}

async fn company(scene: &Scene) -> Browser {
    login(scene, 20, "custodian", of_party(COMPANY)).await
}

/// An inspector with a case of this title.
async fn inspector(scene: &Scene, title: &str) -> Browser {
    let limits = Limits { products: vec!["9521141"], ..Limits::default() };
    let mut browser = login(scene, 1, "regulator", limits).await;
    let csrf = browser.get(scene, "/cases").await.csrf();
    let opening =
        [("csrf", &*csrf), ("title", title), ("subject", "lot:L1"), ("why", "recall seven")];
    let opened = browser.post(scene, "/cases", &opening).await;
    assert_eq!(opened.header("location"), "/cases/1", "{}", opened.body);
    browser
}

/// An act of an inspector in case 1.
async fn act(scene: &Scene, browser: &mut Browser, seen: &str, fields: &[(&str, &str)]) {
    let csrf = browser.get(scene, "/cases/1").await.csrf();
    let head = [("csrf", &*csrf), ("seen", seen), ("why", "to find it")];
    let fields: Vec<(&str, &str)> = head.iter().chain(fields).copied().collect();
    let answer = browser.post(scene, "/cases/1", &fields).await;
    assert_eq!(answer.status.as_u16(), 303, "{}", answer.body);
}

const QUESTION: [(&str, &str); 4] =
    [("act", "ask"), ("party", COMPANY), ("text", "Where is it?"), ("due", "2026-12-01")];
const ORDER: [(&str, &str); 5] = [
    ("act", "order_recall"),
    ("party", "9521142000006"),
    ("things", "lot:L1"),
    ("count", "3"),
    ("text", "Take it off the shelf."),
];

/// Case 1 with a question (act 2) and an order (act 3) to the company.
async fn asked(scene: &Scene) -> Browser {
    let mut browser = inspector(scene, "Secret title").await;
    act(scene, &mut browser, "1", &QUESTION).await;
    act(scene, &mut browser, "2", &ORDER).await;
    browser
}

fn answer<'a>(csrf: &'a str, text: &'a str) -> [(&'a str, &'a str); 3] {
    [("csrf", csrf), ("seen", "0"), ("text", text)]
}

#[actix_web::test]
async fn a_company_answers_in_its_own_login_and_the_inspector_sees_that_it_did() {
    let scene = Scene::with_records("inbox_answers", &[]).await;
    let mut lee = asked(&scene).await;
    let before = scene.reads().await.len();
    let mut wu = company(&scene).await;
    let home = wu.get(&scene, "/").await;
    home.assert(200, "Waiting for your company: 1 question, 1 recall order.");
    home.assert(200, "href=\"/inbox\"");
    let list = wu.get(&scene, "/inbox").await;
    for part in [
        "href=\"/inbox/1/2\"",
        "href=\"/inbox/1/3\"",
        "waits for your answer",
        "(417) 9521142000006",
        "2026-12-01",
    ] {
        list.assert(200, part);
    }
    let page = wu.get(&scene, "/inbox/1/2").await;
    page.assert(200, "Where is it?");
    page.assert(200, "food-authority/1");
    for secret in ["Secret title", "lot:L1", "to find it", "recall seven", "Take it off"] {
        assert!(!page.body.contains(secret) && !list.body.contains(secret), "{secret}");
    }
    assert_eq!(scene.reads().await.len(), before, "reads of a custodian are not recorded");

    let csrf = page.csrf();
    let sent = wu.post(&scene, "/inbox/1/2", &answer(&csrf, "On the\r\nshelf.")).await;
    assert_eq!((sent.status.as_u16(), sent.header("location")), (303, "/inbox/1/2"));
    let page = wu.get(&scene, "/inbox/1/2").await;
    page.assert(200, "by your company");
    page.assert(200, "On the\r\nshelf.");
    assert!(!page.body.contains("<textarea"), "a question is answered once");
    wu.get(&scene, "/").await.assert(200, "0 questions, 1 recall order.");

    let reads = scene.reads().await;
    let read = reads.last().unwrap();
    assert_eq!(reads.len(), before + 1);
    let asked = read["chopmark:asked"].as_str().unwrap();
    let digest = asked.strip_prefix("POST /inbox/1/2 answer ").unwrap();
    page.assert(200, digest);
    for (member, value) in [
        ("chopmark:subject", "food-authority/20"),
        ("chopmark:act", "answer inquiries"),
        ("chopmark:reason", "case 1: reply of the company to act 2"),
    ] {
        assert_eq!(read[member], value, "{read}");
    }
    let case = lee.get(&scene, "/cases/1").await;
    for part in [
        "The company answered <span class=\"chip c-blue\">sent by the company itself</span>",
        "answered by the company itself",
        "For the company: (417) 9521142000006",
        "food-authority/20",
        digest,
    ] {
        case.assert(200, part);
    }
}

#[actix_web::test]
async fn a_company_reports_on_its_recall_order_and_the_inspector_sees_that_it_did() {
    let scene = Scene::with_records("inbox_reports", &[]).await;
    let mut lee = asked(&scene).await;
    let mut wu = company(&scene).await;
    let page = wu.get(&scene, "/inbox/1/3").await;
    for part in ["lot:L1", "Take it off the shelf.", "waits to be carried out"] {
        page.assert(200, part);
    }
    let csrf = page.csrf();
    let report = |seen: &'static str, outcome: &'static str, count: &'static str| {
        let place = ("place", "Nanjing");
        [("csrf", csrf.clone()), ("seen", seen.into()), ("outcome", outcome.into())]
            .into_iter()
            .chain([("count", count.to_owned()), (place.0, place.1.to_owned())])
            .collect::<Vec<_>>()
    };
    let mut send = async |fields: Vec<(&str, String)>| {
        let fields: Vec<(&str, &str)> =
            fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
        wu.post(&scene, "/inbox/1/3", &fields).await
    };
    assert_eq!(send(report("0", "found", "3")).await.status.as_u16(), 303);
    send(report("0", "found", "3")).await.assert(200, "what you sent was not kept");
    send(report("1", "destroyed", "4")).await.assert(200, "at most 3 are possible");
    send(report("1", "lost", "4")).await.assert(200, "choose an outcome");
    send(report("1", "found", "-1")).await.assert(200, "State the number in digits");
    assert_eq!(send(report("1", "quarantined", "2")).await.status.as_u16(), 303);
    assert_eq!(send(report("2", "destroyed", "3")).await.status.as_u16(), 303);
    let page = wu.get(&scene, "/inbox/1/3").await;
    page.assert(200, "carried out");
    page.assert(200, "destroyed: 3");
    let case = lee.get(&scene, "/cases/1").await;
    assert_eq!(case.body.matches("The company reported execution").count(), 3);
    act(&scene, &mut lee, "6", &[("act", "withdraw"), ("number", "2")]).await;
    act(&scene, &mut lee, "7", &[("act", "close"), ("text", "All of it destroyed.")]).await;
    wu.get(&scene, "/inbox/1/3").await.assert(200, "carried out");
    let acts = scene.reads().await;
    let acts = acts.iter().filter_map(|read| read["chopmark:asked"].as_str());
    assert_eq!(acts.filter(|asked| asked.starts_with("POST /inbox/1/3 report ")).count(), 3);
}

#[actix_web::test]
async fn another_company_sees_and_answers_nothing_and_cannot_tell_what_is_there() {
    let scene = Scene::with_records("inbox_others", &[]).await;
    asked(&scene).await;
    let product = vec!["9521141", "9521142"];
    let wider = Limits { products: product.clone(), ..Limits::default() };
    let place = Limits { products: product, places: vec!["9521142"], ..Limits::default() };
    let others = [
        (30, "custodian", of_party(OTHER)),
        // A prefix that the company's number begins with, of products and of places, names no company.
        (31, "brand-owner", wider),
        (32, "brand-owner", place),
        (33, "custodian", of_party("urn:epc:id:sgln:9521142.00000.0")),
    ];
    for (number, role, limits) in others {
        let mut other = login(&scene, number, role, limits).await;
        let list = other.get(&scene, "/inbox").await;
        assert!(list.status.is_success() && !list.body.contains("/inbox/1"), "{}", list.body);
        let home = other.get(&scene, "/").await;
        assert!(!home.body.contains("Waiting for your company"), "{}", home.body);
        let csrf = home.csrf();
        let mut bodies = Vec::new();
        for path in ["/inbox/1/2", "/inbox/1/3", "/inbox/1/1", "/inbox/9/9", "/inbox/x/y"] {
            let shown = other.get(&scene, path).await;
            let sent = other.post(&scene, path, &answer(&csrf, "mine now")).await;
            let without = other.post(&scene, path, &[("csrf", &csrf), ("seen", "0")]).await;
            for answer in [&shown, &sent, &without] {
                answer.assert(404, "There is no such page");
            }
            bodies.push(shown.body.replace(&path.replace('/', "%2F"), ""));
        }
        bodies.dedup();
        assert_eq!(bodies.len(), 1, "the answers are the same, whatever is there");
    }
    let text = scene.db.session().await.query_one("select count(*) from case_acts", &[]).await;
    assert_eq!(text.unwrap().get::<_, i64>(0), 3);
}

#[actix_web::test]
async fn a_reply_needs_the_token_of_the_session_and_a_page_of_ours() {
    let scene = Scene::with_records("inbox_csrf", &[]).await;
    asked(&scene).await;
    let mut wu = company(&scene).await;
    let csrf = wu.get(&scene, "/inbox/1/2").await.csrf();
    let others = login(&scene, 30, "custodian", of_party(OTHER)).await;
    let theirs = others.clone().get(&scene, "/").await.csrf();
    let good = || Ask::post("/inbox/1/2", &answer(&csrf, "On the shelf."));
    for ask in [
        Ask::post("/inbox/1/2", &answer("", "On the shelf.")),
        Ask::post("/inbox/1/2", &answer(&theirs, "On the shelf.")),
        good().with("Origin", EVIL),
        good().without("Origin"),
    ] {
        wu.send(&scene, ask).await.assert(403, "Nothing was changed");
    }
    wu.get(&scene, "/inbox/1/2").await.assert(200, "waits for your answer");
    assert_eq!(wu.send(&scene, good()).await.status.as_u16(), 303);
}

#[actix_web::test]
async fn whose_key_ended_reads_and_answers_nothing() {
    let scene = Scene::with_records("inbox_ended", &[]).await;
    asked(&scene).await;
    let key = scene.limited_key(22, "custodian", of_party(COMPANY)).await;
    let mut wu = Browser::default();
    wu.log_in(&scene, &key).await;
    let csrf = wu.get(&scene, "/inbox/1/2").await.csrf();
    scene.revoke(&key).await;
    wu.get(&scene, "/inbox/1/2").await.assert(401, "Please log in");
    wu.post(&scene, "/inbox/1/2", &answer(&csrf, "too late")).await.assert(401, "Please log in");
    let lasts = of_party(COMPANY);
    let short = scene.limited_key(21, "custodian", Limits { minutes: 10, ..lasts }).await;
    let mut wu = Browser::default();
    wu.log_in(&scene, &short).await;
    let csrf = wu.get(&scene, "/inbox/1/2").await.csrf();
    scene.clock.advance(std::time::Duration::from_mins(11));
    wu.post(&scene, "/inbox/1/2", &answer(&csrf, "too late")).await.assert(401, "Please log in");
    company(&scene).await.get(&scene, "/inbox/1/2").await.assert(200, "waits for your answer");
}

#[actix_web::test]
async fn a_question_that_was_taken_back_and_a_closed_case_take_no_answer_and_say_so() {
    let scene = Scene::with_records("inbox_over", &[]).await;
    let mut lee = asked(&scene).await;
    let mut wu = company(&scene).await;
    let csrf = wu.get(&scene, "/inbox/1/2").await.csrf();
    act(&scene, &mut lee, "3", &[("act", "withdraw"), ("number", "2")]).await;
    wu.post(&scene, "/inbox/1/2", &answer(&csrf, "too late"))
        .await
        .assert(200, "<p class=\"note\" role=\"alert\">The authority took this back.");
    let page = wu.get(&scene, "/inbox/1/2").await;
    page.assert(200, "It takes no reply any more");
    assert!(!page.body.contains("<textarea"));
    act(&scene, &mut lee, "4", &QUESTION).await;
    let noted = [("act", "answer"), ("number", "5"), ("text", "a private note")];
    act(&scene, &mut lee, "5", &noted).await;
    let page = wu.get(&scene, "/inbox/1/5").await;
    page.assert(200, "written down by the authority");
    page.assert(200, "<textarea");
    assert!(!page.body.contains("a private note"));
    act(&scene, &mut lee, "6", &[("act", "withdraw"), ("number", "3")]).await;
    act(&scene, &mut lee, "7", &[("act", "close"), ("text", "Nothing was found.")]).await;
    let late = [("csrf", &*csrf), ("seen", "1"), ("text", "too late")];
    wu.post(&scene, "/inbox/1/5", &late)
        .await
        .assert(200, "<p class=\"note\" role=\"alert\">The case is closed.");
    wu.get(&scene, "/language/zh?to=/").await;
    wu.post(&scene, "/inbox/1/5", &late).await.assert(200, "案件已结案，不再接受答复。");
    assert!(!wu.get(&scene, "/").await.body.contains("等待贵企业处理"));
}

#[actix_web::test]
async fn of_two_people_of_a_company_who_answer_one_wins_and_the_other_reads_why() {
    let scene = Scene::with_records("inbox_two", &[]).await;
    asked(&scene).await;
    let mut wu = company(&scene).await;
    let mut sun = login(&scene, 21, "custodian", of_party(COMPANY)).await;
    let csrfs =
        [wu.get(&scene, "/inbox/1/2").await.csrf(), sun.get(&scene, "/inbox/1/2").await.csrf()];
    let (one, other) = (answer(&csrfs[0], "first"), answer(&csrfs[1], "second"));
    let (one, other) =
        futures::join!(wu.post(&scene, "/inbox/1/2", &one), sun.post(&scene, "/inbox/1/2", &other));
    let (kept, refused) = if one.status.as_u16() == 303 { (one, other) } else { (other, one) };
    assert_eq!(kept.status.as_u16(), 303, "{}", kept.body);
    refused.assert(200, "Your company answered this question already");
    let page = wu.get(&scene, "/inbox/1/2").await;
    assert_eq!(page.body.matches("by your company").count(), 1);
}

#[actix_web::test]
async fn html_in_what_is_asked_and_answered_is_text() {
    let scene = Scene::with_records("inbox_html", &[]).await;
    let mut lee = inspector(&scene, EVIL_TEXT).await;
    let ask = [("act", "ask"), ("party", COMPANY), ("text", EVIL_TEXT), ("due", EVIL_TEXT)];
    act(&scene, &mut lee, "1", &ask).await;
    let order =
        [("act", "order_recall"), ("party", COMPANY), ("things", EVIL_TEXT), ("text", EVIL_TEXT)];
    act(&scene, &mut lee, "2", &order).await;
    let mut wu = company(&scene).await;
    let csrf = wu.get(&scene, "/inbox/1/2").await.csrf();
    let refused = [("csrf", &*csrf), ("seen", "7"), ("text", EVIL_TEXT)];
    let refused = wu.post(&scene, "/inbox/1/2", &refused).await;
    let sent = wu.post(&scene, "/inbox/1/2", &answer(&csrf, EVIL_TEXT)).await;
    assert_eq!(sent.status.as_u16(), 303, "{}", sent.body);
    let report = [
        ("csrf", &*csrf),
        ("seen", "0"),
        ("outcome", "found"),
        ("count", "1"),
        ("place", EVIL_TEXT),
    ];
    let sent = wu.post(&scene, "/inbox/1/3", &report).await;
    assert_eq!(sent.status.as_u16(), 303, "{}", sent.body);
    let mut pages = vec![refused, lee.get(&scene, "/cases/1").await];
    for path in ["/inbox", "/inbox/1/2", "/inbox/1/3", "/"] {
        pages.push(wu.get(&scene, path).await);
    }
    for page in pages {
        assert!(page.status.is_success(), "{}", page.body);
        for evil in ["<b onmouseover", "<script"] {
            assert!(!page.body.contains(evil), "{}", page.body);
        }
    }
}

#[actix_web::test]
async fn a_row_that_nobody_asked_for_leads_into_no_case() {
    let scene = Scene::with_records("inbox_forged", &[]).await;
    asked(&scene).await;
    let key = epc::thing_key(OTHER);
    let forged = format!("insert into case_inbox select '{key}', case_id, number from case_acts");
    scene.db.execute(&forged).await.unwrap();
    let mut other = login(&scene, 30, "custodian", of_party(OTHER)).await;
    other.get(&scene, "/inbox").await.assert(200, "Nothing is asked of your company.");
    let csrf = other.get(&scene, "/").await.csrf();
    for number in 1..=3 {
        let path = format!("/inbox/1/{number}");
        other.get(&scene, &path).await.assert(404, "There is no such page");
        let sent = other.post(&scene, &path, &answer(&csrf, "mine now")).await;
        sent.assert(404, "There is no such page");
    }
    other.get(&scene, "/cases/1").await.assert(403, "<html");
}

#[actix_web::test]
async fn a_question_names_a_company_and_one_of_an_old_case_stays_readable() {
    let scene = Scene::with_records("inbox_named", &[]).await;
    let mut lee = inspector(&scene, "Tea of lot L1").await;
    let csrf = lee.get(&scene, "/cases/1").await.csrf();
    let shop = [
        ("csrf", &*csrf),
        ("seen", "1"),
        ("act", "ask"),
        ("party", "Shop"),
        ("text", "Where is it?"),
        ("why", "to find it"),
    ];
    lee.post(&scene, "/cases/1", &shop).await.assert(200, "`Shop` names no company");
    act(&scene, &mut lee, "1", &QUESTION).await;
    // As a case was stored before: the party is any text, and the question in no inbox.
    let first = "select text, digest from case_acts where number = 2";
    let row = scene.db.session().await.query_one(first, &[]).await.unwrap();
    let (text, digest): (String, Vec<u8>) = (row.get(0), row.get(1));
    let old = text
        .replace("\"number\":2", "\"number\":3")
        .replace(&epc::thing_key(COMPANY), "Grand shop, Nanjing")
        .replace(",\"inbox\":true", "");
    assert!(!old.contains("inbox"), "{old}");
    let before = ledger::Hash(digest.try_into().unwrap());
    let digest = inquiry::case::digest(&before, &old);
    let insert = format!(
        "insert into case_acts values (1, 3, 'food-authority/1', 'ask', '{old}', '\\x{digest}')"
    );
    scene.db.execute(&insert).await.unwrap();
    let page = lee.get(&scene, "/cases/1").await;
    for part in ["Grand shop, Nanjing", "asked outside of this desk", "in the company"] {
        page.assert(200, part);
    }
    let noted = [("act", "answer"), ("number", "3"), ("text", "On the shelf.")];
    act(&scene, &mut lee, "3", &noted).await;
    let page = lee.get(&scene, "/cases/1").await;
    page.assert(200, "answer written down");
    assert!(!page.body.contains("sent by the company itself"));
}

#[actix_web::test]
async fn what_cannot_be_recorded_is_not_answered_as_done() {
    let scene = Scene::with_records("inbox_unrecorded", &[]).await;
    asked(&scene).await;
    let mut wu = company(&scene).await;
    let csrf = wu.get(&scene, "/inbox/1/2").await.csrf();
    for table in ["record_chunks", "checkpoints"] {
        let revoke = format!("revoke insert on {table} from chopmark_desk");
        scene.db.execute(&revoke).await.unwrap();
    }
    let sent = wu.post(&scene, "/inbox/1/2", &answer(&csrf, "On the shelf.")).await;
    assert_eq!(sent.status.as_u16(), 503, "{}", sent.body);
    assert!(!sent.body.contains(SITE));
}

/// What whoever is answered at a path must be allowed; none of pages for everybody who is logged in.
fn act_of(path: &str) -> Option<Act> {
    match path.split('/').nth(1)? {
        "cases" => Some(Act::WorkOnCases),
        "inbox" => Some(Act::AnswerInquiries),
        "reports" => Some(Act::ReadReports),
        "search" | "item" | "tree" | "list" | "searches" | "exports" => Some(Act::QueryEvents),
        _ => None,
    }
}

#[actix_web::test]
async fn every_path_answers_every_role_as_the_one_decision_says() {
    let scene = Scene::with_records("desk_roles", &[]).await;
    let mut wrong = Vec::new();
    for (number, role) in (40..).zip(Role::ALL) {
        let (products, parties) = (vec!["9521141"], vec![COMPANY]);
        let limits = Limits { products, parties, ..Limits::default() };
        let scope = Scope::default().with_product("9521141").unwrap();
        let grant = Grant::new(role, scope.with_party(COMPANY).unwrap(), None).unwrap();
        let grants = vec![grant];
        let who = Identity { subject: "x".to_owned(), means: Means::Session, grants };
        let mut browser = login(&scene, number, role.name(), limits).await;
        let csrf = browser.get(&scene, "/").await.csrf();
        for (method, path, _) in PATHS.iter().filter(|(.., who)| *who == Who::LoggedIn) {
            let Some(act) = act_of(path) else { continue };
            let is_allowed = matches!(decide(Some(&who), act, scene.now()), Decision::Allowed(_));
            let real = path.replace(['{', '}'], "1");
            let fields = [
                ("csrf", &*csrf),
                ("seen", "0"),
                ("act", "note"),
                ("why", "to find it"),
                ("title", "Tea"),
                ("subject", "lot:L1"),
                ("list", "x"),
                ("name", "x"),
                ("search", "x"),
                ("q", "lot:L1"),
                ("format", "events-csv"),
            ];
            let mut ask =
                if *method == "POST" { Ask::post(&real, &fields) } else { Ask::get(&real) };
            ask.method = Method::from_bytes(method.as_bytes()).unwrap();
            let status = browser.send(&scene, ask).await.status.as_u16();
            if (status == 403) == is_allowed {
                wrong.push(format!("{method} {path} as {}: {status}", role.name()));
            }
        }
        let shell = browser.get(&scene, "/").await.body;
        for (link, act) in [
            ("href=\"/cases\"", Act::WorkOnCases),
            ("href=\"/inbox\"", Act::AnswerInquiries),
            ("href=\"/reports\"", Act::ReadReports),
        ] {
            let is_allowed = matches!(decide(Some(&who), act, scene.now()), Decision::Allowed(_));
            assert_eq!(shell.contains(link), is_allowed, "{link} as {}", role.name());
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
