//! The texts of the three lamps.

use crate::language::Pair;

/// Name: do the records fit their ledgers?
pub const RECORD: Pair = ("记录", "Record");
/// Name: was the tag's chip checked?
pub const TAG: Pair = ("标签", "Tag");
/// Name: does the journey fit together?
pub const JOURNEY: Pair = ("流通", "Journey");
/// No record names the code.
pub const NO_RECORD: Pair = ("没有记录", "no record");
/// Nothing was checked.
pub const NOT_CHECKED: Pair = ("未检查", "not checked");
/// A record does not fit.
pub const DOES_NOT_FIT: Pair = ("与签名账本不符", "does not fit its signed ledger");
/// The records fit.
pub const INTACT: Pair = ("在已签名的账本中，完好", "in the signed ledger, intact");
/// The chip answered as it must.
pub const CHIP_CHECKED: Pair = ("芯片已校验", "chip checked");
/// The chip or the seal did not.
pub const CHECK_FAILED: Pair = ("校验失败", "check failed");
/// There is no chip to check.
pub const PRINTED: Pair = ("未检查：印刷码可被复制", "not checked: a printed code can be copied");
/// Records contradict each other.
pub const CONTRADICTS: Pair = ("有互相矛盾的记录", "has records that contradict each other");
/// A step is missing.
pub const HAS_A_GAP: Pair = ("有缺口", "has a gap");
/// A storage limit was exceeded.
pub const EXCEEDED: Pair = ("储运条件曾超限", "storage limits were exceeded");
/// Nothing was found.
pub const CONSISTENT: Pair = ("前后一致", "consistent");
