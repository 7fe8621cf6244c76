//! Dispositions: the words of CBV 2.0 as an enum.
//!
//! What holds: every spelling of a word ([`Disposition::from`]) gives the same variant, and `Display` writes the bare word.
//! Whatever is not in the list is kept as it was written ([`Disposition::Other`]).
//!
//! Source: CBV 2.0 section 7.2.

use std::fmt;

use crate::vocabulary::Vocabulary;

/// A disposition.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Disposition {
    /// `active`: the object was just introduced into the supply chain.
    Active,
    /// `available`: the object was returned to service or to the supply chain.
    Available,
    /// `completeness_inferred`: the contents of a container are taken to be complete without unpacking it.
    CompletenessInferred,
    /// `completeness_verified`: the contents of a container were verified when it was unpacked.
    CompletenessVerified,
    /// `conformant`: the object passed an inspection.
    Conformant,
    /// `container_closed`: the container was loaded, closed and sealed.
    ContainerClosed,
    /// `container_open`: the doors of a container were opened or a seal was broken.
    ContainerOpen,
    /// `damaged`: the object is impaired in its use or its value by a defect.
    Damaged,
    /// `destroyed`: the object was made unusable.
    Destroyed,
    /// `dispensed`: the full quantity of the product went to a consumer.
    Dispensed,
    /// `disposed`: the object was returned for disposal.
    Disposed,
    /// `encoded`: the identifier was written to a tag, and is not commissioned yet.
    Encoded,
    /// `expired`: the expiry date of the object is past.
    Expired,
    /// `in_progress`: the object proceeds through the supply chain.
    InProgress,
    /// `in_transit`: the object is on the way between two parties.
    InTransit,
    /// `inactive`: the object was decommissioned and may be introduced again.
    Inactive,
    /// `mismatch_class`: the class-level identifiers are not the expected ones.
    MismatchClass,
    /// `mismatch_instance`: the instance-level identifiers are not the expected ones.
    MismatchInstance,
    /// `mismatch_quantity`: the quantity is not the expected one.
    MismatchQuantity,
    /// `needs_replacement`: components or other assets have to be replaced.
    NeedsReplacement,
    /// `no_pedigree_match`: no match was found for the pedigree of the object.
    NoPedigreeMatch,
    /// `non_conformant`: the object failed an inspection.
    NonConformant,
    /// `non_sellable_other`: the object cannot be sold to a customer.
    NonSellableOther,
    /// `partially_dispensed`: a portion of the product went to a customer.
    PartiallyDispensed,
    /// `recalled`: the object cannot be sold because of public safety.
    Recalled,
    /// `reserved`: the identifier was allocated for another party.
    Reserved,
    /// `retail_sold`: the object was sold to a consumer.
    RetailSold,
    /// `returned`: the object was sent or brought back; it may or may not be sellable.
    Returned,
    /// `sellable_accessible`: the object can be sold, and customers can take it.
    SellableAccessible,
    /// `sellable_not_accessible`: the object can be sold, and customers cannot take it.
    SellableNotAccessible,
    /// `stolen`: the object was taken without permission or right.
    Stolen,
    /// `unavailable`: the object was removed from service or from the supply chain.
    Unavailable,
    /// `unknown`: the condition of the object is not known.
    Unknown,
    /// Not a word of CBV 2.0; the text as it was written.
    Other(String),
}

impl Disposition {
    /// All words of CBV 2.0, in alphabetical order.
    pub const ALL: [Self; 33] = [
        Self::Active,
        Self::Available,
        Self::CompletenessInferred,
        Self::CompletenessVerified,
        Self::Conformant,
        Self::ContainerClosed,
        Self::ContainerOpen,
        Self::Damaged,
        Self::Destroyed,
        Self::Dispensed,
        Self::Disposed,
        Self::Encoded,
        Self::Expired,
        Self::InProgress,
        Self::InTransit,
        Self::Inactive,
        Self::MismatchClass,
        Self::MismatchInstance,
        Self::MismatchQuantity,
        Self::NeedsReplacement,
        Self::NoPedigreeMatch,
        Self::NonConformant,
        Self::NonSellableOther,
        Self::PartiallyDispensed,
        Self::Recalled,
        Self::Reserved,
        Self::RetailSold,
        Self::Returned,
        Self::SellableAccessible,
        Self::SellableNotAccessible,
        Self::Stolen,
        Self::Unavailable,
        Self::Unknown,
    ];

