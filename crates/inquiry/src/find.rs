//! A page of the events of a selection, as a reader may see them.
//!
//! The way through: [`find`] takes candidates of the projection, the newest first, recomputes each from its ledger, asks the selection and
//! the reader's sight, and goes on counting when the page is full.
//!
//! What holds:
//!
//! - the projection only proposes: a candidate is recomputed from its stored text and secret before anything of it is used
//!   (`history::projected::check`), the selection is asked again, and what the reader may not see is counted and nothing more;
//! - a list is what the projection had when its first page was asked for, so no event is shown twice and none is left out;
//! - work and memory of a page are bounded; a page that stops for that reason is short and says where the next goes on.
//!
//! Not here: the projection (`sql::events`), what was typed ([`crate::reading`]).
//!
//! Source: decisions 0061 and 0076.

use std::sync::Arc;

use access::Sight;
use epcis::query::{Direction, Order, Term};
use history::projected::{LedgerEvent, check};
use history::sight::sees;
use ledger::Hash;
use sql::events::{Place, Projected, Search, candidates};
use sql::ledgers::StoredRecord;
use sql::{Db, LedgerId};

use crate::selection::Selection;

/// Most events of a page.
pub const MOST_ROWS: usize = 200;
/// Most candidates of one look at the projection.
const AT_ONCE: usize = 256;
/// Candidates that one thread recomputes.
const AT_ONE_THREAD: usize = 32;
/// Most candidates that are looked at to fill a page.
const MOST_LOOKED: usize = 4_096;
/// Most candidates that are looked at to count beyond the first page.
const MOST_COUNTED: usize = 512;

/// An event that was found.
#[derive(Debug, Clone)]
pub struct Row {
    /// It, as its ledger has it.
    pub own: LedgerEvent,
    /// Origin of the ledger.
    pub origin: String,
    /// The ledger.
    pub ledger: LedgerId,
    /// Its place there.
    pub index: u64,
    /// The leaf hash there.
    pub leaf_hash: Hash,
    /// Its place in the projection.
    pub position: u64,
}

/// How many there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Count {
    /// So many.
    Exactly(u64),
    /// So many were counted, and there may be more.
    AtLeast(u64),
}

impl Count {
    /// The number, exact or not.
    #[must_use]
    pub fn number(self) -> u64 {
        match self {
            Self::Exactly(number) | Self::AtLeast(number) => number,
        }
    }
}

impl Default for Count {
    fn default() -> Self {
        Self::Exactly(0)
    }
}

/// Where a list goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor {
    /// Behind this place.
    pub place: Place,
    /// The projection's last place when the list was begun.
    pub head: u64,
}

/// A cursor in an address: four numbers.
impl std::fmt::Display for Cursor {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Place { generation, at, position } = self.place;
        write!(out, "{generation}.{at}.{position}.{}", self.head)
    }
}

impl Cursor {
    /// Reads what [`Cursor`]'s `Display` wrote.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('.');
        let mut number = || parts.next()?.parse::<u64>().ok();
        let generation = number()?;
        let at = parts.next()?.parse::<i64>().ok()?;
        let mut number = || parts.next()?.parse::<u64>().ok();
        let (position, head) = (number()?, number()?);
        let place = Place { generation, at, position };
        parts.next().is_none().then_some(Self { place, head })
    }
}

/// A page.
#[derive(Debug, Clone)]
pub struct Found {
    /// Its events, the newest first.
    pub rows: Vec<Row>,
    /// How many events the list has that the reader may see; none on later pages.
    pub count: Option<Count>,
    /// Events that were met and that the reader may not see.
    pub hidden: Count,
    /// Those of them that were met before the page was full: the sum over all pages counts each once.
    pub hidden_here: u64,
    /// Records that were met and do not fit their ledger, and rows that lead to none.
    pub broken: u64,
    /// Where the list goes on.
    pub next: Option<Cursor>,
    /// The projection's last place when the list was begun.
    pub head: u64,
    /// Generation of the projection.
    pub generation: u64,
    /// The projection was begun anew since the list was: begin with the first page.
    pub is_outdated: bool,
}

/// What is decided about a candidate.
enum Judged {
    Shown(Box<LedgerEvent>),
    Hidden,
    Other,
    Broken,
}

/// Who asks for what.
struct Judge {
    selection: Selection,
    sight: Sight,
}

impl Judge {
    /// Judges candidates, in their order, on the threads for long work: to recompute an event takes longer than to find it.
    async fn all(
        self: &Arc<Self>,
        mut found: Vec<(Projected, StoredRecord)>,
    ) -> Result<Vec<(Projected, Hash, Judged)>, sql::Error> {
        let mut parts = Vec::new();
        while !found.is_empty() {
            let behind = found.split_off(found.len().min(AT_ONE_THREAD));
            let part = std::mem::replace(&mut found, behind);
            let own = Arc::clone(self);
            parts.push(tokio::task::spawn_blocking(move || {
                let judge = |(row, stored): (Projected, StoredRecord)| {
                    let judged = judge(&own.selection, &own.sight, &row, &stored);
                    (row, stored.leaf_hash, judged)
                };
                part.into_iter().map(judge).collect::<Vec<_>>()
            }));
        }
        let mut judged = Vec::new();
        for part in parts {
            let ended =
                |error| sql::Error::Data(format!("events could not be recomputed: {error}"));
            judged.extend(part.await.map_err(ended)?);
        }
        Ok(judged)
    }
}

