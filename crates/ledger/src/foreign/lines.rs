//! Reads a file of lines, strictly: each is ended by a newline, and an error names its line.

use std::str;

use thiserror::Error;

use crate::checkpoint::parse_decimal;

/// Most bytes of a proof.
pub const MAX_BYTES: usize = 1024 * 1024;

/// Most hashes of an inclusion path: a tree has fewer than 2^64 leaves.
pub(super) const MAX_PATH: usize = 64;

/// Why a file has not the form that it says.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("line {line}: {problem}")]
pub struct FormError {
    /// Number of the line, from 1.
    pub line: usize,
    /// What was got and what was expected.
    pub problem: String,
}

/// What is left of a file.
pub(super) struct Lines<'a> {
    rest: &'a str,
    number: usize,
}

impl<'a> Lines<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Result<Self, FormError> {
        let wrong = |problem| FormError { line: 1, problem };
        if bytes.len() > MAX_BYTES {
            let length = bytes.len();
            return Err(wrong(format!("got {length} bytes, expected at most {MAX_BYTES}")));
        }
        let rest = str::from_utf8(bytes)
            .map_err(|error| wrong(format!("got a file that is not UTF-8: {error}")))?;
        Ok(Self { rest, number: 0 })
    }

    /// The next line, without its newline.
    pub(super) fn next(&mut self, expected: &str) -> Result<&'a str, FormError> {
        self.number += 1;
        match self.rest.split_once('\n') {
            Some((line, rest)) => {
                self.rest = rest;
                Ok(line)
            }
            None if self.rest.is_empty() => Err(FormError {
                line: self.number,
                problem: format!("got the end, expected {expected}"),
            }),
            None => Err(self.wrong(self.rest, "a newline at its end")),
        }
    }

    /// What is behind `KEY=` on the next line.
    pub(super) fn value(&mut self, key: &str) -> Result<&'a str, FormError> {
        let expected = format!("`{key}=…`");
        let line = self.next(&expected)?;
        line.strip_prefix(key)
            .and_then(|rest| rest.strip_prefix('='))
            .ok_or_else(|| self.wrong(line, &expected))
    }

    /// A number of at most 2^63 - 1 behind `KEY=`.
    pub(super) fn number(&mut self, key: &str) -> Result<u64, FormError> {
        let value = self.value(key)?;
        self.decimal(value)
    }

    /// Reads a number of at most 2^63 - 1.
    pub(super) fn decimal(&self, text: &str) -> Result<u64, FormError> {
        parse_decimal(text)
            .filter(|number| i64::try_from(*number).is_ok())
            .ok_or_else(|| self.wrong(text, "a decimal number below 2^63 without leading zeros"))
    }

    /// Reads hex digits, in capitals or not.
    pub(super) fn hex<const N: usize>(&self, text: &str) -> Result<[u8; N], FormError> {
        let mut bytes = [0; N];
        hex::decode_to_slice(text, &mut bytes)
            .map_err(|_| self.wrong(text, &format!("{} hex digits", 2 * N)))?;
        Ok(bytes)
    }

    /// Whether the next line is empty.
    pub(super) fn is_at_empty_line(&self) -> bool {
        self.rest.starts_with('\n')
    }

    pub(super) fn is_at_end(&self) -> bool {
        self.rest.is_empty()
    }

    pub(super) fn expect_empty(&mut self) -> Result<(), FormError> {
        match self.next("an empty line")? {
            "" => Ok(()),
            line => Err(self.wrong(line, "an empty line")),
        }
    }

    pub(super) fn expect_end(&mut self) -> Result<(), FormError> {
        if self.is_at_end() {
            return Ok(());
        }
        self.number += 1;
        Err(self.wrong(self.rest.split('\n').next().unwrap_or_default(), "the end of the file"))
    }

    /// All that is left.
    pub(super) fn rest(self) -> (usize, &'a str) {
        (self.number + 1, self.rest)
    }

    /// The line that was read last is not as expected.
    pub(super) fn wrong(&self, got: &str, expected: &str) -> FormError {
        let got: String = got.chars().take(80).collect();
        FormError { line: self.number, problem: format!("got `{got}`, expected {expected}") }
    }
}
