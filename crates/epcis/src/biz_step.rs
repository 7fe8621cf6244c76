//! Business steps: the words of CBV 2.0 as an enum.
//!
//! What holds: every spelling of a word ([`BizStep::from`]) gives the same variant, and `Display` writes the bare word.
//! Whatever is not in the list is kept as it was written ([`BizStep::Other`]).
//!
//! Source: CBV 2.0 section 7.1.

use std::fmt;

use crate::vocabulary::Vocabulary;

/// A business step.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum BizStep {
    /// `accepting`: an object changes possession or ownership.
    Accepting,
    /// `arriving`: an object arrives at a location; it is not received yet.
    Arriving,
    /// `assembling`: objects are combined into a new object that can be taken apart again.
    Assembling,
    /// `collecting`: objects are picked up for later disposal, recycling or reuse.
    Collecting,
    /// `commissioning`: an identifier is attached to an object for the first time.
    Commissioning,
    /// `consigning`: staging, loading, departing and accepting in one, where the single steps are not known.
    Consigning,
    /// `creating_class_instance`: an instance or a further quantity of a class-level identifier is produced.
    CreatingClassInstance,
    /// `cycle_counting`: objects of a location are counted for other needs than accounting.
    CycleCounting,
    /// `decommissioning`: an identifier is removed from an object, which can be commissioned again only with a new one.
    Decommissioning,
    /// `departing`: an object leaves a location towards a destination.
    Departing,
    /// `destroying`: an object is destroyed.
    Destroying,
    /// `disassembling`: an assembled object is taken apart.
    Disassembling,
    /// `dispensing`: a product is made available to a consumer, in part or in full.
    Dispensing,
    /// `encoding`: an identifier is written to a tag or printed on a label; it is not commissioned yet.
    Encoding,
    /// `entering_exiting`: customers leave with products or bring them back at the door of a facility.
    EnteringExiting,
    /// `holding`: an object is set apart for further review.
    Holding,
    /// `inspecting`: an object is checked for defects and stays usable.
    Inspecting,
    /// `installing`: an object is put into a composite object that exists already.
    Installing,
    /// `killing`: an RFID tag is ended; the object and its identifier may live on.
    Killing,
    /// `loading`: an object is put onto a means of transport.
    Loading,
    /// `other`: a step that no other word of the list describes.
    OtherStep,
    /// `packing`: objects are put into a larger container.
    Packing,
    /// `picking`: objects are selected to fill an order.
    Picking,
    /// `receiving`: an object is received at a location and added to its inventory.
    Receiving,
    /// `removing`: an object is taken out of a composite object.
    Removing,
    /// `repackaging`: the packaging of an object is changed.
    Repackaging,
    /// `repairing`: a defective product is repaired, not replaced.
    Repairing,
    /// `replacing`: an object is exchanged for another.
    Replacing,
    /// `reserving`: identifiers that are not commissioned yet are provided to another party.
    Reserving,
    /// `retail_selling`: an object is sold to a consumer at a point of sale.
    RetailSelling,
    /// `sampling`: portions of an object are examined; the object cannot be sold any more.
    Sampling,
    /// `sensor_reporting`: values of sensors are reported.
    SensorReporting,
    /// `shipping`: staging, loading and departing in one, where the single steps are not known.
    Shipping,
    /// `staging_outbound`: an object is moved to where it waits for transport.
    StagingOutbound,
    /// `stock_taking`: objects of a location are counted for accounting.
    StockTaking,
    /// `stocking`: an object is made available to customers, or for orders within a warehouse.
    Stocking,
    /// `storing`: an object is moved into or out of storage within a location.
    Storing,
    /// `transporting`: an object is moved from one location to another by a vehicle.
    Transporting,
    /// `unloading`: an object is taken off a means of transport.
    Unloading,
    /// `unpacking`: objects are taken out of a larger container.
    Unpacking,
    /// `void_shipping`: objects of an earlier shipping, departing or consigning event were not shipped after all.
    VoidShipping,
    /// Not a word of CBV 2.0; the text as it was written.
    Other(String),
}

impl BizStep {
    /// All words of CBV 2.0, in alphabetical order.
    pub const ALL: [Self; 41] = [
        Self::Accepting,
        Self::Arriving,
        Self::Assembling,
        Self::Collecting,
        Self::Commissioning,
        Self::Consigning,
        Self::CreatingClassInstance,
        Self::CycleCounting,
        Self::Decommissioning,
        Self::Departing,
        Self::Destroying,
        Self::Disassembling,
        Self::Dispensing,
        Self::Encoding,
        Self::EnteringExiting,
        Self::Holding,
        Self::Inspecting,
        Self::Installing,
        Self::Killing,
        Self::Loading,
        Self::OtherStep,
        Self::Packing,
        Self::Picking,
        Self::Receiving,
        Self::Removing,
        Self::Repackaging,
        Self::Repairing,
        Self::Replacing,
        Self::Reserving,
        Self::RetailSelling,
        Self::Sampling,
        Self::SensorReporting,
        Self::Shipping,
        Self::StagingOutbound,
        Self::StockTaking,
        Self::Stocking,
        Self::Storing,
        Self::Transporting,
        Self::Unloading,
        Self::Unpacking,
        Self::VoidShipping,
    ];

