//! What an operator knows of the chips of a product: their keys, and where in the address they write.
//!
//! The way through: [`KeySet::parse`] reads lines of `name: value`, as its tests show them (docs/decisions/0068-codes-of-tags.md). The same text is stored, encrypted.
//!
//! What holds: a key set that cannot be checked as a whole is refused when it is imported, not at the first tap; no error and no
//! `Debug` repeats a value of a key.

use std::collections::BTreeMap;

use thiserror::Error;

use crate::block::{Block, Key};
use crate::diversify::{MOST_INPUT, diversified};
use crate::session::{Mode, UID};

/// Longest text that is read, in bytes.
pub const MOST_BYTES: usize = 4096;
/// Most products of one key set.
pub const MOST_PRODUCTS: usize = 64;

/// What the text of a key set is encrypted for, besides [`context`].
pub const PURPOSE: &str = "tag-keys";

/// Names of lines, all that there are here; those of UHF tags are in [`crate::tam_keys`].
const NAMES: [&str; 13] = [
    "name",
    "products",
    "mode",
    "picc",
    "uid",
    "counter",
    "enc",
    "seal",
    "cmac",
    "cmac_from",
    "meta_key",
    "file_key",
    "system",
];

/// Why a text is no key set.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum KeySetError {
    /// The text is too long, or a line is not `name: value`.
    #[error("line {0}: expected `name: value`, in a text of at most {MOST_BYTES} bytes")]
    Line(usize),
    /// A line has a name that is not known, or comes twice.
    #[error("line {0}: expected each of {1} at most once")]
    Name(usize, String),
    /// A value is missing or wrong.
    #[error("`{0}`: expected {1}")]
    Value(&'static str, &'static str),
}

/// Where chip and counter stand in the address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Identity {
    /// Encrypted, in this parameter.
    Encrypted(String),
    /// Readable, in these parameters.
    Plain {
        /// The chip's number, 14 digits.
        uid: String,
        /// The counter, six digits, the highest first.
        counter: String,
    },
}

/// Where the text begins that the code is computed over; it ends where the code's own value begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CodeFrom {
    /// At the path: the code names the item, too.
    Path,
    /// At the value of this parameter.
    Parameter(String),
    /// Nowhere: it is computed over no text.
    Nothing,
}

/// Keys of chips, and the form of their addresses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeySet {
    /// What the operator calls it.
    pub name: String,
    /// First digits of the GTINs (14 digits) of its products.
    pub products: Vec<String>,
    /// AES or LRP.
    pub mode: Mode,
    /// Where chip and counter stand.
    pub identity: Identity,
    /// Parameter with encrypted data of the file.
    pub enc: Option<String>,
    /// Place of the two letters of the seal in that data, once decrypted.
    pub seal: Option<usize>,
    /// Parameter with the code.
    pub cmac: String,
    /// What the code is computed over.
    pub from: CodeFrom,
    /// Key of the encrypted identity; the same for all chips.
    pub meta_key: Option<Key>,
    /// Key of codes, or what the chips' keys are made from.
    file_key: Key,
    /// What is added to a chip's number to make its key; without it all chips have one key.
    system: Option<Vec<u8>>,
}

impl KeySet {
    /// Reads a key set.
    ///
    /// # Errors
    ///
    /// [`KeySetError`].
    pub fn parse(text: &str) -> Result<Self, KeySetError> {
        let mut lines = lines(text, &NAMES)?;
        let mut take = |name: &'static str| lines.remove(name);
        let (name, products) = name_and_products(take("name"), take("products"))?;
        let mode = match take("mode") {
            Some("aes") => Mode::Aes,
            Some("lrp") => Mode::Lrp,
            _ => return Err(KeySetError::Value("mode", "aes, lrp or tam1")),
        };
        let identity = identity(take("picc"), take("uid"), take("counter"))?;
        let meta_key = key("meta_key", take("meta_key"))?;
        if matches!(identity, Identity::Encrypted(_)) != meta_key.is_some() {
            return Err(KeySetError::Value(
                "meta_key",
                "32 hexadecimal digits with `picc`, none without",
            ));
        }
        let enc = parameter("enc", take("enc"))?;
        let seal = take("seal").map(|it| it.parse().ok().filter(|it| *it < 256).ok_or(SEAL));
        let seal = seal.transpose()?;
        if seal.is_some() && enc.is_none() {
            return Err(SEAL);
        }
        let system = take("system").map(system).transpose()?;
        let from = match take("cmac_from") {
            Some("path") => CodeFrom::Path,
            Some("nothing") => CodeFrom::Nothing,
            other => CodeFrom::Parameter(parameter("cmac_from", other)?.ok_or(FROM)?),
        };
        let cmac = parameter("cmac", take("cmac"))?.ok_or(PARAMETER("cmac"))?;
        let set = Self {
            name,
            products,
            mode,
            identity,
            enc,
            seal,
            cmac,
            from,
            meta_key,
            file_key: key("file_key", take("file_key"))?
                .ok_or(KeySetError::Value("file_key", KEY))?,
            system,
        };
        set.check_parameters()
    }

