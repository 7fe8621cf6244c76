//! What is on each page of docs/reference: its sources, its sections and their order.
//!
//! The way through: [`pages`] makes all of them.
//!
//! Not here: how a section is written ([`super::page`]), what is read from a source ([`super::source`]).

use super::page::{Known, Link, Page};
use super::source::Source;

/// Where the types are: path, and the module that members write before a name that two of them have.
const SOURCES: [(&str, &str); 22] = [
    ("crates/process/src/config/installation.rs", ""),
    ("crates/process/src/config/database.rs", ""),
    ("crates/process/src/config/log.rs", ""),
    ("crates/process/src/config/ledger.rs", ""),
    ("crates/process/src/config/ingest.rs", ""),
    ("crates/process/src/config/oidc.rs", ""),
    ("crates/process/src/config/anchor.rs", ""),
    ("crates/process/src/config/trace_api.rs", ""),
    ("crates/process/src/config/desk.rs", ""),
    ("crates/process/src/config/bridge.rs", ""),
    ("crates/process/src/config/settle.rs", ""),
    ("crates/process/src/config/broker.rs", ""),
    ("crates/process/src/config/device.rs", ""),
    ("crates/devices/src/message.rs", ""),
    ("crates/devices/src/reader/mapped_json.rs", ""),
    ("crates/devices/src/reader/r200.rs", ""),
    ("crates/devices/src/reader/mercury/region.rs", "mercury"),
    ("crates/devices/src/reader/chafon/layout.rs", "chafon"),
    ("crates/devices/src/sensor/quantity.rs", ""),
    ("crates/devices/src/sensor/modbus.rs", ""),
    ("crates/devices/src/sensor/unit.rs", ""),
    ("crates/reads/src/sensor.rs", ""),
];
/// Where the types of rule files are.
const RULE_SOURCES: [(&str, &str); 4] = [
    ("ingest/src/rules/site.rs", ""),
    ("ingest/src/rules/excursion.rs", ""),
    ("crates/reads/src/sensor.rs", ""),
    ("crates/reads/src/direction.rs", ""),
];

/// Every section of the file.
pub const CONFIGURATION: &str = "docs/reference/configuration.md";
/// Rule files.
pub const RULES: &str = "docs/reference/site-rules.md";
/// Mappings of JSON.
pub const MAPPINGS: &str = "docs/reference/json-mappings.md";

/// What stands below the title of each page.
const MADE: &str = "\nMade by `make reference` from the comments of the types that read the file; change those, not this page. \
    A key whose default is `required` must be given. Paths start from the folder of the file, or from its `data_dir`.\n";

const CONFIGURATION_HEAD: &str = "
The configuration of an installation is one TOML file. `chopmark up` runs the roles that have a section in it; sections of other roles may be in the same
file. An unknown section or key is refused, and every problem is reported at once. [operations.md](../operations.md) shows whole files that work.
";
const DEVICES_HEAD: &str = "
## Devices

A reader's `device` is one of these. `device.r200 = { port = \"…\" }` in the reader's own section means the same as a section `[firmware_bridge.reader.device.r200]`.
[readers.md](../readers.md) says which devices speak which.
";
const RULES_HEAD: &str = "
A ledger's `rules` names a TOML file that says what an observation means at the site: [decision 0012](../decisions/0012-site-rules.md). Rules are tried in their order, and each
that matches adds its events; what no rule matches is refused with `no-rule` and kept. Change `version` with every change: each record names the version
under which it was made. Ingest reads the file when it starts, and refuses it as a whole if a value cannot work.
";
const MAPPINGS_HEAD: &str = "
`device.mapped-json` reads tags from any maker's JSON over MQTT: a mapping says where in a message each member stands, as JSON pointers (RFC 6901): `/data/epc` is member `epc` of
member `data`, `/tags/0` the first element of `tags`, `~1` a slash and `~0` a tilde in a name. Pointers start at one read; with `^` before them at the message, so
`^/timestamp` is the message's own time. A message is one read, an array of reads, one read a line, or, with `each`, a message with an array of reads in it. A member that is not there,
`null` or empty text is absent; only a missing EPC refuses a read. `chopmark reader test --device 'mapped-json = { … }'` tries a mapping.
";

/// What members of these types link to, on the page of the configuration.
const LINKS: [(&str, &str); 15] = [
    ("PartySection", "[`party`](#party)"),
    ("ReaderSection", "[`[[firmware_bridge.reader]]`](#firmware_bridgereader)"),
    ("SettleSection", "[`settle`](#settle)"),
    ("DirectionSection", "[`settle.direction`](#settledirection)"),
    ("PresenceSection", "[`settle.presence`](#settlepresence)"),
    ("BrokerSection", "text, [`broker`](#broker)"),
    ("DeviceSection", "[one of `device.…`](#devices)"),
    ("Mapping", "[`mapping`](json-mappings.md#mapping)"),
    ("Measure", "[`fields`](#fields)"),
    ("Register", "[`registers`](#registers)"),
    ("ProductSection", "[`[[trace_api.product]]`](#trace_apiproduct)"),
    ("LinkSection", "[`[[trace_api.product.link]]`](#trace_apiproductlink)"),
    ("PlaceSection", "[`[[trace_api.place]]`](#trace_apiplace)"),
    ("OidcGrantSection", "[`[[oidc.grant]]`](#oidcgrant)"),
    ("OidcLoginSection", "[`[oidc.login]`](#oidclogin)"),
];
/// What members of these types link to, on the page of the rules.
const RULE_LINKS: [(&str, &str); 3] = [
    ("Rule", "[`[[rule]]`](#rule)"),
    ("Kind", "[`things`](#things)"),
    ("Conclusion", "[one of `concludes.…`](#conclusions)"),
];

