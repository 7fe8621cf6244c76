//! Who may resolve a finding, and the note in which it is said.
//!
//! ```text
//! chopmark.org/finding@v1
//! <number of the finding>
//! <item, EPC URI>
//! <reason, one line>
//! ```
//!
//! The way through: [`note_text`] is what the issuer signs, [`check_note`] says which party signed a note for a finding.
//!
//! What holds: pure; only the licensee of the item's company prefix resolves its findings, by the key of one of its
//! admins; a stored resolution is checked each time it is read, because a row shows only that somebody wrote it.
//!
//! Not here: which scans are a finding ([`crate::scans`]), storing (`sql::findings`).

use std::fmt;

use directory::{PartyId, Rights};
use jiff::Timestamp;
use ledger::keys::VerifierKey;
use ledger::note::{Note, NoteError};
use thiserror::Error;

/// First line of a note.
const TITLE: &str = "chopmark.org/finding@v1";
/// Most characters of a reason.
pub const MAX_REASON: usize = 500;

/// Why a note does not resolve a finding.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum NoteProblem {
    /// It is not a signed note.
    #[error("not a signed note: {0}")]
    Note(#[from] NoteError),
    /// Its text is not that of a resolution.
    #[error("{0}")]
    Text(String),
    /// It is about something else.
    #[error("got a note about finding {got}, expected one about finding {expected}")]
    OtherFinding {
        /// Number and item in the note.
        got: String,
        /// Number and item of the finding.
        expected: String,
    },
    /// Nobody is licensed to issue the item.
    #[error("got no party that is licensed to issue `{0}` in the directory, expected one")]
    NoIssuer(String),
    /// No admin of the issuer signed it.
    #[error(
        "got no signature by an admin of `{party}`, expected one: only the issuer resolves a finding"
    )]
    NotTheIssuer {
        /// The issuer.
        party: String,
    },
}

/// A finding as a note names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FindingName<'a> {
    /// Its number.
    pub id: u64,
    /// URI of the item.
    pub item: &'a str,
}

impl fmt::Display for FindingName<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} of `{}`", self.id, self.item)
    }
}

/// What the note says that resolves a finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resolved {
    /// Who signed it.
    pub party: PartyId,
    /// The admin whose key it was.
    pub holder: String,
    /// Why.
    pub reason: String,
}

/// The text that the issuer signs.
///
/// # Errors
///
/// [`NoteProblem::Text`] if the reason is empty, too long, or more than a line.
pub fn note_text(finding: FindingName<'_>, reason: &str) -> Result<String, NoteProblem> {
    check_reason(reason)?;
    Ok(format!("{TITLE}\n{}\n{}\n{reason}\n", finding.id, finding.item))
}

/// Number of the finding that a note is about.
///
/// # Errors
///
/// [`NoteProblem`] if it is not a note about a finding.
pub fn finding_of(note: &str) -> Result<u64, NoteProblem> {
    Ok(parse(&Note::parse(note)?.text)?.0)
}

/// Checks that `note` resolves `finding`: text, subject, and the signature of an admin of the item's issuer.
///
/// - `at`: when it was resolved.
///
/// # Errors
///
/// [`NoteProblem`].
pub fn check_note(
    rights: &Rights,
    finding: FindingName<'_>,
    note: &str,
    at: Timestamp,
) -> Result<Resolved, NoteProblem> {
    let note = Note::parse(note)?;
    let (id, item, reason) = parse(&note.text)?;
    let named = FindingName { id, item: &item };
    if named != finding {
        return Err(NoteProblem::OtherFinding {
            got: named.to_string(),
            expected: finding.to_string(),
        });
    }
    let no_issuer = || NoteProblem::NoIssuer(item.clone());
    let digits = epc::licence_digits(&item).ok_or_else(no_issuer)?;
    let party = &rights.licensee(&digits, at).ok_or_else(no_issuer)?.party;
    let admins = rights.parties.get(party).map(|party| party.admins.as_slice()).unwrap_or_default();
    let signer = admins.iter().find(|(_, key)| is_signed_by(&note, key));
    let (holder, _) =
        signer.ok_or_else(|| NoteProblem::NotTheIssuer { party: party.to_string() })?;
    Ok(Resolved { party: party.clone(), holder: holder.clone(), reason })
}

fn is_signed_by(note: &Note, key: &str) -> bool {
    let Ok(key) = key.parse::<VerifierKey>() else { return false };
    note.signatures
        .iter()
        .filter(|line| line.name == key.name() && line.key_id == key.key_id())
        .any(|line| key.verify(note.text.as_bytes(), &line.bytes).is_ok())
}

