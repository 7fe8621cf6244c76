//! The five types of events and their fields.
//!
//! Source: EPCIS 2.0 section 7.4.

/// The type of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EventKind {
    /// Objects were created, observed or removed.
    Object,
    /// Objects were put into or taken out of a container.
    Aggregation,
    /// Objects were linked to a business transaction.
    Transaction,
    /// Objects were made into other objects.
    Transformation,
    /// Objects were linked to a place or an asset.
    Association,
}

impl EventKind {
    /// All types.
    pub(crate) const ALL: [Self; 5] = [
        Self::Object,
        Self::Aggregation,
        Self::Transaction,
        Self::Transformation,
        Self::Association,
    ];

    /// The name in JSON: `ObjectEvent`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Object => "ObjectEvent",
            Self::Aggregation => "AggregationEvent",
            Self::Transaction => "TransactionEvent",
            Self::Transformation => "TransformationEvent",
            Self::Association => "AssociationEvent",
        }
    }

    pub(crate) fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}
