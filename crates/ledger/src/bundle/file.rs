//! The content of a bundle, its JSON form and its reader.
//!
//! What holds: [`parse`] accepts exactly the bytes that [`Bundle::to_bytes`] writes.
//!
//! Not here: whether anything in the file is true ([`super::verify()`]).
//!
//! Source: docs/formats/bundle-v2.md, "Form" and "Members".

use std::cmp::Ordering;

use thiserror::Error;

use crate::{
    directory::{DirectoryProof, FieldError},
    hash::Hash,
    history,
    hub::HubEntry,
    json::{self, Json, JsonError, Limits, object},
    members::{BYTES, Members, ShapeError, bytes_of, json_of, json_of_hashes},
    proof,
    record::{DisclosedRecord, DisclosureError},
};

/// Name of the format, as the file states it.
pub const FORMAT: &str = "chopmark.org/bundle@v2";

/// Media type of the file.
pub const MEDIA_TYPE: &str = "application/vnd.chopmark.bundle+json";

/// The proof of one item's history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bundle {
    /// Pure identity URI of the item.
    pub item: String,
    /// The part of each ledger, in bytewise order of origin, no two of one.
    pub histories: Vec<LedgerHistory>,
    /// The hub's checkpoint; all paths into the hub lead to its root.
    pub hub: Option<HubProof>,
    /// That this checkpoint was published on a chain.
    pub anchor: Option<AnchorProof>,
    /// Who keeps the ledgers and who may issue the item, for a policy that pins the directory.
    pub directory: Option<DirectoryProof>,
}

/// The records of one ledger about the item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LedgerHistory {
    /// Name of the ledger.
    pub origin: String,
    /// Its records of the item, in ledger order.
    pub records: Vec<BundledRecord>,
    /// History root over the leaf hashes of those records that name the item itself.
    pub history_root: Hash,
    /// The ledger's signed checkpoint, a note; all paths of the records lead to its root.
    pub checkpoint: String,
    /// Where that note is in the hub; its path is shortened by that of the history before it ([`shorten_hub_paths`]).
    pub hub: Option<HubEntry>,
}

/// A record with its place in the ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BundledRecord {
    /// Its disclosed part.
    pub disclosed: DisclosedRecord,
    /// Its index in the ledger, from 0.
    pub index: u64,
    /// Inclusion path in the tree of the checkpoint's size, without the hashes at its end with which the path of the
    /// record before it ends too ([`proof::shorten`]).
    pub path: Vec<Hash>,
    /// Why it belongs to the item's history.
    pub names: Naming,
}

/// Why a record belongs to an item's history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Naming {
    /// It names the item.
    Item,
    /// It names a container that another record of the bundle put the item into.
    Container {
        /// URI of the container.
        of: String,
    },
}

/// The hub's checkpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HubProof {
    /// Name of the hub.
    pub origin: String,
    /// Its signed checkpoint, a note.
    pub checkpoint: String,
}

/// Proof that a transaction published the hub's size and root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnchorProof {
    /// EIP-155 chain id.
    pub chain_id: u64,
    /// The registry contract, 20 bytes.
    pub contract: [u8; 20],
    /// [`crate::hub::hub_id`] of the hub's origin.
    pub hub_id: Hash,
    /// Size of the hub that was published; that of the hub's checkpoint.
    pub size: u64,
    /// Keccak-256 of the header.
    pub block_hash: Hash,
    /// The block's header, RLP.
    pub header: Vec<u8>,
    /// Place of the transaction in its block.
    pub transaction_index: u64,
    /// The transaction's receipt, as the receipt trie holds it.
    pub receipt: Vec<u8>,
    /// Nodes of the receipt trie from the root down, RLP.
    pub proof: Vec<Vec<u8>>,
}

/// Why bytes are not a bundle.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum BundleError {
    /// The bytes are not JSON.
    #[error("bundle: {0}")]
    Json(#[from] JsonError),
    /// JSON, but not in its one form.
    #[error("bundle is not canonical JSON from byte {0} on")]
    NotCanonical(usize),
    /// Another format.
    #[error("got format `{0}`, expected `{FORMAT}`")]
    Format(String),
    /// JSON that does not name a format.
    #[error("got no member `format`, expected one that is `{FORMAT}`")]
    NoFormat,
    /// A member is missing, of another kind, or not known.
    #[error("bundle{0}")]
    Shape(#[from] ShapeError),
    /// A member of the directory's proof is missing, of another kind, or not known.
    #[error("bundle: {0}")]
    Directory(#[from] FieldError),
    /// Two histories of one ledger.
    #[error("got two histories of the ledger `{0}`, expected one")]
    TwoHistories(String),
    /// Histories are not in order.
    #[error(
        "got the history of `{0}` after one of a ledger above it, expected bytewise order of origin"
    )]
    Order(String),
}

