//! A chain, a database, sites with ledgers, and a worker that is driven tick by tick.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anchor::anvil::{Anvil, CHAIN_ID, Mining};
use anchor::config::{Config, Hub, Pace};
use anchor::deploy::deploy;
use anchor::metrics::Metrics;
use anchor::rpc::Rpc;
use anchor::target::evm::Evm;
use anchor::transaction::{Address, Transaction, Wallet};
use anchor::worker::Worker;
use jiff::Timestamp;
use ledger::Hash;
use ledger::checkpoint::Checkpoint;
use ledger::hash;
use ledger::keys::{LedgerKeys, SystemRandom};
use ledger::tree::Frontier;
use sql::LedgerId;
use sql::anchors::FinalAnchor;
use sql::ledgers::{Append, Entry};
use sql::testing::TestDb;

/// Longest that anything here may take.
pub const PATIENCE: Duration = Duration::from_mins(1);
/// Cap of offers in tests: anvil starts at 1 gwei.
pub const MAX_FEE_WEI: u128 = 100_000_000_000;

/// A site's ledger, written as ingest would.
pub struct Site {
    pub id: LedgerId,
    pub keys: LedgerKeys,
}

impl Site {
    pub async fn new(db: &TestDb, origin: &str) -> Self {
        let keys = LedgerKeys::generate(origin, &SystemRandom::new()).unwrap();
        let id = sql::ledgers::create_ledger(db, origin, "site", "a party").await.unwrap();
        Self { id, keys }
    }

    /// Appends `count` records to the ledger as it is stored.
    pub async fn append(&self, db: &TestDb, count: u64) {
        let frontier = sql::ledgers::load_frontier(db, self.id).await.unwrap();
        self.append_to(db, frontier, count).await;
    }

    /// Appends to whatever tree is given, true or not.
    pub async fn append_to(&self, db: &TestDb, frontier: Frontier, count: u64) {
        let old_size = frontier.size();
        let leaf = |index: u64| hash::leaf(&(old_size + index).to_be_bytes());
        let entries = (0..count)
            .map(|index| Entry { text: "{}".into(), secret: Some([0; 16]), leaf_hash: leaf(index) })
            .collect();
        let mut after = frontier.clone();
        (0..count).for_each(|index| after.append(leaf(index)));
        let origin = self.keys.origin().to_owned();
        let checkpoint = Checkpoint { origin, size: after.size(), root: after.root() };
        let note = self.keys.sign_checkpoint(&checkpoint, &SystemRandom::new()).unwrap();
        let append = Append {
            ledger: self.id,
            old_size,
            frontier,
            entries,
            item_keys: Vec::new(),
            note,
            recorded_at: Timestamp::now(),
        };
        db.run_tx("test.append", async |tx: &sql::Transaction<'_>| {
            sql::ledgers::append(tx, &append).await
        })
        .await
        .unwrap();
    }
}

/// What differs between the tests.
pub struct Setting {
    pub mining: Mining,
    pub confirmations: u64,
    pub resend_after: Duration,
    pub max_fee_wei: u128,
}

impl Default for Setting {
    fn default() -> Self {
        Self {
            mining: Mining::PerTransaction,
            confirmations: 0,
            resend_after: PATIENCE,
            max_fee_wei: MAX_FEE_WEI,
        }
    }
}

pub struct Scene {
    pub db: TestDb,
    pub chain: Anvil,
    pub contract: Address,
    pub metrics: Metrics,
    pub setting: Setting,
    pub hub_pem: String,
    key: PathBuf,
    folder: tempfile::TempDir,
}

