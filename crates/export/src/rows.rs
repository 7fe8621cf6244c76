//! Gives the events of a request one by one to whatever writes them, and counts what is not among them.
//!
//! What holds: while one batch is written, the next one is looked for; the names of the events of a batch are known before the first of them is
//! written.
//!
//! Not here: in which order they come ([`crate::walk`]), what is written of them.

use std::collections::BTreeSet;
use std::io;
use std::sync::Arc;

use sql::Db;

use crate::descriptions::Descriptions;
use crate::error::Error;
use crate::fsma;
use crate::job::{Job, Progress};
use crate::request::Request;
use crate::snapshot::Snapshot;
use crate::tally::Counts;
use crate::walk::{Found, Row, Walk};

/// What is done with each row.
type Add<'a> = dyn FnMut(&Row, &Descriptions<'_>, &mut Counts) -> io::Result<()> + Send + 'a;

/// Walks the events of a request, and counts what is not among them.
///
/// - `names`: what is called how, if that is asked for.
pub(crate) async fn each<'a>(
    db: &'a Db,
    request: &Request,
    snapshot: &Snapshot,
    mut names: Option<&mut Descriptions<'a>>,
    counts: &mut Counts,
    job: &mut Job<'_>,
    add: &mut Add<'_>,
) -> Result<(), Error> {
    let mut walk = Walk::new(db, snapshot, &request.wanted, &request.sight, false);
    let mut nobody = Descriptions::new(db, Arc::default(), snapshot.master, snapshot.at());
    let total = request.wants_all().then_some(snapshot.head);
    let mut batch = walk.next_batch().await?;
    while let Some(found) = batch {
        let names: &mut Descriptions<'a> = match &mut names {
            Some(names) => names,
            None => &mut nobody,
        };
        let (looked_at, rows) = (walk.looked_at(), &mut *counts);
        // While these are written, the next ones are looked for.
        let written = async { write_batch(found, names, rows, add).await };
        let (next, ()) = futures::try_join!(walk.next_batch(), written)?;
        job.step(Progress { looked_at, total, rows: counts.rows })?;
        batch = next;
    }
    counts.broken += walk.faults();
    Ok(())
}

async fn write_batch(
    found: Vec<Found>,
    names: &mut Descriptions<'_>,
    counts: &mut Counts,
    add: &mut Add<'_>,
) -> Result<(), Error> {
    let mut wanted = BTreeSet::new();
    for one in &found {
        if let Found::Row(row) = one {
            fsma::names(row, &mut wanted);
        }
    }
    names.prepare(&wanted).await?;
    for one in found {
        match one {
            Found::Hidden => counts.hidden += 1,
            Found::Broken(origin, index) => counts.add_broken(&origin, index),
            Found::Row(row) => {
                counts.events += 1;
                add(&row, names, counts)?;
            }
        }
    }
    Ok(())
}
