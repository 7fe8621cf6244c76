//! What is written on a tag: TDS binary, URIs, GS1 Digital Link, TID.
//!
//! The way through:
//!
//! ```text
//! EPC bank <-> Tag -+- Classic: TagEpc (filter, encoding) <-> Epc (pure identity) <-> URN, Digital Link
//!                   +- Plus: PlusTag (filter, host name, data) <-> Digital Link -> Epc where the prefix is known
//! ```
//!
//! What holds: pure; every [`Epc`] is valid once made; what cannot be read says what would be right.
//!
//! Not here: what happened to the thing (`epcis`), looking it up (`sql`).
//!
//! Sources: GS1 EPC Tag Data Standard 2.3, GS1 General Specifications, GS1 Digital Link URI syntax 1.4,
//! Compression of GS1 Digital Link for EPC binary strings 1.0.0.

mod any_tag;
mod bits;
mod canonical;
pub mod check_digit;
mod class;
mod compressed;
mod digital_link;
mod error;
mod identity;
mod plus;
mod scheme;
mod tag;
mod text;
mod tid;

pub use any_tag::Tag;
pub use canonical::digital_link_key;
pub use class::EpcClass;
pub use compressed::Form;
pub use digital_link::{DigitalLink, PrefixLength, PrefixTable, parse_digital_link};
pub use error::EpcError;
pub use identity::Epc;
pub use plus::{PlusScheme, PlusTag};
pub use scheme::Scheme;
pub use tag::{Encoding, TagEpc};
pub use tid::Tid;
