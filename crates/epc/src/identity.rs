//! Pure identities: the name of an object or party, independent of its spelling.
//!
//! The way through: a URN or a link is split into parts, `Scheme::check` checks them, and every spelling is
//! written from the parts.
//!
//! What holds: every [`Epc`] is valid. Lengths, digits and characters are checked when it is made, so every
//! spelling of it can be written without failing.
//!
//! Not here: the rules ([`crate::scheme`]), tags ([`crate::tag`]), classes ([`crate::class`]), parsing
//! Digital Links ([`crate::parse`]).
//!
//! Source: TDS 2.x sections 6.3 and 7.

use std::fmt;

use crate::check_digit;
use crate::digital_link::DigitalLink;
use crate::error::{EpcError, field, uri};
use crate::prefix_length::PrefixLength;
use crate::scheme::{Parts, Scheme};
use crate::text::{escape_urn, unescape};

/// A valid pure identity.
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
    /// Piece and total of an ITIP, two digits each; empty otherwise.
    pieces: String,
    /// Serial or extension, unescaped; empty where the scheme has none.
    serial: String,
}

impl Epc {
    /// Makes an identity from its unescaped parts.
    pub(crate) fn from_parts(scheme: Scheme, parts: Parts<'_>) -> Result<Self, EpcError> {
        scheme.check(parts)?;
        Ok(Self {
            scheme,
            prefix: parts.prefix.to_owned(),
            reference: parts.reference.to_owned(),
            pieces: parts.pieces.to_owned(),
            serial: parts.serial.to_owned(),
        })
    }

    /// The scheme: what kind of object or party it names.
    #[must_use]
    pub fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// The issuer of the number: the GS1 company prefix, 6 to 12 digits; for a GID the general manager number;
    /// for a `USDoD` or ADI identity the CAGE code or `DoDAAC`, 5 or 6 characters.
    #[must_use]
    pub fn company_prefix(&self) -> &str {
        &self.prefix
    }

    /// The reference after the company prefix in the order of the URN, unescaped.
    pub(crate) fn reference(&self) -> &str {
        &self.reference
    }

    /// Piece and total of an ITIP, two digits each; empty otherwise.
    pub(crate) fn pieces(&self) -> &str {
        &self.pieces
    }

    /// Serial of a trade item or asset, extension of a location; unescaped. `None` where the scheme has none.
    #[must_use]
    pub fn serial(&self) -> Option<&str> {
        (!self.serial.is_empty()).then_some(self.serial.as_str())
    }

    /// Parses `urn:epc:id:SCHEME:…`.
    ///
    /// # Errors
    ///
    /// [`EpcError::Uri`] for any other form or an unknown scheme, [`EpcError::Field`] for a part that breaks the
    /// rules of the scheme.
    pub fn from_uri(text: &str) -> Result<Self, EpcError> {
        const FORM: &str = "urn:epc:id:sgtin|sscc|sgln|grai|giai|gsrn|gsrnp|gdti|cpi|sgcn|itip|gid|usdod|adi:PREFIX.REFERENCE[.SERIAL]";
        let rest = text.strip_prefix("urn:epc:id:").ok_or_else(|| uri(text, FORM))?;
        let (name, body) = rest.split_once(':').ok_or_else(|| uri(text, FORM))?;
        let scheme = Scheme::from_name(name).ok_or_else(|| uri(text, FORM))?;
        Self::from_body(scheme, body)
    }

