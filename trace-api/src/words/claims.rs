//! Sentences about what is missing, only claimed or contradicted, with the records that it comes from.
//!
//! What holds: as in [`crate::words`]; every sentence about a claim names its record.
//!
//! Not here: verdicts and their reasons ([`crate::words`]).

use history::{Clash, ClashKind, Gap, Notice, Row};

use crate::language::{Language, Pair};

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
            ("收货方不是发货所指的一方", "Somebody else received it than the one it was shipped to")
        }
        ClashKind::ShippedTwice => ("同时发给了两方", "It was shipped to two parties"),
        ClashKind::ShippedByFormerHolder => {
            ("已不持有的一方将其发货", "Somebody shipped it who did not hold it any more")
        }
        ClashKind::CorrectedTooLate => (
            "他人已据以收货的记录被更正为错误",
            "A record was declared wrong after others had relied on it",
        ),
        ClashKind::ReadAfterKill => {
            ("标签停用后仍被读取", "Its tag was read after it was switched off for good")
        }
    }
}

/// Records that contradict each other, both named.
#[must_use]
pub fn clash(clash: &Clash, language: Language) -> String {
    let (zh, en) = clash_pair(clash.kind);
    let (one, other) = (&clash.one, &clash.other);
    language.of((format!("{zh}：{one} 与 {other}"), format!("{en}: {one} and {other}")))
}

/// What somebody says though it does not decide.
#[must_use]
pub fn notice(notice: &Notice, language: Language) -> String {
    let record = &notice.record;
    let (zh, en) = claim(notice.says);
    if notice.lacks_approvals {
        return language.of((
            format!("{record} 称：{zh}。尚缺所需的批准人数，不影响结论。"),
            format!("{record} says: {en}. It lacks the approvals that it needs, and this does not decide."),
        ));
    }
    language.of((
        format!("{record} 称：{zh}。该方无权作此声明，不影响结论。"),
        format!("{record} says: {en}. It is not entitled to say so, and this does not decide."),
    ))
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
        Row::Hold => ("停用或放行", "put on hold or released"),
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
        Gap::NoDirectory { .. }
        | Gap::Claimed { .. }
        | Gap::Unbacked { .. }
        | Gap::OnHold { .. }
        | Gap::BackDated { .. }
        | Gap::Cut { .. } => claim_gap(gap, language),
    }
}

/// What is only claimed, on hold, back-dated or left out.
fn claim_gap(gap: &Gap, language: Language) -> String {
    match gap {
        Gap::NoDirectory { origin } => language.of((
            format!("来源由 {} 声明，没有目录可查其权限", origin.party),
            format!("Origin stated by {}, no directory", origin.party),
        )),
        Gap::Claimed { what, record } => {
            let (zh, en) = claim(*what);
            language.of((
                format!("仅为声称：{zh}（{record}）"),
                format!("Only claimed: {en} ({record})"),
            ))
        }
        Gap::Unbacked { record } => language.of((
            format!("缺少：发给 {} 的发货记录（{record}）", record.party),
            format!("Missing: a shipping to {} ({record})", record.party),
        )),
        Gap::OnHold { disposition, record } => language.of((
            format!("停用中：{disposition}（{record}）"),
            format!("On hold: {disposition} ({record})"),
        )),
        Gap::BackDated { record } => language.of((
            format!("补录：{record} 在事后很久才记录"),
            format!("Back-dated: {record} was recorded long after it is said to have happened"),
        )),
        Gap::Cut { left_out } => language.of((
            format!("记录过多：有 {left_out} 条未查看"),
            format!("Too many records: {left_out} were not looked at"),
        )),
        Gap::Shipping { .. } | Gap::Receiving { .. } | Gap::Disputed { .. } => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use epcis::Disposition;
    use history::RecordRef;

    use super::*;

    fn record(index: u64) -> RecordRef {
        RecordRef { origin: "log.example/1".into(), index, party: "Factory".into() }
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
            (
                Gap::NoDirectory { origin: record(0) },
                "来源由 Factory 声明，没有目录可查其权限",
                "Origin stated by Factory, no directory",
            ),
            (
                Gap::Claimed { what: Row::Theft, record: record(3) },
                "仅为声称：失窃（Factory · log.example/1 #3）",
                "Only claimed: stolen (Factory · log.example/1 #3)",
            ),
            (
                Gap::Unbacked { record: record(3) },
                "缺少：发给 Factory 的发货记录（Factory · log.example/1 #3）",
                "Missing: a shipping to Factory (Factory · log.example/1 #3)",
            ),
            (
                Gap::OnHold { disposition: Disposition::Damaged, record: record(3) },
                "停用中：damaged（Factory · log.example/1 #3）",
                "On hold: damaged (Factory · log.example/1 #3)",
            ),
            (
                Gap::BackDated { record: record(3) },
                "补录：Factory · log.example/1 #3 在事后很久才记录",
                "Back-dated: Factory · log.example/1 #3 was recorded long after it is said to have happened",
            ),
            (
                Gap::Cut { left_out: 3 },
                "记录过多：有 3 条未查看",
                "Too many records: 3 were not looked at",
            ),
        ] {
            assert_eq!(gap(&found, Language::Chinese, name), zh);
            assert_eq!(gap(&found, Language::English, name), en);
        }
    }
}
