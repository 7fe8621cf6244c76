//! The parameters with variable names: families that share their events, each name a row of its own.

use std::collections::BTreeSet;

use ledger::json::{Json, Limits, parse};

use super::table::{self, check};

/// Where a field stands in an event: text before and after the field.
type Place = (&'static str, &'static str);

const EVENT: Place = ("", "");
const ILMD: Place = (r#""action":"ADD","ilmd":{"#, "}");
const ERROR: Place = (r#""errorDeclaration":{"declarationTime":"2026-05-06T00:00:00Z","#, "}");
const READ_POINT: Place = (r#""readPoint":{"id":"urn:epc:id:sgln:4012345.11111.1","#, "}");
const LOCATION: Place = (r#""bizLocation":{"id":"urn:epc:id:sgln:4012345.11111.1","#, "}");
const ELEMENT: Place = (r#""sensorElementList":[{"sensorReport":[{}]},{"#, "}]");
const METADATA: Place = (r#""sensorElementList":[{"sensorMetadata":{"#, "}}]");
const REPORT: Place = (r#""sensorElementList":[{"sensorReport":[{},{"#, "}]}]");

/// Extension fields on the first level of each place.
const OUTER: &[(Place, &[&str])] = &[
    (EVENT, &["EQ_ex:f", "GT_ex:f", "GE_ex:f", "LT_ex:f", "LE_ex:f", "EXISTS_ex:f"]),
    (
        ILMD,
        &[
            "EQ_ILMD_ex:f",
            "GT_ILMD_ex:f",
            "GE_ILMD_ex:f",
            "LT_ILMD_ex:f",
            "LE_ILMD_ex:f",
            "EXISTS_ILMD_ex:f",
        ],
    ),
    (
        ERROR,
        &[
            "EQ_ERROR_DECLARATION_ex:f",
            "GT_ERROR_DECLARATION_ex:f",
            "GE_ERROR_DECLARATION_ex:f",
            "LT_ERROR_DECLARATION_ex:f",
            "LE_ERROR_DECLARATION_ex:f",
            "EXISTS_ERROR_DECLARATION_ex:f",
        ],
    ),
    (READ_POINT, &["EQ_readPoint_ex:f", "GT_readPoint_ex:f", "EXISTS_readPoint_ex:f"]),
    (LOCATION, &["EQ_bizLocation_ex:f", "LE_bizLocation_ex:f", "EXISTS_bizLocation_ex:f"]),
    (
        ELEMENT,
        &[
            "EQ_SENSORELEMENT_ex:f",
            "GT_SENSORELEMENT_ex:f",
            "GE_SENSORELEMENT_ex:f",
            "LT_SENSORELEMENT_ex:f",
            "LE_SENSORELEMENT_ex:f",
            "EXISTS_SENSORELEMENT_ex:f",
        ],
    ),
    (
        METADATA,
        &[
            "EQ_SENSORMETADATA_ex:f",
            "GT_SENSORMETADATA_ex:f",
            "GE_SENSORMETADATA_ex:f",
            "LT_SENSORMETADATA_ex:f",
            "LE_SENSORMETADATA_ex:f",
            "EXISTS_SENSORMETADATA_ex:f",
        ],
    ),
    (
        REPORT,
        &[
            "EQ_SENSORREPORT_ex:f",
            "GT_SENSORREPORT_ex:f",
            "GE_SENSORREPORT_ex:f",
            "LT_SENSORREPORT_ex:f",
            "LE_SENSORREPORT_ex:f",
            "EXISTS_SENSORREPORT_ex:f",
        ],
    ),
];

/// Extension fields below the first level.
const INNER: &[(Place, &[&str])] = &[
    (
        EVENT,
        &[
            "EQ_INNER_ex:f",
            "GT_INNER_ex:f",
            "GE_INNER_ex:f",
            "LT_INNER_ex:f",
            "LE_INNER_ex:f",
            "EXISTS_INNER_ex:f",
        ],
    ),
    (
        ILMD,
        &[
            "EQ_INNER_ILMD_ex:f",
            "GT_INNER_ILMD_ex:f",
            "GE_INNER_ILMD_ex:f",
            "LT_INNER_ILMD_ex:f",
            "LE_INNER_ILMD_ex:f",
            "EXISTS_INNER_ILMD_ex:f",
        ],
    ),
    (
        ERROR,
        &[
            "EQ_INNER_ERROR_DECLARATION_ex:f",
            "GT_INNER_ERROR_DECLARATION_ex:f",
            "GE_INNER_ERROR_DECLARATION_ex:f",
            "LT_INNER_ERROR_DECLARATION_ex:f",
            "LE_INNER_ERROR_DECLARATION_ex:f",
            "EXISTS_INNER_ERROR_DECLARATION_ex:f",
        ],
    ),
    (READ_POINT, &["EQ_INNER_readPoint_ex:f"]),
    (LOCATION, &["EQ_INNER_bizLocation_ex:f"]),
    (
        ELEMENT,
        &[
            "EQ_INNER_SENSORELEMENT_ex:f",
            "GT_INNER_SENSORELEMENT_ex:f",
            "GE_INNER_SENSORELEMENT_ex:f",
            "LT_INNER_SENSORELEMENT_ex:f",
            "LE_INNER_SENSORELEMENT_ex:f",
            "EXISTS_INNER_SENSORELEMENT_ex:f",
        ],
    ),
    (
        METADATA,
        &[
            "EQ_INNER_SENSORMETADATA_ex:f",
            "GT_INNER_SENSORMETADATA_ex:f",
            "GE_INNER_SENSORMETADATA_ex:f",
            "LT_INNER_SENSORMETADATA_ex:f",
            "LE_INNER_SENSORMETADATA_ex:f",
        ],
    ),
    (
        REPORT,
        &[
            "EQ_INNER_SENSORREPORT_ex:f",
            "GT_INNER_SENSORREPORT_ex:f",
            "GE_INNER_SENSORREPORT_ex:f",
            "LT_INNER_SENSORREPORT_ex:f",
            "LE_INNER_SENSORREPORT_ex:f",
        ],
    ),
];

/// Numbers with a unit: text before and after the number and its unit.
const NUMBERS: &[(&str, &[&str])] = &[
    ("value", &["EQ_value_CEL", "GT_value_CEL", "GE_value_CEL", "LT_value_CEL", "LE_value_CEL"]),
    (
        "minValue",
        &[
            "EQ_minValue_CEL",
            "GT_minValue_CEL",
            "GE_minValue_CEL",
            "LT_minValue_CEL",
            "LE_minValue_CEL",
        ],
    ),
    (
        "maxValue",
        &[
            "EQ_maxValue_CEL",
            "GT_maxValue_CEL",
            "GE_maxValue_CEL",
            "LT_maxValue_CEL",
            "LE_maxValue_CEL",
        ],
    ),
    (
        "meanValue",
        &[
            "EQ_meanValue_CEL",
            "GT_meanValue_CEL",
            "GE_meanValue_CEL",
            "LT_meanValue_CEL",
            "LE_meanValue_CEL",
        ],
    ),
    ("sDev", &["EQ_sDev_CEL", "GT_sDev_CEL", "GE_sDev_CEL", "LT_sDev_CEL", "LE_sDev_CEL"]),
    (
        "percValue",
        &[
            "EQ_percValue_CEL",
            "GT_percValue_CEL",
            "GE_percValue_CEL",
            "LT_percValue_CEL",
            "LE_percValue_CEL",
        ],
    ),
    (
        "quantity",
        &[
            "EQ_quantity_CEL",
            "GT_quantity_CEL",
            "GE_quantity_CEL",
            "LT_quantity_CEL",
            "LE_quantity_CEL",
        ],
    ),
];

/// Rows that stand alone.
const SINGLE: &[(&str, &str, &str, &str)] = &[
    (
        "EQ_bizTransaction_po",
        r#"["urn:epc:id:gdti:4012345.11111.1"]"#,
        r#""bizTransactionList":[{"type":"po","bizTransaction":"https://id.gs1.org/253/40123451111181"}]"#,
        r#""bizTransactionList":[{"type":"inv","bizTransaction":"urn:epc:id:gdti:4012345.11111.1"},{"bizTransaction":"urn:epc:id:gdti:4012345.11111.1"}]"#,
    ),
    (
        "EQ_source_owning_party",
        r#"["urn:epc:id:pgln:4012345.11111"]"#,
        r#""sourceList":[{"type":"owning_party","source":"urn:epc:id:pgln:4012345.11111"}]"#,
        r#""destinationList":[{"type":"owning_party","destination":"urn:epc:id:pgln:4012345.11111"}]"#,
    ),
    (
        "EQ_destination_possessing_party",
        r#"["urn:epc:id:pgln:4012345.11111"]"#,
        r#""destinationList":[{"type":"cbv:SDT-possessing_party","destination":"https://id.gs1.org/417/4012345111118"}]"#,
        r#""destinationList":[{"type":"location","destination":"urn:epc:id:pgln:4012345.11111"}]"#,
    ),
    (
        "HASATTR_bizLocation",
        r#"["cbvmda:countryCode"]"#,
        r#""bizLocation":{"id":"urn:epc:id:sgln:4012345.11111.0"}"#,
        r#""bizLocation":{"id":"urn:epc:id:sgln:4012345.11111.1"}"#,
    ),
    (
        "HASATTR_ex:place",
        r#"["colour","taste"]"#,
        r#""ex:place":"ex:hall""#,
        r#""ex:place":"ex:yard""#,
    ),
    (
        "EQ_ATTR_epcClass_colour",
        r#"["green","red"]"#,
        r#""quantityList":[{"epcClass":"urn:epc:idpat:sgtin:4012345.012345.*"}]"#,
        r#""quantityList":[{"epcClass":"urn:epc:idpat:sgtin:4012345.012346.*"}]"#,
    ),
    (
        "EQATTR_bizLocation_cbvmda:countryCode",
        r#"["CN"]"#,
        r#""bizLocation":{"id":"https://id.gs1.org/414/4012345111118"}"#,
        r#""readPoint":{"id":"https://id.gs1.org/414/4012345111118"}"#,
    ),
    (
        "EQ_ATTR_ex:place_colour",
        r#"["blue"]"#,
        r#""ex:place":["ex:yard","ex:hall"]"#,
        r#""ex:place":"hall""#,
    ),
];

/// What a parameter with this operator is given, and values that it selects and excludes; none for one that only asks whether
/// there is a field.
fn values(name: &str) -> (&'static str, Option<(&'static str, &'static str)>) {
    match name.split('_').next() {
        Some("EQ") => ("[5,7]", Some(("7.0", "6"))),
        Some("GT") => ("5", Some(("5.1", "5"))),
        Some("GE") => ("5", Some(("5.0", "4.9"))),
        Some("LT") => ("5", Some(("4.9", "5"))),
        Some("LE") => ("5", Some(("5", "5.1"))),
        _ => ("null", None),
    }
}

fn placed((before, after): Place, is_inner: bool, field: &str) -> String {
    if is_inner {
        format!(r#"{before}"ex:outer":[{{"ex:deep":{{{field}}}}}]{after}"#)
    } else {
        format!("{before}{field}{after}")
    }
}

#[test]
fn each_parameter_of_extension_fields_selects_one_event_and_excludes_another() {
    for (families, is_inner) in [(OUTER, false), (INNER, true)] {
        for (place, names) in families {
            for name in *names {
                let (value, found) = values(name);
                let of = |value: &str| placed(*place, is_inner, &format!(r#""ex:f":{value}"#));
                let other = placed(*place, is_inner, r#""ex:g":7"#);
                match found {
                    Some((selected, excluded)) => {
                        check((name, value, &of(selected), &of(excluded)));
                        check((name, value, &of(&format!("[1000,{selected},-1000]")), &other));
                    }
                    None => check((name, value, &of(r#"{"ex:x":1}"#), &other)),
                }
                // The same field at another depth is another field.
                let elsewhere = placed(*place, !is_inner, r#""ex:f":7"#);
                check((name, value, &of(found.map_or("true", |found| found.0)), &elsewhere));
            }
        }
    }
}

#[test]
fn each_number_with_a_unit_selects_one_event_and_excludes_another_value_and_another_unit() {
    for (member, names) in NUMBERS {
        let of = |value: &str, unit: &str| match *member {
            "quantity" => format!(
                r#""quantityList":[{{"epcClass":"urn:x:a","quantity":{value},"uom":"{unit}"}}]"#
            ),
            member => placed(REPORT, false, &format!(r#""{member}":{value},"uom":"{unit}""#)),
        };
        for name in *names {
            let (value, found) = values(name);
            let (selected, excluded) = found.unwrap();
            check((name, value, &of(selected, "CEL"), &of(excluded, "CEL")));
            check((name, value, &of(selected, "CEL"), &of(selected, "FAH")));
        }
    }
}

#[test]
fn types_and_attributes_in_names_select_one_event_and_exclude_another() {
    for row in SINGLE {
        check(*row);
    }
}

/// All rows of this file and of `table.rs`: name, value, members of an event that is selected and of one that is not.
pub(super) fn all_rows() -> Vec<(String, String, String, String)> {
    let plain = SINGLE.iter().chain(table::ROWS);
    let own = |row: &(&str, &str, &str, &str)| {
        (row.0.to_owned(), row.1.to_owned(), row.2.to_owned(), row.3.to_owned())
    };
    let mut rows: Vec<_> = plain.map(own).collect();
    for (families, is_inner) in [(OUTER, false), (INNER, true)] {
        for (place, names) in families {
            for name in *names {
                let (value, found) = values(name);
                let (selected, excluded) = found.unwrap_or(("true", "null"));
                let of = |value: &str| placed(*place, is_inner, &format!(r#""ex:f":{value}"#));
                rows.push(((*name).to_owned(), value.to_owned(), of(selected), of(excluded)));
            }
        }
    }
    for (member, names) in NUMBERS.iter().filter(|(member, _)| *member != "quantity") {
        for name in *names {
            let (value, found) = values(name);
            let (selected, excluded) = found.unwrap();
            let of =
                |value: &str| placed(REPORT, false, &format!(r#""{member}":{value},"uom":"CEL""#));
            rows.push(((*name).to_owned(), value.to_owned(), of(selected), of(excluded)));
        }
    }
    rows
}

/// Every name that a row of this file or of `table.rs` has.
fn names() -> BTreeSet<&'static str> {
    let families = OUTER.iter().chain(INNER).flat_map(|(_, names)| names.iter().copied());
    let numbers = NUMBERS.iter().flat_map(|(_, names)| names.iter().copied());
    let single = SINGLE.iter().chain(table::ROWS).map(|row| row.0);
    families.chain(numbers).chain(single).chain(table::OTHERS.iter().copied()).collect()
}

#[test]
fn the_table_has_every_parameter_of_the_published_schema_and_of_the_published_rest_description() {
    let Some(folder) =
        foreign::folder("gs1-EPCIS", "the names of the published query schema against our table")
    else {
        return;
    };
    let read = |name: &str| {
        let bytes = std::fs::read(folder.join("REST Bindings").join(name)).unwrap();
        parse(&bytes, &Limits::default()).unwrap()
    };
    let names = names();
    let schema = read("query-schema.json");
    let definition = schema.get("definitions").and_then(|all| all.get("EPCIS-Query")).unwrap();
    let members = |name: &str| definition.get(name).and_then(Json::as_object).unwrap();
    assert_eq!((members("properties").len(), members("patternProperties").len()), (61, 108));
    for (name, _) in members("properties") {
        assert!(names.contains(name.as_str()), "{name} has no row");
    }
    for (pattern, _) in members("patternProperties") {
        let start = pattern.trim_start_matches('^').split(['[', '\\']).next().unwrap();
        let ending = match pattern.get(start.len() + 1..).unwrap() {
            r"[a-z][a-zA-Z0-9]*\\:\\w+$" => "ex:f",
            "[A-Z0-9]{2,4}$" => "CEL",
            _ => "",
        };
        let is_row = |name: &&'static str| match ending {
            "" => name.starts_with(start) && name.len() > start.len(),
            ending if start == "HASATTR_" => {
                name.starts_with(start) && name.contains("ex:") && !ending.is_empty()
            }
            ending => **name == format!("{start}{ending}"),
        };
        assert!(names.iter().any(is_row), "{pattern} has no row");
    }
    let api = read("openapi.json");
    let events = api.get("paths").and_then(|paths| paths.get("/events")?.get("get")).unwrap();
    let mut count = 0;
    for parameter in events.get("parameters").and_then(Json::as_array).unwrap() {
        let target = parameter.get("$ref").and_then(Json::as_str).map_or(Some(parameter), |path| {
            path.split('/').skip(1).try_fold(&api, |json, name| json.get(name))
        });
        let Some(target) = target else { panic!("{}", parameter.canonical()) };
        let text = |name: &str| target.get(name).and_then(Json::as_str).unwrap_or_default();
        if text("in") == "query" && !["perPage", "nextPageToken"].contains(&text("name")) {
            assert!(names.contains(text("name")), "{} has no row", text("name"));
            count += 1;
        }
    }
    assert_eq!(count, 53);
}

#[test]
fn the_page_about_queries_names_every_parameter() {
    let page = include_str!("../../../../docs/epcis-queries.md");
    let fixed = table::ROWS.iter().map(|row| row.0).chain(table::OTHERS.iter().copied());
    let numbers = NUMBERS.iter().flat_map(|(_, names)| names.iter().copied());
    for name in fixed.map(str::to_owned).chain(numbers.map(|name| name.replace("CEL", "UOM"))) {
        assert!(page.contains(&format!("`{name}`")), "{name} is not in docs/epcis-queries.md");
    }
    for (families, is_inner) in [(OUTER, false), (INNER, true)] {
        for (_, names) in families {
            let (_, rest) = names.first().and_then(|name| name.split_once('_')).unwrap();
            let name = match rest.replace("ex:f", "FIELD") {
                plain if plain == "FIELD" => "EQ_FIELD".to_owned(),
                placed => format!("OP_{placed}"),
            };
            assert!(page.contains(&format!("`{name}`")), "{name} ({is_inner}) is not in the page");
        }
    }
    for name in ["EQ_bizTransaction_TYPE", "EQ_source_TYPE", "EQ_destination_TYPE", "HASATTR_NAME"]
    {
        assert!(page.contains(&format!("`{name}`")), "{name} is not in docs/epcis-queries.md");
    }
}
