//! `chopmark directory init`: the first records of a small installation.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use directory::setup::{BridgePlan, PartyPlan, Setup};
use history::directory::begin;
use jiff::SignedDuration;
use keystore::private;
use ledger::directory::{Fields, HolderKey};
use ledger::json::{Json, Limits};
use ledger::keys::LedgerKeys;
use ledger::policy::Policy;
use process::Randomness;

use super::place::{Open, Pen};
use super::{files, gln};
use crate::terminal::{out, problem};

/// What the first records say.
#[derive(clap::Args)]
pub struct Arguments {
    /// The configuration file, for the database
    #[arg(long, value_name = "FILE", default_value = "chopmark.toml")]
    config: PathBuf,
    /// The database itself, instead of the one in the configuration file
    #[arg(long, value_name = "URL")]
    database: Option<String>,
    /// Name of the directory's ledger
    #[arg(long)]
    origin: String,
    /// The directory's own keys; made if the file does not exist
    #[arg(long)]
    keys: PathBuf,
    /// File with the passphrase of --keys, if they are encrypted, mode 0600. Default: it is asked for on the terminal
    #[arg(long, value_name = "FILE")]
    passphrase_file: Option<PathBuf>,
    /// Key of the person who holds every office, from `chopmark directory key`
    #[arg(long)]
    key: PathBuf,
    /// Keys of the hub: its key file, or the lines of `chopmark keys show`
    #[arg(long)]
    hub: Option<PathBuf>,
    /// Contract that anchors are published to: `31337:0x5fbd…`
    #[arg(long)]
    chain: Vec<String>,
    /// Id of the first party
    #[arg(long)]
    party: String,
    /// Its name
    #[arg(long)]
    name: String,
    /// Its party identifiers, `urn:epc:id:pgln:…`
    #[arg(long)]
    pgln: Vec<String>,
    /// GLNs of its sites, 13 digits with the check digit
    #[arg(long)]
    site: Vec<String>,
    /// Keys of its ledgers: key files, or the lines of `chopmark keys show`
    #[arg(long)]
    ledger: Vec<PathBuf>,
    /// Its company prefixes
    #[arg(long)]
    prefix: Vec<String>,
    /// Its bridges: name, public key, ledger and read points, with commas between
    #[arg(long)]
    bridge: Vec<String>,
    /// Files that describe further parties
    #[arg(long)]
    more: Vec<PathBuf>,
    /// Public keys that root version 2 may have, besides that of `--key`
    #[arg(long)]
    next: Vec<String>,
    /// Hours of grace for statements that reach the hub after a right has ended
    #[arg(long, default_value_t = 72)]
    late_h: u64,
    /// Days before now from which on prefixes and bridges hold, for events that happened already
    #[arg(long, default_value_t = 0, value_parser = clap::value_parser!(i64).range(0..=365))]
    since_days: i64,
    /// Days for which prefixes, bridges and the root hold
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(i64).range(1..=400))]
    days: i64,
    /// Days for which the first state tells what holds today
    #[arg(long, default_value_t = 7, value_parser = clap::value_parser!(i64).range(1..=31))]
    state_days: i64,
}

/// Everything that a party's plan borrows or holds.
struct PartyFiles {
    admins: Vec<HolderKey>,
    plan: PartyPlan<'static>,
}

/// Writes the records and prints the line to pin.
pub async fn run(arguments: &Arguments) -> anyhow::Result<()> {
    // Before keys are made: a refused command leaves nothing behind.
    gln::check("--site", arguments.site.iter().map(String::as_str))?;
    let parties = parties(arguments)?;
    if !arguments.keys.exists() {
        let random = Randomness::system();
        let keys = LedgerKeys::generate(&arguments.origin, random.source())?;
        private::create(&arguments.keys, &keys.to_pem_file())?;
        problem!("secret keys written to {}", arguments.keys.display());
    }
    let pen =
        Pen::new(&arguments.keys, arguments.passphrase_file.as_deref(), arguments.state_days)?;
    anyhow::ensure!(
        pen.keys.origin() == arguments.origin,
        "{} holds keys of `{}`, expected `{}`",
        arguments.keys.display(),
        pen.keys.origin(),
        arguments.origin
    );
    let from = pen.at - SignedDuration::from_hours(24 * arguments.since_days);
    let longest = (400 - arguments.since_days).min(arguments.days);
    let setup = Setup {
        directory: &pen.keys,
        hub: arguments.hub.as_deref().map(files::keyset).transpose()?,
        chains: chains(&arguments.chain)?,
        next: arguments.next.iter().map(|key| key.parse()).collect::<Result<_, _>>()?,
        late_h: arguments.late_h,
        parties: parties.iter().map(PartyFiles::plan).collect(),
        at: pen.at,
        from,
        until: pen.at + SignedDuration::from_hours(24 * longest),
        state_until: pen.state_until(),
    };
    let entries = setup.entries(pen.random.source())?;
    let open = Open::new(&arguments.config, arguments.database.as_deref()).await?;
    open.db.migrate().await?;
    let written = begin(&open.db, &entries, pen.writer()).await?;
    problem!("{}: {} entries written", written.origin(), written.size());
    out!("{}", directory::setup::pin_of(&entries)?);
    Ok(())
}

