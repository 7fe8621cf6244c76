//! What every page for somebody who is logged in has around it: who, what they may see and until when, language, logging out.
//!
//! The way through: a page's template begins with `{% extends "shell.html" %}` and fills the block `main`; its struct has a field
//! `shell: Shell`, made by [`Shell::of`].
//!
//! What holds: templates have no text of their own; askama escapes every value, also what a provider's claims say.
//!
//! Not here: the words (`words.rs`), styles (`assets/desk.css`; nothing is inline, so that the content policy needs no hash).

use access::{Act, Grant};
use actix_web::HttpRequest;
use jiff::Timestamp;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use process::language::{Language, Pair};

use crate::visitor::{Visitor, state};
use crate::words::{self, roles};

/// Links to the main pages, in their order: path, words, and what whoever is led there must be allowed. A page that people go to from
/// everywhere is added here.
const NAVIGATION: &[(&str, Pair, Option<Act>)] = &[
    ("/", words::HOME, None),
    ("/inbox", words::inbox::INBOX, Some(Act::AnswerInquiries)),
    ("/search", words::inquiry::SEARCH, None),
    ("/cases", words::cases::CASES, Some(Act::WorkOnCases)),
    ("/reports", words::reports::REPORTS, Some(Act::ReadReports)),
    ("/exports", words::exports::EXPORTS, None),
    ("/log", words::log::LOG, Some(Act::ReadAccessLog)),
];

/// What is around a page.
#[derive(Debug, Clone)]
pub struct Shell {
    /// The language.
    pub lang: Language,
    /// What the page is called.
    pub title: String,
    /// The words of the shell.
    pub texts: &'static words::ShellTexts,
    /// The same page in the other language.
    pub other_language: String,
    /// Links to the main pages.
    pub navigation: Vec<Link>,
    /// Who is logged in.
    pub subject: String,
    /// What they may see.
    pub grants: Vec<Granted>,
    /// When the session ends at the latest.
    pub ends_at: String,
    /// The token for forms.
    pub csrf: String,
}

/// A link of the navigation.
#[derive(Debug, Clone)]
pub struct Link {
    /// Where it leads.
    pub path: &'static str,
    /// What it is called.
    pub name: &'static str,
    /// Whether this is the page.
    pub is_here: bool,
}

/// A role with its limits, in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Granted {
    /// The role.
    pub role: &'static str,
    /// Its limits, each with its kind.
    pub limits: Vec<(&'static str, String)>,
    /// Until when.
    pub until: Option<String>,
}

impl Shell {
    /// The shell of a page.
    #[must_use]
    pub fn of(visitor: &Visitor, request: &HttpRequest, title: Pair) -> Self {
        let lang = visitor.language;
        let state = state(request).ok();
        let leads = |act: Option<Act>| {
            let allowed =
                |act| state.as_ref().is_some_and(|state| visitor.sight(act, state).is_ok());
            act.is_none_or(allowed)
        };
        let links = NAVIGATION.iter().filter(|(.., act)| leads(*act));
        let links = links.map(|(path, name, _)| Link {
            path,
            name: lang.of(*name),
            is_here: *path == request.path(),
        });
        Self {
            lang,
            title: lang.of(title).to_owned(),
            texts: lang.of((&words::SHELL_ZH, &words::SHELL_EN)),
            other_language: language_link(request, lang.other()),
            navigation: links.collect(),
            subject: visitor.identity.subject.clone(),
            grants: visitor.identity.grants.iter().map(|grant| granted(grant, lang)).collect(),
            ends_at: time(visitor.ends_at),
            csrf: visitor.csrf.clone(),
        }
    }
}

/// The address that chooses a language and leads back to where the request is.
#[must_use]
pub fn language_link(request: &HttpRequest, language: Language) -> String {
    let here = request.uri().path_and_query().map_or("/", |here| here.as_str());
    let here = utf8_percent_encode(here, NON_ALPHANUMERIC);
    format!("/language/{}?to={here}", language.tag())
}

/// A time as pages show it: UTC, to the minute.
#[must_use]
pub fn time(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M UTC").to_string()
}

/// A role with its limits, in words.
#[must_use]
pub fn granted(grant: &Grant, language: Language) -> Granted {
    let scope = grant.scope();
    let kinds = [words::PRODUCTS, words::PARTIES, words::PLACES];
    let mut limits: Vec<(&'static str, String)> = Vec::new();
    for (kind, stated) in kinds.into_iter().zip(scope.stated()) {
        if !stated.is_empty() {
            limits.push((language.of(kind), stated.join(", ")));
        }
    }
    match scope.period() {
        (None, None) => {}
        (from, until) => {
            let text = |at: Option<Timestamp>| at.map_or_else(|| "…".to_owned(), time);
            let period = format!("{} – {}", text(from), text(until));
            limits.push((language.of(words::PERIOD), period));
        }
    }
    let role = language.of(roles::name(grant.role()));
    Granted { role, limits, until: grant.expires().map(time) }
}
