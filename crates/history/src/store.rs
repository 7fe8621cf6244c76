//! Values that are kept for later, bounded in bytes.
//!
//! What holds: what is kept never weighs more than the limit, and nothing is dropped while there is room; a value that is used again outlives
//! those that are not. When there is no room, values are looked at in the order in which they came: one that was used since it was last
//! looked at goes to the end, the others are dropped (second chance, also called CLOCK).
//!
//! Not here: what is kept, and whether it may be used ([`crate::cache`]).

use std::collections::hash_map::RandomState;
use std::collections::{HashMap, VecDeque};
use std::hash::{BuildHasher as _, Hash};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// Parts with a lock each.
const PARTS: usize = 16;

/// What a store was asked for, and what it holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Usage {
    /// Times that a value was there.
    pub hits: u64,
    /// Times that none was there, or that it was not the right one any more.
    pub misses: u64,
    /// Bytes that are held, about.
    pub bytes: u64,
    /// Most bytes that are held.
    pub limit: u64,
}

/// A value that is kept.
#[derive(Debug)]
struct Held<V> {
    value: Arc<V>,
    bytes: usize,
    /// Whether it was used since it was last looked at for dropping.
    is_used: bool,
}

/// The values of one part.
#[derive(Debug)]
struct Part<K, V> {
    held: HashMap<K, Held<V>>,
    /// The keys of all of them, each once, in the order in which they are looked at for dropping.
    order: VecDeque<K>,
    bytes: usize,
}

/// Values by key.
#[derive(Debug)]
pub struct Store<K, V> {
    parts: Vec<Mutex<Part<K, V>>>,
    /// Most bytes of one part.
    limit: usize,
    hasher: RandomState,
    hits: AtomicU64,
    misses: AtomicU64,
}

impl<K: Hash + Eq + Clone, V> Part<K, V> {
    fn new() -> Self {
        Self { held: HashMap::new(), order: VecDeque::new(), bytes: 0 }
    }

    fn put(&mut self, key: K, value: Arc<V>, bytes: usize, limit: usize) {
        if bytes > limit {
            if let Some(before) = self.held.remove(&key) {
                self.bytes -= before.bytes;
                self.order.retain(|one| *one != key);
            }
            return;
        }
        self.bytes += bytes;
        if let Some(held) = self.held.get_mut(&key) {
            self.bytes -= held.bytes;
            (held.value, held.bytes) = (value, bytes);
        } else {
            self.held.insert(key.clone(), Held { value, bytes, is_used: false });
            self.order.push_back(key);
        }
        self.make_room(limit);
    }

    /// Drops what was not used since it was last looked at, until the limit is kept.
    fn make_room(&mut self, limit: usize) {
        while self.bytes > limit {
            let Some(key) = self.order.pop_front() else { return };
            let Some(held) = self.held.get_mut(&key) else { continue };
            if std::mem::take(&mut held.is_used) {
                self.order.push_back(key);
                continue;
            }
            self.bytes -= held.bytes;
            self.held.remove(&key);
        }
    }

    fn get(&mut self, key: &K) -> Option<Arc<V>> {
        let held = self.held.get_mut(key)?;
        held.is_used = true;
        Some(held.value.clone())
    }
}

impl<K: Hash + Eq + Clone, V> Store<K, V> {
    /// An empty store.
    ///
    /// - `limit`: most bytes; 0 keeps nothing.
    #[must_use]
    pub fn new(limit: usize) -> Self {
        Self {
            parts: (0..PARTS).map(|_| Mutex::new(Part::new())).collect(),
            limit: limit / PARTS,
            hasher: RandomState::new(),
            hits: AtomicU64::new(0),
            misses: AtomicU64::new(0),
        }
    }

    fn with<T>(&self, key: &K, work: impl FnOnce(&mut Part<K, V>) -> T) -> Option<T> {
        let number = usize::try_from(self.hasher.hash_one(key)).unwrap_or_default() % PARTS;
        let part = self.parts.get(number)?;
        Some(work(&mut part.lock().unwrap_or_else(PoisonError::into_inner)))
    }

    /// The value of `key`, if it is there and `is_right` says that it may be used.
    pub fn get(&self, key: &K, is_right: impl FnOnce(&V) -> bool) -> Option<Arc<V>> {
        let found = self.with(key, |part| part.get(key)).flatten();
        let found = found.filter(|value| is_right(value));
        let counter = if found.is_some() { &self.hits } else { &self.misses };
        counter.fetch_add(1, Ordering::Relaxed);
        found
    }

    /// The value of `key`, if it is there, for whoever replaces it or adds to it: that is no use of it.
    pub fn peek(&self, key: &K) -> Option<Arc<V>> {
        self.with(key, |part| part.held.get(key).map(|held| held.value.clone())).flatten()
    }