impl PartyFiles {
    fn plan(&self) -> PartyPlan<'_> {
        let PartyPlan { id, name, pglns, sites, ledgers, prefixes, bridges, .. } = &self.plan;
        PartyPlan {
            id: id.clone(),
            name: name.clone(),
            pglns: pglns.clone(),
            sites: sites.clone(),
            admins: self.admins.iter().collect(),
            ledgers: ledgers.clone(),
            prefixes: prefixes.clone(),
            bridges: bridges.clone(),
        }
    }
}

fn parties(arguments: &Arguments) -> anyhow::Result<Vec<PartyFiles>> {
    let plan = PartyPlan {
        id: arguments.party.clone(),
        name: arguments.name.clone(),
        pglns: arguments.pgln.clone(),
        sites: arguments.site.clone(),
        admins: Vec::new(),
        ledgers: arguments
            .ledger
            .iter()
            .map(|path| files::keyset(path))
            .collect::<Result<_, _>>()?,
        prefixes: arguments.prefix.clone(),
        bridges: arguments.bridge.iter().map(|text| bridge(text)).collect::<Result<_, _>>()?,
    };
    let mut all = vec![PartyFiles { admins: vec![files::holder(&arguments.key)?], plan }];
    for path in &arguments.more {
        let party = party(path).with_context(|| format!("party in {}", path.display()))?;
        all.push(party);
    }
    Ok(all)
}

fn bridge(text: &str) -> anyhow::Result<BridgePlan> {
    let mut parts = text.split(',').map(str::to_owned);
    let (Some(name), Some(key), Some(ledger)) = (parts.next(), parts.next(), parts.next()) else {
        anyhow::bail!("got bridge `{text}`, expected name,key,ledger,read point…");
    };
    Ok(BridgePlan { name, key, ledger, read_points: parts.collect() })
}

fn chains(texts: &[String]) -> anyhow::Result<Vec<ledger::policy::ChainRoot>> {
    let lines: Vec<String> =
        texts.iter().map(|text| format!("chain {}", text.replace(':', " "))).collect();
    let policy: Policy = lines.join("\n").parse().context("--chain")?;
    Ok(policy.chains)
}

/// Reads the file of a further party.
fn party(path: &Path) -> anyhow::Result<PartyFiles> {
    const KNOWN: &[&str] =
        &["id", "name", "pgln", "sites", "admins", "ledgers", "prefixes", "bridges"];
    let json = ledger::json::parse(files::read(path)?.as_bytes(), &Limits::default())?;
    let fields = Fields::new("", &json, &[KNOWN])?;
    let texts = |name: &str| -> anyhow::Result<Vec<String>> {
        if fields.has(name) { Ok(fields.strings(name, "texts", |_| true)?) } else { Ok(Vec::new()) }
    };
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut bridges = Vec::new();
    for one in fields.get("bridges").and_then(Json::as_array).unwrap_or_default() {
        let own = Fields::new("bridges", one, &[&["name", "key", "ledger", "read_points"]])?;
        bridges.push(BridgePlan {
            name: own.name("name")?,
            key: own.str("key")?.to_owned(),
            ledger: own.str("ledger")?.to_owned(),
            read_points: own.strings("read_points", "texts", |_| true)?,
        });
    }
    let sites = texts("sites")?;
    gln::check("sites", sites.iter().map(String::as_str))?;
    let (mut admins, mut ledgers) = (Vec::new(), Vec::new());
    for file in texts("admins")? {
        admins.push(files::holder(&folder.join(file))?);
    }
    for file in texts("ledgers")? {
        ledgers.push(files::keyset(&folder.join(file))?);
    }
    let plan = PartyPlan {
        id: fields.name("id")?,
        name: fields.prose("name")?,
        pglns: texts("pgln")?,
        sites,
        admins: Vec::new(),
        ledgers,
        prefixes: texts("prefixes")?,
        bridges,
    };
    Ok(PartyFiles { admins, plan })
}
