//! What ingest works with: its settings, and the ledgers, bridges and partners with their keys and rules.
//!
//! The way through: [`resolve`] takes the sections that concern ingest from the installation's configuration, loads
//! keys and rules, and gives a [`Config`] that holds no path.
//!
//! What holds: every problem is reported, not only the first; secrets are never printed.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::atomic::AtomicBool;

use ledger::keys::{LedgerKeys, SourceVerifier};
use ledger::policy::Policy;
use process::config::ingest::{BridgeSection, IngestSection, PartnerSection};
use process::config::keys::ledger_keys;
use process::config::ledger::{LedgerKind, LedgerSection};
use process::config::problem::read_policy;
use process::config::{Installation, Problem, Problems};
use process::tls::{ClientFiles, Tls};

use crate::compose::Party;
use crate::read_points::ReadPoints;
use crate::rules::SiteRules;

/// Ingest's own settings.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Address and port to listen on.
    pub listen: SocketAddr,
    /// Certificate and key of the listener; without them it speaks plain HTTP.
    pub tls: Option<Tls>,
    /// Largest body that is accepted, in bytes.
    pub max_body_bytes: usize,
    /// Most events of one document.
    pub max_events: usize,
    /// Most bytes of all bodies together.
    pub body_memory_bytes: usize,
    /// Seconds within which a body must have arrived.
    pub body_within_s: u64,
    /// Most bodies that one address may be sending at the same time.
    pub bodies_per_address: u32,
    /// Requests of one address a minute that may fail admission.
    pub strangers_per_minute: u32,
    /// Refusals of strangers that are stored a minute.
    pub stored_refusals_per_minute: u32,
    /// Whether a stated thing must be under a licensed prefix.
    pub require_licence: bool,
    /// Most jobs that share one commit.
    pub group_commit_max_jobs: usize,
    /// Seconds that a request waits for the ledger.
    pub answer_within_s: u64,
}

/// A ledger that ingest writes, with everything loaded.
#[derive(Debug)]
pub struct Site {
    /// Origin of the ledger.
    pub origin: String,
    /// Whose ledger it is.
    pub party: Party,
    /// Its signing keys.
    pub keys: LedgerKeys,
    /// Its rules; none if it accepts no observations.
    pub rules: Option<SiteRules>,
}

/// A bridge that may deliver.
#[derive(Debug)]
pub struct Bridge {
    /// Its public keys: one, or two while its key is changed.
    pub keys: Vec<BridgeKey>,
    /// Origin of its ledger.
    pub ledger: String,
    /// The read points that it speaks for.
    pub read_points: ReadPoints,
}

/// A public key of a bridge.
#[derive(Debug)]
pub struct BridgeKey {
    /// The key.
    pub verifier: SourceVerifier,
    /// Whether it has signed a delivery since the start.
    pub was_used: AtomicBool,
}

impl From<SourceVerifier> for BridgeKey {
    fn from(verifier: SourceVerifier) -> Self {
        Self { verifier, was_used: AtomicBool::new(false) }
    }
}

/// What begins the names under which jobs of identities are kept; no partner has such a name.
pub const OWN_NAMES: &str = "access:";

/// A partner that may send documents.
#[derive(Debug, Clone)]
pub struct Partner {
    /// Its name.
    pub name: String,
    /// Origin of its ledger.
    pub ledger: String,
}

/// Everything ingest needs, loaded and checked.
#[derive(Debug)]
pub struct Config {
    /// Its own settings.
    pub settings: Settings,
    /// Trust roots; with a `directory` line, stated events are checked against that directory.
    pub policy: Policy,
    /// The ledgers it writes.
    pub sites: Vec<Site>,
    /// Bridges by id.
    pub bridges: HashMap<String, Bridge>,
    /// Partners by the SHA-256 of their token, lowercase hex.
    pub partners: HashMap<String, Partner>,
    /// Keys of the parties of the ledgers that it writes, by origin.
    pub parties: Vec<(String, String)>,
    /// Who else may show who they are.
    pub gate: gate::Settings,
}

