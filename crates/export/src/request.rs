//! What is exported, for whom, in which form.
//!
//! What holds: a request that is taken says nothing that the export ignores; two readers with the same limits and the same query
//! make the same request, whoever they are.

use access::Sight;
use epcis::query::{Limit, Order, Query};
use inquiry::{Reading, Window};
use jiff::Timestamp;
use ledger::json::{Json, object};
use process::language::Language;

use crate::error::Error;
use crate::wanted::Wanted;

/// The form of an export.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Rows of critical tracking events of 21 CFR 1 subpart S, as CSV.
    FsmaCsv,
    /// The same as a workbook.
    FsmaXlsx,
    /// A row for each event, as CSV.
    EventsCsv,
    /// An EPCIS 2.0 document in JSON-LD.
    EpcisJson,
    /// An EPCIS 1.2 document in XML.
    EpcisXml12,
    /// The evidence pack.
    Pack,
    /// A report to print, as PDF.
    Report,
}

impl Format {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::FsmaCsv,
        Self::FsmaXlsx,
        Self::EventsCsv,
        Self::EpcisJson,
        Self::EpcisXml12,
        Self::Pack,
        Self::Report,
    ];

    /// Its name on the command line and in manifests.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::FsmaCsv => "fsma204-csv",
            Self::FsmaXlsx => "fsma204-xlsx",
            Self::EventsCsv => "events-csv",
            Self::EpcisJson => "epcis-json",
            Self::EpcisXml12 => "epcis-xml-1.2",
            Self::Pack => "evidence-pack",
            Self::Report => "report-pdf",
        }
    }

    /// The form of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.name() == name)
    }

    /// What a file of it is called at its end, without the dot.
    #[must_use]
    pub fn extension(self) -> &'static str {
        match self {
            Self::FsmaCsv | Self::EventsCsv => "csv",
            Self::FsmaXlsx => "xlsx",
            Self::EpcisJson => "jsonld",
            Self::EpcisXml12 => "xml",
            Self::Pack => "zip",
            Self::Report => "pdf",
        }
    }
}

/// What a form leaves open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// CSV begins with a byte-order mark, for programs that would read it in another encoding otherwise.
    pub has_mark: bool,
    /// Most items of an evidence pack.
    pub most_items: u64,
    /// The language of a report.
    pub language: Language,
    /// Address of a page that verifies bundles, at most 120 characters; a report has it as a code.
    pub verifier: Option<String>,
}

impl Default for Options {
    fn default() -> Self {
        Self { has_mark: false, most_items: 1000, language: Language::English, verifier: None }
    }
}

/// What is exported, for whom, in which form.
#[derive(Debug, Clone)]
pub struct Request {
    pub(crate) wanted: Wanted,
    pairs: Vec<(String, String)>,
    pub(crate) sight: Sight,
    /// The form.
    pub format: Format,
    /// What it leaves open.
    pub options: Options,
}

impl Request {
    /// Reads a request.
    ///
    /// - `pairs`: parameters of the query interface, decoded (docs/epcis-queries.md).
    /// - `sight`: what the reader may see.
    ///
    /// # Errors
    ///
    /// [`Error::Request`] with every problem of the query; a query with a limit, an order or criteria of master data is none of an
    /// export.
    pub fn new(
        pairs: &[(String, String)],
        sight: Sight,
        format: Format,
        options: Options,
    ) -> Result<Self, Error> {
        let query = Query::from_pairs(pairs).map_err(|problems| {
            let problems: Vec<String> = problems.iter().map(ToString::to_string).collect();
            Error::Request(problems.join("; "))
        })?;
        let refused = |what: &str, expected: &str| {
            Err(Error::Request(format!("got a query with {what}, expected {expected}")))
        };
        if query.limit != Limit::None {
            return refused("a limit of events", "none: an export holds all that match");
        }
        if query.order != Order::Unstated {
            return refused("an order", "none: an export is in the order of event time");
        }
        if !query.master_data().is_empty() {
            return refused("criteria of master data", "criteria that events themselves answer");
        }
        let mut pairs = pairs.to_vec();
        pairs.sort();
        Ok(Self { wanted: Wanted::Query(Box::new(query)), pairs, sight, format, options })
    }

    /// The request for what a search at the desk finds.
    ///
    /// - `window`: when the events happened.
    ///
    /// # Errors
    ///
    /// [`Error::Request`] if no event can be what is searched.
    pub fn of_search(
        reading: &Reading,
        window: Window,
        sight: Sight,
        format: Format,
        options: Options,
    ) -> Result<Self, Error> {
        let wanted = Wanted::of_search(reading, window)?;
        Ok(Self { wanted, pairs: Vec::new(), sight, format, options })
    }

    /// Whether every event is asked for.
    pub(crate) fn wants_all(&self) -> bool {
        matches!(self.wanted, Wanted::Query(_)) && self.pairs.is_empty()
    }

    /// Whether the reader may see everything.
    #[must_use]
    pub fn sees_all(&self) -> bool {
        self.sight.grants().iter().any(|grant| *grant.scope() == access::Scope::default())
    }

    /// The part of a manifest that says what was asked for.
    #[must_use]
    pub fn to_json(&self) -> Json {
        let pair = |(name, value): &(String, String)| {
            Json::Array(vec![Json::from(name.as_str()), Json::from(value.as_str())])
        };
        let mut json = object([
            ("format", Json::from(self.format.name())),
            ("byteOrderMark", Json::Bool(self.options.has_mark)),
            ("query", Json::Array(self.pairs.iter().map(pair).collect())),
            ("scope", scope_of(&self.sight)),
        ]);
        if let Some(search) = self.wanted.search_json() {
            json.set("search", search);
        }
        if self.format == Format::Report {
            json.set("language", Json::from(self.options.language.tag()));
            let verifier = self.options.verifier.as_deref();
            json.set("verifier", verifier.map_or(Json::Null, Json::from));
        }
        json
    }
}

/// The limits of what a reader may see, as a manifest states them; one that everything is seen by is an object without limits.
#[must_use]
pub fn scope_of(sight: &Sight) -> Json {
    let texts = |list: &[String]| {
        let mut list: Vec<&str> = list.iter().map(String::as_str).collect();
        list.sort_unstable();
        Json::Array(list.into_iter().map(Json::from).collect())
    };
    let time =
        |at: Option<Timestamp>| at.map_or(Json::Null, |at| Json::from(at.to_string().as_str()));
    let grant = |grant: &access::Grant| {
        let scope = grant.scope();
        let (from, until) = scope.period();
        object([
            ("products", texts(scope.products())),
            ("parties", texts(scope.parties())),
            ("jurisdictions", texts(scope.jurisdictions())),
            ("from", time(from)),
            ("until", time(until)),
        ])
    };
    let mut grants: Vec<Json> = sight.grants().iter().map(grant).collect();
    grants.sort_by_key(Json::canonical);
    grants.dedup();
    Json::Array(grants)
}

/// Whether somebody who sees this now still sees all that was exported under the limits of a manifest: every one of them is among
/// those that they have, or they see everything.
#[must_use]
pub fn still_sees(now: &Sight, exported: &Json) -> bool {
    if now.grants().iter().any(|grant| *grant.scope() == access::Scope::default()) {
        return true;
    }
    let now = scope_of(now);
    // The members of an object that was read stand in another order than those of one that was made.
    let held: Vec<String> =
        now.as_array().unwrap_or_default().iter().map(Json::canonical).collect();
    let is_held = |limits: &Json| held.contains(&limits.canonical());
    exported.as_array().is_some_and(|all| all.iter().all(is_held))
}
