//! Measures what the item index costs by its kind, also under the inputs that an attacker would choose:
//! `cargo run --release --workspace --example item_index_bench -- 3000000`.
//!
//! The argument is the number of rows (default 1,000,000; about 150 bytes of disk a row). Rows are (key, ledger, place), sent by
//! COPY in batches of 10,000, a transaction each, into a private cluster with fsync on. Each kind of index is measured on the same
//! server with three sets of keys: all random; one key in every row; 100 keys (these two with a tenth of the rows). Then look-ups as the read path makes them (by key)
//! and as the write path does (the last place of each of 1,000 keys in one ledger).
//!
//! Time is CPU time of the server's process for this connection, which other programs on the machine disturb less than the
//! clock. A batch that takes longer than [`LONGEST`] ends the measurement of that kind: the row count says where.

use std::time::Duration;

use bytes::{BufMut as _, Bytes, BytesMut};
use futures::SinkExt as _;
use sql::cluster::Cluster;
use tokio_postgres::{Client, NoTls};

type Failed = Box<dyn std::error::Error>;

const PER_COMMIT: u64 = 10_000;
const LOOK_UPS: u64 = 1_000;
/// Look-ups by key end after this time.
const LOOKING_UP: Duration = Duration::from_secs(5);
/// Ticks of `/proc/PID/stat` a second.
const TICKS: f64 = 100.0;
const LONGEST: Duration = Duration::from_secs(10);
/// Rows of a segment before it is sealed.
const SEGMENT: u64 = 1_000_000;

/// A kind of index.
struct Kind {
    name: &'static str,
    /// Statements that make it.
    index: &'static str,
    /// Whether the rows of a batch are sorted by key first.
    sorted: bool,
    /// Whether each [`SEGMENT`] rows are a table of their own, indexed when it is full.
    segments: bool,
}

const fn kind(name: &'static str, index: &'static str, sorted: bool, segments: bool) -> Kind {
    Kind { name, index, sorted, segments }
}

const KINDS: &[Kind] = &[
    kind("no index (floor)", "", false, false),
    kind("hash (key)", "create index on t using hash (key)", false, false),
    kind("btree (key)", "create index on t (key)", false, false),
    kind("btree (key), batch sorted", "create index on t (key)", true, false),
    kind("btree (key, ledger, place)", "create index on t (key, ledger, place)", false, false),
    kind("the same, batch sorted", "create index on t (key, ledger, place)", true, false),
    kind("segments, btree (key, ledger, place) when sealed", "", false, true),
];

/// A set of keys.
#[derive(Clone, Copy, PartialEq)]
enum Keys {
    Random,
    One,
    Hundred,
}

impl Keys {
    fn of(self, n: u64) -> i64 {
        let n = match self {
            Self::Random => n,
            Self::One => 7,
            Self::Hundred => n % 100,
        };
        // SplitMix64: well spread, and the same in each run.
        let mut x = n.wrapping_add(0x9e37_79b9_7f4a_7c15);
        x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (x ^ (x >> 31)).cast_signed()
    }
}

#[tokio::main]
async fn main() -> Result<(), Failed> {
    let rows: u64 = std::env::args().nth(1).map_or(Ok(1_000_000), |rows| rows.parse())?;
    let folder = std::env::temp_dir().join(format!("item-index-{}", std::process::id()));
    let cluster = Cluster::start(&folder)?;
    println!("{rows} rows; CPU microseconds of the server's process");
    println!(
        "| keys | kind | µs a row: first tenth | last tenth | WAL bytes a row, last tenth | index bytes a row | by key µs | last in ledger µs a key |"
    );
    println!("|---|---|---|---|---|---|---|---|");
    for keys in [Keys::Random, Keys::One, Keys::Hundred] {
        for kind in KINDS {
            // One connection each: its process holds the CPU time.
            let (client, connection) = tokio_postgres::connect(cluster.url(), NoTls).await?;
            let driver = tokio::spawn(connection);
            let rows = if keys == Keys::Random { rows } else { rows / 10 };
            measure(&client, kind, keys, rows).await?;
            drop(client);
            driver.await??;
        }
    }
    drop(cluster);
    std::fs::remove_dir_all(&folder).ok();
    Ok(())
}

