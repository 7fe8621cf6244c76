//! The words of searching, of an item's custody, of trees and pasted lists.

use history::trace::Kind;
use inquiry::custody::{Existed, Knowledge, Signature};
use inquiry::{Count, Reading};
use ledger::record::Tombstone;
use process::language::{Language, Pair};

/// The search page.
pub const SEARCH: Pair = ("查询", "Search");
/// The page of an item.
pub const ITEM: Pair = ("单品流转记录", "Custody of one item");
/// The page of a tree.
pub const TREE: Pair = ("来源与去向", "Where it came from and went");
/// The page of a pasted list.
pub const PASTE: Pair = ("粘贴列表查询", "Search a list");

/// The words of these pages.
#[derive(Debug, Clone, Copy)]
pub struct InquiryTexts {
    /// Label of the search field.
    pub field: &'static str,
    /// What can be typed.
    pub hint: &'static str,
    /// Label of the reason.
    pub why: &'static str,
    /// Why a reason is asked for.
    pub why_hint: &'static str,
    /// In place of results while the reason is missing.
    pub why_missing: &'static str,
    /// Label of the first day.
    pub from: &'static str,
    /// Label of the last day.
    pub until: &'static str,
    /// The button.
    pub search: &'static str,
    /// Link to the page of lists.
    pub paste: &'static str,
    /// Label of the list.
    pub list: &'static str,
    /// What a list has.
    pub list_hint: &'static str,
    /// Before other readings.
    pub could_mean: &'static str,
    /// Heading of kept searches.
    pub saved: &'static str,
    /// Label of the name of a kept search.
    pub save_as: &'static str,
    /// The button that keeps a search.
    pub save: &'static str,
    /// The button that gives one up.
    pub forget: &'static str,
    /// Heading of results.
    pub results: &'static str,
    /// No event was found.
    pub nothing: &'static str,
    /// The projection was begun anew.
    pub outdated: &'static str,
    /// Link to the next page.
    pub next: &'static str,
    /// Column.
    pub happened: &'static str,
    /// Column.
    pub what: &'static str,
    /// Column.
    pub things: &'static str,
    /// Column.
    pub who: &'static str,
    /// Column.
    pub place: &'static str,
    /// Column.
    pub known: &'static str,
    /// Column.
    pub signature: &'static str,
    /// Column.
    pub ledger: &'static str,
    /// Column.
    pub existed: &'static str,
    /// Column.
    pub events: &'static str,
    /// Column.
    pub newest: &'static str,
    /// Before a checkpoint's size.
    pub proved_in: &'static str,
    /// Before the container.
    pub inside: &'static str,
    /// About the lot.
    pub whole_lot: &'static str,
    /// Before a document.
    pub document: &'static str,
    /// Before a corrected record.
    pub corrects: &'static str,
    /// Before the correction.
    pub corrected_by: &'static str,
    /// Before the record that is declared wrong.
    pub declares: &'static str,
    /// Heading of rows.
    pub custody: &'static str,
    /// Heading of the way.
    pub way: &'static str,
    /// The map of the way.
    pub map: &'static str,
    /// Below the map.
    pub map_note: &'static str,
    /// A place whose position nobody says.
    pub no_position: &'static str,
    /// Behind a position that is that of the site.
    pub of_site: &'static str,
    /// Heading of ledgers.
    pub ledgers: &'static str,
    /// Below them: how many witnesses.
    pub witnesses: &'static str,
    /// Below results: where the proofs stand.
    pub proofs: &'static str,
    /// Column.
    pub size: &'static str,
    /// Column.
    pub root: &'static str,
    /// Column.
    pub signed: &'static str,
    /// Before gaps.
    pub gaps: &'static str,
    /// Link to the tree.
    pub to_tree: &'static str,
    /// Link to events.
    pub to_events: &'static str,
    /// Before the lot.
    pub lot: &'static str,
    /// Tree: link.
    pub back: &'static str,
    /// Tree: link.
    pub forward: &'static str,
    /// Tree: link.
    pub around: &'static str,
    /// Tree: said of what stands elsewhere.
    pub elsewhere: &'static str,
    /// Tree: inferred.
    pub inferred: &'static str,
    /// Tree: cut.
    pub cut: &'static str,
    /// Tree: nothing hangs on it.
    pub alone: &'static str,
    /// Tree: previous page.
    pub previous: &'static str,
    /// What this does not show.
    pub limits: &'static str,
    /// No policy.
    pub no_policy: &'static str,
    /// Column of lines that cannot be read.
    pub line: &'static str,
    /// Heading of these lines.
    pub unread: &'static str,
    /// Where exports will be.
    pub export: &'static str,
}

