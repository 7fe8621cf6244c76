//! Parameters of LLRP as a tree, from bytes and back to the same bytes.
//!
//! The way through: [`decode_list`] reads the parameters that follow each other in a message or in another
//! parameter; each becomes a [`Node`] by its [`Definition`], or stays [`Parameter::Raw`]. [`encode_list`]
//! writes them back.
//!
//! What holds: whatever decodes encodes to the same bytes, reserved bits and padding included. A parameter
//! that the table does not know, or knows but not at this place, is kept raw: readers of other versions and
//! makers stay readable. Depth and number of parameters are bounded, and nothing is allocated by a count
//! that the available bytes do not cover.
//!
//! Not here: which parameters there are (`super::definitions`), framing (`super::message`).
//!
//! Source: LLRP 1.0.1, section 16.2 (parameters, their two headers and their fields).

use thiserror::Error;

use super::definitions::{self, Definition, Kind};

/// Deepest nesting. The table's own deepest path has seven levels, the chain of errors aside.
pub const MAX_DEPTH: u32 = 16;
/// Most parameters in one message: 1 MiB of tag reports with everything switched on has fewer.
pub const MAX_PARAMETERS: u32 = 1 << 17;

/// One value of a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// Unsigned number or bits.
    Number(u64),
    /// Signed number.
    Signed(i64),
    /// Bytes: text, an address, what a maker put there.
    Bytes(Vec<u8>),
    /// Bits, the first one highest in the first byte; the last byte is padded.
    Bits {
        /// How many bits.
        count: u16,
        /// The bytes that hold them, as many as needed.
        bytes: Vec<u8>,
    },
    /// List of numbers of 16 or 32 bits.
    Numbers(Vec<u32>),
}

impl From<u64> for Value {
    fn from(number: u64) -> Self {
        Self::Number(number)
    }
}

impl From<u32> for Value {
    fn from(number: u32) -> Self {
        Self::Number(number.into())
    }
}

impl From<u16> for Value {
    fn from(number: u16) -> Self {
        Self::Number(number.into())
    }
}

impl From<u8> for Value {
    fn from(number: u8) -> Self {
        Self::Number(number.into())
    }
}

/// What a message or parameter of a known kind holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// Its kind.
    pub definition: &'static Definition,
    /// One value for each field of the definition, in its order.
    pub fields: Vec<Value>,
    /// Sub-parameters in the order on the line.
    pub children: Vec<Parameter>,
}

/// One parameter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Parameter {
    /// One that the table knows at this place.
    Known(Node),
    /// One that it does not.
    Raw {
        /// Type number.
        number: u16,
        /// Whether it has the one-byte header (TV) rather than the one of four bytes (TLV).
        is_short: bool,
        /// What follows the header.
        bytes: Vec<u8>,
    },
}

/// Why bytes are no parameters.
#[derive(Debug, Clone, Error, PartialEq, Eq)]
pub enum DecodeError {
    /// The bytes end within a field.
    #[error("`{name}` ends within its field `{field}`; {missing} bytes are missing")]
    Truncated {
        /// Message or parameter.
        name: &'static str,
        /// Field.
        field: &'static str,
        /// Bytes that are missing.
        missing: usize,
    },
    /// A parameter announces more bytes than its parent has, or fewer than its header.
    #[error("got length {length} of parameter {number}, expected 4 to {available}")]
    Length {
        /// Type number.
        number: u16,
        /// Announced length with header.
        length: usize,
        /// Bytes that are there.
        available: usize,
    },
    /// The first bytes are no header of a parameter.
    #[error("got first byte {0:#04x} of a parameter, expected 0x00 to 0x03, or 0x80 and above")]
    Header(u8),
    /// A short parameter that is not known has no length.
    #[error("parameter {0} with a short header is unknown, and so is its length")]
    UnknownShort(u16),
    /// Nested too deep.
    #[error("parameters nested deeper than {MAX_DEPTH}")]
    Depth,
    /// Too many parameters.
    #[error("more than {MAX_PARAMETERS} parameters in one message")]
    Count,
}

