//! Findings about items: looked for at every scan, stored with their evidence, resolved by the issuer.
//!
//! The way through: [`look`] reads what is known of an item; [`examine`] asks `history::scans` whether a rule applies,
//! stores what it finds, and gives the conflicts that stand open and the hints of this scan; [`resolve`] stores an
//! issuer's note.
//!
//! What holds: a finding that is open stays open whatever is scanned later; a stored resolution counts only if its note
//! is signed by the item's issuer, which is checked each time; after it a rule looks at later scans and sales only, and a
//! hint is not given again; what is read of an item is bounded, however often it was scanned.
//!
//! Not here: the rules (`history::scans`), whose note counts (`history::findings`).

use directory::Rights;
use history::findings::{FindingName, NoteProblem, check_note, finding_of};
use history::fold::Stay;
use history::scans::find;
use history::scans::{AFTER_SALE, Evidence, PlacedScan, Rule, ScanFacts, TRAVEL};
use history::{Conflict, History, ItemState, Reason};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use sql::Db;
use sql::findings::{NewFinding, Resolution, StoredFinding};
use sql::scans::Seen;
use sql::together::ScanQuestion;
use thiserror::Error;

use crate::marks::Marks;
use crate::names::Names;
use crate::scan::{ScanRequest, ScanRole};
use crate::scanned::Scanned;
use crate::seen;
use crate::state::AppState;

/// Most sales and scans that evidence lists.
const MOST_LISTED: usize = 100;

/// An item that is scanned.
#[derive(Debug, Clone, Copy)]
pub struct Examined<'a> {
    /// URI of the item.
    pub item: &'a str,
    /// The scan.
    pub request: &'a ScanRequest,
    /// Its marks.
    pub marks: &'a Marks,
    /// Whether the scan is one: a `HEAD` request is not.
    pub counts: bool,
    /// What is known of the item.
    pub about: About<'a>,
}

/// What the rules look at of an item besides its scans.
#[derive(Debug, Clone, Copy, Default)]
pub struct About<'a> {
    /// Sales that count, in order of time.
    pub sales: &'a [Timestamp],
    /// The stay in a shipping container that has not ended.
    pub packed: Option<&'a Stay>,
    /// Countries where it is to be sold; empty if nobody says.
    pub markets: &'a [String],
    /// GTIN as it was scanned, if its check digit was wrong.
    pub broken_gtin: Option<&'a str>,
}

impl<'a> About<'a> {
    /// What is known of an item that was found.
    ///
    /// - `code`: what was scanned; of one whose check digit is wrong nothing but that is told.
    #[must_use]
    pub fn of(
        history: &'a History,
        state: &'a ItemState,
        code: &'a Scanned,
        names: &'a Names,
    ) -> Self {
        if code.meant.is_some() {
            return Self { broken_gtin: Some(&code.gtin), ..Self::default() };
        }
        let product = names.product(&code.gtin);
        let configured = product.map(|product| &*product.markets).unwrap_or_default();
        Self {
            sales: &state.sales,
            packed: history.packed_in(),
            // What the records say of one item comes before what is configured for all of them.
            markets: if state.markets.is_empty() { configured } else { &state.markets },
            broken_gtin: None,
        }
    }
}

/// What an examination shows.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Examination {
    /// The conflicts of findings that stand open, in the order of [`Rule::ALL`].
    pub conflicts: Vec<Conflict>,
    /// What this scan hints at, and the issuer has not answered.
    pub hints: Vec<Evidence>,
}

impl Examination {
    /// The reason of the verdict: of a malformed code, that only its check digit is wrong, if a hint says so.
    #[must_use]
    pub fn reason(&self, reason: Reason) -> Reason {
        let is_broken = self.hints.iter().any(|hint| hint.rule() == Rule::BrokenCode);
        if reason == Reason::Malformed && is_broken { Reason::BrokenCode } else { reason }
    }
}

/// A stored finding, read.
struct Known {
    id: u64,
    rule: Rule,
    evidence: Value,
    /// When the issuer resolved it.
    resolved_at: Option<Timestamp>,
}

impl Known {
    fn read(stored: &StoredFinding, rights: &Rights) -> Option<Self> {
        let name = FindingName { id: stored.id, item: &stored.item };
        let is_resolved = |resolution: &&Resolution| {
            let checked = check_note(rights, name, &resolution.note, resolution.resolved_at);
            if let Err(problem) = &checked {
                tracing::warn!(finding = stored.id, %problem, "a stored resolution does not count");
            }
            checked.is_ok()
        };
        let resolution = stored.resolution.as_ref().filter(is_resolved);
        Some(Self {
            id: stored.id,
            rule: Rule::parse(&stored.rule)?,
            evidence: serde_json::from_str(&stored.evidence).unwrap_or_default(),
            resolved_at: resolution.map(|resolution| resolution.resolved_at),
        })
    }

