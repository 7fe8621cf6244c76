//! The pages of owners in a real browser: somebody registers, passes the item on, and its recipient accepts.
//!
//! The way through: a second trace-api over the demo's database, whose products have hidden codes ([`Shop::open`]); in each language and
//! colour an item goes from its page to its second owner ([`Shop::pass_on`]), and every page on the way is looked at as in `pages.rs`. Then
//! the same link is opened where no script runs.
//!
//! Not here: what the pages refuse (`trace-api/src/http/own/tests.rs`).

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use access::hidden_code::HiddenCodeKey;
use fantoccini::Locator;
use tests::waiting::{free_address, wait_for};

use crate::browser::{Browser, ENTER, Started};
use crate::pages::{faults, widths};

/// The secret of the hidden codes.
const SECRET: &str = "0123456789abcdef0123456789abcdef";

/// A trace-api whose items have hidden codes.
pub struct Shop {
    /// Its address.
    pub url: String,
    _process: Started,
}

/// Does something that leads to another page, and waits until that page has what `then` selects.
async fn leave(browser: &Browser, then: &str, act: impl AsyncFnOnce()) {
    let before = browser.client.find(Locator::Css("html")).await.expect("a page");
    act().await;
    let deadline = Instant::now() + Duration::from_secs(30);
    // The element of the page before is gone with it.
    while before.tag_name().await.is_ok() {
        assert!(Instant::now() < deadline, "the page stays");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    appears(browser, then).await;
}

/// Clicks on what `css` selects, and waits for what `then` selects on the page that follows.
async fn click(browser: &Browser, css: &str, then: &str) {
    let found = browser.client.find(Locator::Css(css)).await;
    let found = found.unwrap_or_else(|error| panic!("{css}: {error}"));
    leave(browser, then, async || found.click().await.expect("a click")).await;
}

async fn appears(browser: &Browser, css: &str) {
    let there = browser.client.wait().for_element(Locator::Css(css)).await;
    if let Err(error) = there {
        let source = browser.client.source().await.unwrap_or_default();
        panic!("{css}: {error}\n{source}");
    }
}

/// Opens a link whose code a script sends on, and waits for what `then` selects.
async fn follow(browser: &Browser, link: &str, then: &str) {
    browser.client.goto(link).await.expect("the page opens");
    appears(browser, then).await;
}

async fn text_of(browser: &Browser, css: &str) -> String {
    let found = browser.client.find(Locator::Css(css)).await.expect("it is there");
    found.text().await.expect("a text")
}

/// Types a code into the field of the page and sends it.
async fn enter(browser: &Browser, code: &str, then: &str) {
    let field = browser.client.find(Locator::Css("#code")).await.expect("a field");
    field.click().await.expect("a click");
    browser.press(code).await;
    leave(browser, then, async || browser.press(ENTER).await).await;
}

/// A configuration in which every product has a key of hidden codes: its own, or ours.
fn with_code_key(text: &str) -> String {
    let head = "[[trace_api.product]]\n";
    let mut parts = text.split(head);
    let mut all = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let own = part.split("\n[").next().unwrap_or_default();
        let key = if own.contains("code_key") { "" } else { "code_key = \"code.key\"\n" };
        all.extend([head, key, part]);
    }
    all
}

impl Shop {
    /// Starts it in the demo's folder.
    ///
    /// - `server`: the demo's own trace-api.
    pub fn open(folder: &Path, server: &str) -> Self {
        let folder = folder.join("demo");
        let text = std::fs::read_to_string(folder.join("chopmark.toml")).expect("the demo's file");
        let (_, section) = text.split_once("[trace_api]").expect("it has pages");
        let (_, operator) = section.split_once("internal_listen = \"").expect("an address");
        let operator = operator.split('"').next().expect("an address").to_owned();
        let (own, own_operator) = (free_address().to_string(), free_address().to_string());
        let public = server.strip_prefix("http://").expect("an address");
        let text = text.replace(public, &own).replace(&operator, &own_operator);
        std::fs::write(folder.join("codes.toml"), with_code_key(&text))
            .expect("the folder is ours");
        keystore::private::create(&folder.join("code.key"), SECRET).expect("the folder is ours");
        let process = Command::new(tests::program::chopmark())
            .args(["up", "--role", "trace-api", "--config", "codes.toml"])
            .current_dir(&folder)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        let process = Started(process.expect("chopmark starts"));
        let url = format!("http://{own}");
        wait_for("it is alive", || ureq::get(format!("{url}/healthz")).call().is_ok());
        Self { url, _process: process }
    }

