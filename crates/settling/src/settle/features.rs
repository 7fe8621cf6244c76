//! The features of a tag's reads: what distinguishes a tag that passed from one that stood nearby.
//!
//! What holds: the same reads in the same order give the same features; no tag is left out here.
//!
//! Source: Keller, Thiesse, Fleisch, "Classification models for RFID-based real-time detection of process
//! events in the supply chain" (RSSI, time and antenna attributes); docs/decisions/0015-settling.md.

use std::collections::HashMap;
use std::ops::Range;

use reads::{AntennaCount, Observation, Read};

/// Running features of one tag.
struct Features<'a> {
    first_read: &'a Read,
    last: jiff::Timestamp,
    earliest: jiff::Timestamp,
    tid: Option<&'a [u8]>,
    count: u32,
    rssi_max: i32,
    /// Sums for mean and slope; times in seconds since the tag's first read.
    sum_rssi: f64,
    sum_time: f64,
    sum_time_squared: f64,
    sum_time_rssi: f64,
    antennas: Vec<AntennaCount>,
}

impl<'a> Features<'a> {
    fn new(read: &'a Read) -> Self {
        Self {
            first_read: read,
            last: read.at,
            earliest: read.at,
            tid: None,
            count: 0,
            rssi_max: i32::MIN,
            sum_rssi: 0.0,
            sum_time: 0.0,
            sum_time_squared: 0.0,
            sum_time_rssi: 0.0,
            antennas: Vec::new(),
        }
    }

    fn add(&mut self, read: &'a Read) {
        let time = read.at.duration_since(self.first_read.at).as_secs_f64();
        let rssi = f64::from(read.rssi_cdbm);
        self.count += 1;
        self.last = self.last.max(read.at);
        self.earliest = self.earliest.min(read.at);
        self.rssi_max = self.rssi_max.max(read.rssi_cdbm);
        self.sum_rssi += rssi;
        self.sum_time += time;
        self.sum_time_squared += time * time;
        self.sum_time_rssi += time * rssi;
        if self.tid.is_none() {
            self.tid = read.tid.as_deref();
        }
        match self.antennas.iter_mut().find(|found| found.antenna == read.antenna) {
            Some(found) => found.count += 1,
            None => self.antennas.push(AntennaCount { antenna: read.antenna, count: 1 }),
        }
    }

    /// Slope of the least-squares line, hundredths of a dBm per second.
    fn slope(&self) -> i32 {
        let n = f64::from(self.count);
        let spread = n * self.sum_time_squared - self.sum_time * self.sum_time;
        if spread <= f64::EPSILON {
            return 0;
        }
        rounded((n * self.sum_time_rssi - self.sum_time * self.sum_rssi) / spread)
    }

    fn observation(mut self) -> Observation {
        self.antennas.sort_by_key(|antenna| antenna.antenna);
        let epc = epc::TagEpc::decode(&self.first_read.epc).ok();
        Observation {
            epc_hex: hex::encode_upper(&self.first_read.epc),
            epc: epc.map(|tag| tag.epc.to_uri()),
            tid: self.tid.map(hex::encode_upper),
            count: self.count,
            first: self.earliest,
            last: self.last,
            rssi_max_cdbm: self.rssi_max,
            rssi_mean_cdbm: rounded(self.sum_rssi / f64::from(self.count)),
            rssi_slope_cdbm_per_s: self.slope(),
            antennas: self.antennas,
            direction: None,
            rival: None,
            resident: false,
        }
    }
}

/// The mean of the strongest quarter of `values`, at least one of them: what a tag had when it was nearest.
/// One read alone is not enough: its strength varies by 4 to 7 dB while the tag stands still.
#[must_use]
pub fn top(values: &mut [i32]) -> i32 {
    if values.is_empty() {
        return i32::MIN;
    }
    values.sort_unstable_by(|a, b| b.cmp(a));
    let count = values.len().div_ceil(4);
    let sum: i64 = values[..count].iter().map(|value| i64::from(*value)).sum();
    i32::try_from(sum / i64::try_from(count).unwrap_or(1)).unwrap_or(i32::MIN)
}

