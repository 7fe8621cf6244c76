//! In which order events are answered, and how many.
//!
//! Source: EPCIS 2.0 section 8.2.7.1, parameters `orderBy`, `orderDirection`, `eventCountLimit` and `maxEventCount`.

use jiff::Timestamp;

use super::decimal::Decimal;

/// By what events are ordered.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Order {
    /// The query does not say; any order is right.
    #[default]
    Unstated,
    /// By event time.
    EventTime,
    /// By record time.
    RecordTime,
    /// By an extension field of the event; events without it may be anywhere.
    Extension(
        /// Its whole name: namespace and local name.
        String,
    ),
}

/// The direction of the order.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Direction {
    /// Smallest first.
    Ascending,
    /// Largest first; what holds where a query does not say.
    #[default]
    Descending,
}

/// How many events are answered.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Limit {
    /// All.
    #[default]
    None,
    /// `eventCountLimit`: the first so many in the stated order.
    First(u64),
    /// `maxEventCount`: an error if there are more.
    AtMost(u64),
}

/// The place of an event in the order of a query: of two values of one kind the smaller comes first.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum SortKey {
    /// A number.
    Number(Decimal),
    /// A time.
    Time(Timestamp),
    /// A text, ordered by its UTF-8 bytes.
    Text(String),
}
