//! What a killed run left behind in a cluster's folder: a server, single backends, `postmaster.pid`.
//!
//! The way through: [`end`] asks a whole server to stop, waits for backends whose server is gone, and removes a
//! `postmaster.pid` that names a process of somebody else.
//!
//! What holds: a process is only signalled if it is PostgreSQL's and works in this very folder; the number in
//! `postmaster.pid` alone proves nothing, because the system gives numbers again. While any process of the folder runs,
//! nothing is removed, and a `postmaster.pid` whose process is gone is left to PostgreSQL, which checks the shared
//! memory that it names.
//!
//! Source: PostgreSQL 15 manual, sections 19.3 and 73.1 (`postmaster.pid`); proc(5).

use std::fs;
use std::path::Path;
use std::process::Child;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::error::Error;

/// How long backends without a server have to end by themselves, and again after each signal.
const GRACE: Duration = Duration::from_secs(5);
/// How long a whole server has to stop.
const STOP_WITHIN: Duration = Duration::from_mins(1);

/// Ends what still runs in `data`, the data folder, and removes a `postmaster.pid` that would keep a new server from
/// starting.
pub(super) fn end(data: &Path) -> Result<(), Error> {
    let Ok(data) = data.canonicalize() else { return Ok(()) };
    let file = data.join("postmaster.pid");
    let named = named_in(&file);
    if let Some(server) = named.filter(|pid| processes_in(&data).contains(pid)) {
        signal(server, Signal::SIGINT);
        if !wait(STOP_WITHIN, || !processes_in(&data).contains(&server)) {
            let text = format!("an older PostgreSQL (process {server}) does not end");
            return Err(Error::Cluster(text));
        }
    }
    end_backends(&data)?;
    if let Some(other) = named_in(&file).filter(|pid| is_alive(*pid)) {
        tracing::warn!(
            process = other,
            "postmaster.pid names a process that is not this folder's PostgreSQL; the file is removed"
        );
        fs::remove_file(&file)
            .map_err(|error| Error::Cluster(format!("{}: {error}", file.display())))?;
    }
    Ok(())
}

/// Ends backends whose server is gone: a new server does not start while they use its memory.
fn end_backends(data: &Path) -> Result<(), Error> {
    let is_empty = || processes_in(data).is_empty();
    for next in [Some(Signal::SIGQUIT), Some(Signal::SIGKILL), None] {
        if wait(GRACE, is_empty) {
            return Ok(());
        }
        if let Some(next) = next {
            for pid in processes_in(data) {
                signal(pid, next);
            }
        }
    }
    let left = processes_in(data);
    let text =
        format!("processes {left:?} of an older PostgreSQL do not end, in {}", data.display());
    Err(Error::Cluster(text))
}

/// The process that `postmaster.pid` names.
fn named_in(file: &Path) -> Option<u32> {
    let text = fs::read_to_string(file).ok()?;
    text.lines().next()?.trim().parse().ok()
}

/// PostgreSQL's processes that work in `data`: server and backends; not those that have ended and wait to be noticed.
fn processes_in(data: &Path) -> Vec<u32> {
    let Ok(entries) = fs::read_dir("/proc") else { return Vec::new() };
    let numbers = entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    numbers.filter(|pid| is_of(*pid, data)).collect()
}

fn is_of(pid: u32, data: &Path) -> bool {
    let read = |name: &str| format!("/proc/{pid}/{name}");
    fs::read_to_string(read("comm")).is_ok_and(|name| name.trim() == "postgres")
        && fs::read_link(read("cwd")).is_ok_and(|folder| folder == data)
}

fn is_alive(pid: u32) -> bool {
    let Ok(pid) = i32::try_from(pid) else { return false };
    matches!(kill(Pid::from_raw(pid), None), Ok(()) | Err(Errno::EPERM))
}

/// Waits until `condition` holds; false if it does not within `limit`.
fn wait(limit: Duration, condition: impl Fn() -> bool) -> bool {
    let deadline = Instant::now() + limit;
    while !condition() {
        if Instant::now() > deadline {
            return false;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    true
}

/// Stops a server that we started: each signal is sent once, and waited for so long; at last it is killed.
///
/// - `stages`: signals, each with the time within which the server has to end.
pub(super) fn stop(child: &mut Child, stages: &[(Signal, Duration)]) {
    for (next, within) in stages {
        // The number of a process that has ended may be another's by now.
        if !matches!(child.try_wait(), Ok(None)) {
            return;
        }
        signal(child.id(), *next);
        let deadline = Instant::now() + *within;
        while matches!(child.try_wait(), Ok(None)) && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(10));
        }
    }
    child.kill().ok();
    child.wait().ok();
}

/// Sends a signal; a process that is gone has nothing to receive.
pub(super) fn signal(pid: u32, signal: Signal) {
    if let Ok(pid) = i32::try_from(pid) {
        kill(Pid::from_raw(pid), signal).ok();
    }
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead as _, BufReader};
    use std::process::{Command, Stdio};

    use super::*;

    #[test]
    fn a_server_that_does_not_stop_gets_each_signal_once_and_is_killed_at_last() {
        let deaf =
            "trap 'echo INT' INT; trap 'echo QUIT' QUIT; echo ready; while :; do sleep 0.05; done";
        // Whoever runs the tests in the background has these signals ignored, and a shell cannot trap those.
        let mut child = Command::new("env")
            .args(["--default-signal=INT,QUIT", "bash", "-c", deaf])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut said = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
        assert_eq!(said.next().as_deref(), Some("ready"));
        let short = Duration::from_millis(400);
        stop(&mut child, &[(Signal::SIGINT, short), (Signal::SIGQUIT, short)]);
        assert!(child.try_wait().unwrap().is_some());
        assert_eq!(said.collect::<Vec<_>>(), ["INT", "QUIT"]);
    }
}
