//! Whether a reader would be heard if it read something: only then does it mean something that a tag at rest is
//! not read.
//!
//! The way through: [`Hearing::live`] at every sign of life, [`Hearing::lose`] when something says that the reader
//! does not read; [`Hearing::is_telling`] is asked before a tag departs.
//!
//! What holds: times are counted from the start, so setting the machine's clock changes nothing; after whatever
//! kept a reader from being heard, tags have as long to be read again as they may be silent.
//!
//! Not here: which tags were silent for how long ([`crate::floor`]).

use std::collections::BTreeSet;
use std::time::Duration;

/// What is known of one reader's being there.
#[derive(Debug)]
pub struct Hearing {
    /// Silence after which a tag has departed.
    patience: Duration,
    /// Silence of the reader itself that is told: where its line is a broker's, which says nothing of the reader.
    told_after: Option<Duration>,
    is_lost: bool,
    is_told: bool,
    heard: Duration,
    from: Duration,
    /// Antennas that have read.
    known: BTreeSet<u16>,
    gone: BTreeSet<u16>,
}

impl Hearing {
    /// A reader of which nothing is known at `up`.
    ///
    /// - `told_after`: silence of the reader itself that is told, if it has no line of its own.
    #[must_use]
    pub fn new(patience: Duration, told_after: Option<Duration>, up: Duration) -> Self {
        Self {
            patience,
            told_after,
            is_lost: false,
            is_told: false,
            heard: up,
            from: up + patience,
            known: BTreeSet::new(),
            gone: BTreeSet::new(),
        }
    }

    /// Something came from it at `up`; true if its silence had been told.
    pub fn live(&mut self, up: Duration) -> bool {
        if self.told_after.is_some() && up.saturating_sub(self.heard) >= self.patience / 2 {
            self.wait(up);
        }
        self.heard = up;
        std::mem::take(&mut self.is_told)
    }

    /// It reads again, or can: a read or the end of an outage says so.
    pub fn hear(&mut self, up: Duration) {
        if std::mem::take(&mut self.is_lost) {
            self.heard = up;
            self.wait(up);
        }
    }

    /// Something says that it does not read.
    pub fn lose(&mut self) {
        self.is_lost = true;
    }

    /// An antenna has read, or is connected.
    pub fn there(&mut self, port: u16, up: Duration) {
        self.known.insert(port);
        if self.gone.remove(&port) {
            self.wait(up);
        }
    }

    /// An antenna is gone. A port without one is told in the same words, and no tag departs because of it.
    ///
    /// - `is_used`: whether the port is known to have one though nothing was read by it yet.
    pub fn gone_from(&mut self, port: u16, is_used: bool) {
        if is_used || self.known.contains(&port) {
            self.gone.insert(port);
        }
    }

    /// The ports whose antennas are gone.
    #[must_use]
    pub fn gone(&self) -> &BTreeSet<u16> {
        &self.gone
    }

    /// Gives tags time to be read, from `up` on.
    pub fn wait(&mut self, up: Duration) {
        self.from = up + self.patience;
    }

    /// Whether it says something at `up` that a tag is not read.
    #[must_use]
    pub fn is_telling(&self, up: Duration) -> bool {
        let is_heard =
            self.told_after.is_none() || up.saturating_sub(self.heard) < self.patience / 2;
        !self.is_lost && up >= self.from && is_heard
    }

    /// The silence of the reader itself, if it has just become long enough to be told.
    pub fn fallen_silent(&mut self, up: Duration) -> Option<Duration> {
        let silence = up.saturating_sub(self.heard);
        if self.is_told || self.is_lost || self.told_after.is_none_or(|after| silence < after) {
            return None;
        }
        self.is_told = true;
        Some(silence)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const S: fn(u64) -> Duration = Duration::from_secs;

    #[test]
    fn a_reader_tells_after_a_start_or_an_outage_only_when_tags_had_time_to_be_read() {
        let mut hearing = Hearing::new(S(30), None, S(0));
        assert_eq!([29, 30].map(|up| hearing.is_telling(S(up))), [false, true]);
        hearing.lose();
        assert!(!hearing.is_telling(S(1000)));
        hearing.hear(S(1000));
        assert_eq!([1029, 1030].map(|up| hearing.is_telling(S(up))), [false, true]);
        hearing.hear(S(1031));
        assert!(hearing.is_telling(S(1031)), "it was not lost again");
    }

    #[test]
    fn a_reader_behind_a_broker_tells_nothing_while_nothing_comes_from_it_and_is_missed_once() {
        let mut hearing = Hearing::new(S(30), Some(S(30)), S(0));
        for up in 0..100 {
            assert!(!hearing.live(S(up)));
            assert_eq!(hearing.fallen_silent(S(up)), None);
        }
        assert_eq!([113, 114].map(|up| hearing.is_telling(S(up))), [true, false]);
        assert_eq!(hearing.fallen_silent(S(128)), None);
        assert_eq!(hearing.fallen_silent(S(129)), Some(S(30)));
        assert_eq!(hearing.fallen_silent(S(130)), None);
        assert!(hearing.live(S(200)), "its end is told");
        assert!(!hearing.is_telling(S(200)), "its tags were silent only because it was");
        for up in 201..230 {
            hearing.live(S(up));
        }
        assert!(hearing.is_telling(S(230)));
    }

    #[test]
    fn the_time_without_a_broker_is_no_silence_of_the_reader() {
        let mut hearing = Hearing::new(S(30), Some(S(30)), S(0));
        hearing.lose();
        assert_eq!(hearing.fallen_silent(S(600)), None);
        hearing.hear(S(600));
        assert_eq!(hearing.fallen_silent(S(629)), None);
        assert_eq!(hearing.fallen_silent(S(630)), Some(S(30)));
    }

    #[test]
    fn an_antenna_that_is_there_again_gives_its_tags_time_and_a_port_without_one_means_nothing() {
        let mut hearing = Hearing::new(S(30), None, S(0));
        hearing.gone_from(4, false);
        assert!(hearing.gone().is_empty(), "nothing was ever read by it");
        hearing.there(2, S(30));
        hearing.gone_from(2, false);
        hearing.gone_from(3, true);
        assert_eq!(hearing.gone().iter().copied().collect::<Vec<_>>(), [2, 3]);
        hearing.there(1, S(50));
        assert!(hearing.is_telling(S(50)), "it was never gone");
        hearing.there(2, S(60));
        assert_eq!(hearing.gone().iter().copied().collect::<Vec<_>>(), [3]);
        assert_eq!([89, 90].map(|up| hearing.is_telling(S(up))), [false, true]);
    }
}
