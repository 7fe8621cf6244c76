//! In which language a person reads: `--lang`, or the locale of the environment.
//!
//! Not here: the sentences, which stand beside what prints them.

/// A language.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Lang {
    /// Chinese, simplified.
    Zh,
    /// English.
    En,
}

/// Which language.
#[derive(clap::Args)]
pub struct LangAt {
    /// Language of headings and remedies. Default: the system's
    #[arg(long, value_enum)]
    lang: Option<Lang>,
}

impl LangAt {
    /// The given one, or that of the environment.
    pub fn get(&self) -> Lang {
        self.lang.unwrap_or_else(Lang::of_environment)
    }
}

impl Lang {
    /// Of the first of `LC_ALL`, `LC_MESSAGES` and `LANG` that is set and not empty.
    pub fn of_environment() -> Self {
        let set = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
        let found = ["LC_ALL", "LC_MESSAGES", "LANG"].into_iter().find_map(set);
        Self::of_locale(&found.unwrap_or_default())
    }

    /// Of a locale, `zh_CN.UTF-8`.
    pub fn of_locale(locale: &str) -> Self {
        if locale.starts_with("zh") { Self::Zh } else { Self::En }
    }

    /// The one of two texts that is in this language; the pair is Chinese, English.
    pub fn of<T>(self, (zh, en): (T, T)) -> T {
        match self {
            Self::En => en,
            Self::Zh => zh,
        }
    }
}
