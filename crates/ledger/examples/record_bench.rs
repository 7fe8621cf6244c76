//! What a record costs against SHA-256 over its bytes: `cargo run --release --workspace --example record_bench`.
//!
//! They are run in turn, several rounds, on one thread; printed are medians in nanoseconds of CPU time (`/proc/thread-self/schedstat`), which other
//! programs on the machine disturb less than the clock.

use std::hint::black_box;

use ledger::hash::{HmacKey, sha256};
use ledger::record::Record;

const ROUNDS: usize = 9;
const REPEATS: u32 = 20_000;

/// A record as ingest makes it, of `items` items.
fn text(items: usize) -> String {
    let items: Vec<String> =
        (0..items).map(|n| format!("\"urn:epc:id:sgtin:9521141.012345.{n}\"")).collect();
    let text = format!(
        r#"{{"action":"OBSERVE","bizLocation":{{"id":"urn:epc:id:sgln:9521141.11111.0"}},"bizStep":"shipping","chopmark:by":"bridge/dock-7","chopmark:evidence":"sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08","disposition":"in_transit","epcList":[{}],"eventID":"ni:///sha-256;df7bb3c352fef055578554f09f5e2aa41782150ced7bd0b8af24dd3ccb30ba69?ver=CBV2.0","eventTime":"2026-11-20T08:00:00.000Z","eventTimeZoneOffset":"+01:00","readPoint":{{"id":"urn:epc:id:sgln:9521141.11111.7"}},"type":"ObjectEvent"}}"#,
        items.join(",")
    );
    let json = ledger::json::parse(text.as_bytes(), &ledger::json::Limits::default());
    json.map(|json| json.canonical()).unwrap_or_default()
}

/// CPU time of this thread so far, in nanoseconds; exact to a tick of the scheduler.
fn cpu() -> u128 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    text.split_whitespace().next().and_then(|nanos| nanos.parse().ok()).unwrap_or(0)
}

fn nanos(repeats: u32, mut work: impl FnMut()) -> u128 {
    let begun = cpu();
    for _ in 0..repeats {
        work();
    }
    (cpu() - begun) / u128::from(repeats)
}

fn main() {
    let secret = [7; 16];
    let salts = HmacKey::new(&secret);
    println!(
        "| items | bytes | SHA-256 of the text | parse | leaf hash | ratio of both to SHA-256 | one HMAC | one SHA-256 of 65 B |"
    );
    println!("|---|---|---|---|---|---|---|---|");
    for items in [1, 10, 100] {
        let text = text(items);
        let Ok(record) = Record::parse(&text) else { return println!("no record: {text}") };
        let repeats = REPEATS / u32::try_from(items).unwrap_or(1);
        let mut rounds: [Vec<u128>; 5] = [const { Vec::new() }; 5];
        for _ in 0..ROUNDS {
            rounds[0].push(nanos(repeats * 20, || {
                black_box(sha256(black_box(text.as_bytes())));
            }));
            rounds[1].push(nanos(repeats, || {
                black_box(Record::parse(black_box(&text))).ok();
            }));
            rounds[2].push(nanos(repeats, || {
                black_box(record.leaf_hash(black_box(&secret)));
            }));
            rounds[3].push(nanos(REPEATS * 10, || {
                black_box(salts.sign(black_box(b"bizLocation")));
            }));
            rounds[4].push(nanos(REPEATS * 10, || {
                black_box(sha256(black_box(&[1; 65])));
            }));
        }
        let median = |place: usize| {
            let mut times = rounds[place].clone();
            times.sort_unstable();
            times[times.len() / 2]
        };
        let tenths = (median(1) + median(2)) * 10 / median(0).max(1);
        println!(
            "| {items} | {} | {} | {} | {} | {}.{} | {} | {} |",
            text.len(),
            median(0),
            median(1),
            median(2),
            tenths / 10,
            tenths % 10,
            median(3),
            median(4)
        );
    }
}