    /// Why two objects seem to carry the code; none of a hint.
    fn conflict(&self) -> Option<Conflict> {
        let count = |member: &str| {
            let number = self.evidence[member].as_u64().and_then(|count| count.try_into().ok());
            number.unwrap_or_default()
        };
        match self.rule {
            Rule::ImpossibleTravel => Some(Conflict::TwoPlaces {
                speed_kmh: self.evidence["speedKmh"].as_f64().unwrap_or_default(),
            }),
            Rule::ManyNetworks => Some(Conflict::ManyNetworks { networks: count("networks") }),
            Rule::SealedElsewhere | Rule::BrokenCode | Rule::OtherMarket => None,
        }
    }

    /// Whether the issuer's answer to this finding answers `hint` too: all that led to the hint was there before it.
    fn answers(&self, hint: &Evidence) -> bool {
        let Some(at) = self.resolved_at.filter(|_| self.rule == hint.rule()) else { return false };
        match hint {
            Evidence::SealedElsewhere { since, .. } => *since <= at,
            Evidence::BrokenCode { .. } | Evidence::OtherMarket { .. } => true,
            // These look at later scans by themselves.
            Evidence::ImpossibleTravel { .. } | Evidence::ManyNetworks { .. } => false,
        }
    }
}

/// What the database has of an item's scans and findings.
#[derive(Debug, Clone, Default)]
pub struct Looked {
    /// What is counted of its scans.
    pub seen: Seen,
    findings: Vec<StoredFinding>,
}

/// Looks up what [`examine`] needs: two statements that are sent together, whatever the item is, and for all that look at the same time.
///
/// - `key`: of the item ([`sql::items::key`]).
///
/// # Errors
///
/// [`sql::Error`].
pub async fn look(
    db: &Db,
    key: i64,
    request: &ScanRequest,
    marks: &Marks,
) -> Result<Looked, sql::Error> {
    // What no rule will look at is not read.
    let is_consumer = request.role == ScanRole::Consumer;
    let has_place = is_consumer && request.place.is_some();
    let question = ScanQuestion {
        key,
        device: marks.device.clone(),
        role: request.role.code(),
        networks_since: if is_consumer { before(request.at, AFTER_SALE) } else { Timestamp::MAX },
        places_since: if has_place { before(request.at, TRAVEL) } else { Timestamp::MAX },
    };
    let (seen, findings) = sql::together::scans(db, question).await?;
    Ok(Looked { seen, findings })
}

/// Looks for conflicts and hints of an item, and stores new ones; gives the conflicts that stand open and this scan's hints.
///
/// - `rights`: as the directory gives them for this scan.
///
/// # Errors
///
/// [`sql::Error`].
pub async fn examine(
    state: &AppState,
    rights: &Rights,
    examined: Examined<'_>,
    looked: &Looked,
) -> Result<Examination, sql::Error> {
    let known = looked.findings.iter().filter_map(|row| Known::read(row, rights));
    let known: Vec<Known> = known.collect();
    let mut open: Vec<(Rule, Option<Conflict>)> = known
        .iter()
        .filter(|finding| finding.resolved_at.is_none())
        .map(|finding| (finding.rule, finding.conflict()))
        .collect();
    let facts = facts(examined, &looked.seen, &known);
    let last_known = known.iter().map(|finding| finding.id).max().unwrap_or_default();
    let mut hints = Vec::new();
    for evidence in find(&facts) {
        let (rule, conflict) = (evidence.rule(), evidence.conflict());
        if known.iter().any(|finding| finding.answers(&evidence)) {
            continue;
        }
        if !open.iter().any(|(other, _)| *other == rule) {
            store(state, examined, &evidence, last_known).await?;
            open.push((rule, conflict));
        }
        hints.extend(conflict.is_none().then_some(evidence));
    }
    open.sort_by_key(|(rule, _)| Rule::ALL.iter().position(|other| other == rule));
    Ok(Examination {
        conflicts: open.into_iter().filter_map(|(_, conflict)| conflict).collect(),
        hints,
    })
}

async fn store(
    state: &AppState,
    examined: Examined<'_>,
    evidence: &Evidence,
    last_known: u64,
) -> Result<(), sql::Error> {
    let rule = evidence.rule().code();
    let finding = NewFinding {
        item: examined.item,
        rule,
        evidence: &to_json(evidence).to_string(),
        opened_at: examined.request.at,
        last_known,
    };
    let opened = state
        .db
        .run_tx("trace_api.finding", async |tx| sql::findings::open(tx, &finding).await)
        .await?;
    if opened {
        state.metrics.findings.with_label_values(&[rule]).inc();
        tracing::warn!(rule, "a scan does not fit its item; a finding was opened");
    }
    Ok(())
}

/// What the rules look at in a scan of an item that has no findings.
///
/// - `seen`: what is counted of its scans before this one.
#[must_use]
pub fn facts_of(examined: Examined<'_>, seen: &Seen) -> ScanFacts {
    facts(examined, seen, &[])
}

