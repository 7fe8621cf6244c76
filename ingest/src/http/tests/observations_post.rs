//! `POST /observations`, status by status.

use super::*;

#[actix_web::test]
async fn a_delivery_is_recorded_once_and_a_redelivery_gets_the_same_answer() {
    let scene = Scene::new("delivered").await;
    let body = window(1, 1);
    let (status, first) = scene.deliver(1, 1, &body).await;
    assert_eq!((status, &first["outcome"]), (201, &"recorded".into()));
    assert_eq!((&first["indexes"], &first["size"]), (&vec![0].into(), &1.into()));
    assert_eq!(first["ledger"], ORIGIN);
    let (status, again) = scene.deliver(1, 1, &body).await;
    assert_eq!((status, again), (200, first));
    assert_eq!((scene.size().await, scene.deliveries().await), (1, 1));
    let checkpoint = sql::ledgers::latest_checkpoint(&scene.db, scene.ledger).await.unwrap();
    assert_eq!(checkpoint.unwrap().recorded_at, start(), "the time is the context's");
}

impl Scene {
    async fn deliveries(&self) -> usize {
        sql::deliveries::list(&self.db).await.unwrap().len()
    }
}

#[actix_web::test]
async fn a_different_delivery_under_a_used_number_is_refused_and_stored() {
    let scene = Scene::new("number_taken").await;
    assert_eq!(scene.deliver(1, 1, &window(1, 1)).await.0, 201);
    let (status, problem) = scene.deliver(1, 1, &window(1, 2)).await;
    assert_eq!((status, &problem["type"]), (409, &"urn:chopmark:problem:number-taken".into()));
    assert_eq!(scene.refused("delivery", "number-taken").await, 1);
    assert_eq!((scene.size().await, scene.deliveries().await), (1, 1));
}

#[actix_web::test]
async fn an_unknown_bridge_and_a_wrong_signature_get_the_same_answer() {
    let scene = Scene::new("not_admitted").await;
    let body = window(1, 1);
    let good = STANDARD.encode(scene.bridge.sign(&reads::signing_bytes(ORIGIN, "b1", 1, 1, &body)));
    let bad = STANDARD.encode(scene.bridge.sign(&reads::signing_bytes(ORIGIN, "b1", 1, 2, &body)));
    let mut answers = Vec::new();
    for (bridge, signature) in [("b2", good.as_str()), ("b1", bad.as_str()), ("b1", "not base64")] {
        let (status, _, answer) = scene.send(delivery_of(bridge, 1, 1, signature, &body)).await;
        assert_eq!(status, 401, "{bridge}");
        answers.push(answer);
    }
    assert!(answers.iter().all(|answer| *answer == answers[0]));
    let (status, ..) = scene.send(TestRequest::post().uri("/observations").set_payload(body)).await;
    assert_eq!(status, 401, "without any header");
    assert_eq!(scene.refused("delivery", "not-admitted").await, 4);
    assert_eq!(scene.size().await, 0);
}

#[actix_web::test]
async fn a_body_that_violates_the_contract_is_refused_and_stored() {
    let scene = Scene::new("malformed").await;
    let (status, problem) = scene.deliver(1, 1, b"{}").await;
    assert_eq!((status, &problem["type"]), (422, &"urn:chopmark:problem:malformed".into()));
    assert_eq!(scene.refused("delivery", "malformed").await, 1);
    let (status, _) = scene.deliver(1, 9, &window(1, 1)).await;
    assert_eq!(status, 422, "the headers have another number than the body");
    assert_eq!(scene.refused("delivery", "headers-differ").await, 1);
    assert_eq!(scene.size().await, 0);
}

#[actix_web::test]
async fn a_body_above_the_limit_is_refused() {
    let scene = Scene::new("too_large").await;
    let (status, problem) = scene.deliver(1, 1, &vec![b' '; MAX_BODY + 1]).await;
    assert_eq!((status, &problem["type"]), (413, &"urn:chopmark:problem:too-large".into()));
}