fn parse(text: &str) -> Result<(u64, String, String), NoteProblem> {
    let wrong = |what: &str, got: &str, expected: &str| {
        let got: String = got.chars().take(80).collect();
        NoteProblem::Text(format!("{what}: got `{got}`, expected {expected}"))
    };
    let lines: Vec<&str> = text.strip_suffix('\n').unwrap_or(text).split('\n').collect();
    let [title, id, item, reason] = lines[..] else {
        let got = format!("{} lines", lines.len());
        return Err(wrong("text", &got, "4: title, number, item, reason"));
    };
    if title != TITLE {
        return Err(wrong("first line", title, TITLE));
    }
    let number = id.parse::<u64>().ok().filter(|number| number.to_string() == id);
    let number = number.ok_or_else(|| wrong("second line", id, "the number of a finding"))?;
    check_reason(reason)?;
    Ok((number, item.to_owned(), reason.to_owned()))
}

fn check_reason(reason: &str) -> Result<(), NoteProblem> {
    let length = reason.chars().count();
    let is_line = !reason.chars().any(char::is_control) && reason.trim() == reason;
    if is_line && (1..=MAX_REASON).contains(&length) {
        return Ok(());
    }
    Err(NoteProblem::Text(format!(
        "reason: got {length} characters, expected one line of 1 to {MAX_REASON}"
    )))
}

#[cfg(test)]
mod tests {
    use ledger::keys::{SourceKey, SystemRandom};

    use super::*;
    use crate::testing::{ITEM, admin_key, rights_of_issuer, signed_note};

    const FINDING: FindingName<'static> = FindingName { id: 7, item: ITEM };

    fn at() -> Timestamp {
        "2026-11-23T08:00:00Z".parse().unwrap()
    }

    #[test]
    fn an_admin_of_the_issuer_resolves_a_finding_and_nobody_else() {
        let (issuer, stranger) = (new_key(), new_key());
        let mut rights = rights_of_issuer("brand", &admin_key("ana", &issuer));
        let text = note_text(FINDING, "a market test in four cities").unwrap();
        let note = signed_note(&text, "ana", &issuer);
        let resolved = check_note(&rights, FINDING, &note, at()).unwrap();
        assert_eq!((&*resolved.party, &*resolved.holder), ("brand", "ana"));
        assert_eq!(resolved.reason, "a market test in four cities");
        // A party that is somebody, and not the issuer of this item.
        let other = directory::rights::Party {
            admins: vec![("eve".into(), admin_key("eve", &stranger))],
            ..directory::rights::Party::default()
        };
        rights.parties.insert("other".into(), other);
        for (name, key) in [("eve", &stranger), ("ana", &stranger), ("eve", &issuer)] {
            let forged = signed_note(&text, name, key);
            let refused = check_note(&rights, FINDING, &forged, at()).unwrap_err();
            assert_eq!(refused, NoteProblem::NotTheIssuer { party: "brand".into() }, "{name}");
        }
        let refused = check_note(&Rights::default(), FINDING, &note, at()).unwrap_err();
        assert_eq!(refused, NoteProblem::NoIssuer(ITEM.into()), "no directory");
    }

    #[test]
    fn a_note_resolves_the_finding_that_it_names_and_no_other() {
        let key = new_key();
        let rights = rights_of_issuer("brand", &admin_key("ana", &key));
        let note = signed_note(&note_text(FINDING, "why").unwrap(), "ana", &key);
        assert_eq!(finding_of(&note).unwrap(), 7);
        for other in [FindingName { id: 8, ..FINDING }, FindingName { item: "urn:x", ..FINDING }] {
            let refused = check_note(&rights, other, &note, at()).unwrap_err();
            assert!(matches!(refused, NoteProblem::OtherFinding { .. }), "{refused}");
        }
        let altered = note.replace("why", "because");
        let refused = check_note(&rights, FINDING, &altered, at()).unwrap_err();
        assert!(matches!(refused, NoteProblem::NotTheIssuer { .. }), "{refused}");
    }

    #[test]
    fn a_text_of_another_shape_is_refused_with_what_was_expected() {
        let key = new_key();
        let rights = rights_of_issuer("brand", &admin_key("ana", &key));
        for (text, words) in [
            (
                format!("chopmark.org/finding@v2\n7\n{ITEM}\nwhy\n"),
                "expected chopmark.org/finding@v1",
            ),
            (format!("{TITLE}\n07\n{ITEM}\nwhy\n"), "second line: got `07`"),
            (format!("{TITLE}\n7\n{ITEM}\n"), "got `3 lines`"),
            (format!("{TITLE}\n7\n{ITEM}\nwhy\nmore\n"), "got `5 lines`"),
            (format!("{TITLE}\n7\n{ITEM}\n \n"), "reason: got 1 characters"),
        ] {
            let note = signed_note(&text, "ana", &key);
            let refused = check_note(&rights, FINDING, &note, at()).unwrap_err().to_string();
            assert!(refused.contains(words), "{refused}");
        }
        for reason in ["", "two\nlines", &"x".repeat(MAX_REASON + 1), " padded"] {
            assert!(note_text(FINDING, reason).is_err(), "{reason}");
        }
        assert!(matches!(finding_of("none"), Err(NoteProblem::Note(_))));
    }

    fn new_key() -> SourceKey {
        SourceKey::generate(&SystemRandom::new()).unwrap()
    }
}
