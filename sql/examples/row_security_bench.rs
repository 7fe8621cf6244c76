//! Measures what row-level security costs on the write path: `cargo run --release -p sql --example row_security_bench`.
//!
//! On a private cluster with fsync on, in turn, round after round:
//!
//! - appends of the same batch to two ledgers, by the owner (no row security) and by ingest's role (row security);
//! - the chunks of such a batch by COPY and by INSERT, since PostgreSQL has no COPY together with row security;
//! - the item keys of such a batch by COPY, and by INSERT into a table with the policy that they do not have.
//!
//! Shown is the median of each, and the ratio within each pair.

use std::time::{Duration, Instant};

use jiff::Timestamp;
use ledger::hash;
use ledger::tree::Frontier;
use sql::cluster::Cluster;
use sql::ledgers::{Append, Entry};
use sql::{Access, Db, LedgerId, Settings};
use tokio_postgres::binary_copy::BinaryCopyInWriter;
use tokio_postgres::types::Type;
use tokio_postgres::{Client, NoTls};

const ROUNDS: usize = 60;
/// Records of one commit, each about as long as a receipt, with three items.
const RECORDS: u64 = 1_700;
const ITEMS: u64 = 3;
const CHUNK: usize = 256;

type Fallible<T> = Result<T, Box<dyn std::error::Error>>;

#[tokio::main]
async fn main() -> Fallible<()> {
    let folder = std::env::temp_dir().join(format!("row-security-{}", std::process::id()));
    let cluster = Cluster::start_anywhere(&folder)?;
    let owner = Db::connect(&Settings::new(cluster.url())).await?;
    owner.migrate().await?;
    let ingest = Db::connect(&Settings::new(cluster.url_for(Access::Ingest))).await?;
    let (client, connection) = tokio_postgres::connect(cluster.url(), NoTls).await?;
    tokio::spawn(connection);
    println!("| step of one commit of {RECORDS} records | without ms | with ms | ratio |");
    println!("|---|---|---|---|");
    whole_append(&owner, &ingest).await?;
    chunks(&client).await?;
    item_keys(&client).await?;
    drop(cluster);
    std::fs::remove_dir_all(&folder).ok();
    Ok(())
}

fn report(step: &str, mut without: Vec<Duration>, mut with: Vec<Duration>) {
    without.sort();
    with.sort();
    let median = |times: &[Duration]| times[times.len() / 2].as_secs_f64() * 1000.0;
    let (without, with) = (median(&without), median(&with));
    println!("| {step} | {without:.1} | {with:.1} | {:.2} |", with / without);
}

fn text(index: u64) -> String {
    format!("{{\"n\":{index},\"more\":\"{}\"}}", "x".repeat(900))
}

async fn append(db: &Db, ledger: LedgerId, before: &Frontier) -> Fallible<(Frontier, Duration)> {
    let mut after = before.clone();
    let (mut entries, mut item_keys) = (Vec::new(), Vec::new());
    for index in before.size()..before.size() + RECORDS {
        let text = text(index);
        let leaf_hash = hash::leaf(text.as_bytes());
        let items = (0..ITEMS).map(|item| (sql::items::key(&format!("{index} {item}")), index));
        item_keys.extend(items);
        entries.push(Entry { text: text.into(), secret: Some([7; 16]), leaf_hash });
    }
    let mut append = Append::to(ledger, &mut after, entries, Timestamp::UNIX_EPOCH);
    append.item_keys = item_keys;
    append.note = format!("note {}", before.size());
    let started = Instant::now();
    db.run_tx("bench.append", async |tx| sql::ledgers::append(tx, &append).await).await?;
    Ok((after, started.elapsed()))
}

async fn whole_append(owner: &Db, ingest: &Db) -> Fallible<()> {
    let mut times = [Vec::new(), Vec::new()];
    let mut trees = [Frontier::new(), Frontier::new()];
    let mut ledgers = Vec::new();
    for origin in ["a.example/x", "b.example/x"] {
        ledgers.push(sql::ledgers::create_ledger(owner, origin, "site", "A").await?);
    }
    for _ in 0..ROUNDS {
        for (place, db) in [owner, ingest].into_iter().enumerate() {
            let (tree, time) = append(db, ledgers[place], &trees[place]).await?;
            trees[place] = tree;
            times[place].push(time);
        }
    }
    let [without, with] = times;
    report("whole append: row security", without, with);
    Ok(())
}

