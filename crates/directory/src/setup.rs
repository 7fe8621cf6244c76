//! The first records of an installation: root, parties, keys of ledgers, prefixes, bridges.
//!
//! The way through: [`Setup::entries`] makes the signed records, in the order in which they are appended, and the state
//! record after them; later ones are made with [`draft`] and signed with [`sign`].
//!
//! What holds: the records pass the same rules as any others. One person holds every office, so anybody can begin
//! alone; every prefix is stated by the party itself (grade C). The next root may add people.
//!
//! Not here: where keys and entries are kept (`chopmark directory init`).

use jiff::Timestamp;
use ledger::directory::entry::{draft, text_of};
use ledger::directory::keyset::LedgerKeyset;
use ledger::directory::root::announced;
use ledger::directory::{HolderKey, Root};
use ledger::json::{Json, object};
use ledger::keys::{LedgerKeys, SecureRandom, VerifierKey};
use ledger::note::Note;
use ledger::policy::ChainRoot;

use crate::problem::Problem;
use crate::record::ActRecord;
use crate::replay::{Directory, whole_seconds};

/// A bridge of a party.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BridgePlan {
    /// Its name.
    pub name: String,
    /// Its public key, 32 bytes in base64.
    pub key: String,
    /// Ledger that its deliveries go into.
    pub ledger: String,
    /// Its read points, SGLN URIs.
    pub read_points: Vec<String>,
}

/// A party with everything that is its own.
#[derive(Debug)]
pub struct PartyPlan<'a> {
    /// Its id.
    pub id: String,
    /// Display name.
    pub name: String,
    /// Party identifiers, `urn:epc:id:pgln:…`.
    pub pglns: Vec<String>,
    /// GLNs of its sites.
    pub sites: Vec<String>,
    /// Its admins.
    pub admins: Vec<&'a HolderKey>,
    /// Keys of its ledgers.
    pub ledgers: Vec<LedgerKeyset>,
    /// Its company prefixes.
    pub prefixes: Vec<String>,
    /// Its bridges.
    pub bridges: Vec<BridgePlan>,
}

/// A small installation.
#[derive(Debug)]
pub struct Setup<'a> {
    /// The directory's keys.
    pub directory: &'a LedgerKeys,
    /// The hub's pair; none if there is no hub.
    pub hub: Option<LedgerKeyset>,
    /// Contracts whose events count as anchors.
    pub chains: Vec<ChainRoot>,
    /// Further keys that the next root may have.
    pub next: Vec<VerifierKey>,
    /// Grace for late statements, hours.
    pub late_h: u64,
    /// The parties; the first admin of the first one is holder of the root, registrar and emergency holder.
    pub parties: Vec<PartyPlan<'a>>,
    /// When the records are written.
    pub at: Timestamp,
    /// From when on prefixes and bridges hold, and the root.
    pub from: Timestamp,
    /// Until when prefixes and bridges hold, and the root.
    pub until: Timestamp,
    /// Until when the first state tells what holds today.
    pub state_until: Timestamp,
}

/// The pair of a ledger from its first record on.
///
/// - `None` if `keys` are not an Ed25519 and an RSA key, in this order.
#[must_use]
pub fn keyset_of(keys: &[VerifierKey]) -> Option<LedgerKeyset> {
    let [ed25519, rsa] = keys else { return None };
    Some(LedgerKeyset { ed25519: ed25519.clone(), rsa: rsa.clone(), from_size: 0 })
}

/// A record with the members of `members`, as the next one of its subject.
///
/// - `last`: number of records and leaf hash of the subject's last one ([`Directory::last`]).
#[must_use]
pub fn draft_of(
    kind: &str,
    subject: &str,
    last: Option<(u64, ledger::Hash)>,
    members: &Json,
) -> Json {
    let seq = last.map_or(0, |(seq, _)| seq) + 1;
    let mut record = draft(kind, subject, seq, last.as_ref().map(|(_, leaf)| leaf));
    for (name, value) in members.as_object().unwrap_or_default() {
        record.set(name.as_str(), value.clone());
    }
    record
}

/// The record of an administrative act, to be signed.
#[must_use]
pub fn act_of(act: &ActRecord, directory: &Directory) -> Json {
    let members = object([
        ("party", Json::from(act.party.as_str())),
        ("act", Json::from(act.deed.word())),
        ("about", Json::from(act.about.as_str())),
        ("reason", Json::from(act.reason.as_str())),
        ("at", Json::from(whole_seconds(act.at))),
    ]);
    let subject = act.subject();
    draft_of("act", &subject, directory.last(&subject), &members)
}

/// Signs a record.
#[must_use]
pub fn sign(record: &Json, people: &[&HolderKey]) -> String {
    let text = text_of(record);
    let signatures = people.iter().map(|person| person.sign(&text)).collect();
    Note { text, signatures }.to_string()
}

/// Signs the state record that must follow, with the directory's keys.
///
/// # Errors
///
/// The library's, as text.
pub fn seal(
    directory: &Directory,
    at: Timestamp,
    until: Timestamp,
    keys: &LedgerKeys,
    rng: &dyn SecureRandom,
) -> Result<String, String> {
    let text = text_of(&directory.next_state(at, until));
    keys.sign_text(text, rng).map(|note| note.to_string()).map_err(|error| error.to_string())
}

