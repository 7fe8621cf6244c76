//! What a record of the log of reads says, for whoever shows it to people.
//!
//! The way through: [`crate::log_walk`] reads records from the end; a [`LogEntry`] says what one has; [`LogEntry::facts`] is what the decision
//! about it needs.
//!
//! What holds: nothing is guessed: what a record does not say is none, and limits that cannot be read are none.
//!
//! Not here: how records are written ([`crate::read_log`]), who may see which (`access::LogSight`), whether they are what was signed
//! (`chopmark audit`).
//!
//! Source: decisions 0058, 0072 and 0105.

use access::{Act, LogFacts, LogMatter, Role, Scope};
use jiff::Timestamp;
use ledger::Hash;
use ledger::json::{Json, object};
use ledger::record::Record;

use crate::erasure::ERASURE;
use crate::read_log::{EMERGENCY_RIGHT, SESSION_END};
use crate::report_entry;

/// Members of an entry for programs, and of the record that they come from; records of earlier versions lack some of them, reads have neither
/// `report` nor `digest`, and digests of reports have nothing else but the time.
const MEMBERS: [(&str, &str); 14] = [
    ("at", "recordTime"),
    ("subject", "chopmark:subject"),
    ("means", "chopmark:means"),
    ("roles", "chopmark:roles"),
    ("limits", "chopmark:limits"),
    ("act", "chopmark:act"),
    ("asked", "chopmark:asked"),
    ("reason", "chopmark:reason"),
    ("shown", "chopmark:shown"),
    ("hidden", "chopmark:hidden"),
    ("projection", "chopmark:projection"),
    ("emergency", "chopmark:emergency"),
    ("report", report_entry::NUMBER),
    ("digest", report_entry::DIGEST),
];

/// Of which kind an entry is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LogKind {
    /// Events were looked at.
    Look,
    /// An export was asked for, or taken.
    Export,
    /// Something was done in a case, or a case was looked at.
    Case,
    /// The log itself was read.
    Log,
    /// A step of a right of an emergency.
    Emergency,
    /// A session was ended.
    SessionEnd,
    /// The content of a record was erased.
    Erasure,
    /// The digest of what a report of a suspicion rests on.
    Report,
}

impl LogKind {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Look,
        Self::Export,
        Self::Case,
        Self::Log,
        Self::Emergency,
        Self::SessionEnd,
        Self::Erasure,
        Self::Report,
    ];

    /// Its name in addresses.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Look => "look",
            Self::Export => "export",
            Self::Case => "case",
            Self::Log => "log",
            Self::Emergency => "emergency",
            Self::SessionEnd => "session-end",
            Self::Erasure => "erasure",
            Self::Report => "report",
        }
    }
}

/// A right of an emergency that an entry names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedRight {
    /// Its id.
    pub id: String,
    /// Who proposed it.
    pub proposed_by: String,
    /// Who approved it; none yet at its first step.
    pub approved_by: Option<String>,
}

/// An entry.
#[derive(Debug, Clone)]
pub struct LogEntry(Record);

impl LogEntry {
    /// The entry of a record's text.
    ///
    /// # Errors
    ///
    /// Why it is no record.
    pub fn parse(text: &str) -> Result<Self, String> {
        Record::parse(text).map(Self).map_err(|error| error.to_string())
    }

    fn text(&self, name: &str) -> Option<&str> {
        self.0.json().get(name)?.as_str()
    }

    fn texts(&self, name: &str) -> Vec<&str> {
        let list = self.0.json().get(name).and_then(Json::as_array);
        list.unwrap_or_default().iter().filter_map(Json::as_str).collect()
    }

    fn number(&self, name: &str) -> Option<u64> {
        self.0.json().get(name)?.as_number()?.parse().ok()
    }

    /// When it was recorded.
    #[must_use]
    pub fn at(&self) -> Option<Timestamp> {
        self.text("recordTime")?.parse().ok()
    }

    /// Who.
    #[must_use]
    pub fn subject(&self) -> Option<&str> {
        self.text("chopmark:subject")
    }

    /// How they showed who they are.
    #[must_use]
    pub fn means(&self) -> Option<&str> {
        self.text("chopmark:means")
    }

    /// Their roles.
    #[must_use]
    pub fn roles(&self) -> Vec<&str> {
        self.texts("chopmark:roles")
    }

    /// Their limits, a text for each role.
    #[must_use]
    pub fn limits(&self) -> Vec<&str> {
        self.texts("chopmark:limits")
    }

