//! Results that are sent to whoever subscribed, over a real connection to a receiver on the loopback interface.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use super::stored::post;
use super::*;
use crate::epcis_api::signature;
use crate::epcis_api::subscriber::{count_given_up, due, serve};
use crate::epcis_api::webhook::Sender;

const TOKEN: &str = "a token of the subscriber";
const QUERY: &str =
    r#"{"name":"storing","query":{"eventType":["ObjectEvent"],"EQ_bizStep":["storing"]}}"#;

/// A message as the receiver got it.
struct Message {
    signature: Option<String>,
    body: String,
}

/// A receiver that answers one message after the other with these statuses.
fn receiver(statuses: &'static [u16]) -> (String, Receiver<Message>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}/events", listener.local_addr().expect("an address"));
    let (got, messages) = channel();
    std::thread::spawn(move || {
        for status in statuses {
            let (stream, _) = listener.accept().expect("a connection");
            let mut reader = BufReader::new(stream.try_clone().expect("a handle"));
            let (mut length, mut signature) = (0, None);
            for line in reader.by_ref().lines().map(|line| line.expect("a line")) {
                let (name, value) = line.split_once(':').unwrap_or((&line, ""));
                match name.to_ascii_lowercase().as_str() {
                    "content-length" => length = value.trim().parse().expect("a length"),
                    "gs1-signature" => signature = Some(value.trim().to_owned()),
                    "" => break,
                    _ => {}
                }
            }
            let mut body = vec![0; length];
            reader.read_exact(&mut body).expect("the body");
            let body = String::from_utf8(body).expect("UTF-8");
            got.send(Message { signature, body }).ok();
            let answer =
                format!("HTTP/1.1 {status} X\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
            (&stream).write_all(answer.as_bytes()).expect("answered");
        }
    });
    (url, messages)
}

/// Serves all that is due once; gives how many there were.
async fn serve_all(scene: &Scene) -> usize {
    let sender = Sender::new(scene.state.config().webhook_networks.clone());
    let due = due(&scene.state, 16).await.expect("looked");
    for (subscription, query) in &due {
        serve(&scene.state, &sender, subscription, query).await;
    }
    due.len()
}

/// A subscription to [`QUERY`]; gives its path.
async fn subscribed(scene: &Scene, dest: &str) -> String {
    let stored = post(scene, FACTORY_KEY, "/queries", QUERY).await;
    assert_eq!(stored.status, 201, "{}", stored.body);
    let wanted = serde_json::json!({ "dest": dest, "signatureToken": TOKEN, "stream": true });
    let path = "/queries/storing/subscriptions";
    let made = post(scene, FACTORY_KEY, path, &wanted.to_string()).await;
    assert_eq!(made.status, 201, "{}", made.body);
    let location = made.header("location");
    location.strip_prefix("https://trace.example").expect("ours").to_owned()
}

/// Records an event of after the subscription.
async fn record(scene: &Scene, number: usize) {
    let at = format!("2026-11-24T12:00:{number:02}.000+08:00");
    let id = format!("urn:uuid:20000000-0000-4000-8000-{number:012}");
    let event = complete(object_event(&at, "storing"), &id);
    scene.site.append(&[event], "2026-11-24T05:00:00Z").await;
    project(scene).await;
}

fn ids(message: &Message) -> Vec<String> {
    let document: Value = serde_json::from_str(&message.body).expect("JSON");
    let events = &document["epcisBody"]["queryResults"]["resultsBody"]["eventList"];
    let events = events.as_array().expect("a list").iter();
    events.map(|event| event["eventID"].as_str().expect("an id").to_owned()).collect()
}

#[actix_web::test]
async fn what_is_recorded_after_subscribing_is_sent_once_signed_and_in_order() {
    let scene = partner_scene("subscribed").await;
    let (dest, messages) = receiver(&[200, 200]);
    subscribed(&scene, &dest).await;
    serve_all(&scene).await;
    assert!(messages.try_recv().is_err(), "what was recorded before is not sent");
    for number in 1..=3 {
        record(&scene, number).await;
    }
    assert_eq!(serve_all(&scene).await, 1);
    let first = messages.recv_timeout(Duration::from_secs(20)).expect("a message");
    assert_eq!(ids(&first).len(), 3, "{}", first.body);
    assert!(ids(&first).is_sorted(), "{}", first.body);
    let signed = first.signature.expect("it is signed");
    let expected = signature::value(TOKEN, scene.state.clock.now(), first.body.as_bytes());
    assert_eq!(signed, expected);
    assert_eq!(serve_all(&scene).await, 0, "a stream with nothing new is not due");
    record(&scene, 4).await;
    serve_all(&scene).await;
    let second = messages.recv_timeout(Duration::from_secs(20)).expect("a message");
    assert_eq!(ids(&second).len(), 1, "{}", second.body);
}

#[actix_web::test]
async fn a_message_that_was_not_taken_is_sent_again_after_a_pause_with_the_same_events() {
    let scene = partner_scene("subscribed_again").await;
    let (dest, messages) = receiver(&[503, 200]);
    let path = subscribed(&scene, &dest).await;
    record(&scene, 1).await;
    serve_all(&scene).await;
    let first = messages.recv_timeout(Duration::from_secs(20)).expect("a message");
    assert_eq!(serve_all(&scene).await, 0, "not before the pause is over");
    scene.state.clock.advance(Duration::from_mins(1));
    serve_all(&scene).await;
    let again = messages.recv_timeout(Duration::from_secs(20)).expect("a message");
    assert_eq!(ids(&first), ids(&again));
    let shown = get_as(&scene, FACTORY_KEY, &path).await;
    assert_eq!(shown.status, 200, "{}", shown.body);
}

#[actix_web::test]
async fn a_key_that_is_revoked_ends_its_subscriptions_before_anything_is_sent() {
    let scene = partner_scene("subscribed_revoked").await;
    let (dest, messages) = receiver(&[200]);
    subscribed(&scene, &dest).await;
    let key = ApiKey::parse(FACTORY_KEY.1.trim_start_matches("Bearer ")).expect("a key");
    let now = scene.state.clock.now();
    let revoke =
        async |tx: &sql::Transaction<'_>| sql::access_keys::revoke(tx, key.prefix(), now).await;
    assert!(scene.db.db().run_tx("test.revoke", revoke).await.expect("revoked"));
    record(&scene, 1).await;
    assert_eq!(serve_all(&scene).await, 1);
    assert!(messages.try_recv().is_err(), "nothing is sent");
    scene.state.clock.advance(Duration::from_hours(24));
    assert_eq!(serve_all(&scene).await, 0, "it is given up");
}

/// A subscription with these members beside its address; gives its path.
async fn subscribed_with(scene: &Scene, dest: &str, controls: Value) -> String {
    let stored = post(scene, FACTORY_KEY, "/queries", QUERY).await;
    assert_eq!(stored.status, 201, "{}", stored.body);
    let mut wanted = controls;
    wanted["dest"] = dest.into();
    let path = "/queries/storing/subscriptions";
    let made = post(scene, FACTORY_KEY, path, &wanted.to_string()).await;
    assert_eq!(made.status, 201, "{}", made.body);
    let location = made.header("location");
    location.strip_prefix("https://trace.example").expect("ours").to_owned()
}

#[actix_web::test]
async fn a_message_that_is_too_large_for_its_receiver_comes_in_halves() {
    let scene = partner_scene("subscribed_halved").await;
    let (dest, messages) = receiver(&[413, 413, 200, 200, 200]);
    subscribed(&scene, &dest).await;
    for number in 1..=4 {
        record(&scene, number).await;
    }
    let mut sizes = Vec::new();
    let mut taken = Vec::new();
    for _ in 0..5 {
        assert_eq!(serve_all(&scene).await, 1, "{sizes:?}");
        let message = messages.recv_timeout(Duration::from_secs(20)).expect("a message");
        sizes.push(ids(&message).len());
        if sizes.len() > 2 {
            taken.extend(ids(&message));
        }
    }
    assert_eq!(
        sizes,
        [4, 2, 1, 2, 1],
        "a half, a quarter, and twice as many after each that is taken"
    );
    let mut once = taken.clone();
    once.dedup();
    assert_eq!((taken.len(), once), (4, taken.clone()), "every event once");
}

#[actix_web::test]
async fn a_subscription_is_given_up_after_seven_days_and_is_counted() {
    let scene = partner_scene("subscribed_given_up").await;
    let (dest, messages) = receiver(&[503; 400]);
    let path = subscribed(&scene, &dest).await;
    record(&scene, 1).await;
    let begun = scene.state.clock.now();
    let mut tries = 0;
    while serve_all(&scene).await > 0 {
        tries += 1;
        messages.recv_timeout(Duration::from_secs(20)).expect("a message");
        assert!(tries < 400, "it is never given up");
        scene.state.clock.advance(Duration::from_hours(1));
    }
    let days = scene.state.clock.now().duration_since(begun).as_hours() / 24;
    assert_eq!(days, 7, "after {tries} tries");
    let given_up = scene.state.metrics.messages.with_label_values(&["given_up"]).get();
    assert_eq!(given_up, 1);
    scene.state.clock.advance(Duration::from_hours(48));
    assert_eq!(serve_all(&scene).await, 0, "nothing more is sent");
    // Its maker sees it, and so does the operator, whatever was restarted meanwhile.
    let shown = get_as(&scene, FACTORY_KEY, &path).await.json();
    assert_eq!(shown["chopmark:failingSince"], begun.to_string(), "{shown}");
    for member in ["chopmark:disabledAt", "chopmark:lastFailure"] {
        assert!(shown[member].is_string(), "{shown}");
    }
    for (days, count) in [(0, 1), (6, 0)] {
        scene.state.clock.advance(Duration::from_hours(24 * days));
        count_given_up(&scene.state).await.unwrap();
        assert_eq!(scene.state.metrics.given_up.get(), count, "{days} days later");
    }
}

#[actix_web::test]
async fn a_schedule_sends_at_its_moments_and_says_so_when_there_is_nothing() {
    let scene = partner_scene("subscribed_schedule").await;
    let (dest, messages) = receiver(&[200, 200, 200]);
    // It is 08:00:00 UTC on a Monday.
    let schedule = serde_json::json!({
        "schedule": { "second": "0", "minute": "[0-59]", "hour": "9", "dayOfMonth": "23,24", "month": "11", "dayOfWeek": "1" },
        "reportIfEmpty": true,
    });
    subscribed_with(&scene, &dest, schedule).await;
    let next = async |hours: u64, minutes: u64| {
        scene.state.clock.advance(Duration::from_mins(60 * hours + minutes));
        let served = serve_all(&scene).await;
        let message = messages.try_recv().ok();
        (served, message.map(|message| ids(&message).len()))
    };
    record(&scene, 1).await;
    assert_eq!(next(0, 59).await, (0, None), "08:59");
    assert_eq!(next(0, 1).await, (1, Some(1)), "09:00");
    assert_eq!(next(0, 0).await, (0, None), "once at each moment");
    assert_eq!(next(0, 1).await, (1, Some(0)), "09:01, nothing new");
    record(&scene, 2).await;
    assert_eq!(next(0, 58).await, (1, Some(1)), "09:59");
    assert_eq!(next(23, 1).await, (0, None), "Tuesday 09:00");
}
