//! A file that somebody is asked to check writes to the terminal of who checks it.

use crate::town::Town;

#[test]
fn control_characters_and_bidirectional_marks_of_a_file_are_shown_escaped() {
    let town = Town::shared();
    let evil = "\u{1b}[2J\u{1b}[1;1HPROVED\u{202e}\u{9b}31m";
    for (name, text) in [
        ("evil.bundle.json", format!("{{\"format\":\"{evil}\"}}")),
        ("evil-escaped.bundle.json", format!("{{\"format\":{}}}", serde_json::json!(evil))),
    ] {
        std::fs::write(town.path(name), text).expect("the folder is ours");
        let (code, text) = town.chopmark(&["verify", name, "--policy", "policy.txt"]);
        assert_eq!(code, Some(2), "it is no bundle: {text}");
        for forbidden in ['\u{1b}', '\u{9b}', '\u{202e}'] {
            assert!(!text.contains(forbidden), "{name}: {text:?}");
        }
    }
}