/// Loads keys and rules and checks that the sections fit together.
///
/// # Errors
///
/// Everything that is wrong, with section, key and value.
pub fn resolve(installation: &Installation) -> Result<Config, Problems> {
    let mut problems = Problems::default();
    let Some(section) = &installation.ingest else {
        return Err(Problem::missing("[ingest]", "ingest").into());
    };
    let mut origins: Vec<&str> = Vec::new();
    let mut sites = Vec::new();
    for ledger in installation.ledgers.iter().filter(|ledger| ledger.kind == LedgerKind::Site) {
        if origins.contains(&ledger.origin.as_str()) {
            let got = "the origin of another [[ledger]]";
            problems.push(Problem::value(ledger.name(), "origin", got, "an origin of its own"));
            continue;
        }
        origins.push(&ledger.origin);
        sites.extend(problems.keep(load_site(installation, ledger)));
    }
    let policy = problems.keep(load_policy(installation, section)).unwrap_or_default();
    let mut bridges = HashMap::new();
    for bridge in &installation.bridges {
        if let Some(entry) = problems.keep(load_bridge(installation, bridge, &origins))
            && bridges.insert(bridge.id.clone(), entry).is_some()
        {
            let got = format!("`{}` a second time", bridge.id);
            problems.push(Problem::value("[[bridge]]", "id", got, "an id of its own"));
        }
    }
    let mut partners = HashMap::new();
    for partner in &installation.partners {
        if let Some((token, entry)) = problems.keep(load_partner(partner, &origins))
            && partners.insert(token, entry).is_some()
        {
            let section = format!("[[partner]] `{}`", partner.name);
            let got = "the token of another partner";
            problems.push(Problem::value(section, "token_sha256", got, "a token of its own"));
        }
    }
    let parties = parties(&sites);
    let gate = problems.keep(gate::settings::resolve(installation)).unwrap_or_default();
    let settings = problems.keep(load_settings(installation, section));
    problems.unless_any(settings.map(|settings| Config {
        settings,
        policy,
        sites,
        bridges,
        partners,
        parties,
        gate,
    }))
}

/// Whose the ledgers are: key of the party by origin.
#[must_use]
pub fn parties(sites: &[Site]) -> Vec<(String, String)> {
    sites.iter().map(|site| (site.origin.clone(), epc::thing_key(&site.party.pgln))).collect()
}

fn load_policy(installation: &Installation, section: &IngestSection) -> Result<Policy, Problem> {
    let Some(path) = &section.policy else { return Ok(Policy::default()) };
    read_policy("[ingest]", "policy", &installation.at(path)).map(|(policy, _)| policy)
}

fn load_settings(
    installation: &Installation,
    section: &IngestSection,
) -> Result<Settings, Problems> {
    let mut problems = Problems::default();
    let (certificate, key) = (section.tls_certificate.as_deref(), section.tls_key.as_deref());
    let clients = ClientFiles {
        authorities: section.tls_client_ca.as_deref(),
        lists: section.tls_client_crl.as_deref(),
    };
    let tls = Tls::of_section(installation, "[ingest]", (certificate, key), clients);
    let tls = problems.keep(tls).flatten();
    if section.body_memory_bytes < section.max_body_bytes {
        let got = section.body_memory_bytes.to_string();
        let expected = format!("at least max_body_bytes, which is {}", section.max_body_bytes);
        problems.push(Problem::value("[ingest]", "body_memory_bytes", got, expected));
    }
    if !(1..=1_000_000).contains(&section.max_events) {
        let got = section.max_events.to_string();
        problems.push(Problem::value("[ingest]", "max_events", got, "1 to 1000000"));
    }
    for (key, value) in [
        ("body_within_s", section.body_within_s),
        ("bodies_per_address", section.bodies_per_address.into()),
        ("strangers_per_minute", section.strangers_per_minute.into()),
    ] {
        if value == 0 {
            problems.push(Problem::value("[ingest]", key, "0", "at least 1"));
        }
    }
    problems.unless_any(Some(Settings {
        listen: section.listen,
        tls,
        max_body_bytes: section.max_body_bytes,
        max_events: section.max_events,
        body_memory_bytes: section.body_memory_bytes,
        body_within_s: section.body_within_s,
        bodies_per_address: section.bodies_per_address,
        strangers_per_minute: section.strangers_per_minute,
        stored_refusals_per_minute: section.stored_refusals_per_minute,
        require_licence: section.require_licence,
        group_commit_max_jobs: section.group_commit_max_jobs,
        answer_within_s: section.answer_within_s,
    }))
}

fn load_site(installation: &Installation, ledger: &LedgerSection) -> Result<Site, Problems> {
    let name = ledger.name();
    let mut problems = Problems::default();
    let keys = problems.keep(ledger_keys(installation, ledger));
    let rules = ledger.rules.as_ref().map(|path| {
        SiteRules::load(&installation.at(path))
            .map_err(|error| Problem::content(name.as_str(), "rules", &error))
    });
    let rules = problems.keep(rules.transpose()).flatten();
    let party = Party { name: ledger.party.name.clone(), pgln: ledger.party.pgln.clone() };
    let origin = ledger.origin.clone();
    problems.unless_any(keys.map(|keys| Site { origin, party, keys, rules }))
}

