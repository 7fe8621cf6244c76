//! Whether a leaf is in a signed tree, by tiles of 256 hashes.
//!
//! The way through: the incomplete tiles at the right edge of a tree ([`Edge`]) lead to its root and are compared with what
//! was signed; the root of a complete tile ([`Tile`]) stands in the tile above it, up to the edge ([`Edge::leads`]).
//!
//! What holds: pure; a tile proves nothing by being kept, since each use compares its root with the tile above, and the last
//! one with the edge of the very checkpoint that is asked about. So a tile may be kept for ever: one that is of another past
//! leads nowhere.
//!
//! Not here: where tiles are kept ([`crate::cache`]), fetching them (`sql`), paths for others ([`crate::bundle`]).
//!
//! Source: RFC 9162 section 2.1.1.

use std::sync::Arc;

use ledger::Hash;
use ledger::tree::{root, root_at, root_nodes};
use sql::LedgerId;
use sql::ledgers::{TileName, Tiles};

/// Hashes of a complete tile.
const TILE: u64 = 256;
/// Levels between two stored ones.
const STORED: u8 = 8;
/// The highest stored level.
const TOP: u8 = 56;

/// A complete tile and the root over it.
#[derive(Debug)]
pub struct Tile {
    hashes: Box<[Hash]>,
    root: Hash,
}

impl Tile {
    /// The tile of these hashes; none unless it is complete.
    ///
    /// - Cost: 255 hashes.
    #[must_use]
    pub fn of(hashes: &[Hash]) -> Option<Self> {
        let is_complete = hashes.len() as u64 == TILE;
        is_complete.then(|| Self { hashes: hashes.into(), root: root(hashes) })
    }

    /// Bytes that it takes, about.
    #[must_use]
    pub fn weight(&self) -> usize {
        size_of::<Self>() + self.hashes.len() * size_of::<Hash>()
    }
}

/// What became of the way from a leaf to the root.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// It leads to the root.
    Proved,
    /// A tile on it is not there.
    Missing,
    /// A hash on it is another one.
    Differs,
}

/// The incomplete tiles at the right edge of a tree: one of each level, which together lead to its root.
#[derive(Debug)]
pub struct Edge {
    size: u64,
    /// By level from 0 in steps of [`STORED`]; empty where the tiles of a level are all complete.
    tiles: Vec<Box<[Hash]>>,
}

/// The incomplete tiles of a tree of `size` leaves, with how many hashes each has.
fn incomplete(size: u64) -> impl Iterator<Item = (u8, u64, usize)> {
    (0..=TOP).step_by(usize::from(STORED)).map(move |level| {
        let count = size >> level;
        (level, count / TILE, usize::try_from(count % TILE).unwrap_or_default())
    })
}

impl Edge {
    /// The tiles that [`Self::of`] needs.
    pub fn names(ledger: LedgerId, size: u64) -> impl Iterator<Item = TileName> {
        let some = incomplete(size).filter(|(_, _, count)| *count > 0);
        some.map(move |(level, tile, _)| TileName { ledger, level, tile })
    }

    /// The edge of the tree of `size` leaves with this root; none if the stored hashes do not lead to it.
    ///
    /// - `tiles`: with those of [`Self::names`].
    #[must_use]
    pub fn of(ledger: LedgerId, size: u64, root: &Hash, tiles: &Tiles) -> Option<Self> {
        let nodes = tiles.nodes(ledger, &root_nodes(size)).ok()?;
        if root_at(size, &nodes).ok()? != *root {
            return None;
        }
        let stored = incomplete(size).map(|(level, tile, count)| {
            let hashes = tiles.get(&TileName { ledger, level, tile }).unwrap_or_default();
            hashes.get(..count).map(Into::into)
        });
        Some(Self { size, tiles: stored.collect::<Option<_>>()? })
    }

    /// Bytes that it takes, about.
    #[must_use]
    pub fn weight(&self) -> usize {
        size_of::<Self>() + self.tiles.iter().map(|tile| 16 + 32 * tile.len()).sum::<usize>()
    }

