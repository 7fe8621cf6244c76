//! The installation that is loaded: one of its own (`private` starts it), or one that somebody else runs.
//!
//! What holds: what a file or an option says is checked before anything is sent.

use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use anyhow::Context as _;
use demo::traffic::Target;

use super::arguments::Arguments;
use super::machine;
use crate::world::World;

/// A partner whose documents are sent.
#[derive(Debug, Clone)]
pub struct Sender {
    /// Its token.
    pub token: String,
    /// Company prefix of its goods.
    pub prefix: String,
}

/// How the ledgers are audited at the end.
#[derive(Debug, Clone)]
pub enum Audit {
    /// By `chopmark audit` with these words.
    By(Vec<String>),
    /// Not, and why.
    Not(String),
}

/// Where everything is.
#[derive(Debug)]
pub struct Installation {
    /// For people: `private installation`, or the file or URL.
    pub name: String,
    /// Ingest.
    pub ingest: Target,
    /// Trace-api, as the public reaches it.
    pub trace: Option<Target>,
    /// Trace-api, as its operator reaches it: `http://127.0.0.1:8086`.
    pub operator: Option<String>,
    /// Who sends.
    pub senders: Vec<Sender>,
    /// How it is audited.
    pub audit: Audit,
    /// What was started, if it is a private one.
    pub world: Option<Mutex<World>>,
    /// Processes of ingest and trace-api, once they were found.
    pids: Mutex<[Option<u32>; 2]>,
}

/// What a configuration file says.
#[derive(Default)]
struct Configured {
    ingest: Option<String>,
    trace: Option<String>,
    operator: Option<String>,
    audit: Option<Audit>,
}

impl Installation {
    /// Finds the installation that is named; `folder` is made for the report.
    ///
    /// # Errors
    ///
    /// With what was got and what was expected.
    pub fn open(arguments: &Arguments, folder: &Path) -> anyhow::Result<Self> {
        std::fs::create_dir_all(folder)
            .with_context(|| format!("could not make {}", folder.display()))?;
        let configured = arguments.config.as_deref().map(|file| configured(file, arguments));
        let configured = configured.transpose()?.unwrap_or_default();
        let option = |option: &Option<String>, file: Option<String>| option.clone().or(file);
        let ingest = option(&arguments.ingest, configured.ingest)
            .context("--ingest: got none and no [ingest] in the file, expected one of them")?;
        let trace = option(&arguments.trace, configured.trace);
        let operator = option(&arguments.operator, configured.operator);
        let prefixes = arguments.prefix.iter().cycle();
        let senders = arguments.token.iter().cloned().zip(prefixes.cloned());
        let name = arguments.config.as_ref().map(|file| file.display().to_string());
        let no_file =
            || Audit::Not("no --config was given, so the database is not known".to_owned());
        let operator = operator.map(|url| url.trim_end_matches('/').to_owned());
        if let Some(url) = &operator {
            Target::parse(url).context("--operator")?;
        }
        Ok(Self {
            name: name.unwrap_or_else(|| ingest.clone()),
            ingest: Target::parse(&ingest).context("--ingest")?,
            trace: trace.map(|url| Target::parse(&url)).transpose().context("--trace")?,
            operator,
            senders: senders.map(|(token, prefix)| Sender { token, prefix }).collect(),
            audit: configured.audit.unwrap_or_else(no_file),
            world: None,
            pids: Mutex::default(),
        })
    }

    /// A private one.
    pub fn private(
        world: World,
        (ingest, trace, operator): (SocketAddr, SocketAddr, SocketAddr),
        sender: Sender,
        audit: Vec<String>,
    ) -> Self {
        Self {
            name: "private installation".to_owned(),
            ingest: ingest.into(),
            trace: Some(trace.into()),
            operator: Some(format!("http://{operator}")),
            senders: vec![sender],
            audit: Audit::By(audit),
            world: Some(Mutex::new(world)),
            pids: Mutex::default(),
        }
    }

    /// Memory of ingest and of trace-api in megabytes; none of what does not run on this machine.
    pub fn memory(&self) -> [Option<f64>; 2] {
        let mut pids = self.pids.lock().unwrap_or_else(PoisonError::into_inner);
        let addresses = [Some(self.ingest.address), self.trace.as_ref().map(|it| it.address)];
        let mut found = [None; 2];
        for (place, address) in addresses.into_iter().enumerate() {
            let Some(address) = address.filter(|address| address.ip().is_loopback()) else {
                continue;
            };
            found[place] = pids[place].and_then(machine::resident_megabytes);
            if found[place].is_none() {
                pids[place] = machine::listener(address.port());
                found[place] = pids[place].and_then(machine::resident_megabytes);
            }
        }
        found
    }
}

/// What can be connected to, for an address that a process listens on.
fn reachable(address: SocketAddr) -> String {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::from([127, 0, 0, 1]),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::from([0, 0, 0, 0, 0, 0, 0, 1]),
        ip => ip,
    };
    format!("http://{}", SocketAddr::new(ip, address.port()))
}

fn configured(file: &Path, arguments: &Arguments) -> anyhow::Result<Configured> {
    let read = process::config::Installation::read(file);
    let read = read.map_err(|problems| anyhow::anyhow!("{}: {problems}", file.display()))?;
    let trace_api = read.trace_api.as_ref();
    let own_policy = trace_api.map(|section| read.data_dir.join(&section.policy));
    let policy = arguments.policy.clone().or(own_policy);
    let is_embedded = read.database.as_ref().is_none_or(|it| it.embedded && it.url.is_none());
    let audit = match policy {
        _ if is_embedded => Audit::Not(
            "the database is a private one (`embedded = true`), which only its own process opens"
                .to_owned(),
        ),
        None => Audit::Not("got no --policy and no [trace_api] policy in the file".to_owned()),
        Some(policy) => {
            let words = ["audit".into(), "--config".into(), file.display().to_string()];
            let more = ["--policy".into(), policy.display().to_string()];
            Audit::By(words.into_iter().chain(more).collect())
        }
    };
    Ok(Configured {
        ingest: read.ingest.as_ref().map(|section| reachable(section.listen)),
        trace: trace_api.map(|section| reachable(section.listen)),
        operator: trace_api.map(|section| reachable(section.internal_listen)),
        audit: Some(audit),
    })
}
