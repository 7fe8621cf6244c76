//! The two languages of pages and answers.
//!
//! What holds: a text that people read is a pair, so that none is missing in one language.

/// A language.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// Simplified Chinese.
    Chinese,
    /// English.
    English,
}

/// A text in both languages: Chinese, English.
pub type Pair = (&'static str, &'static str);

impl Language {
    /// The language that a reader prefers; English unless Chinese comes first.
    ///
    /// - `chosen`: the parameter `lang` of the address, which wins if it is `zh` or `en`.
    #[must_use]
    pub fn preferred(chosen: Option<&str>, accept_language: &str) -> Self {
        match chosen {
            Some("zh") => return Self::Chinese,
            Some("en") => return Self::English,
            _ => {}
        }
        let first = accept_language.split(',').find_map(|part| {
            let tag = part.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
            (tag.starts_with("zh") || tag.starts_with("en")).then(|| tag.starts_with("zh"))
        });
        if first == Some(true) { Self::Chinese } else { Self::English }
    }

    /// Its tag, as the parameter `lang` has it.
    #[must_use]
    pub fn tag(self) -> &'static str {
        match self {
            Self::Chinese => "zh",
            Self::English => "en",
        }
    }

    /// The value of an attribute `lang`, which also says which Chinese characters are meant.
    #[must_use]
    pub fn html(self) -> &'static str {
        match self {
            Self::Chinese => "zh-Hans",
            Self::English => "en",
        }
    }

    /// The other language.
    #[must_use]
    pub fn other(self) -> Self {
        match self {
            Self::Chinese => Self::English,
            Self::English => Self::Chinese,
        }
    }

    /// Its name, in itself.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Chinese => "中文",
            Self::English => "English",
        }
    }

    /// The text of a pair.
    #[must_use]
    pub fn of<T>(self, (chinese, english): (T, T)) -> T {
        match self {
            Self::Chinese => chinese,
            Self::English => english,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_language_follows_the_reader() {
        for (chosen, accept, expected) in [
            (None, "zh-CN,zh;q=0.9,en;q=0.8", Language::Chinese),
            (None, "fr,en;q=0.8,zh;q=0.7", Language::English),
            (None, "fr", Language::English),
            (None, "", Language::English),
            (Some("zh"), "en", Language::Chinese),
            (Some("en"), "zh", Language::English),
            (Some("fr"), "zh", Language::Chinese),
        ] {
            assert_eq!(Language::preferred(chosen, accept), expected, "{chosen:?} {accept}");
        }
    }

    #[test]
    fn each_language_is_the_other_of_its_other() {
        for language in [Language::Chinese, Language::English] {
            assert_ne!(language.other(), language);
            assert_eq!(language.other().other(), language);
        }
    }
}
