//! Colour: on a terminal, and where the option or the environment says so; never where the output goes elsewhere.

use std::io::Read as _;

use crate::scene::{Ran, Scene, chopmark, ended, golden, program};

const PROVED: &str = "\u{1b}[1;32mPROVED\u{1b}[0m  urn:epc:id:";

fn verify(more: &[&str], environment: &[(&str, &str)]) -> Ran {
    let (bundle, policy) = (golden("valid/item.bundle.json"), golden("policy.txt"));
    let words = [&["verify", &bundle, "--policy", &policy], more].concat();
    ended(program(&words).envs(environment.iter().copied()).spawn().unwrap())
}

#[test]
fn the_verdict_is_coloured_by_option_or_environment_and_the_text_is_the_same() {
    let plain = verify(&[], &[]);
    assert!(plain.out.starts_with("PROVED  urn:epc:id:"), "{}", plain.out);
    for (more, environment, is_coloured) in [
        (&["--color", "always"][..], &[][..], true),
        (&["--color=always"], &[("NO_COLOR", "1")], true),
        (&[], &[("CLICOLOR_FORCE", "1")], true),
        (&[], &[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")], false),
        (&["--color", "never"], &[("CLICOLOR_FORCE", "1")], false),
        (&["--color", "auto"], &[], false),
    ] {
        let ran = verify(more, environment);
        assert_eq!(
            ran.out.starts_with(PROVED),
            is_coloured,
            "{more:?} {environment:?}: {}",
            ran.out
        );
        assert_eq!(ran.out.replace("\u{1b}[1;32m", "").replace("\u{1b}[0m", ""), plain.out);
    }
    let ran = verify(&["--json", "--color", "always"], &[]);
    assert!(!ran.out.contains('\u{1b}'), "JSON has no colour");
    let ran = verify(&["--color", "sometimes"], &[]);
    assert_eq!(ran.status, 2);
    assert!(ran.err.contains("'sometimes'"), "{}", ran.err);
}

#[test]
fn refuted_is_red_and_cannot_tell_is_yellow() {
    let policy = golden("policy.txt");
    let invalid = std::fs::read_dir(golden("invalid")).unwrap().map(|entry| entry.unwrap().path());
    let refuted =
        invalid.into_iter().find(|path| path.extension().is_some_and(|end| end == "json"));
    for (file, begin) in [
        (refuted.unwrap().to_str().unwrap(), "\u{1b}[1;31mREFUTED\u{1b}[0m  "),
        ("/dev/null", "\u{1b}[1;33mCANNOT TELL\u{1b}[0m  "),
    ] {
        let ran = chopmark(&["verify", file, "--policy", &policy, "--color", "always"]);
        assert!(ran.out.starts_with(begin), "{:?}", ran.out);
    }
}

#[test]
fn on_a_terminal_the_verdict_is_coloured_unless_the_terminal_is_dumb() {
    let (bundle, policy) = (golden("valid/item.bundle.json"), golden("policy.txt"));
    for (term, is_coloured) in [("xterm", true), ("dumb", false)] {
        let pair = nix::pty::openpty(None, None).unwrap();
        let mut command = program(&["verify", &bundle, "--policy", &policy]);
        let mut child = command.env("TERM", term).stdout(pair.slave).spawn().unwrap();
        drop(command);
        assert_eq!(child.wait().unwrap().code(), Some(0));
        let mut seen = vec![0; 4096];
        let count = std::fs::File::from(pair.master).read(&mut seen).unwrap();
        let seen = String::from_utf8_lossy(&seen[..count]).into_owned();
        assert_eq!(seen.starts_with(PROVED), is_coloured, "{term}: {seen:?}");
    }
}

#[test]
fn who_reads_chinese_sees_the_verdict_in_both_languages() {
    let ran = verify(&[], &[("LC_ALL", "zh_CN.UTF-8")]);
    assert!(ran.out.starts_with("PROVED 成立  urn:epc:id:"), "{}", ran.out);
}

#[tokio::test]
async fn ledgers_that_are_whole_are_green_and_changed_ones_red() {
    let scene = Scene::new("colour_audit").await;
    sql::testing::alter_record_as_owner(&scene.db, crate::scene::SITE, 1, "storing", "holding")
        .await
        .unwrap();
    let ran = scene.audit(&["--color", "always"]);
    assert!(
        ran.out.contains("\u{1b}[1;31mCHANGED\u{1b}[0m  factory.example/packing"),
        "{}",
        ran.out
    );
    assert!(ran.out.contains("\u{1b}[1;32mwhole\u{1b}[0m  hub.example/1"), "{}", ran.out);
}

#[test]
fn help_follows_the_option_too() {
    let ran = chopmark(&["--color", "always", "--help"]);
    assert!(ran.out.contains('\u{1b}'), "{}", ran.out);
    let ran =
        ended(program(&["help", "--color", "never"]).env("CLICOLOR_FORCE", "1").spawn().unwrap());
    assert!(!ran.out.contains('\u{1b}'), "{}", ran.out);
}
