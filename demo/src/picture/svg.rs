//! Lines of a terminal as SVG.
//!
//! The way through: [`runs`] takes the colours out of a line; [`line()`] draws its runs, each at its own column, so that it
//! stands right with any font; [`picture`] puts the lines below one another, uncovers the first screen line by line, and then
//! moves them up, as a terminal does.
//!
//! What holds: colours follow the reader's light or dark setting.

use std::fmt::Write as _;

use crate::recording::{COLUMNS, ROWS, Row, columns_of};

/// Width of a column, pixels.
const COLUMN: f64 = 8.4;
/// Height of a row.
const ROW: f64 = 19.0;
/// Edge around the text.
const EDGE: f64 = 14.0;
/// Height of the window's head.
const HEAD: f64 = 30.0;
/// Seconds that the last screen stays.
const STAYS: f64 = 15.0;
const STYLE: &str = "svg{--p:#fcfcfa;--i:#24292f;--s:#6e7781;--g:#1a7f37;--r:#b3202a;--l:#d5d9de}\
text{font:14px ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono','Noto Sans Mono CJK SC',monospace;fill:var(--i);white-space:pre}\
.b{font-weight:700}.d{fill:var(--s)}.f1{fill:var(--r)}.f2{fill:var(--g)}.f7{fill:#fff}.f0{fill:#1d1d1d}.k3{fill:#dd9b00}.k4{fill:#12508f}.u{text-decoration:underline}\
@media(prefers-color-scheme:dark){svg{--p:#16191d;--i:#dfe3e8;--s:#8d96a0;--g:#4ac26b;--r:#ff7b72;--l:#363c44}}\
@media(prefers-reduced-motion:reduce){#t,#c{animation:none!important}}";

/// How a run of letters looks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Look {
    strong: bool,
    dim: bool,
    underlined: bool,
    /// Colour of the letters, 0 to 7.
    ink: Option<u8>,
    /// Colour behind them, 0 to 7.
    ground: Option<u8>,
}

impl Look {
    /// Applies the numbers of a sequence `ESC [ numbers m`; numbers that the demo does not use change nothing.
    fn apply(&mut self, numbers: &str) {
        for number in numbers.split(';') {
            match number.parse::<u8>().unwrap_or(0) {
                0 => *self = Self::default(),
                1 => self.strong = true,
                2 => self.dim = true,
                4 => self.underlined = true,
                ink @ 30..=37 => self.ink = Some(ink - 30),
                ink @ 90..=97 => self.ink = Some(ink - 90),
                ground @ 40..=47 => self.ground = Some(ground - 40),
                _ => {}
            }
        }
    }

    fn classes(self) -> String {
        let flags = [(self.strong, "b"), (self.dim, "d"), (self.underlined, "u")];
        let names = flags.iter().filter(|(is, _)| *is).map(|(_, name)| (*name).to_owned());
        names.chain(self.ink.map(|ink| format!("f{ink}"))).collect::<Vec<_>>().join(" ")
    }
}

/// A run of letters in one look.
#[derive(Debug, PartialEq)]
struct Run {
    /// Column at which it begins.
    column: usize,
    /// Columns that it takes.
    width: usize,
    text: String,
    look: Look,
}

