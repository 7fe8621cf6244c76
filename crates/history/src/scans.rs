//! Scans of one code that do not fit the item: the rules, and the evidence that they leave.
//!
//! The way through: trace-api looks up what [`ScanFacts`] holds, [`find`] gives the evidence of every rule that
//! applies, and each is stored as a finding. Of findings that stand open those of [`Rule::ImpossibleTravel`] and
//! [`Rule::ManyNetworks`] decide the verdict; the others are hints, which the issuer reads and the scanning person is told.
//!
//! What holds: pure; without a trusted position a scan takes part in no comparison of places, and with a vague one only if another network was
//! there too; a network is never compared with itself, and its browsers are not counted; evidence names times and places, and nobody; a hint decides
//! nothing.
//!
//! Not here: which scans are a consumer's and how networks are told apart (`trace-api`), what the verdict is
//! ([`crate::verdict`]), who may resolve a finding ([`crate::findings`]).

use jiff::{SignedDuration, Timestamp};

use crate::fold::Stay;

/// Speed above which two scans cannot be of one object, in kilometres an hour.
const MAX_SPEED_KMH: f64 = 900.0;
/// Up to this many kilometres of uncertainty a position is believed of one network alone; one that is vaguer needs another network there.
/// `chopmark-demo scan-rules` shows what that costs and saves.
const CERTAIN_KM: f64 = 50.0;
/// How far back a scan elsewhere can matter: no two places are further apart than half the equator, 20,038 km, which
/// takes 22.3 hours at that speed.
pub const TRAVEL: SignedDuration = SignedDuration::from_hours(23);
/// Networks that may scan an item within a week after its sale: phones of one household get other ones from their carriers
/// every few hours. `chopmark-demo scan-rules` compares this with other numbers.
pub const MAX_NETWORKS: usize = 8;
/// Time after a sale within which networks are counted.
pub const AFTER_SALE: SignedDuration = SignedDuration::from_hours(24 * 7);

/// A scan at a position that a trusted source reported.
#[derive(Debug, Clone, PartialEq)]
pub struct PlacedScan {
    /// When.
    pub at: Timestamp,
    /// Name of the place.
    pub place: String,
    /// Where.
    pub position: Position,
    /// Whether the rule of travel may rest on it: databases of addresses have a town right ([`Position::is_town`]), or another network was
    /// seen there ([`Position::is_confirmed_by`]). One address whose position is known to a province is too often in another one.
    pub is_certain: bool,
}

/// A position on earth.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Position {
    /// Degrees.
    pub latitude: f64,
    /// Degrees.
    pub longitude: f64,
    /// Kilometres by which it may be off.
    pub uncertainty_km: f64,
}

/// What the rules look at when an item is scanned.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ScanFacts {
    /// This scan, if it is a consumer's and has a position.
    pub here: Option<PlacedScan>,
    /// Scans of other networks with a position, not more than [`TRAVEL`] ago.
    pub elsewhere: Vec<PlacedScan>,
    /// The first scan of each network within [`AFTER_SALE`] of the last sale, this scan's network included.
    pub networks: Vec<Timestamp>,
    /// Sales that count, in order of time.
    pub sales: Vec<Timestamp>,
    /// When a consumer scans; none if nobody does.
    pub consumer_at: Option<Timestamp>,
    /// The stay in a shipping container that has not ended by the records.
    pub packed: Option<Stay>,
    /// GTIN as it was scanned, if only its last digit keeps it from being the item's.
    pub broken_gtin: Option<String>,
    /// Where the item is to be sold, as the issuer says: country codes; empty if it does not say.
    pub markets: Vec<String>,
    /// Country of this scan, as a trusted source reported.
    pub country: Option<String>,
}

/// A rule of which a finding is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Rule {
    /// Scans too far apart for the time between.
    ImpossibleTravel,
    /// Scanned in many networks after the sale.
    ManyNetworks,
    /// Scanned by a consumer while it is recorded as packed in a shipping container.
    SealedElsewhere,
    /// Scanned with a wrong check digit before a serial number that is in use.
    BrokenCode,
    /// Scanned in a country where it was not to be sold.
    OtherMarket,
}

