//! Splits a late window into bursts: a device that sends its buffer after an outage sends the passages of hours at
//! once, and each of them must be settled by itself.
//!
//! What holds: a window whose reads are not late is one burst; a late one is split where, by the times that are
//! believed, nothing happened for as long as a window may be quiet; everything is in exactly one burst.
//!
//! Not here: shelves, whose reads are added to the presence of tags whenever they arrive.

use std::borrow::Cow;

use jiff::{SignedDuration, Timestamp};
use reads::time_belief::LATE;
use reads::{Edge, Read};

use crate::closing::Closing;
use crate::settings::Preset;

/// A light barrier that was broken at most this long before a tag was read belongs to its passage.
const BEFORE: SignedDuration = SignedDuration::from_secs(3);

/// Reads that belong together in time.
pub(super) struct Burst<'a> {
    /// The reads, in order of arrival.
    pub reads: Cow<'a, [Read]>,
    /// When it began.
    pub opened: Timestamp,
    /// When it ended.
    pub closed: Timestamp,
    /// Whether it arrived long after it happened.
    pub is_late: bool,
    /// Whether a light barrier was broken.
    pub by_barrier: bool,
}

impl<'a> Burst<'a> {
    /// All of a window.
    pub fn whole(closing: &Closing, reads: &'a [Read]) -> Self {
        Self {
            reads: Cow::Borrowed(reads),
            opened: closing.opened,
            closed: closing.closed,
            is_late: closing.late,
            by_barrier: broken(closing, reads).next().is_some(),
        }
    }
}

/// The edges that are moved to the next window together with the tags that are held over to it.
pub(crate) fn carried<'a>(closing: &'a Closing, reads: &[Read]) -> impl Iterator<Item = &'a Edge> {
    let held = closing.held_banks();
    let is_held = |read: &&Read| held.contains(read.epc.as_slice());
    // Most windows have no edges, or hold over nothing.
    let may_carry = !closing.edges.is_empty() && !held.is_empty();
    let first = may_carry.then(|| reads.iter().filter(is_held).map(|read| read.at).min()).flatten();
    closing.edges.iter().filter(move |edge| first.is_some_and(|first| edge.at >= first - BEFORE))
}

/// When barriers were broken, according to this window.
fn broken(closing: &Closing, reads: &[Read]) -> impl Iterator<Item = Timestamp> {
    let carried: Vec<&Edge> = carried(closing, reads).collect();
    let is_own = move |edge: &&Edge| {
        edge.is_active && closing.settings.is_barrier(edge.port) && !carried.contains(edge)
    };
    closing.edges.iter().filter(is_own).map(|edge| edge.at)
}

/// The bursts of a window, in order of time; at least one. Not for shelves.
pub(super) fn split<'a>(closing: &Closing, reads: &'a [Read]) -> Vec<Burst<'a>> {
    let is_one = !closing.late || closing.settings.preset == Preset::Stocktake;
    if is_one {
        return vec![Burst::whole(closing, reads)];
    }
    let quiet = SignedDuration::try_from(closing.settings.quiet).unwrap_or(SignedDuration::MAX);
    let broken: Vec<Timestamp> = broken(closing, reads).collect();
    let mut times: Vec<Timestamp> =
        reads.iter().map(|read| read.at).chain(broken.iter().copied()).collect();
    times.sort_unstable();
    let is_gap = |pair: &[Timestamp]| pair[1].duration_since(pair[0]) >= quiet;
    if !times.windows(2).any(is_gap) {
        return vec![Burst::whole(closing, reads)];
    }
    let spans: Vec<(Timestamp, Timestamp)> = times
        .chunk_by(|before, after| !is_gap(&[*before, *after]))
        .filter_map(|times| Some((*times.first()?, *times.last()?)))
        .collect();
    let of = |at: Timestamp| spans.partition_point(|(opened, _)| *opened <= at).saturating_sub(1);
    let mut own = vec![Vec::new(); spans.len()];
    for read in reads {
        own[of(read.at)].push(read.clone());
    }
    let mut by_barrier = vec![false; spans.len()];
    for at in broken {
        by_barrier[of(at)] = true;
    }
    let parts = spans.into_iter().zip(own).zip(by_barrier);
    parts
        .map(|(((opened, closed), reads), by_barrier)| Burst {
            reads: Cow::Owned(reads),
            opened,
            closed,
            is_late: closing.closed.duration_since(closed) > LATE,
            by_barrier,
        })
        .collect()
}
