//! What people read when they report a suspicion and follow it.

use sql::reports::LogPlace;

use crate::language::{Language, Pair};
use crate::reports::{Refused, Suspicion};

/// What a person may choose as the reason.
#[must_use]
pub fn suspicion(suspicion: Suspicion) -> Pair {
    match suspicion {
        Suspicion::Copy => ("看起来像仿冒品", "It looks like a copy"),
        Suspicion::Opened => ("封签或包装被打开过", "The seal or the pack was opened"),
        Suspicion::Seller => ("卖家或来源可疑", "The seller or the source seems doubtful"),
        Suspicion::Record => {
            ("页面显示的内容与实物不符", "What the page says does not fit the thing")
        }
        Suspicion::Other => ("其他", "Something else"),
    }
}

/// Why a report was not taken.
#[must_use]
pub fn refused(why: Refused) -> Pair {
    match why {
        Refused::NoCode => (
            "请填写物品的编码（二维码里的链接，或包装上的号码）。没有编码时，请写明“无编码”。",
            "Enter the code of the item: the link in its code, or the number on the pack. If it has none, write \u{201c}no code\u{201d}.",
        ),
        Refused::NoReason => ("请选择一项可疑情况。", "Choose what seems wrong."),
        Refused::TooLong => (
            "文字太长：编码最多 500 个字符，说明最多 2,000 字，地点最多 200 字。",
            "A text is too long: a code may have 500 characters, the description 2,000, the place 200.",
        ),
        Refused::PhotoTooLarge => (
            "照片太大，最多 8 MB。其他内容都还在，请换一张较小的照片再提交。",
            "The photo is too large: it may have 8 MB. Everything else is still here; choose a smaller one and send it again.",
        ),
        Refused::PhotoUnread => (
            "无法读取照片。可以使用 JPEG、PNG 或 WebP 格式。其他内容都还在。",
            "The photo cannot be read: JPEG, PNG and WebP are taken. Everything else is still here.",
        ),
    }
}

/// What came of a report: a heading, and what it means.
#[must_use]
pub fn state(state: &str) -> (Pair, Pair) {
    match state {
        "taken" => (
            ("正在处理", "Somebody is looking at it"),
            (
                "本站的运营方已开始处理。请稍后再来查看。",
                "The operator of this site has taken it up. Come back later.",
            ),
        ),
        "answered" => (
            ("已有答复", "It was answered"),
            ("以下是本站运营方的答复。", "This is what the operator of this site answers."),
        ),
        "closed" => (
            ("已结束", "It was closed"),
            (
                "以下是本站运营方给出的理由。",
                "This is the reason that the operator of this site gives.",
            ),
        ),
        _ => (
            ("已收到", "It was received"),
            (
                "尚未有人处理。请保存回执号，稍后再来查看。",
                "Nobody has looked at it yet. Keep the receipt and come back later.",
            ),
        ),
    }
}

/// The texts of the form.
pub struct FormTexts {
    /// Title.
    pub heading: &'static str,
    /// What happens with a report.
    pub about: &'static str,
    /// The code of the item.
    pub code: &'static str,
    /// What a code is.
    pub code_hint: &'static str,
    /// What seems wrong.
    pub reason: &'static str,
    /// The text.
    pub message: &'static str,
    /// What helps.
    pub message_hint: &'static str,
    /// Where.
    pub place: &'static str,
    /// That it may stay empty.
    pub place_hint: &'static str,
    /// The photo.
    pub photo: &'static str,
    /// What is taken off.
    pub photo_hint: &'static str,
    /// The box that sends it to the authorities too.
    pub authorities: &'static str,
    /// What they see.
    pub authorities_hint: &'static str,
    /// Sends.
    pub send: &'static str,
    /// What is kept, and how long.
    pub kept: String,
    /// Another way.
    pub contact: &'static str,
    /// Heading of the field for a receipt.
    pub follow: &'static str,
    /// The receipt.
    pub receipt: &'static str,
    /// Opens its page.
    pub look: &'static str,
}

impl FormTexts {
    /// In a language.
    ///
    /// - `days`: for how long reports are kept.
    #[must_use]
    pub fn of(language: Language, days: u16) -> Self {
        Self {
            heading: language.of(("告知可疑情况", "Report something wrong")),
            about: language.of((
                "不需要账号，也不需要姓名。提交后会得到一个回执号，凭它查看答复。报告本身不会改变任何物品的查询结果。",
                "No account and no name is needed. You get a receipt number, and with it you can read the answer. A report alone changes no result of any item.",
            )),
            code: language.of(("物品的编码", "Code of the item")),
            code_hint: language.of((
                "二维码里的链接，或包装上的 GTIN 和序列号",
                "The link in its code, or the GTIN and serial number on the pack",
            )),
            reason: language.of(("哪里可疑？", "What seems wrong?")),
            message: language.of(("你看到了什么（可不填）", "What did you see? (optional)")),
            message_hint: language.of((
                "例如：与正常包装的差别、价格、卖家怎么说。请不要写下你或他人的姓名和电话。",
                "For example how the pack differs, the price, what the seller said. Leave out names and telephone numbers, yours and others'.",
            )),
            place: language.of(("在哪里看到（可不填）", "Where was it? (optional)")),
            place_hint: language.of((
                "城市、商店或网址。本页不读取你的位置。",
                "City, shop or web address. This page does not read your position.",
            )),
            photo: language.of(("照片（可不填）", "A photo (optional)")),
            photo_hint: language.of((
                "JPEG、PNG 或 WebP，最多 8 MB。照片里的拍摄地点、时间等信息会在保存前去除。",
                "JPEG, PNG or WebP of at most 8 MB. What the camera wrote into it, such as place and time, is taken off before it is stored.",
            )),
            authorities: language.of(("同时提交给监管部门", "Also send this to the authorities")),
            authorities_hint: language.of((
                "监管人员登录后可以看到编码、可疑情况、说明、地点、照片、收到时间和答复，看不到回执号。不勾选时，只有本站运营方和该产品的品牌方能看到。",
                "Inspectors who log in here see the code, what seems wrong, your text, the place, the photo, the time and the answer, and not the receipt number. Without it only the operator of this site and the brand of the product do.",
            )),
            send: language.of(("提交", "Send")),
            kept: language.of((
                format!("只保存你在这里填写的内容，{days} 天后删除。不保存你的网络地址。"),
                format!("Only what you enter here is kept, for {days} days. Your network address is not."),
            )),
            contact: language.of(("也可以直接联系本站运营方", "You can also reach the operator of this site")),
            follow: language.of(("查看已提交的报告", "Follow a report")),
            receipt: language.of(("回执号", "Receipt number")),
            look: language.of(("查看", "Show")),
        }
    }
}

