//! Pure identities: what a thing is called, apart from how it is written.
//!
//! What holds: an [`Epc`] is valid: lengths, digits and characters were checked when it was made, so every
//! spelling of it can be written without failing.
//!
//! Not here: tags ([`crate::tag`]), reading Digital Links ([`crate::digital_link`]).
//!
//! Source: TDS 2.x sections 6.3 and 7.

use std::fmt;
use std::str::FromStr;

use crate::check_digit;
use crate::digital_link::{DigitalLink, PrefixLength};
use crate::error::{EpcError, field, uri};
use crate::tag::TagEpc;
use crate::text::{escape_url, escape_urn, is_digits, is_gs1_text, unescape};

/// Kinds of things.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scheme {
    /// Serialised trade item.
    Sgtin,
    /// Logistic unit: case, pallet.
    Sscc,
    /// Location, with or without extension.
    Sgln,
    /// Returnable asset.
    Grai,
    /// Individual asset.
    Giai,
}

impl Scheme {
    /// The scheme's name in URIs.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Sgtin => "sgtin",
            Self::Sscc => "sscc",
            Self::Sgln => "sgln",
            Self::Grai => "grai",
            Self::Giai => "giai",
        }
    }

    fn from_name(name: &str) -> Option<Self> {
        [Self::Sgtin, Self::Sscc, Self::Sgln, Self::Grai, Self::Giai]
            .into_iter()
            .find(|scheme| scheme.name() == name)
    }

    /// Digits that company prefix and reference have together; none if the reference is text.
    pub(crate) fn digits(self) -> Option<usize> {
        match self {
            Self::Sgtin => Some(13),
            Self::Sscc => Some(17),
            Self::Sgln | Self::Grai => Some(12),
            Self::Giai => None,
        }
    }
}

/// A pure identity, validated.
///
/// ```
/// let item: epc::Epc = "urn:epc:id:sgtin:0614141.112345.400".parse()?;
/// assert_eq!(item.gtin14().as_deref(), Some("10614141123459"));
/// assert_eq!(item.to_digital_link(), "https://id.gs1.org/01/10614141123459/21/400");
/// # Ok::<(), epc::EpcError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Epc {
    scheme: Scheme,
    prefix: String,
    reference: String,
    /// Serial or extension, unescaped; empty for an SSCC and a GIAI.
    serial: String,
}

impl Epc {
    /// Makes an identity of its parts, unescaped.
    pub(crate) fn new(
        scheme: Scheme,
        prefix: &str,
        reference: &str,
        serial: &str,
    ) -> Result<Self, EpcError> {
        if !is_digits(prefix) || !(6..=12).contains(&prefix.len()) {
            return Err(field("company prefix", prefix, "6 to 12 digits"));
        }
        if let Some(total) = scheme.digits() {
            let want = total - prefix.len();
            if reference.len() != want || !(want == 0 || is_digits(reference)) {
                return Err(EpcError::Field {
                    field: "reference",
                    value: crate::error::cut(reference),
                    expected: match scheme {
                        Scheme::Sgtin => "digits, 13 together with the company prefix,",
                        Scheme::Sscc => "digits, 17 together with the company prefix,",
                        _ => "digits, 12 together with the company prefix,",
                    },
                });
            }
        } else if reference.is_empty()
            || reference.len() + prefix.len() > 30
            || !is_gs1_text(reference)
        {
            return Err(field(
                "asset reference",
                reference,
                "GS1 characters, at most 30 together with the company prefix,",
            ));
        }
        let longest = match scheme {
            Scheme::Sgtin | Scheme::Sgln => 20,
            Scheme::Grai => 16,
            Scheme::Sscc | Scheme::Giai => 0,
        };
        if serial.is_empty() != (longest == 0) || serial.len() > longest || !is_gs1_text(serial) {
            let expected = match scheme {
                Scheme::Grai => "1 to 16 GS1 characters",
                Scheme::Sgtin | Scheme::Sgln => "1 to 20 GS1 characters",
                Scheme::Sscc | Scheme::Giai => "no serial",
            };
            return Err(field("serial", serial, expected));
        }
        Ok(Self {
            scheme,
            prefix: prefix.to_owned(),
            reference: reference.to_owned(),
            serial: serial.to_owned(),
        })
    }

    /// What kind of thing it names.
    #[must_use]
    pub fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// The GS1 company prefix, 6 to 12 digits.
    #[must_use]
    pub fn company_prefix(&self) -> &str {
        &self.prefix
    }

    /// The reference after the company prefix, as the URI has it, unescaped.
    pub(crate) fn reference(&self) -> &str {
        &self.reference
    }

    /// Serial of a trade item or asset, extension of a location; unescaped.
    #[must_use]
    pub fn serial(&self) -> Option<&str> {
        (!self.serial.is_empty()).then_some(self.serial.as_str())
    }

