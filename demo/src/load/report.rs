//! The report of a run: verdict, checks, figures and plots.
//!
//! What holds: whatever came from outside is escaped; a figure that was not measured is a dash.

use std::time::Duration;

use demo::traffic::{self, Histogram};

use super::arguments::Arguments;
use super::check::{Check, Finding};
use super::installation::Installation;
use super::machine;
use super::outcome::Outcome;
use super::page::{escaped, page, table};
use super::plot::{Axis, Line, Plot};
use super::series::{LaneSample, Sample, number};
use super::view::{duration, grouped};

/// The report as HTML.
pub fn html(arguments: &Arguments, installation: &Installation, outcome: &Outcome) -> String {
    let at = jiff::Timestamp::now();
    let name = escaped(&installation.name);
    let mut body = format!(
        "<h1>Load test of {name}</h1><p class=\"when\">{at:.0} · {} captures and {} scans asked for, over {} minutes</p>",
        arguments.captures.words(),
        arguments.scans.words(),
        arguments.minutes
    );
    body.push_str(&verdict(outcome));
    body.push_str("<h2>What was checked</h2>");
    body.push_str(&checks(&outcome.checks));
    body.push_str("<h2>Figures</h2>");
    body.push_str(&figures(outcome));
    body.push_str("<h2>Over time</h2>");
    body.push_str(&over_time(outcome));
    body.push_str("<h2>How latencies are distributed</h2>");
    body.push_str(&distribution(outcome));
    body.push_str("<h2>What was sent, and on what machine</h2>");
    body.push_str(&surroundings(arguments, outcome));
    body.push_str(
        "<p class=\"when\">Latency counts from the moment at which a request was due to the last byte of its answer, \
         waiting for a free connection and repetitions included. Sender and processes share the machine if they run on it.</p>",
    );
    page("Chopmark load test", &body)
}

fn verdict(outcome: &Outcome) -> String {
    let failed = outcome.checks.iter().filter(|check| check.is_failed()).count();
    let unsure = outcome.checks.iter().any(|it| matches!(it.finding, Finding::NotChecked(_)));
    let (class, words) = match (failed, unsure) {
        (0, false) => ("good", "Nothing was lost or doubled, and the audit is clean.".to_owned()),
        (0, true) => {
            ("unsure", "Every check that could be made held; some could not be made.".to_owned())
        }
        (failed, _) => ("bad", format!("{failed} of {} checks failed.", outcome.checks.len())),
    };
    let early = if outcome.was_stopped { " The run was ended early." } else { "" };
    format!("<p class=\"verdict {class}\">{words}{early}</p>")
}

fn checks(checks: &[Check]) -> String {
    let row = |check: &Check| {
        let (class, word, found) = match &check.finding {
            Finding::Held(words) => ("good", "held", words),
            Finding::Failed(words) => ("bad", "failed", words),
            Finding::NotChecked(words) => ("unsure", "not checked", words),
        };
        format!(
            "<tr><th>{}</th><td class=\"{class}\">{word}</td><td>{}</td></tr>",
            check.what,
            escaped(found)
        )
    };
    format!("<table><tbody>{}</tbody></table>", checks.iter().map(row).collect::<String>())
}

fn figures(outcome: &Outcome) -> String {
    let last = outcome.series.last();
    let lanes = [last.captures, last.scans];
    let reports = [outcome.captures.as_ref(), outcome.scans.as_ref()];
    let row = |name: &str, of: &dyn Fn(usize) -> String| vec![name.to_owned(), of(0), of(1)];
    let latency = |name: &str, of: &dyn Fn(&Histogram) -> Duration| {
        row(name, &|lane| duration(of(&outcome.series.latency[lane])))
    };
    let rows = [
        row("answered", &|lane| grouped(lanes[lane].counts.good)),
        row("answered a second", &|lane| reports[lane].map_or("-".into(), rate)),
        latency("latency, median", &|all| all.quantile(500)),
        latency("latency, 95 %", &|all| all.quantile(950)),
        latency("latency, 99 %", &|all| all.quantile(990)),
        latency("latency, 99.9 %", &|all| all.quantile(999)),
        latency("latency, largest", &Histogram::max),
        row("sent again (503 or connection lost)", &|lane| grouped(lanes[lane].counts.again)),
        row("refused by a limit (429)", &|lane| grouped(lanes[lane].counts.limited)),
        row("other answers and errors", &|lane| grouped(lanes[lane].counts.failed)),
        row("statuses", &|lane| reports[lane].map_or("-".into(), statuses)),
        row("largest memory of the process", &|lane| {
            let largest = outcome.series.samples.iter().filter_map(|it| it.memory[lane]);
            largest.reduce(f64::max).map_or("-".into(), |it| format!("{it:.0} MB"))
        }),
    ];
    table(&["", "captures (ingest)", "scans (trace-api)"], &rows)
}

