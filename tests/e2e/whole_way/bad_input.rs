//! Bad input from outside: a clear error or a stored refusal, and everything else goes on.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use demo::simulators::impinj_r700::R700;
use firmware_bridge::spool::{Spool, Waiting};

use tests::stage::{DOOR, ORIGIN, Stage, TOKEN, get, post, tag};
use tests::waiting::wait_for;

/// A delivery of one observation, as the bridge `b1` would send it.
fn delivery(seq: u64, serial: u64) -> Vec<u8> {
    let now = jiff::Timestamp::now();
    let (uri, bank) = tag(serial);
    let empty = tests::stage::empty_delivery((1, seq), DOOR, now);
    reads::Delivery {
        observations: vec![reads::Observation {
            epc_hex: hex::encode_upper(bank),
            epc: Some(uri),
            tid: None,
            count: 1,
            first: now,
            last: now,
            rssi_max_cdbm: -4500,
            rssi_mean_cdbm: -4500,
            rssi_slope_cdbm_per_s: 0,
            antennas: vec![reads::AntennaCount { antenna: 1, count: 1 }],
            direction: None,
            rival: None,
            resident: false,
        }],
        ..empty
    }
    .to_bytes()
}

/// Sends a body as `bridge`, signed with the stage's key.
fn deliver(stage: &Stage, bridge: &str, seq: u64, body: &[u8]) -> (u16, String) {
    let signed = reads::signing_bytes(ORIGIN, bridge, 1, seq, body);
    let signature = STANDARD.encode(stage.key.sign(&signed));
    let seq = seq.to_string();
    let headers = [
        ("Content-Type", "application/json"),
        ("Chopmark-Bridge", bridge),
        ("Chopmark-Boot", "1"),
        ("Chopmark-Sequence", seq.as_str()),
        ("Chopmark-Signature", signature.as_str()),
    ];
    post(&format!("http://{}/observations", stage.ingest), &headers, body)
}

fn refusals(stage: &Stage) -> Vec<(String, String, u64)> {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime starts");
    let db = stage.db(&runtime);
    runtime.block_on(sql::refusals::totals(&db)).expect("the database answers")
}

#[test]
fn deliveries_that_cannot_be_taken_are_refused_with_a_reason_and_the_next_one_is_taken() {
    let stage = Stage::new(None);
    let mut ingest = stage.start_ingest();
    let good = delivery(1, 1);
    assert_eq!(deliver(&stage, "nobody", 1, &good).0, 401, "an unknown bridge");
    assert_eq!(
        post(&format!("http://{}/observations", stage.ingest), &[("Chopmark-Bridge", "b1")], &good)
            .0,
        401,
        "a delivery without a signature"
    );
    for (what, body) in [
        ("empty", Vec::new()),
        ("garbage", vec![0xFF; 300]),
        ("deep", [b"[".repeat(100_000), b"]".repeat(100_000)].concat()),
        ("truncated", good[..good.len() / 2].to_vec()),
        (
            "duplicate key",
            br#"{"contract":"chopmark.delivery/1","contract":"chopmark.delivery/1"}"#.to_vec(),
        ),
        ("another sequence than the headers say", delivery(9, 1)),
    ] {
        let (status, text) = deliver(&stage, "b1", 1, &body);
        assert_eq!(status, 422, "{what}: {text}");
        assert!(text.contains("urn:chopmark:problem:malformed"), "{what}: {text}");
    }
    let (status, first) = deliver(&stage, "b1", 1, &good);
    assert_eq!(status, 201, "{first}");
    let (status, again) = deliver(&stage, "b1", 1, &good);
    assert_eq!((status, again), (200, first), "a replayed delivery gets the same answer");
    let counted: u64 = refusals(&stage).iter().map(|(_, _, count)| count).sum();
    assert_eq!(counted, 8, "{:?}", refusals(&stage));
    let runtime = tokio::runtime::Runtime::new().expect("a runtime starts");
    assert_eq!(stage.named(&runtime).len(), 1);
    stage.check_whole_ledger();
    assert!(ingest.stop().success());
}

