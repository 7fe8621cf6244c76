//! The events of a request, each checked, in an order that depends on nothing but the ledgers.
//!
//! The way through: the projection gives candidates in order of event time ([`sql::events::candidates`]); while it looks for the next ones,
//! those that were found are recomputed from their records on other threads; events of one time are sorted by ledger and place.
//!
//! What holds:
//!
//! - the order is event time (to the microsecond), origin of the ledger, place in the ledger: the projection's own positions, which
//!   another run of the projector could give in another order, decide nothing;
//! - a record behind the size of the snapshot is not there;
//! - memory is bounded: of events of one microsecond at most [`MOST_OF_A_TIME`] are sorted in memory; where there are more, the
//!   projection is read once for each ledger that has some.
//!
//! Not here: what is written of an event.

use std::collections::BTreeSet;
use std::sync::Arc;

use access::Sight;
use epcis::Event;
use epcis::query::{Direction, Order, Term};
use history::projected::check;
use history::sight::sees;
use jiff::{SignedDuration, Timestamp};
use ledger::Hash;
use ledger::record::Secret;
use sql::Db;
use sql::events::{Candidates, Place, Projected, Search};
use sql::ledgers::StoredRecord;

use crate::error::Error;
use crate::snapshot::Snapshot;
use crate::wanted::Wanted;

/// Candidates of one look at the projection.
const AT_ONCE: usize = 2048;
/// Candidates that one thread recomputes at a time.
const AT_ONE_THREAD: usize = 256;
/// Most events of one microsecond that are sorted in memory.
pub const MOST_OF_A_TIME: usize = 8 * AT_ONCE;

/// An event that is exported.
#[derive(Debug, Clone)]
pub struct Row {
    /// The event, without the members that its ledger added.
    pub event: Event,
    /// Its own id, or its event hash.
    pub event_id: String,
    /// Origin of its ledger.
    pub origin: String,
    /// Its place there.
    pub index: u64,
    /// The leaf hash at that place.
    pub leaf_hash: Hash,
    /// When it was recorded.
    pub record_time: Timestamp,
    /// Party that stated it; empty if the record does not say.
    pub stated_by: String,
    /// The secret of the record's salts.
    pub secret: Secret,
    /// The record.
    pub text: String,
}

/// What was decided about a record that matches, or does not fit.
#[derive(Debug, Clone)]
pub enum Found {
    /// It is exported.
    Row(Box<Row>),
    /// It matches, and the reader may not see it.
    Hidden,
    /// It does not fit its ledger: its origin and place.
    Broken(String, u64),
}

/// Time of an event, rank of its ledger, place in it.
type Key = (i64, usize, u64);

/// A candidate before it is decided about.
type Candidate = (Key, Projected, StoredRecord);

/// The place of a record in the order, and what was decided about it; none if it does not match.
type Decided = (Key, u64, Option<Found>);

/// The events of a request, one batch after the other.
pub struct Walk<'a> {
    db: &'a Db,
    snapshot: &'a Snapshot,
    judge: Arc<Judge>,
    groups: Vec<Vec<Term>>,
    /// What was decided about and has the time of the last candidate: more of that time may come.
    held: Vec<Decided>,
    /// Where the projection is read on.
    after: Onward,
    /// A look that was begun while the one before was decided about.
    next: Option<Candidates>,
    /// Ledgers whose events of one time are still to be given.
    crowd: Option<Crowd>,
    /// Rows of the projection that name no record.
    faults: u64,
    looked_at: u64,
}

/// Events of one time that are too many to sort.
struct Crowd {
    at: Timestamp,
    ledgers: std::vec::IntoIter<sql::LedgerId>,
    current: Option<(sql::LedgerId, Option<Place>)>,
    /// Before the first of them.
    begin: Place,
}

/// Where the projection is read on.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Onward {
    /// From its beginning, or behind a place.
    From(Option<Place>),
    /// There is nothing more.
    Nowhere,
}

/// What decides about a candidate.
struct Judge {
    wanted: Wanted,
    sight: Sight,
    keeps_text: bool,
}

