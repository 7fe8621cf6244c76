//! Whether a reader was able to read: only then does a missing read count as the absence of a tag at rest.
//!
//! The way through: [`Availability::message_arrived`] for every message, [`Availability::stopped_reading`] when
//! something shows that the reader does not read; [`Availability::absence_counts`] is asked before a tag departs.
//!
//! What holds: times are counted from the start, so setting the machine's clock changes nothing; after an outage,
//! tags have as long to be read again as they may be silent.
//!
//! Not here: which tags were not read for how long ([`crate::tracker`]).

use std::collections::BTreeSet;
use std::time::Duration;

/// Whether one reader and its antennas are able to read.
#[derive(Debug)]
pub struct Availability {
    /// Time without a read after which a tag has departed.
    patience: Duration,
    /// Time without a message after which the reader itself is reported. Only for readers behind a broker, whose
    /// connection says nothing about the reader.
    report_after: Option<Duration>,
    /// Whether something showed that the reader does not read.
    is_stopped: bool,
    is_reported: bool,
    last_message: Duration,
    /// From when on a missing read counts.
    counts_from: Duration,
    /// Antennas that have read.
    used: BTreeSet<u16>,
    missing: BTreeSet<u16>,
}

impl Availability {
    /// A reader of which nothing is known at `up`.
    ///
    /// - `report_after`: time without a message after which it is reported, if it is behind a broker.
    #[must_use]
    pub fn new(patience: Duration, report_after: Option<Duration>, up: Duration) -> Self {
        Self {
            patience,
            report_after,
            is_stopped: false,
            is_reported: false,
            last_message: up,
            counts_from: up + patience,
            used: BTreeSet::new(),
            missing: BTreeSet::new(),
        }
    }

    /// A message arrived at `up`. True if the reader's silence was reported before.
    pub fn message_arrived(&mut self, up: Duration) -> bool {
        if self.report_after.is_some() && self.silence(up) >= self.patience / 2 {
            self.wait_for_reads(up);
        }
        self.last_message = up;
        std::mem::take(&mut self.is_reported)
    }

    /// The reader reads again: there was a read, or an outage ended.
    pub fn reads_again(&mut self, up: Duration) {
        if std::mem::take(&mut self.is_stopped) {
            self.last_message = up;
            self.wait_for_reads(up);
        }
    }

    /// Something showed that the reader does not read.
    pub fn stopped_reading(&mut self) {
        self.is_stopped = true;
    }

    /// An antenna has read, or is connected.
    pub fn antenna_found(&mut self, port: u16, up: Duration) {
        self.used.insert(port);
        if self.missing.remove(&port) {
            self.wait_for_reads(up);
        }
    }

    /// An antenna is not connected. Readers report unused ports in the same way; those are ignored.
    ///
    /// - `is_configured`: whether the configuration names the port, so that it counts although it has read nothing
    ///   yet.
    pub fn antenna_missing(&mut self, port: u16, is_configured: bool) {
        if is_configured || self.used.contains(&port) {
            self.missing.insert(port);
        }
    }

    /// The ports whose antennas are not connected.
    #[must_use]
    pub fn missing_antennas(&self) -> &BTreeSet<u16> {
        &self.missing
    }

    /// Gives tags time to be read, from `up` on.
    pub fn wait_for_reads(&mut self, up: Duration) {
        self.counts_from = up + self.patience;
    }

    /// Whether a missing read at `up` counts as the absence of a tag.
    #[must_use]
    pub fn absence_counts(&self, up: Duration) -> bool {
        let has_messages = self.report_after.is_none() || self.silence(up) < self.patience / 2;
        !self.is_stopped && up >= self.counts_from && has_messages
    }

    /// The reader's silence, if it has just become long enough to be reported.
    pub fn newly_silent(&mut self, up: Duration) -> Option<Duration> {
        let silence = self.silence(up);
        let is_short = self.report_after.is_none_or(|after| silence < after);
        if self.is_reported || self.is_stopped || is_short {
            return None;
        }
        self.is_reported = true;
        Some(silence)
    }

    fn silence(&self, up: Duration) -> Duration {
        up.saturating_sub(self.last_message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const S: fn(u64) -> Duration = Duration::from_secs;

    #[test]
    fn absence_counts_after_a_start_or_an_outage_only_when_tags_had_time_to_be_read() {
        let mut availability = Availability::new(S(30), None, S(0));
        assert_eq!([29, 30].map(|up| availability.absence_counts(S(up))), [false, true]);
        availability.stopped_reading();
        assert!(!availability.absence_counts(S(1000)));
        availability.reads_again(S(1000));
        assert_eq!([1029, 1030].map(|up| availability.absence_counts(S(up))), [false, true]);
        availability.reads_again(S(1031));
        assert!(availability.absence_counts(S(1031)), "it has not stopped again");
    }

    #[test]
    fn while_a_reader_behind_a_broker_sends_nothing_absence_does_not_count_and_it_is_reported_once()
    {
        let mut availability = Availability::new(S(30), Some(S(30)), S(0));
        for up in 0..100 {
            assert!(!availability.message_arrived(S(up)));
            assert_eq!(availability.newly_silent(S(up)), None);
        }
        assert_eq!([113, 114].map(|up| availability.absence_counts(S(up))), [true, false]);
        assert_eq!(availability.newly_silent(S(128)), None);
        assert_eq!(availability.newly_silent(S(129)), Some(S(30)));
        assert_eq!(availability.newly_silent(S(130)), None);
        assert!(availability.message_arrived(S(200)), "the end of the silence is reported");
        assert!(
            !availability.absence_counts(S(200)),
            "tags were not read only because the reader was silent"
        );
        for up in 201..230 {
            availability.message_arrived(S(up));
        }
        assert!(availability.absence_counts(S(230)));
    }

    #[test]
    fn time_without_a_broker_connection_is_not_silence_of_the_reader() {
        let mut availability = Availability::new(S(30), Some(S(30)), S(0));
        availability.stopped_reading();
        assert_eq!(availability.newly_silent(S(600)), None);
        availability.reads_again(S(600));
        assert_eq!(availability.newly_silent(S(629)), None);
        assert_eq!(availability.newly_silent(S(630)), Some(S(30)));
    }

    #[test]
    fn a_reconnected_antenna_gives_its_tags_time_and_an_unused_port_is_ignored() {
        let mut availability = Availability::new(S(30), None, S(0));
        availability.antenna_missing(4, false);
        assert!(availability.missing_antennas().is_empty(), "it has never read");
        availability.antenna_found(2, S(30));
        availability.antenna_missing(2, false);
        availability.antenna_missing(3, true);
        assert_eq!(availability.missing_antennas().iter().copied().collect::<Vec<_>>(), [2, 3]);
        availability.antenna_found(1, S(50));
        assert!(availability.absence_counts(S(50)), "it was never missing");
        availability.antenna_found(2, S(60));
        assert_eq!(availability.missing_antennas().iter().copied().collect::<Vec<_>>(), [3]);
        assert_eq!([89, 90].map(|up| availability.absence_counts(S(up))), [false, true]);
    }
}
