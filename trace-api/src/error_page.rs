//! Pages for people when there is no answer: nothing here, asked too often, too long, a product without a serial.
//!
//! What holds: every status has its words in both languages; a page names nothing of the request but a configured
//! product, and the link that was meant by a misspelled one.
//!
//! Not here: the words ([`crate::words::away`]).

use actix_web::http::StatusCode;
use askama::Template;

use crate::frame::Frame;
use crate::language::{Language, Pair};
use crate::signs::{self, Icon};
use crate::words::away::{self, Away};

#[derive(Template)]
#[template(path = "away.html")]
struct Page<'a> {
    frame: Frame,
    sign: String,
    main: &'a str,
    hint: &'a str,
    /// The next step: where it leads, and what it says.
    next: (&'a str, &'a str),
    out: String,
    more_heading: &'static str,
    /// Other addresses of our own, with what they are.
    more: Vec<(&'a str, &'static str)>,
}

/// A page with a heading, a text and one next step.
fn render(main: &str, hint: &str, next: (&str, &str), language: Language) -> String {
    with_more(main, hint, next, Vec::new(), language)
}

fn with_more(
    main: &str,
    hint: &str,
    next: (&str, &str),
    more: Vec<(&str, &'static str)>,
    language: Language,
) -> String {
    let page = Page {
        frame: Frame::of(main, language),
        sign: signs::no_verdict(),
        main,
        hint,
        next,
        out: Icon::Out.svg(22),
        more_heading: language.of(away::MEANWHILE),
        more,
    };
    page.render().unwrap_or_else(|_| main.to_owned())
}

/// A page with these words and this next step.
#[must_use]
pub fn of_words((main, hint): (Pair, Pair), next: (&str, &str), language: Language) -> String {
    render(language.of(main), language.of(hint), next, language)
}

/// The step back to the start page.
fn to_start(language: Language) -> (&'static str, &'static str) {
    ("/", language.of(away::TO_START))
}

/// The page for an answer with this status.
#[must_use]
pub fn of_status(status: StatusCode, language: Language) -> String {
    if status == StatusCode::SERVICE_UNAVAILABLE {
        return cannot_check(language);
    }
    let Away { main, hint } = away::of_status(status);
    render(language.of(main), language.of(hint), to_start(language), language)
}

/// The page for when nothing can be checked now: the same address again, or a saved proof without this server.
#[must_use]
pub fn cannot_check(language: Language) -> String {
    let Away { main, hint } = away::of_status(StatusCode::SERVICE_UNAVAILABLE);
    let again = ("", language.of(away::AGAIN));
    let more = vec![("/verify", language.of(away::CHECK_PROOF))];
    with_more(language.of(main), language.of(hint), again, more, language)
}

/// The page for a code whose serial or lot stands among its attributes, where nothing reads it.
///
/// - `right`: the link that was meant, on our own address.
#[must_use]
pub fn misplaced(right: &str, language: Language) -> String {
    let Away { main, hint } = away::MISPLACED;
    render(language.of(main), language.of(hint), (right, right), language)
}

/// The page for a code that names a product and no single item.
///
/// - `product`: its name, if it is configured.
/// - `asks_for_token`: whether its items are shown with their tokens only.
#[must_use]
pub fn without_serial(
    gtin: &str,
    product: Option<&str>,
    asks_for_token: bool,
    language: Language,
) -> String {
    let main = product.map_or_else(|| format!("GTIN {gtin}"), str::to_owned);
    let hint = if asks_for_token { away::WITHOUT_TOKEN } else { away::WITHOUT_SERIAL };
    render(&main, language.of(hint), to_start(language), language)
}

/// The page for a code that names a place, a party or a group of shipments.
///
/// - `parts`: how people call its parts, and their values.
#[must_use]
pub fn no_item(parts: &[(&'static str, String)], language: Language) -> String {
    let parts: Vec<String> = parts.iter().map(|(name, value)| format!("{name} {value}")).collect();
    render(&parts.join(" · "), language.of(away::NO_ITEM), to_start(language), language)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Most bytes of a page, before it is compressed.
    const MOST_BYTES: usize = 40 * 1024;

    #[test]
    fn every_page_without_an_answer_fits_the_first_answer_uncompressed() {
        let statuses = (400..600).filter_map(|code| StatusCode::from_u16(code).ok());
        let long = "9".repeat(500);
        for language in [Language::Chinese, Language::English] {
            let mut pages: Vec<String> =
                statuses.clone().map(|status| of_status(status, language)).collect();
            pages.extend([
                misplaced(&long, language),
                without_serial(&long, Some(&long), true, language),
                no_item(&[("GLN", long.clone()), ("serial", long.clone())], language),
            ]);
            for page in pages {
                assert!(page.contains("<h1 id=\"v\">"), "{page}");
                assert!(page.len() <= MOST_BYTES, "{} bytes: {page}", page.len());
            }
        }
    }
}