#[test]
fn another_delivery_under_a_used_number_is_refused_and_stored_as_a_refusal() {
    let stage = Stage::new(None);
    let _ingest = stage.start_ingest();
    assert_eq!(deliver(&stage, "b1", 1, &delivery(1, 1)).0, 201);
    let (status, answer) = deliver(&stage, "b1", 1, &delivery(1, 2));
    assert_eq!(status, 409, "{answer}");
    assert!(answer.contains("urn:chopmark:problem:number-taken"), "{answer}");
    assert!(refusals(&stage).contains(&("delivery".into(), "number-taken".into(), 1)));
    // What waits in the same group is taken nevertheless.
    assert_eq!(deliver(&stage, "b1", 2, &delivery(2, 3)).0, 201);
    stage.check_whole_ledger();
}

#[test]
fn a_delivery_of_a_spool_whose_numbers_were_used_before_is_recorded_under_a_new_one() {
    let stage = Stage::new(None);
    let runtime = tokio::runtime::Runtime::new().expect("a runtime starts");
    let _ingest = stage.start_ingest();
    assert_eq!(deliver(&stage, "b1", 1, &delivery(1, 1)).0, 201);
    // As an earlier version left it, which counted boots from 1 in every new file.
    let path = stage.folder.path().join("spool.sqlite");
    let mut spool = Spool::open(&path).expect("the folder is ours");
    let mut batch = spool.begin().expect("the spool is ours");
    let window = batch.open_window("r", jiff::Timestamp::now()).expect("the spool is ours");
    for (seq, serial) in [(1, 2), (2, 3)] {
        let waiting = Waiting { boot: 1, seq, body: delivery(seq, serial) };
        batch.add_delivery(window, &waiting).expect("the spool is ours");
    }
    batch.commit().expect("the spool is ours");
    let mut bridge = stage.start("bridge.toml", "bridge", None);
    wait_for("both deliveries are in the ledger", || {
        let named = stage.named(&runtime);
        named.contains_key(&tag(2).0) && named.contains_key(&tag(3).0)
    });
    let (_, found) = stage.chopmark(&["reader", "findings", "--config", "bridge.toml"]);
    assert!(found.contains("[number-taken]") && found.contains("the id `b1`"), "{found}");
    assert!(bridge.stop().success());
    assert_eq!(spool.waiting().expect("the spool is ours"), 0);
    stage.check_whole_ledger();
}

#[test]
fn a_body_that_is_too_large_is_refused_with_a_problem_document() {
    let stage = Stage::new(None);
    let _ingest = stage.start_ingest();
    let (status, answer) = deliver(&stage, "b1", 1, &vec![b' '; 16 * 1024 * 1024 + 1]);
    assert_eq!(status, 413, "{answer}");
    assert!(answer.contains("urn:chopmark:problem:too-large"), "{answer}");
}

#[test]
fn what_ingest_refused_is_resent_whole_on_request() {
    let stage = Stage::new(None);
    let runtime = tokio::runtime::Runtime::new().expect("a runtime starts");
    let _ingest = stage.start_ingest();
    let path = stage.folder.path().join("spool.sqlite");
    let mut spool = Spool::open(&path).expect("the folder is ours");
    let mut batch = spool.begin().expect("the spool is ours");
    let window = batch.open_window("r", jiff::Timestamp::now()).expect("the spool is ours");
    // What this ingest does not understand, and what another one will.
    let body = [delivery(1, 1), b" ".repeat(200_000), b"{}".to_vec()].concat();
    batch
        .add_delivery(window, &Waiting { boot: 1, seq: 1, body: body.clone() })
        .expect("the spool is ours");
    batch.commit().expect("the spool is ours");
    let mut bridge = stage.start("bridge.toml", "bridge", None);
    wait_for("it is refused", || spool.refused().expect("the spool is ours").len() == 1);
    let listed = stage.chopmark(&["reader", "resend", "--list", "--config", "bridge.toml"]);
    assert!(listed.1.contains("urn:chopmark:problem:malformed"), "{listed:?}");
    wait_for("it is told", || {
        stage
            .chopmark(&["reader", "findings", "--config", "bridge.toml"])
            .1
            .contains("[delivery-refused]")
    });
    assert!(bridge.stop().success());
    let (status, said) = stage.chopmark(&["reader", "resend", "--config", "bridge.toml"]);
    assert_eq!(status, Some(0), "{said}");
    assert!(said.contains("1 delivery is queued again"), "{said}");
    let waiting = spool.oldest().expect("the spool is ours").expect("it waits again");
    assert!(waiting.body == body, "every byte of it");
    assert!(stage.named(&runtime).is_empty());
}

