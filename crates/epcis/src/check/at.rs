//! Where a check is in a document: made a JSON pointer only if something is wrong there.
//!
//! Source: RFC 6901.

use std::fmt;

use crate::violation::escaped;

/// A place in a document.
#[derive(Debug, Clone, Copy)]
pub(super) enum At<'a> {
    /// Where the check begins.
    Start,
    /// A member of the object at that place.
    Member(&'a At<'a>, &'a str),
    /// An element of the array at that place.
    Element(&'a At<'a>, usize),
}

impl fmt::Display for At<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Start => Ok(()),
            Self::Member(up, name) => write!(out, "{up}/{}", escaped(name)),
            Self::Element(up, place) => write!(out, "{up}/{place}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_written_as_a_json_pointer() {
        let (list, start) = ("a/b~c", At::Start);
        let member = At::Member(&start, list);
        assert_eq!(At::Element(&member, 3).to_string(), "/a~1b~0c/3");
        assert_eq!(start.to_string(), "");
    }
}
