//! What people read when there is no answer: nothing here, asked too often, too long, a product without a serial.

use actix_web::http::StatusCode;

use crate::language::Pair;

/// A heading and what to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Away {
    /// What happened.
    pub main: Pair,
    /// What to do.
    pub hint: Pair,
}

/// The words for an answer with this status.
#[must_use]
pub fn of_status(status: StatusCode) -> Away {
    match status {
        StatusCode::NOT_FOUND => Away {
            main: ("没有这个页面", "There is no such page"),
            hint: (
                "请重新扫描包装上的二维码，或从首页开始。",
                "Scan the code on the pack again, or begin at the start page.",
            ),
        },
        StatusCode::TOO_MANY_REQUESTS => Away {
            main: ("查询过于频繁", "Too many requests"),
            hint: (
                "从你的网络发来的查询过多。请一分钟后再试；这与物品无关。",
                "Too many requests came from your network. Try again in a minute. This says nothing about the item.",
            ),
        },
        StatusCode::BAD_REQUEST | StatusCode::URI_TOO_LONG => Away {
            main: ("无法读取此地址", "This address cannot be read"),
            hint: (
                "地址过长，或含有不允许的字符。请重新扫描包装上的二维码。",
                "It is too long, or has characters that are not allowed. Scan the code on the pack again.",
            ),
        },
        StatusCode::METHOD_NOT_ALLOWED => Away {
            main: ("此处只能查看", "This page can only be viewed"),
            hint: ("请从首页开始。", "Begin at the start page."),
        },
        StatusCode::MISDIRECTED_REQUEST => Away {
            main: ("此地址仅供运营者使用", "This address is the operator's"),
            hint: (
                "请用本机的 IP 地址或 localhost 打开。",
                "Open it by its IP address or as localhost.",
            ),
        },
        StatusCode::SERVICE_UNAVAILABLE => Away {
            main: ("现在无法查验", "Cannot check now"),
            hint: (
                "服务暂时不可用。这不代表物品有问题，也不代表没有问题。请稍后再试，或离线核对已保存的证明。",
                "The service is temporarily unavailable. This says nothing about the item, good or bad. Try again \
                 later, or check a saved proof offline.",
            ),
        },
        _ => Away {
            main: ("服务出错", "The service failed"),
            hint: (
                "这不代表物品有任何问题。请稍后再试。",
                "This does not mean that anything is wrong with the item. Try again later.",
            ),
        },
    }
}

/// A code that names a product and no single item.
pub const WITHOUT_SERIAL: Pair = (
    "此码只指明产品，不指明单件物品，因此没有单件记录可查。请扫描包装上带序列号的二维码。",
    "This code names a product and no single item, so there is no record of one to show. Scan the code on the pack that \
     has a serial number.",
);

/// A code of a product whose items are shown with their tokens only.
pub const WITHOUT_TOKEN: Pair = (
    "仅凭序列号查不到此产品的单件记录。请直接扫描物品上印的完整二维码。",
    "A serial number alone shows no single item of this product. Scan the whole code that is printed on the item.",
);

/// A code that names a place, a party or a group of shipments.
pub const NO_ITEM: Pair = (
    "此码指明的是地点、企业或一批货运，不是单件物品，因此没有单件记录可查。",
    "This code names a place, a company or a group of shipments, not a single item, so there is no record of one to show.",
);

/// A code whose serial or lot stands among its attributes; the right link follows.
pub const MISPLACED: Away = Away {
    main: ("此码的写法不正确", "This code is not written correctly"),
    hint: (
        "序列号或批号写在了问号之后，按 GS1 标准不能读作物品的一部分。正确的写法是：",
        "Its serial or lot number stands after the question mark, where the GS1 standard does not let it be part of the \
         item. The right link is:",
    ),
};

/// A form that a page of another site sent.
pub const NOT_OUR_FORM: (Pair, Pair) = (
    ("这份表单没有提交", "This form was not sent"),
    (
        "它来自另一个网站的页面。请在本站的页面上填写。",
        "It came from a page of another site. Fill in the page of this site.",
    ),
);
/// The step to our own form.
pub const TO_FORM: Pair = ("打开本站的表单", "To the form of this site");

/// The step back to the start page.
pub const TO_START: Pair = ("回到首页", "Go to the start page");
/// The same address again.
pub const AGAIN: Pair = ("再试一次", "Try again");
/// Heading: what can be done without the service.
pub const MEANWHILE: Pair = ("现在也能做的", "What works now");
/// A saved proof without the service.
pub const CHECK_PROOF: Pair = ("在本机核对已保存的证明文件", "Check a saved proof on this device");