impl Judge {
    fn decide(&self, projected: &Projected, stored: &StoredRecord) -> Option<Found> {
        let Ok(own) = check(projected, stored) else {
            return Some(Found::Broken(projected.origin.clone(), stored.index));
        };
        if !self.wanted.has(&own) {
            return None;
        }
        if !sees(&self.sight, &own.stated_by, &own.event) {
            return Some(Found::Hidden);
        }
        Some(Found::Row(Box::new(Row {
            event: own.event,
            event_id: own.event_id,
            origin: projected.origin.clone(),
            index: stored.index,
            leaf_hash: stored.leaf_hash,
            record_time: own.record_time,
            stated_by: own.stated_by,
            // A record without one leads to no leaf hash, and was found broken.
            secret: stored.secret.unwrap_or_default(),
            text: if self.keeps_text { stored.text.clone() } else { String::new() },
        })))
    }
}

impl<'a> Walk<'a> {
    /// Begins.
    ///
    /// - `keeps_text`: rows have the text of their record.
    #[must_use]
    pub fn new(
        db: &'a Db,
        snapshot: &'a Snapshot,
        wanted: &Wanted,
        sight: &Sight,
        keeps_text: bool,
    ) -> Self {
        Self {
            db,
            snapshot,
            groups: wanted.groups(),
            judge: Arc::new(Judge { wanted: wanted.clone(), sight: sight.clone(), keeps_text }),
            held: Vec::new(),
            after: Onward::From(None),
            next: None,
            crowd: None,
            faults: 0,
            looked_at: 0,
        }
    }

    /// Rows of the projection that name no record, so far.
    #[must_use]
    pub fn faults(&self) -> u64 {
        self.faults
    }

    /// Candidates so far.
    #[must_use]
    pub fn looked_at(&self) -> u64 {
        self.looked_at
    }

    /// The next events, in order; none at the end. A batch may be empty.
    ///
    /// # Errors
    ///
    /// [`Error`].
    pub async fn next_batch(&mut self) -> Result<Option<Vec<Found>>, Error> {
        if let Some(crowd) = self.crowd.take() {
            return self.next_of_crowd(crowd).await.map(Some);
        }
        let Onward::From(after) = self.after else { return Ok(None) };
        let found = match self.next.take() {
            Some(found) => found,
            None => self.look(after, None).await?,
        };
        self.faults += found.faults;
        self.looked_at += found.found.len() as u64;
        self.after = found.next.map_or(Onward::Nowhere, |next| Onward::From(Some(next)));
        let candidates = self.candidates(found.found);
        let (decided, next) = match found.next {
            Some(next) => {
                let look = self.look(Some(next), None);
                futures::try_join!(decide(&self.judge, candidates), async { look.await.map(Some) })?
            }
            None => (decide(&self.judge, candidates).await?, None),
        };
        self.next = next;
        self.held.extend(decided);
        self.held.sort_by_key(|(key, ..)| *key);
        Ok(Some(self.release()))
    }

    /// Gives what nothing can come before any more.
    fn release(&mut self) -> Vec<Found> {
        let last = self.held.last().map(|((time, ..), ..)| *time);
        let Some(last) = last.filter(|_| self.after != Onward::Nowhere) else {
            return std::mem::take(&mut self.held).into_iter().filter_map(|(.., it)| it).collect();
        };
        let ready = self.held.partition_point(|((time, ..), ..)| *time < last);
        let held = self.held.split_off(ready);
        let ready = std::mem::replace(&mut self.held, held);
        if self.held.len() > MOST_OF_A_TIME {
            self.begin_crowd(last);
        }
        ready.into_iter().filter_map(|(.., found)| found).collect()
    }

    /// Goes over to reading the events of one time ledger by ledger.
    fn begin_crowd(&mut self, time: i64) {
        let first = self.held.iter().map(|(_, position, _)| *position).min().unwrap_or(1);
        self.held.clear();
        self.next = None;
        let generation = self.snapshot.generation;
        let begin = Place { generation, at: time, position: first - 1 };
        // Behind all events of that time.
        self.after = Onward::From(Some(Place { position: u64::MAX >> 1, ..begin }));
        let at = Timestamp::from_microsecond(time).unwrap_or(Timestamp::UNIX_EPOCH);
        let ledgers = Vec::new().into_iter();
        self.crowd = Some(Crowd { at, ledgers, current: None, begin });
    }

