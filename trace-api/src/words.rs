//! Every sentence that a person reads, in Chinese and English.
//!
//! What holds: each text is a pair, so both languages are complete; enums are matched without a wildcard, so a new
//! variant does not compile without its texts; no sentence promises more than the evidence gives. A test of the house
//! (`tests/e2e/house/sentences.rs`) looks in every source and page for words that are never used, and for Chinese
//! outside of this module, so that no sentence is written anywhere else.
//!
//! Not here: problem documents and the description of the interface, which developers read, in English only.
//!
//! Source: docs/decisions/0038-where-sentences-are.md.

use history::{
    ChipFault, ClashKind, Conflict, Ending, Gap, NotIssued, Reason, Verdict, Withdrawal,
};
use jiff::Timestamp;

use crate::language::{Language, Pair};
use crate::naming::Naming;
use crate::signs::Colour;

pub mod away;
mod claims;
pub mod code;
mod conditions;
mod counts;
pub mod find;
mod hints;
pub mod journey;
pub mod lamps;
pub mod links;
mod measures;
pub mod next;
pub mod own;
pub mod page;
pub mod report;
pub mod verifier;
pub mod who;

use claims::clash_pair;
pub use claims::{clash, gap, notice, resold};
pub use conditions::{excursion, excursion_hint};
pub use counts::{Checked, checked, disputed, privacy};
pub use hints::hint;
pub use process::vocabulary::{disposition, step};

/// How a verdict is shown.
#[derive(Debug, Clone, Copy)]
pub struct Band {
    /// Main sentence.
    pub main: Pair,
    /// What to do.
    pub hint: Pair,
    /// Its colour class.
    pub colour: Colour,
}

/// The band of a verdict.
#[must_use]
pub fn band(verdict: Verdict) -> Band {
    let (main, hint) = band_texts(verdict);
    let colour = match verdict {
        Verdict::NotCovered => Colour::Grey,
        Verdict::Recalled
        | Verdict::Stolen
        | Verdict::Expired
        | Verdict::Rejected
        | Verdict::TagFail => Colour::Red,
        Verdict::Opened | Verdict::Conflict | Verdict::Sold | Verdict::Gap | Verdict::Condition => {
            Colour::Amber
        }
        Verdict::Consistent => Colour::Blue,
        Verdict::Strong => Colour::Green,
    };
    Band { main, hint, colour }
}

