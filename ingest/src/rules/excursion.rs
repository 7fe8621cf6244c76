//! Follows a measured value across deliveries and flags when it stayed outside its limits for too long.
//!
//! The way through: the limits are checked at start; [`follow`] takes each reading, in time order, into the state
//! that the ledger's tables keep between deliveries.
//!
//! What holds:
//!
//! - an excursion is flagged once, when its allowed time is over, and again only after it ended;
//! - values are compared as decimal text (`Decimal`), never as floating point;
//! - the value that a flag names is the one furthest from the limit that it broke, whichever limit that is;
//! - a reading older than the last one followed changes nothing, so a late delivery cannot end or start one.
//!
//! Not here: the event that a flag becomes ([`super::interpret`]).

use std::cmp::Ordering;

use jiff::{SignedDuration, Timestamp};
use reads::SensorKind;
use serde::{Deserialize, Serialize};

/// Sensor readings are recorded; a limit crossed for longer than allowed flags the lots. All values are decimal text in
/// the quantity's unit: degrees Celsius, per cent, pascal, lux, volt.
///
/// ```toml
/// [[rule]]
/// id = "cold-chain"
/// read_point = "urn:epc:id:sgln:9521142.00001.7"
///
/// [rule.concludes.excursion]
/// quantity = "temperature"
/// max = "8.0"
/// min = "2.0"
/// allowed_s = 600.0
/// lots = ["urn:epc:class:lgtin:9521141.012345.L2611A"]
/// ```
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExcursionRule {
    /// `temperature`, `relative-humidity`, `pressure`, `illuminance` or `voltage`.
    pub quantity: SensorKind,
    /// Highest value allowed. Default: none.
    #[serde(default)]
    pub max: Option<String>,
    /// Lowest value allowed. Default: none.
    #[serde(default)]
    pub min: Option<String>,
    /// Seconds that a value may stay outside before the lots are flagged.
    pub allowed_s: f64,
    /// Class URIs (`urn:epc:class:lgtin:…`) of the lots that are kept here.
    pub lots: Vec<String>,
}

/// State of one sensor under one rule between two deliveries.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SensorState {
    /// When the value left its limits; none while it is inside.
    pub outside_since: Option<Timestamp>,
    /// The value furthest outside since then, decimal text.
    pub worst: Option<String>,
    /// Whether this excursion was already flagged.
    pub flagged: bool,
    /// Time of the last reading followed.
    pub last: Option<Timestamp>,
}

/// An excursion that lasted longer than allowed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Excursion {
    /// When the value left its limits.
    pub since: Timestamp,
    /// The reading at which the allowed time was over.
    pub until: Timestamp,
    /// The value furthest outside, decimal text in the sensor's unit.
    pub worst: String,
    /// Whether that value is above the highest allowed; else it is below the lowest.
    pub above: bool,
}

/// A finite decimal number, compared digit by digit.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Decimal {
    negative: bool,
    whole: String,
    fraction: String,
}

impl Decimal {
    /// Parses `-12.50`; no exponent, at most 40 digits.
    fn parse(text: &str) -> Option<Self> {
        let (negative, digits) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let are_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty()
            || digits.ends_with('.')
            || digits.len() > 40
            || !are_digits(whole)
            || !are_digits(fraction)
        {
            return None;
        }
        let whole = whole.trim_start_matches('0').to_owned();
        let fraction = fraction.trim_end_matches('0').to_owned();
        let is_zero = whole.is_empty() && fraction.is_empty();
        Some(Self { negative: negative && !is_zero, whole, fraction })
    }

    /// How far the two are apart, digit by digit.
    fn distance(&self, other: &Self) -> Self {
        let (high, low) = if self >= other { (self, other) } else { (other, self) };
        let places = high.fraction.len().max(low.fraction.len());
        // One more than the longer: 9 and -9 are 18 apart.
        let digits = high.whole.len().max(low.whole.len()) + 1;
        let mut carry = 0;
        let mut apart: Vec<char> = Vec::new();
        for (high, low) in high.digits(digits, places).into_iter().zip(low.digits(digits, places)) {
            let sum = high - low + carry;
            carry = sum.div_euclid(10);
            apart.extend(char::from_digit(sum.rem_euclid(10).unsigned_abs(), 10));
        }
        let fraction: String = apart.iter().take(places).rev().collect();
        let whole: String = apart.iter().skip(places).rev().collect();
        Self {
            negative: false,
            whole: whole.trim_start_matches('0').to_owned(),
            fraction: fraction.trim_end_matches('0').to_owned(),
        }
    }