fn rate(report: &traffic::Report) -> String {
    format!("{:.1}", number(report.requests) / report.elapsed.as_secs_f64().max(0.001))
}

fn statuses(report: &traffic::Report) -> String {
    let statuses =
        report.statuses.iter().map(|(status, count)| format!("{status}: {}", grouped(*count)));
    let errors = report.unanswered.texts.iter().map(|(text, count)| format!("{text}: {count}"));
    statuses.chain(errors).collect::<Vec<_>>().join(", ")
}

/// A line over the seconds of a run.
fn seconds(
    outcome: &Outcome,
    name: &'static str,
    class: &'static str,
    of: impl Fn(&Sample) -> Option<f64>,
) -> Line {
    let samples = outcome.series.samples.iter();
    let points = samples.filter_map(|sample| Some((sample.at.as_secs_f64(), of(sample)?)));
    Line { name, class, points: points.collect() }
}

fn over_time(outcome: &Outcome) -> String {
    let marks: Vec<(f64, String)> =
        outcome.series.marks.iter().map(|(at, what)| (at.as_secs_f64(), what.clone())).collect();
    let plot = |title, y_axis, lines| {
        Plot { title, x_unit: " s", x_axis: Axis::Linear, y_axis, lines, marks: marks.clone() }
            .figure()
    };
    let millis = |time: Duration| (!time.is_zero()).then_some(time.as_secs_f64() * 1e3);
    let latency = |of: fn(&Sample) -> LaneSample| {
        vec![
            seconds(outcome, "largest", "c", |it| millis(of(it).max)),
            seconds(outcome, "99 %", "b", |it| millis(of(it).p99)),
            seconds(outcome, "median", "a", |it| millis(of(it).p50)),
        ]
    };
    let mut out = String::new();
    for (rate, slow, of, report) in [
        (
            "Captures answered, a second",
            "Latency of captures, milliseconds",
            (|sample: &Sample| sample.captures) as fn(&Sample) -> LaneSample,
            &outcome.captures,
        ),
        (
            "Scans answered, a second",
            "Latency of scans, milliseconds",
            |sample: &Sample| sample.scans,
            &outcome.scans,
        ),
    ] {
        if report.is_some() {
            let rates = vec![seconds(outcome, "", "a", |sample| Some(of(sample).rate))];
            out.push_str(&plot(rate, Axis::Linear, rates));
            out.push_str(&plot(slow, Axis::Log, latency(of)));
        }
    }
    let waiting = vec![
        seconds(outcome, "captures", "a", |sample| Some(number(sample.captures.waiting?))),
        seconds(outcome, "scans", "b", |sample| Some(number(sample.scans.waiting?))),
    ];
    out.push_str(&plot("Requests that are due and have no answer yet", Axis::Linear, waiting));
    let memory = vec![
        seconds(outcome, "ingest", "a", |sample| sample.memory[0]),
        seconds(outcome, "trace-api", "b", |sample| sample.memory[1]),
    ];
    out.push_str(&plot("Memory of the processes, megabytes", Axis::Linear, memory));
    out
}

fn distribution(outcome: &Outcome) -> String {
    let [captures, scans] = &outcome.series.latency;
    let line = |name, class, all: &Histogram| {
        let mut seen = 0;
        let points = all.buckets().map(|(end, count)| {
            seen += count;
            (end.as_secs_f64() * 1e3, 100.0 * number(seen) / number(all.count()))
        });
        Line { name, class, points: points.collect() }
    };
    let plot = Plot {
        title: "Share of answers within so many milliseconds, percent",
        x_unit: " ms",
        x_axis: Axis::Log,
        y_axis: Axis::Linear,
        lines: vec![line("captures", "a", captures), line("scans", "b", scans)],
        marks: Vec::new(),
    };
    plot.figure()
}

fn surroundings(arguments: &Arguments, outcome: &Outcome) -> String {
    let mut rows = vec![
        vec![
            "documents".into(),
            format!(
                "{} events of {} items each; made, packed, shipped, received",
                arguments.events, arguments.items
            ),
        ],
        vec![
            "connections".into(),
            format!("{} for captures, {0} for scans", arguments.connections),
        ],
        vec!["ramp".into(), duration(arguments.ramp())],
    ];
    for (at, what) in &outcome.series.marks {
        rows.push(vec![format!("after {:.1} s", at.as_secs_f64()), what.clone()]);
    }
    if !outcome.verdicts.is_empty() {
        let verdicts =
            outcome.verdicts.iter().map(|(code, count)| format!("{code}: {}", grouped(*count)));
        rows.push(vec!["verdicts".into(), verdicts.collect::<Vec<_>>().join(", ")]);
    }
    rows.extend(machine::facts().into_iter().map(|(name, value)| vec![name.to_owned(), value]));
    if let Ok(postgres) = sql::cluster::find_binaries() {
        rows.push(vec!["PostgreSQL on this machine".into(), postgres.version]);
    }
    table(&[], &rows)
}
