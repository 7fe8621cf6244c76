//! The names of products and places on pages, and where they come from.
//!
//! The way through: [`Source::of`] takes what `[trace_api]` says; [`Source::load`] reads the files and gives [`Names`].
//!
//! What holds:
//!
//! - all or nothing: with anything wrong in either file there are no names, and each problem has its line;
//! - a product has one name: a GTIN that is named twice is a problem, and so is a location.
//!
//! Not here: reading them again (`reload.rs`), finding the name of a location ([`crate::places`]), the form of the files
//! (`process::config::names`).
//!
//! Source: docs/decisions/0051-names-are-read-again.md.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use access::hidden_code::HiddenCodeKey;
use access::{LEAST_TOKEN_KEY, TokenKey};
use epc::Epc;
use history::named::{Named, Position};
use process::config::names::{read_places, read_products};
use process::config::problem::read_named;
use process::config::trace_api::{LinkSection, PlaceSection, ProductSection, TraceApiSection};
use process::config::{Installation, Problem, Problems};

use crate::authenticators::Authenticator;
use crate::links::{Link, kind_of};
use crate::pictures::Picture;
use crate::places::{PlaceName, Places};

/// A product, as pages name it.
#[derive(Debug, Clone)]
pub struct Product {
    /// GTIN, 14 digits.
    pub gtin: String,
    /// Name in Chinese.
    pub name_zh: String,
    /// Name in English.
    pub name_en: String,
    /// Features of the pack to compare by eye, Chinese.
    pub pack_zh: String,
    /// Features of the pack to compare by eye, English.
    pub pack_en: String,
    /// Name of the brand in Chinese; empty if none is configured.
    pub brand_zh: String,
    /// Name of the brand in English; empty if none is configured.
    pub brand_en: String,
    /// Its picture.
    pub picture: Option<Picture>,
    /// Where the issuer says what to do about a recall.
    pub recall_url: Option<String>,
    /// Where more is said about it, by type.
    pub links: Vec<Link>,
    /// Countries where it is to be sold: codes of ISO 3166-1 in two capitals; empty if nobody says.
    pub markets: Vec<String>,
    /// Under which the tokens of its items are made; without one a serial number alone shows an item.
    pub token_key: Option<TokenKey>,
    /// Under which the hidden codes of its items are made; without one none is taken.
    pub code_key: Option<HiddenCodeKey>,
    /// Who checks its UHF tags; without one they are checked with key sets of ours, if there are any.
    pub authenticator: Option<Authenticator>,
}

/// Names that master data state.
#[derive(Debug, Clone, Default)]
pub struct Stated {
    /// Products by GTIN, 14 digits.
    pub products: BTreeMap<String, Product>,
    /// Places.
    pub places: Places,
    /// All that is known, with the positions of places.
    pub named: Named,
}

/// Names of products and places: those of the configuration, and where it has none those of master data.
#[derive(Debug, Clone, Default)]
pub struct Names {
    products: HashMap<String, Product>,
    places: Places,
    stated: Arc<Stated>,
}

impl Names {
    /// These names.
    #[must_use]
    pub fn new(products: Vec<Product>, places: Places) -> Self {
        let products = products.into_iter().map(|product| (product.gtin.clone(), product));
        Self { products: products.collect(), places, stated: Arc::default() }
    }

    /// The products of the configuration and its file, in no order.
    pub fn configured(&self) -> impl Iterator<Item = &Product> {
        self.products.values()
    }

    /// The same with these names of master data.
    #[must_use]
    pub fn with_stated(self, stated: Arc<Stated>) -> Self {
        Self { stated, ..self }
    }

    /// The names of master data.
    #[must_use]
    pub fn stated(&self) -> &Arc<Stated> {
        &self.stated
    }

    /// The name of a location, in any spelling.
    #[must_use]
    pub fn place(&self, sgln: &str) -> Option<&PlaceName> {
        self.places.find(sgln).or_else(|| self.stated.places.find(sgln))
    }

    /// Where a location is, by master data, and whether that is the position of its site.
    #[must_use]
    pub fn position(&self, sgln: &str) -> Option<(Position, bool)> {
        self.stated.named.position(sgln)
    }