impl BundleError {
    /// Whether the file is no whole bundle of this version: cut, rewritten by a program, or another file. Such a file
    /// states nothing that could be refuted; any other error is of a file that states what no bundle may.
    #[must_use]
    pub fn is_of_another_file(&self) -> bool {
        match self {
            Self::Json(_) | Self::NotCanonical(_) | Self::Format(_) | Self::NoFormat => true,
            Self::Shape(_) | Self::Directory(_) | Self::TwoHistories(_) | Self::Order(_) => false,
        }
    }
}

impl LedgerHistory {
    /// Assembles a ledger's part and computes its history root.
    ///
    /// - `records`: in ledger order, with their whole paths, which are shortened here.
    /// - `checkpoint`: the note that the records' paths lead to.
    ///
    /// # Errors
    ///
    /// [`DisclosureError`] if the disclosed parts of a record contradict one another.
    pub fn assemble(
        origin: &str,
        mut records: Vec<BundledRecord>,
        checkpoint: String,
        hub: Option<HubEntry>,
    ) -> Result<Self, DisclosureError> {
        let leaves = records
            .iter()
            .filter(|record| record.names == Naming::Item)
            .map(|record| record.disclosed.leaf_hash())
            .collect::<Result<Vec<_>, _>>()?;
        let history_root = history::root(&leaves);
        shorten_all(records.iter_mut().map(|record| &mut record.path));
        Ok(Self { origin: origin.to_owned(), records, history_root, checkpoint, hub })
    }
}

/// Leaves out of the histories' paths into the hub what the path before ends with too.
///
/// - `histories`: in the order of the bundle, with whole paths.
pub fn shorten_hub_paths(histories: &mut [LedgerHistory]) {
    let entries = histories.iter_mut().filter_map(|history| history.hub.as_mut());
    shorten_all(entries.map(|entry| &mut entry.path));
}

/// Shortens each path by the whole path before it.
fn shorten_all<'a>(paths: impl Iterator<Item = &'a mut Vec<Hash>>) {
    let mut before = Vec::new();
    for path in paths {
        let left = proof::shorten(path, &before).len();
        before.clone_from(path);
        path.truncate(left);
    }
}

/// Reads a bundle.
///
/// # Errors
///
/// [`BundleError`]; a file that differs from its canonical form is refused.
pub fn parse(bytes: &[u8]) -> Result<Bundle, BundleError> {
    let json = json::parse(bytes, &Limits::default())?;
    let canonical = json.canonical();
    if canonical.as_bytes() != bytes {
        let same = canonical.bytes().zip(bytes).take_while(|(a, b)| a == *b);
        return Err(BundleError::NotCanonical(same.count()));
    }
    match json.get("format").map(Json::as_str) {
        Some(Some(FORMAT)) => {}
        Some(Some(other)) => return Err(BundleError::Format(other.chars().take(80).collect())),
        Some(None) | None => return Err(BundleError::NoFormat),
    }
    let known = ["format", "item", "histories", "hub", "anchor", "directory"];
    let members = Members::new("", &json, &known)?;
    let mut histories: Vec<LedgerHistory> = Vec::new();
    for (place, history) in members.array("histories")?.iter().enumerate() {
        let history = LedgerHistory::from_json(&format!("/histories/{place}"), history)?;
        match histories.last().map(|before| before.origin.cmp(&history.origin)) {
            None | Some(Ordering::Less) => histories.push(history),
            Some(Ordering::Equal) => return Err(BundleError::TwoHistories(history.origin)),
            Some(Ordering::Greater) => return Err(BundleError::Order(history.origin)),
        }
    }
    Ok(Bundle {
        item: members.text("item")?,
        histories,
        hub: members.get("hub").map(HubProof::from_json).transpose()?,
        anchor: members.get("anchor").map(AnchorProof::from_json).transpose()?,
        directory: members
            .get("directory")
            .map(|proof| DirectoryProof::from_json("directory", proof))
            .transpose()?,
    })
}

impl Bundle {
    /// The file's bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let histories = self.histories.iter().map(LedgerHistory::to_json).collect();
        let mut json = object([
            ("format", Json::from(FORMAT)),
            ("item", Json::from(self.item.as_str())),
            ("histories", Json::Array(histories)),
        ]);
        if let Some(hub) = &self.hub {
            json.set("hub", hub.to_json());
        }
        if let Some(anchor) = &self.anchor {
            json.set("anchor", anchor.to_json());
        }
        if let Some(directory) = &self.directory {
            json.set("directory", directory.to_json());
        }
        json.canonical().into_bytes()
    }
}

