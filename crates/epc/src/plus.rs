//! The `+` and `++` schemes of TDS 2.x: a filter, a whole GS1 key, a host name, more data.
//!
//! | bits | field |
//! |---|---|
//! | 8 | header |
//! | 1 | toggle: whether data follow the key |
//! | 3 | filter |
//! | 4 + 16 | DSGTIN only: kind of date, date |
//! | … | key and qualifiers, each encoded as in table F |
//! | 7 + … | `++` only: host name |
//! | … | data: application identifier, four bits per digit, and its value encoded as in table F |
//!
//! The way through: `table` gives the format of each application identifier, `value` reads and writes values,
//! `text` chooses the shortest alphabet, `hostname` shortens host names.
//!
//! What holds: `decode(encode(x)) == x`; a decoded tag holds a valid Digital Link. The tag does not state the
//! length of the company prefix, so an identity ([`Epc`](crate::Epc)) needs that length from elsewhere.
//!
//! Not here: classic schemes ([`crate::tag`]).
//!
//! Source: TDS 2.3 sections 14.5, 14.6 and 15.3; GS1 tag data tables 2.2, tables B, E, F, K.

mod hostname;
mod table;
#[cfg(test)]
mod tests;
mod text;
mod value;

pub(crate) use text::{base64_char, base64_value};

use std::fmt;

use crate::bits::{BitWriter, Bits};
use crate::digital_link::DigitalLink;
use crate::error::{EpcError, cut, field};
use crate::length::{MOST_BITS, Unit};

/// The scheme of a `+` or `++` tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PlusScheme {
    /// Trade item and serial.
    Sgtin,
    /// Trade item and serial, with a date in front of them.
    Dsgtin,
    /// Logistic unit.
    Sscc,
    /// Location and extension.
    Sgln,
    /// Returnable asset and serial.
    Grai,
    /// Individual asset.
    Giai,
    /// Recipient of a service.
    Gsrn,
    /// Provider of a service.
    Gsrnp,
    /// Document and serial.
    Gdti,
    /// Component or part, and serial.
    Cpi,
    /// Coupon and serial.
    Sgcn,
    /// Piece of a trade item, and serial.
    Itip,
}

/// One row of the scheme table.
struct Row {
    scheme: PlusScheme,
    /// Header without and with host name.
    headers: [u8; 2],
    /// Name without and with host name.
    names: [&'static str; 2],
    /// Application identifier of the key.
    key: &'static str,
    /// Application identifier of the qualifier that follows the key.
    qualifier: Option<&'static str>,
    /// Number of characters of the key without the serial that is part of it; 0 if no serial is.
    key_without_serial: usize,
}

const fn row(
    scheme: PlusScheme,
    headers: [u8; 2],
    names: [&'static str; 2],
    key: &'static str,
    qualifier: Option<&'static str>,
    key_without_serial: usize,
) -> Row {
    Row { scheme, headers, names, key, qualifier, key_without_serial }
}

const ROWS: [Row; 12] = [
    row(PlusScheme::Sgtin, [0xF7, 0xFD], ["sgtin+", "sgtin++"], "01", Some("21"), 0),
    row(PlusScheme::Dsgtin, [0xFB, 0xFC], ["dsgtin+", "dsgtin++"], "01", Some("21"), 0),
    row(PlusScheme::Sscc, [0xF9, 0xEF], ["sscc+", "sscc++"], "00", None, 0),
    row(PlusScheme::Sgln, [0xF2, 0xE9], ["sgln+", "sgln++"], "414", Some("254"), 0),
    row(PlusScheme::Grai, [0xF1, 0xEB], ["grai+", "grai++"], "8003", None, 14),
    row(PlusScheme::Giai, [0xFA, 0xEE], ["giai+", "giai++"], "8004", None, 0),
    row(PlusScheme::Gsrn, [0xF4, 0xE7], ["gsrn+", "gsrn++"], "8018", None, 0),
    row(PlusScheme::Gsrnp, [0xF5, 0xE8], ["gsrnp+", "gsrnp++"], "8017", None, 0),
    row(PlusScheme::Gdti, [0xF6, 0xEA], ["gdti+", "gdti++"], "253", None, 13),
    row(PlusScheme::Cpi, [0xF0, 0xE6], ["cpi+", "cpi++"], "8010", Some("8011"), 0),
    row(PlusScheme::Sgcn, [0xF8, 0xEC], ["sgcn+", "sgcn++"], "255", None, 13),
    row(PlusScheme::Itip, [0xF3, 0xED], ["itip+", "itip++"], "8006", Some("21"), 0),
];

/// Application identifiers of the dates of a DSGTIN, by its field "kind of date": production, packaging, best
/// before, sell by, expiry, first freezing, harvest.
const DATES: [&str; 7] = ["11", "13", "15", "16", "17", "7006", "7007"];

impl PlusScheme {
    /// All schemes.
    pub const ALL: [Self; 12] = [
        Self::Sgtin,
        Self::Dsgtin,
        Self::Sscc,
        Self::Sgln,
        Self::Grai,
        Self::Giai,
        Self::Gsrn,
        Self::Gsrnp,
        Self::Gdti,
        Self::Cpi,
        Self::Sgcn,
        Self::Itip,
    ];

    fn row(self) -> &'static Row {
        ROWS.iter().find(|row| row.scheme == self).unwrap_or(&ROWS[0])
    }

    /// The name: `sgtin+`, or with a host name `sgtin++`.
    #[must_use]
    pub fn name(self, has_hostname: bool) -> &'static str {
        self.row().names[usize::from(has_hostname)]
    }

