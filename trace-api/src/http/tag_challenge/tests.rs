//! UHF tags from the challenge to the verdict, and what somebody may try on the way.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use actix_web::test;
use aws_lc_rs::cipher::{AES_128, EncryptingKey, UnboundCipherKey};
use futures::future::join_all;
use history::testing::{EventDraft, GTIN, ITEM};
use ledger::json::{Json, object};
use serde_json::{Value, json};
use tag_service::HttpAuthenticator;

use crate::authenticators::Authenticator;
use crate::http::application;
use crate::names::{Names, Product};
use crate::places::Places;
use crate::state::Audience;
use crate::testing::chip::{import, tag_key};
use crate::testing::{Answer, PHONE, Scene, commissioning, names};

/// Another item of the product, and one that does not exist.
const OTHER: &str = "urn:epc:id:sgtin:4012345.011111.1234";
const NOBODYS: &str = "urn:epc:id:sgtin:4012345.011111.555";
const KEY: [u8; 16] = [0x42; 16];
const TID: &str = "E2806894000040001234ABCD";
const HERE: &str = "203.0.113.7";
const STRONG: [&str; 3] = ["STRONG", "passed", "ok"];
const WRONG: [&str; 3] = ["TAG_FAIL", "wrong_code", "broken"];
const OTHER_CHIP: [&str; 3] = ["TAG_FAIL", "other_chip", "broken"];
const UNBOUND: [&str; 3] = ["CONSISTENT", "unbound", "unchecked"];
const NOT_CHECKED: [&str; 3] = ["CONSISTENT", "not_checked", "unchecked"];
const GONE: &str = "no challenge of this item waits under that id: it was answered, has ended, or is another's; ask for a new one";

/// What a tag answers, as ISO/IEC 29167-10 puts it together, by another library of AES than the one that checks it.
fn response(key: [u8; 16], challenge: &str) -> String {
    let challenge = hex::decode(challenge).expect("hexadecimal digits");
    let mut block: [u8; 16] =
        [&[0x96, 0xc5, 9, 8, 7, 6][..], &challenge].concat().try_into().expect("a block");
    let key = UnboundCipherKey::new(&AES_128, &key).expect("16 bytes");
    let key = EncryptingKey::ecb(key).expect("a mode of AES");
    key.encrypt(&mut block).expect("one block");
    hex::encode_upper(block)
}

fn keys(key: [u8; 16]) -> String {
    format!(
        "name: tea-uhf\nproducts: 04012345\nmode: tam1\nkey_id: 1\ntag_key: {}\n",
        hex::encode(key)
    )
}

/// A commissioning of both items, which binds tags.
fn binding(bindings: &[(&str, &str)]) -> EventDraft {
    let texts = bindings.iter().map(|(item, tid)| Json::from(format!("{item} {tid}").as_str()));
    let context = object([("voc", Json::from(history::chips::NAMESPACE))]);
    let event = commissioning().of(&[ITEM, OTHER]).with("@context", context);
    event.with("voc:chips", Json::Array(texts.collect()))
}

/// A scene whose trace-api has the key of the product's tags.
async fn scene(name: &str, events: &[EventDraft]) -> Scene {
    let scene = Scene::with(name, events).await;
    let scene = scene.with_config(|config| config.tag_key = Some(tag_key()));
    import(&scene, &keys(KEY), &tag_key()).await;
    scene
}

async fn post(scene: &Scene, path: &str, body: &Value, from: &str) -> Answer {
    let service = test::init_service(application(scene.state.clone(), Audience::Public)).await;
    let request = test::TestRequest::post()
        .uri(path)
        .peer_addr(([127, 0, 0, 1], 40000).into())
        .insert_header(("User-Agent", PHONE))
        .insert_header(("X-Forwarded-For", from))
        .insert_header(("Content-Type", "application/json"))
        .set_payload(body.to_string());
    let response = test::call_service(&service, request.to_request()).await;
    let (status, headers) = (response.status(), response.headers().clone());
    let body = test::read_body(response).await;
    let bytes = body.len();
    Answer { status, headers, bytes, body: String::from_utf8_lossy(&body).into_owned() }
}

/// A challenge for an item.
async fn challenge(scene: &Scene, item: &str) -> Value {
    let answer = post(scene, "/tag-challenges", &json!({ "item": item }), HERE).await;
    assert_eq!(answer.status, 201, "{}", answer.body);
    answer.json()
}

/// What is sent for a challenge by a tag with this key.
fn answered(given: &Value, item: &str, key: [u8; 16], tid: Option<&str>) -> Value {
    let response = response(key, given["challenge"].as_str().expect("a challenge"));
    let mut sent = json!({ "item": item, "key_id": given["key_ids"][0], "response": response });
    if let Some(tid) = tid {
        sent["tid"] = json!(tid);
    }
    sent
}

