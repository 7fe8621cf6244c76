//! Sentences about what happened to an item: days, places, how a step is known, who says so, who scanned it.
//!
//! What holds: a day is written whole, with its year; numbers are exact.
//!
//! Not here: names of steps (`vocabulary.rs`), gaps (`claims.rs`).

use jiff::civil::Date;

use crate::language::{Language, Pair};

/// The map, folded.
pub const MAP: Pair = ("途经地点示意图", "Map of its places");
/// Below the map.
pub const MAP_NOTE: Pair = (
    "位置取自各方登记的主数据，精确到约 11 公里；连线不是实际路线，虚线表示其间有位置未知的地点。轮廓图取自 Natural Earth。",
    "Positions are from master data, to about 11 km. Lines are not the roads that were taken; a dashed one leads over a place whose position is not \
     known. Outline: Natural Earth.",
);
/// A place whose position nobody says.
pub const NO_POSITION: Pair = ("位置未知", "position not known");
/// Months as English writes them.
const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// A day: `21 November 2026`.
#[must_use]
pub fn day(date: Date, language: Language) -> String {
    let month = usize::from(date.month().unsigned_abs()).saturating_sub(1);
    language.of((
        format!("{} 年 {} 月 {} 日", date.year(), date.month(), date.day()),
        format!("{} {} {}", date.day(), MONTHS.get(month).unwrap_or(&""), date.year()),
    ))
}

/// From a day to a day, or the one day.
#[must_use]
pub fn days(from: Date, to: Date, language: Language) -> String {
    if from == to {
        return day(from, language);
    }
    let (from, to) = (day(from, language), day(to, language));
    language.of((format!("{from}至 {to}"), format!("{from} to {to}")))
}

/// How a record came about: it does not fit.
pub const HOW_DISPUTED: Pair = ("与账本不符，不作数", "does not fit its ledger and does not count");
/// How a record came about: its content was erased.
pub const HOW_ERASED: Pair = ("内容已删除，不作数", "its content was erased; it does not count");
/// How a record came about: a reader or sensor.
pub const HOW_SENSED: Pair = ("读写器或传感器记录", "recorded by a reader or sensor");
/// How a record came about: a party's own statement.
pub const HOW_STATED: Pair = ("由该方声明", "stated by the party");
/// How a record came about: it follows from the container.
pub const HOW_INFERRED: Pair = ("随箱推断", "inferred from its container");
/// A record of a whole lot.
pub const OF_LOT: Pair = ("关于整批", "about the whole lot");
/// A record that a storage limit was exceeded.
pub const MARK_EXCEEDED: Pair = ("超出储运限值", "storage limit exceeded");
/// Who scanned it, where no record names the code.
pub const NO_COUNTS: Pair =
    ("没有记录的码不统计扫描次数。", "Scans of a code that no record names are not counted here.");

/// Steps that are the same, shown once.
#[must_use]
pub fn merged(count: usize, language: Language) -> String {
    language.of((format!("合并 {count} 条相同记录"), format!("{count} equal records")))
}

/// Steps that are folded away.
#[must_use]
pub fn earlier(count: usize, language: Language) -> String {
    let english =
        if count == 1 { "1 earlier step".to_owned() } else { format!("{count} earlier steps") };
    language.of((format!("更早的 {count} 步"), english))
}

/// What a party said: how many steps, and when.
#[must_use]
pub fn said(count: usize, days: &str, language: Language) -> String {
    let english = if count == 1 { "1 step" } else { "steps" };
    let english = if count == 1 { english.to_owned() } else { format!("{count} {english}") };
    language.of((format!("签名 {count} 步，{days}。"), format!("Signed {english}, {days}.")))
}

/// The party that issued the code.
pub const ISSUED: Pair = ("签发此码。", "Issued this code. ");
/// Before the digits of a party's first key.
pub const KEY: Pair = ("首个密钥", "First key");
/// Above the parties: what a seal is.
pub const SEALS: Pair = (
    "每一手都留下印记，由其首个密钥画出。印记帮你认出是谁，真正核对的是密钥。",
    "Every hand leaves its mark, drawn from its first key. The mark helps you recognise who spoke; the key is what is checked.",
);
/// Below the parties: what was checked.
pub const KEYS_CHECKED: Pair = (
    "签名已按名录核对：密钥在签名时有效。",
    "Signatures were checked against the directory: each key was valid when it signed.",
);

