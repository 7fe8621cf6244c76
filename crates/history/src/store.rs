//! Values that are kept for later, bounded in bytes.
//!
//! What holds: what is kept never weighs more than the limit; a value that is used again outlives those that are not. When the
//! young half is full it becomes the old half, and what was not used while it was old is dropped.
//!
//! Not here: what is kept, and whether it may be used ([`crate::cache`]).

use std::collections::HashMap;
use std::collections::hash_map::RandomState;
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

/// The two halves of one part.
#[derive(Debug)]
struct Part<K, V> {
    young: HashMap<K, (Arc<V>, usize)>,
    old: HashMap<K, (Arc<V>, usize)>,
    young_bytes: usize,
    old_bytes: usize,
}

/// Values by key.
#[derive(Debug)]
pub struct Store<K, V> {
    parts: Vec<Mutex<Part<K, V>>>,
    /// Bytes of one half of one part.
    half: usize,
    hasher: RandomState,
    hits: AtomicU64,
    misses: AtomicU64,
}

impl<K: Hash + Eq + Clone, V> Part<K, V> {
    fn put(&mut self, key: K, value: Arc<V>, bytes: usize, half: usize) {
        if let Some((_, bytes)) = self.old.remove(&key) {
            self.old_bytes -= bytes;
        }
        if let Some((_, bytes)) = self.young.remove(&key) {
            self.young_bytes -= bytes;
        }
        if bytes > half {
            return;
        }
        if self.young_bytes + bytes > half {
            self.old = std::mem::take(&mut self.young);
            self.old_bytes = std::mem::take(&mut self.young_bytes);
        }
        self.young_bytes += bytes;
        self.young.insert(key, (value, bytes));
    }

    fn get(&mut self, key: &K, half: usize) -> Option<Arc<V>> {
        if let Some((value, _)) = self.young.get(key) {
            return Some(value.clone());
        }
        let (value, bytes) = self.old.get(key).cloned()?;
        self.put(key.clone(), value.clone(), bytes, half);
        Some(value)
    }
}

impl<K: Hash + Eq + Clone, V> Store<K, V> {
    /// An empty store.
    ///
    /// - `limit`: most bytes; 0 keeps nothing.
    #[must_use]
    pub fn new(limit: usize) -> Self {
        let part =
            || Part { young: HashMap::new(), old: HashMap::new(), young_bytes: 0, old_bytes: 0 };
        Self {
            parts: (0..PARTS).map(|_| Mutex::new(part())).collect(),
            half: limit / PARTS / 2,
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
        let found = self.with(key, |part| part.get(key, self.half)).flatten();
        let found = found.filter(|value| is_right(value));
        let counter = if found.is_some() { &self.hits } else { &self.misses };
        counter.fetch_add(1, Ordering::Relaxed);
        found
    }

    /// The value of `key`, if it is there, for whoever is about to replace it: no use of it is counted.
    pub fn peek(&self, key: &K) -> Option<Arc<V>> {
        self.with(key, |part| part.get(key, self.half)).flatten()
    }

    /// Keeps a value, if it is not heavier than what one part may hold.
    ///
    /// - `bytes`: what it weighs.
    pub fn put(&self, key: K, value: Arc<V>, bytes: usize) {
        // The entry itself: key, pointer, weight, and room in the table.
        let bytes = bytes + 2 * (size_of::<K>() + 32);
        let name = key.clone();
        self.with(&name, |part| part.put(key, value, bytes, self.half));
    }

    /// Forgets all values.
    pub fn clear(&self) {
        for part in &self.parts {
            let mut part = part.lock().unwrap_or_else(PoisonError::into_inner);
            (part.young, part.old) = (HashMap::new(), HashMap::new());
            (part.young_bytes, part.old_bytes) = (0, 0);
        }
    }

    /// What it was asked for and what it holds.
    #[must_use]
    pub fn usage(&self) -> Usage {
        let bytes: usize = self
            .parts
            .iter()
            .map(|part| {
                let part = part.lock().unwrap_or_else(PoisonError::into_inner);
                part.young_bytes + part.old_bytes
            })
            .sum();
        Usage {
            hits: self.hits.load(Ordering::Relaxed),
            misses: self.misses.load(Ordering::Relaxed),
            bytes: bytes as u64,
            limit: (self.half * 2 * PARTS) as u64,
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
        assert!(usage.bytes > usage.limit / 4, "{usage:?}");
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
    fn a_value_too_heavy_for_it_is_not_kept() {
        let store = Store::new(PARTS * 40 * WEIGHT);
        store.put(1, Arc::new(()), 100 * WEIGHT);
        assert_eq!(store.usage().bytes, 0);
        let nothing: Store<u64, ()> = Store::new(0);
        nothing.put(1, Arc::new(()), 0);
        assert!(nothing.get(&1, |()| true).is_none());
    }
}
