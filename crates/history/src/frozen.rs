//! What a report of a suspicion rests on, frozen when it is stored: one document, and a digest that tells nothing of it.
//!
//! The way through: whoever stores a report makes the document of what was written ([`Statement`]) and of what the records said of the
//! item then ([`Shown`]) with [`document`], and its [`digest`] with a random secret; [`check`] compares document, digest and stored
//! report with one another later, [`check_file`] a document that somebody took away.
//!
//! What holds: the document is canonical JSON, so that one report has one text; the digest is keyed, so that nobody finds a short text by
//! trying; whatever of a stored report differs from its document is named.
//!
//! Not here: storing (`sql::reports`), the entry of the log that has the digest (`gate::report_entry`).
//!
//! Sources: RFC 2104 (HMAC), RFC 8785; docs/decisions/0102-reports-reach-brand-and-authority.md.

use jiff::Timestamp;
use ledger::Hash;
use ledger::hash::hmac_sha256;
use ledger::json::{Json, Limits, object, parse};

use crate::gather::GatheredHistory;
use crate::scans::Conflict;
use crate::state::{ClashKind, NotIssued};
use crate::verdict::Reason;
use crate::{Gap, Withdrawal};

/// Format of the document.
pub const FORMAT: &str = "chopmark.org/report-evidence@v1";
/// Format of a file with the document, its secret and its digest.
pub const FILE_FORMAT: &str = "chopmark.org/report-evidence-file@v1";
/// The member that says what the records said; the others are what was written.
const SHOWN: &str = "shown";
/// Most bytes of a file.
pub const MOST_FILE: usize = 4 << 20;

/// What was frozen, as it is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kept<'a> {
    /// The document.
    pub document: &'a str,
    /// Key of the digest.
    pub secret: &'a [u8],
    /// The digest.
    pub digest: &'a Hash,
}

/// What was written, as it is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Statement<'a> {
    /// When it was received, to the microsecond, as the database keeps it.
    pub received_at: Timestamp,
    /// Digital Link of the item, or what was typed.
    pub item: &'a str,
    /// Code of the reason.
    pub reason: &'a str,
    /// What was seen.
    pub message: &'a str,
    /// Where.
    pub place: &'a str,
    /// `zh` or `en`.
    pub language: &'a str,
    /// Whether inspectors are to read it.
    pub for_authorities: bool,
    /// SHA-256 and bytes of the photo as it is stored.
    pub photo: Option<(Hash, u64)>,
}

impl Statement<'_> {
    fn members(&self) -> Vec<(&'static str, Json)> {
        let photo = self.photo.as_ref().map_or(Json::Null, |(sha256, bytes)| {
            let sha256 = Json::from(sha256.to_string().as_str());
            object([("sha256", sha256), ("bytes", Json::from(*bytes))])
        });
        vec![
            ("format", Json::from(FORMAT)),
            ("receivedAt", Json::from(self.received_at.to_string().as_str())),
            ("item", Json::from(self.item)),
            ("reason", Json::from(self.reason)),
            ("message", Json::from(self.message)),
            ("place", Json::from(self.place)),
            ("language", Json::from(self.language)),
            ("forAuthorities", Json::from(self.for_authorities)),
            ("photo", photo),
        ]
    }
}

/// What the page of the item said when the report was received.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Shown {
    /// What was typed names no item.
    NoItem,
    /// The records of the item could not be read.
    NotRead,
    /// The verdict.
    Verdict {
        /// Code of the verdict.
        verdict: String,
        /// Code of the reason.
        reason: String,
        /// The ledgers that count; none if no record names the item.
        ledgers: Option<Vec<Head>>,
    },
}

/// A ledger as it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// Its origin.
    pub origin: String,
    /// Its size.
    pub size: u64,
    /// Its root.
    pub root: Hash,
}