    /// Parses the part of a URI after the scheme and, in a tag URI, the filter.
    pub(crate) fn from_body(scheme: Scheme, body: &str) -> Result<Self, EpcError> {
        const ESCAPES: &str = "ASCII with whole %XX escapes";
        if body.bytes().any(|byte| b"\"&/<>?#".contains(&byte)) {
            return Err(uri(body, "escapes %22 %26 %2F %3C %3E %3F %23 for \" & / < > ? #"));
        }
        // The last part may contain dots; the first is never escaped.
        let parts = body
            .splitn(scheme.part_count(), '.')
            .enumerate()
            .map(|(place, part)| match place {
                0 => Ok(part.to_owned()),
                _ => unescape(part).ok_or_else(|| field("part", part, ESCAPES)),
            })
            .collect::<Result<Vec<_>, _>>()?;
        let texts: Vec<&str> = parts.iter().map(String::as_str).collect();
        let pieces;
        let parts = match (scheme, &texts[..]) {
            (Scheme::Usdod, [prefix, serial]) => {
                Parts { prefix, reference: "", pieces: "", serial }
            }
            (_, [prefix, reference]) => Parts { prefix, reference, pieces: "", serial: "" },
            (_, [prefix, reference, serial]) => Parts { prefix, reference, pieces: "", serial },
            (_, [prefix, reference, piece, total, serial])
                if (piece.len(), total.len()) == (2, 2) =>
            {
                pieces = format!("{piece}{total}");
                Parts { prefix, reference, pieces: &pieces, serial }
            }
            _ => return Err(uri(body, scheme.body_form())),
        };
        if texts.len() != scheme.part_count() {
            return Err(uri(body, scheme.body_form()));
        }
        Self::from_parts(scheme, parts)
    }

    /// The URN: `urn:epc:id:sgtin:0614141.112345.400`.
    #[must_use]
    pub fn to_uri(&self) -> String {
        format!("urn:epc:id:{}:{}", self.scheme.name(), self.body())
    }

    /// The part of a URI after the scheme and, in a tag URI, the filter.
    pub(crate) fn body(&self) -> String {
        let reference = escape_urn(&self.reference);
        let serial = escape_urn(&self.serial);
        let prefix = &self.prefix;
        match self.scheme {
            Scheme::Sscc | Scheme::Giai | Scheme::Gsrn | Scheme::Gsrnp => {
                format!("{prefix}.{reference}")
            }
            Scheme::Usdod => format!("{prefix}.{serial}"),
            Scheme::Itip => {
                let (piece, total) = self.pieces.split_at_checked(2).unwrap_or_default();
                format!("{prefix}.{reference}.{piece}.{total}.{serial}")
            }
            _ => format!("{prefix}.{reference}.{serial}"),
        }
    }

    /// The GS1 key and its qualifiers; `None` for schemes without a GS1 key (GID, `USDoD`, ADI).
    #[must_use]
    pub fn link(&self) -> Option<DigitalLink> {
        let whole = || check_digit::append(&format!("{}{}", self.prefix, self.reference));
        let leading = || {
            let (first, rest) = self.reference.split_at_checked(1).unwrap_or_default();
            check_digit::append(&format!("{first}{}{rest}", self.prefix))
        };
        let plain = || format!("{}{}", self.prefix, self.reference);
        let serial = self.serial.as_str();
        let (primary, value, qualifier) = match self.scheme {
            Scheme::Sgtin => ("01", leading(), Some("21")),
            Scheme::Sscc => ("00", leading(), None),
            Scheme::Sgln => ("414", whole(), (serial != "0").then_some("254")),
            Scheme::Grai => ("8003", format!("0{}{serial}", whole()), None),
            Scheme::Giai => ("8004", plain(), None),
            Scheme::Gsrn => ("8018", whole(), None),
            Scheme::Gsrnp => ("8017", whole(), None),
            Scheme::Gdti => ("253", format!("{}{serial}", whole()), None),
            Scheme::Cpi => ("8010", plain(), Some("8011")),
            Scheme::Sgcn => ("255", format!("{}{serial}", whole()), None),
            Scheme::Itip => ("8006", format!("{}{}", leading(), self.pieces), Some("21")),
            Scheme::Gid | Scheme::Usdod | Scheme::Adi => return None,
        };
        let qualifiers =
            qualifier.map(|ai| (ai.to_owned(), serial.to_owned())).into_iter().collect();
        Some(DigitalLink { primary: primary.to_owned(), value, qualifiers, attributes: Vec::new() })
    }

    /// The canonical GS1 Digital Link URI, at id.gs1.org; for schemes without a GS1 key (GID, `USDoD`, ADI) the
    /// URN. [`Epc::link`] is `None` for the latter.
    #[must_use]
    pub fn to_digital_link(&self) -> String {
        self.link().map_or_else(|| self.to_uri(), |link| link.to_uri("id.gs1.org"))
    }

