//! EPC classes: all units of a trade item, or one lot of it.
//!
//! What holds: every [`EpcClass`] is valid; the rules for a lot number are those for a serial.
//!
//! Not here: single objects ([`crate::identity`]).
//!
//! Source: TDS 2.x sections 6.4 and 8.

use crate::check_digit;
use crate::error::{EpcError, uri};
use crate::identity::Epc;
use crate::scheme::Scheme;
use crate::text::{escape_url, escape_urn, is_gs1_text};

/// All units of a trade item, or one lot of it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EpcClass {
    prefix: String,
    reference: String,
    lot: Option<String>,
}

impl EpcClass {
    /// Parses `urn:epc:class:lgtin:PREFIX.REFERENCE.LOT` or `urn:epc:idpat:sgtin:PREFIX.REFERENCE.*`.
    ///
    /// # Errors
    ///
    /// [`EpcError::Uri`] for any other form, [`EpcError::Field`] for a part that breaks the rules of an SGTIN.
    pub fn from_uri(text: &str) -> Result<Self, EpcError> {
        const FORM: &str =
            "urn:epc:class:lgtin:PREFIX.REFERENCE.LOT or urn:epc:idpat:sgtin:PREFIX.REFERENCE.*";
        let wrong = || uri(text, FORM);
        // The rules for a lot number are those for a serial, so the body is checked as an SGTIN.
        let (body, is_lot) = if let Some(body) = text.strip_prefix("urn:epc:class:lgtin:") {
            (body.to_owned(), true)
        } else {
            let body = text.strip_prefix("urn:epc:idpat:sgtin:").ok_or_else(wrong)?;
            (format!("{}.0", body.strip_suffix(".*").ok_or_else(wrong)?), false)
        };
        let parsed = Epc::from_body(Scheme::Sgtin, &body)?;
        if !is_lot && parsed.serial() != Some("0") {
            return Err(wrong());
        }
        let lot = if is_lot { parsed.serial().map(str::to_owned) } else { None };
        Ok(Self::of(&parsed, lot))
    }

    fn of(item: &Epc, lot: Option<String>) -> Self {
        let (prefix, reference) = (item.company_prefix().to_owned(), item.reference().to_owned());
        Self { prefix, reference, lot }
    }

    /// The lot number, 1 to 20 characters, unescaped; `None` for all units of the trade item.
    #[must_use]
    pub fn lot(&self) -> Option<&str> {
        self.lot.as_deref()
    }

    /// The 14 digits of the GTIN.
    #[must_use]
    pub fn gtin14(&self) -> String {
        let (indicator, item) = self.reference.split_at_checked(1).unwrap_or_default();
        check_digit::append(&format!("{indicator}{}{item}", self.prefix))
    }

    /// Makes the class of lot `lot` of the trade item that `item` belongs to.
    ///
    /// - `lot`: 1 to 20 GS1 characters, unescaped.
    ///
    /// `None` if `item` is not an SGTIN or the lot is malformed.
    #[must_use]
    pub fn lot_of(item: &Epc, lot: &str) -> Option<Self> {
        if item.scheme() != Scheme::Sgtin || lot.is_empty() || lot.len() > 20 || !is_gs1_text(lot) {
            return None;
        }
        Some(Self::of(item, Some(lot.to_owned())))
    }

    /// The URN: `urn:epc:class:lgtin:…` for a lot, `urn:epc:idpat:sgtin:….*` for a trade item.
    #[must_use]
    pub fn to_uri(&self) -> String {
        let (prefix, reference) = (&self.prefix, &self.reference);
        match &self.lot {
            Some(lot) => format!("urn:epc:class:lgtin:{prefix}.{reference}.{}", escape_urn(lot)),
            None => format!("urn:epc:idpat:sgtin:{prefix}.{reference}.*"),
        }
    }

    /// The canonical GS1 Digital Link URI, at id.gs1.org.
    #[must_use]
    pub fn to_digital_link(&self) -> String {
        let gtin = self.gtin14();
        match &self.lot {
            Some(lot) => format!("https://id.gs1.org/01/{gtin}/10/{}", escape_url(lot)),
            None => format!("https://id.gs1.org/01/{gtin}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_class_is_written_as_it_was_read() {
        for (uri, link, lot) in [
            (
                "urn:epc:class:lgtin:4012345.012345.Lot%2F987",
                "https://id.gs1.org/01/04012345123456/10/Lot%2F987",
                Some("Lot/987"),
            ),
            ("urn:epc:idpat:sgtin:4012345.012345.*", "https://id.gs1.org/01/04012345123456", None),
        ] {
            let class = EpcClass::from_uri(uri).unwrap();
            assert_eq!((class.to_uri().as_str(), class.lot()), (uri, lot));
            assert_eq!(class.to_digital_link(), link);
        }
    }

    #[test]
    fn other_uris_are_refused() {
        for bad in [
            "urn:epc:class:lgtin:4012345.012345",
            "urn:epc:class:lgtin:4012345.012345.",
            "urn:epc:idpat:sgtin:4012345.012345.1",
            "urn:epc:idpat:sgtin:4012345.012345.1.*",
            "urn:epc:idpat:sgtin:4012345.*",
            "urn:epc:id:sgtin:4012345.012345.1",
        ] {
            assert!(EpcClass::from_uri(bad).is_err(), "{bad}");
        }
        let pallet: Epc = "urn:epc:id:sscc:0614141.1234567890".parse().unwrap();
        assert_eq!(EpcClass::lot_of(&pallet, "L"), None);
    }
}
