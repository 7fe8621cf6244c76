//! `chopmark.toml` of an installation: every key of every section that it has, each with its comment.
//!
//! What holds: the comments are those of the configuration's types, so there is one place where they are written; a key
//! that is not needed is there as `#key = default`, without a space behind the `#`.

use std::fmt::Write as _;

use process::config::reference;

use super::answers::Answers;
use super::kind::Kind;
use super::lock::Lock;
use super::made::Made;
use super::place::Place;

/// Longest line of a comment, in characters.
const WIDTH: usize = 110;

/// The file's text.
pub fn text(answers: &Answers, made: &Made, place: &Place, lock: Option<&Lock>) -> String {
    let mut file = head(answers, place);
    let lock = lock.map(Lock::file);
    let lock = lock.as_deref();
    if answers.kind.records() || answers.kind.answers_people() {
        file += &section("[database]", &database(answers), true);
    }
    file += &section("[log]", &[("level", quoted("info"))], true);
    if answers.kind.records() {
        file += &site(answers, made, lock);
    }
    if answers.kind.answers_people() {
        file += &hub(answers, lock);
    }
    if answers.kind.has_bridge() {
        file += &bridge(answers, lock);
    }
    file
}

fn head(answers: &Answers, place: &Place) -> String {
    let (zh, en) = answers.kind.about();
    let config = place.config();
    let data_dir = match place.data_dir() {
        Some(folder) => format!("data_dir = {}", quoted(&folder)),
        None => "#data_dir = \"/var/lib/chopmark\"".to_owned(),
    };
    format!(
        "# Chopmark: {en}. Chopmark：{zh}。\n\
         #\n\
         # Check this file after every change: chopmark config check --config {config}\n\
         # A line that begins with `#` and a name, without a space between them, is a key with its default: take the `#` away\n\
         # to change it. Relative paths start from the folder of this file, or from data_dir:\n\
         {data_dir}\n"
    )
}

fn database(answers: &Answers) -> Vec<(&'static str, String)> {
    if answers.is_embedded() {
        return vec![("embedded", "true".to_owned())];
    }
    vec![(answers.database_key(), quoted(&answers.database))]
}

/// The site's ledger, ingest, and who may send to it.
///
/// - `lock`: the file with the passphrase of the keys.
fn site(answers: &Answers, made: &Made, lock: Option<&str>) -> String {
    let mut ledger = vec![
        ("origin", quoted(&answers.origin)),
        ("kind", quoted("site")),
        ("party", party(answers)),
        ("keys", quoted("keys/site.pem")),
        ("rules", quoted("rules/site.toml")),
    ];
    ledger.extend(lock.map(|file| ("keys_passphrase_file", quoted(file))));
    let key = made.bridge.as_ref().map(ledger::keys::SourceKey::public_base64).unwrap_or_default();
    let bridge = [
        ("id", quoted(&answers.bridge)),
        ("public_key", quoted(&key)),
        ("ledger", quoted(&answers.origin)),
    ];
    let digest = made.partner.as_ref().map(|(_, digest)| digest.clone()).unwrap_or_default();
    let partner = [
        ("name", quoted("erp")),
        ("token_sha256", quoted(&digest)),
        ("ledger", quoted(&answers.origin)),
    ];
    [
        section("[[ledger]]", &ledger, true),
        section("[ingest]", &[("policy", quoted("policy.txt"))], true),
        section("[[bridge]]", &bridge, true),
        section("[[partner]]", &partner, true),
    ]
    .concat()
}