    /// Reads `urn:epc:id:…`.
    ///
    /// # Errors
    ///
    /// [`EpcError`].
    pub fn from_uri(text: &str) -> Result<Self, EpcError> {
        const FORM: &str = "urn:epc:id:sgtin|sscc|sgln|grai|giai:PREFIX.REFERENCE[.SERIAL]";
        let rest = text.strip_prefix("urn:epc:id:").ok_or_else(|| uri(text, FORM))?;
        let (name, body) = rest.split_once(':').ok_or_else(|| uri(text, FORM))?;
        let scheme = Scheme::from_name(name).ok_or_else(|| uri(text, FORM))?;
        Self::from_body(scheme, body)
    }

    /// Reads what follows scheme (and filter) in a URI.
    pub(crate) fn from_body(scheme: Scheme, body: &str) -> Result<Self, EpcError> {
        const ESCAPES: &str = "ASCII with whole %XX escapes";
        let parts = match scheme {
            Scheme::Sscc | Scheme::Giai => 2,
            Scheme::Sgtin | Scheme::Sgln | Scheme::Grai => 3,
        };
        let parts: Vec<&str> = body.splitn(parts, '.').collect();
        let [prefix, reference, rest @ ..] = &parts[..] else {
            return Err(uri(
                body,
                "a company prefix, a reference and, but for SSCC and GIAI, a serial",
            ));
        };
        let serial = rest.first().copied().unwrap_or_default();
        let plain = |part: &str| unescape(part).ok_or_else(|| field("part", part, ESCAPES));
        if [reference, serial].iter().any(|part| part.bytes().any(|b| b"\"&/<>?#".contains(&b))) {
            return Err(uri(body, "escapes %22 %26 %2F %3C %3E %3F for those characters"));
        }
        Self::new(scheme, prefix, &plain(reference)?, &plain(serial)?)
    }

    /// Reads a GS1 Digital Link URI; the company prefix's length comes from `lengths`, since the key in a
    /// link does not tell it.
    ///
    /// # Errors
    ///
    /// [`EpcError`].
    pub fn from_digital_link(text: &str, lengths: &dyn PrefixLength) -> Result<Self, EpcError> {
        crate::digital_link::parse_digital_link(text)?.to_epc(lengths)
    }

    /// `urn:epc:id:…`.
    #[must_use]
    pub fn to_uri(&self) -> String {
        format!("urn:epc:id:{}:{}", self.scheme.name(), self.body())
    }

    /// What follows scheme (and filter) in a URI.
    pub(crate) fn body(&self) -> String {
        let reference = escape_urn(&self.reference);
        match self.scheme {
            Scheme::Sscc | Scheme::Giai => format!("{}.{reference}", self.prefix),
            Scheme::Sgtin | Scheme::Sgln | Scheme::Grai => {
                format!("{}.{reference}.{}", self.prefix, escape_urn(&self.serial))
            }
        }
    }

    /// The canonical GS1 Digital Link URI, at id.gs1.org.
    #[must_use]
    pub fn to_digital_link(&self) -> String {
        let path = match self.scheme {
            Scheme::Sgtin => {
                format!("01/{}/21/{}", self.gtin14().unwrap_or_default(), escape_url(&self.serial))
            }
            Scheme::Sscc => format!("00/{}", self.sscc18().unwrap_or_default()),
            Scheme::Sgln if self.serial == "0" => {
                format!("414/{}", self.gln13().unwrap_or_default())
            }
            Scheme::Sgln => {
                format!("414/{}/254/{}", self.gln13().unwrap_or_default(), escape_url(&self.serial))
            }
            Scheme::Grai => {
                let digits = check_digit::append(&format!("{}{}", self.prefix, self.reference));
                format!("8003/0{digits}{}", escape_url(&self.serial))
            }
            Scheme::Giai => format!("8004/{}{}", self.prefix, escape_url(&self.reference)),
        };
        format!("https://id.gs1.org/{path}")
    }

    /// The 14 digits of a trade item's GTIN.
    #[must_use]
    pub fn gtin14(&self) -> Option<String> {
        (self.scheme == Scheme::Sgtin).then(|| {
            let (indicator, item) = self.reference.split_at(1);
            check_digit::append(&format!("{indicator}{}{item}", self.prefix))
        })
    }

    /// The 18 digits of a logistic unit's SSCC.
    #[must_use]
    pub fn sscc18(&self) -> Option<String> {
        (self.scheme == Scheme::Sscc).then(|| {
            let (extension, serial) = self.reference.split_at(1);
            check_digit::append(&format!("{extension}{}{serial}", self.prefix))
        })
    }

    /// The 13 digits of a location's GLN.
    #[must_use]
    pub fn gln13(&self) -> Option<String> {
        (self.scheme == Scheme::Sgln)
            .then(|| check_digit::append(&format!("{}{}", self.prefix, self.reference)))
    }
}

impl fmt::Display for Epc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_uri())
    }
}

impl FromStr for Epc {
    type Err = EpcError;

    fn from_str(text: &str) -> Result<Self, EpcError> {
        if text.starts_with("urn:epc:tag:") {
            return TagEpc::from_tag_uri(text).map(|tag| tag.epc);
        }
        Self::from_uri(text)
    }
}

/// A class of things: all of one trade item, or one lot of it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EpcClass {
    prefix: String,
    reference: String,
    lot: Option<String>,
}

