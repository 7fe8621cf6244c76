//! Findings about items: looked for at every scan, stored with their evidence, resolved by the issuer.
//!
//! The way through: [`look`] reads what is known of an item; [`examine`] asks `history::scans` whether a rule applies,
//! stores what it finds, and gives the conflicts that stand open; [`resolve`] stores an issuer's note.
//!
//! What holds: a finding that is open stays open whatever is scanned later; a stored resolution counts only if its note
//! is signed by the item's issuer, which is checked each time; after it a rule looks at later scans and sales only; what
//! is read of an item is bounded, however often it was scanned.
//!
//! Not here: the rules (`history::scans`), whose note counts (`history::findings`).

use directory::Rights;
use history::Conflict;
use history::findings::{FindingName, NoteProblem, check_note, finding_of};
use history::scans::find;
use history::scans::{AFTER_SALE, Evidence, PlacedScan, Rule, ScanFacts, TRAVEL};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use sql::Db;
use sql::findings::{NewFinding, Resolution, StoredFinding};
use sql::scans::{Asker, Seen};
use thiserror::Error;

use crate::marks::Marks;
use crate::scan::{ScanRequest, ScanRole};
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
    /// The item's sales that count, in order of time.
    pub sales: &'a [Timestamp],
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

    fn conflict(&self) -> Conflict {
        let count = |member: &str| {
            let number = self.evidence[member].as_u64().and_then(|count| count.try_into().ok());
            number.unwrap_or_default()
        };
        match self.rule {
            Rule::ImpossibleTravel => Conflict::TwoPlaces {
                speed_kmh: self.evidence["speedKmh"].as_f64().unwrap_or_default(),
            },
            Rule::ManyNetworks => Conflict::ManyNetworks { networks: count("networks") },
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

/// Looks up what [`examine`] needs: two statements that are sent together, whatever the item is.
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
    let connection = db.connection().await?;
    let asker = Asker { device: &marks.device, role: request.role.code() };
    // What no rule will look at is not read.
    let is_consumer = request.role == ScanRole::Consumer;
    let networks_since = if is_consumer { before(request.at, AFTER_SALE) } else { Timestamp::MAX };
    let has_place = is_consumer && request.place.is_some();
    let places_since = if has_place { before(request.at, TRAVEL) } else { Timestamp::MAX };
    let since = (networks_since, places_since);
    let (seen, findings) = tokio::try_join!(
        sql::scans::seen(&connection, key, asker, since),
        sql::findings::of_key(&connection, key)
    )?;
    Ok(Looked { seen, findings })
}

/// Looks for conflicts of an item, stores new ones, and gives all that stand open, in the order of [`Rule::ALL`].
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
) -> Result<Vec<Conflict>, sql::Error> {
    let known = looked.findings.iter().filter_map(|row| Known::read(row, rights));
    let known: Vec<Known> = known.collect();
    let mut open: Vec<(Rule, Conflict)> = known
        .iter()
        .filter(|finding| finding.resolved_at.is_none())
        .map(|finding| (finding.rule, finding.conflict()))
        .collect();
    let facts = facts(examined, &looked.seen, &known);
    let last_known = known.iter().map(|finding| finding.id).max().unwrap_or_default();
    for evidence in find(&facts) {
        let rule = evidence.rule();
        if open.iter().any(|(other, _)| *other == rule) {
            continue;
        }
        store(state, examined, &evidence, last_known).await?;
        open.push((rule, evidence.conflict()));
    }
    open.sort_by_key(|(rule, _)| Rule::ALL.iter().position(|other| other == rule));
    Ok(open.into_iter().map(|(_, conflict)| conflict).collect())
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
        tracing::warn!(rule, "two objects seem to carry one code; a finding was opened");
    }
    Ok(())
}

/// What the rules look at that have no open finding yet.
fn facts(examined: Examined<'_>, seen: &Seen, known: &[Known]) -> ScanFacts {
    let Examined { request, counts, sales, marks, .. } = examined;
    let of_rule = |rule: Rule| known.iter().filter(move |finding| finding.rule == rule);
    let is_open = |rule: Rule| of_rule(rule).any(|finding| finding.resolved_at.is_none());
    let resolved_at = |rule: Rule| of_rule(rule).filter_map(|finding| finding.resolved_at).max();
    let mut facts = ScanFacts { sales: sales.to_vec(), ..ScanFacts::default() };
    if !counts || request.role != ScanRole::Consumer {
        return facts;
    }
    if let Some(place) = &request.place
        && !is_open(Rule::ImpossibleTravel)
    {
        let earliest = before(request.at, TRAVEL);
        let after = resolved_at(Rule::ImpossibleTravel).map_or(earliest, |at| at.max(earliest));
        facts.elsewhere = seen::elsewhere(&seen.sightings, &marks.network, after);
        facts.here = Some(seen::placed(request.at, place));
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
