//! Master data of headers: whose statements count, what queries select by them, and what is shown.

use history::testing::{CENTRE, FACTORY, GTIN, SHOP};
use ledger::json::{Json, object};

use super::*;
use crate::master::names::refresh;

const FACTORY_PARTY: &str = "urn:epc:id:pgln:4012345.00000";
const SHOP_PARTY: &str = "urn:epc:id:pgln:4055555.00000";
/// A place of the factory in which others lie.
const REGION: &str = "urn:epc:id:sgln:4012345.00009.0";
/// What another party speaks for.
const ELSEWHERE: &str = SHOP_PARTY;
/// Another product of the factory, which the configuration does not name.
const OTHER_GTIN: &str = "04012345222227";

/// A document with this list of vocabularies in its header.
fn document(list: &str) -> Vec<u8> {
    format!(
        r#"{{"@context":["https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld"],"type":"EPCISDocument",
        "epcisHeader":{{"epcisMasterData":{{"vocabularyList":{list}}}}},"epcisBody":{{"eventList":[]}}}}"#
    )
    .into_bytes()
}

/// A list of one vocabulary of one element.
fn element(vocabulary: &str, id: &str, attributes: &[(&str, &str)], children: &[&str]) -> String {
    let attributes: Vec<Value> = attributes
        .iter()
        .map(|(id, value)| serde_json::json!({ "id": id, "attribute": value }))
        .collect();
    let element = serde_json::json!({ "id": id, "attributes": attributes, "children": children });
    let kind = format!("urn:epcglobal:epcis:vtype:{vocabulary}");
    serde_json::json!([{ "type": kind, "vocabularyElementList": [element] }]).to_string()
}

/// Several lists as one.
fn joined(lists: &[String]) -> String {
    let inner = |list: &String| list[1..list.len() - 1].to_owned();
    format!("[{}]", lists.iter().map(inner).collect::<Vec<_>>().join(","))
}

/// Keeps a document, and records an event that came with it.
async fn state_by(scene: &Scene, by: &str, number: usize, body: &[u8]) {
    let digest = ledger::hash::sha256(body);
    let now = scene.state.clock.now();
    let keep = async |tx: &sql::Transaction<'_>| {
        sql::captures::insert_document(tx, by, &digest, body, now).await
    };
    scene.db.db().run_tx("test.keep", keep).await.expect("kept");
    let text = |value: &str| Json::from(value);
    let evidence = object([("document", text(&digest.to_string())), ("partner", text(by))]);
    let event = further(number)
        .with("chopmark:by", object([("name", text("a party")), ("pgln", text(by))]))
        .with("chopmark:evidence", evidence);
    scene.site.append(&[event], "2026-11-22T05:00:00Z").await;
    project(scene).await;
}

async fn counts(scene: &Scene, query: &str) -> usize {
    let path = format!("/events?perPage=100&{query}");
    events_of(&get_as(scene, AUDITOR, &path).await).len()
}

fn path_of(kind: &str, id: &str) -> String {
    format!("/master-data/{kind}/{}", crate::epcis_api::document::escaped(id))
}

fn product(gtin: &str) -> String {
    format!("https://id.gs1.org/01/{gtin}")
}

/// Attribute, value and worth of each statement of an answer.
fn statements(answer: &Answer) -> Vec<(String, String, String)> {
    assert_eq!(answer.status, 200, "{}", answer.body);
    let text = |one: &Value, name: &str| one[name].as_str().unwrap_or_default().to_owned();
    answer.json()["chopmark:statements"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|one| {
            let short = text(one, "chopmark:attribute");
            let short = short.rsplit(':').next().unwrap_or_default().to_owned();
            (short, text(one, "chopmark:value"), text(one, "chopmark:standing"))
        })
        .collect()
}

/// The values that count.
fn values(answer: &Answer) -> Vec<String> {
    let document = answer.json();
    let list = &document["epcisBody"]["queryResults"]["resultsBody"]["vocabularyList"];
    let elements = list.as_array().expect("a list").iter().flat_map(|vocabulary| {
        vocabulary["vocabularyElementList"].as_array().expect("a list").clone()
    });
    elements
        .flat_map(|element| element["attributes"].as_array().expect("a list").clone())
        .map(|attribute| attribute["attribute"].as_str().expect("a text").to_owned())
        .collect()
}

