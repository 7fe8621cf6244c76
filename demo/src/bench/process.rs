//! What the kernel counted for a process.
//!
//! Source: proc(5), `/proc/pid/stat` and `/proc/pid/status`.

use std::fs;
use std::time::Duration;

use anyhow::Context as _;
use nix::time::{ClockId, clock_gettime};

/// Processor time that a process used so far, user and system, in seconds.
///
/// # Errors
///
/// If there is no such process.
pub fn cpu_seconds(pid: u32) -> anyhow::Result<f64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat"))?;
    // After the name in brackets: state is the first field, user and system time the 12th and 13th.
    let fields: Vec<&str> =
        stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks = |place: usize| fields.get(place).and_then(|text| text.parse::<f64>().ok());
    let ticks = ticks(11).zip(ticks(12)).context("/proc has another form here")?;
    // Linux counts a hundred ticks a second for processes, whatever its own clock.
    Ok((ticks.0 + ticks.1) / 100.0)
}

/// The most memory that a process ever held, in megabytes.
///
/// # Errors
///
/// If there is no such process.
pub fn peak_megabytes(pid: u32) -> anyhow::Result<f64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"));
    let kilobytes: f64 = line
        .and_then(|line| line.split_whitespace().nth(1))
        .and_then(|text| text.parse().ok())
        .context("/proc has another form here")?;
    Ok(kilobytes / 1000.0)
}

/// Processor time of this thread, in seconds.
///
/// # Errors
///
/// If the kernel does not count it.
pub fn thread_seconds() -> anyhow::Result<f64> {
    let time: Duration = clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID)?.into();
    Ok(time.as_secs_f64())
}