    /// The header, the first byte of the EPC bank.
    #[must_use]
    pub fn header(self, has_hostname: bool) -> u8 {
        self.row().headers[usize::from(has_hostname)]
    }
}

/// The content of a `+` or `++` tag.
///
/// ```
/// let tag = epc::Tag::decode_hex("F43952114112345678906000")?;
/// assert_eq!(tag.to_digital_link().unwrap(), "https://id.gs1.org/8018/952114112345678906");
/// # Ok::<(), epc::EpcError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlusTag {
    /// The scheme.
    pub scheme: PlusScheme,
    /// The toggle: whether data follow the key. If false, `aidc` must be empty.
    pub has_aidc_data: bool,
    /// Filter value, 0 to 7.
    pub filter: u8,
    /// Host name of a `++` tag, 1 to 63 letters, digits, dots and hyphens.
    pub hostname: Option<String>,
    /// Key and qualifiers. For a DSGTIN the date is its only attribute; other schemes have none. The extension 0 of
    /// a location is omitted.
    pub link: DigitalLink,
    /// Data after the key: application identifiers and values, in the order of the tag.
    pub aidc: Vec<(String, String)>,
}

fn find(header: u8) -> Option<(&'static Row, bool)> {
    let place = |row: &Row| row.headers.iter().position(|own| *own == header);
    ROWS.iter().find_map(|row| Some((row, place(row)? == 1)))
}

/// Whether `header` belongs to a `+` or `++` scheme.
pub(crate) fn is_plus(header: u8) -> bool {
    find(header).is_some()
}

impl PlusTag {
    /// Makes the tag for a Digital Link. Attributes of the link become data after the key; for a DSGTIN the first
    /// date among them becomes the date in front of the key.
    ///
    /// - `filter`: 0 to 7.
    /// - `hostname`: 1 to 63 letters, digits, dots and hyphens; makes it a `++` tag.
    ///
    /// # Errors
    ///
    /// [`EpcError`] if the scheme cannot hold the link, its attributes or the host name.
    pub fn from_digital_link(
        scheme: PlusScheme,
        filter: u8,
        hostname: Option<String>,
        link: &DigitalLink,
    ) -> Result<Self, EpcError> {
        let mut link = link.clone();
        let mut aidc = std::mem::take(&mut link.attributes);
        if scheme == PlusScheme::Dsgtin
            && let Some(place) = aidc.iter().position(|(ai, _)| DATES.contains(&ai.as_str()))
        {
            link.attributes.push(aidc.remove(place));
        }
        if scheme == PlusScheme::Sgln {
            link.qualifiers.retain(|(ai, value)| !(ai == "254" && value == "0"));
        }
        let tag = Self { scheme, has_aidc_data: !aidc.is_empty(), filter, hostname, link, aidc };
        tag.write()?;
        Ok(tag)
    }