    fn key(&self, scheme: Scheme) -> Option<String> {
        (self.scheme == scheme).then(|| self.link().map(|link| link.value)).flatten()
    }

    /// The GTIN of a trade item, 14 digits; `None` for other schemes.
    #[must_use]
    pub fn gtin14(&self) -> Option<String> {
        self.key(Scheme::Sgtin)
    }

    /// The SSCC of a logistic unit, 18 digits; `None` for other schemes.
    #[must_use]
    pub fn sscc18(&self) -> Option<String> {
        self.key(Scheme::Sscc)
    }

    /// The GLN of a location, 13 digits; `None` for other schemes.
    #[must_use]
    pub fn gln13(&self) -> Option<String> {
        self.key(Scheme::Sgln)
    }
}

impl fmt::Display for Epc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_uri())
    }
}

impl DigitalLink {
    /// The identity that the link names.
    ///
    /// - `lengths`: lengths of company prefixes; the key in a link does not state them.
    ///
    /// # Errors
    ///
    /// [`EpcError::Field`] if `lengths` does not know the company prefix, if the key has no identity scheme, if a
    /// serial is needed and missing, or if a part breaks the rules of the scheme.
    pub fn to_epc(&self, lengths: &dyn PrefixLength) -> Result<Epc, EpcError> {
        const UNKNOWN: &str = "a key whose company prefix is known";
        let key = self.value.as_str();
        let part = |from: usize, to: usize| -> Result<&str, EpcError> {
            key.get(from..to).ok_or_else(|| field("key", key, UNKNOWN))
        };
        // The prefix starts at `from`; the reference ends at `to`.
        let split = |from: usize, to: usize| -> Result<(&str, &str), EpcError> {
            let body = part(from, to)?;
            let length = lengths.length(body).ok_or_else(|| field("key", key, UNKNOWN))?;
            body.split_at_checked(length).ok_or_else(|| field("key", key, UNKNOWN))
        };
        let need = |ai: &'static str, expected| {
            self.qualifier(ai).ok_or_else(|| field("link", key, expected))
        };
        let serial = || need("21", "a serial, /21/…, which names one object");
        let make = |scheme, (prefix, reference): (&str, &str), pieces, serial| {
            Epc::from_parts(scheme, Parts { prefix, reference, pieces, serial })
        };
        // An extension or indicator digit is before the prefix in the key and after it in the URN.
        let led = |scheme, to: usize, pieces, serial| {
            let (prefix, rest) = split(1, to)?;
            make(scheme, (prefix, &format!("{}{rest}", part(0, 1)?)), pieces, serial)
        };
        let end = key.len();
        match self.primary.as_str() {
            "01" => led(Scheme::Sgtin, 13, "", serial()?),
            "00" => led(Scheme::Sscc, 17, "", ""),
            "8006" => led(Scheme::Itip, 13, part(14, 18)?, serial()?),
            "414" => make(Scheme::Sgln, split(0, 12)?, "", self.qualifier("254").unwrap_or("0")),
            "8003" => make(Scheme::Grai, split(1, 13)?, "", part(14, end)?),
            "8004" => make(Scheme::Giai, split(0, end)?, "", ""),
            "8010" => {
                let serial = need("8011", "a serial, /8011/…, which names one object")?;
                make(Scheme::Cpi, split(0, end)?, "", serial)
            }
            "253" => make(Scheme::Gdti, split(0, 12)?, "", part(13, end)?),
            "255" => make(Scheme::Sgcn, split(0, 12)?, "", part(13, end)?),
            "8017" => make(Scheme::Gsrnp, split(0, 17)?, "", ""),
            "8018" => make(Scheme::Gsrn, split(0, 17)?, "", ""),
            _ => Err(field(
                "application identifier",
                &self.primary,
                "00, 01, 253, 255, 414, 8003, 8004, 8006, 8010, 8017 or 8018",
            )),
        }
    }
}
