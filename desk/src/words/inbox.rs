//! The words of a company's inbox.

use inquiry::case::{CaseError, Outcome};
use inquiry::inbox::{State, Waiting};
use process::language::{Language, Pair};

/// The page of all that is asked.
pub const INBOX: Pair = ("监管部门的询问", "Questions for your company");
/// The page of a question.
pub const QUESTION: Pair = ("监管部门的询问", "Question for your company");
/// The page of an order.
pub const ORDER: Pair = ("监管部门的召回令", "Recall order to your company");

/// The words of these pages.
#[derive(Debug, Clone, Copy)]
pub struct InboxTexts {
    /// What the page is for.
    pub about: &'static str,
    /// Nothing was asked.
    pub none: &'static str,
    /// The login names no company.
    pub no_company: &'static str,
    /// Column.
    pub case: &'static str,
    /// Column.
    pub what: &'static str,
    /// Column.
    pub company: &'static str,
    /// Column.
    pub at: &'static str,
    /// Column.
    pub due: &'static str,
    /// Column.
    pub state: &'static str,
    /// What a question is called.
    pub question: &'static str,
    /// What an order is called.
    pub order: &'static str,
    /// The link to older ones.
    pub older: &'static str,
    /// The link back.
    pub all: &'static str,
    /// Label.
    pub by: &'static str,
    /// Number of the act.
    pub number: &'static str,
    /// Label.
    pub things: &'static str,
    /// Label.
    pub expected: &'static str,
    /// Label.
    pub instruction: &'static str,
    /// Heading of the tally.
    pub tally: &'static str,
    /// Heading of what was said.
    pub said: &'static str,
    /// The company said it.
    pub own: &'static str,
    /// The authority wrote it down.
    pub written_down: &'static str,
    /// Before the digest.
    pub digest: &'static str,
    /// What the digest is for.
    pub digest_hint: &'static str,
    /// Heading of the form.
    pub answer: &'static str,
    /// Label.
    pub text: &'static str,
    /// What an answer is.
    pub answer_hint: &'static str,
    /// The button.
    pub send_answer: &'static str,
    /// Heading of the form.
    pub report: &'static str,
    /// What a report is.
    pub report_hint: &'static str,
    /// The button.
    pub send_report: &'static str,
    /// It was taken back.
    pub withdrawn: &'static str,
    /// The case has ended.
    pub closed: &'static str,
    /// It was answered.
    pub answered: &'static str,
    /// Something was said meanwhile.
    pub overtaken: &'static str,
    /// A number that is none.
    pub no_number: &'static str,
    /// Something cannot be relied on.
    pub altered: &'static str,
}

/// In Chinese.
pub const ZH: InboxTexts = InboxTexts {
    about: "监管人员在案件中向贵企业提出的询问和召回令。您只能看到向贵企业提出的内容，看不到案件的其他内容。",
    none: "目前没有询问或召回令。",
    no_company: "您的登录没有指明企业，因此没有可以代表的企业。请联系管理员授予企业（--party）。",
    case: "案件编号",
    what: "类别",
    company: "企业",
    at: "提出时间",
    due: "答复期限",
    state: "状态",
    question: "询问",
    order: "召回令",
    older: "更早的询问",
    all: "全部询问",
    by: "提出人（监管部门登录名称）",
    number: "步骤编号",
    things: "召回对象",
    expected: "应召回数量",
    instruction: "要求",
    tally: "执行情况",
    said: "答复与登记，最早的在前",
    own: "本企业答复",
    written_down: "由监管人员登记",
    digest: "本步骤的摘要",
    digest_hint: "请保存摘要：以后可以凭它核对所提交的内容。",
    answer: "答复",
    text: "答复内容",
    answer_hint: "每个询问只能由企业答复一次。提交后不能更改，会连同您的登录名称和时间一起保存在案件中。",
    send_answer: "提交答复",
    report: "报告执行情况",
    report_hint: "请填写新增的数量，不要填写合计。已找到的才能隔离或销毁。提交后不能更改。",
    send_report: "提交报告",
    withdrawn: "监管部门已撤回，不再接受答复。",
    closed: "案件已结案，不再接受答复。",
    answered: "贵企业已经答复过这个询问，每个询问只能答复一次。",
    overtaken: "其间已有新的答复或登记，没有保存您提交的内容。请看过之后再提交。",
    no_number: "请用数字填写数量，并选择结果。",
    altered: "有一项内容与当时保存的不符，不予显示。请联系管理员。",
};
/// In English.
pub const EN: InboxTexts = InboxTexts {
    about: "What inspectors ask your company, or order it to recall, in their cases. You see what is addressed to your company and nothing else of a case.",
    none: "Nothing is asked of your company.",
    no_company: "Your login names no company, so there is none to speak for. Ask whoever runs this installation to grant a party (--party).",
    case: "Case",
    what: "Kind",
    company: "Company",
    at: "Asked",
    due: "Due",
    state: "State",
    question: "Question",
    order: "Recall order",
    older: "Older ones",
    all: "All questions",
    by: "Asked by (login at the authority)",
    number: "Step",
    things: "What is recalled",
    expected: "How many there should be",
    instruction: "What to do",
    tally: "Carried out so far",
    said: "Answers and reports, oldest first",
    own: "by your company",
    written_down: "written down by the authority",
    digest: "Digest of this step",
    digest_hint: "Keep the digest: what was sent can be checked with it later.",
    answer: "Answer",
    text: "Your answer",
    answer_hint: "A company answers a question once. What is sent cannot be changed, and is kept in the case with your login and the time.",
    send_answer: "Send the answer",
    report: "Report how the order is carried out",
    report_hint: "State how many more, not the sum. Only what was found is quarantined or destroyed. What is sent cannot be changed.",
    send_report: "Send the report",
    withdrawn: "The authority took this back. It takes no reply any more.",
    closed: "The case is closed. It takes no reply any more.",
    answered: "Your company answered this question already; each is answered once.",
    overtaken: "Something was answered or written down meanwhile, and what you sent was not kept. Look at it, and send yours again.",
    no_number: "State the number in digits, and choose an outcome.",
    altered: "Something here is not what was stored once; it is not shown. Tell whoever runs this installation.",
};

