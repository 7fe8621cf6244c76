//! The one next step of each verdict, and what to ask a seller.
//!
//! Not here: where a step leads (`page/next_step.rs`).

use crate::language::Pair;

/// Recalled: to what the issuer says.
pub const READ_RECALL: Pair = ("看品牌的召回说明", "Read what the brand says about the recall");
/// Tell the brand, where an address is configured.
pub const TELL_BRAND: Pair = ("联系品牌并告知此码", "Tell the brand about this code");
/// Stolen, and nobody to write to: who says so.
pub const WHO_SAYS_SO: Pair = ("看是谁声明的", "See who says so");
/// Expired: the date.
pub const SEE_DATE: Pair = ("看有效期", "See the date");
/// Not issued, or contradictions: why.
pub const SEE_CHECKED: Pair = ("看核对了什么", "See what was checked");
/// A gap.
pub const SEE_GAP: Pair = ("看缺口在哪里", "See where the gap is");
/// A broken storage condition.
pub const SEE_VALUE: Pair = ("看超限的数值和日期", "See the value and the day");
/// Sold.
pub const NOT_YOURS: Pair = ("不是你买的？先问卖家", "Not your purchase? What to ask first");
/// The records fit: compare the pack.
pub const COMPARE: Pair = ("对照包装特征", "Compare the pack");
/// The records fit, and no features are known.
pub const SEE_JOURNEY: Pair = ("看它从哪里来", "See where it has been");
/// A conflict.
pub const DO_NOT_PAY: Pair = ("先别付款，看发现了什么", "Do not pay yet; see what was found");
/// Nothing is known: scan again.
pub const CHECK_NUMBER: Pair = ("核对读到的号码", "Check the number that was read");

/// Below a failed check, where the code in the link was used before.
pub const TAP_AGAIN: Pair = (
    "若你刚才打开过此链接，请用手机再碰一次标签；若仍失败，标签可能被复制",
    "If you opened this link before, tap the tag again with your phone; if that fails too, the tag may be copied",
);

/// Heading: what to ask a seller.
pub const ASK: Pair = ("不是你买的？可以这样问", "Not your purchase? What to ask");
/// What to ask a seller.
pub const ASK_TEXT: Pair = (
    "“这件商品的记录显示已经售出。是退货、转卖，还是包装被重复使用？”",
    "“The records say that this item was sold. Was it returned, is it second-hand, or was the pack used again?”",
);
/// What to do with the answer.
pub const ASK_RESULT: Pair =
    ("对方说不清楚时，先不要付款。", "If there is no clear answer, do not pay yet.");

/// Below "sold", while nobody else scanned it.
pub const SOLD_TO_ONE: Pair = ("除你以外没有人扫过此码。", "Nobody but you has scanned this code.");
/// Below "sold", when others scanned it too.
pub const SOLD_OTHERS: Pair = ("其他人也扫过此码。", "Others have scanned this code too.");

/// Heading: why a code may not be known.
pub const WHY_UNKNOWN: Pair = ("可能的原因", "Why this can happen");
/// Why a code may not be known.
pub const UNKNOWN: [Pair; 3] = [
    (
        "品牌没有使用本服务。大多数品牌都没有，请找品牌自己的查询方式。",
        "The brand does not use this service. Most do not; look for a way to check that the brand itself offers.",
    ),
    (
        "号码读错了。请与包装上的号码逐位对照，或再扫一次。",
        "The number was misread. Compare it with the one on the pack, digit by digit, or scan again.",
    ),
    (
        "此码是编造的。本服务无法判断是哪一种。",
        "The code was made up. This service cannot tell which of these it is.",
    ),
];

/// Heading: what to do about a code that was not issued.
pub const WHAT_NOW: Pair = ("现在怎么办", "What to do now");
/// What to do about a code that was not issued.
pub const REJECTED: [Pair; 3] = [
    (
        "先不要付款，也不要使用。已经付款的，保留票据和包装。",
        "Do not pay and do not use it. If you have paid, keep the receipt and the pack.",
    ),
    (
        "再扫一次，或与包装上的号码逐位对照：读错也会得到这个结果。",
        "Scan again, or compare the number with the pack, digit by digit: a misread code gives this answer too.",
    ),
    ("告诉品牌或卖家你在哪里见到此码。", "Tell the brand or the seller where you found this code."),
];
