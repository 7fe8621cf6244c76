//! What an operator knows of the UHF tags of a product that answer a challenge: number of the key, key, and how each tag's is made.
//!
//! The way through: [`TamKeys::parse`] reads lines of `name: value`; as a [`TagAuthenticator`] it makes the tag's key and checks with it.
//!
//! What holds: a tag whose key is made of its TID passes with that TID only; without a TID nothing is compared, and nobody is condemned;
//! no error and no `Debug` repeats a value of a key.
//!
//! Not here: keys of chips that write addresses ([`crate::key_set`]).
//!
//! Sources: ISO/IEC 29167-10:2017, TAM1; NXP AN10922 (diversified keys).

use crate::block::Key;
use crate::diversify::{MOST_INPUT, diversified};
use crate::key_set::{KeySetError, key, lines, name_and_products};
use crate::tam::{Exchange, LocalKey, Refusal, TagAuthenticator};

/// Names of lines, all that there are.
const NAMES: [&str; 6] = ["name", "products", "mode", "key_id", "tag_key", "system"];
/// Bytes of a TID of 96 bits, beside which `system` has to have room.
const TID: usize = 12;

/// Keys of UHF tags.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TamKeys {
    /// What the operator calls it.
    pub name: String,
    /// First digits of the GTINs (14 digits) of its products.
    pub products: Vec<String>,
    /// Number of the key on the tags.
    pub key_id: u8,
    /// The key, or what the tags' keys are made from.
    key: Key,
    /// What is added to a tag's TID to make its key; without it all tags have one key.
    system: Option<Vec<u8>>,
}

impl TamKeys {
    /// Reads a key set.
    ///
    /// # Errors
    ///
    /// [`KeySetError`].
    pub fn parse(text: &str) -> Result<Self, KeySetError> {
        const KEY: &str = "32 hexadecimal digits";
        const KEY_ID: KeySetError = KeySetError::Value("key_id", "a number from 0 to 255");
        let mut lines = lines(text, &NAMES)?;
        let mut take = |name: &'static str| lines.remove(name);
        let (name, products) = name_and_products(take("name"), take("products"))?;
        if take("mode") != Some("tam1") {
            return Err(KeySetError::Value("mode", "aes, lrp or tam1"));
        }
        let key_id = take("key_id").and_then(|text| text.parse().ok()).ok_or(KEY_ID)?;
        let key = key("tag_key", take("tag_key"))?.ok_or(KeySetError::Value("tag_key", KEY))?;
        let system = take("system").map(system).transpose()?;
        Ok(Self { name, products, key_id, key, system })
    }

    /// By which people compare key sets without seeing keys, in hexadecimal digits.
    #[must_use]
    pub fn check_value(&self) -> String {
        hex::encode_upper(self.key.check_value())
    }

    /// The key of a tag; none if it cannot be made of that TID.
    fn key_of(&self, tid: &[u8]) -> Option<Key> {
        let Some(system) = &self.system else { return Some(self.key.clone()) };
        if tid.is_empty() {
            return None;
        }
        diversified(&self.key, &[tid, system].concat())
    }
}

impl TagAuthenticator for TamKeys {
    fn check(&self, exchange: &Exchange) -> Result<(), Refusal> {
        let key = self.key_of(&exchange.tid).ok_or_else(|| {
            let (got, system) = (exchange.tid.len(), self.system.as_ref().map_or(0, Vec::len));
            let most = MOST_INPUT - system;
            Refusal::NotChecked(format!("got a TID of {got} bytes, expected 1 to {most}"))
        })?;
        LocalKey { key_id: self.key_id, key }.check(exchange)
    }
}

fn system(text: &str) -> Result<Vec<u8>, KeySetError> {
    let bytes = hex::decode(text).ok().filter(|bytes| bytes.len() + TID <= MOST_INPUT);
    bytes.ok_or(KeySetError::Value(
        "system",
        "at most 19 bytes as hexadecimal digits, or nothing after the colon",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "name: tea-uhf\nproducts: 09521141\nmode: tam1\nkey_id: 1\n\
                        tag_key: ffeeddccbbaa99887766554433221100\nsystem: 4e58\n";

    /// What a tag of this key answers: the block is encrypted, so that decrypting it gives the plain text.
    fn answered(key: &Key, challenge: [u8; 10]) -> Vec<u8> {
        let block = [&[0x96, 0xc5, 1, 2, 3, 4][..], &challenge].concat();
        key.cipher().encrypt(block.try_into().unwrap()).to_vec()
    }

    #[test]
    fn a_tag_passes_with_its_own_tid_where_keys_are_made_of_it_and_without_one_it_is_not_checked() {
        let keys = TamKeys::parse(TEXT).unwrap();
        let (tid, challenge) = (vec![0xe2; 12], [7; 10]);
        let response = answered(&keys.key_of(&tid).unwrap(), challenge);
        let check = |tid: Vec<u8>| {
            keys.check(&Exchange { key_id: 1, challenge, response: response.clone(), tid })
        };
        assert_eq!(check(tid), Ok(()));
        assert_eq!(check(vec![0xe3; 12]), Err(Refusal::Wrong), "the TID of another tag");
        for unusable in [Vec::new(), vec![1; 30]] {
            assert!(matches!(check(unusable), Err(Refusal::NotChecked(_))));
        }
        let one = TamKeys::parse(&TEXT.replace("system: 4e58\n", "")).unwrap();
        let response = answered(&one.key, challenge);
        let exchange = Exchange { key_id: 1, challenge, response, tid: Vec::new() };
        assert_eq!(one.check(&exchange), Ok(()), "one key for all tags");
        assert_ne!(keys.key_of(&[1; 12]), keys.key_of(&[2; 12]));
    }

    #[test]
    fn a_key_set_that_cannot_be_checked_with_is_refused_and_shows_no_key() {
        let keys = TamKeys::parse(TEXT).unwrap();
        assert_eq!((keys.key_id, keys.check_value().len()), (1, 6));
        assert!(!format!("{keys:?}").to_lowercase().contains("ffee"));
        for (from, to, said) in [
            ("mode: tam1", "mode: tam2", "`mode`: expected aes, lrp or tam1"),
            ("key_id: 1", "key_id: 256", "`key_id`: expected"),
            ("key_id: 1\n", "", "`key_id`: expected"),
            ("ffeedd", "fxeedd", "`tag_key`: expected 32 hexadecimal digits"),
            ("4e58", "4e5", "`system`: expected"),
            ("key_id: 1", "picc: p", "line 4: expected each of"),
            ("09521141", "123", "`products`: expected"),
        ] {
            let error = TamKeys::parse(&TEXT.replace(from, to)).unwrap_err().to_string();
            assert!(error.contains(said) && !error.contains("eedd"), "{to}: {error}");
        }
    }
}
