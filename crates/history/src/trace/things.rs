//! The things of a trace, each once, by a number.

use std::collections::HashMap;

/// Number of a thing.
pub(super) type Thing = u32;

/// The things that events name.
#[derive(Debug, Default)]
pub(super) struct Things {
    numbers: HashMap<String, Thing>,
    names: Vec<String>,
    keys: Vec<i64>,
}

impl Things {
    /// The number of a thing; every spelling has the same.
    pub(super) fn of(&mut self, uri: &str) -> Thing {
        let key = epc::thing_key(uri);
        if let Some(known) = self.numbers.get(&key) {
            return *known;
        }
        let number = Thing::try_from(self.names.len()).unwrap_or(Thing::MAX);
        self.keys.push(sql::items::key_of_thing(&key));
        self.numbers.insert(key, number);
        self.names.push(uri.to_owned());
        number
    }

    /// The first spelling that was seen.
    pub(super) fn name(&self, thing: Thing) -> &str {
        usize::try_from(thing).ok().and_then(|at| self.names.get(at)).map_or("", |name| name)
    }

    /// The key under which the projection has it.
    pub(super) fn key(&self, thing: Thing) -> i64 {
        usize::try_from(thing).ok().and_then(|at| self.keys.get(at)).copied().unwrap_or_default()
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.names.len()
    }
}