    /// Keeps a value, if it is not heavier than what one part may hold.
    ///
    /// - `bytes`: what it weighs.
    pub fn put(&self, key: K, value: Arc<V>, bytes: usize) {
        // The entry itself: key, pointer, weight, and room in the table.
        let bytes = bytes + 2 * (size_of::<K>() + 32);
        let name = key.clone();
        self.with(&name, |part| part.put(key, value, bytes, self.limit));
    }

    /// Forgets all values.
    pub fn clear(&self) {
        for part in &self.parts {
            *part.lock().unwrap_or_else(PoisonError::into_inner) = Part::new();
        }
    }

    /// What it was asked for and what it holds.
    #[must_use]
    pub fn usage(&self) -> Usage {
        let bytes: usize = self
            .parts
            .iter()
            .map(|part| part.lock().unwrap_or_else(PoisonError::into_inner).bytes)
            .sum();
        Usage {
            hits: self.hits.load(Ordering::Relaxed),
            misses: self.misses.load(Ordering::Relaxed),
            bytes: bytes as u64,
            limit: (self.limit * PARTS) as u64,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WEIGHT: usize = 1000;

    #[test]
    fn it_never_holds_more_than_its_limit_and_keeps_what_is_used() {
        let store = Store::new(PARTS * 40 * WEIGHT);
        for number in 0..10_000_u64 {
            store.put(number, Arc::new(number), WEIGHT);
            assert_eq!(store.get(&0, |_| true).as_deref(), Some(&0), "{number}");
            let usage = store.usage();
            assert!(usage.bytes <= usage.limit, "{usage:?}");
        }
        let usage = store.usage();
        assert!(usage.bytes > usage.limit * 9 / 10, "{usage:?}");
        assert!(store.get(&1, |_| true).is_none(), "it was not used");
        assert_eq!((store.usage().hits, store.usage().misses), (10_000, 1));
    }

    #[test]
    fn a_value_that_is_not_right_is_not_given() {
        let store = Store::new(PARTS * 40 * WEIGHT);
        store.put(1, Arc::new("old"), WEIGHT);
        assert!(store.get(&1, |value| *value == "new").is_none());
        store.put(1, Arc::new("new"), WEIGHT);
        assert_eq!(store.get(&1, |value| *value == "new").as_deref(), Some(&"new"));
        let one = store.usage().bytes;
        store.put(1, Arc::new("new"), WEIGHT);
        assert_eq!(store.usage().bytes, one, "one value of a key");
    }

    #[test]
    fn what_fits_is_all_kept_however_often_it_is_walked_through() {
        // A part has room for 400, and of 3,200 values over 16 parts none has more than 280.
        let store = Store::new(PARTS * 400 * WEIGHT);
        for round in 0..3 {
            for number in 0..3200_u64 {
                let found = store.get(&number, |_| true);
                assert_eq!(found.is_some(), round > 0, "{number} in round {round}");
                store.put(number, Arc::new(number), WEIGHT);
            }
        }
        assert_eq!(store.usage().misses, 3200);
    }

    #[test]
    fn who_peeks_does_not_use_a_value() {
        let store = Store::new(PARTS * 40 * WEIGHT);
        for number in 0..10_000_u64 {
            store.put(number, Arc::new(number), WEIGHT);
            // The first is used, the second only looked at, as long as each is there.
            assert!(store.get(&0, |_| true).is_some());
            store.peek(&1);
        }
        assert!(store.peek(&0).is_some() && store.peek(&1).is_none());
        assert_eq!((store.usage().hits, store.usage().misses), (10_000, 0));
    }

    #[test]
    fn a_value_that_became_too_heavy_is_dropped_and_can_come_back() {
        let store = Store::new(PARTS * 40 * WEIGHT);
        for _ in 0..100 {
            store.put(1, Arc::new("light"), WEIGHT);
            store.put(1, Arc::new("heavy"), 100 * WEIGHT);
            assert!(store.get(&1, |_| true).is_none());
        }
        store.put(1, Arc::new("light"), WEIGHT);
        assert_eq!(store.get(&1, |_| true).as_deref(), Some(&"light"));
        let one = store.usage().bytes;
        for number in 2..10_000_u64 {
            store.put(number, Arc::new("other"), WEIGHT);
        }
        let usage = store.usage();
        assert!(one < usage.bytes && usage.bytes <= usage.limit, "{usage:?}");
    }

    #[test]
    fn a_value_too_heavy_for_it_is_not_kept() {
        let store = Store::new(PARTS * 40 * WEIGHT);
        store.put(1, Arc::new(()), 100 * WEIGHT);
        assert_eq!(store.usage().bytes, 0);
        let nothing: Store<u64, ()> = Store::new(0);
        nothing.put(1, Arc::new(()), 0);
        assert!(nothing.get(&1, |()| true).is_none());
    }
}