#[actix_web::test]
async fn without_an_answer_in_time_the_sender_must_retry() {
    let scene = Scene::with("unavailable", 0).await;
    let body = window(1, 1);
    let signature =
        STANDARD.encode(scene.bridge.sign(&reads::signing_bytes(ORIGIN, "b1", 1, 1, &body)));
    let (status, headers, _) = scene.send(delivery_of("b1", 1, 1, &signature, &body)).await;
    assert_eq!(status, 503);
    assert_eq!(headers.get("Retry-After").unwrap(), "1");
}

#[actix_web::test]
async fn a_delivery_that_was_sent_to_one_ledger_is_refused_by_every_other_one() {
    let pem = SourceKey::generate(&SystemRandom::new()).unwrap().to_pem();
    let bridge = || SourceKey::from_pem(&pem).unwrap();
    let key = bridge().verifier();
    let first = Scene::of("recipient_own", ORIGIN, bridge(), vec![key], 30).await;
    let other = Scene::of("recipient_other", "other.example/1", bridge(), vec![key], 30).await;
    let body = window(1, 1);
    let signed = reads::signing_bytes(ORIGIN, "b1", 1, 1, &body);
    let signature = STANDARD.encode(first.bridge.sign(&signed));
    // Somebody who saw the delivery sends it again, header by header, to an ingest that knows the same bridge.
    let (status, _, answer) = other.send(delivery_of("b1", 1, 1, &signature, &body)).await;
    assert_eq!(status, 401, "{answer:?}");
    assert_eq!((other.size().await, other.refused("delivery", "not-admitted").await), (0, 1));
    let (status, ..) = first.send(delivery_of("b1", 1, 1, &signature, &body)).await;
    assert_eq!((status, first.size().await), (201, 1));
}

#[actix_web::test]
async fn while_a_bridge_changes_its_key_both_are_accepted_and_the_record_names_the_one_that_signed()
{
    let make = || SourceKey::generate(&SystemRandom::new()).unwrap();
    let (old, new, stolen) = (make(), make(), make());
    let (old_id, new_id) = (old.verifier().key_id(), new.verifier().key_id());
    let keys = vec![old.verifier(), new.verifier()];
    let mut scene = Scene::of("two_keys", ORIGIN, old, keys, 30).await;
    assert_eq!(scene.deliver(1, 1, &window(1, 1)).await.0, 201);
    scene.bridge = new;
    assert_eq!(scene.deliver(1, 2, &window(2, 2)).await.0, 201);
    scene.bridge = stolen;
    assert_eq!(scene.deliver(1, 3, &window(3, 3)).await.0, 401, "a third key");
    assert_eq!(scene.bridge_keys().await, [old_id, new_id]);
}

impl Scene {
    /// `chopmark:evidence.bridgeKey` of each record, in order.
    async fn bridge_keys(&self) -> Vec<String> {
        let mut ids = Vec::new();
        for index in 0..self.size().await {
            let stored = sql::ledgers::record_at(&self.db, self.ledger, index).await.unwrap();
            let record: Value = serde_json::from_str(&stored.unwrap().text).unwrap();
            ids.push(record["chopmark:evidence"]["bridgeKey"].as_str().unwrap().to_owned());
        }
        ids
    }
}

/// A window at the store in which a sensor said `value` at `at`.
fn measured(seq: u64, value: &str, at: Timestamp) -> Vec<u8> {
    let mut delivery = Delivery::parse(&window(seq, 1)).unwrap();
    delivery.read_point = STORE.into();
    delivery.observations.clear();
    delivery.sensors = vec![reads::SensorReading {
        sensor: "urn:x:probe".into(),
        kind: reads::SensorKind::Temperature,
        value: value.into(),
        unit: "CEL".into(),
        at,
        timeless: false,
        stale: false,
        reported: None,
    }];
    delivery.to_bytes()
}

