//! What is counted of scans, compared with the scans themselves.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use history::scans::{ScanFacts, TRAVEL, find};
use sql::Access;
use sql::Db;
use sql::scans::{Asker, Scan};
use sql::testing::TestDb;

use super::*;
use crate::marks::MarkKeys;

const ITEMS: [&str; 3] = ["urn:x", "urn:y", "urn:z"];

/// Numbers that look random and are the same each time.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % end
    }

    fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }
}

/// Somebody who scans.
#[derive(Clone, Copy)]
struct Person {
    network: u8,
    browser: u64,
    is_robot: bool,
}

impl Person {
    fn any(numbers: &mut Numbers) -> Self {
        let network = u8::try_from(numbers.below(8)).unwrap();
        Self { network, browser: numbers.below(2), is_robot: numbers.chance(15) }
    }

    fn role(self) -> &'static str {
        if self.is_robot { "robot" } else { "consumer" }
    }

    fn marks(self, item: &str, at: Timestamp) -> Marks {
        let address = IpAddr::from([203, 0, self.network, 7]);
        let agent = format!("{} {}", self.role(), self.browser);
        MarkKeys::new(b"0123456789abcdef").marks(item, at, address, &agent)
    }

    fn scan(self, item: &str, at: Timestamp, place: Option<Place>) -> Scan {
        let Marks { device, network } = self.marks(item, at);
        let (item, role) = (item.to_owned(), self.role().to_owned());
        Scan { item, at, device, network, role, place, verdict: "SOLD".into() }
    }
}

fn any_place(numbers: &mut Numbers) -> Option<Place> {
    let cities = [("Shanghai", 31.23, 121.47), ("Chengdu", 30.57, 104.07), ("Suzhou", 31.3, 120.6)];
    let (name, latitude, longitude) = *cities.get(usize::try_from(numbers.below(5)).unwrap())?;
    Some(Place { name: name.into(), latitude, longitude, uncertainty_km: 20.0 })
}

/// The consumers' scans of an item, as they are stored.
async fn stored(db: &Db, item: &str) -> Vec<Scan> {
    let mut scans = sql::scans::of_item(db, item).await.unwrap();
    assert!(scans.len() < 500, "all of them");
    scans.retain(|scan| scan.role == "consumer");
    scans
}

/// What the rules looked at before anything was counted: all scans.
fn elsewhere_of(scans: &[Scan], network: &Mark, span: (Timestamp, Timestamp)) -> BTreeSet<String> {
    let mut latest: BTreeMap<String, Timestamp> = BTreeMap::new();
    for scan in scans.iter().filter(|scan| scan.at > span.0 && scan.at <= span.1) {
        let Some(place) = &scan.place else { continue };
        if scan.network.own != network.own && scan.network.own != network.before {
            let at = latest.entry(place.name.clone()).or_insert(scan.at);
            *at = scan.at.max(*at);
        }
    }
    latest.into_iter().map(|(name, at)| format!("{name} {at}")).collect()
}

/// The first scan of each network in a span, but for one.
fn networks_of(
    scans: &[Scan],
    (since, until, week_end): (Timestamp, Timestamp, Timestamp),
    except: &[u8],
) -> Vec<Timestamp> {
    let mut first: BTreeMap<&[u8], Timestamp> = BTreeMap::new();
    for scan in scans.iter().filter(|scan| scan.at >= since && scan.at <= until) {
        let mark = if scan.at < week_end { &*scan.network.own } else { &*scan.network.before };
        if mark != except {
            let at = first.entry(mark).or_insert(scan.at);
            *at = scan.at.min(*at);
        }
    }
    first.into_values().collect()
}

