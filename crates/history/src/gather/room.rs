//! How many bytes of records one history may read.
//!
//! What holds: whoever has nothing to say about an item takes no room from those who decide about it; every text is paid for before
//! it is read, once. What is known takes as much room as what is not, so that an answer does not depend on what was asked before.
//!
//! Not here: how many records are read ([`super`]).

use std::collections::BTreeSet;

/// Most bytes of records of parties that can decide something.
const DECIDING: u64 = 32 << 20;
/// Most bytes of records of the directory's other parties, and as many of strangers. As values in memory they may take many times
/// as much.
const OTHERS: u64 = 2 << 20;

/// Whose a record is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whose {
    /// Of a party that can decide something.
    Deciding,
    /// Of another party of the directory.
    Registered,
    /// Of anybody else.
    Strangers,
}

/// The bytes that are left.
#[derive(Debug)]
pub struct Room {
    /// By [`Whose`].
    left: [u64; 3],
}

impl Whose {
    /// Its place in [`Room::left`].
    pub fn kind(self) -> usize {
        match self {
            Self::Deciding => 0,
            Self::Registered => 1,
            Self::Strangers => 2,
        }
    }
}

impl Room {
    /// All of it.
    pub fn new() -> Self {
        Self { left: [DECIDING, OTHERS, OTHERS] }
    }

    /// What is left for each of [`Whose`], in its order.
    pub fn left(&self) -> &[u64] {
        &self.left
    }

    /// Takes what was read of records of one kind.
    pub fn take(&mut self, kind: usize, bytes: u64) {
        if let Some(left) = self.left.get_mut(kind) {
            *left = left.saturating_sub(bytes);
        }
    }

    /// Takes room for texts, the shortest of each kind first; gives those that there is none for.
    ///
    /// - `texts`: kind, bytes, and what it is.
    pub fn admit<T: Ord>(&mut self, mut texts: Vec<(usize, u64, T)>) -> BTreeSet<T> {
        texts.sort_unstable();
        let mut unread = BTreeSet::new();
        for (kind, bytes, what) in texts {
            match self.left.get_mut(kind) {
                Some(left) if bytes <= *left => *left -= bytes,
                _ => {
                    unread.insert(what);
                }
            }
        }
        unread
    }
}
