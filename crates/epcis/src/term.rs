//! The standard's terms as tables: which members each object has, and the form of their values.
//!
//! The way through: a [`Shape`] is the table of one kind of object, [`Form`] what a value must be (`term/form.rs`); the
//! tables of events are in `term/event.rs`, those of documents in `term/document.rs`.
//!
//! Not here: checking a value ([`crate::check`]), what an event must name in sum (`check/content.rs`).
//!
//! Source: JSON schema of EPCIS 2.0.

mod document;
mod event;
mod form;

pub(crate) use document::{DOCUMENT, QUERY_DOCUMENT};
pub(crate) use event::shape_of;
pub(crate) use form::{Form, List, Names, Others, Shape};

/// Whether the standard defines the meaning of `name`, in whatever object.
pub(crate) fn is_standard(name: &str) -> bool {
    let in_events = event::ALL.iter().chain(document::ALL);
    in_events.flat_map(|shape| shape.members()).any(|member| member.name == name)
}