impl Shown {
    /// What a scan of the item said.
    ///
    /// - `gathered`: its history; none if no record names it.
    #[must_use]
    pub fn of(reason: &Reason, gathered: Option<&GatheredHistory>) -> Self {
        let heads = |gathered: &GatheredHistory| {
            let head = |head: &crate::gather::LedgerHead| Head {
                origin: head.origin.to_string(),
                size: head.checkpoint.size,
                root: head.checkpoint.root,
            };
            let mut heads: Vec<Head> = gathered.ledgers.values().map(head).collect();
            heads.sort_by(|one, other| one.origin.cmp(&other.origin));
            heads
        };
        Self::Verdict {
            verdict: reason.verdict().code().to_owned(),
            reason: reason_code(reason).to_owned(),
            ledgers: gathered.map(heads),
        }
    }

    fn json(&self) -> Json {
        let (verdict, reason, ledgers) = match self {
            Self::NoItem => return object([("item", Json::from("none"))]),
            Self::NotRead => return object([("item", Json::from("not read"))]),
            Self::Verdict { verdict, reason, ledgers } => (verdict, reason, ledgers),
        };
        let item = if ledgers.is_some() { "known" } else { "unknown" };
        let head = |head: &Head| {
            object([
                ("origin", Json::from(head.origin.as_str())),
                ("size", Json::from(head.size)),
                ("root", Json::from(head.root.to_string().as_str())),
            ])
        };
        let heads = ledgers.iter().flatten().map(head).collect();
        object([
            ("item", Json::from(item)),
            ("verdict", Json::from(verdict.as_str())),
            ("reason", Json::from(reason.as_str())),
            ("ledgers", Json::Array(heads)),
        ])
    }

    fn parse(json: &Json) -> Option<Self> {
        let text = |name: &str| json.get(name)?.as_str().map(str::to_owned);
        let item = text("item")?;
        match item.as_str() {
            "none" => return Some(Self::NoItem),
            "not read" => return Some(Self::NotRead),
            _ => {}
        }
        let head = |head: &Json| {
            Some(Head {
                origin: head.get("origin")?.as_str()?.to_owned(),
                size: head.get("size")?.as_number()?.parse().ok()?,
                root: head.get("root")?.as_str()?.parse().ok()?,
            })
        };
        let heads: Option<Vec<Head>> = json.get("ledgers")?.as_array()?.iter().map(head).collect();
        let ledgers = heads.filter(|_| item == "known");
        Some(Self::Verdict { verdict: text("verdict")?, reason: text("reason")?, ledgers })
    }
}

/// The document of a report.
#[must_use]
pub fn document(statement: &Statement<'_>, shown: &Shown) -> String {
    let members = statement.members().into_iter().chain([(SHOWN, shown.json())]);
    object(members).canonical()
}

/// The digest of a document.
#[must_use]
pub fn digest(secret: &[u8], document: &str) -> Hash {
    Hash(hmac_sha256(secret, document.as_bytes()))
}

/// Why what is stored cannot be what was stored once.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Misfit {
    /// The document is not the one that has this digest.
    #[error("the document does not fit its digest")]
    Digest,
    /// The document is no document of a report.
    #[error("the document is not of the format {FORMAT}")]
    Format,
    /// The report is not the one of the document.
    #[error("the report does not fit its digest: {} of it changed since", .0.join(", "))]
    Report(Vec<String>),
}

/// Compares a stored report with what was frozen of it; gives what the records said then.
///
/// - `statement`: what is stored of it now.
///
/// # Errors
///
/// [`Misfit`].
pub fn check(kept: &Kept<'_>, statement: &Statement<'_>) -> Result<Shown, Misfit> {
    if digest(kept.secret, kept.document) != *kept.digest {
        return Err(Misfit::Digest);
    }
    let json = read(kept.document)?;
    let now = statement.members();
    let is_same = |name: &str, value: &Json| {
        json.get(name).is_some_and(|frozen| frozen.canonical() == value.canonical())
    };
    let changed = now.iter().filter(|(name, value)| !is_same(name, value));
    let mut changed: Vec<String> = changed.map(|(name, _)| (*name).to_owned()).collect();
    let known = |name: &str| name == SHOWN || now.iter().any(|(known, _)| *known == name);
    let members = json.as_object().unwrap_or_default().iter();
    changed.extend(members.filter(|(name, _)| !known(name)).map(|(name, _)| name.clone()));
    if !changed.is_empty() {
        return Err(Misfit::Report(changed));
    }
    json.get(SHOWN).and_then(Shown::parse).ok_or(Misfit::Format)
}

