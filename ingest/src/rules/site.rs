//! The rules of one site, read from TOML and checked.
//!
//! What holds: every value that cannot work is refused at start, with file, rule, what was found and what was
//! expected.

use std::path::{Path, PathBuf};

use epc::PrefixTable;
use epcis::vocabulary::Vocabulary;
use reads::{Direction, Passage};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use thiserror::Error;

use super::excursion::{self, ExcursionRule};

/// The rules of one site, as its TOML file gives them.
///
/// ```toml
/// version = "2026-11-22"
/// time_zone_offset = "+08:00"
/// location = "urn:epc:id:sgln:9521142.00001.0"
/// company_prefixes = ["9521141"]
///
/// [[rule]]
/// id = "receive"
/// read_point = "urn:epc:id:sgln:9521142.00001.3"
/// biz_location = "urn:epc:id:sgln:9521142.00001.0"
/// direction = "in"
/// concludes.receive.things = { scheme = "sgtin" }
/// ```
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SiteRules {
    /// Version of this rule file, any text; named in every record made by it.
    pub version: String,
    /// Offset of local time from UTC that events carry, `+hh:mm` or `-hh:mm`.
    /// Default: `+00:00`.
    #[serde(default = "utc_offset")]
    pub time_zone_offset: String,
    /// SGLN of the site itself: despatch advices sent to it are expected here.
    pub location: String,
    /// GS1 company prefixes, 6 to 12 digits each, of those whose `+` and `++` tags are read here: such a tag does
    /// not contain the length of its prefix. Default: none, and every such tag is refused.
    #[serde(default, deserialize_with = "company_prefixes")]
    pub company_prefixes: PrefixTable,
    /// The rules, tried in this order; each that matches adds its events.
    #[serde(rename = "rule")]
    pub rules: Vec<Rule>,
}

fn utc_offset() -> String {
    "+00:00".to_owned()
}

fn company_prefixes<'de, D: Deserializer<'de>>(from: D) -> Result<PrefixTable, D::Error> {
    let prefixes = Vec::<String>::deserialize(from)?;
    for prefix in &prefixes {
        let is_number = prefix.bytes().all(|byte| byte.is_ascii_digit());
        if !is_number || !(6..=12).contains(&prefix.len()) {
            let problem = format!("got company prefix `{prefix}`, expected 6 to 12 digits");
            return Err(D::Error::custom(problem));
        }
    }
    Ok(PrefixTable::new(prefixes))
}

/// One rule: a read point and the conclusion from what is observed there.
///
/// ```toml
/// [[rule]]
/// id = "receive-pallets"
/// read_point = "urn:epc:id:sgln:9521142.00001.3"
/// min_reads = 3
/// min_rssi_mean_dbm = -65.0
/// direction = "in"
/// concludes.receive.things = { scheme = "sscc", filter = 6 }
/// ```
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// Name of the rule, unique in its file.
    pub id: String,
    /// SGLN URI of the read point that the rule applies to.
    pub read_point: String,
    /// SGLN URI of the business location of the items afterwards. Default: none; a movement takes the read point.
    #[serde(default)]
    pub biz_location: Option<String>,
    /// Fewest reads of one tag that count. Default: 1. Below it, the observation is refused as a stray.
    #[serde(default = "one")]
    pub min_reads: u32,
    /// Lowest mean RSSI in dBm that counts. Default: none. Below it: a stray.
    #[serde(default)]
    pub min_rssi_mean_dbm: Option<f64>,
    /// Direction in which a tag must have moved to count, `in` or `out`. Default: any.
    #[serde(default)]
    pub direction: Option<Direction>,
    /// Whether a tag counts that was nearer to a neighbouring reader. Default: no.
    #[serde(default)]
    pub neighbours: bool,
    /// Whether a tag counts that rests here: for a door that cannot determine directions and before which pallets
    /// wait. Default: no for a receipt and for a rule with a direction, else yes.
    #[serde(default)]
    pub residents: Option<bool>,
    /// What the rule concludes: `concludes.receive.things = { scheme = "sgtin" }`.
    #[serde(rename = "concludes")]
    pub conclusion: Conclusion,
}

