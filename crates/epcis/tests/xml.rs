//! EPCIS in XML becomes the JSON form: documents of our own, each rule of the mapping, and what is refused.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should fail at that line")]

#[path = "xml/round_trip.rs"]
mod round_trip;
#[path = "xml/same.rs"]
mod same;

use epcis::hash::{Dialect, event_hash};
use epcis::xml::{Converted, Limits, Version, Words, parse, write};
use epcis::{Document, Violation};
use ledger::json::{self, Json};
use proptest::prelude::*;

const ALL_20: (&str, &str) = (include_str!("xml/all-2.0.xml"), include_str!("xml/all-2.0.json"));
const ALL_12: (&str, &str) = (include_str!("xml/all-1.2.xml"), include_str!("xml/all-1.2.json"));

fn converted(text: &str) -> Converted {
    parse(text.as_bytes(), &Limits::default()).unwrap_or_else(|found| panic!("{found:?}\n{text}"))
}

fn refused(text: &str) -> Vec<Violation> {
    parse(text.as_bytes(), &Limits::default()).expect_err(text)
}

fn json(text: &str) -> Json {
    json::parse(text.as_bytes(), &json::Limits::default()).unwrap()
}

/// A document with one event, with `more` in the event.
fn document(root: &str, more: &str) -> String {
    format!(
        "<epcis:EPCISDocument xmlns:epcis='urn:epcglobal:epcis:xsd:2' schemaVersion='2.0' \
         creationDate='2026-11-20T01:00:00Z' {root}><EPCISBody><EventList><ObjectEvent>\
         <eventTime>2026-11-20T08:15:00+08:00</eventTime><eventTimeZoneOffset>+08:00</eventTimeZoneOffset>\
         <epcList><epc>urn:epc:id:sgtin:9506000.134352.77</epc></epcList><action>OBSERVE</action>\
         {more}</ObjectEvent></EventList></EPCISBody></epcis:EPCISDocument>"
    )
}

/// The event of [`document`].
fn event(root: &str, more: &str) -> Json {
    let json = converted(&document(root, more)).json;
    json.get("epcisBody").unwrap().get("eventList").unwrap().as_array().unwrap()[0].clone()
}

fn hashes(document: &Json) -> Vec<String> {
    let document = Document::parse(document.canonical().as_bytes())
        .unwrap_or_else(|violations| panic!("{violations:?}"));
    let of = |event| Dialect::ALL.map(|dialect| event_hash(event, dialect).unwrap());
    document.events().iter().flat_map(of).collect()
}

#[test]
fn documents_of_both_versions_become_their_json_form_which_is_valid_and_hashes_as_its_twin() {
    for (xml, twin) in [ALL_20, ALL_12] {
        let (found, twin) = (converted(xml).json, json(twin));
        assert_eq!(found.canonical(), twin.canonical());
        assert_eq!(hashes(&found), hashes(&twin));
    }
}

/// Computed with version 1.9.3 of the reference implementation (the Python package `epcis_event_hash_generator`).
#[test]
fn an_xml_document_of_our_own_has_the_hashes_that_the_reference_implementation_gives_it() {
    let found = converted(include_str!("xml/reference.xml")).json;
    let document = Document::parse(found.canonical().as_bytes()).unwrap();
    let hash = |event| event_hash(event, Dialect::Cbv20_2025).unwrap();
    let hashes: Vec<String> = document.events().iter().map(hash).collect();
    let wanted = [
        "c1dfc112b2c0dcc8404ee5f328638292f488427a59329560cc873f45d20d8047",
        "18f92e2b0d45fe592e52b27b24cb1567d0cd7fdfa31d7ed057fe9e0bb2cf3b0a",
        "4d454a9b37b9cb9f635ea16e4ea9df2afd1df0f5870d04dcd88f6bf21ac56fed",
    ];
    assert_eq!(hashes, wanted.map(|hex| format!("ni:///sha-256;{hex}?ver=CBV2.0")));
}

