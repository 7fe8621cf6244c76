//! `chopmark labels`: what is written, that the serials differ, and what is refused.

use std::collections::BTreeSet;
use std::fs;

use crate::scene::chopmark;

const PRODUCT: [&str; 4] = ["labels", "--gtin", "9521141123454", "--url"];
const URL: &str = "https://id.example.com";

fn run(more: &[&str]) -> crate::scene::Ran {
    let prefix = ["--prefix", "952114112"];
    chopmark(&[&PRODUCT[..], &[URL], &prefix, more].concat())
}

/// The serials of CSV that the program wrote.
fn serials(path: &std::path::Path) -> Vec<String> {
    let text = fs::read_to_string(path).unwrap();
    let lines = text.lines().skip(1);
    lines.map(|line| line.split(',').nth(1).unwrap().to_owned()).collect()
}

#[test]
fn new_serials_are_drawn_kept_and_not_drawn_again() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).display().to_string();
    let ran = run(&["--count", "30", "--format", "pdf", "--out", &at("a.pdf")]);
    assert_eq!(ran.status, 0, "{}", ran.err);
    assert!(ran.out.contains("30 labels of 9521141123454"), "{}", ran.out);
    assert!(ran.out.contains("QR code: version 4"), "{}", ran.out);
    assert!(fs::read(at("a.pdf")).unwrap().starts_with(b"%PDF-1.7"));
    let first = serials(&folder.path().join("a.pdf.csv"));
    assert_eq!(first.iter().collect::<BTreeSet<_>>().len(), 30);

    // Of 9,000 serials of four digits at most 900 are given out, those that are taken among them.
    let words = ["--count", "800", "--digits", "4", "--format", "csv", "--out", &at("b.csv")];
    assert_eq!(run(&words).status, 0);
    let words = [
        "--count",
        "100",
        "--digits",
        "4",
        "--format",
        "csv",
        "--taken",
        &at("b.csv"),
        "--out",
        &at("c.csv"),
    ];
    assert_eq!(run(&words).status, 0);
    let all: BTreeSet<String> =
        ["b.csv", "c.csv"].iter().flat_map(|name| serials(&folder.path().join(name))).collect();
    assert_eq!(all.len(), 900, "none twice");
    let words = [
        "--count",
        "101",
        "--digits",
        "4",
        "--format",
        "csv",
        "--taken",
        &at("b.csv"),
        "--out",
        &at("d.csv"),
    ];
    let ran = run(&words);
    assert!(ran.status != 0 && ran.err.contains("could be guessed"), "{}", ran.err);
    assert!(!folder.path().join("d.csv").exists());
}

#[test]
fn a_printer_gets_chip_and_code_of_each_serial_and_the_chip_is_read_back_by_the_program() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).display().to_string();
    fs::write(at("list"), "6789\n\n12345\n").unwrap();
    let words = ["--serials", &at("list"), "--format", "zpl", "--tid", "--out", &at("a.zpl")];
    let ran = run(&words);
    assert_eq!(ran.status, 0, "{}", ran.err);
    let zpl = fs::read_to_string(at("a.zpl")).unwrap();
    assert_eq!(zpl.matches("^XA").count(), 2);
    for serial in ["6789", "12345"] {
        assert!(zpl.contains(&format!("^FDMA,{URL}/01/09521141123454/21/{serial}^FS")), "{zpl}");
    }
    let chips = zpl.lines().filter_map(|line| line.strip_prefix("^RFW,H,2,,A^FD"));
    let chips: Vec<&str> = chips.map(|line| line.trim_end_matches("^FS")).collect();
    let ran = chopmark(&[&["epc", "decode"], &chips[..]].concat());
    assert_eq!(ran.status, 0, "{}", ran.err);
    assert!(ran.out.contains("sgtin-96:1.952114112.0345.6789"), "{}", ran.out);
    assert!(ran.out.contains("sgtin-96:1.952114112.0345.12345"), "{}", ran.out);
    // What was printed is not written over.
    let ran = run(&words);
    assert!(ran.status != 0 && ran.err.contains("could not write"), "{}", ran.err);
}

#[test]
fn what_cannot_be_a_label_is_said_with_its_place_and_nothing_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).display().to_string();
    fs::write(at("wrong"), "6789\nABC\n007\n").unwrap();
    fs::write(at("twice"), "1\n2\n1\n").unwrap();
    fs::write(at("good"), "1\n").unwrap();
    let out = at("out");
    for (words, says) in [
        (
            &["--serials", &at("wrong"), "--format", "csv", "--out", &out][..],
            "label 2: sgtin-96 cannot hold the serial `ABC`",
        ),
        (&["--serials", &at("wrong"), "--format", "csv", "--out", &out], "label 3: "),
        (
            &["--serials", &at("twice"), "--format", "csv", "--out", &out],
            "got the serial `1` twice",
        ),
        (&["--serials", &at("none"), "--format", "csv", "--out", &out], "could not read"),
        (
            &["--serials", &at("good"), "--format", "zpl", "--height", "9", "--out", &out],
            "expected at least 14 x 14 mm",
        ),
        (
            &["--serials", &at("good"), "--format", "pdf", "--sheet", "a5", "--out", &out],
            "expected one of a4-24",
        ),
        (
            &["--serials", &at("good"), "--format", "csv", "--chip", "x", "--out", &out],
            "expected sgtin-96",
        ),
        (&["--format", "csv", "--out", &out], "--count"),
    ] {
        let ran = run(words);
        assert!(ran.status != 0, "{words:?}");
        assert!(ran.err.contains(says), "{words:?}: {}", ran.err);
        assert!(!folder.path().join("out").exists(), "{words:?}");
    }
    let ran = chopmark(&[
        "labels",
        "--gtin",
        "9521141123455",
        "--url",
        URL,
        "--chip",
        "sgtin+",
        "--serials",
        &at("good"),
        "--format",
        "csv",
        "--out",
        &out,
    ]);
    assert!(ran.err.contains("check digit"), "{}", ran.err);
}

#[test]
fn a_token_key_puts_the_items_token_into_each_code() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).display().to_string();
    let secret = "0123456789abcdef0123456789abcdef";
    fs::write(at("tokens.key"), secret).unwrap();
    fs::write(at("serials"), "6789\n6790\n").unwrap();
    let made = ["--serials", &at("serials"), "--format", "csv", "--token-key", &at("tokens.key")];
    let ran = run(&[&made[..], &["--out", &at("a.csv")]].concat());
    assert_eq!(ran.status, 0, "{}", ran.err);
    let key = access::TokenKey::read(secret).unwrap();
    let text = fs::read_to_string(at("a.csv")).unwrap();
    for serial in ["6789", "6790"] {
        let link = format!("{URL}/01/09521141123454/21/{serial}");
        let token = key.token(&link);
        assert!(text.contains(&format!(",{link}?t={token},")), "{text}");
    }
    fs::write(at("tokens.key"), "short").unwrap();
    let ran = run(&[&made[..], &["--out", &at("b.csv")]].concat());
    assert_ne!(ran.status, 0);
    assert!(ran.err.contains("got 5 bytes, expected at least 32"), "{}", ran.err);
}
