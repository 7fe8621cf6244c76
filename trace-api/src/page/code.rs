//! The page of a hidden code: the field, and what came of entering it.
//!
//! What holds: the page shows nothing of the item but what was sent; it works without a script.
//!
//! Not here: who was first ([`crate::http::code`]), the words ([`crate::words::code`]).

use askama::Template;

use crate::frame::Frame;
use crate::language::Language;
use crate::signs::{self, Colour};
use crate::words::code::{self as words, CodeTexts, Entered};
use crate::words::own;

/// What the page shows.
#[derive(Debug, Clone, Default)]
pub struct Field {
    /// What names the item; after a right code the path of its page.
    pub item: String,
    /// What was typed.
    pub code: String,
    /// What came of it; none before.
    pub entered: Option<Entered>,
    /// With which whoever used the code first may register as the owner.
    pub own: Option<Own>,
}

/// With which somebody registers as the owner.
#[derive(Debug, Clone)]
pub struct Own {
    /// Digital Link of the item.
    pub item: String,
    /// Its hidden code.
    pub code: String,
    /// Number of the form.
    pub form: String,
}

/// The colour of the page.
fn colour(entered: Entered) -> Colour {
    match entered {
        Entered::First | Entered::Again(_) => Colour::Blue,
        Entered::Used(_) => Colour::Amber,
        Entered::Wrong | Entered::Mistyped => Colour::Grey,
    }
}

#[derive(Template)]
#[template(path = "code.html")]
struct CodePage<'a> {
    frame: Frame,
    texts: CodeTexts,
    field: &'a Field,
    /// Colour, sign, heading and what to do; none before a code was entered.
    said: Option<(&'static str, String, String, &'static str)>,
    /// Path of the item's page, after a right code.
    onward: String,
    /// What registering as the owner is called, and more of it.
    own: (&'static str, &'static str),
}

/// The page.
///
/// # Errors
///
/// If the template cannot be rendered.
pub fn code(field: &Field, language: Language) -> Result<String, askama::Error> {
    let texts = CodeTexts::of(language);
    let said = field.entered.map(|entered| {
        let (heading, hint) = words::entered(entered, language);
        let colour = colour(entered);
        (colour.class(), signs::code(colour), heading, hint)
    });
    let is_right = said.as_ref().is_some_and(|(class, ..)| *class != Colour::Grey.class());
    let title = said.as_ref().map_or(texts.heading, |(_, _, heading, _)| heading);
    let onward =
        if is_right { format!("{}?lang={}", field.item, language.tag()) } else { String::new() };
    let (frame, own) = (Frame::of(title, language), own::step(false, language));
    CodePage { frame, texts, field, onward, own, said: said.clone() }.render()
}
