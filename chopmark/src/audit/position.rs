//! Where an audit stands, in a file: what `--resume` saves and continues from.
//!
//! The way through: [`PositionFile::open`] reads it or begins a new one; [`PositionFile::of`] says where a ledger stands; whoever
//! audits [`PositionFile::put`]s newer standings, which are written every [`EVERY`] and by [`PositionFile::save`].
//!
//! What holds: no more is written than can be read again: of ledgers with very many findings no standing is kept, and that is said. The
//! file is its owner's alone and has a digest over its content, which finds damage. It is as good as the place where it is
//! kept: whoever may write there can put a digest beside a lie. A standing is used only under the policy that it was made
//! under, and only on a checkpoint that the database still has ([`ledger::audit::LedgerAudit::resume`]).
//!
//! Not here: what stands below a position is not read again; the output and docs/operations.md say so.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};
use jiff::Timestamp;
use keystore::private;
use ledger::Hash;
use ledger::audit::{Finding, Standing};
use ledger::hash::sha256;
use ledger::json::{self, Json, Limits, object};
use ledger::policy::Policy;

/// Time between two writings.
const EVERY: Duration = Duration::from_secs(10);
/// Most bytes of a file.
const MOST_BYTES: u64 = 16 * 1024 * 1024;
/// Most groups of doubtful entries of the item index in one standing; an audit with more of them stands where it was.
const MOST_GROUPS: usize = 4096;
const FORMAT: &str = "chopmark audit position 1";

/// Where the audit of one ledger stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stand {
    /// Its rows and checkpoints.
    pub standing: Standing,
    /// Groups of records below it whose entries in the item index must be compared one by one.
    pub groups: BTreeSet<u64>,
    /// When these were recomputed: the time of the first standing.
    pub at: Timestamp,
}

/// The file, and what is in it.
#[derive(Debug)]
pub struct PositionFile {
    path: PathBuf,
    policy: Hash,
    stands: BTreeMap<String, Stand>,
    written: Instant,
    /// Why what the file had is not used.
    pub problem: Option<String>,
    /// Ledgers of which no standing is kept any more, because their findings do not fit into the file.
    pub left_out: BTreeSet<String>,
}

impl PositionFile {
    /// Reads the file; one that does not exist is a new position.
    ///
    /// # Errors
    ///
    /// If it cannot be read, others can use it, or it is damaged.
    pub fn open(path: &Path, policy: &Policy) -> anyhow::Result<Self> {
        let mut file = Self {
            path: path.to_owned(),
            policy: sha256(policy.to_string().as_bytes()),
            stands: BTreeMap::new(),
            written: Instant::now(),
            problem: None,
            left_out: BTreeSet::new(),
        };
        if !path.exists() {
            return Ok(file);
        }
        private::check_mode(path)?;
        let mut bytes = Vec::new();
        std::fs::File::open(path)
            .and_then(|file| file.take(MOST_BYTES + 1).read_to_end(&mut bytes))
            .with_context(|| format!("could not read {}", path.display()))?;
        ensure!(
            bytes.len() as u64 <= MOST_BYTES,
            "{}: got more than {MOST_BYTES} bytes, expected the position of an audit; remove it to begin again",
            path.display()
        );
        let (policy, stands) = parse(&bytes).with_context(|| {
            format!("{}: no position of an audit; remove it to begin again", path.display())
        })?;
        if policy == file.policy {
            file.stands = stands;
        } else {
            file.problem = Some(format!(
                "{}: was saved under other keys than the policy and the directory have now, so every ledger is audited from its beginning",
                path.display()
            ));
        }
        Ok(file)
    }

    /// Where a ledger stands.
    pub fn of(&self, origin: &str) -> Option<&Stand> {
        self.stands.get(origin)
    }

    /// Keeps where a ledger stands now, and writes the file if that is due.
    ///
    /// # Errors
    ///
    /// If it cannot be written.
    pub fn put(&mut self, origin: &str, stand: Stand) -> anyhow::Result<()> {
        if stand.groups.len() <= MOST_GROUPS && !self.left_out.contains(origin) {
            self.stands.insert(origin.to_owned(), stand);
        }
        if self.is_due() { self.save() } else { Ok(()) }
    }

    /// Takes a ledger's standing away: it cannot be used.
    pub fn forget(&mut self, origin: &str) {
        self.stands.remove(origin);
    }

    /// Whether the file should be written.
    pub fn is_due(&self) -> bool {
        self.written.elapsed() >= EVERY
    }

    /// Writes the file. The longest standings are left out until it can be read again; [`Self::left_out`] has their ledgers.
    ///
    /// # Errors
    ///
    /// If it cannot be written.
    pub fn save(&mut self) -> anyhow::Result<()> {
        let mut kept = text(&self.policy, &self.stands);
        while kept.len() as u64 > MOST_BYTES {
            let length = |(_, stand): &(&String, &Stand)| {
                let all = stand.standing.of_rows.iter().chain(&stand.standing.of_checkpoints);
                all.map(|finding| finding.what.len() + 32).sum::<usize>() + stand.groups.len()
            };
            let longest = self.stands.iter().max_by_key(length).map(|(origin, _)| origin.clone());
            let Some(origin) = longest else { break };
            self.stands.remove(&origin);
            self.left_out.insert(origin);
            kept = text(&self.policy, &self.stands);
        }
        // Left by a run that was killed while it wrote; ours alone to write.
        let mut beside = self.path.as_os_str().to_owned();
        beside.push(".new");
        std::fs::remove_file(beside).ok();
        private::replace(&self.path, &kept)?;
        self.written = Instant::now();
        Ok(())
    }

