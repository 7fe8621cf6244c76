//! What is refused, and what is said about it.

use super::{from_url, json, query};
use epcis::query::{
    LONGEST_NAME, LONGEST_VALUE, MOST_PARAMETERS, MOST_VALUES, Query, QueryProblem, extensions,
};

fn pairs(list: &[(&str, &str)]) -> Vec<(String, String)> {
    list.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn refused(list: &[(&str, &str)]) -> Vec<QueryProblem> {
    Query::from_pairs(&pairs(list)).expect_err(&format!("{list:?}"))
}

#[test]
fn a_name_that_is_no_parameter_is_refused_by_its_name() {
    for name in [
        "",
        "EQ",
        "EQ_",
        "bizStep",
        "EQ_bizstep",
        "GT_eventTime",
        "EQ_bizStep_shipping",
        "MATCH_EPC",
        "XX_ex:f",
        "EQ_value",
        "EQ_INNER_",
        "EXISTS_bizStep",
        "perPage",
        "nextPageToken",
        "HASATTR_action",
        "EQ_ATTR_bizLocation",
        "WD_ex:f",
        "EQ_ex:",
        "EQ_:f",
        "EQ_ex:a b",
    ] {
        let problems = query(name, r#""1""#).expect_err(name);
        assert_eq!(problems.len(), 1, "{name}: {problems:?}");
        assert_eq!(problems[0].parameter, name);
        assert!(!problems[0].expected.is_empty() && !problems[0].problem.is_empty());
    }
}

#[test]
fn a_value_of_another_form_is_refused_with_what_is_expected() {
    for (name, value, expected) in [
        ("eventType", r#"["QuantityEvent"]"#, "ObjectEvent"),
        ("EQ_action", r#"["add"]"#, "ADD, OBSERVE or DELETE"),
        ("EQ_bizStep", r#"["shiping"]"#, "`shipping`"),
        ("EQ_bizStep", r#"["urn:epcglobal:cbv:disp:active"]"#, "a URI of your own"),
        ("EQ_bizStep", r#"["foo:step"]"#, "`foo` with its namespace"),
        ("EQ_type", r#"["Temprature"]"#, "`Temperature`"),
        ("EQ_bizTransaction_pp", r#"["urn:x:1"]"#, "`po`"),
        ("GE_eventTime", r#""2026-05-05""#, "a time with seconds and offset"),
        ("GE_eventTime", r#""2026-05-05T10:00:00""#, "a time with seconds and offset"),
        ("GT_quantity", r#""many""#, "a number"),
        ("EQ_quantity", r#"[1,"x"]"#, "a number"),
        ("EQ_quantity_kgm", "[1]", "a UN/ECE unit code"),
        ("GT_value_CELSIUS", "1", "a UN/ECE unit code"),
        ("GT_ex:f", r#""later""#, "a time with offset, a day such as"),
        ("EQ_readPoint", r#"["door 3"]"#, "an absolute URI"),
        ("EQ_readPoint", r#"["https://id.gs1.org/414/4012345111119"]"#, "a valid key"),
        ("MATCH_epc", r#"["7"]"#, "the URI of a thing or class"),
        (
            "MATCH_epc",
            r#"["https://id.gs1.org/01/04012345123457/21/7"]"#,
            "the URI of a thing or class",
        ),
        (
            "MATCH_epc",
            r#"["urn:epc:idpat:sgtin:4012345.*.7"]"#,
            "a star in place of the last parts",
        ),
        ("MATCH_epc", r#"["urn:epc:idpat:sgtin:401.*.*"]"#, "6 to 12 digits"),
        ("MATCH_epc", r#"["urn:epc:idpat:sgtin:4012345.12345.*"]"#, "the URI of a thing or class"),
        ("MATCH_epc", r#"["urn:epc:idpat:made_up:1.2"]"#, "the URI of a thing or class"),
        ("EQ_eventID", r#"["7"]"#, "an absolute URI"),
        ("EQ_booleanValue", r#""yes""#, "true or false"),
        ("EQ_hexBinaryValue", r#"["xyz"]"#, "digits and the letters A to F"),
        ("EXISTS_ex:f", r#""perhaps""#, "nothing, an integer"),
        ("orderBy", r#""bizStep""#, "eventTime, recordTime or an extension field"),
        ("orderDirection", r#""up""#, "ASC or DESC"),
        ("maxEventCount", "0", "an integer of 1 or more"),
        ("maxEventCount", "-1", "an integer of 1 or more"),
        ("maxEventCount", "1.5", "an integer of 1 or more"),
        ("HASATTR_bizLocation", r#"["zz:name"]"#, "`zz` with its namespace"),
    ] {
        for problems in [query(name, value), from_url(name, value)] {
            let problems = problems.expect_err(&format!("{name} {value}"));
            let [problem] = problems.as_slice() else { panic!("{name}: {problems:?}") };
            assert_eq!(problem.parameter, name);
            assert!(problem.expected.contains(expected), "{name} {value}: {problem:?}");
            assert!(problem.to_string().starts_with(&format!("{name}: ")), "{problem}");
        }
    }
    for (name, value) in [
        ("EQ_bizStep", "[7]"),
        ("GT_quantity", r#""5""#),
        ("EQ_readPoint", "[{}]"),
        ("EQ_ex:f", "[{}]"),
        ("EQ_ex:f", "[null]"),
        ("EXISTS_ex:f", "[]"),
        ("maxEventCount", r#""7""#),
        ("GE_eventTime", "7"),
        ("orderBy", "7"),
    ] {
        assert_eq!(query(name, value).expect_err(name).len(), 1, "{name} {value}");
    }
}

#[test]
fn an_empty_list_an_empty_value_and_a_parameter_that_stands_there_twice_are_refused() {
    for name in ["EQ_bizStep", "eventType", "MATCH_epc", "EQ_ex:f", "EQ_stringValue"] {
        for value in ["[]", r#"[""]"#] {
            let problems = query(name, value).expect_err(name);
            assert_eq!(problems.len(), 1, "{name}: {problems:?}");
            assert!(problems[0].problem.contains("empty"), "{problems:?}");
        }
    }
    assert!(refused(&[("EQ_bizStep", "")])[0].problem.contains("empty"));
    assert!(refused(&[("EQ_bizStep", "shipping||packing")])[0].problem.contains("empty"));
    for list in [
        [("EQ_bizStep", "shipping"), ("EQ_bizStep", "packing")],
        [
            ("GE_errorDeclarationTime", "2026-05-05T10:00:00Z"),
            ("GE_errorDeclaration_Time", "2026-05-05T10:00:00Z"),
        ],
        [("@context", r#"{"ex":"urn:x:"}"#), ("@context", r#"{"ex":"urn:y:"}"#)],
        [("orderBy", "eventTime"), ("orderBy", "eventTime")],
    ] {
        let problems = refused(&list);
        assert_eq!(problems.len(), 1, "{problems:?}");
        assert_eq!(
            (problems[0].problem.as_str(), &*problems[0].parameter),
            ("stands there twice", list[1].0)
        );
    }
}

#[test]
fn the_two_limits_exclude_each_other_and_the_first_events_need_an_order() {
    let first = ("eventCountLimit", "3");
    let both = refused(&[("orderBy", "eventTime"), first, ("maxEventCount", "3")]);
    assert_eq!(both[0].problem, "stands beside maxEventCount");
    assert_eq!(refused(&[first])[0].problem, "has no order");
    assert!(Query::from_pairs(&pairs(&[("orderBy", "eventTime"), first])).is_ok());
}

#[test]
fn a_prefix_that_nobody_explains_is_refused_because_it_would_select_nothing() {
    for name in ["EQ_zz:f", "GT_example:f", "EXISTS_INNER_ILMD_zz:f", "HASATTR_zz:f"] {
        let problems = refused(&[(name, "7")]);
        assert!(problems[0].expected.contains("GS1-Extensions"), "{problems:?}");
    }
    assert!(refused(&[("orderBy", "zz:f")])[0].expected.contains("GS1-Extensions"));
    let with_address = json(r#"{"@context":"https://maker.example/context.jsonld","EQ_zz:f":"7"}"#);
    assert!(Query::from_json(&with_address).is_ok());
    for standard in ["EXISTS_ILMD_cbvmda:lotNumber", "EXISTS_gs1:f", "EXISTS_dcterms:title"] {
        assert!(Query::from_pairs(&pairs(&[(standard, "")])).is_ok(), "{standard}");
    }
}

#[test]
fn prefixes_that_change_the_standard_s_meaning_or_are_malformed_are_refused() {
    for header in
        ["cbv=urn:evil:", "gs1=https://evil.example/", "ex", "ex=none", "a=urn:a:,a=urn:b:"]
    {
        let problems = extensions(header).expect_err(header);
        assert_eq!(problems[0].parameter, "GS1-Extensions", "{header}");
    }
    for context in [r#"{"cbvmda":"urn:evil:"}"#, "[7]", "{", "not an address"] {
        let problems = refused(&[("@context", context)]);
        assert_eq!(problems[0].parameter, "@context", "{context}");
    }
    assert!(extensions(" , ").unwrap().own().next().is_none());
}

#[test]
fn a_query_is_bounded_and_its_problems_are_short() {
    let many: Vec<(String, String)> =
        (0..=MOST_PARAMETERS).map(|n| (format!("EQ_ex:f{n}"), "1".to_owned())).collect();
    assert_eq!(Query::from_pairs(&many).unwrap_err()[0].problem, "too many parameters");
    let values = vec!["urn:x:1"; MOST_VALUES + 1].join("|");
    assert_eq!(refused(&[("EQ_eventID", &values)])[0].problem, "too many values");
    let most = vec!["urn:x:1"; MOST_VALUES].join("|");
    assert!(Query::from_pairs(&pairs(&[("EQ_eventID", &most)])).is_ok());
    let long = format!("urn:x:{}", "1".repeat(LONGEST_VALUE));
    let problem = refused(&[("EQ_eventID", &long)]).remove(0);
    assert_eq!(problem.problem, "too long");
    assert!(problem.to_string().len() < 300, "{problem}");
    let name = format!("EQ_ex:{}", "f".repeat(LONGEST_NAME));
    assert_eq!(refused(&[(&name, "1")])[0].problem, "a name that is too long");
    let wrong: Vec<(String, String)> =
        (0..MOST_PARAMETERS).map(|n| (format!("unknown{n}"), String::new())).collect();
    assert_eq!(Query::from_pairs(&wrong).unwrap_err().len(), 100);
    assert!(Query::from_json(&json("[]")).is_err());
}
