//! What the browser's verifier shows: outcomes, and the names and details of its checks.
//!
//! The way through: `verify.js` and `pack.js` make each detail in English, because all verifiers are compared by it; the page that
//! loads it holds [`for_page`], by which it shows outcome, name and detail in the reader's language.
//!
//! What holds: every name and every detail of a check that did not fail has its translation, which a test compares with
//! the scripts.
//!
//! Not here: why a file is refuted. Those texts name places in the file for whoever made it, and are English only.

use std::sync::LazyLock;

use askama::filters::{Escaper as _, Html};
use serde_json::{Value, json};

use crate::language::{Language, Pair};

/// Outcome of a file or of one check, by its code in `verify.js`.
const OUTCOMES: [(&str, Pair); 7] = [
    ("proved", ("成立：记录在已签名的账本中", "Holds: the records are in the signed ledgers")),
    ("refuted", ("不成立：文件被改动或不完整", "Refuted: the file was changed or is not whole")),
    (
        "cannot tell",
        (
            "无法判断：信任策略文件或此浏览器不足以检查全部内容",
            "Cannot tell: the policy file or this browser does not cover everything in the file",
        ),
    ),
    (
        "no bundle",
        (
            "无法判断：这不是完整的证明文件，可能被截断、被改写，或是另一种文件",
            "Cannot tell: this is not a whole bundle; it may be cut off, rewritten, or another file",
        ),
    ),
    ("passed", ("已检查", "checked")),
    ("not checked", ("未检查", "not checked")),
    ("failed", ("不符", "failed")),
];

/// Name of a check.
const NAMES: [Pair; 30] = [
    ("文件形式", "form"),
    ("枢纽条目", "hub entry"),
    ("账本", "ledger"),
    ("枢纽", "hub"),
    ("锚定", "anchor"),
    ("信任依据", "trust"),
    ("见证方", "witnesses"),
    ("是否完整", "completeness"),
    ("陈述是否属实", "truth"),
    ("名录", "directory"),
    ("授权", "authority"),
    ("名录在枢纽中的条目", "directory in the hub"),
    ("今日是否仍有效", "what holds today"),
    ("谁可签发该物品", "who may issue the item"),
    ("审计方", "auditors"),
    ("不成立的原因", "refuted"),
    ("信任策略文件", "policy"),
    ("文件未公开的内容", "what the file does not show"),
    ("检查点：{0}", "checkpoint of {0}"),
    ("账本归属：{0}", "who keeps {0}"),
    ("证据包中的文件", "files"),
    ("证据包编号", "id"),
    ("事件", "events"),
    ("物品的证明", "bundles"),
    ("证明 {0}", "bundle {0}"),
    ("没有证明的物品", "items without a bundle"),
    ("所申请的内容", "what was asked for"),
    ("其他文件", "other files"),
    ("证据包是否完整", "completeness of the pack"),
    ("锚定所在的区块", "blocks of anchors"),
];

/// Name of a check that failed by a fault of the verifier itself.
const VERIFIER_FAILED: Pair = ("验证程序出错", "this verifier failed");

