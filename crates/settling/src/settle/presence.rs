//! Where a tag at rest is: arrivals, moves and departures at read points that read all the time, with hysteresis.
//!
//! The way through: each closing window of a shelf gives, for every tag in it, how often and how strongly it was read
//! at each place; [`step`] adds that to what the last windows gave and decides; [`depart`] ends the presence of a tag
//! that was not read for too long.
//!
//! What holds:
//!
//! - a tag is at one place; it arrives after enough reads, moves only when another place has read it more
//!   strongly by a margin that grows as reads get fewer, and departs after a silence that is longer than the
//!   gaps that a present tag has;
//! - whole numbers only, and no clock: the same windows give the same steps.
//!
//! Source: docs/decisions/0015-settling.md.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use reads::{Movement, MovementKind};

use crate::settings::PresenceRule;

/// Standard deviation of one read's strength while a tag stands still, hundredths of a dB: the upper end of
/// what was measured.
const READ_SD_CDB: i64 = 700;
/// Standard errors beyond which a difference is more than chance.
const ERRORS: i64 = 4;

/// The reads of one tag at one place in one window.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlaceReads {
    /// When the last of the reads was made.
    pub last: Timestamp,
    /// How many reads.
    pub count: u32,
    /// Sum of their strengths, hundredths of a dBm.
    pub sum_cdbm: i64,
}

/// Where one tag is, and the recent reads that this rests on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TagPresence {
    /// Where it is; none before it has arrived.
    pub place: Option<String>,
    /// When it was last read, at any place.
    pub last: Option<Timestamp>,
    /// Its reads in the last windows, by place.
    pub reads_by_place: BTreeMap<String, Vec<PlaceReads>>,
}

impl TagPresence {
    /// Forgets reads after `now`. They exist only if a clock was set back since, and would otherwise stay the latest
    /// for ever.
    pub fn forget_after(&mut self, now: Timestamp) {
        for windows in self.reads_by_place.values_mut() {
            windows.retain(|window| window.last <= now);
        }
        self.last = self.last.map(|last| last.min(now));
    }

    /// Reads remembered at a place: count and mean.
    fn strength(&self, place: &str) -> Option<(i64, i64)> {
        let reads = self.reads_by_place.get(place)?;
        let count: i64 = reads.iter().map(|reads| i64::from(reads.count)).sum();
        let sum: i64 = reads.iter().map(|reads| reads.sum_cdbm).sum();
        (count > 0).then(|| (count, sum / count))
    }
}

/// Adds the reads of a closing window to one tag, and decides where it is now.
///
/// - `reads`: the reads of the window, by place; places are SGLN URIs.
pub fn step(
    tag: &mut TagPresence,
    epc_hex: &str,
    reads: BTreeMap<String, PlaceReads>,
    rule: PresenceRule,
) -> Option<Movement> {
    let now = reads.values().map(|reads| reads.last).max()?;
    let now = tag.last.map_or(now, |last| last.max(now));
    tag.last = Some(now);
    for (place, window) in reads {
        tag.reads_by_place.entry(place).or_default().push(window);
    }
    let oldest = now - SignedDuration::from_secs(i64::from(rule.memory_s));
    tag.reads_by_place.retain(|_, reads| {
        reads.retain(|window| window.last >= oldest);
        !reads.is_empty()
    });
    let best = strongest(tag, rule)?;
    if tag.place.as_ref() == Some(&best.place) {
        return None;
    }
    let at = tag.reads_by_place[&best.place].last().map_or(now, |reads| reads.last);
    let kind = decide(tag, &best, now, rule)?;
    let from = tag.place.replace(best.place.clone());
    Some(Movement { epc_hex: epc_hex.to_owned(), kind, from, to: Some(best.place), at })
}

/// The place that reads a tag most strongly.
struct Best {
    place: String,
    count: i64,
    mean: i64,
}

