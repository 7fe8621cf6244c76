//! A report on its way: from the form of the pages to an inspector at the desk, over HTTP, and one digest wherever it is looked for.
//!
//! The way through: pages, desk and the log of reads run as one installation; a person sends two reports, one of them to the authorities too;
//! the desk, the receipts, the command and the log say the same of them. `pages.rs` sends one in a browser, and reads it at the desk of the
//! demo.
//!
//! Not here: what pages refuse (`trace-api/src/http/report/tests.rs`, `desk/src/report_tests.rs`), altered reports
//! (`chopmark/tests/command/report.rs`).

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use fantoccini::Locator;
use ledger::keys::{LedgerKeys, SystemRandom};
use serde_json::Value;
use tests::stage::{Process, Stage, get};
use tests::waiting::{free_address, wait_for};

use crate::browser::{Browser, ENTER};
use crate::desk::{ask, between};
use crate::desk_pages::Desk;
use crate::encrypted::edit;

const READS: &str = "reads.example/1";
const ITEM: &str = "https://id.gs1.org/01/09521141123454/21/602";
const EDGE: &str = "chopmark-test-edge";
/// Within which a report is at the desk.
const LATEST: Duration = Duration::from_mins(1);

/// An installation with pages and a desk.
struct Scene {
    stage: Stage,
    pages: SocketAddr,
    desk: SocketAddr,
    process: Process,
}

impl Scene {
    fn new() -> Self {
        let stage = Stage::new(None);
        let folder = stage.folder.path();
        let [pages, pages_operator, desk, desk_operator] = [(); 4].map(|()| free_address());
        let keys = LedgerKeys::generate(READS, &SystemRandom::new()).expect("keys can be made");
        let keep = |name: &str, text: &str| {
            keystore::private::create(&folder.join(name), text).expect("the folder is ours");
        };
        keep("reads.pem", &keys.to_pem_file());
        keep("scan.secret", "sixteen bytes or more");
        let more = format!(
            "[[ledger]]\norigin = \"{READS}\"\nkind = \"audit\"\nkeys = \"reads.pem\"\n\
             party = {{ name = \"Authority\", pgln = \"urn:epc:id:pgln:9521147.00000\" }}\n\
             [trace_api]\nlisten = \"{pages}\"\ninternal_listen = \"{pages_operator}\"\npublic_url = \"http://{pages}\"\n\
             policy = \"policy.txt\"\nscan_secret = \"scan.secret\"\nread_log = \"{READS}\"\n\
             [desk]\nlisten = \"{desk}\"\ninternal_listen = \"{desk_operator}\"\npublic_url = \"http://{desk}\"\n\
             read_log = \"{READS}\"\n[ingest]\n"
        );
        edit(&folder.join("chopmark.toml"), "[ingest]\n", &more);
        let process = stage.start("chopmark.toml", "", None);
        let mut scene = Self { stage, pages, desk, process };
        for operator in [pages_operator, desk_operator] {
            wait_for("it is ready", || {
                assert!(scene.process.is_running(), "it ended:\n{}", scene.process.tail());
                get(&format!("http://{operator}/readyz")).0 == 200
            });
        }
        scene
    }

    /// Sends a report as a browser does; gives the page of its receipt.
    fn report(&self, message: &str, is_for_authorities: bool) -> String {
        let form = ask(self.pages, "GET /report?lang=en", "", "");
        let form = between(&form, "name=\"form\" value=\"", "\"");
        let fields = [("form", form), ("code", ITEM), ("reason", "copy"), ("message", message)];
        let ticked = is_for_authorities.then_some(("authorities", "yes"));
        let part = |(name, value): (&str, &str)| {
            format!(
                "--{EDGE}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n"
            )
        };
        let body = fields.into_iter().chain(ticked).map(part).collect::<String>();
        let headers = format!(
            "Content-Type: multipart/form-data; boundary={EDGE}\r\nSec-Fetch-Site: same-origin\r\n"
        );
        let sent =
            ask(self.pages, "POST /report?lang=en", &headers, &format!("{body}--{EDGE}--\r\n"));
        assert!(sent.starts_with("HTTP/1.1 303"), "{sent}");
        let page = between(&sent, "location: ", "\r\n");
        ask(self.pages, &format!("GET {page}"), "Accept: text/html\r\n", "")
    }

    /// An inspector's cookie.
    fn log_in(&self) -> String {
        let words = "access key add --subject food-authority/lee --role regulator --product 9521141 --config chopmark.toml";
        let (status, text) = self.stage.chopmark(&words.split(' ').collect::<Vec<_>>());
        assert_eq!(status, Some(0), "{text}");
        let is_key = |word: &&str| word.starts_with("chm_") && word.len() > 40;
        let key = text.split_whitespace().find(is_key).expect("a key");
        let headers = format!(
            "Origin: http://{}\r\nContent-Type: application/x-www-form-urlencoded\r\n",
            self.desk
        );
        let entered = ask(self.desk, "POST /login/key", &headers, &format!("key={key}&to=%2F"));
        let cookie = between(&entered, "set-cookie: ", "\r\n");
        format!("Cookie: {}\r\n", cookie.split(';').next().expect("a pair"))
    }

    fn json(&self, words: &[&str]) -> Vec<Value> {
        let (status, text) = self.stage.chopmark(&[words, &["--config", "chopmark.toml"]].concat());
        assert_eq!(status, Some(0), "{text}");
        let lines = text.lines().filter(|line| line.starts_with('{'));
        lines.map(|line| serde_json::from_str(line).expect("JSON")).collect()
    }
}

