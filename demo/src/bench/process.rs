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

/// Processor time that a process and all its children used so far, those that ended included, in seconds.
///
/// # Errors
///
/// If there is no such process.
pub fn family_seconds(pid: u32) -> anyhow::Result<f64> {
    let (mut ticks, mut is_there) = (0.0, false);
    for entry in fs::read_dir("/proc")?.flatten() {
        let name = entry.file_name();
        let Some(number) = name.to_str().and_then(|name| name.parse::<u32>().ok()) else {
            continue;
        };
        // A process may end meanwhile; then its parent has its time.
        let Ok(stat) = fs::read_to_string(entry.path().join("stat")) else { continue };
        let fields: Vec<&str> =
            stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
        let field = |place: usize| fields.get(place).and_then(|text| text.parse::<f64>().ok());
        let is_child = fields.get(1).is_some_and(|parent| *parent == pid.to_string());
        if number == pid {
            is_there = true;
            ticks += (11..15).filter_map(field).sum::<f64>();
        } else if is_child {
            ticks += (11..13).filter_map(field).sum::<f64>();
        }
    }
    anyhow::ensure!(is_there, "there is no process {pid}");
    Ok(ticks / 100.0)
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
