//! The words of logging in.

use process::language::Pair;

/// Title and heading.
pub const LOG_IN: Pair = ("登录", "Log in");
/// Before the name of a provider.
pub const WITH: Pair = ("通过以下方式登录：", "Log in with");
/// Before the field of a key.
pub const KEY: Pair = ("密钥", "Key");
/// Below it.
pub const KEY_HINT: Pair = (
    "管理员用 chopmark access key add 生成的密钥，以 chm_ 开头。",
    "It begins with chm_ and was made with chopmark access key add.",
);
/// The button.
pub const WITH_KEY: Pair = ("用密钥登录", "Log in with the key");
/// After a key that was not taken.
pub const KEY_REFUSED: Pair = (
    "无法用这个密钥登录。请核对是否完整、是否已过期或已撤销。",
    "This key does not open the desk. Check that it is whole, and has neither expired nor been revoked.",
);
/// After a login.
pub const DONE: Pair = ("已登录", "You are logged in");
/// The link there.
pub const CONTINUE: Pair = ("继续", "Continue");
/// After logging out.
pub const LOGGED_OUT: Pair = ("已退出登录。", "You are logged out.");