/// Why a tree of parameters cannot be encoded.
#[derive(Debug, Clone, Error, PartialEq, Eq)]
pub enum EncodeError {
    /// Number of values is not number of fields.
    #[error("`{name}` got {got} values, expected {wanted}")]
    Fields {
        /// Message or parameter.
        name: &'static str,
        /// Values given.
        got: usize,
        /// Fields defined.
        wanted: usize,
    },
    /// A value does not fit its field.
    #[error("value {value:?} does not fit field `{field}` of `{name}`")]
    Value {
        /// Message or parameter.
        name: &'static str,
        /// Field.
        field: &'static str,
        /// The value.
        value: Value,
    },
    /// Longer than its length field allows.
    #[error("`{name}` needs {length} bytes, expected at most {most}")]
    TooLong {
        /// Message or parameter.
        name: &'static str,
        /// Its length with header.
        length: usize,
        /// The largest length.
        most: usize,
    },
    /// A raw parameter's number does not fit its header.
    #[error("got type number {0}, expected 0 to 127 with a short header and 0 to 1023 otherwise")]
    Number(u16),
}

impl Node {
    /// A node of its parts.
    #[must_use]
    pub fn new(definition: &'static Definition, fields: Vec<Value>, children: Vec<Self>) -> Self {
        let children = children.into_iter().map(Parameter::Known).collect();
        Self { definition, fields, children }
    }

    /// The value of the field of this name.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&Value> {
        let place = self.definition.fields.iter().position(|field| field.name == name)?;
        self.fields.get(place)
    }

    /// The unsigned number in the field of this name.
    #[must_use]
    pub fn number(&self, name: &str) -> Option<u64> {
        match self.field(name)? {
            Value::Number(number) => Some(*number),
            _ => None,
        }
    }

    /// The same, if it fits 16 bits.
    #[must_use]
    pub fn short(&self, name: &str) -> Option<u16> {
        self.number(name).and_then(|number| u16::try_from(number).ok())
    }

    /// The signed number in the field of this name.
    #[must_use]
    pub fn signed(&self, name: &str) -> Option<i64> {
        match self.field(name)? {
            Value::Signed(number) => Some(*number),
            _ => None,
        }
    }

    /// The bytes in the field of this name.
    #[must_use]
    pub fn bytes(&self, name: &str) -> Option<&[u8]> {
        match self.field(name)? {
            Value::Bytes(bytes) => Some(bytes),
            _ => None,
        }
    }

    /// The text in the field of this name, on one line: at most 200 characters, without control characters.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<String> {
        let text = String::from_utf8_lossy(self.bytes(name)?).into_owned();
        Some(text.trim_end_matches('\0').chars().filter(|c| !c.is_control()).take(200).collect())
    }

    /// Sub-parameters of this kind.
    pub fn all<'a>(&'a self, kind: &'a Definition) -> impl Iterator<Item = &'a Self> + 'a {
        self.children.iter().filter_map(|child| match child {
            Parameter::Known(node) if node.definition.number == kind.number => Some(node),
            _ => None,
        })
    }

    /// The first sub-parameter of this kind.
    #[must_use]
    pub fn child(&self, kind: &Definition) -> Option<&Self> {
        self.children.iter().find_map(|child| match child {
            Parameter::Known(node) if node.definition.number == kind.number => Some(node),
            _ => None,
        })
    }
}

/// Reads a message's or parameter's fields and sub-parameters.
///
/// # Errors
///
/// [`DecodeError`], with the name of what is at fault.
pub fn decode_node(definition: &'static Definition, bytes: &[u8]) -> Result<Node, DecodeError> {
    Decoder { left: MAX_PARAMETERS }.node(definition, bytes, 0)
}

