//! A local EVM chain for demo and tests: anvil, as the npm package brings it.
//!
//! The way through: [`find`] the binary, [`Anvil::start`] it on a free port of the loopback address,
//! [`Anvil::fund`] an account; dropping it ends the process.
//!
//! What holds: nothing of this runs in production; the chain listens on the loopback address alone.
//!
//! Not here: what the chain is told (`deploy`, `target::evm`).

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use serde_json::{Value, json};
use thiserror::Error;

use crate::quantity;
use crate::rpc::{Rpc, RpcError};
use crate::transaction::Address;

/// The chain id that anvil takes unless told otherwise.
pub const CHAIN_ID: u64 = 31_337;

/// Longest that anvil may take to listen; 0.3 s is usual.
const START_LIMIT: Duration = Duration::from_secs(30);
/// A port may be taken between choosing and using it.
const START_TRIES: u32 = 5;

/// Why there is no local chain.
#[derive(Debug, Error)]
pub enum AnvilError {
    /// The binary is not there.
    #[error(
        "no anvil at {0}; `make setup` puts it there on Linux on amd64 (npm ci in anchor/contracts), elsewhere \
         CHOPMARK_ANVIL names one"
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
    /// The process ended or was silent instead of listening.
    #[error("anvil does not listen on port {port}; it said: {said}")]
    Silent {
        /// The port.
        port: u16,
        /// Its last words.
        said: String,
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

/// The binary's place.
///
/// # Errors
///
/// [`AnvilError::NotFound`], saying how to get it.
pub fn find() -> Result<PathBuf, AnvilError> {
    if let Some(path) = std::env::var_os("CHOPMARK_ANVIL") {
        let path = PathBuf::from(path);
        return if path.is_file() { Ok(path) } else { Err(AnvilError::NotFound(path)) };
    }
    // The package for one kind of machine, not its launcher: that one's packages for other machines cannot be
    // had from every registry, and then `npm ci` refuses the lock file.
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

    /// Starts a chain on a free port that begins with what the file `state` kept, if it is there, and keeps its
    /// blocks there when it is stopped ([`Anvil::stop`]).
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
                Err(AnvilError::Silent { .. }) if tries < START_TRIES => tries += 1,
                outcome => return outcome,
            }
        }
    }

    /// Starts a chain on a port, with what the file `state` kept, and keeping it there at the end.
    ///
    /// # Errors
    ///
    /// [`AnvilError`]
    pub fn start_on(port: u16, mining: Mining, state: Option<&Path>) -> Result<Self, AnvilError> {
        let path = find()?;
        let mut command = Command::new(&path);
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
        let mut process = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|source| AnvilError::Start { path, source })?;
        let output = process.stdout.take();
        let (tell, told) = mpsc::channel();
        std::thread::spawn(move || {
            let lines = output.map(BufReader::new).into_iter().flat_map(BufRead::lines);
            // Read on after it listens, or anvil would stop at a full pipe.
            for line in lines.map_while(Result::ok) {
                tell.send(line).ok();
            }
        });
        let chain = Self { process, url: format!("http://127.0.0.1:{port}"), port };
        let mut said = String::from("nothing");
        loop {
            match told.recv_timeout(START_LIMIT) {
                Ok(line) if line.starts_with("Listening on") => return Ok(chain),
                Ok(line) if line.trim().is_empty() => {}
                // The banner holds the private keys of a well-known phrase; only words about errors are kept.
                Ok(line) if line.to_lowercase().contains("error") => said = line,
                Ok(_) => {}
                Err(_) => return Err(AnvilError::Silent { port, said }),
            }
        }
    }

    /// Where it listens.
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
        Rpc::new(std::slice::from_ref(&self.url), CHAIN_ID)
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

    /// Throws the newest `depth` blocks away and makes as many empty ones; their transactions are gone.
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
    /// If it cannot be told to, or does not end.
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

/// A port that nobody listened on a moment ago.
fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0")
        .and_then(|listener| listener.local_addr())
        .map_or(0, |address| address.port())
}
