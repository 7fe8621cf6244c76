//! Rust source as tokens, without comments and without what is compiled for tests only.
//!
//! The way through: [`code`] parses a file and drops every item under `#[cfg(test)]`; [`flat`] makes one list of it.
//!
//! Sources: the Rust reference, chapters "Tokens" and "Conditional compilation".

use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// A token of [`flat`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// A name or keyword.
    Ident(String),
    /// `::`.
    PathSeparator,
    /// Any other punctuation, one character.
    Punct(char),
    /// An opening bracket.
    Open(char),
    /// A closing bracket.
    Close(char),
    /// A literal or a lifetime.
    Literal,
}

/// A token and its line.
#[derive(Debug, Clone)]
pub struct Token {
    /// What it is.
    pub kind: Kind,
    /// Its line, from 1.
    pub line: usize,
}

impl Token {
    /// The name, if this is one.
    pub fn ident(&self) -> Option<&str> {
        match &self.kind {
            Kind::Ident(name) => Some(name),
            _ => None,
        }
    }
}

/// The tokens of a file without items that are compiled for tests only.
pub fn code(path: &str, text: &str) -> Vec<TokenTree> {
    let stream: TokenStream =
        text.parse().unwrap_or_else(|error| panic!("{path} is not Rust: {error}"));
    without_tests(stream)
}

fn without_tests(stream: TokenStream) -> Vec<TokenTree> {
    let trees: Vec<TokenTree> = stream.into_iter().collect();
    let mut kept = Vec::with_capacity(trees.len());
    let mut at = 0;
    while at < trees.len() {
        if is_punct(trees.get(at), '#') {
            let is_inner = is_punct(trees.get(at + 1), '!');
            let attribute = trees.get(at + 1 + usize::from(is_inner));
            if is_for_tests(attribute) {
                if is_inner {
                    return Vec::new();
                }
                at = end_of_item(&trees, at + 2);
                continue;
            }
        }
        kept.push(match &trees[at] {
            TokenTree::Group(group) => {
                let inner = without_tests(group.stream()).into_iter().collect();
                let mut inner = proc_macro2::Group::new(group.delimiter(), inner);
                // Its closing bracket is the last character of the span.
                inner.set_span(group.span());
                TokenTree::Group(inner)
            }
            other => other.clone(),
        });
        at += 1;
    }
    kept
}

/// Whether `tree` is `[cfg(test)]` or `[cfg(all(test, …))]`.
fn is_for_tests(tree: Option<&TokenTree>) -> bool {
    let Some(TokenTree::Group(group)) = tree else { return false };
    let text: String = group.stream().to_string().split_whitespace().collect();
    group.delimiter() == Delimiter::Bracket
        && (text == "cfg(test)" || text.starts_with("cfg(all(test,"))
}

fn is_punct(tree: Option<&TokenTree>, sign: char) -> bool {
    matches!(tree, Some(TokenTree::Punct(punct)) if punct.as_char() == sign)
}

/// The place after an item that begins at `at`: it ends with a semicolon or a body in braces.
fn end_of_item(trees: &[TokenTree], at: usize) -> usize {
    let ends = |tree: &TokenTree| match tree {
        TokenTree::Punct(punct) => punct.as_char() == ';',
        TokenTree::Group(group) => group.delimiter() == Delimiter::Brace,
        _ => false,
    };
    trees[at..].iter().position(ends).map_or(trees.len(), |length| at + length + 1)
}

/// The tokens as one list.
pub fn flat(trees: &[TokenTree]) -> Vec<Token> {
    let mut found = Vec::new();
    push(trees, &mut found);
    found
}

fn push(trees: &[TokenTree], found: &mut Vec<Token>) {
    let mut at = 0;
    while let Some(tree) = trees.get(at) {
        let line = tree.span().start().line;
        let mut add = |kind| found.push(Token { kind, line });
        match tree {
            TokenTree::Ident(ident) => add(Kind::Ident(ident.to_string())),
            TokenTree::Literal(_) => add(Kind::Literal),
            TokenTree::Punct(punct) if punct.as_char() == '\'' => {
                // A lifetime; `'static` must not look like the word that declares.
                add(Kind::Literal);
                at += 1;
            }
            TokenTree::Punct(punct)
                if punct.as_char() == ':' && is_punct(trees.get(at + 1), ':') =>
            {
                add(Kind::PathSeparator);
                at += 1;
            }
            TokenTree::Punct(punct) => add(Kind::Punct(punct.as_char())),
            TokenTree::Group(group) => {
                let (open, close) = match group.delimiter() {
                    Delimiter::Brace => ('{', '}'),
                    Delimiter::Parenthesis => ('(', ')'),
                    Delimiter::Bracket => ('[', ']'),
                    Delimiter::None => (' ', ' '),
                };
                add(Kind::Open(open));
                push(&group.stream().into_iter().collect::<Vec<_>>(), found);
                found.push(Token {
                    kind: Kind::Close(close),
                    line: group.span_close().start().line,
                });
            }
        }
        at += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(text: &str) -> Vec<String> {
        let tokens = flat(&code("made-up", text));
        tokens.iter().filter_map(Token::ident).map(str::to_owned).collect()
    }

    #[test]
    fn comments_and_items_for_tests_are_left_out_and_what_follows_them_is_not() {
        let text = "//! header\n/* block */ fn a() {}\n#[cfg(test)]\nmod tests { fn hidden() {} }\n\
                    #[cfg(test)]\nuse hidden::{one, two};\n#[cfg(all(test, unix))]\n#[inline]\nfn hidden() {}\nfn b() {}";
        let names = names(text);
        assert!(!names.contains(&"hidden".to_owned()), "{names:?}");
        assert!(names.ends_with(&["fn".into(), "b".into()]), "{names:?}");
        assert!(names.contains(&"a".to_owned()));
    }

    #[test]
    fn a_method_for_tests_inside_an_impl_is_left_out() {
        assert_eq!(
            names("impl A { #[cfg(test)] fn hidden() {} fn b() {} }"),
            ["impl", "A", "fn", "b"]
        );
    }

    #[test]
    fn a_file_for_tests_has_no_code() {
        assert!(names("#![cfg(test)]\nfn hidden() {}").is_empty());
    }

    #[test]
    fn a_token_knows_its_line() {
        let tokens = flat(&code("made-up", "fn a() {\n\n}\nfn b() {}"));
        let line =
            |name: &str| tokens.iter().find(|token| token.ident() == Some(name)).map(|t| t.line);
        assert_eq!((line("a"), line("b")), (Some(1), Some(4)));
        let close = tokens.iter().find(|token| token.kind == Kind::Close('}')).expect("a brace");
        assert_eq!(close.line, 3);
    }
}