impl Rule {
    /// What the rule demands of an observation.
    ///
    /// A tag that rests at the read point counts as observed there, not as passing: for a receipt, or for a rule
    /// with a direction, it counts only if it moved.
    #[must_use]
    pub fn passage(&self) -> Passage {
        let is_receipt = matches!(self.conclusion, Conclusion::Receive { .. });
        Passage {
            min_reads: self.min_reads,
            min_rssi_mean_dbm: self.min_rssi_mean_dbm,
            neighbours: self.neighbours,
            residents: self.residents.unwrap_or(!is_receipt && self.direction.is_none()),
            direction: self.direction,
        }
    }
}

fn one() -> u32 {
    1
}

/// What a rule concludes from observations or readings.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Conclusion {
    /// Items observed here for the first time are commissioned: ObjectEvent ADD, commissioning.
    ///
    /// ```toml
    /// [[rule]]
    /// id = "make"
    /// read_point = "urn:epc:id:sgln:9521141.00001.101"
    /// biz_location = "urn:epc:id:sgln:9521141.00001.0"
    /// min_reads = 2
    /// concludes.commission = { things = { scheme = "sgtin" }, lot = "L2611A", expiry = "2027-05-31" }
    /// ```
    Commission {
        /// What kind of item counts.
        things: Kind,
        /// Lot number, as printed on the pack. Default: none.
        #[serde(default)]
        lot: Option<String>,
        /// Expiry date, `YYYY-MM-DD`. Default: none.
        #[serde(default)]
        expiry: Option<String>,
    },
    /// Contents observed together with exactly one container are packed into it: AggregationEvent ADD.
    ///
    /// ```toml
    /// [[rule]]
    /// id = "pack-case"
    /// read_point = "urn:epc:id:sgln:9521141.00001.101"
    /// concludes.pack = { container = { scheme = "sscc", filter = 2 }, contents = { scheme = "sgtin" } }
    /// ```
    Pack {
        /// What a container is.
        container: Kind,
        /// What contents are.
        contents: Kind,
    },
    /// Items that passed are received: ObjectEvent OBSERVE, receiving, compared with the despatch advice.
    ///
    /// ```toml
    /// [[rule]]
    /// id = "receive"
    /// read_point = "urn:epc:id:sgln:9521142.00001.3"
    /// biz_location = "urn:epc:id:sgln:9521142.00001.0"
    /// residents = true
    /// concludes.receive.things = { scheme = "sgtin" }
    /// ```
    Receive {
        /// What kind of item counts.
        things: Kind,
    },
    /// Items that passed were observed, with the given business step: ObjectEvent OBSERVE.
    ///
    /// ```toml
    /// [[rule]]
    /// id = "inspect"
    /// read_point = "urn:epc:id:sgln:9521142.00001.5"
    /// neighbours = true
    /// concludes.observe = { things = { scheme = "sgtin" }, step = "inspecting", disposition = "in_progress" }
    /// ```
    Observe {
        /// What kind of item counts.
        things: Kind,
        /// CBV business step, bare word (`storing`, `inspecting` …).
        step: String,
        /// CBV disposition, bare word. Default: none.
        #[serde(default)]
        disposition: Option<String>,
    },
    /// Items that rest here arrived, moved here or departed: ObjectEvent OBSERVE. The rule's read point is the
    /// movement's place, whichever reader of the bridge read it. Where the rule has no business location, the
    /// read point is the location of what arrived.
    ///
    /// ```toml
    /// [[rule]]
    /// id = "shelf"
    /// read_point = "urn:epc:id:sgln:9521142.00001.9"
    /// concludes.movement = { things = { scheme = "sgtin" }, arrived = "storing", departed = "picking", disposition = "in_progress" }
    /// ```
    Movement {
        /// What kind of item counts.
        things: Kind,
        /// CBV business step of what arrived or moved here, bare word (`storing`).
        arrived: String,
        /// CBV business step of what departed, bare word (`picking`).
        departed: String,
        /// CBV disposition of what arrived or moved here, bare word. Default: none.
        #[serde(default)]
        disposition: Option<String>,
    },
    /// Sensor readings are recorded; a limit crossed for longer than allowed flags the lots.
    Excursion(ExcursionRule),
}

