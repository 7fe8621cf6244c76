//! Who sees what of the log of reads at the desk, and what its filters, pages and delays give away.

use std::time::Duration;

use access::{Act, Decision, EmergencyMark, Grant, Identity, Means, Role, Scope, decide};
use actix_web::web::Data;
use gate::read_log::{Outcome, Read};
use jiff::SignedDuration;
use process::Randomness;
use sql::Access;

use crate::config::Config;
use crate::state::DeskState;
use crate::testing::{Ask, Browser, Limits, READS, Scene};

const DAY: Duration = Duration::from_hours(24);
const LOG: &str = "/log?why=yearly%20audit";

/// Somebody with a role for a product, or without limits but the period that every key of the tests has.
fn reader(subject: &str, role: Role, product: Option<&str>) -> Identity {
    let from = Some("2026-10-01T00:00:00Z".parse().unwrap());
    let scope = Scope::default().with_period(from, None).unwrap();
    let scope = product.into_iter().fold(scope, |scope, one| scope.with_product(one).unwrap());
    let grants = vec![Grant::new(role, scope, None).unwrap()];
    Identity { subject: subject.to_owned(), means: Means::ApiKey, grants }
}

/// The same, with a right of an emergency.
fn in_emergency(mut who: Identity) -> Identity {
    let mark = EmergencyMark {
        id: "e7".to_owned(),
        proposed_by: "lin".to_owned(),
        approved_by: "chen".to_owned(),
    };
    who.grants = who.grants.into_iter().map(|grant| grant.in_emergency(mark.clone())).collect();
    who
}

/// Records that somebody read something.
async fn record(scene: &Scene, who: &Identity, act: Act, asked: &str) {
    let Decision::Allowed(sight) = decide(Some(who), Act::QueryEvents, scene.now()) else {
        panic!("everybody may query events")
    };
    let outcome = &Outcome { basis: None, counts: Some((3, 1)) };
    let reason = "<b>recall</b> nine";
    let read = Read { who, sight: &sight, act, asked, reason, outcome };
    scene.state.read_log.record(&read).await.unwrap();
}

/// A browser of somebody with this role.
async fn logged_in(scene: &Scene, number: u8, role: &str, product: Option<&str>) -> Browser {
    let products = product.into_iter().collect();
    let key = scene.limited_key(number, role, Limits { products, ..Limits::default() }).await;
    let mut browser = Browser::default();
    browser.log_in(scene, &key).await;
    browser
}

/// The same desk with a legal delay.
async fn delayed(scene: Scene, days: i64) -> Scene {
    let config =
        Config { read_delay: SignedDuration::from_hours(24 * days), ..scene.state.config.clone() };
    let own = scene.db.db_as(Access::Desk).await;
    let state = DeskState::new(config, own, scene.clock.clone(), Randomness::system());
    Scene { state: Data::new(state), ..scene }
}

#[actix_web::test]
async fn reading_the_log_is_recorded_with_its_reason_before_it_is_shown() {
    let scene = Scene::with_records("desk_log", &[]).await;
    let lee = reader("food-authority/lee", Role::Regulator, Some("9521141"));
    record(&scene, &lee, Act::QueryEvents, "GET /search lot:L1").await;
    for (number, role) in [(1, "regulator"), (2, "auditor"), (3, "operator")] {
        let product = (role == "regulator").then_some("9521141");
        let mut browser = logged_in(&scene, number, role, product).await;
        browser.get(&scene, "/").await.assert(200, "href=\"/log\"");
        let before = scene.reads().await.len();
        for path in ["/log", "/log?why=no"] {
            let form = browser.get(&scene, path).await;
            form.assert(200, "name=\"why\"");
            assert!(!form.body.contains("food-authority/lee"), "{}", form.body);
        }
        assert_eq!(scene.reads().await.len(), before, "nothing was shown");
        let page = browser.get(&scene, LOG).await;
        for part in ["food-authority/lee", "GET /search lot:L1", "3 shown, 1 hidden", READS] {
            page.assert(200, part);
        }
        page.assert(200, "&#60;b&#62;recall&#60;/b&#62; nine");
        let reads = scene.reads().await;
        let own = reads.last().unwrap();
        assert_eq!(own["chopmark:subject"], format!("food-authority/{number}"));
        assert_eq!(own["chopmark:act"], "read the log of reads");
        assert_eq!(own["chopmark:asked"], format!("GET /log {READS}"));
        assert_eq!(own["chopmark:reason"], "yearly audit");
    }
    let mut browser = logged_in(&scene, 4, "auditor", None).await;
    browser.get(&scene, "/language/zh?to=/").await;
    let page = browser.get(&scene, LOG).await;
    for part in ["日志记录，最新的在前", "监管人员", "显示 3，超出范围 1", "查阅日志"]
    {
        page.assert(200, part);
    }
    scene.db.execute("revoke insert on checkpoints from chopmark_desk").await.unwrap();
    let refused = browser.get(&scene, LOG).await;
    assert_eq!(refused.status.as_u16(), 503);
    assert!(!refused.body.contains("food-authority/lee"), "{}", refused.body);
}

