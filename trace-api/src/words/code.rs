//! What may come of entering the code under a scratch layer, and what people read then.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::journey;
use crate::language::{Language, Pair};

/// What came of entering a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Entered {
    /// It is the item's, and was not used before.
    First,
    /// It is the item's, and this browser used it first.
    Again(Timestamp),
    /// It is the item's, and was used before by somebody else, or by this person longer ago or with another browser.
    Used(Timestamp),
    /// It is not the item's.
    Wrong,
    /// Its check symbol does not fit.
    Mistyped,
}

impl Entered {
    /// Its code in metrics.
    #[must_use]
    pub fn outcome(self) -> &'static str {
        match self {
            Self::First => "first",
            Self::Again(_) => "again",
            Self::Used(_) => "used",
            Self::Wrong => "wrong",
            Self::Mistyped => "mistyped",
        }
    }
}

/// What came of entering a code: a heading, and what to do.
#[must_use]
pub fn entered(entered: Entered, language: Language) -> (String, &'static str) {
    let day = |at: Timestamp| journey::day(at.to_zoned(TimeZone::UTC).date(), language);
    let (heading, hint): ((String, String), Pair) = match entered {
        Entered::First => (
            ("此码是第一次被使用".into(), "This code was used for the first time".into()),
            (
                "它属于这件物品，此前没有人输入过。涂层是否完好，请自己看清楚。此后再有人输入，会看到今天的日期。",
                "It is the code of this item, and nobody entered it before. Whether the layer was whole only you could see. Whoever enters it later reads today's date.",
            ),
        ),
        Entered::Again(at) => (
            (
                format!("你已在 {} 使用过此码", day(at)),
                format!("You used this code on {}", day(at)),
            ),
            ("它属于这件物品。", "It is the code of this item."),
        ),
        Entered::Used(at) => (
            (
                format!("此码已在 {} 被使用过", day(at)),
                format!("This code was used before, on {}", day(at)),
            ),
            (
                "它属于这件物品，但不是第一次被输入。如果那不是你，而你买的是全新品，请联系商家。",
                "It is the code of this item, and not entered for the first time. If that was not you and you bought it new, contact the seller.",
            ),
        ),
        Entered::Wrong => (
            ("此码不属于这件物品".into(), "This is not the code of this item".into()),
            (
                "请对照包装再看一遍物品和编码。如果都没有输错，请不要依赖它，并告知品牌或商家。",
                "Compare the item and the code with the pack once more. If both are right, do not rely on it, and tell the brand or the seller.",
            ),
        ),
        Entered::Mistyped => (
            ("编码输入有误".into(), "There is a typing error in the code".into()),
            (
                "编码有 11 个字母和数字，例如 0000-0000-000。请逐字核对。",
                "A code has 11 letters and digits, such as 0000-0000-000. Compare it letter by letter.",
            ),
        ),
    };
    (language.of(heading), language.of(hint))
}

/// On the page of an item whose code was used.
#[must_use]
pub fn used(at: Timestamp, language: Language) -> String {
    let day = journey::day(at.to_zoned(TimeZone::UTC).date(), language);
    language.of((
        format!("涂层下的隐藏码已在 {day} 首次使用。如果那不是你，而你买的是全新品，请联系商家。"),
        format!(
            "The code under the scratch layer was used for the first time on {day}. If that was not you and you bought it new, contact the seller."
        ),
    ))
}

/// The texts of the page.
pub struct CodeTexts {
    /// Title.
    pub heading: &'static str,
    /// What happens.
    pub about: &'static str,
    /// The item.
    pub item: &'static str,
    /// The code.
    pub code: &'static str,
    /// Enters it.
    pub enter: &'static str,
    /// To the item's page.
    pub onward: &'static str,
    /// Registers as the owner.
    pub own: &'static str,
}

impl CodeTexts {
    /// In a language.
    #[must_use]
    pub fn of(language: Language) -> Self {
        Self {
            heading: language.of(ENTER),
            about: language.of((
                "买下之后再刮开涂层：第一次使用的日期会被记录，并显示在这件物品的页面上。",
                "Peel the layer off after you bought the item: the day of the first use is recorded, and shown on the page of the item.",
            )),
            item: language.of(("物品的链接", "Link of the item")),
            code: language.of(("涂层下的隐藏码", "Code under the scratch layer")),
            enter: language.of(("查验", "Check")),
            onward: language.of(("查看物品的页面", "To the page of the item")),
            own: language.of(("登记为所有者", "Register as the owner")),
        }
    }
}

/// What the step from an item's page says.
pub const ENTER: Pair = ("输入涂层下的隐藏码", "Enter the code under the scratch layer");
/// More of it.
pub const ENTER_MORE: Pair = ("买下之后再刮开", "Peel it off after you bought it");