/// A kind of item, by scheme and filter value of its tag.
///
/// ```toml
/// [[rule]]
/// id = "count"
/// read_point = "urn:epc:id:sgln:9521142.00001.5"
/// concludes.observe = { things = { scheme = "grai" }, step = "inspecting" }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Kind {
    /// EPC scheme of the identity: `sgtin`, `sscc`, `sgln`, `grai`, `giai` or another of TDS, without its length.
    pub scheme: String,
    /// TDS filter value (0 to 7), as encoded on the tag: for `sscc` 2 is a full case, 6 a unit load.
    /// Default: any.
    #[serde(default)]
    pub filter: Option<u8>,
}

/// Why a rule file is not usable.
#[derive(Debug, Error)]
pub enum RulesError {
    /// The file could not be read.
    #[error("could not read the rules at {path}")]
    Read {
        /// Where the file should be.
        path: PathBuf,
        /// Why it could not be read.
        #[source]
        source: std::io::Error,
    },
    /// The text is not a rule file.
    #[error("invalid rules in {path}: {source}")]
    Syntax {
        /// Where the file is.
        path: PathBuf,
        /// Line, key and what was expected.
        #[source]
        source: Box<toml::de::Error>,
    },
    /// The text is well-formed, but a value is not usable.
    #[error("rule {rule} in {path}: {problem}")]
    Value {
        /// Where the file is.
        path: PathBuf,
        /// Which rule.
        rule: String,
        /// The value and what was expected.
        problem: String,
    },
}

impl SiteRules {
    /// Reads and checks a rule file.
    ///
    /// # Errors
    ///
    /// [`RulesError`], naming file, rule, value and what was expected.
    pub fn load(path: &Path) -> Result<Self, RulesError> {
        let text = std::fs::read_to_string(path)
            .map_err(|source| RulesError::Read { path: path.to_owned(), source })?;
        Self::from_toml(&text, path)
    }

    /// Checks rules given as text; `path` only serves the error texts.
    ///
    /// # Errors
    ///
    /// [`RulesError`], naming rule, value and what was expected.
    pub fn from_toml(text: &str, path: &Path) -> Result<Self, RulesError> {
        let rules: Self = toml::from_str(text).map_err(|source| RulesError::Syntax {
            path: path.to_owned(),
            source: Box::new(source),
        })?;
        let refuse = |rule: &str, problem: String| RulesError::Value {
            path: path.to_owned(),
            rule: rule.to_owned(),
            problem,
        };
        if !is_offset(&rules.time_zone_offset) {
            return Err(refuse(
                "(site)",
                format!(
                    "got time_zone_offset `{}`, expected +hh:mm or -hh:mm",
                    rules.time_zone_offset
                ),
            ));
        }
        check_sgln(&rules.location).map_err(|problem| refuse("(site)", problem))?;
        let mut ids = std::collections::HashSet::new();
        for rule in &rules.rules {
            if !ids.insert(rule.id.as_str()) {
                return Err(refuse(&rule.id, "duplicate rule id".into()));
            }
            check_rule(rule).map_err(|problem| refuse(&rule.id, problem))?;
        }
        Ok(rules)
    }

    /// The rules for `read_point`, in file order.
    pub fn at<'a>(&'a self, read_point: &'a str) -> impl Iterator<Item = &'a Rule> {
        self.rules.iter().filter(move |rule| rule.read_point == read_point)
    }
}

fn is_offset(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.len() == 6
        && matches!(bytes[0], b'+' | b'-')
        && bytes[3] == b':'
        && text[1..3].parse::<u8>().is_ok_and(|hours| hours <= 14)
        && text[4..].parse::<u8>().is_ok_and(|minutes| minutes <= 59)
}