/// Reads parameters that follow each other, as `parent` may hold them.
///
/// # Errors
///
/// [`DecodeError`], with the number or name of what is at fault.
pub fn decode_list(parent: &Definition, bytes: &[u8]) -> Result<Vec<Parameter>, DecodeError> {
    Decoder { left: MAX_PARAMETERS }.list(parent, bytes, 0)
}

struct Decoder {
    left: u32,
}

impl Decoder {
    fn node(
        &mut self,
        definition: &'static Definition,
        bytes: &[u8],
        depth: u32,
    ) -> Result<Node, DecodeError> {
        let mut cursor = Cursor { rest: bytes, bit: 0 };
        let mut fields = Vec::with_capacity(definition.fields.len());
        for field in definition.fields {
            fields.push(cursor.value(field.kind).map_err(|missing| DecodeError::Truncated {
                name: definition.name,
                field: field.name,
                missing,
            })?);
        }
        let children = self.list(definition, cursor.rest, depth)?;
        Ok(Node { definition, fields, children })
    }

    fn list(
        &mut self,
        parent: &Definition,
        mut bytes: &[u8],
        depth: u32,
    ) -> Result<Vec<Parameter>, DecodeError> {
        let mut list = Vec::new();
        while let Some(first) = bytes.first() {
            if depth >= MAX_DEPTH {
                return Err(DecodeError::Depth);
            }
            self.left = self.left.checked_sub(1).ok_or(DecodeError::Count)?;
            let (parameter, rest) = if *first >= 0x80 {
                self.short(parent, bytes, depth)?
            } else {
                self.long(parent, bytes, depth)?
            };
            list.push(parameter);
            bytes = rest;
        }
        Ok(list)
    }

    /// A parameter with one byte of header, whose length follows from its kind.
    fn short<'a>(
        &mut self,
        parent: &Definition,
        bytes: &'a [u8],
        depth: u32,
    ) -> Result<(Parameter, &'a [u8]), DecodeError> {
        let (first, rest) = bytes.split_first().ok_or(DecodeError::Depth)?;
        let number = u16::from(first & 0x7F);
        let definition = parent.child(number).or_else(|| definitions::parameter(number));
        let definition = definition
            .filter(|definition| definition.is_short())
            .ok_or(DecodeError::UnknownShort(number))?;
        let length = definition.fixed_length();
        let (body, rest) = rest.split_at_checked(length).ok_or(DecodeError::Truncated {
            name: definition.name,
            field: "value",
            missing: length.saturating_sub(rest.len()),
        })?;
        let parameter = if parent.child(number).is_some() {
            Parameter::Known(self.node(definition, body, depth + 1)?)
        } else {
            Parameter::Raw { number, is_short: true, bytes: body.to_vec() }
        };
        Ok((parameter, rest))
    }

    /// A parameter with four bytes of header.
    fn long<'a>(
        &mut self,
        parent: &Definition,
        bytes: &'a [u8],
        depth: u32,
    ) -> Result<(Parameter, &'a [u8]), DecodeError> {
        if let Some(first) = bytes.first().filter(|first| **first > 3) {
            return Err(DecodeError::Header(*first));
        }
        let available = bytes.len();
        let Some((header, _)) = bytes.split_first_chunk::<4>() else {
            let number = bytes.first_chunk::<2>().map_or(0, |number| u16::from_be_bytes(*number));
            return Err(DecodeError::Length { number, length: 4, available });
        };
        let [number_high, number_low, high, low] = header;
        let number = u16::from_be_bytes([*number_high, *number_low]);
        let length = usize::from(u16::from_be_bytes([*high, *low]));
        let (whole, rest) = bytes.split_at_checked(length).ok_or(DecodeError::Length {
            number,
            length,
            available,
        })?;
        let body = whole.get(4..).ok_or(DecodeError::Length { number, length, available })?;
        let parameter = match parent.child(number).filter(|kind| !kind.is_short()) {
            Some(definition) => Parameter::Known(self.node(definition, body, depth + 1)?),
            None => Parameter::Raw { number, is_short: false, bytes: body.to_vec() },
        };
        Ok((parameter, rest))
    }
}

