//! docs/reference: every key of the configuration, of rule files and of mappings, made from the comments of their types.
//!
//! The way through: [`spec::pages`] makes the text of each page; a test compares it with the file, or writes the file with
//! `UPDATE_REFERENCE=1` (`make reference`); other tests read every example of the pages with the parser of the product.
//!
//! What holds: a page differs from the comments of the types by nothing, so the reference is changed by changing the
//! comment of the member that is read.
//!
//! Not here: whether a comment is right about what a key does.

#[path = "generated/page.rs"]
mod page;
#[path = "generated/source.rs"]
mod source;
#[path = "generated/spec.rs"]
mod spec;

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;

use devices::message::{Format as _, Message};
use devices::reader::mapped_json::MappedJson;
use ingest::rules::SiteRules;
use process::config::Installation;
use process::config::device::DeviceSection;

use self::page::{Known, Page};
use self::source::Source;
use self::spec::{CONFIGURATION, MAPPINGS, RULES, pages};
use crate::layout::sources::{read, root};

#[test]
fn the_reference_is_what_the_comments_of_the_types_say() {
    let (mut faults, mut stale) = (Vec::new(), Vec::new());
    for (path, made) in pages() {
        match made {
            Ok(text) if std::env::var_os("UPDATE_REFERENCE").is_some() => {
                let path = root().join(path);
                std::fs::create_dir_all(path.parent().expect("a folder")).expect("it is ours");
                std::fs::write(path, text).expect("the folder is ours");
            }
            Ok(text) => {
                if !root().join(path).exists() || read(path) != text {
                    stale.push(path);
                }
            }
            Err(found) => faults.extend(found),
        }
    }
    assert!(faults.is_empty(), "comments that make no reference:\n{}", faults.join("\n"));
    assert!(stale.is_empty(), "run `make reference`; out of date: {stale:?}");
}

/// Whose links are looked at as well.
const MANUAL: &str = "docs/operations.md";

/// The fenced blocks of a page: language and text, in order.
fn blocks(page: &str) -> Vec<(String, String)> {
    let mut found: Vec<(String, String)> = Vec::new();
    let mut is_inside = false;
    for line in page.lines() {
        match line.strip_prefix("```") {
            Some(_) if is_inside => is_inside = false,
            Some(language) => {
                is_inside = true;
                found.push((language.to_owned(), String::new()));
            }
            None if is_inside => {
                let text = &mut found.last_mut().expect("a block was opened").1;
                text.push_str(line);
                text.push('\n');
            }
            None => {}
        }
    }
    found
}

/// An example with the sections that it is a part of.
fn completed(example: &str) -> String {
    let mut out = String::new();
    if example.contains("trace_api.") && !example.contains("[trace_api]") {
        out.push_str(
            "[trace_api]\npublic_url = \"http://x\"\npolicy = \"p\"\nscan_secret = \"s\"\n",
        );
    }
    if example.contains("[firmware_bridge.reader") && !example.contains("[firmware_bridge]") {
        out.push_str("[firmware_bridge]\nid = \"b\"\nkey = \"k\"\ningest_url = \"http://x\"\nledger = \"l\"\n");
        if !example.contains("[[firmware_bridge.reader]]") {
            out.push_str("[[firmware_bridge.reader]]\nid = \"r\"\nread_point = \"p\"\n");
            if !example.contains(".device") {
                out.push_str("device.r200 = { port = \"/dev/ttyUSB0\" }\n");
            }
        }
    }
    out + example
}

fn configured(example: &str) -> Installation {
    let text = completed(example);
    Installation::parse(Path::new("example.toml"), &text)
        .unwrap_or_else(|problems| panic!("an example is refused: {problems}\n{text}"))
}

#[test]
fn every_example_of_the_configuration_is_accepted() {
    let examples = blocks(&read(CONFIGURATION));
    assert!(examples.len() > 30, "only {} examples were found", examples.len());
    for (language, example) in examples {
        assert_eq!(language, "toml", "{example}");
        configured(&example);
    }
}

#[test]
fn every_example_of_a_rule_is_accepted() {
    const HEAD: &str = "version = \"1\"\nlocation = \"urn:epc:id:sgln:9521142.00001.0\"\n";
    let examples = blocks(&read(RULES));
    assert!(examples.len() > 8, "only {} examples were found", examples.len());
    for (_, example) in examples {
        let head = if example.contains("location = \"urn") && example.contains("version") {
            ""
        } else {
            HEAD
        };
        let text = format!("{head}{example}");
        let rules = SiteRules::from_toml(&text, Path::new("rules.toml"));
        rules.unwrap_or_else(|error| panic!("an example is refused: {error}\n{text}"));
    }
}