#[actix_web::test]
async fn a_reading_dated_2199_is_refused_and_does_not_silence_the_alarm() {
    let scene = Scene::new("future_reading").await;
    let far: Timestamp = "2199-01-01T00:00:00Z".parse().unwrap();
    let (status, answer) = scene.deliver(1, 1, &measured(1, "5.0", far)).await;
    assert_eq!((status, &answer["outcome"]), (201, &"refused".into()), "{answer}");
    assert_eq!(answer["refusals"][0]["code"], "future-time");
    let detail = answer["refusals"][0]["detail"].as_str().unwrap();
    assert!(detail.contains("2199-01-01") && detail.contains("5 minutes"), "{detail}");
    assert_eq!(scene.refused("observation", "future-time").await, 1);
    for (seq, second) in [(2, 0), (3, 30)] {
        let at = start() + SignedDuration::from_secs(second);
        let (_, answer) = scene.deliver(1, seq, &measured(seq, "20.0", at)).await;
        assert_eq!(answer["outcome"], "recorded", "{answer}");
    }
    assert_eq!(scene.size().await, 3, "two readings, and the flag on the lots");
}

#[actix_web::test]
async fn a_bridge_that_speaks_for_a_read_point_of_another_is_refused_and_stored() {
    let mut scene = Scene::new("foreign_read_point").await;
    let state = std::sync::Arc::into_inner(scene.state.into_inner()).unwrap();
    let State { db, mut config, writers, metrics, terms, .. } = state;
    // Another bridge of this ledger lists the door, spelled with another prefix.
    let door = epc::thing_key("urn:epc:id:sgln:952114.200001.3");
    config.bridges.get_mut("b1").unwrap().read_points = ReadPoints::AllBut([door].into());
    scene.state = Data::new(State::new(db, config, writers, metrics, terms));
    let (status, problem) = scene.deliver(1, 1, &window(1, 1)).await;
    assert_eq!((status, &problem["type"]), (422, &"urn:chopmark:problem:malformed".into()));
    assert!(problem["detail"].as_str().unwrap().contains(DOOR), "{problem}");
    assert_eq!(scene.refused("delivery", "foreign-read-point").await, 1);
    let mut moved = Delivery::parse(&measured(2, "5.0", start())).unwrap();
    moved.movements = vec![reads::Movement {
        epc_hex: Delivery::parse(&window(2, 1)).unwrap().observations[0].epc_hex.clone(),
        kind: reads::MovementKind::Arrived,
        from: None,
        to: Some(DOOR.into()),
        at: start(),
    }];
    let (status, _) = scene.deliver(1, 2, &moved.to_bytes()).await;
    assert_eq!(status, 422, "what arrived at the door is not its to say either");
    assert_eq!((scene.size().await, scene.deliveries().await), (0, 0));
    assert_eq!(scene.deliver(1, 3, &measured(3, "5.0", start())).await.0, 201, "its own store");
}

#[actix_web::test]
async fn a_reading_of_the_future_that_an_earlier_version_followed_does_not_stay_the_last() {
    let scene = Scene::new("poisoned_state").await;
    let state = "{\"outside_since\":null,\"worst\":null,\"flagged\":false,\"last\":\"2199-01-01T00:00:00Z\"}";
    scene
        .db
        .run_tx("test.state", async |tx| {
            let key = ("store".to_owned(), "urn:x:probe".to_owned());
            sql::rules::set_states(tx, scene.ledger, &[(&key, state)]).await
        })
        .await
        .unwrap();
    for (seq, second) in [(1, 0), (2, 30)] {
        let at = start() + SignedDuration::from_secs(second);
        scene.deliver(1, seq, &measured(seq, "20.0", at)).await;
    }
    assert_eq!(scene.size().await, 3, "two readings, and the flag on the lots");
}
