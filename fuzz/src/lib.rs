//! What the fuzz targets have in common: how bytes become a conversation, and what must hold of its outcome.
//!
//! The way through: a target takes its first bytes as choices ([`Choices`]) and hands the rest to a decoder;
//! readers on a line go through [`dialect::talk`], devices on a broker through [`format::hear`]. Whatever comes
//! out of either must be something that the later stages take ([`contract`]).
//!
//! What holds: the same bytes always do the same, so that a find can be played again.
//!
//! Not here: the decoders; how targets are built and run (`scripts/fuzz.sh`, CONTRIBUTING.md).

pub mod contract;
pub mod dialect;
pub mod format;

/// The first bytes of an input, which choose what is done with the rest.
#[derive(Debug)]
pub struct Choices<'a>(pub &'a [u8]);

impl<'a> Choices<'a> {
    /// The next byte; 0 if there is none.
    pub fn byte(&mut self) -> u8 {
        let Some((first, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        *first
    }

    /// The next `count` bytes, or as many as are left.
    pub fn bytes(&mut self, count: usize) -> &'a [u8] {
        let (head, rest) = self.0.split_at(count.min(self.0.len()));
        self.0 = rest;
        head
    }

    /// A byte that says how long the next part is, and that part; none at the end.
    pub fn part(&mut self) -> Option<&'a [u8]> {
        if self.0.is_empty() {
            return None;
        }
        let length = self.byte();
        Some(self.bytes(usize::from(length)))
    }
}

/// Puts every part of `bytes` (a length of one byte, then as many bytes) into a frame of its own.
///
/// A fuzzer does not guess checksums; with this it gets behind them.
#[must_use]
pub fn framed(bytes: &[u8], frame: impl Fn(&[u8]) -> Vec<u8>) -> Vec<u8> {
    let mut parts = Choices(bytes);
    let mut out = Vec::new();
    while let Some(part) = parts.part() {
        out.extend(frame(part));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_as_long_as_they_say_and_the_last_one_may_be_cut() {
        assert_eq!(
            framed(&[2, 7, 8, 0, 3, 9], |part| [&[0xAA], part].concat()),
            [0xAA, 7, 8, 0xAA, 0xAA, 9]
        );
    }
}
