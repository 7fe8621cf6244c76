//! Every page that a code can lead to, the start page and the desk, in a real browser: what people with small screens, large letters,
//! keyboards and dark rooms need.
//!
//! The way through: the demo makes an item for each verdict, opens a desk, and lists their pages, and items with hidden codes; the browser
//! opens each, types a code that nobody used and one that somebody did, and runs `pages.js` on every page, which gives a list of what is wrong, and the rules of axe-core for WCAG 2.1 A and AA. Then somebody works with the keyboard alone
//! (`desk_pages.rs`), and items go to their second owners (`owner_pages.rs`).
//!
//! What holds: no page asks another address for anything, and the console is silent; whatever a page is for works without scripts.
//!
//! Not here: what the pages say (`trace-api/src/http/scan_get/tests`, `desk/src/inquiry_tests.rs`).

use std::path::Path;

use fantoccini::Locator;
use serde_json::Value;
use tests::folder::temporary;

use crate::browser::{Browser, ENTER, Started};
use crate::desk_pages::{
    Desk, assert_a_company_replies_by_keyboard_alone, assert_desk_is_used_by_keyboard_alone,
    company_pages, desk_pages, log_in,
};
use crate::owner_pages::Shop;
use crate::reports::{
    assert_a_report_is_sent_by_keyboard_alone, assert_an_inspector_reads_a_report_by_keyboard_alone,
};
use crate::scene::{demo, summary};

/// Widths in points: the smallest phone, a desk whose page is enlarged to 200 %, desks.
const WIDTHS: [u32; 4] = [320, 640, 960, 1920];
/// Languages and colours in which every page is looked at; the widths in the first two.
const LOOKS: [(&str, &str); 4] = [("zh", "light"), ("en", "dark"), ("en", "light"), ("zh", "dark")];

/// What is wrong with the page that is open.
///
/// - `is_bare`: the page has nothing around its content.
/// - `widths`: the screens on which it is looked at.
pub async fn faults(browser: &Browser, page: &str, is_bare: bool, widths: &[u32]) -> Vec<String> {
    let mut faults = browser.complaints().await;
    for width in widths {
        browser.set_width(*width).await;
        let found = browser.client.execute(include_str!("pages.js"), vec![is_bare.into()]).await;
        let found = found.expect("the script runs");
        let all = found.as_array().expect("a list").iter().map(Value::to_string);
        faults.extend(all.map(|fault| format!("at {width}: {fault}")));
    }
    faults.extend(browser.violations().await);
    browser.complaints().await;
    faults.into_iter().map(|fault| format!("{page}: {fault}")).collect()
}

/// Widths for a look: all in the first two, one in the others.
pub fn widths(look: usize) -> &'static [u32] {
    if look < 2 { &WIDTHS } else { &WIDTHS[..1] }
}

/// A page of the demo.
struct VerdictPage {
    /// Its verdict.
    code: String,
    /// Where it is; of a chip an address for each look, because a tap counts once.
    addresses: Vec<String>,
}

impl VerdictPage {
    fn at(&self, look: usize) -> &str {
        &self.addresses[look % self.addresses.len()]
    }
}

/// The pages of the demo, each with its verdict.
fn verdict_pages(folder: &Path) -> Vec<VerdictPage> {
    let list = std::fs::read_to_string(folder.join("demo/pages.txt")).expect("the list");
    let page = |line: &str| {
        let mut words = line.split(' ').map(str::to_owned);
        let code = words.next()?;
        Some(VerdictPage { code, addresses: words.skip(1).collect() })
    };
    let pages: Vec<VerdictPage> = list.lines().filter_map(page).collect();
    let verdicts: std::collections::BTreeSet<&str> = pages.iter().map(|page| &*page.code).collect();
    assert_eq!(verdicts.len(), 13, "one of each: {verdicts:?}");
    for page in pages.iter().filter(|page| ["STRONG", "TAG_FAIL", "OPENED"].contains(&&*page.code))
    {
        assert_eq!(page.addresses.len(), LOOKS.len(), "a tap for each look: {:?}", page.addresses);
    }
    pages
}

