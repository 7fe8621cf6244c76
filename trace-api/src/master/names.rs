//! Names of products and places that nobody configured, from master data.
//!
//! The way through: [`follow`] looks whether master data or the directory changed, and gives the names to [`AppState::tell`]; pages
//! ask [`crate::names::Names`], where a configured name comes first.
//!
//! What holds: only statements that count name anything on a page; names are bounded in number and length, and templates escape
//! them as any other text.
//!
//! Not here: which of several statements names something (`history::named`).
//!
//! Source: docs/decisions/0066-master-data.md.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use directory::Rights;
use history::named::{ATTRIBUTES, Named};
use jiff::Timestamp;
use sql::master::{Newest, StoredValue, newest, with_attributes};

use crate::names::{Product, Stated};
use crate::places::{PlaceName, Places};
use crate::state::AppState;

/// Time between two looks.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// Most values that are read for names.
const MOST: i64 = 200_000;

/// Keeps the names as master data say, for as long as the process runs.
pub async fn follow(state: &AppState) -> Infallible {
    let mut last = None;
    loop {
        match refresh(state, &last).await {
            Ok(seen) => last = Some(seen),
            Err(error) => {
                tracing::warn!(%error, "names of master data could not be read; this is tried again");
            }
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// What the names were made from.
pub type Seen = (Newest, Arc<Rights>);

/// Reads the names again if master data or the directory changed since `last`.
///
/// # Errors
///
/// [`sql::Error`].
pub async fn refresh(state: &AppState, last: &Option<Seen>) -> Result<Seen, sql::Error> {
    let (newest, rights) = (newest(&state.db).await?, state.rights().await);
    let is_same = |(of, by): &Seen| *of == newest && Arc::ptr_eq(by, &rights);
    if !last.as_ref().is_some_and(is_same) {
        let values = with_attributes(&state.db, &ATTRIBUTES, MOST).await?;
        if i64::try_from(values.len()).is_ok_and(|count| count == MOST) {
            tracing::warn!(most = MOST, "master data have more names than pages are told");
        }
        state.tell(Arc::new(stated(&rights, &values, state.clock.now())));
    }
    Ok((newest, rights))
}

/// Names by what counts.
#[must_use]
pub fn stated(rights: &Rights, values: &[StoredValue], now: Timestamp) -> Stated {
    let named = Named::of(rights, values, now);
    let mut products = BTreeMap::new();
    let mut places = Vec::new();
    for (key, known) in named.iter() {
        let gtin = key.strip_prefix("https://id.gs1.org/01/").filter(|rest| rest.len() == 14);
        if let (Some(gtin), Some((name_zh, name_en))) = (gtin, known.name.clone()) {
            let product = Product {
                brand_zh: String::new(),
                brand_en: String::new(),
                picture: None,
                gtin: gtin.to_owned(),
                name_zh,
                name_en,
                pack_zh: String::new(),
                pack_en: String::new(),
                recall_url: None,
                links: Vec::new(),
                markets: Vec::new(),
                token_key: None,
                code_key: None,
                authenticator: None,
            };
            products.insert(gtin.to_owned(), product);
        } else if key.starts_with("https://id.gs1.org/414/")
            && (known.name.is_some() || known.city.is_some())
        {
            let (name_zh, name_en) = known.name.clone().unwrap_or_default();
            let (city_zh, city_en) = known.city.clone().unwrap_or_default();
            places.push(PlaceName { sgln: key.to_owned(), name_zh, name_en, city_zh, city_en });
        }
    }
    Stated { products, places: Places::new(places), named }
}
