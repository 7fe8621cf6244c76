//! The words of what people report of items.

use gate::report_entry::Standing;
use history::frozen::{Misfit, Shown};
use process::language::{Language, Pair};

/// The pages.
pub const REPORTS: Pair = ("可疑情况报告", "Reports of a suspicion");
/// One of them.
pub const REPORT: Pair = ("可疑情况报告", "Report of a suspicion");

/// The words of these pages.
#[derive(Debug, Clone, Copy)]
pub struct ReportTexts {
    /// What the page is for.
    pub about: &'static str,
    /// There is none.
    pub none: &'static str,
    /// Label of the reason of the read.
    pub why: &'static str,
    /// What becomes of it.
    pub why_hint: &'static str,
    /// There is none.
    pub why_missing: &'static str,
    /// The button.
    pub show: &'static str,
    /// Column.
    pub number: &'static str,
    /// Column.
    pub received: &'static str,
    /// Column.
    pub item: &'static str,
    /// Column.
    pub reason: &'static str,
    /// Column.
    pub state: &'static str,
    /// Column.
    pub photo: &'static str,
    /// Column.
    pub authorities: &'static str,
    /// The link to older ones.
    pub older: &'static str,
    /// The link back.
    pub all: &'static str,
    /// Label.
    pub message: &'static str,
    /// Nothing was written.
    pub no_message: &'static str,
    /// Label.
    pub place: &'static str,
    /// Label.
    pub language: &'static str,
    /// Label.
    pub answer: &'static str,
    /// Who answers.
    pub answer_hint: &'static str,
    /// Opens the photo.
    pub show_photo: &'static str,
    /// Saves it.
    pub save_photo: &'static str,
    /// What it is, for readers of screens.
    pub photo_alt: &'static str,
    /// What to mind.
    pub photo_hint: &'static str,
    /// Heading.
    pub evidence: &'static str,
    /// Label.
    pub digest: &'static str,
    /// Label.
    pub log: &'static str,
    /// Label.
    pub verdict: &'static str,
    /// Label.
    pub ledger: &'static str,
    /// Label.
    pub size: &'static str,
    /// Label.
    pub root: &'static str,
    /// What this proves.
    pub evidence_hint: &'static str,
    /// Opens a case.
    pub open_case: &'static str,
    /// To the custody.
    pub custody: &'static str,
}

/// In Chinese.
pub const ZH: ReportTexts = ReportTexts {
    about: "任何人都可以提交报告，不需要账号；报告未经核实，也不改变任何查询结果。品牌方可以看到自己产品的全部报告；监管人员可以看到提交人勾选“同时提交给监管部门”的报告。",
    none: "没有报告。",
    why: "查询事由",
    why_hint: "事由会和您的姓名、查询内容一起写入查阅日志，之后才显示结果。",
    why_missing: "请填写查询事由（3 至 500 字）。填写并记录之后才会显示报告。",
    show: "显示报告",
    number: "编号",
    received: "收到时间",
    item: "物品",
    reason: "可疑情况",
    state: "状态",
    photo: "照片",
    authorities: "提交给监管部门",
    older: "更早的报告",
    all: "全部报告",
    message: "说明",
    no_message: "（未填写）",
    place: "地点",
    language: "语言",
    answer: "答复",
    answer_hint: "由本站运营方答复；这里只能查看。",
    show_photo: "显示照片",
    save_photo: "保存照片",
    photo_alt: "随报告提交的照片",
    photo_hint: "照片由陌生人提交，未经核实。打开照片也会写入查阅日志。",
    evidence: "固定的内容",
    digest: "摘要",
    log: "查阅日志",
    verdict: "当时页面的结论和依据",
    ledger: "账本",
    size: "记录数",
    root: "根哈希",
    evidence_hint: "收到时，报告的内容和当时页面对该物品的结论一起被固定下来。摘要与回执页上的一致，凭它可以发现此后的任何改动。",
    open_case: "就此立案",
    custody: "查看该物品",
};
/// In English.
pub const EN: ReportTexts = ReportTexts {
    about: "Anybody can send a report, without an account. Nobody has checked it, and it changes no verdict. Brand owners see all reports of their own products, inspectors those that were sent to the authorities too.",
    none: "There are no reports.",
    why: "Reason",
    why_hint: "The reason is recorded with your name and what you look at in the log of reads, before anything is shown.",
    why_missing: "State a reason of 3 to 500 characters. Reports are shown once it is recorded.",
    show: "Show the reports",
    number: "Number",
    received: "Received",
    item: "Item",
    reason: "What seems wrong",
    state: "State",
    photo: "Photo",
    authorities: "For the authorities",
    older: "Older ones",
    all: "All reports",
    message: "What they saw",
    no_message: "(nothing was written)",
    place: "Where",
    language: "Language",
    answer: "Answer",
    answer_hint: "Whoever runs this installation answers; here you can only read.",
    show_photo: "Show the photo",
    save_photo: "Save the photo",
    photo_alt: "The photo that was sent with the report",
    photo_hint: "The photo is a stranger's; nobody has checked it. To open it is recorded in the log of reads as well.",
    evidence: "What was frozen",
    digest: "Digest",
    log: "Log of reads",
    verdict: "What the page said then, and the rule",
    ledger: "Ledger",
    size: "Size",
    root: "Root",
    evidence_hint: "What was sent, and what the page of the item said at that moment, was frozen when the report was received. The digest is the one on the page of the receipt; with it any later change shows.",
    open_case: "Open a case on it",
    custody: "Custody of the item",
};

