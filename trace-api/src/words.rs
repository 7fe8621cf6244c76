//! Every sentence that a person reads, in Chinese and English.
//!
//! What holds: both languages are complete, because each text is a pair; no sentence promises more than the
//! evidence gives (a test looks for the words that are never used).

use history::verdict::Verdict;

/// A language.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// Simplified Chinese.
    Chinese,
    /// English.
    English,
}

/// A text in both languages: Chinese, English.
pub type Pair = (&'static str, &'static str);

impl Language {
    /// The language that a reader asks for; English unless Chinese comes first.
    #[must_use]
    pub fn preferred(asked: Option<&str>, accept_language: &str) -> Self {
        match asked {
            Some("zh") => return Self::Chinese,
            Some("en") => return Self::English,
            _ => {}
        }
        let first = accept_language.split(',').find_map(|part| {
            let tag = part.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
            (tag.starts_with("zh") || tag.starts_with("en")).then(|| tag.starts_with("zh"))
        });
        if first == Some(true) { Self::Chinese } else { Self::English }
    }

    /// Its tag.
    #[must_use]
    pub fn tag(self) -> &'static str {
        match self {
            Self::Chinese => "zh",
            Self::English => "en",
        }
    }

    /// The text of a pair.
    #[must_use]
    pub fn of(self, pair: Pair) -> &'static str {
        match self {
            Self::Chinese => pair.0,
            Self::English => pair.1,
        }
    }
}

/// How a verdict is shown.
#[derive(Debug, Clone, Copy)]
pub struct Band {
    /// Main sentence.
    pub main: Pair,
    /// What to do.
    pub hint: Pair,
    /// Class of the colour.
    pub colour: &'static str,
    /// A sign, so that colour is never alone.
    pub icon: &'static str,
}

/// The band of a verdict.
#[must_use]
pub fn band(verdict: Verdict) -> Band {
    let (main, hint, colour, icon) = match verdict {
        Verdict::Recalled => (
            ("请勿使用：该批次已被召回", "Do not use: this lot has been recalled"),
            ("查看处理办法", "See what to do"),
            "red",
            "✕",
        ),
        Verdict::Rejected => (
            ("此码不是该品牌签发", "This code was not issued by the brand"),
            ("请谨慎，建议停止交易并举报", "Do not rely on it; report it"),
            "red",
            "✕",
        ),
        Verdict::TagFail => (
            ("芯片校验失败", "The chip check failed"),
            ("标签可能被复制或更换", "The tag may be copied or replaced"),
            "red",
            "✕",
        ),
        Verdict::Opened => (
            ("封签显示已被打开", "The seal reports it was opened"),
            ("若你购买的是全新品，请联系商家", "If you bought it new, contact the seller"),
            "amber",
            "!",
        ),
        Verdict::Conflict => (
            ("同一编码在不同地点出现", "The same code appeared in different places"),
            (
                "这件或另一件可能是仿制品，仅凭扫码无法判断哪件是真",
                "This one or another may be a copy; scanning alone cannot tell which",
            ),
            "amber",
            "!",
        ),
        Verdict::Sold => (
            ("记录显示已售出", "Recorded as sold"),
            ("若你是首次购买，请留意", "Take care if you are the first buyer"),
            "amber",
            "!",
        ),
        Verdict::Gap => (
            ("来源已确认，流通记录有缺口", "Origin confirmed, journey incomplete"),
            ("缺少的部分见下", "What is missing is shown below"),
            "amber",
            "!",
        ),
        Verdict::Consistent => (
            ("记录完整，未发现异常", "Records are complete and consistent"),
            (
                "二维码可被复制，请再核对包装特征",
                "A printed code can be copied, so also compare the pack",
            ),
            "blue",
            "≡",
        ),
        Verdict::Strong => (
            ("芯片校验通过，记录完整", "Chip verified and records complete"),
            (
                "证明标签为原装，请确认标签未被移贴",
                "Shows the tag is original; check it has not been moved",
            ),
            "green",
            "✓",
        ),
    };
    Band { main, hint, colour, icon }
}

/// A business step.
#[must_use]
pub fn step(word: &str) -> Pair {
    match word {
        "commissioning" => ("赋码生产", "Made and coded"),
        "packing" => ("装箱", "Packed"),
        "shipping" => ("发货", "Shipped"),
        "receiving" => ("收货", "Received"),
        "storing" => ("入库", "Stored"),
        "unpacking" => ("拆箱", "Unpacked"),
        "retail_selling" => ("售出", "Sold"),
        "sensor_reporting" => ("传感器记录", "Sensor recorded"),
        "inspecting" => ("检验", "Inspected"),
        _ => ("其他步骤", "Another step"),
    }
}

