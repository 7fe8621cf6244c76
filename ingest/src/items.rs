//! Names the item that a tag identifies: EPC bank in, pure identity out.
//!
//! What holds: pure; rules and look-ups use this one function, so both mean the same item. The key of a `+` or `++`
//! tag does not contain the length of its company prefix; the tag is named only where the site knows the prefix,
//! and the prefix is never guessed.
//!
//! Not here: the bits of a tag (`epc`), what follows from an observation ([`crate::rules`]).
//!
//! Source: TDS 2.3 sections 6.3 and 15.3.

use epc::{PrefixTable, Tag};

/// An item, as its tag names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// Pure identity URI: `urn:epc:id:sgtin:…`.
    pub uri: String,
    /// Key of the item, the same for every spelling of it ([`epc::thing_key`]).
    pub key: String,
    /// EPC scheme: `sgtin`. A `+` tag has the scheme of its identity.
    pub scheme: &'static str,
    /// TDS filter value, 0 to 7.
    pub filter: u8,
}

/// Why a tag cannot be named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unnamed {
    /// The bank contains no supported EPC.
    NotGs1,
    /// A `+` tag whose company prefix the site does not know.
    PrefixUnknown {
        /// Its Digital Link.
        link: String,
    },
}

/// Names the item in an EPC bank.
///
/// - `epc_hex`: the bank, hex.
/// - `prefixes`: the company prefixes that the site knows.
///
/// # Errors
///
/// [`Unnamed`].
pub fn name(epc_hex: &str, prefixes: &PrefixTable) -> Result<Item, Unnamed> {
    let tag = Tag::decode_hex(epc_hex).map_err(|_| Unnamed::NotGs1)?;
    let filter = match &tag {
        Tag::Classic(tag) => tag.filter,
        Tag::Plus(tag) => tag.filter,
    };
    let epc = tag.to_epc(prefixes).ok_or_else(|| Unnamed::PrefixUnknown {
        link: tag.to_digital_link().unwrap_or_default(),
    })?;
    let uri = epc.to_uri();
    let key = epc::thing_key(&uri);
    Ok(Item { uri, key, scheme: epc.scheme().name(), filter })
}

#[cfg(test)]
mod tests {
    use epc::{PlusScheme, PlusTag, TagEpc, parse_digital_link};

    use super::*;

    fn plus(hostname: Option<&str>) -> String {
        let link = parse_digital_link("https://id.gs1.org/01/09521141123454/21/32a").unwrap();
        let host = hostname.map(str::to_owned);
        let tag = PlusTag::from_digital_link(PlusScheme::Sgtin, 3, host, &link).unwrap();
        hex::encode_upper(tag.encode().unwrap())
    }

    #[test]
    fn a_plus_tag_has_the_name_of_the_classic_one_where_the_prefix_is_known() {
        let known = PrefixTable::new(["9521141"]);
        let classic = TagEpc::from_tag_uri("urn:epc:tag:sgtin-198:3.9521141.012345.32a").unwrap();
        let classic = name(&hex::encode_upper(classic.encode().unwrap()), &known).unwrap();
        assert_eq!(classic.uri, "urn:epc:id:sgtin:9521141.012345.32a");
        assert_eq!((classic.scheme, classic.filter), ("sgtin", 3));
        assert_eq!(name(&plus(None), &known).unwrap(), classic);
        assert_eq!(name(&plus(Some("brand.example")), &known).unwrap(), classic);
    }

    #[test]
    fn a_plus_tag_of_an_unknown_prefix_is_reported_by_its_link() {
        let link = "https://brand.example/01/09521141123454/21/32a".to_owned();
        for known in [PrefixTable::default(), PrefixTable::new(["0614141"])] {
            let found = name(&plus(Some("brand.example")), &known);
            assert_eq!(found, Err(Unnamed::PrefixUnknown { link: link.clone() }));
        }
    }

    #[test]
    fn what_holds_no_epc_is_not_named() {
        for hex in ["", "E2801190A5021F80055817CA", "30", "F7", "xyz"] {
            assert_eq!(name(hex, &PrefixTable::default()), Err(Unnamed::NotGs1), "{hex}");
        }
    }
}
