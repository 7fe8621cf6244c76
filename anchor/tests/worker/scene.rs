//! A chain, a database, sites with ledgers, and a worker that is driven tick by tick.

use std::fmt::Write as _;
use std::net::{SocketAddr, TcpListener};
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anchor::anvil::{Anvil, CHAIN_ID, Mining};
use anchor::config::{Config, Hub, Pace, Publishing};
use anchor::deploy::deploy;
use anchor::metrics::Metrics;
use anchor::wallet::Wallet;
use anchor::worker::Worker;
use evm::Address;
use evm::transaction::Transaction;
use jiff::Timestamp;
use ledger::Hash;
use ledger::checkpoint::Checkpoint;
use ledger::hash;
use ledger::keys::{LedgerKeys, SystemRandom};
use ledger::policy::{Policy, TrustedKey, Window};
use ledger::tree::Frontier;
use process::{Clock, Context, CrashPoints, Randomness};
use sql::LedgerId;
use sql::anchors::FinalAnchor;
use sql::ledgers::{Append, Entry};
use sql::testing::TestDb;

/// Longest that anything here may take.
pub const PATIENCE: Duration = Duration::from_mins(2);
/// Between two collections of checkpoints.
const EPOCH: Duration = Duration::from_mins(10);
/// Longer than the worker ever waits: for the next epoch, after a failed step, for an endpoint that failed.
pub const LONG: Duration = Duration::from_mins(11);
/// Cap of offers in tests: anvil starts at 1 gwei.
pub const MAX_FEE_WEI: u128 = 100_000_000_000;

/// A site's ledger, written as ingest would.
pub struct Site {
    pub id: LedgerId,
    pub keys: LedgerKeys,
}

impl Site {
    pub async fn new(db: &TestDb, origin: &str) -> Self {
        Self::of_kind(db, origin, "site").await
    }

    /// A ledger of another kind.
    pub async fn of_kind(db: &TestDb, origin: &str, kind: &str) -> Self {
        let keys = LedgerKeys::generate(origin, &SystemRandom::new()).unwrap();
        let id = sql::ledgers::create_ledger(db, origin, kind, "a party").await.unwrap();
        Self { id, keys }
    }

    /// The same ledger, signed with other keys from now on.
    pub fn with_new_keys(&self) -> Self {
        let keys = LedgerKeys::generate(self.keys.origin(), &SystemRandom::new()).unwrap();
        Self { id: self.id, keys }
    }

    /// Its public keys, in force in `window`.
    pub fn trusted_keys(&self, window: Window) -> impl Iterator<Item = TrustedKey> {
        let keys = self.keys.verifier_keys().into_iter();
        keys.map(move |key| TrustedKey { window, ..TrustedKey::from(key) })
    }

    /// Appends `count` records to the ledger as it is stored.
    pub async fn append(&self, db: &TestDb, count: u64) {
        let frontier = sql::ledgers::load_frontier(db, self.id).await.unwrap();
        self.append_to(db, frontier, count).await;
    }

    /// Appends to whatever tree is given, true or not.
    pub async fn append_to(&self, db: &TestDb, frontier: Frontier, count: u64) {
        let leaves: Vec<Hash> =
            (0..count).map(|index| hash::leaf(&(frontier.size() + index).to_be_bytes())).collect();
        self.append_hashes(db, frontier, &leaves).await;
    }

    /// Appends records with these contents.
    pub async fn append_leaves(&self, db: &TestDb, frontier: Frontier, contents: &[&[u8]]) {
        let leaves: Vec<Hash> = contents.iter().map(|content| hash::leaf(content)).collect();
        self.append_hashes(db, frontier, &leaves).await;
    }

