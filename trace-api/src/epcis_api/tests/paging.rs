//! Pages: whole, stable, bound to their list and caller.

use actix_web::http::Method;

use super::*;

/// All pages of a list.
async fn pages(scene: &Scene, first: &str, between: impl AsyncFn()) -> Vec<Vec<String>> {
    let mut pages = Vec::new();
    let mut next = Some(first.to_owned());
    while let Some(path) = next {
        let answer = get_as(scene, AUDITOR, &path).await;
        pages.push(ids_of(&answer));
        next = next_of(&answer);
        between().await;
        assert!(pages.len() < 50, "the list does not end");
    }
    pages
}

#[actix_web::test]
async fn every_event_is_on_one_page_while_events_are_captured_between_pages() {
    let scene = partner_scene("paging_stable").await;
    let whole = ids_of(&get_as(&scene, AUDITOR, "/events").await);
    assert_eq!(whole.len(), 11);
    for order in [
        "",
        "&orderBy=eventTime",
        "&orderBy=recordTime&orderDirection=ASC",
        "&orderBy=eventTime&orderDirection=ASC",
    ] {
        let already =
            ids_of(&get_as(&scene, AUDITOR, &format!("/events?perPage=1000{order}")).await);
        let number = std::cell::Cell::new(already.len());
        let capture = async || {
            number.set(number.get() + 1);
            scene.site.append(&[further(number.get())], "2026-11-22T09:00:00Z").await;
            project(&scene).await;
        };
        let pages = pages(&scene, &format!("/events?perPage=3{order}"), capture).await;
        assert!(pages.iter().all(|page| page.len() <= 3), "{pages:?}");
        let shown: Vec<String> = pages.concat();
        assert_eq!(shown, already, "{order}");
    }
}

#[actix_web::test]
async fn a_token_is_of_one_list_and_one_caller_and_ends() {
    let scene = partner_scene("paging_tokens").await;
    let first = get_as(&scene, AUDITOR, "/events?perPage=3&EQ_action=ADD%7COBSERVE%7CDELETE").await;
    let next = next_of(&first).expect("more pages");
    assert_eq!(ids_of(&get_as(&scene, AUDITOR, &next).await).len(), 3);
    let token = next.split("nextPageToken=").nth(1).unwrap();
    for (who, path, says) in [
        (AUDITOR_2, next.clone(), "another caller"),
        (AUDITOR, format!("/events?nextPageToken={token}"), "another list"),
        (AUDITOR, format!("/epcs?nextPageToken={token}"), "another list"),
        (AUDITOR, format!("/events?nextPageToken={}x", &token[..token.len() - 1]), "did not make"),
        (AUDITOR, "/events?nextPageToken=abc".to_owned(), "did not make"),
    ] {
        let answer = get_as(&scene, who, &path).await;
        assert_eq!(answer.status, 400, "{path}: {}", answer.body);
        let problem = answer.json();
        assert_eq!(problem["type"], "epcisException:QueryParameterException");
        assert!(problem["detail"].as_str().unwrap().contains(says), "{path}: {}", answer.body);
    }
    let back = format!("/nextPageToken/{token}");
    let given = ask(&scene.state, Audience::Public, &Method::DELETE, &back, &[AUDITOR]).await;
    assert_eq!(given.status, 204, "{}", given.body);
    let answer = get_as(&scene, AUDITOR, &next).await;
    assert_eq!(answer.status, 400);
    assert!(answer.body.contains("has ended"), "{}", answer.body);
    let forged =
        ask(&scene.state, Audience::Public, &Method::DELETE, "/nextPageToken/abc", &[AUDITOR])
            .await;
    assert_eq!(forged.status, 400);
}

#[actix_web::test]
async fn the_limits_of_a_query_hold_over_all_pages() {
    let scene = partner_scene("paging_limits").await;
    let none = async || {};
    let path = "/events?orderBy=eventTime&eventCountLimit=5&perPage=2";
    let pages = pages(&scene, path, none).await;
    assert_eq!(pages.iter().map(Vec::len).collect::<Vec<_>>(), [2, 2, 1]);
    let enough = get_as(&scene, AUDITOR, "/events?maxEventCount=11").await;
    assert_eq!(ids_of(&enough).len(), 11);
    let more = get_as(&scene, AUDITOR, "/events?maxEventCount=10").await;
    assert_eq!(more.status, 413);
    assert_eq!(more.json()["type"], "epcisException:QueryTooLargeException");
}
