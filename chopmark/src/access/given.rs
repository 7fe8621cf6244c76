//! What is given to somebody: the options of a role and its limits, and how they are shown; the same for keys, certificates and rights of
//! an emergency.
//!
//! What holds: a role without the limits that it needs is refused before anything is stored.
//!
//! Not here: what a role may do (`access`).

use access::{Grant, Role, Scope};
use anyhow::Context as _;
use jiff::{SignedDuration, Timestamp};
use ledger::json::Json;
use sql::access_limits::StoredLimits;

/// Longest name of a holder, in characters.
const MOST_SUBJECT: usize = 200;
/// Most days that a key or an enrolment holds if days are stated.
const MOST_DAYS: i64 = 3650;

/// Options of a role with its limits.
#[derive(clap::Args)]
pub struct Given {
    /// Whose it is: the name in the log of reads, such as `food-authority/lee`
    #[arg(long, value_name = "NAME")]
    subject: String,
    /// custodian, brand-owner, regulator, operator or auditor
    #[arg(long, value_parser = role)]
    role: Role,
    /// Limits it to things: 4 to 12 digits of a GS1 prefix, or a GS1 Digital Link or EPC URN; may be repeated
    #[arg(long, value_name = "DIGITS|LINK")]
    product: Vec<String>,
    /// Limits it to events that this party stated or that name it; may be repeated
    #[arg(long, value_name = "PGLN")]
    party: Vec<String>,
    /// Limits it to places: 4 to 12 digits that GLNs begin with, or the SGLN of a site; may be repeated
    #[arg(long, value_name = "DIGITS|SGLN")]
    jurisdiction: Vec<String>,
    /// Limits it to events that happened from then on, RFC 3339
    #[arg(long, value_name = "TIME", value_parser = time)]
    from: Option<Timestamp>,
    /// Limits it to events that happened before then, RFC 3339
    #[arg(long, value_name = "TIME", value_parser = time)]
    until: Option<Timestamp>,
}

impl Given {
    /// Whose it is, and role and limits as they are stored, once they were understood as the doors will understand them.
    ///
    /// # Errors
    ///
    /// If a limit cannot be understood, or the role lacks one that it needs.
    pub fn checked(&self) -> anyhow::Result<(String, StoredLimits)> {
        let subject = self.subject.trim();
        let is_name = (1..=MOST_SUBJECT).contains(&subject.chars().count());
        anyhow::ensure!(
            is_name && !subject.chars().any(char::is_control),
            "--subject: got `{subject}`, expected 1 to {MOST_SUBJECT} printable characters"
        );
        let lists = [&self.product, &self.party, &self.jurisdiction];
        let period = (self.from, self.until);
        let scope = Scope::of_lists(lists.map(Vec::as_slice), period)?;
        let grant = Grant::new(self.role, scope, None)?;
        let limits = StoredLimits {
            role: grant.role().name().to_owned(),
            products: self.product.clone(),
            parties: self.party.clone(),
            jurisdictions: self.jurisdiction.clone(),
            period,
        };
        Ok((subject.to_owned(), limits))
    }
}

fn role(text: &str) -> Result<Role, String> {
    let names = || Role::ALL.map(Role::name).join(", ");
    Role::from_name(text).ok_or_else(|| format!("got `{text}`, expected one of {}", names()))
}

/// A time of the command line.
pub fn time(text: &str) -> Result<Timestamp, String> {
    let expected = || format!("got `{text}`, expected a time such as 2026-11-22T00:00:00Z");
    text.parse().map_err(|_| expected())
}

/// When something ends that is made now: days such as `90d`, or a time.
///
/// # Errors
///
/// If it is neither, or not after `now`.
pub fn end(text: &str, now: Timestamp) -> anyhow::Result<Timestamp> {
    let expected = || {
        format!(
            "--expires: got `{text}`, expected days such as `90d`, 1d to {MOST_DAYS}d, or a time after {now}"
        )
    };
    let end = match text.strip_suffix('d').map(str::parse::<i64>) {
        Some(Ok(days)) if (1..=MOST_DAYS).contains(&days) => {
            now.checked_add(SignedDuration::from_hours(24 * days)).ok()
        }
        Some(_) => None,
        None => text.parse().ok(),
    };
    end.filter(|end| *end > now).with_context(expected)
}

/// Limits for people.
pub fn limits(limits: &StoredLimits) -> String {
    let lists = [
        ("products", &limits.products),
        ("parties", &limits.parties),
        ("places", &limits.jurisdictions),
    ];
    let mut texts: Vec<String> = lists
        .into_iter()
        .filter(|(_, list)| !list.is_empty())
        .map(|(what, list)| format!("{what} {}", list.join(", ")))
        .collect();
    texts.extend(limits.period.0.map(|from| format!("events from {from}")));
    texts.extend(limits.period.1.map(|until| format!("events before {until}")));
    if texts.is_empty() { "no limits".to_owned() } else { texts.join("; ") }
}

/// Role and limits as members of a JSON object.
pub fn members(limits: &StoredLimits) -> Vec<(&'static str, Json)> {
    let texts =
        |list: &[String]| Json::Array(list.iter().map(|one| Json::from(one.as_str())).collect());
    vec![
        ("role", Json::from(limits.role.as_str())),
        ("products", texts(&limits.products)),
        ("parties", texts(&limits.parties)),
        ("jurisdictions", texts(&limits.jurisdictions)),
        ("from", at(limits.period.0)),
        ("until", at(limits.period.1)),
    ]
}

/// A time as JSON.
pub fn at(time: Option<Timestamp>) -> Json {
    time.map_or(Json::Null, |time| Json::from(time.to_string().as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_ends_after_days_or_at_a_time_that_is_still_to_come() {
        let now: Timestamp = "2026-11-22T00:00:00Z".parse().unwrap();
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        assert_eq!(end("1d", now).unwrap(), at("2026-11-23T00:00:00Z"));
        assert_eq!(end("2026-11-22T00:00:01Z", now).unwrap(), at("2026-11-22T00:00:01Z"));
        for text in
            ["0d", "-1d", "3651d", "d", "365", "2026-11-22T00:00:00Z", "9223372036854775807d", ""]
        {
            let refused = end(text, now).unwrap_err().to_string();
            assert!(refused.contains(&format!("got `{text}`, expected days")), "{refused}");
        }
    }
}
