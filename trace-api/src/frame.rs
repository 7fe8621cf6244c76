//! What every page has around its content: title, style, favicon, head with the switch of language.
//!
//! What holds: the style is in the page, so the first answer is all that the first screen needs; it is one constant, so
//! that the content policy can name its hash ([`crate::http::guard`]).
//!
//! Not here: the contents ([`crate::page`], [`crate::error_page`]), scripts and pictures ([`crate::assets`]).

use crate::assets;
use crate::language::Language;
use crate::words::page::SKIP;

/// The style of all pages.
pub const STYLE: &str = include_str!("../pages/style.css");
/// What the start page has besides.
pub const START_STYLE: &str = include_str!("../pages/start.css");

/// The frame of a page.
#[derive(Debug, Clone)]
pub struct Frame {
    /// The language of the page.
    pub lang: Language,
    /// Where the same page is in the other language.
    pub switch: String,
    /// The form that led to the page and is sent again for the other language; empty where a link is enough.
    pub form: Vec<(&'static str, String)>,
    /// Its title.
    pub title: String,
    /// Skips the head.
    pub skip: &'static str,
    /// Its style.
    pub style: &'static str,
    /// The style of the start page and of the page that verifies a file.
    pub start_style: &'static str,
    /// Path of the icon.
    pub icon: String,
    /// Path of the script for local times.
    pub local: String,
    /// Path of the verifier.
    pub verify: String,
}

impl Frame {
    /// The frame of a page with this title.
    #[must_use]
    pub fn of(title: &str, lang: Language) -> Self {
        Self {
            lang,
            switch: format!("?lang={}", lang.other().tag()),
            form: Vec::new(),
            title: format!("{title} · Chopmark"),
            skip: lang.of(SKIP),
            style: STYLE,
            start_style: START_STYLE,
            icon: assets::path("icon.svg"),
            local: assets::path("local.js"),
            verify: assets::path("page.js"),
        }
    }

    /// The same for a page whose address needs an item's token.
    #[must_use]
    pub fn with_token(self, token: Option<&str>) -> Self {
        let query = token.map(|token| format!("t={token}&")).unwrap_or_default();
        let switch = format!("?{query}lang={}", self.lang.other().tag());
        Self { switch, ..self }
    }

    /// The same for a page that a form led to.
    #[must_use]
    pub fn with_form(self, form: Vec<(&'static str, String)>) -> Self {
        Self { form, ..self }
    }
}