/// In Chinese.
pub const ZH: InquiryTexts = InquiryTexts {
    field: "单品、批次、企业、地点、单据或哈希",
    hint: "可输入 EPC、GS1 数字链接、(01)…(21)…、GTIN / 序列号、SSCC、批号、GLN、单据号、事件编号或哈希；前面写 lot:、party:、place:、document: 可指定类型",
    why: "查询事由",
    why_hint: "事由会和您的姓名、查询内容一起写入查阅日志，之后才显示结果。",
    why_missing: "请填写查询事由（3 至 500 字）。填写并记录之后才会显示结果。",
    from: "起始日期",
    until: "截止日期",
    search: "查询",
    paste: "粘贴列表",
    list: "每行一个编码",
    list_hint: "EPC、数字链接、SSCC，或用制表符隔开的 GTIN 和序列号；最多 10,000 行",
    could_mean: "也可能是：",
    saved: "保存的查询",
    save_as: "保存为",
    save: "保存此查询",
    forget: "删除",
    results: "事件，最新的在前",
    nothing: "在您可查看的范围内没有找到事件。",
    outdated: "检索数据已重建，请重新查询。",
    next: "下一页",
    happened: "发生时间",
    what: "内容",
    things: "物品",
    who: "声明方",
    place: "地点",
    known: "依据",
    signature: "签名",
    ledger: "账本位置",
    existed: "不晚于此时存在",
    events: "事件数",
    newest: "最近一次",
    proved_in: "检查点",
    inside: "在容器内：",
    whole_lot: "针对整批",
    document: "单据",
    corrects: "更正了",
    corrected_by: "已被更正，原文保留；更正记录：",
    declares: "声明此记录有误：",
    custody: "流转记录，最新的在前",
    way: "经过的地点",
    map: "途经地点示意图",
    map_note: "位置取自主数据。连线不是实际路线；虚线表示其间有位置未知的地点，或有未显示的记录。轮廓图取自 Natural Earth。",
    no_position: "位置未知",
    of_site: "所在场所的位置",
    ledgers: "已核对的账本",
    witnesses: "没有独立见证方联署这些检查点（0 个见证方）。",
    proofs: "“与账本不符”表示记录不通向账本密钥所签的内容。更正和依据列在该物品的流转记录中。",
    size: "记录数",
    root: "根哈希",
    signed: "签名时间",
    gaps: "缺失或存疑",
    to_tree: "来源与去向",
    to_events: "全部事件",
    lot: "批号",
    back: "来源",
    forward: "去向",
    around: "相邻",
    elsewhere: "已在上文列出",
    inferred: "推断",
    cut: "内容过多，只显示了一部分。",
    alone: "没有找到与它相连的记录。",
    previous: "上一页",
    limits: "签名表示是谁这样说的，不表示所说属实。读写器读到的是一个编码，不是货物本身。",
    no_policy: "本安装没有为工作台设置 policy，因此不显示任何记录。请联系管理员。",
    line: "行",
    unread: "无法识别的行",
    export: "导出",
};
/// In English.
pub const EN: InquiryTexts = InquiryTexts {
    field: "Item, lot, party, place, document or hash",
    hint: "An EPC, GS1 Digital Link, (01)…(21)…, GTIN / serial, SSCC, lot number, GLN, document, event id or hash. lot:, party:, place: or document: in front says which.",
    why: "Reason",
    why_hint: "The reason is recorded with your name and the search in the log of reads, before anything is shown.",
    why_missing: "State a reason of 3 to 500 characters. Results are shown once it is recorded.",
    from: "From",
    until: "Until",
    search: "Search",
    paste: "Paste a list",
    list: "One code a line",
    list_hint: "EPCs, Digital Links, SSCCs, or GTIN and serial with a tab between; at most 10,000 lines",
    could_mean: "It could also mean:",
    saved: "Kept searches",
    save_as: "Keep as",
    save: "Keep this search",
    forget: "Remove",
    results: "Events, newest first",
    nothing: "No event was found that you may see.",
    outdated: "The search index was rebuilt meanwhile. Search again.",
    next: "Next page",
    happened: "Happened",
    what: "What",
    things: "Things",
    who: "Who says so",
    place: "Where",
    known: "How known",
    signature: "Signature",
    ledger: "Ledger place",
    existed: "Existed no later than",
    events: "Events",
    newest: "Newest",
    proved_in: "checkpoint",
    inside: "inside",
    whole_lot: "whole lot",
    document: "document",
    corrects: "corrects",
    corrected_by: "corrected, kept as first said; by",
    declares: "declares wrong",
    custody: "Custody, newest first",
    way: "Places on its way",
    map: "Map of its places",
    map_note: "Positions are from master data. Lines are not the roads that were taken; a dashed one leads over a place whose position is not known, or over records that are not shown. Outline: Natural Earth.",
    no_position: "position not known",
    of_site: "position of its site",
    ledgers: "Ledgers that were checked",
    witnesses: "No independent witness has cosigned these checkpoints (0 witnesses).",
    proofs: "“Does not fit” means that a record does not lead to what its ledger’s keys signed. Corrections and evidence of each record stand in the custody of its item.",
    size: "Records",
    root: "Root",
    signed: "Signed",
    gaps: "Missing or doubtful",
    to_tree: "Where it came from and went",
    to_events: "All events",
    lot: "lot",
    back: "Back",
    forward: "Forward",
    around: "Around",
    elsewhere: "stands above",
    inferred: "inferred",
    cut: "There is more than is shown here.",
    alone: "No record connects it with anything.",
    previous: "Previous page",
    limits: "A signature shows who said it, not that it is true. A reader read a number, not the goods.",
    no_policy: "This installation has no policy for the desk, so no records are shown. Ask whoever runs it.",
    line: "Line",
    unread: "Lines that could not be read",
    export: "Export",
};

