//! Names of parties, places and products on pages, and where places are, by master data.
//!
//! The way through: a page asks for the names of what its rows name ([`Names::load`]) once they are known, and shows a [`NameView`] for each:
//! the name with its number beside it.
//!
//! What holds: the number is always shown, since a name proves nothing; a name that is only claimed is marked as such; what a reader
//! may not see is not asked for.
//!
//! Not here: which statements count (`history::named`), names of parties in the directory (`history::directory`).
//!
//! Source: docs/decisions/0066-master-data.md.

use std::collections::BTreeSet;

use access::{Facts, Sight};
use history::directory::Current;
use history::named::{Known, Named, Position};
use inquiry::company::is_company;
use inquiry::reading::element_string;
use inquiry::{Reading, Selection, Window, find, read};
use jiff::tz::TimeZone;
use process::language::Language;

use crate::failure::Failure;
use crate::state::DeskState;
use crate::words::CLAIMED_NAME;

/// Most places of a list that it is looked for whether a reader may see something there.
const MOST_PLACES: usize = 10;
/// Most values of master data that a page reads.
const MOST: i64 = 10_000;
/// What the key of a product, a lot or an item begins with.
const PRODUCT: &str = "https://id.gs1.org/01/";
/// Digits of a GTIN there.
const GTIN_DIGITS: usize = 14;

/// A name as pages show it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NameView {
    /// The name; empty if nobody says it.
    pub name: String,
    /// Whether it is only claimed.
    pub is_claimed: bool,
    /// The number, as people write it.
    pub code: String,
}

impl NameView {
    /// In a sentence: the name with its number; the number alone if nobody says a name.
    ///
    /// - `claimed`: what is said of a name that is only claimed.
    #[must_use]
    pub fn in_words(&self, claimed: &str) -> String {
        let Self { name, is_claimed, code } = self;
        match (name.is_empty(), is_claimed) {
            (true, _) => code.clone(),
            (false, true) => format!("{name} [{claimed}] · {code}"),
            (false, false) => format!("{name} · {code}"),
        }
    }
}

/// Names of what a page shows.
#[derive(Debug, Clone)]
pub struct Names {
    named: Named,
    language: Language,
}

/// What a search can mean that has a name.
fn meant(search: &str) -> Vec<Reading> {
    let Ok(asked) = read(search, &TimeZone::UTC) else { return Vec::new() };
    let has_name = |one: &Reading| {
        matches!(
            one,
            Reading::Item(_)
                | Reading::Lot(_)
                | Reading::Product(_)
                | Reading::Party(_)
                | Reading::Place(_)
        )
    };
    asked.readings.into_iter().filter(has_name).collect()
}

/// The places among these that the reader's limits cover, or at which they may see an event; beyond [`MOST_PLACES`] nobody looks.
async fn seen_places<'a>(
    state: &DeskState,
    sight: &Sight,
    readings: impl Iterator<Item = &'a Reading>,
) -> Result<BTreeSet<String>, Failure> {
    let places = readings.filter(|one| matches!(one, Reading::Place(_)));
    let (mut seen, mut looked) = (BTreeSet::new(), BTreeSet::new());
    for reading in places {
        let key = reading.value();
        if looked.len() >= MOST_PLACES || !looked.insert(key) {
            continue;
        }
        let event_time = state.clock.now();
        let is_covered =
            sight.sees(&Facts { parties: &[], things: &[], places: &[key], event_time });
        let is_seen = is_covered
            || match Selection::of(reading, Window::default()) {
                Ok(all) => !find(&state.db, &all, sight, None, 1).await?.rows.is_empty(),
                Err(_) => false,
            };
        if is_seen {
            seen.insert(key.to_owned());
        }
    }
    Ok(seen)
}

/// The key of the product that a thing or lot is of.
fn product_key(key: &str) -> Option<&str> {
    let gtin = key.strip_prefix(PRODUCT)?.split('/').next()?;
    (gtin.len() == GTIN_DIGITS).then(|| &key[..PRODUCT.len() + GTIN_DIGITS])
}

