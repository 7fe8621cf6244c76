//! Findings that would repeat: each is told at most once a minute.
//!
//! The way through: a finding that the reader may give again with every round goes through [`Told::tell`]. For
//! bytes that belong to no frame [`Noise::take`] is asked.
//!
//! What holds: the text decides what is the same; at most 32 findings are remembered, the oldest gives way; a
//! clock that is set back does not silence a finding.
//!
//! Not here: the texts, which each dialect writes for its reader.

use std::collections::VecDeque;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use jiff::{SignedDuration, Timestamp};
use reads::{Finding, code};

use crate::reader::dialect::Fed;

/// How long the same finding is kept back.
const PAUSE: SignedDuration = SignedDuration::from_secs(60);
/// How many findings are remembered.
const MOST: usize = 32;
/// Bytes outside any frame, with no frame between them, that say that the device is another one.
const TOO_MUCH: u64 = 1024;

/// What was told when.
#[derive(Debug, Default)]
pub struct Told {
    last: VecDeque<(u64, Timestamp)>,
}

impl Told {
    /// Adds a finding, unless the same one was told within the last minute.
    pub fn tell(&mut self, finding: Finding, at: Timestamp, fed: &mut Fed) {
        let mut hasher = DefaultHasher::new();
        finding.text.hash(&mut hasher);
        if self.may(hasher.finish(), at) {
            fed.findings.push(finding);
        }
    }

    /// Adds what came to light at another time, its findings as [`Told::tell`] does.
    pub fn merge(&mut self, other: Fed, at: Timestamp, fed: &mut Fed) {
        fed.reads.extend(other.reads);
        fed.frames += other.frames;
        fed.bad_frames += other.bad_frames;
        fed.garbage_bytes += other.garbage_bytes;
        fed.settings.extend(other.settings);
        for finding in other.findings {
            self.tell(finding, at, fed);
        }
    }

    fn may(&mut self, what: u64, at: Timestamp) -> bool {
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
    is_told: bool,
}

impl Noise {
    /// Takes what one feed brought; `before` is the sum as it was before that feed. Gives a finding when only
    /// garbage arrives, once until a frame is understood again.
    ///
    /// - `device`: what was expected, for people: `a Chafon reader`.
    pub fn take(&mut self, before: (u64, u64), fed: &Fed, device: &str) -> Option<Finding> {
        let (frames, garbage) = before;
        if fed.frames > frames {
            *self = Self::default();
            return None;
        }
        self.bytes = self.bytes.saturating_add(fed.garbage_bytes.saturating_sub(garbage));
        if self.is_told || self.bytes < TOO_MUCH {
            return None;
        }
        self.is_told = true;
        let text = format!(
            "{TOO_MUCH} bytes arrived and no frame of {device} among them; check the baud rate and that the device is of this family"
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
    fn the_same_finding_is_told_once_a_minute_and_another_one_at_once() {
        let mut told = Told::default();
        let mut fed = Fed::default();
        for (text, second) in [("a", 0), ("a", 59), ("b", 59), ("a", 60), ("a", 119)] {
            told.tell(Finding { code: code::REFUSED, text: text.to_owned() }, at(second), &mut fed);
        }
        let texts: Vec<&str> = fed.findings.iter().map(|finding| finding.text.as_str()).collect();
        assert_eq!(texts, ["a", "b", "a"]);
    }

    #[test]
    fn a_clock_set_back_does_not_silence_a_finding() {
        let mut told = Told::default();
        assert!(told.may(1, at(1_000_000)));
        assert!(told.may(1, at(0)));
    }

    #[test]
    fn memory_stays_bounded() {
        let mut told = Told::default();
        assert!((0..10_000).all(|number| told.may(number, at(0))));
        assert_eq!(told.last.len(), MOST);
    }

    #[test]
    fn only_garbage_is_told_once_and_again_after_a_frame() {
        let mut noise = Noise::default();
        let garbage = Fed { garbage_bytes: TOO_MUCH, ..Fed::default() };
        let found = noise.take((0, 0), &garbage, "a clock").unwrap();
        assert_eq!(found.code, code::NOT_THIS_DEVICE);
        assert!(
            found.text.contains("1024 bytes") && found.text.contains("a clock"),
            "{}",
            found.text
        );
        assert_eq!(noise.take((0, 0), &garbage, "a clock"), None);
        let frame = Fed { frames: 1, garbage_bytes: TOO_MUCH, ..Fed::default() };
        assert_eq!(noise.take((0, 0), &frame, "a clock"), None);
        assert!(noise.take((0, 0), &garbage, "a clock").is_some());
    }
}
