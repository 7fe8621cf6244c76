//! Digital Links as clients resolve them: pages of every key, sets of links, links by type, compressed codes.

use std::sync::Arc;

use actix_web::http::Method;
use history::testing::{CASE, GTIN, ITEM, SERIAL, object_event};
use serde_json::{Value, json};

use super::*;
use crate::links::{GS1_VOC, Link};
use crate::names::Names;
use crate::state::Audience;
use crate::testing::{Answer, JSON, Scene, ask, commissioning, get, names, state_without_database};

const HTML: (&str, &str) = ("Accept", "text/html");
const LINKS: (&str, &str) = ("Accept", "application/linkset+json");

fn link(kind: &str, lang: &str, href: &str) -> Link {
    Link {
        kind: kind_of(kind).unwrap(),
        href: href.to_owned(),
        title: href.to_owned(),
        lang: (!lang.is_empty()).then(|| lang.to_owned()),
        media: Some("text/html".to_owned()),
    }
}

/// A scene whose product has links.
async fn scene(name: &str) -> Scene {
    let links = vec![
        link("gs1:pip", "zh", "https://factory.example/zh#top"),
        link("gs1:pip", "en", "https://factory.example/en?from=code"),
        link("gs1:faqs", "", "https://factory.example/one"),
        link("gs1:faqs", "", "https://factory.example/two"),
    ];
    let mut product = names(Some("https://factory.example/recall")).product(GTIN).unwrap().clone();
    product.links = links;
    let places = crate::places::Places::default();
    Scene::with(name, &[commissioning()])
        .await
        .with_config(|config| config.names = Arc::new(Names::new(vec![product], places)))
}

fn item() -> String {
    format!("/01/{GTIN}/21/{SERIAL}")
}

fn all_links(answer: &Answer) -> Vec<&str> {
    let links = answer.headers.get_all("Link").filter_map(|value| value.to_str().ok());
    links.collect()
}

#[actix_web::test]
async fn the_set_of_links_has_every_level_of_the_code_and_one_default() {
    let scene = scene("links_set").await;
    let path = format!("/01/{GTIN}/10/L1/21/{SERIAL}");
    let asked = scene.get(&format!("{path}?linkType=linkset"), &[]).await;
    let accepted = scene.get(&path, &[LINKS]).await;
    for answer in [&asked, &accepted] {
        assert_eq!((answer.status.as_u16(), answer.header("content-type")), (200, LINK_SET));
        assert_eq!(answer.header("access-control-allow-origin"), "*");
        assert!(all_links(answer).iter().any(|link| link.contains("linkset-context")));
    }
    assert_eq!(asked.json(), accepted.json());
    let set = asked.json();
    let levels = set["linkset"].as_array().unwrap();
    let anchors: Vec<&str> = levels.iter().filter_map(|level| level["anchor"].as_str()).collect();
    let host = "https://trace.example";
    let expected = [
        format!("{host}/01/{GTIN}/21/{SERIAL}"),
        format!("{host}/01/{GTIN}/10/L1"),
        format!("{host}/01/{GTIN}"),
    ];
    assert_eq!(anchors, expected);
    let of = |level: usize, name: &str| levels[level].get(format!("{GS1_VOC}{name}")).cloned();
    for level in levels {
        assert_eq!(level["itemDescription"], "Bamboo spring tea");
        assert!(
            level.get("description").is_none(),
            "one version of GS1's schema refuses it: {level}"
        );
    }
    let page = json!([{ "href": expected[0], "title": "Bamboo spring tea" }]);
    assert_eq!(of(0, "defaultLink"), Some(page));
    assert!(of(0, "traceability").is_some() && of(0, "pip").is_none(), "{set}");
    assert_eq!(of(2, "pip").unwrap().as_array().unwrap().len(), 2);
    assert_eq!(of(2, "pip").unwrap()[1]["hreflang"], json!(["en"]));
    assert_eq!(of(2, "recallStatus").unwrap()[0]["href"], "https://factory.example/recall");
    assert!(of(1, "defaultLink").is_none() && of(2, "defaultLink").is_none(), "one default");
    assert!(sql::scans::of_item(&scene.db, ITEM).await.unwrap().is_empty(), "none is a scan");
}