/// A document, as an object with the members of its format.
fn read(document: &str) -> Result<Json, Misfit> {
    let json = parse(document.as_bytes(), &Limits::default()).map_err(|_| Misfit::Format)?;
    let is_of_format = json.get("format").and_then(Json::as_str) == Some(FORMAT);
    if is_of_format && json.canonical() == document { Ok(json) } else { Err(Misfit::Format) }
}

/// A file with what was frozen of a report.
#[must_use]
pub fn file(id: u64, kept: &Kept<'_>) -> String {
    object([
        ("format", Json::from(FILE_FORMAT)),
        ("report", Json::from(id)),
        ("digest", Json::from(kept.digest.to_string().as_str())),
        ("secret", Json::from(hex(kept.secret).as_str())),
        ("document", Json::from(kept.document)),
    ])
    .canonical()
}

/// Why a file proves nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FileError {
    /// It is no such file.
    #[error("expected a file of the format {FILE_FORMAT}")]
    Unreadable,
    /// Its document does not fit.
    #[error(transparent)]
    Misfit(#[from] Misfit),
}

/// What a file holds, if its document fits its digest: number of the report, digest and document.
///
/// # Errors
///
/// [`FileError`].
pub fn check_file(bytes: &[u8]) -> Result<(u64, Hash, Json), FileError> {
    let read_file = || {
        let limits = Limits { max_bytes: MOST_FILE, ..Limits::default() };
        let file = parse(bytes, &limits).ok()?;
        let text = |name: &str| file.get(name)?.as_str();
        if text("format")? != FILE_FORMAT {
            return None;
        }
        let secret = unhex(text("secret")?)?;
        let number = file.get("report")?.as_number()?.parse::<u64>().ok()?;
        let digest = text("digest")?.parse::<Hash>().ok()?;
        Some((number, digest, secret, text("document")?.to_owned()))
    };
    let (number, stated, secret, document) = read_file().ok_or(FileError::Unreadable)?;
    if digest(&secret, &document) != stated {
        return Err(Misfit::Digest.into());
    }
    Ok((number, stated, read(&document)?))
}

/// Bytes as lowercase hex digits.
fn hex(bytes: &[u8]) -> String {
    let digit = |nibble: u8| char::from_digit(u32::from(nibble), 16).unwrap_or_default();
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let is_hex = text.len().is_multiple_of(2) && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let pairs =
        (0..text.len()).step_by(2).map(|at| u8::from_str_radix(text.get(at..at + 2)?, 16).ok());
    if is_hex { pairs.collect() } else { None }
}

/// The code of the reason of a verdict: which rule decided.
fn reason_code(reason: &Reason) -> &'static str {
    match reason {
        Reason::NotCovered => "not_covered",
        Reason::Malformed => "malformed",
        Reason::BrokenCode => "broken_code",
        Reason::Withdrawn(Withdrawal::Recalled) => "recalled",
        Reason::Withdrawn(Withdrawal::Stolen) => "stolen",
        Reason::Withdrawn(Withdrawal::Expired) => "expired",
        Reason::NotIssued(NotIssued::Unknown) => "unknown",
        Reason::NotIssued(NotIssued::NeverApplied) => "never_applied",
        Reason::NotIssued(NotIssued::NotEntitled) => "not_entitled",
        Reason::NotIssued(NotIssued::Disputed) => "disputed",
        Reason::NotIssued(NotIssued::Ended(_)) => "ended",
        Reason::ChipFailed(_) => "chip_failed",
        Reason::SealOpened => "seal_opened",
        Reason::Conflict(Conflict::TwoPlaces { .. }) => "impossible_travel",
        Reason::Conflict(Conflict::ManyNetworks { .. }) => "many_networks",
        Reason::Clash(clash) => clash_code(clash.kind),
        Reason::Sold(_) => "sold",
        Reason::Gap(gap) => gap_code(gap),
        Reason::Condition(_) => "condition",
        Reason::ChipPassed => "chip_passed",
        Reason::NothingFound => "nothing_found",
    }
}

