//! Measures what the item index costs by its kind: `cargo run --release -p sql --example item_index_bench`.
//!
//! Rows are (key, ledger, place) with random keys, inserted 10,000 a transaction into a private cluster with
//! fsync on; then 2,000 look-ups by key. Each kind is measured in turn on the same server.

use std::time::Instant;

use sql::cluster::Cluster;
use tokio_postgres::{Client, NoTls};

const ROWS: u64 = 3_000_000;
const PER_COMMIT: u64 = 10_000;
const LOOK_UPS: u64 = 2_000;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = std::env::temp_dir().join(format!("item-index-{}", std::process::id()));
    let cluster = Cluster::start(&folder)?;
    let (client, connection) = tokio_postgres::connect(cluster.url(), NoTls).await?;
    tokio::spawn(connection);
    println!("| kind | rows/s: first million | third million | index MB | look-up µs |");
    println!("|---|---|---|---|---|");
    for (kind, table, index) in [
        ("no index (floor)", "key int8", ""),
        ("int8, hash index", "key int8", "create index on t using hash (key)"),
        ("int8, btree", "key int8", "create index on t (key)"),
        ("bytea of 12, btree", "key bytea", "create index on t (key)"),
        ("text URI, btree", "key text", "create index on t (key)"),
    ] {
        measure(&client, kind, table, index).await?;
    }
    drop(cluster);
    std::fs::remove_dir_all(&folder).ok();
    Ok(())
}

/// The SQL that makes a key of row number `n`.
fn key(table: &str) -> &'static str {
    match table {
        "key int8" => "('x' || substr(md5(n::text), 1, 16))::bit(64)::int8",
        "key bytea" => "substring(decode(md5(n::text), 'hex') for 12)",
        _ => {
            "'urn:epc:id:sgtin:9521141.012345.' || ('x' || substr(md5(n::text), 1, 10))::bit(40)::int8"
        }
    }
}

async fn measure(
    client: &Client,
    kind: &str,
    table: &str,
    index: &str,
) -> Result<(), tokio_postgres::Error> {
    let create = format!(
        "drop table if exists t; create table t ({table}, ledger int, place int8); {index}"
    );
    client.batch_execute(&create).await?;
    let insert = format!(
        "insert into t select {}, 1, n from generate_series($1::int8, $1 + {PER_COMMIT} - 1) n",
        key(table)
    );
    let insert = client.prepare(&insert).await?;
    let mut rates = Vec::new();
    let mut begun = Instant::now();
    for first in (0..ROWS).step_by(usize::try_from(PER_COMMIT).unwrap_or(1)) {
        client.execute(&insert, &[&i64::try_from(first).unwrap_or(0)]).await?;
        if (first + PER_COMMIT).is_multiple_of(1_000_000) {
            rates.push(1_000_000.0 / begun.elapsed().as_secs_f64());
            begun = Instant::now();
        }
    }
    let size: i64 = client.query_one("select pg_indexes_size('t')", &[]).await?.get(0);
    let mut micros = String::from("-");
    if !index.is_empty() {
        client.batch_execute("analyze t").await?;
        let find = format!(
            "select place from t where key = (select {} from (select $1::int8 n) s)",
            key(table)
        );
        let find = client.prepare(&find).await?;
        let begun = Instant::now();
        for n in 0..LOOK_UPS {
            let asked = i64::try_from(n * 1_499 % ROWS).unwrap_or(0);
            client.query(&find, &[&asked]).await?;
        }
        micros = (begun.elapsed().as_micros() / u128::from(LOOK_UPS)).to_string();
    }
    println!("| {kind} | {:.0} | {:.0} | {} | {micros} |", rates[0], rates[2], size / 1_000_000);
    Ok(())
}
