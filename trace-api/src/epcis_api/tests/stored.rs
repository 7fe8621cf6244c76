//! Queries under a name.

use std::net::SocketAddr;

use actix_web::test;

use super::*;

/// Sends a body.
pub async fn post(scene: &Scene, who: (&str, &str), path: &str, body: &str) -> Answer {
    let application = crate::http::application(scene.state.clone(), Audience::Public);
    let service = test::init_service(application).await;
    let request = test::TestRequest::post()
        .uri(path)
        .peer_addr(SocketAddr::from(([127, 0, 0, 1], 40000)))
        .insert_header(who)
        .insert_header(("Content-Type", "application/json"))
        .set_payload(body.to_owned());
    let response = test::call_service(&service, request.to_request()).await;
    let (status, headers) = (response.status(), response.headers().clone());
    let body = test::read_body(response).await;
    Answer { status, headers, bytes: body.len(), body: String::from_utf8_lossy(&body).into_owned() }
}

const RECEIVED: &str =
    r#"{"name":"received","query":{"eventType":["ObjectEvent"],"EQ_bizStep":["receiving"]}}"#;

#[actix_web::test]
async fn a_stored_query_is_listed_answered_and_deleted_by_the_one_who_stored_it_alone() {
    let scene = partner_scene("stored_alone").await;
    let made = post(&scene, FACTORY_KEY, "/queries", RECEIVED).await;
    assert_eq!(made.status, 201, "{}", made.body);
    assert_eq!(made.header("location"), "https://trace.example/queries/received");
    let twice = post(&scene, FACTORY_KEY, "/queries", RECEIVED).await;
    assert_eq!(twice.status, 409);
    assert_eq!(twice.json()["type"], "epcisException:ResourceAlreadyExistsException");
    let list = get_as(&scene, FACTORY_KEY, "/queries").await.json();
    assert_eq!(list[0]["name"], "received");
    assert_eq!(list[0]["query"]["EQ_bizStep"][0], "receiving");
    let answer = get_as(&scene, FACTORY_KEY, "/queries/received/events").await;
    assert_eq!(ids_of(&answer).len(), 2);
    assert_eq!(answer.json()["epcisBody"]["queryResults"]["queryName"], "received");
    for path in ["/queries/received", "/queries/received/events"] {
        let answer = get_as(&scene, STRANGER, path).await;
        assert_eq!(answer.status, 404, "{path}: {}", answer.body);
        assert_eq!(answer.json()["type"], "epcisException:NoSuchNameException");
    }
    let delete = async |who| {
        ask(&scene.state, Audience::Public, &Method::DELETE, "/queries/received", &[who])
            .await
            .status
    };
    assert_eq!(delete(STRANGER).await, 404);
    assert_eq!(delete(FACTORY_KEY).await, 204);
    assert_eq!(delete(FACTORY_KEY).await, 404);
}

#[actix_web::test]
async fn a_body_that_is_no_query_is_refused_with_what_was_expected() {
    let scene = partner_scene("stored_refused").await;
    for (body, status, says) in [
        ("{", 400, "the body is not JSON"),
        ("[]", 400, "expected an object with `name`"),
        (r#"{"name":"a"}"#, 400, "expected an object with `name`"),
        (r#"{"name":"a b","query":{}}"#, 400, "name: got `a b`"),
        (r#"{"name":"..","query":{}}"#, 400, "name: got `..`"),
        (r#"{"name":"a","query":{"EQ_nothing":["x"]}}"#, 400, "EQ_nothing"),
        (r#"{"name":"a","query":{},"more":1}"#, 400, "expected an object with `name`"),
        (&*format!("\"{}\"", "a".repeat(70_000)), 413, "more than 65536 bytes"),
    ] {
        let answer = post(&scene, FACTORY_KEY, "/queries", body).await;
        assert_eq!(answer.status, status, "{}", answer.body);
        assert!(answer.body.contains(says), "{says}: {}", answer.body);
    }
    let xml = ask(
        &scene.state,
        Audience::Public,
        &Method::POST,
        "/queries",
        &[FACTORY_KEY, ("Content-Type", "application/xml")],
    )
    .await;
    assert_eq!(xml.status, 415);
    assert_eq!(xml.header("accept"), "application/json");
}