/// Detail of a check that did not fail; `{0}`, `{1}` … for what varies, in the order of the English text.
const DETAILS: [Pair; 44] = [
    (
        "{0}；这不是完整的证明文件，因此其中内容均未检查；应为下载后未经改动的文件",
        "{0}; this is no whole bundle, so that nothing in it was checked; expected the file as it was downloaded, unchanged",
    ),
    (
        "文件是本验证程序所知格式的规范 JSON",
        "the file is canonical JSON of the format that this verifier knows",
    ),
    ("{0}：{1} 条记录在大小为 {2} 的账本树中", "{0}: {1} records are in the tree of size {2}"),
    ("{0} 的检查点是枢纽的第 {1} 条", "the checkpoint of {0} is entry {1}"),
    ("证明文件中没有从 {0} 到枢纽的路径", "the bundle holds no path from {0} into the hub"),
    ("证明文件中没有指明该物品的记录", "the bundle holds no record that names the item"),
    ("信任策略文件没有指明公链和合约", "the policy names no chain and contract"),
    (
        "区块 {1}（{2}）的第 {0} 笔交易公布了 {4} 的大小 {3} 和树根；未询问任何节点该区块是否在链 {5} 上",
        "transaction {0} of block {1} ({2}) publishes size {3} and root of {4}; no endpoint was asked whether that block is on chain {5}",
    ),
    (
        "{0} 条记录中，隐藏了 {1} 个字段，略去了列表中的 {2} 个元素",
        "of {0} records {1} fields are hidden and {2} elements of lists are left out",
    ),
    (
        "信任策略文件要求达到法定见证数，但此文件中的检查点没有独立见证方联署",
        "the policy asks for a quorum, but no independent witness has cosigned the checkpoints in this file",
    ),
    (
        "此文件中的检查点没有独立见证方联署",
        "no independent witness has cosigned the checkpoints in this file",
    ),
    ("是否有记录被略去", "that no record was left out"),
    (
        "所声明的事是否发生过，手中的物品是否就是记录所指的物品",
        "that what was stated happened, and that the object at hand is the one recorded",
    ),
    ("证明文件中没有公链上的锚定", "the bundle holds no anchor on a public chain"),
    ("证明文件中没有枢纽的检查点", "the bundle holds no checkpoint of a hub"),
    ("此浏览器在此页面上不提供 WebCrypto", "this browser offers no WebCrypto on this page"),
    (
        "大小为 {0} 的检查点：信任策略文件中没有 `{1}` 的密钥",
        "checkpoint of size {0}: the policy has no key of `{1}`",
    ),
    (
        "大小为 {0} 的检查点：此浏览器无法检查 `{2}` 的 {1} 签名",
        "checkpoint of size {0}: this browser cannot check the {1} signature of `{2}`",
    ),
    (
        "大小 {0}，由在该大小有效的密钥签名（{1}）",
        "size {0}, signed by the keys in force at that size ({1})",
    ),
    (
        "此浏览器无法检查名录根文件的 Ed25519 签名",
        "this browser cannot check the Ed25519 signatures of the directory's root",
    ),
    (
        "信任策略文件没有固定名录：未检查账本归谁、谁可签发该物品",
        "the policy pins no directory: who keeps a ledger, and who may issue the item, was not checked",
    ),
    (
        "信任策略文件固定了名录 {0}，但证明文件中没有它的证明",
        "the policy pins {0}, and the bundle holds no proof of it",
    ),
    ("{0}，根版本 {1}，截至 {2}", "{0} of root version {1}, as of {2}"),
    ("其检查点是第 {0} 条", "its checkpoint is entry {0}"),
    (
        "证明文件中没有从名录到枢纽的路径：别人看到的可能是另一份名录",
        "the bundle holds no path from the directory into the hub: others may be shown another directory",
    ),
    ("证明没有显示此账本", "the proof does not show this ledger"),
    (
        "{0} 的一条记录位于已吊销密钥的最后可信检查点之后，不属于任何一方",
        "a record of {0} is above the last good checkpoint of a revoked pair, which is nobody's",
    ),
    ("这里的记录属于 {0}", "its records here are of {0}"),
    (
        "名录截至 {0}；它说明到 {1} 为止的情况，其根文件到 {2} 为止；此后无人能断言",
        "the directory is as of {0}; it tells what holds until {1}, its root until {2}; after that nobody can tell",
    ),
    (
        "根文件列有审计方，但未检查其联署",
        "the root names auditors, whose cosignatures are not checked",
    ),
    (
        "{0} 个文件，每个的散列值都与清单所列一致",
        "{0} files, each with the hash that the manifest states",
    ),
    (
        "由所申请的内容以及各账本的规模和树根算得",
        "it is made of the request and of the sizes and roots of the ledgers",
    ),
    ("{0} 条记录通向各检查点的树根", "{0} records lead to the roots of the checkpoints"),
    ("证据包中没有事件，因此不能证明任何事", "the pack has no event, so it proves nothing"),
    ("{0} 的证明成立", "the proof of {0} holds"),
    ("无法判断：{0}", "cannot tell: {0}"),
    ("{1} 件物品中，{0} 件的证明成立", "{0} of {1} items have a proof that holds"),
    ("有 {0} 件物品没有任何有效记录提到", "no record that counts names {0} of the items"),
    (
        "每条事件是否符合所申请的内容，每件物品是否都有证明；这两项可用 chopmark verify 检查",
        "that each event matches the search, and that each item has its proof; chopmark verify checks both",
    ),
    (
        "包内 README 文件和验证程序的内容，以及任何验证程序都不采信的 policy.txt",
        "what the README files and the verifier in the pack say, and its policy.txt, which no verifier believes",
    ),
    ("检索是否遗漏了事件", "that the search left no event out"),
    (
        "证明中锚定所在的区块是否在各自的链上；未询问任何节点",
        "whether the blocks of the anchors in the proofs are on their chains; no endpoint was asked",
    ),
    (
        "证据包有 {0} 字节，本页面最多读取 {1} 字节；chopmark verify 没有此限制",
        "the pack has {0} bytes, this page reads at most {1}; chopmark verify reads all",
    ),
    ("清单的格式不是本页面所知的格式", "the manifest is of a format that this page does not know"),
];