/// The words in a language.
#[must_use]
pub fn texts(language: Language) -> &'static InboxTexts {
    language.of((&ZH, &EN))
}

/// Where something stands.
///
/// - `is_order`: of an order, otherwise of a question.
#[must_use]
pub fn state(state: State, is_order: bool) -> Pair {
    match (state, is_order) {
        (State::Waits, false) => ("等待贵企业答复", "waits for your answer"),
        (State::Waits, true) => ("等待贵企业执行", "waits to be carried out"),
        (State::Done, false) => ("已答复", "answered"),
        (State::Done, true) => ("已执行", "carried out"),
        (State::Withdrawn, _) => ("已撤回", "withdrawn"),
        (State::Closed, _) => ("案件已结案", "case closed"),
    }
}

/// Why a reply may not follow.
#[must_use]
pub fn refused(problem: &CaseError, language: Language) -> String {
    let texts = texts(language);
    match problem {
        CaseError::Closed(_) => texts.closed.to_owned(),
        CaseError::NoSuchAct { .. } => texts.withdrawn.to_owned(),
        CaseError::Answered(_) => texts.answered.to_owned(),
        CaseError::Length { got, least, most, .. } => language.of((
            format!("文字长度为 {got} 个字符，应为 {least} 至 {most} 个字符。"),
            format!("The text has {got} characters, expected {least} to {most}."),
        )),
        CaseError::TooMany { got, most } => language.of((
            format!("填写的数量为 {got}，最多为 {most}：不能超过已找到而尚未处理的数量。"),
            format!("You stated {got}, at most {most} are possible: no more are left of those that were found."),
        )),
        other => language.of((
            format!("不能接受这个答复：{other}"),
            format!("This reply cannot be taken: {other}"),
        )),
    }
}

/// What became of things, in a sentence.
#[must_use]
pub fn outcome((outcome, things): (Outcome, u64), language: Language) -> String {
    let what = language.of(super::cases::outcome(outcome));
    format!("{what}: {things}")
}

/// How much waits; none if nothing does.
#[must_use]
pub fn waiting(waiting: Waiting, language: Language) -> Option<String> {
    let Waiting { questions, orders, is_at_least } = waiting;
    let more = |zh: &'static str, en: &'static str| {
        if is_at_least { language.of((zh, en)) } else { "" }
    };
    if questions + orders == 0 {
        return None;
    }
    let least = more("至少 ", "at least ");
    let plural = |count: u64| if count == 1 { "" } else { "s" };
    Some(language.of((
        format!("等待贵企业处理：询问 {least}{questions} 个，召回令 {least}{orders} 个。"),
        format!(
            "Waiting for your company: {least}{questions} question{}, {least}{orders} recall order{}.",
            plural(questions),
            plural(orders)
        ),
    )))
}

/// Why a company's step was taken, as it is kept in the case.
#[must_use]
pub fn why(number: u32) -> String {
    format!("reply of the company to act {number}")
}

/// The reason of a company's reply in the log of reads.
#[must_use]
pub fn reason(case: i64, number: u32) -> String {
    format!("case {case}: reply of the company to act {number}")
}