#[expect(clippy::cast_possible_truncation, reason = "a cast from f64 saturates; RSSI is far below")]
fn rounded(value: f64) -> i32 {
    value.round() as i32
}

/// The reads of a window by tag: each tag is looked up once a read, and its reads lie together.
pub(super) struct ByTag<'a> {
    reads: Vec<&'a Read>,
    /// First and last place of each tag's reads, in order of the tags' bytes.
    tags: Vec<Range<usize>>,
}

impl<'a> ByTag<'a> {
    /// Groups reads, each tag's in order of arrival.
    pub(super) fn new(reads: &'a [Read]) -> Self {
        let mut numbers: HashMap<&[u8], usize> = HashMap::new();
        let mut counts: Vec<usize> = Vec::new();
        let mut of_read = Vec::with_capacity(reads.len());
        for read in reads {
            let number = *numbers.entry(&read.epc).or_insert(counts.len());
            match counts.get_mut(number) {
                Some(count) => *count += 1,
                None => counts.push(1),
            }
            of_read.push(number);
        }
        let mut names: Vec<(&[u8], usize)> = numbers.into_iter().collect();
        names.sort_unstable();
        let mut next = vec![0; counts.len()];
        let mut tags = Vec::with_capacity(counts.len());
        let mut end = 0;
        for (_, number) in names {
            next[number] = end;
            tags.push(end..end + counts[number]);
            end += counts[number];
        }
        let mut grouped: Vec<&Read> = reads.iter().collect();
        for (read, number) in reads.iter().zip(of_read) {
            grouped[next[number]] = read;
            next[number] += 1;
        }
        Self { reads: grouped, tags }
    }

    /// The reads of one tag after the other, in order of the tags' bytes.
    pub(super) fn iter(&self) -> impl Iterator<Item = &[&'a Read]> {
        self.tags.iter().filter_map(|tag| self.reads.get(tag.clone()))
    }
}

/// The observation of one tag's reads, in order of arrival; none of no reads.
pub(super) fn observation(reads: &[&Read]) -> Option<Observation> {
    let mut features = Features::new(reads.first()?);
    for read in reads {
        features.add(read);
    }
    Some(features.observation())
}

/// Settles reads into observations, in order of the tags' bytes.
#[must_use]
pub fn settle(reads: &[Read]) -> Vec<Observation> {
    ByTag::new(reads).iter().filter_map(observation).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(epc: u8, antenna: u16, rssi_cdbm: i32, millis: i64) -> Read {
        Read {
            epc: [epc; 12].into(),
            tid: None,
            antenna,
            rssi_cdbm,
            at: jiff::Timestamp::from_millisecond(1_700_000_000_000 + millis).unwrap(),
            reader_time: None,
            direction: None,
        }
    }

    #[test]
    fn features_are_those_of_the_reads() {
        let reads = [
            read(1, 2, -6000, 0),
            read(2, 1, -7000, 5),
            read(1, 1, -5000, 1000),
            read(1, 2, -4000, 2000),
        ];
        let settled = settle(&reads);
        assert_eq!(settled.len(), 2);
        let one = &settled[0];
        assert_eq!((one.count, one.rssi_max_cdbm, one.rssi_mean_cdbm), (3, -4000, -5000));
        assert_eq!(one.rssi_slope_cdbm_per_s, 1000);
        assert_eq!(
            one.antennas.iter().map(|a| (a.antenna, a.count)).collect::<Vec<_>>(),
            [(1, 1), (2, 2)]
        );
        assert_eq!(settled[1].rssi_slope_cdbm_per_s, 0);
    }

    #[test]
    fn the_top_is_the_mean_of_the_strongest_quarter() {
        assert_eq!(top(&mut [-7000, -5000, -6000, -4000, -8000]), -4500);
        assert_eq!(top(&mut [-7000]), -7000);
        assert_eq!(top(&mut []), i32::MIN);
    }

    #[test]
    fn a_window_settles_the_same_every_time() {
        let reads: Vec<Read> = (0..200)
            .map(|n| read(u8::try_from(n % 7).unwrap(), 1, -5000 - n * 3, i64::from(n) * 7))
            .collect();
        assert_eq!(settle(&reads), settle(&reads));
    }
}