async fn send(scene: &Scene, given: &Value, sent: &Value) -> Answer {
    let id = given["id"].as_str().expect("an id");
    post(scene, &format!("/tag-challenges/{id}"), sent, HERE).await
}

/// A whole exchange with a tag of this key.
async fn exchange(scene: &Scene, item: &str, key: [u8; 16], tid: Option<&str>) -> Value {
    let given = challenge(scene, item).await;
    let answer = send(scene, &given, &answered(&given, item, key, tid)).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.json()
}

/// Verdict, what the tag showed, and its lamp.
fn seen(answer: &Value) -> [&str; 3] {
    let all = [&answer["verdict"], &answer["chip"], &answer["lamps"]["tag"]];
    all.map(|value| value.as_str().unwrap_or_default())
}

fn counted(scene: &Scene, outcome: &str) -> u64 {
    scene.state.metrics.tag_challenges.with_label_values(&[outcome]).get()
}

#[actix_web::test]
async fn a_tag_with_the_key_and_the_bound_tid_is_strong_and_one_with_another_key_fails() {
    let scene = scene("uhf_strong", &[binding(&[(ITEM, TID)])]).await;
    let link = format!("https://id.gs1.org/01/{GTIN}/21/9876");
    for item in [ITEM, &link] {
        let lower = TID.to_lowercase();
        assert_eq!(seen(&exchange(&scene, item, KEY, Some(&lower)).await), STRONG, "{item}");
        assert_eq!(seen(&exchange(&scene, item, [0x43; 16], Some(TID)).await), WRONG, "{item}");
    }
    assert_eq!((counted(&scene, "passed"), counted(&scene, "wrong_code")), (2, 2));
    assert_eq!(scene.state.metrics.taps.with_label_values(&["passed"]).get(), 0, "no tap");
    let scans = sql::scans::of_item(&scene.db, ITEM).await.expect("asked");
    assert!(!scans.is_empty(), "it is stored as a scan");
}

#[actix_web::test]
async fn a_response_alone_does_not_say_whose_tag_it_is() {
    let scene = scene("uhf_binding", &[binding(&[(ITEM, TID)])]).await;
    assert_eq!(seen(&exchange(&scene, ITEM, KEY, None).await), UNBOUND, "no TID was read");
    assert_eq!(seen(&exchange(&scene, OTHER, KEY, Some(TID)).await), UNBOUND, "none is bound");
    let moved = "E2806894000040001234FFFF";
    assert_eq!(seen(&exchange(&scene, ITEM, KEY, Some(moved)).await), OTHER_CHIP);
}

#[actix_web::test]
async fn a_key_made_of_the_tid_makes_the_tid_part_of_the_proof() {
    let scene = Scene::with("uhf_diversified", &[binding(&[(ITEM, TID)])]).await;
    let scene = scene.with_config(|config| config.tag_key = Some(tag_key()));
    import(&scene, &format!("{}system: 4e58\n", keys(KEY)), &tag_key()).await;
    let input = [&hex::decode(TID).expect("digits")[..], &[0x4e, 0x58]].concat();
    let own = tag_auth::diversify::diversified(&tag_auth::block::Key::new(KEY), &input);
    let own = own.expect("a key").cipher();
    let given = challenge(&scene, ITEM).await;
    let bytes = hex::decode(given["challenge"].as_str().expect("a challenge")).expect("digits");
    let block = [&[0x96, 0xc5, 9, 8, 7, 6][..], &bytes].concat().try_into().expect("a block");
    let mut sent = answered(&given, ITEM, KEY, Some(TID));
    sent["response"] = json!(hex::encode(own.encrypt(block)));
    assert_eq!(seen(&send(&scene, &given, &sent).await.json()), STRONG);
    assert_eq!(seen(&exchange(&scene, ITEM, KEY, Some(TID)).await), WRONG, "the master key");
    assert_eq!(seen(&exchange(&scene, ITEM, KEY, None).await), NOT_CHECKED, "no TID, no key");
}

