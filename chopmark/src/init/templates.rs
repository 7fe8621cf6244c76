//! The other files of an installation: policy, site rules, products, places, a first event.

use std::fmt::Write as _;

use jiff::Zoned;
use jiff::tz::TimeZone;
use process::Clock;
use serde_json::json;

use super::answers::Answers;
use super::configuration::quoted;
use super::kind::Kind;
use super::made::{Made, public_lines};

/// The lines of the policy: what others gave, then the own keys.
pub fn policy(answers: &Answers, made: &Made) -> String {
    let mut text = String::from(
        "# Whose signatures count. A line of each key: `log KEY` for a ledger, `hub KEY` for the hub, `chain ID CONTRACT` for\n\
         # anchors; or one line `directory ORIGIN 1 SHA-256`, from which all of these follow. docs/formats/checkpoint-v1.md\n",
    );
    if answers.kind == Kind::Verifier && answers.policy.is_empty() {
        text +=
            "# Nothing is trusted yet: ask the hub's operator for its line, and write it here.\n";
    }
    text += &answers.policy;
    let lines = |word: &str, keys: &Option<ledger::keys::LedgerKeys>| -> String {
        let public = keys.as_ref().map(public_lines).unwrap_or_default();
        public.lines().fold(String::new(), |text, line| format!("{text}{word} {line}\n"))
    };
    if !text.ends_with('\n') {
        text.push('\n');
    }
    text += &lines("log", &made.site);
    text += &lines("hub", &made.hub);
    if let (Some(id), Some(contract)) = (answers.chain.id, &answers.chain.contract) {
        writeln!(text, "chain {id} {contract}").ok();
    }
    text
}

/// The site's rules: one that works, and one of each other kind to copy.
pub fn rules(answers: &Answers) -> String {
    let Answers { location, read_point, prefix, .. } = answers;
    format!(
        r#"# What an observation at this site means. Change `version` with every change: it is named in each record.
# Restart ingest after a change. `chopmark config check` checks this file too.
version = "1"
# Offset of local time from UTC that events carry.
time_zone_offset = "{offset}"
# The site itself: despatch advices sent to it are expected here.
location = "{location}"
# Company prefixes of those whose `+` and `++` tags are read here.
company_prefixes = ["{prefix}"]

# Everything with an SGTIN that is read at this read point was seen there.
[[rule]]
id = "first-read-point"
read_point = "{read_point}"
biz_location = "{location}"
concludes.observe = {{ things = {{ scheme = "sgtin" }}, step = "storing" }}

# Other kinds, to copy; each needs an id and a read point of its own.
#
# What is read first is made here:
#[[rule]]
#id = "make"
#read_point = "{read_point}"
#concludes.commission = {{ things = {{ scheme = "sgtin" }}, lot = "L1", expiry = "2027-05-31" }}
#
# Items that are read with one case (SSCC, filter 2) are packed into it:
#[[rule]]
#id = "pack"
#read_point = "{read_point}"
#concludes.pack = {{ container = {{ scheme = "sscc", filter = 2 }}, contents = {{ scheme = "sgtin" }} }}
#
# What passes a door inwards is received, and compared with the despatch advice:
#[[rule]]
#id = "door"
#read_point = "{read_point}"
#direction = "in"
#min_reads = 5
#concludes.receive.things = {{ scheme = "sgtin" }}
#
# A cold store that is warmer than 8 degrees for ten minutes flags these lots:
#[[rule]]
#id = "cold-store"
#read_point = "{read_point}"
#concludes.excursion = {{ quantity = "temperature", max = "8", allowed_s = 600.0, lots = ["urn:epc:class:lgtin:…"] }}
"#,
        offset = offset()
    )
}

/// The products' names.
pub fn products(answers: &Answers) -> String {
    format!(
        r#"# What pages call products. After a change: `chopmark config check`, then SIGHUP to trace-api
# (`systemctl reload chopmark-trace-api`, or `kill -HUP` with the number of the process). A file with anything wrong changes
# nothing; the log says what is wrong, with the line.

# An example: change it, or delete it.
[[product]]
# GTIN, 14 digits.
gtin = "{gtin}"
name_zh = "示例商品"
name_en = "Example product"
# What to compare by eye.
pack_zh = "在此描述包装特征"
pack_en = "describe the pack here"
# Where you say what to do about a recall. Default: none.
#recall_url = "https://spring.example/recall"
"#,
        gtin = answers.first_gtin()
    )
}

/// The places' names.
pub fn places(answers: &Answers) -> String {
    format!(
        r#"# What pages call places. Read again at SIGHUP, together with products.toml.
# Everybody sees the city; the name is seen where `show_parties` of [trace_api] is true.

# An example: change it, or delete it.
[[place]]
# The place, or its site: places of the site without an entry have the site's name.
sgln = "{}"
name_zh = {name}
name_en = {name}
#city_zh = "杭州"
#city_en = "Hangzhou"
"#,
        answers.location,
        name = quoted(&answers.party)
    )
}

/// A document that states that the first item was made, now.
///
/// # Errors
///
/// None in practice: JSON of our own.
pub fn first_event(answers: &Answers) -> anyhow::Result<String> {
    let now = now().strftime("%Y-%m-%dT%H:%M:%S%:z").to_string();
    let document = json!({
        "@context": ["https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld"],
        "type": "EPCISDocument",
        "schemaVersion": "2.0",
        "creationDate": now,
        "epcisBody": { "eventList": [{
            "type": "ObjectEvent",
            "eventTime": now,
            "eventTimeZoneOffset": offset(),
            "epcList": [answers.first_item()],
            "action": "ADD",
            "bizStep": "commissioning",
            "disposition": "active",
            "readPoint": { "id": answers.read_point },
            "bizLocation": { "id": answers.location },
        }] },
    });
    Ok(serde_json::to_string_pretty(&document)? + "\n")
}

/// This machine's offset from UTC, `+08:00`.
fn offset() -> String {
    now().strftime("%:z").to_string()
}

/// The time, in the zone of this machine.
fn now() -> Zoned {
    Clock::system().now().to_zoned(TimeZone::system())
}