#[actix_web::test]
async fn companies_have_no_page_of_the_log() {
    let scene = Scene::with_records("desk_log_company", &[]).await;
    let mut browser = logged_in(&scene, 1, "brand-owner", Some("9521141")).await;
    let home = browser.get(&scene, "/").await;
    assert!(!home.body.contains("href=\"/log\""), "{}", home.body);
    let refused = browser.get(&scene, LOG).await;
    assert_eq!(refused.status.as_u16(), 403, "{}", refused.body);
    assert!(scene.reads().await.is_empty());
}

#[actix_web::test]
async fn a_page_goes_on_where_the_one_before_stopped_and_filters_select() {
    let scene = Scene::with_records("desk_log_pages", &[]).await;
    let lee = reader("food-authority/lee", Role::Regulator, Some("9521141"));
    let kim = reader("food-authority/kim", Role::Regulator, Some("9521141"));
    for number in 0..120 {
        let who = if number % 3 == 0 { &kim } else { &lee };
        record(&scene, who, Act::QueryEvents, &format!("GET /search n{number}.")).await;
    }
    let export = "POST /exports 7 csv item:x";
    record(&scene, &kim, Act::QueryEvents, export).await;
    scene.clock.advance(DAY * 2);
    record(&scene, &kim, Act::Trace, "GET /tree back late.").await;
    let mut browser = logged_in(&scene, 1, "auditor", None).await;
    let has = |body: &str, number: u32| body.contains(&format!("n{number}."));
    let first = browser.get(&scene, LOG).await;
    first.assert(200, "late.");
    assert!(has(&first.body, 119) && has(&first.body, 72) && !has(&first.body, 71));
    let older = |body: &str| {
        let link = body.split_once("rel=\"next\" href=\"").expect("a link").1;
        link.split('"').next().unwrap().replace("&#38;", "&").replace("&amp;", "&")
    };
    let second = browser.get(&scene, &older(&first.body)).await;
    assert!(!has(&second.body, 72) && has(&second.body, 71) && has(&second.body, 22));
    let third = browser.get(&scene, &older(&second.body)).await;
    assert!(has(&third.body, 21) && has(&third.body, 0) && !third.body.contains("rel=\"next\""));
    for (filter, shown, not_shown) in [
        ("&subject=food-authority%2Fkim", "n117.", "n119."),
        ("&kind=export", export, "n119."),
        ("&kind=log", "GET /log", "n119."),
        ("&from=2026-11-24", "late.", "n119."),
        ("&until=2026-11-23", "n119.", "late."),
        ("&kind=override", "There is no entry that you may see.", "n119."),
    ] {
        let page = browser.get(&scene, &format!("{LOG}{filter}")).await;
        page.assert(200, shown);
        assert!(!page.body.contains(not_shown), "{filter}: {}", page.body);
    }
    for wrong in ["&from=x", "&kind=x", "&before=-1"] {
        browser.get(&scene, &format!("{LOG}{wrong}")).await.assert(200, "cannot be read");
    }
    let other = browser.get(&scene, &format!("{LOG}&log=factory.example%2Fpacking")).await;
    assert_eq!(other.status.as_u16(), 404, "a ledger that is no log");
}

