//! The sentences of the end: the account, where to look, what to try.

use super::sentences;

sentences! {
    held(checks: usize, seconds: u64): "{checks} 项检查全部成立，用时 {seconds} 秒。", "All {checks} checks held, in {seconds} s.";
    whole(): "可供查看的装置审计无误。", "The audit of what you can look at is clean.";
    open(): "用浏览器打开：", "Open in a browser:";
    link_consistent(): "配送中心的一盒礼盒：记录前后一致", "a gift box at the distribution centre: its records fit together";
    link_sold(): "商店卖出的那瓶茶", "the bottle of tea that the shop sold";
    link_conflict(): "一瓶茶，一小时内在两个城市被扫", "a bottle whose code was scanned in two cities within the hour";
    link_gap(): "同一盒礼盒，在被篡改的数据库副本里", "the same gift box in the altered copy of the database";
    link_verify(): "在浏览器里验证存下的证明 item.bundle.json", "checks the saved proof item.bundle.json in the browser itself";
    link_receipts(): "仓库看到的：收了什么，少了什么", "what the warehouse sees: what came, what is missing";
    try_it(folder: &str): "自己查，在 {folder} 里：", "Check it yourself, in {folder}:";
    ends(): "按 Ctrl-C 结束一切。", "Ctrl-C ends everything.";
    ended_early(): "中途停止", "stopped before its end";
    link_holds(verdict: &str): "{verdict} 的链接打开后正是 {verdict}", "the link to a {verdict} page opens one";
}