impl Rule {
    /// All rules; of open findings the first of these is the reason of the verdict.
    pub const ALL: [Self; 5] = [
        Self::ImpossibleTravel,
        Self::ManyNetworks,
        Self::SealedElsewhere,
        Self::BrokenCode,
        Self::OtherMarket,
    ];

    /// Its code in stored findings and metrics.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::ImpossibleTravel => "impossible_travel",
            Self::ManyNetworks => "many_networks",
            Self::SealedElsewhere => "sealed_elsewhere",
            Self::BrokenCode => "broken_code",
            Self::OtherMarket => "other_market",
        }
    }

    /// The rule of this code.
    #[must_use]
    pub fn parse(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|rule| rule.code() == code)
    }
}

/// What a rule saw.
#[derive(Debug, Clone, PartialEq)]
pub enum Evidence {
    /// [`Rule::ImpossibleTravel`].
    ImpossibleTravel {
        /// The scan elsewhere and this one.
        scans: [PlacedScan; 2],
        /// The speed that one object would have needed.
        speed_kmh: f64,
    },
    /// [`Rule::ManyNetworks`].
    ManyNetworks {
        /// The sale.
        sale: Timestamp,
        /// The first scan of each network.
        first_scans: Vec<Timestamp>,
    },
    /// [`Rule::SealedElsewhere`].
    SealedElsewhere {
        /// Key of the container ([`epc::thing_key`]).
        container: String,
        /// When the item was put in.
        since: Timestamp,
        /// The scan.
        at: Timestamp,
    },
    /// [`Rule::BrokenCode`].
    BrokenCode {
        /// As it was scanned.
        gtin: String,
        /// The scan.
        at: Timestamp,
    },
    /// [`Rule::OtherMarket`].
    OtherMarket {
        /// Where the item is to be sold: country codes.
        markets: Vec<String>,
        /// Country of the scan.
        country: String,
        /// The scan.
        at: Timestamp,
    },
}

impl Evidence {
    /// The rule that it belongs to.
    #[must_use]
    pub fn rule(&self) -> Rule {
        match self {
            Self::ImpossibleTravel { .. } => Rule::ImpossibleTravel,
            Self::ManyNetworks { .. } => Rule::ManyNetworks,
            Self::SealedElsewhere { .. } => Rule::SealedElsewhere,
            Self::BrokenCode { .. } => Rule::BrokenCode,
            Self::OtherMarket { .. } => Rule::OtherMarket,
        }
    }

    /// Why two objects seem to carry the code; none of a hint, which decides nothing.
    #[must_use]
    pub fn conflict(&self) -> Option<Conflict> {
        match self {
            Self::ImpossibleTravel { speed_kmh, .. } => {
                Some(Conflict::TwoPlaces { speed_kmh: *speed_kmh })
            }
            Self::ManyNetworks { first_scans, .. } => {
                Some(Conflict::ManyNetworks { networks: first_scans.len() })
            }
            Self::SealedElsewhere { .. } | Self::BrokenCode { .. } | Self::OtherMarket { .. } => {
                None
            }
        }
    }
}

/// Why two objects seem to carry one code.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Conflict {
    /// Two networks scanned it too far apart for the time between.
    TwoPlaces {
        /// The speed that one object would have needed.
        speed_kmh: f64,
    },
    /// Many networks scanned it within a week after the sale.
    ManyNetworks {
        /// How many.
        networks: usize,
    },
}

/// The evidence of every rule that applies, in the order of [`Rule::ALL`].
#[must_use]
pub fn find(facts: &ScanFacts) -> Vec<Evidence> {
    let found =
        [travel(facts), networks(facts), sealed(facts), broken_code(facts), other_market(facts)];
    found.into_iter().flatten().collect()
}

