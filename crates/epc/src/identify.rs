//! The identity that any spelling of an item names.
//!
//! What holds: the identity has the [`thing_key`] of the text; its URN has the company prefix of the text, if the text
//! states where that ends.
//!
//! Not here: which prefix is licensed (`directory`), which items exist (`history`).
//!
//! Source: TDS 2.3 section 6.3.

use crate::error::{EpcError, field};
use crate::identity::Epc;
use crate::parse::parse_digital_link;
use crate::prefix_length::PrefixLength;
use crate::thing::{gs1_key, lowered};
use crate::uri_kind::check_uri;

/// One length of company prefix.
struct Fixed(usize);

impl PrefixLength for Fixed {
    fn length(&self, _key: &str) -> Option<usize> {
        Some(self.0)
    }
}

/// The identity that `text` names, in whatever spelling: URN, tag URI, Digital Link on any host, plain or compressed.
///
/// A link does not say how long the company prefix is. Its identity then has the shortest prefix that makes a valid one:
/// [`crate::thing_key`], [`Epc::to_digital_link`] and the digits of the key are right, the division in the URN is not known.
///
/// ```
/// let item = epc::identify("https://brand.example/01/614141123452/21/400")?;
/// assert_eq!(item.to_digital_link(), "https://id.gs1.org/01/00614141123452/21/400");
/// assert_eq!(epc::identify("URN:EPC:id:gid:1.2.3")?.to_uri(), "urn:epc:id:gid:1.2.3");
/// # Ok::<(), epc::EpcError>(())
/// ```
///
/// # Errors
///
/// As [`check_uri`]; [`EpcError::Field`] if `text` names a class, a party or something without an identity.
pub fn identify(text: &str) -> Result<Epc, EpcError> {
    let text = &*lowered(text);
    if let Ok(epc) = text.parse::<Epc>() {
        return Ok(epc);
    }
    let no_item =
        || field("URI", text, "one that names an item, such as https://HOST/01/GTIN/21/SERIAL");
    let Some(key) = gs1_key(text) else {
        return Err(check_uri(text).err().unwrap_or_else(no_item));
    };
    let link = parse_digital_link(&key)?;
    (6..=12).find_map(|length| link.to_epc(&Fixed(length)).ok()).ok_or_else(no_item)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::thing_key;

    #[test]
    fn an_identity_has_the_key_of_the_text_that_names_it() {
        for (text, uri) in [
            ("urn:epc:id:sgtin:9521141.012345.a%2Fb", "urn:epc:id:sgtin:9521141.012345.a%2Fb"),
            ("urn:epc:id:sgtin:9521141.012345.%61/b", "urn:epc:id:sgtin:952114.0112345.a%2Fb"),
            ("urn:epc:tag:sgtin-198:3.9521141.012345.7", "urn:epc:id:sgtin:9521141.012345.7"),
            ("https://x/01/09521141123454/21/7", "urn:epc:id:sgtin:952114.0112345.7"),
            ("https://x/8004/401a", "urn:epc:id:giai:401a"),
            ("https://x/00/140123452345678902", "urn:epc:id:sscc:401234.15234567890"),
        ] {
            match identify(text) {
                Ok(epc) => {
                    assert_eq!(
                        (epc.to_uri().as_str(), thing_key(text)),
                        (uri, epc.to_digital_link())
                    );
                }
                Err(error) => assert_eq!(text, "https://x/8004/401a", "{error}"),
            }
        }
    }

    #[test]
    fn what_names_no_item_has_no_identity() {
        for text in [
            "https://x/01/09521141123454",
            "https://x/01/09521141123454/10/L",
            "https://x/01/09521141123454?21=7",
            "https://x/01/09521141123454/235/T",
            "urn:epc:id:pgln:4012345.00000",
            "urn:uuid:0",
            "",
        ] {
            assert!(identify(text).is_err(), "{text}");
        }
    }
}
