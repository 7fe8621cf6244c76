//! What is wrong with a query, and how much a query may hold.
//!
//! What holds: every problem is reported, not only the first, up to 100; values in it are cut to 80 characters.

use std::fmt;

/// Most parameters of a query.
pub const MOST_PARAMETERS: usize = 128;
/// Most values of one parameter.
pub const MOST_VALUES: usize = 1000;
/// Longest value, in bytes.
pub const LONGEST_VALUE: usize = 2048;
/// Longest name of a parameter, in bytes.
pub const LONGEST_NAME: usize = 512;
/// Most problems that are reported.
const MOST: usize = 100;
/// Most characters of a value in a problem.
const SHOWN: usize = 80;

/// One thing that is wrong with a query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueryProblem {
    /// Name of the parameter, cut to 80 characters; `@context` for what is wrong with prefixes; empty for the query as a
    /// whole.
    pub parameter: String,
    /// The value that was got, cut to 80 characters.
    pub value: String,
    /// The problem: `not a time`.
    pub problem: String,
    /// What is accepted.
    pub expected: String,
}

impl fmt::Display for QueryProblem {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { parameter, value, problem, expected } = self;
        write!(out, "{parameter}: {problem}: got `{value}`, expected {expected}")
    }
}

/// Collects problems.
#[derive(Debug, Default)]
pub(super) struct Problems(Vec<QueryProblem>);

impl Problems {
    pub fn add(&mut self, parameter: &str, value: &str, problem: &str, expected: &str) {
        if self.0.len() < MOST {
            let cut = |text: &str| text.chars().take(SHOWN).collect::<String>();
            self.0.push(QueryProblem {
                parameter: cut(parameter),
                value: cut(value),
                problem: problem.to_owned(),
                expected: expected.to_owned(),
            });
        }
    }

    /// `value` if there is no problem.
    pub fn end<T>(self, value: T) -> Result<T, Vec<QueryProblem>> {
        if self.0.is_empty() { Ok(value) } else { Err(self.0) }
    }
}
