//! Codes of findings about the bridge itself, whose source is the bridge's own id.

/// The spool could not be written for a while.
pub const DISK: &str = "disk";
/// The spool is full and nothing can be deleted: reads are dropped.
pub const FULL: &str = "full";
/// The spool has room again.
pub const ROOM: &str = "room";
/// Ingest refused a delivery permanently.
pub const DELIVERY_REFUSED: &str = "delivery-refused";
/// Ingest has another delivery with the number of one of this bridge.
pub const NUMBER_TAKEN: &str = "number-taken";

/// All codes.
pub const ALL: [&str; 5] = [DISK, FULL, ROOM, DELIVERY_REFUSED, NUMBER_TAKEN];
