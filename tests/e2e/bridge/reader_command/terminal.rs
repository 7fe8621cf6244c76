//! A terminal emulator: what a program prints, as rows of text.
//!
//! What holds: it wraps and scrolls as ECMA-48 terminals do, and knows no control sequence but those that are used
//! here, so that another fails the test.

use std::fs::File;
use std::io::Read as _;
use std::process::{Command, Stdio};

use nix::pty::{Winsize, openpty};

/// Rows and the place of the cursor.
struct Terminal {
    rows: Vec<Vec<char>>,
    width: usize,
    row: usize,
    column: usize,
}

impl Terminal {
    fn new(width: usize, height: usize) -> Self {
        Self { rows: vec![Vec::new(); height], width, row: 0, column: 0 }
    }

    fn down(&mut self) {
        self.row += 1;
        if self.row == self.rows.len() {
            self.rows.remove(0);
            self.rows.push(Vec::new());
            self.row -= 1;
        }
    }

    fn put(&mut self, c: char) {
        // The line wraps when the character behind its last column comes.
        if self.column == self.width {
            self.column = 0;
            self.down();
        }
        let row = &mut self.rows[self.row];
        row.resize(row.len().max(self.column + 1), ' ');
        row[self.column] = c;
        self.column += 1;
    }

    fn take(&mut self, text: &str) {
        let mut rest = text.chars();
        while let Some(c) = rest.next() {
            match c {
                '\r' => self.column = 0,
                '\n' => self.down(),
                '\x1b' => {
                    assert_eq!(rest.next(), Some('['));
                    let mut sequence = String::new();
                    while !sequence.ends_with(|c: char| c.is_ascii_alphabetic()) {
                        sequence.push(rest.next().expect("a whole control sequence"));
                    }
                    self.control(&sequence);
                }
                c => self.put(c),
            }
        }
    }

    fn control(&mut self, sequence: &str) {
        match sequence {
            "2K" => self.rows[self.row].clear(),
            "J" => {
                self.rows[self.row].truncate(self.column);
                self.rows[self.row + 1..].iter_mut().for_each(Vec::clear);
            }
            other => {
                let up = other.strip_suffix('A').and_then(|count| count.parse::<usize>().ok());
                let up = up.unwrap_or_else(|| panic!("unknown control sequence `{other}`"));
                self.row = self.row.saturating_sub(up);
            }
        }
    }
}

/// Runs `chopmark` in a terminal of this size and gives its status and the rows that stand there at the end.
pub fn chopmark(width: u16, height: u16, words: &[&str]) -> (Option<i32>, Vec<String>) {
    let size = Winsize { ws_row: height, ws_col: width, ws_xpixel: 0, ws_ypixel: 0 };
    let pair = openpty(Some(&size), None).expect("a pseudo-terminal");
    let mut command = Command::new(tests::program::chopmark());
    command
        .args(words)
        .env("LC_ALL", "C")
        .stdin(Stdio::null())
        .stdout(pair.slave.try_clone().expect("a pseudo-terminal"))
        .stderr(pair.slave);
    let mut child = command.spawn().expect("chopmark starts");
    // Its copies of the terminal's other end, or reading would never end.
    drop(command);
    let mut bytes = Vec::new();
    // Reading ends with an error when the last one who holds the other end is gone.
    File::from(pair.master).read_to_end(&mut bytes).ok();
    let status = child.wait().expect("chopmark ends");
    let mut terminal = Terminal::new(usize::from(width), usize::from(height));
    terminal.take(&String::from_utf8_lossy(&bytes));
    (status.code(), terminal.rows.iter().map(|row| row.iter().collect()).collect())
}
