//! What is known of a held ledger: whether anybody holds more of it than the restored database.
//!
//! The way through: [`Asked`] is what the chain said and what people brought; [`of_hold`] compares a held ledger with them and with the hubs of
//! the database.
//!
//! What holds: a checkpoint counts only if it is signed under the policy; where the chain has more entries of a hub than the database, every
//! ledger of the database is suspected, because the entries that are missing may be its checkpoints; that nobody who was asked knows
//! more does not show that nobody knows more.
//!
//! Not here: the comparison of one ledger with one checkpoint ([`history::continuity`]), what follows (`restore.rs`).

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use history::continuity;
use ledger::checkpoint::Checkpoint;
use ledger::note::Note;
use ledger::policy::Policy;
use sql::Db;
use sql::holds::Hold;

/// A checkpoint that somebody else holds.
pub struct Seen {
    /// Where it is.
    pub file: PathBuf,
    /// What was signed.
    pub checkpoint: Checkpoint,
}

/// What was asked outside of the database.
#[derive(Default)]
pub struct Asked {
    /// Origin of the hub, and what the chain has of it; none if there is no `[anchor]` to ask with.
    pub chain: Option<(String, anchor::published::Published)>,
    /// Checkpoints that people brought.
    pub seen: Vec<Seen>,
}

/// What is known of a held ledger.
#[derive(Debug, Default)]
pub struct Known {
    /// Who was asked, and what it said.
    pub asked: Vec<String>,
    /// Who knows more than the database, or something else.
    pub newer: Vec<String>,
}

/// Reads a checkpoint, which must be signed under the policy.
///
/// # Errors
///
/// If it cannot be read, or is not signed.
pub fn read_seen(file: &Path, policy: Option<&Policy>) -> anyhow::Result<Seen> {
    let Some(policy) = policy else {
        bail!(
            "--seen: got no policy in the configuration, expected --policy FILE with the keys of the ledgers"
        );
    };
    let text = std::fs::read_to_string(file)
        .with_context(|| format!("could not read {}", file.display()))?;
    let wrong = || format!("{} is no signed checkpoint", file.display());
    let note = Note::parse(&text).with_context(wrong)?;
    let stated = Checkpoint::parse_body(&note.text).with_context(wrong)?;
    let opened = policy.open_checkpoint(&stated.origin, &text);
    let checkpoint = match opened {
        Ok(checkpoint) => checkpoint,
        Err(error) => policy
            .open_hub_checkpoint(&stated.origin, &text)
            .map_err(|_| error)
            .with_context(wrong)?,
    };
    Ok(Seen { file: file.to_owned(), checkpoint })
}

/// Compares a held ledger with everything that was asked.
///
/// # Errors
///
/// If the database cannot be read.
pub async fn of_hold(db: &Db, hold: &Hold, asked: &Asked) -> Result<Known, sql::Error> {
    let mut known = Known::default();
    let Hold { ledger, origin, is_hub, .. } = hold;
    let compared = if *is_hub {
        continuity::of_hub(db, *ledger, origin).await?
    } else {
        continuity::of_ledger(db, *ledger, origin).await?
    };
    let place = if *is_hub { "its anchors in this database" } else { "the hubs of this database" };
    match compared.continuity.problem() {
        Some(problem) => known.newer.push(format!("{place}: {problem}")),
        None => known.asked.push(format!("{place}: {}", compared.continuity)),
    }
    match &asked.chain {
        None => {
            known.asked.push("the chain: not asked, the configuration has no [anchor]".to_owned());
        }
        Some((hub, published)) => of_chain(db, hub, published, &mut known).await?,
    }
    for seen in asked.seen.iter().filter(|seen| seen.checkpoint.origin == *origin) {
        let Checkpoint { size, root, .. } = seen.checkpoint;
        let file = seen.file.display();
        match continuity::with_checkpoint(db, *ledger, origin, size, root).await?.problem() {
            Some(problem) => {
                known.newer.push(format!("{file} is signed for size {size}: {problem}"));
            }
            None => known
                .asked
                .push(format!("{file} is signed for size {size}, which the ledger extends")),
        }
    }
    Ok(known)
}

