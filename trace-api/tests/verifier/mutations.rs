//! Bundles changed at random, the same in every run: members deleted, duplicated, renamed, reordered, replaced,
//! exchanged, of other types, lengths and cases; and bytes and bits changed.

use ledger::json::{self, Json, Limits};

/// Numbers that are the same in every run.
pub struct Numbers(pub u64);

impl Numbers {
    /// A number below `limit`.
    pub fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).unwrap() % limit
    }

    fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len())]
    }

    /// A changed copy of a bundle.
    pub fn mutant(&mut self, original: &[u8]) -> Vec<u8> {
        if self.below(8) == 0 {
            return self.change_bytes(original);
        }
        let mut json = json::parse(original, &Limits::default()).unwrap();
        for _ in 0..=self.below(3) {
            self.change(&mut json);
        }
        let text = if self.below(10) == 0 { unsorted(&json) } else { json.canonical() };
        if self.below(20) == 0 { self.change_bytes(text.as_bytes()) } else { text.into_bytes() }
    }

    fn change_bytes(&mut self, original: &[u8]) -> Vec<u8> {
        let mut bytes = original.to_vec();
        let place = self.below(bytes.len());
        match self.below(6) {
            0..=2 => bytes[place] ^= 1 << self.below(8),
            3 => drop(bytes.remove(place)),
            4 => bytes.insert(place, *self.pick(b" \n\0\"\\,:[]{}0aA\xff\xef")),
            _ => bytes.truncate(place),
        }
        bytes
    }

    /// Changes one place of the tree.
    fn change(&mut self, json: &mut Json) {
        let mut places = Vec::new();
        // Places near the top are few; half of the changes go there.
        let deepest = if self.below(2) == 0 { 4 } else { usize::MAX };
        collect(json, &mut Vec::new(), deepest, &mut places);
        let place = self.pick(&places).clone();
        let source = self.pick(&places).clone();
        let other = at(json, &source).clone();
        match self.below(12) {
            0 | 1 => remove(json, &place),
            2 => self.duplicate(json, &place),
            3 => self.rename(json, &place),
            4 => self.reorder(at(json, &place)),
            5 | 6 => *at(json, &place) = self.value(),
            7 | 8 => self.retype(at(json, &place)),
            9 => *at(json, &place) = other,
            10 => self.exchange(json, &places, &place),
            _ => self.near(at(json, &place)),
        }
    }

    fn duplicate(&mut self, json: &mut Json, place: &[usize]) {
        let Some((last, parent)) = place.split_last() else { return };
        match at(json, parent) {
            Json::Array(items) => {
                let to = self.below(items.len() + 1);
                items.insert(to, items[*last].clone());
            }
            Json::Object(members) => {
                let mut copy = members[*last].clone();
                if self.below(2) == 0 {
                    copy.1 = self.value();
                }
                members.push(copy);
            }
            _ => {}
        }
    }

    fn rename(&mut self, json: &mut Json, place: &[usize]) {
        const NAMES: &[&str] = &[
            "",
            "hub",
            "anchor",
            "of",
            "path",
            "name",
            "digest",
            "elements",
            "value",
            "salt",
            "item",
            "count",
            "index",
            "records",
            "directory",
            "__proto__",
            "constructor",
            "\u{feff}item",
            "Item",
            "\u{1f600}",
        ];
        let Some((last, parent)) = place.split_last() else { return };
        if let Json::Object(members) = at(json, parent) {
            let name = &mut members[*last].0;
            match self.below(3) {
                0 => *name = name.to_uppercase(),
                1 => name.push(*self.pick(&['s', ' ', '\0', '\u{200b}'])),
                _ => (*self.pick(NAMES)).clone_into(name),
            }
        }
    }

    fn reorder(&mut self, json: &mut Json) {
        match json {
            Json::Array(items) if items.len() > 1 => {
                let (one, other) = (self.below(items.len()), self.below(items.len()));
                items.swap(one, other);
            }
            Json::Object(members) => members.reverse(),
            _ => {}
        }
    }

    /// Another value of any type.
    fn value(&mut self) -> Json {
        const NUMBERS: &[&str] = &[
            "0",
            "1",
            "-1",
            "-0",
            "1.0",
            "1e0",
            "0.5",
            "9007199254740991",
            "9007199254740992",
            "9007199254740993",
            "18446744073709551615",
            "18446744073709551616",
            "1e400",
        ];
        const STRINGS: &[&str] = &[
            "",
            "0",
            "00",
            "item",
            "container",
            "null",
            "\0",
            "\u{2028}",
            "\u{feff}",
            "\u{202e}",
            "\u{1f600}",
            "\"",
            "{}",
            "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=",
            "chopmark.org/bundle@v2",
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        ];
        match self.below(8) {
            0 | 1 => Json::Null,
            2 => Json::Bool(self.below(2) == 0),
            3 | 4 => Json::Number((*self.pick(NUMBERS)).to_owned()),
            5 => Json::String((*self.pick(STRINGS)).to_owned()),
            6 => Json::Array(Vec::new()),
            _ => Json::Object(Vec::new()),
        }
    }

    /// The same value in another type or spelling.
    fn retype(&mut self, json: &mut Json) {
        let old = json.clone();
        *json = match old {
            Json::Number(digits) if self.below(2) == 0 => Json::String(digits),
            Json::Number(digits) => {
                Json::Number(format!("{digits}{}", self.pick(&[".0", "e0", "0"])))
            }
            Json::String(text) => match self.below(6) {
                0 => Json::String(text.to_uppercase()),
                1 => Json::String(format!(
                    "{text}{}",
                    self.pick(&[" ", "\n", "0", "00", "=", "\u{85}"])
                )),
                2 => Json::String(format!("{}{text}", self.pick(&[" ", "0x", "00", "\u{feff}"]))),
                3 => {
                    Json::Number(if text.is_empty() { "0".into() } else { text.len().to_string() })
                }
                4 => Json::Array(
                    text.chars().take(70).map(|c| Json::from(c.to_string().as_str())).collect(),
                ),
                _ => Json::Array(vec![Json::String(text)]),
            },
            Json::Array(items) => match self.below(3) {
                0 => {
                    let named = items.into_iter().enumerate();
                    Json::Object(named.map(|(place, item)| (place.to_string(), item)).collect())
                }
                1 => items.into_iter().next().unwrap_or(Json::Null),
                _ => Json::Array(vec![Json::Array(items)]),
            },
            Json::Object(members) if self.below(2) == 0 => {
                Json::Array(members.into_iter().map(|(_, value)| value).collect())
            }
            other => Json::Array(vec![other]),
        };
    }

    /// A value that differs a little: one character or digit, or the length.
    fn near(&mut self, json: &mut Json) {
        match json {
            Json::Number(digits) => {
                if let Ok(number) = digits.parse::<u64>() {
                    *digits = match self.below(3) {
                        0 => number.saturating_add(1),
                        1 => number.saturating_sub(1),
                        _ => number ^ 1 << self.below(53),
                    }
                    .to_string();
                }
            }
            Json::String(text) if !text.is_empty() => {
                let mut characters: Vec<char> = text.chars().collect();
                let place = self.below(characters.len());
                match self.below(4) {
                    0 => drop(characters.remove(place)),
                    1 => characters.insert(place, characters[place]),
                    2 => characters.truncate(place),
                    _ => {
                        characters[place] =
                            *self.pick(&['0', 'f', 'A', '\n', ' ', '+', '—', '\u{2028}', '"']);
                    }
                }
                *text = characters.into_iter().collect();
            }
            Json::Array(items) if !items.is_empty() => items.truncate(self.below(items.len())),
            Json::Object(members) if !members.is_empty() => {
                members.truncate(self.below(members.len()));
            }
            other => *other = self.value(),
        }
    }

    /// Exchanges the values of two places, of one type if such are found.
    fn exchange(&mut self, json: &mut Json, places: &[Vec<usize>], place: &[usize]) {
        for _ in 0..20 {
            let other = self.pick(places).clone();
            let is_inside = other.starts_with(place) || place.starts_with(&other);
            let (mine, theirs) = (at(json, place).clone(), at(json, &other).clone());
            if !is_inside && mine != theirs && kind(&mine) == kind(&theirs) {
                *at(json, place) = theirs;
                *at(json, &other) = mine;
                return;
            }
        }
    }
}