/// More networks than a household and its friends have, within a week after the last sale.
fn networks(facts: &ScanFacts) -> Option<Evidence> {
    let sale = *facts.sales.last()?;
    let in_span = |at: &&Timestamp| **at >= sale && at.duration_since(sale) <= AFTER_SALE;
    let mut first_scans: Vec<Timestamp> = facts.networks.iter().filter(in_span).copied().collect();
    first_scans.sort_unstable();
    let is_many = first_scans.len() > MAX_NETWORKS;
    is_many.then_some(Evidence::ManyNetworks { sale, first_scans })
}

/// A consumer reads the code of an item that nobody has unpacked or sold. Many shops record neither, so this is a hint.
fn sealed(facts: &ScanFacts) -> Option<Evidence> {
    let (at, stay) = (facts.consumer_at?, facts.packed.as_ref()?);
    let since = stay.span.0;
    (facts.sales.is_empty() && since < at).then(|| Evidence::SealedElsewhere {
        container: stay.container.clone(),
        since,
        at,
    })
}

fn broken_code(facts: &ScanFacts) -> Option<Evidence> {
    let (at, gtin) = (facts.consumer_at?, facts.broken_gtin.clone()?);
    Some(Evidence::BrokenCode { gtin, at })
}

/// Whoever bought an item may take it anywhere.
fn other_market(facts: &ScanFacts) -> Option<Evidence> {
    let (at, country) = (facts.consumer_at?, facts.country.as_ref()?);
    let is_other = !facts.markets.is_empty() && !facts.markets.contains(country);
    (is_other && facts.sales.is_empty()).then(|| Evidence::OtherMarket {
        markets: facts.markets.clone(),
        country: country.clone(),
        at,
    })
}

/// The scan elsewhere from which this one would have needed the highest speed, if that is too high.
fn travel(facts: &ScanFacts) -> Option<Evidence> {
    let here = facts.here.as_ref()?;
    if !here.is_certain {
        return None;
    }
    let speeds = facts
        .elsewhere
        .iter()
        .filter(|one| one.is_certain)
        .map(|other| (speed_kmh(other, here), other));
    let (speed_kmh, other) = speeds.max_by(|one, other| one.0.total_cmp(&other.0))?;
    (speed_kmh > MAX_SPEED_KMH)
        .then(|| Evidence::ImpossibleTravel { scans: [other.clone(), here.clone()], speed_kmh })
}

/// The least speed of one object between two scans; times closer than a second count as one.
fn speed_kmh(one: &PlacedScan, other: &PlacedScan) -> f64 {
    let (from, to) = (one.position, other.position);
    let kilometres = (distance_km(from, to) - from.uncertainty_km - to.uncertainty_km).max(0.0);
    let hours = one.at.duration_since(other.at).as_secs_f64().abs() / 3600.0;
    kilometres / hours.max(1.0 / 3600.0)
}

impl Position {
    /// Whether it is known well enough to be believed of one network alone.
    #[must_use]
    pub fn is_town(self) -> bool {
        self.uncertainty_km <= CERTAIN_KM
    }

    /// Whether `other` is the same place as far as can be told, and is not known less well than this one.
    #[must_use]
    pub fn is_confirmed_by(self, other: Self) -> bool {
        let reach = self.uncertainty_km + other.uncertainty_km;
        other.uncertainty_km <= self.uncertainty_km && distance_km(self, other) <= reach
    }
}

