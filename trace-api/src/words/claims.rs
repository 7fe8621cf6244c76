//! Sentences about what is missing, only claimed or contradicted, with the records that it comes from.
//!
//! What holds: as in [`crate::words`]; every sentence about a claim says whose it is, as far as its reader may know.
//!
//! Not here: verdicts and their reasons ([`crate::words`]), what a record is called ([`crate::naming`]).

use history::{Clash, ClashKind, Gap, Notice, Row};

use crate::language::{Language, Pair};
use crate::naming::Naming;
use process::vocabulary::disposition as disposition_words;

/// Why two records cannot both be right.
pub(super) fn clash_pair(kind: ClashKind) -> Pair {
    match kind {
        ClashKind::CommissionedTwice => {
            ("同一编码被签发两次，内容不同", "It was issued twice, with different content")
        }
        ClashKind::OtherLot => ("记录中的批号不一致", "It was recorded under two lot numbers"),
        ClashKind::SoldTwice => {
            ("未经退回又被售出", "It was sold again without having been returned")
        }
        ClashKind::OtherReceiver => {
            ("收货方不是发货所指的一方", "It was received by another party than it was shipped to")
        }
        ClashKind::ShippedTwice => ("同时发给了两方", "It was shipped to two parties"),
        ClashKind::ShippedByFormerHolder => {
            ("已不持有的一方将其发货", "Somebody shipped it who did not hold it any more")
        }
        ClashKind::CorrectedTooLate => (
            "他人已据以收货的记录后来被声明有误",
            "A record was declared wrong after others had relied on it",
        ),
        ClashKind::ReadAfterKill => {
            ("标签停用后仍被读取", "Its tag was read after it was switched off for good")
        }
        ClashKind::LedgerForked => (
            "同一账本被签署了两份互相矛盾的历史",
            "Two different pasts were signed for a ledger of this item",
        ),
        ClashKind::LedgerShrunk => {
            ("账本缺少已公布的记录", "A ledger of this item has less than what was published of it")
        }
    }
}

/// Records that contradict each other, both named where they may be.
#[must_use]
pub fn clash(clash: &Clash, naming: Naming, language: Language) -> String {
    let (zh, en) = clash_pair(clash.kind);
    match naming.both(&clash.one, &clash.other) {
        Some((names_zh, names_en)) => {
            language.of((format!("{zh}：{names_zh}"), format!("{en}: {names_en}")))
        }
        None => language.of((zh, en)).to_owned(),
    }
}

/// That an item was sold again a short while ago, and what to do.
#[must_use]
pub fn resold(clash: &Clash, naming: Naming, language: Language) -> String {
    let (zh, en) = match naming.both(&clash.one, &clash.other) {
        Some((zh, en)) => (format!("（{zh}）"), format!(" ({en})")),
        None => (String::new(), String::new()),
    };
    language.of((
        format!("过去一天内又有一次售出记录，目前没有退回记录{zh}。若你正要购买，请先问商家；一天后请再扫一次"),
        format!(
            "Within the last day it was recorded as sold again, and no return is recorded so far{en}. If you are about to buy it, ask the shop first; scan it again in a day"
        ),
    ))
}

/// What somebody says though it does not decide.
#[must_use]
pub fn notice(notice: &Notice, naming: Naming, language: Language) -> String {
    let (who_zh, who_en) = naming.who(&notice.record);
    let (zh, en) = claim(notice.says);
    match (notice.lacks_approvals, naming) {
        (true, Naming::Unnamed) => language.of((
            format!("{who_zh}称：{zh}。尚缺所需的批准人数，不影响结论。"),
            format!("A company says: {en}. It lacks the approvals that it needs, and this does not decide."),
        )),
        (true, Naming::Parties | Naming::Whole) => language.of((
            format!("{who_zh} 称：{zh}。尚缺所需的批准人数，不影响结论。"),
            format!("{who_en} says: {en}. It lacks the approvals that it needs, and this does not decide."),
        )),
        (false, Naming::Unnamed) => language.of((
            format!("一家无权作此声明的企业称：{zh}。不影响结论。"),
            format!("A company that is not entitled says: {en}. This does not decide."),
        )),
        (false, Naming::Parties | Naming::Whole) => language.of((
            format!("{who_zh} 称：{zh}。该方无权作此声明，不影响结论。"),
            format!("{who_en} says: {en}. It is not entitled to say so, and this does not decide."),
        )),
    }
}