/// Details about who may issue the item.
const LICENCES: [Pair; 4] = [
    (
        "该物品没有 GS1 编码，无法查其许可",
        "the item has no GS1 key, so no licence can be looked up",
    ),
    ("证明没有显示谁获得了 {0} 的许可", "the proof does not show who is licensed for {0}"),
    ("从来没有人获得 {0} 的许可", "nobody is or was licensed for {0}"),
    ("前缀 {0} 的许可：{1}", "prefix {0}: {1}"),
];

/// Parts of a list within a detail: a licence, and the words for its grade.
const PARTS: [Pair; 4] = [
    ("{0}，自 {1} 至 {2}（等级 {3}：{4}）", "{0} from {1} until {2} (grade {3}: {4})"),
    ("由 GS1 许可证明", "proved by a licence of GS1"),
    ("在登记机构查得", "looked up in a registry"),
    ("由该方自行声明", "stated by the party itself"),
];

/// What stands between a name and its detail, and between the parts of a list.
const COLON: Pair = ("：", ": ");
const SEMICOLON: Pair = ("；", "; ");

static TEXTS: LazyLock<[Texts; 2]> = LazyLock::new(|| {
    [Language::Chinese, Language::English].map(|language| {
        let json = json_of(language);
        let mut attribute = String::with_capacity(json.len() * 2);
        if Html.write_escaped_str(&mut attribute, &json).is_err() {
            // A `String` takes everything; without its texts the page shows what the scripts make.
            attribute.clear();
        }
        Texts { json, attribute }
    })
});

/// What a page holds, made once.
struct Texts {
    json: String,
    attribute: String,
}

fn texts(language: Language) -> &'static Texts {
    let [chinese, english] = &*TEXTS;
    match language {
        Language::Chinese => chinese,
        Language::English => english,
    }
}

/// Everything for a page in this language, as JSON.
#[must_use]
pub fn for_page(language: Language) -> &'static str {
    &texts(language).json
}

/// The same as the value of an attribute, escaped.
#[must_use]
pub fn attribute_for_page(language: Language) -> &'static str {
    &texts(language).attribute
}