    async fn next_of_crowd(&mut self, mut crowd: Crowd) -> Result<Vec<Found>, Error> {
        let Some((ledger, after)) = crowd.current.take() else {
            if crowd.ledgers.as_slice().is_empty() {
                crowd.ledgers = self.ledgers_of(&crowd).await?.into_iter();
            }
            if let Some(ledger) = crowd.ledgers.next() {
                crowd.current = Some((ledger, Some(crowd.begin)));
                self.crowd = Some(crowd);
            }
            return Ok(Vec::new());
        };
        let found = self.look(after, Some(crowd.at)).await?;
        self.looked_at += found.found.len() as u64;
        let own = found.found.into_iter().filter(|(projected, _)| {
            projected.ledger == ledger && projected.event_time == crowd.at
        });
        let candidates = self.candidates(own.collect());
        let decided = decide(&self.judge, candidates).await?;
        if let Some(next) = found.next {
            crowd.current = Some((ledger, Some(next)));
            self.crowd = Some(crowd);
        } else if let Some(ledger) = crowd.ledgers.next() {
            crowd.current = Some((ledger, Some(crowd.begin)));
            self.crowd = Some(crowd);
        }
        Ok(decided.into_iter().filter_map(|(.., found)| found).collect())
    }

    /// The ledgers with events of one time, in order of origin.
    async fn ledgers_of(&self, crowd: &Crowd) -> Result<Vec<sql::LedgerId>, Error> {
        let mut ranks: BTreeSet<(usize, sql::LedgerId)> = BTreeSet::new();
        let mut after = Some(crowd.begin);
        while after.is_some() {
            let found = self.look(after, Some(crowd.at)).await?;
            // The bounds of a search may be wider than what was asked for.
            for (projected, _) in found.found.iter().filter(|(it, _)| it.event_time == crowd.at) {
                let rank = self.snapshot.rank_of(projected.ledger, projected.index);
                ranks.extend(rank.map(|rank| (rank, projected.ledger)));
            }
            after = found.next;
        }
        Ok(ranks.into_iter().map(|(_, ledger)| ledger).collect())
    }

    /// Asks the projection.
    ///
    /// - `only`: events of this microsecond alone.
    async fn look(
        &self,
        after: Option<Place>,
        only: Option<Timestamp>,
    ) -> Result<Candidates, Error> {
        let bounds = match only {
            Some(at) => (Some(at), at.checked_add(SignedDuration::from_micros(1)).ok()),
            None => self.judge.wanted.event_time(),
        };
        let search = Search {
            groups: &self.groups,
            event_time: bounds,
            record_time: self.judge.wanted.record_time(),
            order: Order::EventTime,
            direction: Direction::Ascending,
            after,
            head: Some(self.snapshot.head),
            most: AT_ONCE,
        };
        let found = sql::events::candidates(self.db, &search).await?;
        if found.is_outdated || found.generation != self.snapshot.generation {
            return Err(Error::Outdated);
        }
        Ok(found)
    }

    /// Those that the snapshot has, with their keys.
    fn candidates(&self, found: Vec<(Projected, StoredRecord)>) -> Vec<Candidate> {
        let keyed = found.into_iter().filter_map(|(projected, stored)| {
            let rank = self.snapshot.rank_of(projected.ledger, projected.index)?;
            let key = (projected.event_time.as_microsecond(), rank, projected.index);
            Some((key, projected, stored))
        });
        keyed.collect()
    }
}

/// Decides about candidates on the threads for long work.
async fn decide(judge: &Arc<Judge>, candidates: Vec<Candidate>) -> Result<Vec<Decided>, Error> {
    let mut parts = Vec::new();
    let mut rest = candidates;
    while !rest.is_empty() {
        let behind = rest.split_off(rest.len().min(AT_ONE_THREAD));
        let part = std::mem::replace(&mut rest, behind);
        let judge = Arc::clone(judge);
        parts.push(tokio::task::spawn_blocking(move || {
            let decide = |(key, projected, stored): Candidate| {
                let found = judge.decide(&projected, &stored);
                (key, projected.position, found)
            };
            part.into_iter().map(decide).collect::<Vec<_>>()
        }));
    }
    let mut decided = Vec::new();
    for part in parts {
        let part = part.await.map_err(|error| std::io::Error::other(error.to_string()))?;
        decided.extend(part);
    }
    Ok(decided)
}
