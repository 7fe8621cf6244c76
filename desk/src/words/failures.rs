//! What people read when something does not work.

use process::language::Pair;

/// A heading, and what to do.
#[derive(Debug, PartialEq, Eq)]
pub struct Words {
    /// The heading.
    pub main: Pair,
    /// What to do.
    pub hint: Pair,
}

/// The link to the home page.
pub const TO_HOME: Pair = ("回到首页", "To the home page");
/// The link to the login.
pub const TO_LOGIN: Pair = ("去登录", "Log in");

/// Nobody is logged in.
pub const LOGIN_NEEDED: Words = Words {
    main: ("请先登录", "Please log in"),
    hint: (
        "登录页面即将打开；如果没有打开，请点下面的链接。",
        "The login opens by itself. If it does not, follow the link.",
    ),
};
/// Who is logged in may not do this.
pub const NOT_ALLOWED: Words = Words {
    main: ("您没有这项权限", "You may not do this"),
    hint: (
        "您的角色或范围不包括这项操作。如有需要，请联系管理员。",
        "Your roles and limits do not include it. Ask whoever runs this installation if you need it.",
    ),
};
/// A change that no form of ours was sent for.
pub const FORGED: Words = Words {
    main: ("没有做任何更改", "Nothing was changed"),
    hint: (
        "这个请求不是从本站当前登录的页面发出的。请回到首页重新操作。",
        "The request did not come from a page of this session. Go to the home page and do it again.",
    ),
};
/// A form that may be sent again.
pub const SEND_AGAIN: Words = Words {
    main: ("请再提交一次", "Please send it again"),
    hint: (
        "登录凭证刚刚更新，没有做任何更改。请返回上一页，再提交一次。",
        "Your session was just renewed and nothing was changed. Go back and send the form again.",
    ),
};
/// A login that did not end well.
pub const LOGIN_FAILED: Words = Words {
    main: ("登录没有完成", "You are not logged in"),
    hint: (
        "这次登录已过期、已用过，或不是由这个浏览器发起的。请重新登录。",
        "This login took too long, was used before, or did not begin in this browser. Please log in again.",
    ),
};
/// Something that cannot be understood.
pub const MALFORMED: Words = Words {
    main: ("无法理解这个请求", "The request was not understood"),
    hint: ("请回到首页重新操作。", "Go to the home page and do it again."),
};
/// No such page.
pub const NOT_FOUND: Words = Words {
    main: ("没有这个页面", "There is no such page"),
    hint: ("请核对网址，或回到首页。", "Check the address, or go to the home page."),
};
/// Too many attempts.
pub const TOO_MANY: Words = Words {
    main: ("尝试次数过多", "Too many attempts"),
    hint: ("请一分钟后再试。", "Try again in a minute."),
};
/// Something does not answer.
pub const UNAVAILABLE: Words = Words {
    main: ("暂时无法处理", "Not possible at the moment"),
    hint: (
        "数据库或登录服务没有响应。请稍后再试。",
        "The database or the login provider does not answer. Try again later.",
    ),
};
/// A fault of ours.
pub const INTERNAL: Words = Words {
    main: ("系统出错", "Something went wrong here"),
    hint: (
        "错误已记录。请稍后再试，或联系管理员。",
        "It was logged. Try again later, or tell whoever runs this installation.",
    ),
};