/// The runs of a line. Letters of two columns stand in runs of their own, because no font is bound to their width.
fn runs(line: &str) -> Vec<Run> {
    let (mut found, mut look, mut column) = (Vec::<Run>::new(), Look::default(), 0);
    let mut letters = line.chars();
    while let Some(letter) = letters.next() {
        if letter == '\u{1b}' {
            let mut numbers = String::new();
            let end = letters.by_ref().skip(1).find(|c| {
                numbers.push(*c);
                c.is_ascii_alphabetic()
            });
            if end == Some('m') {
                numbers.pop();
                look.apply(&numbers);
            }
            continue;
        }
        let width = columns_of(letter);
        let is_wide = |run: &Run| run.text.chars().next().map(columns_of) == Some(2);
        match found.last_mut() {
            Some(run) if run.look == look && is_wide(run) == (width == 2) => {
                run.text.push(letter);
                run.width += width;
            }
            _ => found.push(Run { column, width, text: letter.to_string(), look }),
        }
        column += width;
    }
    found
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[expect(clippy::cast_precision_loss, reason = "a terminal has a few columns and rows")]
fn times(count: usize, size: f64) -> f64 {
    count as f64 * size
}

/// A figure with at most two decimals.
fn figure(value: f64) -> String {
    let text = format!("{value:.2}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// One line, its base at `y`.
fn line(text: &str, y: f64) -> String {
    let (mut grounds, mut spans) = (String::new(), String::new());
    for run in
        runs(text).iter().filter(|run| !run.text.trim().is_empty() || run.look.ground.is_some())
    {
        // Spaces before a run are its column.
        let bare = run.text.trim_start();
        let skipped = run.text.chars().count() - bare.chars().count();
        let x = figure(EDGE + times(run.column + skipped, COLUMN));
        let width = figure(times(run.width - skipped, COLUMN));
        if let Some(ground) = run.look.ground {
            let (x, width) = (EDGE + times(run.column, COLUMN), times(run.width, COLUMN));
            write!(
                grounds,
                "<rect class=\"k{ground}\" x=\"{}\" y=\"{}\" width=\"{}\" height=\"{ROW}\" rx=\"3\"/>",
                figure(x),
                figure(y - 14.0),
                figure(width)
            )
            .ok();
        }
        let classes = run.look.classes();
        let class =
            if classes.is_empty() { String::new() } else { format!(" class=\"{classes}\"") };
        write!(
            spans,
            "<tspan x=\"{x}\" textLength=\"{width}\"{class}>{}</tspan>",
            escaped(bare.trim_end_matches('\n'))
        )
        .ok();
    }
    if spans.is_empty() {
        return String::new();
    }
    format!("{grounds}<text y=\"{}\">{spans}</text>\n", figure(y))
}

/// How far the lines are moved when `shown` of them are there: up by those that are above the window.
fn moved(shown: usize) -> f64 {
    -times(shown.saturating_sub(ROWS), ROW)
}

/// Where the cover begins that hides what is not printed yet; it is needed on the first screen only.
fn covered(shown: usize) -> f64 {
    times(shown.min(ROWS), ROW)
}

/// The steps of a movement: percent of the whole time, and pixels.
///
/// - `place`: where the element is when so many lines are there.
fn steps(appears: &[f64], lasts: f64, place: fn(usize) -> f64) -> String {
    let mut found = String::new();
    let (mut shown, mut last) = (0, None);
    while shown < appears.len() {
        let at = appears[shown];
        // Lines of the same hundredth of a second appear together.
        let next = appears[shown..].iter().position(|other| other - at >= 0.01);
        shown = next.map_or(appears.len(), |ahead| shown + ahead);
        let now = figure(place(shown));
        if last.as_ref() != Some(&now) {
            write!(found, "{}%{{transform:translateY({now}px)}}", figure(100.0 * at / lasts)).ok();
            last = Some(now);
        }
    }
    write!(found, "100%{{transform:translateY({}px)}}", figure(place(appears.len()))).ok();
    found
}

/// The picture.
///
/// - `rows`: the lines.
/// - `appears`: when each appears, seconds; not decreasing, as many as `rows`.
pub fn picture(rows: &[Row], appears: &[f64]) -> String {
    let lasts = appears.last().copied().unwrap_or(0.0) + STAYS;
    let (width, inner) = (2.0 * EDGE + times(COLUMNS, COLUMN), times(ROWS, ROW));
    let height = HEAD + inner + EDGE;
    let mut lines = String::new();
    for (place, row) in rows.iter().enumerate() {
        lines.push_str(&line(&row.text, times(place, ROW) + 14.0));
    }
    let mut dots = String::new();
    for (colour, x) in [("#ff5f57", 20), ("#febc2e", 40), ("#28c840", 60)] {
        write!(dots, "<circle cx=\"{x}\" cy=\"15\" r=\"6\" fill=\"{colour}\"/>").ok();
    }
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {w} {h}\" width=\"{w}\" height=\"{h}\" role=\"img\" aria-label=\"chopmark-demo play in a terminal\">\
         <style>{STYLE}@keyframes t{{{up}}}#t{{animation:t {lasts}s step-end infinite}}@keyframes c{{{down}}}#c{{animation:c {lasts}s step-end infinite}}</style>\
         <rect width=\"{w}\" height=\"{h}\" rx=\"10\" fill=\"var(--p)\"/>{dots}\n\
         <svg y=\"{HEAD}\" width=\"{w}\" height=\"{inner}\"><g id=\"t\" transform=\"translate(0 {end})\">\n{lines}</g><rect id=\"c\" width=\"{w}\" height=\"{inner}\" fill=\"var(--p)\" transform=\"translate(0 {inner})\"/></svg>\
         <rect x=\".5\" y=\".5\" width=\"{inside_w}\" height=\"{inside_h}\" rx=\"10\" fill=\"none\" stroke=\"var(--l)\"/></svg>\n",
        w = figure(width),
        h = figure(height),
        inside_w = figure(width - 1.0),
        inside_h = figure(height - 1.0),
        up = steps(appears, lasts, moved),
        down = steps(appears, lasts, covered),
        lasts = figure(lasts),
        end = figure(moved(rows.len())),
    )
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn row(text: &str) -> Row {
        Row { at: Duration::ZERO, text: text.to_owned() }
    }

    #[test]
    fn a_line_keeps_its_text_its_colours_and_its_columns() {
        let found = runs("  \u{1b}[32m✓\u{1b}[0m a<b \u{1b}[1;97;44m SOLD \u{1b}[0m扫码");
        let texts: Vec<(usize, usize, &str)> =
            found.iter().map(|run| (run.column, run.width, run.text.as_str())).collect();
        assert_eq!(
            texts,
            [(0, 2, "  "), (2, 1, "✓"), (3, 5, " a<b "), (8, 6, " SOLD "), (14, 4, "扫码")]
        );
        assert_eq!(found[1].look, Look { ink: Some(2), ..Look::default() });
        let badge = Look { strong: true, ink: Some(7), ground: Some(4), ..Look::default() };
        assert_eq!(found[3].look, badge);
        assert!(line("a<b & c", 0.0).contains(">a&lt;b &amp; c<"));
    }

    #[test]
    fn the_picture_has_every_line_and_ends_with_the_last_screen() {
        let rows: Vec<Row> = (0..60).map(|number| row(&format!("line {number}"))).collect();
        let appears: Vec<f64> = (0..60).map(f64::from).collect();
        let picture = picture(&rows, &appears);
        for number in 0..60 {
            assert!(picture.contains(&format!(">line {number}<")), "line {number} is missing");
        }
        assert!(
            picture.contains("transform=\"translate(0 -684)\""),
            "36 rows are above the window"
        );
        assert!(picture.contains("100%{transform:translateY(-684px)}"), "{picture}");
        // The first line is shown alone; then nothing but the lines moves.
        assert!(picture.contains("@keyframes c{0%{transform:translateY(19px)}"), "{picture}");
        assert!(picture.contains("100%{transform:translateY(456px)}"), "{picture}");
        assert!(!picture.contains("<script") && !picture.contains("href"), "{picture}");
    }
}
