//! What it costs to ask whether a query holds for an event, and to make an event's terms:
//! `cargo build --release --workspace --example query_bench`, then `target/release/examples/query_bench`.
//!
//! Each pair of a query and an event is asked many times in turn with the others, on one thread; printed are minimum, median
//! and maximum of the rounds in nanoseconds of CPU time (`/proc/thread-self/schedstat`), which other programs on the machine
//! disturb less than the clock.

use std::hint::black_box;

use epcis::Event;
use epcis::query::{NoMasterData, Query, terms_of};
use jiff::Timestamp;
use ledger::json::{Limits, parse};

const ROUNDS: usize = 9;
/// Least time of a round, in nanoseconds: far above a tick of the scheduler.
const ROUND: u128 = 20_000_000;

/// An event of `items` items with readings and an extension.
fn event(items: usize) -> Option<Event> {
    let items: Vec<String> =
        (0..items).map(|n| format!("\"urn:epc:id:sgtin:9521141.012345.{n}\"")).collect();
    let text = format!(
        r#"{{"@context":{{"ex":"https://maker.example/ns/"}},"action":"OBSERVE","bizLocation":{{"id":"urn:epc:id:sgln:9521141.11111.0"}},"bizStep":"shipping","disposition":"in_transit","epcList":[{}],"eventID":"ni:///sha-256;df7bb3c352fef055578554f09f5e2aa41782150ced7bd0b8af24dd3ccb30ba69?ver=CBV2.0","eventTime":"2026-11-20T08:00:00.000Z","eventTimeZoneOffset":"+01:00","readPoint":{{"id":"urn:epc:id:sgln:9521141.11111.7"}},"type":"ObjectEvent","ex:line":"7","sensorElementList":[{{"sensorReport":[{{"type":"Temperature","value":4.5,"uom":"CEL"}}]}}]}}"#,
        items.join(",")
    );
    Event::of_record(parse(text.as_bytes(), &Limits::default()).ok()?)
}

/// Name and parameters of each query. The last thing of an event of 100 is the dearest to find.
const QUERIES: [(&str, &[(&str, &str)]); 7] = [
    ("a business step", &[("EQ_bizStep", "shipping|receiving")]),
    ("a read point", &[("EQ_readPoint", "https://id.gs1.org/414/9521141111116/254/7")]),
    (
        "times",
        &[("GE_eventTime", "2026-11-20T00:00:00Z"), ("LT_eventTime", "2026-11-21T00:00:00Z")],
    ),
    ("a thing that is not there", &[("MATCH_epc", "urn:epc:id:sgtin:9521141.012345.none")]),
    ("a pattern that fits no thing", &[("MATCH_anyEPC", "urn:epc:idpat:sgtin:9521141.112345.*")]),
    ("a reading", &[("EQ_type", "Temperature"), ("GE_value_CEL", "2"), ("LT_value_CEL", "8")]),
    (
        "an extension field",
        &[("@context", r#"{"m":"https://maker.example/ns/"}"#), ("EQ_m:line", "6|7")],
    ),
];

/// CPU time of this thread so far, in nanoseconds; exact to a tick of the scheduler.
fn cpu() -> u128 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    text.split_whitespace().next().and_then(|nanos| nanos.parse().ok()).unwrap_or(0)
}

/// Nanoseconds of one `work`, done as often as fills a round.
fn nanos(mut work: impl FnMut()) -> u128 {
    let mut repeats = 64;
    loop {
        let begun = cpu();
        for _ in 0..repeats {
            work();
        }
        let taken = cpu() - begun;
        if taken >= ROUND {
            return taken / repeats;
        }
        repeats *= 2;
    }
}

fn main() {
    println!("| asked | of an event of | minimum | median | maximum |\n|---|---|---|---|---|");
    for items in [1, 100] {
        let Some(event) = event(items) else { return println!("no event") };
        let mut rows: Vec<(&str, Vec<u128>)> = vec![("its terms", Vec::new())];
        let mut queries = Vec::new();
        for (name, pairs) in QUERIES {
            let pairs: Vec<(String, String)> =
                pairs.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
            match Query::from_pairs(&pairs) {
                Ok(query) => queries.push(query),
                Err(problems) => return println!("{name}: {problems:?}"),
            }
            rows.push((name, Vec::new()));
        }
        for _ in 0..ROUNDS {
            rows[0].1.push(nanos(|| {
                black_box(terms_of(black_box(&event)));
            }));
            for (query, row) in queries.iter().zip(&mut rows[1..]) {
                row.1.push(nanos(|| {
                    black_box(query.matches(
                        black_box(&event),
                        Timestamp::UNIX_EPOCH,
                        &NoMasterData,
                    ));
                }));
            }
        }
        for (name, mut times) in rows {
            times.sort_unstable();
            let [first, .., last] = times[..] else { return };
            println!("| {name} | {items} | {first} | {} | {last} |", times[times.len() / 2]);
        }
    }
}