/// So many companies signed, and their names are not shown.
#[must_use]
pub fn unnamed(count: usize, language: Language) -> String {
    let english = if count == 1 { "1 company" } else { "companies" };
    let english = if count == 1 { english.to_owned() } else { format!("{count} {english}") };
    language.of((
        format!("{count} 家企业签名。本服务不公开企业名称；保存的证明文件可供核对。"),
        format!("Signed by {english}. This service does not show their names; the saved proof can be checked."),
    ))
}

/// Below the way of the item: what it is not.
pub const ROUTE_NOTE: Pair = (
    "上方的路线只列城市，按时间先后排列，不表示距离。",
    "The line at the top names cities in the order of time and shows no distances.",
);
/// Name of the way of the item.
pub const ROUTE: Pair = ("经过的地点", "Places on the way");
/// Below the timeline: which days these are.
pub const DAYS_NOTE: Pair =
    ("日期为事件发生地的当地日期。", "Days are those of the place where it happened.");
/// Between two places with a gap.
pub const GAP: Pair = ("缺口", "gap");

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

/// Who read and scanned the item, and how often.
#[must_use]
pub fn scan_counts(counts: ScanCounts, language: Language) -> String {
    let ScanCounts { chain, shop, own, others } = counts;
    match language {
        Language::Chinese => {
            let own = match own {
                0 => "本次请求不计为扫描。".to_owned(),
                _ => format!("你扫过 {own} 次。"),
            };
            let chain = if chain == 0 {
                "流通环节没有读写器记录".to_owned()
            } else {
                format!("流通环节由读写器记录 {chain} 次")
            };
            let shop =
                if shop == 0 { String::new() } else { format!("，商店售出 {shop} 次") };
            let others = if others == 0 {
                "没有其他人扫过。".to_owned()
            } else {
                format!("其他人扫过 {others} 次。")
            };
            format!("{own}{chain}{shop}。{others}")
        }
        Language::English => {
            let times = |count: usize| match count {
                1 => "once".to_owned(),
                _ => format!("{count} times"),
            };
            let own = match own {
                0 => "This request is not counted as a scan. ".to_owned(),
                _ => format!("You scanned it {}. ", times(own)),
            };
            let chain = match chain {
                0 => "No reader recorded it on the way".to_owned(),
                _ => format!("Readers recorded it {} on the way", times(chain)),
            };
            let shop = match shop {
                0 => String::new(),
                _ => format!(", a shop sold it {}", times(shop)),
            };
            let others = match others {
                0 => "Nobody else scanned it.".to_owned(),
                _ => format!("Others scanned it {}.", times(others)),
            };
            format!("{own}{chain}{shop}. {others}")
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn a_day_is_written_whole_in_both_languages() {
        let at = date(2026, 11, 3);
        assert_eq!(day(at, Language::English), "3 November 2026");
        assert_eq!(day(at, Language::Chinese), "2026 年 11 月 3 日");
        assert_eq!(days(at, at, Language::English), "3 November 2026");
        let until = date(2027, 1, 31);
        assert_eq!(days(at, until, Language::English), "3 November 2026 to 31 January 2027");
        assert_eq!(days(at, until, Language::Chinese), "2026 年 11 月 3 日至 2027 年 1 月 31 日");
    }

    #[test]
    fn one_and_many_are_told_apart_and_nobody_is_said() {
        let english = |chain, shop, own, others| {
            scan_counts(ScanCounts { chain, shop, own, others }, Language::English)
        };
        assert_eq!(
            english(6, 1, 1, 0),
            "You scanned it once. Readers recorded it 6 times on the way, a shop sold it once. Nobody else scanned it."
        );
        assert_eq!(
            english(0, 0, 0, 2),
            "This request is not counted as a scan. No reader recorded it on the way. Others scanned it 2 times."
        );
        let chinese =
            scan_counts(ScanCounts { chain: 6, shop: 1, own: 2, others: 0 }, Language::Chinese);
        assert_eq!(
            chinese,
            "你扫过 2 次。流通环节由读写器记录 6 次，商店售出 1 次。没有其他人扫过。"
        );
        assert_eq!(earlier(1, Language::English), "1 earlier step");
        assert_eq!(said(2, "x", Language::English), "Signed 2 steps, x.");
        assert_eq!(said(1, "x", Language::Chinese), "签名 1 步，x。");
    }
}