#[actix_web::test]
async fn entries_beyond_limits_are_counted_and_named_by_no_filter() {
    let scene = Scene::with_records("desk_log_scope", &[]).await;
    let lee = reader("authority/lee", Role::Regulator, Some("95211410"));
    let wu = reader("tax-office/wu", Role::Regulator, Some("4012345"));
    let lin = reader("lin", Role::Operator, None);
    record(&scene, &lee, Act::QueryEvents, "GET /search inside").await;
    record(&scene, &lee, Act::WorkOnCases, "POST /cases/9 open secretcase").await;
    record(&scene, &wu, Act::QueryEvents, "GET /search beyond").await;
    record(&scene, &lin, Act::QueryEvents, "GET /search everything").await;
    record(&scene, &in_emergency(wu), Act::QueryEvents, "GET /search undertheright").await;
    let mut browser = logged_in(&scene, 1, "regulator", Some("9521141")).await;
    let page = browser.get(&scene, LOG).await;
    page.assert(200, "GET /search inside");
    page.assert(200, "3 entries of this part of the log are beyond your limits");
    page.assert(200, "emergency right e7, proposed by lin, approved by chen");
    page.assert(200, "What was asked for is beyond your limits and not shown.");
    for hidden in ["secretcase", "GET /search beyond", "everything", "undertheright"] {
        assert!(!page.body.contains(hidden), "{hidden}: {}", page.body);
    }
    for filter in ["&subject=lin", "&subject=nobody", "&kind=case"] {
        let page = browser.get(&scene, &format!("{LOG}{filter}")).await;
        page.assert(200, "3 entries of this part of the log are beyond your limits");
        page.assert(200, "There is no entry that you may see.");
    }
    let mut auditor = logged_in(&scene, 2, "auditor", None).await;
    let page = auditor.get(&scene, LOG).await;
    for shown in ["secretcase", "GET /search beyond", "everything", "undertheright"] {
        page.assert(200, shown);
    }
    assert!(!page.body.contains("beyond your limits"), "{}", page.body);
}

#[actix_web::test]
async fn a_legal_delay_hides_new_reads_of_regulators_from_operators_alone_and_no_override() {
    let scene = delayed(Scene::with_records("desk_log_delay", &[]).await, 30).await;
    let lee = reader("authority/lee", Role::Regulator, Some("9521141"));
    let lin = reader("lin", Role::Operator, None);
    record(&scene, &lee, Act::QueryEvents, "GET /search oldread").await;
    scene.clock.advance(DAY * 31);
    for _ in 0..12 {
        record(&scene, &lee, Act::QueryEvents, "GET /search newread").await;
    }
    record(&scene, &lin, Act::QueryEvents, "GET /search ofoperator").await;
    record(&scene, &in_emergency(lee), Act::QueryEvents, "GET /search override").await;
    let mut operator = logged_in(&scene, 1, "operator", None).await;
    let waits = "12 newer reads of regulators are not shown yet: each is shown 30 days after";
    let page = operator.get(&scene, LOG).await;
    for part in [waits, "oldread", "ofoperator", "GET /search override"] {
        page.assert(200, part);
    }
    assert!(!page.body.contains("newread"), "{}", page.body);
    for filter in [
        "&subject=authority%2Flee",
        "&subject=nobody",
        "&kind=export",
        "&until=2026-11-25",
        "&from=2026-12-24",
        "&before=3",
    ] {
        let page = operator.get(&scene, &format!("{LOG}{filter}")).await;
        page.assert(200, waits);
        assert!(!page.body.contains("newread"), "{filter}: {}", page.body);
    }
    for (number, role, product) in [(2, "regulator", Some("9521141")), (3, "auditor", None)] {
        let mut browser = logged_in(&scene, number, role, product).await;
        let page = browser.get(&scene, LOG).await;
        page.assert(200, "GET /search newread");
        assert!(!page.body.contains("not shown yet"), "{}", page.body);
    }
    operator.get(&scene, "/language/zh?to=/").await;
    operator.get(&scene, LOG).await.assert(200, "条监管人员较新的查阅尚未显示");
}

#[actix_web::test]
async fn a_record_that_cannot_be_read_is_a_row_that_says_so() {
    let scene = Scene::with_records("desk_log_broken", &[]).await;
    let lee = reader("authority/lee", Role::Regulator, Some("9521141"));
    record(&scene, &lee, Act::QueryEvents, "GET /search first").await;
    record(&scene, &lee, Act::QueryEvents, "GET /search second").await;
    let type_of = "\"type\":\"chopmark:Read\"";
    let spoilt = "\"type\":\"chopmark:Read ";
    let altered = sql::testing::alter_record_as_owner(&scene.db, READS, 0, type_of, spoilt).await;
    altered.unwrap();
    let mut browser = logged_in(&scene, 1, "auditor", None).await;
    let page = browser.get(&scene, LOG).await;
    page.assert(200, "This record cannot be read.");
    page.assert(200, "GET /search second");
    let head = Ask { method: actix_web::http::Method::HEAD, ..Ask::get(LOG) };
    let before = scene.reads_count().await;
    assert_ne!(browser.send(&scene, head).await.status.as_u16(), 200);
    assert_eq!(scene.reads_count().await, before);
}
