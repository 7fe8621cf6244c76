//! Reader dialects: one file each, behind one trait.
//!
//! The way through: whoever holds the line calls [`Dialect::open`] when it is there, writes what
//! [`Dialect::poll`] gives until it gives nothing, hands every byte that arrives to [`Dialect::feed`], and
//! polls again. When the bridge stops, it writes what [`Dialect::stop`] gives.
//!
//! What holds: a dialect holds no line and no clock; it can be fed a byte at a time or a megabyte; garbage
//! costs at most the frame it stands in; whatever the reader says that somebody should know is a
//! [`Finding`] in plain words.
//!
//! Not here: lines ([`crate::port`]), what becomes of reads ([`crate::windows`]).

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
