//! The parts of a GS1 Digital Link, the URI that a QR code on a pack carries.
//!
//! What holds: key and qualifiers of a parsed or decoded link passed [`DigitalLink::check`]: lengths, characters,
//! check digit, and qualifiers in the standard's order. The fields are public, so a link built by hand may be
//! invalid; every function here accepts such a link without panicking.
//!
//! Not here: parsing ([`crate::parse`]), resolving, identities ([`crate::identity`]).
//!
//! Source: GS1 Digital Link URI syntax 1.4.

mod keys;
mod values;

use crate::error::{EpcError, field};
use crate::text::escape_url;

pub(crate) use keys::{PAYMENT_SLIP, is_key, is_surely_key};

/// The parts of a Digital Link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DigitalLink {
    /// Application identifier of the key: `01`.
    pub primary: String,
    /// Value of the key, unescaped; a GTIN has 14 digits.
    pub value: String,
    /// Qualifiers in order, application identifier and unescaped value: `("21", "6789")`.
    pub qualifiers: Vec<(String, String)>,
    /// Attributes of the query string whose names are numeric, with unescaped values: `("17", "270531")`.
    pub attributes: Vec<(String, String)>,
}

impl DigitalLink {
    /// The value of the qualifier `ai`, unescaped; `None` if the link does not have it.
    #[must_use]
    pub fn qualifier(&self, ai: &str) -> Option<&str> {
        self.qualifiers.iter().find(|(name, _)| name == ai).map(|(_, value)| value.as_str())
    }

    /// The URI of key, qualifiers and attributes, escaped.
    ///
    /// - `host`: host name and, if needed, path, without `https://` and without a slash at the end.
    #[must_use]
    pub fn to_uri(&self, host: &str) -> String {
        let mut out = format!("https://{host}/{}/{}", self.primary, escape_url(&self.value));
        for (ai, value) in &self.qualifiers {
            out.extend(["/", ai, "/", &escape_url(value)]);
        }
        for (place, (ai, value)) in self.attributes.iter().enumerate() {
            let separator = if place == 0 { "?" } else { "&" };
            out.extend([separator, ai, "=", &escape_url(value)]);
        }
        out
    }

    /// The link with the attribute `ai` as a qualifier in its place; `None` if the key has no such qualifier, or none beside
    /// those that are there.
    pub(crate) fn with_qualifier(&self, ai: &str, value: &str) -> Option<Self> {
        let names: Vec<&str> = self.qualifiers.iter().map(|(name, _)| name.as_str()).collect();
        if names.contains(&ai) {
            return None;
        }
        let qualifiers = keys::ordered(&self.primary, &names, ai)?
            .into_iter()
            .map(|name| (name.to_owned(), self.qualifier(name).unwrap_or(value).to_owned()))
            .collect();
        let attributes = self.attributes.iter().filter(|(name, _)| name != ai).cloned().collect();
        Some(Self { qualifiers, attributes, ..self.clone() })
    }

    /// Whether it names a thing, a class, a place or a party; a payment slip names what is to be paid.
    pub(crate) fn names_a_thing(&self) -> bool {
        self.primary != PAYMENT_SLIP
    }

    /// Checks what a value says of itself and names are not compared by: the check characters of a GMN (8013), piece and total of
    /// an ITIP (8006). Whoever accepts a link from outside calls it; the keys of names in bundles do not depend on it.
    ///
    /// ```
    /// let link = |path: &str| epc::parse_digital_link(&format!("https://id.gs1.org{path}"));
    /// assert!(link("/8013/1987654Ad4X4bL5ttr2310c2K")?.check_values().is_ok());
    /// assert!(link("/8013/1987654Ad4X4bL5ttr2310c2X")?.check_values().is_err());
    /// # Ok::<(), epc::EpcError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`EpcError::Field`].
    pub fn check_values(&self) -> Result<(), EpcError> {
        values::check(&self.primary, &self.value)
    }

    /// Checks key and qualifiers: lengths, characters, order, check digit. Attributes are not checked.
    pub(crate) fn check(&self) -> Result<(), EpcError> {
        keys::check_key(&self.primary, &self.value)?;
        for (ai, value) in &self.qualifiers {
            keys::check_qualifier(ai, value)?;
        }
        let names: Vec<&str> = self.qualifiers.iter().map(|(ai, _)| ai.as_str()).collect();
        if keys::allows(&self.primary, &names) {
            return Ok(());
        }
        let expected = if self.names_a_thing() {
            "one that belongs to the key, in the standard's order"
        } else {
            "the reference of the payment slip, /8020/…"
        };
        Err(field("qualifier", &names.join("/"), expected))
    }
}
