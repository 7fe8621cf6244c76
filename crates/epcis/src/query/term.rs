//! The terms by which an index of events is searched.
//!
//! The way through: [`Term::of`] makes one of a field and a value; `terms.rs` says which an event has, `groups.rs` which a query
//! asks for.
//!
//! What holds: a term is 64 bits of a hash, so two values may share one. That only adds candidates; the query decides.

use ledger::hash::sha256_parts;

/// A term of the index: the first 8 bytes of SHA-256 over the field's name, a zero byte and the canonical value, big endian.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Term(pub u64);

/// What a term is about; the names are part of the hash and never change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TermField {
    /// A thing or class, by its key.
    Thing,
    /// The class of a thing, by its key.
    Class,
    /// The first 6 to 12 digits of the key of a thing, with the application identifier.
    Prefix,
    /// The application identifier, or the scheme of an identity without GS1 key.
    Scheme,
    EventType,
    Action,
    BizStep,
    Disposition,
    Set,
    Unset,
    ReadPoint,
    BizLocation,
    /// Type and value.
    BizTransaction,
    Source,
    Destination,
    EventId,
    TransformationId,
    ErrorReason,
    CorrectiveEventId,
    SensorType,
    DeviceId,
    /// An extension field: where and name.
    Extension,
    /// An extension field and its value.
    ExtensionValue,
    /// That the event has a part: an error declaration, a sensor element, a quantity.
    Has,
    /// That the event has more values of open lists than have terms.
    More,
    /// The site of a read point or business location.
    Site,
    /// A source or destination of any type.
    Party,
    /// A business transaction of any type.
    Document,
    /// Who stated the event, by its record.
    StatedBy,
    /// The event hash, by its record.
    Hash,
}

impl TermField {
    fn name(self) -> &'static str {
        match self {
            Self::Thing => "thing",
            Self::Class => "class",
            Self::Prefix => "prefix",
            Self::Scheme => "scheme",
            Self::EventType => "type",
            Self::Action => "action",
            Self::BizStep => "bizStep",
            Self::Disposition => "disposition",
            Self::Set => "set",
            Self::Unset => "unset",
            Self::ReadPoint => "readPoint",
            Self::BizLocation => "bizLocation",
            Self::BizTransaction => "bizTransaction",
            Self::Source => "source",
            Self::Destination => "destination",
            Self::EventId => "eventID",
            Self::TransformationId => "transformationID",
            Self::ErrorReason => "errorReason",
            Self::CorrectiveEventId => "correctiveEventID",
            Self::SensorType => "sensorType",
            Self::DeviceId => "deviceID",
            Self::Extension => "extension",
            Self::ExtensionValue => "extensionValue",
            Self::Has => "has",
            Self::More => "more",
            Self::Site => "site",
            Self::Party => "party",
            Self::Document => "document",
            Self::StatedBy => "statedBy",
            Self::Hash => "hash",
        }
    }
}

impl Term {
    pub(super) fn of(field: TermField, value: &str) -> Self {
        Self::of_parts(field, &[value])
    }

    /// The term of a value that has parts, which cannot be mistaken for another division of the same text.
    pub(super) fn of_parts(field: TermField, parts: &[&str]) -> Self {
        let mut bytes: Vec<&[u8]> = vec![field.name().as_bytes()];
        for part in parts {
            bytes.push(b"\0");
            bytes.push(part.as_bytes());
        }
        let hash = sha256_parts(&bytes);
        let first = hash.as_bytes().first_chunk::<8>().copied().unwrap_or_default();
        Self(u64::from_be_bytes(first))
    }
}
