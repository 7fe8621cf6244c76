//! Approvals that a document brings beside its events: signed notes of those who agree to a recall or its end.
//!
//! The way through: the document's member `chopmark:approvals` is a list of notes; [`assign`] gives each to the event
//! whose hash it names, and the record of that event keeps it in its evidence.
//!
//! What holds: the notes are no part of an event, so they do not change its hash; a note that approves no event of its
//! document is a violation, none disappears; equal events each get the note, and the copies are bounded.
//!
//! Not here: whether a note is signed by somebody who may approve; whoever reads the record verifies that (`history`).
//!
//! Source: docs/decisions/0026-what-a-capture-is-checked-for.md.

use std::collections::{BTreeMap, HashMap};

use epcis::hash::{Dialect, event_hash};
use epcis::{Statement, Violation};
use ledger::json::Json;

/// The document's member.
pub const MEMBER: &str = "chopmark:approvals";
/// First line of an approval.
const FIRST_LINE: &str = "chopmark.org/approval@v1";
/// Most approvals of a document, and most copies of them where one approves several equal events.
const MOST: usize = 1000;
/// Longest note, in bytes: a text of three lines and some dozen signatures.
const LONGEST: usize = 16 * 1024;

/// The approvals in `document` of its events, by the place of the event.
///
/// - `statements`: the events in their order; not asked for if there is no approval.
///
/// # Errors
///
/// One violation for each note that cannot be assigned.
pub fn assign(
    document: &Json,
    statements: impl IntoIterator<Item = Statement>,
) -> Result<BTreeMap<usize, Vec<String>>, Vec<Violation>> {
    let mut assigned: BTreeMap<usize, Vec<String>> = BTreeMap::new();
    let Some(member) = document.get(MEMBER) else { return Ok(assigned) };
    let notes = match member.as_array() {
        Some(notes) if notes.len() <= MOST => notes,
        _ => {
            let expected = format!("an array of at most {MOST} signed notes");
            let found = violation(
                format!("/{MEMBER}"),
                &member.canonical(),
                "not a list of approvals",
                &expected,
            );
            return Err(vec![found]);
        }
    };
    let places = places_by_hash(statements);
    let mut violations = Vec::new();
    let mut copies = 0;
    for (number, note) in notes.iter().enumerate() {
        let pointer = format!("/{MEMBER}/{number}");
        let text = note.as_str().filter(|text| text.len() <= LONGEST);
        let mut lines = text.unwrap_or_default().split('\n');
        let (first, _, hash) = (lines.next(), lines.next(), lines.next());
        match (text, first == Some(FIRST_LINE), hash.and_then(|hash| places.get(hash))) {
            (Some(_), true, Some(places)) if copies + places.len() > MOST => {
                let expected = format!("at most {MOST}; equal events need to be stated only once");
                let problem = "with it, approvals of equal events are too many";
                violations.push(violation(pointer, hash.unwrap_or_default(), problem, &expected));
                break;
            }
            (Some(text), true, Some(places)) => {
                copies += places.len();
                for place in places {
                    assigned.entry(*place).or_default().push(text.to_owned());
                }
            }
            (Some(text), true, None) => violations.push(violation(
                pointer,
                hash.unwrap_or(text),
                "approves no valid event of this document",
                "the event hash of one of its events in the third line",
            )),
            _ => violations.push(violation(
                pointer,
                &note.canonical(),
                "not an approval",
                &format!(
                    "a signed note of at most {LONGEST} bytes whose first line is {FIRST_LINE}"
                ),
            )),
        }
    }
    if violations.is_empty() { Ok(assigned) } else { Err(violations) }
}

fn violation(pointer: String, value: &str, problem: &str, expected: &str) -> Violation {
    Violation {
        pointer,
        value: value.chars().take(80).collect(),
        problem: problem.to_owned(),
        expected: expected.to_owned(),
    }
}

/// The places of the valid events, by event hash.
fn places_by_hash(statements: impl IntoIterator<Item = Statement>) -> HashMap<String, Vec<usize>> {
    let mut places: HashMap<String, Vec<usize>> = HashMap::new();
    for (place, statement) in statements.into_iter().enumerate() {
        if let Ok(event) = &statement.event
            && let Ok(hash) = event_hash(event, Dialect::default())
        {
            places.entry(hash).or_default().push(place);
        }
    }
    places
}

#[cfg(test)]
mod tests {
    use epcis::Submission;
    use ledger::json::object;
    use serde_json::json;

    use super::*;

    fn document(events: usize, approvals: usize) -> (Json, Vec<Statement>) {
        let event = json!({
            "type": "ObjectEvent", "eventTime": "2026-11-20T08:00:00Z", "eventTimeZoneOffset": "+00:00",
            "epcList": ["urn:epc:id:sgtin:9521141.012345.1"], "action": "OBSERVE",
        });
        let document = json!({
            "@context": ["https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld"],
            "type": "EPCISDocument", "schemaVersion": "2.0", "creationDate": "2026-11-20T08:00:00Z",
            "epcisBody": { "eventList": vec![event; events] },
        });
        let Submission { statements, .. } = Submission::parse(document.to_string().as_bytes());
        let first = statements[0].event.as_ref().unwrap();
        let hash = event_hash(first, Dialect::default()).unwrap();
        let note = Json::from(format!("{FIRST_LINE}\nx.example/1\n{hash}\n").as_str());
        (object([(MEMBER, Json::Array(vec![note; approvals]))]), statements)
    }

    #[test]
    fn equal_events_each_get_a_note_and_the_copies_are_bounded() {
        let (json, statements) = document(3, 2);
        let assigned = assign(&json, statements).unwrap();
        assert_eq!(assigned.len(), 3);
        assert!(assigned.values().all(|notes| notes.len() == 2));
        let (json, statements) = document(100, 11);
        let violations = assign(&json, statements).unwrap_err();
        assert_eq!(violations.len(), 1);
        assert_eq!(violations[0].pointer, "/chopmark:approvals/10");
    }
}