#[actix_web::test]
async fn a_partner_does_not_rename_anothers_product_and_what_it_says_is_shown_as_its_word() {
    let scene = partner_scene("master_claims").await;
    let id = product(GTIN);
    let said =
        |name: &str| document(&element("EPCClass", &id, &[("cbvmda:descriptionShort", name)], &[]));
    state_by(&scene, FACTORY_PARTY, 1, &said("Tea")).await;
    state_by(&scene, SHOP_PARTY, 2, &said("Poison")).await;
    let answer = get_as(&scene, AUDITOR, &path_of("product", &id)).await;
    assert_eq!(values(&answer), ["Tea"]);
    let word = |value: &str, worth: &str| {
        ("descriptionShort".to_owned(), value.to_owned(), worth.to_owned())
    };
    assert_eq!(statements(&answer), [word("Tea", "licensee"), word("Poison", "claim")]);
    let claim = &answer.json()["chopmark:statements"][1];
    assert_eq!(claim["chopmark:saidByName"], "Shop");
    assert_eq!(claim["chopmark:ledger"], crate::testing::SITE);
    assert_eq!(answer.json()["epcisBody"]["queryResults"]["queryName"], "SimpleMasterDataQuery");
    // Said again, and then otherwise: the old word ends and stays.
    state_by(&scene, FACTORY_PARTY, 3, &said("Tea")).await;
    state_by(&scene, FACTORY_PARTY, 4, &said("Green tea")).await;
    let answer = get_as(&scene, AUDITOR, &path_of("product", &id)).await;
    assert_eq!(values(&answer), ["Green tea"]);
    let whole = get_as(&scene, AUDITOR, &format!("{}?history=true", path_of("product", &id))).await;
    assert_eq!(
        statements(&whole),
        [word("Tea", "licensee"), word("Poison", "claim"), word("Green tea", "licensee")]
    );
    assert!(whole.json()["chopmark:statements"][0]["chopmark:until"].is_string());
    let party = get_as(&scene, STRANGER, &path_of("party", FACTORY_PARTY)).await;
    assert_eq!(
        statements(&party),
        [("name".to_owned(), "Factory".to_owned(), "directory".to_owned())]
    );
}

#[actix_web::test]
async fn places_within_another_are_selected_and_nobody_brings_anothers_place_into_their_own() {
    let scene = partner_scene("master_within").await;
    let own = joined(&[
        element("BusinessLocation", REGION, &[], &[CENTRE]),
        element("BusinessLocation", CENTRE, &[], &[SHOP]),
    ]);
    let (before, at_centre) =
        (counts(&scene, "").await, counts(&scene, &format!("EQ_bizLocation={CENTRE}")).await);
    let at_shop = counts(&scene, &format!("EQ_bizLocation={SHOP}")).await;
    assert!(at_centre > 0 && at_shop > 0 && before > at_centre + at_shop);
    for within in ["WD_bizLocation", "WD_readPoint"] {
        assert_eq!(counts(&scene, &format!("{within}={REGION}")).await, 0, "{within}");
    }
    state_by(&scene, FACTORY_PARTY, 1, &document(&own)).await;
    let now = counts(&scene, &format!("EQ_bizLocation={CENTRE}|{SHOP}")).await;
    assert_eq!(counts(&scene, &format!("WD_bizLocation={REGION}")).await, now);
    let points = counts(&scene, &format!("EQ_readPoint={CENTRE}|{SHOP}")).await;
    assert_eq!(counts(&scene, &format!("WD_readPoint={REGION}")).await, points);
    // Another party's word about places that are not its own selects nothing.
    let theirs = element("BusinessLocation", ELSEWHERE, &[], &[FACTORY, CENTRE]);
    state_by(&scene, SHOP_PARTY, 2, &document(&theirs)).await;
    assert_eq!(counts(&scene, &format!("WD_bizLocation={ELSEWHERE}")).await, 0);
}