fn clash_code(kind: ClashKind) -> &'static str {
    match kind {
        ClashKind::CommissionedTwice => "commissioned_twice",
        ClashKind::OtherLot => "other_lot",
        ClashKind::SoldTwice => "sold_twice",
        ClashKind::OtherReceiver => "other_receiver",
        ClashKind::ShippedTwice => "shipped_twice",
        ClashKind::ShippedByFormerHolder => "shipped_by_former_holder",
        ClashKind::CorrectedTooLate => "corrected_too_late",
        ClashKind::ReadAfterKill => "read_after_kill",
        ClashKind::LedgerForked => "ledger_forked",
        ClashKind::LedgerShrunk => "ledger_shrunk",
    }
}

fn gap_code(gap: &Gap) -> &'static str {
    match gap {
        Gap::Disputed { .. } => "gap_disputed",
        Gap::Shipping { .. } => "gap_shipping",
        Gap::Receiving { .. } => "gap_receiving",
        Gap::NoDirectory { .. } => "gap_no_directory",
        Gap::Claimed { .. } => "gap_claimed",
        Gap::Unbacked { .. } => "gap_unbacked",
        Gap::OnHold { .. } => "gap_on_hold",
        Gap::BackDated { .. } => "gap_back_dated",
        Gap::Cut { .. } => "gap_cut",
        Gap::Erased { .. } => "gap_erased",
    }
}

#[cfg(test)]
mod tests {
    use ledger::hash::sha256;

    use super::*;

    const SECRET: &[u8] = b"0123456789abcdef";

