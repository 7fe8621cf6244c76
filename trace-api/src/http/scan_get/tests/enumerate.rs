//! What somebody tries who goes through serial numbers: bursts through every door, and products whose items have tokens.

use std::sync::Arc;

use access::TokenKey;
use actix_web::http::Method;
use history::testing::ITEM;
use ledger::bundle::{Outcome, verify};

use super::*;
use crate::names::{Names, Product};
use crate::places::Places;
use crate::state::Audience;
use crate::testing::{Answer, ask};

const KEY: &str = "0123456789abcdef0123456789abcdef";

/// A scene whose product asks for tokens.
async fn with_tokens(name: &str) -> Scene {
    let scene = Scene::with(name, &[commissioning()]).await;
    scene.with_config(|config| {
        let product = config.names.product(GTIN).cloned().unwrap();
        let token_key = TokenKey::read(KEY).ok();
        let product = Product { token_key, ..product };
        config.names = Arc::new(Names::new(vec![product], Places::default()));
    })
}

/// Only what is guessed is bounded.
fn with_no_other_limit(scene: Scene) -> Scene {
    scene.with_config(|config| {
        config.rates.requests_per_minute = 1_000_000;
        config.rates.requests_per_second = 1_000_000;
    })
}

fn token(serial: &str) -> String {
    let link = format!("https://id.gs1.org/01/{GTIN}/21/{serial}");
    TokenKey::read(KEY).unwrap().token(&link)
}

/// What can be told from an answer.
fn told(answer: &Answer) -> (u16, Vec<String>, String) {
    let headers = answer.headers.iter().map(|(name, value)| format!("{name}: {value:?}"));
    let mut headers: Vec<String> = headers.collect();
    // Their order is that of a table with random seeds.
    headers.sort();
    (answer.status.as_u16(), headers, answer.body.clone())
}

#[actix_web::test]
async fn every_door_is_closed_to_a_source_that_guesses_before_the_database_is_asked() {
    let scene = with_no_other_limit(Scene::journey("enumerate_doors").await);
    let link = format!("/01/{GTIN}/21/");
    let item = "/items/urn:epc:id:sgtin:4012345.011111.";
    let doors = [
        (link.clone(), ""),
        (link.clone(), "?linkType=linkset"),
        (format!("/01/{GTIN}/10/L1/21/"), ""),
        ("/8004/4012345".to_owned(), ""),
        (format!("/01/{}9/21/", &GTIN[..13]), ""),
        (item.to_owned(), "/history"),
        (item.to_owned(), "/bundle"),
    ];
    for (number, (begin, end)) in doors.iter().enumerate() {
        let from = format!("198.51.{number}.7");
        let headers = [JSON, ("X-Forwarded-For", &*from)];
        for guess in 0..scene.state.config().rates.unknown_per_minute {
            let answer = scene.get(&format!("{begin}g{guess}{end}"), &headers).await;
            assert_ne!(answer.status, 429, "{begin} {guess}");
        }
        let before = sql::testing::statements();
        for (begin, end) in &doors {
            // That an item exists cannot be told by the limit either.
            for serial in ["other", SERIAL] {
                let path = format!("{begin}{serial}{end}");
                let answer = scene.get(&path, &headers).await;
                assert_eq!(answer.status, 429, "{path}");
            }
        }
        assert_eq!(sql::testing::statements(), before, "{begin}");
    }
}

#[actix_web::test]
async fn many_addresses_of_one_network_share_what_they_may_guess() {
    let scene = with_no_other_limit(Scene::journey("enumerate_network").await);
    let rate = u64::from(scene.state.config().rates.unknown_per_minute);
    let mut answered = 0;
    for host in 0..=255_u8 {
        for guess in 0..2 {
            let from = format!("203.0.113.{host}");
            let path = format!("/01/{GTIN}/21/n{host}-{guess}");
            let answer = scene.get(&path, &[JSON, ("X-Forwarded-For", &from)]).await;
            answered += u64::from(answer.status == 200);
        }
    }
    assert_eq!(answered, 10 * rate);
}

/// Names and values of headers.
type Headers<'a> = &'a [(&'a str, &'a str)];

