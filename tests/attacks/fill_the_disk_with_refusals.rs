//! Strangers send until the disk or the memory is full.

use std::io::Write as _;
use std::net::TcpStream;

use tests::stage::{get, post};
use tests::waiting::wait_for;

use crate::town::Town;

#[test]
fn refusals_of_strangers_are_counted_and_only_some_are_stored() {
    let town = Town::new();
    let body = vec![b'x'; 20_000];
    let url = format!("http://{}/capture", town.ingest);
    for _ in 0..500 {
        let (status, _) = post(&url, &[("Authorization", "Bearer nobody")], &body);
        assert!([401, 429].contains(&status), "{status}");
    }
    let stored: u64 = town.psql("select count(*) from refusals").parse().expect("a number");
    assert!(stored <= 100, "{stored} of 500 refusals of strangers are stored");
    let (_, metrics) = get(&format!("http://{}/metrics", town.ingest));
    let counted: f64 = metrics
        .lines()
        .filter(|line| {
            line.starts_with("ingest_refusals_total") || line.starts_with("ingest_limited_total")
        })
        .filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok())
        .sum();
    assert!(counted >= 500.0, "{counted} are counted:\n{metrics}");
}

#[test]
fn half_sent_bodies_of_strangers_are_cut_off_before_they_are_read() {
    let town = Town::new();
    let mut open: Vec<TcpStream> = (0..40)
        .map(|_| {
            let mut stream = TcpStream::connect(town.ingest).expect("ingest listens");
            let head = "POST /capture HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer nobody\r\n\
                        Content-Type: application/json\r\nContent-Length: 16000000\r\n\r\n";
            stream.write_all(head.as_bytes()).ok();
            stream
        })
        .collect();
    let half = vec![b' '; 1 << 20];
    for stream in &mut open {
        stream.write_all(&half).ok();
    }
    wait_for("ingest still answers", || get(&format!("http://{}/healthz", town.ingest)).0 == 200);
    assert!(town.resident_mib("ingest") < 200, "{} MiB", town.resident_mib("ingest"));
}
