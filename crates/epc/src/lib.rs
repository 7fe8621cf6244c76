//! Reading and writing what a tag or a printed code carries: TDS binary, URIs, GS1 Digital Link, TID.
//!
//! The way through:
//!
//! ```text
//! EPC bank <-> Tag -+- Classic: TagEpc (filter, encoding) <-> Epc (pure identity) <-> URN, Digital Link
//!                   +- Plus: PlusTag (filter, host name, data) <-> Digital Link -> Epc if the prefix is known
//! ```
//!
//! What holds:
//!
//! - no I/O, no clock, no randomness;
//! - every [`Epc`] is valid: it can only be made from parts that passed the rules of its [`Scheme`];
//! - input is untrusted: no function panics on it, and every error names the value and what was expected.
//!
//! Not here: what happened to an object (`epcis`), finding it in a database (`sql`).
//!
//! Sources: GS1 EPC Tag Data Standard (TDS) 2.3, GS1 General Specifications, GS1 Digital Link URI syntax 1.4,
//! Compression of GS1 Digital Link for EPC binary strings 1.0.0.

mod any_tag;
mod bits;
mod canonical;
pub mod check_digit;
mod class;
mod compressed;
mod digital_link;
mod error;
mod identify;
mod identity;
mod length;
mod parse;
mod plain;
mod plus;
mod prefix_length;
mod scheme;
mod tag;
mod text;
mod thing;
mod tid;
mod uri_kind;

pub use any_tag::Tag;
pub use canonical::digital_link_key;
pub use class::EpcClass;
pub use compressed::Form;
pub use digital_link::DigitalLink;
pub use error::EpcError;
pub use identify::identify;
pub use identity::Epc;
pub use parse::parse_digital_link;
pub use plus::{PlusScheme, PlusTag};
pub use prefix_length::{PrefixLength, PrefixTable};
pub use scheme::Scheme;
pub use tag::{Encoding, TagEpc};
pub use thing::{gs1_thing_key, has_gs1_key, licence_digits, site_key, thing_key, written_key};
pub use tid::Tid;
pub use uri_kind::{UriKind, check_uri};
