//! Whether a tag passed a read point, judged by the features of its observation alone.
//!
//! The way through: [`Passage`] says what is asked of a passage, [`Observation::passed`] answers.
//!
//! What holds: pure; the questions come in one order (few reads, weak, neighbour, resident, direction) and the
//! first that is answered with no is the reason; nothing here knows what kind of thing the tag names.
//!
//! Not here: how the features come about (`firmware-bridge`), what a passage means (`ingest`).
//!
//! Source: docs/decisions/0012-site-rules.md and 0015-settling.md.

use crate::delivery::Observation;
use crate::movement::{Direction, Rival};

/// What is asked of a tag's observation before it counts as a passage.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Passage {
    /// Fewest reads.
    pub min_reads: u32,
    /// Lowest mean RSSI in dBm; none asks nothing.
    pub min_rssi_mean_dbm: Option<f64>,
    /// Whether a tag counts that was nearer to a neighbouring reader.
    pub neighbours: bool,
    /// Whether a tag counts that stands here and went no way, or another than the one asked.
    pub residents: bool,
    /// The way it must have gone, in or out; none asks nothing.
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

/// Why an observation is no passage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum NotPassed {
    /// Fewer reads than asked.
    FewReads,
    /// The mean RSSI is lower than asked.
    Weak,
    /// The tag was nearer to a neighbour: the observation's rival.
    Neighbour,
    /// The tag stands here; it went no way, or another than the one asked.
    Resident,
    /// It went the other way.
    OtherDirection,
    /// A way was asked, and the read point could not tell it.
    DirectionUnclear,
}

impl Observation {
    /// Whether the tag passed as `asked`; if so, the way it went, none where the read point did not tell it.
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

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::delivery::AntennaCount;

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
