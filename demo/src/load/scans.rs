//! Scans as they are sent: each by a phone of its own, now and then one phone twice.
//!
//! What holds: two scans are of one device only if that is meant, so it is known how many must have been counted.

use demo::simulators::seeded::Seeded;
use demo::traffic::{Done, Request, Target, Workload};

use super::account::Account;
use super::series::Lane;

/// Each so many-th scan repeats one that was answered.
const REPEATS: u64 = 50;
/// Names of repeated scans are from here on.
const REPEATED: u64 = 1 << 63;

/// Sends scans.
pub struct Scans<'a> {
    target: &'a Target,
    account: &'a Account,
    lane: &'a Lane,
    random: Seeded,
    /// The last scan that was answered.
    answered: Option<Request>,
    /// Tells devices of this run from those of another.
    run: u64,
}

impl<'a> Scans<'a> {
    /// Scans items of the account.
    pub fn new(target: &'a Target, account: &'a Account, lane: &'a Lane) -> Self {
        let now = jiff::Timestamp::now().as_millisecond();
        let run = u64::try_from(now).unwrap_or_default();
        Self { target, account, lane, random: Seeded::new(run), answered: None, run }
    }
}

impl Workload for Scans<'_> {
    fn next(&mut self, number: u64) -> Option<Request> {
        if number % REPEATS == REPEATS - 1
            && let Some(again) = self.answered.take()
        {
            return Some(again.named(REPEATED | number));
        }
        let path = self.account.some_item(&mut self.random)?;
        // An address of the network for benchmarks; it counts only if the installation trusts us as its proxy.
        let [_, _, low, lowest] =
            u32::try_from(number % (1 << 16)).unwrap_or_default().to_be_bytes();
        let address = format!("198.18.{low}.{lowest}");
        let agent = format!(
            "Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 Chrome/140 Mobile Safari/537.36 Load/{}.{number}",
            self.run
        );
        let headers = [
            ("Accept", "application/json"),
            ("User-Agent", agent.as_str()),
            ("X-Forwarded-For", address.as_str()),
        ];
        Some(Request::get(self.target, &path, &headers).named(number))
    }

    fn done(&mut self, done: &Done<'_>) {
        self.lane.count(done, 200);
        let is_repeat = done.request.id >= REPEATED;
        if self.account.scanned(done, is_repeat) && !is_repeat {
            self.answered = Some(done.request.clone());
        }
    }
}
