//! What is wrong with a document or event.

/// Largest number of violations reported for one document.
const MOST: usize = 100;

/// One violation of the standard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// Place in the document, as a JSON pointer (RFC 6901).
    pub pointer: String,
    /// Value found there, cut to 80 characters; `nothing` if it is missing.
    pub value: String,
    /// The problem: `not a time`.
    pub problem: String,
    /// Description of the accepted values.
    pub expected: String,
}

/// The pointer to the member `name` of what is at `pointer`.
pub(crate) fn below(pointer: &str, name: &str) -> String {
    format!("{pointer}/{}", escaped(name))
}

/// A member's name as a part of a JSON pointer.
pub(crate) fn escaped(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

/// Collects violations, at most [`MOST`].
#[derive(Debug, Default)]
pub(crate) struct Violations(Vec<Violation>);

impl Violations {
    pub fn add(&mut self, pointer: &str, value: &str, problem: &str, expected: &str) {
        if self.0.len() < MOST {
            self.0.push(Violation {
                pointer: pointer.to_owned(),
                value: value.chars().take(80).collect(),
                problem: problem.to_owned(),
                expected: expected.to_owned(),
            });
        }
    }

    /// Adds the violations of a part of the document.
    ///
    /// - `base`: pointer to the part, which is prepended to their pointers.
    pub fn extend(&mut self, base: &str, others: Vec<Violation>) {
        for other in others {
            let pointer = format!("{base}{}", other.pointer);
            self.add(&pointer, &other.value, &other.problem, &other.expected);
        }
    }

    /// The violations.
    pub fn list(self) -> Vec<Violation> {
        self.0
    }

    /// Returns `value` if there are no violations, otherwise the violations.
    pub fn end<T>(self, value: T) -> Result<T, Vec<Violation>> {
        if self.0.is_empty() { Ok(value) } else { Err(self.0) }
    }
}