    /// The picture of this name.
    #[must_use]
    pub fn picture(&self, name: &str) -> Option<&Picture> {
        let mut pictures = self.products.values().filter_map(|product| product.picture.as_ref());
        pictures.find(|picture| picture.name == name)
    }

    /// Whether strangers may see this item: its product asks for no token, or this is the item's.
    #[must_use]
    pub fn admits(&self, item: &Epc, token: Option<&str>) -> bool {
        let product = item.gtin14().and_then(|gtin| self.product(&gtin));
        let key = product.and_then(|product| product.token_key.as_ref());
        let uri = item.to_uri();
        key.is_none_or(|key| token.is_some_and(|token| key.admits(&uri, token)))
    }

    /// The product of a GTIN, 14 digits.
    #[must_use]
    pub fn product(&self, gtin: &str) -> Option<&Product> {
        self.products.get(gtin).or_else(|| self.stated.products.get(gtin))
    }
}

/// Where names come from: the configuration, as it was at the start, and two files.
#[derive(Clone, Default)]
pub struct Source {
    products: Vec<ProductSection>,
    places: Vec<PlaceSection>,
    products_file: Option<PathBuf>,
    places_file: Option<PathBuf>,
    /// Where paths of pictures begin.
    folder: PathBuf,
}

impl fmt::Debug for Source {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Source")
            .field("products_file", &self.products_file)
            .field("places_file", &self.places_file)
            .finish_non_exhaustive()
    }
}

impl Source {
    /// What `[trace_api]` says of names.
    #[must_use]
    pub fn of(installation: &Installation, section: &TraceApiSection) -> Self {
        let at = |path: &Option<PathBuf>| path.as_ref().map(|path| installation.at(path));
        Self {
            products: section.products.clone(),
            places: section.places.clone(),
            products_file: at(&section.products_file),
            places_file: at(&section.places_file),
            folder: installation.at(Path::new("")),
        }
    }

    /// The same with another file of products, so that one can be checked before it is put in place.
    #[must_use]
    pub fn with_products(self, path: &Path) -> Self {
        Self { products_file: Some(path.to_owned()), ..self }
    }

    /// Whether a file may bring other names.
    #[must_use]
    pub fn has_files(&self) -> bool {
        self.products_file.is_some() || self.places_file.is_some()
    }

    /// Reads the files and checks every name.
    ///
    /// # Errors
    ///
    /// Everything that is wrong; of a file with line and column.
    pub fn load(&self) -> Result<Names, Problems> {
        let mut problems = Problems::default();
        let mut check = Check::default();
        problems.append(check.products("[[trace_api.product]]", &self.products));
        problems.append(check.places("[[trace_api.place]]", &self.places));
        let (mut products, mut places) = (self.products.clone(), self.places.clone());
        if let Some(path) = &self.products_file
            && let Some(found) = problems.keep(read_products(path))
        {
            problems.append(found.locate(check.products("[[product]]", &found.entries)));
            products.extend(found.entries);
        }
        if let Some(path) = &self.places_file
            && let Some(found) = problems.keep(read_places(path))
        {
            problems.append(found.locate(check.places("[[place]]", &found.entries)));
            places.extend(found.entries);
        }
        let products = products.into_iter().map(|product| self.product(product, &mut problems));
        let products = products.collect();
        let places = Places::new(places.into_iter().map(PlaceName::from).collect());
        problems.unless_any(Some(Names::new(products, places)))
    }

    /// A product with its picture and its keys.
    fn product(&self, section: ProductSection, problems: &mut Problems) -> Product {
        let token_key = self.token_key(&section, problems);
        let code_key = self.code_key(&section, problems);
        let authenticator = Authenticator::of(&section, &self.folder, problems);
        let picture = section.picture.as_ref().and_then(|path| {
            let cause = match Picture::read(&self.folder.join(path)) {
                Ok(picture) => return Some(picture),
                Err(cause) => cause,
            };
            let place = format!("[[trace_api.product]] `{}`", section.gtin.escape_debug());
            problems.push(Problem::Content { section: place, key: "picture".to_owned(), cause });
            None
        });
        Product { picture, token_key, code_key, authenticator, ..Product::from(section) }
    }