#[test]
fn what_was_converted_says_its_version_where_its_events_start_and_what_it_left_out() {
    let found = converted(ALL_12.0);
    assert_eq!(found.version, "1.2");
    assert_eq!(found.event_lines, [33, 55, 63]);
    assert_eq!(found.left_out, ["sbdh:Authority", "sbdh:HeaderVersion", "sbdh:Type"]);
    let found = converted(ALL_20.0);
    assert_eq!((&*found.version, &found.event_lines[..]), ("2.0", &[8][..]));
    assert_eq!(found.left_out, ["xsi:schemaLocation", "xsi:type"]);
}

#[test]
fn a_query_document_and_a_single_event_are_converted() {
    let inner = "<ObjectEvent><eventTime>2026-11-20T08:15:00Z</eventTime>\
         <eventTimeZoneOffset>+00:00</eventTimeZoneOffset><action>OBSERVE</action>\
         <epcList><epc>urn:epc:id:sgtin:9506000.134352.77</epc></epcList></ObjectEvent>";
    let query = format!(
        "<q:EPCISQueryDocument xmlns:q='urn:epcglobal:epcis-query:xsd:1' schemaVersion='1.2' \
         creationDate='2026-11-20T01:00:00Z'><EPCISBody><q:QueryResults><queryName>SimpleEventQuery</queryName>\
         <subscriptionID>s-1</subscriptionID><resultsBody><EventList>{inner}</EventList></resultsBody>\
         </q:QueryResults></EPCISBody></q:EPCISQueryDocument>"
    );
    let found = converted(&query).json;
    let results = found.get("epcisBody").unwrap().get("queryResults").unwrap();
    assert_eq!(results.get("subscriptionID"), Some(&Json::from("s-1")));
    assert_eq!(hashes(&found), hashes(&converted(inner).json));
    let default = query.replace("q:", "").replace("xmlns:q", "xmlns");
    assert_eq!(converted(&default).json, found, "all elements in the namespace of EPCIS");
}

#[test]
fn names_are_resolved_by_namespace_and_not_by_prefix() {
    let one = event("xmlns:m='https://mill.example/ns/'", "<m:lane no='1'>4</m:lane>");
    let other = event("", "<lane xmlns='https://mill.example/ns/' no='1'>4</lane>");
    assert_eq!(one.get("m:lane"), other.get("ns1:lane"));
    assert!(one.get("m:lane").is_some());
    // The prefixes of EPCIS and of GS1 may have any name, and their names any other meaning.
    let root = "xmlns:voc='https://ref.gs1.org/voc/' xmlns:gs1='https://mill.example/ns/'";
    let sensor = "<sensorElementList><sensorElement><sensorReport type='voc:Mass' value='1' gs1:by='x'/>\
         </sensorElement></sensorElementList>";
    let found = event(root, sensor);
    let list = found.get("sensorElementList").unwrap().as_array().unwrap();
    let report = &list[0].get("sensorReport").unwrap().as_array().unwrap()[0];
    assert_eq!(report.get("type"), Some(&Json::from("Mass")));
    assert_eq!(report.get("ns1:by"), Some(&Json::from("x")));
    // `urn` as a prefix would change what all URNs mean.
    let found = converted(&document("xmlns:urn='https://mill.example/ns/'", "<urn:a/>")).json;
    assert!(found.canonical().contains("\"ns1:a\":\"\""), "{}", found.canonical());
}

#[test]
fn two_namespaces_with_one_prefix_stay_two() {
    let more =
        "<x:a xmlns:x='https://one.example/'>1</x:a><x:a xmlns:x='https://two.example/'>2</x:a>";
    let found = event("", more);
    assert_eq!(found.get("x:a"), Some(&Json::from("1")));
    assert_eq!(found.get("ns1:a"), Some(&Json::from("2")));
}