impl Scene {
    pub async fn new(name: &str, setting: Setting) -> Self {
        let folder = tempfile::tempdir().unwrap();
        // With a state file, so that a test may stop the chain and start it again.
        let state = folder.path().join("chain.json");
        let chain =
            Anvil::start_keeping(setting.mining, &state).unwrap_or_else(|error| panic!("{error}"));
        let key = folder.path().join("publisher.hex");
        let wallet = Wallet::create(&key, &SystemRandom::new()).unwrap();
        chain.fund(wallet.address()).unwrap();
        let rpc = chain.rpc();
        let contract = if setting.mining == Mining::OnRequest {
            // Nobody makes the block that the deployment waits for but this test.
            std::thread::scope(|scope| {
                let deploying = scope.spawn(|| deploy(&rpc, &wallet, PATIENCE));
                while !deploying.is_finished() {
                    chain.mine(1).unwrap();
                    std::thread::yield_now();
                }
                deploying.join().unwrap()
            })
        } else {
            deploy(&rpc, &wallet, PATIENCE)
        }
        .unwrap()
        .contract;
        let hub_keys = LedgerKeys::generate("hub.example/1", &SystemRandom::new()).unwrap();
        Self {
            db: TestDb::migrated(name).await,
            chain,
            contract,
            metrics: Metrics::new(),
            setting,
            hub_pem: hub_keys.to_pem_file(),
            key,
            folder,
        }
    }

    /// Sends transactions of another account, which pay more than ours.
    pub fn crowd(&self, count: u64) {
        let path = self.folder.path().join("stranger.hex");
        let stranger = Wallet::create(&path, &SystemRandom::new()).unwrap();
        self.chain.fund(stranger.address()).unwrap();
        let rpc = self.chain.rpc();
        for nonce in 0..count {
            let transaction = Transaction {
                chain_id: CHAIN_ID,
                nonce,
                max_priority_fee_wei: 50_000_000_000,
                max_fee_wei: 60_000_000_000,
                gas_limit: 21_000,
                to: Some(stranger.address()),
                value_wei: 1,
                data: Vec::new(),
            };
            let raw = anchor::quantity::from_bytes(&transaction.sign(&stranger).unwrap().raw);
            rpc.call("eth_sendRawTransaction", &serde_json::json!([raw])).unwrap();
        }
    }

    /// The account that publishes.
    #[cfg(debug_assertions)]
    pub fn publisher(&self) -> Address {
        Wallet::load(&self.key).unwrap().address()
    }

    pub async fn worker(&self, sites: &[&Site]) -> Worker {
        self.worker_on(&self.db, sites, &[self.chain.url().to_owned()]).await
    }

    pub async fn worker_on(&self, db: &TestDb, sites: &[&Site], rpc: &[String]) -> Worker {
        let sites: HashMap<_, _> = sites
            .iter()
            .map(|site| (site.keys.origin().to_owned(), site.keys.verifier_keys()))
            .collect();
        let rpc = Arc::new(Rpc::new(rpc, CHAIN_ID));
        let wallet = Wallet::load(&self.key).unwrap();
        let config = Config {
            listen: ([127, 0, 0, 1], 0).into(),
            hub: Hub {
                origin: "hub.example/1".into(),
                party: "the operator".into(),
                keys: LedgerKeys::from_pem_file(&self.hub_pem).unwrap(),
                sites,
            },
            pace: Pace {
                epoch: Duration::from_mins(10),
                poll: Duration::from_millis(10),
                resend_after: self.setting.resend_after,
                confirmations: self.setting.confirmations,
            },
            chain_id: CHAIN_ID,
            contract: self.contract,
            target: Arc::new(Evm::new(rpc, self.contract, wallet, self.setting.max_fee_wei)),
        };
        Worker::new(config, db.db_as(sql::Access::Anchor).await, self.metrics.clone()).await.unwrap()
    }

