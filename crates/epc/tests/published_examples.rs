//! Checks all examples in the published file of the tag data standard.
//!
//! The way through: the file is in the folder that the environment variable `CHOPMARK_VECTORS` names, by default in
//! a folder next to the repository. Without the file the test prints that it was skipped, and passes.
//!
//! What holds: each example decodes to the published link and URIs, and encodes to the same bits.
//!
//! Not here: examples that need no file (unit tests next to the code).
//!
//! Source: TDS 2.3 annex E.3; Compression of GS1 Digital Link for EPC binary strings 1.0.0.

use std::path::PathBuf;

use epc::{Form, Tag, TagEpc, parse_digital_link};
use serde_json::Value;

fn file(name: &str) -> Option<Value> {
    let folder = std::env::var_os("CHOPMARK_VECTORS").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/vectors")),
        PathBuf::from,
    );
    let path = folder.join(name);
    let Ok(text) = std::fs::read_to_string(&path) else {
        println!("skipped: {} is not there", path.display());
        return None;
    };
    Some(serde_json::from_str(&text).expect("the examples are JSON"))
}

fn hex_of(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |out, byte| out + &format!("{byte:02X}"))
}

fn trimmed(hex: &str) -> String {
    hex.trim_end_matches('0').to_uppercase()
}

#[test]
fn every_published_example_decodes_and_encodes() {
    let Some(examples) = file("tds/tds2.3-annex-e3-sample.json") else { return };
    let examples = examples["vectors"].as_array().expect("a list of examples");
    assert!(examples.len() >= 16, "{} examples", examples.len());
    for example in examples {
        let hex = example["hex"].as_str().expect("hex");
        // The annex leaves out the zeros up to a whole word of a tag's memory.
        let bank = format!("{hex:0<width$}", width = hex.len().next_multiple_of(4));
        let tag = Tag::decode_hex(&bank).unwrap_or_else(|error| panic!("{example}: {error}"));
        let scheme = example["scheme"].as_str().expect("a scheme").to_lowercase();
        assert!(scheme == tag.name() || scheme.starts_with("epcb"), "{scheme} {}", tag.name());
        let host = example["hostname"].as_str().unwrap_or("id.gs1.org");
        let link =
            example["digital_link_path"].as_str().map(|path| format!("https://{host}{path}"));
        assert_eq!(tag.to_digital_link(), link, "{scheme}");
        let written = hex_of(&tag.encode().expect("it was decoded"));
        assert_eq!(trimmed(&written), trimmed(hex), "{scheme}");
        if let Some(uri) = example["tag_uri"].as_str() {
            let classic = TagEpc::from_tag_uri(uri).expect("a published URI");
            assert_eq!(Tag::Classic(classic.clone()), tag, "{scheme}");
            assert_eq!(classic.to_tag_uri(), uri);
            assert_eq!(example["pure_identity"].as_str(), Some(classic.epc.to_uri().as_str()));
        }
        for form in [Form::Hex, Form::Base64url] {
            let compressed = tag.to_compressed_link("example.com", form);
            let read = compressed.and_then(|link| parse_digital_link(&link)).ok();
            assert_eq!(read, tag.to_link(), "{scheme}");
        }
    }
}
