//! Cuts a stream of bytes into frames, for dialects whose frames carry a length and a checksum.
//!
//! The way through: a dialect says with [`FrameFormat`] what stands at a place of the stream; [`Cutter::feed`] takes
//! what arrives. [`GapTimer`] tells when the rest of a frame does not come any more, then the dialect calls
//! [`Cutter::give_up`].
//!
//! What holds: what is no frame costs one byte, then the next place is tried, so a bad frame never takes a
//! good one along; besides one portion of a feed, no more bytes are kept than the longest frame has.
//!
//! Not here: what a frame looks like.

use std::time::Duration;

use jiff::Timestamp;

use crate::reader::dialect::FrameData;

/// Bytes taken at once, so that a large feed does not make a large buffer.
const PORTION: usize = 4096;
/// Silence after which the rest of a frame does not come any more. At 9600 baud 256 bytes take 267 ms, but
/// never with a gap of this size between two of them.
const GAP: Duration = Duration::from_millis(150);

/// What stands at a place of the stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Inspection<F> {
    /// No frame can begin here.
    Garbage,
    /// It looked like a frame, and its checksum is wrong.
    Bad,
    /// More bytes must come before anything can be said.
    Incomplete,
    /// A frame, and how many bytes it takes, at least 1.
    Frame(F, usize),
}

/// How a maker's frames are told from other bytes.
pub trait FrameFormat {
    /// A frame.
    type Frame;

    /// What stands at the beginning of `rest`, which is not empty. Must not be [`Inspection::Incomplete`] once `rest` is
    /// as long as the longest frame.
    fn inspect(&self, rest: &[u8]) -> Inspection<Self::Frame>;
}

/// Cuts a stream of bytes into frames.
#[derive(Debug, Default)]
pub struct Cutter<L> {
    format: L,
    buffer: Vec<u8>,
}

impl<L: FrameFormat> Cutter<L> {
    /// A cutter for these frames.
    #[must_use]
    pub fn new(format: L) -> Self {
        Self { format, buffer: Vec::new() }
    }

    /// Whether bytes wait for their rest.
    #[must_use]
    pub fn is_waiting(&self) -> bool {
        !self.buffer.is_empty()
    }

    /// Takes bytes and gives the frames that are whole now.
    pub fn feed(&mut self, bytes: &[u8], fed: &mut FrameData) -> Vec<L::Frame> {
        let mut frames = Vec::new();
        for portion in bytes.chunks(PORTION) {
            self.buffer.extend_from_slice(portion);
            self.cut(&mut frames, fed);
        }
        frames
    }

    /// The rest of the frame at hand did not come: it counts as bad, and what was behind its beginning is
    /// looked at anew.
    pub fn give_up(&mut self, fed: &mut FrameData) -> Vec<L::Frame> {
        let mut frames = Vec::new();
        while self.is_waiting() {
            fed.bad_frames += 1;
            self.buffer.drain(..1);
            self.cut(&mut frames, fed);
        }
        frames
    }

    fn cut(&mut self, frames: &mut Vec<L::Frame>, fed: &mut FrameData) {
        let mut at = 0;
        while let Some(rest) = self.buffer.get(at..).filter(|rest| !rest.is_empty()) {
            match self.format.inspect(rest) {
                Inspection::Incomplete => break,
                Inspection::Garbage => {
                    fed.garbage_bytes += 1;
                    at += 1;
                }
                Inspection::Bad => {
                    fed.bad_frames += 1;
                    at += 1;
                }
                Inspection::Frame(frame, length) => {
                    fed.frames += 1;
                    frames.push(frame);
                    at += length.max(1);
                }
            }
        }
        self.buffer.drain(..at.min(self.buffer.len()));
    }
}

/// Watches for gaps in what arrives.
#[derive(Debug, Default)]
pub struct GapTimer {
    /// Bytes came since the last look at the clock.
    has_heard: bool,
    /// When bytes were last noticed.
    since: Duration,
    at: Timestamp,
}

impl GapTimer {
    /// Bytes came.
    pub fn heard(&mut self, at: Timestamp) {
        self.has_heard = true;
        self.at = at;
    }

    /// It is `now`, in time since the line was opened. Gives when the last bytes came, by the clock of the
    /// day, if that is too long ago for a frame to go on.
    pub fn is_gap(&mut self, now: Duration) -> Option<Timestamp> {
        if std::mem::take(&mut self.has_heard) {
            self.since = now;
        }
        (now.saturating_sub(self.since) >= GAP).then_some(self.at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A frame is its length, at most 9, and that many bytes of 7.
    struct Sevens;

    impl FrameFormat for Sevens {
        type Frame = usize;

        fn inspect(&self, rest: &[u8]) -> Inspection<usize> {
            let length = usize::from(rest[0]);
            match rest.get(1..=length) {
                _ if !(1..=9).contains(&length) => Inspection::Garbage,
                None => Inspection::Incomplete,
                Some(bytes) if bytes.iter().all(|byte| *byte == 7) => {
                    Inspection::Frame(length, length + 1)
                }
                Some(_) => Inspection::Bad,
            }
        }
    }

    #[test]
    fn frames_garbage_and_bad_frames_are_told_apart() {
        let mut cutter = Cutter::new(Sevens);
        let mut fed = FrameData::default();
        assert_eq!(cutter.feed(&[0, 2, 7, 7, 99, 1, 0, 1, 7, 3], &mut fed), [2, 1]);
        assert_eq!((fed.frames, fed.garbage_bytes, fed.bad_frames), (2, 3, 1));
        assert!(cutter.is_waiting());
        assert_eq!(cutter.feed(&[7, 7, 7], &mut fed), [3]);
        assert!(!cutter.is_waiting());
    }

    #[test]
    fn what_hides_behind_a_frame_that_never_ends_is_found_when_it_is_given_up() {
        let mut cutter = Cutter::new(Sevens);
        let mut fed = FrameData::default();
        assert!(cutter.feed(&[9, 2, 7, 7, 5], &mut fed).is_empty());
        assert_eq!(cutter.give_up(&mut fed), [2]);
        assert_eq!((fed.frames, fed.bad_frames, cutter.is_waiting()), (1, 2, false));
    }

    #[test]
    fn a_feed_of_many_portions_is_cut_like_one() {
        let mut cutter = Cutter::new(Sevens);
        let mut fed = FrameData::default();
        let stream = [9, 7, 7, 7, 7, 7, 7, 7, 7, 7].repeat(5000);
        assert_eq!(cutter.feed(&stream, &mut fed).len(), 5000);
        assert_eq!((fed.garbage_bytes, fed.bad_frames), (0, 0));
    }

    #[test]
    fn a_gap_is_one_only_after_its_time() {
        let mut quiet = GapTimer::default();
        let now = Duration::from_millis;
        let at = Timestamp::from_second(5).unwrap();
        quiet.heard(at);
        assert_eq!(quiet.is_gap(now(1000)), None);
        assert_eq!(quiet.is_gap(now(1100)), None);
        quiet.heard(at);
        assert_eq!(quiet.is_gap(now(1200)), None);
        assert_eq!(quiet.is_gap(now(1349)), None);
        assert_eq!(quiet.is_gap(now(1350)), Some(at));
    }
}
