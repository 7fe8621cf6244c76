//! The words of the home page.

use process::language::Pair;

/// The words.
#[derive(Debug, Clone, Copy)]
pub struct HomeTexts {
    /// Before the name.
    pub you: &'static str,
    /// Before the means.
    pub by: &'static str,
    /// Before the end of the session.
    pub session: &'static str,
    /// What ends it earlier.
    pub idle: &'static str,
    /// Heading of the roles.
    pub roles: &'static str,
    /// In place of roles.
    pub none: &'static str,
    /// Before the end of a role.
    pub until: &'static str,
    /// The link to what waits for a company.
    pub to_inbox: &'static str,
}

/// In Chinese.
pub const HOME_ZH: HomeTexts = HomeTexts {
    you: "当前用户",
    by: "登录方式",
    session: "最晚退出时间",
    idle: "30 分钟没有操作会自动退出。",
    roles: "您的角色和范围",
    none: "尚未授予任何角色，因此看不到任何数据。请联系管理员。",
    until: "有效至",
    to_inbox: "查看询问",
};
/// In English.
pub const HOME_EN: HomeTexts = HomeTexts {
    you: "You are",
    by: "Logged in with",
    session: "The session ends at",
    idle: "It also ends after 30 minutes without use.",
    roles: "Your roles and limits",
    none: "You were given no role, so there is nothing to see. Ask whoever runs this installation.",
    until: "Valid until",
    to_inbox: "See the questions",
};
/// Before the name of a key.
pub const KEY: Pair = ("密钥", "key");
