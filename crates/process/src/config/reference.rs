//! What each key of the configuration means, from the comments of its types: the one place where that is written.
//!
//! The way through: [`section`] reads the comments of a section's type out of the source that this program was built from;
//! `chopmark init` writes them into the file.
//!
//! What holds: a key that a type has is in its section here, in the order of the type; nothing is said here that the type's
//! comment does not say.
//!
//! Not here: the reference for reading (docs/reference), which is made from the same comments.

/// Sections that `chopmark init` writes: name in a file, source, type.
const SECTIONS: [(&str, &str, &str); 9] = [
    ("[database]", include_str!("database.rs"), "DatabaseSection"),
    ("[log]", include_str!("log.rs"), "LogSection"),
    ("[[ledger]]", include_str!("ledger.rs"), "LedgerSection"),
    ("[ingest]", include_str!("ingest.rs"), "IngestSection"),
    ("[[bridge]]", include_str!("ingest.rs"), "BridgeSection"),
    ("[[partner]]", include_str!("ingest.rs"), "PartnerSection"),
    ("[anchor]", include_str!("anchor.rs"), "AnchorSection"),
    ("[trace_api]", include_str!("trace_api.rs"), "TraceApiSection"),
    ("[firmware_bridge]", include_str!("bridge.rs"), "FirmwareBridgeSection"),
];

/// A key of a section.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// As the file writes it.
    pub name: String,
    /// What it means, its unit, range and default: one paragraph.
    pub about: String,
    /// Whether it must be given.
    pub is_required: bool,
    /// Whether it is a list of sections of its own, `[[trace_api.product]]`.
    pub is_list: bool,
    /// Whether its value is the path of a file or folder, or a list of them.
    pub is_path: bool,
    /// Its default as TOML, if it has one that is a value.
    pub default: Option<String>,
}

/// The keys of a section, in the order of its type; none if the section is not one of those that are written.
///
/// - `name`: as the file writes it, `[ingest]` or `[[ledger]]`.
#[must_use]
pub fn section(name: &str) -> Option<Vec<Key>> {
    let (_, source, of) = SECTIONS.iter().find(|(section, ..)| *section == name)?;
    Some(keys(source, of))
}

/// The fields of the type `of`.
fn keys(source: &str, of: &str) -> Vec<Key> {
    let head = format!("pub struct {of} {{\n");
    let Some((_, behind)) = source.split_once(&head) else { return Vec::new() };
    let body = behind.split("\n}").next().unwrap_or_default();
    let mut found = Vec::new();
    let (mut about, mut has_default, mut renamed) = (String::new(), false, None);
    for line in body.lines().map(str::trim) {
        if let Some(text) = line.strip_prefix("///") {
            let gap = if about.is_empty() { "" } else { " " };
            about = format!("{about}{gap}{}", text.trim());
        } else if let Some(attribute) = line.strip_prefix("#[serde(") {
            has_default |= attribute.contains("default");
            renamed = quoted_after(attribute, "rename = ").or(renamed);
        } else if let Some((name, kind)) =
            line.strip_prefix("pub ").and_then(|field| field.split_once(": "))
        {
            let kind = kind.trim_end_matches(',');
            found.push(Key {
                name: renamed.take().unwrap_or_else(|| name.to_owned()),
                is_required: !has_default,
                is_path: kind.contains("PathBuf"),
                is_list: kind.starts_with("Vec<") && kind.ends_with("Section>"),
                default: default(&about, kind).filter(|_| has_default),
                about: std::mem::take(&mut about),
            });
            has_default = false;
        }
    }
    found
}

fn quoted_after(text: &str, mark: &str) -> Option<String> {
    let behind = text.split_once(mark)?.1.strip_prefix('"')?;
    Some(behind.split('"').next()?.to_owned())
}

/// The value that the sentence "Default: …" of a comment names, for a field of this type.
fn default(about: &str, kind: &str) -> Option<String> {
    let said = about.split_once("Default: ")?.1;
    let value = match said.strip_prefix('`') {
        Some(ticked) => ticked.split('`').next().unwrap_or_default(),
        None => said.split([' ', ';', ',']).next().unwrap_or_default().trim_end_matches('.'),
    };
    let is_number = !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit());
    match kind {
        "bool" => Some((value == "true" || value == "yes").to_string()),
        _ if kind.starts_with("Vec<") => Some("[]".to_owned()),
        _ if kind.starts_with("Option<") => None,
        "String" | "PathBuf" | "SocketAddr" | "LogFormat" | "LedgerKind" => {
            Some(format!("\"{value}\""))
        }
        _ => is_number.then(|| value.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::config::Installation;

    #[test]
    fn every_key_of_every_section_is_found_with_its_comment() {
        for (name, ..) in SECTIONS {
            let keys = section(name).unwrap();
            assert!(keys.len() >= 3, "{name}: {keys:?}");
            for key in &keys {
                assert!(key.about.len() > 10 && key.about.contains(' '), "{name} {key:?}");
            }
            // An unknown key makes the reader name all that it knows.
            let wrong = format!("{name}\nno_such_key = 1\n");
            let found = Installation::parse(Path::new("x"), &wrong).unwrap_err().to_string();
            for key in &keys {
                assert!(found.contains(&format!("`{}`", key.name)), "{name} {}: {found}", key.name);
            }
            let known = found.split("expected one of ").nth(1).unwrap().lines().next().unwrap();
            let known = known.split(';').next().unwrap();
            assert_eq!(known.matches('`').count(), 2 * keys.len(), "{name}: {known}");
        }
        assert_eq!(section("[none]"), None);
    }

    #[test]
    fn a_default_that_a_comment_names_is_the_default() {
        let mut count = 0;
        for (name, ..) in SECTIONS {
            let keys = section(name).unwrap();
            let with: Vec<String> = keys
                .iter()
                .filter_map(|key| Some(format!("{} = {}", key.name, key.default.as_ref()?)))
                .collect();
            count += with.len();
            // Only the keys that must be given are missed: every default is of the right type.
            let text = format!("{name}\n{}\n", with.join("\n"));
            let found = Installation::parse(Path::new("x"), &text);
            let found = found.map_or_else(|problems| problems.to_string(), |_| String::new());
            let others: Vec<&str> =
                found.lines().filter(|line| !line.contains("missing field")).collect();
            assert!(others.is_empty(), "{others:?}\n{text}");
        }
        assert!(count > 30, "{count}");
    }
}
