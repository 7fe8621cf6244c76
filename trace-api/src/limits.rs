//! How much may be asked, decided before the database is.
//!
//! The way through: [`Limits::admit`] for every request that needs the database; [`Limits::admit_code`] also for those
//! that name a code. A code costs in advance as if it were unknown, and [`Admission::give_back`] returns that once a
//! record was found; so many requests at the same time cannot pass where one after the other would not.
//!
//! What holds: memory is fixed: a limit has a table of cells, and a key of a stranger chooses a cell by a keyed hash, so
//! that nobody can aim at another's; two sources that share a cell share its allowance. Reaching one's own limit slows
//! no other network.
//!
//! Source: the generic cell rate algorithm, ITU-T I.371 annex A.

use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use ledger::hash::{HmacKey, hmac_sha256};

use crate::config::Rates;
use crate::network::Cidr;

/// Cells of a limit by source: 256 KiB.
const CELLS: usize = 1 << 15;
/// How many sources of one network may guess codes at their full rate.
const SOURCES_PER_NETWORK: u32 = 10;

/// One allowance per cell, refilled at a steady rate.
struct Limit {
    key: HmacKey,
    /// For each cell the time at which its allowance is full again, in nanoseconds after `begin`.
    cells: Box<[AtomicU64]>,
    begin: Instant,
    /// Nanoseconds in which one request is earned.
    interval: u64,
    /// Nanoseconds' worth of requests that may come at once.
    burst: u64,
}

impl Limit {
    fn new(key: &[u8], cells: usize, count: u32, per: Duration, begin: Instant) -> Self {
        let burst = u64::try_from(per.as_nanos()).unwrap_or(u64::MAX);
        Self {
            key: HmacKey::new(key),
            cells: std::iter::repeat_with(AtomicU64::default).take(cells).collect(),
            begin,
            interval: (burst / u64::from(count.max(1))).max(1),
            burst,
        }
    }

    fn cell(&self, key: &str) -> Option<&AtomicU64> {
        let mut head = [0; 8];
        head.copy_from_slice(&self.key.sign(key.as_bytes())[..8]);
        let count = u64::try_from(self.cells.len()).unwrap_or(1).max(1);
        self.cells.get(usize::try_from(u64::from_le_bytes(head) % count).unwrap_or_default())
    }

    /// Takes one request from the allowance of `key`; false if there is none left.
    fn take(&self, key: &str, now: Instant) -> bool {
        let now = u64::try_from(now.saturating_duration_since(self.begin).as_nanos());
        let now = now.unwrap_or(u64::MAX / 2);
        let take = |full: u64| {
            let next = full.max(now) + self.interval;
            (next - now <= self.burst).then_some(next)
        };
        let update =
            |cell: &AtomicU64| cell.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take);
        self.cell(key).is_some_and(|cell| update(cell).is_ok())
    }

    fn give_back(&self, key: &str) {
        let give = |full: u64| Some(full.saturating_sub(self.interval));
        if let Some(cell) = self.cell(key) {
            cell.fetch_update(Ordering::Relaxed, Ordering::Relaxed, give).ok();
        }
    }
}

/// The limit that a request reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reached {
    /// Requests of everybody.
    All,
    /// Requests of the source.
    Requests,
    /// Codes without a record that the source asked for.
    UnknownCodes,
    /// Codes without a record that the network asked for.
    NetworksUnknownCodes,
}

impl Reached {
    /// Its code in metrics.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Requests => "source",
            Self::UnknownCodes => "unknown-codes",
            Self::NetworksUnknownCodes => "network-unknown-codes",
        }
    }
}

/// All limits of a process.
pub struct Limits {
    all: Limit,
    requests: Limit,
    unknown: Limit,
    network_unknown: Limit,
}

/// What a request for a code took in advance.
#[must_use]
pub struct Admission<'a> {
    limits: &'a Limits,
    source: String,
    network: String,
}

impl Admission<'_> {
    /// Returns what was taken: the code has a record.
    pub fn give_back(self) {
        self.limits.unknown.give_back(&self.source);
        self.limits.network_unknown.give_back(&self.network);
    }
}

impl Limits {
    /// Limits at these rates, nothing used.
    ///
    /// - `secret`: keys the choice of cells.
    #[must_use]
    pub fn new(rates: Rates, secret: &[u8], begin: Instant) -> Self {
        let minute = Duration::from_mins(1);
        let limit = |name: &str, cells, count, per| {
            let key = hmac_sha256(secret, format!("chopmark.org/limit@v1\n{name}\n").as_bytes());
            Limit::new(&key, cells, count, per, begin)
        };
        let network_unknown = rates.unknown_per_minute.saturating_mul(SOURCES_PER_NETWORK);
        Self {
            all: limit("all", 1, rates.requests_per_second, Duration::from_secs(1)),
            requests: limit("requests", CELLS, rates.requests_per_minute, minute),
            unknown: limit("unknown", CELLS, rates.unknown_per_minute, minute),
            network_unknown: limit("network", CELLS, network_unknown, minute),
        }
    }

