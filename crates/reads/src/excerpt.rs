//! Long texts in short, for messages.

/// Beginning and end of a parser's message, at most 300 characters: it may quote the whole input.
#[must_use]
pub fn excerpt(text: &str) -> String {
    const HEAD: usize = 200;
    const TAIL: usize = 99;
    let count = text.chars().count();
    if count <= HEAD + TAIL + 1 {
        return text.to_owned();
    }
    let head = text.chars().take(HEAD);
    head.chain(['…']).chain(text.chars().skip(count - TAIL)).collect()
}

/// The first 64 characters, for messages.
pub(crate) fn cut(text: &str) -> String {
    text.chars().take(64).collect()
}