    /// Refuses a parameter that is used for two things, and a code that covers no seal.
    fn check_parameters(self) -> Result<Self, KeySetError> {
        let mut names = self.parameters();
        names.sort_unstable();
        if names.windows(2).any(|two| two[0] == two[1]) {
            return Err(KeySetError::Value("cmac", "parameters of different names"));
        }
        match &self.from {
            CodeFrom::Nothing if self.enc.is_some() => Err(KeySetError::Value(
                "cmac_from",
                "`path` or a parameter: a code over nothing does not protect `enc`",
            )),
            CodeFrom::Parameter(name) if !names.contains(&name.as_str()) || *name == self.cmac => {
                Err(FROM)
            }
            _ => Ok(self),
        }
    }

    /// Names of the parameters that the chip writes.
    #[must_use]
    pub fn parameters(&self) -> Vec<&str> {
        let identity = match &self.identity {
            Identity::Encrypted(name) => vec![name.as_str()],
            Identity::Plain { uid, counter } => vec![uid.as_str(), counter.as_str()],
        };
        identity.into_iter().chain(self.enc.as_deref()).chain([self.cmac.as_str()]).collect()
    }

    /// The key with which a chip makes codes.
    #[must_use]
    pub fn key_of(&self, uid: [u8; UID]) -> Key {
        let made = self.system.as_ref().map(|system| [&uid[..], system].concat());
        made.and_then(|input| diversified(&self.file_key, &input))
            .unwrap_or_else(|| self.file_key.clone())
    }

    /// By which people compare key sets without seeing keys, in hexadecimal digits: of the key of codes, then after `-` of the key of
    /// the identity if there is one.
    #[must_use]
    pub fn check_value(&self) -> String {
        let keys = [Some(&self.file_key), self.meta_key.as_ref()];
        let values = keys.into_iter().flatten().map(|key| hex::encode_upper(key.check_value()));
        values.collect::<Vec<_>>().join("-")
    }

    /// By what a chip is known where its taps are counted: a code over its number under its own key, so that nobody without that key
    /// can name it, and another key set of the same keys names the same.
    #[must_use]
    pub fn chip_mark(&self, uid: [u8; UID]) -> Block {
        self.key_of(uid).cipher().cmac(&[&b"chopmark.org/tapped-chip@v1\n"[..], &uid[..]].concat())
    }
}

/// What the text of a key set is encrypted for: its own name and products, so that it cannot be moved to others.
#[must_use]
pub fn context(name: &str, products: &[String]) -> String {
    format!("{name}\n{}", products.join(" "))
}

const KEY: &str = "32 hexadecimal digits";
const SEAL: KeySetError = KeySetError::Value("seal", "a place from 0 to 255 in the data of `enc`");
const FROM: KeySetError = KeySetError::Value(
    "cmac_from",
    "`path`, `nothing`, or a parameter of the chip other than `cmac`",
);
const PRODUCTS: KeySetError =
    KeySetError::Value("products", "1 to 64 GTINs of 14 digits, or their first digits, at least 4");
/// Of a parameter's name.
#[expect(non_snake_case, reason = "a constant but for the name of its line")]
fn PARAMETER(name: &'static str) -> KeySetError {
    KeySetError::Value(name, "the name of a parameter: 1 to 60 letters, digits, `-`, `_` or `.`")
}

/// Values by the names of their lines.
///
/// - `names`: those that there may be.
pub(crate) fn lines<'a>(
    text: &'a str,
    names: &[&str],
) -> Result<BTreeMap<&'a str, &'a str>, KeySetError> {
    if text.len() > MOST_BYTES {
        return Err(KeySetError::Line(1));
    }
    let mut found = BTreeMap::new();
    for (place, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let (name, value) = line.split_once(':').ok_or(KeySetError::Line(place + 1))?;
        let is_known = names.contains(&name);
        if !is_known || found.insert(name, value.trim()).is_some() {
            return Err(KeySetError::Name(place + 1, names.join(", ")));
        }
    }
    Ok(found)
}

fn is_name(text: &str, most: usize) -> bool {
    (1..=most).contains(&text.len())
        && text.bytes().all(|it| it.is_ascii_alphanumeric() || b"-_.".contains(&it))
}

/// What every key set begins with.
pub(crate) fn name_and_products(
    name: Option<&str>,
    listed: Option<&str>,
) -> Result<(String, Vec<String>), KeySetError> {
    let name = name.filter(|it| is_name(it, 60));
    let name =
        name.ok_or(KeySetError::Value("name", "1 to 60 letters, digits, `-`, `_` or `.`"))?;
    Ok((name.to_owned(), products(listed.unwrap_or_default()).ok_or(PRODUCTS)?))
}

