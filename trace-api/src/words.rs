//! Every sentence that a person reads, in Chinese and English.
//!
//! What holds: each text is a pair, so both languages are complete; enums are matched without a wildcard, so a new
//! variant does not compile without its texts; no sentence promises more than the evidence gives (a test looks for
//! the words that are never used).

use epcis::BizStep;
use history::bundle::Anchored;
use history::{Conflict, Gap, NotIssued, Reason, Verdict, Withdrawal};
use jiff::Timestamp;
use sql::anchors::Confirmed;

use crate::language::{Language, Pair};

/// How a verdict is shown.
#[derive(Debug, Clone, Copy)]
pub struct Band {
    /// Main sentence.
    pub main: Pair,
    /// What to do.
    pub hint: Pair,
    /// CSS class of its colour.
    pub colour: &'static str,
    /// A sign, because colour alone is not readable for everybody.
    pub icon: &'static str,
}

/// The band of a verdict.
#[must_use]
pub fn band(verdict: Verdict) -> Band {
    let (main, hint) = band_texts(verdict);
    let (colour, icon) = match verdict {
        Verdict::Recalled | Verdict::Rejected | Verdict::TagFail => ("red", "✕"),
        Verdict::Opened | Verdict::Conflict | Verdict::Sold | Verdict::Gap => ("amber", "!"),
        Verdict::Consistent => ("blue", "≡"),
        Verdict::Strong => ("green", "✓"),
    };
    Band { main, hint, colour, icon }
}

/// Main sentence and hint of a verdict.
fn band_texts(verdict: Verdict) -> (Pair, Pair) {
    match verdict {
        Verdict::Recalled => (
            ("请勿使用：该批次已被召回", "Do not use: this lot has been recalled"),
            ("查看处理办法", "See what to do"),
        ),
        Verdict::Rejected => (
            ("此码不是该品牌签发", "This code was not issued by the brand"),
            ("请谨慎，建议停止交易并举报", "Do not rely on it; report it"),
        ),
        Verdict::TagFail => (
            ("芯片校验失败", "The chip check failed"),
            ("标签可能被复制或更换", "The tag may be copied or replaced"),
        ),
        Verdict::Opened => (
            ("封签显示已被打开", "The seal reports it was opened"),
            ("若你购买的是全新品，请联系商家", "If you bought it new, contact the seller"),
        ),
        Verdict::Conflict => (
            ("同一编码在不同地点出现", "The same code appeared in different places"),
            (
                "这件或另一件可能是仿制品，仅凭扫码无法判断哪件是真",
                "This one or another may be a copy; scanning alone cannot tell which",
            ),
        ),
        Verdict::Sold => (
            ("记录显示已售出", "Recorded as sold"),
            ("若你是首次购买，请留意", "Take care if you are the first buyer"),
        ),
        Verdict::Gap => (
            ("来源已确认，流通记录有缺口", "Origin confirmed, journey incomplete"),
            ("缺少的部分见下", "What is missing is shown below"),
        ),
        Verdict::Consistent => (
            ("记录完整，未发现异常", "Records are complete and consistent"),
            (
                "二维码可被复制，请再核对包装特征",
                "A printed code can be copied, so also compare the pack",
            ),
        ),
        Verdict::Strong => (
            ("芯片校验通过，记录完整", "Chip verified and records complete"),
            (
                "证明标签为原装，请确认标签未被移贴",
                "Shows the tag is original; check it has not been moved",
            ),
        ),
    }
}

