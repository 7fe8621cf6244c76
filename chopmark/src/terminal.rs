//! What this program prints: the only place that writes to standard output and standard error.
//!
//! The way through: [`out!`] prints one line, [`problem!`] one line on standard error, [`json`] a JSON text, [`lines`]
//! several lines of ours, [`status`] a line that is written over; each goes through [`ledger::text::escaped`].
//!
//! What holds: whatever a file, a database, a device or the configuration holds, it cannot move the cursor, change
//! colours, begin a line of its own or turn the direction of the text. A closed pipe is no error.
//!
//! Not here: the repainted picture of `reader test` (`reader::screen`), which cleans its lines by the same function.

use std::fmt::Write as _;
use std::io::{IsTerminal as _, Write as _};

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

/// Prints one line; a line break within it is spelled out.
pub fn line(text: &str) {
    // Who closed the pipe, as `head` does, wants no more.
    writeln!(std::io::stdout(), "{}", escaped(text)).ok();
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
    writeln!(std::io::stdout(), "{}", json_escaped(text)).ok();
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
