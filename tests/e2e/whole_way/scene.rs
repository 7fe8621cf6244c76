//! The whole demo, as a newcomer runs it, and its pages in a real browser.

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};
use std::time::Duration;

use fantoccini::wd::Capabilities;
use fantoccini::{ClientBuilder, Locator};
use tests::folder::temporary;

#[test]
fn the_demo_ends_by_itself_with_every_check_held_and_leaves_no_process() {
    let folder = temporary();
    let output = Command::new(tests::program::demo())
        .args(["play", "--once"])
        .env("CHOPMARK_DATA", folder.path().join("demo"))
        .output()
        .expect("chopmark-demo starts");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    assert!(text.contains("checks held") && !text.contains('✗'), "{text}");
    let left = Command::new("pgrep").arg("-f").arg(folder.path()).output().expect("pgrep runs");
    assert!(left.stdout.is_empty(), "left behind: {}", String::from_utf8_lossy(&left.stdout));
}

/// What was started; ended when dropped.
struct Started(std::process::Child);

impl Drop for Started {
    fn drop(&mut self) {
        nix::sys::signal::kill(
            nix::unistd::Pid::from_raw(i32::try_from(self.0.id()).unwrap_or(0)),
            nix::sys::signal::Signal::SIGTERM,
        )
        .ok();
        self.0.wait().ok();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_shows_the_verdict_in_both_languages_and_verifies_the_proof_itself() {
    let folder = temporary();
    let mut demo = Command::new(tests::program::demo())
        .arg("play")
        .env("CHOPMARK_DATA", folder.path().join("demo"))
        .stdout(Stdio::piped())
        .spawn()
        .expect("chopmark-demo starts");
    let lines = BufReader::new(demo.stdout.take().expect("its output is ours"));
    let _demo = Started(demo);
    let mut sold = None;
    let mut altered = None;
    for line in lines.lines().map_while(Result::ok) {
        let url = line.find("http://").map(|at| line[at..].trim().to_owned());
        if line.trim_start().starts_with("sold ") {
            sold = url;
        } else if line.trim_start().starts_with("unsold") {
            altered = url;
        } else if line.trim_start().starts_with("receipts") {
            break;
        }
    }
    let sold = sold.expect("the demo came to its end and printed the sold item's page");
    let altered = altered.expect("the demo printed the altered item's page");

    let port = std::net::TcpListener::bind("127.0.0.1:0")
        .and_then(|l| l.local_addr())
        .expect("a port")
        .port();
    let driver = std::env::var("CHOPMARK_CHROMEDRIVER").unwrap_or_else(|_| "chromedriver".into());
    let driver = Command::new(driver)
        .arg(format!("--port={port}"))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("chromedriver is needed; `make setup` gets it");
    let _driver = Started(driver);
    let profile = tempfile::tempdir().expect("a temporary folder");
    let mut capabilities = Capabilities::new();
    let chromium =
        std::env::var("CHOPMARK_CHROMIUM").unwrap_or_else(|_| "/usr/bin/chromium".into());
    capabilities.insert(
        "goog:chromeOptions".into(),
        serde_json::json!({
            "binary": chromium,
            "args": ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
                "--disable-background-networking", "--disable-component-update", "--disable-sync",
                "--window-size=390,1400", format!("--user-data-dir={}", profile.path().display())],
        }),
    );
    let url = format!("http://127.0.0.1:{port}");
    let mut browser = None;
    for _ in 0..100 {
        if let Ok(client) =
            ClientBuilder::new(hyper_util::client::legacy::connect::HttpConnector::new())
                .capabilities(capabilities.clone())
                .connect(&url)
                .await
        {
            browser = Some(client);
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let browser = browser.expect("Chromium is needed; `make setup` gets it");
    for (language, words, shown) in [
        ("zh", "缺口", ["成立：记录在已签名的账本中", "条记录在大小为"]),
        (
            "en",
            "journey incomplete",
            ["Holds: the records are in the signed ledgers", "records are in the tree of size"],
        ),
    ] {
        browser.goto(&format!("{sold}?lang={language}")).await.expect("the page opens");
        let band =
            browser.find(Locator::Css("h1")).await.expect("a verdict").text().await.expect("text");
        assert!(band.contains(words), "{band}");
        browser.find(Locator::Id("check")).await.expect("a button").click().await.expect("a click");
        let result = browser
            .wait()
            .at_most(Duration::from_secs(20))
            .for_element(Locator::Css("#result[data-outcome]"))
            .await
            .expect("the page verifies the proof");
        let outcome = result.attr("data-outcome").await.expect("an attribute");
        let text = result.text().await.expect("text");
        assert_eq!(outcome.as_deref(), Some("proved"), "{text}");
        for words in shown {
            assert!(text.contains(words), "`{words}` is not in: {text}");
        }
        // A translated check has no English detail left.
        assert_eq!(text.contains("that no record was left out"), language == "en", "{text}");
    }
    browser.goto(&format!("{altered}?lang=en")).await.expect("the page opens");
    let code = browser
        .find(Locator::Css("main"))
        .await
        .expect("a page")
        .attr("data-code")
        .await
        .expect("an attribute");
    assert_eq!(code.as_deref(), Some("GAP"));
    browser.close().await.expect("the browser closes");
}