/// The hub's ledger, the anchor worker, trace-api.
fn hub(answers: &Answers, lock: Option<&str>) -> String {
    let mut ledger = vec![
        ("origin", quoted(&answers.hub)),
        ("kind", quoted("hub")),
        ("party", party(answers)),
        ("keys", quoted("keys/hub.pem")),
    ];
    ledger.extend(lock.map(|file| ("keys_passphrase_file", quoted(file))));
    let chain = &answers.chain;
    let endpoints: Vec<String> = chain.rpc.iter().map(|url| quoted(url)).collect();
    let endpoints = if endpoints.is_empty() {
        vec![quoted("https://one.example"), quoted("https://another.example")]
    } else {
        endpoints
    };
    let none = format!("0x{}", "0".repeat(40));
    let mut anchor = vec![
        ("ledger", quoted(&answers.hub)),
        ("rpc", format!("[{}]", endpoints.join(", "))),
        ("chain_id", chain.id.unwrap_or(1).to_string()),
        ("contract", quoted(chain.contract.as_deref().unwrap_or(&none))),
        ("key", quoted("keys/publisher.key")),
        ("policy", quoted("policy.txt")),
    ];
    anchor.extend(lock.map(|file| ("key_passphrase_file", quoted(file))));
    let anchors = section("[anchor]", &anchor, true);
    let anchors = if chain.is_complete() { anchors } else { disabled(&anchors) };
    let mut trace = vec![
        ("public_url", quoted(&answers.public_url)),
        ("policy", quoted("policy.txt")),
        ("scan_secret", quoted("keys/scan.secret")),
        ("products", quoted("products.toml")),
        ("places", quoted("places.toml")),
    ];
    if let Some(folder) = &answers.scanner {
        trace.push(("scanner", quoted(&folder.display().to_string())));
    }
    if chain.is_complete() {
        trace.push(("hub", quoted(&answers.hub)));
    }
    // With a site's ledger above, the comments stand there already.
    let has_comments = answers.kind == Kind::Hub;
    [section("[[ledger]]", &ledger, has_comments), anchors, section("[trace_api]", &trace, true)]
        .concat()
}

/// The bridge, and what a reader looks like.
fn bridge(answers: &Answers, lock: Option<&str>) -> String {
    let mut own = vec![
        ("id", quoted(&answers.bridge)),
        ("key", quoted("keys/bridge.pem")),
        ("ingest_url", quoted(&answers.ingest_url)),
        ("ledger", quoted(&answers.origin)),
    ];
    own.extend(lock.map(|file| ("key_passphrase_file", quoted(file))));
    let reader = format!(
        "\n# A reader or a sensor. `chopmark reader detect` prints such a block for each one that it finds; docs/readers.md\n\
         # has all kinds and keys.\n\
         #[[firmware_bridge.reader]]\n#id = \"door-1\"\n#read_point = \"{}\"\n#settle.preset = \"portal\"\n\
         #device.llrp = {{ address = \"192.168.1.20:5084\", power_dbm = 27.0 }}\n",
        answers.read_point
    );
    section("[firmware_bridge]", &own, true) + &reader
}

fn party(answers: &Answers) -> String {
    format!("{{ name = {}, pgln = {} }}", quoted(&answers.party), quoted(&answers.pgln))
}

/// A section with every key of its type: those of `values` set, the others as comments, left out where nothing is commented.
fn section(name: &str, values: &[(&str, String)], has_comments: bool) -> String {
    let mut text = format!("\n{name}\n");
    for key in reference::section(name).unwrap_or_default().iter().filter(|key| !key.is_list) {
        let value = values.iter().find(|(set, _)| *set == key.name).map(|(_, value)| value);
        if has_comments {
            text += &comment(&key.about);
        }
        match value {
            Some(value) => {
                writeln!(text, "{} = {value}", key.name).ok();
            }
            None if has_comments => {
                let default = key.default.as_deref().unwrap_or("…");
                writeln!(text, "#{} = {default}", key.name).ok();
            }
            None => {}
        }
    }
    text
}

/// A section that is to be enabled later: its lines without their comments' sign get a `#`.
fn disabled(section: &str) -> String {
    let mut text = String::from(
        "\n# Anchors: deploy the contract (the commands that `chopmark init` printed), fill in what is below, and take away the `#`\n\
         # of [anchor] and of the keys that are followed by a value of yours; then also that of `hub` in [trace_api].\n",
    );
    for line in section.trim_start().lines() {
        let is_comment = line.is_empty() || line.starts_with('#');
        text += if is_comment { "" } else { "#" };
        text += line;
        text.push('\n');
    }
    text
}

/// Lines of a comment.
fn comment(text: &str) -> String {
    let (mut lines, mut line) = (String::new(), String::from("#"));
    for word in text.split_whitespace() {
        if line.chars().count() + word.chars().count() >= WIDTH && line != "#" {
            lines += &line;
            lines.push('\n');
            "#".clone_into(&mut line);
        }
        line.push(' ');
        line += word;
    }
    lines + &line + "\n"
}

/// A text as TOML.
pub fn quoted(text: &str) -> String {
    toml::Value::from(text).to_string()
}