/// The words in a language.
#[must_use]
pub fn texts(language: Language) -> &'static ReportTexts {
    language.of((&ZH, &EN))
}

/// What people chose as the reason.
#[must_use]
pub fn reason(code: &str) -> Pair {
    match code {
        "copy" => ("看起来像仿冒品", "It looks like a copy"),
        "opened" => ("封签或包装被打开过", "The seal or the pack was opened"),
        "seller" => ("卖家或来源可疑", "The seller or the source seems doubtful"),
        "record" => ("页面显示的内容与实物不符", "What the page says does not fit the thing"),
        _ => ("其他", "Something else"),
    }
}

/// Where a report stands.
#[must_use]
pub fn state(code: &str) -> Pair {
    match code {
        "taken" => ("处理中", "somebody is looking at it"),
        "answered" => ("已答复", "answered"),
        "closed" => ("已结束", "closed"),
        _ => ("等待处理", "received"),
    }
}

/// Whether something is so.
#[must_use]
pub fn yes(is_so: bool) -> Pair {
    if is_so { ("是", "yes") } else { ("否", "no") }
}

/// In which language it was written.
#[must_use]
pub fn language(tag: &str) -> Pair {
    if tag == "zh" { ("中文", "Chinese") } else { ("英文", "English") }
}

/// How many reports to the authorities are beyond the limits; none if none is.
#[must_use]
pub fn hidden(count: u64, language: Language) -> Option<String> {
    (count > 0).then(|| {
        language.of((
            format!("另有 {count} 份提交给监管部门的报告超出您可查看的范围，不显示内容。"),
            format!("Reports to the authorities beyond your limits: {count}. They are counted and not shown."),
        ))
    })
}

/// Whether what is stored fits what was frozen.
#[must_use]
pub fn fit(misfit: Option<&Misfit>) -> Pair {
    match misfit {
        None => ("与摘要相符", "fits its digest"),
        Some(Misfit::Digest | Misfit::Format) => {
            ("固定的内容与摘要不符", "what was frozen does not fit its digest")
        }
        Some(Misfit::Report(_)) => {
            ("报告与摘要不符：内容被改动过", "does not fit its digest: it was changed since")
        }
    }
}

/// A report of an earlier version.
pub const NOT_FROZEN: Pair = (
    "没有摘要：这份报告由较早的版本保存。",
    "There is no digest: this report was stored by an earlier version.",
);

/// How the log stands to a report.
#[must_use]
pub fn standing(standing: Standing) -> Pair {
    match standing {
        Standing::Logged => ("日志中有相同的摘要", "the log has the same digest"),
        Standing::NotLogged => ("摘要不在任何日志中", "the digest is not in a log"),
        Standing::Contradicted => (
            "日志中没有这个摘要，或摘要不同：不可信",
            "the log has another digest, or none: do not rely on it",
        ),
    }
}

/// What the page of the item said, where it was no verdict.
#[must_use]
pub fn shown(shown: &Shown) -> Option<Pair> {
    match shown {
        Shown::NoItem => Some(("所填编码不对应任何物品", "what was typed names no item")),
        Shown::NotRead => {
            Some(("当时无法读取该物品的记录", "the records of the item could not be read then"))
        }
        Shown::Verdict { ledgers: None, .. } => {
            Some(("没有任何记录提到该物品", "no record named the item"))
        }
        Shown::Verdict { .. } => None,
    }
}

/// What a case on a report is called.
#[must_use]
pub fn case_title(number: u64, language: Language) -> String {
    language.of((format!("报告 {number}"), format!("report {number}")))
}
