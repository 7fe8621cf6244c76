//! Facts to verdict: nine answers, the first that applies wins.
//!
//! What holds: pure and total; every answer but the calm ones has a reason; green is only for a chip that
//! was checked just now.
//!
//! Not here: gathering the facts ([`crate::story`]), their words (trace-api).

use jiff::{SignedDuration, Timestamp};

/// Kilometres an hour that nothing on a pallet travels.
const TOO_FAST_KMH: f64 = 900.0;
/// Devices within a week after the sale that make a second object likely.
const MANY_DEVICES: usize = 3;

/// What a person is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// Do not use.
    Recalled,
    /// Not issued.
    Rejected,
    /// The chip check failed.
    TagFail,
    /// The seal was opened.
    Opened,
    /// Two objects share a code.
    Conflict,
    /// Sold before.
    Sold,
    /// The journey has a gap.
    Gap,
    /// Nothing speaks against it; the tag can be copied.
    Consistent,
    /// The chip was checked.
    Strong,
}

impl Verdict {
    /// All nine, in order of precedence.
    pub const ALL: [Self; 9] = [
        Self::Recalled,
        Self::Rejected,
        Self::TagFail,
        Self::Opened,
        Self::Conflict,
        Self::Sold,
        Self::Gap,
        Self::Consistent,
        Self::Strong,
    ];

    /// Its code in JSON and metrics.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Recalled => "RECALLED",
            Self::Rejected => "REJECTED",
            Self::TagFail => "TAG_FAIL",
            Self::Opened => "OPENED",
            Self::Conflict => "CONFLICT",
            Self::Sold => "SOLD",
            Self::Gap => "GAP",
            Self::Consistent => "CONSISTENT",
            Self::Strong => "STRONG",
        }
    }
}

/// What a check of the tag's chip said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TagCheck {
    /// No chip was asked: a printed code, or an RFID number.
    NotChecked,
    /// The chip's code was right and fresh.
    Passed,
    /// The chip's code was wrong or old.
    Failed,
    /// The chip reports an opened seal.
    Opened,
}

/// One scan, for comparing places.
#[derive(Debug, Clone, PartialEq)]
pub struct Seen {
    /// When.
    pub at: Timestamp,
    /// Keyed hash of the device.
    pub device: Vec<u8>,
    /// Latitude, longitude in degrees and uncertainty in kilometres.
    pub place: Option<(f64, f64, f64)>,
}

/// Everything a verdict rests on.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    /// A recall, theft or expiry that was recorded.
    pub recalled: Option<String>,
    /// Why the code was not issued: unknown, voided, never applied, or its record does not fit its proof.
    pub rejected: Option<String>,
    /// What a chip check said.
    pub tag: Option<TagCheck>,
    /// Sales recorded.
    pub sales: Vec<Timestamp>,
    /// What is missing or disputed.
    pub gaps: Vec<String>,
    /// Scans by consumers, this one included.
    pub scans: Vec<Seen>,
    /// Whether it was scanned while recorded as sealed in a container.
    pub sealed_in: Option<String>,
}

/// A verdict and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judged {
    /// The verdict.
    pub verdict: Verdict,
    /// The rule that decided, a key of the texts that pages show, and its value.
    pub reason: (&'static str, String),
}

/// Judges.
#[must_use]
pub fn judge(facts: &Facts) -> Judged {
    let judged = |verdict, rule, value: &str| Judged { verdict, reason: (rule, value.to_owned()) };
    if let Some(reason) = &facts.recalled {
        return judged(Verdict::Recalled, "recalled", reason);
    }
    if let Some(reason) = &facts.rejected {
        return judged(Verdict::Rejected, "rejected", reason);
    }
    match facts.tag {
        Some(TagCheck::Failed) => return judged(Verdict::TagFail, "chip", ""),
        Some(TagCheck::Opened) => return judged(Verdict::Opened, "seal", ""),
        _ => {}
    }
    if let Some((rule, value)) = conflict(facts) {
        return judged(Verdict::Conflict, rule, &value);
    }
    if let Some(sale) = facts.sales.first() {
        return judged(Verdict::Sold, "sold", &sale.to_string());
    }
    if let Some(gap) = facts.gaps.first() {
        return judged(Verdict::Gap, "gap", gap);
    }
    if facts.tag == Some(TagCheck::Passed) {
        return judged(Verdict::Strong, "chip-passed", "");
    }
    judged(Verdict::Consistent, "no-anomaly", "")
}