/// The strongest place among those with enough reads; of equals, the first in order.
fn strongest(tag: &TagPresence, rule: PresenceRule) -> Option<Best> {
    let mut best: Option<Best> = None;
    for place in tag.reads_by_place.keys() {
        let Some((count, mean)) = tag.strength(place) else { continue };
        let is_stronger = best.as_ref().is_none_or(|other| mean > other.mean);
        if count >= i64::from(rule.arrive_reads) && is_stronger {
            best = Some(Best { place: place.clone(), count, mean });
        }
    }
    best
}

/// Whether a tag has arrived at or moved to `best`; none if that is not certain yet.
fn decide(
    tag: &TagPresence,
    best: &Best,
    now: Timestamp,
    rule: PresenceRule,
) -> Option<MovementKind> {
    // A person who carries a tag past, or the first window after an outage, proves little: the place must have read
    // it for a while.
    let windows = &tag.reads_by_place[&best.place];
    let steady_ms = windows.first().map_or(0, |reads| now.duration_since(reads.last).as_millis());
    let memory_ms = i128::from(rule.memory_s) * 1000;
    let is_stronger = |other: &String| {
        let Some((count, mean)) = tag.strength(other) else { return true };
        best.mean - mean >= margin(rule, best.count, count)
    };
    let (kind, is_certain) = if let Some(here) = &tag.place {
        // It has moved if its old place no longer reads it, or so much more weakly that this is not chance.
        (MovementKind::Moved, steady_ms >= memory_ms / 2 && is_stronger(here))
    } else {
        // It has arrived at the strongest place: soon if no other reads it, after a while if that one stands out,
        // and otherwise when there is hardly more to remember.
        let mut others = tag.reads_by_place.keys().filter(|other| **other != best.place);
        let least_ms = if tag.reads_by_place.len() == 1 {
            memory_ms / 4
        } else if others.all(is_stronger) {
            memory_ms / 2
        } else {
            memory_ms * 3 / 4
        };
        (MovementKind::Arrived, steady_ms >= least_ms)
    };
    is_certain.then_some(kind)
}

/// The difference of two means that is more than chance, hundredths of a dB.
fn margin(rule: PresenceRule, count: i64, other: i64) -> i64 {
    let variance = READ_SD_CDB * READ_SD_CDB * (count + other) / (count * other).max(1);
    let error = i64::try_from(variance.unsigned_abs().isqrt()).unwrap_or(i64::MAX);
    i64::from(rule.margin_cdb).max(ERRORS * error)
}

