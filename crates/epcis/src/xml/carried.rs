//! What JSON can say and XML cannot: attributes and elements of one namespace that carry it through XML.
//!
//! | in XML | in JSON |
//! |---|---|
//! | attribute `json:value="true"` | the text of the element is JSON: a number, true, null, `[]`, a text with white space around it |
//! | attribute `json:list="true"` | the value is a list, although there is one item only |
//! | element `json:member` with attribute `name` | a member whose name is no name in XML |
//! | attribute `json:context` of an event | addresses of contexts that are not the standard's, separated by spaces |
//!
//! What holds: only [`crate::xml::write`] makes them, and only where XML has no form of its own; whoever does not know them
//! reads the same texts. prefixes in carried JSON, of names and of texts, are those that the
//! XML declares.
//!
//! Source: docs/formats/xml-mapping-v1.md.

/// The namespace.
pub(super) const JSON: &str = "urn:chopmark:json";
/// The attribute that says that a text is JSON.
pub(super) const VALUE: &str = "value";
/// The attribute that says that a value is a list.
pub(super) const LIST: &str = "list";
/// The element of a member whose name is no name in XML; its attribute `name` has it.
pub(super) const MEMBER: &str = "member";
/// The attribute of an event for the addresses of contexts.
pub(super) const CONTEXT: &str = "context";
/// Most levels of JSON in a text.
pub(super) const DEPTH: usize = 64;
