//! Files of master data: CSV, JSON rows, and EPCIS documents in JSON or XML, to elements.
//!
//! What holds: a file is taken whole or not at all; each problem names row, column, value and what was expected, at most 100.

use std::collections::BTreeMap;

use epcis::master_data::{Element, Kind, LONGEST_NAME, LONGEST_VALUE, Value, is_in};
use epcis::xml;
use history::master::{DESCRIPTION, NAME, of_document};
use ledger::json::{Json, Limits, parse};

use super::csv;

/// Most problems that are listed.
const MOST_PROBLEMS: usize = 100;
/// What the names of attributes of the CBV begin with.
const CBV: &str = "urn:epcglobal:cbv:mda:";
/// Headings that may be in Chinese.
const CHINESE: [(&str, &str); 10] = [
    ("标识", "id"),
    ("名称", "name"),
    ("中文名称", "name@zh"),
    ("英文名称", "name@en"),
    ("类别", "kind"),
    ("上级", "within"),
    ("城市", "city"),
    ("地址", "streetAddressOne"),
    ("国家", "countryCode"),
    ("净含量", "netContentDescription"),
];

/// Columns by heading, with a row's number.
type Cells = (String, BTreeMap<String, String>);

/// The elements of a file.
///
/// # Errors
///
/// Its problems, at least one.
pub fn elements(bytes: &[u8]) -> Result<Vec<Element>, Vec<String>> {
    if xml::is_xml(bytes) {
        return of_epcis(bytes);
    }
    let text = std::str::from_utf8(bytes).map_err(|error| {
        vec![format!("byte {} is no UTF-8, expected a file in UTF-8", error.valid_up_to() + 1)]
    })?;
    let text = text.trim_start_matches('\u{feff}').trim_start();
    if !text.starts_with(['{', '[']) {
        return of_cells(&of_csv(text)?);
    }
    let json = parse(text.as_bytes(), &Limits::default()).map_err(|e| vec![e.to_string()])?;
    if is_in(&json) {
        return of_epcis(text.as_bytes());
    }
    of_cells(&of_json(&json)?)
}

/// The elements of an EPCIS document.
fn of_epcis(bytes: &[u8]) -> Result<Vec<Element>, Vec<String>> {
    let found = of_document(bytes).map_err(|why| vec![why])?;
    let problems: Vec<String> = found
        .left_out
        .iter()
        .map(|one| {
            format!(
                "{}: got `{}`, {}, expected {}",
                one.pointer, one.value, one.problem, one.expected
            )
        })
        .collect();
    match (problems.is_empty(), found.elements.is_empty()) {
        (false, _) => Err(problems),
        (true, true) => Err(vec![
            "got a document without master data, expected `vocabularyList` in its header or body"
                .to_owned(),
        ]),
        (true, false) => Ok(found.elements),
    }
}

fn of_csv(text: &str) -> Result<Vec<Cells>, Vec<String>> {
    let rows = csv::rows(text).map_err(|line| {
        vec![format!("line {line}: a quoted field begins here and is not closed")]
    })?;
    let mut rows = rows.into_iter();
    let (_, heading) = rows.next().ok_or_else(|| vec!["the file is empty".to_owned()])?;
    let heading: Vec<String> = heading.iter().map(|name| english(name.trim())).collect();
    let mut problems = Vec::new();
    for (place, name) in heading.iter().enumerate() {
        if name.is_empty() || heading[..place].contains(name) {
            problems.push(format!(
                "heading {}: got `{name}`, expected a name that no other column has",
                place + 1
            ));
        }
    }
    let mut all = Vec::new();
    for (line, row) in rows {
        if row.len() > heading.len() {
            problems.push(format!(
                "line {line}: got {} fields, expected {} as in the heading",
                row.len(),
                heading.len()
            ));
        }
        all.push((format!("line {line}"), heading.iter().cloned().zip(row).collect()));
    }
    if problems.is_empty() { Ok(all) } else { Err(problems) }
}

/// A heading that may be in Chinese.
fn english(name: &str) -> String {
    CHINESE.iter().find(|(zh, _)| *zh == name).map_or(name, |(_, en)| en).to_owned()
}