fn check_sgln(uri: &str) -> Result<(), String> {
    match epc::Epc::from_uri(uri) {
        Ok(parsed) if parsed.scheme() == epc::Scheme::Sgln => Ok(()),
        Ok(_) => {
            Err(format!("got `{uri}`, expected a location such as urn:epc:id:sgln:0614141.00777.0"))
        }
        Err(error) => Err(format!("`{uri}`: {error}")),
    }
}

fn check_rule(rule: &Rule) -> Result<(), String> {
    check_sgln(&rule.read_point)?;
    if let Some(location) = &rule.biz_location {
        check_sgln(location)?;
    }
    if rule.direction == Some(Direction::Unclear) {
        return Err("got direction `unclear`, expected in or out".into());
    }
    let has_no_passage =
        matches!(rule.conclusion, Conclusion::Movement { .. } | Conclusion::Excursion(_));
    if has_no_passage && (rule.direction.is_some() || rule.neighbours || rule.residents.is_some()) {
        return Err("direction, neighbours and residents apply to passages only, \
                    not to a rule for movements or readings"
            .into());
    }
    if matches!(rule.conclusion, Conclusion::Movement { .. })
        && (rule.min_reads != 1 || rule.min_rssi_mean_dbm.is_some())
    {
        return Err("min_reads and min_rssi_mean_dbm apply to observations only; \
                    movements are decided by the bridge's presence settings"
            .into());
    }
    for kind in check_conclusion(&rule.conclusion)? {
        check_kind(kind)?;
    }
    Ok(())
}

/// Checks what is particular to a conclusion, and gives the kinds of item that it speaks of.
fn check_conclusion(conclusion: &Conclusion) -> Result<Vec<&Kind>, String> {
    Ok(match conclusion {
        Conclusion::Commission { things, expiry, .. } => {
            if let Some(date) = expiry {
                date.parse::<jiff::civil::Date>().map_err(|_| {
                    format!("got expiry `{date}`, expected a date such as 2027-05-31")
                })?;
            }
            vec![things]
        }
        Conclusion::Pack { container, contents } => vec![container, contents],
        Conclusion::Receive { things } => vec![things],
        Conclusion::Observe { things, step, disposition } => {
            check_words(&[step], disposition.as_ref())?;
            vec![things]
        }
        Conclusion::Movement { things, arrived, departed, disposition } => {
            check_words(&[arrived, departed], disposition.as_ref())?;
            vec![things]
        }
        Conclusion::Excursion(limits) => {
            excursion::check_limits(limits)?;
            Vec::new()
        }
    })
}

fn check_kind(kind: &Kind) -> Result<(), String> {
    let names = epc::Scheme::ALL.map(epc::Scheme::name);
    if !names.contains(&kind.scheme.as_str()) {
        return Err(format!("got scheme `{}`, expected one of {}", kind.scheme, names.join(", ")));
    }
    match kind.filter {
        Some(filter) if filter > 7 => {
            Err(format!("got filter {filter}, expected 0 to 7; TDS has three bits for it"))
        }
        _ => Ok(()),
    }
}

