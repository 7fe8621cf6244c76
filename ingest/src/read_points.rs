//! For which read points a bridge speaks.
//!
//! What holds: a bridge whose configuration lists read points speaks for these only; one without a list speaks for
//! those of its ledger that no other bridge of the ledger lists. Places are compared as GS1 keys, not as text.
//!
//! Not here: which read points have rules ([`crate::rules`]): at a read point without a rule nothing is concluded.
//!
//! Source: docs/decisions/0026-what-a-capture-is-checked-for.md.

use std::collections::HashSet;

use epc::thing_key;
use reads::Delivery;

/// The read points of one bridge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReadPoints {
    /// These only.
    Listed(HashSet<String>),
    /// All but these, which other bridges of the same ledger list.
    AllBut(HashSet<String>),
}

impl Default for ReadPoints {
    fn default() -> Self {
        Self::AllBut(HashSet::new())
    }
}

impl ReadPoints {
    /// The listed read points, by their key.
    pub fn listed<'a>(uris: impl IntoIterator<Item = &'a str>) -> Self {
        Self::Listed(uris.into_iter().map(thing_key).collect())
    }

    fn has(&self, uri: &str) -> bool {
        match self {
            Self::Listed(own) => own.contains(&thing_key(uri)),
            Self::AllBut(others) => !others.contains(&thing_key(uri)),
        }
    }

    /// Checks that the bridge speaks for every place in `delivery`: its read point, and where things moved from
    /// and to.
    ///
    /// # Errors
    ///
    /// The first place that is not the bridge's.
    pub fn check<'a>(&self, delivery: &'a Delivery) -> Result<(), &'a str> {
        let steps = delivery.movements.iter();
        let places = steps.flat_map(|step| [&step.from, &step.to]).flatten();
        let mut all = std::iter::once(&delivery.read_point).chain(places);
        all.find(|place| !self.has(place)).map_or(Ok(()), |place| Err(place.as_str()))
    }
}
