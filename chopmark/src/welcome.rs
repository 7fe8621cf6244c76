//! What a bare `chopmark` prints: what this is, and the first things to type; in Chinese where the locale says so.
//!
//! Not here: `chopmark --help`, the list of all commands (`main`).

use clap::ColorChoice;

use crate::language::Lang;
use crate::terminal::out;
use crate::words::WELCOME;

/// Prints it.
pub fn print() {
    let lang = Lang::of_environment();
    for line in WELCOME {
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