    fn token_key(&self, section: &ProductSection, problems: &mut Problems) -> Option<TokenKey> {
        self.key(section, ("token_key", section.token_key.as_ref()?), TokenKey::read, problems)
    }

    fn code_key(&self, section: &ProductSection, problems: &mut Problems) -> Option<HiddenCodeKey> {
        self.key(section, ("code_key", section.code_key.as_ref()?), HiddenCodeKey::read, problems)
    }

    /// The key in the file that a product names.
    fn key<K>(
        &self,
        section: &ProductSection,
        (name, path): (&str, &PathBuf),
        read: impl Fn(&str) -> Result<K, usize>,
        problems: &mut Problems,
    ) -> Option<K> {
        let path = self.folder.join(path);
        let place = format!("[[trace_api.product]] `{}`", section.gtin.escape_debug());
        let text = problems.keep(read_named(&place, name, &path))?;
        let key = read(&text).map_err(|length| {
            let got = format!("{length} bytes in {}", path.display());
            Problem::value(place, name, got, format!("at least {LEAST_TOKEN_KEY} bytes"))
        });
        problems.keep(key)
    }
}

/// The names that were met so far.
#[derive(Default)]
struct Check {
    gtins: HashSet<String>,
    places: HashSet<String>,
}

impl Check {
    fn products(&mut self, section: &str, products: &[ProductSection]) -> Problems {
        let mut problems = Problems::default();
        for product in products {
            let section = format!("{section} `{}`", product.gtin.escape_debug());
            let mut wrong = |key: &str, got: String, expected: &str| {
                problems.push(Problem::value(section.as_str(), key, got, expected));
            };
            let gtin = &product.gtin;
            let is_number = gtin.len() == 14 && gtin.bytes().all(|byte| byte.is_ascii_digit());
            if !is_number || !epc::check_digit::is_valid(gtin) {
                let expected = "14 digits with their check digit, such as `09521141123454`";
                wrong("gtin", format!("`{}`", gtin.escape_debug()), expected);
            }
            if !self.gtins.insert(gtin.clone()) {
                wrong(
                    "gtin",
                    format!("`{}` a second time", gtin.escape_debug()),
                    "one name for each GTIN",
                );
            }
            if let Some(url) = &product.recall_url
                && !is_plain_address(url)
            {
                let expected = "an address that begins with `https://`, without spaces";
                wrong("recall_url", format!("`{}`", url.escape_debug()), expected);
            }
            let is_country =
                |code: &&String| code.len() == 2 && code.bytes().all(|it| it.is_ascii_uppercase());
            for market in product.markets.iter().filter(|code| !is_country(code)) {
                let expected = "country codes of two capitals, such as `CN`";
                wrong("markets", format!("`{}`", market.escape_debug()), expected);
            }
            for link in &product.links {
                let got = |text: &str| format!("`{}`", text.escape_debug());
                if kind_of(&link.kind).is_none() {
                    let expected = "a type of GS1's vocabulary such as `gs1:pip`, or an address that begins with `https://`";
                    wrong("link.type", got(&link.kind), expected);
                }
                if !is_plain_address(&link.href) {
                    let expected = "an address that begins with `https://`, without spaces";
                    wrong("link.href", got(&link.href), expected);
                }
                if link.title.trim().is_empty() {
                    wrong("link.title", got(&link.title), "a title for people");
                }
            }
        }
        problems
    }

    fn places(&mut self, section: &str, places: &[PlaceSection]) -> Problems {
        let mut problems = Problems::default();
        for place in places {
            let got = format!("`{}`", place.sgln.escape_debug());
            let section = format!("{section} {got}");
            let parsed = epc::Epc::from_uri(&place.sgln);
            if !parsed.is_ok_and(|epc| epc.scheme() == epc::Scheme::Sgln) {
                let expected = "a location such as `urn:epc:id:sgln:0614141.00777.0`";
                problems.push(Problem::value(section.as_str(), "sgln", &got, expected));
            }
            if !self.places.insert(epc::thing_key(&place.sgln)) {
                let got = format!("{got} a second time");
                problems.push(Problem::value(section, "sgln", got, "one name for each location"));
            }
        }
        problems
    }
}

