//! What each reader read recently, so that neighbours can decide which of them a tag was nearest to, and which tags are
//! residents: they stay at a reader rather than pass it.
//!
//! What holds: memory is bounded by time and by number; a read that is forgotten too early can only make a tag look as
//! if no neighbour had read it.
//!
//! Source: docs/decisions/0015-settling.md.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use reads::time_belief::LATE;
use reads::{Bank, Read};

use crate::closing::NeighbourReads;
use crate::settle::features::top;

/// Reads remembered per reader: ten seconds of the fastest burst planned for.
const MAX_READS: usize = 200_000;
/// Reads this much before and after ours count as of the same passage.
const SLACK: SignedDuration = SignedDuration::from_secs(2);

/// The recent reads of one reader.
#[derive(Debug, Default)]
pub struct RecentReads {
    reads: VecDeque<(Timestamp, Bank, i32)>,
}

impl RecentReads {
    /// Remembers a read, and forgets those older than `keep` before it.
    ///
    /// - `at`: when it was made, as far as that is believed.
    /// - `arrived`: when it arrived, by the one clock that all readers of a bridge share. A device's own is taken only
    ///   for what it buffered for long.
    pub fn push(&mut self, read: &Read, at: Timestamp, arrived: Timestamp, keep: SignedDuration) {
        let is_late = arrived.duration_since(at) > LATE;
        let at = if is_late { at } else { arrived };
        self.reads.push_back((at, read.epc.clone(), read.rssi_cdbm));
        let oldest = at - keep;
        while self.reads.len() > MAX_READS
            || self.reads.front().is_some_and(|(at, ..)| *at < oldest)
        {
            self.reads.pop_front();
        }
    }
}

/// What neighbours read of the tags of a window while it read them; of several neighbours, the best.
///
/// - `lag`: what the reads' times are behind those of arrival.
#[must_use]
pub fn neighbour_reads<'a>(
    reads: &[Read],
    lag: SignedDuration,
    neighbours: impl IntoIterator<Item = (&'a str, &'a RecentReads)>,
) -> BTreeMap<String, NeighbourReads> {
    let mut neighbours = neighbours.into_iter().peekable();
    if neighbours.peek().is_none() {
        return BTreeMap::new();
    }
    let mut spans: HashMap<&[u8], (Timestamp, Timestamp)> = HashMap::new();
    for read in reads {
        let (from, to) = (read.at + lag - SLACK, read.at + lag + SLACK);
        let span = spans.entry(&read.epc).or_insert((from, to));
        *span = (span.0.min(from), span.1.max(to));
    }
    let mut out: BTreeMap<String, NeighbourReads> = BTreeMap::new();
    for (reader, recent) in neighbours {
        let mut strengths: HashMap<&[u8], Vec<i32>> = HashMap::new();
        for (at, epc, rssi) in &recent.reads {
            if spans.get(epc.as_slice()).is_some_and(|(from, to)| from <= at && at <= to) {
                strengths.entry(epc).or_default().push(*rssi);
            }
        }
        for (epc, mut strengths) in strengths {
            let count = i64::try_from(strengths.len()).unwrap_or(i64::MAX);
            let sum: i64 = strengths.iter().map(|rssi| i64::from(*rssi)).sum();
            let found = NeighbourReads {
                reader: reader.to_owned(),
                count: u32::try_from(count).unwrap_or(u32::MAX),
                rssi_mean_cdbm: i32::try_from(sum / count.max(1)).unwrap_or(i32::MIN),
                rssi_top_cdbm: top(&mut strengths),
            };
            let hex = hex::encode_upper(epc);
            let is_best =
                out.get(&hex).is_none_or(|other| other.rssi_top_cdbm < found.rssi_top_cdbm);
            if is_best {
                out.insert(hex, found);
            }
        }
    }
    out
}

/// The tags at one reader, and since when each is read steadily.
#[derive(Debug, Default)]
pub struct Residents {
    /// Since when a tag was read without a pause, and when last.
    tags: HashMap<Bank, (Timestamp, Timestamp)>,
}

/// A pause longer than this ends steady reading.
const PAUSE: SignedDuration = SignedDuration::from_secs(10);
/// Most tags followed at one reader; more can become residents only when others are forgotten.
const MAX_TAGS: usize = 100_000;

impl Residents {
    /// Takes a read that was made at `at`; true if its tag has stood here for `after`.
    pub fn add(&mut self, epc: &Bank, at: Timestamp, after: SignedDuration) -> bool {
        if let Some((since, last)) = self.tags.get_mut(epc) {
            if at.duration_since(*last) > PAUSE {
                *since = at;
            }
            *last = at.max(*last);
            return last.duration_since(*since) >= after;
        }
        if self.tags.len() >= MAX_TAGS {
            self.forget_paused(at);
        }
        if self.tags.len() < MAX_TAGS {
            self.tags.insert(epc.clone(), (at, at));
        }
        false
    }

    /// Forgets the tags that were not read for a while before `now`.
    pub fn forget_paused(&mut self, now: Timestamp) {
        self.tags.retain(|_, (_, last)| now.duration_since(*last) <= PAUSE);
    }

