//! `GET /find?code=`: what was typed, pasted or scanned on the start page leads to its page, or is answered with what is wrong with it.
//!
//! What holds: it is led to a path of ours and nowhere else; nothing is looked up, so a code that nobody issued leads to the page that says so.
//!
//! Not here: what a text means ([`crate::typed`]), the page ([`crate::page::start`]).

use actix_web::http::header::LOCATION;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};

use super::guard::language;
use super::pages_get::start_page;
use super::parameters::text;
use crate::language::Language;
use crate::page::start::Entry;
use crate::problem::Problem;
use crate::state::AppState;
use crate::typed::{self, Typed};
use crate::words::find as words;

/// `GET /find`.
///
/// # Errors
///
/// [`Problem::Malformed`] if the code is there twice.
pub async fn get(state: Data<AppState>, request: HttpRequest) -> Result<HttpResponse, Problem> {
    let typed = text(&request, "code")?.unwrap_or_default();
    let language = language(&request);
    if typed.trim().is_empty() {
        return start_page(&state, Entry::default(), language);
    }
    let config = state.config();
    let own = config.public_url.split_once("://").map_or("", |(_, host)| host);
    match typed::read(&typed, own) {
        Ok(Typed::Page(page)) => Ok(HttpResponse::SeeOther()
            .insert_header((LOCATION, in_language(&page, language)))
            .finish()),
        Ok(Typed::Elsewhere { host, page }) => {
            let note = words::elsewhere(&host, own, language);
            let onward = Some(in_language(&page, language));
            start_page(&state, Entry { typed, note, onward }, language)
        }
        Err(why) => {
            let note = language.of(words::unread(why)).to_owned();
            start_page(&state, Entry { typed, note, onward: None }, language)
        }
    }
}

/// The page in the language of the form.
fn in_language(page: &str, language: Language) -> String {
    format!("{page}?lang={}", language.tag())
}

#[cfg(test)]
mod tests {
    use crate::testing::{get, state_without_database};

    const CODE: &str = "/find?code=%2801%29%2009521141123454%20%2821%29%20602";

    #[actix_web::test]
    async fn a_code_leads_to_its_page_in_the_language_of_the_form() {
        let state = state_without_database().await;
        for (path, to) in [
            (CODE.to_owned(), "/01/09521141123454/21/602?lang=en"),
            (format!("{CODE}&lang=zh"), "/01/09521141123454/21/602?lang=zh"),
            ("/find?code=%1D010952114112345421602".to_owned(), "/01/09521141123454/21/602?lang=en"),
        ] {
            let answer = get(&state, &path, &[]).await;
            assert_eq!((answer.status.as_u16(), answer.header("location")), (303, to), "{path}");
            assert_eq!(answer.header("cache-control"), "no-store");
        }
    }

    #[actix_web::test]
    async fn what_is_no_code_is_shown_again_with_what_is_wrong() {
        let state = state_without_database().await;
        for (path, part) in [
            ("/find?code=602&lang=en", "value=\"602\""),
            ("/find?code=602&lang=en", "role=\"alert\""),
            ("/find?code=%3Cb%20onclick%3D1%3E%22&lang=zh", "&#60;b onclick=1&#62;&#34;"),
            ("/find?lang=zh", "name=\"code\""),
        ] {
            let answer = get(&state, path, &[]).await;
            assert_eq!(answer.status, 200, "{path}");
            assert!(answer.body.contains(part), "{path}: {}", answer.body);
        }
    }

    #[actix_web::test]
    async fn whoever_pastes_a_link_of_another_site_is_told_before_they_go_on() {
        let state = state_without_database().await;
        let path = "/find?lang=en&code=https%3A%2F%2Fevil.example%2F01%2F09521141123454%2F21%2F602";
        let answer = get(&state, path, &[]).await;
        assert_eq!((answer.status.as_u16(), answer.header("location")), (200, ""));
        assert!(answer.body.contains("evil.example"), "{}", answer.body);
        assert!(answer.body.contains("href=\"/01/09521141123454/21/602?lang=en\""));
        assert!(!answer.body.contains("href=\"https://evil.example"), "{}", answer.body);
    }
}