/// The texts of the page of a receipt.
pub struct ReceiptTexts {
    /// The receipt.
    pub receipt: &'static str,
    /// What to do with it.
    pub keep: &'static str,
    /// What was reported.
    pub reported: &'static str,
    /// The item.
    pub item: &'static str,
    /// What seemed wrong.
    pub reason: &'static str,
    /// When.
    pub received: &'static str,
    /// The photo.
    pub photo: &'static str,
    /// Whether it is for the authorities.
    pub authorities: &'static str,
    /// Heading of the digest.
    pub digest: &'static str,
    /// What it is for.
    pub digest_hint: &'static str,
    /// When it was answered.
    pub answered: &'static str,
    /// Until when it can be read.
    pub kept: String,
}

impl ReceiptTexts {
    /// In a language.
    ///
    /// - `days`: for how long reports are kept.
    #[must_use]
    pub fn of(language: Language, days: u16) -> Self {
        Self {
            receipt: language.of(("回执号", "Receipt number")),
            keep: language.of((
                "请抄下或截图保存：凭它可以查看答复，本站无法再次告知。知道它的人都能看到此页。",
                "Write it down or take a screenshot: with it you read the answer, and this site cannot tell it to you again. Whoever knows it can read this page.",
            )),
            reported: language.of(("报告的内容", "What was reported")),
            item: language.of(("物品", "Item")),
            reason: language.of(("可疑情况", "What seems wrong")),
            received: language.of(("收到时间", "Received")),
            photo: language.of(("照片", "Photo")),
            authorities: language.of(("监管部门", "Authorities")),
            digest: language.of(("固定内容的摘要", "Digest of what was frozen")),
            digest_hint: language.of((
                "收到时，报告的内容和当时页面对该物品的结论一起被固定下来。请一并保存摘要：凭它可以发现此后的任何改动。摘要本身不透露内容。",
                "What you sent, and what the page of the item said at that moment, was frozen when it was received. Keep the digest as well: with it any later change shows. By itself it tells nothing of the content.",
            )),
            answered: language.of(("答复时间", "Answered")),
            kept: language.of((
                format!("此页保留到收到后 {days} 天。"),
                format!("This page is kept for {days} days after the report was received."),
            )),
        }
    }
}

/// Whether a photo is with the report.
#[must_use]
pub fn photo(is_stored: bool) -> Pair {
    if is_stored { ("已保存", "stored with it") } else { ("没有", "none") }
}

/// Whether it is for the authorities.
#[must_use]
pub fn authorities(is_for_them: bool) -> Pair {
    if is_for_them { ("已提交", "they can read it") } else { ("未提交", "not sent to them") }
}

/// Whether a log has the digest of a report.
///
/// - `is_frozen`: whether there is a digest.
#[must_use]
pub fn standing(is_frozen: bool, log: Option<&LogPlace>, language: Language) -> String {
    match log {
        Some(LogPlace { origin, index }) => language.of((
            format!("摘要已写入查阅日志 {origin}，第 {index} 条（从 0 起）。报告删除后，摘要仍保留在日志中。"),
            format!("The digest is in the log {origin}, entry {index} (counted from 0). It stays there when the report is deleted."),
        )),
        None if is_frozen => language.of((
            "摘要没有写入任何日志：本站没有设置日志，或当时无法写入。只有保存了摘要的人才能发现改动。".to_owned(),
            "The digest is not in a log: this site has none, or it could not be written. Only whoever kept the digest can show a change.".to_owned(),
        )),
        None => language.of((
            "没有摘要：这份报告由较早的版本保存。".to_owned(),
            "There is no digest: this report was stored by an earlier version.".to_owned(),
        )),
    }
}

/// No report has this receipt.
#[must_use]
pub fn unknown() -> (Pair, Pair) {
    (
        ("没有此回执号的报告", "No report has this receipt number"),
        (
            "请逐字核对。报告到期后会删除，之后就查不到了。",
            "Compare it letter by letter. Reports are deleted after a time, and are not found any more then.",
        ),
    )
}

/// This site takes no reports.
#[must_use]
pub fn not_taken() -> (Pair, Pair) {
    (
        ("本站不接收报告", "This site takes no reports"),
        ("请联系商家或品牌。", "Contact the seller or the brand."),
    )
}

/// The step back to the form.
pub const TO_FORM: Pair = ("填写报告", "To the form");
