//! What to type after `chopmark init`.
//!
//! What holds: each command can be copied as it stands, in the order in which it is printed; nothing secret is in them: of an
//! endpoint, whose address may hold a provider's key, the host is printed and nothing else.

use std::fmt::Write as _;

use anchor::rpc::host_of;

use super::answers::Answers;
use super::kind::Kind;
use super::lock::Lock;
use super::made::{Made, public_lines};
use super::place::Place;
use crate::language::Lang;
use crate::terminal::{lines, out};

/// Prints the commands.
///
/// - `examples`: flags that nobody answered.
pub fn print(
    place: &Place,
    answers: &Answers,
    made: &Made,
    examples: &[String],
    lock: Option<&Lock>,
    lang: Lang,
) {
    let lock = lock.map(Lock::file);
    let there = There { config: shell(&place.config()), lock: lock.as_deref() };
    out!();
    if !examples.is_empty() {
        let flags: Vec<String> = examples.iter().map(|flag| format!("--{flag}")).collect();
        let text = (
            "以下内容是示例，正式使用前请在新文件夹里用自己的值重做：",
            "These are examples; for real use begin again in another folder, with your own: ",
        );
        out!("{}{}", lang.of(text), flags.join(" "));
        out!();
    }
    out!("{}", lang.of(("接下来：", "What to type next:")));
    out!();
    let steps = match answers.kind {
        Kind::Bridge => bridge(answers, made, &there, lang),
        Kind::Verifier => vec![step(
            lang,
            ("验证一个证据包：", "Check a bundle:"),
            "chopmark verify item.bundle --policy policy.txt",
        )],
        _ => processes(answers, made, &there, lang),
    };
    out!("  cd {}", shell(&place.data().display().to_string()));
    for step in steps {
        out!();
        lines(&step);
    }
}

/// What commands name.
struct There<'l> {
    /// The configuration, as a word of the shell.
    config: String,
    /// The file with the passphrase of the keys.
    lock: Option<&'l str>,
}

impl There<'_> {
    fn passphrase(&self) -> String {
        self.lock.map_or_else(String::new, |file| format!(" --passphrase-file {}", shell(file)))
    }
}

/// A sentence as a comment of the shell, and the command.
fn step(lang: Lang, about: (&str, &str), command: &str) -> String {
    let mut text = format!("  # {}\n", lang.of(about));
    for line in command.lines() {
        writeln!(text, "  {line}").ok();
    }
    text
}

fn processes(answers: &Answers, made: &Made, there: &There<'_>, lang: Lang) -> Vec<String> {
    let (kind, config) = (answers.kind, &there.config);
    let mut steps = vec![step(
        lang,
        ("检查配置：", "Check the configuration:"),
        &format!("chopmark config check --config {config}"),
    )];
    if answers.has_owner() {
        steps.push(step(
            lang,
            ("建立数据库的表：", "The tables of the database:"),
            &format!("chopmark migrate --config {config}"),
        ));
    }
    if kind.answers_people() {
        if !answers.chain.is_complete() {
            steps.push(anchors(answers, made, there, lang));
        }
        steps.push(step(
            lang,
            (
                "名录：谁是谁、谁可以说什么。打印的一行就是所有验证者要信任的策略：",
                "The directory: who is who and who may say what. The line that it prints is the policy for everybody:",
            ),
            &directory(answers, made, there),
        ));
    }
    steps.push(step(
        lang,
        ("检查密钥、时钟、数据库、磁盘、端口：", "Look at keys, clock, database, disk and ports:"),
        &format!("chopmark doctor --config {config}"),
    ));
    steps.push(step(
        lang,
        ("启动（Ctrl-C 停止）：", "Start (Ctrl-C stops it):"),
        &format!("chopmark up --config {config}"),
    ));
    if kind.records() {
        steps.push(first_event(answers, lang));
    }
    if kind == Kind::Site {
        let keys = made.site.as_ref().map(public_lines).unwrap_or_default();
        let keys: String =
            keys.lines().fold(String::new(), |text, key| format!("{text}# log {key}\n"));
        steps.push(step(
            lang,
            (
                "交给枢纽的管理员（也在 keys/site.pub 里）：",
                "For the operator of the hub (keys/site.pub has the same keys):",
            ),
            &keys,
        ));
    }
    steps
}

