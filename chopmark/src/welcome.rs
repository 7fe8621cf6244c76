//! What a bare `chopmark` prints: what this is, and the first things to type; in Chinese where the locale says so.
//!
//! Not here: `chopmark --help`, the list of all commands (`main`).

use clap::ColorChoice;

use crate::language::Lang;
use crate::terminal::out;

/// One line each: what it is, then command and explanation, then where to read more.
const LINES: [(&str, &str); 9] = [
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

/// Prints it.
pub fn print() {
    let lang = Lang::of_environment();
    for line in LINES {
        out!("{}", lang.of(line));
    }
}

/// Whether help and errors of the command line are coloured: these are printed before the options are read, so `--color` is
/// looked for here. Without it `NO_COLOR`, `CLICOLOR_FORCE` and the terminal decide.
pub fn colour_of_help(words: impl Iterator<Item = String>) -> ColorChoice {
    let mut choice = ColorChoice::Auto;
    let mut is_next = false;
    for word in words.skip(1) {
        let value = if is_next { Some(&*word) } else { word.strip_prefix("--color=") };
        match value {
            Some("always") => choice = ColorChoice::Always,
            Some("never") => choice = ColorChoice::Never,
            Some("auto") => choice = ColorChoice::Auto,
            _ => {}
        }
        is_next = word == "--color";
        if word == "--" {
            break;
        }
    }
    choice
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_color_option_before_two_dashes_colours_the_help() {
        for (words, expected) in [
            ("", ColorChoice::Auto),
            ("verify --color never", ColorChoice::Never),
            ("--color=always verify", ColorChoice::Always),
            ("--color=always verify --color never", ColorChoice::Never),
            ("epc decode -- --color=never", ColorChoice::Auto),
            ("epc decode never", ColorChoice::Auto),
        ] {
            let words = ["chopmark"].into_iter().chain(words.split_whitespace());
            assert_eq!(colour_of_help(words.map(str::to_owned)), expected);
        }
    }
}
