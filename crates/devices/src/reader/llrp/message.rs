//! Messages of LLRP: the header, one message from bytes, and the stream cut into messages.
//!
//! The way through: [`Framer::cut`] adds bytes that arrived and gives the complete messages, [`Undecoded::decode`] decodes
//! one, and [`Framer::feed`] does both; [`Message::to_bytes`] writes one.
//!
//! What holds: cut by the length in the header, at any byte. A header that cannot be one breaks the stream
//! permanently: LLRP has no start mark by which the next message could be found, so the connection must be opened
//! again. A message whose content is wrong costs only itself. No message is longer than [`MAX_MESSAGE`].
//!
//! Not here: parameters (`super::parameter`), what messages mean (`super`).
//!
//! Source: LLRP 1.0.1, section 16.1 (messages).

use thiserror::Error;

use super::definitions;
use super::parameter::{DecodeError, EncodeError, Node, decode_node, encode_node};

/// Longest message, header included, in bytes. Readers report tags as they see them or send on what
/// they buffered, which is some ten thousand tags of 60 bytes; a longer length is a broken stream, and no
/// more than this is ever buffered for an incomplete message.
pub const MAX_MESSAGE: usize = 1 << 20;
/// Bytes of a header.
pub const HEADER: usize = 10;
/// LLRP 1.0.1, which readers of every later version speak too until asked otherwise.
pub const VERSION: u8 = 1;

/// What a message holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Body {
    /// A message of the table.
    Known(Node),
    /// Another.
    Raw {
        /// Type number.
        number: u16,
        /// Everything after the header.
        bytes: Vec<u8>,
    },
}

/// One message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// 1 for LLRP 1.0.1, 2 for 1.1.
    pub version: u8,
    /// Number by which a response is matched to its request.
    pub id: u32,
    /// What it holds.
    pub body: Body,
}

/// Why a stream is no LLRP. There is no going on after it.
#[derive(Debug, Clone, Error, PartialEq, Eq)]
pub enum FrameError {
    /// The first byte has reserved bits set or another version.
    #[error(
        "got first byte {0:#04x} of a message, expected 0x04 to 0x07 (version 1) or 0x08 to 0x0b (version 2)"
    )]
    Version(u8),
    /// The announced length is none.
    #[error("got message length {0}, expected {HEADER} to {MAX_MESSAGE}")]
    Length(u32),
}

impl Message {
    /// A message of version 1 without sub-parameters or with these.
    #[must_use]
    pub fn new(id: u32, node: Node) -> Self {
        Self { version: VERSION, id, body: Body::Known(node) }
    }

    /// What it holds, if it is in the table.
    #[must_use]
    pub fn node(&self) -> Option<&Node> {
        match &self.body {
            Body::Known(node) => Some(node),
            Body::Raw { .. } => None,
        }
    }

    /// Type number.
    #[must_use]
    pub fn number(&self) -> u16 {
        match &self.body {
            Body::Known(node) => node.definition.number,
            Body::Raw { number, .. } => *number,
        }
    }

    /// The message as bytes.
    ///
    /// # Errors
    ///
    /// [`EncodeError`]; what was decoded never fails.
    pub fn to_bytes(&self) -> Result<Vec<u8>, EncodeError> {
        let number = self.number();
        if number > 1023 {
            return Err(EncodeError::Number(number));
        }
        let mut body = Vec::new();
        let name = match &self.body {
            Body::Known(node) => {
                encode_node(node, &mut body)?;
                node.definition.name
            }
            Body::Raw { bytes, .. } => {
                body.extend_from_slice(bytes);
                "raw message"
            }
        };
        let length = HEADER + body.len();
        let said = u32::try_from(length)
            .ok()
            .filter(|_| length <= MAX_MESSAGE)
            .ok_or(EncodeError::TooLong { name, length, most: MAX_MESSAGE })?;
        let first = u16::from(self.version & 7) << 10 | number;
        let mut out = Vec::with_capacity(length);
        out.extend_from_slice(&first.to_be_bytes());
        out.extend_from_slice(&said.to_be_bytes());
        out.extend_from_slice(&self.id.to_be_bytes());
        out.append(&mut body);
        Ok(out)
    }
}

