//! The types of a source as serde reads them: names, comments, whether a member may be left out.
//!
//! The way through: [`Source::read`] parses a file; [`Source::find`] gives a type of it; the function that makes a default
//! is looked at by [`Source::value_of`].
//!
//! What holds: only what the configuration uses is understood (`rename`, `rename_all`, `default`); anything else of a type
//! is passed over, and a type that is not there fails the test.
//!
//! Source: serde's documentation, "Attributes".

use std::collections::BTreeMap;

use proc_macro2::{Delimiter, TokenStream, TokenTree};

use crate::layout::sources::read;
use crate::layout::tokens::code;

/// A type.
#[derive(Debug, Clone, Default)]
pub struct Type {
    /// Its comment.
    pub doc: String,
    /// Members of a struct; none of an enum.
    pub fields: Vec<Field>,
    /// Variants of an enum.
    pub variants: Vec<Variant>,
}

/// A member.
#[derive(Debug, Clone, Default)]
pub struct Field {
    /// Its name in the file.
    pub name: String,
    /// Its comment.
    pub doc: String,
    /// Its type, without spaces.
    pub written: String,
    /// Whether it may be left out.
    pub is_optional: bool,
    /// The function that gives its default.
    pub default: Option<String>,
}

/// A variant.
#[derive(Debug, Clone, Default)]
pub struct Variant {
    /// Its name in the file.
    pub name: String,
    /// Its comment.
    pub doc: String,
    /// Its members.
    pub fields: Vec<Field>,
    /// The type that it holds, `u8`; none if it has members or nothing.
    pub holds: Option<String>,
    /// Whether it is the enum's own default.
    pub is_default: bool,
}

/// The types of a file.
#[derive(Debug, Default)]
pub struct Source {
    types: BTreeMap<String, Type>,
    /// Bodies of functions without parameters.
    bodies: BTreeMap<String, String>,
}

/// What stands in the attributes above something.
#[derive(Debug, Default)]
struct Attributes {
    doc: String,
    serde: String,
    is_default: bool,
}

impl Attributes {
    fn take(&mut self, text: &str) {
        if text.starts_with("serde(") {
            self.serde.push_str(text);
        } else if text == "default" {
            self.is_default = true;
        }
    }

    /// Adds a line of the comment, as a literal.
    fn add_line(&mut self, literal: &str) {
        let inner = literal.find('"').zip(literal.rfind('"'));
        let line = unescaped(inner.map_or("", |(begin, end)| &literal[begin + 1..end]));
        self.doc.push_str(line.strip_prefix(' ').unwrap_or(&line));
        self.doc.push('\n');
    }

    /// The text behind `name=` in serde's attributes.
    fn value(&self, name: &str) -> Option<String> {
        let behind = self.serde.split(&format!("{name}=\"")).nth(1)?;
        behind.split('"').next().map(str::to_owned)
    }

    fn has(&self, name: &str) -> bool {
        self.serde.split(['(', ',', ')']).any(|word| word.split('=').next() == Some(name))
    }
}

/// A comment's text as it was written.
fn unescaped(text: &str) -> String {
    let mut out = String::new();
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        match (letter, letter == '\\') {
            (_, true) => out.extend(letters.next()),
            (letter, false) => out.push(letter),
        }
    }
    out
}

/// A name of Rust as `rename_all` writes it.
fn renamed(name: &str, rule: Option<&str>) -> String {
    match rule {
        Some("lowercase") => name.to_ascii_lowercase(),
        Some("kebab-case") => {
            let mut out = String::new();
            for (place, letter) in name.chars().enumerate() {
                if letter.is_ascii_uppercase() && place > 0 {
                    out.push('-');
                }
                out.push(letter.to_ascii_lowercase());
            }
            out
        }
        Some(other) => panic!("`rename_all = \"{other}\"` is not understood"),
        None => name.to_owned(),
    }
}

/// Tokens as text; only words that would run together keep a space.
fn written(trees: &[TokenTree]) -> String {
    let stream: TokenStream = trees.iter().cloned().collect();
    let text = stream.to_string();
    // Texts in quotation marks keep their spaces.
    let mut parts = text.split('"').enumerate().map(|(place, part)| match place % 2 {
        0 => part.split_whitespace().collect::<String>(),
        _ => part.to_owned(),
    });
    let first = parts.next().unwrap_or_default();
    parts.fold(first, |all, part| all + "\"" + &part)
}

/// The parts between commas of one depth; angle brackets count as depth.
fn parts(stream: TokenStream) -> Vec<Vec<TokenTree>> {
    let mut found: Vec<Vec<TokenTree>> = vec![Vec::new()];
    let mut depth = 0_u32;
    for tree in stream {
        if let TokenTree::Punct(mark) = &tree {
            match mark.as_char() {
                '<' => depth += 1,
                '>' => depth = depth.saturating_sub(1),
                ',' if depth == 0 => {
                    found.push(Vec::new());
                    continue;
                }
                _ => {}
            }
        }
        found.last_mut().expect("one at least").push(tree);
    }
    found.retain(|part| !part.is_empty());
    found
}