impl Names {
    /// The names of these things, places and parties, in any spelling.
    ///
    /// # Errors
    ///
    /// [`Failure::Unavailable`].
    pub async fn load<'a>(
        state: &DeskState,
        current: &Current,
        of: impl Iterator<Item = &'a str>,
        language: Language,
    ) -> Result<Self, Failure> {
        let keys = of.filter(|uri| !uri.is_empty()).flat_map(|uri| {
            let key = epc::thing_key(uri);
            let product = product_key(&key).map(str::to_owned);
            [product.unwrap_or(key), epc::site_key(uri)]
        });
        Self::of_keys(state, current, keys.collect(), language).await
    }

    /// The names of the products that these things and lots are of, in any spelling; however many things, there are few products.
    ///
    /// # Errors
    ///
    /// [`Failure::Unavailable`].
    pub async fn of_products<'a>(
        state: &DeskState,
        current: &Current,
        things: impl Iterator<Item = &'a str>,
        language: Language,
    ) -> Result<Self, Failure> {
        let key = |uri| product_key(&epc::thing_key(uri)).map(str::to_owned);
        Self::of_keys(state, current, things.filter_map(key).collect(), language).await
    }

    /// The names of what searches are about, each as it was typed. A place has one only if the reader's limits cover it or they may see an event
    /// there: its name is in no list because somebody typed its number.
    ///
    /// # Errors
    ///
    /// [`Failure::Unavailable`].
    pub async fn of_searches(
        state: &DeskState,
        visitor: (&Sight, Language),
        searches: impl Iterator<Item = &str>,
    ) -> Result<Vec<Option<NameView>>, Failure> {
        let (sight, language) = visitor;
        let mut readings: Vec<Vec<Reading>> = searches.map(meant).collect();
        let places = seen_places(state, sight, readings.iter().flatten()).await?;
        for all in &mut readings {
            all.retain(|one| !matches!(one, Reading::Place(key) if !places.contains(key)));
        }
        let Some(current) = state.authority().await else {
            return Ok(vec![None; readings.len()]);
        };
        let all = readings.iter().flatten().map(Reading::value);
        let names = Self::load(state, &current, all, language).await?;
        Ok(readings.iter().map(|readings| names.subject(readings)).collect())
    }

    /// The name of what a search is about: that of the first thing it can mean that has one.
    fn subject(&self, readings: &[Reading]) -> Option<NameView> {
        let name = |reading: &Reading| match reading {
            Reading::Place(key) => Some(self.place(key)),
            Reading::Party(key) => Some(self.party(key)),
            other => self.product(other.value()),
        };
        readings.iter().filter_map(name).find(|view| !view.name.is_empty())
    }

    async fn of_keys(
        state: &DeskState,
        current: &Current,
        mut keys: Vec<String>,
        language: Language,
    ) -> Result<Self, Failure> {
        keys.sort_unstable();
        keys.dedup();
        let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
        let values = sql::master::of_elements(&state.db, &keys, None, MOST).await?;
        let named = Named::of(&current.rights, &values, state.clock.now());
        Ok(Self { named, language })
    }

    fn view(&self, known: Option<&Known>, uri: &str) -> NameView {
        let code = element_string(uri);
        let Some(known) = known else { return NameView { code, ..NameView::default() } };
        let (own, claimed) = (known.name.as_ref(), known.claimed.as_ref());
        let Some((zh, en)) = own.or(claimed) else {
            return NameView { code, ..NameView::default() };
        };
        NameView { name: self.language.of((zh, en)).clone(), is_claimed: own.is_none(), code }
    }

    /// The name of a location; that of its site, if it has none of its own.
    #[must_use]
    pub fn place(&self, uri: &str) -> NameView {
        let is_named = |known: &&Known| known.name.is_some() || known.claimed.is_some();
        let own = self.named.get(&epc::thing_key(uri)).filter(is_named);
        self.view(own.or_else(|| self.named.get(&epc::site_key(uri))), uri)
    }

    /// The name of a party.
    #[must_use]
    pub fn party(&self, uri: &str) -> NameView {
        self.view(self.named.get(&epc::thing_key(uri)), uri)
    }

    /// The name of the product that a thing or lot is of; none if it is of none, or nobody names it.
    #[must_use]
    pub fn product(&self, uri: &str) -> Option<NameView> {
        let key = epc::thing_key(uri);
        let product = product_key(&key)?;
        Some(self.view(self.named.get(product), product)).filter(|view| !view.name.is_empty())
    }

    /// Where a location is, and whether that is the position of its site.
    #[must_use]
    pub fn position(&self, uri: &str) -> Option<(Position, bool)> {
        self.named.position(uri)
    }
}

/// Names of the companies that cases ask.
#[derive(Debug, Clone)]
pub struct PartyNames {
    /// None if the desk shows no records, and so no names.
    names: Option<Names>,
    language: Language,
}

/// The names of those of some parties that are companies; a party of an old case may be any text.
///
/// # Errors
///
/// [`Failure::Unavailable`].
pub async fn party_names<'a>(
    state: &DeskState,
    parties: impl Iterator<Item = &'a str>,
    language: Language,
) -> Result<PartyNames, Failure> {
    let companies: Vec<&str> = parties.filter(|party| is_company(party)).collect();
    let names = match state.authority().await.filter(|_| !companies.is_empty()) {
        Some(current) => Some(Names::load(state, &current, companies.into_iter(), language).await?),
        None => None,
    };
    Ok(PartyNames { names, language })
}

impl PartyNames {
    /// A party in a sentence: its name with its number; of an old case what was typed.
    #[must_use]
    pub fn called(&self, party: &str) -> String {
        match &self.names {
            Some(names) if is_company(party) => {
                names.party(party).in_words(self.language.of(CLAIMED_NAME))
            }
            _ => element_string(party),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::inquiry::gap as gap_in_words;

    #[test]
    fn a_gap_calls_its_place_by_name_with_its_number_and_says_that_a_name_is_only_claimed() {
        let view = |name: &str, is_claimed| {
            let code = "(414) 4012345000016".to_owned();
            NameView { name: name.to_owned(), is_claimed, code }
        };
        let gap = history::Gap::Shipping { from: "urn:epc:id:sgln:4012345.00001.0".to_owned() };
        for (view, called) in [
            (view("", false), "(414) 4012345000016"),
            (view("Tea works", false), "Tea works · (414) 4012345000016"),
            (view("Tea works", true), "Tea works [claimed] · (414) 4012345000016"),
        ] {
            let said = gap_in_words(&gap, &|_| view.in_words("claimed"), Language::English);
            assert_eq!(said, format!("no shipping from {called} is recorded"));
        }
    }

    #[test]
    fn an_item_and_a_lot_are_of_their_product_and_a_container_of_none() {
        for (key, product) in [
            (
                "https://id.gs1.org/01/09521141123454/21/602",
                Some("https://id.gs1.org/01/09521141123454"),
            ),
            ("https://id.gs1.org/01/09521141123454", Some("https://id.gs1.org/01/09521141123454")),
            ("https://id.gs1.org/01/0952", None),
            ("https://id.gs1.org/00/295211411000000015", None),
            ("urn:x", None),
        ] {
            assert_eq!(product_key(key), product, "{key}");
        }
    }
}
