//! Rule 3, sold twice without a return, over the records that shops make: the fold that weighs records in every process decides.
//!
//! The way through: [`run`] takes the sales of a life, makes the records that a till would, some late, twice, wrong or not at all
//! ([`Shares`]), and has `history` weigh what is known at each moment; [`Outcome`] says which looks were answered with CONFLICT.
//!
//! What holds: the records go through `History::weigh` and `judge`, as those of a database do; a record is known from when the hub had it
//! on, whatever its own time is; everything follows from the seed.
//!
//! Not here: who buys and returns what ([`super::lives`]).
//!
//! Source: the shares are our assumptions; docs/scan-rules.md lists them.

use std::sync::Arc;

use demo::simulators::seeded::Seeded;
use directory::Rights;
use directory::rights::{Grade, Licence, Party, Span, Tenure};
use history::entry::StoredText;
use history::fold::RETURN_GRACE;
use history::{Conflict, History, HistoryEntry, Reason, Seal, TagCheck, judge};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use ledger::json::{Json, object};
use ledger::record::Record;

use super::lives::Life;
use super::people::{about, happens};

const ITEM: &str = "urn:epc:id:sgtin:4012345.011111.9876";
const BRAND: &str = "urn:epc:id:pgln:4012345.00000";
const SHOP: &str = "urn:epc:id:pgln:4055555.00000";
/// Ledgers: of the brand, and of two tills and the office of the shop.
const FACTORY: &str = "factory.example/1";
const TILLS: [&str; 2] = ["shop.example/till-1", "shop.example/till-2"];

/// How often what goes wrong.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Shares {
    /// Returns of recorded sales that are not recorded.
    pub returns_missing: f64,
    /// Records that reach the hub late, hours later on the average.
    pub late: f64,
    /// Sales that a retry brings into the ledger of another till as well.
    pub retried: f64,
    /// Items on the shelf that are booked as sold by mistake for another.
    pub mistaken: f64,
    /// Mistakes that nobody declares wrong.
    pub uncorrected: f64,
}

/// What the figures are made with.
pub const ASSUMED: Shares = Shares {
    returns_missing: 0.005,
    late: 0.05,
    retried: 0.01,
    mistaken: 0.002,
    uncorrected: 0.03,
};

/// Nothing goes wrong with records but that they come twice.
pub const COMPLETE: Shares = Shares { returns_missing: 0.0, mistaken: 0.0, late: 0.0, ..ASSUMED };

/// What became of one item.
#[derive(Debug, Default)]
pub struct Outcome {
    /// Whether it was ever answered with CONFLICT.
    pub is_found: bool,
    /// Looks that were answered with CONFLICT.
    pub conflicts: usize,
}

/// Many outcomes.
#[derive(Debug, Default)]
pub struct SalesTally {
    /// Items.
    pub items: usize,
    /// Looks at them.
    pub looks: usize,
    /// Items that were ever answered with CONFLICT.
    pub found: usize,
    /// Looks that were answered with CONFLICT.
    pub conflicts: usize,
}

impl SalesTally {
    /// Adds an outcome.
    pub fn add(&mut self, looks: usize, outcome: &Outcome) {
        self.items += 1;
        self.looks += looks;
        self.found += usize::from(outcome.is_found);
        self.conflicts += outcome.conflicts;
    }
}

/// The directory, and the records before the first sale.
pub struct Shop {
    rights: Rights,
    before: Vec<HistoryEntry>,
}

impl Shop {
    /// A shop that received the item from its brand.
    pub fn new() -> Self {
        let begin = Timestamp::from_second(1_760_000_000).unwrap_or(Timestamp::UNIX_EPOCH);
        let to_shop = ["possessing_party", "owning_party"]
            .map(|kind| object([("type", Json::from(kind)), ("destination", Json::from(SHOP))]));
        let handed =
            |step| event(begin, step).with("destinationList", Json::Array(to_shop.to_vec()));
        let made = event(begin, "commissioning").with("action", Json::from("ADD"));
        let before =
            [(FACTORY, made), (FACTORY, handed("shipping")), (TILLS[0], handed("receiving"))];
        let before = (0..)
            .zip(before)
            .map(|(place, (origin, event))| entry(origin, place, event, begin, begin));
        Self { rights: rights(), before: before.collect() }
    }