/// Compares everything that somebody would be told who scans now.
async fn compare(db: &Db, numbers: &mut Numbers, now: Timestamp) {
    let item = ITEMS[usize::try_from(numbers.below(3)).unwrap()];
    let person = Person { is_robot: false, ..Person::any(numbers) };
    let marks = person.marks(item, now);
    let asker = Asker { device: &marks.device, role: "consumer" };
    let connection = db.connection().await.unwrap();
    let since = (now - AFTER_SALE, now - TRAVEL);
    let seen = sql::scans::seen(&connection, sql::items::key(item), asker, since).await.unwrap();
    drop(connection);
    let scans = stored(db, item).await;

    let own = |scan: &&Scan| [&marks.device.own, &marks.device.before].contains(&&scan.device.own);
    let counted = |number: usize| u64::try_from(number).unwrap();
    let expected =
        ScanTotals { all: counted(scans.len()), own: counted(scans.iter().filter(own).count()) };
    assert_eq!(seen.totals, expected);
    let is_repeat = |scan: &Scan| now.duration_since(scan.at) < REPEATS;
    let this = u64::from(!scans.iter().filter(own).any(is_repeat));
    let with_this = ScanTotals { all: expected.all + this, own: expected.own + this };
    assert_eq!(totals(&seen, now, true), with_this);
    assert_eq!(totals(&seen, now, false), expected);

    let ago = |numbers: &mut Numbers, hours: u64| {
        now - SignedDuration::from_mins(i64::try_from(numbers.below(hours * 60)).unwrap())
    };
    let after = if numbers.chance(30) { ago(numbers, 23) } else { now - TRAVEL };
    let found = elsewhere(&seen.sightings, &marks.network, after);
    let found: BTreeSet<_> = found.iter().map(|one| format!("{} {}", one.place, one.at)).collect();
    assert_eq!(found, elsewhere_of(&scans, &marks.network, (after, now)), "{after} {now}");

    let sale = ago(numbers, 24 * 8);
    let resolved_at = numbers.chance(30).then(|| ago(numbers, 24 * 8));
    let found = networks(&seen.networks, (sale, resolved_at), now, &marks);
    let own_mark = marks.network_in_week_of(sale, now).filter(|_| sale + AFTER_SALE >= now);
    let Some(own_mark) = own_mark else {
        assert!(found.is_empty());
        return;
    };
    let after = resolved_at.map(|at| at + SignedDuration::from_micros(1));
    let span = (after.map_or(sale, |after| after.max(sale)), now, week_end(sale));
    let expected = networks_of(&scans, span, own_mark);
    assert_eq!(found.len(), expected.len() + 1, "{found:?} {expected:?} {span:?}");
    let times: BTreeSet<Timestamp> = scans.iter().map(|scan| scan.at).chain([now]).collect();
    assert!(found.iter().all(|at| *at >= span.0 && times.contains(at)), "{found:?} {span:?}");
    let conflicts = |networks: Vec<Timestamp>| {
        let found = find(&ScanFacts { networks, sales: vec![sale], ..ScanFacts::default() });
        found.iter().map(history::scans::Evidence::conflict).collect::<Vec<_>>()
    };
    assert_eq!(conflicts(found), conflicts([expected, vec![now]].concat()));
}

/// Whether a scan is one of the repeats that are not stored.
fn is_repeat(before: &[(Person, Scan)], person: Person, scan: &Scan) -> bool {
    let is_same = |other: &Person| {
        (other.network, other.browser, other.is_robot)
            == (person.network, person.browser, person.is_robot)
    };
    before.iter().any(|(other, known)| {
        is_same(other)
            && known.item == scan.item
            && scan.at.duration_since(known.at).abs() < REPEATS
    })
}

/// Marks that are kept although no scan has them.
const LEFT_OVER: &str = "do $$ begin
  if exists (select from scan_devices d where not exists
               (select from scans s where s.item_key = d.item_key and s.device = d.device))
     or exists (select from scan_networks n where not exists
               (select from scans s where s.item_key = n.item_key and s.network = n.network))
     or exists (select from scan_places p where not exists
               (select from scans s where s.item_key = p.item_key and s.network = (p.latest).network))
     or exists (select from scan_places p where (p.other).network is not null and not exists
               (select from scans s where s.item_key = p.item_key and s.network = (p.other).network)) then
    raise exception 'a mark is kept';
  end if;
