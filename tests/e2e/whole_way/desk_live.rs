//! A page of the desk that follows a running export, in a real browser: with its script it is not loaded anew, without it it is.
//!
//! The way through: the desk is a process of its own; the test moves the row of an export, as the process that writes it does, and looks at the
//! page.
//!
//! Not here: what is exported (`desk/src/export_tests.rs`).

use std::time::{Duration, Instant};

use fantoccini::Locator;
use jiff::{SignedDuration, Timestamp};
use sql::exports::{self, NewExport, Progress};
use sql::{Db, Settings, Transaction};
use tests::stage::Stage;

use crate::browser::{Browser, ENTER};
use crate::desk::{OpenDesk, open_desk};
use crate::pages::{faults, widths};

const SUBJECT: &str = "food-authority/lee";
const PATIENCE: Duration = Duration::from_secs(30);
/// What the page shows, and whether it is the one that was opened.
const LOOK: &str = "
const text = (css) => document.querySelector(css)?.textContent ?? '';
const bar = document.querySelector('progress');
return [text('[data-live] p'), text('[data-state]'), text('#said'), bar ? `${bar.value}/${bar.max}` : '', String(window.isFirst === true),
  document.activeElement.tagName];";

/// An export that a process has begun to write.
async fn begun(db: &Db, id: &str) {
    let now = Timestamp::now();
    let new = NewExport {
        id,
        subject: SUBJECT,
        asked_at: now,
        search: "product:https://id.gs1.org/01/09521141123454",
        why: "recall seven",
        format: "events-csv",
        has_mark: false,
        language: "zh",
        alive_until: now + SignedDuration::from_hours(1),
    };
    let insert = async |tx: &Transaction<'_>| {
        exports::insert(tx, &new).await?;
        exports::begin(tx, id).await
    };
    db.run_tx("test.begin", insert).await.expect("it is begun");
}

async fn moves(db: &Db, id: &str, looked_at: u64) {
    let until = Timestamp::now() + SignedDuration::from_hours(1);
    let progress = Progress { looked_at, total: Some(4_000), rows: looked_at };
    let moved = async |tx: &Transaction<'_>| exports::alive(tx, id, until, progress).await;
    assert!(db.run_tx("test.move", moved).await.expect("it is moved"));
}

async fn ends(db: &Db, id: &str) {
    let end =
        async |tx: &Transaction<'_>| exports::fail(tx, id, Timestamp::now(), "disk full").await;
    db.run_tx("test.end", end).await.expect("it ends");
}

/// What the page shows once the text at this place has this part.
async fn shown(browser: &Browser, place: usize, part: &str) -> Vec<String> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        // Between two pages there is nothing that a script could look at.
        let found = browser.client.execute(LOOK, Vec::new()).await.unwrap_or_default();
        let texts: Vec<String> = serde_json::from_value(found).unwrap_or_default();
        if texts.get(place).is_some_and(|text| text.contains(part)) {
            return texts;
        }
        assert!(Instant::now() < deadline, "{part} is not at {place} of {texts:?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Waits until the page has this text; no script is used to look at it.
async fn written(browser: &Browser, part: &str) {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let page = browser.client.source().await.unwrap_or_default();
        if page.contains(part) {
            return;
        }
        assert!(Instant::now() < deadline, "{part} is not in {page}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

async fn log_in(browser: &Browser, desk: &str, key: &str, language: &str) {
    browser.client.goto(&format!("{desk}/login")).await.expect("the page opens");
    let field = browser.client.find(Locator::Id("key")).await.expect("a field");
    field.send_keys(key).await.expect("the field takes it");
    browser.press(ENTER).await;
    browser.wait_for_page(&format!("{desk}/")).await;
    let logout = Locator::Css("form[action='/logout']");
    browser.client.wait().for_element(logout).await.expect("somebody is logged in");
    let switch = format!("{desk}/language/{language}?to=%2Fexports");
    browser.client.goto(&switch).await.expect("the page opens");
}

/// Opens the page of an export and marks it, so that another one would be noticed.
async fn open(browser: &Browser, page: &str) {
    browser.client.goto(page).await.expect("the page opens");
    browser.client.execute("window.isFirst = true", Vec::new()).await.expect("it is marked");
}

async fn watch(db: Db, desk: String, opened: &mut OpenDesk) {
    let browser = Browser::start().await;
    log_in(&browser, &desk, &opened.key, "zh").await;
    let (first, second, third) = ("1".repeat(32), "2".repeat(32), "3".repeat(32));
    let page = |id: &str| format!("{desk}/exports/{id}");

    begun(&db, &first).await;
    moves(&db, &first, 1_000).await;
    open(&browser, &page(&first)).await;
    let at_first = shown(&browser, 3, "1000/4000").await;
    assert!(at_first[0].contains("已查看 1000 条事件"), "{at_first:?}");
    let wrong = faults(&browser, &page(&first), false, widths(0)).await;
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    // Somebody is at the button that stops it, which stays where it is.
    browser.tab_to("form[action^='/exports/'] button").await;
    moves(&db, &first, 2_500).await;
    let moved = shown(&browser, 3, "2500/4000").await;
    assert!(moved[0].contains("已查看 2500 条事件"), "{moved:?}");
    assert_eq!((&*moved[4], &*moved[5]), ("true", "BUTTON"), "the page is the one that was opened");
    ends(&db, &first).await;
    let ended = shown(&browser, 1, "未完成").await;
    assert!(ended[2].contains("未完成"), "people who listen are told: {ended:?}");
    assert_eq!((&*ended[4], &*ended[5]), ("true", "H2"), "and begin at what came of it");
    let wrong = faults(&browser, &page(&first), false, widths(1)).await;
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));

    choose(&browser, &desk, "en").await;
    begun(&db, &second).await;
    moves(&db, &second, 10).await;
    browser.set_scripts(false).await;
    browser.client.goto(&page(&second)).await.expect("the page opens");
    moves(&db, &second, 20).await;
    // Nothing but another loading of the page changes it.
    written(&browser, "20 events looked at").await;
    browser.set_scripts(true).await;
    ends(&db, &second).await;

    begun(&db, &third).await;
    moves(&db, &third, 30).await;
    open(&browser, &page(&third)).await;
    shown(&browser, 0, "30 events looked at").await;
    let strange = browser.strange_requests(&[&*desk]).await;
    assert!(strange.is_empty(), "{strange:?}");
    assert!(opened.process.stop().success(), "{}", opened.process.tail());
    let lost = shown(&browser, 2, "There is no answer at the moment").await;
    assert_eq!(lost[4], "true");
    browser.client.clone().close().await.expect("the browser closes");
}

async fn choose(browser: &Browser, desk: &str, language: &str) {
    let switch = format!("{desk}/language/{language}?to=%2Fexports");
    browser.client.goto(&switch).await.expect("the page opens");
}

#[test]
fn a_page_follows_a_running_export_and_without_script_is_loaded_anew() {
    let stage = Stage::new(None);
    let mut opened = open_desk(&stage);
    let desk = format!("http://{}", opened.address);
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        let db = Db::connect(&Settings::new(stage.cluster.url())).await.expect("it answers");
        watch(db, desk, &mut opened).await;
    });
}