/// Why a verdict was given; `{}` stands for its value.
#[must_use]
pub fn reason(rule: &str, value: &str) -> Pair {
    match (rule, value) {
        ("recalled", "expired") => ("已过有效期", "The expiry date is past"),
        ("recalled", "stolen") => ("记录显示被盗", "Reported stolen"),
        ("recalled", _) => ("记录显示被召回", "Recorded as recalled"),
        ("rejected", "unknown") => {
            ("没有此序列号的任何记录", "There is no record of this serial number")
        }
        ("rejected", "never-applied") => {
            ("此序列号从未贴到任何产品上", "This serial number was never applied to a product")
        }
        ("rejected", _) => {
            ("来源记录与其签名账本不符", "The record of origin does not fit its signed ledger")
        }
        ("two-places", _) => (
            "两部不同的手机在短时间内于相距很远的地方扫描了同一编码",
            "Two different phones scanned the same code too far apart for the time between",
        ),
        ("sold-twice", _) => ("记录显示被售出两次", "It was recorded as sold twice"),
        ("many-devices", _) => ("售出后被多部手机扫描", "Many phones scanned it after the sale"),
        ("sold", _) => ("已有销售记录", "A sale was recorded"),
        ("gap", _) => ("流通记录缺少一步，或有争议", "A step is missing or disputed"),
        ("chip", _) => ("芯片给出的校验码不符", "The chip's code does not fit"),
        ("seal", _) => ("封签回路已断开", "The seal's loop is broken"),
        _ => ("没有规则被触发", "No rule fired"),
    }
}

/// Fixed sentences of the page.
pub mod page {
    use super::Pair;

    /// What this does not prove.
    pub const LIMITS: Pair = (
        "这不能证明手中的物品就是记录所指的物品：签名说明是谁说的，读取说明读写器读到了号码，印刷的码可以被复制。",
        "This does not prove that the object in your hand is the one recorded: a signature shows who said it, a read \
         shows that a reader read a number, and a printed code can be copied.",
    );
    /// Privacy line.
    pub const PRIVACY: Pair = (
        "不需登录，不用 Cookie，不记录地址；只保存一个加密的设备标记，用来发现重复出现的编码。",
        "No login, no cookie, no address is kept; only a keyed mark of the device, to notice codes that appear twice.",
    );
    /// A record that does not fit.
    pub const BROKEN: Pair = (
        "有一条存储的记录与其签名账本不符，因此不作数：",
        "A stored record no longer fits its signed ledger and does not count:",
    );
    /// A temperature limit was exceeded.
    pub const EXCURSION: Pair =
        ("传感器记录到温度超过限值：", "The sensor recorded a temperature above the limit:");
    /// Service state.
    pub const CANNOT_CHECK: Pair = ("现在无法查验", "Cannot check now");
    /// Service state, hint.
    pub const CANNOT_CHECK_HINT: Pair = (
        "服务暂时不可用，这不说明任何问题。请稍后再试，或离线验证已保存的凭证。",
        "The service is away; this says nothing of the item. Try again later, or verify a saved proof offline.",
    );
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

    #[test]
    fn no_sentence_uses_a_word_that_promises_too_much() {
        let mut texts = vec![
            page::LIMITS,
            page::PRIVACY,
            page::BROKEN,
            page::EXCURSION,
            page::CANNOT_CHECK_HINT,
        ];
        for verdict in Verdict::ALL {
            let band = band(verdict);
            texts.extend([band.main, band.hint]);
        }
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
            include_str!("../pages/start.html"),
            include_str!("../pages/verify.html"),
        ] {
            for word in NEVER.iter().filter(|word| !word.starts_with("100")) {
                assert!(!page.to_lowercase().contains(word), "{word}");
            }
        }
    }

    #[test]
    fn the_language_follows_the_reader() {
        for (asked, accept, want) in [
            (None, "zh-CN,zh;q=0.9,en;q=0.8", Language::Chinese),
            (None, "fr,en;q=0.8,zh;q=0.7", Language::English),
            (None, "", Language::English),
            (Some("zh"), "en", Language::Chinese),
            (Some("en"), "zh", Language::English),
        ] {
            assert_eq!(Language::preferred(asked, accept), want, "{asked:?} {accept}");
        }
    }

    #[test]
    fn only_the_chip_verdict_is_green() {
        for verdict in Verdict::ALL {
            assert_eq!(band(verdict).colour == "green", verdict == Verdict::Strong);
        }
    }
}