#[actix_web::test]
async fn a_type_of_link_leads_to_what_is_in_the_readers_language_and_keeps_the_query() {
    let scene = scene("links_type").await;
    let location = async |query: &str, language: &str| {
        let path = format!("{}?{query}", item());
        let answer = scene.get(&path, &[HTML, ("Accept-Language", language)]).await;
        (answer.status.as_u16(), answer.header("location").to_owned())
    };
    let english = "https://factory.example/en?from=code&linkType=gs1:pip&17=270101".to_owned();
    assert_eq!(location("linkType=gs1:pip&17=270101", "en").await, (307, english));
    let chinese = "https://factory.example/zh?linkType=https://gs1.org/voc/pip#top".to_owned();
    assert_eq!(location("linkType=https://gs1.org/voc/pip", "zh-CN").await, (307, chinese));
    assert_eq!(location("linkType=gs1:faqs", "en").await.0, 300, "two that fit alike");
    assert_eq!(location("linkType=gs1:epil", "en").await.0, 404);
    assert_eq!(location("linkType=javascript:alert(1)", "en").await.0, 400);
    assert_eq!(location("linkType=linkset&linkType=gs1:pip", "en").await.0, 400, "twice");
    let own = format!("https://trace.example{}?linkType=gs1:defaultLink", item());
    assert_eq!(location("linkType=gs1:defaultLink", "en").await, (307, own));
    let both = scene.get(&format!("{}?linkType=gs1:faqs", item()), &[]).await;
    assert!(both.json()["linkset"][0]["itemDescription"].is_string(), "{}", both.body);
    assert_eq!(both.json()["linkset"][0][format!("{GS1_VOC}faqs")].as_array().unwrap().len(), 2);
}

#[actix_web::test]
async fn an_answer_says_where_all_links_are_and_what_a_compressed_code_is() {
    let scene = scene("links_header").await;
    let page = scene.get(&item(), &[HTML]).await;
    let set = format!(
        "<https://trace.example{}?linkType=linkset>; rel=\"linkset\"; type=\"application/linkset+json\"",
        item()
    );
    assert_eq!((page.status.as_u16(), all_links(&page)), (200, vec![set.as_str()]));
    for compressed in ["/eh30164596f40c0e5cbe991a83", "/exMBZFlvQMDly-mRqD"] {
        let answer = scene.get(compressed, &[JSON]).await;
        let same = "<https://trace.example/01/09528765123457/21/123456789123>; rel=\"owl:sameAs\"";
        assert_eq!(answer.status, 200, "{}", answer.body);
        assert!(all_links(&answer).contains(&same), "{:?}", all_links(&answer));
        assert_eq!(answer.json()["verdict"], "NOT_COVERED");
    }
}

#[actix_web::test]
async fn every_key_has_a_page_in_both_languages_and_what_is_no_code_is_refused() {
    let scene =
        Scene::with("links_keys", &[object_event("2026-11-20T08:00:00Z", "packing").of(&[CASE])])
            .await;
    let case = epc::identify(CASE).unwrap().to_digital_link();
    let case = case.strip_prefix("https://id.gs1.org").unwrap();
    let found = scene.get(case, &[JSON]).await;
    assert_eq!((found.status.as_u16(), &found.json()["item"]), (200, &json!(CASE)));
    let page = scene.get(case, &[HTML]).await;
    assert!(page.body.contains("<dt>SSCC</dt>"), "{}", page.body);
    for (path, status, words) in [
        ("/414/9521141111116", 200, "GLN 9521141111116"),
        ("/417/9521141111116", 200, "party GLN"),
        ("/8013/9521141ABCDEFGHGC", 200, "GMN"),
        ("/8013/9521141ABCDEFGHGD", 400, ""),
        (
            "/415/9521141111116/8020/INV-17",
            200,
            "payee GLN 9521141111116 · payment reference INV-17",
        ),
        ("/415/9521141111116", 400, ""),
        ("/8006/095211411234540302/21/7", 400, ""),
        ("/8004/9521141abc", 200, "9521141abc"),
        ("/01/09521141123454/10/L", 200, "09521141123454"),
        ("/01/09521141123455", 400, ""),
        ("/01/09521141123455/21/7", 200, "09521141123455"),
        ("/414/9521141111117", 400, ""),
        ("/8003/1", 400, ""),
        ("/01/09521141123454/21/7/10/L", 400, ""),
        ("/00/140123452345678902/21/7", 400, ""),
        ("/eh00", 400, ""),
        ("/exA", 400, ""),
    ] {
        for language in ["zh", "en"] {
            let answer = scene.get(&format!("{path}?lang={language}"), &[HTML]).await;
            assert_eq!(answer.status.as_u16(), status, "{path}: {}", answer.body);
            assert!(answer.header("content-type").starts_with("text/html"), "{path}");
            assert!(answer.body.contains(words), "{path}: {}", answer.body);
        }
        let slash = scene.get(&format!("{path}/"), &[HTML]).await;
        assert_eq!(slash.status.as_u16(), status, "{path}/");
        let head = ask(&scene.state, Audience::Public, &Method::HEAD, path, &[HTML]).await;
        assert_eq!(head.status.as_u16(), status, "HEAD {path}");
    }
}

