//! Documents as they are sent.

use demo::traffic::{Done, Request, Workload};

use super::account::Account;
use super::installation::Installation;
use super::series::Lane;

/// Sends documents of all senders in turn.
pub struct Captures<'a> {
    installation: &'a Installation,
    account: &'a Account,
    lane: &'a Lane,
    /// What each sender is known by.
    bearers: Vec<String>,
    /// Number of the first document.
    first: u64,
    /// Number after the last.
    end: u64,
}

impl<'a> Captures<'a> {
    /// The documents that are recorded before the clock starts.
    pub fn first(
        installation: &'a Installation,
        account: &'a Account,
        lane: &'a Lane,
        count: u64,
    ) -> Self {
        let bearers = installation.senders.iter().map(|sender| format!("Bearer {}", sender.token));
        Self { installation, account, lane, bearers: bearers.collect(), first: 0, end: count }
    }

    /// All documents after these.
    pub fn new(installation: &'a Installation, account: &'a Account, lane: &'a Lane) -> Self {
        let first = account.read(|counted| counted.documents);
        Self { first, end: u64::MAX, ..Self::first(installation, account, lane, 0) }
    }
}

impl Workload for Captures<'_> {
    fn next(&mut self, number: u64) -> Option<Request> {
        let number = self.first.checked_add(number).filter(|number| *number < self.end)?;
        let (sender, step, batch) = self.account.document(number);
        let body = self.account.goods[sender].document(step, batch, jiff::Timestamp::now());
        let headers = [
            ("Authorization", self.bearers[sender].as_str()),
            ("Content-Type", "application/ld+json"),
        ];
        let request = Request::post(&self.installation.ingest, "/capture", &headers, &body);
        Some(request.named(number))
    }

    fn done(&mut self, done: &Done<'_>) {
        self.lane.count(done, 202);
        self.account.captured(done);
    }
}

/// Sends documents again whose answer was lost.
pub struct Again<'a> {
    account: &'a Account,
    lane: &'a Lane,
    lost: Vec<Request>,
}

impl<'a> Again<'a> {
    /// Sends these.
    pub fn new(account: &'a Account, lane: &'a Lane, lost: Vec<Request>) -> Self {
        Self { account, lane, lost }
    }
}

impl Workload for Again<'_> {
    fn next(&mut self, _: u64) -> Option<Request> {
        self.lost.pop()
    }

    fn done(&mut self, done: &Done<'_>) {
        if done.answer.is_some_and(|answer| answer.status == 202) {
            self.lane.mend();
        }
        self.account.captured(done);
    }
}
