//! The chain: whether each endpoint answers and is of that chain, whether the contract is there, and whether the publisher can
//! pay.
//!
//! What holds: only questions are sent; of an endpoint's address only the host is shown.

use anchor::rpc::{Rpc, RpcError, host_of};
use jiff::Timestamp;
use process::Clock;
use process::config::Installation;
use process::config::anchor::AnchorSection;
use serde_json::{Value, json};

use super::check::Check;
use super::clock::Other;

/// Gas that an anchor takes, rounded up.
const GAS: u128 = 80_000;
/// Anchors that the balance should pay for.
const ENOUGH: u128 = 100;

/// What was seen.
pub struct Seen {
    pub checks: Vec<Check>,
    /// Times of the latest blocks.
    pub clocks: Vec<Other>,
}

/// Asks every endpoint.
pub fn look(installation: &Installation, offline: bool) -> Seen {
    let mut seen = Seen { checks: Vec::new(), clocks: Vec::new() };
    let Some(section) = &installation.anchor else { return seen };
    if offline {
        seen.checks.push(Check::absent("chain", "not asked, because of --offline"));
        return seen;
    }
    for url in &section.rpc {
        endpoint(section, url, &mut seen);
    }
    let Some(first) = section.rpc.first().filter(|_| !seen.clocks.is_empty()) else { return seen };
    let rpc = Rpc::new(&section.rpc, section.chain_id, Clock::system());
    seen.checks.push(contract(section, &rpc));
    if let Ok(config) = anchor::config::resolve(installation) {
        let address = config.publishing.wallet.address().to_string();
        seen.checks.push(balance(&rpc, &address, host_of(first)));
    }
    seen
}

/// Whether one endpoint answers for this chain.
fn endpoint(section: &AnchorSection, url: &str, seen: &mut Seen) {
    let (what, host) = ("chain endpoint", host_of(url));
    let clock = Clock::system();
    let rpc = Rpc::new(&[url.to_owned()], section.chain_id, clock.clone());
    match rpc.call("eth_getBlockByNumber", &json!(["latest", false])) {
        Ok(block) => {
            let number = quantity(&block["number"]).unwrap_or_default();
            let at = quantity(&block["timestamp"]).and_then(|seconds| i64::try_from(seconds).ok());
            let at = at.and_then(|seconds| Timestamp::from_second(seconds).ok());
            let found = format!("{host}: chain {}, block {number}", section.chain_id);
            seen.checks.push(Check::ok(what, found));
            if let Some(there) = at {
                let other = Other { name: host.to_owned(), there, here: clock.now() };
                seen.clocks.push(other);
            }
        }
        Err(RpcError::Unreachable { last, .. }) => {
            let remedy = if last.contains("got chain id") {
                "correct chain_id or rpc in [anchor]: this endpoint is of another chain"
            } else {
                "is the address right, does a firewall let it through, is the provider up? Anchors wait meanwhile"
            };
            seen.checks.push(Check::failed(what, last, remedy));
        }
        Err(error) => {
            let remedy = "ask another endpoint; this one does not give blocks";
            seen.checks.push(Check::failed(what, format!("{host}: {error}"), remedy));
        }
    }
}

/// Whether there is code at the contract's address.
fn contract(section: &AnchorSection, rpc: &Rpc) -> Check {
    let what = "contract";
    let address = &section.contract;
    match rpc.call("eth_getCode", &json!([address, "latest"])) {
        Ok(Value::String(code)) if code.len() > 2 => {
            Check::ok(what, format!("{address} has {} bytes of code", (code.len() - 2) / 2))
        }
        Ok(_) => Check::failed(
            what,
            format!("{address} has no code on chain {}", section.chain_id),
            "chopmark anchor deploy --rpc URL --chain-id ID --key FILE, then name the address it prints as `contract`",
        ),
        Err(error) => Check::failed(what, error.to_string(), "ask another endpoint"),
    }
}

/// Whether the publisher can pay.
fn balance(rpc: &Rpc, address: &str, host: &str) -> Check {
    let what = "publisher's balance";
    let ask = || -> Result<Option<(u128, u128)>, RpcError> {
        let balance = rpc.call("eth_getBalance", &json!([address, "latest"]))?;
        let price = rpc.call("eth_gasPrice", &json!([]))?;
        Ok(quantity(&balance).zip(quantity(&price)))
    };
    let (balance, price) = match ask() {
        Ok(Some(found)) => found,
        Ok(None) => {
            let found = format!("{host}: the answer is no number");
            return Check::failed(what, found, "ask another endpoint");
        }
        Err(error) => return Check::failed(what, error.to_string(), "ask another endpoint"),
    };
    judged(address, balance, price)
}

fn judged(address: &str, balance: u128, price: u128) -> Check {
    let what = "publisher's balance";
    let count = balance.checked_div(price.saturating_mul(GAS)).unwrap_or(ENOUGH);
    let found = format!("{address} has {balance} wei, about {count} anchors at today's price");
    let remedy = format!(
        "send {address} some of the chain's currency: anchors wait without it, recording goes on"
    );
    match count {
        0 => Check::failed(what, found, remedy),
        1..ENOUGH => Check::warning(what, found, remedy),
        _ => Check::ok(what, found),
    }
}

/// A number as JSON-RPC has it, `0x1f`.
fn quantity(value: &Value) -> Option<u128> {
    u128::from_str_radix(value.as_str()?.strip_prefix("0x")?, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::super::check::State;
    use super::*;

    #[test]
    fn a_balance_is_judged_by_the_anchors_that_it_pays_for() {
        for (anchors, state) in
            [(0, State::Failed), (1, State::Warning), (99, State::Warning), (100, State::Ok)]
        {
            assert_eq!(judged("0x", anchors * GAS * 7, 7).state, state, "{anchors}");
        }
        assert_eq!(judged("0x", 0, 0).state, State::Ok, "gas costs nothing there");
    }
}