impl EpcClass {
    /// Reads `urn:epc:class:lgtin:…` or `urn:epc:idpat:sgtin:….*`.
    ///
    /// # Errors
    ///
    /// [`EpcError`].
    pub fn from_uri(text: &str) -> Result<Self, EpcError> {
        const FORM: &str =
            "urn:epc:class:lgtin:PREFIX.REFERENCE.LOT or urn:epc:idpat:sgtin:PREFIX.REFERENCE.*";
        let wrong = || uri(text, FORM);
        let (body, is_lot) = match text.strip_prefix("urn:epc:class:lgtin:") {
            Some(body) => (body, true),
            None => (text.strip_prefix("urn:epc:idpat:sgtin:").ok_or_else(wrong)?, false),
        };
        if !is_lot && !body.ends_with(".*") {
            return Err(wrong());
        }
        // A lot has the characters and the length of a serial, so the same check serves.
        let body = if is_lot { body.to_owned() } else { format!("{}0", &body[..body.len() - 1]) };
        let parsed = Epc::from_body(Scheme::Sgtin, &body)?;
        Ok(Self {
            prefix: parsed.prefix,
            reference: parsed.reference,
            lot: is_lot.then_some(parsed.serial),
        })
    }

    /// The lot number, unescaped.
    #[must_use]
    pub fn lot(&self) -> Option<&str> {
        self.lot.as_deref()
    }

    /// The 14 digits of the GTIN.
    #[must_use]
    pub fn gtin14(&self) -> String {
        let (indicator, item) = self.reference.split_at(1);
        check_digit::append(&format!("{indicator}{}{item}", self.prefix))
    }

    /// The lot `lot` of the trade item `item`; none if `item` is no trade item or the lot is malformed.
    #[must_use]
    pub fn lot_of(item: &Epc, lot: &str) -> Option<Self> {
        if item.scheme != Scheme::Sgtin || lot.is_empty() || lot.len() > 20 || !is_gs1_text(lot) {
            return None;
        }
        let (prefix, reference) = (item.prefix.clone(), item.reference.clone());
        Some(Self { prefix, reference, lot: Some(lot.to_owned()) })
    }

    /// `urn:epc:class:lgtin:…` or `urn:epc:idpat:sgtin:….*`.
    #[must_use]
    pub fn to_uri(&self) -> String {
        match &self.lot {
            Some(lot) => {
                format!(
                    "urn:epc:class:lgtin:{}.{}.{}",
                    self.prefix,
                    self.reference,
                    escape_urn(lot)
                )
            }
            None => format!("urn:epc:idpat:sgtin:{}.{}.*", self.prefix, self.reference),
        }
    }

    /// The canonical GS1 Digital Link URI.
    #[must_use]
    pub fn to_digital_link(&self) -> String {
        let gtin = self.gtin14();
        match &self.lot {
            Some(lot) => format!("https://id.gs1.org/01/{gtin}/10/{}", escape_url(lot)),
            None => format!("https://id.gs1.org/01/{gtin}"),
        }
    }
}

impl DigitalLink {
    /// The identity that the link names.
    ///
    /// # Errors
    ///
    /// [`EpcError`] if it names no single thing or the prefix's length is not known.
    pub fn to_epc(&self, lengths: &dyn PrefixLength) -> Result<Epc, EpcError> {
        const UNKNOWN: &str = "a key whose company prefix is known";
        let key = self.value.as_str();
        let length =
            |digits: &str| lengths.length(digits).ok_or_else(|| field("key", digits, UNKNOWN));
        let part = |text: &'_ str, from: usize, to: usize| -> Result<String, EpcError> {
            text.get(from..to).map(str::to_owned).ok_or_else(|| field("key", text, UNKNOWN))
        };
        match self.primary.as_str() {
            "01" => {
                let serial = self
                    .qualifier("21")
                    .ok_or_else(|| field("link", key, "a serial, /21/…, which names one thing,"))?;
                let n = length(&key[1..13])?;
                let reference = format!("{}{}", &key[..1], part(key, 1 + n, 13)?);
                Epc::new(Scheme::Sgtin, &part(key, 1, 1 + n)?, &reference, serial)
            }
            "00" => {
                let n = length(&key[1..17])?;
                let reference = format!("{}{}", &key[..1], part(key, 1 + n, 17)?);
                Epc::new(Scheme::Sscc, &part(key, 1, 1 + n)?, &reference, "")
            }
            "414" => {
                let n = length(&key[..12])?;
                let extension = self.qualifier("254").unwrap_or("0");
                Epc::new(Scheme::Sgln, &part(key, 0, n)?, &part(key, n, 12)?, extension)
            }
            "8003" => {
                let n = length(&part(key, 1, 13)?)?;
                let serial = part(key, 14, key.len())?;
                Epc::new(Scheme::Grai, &part(key, 1, 1 + n)?, &part(key, 1 + n, 13)?, &serial)
            }
            "8004" => {
                let n = length(key)?;
                Epc::new(Scheme::Giai, &part(key, 0, n)?, &part(key, n, key.len())?, "")
            }
            _ => Err(field("application identifier", &self.primary, "01, 00, 414, 8003 or 8004")),
        }
    }
}