#[test]
fn words_of_the_standard_become_bare_and_words_of_others_keep_their_namespace() {
    let root = "xmlns:cbv='https://ref.gs1.org/cbv/' xmlns:m='https://mill.example/ns/'";
    for (xml, word) in [
        ("urn:epcglobal:cbv:bizstep:shipping", "shipping"),
        ("https://ref.gs1.org/cbv/BizStep-shipping", "shipping"),
        ("cbv:BizStep-shipping", "shipping"),
        ("m:grinding", "m:grinding"),
        ("https://mill.example/ns/grinding", "https://mill.example/ns/grinding"),
        ("unknown:grinding", "unknown:grinding"),
        ("urn:epcglobal:cbv:disp:in_transit", "https://ref.gs1.org/cbv/Disp-in_transit"),
    ] {
        let found = event(root, &format!("<bizStep>{xml}</bizStep>"));
        assert_eq!(found.get("bizStep"), Some(&Json::from(word)), "{xml}");
    }
    let text = document(root, "<bizStep>m:grinding</bizStep>");
    let context = converted(&text).json.get("@context").unwrap().canonical();
    assert!(context.contains(r#""m":"https://mill.example/ns/""#), "{context}");
}

#[test]
fn a_text_is_what_xml_says_it_is() {
    for (xml, text) in [
        ("<m:a> 1\n</m:a>", "1"),
        ("<m:a><![CDATA[<b>&amp;]]></m:a>", "<b>&amp;"),
        ("<m:a>1<!-- x -->2<?y z?>3</m:a>", "123"),
        ("<m:a>&#65;&#x42;&quot;&apos;</m:a>", "AB\"'"),
        ("<m:a></m:a>", ""),
    ] {
        let found = event("xmlns:m='https://mill.example/'", xml);
        assert_eq!(found.get("m:a"), Some(&Json::from(text)), "{xml}");
    }
    let found = event("xmlns:m='https://mill.example/'", "<m:a>x<b>1</b>y<b>2</b><c/></m:a>");
    let wanted = json(r##"{"#text":"xy","b":["1","2"],"c":""}"##);
    assert_eq!(found.get("m:a"), Some(&wanted));
}

#[test]
fn a_byte_order_mark_and_a_doctype_that_only_names_the_root_are_harmless() {
    let text = document("", "");
    let plain = converted(&text).json;
    assert_eq!(converted(&format!("\u{feff}{text}")).json, plain);
    assert_eq!(converted(&format!("<?xml version='1.0'?>\n<!DOCTYPE project>{text}")).json, plain);
}

#[test]
fn a_dtd_is_refused_whatever_it_says() {
    for dtd in [
        "<!DOCTYPE a [<!ENTITY x 'y'>]>",
        "<!DOCTYPE a SYSTEM 'file:///etc/passwd'>",
        "<!DOCTYPE a [<!ENTITY % x SYSTEM 'http://mill.example/x'> %x;]>",
        "<!DOCTYPE a [<!ENTITY a '&b;&b;&b;&b;'><!ENTITY b '&c;&c;&c;&c;'>]>",
    ] {
        let found = refused(&format!("{dtd}{}", document("", "<bizStep>&x;</bizStep>")));
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].problem, "line 1: has a DTD", "{dtd}");
        assert!(found[0].expected.contains("no entities"), "{dtd}");
    }
    let found = refused(&document("", "<bizStep>&x;</bizStep>"));
    assert!(found[0].problem.contains('x'), "{found:?}");
}

#[test]
fn what_json_has_no_place_for_is_refused_with_its_place() {
    for (more, pointer, problem) in [
        ("some text", "", "line 1: has text beside its elements"),
        ("<bizStep>a<b/></bizStep>", "/bizStep", "line 1: has an element"),
        (
            "<bizStep lang='en'>a</bizStep>",
            "/bizStep",
            "line 1: has an attribute without place in JSON",
        ),
        ("<action>ADD</action>", "/action[2]", "line 1: comes a second time"),
        ("<childEPCs>x</childEPCs>", "/childEPCs", "line 1: has text beside its elements"),
        ("<childEPCs><id>x</id></childEPCs>", "/childEPCs/id", "line 1: has no place in this list"),
        ("<a xmlns='relative'/>", "/a", "line 1: is no namespace that JSON can name"),
    ] {
        let found = refused(&document("", more));
        let base = "/EPCISDocument/EPCISBody/EventList/ObjectEvent";
        assert_eq!(found[0].pointer, format!("{base}{pointer}"), "{more}");
        assert_eq!(found[0].problem, problem, "{more}");
    }
}

#[test]
fn what_is_no_document_of_events_is_refused() {
    for (text, problem) in [
        ("<a/>", "line 1: is no document of events"),
        ("\n<x:ObjectEvent xmlns:x='https://mill.example/'/>", "line 2: is no document of events"),
        ("<EPCISDocument/>", "line 1: not a supported schemaVersion"),
        ("<EPCISDocument schemaVersion='3.0'/>", "line 1: not a supported schemaVersion"),
        (
            "<EPCISDocument schemaVersion='2.0'><EPCISBody><Poll/></EPCISBody></EPCISDocument>",
            "line 1: is no list of events",
        ),
        ("<?xml version='1.0' encoding='ISO-8859-1'?><a/>", "not a supported encoding"),
        ("", "does not have a root node"),
    ] {
        let found = refused(text);
        assert!(found[0].problem.contains(problem), "{text}: {found:?}");
        assert!(!found[0].expected.is_empty());
    }
    for bytes in [&b"\xff\xfe<\0a\0/\0>\0"[..], b"<a>\xe9</a>"] {
        let found = parse(bytes, &Limits::default()).unwrap_err();
        assert!(found[0].problem.contains("not UTF-8"), "{found:?}");
    }
    for cut in 1..ALL_12.0.len() {
        if let Some(text) = ALL_12.0.trim_end().get(..cut)
            && cut < ALL_12.0.trim_end().len()
        {
            refused(text);
        }
    }
}

#[test]
fn size_depth_and_number_of_nodes_are_bounded() {
    let text = document("", "");
    for (limits, problem) in [
        (Limits { max_bytes: text.len() - 1, ..Limits::default() }, "bytes are too many"),
        (Limits { max_depth: 4, ..Limits::default() }, "nested too deep"),
        (Limits { max_nodes: 4, ..Limits::default() }, "nodes limit"),
    ] {
        let found = parse(text.as_bytes(), &limits).unwrap_err();
        assert!(found[0].problem.contains(problem), "{found:?}");
    }
    let deep = "<a>".repeat(200_000);
    assert!(refused(&deep)[0].problem.contains("nested too deep"));
    let wrong = document("", &"<action>ADD</action>".repeat(500));
    assert_eq!(refused(&wrong).len(), 100);
}

#[test]
fn the_deepest_xml_gives_json_within_the_limit_of_json() {
    let depth = Limits::default().max_depth - 4;
    let inner = (0..depth).fold(String::new(), |inner, _| format!("<a>{inner}</a><a/>"));
    let text = document("", &format!("<m:a xmlns:m='https://mill.example/'>{inner}</m:a>"));
    let limits = Limits { max_depth: depth + 6, ..Limits::default() };
    assert!(parse(text.as_bytes(), &Limits::default()).is_err());
    assert!(parse(text.as_bytes(), &limits).is_ok());
    let inner = (0..depth - 1).fold(String::new(), |inner, _| format!("<a>{inner}</a><a/>"));
    let text = document("", &format!("<m:a xmlns:m='https://mill.example/'>{inner}</m:a>"));
    hashes(&converted(&text).json);
}

#[test]
fn an_event_type_of_ones_own_keeps_its_namespace_and_unknown_elements_are_left_to_the_validation() {
    let text = document("xmlns:m='https://mill.example/ns/'", "<made>up</made>");
    let found = converted(&text.replace("ObjectEvent", "m:GrindingEvent")).json;
    let list = found.get("epcisBody").unwrap().get("eventList").unwrap().as_array().unwrap();
    assert_eq!(list[0].get("type"), Some(&Json::from("m:GrindingEvent")));
    let violations = Document::parse(converted(&text).json.canonical().as_bytes()).unwrap_err();
    assert_eq!(violations[0].pointer, "/epcisBody/eventList/0/made");
}

/// The rows of the table "Golden files" of the page: XML and JSON, by their names.
fn golden_files() -> Vec<(String, String)> {
    let page = include_str!("../../../docs/formats/xml-mapping-v1.md");
    let table = page.split("## Golden files").nth(1).unwrap();
    let rows = table.lines().filter(|line| line.starts_with("| `"));
    rows.map(|row| {
        let names: Vec<&str> = row.split('`').collect();
        (names[1].to_owned(), names[3].to_owned())
    })
    .collect()
}

#[test]
fn the_golden_files_that_the_page_names_are_read_to_their_json_and_come_back() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/xml/");
    let files = golden_files();
    assert_eq!(files.len(), 4, "{files:?}");
    for (xml_name, json_name) in files {
        let xml = std::fs::read_to_string(format!("{folder}{xml_name}")).unwrap();
        let found = converted(&xml).json;
        let twin = json(&std::fs::read_to_string(format!("{folder}{json_name}")).unwrap());
        assert_eq!(found.canonical(), twin.canonical(), "{xml_name}");
        let written = write(&twin, Version::V2_0, Words::Kept).unwrap();
        assert_eq!(written.left_out, Vec::<String>::new(), "{json_name}");
        assert_eq!(converted(&written.text).json.canonical(), twin.canonical(), "{json_name}");
        if xml_name.starts_with("carried") {
            assert_eq!(written.text, xml);
        }
    }
}

