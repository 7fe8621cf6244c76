//! Committing to the fields of a record against its bare hashing.

use std::time::Instant;

use ledger::json::{Json, object};
use ledger::record::Record;

use super::measure::{Row, alternate};
use super::report::Report;

/// Items of the record.
const ITEMS: u32 = 1_700;

/// Committing to a record of 1,700 items.
///
/// # Errors
///
/// Never in practice: the record is a valid one.
pub fn run(rounds: usize, report: &mut Report) -> anyhow::Result<()> {
    Report::part("Committing to a record");
    let epcs =
        (0..ITEMS).map(|n| Json::from(format!("urn:epc:id:sgtin:9521141.012345.{n}"))).collect();
    let record = Record::from_json(object([("epcList", Json::Array(epcs))]))?;
    let secret = [7; 16];
    let rate = |work: &dyn Fn()| {
        const TIMES: u32 = 20;
        let begun = Instant::now();
        for _ in 0..TIMES {
            work();
        }
        f64::from(ITEMS * TIMES) / begun.elapsed().as_secs_f64()
    };
    let (floors, ours) = alternate(
        rounds,
        |_| Ok(rate(&hash_plainly)),
        |_| {
            Ok(rate(&|| {
                std::hint::black_box(record.leaf_hash(&secret));
            }))
        },
    )?;
    report.add(
        Row::new("hashing", "items committed to in one record", "items/s", ours)
            .against("five SHA-256 of 65 bytes an item", floors),
    );
    Ok(())
}

/// Per item: a salt (HMAC, four compressions), an element, a leaf, and a node on average.
fn hash_plainly() {
    for n in 0..ITEMS {
        let mut bytes = [0; 65];
        bytes[..4].copy_from_slice(&n.to_be_bytes());
        for _ in 0..5 {
            std::hint::black_box(ledger::hash::sha256(&bytes));
        }
    }
}
