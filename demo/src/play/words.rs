//! Every sentence of the demo, in Chinese and English.
//!
//! The way through: [`sentences`] makes one function of each pair, so that none is missing in one language; the files
//! below have the sentences of the steps and of the end.
//!
//! What holds: a line with its lead fits 80 columns (a test of the whole demo looks at every line).
//!
//! Not here: names of the parties and products, which are data ([`super::parties`], [`super::files`]); errors, which
//! are English only.
//!
//! Source: docs/decisions/0038-where-sentences-are.md.

mod ending;
mod steps;

/// A language.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Lang {
    /// Chinese, simplified.
    Zh,
    /// English.
    En,
}

/// What the Chinese page of an item of the warm lot says.
pub const WARM_IN_CHINESE: &str = "记录显示储运条件曾超限";
/// What the English page says.
pub const WARM_IN_ENGLISH: &str = "Storage limits were exceeded";

/// One function for each sentence: its name, the values in it, then Chinese and English.
macro_rules! sentences {
    ($($name:ident($($value:ident: $kind:ty),*): $zh:literal, $en:literal;)*) => {
        impl $crate::play::words::Lang {
            $(pub fn $name(self $(, $value: $kind)*) -> String {
                match self {
                    Self::Zh => format!($zh),
                    Self::En => format!($en),
                }
            })*
        }
    };
}
use sentences;

impl Lang {
    /// That of the environment.
    pub fn of_environment() -> Self {
        let set = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
        let found = ["LC_ALL", "LC_MESSAGES", "LANG"].into_iter().find_map(set);
        Self::of_locale(&found.unwrap_or_default())
    }

    /// Of a locale, `zh_CN.UTF-8`.
    fn of_locale(locale: &str) -> Self {
        if locale.starts_with("zh") { Self::Zh } else { Self::En }
    }
}

/// A number with commas between thousands, as both languages write it.
pub fn figure(number: usize) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_language_is_that_of_the_locale() {
        assert_eq!(Lang::of_locale("zh_CN.UTF-8"), Lang::Zh);
        assert_eq!(Lang::of_locale("C.UTF-8"), Lang::En);
    }

    #[test]
    fn thousands_have_commas() {
        let figures = [0, 17, 1_700, 1_234_567].map(figure);
        assert_eq!(figures, ["0", "17", "1,700", "1,234,567"]);
    }
}