/// A business step; none for a record without one.
#[must_use]
pub fn step(step: Option<&BizStep>) -> Pair {
    use BizStep::{
        Accepting, Arriving, Assembling, Collecting, Commissioning, Consigning,
        CreatingClassInstance, CycleCounting, Decommissioning, Departing, Destroying,
        Disassembling, Dispensing, Encoding, EnteringExiting, Holding, Inspecting, Installing,
        Killing, Loading, Other, OtherStep, Packing, Picking, Receiving, Removing, Repackaging,
        Repairing, Replacing, Reserving, RetailSelling, Sampling, SensorReporting, Shipping,
        StagingOutbound, StockTaking, Stocking, Storing, Transporting, Unloading, Unpacking,
        VoidShipping,
    };
    match step {
        Some(Commissioning) => ("赋码生产", "Made and coded"),
        Some(Packing) => ("装箱", "Packed"),
        Some(Shipping) => ("发货", "Shipped"),
        Some(Receiving) => ("收货", "Received"),
        Some(Storing) => ("入库", "Stored"),
        Some(Unpacking) => ("拆箱", "Unpacked"),
        Some(RetailSelling) => ("售出", "Sold"),
        Some(SensorReporting) => ("传感器记录", "Sensor recorded"),
        Some(Inspecting) => ("检验", "Inspected"),
        Some(
            Accepting
            | Arriving
            | Assembling
            | Collecting
            | Consigning
            | CreatingClassInstance
            | CycleCounting
            | Decommissioning
            | Departing
            | Destroying
            | Disassembling
            | Dispensing
            | Encoding
            | EnteringExiting
            | Holding
            | Installing
            | Killing
            | Loading
            | OtherStep
            | Picking
            | Removing
            | Repackaging
            | Repairing
            | Replacing
            | Reserving
            | Sampling
            | StagingOutbound
            | StockTaking
            | Stocking
            | Transporting
            | Unloading
            | VoidShipping
            | Other(_),
        )
        | None => ("其他步骤", "Another step"),
    }
}

/// Why a verdict was given.
#[must_use]
pub fn reason(reason: &Reason) -> Pair {
    match reason {
        Reason::Withdrawn(Withdrawal::Expired) => ("已过有效期", "The expiry date is past"),
        Reason::Withdrawn(Withdrawal::Stolen) => ("记录显示被盗", "Reported stolen"),
        Reason::Withdrawn(Withdrawal::Recalled) => ("记录显示被召回", "Recorded as recalled"),
        Reason::NotIssued(NotIssued::Unknown) => {
            ("没有此序列号的任何记录", "There is no record of this serial number")
        }
        Reason::NotIssued(NotIssued::NeverApplied) => {
            ("此序列号从未贴到任何产品上", "This serial number was never applied to a product")
        }
        Reason::NotIssued(NotIssued::Disputed) => {
            ("来源记录与其签名账本不符", "The record of origin does not fit its signed ledger")
        }
        Reason::Conflict(Conflict::TwoPlaces { .. }) => (
            "两部不同的手机在短时间内于相距很远的地方扫描了同一编码",
            "Two different phones scanned the same code too far apart for the time between",
        ),
        Reason::Conflict(Conflict::SoldTwice { .. }) => {
            ("记录显示被售出两次", "It was recorded as sold twice")
        }
        Reason::Conflict(Conflict::ManyNetworks { .. }) => (
            "售出后在多个不同网络中被扫描",
            "It was scanned in many different networks after the sale",
        ),
        Reason::Sold(_) => ("已有销售记录", "A sale was recorded"),
        Reason::Gap(_) => ("流通记录缺少一步，或有争议", "A step is missing or disputed"),
        Reason::ChipFailed => ("芯片给出的校验码不符", "The chip's code does not fit"),
        Reason::SealOpened => ("封签回路已断开", "The seal's loop is broken"),
        Reason::ChipPassed | Reason::NothingFound => ("没有规则被触发", "No rule fired"),
    }
}

/// What is missing or disputed.
///
/// - `place_name`: what people call a location URI.
#[must_use]
pub fn gap(gap: &Gap, language: Language, place_name: impl Fn(&str) -> String) -> String {
    match gap {
        Gap::Shipping { from } => {
            let place = place_name(from);
            language.of((
                format!("缺少：从{place}的发货记录"),
                format!("Missing: shipping from {place}"),
            ))
        }
        Gap::Receiving { at } => {
            let place = place_name(at);
            language
                .of((format!("缺少：{place}的收货记录"), format!("Missing: receiving at {place}")))
        }
        Gap::Disputed { origin, index } => language.of((
            format!("有争议：记录 {origin}#{index} 与账本不符"),
            format!("Disputed: record {origin}#{index} does not fit its ledger"),
        )),
    }
}

/// When the item expires.
///
/// - `date`: as it was recorded.
#[must_use]
pub fn expires_on(date: &str, language: Language) -> String {
    language.of((format!("有效期至 {date}"), format!("Expires on {date}")))
}