/// Reads values one after the other; an error is the number of bytes that are missing.
struct Cursor<'a> {
    rest: &'a [u8],
    /// Bits of the first byte that were read.
    bit: u8,
}

impl<'a> Cursor<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8], usize> {
        let (head, rest) =
            self.rest.split_at_checked(count).ok_or(count.saturating_sub(self.rest.len()))?;
        self.rest = rest;
        Ok(head)
    }

    fn number(&mut self, count: usize) -> Result<u64, usize> {
        Ok(self.take(count)?.iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte)))
    }

    fn count(&mut self) -> Result<u16, usize> {
        Ok(self.take(2)?.iter().fold(0, |sum, byte| sum << 8 | u16::from(*byte)))
    }

    fn bits(&mut self, count: u8) -> Result<u64, usize> {
        let mut sum = 0;
        for _ in 0..count {
            let first = self.rest.first().ok_or(1_usize)?;
            sum = sum << 1 | u64::from(first >> (7 - self.bit) & 1);
            self.bit = (self.bit + 1) % 8;
            if self.bit == 0 {
                self.take(1)?;
            }
        }
        Ok(sum)
    }

    fn value(&mut self, kind: Kind) -> Result<Value, usize> {
        Ok(match kind {
            Kind::Bits(count) => Value::Number(self.bits(count)?),
            Kind::U8 => Value::Number(self.number(1)?),
            Kind::U16 => Value::Number(self.number(2)?),
            Kind::U32 => Value::Number(self.number(4)?),
            Kind::U64 => Value::Number(self.number(8)?),
            Kind::I8 => Value::Signed(
                self.take(1)?.iter().fold(0, |_, byte| i64::from(i8::from_be_bytes([*byte]))),
            ),
            Kind::I16 => Value::Signed(i64::from(self.count()?.cast_signed())),
            Kind::U96 => Value::Bytes(self.take(12)?.to_vec()),
            Kind::BitString => {
                let count = self.count()?;
                let bytes = self.take(usize::from(count).div_ceil(8))?.to_vec();
                Value::Bits { count, bytes }
            }
            Kind::Bytes | Kind::Text => {
                let count = self.count()?;
                Value::Bytes(self.take(usize::from(count))?.to_vec())
            }
            Kind::Words => self.numbers(2)?,
            Kind::Longs => self.numbers(4)?,
            Kind::Rest => Value::Bytes(self.take(self.rest.len())?.to_vec()),
        })
    }

    fn numbers(&mut self, width: usize) -> Result<Value, usize> {
        let count = usize::from(self.count()?);
        let numbers = self.take(count * width)?.chunks_exact(width);
        Ok(Value::Numbers(
            numbers
                .map(|number| number.iter().fold(0, |sum, byte| sum << 8 | u32::from(*byte)))
                .collect(),
        ))
    }
}

/// Appends fields and sub-parameters of a message or parameter, without its header.
///
/// # Errors
///
/// [`EncodeError`]; what was decoded never fails.
pub fn encode_node(node: &Node, out: &mut Vec<u8>) -> Result<(), EncodeError> {
    let definition = node.definition;
    let (got, wanted) = (node.fields.len(), definition.fields.len());
    if got != wanted {
        return Err(EncodeError::Fields { name: definition.name, got, wanted });
    }
    let mut bits = (0_u8, 0_u8);
    for (field, value) in definition.fields.iter().zip(&node.fields) {
        encode_value(field.kind, value, &mut bits, out).ok_or_else(|| EncodeError::Value {
            name: definition.name,
            field: field.name,
            value: value.clone(),
        })?;
    }
    encode_list(&node.children, out)
}