/// Reads what follows the header of a message.
///
/// # Errors
///
/// [`DecodeError`], with the name of what is at fault.
pub fn decode_body(number: u16, bytes: &[u8]) -> Result<Body, DecodeError> {
    match definitions::message(number) {
        Some(definition) => Ok(Body::Known(decode_node(definition, bytes)?)),
        None => Ok(Body::Raw { number, bytes: bytes.to_vec() }),
    }
}

/// What was decoded from a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Framed {
    /// A message.
    Message(Message),
    /// A message whose content is wrong.
    Wrong {
        /// Its type number.
        number: u16,
        /// Its length with header.
        length: usize,
        /// Why.
        error: DecodeError,
    },
    /// The stream is broken. Given once; everything later is discarded.
    Broken(FrameError),
}

/// A message that was cut from a stream and not decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Undecoded<'a> {
    /// 1 for LLRP 1.0.1, 2 for 1.1.
    pub version: u8,
    /// Number by which a response is matched to its request.
    pub id: u32,
    /// Type number.
    pub number: u16,
    /// Everything after the header.
    pub body: &'a [u8],
}

impl Undecoded<'_> {
    /// The message, or why its content is wrong.
    #[must_use]
    pub fn decode(&self) -> Framed {
        let Self { version, id, number, body } = *self;
        match decode_body(number, body) {
            Ok(body) => Framed::Message(Message { version, id, body }),
            Err(error) => Framed::Wrong { number, length: HEADER + body.len(), error },
        }
    }
}

/// Cuts a stream into messages.
#[derive(Debug, Default)]
pub struct Framer {
    buffer: Vec<u8>,
    is_broken: bool,
    garbage: u64,
}

impl Framer {
    /// Adds bytes and gives `take` what is complete now, in order; at the end perhaps why the stream is broken.
    pub fn cut(&mut self, bytes: &[u8], mut take: impl FnMut(Result<Undecoded<'_>, FrameError>)) {
        if self.is_broken {
            self.garbage += bytes.len() as u64;
            return;
        }
        self.buffer.extend_from_slice(bytes);
        let mut done = 0;
        while let Some(rest) = self.buffer.get(done..) {
            match whole(rest) {
                Ok(None) => break,
                Ok(Some(message)) => {
                    done += HEADER + message.body.len();
                    take(Ok(message));
                }
                Err(error) => {
                    self.is_broken = true;
                    self.garbage += rest.len() as u64;
                    take(Err(error));
                    done = self.buffer.len();
                    break;
                }
            }
        }
        self.buffer.drain(..done.min(self.buffer.len()));
    }

    /// Adds bytes and gives what is complete now, in order.
    pub fn feed(&mut self, bytes: &[u8]) -> Vec<Framed> {
        let mut found = Vec::new();
        self.cut(bytes, |cut| {
            found.push(cut.map_or_else(Framed::Broken, |message| message.decode()));
        });
        found
    }

    /// Whether nothing more can be decoded.
    #[must_use]
    pub fn is_broken(&self) -> bool {
        self.is_broken
    }

    /// Bytes discarded since the last call.
    pub fn garbage(&mut self) -> u64 {
        std::mem::take(&mut self.garbage)
    }
}

/// The first message of `bytes`, if it is complete.
fn whole(bytes: &[u8]) -> Result<Option<Undecoded<'_>>, FrameError> {
    let Some(first) = bytes.first() else { return Ok(None) };
    // The first byte alone identifies most other devices, before a length is waited for.
    let version = first >> 2;
    if version != 1 && version != 2 {
        return Err(FrameError::Version(*first));
    }
    let Some((header, _)) = bytes.split_first_chunk::<HEADER>() else { return Ok(None) };
    let [high, low, l3, l2, l1, l0, i3, i2, i1, i0] = *header;
    let said = u32::from_be_bytes([l3, l2, l1, l0]);
    let length = usize::try_from(said)
        .ok()
        .filter(|length| (HEADER..=MAX_MESSAGE).contains(length))
        .ok_or(FrameError::Length(said))?;
    let Some(body) = bytes.get(HEADER..length) else { return Ok(None) };
    let number = u16::from_be_bytes([high & 3, low]);
    Ok(Some(Undecoded { version, id: u32::from_be_bytes([i3, i2, i1, i0]), number, body }))
}