    /// Whether the records known at a moment are answered with CONFLICT.
    fn conflicts(&self, known: &[HistoryEntry], now: Timestamp) -> bool {
        let mut entries: Vec<HistoryEntry> = self.before.iter().chain(known).cloned().collect();
        entries.sort_by_key(|entry| entry.at);
        let Ok(item) = ITEM.parse() else { return false };
        let history = History::weigh(item, entries, &self.rights);
        let state = history.state(now, &TimeZone::UTC);
        let none: [Conflict; 0] = [];
        matches!(judge(&state, TagCheck::NotChecked, &none), Reason::Clash(_))
    }
}

/// An event of the item, as a till or factory states it.
#[derive(Clone)]
struct Event(Json);

impl Event {
    fn with(mut self, name: &str, value: Json) -> Self {
        self.0.set(name, value);
        self
    }
}

fn event(at: Timestamp, step: &str) -> Event {
    let at = at.to_string();
    let members =
        [("type", "ObjectEvent"), ("eventTime", &*at), ("bizStep", step), ("action", "OBSERVE")];
    let event = Event(object(members.map(|(name, value)| (name, Json::from(value)))));
    event.with("epcList", Json::Array(vec![Json::from(ITEM)]))
}

/// A record that the hub had at `known`.
fn entry(origin: &str, place: u64, event: Event, at: Timestamp, known: Timestamp) -> HistoryEntry {
    let secret = u128::from(place + 1).to_be_bytes();
    // What is no record states nothing, which the tests would show.
    let text = Record::from_json(event.0)
        .map(|record| (record.leaf_hash(&secret), record.text().to_owned()));
    let (leaf_hash, text) = text.unwrap_or((ledger::Hash::EMPTY, String::new()));
    let stored = StoredText { text, secret: Some(secret), leaf_hash };
    let mut entry = HistoryEntry::read(origin.into(), Arc::from("a party"), place, &stored);
    let order = u64::try_from(known.as_second()).unwrap_or_default();
    entry.at = at;
    entry.seal = Seal { place: Some(order), at: known, committed: known };
    entry
}

fn rights() -> Rights {
    let party = |name: &str, pgln: &str| Party {
        name: name.to_owned(),
        pglns: vec![pgln.to_owned()],
        sites: [].into(),
        admins: Vec::new(),
        first_key: None,
    };
    let tenure = |party: &str| vec![Tenure { party: party.into(), from: 0, until: None }];
    let licence = Licence { party: "brand".into(), grade: Grade::B, span: Span::ALWAYS };
    let tills = TILLS.map(|till| (till.to_owned(), tenure("shop")));
    Rights {
        has_directory: true,
        late: SignedDuration::from_hours(72),
        parties: [("brand".into(), party("Brand", BRAND)), ("shop".into(), party("Shop", SHOP))]
            .into(),
        ledgers: tills.into_iter().chain([(FACTORY.to_owned(), tenure("brand"))]).collect(),
        licences: [("4012345".to_owned(), vec![licence])].into(),
        ..Rights::default()
    }
}

/// The records of a shop, as they are made.
struct Book<'a> {
    random: &'a mut Seeded,
    shares: Shares,
    records: Vec<HistoryEntry>,
}

