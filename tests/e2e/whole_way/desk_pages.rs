//! The pages of the desk in a real browser: which there are, and a day's work with the keyboard alone.
//!
//! The way through: the demo's `desk.txt` says where the desk is, whose keys open it, and what there is to look at ([`Desk`]); `pages.rs` looks at
//! each of [`desk_pages`] and, as somebody of the company that a case asks, of [`company_pages`], and then lets both work
//! ([`assert_desk_is_used_by_keyboard_alone`], [`assert_a_company_replies_by_keyboard_alone`]).
//!
//! Not here: what the pages say and what is recorded (`desk/src/inquiry_tests.rs`), attackers (`tests/attacks`).

use std::path::Path;

use fantoccini::Locator;

use crate::browser::{Browser, ENTER};

/// The reason of every read.
const WHY: &str = "recall seven";

/// Where the desk of the demo is.
pub struct Desk {
    /// Its address.
    pub url: String,
    /// The key of an inspector.
    pub key: String,
    /// The key of a company.
    pub company_key: String,
    /// The company's number.
    pub company: String,
    /// An item that was sold.
    pub item: String,
    /// Its lot.
    pub lot: String,
    /// The pallet that it came on.
    pub pallet: String,
}

impl Desk {
    /// Reads `desk.txt`.
    pub fn read(folder: &Path) -> Self {
        let text = std::fs::read_to_string(folder.join("demo/desk.txt")).expect("the list");
        let value = |name: &str| {
            let line = text.lines().find_map(|line| line.strip_prefix(&format!("{name} ")));
            line.unwrap_or_else(|| panic!("no {name} in {text}")).to_owned()
        };
        Self {
            url: value("url"),
            key: value("key"),
            company_key: value("company-key"),
            company: value("company"),
            item: value("item"),
            lot: value("lot"),
            pallet: value("pallet"),
        }
    }

    /// A page with the reason of the read.
    fn page(&self, path: &str, parameters: &[(&str, &str)]) -> String {
        let escaped = |text: &str| text.replace('%', "%25").replace(' ', "%20").replace('&', "%26");
        let all = parameters.iter().chain([&("why", WHY)]);
        let all: Vec<String> =
            all.map(|(name, value)| format!("{name}={}", escaped(value))).collect();
        format!("{}{path}?{}", self.url, all.join("&"))
    }

    /// The tree of the lot.
    fn tree(&self) -> String {
        self.page("/tree", &[("thing", &self.lot), ("direction", "forward")])
    }
}

/// Logs in by the form with a key, whoever was logged in before, and chooses a language.
pub async fn log_in(browser: &Browser, desk: &Desk, key: &str, language: &str) {
    let client = &browser.client;
    client.goto(&format!("{}/login", desk.url)).await.expect("the page opens");
    client.delete_all_cookies().await.expect("nobody is logged in");
    client.goto(&format!("{}/login", desk.url)).await.expect("the page opens");
    if let Ok(field) = client.find(Locator::Id("key")).await {
        field.send_keys(key).await.expect("the field takes it");
        browser.press(ENTER).await;
        let logout = Locator::Css("form[action='/logout']");
        client.wait().for_element(logout).await.expect("somebody is logged in");
    }
    let switch = format!("{}/language/{language}?to=%2F", desk.url);
    client.goto(&switch).await.expect("the page opens");
}

/// Every page of the desk, and whether it has nothing around its content; whoever asks is logged in, and somebody sent report 1.
pub async fn desk_pages(browser: &Browser, desk: &Desk) -> Vec<(String, bool)> {
    let cases = format!("{}/cases", desk.url);
    browser.client.goto(&cases).await.expect("the page opens");
    if browser.client.find(Locator::Css("a[href='/cases/1']")).await.is_err() {
        open_case(browser, desk).await;
        ask_company(browser, desk).await;
    }
    let page = |path: &str| (format!("{}{path}", desk.url), false);
    vec![
        page("/"),
        page("/search"),
        (desk.page("/search", &[("q", &format!("item:{}", desk.item))]), false),
        (desk.page("/search", &[("q", "(01) 1")]), false),
        (desk.page("/item", &[("thing", &desk.item)]), false),
        (desk.page("/tree", &[("thing", &desk.item), ("direction", "back")]), false),
        (desk.page("/tree", &[("thing", &desk.pallet), ("direction", "neighbourhood")]), false),
        page("/list"),
        page("/cases"),
        page("/cases/1"),
        page("/reports"),
        (desk.page("/reports", &[]), false),
        (desk.page("/reports/1", &[]), false),
        page("/log"),
        (desk.page("/log", &[]), false),
        (format!("{}/nothing", desk.url), true),
    ]
}

/// Every page that somebody of a company has and an inspector has not; whoever asks is logged in.
pub fn company_pages(desk: &Desk) -> Vec<(String, bool)> {
    let page = |path: &str| (format!("{}{path}", desk.url), false);
    vec![page("/"), page("/inbox"), page("/inbox/1/2"), page("/inbox/1/3")]
}

