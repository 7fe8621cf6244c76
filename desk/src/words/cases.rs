//! The words of cases.

use inquiry::case::{Act, Order, Outcome, Stage};
use inquiry::reading::{Unreadable, element_string};
use process::language::{Language, Pair};

/// The page of all cases.
pub const CASES: Pair = ("案件", "Cases");
/// The page of one.
pub const CASE: Pair = ("案件", "Case");

/// The words of these pages.
#[derive(Debug, Clone, Copy)]
pub struct CaseTexts {
    /// Heading of the form that opens one.
    pub open: &'static str,
    /// Label.
    pub title: &'static str,
    /// Label.
    pub subject: &'static str,
    /// Label.
    pub why: &'static str,
    /// The button that opens one.
    pub open_button: &'static str,
    /// There are none.
    pub none: &'static str,
    /// Column.
    pub number: &'static str,
    /// Column.
    pub stage: &'static str,
    /// Column.
    pub last: &'static str,
    /// Heading of the steps.
    pub steps: &'static str,
    /// Heading of what can be done.
    pub act: &'static str,
    /// The button of each act.
    pub do_it: &'static str,
    /// Heading of questions.
    pub questions: &'static str,
    /// Heading of orders.
    pub orders: &'static str,
    /// Label.
    pub party: &'static str,
    /// What names a party.
    pub party_hint: &'static str,
    /// What is asked is in the company's inbox.
    pub in_inbox: &'static str,
    /// What is asked was stored before companies had an inbox.
    pub not_in_inbox: &'static str,
    /// The company itself did it.
    pub by_company: &'static str,
    /// The company itself answered.
    pub answered_itself: &'static str,
    /// Label: for which company.
    pub company: &'static str,
    /// Label.
    pub question: &'static str,
    /// Label.
    pub due: &'static str,
    /// Label.
    pub to: &'static str,
    /// Label.
    pub answer: &'static str,
    /// Label.
    pub search: &'static str,
    /// Label.
    pub things: &'static str,
    /// Label.
    pub expected: &'static str,
    /// Label.
    pub instruction: &'static str,
    /// Label.
    pub order: &'static str,
    /// Label.
    pub outcome: &'static str,
    /// Label.
    pub how_many: &'static str,
    /// Label.
    pub place: &'static str,
    /// Label.
    pub note: &'static str,
    /// Label.
    pub conclusion: &'static str,
    /// Label.
    pub colleague: &'static str,
    /// Label.
    pub which: &'static str,
    /// Before members.
    pub members: &'static str,
    /// Before the digest of the last step.
    pub digest: &'static str,
    /// What the digest is for.
    pub digest_hint: &'static str,
    /// Link to search with this case as the reason.
    pub look: &'static str,
    /// Column.
    pub found: &'static str,
    /// Column.
    pub quarantined: &'static str,
    /// Column.
    pub destroyed: &'static str,
    /// Column.
    pub at_large: &'static str,
    /// Column.
    pub missing: &'static str,
    /// Withdrawn.
    pub withdrawn: &'static str,
    /// Answered.
    pub answered: &'static str,
    /// Waits.
    pub waits: &'static str,
    /// One that cannot be relied on.
    pub altered: &'static str,
    /// Somebody else acted meanwhile.
    pub overtaken: &'static str,
    /// Nothing to freeze.
    pub no_evidence: &'static str,
    /// Older cases.
    pub older: &'static str,
}

