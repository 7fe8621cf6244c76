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
/// Reports that one network may send in an hour.
const REPORTS_PER_HOUR: u32 = 20;
/// How many sources of one network may guess codes at their full rate.
const SOURCES_PER_NETWORK: u32 = 10;

/// One allowance per cell, refilled at a steady rate.
struct Limit {
    /// For each cell the time at which its allowance is full again, in nanoseconds after `begin`.
    cells: Box<[AtomicU64]>,
    begin: Instant,
    /// Nanoseconds in which one request is earned.
    interval: u64,
    /// Nanoseconds' worth of requests that may come at once.
    burst: u64,
}

/// A number that chooses a cell: part of a keyed hash.
#[derive(Clone, Copy)]
struct Choice(u64);

impl Limit {
    fn new(cells: usize, count: u32, per: Duration, begin: Instant) -> Self {
        let burst = u64::try_from(per.as_nanos()).unwrap_or(u64::MAX);
        Self {
            cells: std::iter::repeat_with(AtomicU64::default).take(cells).collect(),
            begin,
            interval: (burst / u64::from(count.max(1))).max(1),
            burst,
        }
    }

    fn cell(&self, choice: Choice) -> Option<&AtomicU64> {
        let count = u64::try_from(self.cells.len()).unwrap_or(1).max(1);
        self.cells.get(usize::try_from(choice.0 % count).unwrap_or_default())
    }

    /// Takes one request from an allowance; false if there is none left.
    fn take(&self, choice: Choice, now: Instant) -> bool {
        let now = u64::try_from(now.saturating_duration_since(self.begin).as_nanos());
        let now = now.unwrap_or(u64::MAX / 2);
        let take = |full: u64| {
            let next = full.max(now) + self.interval;
            (next - now <= self.burst).then_some(next)
        };
        let update =
            |cell: &AtomicU64| cell.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take);
        self.cell(choice).is_some_and(|cell| update(cell).is_ok())
    }

    fn give_back(&self, choice: Choice) {
        let give = |full: u64| Some(full.saturating_sub(self.interval));
        if let Some(cell) = self.cell(choice) {
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
    /// Reports that the network sent.
    Reports,
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
            Self::Reports => "reports",
        }
    }
}

/// All limits of a process.
pub struct Limits {
    key: HmacKey,
    all: Limit,
    requests: Limit,
    unknown: Limit,
    network_unknown: Limit,
    reports: Limit,
}

/// Where a source's allowances are, from one hash of its address.
#[derive(Clone, Copy)]
struct Source {
    requests: Choice,
    unknown: Choice,
}

/// What a request for a code took in advance.
#[must_use]
pub struct Admission<'a> {
    limits: &'a Limits,
    source: Source,
    network: Choice,
}

impl Admission<'_> {
    /// Returns what was taken: the code has a record.
    pub fn give_back(self) {
        self.limits.unknown.give_back(self.source.unknown);
        self.limits.network_unknown.give_back(self.network);
    }
}

impl Limits {
    /// Limits at these rates, nothing used.
    ///
    /// - `secret`: keys the choice of cells.
    #[must_use]
    pub fn new(rates: Rates, secret: &[u8], begin: Instant) -> Self {
        let minute = Duration::from_mins(1);
        let network_unknown = rates.unknown_per_minute.saturating_mul(SOURCES_PER_NETWORK);
        Self {
            key: HmacKey::new(&hmac_sha256(secret, b"chopmark.org/limit@v2\n")),
            all: Limit::new(1, rates.requests_per_second, Duration::from_secs(1), begin),
            requests: Limit::new(CELLS, rates.requests_per_minute, minute, begin),
            unknown: Limit::new(CELLS, rates.unknown_per_minute, minute, begin),
            network_unknown: Limit::new(CELLS, network_unknown, minute, begin),
            reports: Limit::new(CELLS, REPORTS_PER_HOUR, Duration::from_hours(1), begin),
        }
    }

    /// Two independent choices for a source or a network.
    fn choices(&self, of: Cidr) -> [Choice; 2] {
        let digest = self.key.sign(of.to_string().as_bytes());
        [0, 8].map(|from| {
            let mut part = [0; 8];
            part.copy_from_slice(&digest[from..from + 8]);
            Choice(u64::from_le_bytes(part))
        })
    }

    fn source(&self, address: IpAddr) -> Source {
        let [requests, unknown] = self.choices(Cidr::source_of(address));
        Source { requests, unknown }
    }

    /// Admits a request that needs the database.
    ///
    /// # Errors
    ///
    /// The limit that is reached: the source's own before that of everybody, so that a source beyond its limit takes
    /// nothing from the others.
    pub fn admit(&self, address: IpAddr, now: Instant) -> Result<(), Reached> {
        self.admit_source(self.source(address), now)
    }

    fn admit_source(&self, source: Source, now: Instant) -> Result<(), Reached> {
        if !self.requests.take(source.requests, now) {
            return Err(Reached::Requests);
        }
        if self.all.take(Choice(0), now) { Ok(()) } else { Err(Reached::All) }
    }

    /// Admits a report.
    ///
    /// # Errors
    ///
    /// The limit that is reached.
    pub fn admit_report(&self, address: IpAddr, now: Instant) -> Result<(), Reached> {
        self.admit_source(self.source(address), now)?;
        let [_, network] = self.choices(Cidr::network_of(address));
        if self.reports.take(network, now) { Ok(()) } else { Err(Reached::Reports) }
    }

    /// Admits a request for a code.
    ///
    /// # Errors
    ///
    /// The limit that is reached.
    pub fn admit_code(&self, address: IpAddr, now: Instant) -> Result<Admission<'_>, Reached> {
        let source = self.source(address);
        let [network, _] = self.choices(Cidr::network_of(address));
        if !self.unknown.take(source.unknown, now) {
            return Err(Reached::UnknownCodes);
        }
        if !self.network_unknown.take(network, now) {
            self.unknown.give_back(source.unknown);
            return Err(Reached::NetworksUnknownCodes);
        }
        let admission = Admission { limits: self, source, network };
        match self.admit_source(source, now) {
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