/// How often the item was read and scanned, by whom.
#[must_use]
pub fn scan_counts(counts: ScanCounts, language: Language) -> String {
    let ScanCounts { chain, shop, own, others } = counts;
    language.of((
        format!("供应链读取 {chain} · 商店 {shop} · 你 {own} · 其他人 {others}"),
        format!("supply chain {chain} · shop {shop} · you {own} · others {others}"),
    ))
}

/// How often an item was read and scanned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ScanCounts {
    /// Records by readers and sensors.
    pub chain: usize,
    /// Sales.
    pub shop: usize,
    /// Scans by the reader of the page.
    pub own: usize,
    /// Scans by other consumers.
    pub others: usize,
}

/// When the records were committed, and by when they existed as a public chain shows.
///
/// - `size`: records of all ledgers concerned.
#[must_use]
pub fn clocks(
    recorded: Timestamp,
    size: u64,
    anchored: Option<&Anchored>,
    language: Language,
) -> String {
    let recorded = minute(recorded);
    let Some(anchored) = anchored else {
        return language.of((
            format!("已记录：{recorded} · 账本共 {size} 条 · 等待公链锚定"),
            format!(
                "Recorded: {recorded} · ledgers hold {size} records · waiting for the public anchor"
            ),
        ));
    };
    let at = minute(anchored.at);
    let (zh, en) = anchored.confirmed.map_or_else(Default::default, |confirmed| {
        let Confirmed { asked, agreed, .. } = confirmed;
        (
            format!("，询问 {asked} 个节点，{agreed} 个确认"),
            format!(", {agreed} of {asked} endpoints confirm it"),
        )
    });
    language.of((
        format!("已记录：{recorded} · 账本共 {size} 条 · 不晚于 {at} 存在（公链{zh}）"),
        format!(
            "Recorded: {recorded} · ledgers hold {size} records · existed no later than {at} (public chain{en})"
        ),
    ))
}

/// `2026-11-20 08:15 UTC`.
#[must_use]
pub fn minute(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M UTC").to_string()
}

/// Fixed sentences of the page.
pub mod page {
    use crate::language::Pair;

    /// What this does not prove.
    pub const LIMITS: Pair = (
        "这不能证明手中的物品就是记录所指的物品：签名说明是谁说的，读取说明读写器读到了号码，印刷的码可以被复制。",
        "This does not prove that the object in your hand is the one recorded: a signature shows who said it, a read \
         shows that a reader read a number, and a printed code can be copied.",
    );
    /// Privacy line.
    pub const PRIVACY: Pair = (
        "不需登录，不用 Cookie，不保存网络地址；只保存由地址和浏览器名算出的加密标记，用来发现重复出现的编码。",
        "No login, no cookie, no address is stored; only a keyed hash of address and browser is, to notice codes that \
         appear twice.",
    );
    /// A record that does not fit its ledger.
    pub const DISPUTED: Pair = (
        "有一条存储的记录与其签名账本不符，因此不作数：",
        "A stored record no longer fits its signed ledger and does not count:",
    );
    /// A temperature limit was exceeded.
    pub const EXCURSION: Pair =
        ("传感器记录到温度超过限值：", "The sensor recorded a temperature above the limit:");
    /// How a record came about: it does not fit.
    pub const HOW_DISPUTED: Pair =
        ("与账本不符，不作数", "does not fit its ledger and does not count");
    /// How a record came about: a reader or sensor.
    pub const HOW_SENSED: Pair = ("读写器或传感器记录", "recorded by a reader or sensor");
    /// How a record came about: a party's own statement.
    pub const HOW_STATED: Pair = ("由该方声明", "stated by the party");
    /// Why a record is listed: the container.
    pub const VIA_CONTAINER: Pair = ("随箱推断", "inferred from its container");
    /// Why a record is listed: the lot.
    pub const VIA_LOT: Pair = ("整批", "the whole lot");
    /// The service cannot answer.
    pub const CANNOT_CHECK: Pair = ("现在无法查验", "Cannot check now");
    /// The service cannot answer: what to do.
    pub const CANNOT_CHECK_HINT: Pair = (
        "服务暂时不可用，这不代表物品有任何问题。请稍后再试，或离线验证已保存的凭证。",
        "The service is temporarily unavailable. This does not mean that anything is wrong with the item. Try again \
         later, or verify a saved proof offline.",
    );