    /// Its digits with its sign, the lowest first: `places` of the fraction and `digits` before it.
    fn digits(&self, digits: usize, places: usize) -> Vec<i32> {
        let sign = if self.negative { -1 } else { 1 };
        let text = format!("{:0>digits$}{:0<places$}", self.whole, self.fraction);
        text.bytes().rev().map(|byte| sign * i32::from(byte - b'0')).collect()
    }

    fn magnitude(&self, other: &Self) -> Ordering {
        self.whole
            .len()
            .cmp(&other.whole.len())
            .then_with(|| self.whole.cmp(&other.whole))
            .then_with(|| self.fraction.cmp(&other.fraction))
    }
}

impl PartialOrd for Decimal {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Decimal {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self.negative, other.negative) {
            (false, true) => Ordering::Greater,
            (true, false) => Ordering::Less,
            (false, false) => self.magnitude(other),
            (true, true) => other.magnitude(self),
        }
    }
}

/// Checks that the limits of a rule are numbers, in order, and that there is at least one.
///
/// # Errors
///
/// The value and what was expected, as part of a sentence.
pub(super) fn check_limits(rule: &ExcursionRule) -> Result<(), String> {
    let parse = |name: &str, text: &Option<String>| match text {
        None => Ok(None),
        Some(text) => Decimal::parse(text)
            .map(Some)
            .ok_or_else(|| format!("got {name} `{text}`, expected a decimal such as `8.0`")),
    };
    match (parse("min", &rule.min)?, parse("max", &rule.max)?) {
        (None, None) => Err("got neither max nor min, expected at least one".into()),
        (Some(min), Some(max)) if min >= max => {
            Err("got min not below max, expected min below max".into())
        }
        _ if !(rule.allowed_s.is_finite() && (0.0..=31_536_000.0).contains(&rule.allowed_s)) => {
            Err(format!("got allowed_s {}, expected 0 to 31536000 (one year)", rule.allowed_s))
        }
        _ => check_lots(&rule.lots),
    }
}

fn check_lots(lots: &[String]) -> Result<(), String> {
    for lot in lots {
        epc::EpcClass::from_uri(lot).map_err(|error| format!("lot `{lot}`: {error}"))?;
    }
    Ok(())
}

/// Takes one more reading into `state`; `Some` when an excursion has just lasted longer than allowed.
///
/// - `value`: decimal text in the sensor's unit; a text that is not a decimal is ignored (the contract
///   between bridge and ingest admits none).
pub fn follow(
    state: &mut SensorState,
    rule: &ExcursionRule,
    value: &str,
    at: Timestamp,
) -> Option<Excursion> {
    let decimal = Decimal::parse(value)?;
    if state.last.is_some_and(|last| at < last) {
        return None;
    }
    state.last = Some(at);
    let Some(excess) = excess(&decimal, rule) else {
        state.outside_since = None;
        state.worst = None;
        state.flagged = false;
        return None;
    };
    let since = *state.outside_since.get_or_insert(at);
    let worst = state.worst.as_deref().and_then(Decimal::parse);
    let before = worst.and_then(|worst| self::excess(&worst, rule));
    if before.is_none_or(|before| excess > before) {
        state.worst = Some(value.to_owned());
    }
    let allowed = SignedDuration::try_from_secs_f64(rule.allowed_s).unwrap_or(SignedDuration::MAX);
    if state.flagged || at.duration_since(since) <= allowed {
        return None;
    }
    state.flagged = true;
    let worst = state.worst.clone().unwrap_or_else(|| value.into());
    let above = match (Decimal::parse(&worst), limit(rule.max.as_ref())) {
        (Some(worst), Some(max)) => worst > max,
        _ => false,
    };
    Some(Excursion { since, until: at, worst, above })
}

/// How far `value` is outside the limits of `rule`; none if it is inside.
fn excess(value: &Decimal, rule: &ExcursionRule) -> Option<Decimal> {
    let above = limit(rule.max.as_ref()).filter(|max| value > max);
    let broken = above.or_else(|| limit(rule.min.as_ref()).filter(|min| value < min))?;
    Some(value.distance(&broken))
}

