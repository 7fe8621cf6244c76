//! A local EVM chain for demo and tests: anvil, as the npm package brings it.
//!
//! The way through: [`find`] the binary, [`Anvil::start`] it on a free port of the loopback address,
//! [`Anvil::fund`] an account; dropping it ends the process.
//!
//! What holds: nothing of this runs in production; the chain listens on the loopback address alone.
//!
//! Not here: requests to the chain (`deploy`, `chain::ethereum`).

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use evm::Address;
use process::Clock;
use serde_json::{Value, json};
use thiserror::Error;

use crate::quantity;
use crate::rpc::{Rpc, RpcError};

/// Anvil's default chain id.
pub const CHAIN_ID: u64 = 31_337;

/// Longest that anvil may take to listen; 0.3 s is usual.
const START_LIMIT: Duration = Duration::from_secs(30);
/// Tries to start, because a port may be taken between choosing and using it.
const START_TRIES: u32 = 5;

/// Why there is no local chain.
#[derive(Debug, Error)]
pub enum AnvilError {
    /// There is no such file.
    #[error(
        "no anvil at {0}; `make setup` installs it there on Linux on amd64 (npm ci in anchor/contracts); elsewhere set \
         CHOPMARK_ANVIL to its path"
    )]
    NotFound(PathBuf),
    /// The process could not be started.
    #[error("{path} did not start")]
    Start {
        /// The binary.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The process ended, or did not listen in time.
    #[error("anvil does not listen on port {port}; its last error: {last_error}")]
    NotListening {
        /// The port.
        port: u16,
        /// The last line of its output about an error.
        last_error: String,
    },
    /// The chain refused.
    #[error(transparent)]
    Rpc(#[from] RpcError),
}

/// How the chain makes blocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mining {
    /// A block for every transaction, at once.
    PerTransaction,
    /// A block every so many seconds.
    EverySeconds(u64),
    /// No block until asked for ([`Anvil::mine`]).
    OnRequest,
}

/// A running chain.
#[derive(Debug)]
pub struct Anvil {
    process: Child,
    url: String,
    port: u16,
}

/// The path of the binary.
///
/// # Errors
///
/// [`AnvilError::NotFound`], saying how to get it.
pub fn find() -> Result<PathBuf, AnvilError> {
    if let Some(path) = std::env::var_os("CHOPMARK_ANVIL") {
        let path = PathBuf::from(path);
        return if path.is_file() { Ok(path) } else { Err(AnvilError::NotFound(path)) };
    }
    // The package for one kind of machine, not the launcher package: not every registry has the launcher's packages
    // for other machines, and without them `npm ci` refuses the lock file.
    let path = contracts().join("node_modules/@foundry-rs/anvil-linux-amd64/bin/anvil");
    if path.is_file() { Ok(path) } else { Err(AnvilError::NotFound(path)) }
}

/// The folder with the contract and its npm packages, in the source tree that this was built from.
#[must_use]
pub fn contracts() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("contracts")
}

impl Anvil {
    /// Starts a fresh chain on a free port.
    ///
    /// # Errors
    ///
    /// [`AnvilError`]
    pub fn start(mining: Mining) -> Result<Self, AnvilError> {
        Self::start_somewhere(mining, None)
    }

    /// Starts a chain on a free port that loads its blocks from the file `state`, if it exists, and saves them there
    /// when it is stopped ([`Anvil::stop`]).
    ///
    /// # Errors
    ///
    /// [`AnvilError`]
    pub fn start_keeping(mining: Mining, state: &Path) -> Result<Self, AnvilError> {
        Self::start_somewhere(mining, Some(state))
    }

    fn start_somewhere(mining: Mining, state: Option<&Path>) -> Result<Self, AnvilError> {
        let mut tries = 1;
        loop {
            match Self::start_on(free_port(), mining, state) {
                Err(AnvilError::NotListening { .. }) if tries < START_TRIES => tries += 1,
                outcome => return outcome,
            }
        }
    }

