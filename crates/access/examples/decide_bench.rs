//! How long one access decision takes: `cargo run --release --example decide_bench`.
//!
//! Prints the shortest, the middle and the longest of the times of a decision with what follows from it for one
//! event: ten things, two parties and two places, seen by somebody with three grants of which only the last one covers it.
//!
//! Source: docs/performance.md.

use std::hint::black_box;
use std::time::Instant;

use access::{Act, Decision, Facts, Grant, Identity, Means, Role, Scope, decide};
use jiff::Timestamp;

/// Measured decisions.
const TIMES: usize = 20_000;

fn identity() -> Result<Identity, Box<dyn std::error::Error>> {
    let scopes = [
        Scope::default().with_product("9521143")?.with_jurisdiction("9521144")?,
        Scope::default().with_product("https://id.gs1.org/01/09521143123452")?,
        Scope::default().with_product("9521141")?.with_jurisdiction("9521142")?,
    ];
    let grant = |scope| Grant::new(Role::Regulator, scope, None);
    let grants = scopes.into_iter().map(grant).collect::<Result<Vec<Grant>, _>>()?;
    Ok(Identity { subject: "food-authority/lee".to_owned(), means: Means::ApiKey, grants })
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let identity = identity()?;
    let things: Vec<String> =
        (0..10).map(|n| format!("urn:epc:id:sgtin:9521141.012345.{n}")).collect();
    let things: Vec<&str> = things.iter().map(String::as_str).collect();
    let facts = Facts {
        parties: &["urn:epc:id:pgln:9521145.00000", "urn:epc:id:pgln:9521146.00000"],
        things: &things,
        places: &["urn:epc:id:sgln:9521145.00001.0", "urn:epc:id:sgln:9521142.00001.0"],
        event_time: Timestamp::constant(1_700_000_000, 0),
    };
    let now = Timestamp::constant(1_800_000_000, 0);
    let mut times = Vec::with_capacity(TIMES);
    for _ in 0..TIMES {
        let began = Instant::now();
        let decision = decide(Some(black_box(&identity)), Act::QueryEvents, now);
        let is_seen =
            matches!(&decision, Decision::Allowed(sight) if sight.sees(black_box(&facts)));
        times.push(began.elapsed());
        if !black_box(is_seen) {
            return Err("the event is not seen, expected that the last grant covers it".into());
        }
    }
    times.sort_unstable();
    let (least, middle, most) = (times[0], times[TIMES / 2], times[TIMES - 1]);
    println!("decision: min {least:?}, median {middle:?}, max {most:?}");
    Ok(())
}
