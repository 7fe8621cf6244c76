//! Senders that press: over a real listener, with bytes as they please.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use super::*;
use crate::http::server;

/// How long a test waits for something that must happen.
const DEADLINE: Duration = Duration::from_secs(20);

/// A scene whose settings are changed, and its address while it serves.
async fn served(name: &str, change: impl FnOnce(&mut Settings)) -> (Scene, SocketAddr) {
    let mut scene = Scene::new(name).await;
    let state = std::sync::Arc::into_inner(scene.state.into_inner()).unwrap();
    let State { db, mut config, writers, metrics, terms, .. } = state;
    change(&mut config.settings);
    scene.state = Data::new(State::new(db, config, writers, metrics, terms));
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let address = listener.local_addr().unwrap();
    actix_web::rt::spawn(
        server(scene.state.clone(), &process::Service::default(), listener).unwrap(),
    );
    (scene, address)
}

/// Runs blocking work away from the runtime that serves.
async fn off<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    actix_web::web::block(work).await.unwrap()
}

fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(DEADLINE)).unwrap();
    stream.set_write_timeout(Some(DEADLINE)).unwrap();
    stream
}

/// The head of a request.
fn head(path: &str, headers: &[(&str, &str)], length: usize) -> String {
    let headers: Vec<String> =
        headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let headers = headers.concat();
    format!("POST {path} HTTP/1.1\r\nHost: ingest\r\nContent-Length: {length}\r\n{headers}\r\n")
}

/// The status and the whole answer; 0 if the connection ended without one.
fn answer(stream: &mut TcpStream) -> (u16, String) {
    let (mut text, mut part) = (Vec::new(), [0; 4096]);
    loop {
        let found = String::from_utf8_lossy(&text).into_owned();
        if let Some((head, body)) = found.split_once("\r\n\r\n") {
            let length = head
                .lines()
                .find_map(|line| line.to_lowercase().strip_prefix("content-length: ")?.parse().ok())
                .unwrap_or(0);
            if body.len() >= length {
                return (head[9..12].parse().unwrap(), found);
            }
        }
        match stream.read(&mut part) {
            Ok(0) | Err(_) => return (0, found),
            Ok(count) => text.extend_from_slice(&part[..count]),
        }
    }
}

const BEARER: (&str, &str) = ("Authorization", "Bearer maker-token");

#[actix_web::test]
async fn forty_half_sent_bodies_hold_no_more_than_the_budget_and_the_others_are_told_to_retry() {
    const MIB: usize = 1024 * 1024;
    let (scene, address) = served("half_sent", |settings| settings.max_body_bytes = 16 * MIB).await;
    let held = scene.state.metrics.body_bytes.clone();
    let watched = held.clone();
    let (most, busy, streams) = off(move || {
        let mut most = 0;
        let part = vec![b' '; 256 * 1024];
        let mut streams: Vec<TcpStream> = (0..40).map(|_| connect(address)).collect();
        for stream in &mut streams {
            stream.write_all(head("/capture", &[BEARER], 16 * MIB).as_bytes()).unwrap();
        }
        // All in turns, until three quarters of each are sent; those that were refused cannot be written to.
        for _ in 0..48 {
            for stream in &mut streams {
                stream.write_all(&part).ok();
            }
            most = most.max(watched.get());
        }
        let mut busy = 0;
        for stream in &mut streams {
            stream.set_read_timeout(Some(Duration::from_millis(50))).unwrap();
            let (status, text) = answer(stream);
            assert!(status == 0 || text.to_lowercase().contains("retry-after: "), "{text}");
            busy += usize::from(status == 503);
        }
        (most, busy, streams)
    })
    .await;
    assert!((1..=48 * 1024 * 1024).contains(&most), "{most} bytes were held at once");
    assert!(busy >= 20, "{busy} were told to retry");
    drop(streams);
    let start = Instant::now();
    while held.get() > 0 && start.elapsed() < DEADLINE {
        off(std::thread::yield_now).await;
    }
    assert_eq!(held.get(), 0, "all of it is given back");
    let body = super::capture::document("");
    let (status, text) = off(move || {
        let mut stream = connect(address);
        stream.write_all(head("/capture", &[BEARER], body.len()).as_bytes()).unwrap();
        stream.write_all(body.as_bytes()).unwrap();
        answer(&mut stream)
    })
    .await;
    assert_eq!(status, 202, "{text}");
}

#[actix_web::test]
async fn ten_thousand_posts_of_strangers_are_all_counted_and_a_sample_is_stored() {
    const POSTS: u64 = 10_000;
    let (scene, address) = served("strangers", |_| {}).await;
    let before = scene.state.metrics.body_bytes.get();
    let statuses = off(move || {
        let mut statuses = std::collections::BTreeMap::<u16, u64>::new();
        let mut stream = connect(address);
        for _ in 0..POSTS {
            let request = head("/observations", &[("Chopmark-Bridge", "b1")], 0);
            stream.write_all(request.as_bytes()).unwrap();
            let (status, text) = answer(&mut stream);
            *statuses.entry(status).or_default() += 1;
            if text.to_lowercase().contains("connection: close") {
                stream = connect(address);
            }
        }
        statuses
    })
    .await;
    assert_eq!(statuses.keys().copied().collect::<Vec<u16>>(), [401, 429], "{statuses:?}");
    assert_eq!(statuses[&401], 600, "{statuses:?}");
    let counted = scene.state.metrics.refusals.with_label_values(&["delivery", "not-admitted"]);
    assert_eq!(counted.get(), POSTS);
    assert_eq!(scene.state.metrics.unstored_refusals.get(), POSTS - 20);
    assert_eq!(scene.refused("delivery", "not-admitted").await, 20);
    assert_eq!(scene.state.metrics.body_bytes.get(), before);
    // Whoever is admitted is not limited by what others of its address do.
    let (status, answer) = scene.deliver(1, 1, &window(1, 1)).await;
    assert_eq!(status, 201, "{answer}");
    scene.state.store_rest().await;
    assert_eq!(scene.refused("delivery", "not-admitted").await, POSTS);
}