    /// Decodes an EPC bank.
    ///
    /// - `bytes`: the bank from its header on, whole 16-bit words, at most 31. Zero bits after the last field are
    ///   ignored.
    ///
    /// # Errors
    ///
    /// [`EpcError::Header`] if the header belongs to no `+` or `++` scheme; [`EpcError::ApplicationIdentifier`] if
    /// the standard defines no encoding for data after the key; other variants of [`EpcError`] for content that
    /// the scheme does not allow.
    pub fn decode(bytes: &[u8]) -> Result<Self, EpcError> {
        Self::read(Bits::new(bytes, "a tag"), Unit::Word)
    }

    /// Decodes the bits of a tag, which come in such units.
    pub(crate) fn read(mut bits: Bits<'_>, unit: Unit) -> Result<Self, EpcError> {
        let header = bits.take_small(8)?;
        let (row, has_hostname) = find(header).ok_or(EpcError::Header(header))?;
        let name = row.scheme.name(has_hostname);
        bits.scheme = name;
        unit.check_whole(name, bits.len)?;
        let has_aidc_data = bits.take(1)? == 1;
        let filter = bits.take_small(3)?;
        let mut attributes = Vec::new();
        if row.scheme == PlusScheme::Dsgtin {
            let which = bits.take_small(4)?;
            let ai = DATES.get(usize::from(which)).ok_or_else(|| {
                field("kind of date", &which.to_string(), "0 to 6 (production to harvest)")
            })?;
            attributes.push(((*ai).to_owned(), value::take_date(&mut bits)?));
        }
        let value = take_known(&mut bits, row.key)?;
        let mut qualifiers = Vec::new();
        if let Some(ai) = row.qualifier {
            let value = take_known(&mut bits, ai)?;
            if !(ai == "254" && value == "0") {
                qualifiers.push((ai.to_owned(), value));
            }
        }
        let hostname = if has_hostname { Some(hostname::take(&mut bits)?) } else { None };
        let mut aidc = Vec::new();
        while has_aidc_data && !bits.is_only_padding() {
            let ai = take_ai(&mut bits)?;
            let value = take_known(&mut bits, &ai)?;
            aidc.push((ai, value));
        }
        bits.check_padding()?;
        unit.check_varying(name, bits.at, bits.len)?;
        let link = DigitalLink { primary: row.key.to_owned(), value, qualifiers, attributes };
        let scheme = row.scheme;
        let tag = Self { scheme, has_aidc_data, filter, hostname, link, aidc };
        tag.check()?;
        Ok(tag)
    }

    /// Encodes the EPC bank in whole 16-bit words, each text in the shortest alphabet that has its characters.
    ///
    /// # Errors
    ///
    /// [`EpcError`] if a field does not fit the scheme.
    pub fn encode(&self) -> Result<Vec<u8>, EpcError> {
        Ok(self.write()?.into_words())
    }

    /// Checks that the scheme can hold link, filter and data.
    fn check(&self) -> Result<(), EpcError> {
        let row = self.scheme.row();
        self.link.check()?;
        let (primary, value) = (self.link.primary.as_str(), self.link.value.as_str());
        if primary != row.key {
            return Err(field("key", primary, "the application identifier of the scheme's key"));
        }
        if row.key_without_serial > 0 && value.len() <= row.key_without_serial {
            return Err(field("key", value, "a key with a serial, which names one object"));
        }
        let qualifiers: Vec<&str> =
            self.link.qualifiers.iter().map(|(ai, _)| ai.as_str()).collect();
        let is_optional = self.scheme == PlusScheme::Sgln;
        let is_allowed = match qualifiers[..] {
            [] => row.qualifier.is_none() || is_optional,
            [ai] => row.qualifier == Some(ai),
            _ => false,
        };
        if !is_allowed {
            let expected = "the serial or extension of the scheme and no other";
            return Err(field("qualifier", &qualifiers.join("/"), expected));
        }
        if self.filter > 7 {
            return Err(field("filter", &self.filter.to_string(), "0 to 7"));
        }
        if !self.aidc.is_empty() && !self.has_aidc_data {
            return Err(field("toggle", "0", "1, since there are data after the key"));
        }
        let dates = usize::from(self.scheme == PlusScheme::Dsgtin);
        if self.link.attributes.len() != dates {
            let expected = "one date for a DSGTIN, none for another scheme";
            return Err(field("attributes", &self.link.attributes.len().to_string(), expected));
        }
        Ok(())
    }

