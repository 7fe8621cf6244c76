//! Rows in PostgreSQL's binary COPY format, encoded in one buffer: twice as fast as row by row.
//!
//! Source: PostgreSQL manual, COPY, "Binary Format".

use bytes::{BufMut as _, Bytes, BytesMut};
use futures::SinkExt as _;

use crate::db::Transaction;
use crate::error::Error;

/// A buffer of rows.
pub(crate) struct CopyRows(BytesMut);

impl CopyRows {
    pub(crate) fn new() -> Self {
        let mut buffer = BytesMut::with_capacity(64 * 1024);
        buffer.put_slice(b"PGCOPY\n\xff\r\n\0");
        buffer.put_u32(0);
        buffer.put_u32(0);
        Self(buffer)
    }

    pub(crate) fn row(&mut self, columns: i16) {
        self.0.put_i16(columns);
    }

    pub(crate) fn int4(&mut self, value: i32) {
        self.0.put_i32(4);
        self.0.put_i32(value);
    }

    pub(crate) fn int8(&mut self, value: i64) {
        self.0.put_i32(8);
        self.0.put_i64(value);
    }

    pub(crate) async fn send(mut self, tx: &Transaction<'_>, copy: &str) -> Result<(), Error> {
        self.0.put_i16(-1);
        let statement = tx.prepare_cached(copy).await?;
        let sink = tx.copy_in::<_, Bytes>(&statement).await?;
        let mut sink = std::pin::pin!(sink);
        sink.send(self.0.freeze()).await?;
        sink.finish().await?;
        Ok(())
    }
}
