//! What reaches a collector, what does not, and what a collector that is away costs.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use super::*;

/// The first line, the content type and the body of a request.
pub fn read_request(stream: &TcpStream) -> (String, String, Vec<u8>) {
    let mut reader = BufReader::new(stream);
    let mut line = || {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        line.trim_end().to_owned()
    };
    let first = line();
    let (mut length, mut kind) = (0, String::new());
    loop {
        let header = line().to_lowercase();
        match header.split_once(": ") {
            Some(("content-length", value)) => length = value.parse().unwrap(),
            Some(("content-type", value)) => value.clone_into(&mut kind),
            Some(_) => {}
            None => break,
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    (first, kind, body)
}

/// A collector that accepts one batch; its address, and what it received.
fn collector() -> (String, mpsc::Receiver<(String, String, Vec<u8>)>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let (send, received) = mpsc::channel();
    std::thread::spawn(move || {
        let (stream, _) = listener.accept().unwrap();
        send.send(read_request(&stream)).unwrap();
        (&stream).write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").unwrap();
    });
    (address, received)
}

fn contains(body: &[u8], text: &str) -> bool {
    body.windows(text.len()).any(|window| window == text.as_bytes())
}

#[test]
fn spans_reach_the_collector_at_the_end_of_the_process_with_their_warnings() {
    let (address, received) = collector();
    let traces = Traces::to(&address, "chopmark ingest").unwrap();
    let subscriber = tracing_subscriber::registry().with(traced(&traces));
    tracing::subscriber::with_default(subscriber, || {
        let _commit = tracing::info_span!("transaction", otel.name = "ingest.commit").entered();
        tracing::debug_span!("too fine to be traced").in_scope(|| ());
        tracing::info!("a line only");
        tracing::warn!("the commit was slow");
    });
    assert!(received.try_recv().is_err(), "a batch waits for others");
    drop(traces);
    let (first, kind, body) = received.recv_timeout(Duration::from_secs(10)).unwrap();
    assert_eq!(first, "POST /v1/traces HTTP/1.1");
    assert_eq!(kind, "application/x-protobuf");
    for text in ["ingest.commit", "chopmark ingest", "the commit was slow"] {
        assert!(contains(&body, text), "`{text}` was not exported");
    }
    for text in ["too fine", "a line only"] {
        assert!(!contains(&body, text), "`{text}` was exported");
    }
}

#[test]
fn a_collector_that_is_away_neither_blocks_work_nor_the_end() {
    // Accepts connections and never answers.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    for address in [format!("http://{}", silent.local_addr().unwrap()), "http://127.0.0.1:1".into()]
    {
        let traces = Traces::to(&address, "chopmark").unwrap();
        let subscriber = tracing_subscriber::registry().with(traced(&traces));
        let started = Instant::now();
        tracing::subscriber::with_default(subscriber, || {
            for _ in 0..10_000 {
                tracing::info_span!("request").in_scope(|| ());
            }
        });
        assert!(started.elapsed() < Duration::from_secs(2), "{:?}", started.elapsed());
        drop(traces);
        assert!(started.elapsed() < Duration::from_secs(6), "{:?}", started.elapsed());
    }
}

#[test]
fn what_is_wrong_with_the_section_is_reported_whole() {
    let section = LogSection {
        level: Some("ingest=loud".into()),
        otlp: Some("127.0.0.1:4318".into()),
        ..LogSection::default()
    };
    let found = check(&section).unwrap_err().to_string();
    for words in [
        "[log] level: got `ingest=loud` (",
        "[log] otlp: got `127.0.0.1:4318`, expected the collector's base address",
    ] {
        assert!(found.contains(words), "`{words}` is not in:\n{found}");
    }
}
