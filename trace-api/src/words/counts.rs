//! Sentences with numbers: what was checked, how long scans are kept.
//!
//! Not here: verdicts and their reasons ([`crate::words`]).

use std::collections::BTreeSet;

use history::{History, Weight};

use crate::language::Language;

/// What a calm answer rests on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Checked {
    /// Records of the item and its containers that count.
    pub steps: usize,
    /// Parties that they are of.
    pub companies: usize,
    /// What was noticed and decides nothing.
    pub hints: usize,
}

impl Checked {
    /// What was checked of a history.
    #[must_use]
    pub fn of(history: &History) -> Self {
        let counts = history.counted().filter(|entry| entry.weight == Weight::Counts);
        let speakers: Vec<_> = counts.filter_map(|entry| entry.speaker.as_ref()).collect();
        let companies = speakers.iter().collect::<BTreeSet<_>>().len();
        Self { steps: speakers.len(), companies, hints: 0 }
    }

    /// The same, with so many hints.
    #[must_use]
    pub fn with_hints(self, hints: usize) -> Self {
        Self { hints, ..self }
    }
}

/// Why a calm verdict was given: what was checked, and that nothing was found that decides otherwise.
#[must_use]
pub fn checked(checked: Checked, language: Language) -> String {
    let Checked { steps, companies, hints } = checked;
    let step = if steps == 1 { "step" } else { "steps" };
    let company = if companies == 1 { "company" } else { "companies" };
    let found = match hints {
        0 => ("未发现异常".to_owned(), "no anomaly found".to_owned()),
        1 => ("有 1 条提示，见下方“须知”".to_owned(), "one hint: see “Good to know”".to_owned()),
        _ => (
            format!("有 {hints} 条提示，见下方“须知”"),
            format!("{hints} hints: see “Good to know”"),
        ),
    };
    language.of((
        format!("已核对 {companies} 家企业的 {steps} 个环节，{}", found.0),
        format!("{steps} {step} by {companies} {company} checked, {}", found.1),
    ))
}

/// What is stored of a scan.
///
/// - `days`: after which it is deleted.
#[must_use]
pub fn privacy(days: u16, language: Language) -> String {
    language.of((
        format!(
            "不需登录，不用 Cookie，不保存网络地址。每次扫描保存时间、结果、大致地点（若服务得知），以及由网络和浏览器名算出的加密标记\
             （密钥每周更换），用来发现重复出现的编码；{days} 天后删除。"
        ),
        format!(
            "No login, no cookie, no address is stored. Of a scan these are stored: its time, its answer, a rough place \
             where the service learns of one, and keyed hashes of the network and of the browser in it, with a new key \
             each week, to notice codes that appear twice. They are deleted after {days} days."
        ),
    ))
}

/// Stored records that do not fit their ledger.
///
/// - `count`: how many, at least one.
#[must_use]
pub fn disputed(count: usize, language: Language) -> String {
    let english = if count == 1 {
        "A stored record no longer fits its signed ledger and does not count".to_owned()
    } else {
        format!("{count} stored records no longer fit their signed ledgers and do not count")
    };
    language.of((format!("有 {count} 条存储的记录与其签名账本不符，因此不作数"), english))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_and_many_are_told_apart() {
        let english =
            |steps, companies| checked(Checked { steps, companies, hints: 0 }, Language::English);
        assert_eq!(english(7, 3), "7 steps by 3 companies checked, no anomaly found");
        assert_eq!(english(1, 1), "1 step by 1 company checked, no anomaly found");
        let hinted = |hints| {
            let done = Checked { steps: 2, companies: 1, hints: 0 };
            checked(done.with_hints(hints), Language::English)
        };
        assert_eq!(hinted(1), "2 steps by 1 company checked, one hint: see “Good to know”");
        assert_eq!(hinted(2), "2 steps by 1 company checked, 2 hints: see “Good to know”");
        let chinese = checked(Checked { steps: 7, companies: 3, hints: 0 }, Language::Chinese);
        assert_eq!(chinese, "已核对 3 家企业的 7 个环节，未发现异常");
        assert!(disputed(1, Language::English).starts_with("A stored record no longer fits"));
        assert!(disputed(2, Language::English).starts_with("2 stored records no longer fit"));
    }

    #[test]
    fn the_privacy_line_says_what_is_stored_and_for_how_long() {
        let text = privacy(30, Language::English);
        for part in ["no address", "network", "browser", "new key each week", "30 days", "place"] {
            assert!(text.contains(part), "{part}: {text}");
        }
        let text = privacy(30, Language::Chinese);
        for part in ["不保存网络地址", "网络和浏览器", "每周更换", "30 天", "地点"]
        {
            assert!(text.contains(part), "{part}: {text}");
        }
    }
}