#[actix_web::test]
async fn without_its_token_every_serial_shows_the_product_whether_it_exists_or_not() {
    let scene = with_tokens("enumerate_tokens").await;
    let guesses = [
        String::new(),
        "t=".into(),
        format!("t={}", "0".repeat(16)),
        format!("t={}", token("other")),
    ];
    let serials = [SERIAL, "1", "2", "99999999999", "a%2Fb", "n%5Bne"];
    let doors: [(String, &str, Headers); 5] = [
        (format!("/01/{GTIN}/21/"), "?lang=en", &[("Accept", "text/html")]),
        (format!("/01/{GTIN}/21/"), "?lang=en", &[JSON]),
        (format!("/01/{GTIN}/10/L1/21/"), "?linkType=linkset", &[]),
        ("/items/urn:epc:id:sgtin:4012345.011111.".into(), "/history?x=y", &[JSON]),
        ("/items/urn:epc:id:sgtin:4012345.011111.".into(), "/bundle?x=y", &[JSON]),
    ];
    for (begin, end, headers) in &doors {
        let before = sql::testing::statements();
        let mut all = Vec::new();
        for serial in serials {
            for guess in &guesses {
                // Each from another network: what a limit does is another matter.
                let from = format!("203.{}.113.7", all.len());
                let headers = [*headers, &[("X-Forwarded-For", &*from)]].concat();
                let path = format!("{begin}{serial}{end}&{guess}");
                all.push((path.clone(), told(&scene.get(&path, &headers).await)));
            }
        }
        let is_item = begin.starts_with("/items/");
        for (path, one) in &all {
            assert!(*one == all[0].1, "{path}: {one:?}\n{:?}", all[0]);
            assert!(!one.2.contains(SERIAL), "{path}");
        }
        assert_eq!(all[0].1.0, if is_item || headers.contains(&JSON) { 404 } else { 200 });
        if !is_item {
            assert_eq!(sql::testing::statements(), before, "{begin}: nothing was looked up");
        }
    }
    assert!(sql::scans::of_item(&scene.db, ITEM).await.unwrap().is_empty());
}

#[actix_web::test]
async fn asking_for_options_does_not_tell_a_right_token_from_a_wrong_one() {
    let scene = with_tokens("enumerate_options").await;
    let options = async |token: &str| {
        let path = format!("/01/{GTIN}/21/{SERIAL}?t={token}");
        let answer = ask(&scene.state, Audience::Public, &Method::OPTIONS, &path, &[]).await;
        told(&answer)
    };
    let right = options(&token(SERIAL)).await;
    assert_eq!(right, options("0000000000000000").await);
    assert!(
        right.1.iter().any(|header| header.contains(&format!("/01/{GTIN}?linkType=linkset"))),
        "{right:?}"
    );
}

#[actix_web::test]
async fn a_wrong_check_digit_is_no_way_around_the_token() {
    let scene = with_tokens("enumerate_digit").await;
    let answer = async |serial: &str| {
        let path = format!("/01/{}9/21/{serial}?lang=en", &GTIN[..13]);
        let answer = scene.get(&path, &[JSON]).await;
        (answer.status.as_u16(), answer.body)
    };
    assert_eq!(answer(SERIAL).await, answer("1").await);
    assert!(sql::findings::of_item(&scene.db, ITEM).await.unwrap().is_empty());
}

#[actix_web::test]
async fn with_its_token_an_item_is_shown_and_every_link_of_its_page_has_it() {
    let scene = with_tokens("enumerate_right").await;
    let token = token(SERIAL);
    let path = format!("/01/{GTIN}/21/{SERIAL}?t={token}");
    assert_eq!(scene.get(&path, &[JSON]).await.json()["verdict"], "CONSISTENT");
    let lot = format!("/01/{GTIN}/10/L1/21/{SERIAL}?t={}", token.to_uppercase());
    assert_eq!(scene.get(&lot, &[JSON]).await.json()["verdict"], "CONSISTENT");
    let page = scene.get(&format!("{path}&lang=en"), &[]).await.body;
    let links = page.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next());
    let own = links.filter(|link| link.contains(SERIAL) || link.starts_with('?'));
    // The form of a report names the item and shows nothing of it.
    let own: Vec<&str> = own.filter(|link| !link.starts_with("/report?")).collect();
    assert!(
        own.len() >= 3 && own.iter().all(|link| link.contains(&format!("t={token}"))),
        "{own:?}"
    );
    let bundle = own.iter().find(|link| link.contains("/bundle")).unwrap();
    let bundle = scene.get(bundle, &[]).await;
    let report = verify(bundle.body.as_bytes(), &scene.state.config().policy);
    assert_eq!(report.outcome, Outcome::Proved, "{report:?}");
    let whole = scene.get_as_operator(&format!("/items/{ITEM}/history")).await;
    assert_eq!(whole.status, 200, "the operator needs none");
    let head = ask(&scene.state, Audience::Public, &Method::HEAD, &path, &[]).await;
    assert_eq!(head.status, 200);
}