#[test]
fn the_statements_of_gs1_us_come_back_in_version_1_2() {
    let first = converted(include_str!("xml/dscsa-1.2.xml"));
    assert_eq!(first.version, "1.2");
    let written = write(&first.json, Version::V1_2, Words::Kept).unwrap();
    assert_eq!(written.left_out, Vec::<String>::new());
    for part in
        ["<gs1ushc:dscsaTransactionStatement>", "<gs1ushc:dscsaSaleToWholesaler", "xmlns:gs1ushc="]
    {
        assert!(written.text.contains(part), "{part}: {}", written.text);
    }
    let again = converted(&written.text);
    assert_eq!(again.version, "1.2");
    assert_eq!(again.json.canonical(), first.json.canonical());
    assert_eq!(hashes(&again.json), hashes(&first.json));
}

proptest! {
    #[test]
    fn any_change_of_a_document_gives_json_or_violations(
        is_old in any::<bool>(),
        changes in proptest::collection::vec((any::<prop::sample::Index>(), 0..4_u8, 0..24_usize), 1..6),
    ) {
        const PIECES: [&[u8]; 24] = [
            b"<", b">", b"/>", b"</", b"\"", b"'", b"=", b"&", b";", b"&#0;", b"&amp;", b"<!--", b"-->", b"<![CDATA[",
            b"]]>", b"<?", b"<!DOCTYPE a [", b"xmlns:mill='x:y'", b" type='urn:'", b"\0", b"\xff", b"<extension>",
            b"mill:", b"0",
        ];
        let mut bytes = if is_old { ALL_12.0 } else { ALL_20.0 }.as_bytes().to_vec();
        for (place, kind, piece) in changes {
            let at = place.index(bytes.len());
            let end = (at + 1 + piece).min(bytes.len());
            match kind {
                0 => drop(bytes.drain(at..end)),
                1 => drop(bytes.splice(at..at, PIECES[piece].iter().copied())),
                2 => bytes[at] ^= 1 << (piece % 8),
                _ => {
                    let copy = bytes[at..end].to_vec();
                    bytes.extend(copy);
                }
            }
            if bytes.is_empty() {
                bytes.push(b'<');
            }
        }
        match parse(&bytes, &Limits::default()) {
            Ok(found) => {
                let text = found.json.canonical();
                let again = json::parse(text.as_bytes(), &json::Limits::default());
                prop_assert!(again.is_ok(), "{again:?}");
            }
            Err(violations) => {
                prop_assert!((1..=100).contains(&violations.len()));
                for violation in violations {
                    prop_assert!(!violation.problem.is_empty() && !violation.expected.is_empty());
                }
            }
        }
    }
}
