//! People who scan: items picked all over the installation, each scan from an address of its own.
//!
//! What holds: no two scans come from the same address, so that each is a scan that is stored, and the limit of one source
//! is never what is measured.

use std::cell::Cell;
use std::net::SocketAddr;
use std::time::Duration;

use demo::traffic::{Request, Target};

use super::clients::{self, Expected, Sent, Until};
use super::floor::Floor;
use super::goods::{self, PER_CONTAINER, RECORDS};
use super::site::Site;

/// Connections over which verdicts are asked for.
pub const CONNECTIONS: usize = 16;
/// Longest time in which a round of verdicts is asked for.
pub const ROUND: Duration = Duration::from_secs(20);
/// What a phone calls itself.
const BROWSER: &str =
    "Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 Chrome/140 Mobile Safari/537.36";
/// What the floor must answer for an item.
const FOUND: &str = "8 records";
/// A prime by which the places of picked items are apart.
const STRIDE: u64 = 1_000_003;

/// In which form a verdict is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// `application/json`.
    Json,
    /// A page for people.
    Page,
}

/// Phones that ask one installation.
pub struct Phones<'a> {
    site: &'a Site,
    scans: Cell<u32>,
}

impl<'a> Phones<'a> {
    /// Phones that never asked before.
    ///
    /// - `first`: number of the first scan, so that phones of different measures are different ones.
    pub fn new(site: &'a Site, first: u32) -> Self {
        Self { site, scans: Cell::new(first) }
    }

    /// Scans made so far.
    pub fn scans(&self) -> u32 {
        self.scans.get()
    }

    /// Numbers of `count` different items of the installation, the same for the same `round`.
    pub fn picked(&self, round: usize, count: u64) -> Vec<u64> {
        self.picked_of(round, count, self.site.items() / PER_CONTAINER)
    }

    /// As [`Self::picked`], of so many containers that are spread over all of the installation: so that as many items have as many different
    /// records whatever its size.
    pub fn picked_of(&self, round: usize, count: u64, containers: u64) -> Vec<u64> {
        let containers = containers.max(1);
        let apart = (self.site.items() / PER_CONTAINER / containers).max(1);
        let first = u64::try_from(round).unwrap_or_default() * 7_919;
        let pick = |place: u64| {
            let number = (first + place) * STRIDE % (containers * PER_CONTAINER);
            number / PER_CONTAINER * apart * PER_CONTAINER + number % PER_CONTAINER
        };
        (0..count.min(containers * PER_CONTAINER)).map(pick).collect()
    }

    fn request(&self, number: u64, form: Form) -> Request {
        let scan = self.scans.get();
        self.scans.set(scan + 1);
        let [_, a, b, c] = scan.to_be_bytes();
        let address = format!("11.{a}.{b}.{c}");
        let accept = if form == Form::Json { "application/json" } else { "text/html" };
        let headers = [
            ("Accept", accept),
            ("Accept-Language", "en"),
            ("User-Agent", BROWSER),
            ("X-Forwarded-For", &*address),
        ];
        let path = goods::scan_path(&goods::item(number)).unwrap_or_default();
        Request::get(&Target::from(self.site.addresses.public), &path, &headers)
    }

    /// Scans each of these items once, in their order, as far as [`ROUND`] allows.
    ///
    /// # Errors
    ///
    /// If a verdict is not clean.
    pub fn scan(&self, items: &[u64], form: Form) -> anyhow::Result<Sent> {
        self.ask(items, CONNECTIONS, form)
    }

    /// As [`Self::scan`], over so many connections.
    ///
    /// # Errors
    ///
    /// As [`Self::scan`].
    pub fn ask(&self, items: &[u64], connections: usize, form: Form) -> anyhow::Result<Sent> {
        let expected = match form {
            Form::Json => Expected::CONSISTENT,
            Form::Page => Expected::with("</html>"),
        };
        let make = |place: u64| {
            let number = usize::try_from(place).ok().and_then(|place| items.get(place).copied());
            self.request(number.unwrap_or_default(), form)
        };
        let sources = clients::shared(connections, items.len() as u64, &make);
        let until = Until { lasting: ROUND, ..Until::default() };
        clients::run_until(self.site.addresses.public, sources, &expected, &until)
    }

    /// Asks the floor for the records of each of these items.
    ///
    /// # Errors
    ///
    /// If an item has not its eight records.
    pub fn plain(floor: &Floor, items: &[u64]) -> anyhow::Result<Sent> {
        const _: () = assert!(RECORDS == 8, "the text that is looked for names it");
        let make = |place: u64| {
            let number = usize::try_from(place).ok().and_then(|place| items.get(place).copied());
            request_rows(floor.address, number.unwrap_or_default())
        };
        let sources = clients::shared(CONNECTIONS, items.len() as u64, &make);
        clients::run(floor.address, sources, &Expected::with(FOUND))
    }
}

fn request_rows(floor: SocketAddr, number: u64) -> Request {
    let item = sql::items::key(&goods::item(number));
    let container = sql::items::key(&goods::container(number / PER_CONTAINER));
    Request::get(&Target::from(floor), &format!("/rows/{item},{container}"), &[])
}
