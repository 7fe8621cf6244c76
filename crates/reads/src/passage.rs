//! Whether a tag passed a read point, judged by the features of its observation alone.
//!
//! The way through: [`Passage`] holds the conditions, [`Observation::passed`] checks them.
//!
//! What holds: pure; the conditions are checked in one order (few reads, weak, neighbour, resident, direction) and the
//! first that fails is the reason; nothing here depends on what kind of thing the tag names.
//!
//! Not here: how the features are computed (`settling`), what a passage means (`ingest`).
//!
//! Source: docs/decisions/0012-site-rules.md and 0015-settling.md.

use crate::direction::Direction;
use crate::observation::{Observation, Rival};

/// The conditions under which an observation counts as a passage.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Passage {
    /// Fewest reads.
    pub min_reads: u32,
    /// Lowest mean RSSI in dBm; no condition if none.
    pub min_rssi_mean_dbm: Option<f64>,
    /// Whether a tag that was nearer to a neighbouring reader counts.
    pub neighbours: bool,
    /// Whether a resident without the required direction counts.
    pub residents: bool,
    /// The required direction, in or out; no condition if none.
    pub direction: Option<Direction>,
}

impl Default for Passage {
    /// One read, of any strength, either way; neither neighbours' tags nor residents.
    fn default() -> Self {
        Self {
            min_reads: 1,
            min_rssi_mean_dbm: None,
            neighbours: false,
            residents: false,
            direction: None,
        }
    }
}

/// Why an observation is not a passage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum NotPassed {
    /// Fewer reads than required.
    FewReads,
    /// The mean RSSI is lower than required.
    Weak,
    /// The tag was nearer to a neighbour: the observation's rival.
    Neighbour,
    /// The tag is a resident without the required direction.
    Resident,
    /// It went in the other direction.
    OtherDirection,
    /// A direction is required, and the read point could not determine it.
    DirectionUnclear,
}

impl Observation {
    /// Whether the tag passed under the conditions `asked`; if so, its direction, none where the read point does not
    /// determine one.
    ///
    /// ```
    /// # let observation: reads::Observation = serde_json::from_str(r#"{"epcHex": "", "count": 9,
    /// #   "first": "2026-11-20T00:00:00Z", "last": "2026-11-20T00:00:02Z", "rssiMaxCdbm": -4000,
    /// #   "rssiMeanCdbm": -5000, "rssiSlopeCdbmPerS": 0, "antennas": [{"antenna": 1, "count": 9}],
    /// #   "direction": "in"}"#).unwrap();
    /// use reads::{Direction, NotPassed, Passage};
    /// let asked = Passage { min_reads: 5, ..Passage::default() };
    /// assert_eq!(observation.passed(&asked), Ok(Some(Direction::In)));
    /// let out = Passage { direction: Some(Direction::Out), ..asked };
    /// assert_eq!(observation.passed(&out), Err(NotPassed::OtherDirection));
    /// ```
    ///
    /// # Errors
    ///
    /// [`NotPassed`], the first reason in the order of its variants.
    pub fn passed(&self, asked: &Passage) -> Result<Option<Direction>, NotPassed> {
        if self.count < asked.min_reads {
            return Err(NotPassed::FewReads);
        }
        let mean_dbm = f64::from(self.rssi_mean_cdbm) / 100.0;
        if asked.min_rssi_mean_dbm.is_some_and(|floor| mean_dbm < floor) {
            return Err(NotPassed::Weak);
        }
        if !asked.neighbours && self.rival.as_ref().is_some_and(Rival::is_nearer) {
            return Err(NotPassed::Neighbour);
        }
        let went = self.direction.filter(|direction| *direction != Direction::Unclear);
        let went_as_asked = match asked.direction {
            Some(direction) => went == Some(direction),
            None => went.is_some(),
        };
        if self.resident && !asked.residents && !went_as_asked {
            return Err(NotPassed::Resident);
        }
        if asked.direction.is_some() && !went_as_asked {
            return Err(went.map_or(NotPassed::DirectionUnclear, |_| NotPassed::OtherDirection));
        }
        Ok(went)
    }
}

