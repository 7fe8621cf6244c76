//! The kinds of records and their members, read strictly.
//!
//! What holds: an unknown kind or member is refused; a subject is the one that kind and members give; times are
//! ordered, and no right holds longer than [`LONGEST_RIGHT`].
//!
//! Not here: roots and states (`ledger::directory`), who must approve ([`crate::rules`]).
//!
//! Source: docs/formats/directory-v1.md, "Kinds".

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use ledger::directory::entry::COMMON;
use ledger::directory::signers::read_signer;
use ledger::directory::{
    Entry, FieldError, Fields, Head, LedgerKeyset, Root, Signer, SizeAndRoot, State,
};
use ledger::keys::SourceVerifier;

use crate::problem::Problem;
use crate::rights::{Act, Grade, Scope, Span};

/// Longest time for which a right is given at once.
pub const LONGEST_RIGHT: SignedDuration = SignedDuration::from_hours(400 * 24);
/// Longest suspension.
pub const LONGEST_SUSPENSION: SignedDuration = SignedDuration::from_hours(7 * 24);

/// A record, read but not checked against the directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// The entry that it is.
    pub entry: Entry,
    /// Kind, subject, place among the subject's records.
    pub head: Head,
    /// What it says.
    pub body: Body,
}

/// What a record says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Body {
    /// Whose signatures count.
    Root(Box<Root>),
    /// An organisation.
    Party(PartyRecord),
    /// The keys of a ledger.
    Keyset(KeysetRecord),
    /// A bridge.
    Device(DeviceRecord),
    /// A company prefix.
    Prefix(PrefixRecord),
    /// Acts lent to another.
    Grant(GrantRecord),
    /// The power of an authority.
    Power(PowerRecord),
    /// The end of something before its time.
    Revoke(RevokeRecord),
    /// A party's statements are claims for some days.
    Suspend(SuspendRecord),
    /// What all records add up to.
    State(State),
    /// An administrative act.
    Act(ActRecord),
}

/// An organisation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartyRecord {
    /// Its id.
    pub id: String,
    /// Display name.
    pub name: String,
    /// Party identifiers, `urn:epc:id:pgln:…`.
    pub pglns: Vec<String>,
    /// GLNs of its sites, 13 digits.
    pub sites: Vec<String>,
    /// Who acts for it.
    pub admins: Vec<Signer>,
}

/// The keys of a ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeysetRecord {
    /// Name of the ledger.
    pub origin: String,
    /// Whose it is.
    pub party: String,
    /// The pair.
    pub keys: LedgerKeyset,
    /// Last checkpoint under the pair before.
    pub after: Option<SizeAndRoot>,
}

/// A bridge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceRecord {
    /// Its name.
    pub bridge: String,
    /// Ed25519, 32 bytes in base64.
    pub key: String,
    /// Ledger that its deliveries go into.
    pub ledger: String,
    /// Read points that it may report, SGLN URIs.
    pub read_points: BTreeSet<String>,
    /// When.
    pub span: Span,
}

/// A company prefix, or a single key of twelve digits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PrefixRecord {
    /// Its digits.
    pub digits: String,
    /// The licensee.
    pub party: String,
    /// How it was checked.
    pub grade: Grade,
    /// When it holds.
    pub span: Span,
}

/// Acts lent to another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GrantRecord {
    /// Its id.
    pub id: String,
    /// Who lends.
    pub grantor: String,
    /// Who may act.
    pub grantee: String,
    /// What.
    pub acts: BTreeSet<Act>,
    /// With what.
    pub scope: Scope,
    /// When it holds.
    pub span: Span,
}

/// The power of an authority.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PowerRecord {
    /// Its id.
    pub id: String,
    /// Who has it.
    pub party: String,
    /// What.
    pub acts: BTreeSet<Act>,
    /// With what.
    pub scope: Scope,
    /// When it holds.
    pub span: Span,
}

/// The end of something before its time. What ends is the subject.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RevokeRecord {
    /// From when on; none for the time at which the record is written.
    pub since: Option<Timestamp>,
    /// Of keys: the last checkpoint that is still good.
    pub last_good: Option<SizeAndRoot>,
}

/// A party's statements are claims for some days.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SuspendRecord {
    /// Who.
    pub party: String,
    /// When.
    pub span: Span,
}

/// What was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deed {
    /// Keys were made.
    KeysMade,
    /// A finding was resolved.
    FindingResolved,
    /// A backup was restored.
    Restored,
    /// Something was deleted.
    Deleted,
}

