//! Which known name somebody may have meant.
//!
//! What holds: only a name that differs by few letters is offered; of several, the first of the nearest.

/// The name of `known` that is nearest to `typed`: at most a third of its letters (at least one, at most three) added, left
/// out, changed, or exchanged with their neighbour; `-` and `_` count as the same. None if no name is that near.
#[must_use]
pub fn nearest<'k>(typed: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    let plain = |text: &str| text.to_lowercase().replace('-', "_");
    let typed = plain(typed);
    let most = (typed.chars().count() / 3).clamp(1, 3);
    known
        .into_iter()
        .map(|name| (distance(&typed, &plain(name)), name))
        .filter(|(far, _)| *far <= most)
        .min_by_key(|(far, _)| *far)
        .map(|(_, name)| name)
}

/// Fewest changes of a letter that make one text of the other (optimal string alignment).
fn distance(one: &str, other: &str) -> usize {
    let (one, other): (Vec<char>, Vec<char>) = (one.chars().collect(), other.chars().collect());
    let mut before: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=other.len()).collect();
    for (row, letter) in one.iter().enumerate() {
        let mut next = vec![row + 1];
        for (column, found) in other.iter().enumerate() {
            let changed = above[column] + usize::from(letter != found);
            let mut least = changed.min(above[column + 1] + 1).min(next[column] + 1);
            let is_exchanged =
                row > 0 && column > 0 && one[row - 1] == *found && other[column - 1] == *letter;
            if is_exchanged {
                least = least.min(before[column - 1] + 1);
            }
            next.push(least);
        }
        before = std::mem::replace(&mut above, next);
    }
    above.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_name_that_is_near_is_offered() {
        let known = ["listen", "internal_listen", "public_url", "policy", "rpc"];
        for (typed, expected) in [
            ("lisen", Some("listen")),
            ("lsiten", Some("listen")),
            ("public-url", Some("public_url")),
            ("Policy", Some("policy")),
            ("rcp", Some("rpc")),
            ("password", None),
            ("x", None),
            ("", None),
        ] {
            assert_eq!(nearest(typed, known), expected, "{typed}");
        }
    }
}