end $$";

#[actix_web::test]
async fn what_is_counted_says_what_the_scans_themselves_say_and_goes_with_them() {
    for seed in [7_u64, 4_711] {
        let mut numbers = Numbers(seed);
        let test = TestDb::migrated("seen_property").await;
        let db = test.db_as(Access::TraceApi).await;
        let today = Timestamp::from_second(Timestamp::now().as_second()).unwrap();
        let mut now = today - SignedDuration::from_hours(24 * 45);
        let mut before: Vec<(Person, Scan)> = Vec::new();
        while now < today - SignedDuration::from_hours(4) {
            let mut group = Vec::new();
            for _ in 0..=numbers.below(6) {
                now += SignedDuration::from_secs(i64::try_from(numbers.below(90)).unwrap());
                let person = Person::any(&mut numbers);
                let item = ITEMS[usize::try_from(numbers.below(3)).unwrap()];
                group.push((person, person.scan(item, now, any_place(&mut numbers))));
            }
            let scans: Vec<Scan> = group.iter().map(|(_, scan)| scan.clone()).collect();
            let stored = sql::scans::insert(&db, &scans, REPEATS).await.unwrap();
            let mut expected = Vec::new();
            for (place, (person, scan)) in group.into_iter().enumerate() {
                if !is_repeat(&before, person, &scan) {
                    expected.push(place);
                    before.push((person, scan));
                }
            }
            assert_eq!(stored, expected, "seed {seed}");
            compare(&db, &mut numbers, now).await;
            let most = if numbers.chance(40) { 12 } else { 12 * 60 };
            now += SignedDuration::from_mins(i64::try_from(numbers.below(most)).unwrap());
        }
        assert!(before.len() > 200, "{}", before.len());
        for days in [30, 9] {
            let oldest = Timestamp::now() - SignedDuration::from_hours(24 * days);
            let delete =
                async |tx: &sql::Transaction<'_>| sql::scans::delete_before(tx, oldest).await;
            assert!(db.run_tx("test.delete", delete).await.unwrap() > 0);
            test.execute(LEFT_OVER).await.unwrap();
            for _ in 0..20 {
                compare(&db, &mut numbers, today).await;
            }
        }
    }
}

#[test]
fn a_vague_position_is_certain_with_another_network_there_and_not_with_its_own() {
    let at = |minutes: i64| Timestamp::from_second(1_763_000_000 + minutes * 60).unwrap();
    let province =
        Place { name: "Jiangsu".into(), latitude: 32.0, longitude: 120.0, uncertainty_km: 100.0 };
    let network = |number: u8| Mark { own: vec![number; 16], before: vec![number; 16] };
    let seen = |minutes, number: u8| Sighting {
        at: at(minutes),
        place: province.clone(),
        network: network(number),
    };
    let certain = |sightings: &[Sighting]| {
        elsewhere(sightings, &network(9), at(0)).first().map(|one| one.is_certain)
    };
    assert_eq!(certain(&[seen(5, 1)]), Some(false));
    assert_eq!(certain(&[seen(5, 1), seen(4, 1)]), Some(false), "the same network again");
    assert_eq!(certain(&[seen(5, 1), seen(4, 2)]), Some(true));
    assert_eq!(certain(&[seen(5, 1), seen(-4, 2)]), Some(false), "too long ago");
    assert!(is_certain(&[seen(5, 1)], (&province, &network(9)), at(0)), "of the scan itself");
    assert!(!is_certain(&[seen(5, 9)], (&province, &network(9)), at(0)));
    let town = Place { uncertainty_km: 20.0, ..province.clone() };
    assert!(is_certain(&[], (&town, &network(9)), at(0)), "a town, of one network");
}
