//! What partners and people who scan are told of an event that was erased.

use super::*;

const ERASED: &str = "urn:uuid:00000000-0000-4000-8000-000000000001";
const PAGE: &str = "/01/04012345111118/21/9876";

#[actix_web::test]
async fn an_erased_event_is_found_by_no_query_and_its_address_says_when_and_why() {
    let scene = partner_scene("erased_event").await;
    let path = format!("/events/{ERASED}");
    assert_eq!(get_as(&scene, AUDITOR, &path).await.status, 200);
    let count = async || {
        let answer = get_as(&scene, AUDITOR, "/events").await.json();
        answer["epcisBody"]["queryResults"]["resultsBody"]["eventList"].as_array().unwrap().len()
    };
    let before = count().await;
    scene.site.erase(1, "asked for", "2026-11-24T08:00:00Z").await;
    let answer = get_as(&scene, AUDITOR, &path).await;
    assert_eq!(answer.status, 404, "{}", answer.body);
    let said = "the event of this id was erased on 2026-11-24: asked for";
    assert!(answer.body.contains(said), "{}", answer.body);
    assert_eq!(count().await, before - 1);
}

#[actix_web::test]
async fn the_page_of_an_item_says_in_both_languages_that_a_record_was_erased_and_is_a_gap() {
    let scene = partner_scene("erased_page").await;
    let page = async |language: &str| {
        let headers = [("Accept", "text/html"), ("Accept-Language", language)];
        scene.get(PAGE, &headers).await.body
    };
    assert!(!page("en").await.contains("rased"));
    scene.site.erase(1, "asked for", "2026-11-24T08:00:00Z").await;
    let english = page("en").await;
    for said in [
        "Erased: the content of a record was erased on 2026-11-24 (asked for)",
        "its content was erased; it does not count",
    ] {
        assert!(english.contains(said), "{said}: {english}");
    }
    let chinese = page("zh").await;
    for said in ["已删除：一条记录的内容于 2026-11-24 被删除（asked for）", "内容已删除，不作数"]
    {
        assert!(chinese.contains(said), "{said}: {chinese}");
    }
}
