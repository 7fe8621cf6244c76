//! What this program prints: the only place that writes to standard output and standard error.
//!
//! The way through: [`out!`] prints one line, [`paint`] one that begins with a coloured word, [`problem!`] one line on
//! standard error, [`json`] a JSON text, [`lines`] several lines of ours, [`status`] a line that is written over; each goes
//! through [`ledger::text::escaped`]. Before all of them [`choose_colour`] is told what `--color` says.
//!
//! What holds: whatever a file, a database, a device or the configuration holds, it cannot move the cursor, change
//! colours, begin a line of its own or turn the direction of the text. A closed pipe is no error, and no panic; any other
//! reason why standard output cannot be written, such as a full disk, is kept for [`write_failure`].
//!
//! Not here: the repainted picture of `reader test` (`reader::screen`), which cleans its lines by the same function.
//!
//! Sources: no-color.org for `NO_COLOR`; bixense.com/clicolors for `CLICOLOR_FORCE`; ECMA-48 section 8.3.117 (SGR).

use std::ffi::OsString;
use std::fmt::Write as _;
use std::io::{ErrorKind, IsTerminal as _, Write as _};
use std::sync::OnceLock;

use ledger::text::escaped;

/// Prints one line on standard output; formats like `println!`.
macro_rules! out {
    () => { $crate::terminal::line("") };
    ($($argument:tt)*) => { $crate::terminal::line(&format!($($argument)*)) };
}

/// Prints one line on standard error; formats like `eprintln!`.
macro_rules! problem {
    ($($argument:tt)*) => { $crate::terminal::problem_line(&format!($($argument)*)) };
}

pub(crate) use {out, problem};

/// When words are coloured: `--color`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum ColourChoice {
    /// On a terminal, unless the environment says otherwise (`NO_COLOR`, `CLICOLOR_FORCE`, `TERM=dumb`).
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// What a coloured word means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// Green: proved, whole, available.
    Good,
    /// Red: refuted, changed, missing.
    Bad,
    /// Yellow: cannot tell, absent but not needed.
    Doubt,
}

impl Tone {
    /// The parameters of SGR that begin it: bold, and one of the eight colours that every terminal has.
    fn begin(self) -> &'static str {
        match self {
            Self::Good => "\x1b[1;32m",
            Self::Bad => "\x1b[1;31m",
            Self::Doubt => "\x1b[1;33m",
        }
    }
}

/// What `--color` says; set once, before anything is printed.
static COLOUR: OnceLock<ColourChoice> = OnceLock::new();

/// The first reason why standard output could not be written.
static STDOUT_ERROR: OnceLock<ErrorKind> = OnceLock::new();

/// Sets what `--color` says. Without it, [`ColourChoice::Auto`] holds.
pub fn choose_colour(choice: ColourChoice) {
    // A second call would be a fault of ours that costs a colour at most.
    COLOUR.set(choice).ok();
}

/// Whether a stream is coloured: `--color` decides, then the environment, then whether a terminal reads it.
fn is_coloured(
    choice: ColourChoice,
    variable: impl Fn(&str) -> Option<OsString>,
    is_terminal: bool,
) -> bool {
    let value = |name| variable(name).filter(|value| !value.is_empty());
    match choice {
        ColourChoice::Always => true,
        ColourChoice::Never => false,
        ColourChoice::Auto if value("NO_COLOR").is_some() => false,
        ColourChoice::Auto if value("CLICOLOR_FORCE").is_some_and(|force| force != "0") => true,
        ColourChoice::Auto => is_terminal && value("TERM").is_none_or(|term| term != "dumb"),
    }
}

/// Prints one line on standard output that begins with `word`, in the colour of `tone` if standard output is coloured;
/// `rest` follows in no colour, with nothing between them. Both are escaped as in [`line()`].
pub fn paint(tone: Tone, word: &str, rest: &str) {
    let stream = std::io::stdout();
    let choice = COLOUR.get().copied().unwrap_or(ColourChoice::Auto);
    let (word, rest) = (escaped(word), escaped(rest));
    if is_coloured(choice, |name| std::env::var_os(name), stream.is_terminal()) {
        write_out(&format!("{}{word}\x1b[0m{rest}", tone.begin()));
    } else {
        write_out(&format!("{word}{rest}"));
    }
}

/// Writes text that is clean already, and a line break, to standard output.
fn write_out(text: &str) {
    let written = writeln!(std::io::stdout(), "{text}");
    if let Err(error) = written {
        // Only the first reason is of use.
        STDOUT_ERROR.set(error.kind()).ok();
    }
}

/// Whether nobody reads standard output any more, as after `| head -1`: what prints without an end stops then.
pub fn is_closed() -> bool {
    STDOUT_ERROR.get() == Some(&ErrorKind::BrokenPipe)
}

/// Why standard output was not written, if it was not and somebody wants it; a closed pipe is none.
pub fn write_failure() -> Option<ErrorKind> {
    STDOUT_ERROR.get().copied().filter(|kind| *kind != ErrorKind::BrokenPipe)
}

