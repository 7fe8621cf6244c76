//! The texts of the three lamps: a question, its answer in a word, and what the answer rests on.

use crate::language::Pair;

/// An answer: the word, and what it rests on.
pub type Answer = (Pair, Pair);

const YES_INTACT: Pair = ("完好。", "Yes.");
const NOT_CHECKED_WORD: Pair = ("未检查。", "Not checked.");
const CARE: Pair = ("请留意。", "Take care.");
const NO: Pair = ("否。", "No.");

/// Question: do the records fit their ledgers?
pub const RECORD: Pair = ("记录完好吗？", "Is the record intact?");
/// Question: was the tag's chip checked?
pub const TAG: Pair = ("标签是原装吗？", "Is the tag the original?");
/// Question: does the journey fit together?
pub const JOURNEY: Pair = ("物品与流通过程相符吗？", "Does the item fit its journey?");
/// No record names the code, though its brand is known.
pub const NO_RECORD: Answer = (
    ("没有记录。", "There is none."),
    ("品牌的签名账本中没有此码。", "The signed ledgers have no record of this code."),
);
/// Nothing is known that could be checked.
pub const NOTHING_TO_CHECK: Answer = (NOT_CHECKED_WORD, ("没有记录。", "There is no record."));
/// Nothing was checked.
pub const NOT_CHECKED: Answer =
    (NOT_CHECKED_WORD, ("此码没有可核对的芯片。", "There was no chip to check."));
/// A record does not fit.
pub const DOES_NOT_FIT: Answer = (
    NO,
    (
        "有记录与签名账本不符，不作数。",
        "A record does not fit its signed ledger and does not count.",
    ),
);
/// The records fit.
pub const INTACT: Answer = (
    YES_INTACT,
    ("记录在已签名的账本中，与账本相符。", "The records are in the signed ledgers and fit them."),
);
/// The chip answered as it must.
pub const CHIP_CHECKED: Answer =
    (("是。", "Yes."), ("芯片刚刚通过校验。", "Its chip was checked just now."));
/// The chip answered as it must, and nothing says whose it is.
pub const UNBOUND: Answer = (
    NOT_CHECKED_WORD,
    (
        "芯片的校验码正确，但没有记录说明它属于此物品。",
        "Its chip's code is right, but no record says that the chip belongs to this item.",
    ),
);
/// The chip's code is wrong.
pub const WRONG_CODE: Answer = (NO, ("芯片给出的校验码不符。", "The chip's code does not fit."));
/// The chip's code was used before.
pub const USED_CODE: Answer = (
    NO,
    (
        "此链接中的校验码已被用过，请用手机再碰一次标签。",
        "The code in this link was used before. Tap the tag again with your phone.",
    ),
);
/// The item has another chip.
pub const OTHER_CHIP: Answer = (
    NO,
    ("这不是品牌绑定在此物品上的芯片。", "This is not the chip that the brand bound to this item."),
);
/// The chip answered as it must, and its seal was opened.
pub const SEAL_OPENED: Answer = (
    CARE,
    (
        "芯片通过校验；封签显示已被打开。",
        "Its chip was checked; the seal reports that it was opened.",
    ),
);
/// There is no chip to check.
pub const PRINTED: Answer =
    (NOT_CHECKED_WORD, ("印刷的码可以被复制。", "A printed code can be copied."));
/// Records contradict each other.
pub const CONTRADICTS: Answer =
    (CARE, ("有互相矛盾的记录。", "Some records contradict each other."));
/// It was sold again a short while ago.
pub const SOLD_AGAIN: Answer = (
    CARE,
    ("再次售出，目前没有退回记录。", "It was sold again, and no return is recorded so far."),
);
/// A step is missing.
pub const HAS_A_GAP: Answer = (CARE, ("流通记录有缺口。", "The journey has a gap."));
/// A storage limit was exceeded.
pub const EXCEEDED: Answer = (CARE, ("储运条件曾超限。", "Storage limits were exceeded."));
/// Nothing was found.
pub const CONSISTENT: Answer =
    (("相符。", "Yes."), ("各条记录互不矛盾。", "The records do not contradict each other."));