/// The CPU time that the connection's process used so far, in seconds.
async fn cpu(client: &Client) -> Result<f64, Failed> {
    let pid: i32 = client.query_one("select pg_backend_pid()", &[]).await?.get(0);
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat"))?;
    let behind_name = stat.rsplit(')').next().unwrap_or_default();
    let mut fields = behind_name.split_whitespace().skip(11);
    let mut ticks = || fields.next().unwrap_or("0").parse::<f64>();
    Ok((ticks()? + ticks()?) / TICKS)
}

/// A count as a number to divide by.
fn float(count: u64) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}

async fn wal(client: &Client) -> Result<u64, Failed> {
    let bytes = "select (pg_current_wal_insert_lsn() - '0/0'::pg_lsn)::int8";
    let bytes: i64 = client.query_one(bytes, &[]).await?.get(0);
    Ok(u64::try_from(bytes)?)
}

/// A batch in PostgreSQL's binary COPY format.
fn batch(keys: Keys, first: u64, sorted: bool) -> Bytes {
    let mut rows: Vec<(i64, u64)> = (first..first + PER_COMMIT).map(|n| (keys.of(n), n)).collect();
    if sorted {
        rows.sort_unstable();
    }
    let mut buffer = BytesMut::with_capacity(rows.len() * 34 + 32);
    buffer.put_slice(b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0");
    for (key, place) in rows {
        buffer.put_i16(3);
        buffer.put_i32(8);
        buffer.put_i64(key);
        buffer.put_i32(4);
        buffer.put_i32(1);
        buffer.put_i32(8);
        buffer.put_u64(place);
    }
    buffer.put_i16(-1);
    buffer.freeze()
}

async fn copy(client: &Client, table: &str, batch: Bytes) -> Result<(), Failed> {
    let sink = client.copy_in(&format!("copy {table} from stdin (format binary)")).await?;
    let mut sink = std::pin::pin!(sink);
    sink.send(batch).await?;
    sink.finish().await?;
    Ok(())
}

const COLUMNS: &str = "(key int8 not null, ledger int not null, place int8 not null)";

/// Fills the tables; gives the microseconds a row of the first and of the last tenth, the WAL bytes a row of the last, and
/// the rows that were sent before a batch took too long.
async fn fill(
    client: &Client,
    kind: &Kind,
    keys: Keys,
    rows: u64,
) -> Result<(f64, f64, f64, u64), Failed> {
    let create = if kind.segments {
        String::new()
    } else {
        format!("create table t {COLUMNS}; {}", kind.index)
    };
    client.batch_execute(&create).await?;
    let tenth = (rows / 10).max(PER_COMMIT);
    let (mut tenths, mut last_wal) = (Vec::new(), 0.0);
    let (mut cpu_before, mut wal_before) = (cpu(client).await?, wal(client).await?);
    for first in (0..rows).step_by(usize::try_from(PER_COMMIT)?) {
        let segment = first / SEGMENT;
        let table = if kind.segments { format!("t_{segment}") } else { "t".to_owned() };
        if kind.segments && first.is_multiple_of(SEGMENT) {
            client.batch_execute(&format!("create table {table} {COLUMNS}")).await?;
        }
        let begun = std::time::Instant::now();
        copy(client, &table, batch(keys, first, kind.sorted)).await?;
        let next = first + PER_COMMIT;
        if kind.segments && (next.is_multiple_of(SEGMENT) || next >= rows) {
            client.batch_execute(&format!("create index on {table} (key, ledger, place)")).await?;
        }
        let is_late = begun.elapsed() > LONGEST && !kind.segments;
        if next.is_multiple_of(tenth) || is_late {
            let (now, bytes) = (cpu(client).await?, wal(client).await?);
            let done = float(if is_late { PER_COMMIT } else { tenth });
            tenths.push((now - cpu_before) * 1e6 / done);
            last_wal = float(bytes - wal_before) / done;
            (cpu_before, wal_before) = (now, bytes);
        }
        if is_late {
            return Ok((tenths[0], tenths[tenths.len() - 1], last_wal, next));
        }
    }
    Ok((tenths[0], tenths[tenths.len() - 1], last_wal, rows))
}

async fn measure(client: &Client, kind: &Kind, keys: Keys, rows: u64) -> Result<(), Failed> {
    let name = match keys {
        Keys::Random => "random",
        Keys::One => "one key",
        Keys::Hundred => "100 keys",
    };
    let (first, last, wal, sent) = fill(client, kind, keys, rows).await?;
    let size = "select coalesce(sum(pg_indexes_size(oid)), 0)::int8 from pg_class where relname ~ '^t(_[0-9]+)?$' and relkind = 'r'";
    let size: i64 = client.query_one(size, &[]).await?.get(0);
    let late = if sent < rows {
        format!(" (stopped at {sent} rows: a batch took over {} s)", LONGEST.as_secs())
    } else {
        String::new()
    };
    let (by_key, last_in) = if kind.name.starts_with("no index") || sent < rows {
        ("-".to_owned(), "-".to_owned())
    } else {
        look_up(client, kind, keys, sent).await?
    };
    println!(
        "| {name} | {}{late} | {first:.2} | {last:.2} | {wal:.0} | {:.1} | {by_key} | {last_in} |",
        kind.name,
        float(u64::try_from(size)?) / float(sent)
    );
    let drop = "do $$ declare n text; begin for n in select relname from pg_class where relname ~ '^t(_[0-9]+)?$' and relkind = 'r' \
                loop execute 'drop table ' || n; end loop; end $$; checkpoint";
    client.batch_execute(drop).await?;
    Ok(())
}

/// Microseconds of CPU of a look-up by key, and of one key in a look-up of the last places of [`LOOK_UPS`] keys in a ledger.
async fn look_up(
    client: &Client,
    kind: &Kind,
    keys: Keys,
    rows: u64,
) -> Result<(String, String), Failed> {
    client
        .batch_execute("set enable_seqscan = off; set jit = off; set statement_timeout = '20s'")
        .await?;
    let tables: Vec<String> = if kind.segments {
        (0..rows.div_ceil(SEGMENT)).map(|segment| format!("t_{segment}")).collect()
    } else {
        vec!["t".to_owned()]
    };
    let asked: Vec<i64> = (0..LOOK_UPS).map(|n| keys.of(n * 7_919 % rows)).collect();
    let by_key: Vec<_> = tables
        .iter()
        .map(|table| format!("(select ledger, place from {table} where key = $1 limit 100)"))
        .collect();
    let by_key = client.prepare(&by_key.join(" union all ")).await?;
    let before = cpu(client).await?;
    let (begun, mut done) = (std::time::Instant::now(), 0.0);
    for key in &asked {
        client.query(&by_key, &[key]).await?;
        done += 1.0;
        if begun.elapsed() > LOOKING_UP {
            break;
        }
    }
    let micros = (cpu(client).await? - before) * 1e6 / done;
    let last_in: Vec<_> = tables
        .iter()
        .map(|table| {
            format!("(select place from {table} where key = k and ledger = 1 order by place desc limit 1)")
        })
        .collect();
    let last_in = format!(
        "select k, (select max(place) from ({}) as found) from unnest($1::int8[]) as k",
        last_in.join(" union all ")
    );
    let before = cpu(client).await?;
    let found = client.query(&last_in, &[&asked]).await;
    let seconds = cpu(client).await? - before;
    let last_in = match found {
        Ok(_) => format!("{:.1}", seconds * 1e6 / float(LOOK_UPS)),
        Err(_) => "over 20,000".to_owned(),
    };
    Ok((format!("{micros:.0}"), last_in))
}