    /// All of them, for the test of words that are never used.
    #[cfg(test)]
    pub const ALL: [Pair; 11] = [
        LIMITS,
        PRIVACY,
        DISPUTED,
        EXCURSION,
        HOW_DISPUTED,
        HOW_SENSED,
        HOW_STATED,
        VIA_CONTAINER,
        VIA_LOT,
        CANNOT_CHECK,
        CANNOT_CHECK_HINT,
    ];
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Words that promise more than anybody knows.
    const NEVER: [&str; 9] = [
        "genuine",
        "authentic",
        "正品",
        "100 %",
        "100%",
        "guaranteed",
        "tamper-proof",
        "unforgeable",
        "trustless",
    ];

    fn reasons() -> Vec<Reason> {
        let at = Timestamp::UNIX_EPOCH;
        vec![
            Reason::Withdrawn(Withdrawal::Recalled),
            Reason::Withdrawn(Withdrawal::Stolen),
            Reason::Withdrawn(Withdrawal::Expired),
            Reason::NotIssued(NotIssued::Unknown),
            Reason::NotIssued(NotIssued::NeverApplied),
            Reason::NotIssued(NotIssued::Disputed),
            Reason::ChipFailed,
            Reason::SealOpened,
            Reason::Conflict(Conflict::TwoPlaces { speed_kmh: 1000.0 }),
            Reason::Conflict(Conflict::SoldTwice { sales: 2 }),
            Reason::Conflict(Conflict::ManyNetworks { networks: 4 }),
            Reason::Sold(at),
            Reason::Gap(Gap::Receiving { at: String::new() }),
            Reason::ChipPassed,
            Reason::NothingFound,
        ]
    }

    #[test]
    fn no_sentence_uses_a_word_that_promises_too_much() {
        let mut texts = page::ALL.to_vec();
        for verdict in Verdict::ALL {
            let band = band(verdict);
            texts.extend([band.main, band.hint]);
        }
        texts.extend(reasons().iter().map(reason));
        texts.extend(BizStep::ALL.iter().map(|word| step(Some(word))));
        for (zh, en) in texts {
            for word in NEVER {
                assert!(
                    !zh.contains(word) && !en.to_lowercase().contains(word),
                    "{word}: {zh} {en}"
                );
            }
        }
        for page in [
            include_str!("../pages/item.html"),
            include_str!("../pages/away.html"),
            include_str!("../pages/start.html"),
            include_str!("../pages/verify.html"),
        ] {
            for word in NEVER.iter().filter(|word| !word.starts_with("100")) {
                assert!(!page.to_lowercase().contains(word), "{word}");
            }
        }
    }

    #[test]
    fn each_reason_but_the_calm_ones_has_words_of_its_own() {
        let reasons = reasons();
        let calm = reason(&Reason::NothingFound);
        let mut texts: Vec<Pair> =
            reasons.iter().map(reason).filter(|text| *text != calm).collect();
        assert_eq!(texts.len(), reasons.len() - 2);
        texts.sort_unstable();
        texts.dedup();
        assert_eq!(texts.len(), reasons.len() - 2);
    }

    #[test]
    fn a_gap_names_the_place_or_the_record() {
        let name = |uri: &str| format!("<{uri}>");
        for (found, zh, en) in [
            (
                Gap::Shipping { from: "a".into() },
                "缺少：从<a>的发货记录",
                "Missing: shipping from <a>",
            ),
            (Gap::Receiving { at: "b".into() }, "缺少：<b>的收货记录", "Missing: receiving at <b>"),
            (
                Gap::Disputed { origin: "log.example/1".into(), index: 7 },
                "有争议：记录 log.example/1#7 与账本不符",
                "Disputed: record log.example/1#7 does not fit its ledger",
            ),
        ] {
            assert_eq!(gap(&found, Language::Chinese, name), zh);
            assert_eq!(gap(&found, Language::English, name), en);
        }
    }

    #[test]
    fn only_the_chip_verdict_is_green() {
        for verdict in Verdict::ALL {
            assert_eq!(band(verdict).colour == "green", verdict == Verdict::Strong);
        }
    }
}