/// In Chinese.
pub const ZH: CaseTexts = CaseTexts {
    open: "立案",
    title: "案件名称",
    subject: "涉及内容（按查询框的写法）",
    why: "事由",
    open_button: "立案",
    none: "您还没有案件。",
    number: "编号",
    stage: "状态",
    last: "最近操作",
    steps: "处理过程，最新的在前",
    act: "办理",
    do_it: "提交",
    questions: "询问",
    orders: "召回令",
    party: "企业",
    party_hint: "填写企业的 GLN 或 PGLN：13 位数字、urn:epc:id:pgln:… 或 (417) …。企业用自己的登录查看并答复，只能看到这一项内容。",
    in_inbox: "已送达企业的登录",
    not_in_inbox: "未经本系统送达",
    by_company: "企业自行提交",
    answered_itself: "企业已自行答复",
    company: "代表企业",
    question: "问题",
    due: "答复期限",
    to: "针对的询问（步骤编号）",
    answer: "答复内容",
    search: "要固定为证据的查询",
    things: "召回对象",
    expected: "应召回数量",
    instruction: "要求",
    order: "召回令（步骤编号）",
    outcome: "结果",
    how_many: "数量",
    place: "地点",
    note: "备注",
    conclusion: "结论",
    colleague: "同事的登录名称",
    which: "撤回哪一步（询问或召回令的编号）",
    members: "可以办理此案的人",
    digest: "最后一步的摘要",
    digest_hint: "摘要环环相扣：任何一步被改动、删去或插入，都会对不上。",
    look: "以本案为事由查询",
    found: "已找到",
    quarantined: "已隔离",
    destroyed: "已销毁",
    at_large: "待处理",
    missing: "尚未找到",
    withdrawn: "已撤回",
    answered: "已登记答复",
    waits: "等待答复",
    altered: "此案的记录与当时保存的不符，不予显示。请联系管理员。",
    overtaken: "其间有人办理了本案，请看过之后再提交。",
    no_evidence: "没有找到可以固定的事件。",
    older: "更早的案件",
};
/// In English.
pub const EN: CaseTexts = CaseTexts {
    open: "Open a case",
    title: "Title",
    subject: "What it is about, as typed in the search",
    why: "Reason",
    open_button: "Open the case",
    none: "You have no case.",
    number: "Number",
    stage: "Stage",
    last: "Last act",
    steps: "What was done, newest first",
    act: "Act",
    do_it: "Submit",
    questions: "Questions",
    orders: "Recall orders",
    party: "Party",
    party_hint: "The GLN or PGLN of a company: 13 digits, urn:epc:id:pgln:… or (417) …. The company reads it and replies in a login of its own, and sees nothing else of the case.",
    in_inbox: "in the company's login",
    not_in_inbox: "asked outside of this desk",
    by_company: "sent by the company itself",
    answered_itself: "answered by the company itself",
    company: "For the company",
    question: "Question",
    due: "To be answered by",
    to: "Question (number of the step)",
    answer: "Answer",
    search: "Search whose events become evidence",
    things: "What is recalled",
    expected: "How many there should be",
    instruction: "What the party is to do",
    order: "Order (number of the step)",
    outcome: "Outcome",
    how_many: "How many",
    place: "Place",
    note: "Note",
    conclusion: "Conclusion",
    colleague: "Login name of a colleague",
    which: "What is withdrawn (number of a question or order)",
    members: "May work on it",
    digest: "Digest of the last step",
    digest_hint: "Each digest has the one before it in it: a step that was changed, left out or put in no longer fits.",
    look: "Search with this case as the reason",
    found: "Found",
    quarantined: "Quarantined",
    destroyed: "Destroyed",
    at_large: "To be dealt with",
    missing: "Not found yet",
    withdrawn: "withdrawn",
    answered: "answer written down",
    waits: "waits for an answer",
    altered: "What is stored of this case is not what was stored once; it is not shown. Tell whoever runs this installation.",
    overtaken: "Somebody else acted on this case meanwhile. Look at it, and submit again.",
    no_evidence: "No event was found that could be frozen.",
    older: "Older cases",
};

/// The words in a language.
#[must_use]
pub fn texts(language: Language) -> &'static CaseTexts {
    language.of((&ZH, &EN))
}

/// Where a case stands.
#[must_use]
pub fn stage(stage: Stage) -> Pair {
    match stage {
        Stage::Open => ("办理中", "open"),
        Stage::Asked => ("等待企业答复", "a party is asked"),
        Stage::Recalling => ("召回执行中", "recall under way"),
        Stage::Closed => ("已结案", "closed"),
    }
}

/// What an act is called.
#[must_use]
pub fn act(act: &Act) -> Pair {
    match act {
        Act::Open { .. } => ("立案", "Opened"),
        Act::Admit { .. } => ("增加办案人", "Colleague admitted"),
        Act::Freeze { .. } => ("固定证据", "Evidence frozen"),
        Act::Ask { .. } => ("询问企业", "Party asked"),
        Act::Answer { company: Some(_), .. } => ("企业答复", "The company answered"),
        Act::Answer { .. } => ("登记企业答复", "Answer written down"),
        Act::OrderRecall { .. } => ("责令召回", "Recall ordered"),
        Act::Report { company: Some(_), .. } => {
            ("企业报告执行情况", "The company reported execution")
        }
        Act::Report { .. } => ("登记执行情况", "Execution written down"),
        Act::Withdraw { .. } => ("撤回", "Withdrawn"),
        Act::Note { .. } => ("备注", "Note"),
        Act::Close { .. } => ("结案", "Closed"),
        Act::Reopen => ("重新办理", "Reopened"),
    }
}

