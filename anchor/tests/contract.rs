//! The contract on a real EVM: who may anchor, which paths it accepts, how much gas it uses; and that the
//! artefact in the repository is what its source compiles to.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should fail at that line")]

use std::process::Command;
use std::time::{Duration, Instant};

use anchor::anvil::{Anvil, Mining, contracts};
use anchor::artefact::ARTEFACT;
use anchor::deploy::deploy;
use anchor::quantity;
use anchor::rpc::{Rpc, RpcError};
use anchor::wallet::Wallet;
use evm::transaction::Transaction;
use evm::{Address, registry};
use ledger::Hash;
use ledger::keys::SystemRandom;
use ledger::{hash, tree};
use serde_json::{Value, json};

const PATIENCE: Duration = Duration::from_secs(20);

struct Scene {
    chain: Anvil,
    rpc: Rpc,
    publisher: Wallet,
    contract: Address,
    folder: tempfile::TempDir,
}

impl Scene {
    fn new() -> Self {
        let chain = Anvil::start(Mining::PerTransaction).unwrap_or_else(|error| panic!("{error}"));
        let folder = tempfile::tempdir().unwrap();
        let publisher =
            Wallet::create(&folder.path().join("publisher.hex"), &SystemRandom::new()).unwrap();
        chain.fund(publisher.address()).unwrap();
        let rpc = chain.rpc();
        let deployed = deploy(&rpc, &publisher, PATIENCE).unwrap();
        println!("gas: deployment {}", deployed.gas_used);
        assert_eq!(deployed.publisher, publisher.address());
        Self { contract: deployed.contract, chain, rpc, publisher, folder }
    }

    /// Sends a call as `who` and gives its receipt; gas is given, so that a refusal is mined, not foreseen.
    fn send(&self, who: &Wallet, data: Vec<u8>) -> Value {
        let from = who.address().to_string();
        let nonce = self.rpc.call("eth_getTransactionCount", &json!([from, "latest"])).unwrap();
        let transaction = Transaction {
            chain_id: self.rpc.chain_id(),
            nonce: quantity::to_u64("nonce", &nonce).unwrap(),
            max_priority_fee_wei: 1_000_000_000,
            max_fee_wei: 20_000_000_000,
            gas_limit: 200_000,
            to: Some(self.contract),
            value_wei: 0,
            data,
        };
        let signed = who.sign(&transaction).unwrap();
        let raw = json!([quantity::from_bytes(&signed.raw)]);
        let hash = self.rpc.call("eth_sendRawTransaction", &raw).unwrap();
        assert_eq!(
            hash,
            json!(quantity::from_bytes(&signed.hash)),
            "the chain computes the same hash"
        );
        // The block is made at once, but the answer may come before it.
        let deadline = Instant::now() + PATIENCE;
        loop {
            let receipt = self.rpc.call("eth_getTransactionReceipt", &json!([hash])).unwrap();
            if !receipt.is_null() {
                return receipt;
            }
            assert!(Instant::now() < deadline, "no block included the transaction");
            std::thread::yield_now();
        }
    }

    fn read(&self, data: &[u8]) -> Result<Vec<u8>, RpcError> {
        let call = json!([
            {"to": self.contract.to_string(), "data": quantity::from_bytes(data)}, "latest"
        ]);
        Ok(quantity::to_bytes("result", &self.rpc.call("eth_call", &call)?).unwrap())
    }

    fn latest_size(&self, hub: &Hash) -> u64 {
        registry::latest_answer(&self.read(&registry::latest_call(&hub.0)).unwrap()).unwrap().size
    }

    fn verifies(&self, root: &Hash, size: u64, index: u64, leaf: &Hash, path: &[Hash]) -> bool {
        let path: Vec<_> = path.iter().map(|sibling| sibling.0).collect();
        let call = registry::verify_call(&root.0, size, index, &leaf.0, &path);
        let answer = self.read(&call).unwrap();
        assert_eq!(answer.len(), 32);
        answer[31] == 1
    }
}

fn gas(receipt: &Value) -> u64 {
    quantity::to_u64("gasUsed", &receipt["gasUsed"]).unwrap()
}

#[test]
fn the_artefact_is_what_its_source_compiles_to() {
    let built =
        Command::new("node").arg("build.mjs").arg("--print").current_dir(contracts()).output();
    let built =
        built.unwrap_or_else(|error| panic!("node is needed; `make setup` installs it: {error}"));
    assert!(
        built.status.success(),
        "the contract was not compiled; `make setup` installs the compiler (npm ci in anchor/contracts): {}",
        String::from_utf8_lossy(&built.stderr)
    );
    assert!(
        built.stdout == ARTEFACT.as_bytes(),
        "AnchorRegistry.json differs from what AnchorRegistry.sol compiles to; \
         `node build.mjs` in anchor/contracts writes it anew"
    );
}

#[test]
fn the_lock_file_names_no_place_to_download_from() {
    let lock = std::fs::read_to_string(contracts().join("package-lock.json")).unwrap();
    assert!(!lock.contains("\"resolved\""));
}

