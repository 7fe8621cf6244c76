//! The words of a report, Chinese and English.

use process::language::{Language, Pair};

/// The heading.
pub const TITLE: Pair = ("已记录事件报告", "Report of recorded events");
/// Label.
pub const EXPORT: Pair = ("导出编号", "Export");
/// Label.
pub const ASKED: Pair = ("查询内容", "Asked for");
/// In place of a query.
pub const ALL: Pair = ("全部事件", "all events");
/// Label.
pub const SCOPE: Pair = ("查看权限范围", "Limits of the reader");
/// In place of limits.
pub const NO_LIMITS: Pair = ("不限范围", "no limits");
/// Kinds of limits, as a manifest names them.
pub const LIMITS: [(&str, Pair); 5] = [
    ("products", ("产品", "products")),
    ("parties", ("企业", "parties")),
    ("jurisdictions", ("地点", "places")),
    ("from", ("自", "from")),
    ("until", ("至", "before")),
];
/// Label.
pub const AT: Pair = ("数据截至", "State as of");
/// Label.
pub const HOLDS: Pair = ("内容", "Holds");
/// Label.
pub const LEAVES_OUT: Pair = ("未包含", "Leaves out");
/// Label.
pub const ANCHOR: Pair = ("锚定状态", "Anchor");
/// Heading.
pub const CHECK: Pair = ("如何核验", "How to check it");
/// Beside the code.
pub const HOW: Pair = (
    "本报告供阅读，本身不构成证明。请索取同一查询的证据包，用扫码打开的核验页面或 chopmark verify 核验；核验页面最好取自其他来源。本文件若附有 .sig 签名文件，可用 chopmark verify 核对。",
    "This report is for reading and proves nothing by itself. Ask for the evidence pack of the same query and check it with the page behind this code or with chopmark verify, \
     best with a verifier from elsewhere. If a .sig file came with this one, chopmark verify checks it.",
);
/// Heading.
pub const LIMITS_OF_PROOF: Pair = ("本报告不能说明什么", "What this report cannot show");
/// Below it.
pub const CANNOT: Pair = (
    "签名说明是谁作出的声明、何时封存、此后是否改动，不说明声明属实，也不说明手中的物品就是所记录的物品，更不说明没有遗漏。",
    "A signature shows who stated something, when it was sealed and that it was not changed since. It does not show that the statement is true, that the object in your hand \
     is the recorded one, or that nothing was left out.",
);
/// Heading.
pub const LEDGERS: Pair = ("账本：规模与根哈希", "Ledgers: sizes and roots");
/// Of a checkpoint that the policy's keys signed.
pub const SIGNED: Pair = ("检查点签名与信任策略相符", "checkpoint signed by the policy's keys");
/// Of another one.
pub const NOT_SIGNED: Pair =
    ("检查点签名与信任策略不符", "checkpoint not signed by the policy's keys");
/// Heading.
pub const EVENTS: Pair = ("事件（按发生时间）", "Events, in order of time");
/// Who stated an event.
pub const BY: Pair = ("声明方", "by");
/// Where it happened.
pub const PLACE: Pair = ("地点", "at");
/// There are none.
pub const NONE: Pair =
    ("没有符合条件且可查看的事件。", "No event matches that the reader may see.");
/// No hub.
pub const NO_HUB: Pair = ("未指定枢纽，锚定状态未查", "no hub is named, so it was not looked up");
/// No anchor.
pub const NOT_ANCHORED: Pair = ("尚未锚定", "not anchored yet");

/// How many events there are, and how many of them are listed.
#[must_use]
pub fn holds(events: u64, listed: u64, language: Language) -> String {
    let is_whole = listed == events;
    match (language, is_whole) {
        (Language::Chinese, true) => format!("共 {events} 条事件，全部列出"),
        (Language::Chinese, false) => {
            format!(
                "共 {events} 条事件，本报告只列出最早的 {listed} 条；完整内容请导出表格或证据包"
            )
        }
        (Language::English, true) => format!("{events} events, all of them listed"),
        (Language::English, false) => format!(
            "{events} events, of which this report lists the first {listed} by time; a table or an evidence pack has all"
        ),
    }
}

/// What is not in it.
#[must_use]
pub fn leaves_out(hidden: u64, broken: u64, language: Language) -> String {
    language.of((
        format!("{hidden} 条事件因权限范围未显示；{broken} 条记录与账本不符"),
        format!("{hidden} events hidden by scope; {broken} records that do not fit their ledger"),
    ))
}

/// Things or ledgers that are not listed.
#[must_use]
pub fn more(number: usize, language: Language) -> String {
    language.of((format!("另有 {number} 个"), format!("{number} more")))
}

/// The size of a ledger.
#[must_use]
pub fn size(size: &str, language: Language) -> String {
    language.of((format!("{size} 条记录"), format!("{size} records")))
}

/// An anchor that covers the hub, or only its beginning.
#[must_use]
pub fn anchored(
    (size, of): (u64, u64),
    (chain, block): (u64, u64),
    at: &str,
    language: Language,
) -> String {
    let whole = size >= of;
    let rest = if whole {
        String::new()
    } else {
        language.of(("；其余等待锚定".to_owned(), "; the rest waits".to_owned()))
    };
    language.of((
        format!(
            "枢纽 {of} 项中的 {} 项已锚定：链 {chain}，区块 {block}（{at}）{rest}",
            size.min(of)
        ),
        format!(
            "{} of {of} entries of the hub are anchored: chain {chain}, block {block} ({at}){rest}",
            size.min(of)
        ),
    ))
}

/// At the foot of a page.
#[must_use]
pub fn page(number: usize, of: usize, language: Language) -> String {
    language.of((format!("第 {number} 页，共 {of} 页"), format!("page {number} of {of}")))
}
