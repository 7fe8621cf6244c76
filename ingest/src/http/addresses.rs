//! Limits per address, in memory of a fixed size.
//!
//! What holds: an address is an IPv4 address or an IPv6 network of 64 bits; addresses fall into a fixed number of buckets
//! by a keyed hash, so no number of addresses takes more memory, and nobody can choose whose bucket to share.
//!
//! Not here: limits that a known sender has to keep; being admitted is not limited by address.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher as _;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How many buckets.
const BUCKETS: usize = 4096;
/// The time after which all tokens are there again.
const MINUTE: Duration = Duration::from_mins(1);

/// What is known of the addresses of one bucket.
#[derive(Debug, Clone, Copy, Default)]
struct Bucket {
    /// Bodies that are being received.
    bodies: u32,
    /// Requests that failed admission, less those that time has forgiven; with the time of the last.
    failed: f64,
    at: Option<Instant>,
}

/// The limits and the buckets. Clones share them.
#[derive(Debug, Clone)]
pub(super) struct Addresses {
    buckets: Arc<Mutex<Vec<Bucket>>>,
    key: RandomState,
    bodies: u32,
    strangers_per_minute: u32,
}

/// The right to send one body, until it is dropped.
#[derive(Debug)]
pub(super) struct Turn {
    buckets: Arc<Mutex<Vec<Bucket>>>,
    place: usize,
}

impl Drop for Turn {
    fn drop(&mut self) {
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        let bucket = &mut buckets[self.place];
        bucket.bodies = bucket.bodies.saturating_sub(1);
    }
}

impl Addresses {
    /// - `bodies`: most bodies at the same time; `strangers_per_minute`: most requests that fail admission.
    pub fn new(bodies: u32, strangers_per_minute: u32) -> Self {
        let buckets = Arc::new(Mutex::new(vec![Bucket::default(); BUCKETS]));
        Self { buckets, key: RandomState::new(), bodies, strangers_per_minute }
    }

    fn place(&self, address: Option<IpAddr>) -> usize {
        let network = match address {
            Some(IpAddr::V6(address)) => match address.to_ipv4_mapped() {
                Some(address) => Some(IpAddr::V4(address)),
                None => Some(IpAddr::V6((u128::from(address) & (u128::MAX << 64)).into())),
            },
            other => other,
        };
        usize::try_from(self.key.hash_one(network) % BUCKETS as u64).unwrap_or(0)
    }

    /// Lets a body of `address` be received; `None` if the address already sends as many as it may.
    pub fn begin(&self, address: Option<IpAddr>) -> Option<Turn> {
        let place = self.place(address);
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        let bucket = &mut buckets[place];
        if bucket.bodies >= self.bodies {
            return None;
        }
        bucket.bodies += 1;
        Some(Turn { buckets: Arc::clone(&self.buckets), place })
    }

    /// Counts a request of `address` that failed admission; returns whether it is within the limit.
    pub fn fail(&self, address: Option<IpAddr>, now: Instant) -> bool {
        let place = self.place(address);
        let limit = f64::from(self.strangers_per_minute);
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        let bucket = &mut buckets[place];
        let passed = bucket.at.map_or(MINUTE, |at| now.saturating_duration_since(at));
        let forgiven = limit * passed.as_secs_f64() / MINUTE.as_secs_f64();
        bucket.failed = (bucket.failed - forgiven).max(0.0);
        bucket.at = Some(now);
        let is_within = bucket.failed + 1.0 <= limit;
        if is_within {
            bucket.failed += 1.0;
        }
        is_within
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn an_address_has_so_many_failures_a_minute_and_regains_them() {
        let addresses = Addresses::new(1, 60);
        let start = Instant::now();
        let within = (0..100).filter(|_| addresses.fail(Some(address("192.0.2.1")), start)).count();
        assert_eq!(within, 60);
        let later = start + Duration::from_secs(10);
        let within = (0..100).filter(|_| addresses.fail(Some(address("192.0.2.1")), later)).count();
        assert_eq!(within, 10);
        // With some other address at least, in another bucket.
        assert!((2..9).any(|n| addresses.fail(Some(address(&format!("192.0.2.{n}"))), later)));
    }

    #[test]
    fn an_ipv6_network_is_one_address_and_a_million_networks_take_no_more_memory() {
        let addresses = Addresses::new(1, 1);
        let now = Instant::now();
        assert!(addresses.fail(Some(address("2001:db8:0:1::1")), now));
        assert!(!addresses.fail(Some(address("2001:db8:0:1:ffff::2")), now));
        assert_eq!(
            addresses.place(Some(address("::ffff:192.0.2.1"))),
            addresses.place(Some(address("192.0.2.1")))
        );
        for n in 0..1_000_000_u128 {
            addresses.fail(Some(IpAddr::V6((n << 64).into())), now);
        }
        assert_eq!(addresses.buckets.lock().unwrap().len(), BUCKETS);
    }

    #[test]
    fn a_turn_is_given_back_when_its_body_is_there() {
        let addresses = Addresses::new(2, 1);
        let turns = [addresses.begin(Some(address("::1"))), addresses.begin(Some(address("::1")))];
        assert!(turns.iter().all(Option::is_some));
        assert!(addresses.begin(Some(address("::1"))).is_none());
        drop(turns);
        assert!(addresses.begin(Some(address("::1"))).is_some());
    }
}