/// A page of ours leads there, so it is an address of the web and nothing that a browser would run.
fn is_plain_address(url: &str) -> bool {
    let rest = url.strip_prefix("https://").unwrap_or_default();
    !rest.is_empty() && !rest.starts_with('/') && url.chars().all(|c| c.is_ascii_graphic())
}

/// A link whose type was checked.
fn link(from: LinkSection) -> Option<Link> {
    let LinkSection { kind, href, title, lang, media } = from;
    Some(Link { kind: kind_of(&kind)?, href, title, lang, media })
}

impl From<ProductSection> for Product {
    fn from(from: ProductSection) -> Self {
        Self {
            gtin: from.gtin,
            name_zh: from.name_zh,
            name_en: from.name_en,
            pack_zh: from.pack_zh,
            pack_en: from.pack_en,
            brand_zh: from.brand_zh,
            brand_en: from.brand_en,
            picture: None,
            recall_url: from.recall_url,
            links: from.links.into_iter().filter_map(link).collect(),
            markets: from.markets,
            token_key: None,
            code_key: None,
            authenticator: None,
        }
    }
}

impl From<PlaceSection> for PlaceName {
    fn from(from: PlaceSection) -> Self {
        Self {
            sgln: from.sgln,
            name_zh: from.name_zh,
            name_en: from.name_en,
            city_zh: from.city_zh,
            city_en: from.city_en,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    const PRODUCT: &str = "[[product]]\ngtin = \"04012345111118\"\nname_zh = \"茶\"\nname_en = \"Tea\"\npack_zh = \"\"\npack_en = \"\"\n";
    const PLACE: &str = "[[place]]\nsgln = \"urn:epc:id:sgln:4012345.00001.0\"\nname_zh = \"厂\"\nname_en = \"Factory\"\n";

    #[test]
    fn every_wrong_name_of_both_files_is_reported_with_its_line() {
        let folder = tempfile::tempdir().unwrap();
        let source = Source {
            products_file: Some(folder.path().join("products.toml")),
            places_file: Some(folder.path().join("places.toml")),
            ..Source::default()
        };
        let missing = source.load().unwrap_err().to_string();
        assert!(missing.contains("[trace_api] products: could not read"), "{missing}");
        let put = |products: &str, places: &str| {
            fs::write(folder.path().join("products.toml"), products).unwrap();
            fs::write(folder.path().join("places.toml"), places).unwrap();
            source.load()
        };
        let other = PRODUCT.replace("111118", "111119") + "recall_url = \"javascript:alert(1)\"\n";
        let typed = PLACE.replace("name_en", "nam_en");
        let found = put(&[PRODUCT, PRODUCT, &other].concat(), &[PLACE, &typed].concat());
        let found = found.unwrap_err().to_string();
        for words in [
            "products.toml, line 8, column 1: [[product]] `04012345111118` gtin: got `04012345111118` a second time",
            "products.toml, line 14, column 1: [[product]] `04012345111119` gtin: got `04012345111119`, expected 14",
            "line 19, column 1: [[product]] `04012345111119` recall_url: got `javascript:alert(1)`, expected an",
            "places.toml, line 8, column 1: [[place]] `urn:epc:id:sgln:4012345.00001.0` nam_en: unknown field",
        ] {
            assert!(found.contains(words), "`{words}` is not in:\n{found}");
        }
        let far = PLACE.replace("urn:epc:id:sgln:4012345.00001.0", "door 3");
        let found = put(PRODUCT, &[PLACE, PLACE, &far].concat()).unwrap_err().to_string();
        assert!(
            found.contains("line 6, column 1: [[place]] `urn:epc:id:sgln:4012345.00001.0`"),
            "{found}"
        );
        assert!(
            found.contains("line 10, column 1: [[place]] `door 3` sgln: got `door 3`"),
            "{found}"
        );
        let names = put(PRODUCT, PLACE).unwrap();
        assert_eq!(names.product("04012345111118").unwrap().name_en, "Tea");
        assert!(names.place("urn:epc:id:sgln:4012345.00001.7").is_some());
    }
}