    /// The pages of an item from the first look to its second owner, with what is wrong with them.
    ///
    /// - `path`: of the item's page.
    /// - `look`: number, language.
    pub async fn pass_on(
        &self,
        browser: &Browser,
        path: &str,
        (look, language): (usize, &str),
    ) -> Vec<String> {
        let mut all = Vec::new();
        let mut look_at =
            async |what: &str| all.extend(faults(browser, what, false, widths(look)).await);
        let url = &self.url;
        let page = format!("{url}{path}?lang={language}");
        browser.client.goto(&page).await.expect("the page opens");
        look_at("item with a code").await;
        click(browser, "a[href^='/own?']", "form[action^='/own?'] #code").await;
        look_at("registering").await;
        enter(browser, "0000-0000-001", "[role=status]").await;
        look_at("not registered").await;
        browser.client.goto(&page).await.expect("the page opens");
        click(browser, "a[href^='/own?']", "form[action^='/own?'] #code").await;
        let key = HiddenCodeKey::read(SECRET).expect("long enough");
        enter(browser, &key.code(&format!("https://id.gs1.org{path}")), ".receipt").await;
        look_at("registered").await;
        let seller = text_of(browser, ".receipt").await;
        // The other language has the same code.
        click(browser, "button.lang", ".receipt").await;
        assert_eq!(text_of(browser, ".receipt").await, seller);
        click(browser, "button.lang", ".receipt").await;
        click(browser, "form.form .btn", "[value=give]").await;
        look_at("owner").await;
        click(browser, "[value=show]", ".address").await;
        let passport = text_of(browser, ".address").await;
        click(browser, "[value=give]", "[value=keep]").await;
        look_at("owner with links").await;
        let gift = text_of(browser, ".address").await;
        follow(browser, &passport.replace('#', &format!("?lang={language}#")), "#ow").await;
        look_at("passport").await;
        follow(browser, &gift.replace('#', &format!("&lang={language}#")), "[value=accept]").await;
        let at = browser.client.current_url().await.expect("an address");
        let (_, code) = gift.split_once('#').expect("a code");
        assert!(!at.as_str().contains(code), "{at}");
        look_at("gift").await;
        click(browser, "[value=accept]", ".receipt").await;
        look_at("accepted").await;
        assert_ne!(text_of(browser, ".receipt").await, seller);
        let door = format!("{url}/own/item?lang={language}");
        browser.client.goto(&door).await.expect("the page opens");
        look_at("typing a code").await;
        enter(browser, &seller, "[role=status]").await;
        look_at("earlier owner").await;
        browser.client.goto(&door).await.expect("the page opens");
        enter(browser, "0123-4567-89AB-CDEF", "[role=status]").await;
        look_at("unknown code").await;
        all
    }

    /// A link is followed by typing its code where no script runs.
    pub async fn assert_works_without_scripts(&self, browser: &Browser, path: &str) {
        browser.set_scripts(false).await;
        let key = HiddenCodeKey::read(SECRET).expect("long enough");
        let item = format!("https://id.gs1.org{path}");
        browser
            .client
            .goto(&format!("{}/own?item={item}&lang=en", self.url))
            .await
            .expect("it opens");
        enter(browser, &key.code(&item), ".receipt").await;
        click(browser, "form.form .btn", "[value=sell]").await;
        click(browser, "[value=sell]", ".address").await;
        let link = text_of(browser, ".address").await;
        browser.client.goto(&link).await.expect("it opens");
        enter(browser, link.split_once('#').expect("a code").1, "[value=accept]").await;
        click(browser, "[value=accept]", ".receipt").await;
        browser.set_scripts(true).await;
    }
}
