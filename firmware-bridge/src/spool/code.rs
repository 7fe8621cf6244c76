//! Codes of findings about the bridge itself, whose source is the bridge's own id.

/// The spool could not be written for a while.
pub const DISK: &str = "disk";
/// The spool is full and nothing can be forgotten: reads are dropped.
pub const FULL: &str = "full";
/// There is room in the spool again.
pub const ROOM: &str = "room";
/// Ingest refused a delivery for ever.
pub const DELIVERY_REFUSED: &str = "delivery-refused";
/// Ingest has another delivery under the number of one of ours.
pub const NUMBER_TAKEN: &str = "number-taken";

/// All of them.
pub const ALL: [&str; 5] = [DISK, FULL, ROOM, DELIVERY_REFUSED, NUMBER_TAKEN];
