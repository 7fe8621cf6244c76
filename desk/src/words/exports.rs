//! The words of exports.

use export::Format;
use process::language::{Language, Pair};
use sql::exports::{Progress, State};

/// The page of all of them.
pub const EXPORTS: Pair = ("导出", "Exports");
/// The page of one.
pub const EXPORT: Pair = ("导出", "Export");
/// The file of one that is past its time, or was deleted.
pub const GONE: Pair = ("文件已删除", "file deleted");

/// The words of these pages.
#[derive(Debug, Clone, Copy)]
pub struct ExportTexts {
    /// Heading of the form.
    pub export: &'static str,
    /// Before what is exported.
    pub about: &'static str,
    /// Label, column.
    pub format: &'static str,
    /// Label of the byte-order mark.
    pub mark: &'static str,
    /// Label.
    pub language: &'static str,
    /// Label.
    pub why: &'static str,
    /// What is in an export.
    pub hint: &'static str,
    /// The button.
    pub ask: &'static str,
    /// There are none.
    pub none: &'static str,
    /// Column.
    pub asked_at: &'static str,
    /// Column.
    pub search: &'static str,
    /// Column.
    pub state: &'static str,
    /// Link to older ones.
    pub older: &'static str,
    /// Heading of one.
    pub one: &'static str,
    /// The page asks again, without script.
    pub again: &'static str,
    /// The page has no answer, and goes on asking.
    pub lost: &'static str,
    /// Label of how far it is.
    pub done: &'static str,
    /// The button that stops it.
    pub cancel: &'static str,
    /// Before the reason of a failure.
    pub problem: &'static str,
    /// The link to the file.
    pub take: &'static str,
    /// The link to the manifest.
    pub take_manifest: &'static str,
    /// The link to the signature.
    pub take_signature: &'static str,
    /// How to check it.
    pub check: &'static str,
    /// The button that deletes the file.
    pub delete: &'static str,
    /// Link to all.
    pub all: &'static str,
    /// Label of the counts.
    pub holds: &'static str,
    /// Label of the id.
    pub number: &'static str,
    /// Label.
    pub sha256: &'static str,
    /// Label.
    pub bytes: &'static str,
    /// Label.
    pub ledgers: &'static str,
    /// Label.
    pub kept_until: &'static str,
    /// Too many wait or run.
    pub too_many: &'static str,
}

/// In the language of a page.
#[must_use]
pub fn texts(language: Language) -> &'static ExportTexts {
    language.of((&ZH, &EN))
}

const ZH: ExportTexts = ExportTexts {
    export: "导出",
    about: "导出与以下内容有关、且您可查看的全部事件：",
    format: "格式",
    mark: "CSV 以字节顺序标记开头（Excel 打开中文时需要）",
    language: "报告语言",
    why: "原因",
    hint: "导出在后台进行，文件保留有限时间。超出您查看范围的事件只计数，不写入。",
    ask: "开始导出",
    none: "还没有导出。",
    asked_at: "申请时间",
    search: "内容",
    state: "状态",
    older: "更早的",
    one: "导出",
    again: "本页每两秒自动刷新。",
    lost: "暂时没有回应，将继续询问。",
    done: "已完成的部分",
    cancel: "停止",
    problem: "未能完成：",
    take: "下载文件",
    take_manifest: "下载清单",
    take_signature: "下载签名",
    check: "三个文件放在同一文件夹，用 chopmark verify 文件名.sig --policy 策略文件 核对；策略文件请从其他来源取得。",
    delete: "删除文件",
    all: "全部导出",
    holds: "包含",
    number: "导出编号",
    sha256: "SHA-256",
    bytes: "字节数",
    ledgers: "账本规模",
    kept_until: "文件保留至",
    too_many: "您已有三个导出在等待或进行中；请等其中一个结束，或停止一个。",
};
const EN: ExportTexts = ExportTexts {
    export: "Export",
    about: "All events that you may see of",
    format: "Form",
    mark: "CSV begins with a byte-order mark (Excel needs it for Chinese)",
    language: "Language of a report",
    why: "Reason",
    hint: "It is written in the background; the file is kept for a limited time. Events beyond your limits are counted and not written.",
    ask: "Export",
    none: "There are no exports yet.",
    asked_at: "Asked for",
    search: "Of what",
    state: "State",
    older: "Older",
    one: "Export",
    again: "This page asks again every two seconds.",
    lost: "There is no answer at the moment; the page goes on asking.",
    done: "Done so far",
    cancel: "Stop",
    problem: "It could not be written:",
    take: "Take the file",
    take_manifest: "Take the manifest",
    take_signature: "Take the signature",
    check: "With all three in one folder, chopmark verify FILE.sig --policy POLICY checks them; take the policy from elsewhere.",
    delete: "Delete the file",
    all: "All exports",
    holds: "Holds",
    number: "Export",
    sha256: "SHA-256",
    bytes: "Bytes",
    ledgers: "Sizes of the ledgers",
    kept_until: "Kept until",
    too_many: "Three of your exports wait or run; let one of them end, or stop one.",
};

/// A form of files.
#[must_use]
pub fn format(format: Format) -> Pair {
    match format {
        Format::FsmaCsv => ("FSMA 204 表格（CSV）", "FSMA 204 spreadsheet (CSV)"),
        Format::FsmaXlsx => ("FSMA 204 表格（XLSX）", "FSMA 204 spreadsheet (XLSX)"),
        Format::EventsCsv => ("事件表（CSV）", "table of events (CSV)"),
        Format::EpcisJson => ("EPCIS 2.0 文档（JSON-LD）", "EPCIS 2.0 document (JSON-LD)"),
        Format::EpcisXml12 => ("EPCIS 1.2 文档（XML）", "EPCIS 1.2 document (XML)"),
        Format::Pack => {
            ("证据包（ZIP，可独立核验）", "evidence pack (ZIP, can be checked anywhere)")
        }
        Format::Report => ("报告（PDF，供阅读和打印）", "report to read and print (PDF)"),
    }
}

/// Where an export is.
#[must_use]
pub fn state(state: State) -> Pair {
    match state {
        State::Waiting => ("等待中", "waiting"),
        State::Running => ("进行中", "being written"),
        State::Done => ("已完成", "done"),
        State::Failed => ("未完成", "failed"),
        State::Cancelled => ("已停止", "stopped"),
    }
}

/// How far it is.
#[must_use]
pub fn progress(progress: Progress, language: Language) -> String {
    let Progress { looked_at, rows, .. } = progress;
    language.of((
        format!("已查看 {looked_at} 条事件，已写入 {rows} 行"),
        format!("{looked_at} events looked at, {rows} rows written"),
    ))
}

/// What a file holds, and what it leaves out.
#[must_use]
pub fn counts(
    [events, rows]: [String; 2],
    [hidden, broken]: [String; 2],
    language: Language,
) -> String {
    language.of((
        format!("{events} 条事件，{rows} 行；另有 {hidden} 条因权限范围未写入，{broken} 条记录与账本不符"),
        format!("{events} events, {rows} rows; {hidden} more hidden by scope, {broken} records do not fit their ledger"),
    ))
}