/// What a claim is about.
fn claim(what: Row) -> Pair {
    match what {
        Row::Issue => ("签发、批号或有效期", "issue, lot or expiry"),
        Row::Recall => ("已召回", "recalled"),
        Row::LiftRecall => ("召回已解除", "recall lifted"),
        Row::Void => ("序列号作废", "serial voided"),
        Row::Theft => ("失窃", "stolen"),
        Row::Found => ("已找回", "found"),
        Row::End => ("已注销或销毁", "decommissioned or destroyed"),
        Row::Handle => ("发货、装箱、拆箱或售出", "shipped, packed, unpacked or sold"),
        Row::Return => ("已退回", "returned"),
        Row::Hold => ("暂停流通或放行", "put on hold or released"),
        Row::Condition => ("储运条件超限", "storage limits exceeded"),
        Row::See => ("曾在某处", "seen somewhere"),
        Row::Receive => ("已收货", "received"),
        Row::Correct => ("更正", "correction"),
    }
}

/// What is missing, disputed or only claimed.
///
/// - `place_name`: what people call a location URI.
#[must_use]
pub fn gap(
    gap: &Gap,
    naming: Naming,
    language: Language,
    place_name: impl Fn(&str) -> String,
) -> String {
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
        Gap::Disputed { origin, index } if naming == Naming::Whole => language.of((
            format!("有争议：记录 {origin}#{index} 与账本不符"),
            format!("Disputed: record {origin}#{index} does not fit its ledger"),
        )),
        Gap::Disputed { .. } => language.of((
            "有争议：有记录与账本不符".to_owned(),
            "Disputed: a record does not fit its ledger".to_owned(),
        )),
        Gap::Erased { tombstone, .. } => {
            let (day, reason) = (tombstone.day(), &tombstone.reason);
            language.of((
                format!("已删除：一条记录的内容于 {day} 被删除（{reason}）"),
                format!("Erased: the content of a record was erased on {day} ({reason})"),
            ))
        }
        Gap::NoDirectory { .. }
        | Gap::Claimed { .. }
        | Gap::Unbacked { .. }
        | Gap::OnHold { .. }
        | Gap::BackDated { .. }
        | Gap::Cut { .. } => claim_gap(gap, naming, language),
    }
}