fn remove(json: &mut Json, place: &[usize]) {
    let Some((last, parent)) = place.split_last() else { return };
    match at(json, parent) {
        Json::Array(items) => drop(items.remove(*last)),
        Json::Object(members) => drop(members.remove(*last)),
        _ => {}
    }
}

fn kind(json: &Json) -> std::mem::Discriminant<Json> {
    std::mem::discriminant(json)
}

/// Every place below a value, as the numbers of members and elements on the way.
fn collect(json: &Json, way: &mut Vec<usize>, deepest: usize, places: &mut Vec<Vec<usize>>) {
    places.push(way.clone());
    if way.len() >= deepest {
        return;
    }
    let children: Vec<&Json> = match json {
        Json::Array(items) => items.iter().collect(),
        Json::Object(members) => members.iter().map(|(_, value)| value).collect(),
        _ => Vec::new(),
    };
    for (number, child) in children.into_iter().enumerate() {
        way.push(number);
        collect(child, way, deepest, places);
        way.pop();
    }
}

fn at<'a>(json: &'a mut Json, place: &[usize]) -> &'a mut Json {
    place.iter().fold(json, |json, number| match json {
        Json::Array(items) => &mut items[*number],
        Json::Object(members) => &mut members[*number].1,
        other => other,
    })
}

/// The text with members in the order in which they are.
fn unsorted(json: &Json) -> String {
    match json {
        Json::Array(items) => {
            let items: Vec<String> = items.iter().map(unsorted).collect();
            format!("[{}]", items.join(","))
        }
        Json::Object(members) => {
            let name = |name: &str| Json::from(name).canonical();
            let members: Vec<String> = members
                .iter()
                .map(|(text, value)| format!("{}:{}", name(text), unsorted(value)))
                .collect();
            format!("{{{}}}", members.join(","))
        }
        other => other.canonical(),
    }
}