    /// Whether `leaf` is the hash of the leaf `index` of this tree.
    ///
    /// - `tile`: gives complete tiles, by level and place; those of [`way`].
    pub fn leads(
        &self,
        index: u64,
        leaf: &Hash,
        mut tile: impl FnMut(u8, u64) -> Option<Arc<Tile>>,
    ) -> Way {
        let (mut place, mut hash) = (index, *leaf);
        for (level, edge) in (0..=TOP).step_by(usize::from(STORED)).zip(&self.tiles) {
            let count = self.size >> level;
            if place >= count {
                return Way::Differs;
            }
            let within = usize::try_from(place % TILE).unwrap_or_default();
            if place / TILE == count / TILE {
                let is_same = edge.get(within) == Some(&hash);
                return if is_same { Way::Proved } else { Way::Differs };
            }
            let Some(complete) = tile(level, place / TILE) else { return Way::Missing };
            if complete.hashes.get(within) != Some(&hash) {
                return Way::Differs;
            }
            (place, hash) = (place / TILE, complete.root);
        }
        Way::Differs
    }
}

/// The complete tiles from a leaf up to the edge of a tree of `size` leaves; none if there is no such leaf.
pub fn way(ledger: LedgerId, index: u64, size: u64) -> impl Iterator<Item = TileName> {
    let levels = (0..=TOP).step_by(usize::from(STORED));
    let tiles = levels.map(move |level| (level, (index >> level) / TILE, (size >> level) / TILE));
    let complete = tiles.take_while(move |(_, tile, edge)| index < size && tile < edge);
    complete.map(move |(level, tile, _)| TileName { ledger, level, tile })
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use ledger::hash::leaf;
    use ledger::tree::Frontier;

    use super::*;

    /// A tree in memory with all its tiles.
    struct Tree {
        size: u64,
        stored: HashMap<(u8, u64), Vec<Hash>>,
    }

    fn tree(size: u64) -> Tree {
        let mut frontier = Frontier::new();
        let mut stored: HashMap<(u8, u64), Vec<Hash>> = HashMap::new();
        let mut keep = |level: u8, index: u64, hash: Hash| {
            stored.entry((level, index / TILE)).or_default().push(hash);
        };
        for index in 0..size {
            let hash = leaf(&index.to_be_bytes());
            keep(0, index, hash);
            for subtree in frontier.extend([hash]) {
                keep(subtree.span.level, subtree.span.index, subtree.hash);
            }
        }
        Tree { size, stored }
    }

    impl Tree {
        fn edge(&self) -> Edge {
            let tiles = incomplete(self.size).map(|(level, tile, count)| {
                let hashes = self.stored.get(&(level, tile));
                hashes.map_or(&[][..], |hashes| &hashes[..count]).into()
            });
            Edge { size: self.size, tiles: tiles.collect() }
        }

        fn tile(&self, level: u8, tile: u64) -> Option<Arc<Tile>> {
            Tile::of(self.stored.get(&(level, tile))?).map(Arc::new)
        }
    }

    #[test]
    fn every_leaf_leads_to_the_root_and_no_other_hash_does() {
        for size in [1, 2, 255, 256, 257, 511, 512, 600, 65_536, 65_537, 66_000] {
            let tree = tree(size);
            let edge = tree.edge();
            for index in [0, 1, 255, 256, size / 2, size.saturating_sub(257), size - 1] {
                let index = index.min(size - 1);
                let hash = leaf(&index.to_be_bytes());
                let leads = |hash| edge.leads(index, hash, |level, at| tree.tile(level, at));
                assert_eq!(leads(&hash), Way::Proved, "{index} of {size}");
                assert_eq!(leads(&leaf(b"x")), Way::Differs, "{index} of {size}");
                let names = way(LedgerId(1), index, size).count();
                let missing = edge.leads(index, &hash, |_, _| None);
                assert_eq!(missing == Way::Missing, names > 0, "{index} of {size}");
            }
            let outside = edge.leads(size, &leaf(b"x"), |level, at| tree.tile(level, at));
            assert_eq!(outside, Way::Differs);
        }
    }

    #[test]
    fn a_complete_tile_of_another_past_leads_nowhere() {
        let tree = tree(600);
        let mut hashes = tree.stored[&(0, 1)].clone();
        hashes[9] = leaf(b"another");
        let other = Arc::new(Tile::of(&hashes).unwrap());
        let leads = |index, hash: &Hash| {
            tree.edge().leads(index, hash, |level, at| match (level, at) {
                (0, 1) => Some(other.clone()),
                _ => tree.tile(level, at),
            })
        };
        assert_eq!(leads(265, &leaf(b"another")), Way::Differs);
        assert_eq!(leads(266, &leaf(&266_u64.to_be_bytes())), Way::Differs);
        assert_eq!(leads(9, &leaf(&9_u64.to_be_bytes())), Way::Proved);
    }
}
