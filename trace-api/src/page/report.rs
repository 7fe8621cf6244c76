//! The pages of a report: the form, and what came of it.
//!
//! What holds: the form works without a script and sets no cookie; whatever was entered and answered is shown as text; what was written
//! and the photo are never shown again, to nobody.
//!
//! Not here: what is stored ([`crate::reports`]), the words ([`crate::words::report`]).

use askama::Template;
use sql::reports::Outcome;

use super::Moment;
use crate::frame::Frame;
use crate::language::Language;
use crate::reports::{
    Fields, MOST_CODE, MOST_MESSAGE, MOST_PLACE, Receipt, Refused, Suspicion, TICKED,
};
use crate::words::report::{self as words, FormTexts, ReceiptTexts};

/// A form to show.
pub struct Form<'a> {
    /// What was entered.
    pub fields: Fields,
    /// Why it was not taken.
    pub refused: Option<Refused>,
    /// Where the operator is reached.
    pub contact: Option<&'a str>,
    /// For how many days reports are kept.
    pub days: u16,
}

#[derive(Template)]
#[template(path = "report.html")]
struct FormPage<'a> {
    frame: Frame,
    texts: FormTexts,
    fields: Fields,
    note: &'static str,
    /// Code, words and whether it was chosen.
    reasons: Vec<(&'static str, &'static str, bool)>,
    contact: &'a str,
    most: (usize, usize, usize),
    /// What the box for the authorities sends.
    ticked: &'static str,
}

/// The form.
///
/// # Errors
///
/// If the template cannot be rendered.
pub fn form(form: Form<'_>, language: Language) -> Result<String, askama::Error> {
    let texts = FormTexts::of(language, form.days);
    let reason = |one: Suspicion| {
        (one.code(), language.of(words::suspicion(one)), one.code() == form.fields.reason)
    };
    FormPage {
        frame: Frame::of(texts.heading, language),
        texts,
        note: form.refused.map(|why| language.of(words::refused(why))).unwrap_or_default(),
        reasons: Suspicion::ALL.into_iter().map(reason).collect(),
        contact: form.contact.unwrap_or_default(),
        most: (MOST_CODE, MOST_MESSAGE, MOST_PLACE),
        ticked: TICKED,
        fields: form.fields,
    }
    .render()
}

#[derive(Template)]
#[template(path = "receipt.html")]
struct ReceiptPage<'a> {
    frame: Frame,
    texts: ReceiptTexts,
    receipt: String,
    heading: &'static str,
    meaning: &'static str,
    /// The lines of the answer.
    answer: Vec<&'a str>,
    answered: Option<Moment>,
    item: &'a str,
    reason: &'static str,
    received: Moment,
    photo: &'static str,
    authorities: &'static str,
    /// Of what was frozen; empty if nothing was.
    digest: String,
    /// Whether a log has it.
    standing: String,
}

/// What came of a report.
///
/// # Errors
///
/// If the template cannot be rendered.
pub fn receipt(
    receipt: Receipt,
    outcome: &Outcome,
    days: u16,
    language: Language,
) -> Result<String, askama::Error> {
    let (heading, meaning) = words::state(&outcome.state);
    let heading = language.of(heading);
    let reason = Suspicion::parse(&outcome.reason).unwrap_or(Suspicion::Other);
    ReceiptPage {
        frame: Frame::of(heading, language),
        texts: ReceiptTexts::of(language, days),
        receipt: receipt.to_string(),
        heading,
        meaning: language.of(meaning),
        answer: outcome.answer.lines().collect(),
        answered: outcome.answered_at.map(Moment::of),
        item: &outcome.item,
        reason: language.of(words::suspicion(reason)),
        received: Moment::of(outcome.received_at),
        photo: language.of(words::photo(outcome.has_photo)),
        authorities: language.of(words::authorities(outcome.for_authorities)),
        digest: outcome.digest.map(|digest| digest.to_string()).unwrap_or_default(),
        standing: words::standing(outcome.digest.is_some(), outcome.log.as_ref(), language),
    }
    .render()
}
