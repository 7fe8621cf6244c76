//! What is said of a code that was typed, pasted or scanned on the start page.

use crate::language::{Language, Pair};
use crate::typed::Unread;

/// Why a text leads nowhere.
#[must_use]
pub fn unread(why: Unread) -> Pair {
    match why {
        Unread::TooLong => ("输入的内容太长，不是一个编码。", "This is too long for a code."),
        Unread::OtherLink => (
            "这个链接不是某件物品的编码。请粘贴二维码里的完整链接。",
            "This link is not the code of a thing. Paste the whole link that the code holds.",
        ),
        Unread::NoCode => (
            "这个编码不完整，或有数字输错（校验位不符）。请对照包装逐字核对。",
            "This code is incomplete or has a wrong digit (its check digit does not fit). Compare it with the pack, letter by letter.",
        ),
        Unread::NoProduct => (
            "只有序列号或批号还不够，请连同 GTIN（商品条码下的数字）一起输入，例如：09521141123454 / 602",
            "A serial or lot number alone is not enough. Enter it with the GTIN, the digits below the bar code, for example: 09521141123454 / 602",
        ),
    }
}

/// A link of another site.
#[must_use]
pub fn elsewhere(host: &str, own: &str, language: Language) -> String {
    language.of((
        format!(
            "请注意：这个链接指向 {host}，不是本站（{own}）。仿冒者可以让码指向自己的网站。本站只能说明同一编码在本站的记录，不能说明那个网站的内容。"
        ),
        format!(
            "Take care: this link leads to {host}, not to this site ({own}). Whoever copies a code can let it lead to a site of their own. This site can \
             only show its own records of the same code, and says nothing about that site."
        ),
    ))
}
