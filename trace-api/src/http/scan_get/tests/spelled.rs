//! Scans of codes that spell an item otherwise: short GTINs, links only, a serial in the wrong place.

use super::*;

#[actix_web::test]
async fn a_serial_among_the_attributes_is_explained_with_the_right_link() {
    let state = state_without_database().await;
    let right = format!("https://trace.example/01/{GTIN}/21/{SERIAL}");
    let path = format!("/01/{GTIN}?21={SERIAL}");
    let answer = get(&state, &path, &[JSON]).await;
    let detail =
        format!("the serial or lot of this code is among its attributes; expected {right}");
    answer.assert_problem(404, "not-found", &detail);
    for (language, words) in [("zh", "此码的写法不正确"), ("en", "is not written correctly")]
    {
        let page =
            get(&state, &format!("{path}&lang={language}"), &[("Accept", "text/html")]).await;
        assert_eq!(page.status, 200);
        let link = format!("href=\"{right}\">{right}<svg");
        assert!(page.body.contains(words) && page.body.contains(&link), "{}", page.body);
        assert!(page.body.contains("overflow-wrap:anywhere"), "a long link is broken into lines");
    }
    for attack in ["%3Cscript%3E", "%22%3E%3Cscript%3E"] {
        let script = get(&state, &format!("/01/{GTIN}?21={attack}"), &[]).await;
        assert!(!script.body.contains("<script>"), "{}", script.body);
    }
}

#[actix_web::test]
async fn the_right_link_is_at_our_public_address_whoever_is_asked_for() {
    for public_url in ["http://127.0.0.1:8084", "https://trace.example/of/brand"] {
        let mut config = crate::testing::config(String::new());
        config.public_url = public_url.to_owned();
        let without = state_without_database().await;
        let state = crate::testing::state(without.db.clone(), config);
        let other = ("Host", "evil.example");
        let page = get(&state, &format!("/01/{GTIN}?21={SERIAL}"), &[other]).await;
        let right = format!("{public_url}/01/{GTIN}/21/{SERIAL}");
        let link = format!("href=\"{right}\">{right}<svg");
        assert!(page.body.contains(&link), "{}", page.body);
        assert!(!page.body.contains("evil.example"), "{}", page.body);
    }
}

#[actix_web::test]
async fn a_gtin_of_13_digits_is_the_same_product_with_its_name() {
    let scene = Scene::journey("scan_short_gtin").await;
    let short = format!("/01/{}/21/{SERIAL}", &GTIN[1..]);
    assert_eq!(scene.get(&short, &[JSON]).await.json(), scan(&scene).await);
    let page = scene.get(&format!("{short}?lang=en"), &[]).await;
    assert!(page.body.contains("Bamboo spring tea"), "{}", page.body);
}

#[actix_web::test]
async fn a_gtin_of_8_12_or_13_digits_is_the_one_of_14_with_zeros_before_it() {
    let scene = Scene::journey("scan_gtin_lengths").await;
    for short in ["96385074", "614141000036", "4012345111118"] {
        let whole = format!("{short:0>14}");
        let [one, other] = [short, &whole].map(|gtin| format!("/01/{gtin}/21/7"));
        let named = scene.get(&one, &[JSON]).await.json();
        assert_eq!(named, scene.get(&other, &[JSON]).await.json(), "{short}");
        let page = scene.get(&format!("/01/{short}?lang=en"), &[("Accept", "text/html")]).await;
        assert_eq!(page.status, 200, "{short}");
        let links = scene.get(&format!("/01/{short}?linkType=linkset"), &[]).await.json();
        let anchor = format!("https://trace.example/01/{whole}");
        assert_eq!(links["linkset"][0]["anchor"], anchor.as_str(), "{links}");
    }
    for none in ["9638507", "963850741", "0000009638507", "000000963850740"] {
        let page = scene.get(&format!("/01/{none}?lang=en"), &[("Accept", "text/html")]).await;
        assert_eq!(page.status, 400, "{none}");
    }
}

#[actix_web::test]
async fn an_item_that_only_links_name_is_shown_by_its_link_and_scanned_once() {
    let link = format!("https://brand.example/01/{GTIN}/10/L1/21/{SERIAL}");
    let canonical = format!("https://id.gs1.org/01/{GTIN}/21/{SERIAL}");
    let scene = Scene::with("scan_link_only", &[commissioning().of(&[&link])]).await;
    let answer = scan(&scene).await;
    assert_eq!((&answer["item"], &answer["verdict"]), (&json!(canonical), &json!("CONSISTENT")));
    let scans = sql::scans::of_item(&scene.db, ITEM).await.unwrap();
    assert_eq!(scans.len(), 1);
    assert_eq!(scans[0].item, canonical);
}