fn of_json(json: &Json) -> Result<Vec<Cells>, Vec<String>> {
    let expected =
        "a list of objects with `id` and attributes, or an EPCIS document with master data";
    let rows = json.as_array().ok_or_else(|| vec![format!("expected {expected}")])?;
    let mut problems = Vec::new();
    let mut all = Vec::new();
    for (place, row) in rows.iter().enumerate() {
        let name = format!("row {}", place + 1);
        let Some(members) = row.as_object() else {
            problems.push(format!("{name}: got `{}`, expected an object", short(&row.canonical())));
            continue;
        };
        let mut cells = BTreeMap::new();
        for (heading, value) in members {
            match value {
                Json::String(text) => cells.insert(english(heading), text.clone()),
                Json::Number(digits) => cells.insert(english(heading), digits.clone()),
                Json::Null => None,
                other => {
                    let got = short(&other.canonical());
                    problems.push(format!("{name}, `{heading}`: got `{got}`, expected a text"));
                    None
                }
            };
        }
        all.push((name, cells));
    }
    if problems.is_empty() { Ok(all) } else { Err(problems) }
}

fn short(text: &str) -> String {
    text.chars().take(60).collect()
}

fn of_cells(rows: &[Cells]) -> Result<Vec<Element>, Vec<String>> {
    let mut problems = Vec::new();
    let mut elements = Vec::new();
    for (row, cells) in rows {
        elements.extend(of_row(row, cells, &mut problems));
    }
    if rows.is_empty() {
        problems.push("got no rows, expected one at least".to_owned());
    }
    problems.truncate(MOST_PROBLEMS);
    if problems.is_empty() { Ok(elements) } else { Err(problems) }
}

fn is_uri(text: &str) -> bool {
    text.contains(':')
        && text.len() <= LONGEST_NAME
        && !text.chars().any(|c| c.is_whitespace() || c.is_control())
}

/// The place in which another lies.
fn around(place: &str, inner: &str) -> Element {
    Element {
        vocabulary: Kind::Place.vocabulary().to_owned(),
        id: place.to_owned(),
        children: vec![inner.to_owned()],
        ..Element::default()
    }
}

/// The element of a row, and the place that it lies in.
fn of_row(row: &str, cells: &BTreeMap<String, String>, problems: &mut Vec<String>) -> Vec<Element> {
    let mut wrong = |column: &str, got: &str, expected: &str| {
        problems.push(format!("{row}, `{column}`: got `{}`, expected {expected}", short(got)));
    };
    let cell = |name: &str| cells.get(name).map_or("", |text| text.trim());
    let id = cell("id");
    if !is_uri(id) {
        wrong("id", id, "an EPC URN, a GS1 Digital Link or another URI");
    }
    let stated = Kind::from_word(cell("kind"));
    let kind = Kind::of(id, stated.map_or("", Kind::vocabulary));
    if !cell("kind").is_empty() && stated.is_none() {
        wrong("kind", cell("kind"), "party, place, product, lot or other");
    } else if stated.is_some_and(|stated| stated != kind) {
        wrong("kind", cell("kind"), &format!("{}, which the id says", kind.word()));
    }
    let mut element = Element {
        vocabulary: kind.vocabulary().to_owned(),
        id: id.to_owned(),
        ..Element::default()
    };
    for (heading, text) in cells {
        let text = text.trim();
        if text.is_empty() || ["id", "kind", "within"].contains(&&**heading) {
            continue;
        }
        let (name, language) = heading.rsplit_once('@').unwrap_or((heading, ""));
        if !language.chars().all(|c| c.is_ascii_alphanumeric() || c == '-') || name.is_empty() {
            wrong(heading, text, "a heading such as name, name@zh, city or a whole name");
        } else if text.len() > LONGEST_VALUE || text.contains('\0') {
            wrong(heading, text, "at most 4096 bytes without a zero character");
        } else {
            element.values.push(Value {
                name: attribute(name, kind),
                text: text.to_owned(),
                language: language.to_ascii_lowercase(),
            });
        }
    }
    let within = cell("within");
    let mut all = Vec::new();
    if !within.is_empty() {
        if kind != Kind::Place || Kind::of(within, Kind::Place.vocabulary()) != Kind::Place {
            wrong("within", within, "a place, in the row of a place");
        } else if !is_uri(within) || epc::thing_key(within) == epc::thing_key(id) {
            wrong("within", within, "the URI of another place");
        }
        all.push(around(within, id));
    } else if element.values.is_empty() {
        wrong("name", "", "a name, another attribute, or the place that it lies in");
    }
    all.push(element);
    all
}

/// The whole name of an attribute that a heading names.
pub fn attribute(heading: &str, kind: Kind) -> String {
    let heading = english(heading);
    match heading.strip_prefix("cbvmda:") {
        Some(local) => format!("{CBV}{local}"),
        None if heading == "name" && matches!(kind, Kind::Product | Kind::Lot) => {
            DESCRIPTION.to_owned()
        }
        None if heading == "name" => NAME.to_owned(),
        None if heading.contains(':') => heading,
        None => format!("{CBV}{heading}"),
    }
}

