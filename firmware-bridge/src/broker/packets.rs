//! Packets of a broker on their way to the client: larger ones than the limit lose their content.
//!
//! The way through: [`Packets::pass`] copies one packet after the other. A message above the limit becomes one with the
//! same topic and number whose content is a [`Marker`], the length and the beginning of the real one, so that it can be
//! acknowledged and does not come again for ever.
//!
//! What holds: of a message above the limit no more than its topic and [`EXCERPT`] bytes are in memory; only this
//! connection knows its marker, so a sender cannot make a message look like a dropped one.
//!
//! Source: MQTT 3.1.1 sections 2.2 and 3.3.

use std::io::{Error, ErrorKind};

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};

/// Bytes of a dropped message that are kept.
pub const EXCERPT: u64 = 1024;
/// Kind of a packet that carries a message.
const PUBLISH: u8 = 3;

/// Sixteen random bytes at the beginning of the content that stands for a dropped one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Marker(pub [u8; 16]);

impl Marker {
    /// Length and beginning of the message that was dropped; none if `payload` is a message itself.
    #[must_use]
    pub fn dropped<'p>(&self, payload: &'p [u8]) -> Option<(u64, &'p [u8])> {
        let (length, excerpt) = payload.strip_prefix(&self.0)?.split_first_chunk::<8>()?;
        Some((u64::from_be_bytes(*length), excerpt))
    }
}

/// Copies packets with a limit.
#[derive(Debug)]
pub struct Packets<R, W> {
    /// From the broker.
    pub from: R,
    /// To the client.
    pub to: W,
    /// Largest packet that passes whole, in bytes.
    pub limit: u64,
    /// What stands at the beginning of the content of a dropped message.
    pub marker: Marker,
}

impl<R: AsyncRead + Unpin, W: AsyncWrite + Unpin> Packets<R, W> {
    /// Copies packets until the broker ends the connection.
    ///
    /// # Errors
    ///
    /// The connection's, and one for a packet above the limit that is no message.
    pub async fn pass(&mut self) -> Result<(), Error> {
        loop {
            let mut head = [0; 5];
            if self.from.read(&mut head[..1]).await? == 0 {
                return Ok(());
            }
            let (bytes, length) = self.length(&mut head).await?;
            let whole = bytes as u64 + length;
            if whole <= self.limit {
                self.to.write_all(&head[..bytes]).await?;
                self.copy(length).await?;
            } else if head[0] >> 4 == PUBLISH {
                self.drop_content(head[0], length).await?;
            } else {
                let (kind, limit) = (head[0] >> 4, self.limit);
                let text = format!(
                    "got a packet of kind {kind} of {whole} bytes, expected at most {limit}"
                );
                return Err(Error::new(ErrorKind::InvalidData, text));
            }
            self.to.flush().await?;
        }
    }

    /// Reads the length after the first byte; gives the bytes of both, and the length.
    async fn length(&mut self, head: &mut [u8; 5]) -> Result<(usize, u64), Error> {
        let mut length = 0;
        for (place, head) in head.iter_mut().enumerate().skip(1) {
            let byte = self.from.read_u8().await?;
            *head = byte;
            length |= u64::from(byte & 0x7f) << (7 * (place - 1));
            if byte & 0x80 == 0 {
                return Ok((place + 1, length));
            }
        }
        Err(Error::new(
            ErrorKind::InvalidData,
            "got a packet length of 5 bytes, expected at most 4",
        ))
    }

