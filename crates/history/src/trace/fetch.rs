//! Fetches what a walk needs, a level at a time.

use sql::events::{Read, head, links, read};
use sql::{Connection, Db};

use super::found::{Direction, Source, Trace};
use super::walk::{TracedEvent, Walk};
use crate::movement::movement_of;
use crate::projected::{LedgerEvent, check};

/// Events that are read by one query.
const AT_ONCE: usize = 2_048;

/// How much a trace looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Levels.
    pub depth: u32,
    /// Things that it may meet.
    pub things: usize,
    /// Events that it reads.
    pub events: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { depth: 20, things: 400_000, events: 50_000 }
    }
}

/// What was read beside the events themselves.
#[derive(Debug, Default)]
struct Account {
    read: usize,
    hidden: u64,
    faults: u64,
}

/// Where a thing came from or went.
///
/// - `start`: the thing or class, in any spelling.
/// - `newest`: events behind this position are not seen; none sees all that there are.
/// - `sees`: whether the reader may see an event. What an event says that he may not see is not followed.
///
/// # Errors
///
/// [`sql::Error`].
pub async fn trace(
    db: &Db,
    start: &str,
    direction: Direction,
    (limits, newest): (Limits, Option<u64>),
    sees: impl Fn(&LedgerEvent) -> bool,
) -> Result<Trace, sql::Error> {
    let connection = db.connection().await?;
    let now = head(&connection).await?;
    let newest = newest.unwrap_or(now.position).min(now.position);
    let mut walk = Walk::new(start, direction, limits.depth, limits.things);
    let mut account = Account::default();
    let most = u32::try_from(limits.things).unwrap_or(u32::MAX);
    while let Some(needs) = walk.needs() {
        let rows = links(&connection, &needs.things, &needs.roles, (newest, most)).await?;
        if rows.len() >= limits.things {
            walk.cut();
        }
        let mut positions = walk.take_links(&rows);
        let room = limits.events.saturating_sub(account.read);
        if positions.len() > room {
            positions.truncate(room);
            walk.cut();
        }
        account.read += positions.len();
        let events = events(&connection, &positions, &sees, &mut account).await?;
        walk.take_events(events);
    }
    let (head, generation) = (newest, now.generation);
    let (hidden, faults) = (account.hidden, account.faults);
    Ok(Trace { hidden, faults, head, generation, ..walk.finish() })
}

/// The events at some positions that the reader may see and that move something.
async fn events(
    connection: &Connection,
    positions: &[u64],
    sees: &impl Fn(&LedgerEvent) -> bool,
    account: &mut Account,
) -> Result<Vec<TracedEvent>, sql::Error> {
    let mut events = Vec::new();
    let mut rest = positions;
    while !rest.is_empty() {
        let asked = &rest[..rest.len().min(AT_ONCE)];
        let mut done = asked.len();
        let rows = read(connection, asked).await?;
        for row in rows {
            let (projected, record) = match row {
                Read::Found(projected, record) => (projected, record),
                Read::Missing(_) => {
                    account.faults += 1;
                    continue;
                }
                Read::Unread(projected) => {
                    // The first of a call is always read, so this ends.
                    let before = asked.iter().take_while(|at| **at != projected.position);
                    done = before.count().max(1);
                    break;
                }
            };
            let Ok(own) = check(&projected, &record) else {
                account.faults += 1;
                continue;
            };
            if !sees(&own) {
                account.hidden += 1;
                continue;
            }
            let Some(movement) = movement_of(&own.event) else { continue };
            let source = Source {
                position: projected.position,
                origin: projected.origin,
                index: projected.index,
                event_id: own.event_id,
                at: own.event.event_time(),
            };
            events.push(TracedEvent { source, movement });
        }
        rest = &rest[done..];
    }
    Ok(events)
}
