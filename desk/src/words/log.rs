//! The words of the log of reads.

use gate::log_entry::{LogKind, NamedRight};
use inquiry::Count;
use ledger::Hash;
use process::language::{Language, Pair};

/// The page.
pub const LOG: Pair = ("查阅日志", "Log of reads");

/// The words of the page.
#[derive(Debug, Clone, Copy)]
pub struct LogTexts {
    /// What is in the log.
    pub about: &'static str,
    /// Label.
    pub why: &'static str,
    /// What becomes of the reason.
    pub why_hint: &'static str,
    /// There is no reason.
    pub why_missing: &'static str,
    /// There is no log.
    pub no_log: &'static str,
    /// Label.
    pub from: &'static str,
    /// Label.
    pub until: &'static str,
    /// Label.
    pub subject: &'static str,
    /// Label.
    pub kind: &'static str,
    /// Label.
    pub log: &'static str,
    /// Choice of a kind.
    pub all: &'static str,
    /// Choice of a kind, and mark of a row.
    pub overrides: &'static str,
    /// The button.
    pub show: &'static str,
    /// Heading.
    pub rows: &'static str,
    /// There are none.
    pub none: &'static str,
    /// Column.
    pub at: &'static str,
    /// Column.
    pub who: &'static str,
    /// Column.
    pub what: &'static str,
    /// Column.
    pub right: &'static str,
    /// Column.
    pub place: &'static str,
    /// Before limits.
    pub limits: &'static str,
    /// In place of what was asked for.
    pub not_told: &'static str,
    /// In place of a row.
    pub unreadable: &'static str,
    /// Link to the next page.
    pub older: &'static str,
    /// What the page does not check.
    pub proofs: &'static str,
}

const ZH: LogTexts = LogTexts {
    about: "谁在何时、为何、凭哪项权限查阅、导出或更改了什么，最新的在前。",
    why: "原因",
    why_hint: "显示之前，原因会与您的姓名一起记入本日志。",
    why_missing: "请填写 3 至 500 个字符的原因，记录后才会显示。",
    no_log: "本系统没有为业务台设置查阅日志。请联系管理员。",
    from: "开始日期",
    until: "结束日期",
    subject: "人员",
    kind: "类别",
    log: "日志",
    all: "全部",
    overrides: "越权",
    show: "显示",
    rows: "日志记录，最新的在前",
    none: "没有您可查看的记录。",
    at: "时间",
    who: "人员",
    what: "内容",
    right: "权限与结果",
    place: "账本位置",
    limits: "范围：",
    not_told: "内容超出您的范围，未显示。",
    unreadable: "这条记录无法读取。",
    older: "更早的",
    proofs: "本页不核对签名。chopmark audit 会重新计算整个日志，并与汇总账本比较。",
};
const EN: LogTexts = LogTexts {
    about: "Who read, exported or changed what, when, why and by which right, newest first.",
    why: "Reason",
    why_hint: "The reason is recorded in this log with your name, before anything is shown.",
    why_missing: "State a reason of 3 to 500 characters. The log is shown once it is recorded.",
    no_log: "This installation has no log of reads for the desk. Ask whoever runs it.",
    from: "From",
    until: "Until",
    subject: "Whose",
    kind: "Kind",
    log: "Log",
    all: "all",
    overrides: "override",
    show: "Show",
    rows: "Entries, newest first",
    none: "There is no entry that you may see.",
    at: "When",
    who: "Who",
    what: "What",
    right: "Right and answer",
    place: "Ledger place",
    limits: "Limits:",
    not_told: "What was asked for is beyond your limits and not shown.",
    unreadable: "This record cannot be read.",
    older: "Older",
    proofs: "This page verifies no signature. chopmark audit recomputes the whole log and compares it with the hub.",
};

/// The words in a language.
#[must_use]
pub fn texts(language: Language) -> &'static LogTexts {
    language.of((&ZH, &EN))
}

/// A kind of entries.
#[must_use]
pub fn kind(kind: LogKind) -> Pair {
    match kind {
        LogKind::Look => ("查阅", "read"),
        LogKind::Export => ("导出", "export"),
        LogKind::Case => ("案件", "case"),
        LogKind::Log => ("查阅日志", "log of reads"),
        LogKind::Emergency => ("紧急权限", "emergency right"),
        LogKind::SessionEnd => ("结束登录", "session ended"),
        LogKind::Erasure => ("删除记录内容", "record erased"),
        LogKind::Report => ("可疑情况报告的摘要", "digest of a report"),
    }
}

/// Who wrote an entry that is of nobody's read.
pub const OURSELVES: Pair = ("本站", "this site");

/// What is said of a report.
#[must_use]
pub fn report((number, digest): (u64, Hash), lang: Language) -> String {
    lang.of((format!("可疑情况报告 {number}：{digest}"), format!("report {number}: {digest}")))
}

/// How somebody showed who they are, by its name in the log.
#[must_use]
pub fn means(name: &str) -> Pair {
    match name {
        "api-key" => ("密钥", "key"),
        "oidc" => ("身份提供方令牌", "token of a provider"),
        "certificate" => ("客户端证书", "client certificate"),
        "session" => ("登录", "session"),
        _ => ("未知方式", "unknown means"),
    }
}

/// A right of an emergency.
#[must_use]
pub fn right(right: &NamedRight, language: Language) -> String {
    let NamedRight { id, proposed_by, approved_by } = right;
    match approved_by {
        Some(second) => language.of((
            format!("紧急权限 {id}：{proposed_by} 提出，{second} 批准"),
            format!("emergency right {id}, proposed by {proposed_by}, approved by {second}"),
        )),
        None => language.of((
            format!("紧急权限 {id}：{proposed_by} 提出，尚未批准"),
            format!("emergency right {id}, proposed by {proposed_by}, not approved yet"),
        )),
    }
}

/// What came of a read.
#[must_use]
pub fn answer((shown, hidden): (u64, u64), language: Language) -> String {
    language
        .of((format!("显示 {shown}，超出范围 {hidden}"), format!("{shown} shown, {hidden} hidden")))
}

/// How many entries are beyond the reader's limits.
#[must_use]
pub fn beyond(number: u64, language: Language) -> Option<String> {
    (number > 0).then(|| {
        language.of((
            format!("这部分日志中有 {number} 条记录超出您的范围，未显示，已计数（与筛选无关）。"),
            format!(
                "{number} entries of this part of the log are beyond your limits, whatever the filter. They exist and are counted."
            ),
        ))
    })
}

/// How many reads are not told yet.
#[must_use]
pub fn not_yet(count: Count, days: i64, language: Language) -> Option<String> {
    let (zh, en, number) = match count {
        Count::Exactly(number) => ("", "", number),
        Count::AtLeast(number) => ("至少", "at least ", number),
    };
    (number > 0).then(|| {
        language.of((
            format!("{zh}有 {number} 条监管人员较新的查阅尚未显示：每条在记录 {days} 天后显示。"),
            format!(
                "{en}{number} newer reads of regulators are not shown yet: each is shown {days} days after it was recorded."
            ),
        ))
    })
}
