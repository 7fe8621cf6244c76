//! Labels of items: what is printed on them and written to their chips.
//!
//! The way through:
//!
//! ```text
//! random bytes -> serial -> Label (link, EPC bank) -+-> zpl    a printer that encodes the chip
//!                                                   +-> sheet  PDF for sheets of labels
//!                                                   +-> csv    a converter's own software
//! ```
//!
//! What holds:
//!
//! - no I/O, no clock; random bytes are a parameter;
//! - a label's code and its chip name the same item: both are made from one GTIN and serial, and the chip's content is decoded again;
//! - serials are random: from one nobody can tell another, nor how many there are;
//! - no text of a label can end a field of a printer's language, or a cell of a table.
//!
//! Not here: which serials were used before, what is printed beside the code by a designer, keys of cryptographic tags (`tag_auth`).
//!
//! Sources: GS1 Digital Link URI syntax 1.4, TDS 2.3, ISO/IEC 18004, Zebra's ZPL programming guide.

mod code;
pub mod csv;
mod label;
mod serial;
pub mod sheet;
pub mod zpl;

pub use code::{Code, MOST_VERSION, QUIET};
pub use label::{ChipEncoding, Label, LabelError, Wanted};
pub use serial::{MOST_SERIALS, SerialError, serials};