/// What is only claimed, on hold, back-dated or left out.
fn claim_gap(gap: &Gap, naming: Naming, language: Language) -> String {
    match gap {
        Gap::NoDirectory { origin } => {
            let (zh, en) = naming.who(origin);
            // A name may be in Latin letters, which stand apart.
            let gap = if naming == Naming::Unnamed { "" } else { " " };
            language.of((
                format!("来源由{gap}{zh}{gap}声明，没有名录可查其权限"),
                format!("Origin stated by {en}; there is no directory"),
            ))
        }
        Gap::Claimed { what, record } => {
            let ((zh, en), (who_zh, who_en)) = (claim(*what), naming.who(record));
            language.of((
                format!("仅为声称：{zh}（{who_zh}）"),
                format!("Only claimed: {en} ({who_en})"),
            ))
        }
        Gap::Unbacked { record } => {
            let (zh, en) = naming.who(record);
            language.of((
                format!("收货没有对应的发货记录（{zh}）"),
                format!("Received without a shipping that names the receiver ({en})"),
            ))
        }
        Gap::OnHold { disposition, record } => {
            let who = language.of(naming.who(record));
            let state = disposition_words(disposition, language);
            language
                .of((format!("暂停流通：{state}（{who}）"), format!("On hold: {state} ({who})")))
        }
        Gap::BackDated { record } => {
            let (zh, en) = naming.who(record);
            language.of((
                format!("补录：事后很久才记录（{zh}）"),
                format!("Back-dated: recorded long after it is said to have happened ({en})"),
            ))
        }
        Gap::Cut { left_out } => language.of((
            format!("记录过多：有 {left_out} 条未查看"),
            format!("Too many records: {left_out} were not looked at"),
        )),
        Gap::Shipping { .. }
        | Gap::Receiving { .. }
        | Gap::Disputed { .. }
        | Gap::Erased { .. } => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use epcis::Disposition;
    use history::RecordRef;
    use ledger::record::Tombstone;

    use super::*;

    fn record(index: u64) -> RecordRef {
        RecordRef { origin: "log.example/1".into(), index, party: "Factory".into() }
    }

    /// Every gap, as the public reads it and as the operator does.
    fn gaps() -> Vec<(Gap, [&'static str; 2], [&'static str; 2])> {
        vec![
            (
                Gap::Shipping { from: "a".into() },
                ["缺少：从<a>的发货记录", "Missing: shipping from <a>"],
                ["缺少：从<a>的发货记录", "Missing: shipping from <a>"],
            ),
            (
                Gap::Receiving { at: "b".into() },
                ["缺少：<b>的收货记录", "Missing: receiving at <b>"],
                ["缺少：<b>的收货记录", "Missing: receiving at <b>"],
            ),
            (
                Gap::Disputed { origin: "log.example/1".into(), index: 7 },
                ["有争议：有记录与账本不符", "Disputed: a record does not fit its ledger"],
                [
                    "有争议：记录 log.example/1#7 与账本不符",
                    "Disputed: record log.example/1#7 does not fit its ledger",
                ],
            ),
            (
                Gap::Erased {
                    origin: "log.example/1".into(),
                    index: 7,
                    tombstone: Tombstone {
                        at: "2026-11-24T08:00:00Z".into(),
                        reason: "asked for".into(),
                    },
                },
                [
                    "已删除：一条记录的内容于 2026-11-24 被删除（asked for）",
                    "Erased: the content of a record was erased on 2026-11-24 (asked for)",
                ],
                [
                    "已删除：一条记录的内容于 2026-11-24 被删除（asked for）",
                    "Erased: the content of a record was erased on 2026-11-24 (asked for)",
                ],
            ),
            (
                Gap::NoDirectory { origin: record(0) },
                [
                    "来源由一家企业声明，没有名录可查其权限",
                    "Origin stated by a company; there is no directory",
                ],
                [
                    "来源由 Factory · log.example/1 #0 声明，没有名录可查其权限",
                    "Origin stated by Factory · log.example/1 #0; there is no directory",
                ],
            ),
            (
                Gap::Claimed { what: Row::Theft, record: record(3) },
                ["仅为声称：失窃（一家企业）", "Only claimed: stolen (a company)"],
                [
                    "仅为声称：失窃（Factory · log.example/1 #3）",
                    "Only claimed: stolen (Factory · log.example/1 #3)",
                ],
            ),
            (
                Gap::Unbacked { record: record(3) },
                [
                    "收货没有对应的发货记录（一家企业）",
                    "Received without a shipping that names the receiver (a company)",
                ],
                [
                    "收货没有对应的发货记录（Factory · log.example/1 #3）",
                    "Received without a shipping that names the receiver (Factory · log.example/1 #3)",
                ],
            ),
            (
                Gap::OnHold { disposition: Disposition::Damaged, record: record(3) },
                ["暂停流通：已损坏（一家企业）", "On hold: damaged (a company)"],
                [
                    "暂停流通：已损坏（Factory · log.example/1 #3）",
                    "On hold: damaged (Factory · log.example/1 #3)",
                ],
            ),
            (
                Gap::BackDated { record: record(3) },
                [
                    "补录：事后很久才记录（一家企业）",
                    "Back-dated: recorded long after it is said to have happened (a company)",
                ],
                [
                    "补录：事后很久才记录（Factory · log.example/1 #3）",
                    "Back-dated: recorded long after it is said to have happened (Factory · log.example/1 #3)",
                ],
            ),
            (
                Gap::Cut { left_out: 3 },
                ["记录过多：有 3 条未查看", "Too many records: 3 were not looked at"],
                ["记录过多：有 3 条未查看", "Too many records: 3 were not looked at"],
            ),
        ]
    }

    #[test]
    fn a_gap_names_the_place_or_whose_record_it_is_as_far_as_its_reader_may_know() {
        let name = |uri: &str| format!("<{uri}>");
        for (found, public, whole) in gaps() {
            for (naming, [zh, en]) in [(Naming::Unnamed, public), (Naming::Whole, whole)] {
                assert_eq!(gap(&found, naming, Language::Chinese, name), zh);
                assert_eq!(gap(&found, naming, Language::English, name), en);
            }
        }
    }
}