impl Book<'_> {
    fn add(&mut self, till: usize, at: Timestamp, event: Event) {
        let mut known = at + SignedDuration::from_secs(30);
        if happens(self.random, self.shares.late) {
            known += about(self.random, SignedDuration::from_hours(12));
        }
        let place = 10 + u64::try_from(self.records.len()).unwrap_or_default();
        self.records.push(entry(TILLS[till], place, event, at, known));
    }

    fn sell(&mut self, at: Timestamp) {
        let id = format!("urn:uuid:{}", self.records.len());
        let sale = event(at, "retail_selling").with("eventID", Json::from(&*id));
        if happens(self.random, self.shares.retried) {
            self.add(1, at, sale.clone());
        }
        self.add(0, at, sale);
    }

    fn take_back(&mut self, at: Timestamp) {
        if !happens(self.random, self.shares.returns_missing) {
            self.add(0, at, event(at, "storing").with("disposition", Json::from("returned")));
        }
    }

    /// Another item was handed over, and this one was booked; mostly somebody notices.
    fn mistake(&mut self, before: Timestamp) {
        let at = before - about(self.random, SignedDuration::from_hours(72));
        let wrong = event(at, "retail_selling").with("eventID", Json::from("urn:uuid:mistake"));
        self.add(0, at, wrong.clone());
        if happens(self.random, self.shares.uncorrected) {
            return;
        }
        let noticed = at + about(self.random, SignedDuration::from_hours(4));
        let error = object([
            ("declarationTime", Json::from(&*noticed.to_string())),
            ("reason", Json::from("did_not_occur")),
        ]);
        self.add(0, at, wrong.with("errorDeclaration", error));
        // It is known when it is declared, not when the sale was.
        if let Some(last) = self.records.last_mut() {
            let known = last.seal.at.max(noticed);
            let order = u64::try_from(known.as_second()).unwrap_or_default();
            last.seal = Seal { place: Some(order), at: known, committed: known };
        }
    }
}

/// Weighs the records of a life.
///
/// - `copies`: sales of copies that this shop recorded under the item's number.
pub fn run(
    shop: &Shop,
    life: &Life,
    copies: &[Timestamp],
    shares: Shares,
    random: &mut Seeded,
) -> Outcome {
    let mut book = Book { random, shares, records: Vec::new() };
    for (sold, undone) in &life.sales {
        if happens(book.random, shares.mistaken) {
            book.mistake(*sold);
        }
        book.sell(*sold);
        if *undone < Timestamp::MAX {
            book.take_back(*undone);
        }
    }
    for sold in copies {
        book.sell(*sold);
    }
    let mut records = book.records;
    records.sort_by_key(|record| record.seal.at);
    let mut outcome = Outcome::default();
    for (place, record) in records.iter().enumerate() {
        // One record and those before the sale are the same for every item: its first sale.
        if place == 0 && records.len() > 1 {
            continue;
        }
        let until = records.get(place + 1).map_or(Timestamp::MAX, |next| next.seal.at);
        // What two sales are answered with changes once while no record comes: when the time for a return is over.
        let over = (record.seal.at + RETURN_GRACE).min(until);
        for (from, until) in [(record.seal.at, over), (over, until)] {
            if from < until && shop.conflicts(&records[..=place], from) {
                outcome.is_found = true;
                let meets = |at: Timestamp| from <= at && at < until;
                outcome.conflicts += life.looks.iter().filter(|look| meets(look.at)).count();
            }
        }
    }
    outcome
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(hours: i64) -> Timestamp {
        Timestamp::from_second(1_767_571_200 + hours * 3600).expect("a time")
    }

    fn of(sales: &[(Timestamp, Timestamp)], copies: &[Timestamp], shares: Shares) -> bool {
        let life = Life { sales: sales.to_vec(), ..Life::default() };
        run(&Shop::new(), &life, copies, shares, &mut Seeded::new(1)).is_found
    }

    #[test]
    fn a_sale_a_return_and_a_sale_again_are_no_conflict_and_without_the_return_they_are() {
        let again = [(at(0), at(50)), (at(90), Timestamp::MAX)];
        assert!(!of(&again[..1], &[], COMPLETE));
        assert!(!of(&again, &[], COMPLETE));
        assert!(of(&again, &[], Shares { returns_missing: 1.0, ..COMPLETE }));
    }

    #[test]
    fn a_retry_and_a_mistake_that_was_declared_wrong_are_no_conflict_in_the_end() {
        let once = [(at(0), Timestamp::MAX)];
        assert!(!of(&once, &[], Shares { retried: 1.0, ..COMPLETE }));
        assert!(of(&once, &[], Shares { mistaken: 1.0, uncorrected: 1.0, ..COMPLETE }));
    }

    #[test]
    fn a_copy_that_the_same_shop_sells_with_a_record_is_found() {
        for copy in [at(-30), at(30)] {
            assert!(of(&[(at(0), Timestamp::MAX)], &[copy], COMPLETE));
        }
    }
}