/// Asks a company in case 1, and orders it to recall.
async fn ask_company(browser: &Browser, desk: &Desk) {
    let case = format!("{}/cases/1", desk.url);
    let acts: [(&str, &[(&str, &str)]); 2] = [
        (
            "ask",
            &[
                ("#ask-party", &desk.company),
                ("#ask-text", "Where was the tea, and how warm?"),
                ("#ask-why", WHY),
            ],
        ),
        (
            "order_recall",
            &[
                ("#order_recall-party", &desk.company),
                ("#or-count", "12"),
                ("#or-text", "Take it off the shelf."),
                ("#order_recall-why", WHY),
            ],
        ),
    ];
    for (name, fields) in acts {
        browser.client.goto(&case).await.expect("the page opens");
        let unfold = "document.querySelector(arguments[0]).closest('details').open = true";
        let why = format!("#{name}-why");
        browser.client.execute(unfold, vec![why.into()]).await.expect("the script runs");
        for (field, text) in fields {
            browser.tab_to(field).await;
            browser.press(text).await;
        }
        browser.press(ENTER).await;
        let done = Locator::XPath(match name {
            "ask" => "//li/b[starts-with(., '2 ·')]",
            _ => "//li/b[starts-with(., '3 ·')]",
        });
        browser.client.wait().for_element(done).await.expect("the act is in the case");
    }
}

/// Fills the form of a case, by keyboard.
async fn open_case(browser: &Browser, desk: &Desk) {
    for (field, text) in [("#title", "Warm tea"), ("#subject", &*desk.lot), ("#why", WHY)] {
        browser.tab_to(field).await;
        browser.press(text).await;
    }
    browser.press(ENTER).await;
    browser.wait_for_page(&format!("{}/cases/", desk.url)).await;
}

/// Whether the first fold is open.
async fn is_open(browser: &Browser) -> bool {
    let script = "return document.querySelector('details').open";
    browser.client.execute(script, Vec::new()).await.expect("the script runs") == true
}

/// Logs in as somebody of a company, goes from the home page to its question, answers it, and reports on its order.
pub async fn assert_a_company_replies_by_keyboard_alone(browser: &Browser, desk: &Desk) {
    let (client, url) = (&browser.client, &*desk.url);
    client.delete_all_cookies().await.expect("nobody is logged in");
    client.goto(&format!("{url}/login?to=%2F")).await.expect("the page opens");
    browser.tab_to("#key").await;
    browser.press(&desk.company_key).await;
    browser.press(ENTER).await;
    let link = Locator::Css("main a[href='/inbox']");
    client.wait().for_element(link).await.expect("something waits");
    browser.tab_to("main a[href='/inbox']").await;
    browser.press(ENTER).await;
    browser.wait_for_page(&format!("{url}/inbox")).await;
    browser.tab_to("main a[href='/inbox/1/2']").await;
    browser.press(ENTER).await;
    browser.wait_for_page(&format!("{url}/inbox/1/2")).await;
    browser.tab_to("#text").await;
    browser.press("At the centre, at 9 degrees.").await;
    browser.tab_to("main form button").await;
    browser.press(ENTER).await;
    let said = Locator::Css("ol.steps .mono");
    client.wait().for_element(said).await.expect("the answer is there");

    client.goto(&format!("{url}/inbox/1/3")).await.expect("the page opens");
    for (field, text) in [("#count", "12"), ("#place", "Nanjing")] {
        browser.tab_to(field).await;
        browser.press(text).await;
    }
    browser.press(ENTER).await;
    client.wait().for_element(said).await.expect("the report is there");
}

/// Logs in, searches, opens an item and its tree, folds it, opens a case, logs out.
pub async fn assert_desk_is_used_by_keyboard_alone(browser: &Browser, desk: &Desk) {
    let (client, url) = (&browser.client, &*desk.url);
    client.delete_all_cookies().await.expect("nobody is logged in");
    client.goto(&format!("{url}/login?to=%2Fsearch")).await.expect("the page opens");
    browser.tab_to("#key").await;
    browser.press(&desk.key).await;
    browser.press(ENTER).await;
    browser.wait_for_page(&format!("{url}/search")).await;

    browser.tab_to("#q").await;
    browser.press(&format!("item:{}", desk.item)).await;
    browser.tab_to("#why").await;
    browser.press(WHY).await;
    browser.press(ENTER).await;
    browser.wait_for_page(&format!("{url}/search?q=item")).await;
    browser.tab_to("main .acts a[href^='/item']").await;
    browser.press(ENTER).await;
    browser.wait_for_page(&format!("{url}/item?")).await;
    browser.tab_to("main a[href^='/tree']").await;
    browser.press(ENTER).await;
    browser.wait_for_page(&format!("{url}/tree?")).await;

    client.goto(&desk.tree()).await.expect("the page opens");
    let before = is_open(browser).await;
    browser.tab_to("main summary").await;
    browser.press(ENTER).await;
    assert_ne!(is_open(browser).await, before, "the fold follows the key");
    browser.press(ENTER).await;
    assert_eq!(is_open(browser).await, before);

    // The tree has hundreds of links; the navigation is the first of a page.
    client.goto(&format!("{url}/")).await.expect("the page opens");
    browser.tab_to("nav a[href='/cases']").await;
    browser.press(ENTER).await;
    browser.wait_for_page(&format!("{url}/cases")).await;
    open_case(browser, desk).await;

    // The log has the reads of today, after a reason.
    client.goto(&format!("{url}/")).await.expect("the page opens");
    browser.tab_to("nav a[href='/log']").await;
    browser.press(ENTER).await;
    browser.wait_for_page(&format!("{url}/log")).await;
    browser.tab_to("main #why").await;
    browser.press(WHY).await;
    browser.press(ENTER).await;
    browser.wait_for_page(&format!("{url}/log?why=")).await;
    browser.tab_to("main .tw").await;
    browser.tab_to("form[action='/logout'] button").await;
    browser.press(ENTER).await;
    browser.wait_for_page(&format!("{url}/login")).await;
    client.goto(&format!("{url}/search")).await.expect("an answer");
    browser.wait_for_page(&format!("{url}/login")).await;
}