    /// Admits a request that needs the database.
    ///
    /// # Errors
    ///
    /// The limit that is reached: the source's own before that of everybody, so that a source beyond its limit takes
    /// nothing from the others.
    pub fn admit(&self, address: IpAddr, now: Instant) -> Result<(), Reached> {
        let source = Cidr::source_of(address).to_string();
        if !self.requests.take(&source, now) {
            return Err(Reached::Requests);
        }
        if self.all.take("", now) { Ok(()) } else { Err(Reached::All) }
    }

    /// Admits a request for a code.
    ///
    /// # Errors
    ///
    /// The limit that is reached.
    pub fn admit_code(&self, address: IpAddr, now: Instant) -> Result<Admission<'_>, Reached> {
        let source = Cidr::source_of(address).to_string();
        let network = Cidr::network_of(address).to_string();
        if !self.unknown.take(&source, now) {
            return Err(Reached::UnknownCodes);
        }
        if !self.network_unknown.take(&network, now) {
            self.unknown.give_back(&source);
            return Err(Reached::NetworksUnknownCodes);
        }
        let admission = Admission { limits: self, source, network };
        match self.admit(address, now) {
            Ok(()) => Ok(admission),
            Err(reached) => {
                admission.give_back();
                Err(reached)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATES: Rates =
        Rates { requests_per_minute: 60, unknown_per_minute: 6, requests_per_second: 100 };

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn limits(rates: Rates, begin: Instant) -> Limits {
        Limits::new(rates, b"0123456789abcdef", begin)
    }

    #[test]
    fn an_allowance_is_used_at_once_and_earned_again_at_a_steady_rate() {
        let begin = Instant::now();
        let limits = limits(RATES, begin);
        let admit = |seconds| limits.admit(ip("203.0.113.7"), begin + Duration::from_secs(seconds));
        assert!((0..60).all(|_| admit(0).is_ok()));
        assert_eq!(admit(0), Err(Reached::Requests));
        assert_eq!((admit(1), admit(1)), (Ok(()), Err(Reached::Requests)));
        assert!((0..60).all(|_| admit(3600).is_ok()), "no more than a minute's worth is saved");
        assert_eq!(admit(3600), Err(Reached::Requests));
        let other = limits.admit(ip("203.0.113.8"), begin + Duration::from_hours(1));
        assert_eq!(other, Ok(()), "another source");
    }

    #[test]
    fn codes_cost_in_advance_and_are_given_back_when_they_are_known() {
        let begin = Instant::now();
        let limits = limits(RATES, begin);
        for _ in 0..50 {
            limits.admit_code(ip("203.0.113.7"), begin).ok().unwrap().give_back();
        }
        let pending: Vec<_> = (0..6).map(|_| limits.admit_code(ip("203.0.113.7"), begin)).collect();
        assert!(pending.iter().all(Result::is_ok));
        let refused = limits.admit_code(ip("203.0.113.7"), begin).err();
        assert_eq!(refused, Some(Reached::UnknownCodes), "at the same time as the others");
    }

    #[test]
    fn a_network_that_guesses_from_many_addresses_is_slowed_and_no_other() {
        let begin = Instant::now();
        let limits = limits(Rates { requests_per_second: 1000, ..RATES }, begin);
        let mut reached = Vec::new();
        for host in 0..200_u8 {
            reached.extend(limits.admit_code(ip(&format!("203.0.113.{host}")), begin).err());
        }
        assert_eq!(reached.len(), 140);
        assert!(reached.iter().all(|limit| *limit == Reached::NetworksUnknownCodes), "{reached:?}");
        let guesses = (0..200)
            .filter(|host| limits.admit_code(ip(&format!("2001:db8:7:{host}::1")), begin).is_ok());
        assert_eq!(guesses.count(), 60);
        assert!(limits.admit_code(ip("203.0.114.1"), begin).is_ok());
    }

    #[test]
    fn addresses_of_one_ipv6_subscriber_share_an_allowance() {
        let begin = Instant::now();
        let limits = limits(RATES, begin);
        let admitted = (0..1000)
            .filter(|host| limits.admit(ip(&format!("2001:db8::{host:x}")), begin).is_ok())
            .count();
        assert_eq!(admitted, 60);
    }

    #[test]
    fn everybody_together_has_a_limit_that_one_source_cannot_use_up() {
        let begin = Instant::now();
        let limits = limits(RATES, begin);
        for _ in 0..1000 {
            limits.admit(ip("203.0.113.7"), begin).ok();
        }
        let others = (0..100).map(|host| limits.admit(ip(&format!("198.51.{host}.1")), begin));
        let others: Vec<_> = others.collect();
        assert_eq!(others.iter().filter(|admitted| admitted.is_ok()).count(), 40);
        assert_eq!(others[99], Err(Reached::All));
    }
}