/// The direction in which a tag passed the read point, if it did: enough reads, no neighbour nearer, and a clear
/// direction. A resident without one did not pass.
#[must_use]
pub fn passed(observation: &Observation, min_reads: u32) -> Option<Direction> {
    let asked = Passage { min_reads, ..Passage::default() };
    observation.passed(&asked).ok().flatten()
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::observation::AntennaCount;

    fn seen() -> Observation {
        Observation {
            epc_hex: "E200".into(),
            epc: None,
            tid: None,
            count: 9,
            first: Timestamp::UNIX_EPOCH,
            last: Timestamp::UNIX_EPOCH,
            rssi_max_cdbm: -4500,
            rssi_mean_cdbm: -5000,
            rssi_slope_cdbm_per_s: 0,
            antennas: vec![AntennaCount { antenna: 1, count: 9 }],
            direction: None,
            rival: None,
            resident: false,
        }
    }

    fn rival(top: i32) -> Rival {
        Rival {
            reader: "door-2".into(),
            count: 3,
            rssi_mean_cdbm: -6000,
            rssi_top_cdbm: top,
            own_top_cdbm: -4600,
        }
    }

    /// Everything asked that can be asked, and an observation that fails in all of it.
    fn all_wrong() -> (Passage, Observation) {
        let asked = Passage {
            min_reads: 10,
            min_rssi_mean_dbm: Some(-45.0),
            direction: Some(Direction::In),
            ..Passage::default()
        };
        let mut observation = seen();
        observation.rival = Some(rival(-4599));
        observation.resident = true;
        observation.direction = Some(Direction::Out);
        (asked, observation)
    }

    #[test]
    fn the_first_reason_is_told_and_each_gives_way_to_the_next() {
        let (asked, mut observation) = all_wrong();
        assert_eq!(observation.passed(&asked), Err(NotPassed::FewReads));
        observation.count = 10;
        assert_eq!(observation.passed(&asked), Err(NotPassed::Weak));
        observation.rssi_mean_cdbm = -4500;
        assert_eq!(observation.passed(&asked), Err(NotPassed::Neighbour));
        observation.rival = Some(rival(-4600));
        assert_eq!(observation.passed(&asked), Err(NotPassed::Resident));
        observation.resident = false;
        assert_eq!(observation.passed(&asked), Err(NotPassed::OtherDirection));
        observation.direction = Some(Direction::Unclear);
        assert_eq!(observation.passed(&asked), Err(NotPassed::DirectionUnclear));
        observation.direction = Some(Direction::In);
        assert_eq!(observation.passed(&asked), Ok(Some(Direction::In)));
    }

    #[test]
    fn a_resident_counts_only_where_it_went_as_asked() {
        let told = [None, Some(Direction::Unclear), Some(Direction::In), Some(Direction::Out)];
        for (asked, counts) in [
            (None, [false, false, true, true]),
            (Some(Direction::In), [false, false, true, false]),
            (Some(Direction::Out), [false, false, false, true]),
        ] {
            for (direction, counts) in told.into_iter().zip(counts) {
                let observation = Observation { resident: true, direction, ..seen() };
                let passage = Passage { direction: asked, ..Passage::default() };
                let found = observation.passed(&passage);
                assert_eq!(found.is_ok(), counts, "asked {asked:?}, told {direction:?}");
                assert!(counts || found == Err(NotPassed::Resident));
            }
        }
        let standing = Observation { resident: true, ..seen() };
        let asked = Passage { residents: true, ..Passage::default() };
        assert_eq!(standing.passed(&asked), Ok(None));
    }

    #[test]
    fn a_way_that_the_read_point_cannot_tell_is_unclear_where_one_is_asked() {
        let asked = Passage { direction: Some(Direction::Out), ..Passage::default() };
        assert_eq!(seen().passed(&asked), Err(NotPassed::DirectionUnclear));
        assert_eq!(seen().passed(&Passage::default()), Ok(None));
    }

    #[test]
    fn a_tag_nearer_to_a_neighbour_counts_where_that_is_allowed() {
        let observation = Observation { rival: Some(rival(-3000)), ..seen() };
        assert_eq!(observation.passed(&Passage::default()), Err(NotPassed::Neighbour));
        let asked = Passage { neighbours: true, ..Passage::default() };
        assert_eq!(observation.passed(&asked), Ok(None));
    }
}
