//! Sentences of the command that are in Chinese and English: those of a bare `chopmark`, and the words of a verdict.
//!
//! What holds: a text is a pair, Chinese first, so that none is missing in one language.
//!
//! Not here: the sentences of `chopmark reader` (`reader::words`); checks and errors, which are English only.
//!
//! Source: docs/decisions/0038-where-sentences-are.md, docs/decisions/0052-what-the-command-prints.md.

/// What a bare `chopmark` prints, one line each: what it is, then command and explanation, then where to read more.
pub const WELCOME: [(&str, &str); 9] = [
    (
        "chopmark：把 RFID 和传感器的读数变成签名的流转记录，任何人都能核验。",
        "chopmark: signed custody records from RFID readers and sensors, which anybody can check.",
    ),
    ("", ""),
    ("从这里开始：", "Start with one of these:"),
    (
        "  chopmark verify FILE --policy POLICY   核验收到的证明文件，不需要服务器",
        "  chopmark verify FILE --policy POLICY   check a proof that you were given; no server is needed",
    ),
    (
        "  chopmark init                          在本机安装：写出配置和密钥",
        "  chopmark init                          install it on this machine: writes configuration and keys",
    ),
    (
        "  chopmark reader detect                 查找已连接的读写器和传感器",
        "  chopmark reader detect                 find the readers and sensors that are connected",
    ),
    ("", ""),
    (
        "全部命令：chopmark --help      某个命令：chopmark help COMMAND",
        "All commands: chopmark --help      one command: chopmark help COMMAND",
    ),
    ("本机还缺什么：chopmark doctor", "What is missing on this machine: chopmark doctor"),
];

/// Words of the verdicts of `verify`. In Chinese the English word stays, so that who searches for it finds it; the other word
/// is that of the page.
pub const PROVED: (&str, &str) = ("PROVED 成立", "PROVED");
/// As [`PROVED`].
pub const REFUTED: (&str, &str) = ("REFUTED 不成立", "REFUTED");
/// As [`PROVED`].
pub const CANNOT_TELL: (&str, &str) = ("CANNOT TELL 无法判断", "CANNOT TELL");