/// Ends the presence of a tag that was not read for too long.
pub fn depart(tag: &mut TagPresence, epc_hex: &str) -> Option<Movement> {
    let last = tag.last?;
    let from = tag.place.take();
    tag.reads_by_place.clear();
    tag.last = None;
    from.map(|from| Movement {
        epc_hex: epc_hex.to_owned(),
        kind: MovementKind::Departed,
        from: Some(from),
        to: None,
        at: last,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: &str = "urn:epc:id:sgln:0614141.00001.A";
    const B: &str = "urn:epc:id:sgln:0614141.00001.B";

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millisecond(1_700_000_000_000 + millis).unwrap()
    }

    /// Place, reads, their mean.
    type Place<'a> = (&'a str, u32, i64);
    /// When a window closed, and what it said.
    type Step<'a> = (i64, &'a [Place<'a>]);

    fn seen(millis: i64, places: &[Place<'_>]) -> BTreeMap<String, PlaceReads> {
        let one = |(place, count, mean): &Place<'_>| {
            let sum_cdbm = mean * i64::from(*count);
            ((*place).to_owned(), PlaceReads { last: at(millis), count: *count, sum_cdbm })
        };
        places.iter().map(one).collect()
    }

    fn kinds(tag: &mut TagPresence, windows: &[Step<'_>]) -> Vec<MovementKind> {
        windows
            .iter()
            .filter_map(|(millis, places)| {
                step(tag, "30", seen(*millis, places), PresenceRule::default())
            })
            .map(|movement| movement.kind)
            .collect()
    }

    #[test]
    fn a_tag_arrives_after_enough_reads_and_moves_once_when_the_difference_stands_out() {
        let mut tag = TagPresence::default();
        let mut windows: Vec<Step<'_>> = vec![(0, &[(A, 2, -5000)])];
        // 20 s nearer to A, then 60 s nearer to B.
        windows.extend((1..10).map(|n| (n * 2000, &[(A, 40, -5000), (B, 40, -5800)][..])));
        windows.extend((10..40).map(|n| (n * 2000, &[(A, 40, -6500), (B, 40, -5000)][..])));
        assert_eq!(kinds(&mut tag, &windows), [MovementKind::Arrived, MovementKind::Moved]);
        assert_eq!(tag.place.as_deref(), Some(B));
    }

    #[test]
    fn the_first_window_after_a_spell_in_which_nothing_read_a_tag_moves_it_nowhere() {
        let mut tag = TagPresence::default();
        let mut windows: Vec<Step<'_>> =
            (0..20).map(|n| (n * 2000, &[(A, 40, -5000)][..])).collect();
        windows.push((70_000, &[(B, 40, -6000)]));
        windows.extend((36..60).map(|n| (n * 2000, &[(A, 40, -5000), (B, 40, -6000)][..])));
        assert_eq!(kinds(&mut tag, &windows), [MovementKind::Arrived]);
    }

    #[test]
    fn a_tag_between_two_places_arrives_at_one_and_stays_there() {
        let mut tag = TagPresence::default();
        let between: &[(&str, u32, i64)] = &[(A, 40, -5000), (B, 40, -5100)];
        let other: &[(&str, u32, i64)] = &[(A, 40, -5100), (B, 40, -5000)];
        let windows: Vec<Step<'_>> =
            (0..200).map(|n| (n * 2000, if n / 20 % 2 == 0 { between } else { other })).collect();
        assert_eq!(kinds(&mut tag, &windows), [MovementKind::Arrived]);
    }

    #[test]
    fn few_reads_need_a_larger_difference() {
        let rule = PresenceRule::default();
        assert_eq!(margin(rule, 1000, 1000), 300);
        assert!(margin(rule, 4, 4) > 1900);
    }

    #[test]
    fn a_tag_departs_once_after_the_silence_and_arrives_again_later() {
        let mut tag = TagPresence::default();
        let stays: &[Step<'_>] = &[(0, &[(A, 5, -5000)]), (8000, &[(A, 5, -5000)])];
        assert_eq!(kinds(&mut tag, stays), [MovementKind::Arrived]);
        let gone = depart(&mut tag, "30").unwrap();
        assert_eq!(
            (gone.kind, gone.from.as_deref(), gone.at),
            (MovementKind::Departed, Some(A), at(8000))
        );
        assert_eq!(depart(&mut tag, "30"), None);
        let again: &[Step<'_>] = &[(95_000, &[(A, 5, -5000)]), (103_000, &[(A, 5, -5000)])];
        assert_eq!(kinds(&mut tag, again), [MovementKind::Arrived]);
    }

    #[test]
    fn a_tag_read_by_a_clock_a_year_ahead_is_followed_again() {
        let mut tag = TagPresence::default();
        let year = 365 * 86_400_000;
        let ahead: &[Step<'_>] = &[(year, &[(A, 5, -5000)]), (year + 8000, &[(A, 5, -5000)])];
        assert_eq!(kinds(&mut tag, ahead), [MovementKind::Arrived]);
        tag.forget_after(at(5000));
        let windows: Vec<Step<'_>> = (0..20).map(|n| (n * 1000, &[(B, 3, -7000)][..])).collect();
        assert_eq!(kinds(&mut tag, &windows), [MovementKind::Moved]);
        assert_eq!(tag.last, Some(at(19_000)));
    }

    #[test]
    fn a_tag_whose_place_fell_silent_moves_to_where_it_is_read() {
        let mut tag = TagPresence::default();
        let mut windows: Vec<Step<'_>> = vec![(0, &[(A, 5, -5000)]), (8000, &[(A, 5, -5000)])];
        windows.extend((20..40).map(|n| (n * 1000, &[(B, 3, -7000)][..])));
        assert_eq!(kinds(&mut tag, &windows), [MovementKind::Arrived, MovementKind::Moved]);
    }
}