/// The attributes at the beginning, and what follows them.
fn split_attributes(trees: &[TokenTree]) -> (Attributes, &[TokenTree]) {
    let mut attributes = Attributes::default();
    let mut rest = trees;
    while let [TokenTree::Punct(mark), TokenTree::Group(group), behind @ ..] = rest {
        if mark.as_char() != '#' {
            break;
        }
        let inner: Vec<TokenTree> = group.stream().into_iter().collect();
        match &inner[..] {
            [TokenTree::Ident(name), _, TokenTree::Literal(line)] if name == "doc" => {
                attributes.add_line(&line.to_string());
            }
            _ => attributes.take(&written(&inner)),
        }
        rest = behind;
    }
    (attributes, rest)
}

fn is_word(tree: &TokenTree, word: &str) -> bool {
    matches!(tree, TokenTree::Ident(name) if name == word)
}

/// Members of braces; `all` is whether every one has a default.
fn fields(stream: TokenStream, all: bool) -> Vec<Field> {
    let field = |trees: Vec<TokenTree>| {
        let (attributes, rest) = split_attributes(&trees);
        let colon = rest.iter().position(|tree| tree.to_string() == ":")?;
        let name = rest.get(colon.checked_sub(1)?)?.to_string();
        Some(Field {
            name: attributes.value("rename").unwrap_or(name),
            doc: attributes.doc.trim_end().to_owned(),
            written: written(&rest[colon + 1..]),
            is_optional: all || attributes.has("default"),
            default: attributes.value("default"),
        })
    };
    parts(stream).into_iter().filter_map(field).collect()
}

fn variants(stream: TokenStream, rule: Option<&str>) -> Vec<Variant> {
    let variant = |trees: Vec<TokenTree>| {
        let (attributes, rest) = split_attributes(&trees);
        let name = renamed(&rest.first()?.to_string(), rule);
        let mut found = Variant {
            name: attributes.value("rename").unwrap_or(name),
            doc: attributes.doc.trim_end().to_owned(),
            is_default: attributes.is_default,
            ..Variant::default()
        };
        if let Some(TokenTree::Group(group)) = rest.get(1) {
            if group.delimiter() == Delimiter::Brace {
                found.fields = fields(group.stream(), false);
            } else {
                let inner: Vec<TokenTree> = group.stream().into_iter().collect();
                found.holds = Some(written(&inner));
            }
        }
        Some(found)
    };
    parts(stream).into_iter().filter_map(variant).collect()
}

impl Source {
    /// Parses the file at this path from the root of the repository.
    pub fn read(path: &str) -> Self {
        Self::parse(path, &read(path))
    }

    /// Parses a text; the path only appears in messages.
    pub fn parse(path: &str, text: &str) -> Self {
        let mut source = Self::default();
        let mut trees = code(path, text);
        // Attributes of the file itself.
        trees.retain(|tree| tree.to_string() != "!");
        let mut rest = &trees[..];
        while !rest.is_empty() {
            let (attributes, behind) = split_attributes(rest);
            rest = behind;
            let end = rest.iter().position(|tree| {
                tree.to_string() == ";"
                    || matches!(tree, TokenTree::Group(it) if it.delimiter() == Delimiter::Brace)
            });
            let Some(end) = end else { break };
            source.add(&attributes, &rest[..=end]);
            rest = &rest[end + 1..];
        }
        source
    }

    /// Adds an item; the last token is its body.
    fn add(&mut self, attributes: &Attributes, item: &[TokenTree]) {
        let Some(TokenTree::Group(body)) = item.last() else { return };
        let named = |word: &str| {
            let at = item.iter().position(|tree| is_word(tree, word))?;
            item.get(at + 1).map(ToString::to_string)
        };
        let mut found = Type { doc: attributes.doc.trim_end().to_owned(), ..Type::default() };
        if let Some(name) = named("fn") {
            let inner: Vec<TokenTree> = body.stream().into_iter().collect();
            self.bodies.insert(name, written(&inner));
        } else if let Some(name) = named("struct") {
            found.fields = fields(body.stream(), attributes.has("default"));
            self.types.insert(name, found);
        } else if let Some(name) = named("enum") {
            found.variants = variants(body.stream(), attributes.value("rename_all").as_deref());
            self.types.insert(name, found);
        }
    }

    /// A type by its name.
    pub fn find(&self, name: &str) -> Option<&Type> {
        self.types.get(name)
    }

    /// What a function gives, if its body is a number, a text, an address or a sum of these that a reader can do in the
    /// head: `16 * 1024`, `1 << 30`.
    pub fn value_of(&self, function: &str) -> Option<String> {
        let body = self.bodies.get(function)?;
        if let Some(text) = body.split('"').nth(1) {
            return Some(text.to_owned());
        }
        if let Some(address) = body.strip_prefix("SocketAddr::from(([") {
            let (host, port) = address.split_once("],")?;
            return Some(format!("{}:{}", host.replace(',', "."), port.trim_end_matches(')')));
        }
        let body = body.replace('_', "");
        let plain = body.strip_suffix(".0").unwrap_or(&body);
        if let Some((one, by)) = plain.split_once("<<") {
            return Some((one.parse::<u64>().ok()? << by.parse::<u32>().ok()?).to_string());
        }
        let factors: Option<Vec<u64>> = plain.split('*').map(|it| it.parse().ok()).collect();
        match factors {
            Some(factors) => Some(factors.into_iter().product::<u64>().to_string()),
            None => matches!(plain, "true" | "false").then(|| plain.to_owned()),
        }
    }
}
