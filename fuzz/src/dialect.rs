//! A conversation with a reader on a line, out of any bytes.
//!
//! The way through: [`talk`] makes the same reader twice and lets bytes arrive in turns, polling both between
//! turns as a line does; one gets each turn at once, the other in small pieces.
//!
//! What holds: it does not matter where a line cuts; no bytes bring to light more than there are of them; a
//! driver stops writing when nobody answers.

use std::time::Duration;

use devices::reader::{Dialect, FrameData};
use jiff::{SignedDuration, Timestamp};
use reads::code;

use crate::{Choices, contract};

/// Writes in a row without an answer after which a driver is one that never stops.
const MOST_WRITES: usize = 64;
/// Time between two turns: more than the gap that ends a frame, less than a reader's patience.
const TURN: Duration = Duration::from_millis(400);

/// How a stream arrives, chosen by one byte.
#[derive(Debug, Clone, Copy)]
pub struct Arrival {
    /// Bytes in a turn, 16 to 2048.
    turn: usize,
    /// Bytes in a piece of a turn, 1 to 16.
    piece: usize,
    /// Whether the rest of the input are the contents of frames rather than a stream.
    pub is_framed: bool,
}

impl Arrival {
    /// Chooses.
    pub fn choose(choices: &mut Choices<'_>) -> Self {
        let byte = choices.byte();
        Self {
            turn: 16 << (byte >> 4 & 7),
            piece: 1 + usize::from(byte & 15),
            is_framed: byte & 0x80 != 0,
        }
    }

    /// `bytes` in pieces.
    pub fn pieces<'a>(&self, bytes: &'a [u8]) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        bytes.chunks(self.piece)
    }
}

/// Lets `stream` arrive at a reader that `make` makes.
///
/// # Panics
///
/// If what holds does not.
pub fn talk(make: impl Fn() -> Box<dyn Dialect>, arrival: Arrival, stream: &[u8]) {
    let (mut one, mut other) = (make(), make());
    one.open();
    other.open();
    let (mut whole, mut cut) = (FrameData::default(), FrameData::default());
    let mut now = Duration::ZERO;
    poll_both(&mut *one, &mut *other, now);
    for turn in stream.chunks(arrival.turn) {
        now += TURN;
        let since = SignedDuration::try_from(now).unwrap_or_default();
        let at = Timestamp::UNIX_EPOCH.saturating_add(since).unwrap_or_default();
        one.feed(turn, at, &mut whole);
        for piece in arrival.pieces(turn) {
            other.feed(piece, at, &mut cut);
        }
        poll_both(&mut *one, &mut *other, now);
    }
    assert_eq!(known(&whole), known(&cut));
    check(&whole, stream.len());
    one.stop();
    one.feed(stream, Timestamp::UNIX_EPOCH, &mut whole);
    assert!(one.stop().len() <= 4096);
}

fn poll_both(one: &mut dyn Dialect, other: &mut dyn Dialect, now: Duration) {
    for _ in 0..MOST_WRITES {
        let written = one.poll(now);
        assert_eq!(written, other.poll(now));
        let Some(written) = written else { return };
        assert!(!written.is_empty() && written.len() <= 4096, "{} bytes", written.len());
    }
    panic!("{MOST_WRITES} writes in a row, and none was answered");
}

/// What must not depend on where the line cuts: all but the order of the findings, and the one that there are no
/// frames in what arrives, which counts by feeds.
fn known(fed: &FrameData) -> FrameData {
    let mut fed = fed.clone();
    fed.findings.retain(|finding| finding.code != code::NOT_THIS_DEVICE);
    fed.findings.sort_by(|a, b| a.text.cmp(&b.text));
    fed
}

fn check(fed: &FrameData, bytes: usize) {
    let most = u64::try_from(bytes).unwrap_or(u64::MAX);
    assert!(fed.frames + fed.bad_frames <= most, "{fed:?}");
    assert!(fed.garbage_bytes <= most, "{fed:?}");
    assert!(fed.reads.len() + fed.edges.len() <= bytes, "{fed:?}");
    for setting in &fed.settings {
        assert!(setting.value.len() <= 2048, "{setting:?}");
    }
    contract::reads(&fed.reads);
    contract::told(&fed.findings);
}
