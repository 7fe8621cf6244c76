//! What a message of an unknown maker has in it, as a mapping would name it.
//!
//! What holds: if the message has an array of reads, the pointers into it start at one read, as `mapping.each` makes
//! them; a pointer with `/0` would read only the first and leave the others out without a word.
//!
//! Source: [`devices::reader::mapped_json`], whose pointers these are.

use serde_json::Value;

/// The members of a message.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Members {
    /// The array that most probably is that of the reads, for `mapping.each`.
    pub each: Option<String>,
    /// Pointers to texts and numbers, in their order: into one read, or with `^` into the message around it.
    pub pointers: Vec<String>,
}

/// The members of a message; at most `most` pointers, those of one read first.
#[must_use]
pub fn members(payload: &[u8], most: usize) -> Members {
    let Ok(message) = serde_json::from_slice::<Value>(payload) else { return Members::default() };
    // Each element of an array is a read by itself.
    let read = match &message {
        Value::Array(elements) => elements.first().unwrap_or(&Value::Null),
        other => other,
    };
    let mut arrays = Vec::new();
    arrays_of("", read, &mut arrays);
    let like_reads = arrays.iter().find(|(_, first)| has_bank(first));
    let chosen = like_reads.or_else(|| arrays.iter().find(|(_, first)| first.is_object()));
    let mut found = Members::default();
    if let Some((at, first)) = chosen {
        add("", first, most, None, &mut found.pointers);
        let mut around = Vec::new();
        add("", read, most, Some(at), &mut around);
        found.pointers.extend(around.iter().map(|pointer| format!("^{pointer}")));
        found.pointers.truncate(most);
        found.each = Some(at.clone());
    } else {
        add("", read, most, None, &mut found.pointers);
    }
    found
}

/// Every array outside of other arrays, with its first element.
fn arrays_of<'a>(at: &str, value: &'a Value, found: &mut Vec<(String, &'a Value)>) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                arrays_of(&format!("{at}/{}", token(name)), value, found);
            }
        }
        Value::Array(elements) => {
            found.extend(elements.first().map(|first| (at.to_owned(), first)));
        }
        _ => {}
    }
}

/// Whether it is, or has, a text that a memory bank in hex could be.
fn has_bank(value: &Value) -> bool {
    match value {
        Value::String(text) => {
            let is_hex = text.bytes().all(|byte| byte.is_ascii_hexdigit());
            is_hex && text.len() >= 16 && text.len().is_multiple_of(4)
        }
        Value::Object(members) => members.values().any(has_bank),
        _ => false,
    }
}

/// Adds pointers to the texts and numbers of `value`, of each array the first, but not of that at `without`.
fn add(at: &str, value: &Value, most: usize, without: Option<&str>, found: &mut Vec<String>) {
    match value {
        _ if found.len() >= most || without == Some(at) => {}
        Value::Object(members) => {
            for (name, value) in members {
                add(&format!("{at}/{}", token(name)), value, most, without, found);
            }
        }
        Value::Array(elements) => {
            if let Some(first) = elements.first() {
                add(&format!("{at}/0"), first, most, without, found);
            }
        }
        Value::Null | Value::Bool(_) => {}
        _ => found.push(at.to_owned()),
    }
}

/// A name as a part of a pointer.
fn token(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

#[cfg(test)]
mod tests {
    use devices::message::{Format as _, Message};
    use devices::reader::mapped_json::{MappedJson, Mapping};
    use jiff::Timestamp;

    use super::*;

    fn found(text: &str) -> (Option<String>, Vec<String>) {
        let Members { each, pointers } = members(text.as_bytes(), 9);
        (each, pointers)
    }

    fn listed(each: Option<&str>, pointers: &[&str]) -> (Option<String>, Vec<String>) {
        (each.map(str::to_owned), pointers.iter().map(|&pointer| pointer.to_owned()).collect())
    }

    #[test]
    fn members_are_listed_as_pointers_that_a_mapping_takes() {
        let message = r#"{"at":1,"tags":[{"epc":"30","a/b":"x","none":null},{"epc":"31"}]}"#;
        assert_eq!(found(message), listed(Some("/tags"), &["/a~1b", "/epc", "^/at"]));
        assert_eq!(members(message.as_bytes(), 2).pointers, ["/a~1b", "/epc"]);
        assert_eq!(found(r#"{"epc":"30","n":{"r":-5}}"#), listed(None, &["/epc", "/n/r"]));
        assert_eq!(found(r#"[{"epc":"30"},{"epc":"31"}]"#), listed(None, &["/epc"]));
        assert_eq!(found(r#"{"tags":[]}"#), listed(None, &[]));
        assert_eq!(found("[{"), listed(None, &[]));
        let bank = "3074257BF7194E4000001A85";
        let two = format!(r#"{{"a":[{{"x":1}}],"b":{{"c":[{{"e":"{bank}","p":[1,2]}}]}}}}"#);
        assert_eq!(found(&two), listed(Some("/b/c"), &["/e", "/p/0", "^/a/0/x"]));
        let texts = format!(r#"{{"tags":["{bank}"],"ports":[1,2]}}"#);
        assert_eq!(found(&texts), listed(Some("/tags"), &["", "^/ports/0"]));
    }

    #[test]
    fn a_mapping_of_what_is_listed_reads_every_tag_of_the_message() {
        let (a, b) = ("3074257BF7194E4000001A85", "3074257BF7194E4000001A86");
        for (message, epc) in [
            (format!(r#"{{"tags":[{{"id":"{a}"}},{{"id":"{b}"}}]}}"#), "/id"),
            (format!(r#"{{"tags":["{a}","{b}"]}}"#), ""),
            (format!(r#"[{{"id":"{a}"}},{{"id":"{b}"}}]"#), "/id"),
        ] {
            let Members { each, pointers } = members(message.as_bytes(), 9);
            assert!(pointers.iter().any(|pointer| pointer == epc), "{message}");
            let mut mapping: Mapping = toml::from_str(&format!("epc = \"{epc}\"")).unwrap();
            mapping.each = each;
            let (topic, payload, at) = ("t", message.as_bytes(), Timestamp::UNIX_EPOCH);
            let message = Message { topic, payload, is_retained: false, at };
            let data = MappedJson::new(topic, mapping).take(&message).unwrap();
            assert_eq!(data.reads.len(), 2);
        }
    }
}