impl Deed {
    /// All of them, each with its word in records.
    pub const ALL: [(Self, &'static str); 4] = [
        (Self::KeysMade, "keys_made"),
        (Self::FindingResolved, "finding_resolved"),
        (Self::Restored, "restored"),
        (Self::Deleted, "deleted"),
    ];

    /// Its word in records.
    #[must_use]
    pub fn word(self) -> &'static str {
        Self::ALL.iter().find(|(deed, _)| *deed == self).map_or("", |(_, word)| word)
    }
}

/// An administrative act.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActRecord {
    /// Whose people did it.
    pub party: String,
    /// What was done.
    pub deed: Deed,
    /// To what: `finding/17`.
    pub about: String,
    /// Why.
    pub reason: String,
    /// When.
    pub at: Timestamp,
}

impl ActRecord {
    /// `act/<party>`.
    #[must_use]
    pub fn subject(&self) -> String {
        format!("act/{}", self.party)
    }
}

impl Record {
    /// Reads an entry of a directory.
    ///
    /// # Errors
    ///
    /// [`Problem`] with the first thing that is not accepted.
    pub fn parse(text: &str) -> Result<Self, Problem> {
        let entry = Entry::parse(text)?;
        let head = entry.head()?;
        let own = |known: &[&str]| Fields::new("", &entry.json, &[COMMON, known]);
        let (body, subject) = match head.kind.as_str() {
            "root" => (Body::Root(Box::new(Root::read(&entry)?)), "root".to_owned()),
            "state" => (Body::State(State::read(&entry)?), "state".to_owned()),
            "party" => party(&own(&["id", "name", "pgln", "sites", "admins"])?)?,
            "keyset" => {
                keyset(&own(&["origin", "party", "ed25519", "rsa", "from_size", "after"])?)?
            }
            "device" => {
                device(&own(&["bridge", "key", "ledger", "read_points", "from", "until"])?)?
            }
            "prefix" => prefix(&own(&["digits", "party", "grade", "from", "until"])?)?,
            "grant" => grant(
                &entry,
                &own(&["id", "grantor", "grantee", "acts", "scope", "from", "until", "quota"])?,
            )?,
            "power" => {
                power(&own(&["id", "party", "acts", "scope", "legal_basis", "from", "until"])?)?
            }
            "revoke" => revoke(&own(&["reason", "since", "last_good"])?, &head.subject)?,
            "suspend" => suspend(&own(&["party", "reason", "from", "until"])?)?,
            "act" => act(&own(&["party", "act", "about", "reason", "at"])?)?,
            _ => {
                let expected = "root, party, keyset, device, prefix, grant, power, revoke, suspend, state or act";
                return Err(own_error(&entry, "kind", expected).into());
            }
        };
        if head.subject != subject {
            return Err(own_error(&entry, "subject", &format!("`{subject}`")).into());
        }
        Ok(Self { entry, head, body })
    }
}

/// The error for a member that is known to be there.
fn own_error(entry: &Entry, member: &str, expected: &str) -> FieldError {
    let got = entry.json.get(member).map_or_else(
        || "none".to_owned(),
        |json| {
            let text: String = json.canonical().chars().take(120).collect();
            format!("`{text}`")
        },
    );
    FieldError { member: member.to_owned(), got, expected: expected.to_owned() }
}

type Parsed = Result<(Body, String), FieldError>;

fn party(fields: &Fields<'_>) -> Parsed {
    let id = fields.name("id")?;
    let mut admins: Vec<Signer> = Vec::new();
    for admin in fields.objects("admins", &["holder", "vkey"])? {
        let signer = read_signer(&admin, Some(&id))?;
        let is_listed = |other: &Signer| {
            other.holder == signer.holder || other.key.key_bytes() == signer.key.key_bytes()
        };
        if admins.iter().any(is_listed) {
            return Err(admin.wrong("vkey", "each holder and each key once"));
        }
        admins.push(signer);
    }
    if admins.is_empty() {
        return Err(fields.wrong("admins", "one person or more"));
    }
    let is_pgln =
        |text: &str| text.starts_with("urn:epc:id:pgln:") && epc::licence_digits(text).is_some();
    let record = PartyRecord {
        name: fields.prose("name")?,
        pglns: fields.strings(
            "pgln",
            "a party identifier like urn:epc:id:pgln:9521141.00000",
            is_pgln,
        )?,
        sites: fields.strings("sites", "a GLN of 13 digits", |text| is_digits(text, 13..=13))?,
        admins,
        id,
    };
    let subject = format!("party/{}", record.id);
    Ok((Body::Party(record), subject))
}

