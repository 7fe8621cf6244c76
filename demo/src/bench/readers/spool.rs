//! The spool at 100 reads a commit against appending the same bytes to a file and syncing it.

use std::io::Write as _;
use std::time::Instant;

use jiff::Timestamp;

const COMMITS: u32 = 100;
const PER_COMMIT: u32 = 100;

/// Prints the row, by the clock, because both wait for the disk.
pub(super) fn rows(rounds: usize) -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let bytes = vec![0x5A; 36 * PER_COMMIT as usize];
    let mut file = std::fs::File::create(folder.path().join("floor"))?;
    let mut spool = firmware_bridge::spool::Spool::open(&folder.path().join("spool"))?;
    let mut batch = spool.begin()?;
    let window = batch.open_window("bench", Timestamp::UNIX_EPOCH)?;
    batch.commit()?;
    let per_second =
        |begun: Instant| f64::from(COMMITS * PER_COMMIT) / begun.elapsed().as_secs_f64();
    let (mut rates, mut floors, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..rounds {
        let begun = Instant::now();
        for _ in 0..COMMITS {
            file.write_all(&bytes)?;
            file.sync_data()?;
        }
        let floor = per_second(begun);
        let begun = Instant::now();
        for _ in 0..COMMITS {
            let mut batch = spool.begin()?;
            batch.add_raw(window, &bytes)?;
            batch.commit()?;
        }
        let rate = per_second(begun);
        floors.push(floor);
        rates.push(rate);
        ratios.push(rate / floor);
    }
    for values in [&mut rates, &mut floors, &mut ratios] {
        values.sort_by(f64::total_cmp);
    }
    out!(
        "| raw reads spooled, 100 a commit | append and fdatasync of the same bytes: {:.0} | {:.0} / {:.0} / {:.0} | {:.3} |",
        floors[rounds / 2],
        rates[0],
        rates[rounds / 2],
        rates[rounds - 1],
        ratios[rounds / 2]
    );
    Ok(())
}