    /// Writes the configuration file of a worker in a process of its own; gives its path and the worker's address.
    pub fn configure(&self, sites: &[&Site]) -> (PathBuf, SocketAddr) {
        let folder = self.folder.path();
        let write = |name: &str, text: &str| std::fs::write(folder.join(name), text).unwrap();
        let door = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let mut ledgers = String::new();
        let mut add = |kind: &str, origin: &str, pem: &str, file: &str| {
            write(file, pem);
            write!(
                ledgers,
                "[[ledger]]\norigin = \"{origin}\"\nkind = \"{kind}\"\nkeys = \"{file}\"\n\
                 party = {{ name = \"a party\", pgln = \"urn:epc:id:pgln:4012345.00000\" }}\n"
            )
            .unwrap();
        };
        add("hub", "hub.example/1", &self.hub_pem, "hub.pem");
        for (place, site) in sites.iter().enumerate() {
            let file = format!("site-{place}.pem");
            add("site", site.keys.origin(), &site.keys.to_pem_file(), &file);
        }
        let keys = sites.iter().flat_map(|site| site.keys.verifier_keys());
        write("policy.txt", &keys.map(|key| format!("log {key}\n")).collect::<String>());
        let (url, rpc, contract) =
            (self.db.url_for(sql::Access::Owner), self.chain.url(), self.contract);
        let confirmations = self.setting.confirmations;
        write(
            "chopmark.toml",
            &format!(
                "[database]\nurl = \"{url}\"\n\
                 [anchor]\nledger = \"hub.example/1\"\nrpc = [\"{rpc}\"]\nchain_id = {CHAIN_ID}\n\
                 contract = \"{contract}\"\nkey = \"publisher.hex\"\nlisten = \"{door}\"\n\
                 epoch_seconds = 1\nconfirmations = {confirmations}\npoll_ms = 20\n\
                 policy = \"policy.txt\"\n\
                 [ingest]\nlisten = \"127.0.0.1:0\"\n{ledgers}"
            ),
        );
        (folder.join("chopmark.toml"), door)
    }

    /// Ticks until an anchor of `size` hub entries is final.
    pub async fn tick_until_final(&self, worker: &mut Worker, size: u64) -> FinalAnchor {
        let deadline = Instant::now() + PATIENCE;
        let mut last = String::from("nothing failed");
        loop {
            worker.hurry();
            if let Err(error) = worker.tick().await {
                assert!(!error.is_fatal(), "{error}");
                last = error.to_string();
            }
            let found = sql::anchors::covering(&self.db, worker.hub_id(), size).await.unwrap();
            if let Some(anchor) = found {
                return anchor;
            }
            assert!(Instant::now() < deadline, "not final in time: {last}");
            tokio::task::yield_now().await;
        }
    }

    /// Ticks until the open anchor is in that state.
    pub async fn tick_until(&self, worker: &mut Worker, state: sql::anchors::AnchorState) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            worker.hurry();
            worker.tick().await.unwrap();
            let open = sql::anchors::open(&self.db).await.unwrap();
            if open.iter().any(|anchor| anchor.state == state) {
                return;
            }
            assert!(Instant::now() < deadline, "no anchor became {state:?}: {open:?}");
            tokio::task::yield_now().await;
        }
    }

    /// Stops the chain; what it holds is kept.
    pub fn stop_chain(self) -> Stopped {
        let port = self.chain.port();
        let Self { db, chain, contract, metrics, setting, hub_pem, key, folder } = self;
        chain.stop().unwrap();
        Stopped { db, port, contract, metrics, setting, hub_pem, key, folder }
    }

    /// Checks a proof as a verifier would, knowing only contract, hub and the chain's word for the block.
    pub fn assert_proves(&self, anchor: &FinalAnchor, root: &Hash) {
        let found = &anchor.evidence;
        let (block, logs) = ledger::evm::verify_receipt(
            &found.header,
            found.transaction_index,
            &found.receipt,
            &found.proof,
        )
        .unwrap();
        assert_eq!(block.hash.0, found.block_hash);
        let hub_id = ledger::hub::hub_id("hub.example/1");
        assert!(logs.has_anchored(&self.contract.0, &hub_id, root, anchor.size));
        assert_eq!(anchor.root, *root);
    }
}

/// A scene whose chain does not run.
pub struct Stopped {
    pub db: TestDb,
    port: u16,
    contract: Address,
    metrics: Metrics,
    setting: Setting,
    hub_pem: String,
    key: PathBuf,
    folder: tempfile::TempDir,
}

impl Stopped {
    /// Starts the chain again, at the same place with the same blocks.
    pub fn start_chain(self) -> Scene {
        let Self { db, port, contract, metrics, setting, hub_pem, key, folder } = self;
        let state = folder.path().join("chain.json");
        let chain = Anvil::start_on(port, setting.mining, Some(&state)).unwrap();
        Scene { db, chain, contract, metrics, setting, hub_pem, key, folder }
    }
}
