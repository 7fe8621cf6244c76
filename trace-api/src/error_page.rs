//! Pages for people when there is no answer: nothing here, asked too often, too long, a product without a serial.
//!
//! What holds: every status has its words in both languages; a page names nothing of the request but a configured
//! product, and the link that was meant by a misspelled one.
//!
//! Not here: the words ([`crate::words::away`]).

use actix_web::http::StatusCode;
use askama::Template;

use crate::language::Language;
use crate::words::away::{self, Away};
use crate::words::page::TO_START;

#[derive(Template)]
#[template(path = "away.html")]
struct Page<'a> {
    lang: Language,
    to_start: &'static str,
    main: &'a str,
    hint: &'a str,
    /// An address of our own, or empty.
    link: &'a str,
}

/// The page with this heading and this text.
#[must_use]
pub fn render(main: &str, hint: &str, language: Language) -> String {
    with_link(main, hint, "", language)
}

fn with_link(main: &str, hint: &str, link: &str, language: Language) -> String {
    let page = Page { lang: language, to_start: language.of(TO_START), main, hint, link };
    page.render().unwrap_or_else(|_| main.to_owned())
}

/// The page for an answer with this status.
#[must_use]
pub fn of_status(status: StatusCode, language: Language) -> String {
    let Away { main, hint } = away::of_status(status);
    render(language.of(main), language.of(hint), language)
}

/// The page for a code whose serial or lot stands among its attributes, where nothing reads it.
///
/// - `right`: the link that was meant, on our own address.
#[must_use]
pub fn misplaced(right: &str, language: Language) -> String {
    let Away { main, hint } = away::MISPLACED;
    let (main, hint) = (language.of(main), language.of(hint));
    with_link(main, hint, right, language)
}

/// The page for a code that names a product and no single item.
///
/// - `product`: its name, if it is configured.
#[must_use]
pub fn without_serial(gtin: &str, product: Option<&str>, language: Language) -> String {
    let main = product.map_or_else(|| format!("GTIN {gtin}"), str::to_owned);
    render(&main, language.of(away::WITHOUT_SERIAL), language)
}

/// The page for a code that names a place, a party or a group of shipments.
///
/// - `parts`: how people call its parts, and their values.
#[must_use]
pub fn no_item(parts: &[(&'static str, String)], language: Language) -> String {
    let parts: Vec<String> = parts.iter().map(|(name, value)| format!("{name} {value}")).collect();
    render(&parts.join(" · "), language.of(away::NO_ITEM), language)
}