    /// What they did.
    #[must_use]
    pub fn act(&self) -> Option<&str> {
        self.text("chopmark:act")
    }

    /// What they asked for.
    #[must_use]
    pub fn asked(&self) -> Option<&str> {
        self.text("chopmark:asked")
    }

    /// Why, in their words.
    #[must_use]
    pub fn reason(&self) -> Option<&str> {
        self.text("chopmark:reason")
    }

    /// How many were shown, and how many their limits hid.
    #[must_use]
    pub fn counts(&self) -> Option<(u64, u64)> {
        self.number("chopmark:shown").zip(self.number("chopmark:hidden"))
    }

    /// Position and generation of the projection that the answer rests on.
    #[must_use]
    pub fn projection(&self) -> Option<(u64, u64)> {
        let projection = self.0.json().get("chopmark:projection")?;
        let number = |name: &str| projection.get(name)?.as_number()?.parse().ok();
        number("position").zip(number("generation"))
    }

    /// The rights of an emergency that it was done under, or is a step of.
    #[must_use]
    pub fn rights(&self) -> Vec<NamedRight> {
        let rights = self.0.json().get("chopmark:emergency").and_then(Json::as_array);
        let right = |right: &Json| {
            let of = |name: &str| right.get(name).and_then(Json::as_str).map(str::to_owned);
            NamedRight {
                id: of("id").unwrap_or_default(),
                proposed_by: of("proposedBy").unwrap_or_default(),
                approved_by: of("approvedBy"),
            }
        };
        rights.unwrap_or_default().iter().map(right).collect()
    }

    /// Number of a report, and the digest of what it rests on.
    #[must_use]
    pub fn report(&self) -> Option<(u64, Hash)> {
        report_entry::read(self.0.json())
    }

    /// Its kind.
    #[must_use]
    pub fn kind(&self) -> LogKind {
        match self.text("type") {
            Some(EMERGENCY_RIGHT) => return LogKind::Emergency,
            Some(SESSION_END) => return LogKind::SessionEnd,
            Some(ERASURE) => return LogKind::Erasure,
            Some(report_entry::REPORT) => return LogKind::Report,
            _ => {}
        }
        let asked = self.asked().unwrap_or_default();
        let is_export = asked.starts_with("POST /exports ") || asked.starts_with("GET /exports/");
        match self.act().and_then(Act::from_name) {
            Some(Act::WorkOnCases | Act::AnswerInquiries) => LogKind::Case,
            Some(Act::ReadAccessLog) => LogKind::Log,
            _ if is_export => LogKind::Export,
            _ => LogKind::Look,
        }
    }

    /// Whether an operator went beyond their role, or somebody acted under a right of an emergency.
    #[must_use]
    pub fn is_override(&self) -> bool {
        let is_step =
            matches!(self.kind(), LogKind::Emergency | LogKind::SessionEnd | LogKind::Erasure);
        is_step || self.is_under_right()
    }

    fn is_under_right(&self) -> bool {
        self.0.json().get("chopmark:emergency").is_some()
    }

    /// The limits that it was done within, one for each role; none if one of them cannot be read.
    #[must_use]
    pub fn scopes(&self) -> Option<Vec<Scope>> {
        let limits = self.0.json().get("chopmark:limits")?.as_array()?;
        limits.iter().map(|limit| scope(limit.as_str()?)).collect()
    }

    /// What the decision who may see it needs.
    ///
    /// - `scopes`: [`LogEntry::scopes`].
    #[must_use]
    pub fn facts<'a>(&'a self, scopes: Option<&'a [Scope]>) -> LogFacts<'a> {
        LogFacts {
            subject: self.subject().unwrap_or_default(),
            at: self.at(),
            is_of_regulator: self.roles().contains(&Role::Regulator.name()),
            is_under_right: self.is_under_right(),
            matter: match self.kind() {
                LogKind::Case => LogMatter::Case,
                LogKind::Emergency | LogKind::SessionEnd | LogKind::Erasure => LogMatter::Step,
                LogKind::Report => LogMatter::Digest,
                LogKind::Look | LogKind::Export | LogKind::Log => LogMatter::Goods,
            },
            limits: scopes,
        }
    }