    async fn copy(&mut self, length: u64) -> Result<(), Error> {
        let mut part = (&mut self.from).take(length);
        if tokio::io::copy(&mut part, &mut self.to).await? < length {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        Ok(())
    }

    async fn read_into(&mut self, bytes: &mut Vec<u8>, count: u64) -> Result<(), Error> {
        if ((&mut self.from).take(count).read_to_end(bytes).await? as u64) < count {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        Ok(())
    }

    /// Passes a message on without its content.
    async fn drop_content(&mut self, first: u8, length: u64) -> Result<(), Error> {
        let topic_bytes = self.from.read_u16().await?;
        let mut rest = topic_bytes.to_be_bytes().to_vec();
        // Quality of service 1 and 2 have a number after the topic.
        let numbered = if first & 0b0110 == 0 { 0 } else { 2 };
        let before = u64::from(topic_bytes) + numbered;
        let content = length.checked_sub(2 + before).ok_or(ErrorKind::InvalidData)?;
        let kept = content.min(EXCERPT);
        self.read_into(&mut rest, before).await?;
        rest.extend(self.marker.0);
        rest.extend(content.to_be_bytes());
        self.read_into(&mut rest, kept).await?;
        let left = content - kept;
        let mut dropped = (&mut self.from).take(left);
        if tokio::io::copy(&mut dropped, &mut tokio::io::sink()).await? < left {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        let mut packet = vec![first];
        let mut length = rest.len();
        loop {
            let more = if length > 0x7f { 0x80 } else { 0 };
            packet.push(u8::try_from(length & 0x7f).unwrap_or(0) | more);
            length >>= 7;
            if length == 0 {
                break;
            }
        }
        packet.extend(rest);
        self.to.write_all(&packet).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MARKER: Marker = Marker([7; 16]);

    /// What comes out with a limit of 100 bytes.
    async fn passed(bytes: &[u8]) -> (Result<(), ErrorKind>, Vec<u8>) {
        let mut to = Vec::new();
        let mut packets = Packets { from: bytes, to: &mut to, limit: 100, marker: MARKER };
        let outcome = packets.pass().await.map_err(|error| error.kind());
        (outcome, to)
    }

    fn publish(first: u8, content: &[u8]) -> Vec<u8> {
        let number: &[u8] = if first & 0b0110 == 0 { &[] } else { &[0, 9] };
        let rest = [&[0, 3][..], b"a/b", number, content].concat();
        let length = rest.len();
        let low = u8::try_from(length & 0x7f).unwrap() | 0x80;
        [&[first, low, u8::try_from(length >> 7).unwrap()][..], &rest].concat()
    }

    #[tokio::test]
    async fn a_packet_within_the_limit_passes_byte_for_byte() {
        let packets = [&[0xD0, 0][..], &[0x40, 2, 0, 1], &[0x30, 6, 0, 1, b't', 1, 2, 3]].concat();
        assert_eq!(passed(&packets).await, (Ok(()), packets.clone()));
        assert_eq!(passed(&packets[..5]).await.0, Err(ErrorKind::UnexpectedEof));
    }

    #[tokio::test]
    async fn a_message_above_the_limit_keeps_its_topic_and_number_and_what_follows_passes() {
        for first in [0x30, 0x32, 0x33] {
            let bytes = [publish(first, &[5; 5000]), vec![0xD0, 0]].concat();
            let (outcome, out) = passed(&bytes).await;
            assert_eq!(outcome, Ok(()));
            let standing_in = [&MARKER.0[..], &5000_u64.to_be_bytes(), &[5; 1024]].concat();
            assert_eq!(out, [publish(first, &standing_in), vec![0xD0, 0]].concat(), "{first}");
            assert_eq!(MARKER.dropped(&standing_in), Some((5000, &[5; 1024][..])));
        }
        assert_eq!(MARKER.dropped(b"a message"), None);
        assert_eq!(MARKER.dropped(&[7; 20]), None);
    }

    #[tokio::test]
    async fn another_packet_above_the_limit_and_impossible_lengths_end_the_connection() {
        let mut subscribed = publish(0x30, &[0; 300]);
        subscribed[0] = 0x90;
        assert_eq!(passed(&subscribed).await.0, Err(ErrorKind::InvalidData));
        assert_eq!(passed(&[0x30, 0xff, 0xff, 0xff, 0xff, 1]).await.0, Err(ErrorKind::InvalidData));
        // The topic would be longer than its packet.
        let longer = [&[0x30, 0xff, 1, 0xff, 0xff][..], &[0; 300]].concat();
        assert_eq!(passed(&longer).await.0, Err(ErrorKind::InvalidData));
    }
}
