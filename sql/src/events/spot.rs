//! An event as far as it must be known to order it, and the times between which it must be.

use jiff::Timestamp;
use tokio_postgres::Row;

use super::place::micros;
use crate::db::unsigned;
use crate::error::Error;

/// By what events are ordered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Key {
    Position,
    EventTime,
    RecordTime,
}

/// An event; its times are 0 where they are not asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Spot {
    pub position: u64,
    pub event_time: i64,
    pub record_time: i64,
}

impl Spot {
    /// One whose times are not asked for.
    pub(super) fn at(position: u64) -> Self {
        Self { position, event_time: 0, record_time: 0 }
    }

    pub(super) fn of_row(row: &Row) -> Result<Self, Error> {
        let (event_time, record_time) = (row.get(1), row.get(2));
        Ok(Self { position: unsigned(row.get(0))?, event_time, record_time })
    }

    /// Its place in an order.
    pub(super) fn place(&self, key: Key) -> (i64, u64) {
        let at = match key {
            Key::Position => 0,
            Key::EventTime => self.event_time,
            Key::RecordTime => self.record_time,
        };
        (at, self.position)
    }
}

/// First and last microseconds of both times. They may be wider than what was asked for by less than one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Bounds {
    event: (i64, i64),
    record: (i64, i64),
}

impl Bounds {
    /// - each: not before the one, before the other.
    pub(super) fn new(
        event: (Option<Timestamp>, Option<Timestamp>),
        record: (Option<Timestamp>, Option<Timestamp>),
    ) -> Self {
        let range = |(from, until): (Option<Timestamp>, Option<Timestamp>)| {
            (from.map_or(i64::MIN, micros), until.map_or(i64::MAX, micros))
        };
        Self { event: range(event), record: range(record) }
    }

    /// First and last of one time.
    pub(super) fn of(&self, key: Key) -> (i64, i64) {
        match key {
            Key::RecordTime => self.record,
            Key::Position | Key::EventTime => self.event,
        }
    }

    /// Whether a time has any bound.
    pub(super) fn narrow(&self, key: Key) -> bool {
        self.of(key) != (i64::MIN, i64::MAX)
    }

    pub(super) fn hold(&self, spot: &Spot) -> bool {
        let within = |(from, until): (i64, i64), at: i64| (from..=until).contains(&at);
        within(self.event, spot.event_time) && within(self.record, spot.record_time)
    }
}