/// The digest that a page of a receipt shows.
fn digest_of(receipt: &str) -> &str {
    assert!(receipt.contains(&format!("The digest is in the log {READS}")), "{receipt}");
    between(receipt, "<p class=\"address\">", "<")
}

#[test]
fn a_report_is_at_once_at_the_desk_if_it_is_for_the_authorities_and_has_one_digest_everywhere() {
    let mut scene = Scene::new();
    let cookie = scene.log_in();
    let begun = Instant::now();
    let other = scene.report("for the brand alone", false);
    let receipt = scene.report("the cap is loose", true);
    let list = ask(scene.desk, "GET /reports?why=recall%20seven", &cookie, "");
    assert!(list.contains("href=\"/reports/2?why=recall%20seven\""), "{list}");
    assert!(begun.elapsed() < LATEST, "{:?}", begun.elapsed());
    assert!(!list.contains("/reports/1") && !list.contains("beyond your limits"), "{list}");
    let hidden = ask(scene.desk, "GET /reports/1?why=recall%20seven", &cookie, "");
    assert!(hidden.starts_with("HTTP/1.1 404"), "{hidden}");
    let page = ask(scene.desk, "GET /reports/2?why=recall%20seven", &cookie, "");
    let digest = digest_of(&receipt);
    for part in ["the cap is loose", digest, "fits its digest", "the log has the same digest"] {
        assert!(page.contains(part), "{part}: {page}");
    }
    let shown = scene.json(&["report", "show", "2", "--json"]);
    assert_eq!((shown[0]["digest"].as_str(), &shown[0]["misfit"]), (Some(digest), &Value::Null));
    assert_eq!(shown[0]["log_standing"], "logged");
    let log = scene.json(&["access", "log", "--json"]);
    let of = |number: u64| log.iter().filter(|line| line["report"] == number).collect::<Vec<_>>();
    let [entry] = &of(2)[..] else { panic!("one entry: {log:?}") };
    assert_eq!(entry["digest"].as_str(), Some(digest));
    assert_eq!(of(1)[0]["digest"].as_str(), Some(digest_of(&other)));
    assert!(!format!("{log:?}").contains("the cap is loose"), "{log:?}");
    let (status, text) = scene.stage.chopmark(&["report", "show", "2", "--evidence", "two.json"]);
    assert_eq!(status, Some(0), "{text}");
    let (status, text) = scene.stage.chopmark(&["report", "check", "two.json", "--digest", digest]);
    assert_eq!(status, Some(0), "{text}");
    assert!(text.contains("\"item\":\"unknown\""), "no record names this item: {text}");
    assert!(scene.process.stop().success(), "{}", scene.process.tail());
}

/// Sends a report with a photo to the authorities, with the keyboard but for the choice of the file; gives the page of its receipt.
pub async fn assert_a_report_is_sent_by_keyboard_alone(
    browser: &Browser,
    server: &str,
    item: &str,
) -> String {
    let form = format!("{server}/report?code={}&lang=en", item.replace('/', "%2F"));
    browser.client.goto(&form).await.expect("the page opens");
    let photo = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/pictures/desk-search.en.webp");
    let field = browser.client.find(Locator::Id("photo")).await.expect("a field");
    // ChromeDriver refuses a path with `..` in it.
    let photo = std::fs::canonicalize(photo).expect("the picture is there");
    field.send_keys(&photo.to_string_lossy()).await.expect("a file is chosen");
    for (field, keys) in [
        ("input[name=reason]", " "),
        ("#message", "The cap is loose, and the seller laughed."),
        ("#place", "Nanjing, a market"),
        ("#authorities", " "),
    ] {
        browser.tab_to(field).await;
        browser.press(keys).await;
    }
    browser.tab_to("main .form button").await;
    browser.press(ENTER).await;
    let receipt = Locator::Css(".receipt");
    browser.client.wait().for_element(receipt).await.expect("a receipt");
    browser.client.current_url().await.expect("an address").to_string()
}

/// Logs in at the desk, goes to the reports, opens the first one and its photo, and goes on to a case on it.
pub async fn assert_an_inspector_reads_a_report_by_keyboard_alone(browser: &Browser, desk: &Desk) {
    let (client, url) = (&browser.client, &*desk.url);
    browser.tab_to("nav a[href='/reports']").await;
    browser.press(ENTER).await;
    browser.wait_for_page(&format!("{url}/reports")).await;
    browser.tab_to("#why").await;
    browser.press("recall seven").await;
    browser.press(ENTER).await;
    browser.wait_for_page(&format!("{url}/reports?why=recall")).await;
    browser.tab_to("main td a").await;
    browser.press(ENTER).await;
    browser.wait_for_page(&format!("{url}/reports/1?")).await;
    browser.tab_to("main summary").await;
    browser.press(ENTER).await;
    let deadline = Instant::now() + LATEST;
    let script = "return document.querySelector('img.photo').naturalWidth > 0";
    while client.execute(script, Vec::new()).await.expect("the script runs") != true {
        assert!(Instant::now() < deadline, "the photo is not shown");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    browser.tab_to("main .acts a[href^='/cases']").await;
    browser.press(ENTER).await;
    browser.wait_for_page(&format!("{url}/cases?title=report")).await;
}