/// Opens the page of a verdict and fails unless it shows that one.
async fn open_verdict(browser: &Browser, page: &str, code: &str) {
    browser.client.goto(page).await.expect("the page opens");
    let main = browser.client.find(Locator::Css("main")).await.expect("a page");
    let shown = main.attr("data-code").await.expect("an attribute");
    assert_eq!(shown.as_deref(), Some(code), "{page}");
}

/// Items with hidden codes, each with its code: those that nobody used, and one that somebody did.
fn hidden_codes(folder: &Path) -> (Vec<(String, String)>, (String, String)) {
    let list = std::fs::read_to_string(folder.join("demo/codes.txt")).expect("the list");
    let of = |kind: &str| -> Vec<(String, String)> {
        let lines = list.lines().filter_map(|line| line.strip_prefix(kind));
        let pairs = lines.filter_map(|line| line.trim().split_once(' '));
        pairs.map(|(item, code)| (item.to_owned(), code.to_owned())).collect()
    };
    let (unused, used) = (of("unused "), of("used "));
    assert_eq!((unused.len(), used.len()), (LOOKS.len(), 1), "{list}");
    (unused, used[0].clone())
}

/// What is wrong with the page for a hidden code: before one is typed, and after.
///
/// - `band`: the class of what is said then.
async fn code_faults(
    browser: &Browser,
    page: &str,
    code: &str,
    band: &str,
    widths: &[u32],
) -> Vec<String> {
    browser.client.goto(page).await.expect("the page opens");
    let mut all = faults(browser, page, false, widths).await;
    let field = browser.client.find(Locator::Id("code")).await.expect("a field");
    field.send_keys(code).await.expect("it takes the code");
    browser.press(ENTER).await;
    let said = Locator::Css("main .band[role=status]");
    let said = browser.client.wait().for_element(said).await.expect("an answer");
    let class = said.attr("class").await.expect("an attribute").unwrap_or_default();
    assert!(class.split(' ').any(|one| one == band), "{page}: {class}, expected {band}");
    all.extend(faults(browser, &format!("{page} with {code}"), false, widths).await);
    all
}

/// A person types a code with the keyboard alone, and what is no code is said.
async fn assert_a_code_is_found_by_keyboard_alone(browser: &Browser, server: &str, page: &str) {
    browser.client.goto(&format!("{server}/?lang=en")).await.expect("the page opens");
    browser.tab_to("#code").await;
    browser.press("602").await;
    browser.press(ENTER).await;
    browser.wait_for_page(&format!("{server}/find")).await;
    let note = browser.client.find(Locator::Css("[role=alert]")).await.expect("a note");
    assert!(note.text().await.expect("a text").contains("GTIN"));
    let path = page.strip_prefix(server).expect("a page of the server");
    let parts: Vec<&str> = path.split('/').collect();
    browser.tab_to("#code").await;
    // The field has what was typed before; Control and A select it.
    browser.press_with_control("a").await;
    browser.press(&format!("{} / {}", parts[2], parts[4])).await;
    browser.press(ENTER).await;
    browser.wait_for_page(page).await;
}

