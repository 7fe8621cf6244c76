//! The size of a tile.

/// Leaves of a tile, and most entries of a chunk: C2SP tlog-tiles has 256.
pub(crate) const TILE: u64 = 256;