impl LedgerHistory {
    fn to_json(&self) -> Json {
        let records = self.records.iter().map(BundledRecord::to_json).collect();
        let mut json = object([
            ("origin", Json::from(self.origin.as_str())),
            ("records", Json::Array(records)),
            ("history_root", json_of(&self.history_root.0)),
            ("checkpoint", Json::from(self.checkpoint.as_str())),
        ]);
        if let Some(entry) = &self.hub {
            json.set(
                "hub",
                object([("index", Json::from(entry.index)), ("path", json_of_hashes(&entry.path))]),
            );
        }
        json
    }

    fn from_json(place: &str, json: &Json) -> Result<Self, ShapeError> {
        let known = ["origin", "records", "history_root", "checkpoint", "hub"];
        let members = Members::new(place, json, &known)?;
        let records = members
            .array("records")?
            .iter()
            .enumerate()
            .map(|(at, record)| BundledRecord::from_json(&format!("{place}/records/{at}"), record))
            .collect::<Result<_, _>>()?;
        let entry = |json| {
            let members = Members::new("/hub", json, &["index", "path"])?;
            Ok(HubEntry { index: members.number("index")?, path: members.hashes("path")? })
        };
        Ok(Self {
            origin: members.text("origin")?,
            records,
            history_root: members.hash("history_root")?,
            checkpoint: members.text("checkpoint")?,
            hub: members.get("hub").map(entry).transpose()?,
        })
    }
}

impl BundledRecord {
    fn to_json(&self) -> Json {
        let mut json = object([
            ("fields", self.disclosed.to_json()),
            ("index", Json::from(self.index)),
            ("path", json_of_hashes(&self.path)),
        ]);
        match &self.names {
            Naming::Item => json.set("names", Json::from("item")),
            Naming::Container { of } => {
                json.set("names", Json::from("container"));
                json.set("of", Json::from(of.as_str()));
            }
        }
        json
    }

    fn from_json(place: &str, json: &Json) -> Result<Self, ShapeError> {
        let members = Members::new(place, json, &["fields", "index", "path", "names", "of"])?;
        let names = match (members.str("names")?, members.get("of")) {
            ("item", None) => Naming::Item,
            ("container", Some(_)) => Naming::Container { of: members.text("of")? },
            _ => return Err(members.wrong("names", "item, or container with its `of`")),
        };
        let fields = members.get("fields").unwrap_or(&Json::Null);
        Ok(Self {
            disclosed: DisclosedRecord::from_json_at(&format!("{place}/fields"), fields)?,
            index: members.number("index")?,
            path: members.hashes("path")?,
            names,
        })
    }
}

impl HubProof {
    fn to_json(&self) -> Json {
        object([
            ("origin", Json::from(self.origin.as_str())),
            ("checkpoint", Json::from(self.checkpoint.as_str())),
        ])
    }

    fn from_json(json: &Json) -> Result<Self, ShapeError> {
        let members = Members::new("/hub", json, &["origin", "checkpoint"])?;
        Ok(Self { origin: members.text("origin")?, checkpoint: members.text("checkpoint")? })
    }
}

impl AnchorProof {
    fn to_json(&self) -> Json {
        object([
            ("chain_id", Json::from(self.chain_id)),
            ("contract", json_of(&self.contract)),
            ("hub_id", json_of(&self.hub_id.0)),
            ("size", Json::from(self.size)),
            ("block_hash", json_of(&self.block_hash.0)),
            ("header", json_of(&self.header)),
            ("transaction_index", Json::from(self.transaction_index)),
            ("receipt", json_of(&self.receipt)),
            ("proof", Json::Array(self.proof.iter().map(|node| json_of(node)).collect())),
        ])
    }

    fn from_json(json: &Json) -> Result<Self, ShapeError> {
        const KNOWN: [&str; 9] = [
            "chain_id",
            "contract",
            "hub_id",
            "size",
            "block_hash",
            "header",
            "transaction_index",
            "receipt",
            "proof",
        ];
        let members = Members::new("/anchor", json, &KNOWN)?;
        let proof = members
            .array("proof")?
            .iter()
            .map(|node| bytes_of(node).ok_or_else(|| members.wrong("proof", BYTES)))
            .collect::<Result<_, _>>()?;
        let contract = members
            .bytes("contract")?
            .try_into()
            .map_err(|_| members.wrong("contract", "20 bytes in base64 without padding"))?;
        Ok(Self {
            chain_id: members.number("chain_id")?,
            contract,
            hub_id: members.hash("hub_id")?,
            size: members.number("size")?,
            block_hash: members.hash("block_hash")?,
            header: members.bytes("header")?,
            transaction_index: members.number("transaction_index")?,
            receipt: members.bytes("receipt")?,
            proof,
        })
    }
}