#[test]
fn only_the_publisher_can_anchor_and_sizes_only_grow() {
    let scene = Scene::new();
    let (hub, other_hub) = (hash::sha256(b"hub.example/1"), hash::sha256(b"hub.example/2"));
    let root = hash::sha256(b"a root");

    let first = scene.send(&scene.publisher, registry::anchor_call(&hub.0, &root.0, 5));
    assert_eq!(first["status"], "0x1");
    let log = &first["logs"][0];
    assert_eq!(log["topics"][0], json!(quantity::from_bytes(&registry::anchored_topic())));
    assert_eq!(log["topics"][1], json!(quantity::from_bytes(&hub.0)));
    assert_eq!(log["topics"][2], json!(quantity::from_bytes(&root.0)));
    let data = quantity::to_bytes("data", &log["data"]).unwrap();
    assert_eq!(registry::anchored_size(&data), Some(5));
    assert_eq!(scene.latest_size(&hub), 5);

    for size in [0, 4, 5] {
        let again = scene.send(&scene.publisher, registry::anchor_call(&hub.0, &root.0, size));
        assert_eq!(again["status"], "0x0", "size {size} after 5");
    }
    let stranger =
        Wallet::create(&scene.folder.path().join("stranger.hex"), &SystemRandom::new()).unwrap();
    scene.chain.fund(stranger.address()).unwrap();
    let refused = scene.send(&stranger, registry::anchor_call(&hub.0, &root.0, 6));
    assert_eq!(refused["status"], "0x0");
    assert_eq!(scene.latest_size(&hub), 5);

    let more = scene.send(&scene.publisher, registry::anchor_call(&hub.0, &root.0, 6));
    assert_eq!(more["status"], "0x1");
    let other = scene.send(&scene.publisher, registry::anchor_call(&other_hub.0, &root.0, 1));
    assert_eq!(other["status"], "0x1", "hubs do not affect each other");
    assert_eq!((scene.latest_size(&hub), scene.latest_size(&other_hub)), (6, 1));
    println!("gas: first anchor of a hub {}, next anchor {}", gas(&first), gas(&more));
}

#[test]
fn the_contract_accepts_the_paths_that_our_verifier_accepts_and_no_other() {
    let scene = Scene::new();
    for size in [1_u64, 2, 3, 5, 7, 8, 13] {
        let leaves: Vec<Hash> = (0..size).map(|leaf| hash::leaf(&leaf.to_be_bytes())).collect();
        let root = tree::root(&leaves);
        for index in 0..size {
            let leaf = leaves[usize::try_from(index).unwrap()];
            let path = tree::inclusion_path(index, &leaves);
            ledger::proof::verify_inclusion(index, &leaf, size, &path, &root).unwrap();
            assert!(scene.verifies(&root, size, index, &leaf, &path), "{index} of {size}");

            let mut flipped = leaf;
            flipped.0[31] ^= 1;
            assert!(!scene.verifies(&root, size, index, &flipped, &path), "{index} of {size}");
            assert!(!scene.verifies(&flipped, size, index, &leaf, &path), "{index} of {size}");
            assert!(!scene.verifies(&root, size, size, &leaf, &path), "an index outside");
            let mut longer = path.clone();
            longer.push(root);
            assert!(!scene.verifies(&root, size, index, &leaf, &longer), "{index} of {size}");
            if let Some((_, shorter)) = path.split_last() {
                assert!(!scene.verifies(&root, size, index, &leaf, shorter), "{index} of {size}");
                let mut forged = path.clone();
                forged[0].0[0] ^= 0x80;
                assert!(!scene.verifies(&root, size, index, &leaf, &forged), "{index} of {size}");
            }
            // Under another index the contract rejects it, as our verifier does.
            for elsewhere in (0..size).filter(|elsewhere| *elsewhere != index) {
                assert!(!scene.verifies(&root, size, elsewhere, &leaf, &path));
            }
        }
    }
    assert!(!scene.verifies(&Hash::EMPTY, 0, 0, &Hash::EMPTY, &[]), "nothing is in an empty tree");
}

#[test]
fn checking_a_path_of_a_large_tree_costs_what_is_printed() {
    let scene = Scene::new();
    // 2^20 leaves: a path of 20 siblings; any will do, because the root follows from them.
    let size = 1 << 20;
    let (index, leaf) = (699_050, hash::leaf(b"a leaf"));
    let path: Vec<Hash> = (0..20_u8).map(|level| hash::sha256(&[level])).collect();
    let mut root = leaf;
    for (level, sibling) in path.iter().enumerate() {
        let is_right = index >> level & 1 == 1;
        root = if is_right { hash::node(sibling, &root) } else { hash::node(&root, sibling) };
    }
    assert!(scene.verifies(&root, size, index, &leaf, &path));
    let path: Vec<_> = path.iter().map(|sibling| sibling.0).collect();
    let data = registry::verify_call(&root.0, size, index, &leaf.0, &path);
    let estimate = json!([{
        "from": scene.publisher.address().to_string(),
        "to": scene.contract.to_string(),
        "data": quantity::from_bytes(&data),
    }]);
    let estimate = scene.rpc.call("eth_estimateGas", &estimate).unwrap();
    let estimate = quantity::to_u64("result", &estimate).unwrap();
    println!("gas: verify in a tree of 2^20, as a transaction {estimate}");
}
