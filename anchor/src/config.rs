//! What the anchor worker works with: the hub and its keys, the sites' public keys, where it publishes.
//!
//! The way through: [`resolve`] takes the sections that concern the worker from the installation's configuration,
//! loads keys, and returns a [`Config`] that holds no path.
//!
//! What holds: every problem is reported, not only the first; secrets are never printed; of all key files only
//! the hub's and the publisher's are opened: the sites' public keys come from the policy file.

use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

use evm::Address;
use ledger::keys::LedgerKeys;
use ledger::policy::Policy;
use process::config::anchor::AnchorSection;
use process::config::keys::{KeyFile, ledger_keys};
use process::config::ledger::{LedgerKind, LedgerSection};
use process::config::problem::read_policy;
use process::config::{Installation, Problem, Problems};

use crate::quorum::default_quorum;
use crate::rpc::{UrlError, check_url, host_of};
use crate::wallet::Wallet;

/// Wei in a gwei.
const GWEI: u128 = 1_000_000_000;

/// The hub, and whose checkpoints become its entries.
#[derive(Debug)]
pub struct Hub {
    /// Name of the hub.
    pub origin: String,
    /// Whose hub it is.
    pub party: String,
    /// Its signing keys.
    pub keys: LedgerKeys,
    /// Public keys of the ledgers whose checkpoints become entries.
    pub policy: Policy,
}

/// When the worker does what.
#[derive(Debug, Clone)]
pub struct Pace {
    /// Between two collections of new checkpoints.
    pub epoch: Duration,
    /// Between two ticks.
    pub poll: Duration,
    /// After which a transaction that no block included is replaced by one with higher fees.
    pub resend_after: Duration,
    /// Blocks on top that make an anchor final.
    pub confirmations: u64,
    /// Between two rounds in which final anchors are asked for again.
    pub recheck: Duration,
    /// How far the clocks of this machine, the database and the chain may differ.
    pub clock_slack: Duration,
}

/// Everything the worker needs, loaded and checked.
pub struct Config {
    /// Address and port to listen on.
    pub listen: SocketAddr,
    /// The hub.
    pub hub: Hub,
    /// When to do what.
    pub pace: Pace,
    /// Where and as whom to publish.
    pub publishing: Publishing,
}

/// Where and as whom to publish.
pub struct Publishing {
    /// JSON-RPC endpoints in the order of preference; they may carry a provider's key.
    pub rpc: Vec<String>,
    /// How many of them must agree, from 1.
    pub quorum: usize,
    /// The chain's id (EIP-155).
    pub chain_id: u64,
    /// The contract.
    pub contract: Address,
    /// The publisher's account.
    pub wallet: Wallet,
    /// Cap of every offer, wei per gas.
    pub max_fee_wei: u128,
}

impl fmt::Debug for Config {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Config")
            .field("hub", &self.hub.origin)
            .field("chain_id", &self.publishing.chain_id)
            .field("contract", &self.publishing.contract)
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
    let hub = problems.keep(load_hub(installation, section));
    let publishing = problems.keep(load_publishing(installation, section));
    let pace = Pace {
        epoch: Duration::from_secs(section.epoch_seconds.max(1)),
        poll: Duration::from_millis(section.poll_ms.max(10)),
        resend_after: Duration::from_secs(section.resend_after_seconds),
        confirmations: section.confirmations,
        recheck: Duration::from_secs(section.recheck_seconds.max(10)),
        clock_slack: Duration::from_secs(section.clock_slack_seconds),
    };
    let listen = section.listen;
    let config =
        hub.zip(publishing).map(|(hub, publishing)| Config { listen, hub, pace, publishing });
    problems.unless_any(config)
}

fn load_hub(installation: &Installation, section: &AnchorSection) -> Result<Hub, Problems> {
    let mut problems = Problems::default();
    let ledger = problems.keep(find_hub(installation, section));
    let keys = ledger.and_then(|ledger| problems.keep(ledger_keys(installation, ledger)));
    let policy = problems.keep(load_policy(installation, section));
    let hub = ledger.zip(keys).zip(policy).map(|((ledger, keys), policy)| Hub {
        origin: ledger.origin.clone(),
        party: ledger.party.name.clone(),
        keys,
        policy,
    });
    problems.unless_any(hub)
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

fn load_publishing(
    installation: &Installation,
    section: &AnchorSection,
) -> Result<Publishing, Problems> {
    let mut problems = Problems::default();
    let quorum = problems.keep(check_endpoints(section));
    let contract = problems.keep(section.contract.parse::<Address>().map_err(|error| {
        let cause = error.to_string();
        Problem::Content { section: "[anchor]".into(), key: "contract".into(), cause }
    }));
    let wallet = problems.keep(load_wallet(installation, section));
    let publishing =
        contract.zip(wallet).zip(quorum).map(|((contract, wallet), quorum)| Publishing {
            rpc: section.rpc.clone(),
            quorum,
            chain_id: section.chain_id,
            contract,
            wallet,
            max_fee_wei: u128::from(section.max_fee_gwei) * GWEI,
        });
    problems.unless_any(publishing)
}

fn load_wallet(installation: &Installation, section: &AnchorSection) -> Result<Wallet, Problem> {
    let file = KeyFile {
        section: "[anchor]",
        key: "key",
        path: &section.key,
        passphrase_file: section.key_passphrase_file.as_deref(),
        credential: section.key_passphrase_credential.as_deref(),
        made_by: "chopmark anchor new-key",
    };
    let text = file.open(installation)?;
    Wallet::from_hex(&text, &installation.at(&section.key).display().to_string())
        .map_err(|error| Problem::content("[anchor]", "key", &error))
}

/// Checks the addresses of the endpoints; returns how many must agree. Addresses may hold a provider's key, so that only
/// hosts are shown.
fn check_endpoints(section: &AnchorSection) -> Result<usize, Problems> {
    let mut problems = Problems::default();
    let count = section.rpc.len();
    if count == 0 {
        problems.push(Problem::value("[anchor]", "rpc", "no endpoint", "at least one URL"));
    }
    for (place, url) in section.rpc.iter().enumerate() {
        if let Err(error) = check_url(url) {
            let error = error.to_string();
            let got = format!("{} (endpoint {})", error.trim_start_matches("got "), place + 1);
            problems.push(Problem::value("[anchor]", "rpc", got, UrlError::EXPECTED));
        }
        if section.rpc[..place].iter().any(|earlier| host_of(earlier) == host_of(url)) {
            let got = format!("{} twice", host_of(url));
            problems.push(Problem::value("[anchor]", "rpc", got, "each endpoint once"));
        }
    }
    let quorum = section.rpc_quorum.unwrap_or_else(|| default_quorum(count));
    if count > 0 && !(1..=count).contains(&quorum) {
        let expected = format!("1 to {count}, the number of endpoints in `rpc`");
        problems.push(Problem::value("[anchor]", "rpc_quorum", quorum, expected));
    }
    problems.unless_any(Some(quorum))
}

fn load_policy(installation: &Installation, section: &AnchorSection) -> Result<Policy, Problem> {
    let Some(path) = &section.policy else {
        let expected = "the path of a file with one line `log KEY` for each public key of each [[ledger]] of kind \
                        `site`; `chopmark keys show FILE`, run where a ledger's key file is, prints its public keys";
        return Err(Problem::value("[anchor]", "policy", "none", expected));
    };
    read_policy("[anchor]", "policy", &installation.at(path)).map(|(policy, _)| policy)
}

#[cfg(test)]
mod tests;
