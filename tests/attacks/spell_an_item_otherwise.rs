//! An item that was sold, recalled or packed under one spelling is offered under another, as if it were a second item.
//!
//! What holds: a URN of any division, a tag URI, and a GS1 Digital Link of any host, with qualifiers, attributes, escapes or
//! as compressed bits are one item in the index, the verdict, the history and the bundle; a link that hides the serial is
//! refused with the right one.
//!
//! Source: GS1 Digital Link URI syntax 1.4, sections 4.3 to 4.10; TDS 2.3 section 6.

use std::fmt::Write as _;

use epc::{Form, TagEpc};
use serde_json::{Value, json};

use crate::events::{event, item, made, serial, with};
use crate::town::{BRAND_PLACE, GTIN, Town, Who};

/// Spellings that nobody can state, and that can be asked for: the second divides the number otherwise than the brand's
/// licence, the fourth is what a tag holds.
const NOT_STATED: [usize; 2] = [1, 3];

/// The brand's item of a serial in every spelling.
fn spellings(serial: &str) -> Vec<String> {
    let tag = format!("urn:epc:tag:sgtin-198:3.9521141.012345.{serial}");
    let bits = epc::Tag::Classic(TagEpc::from_tag_uri(&tag).expect("a serial of the test"));
    let compressed =
        |form| bits.to_compressed_link("brand.example/x", form).expect("an SGTIN has a key");
    let escaped = in_path(serial);
    vec![
        item(serial),
        format!("urn:epc:id:sgtin:952114.0112345.{serial}"),
        format!("URN:EPC:ID:SGTIN:9521141.012345.{serial}"),
        tag,
        format!("https://id.gs1.org/01/{GTIN}/21/{serial}"),
        format!("https://brand.example/x/01/{}/21/{serial}", &GTIN[1..]),
        format!("HTTP://Brand.Example:80/01/{GTIN}/22/2A/10/L1/21/{escaped}?17=991231&utm=x#top"),
        compressed(Form::Hex),
        compressed(Form::Base64url),
    ]
}

/// All of `text` as escapes, in small letters.
fn in_path(text: &str) -> String {
    text.bytes().fold(String::new(), |mut out, byte| {
        write!(out, "%{byte:02x}").expect("a text takes it");
        out
    })
}

/// An event with these things instead of its own.
fn of(event: Value, thing: &str) -> Value {
    with(event, json!({ "epcList": [thing] }))
}

#[test]
fn an_item_that_was_sold_under_one_spelling_is_sold_under_all() {
    let town = Town::shared();
    for place in (0..spellings("1").len()).filter(|place| !NOT_STATED.contains(place)) {
        let (first, second) = (serial(), serial());
        let named = |serial: &str| spellings(serial).swap_remove(place);
        town.state(Who::Brand, &[of(made(&first), &named(&first)), made(&second)]);
        assert_eq!(town.verdict(&first), "CONSISTENT", "made as {}", named(&first));
        let sale = |thing: &str| event(Who::Brand, "retail_selling", "retail_sold", thing);
        town.state(Who::Brand, &[sale(&item(&first)), sale(&named(&second))]);
        assert_eq!(town.verdict(&first), "SOLD", "made as {}", named(&first));
        assert_eq!(town.verdict(&second), "SOLD", "sold as {}", named(&second));
    }
}

#[test]
fn a_stay_in_a_container_ends_in_whatever_spelling_it_ends() {
    let town = Town::shared();
    let (packed, boxed) = (serial(), format!("{:0>9}", serial()));
    let urn = format!("urn:epc:id:sscc:9521141.3{boxed}");
    let link = epc::thing_key(&urn).replace("id.gs1.org", "brand.example/boxes");
    let pack = |action: &str, parent: &str, child: &str| {
        let members = json!({
            "type": "AggregationEvent", "action": action, "parentID": parent, "childEPCs": [child],
        });
        let step = if action == "ADD" { "packing" } else { "unpacking" };
        let mut event = with(event(Who::Brand, step, "in_progress", &item(&packed)), members);
        event.as_object_mut().unwrap().remove("epcList");
        event
    };
    let named = spellings(&packed);
    town.state(Who::Brand, &[of(made(&packed), &named[4]), pack("ADD", &link, &named[5])]);
    town.state(Who::Brand, &[event(Who::Brand, "storing", "in_progress", &urn)]);
    town.state(Who::Brand, &[pack("DELETE", &urn, &named[0])]);
    town.state(Who::Brand, &[event(Who::Brand, "storing", "in_progress", &link)]);
    let path = in_path(&named[7]);
    let url = format!("http://{}/items/{path}/history", town.internal);
    let (status, text) = tests::stage::fetch(&url, &[]);
    assert_eq!(status, 200, "{text}");
    let history: Value = serde_json::from_str(&text).unwrap();
    let steps: Vec<&Value> =
        history["records"].as_array().unwrap().iter().map(|record| &record["step"]).collect();
    assert_eq!(steps, ["commissioning", "packing", "storing", "unpacking"], "{history:#}");
    assert_eq!(town.verdict(&packed), "CONSISTENT");
}

