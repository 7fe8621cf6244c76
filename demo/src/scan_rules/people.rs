//! People with phones: where they are, over which networks they scan, and how often.
//!
//! The way through: a [`Person`] lives in a city, has a browser and a mobile network, and shares the [`Network`] of a home;
//! [`Person::look`] is one look at an item: a page, perhaps loaded again, perhaps over another network the second time.
//!
//! What holds: everything follows from the seed; a network's position is what a database of addresses would say of it,
//! right or wrong, never where the person is.
//!
//! Not here: what becomes of an item ([`super::lives`]), the rules ([`super::trial`]).
//!
//! Source: the shares are our assumptions; docs/scan-rules.md lists them with what they change.

use std::net::{IpAddr, Ipv4Addr};

use demo::simulators::seeded::Seeded;
use jiff::{SignedDuration, Timestamp};
use sql::scans::Place;

/// Name, latitude, longitude.
pub type City = (&'static str, f64, f64);

/// Where people live and shops are.
pub const CITIES: [City; 12] = [
    ("Beijing", 39.90, 116.41),
    ("Shanghai", 31.23, 121.47),
    ("Guangzhou", 23.13, 113.26),
    ("Shenzhen", 22.54, 114.06),
    ("Chengdu", 30.57, 104.07),
    ("Hangzhou", 30.27, 120.16),
    ("Wuhan", 30.59, 114.31),
    ("Xi'an", 34.34, 108.94),
    ("Harbin", 45.80, 126.53),
    ("Kunming", 24.88, 102.83),
    ("Urumqi", 43.83, 87.62),
    ("Nanjing", 32.06, 118.80),
];
/// Where virtual private networks come out.
const EXITS: [City; 3] =
    [("Hong Kong", 22.32, 114.17), ("Tokyo", 35.68, 139.69), ("Los Angeles", 34.05, -118.24)];
/// Browsers of phones; many people have the same.
const BROWSERS: u64 = 40;

/// A network of 256 addresses, and where a database of addresses has it.
#[derive(Debug, Clone)]
pub struct Network {
    address: u32,
    place: Option<Place>,
}

/// What somebody asks of trace-api.
#[derive(Debug, Clone)]
pub struct Look {
    /// When.
    pub at: Timestamp,
    /// Over which address.
    pub address: IpAddr,
    /// With which browser.
    pub agent: String,
    /// Where the proxy says that the address is.
    pub place: Option<Place>,
}

/// Somebody with a phone.
#[derive(Debug, Clone)]
pub struct Person {
    city: City,
    browser: u64,
    home: Network,
    mobile: Network,
    has_vpn: bool,
}

/// Whether something of this share happens.
pub fn happens(random: &mut Seeded, share: f64) -> bool {
    random.unit() < share
}

/// A time that is on the average this long, and often much shorter.
pub fn about(random: &mut Seeded, mean: SignedDuration) -> SignedDuration {
    let factor = -(1.0 - random.unit()).ln();
    SignedDuration::try_from_secs_f64(mean.as_secs_f64() * factor).unwrap_or(mean)
}

/// One of these, each as likely.
pub fn one_of<T: Copy>(random: &mut Seeded, all: &[T]) -> T {
    let count = u64::try_from(all.len()).unwrap_or(1);
    let place = usize::try_from(random.below(count)).unwrap_or_default();
    all[place]
}

/// Where a database has a city: the same for all of its networks.
fn place((name, latitude, longitude): City, uncertainty_km: f32) -> Place {
    Place { name: name.to_owned(), latitude, longitude, uncertainty_km }
}

impl Network {
    fn at(random: &mut Seeded, place: Option<Place>) -> Self {
        let address = u32::try_from(random.below(1 << 24)).unwrap_or_default() << 8;
        Self { address, place }
    }

    /// That of a home, a shop or an office, which databases have to within some kilometres.
    pub fn fixed(random: &mut Seeded, city: City) -> Self {
        Self::at(random, Some(place(city, 20.0)))
    }

    /// A carrier's: where its gateway is. Databases have most of them by province, some by country, and a few wrong.
    pub fn mobile(random: &mut Seeded, city: City) -> Self {
        let share = random.unit();
        let there = if share < 0.85 {
            place(city, 100.0)
        } else if share < 0.999 {
            // A country's middle, and how large the country is.
            place(("China", 35.0, 104.0), 2_500.0)
        } else {
            place(one_of(random, &CITIES), 100.0)
        };
        Self::at(random, Some(there))
    }

    /// The exit of a virtual private network. Databases know nearly all as such, and a proxy gives these no place.
    fn vpn(random: &mut Seeded) -> Self {
        let exit = one_of(random, &EXITS);
        let there = happens(random, 0.02).then(|| place(exit, 20.0));
        Self::at(random, there)
    }

    /// A look over this network.
    fn look(&self, at: Timestamp, agent: &str) -> Look {
        let address = IpAddr::V4(Ipv4Addr::from(self.address | 7));
        Look { at, address, agent: agent.to_owned(), place: self.place.clone() }
    }
}

impl Person {
    /// Somebody in this home.
    pub fn of(random: &mut Seeded, city: City, home: &Network) -> Self {
        Self {
            city,
            browser: random.below(BROWSERS),
            home: home.clone(),
            mobile: Network::mobile(random, city),
            has_vpn: happens(random, 0.03),
        }
    }

    /// Somebody who is at none of the homes.
    pub fn passing(random: &mut Seeded, city: City) -> Self {
        let home = Network::mobile(random, city);
        Self::of(random, city, &home)
    }

    /// The browser that is used now: a phone has its own, and those within other applications.
    fn agent(&self, random: &mut Seeded) -> String {
        let within = if happens(random, 0.5) { "MicroMessenger" } else { "Mobile" };
        format!("Mozilla/5.0 (Linux; Android 14; Phone {}) {within}", self.browser)
    }

    /// The network that is used now: carriers give another address to a phone that was away for a while.
    fn network(&mut self, random: &mut Seeded) -> Network {
        if self.has_vpn && happens(random, 0.3) {
            return Network::vpn(random);
        }
        if happens(random, 0.65) {
            return self.home.clone();
        }
        if happens(random, 0.5) {
            self.mobile = Network::mobile(random, self.city);
        }
        self.mobile.clone()
    }

    /// One look at an item, with what is loaded again within minutes.
    pub fn look(&mut self, random: &mut Seeded, at: Timestamp, looks: &mut Vec<Look>) {
        let agent = self.agent(random);
        let mut network = self.network(random);
        let mut at = at;
        looks.push(network.look(at, &agent));
        while happens(random, 0.25) {
            at += about(random, SignedDuration::from_mins(4));
            // The door closes behind them, and the phone changes to the other network.
            if happens(random, 0.04) {
                network = self.network(random);
            }
            looks.push(network.look(at, &agent));
        }
    }

    /// Looks over some days.
    pub fn looks(&mut self, random: &mut Seeded, from: Timestamp, looks: &mut Vec<Look>) {
        let mut at = from + about(random, SignedDuration::from_hours(24));
        self.look(random, at, looks);
        while happens(random, 0.2) {
            at += about(random, SignedDuration::from_hours(48));
            self.look(random, at, looks);
        }
    }

    /// Looks on a train, over networks along the line: 300 km an hour.
    pub fn rides(&mut self, random: &mut Seeded, from: Timestamp, looks: &mut Vec<Look>) {
        let (name, mut latitude, longitude) = self.city;
        let agent = self.agent(random);
        let mut at = from;
        for _ in 0..3 {
            let mobile = Network::mobile(random, (name, latitude, longitude));
            looks.push(mobile.look(at, &agent));
            let pause =
                SignedDuration::from_mins(10) + about(random, SignedDuration::from_mins(20));
            at += pause;
            // A degree of latitude is 111 km.
            latitude -= pause.as_secs_f64() / 3600.0 * 300.0 / 111.0;
        }
    }

    /// Looks before a flight and after it: 800 km an hour from airport to airport, and half an hour at each.
    pub fn flies(&mut self, random: &mut Seeded, from: Timestamp, looks: &mut Vec<Look>) {
        let agent = self.agent(random);
        let there = one_of(random, &CITIES);
        let degrees = (there.1 - self.city.1).hypot((there.2 - self.city.2) * 0.85);
        let flight = SignedDuration::try_from_secs_f64(degrees * 111.0 / 800.0 * 3600.0);
        let landed = from + flight.unwrap_or_default() + SignedDuration::from_hours(1);
        for (at, city) in [(from, self.city), (landed, there)] {
            looks.push(Network::mobile(random, city).look(at, &agent));
        }
    }
}