/// The words in a language.
#[must_use]
pub fn texts(language: Language) -> &'static InquiryTexts {
    language.of((&ZH, &EN))
}

/// What a reading is.
#[must_use]
pub fn reading(reading: &Reading) -> Pair {
    match reading {
        Reading::Item(_) => ("单品", "item"),
        Reading::Lot(_) => ("批次", "lot"),
        Reading::Product(_) => ("产品", "product"),
        Reading::LotNumber(_) => ("批号", "lot number"),
        Reading::Place(_) => ("地点", "place"),
        Reading::Party(_) => ("企业", "party"),
        Reading::Document(_) => ("单据", "document"),
        Reading::Event(_) => ("事件编号", "event id"),
        Reading::Hash(_) => ("事件哈希", "event hash"),
        Reading::All => ("全部事件", "all events"),
    }
}

/// How something is known.
#[must_use]
pub fn knowledge(known: Knowledge) -> Pair {
    match known {
        Knowledge::Sensed => ("设备读取", "Sensed"),
        Knowledge::Stated => ("声明", "Stated"),
        Knowledge::Claimed => ("单方主张", "Claimed"),
        Knowledge::Inferred => ("推断", "Inferred"),
    }
}

/// What that means.
#[must_use]
pub fn knowledge_hint(known: Knowledge) -> Pair {
    match known {
        Knowledge::Sensed => ("读写器或传感器记录", "a reader or sensor read it"),
        Knowledge::Stated => ("有权声明的一方所述", "a party entitled to say it"),
        Knowledge::Claimed => ("无权声明，不影响结论", "not entitled; decides nothing"),
        Knowledge::Inferred => ("由所在容器推断", "follows from its container"),
    }
}

/// What is known of a signature.
#[must_use]
pub fn signature(signature: &Signature) -> Pair {
    match signature {
        Signature::Valid => ("有效", "valid"),
        Signature::KeyEndedLater(_) => ("有效；密钥其后已撤销", "valid; key revoked later"),
        Signature::Invalid(_) => ("与账本不符", "does not fit its ledger"),
        Signature::Erased(_) => ("内容已删除", "content erased"),
        Signature::UnsignedImport => ("导入，未签名", "unsigned import"),
    }
}

/// By when something existed, before the time.
#[must_use]
pub fn existed(existed: Existed) -> Pair {
    match existed {
        Existed::Waiting => ("等待汇总", "waits for the hub"),
        Existed::InHub(_) => ("已汇总，等待公共锚定", "in the hub, waits for the anchor"),
        Existed::Anchored(_) => ("已公共锚定", "anchored"),
    }
}

/// How two things hang together; of the lower one.
#[must_use]
pub fn kind(kind: Kind) -> Pair {
    match kind {
        Kind::Containment => ("装在一起", "packed together"),
        Kind::Transformation => ("加工", "made of it"),
        Kind::Lot => ("同批", "of the lot"),
    }
}

/// How many events are shown.
#[must_use]
pub fn count(count: Count, language: Language) -> String {
    match count {
        Count::Exactly(number) => {
            language.of((format!("共 {number} 个事件"), format!("exactly {number} events")))
        }
        Count::AtLeast(number) => {
            language.of((format!("至少 {number} 个事件"), format!("at least {number} events")))
        }
    }
}

