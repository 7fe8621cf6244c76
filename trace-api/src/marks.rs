//! Marks: by what two scans of one item are recognised as one network's or one device's, without keeping either.
//!
//! A mark is `HMAC(HMAC(secret, week), item ‖ network [‖ browser])`, cut to 16 bytes. A scan is stored with its marks
//! under the key of its own week and under that of the week before: two scans at most seven days apart are in one week
//! or in two that follow each other, and so share a key.
//!
//! What holds: marks of different items never match, so nobody's scans can be put together; marks of one item match
//! within two weeks only; a browser is never marked without its network.
//!
//! Source: docs/decisions/0027-scans-and-findings.md.

use std::net::IpAddr;
use std::sync::{Arc, PoisonError, RwLock};

use jiff::Timestamp;
use ledger::hash::{HmacKey, hmac_sha256};
use sql::scans::Mark;

use crate::network::Cidr;

/// Seconds of a week.
const WEEK_S: i64 = 7 * 24 * 3600;

/// Weeks since 1970-01-01.
fn week(at: Timestamp) -> i64 {
    at.as_second().div_euclid(WEEK_S)
}

/// First moment of the week after the one that `at` is in.
#[must_use]
pub fn week_end(at: Timestamp) -> Timestamp {
    Timestamp::from_second((week(at) + 1) * WEEK_S).unwrap_or(Timestamp::MAX)
}

/// Who scans an item, in marks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Marks {
    /// Network and browser.
    pub device: Mark,
    /// The network alone.
    pub network: Mark,
}

/// The keys of marks of one week.
struct WeekKeys {
    week: i64,
    own: HmacKey,
    before: HmacKey,
}

impl WeekKeys {
    fn of(secret: &[u8], week: i64) -> Self {
        let key = |week: i64| {
            let text = format!("chopmark.org/scan-mark@v1\n{week}\n");
            HmacKey::new(&hmac_sha256(secret, text.as_bytes()))
        };
        Self { week, own: key(week), before: key(week - 1) }
    }
}

/// Makes marks; the keys of the week that was used last are kept.
pub struct MarkKeys {
    secret: Vec<u8>,
    last: RwLock<Arc<WeekKeys>>,
}

impl MarkKeys {
    /// Keys under a secret.
    #[must_use]
    pub fn new(secret: &[u8]) -> Self {
        Self { secret: secret.to_vec(), last: RwLock::new(Arc::new(WeekKeys::of(secret, 0))) }
    }

    fn of_week(&self, week: i64) -> Arc<WeekKeys> {
        let last = self.last.read().unwrap_or_else(PoisonError::into_inner).clone();
        if last.week == week {
            return last;
        }
        let keys = Arc::new(WeekKeys::of(&self.secret, week));
        *self.last.write().unwrap_or_else(PoisonError::into_inner) = keys.clone();
        keys
    }

    /// The marks of a scan of `item` at `at`.
    #[must_use]
    pub fn marks(&self, item: &str, at: Timestamp, address: IpAddr, agent: &str) -> Marks {
        let keys = self.of_week(week(at));
        let network = Cidr::network_of(address).to_string();
        let mark = |key: &HmacKey, text: &str| key.sign(text.as_bytes())[..16].to_vec();
        let both =
            |text: &str| Mark { own: mark(&keys.own, text), before: mark(&keys.before, text) };
        Marks {
            device: both(&format!("device\n{item}\n{network}\n{agent}")),
            network: both(&format!("network\n{item}\n{network}")),
        }
    }
}

impl Marks {
    /// The mark of the network under the key of the week of `at`, if this scan has it.
    #[must_use]
    pub fn network_in_week_of(&self, at: Timestamp, own: Timestamp) -> Option<&[u8]> {
        match week(own) - week(at) {
            0 => Some(&self.network.own),
            1 => Some(&self.network.before),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::*;

    const SECRET: &[u8] = b"0123456789abcdef";

    fn marks(item: &str, at: Timestamp, address: &str, agent: &str) -> Marks {
        MarkKeys::new(SECRET).marks(item, at, address.parse().unwrap(), agent)
    }

    #[test]
    fn two_scans_within_seven_days_share_a_mark_and_after_two_weeks_none() {
        let start: Timestamp = "2026-11-20T00:00:00Z".parse().unwrap();
        let share = |one: &Mark, other: &Mark| {
            one.own == other.own || one.own == other.before || one.before == other.own
        };
        for hour in 0..24 * 15 {
            let first_at = start + SignedDuration::from_hours(hour);
            let first = marks("urn:x", first_at, "203.0.113.7", "Phone");
            for (later, expected) in [(0, true), (1, true), (24 * 7, true), (24 * 14, false)] {
                let at = first_at + SignedDuration::from_hours(later);
                let second = marks("urn:x", at, "203.0.113.99", "Phone");
                assert_eq!(share(&first.network, &second.network), expected, "{first_at} {at}");
                assert_eq!(share(&first.device, &second.device), expected, "{first_at} {at}");
                if later <= 24 * 7 {
                    let found = second.network_in_week_of(first_at, at);
                    assert_eq!(found, Some(&*first.network.own), "{first_at} {at}");
                }
            }
        }
    }

    #[test]
    fn marks_tell_networks_browsers_and_items_apart() {
        let at: Timestamp = "2026-11-20T00:00:00Z".parse().unwrap();
        let phone = marks("urn:x", at, "203.0.113.7", "Phone");
        assert_eq!((phone.network.own.len(), phone.device.own.len()), (16, 16));
        assert_eq!(phone, marks("urn:x", at, "203.0.113.200", "Phone"));
        let other = marks("urn:x", at, "203.0.113.7", "Tablet");
        assert_eq!(phone.network, other.network);
        assert_ne!(phone.device, other.device);
        assert_ne!(phone.network, marks("urn:x", at, "203.0.114.7", "Phone").network);
        let elsewhere = marks("urn:y", at, "203.0.113.7", "Phone");
        assert_ne!(phone.network.own, elsewhere.network.own);
        assert_ne!(phone.device.own, elsewhere.device.own);
    }
}
