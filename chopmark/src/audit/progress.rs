//! How far the audit is, on a line of the terminal that is written again once a second.
//!
//! What holds: nothing is written where standard error is no terminal, nor beside JSON.

use std::time::{Duration, Instant};

use crate::terminal;

/// Time between two lines.
const EVERY: Duration = Duration::from_secs(1);
/// Characters of the bar.
const BAR: u64 = 24;

/// The progress of one run.
#[derive(Debug)]
pub struct Progress {
    /// Rows of all ledgers.
    total: u64,
    /// Rows that an earlier audit recomputed.
    resumed: u64,
    done: u64,
    begun: Instant,
    /// When a line was written; none if none is.
    written: Option<Instant>,
}

impl Progress {
    /// Begins.
    ///
    /// - `is_shown`: whether lines are wanted; they are written only to a terminal.
    pub fn new(total: u64, is_shown: bool) -> Self {
        let now = Instant::now();
        let written = (is_shown && terminal::is_watched()).then_some(now);
        Self { total, resumed: 0, done: 0, begun: now, written }
    }

    /// Adds rows that need not be recomputed.
    pub fn skip(&mut self, rows: u64) {
        self.resumed += rows;
    }

    /// Adds rows that were recomputed.
    pub fn add(&mut self, rows: u64) {
        self.done += rows;
        if let Some(written) = self.written
            && written.elapsed() >= EVERY
        {
            self.written = Some(Instant::now());
            let width = usize::from(terminal::columns());
            let line = line(self.resumed + self.done, self.total, self.done, self.begun.elapsed());
            terminal::status(&line.chars().take(width.saturating_sub(1)).collect::<String>());
        }
    }

    /// Takes the line away.
    pub fn end(&self) {
        if self.written.is_some() {
            terminal::status("");
        }
    }
}

/// The line: bar, share, records, rate, and the time that is left at this rate.
fn line(at: u64, total: u64, done: u64, elapsed: Duration) -> String {
    let (total, at) = (total.max(1), at.min(total));
    let filled = at * BAR / total;
    let bar: String = (0..BAR).map(|place| if place < filled { '#' } else { '.' }).collect();
    let millis = u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX).max(1);
    let rate = done.saturating_mul(1000) / millis;
    let left = match (total - at).checked_div(rate) {
        None => "-".to_owned(),
        Some(seconds) if seconds < 120 => format!("{seconds} s"),
        Some(seconds) if seconds < 7200 => format!("{} min", seconds / 60),
        Some(seconds) => format!("{} h", seconds / 3600),
    };
    format!(
        "[{bar}] {} %  {at} of {total} records  {rate} records/s  {left} left",
        at * 100 / total
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_says_how_far_how_fast_and_how_long() {
        assert_eq!(
            line(250_000, 1_000_000, 200_000, Duration::from_secs(2)),
            "[######..................] 25 %  250000 of 1000000 records  100000 records/s  7 s left"
        );
        assert!(line(0, 0, 0, Duration::ZERO).ends_with("0 records/s  - left"));
        // A running ledger may have grown.
        assert!(line(12, 10, 12, Duration::from_secs(1)).contains("10 of 10 records"));
        assert!(line(1, 1_000_000, 1, Duration::from_secs(1)).ends_with("277 h left"));
    }
}
