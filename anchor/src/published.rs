//! What the chain holds of a hub, asked for without signing or sending anything.
//!
//! The way through: [`published`] asks the configured endpoints, as many of which must agree as for the worker itself.
//!
//! What holds: no transaction is made; one lying endpoint can neither hide a statement nor invent one where two are configured.
//!
//! Not here: what follows from it (`chopmark restore`).

use ledger::Hash;
use process::Clock;

use crate::chain::client::{Chain as _, ChainError};
use crate::chain::ethereum::EthereumChain;
use crate::config::Publishing;
use crate::quorum::Quorum;
use crate::rpc::Rpc;

/// The newest statement of a hub on a chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Published {
    /// The chain and contract, for people.
    pub place: String,
    /// Entries of the hub and the root over them; none if nothing was published.
    pub head: Option<(u64, Hash)>,
}

/// Asks the chain for the newest statement of the hub `origin`. Blocks the thread.
///
/// # Errors
///
/// [`ChainError`] if too few endpoints answer or agree.
pub fn published(
    publishing: Publishing,
    origin: &str,
    clock: &Clock,
) -> Result<Published, ChainError> {
    let Publishing { rpc, quorum, chain_id, contract, wallet, max_fee_wei } = publishing;
    let asking = Quorum::new(&rpc, chain_id, quorum, clock);
    let rpc = Rpc::new(&rpc, chain_id, clock.clone());
    let chain = EthereumChain::new(rpc, asking, contract, wallet, max_fee_wei);
    let latest = chain.latest(&ledger::hub::hub_id(origin))?;
    Ok(Published { place: chain.name(), head: latest.map(|head| (head.size, head.root)) })
}