#[actix_web::test]
async fn a_challenge_is_answered_once_for_its_own_item_and_before_it_ends() {
    let scene = scene("uhf_replay", &[binding(&[(ITEM, TID), (OTHER, TID)])]).await;
    let given = challenge(&scene, ITEM).await;
    let sent = answered(&given, ITEM, KEY, Some(TID));
    let gone = |answer: Answer| answer.assert_problem(404, "not-found", GONE);
    gone(send(&scene, &given, &answered(&given, OTHER, KEY, Some(TID))).await);
    assert_eq!(seen(&send(&scene, &given, &sent).await.json()), STRONG);
    gone(send(&scene, &given, &sent).await);
    let given = challenge(&scene, ITEM).await;
    let wrong = answered(&given, ITEM, [1; 16], Some(TID));
    assert_eq!(seen(&send(&scene, &given, &wrong).await.json()), WRONG);
    gone(send(&scene, &given, &answered(&given, ITEM, KEY, Some(TID))).await);
    let late = challenge(&scene, ITEM).await;
    scene.state.clock.advance(Duration::from_mins(1));
    gone(send(&scene, &late, &answered(&late, ITEM, KEY, Some(TID))).await);
    let mut forged = challenge(&scene, ITEM).await;
    let id = forged["id"].as_str().expect("an id").to_owned();
    for place in 0..id.len() {
        let mut bytes = id.clone().into_bytes();
        bytes[place] = if bytes[place] == b'B' { b'C' } else { b'B' };
        forged["id"] = json!(String::from_utf8(bytes).expect("letters"));
        let changed = forged["id"].as_str().expect("an id");
        // The last letter has bits that mean nothing, which the decoder refuses.
        let answer = send(&scene, &forged, &answered(&forged, ITEM, KEY, Some(TID))).await;
        assert_eq!(answer.status, 404, "{place}: {changed}");
        scene.state.clock.advance(Duration::from_secs(1));
    }
    assert_eq!(counted(&scene, "no_challenge"), 4 + id.len() as u64);
}

#[actix_web::test]
async fn of_equal_answers_at_once_one_counts() {
    let scene = scene("uhf_parallel", &[binding(&[(ITEM, TID)])]).await;
    let given = challenge(&scene, ITEM).await;
    let sent = answered(&given, ITEM, KEY, Some(TID));
    let answers = join_all((0..8).map(|_| send(&scene, &given, &sent))).await;
    let mut statuses: Vec<u16> = answers.iter().map(|answer| answer.status.as_u16()).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 404, 404, 404, 404, 404, 404, 404]);
}

#[actix_web::test]
async fn an_item_that_does_not_exist_gets_a_challenge_like_every_other_and_the_answer_of_a_scan() {
    let scene = scene("uhf_unknown", &[binding(&[(ITEM, TID)])]).await;
    let (known, unknown) = (challenge(&scene, ITEM).await, challenge(&scene, NOBODYS).await);
    for member in ["id", "challenge", "expires"] {
        let length = |given: &Value| given[member].as_str().map(str::len);
        assert_eq!(length(&known), length(&unknown), "{member}");
    }
    assert_eq!(known["key_ids"], unknown["key_ids"]);
    let answer = exchange(&scene, NOBODYS, KEY, Some(TID)).await;
    let scanned = scene.get(&format!("/01/{GTIN}/21/555"), &[crate::testing::JSON]).await.json();
    assert_eq!(answer["verdict"], scanned["verdict"]);
    let elsewhere = json!({ "item": "urn:epc:id:sgtin:952114112.0345.8" });
    let answer = post(&scene, "/tag-challenges", &elsewhere, HERE).await;
    let detail =
        "tags of this product are not asked: no key and no service of theirs is known here";
    answer.assert_problem(404, "not-found", detail);
}

#[actix_web::test]
async fn what_is_not_of_the_form_is_refused_and_uses_no_challenge_up() {
    let scene = scene("uhf_form", &[binding(&[(ITEM, TID)])]).await;
    let given = challenge(&scene, ITEM).await;
    let good = answered(&given, ITEM, KEY, Some(TID));
    for (member, value, said) in [
        ("item", json!("urn:epc:id:sgtin:4012345.011111"), "as item, expected"),
        ("item", json!(format!("https://id.gs1.org/01/{GTIN}")), "as item, expected"),
        ("response", json!("00"), "as response, expected 32 to 32 hexadecimal digits"),
        ("response", json!("x".repeat(32)), "as response"),
        ("tid", json!("E280"), "as tid, expected 8 to 124 hexadecimal digits"),
        ("tid", json!("0".repeat(126)), "as tid"),
        ("key_id", json!(256), "expected a JSON object"),
        ("more", json!(1), "unknown field"),
        ("token", json!("x".repeat(5000)), "of at most 4096 bytes"),
    ] {
        let mut sent = good.clone();
        sent[member] = value;
        let answer = send(&scene, &given, &sent).await;
        assert_eq!(answer.status, 400, "{member}: {}", answer.body);
        assert!(answer.body.contains(said), "{}", answer.body);
    }
    let mut other_key = good.clone();
    other_key["key_id"] = json!(7);
    let second = challenge(&scene, ITEM).await;
    assert_eq!(seen(&send(&scene, &second, &other_key).await.json()), NOT_CHECKED);
    assert_eq!(seen(&send(&scene, &given, &good).await.json()), STRONG);
}