/// Appends parameters with their headers.
///
/// # Errors
///
/// [`EncodeError`]; what was decoded never fails.
pub fn encode_list(list: &[Parameter], out: &mut Vec<u8>) -> Result<(), EncodeError> {
    for parameter in list {
        let start = out.len();
        let (number, is_short, name) = match parameter {
            Parameter::Known(node) => {
                (node.definition.number, node.definition.is_short(), node.definition.name)
            }
            Parameter::Raw { number, is_short, .. } => (*number, *is_short, "raw parameter"),
        };
        if number > if is_short { 127 } else { 1023 } {
            return Err(EncodeError::Number(number));
        }
        let [high, low] = number.to_be_bytes();
        out.extend_from_slice(if is_short { &[0] } else { &[0, 0, 0, 0] });
        match parameter {
            Parameter::Known(node) => encode_node(node, out)?,
            Parameter::Raw { bytes, .. } => out.extend_from_slice(bytes),
        }
        let length = out.len() - start;
        let header = out.get_mut(start..).unwrap_or_default();
        if is_short {
            if let Some(first) = header.first_mut() {
                *first = 0x80 | low;
            }
        } else {
            let most = usize::from(u16::MAX);
            let said =
                u16::try_from(length).map_err(|_| EncodeError::TooLong { name, length, most })?;
            let [length_high, length_low] = said.to_be_bytes();
            for (byte, right) in header.iter_mut().zip([high, low, length_high, length_low]) {
                *byte = right;
            }
        }
    }
    Ok(())
}

/// Appends one value; `bits` holds the bits of an incomplete byte, and how many.
fn encode_value(kind: Kind, value: &Value, bits: &mut (u8, u8), out: &mut Vec<u8>) -> Option<()> {
    match (kind, value) {
        (Kind::Bits(count), Value::Number(number)) => {
            if number >> count != 0 {
                return None;
            }
            for place in (0..count).rev() {
                bits.0 = bits.0 << 1 | u8::from(number >> place & 1 == 1);
                bits.1 += 1;
                if bits.1 == 8 {
                    out.push(bits.0);
                    *bits = (0, 0);
                }
            }
        }
        (Kind::U8, Value::Number(number)) => out.push(u8::try_from(*number).ok()?),
        (Kind::U16, Value::Number(number)) => {
            out.extend_from_slice(&u16::try_from(*number).ok()?.to_be_bytes());
        }
        (Kind::U32, Value::Number(number)) => {
            out.extend_from_slice(&u32::try_from(*number).ok()?.to_be_bytes());
        }
        (Kind::U64, Value::Number(number)) => out.extend_from_slice(&number.to_be_bytes()),
        (Kind::I8, Value::Signed(number)) => {
            out.extend_from_slice(&i8::try_from(*number).ok()?.to_be_bytes());
        }
        (Kind::I16, Value::Signed(number)) => {
            out.extend_from_slice(&i16::try_from(*number).ok()?.to_be_bytes());
        }
        (Kind::U96, Value::Bytes(bytes)) if bytes.len() == 12 => out.extend_from_slice(bytes),
        (Kind::BitString, Value::Bits { count, bytes })
            if bytes.len() == usize::from(*count).div_ceil(8) =>
        {
            out.extend_from_slice(&count.to_be_bytes());
            out.extend_from_slice(bytes);
        }
        (Kind::Bytes | Kind::Text, Value::Bytes(bytes)) => {
            out.extend_from_slice(&u16::try_from(bytes.len()).ok()?.to_be_bytes());
            out.extend_from_slice(bytes);
        }
        (Kind::Words, Value::Numbers(numbers)) => {
            out.extend_from_slice(&u16::try_from(numbers.len()).ok()?.to_be_bytes());
            for number in numbers {
                out.extend_from_slice(&u16::try_from(*number).ok()?.to_be_bytes());
            }
        }
        (Kind::Longs, Value::Numbers(numbers)) => {
            out.extend_from_slice(&u16::try_from(numbers.len()).ok()?.to_be_bytes());
            for number in numbers {
                out.extend_from_slice(&number.to_be_bytes());
            }
        }
        (Kind::Rest, Value::Bytes(bytes)) => out.extend_from_slice(bytes),
        _ => return None,
    }
    Some(())
}
