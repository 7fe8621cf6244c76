//! How much memory a private PostgreSQL takes for pages that it has read or changed.
//!
//! What holds: a quarter of what this process may use, within [`LEAST`] and [`MOST`]; where the system does not tell, [`LEAST`]. PostgreSQL
//! takes it page by page as it needs it, so a small installation takes little.
//!
//! Source: PostgreSQL 15 manual, section 20.4.1 (`shared_buffers`: a quarter of the memory is a reasonable start); Linux, `proc(5)` and the
//! interface files of control groups (`memory.max`).

use std::fs;

/// Megabytes at least.
const LEAST: u64 = 256;
/// Megabytes at most: other processes run on the same machine.
const MOST: u64 = 2048;

/// Megabytes of shared buffers.
pub(super) fn shared_buffers() -> u64 {
    let read = |path: &str| fs::read_to_string(path).ok();
    share(read("/proc/meminfo").as_deref(), read("/sys/fs/cgroup/memory.max").as_deref())
}

/// - `machine`: text of `/proc/meminfo`.
/// - `group`: text of the control group's `memory.max`: a number of bytes, or `max`.
fn share(machine: Option<&str>, group: Option<&str>) -> u64 {
    let machine = machine.and_then(|text| {
        let line = text.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
        let kilobytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
        Some(kilobytes / 1024)
    });
    let group = group.and_then(|text| Some(text.trim().parse::<u64>().ok()? / (1024 * 1024)));
    let megabytes = machine.into_iter().chain(group).min();
    megabytes.map_or(LEAST, |megabytes| (megabytes / 4).clamp(LEAST, MOST))
}

#[cfg(test)]
mod tests {
    use super::share;

    #[test]
    fn a_quarter_of_what_may_be_used_within_bounds() {
        let machine = |gigabytes: u64| {
            format!("MemTotal:       {} kB\nMemFree:        1000 kB\n", gigabytes * 1024 * 1024)
        };
        let group = |megabytes: u64| format!("{}\n", megabytes * 1024 * 1024);
        for (machine, group, expected) in [
            (Some(machine(24)), None, 2048),
            (Some(machine(4)), Some("max\n".to_owned()), 1024),
            (Some(machine(24)), Some(group(2000)), 500),
            (Some(machine(1)), Some(group(8000)), 256),
            (Some(machine(24)), Some("\n".to_owned()), 2048),
            (Some("MemTotal: much\n".to_owned()), None, 256),
            (None, Some(group(6000)), 1500),
            (None, None, 256),
        ] {
            assert_eq!(
                share(machine.as_deref(), group.as_deref()),
                expected,
                "{machine:?} {group:?}"
            );
        }
    }
}
