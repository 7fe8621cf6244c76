//! What an export holds, at which sizes, and what it leaves out.
//!
//! What holds: the id is determined by the request and the sizes, and by nothing else; whoever has a manifest can make the same
//! export again ([`Manifest::pins`]).
//!
//! Source: docs/formats/export-v1.md.

use jiff::Timestamp;
use ledger::Hash;
use ledger::hash::sha256;
use ledger::json::{Json, Limits, object, parse};

use crate::error::Error;
use crate::request::Request;
use crate::snapshot::{MasterAt, Pins, Snapshot};
use crate::tally::Counts;

/// The format of manifests.
pub const FORMAT: &str = "chopmark.org/export@v1";
/// Most bytes of a manifest.
pub const MOST_BYTES: usize = 16 << 20;

/// What an export holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Manifest {
    /// SHA-256 over the request and the sizes.
    pub id: Hash,
    request: Json,
    state: Json,
    /// When the newest checkpoint was committed at which it was made.
    pub at: Timestamp,
    /// What it holds and leaves out.
    pub counts: Counts,
    /// Bytes and SHA-256 of the file; none before it is written.
    pub file: Option<(u64, Hash)>,
}

/// The part of a manifest from which its id is made.
fn identity(request: &Json, state: &Json) -> Json {
    let empty = Vec::new();
    let ledgers = state.get("ledgers").and_then(Json::as_array).unwrap_or(&empty);
    let bare = |ledger: &Json| {
        let mut ledger = ledger.clone();
        // What a policy makes of a checkpoint is no part of the ledger.
        ledger.remove("signed");
        ledger
    };
    object([
        ("format", Json::from(FORMAT)),
        ("request", request.clone()),
        ("ledgers", Json::Array(ledgers.iter().map(bare).collect())),
        ("masterData", state.get("masterData").cloned().unwrap_or(Json::Null)),
    ])
}

/// The id of an export of that request at that state.
#[must_use]
pub fn id_of(request: &Json, state: &Json) -> Hash {
    sha256(identity(request, state).canonical().as_bytes())
}

impl Manifest {
    /// Before anything is written.
    #[must_use]
    pub fn begin(request: &Request, snapshot: &Snapshot) -> Self {
        let (request, state) = (request.to_json(), snapshot.to_json());
        let id = id_of(&request, &state);
        Self { id, request, state, at: snapshot.at(), counts: Counts::default(), file: None }
    }

    /// The manifest as JSON; without `file` as long as there is none.
    #[must_use]
    pub fn to_json(&self) -> Json {
        let counts = &self.counts;
        let texts = |list: &[String]| {
            Json::Array(list.iter().map(|one| Json::from(one.as_str())).collect())
        };
        let number = Json::from;
        let mut json = object([
            ("format", Json::from(FORMAT)),
            ("id", Json::from(self.id.to_string().as_str())),
            ("request", self.request.clone()),
            ("at", Json::from(self.at.to_string().as_str())),
            ("ledgers", self.state.get("ledgers").cloned().unwrap_or(Json::Null)),
            ("masterData", self.state.get("masterData").cloned().unwrap_or(Json::Null)),
            (
                "counts",
                object([
                    ("events", number(counts.events)),
                    ("rows", number(counts.rows)),
                    ("hiddenByScope", number(counts.hidden)),
                    ("brokenRecords", number(counts.broken)),
                    ("outsideTheLayout", number(counts.outside_layout)),
                    ("leftOut", number(counts.left_out_count)),
                ]),
            ),
            ("brokenRecords", texts(&counts.broken_at)),
            ("leftOut", texts(&counts.left_out)),
        ]);
        if let Some((bytes, sha256)) = &self.file {
            let sha256 = Json::from(sha256.to_string().as_str());
            json.set("file", object([("bytes", number(*bytes)), ("sha256", sha256)]));
        }
        json
    }

    /// One sentence for a table that has no place for more.
    #[must_use]
    pub fn sentence(&self) -> String {
        let Counts { events, hidden, broken, outside_layout, .. } = &self.counts;
        format!(
            "Export {}: {events} events; {hidden} more are hidden by scope, {broken} records do not fit their ledger, \
             {outside_layout} events have no row in this layout",
            self.id
        )
    }

    /// The sizes of a manifest, at which another export can be made.
    ///
    /// # Errors
    ///
    /// [`Error::Request`] if it is no manifest of this format, or its id is not that of its request and sizes.
    pub fn pins(bytes: &[u8]) -> Result<Pins, Error> {
        let limits = Limits { max_bytes: MOST_BYTES, ..Limits::default() };
        let bad = |problem: &str| {
            Error::Request(format!("got {problem}, expected the manifest of an export"))
        };
        let json = parse(bytes, &limits).map_err(|error| bad(&error.to_string()))?;
        if json.get("format").and_then(Json::as_str) != Some(FORMAT) {
            return Err(bad("a file of another format"));
        }
        let request = json.get("request").ok_or_else(|| bad("no request"))?;
        let id = json.get("id").and_then(Json::as_str);
        if id != Some(id_of(request, &json).to_string().as_str()) {
            return Err(bad("an id that is not that of its request and sizes"));
        }
        let number = |json: Option<&Json>| json.and_then(Json::as_number)?.parse::<u64>().ok();
        let mut pins = Pins::default();
        for ledger in json.get("ledgers").and_then(Json::as_array).unwrap_or_default() {
            let text = |name: &str| ledger.get(name).and_then(Json::as_str);
            let pin = || {
                let root = text("root")?.parse().ok()?;
                Some((text("origin")?.to_owned(), (number(ledger.get("size"))?, root)))
            };
            let (origin, pin) =
                pin().ok_or_else(|| bad("a ledger without origin, size or root"))?;
            pins.ledgers.insert(origin, pin);
        }
        let master = json.get("masterData").ok_or_else(|| bad("no masterData"))?;
        let ended = master.get("endedAt").and_then(Json::as_str);
        pins.master = MasterAt {
            statement: number(master.get("statement")).ok_or_else(|| bad("no statement"))?,
            ended_at: ended.and_then(|at| at.parse().ok()),
        };
        Ok(pins)
    }
}