#[test]
fn an_epc_that_is_not_gs1_is_a_stored_refusal() {
    let stage = Stage::new(None);
    let _ingest = stage.start_ingest();
    let text = String::from_utf8(delivery(1, 1)).expect("JSON is text");
    let (_, bank) = tag(1);
    let foreign = text.replace(&hex::encode_upper(bank), "E2801190A5021F80055817CA");
    let (status, answer) = deliver(&stage, "b1", 1, foreign.as_bytes());
    assert_eq!(status, 201, "{answer}");
    assert!(answer.contains("not-gs1"), "{answer}");
    assert!(refusals(&stage).contains(&("observation".into(), "not-gs1".into(), 1)));
}

#[test]
fn a_malformed_document_is_answered_with_the_field_and_what_was_expected() {
    let stage = Stage::new(None);
    let _ingest = stage.start_ingest();
    let url = format!("http://{}/capture", stage.ingest);
    let bearer = format!("Bearer {TOKEN}");
    let document = |event: &str| {
        format!(
            "{{\"@context\":[],\"type\":\"EPCISDocument\",\"schemaVersion\":\"2.0\",\"creationDate\":\"2026-11-20T00:00:00Z\",\"epcisBody\":{{\"eventList\":[{event}]}}}}"
        )
    };
    for (event, pointer) in [
        (
            r#"{"type":"ObjectEvent","action":"OBSERVE","eventTime":"2026-11-20T00:00:00Z","eventTimeZoneOffset":"+00:00"}"#,
            "/epcisBody/eventList/0/epcList",
        ),
        (
            r#"{"type":"ObjectEvent","action":"LOOK","epcList":["urn:a:b"],"eventTime":"2026-11-20T00:00:00Z","eventTimeZoneOffset":"+00:00"}"#,
            "/epcisBody/eventList/0/action",
        ),
        (
            r#"{"type":"ObjectEvent","action":"ADD","epcList":["urn:epc:id:sgtin:1.2.3"],"eventTime":"2026-11-20T00:00:00Z","eventTimeZoneOffset":"+00:00"}"#,
            "/epcisBody/eventList/0/epcList/0",
        ),
        (
            r#"{"type":"ObjectEvent","action":"ADD","epcList":["urn:a:b"],"eventTime":"yesterday","eventTimeZoneOffset":"+00:00"}"#,
            "/epcisBody/eventList/0/eventTime",
        ),
    ] {
        let (status, text) = post(&url, &[("Authorization", &bearer)], document(event).as_bytes());
        assert_eq!(status, 422, "{text}");
        assert!(text.contains(pointer) && text.contains("expected"), "{pointer}: {text}");
    }
    assert_eq!(post(&url, &[("Authorization", "Bearer wrong")], b"{}").0, 401);
    assert_eq!(post(&url, &[("Authorization", &bearer)], &b"[".repeat(100_000)).0, 422);
}

#[test]
fn a_poisoned_message_is_kept_as_a_dead_letter_and_later_messages_flow() {
    let broker = demo::simulators::broker::start().expect("a broker starts");
    let stage = Stage::new(Some(broker));
    let runtime = tokio::runtime::Runtime::new().expect("a runtime starts");
    let _ingest = stage.start_ingest();
    let mut bridge = stage.start("bridge.toml", "bridge", None);
    let metrics = || get(&format!("http://{}/metrics", stage.bridge)).1;
    wait_for("the bridge listens", || {
        metrics().contains("bridge_connected_readers{reader=\"door-3\"} 1")
    });
    let mut reader = R700::connect(broker, "tags", "poison-reader").expect("the broker answers");
    reader.publish(&vec![b'x'; 15 * 1024]).expect("published");
    reader.publish(b"{\"tagInventoryEvent\":").expect("published");
    reader.publish(&[b'['; 10_000]).expect("published");
    let (uri, bank) = tag(7);
    let good = format!("{{\"tagInventoryEvent\":{{\"epcHex\":\"{}\"}}}}", hex::encode_upper(bank));
    reader.publish(good.as_bytes()).expect("published");
    wait_for("the good message is in the ledger", || stage.named(&runtime).contains_key(&uri));
    assert!(metrics().contains("bridge_dead_letters_total{reader=\"door-3\"} 3"), "{}", metrics());
    assert!(bridge.stop().success());
}