fn judge(selection: &Selection, sight: &Sight, row: &Projected, stored: &StoredRecord) -> Judged {
    let Ok(own) = check(row, stored) else { return Judged::Broken };
    if !selection.has(&own) {
        Judged::Other
    } else if sees(sight, &own.stated_by, &own.event) {
        Judged::Shown(Box::new(own))
    } else {
        Judged::Hidden
    }
}

/// Candidates one look after the other.
struct Looks<'a> {
    db: &'a Db,
    selection: &'a Selection,
    groups: Vec<Vec<Term>>,
    after: Option<Place>,
    head: Option<u64>,
    generation: u64,
    looked_at: usize,
    faults: u64,
    is_done: bool,
    is_outdated: bool,
}

impl Looks<'_> {
    async fn next(&mut self, most: usize) -> Result<Vec<(Projected, StoredRecord)>, sql::Error> {
        let window = self.selection.window;
        let search = Search {
            groups: &self.groups,
            event_time: (window.from, window.until),
            record_time: (None, None),
            order: Order::EventTime,
            direction: Direction::Descending,
            after: self.after,
            head: self.head,
            most,
        };
        let found = candidates(self.db, &search).await?;
        self.is_outdated = found.is_outdated;
        self.is_done = found.is_outdated || found.next.is_none();
        self.head = Some(found.head);
        self.generation = found.generation;
        self.faults += found.faults;
        self.looked_at += most;
        if let Some(next) = found.next {
            self.after = Some(next);
        }
        Ok(found.found)
    }
}

/// A page of the events that a reader may see, the newest first.
///
/// - `cursor`: where an earlier page stopped.
/// - `most`: events of the page, at most [`MOST_ROWS`].
///
/// # Errors
///
/// [`sql::Error`].
pub async fn find(
    db: &Db,
    selection: &Selection,
    sight: &Sight,
    cursor: Option<Cursor>,
    most: usize,
) -> Result<Found, sql::Error> {
    let most = most.clamp(1, MOST_ROWS);
    let judge = Arc::new(Judge { selection: selection.clone(), sight: sight.clone() });
    let mut looks = Looks {
        db,
        selection,
        groups: selection.groups(),
        after: cursor.map(|cursor| cursor.place),
        head: cursor.map(|cursor| cursor.head),
        generation: 0,
        looked_at: 0,
        faults: 0,
        is_done: false,
        is_outdated: false,
    };
    let mut page = Filling {
        most,
        rows: Vec::new(),
        shown: 0,
        hidden: 0,
        hidden_here: 0,
        broken: 0,
        full: None,
    };
    loop {
        let is_full = page.full.is_some();
        let limit = if is_full { MOST_COUNTED } else { MOST_LOOKED };
        let is_enough = is_full && cursor.is_some();
        if looks.is_done || is_enough || looks.looked_at >= limit {
            break;
        }
        // A small page needs few texts.
        let wanted = if looks.looked_at == 0 { most + 1 } else { AT_ONCE };
        for (row, leaf_hash, judged) in judge.all(looks.next(wanted).await?).await? {
            page.take(&looks, (row, leaf_hash), judged);
        }
        if page.full.is_some() && cursor.is_some() {
            break;
        }
    }
    Ok(page.end(&looks, cursor.is_none()))
}

/// A page that is being filled.
struct Filling {
    most: usize,
    rows: Vec<Row>,
    shown: u64,
    hidden: u64,
    hidden_here: u64,
    broken: u64,
    /// The place of its last event, once it is full.
    full: Option<Place>,
}

impl Filling {
    /// The page, with what is to be said of it.
    fn end(self, looks: &Looks<'_>, is_first: bool) -> Found {
        let counted = |number: u64| {
            if looks.is_done { Count::Exactly(number) } else { Count::AtLeast(number) }
        };
        let head = looks.head.unwrap_or_default();
        // What was counted beyond the page belongs to the next one.
        let is_more = self.shown > self.rows.len() as u64 || !looks.is_done;
        let stopped = match self.full {
            Some(place) => Some(place).filter(|_| is_more),
            None => looks.after.filter(|_| !looks.is_done),
        };
        Found {
            count: is_first.then(|| counted(self.shown)),
            hidden: counted(self.hidden),
            hidden_here: self.hidden_here,
            broken: self.broken + looks.faults,
            next: stopped.map(|place| Cursor { place, head }),
            head,
            generation: looks.generation,
            is_outdated: looks.is_outdated,
            rows: self.rows,
        }
    }

    fn take(&mut self, looks: &Looks<'_>, (row, leaf_hash): (Projected, Hash), judged: Judged) {
        match judged {
            Judged::Other => {}
            Judged::Hidden => {
                self.hidden += 1;
                self.hidden_here += u64::from(self.full.is_none());
            }
            Judged::Broken => self.broken += 1,
            Judged::Shown(own) => {
                self.shown += 1;
                if self.rows.len() == self.most {
                    return;
                }
                let at = row.event_time.as_microsecond();
                if self.rows.len() + 1 == self.most {
                    let (generation, position) = (looks.generation, row.position);
                    self.full = Some(Place { generation, at, position });
                }
                self.rows.push(Row {
                    own: *own,
                    origin: row.origin,
                    ledger: row.ledger,
                    index: row.index,
                    leaf_hash,
                    position: row.position,
                });
            }
        }
    }
}

#[cfg(test)]
mod tests;