    /// The entry for programs, with its place.
    #[must_use]
    pub fn json(&self, origin: &str, index: u64) -> Json {
        let place = [("ledger", Json::from(origin)), ("index", Json::from(index))];
        let value = |name: &str| self.0.json().get(name).cloned().unwrap_or(Json::Null);
        object(place.into_iter().chain(MEMBERS.map(|(name, from)| (name, value(from)))))
    }
}

/// Limits as a record writes them ([`crate::read_log`]); none if they cannot be read.
fn scope(text: &str) -> Option<Scope> {
    if text == "none" {
        return Some(Scope::default());
    }
    let mut lists: [Vec<String>; 3] = Default::default();
    let (mut from, mut until) = (None, None);
    for part in text.split("; ") {
        let (kind, value) = part.split_once(' ')?;
        let place = match kind {
            "products" => 0,
            "parties" => 1,
            "jurisdictions" => 2,
            "from" if from.is_none() => {
                from = Some(value.parse().ok()?);
                continue;
            }
            "until" if until.is_none() => {
                until = Some(value.parse().ok()?);
                continue;
            }
            _ => return None,
        };
        if !lists[place].is_empty() {
            return None;
        }
        lists[place] = value.split(", ").map(str::to_owned).collect();
    }
    Scope::of_lists(lists.each_ref().map(Vec::as_slice), (from, until)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_read_as_they_were_written_and_anything_else_is_none() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let wide = Scope::default()
            .with_product("9521141")
            .and_then(|scope| scope.with_product("https://id.gs1.org/01/09521141123454"))
            .and_then(|scope| scope.with_party("urn:epc:id:pgln:9521142.00000"))
            .and_then(|scope| scope.with_jurisdiction("9521142"))
            .and_then(|scope| scope.with_jurisdiction("urn:epc:id:sgln:9521143.00001.0"))
            .unwrap();
        let period = (Some(at("2026-10-01T00:00:00Z")), Some(at("2027-01-01T00:00:00Z")));
        for written in [
            Scope::default(),
            Scope::default().with_product("9521141").unwrap(),
            wide.clone(),
            wide.with_period(period.0, period.1).unwrap(),
        ] {
            let text = crate::read_log::limits_text(&written);
            let read = scope(&text).unwrap_or_else(|| panic!("{text}"));
            assert!(read.includes(&written) && written.includes(&read), "{text}");
        }
        for wrong in [
            "",
            "none; from 2026-10-01T00:00:00Z",
            "products",
            "products ",
            "products 95",
            "parties x",
            "places 9521142",
            "from yesterday",
            "products 9521141; products 4012345",
            "from 2026-10-01T00:00:00Z; from 2026-11-01T00:00:00Z",
        ] {
            assert!(scope(wrong).is_none(), "{wrong}");
        }
    }

    #[test]
    fn each_entry_has_its_kind_and_overrides_are_known() {
        let entry = |kind: &str, act: &str, asked: &str, more: &str| {
            let text = format!(
                r#"{{"chopmark:act":"{act}","chopmark:asked":"{asked}"{more},"recordTime":"2026-11-23T08:00:00Z","type":"{kind}"}}"#
            );
            LogEntry::parse(&text).unwrap_or_else(|error| panic!("{text}: {error}"))
        };
        let right = r#","chopmark:emergency":[{"id":"e1","proposedBy":"lin"}]"#;
        for (kind, act, asked, more, found, is_override) in [
            ("chopmark:Read", "query events", "GET /search x", "", LogKind::Look, false),
            ("chopmark:Read", "query events", "GET /search x", right, LogKind::Look, true),
            ("chopmark:Read", "query events", "POST /exports 7 csv x", "", LogKind::Export, false),
            ("chopmark:Read", "query events", "GET /exports/7/file", "", LogKind::Export, false),
            ("chopmark:Read", "work on cases", "GET /cases/1", "", LogKind::Case, false),
            ("chopmark:Read", "answer inquiries", "POST /inbox/1/2", "", LogKind::Case, false),
            ("chopmark:Read", "read the log of reads", "GET /log", "", LogKind::Log, false),
            (report_entry::REPORT, "", "", "", LogKind::Report, false),
            (ERASURE, "erase a record", "record 7", "", LogKind::Erasure, true),
            (SESSION_END, "end sessions", "session 1", "", LogKind::SessionEnd, true),
            (EMERGENCY_RIGHT, "end an emergency right", "e1", right, LogKind::Emergency, true),
        ] {
            let entry = entry(kind, act, asked, more);
            assert_eq!((entry.kind(), entry.is_override()), (found, is_override), "{asked}");
        }
    }
}
