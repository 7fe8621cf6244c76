//! `chopmark epc`: many values, lines, what people paste, and what is wrong among what is right.

use serde_json::{Value, json};

use crate::scene::{chopmark, chopmark_reading};

const ONE: &str = "3074257BF7194E4000001A85";
const TWO: &str = "3074257BF7194E4000001A86";

#[test]
fn several_tags_are_decoded_one_a_line_however_they_were_pasted() {
    let spaced = "30 74 25 7B F7 19 4E 40 00 00 1A 85";
    let ran = chopmark(&["epc", "decode", spaced, "0x3074257bf7194e4000001a86"]);
    assert_eq!((ran.status, &*ran.err), (0, ""), "{}", ran.out);
    let lines: Vec<&str> = ran.out.lines().collect();
    assert_eq!(lines.len(), 2, "{}", ran.out);
    assert!(
        lines[0].starts_with(&format!("{ONE}  urn:epc:tag:sgtin-96:3.0614141.812345.6789  https"))
    );
    assert!(
        lines[1].starts_with(&format!("{TWO}  urn:epc:tag:sgtin-96:3.0614141.812345.6790  https"))
    );

    let bytes: Vec<&str> = spaced.split(' ').collect();
    let ran = chopmark(&[&["epc", "decode"], &bytes[..]].concat());
    assert_eq!(ran.status, 0, "{}", ran.err);
    assert!(ran.out.contains("pure identity  urn:epc:id:sgtin:0614141.812345.6789"), "{}", ran.out);
}

#[test]
fn a_wrong_line_is_reported_with_its_number_and_the_others_are_decoded() {
    let input = format!("{ONE}\r\n\n  not hex \n0x{TWO}\nE2801190A5021F80055817CA");
    for words in [&["epc", "decode", "-"][..], &["epc", "decode"]] {
        let ran = chopmark_reading(words, input.as_bytes());
        assert_eq!(ran.status, 1, "{}", ran.err);
        assert_eq!(ran.out.lines().count(), 2, "{}", ran.out);
        assert!(ran.err.contains("line 3: cannot decode `not hex`: got `nothex`"), "{}", ran.err);
        assert!(
            ran.err.contains("line 5: cannot decode `E2801190A5021F80055817CA`"),
            "{}",
            ran.err
        );
    }
    let ran = chopmark_reading(&["epc", "decode", "--json"], input.as_bytes());
    let lines: Vec<Value> =
        ran.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!((ran.status, lines.len(), &*ran.err), (1, 4, ""));
    assert_eq!(lines[0]["tag_uri"], "urn:epc:tag:sgtin-96:3.0614141.812345.6789");
    assert_eq!((&lines[0]["filter"], &lines[0]["noted"]), (&json!(3), &json!([])));
    assert_eq!((&lines[1]["place"], &lines[1]["input"]), (&json!("line 3"), &json!("not hex")));
    assert!(lines[1]["error"].as_str().unwrap().contains("expected hex digits"));
}

#[test]
fn bytes_that_are_no_text_and_a_line_without_end_are_refused_and_the_next_line_is_decoded() {
    let long = "3".repeat(100_000);
    let input = [b"\xff\xfe\n".as_slice(), long.as_bytes(), b"\n", ONE.as_bytes()].concat();
    let ran = chopmark_reading(&["epc", "decode"], &input);
    assert_eq!((ran.status, ran.out.lines().count()), (1, 1), "{}", ran.err);
    assert!(ran.err.contains("line 2: got more than 16384 bytes"), "{}", ran.err);
    assert!(ran.err.len() < 1000, "what is typed is repeated in part");
}

#[test]
fn what_the_standard_does_not_refuse_is_noted() {
    // TDS annex E.3 prints 132 bits; 30 February is in the tag.
    let ran = chopmark(&["epc", "decode", "FB342CDE795211411234538566CB0AFC4"]);
    assert_eq!((ran.status, &*ran.err), (0, ""));
    assert!(ran.out.contains("noted          got 132 bits, the fields alone"), "{}", ran.out);
    let link = "https://id.gs1.org/01/09521141123454/21/32a?17=270230";
    let ran = chopmark(&["epc", "encode", "--scheme", "dsgtin+", link, "--json"]);
    let answer: Value = serde_json::from_str(&ran.out).unwrap();
    let note = "(17) has the date 270230, which no calendar has; a tag may hold it all the same";
    assert_eq!((ran.status, &answer["noted"]), (0, &json!([note])));
    let ran = chopmark(&["epc", "decode", answer["hex"].as_str().unwrap(), ONE]);
    assert!(ran.out.lines().next().unwrap().ends_with(&format!("noted: {note}")), "{}", ran.out);
}

#[test]
fn an_option_that_would_be_ignored_is_refused() {
    let uri = "urn:epc:tag:sgtin-96:3.0614141.812345.6789";
    let ran = chopmark(&["epc", "encode", "--filter", "1", uri]);
    assert_eq!((ran.status, &*ran.out), (2, ""), "the filter of a tag URI is in it");
    assert!(ran.err.contains("--scheme"), "{}", ran.err);
    let ran = chopmark(&["epc", "encode", uri]);
    assert_eq!((ran.status, &*ran.out), (0, &*format!("{ONE}\n")));
}

#[test]
fn what_cannot_be_encoded_is_repeated_with_what_was_expected() {
    for (uri, says) in [
        (
            "urn:epc:tag:sgtin-96:9.0614141.812345.6789",
            "urn:epc:tag:sgtin-96:9.0614141.812345.6789",
        ),
        ("urn:epc:id:bic:CSQU3054384", "expected `3`"),
        ("https://x/%30%31/09521141123454/21/4", "https://x/%30%31/09521141123454/21/4"),
        ("spring bamboo", "spring bamboo"),
    ] {
        let ran = chopmark(&["epc", "encode", uri]);
        assert_eq!((ran.status, &*ran.out), (1, ""), "{uri}");
        assert!(ran.err.contains(says), "{uri}: {}", ran.err);
    }
}