#[test]
fn every_example_of_a_mapping_reads_its_message_as_the_page_says() {
    let blocks = blocks(&read(MAPPINGS));
    let examples = blocks.chunks_exact(3);
    assert!(examples.remainder().is_empty() && examples.len() > 2, "{} blocks", blocks.len());
    for example in examples {
        let [(_, toml), (json, message), (text, expected)] = example else { continue };
        assert_eq!((json.as_str(), text.as_str()), ("json", "text"), "{toml}");
        let installation = configured(toml);
        let section = installation.firmware_bridge.expect("a bridge");
        let DeviceSection::MappedJson { topic, mapping, .. } = &section.readers[0].device else {
            panic!("no mapping: {toml}");
        };
        mapping.check().expect("pointers");
        let at = "2026-11-20T08:00:00Z".parse().expect("a time");
        let message = Message { topic, payload: message.as_bytes(), is_retained: false, at };
        let decoded = MappedJson::new(topic, mapping.clone()).take(&message).expect("it is read");
        let mut said = String::new();
        for read in &decoded.reads {
            let epc = hex::encode_upper(&read.epc[..]);
            write!(said, "epc {epc}, antenna {}, {} cdBm", read.antenna, read.rssi_cdbm)
                .expect("a text");
            if let Some(time) = read.reader_time {
                write!(said, ", {time}").expect("a text");
            }
            said.push('\n');
        }
        for letter in &decoded.dead_letters {
            writeln!(said, "refused: {}", letter.reason).expect("a text");
        }
        assert_eq!(&said, expected, "{toml}");
    }
}

/// Where links to headings and keys of a page may lead.
fn anchors(page: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for line in page.lines() {
        if let Some(heading) = line.strip_prefix('#') {
            found.insert(page::anchor(heading.trim_start_matches('#').trim()));
        }
        found.extend(
            line.split("<a id=\"").skip(1).filter_map(|rest| Some(rest.split_once('"')?.0.into())),
        );
    }
    found
}

#[test]
fn links_to_headings_and_keys_of_the_manual_and_the_reference_lead_there() {
    let mut faults = Vec::new();
    for document in [MANUAL, "docs/readers.md", CONFIGURATION, RULES, MAPPINGS] {
        let text = read(document);
        let folder = Path::new(document).parent().expect("a folder");
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let Some((file, place)) = link.split_once('#') else { continue };
            let target = match file {
                "" => document.to_owned(),
                _ => folder.join(file).display().to_string().replace("docs/reference/../", "docs/"),
            };
            if !file.contains(':') && !anchors(&read(&target)).contains(place) {
                faults.push(format!("{document}: {link}"));
            }
        }
    }
    assert!(faults.is_empty(), "links that lead nowhere:\n{}", faults.join("\n"));
}

#[test]
fn a_member_without_comment_or_with_another_default_is_named() {
    let text = "/// A.\n///\n/// ```toml\n/// x = 1\n/// ```\npub struct A {\n    pub one: u8,\n    /// Two.\n    #[serde(default = \"two\")]\n    pub two: u64,\n    \
                /// Three. Default: 5. More.\n    #[serde(default = \"three\", rename = \"third\")]\n    pub three: Option<u64>,\n    /// Four, `a | b`. Default: 16384.\n    \
                #[serde(default = \"two\")]\n    pub four: u64,\n}\nfn two() -> u64 {\n    16 * 1_024\n}\nfn three() -> u64 {\n    1 << 3\n}\n";
    let known = [Known { path: "a.rs", module: "", source: Source::parse("a.rs", text) }];
    let mut page = Page::new(&known, &[], "");
    page.section("a", "a.rs", "A");
    assert_eq!(
        page.finish().expect_err("faults"),
        [
            "a.rs: `a` `one`: has no comment",
            "a.rs: `a` `two`: may be left out; its comment needs `Default: …`",
            "a.rs: `a` `third`: its comment says `5`, the code `8`",
        ]
    );
    let right = text
        .replace("    pub one", "    /// One.\n    pub one")
        .replace("Two.", "Two. Default: 16384.");
    let right = right.replace("1 << 3", "5");
    let known = [Known { path: "a.rs", module: "", source: Source::parse("a.rs", &right) }];
    let mut page = Page::new(&known, &[], "");
    page.section("a", "a.rs", "A");
    let text = page.finish().expect("no faults");
    assert!(
        text.contains("| `one` | whole number | required | <a id=\"a-one\"></a>One. |\n"),
        "{text}"
    );
    assert!(
        text.contains("| `third` | whole number | 5 | <a id=\"a-third\"></a>Three. More. |\n"),
        "{text}"
    );
    assert!(text.contains("Four, `a \\| b`."), "{text}");
}