/// Main sentence and hint of a verdict; where the page knows a date, a name or a value, it says more.
fn band_texts(verdict: Verdict) -> (Pair, Pair) {
    match verdict {
        Verdict::NotCovered => (
            ("本服务没有此产品的信息", "This service has no information about this product"),
            ("请检查编码是否输入正确", "Check that the code was read correctly"),
        ),
        Verdict::Recalled => {
            (("请勿使用：已被召回", "Do not use: recalled"), ("查看处理办法", "See what to do"))
        }
        Verdict::Stolen => (
            ("请勿购买：已报失窃", "Do not buy: reported stolen"),
            ("请联系商家或品牌", "Contact the seller or the brand"),
        ),
        Verdict::Expired => (
            ("请勿使用：已过有效期", "Do not use: past its expiry date"),
            ("已过有效期", "The expiry date is past"),
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
        Verdict::Conflict | Verdict::Sold | Verdict::Gap | Verdict::Condition => {
            amber_texts(verdict)
        }
        Verdict::Consistent => (
            ("记录前后一致", "The records fit together"),
            (
                "二维码可被复制，请再核对包装特征",
                "A printed code can be copied, so also compare the pack",
            ),
        ),
        Verdict::Strong => (
            ("芯片校验通过，记录前后一致", "Chip verified, records fit together"),
            (
                "证明标签为原装，请确认标签未被移贴",
                "Shows the tag is original; check it has not been moved",
            ),
        ),
    }
}

/// The texts of the verdicts that ask for care.
fn amber_texts(verdict: Verdict) -> (Pair, Pair) {
    match verdict {
        Verdict::Sold => (
            ("已售出", "Sold"),
            (
                "若正是你的购买，属正常；若有人当作全新出售，请先询问",
                "If that was your purchase, this is expected. If it is offered to you as new, ask before paying",
            ),
        ),
        Verdict::Gap => (
            ("来源已签名声明，流通记录有缺口", "Origin stated and signed, journey incomplete"),
            ("缺少的部分见下", "What is missing is shown below"),
        ),
        Verdict::Condition => (
            ("记录显示储运条件曾超限", "Storage limits were exceeded"),
            ("数值和时间见下", "Value and span are shown below"),
        ),
        _ => (
            ("同一编码指向两件物品", "Two objects carry this code"),
            (
                "这件或另一件可能是仿制品，仅凭扫码无法判断哪件是真",
                "This one or another may be a copy; scanning alone cannot tell which",
            ),
        ),
    }
}

/// Main sentence of an item that was sold.
///
/// - `day`: as [`journey::day`] writes it.
/// - `by`: the seller's name, where the reader may know it.
#[must_use]
pub fn sold(day: &str, by: Option<&str>, language: Language) -> String {
    let Some(by) = by else {
        return language.of((format!("已于 {day}售出"), format!("Sold on {day}")));
    };
    language.of((format!("{by} 已于 {day}售出"), format!("Sold on {day} by {by}")))
}

/// Main sentence and hint where not the item but a ledger contradicts itself.
#[must_use]
pub fn ledger_clash(kind: ClashKind) -> Option<(Pair, Pair)> {
    const HINT: Pair = (
        "在查明之前，请勿依赖这些记录；请联系品牌",
        "Do not rely on these records until this is explained; contact the brand",
    );
    match kind {
        ClashKind::LedgerForked => {
            Some((("同一账本有两份互相矛盾的历史", "Two different pasts were signed"), HINT))
        }
        ClashKind::LedgerShrunk => {
            Some((("账本缺少已公布的记录", "Records that were published are missing"), HINT))
        }
        ClashKind::CommissionedTwice
        | ClashKind::OtherLot
        | ClashKind::SoldTwice
        | ClashKind::OtherReceiver
        | ClashKind::ShippedTwice
        | ClashKind::ShippedByFormerHolder
        | ClashKind::CorrectedTooLate
        | ClashKind::ReadAfterKill => None,
    }
}

/// Why a verdict was given, with both records of a contradiction; for a calm one, what was checked.
#[must_use]
pub fn reason(reason: &Reason, done: Checked, naming: Naming, language: Language) -> String {
    match reason {
        Reason::Clash(found) => clash(found, naming, language),
        Reason::NothingFound | Reason::ChipPassed => checked(done, language),
        Reason::Sold(at) => {
            let (said, day) = (language.of(reason_pair(reason)), at.strftime("%Y-%m-%d"));
            language.of((format!("{said}：{day}"), format!("{said}: {day}")))
        }
        _ => language.of(reason_pair(reason)).to_owned(),
    }
}

/// Why a verdict was given, in general.
fn reason_pair(reason: &Reason) -> Pair {
    match reason {
        Reason::NotCovered => (
            "名录中没有获得此编码许可的品牌",
            "Nobody in the directory is licensed to issue under this key",
        ),
        Reason::Malformed => (
            "编码有误：不是 14 位数字，或最后一位（校验码）不符",
            "The code is malformed: it is not 14 digits, or the last of them, the check digit, is wrong",
        ),
        Reason::BrokenCode => (
            "此码的校验码不符，改正后是一件已登记物品的编码：若是手工输入，请核对；若标签就是这样印的，则不是品牌所印",
            "The check digit of this code is wrong, and with the right one it is an item's: if you typed it, compare it; if a label is printed like this, the brand did not print it",
        ),
        Reason::Withdrawn(Withdrawal::Expired) => ("已过有效期", "The expiry date is past"),
        Reason::Withdrawn(Withdrawal::Stolen) => ("记录显示被盗", "Reported stolen"),
        Reason::Withdrawn(Withdrawal::Recalled) => ("记录显示被召回", "Recorded as recalled"),
        Reason::NotIssued(why) => not_issued(*why),
        Reason::Conflict(Conflict::TwoPlaces { .. }) => (
            "两部不同的手机在短时间内于相距很远的地方扫描了同一编码",
            "Two different phones scanned the same code too far apart for the time between",
        ),
        Reason::Conflict(Conflict::ManyNetworks { .. }) => (
            "售出后在多个不同网络中被扫描",
            "It was scanned in many different networks after the sale",
        ),
        Reason::Clash(found) => clash_pair(found.kind),
        Reason::Sold(_) => ("已有销售记录", "A sale was recorded"),
        Reason::Gap(Gap::NoDirectory { .. }) => {
            ("没有名录：来源只是声称", "There is no directory: the origin is only claimed")
        }
        Reason::Gap(_) => (
            "流通记录缺少一步，或有争议，或仅为声称",
            "A step is missing, disputed or only claimed",
        ),
        Reason::Condition(_) => ("传感器记录到超限", "A sensor recorded a value beyond its limit"),
        Reason::ChipFailed(fault) => chip_failed(*fault),
        Reason::SealOpened => ("封签回路已断开", "The seal's loop is broken"),
        Reason::ChipPassed | Reason::NothingFound => ("未发现异常", "No anomaly found"),
    }
}

fn chip_failed(fault: ChipFault) -> Pair {
    match fault {
        ChipFault::Code => ("芯片给出的校验码不符", "The chip's code does not fit"),
        ChipFault::Used => (
            "此链接中的校验码已被用过，或早于最近用过的校验码",
            "The code in this link was used before, or is older than the last one that was used",
        ),
        ChipFault::OtherChip => {
            ("品牌绑定在此物品上的是另一枚芯片", "The brand bound another chip to this item")
        }
    }
}

fn not_issued(why: NotIssued) -> Pair {
    match why {
        NotIssued::Unknown => {
            ("没有此序列号的任何记录", "There is no record of this serial number")
        }
        NotIssued::NeverApplied => {
            ("此序列号从未贴到任何产品上", "This serial number was never applied to a product")
        }
        NotIssued::NotEntitled => (
            "只有无权签发此编码的一方称其已签发",
            "Only parties that may not issue this code say that it was issued",
        ),
        NotIssued::Disputed => {
            ("来源记录与其签名账本不符", "The record of origin does not fit its signed ledger")
        }
        NotIssued::Ended(Ending::Voided) => ("此序列号已作废", "This serial number was voided"),
        NotIssued::Ended(Ending::Decommissioned) => ("此物品已注销", "The item was decommissioned"),
        NotIssued::Ended(Ending::Destroyed) => ("此物品已销毁", "The item was destroyed"),
        NotIssued::Ended(Ending::Sampled) => ("此物品已取样", "The item was taken as a sample"),
        NotIssued::Ended(Ending::UsedUp) => {
            ("此物品已用于制成他物", "The item was used up to make something else")
        }
    }
}

/// The code states another lot than the records.
#[must_use]
pub fn other_lot(stated: &str, recorded: &str, language: Language) -> String {
    language.of((
        format!("此码中的批号是 {stated}，记录中的批号是 {recorded}：此码可能不是品牌印制的原码"),
        format!(
            "The lot in this code is {stated}, the lot in the records is {recorded}: this code may not be the one that the brand printed"
        ),
    ))
}

/// When the item expires.
///
/// - `date`: as it was recorded.
#[must_use]
pub fn expires_on(date: &str, language: Language) -> String {
    language.of((format!("有效期至 {date}"), format!("Expires on {date}")))
}

/// When the item expired.
///
/// - `date`: as it was recorded.
#[must_use]
pub fn expired_on(date: &str, language: Language) -> String {
    language.of((format!("有效期至 {date}"), format!("Expired on {date}")))
}

/// Records of all ledgers concerned.
#[must_use]
pub fn ledger_size(size: u64, language: Language) -> String {
    let english = match size {
        1 => "The ledgers hold 1 record.".to_owned(),
        _ => format!("The ledgers hold {size} records."),
    };
    language.of((format!("相关账本共 {size} 条记录。"), english))
}

/// Where the anchor is, and how many endpoints of the chain confirm it.
#[must_use]
pub fn public_chain(confirmed: Option<(u64, u64)>, language: Language) -> String {
    let Some((asked, agreed)) = confirmed else {
        return language.of(("公链锚定", "public chain")).to_owned();
    };
    language.of((
        format!("公链锚定，询问 {asked} 个节点，{agreed} 个确认"),
        format!("public chain, {agreed} of {asked} endpoints confirm it"),
    ))
}

/// `2026-11-20 08:15 UTC`.
#[must_use]
pub fn minute(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M UTC").to_string()
}

#[cfg(test)]
mod tests {
    use history::{Clash, RecordRef};

    use super::*;

    fn record(index: u64) -> RecordRef {
        RecordRef { origin: "log.example/1".into(), index, party: "Factory".into() }
    }

    fn reasons() -> Vec<Reason> {
        let at = Timestamp::UNIX_EPOCH;
        let clashes = [
            ClashKind::CommissionedTwice,
            ClashKind::OtherLot,
            ClashKind::SoldTwice,
            ClashKind::OtherReceiver,
            ClashKind::ShippedTwice,
            ClashKind::ShippedByFormerHolder,
            ClashKind::CorrectedTooLate,
            ClashKind::ReadAfterKill,
            ClashKind::LedgerForked,
            ClashKind::LedgerShrunk,
        ];
        let endings = [
            Ending::Voided,
            Ending::Decommissioned,
            Ending::Destroyed,
            Ending::Sampled,
            Ending::UsedUp,
        ];
        let clash = |kind| Reason::Clash(Clash { kind, one: record(1), other: record(2) });
        let more = clashes.into_iter().map(clash);
        let ended = endings.map(|ending| Reason::NotIssued(NotIssued::Ended(ending)));
        let mut all = vec![
            Reason::NotCovered,
            Reason::Malformed,
            Reason::BrokenCode,
            Reason::NotIssued(NotIssued::NotEntitled),
            Reason::Gap(Gap::NoDirectory { origin: record(0) }),
            Reason::Condition(record(0)),
            Reason::Withdrawn(Withdrawal::Recalled),
            Reason::Withdrawn(Withdrawal::Stolen),
            Reason::Withdrawn(Withdrawal::Expired),
            Reason::NotIssued(NotIssued::Unknown),
            Reason::NotIssued(NotIssued::NeverApplied),
            Reason::NotIssued(NotIssued::Disputed),
            Reason::ChipFailed(ChipFault::Code),
            Reason::ChipFailed(ChipFault::Used),
            Reason::ChipFailed(ChipFault::OtherChip),
            Reason::SealOpened,
            Reason::Conflict(Conflict::TwoPlaces { speed_kmh: 1000.0 }),
            Reason::Conflict(Conflict::ManyNetworks { networks: 4 }),
            Reason::Sold(at),
            Reason::Gap(Gap::Receiving { at: String::new() }),
            Reason::ChipPassed,
            Reason::NothingFound,
        ];
        all.extend(more.chain(ended));
        all
    }

    #[test]
    fn each_reason_but_the_calm_ones_has_words_of_its_own() {
        let reasons = reasons();
        let calm = reason_pair(&Reason::NothingFound);
        let mut texts: Vec<Pair> =
            reasons.iter().map(reason_pair).filter(|text| *text != calm).collect();
        assert_eq!(texts.len(), reasons.len() - 2);
        texts.sort_unstable();
        texts.dedup();
        assert_eq!(texts.len(), reasons.len() - 2);
    }

    #[test]
    fn only_the_chip_verdict_is_green() {
        for verdict in Verdict::ALL {
            assert_eq!((band(verdict).colour == Colour::Green), verdict == Verdict::Strong);
        }
    }
}