/// How anchors are added.
fn anchors(answers: &Answers, made: &Made, there: &There<'_>, lang: Lang) -> String {
    let address = made.publisher.as_ref().map(|(_, address)| address.as_str()).unwrap_or_default();
    let rpc = answers.chain.rpc.first().map_or("https://one.example", String::as_str);
    let rpc = endpoint(rpc);
    let passphrase = there.passphrase();
    let id = answers.chain.id.unwrap_or(1);
    let about = lang.of((
        "公链锚定（可以以后再做）：先给这个账户一点该链的货币，部署合约，再把 chopmark.toml 里 [anchor] 的 # 去掉：",
        "Anchors on a public chain (can be added later): send this account some of the chain's currency, deploy the contract, \
         and take away the # of [anchor] in chopmark.toml:",
    ));
    format!(
        "  # {about}\n  # {address}\n  #   chopmark anchor deploy --rpc {rpc} --chain-id {id} --key keys/publisher.key{passphrase}\n"
    )
}

/// An endpoint as it is printed: as it stands if it has nothing but a host, else with dots for the rest, which may be a key.
fn endpoint(url: &str) -> String {
    let host = host_of(url);
    let scheme = url.split_once("://").map_or("https", |(scheme, _)| scheme);
    let bare = format!("{scheme}://{host}");
    if url.trim_end_matches('/') == bare { bare } else { format!("'{bare}/…'") }
}

/// The command that writes the directory's first records.
fn directory(answers: &Answers, made: &Made, there: &There<'_>) -> String {
    let (config, passphrase) = (&there.config, there.passphrase());
    let mut command = format!(
        "chopmark directory init --config {config} --origin {} --keys keys/directory.pem{passphrase} \\\n  \
         --key keys/admin.pem --hub keys/hub.pub --party {} --name {} --pgln {} --prefix {} --since-days 1",
        shell(&answers.directory),
        shell(&answers.party_id),
        shell(&answers.party),
        answers.pgln,
        answers.prefix,
    );
    if answers.kind.records() {
        let key =
            made.bridge.as_ref().map(ledger::keys::SourceKey::public_base64).unwrap_or_default();
        let bridge = [&answers.bridge, &key, &answers.origin, &answers.read_point];
        let bridge = bridge.map(String::as_str).join(",");
        write!(command, " \\\n  --ledger keys/site.pub --bridge {}", shell(&bridge)).ok();
    }
    if let (Some(id), Some(contract)) = (answers.chain.id, &answers.chain.contract) {
        write!(command, " --chain {id}:{contract}").ok();
    }
    command + " > directory.txt && cp directory.txt policy.txt"
}

fn first_event(answers: &Answers, lang: Lang) -> String {
    let mut command = String::from(
        "curl -X POST -H \"Authorization: Bearer $(cat keys/erp.token)\" -H 'Content-Type: application/json' \\\n  \
         --data-binary @first-event.json http://127.0.0.1:8081/capture",
    );
    if answers.kind.answers_people() {
        let gtin = answers.first_gtin();
        write!(
            command,
            "\ncurl -H 'Accept: application/json' http://127.0.0.1:8084/01/{gtin}/21/1"
        )
        .ok();
    }
    let about = (
        "在另一个终端：登记第一件商品，再扫它的码：",
        "In another terminal: record the first item, then scan it:",
    );
    step(lang, about, &command)
}

fn bridge(answers: &Answers, made: &Made, there: &There<'_>, lang: Lang) -> Vec<String> {
    let config = &there.config;
    let key = made.bridge.as_ref().map(ledger::keys::SourceKey::public_base64).unwrap_or_default();
    vec![
        step(
            lang,
            (
                "在 ingest 的 chopmark.toml 里加上（然后重启 ingest）：",
                "At ingest, add this to chopmark.toml and restart it:",
            ),
            &format!(
                "# [[bridge]]\n# id = \"{}\"\n# public_key = \"{key}\"\n# ledger = \"{}\"",
                answers.bridge, answers.origin
            ),
        ),
        step(
            lang,
            (
                "找到读写器，把打印的内容加到 chopmark.toml：",
                "Find readers; what is printed goes into chopmark.toml:",
            ),
            "chopmark reader detect",
        ),
        step(
            lang,
            ("检查，启动：", "Check, start:"),
            &format!(
                "chopmark config check --config {config}\nchopmark doctor --config {config}\nchopmark up --config {config}"
            ),
        ),
    ]
}

/// A word of the shell.
fn shell(text: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "._-/:@,+=".contains(c);
    if !text.is_empty() && text.chars().all(is_plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', "'\\''"))
}