/// Whether an attribute names its element.
pub fn is_name(attribute: &str) -> bool {
    [NAME, DESCRIPTION].contains(&attribute)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Vec<Element>, Vec<String>> {
        elements(text.as_bytes())
    }

    #[test]
    fn csv_with_english_or_chinese_headings_and_json_rows_say_the_same() {
        let english = "id,name,name@zh,city,within\n\
            urn:epc:id:sgln:9521141.00001.0,Dock,月台,Hangzhou,urn:epc:id:sgln:9521141.00000.0\n";
        let chinese = "标识,名称,中文名称,城市,上级\n\
            urn:epc:id:sgln:9521141.00001.0,Dock,月台,Hangzhou,urn:epc:id:sgln:9521141.00000.0\n";
        let json = r#"[{"id":"urn:epc:id:sgln:9521141.00001.0","name":"Dock","name@zh":"月台","city":"Hangzhou",
            "within":"urn:epc:id:sgln:9521141.00000.0"}]"#;
        let found = read(english).unwrap();
        assert_eq!(read(chinese).unwrap(), found);
        assert_eq!(read(json).unwrap(), found);
        assert_eq!(found[0].children, ["urn:epc:id:sgln:9521141.00001.0"]);
        let values: Vec<(&str, &str, &str)> =
            found[1].values.iter().map(|one| (&*one.name, &*one.text, &*one.language)).collect();
        let city = "urn:epcglobal:cbv:mda:city";
        assert_eq!(values, [(city, "Hangzhou", ""), (NAME, "Dock", ""), (NAME, "月台", "zh")]);
        let product = read("id,name\nhttps://id.gs1.org/01/09521141123454,Tea\n").unwrap();
        assert_eq!(product[0].values[0].name, DESCRIPTION);
    }

    #[test]
    fn every_wrong_row_is_named_with_column_value_and_what_was_expected() {
        let text = "id,kind,name,within\n\
            door 3,,Door,\n\
            urn:x:1,house,One,\n\
            urn:epc:id:pgln:9521141.00000,place,Maker,\n\
            urn:epc:id:sgln:9521141.00001.0,,,\n\
            https://id.gs1.org/01/09521141123454,,Tea,urn:epc:id:sgln:9521141.00000.0\n";
        assert_eq!(
            read(text).unwrap_err(),
            [
                "line 2, `id`: got `door 3`, expected an EPC URN, a GS1 Digital Link or another URI",
                "line 3, `kind`: got `house`, expected party, place, product, lot or other",
                "line 4, `kind`: got `place`, expected party, which the id says",
                "line 5, `name`: got ``, expected a name, another attribute, or the place that it lies in",
                "line 6, `within`: got `urn:epc:id:sgln:9521141.00000.0`, expected a place, in the row of a place",
            ]
        );
        for (text, says) in [
            ("", "the file is empty"),
            ("id,name\n", "got no rows, expected one at least"),
            ("id,id\na,b\n", "heading 2: got `id`, expected a name that no other column has"),
            ("id\na,b\n", "line 2: got 2 fields, expected 1 as in the heading"),
            (
                "{}",
                "expected a list of objects with `id` and attributes, or an EPCIS document with master data",
            ),
            ("[1]", "row 1: got `1`, expected an object"),
            ("<a/>", "/a: line 1: is no document of events"),
        ] {
            assert_eq!(read(text).unwrap_err(), [says], "{text}");
        }
    }

    #[test]
    fn epcis_master_data_in_xml_is_read_with_attributes_and_children() {
        let text = r#"<?xml version="1.0"?><m:EPCISMasterDataDocument xmlns:m="urn:epcglobal:epcis-masterdata:xsd:2" schemaVersion="2.0"
            creationDate="2026-11-20T00:00:00Z"><EPCISBody><VocabularyList><Vocabulary type="urn:epcglobal:epcis:vtype:BusinessLocation">
            <VocabularyElementList><VocabularyElement id="urn:epc:id:sgln:9521141.00000.0">
            <attribute id="urn:epcglobal:cbv:mda:city">Hangzhou</attribute>
            <children><id>urn:epc:id:sgln:9521141.00001.0</id></children></VocabularyElement></VocabularyElementList></Vocabulary>
            </VocabularyList></EPCISBody></m:EPCISMasterDataDocument>"#;
        let found = read(text).unwrap();
        assert_eq!(found[0].values[0].text, "Hangzhou");
        assert_eq!(found[0].children, ["urn:epc:id:sgln:9521141.00001.0"]);
    }
}
