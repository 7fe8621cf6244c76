//! What somebody or some place is called whose name is not shown, and how many there are.

use crate::language::{Language, Pair};

/// A party whose name is not shown.
pub const A_COMPANY: Pair = ("一家企业", "a company");
/// A place whose city is not known.
pub const A_PLACE: Pair = ("某地", "a place");

/// So many parties whose names are not shown.
#[must_use]
pub fn companies(count: usize, language: Language) -> String {
    let english = if count == 1 { "1 company".to_owned() } else { format!("{count} companies") };
    language.of((format!("{count} 家企业"), english))
}

/// Two names, Chinese and English.
#[must_use]
pub fn both(one: &str, other: &str) -> (String, String) {
    (format!("{one} 与 {other}"), format!("{one} and {other}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_and_many_are_told_apart() {
        for (count, zh, en) in [(1, "1 家企业", "1 company"), (3, "3 家企业", "3 companies")]
        {
            assert_eq!(companies(count, Language::Chinese), zh);
            assert_eq!(companies(count, Language::English), en);
        }
    }
}