    /// The bare word.
    #[must_use]
    pub fn word(&self) -> &str {
        match self {
            Self::Active => "active",
            Self::Available => "available",
            Self::CompletenessInferred => "completeness_inferred",
            Self::CompletenessVerified => "completeness_verified",
            Self::Conformant => "conformant",
            Self::ContainerClosed => "container_closed",
            Self::ContainerOpen => "container_open",
            Self::Damaged => "damaged",
            Self::Destroyed => "destroyed",
            Self::Dispensed => "dispensed",
            Self::Disposed => "disposed",
            Self::Encoded => "encoded",
            Self::Expired => "expired",
            Self::InProgress => "in_progress",
            Self::InTransit => "in_transit",
            Self::Inactive => "inactive",
            Self::MismatchClass => "mismatch_class",
            Self::MismatchInstance => "mismatch_instance",
            Self::MismatchQuantity => "mismatch_quantity",
            Self::NeedsReplacement => "needs_replacement",
            Self::NoPedigreeMatch => "no_pedigree_match",
            Self::NonConformant => "non_conformant",
            Self::NonSellableOther => "non_sellable_other",
            Self::PartiallyDispensed => "partially_dispensed",
            Self::Recalled => "recalled",
            Self::Reserved => "reserved",
            Self::RetailSold => "retail_sold",
            Self::Returned => "returned",
            Self::SellableAccessible => "sellable_accessible",
            Self::SellableNotAccessible => "sellable_not_accessible",
            Self::Stolen => "stolen",
            Self::Unavailable => "unavailable",
            Self::Unknown => "unknown",
            Self::Other(text) => text,
        }
    }
}

impl Disposition {
    /// The word of CBV 2.0 that `text` is in any spelling of a record: bare, `urn:epcglobal:cbv:disp:…`,
    /// `https://ref.gs1.org/cbv/Disp-…` or `cbv:Disp-…`. `None` for everything else, also for a URI of another
    /// vocabulary whose last part is such a word.
    ///
    /// ```
    /// use epcis::Disposition;
    /// assert_eq!(Disposition::parse_uri("cbv:Disp-recalled"), Disposition::parse_uri("recalled"));
    /// assert_eq!(Disposition::parse_uri("https://voc.example/dispositions/recalled"), None);
    /// ```
    #[must_use]
    pub fn parse_uri(text: &str) -> Option<Self> {
        let word = Vocabulary::Disposition.word(text);
        Self::ALL.into_iter().find(|known| known.word() == word)
    }
}

/// Reads a bare word, `https://ref.gs1.org/cbv/Disp-…` or `urn:epcglobal:cbv:disp:…`; whatever [`Disposition::parse_uri`] does not know is kept as it is.
impl From<&str> for Disposition {
    fn from(text: &str) -> Self {
        Self::parse_uri(text).unwrap_or_else(|| Self::Other(text.to_owned()))
    }
}

impl fmt::Display for Disposition {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.word())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_of_every_word_gives_its_variant_and_is_written_as_the_bare_word() {
        for known in Disposition::ALL {
            let word = known.to_string();
            for spelling in [
                word.clone(),
                format!("https://ref.gs1.org/cbv/Disp-{word}"),
                format!("urn:epcglobal:cbv:disp:{word}"),
                format!("cbv:Disp-{word}"),
            ] {
                assert_eq!(Disposition::from(spelling.as_str()), known, "{spelling}");
            }
        }
    }

    #[test]
    fn a_word_of_another_vocabulary_is_kept_as_it_was_written() {
        for text in [
            "",
            "https://voc.example/dispositions/recalled",
            "mine:Disp-recalled",
            "Recalled",
            "https://voc.example/Disp-recalled",
            "urn:epcglobal:cbv:bizstep:recalled",
            "https://ref.gs1.org/cbv/Disp-unheard_of",
        ] {
            assert_eq!(Disposition::from(text), Disposition::Other(text.to_owned()), "{text}");
            assert_eq!(Disposition::from(text).to_string(), text);
        }
    }
}
