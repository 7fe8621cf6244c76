//! Titles of the links of a code.

use crate::language::Pair;

/// To the page of an item.
pub const CHECK: Pair = ("查看这件物品的记录", "Check this item's records");
/// To its history.
pub const HISTORY: Pair = ("流转记录", "Custody history");
/// To its events.
pub const EVENTS: Pair = ("EPCIS 事件", "EPCIS events");
/// To what the issuer says about a recall.
pub const RECALL: Pair = ("召回处理办法", "What to do about the recall");
