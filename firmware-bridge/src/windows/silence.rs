//! Sensors that should report and do not: a gap in data is reported as a finding and never counts as "in range".
//!
//! What holds: setting the machine's clock neither starts nor ends a silence; a silence is reported once when it has
//! lasted long enough and once when it ends, with both times; sensors that the configuration names count from the
//! start, so one that never reports is found as well.

use std::collections::HashMap;

use jiff::SignedDuration;
use reads::{Finding, code};
use settling::moment::Moment;

/// When each sensor of one reader reported last.
#[derive(Debug)]
pub struct SensorSilence {
    after: SignedDuration,
    /// Moment of the last reading, and whether the silence since was reported.
    last: HashMap<String, (Moment, bool)>,
}

/// Most sensors followed for one reader.
const MAX_SENSORS: usize = 10_000;

impl SensorSilence {
    /// Counts the silence of `sensors` from `now` on.
    #[must_use]
    pub fn new(
        after: SignedDuration,
        sensors: impl IntoIterator<Item = String>,
        now: Moment,
    ) -> Self {
        let last = sensors.into_iter().map(|sensor| (sensor, (now, false))).collect();
        Self { after, last }
    }

    /// A sensor reported at `now`; gives the finding that a silence ended, if it was reported.
    pub fn reported(&mut self, sensor: &str, now: Moment) -> Option<Finding> {
        if !self.last.contains_key(sensor) && self.last.len() >= MAX_SENSORS {
            return None;
        }
        let (last, reported) = self.last.insert(sensor.to_owned(), (now, false))?;
        reported.then(|| Finding {
            code: code::GAP,
            text: format!(
                "sensor {sensor} reports again; there are no readings from {} to {}",
                last.at, now.at
            ),
        })
    }

    /// The silences that have lasted long enough at `now` and were not reported yet.
    pub fn tick(&mut self, now: Moment) -> Vec<Finding> {
        let mut found = Vec::new();
        for (sensor, (last, reported)) in &mut self.last {
            let silence = SignedDuration::try_from(now.up.saturating_sub(last.up));
            if !*reported && silence.is_ok_and(|silence| silence > self.after) {
                *reported = true;
                found.push(Finding {
                    code: code::GAP,
                    text: format!(
                        "sensor {sensor} has reported nothing since {}, for more than {} s; check its battery, its power and its range",
                        last.at,
                        self.after.as_secs()
                    ),
                });
            }
        }
        found.sort_by(|a, b| a.text.cmp(&b.text));
        found
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use jiff::Timestamp;

    use super::*;

    #[test]
    fn a_silence_is_reported_once_when_it_lasts_and_once_when_it_ends() {
        let at = |second: u64| {
            let up = Duration::from_secs(second);
            Moment { at: Timestamp::from_second(1_700_000_000).unwrap() + up, up }
        };
        let mut silence =
            SensorSilence::new(SignedDuration::from_secs(60), ["a".to_owned()], at(0));
        assert_eq!(silence.tick(at(60)), []);
        assert_eq!(silence.tick(at(61)).len(), 1);
        assert_eq!(silence.tick(at(62)), []);
        let over = silence.reported("a", at(90)).unwrap();
        assert!(over.text.contains("from 2023-11-14T22:13:20Z to 2023-11-14T22:14:50Z"));
        assert_eq!(silence.reported("a", at(91)), None);
        assert_eq!(silence.reported("b", at(91)), None);
        // The clock is set forward by an hour, and back again.
        let hour = SignedDuration::from_hours(1);
        assert_eq!(silence.tick(Moment { at: at(100).at + hour, ..at(100) }), []);
        assert_eq!(silence.tick(Moment { at: at(152).at - hour, ..at(152) }).len(), 2);
    }
}
