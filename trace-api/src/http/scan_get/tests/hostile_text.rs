//! Scripts in every text that can reach a page, and what scans of two brands have in common.

use std::collections::HashSet;
use std::sync::Arc;

use actix_web::web::Data;
use history::testing::{CENTRE, FACTORY, ITEM, SHOP, object_event, packing_event, rights};
use ledger::json::{Json, object};

use super::*;
use crate::config::Config;
use crate::names::{Names, Product};
use crate::places::{PlaceName, Places};
use crate::state::AppState;

const SCRIPT: &str =
    "</title><script>alert(1)</script><img src=x onerror=alert(2)>\"'><svg/onload=alert(3)>";

/// Names of products, brands and places that are scripts.
fn hostile_names() -> Names {
    let product = Product {
        gtin: GTIN.into(),
        name_zh: SCRIPT.into(),
        name_en: SCRIPT.into(),
        pack_zh: SCRIPT.into(),
        pack_en: SCRIPT.into(),
        brand_zh: SCRIPT.into(),
        brand_en: SCRIPT.into(),
        picture: None,
        recall_url: Some(format!("https://brand.example/{SCRIPT}")),
        links: Vec::new(),
        markets: vec![SCRIPT.into()],
        token_key: None,
        code_key: None,
        authenticator: None,
    };
    let place = |sgln: &str| PlaceName {
        sgln: sgln.into(),
        name_zh: SCRIPT.into(),
        name_en: SCRIPT.into(),
        city_zh: SCRIPT.into(),
        city_en: SCRIPT.into(),
    };
    Names::new(vec![product], Places::new([FACTORY, CENTRE, SHOP].map(place).into()))
}

/// Events with scripts in every member that a partner writes.
fn hostile_events() -> Vec<history::testing::EventDraft> {
    let ilmd = object([
        ("cbvmda:lotNumber", Json::from(SCRIPT)),
        ("cbvmda:itemExpirationDate", Json::from(SCRIPT)),
        ("brand:markets", Json::from(SCRIPT)),
    ]);
    let metadata = object([("startTime", Json::from("2026-11-21T02:00:00Z"))]);
    let report = object([
        ("type", Json::from(SCRIPT)),
        ("maxValue", Json::Number("9.2".into())),
        ("uom", Json::from(SCRIPT)),
        ("stringValue", Json::from(SCRIPT)),
    ]);
    let element =
        object([("sensorMetadata", metadata), ("sensorReport", Json::Array(vec![report]))]);
    let warm = object_event("2026-11-21T02:10:00Z", "sensor_reporting")
        .with(
            "persistentDisposition",
            object([("set", Json::Array(vec!["non_conformant".into()]))]),
        )
        .with("sensorElementList", Json::Array(vec![element]));
    let mut said = object_event("2026-11-22T02:00:00Z", SCRIPT).at(SHOP).disposition(SCRIPT);
    for member in ["eventID", "brand:note", "certificationInfo", "eventTimeZoneOffset"] {
        said = said.with(member, SCRIPT.into());
    }
    vec![
        commissioning().with("ilmd", ilmd),
        packing_event("2026-11-20T03:00:00Z", "ADD", SCRIPT, &[ITEM]).at(FACTORY),
        packing_event("2026-11-20T04:00:00Z", "DELETE", SCRIPT, &[ITEM]).at(FACTORY),
        warm.at(CENTRE),
        said,
        object_event("2026-11-22T03:00:00Z", "holding").disposition("recalled").at(SCRIPT),
        object_event("2026-11-22T04:00:00Z", "storing").read_at(SCRIPT),
    ]
}

#[actix_web::test]
async fn a_script_in_any_text_of_names_events_headers_or_the_address_stays_text() {
    let scene = Scene::with("hostile_text", &hostile_events()).await;
    let mut scene = scene.with_config(|config| {
        config.names = Arc::new(hostile_names());
        config.report_contact = Some(format!("mailto:{SCRIPT}"));
        config.show_parties = true;
        config.place_header = Some("x-place".into());
    });
    let mut rights = rights();
    assert!(rights.parties.edit("factory", |party| party.name = SCRIPT.into()));
    let (config, clock) = (Config::clone(&scene.state.config()), scene.state.clock.clone());
    let state = AppState::new(config, scene.db.db(), clock).with_rights(rights);
    scene.state = Data::new(state);
    scene.site.append(&[sale(11)], "2026-11-22T05:00:00Z").await;
    let place = format!("{};31.23;121.47;20;CN", SCRIPT.replace(';', ""));
    let agent = format!("Mozilla/5.0 {SCRIPT}");
    let headers = [
        ("X-Place", &*place),
        ("User-Agent", &*agent),
        ("Accept-Language", SCRIPT),
        ("Referer", SCRIPT),
        ("Accept", "text/html"),
    ];
    let own = format!("/01/{GTIN}/21/{SERIAL}");
    let escaped = percent_encoding::utf8_percent_encode(SCRIPT, percent_encoding::NON_ALPHANUMERIC);
    let paths = [
        own.clone(),
        format!("{own}?lang=zh"),
        format!("{own}?lang={escaped}&t={escaped}"),
        format!("/01/{GTIN}"),
        format!("/01/{GTIN}/10/{escaped}/21/{SERIAL}"),
        format!("/01/{GTIN}/21/x?10={escaped}"),
        format!("/414/{GTIN}/254/{escaped}"),
        format!("/{escaped}"),
    ];
    for path in &paths {
        let page = scene.get(path, &headers).await;
        assert!(page.header("content-type").starts_with("text/html"), "{path}: {}", page.body);
        for raw in ["<script>alert", "<img src=x", "<svg/onload", "</title><script"] {
            assert!(!page.body.contains(raw), "{path}: {raw} in {}", page.body);
        }
    }
    let page = scene.get(&own, &headers).await.body;
    assert!(page.contains("alert(1)"), "the names are there, as text");
}

#[actix_web::test]
async fn scans_of_two_brands_by_one_phone_have_no_mark_in_common() {
    let scene = Scene::journey("hostile_marks").await;
    let other = "urn:epc:id:sgtin:0614141.112345.400";
    let link = epc::Epc::from_uri(other).unwrap().to_digital_link();
    let path = link.strip_prefix("https://id.gs1.org").unwrap();
    for path in [&*format!("/01/{GTIN}/21/{SERIAL}"), path] {
        assert_eq!(scene.get(path, &[("X-Forwarded-For", "203.0.113.7")]).await.status, 200);
    }
    let marks = async |item: &str| -> HashSet<Vec<u8>> {
        let scans = sql::scans::of_item(&scene.db, item).await.unwrap();
        assert_eq!(scans.len(), 1, "{item}");
        let both = scans.into_iter().flat_map(|scan| [scan.device, scan.network]);
        both.flat_map(|mark| [mark.own, mark.before]).collect()
    };
    let (own, others) = (marks(ITEM).await, marks(&link).await);
    assert_eq!((own.len(), others.len()), (4, 4));
    assert!(own.is_disjoint(&others));
}