    /// Removes the file: the audit is complete, and the next one begins again.
    ///
    /// # Errors
    ///
    /// If it cannot be removed.
    pub fn remove(&self) -> anyhow::Result<()> {
        match std::fs::remove_file(&self.path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(error).with_context(|| format!("could not remove {}", self.path.display()))
            }
            _ => Ok(()),
        }
    }
}

fn text(policy: &Hash, stands: &BTreeMap<String, Stand>) -> String {
    let findings = |found: &[Finding]| {
        let one = |finding: &Finding| {
            let index = finding.index.map_or(Json::Null, |index| index.to_string().into());
            object([("index", index), ("what", Json::from(finding.what.as_str()))])
        };
        Json::Array(found.iter().map(one).collect())
    };
    let ledger = |(origin, stand): (&String, &Stand)| {
        let Standing { size, peaks, note, checkpoints, of_rows, of_checkpoints } = &stand.standing;
        object([
            ("origin", Json::from(origin.as_str())),
            ("size", Json::from(*size)),
            ("peaks", Json::Array(peaks.iter().map(|peak| peak.to_string().into()).collect())),
            ("note", Json::from(note.to_string())),
            ("checkpoints", Json::from(*checkpoints)),
            ("findings", findings(of_rows)),
            ("checkpoint_findings", findings(of_checkpoints)),
            ("groups", Json::Array(stand.groups.iter().copied().map(Json::from).collect())),
            ("at", Json::from(stand.at.to_string())),
        ])
    };
    let position = object([
        ("format", Json::from(FORMAT)),
        ("policy", Json::from(policy.to_string())),
        ("ledgers", Json::Array(stands.iter().map(ledger).collect())),
    ]);
    let digest = sha256(position.canonical().as_bytes()).to_string();
    object([("position", position), ("sha256", Json::from(digest))]).canonical() + "\n"
}

fn parse(bytes: &[u8]) -> anyhow::Result<(Hash, BTreeMap<String, Stand>)> {
    let limit = usize::try_from(MOST_BYTES)?;
    let json = json::parse(bytes, &Limits { max_bytes: limit, ..Limits::default() })?;
    let position = member(&json, "position")?;
    let digest = sha256(position.canonical().as_bytes());
    let stated = text_of(&json, "sha256")?;
    ensure!(digest.to_string() == stated, "its content has digest {digest}, it states {stated}");
    let format = text_of(position, "format")?;
    ensure!(format == FORMAT, "got format `{format}`, expected `{FORMAT}`");
    let mut stands = BTreeMap::new();
    for ledger in list(position, "ledgers")? {
        let origin = text_of(ledger, "origin")?;
        stands.insert(origin.to_owned(), stand(origin, ledger)?);
    }
    Ok((text_of(position, "policy")?.parse()?, stands))
}

fn stand(origin: &str, json: &Json) -> anyhow::Result<Stand> {
    let number = |json: &Json| -> anyhow::Result<u64> {
        Ok(json.as_number().context("expected a whole number")?.parse()?)
    };
    let findings = |name: &str| -> anyhow::Result<Vec<Finding>> {
        let one = |found: &Json| -> anyhow::Result<Finding> {
            let index = member(found, "index")?.as_str().map(str::parse).transpose()?;
            let what = text_of(found, "what")?.to_owned();
            Ok(Finding { ledger: origin.to_owned(), index, what })
        };
        list(json, name)?.iter().map(one).collect()
    };
    let peaks = list(json, "peaks")?
        .iter()
        .map(|peak| Ok(peak.as_str().context("expected a hash")?.parse::<Hash>()?));
    let standing = Standing {
        size: number(member(json, "size")?)?,
        peaks: peaks.collect::<anyhow::Result<_>>()?,
        note: text_of(json, "note")?.parse()?,
        checkpoints: number(member(json, "checkpoints")?)?,
        of_rows: findings("findings")?,
        of_checkpoints: findings("checkpoint_findings")?,
    };
    let groups = list(json, "groups")?.iter().map(number).collect::<anyhow::Result<_>>()?;
    Ok(Stand { standing, groups, at: text_of(json, "at")?.parse()? })
}

fn member<'a>(json: &'a Json, name: &str) -> anyhow::Result<&'a Json> {
    json.get(name).with_context(|| format!("member `{name}` is missing"))
}

fn text_of<'a>(json: &'a Json, name: &str) -> anyhow::Result<&'a str> {
    match member(json, name)?.as_str() {
        Some(text) => Ok(text),
        None => bail!("member `{name}` is no text"),
    }
}

fn list<'a>(json: &'a Json, name: &str) -> anyhow::Result<&'a [Json]> {
    member(json, name)?.as_array().with_context(|| format!("member `{name}` is no list"))
}
