//! How long functions are: from the line with `fn` to the line with the closing brace.

use proc_macro2::{Delimiter, TokenTree};

/// A function that has a body.
#[derive(Debug, PartialEq, Eq)]
pub struct Function {
    /// Its name.
    pub name: String,
    /// The line with `fn`.
    pub line: usize,
    /// Its lines.
    pub lines: usize,
}

/// The functions in `trees`, those inside of others included.
pub fn functions(trees: &[TokenTree]) -> Vec<Function> {
    let mut found = Vec::new();
    for (at, tree) in trees.iter().enumerate() {
        if let TokenTree::Group(group) = tree {
            found.extend(functions(&group.stream().into_iter().collect::<Vec<_>>()));
        }
        let (TokenTree::Ident(word), Some(TokenTree::Ident(name))) = (tree, trees.get(at + 1))
        else {
            continue;
        };
        if word != "fn" {
            continue;
        }
        let end = trees[at..].iter().find_map(|tree| match tree {
            TokenTree::Group(group) if group.delimiter() == Delimiter::Brace => {
                Some(Some(group.span_close().start().line))
            }
            TokenTree::Punct(punct) if punct.as_char() == ';' => Some(None),
            _ => None,
        });
        if let Some(Some(end)) = end {
            let line = word.span().start().line;
            found.push(Function { name: name.to_string(), line, lines: end - line + 1 });
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::super::tokens::code;
    use super::*;

    fn found(text: &str) -> Vec<(String, usize, usize)> {
        let all = functions(&code("made-up", text));
        all.into_iter().map(|one| (one.name, one.line, one.lines)).collect()
    }

    #[test]
    fn a_function_counts_from_its_fn_line_to_its_closing_brace() {
        let text = "/// Doc.\n#[must_use]\npub async fn long(\n    a: [u8; 3],\n) -> Option<u8>\nwhere\n    A: B,\n{\n    a;\n}\n";
        assert_eq!(found(text), [("long".to_owned(), 3, 8)]);
    }

    #[test]
    fn methods_functions_in_functions_and_in_macros_count() {
        let text = "impl A { fn method(&self) { fn inner() {} } }\nmacro!{ fn made() {\n} }";
        let names: Vec<String> = found(text).into_iter().map(|one| one.0).collect();
        assert_eq!(names, ["method", "inner", "made"]);
    }

    #[test]
    fn what_has_no_body_and_what_is_for_tests_is_no_function() {
        let text = "trait A { fn declared(&self) -> u8; }\ntype B = fn(u8) -> u8;\n#[cfg(test)]\nmod tests { fn hidden() {} }";
        assert_eq!(found(text), []);
    }

    #[test]
    fn a_brace_in_a_text_or_a_comment_ends_nothing() {
        let text = "fn a() {\n    let x = \"}\";\n    // }\n    let y = '}';\n}";
        assert_eq!(found(text), [("a".to_owned(), 1, 5)]);
    }
}
