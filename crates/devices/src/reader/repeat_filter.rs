//! Findings that would repeat: each is reported at most once a minute.
//!
//! The way through: a finding that a reader may give again with every round goes through [`RepeatFilter::report`].
//! Bytes that belong to no frame go through [`Noise::add`].
//!
//! What holds: findings with the same text are the same; at most 32 are remembered, the oldest is replaced; a clock
//! that is set back does not suppress a finding.
//!
//! Not here: the texts, which each dialect writes for its reader.

use std::collections::VecDeque;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use jiff::{SignedDuration, Timestamp};
use reads::{Finding, code};

use crate::reader::dialect::FrameData;

/// How long a repeated finding is suppressed.
const PAUSE: SignedDuration = SignedDuration::from_secs(60);
/// How many findings are remembered.
const MOST: usize = 32;
/// Bytes outside frames, with no frame between them, that show that the device is not of this family.
const TOO_MUCH: u64 = 1024;

/// Which findings were reported when.
#[derive(Debug, Default)]
pub struct RepeatFilter {
    last: VecDeque<(u64, Timestamp)>,
}

impl RepeatFilter {
    /// Adds a finding, unless the same one was reported within the last minute.
    pub fn report(&mut self, finding: Finding, at: Timestamp, fed: &mut FrameData) {
        let mut hasher = DefaultHasher::new();
        finding.text.hash(&mut hasher);
        if self.is_new(hasher.finish(), at) {
            fed.findings.push(finding);
        }
    }

    /// Adds the data of another feed, its findings as [`RepeatFilter::report`] does.
    pub fn merge(&mut self, other: FrameData, at: Timestamp, fed: &mut FrameData) {
        fed.reads.extend(other.reads);
        fed.frames += other.frames;
        fed.bad_frames += other.bad_frames;
        fed.garbage_bytes += other.garbage_bytes;
        fed.settings.extend(other.settings);
        for finding in other.findings {
            self.report(finding, at, fed);
        }
    }

    fn is_new(&mut self, what: u64, at: Timestamp) -> bool {
        if let Some((_, last)) = self.last.iter_mut().find(|(number, _)| *number == what) {
            let is_over = at.duration_since(*last).abs() >= PAUSE;
            if is_over {
                *last = at;
            }
            return is_over;
        }
        if self.last.len() >= MOST {
            self.last.pop_front();
        }
        self.last.push_back((what, at));
        true
    }
}

/// Counts what arrives outside frames.
#[derive(Debug, Default)]
pub struct Noise {
    bytes: u64,
    is_reported: bool,
}

impl Noise {
    /// Adds the result of one feed; `before` is the sum as it was before that feed. Gives a finding when only garbage
    /// arrives, once until a frame is decoded again.
    ///
    /// - `device`: what was expected, for people: `a Chafon reader`.
    pub fn add(&mut self, before: (u64, u64), fed: &FrameData, device: &str) -> Option<Finding> {
        let (frames, garbage) = before;
        if fed.frames > frames {
            *self = Self::default();
            return None;
        }
        self.bytes = self.bytes.saturating_add(fed.garbage_bytes.saturating_sub(garbage));
        if self.is_reported || self.bytes < TOO_MUCH {
            return None;
        }
        self.is_reported = true;
        let text = format!(
            "{TOO_MUCH} bytes arrived without a frame of {device}; check the baud rate and that the device is of this family"
        );
        Some(Finding { code: code::NOT_THIS_DEVICE, text })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn the_same_finding_is_reported_once_a_minute_and_another_one_at_once() {
        let mut repeats = RepeatFilter::default();
        let mut fed = FrameData::default();
        for (text, second) in [("a", 0), ("a", 59), ("b", 59), ("a", 60), ("a", 119)] {
            repeats.report(
                Finding { code: code::REFUSED, text: text.to_owned() },
                at(second),
                &mut fed,
            );
        }
        let texts: Vec<&str> = fed.findings.iter().map(|finding| finding.text.as_str()).collect();
        assert_eq!(texts, ["a", "b", "a"]);
    }

    #[test]
    fn a_clock_set_back_does_not_silence_a_finding() {
        let mut repeats = RepeatFilter::default();
        assert!(repeats.is_new(1, at(1_000_000)));
        assert!(repeats.is_new(1, at(0)));
    }

    #[test]
    fn memory_stays_bounded() {
        let mut repeats = RepeatFilter::default();
        assert!((0..10_000).all(|number| repeats.is_new(number, at(0))));
        assert_eq!(repeats.last.len(), MOST);
    }

    #[test]
    fn only_garbage_is_reported_once_and_again_after_a_frame() {
        let mut noise = Noise::default();
        let garbage = FrameData { garbage_bytes: TOO_MUCH, ..FrameData::default() };
        let found = noise.add((0, 0), &garbage, "a clock").unwrap();
        assert_eq!(found.code, code::NOT_THIS_DEVICE);
        assert!(
            found.text.contains("1024 bytes") && found.text.contains("a clock"),
            "{}",
            found.text
        );
        assert_eq!(noise.add((0, 0), &garbage, "a clock"), None);
        let frame = FrameData { frames: 1, garbage_bytes: TOO_MUCH, ..FrameData::default() };
        assert_eq!(noise.add((0, 0), &frame, "a clock"), None);
        assert!(noise.add((0, 0), &garbage, "a clock").is_some());
    }
}
