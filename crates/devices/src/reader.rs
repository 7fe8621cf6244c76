//! Reader dialects: one file each, behind one trait.
//!
//! The way through: the owner of the line calls [`Dialect::open`] when it is open, writes what [`Dialect::poll`] gives
//! until it gives nothing, passes every byte that arrives to [`Dialect::feed`], and polls again. When the bridge stops,
//! it writes what [`Dialect::stop`] gives.
//!
//! What holds: a dialect has no line and no clock; it can be fed a byte at a time or a megabyte; corrupt bytes lose at
//! most one frame; whatever an operator should know is a [`reads::Finding`].
//!
//! Not here: lines (`firmware-bridge`), what happens with reads (`settling`).

pub mod chafon;
pub mod cutter;
pub mod dialect;
pub mod impinj_r700;
pub mod llrp;
pub mod mapped_json;
pub mod mercury;
pub mod r200;
pub mod repeat_filter;
pub mod script;
pub mod zebra_iotc;

pub use self::dialect::{Antenna, Dialect, FrameData, NO_RSSI_CDBM, Setting};