#[test]
fn a_recall_of_a_lot_by_link_recalls_its_items_in_every_spelling_and_no_other_lot() {
    let town = Town::shared();
    let (lot, other) = (format!("L/{}", serial()), format!("M/{}", serial()));
    let escaped = in_path(&lot);
    let made_in = |lot: &str, thing: &str| {
        let ilmd = json!({ "cbvmda:lotNumber": lot, "cbvmda:itemExpirationDate": "2099-12-31" });
        with(of(made("0"), thing), json!({ "ilmd": ilmd }))
    };
    let (by_urn, by_link, spared) = (serial(), serial(), serial());
    town.state(Who::Brand, &[made_in(&lot, &item(&by_urn)), made_in(&other, &item(&spared))]);
    town.state(Who::Brand, &[made_in(&lot, &spellings(&by_link)[5])]);
    let class = format!("https://brand.example/01/{}/10/{escaped}", &GTIN[1..]);
    let recall = with(
        event(Who::Brand, "holding", "recalled", ""),
        json!({ "epcList": [], "quantityList": [{ "epcClass": class }] }),
    );
    town.recall(Who::Brand, &recall);
    assert_eq!(town.verdict(&by_urn), "RECALLED");
    assert_eq!(town.verdict(&by_link), "RECALLED");
    assert_eq!(town.verdict(&spared), "CONSISTENT");
}

#[test]
fn a_rival_issues_nothing_under_anothers_prefix_in_any_spelling() {
    let town = Town::shared();
    for place in (0..spellings("1").len()).filter(|place| !NOT_STATED.contains(place)) {
        let forged = serial();
        let named = spellings(&forged).swap_remove(place);
        town.state(Who::Rival, &[of(event(Who::Rival, "commissioning", "active", ""), &named)]);
        assert_eq!(town.verdict(&forged), "REJECTED", "{named}");
    }
}

#[test]
fn every_spelling_in_an_address_gives_one_history_and_one_bundle_that_is_proved() {
    let town = Town::shared();
    let mixed = serial();
    let named = spellings(&mixed);
    town.state(Who::Brand, &[of(made(&mixed), &named[5])]);
    town.state(Who::Brand, &[event(Who::Brand, "storing", "in_progress", &named[0])]);
    town.state(Who::Brand, &[event(Who::Brand, "storing", "in_progress", &named[6])]);
    let mut histories = Vec::new();
    for spelling in &named {
        let path = in_path(spelling);
        let get = |of: &str| {
            tests::stage::fetch(&format!("http://{}/items/{path}/{of}", town.public), &[])
        };
        let (status, history) = get("history");
        assert_eq!(status, 200, "{spelling}: {history}");
        histories.push(history);
        let (status, bundle) = get("bundle");
        assert_eq!(status, 200, "{spelling}: {bundle}");
        let file = format!("{}.bundle.json", serial());
        town.put(&file, &bundle);
        let (code, text) = town.chopmark(&["verify", "--policy", "policy.txt", &file]);
        assert!(
            matches!(code, Some(0 | 2)) && !text.contains("does not name"),
            "{spelling}: {text}"
        );
    }
    assert!(histories.iter().all(|history| *history == histories[0]), "{histories:#?}");
    let raw =
        format!("http://{}/items/https://brand.example/01/{GTIN}/21/{mixed}/history", town.public);
    assert_eq!(tests::stage::fetch(&raw, &[]), (200, histories[0].clone()));
    let lists = |text: &str| serde_json::from_str::<Value>(text).unwrap()["steps"].clone();
    assert_eq!(lists(&histories[0]).as_array().map(Vec::len), Some(3), "{}", histories[0]);
}

#[test]
fn a_despatch_advice_by_link_announces_what_is_named_by_urn() {
    let town = Town::shared();
    let (number, thing) = (format!("urn:epcglobal:cbv:bt:9521142000004:DA-{}", serial()), serial());
    let members = json!({
        "bizTransactionList": [{ "type": "desadv", "bizTransaction": number }],
        "destinationList": [{ "type": "location", "destination": epc::thing_key(BRAND_PLACE) }],
    });
    let advice = with(event(Who::Shop, "shipping", "in_transit", &spellings(&thing)[6]), members);
    let (status, text) = town.capture(Who::Shop, &[advice], Value::Null);
    assert_eq!(status, 202, "{text}");
    let kept = town.psql(&format!(
        "select things from expected_deliveries where despatch_advice = '{number}'"
    ));
    assert!(kept.contains(&epc::thing_key(&item(&thing))), "{kept}");
}

#[test]
fn a_link_that_hides_its_key_is_refused_with_the_right_one() {
    let town = Town::shared();
    for (got, right) in [
        (
            format!("https://id.gs1.org/01/{GTIN}?21=7"),
            format!("https://id.gs1.org/01/{GTIN}/21/7"),
        ),
        (
            format!("https://brand.example/x/gtin/{GTIN}/ser/7"),
            format!("https://brand.example/x/01/{GTIN}/21/7"),
        ),
        ("https://id.gs1.org/products/7".to_owned(), "GS1 key".to_owned()),
        ("https://brand.example/01/09521141123455/21/7".to_owned(), "check digit 4".to_owned()),
    ] {
        let (status, text) = town.capture(Who::Brand, &[of(made("7"), &got)], Value::Null);
        assert!(matches!(status, 400 | 422), "{got}: {status} {text}");
        assert!(text.contains(&right), "{got}: {text}");
    }
}