    /// Encodes the fields without padding.
    pub(crate) fn write(&self) -> Result<BitWriter, EpcError> {
        self.check()?;
        let row = self.scheme.row();
        let mut bits = BitWriter::default();
        bits.put(u128::from(self.scheme.header(self.hostname.is_some())), 8);
        bits.put(u128::from(self.has_aidc_data), 1);
        bits.put(u128::from(self.filter), 3);
        for (ai, date) in &self.link.attributes {
            let which = DATES.iter().position(|own| own == ai).ok_or_else(|| {
                field("attribute", ai, "a date: 11, 13, 15, 16, 17, 7006 or 7007")
            })?;
            bits.put_length(which, 4);
            value::put_date(&mut bits, date)?;
        }
        put_known(&mut bits, row.key, &self.link.value)?;
        if let Some(ai) = row.qualifier {
            // Only the extension of a location may be absent; the tag then has extension 0.
            put_known(&mut bits, ai, self.link.qualifier(ai).unwrap_or("0"))?;
        }
        if let Some(host) = &self.hostname {
            hostname::put(&mut bits, host)?;
        }
        for (ai, value) in &self.aidc {
            if table::length_of_ai(ai) != Some(ai.len()) {
                return Err(EpcError::ApplicationIdentifier(cut(ai)));
            }
            bits.put_bcd(ai);
            put_known(&mut bits, ai, value)?;
        }
        fits(bits.len(), self.scheme.name(self.hostname.is_some()))?;
        Ok(bits)
    }

    /// The Digital Link: key and qualifiers; date and data as attributes.
    #[must_use]
    pub fn to_link(&self) -> DigitalLink {
        let mut link = self.link.clone();
        link.attributes.extend(self.aidc.iter().cloned());
        link
    }

    /// The Digital Link URI, at the tag's host name or, without one, id.gs1.org.
    #[must_use]
    pub fn to_digital_link(&self) -> String {
        self.to_link().to_uri(self.hostname.as_deref().unwrap_or("id.gs1.org"))
    }
}

impl fmt::Display for PlusTag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_digital_link())
    }
}

fn fits(got: usize, scheme: &'static str) -> Result<(), EpcError> {
    if got > MOST_BITS {
        return Err(EpcError::Long { scheme, got, most: MOST_BITS });
    }
    Ok(())
}

/// Reads an application identifier, four bits per digit.
fn take_ai(bits: &mut Bits<'_>) -> Result<String, EpcError> {
    let mut ai = bits.take_bcd("application identifier", 2)?;
    let length =
        table::length_of_ai(&ai).ok_or_else(|| EpcError::ApplicationIdentifier(ai.clone()))?;
    ai += &bits.take_bcd("application identifier", length.saturating_sub(2))?;
    Ok(ai)
}

fn take_known(bits: &mut Bits<'_>, ai: &str) -> Result<String, EpcError> {
    let format = table::format(ai).ok_or_else(|| EpcError::ApplicationIdentifier(cut(ai)))?;
    value::take(bits, format)
}

fn put_known(bits: &mut BitWriter, ai: &str, value: &str) -> Result<(), EpcError> {
    let format = table::format(ai).ok_or_else(|| EpcError::ApplicationIdentifier(cut(ai)))?;
    value::put(bits, format, value)
}