/// Sections of the configuration's page: heading, source below `crates/`, type.
const SECTIONS: [(&str, &str, &str); 25] = [
    ("[database]", "process/src/config/database.rs", "DatabaseSection"),
    ("[log]", "process/src/config/log.rs", "LogSection"),
    ("[[ledger]]", "process/src/config/ledger.rs", "LedgerSection"),
    ("party", "process/src/config/ledger.rs", "PartySection"),
    ("[ingest]", "process/src/config/ingest.rs", "IngestSection"),
    ("[[bridge]]", "process/src/config/ingest.rs", "BridgeSection"),
    ("[[partner]]", "process/src/config/ingest.rs", "PartnerSection"),
    ("[[oidc]]", "process/src/config/oidc.rs", "OidcSection"),
    ("[[oidc.grant]]", "process/src/config/oidc.rs", "OidcGrantSection"),
    ("[oidc.login]", "process/src/config/oidc.rs", "OidcLoginSection"),
    ("[anchor]", "process/src/config/anchor.rs", "AnchorSection"),
    ("[trace_api]", "process/src/config/trace_api.rs", "TraceApiSection"),
    ("[[trace_api.product]]", "process/src/config/trace_api.rs", "ProductSection"),
    ("[[trace_api.product.link]]", "process/src/config/trace_api.rs", "LinkSection"),
    ("[[trace_api.place]]", "process/src/config/trace_api.rs", "PlaceSection"),
    ("[desk]", "process/src/config/desk.rs", "DeskSection"),
    ("[firmware_bridge]", "process/src/config/bridge.rs", "FirmwareBridgeSection"),
    ("[[firmware_bridge.reader]]", "process/src/config/bridge.rs", "ReaderSection"),
    ("settle", "process/src/config/settle.rs", "SettleSection"),
    ("settle.direction", "process/src/config/settle.rs", "DirectionSection"),
    ("settle.presence", "process/src/config/settle.rs", "PresenceSection"),
    ("broker", "process/src/config/broker.rs", "BrokerLogin"),
    ("fields", "devices/src/sensor/quantity.rs", "Measure"),
    ("registers", "devices/src/sensor/modbus.rs", "Register"),
    ("", "process/src/config/device.rs", "DeviceSection"),
];

fn known(sources: &[(&'static str, &'static str)]) -> Vec<Known> {
    let read = |(path, module): &(&'static str, &'static str)| Known {
        path,
        module,
        source: Source::read(path),
    };
    sources.iter().map(read).collect()
}

fn links(texts: &[(&'static str, &'static str)]) -> Vec<Link> {
    texts.iter().map(|(name, text)| Link { name, text }).collect()
}

/// The text of a page, or what is wrong with the comments.
pub type Made = Result<String, Vec<String>>;

fn configuration() -> Made {
    let (known, links) = (known(&SOURCES), links(&LINKS));
    let head = format!("# Configuration\n{MADE}{CONFIGURATION_HEAD}");
    let mut page = Page::new(&known, &links, &head);
    page.prose("\n### The file\n\n| key | type | what |\n|---|---|---|\n");
    let installation = known[0].source.find("Installation").expect("the type of the file");
    for field in installation.fields.iter().filter(|field| field.doc.starts_with('`')) {
        let line = field.doc.split_whitespace().collect::<Vec<_>>().join(" ");
        let (key, what) = line[1..].split_once('`').expect("a key in backticks");
        let kind = if key.starts_with('[') { "section" } else { "path" };
        let what = what.trim_start_matches([':', '.', ' ']);
        page.prose(&format!("| `{key}` | {kind} | {what} |\n"));
    }
    for (heading, path, name) in SECTIONS {
        let path = format!("crates/{path}");
        if !heading.is_empty() {
            page.section(heading, &path, name);
            continue;
        }
        page.prose(DEVICES_HEAD);
        let devices = known.iter().find_map(|known| known.source.find(name)).expect("the devices");
        for variant in &devices.variants {
            let heading = format!("device.{}", variant.name);
            page.section(&heading, &path, &format!("{name}::{}", variant.name));
        }
    }
    page.finish()
}

fn site_rules() -> Made {
    let (known, links) = (known(&RULE_SOURCES), links(&RULE_LINKS));
    let mut page = Page::new(&known, &links, &format!("# Site rules\n{MADE}{RULES_HEAD}"));
    page.section("The file", RULE_SOURCES[0].0, "SiteRules");
    page.section("[[rule]]", RULE_SOURCES[0].0, "Rule");
    page.section("things", RULE_SOURCES[0].0, "Kind");
    page.prose("\n## Conclusions\n\nA rule `concludes` one of these.\n");
    for name in ["commission", "pack", "receive", "observe", "movement"] {
        let variant = format!("Conclusion::{name}");
        page.section(&format!("concludes.{name}"), RULE_SOURCES[0].0, &variant);
    }
    page.section("concludes.excursion", RULE_SOURCES[1].0, "ExcursionRule");
    let known = known[0].source.find("Conclusion").map_or(0, |it| it.variants.len());
    assert_eq!(known, 6, "a conclusion has no section");
    page.finish()
}

fn json_mappings() -> Made {
    let (known, links) = (known(&SOURCES), links(&LINKS));
    let mut page = Page::new(&known, &links, &format!("# JSON mappings\n{MADE}{MAPPINGS_HEAD}"));
    page.section("mapping", "crates/devices/src/reader/mapped_json.rs", "Mapping");
    page.finish()
}

/// Each page: where it is, and its text.
pub fn pages() -> [(&'static str, Made); 3] {
    [(CONFIGURATION, configuration()), (RULES, site_rules()), (MAPPINGS, json_mappings())]
}