/// The verdict, the journey and the field for a code are there where no script runs.
async fn assert_pages_work_without_scripts(browser: &Browser, server: &str, page: &str) {
    browser.set_scripts(false).await;
    browser.client.goto(&format!("{page}?lang=en")).await.expect("the page opens");
    let source = browser.client.source().await.expect("the page");
    assert!(source.contains("data-code=") && source.contains("id=\"journey\""), "{source}");
    assert!(source.contains("Checking on this page needs JavaScript"), "{source}");
    browser.client.goto(&format!("{server}/?lang=en")).await.expect("the page opens");
    let shown = async |css: &str| {
        let found = browser.client.find(Locator::Css(css)).await.expect("it is there");
        found.is_displayed().await.expect("an answer")
    };
    assert!(shown("#code").await && !shown("#scan").await, "the camera needs a script");
    assert!(!shown("#picture").await, "so does a picture");
    browser.set_scripts(true).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_page_is_readable_and_usable_on_any_screen_in_both_languages_and_colours() {
    let folder = temporary();
    let started = demo(folder.path(), &["--lang", "en", "--more-verdicts"]).spawn();
    let mut demo = Started(started.expect("chopmark-demo starts"));
    summary(&mut demo.0);
    let pages = verdict_pages(folder.path());
    let (unused, used) = hidden_codes(folder.path());
    let desk = Desk::read(folder.path());
    let server = pages[0].at(0).split("/01/").next().expect("a server").to_owned();
    let others = [
        "/",
        "/find?code=602",
        "/verify",
        "/report?code=602",
        "/report/0",
        "/code",
        "/nothing",
        "/01/09521141123454",
    ];
    let others = others.map(|path| format!("{server}{path}"));
    let shop = Shop::open(folder.path(), &server);
    let browser = Browser::start().await;
    let path = |verdict: &str| {
        let found = pages.iter().find(|page| page.code == verdict).expect("a page");
        found.at(0).strip_prefix(&server).expect("a page of the demo").to_owned()
    };
    let owned = ["CONSISTENT", "SOLD", "CONDITION", "CONFLICT"].map(path);
    let code = format!("https://id.gs1.org{}", path("CONSISTENT"));
    let receipt = assert_a_report_is_sent_by_keyboard_alone(&browser, &server, &code).await;
    let receipt = receipt.split('?').next().expect("an address").to_owned();
    let mut all = Vec::new();
    for (look, (language, scheme)) in LOOKS.into_iter().enumerate() {
        browser.set_colours(scheme).await;
        let in_language = |page: &str| {
            let sign = if page.contains('?') { '&' } else { '?' };
            format!("{page}{sign}lang={language}")
        };
        for page in &pages {
            let (page, code) = (in_language(page.at(look)), &page.code);
            open_verdict(&browser, &page, code).await;
            all.extend(faults(&browser, &page, false, widths(look)).await);
        }
        for page in others.iter().chain([&receipt]) {
            let page = in_language(page);
            browser.client.goto(&page).await.expect("the page opens");
            all.extend(faults(&browser, &page, false, widths(look)).await);
        }
        for ((item, code), band) in [(&unused[look], "blue"), (&used, "amber")] {
            let page = in_language(&format!("{server}/code?item={item}"));
            all.extend(code_faults(&browser, &page, code, band, widths(look)).await);
        }
        all.extend(shop.pass_on(&browser, &owned[look], (look, language)).await);
        log_in(&browser, &desk, &desk.key, language).await;
        for (page, is_bare) in desk_pages(&browser, &desk).await {
            browser.client.goto(&page).await.expect("the page opens");
            all.extend(faults(&browser, &page, is_bare, widths(look)).await);
        }
        log_in(&browser, &desk, &desk.company_key, language).await;
        for (page, is_bare) in company_pages(&desk) {
            browser.client.goto(&page).await.expect("the page opens");
            all.extend(faults(&browser, &page, is_bare, widths(look)).await);
        }
    }
    let item = pages.iter().find(|page| page.code == "CONSISTENT").expect("a page").at(0);
    assert_a_code_is_found_by_keyboard_alone(&browser, &server, item).await;
    assert_pages_work_without_scripts(&browser, &server, item).await;
    shop.assert_works_without_scripts(&browser, &path("EXPIRED")).await;
    assert_desk_is_used_by_keyboard_alone(&browser, &desk).await;
    assert_a_company_replies_by_keyboard_alone(&browser, &desk).await;
    for (page, is_bare) in company_pages(&desk) {
        browser.client.goto(&page).await.expect("the page opens");
        all.extend(faults(&browser, &page, is_bare, &WIDTHS).await);
    }
    log_in(&browser, &desk, &desk.key, "en").await;
    assert_an_inspector_reads_a_report_by_keyboard_alone(&browser, &desk).await;
    let case = format!("{}/cases/1", desk.url);
    browser.client.goto(&case).await.expect("the page opens");
    all.extend(faults(&browser, &case, false, &WIDTHS).await);
    let copy = pages.iter().rfind(|page| page.code == "GAP").expect("the altered copy").at(0);
    let copy = copy.split("/01/").next().expect("a server");
    all.extend(browser.strange_requests(&[&*server, copy, &*desk.url, &*shop.url]).await);
    assert!(all.is_empty(), "{}", all.join("\n"));
    browser.client.clone().close().await.expect("the browser closes");
}