    fn statement(message: &str) -> Statement<'_> {
        Statement {
            received_at: "2026-11-24T08:00:00.123456Z".parse().unwrap(),
            item: "https://id.gs1.org/01/09521141123454/21/602",
            reason: "copy",
            message,
            place: "上海 \"a market\"\n",
            language: "zh",
            for_authorities: true,
            photo: Some((sha256(b"photo"), 5)),
        }
    }

    fn shown() -> Shown {
        let ledgers = vec![Head { origin: "a.example/1".into(), size: 7, root: sha256(b"root") }];
        let (verdict, reason) = ("CONSISTENT".to_owned(), "nothing_found".to_owned());
        Shown::Verdict { verdict, reason, ledgers: Some(ledgers) }
    }

    /// What is kept of a document, owned.
    struct Own {
        document: String,
        secret: Vec<u8>,
        digest: Hash,
    }

    impl Own {
        fn kept(&self) -> Kept<'_> {
            Kept { document: &self.document, secret: &self.secret, digest: &self.digest }
        }
    }

    fn frozen(document: String) -> Own {
        Own { digest: digest(SECRET, &document), secret: SECRET.to_vec(), document }
    }

    /// As the function of this name, of what is owned.
    fn check(own: &Own, statement: &Statement<'_>) -> Result<Shown, Misfit> {
        super::check(&own.kept(), statement)
    }

    #[test]
    fn a_document_is_canonical_and_says_what_was_written_and_what_the_records_said() {
        let text = document(&statement("x"), &shown());
        let expected = concat!(
            "{\"forAuthorities\":true,\"format\":\"chopmark.org/report-evidence@v1\",",
            "\"item\":\"https://id.gs1.org/01/09521141123454/21/602\",\"language\":\"zh\",\"message\":\"x\",",
            "\"photo\":{\"bytes\":5,\"sha256\":\"PHOTO\"},\"place\":\"上海 \\\"a market\\\"\\n\",\"reason\":\"copy\",",
            "\"receivedAt\":\"2026-11-24T08:00:00.123456Z\",\"shown\":{\"item\":\"known\",\"ledgers\":",
            "[{\"origin\":\"a.example/1\",\"root\":\"ROOT\",\"size\":7}],\"reason\":\"nothing_found\",\"verdict\":\"CONSISTENT\"}}"
        );
        let hashes = [("PHOTO", sha256(b"photo")), ("ROOT", sha256(b"root"))];
        let expected = hashes
            .into_iter()
            .fold(expected.to_owned(), |text, (name, hash)| text.replace(name, &hash.to_string()));
        assert_eq!(text, expected);
        assert_eq!(check(&frozen(text), &statement("x")), Ok(shown()));
    }

    #[test]
    fn an_unknown_item_and_a_text_that_names_none_are_plain_statements() {
        let unknown = Shown::Verdict {
            verdict: "REJECTED".to_owned(),
            reason: "unknown".to_owned(),
            ledgers: None,
        };
        for (shown, says) in [
            (Shown::NoItem, "\"shown\":{\"item\":\"none\"}"),
            (Shown::NotRead, "\"shown\":{\"item\":\"not read\"}"),
            (unknown, "\"item\":\"unknown\",\"ledgers\":[],\"reason\":\"unknown\""),
        ] {
            let text = document(&statement(""), &shown);
            assert!(text.contains(says), "{text}");
            assert_eq!(check(&frozen(text), &statement("")), Ok(shown));
        }
    }

    #[test]
    fn every_change_of_a_stored_report_is_named() {
        let stored = frozen(document(&statement("x"), &shown()));
        let with = |change: fn(&mut Statement<'_>)| {
            let mut other = statement("x");
            change(&mut other);
            check(&stored, &other)
        };
        let named = |name: &str| Err(Misfit::Report(vec![name.to_owned()]));
        assert_eq!(with(|one| one.message = "y"), named("message"));
        assert_eq!(with(|one| one.place = ""), named("place"));
        assert_eq!(with(|one| one.item = "https://id.gs1.org/01/1/21/2"), named("item"));
        assert_eq!(with(|one| one.reason = "other"), named("reason"));
        assert_eq!(with(|one| one.language = "en"), named("language"));
        assert_eq!(with(|one| one.for_authorities = false), named("forAuthorities"));
        assert_eq!(with(|one| one.received_at = Timestamp::UNIX_EPOCH), named("receivedAt"));
        assert_eq!(with(|one| one.photo = None), named("photo"));
        assert_eq!(with(|one| one.photo = Some((sha256(b"other"), 5))), named("photo"));
    }

    #[test]
    fn a_document_or_a_digest_of_another_report_does_not_fit() {
        let (one, other) =
            (document(&statement("x"), &shown()), document(&statement("y"), &shown()));
        let mut swapped = frozen(one.clone());
        swapped.digest = digest(SECRET, &other);
        assert_eq!(check(&swapped, &statement("x")), Err(Misfit::Digest));
        let mut altered = frozen(one.clone());
        altered.document = other.clone();
        assert_eq!(check(&altered, &statement("y")), Err(Misfit::Digest));
        let mut other_secret = frozen(one.clone());
        other_secret.secret = vec![0; 16];
        assert_eq!(check(&other_secret, &statement("x")), Err(Misfit::Digest));
        let whole = check(&frozen(other), &statement("x"));
        assert_eq!(whole, Err(Misfit::Report(vec!["message".to_owned()])));
        for wrong in ["", "{}", "null", "[1]", &format!(" {one}"), &one.replace("@v1", "@v9")] {
            assert_eq!(check(&frozen(wrong.to_owned()), &statement("x")), Err(Misfit::Format));
        }
        let more = one.replacen('{', "{\"a\":1,", 1);
        let more = check(&frozen(more), &statement("x"));
        assert_eq!(more, Err(Misfit::Report(vec!["a".to_owned()])));
    }

    #[test]
    fn a_file_is_checked_without_a_database_and_every_changed_character_is_found() {
        let stored = frozen(document(&statement("x"), &shown()));
        let text = file(7, &stored.kept());
        let (number, digest, json) = check_file(text.as_bytes()).unwrap();
        assert_eq!((number, digest), (7, stored.digest));
        assert_eq!(json.canonical(), stored.document);
        for at in 0..text.len() {
            let mut other = text.clone().into_bytes();
            other[at] ^= 1;
            if let Ok((number, digest, json)) = check_file(&other) {
                assert_ne!(number, 7, "only the number is not covered: the log has it");
                let same = (digest, json.canonical());
                assert_eq!(same, (stored.digest, stored.document.clone()));
            }
        }
        for wrong in [
            &b""[..],
            b"{}",
            b"\xff",
            b"[]",
            b"{\"format\":\"chopmark.org/report-evidence-file@v1\"}",
        ] {
            assert_eq!(check_file(wrong), Err(FileError::Unreadable));
        }
    }
}