/// The acts that a form offers, by their names: what the button says.
#[must_use]
pub fn form(name: &str) -> Pair {
    match name {
        "freeze" => ("固定证据", "Freeze evidence"),
        "ask" => ("询问企业", "Ask a party"),
        "answer" => ("登记答复", "Write down an answer"),
        "order_recall" => ("责令召回", "Order a recall"),
        "report" => ("登记执行情况", "Write down execution"),
        "withdraw" => ("撤回", "Withdraw"),
        "note" => ("备注", "Note"),
        "admit" => ("增加办案人", "Admit a colleague"),
        "close" => ("结案", "Close"),
        _ => ("重新办理", "Reopen"),
    }
}

/// What became of things.
#[must_use]
pub fn outcome(outcome: Outcome) -> Pair {
    match outcome {
        Outcome::Found => ("找到", "found"),
        Outcome::Quarantined => ("隔离", "quarantined"),
        Outcome::Destroyed => ("销毁", "destroyed"),
    }
}

/// What became of things, by the name that forms have.
#[must_use]
pub fn outcome_named(name: &str) -> Option<Outcome> {
    match name {
        "found" => Some(Outcome::Found),
        "quarantined" => Some(Outcome::Quarantined),
        "destroyed" => Some(Outcome::Destroyed),
        _ => None,
    }
}

/// What an act says, line by line.
#[must_use]
pub fn lines(act: &Act, language: Language) -> Vec<String> {
    let texts = texts(language);
    let line = |label: &str, value: &str| format!("{label}: {value}");
    match act {
        Act::Open { title, subject } => {
            vec![line(texts.title, title), line(texts.subject, subject)]
        }
        Act::Admit { subject } => vec![line(texts.colleague, subject)],
        Act::Freeze { search, events, hidden, ledgers } => {
            let count = events.len();
            let mut lines = vec![
                line(texts.search, search),
                language.of((
                    format!("{count} 个事件；另有 {hidden} 个超出范围"),
                    format!("{count} events; {hidden} more hidden by scope"),
                )),
            ];
            lines.extend(
                ledgers.iter().map(|one| format!("{} {} {}", one.origin, one.size, one.root)),
            );
            lines
        }
        Act::Ask { party, question, due, .. } => {
            let mut lines =
                vec![line(texts.party, &element_string(party)), line(texts.question, question)];
            lines.extend(due.as_ref().map(|due| line(texts.due, due)));
            lines
        }
        Act::Answer { to, text, company } => {
            let mut lines = vec![line(texts.to, &to.to_string()), text.clone()];
            lines.extend(company.iter().map(|own| line(texts.company, &element_string(own))));
            lines
        }
        Act::OrderRecall { party, things, expected, instruction, .. } => {
            let mut lines =
                vec![line(texts.party, &element_string(party)), line(texts.things, things)];
            lines.extend(expected.map(|number| line(texts.expected, &number.to_string())));
            lines.push(line(texts.instruction, instruction));
            lines
        }
        Act::Report { order, outcome: own, things, place, company } => {
            let mut lines = vec![
                line(texts.order, &order.to_string()),
                format!("{} {things} · {place}", language.of(outcome(*own))),
            ];
            lines.extend(company.iter().map(|own| line(texts.company, &element_string(own))));
            lines
        }
        Act::Withdraw { what } => vec![line(texts.which, &what.to_string())],
        Act::Note { text } => vec![text.clone()],
        Act::Close { conclusion } => vec![line(texts.conclusion, conclusion)],
        Act::Reopen => Vec::new(),
    }
}

/// How far an order is carried out: numbers in the order of the columns.
#[must_use]
pub fn tally(order: &Order) -> [String; 5] {
    let missing = order.missing().map_or_else(|| "–".to_owned(), |missing| missing.to_string());
    [
        order.found.to_string(),
        order.quarantined.to_string(),
        order.destroyed.to_string(),
        order.at_large().to_string(),
        missing,
    ]
}

/// An act that may not follow.
#[must_use]
pub fn refused(why: &str, language: Language) -> String {
    language.of((format!("不能这样办理：{why}"), format!("This may not follow: {why}")))
}

/// What names no company.
#[must_use]
pub fn refused_party(problem: &Unreadable, language: Language) -> String {
    let Unreadable { got, expected } = problem;
    language.of((
        format!("“{got}”不能指明企业。请填写 GLN 或 PGLN。（{expected}）"),
        format!("`{got}` names no company: expected {expected}."),
    ))
}

/// The reason of a read that a case makes.
#[must_use]
pub fn reason(number: i64, title: &str) -> String {
    let short: String = title.chars().take(200).collect();
    format!("case {number}: {short}")
}
