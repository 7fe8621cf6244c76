//! A page of the reference: sections with a table of keys, made from the comments of the types.
//!
//! The way through: [`Page::section`] adds a type, [`Page::finish`] gives the text and what is wrong with the comments.
//!
//! What holds: a key without a comment, or one that may be left out and whose comment has no `Default:`, is a fault; so is
//! a default of the comment that is not the default of the code.

use std::fmt::Write as _;

use super::source::{Field, Source, Type, Variant};

/// A file with types.
pub struct Known {
    /// Its path.
    pub path: &'static str,
    /// The last part of its name, before which types of one name differ: `r200::Region`.
    pub module: &'static str,
    /// What is in it.
    pub source: Source,
}

/// A type that has a section of its own.
pub struct Link {
    /// The type, as members write it.
    pub name: &'static str,
    /// What the table says, as Markdown.
    pub text: &'static str,
}

/// A page that is being written.
pub struct Page<'k> {
    known: &'k [Known],
    links: &'k [Link],
    text: String,
    faults: Vec<String>,
}

/// A comment without its fenced blocks, and the blocks.
fn split_doc(doc: &str) -> (String, String) {
    let (mut prose, mut fenced) = (String::new(), String::new());
    let mut is_inside = false;
    for line in doc.lines() {
        let is_fence = line.trim_start().starts_with("```");
        let out = if is_inside || is_fence { &mut fenced } else { &mut prose };
        out.push_str(line);
        out.push('\n');
        is_inside ^= is_fence;
    }
    (prose.trim().to_owned(), fenced)
}

/// What stands behind `Default:`, up to the end of its sentence, and the comment without it.
fn split_default(doc: &str) -> (Option<String>, String) {
    let Some(begin) = doc.find("Default: ") else { return (None, doc.to_owned()) };
    let value = &doc[begin + "Default: ".len()..];
    let end = value
        .match_indices(". ")
        .map(|(at, _)| at)
        .find(|at| {
            value[at + 2..]
                .starts_with(|c: char| c.is_uppercase() || c == '`' || c.is_ascii_digit())
        })
        .unwrap_or(value.trim_end_matches('.').len());
    let rest = value.get(end + 1..).unwrap_or_default().trim();
    let what = format!("{} {rest}", doc[..begin].trim());
    (Some(value[..end].to_owned()), what.trim().to_owned())
}

/// An anchor of GitHub's for a heading.
pub fn anchor(heading: &str) -> String {
    let kept = heading.chars().filter(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | ' '));
    kept.map(|c| if c == ' ' { '-' } else { c.to_ascii_lowercase() }).collect()
}

/// One line of prose of a comment of several.
fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

impl<'k> Page<'k> {
    /// A page with this text above its first section.
    pub fn new(known: &'k [Known], links: &'k [Link], introduction: &str) -> Self {
        Self { known, links, text: introduction.to_owned(), faults: Vec::new() }
    }

