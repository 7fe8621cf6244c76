//! Facts about this machine and its processes, from `/proc`.
//!
//! What holds: what `/proc` does not say is left out; nothing here fails a run.

use std::fs;

/// Lines of facts for the report: name and value.
pub fn facts() -> Vec<(&'static str, String)> {
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let model = value_in("/proc/cpuinfo", "model name").unwrap_or_default();
    let memory = value_in("/proc/meminfo", "MemTotal").and_then(|text| kilobytes(&text));
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let mut found = vec![("processor", format!("{cores} cores, {model}"))];
    if let Some(memory) = memory {
        found.push(("memory", format!("{:.1} GB", memory / 1_000_000.0)));
    }
    found.push(("kernel", format!("Linux {}", kernel.trim())));
    let build = if cfg!(debug_assertions) { "debug" } else { "release" };
    found.push(("Chopmark", format!("{}, {build} build", env!("CARGO_PKG_VERSION"))));
    found
}

fn value_in(file: &str, name: &str) -> Option<String> {
    let text = fs::read_to_string(file).ok()?;
    let line = text.lines().find(|line| line.starts_with(name))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

fn kilobytes(text: &str) -> Option<f64> {
    text.split_whitespace().next()?.parse().ok()
}

/// Memory that a process holds now, in megabytes.
pub fn resident_megabytes(pid: u32) -> Option<f64> {
    let text = value_in(&format!("/proc/{pid}/status"), "VmRSS:")?;
    Some(kilobytes(&text)? / 1000.0)
}

/// The process of this machine that listens on a TCP port, if we may see it.
pub fn listener(port: u16) -> Option<u32> {
    let sockets: Vec<String> = ["/proc/net/tcp", "/proc/net/tcp6"]
        .into_iter()
        .filter_map(|file| fs::read_to_string(file).ok())
        .flat_map(|text| text.lines().filter_map(|line| socket_on(line, port)).collect::<Vec<_>>())
        .map(|inode| format!("socket:[{inode}]"))
        .collect();
    if sockets.is_empty() {
        return None;
    }
    let processes = fs::read_dir("/proc").ok()?.flatten();
    let mut pids = processes.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    pids.find(|pid| {
        let Ok(files) = fs::read_dir(format!("/proc/{pid}/fd")) else { return false };
        let links = files.flatten().filter_map(|file| fs::read_link(file.path()).ok());
        links
            .into_iter()
            .any(|link| sockets.iter().any(|socket| link.as_os_str() == socket.as_str()))
    })
}

/// The inode of the socket of a line of `/proc/net/tcp`, if it listens on `port`.
fn socket_on(line: &str, port: u16) -> Option<String> {
    const LISTENS: &str = "0A";
    let fields: Vec<&str> = line.split_whitespace().collect();
    let (_, own_port) = fields.get(1)?.rsplit_once(':')?;
    let is_it = u16::from_str_radix(own_port, 16) == Ok(port) && *fields.get(3)? == LISTENS;
    is_it.then(|| fields.get(9).map(|inode| (*inode).to_owned()))?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_process_that_listens_on_a_port_is_found_and_has_memory() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let pid = super::listener(port).unwrap();
        assert_eq!(pid, std::process::id());
        assert!(resident_megabytes(pid).unwrap() > 1.0);
        drop(listener);
        assert_eq!(super::listener(port), None);
    }
}