/// Checks business steps and a disposition, as bare words.
fn check_words(steps: &[&String], disposition: Option<&String>) -> Result<(), String> {
    let steps = steps.iter().map(|word| (Vocabulary::BizStep, *word));
    let dispositions = disposition.into_iter().map(|word| (Vocabulary::Disposition, word));
    for (vocabulary, word) in steps.chain(dispositions) {
        if word.contains(':') {
            return Err(format!("got `{word}`, expected a bare word of CBV"));
        }
        vocabulary.check(word).map_err(|error| {
            format!("got `{word}`, {}; expected {}", error.problem, error.expected)
        })?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<SiteRules, RulesError> {
        SiteRules::from_toml(text, Path::new("rules.toml"))
    }

    const HEAD: &str = "version = \"1\"\nlocation = \"urn:epc:id:sgln:0614141.00777.0\"\n";

    #[test]
    fn a_rule_with_an_unknown_kind_is_refused_and_the_known_ones_are_named() {
        let error = parse(&format!(
            "{HEAD}[[rule]]\nid = \"a\"\nread_point = \"urn:epc:id:sgln:0614141.00777.1\"\nconcludes.guess = {{}}\n"
        ))
        .unwrap_err()
        .to_string();
        assert!(error.contains("commission") && error.contains("guess"), "{error}");
    }

    #[test]
    fn a_read_point_that_is_no_location_is_refused() {
        let error = parse(&format!(
            "{HEAD}[[rule]]\nid = \"a\"\nread_point = \"door 3\"\nconcludes.receive.things = {{ scheme = \"sgtin\" }}\n"
        ))
        .unwrap_err()
        .to_string();
        assert!(error.contains("door 3"), "{error}");
    }

    #[test]
    fn a_company_prefix_is_six_to_twelve_digits() {
        for (prefix, right) in [
            ("061414", true),
            ("061414112345", true),
            ("06141", false),
            ("0614141123456", false),
            ("06141a", false),
        ] {
            let text = format!("{HEAD}company_prefixes = [\"{prefix}\"]\nrule = []\n");
            let found = parse(&text).map_err(|error| error.to_string());
            assert_eq!(found.is_ok(), right, "{prefix}");
            assert!(right || found.is_err_and(|error| error.contains(prefix)), "{prefix}");
        }
    }

    #[test]
    fn keys_that_a_rule_could_not_heed_are_refused() {
        const RECEIVE: &str = "concludes.receive.things = { scheme = \"sgtin\" }";
        const MOVEMENT: &str = "concludes.movement = { things = { scheme = \"sgtin\" }, arrived = \"storing\", departed = \"picking\" }";
        const EXCURSION: &str = "concludes.excursion = { quantity = \"voltage\", min = \"3\", allowed_s = 1.0, lots = [] }";
        for (keys, conclusion, problem) in [
            ("", RECEIVE, ""),
            ("direction = \"in\"", RECEIVE, ""),
            ("direction = \"unclear\"", RECEIVE, "unclear"),
            ("direction = \"up\"", RECEIVE, "up"),
            ("neighbours = true", RECEIVE, ""),
            ("residents = true", RECEIVE, ""),
            ("residents = false", EXCURSION, "residents"),
            ("", MOVEMENT, ""),
            ("direction = \"in\"", MOVEMENT, "direction"),
            ("neighbours = true", MOVEMENT, "neighbours"),
            ("min_reads = 5", MOVEMENT, "min_reads"),
            ("min_rssi_mean_dbm = -60.0", MOVEMENT, "min_rssi_mean_dbm"),
            ("", EXCURSION, ""),
            ("direction = \"out\"", EXCURSION, "direction"),
        ] {
            let text = format!(
                "{HEAD}[[rule]]\nid = \"a\"\nread_point = \"urn:epc:id:sgln:0614141.00777.1\"\n{keys}\n{conclusion}\n"
            );
            match parse(&text) {
                Ok(_) => assert_eq!(problem, "", "{text}"),
                Err(error) => {
                    let error = error.to_string();
                    assert!(!problem.is_empty() && error.contains(problem), "{text}: {error}");
                }
            }
        }
        let text = format!(
            "{HEAD}[[rule]]\nid = \"a\"\nread_point = \"urn:epc:id:sgln:0614141.00777.1\"\nconcludes.movement = {{ things = {{ scheme = \"sgtin\" }}, arrived = \"Storing!\", departed = \"picking\" }}\n"
        );
        assert!(parse(&text).unwrap_err().to_string().contains("Storing!"));
    }

    #[test]
    fn two_rules_of_one_name_are_refused() {
        let rule = "[[rule]]\nid = \"a\"\nread_point = \"urn:epc:id:sgln:0614141.00777.1\"\nconcludes.receive.things = { scheme = \"sgtin\" }\n";
        assert!(
            parse(&format!("{HEAD}{rule}{rule}"))
                .unwrap_err()
                .to_string()
                .contains("duplicate rule id")
        );
    }

    #[test]
    fn an_offset_is_checked() {
        for (text, right) in [
            ("+08:00", true),
            ("-03:30", true),
            ("08:00", false),
            ("+8:00", false),
            ("+15:00", false),
            ("+0é:0", false),
        ] {
            assert_eq!(is_offset(text), right, "{text}");
        }
    }
}