#[actix_web::test]
async fn attributes_select_and_exclude_events_and_claims_do_neither() {
    let scene = partner_scene("master_attributes").await;
    let city = "urn:epcglobal:cbv:mda:city";
    let said = |id: &str, value: &str| {
        document(&element("BusinessLocation", id, &[("cbvmda:city", value)], &[]))
    };
    state_by(&scene, FACTORY_PARTY, 1, &said(CENTRE, "Hangzhou")).await;
    state_by(&scene, SHOP_PARTY, 2, &said(FACTORY, "Nowhere")).await;
    let at_centre = counts(&scene, &format!("EQ_bizLocation={CENTRE}")).await;
    assert!(at_centre > 0);
    for (query, expected) in [
        (format!("HASATTR_bizLocation={city}"), at_centre),
        ("HASATTR_bizLocation=cbvmda:city".to_owned(), at_centre),
        ("HASATTR_bizLocation=cbvmda:state".to_owned(), 0),
        (format!("EQ_ATTR_bizLocation_{city}=Hangzhou"), at_centre),
        ("EQ_ATTR_bizLocation_cbvmda:city=Hangzhou|Berlin".to_owned(), at_centre),
        ("EQATTR_bizLocation_cbvmda:city=Hangzhou".to_owned(), at_centre),
        ("EQ_ATTR_bizLocation_cbvmda:city=Nowhere".to_owned(), 0),
        ("EQ_ATTR_bizLocation_cbvmda:city=hangzhou".to_owned(), 0),
        ("EQ_ATTR_bizLocation_cbvmda:city=Hangzhou&EQ_action=DELETE".to_owned(), 1),
    ] {
        assert_eq!(counts(&scene, &query).await, expected, "{query}");
    }
    let points = counts(&scene, &format!("EQ_readPoint={CENTRE}")).await;
    assert_eq!(counts(&scene, "HASATTR_readPoint=cbvmda:city").await, points);
}

#[actix_web::test]
async fn events_come_with_master_data_of_what_they_name_if_the_request_asks_for_them() {
    let scene = partner_scene("master_beside").await;
    let named = element("EPCClass", &product(GTIN), &[("cbvmda:descriptionShort", "Tea")], &[]);
    state_by(&scene, FACTORY_PARTY, 1, &document(&named)).await;
    let path = "/events?EQ_bizStep=commissioning";
    let ask = async |value: &str| {
        let headers = [AUDITOR, ("Chopmark-Master-Data", value)];
        ask(&scene.state, Audience::Public, &Method::GET, path, &headers).await
    };
    let found = ask("include").await;
    let list = &found.json()["chopmark:masterData"][0];
    assert_eq!(list["type"], "urn:epcglobal:epcis:vtype:EPCClass", "{}", found.body);
    assert_eq!(list["vocabularyElementList"][0]["attributes"][0]["attribute"], "Tea");
    assert_eq!(ask("yes").await.status, 400);
    let without = get_as(&scene, AUDITOR, path).await;
    assert!(without.json()["chopmark:masterData"].is_null());
}

#[actix_web::test]
async fn what_a_caller_may_not_see_an_event_of_is_as_if_it_were_not_there() {
    let scene = partner_scene("master_scope").await;
    let named = element("EPCClass", &product(GTIN), &[("cbvmda:descriptionShort", "Tea")], &[]);
    state_by(&scene, FACTORY_PARTY, 1, &document(&named)).await;
    let path = path_of("product", &product(GTIN));
    assert_eq!(get_as(&scene, FACTORY_KEY, &path).await.status, 200);
    assert_eq!(get_as(&scene, STRANGER, &path).await.status, 404);
    let none = path_of("product", &product(OTHER_GTIN));
    let (hidden, none) =
        (get_as(&scene, STRANGER, &path).await.body, get_as(&scene, STRANGER, &none).await.body);
    assert_eq!(hidden.replace(GTIN, ""), none.replace(OTHER_GTIN, ""));
    assert_eq!(get_as(&scene, AUDITOR, &path_of("place", &product(GTIN))).await.status, 404);
    assert_eq!(get_as(&scene, AUDITOR, &path_of("thing", &product(GTIN))).await.status, 404);
    assert_eq!(get_as(&scene, AUDITOR, &format!("{path}?what=x")).await.status, 400);
    // Reads of these roles are recorded, and need a reason.
    assert_eq!(get_as(&scene, REGULATOR, &path).await.status, 400);
}