    /// Those of a window's tags that are passing as it closes, as hex: read within `quiet` of its last read, and
    /// here for less than `after`.
    #[must_use]
    pub fn passing(
        &self,
        reads: &[Read],
        quiet: Duration,
        after: SignedDuration,
    ) -> BTreeSet<String> {
        let quiet = SignedDuration::try_from(quiet).unwrap_or(SignedDuration::MAX);
        let Some(end) = reads.iter().map(|read| read.at).max() else { return BTreeSet::new() };
        let epcs: HashSet<&[u8]> = reads.iter().map(|read| read.epc.as_slice()).collect();
        let is_passing = |epc: &&[u8]| {
            self.tags.get(*epc).is_some_and(|(since, last)| {
                end.duration_since(*last) < quiet && last.duration_since(*since) < after
            })
        };
        epcs.into_iter().filter(is_passing).map(hex::encode_upper).collect()
    }

    /// Those of a window's tags that have stood here for `after`, as hex.
    #[must_use]
    pub fn among(&self, reads: &[Read], after: SignedDuration) -> BTreeSet<String> {
        let epcs: HashSet<&[u8]> = reads.iter().map(|read| read.epc.as_slice()).collect();
        let stands = |epc: &&[u8]| {
            self.tags.get(*epc).is_some_and(|(since, last)| last.duration_since(*since) >= after)
        };
        epcs.into_iter().filter(stands).map(hex::encode_upper).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(epc: u8, millis: i64, rssi_cdbm: i32) -> Read {
        let at = Timestamp::from_millisecond(1_700_000_000_000 + millis).unwrap();
        Read {
            epc: [epc].into(),
            tid: None,
            antenna: 1,
            rssi_cdbm,
            at,
            reader_time: None,
            direction: None,
        }
    }

    #[test]
    fn only_reads_of_the_same_passage_count_and_the_best_neighbour_is_named() {
        let ours = [read(1, 10_000, -6000), read(1, 11_000, -6000)];
        let (mut left, mut right) = (RecentReads::default(), RecentReads::default());
        let keep = SignedDuration::from_secs(60);
        for found in [read(1, 1000, -3000), read(1, 10_500, -5000), read(2, 10_500, -1000)] {
            left.push(&found, found.at, found.at, keep);
        }
        let late = read(1, 12_900, -4000);
        right.push(&late, late.at, late.at, keep);
        let found =
            neighbour_reads(&ours, SignedDuration::ZERO, [("left", &left), ("right", &right)]);
        assert_eq!(found.len(), 1);
        assert_eq!((found["01"].reader.as_str(), found["01"].rssi_top_cdbm), ("right", -4000));
        let found = neighbour_reads(&ours, SignedDuration::ZERO, [("left", &left)]);
        assert_eq!((found["01"].count, found["01"].rssi_top_cdbm), (1, -5000));
    }

    #[test]
    fn neighbours_are_compared_by_arrival_however_wrong_their_clocks() {
        // Ours is 10 s slow, the neighbour's 20 s; both reads arrive at the same moment.
        let ours = [read(1, 0, -6000)];
        let arrived = read(1, 10_000, 0).at;
        let mut other = RecentReads::default();
        let slow = read(1, -10_000, -5000);
        other.push(&slow, slow.at, arrived, SignedDuration::from_secs(60));
        let lag = SignedDuration::from_secs(10);
        assert_eq!(neighbour_reads(&ours, lag, [("other", &other)]).len(), 1);
        assert!(neighbour_reads(&ours, SignedDuration::ZERO, [("other", &other)]).is_empty());
    }

    #[test]
    fn a_tag_stands_after_steady_reading_and_a_pause_ends_it() {
        let after = SignedDuration::from_secs(10);
        let add = |to: &mut Residents, read: &Read| to.add(&read.epc, read.at, after);
        let mut residents = Residents::default();
        let stands: Vec<bool> =
            (0..13).map(|second| add(&mut residents, &read(1, second * 1000, -6000))).collect();
        assert_eq!(stands.iter().filter(|stands| **stands).count(), 3);
        assert!(!add(&mut residents, &read(1, 23_000, -6000)));
    }

    #[test]
    fn a_tag_passes_until_it_is_silent_or_stands() {
        let (quiet, after) = (Duration::from_millis(1500), SignedDuration::from_secs(10));
        let mut residents = Residents::default();
        let reads: Vec<Read> = (0..12)
            .map(|second| read(1, second * 1000, -6000))
            .chain([read(2, 3000, -6000), read(3, 10_000, -6000)])
            .collect();
        for read in &reads {
            residents.add(&read.epc, read.at, after);
        }
        let passing = residents.passing(&reads, quiet, after);
        assert_eq!(passing.iter().map(String::as_str).collect::<Vec<_>>(), ["03"]);
    }

    #[test]
    fn old_reads_are_forgotten() {
        let mut recent = RecentReads::default();
        for second in 0..100 {
            let read = read(1, second * 1000, -6000);
            recent.push(&read, read.at, read.at, SignedDuration::from_secs(10));
        }
        assert_eq!(recent.reads.len(), 11);
    }
}
