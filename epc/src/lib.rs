//! What is written on a tag: TDS binary, URIs, GS1 Digital Link, TID.
//!
//! The way through:
//!
//! ```text
//! EPC bank <-> TagEpc (filter, encoding) <-> Epc (pure identity) <-> URN, Digital Link
//! ```
//!
//! What holds: pure; every [`Epc`] is valid once made; what cannot be read says what would be right.
//!
//! Not here: what happened to the thing (`epcis`), looking it up (`sql`).
//!
//! Sources: GS1 EPC Tag Data Standard 2.x, GS1 General Specifications, GS1 Digital Link URI syntax 1.4.

mod canonical;
pub mod check_digit;
mod digital_link;
mod error;
mod identity;
mod tag;
mod text;
mod tid;

pub use canonical::digital_link_key;
pub use digital_link::{DigitalLink, PrefixLength, PrefixTable, parse_digital_link};
pub use error::EpcError;
pub use identity::{Epc, EpcClass, Scheme};
pub use tag::{Encoding, TagEpc};
pub use tid::Tid;