async fn chunks(client: &Client) -> Fallible<()> {
    client.batch_execute("create table by_copy (like record_chunks including all)").await?;
    client.batch_execute("create table by_insert (like record_chunks including all)").await?;
    let columns = [
        Type::INT4,
        Type::INT8,
        Type::INT2,
        Type::BYTEA,
        Type::BYTEA,
        Type::BYTEA,
        Type::INT4_ARRAY,
    ];
    let insert =
        client.prepare("insert into by_insert values ($1, $2, $3, $4, $5, $6, $7)").await?;
    let (hashes, secrets) = (vec![1_u8; 32 * CHUNK], vec![2_u8; 16 * CHUNK]);
    let (mut texts, mut ends) = (Vec::new(), Vec::new());
    for n in 0..CHUNK as u64 {
        texts.extend_from_slice(text(n).as_bytes());
        ends.push(i32::try_from(texts.len())?);
    }
    let count = i16::try_from(CHUNK)?;
    let mut times = [Vec::new(), Vec::new()];
    let rows = i64::try_from(RECORDS)? / i64::from(count) + 1;
    for round in 0..i64::try_from(ROUNDS)? {
        let first = |row: i64| (round * rows + row) * i64::from(count);
        let started = Instant::now();
        let sink = client.copy_in("copy by_copy from stdin (format binary)").await?;
        let mut writer = std::pin::pin!(BinaryCopyInWriter::new(sink, &columns));
        for row in 0..rows {
            let values: [&(dyn tokio_postgres::types::ToSql + Sync); 7] =
                [&1, &first(row), &count, &hashes, &secrets, &texts, &ends];
            writer.as_mut().write(&values).await?;
        }
        writer.finish().await?;
        times[0].push(started.elapsed());
        let started = Instant::now();
        client.batch_execute("begin").await?;
        for row in 0..rows {
            let values: [&(dyn tokio_postgres::types::ToSql + Sync); 7] =
                [&1, &first(row), &count, &hashes, &secrets, &texts, &ends];
            client.execute(&insert, &values).await?;
        }
        client.batch_execute("commit").await?;
        times[1].push(started.elapsed());
    }
    let [without, with] = times;
    report("chunks: INSERT against COPY", without, with);
    Ok(())
}

async fn item_keys(client: &Client) -> Fallible<()> {
    client
        .batch_execute(
            "create table free_keys (like item_records including all);
             create table bound_keys (like item_records including all);
             alter table bound_keys enable row level security;
             create policy p on bound_keys for insert to chopmark_ingest
               with check ((select kind from ledgers l where l.ledger_id = bound_keys.ledger_id) = 'site');
             grant insert on free_keys, bound_keys to chopmark_ingest;
             set role chopmark_ingest",
        )
        .await?;
    let insert = "insert into bound_keys select unnest($1::bigint[]), 1, unnest($2::bigint[])";
    let insert = client.prepare(insert).await?;
    let mut times = [Vec::new(), Vec::new()];
    for round in 0..ROUNDS as u64 {
        let (mut keys, mut places) = (Vec::new(), Vec::new());
        for n in 0..RECORDS * ITEMS {
            keys.push(sql::items::key(&format!("{round} {n}")));
            places.push(i64::try_from(n)?);
        }
        let started = Instant::now();
        let sink = client.copy_in("copy free_keys from stdin (format binary)").await?;
        let columns = [Type::INT8, Type::INT4, Type::INT8];
        let mut writer = std::pin::pin!(BinaryCopyInWriter::new(sink, &columns));
        for (key, place) in keys.iter().zip(&places) {
            writer.as_mut().write(&[key, &1, place]).await?;
        }
        writer.finish().await?;
        times[0].push(started.elapsed());
        let started = Instant::now();
        client.execute(&insert, &[&keys, &places]).await?;
        times[1].push(started.elapsed());
    }
    let [without, with] = times;
    report("item keys: INSERT with a policy against COPY without", without, with);
    Ok(())
}
