//! `chopmark-demo picture`: a recorded demo as an SVG file that plays by itself.
//!
//! The way through: [`rows`] are the lines that stayed, each with its time; [`timeline`] shortens long waits;
//! [`svg::picture`] draws every line once and moves them past a window of 24 rows.
//!
//! What holds: the picture is made of what was printed and of nothing else; its text can be selected and searched; it needs no
//! script, no font and no other file; where nothing moves it shows the last screen.

mod svg;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context as _;

use crate::recording::{Row, rows};

/// Longest time between two lines in the picture.
const LONGEST_WAIT: Duration = Duration::from_millis(1_500);
/// How much faster than the recording the picture plays.
const FASTER: f64 = 1.5;

/// What to draw.
#[derive(clap::Args)]
pub struct Arguments {
    /// The recording, of `chopmark-demo play --record`
    recording: PathBuf,
    /// The SVG file to write
    picture: PathBuf,
}

/// Makes the picture.
///
/// # Errors
///
/// If the recording cannot be read or has no line, or the picture cannot be written.
pub fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let path = &arguments.recording;
    let text = std::fs::read_to_string(path)
        .with_context(|| format!("could not read {}", path.display()))?;
    let rows = rows(&text).with_context(|| format!("{} is not usable", path.display()))?;
    anyhow::ensure!(!rows.is_empty(), "{} has no line", path.display());
    let picture = &arguments.picture;
    std::fs::write(picture, svg::picture(&rows, &timeline(&rows)))
        .with_context(|| format!("could not write {}", picture.display()))?;
    Ok(ExitCode::SUCCESS)
}

/// When each line appears in the picture, seconds; never decreasing.
fn timeline(rows: &[Row]) -> Vec<f64> {
    let (mut at, mut last) = (0.0, Duration::ZERO);
    let mut times = Vec::with_capacity(rows.len());
    for row in rows {
        at += row.at.saturating_sub(last).min(LONGEST_WAIT).as_secs_f64() / FASTER;
        last = row.at;
        times.push(at);
    }
    times
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_waits_are_shortened_and_the_order_stays() {
        let at = |ms| Row { at: Duration::from_millis(ms), text: String::new() };
        let times = timeline(&[at(0), at(300), at(300), at(60_300)]);
        let expected = [0.0, 0.2, 0.2, 1.2];
        assert_eq!(times.len(), expected.len());
        let is_near = |(one, other): (&f64, f64)| (one - other).abs() < 1e-9;
        assert!(times.iter().zip(expected).all(is_near), "{times:?}");
    }
}
