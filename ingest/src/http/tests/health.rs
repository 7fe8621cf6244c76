//! `GET /healthz`, `/readyz` and `/metrics`.

use super::*;

#[actix_web::test]
async fn ingest_is_ready_while_the_database_answers_and_counts_what_it_records() {
    let scene = Scene::new("health").await;
    assert_eq!(scene.deliver(1, 1, &window(1, 1)).await.0, 201);
    for (path, want) in [("/healthz", "alive\n"), ("/readyz", "ready\n")] {
        let (status, _, body) = scene.send(TestRequest::get().uri(path)).await;
        assert_eq!((status, &body[..]), (200, want.as_bytes()), "{path}");
    }
    let (status, _, metrics) = scene.send(TestRequest::get().uri("/metrics")).await;
    let metrics = String::from_utf8(metrics.to_vec()).unwrap();
    assert_eq!(status, 200);
    for line in [
        "ingest_records_total 1",
        "ingest_deliveries_total{outcome=\"recorded\"} 1",
        "ingest_ledger_size_records{origin=\"site.example/1\"} 1",
    ] {
        assert!(metrics.lines().any(|found| found == line), "{line} is not in:\n{metrics}");
    }
}

#[actix_web::test]
async fn without_the_database_ingest_is_alive_and_not_ready() {
    let mut scene = Scene::new("not_ready").await;
    let gone = sql::Settings::new("postgresql://chopmark_ingest@/gone?host=%2Fnowhere");
    let gone = sql::Db::connect(&gone).await.unwrap();
    let State { config, writers, metrics, terms, .. } =
        std::sync::Arc::into_inner(scene.state.into_inner()).unwrap();
    scene.state = Data::new(State::new(gone, config, writers, metrics, terms));
    assert_eq!(scene.send(TestRequest::get().uri("/healthz")).await.0, 200);
    assert_eq!(scene.send(TestRequest::get().uri("/readyz")).await.0, 503);
}