fn limit(text: Option<&String>) -> Option<Decimal> {
    text.and_then(|text| Decimal::parse(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cold() -> ExcursionRule {
        ExcursionRule {
            quantity: SensorKind::Temperature,
            max: Some("8.0".into()),
            min: Some("2".into()),
            allowed_s: 10.0,
            lots: vec![],
        }
    }

    fn second(n: i64) -> Timestamp {
        Timestamp::from_second(1_700_000_000 + n).unwrap()
    }

    fn run(values: &[(i64, &str)]) -> Vec<Excursion> {
        let mut state = SensorState::default();
        values.iter().filter_map(|(t, v)| follow(&mut state, &cold(), v, second(*t))).collect()
    }

    #[test]
    fn a_short_excursion_is_not_flagged() {
        assert_eq!(run(&[(0, "5.0"), (5, "8.1"), (15, "9.9"), (16, "7.9"), (30, "8.5")]), []);
    }

    #[test]
    fn a_long_excursion_is_flagged_once_with_its_worst_value() {
        let found = run(&[(0, "8.1"), (5, "9.25"), (11, "9.1"), (20, "12.0")]);
        assert_eq!(
            found,
            [Excursion { since: second(0), until: second(11), worst: "9.25".into(), above: true }]
        );
    }

    #[test]
    fn the_worst_value_is_the_one_furthest_outside_on_either_side() {
        for (values, worst, above) in [
            ([(0, "12"), (5, "1.9"), (11, "8.5")], "12", true),
            ([(0, "1.9"), (5, "12"), (11, "1.5")], "12", true),
            ([(0, "13"), (5, "-3.5"), (11, "9")], "-3.5", false),
            ([(0, "13.6"), (5, "-3.5"), (11, "9")], "13.6", true),
            ([(0, "1"), (5, "9.0"), (11, "8.999")], "1", false),
        ] {
            let found = run(&values);
            assert_eq!((found[0].worst.as_str(), found[0].above), (worst, above), "{values:?}");
        }
    }

    #[test]
    fn numbers_are_apart_by_their_difference() {
        for (a, b, apart) in [
            ("9", "-9", "18"),
            ("8", "8.0", "0"),
            ("-3.5", "2", "5.5"),
            ("100", "0.001", "99.999"),
            ("-0.15", "-0.2", "0.05"),
            ("0", "0.5", "0.5"),
        ] {
            let (a, b) = (Decimal::parse(a).unwrap(), Decimal::parse(b).unwrap());
            assert_eq!(Some(a.distance(&b)), Decimal::parse(apart));
            assert_eq!(a.distance(&b), b.distance(&a));
        }
    }

    #[test]
    fn a_second_excursion_after_recovery_is_flagged_again() {
        let found = run(&[(0, "9"), (11, "9"), (12, "5"), (13, "-3.5"), (24, "-4.5")]);
        assert_eq!(found.len(), 2);
        assert_eq!((found[1].worst.as_str(), found[1].above), ("-4.5", false));
    }

    #[test]
    fn a_late_reading_neither_starts_nor_ends_an_excursion() {
        assert_eq!(run(&[(10, "9"), (5, "5"), (21, "9")]).len(), 1);
    }

    #[test]
    fn decimals_compare_by_value_not_by_text() {
        for (a, b, order) in [
            ("8", "8.0", Ordering::Equal),
            ("-0", "0", Ordering::Equal),
            ("10", "9.9", Ordering::Greater),
            ("-20.5", "-3", Ordering::Less),
            ("0.15", "0.2", Ordering::Less),
            ("-0.15", "-0.2", Ordering::Greater),
        ] {
            assert_eq!(
                Decimal::parse(a).unwrap().cmp(&Decimal::parse(b).unwrap()),
                order,
                "{a} {b}"
            );
        }
        for bad in ["", "-", ".", "1.", ".5", "1e3", "NaN", "1.2.3", "+1"] {
            assert!(Decimal::parse(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn limits_without_a_number_are_refused() {
        let mut rule = cold();
        rule.max = Some("warm".into());
        assert!(check_limits(&rule).unwrap_err().contains("warm"));
        rule.max = Some("1".into());
        assert!(check_limits(&rule).unwrap_err().contains("below"));
        rule.max = None;
        rule.min = None;
        assert!(check_limits(&rule).is_err());
    }
}
