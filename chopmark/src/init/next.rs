//! What to type after `chopmark init`.
//!
//! What holds: each command can be copied as it stands, in the order in which it is printed.

use std::fmt::Write as _;
use std::path::Path;

use super::answers::Answers;
use super::kind::Kind;
use super::made::{Made, public_lines};
use crate::language::Lang;
use crate::terminal::{lines, out};

/// Prints the commands.
///
/// - `examples`: flags that nobody answered.
pub fn print(folder: &Path, answers: &Answers, made: &Made, examples: &[String], lang: Lang) {
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
        Kind::Bridge => bridge(answers, made, lang),
        Kind::Verifier => vec![step(
            lang,
            ("验证一个证据包：", "Check a bundle:"),
            "chopmark verify item.bundle --policy policy.txt",
        )],
        _ => processes(answers, made, lang),
    };
    out!("  cd {}", shell(&folder.display().to_string()));
    for step in steps {
        out!();
        lines(&step);
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

fn processes(answers: &Answers, made: &Made, lang: Lang) -> Vec<String> {
    let kind = answers.kind;
    let mut steps = vec![step(
        lang,
        ("检查配置：", "Check the configuration:"),
        "chopmark config check --config chopmark.toml",
    )];
    let is_owner = !answers.database.starts_with("postgresql://chopmark_ingest");
    if is_owner {
        steps.push(step(
            lang,
            ("建立数据库的表：", "The tables of the database:"),
            "chopmark migrate --config chopmark.toml",
        ));
    }
    if kind.answers_people() {
        if !answers.chain.is_complete() {
            steps.push(anchors(answers, made, lang));
        }
        steps.push(step(
            lang,
            (
                "名录：谁是谁、谁可以说什么。打印的一行就是所有验证者要信任的策略：",
                "The directory: who is who and who may say what. The line that it prints is the policy for everybody:",
            ),
            &directory(answers, made),
        ));
    }
    steps.push(step(
        lang,
        ("检查密钥、时钟、数据库、磁盘、端口：", "Look at keys, clock, database, disk and ports:"),
        "chopmark doctor --config chopmark.toml",
    ));
    steps.push(step(
        lang,
        ("启动（Ctrl-C 停止）：", "Start (Ctrl-C stops it):"),
        "chopmark up --config chopmark.toml",
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
fn anchors(answers: &Answers, made: &Made, lang: Lang) -> String {
    let address = made.publisher.as_ref().map(|(_, address)| address.as_str()).unwrap_or_default();
    let rpc = answers.chain.rpc.first().map_or("https://one.example", String::as_str);
    let id = answers.chain.id.unwrap_or(1);
    let about = lang.of((
        "公链锚定（可以以后再做）：先给这个账户一点该链的货币，部署合约，再把 chopmark.toml 里 [anchor] 的 # 去掉：",
        "Anchors on a public chain (can be added later): send this account some of the chain's currency, deploy the contract, \
         and take away the # of [anchor] in chopmark.toml:",
    ));
    format!(
        "  # {about}\n  # {address}\n  #   chopmark anchor deploy --rpc {rpc} --chain-id {id} --key keys/publisher.key\n"
    )
}

/// The command that writes the directory's first records.
fn directory(answers: &Answers, made: &Made) -> String {
    let mut command = format!(
        "chopmark directory init --config chopmark.toml --origin {} --keys keys/directory.pem \\\n  \
         --key keys/admin.pem --hub keys/hub.pem --party {} --name {} --pgln {} --prefix {} --since-days 1",
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
        write!(command, " \\\n  --ledger keys/site.pem --bridge {}", shell(&bridge)).ok();
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

fn bridge(answers: &Answers, made: &Made, lang: Lang) -> Vec<String> {
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
            "chopmark config check --config chopmark.toml\nchopmark doctor --config chopmark.toml\n\
             chopmark up --config chopmark.toml",
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