/// Prints one line; a line break within it is spelled out.
pub fn line(text: &str) {
    write_out(&escaped(text));
}

/// Prints a text of this program's own that a shell reads: nothing of it comes from outside, so nothing is escaped.
pub fn script(text: &str) {
    write_out(text.trim_end_matches('\n'));
}

/// Prints one line on standard error; a line break within it is spelled out.
pub fn problem_line(text: &str) {
    writeln!(std::io::stderr(), "{}", escaped(text)).ok();
}

/// Prints a text of several lines; its values must be escaped already where they could hold a line break.
pub fn lines(text: &str) {
    text.lines().for_each(line);
}

/// Prints several lines on standard error, for errors that list one problem a line; all but the first are indented.
pub fn problem_lines(text: &str) {
    for (place, line) in text.lines().enumerate() {
        if place == 0 || line.starts_with(' ') {
            problem_line(line);
        } else {
            problem_line(&format!("  {line}"));
        }
    }
}

/// Whether standard error is a terminal.
pub fn is_watched() -> bool {
    std::io::stderr().is_terminal()
}

/// Columns of the terminal at standard error; 80 if it does not say.
pub fn columns() -> u16 {
    terminal_size::terminal_size_of(std::io::stderr()).map_or(80, |(width, _)| width.0)
}

/// Writes over the last line of the terminal at standard error, without ending it; an empty one clears it.
pub fn status(text: &str) {
    let mut stream = std::io::stderr();
    write!(stream, "\r\x1b[2K{}", escaped(text)).and_then(|()| stream.flush()).ok();
}

/// Prints a JSON text; hidden characters, which JSON allows inside strings only, are written as `\uXXXX`.
pub fn json(text: &str) {
    write_out(&json_escaped(text));
}

fn json_escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        // Line breaks between members are the printer's; within a string JSON escapes them.
        let is_hidden = c != '\n' && escaped(c.encode_utf8(&mut [0; 4])).len() > c.len_utf8();
        if is_hidden {
            let mut units = [0; 2];
            for unit in c.encode_utf16(&mut units) {
                // Writing to a string cannot fail.
                write!(safe, "\\u{unit:04x}").ok();
            }
        } else {
            safe.push(c);
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn json_stays_json_and_means_the_same() {
        let value = serde_json::json!({ "item": "a\u{202e}b\u{9b}c\u{1b}[2J\n春" });
        let printed = json_escaped(&serde_json::to_string_pretty(&value).unwrap());
        assert!(printed.chars().all(|c| c == '\n' || !c.is_control()), "{printed:?}");
        assert!(printed.contains(r"a\u202eb\u009bc\u001b[2J\n春"), "{printed}");
        let read: serde_json::Value = serde_json::from_str(&printed).unwrap();
        assert_eq!(read, value);
    }

    #[test]
    fn the_option_decides_on_colour_then_the_environment_then_the_terminal() {
        let choose = |choice, set: &[(&str, &str)], is_terminal| {
            let set: Vec<(String, OsString)> =
                set.iter().map(|(name, value)| ((*name).to_owned(), (*value).into())).collect();
            let variable = |name: &str| {
                set.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone())
            };
            is_coloured(choice, variable, is_terminal)
        };
        let auto = ColourChoice::Auto;
        for (set, is_terminal, expected) in [
            (&[][..], true, true),
            (&[], false, false),
            (&[("NO_COLOR", "1")], true, false),
            (&[("NO_COLOR", "")], true, true),
            (&[("TERM", "dumb")], true, false),
            (&[("TERM", "xterm")], true, true),
            (&[("CLICOLOR_FORCE", "1")], false, true),
            (&[("CLICOLOR_FORCE", "0")], false, false),
            (&[("CLICOLOR_FORCE", "1"), ("TERM", "dumb")], false, true),
            (&[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")], true, false),
        ] {
            assert_eq!(choose(auto, set, is_terminal), expected, "{set:?} {is_terminal}");
            assert!(choose(ColourChoice::Always, set, is_terminal));
            assert!(!choose(ColourChoice::Never, set, is_terminal));
        }
    }

    /// Files below a folder.
    fn files(folder: &Path, into: &mut Vec<std::path::PathBuf>) {
        for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
            if entry.path().is_dir() {
                files(&entry.path(), into);
            } else {
                into.push(entry.path());
            }
        }
    }

    #[test]
    fn nothing_is_printed_but_through_the_terminal() {
        let mut all = Vec::new();
        files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut all);
        assert!(all.len() > 20, "{all:?}");
        for path in all.iter().filter(|path| !path.ends_with("terminal.rs")) {
            let text = std::fs::read_to_string(path).unwrap();
            for name in ["print!(", "println!(", "dbg!(", "io::stderr()"] {
                assert!(!text.contains(name), "{} names {name}", path.display());
            }
        }
    }
}
