//! A recording of what a program printed, with its times: `chopmark-demo play --record FILE` writes one,
//! [`crate::picture`] makes a picture of it.
//!
//! What holds: a recording is an asciicast of version 2, one JSON text a line, so that any player of such files shows
//! it; what is recorded is what the terminal was sent, byte for byte.
//!
//! Source: asciicast v2, the file format of asciinema.

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use serde_json::{Value, json};

/// Columns of the terminal that is recorded.
pub const COLUMNS: usize = 80;
/// Its rows.
pub const ROWS: usize = 24;

/// A recording that is being written.
#[derive(Debug)]
pub struct Recorder {
    file: BufWriter<File>,
    began: Instant,
}

impl Recorder {
    /// Begins a recording in a new file; a file that is there is replaced.
    ///
    /// # Errors
    ///
    /// If it cannot be written.
    pub fn create(path: &Path) -> anyhow::Result<Self> {
        let file = File::create(path)
            .with_context(|| format!("could not write the recording {}", path.display()))?;
        let mut recorder = Self { file: BufWriter::new(file), began: Instant::now() };
        let head = json!({"version": 2, "width": COLUMNS, "height": ROWS});
        writeln!(recorder.file, "{head}")?;
        Ok(recorder)
    }

    /// Records what was sent to the terminal now. A disk that is full ends the recording early, not the program.
    pub fn write(&mut self, text: &str) {
        let line = json!([self.began.elapsed().as_secs_f64(), "o", text]);
        writeln!(self.file, "{line}").and_then(|()| self.file.flush()).ok();
    }
}

/// A line that was printed to its end.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// When its end was printed, after the begin of the recording.
    pub at: Duration,
    /// The line with the escape sequences of its colours.
    pub text: String,
}

/// The lines of a recording that stayed; a line that was written over, such as a progress bar, is none.
///
/// # Errors
///
/// If the text is no asciicast of version 2; with the line's number.
pub fn rows(recording: &str) -> anyhow::Result<Vec<Row>> {
    let mut lines = (1..).zip(recording.lines());
    let (_, head) = lines.next().context("got an empty file, expected a recording")?;
    let head: Value = serde_json::from_str(head).context("line 1 of the recording is not JSON")?;
    anyhow::ensure!(
        head.get("version").and_then(Value::as_u64) == Some(2),
        "got version {}, expected an asciicast of version 2",
        head.get("version").unwrap_or(&Value::Null)
    );
    let (mut found, mut open) = (Vec::new(), String::new());
    for (number, line) in lines {
        let (at, kind, text): (f64, String, String) = serde_json::from_str(line)
            .with_context(|| format!("line {number} of the recording is no event"))?;
        if kind != "o" {
            continue;
        }
        let at = Duration::try_from_secs_f64(at)
            .with_context(|| format!("line {number} of the recording: got time {at}"))?;
        let mut letters = text.chars().peekable();
        while let Some(letter) = letters.next() {
            match letter {
                '\r' if letters.peek() != Some(&'\n') => open.clear(),
                '\r' => {}
                '\n' => found.push(Row { at, text: std::mem::take(&mut open) }),
                other => open.push(other),
            }
        }
    }
    Ok(found)
}

/// How many columns of a terminal a text takes; escape sequences take none, Chinese letters and signs two each.
pub fn columns(text: &str) -> usize {
    without_escapes(text).chars().map(columns_of).sum()
}

/// How many columns a letter takes.
pub fn columns_of(letter: char) -> usize {
    // The blocks of East Asian width W and F that the sentences use.
    let wide = ['\u{1100}'..='\u{115f}', '\u{2e80}'..='\u{a4cf}', '\u{ac00}'..='\u{d7a3}'];
    let more = ['\u{f900}'..='\u{faff}', '\u{fe30}'..='\u{fe6f}', '\u{ff00}'..='\u{ff60}'];
    if wide.iter().chain(&more).any(|block| block.contains(&letter)) { 2 } else { 1 }
}

/// A text without its escape sequences (`ESC [ … letter`).
pub fn without_escapes(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        if letter == '\u{1b}' {
            letters.by_ref().skip(1).find(char::is_ascii_alphabetic);
        } else {
            plain.push(letter);
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_recorded_comes_back_and_what_was_written_over_does_not() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("demo.cast");
        let mut recorder = Recorder::create(&path).expect("a file");
        recorder.write("\u{1b}[1mone\u{1b}[0m\r\n");
        recorder.write("\r\u{1b}[K… 1 s");
        recorder.write("\r\u{1b}[K… 2 s");
        recorder.write("\r\u{1b}[K二\r\n");
        let text = std::fs::read_to_string(&path).expect("a text");
        let found = rows(&text).expect("a recording");
        let texts: Vec<String> = found.iter().map(|row| without_escapes(&row.text)).collect();
        assert_eq!(texts, ["one", "二"]);
        assert!(found[0].at <= found[1].at);
    }

    #[test]
    fn a_file_that_is_no_recording_is_refused_with_its_line() {
        for (text, words) in [
            ("", "empty file"),
            ("{\"version\":1}", "got version 1"),
            ("{\"version\":2}\n[1,\"o\"]", "line 2"),
            ("{\"version\":2}\n[-1,\"o\",\"\"]", "got time -1"),
        ] {
            let error = format!("{:#}", rows(text).expect_err("an error"));
            assert!(error.contains(words), "{error}");
        }
    }

    #[test]
    fn columns_are_those_of_a_terminal() {
        assert_eq!(columns("\u{1b}[32m✓\u{1b}[0m ab"), 4);
        assert_eq!(columns("扫码，"), 6);
    }
}
