//! The events of a search as evidence of a case: where each stands, its leaf hash, and the ledgers as they are then.

use std::collections::BTreeSet;

use access::Sight;
use inquiry::case::{Act, EvidenceRef, LedgerState, MOST_EVIDENCE};
use inquiry::find::MOST_ROWS;
use inquiry::{Selection, Unreadable, find, read};
use jiff::tz::TimeZone;
use sql::Db;

/// Why nothing was frozen.
#[derive(Debug)]
pub enum NotFrozen {
    /// The search cannot be read.
    Unreadable(Unreadable),
    /// It finds nothing.
    Nothing,
    /// It finds more than one piece of evidence has.
    TooMuch,
    /// The database.
    Database(sql::Error),
}

impl From<Unreadable> for NotFrozen {
    fn from(problem: Unreadable) -> Self {
        Self::Unreadable(problem)
    }
}

impl From<sql::Error> for NotFrozen {
    fn from(error: sql::Error) -> Self {
        Self::Database(error)
    }
}

/// The act that freezes what a search finds and a reader may see: of several readings the first that finds something.
///
/// # Errors
///
/// [`NotFrozen`].
pub async fn freeze(db: &Db, sight: &Sight, search: &str) -> Result<Act, NotFrozen> {
    let asked = read(search, &TimeZone::UTC)?;
    for reading in &asked.readings {
        let selection = Selection::of(reading, asked.window)?;
        let (mut events, mut origins, mut hidden, mut cursor) =
            (Vec::new(), BTreeSet::new(), 0, None);
        loop {
            let page = find(db, &selection, sight, cursor, MOST_ROWS).await?;
            hidden += page.hidden_here;
            for row in page.rows {
                origins.insert(row.origin.clone());
                events.push(EvidenceRef {
                    origin: row.origin,
                    index: row.index,
                    leaf: row.leaf_hash.to_string(),
                    event: row.own.event_id,
                });
            }
            if events.len() > MOST_EVIDENCE {
                return Err(NotFrozen::TooMuch);
            }
            cursor = page.next;
            if cursor.is_none() {
                break;
            }
        }
        if events.is_empty() {
            continue;
        }
        let ledgers = ledgers(db, &origins).await?;
        return Ok(Act::Freeze { search: reading.text(), events, hidden, ledgers });
    }
    Err(NotFrozen::Nothing)
}

/// The ledgers as they are now.
async fn ledgers(db: &Db, origins: &BTreeSet<String>) -> Result<Vec<LedgerState>, sql::Error> {
    let connection = db.connection().await?;
    let mut ledgers = Vec::with_capacity(origins.len());
    for origin in origins {
        if let Some((_, checkpoint)) = sql::ledgers::latest_of(&connection, origin).await? {
            let root = checkpoint.root.to_string();
            ledgers.push(LedgerState { origin: origin.clone(), size: checkpoint.size, root });
        }
    }
    Ok(ledgers)
}