    /// A type by the name that is written for it: `Region`, `mercury::Region`.
    fn find(&self, written: &str) -> Option<&'k Type> {
        let (module, name) = written.rsplit_once("::").unwrap_or(("", written));
        let mut sources = self.known.iter().filter(|it| module.is_empty() || it.module == module);
        sources.find_map(|known| known.source.find(name))
    }

    /// Adds the section of a type, or of a variant of a type (`Conclusion::pack`).
    pub fn section(&mut self, heading: &str, path: &str, name: &str) {
        let known = self.known.iter().find(|known| known.path == path);
        let known = known.unwrap_or_else(|| panic!("{path} is not among the sources"));
        if let Some((name, variant)) = name.split_once("::") {
            let found = known
                .source
                .find(name)
                .and_then(|it| it.variants.iter().find(|known| known.name == variant));
            let found = found.unwrap_or_else(|| panic!("{path} has no {name}::{variant}"));
            self.add(heading, known, &found.doc, &found.fields);
        } else {
            let found = known.source.find(name);
            let found = found.unwrap_or_else(|| panic!("{path} has no type {name}"));
            self.add(heading, known, &found.doc, &found.fields);
        }
    }

    /// Adds a heading and prose.
    pub fn prose(&mut self, text: &str) {
        self.text.push_str(text);
    }

    fn add(&mut self, heading: &str, known: &Known, doc: &str, fields: &[Field]) {
        let (prose, example) = split_doc(doc);
        // What is no key of the file is no code.
        let title = if heading.contains(' ') { heading.to_owned() } else { format!("`{heading}`") };
        writeln!(self.text, "\n### {title}\n").expect("a text");
        // A comment that begins with its heading, or is nothing else, need not say it again.
        let prose = prose.strip_prefix(&format!("`{heading}`.")).unwrap_or(&prose).trim_start();
        if !prose.is_empty() {
            writeln!(self.text, "{prose}\n").expect("a text");
        }
        self.text.push_str("| key | type | default | what |\n|---|---|---|---|\n");
        for field in fields {
            self.row(heading, known, field);
        }
        if example.is_empty() {
            self.faults.push(format!("{}: `{heading}` has no example in its comment", known.path));
        } else {
            write!(self.text, "\n{example}").expect("a text");
        }
    }

    fn row(&mut self, heading: &str, known: &Known, field: &Field) {
        let fault = |text: String| format!("{}: `{heading}` `{}`: {text}", known.path, field.name);
        let (default, what) = split_default(&one_line(&field.doc));
        if what.is_empty() {
            self.faults.push(fault("has no comment".into()));
        }
        if what.contains("[`") {
            self.faults.push(fault("its comment has a link that only rustdoc can follow".into()));
        }
        let default = match (default, field.is_optional) {
            (None, true) => {
                self.faults.push(fault("may be left out; its comment needs `Default: …`".into()));
                String::new()
            }
            (Some(_), false) => {
                self.faults.push(fault("is required; its comment must not say `Default:`".into()));
                String::new()
            }
            (None, false) => "required".to_owned(),
            (Some(default), true) => {
                if let Some(value) = self.default_of(known, field)
                    && !default.contains(&value)
                {
                    let text = format!("its comment says `{default}`, the code `{value}`");
                    self.faults.push(fault(text));
                }
                default
            }
        };
        let id = anchor(&format!("{heading} {}", field.name));
        let kind = self.words(&field.written);
        let values = self.values(&field.written);
        let what = format!("{what}{values}").replace('|', "\\|");
        writeln!(
            self.text,
            "| `{}` | {kind} | {default} | <a id=\"{id}\"></a>{what} |",
            field.name
        )
        .expect("a text");
    }

    /// The default in the code, if it can be told.
    fn default_of(&self, known: &Known, field: &Field) -> Option<String> {
        if let Some(function) = &field.default {
            return known.source.value_of(function);
        }
        let own = self.find(&field.written)?.variants.iter().find(|variant| variant.is_default)?;
        Some(own.name.clone())
    }

    /// A type in words.
    fn words(&self, written: &str) -> String {
        let inside = |head: &str| written.strip_prefix(head)?.strip_suffix('>');
        if let Some(inner) = inside("Option<") {
            return self.words(inner);
        }
        if let Some(inner) = inside("Vec<") {
            let one = self.words(inner);
            let is_plain = matches!(one.as_str(), "text" | "whole number" | "number" | "path");
            return format!("list of {one}{}", if is_plain { "s" } else { "" });
        }
        if let Some((key, value)) = inside("BTreeMap<").and_then(|inner| inner.split_once(',')) {
            return format!("table: {} by {}", self.words(value), self.words(key));
        }
        if let Some(link) = self.links.iter().find(|link| link.name == written) {
            return link.text.to_owned();
        }
        let plain = match written {
            "String" => "text",
            "PathBuf" => "path",
            "bool" => "`true`, `false`",
            "u8" | "u16" | "u32" | "u64" | "usize" | "i32" => "whole number",
            "f64" => "number",
            "SocketAddr" => "address:port",
            "PrefixTable" => "list of texts",
            _ => "",
        };
        if !plain.is_empty() {
            return plain.to_owned();
        }
        let found = self.find(written);
        let found = found.unwrap_or_else(|| panic!("what is a `{written}`? No source has it"));
        let names: Vec<String> = found.variants.iter().map(value_text).collect();
        names.join(", ")
    }

    /// What each value of an enum means.
    fn values(&self, written: &str) -> String {
        let inner = written.strip_prefix("Option<").and_then(|it| it.strip_suffix('>'));
        let written = inner.unwrap_or(written);
        if self.links.iter().any(|link| link.name == written) {
            return String::new();
        }
        let variants = self.find(written).map_or(&[][..], |found| &found.variants);
        let told: Vec<String> = variants
            .iter()
            .map(|it| format!("{}: {}", value_text(it), one_line(&it.doc).trim_end_matches('.')))
            .collect();
        if told.is_empty() { String::new() } else { format!(" {}.", told.join("; ")) }
    }

    /// The text, or everything that is wrong with the comments.
    pub fn finish(self) -> Result<String, Vec<String>> {
        if self.faults.is_empty() { Ok(self.text) } else { Err(self.faults) }
    }
}

/// How a value is written in the file.
fn value_text(variant: &Variant) -> String {
    match &variant.holds {
        Some(_) => format!("`{{ {} = … }}`", variant.name),
        None => format!("`{}`", variant.name),
    }
}
