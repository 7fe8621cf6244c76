//! How a run goes, once a second: a table in place on a terminal, a line every few seconds elsewhere.
//!
//! What holds: a frame is one write, at most 79 columns wide and as high as the one before, so nothing flickers and
//! nothing scrolls.

use std::io::{IsTerminal as _, Write as _};
use std::time::Duration;

use demo::traffic::Report;

use super::account::Account;
use super::arguments::Arguments;
use super::check::{Check, Finding};
use super::installation::Installation;
use super::series::{LaneSample, Sample, Series};

/// Seconds between two lines where there is no terminal.
const LINE_EVERY: u64 = 5;
/// Seconds that the small plots show.
const SHOWN: usize = 56;
/// Heights of the small plots.
const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// Shows a run.
pub struct View {
    is_terminal: bool,
    name: String,
    lasting: Duration,
    asked: [String; 2],
    lines: usize,
}

impl View {
    /// Nothing shown yet.
    pub fn new(arguments: &Arguments, installation: &Installation) -> Self {
        Self {
            is_terminal: std::io::stdout().is_terminal(),
            name: installation.name.chars().take(40).collect(),
            lasting: arguments.lasting(),
            asked: [arguments.captures.words(), arguments.scans.words()],
            lines: 0,
        }
    }

    /// Shows the last second.
    pub fn show(&mut self, series: &Series, account: &Account) {
        let sample = series.last();
        if !self.is_terminal {
            if sample.at.as_secs().is_multiple_of(LINE_EVERY) {
                out!("{}", line(&sample));
            }
            return;
        }
        let rows = self.frame(series, account);
        let mut frame = String::new();
        if self.lines > 0 {
            frame = format!("\u{1b}[{}A", self.lines);
        }
        for row in &rows {
            frame.push('\r');
            frame.push_str(row);
            frame.push_str("\u{1b}[K\n");
        }
        self.lines = rows.len();
        let mut out = std::io::stdout().lock();
        out.write_all(frame.as_bytes()).and_then(|()| out.flush()).ok();
    }

    /// Shows the end.
    pub fn end(&mut self, series: &Series, account: &Account) {
        if self.is_terminal {
            self.show(series, account);
        } else {
            out!("{}", line(&series.last()));
        }
        out!();
    }

    /// The rows of a frame.
    fn frame(&self, series: &Series, account: &Account) -> Vec<String> {
        let sample = series.last();
        let (captures, scans) = (sample.captures, sample.scans);
        let events =
            account.read(|counted| counted.ledgers.values().map(super::spans::Spans::count).sum());
        let row =
            |name: &str, [left, right]: [String; 2]| format!("  {name:<22}{left:>20}{right:>20}");
        let both =
            |name: &str, of: &dyn Fn(&LaneSample) -> String| row(name, [of(&captures), of(&scans)]);
        let all =
            |thousandths| series.latency.each_ref().map(|all| duration(all.quantile(thousandths)));
        let rates =
            |of: &dyn Fn(&Sample) -> f64| series.samples.iter().map(of).collect::<Vec<f64>>();
        let mut rows = vec![
            format!("Chopmark load · {}", self.name),
            progress(sample.at, self.lasting),
            String::new(),
            row("", ["captures".into(), "scans".into()]),
            row("asked for", self.asked.clone()),
            both("answered now", &|lane| format!("{:.0}/s", lane.rate)),
            both("answered in all", &|lane| grouped(lane.counts.good)),
            both("latency now, median", &|lane| duration(lane.p50)),
            both("                p99", &|lane| duration(lane.p99)),
            row("latency in all, median", all(500)),
            row("                   p99", all(990)),
            both("waiting (backlog)", &|lane| lane.waiting.map_or("-".into(), grouped)),
            both("sent again", &|lane| grouped(lane.counts.again)),
            both("refused by limits", &|lane| grouped(lane.counts.limited)),
            both("errors", &|lane| grouped(lane.counts.failed)),
            String::new(),
        ];
        let [ingest, trace] =
            sample.memory.map(|it| it.map_or("-".into(), |it| format!("{it:.0} MB")));
        rows.push(format!(
            "  events recorded {}   memory: ingest {ingest}, trace-api {trace}",
            grouped(events)
        ));
        rows.push(format!("  captures/s  {}", bars(&rates(&|sample| sample.captures.rate))));
        rows.push(format!(
            "  p99         {}",
            bars(&rates(&|sample| sample.captures.p99.as_secs_f64()))
        ));
        rows.push(format!("  scans/s     {}", bars(&rates(&|sample| sample.scans.rate))));
        rows.push(format!(
            "  p99         {}",
            bars(&rates(&|sample| sample.scans.p99.as_secs_f64()))
        ));
        rows.push("  Ctrl-C ends the sending and goes on to the checks.".into());
        rows
    }
}

/// One second as a line.
fn line(sample: &Sample) -> String {
    let lane = |lane: &LaneSample| {
        let waiting =
            lane.waiting.map_or(String::new(), |count| format!(", {} waiting", grouped(count)));
        format!(
            "{:.0}/s, p50 {}, p99 {}{waiting}, {} errors",
            lane.rate,
            duration(lane.p50),
            duration(lane.p99),
            grouped(lane.counts.failed)
        )
    };
    let at = sample.at.as_secs();
    format!("{:>4} s  captures {}  |  scans {}", at, lane(&sample.captures), lane(&sample.scans))
}

