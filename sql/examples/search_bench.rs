//! Measures searches of the projection by terms of which no group is rare, in order of event time, the newest first:
//! `cargo run --release --workspace --example search_bench -- 1000000`.
//!
//! The argument is the number of events (default 1,000,000). Their rows are written by statements, and lead to no records: what is measured is
//! finding them. One event a second; the first 11,000 are of a party that has stated nothing since, every hundred-and-first is of a party that
//! states little, every event is of one party of ten, and every third of a time is recorded a day late.

use std::time::{Duration, Instant};

use epcis::query::{Direction, Order, Term};
use sql::events::{Search, candidates};
use sql::testing::TestDb;

/// Searches of each kind.
const ASKED: u32 = 50;
/// Events of the party that has stated nothing since.
const OLD: u64 = 11_000;

/// Rows of postings: each term with the positions that have it.
fn postings(count: u64) -> String {
    let of = |term: &str, which: &str| {
        format!(
            "insert into event_postings
             select {term}, n / 512, string_agg(int2send((n % 512)::int2), '' order by n)
             from generate_series(1, {count}) as n where {which} group by 1, 2;"
        )
    };
    [
        of("1", &format!("n <= {OLD}")),
        of("2", "n % 101 = 0"),
        of("10 + n % 10", &format!("n > {OLD}")),
        of("30", "n % 2 = 0"),
    ]
    .concat()
}

fn milliseconds(times: &mut [Duration]) -> [String; 3] {
    times.sort_unstable();
    let at = |share: usize| times[(times.len() - 1) * share / 100];
    [50, 99, 100].map(|share| format!("{:.1}", at(share).as_secs_f64() * 1_000.0))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let count: u64 = std::env::args().nth(1).map_or(Ok(1_000_000), |text| text.parse())?;
    let db = TestDb::migrated("search_bench").await;
    let ledger = sql::ledgers::create_ledger(&db, "a.example/x", "site", "A").await?;
    let events = format!(
        "insert into events select n, {}, n, 1763596800000000 + 1000000::bigint * (n - case when n % 3 = 0 then 86400 else 0 end),
           1763596800000000 + 1000000::bigint * n, n, '' from generate_series(1, {count}) as n;
         update projection_head set position = {count};
         insert into event_blocks
           select position / 512, min(event_time), max(event_time), min(record_time), max(record_time) from events group by 1;",
        ledger.0
    );
    let begun = Instant::now();
    db.execute(&events).await?;
    db.execute(&postings(count)).await?;
    println!("{count} events written in {:.0} s", begun.elapsed().as_secs_f64());
    for (name, groups) in [
        ("a party that stated nothing since", vec![vec![Term(1), Term(99)]]),
        ("a party that states little", vec![vec![Term(2), Term(99)]]),
        ("a party that states a tenth", vec![vec![Term(12), Term(99)]]),
        ("the old party, and every second event", vec![vec![Term(1), Term(99)], vec![Term(30)]]),
        ("little of a party, and every second", vec![vec![Term(2), Term(99)], vec![Term(30)]]),
    ] {
        let mut first = Vec::new();
        let mut deep = Vec::new();
        let mut found = 0;
        for _ in 0..ASKED {
            let mut search = Search {
                groups: &groups,
                order: Order::EventTime,
                direction: Direction::Descending,
                most: 51,
                ..Search::default()
            };
            for (page, times) in [&mut first, &mut deep].into_iter().enumerate() {
                let begun = Instant::now();
                let answer = candidates(&db, &search).await?;
                times.push(begun.elapsed());
                found = answer.faults;
                search.after = answer.next;
                search.most = if page == 0 { 256 } else { 51 };
            }
        }
        let [median, p99, most] = milliseconds(&mut first);
        let [second, ..] = milliseconds(&mut deep);
        println!(
            "{name}: first page {median} / {p99} / {most} ms, the next 256 {second} ms ({found} found)"
        );
    }
    Ok(())
}
