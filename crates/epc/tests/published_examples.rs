//! The published examples of the tag data standard, through the public interface.
//!
//! The way through: [`EXAMPLES`] has them as facts: bits, link, URIs. Where the foreign data are there, each example of the
//! file with a sample of annex E.3 is checked in the same way, and must be among ours.
//!
//! What holds: each example decodes to its link and URIs, and encodes to the same bits; the compressed links that are
//! made of it lead back to it.
//!
//! Not here: further examples of the annex (unit tests next to the code).
//!
//! Source: TDS 2.3 annex E.3; Compression of GS1 Digital Link for EPC binary strings 1.0.0.

use epc::{Form, Tag, TagEpc, parse_digital_link};
use serde_json::Value;

/// An example: what the standard gives, and empty where it gives nothing.
struct Example<'a> {
    scheme: &'a str,
    hex: &'a str,
    /// Host and path.
    link: &'a str,
    /// Behind `urn:epc:tag:`.
    tag: &'a str,
    /// Behind `urn:epc:id:`.
    identity: &'a str,
}

const fn plus(scheme: &'static str, hex: &'static str, link: &'static str) -> Example<'static> {
    Example { scheme, hex, link, tag: "", identity: "" }
}

const EXAMPLES: [Example<'static>; 16] = [
    Example {
        scheme: "sgtin-96",
        hex: "3066C4409047E140075BCD15",
        link: "id.gs1.org/01/09506000134352/21/123456789",
        tag: "sgtin-96:3.95060001343.05.123456789",
        identity: "sgtin:95060001343.05.123456789",
    },
    Example {
        scheme: "sscc-96",
        hex: "311BA1B300CE0A6A83000000",
        link: "id.gs1.org/00/095201234567891235",
        tag: "sscc-96:0.952012.03456789123",
        identity: "sscc:952012.03456789123",
    },
    Example {
        scheme: "sgln-195",
        hex: "3976451FD46072CD9615F8800000000000000000000000000000",
        link: "id.gs1.org/414/9521141123454/254/32a%2Fb",
        tag: "sgln-195:3.9521141.12345.32a%2Fb",
        identity: "sgln:9521141.12345.32a%2Fb",
    },
    Example {
        scheme: "grai-96",
        hex: "3376451FD40C0E400000162E",
        link: "id.gs1.org/8003/095211411234545678",
        tag: "grai-96:3.9521141.12345.5678",
        identity: "grai:9521141.12345.5678",
    },
    Example {
        scheme: "gdti-174",
        hex: "3E76451FD7039B061438997367D0C18B266D1AB66EE0",
        link: "id.gs1.org/253/9521141987650ABCDefgh012345678",
        tag: "gdti-174:3.9521141.98765.ABCDefgh012345678",
        identity: "gdti:9521141.98765.ABCDefgh012345678",
    },
    Example {
        scheme: "cpi-96",
        hex: "3C76451FD400C0E680003039",
        link: "id.gs1.org/8010/952114198765/8011/12345",
        tag: "cpi-96:3.9521141.98765.12345",
        identity: "cpi:9521141.98765.12345",
    },
    Example {
        scheme: "gid-96",
        hex: "3500E86F8000A9E000000586",
        link: "",
        tag: "gid-96:952056.2718.1414",
        identity: "gid:952056.2718.1414",
    },
    // The worked example of the compression of links.
    plus("sgtin-96", "30164596F40C0E5CBE991A83", "id.gs1.org/01/09528765123457/21/123456789123"),
    plus(
        "dsgtin+",
        "FB342CDE795211411234538566CB0AFC4",
        "id.gs1.org/01/79521141123453/21/32a%2Fb?17=220630",
    ),
    plus(
        "grai++",
        "EB3095211411234548566CB0AFC525065F1876F0D996D800",
        "id.example.com/8003/0952114112345432a%2Fb",
    ),
    plus("giai+", "FA3952114132E83C2BF10", "id.gs1.org/8004/952114132a%2Fb"),
    plus("gsrn+", "F43952114112345678906", "id.gs1.org/8018/952114112345678906"),
    plus("gsrnp+", "F53952114112345678906", "id.gs1.org/8017/952114112345678906"),
    plus(
        "cpi++",
        "E6395211415E87A145BAFB4D19A8C0E64A0CBE30EDE1B32DB000",
        "id.example.com/8010/95211415PQ7%2FZ43/8011/12345",
    ),
    plus(
        "sgcn++",
        "EC3952114167890950933C94197C61DBC3665B60",
        "id.example.com/255/952114167890904711",
    ),
    plus(
        "itip+",
        "F3309521141123454010266AE27FDF35",
        "id.gs1.org/8006/095211411234540102/21/rif981",
    ),
];

fn hex_of(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |out, byte| out + &format!("{byte:02X}"))
}

