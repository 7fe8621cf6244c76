//! Checks the anchor of a bundle: that a transaction published the hub's size and root.
//!
//! What holds: the block is taken as it is in the bundle. Anyone can invent a block, so an anchor that is consistent in
//! itself is listed as not checked until an endpoint was asked; one that is not consistent refutes the bundle.
//!
//! Not here: asking the chain (`chopmark verify --rpc`), RLP and tries (`evm`).
//!
//! Source: docs/formats/bundle-v2.md, "Anchor".

use evm::proof::verify_receipt;

use super::{
    file::AnchorProof,
    report::{AnchorClaim, Report},
};
use crate::{Hash, checkpoint::Checkpoint, hub, policy::Policy};

const NAME: &str = "anchor";

/// Adds what the anchor proves, or why it does not, to the report.
///
/// - `hub`: the checkpoint of the hub `hub_origin`, which the anchor must publish.
pub(super) fn check_anchor(
    anchor: &AnchorProof,
    hub_origin: &str,
    hub: &Checkpoint,
    policy: &Policy,
    report: &mut Report,
) {
    if policy.chains.is_empty() {
        report.miss(NAME, "the policy names no chain and contract");
    }
    match check_claims(anchor, hub_origin, hub, policy).and_then(|()| check_receipt(anchor, hub)) {
        Ok(claim) => {
            report.leave(
                NAME,
                &format!(
                    "transaction {} of block {} ({}) publishes size {} and root of {hub_origin}; no endpoint was asked \
                     whether that block is on chain {}",
                    anchor.transaction_index,
                    claim.block_number,
                    claim.block_hash,
                    hub.size,
                    claim.chain_id
                ),
            );
            report.anchor = Some(claim);
        }
        Err(problem) => report.fail(NAME, &problem),
    }
}

/// What the anchor states beside its receipt: chain and contract, hub, size.
fn check_claims(
    anchor: &AnchorProof,
    hub_origin: &str,
    hub: &Checkpoint,
    policy: &Policy,
) -> Result<(), String> {
    let is_named = policy
        .chains
        .iter()
        .any(|chain| chain.chain_id == anchor.chain_id && chain.contract == anchor.contract);
    if !policy.chains.is_empty() && !is_named {
        let contract = hex::encode(anchor.contract);
        return Err(format!("the policy does not name 0x{contract} on chain {}", anchor.chain_id));
    }
    if anchor.hub_id != hub::hub_id(hub_origin) {
        return Err(format!("got an anchor of another hub, expected one of {hub_origin}"));
    }
    if anchor.size != hub.size {
        return Err(format!(
            "it publishes size {}, the hub's checkpoint has size {}",
            anchor.size, hub.size
        ));
    }
    Ok(())
}

/// That the receipt is in the block and holds the event of the contract.
fn check_receipt(anchor: &AnchorProof, hub: &Checkpoint) -> Result<AnchorClaim, String> {
    let (block, logs) =
        verify_receipt(&anchor.header, anchor.transaction_index, &anchor.receipt, &anchor.proof)
            .map_err(|error| error.to_string())?;
    let block_hash = Hash(block.hash);
    if block_hash != anchor.block_hash {
        return Err(format!(
            "got block hash {}, but the hash of the header is {}",
            anchor.block_hash, block_hash
        ));
    }
    if !logs.has_anchored(&anchor.contract, &anchor.hub_id.0, &hub.root.0, hub.size) {
        return Err("the receipt has no event of the contract with this size and root".into());
    }
    Ok(AnchorClaim {
        chain_id: anchor.chain_id,
        contract: anchor.contract,
        block_hash,
        block_number: block.number,
        block_time: block.timestamp,
    })
}
