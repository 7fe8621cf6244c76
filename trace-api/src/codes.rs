//! Hidden codes that people enter: whether a code is the item's, and who used it first.
//!
//! The way through: the check symbol, which costs nothing; limits; the item's code, computed; then the first use is stored, or read.
//!
//! What holds: a wrong code, a code of another item and one of a product without hidden codes get one answer, before the database is
//! asked, and cost what a guessed serial costs; of two people at the same time one is the first; the right code alone says that the item
//! has one, so nothing is looked up of its history.
//!
//! Not here: how codes are made (`access::hidden_code`), pages ([`crate::http::code`], [`crate::http::own`]).
//!
//! Source: docs/decisions/0094-hidden-codes.md.

use access::hidden_code::TypedCode;
use actix_web::HttpRequest;

use crate::problem::Problem;
use crate::scan::ScanRequest;
use crate::state::AppState;
use crate::words::code::Entered;

/// What came of entering a code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// Whether it is the item's, and whose use it was.
    pub entered: Entered,
    /// Digital Link of the item at id.gs1.org, if it is the item's.
    pub item: Option<String>,
}

/// Enters a code.
///
/// - `item`: what names the item, in any spelling.
///
/// # Errors
///
/// [`Problem`].
pub async fn enter(
    state: &AppState,
    request: &HttpRequest,
    item: &str,
    code: &str,
) -> Result<Outcome, Problem> {
    let outcome = check(state, request, item, code).await?;
    state.metrics.hidden_codes.with_label_values(&[outcome.entered.outcome()]).inc();
    Ok(outcome)
}

async fn check(
    state: &AppState,
    request: &HttpRequest,
    item: &str,
    code: &str,
) -> Result<Outcome, Problem> {
    let Some(typed) = TypedCode::parse(code) else {
        return Ok(Outcome { entered: Entered::Mistyped, item: None });
    };
    let admission = state.admit_code(request)?;
    let config = state.config();
    let named = epc::identify(item).ok();
    let gtin = named.as_ref().and_then(epc::Epc::gtin14).unwrap_or_default();
    let key = config.names.product(&gtin).and_then(|product| product.code_key.as_ref());
    let found = named.zip(key).filter(|(item, key)| key.admits(&item.to_uri(), &typed));
    let Some((found, _)) = found else {
        return Ok(Outcome { entered: Entered::Wrong, item: None });
    };
    if let Some(admission) = admission {
        admission.give_back();
    }
    let scan = ScanRequest::of(request, &config, state.clock.now());
    let marks = scan.marks(&epc::thing_key(&found.to_uri()), &state.mark_keys);
    let link = found.to_digital_link();
    let before = sql::code_uses::record(&state.db, &link, scan.at, &marks.device.own).await?;
    let entered = match before {
        None => Entered::First,
        Some(first) => {
            let device = first.device.as_ref();
            let is_own = [&marks.device.own, &marks.device.before]
                .into_iter()
                .any(|own| Some(own) == device);
            if is_own { Entered::Again(first.at) } else { Entered::Used(first.at) }
        }
    };
    Ok(Outcome { entered, item: Some(link) })
}