fn trimmed(hex: &str) -> String {
    hex.trim_end_matches('0').to_uppercase()
}

fn check(example: &Example<'_>) {
    let Example { scheme, hex, .. } = *example;
    // The annex leaves out the zeros up to a whole word of a tag's memory.
    let bank = format!("{hex:0<width$}", width = hex.len().next_multiple_of(4));
    let tag = Tag::decode_hex(&bank).unwrap_or_else(|error| panic!("{scheme} {hex}: {error}"));
    assert_eq!(tag.name(), scheme);
    let link = (!example.link.is_empty()).then(|| format!("https://{}", example.link));
    assert_eq!(tag.to_digital_link(), link, "{scheme}");
    let written = hex_of(&tag.encode().expect("it was decoded"));
    assert_eq!(trimmed(&written), trimmed(hex), "{scheme}");
    if !example.tag.is_empty() {
        let uri = format!("urn:epc:tag:{}", example.tag);
        let classic = TagEpc::from_tag_uri(&uri).expect("a published URI");
        assert_eq!(Tag::Classic(classic.clone()), tag, "{scheme}");
        assert_eq!(classic.to_tag_uri(), uri);
        assert_eq!(classic.epc.to_uri(), format!("urn:epc:id:{}", example.identity));
    }
    for form in [Form::Hex, Form::Base64url] {
        let compressed = tag.to_compressed_link("example.com", form);
        let read = compressed.and_then(|link| parse_digital_link(&link)).ok();
        assert_eq!(read, tag.to_link(), "{scheme}");
    }
}

#[test]
fn every_published_example_decodes_and_encodes() {
    EXAMPLES.iter().for_each(check);
}

#[test]
fn the_examples_of_the_file_decode_and_encode_and_are_ours() {
    let Some(folder) =
        foreign::folder("tds", "16 examples of TDS 2.3 annex E.3, compared with ours")
    else {
        return;
    };
    let text = std::fs::read_to_string(folder.join("tds2.3-annex-e3-sample.json")).expect("a file");
    let file: Value = serde_json::from_str(&text).expect("the examples are JSON");
    let examples = file["vectors"].as_array().expect("a list of examples");
    assert_eq!(examples.len(), EXAMPLES.len());
    for example in examples {
        let text = |name: &str| example[name].as_str().unwrap_or_default();
        let ours = EXAMPLES.iter().find(|ours| ours.hex == text("hex"));
        let ours = ours.unwrap_or_else(|| panic!("{example} is not among ours"));
        let host = example["hostname"].as_str().unwrap_or("id.gs1.org");
        let path = text("digital_link_path");
        let link = if path.is_empty() { String::new() } else { format!("{host}{path}") };
        let theirs = Example {
            scheme: ours.scheme,
            hex: ours.hex,
            link: &link,
            tag: text("tag_uri").trim_start_matches("urn:epc:tag:"),
            identity: text("pure_identity").trim_start_matches("urn:epc:id:"),
        };
        check(&theirs);
        let scheme = text("scheme").to_lowercase();
        assert!(scheme == ours.scheme || scheme.contains("worked-example"), "{scheme}");
        let all = |it: &Example<'_>| [it.link, it.tag, it.identity].map(str::to_owned);
        assert_eq!(all(&theirs), all(ours), "{scheme}");
    }
}