/// Refuses a ledger that ingest does not write.
fn check_ledger(section: &str, ledger: &str, origins: &[&str]) -> Result<(), Problem> {
    if origins.contains(&ledger) {
        return Ok(());
    }
    let expected = match origins {
        [] => "the origin of a [[ledger]] of kind \"site\"; the file has none".to_owned(),
        _ => format!("one of the ledgers of kind \"site\": {}", origins.join(", ")),
    };
    Err(Problem::value(section, "ledger", format!("`{ledger}`"), expected))
}

fn load_bridge(
    installation: &Installation,
    bridge: &BridgeSection,
    origins: &[&str],
) -> Result<Bridge, Problems> {
    let section = format!("[[bridge]] `{}`", bridge.id);
    let mut problems = Problems::default();
    problems.keep(check_ledger(&section, &bridge.ledger, origins));
    let keys = problems.keep(load_bridge_keys(bridge, &section));
    let read_points = problems.keep(load_read_points(installation, bridge));
    let ledger = bridge.ledger.clone();
    let bridge = |(keys, read_points)| Bridge { keys, ledger, read_points };
    problems.unless_any(keys.zip(read_points).map(bridge))
}

/// The one key, or the two while it is changed.
fn load_bridge_keys(bridge: &BridgeSection, section: &str) -> Result<Vec<BridgeKey>, Problems> {
    let (name, texts) = match (&bridge.public_key, &bridge.public_keys[..]) {
        (Some(text), []) => ("public_key", std::slice::from_ref(text)),
        (None, texts @ ([_] | [_, _])) => ("public_keys", texts),
        (one, more) => {
            let got = usize::from(one.is_some()) + more.len();
            let expected = "`public_key`, or `public_keys` with the old and the new one";
            let got = format!("{got} keys");
            return Err(Problem::value(section, "public_key", got, expected).into());
        }
    };
    let mut problems = Problems::default();
    let mut keys: Vec<SourceVerifier> = Vec::new();
    for text in texts {
        let key = SourceVerifier::from_base64(text).map_err(|error| {
            let expected = "an Ed25519 public key, base64, as `chopmark keys bridge` prints it";
            Problem::value(section, name, format!("`{text}` ({error})"), expected)
        });
        match problems.keep(key) {
            Some(key) if keys.contains(&key) => {
                let expected = "two different keys, or one";
                problems.push(Problem::value(section, name, format!("`{text}` twice"), expected));
            }
            key => keys.extend(key),
        }
    }
    problems.unless_any(Some(keys.into_iter().map(BridgeKey::from).collect()))
}

/// The read points of a bridge: those that it lists, or those of its ledger that no other bridge lists.
fn load_read_points(
    installation: &Installation,
    bridge: &BridgeSection,
) -> Result<ReadPoints, Problems> {
    let mut problems = Problems::default();
    let Some(listed) = &bridge.read_points else {
        let others = installation
            .bridges
            .iter()
            .filter(|other| other.id != bridge.id && other.ledger == bridge.ledger);
        let listed = others.filter_map(|other| other.read_points.as_ref()).flatten();
        return Ok(ReadPoints::AllBut(listed.map(|uri| epc::thing_key(uri)).collect()));
    };
    let section = format!("[[bridge]] `{}`", bridge.id);
    if listed.is_empty() {
        let expected = "at least one read point, or no such key";
        problems.push(Problem::value(section.as_str(), "read_points", "an empty list", expected));
    }
    for uri in listed {
        let is_place = epc::Epc::from_uri(uri).is_ok_and(|it| it.scheme() == epc::Scheme::Sgln);
        if !is_place {
            let expected = "a location such as urn:epc:id:sgln:0614141.00777.0";
            let got = format!("`{uri}`");
            problems.push(Problem::value(section.as_str(), "read_points", got, expected));
        }
    }
    problems.unless_any(Some(ReadPoints::listed(listed.iter().map(String::as_str))))
}

fn load_partner(partner: &PartnerSection, origins: &[&str]) -> Result<(String, Partner), Problems> {
    let section = format!("[[partner]] `{}`", partner.name);
    let mut problems = Problems::default();
    problems.keep(check_ledger(&section, &partner.ledger, origins));
    if partner.name.starts_with(OWN_NAMES) {
        let (got, expected) = (format!("`{}`", partner.name), "a name that does not begin so");
        problems.push(Problem::value(section.as_str(), "name", got, expected));
    }
    let token = partner.token_sha256.to_lowercase();
    if token.len() != 64 || !token.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        // Not the value: somebody may have pasted the token itself.
        let got = format!("{} characters", partner.token_sha256.chars().count());
        let expected = "64 hex digits, as `chopmark keys partner` prints them";
        problems.push(Problem::value(section, "token_sha256", got, expected));
    }
    let entry = Partner { name: partner.name.clone(), ledger: partner.ledger.clone() };
    problems.unless_any(Some((token, entry)))
}

#[cfg(test)]
mod tests;