/// A party's record, unsigned.
#[must_use]
pub fn party_record(party: &PartyPlan<'_>) -> Json {
    let admins = party.admins.iter().map(|admin| {
        object([
            ("holder", Json::from(admin.verifier().name())),
            ("vkey", Json::from(admin.verifier().to_string())),
        ])
    });
    with(
        draft("party", &format!("party/{}", party.id), 1, None),
        [
            ("id", Json::from(party.id.as_str())),
            ("name", Json::from(party.name.as_str())),
            ("pgln", texts(&party.pglns)),
            ("sites", texts(&party.sites)),
            ("admins", Json::Array(admins.collect())),
        ],
    )
}

fn with<const N: usize>(mut record: Json, members: [(&str, Json); N]) -> Json {
    for (name, value) in members {
        record.set(name, value);
    }
    record
}

fn texts(all: &[String]) -> Json {
    Json::Array(all.iter().map(|text| Json::from(text.as_str())).collect())
}

impl Setup<'_> {
    /// The entries: root, parties with what is theirs, state.
    ///
    /// # Errors
    ///
    /// [`Problem`] with the first record that breaks a rule; of a failure to sign the text.
    pub fn entries(&self, rng: &dyn SecureRandom) -> Result<Vec<String>, Problem> {
        let broken = |problem: String| Problem::Rule { subject: "root".to_owned(), problem };
        let holder = self.parties.first().and_then(|party| party.admins.first().copied());
        let Some(holder) = holder else {
            return Err(broken("got no party with an admin, expected one".to_owned()));
        };
        let mut entries = vec![sign(&self.root(holder), &[holder])];
        for party in &self.parties {
            for record in self.records_of(party) {
                let mut people = party.admins.clone();
                if !people.iter().any(|one| one.verifier() == holder.verifier()) {
                    people.push(holder);
                }
                entries.push(sign(&record, &people));
            }
        }
        let mut directory = Directory::empty(self.directory.origin(), None);
        let at = Timestamp::from_second(self.at.as_second()).unwrap_or(self.at);
        for entry in &entries {
            directory.push(entry, at)?;
        }
        let state = seal(&directory, at, self.state_until, self.directory, rng).map_err(broken)?;
        directory.push(&state, at)?;
        entries.push(state);
        Ok(entries)
    }

    /// The first root.
    #[must_use]
    pub fn root(&self, holder: &HolderKey) -> Json {
        let party = self.parties.first().map_or("", |party| party.id.as_str());
        let person = object([
            ("holder", Json::from(holder.verifier().name())),
            ("party", Json::from(party)),
            ("vkey", Json::from(holder.verifier().to_string())),
        ]);
        let office = || Json::Array(vec![person.clone()]);
        let next = [holder.verifier()].into_iter().chain(&self.next);
        let next = next.map(|key| Json::from(announced(key).to_string())).collect();
        let own = keyset_of(&self.directory.verifier_keys()).map(|own| own.to_json());
        let chains = self.chains.iter().map(|chain| {
            object([
                ("chain_id", Json::from(chain.chain_id)),
                ("contract", Json::from(format!("0x{}", hex(&chain.contract)))),
            ])
        });
        with(
            draft("root", "root", 1, None),
            [
                ("version", Json::from(1_u64)),
                ("keys", office()),
                ("threshold", Json::from(1_u64)),
                ("next", Json::Array(next)),
                ("registrars", office()),
                ("registrar_threshold", Json::from(1_u64)),
                ("emergency", office()),
                ("directory", Json::Array(own.into_iter().collect())),
                ("hub", Json::Array(self.hub.iter().map(LedgerKeyset::to_json).collect())),
                ("chains", Json::Array(chains.collect())),
                ("late_h", Json::from(self.late_h)),
                ("from", Json::from(whole_seconds(self.from))),
                ("until", Json::from(whole_seconds(self.until))),
            ],
        )
    }

    fn records_of(&self, party: &PartyPlan<'_>) -> Vec<Json> {
        let id = || Json::from(party.id.as_str());
        let span = |record: Json| {
            with(
                record,
                [
                    ("from", Json::from(whole_seconds(self.from))),
                    ("until", Json::from(whole_seconds(self.until))),
                ],
            )
        };
        let mut records = vec![party_record(party)];
        for keyset in &party.ledgers {
            let mut record = draft("keyset", &format!("keyset/{}", keyset.ed25519.name()), 1, None);
            for (name, value) in keyset.to_json().as_object().unwrap_or_default() {
                record.set(name.as_str(), value.clone());
            }
            records.push(with(record, [("party", id())]));
        }
        for digits in &party.prefixes {
            let record = draft("prefix", &format!("prefix/{digits}"), 1, None);
            let members = [
                ("digits", Json::from(digits.as_str())),
                ("party", id()),
                ("grade", Json::from("C")),
            ];
            records.push(span(with(record, members)));
        }
        for bridge in &party.bridges {
            let record = draft("device", &format!("device/{}", bridge.name), 1, None);
            let members = [
                ("bridge", Json::from(bridge.name.as_str())),
                ("key", Json::from(bridge.key.as_str())),
                ("ledger", Json::from(bridge.ledger.as_str())),
                ("read_points", texts(&bridge.read_points)),
            ];
            records.push(span(with(record, members)));
        }
        records
    }
}

/// The line that pins the root of these entries.
///
/// # Errors
///
/// [`Problem`] if the first is no root.
pub fn pin_of(entries: &[String]) -> Result<ledger::policy::DirectoryPin, Problem> {
    let first = entries.first().map_or("", String::as_str);
    Ok(Root::read(&ledger::directory::Entry::parse(first)?)?.pin())
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut out, byte| {
        // Writing to a string cannot fail.
        write!(out, "{byte:02x}").ok();
        out
    })
}
