//! What a query asks of master data: which place lies within which, and attributes of vocabulary elements.
//!
//! Not here: where master data come from.
//!
//! Source: EPCIS 2.0 section 6.5; section 8.2.7.1, parameters `WD_readPoint`, `HASATTR_fieldname`, `EQATTR_fieldname_attrname`.

use std::collections::BTreeSet;

/// Master data, as far as queries need them.
///
/// Places and things are named by their key ([`epc::thing_key`]), words of vocabularies by their web URI; any other URI by
/// itself. Names of attributes are whole (`urn:epcglobal:cbv:mda:countryCode`); a name without prefix is as it was written.
pub trait MasterData {
    /// Whether `place` is a direct or indirect child of `ancestor`.
    fn is_within(&self, place: &str, ancestor: &str) -> bool;

    /// All direct and indirect children of `place`, without itself.
    fn descendants(&self, place: &str) -> Vec<String>;

    /// The value of the attribute `name` of the vocabulary element `of`; `None` if there is none.
    fn attribute(&self, of: &str, name: &str) -> Option<String>;

    /// All values of the attribute `name` of the vocabulary element `of`.
    fn values(&self, of: &str, name: &str) -> Vec<String> {
        self.attribute(of, name).into_iter().collect()
    }
}

/// What of all master data must be known to answer a query.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MasterDataNeeds {
    /// Places whose children are asked for, by their keys.
    pub places: BTreeSet<String>,
    /// Whole names of attributes.
    pub attributes: BTreeSet<String>,
}

impl MasterDataNeeds {
    /// Whether the query asks nothing of master data.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.places.is_empty() && self.attributes.is_empty()
    }
}

/// No master data: no place lies within another, nothing has attributes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct NoMasterData;

impl MasterData for NoMasterData {
    fn is_within(&self, _place: &str, _ancestor: &str) -> bool {
        false
    }

    fn descendants(&self, _place: &str) -> Vec<String> {
        Vec::new()
    }

    fn attribute(&self, _of: &str, _name: &str) -> Option<String> {
        None
    }
}