    /// Starts a chain on a given port; with `state`, blocks are loaded from and saved to that file.
    ///
    /// # Errors
    ///
    /// [`AnvilError`]
    pub fn start_on(port: u16, mining: Mining, state: Option<&Path>) -> Result<Self, AnvilError> {
        let path = find()?;
        let mut process = command(&path, port, mining, state)
            .spawn()
            .map_err(|source| AnvilError::Start { path, source })?;
        let output = process.stdout.take();
        let (sender, lines) = mpsc::channel();
        std::thread::spawn(move || {
            let output = output.map(BufReader::new).into_iter().flat_map(BufRead::lines);
            // Read on after it listens, or anvil would stop at a full pipe.
            for line in output.map_while(Result::ok) {
                sender.send(line).ok();
            }
        });
        let chain = Self { process, url: format!("http://127.0.0.1:{port}"), port };
        let mut last_error = String::from("none");
        loop {
            match lines.recv_timeout(START_LIMIT) {
                Ok(line) if line.starts_with("Listening on") => return Ok(chain),
                // The banner holds the private keys of a well-known phrase; only lines about errors are kept.
                Ok(line) if line.to_lowercase().contains("error") => last_error = line,
                Ok(_) => {}
                Err(_) => return Err(AnvilError::NotListening { port, last_error }),
            }
        }
    }

    /// The URL it listens on.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The port it listens on.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// A client for it.
    #[must_use]
    pub fn rpc(&self) -> Rpc {
        Rpc::new(std::slice::from_ref(&self.url), CHAIN_ID, Clock::system())
    }

    /// Gives an account 1,000 of the chain's coins.
    ///
    /// # Errors
    ///
    /// [`AnvilError::Rpc`]
    pub fn fund(&self, account: Address) -> Result<(), AnvilError> {
        let wei = quantity::from_number(1_000 * 10_u128.pow(18));
        self.rpc().call("anvil_setBalance", &json!([account.to_string(), wei]))?;
        Ok(())
    }

    /// Makes `blocks` blocks.
    ///
    /// # Errors
    ///
    /// [`AnvilError::Rpc`]
    pub fn mine(&self, blocks: u64) -> Result<(), AnvilError> {
        self.rpc().call("anvil_mine", &json!([quantity::from_number(blocks.into())]))?;
        Ok(())
    }

    /// Drops the newest `depth` blocks with their transactions and makes as many empty ones.
    ///
    /// # Errors
    ///
    /// [`AnvilError::Rpc`]
    pub fn reorganise(&self, depth: u64) -> Result<(), AnvilError> {
        self.rpc().call("anvil_reorg", &json!([depth, Value::Array(Vec::new())]))?;
        Ok(())
    }

    /// Ends the process; with a state file, after writing it.
    ///
    /// # Errors
    ///
    /// If the signal cannot be sent, or the process does not end.
    pub fn stop(mut self) -> std::io::Result<()> {
        let pid = i32::try_from(self.process.id()).map_err(std::io::Error::other)?;
        nix::sys::signal::kill(nix::unistd::Pid::from_raw(pid), nix::sys::signal::Signal::SIGTERM)?;
        self.process.wait()?;
        Ok(())
    }
}

impl Drop for Anvil {
    fn drop(&mut self) {
        // Both fail only when it has ended already.
        self.process.kill().ok();
        self.process.wait().ok();
    }
}

/// The command that starts a chain.
fn command(path: &Path, port: u16, mining: Mining, state: Option<&Path>) -> Command {
    let mut command = Command::new(path);
    command.args(["--host", "127.0.0.1", "--port", &port.to_string()]);
    command.args(["--chain-id", &CHAIN_ID.to_string(), "--accounts", "1"]);
    match mining {
        Mining::PerTransaction => {}
        Mining::EverySeconds(seconds) => {
            command.args(["--block-time", &seconds.to_string()]);
        }
        Mining::OnRequest => {
            command.arg("--no-mining");
        }
    }
    if let Some(state) = state {
        command.arg("--state").arg(state);
    }
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    command
}

/// A port that was free a moment ago.
fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0")
        .and_then(|listener| listener.local_addr())
        .map_or(0, |address| address.port())
}