#[actix_web::test]
async fn a_row_whose_record_does_not_show_it_is_counted_and_not_shown() {
    let scene = partner_scene("master_broken").await;
    let id = product(GTIN);
    let named = element("EPCClass", &id, &[("cbvmda:descriptionShort", "Tea")], &[]);
    state_by(&scene, FACTORY_PARTY, 1, &document(&named)).await;
    for change in ["document_sha256 = sha256('x')", "leaf_index = 0"] {
        scene.db.execute(&format!("update master_data set {change}")).await.expect("changed");
        let answer = get_as(&scene, AUDITOR, &path_of("product", &id)).await;
        assert_eq!(statements(&answer), [], "{change}");
        assert_eq!(answer.json()["chopmark:brokenRecords"], 1, "{change}");
    }
}

#[actix_web::test]
async fn a_document_is_taken_once_and_one_that_cannot_be_read_leaves_a_note() {
    let scene = partner_scene("master_once").await;
    let id = product(OTHER_GTIN);
    let body = document(&element("EPCClass", &id, &[("cbvmda:descriptionShort", "Tea")], &[]));
    state_by(&scene, FACTORY_PARTY, 1, &body).await;
    scene.db.execute("update master_data set ended_at = now()").await.expect("ended");
    state_by(&scene, FACTORY_PARTY, 1, &body).await;
    let found = sql::master::of_elements(&scene.db, &[&*epc::thing_key(&id)], None, 10).await;
    assert_eq!(found.expect("asked"), [], "it is not taken again");
    state_by(&scene, FACTORY_PARTY, 2, b"{ no document").await;
    state_by(&scene, "", 3, &document(&element("EPCClass", &id, &[("a", "b")], &[]))).await;
    let stated = sql::master::of_elements(&scene.db, &[&*epc::thing_key(&id)], None, 10).await;
    assert_eq!(stated.expect("asked"), [], "what nobody stated is not the operator's word");
}

#[actix_web::test]
async fn pages_name_products_and_places_by_what_counts_and_run_no_script_of_it() {
    let scene = partner_scene("master_pages").await;
    let script = "<script>alert(1)</script>";
    let names = [("cbvmda:name", "Corner shop"), ("cbvmda:city", script)];
    let all = joined(&[
        element("EPCClass", &product(OTHER_GTIN), &[("cbvmda:descriptionShort", script)], &[]),
        element("BusinessLocation", SHOP, &names, &[]),
    ]);
    state_by(&scene, FACTORY_PARTY, 1, &document(&all)).await;
    let seen = refresh(&scene.state, &None).await.expect("read");
    assert_eq!(scene.state.config().names.place(SHOP).expect("a name").name_zh, "Corner shop");
    assert_eq!(scene.state.config().names.place(FACTORY).expect("a name").name_en, "Factory");
    let page = scene.get(&format!("/01/{OTHER_GTIN}"), &[("Accept", "text/html")]).await;
    assert!(page.body.contains("alert(1)"), "{}", page.body);
    assert!(!page.body.contains(script), "{}", page.body);
    let item = format!("/01/{GTIN}/21/9876");
    let item = scene.get(&item, &[("Accept", "text/html")]).await;
    assert_eq!(item.status, 200);
    assert!(!item.body.contains(script), "{}", item.body);
    // Names of files that are read again leave these as they are.
    scene.state.rename(&crate::testing::names(None));
    assert!(scene.state.config().names.place(SHOP).is_some());
    // Another party's word names nothing.
    let theirs = element("BusinessLocation", CENTRE, &[("cbvmda:name", "Ours")], &[]);
    state_by(&scene, SHOP_PARTY, 2, &document(&theirs)).await;
    refresh(&scene.state, &Some(seen)).await.expect("read");
    assert!(scene.state.config().names.place(CENTRE).is_none());
}

