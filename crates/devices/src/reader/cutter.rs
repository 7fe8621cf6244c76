//! Cuts a stream of bytes into frames, for dialects whose frames carry a length and a checksum.
//!
//! The way through: a dialect implements [`FrameFormat`], which inspects the beginning of the buffer; [`Cutter::feed`]
//! adds bytes that arrive. [`GapTimer`] detects that the rest of a frame will not arrive; then the dialect calls
//! [`Cutter::give_up`].
//!
//! What holds: where no frame begins, one byte is skipped and the next position is tried, so a bad frame never hides a
//! good one; besides one portion of a feed, no more bytes are kept than the longest frame has.
//!
//! Not here: what a frame looks like.

use std::time::Duration;

use jiff::Timestamp;

use crate::reader::dialect::FrameData;

/// Bytes added at once, so that a large feed does not make a large buffer.
const PORTION: usize = 4096;
/// Silence after which the rest of a frame will not arrive. At 9600 baud 256 bytes take 267 ms, but never with a gap of
/// this length between two of them.
const GAP: Duration = Duration::from_millis(150);

/// What was found at the beginning of the buffer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Inspection<F> {
    /// No frame can begin here.
    Garbage,
    /// It looks like a frame, but its checksum is wrong.
    Bad,
    /// More bytes are needed to decide.
    Incomplete,
    /// A frame, and how many bytes it takes, at least 1.
    Frame(F, usize),
}

/// How a maker's frames are recognised.
pub trait FrameFormat {
    /// A frame.
    type Frame;

    /// Inspects the beginning of `rest`, which is not empty. Must not give [`Inspection::Incomplete`] once `rest` is
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

    /// Whether there is the beginning of a frame whose rest has not arrived.
    #[must_use]
    pub fn is_waiting(&self) -> bool {
        !self.buffer.is_empty()
    }

    /// Adds bytes and gives the frames that are complete now.
    pub fn feed(&mut self, bytes: &[u8], fed: &mut FrameData) -> Vec<L::Frame> {
        let mut frames = Vec::new();
        for portion in bytes.chunks(PORTION) {
            self.buffer.extend_from_slice(portion);
            self.cut(&mut frames, fed);
        }
        frames
    }

    /// The rest of the current frame did not arrive: it counts as bad, and the bytes after its first one are inspected
    /// again.
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
    /// Whether bytes arrived since the last call of [`GapTimer::is_gap`].
    has_bytes: bool,
    /// When bytes last arrived, time since the line was opened.
    since: Duration,
    at: Timestamp,
}

impl GapTimer {
    /// Bytes arrived.
    pub fn heard(&mut self, at: Timestamp) {
        self.has_bytes = true;
        self.at = at;
    }

    /// `now` is the time since the line was opened. Gives the time of day of the last bytes if that is too long ago for
    /// a frame to continue.
    pub fn is_gap(&mut self, now: Duration) -> Option<Timestamp> {
        if std::mem::take(&mut self.has_bytes) {
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