fn products(text: &str) -> Option<Vec<String>> {
    let products: Vec<String> = text.split_whitespace().map(str::to_owned).collect();
    let is_product =
        |it: &String| (4..=14).contains(&it.len()) && it.bytes().all(|it| it.is_ascii_digit());
    ((1..=MOST_PRODUCTS).contains(&products.len()) && products.iter().all(is_product))
        .then_some(products)
}

fn parameter(line: &'static str, value: Option<&str>) -> Result<Option<String>, KeySetError> {
    match value {
        Some(value) if is_name(value, 60) => Ok(Some(value.to_owned())),
        Some(_) => Err(PARAMETER(line)),
        None => Ok(None),
    }
}

fn identity(
    picc: Option<&str>,
    uid: Option<&str>,
    counter: Option<&str>,
) -> Result<Identity, KeySetError> {
    let (picc, uid) = (parameter("picc", picc)?, parameter("uid", uid)?);
    match (picc, uid, parameter("counter", counter)?) {
        (Some(name), None, None) => Ok(Identity::Encrypted(name)),
        (None, Some(uid), Some(counter)) => Ok(Identity::Plain { uid, counter }),
        _ => Err(KeySetError::Value("picc", "a parameter, or `uid` and `counter` instead of it")),
    }
}

/// The key of a line; none without the line.
pub(crate) fn key(line: &'static str, value: Option<&str>) -> Result<Option<Key>, KeySetError> {
    value.map(|text| Key::of_hex(text).ok_or(KeySetError::Value(line, KEY))).transpose()
}

fn system(text: &str) -> Result<Vec<u8>, KeySetError> {
    let bytes = hex::decode(text).ok().filter(|bytes| bytes.len() + UID <= MOST_INPUT);
    bytes.ok_or(KeySetError::Value(
        "system",
        "at most 24 bytes as hexadecimal digits, or nothing after the colon",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "# a product\nname: tea-2026\nproducts: 09521141 09521142000017\nmode: aes\npicc: p\nenc: e\nseal: 0\n\
                        cmac: c\ncmac_from: path\nmeta_key: 00112233445566778899aabbccddeeff\n\
                        file_key: ffeeddccbbaa99887766554433221100\nsystem: 4e58\n";

    #[test]
    fn a_key_set_is_read_and_shows_no_key() {
        let set = KeySet::parse(TEXT).unwrap();
        assert_eq!((set.name.as_str(), set.products.len()), ("tea-2026", 2));
        assert_eq!(set.parameters(), ["p", "e", "c"]);
        let shown = format!("{set:?}").to_lowercase();
        assert!(!shown.contains("ffee") && !shown.contains("0011"), "{shown}");
        assert_ne!(set.key_of([1; UID]), set.key_of([2; UID]), "each chip has its own key");
    }

    #[test]
    fn a_chip_is_known_by_its_key_and_number_and_key_sets_by_values_that_tell_no_key() {
        let set = KeySet::parse(TEXT).unwrap();
        let again = KeySet::parse(&TEXT.replace("tea-2026", "tea-2027")).unwrap();
        let other = KeySet::parse(&TEXT.replace("ffee", "ffef")).unwrap();
        assert_eq!(set.chip_mark([1; UID]), again.chip_mark([1; UID]), "imported again");
        assert_ne!(set.chip_mark([1; UID]), set.chip_mark([2; UID]));
        assert_ne!(set.chip_mark([1; UID]), other.chip_mark([1; UID]), "a chip of other keys");
        assert_eq!(set.check_value().len(), 13);
        assert_eq!(set.check_value()[7..], other.check_value()[7..], "the key of the identity");
        assert_ne!(set.check_value()[..6], other.check_value()[..6]);
    }

    #[test]
    fn what_cannot_be_checked_is_refused_with_the_line_and_never_with_a_key() {
        for (from, to, said) in [
            ("mode: aes", "mode: des", "`mode`: expected aes, lrp or tam1"),
            ("mode: aes", "mode aes", "line 4: expected `name: value`"),
            ("mode: aes", "mode: aes\nmode: aes", "line 5: expected each of"),
            ("enc: e\n", "", "`seal`: expected"),
            ("cmac: c", "cmac: p", "parameters of different names"),
            ("cmac_from: path", "cmac_from: nothing", "a code over nothing does not protect `enc`"),
            ("cmac_from: path", "cmac_from: c", "`cmac_from`: expected"),
            ("picc: p", "picc: p\nuid: u", "`picc`: expected"),
            ("picc: p", "uid: u\ncounter: n", "`meta_key`: expected"),
            ("09521141 ", "123 ", "`products`: expected"),
            ("ffeedd", "fxeedd", "`file_key`: expected 32 hexadecimal digits"),
            ("4e58", "4e5", "`system`: expected"),
        ] {
            let error = KeySet::parse(&TEXT.replace(from, to)).unwrap_err().to_string();
            assert!(error.contains(said), "{to}: {error}");
            assert!(!error.contains("eedd"), "{error}");
        }
        assert!(KeySet::parse(&"#".repeat(MOST_BYTES + 1)).is_err());
    }
}