fn conflict(facts: &Facts) -> Option<(&'static str, String)> {
    for (place, one) in facts.scans.iter().enumerate() {
        for other in &facts.scans[place + 1..] {
            if let Some(kmh) = too_fast(one, other) {
                return Some(("two-places", format!("{kmh:.0}")));
            }
        }
    }
    if facts.sales.len() > 1 {
        return Some(("sold-twice", facts.sales.len().to_string()));
    }
    let sale = facts.sales.first()?;
    let week = SignedDuration::from_hours(24 * 7);
    let devices: std::collections::HashSet<&[u8]> = facts
        .scans
        .iter()
        .filter(|scan| scan.at >= *sale && scan.at.duration_since(*sale) <= week)
        .map(|scan| scan.device.as_slice())
        .collect();
    (devices.len() > MANY_DEVICES).then(|| ("many-devices", devices.len().to_string()))
}

/// The speed between two scans of different devices, if nothing travels so fast.
fn too_fast(one: &Seen, other: &Seen) -> Option<f64> {
    if one.device == other.device {
        return None;
    }
    let ((lat1, lon1, off1), (lat2, lon2, off2)) = (one.place?, other.place?);
    let kilometres = (distance_km((lat1, lon1), (lat2, lon2)) - off1 - off2).max(0.0);
    let hours = one.at.duration_since(other.at).as_secs_f64().abs() / 3600.0;
    let kmh = kilometres / hours.max(1.0 / 3600.0);
    (kmh > TOO_FAST_KMH).then_some(kmh)
}

/// Great-circle distance on a sphere of 6,371 km.
fn distance_km(from: (f64, f64), to: (f64, f64)) -> f64 {
    let (lat1, lat2) = (from.0.to_radians(), to.0.to_radians());
    let (dlat, dlon) = (lat2 - lat1, (to.1 - from.1).to_radians());
    let half = (dlat / 2.0).sin().powi(2) + lat1.cos() * lat2.cos() * (dlon / 2.0).sin().powi(2);
    2.0 * 6371.0 * half.sqrt().min(1.0).asin()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minutes: i64) -> Timestamp {
        Timestamp::from_second(1_700_000_000 + minutes * 60).unwrap()
    }

    fn seen(device: u8, minutes: i64, place: Option<(f64, f64, f64)>) -> Seen {
        Seen { at: at(minutes), device: vec![device], place }
    }

    const SHANGHAI: (f64, f64, f64) = (31.23, 121.47, 20.0);
    const CHENGDU: (f64, f64, f64) = (30.57, 104.07, 20.0);

    #[test]
    fn the_first_that_applies_wins_in_the_order_of_the_table() {
        let mut facts = Facts {
            recalled: Some("lot".into()),
            rejected: Some("unknown".into()),
            tag: Some(TagCheck::Failed),
            sales: vec![at(0), at(1)],
            gaps: vec!["shipping".into()],
            ..Facts::default()
        };
        let mut order = vec![judge(&facts).verdict];
        facts.recalled = None;
        order.push(judge(&facts).verdict);
        facts.rejected = None;
        order.push(judge(&facts).verdict);
        facts.tag = Some(TagCheck::Opened);
        order.push(judge(&facts).verdict);
        facts.tag = Some(TagCheck::Passed);
        order.push(judge(&facts).verdict);
        facts.sales.pop();
        order.push(judge(&facts).verdict);
        facts.sales.clear();
        order.push(judge(&facts).verdict);
        facts.gaps.clear();
        order.push(judge(&facts).verdict);
        facts.tag = Some(TagCheck::NotChecked);
        order.insert(7, judge(&facts).verdict);
        assert_eq!(order, Verdict::ALL);
    }

    #[test]
    fn two_cities_within_the_hour_are_a_conflict_and_one_phone_travelling_is_not() {
        let conflict =
            |scans| judge(&Facts { scans, ..Facts::default() }).verdict == Verdict::Conflict;
        assert!(conflict(vec![seen(1, 0, Some(SHANGHAI)), seen(2, 40, Some(CHENGDU))]));
        assert!(!conflict(vec![seen(1, 0, Some(SHANGHAI)), seen(1, 40, Some(CHENGDU))]));
        assert!(!conflict(vec![seen(1, 0, Some(SHANGHAI)), seen(2, 240, Some(CHENGDU))]));
        assert!(!conflict(vec![seen(1, 0, Some(SHANGHAI)), seen(2, 1, Some((31.3, 121.5, 20.0)))]));
        assert!(!conflict(vec![seen(1, 0, None), seen(2, 1, Some(CHENGDU))]));
    }

    #[test]
    fn many_devices_after_a_sale_are_a_conflict() {
        let scans = |n: u8| (0..n).map(|d| seen(d, i64::from(d) + 1, None)).collect();
        let verdict =
            |n| judge(&Facts { sales: vec![at(0)], scans: scans(n), ..Facts::default() }).verdict;
        assert_eq!((verdict(3), verdict(4)), (Verdict::Sold, Verdict::Conflict));
    }

    #[test]
    fn without_anything_against_it_an_unchecked_tag_is_consistent_never_green() {
        assert_eq!(judge(&Facts::default()).verdict, Verdict::Consistent);
    }
}