#[actix_web::test]
async fn a_lot_in_the_code_that_is_not_the_recorded_one_is_noticed() {
    let scene = scene("links_lot").await;
    let notices = async |lot: &str| -> Value {
        let path = format!("/01/{GTIN}/10/{lot}/21/{SERIAL}");
        scene.get(&format!("{path}?lang=en"), &[JSON]).await.json()["notices"].clone()
    };
    let wrong = "The lot in this code is L9, the lot in the records is L1: this code may not be the one that the brand printed";
    assert!(notices("L9").await.as_array().unwrap().contains(&json!(wrong)));
    assert!(!notices("L1").await.to_string().contains("The lot in this code"));
    let page = scene.get(&format!("/01/{GTIN}/10/%3Cb%3E/21/{SERIAL}?lang=en"), &[HTML]).await;
    assert!(page.body.contains("The lot in this code is &#60;b&#62;"), "{}", page.body);
}

#[actix_web::test]
async fn programs_of_other_sites_may_ask_and_learn_what_the_resolver_is() {
    let state = state_without_database().await;
    let options = ask(&state, Audience::Public, &Method::OPTIONS, &item(), &[]).await;
    assert_eq!((options.status.as_u16(), options.header("allow")), (204, METHODS));
    assert_eq!(options.header("access-control-allow-origin"), "*");
    let set = format!("<https://trace.example{}?linkType=linkset>; rel=\"linkset\"", item());
    assert!(all_links(&options)[0].starts_with(&set), "{:?}", all_links(&options));
    let malformed = ask(&state, Audience::Public, &Method::OPTIONS, "/414/1", &[]).await;
    assert_eq!((malformed.status.as_u16(), all_links(&malformed).len()), (204, 0));
    let post = ask(&state, Audience::Public, &Method::POST, &item(), &[]).await;
    assert_eq!(post.status, 405);
    let described = get(&state, "/.well-known/gs1resolver", &[]).await;
    assert_eq!(
        (described.status.as_u16(), described.header("content-type")),
        (200, "application/json")
    );
    let described = described.json();
    assert_eq!(described["resolverRoot"], "https://trace.example");
    assert_eq!(described["supportedPrimaryKeys"].as_array().unwrap().len(), 16);
    assert_eq!(described["linkTypeDefaultCanBeLinkset"], false);
    let context = "https://ref.gs1.org/standards/resolver/linkset-context";
    assert_eq!(described["jsonLdContextLocation"], context);
}

#[actix_web::test]
async fn asking_for_links_costs_as_much_of_the_limit_as_asking_for_a_verdict() {
    let scene =
        scene("links_limit").await.with_config(|config| config.rates.requests_per_minute = 10);
    let path = format!("{}?linkType=linkset", item());
    let mut last = 200;
    for _ in 0..40 {
        last = scene.get(&path, &[]).await.status.as_u16();
    }
    assert_eq!(last, 429);
}