fn keyset(fields: &Fields<'_>) -> Parsed {
    let is_origin = ledger::directory::root::is_origin;
    let origin = fields.matching("origin", "the name of a ledger, in ASCII", is_origin)?;
    let keys = LedgerKeyset::read(fields, &origin)?;
    let after = SizeAndRoot::read(fields, "after")?;
    let subject = format!("keyset/{origin}");
    Ok((Body::Keyset(KeysetRecord { party: fields.name("party")?, origin, keys, after }), subject))
}

fn device(fields: &Fields<'_>) -> Parsed {
    let bridge = fields.name("bridge")?;
    let is_key = |text: &str| SourceVerifier::from_base64(text).is_ok();
    let is_place =
        |text: &str| text.starts_with("urn:epc:id:sgln:") && epc::licence_digits(text).is_some();
    let read_points =
        fields.strings("read_points", "a place like urn:epc:id:sgln:9521141.01234.0", is_place)?;
    let record = DeviceRecord {
        key: fields.matching("key", "32 bytes in base64", is_key)?,
        ledger: fields.str("ledger")?.to_owned(),
        read_points: read_points.into_iter().collect(),
        span: span(fields, LONGEST_RIGHT)?,
        bridge,
    };
    let subject = format!("device/{}", record.bridge);
    Ok((Body::Device(record), subject))
}

fn prefix(fields: &Fields<'_>) -> Parsed {
    let digits = fields.matching("digits", "4 to 12 digits", |text| is_digits(text, 4..=12))?;
    let grade = match fields.str("grade")? {
        "A" => Grade::A,
        "B" => Grade::B,
        "C" => Grade::C,
        _ => return Err(fields.wrong("grade", "A, B or C")),
    };
    let has_evidence = |kind: &str| {
        let all = fields.array("evidence").unwrap_or_default();
        all.iter().any(|one| one.get("type").and_then(|text| text.as_str()) == Some(kind))
    };
    let needed = match grade {
        Grade::A => Some("gs1_licence"),
        Grade::B => Some("registry_lookup"),
        Grade::C => None,
    };
    if let Some(kind) = needed.filter(|kind| !has_evidence(kind)) {
        return Err(
            fields.wrong("evidence", format!("evidence of the type `{kind}` for this grade"))
        );
    }
    let record = PrefixRecord {
        party: fields.name("party")?,
        grade,
        span: span(fields, LONGEST_RIGHT)?,
        digits,
    };
    let subject = format!("prefix/{}", record.digits);
    Ok((Body::Prefix(record), subject))
}

fn grant(entry: &Entry, fields: &Fields<'_>) -> Parsed {
    if fields.has("quota") {
        return Err(own_error(
            entry,
            "quota",
            "no quota: it is not enforced yet, so it must not be promised",
        ));
    }
    let (grantor, grantee) = (fields.name("grantor")?, fields.name("grantee")?);
    if grantor == grantee {
        return Err(fields.wrong("grantee", "another party than the grantor"));
    }
    let record = GrantRecord {
        id: fields.name("id")?,
        grantor,
        grantee,
        acts: acts(fields, &Act::ALL.map(|(act, _)| act))?,
        scope: scope(fields)?,
        span: span(fields, LONGEST_RIGHT)?,
    };
    let subject = format!("grant/{}", record.id);
    Ok((Body::Grant(record), subject))
}

fn power(fields: &Fields<'_>) -> Parsed {
    fields.prose("legal_basis")?;
    let record = PowerRecord {
        id: fields.name("id")?,
        party: fields.name("party")?,
        acts: acts(fields, &[Act::Recall, Act::Void, Act::ReportTheft])?,
        scope: scope(fields)?,
        span: span(fields, LONGEST_RIGHT)?,
    };
    let subject = format!("power/{}", record.id);
    Ok((Body::Power(record), subject))
}

fn revoke(fields: &Fields<'_>, subject: &str) -> Parsed {
    fields.prose("reason")?;
    let kind = subject.split_once('/').map_or("", |(kind, _)| kind);
    if !matches!(kind, "party" | "keyset" | "device" | "prefix" | "grant" | "power") {
        return Err(fields.wrong("subject", "a party, keyset, device, prefix, grant or power"));
    }
    let since = if fields.has("since") { Some(time(fields, "since")?) } else { None };
    let last_good = SizeAndRoot::read(fields, "last_good")?;
    if last_good.is_some() != (kind == "keyset") {
        return Err(
            fields.wrong("last_good", "the last good checkpoint of keys, and of nothing else")
        );
    }
    if last_good.is_some() && since.is_some() {
        return Err(fields.wrong("since", "none: keys end at a size"));
    }
    Ok((Body::Revoke(RevokeRecord { since, last_good }), subject.to_owned()))
}

