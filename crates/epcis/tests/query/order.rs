//! Record times, order, limits and prefixes: parameters that are no criterion of an event alone.

use jiff::Timestamp;
use ledger::json::{Json, object};

use super::{event, from_url, json, query, recorded, selects};
use epcis::query::{Decimal, Direction, Limit, NoMasterData, Order, Query, SortKey, extensions};

fn pairs(text: &str) -> Vec<(String, String)> {
    let pairs = text.split('&').filter_map(|pair| pair.split_once('='));
    pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

#[test]
fn record_times_are_those_of_the_ledger_and_not_what_the_event_says() {
    let event = event(r#""recordTime":"2020-01-01T00:00:00Z""#);
    for (name, value, is_selected) in [
        ("GE_recordTime", r#""2026-05-05T11:00:00Z""#, true),
        ("GE_recordTime", r#""2026-05-05T11:00:00.001Z""#, false),
        ("LT_recordTime", r#""2026-05-05T11:00:00Z""#, false),
        ("LT_recordTime", r#""2026-05-05T13:00:00.001+02:00""#, true),
    ] {
        for query in [query(name, value), from_url(name, value)] {
            assert_eq!(selects(&query.unwrap(), &event), is_selected, "{name} {value}");
        }
    }
}

#[test]
fn the_ranges_of_a_query_are_those_of_its_times_and_a_space_in_a_url_is_the_plus_of_an_offset() {
    let query = Query::from_pairs(&pairs(
        "GE_eventTime=2026-05-05T12:00:00 02:00&LT_eventTime=2026-05-06T00:00:00Z&LT_recordTime=2026-05-07T00:00:00Z",
    ));
    let query = query.unwrap();
    let time = |text: &str| Some(text.parse::<Timestamp>().unwrap());
    assert_eq!(query.event_time(), (time("2026-05-05T10:00:00Z"), time("2026-05-06T00:00:00Z")));
    assert_eq!(query.record_time(), (None, time("2026-05-07T00:00:00Z")));
    assert_eq!(query.groups(&NoMasterData), Vec::<Vec<_>>::new());
}

#[test]
fn order_and_limits_are_read_from_both_forms() {
    let of = |text: &str| Query::from_pairs(&pairs(text)).unwrap();
    let plain = of("eventType=ObjectEvent");
    assert_eq!(
        (plain.order, plain.direction, plain.limit),
        (Order::Unstated, Direction::Descending, Limit::None)
    );
    let first = of("orderBy=eventTime&orderDirection=ASC&eventCountLimit=3");
    assert_eq!(
        (first.order, first.direction, first.limit),
        (Order::EventTime, Direction::Ascending, Limit::First(3))
    );
    let most = Query::from_json(&json(
        r#"{"@context":["https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld",{"ex":"https://maker.example/ns/"}],
            "maxEventCount":50,"orderBy":"ex:f","orderDirection":"DESC"}"#,
    ));
    let most = most.unwrap();
    assert_eq!(most.limit, Limit::AtMost(50));
    assert_eq!(most.order, Order::Extension("https://maker.example/ns/f".to_owned()));
}

#[test]
fn events_are_ordered_by_time_number_or_text() {
    let of = |order: &str| query("orderBy", &format!(r#""{order}""#)).unwrap();
    let plain = event("");
    assert_eq!(Query::default().sort_key(&plain, recorded()), None);
    let time = SortKey::Time("2026-05-05T10:00:00Z".parse().unwrap());
    assert_eq!(of("eventTime").sort_key(&plain, recorded()), Some(time));
    assert_eq!(of("recordTime").sort_key(&plain, recorded()), Some(SortKey::Time(recorded())));
    let field =
        |value: &str| of("ex:f").sort_key(&event(&format!(r#""ex:f":{value}"#)), recorded());
    assert_eq!(of("ex:f").sort_key(&plain, recorded()), None);
    assert!(field("9.5") < field("10"));
    assert!(field(r#""9.5""#) < field(r#""10""#), "XML has numbers as texts");
    assert!(field(r#""B""#) < field(r#""a""#), "by bytes");
    assert!(field(r#""2026-01-31""#) < field(r#""2026-02-01T00:00:00+09:00""#));
    assert_eq!(field("[null,3]"), Decimal::parse("3").map(SortKey::Number));
}

#[test]
fn one_query_and_another_hold_together() {
    let both = query("EQ_bizStep", r#"["shipping","packing"]"#)
        .unwrap()
        .and(query("EQ_bizStep", r#"["packing"]"#).unwrap());
    assert!(selects(&both, &event(r#""bizStep":"packing""#)));
    assert!(!selects(&both, &event(r#""bizStep":"shipping""#)));
    assert_eq!(both.groups(&NoMasterData).len(), 2);
}

#[test]
fn prefixes_come_from_the_header_the_query_or_the_url_and_mean_their_namespace() {
    let other = event(r#""@context":{"m":"https://maker.example/ns/"},"m:f":"x""#);
    let by_header = extensions("a=urn:a:, ex=https://maker.example/ns/\n").unwrap();
    let pair = [("EQ_ex:f".to_owned(), "x".to_owned())];
    assert!(selects(&Query::from_pairs_within(&pair, &by_header).unwrap(), &other));
    let json = object([("EQ_ex:f", Json::from("x"))]);
    assert!(selects(&Query::from_json_within(&json, &by_header).unwrap(), &other));
    let context = ("@context".to_owned(), r#"{"ex":"https://maker.example/ns/"}"#.to_owned());
    let query = Query::from_pairs(&[pair[0].clone(), context]);
    assert!(selects(&query.unwrap(), &other));
    let elsewhere = extensions("ex=https://other.example/").unwrap();
    assert!(!selects(&Query::from_pairs_within(&pair, &elsewhere).unwrap(), &other));
    let whole = [("EQ_https://maker.example/ns/f".to_owned(), "x".to_owned())];
    assert!(selects(&Query::from_pairs(&whole).unwrap(), &other));
}

#[test]
fn a_flag_that_is_false_asks_for_nothing() {
    let plain = event("");
    for name in ["EXISTS_errorDeclaration", "EXISTS_sensorElementList", "EXISTS_ex:f"] {
        assert!(selects(&query(name, "false").unwrap(), &plain), "{name}");
        assert!(selects(&from_url(name, "false").unwrap(), &plain), "{name}");
        for value in ["true", "0", "1", r#""""#] {
            assert!(!selects(&from_url(name, value).unwrap(), &plain), "{name} {value}");
        }
    }
}