/// How much of the time is over: `00:23 of 01:00`, and a bar.
fn progress(at: Duration, of: Duration) -> String {
    const WIDTH: usize = 40;
    let share = (at.as_secs_f64() / of.as_secs_f64().max(0.001)).clamp(0.0, 1.0);
    let full = place(share, WIDTH);
    let clock = |time: Duration| format!("{:02}:{:02}", time.as_secs() / 60, time.as_secs() % 60);
    let bar = format!("{}{}", "█".repeat(full), "░".repeat(WIDTH - full));
    format!("  {} of {}  {bar}", clock(at), clock(of))
}

/// A share of `count`, rounded down.
fn place(share: f64, count: usize) -> usize {
    (0..=count).rev().find(|step| share * as_f64(count) >= as_f64(*step)).unwrap_or_default()
}

fn as_f64(count: usize) -> f64 {
    super::series::number(u64::try_from(count).unwrap_or_default())
}

/// The last values as bars, and the largest of them above nothing.
fn bars(values: &[f64]) -> String {
    let shown = &values[values.len().saturating_sub(SHOWN)..];
    let top = shown.iter().copied().fold(0.0, f64::max);
    let bar =
        |value: &f64| if top > 0.0 { BARS[place(value / top, BARS.len() - 1)] } else { BARS[0] };
    shown.iter().map(bar).collect()
}

/// A duration with three digits: `840 µs`, `4.20 ms`, `1.30 s`.
pub fn duration(time: Duration) -> String {
    let micros = time.as_secs_f64() * 1e6;
    let (value, unit) = match micros {
        0.0 => return "-".to_owned(),
        value if value < 1e3 => (value, "µs"),
        value if value < 1e6 => (value / 1e3, "ms"),
        value => (value / 1e6, "s"),
    };
    match value {
        value if value < 10.0 => format!("{value:.2} {unit}"),
        value if value < 100.0 => format!("{value:.1} {unit}"),
        value => format!("{value:.0} {unit}"),
    }
}

/// A count with commas.
pub fn grouped(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A check as two lines.
pub fn check(check: &Check) -> String {
    let what = check.what;
    let is_terminal = std::io::stdout().is_terminal();
    let mark = |text: &str, colour: u8| {
        if is_terminal { format!("\u{1b}[{colour}m{text}\u{1b}[0m") } else { text.to_owned() }
    };
    match &check.finding {
        Finding::Held(words) => format!("  {} {what}\n      {words}", mark("✓", 32)),
        Finding::Failed(words) => format!("  {} FAILED: {what}\n      {words}", mark("✗", 31)),
        Finding::NotChecked(why) => format!("  {} not checked: {what}\n      {why}", mark("–", 33)),
    }
}

/// How requests ended, for an error.
pub fn statuses(report: &Report, first_refusal: Option<&str>) -> String {
    let statuses = report.statuses.iter().map(|(status, count)| format!("{count} × {status}"));
    let errors = report.unanswered.texts.iter().map(|(text, count)| format!("{count} × {text}"));
    let all: Vec<String> = statuses.chain(errors).collect();
    let all = if all.is_empty() { "nothing".to_owned() } else { all.join(", ") };
    first_refusal.map_or_else(|| all.clone(), |text| format!("{all} ({text})"))
}

#[cfg(test)]
mod tests {
    use demo::traffic::{Goods, Shape};

    use super::super::series::{Counts, Lane};
    use super::*;

    #[test]
    fn a_frame_fits_eighty_columns_and_is_as_high_in_every_second() {
        let goods = Goods::new(1, "9521141", Shape { events: 1, items: 1 }).unwrap();
        let account = Account::new(vec![goods], 1);
        let view = View {
            is_terminal: true,
            name: "private installation".into(),
            lasting: Duration::from_hours(2),
            asked: ["max".into(), "1000000/s".into()],
            lines: 0,
        };
        let lanes = [Lane::default(), Lane::default()];
        let mut series = Series::default();
        let mut heights = vec![view.frame(&series, &account).len()];
        for second in 1..100 {
            series.take(Duration::from_secs(second), &lanes, [Some(1234.5), None]);
            let last = series.samples.last_mut().unwrap();
            last.captures.counts =
                Counts { good: 123_456_789, again: 99_999, failed: 7, limited: 3 };
            last.captures.rate = 1.0e6 / super::super::series::number(second);
            last.captures.p99 = Duration::from_micros(second * second * 997);
            last.captures.waiting = Some(1_000_000);
            let frame = view.frame(&series, &account);
            for row in &frame {
                assert!(row.chars().count() < 80, "{} columns: {row}", row.chars().count());
            }
            heights.push(frame.len());
        }
        heights.dedup();
        assert_eq!(heights.len(), 1, "{heights:?}");
    }

    #[test]
    fn figures_have_three_digits_and_a_unit() {
        for (micros, text) in [
            (0, "-"),
            (7, "7.00 µs"),
            (840, "840 µs"),
            (4_200, "4.20 ms"),
            (42_000, "42.0 ms"),
            (1_300_000, "1.30 s"),
        ] {
            assert_eq!(duration(Duration::from_micros(micros)), text);
        }
        assert_eq!(
            (grouped(7), grouped(1_000), grouped(1_234_567)),
            ("7".into(), "1,000".into(), "1,234,567".into())
        );
        assert_eq!(bars(&[0.0, 1.0, 2.0]), "▁▄█");
    }
}
