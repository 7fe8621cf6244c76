//! The compiled contract `AnchorRegistry`, embedded: compiler, settings, ABI, bytecode.
//!
//! What holds: a test of this crate rebuilds the artefact from the source byte for byte; the signatures in
//! `evm::registry` are those that the compiler names.
//!
//! Sources: `contracts/AnchorRegistry.sol`, `contracts/build.mjs`.

use evm::Address;
use serde_json::Value;

/// The compiled contract: compiler, settings, ABI, bytecode; JSON.
pub const ARTEFACT: &str = include_str!("../contracts/AnchorRegistry.json");

/// The code that creates the contract, for `publisher`. None if the artefact is damaged.
#[must_use]
pub fn creation_code(publisher: Address) -> Option<Vec<u8>> {
    let artefact: Value = serde_json::from_str(ARTEFACT).ok()?;
    let mut code = hex::decode(artefact.get("bytecode")?.as_str()?.strip_prefix("0x")?).ok()?;
    // The constructor's argument: the address as a word.
    code.extend([0; 12]);
    code.extend(publisher.0);
    Some(code)
}

#[cfg(test)]
mod tests {
    use evm::abi::selector;
    use evm::registry::{ANCHOR, ANCHORED, LATEST, PUBLISHER, VERIFY};

    use super::*;

    #[test]
    fn the_selectors_are_those_that_the_compiler_names() {
        let artefact: Value = serde_json::from_str(ARTEFACT).unwrap();
        for signature in [ANCHOR, LATEST, PUBLISHER, VERIFY] {
            assert_eq!(
                artefact["methods"][signature].as_str(),
                Some(hex::encode(selector(signature)).as_str()),
                "{signature}"
            );
        }
    }

    #[test]
    fn the_event_has_the_arguments_that_the_compiler_names() {
        let artefact: Value = serde_json::from_str(ARTEFACT).unwrap();
        let event = artefact["abi"]
            .as_array()
            .unwrap()
            .iter()
            .find(|part| part["name"] == "Anchored")
            .unwrap();
        let types: Vec<&str> = event["inputs"]
            .as_array()
            .unwrap()
            .iter()
            .map(|input| input["type"].as_str().unwrap())
            .collect();
        assert_eq!(format!("Anchored({})", types.join(",")), ANCHORED);
    }
}