fn suspend(fields: &Fields<'_>) -> Parsed {
    fields.prose("reason")?;
    let record =
        SuspendRecord { party: fields.name("party")?, span: span(fields, LONGEST_SUSPENSION)? };
    let subject = format!("suspend/{}", record.party);
    Ok((Body::Suspend(record), subject))
}

fn act(fields: &Fields<'_>) -> Parsed {
    let word = fields.str("act")?;
    let deed = Deed::ALL.iter().find(|(_, own)| *own == word).map(|(deed, _)| *deed);
    let words = Deed::ALL.map(|(_, word)| word).join(", ");
    let record = ActRecord {
        party: fields.name("party")?,
        deed: deed.ok_or_else(|| fields.wrong("act", format!("one of {words}")))?,
        about: fields.prose("about")?,
        reason: fields.prose("reason")?,
        at: time(fields, "at")?,
    };
    let subject = format!("act/{}", record.party);
    Ok((Body::Act(record), subject))
}

fn time(fields: &Fields<'_>, name: &str) -> Result<Timestamp, FieldError> {
    fields.time(name)?.parse().map_err(|_| fields.wrong(name, "a time like 2026-11-01T00:00:00Z"))
}

fn span(fields: &Fields<'_>, longest: SignedDuration) -> Result<Span, FieldError> {
    let (from, until) = (time(fields, "from")?, time(fields, "until")?);
    let length = until.duration_since(from);
    if length <= SignedDuration::ZERO || length > longest {
        let days = longest.as_hours() / 24;
        return Err(fields.wrong("until", format!("a time after `from`, by at most {days} days")));
    }
    Ok(Span { from, until })
}

fn acts(fields: &Fields<'_>, allowed: &[Act]) -> Result<BTreeSet<Act>, FieldError> {
    let words: Vec<&str> = allowed.iter().map(|act| act.word()).collect();
    let is_allowed = |text: &str| Act::parse(text).is_some_and(|act| allowed.contains(&act));
    let found = fields.strings("acts", &words.join(", "), is_allowed)?;
    if found.is_empty() {
        return Err(fields.wrong("acts", "one act or more"));
    }
    Ok(found.iter().filter_map(|word| Act::parse(word)).collect())
}

/// A member that is left out is no bound; an empty one would be none either, and is refused.
fn scope(fields: &Fields<'_>) -> Result<Scope, FieldError> {
    let inner = fields.object("scope", &["prefixes", "gtins", "lots", "serials", "sites"])?;
    let list = |name: &str, expected: &str, accepts: fn(&str) -> bool| {
        if !inner.has(name) {
            return Ok(Vec::new());
        }
        let found = inner.strings(name, expected, accepts)?;
        if found.is_empty() {
            return Err(inner.wrong(name, "one value or more, or no such member"));
        }
        Ok(found)
    };
    let is_lot = |text: &str| {
        (1..=20).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
    };
    Ok(Scope {
        prefixes: list("prefixes", "4 to 12 digits", |text| is_digits(text, 4..=12))?,
        gtins: list("gtins", "a GTIN of 14 digits", |text| is_digits(text, 14..=14))?,
        lots: list("lots", "1 to 20 printable characters", is_lot)?,
        serials: serials(&inner)?,
        sites: list("sites", "a GLN of 13 digits", |text| is_digits(text, 13..=13))?,
    })
}

fn serials(scope: &Fields<'_>) -> Result<Option<(u128, u128)>, FieldError> {
    if !scope.has("serials") {
        return Ok(None);
    }
    let expected = "the first and the last serial, each up to 20 digits without leading zeros";
    let is_serial = |text: &str| is_digits(text, 1..=20) && (text == "0" || !text.starts_with('0'));
    let bounds: Vec<u128> = scope
        .array("serials")?
        .iter()
        .filter_map(|bound| bound.as_str().filter(|text| is_serial(text))?.parse().ok())
        .collect();
    match (&bounds[..], scope.array("serials")?.len()) {
        ([first, last], 2) if first <= last => Ok(Some((*first, *last))),
        _ => Err(scope.wrong("serials", expected)),
    }
}

fn is_digits(text: &str, lengths: std::ops::RangeInclusive<usize>) -> bool {
    lengths.contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
}