    /// The bare word.
    #[must_use]
    pub fn word(&self) -> &str {
        match self {
            Self::Accepting => "accepting",
            Self::Arriving => "arriving",
            Self::Assembling => "assembling",
            Self::Collecting => "collecting",
            Self::Commissioning => "commissioning",
            Self::Consigning => "consigning",
            Self::CreatingClassInstance => "creating_class_instance",
            Self::CycleCounting => "cycle_counting",
            Self::Decommissioning => "decommissioning",
            Self::Departing => "departing",
            Self::Destroying => "destroying",
            Self::Disassembling => "disassembling",
            Self::Dispensing => "dispensing",
            Self::Encoding => "encoding",
            Self::EnteringExiting => "entering_exiting",
            Self::Holding => "holding",
            Self::Inspecting => "inspecting",
            Self::Installing => "installing",
            Self::Killing => "killing",
            Self::Loading => "loading",
            Self::OtherStep => "other",
            Self::Packing => "packing",
            Self::Picking => "picking",
            Self::Receiving => "receiving",
            Self::Removing => "removing",
            Self::Repackaging => "repackaging",
            Self::Repairing => "repairing",
            Self::Replacing => "replacing",
            Self::Reserving => "reserving",
            Self::RetailSelling => "retail_selling",
            Self::Sampling => "sampling",
            Self::SensorReporting => "sensor_reporting",
            Self::Shipping => "shipping",
            Self::StagingOutbound => "staging_outbound",
            Self::StockTaking => "stock_taking",
            Self::Stocking => "stocking",
            Self::Storing => "storing",
            Self::Transporting => "transporting",
            Self::Unloading => "unloading",
            Self::Unpacking => "unpacking",
            Self::VoidShipping => "void_shipping",
            Self::Other(text) => text,
        }
    }
}

impl BizStep {
    /// The word of CBV 2.0 that `text` is in any spelling of a record: bare, `urn:epcglobal:cbv:bizstep:…`,
    /// `https://ref.gs1.org/cbv/BizStep-…` or `cbv:BizStep-…`. `None` for everything else, also for a URI of another
    /// vocabulary whose last part is such a word.
    ///
    /// ```
    /// use epcis::BizStep;
    /// assert_eq!(BizStep::parse_uri("cbv:BizStep-shipping"), BizStep::parse_uri("shipping"));
    /// assert_eq!(BizStep::parse_uri("https://voc.example/steps/shipping"), None);
    /// ```
    #[must_use]
    pub fn parse_uri(text: &str) -> Option<Self> {
        let word = Vocabulary::BizStep.word(text);
        Self::ALL.into_iter().find(|known| known.word() == word)
    }
}

/// Reads a bare word, `https://ref.gs1.org/cbv/BizStep-…` or `urn:epcglobal:cbv:bizstep:…`; whatever [`BizStep::parse_uri`] does not know is kept as it is.
impl From<&str> for BizStep {
    fn from(text: &str) -> Self {
        Self::parse_uri(text).unwrap_or_else(|| Self::Other(text.to_owned()))
    }
}

impl fmt::Display for BizStep {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.word())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_of_every_word_gives_its_variant_and_is_written_as_the_bare_word() {
        for known in BizStep::ALL {
            let word = known.to_string();
            for spelling in [
                word.clone(),
                format!("https://ref.gs1.org/cbv/BizStep-{word}"),
                format!("urn:epcglobal:cbv:bizstep:{word}"),
                format!("cbv:BizStep-{word}"),
            ] {
                assert_eq!(BizStep::from(spelling.as_str()), known, "{spelling}");
            }
        }
    }

    #[test]
    fn a_word_of_another_vocabulary_is_kept_as_it_was_written() {
        for text in [
            "",
            "https://voc.example/steps/shipping",
            "mine:BizStep-shipping",
            "Shipping",
            "https://voc.example/BizStep-shipping",
            "urn:epcglobal:cbv:disp:shipping",
            "https://ref.gs1.org/cbv/BizStep-unheard_of",
        ] {
            assert_eq!(BizStep::from(text), BizStep::Other(text.to_owned()), "{text}");
            assert_eq!(BizStep::from(text).to_string(), text);
        }
    }
}
