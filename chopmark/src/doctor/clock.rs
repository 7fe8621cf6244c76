//! The clock of this machine against others: the database's, and the chain's latest block.
//!
//! What holds: 5 seconds are looked at, because orders of events come from clocks; what is beyond the limit of a process
//! fails, because that process refuses then.

use jiff::{SignedDuration, Timestamp};
use process::config::Installation;

use super::check::Check;

/// Difference that should be looked at, in seconds.
const NOTABLE_S: i64 = 5;
/// How far ahead of ingest's clock an event may be, in seconds.
const INGEST_S: i64 = 300;
/// Age of a chain's latest block that should be looked at, in seconds.
const OLD_BLOCK_S: i64 = 120;

/// A clock that was asked.
#[derive(Debug, Clone)]
pub struct Other {
    /// Whose it is.
    pub name: String,
    /// What it said.
    pub there: Timestamp,
    /// What ours said at that moment.
    pub here: Timestamp,
}

/// Compares.
pub fn look(installation: &Installation, databases: &[Other], chains: &[Other]) -> Vec<Check> {
    let now = process::Clock::system().now();
    let mut checks = Vec::new();
    // No machine runs before this program was written.
    if now < Timestamp::UNIX_EPOCH + SignedDuration::from_hours(24 * 365 * 56) {
        checks.push(Check::failed("clock", format!("it is {now} here"), REMEDY));
    }
    if databases.is_empty() && chains.is_empty() {
        checks.push(Check::ok("clock", format!("{now}; no other clock to compare with")));
    }
    let slack = installation.anchor.as_ref().map_or(300, |anchor| anchor.clock_slack_seconds);
    let slack = i64::try_from(slack).unwrap_or(i64::MAX);
    checks.extend(databases.iter().map(|other| exact(other, slack.min(INGEST_S))));
    checks.extend(chains.iter().map(|other| block(other, slack)));
    checks
}

const REMEDY: &str = "set the clock: install and start chrony or systemd-timesyncd (`timedatectl`)";

fn exact(other: &Other, most: i64) -> Check {
    let difference = other.here.duration_since(other.there);
    let seconds = difference.as_secs().abs();
    let found = format!(
        "{:.1} s {} {}",
        difference.abs().as_secs_f64(),
        if difference.is_negative() { "behind" } else { "ahead of" },
        other.name
    );
    match seconds {
        _ if seconds >= most => Check::failed("clock", found, REMEDY),
        NOTABLE_S.. => Check::warning("clock", found, REMEDY),
        _ => Check::ok("clock", found),
    }
}

/// A block is in the past by as long as the chain takes for the next one.
fn block(other: &Other, slack: i64) -> Check {
    let age = other.here.duration_since(other.there).as_secs();
    let found = format!("the latest block of {} is {age} s old", other.name);
    if age < -slack {
        let found = format!("the latest block of {} is {} s in the future", other.name, -age);
        return Check::failed("clock", found, REMEDY);
    }
    if age > OLD_BLOCK_S {
        let remedy =
            "compare with another endpoint: this one may be behind, or this machine's clock ahead";
        return Check::warning("clock", found, remedy);
    }
    Check::ok("clock", found)
}

#[cfg(test)]
mod tests {
    use super::super::check::State;
    use super::*;

    fn other(seconds: i64) -> Other {
        let here = Timestamp::from_second(2_000_000_000).unwrap();
        let there = here + SignedDuration::from_secs(seconds);
        Other { name: "x".to_owned(), there, here }
    }

    #[test]
    fn a_clock_that_is_off_is_looked_at_and_one_beyond_the_limit_fails() {
        for (seconds, state) in [
            (0, State::Ok),
            (4, State::Ok),
            (-5, State::Warning),
            (299, State::Warning),
            (300, State::Failed),
            (-300, State::Failed),
        ] {
            assert_eq!(exact(&other(seconds), 300).state, state, "{seconds}");
        }
        for (seconds, state) in
            [(-12, State::Ok), (200, State::Ok), (301, State::Failed), (-121, State::Warning)]
        {
            assert_eq!(block(&other(seconds), 300).state, state, "{seconds}");
        }
    }
}