    async fn append_hashes(&self, db: &TestDb, frontier: Frontier, leaves: &[Hash]) {
        let entries = leaves
            .iter()
            .map(|leaf_hash| Entry {
                text: "{}".into(),
                secret: Some([0; 16]),
                leaf_hash: *leaf_hash,
            })
            .collect();
        let mut after = frontier;
        let mut append = Append::to(self.id, &mut after, entries, Timestamp::now());
        let origin = self.keys.origin().to_owned();
        let checkpoint = Checkpoint { origin, size: after.size(), root: after.root() };
        let note = self.keys.sign_checkpoint(&checkpoint, &SystemRandom::new()).unwrap();
        append.note = note;
        db.run_tx("test.append", async |tx: &sql::Transaction<'_>| {
            sql::ledgers::append(tx, &append).await
        })
        .await
        .unwrap();
    }
}

/// A policy with the public keys of the sites.
pub fn policy(sites: &[&Site]) -> Policy {
    let logs = sites.iter().flat_map(|site| site.trusted_keys(Window::default())).collect();
    Policy { logs, ..Policy::default() }
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
            // Longer than the clock is advanced in any test.
            resend_after: Duration::from_hours(24 * 365 * 10),
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
    pub clock: Clock,
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
            // Blocks have the time of the machine, and must not be in the future.
            clock: Clock::manual(Timestamp::now()),
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
            let raw = anchor::quantity::from_bytes(&stranger.sign(&transaction).unwrap().raw);
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
        self.worker_trusting(db, policy(sites), rpc, 1).await
    }

    /// A worker that needs `quorum` of the endpoints to agree.
    pub async fn worker_asking(&self, sites: &[&Site], rpc: &[String], quorum: usize) -> Worker {
        self.worker_trusting(&self.db, policy(sites), rpc, quorum).await
    }

    pub async fn worker_trusting(
        &self,
        db: &TestDb,
        policy: Policy,
        rpc: &[String],
        quorum: usize,
    ) -> Worker {
        let config = Config {
            listen: ([127, 0, 0, 1], 0).into(),
            hub: Hub {
                origin: "hub.example/1".into(),
                party: "the operator".into(),
                keys: LedgerKeys::from_pem_file(&self.hub_pem).unwrap(),
                policy,
            },
            pace: Pace {
                epoch: EPOCH,
                poll: Duration::from_millis(10),
                resend_after: self.setting.resend_after,
                confirmations: self.setting.confirmations,
                recheck: Duration::from_hours(1),
                clock_slack: Duration::from_mins(5),
            },
            publishing: Publishing {
                rpc: rpc.to_vec(),
                quorum,
                chain_id: CHAIN_ID,
                contract: self.contract,
                wallet: Wallet::load(&self.key).unwrap(),
                max_fee_wei: self.setting.max_fee_wei,
            },
        };
        let context = Context {
            clock: self.clock.clone(),
            random: Randomness::system(),
            crash: CrashPoints::none(),
            shutdown: tokio::sync::watch::channel(false).1,
            reloads: process::Reloads::default(),
            metrics: process::ProcessMetrics::default(),
            service: process::Service::default(),
            one_address: None,
        };
        let db = db.db_as(sql::Access::Anchor).await;
        Worker::new(config, db, self.metrics.clone(), context).await.unwrap()
    }

    /// Ends a worker, and waits until the database has given up its lease: that is a moment after its connection is closed.
    pub async fn end(&self, worker: Worker) {
        drop(worker);
        let deadline = Instant::now() + PATIENCE;
        let is_free = "do $$ begin
             if exists (
               select from pg_locks join pg_database d on d.oid = pg_locks.database
               where locktype = 'advisory' and d.datname = current_database()
             ) then raise exception 'a worker holds its lease'; end if; end $$";
        while let Err(error) = self.db.execute(is_free).await {
            assert!(Instant::now() < deadline, "{error}");
            tokio::task::yield_now().await;
        }
    }

    /// One tick, so much later that everything is due.
    pub async fn tick(&self, worker: &mut Worker) -> Result<(), anchor::Error> {
        self.clock.advance(LONG);
        worker.tick().await
    }

    /// Writes the configuration file of a worker in a process of its own; returns its path and the address that the
    /// worker listens on.
    ///
    /// Of the sites there are only public keys, in the policy file; the key files that `[[ledger]]` names do not exist.
    pub fn configure(&self, sites: &[&Site]) -> (PathBuf, SocketAddr) {
        let folder = self.folder.path();
        let write = |name: &str, text: &str| {
            let path = folder.join(name);
            std::fs::write(&path, text).unwrap();
            // Key files of others are refused.
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        };
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let mut ledgers = String::new();
        let mut add = |kind: &str, origin: &str, file: &str| {
            write!(
                ledgers,
                "[[ledger]]\norigin = \"{origin}\"\nkind = \"{kind}\"\nkeys = \"{file}\"\n\
                 party = {{ name = \"a party\", pgln = \"urn:epc:id:pgln:4012345.00000\" }}\n"
            )
            .unwrap();
        };
        write("hub.pem", &self.hub_pem);
        add("hub", "hub.example/1", "hub.pem");
        for site in sites {
            add("site", site.keys.origin(), "at-the-site/keys.pem");
        }
        write("policy.txt", &policy(sites).to_string());
        let (url, rpc, contract) =
            (self.db.url_for(sql::Access::Owner), self.chain.url(), self.contract);
        let confirmations = self.setting.confirmations;
        write(
            "chopmark.toml",
            &format!(
                "[database]\nurl = \"{url}\"\n\
                 [anchor]\nledger = \"hub.example/1\"\nrpc = [\"{rpc}\"]\nchain_id = {CHAIN_ID}\n\
                 contract = \"{contract}\"\nkey = \"publisher.hex\"\n\
                 policy = \"policy.txt\"\nlisten = \"{address}\"\n\
                 epoch_seconds = 1\nconfirmations = {confirmations}\npoll_ms = 20\n\
                 [ingest]\nlisten = \"127.0.0.1:0\"\n{ledgers}"
            ),
        );
        (folder.join("chopmark.toml"), address)
    }

    /// Ticks until an anchor of `size` hub entries is final.
    pub async fn tick_until_final(&self, worker: &mut Worker, size: u64) -> FinalAnchor {
        let deadline = Instant::now() + PATIENCE;
        let mut last = String::from("nothing failed");
        loop {
            if let Err(error) = self.tick(worker).await {
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
            self.tick(worker).await.unwrap();
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
        let Self { db, chain, contract, metrics, setting, clock, hub_pem, key, folder } = self;
        chain.stop().unwrap();
        Stopped { db, port, contract, metrics, setting, clock, hub_pem, key, folder }
    }

    /// Checks a proof as a verifier would, knowing only contract, hub and the block's hash on the chain.
    pub fn assert_proves(&self, anchor: &FinalAnchor, root: &Hash) {
        let found = &anchor.evidence;
        let (block, logs) = evm::proof::verify_receipt(
            &found.header,
            found.transaction_index,
            &found.receipt,
            &found.proof,
        )
        .unwrap();
        assert_eq!(block.hash, found.block_hash);
        let hub_id = ledger::hub::hub_id("hub.example/1");
        assert!(logs.has_anchored(&self.contract.0, &hub_id.0, &root.0, anchor.size));
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
    pub clock: Clock,
    hub_pem: String,
    key: PathBuf,
    folder: tempfile::TempDir,
}

impl Stopped {
    /// Starts the chain again, at the same place with the same blocks.
    pub fn start_chain(self) -> Scene {
        let Self { db, port, contract, metrics, setting, clock, hub_pem, key, folder } = self;
        let state = folder.path().join("chain.json");
        let chain = Anvil::start_on(port, setting.mining, Some(&state)).unwrap();
        Scene { db, chain, contract, metrics, setting, clock, hub_pem, key, folder }
    }
}
