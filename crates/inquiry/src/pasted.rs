//! What is known of each thing of a pasted list.
//!
//! The way through: [`look_up`] asks for the events of a page of things at once, and shares them out.
//!
//! What holds: the number of looks at the projection depends on the number of events, not on that of things; what was not looked at is
//! said with "at least".
//!
//! Not here: reading a list ([`crate::paste`]).

use std::collections::HashMap;

use access::Sight;
use epcis::Event;
use ledger::json::Json;
use sql::Db;

use crate::find::{Count, Cursor, MOST_ROWS, Row, find};
use crate::reading::Window;
use crate::selection::Selection;

/// Things of a page.
pub const PAGE: usize = 100;
/// Most looks for one page.
const MOST_LOOKS: usize = 10;

/// A thing, and what is known of it.
#[derive(Debug, Clone)]
pub struct KnownThing {
    /// Its key.
    pub thing: String,
    /// Events that name it and that the reader may see.
    pub events: Count,
    /// The newest of them.
    pub newest: Option<Row>,
}

/// A page of a list.
#[derive(Debug, Clone)]
pub struct Looked {
    /// The things, in the order of the list.
    pub things: Vec<KnownThing>,
    /// Events that name one of them and that the reader may not see.
    pub hidden: Count,
    /// Records that do not fit their ledger.
    pub broken: u64,
    /// The projection's last place.
    pub head: u64,
}

/// What is known of some things, at most [`PAGE`].
///
/// # Errors
///
/// [`sql::Error`].
pub async fn look_up(db: &Db, sight: &Sight, things: &[String]) -> Result<Looked, sql::Error> {
    let things = &things[..things.len().min(PAGE)];
    let mut counts: HashMap<&str, (u64, Option<Row>)> =
        things.iter().map(|thing| (thing.as_str(), (0, None))).collect();
    let (mut hidden, mut broken, mut head) = (0, 0, 0);
    let mut cursor: Option<Cursor> = None;
    let mut is_whole = things.is_empty();
    let names: Vec<&str> = things.iter().map(String::as_str).collect();
    let selection = Selection::of_things(&names, Window::default());
    let selection = selection.map_err(|problem| sql::Error::data(problem.to_string()))?;
    for _ in 0..MOST_LOOKS {
        if is_whole {
            break;
        }
        let page = find(db, &selection, sight, cursor, MOST_ROWS).await?;
        hidden += page.hidden_here;
        broken += page.broken;
        head = page.head;
        for row in page.rows {
            for key in keys_of(&row.own.event) {
                if let Some((count, newest)) = counts.get_mut(key.as_str()) {
                    *count += 1;
                    newest.get_or_insert_with(|| row.clone());
                }
            }
        }
        cursor = page.next;
        is_whole = cursor.is_none();
    }
    let count = |number| if is_whole { Count::Exactly(number) } else { Count::AtLeast(number) };
    let known = things.iter().map(|thing| {
        let (events, newest) = counts.remove(thing.as_str()).unwrap_or_default();
        KnownThing { thing: thing.clone(), events: count(events), newest }
    });
    Ok(Looked { things: known.collect(), hidden: count(hidden), broken, head })
}

/// Keys of all things and classes that an event names, each once.
#[must_use]
pub fn keys_of(event: &Event) -> Vec<String> {
    let mut keys: Vec<String> = ledger::record::NAMING
        .iter()
        .flat_map(|(member, inner)| {
            let elements: &[Json] = ledger::record::naming_elements(event.json(), member);
            elements.iter().filter_map(|element| ledger::record::name_in(element, *inner))
        })
        .map(epc::thing_key)
        .collect();
    keys.sort_unstable();
    keys.dedup();
    keys
}