#[actix_web::test]
async fn a_flood_of_challenges_stores_nothing_and_is_limited_and_one_of_guesses_sooner() {
    let scene = scene("uhf_flood", &[binding(&[(ITEM, TID)])]).await;
    let (mut given, mut refused) = (0, 0);
    for _ in 0..260 {
        let body = json!({ "item": NOBODYS });
        match post(&scene, "/tag-challenges", &body, "198.51.100.1").await.status.as_u16() {
            201 => given += 1,
            429 => refused += 1,
            other => panic!("got {other}"),
        }
    }
    assert_eq!((given, refused), (200, 60), "everybody's requests of a second");
    scene.state.clock.advance(Duration::from_mins(1));
    let session = scene.db.session().await;
    let rows = session.query_one("select count(*) from tag_challenges", &[]).await.expect("asked");
    assert_eq!(rows.get::<_, i64>(0), 0);
    let mut limited = 0;
    for serial in 0..40 {
        let item = format!("urn:epc:id:sgtin:4012345.011111.77{serial}");
        let given = challenge(&scene, &item).await;
        let answer = send(&scene, &given, &answered(&given, &item, KEY, None)).await;
        limited += usize::from(answer.status == 429);
    }
    assert_eq!(limited, 10, "codes without a record have the limit of scans");
    scene.state.clock.advance(Duration::from_mins(20));
    let deleted = crate::tag_exchange::delete_ended(&scene.state).await.expect("deleted");
    assert_eq!(deleted, 40, "what ended is removed");
}

/// A key server of somebody else's: what it answers is made of the question's body.
fn key_server(answer: impl Fn(&Value) -> String + Send + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("its address");
    thread::spawn(move || {
        for connection in listener.incoming() {
            let mut connection = connection.expect("a connection");
            let mut text = String::new();
            let question = loop {
                let mut part = [0; 4096];
                let length = connection.read(&mut part).expect("a question");
                text += &String::from_utf8_lossy(&part[..length]);
                let body = text.split_once("\r\n\r\n").map_or("", |(_, body)| body);
                if let Ok(question) = serde_json::from_str::<Value>(body) {
                    break question;
                }
                assert!(length > 0, "the question ends: {text}");
            };
            assert!(text.to_lowercase().contains("authorization: bearer of-the-brand"), "{text}");
            let body = answer(&question);
            let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", body.len());
            connection.write_all(format!("{head}{body}").as_bytes()).ok();
        }
    });
    address
}

/// The scene's product is checked by the service at `address`.
fn with_service(scene: Scene, address: SocketAddr) -> Scene {
    let url = format!("http://{address}/");
    let service = HttpAuthenticator::new(&url, "of-the-brand", GTIN, &[]);
    let product = names(None).product(GTIN).cloned().expect("the product of the tests");
    let product = Product { authenticator: Some(Authenticator::new(3, service)), ..product };
    let names = Arc::new(Names::new(vec![product], Places::default()));
    scene.with_config(|config| config.names = names)
}

#[actix_web::test]
async fn the_brands_service_decides_where_the_product_names_one_and_condemns_nobody_when_it_is_down()
 {
    let scene = scene("uhf_service", &[binding(&[(ITEM, TID)])]).await;
    let service_key = [0x77; 16];
    let address = key_server(move |question| {
        let text = |name: &str| question[name].as_str().expect("a text").to_owned();
        assert_eq!((text("gtin"), question["key_id"].as_u64()), (GTIN.to_owned(), Some(3)));
        let cipher = tag_auth::block::Key::new(service_key).cipher();
        let block = hex::decode(text("response")).expect("digits").try_into().expect("a block");
        let fits = hex::encode_upper(&cipher.decrypt(block)[6..]) == text("challenge");
        let result = if fits { "passed" } else { "wrong" };
        let format = "chopmark.org/tag-check@v1";
        json!({ "format": format, "challenge": text("challenge"), "result": result }).to_string()
    });
    let scene = with_service(scene, address);
    assert_eq!(challenge(&scene, ITEM).await["key_ids"], json!([3]));
    assert_eq!(seen(&exchange(&scene, ITEM, service_key, Some(TID)).await), STRONG);
    assert_eq!(seen(&exchange(&scene, ITEM, KEY, Some(TID)).await), WRONG, "a key of ours");
    let broken = key_server(|_| "{}".to_owned());
    let scene = with_service(scene, broken);
    assert_eq!(seen(&exchange(&scene, ITEM, service_key, Some(TID)).await), NOT_CHECKED);
    let free = TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("its address");
    let scene = with_service(scene, free);
    assert_eq!(seen(&exchange(&scene, ITEM, KEY, Some(TID)).await), NOT_CHECKED);
    let moved = "E2806894000040001234FFFF";
    assert_eq!(seen(&exchange(&scene, ITEM, KEY, Some(moved)).await), OTHER_CHIP, "by its TID");
}
