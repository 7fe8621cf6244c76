//! What was already reported about devices and their fields, so that it is reported once.
//!
//! What holds: what is kept is a hash each and at most [`MAX_TOLD`] of each kind; what is beyond that is counted and not
//! reported.
//!
//! Not here: the counting (`DeviceData::other_events`).

use std::collections::{BTreeMap, BTreeSet};

use ledger::Hash;
use ledger::hash::sha256;

/// Most unknown devices, and most fields with something wrong, that are kept.
pub(crate) const MAX_TOLD: usize = 10_000;

/// What was reported.
#[derive(Debug, Default)]
pub(crate) struct Told {
    /// Devices that the configuration does not name.
    devices: BTreeSet<Hash>,
    /// The last thing that was reported of each field.
    fields: BTreeMap<Hash, Hash>,
}

impl Told {
    /// Whether it is new that `device` is unknown.
    pub(crate) fn is_new_device(&mut self, device: &str) -> bool {
        self.devices.len() < MAX_TOLD && self.devices.insert(sha256(device.as_bytes()))
    }

    /// Whether it is new that `what` holds of the field `name` of `sensor`.
    pub(crate) fn is_new(&mut self, sensor: &str, name: &str, what: &str) -> bool {
        let key = key(sensor, name);
        if self.fields.len() >= MAX_TOLD && !self.fields.contains_key(&key) {
            return false;
        }
        let what = sha256(what.as_bytes());
        self.fields.insert(key, what) != Some(what)
    }

    /// Nothing is wrong with a field any more: the next time is new.
    pub(crate) fn is_well(&mut self, sensor: &str, name: &str) {
        // Most sensors never have anything wrong: no hash for each of their values.
        if !self.fields.is_empty() {
            self.fields.remove(&key(sensor, name));
        }
    }

    /// How much is kept.
    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.devices.len().max(self.fields.len())
    }
}

fn key(sensor: &str, name: &str) -> Hash {
    sha256(format!("{}:{sensor}{name}", sensor.len()).as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_with_a_field_is_new_once_and_again_when_it_changes() {
        let mut told = Told::default();
        assert!(told.is_new("s", "t", "bad") && !told.is_new("s", "t", "bad"));
        assert!(told.is_new("s", "h", "bad") && told.is_new("st", "", "bad"));
        assert!(told.is_new("s", "t", "other") && told.is_new("s", "t", "bad"));
        told.is_well("s", "t");
        assert!(told.is_new("s", "t", "bad"));
    }

    #[test]
    fn what_is_kept_is_bounded_and_what_is_known_stays() {
        let mut told = Told::default();
        for n in 0..MAX_TOLD + 50 {
            assert_eq!(told.is_new("s", &n.to_string(), "bad"), n < MAX_TOLD);
            assert_eq!(told.is_new_device(&n.to_string()), n < MAX_TOLD);
        }
        assert_eq!(told.len(), MAX_TOLD);
        assert!(told.is_new("s", "7", "other"));
        told.is_well("s", "7");
        assert!(told.is_new("s", "new", "bad"));
    }
}