/// How many events are hidden.
#[must_use]
pub fn hidden(count: Count, language: Language) -> Option<String> {
    let zh = "个事件超出您的范围，未显示。这些事件存在，已计数。";
    let en = "events hidden by scope. They exist and are counted.";
    match count {
        Count::Exactly(0) | Count::AtLeast(0) => None,
        Count::Exactly(number) => {
            Some(language.of((format!("有 {number} {zh}"), format!("{number} {en}"))))
        }
        Count::AtLeast(number) => {
            Some(language.of((format!("至少有 {number} {zh}"), format!("at least {number} {en}"))))
        }
    }
}

/// How many records do not fit their ledger.
#[must_use]
pub fn broken(number: u64, language: Language) -> Option<String> {
    (number > 0).then(|| {
        language.of((
            format!("{number} 条记录与账本不符，未显示。"),
            format!("{number} records do not fit their ledger and are not shown."),
        ))
    })
}

/// That the content of a record was erased.
#[must_use]
pub fn erased(tombstone: &Tombstone, language: Language) -> String {
    let (day, reason) = (tombstone.day(), &tombstone.reason);
    language.of((
        format!("一条记录的内容已于 {day} 删除：{reason}"),
        format!("the content of a record was erased on {day}: {reason}"),
    ))
}

/// What is wrong with what was typed.
#[must_use]
pub fn unreadable(problem: &inquiry::Unreadable, language: Language) -> String {
    language.of((
        format!("无法识别“{}”。需要：{}", problem.got, problem.expected),
        format!("“{}” cannot be read. Expected {}", problem.got, problem.expected),
    ))
}

/// What a list had.
#[must_use]
pub fn list(list: &inquiry::paste::List, language: Language) -> String {
    let (things, unread, repeated, left) =
        (list.things.len(), list.unread, list.repeated, list.left);
    language.of((
        format!("共 {things} 个编码；{unread} 行无法识别，{repeated} 行重复，{left} 行超出上限未处理"),
        format!("{things} things; {unread} lines could not be read, {repeated} repeat another, {left} are beyond the limit"),
    ))
}

/// Children of a tree that are not on the page.
#[must_use]
pub fn others(number: usize, language: Language) -> String {
    language.of((format!("另有 {number} 个"), format!("{number} more")))
}

/// How far a trace went.
#[must_use]
pub fn reached(things: u64, language: Language) -> String {
    language
        .of((format!("共涉及 {things} 个物品或批次"), format!("{things} things and lots reached")))
}

/// A gap.
///
/// - `place`: what a location is called, by its URI.
#[must_use]
pub fn gap(gap: &history::Gap, place: &dyn Fn(&str) -> String, language: Language) -> String {
    use history::Gap;
    match gap {
        Gap::Disputed { origin, index } => language.of((
            format!("记录与账本不符：{origin} 第 {index} 条"),
            format!("a record does not fit its ledger: {origin} {index}"),
        )),
        Gap::Erased { tombstone, .. } => erased(tombstone, language),
        Gap::Shipping { from } => language.of((
            format!("没有从 {} 发货的记录", place(from)),
            format!("no shipping from {} is recorded", place(from)),
        )),
        Gap::Receiving { at } => language.of((
            format!("没有在 {} 收货的记录", place(at)),
            format!("no receiving at {} is recorded", place(at)),
        )),
        Gap::NoDirectory { origin } => language.of((
            format!("没有名录，来源只是单方主张：{origin}"),
            format!("there is no directory, so its origin is only claimed: {origin}"),
        )),
        Gap::Claimed { record, .. } => language.of((
            format!("声明方无权这样声明：{record}"),
            format!("stated by a party that is not entitled to: {record}"),
        )),
        Gap::Unbacked { record } => language.of((
            format!("收货没有对应的有效发货：{record}"),
            format!("received without a shipping that counts: {record}"),
        )),
        Gap::OnHold { record, .. } => {
            language.of((format!("处于暂扣状态：{record}"), format!("on hold: {record}")))
        }
        Gap::BackDated { record } => language.of((
            format!("记录时间明显晚于所称发生时间：{record}"),
            format!("recorded long after it is said to have happened: {record}"),
        )),
        Gap::Cut { left_out } => language.of((
            format!("另有 {left_out} 条记录未查看"),
            format!("{left_out} more records were not looked at"),
        )),
    }
}

/// What is odd about a time.
#[must_use]
pub fn mark(mark: history::Mark) -> Pair {
    match mark {
        history::Mark::Future => ("所称时间晚于记录时间", "said to happen after it was recorded"),
        history::Mark::BackDated => ("补录", "back-dated"),
        history::Mark::Corrected => ("已更正", "corrected"),
    }
}
