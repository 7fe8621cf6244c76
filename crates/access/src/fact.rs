//! What a decision must know of an event.

use jiff::Timestamp;

/// What an event names, as it names it.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'a> {
    /// The party that stated it, and the parties among its sources and destinations: URIs in any spelling.
    pub parties: &'a [&'a str],
    /// Every thing and class that it names.
    pub things: &'a [&'a str],
    /// Its read point and business location.
    pub places: &'a [&'a str],
    /// When it happened.
    pub event_time: Timestamp,
}

/// What a decision must know of a report of a suspicion.
#[derive(Debug, Clone, Copy)]
pub struct ReportFacts<'a> {
    /// The item, as the report names it: a URI in any spelling, or a text that names none.
    pub item: &'a str,
    /// When it was received.
    pub received_at: Timestamp,
    /// Whether whoever reported wants inspectors to read it.
    pub for_authorities: bool,
}
