//! Cuts a stream of bytes into frames, for dialects whose frames carry a length and a checksum.
//!
//! The way through: a dialect implements [`FrameFormat`], which inspects the beginning of the bytes; [`Cutter::feed`]
//! cuts the bytes that arrive and passes each frame on. [`GapTimer`] detects that the rest of a frame will not arrive; then
//! the dialect calls [`Cutter::give_up`].
//!
//! What holds: where no frame begins, one byte is skipped and the next position is tried, so a bad frame never hides a
//! good one; frames are cut where they arrived, and only one whose end has not arrived is copied: besides one portion of
//! a feed, no more bytes are kept than the longest frame has.
//!
//! Not here: what a frame looks like.

use std::time::Duration;

use jiff::Timestamp;

use crate::reader::dialect::FrameData;

/// Bytes added at once to a frame whose end has not arrived, so that a large feed does not make a large buffer.
const PORTION: usize = 512;
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
    /// A frame, in the bytes that it was found in.
    type Frame<'a>;

    /// Inspects the beginning of `rest`, which is not empty. Must not give [`Inspection::Incomplete`] once `rest` is
    /// as long as the longest frame, and nothing else than before when more bytes are behind a `rest` that sufficed.
    fn inspect<'a>(&self, rest: &'a [u8]) -> Inspection<Self::Frame<'a>>;
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

    /// Cuts bytes that arrived, and gives `take` the frames that are complete now.
    pub fn feed(
        &mut self,
        bytes: &[u8],
        fed: &mut FrameData,
        mut take: impl FnMut(L::Frame<'_>, &mut FrameData),
    ) {
        let mut rest = bytes;
        while self.is_waiting() && !rest.is_empty() {
            let (portion, behind) = rest.split_at(rest.len().min(PORTION));
            self.buffer.extend_from_slice(portion);
            let decided = cut(&self.format, &self.buffer, fed, &mut take);
            let undecided = self.buffer.len() - decided;
            if undecided > portion.len() {
                self.buffer.drain(..decided);
                rest = behind;
            } else {
                // What is not decided is still where it arrived.
                self.buffer.clear();
                rest = rest.get(portion.len() - undecided..).unwrap_or_default();
                break;
            }
        }
        if !self.is_waiting() {
            let decided = cut(&self.format, rest, fed, &mut take);
            self.buffer.extend_from_slice(rest.get(decided..).unwrap_or_default());
        }
    }

    /// The rest of the current frame did not arrive: it counts as bad, and the bytes after its first one are inspected
    /// again.
    pub fn give_up(
        &mut self,
        fed: &mut FrameData,
        mut take: impl FnMut(L::Frame<'_>, &mut FrameData),
    ) {
        while self.is_waiting() {
            fed.bad_frames += 1;
            self.buffer.drain(..1);
            let decided = cut(&self.format, &self.buffer, fed, &mut take);
            self.buffer.drain(..decided);
        }
    }
}

/// Cuts `bytes` as far as they can be decided, and gives how far that is.
fn cut<L: FrameFormat>(
    format: &L,
    bytes: &[u8],
    fed: &mut FrameData,
    take: &mut impl FnMut(L::Frame<'_>, &mut FrameData),
) -> usize {
    let mut at = 0;
    while let Some(rest) = bytes.get(at..).filter(|rest| !rest.is_empty()) {
        match format.inspect(rest) {
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
                take(frame, fed);
                at += length.max(1);
            }
        }
    }
    at.min(bytes.len())
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
        type Frame<'a> = usize;

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

    fn feed(cutter: &mut Cutter<Sevens>, bytes: &[u8], fed: &mut FrameData) -> Vec<usize> {
        let mut frames = Vec::new();
        cutter.feed(bytes, fed, |frame, _| frames.push(frame));
        frames
    }

    #[test]
    fn frames_garbage_and_bad_frames_are_told_apart() {
        let mut cutter = Cutter::new(Sevens);
        let mut fed = FrameData::default();
        assert_eq!(feed(&mut cutter, &[0, 2, 7, 7, 99, 1, 0, 1, 7, 3], &mut fed), [2, 1]);
        assert_eq!((fed.frames, fed.garbage_bytes, fed.bad_frames), (2, 3, 1));
        assert!(cutter.is_waiting());
        assert_eq!(feed(&mut cutter, &[7, 7, 7], &mut fed), [3]);
        assert!(!cutter.is_waiting());
    }

    #[test]
    fn what_hides_behind_a_frame_that_never_ends_is_found_when_it_is_given_up() {
        let mut cutter = Cutter::new(Sevens);
        let mut fed = FrameData::default();
        assert!(feed(&mut cutter, &[9, 2, 7, 7, 5], &mut fed).is_empty());
        let mut frames = Vec::new();
        cutter.give_up(&mut fed, |frame, _| frames.push(frame));
        assert_eq!(frames, [2]);
        assert_eq!((fed.frames, fed.bad_frames, cutter.is_waiting()), (1, 2, false));
    }

    #[test]
    fn a_stream_is_cut_alike_however_it_is_divided_into_feeds() {
        let pieces = [
            &[9, 7, 7, 7, 7, 7, 7, 7, 7, 7][..],
            &[3, 7, 7, 7, 0, 2, 7, 5, 1, 7],
            &[99, 9, 2, 7, 7, 1, 7, 4, 7, 7, 7, 7],
        ];
        let stream = pieces.concat().repeat(50);
        let cut = |feeds: &mut dyn Iterator<Item = &[u8]>| {
            let (mut cutter, mut fed) = (Cutter::new(Sevens), FrameData::default());
            let frames: Vec<usize> =
                feeds.flat_map(|bytes| feed(&mut cutter, bytes, &mut fed)).collect();
            (frames, fed.frames, fed.garbage_bytes, fed.bad_frames, cutter.buffer)
        };
        let whole = cut(&mut std::iter::once(stream.as_slice()));
        assert!(whole.1 > 200 && whole.2 > 50 && whole.3 > 50, "{whole:?}");
        for size in 1..600 {
            assert_eq!(cut(&mut stream.chunks(size)), whole, "feeds of {size} bytes");
        }
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
