//! The whole demo, as a newcomer runs it, and its pages in a real browser.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use fantoccini::Locator;
use tests::folder::temporary;

use crate::browser::{Browser, Started};

/// Columns and rows of a terminal that all of it fits.
const TERMINAL: [usize; 2] = [80, 24];

/// The demo, in a folder below `folder`; the language of the system is neither of the two.
pub fn demo(folder: &Path, words: &[&str]) -> Command {
    let mut command = Command::new(tests::program::demo());
    command
        .args(["play", "--data", "demo"])
        .args(words)
        .current_dir(folder)
        .env("LC_ALL", "C.UTF-8")
        .stdout(Stdio::piped());
    command
}

/// Columns that a line takes: Chinese letters and signs take two.
fn columns(line: &str) -> usize {
    line.chars().map(|c| if ('\u{2e80}'..='\u{ffef}').contains(&c) { 2 } else { 1 }).sum()
}

fn assert_fits(text: &str) {
    // A program far from the folder is written with its whole path.
    for line in text.lines().filter(|line| !line.starts_with("  /")) {
        assert!(columns(line) <= TERMINAL[0], "{} columns: {line}", columns(line));
        assert!(!line.contains('\u{1b}'), "an escape sequence where no terminal is: {line}");
    }
}

fn assert_nothing_is_left(folder: &Path) {
    let left = Command::new("pgrep").arg("-f").arg(folder).output().expect("pgrep runs");
    assert!(left.stdout.is_empty(), "left behind: {}", String::from_utf8_lossy(&left.stdout));
}

#[test]
fn the_demo_ends_by_itself_with_every_check_held_and_leaves_no_process() {
    let folder = temporary();
    let output =
        demo(folder.path(), &["--once", "--lang", "zh"]).output().expect("chopmark-demo starts");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    assert!(text.contains("检查全部成立") && !text.contains('✗'), "{text}");
    assert!(!text.contains("http"), "a page that is gone is offered: {text}");
    assert_fits(&text);
    assert_nothing_is_left(folder.path());
}

#[test]
fn the_demo_can_be_stopped_in_its_middle_and_leaves_no_process() {
    let folder = temporary();
    let mut demo = demo(folder.path(), &["--lang", "en"]).spawn().expect("chopmark-demo starts");
    let lines = BufReader::new(demo.stdout.take().expect("its output is ours")).lines();
    let mut lines = lines.map_while(Result::ok);
    let is_there = lines.any(|line| line.contains("A factory makes"));
    assert!(is_there, "the first step was not reached");
    let pid = nix::unistd::Pid::from_raw(i32::try_from(demo.id()).expect("a process id"));
    nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGINT).expect("it runs");
    let rest: Vec<String> = lines.collect();
    assert_eq!(demo.wait().expect("it ends").code(), Some(130), "{rest:?}");
    assert!(rest.iter().any(|line| line == "stopped before its end"), "{rest:?}");
    assert_nothing_is_left(folder.path());
}

/// The end of a demo that stays up: every line from the account on.
pub fn summary(demo: &mut std::process::Child) -> Vec<String> {
    let lines = BufReader::new(demo.stdout.take().expect("its output is ours")).lines();
    let (mut found, mut all) = (Vec::<String>::new(), String::new());
    for line in lines.map_while(Result::ok) {
        all = all + &line + "\n";
        if line.contains("checks held") || !found.is_empty() {
            found.push(line);
        }
        if all.ends_with("Ctrl-C ends everything.\n") {
            assert_fits(&all);
            return found;
        }
    }
    panic!("the demo did not come to its end: {all}");
}

/// The page that the end of a demo names for a verdict.
fn page(lines: &[String], verdict: &str) -> String {
    let line = lines.iter().find(|line| line.trim_start().starts_with(verdict));
    let words = line.unwrap_or_else(|| panic!("no link to {verdict}: {lines:?}"));
    words.split_whitespace().last().expect("a URL").to_owned()
}

/// Each page shows the verdict beside its link, and the audit finds nothing.
fn assert_what_is_left_is_whole(lines: &[String], folder: &Path) {
    for verdict in ["CONSISTENT", "SOLD", "CONFLICT", "GAP"] {
        let answer = ureq::get(page(lines, verdict)).header("Accept", "text/html").call();
        let text = answer.expect("a page").body_mut().read_to_string().expect("a text");
        assert!(text.contains(&format!("data-code=\"{verdict}\"")), "{verdict}: {text}");
    }
    let audit = Command::new(tests::program::chopmark())
        .args(["audit", "--require-anchored", "--policy", "policy.txt"])
        .current_dir(folder)
        .output()
        .expect("chopmark starts");
    assert!(audit.status.success(), "{}", String::from_utf8_lossy(&audit.stdout));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_shows_the_verdict_in_both_languages_and_verifies_the_proof_itself() {
    let folder = temporary();
    let started = demo(folder.path(), &["--lang", "en"]).spawn();
    let mut demo = Started(started.expect("chopmark-demo starts"));
    let lines = summary(&mut demo.0);
    assert!(lines.len() < TERMINAL[1], "{} lines: {lines:?}", lines.len());
    assert_what_is_left_is_whole(&lines, &folder.path().join("demo"));
    let (sold, altered) = (page(&lines, "SOLD"), page(&lines, "GAP"));

    let started = Browser::start().await;
    let browser = &started.client;
    for (language, words, shown) in [
        ("zh", "售出", ["成立：记录在已签名的账本中", "条记录在大小为"]),
        (
            "en",
            "Sold",
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
    browser.clone().close().await.expect("the browser closes");
}
