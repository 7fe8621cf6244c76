//! The pages of the desk in a real browser: which there are, and a day's work with the keyboard alone.
//!
//! The way through: the demo's `desk.txt` says where the desk is, whose key opens it, and what there is to look at ([`Desk`]); `pages.rs` looks at
//! each of [`desk_pages`] and then lets somebody work ([`assert_desk_is_used_by_keyboard_alone`]).
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

/// Logs in by the form, unless somebody is, and chooses a language.
pub async fn log_in(browser: &Browser, desk: &Desk, language: &str) {
    let client = &browser.client;
    client.goto(&format!("{}/login", desk.url)).await.expect("the page opens");
    if let Ok(field) = client.find(Locator::Id("key")).await {
        field.send_keys(&desk.key).await.expect("the field takes it");
        browser.press(ENTER).await;
        let logout = Locator::Css("form[action='/logout']");
        client.wait().for_element(logout).await.expect("somebody is logged in");
    }
    let switch = format!("{}/language/{language}?to=%2F", desk.url);
    client.goto(&switch).await.expect("the page opens");
}

/// Every page of the desk, and whether it has nothing around its content; whoever asks is logged in.
pub async fn desk_pages(browser: &Browser, desk: &Desk) -> Vec<(String, bool)> {
    let cases = format!("{}/cases", desk.url);
    browser.client.goto(&cases).await.expect("the page opens");
    if browser.client.find(Locator::Css("a[href='/cases/1']")).await.is_err() {
        open_case(browser, desk).await;
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
        (format!("{}/nothing", desk.url), true),
    ]
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
    browser.tab_to("form[action='/logout'] button").await;
    browser.press(ENTER).await;
    browser.wait_for_page(&format!("{url}/login")).await;
    client.goto(&format!("{url}/search")).await.expect("an answer");
    browser.wait_for_page(&format!("{url}/login")).await;
}
