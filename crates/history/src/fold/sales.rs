//! Sales and returns of an item: which sales stand, and which a return undid.
//!
//! The way through: [`Sales::sell`] and [`Sales::take_back`] take what counts, in the order of the hub; a return by the holder that finds no sale
//! is kept ([`Sales::returned_early`]), because its sale may reach the hub later.
//!
//! What holds: one return undoes the sales before it, or one sale that comes later; only the seller's own return undoes its sale; times that
//! the seller states decide only within the grace for late records. A seller gains nothing by them, because it can state a return that never
//! was at any time.
//!
//! Not here: who may sell and take back ([`super::journey`]), from when on two sales decide ([`crate::fold`]).
//!
//! Source: docs/decisions/0109-one-bound-for-all-findings-of-conflict.md.

use directory::PartyId;
use jiff::SignedDuration;

use crate::entry::HistoryEntry;

/// What times are compared with.
#[derive(Debug, Clone, Copy)]
pub struct Times<'a> {
    /// The records.
    pub entries: &'a [HistoryEntry],
    /// Grace for records that reach the hub late.
    pub late: SignedDuration,
}

/// Sales and returns so far, by places among the entries.
#[derive(Debug, Default)]
pub struct Sales {
    /// Sales since the last return.
    standing: Vec<usize>,
    /// Sales that were undone: a copy of one that comes later is not sold again.
    undone: Vec<usize>,
    /// Returns of the holder that found no sale.
    early: Vec<(PartyId, usize)>,
}

impl Sales {
    /// Sales since the last return, in the order of the hub.
    #[must_use]
    pub fn standing(&self) -> &[usize] {
        &self.standing
    }

    /// Whether no sale stands.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.standing.is_empty()
    }

    /// Keeps a return of the holder that finds no sale; one that is dated later than the hub had it undoes nothing.
    pub fn returned_early(&mut self, times: Times<'_>, place: usize, speaker: &PartyId) {
        if times.entries[place].mark.is_none() {
            self.early.push((speaker.clone(), place));
        }
    }

    /// Takes a sale; gives the first that stands, which is this one if no other does, and none if it changes nothing: it is the same as an
    /// earlier one, reported by another system of the seller, or it was undone by a return that the hub had before.
    pub fn sell(&mut self, times: Times<'_>, place: usize, speaker: &PartyId) -> Option<usize> {
        let at = times.entries[place].at;
        let mut known = self.standing.iter().chain(&self.undone);
        if known.any(|sale| times.entries[*sale].at == at) {
            return None;
        }
        let undoes = |(returner, back): &(PartyId, usize)| {
            returner == speaker && times.entries[*back].at > at && is_in_time(times, place, *back)
        };
        if let Some(found) = self.early.iter().position(undoes) {
            self.early.remove(found);
            self.undone.push(place);
            return None;
        }
        self.standing.push(place);
        self.standing.first().copied()
    }

    /// Takes a return. None if it ends all sales; otherwise it belongs between sales, and these are the ones before it, which it undoes.
    pub fn take_back(&mut self, times: Times<'_>, place: usize) -> Option<Vec<usize>> {
        let at = times.entries[place].at;
        let is_before = |sale: &usize| times.entries[*sale].at < at;
        let (before, after): (Vec<_>, Vec<_>) = self.standing.drain(..).partition(is_before);
        let is_between =
            !before.is_empty() && after.first().is_some_and(|sale| is_in_time(times, place, *sale));
        self.undone.extend(&before);
        if is_between {
            self.standing = after;
            return Some(before);
        }
        self.undone.extend(after);
        None
    }
}

/// Whether the record `later` was known within the grace for late records after the record `earlier`.
fn is_in_time(times: Times<'_>, later: usize, earlier: usize) -> bool {
    let [later, earlier] = [later, earlier].map(|place| times.entries[place].seal.known());
    later.duration_since(earlier) <= times.late
}
