//! A competitor reads other people's business from the public pages.

use serde_json::Value;
use tests::stage::fetch;

use crate::events::{event, item, made, serial};
use crate::town::{Town, Who};

#[test]
fn deliveries_histories_and_metrics_are_not_public() {
    let town = Town::shared();
    for path in ["/deliveries", "/metrics"] {
        let (status, text) = fetch(&format!("http://{}{path}", town.public), &[]);
        assert_eq!(status, 404, "{path}: {text}");
        let (status, _) = fetch(&format!("http://{}{path}", town.internal), &[]);
        assert_eq!(status, 200, "{path}");
    }
}

#[test]
fn a_public_history_and_bundle_hold_no_reference_and_no_other_item() {
    let town = Town::shared();
    let (own, other) = (serial(), serial());
    town.state(Who::Brand, &[made(&own)]);
    let mut packed = event(Who::Brand, "inspecting", "in_progress", &item(&own));
    packed["epcList"] = serde_json::json!([item(&own), item(&other)]);
    packed["bizTransactionList"] = serde_json::json!([{ "type": "po", "bizTransaction": "urn:epcglobal:cbv:bt:9521141000012:PO-77" }]);
    town.state(Who::Brand, &[packed]);
    for door in ["history", "bundle"] {
        let path = format!("/items/{}/{door}", item(&own));
        let (status, text) = fetch(&format!("http://{}{path}", town.public), &[]);
        assert_eq!(status, 200, "{text}");
        assert!(!text.contains("PO-77") && !text.contains(&item(&other)), "{door}: {text}");
        let (status, text) = fetch(&format!("http://{}{path}", town.internal), &[]);
        assert_eq!(status, 200, "{text}");
        assert!(text.contains("PO-77") || door == "history", "{door}: {text}");
    }
}

#[test]
fn what_is_unknown_and_what_is_malformed_look_the_same() {
    let town = Town::shared();
    let answer = |path: &str| {
        let url = format!("http://{}{path}", town.public);
        let (status, text) =
            fetch(&url, &[("Accept", "application/json"), ("User-Agent", "Phone")]);
        let body: Value = serde_json::from_str(&text).unwrap_or(Value::Null);
        (status, body["type"].clone(), body["detail"].clone())
    };
    let unknown = answer(&format!("/items/{}/history", item("999999999999")));
    let malformed = answer("/items/urn:epc:id:sgtin:9521141.012345/history");
    assert_eq!(unknown, malformed);
}