async fn of_chain(
    db: &Db,
    hub: &str,
    published: &anchor::published::Published,
    known: &mut Known,
) -> Result<(), sql::Error> {
    let place = &published.place;
    let Some((size, root)) = published.head else {
        known.asked.push(format!("{place}: nothing is published of the hub `{hub}`"));
        return Ok(());
    };
    let row = sql::ledgers::find(db, hub).await?;
    let problem = match row {
        Some(row) => continuity::with_checkpoint(db, row.id, hub, size, root).await?.problem(),
        None => Some("the database has no such hub".to_owned()),
    };
    match problem {
        None => known.asked.push(format!("{place}: size {size} of the hub `{hub}`, which the database extends")),
        Some(problem) => known.newer.push(format!(
            "{place}: size {size} of the hub `{hub}`, but here {problem}; what is missing may be a checkpoint of any ledger"
        )),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use anchor::published::Published;
    use jiff::Timestamp;
    use ledger::hash;
    use ledger::tree::Frontier;
    use sql::holds::Cause;
    use sql::ledgers::{Append, Entry};
    use sql::testing::TestDb;

    use super::*;

    const SITE: &str = "a.example/1";
    const HUB: &str = "h.example/1";

    async fn restored(name: &str) -> (TestDb, Vec<Hold>, ledger::Hash) {
        let db = TestDb::migrated(name).await;
        let mut root = ledger::Hash::EMPTY;
        for (origin, kind) in [(SITE, "site"), (HUB, "hub")] {
            let id = sql::ledgers::create_ledger(&db, origin, kind, "A").await.unwrap();
            let mut after = Frontier::new();
            let entries = (0..3).map(|index: u32| {
                let text = format!("{{\"n\":{index}}}");
                let leaf_hash = hash::leaf(text.as_bytes());
                Entry { text: text.into(), secret: (kind == "site").then_some([7; 16]), leaf_hash }
            });
            let mut append = Append::to(id, &mut after, entries.collect(), Timestamp::now());
            append.note = "note".to_owned();
            db.run_tx("test.append", async |tx| sql::ledgers::append(tx, &append).await)
                .await
                .unwrap();
            root = after.root();
        }
        let now = Timestamp::now();
        db.run_tx("test.hold", async |tx| {
            sql::holds::hold_all(tx, Cause::Restored, now, now).await
        })
        .await
        .unwrap();
        let holds = sql::holds::open(&db).await.unwrap();
        assert_eq!(holds.len(), 2);
        (db, holds, root)
    }

    fn chain(size: u64, root: ledger::Hash) -> Asked {
        let published = Published { place: "chain 1".into(), head: Some((size, root)) };
        Asked { chain: Some((HUB.into(), published)), seen: vec![] }
    }

    #[tokio::test]
    async fn a_chain_that_has_more_of_the_hub_makes_every_ledger_suspect_with_the_sizes() {
        let (db, holds, root) = restored("known_chain").await;
        for hold in &holds {
            let known = of_hold(&db, hold, &chain(3, root)).await.unwrap();
            assert_eq!(known.newer, Vec::<String>::new(), "{}", hold.origin);
            let known = of_hold(&db, hold, &chain(5, root)).await.unwrap();
            assert!(
                known.newer.iter().any(|text| text.contains("shrank from 5 to 3")),
                "{known:?}"
            );
            let known = of_hold(&db, hold, &chain(3, hash::sha256(b"other"))).await.unwrap();
            assert!(!known.newer.is_empty(), "another root: {known:?}");
        }
    }

    #[tokio::test]
    async fn a_checkpoint_that_somebody_brings_counts_for_its_ledger_only() {
        let (db, holds, root) = restored("known_seen").await;
        let seen = |size, root| {
            let checkpoint = Checkpoint { origin: SITE.into(), size, root };
            Asked { chain: None, seen: vec![Seen { file: "seen.txt".into(), checkpoint }] }
        };
        let (site, hub) = (&holds[0], &holds[1]);
        assert!(of_hold(&db, site, &seen(3, root)).await.unwrap().newer.is_empty());
        let known = of_hold(&db, site, &seen(4, root)).await.unwrap();
        assert_eq!(
            known.newer,
            ["seen.txt is signed for size 4: the ledger shrank from 4 to 3 records"]
        );
        assert!(of_hold(&db, hub, &seen(4, root)).await.unwrap().newer.is_empty());
    }

    #[test]
    fn a_checkpoint_that_nobody_signed_does_not_count() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("seen.txt");
        let body = Checkpoint { origin: SITE.into(), size: 9, root: ledger::Hash::EMPTY }.body();
        std::fs::write(&file, format!("{body}\n\u{2014} {SITE} AAAAAAAA\n")).unwrap();
        assert!(read_seen(&file, Some(&Policy::default())).is_err());
        assert!(read_seen(&file, None).is_err());
    }
}