/// What the rules look at that have no open finding yet.
fn facts(examined: Examined<'_>, seen: &Seen, known: &[Known]) -> ScanFacts {
    let Examined { request, counts, about, marks, .. } = examined;
    let of_rule = |rule: Rule| known.iter().filter(move |finding| finding.rule == rule);
    let is_open = |rule: Rule| of_rule(rule).any(|finding| finding.resolved_at.is_none());
    let resolved_at = |rule: Rule| of_rule(rule).filter_map(|finding| finding.resolved_at).max();
    let mut facts = ScanFacts { sales: about.sales.to_vec(), ..ScanFacts::default() };
    if !counts || request.role != ScanRole::Consumer {
        return facts;
    }
    facts.consumer_at = Some(request.at);
    facts.packed = about.packed.cloned();
    facts.broken_gtin = about.broken_gtin.map(str::to_owned);
    facts.markets = about.markets.to_vec();
    facts.country.clone_from(&request.country);
    if let Some(place) = &request.place
        && !is_open(Rule::ImpossibleTravel)
    {
        let earliest = before(request.at, TRAVEL);
        let after = resolved_at(Rule::ImpossibleTravel).map_or(earliest, |at| at.max(earliest));
        facts.elsewhere = seen::elsewhere(&seen.sightings, &marks.network, after);
        let is_certain = seen::is_certain(&seen.sightings, (place, &marks.network), after);
        facts.here = Some(seen::placed(request.at, place, is_certain));
    }
    if let Some(sale) = facts.sales.last()
        && !is_open(Rule::ManyNetworks)
    {
        let since = (*sale, resolved_at(Rule::ManyNetworks));
        facts.networks = seen::networks(&seen.networks, since, request.at, marks);
    }
    facts
}

fn before(at: Timestamp, span: SignedDuration) -> Timestamp {
    at.checked_sub(span).unwrap_or(Timestamp::MIN)
}

/// Evidence as it is stored: times and places, and no mark or address.
fn to_json(evidence: &Evidence) -> Value {
    let times = |times: &[Timestamp]| -> Vec<String> {
        times.iter().take(MOST_LISTED).map(Timestamp::to_string).collect()
    };
    match evidence {
        Evidence::ImpossibleTravel { scans, speed_kmh } => {
            let scan = |scan: &PlacedScan| {
                json!({
                    "at": scan.at.to_string(),
                    "place": scan.place,
                    "latitude": scan.position.latitude,
                    "longitude": scan.position.longitude,
                    "uncertaintyKm": scan.position.uncertainty_km,
                })
            };
            json!({ "speedKmh": speed_kmh.round(), "scans": scans.each_ref().map(scan) })
        }
        Evidence::ManyNetworks { sale, first_scans } => json!({
            "sale": sale.to_string(),
            "networks": first_scans.len(),
            "firstScans": times(first_scans),
        }),
        Evidence::SealedElsewhere { container, since, at } => json!({
            "container": container,
            "since": since.to_string(),
            "scan": at.to_string(),
        }),
        Evidence::BrokenCode { gtin, at } => json!({ "gtin": gtin, "scan": at.to_string() }),
        Evidence::OtherMarket { markets, country, at } => json!({
            "markets": markets,
            "country": country,
            "scan": at.to_string(),
        }),
    }
}

/// Why a finding was not resolved.
#[derive(Debug, Error)]
pub enum ResolveError {
    /// The note does not resolve it.
    #[error(transparent)]
    Note(#[from] NoteProblem),
    /// There is no such finding.
    #[error("got finding {0}, expected one that is stored")]
    NotFound(u64),
    /// It has a resolution.
    #[error("finding {0} was resolved before; a resolution is final")]
    Resolved(u64),
    /// The database.
    #[error(transparent)]
    Database(#[from] sql::Error),
}

/// Stores the resolution of the finding that `note` names, if the item's issuer signed it.
///
/// - `db`: with the owner's rights; trace-api itself may resolve nothing.
///
/// # Errors
///
/// [`ResolveError`].
pub async fn resolve(
    db: &Db,
    rights: &Rights,
    note: &str,
    now: Timestamp,
) -> Result<Resolution, ResolveError> {
    let id = finding_of(note)?;
    let finding = sql::findings::find(db, id).await?.ok_or(ResolveError::NotFound(id))?;
    let name = FindingName { id, item: &finding.item };
    let resolved = check_note(rights, name, note, now)?;
    let resolution = Resolution {
        party: resolved.party.to_string(),
        reason: resolved.reason,
        resolved_at: now,
        note: note.to_owned(),
    };
    let store = async |tx: &sql::Transaction<'_>| sql::findings::resolve(tx, id, &resolution).await;
    if db.run_tx("finding.resolve", store).await? {
        Ok(resolution)
    } else {
        Err(ResolveError::Resolved(id))
    }
}

#[cfg(test)]
mod tests;
