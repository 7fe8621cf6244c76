//! Every sentence of the desk, Chinese and English.
//!
//! What holds: a text that people read is a pair, so that none is missing in one language. A page's own words go into a file of their own
//! below `words/`.

pub mod cases;
pub mod exports;
pub mod failures;
pub mod home;
pub mod inbox;
pub mod inquiry;
pub mod log;
pub mod login;
pub mod reports;
pub mod roles;
pub mod standing;

use process::language::Pair;

/// The home page.
pub const HOME: Pair = ("首页", "Home");
/// Kind of a limit.
pub const PRODUCTS: Pair = ("产品", "Products");
/// Kind of a limit.
pub const PARTIES: Pair = ("企业", "Parties");
/// Kind of a limit.
pub const PLACES: Pair = ("地点", "Places");
/// Kind of a limit.
pub const PERIOD: Pair = ("期间", "Period");

/// The mark of a name that somebody gives who is not entitled to.
pub const CLAIMED_NAME: Pair = ("名称仅为单方主张", "only claimed");

/// The words around a page.
#[derive(Debug, Clone, Copy)]
pub struct ShellTexts {
    /// A link for keyboards.
    pub skip: &'static str,
    /// The navigation, for readers of screens.
    pub main: &'static str,
    /// The bar with roles and limits, for readers of screens.
    pub scope: &'static str,
    /// In place of limits.
    pub everything: &'static str,
    /// In place of roles.
    pub no_role: &'static str,
    /// Before the end of the session.
    pub until: &'static str,
    /// The button.
    pub log_out: &'static str,
    /// The mark of a name that is only claimed.
    pub claimed_name: &'static str,
}

/// In Chinese.
pub const SHELL_ZH: ShellTexts = ShellTexts {
    skip: "跳到正文",
    main: "主导航",
    scope: "您可查看的范围",
    everything: "不限范围",
    no_role: "尚未授予任何角色",
    until: "登录有效至",
    log_out: "退出登录",
    claimed_name: CLAIMED_NAME.0,
};
/// In English.
pub const SHELL_EN: ShellTexts = ShellTexts {
    skip: "Skip to content",
    main: "Main",
    scope: "What you may see",
    everything: "no limits",
    no_role: "no role was given to you",
    until: "Logged in until",
    log_out: "Log out",
    claimed_name: CLAIMED_NAME.1,
};
