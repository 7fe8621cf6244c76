//! Processes of the product for tests: started, asked over HTTP, waited for.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::scene::{Ran, ended};

/// Longest wait for a condition.
const PATIENCE: Duration = Duration::from_mins(1);

/// Runs the program in a folder.
pub fn chopmark_in(folder: &Path, words: &[&str]) -> Ran {
    let mut command = Command::new(env!("CARGO_BIN_EXE_chopmark"));
    command.args(words).current_dir(folder).env("LANG", "C.UTF-8").env_remove("LC_ALL");
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    ended(command.spawn().unwrap())
}

/// Fails if the doctor, whose output for people this is, found anything at fault but the disk: how full that is differs
/// between machines.
#[track_caller]
pub fn assert_only_the_disk_is_at_fault(ran: &Ran) {
    let mut failed = ran.out.lines().filter(|line| line.starts_with("FAILED"));
    assert!(failed.all(|line| line.contains("disk of the ")), "{}", ran.out);
    assert!(ran.out.contains("\nok "), "{}{}", ran.out, ran.err);
}

/// An address at which nothing listens, and which no other test of this process is given. Its port is below those that the system gives to
/// outgoing connections: one of these can be taken between the question and the answer.
pub fn free_address() -> SocketAddr {
    static GIVEN: AtomicU32 = AtomicU32::new(0);
    const FIRST: u32 = 12_000;
    const PORTS: u32 = 18_000;
    let begin = std::process::id().wrapping_mul(97);
    (0..PORTS)
        .find_map(|_| {
            let number = begin.wrapping_add(GIVEN.fetch_add(1, Ordering::Relaxed));
            let port = u16::try_from(FIRST + number % PORTS).unwrap();
            TcpListener::bind(("127.0.0.1", port)).ok()?.local_addr().ok()
        })
        .expect("a free port")
}

/// Waits until `condition` gives something.
#[track_caller]
pub fn wait_for<T>(what: &str, mut condition: impl FnMut() -> Result<T, String>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        match condition() {
            Ok(found) => return found,
            Err(last) if Instant::now() > deadline => panic!("{what}: {last}"),
            Err(_) => std::thread::sleep(Duration::from_millis(30)),
        }
    }
}

/// `chopmark up`, killed when it is dropped.
pub struct Up {
    child: Child,
    log: PathBuf,
}

impl Up {
    /// Starts it in a folder with more words.
    pub fn start(folder: &Path, more: &[&str]) -> Self {
        Self::start_with(folder, more, &[])
    }

    /// As [`Self::start`], with more of an environment.
    pub fn start_with(folder: &Path, more: &[&str], environment: &[(&str, &str)]) -> Self {
        let log = folder.join("up.log");
        let out = File::create(&log).unwrap();
        let child = Command::new(env!("CARGO_BIN_EXE_chopmark"))
            .args(["up", "--until-stdin-ends"])
            .args(more)
            .envs(environment.iter().copied())
            .current_dir(folder)
            .stdin(Stdio::piped())
            .stdout(out.try_clone().unwrap())
            .stderr(out)
            .spawn()
            .unwrap();
        Self { child, log }
    }

    /// What it logged.
    pub fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// Waits until this path answers 200 there.
    pub fn wait_until_ready(&mut self, address: SocketAddr, path: &str) {
        wait_for("it is not ready", || {
            if let Some(status) = self.child.try_wait().unwrap() {
                panic!("it ended with {status}: {}", self.log());
            }
            match get(address, path, &[]) {
                (200, _) => Ok(()),
                (status, body) => Err(format!("{status} {body}\n{}", self.log())),
            }
        });
    }

    /// Kills it.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Waits until it has killed itself.
    pub fn wait_until_killed(mut self) {
        let status = wait_for("it does not kill itself", || {
            self.child.try_wait().unwrap().ok_or_else(|| self.log())
        });
        let signal = std::os::unix::process::ExitStatusExt::signal(&status);
        assert_eq!(signal, Some(9), "{status}: {}", self.log());
    }

    /// Sends it SIGHUP.
    pub fn hang_up(&self) {
        kill(Pid::from_raw(i32::try_from(self.child.id()).unwrap()), Signal::SIGHUP).unwrap();
    }

    /// Asks it to stop and waits.
    pub fn stop(mut self) {
        drop(self.child.stdin.take());
        let status = wait_for("it does not stop", || {
            self.child.try_wait().unwrap().ok_or_else(|| "it runs".to_owned())
        });
        assert!(status.success(), "{status}: {}", self.log());
    }
}

impl Drop for Up {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        // In order first: a private cluster is stopped by its process.
        let deadline = Instant::now() + Duration::from_secs(20);
        while matches!(self.child.try_wait(), Ok(None)) && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(20));
        }
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// Status and body of a GET; 0 if nobody answers.
pub fn get(address: SocketAddr, path: &str, headers: &[(&str, &str)]) -> (u16, String) {
    ask(address, "GET", path, headers, "")
}

/// Status and body of a POST.
pub fn post(
    address: SocketAddr,
    path: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> (u16, String) {
    ask(address, "POST", path, headers, body)
}

fn ask(
    address: SocketAddr,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> (u16, String) {
    let exchange = || -> std::io::Result<String> {
        let mut stream = TcpStream::connect(address)?;
        let more: String =
            headers.iter().map(|(name, value)| [*name, ": ", *value, "\r\n"].concat()).collect();
        let length = body.len();
        write!(
            stream,
            "{method} {path} HTTP/1.0\r\nHost: localhost\r\nUser-Agent: Mozilla/5.0 test\r\n{more}\
             Content-Length: {length}\r\nConnection: close\r\n\r\n{body}"
        )?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok(answer)
    };
    let Ok(answer) = exchange() else { return (0, String::new()) };
    let status = answer.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
    (status, answer.split_once("\r\n\r\n").map(|(_, body)| body.to_owned()).unwrap_or_default())
}
