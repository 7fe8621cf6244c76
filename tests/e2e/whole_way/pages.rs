//! Every page that a code can lead to, in a real browser: what people with small screens, large letters, keyboards and dark
//! rooms need.
//!
//! The way through: the demo makes an item for each verdict and lists their pages; the browser opens each and runs `pages.js` in
//! it, which gives a list of what is wrong.
//!
//! Not here: what the pages say (`trace-api/src/http/scan_get/tests`), pages of chips, which no code leads to yet.

use serde_json::Value;
use tests::folder::temporary;

use crate::browser::{Browser, Started};
use crate::scene::{demo, summary};

/// Widths in points: the smallest phone, a desk whose page is enlarged to 200 %, desks.
const WIDTHS: [u32; 4] = [320, 640, 960, 1920];

/// What is wrong with the page that is open, at each width.
async fn faults(browser: &Browser, page: &str) -> Vec<String> {
    let mut faults = Vec::new();
    for width in WIDTHS {
        browser.set_width(width).await;
        let found = browser.client.execute(include_str!("pages.js"), Vec::new()).await;
        let found = found.expect("the script runs");
        let all = found.as_array().expect("a list").iter().map(Value::to_string);
        faults.extend(all.map(|fault| format!("{page} at {width}: {fault}")));
    }
    faults
}

#[tokio::test(flavor = "multi_thread")]
async fn every_page_is_readable_on_any_screen_in_both_languages_and_colours() {
    let folder = temporary();
    let started = demo(folder.path(), &["--lang", "en", "--more-verdicts"]).spawn();
    let mut demo = Started(started.expect("chopmark-demo starts"));
    summary(&mut demo.0);
    let list = std::fs::read_to_string(folder.path().join("demo/pages.txt")).expect("the list");
    let pages: Vec<(&str, &str)> = list
        .lines()
        .filter_map(|line| Some((line.split(' ').next()?, line.rsplit(' ').next()?)))
        .collect();
    let verdicts: std::collections::BTreeSet<&str> = pages.iter().map(|(code, _)| *code).collect();
    assert_eq!(verdicts.len(), 10, "all but those of chips: {verdicts:?}");
    let server = pages[0].1.split("/01/").next().expect("a server");
    let others = ["/", "/verify", "/nothing", "/01/09521141123454"];
    let others = others.map(|path| format!("{server}{path}"));
    let browser = Browser::start().await;
    let mut all = Vec::new();
    for (language, scheme) in [("zh", "light"), ("en", "dark")] {
        browser.set_colours(scheme).await;
        for page in pages.iter().map(|(_, page)| *page).chain(others.iter().map(String::as_str)) {
            let page = format!("{page}?lang={language}");
            browser.client.goto(&page).await.expect("the page opens");
            all.extend(faults(&browser, &page).await);
        }
    }
    assert!(all.is_empty(), "{}", all.join("\n"));
}
