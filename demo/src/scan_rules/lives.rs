//! What becomes of an item, and of its copies: who sells it, buys it, gives it away, returns it, and looks at it.
//!
//! The way through: [`honest`] is the life of one item in which nobody copies anything; [`copied`] is the same with copies
//! of its label, each sold to people who know nothing of it.
//!
//! What holds: everything follows from the seed; an honest life has one object, which is in one place at a time.
//!
//! Not here: who these people are ([`super::people`]).
//!
//! Source: the shares are our assumptions; docs/scan-rules.md lists them.

use demo::simulators::seeded::Seeded;
use jiff::{SignedDuration, Timestamp};

use super::people::{CITIES, City, Look, Network, Person, about, happens, one_of};

/// When the first items are sold: 2026-01-05.
const BEGIN: i64 = 1_767_571_200;

/// A life.
#[derive(Debug, Clone, Default)]
pub struct Life {
    /// Who looked at it, in order of time.
    pub looks: Vec<Look>,
    /// Sales that were recorded, each with the time from which on a return undid it.
    pub sales: Vec<(Timestamp, Timestamp)>,
}

impl Life {
    /// The sales that count at this time.
    pub fn sales_at(&self, now: Timestamp) -> Vec<Timestamp> {
        let counts = |(sold, undone): &&(Timestamp, Timestamp)| *sold <= now && now < *undone;
        self.sales.iter().filter(counts).map(|(sold, _)| *sold).collect()
    }
}

/// Somebody's home in a city, and who of it looks, over some days; few take the item along on a journey then.
fn household(random: &mut Seeded, city: City, from: Timestamp) -> Vec<Look> {
    let home = Network::fixed(random, city);
    let mut looks = Vec::new();
    let mut buyer = Person::of(random, city, &home);
    buyer.looks(random, from, &mut looks);
    for _ in 0..random.below(4) {
        if happens(random, 0.2) {
            Person::of(random, city, &home).looks(random, from, &mut looks);
        }
    }
    if happens(random, 0.04) {
        let office = Network::fixed(random, city);
        for _ in 0..=random.below(6) {
            let at = from + about(random, SignedDuration::from_hours(48));
            Person::of(random, city, &office).look(random, at, &mut looks);
        }
    }
    let last = looks.iter().map(|look| look.at).max().unwrap_or(from);
    let leaves = last + SignedDuration::from_hours(6);
    if happens(random, 0.01) {
        buyer.rides(random, leaves, &mut looks);
    } else if happens(random, 0.005) {
        buyer.flies(random, leaves, &mut looks);
    }
    looks
}

/// A shop in a city before the sale: staff with one phone, and who takes the item from the shelf.
fn shelf(random: &mut Seeded, city: City, sale: Timestamp) -> Vec<Look> {
    let shop = Network::fixed(random, city);
    let mut looks = Vec::new();
    let mut staff = Person::of(random, city, &shop);
    while happens(random, 0.3) {
        let at = sale - about(random, SignedDuration::from_hours(72));
        staff.look(random, at, &mut looks);
    }
    while happens(random, 0.3) {
        let at = sale - about(random, SignedDuration::from_hours(72));
        Person::passing(random, city).look(random, at, &mut looks);
    }
    looks.retain(|look| look.at < sale);
    looks
}

/// One object, from the shelf to a home, and for some back, on to another home, or to whoever buys it second-hand.
fn object(random: &mut Seeded, sale: Timestamp) -> Life {
    let hours = SignedDuration::from_hours;
    let city = one_of(random, &CITIES);
    let mut looks = shelf(random, city, sale);
    looks.extend(household(random, city, sale));
    let mut sales = Vec::new();
    let mut undone = Timestamp::MAX;
    if happens(random, 0.03) {
        undone = sale + hours(12) + about(random, hours(96));
        let again = undone + hours(24) + about(random, hours(96));
        looks.retain(|look| look.at < undone);
        let shelf = shelf(random, city, again);
        looks.extend(shelf.into_iter().filter(|look| look.at > undone));
        looks.extend(household(random, city, again));
        sales.push((again, Timestamp::MAX));
    } else if happens(random, 0.08) {
        // A present, handed over or sent.
        let sent = sale + hours(20) + about(random, hours(72));
        looks.retain(|look| look.at < sent);
        let other = one_of(random, &CITIES);
        looks.extend(household(random, other, sent + hours(12)));
    } else if happens(random, 0.02) {
        // Sold on: people of the city come and look at it.
        let shown = sale + hours(24) + about(random, hours(96));
        for _ in 0..=random.below(3) {
            let at = shown + about(random, hours(48));
            Person::passing(random, city).look(random, at, &mut looks);
        }
    }
    if happens(random, 0.9) {
        sales.insert(0, (sale, undone));
    }
    Life { looks, sales }
}

fn some_day(random: &mut Seeded) -> Timestamp {
    let seconds = i64::try_from(random.below(180 * 24 * 3600)).unwrap_or_default();
    Timestamp::from_second(BEGIN + seconds).unwrap_or(Timestamp::UNIX_EPOCH)
}

/// The life of an item of which there is one.
pub fn honest(random: &mut Seeded) -> Life {
    let sale = some_day(random);
    let mut life = object(random, sale);
    life.looks.sort_by_key(|look| look.at);
    life
}

/// The life of an item with so many copies, which are sold within a month around its own sale, and no sale of them is recorded.
pub fn copied(random: &mut Seeded, copies: usize) -> Life {
    copied_with_sales(random, copies).0
}

/// The same, and when the copies are sold.
pub fn copied_with_sales(random: &mut Seeded, copies: usize) -> (Life, Vec<Timestamp>) {
    let sale = some_day(random);
    let mut life = object(random, sale);
    let mut of_copies = Vec::new();
    for _ in 0..copies {
        let seconds = i64::try_from(random.below(30 * 24 * 3600)).unwrap_or_default();
        let sold = sale - SignedDuration::from_hours(15 * 24) + SignedDuration::from_secs(seconds);
        life.looks.extend(object(random, sold).looks);
        of_copies.push(sold);
    }
    life.looks.sort_by_key(|look| look.at);
    (life, of_copies)
}