#[actix_web::test]
async fn events_are_in_the_order_of_an_extension_field_over_pages_in_both_directions() {
    let scene = partner_scene("master_ordered").await;
    for (number, weight) in [(1, "10"), (2, "9"), (3, "100"), (4, "9")] {
        let event = further(number)
            .with(
                "@context",
                Json::Array(vec![object([("ex", Json::from("https://ex.example/"))])]),
            )
            .with("ex:weight", Json::Number(weight.to_owned()));
        scene.site.append(&[event], "2026-11-22T05:00:00Z").await;
    }
    project(&scene).await;
    let id = |number: usize| format!("urn:uuid:10000000-0000-4000-8000-{number:012}");
    for (direction, order) in [("ASC", [2, 4, 1, 3]), ("DESC", [3, 1, 2, 4])] {
        let query = format!("orderBy=https://ex.example/weight&orderDirection={direction}");
        let mut path = format!("/events?perPage=3&{query}");
        let mut found = Vec::new();
        while found.len() < 6 {
            let answer = get_as(&scene, AUDITOR, &path).await;
            found.extend(ids_of(&answer));
            path = next_of(&answer).expect("there are more");
        }
        assert_eq!(found[..4], order.map(id), "{direction}");
        found.sort();
        found.dedup();
        assert_eq!(found.len(), 6, "no event is on two pages");
    }
    let first = "/events?orderBy=https://ex.example/weight&orderDirection=ASC&eventCountLimit=2";
    assert_eq!(ids_of(&get_as(&scene, AUDITOR, first).await), [id(2), id(4)]);
    let all =
        get_as(&scene, AUDITOR, "/events?perPage=100&orderBy=https://ex.example/weight").await;
    let all = ids_of(&all);
    assert_eq!(all[..4], [3, 1, 2, 4].map(id), "events without the field come last");
    assert!(all.len() > 10);
}

/// Path and parameters of the next page.
fn next_of(answer: &Answer) -> Option<String> {
    let link = answer.header("link").strip_prefix("<https://trace.example")?;
    Some(link.split_once('>')?.0.to_owned())
}

#[actix_web::test]
async fn elements_of_a_kind_are_listed_in_pages_and_those_that_may_not_be_seen_are_counted() {
    let scene = partner_scene("master_list").await;
    let said = |gtin: &str, name: &str| {
        element("EPCClass", &product(gtin), &[("cbvmda:descriptionShort", name)], &[])
    };
    let both = joined(&[said(GTIN, "Tea"), said(OTHER_GTIN, "Cups")]);
    state_by(&scene, FACTORY_PARTY, 1, &document(&both)).await;
    let claimed = said(GTIN, "Poison");
    state_by(&scene, SHOP_PARTY, 2, &document(&claimed)).await;

    let all = get_as(&scene, AUDITOR, "/master-data/product").await;
    let mut names = values(&all);
    names.sort();
    assert_eq!(names, ["Cups", "Tea"], "what counts, and no claim: {}", all.body);
    assert_eq!((next_of(&all), &all.json()["chopmark:hiddenElements"]), (None, &Value::from(0)));

    let (mut path, mut paged) = (Some("/master-data/product?perPage=1".to_owned()), Vec::new());
    while let Some(page) = path {
        let answer = get_as(&scene, AUDITOR, &page).await;
        let found = values(&answer);
        assert_eq!(found.len(), 1, "{}", answer.body);
        paged.extend(found);
        path = next_of(&answer);
        if let Some(next) = &path {
            let other = next.replace("/product?", "/place?");
            assert_eq!(get_as(&scene, AUDITOR, &other).await.status, 400, "another list's token");
            assert_eq!(get_as(&scene, AUDITOR_2, next).await.status, 400, "another caller's token");
        }
    }
    paged.sort();
    assert_eq!(paged, names);

    // The stranger is the shop, which spoke of one of them and has no event with the other.
    let hidden = get_as(&scene, STRANGER, "/master-data/product").await;
    assert_eq!(hidden.json()["chopmark:hiddenElements"], 1, "{}", hidden.body);
    assert_eq!(values(&hidden), ["Tea"]);
    let parties = get_as(&scene, STRANGER, "/master-data/party").await;
    assert!(values(&parties).contains(&"Shop".to_owned()), "{}", parties.body);
    assert_eq!(get_as(&scene, AUDITOR, "/master-data/people").await.status, 404);
    let nobody = crate::testing::get(&scene.state, "/master-data/product", &[]).await;
    assert_eq!(nobody.status, 401, "{}", nobody.body);
}