#[actix_web::test]
async fn a_stranger_is_refused_before_its_body_is_read_and_a_size_above_the_limit_as_well() {
    let (scene, address) = served("head_first", |_| {}).await;
    let signature = STANDARD.encode([7; 64]);
    let bridge = |id| {
        [
            ("Chopmark-Bridge", id),
            ("Chopmark-Boot", "1"),
            ("Chopmark-Sequence", "1"),
            ("Chopmark-Signature", signature.as_str()),
        ]
    };
    let known = bridge("b1");
    let short = STANDARD.encode([7; 63]);
    let mut misshapen = known;
    misshapen[3].1 = &short;
    let cases: Vec<(u16, String)> = vec![
        (401, head("/observations", &bridge("b2"), 1000)),
        (401, head("/observations", &misshapen, 1000)),
        (401, head("/capture", &[("Authorization", "Bearer other-token")], 1000)),
        (413, head("/observations", &known, MAX_BODY + 1)),
        (413, head("/capture", &[BEARER], MAX_BODY + 1)),
    ];
    let answers = off(move || {
        let send = |(want, head): (u16, String)| {
            let mut stream = connect(address);
            stream.write_all(head.as_bytes()).unwrap();
            // Not one byte of the body.
            (want, answer(&mut stream))
        };
        cases.into_iter().map(send).collect::<Vec<_>>()
    })
    .await;
    for (want, (status, text)) in answers {
        assert_eq!(status, want, "{text}");
    }
    assert_eq!(scene.state.metrics.body_bytes.get(), 0);
}

#[actix_web::test]
async fn a_sender_that_writes_its_whole_body_first_gets_the_answer_that_it_is_too_large() {
    const BODY: usize = 16 * 1024 * 1024;
    let (scene, address) = served("too_large_whole", |_| {}).await;
    let (status, text) = off(move || {
        let mut stream = connect(address);
        stream.write_all(head("/capture", &[BEARER], BODY).as_bytes()).unwrap();
        stream.write_all(&vec![b' '; BODY]).ok();
        answer(&mut stream)
    })
    .await;
    assert_eq!(status, 413, "{text}");
    drop(scene);
}

#[actix_web::test]
async fn a_slow_body_is_cut_at_the_deadline() {
    let (scene, address) = served("slow", |settings| settings.body_within_s = 1).await;
    let (status, text, took) = off(move || {
        let start = Instant::now();
        let mut stream = connect(address);
        stream.write_all(head("/capture", &[BEARER], 1000).as_bytes()).unwrap();
        stream.write_all(b"{").unwrap();
        let (status, text) = answer(&mut stream);
        (status, text, start.elapsed())
    })
    .await;
    assert_eq!(status, 408, "{text}");
    assert!(text.contains("urn:chopmark:problem:too-slow"), "{text}");
    assert!(took >= Duration::from_secs(1) && took < DEADLINE, "{took:?}");
    assert_eq!(scene.state.metrics.body_bytes.get(), 0);
}

#[actix_web::test]
async fn one_address_sends_only_so_many_bodies_at_once() {
    let (scene, address) = served("per_address", |settings| settings.bodies_per_address = 2).await;
    let status = off(move || {
        let start = Instant::now();
        loop {
            let mut streams: Vec<TcpStream> = (0..2).map(|_| connect(address)).collect();
            for stream in &mut streams {
                stream.write_all(head("/capture", &[BEARER], 1000).as_bytes()).unwrap();
                stream.write_all(b"{").unwrap();
            }
            // The third may be received before one of the others, which is then the one that is refused: so all three
            // are sent again.
            for _ in 0..5 {
                let mut third = connect(address);
                third.write_all(head("/capture", &[BEARER], 2).as_bytes()).unwrap();
                third.write_all(b"{}").unwrap();
                let (status, _) = answer(&mut third);
                if status == 503 || start.elapsed() > DEADLINE {
                    return status;
                }
            }
        }
    })
    .await;
    assert_eq!(status, 503);
    drop(scene);
}

#[actix_web::test]
async fn control_characters_are_refused_and_every_answer_has_its_headers() {
    let (_scene, address) = served("control", |_| {}).await;
    let answers = off(move || {
        let ask = |request: &[u8]| {
            let mut stream = connect(address);
            stream.write_all(request).unwrap();
            answer(&mut stream)
        };
        [
            ask(b"GET /capture/%00 HTTP/1.1\r\nHost: a\r\n\r\n"),
            ask(b"GET /healthz?a=%0d HTTP/1.1\r\nHost: a\r\n\r\n"),
            ask(b"GET /healthz HTTP/1.1\r\nHost: a\r\nX-A: a\0b\r\n\r\n"),
            ask(b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n"),
            ask(b"GET /nowhere HTTP/1.1\r\nHost: a\r\n\r\n"),
            ask(b"POST /capture HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n"),
        ]
    })
    .await;
    let statuses = answers.clone().map(|(status, _)| status);
    assert_eq!(statuses, [400, 400, 400, 200, 404, 401], "{answers:?}");
    for (place, (_, text)) in answers.iter().enumerate() {
        // What is no HTTP at all is answered before anything of ours is asked.
        if place != 2 {
            let text = text.to_lowercase();
            assert!(text.contains("x-content-type-options: nosniff"), "{text}");
            assert!(text.contains("cache-control: no-store"), "{text}");
        }
    }
}
