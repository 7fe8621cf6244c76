//! What is written: the version of the XML, and the spelling of words.
//!
//! Source: EPCIS 2.0 section 12.6 (`GS1-EPCIS-Version`, `GS1-CBV-XML-Format`).

use std::fmt;

/// The version of the XML.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Version {
    /// EPCIS 2.0, which can say all that JSON can.
    #[default]
    V2_0,
    /// EPCIS 1.2, as trading partners under the DSCSA use it.
    V1_2,
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Version {
    /// The name in `schemaVersion`: `2.0`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::V2_0 => "2.0",
            Self::V1_2 => "1.2",
        }
    }

    /// The last part of the namespaces.
    pub(super) fn number(self) -> &'static str {
        match self {
            Self::V2_0 => "2",
            Self::V1_2 => "1",
        }
    }
}

/// How words of the Core Business Vocabulary are spelled.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Words {
    /// As in the JSON form; bare words, which XML does not have, as URNs.
    #[default]
    Kept,
    /// All as `urn:epcglobal:cbv:bizstep:shipping`; those that have no URN (of sensors) as `gs1:Temperature`.
    Urn,
    /// All as `https://ref.gs1.org/cbv/BizStep-shipping`.
    Web,
}
