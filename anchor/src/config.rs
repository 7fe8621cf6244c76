//! What the anchor worker works with: the hub and its keys, the sites' public keys, the chain.
//!
//! The way through: [`resolve`] takes the sections that concern the worker from the installation's configuration,
//! loads keys, and gives a [`Config`] that holds no path.
//!
//! What holds: every problem is reported, not only the first; secrets are never printed; of all key files only
//! the hub's and the publisher's are opened, the sites' keys are public ones from a policy file.

use std::collections::HashMap;
use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use ledger::keys::{LedgerKeys, VerifierKey};
use ledger::policy::{Policy, PolicyError};
use process::config::anchor::AnchorSection;
use process::config::ledger::{LedgerKind, LedgerSection};
use process::config::problem::read_named;
use process::config::{Installation, Problem, Problems};

use crate::rpc::Rpc;
use crate::target::Target;
use crate::target::evm::Evm;
use crate::transaction::{Address, Wallet};

/// Wei in a gwei.
const GWEI: u128 = 1_000_000_000;

/// The hub and what may enter it.
#[derive(Debug)]
pub struct Hub {
    /// Name of the hub.
    pub origin: String,
    /// Whose hub it is.
    pub party: String,
    /// Its signing keys.
    pub keys: LedgerKeys,
    /// Public keys of the ledgers that may enter, by origin.
    pub sites: HashMap<String, Vec<VerifierKey>>,
}

/// When the worker does what.
#[derive(Debug, Clone)]
pub struct Pace {
    /// Between two looks for new checkpoints.
    pub epoch: Duration,
    /// Between two looks at the chain.
    pub poll: Duration,
    /// After which a transaction that no block took is offered again, dearer.
    pub resend_after: Duration,
    /// Blocks on top that make an anchor final.
    pub confirmations: u64,
}

/// Everything the worker needs, loaded and checked.
pub struct Config {
    /// Address and port to listen on.
    pub listen: SocketAddr,
    /// The hub.
    pub hub: Hub,
    /// When to do what.
    pub pace: Pace,
    /// The chain's id.
    pub chain_id: u64,
    /// The contract.
    pub contract: Address,
    /// Where to publish.
    pub target: Arc<dyn Target>,
}

impl fmt::Debug for Config {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Config")
            .field("hub", &self.hub.origin)
            .field("target", &self.target.name())
            .field("pace", &self.pace)
            .finish_non_exhaustive()
    }
}

/// Loads keys and checks that the sections fit together.
///
/// # Errors
///
/// Everything that is wrong, with section, key and value.
pub fn resolve(installation: &Installation) -> Result<Config, Problems> {
    let Some(section) = &installation.anchor else {
        return Err(Problem::missing("[anchor]", "the anchor worker").into());
    };
    let mut problems = Problems::default();
    let ledger = problems.keep(find_hub(installation, section));
    let keys = ledger.and_then(|ledger| problems.keep(load_keys(installation, ledger)));
    let sites = problems.keep(site_keys(installation, section));
    let target = problems.keep(target(installation, section));
    let config = || {
        let (target, contract) = target?;
        let hub = Hub {
            origin: section.ledger.clone(),
            party: ledger?.party.name.clone(),
            keys: keys?,
            sites: sites?,
        };
        let pace = Pace {
            epoch: Duration::from_secs(section.epoch_seconds.max(1)),
            poll: Duration::from_millis(section.poll_ms.max(10)),
            resend_after: Duration::from_secs(section.resend_after_seconds),
            confirmations: section.confirmations,
        };
        let (listen, chain_id) = (section.listen, section.chain_id);
        Some(Config { listen, hub, pace, chain_id, contract, target })
    };
    let config = config();
    problems.unless_any(config)
}

fn find_hub<'i>(
    installation: &'i Installation,
    section: &AnchorSection,
) -> Result<&'i LedgerSection, Problem> {
    let hubs = || installation.ledgers.iter().filter(|ledger| ledger.kind == LedgerKind::Hub);
    hubs().find(|ledger| ledger.origin == section.ledger).ok_or_else(|| {
        let origins: Vec<&str> = hubs().map(|ledger| ledger.origin.as_str()).collect();
        let expected = match &origins[..] {
            [] => "the origin of a [[ledger]] with kind = \"hub\"; the file has none".to_owned(),
            _ => format!("one of the ledgers of kind \"hub\": {}", origins.join(", ")),
        };
        Problem::value("[anchor]", "ledger", format!("`{}`", section.ledger), expected)
    })
}

fn target(
    installation: &Installation,
    section: &AnchorSection,
) -> Result<(Arc<dyn Target>, Address), Problems> {
    let mut problems = Problems::default();
    if section.rpc.is_empty() {
        problems.push(Problem::value("[anchor]", "rpc", "no endpoint", "at least one URL"));
    }
    let contract = problems.keep(section.contract.parse::<Address>().map_err(|error| {
        let got = format!("`{}` ({error})", section.contract);
        Problem::value("[anchor]", "contract", got, "an address, `0x` and 40 hex digits")
    }));
    let wallet = Wallet::load(&installation.at(&section.key));
    let wallet = problems.keep(wallet.map_err(|error| Problem::content("[anchor]", "key", &error)));
    let target = contract.zip(wallet).map(|(contract, wallet)| {
        let rpc = Arc::new(Rpc::new(&section.rpc, section.chain_id));
        let max_fee_wei = u128::from(section.max_fee_gwei) * GWEI;
        let target: Arc<dyn Target> = Arc::new(Evm::new(rpc, contract, wallet, max_fee_wei));
        (target, contract)
    });
    problems.unless_any(target)
}

/// Public keys by origin, from the worker's own policy or, without one, from trace-api's.
fn site_keys(
    installation: &Installation,
    section: &AnchorSection,
) -> Result<HashMap<String, Vec<VerifierKey>>, Problem> {
    let other = installation.trace_api.as_ref().map(|trace_api| &trace_api.policy);
    let Some(path) = section.policy.as_ref().or(other) else {
        let expected = "a policy file with the public keys of the sites' ledgers, `log KEY` a line";
        return Err(Problem::value("[anchor]", "policy", "none", expected));
    };
    let path = installation.at(path);
    let policy: Policy =
        read_named("[anchor]", "policy", &path)?.parse().map_err(|error: PolicyError| {
            let cause = format!("{}: {error}", path.display());
            Problem::Content { section: "[anchor]".into(), key: "policy".into(), cause }
        })?;
    let mut sites: HashMap<String, Vec<VerifierKey>> = HashMap::new();
    for key in policy.logs {
        sites.entry(key.name().to_owned()).or_default().push(key);
    }
    Ok(sites)
}

fn load_keys(installation: &Installation, ledger: &LedgerSection) -> Result<LedgerKeys, Problem> {
    let (name, path) = (ledger.name(), installation.at(&ledger.keys));
    let keys = LedgerKeys::from_pem_file(&read_named(&name, "keys", &path)?).map_err(|error| {
        let got = format!("{} ({error})", path.display());
        Problem::value(name.as_str(), "keys", got, "a file that `chopmark keys ledger` wrote")
    })?;
    if keys.origin() != ledger.origin {
        let got = format!("{} with keys of `{}`", path.display(), keys.origin());
        let expected = format!("keys of `{}`", ledger.origin);
        return Err(Problem::value(name, "keys", got, expected));
    }
    Ok(keys)
}

#[cfg(test)]
mod tests;
