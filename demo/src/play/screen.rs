//! Where the demo's lines go: a terminal, with colours and one line at the bottom that shows what is being done; or a
//! file or a pipe, as plain lines; and a recording, if one is asked for.
//!
//! What holds: `NO_COLOR` and a terminal without colours are respected; what is no terminal gets no escape sequence; a
//! closed standard output ends nothing.
//!
//! Source: no-color.org; ECMA-48 (SGR, EL).

use std::io::{IsTerminal as _, Write as _};
use std::time::Instant;

use crate::recording::{Recorder, without_escapes};

/// The frames of the sign that turns while something is being done.
const FRAMES: [&str; 10] = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"];
/// Cells of a bar.
const CELLS: usize = 20;
/// Goes to the line's begin and empties it.
const ERASE: &str = "\r\u{1b}[K";

/// How a part of a line looks. Only colours that are readable on light and dark ground.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Paint {
    /// A heading.
    Strong,
    /// What can be skipped.
    Dim,
    /// A check that held.
    Good,
    /// A check that did not.
    Bad,
    /// A verdict in the colour of its page: blue, nothing found.
    Blue,
    /// The same: amber, look closer.
    Amber,
}

impl Paint {
    /// The text with the sequences for its look.
    pub fn on(self, text: &str) -> String {
        let numbers = match self {
            Self::Strong => "1",
            Self::Dim => "2",
            Self::Good => "32",
            Self::Bad => "1;31",
            Self::Blue => "1;97;44",
            Self::Amber => "1;30;43",
        };
        format!("\u{1b}[{numbers}m{text}\u{1b}[0m")
    }
}

/// What is being done at the moment.
#[derive(Debug)]
struct Activity {
    text: String,
    /// How much of how much.
    share: Option<(usize, usize)>,
    since: Instant,
}

/// Where lines go.
#[derive(Debug)]
pub struct Screen {
    is_live: bool,
    is_coloured: bool,
    recorder: Option<Recorder>,
    activity: Option<Activity>,
    frame: usize,
}

impl Screen {
    /// Standard output, and a recording.
    pub fn new(recorder: Option<Recorder>) -> Self {
        let set = |name| std::env::var_os(name).filter(|value| !value.is_empty());
        let is_live = std::io::stdout().is_terminal() && set("TERM").is_none_or(|it| it != "dumb");
        let is_coloured = is_live && set("NO_COLOR").is_none();
        Self { is_live, is_coloured, recorder, activity: None, frame: 0 }
    }

    /// Whether anybody sees the line that shows what is being done.
    pub fn is_watched(&self) -> bool {
        self.is_live || self.recorder.is_some()
    }

    /// Whether standard output is a terminal that shows that line.
    pub fn is_live(&self) -> bool {
        self.is_live
    }

    /// Prints a line above the one that shows what is being done.
    pub fn line(&mut self, text: &str) {
        if self.activity.is_some() {
            self.erase();
        }
        let shown = if self.is_coloured { text.to_owned() } else { without_escapes(text) };
        writeln!(std::io::stdout(), "{shown}").ok();
        self.record(&format!("{text}\r\n"));
        self.paint();
    }

    /// Shows what is being done from now on.
    pub fn begin(&mut self, text: &str, share: Option<(usize, usize)>) {
        let since = match &self.activity {
            // Progress of the same work goes on with its seconds.
            Some(activity) if share.is_some() && activity.share.is_some() => activity.since,
            _ => Instant::now(),
        };
        self.activity = Some(Activity { text: text.to_owned(), share, since });
        self.paint();
    }

    /// Shows no longer what is being done.
    pub fn end(&mut self) {
        if self.activity.take().is_some() {
            self.erase();
        }
    }

    /// Turns the sign and brings the seconds up to date.
    pub fn tick(&mut self) {
        self.frame = (self.frame + 1) % FRAMES.len();
        self.paint();
    }

    fn paint(&mut self) {
        let Some(Activity { text, share, since }) = &self.activity else { return };
        let bar = share.map_or_else(String::new, |(done, all)| {
            let full = (CELLS * done).checked_div(all).unwrap_or(CELLS).min(CELLS);
            format!("  {}{}", "━".repeat(full), Paint::Dim.on(&"─".repeat(CELLS - full)))
        });
        let seconds = Paint::Dim.on(&format!("{} s", since.elapsed().as_secs()));
        self.transient(&format!("{ERASE}    {} {text}{bar}  {seconds}", FRAMES[self.frame]));
    }

    fn erase(&mut self) {
        self.transient(ERASE);
    }

    /// What is written over later: for terminals and recordings only.
    fn transient(&mut self, text: &str) {
        if self.is_live {
            let mut out = std::io::stdout();
            let plain = || ERASE.to_owned() + &without_escapes(text.trim_start_matches(ERASE));
            let shown = if self.is_coloured { text.to_owned() } else { plain() };
            write!(out, "{shown}").and_then(|()| out.flush()).ok();
        }
        self.record(text);
    }

    fn record(&mut self, text: &str) {
        if let Some(recorder) = &mut self.recorder {
            recorder.write(text);
        }
    }
}
