//! The outbox: deliveries that wait, in the order in which they leave, and those that ingest refused.
//!
//! What holds: a delivery leaves by [`Spool::forget`] only; a refused one is kept byte for byte.
//!
//! Not here: how a delivery comes in ([`super::Batch::add_delivery`]), sending ([`crate::deliver`]).

use jiff::Timestamp;
use reads::Delivery;
use rusqlite::{OptionalExtension as _, params};

use super::convert::{integer, number, text};
use super::database::Spool;
use super::error::SpoolError;
use super::record::Waiting;

/// A delivery that ingest refused permanently.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// When it was refused.
    pub at: String,
    /// Boot it was made in.
    pub boot: u64,
    /// Place in the boot's sequence.
    pub seq: u64,
    /// Status and text of the answer.
    pub reason: String,
    /// Length of its body.
    pub bytes: u64,
}

impl Spool {
    /// Deliveries that wait.
    ///
    /// # Errors
    ///
    /// [`SpoolError`].
    pub fn waiting(&self) -> Result<u64, SpoolError> {
        let count: i64 =
            self.connection.query_row("select count(*) from deliveries", [], |row| row.get(0))?;
        Ok(number(count))
    }

    /// The oldest delivery that waits.
    ///
    /// # Errors
    ///
    /// [`SpoolError`].
    pub fn oldest(&self) -> Result<Option<Waiting>, SpoolError> {
        let mut query = self
            .connection
            .prepare_cached("select boot, seq, body from deliveries order by rowid limit 1")?;
        let row = query.query_row([], |row| {
            Ok(Waiting { boot: number(row.get(0)?), seq: number(row.get(1)?), body: row.get(2)? })
        });
        Ok(row.optional()?)
    }

    /// Deletes a delivery that ingest has recorded.
    ///
    /// # Errors
    ///
    /// [`SpoolError`].
    pub fn forget(&mut self, boot: u64, seq: u64) -> Result<(), SpoolError> {
        self.connection.execute(
            "delete from deliveries where boot = ?1 and seq = ?2",
            params![integer(boot), integer(seq)],
        )?;
        Ok(())
    }

    /// Gives a waiting delivery the next sequence number of `boot`, because ingest has another delivery with its own
    /// number; it keeps its turn. Its digest among those of its window stays that of what settling made.
    ///
    /// # Errors
    ///
    /// [`SpoolError`], also if its body is not a delivery.
    pub fn renumber(&mut self, waiting: &Waiting, boot: u64) -> Result<u64, SpoolError> {
        let mut delivery = Delivery::parse(&waiting.body)
            .map_err(|error| SpoolError::Data(format!("delivery: {error}")))?;
        let mut batch = self.begin()?;
        (delivery.boot, delivery.seq) = (boot, batch.next_seq(boot)?);
        batch.tx.execute(
            "update deliveries set boot = ?3, seq = ?4, body = ?5 where boot = ?1 and seq = ?2",
            params![
                integer(waiting.boot),
                integer(waiting.seq),
                integer(boot),
                integer(delivery.seq),
                delivery.to_bytes()
            ],
        )?;
        batch.commit()?;
        Ok(delivery.seq)
    }

    /// Sets aside, complete, a delivery that ingest will never accept as it is.
    ///
    /// # Errors
    ///
    /// [`SpoolError`].
    pub fn refuse(
        &mut self,
        waiting: &Waiting,
        reason: &str,
        at: Timestamp,
    ) -> Result<(), SpoolError> {
        let batch = self.begin()?;
        let (boot, seq) = (integer(waiting.boot), integer(waiting.seq));
        batch.tx.execute(
            "insert into refused (at, boot, seq, reason, body) values (?1, ?2, ?3, ?4, ?5)",
            params![text(at), boot, seq, reason, waiting.body],
        )?;
        batch
            .tx
            .execute("delete from deliveries where boot = ?1 and seq = ?2", params![boot, seq])?;
        batch.commit()
    }

    /// What ingest refused, in the order in which it did.
    ///
    /// # Errors
    ///
    /// [`SpoolError`].
    pub fn refused(&self) -> Result<Vec<Refused>, SpoolError> {
        let mut query = self
            .connection
            .prepare("select at, boot, seq, reason, length(body) from refused order by id")?;
        let rows = query.query_map([], |row| {
            Ok(Refused {
                at: row.get(0)?,
                boot: number(row.get(1)?),
                seq: number(row.get(2)?),
                reason: row.get(3)?,
                bytes: number(row.get(4)?),
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Puts what ingest refused behind the deliveries that wait, and gives how many there were.
    ///
    /// # Errors
    ///
    /// [`SpoolError`].
    pub fn resend(&mut self) -> Result<usize, SpoolError> {
        let batch = self.begin()?;
        let count = batch.tx.execute(
            "insert into deliveries (boot, seq, body) select boot, seq, body from refused order by id",
            [],
        )?;
        batch.tx.execute("delete from refused", [])?;
        batch.commit()?;
        Ok(count)
    }
}