/// Great-circle distance on a sphere of 6,371 km.
fn distance_km(from: Position, to: Position) -> f64 {
    let (lat1, lat2) = (from.latitude.to_radians(), to.latitude.to_radians());
    let (dlat, dlon) = (lat2 - lat1, (to.longitude - from.longitude).to_radians());
    let half = (dlat / 2.0).sin().powi(2) + lat1.cos() * lat2.cos() * (dlon / 2.0).sin().powi(2);
    2.0 * 6371.0 * half.sqrt().min(1.0).asin()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHANGHAI: Position =
        Position { latitude: 31.23, longitude: 121.47, uncertainty_km: 20.0 };
    const CHENGDU: Position = Position { latitude: 30.57, longitude: 104.07, uncertainty_km: 20.0 };

    fn at(minutes: i64) -> Timestamp {
        Timestamp::from_second(1_700_000_000 + minutes * 60).unwrap()
    }

    fn scan(minutes: i64, position: Position) -> PlacedScan {
        PlacedScan { at: at(minutes), place: "there".into(), position, is_certain: true }
    }

    fn uncertain(scan: PlacedScan) -> PlacedScan {
        PlacedScan { is_certain: false, ..scan }
    }

    fn facts(here: Option<PlacedScan>, elsewhere: Vec<PlacedScan>) -> ScanFacts {
        ScanFacts { here, elsewhere, ..ScanFacts::default() }
    }

    #[test]
    fn scans_too_far_apart_for_the_time_between_are_evidence() {
        let suburb = Position { latitude: 31.3, longitude: 121.5, uncertainty_km: 20.0 };
        let vague = Position { uncertainty_km: 1700.0, ..CHENGDU };
        let province = Position { uncertainty_km: 100.0, ..CHENGDU };
        for (what, other, is_evidence) in [
            ("40 minutes before", scan(-40, CHENGDU), true),
            ("40 minutes later, by a clock that is ahead", scan(40, CHENGDU), true),
            ("at the same moment", scan(0, CHENGDU), true),
            ("by air, four hours before", scan(-240, CHENGDU), false),
            ("the same town at the same moment", scan(0, suburb), false),
            ("a position too vague to tell", scan(-1, vague), false),
            ("a province, of two networks", scan(-40, province), true),
            ("a province, of one network", uncertain(scan(-40, province)), false),
        ] {
            let found = find(&facts(Some(scan(0, SHANGHAI)), vec![other]));
            assert_eq!(found.len(), usize::from(is_evidence), "{what}: {found:?}");
        }
        assert!(find(&facts(None, vec![scan(0, CHENGDU)])).is_empty(), "no position here");
        let here = uncertain(scan(0, Position { uncertainty_km: 100.0, ..SHANGHAI }));
        let found = find(&facts(Some(here), vec![scan(-40, CHENGDU)]));
        assert!(found.is_empty(), "a province of one network here: {found:?}");
    }

    #[test]
    fn a_town_is_believed_of_one_network_and_a_province_is_not() {
        for (uncertainty_km, is_town) in
            [(20.0, true), (50.0, true), (50.1, false), (1700.0, false)]
        {
            assert_eq!(
                Position { uncertainty_km, ..SHANGHAI }.is_town(),
                is_town,
                "{uncertainty_km}"
            );
        }
    }

    #[test]
    fn a_place_is_confirmed_by_what_may_be_the_same_and_is_known_as_well() {
        let town = SHANGHAI;
        let province = Position { uncertainty_km: 100.0, ..town };
        let next = Position { latitude: 32.0, ..province };
        let country = Position { latitude: 35.0, longitude: 104.0, uncertainty_km: 2_500.0 };
        for (what, one, other, is_confirmed) in [
            ("the same town", town, town, true),
            ("a town within a province", province, town, true),
            ("provinces that overlap", province, next, true),
            ("a province around a town", town, province, false),
            ("a country around a province", province, country, false),
            ("another town", province, CHENGDU, false),
        ] {
            assert_eq!(one.is_confirmed_by(other), is_confirmed, "{what}");
        }
    }

    #[test]
    fn any_scan_elsewhere_can_be_the_evidence_and_the_fastest_is_kept() {
        let near = Position { latitude: 31.3, ..SHANGHAI };
        let elsewhere =
            vec![scan(-2, near), scan(-60, CHENGDU), scan(-20, CHENGDU), scan(-1, near)];
        let found = find(&facts(Some(scan(0, SHANGHAI)), elsewhere));
        let [Evidence::ImpossibleTravel { scans, speed_kmh }] = &found[..] else {
            panic!("{found:?}");
        };
        // 1,660 km less twice 20, in 20 minutes.
        assert!((4_700.0..5_000.0).contains(speed_kmh), "{speed_kmh}");
        assert_eq!((scans[0].at, scans[1].at), (at(-20), at(0)));
    }

    #[test]
    fn no_two_places_are_so_far_apart_that_an_earlier_scan_would_matter() {
        let pole = Position { latitude: 90.0, longitude: 0.0, uncertainty_km: 0.0 };
        let other = Position { latitude: -90.0, ..pole };
        let hours = TRAVEL.as_hours();
        let found = find(&facts(Some(scan(0, pole)), vec![scan(-60 * hours, other)]));
        assert!(found.is_empty(), "{found:?}");
    }

    #[test]
    fn more_than_eight_networks_in_the_week_after_the_sale_are_evidence() {
        let week = 7 * 24 * 60;
        for (what, times, networks) in [
            ("eight networks", vec![], None),
            ("nine networks, one of them with the sale", vec![0], Some(9)),
            ("nine networks, one of them at the end of the week", vec![week], Some(9)),
            ("the ninth before the sale", vec![-1], None),
            ("the ninth after the week", vec![week + 1], None),
        ] {
            let networks_at: Vec<_> = times.into_iter().chain(1..=8).map(at).collect();
            let mut facts = ScanFacts { networks: networks_at, ..ScanFacts::default() };
            assert!(find(&facts).is_empty(), "{what}, without a sale");
            facts.sales = vec![at(0)];
            let found = find(&facts);
            let conflicts: Vec<_> = found.iter().filter_map(Evidence::conflict).collect();
            let expected = networks.map(|networks| Conflict::ManyNetworks { networks });
            assert_eq!(conflicts, Vec::from_iter(expected), "{what}");
        }
    }

    const CASE: &str = "https://id.gs1.org/00/340123451111111110";

    /// An unsold item in a case, whose code a consumer scans with another last digit, outside of its markets.
    fn hinting() -> ScanFacts {
        ScanFacts {
            consumer_at: Some(at(0)),
            packed: Some(Stay { container: CASE.into(), span: (at(-9), Timestamp::MAX) }),
            broken_gtin: Some("04012345111119".into()),
            markets: vec!["CN".into(), "SG".into()],
            country: Some("FR".into()),
            ..ScanFacts::default()
        }
    }

    #[test]
    fn a_hint_needs_a_consumer_and_ends_with_the_sale_or_the_unpacking() {
        type Change = fn(&mut ScanFacts);
        let changes: [(&str, Change, &[Rule]); 6] = [
            ("nobody scans", |facts| facts.consumer_at = None, &[]),
            ("sold", |facts| facts.sales = vec![at(-1)], &[Rule::BrokenCode]),
            ("unpacked", |facts| facts.packed = None, &[Rule::BrokenCode, Rule::OtherMarket]),
            (
                "packed later",
                |facts| facts.consumer_at = Some(at(-10)),
                &[Rule::BrokenCode, Rule::OtherMarket],
            ),
            (
                "in its market",
                |facts| facts.country = Some("SG".into()),
                &[Rule::SealedElsewhere, Rule::BrokenCode],
            ),
            (
                "for every market",
                |facts| facts.markets.clear(),
                &[Rule::SealedElsewhere, Rule::BrokenCode],
            ),
        ];
        for (what, change, expected) in changes {
            let mut facts = hinting();
            change(&mut facts);
            let rules: Vec<_> = find(&facts).iter().map(Evidence::rule).collect();
            assert_eq!(rules, expected, "{what}");
        }
    }

    #[test]
    fn every_rule_that_applies_leaves_its_evidence_in_their_order() {
        let mut facts = facts(Some(scan(1, SHANGHAI)), vec![scan(0, CHENGDU)]);
        facts.networks = (1..).take(MAX_NETWORKS + 1).map(at).collect();
        facts.sales = vec![at(0), at(1)];
        let mut rules: Vec<_> = find(&facts).iter().map(Evidence::rule).collect();
        rules.extend(find(&hinting()).iter().map(Evidence::rule));
        assert_eq!(rules, Rule::ALL);
        assert!(find(&hinting()).iter().all(|hint| hint.conflict().is_none()));
        for rule in Rule::ALL {
            assert_eq!(Rule::parse(rule.code()), Some(rule));
        }
        assert_eq!(Rule::parse("other"), None);
    }
}