fn json_of(language: Language) -> String {
    let outcomes: Value = OUTCOMES
        .iter()
        .map(|(code, text)| ((*code).to_owned(), json!(language.of(*text))))
        .collect();
    let pairs = |texts: &mut dyn Iterator<Item = &Pair>| -> Value {
        match language {
            // What the scripts make is English already.
            Language::English => json!([]),
            Language::Chinese => texts.map(|(zh, en)| json!([en, zh])).collect(),
        }
    };
    let all = json!({
        "outcomes": outcomes,
        "names": pairs(&mut NAMES.iter().chain([&VERIFIER_FAILED])),
        "details": pairs(&mut DETAILS.iter().chain(&LICENCES)),
        "parts": pairs(&mut PARTS.iter()),
        "colon": language.of(COLON),
        "semicolon": language.of(SEMICOLON),
    });
    all.to_string()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    const SCRIPTS: [&str; 4] = [
        include_str!("../../pages/verify/verify.js"),
        include_str!("../../pages/verify/checkpoint.js"),
        include_str!("../../pages/verify/directory.js"),
        include_str!("../../pages/verify/pack.js"),
    ];

    /// The texts between quotation marks in a call's arguments, with `{0}`, `{1}` … for what is inserted; `rest` begins
    /// behind the opening bracket.
    fn texts_of_call(rest: &str) -> Vec<String> {
        let (mut found, mut depth) = (Vec::new(), 1);
        let mut letters = rest.chars().peekable();
        while let Some(letter) = letters.next() {
            match letter {
                '(' => depth += 1,
                ')' if depth == 1 => break,
                ')' => depth -= 1,
                '"' => found.push(letters.by_ref().take_while(|c| *c != '"').collect()),
                '`' => found.push(template(&mut letters)),
                _ => {}
            }
        }
        found
    }

    /// A template literal behind its first backtick.
    fn template(letters: &mut std::iter::Peekable<std::str::Chars<'_>>) -> String {
        let (mut text, mut place) = (String::new(), 0);
        while let Some(letter) = letters.next() {
            match letter {
                '`' => break,
                '\\' => text.extend(letters.next()),
                '$' if letters.peek() == Some(&'{') => {
                    let mut depth = 0;
                    for inner in letters.by_ref() {
                        depth += i32::from(inner == '{') - i32::from(inner == '}');
                        if depth == 0 {
                            break;
                        }
                    }
                    text.extend(["{", &place.to_string(), "}"]);
                    place += 1;
                }
                other => text.push(other),
            }
        }
        text
    }

    /// Names and details of the checks in a script.
    fn checks(script: &str) -> (BTreeSet<String>, BTreeSet<String>) {
        let (mut names, mut details) = (BTreeSet::new(), BTreeSet::new());
        for call in ["report.passed(", "report.notChecked(", "report.cannotTell("] {
            for rest in script.split(call).skip(1) {
                let mut texts = texts_of_call(rest);
                details.extend(texts.pop());
                names.extend(texts.pop());
            }
        }
        (names, details)
    }

    #[test]
    fn every_check_of_the_browsers_verifier_has_words_in_chinese_and_none_is_left_over() {
        let (mut names, mut details) = (BTreeSet::new(), BTreeSet::new());
        for script in SCRIPTS {
            let (more_names, more_details) = checks(script);
            names.extend(more_names);
            details.extend(more_details);
        }
        // Names that no call has as a literal: of a failure, and of what several calls share.
        names.extend(["refuted", "policy", "trust", "who may issue the item"].map(str::to_owned));
        let english = |texts: &[Pair]| texts.iter().map(|(_, en)| (*en).to_owned()).collect();
        let known: BTreeSet<String> = english(&NAMES);
        assert_eq!(names, known);
        let known: BTreeSet<String> = english(&[&DETAILS[..], &LICENCES[..]].concat());
        assert_eq!(details, known);
    }

    #[test]
    fn a_licence_and_every_grade_of_the_script_have_words_in_chinese() {
        let script = SCRIPTS[2];
        let grades = script.split("const GRADES = {").nth(1).unwrap().split('}').next().unwrap();
        let mut texts = texts_of_call(grades);
        let licence = script.split(".slice(0, 10).map(({ party, grade, from, until }) => `").nth(1);
        texts.insert(0, template(&mut licence.unwrap().chars().peekable()));
        assert_eq!(texts, PARTS.map(|(_, en)| en));
    }

    #[test]
    fn a_check_without_words_is_found_in_a_script() {
        let script = "if (x) report.passed(\"a name\", `of ${list.map((one) => `${one}`)} and \\`${b}\\``);\n\
                      else report.cannotTell(\"a (bracket)\");";
        // Only the outermost literal of a nested one counts, cut where the inner one begins.
        let simple = "report.passed(`who keeps ${a}`, `size ${f(b, { c })} of \\`${d}\\``)";
        assert!(checks(script).1.contains("a (bracket)"));
        let (names, details) = checks(simple);
        assert_eq!(names.into_iter().collect::<Vec<_>>(), ["who keeps {0}"]);
        assert_eq!(details.into_iter().collect::<Vec<_>>(), ["size {0} of `{1}`"]);
    }

    #[test]
    fn both_languages_have_the_same_places_for_what_varies() {
        for (zh, en) in NAMES.iter().chain(&DETAILS).chain(&LICENCES).chain(&PARTS) {
            for place in 0..9 {
                let mark = format!("{{{place}}}");
                assert_eq!(zh.matches(&mark).count(), en.matches(&mark).count(), "{zh} {en}");
            }
        }
    }

    #[test]
    fn a_page_has_the_words_of_its_own_language() {
        for (language, proved, details) in [
            (Language::Chinese, OUTCOMES[0].1.0, DETAILS.len() + LICENCES.len()),
            (Language::English, OUTCOMES[0].1.1, 0),
        ] {
            let all: Value = serde_json::from_str(for_page(language)).unwrap();
            assert_eq!(all["outcomes"].as_object().unwrap().len(), OUTCOMES.len());
            assert_eq!(all["outcomes"]["proved"], proved);
            assert_eq!(all["details"].as_array().unwrap().len(), details);
        }
    }
}
