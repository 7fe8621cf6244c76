//! The containers that an item is in, and its stays in them.
//!
//! What holds: an item is in one chain of containers at a time; leaving one leaves all that are around it.
//!
//! Not here: whose packing counts ([`super::journey`]).

use jiff::Timestamp;

use crate::entry::{HistoryEntry, Relation};

/// A stay of the item in a container, by event time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stay {
    /// Key of the container.
    pub container: String,
    /// First and last moment.
    pub span: (Timestamp, Timestamp),
}

/// Where the packings so far have led.
#[derive(Debug, Default)]
pub struct Boxes {
    /// Keys of the containers that it is in, from the inside out.
    inside: Vec<String>,
    /// All stays, in the order in which they began.
    pub stays: Vec<Stay>,
}

impl Boxes {
    /// Whether the item is in the container that `entry` belongs to; a record of the item itself always applies.
    #[must_use]
    pub fn applies(&self, entry: &HistoryEntry) -> bool {
        match &entry.relation {
            Relation::Container(uri) => self.depth_of(&epc::thing_key(uri)).is_some(),
            Relation::Item | Relation::Lot => true,
        }
    }

    /// What `entry` is about was put into the container `key`.
    pub fn pack(&mut self, entry: &HistoryEntry, key: &str) {
        let kept = match &entry.relation {
            Relation::Container(uri) => self.depth_of(&epc::thing_key(uri)).map_or(0, |at| at + 1),
            Relation::Item | Relation::Lot => 0,
        };
        let is_there_already = self.inside.get(kept).is_some_and(|inner| inner == key);
        let is_circle = self.inside[..kept].iter().any(|inner| inner == key);
        if is_there_already || is_circle {
            return;
        }
        self.leave(kept, entry.at);
        self.inside.push(key.to_owned());
        self.stays.push(Stay { container: key.to_owned(), span: (entry.at, Timestamp::MAX) });
    }

    /// What `entry` is about was taken out of the container `key`.
    pub fn unpack(&mut self, entry: &HistoryEntry, key: &str) {
        if let Some(place) = self.depth_of(key) {
            self.leave(place, entry.at);
        }
    }

    fn depth_of(&self, key: &str) -> Option<usize> {
        self.inside.iter().position(|inner| inner == key)
    }

    /// Ends the stays in all containers but the `kept` inner ones.
    fn leave(&mut self, kept: usize, at: Timestamp) {
        for key in self.inside.drain(kept..) {
            let open = |stay: &&mut Stay| stay.container == key && stay.span.1 == Timestamp::MAX;
            if let Some(stay) = self.stays.iter_mut().rev().find(open) {
                stay.span.1 = at;
            }
        }
    }
}
