//! A machine to install packages on: this one's files under a layer that is thrown away, with processes and a network
//! of its own, and no systemd.
//!
//! What holds: nothing outside of the layer is changed, and every process that was started in it ends with it.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// What the machine starts with. The first argument is an empty folder; the second one is shown at `/handed-over`.
const SETUP: &str = r#"
set -e
mount -t tmpfs none "$1"
mkdir "$1/upper" "$1/work" "$1/root"
mount -t overlay overlay -o "lowerdir=/,upperdir=$1/upper,workdir=$1/work" "$1/root"
mount -t proc proc "$1/root/proc"
mount --rbind /dev "$1/root/dev"
mount -t tmpfs none "$1/root/run"
mkdir -p "$1/root/handed-over"
mount --bind "$2" "$1/root/handed-over"
ip link set lo up
echo ready
# Bash takes away processes whose parents have ended, as a first process must.
exec bash -c "while read -r line; do :; done"
"#;

/// The machine; it ends with this value.
pub struct Machine {
    keeper: Child,
    /// The first process of the machine, as seen from outside.
    first: String,
    root: String,
    _folder: tempfile::TempDir,
}

impl Machine {
    /// A machine that sees the folder `handed_over` at `/handed-over`.
    ///
    /// # Errors
    ///
    /// Why there can be none here.
    pub fn start(handed_over: &Path) -> Result<Self, String> {
        let folder = tests::folder::temporary();
        let mut keeper = Command::new("unshare")
            .args(["--mount", "--pid", "--net", "--fork", "--kill-child", "--mount-proc"])
            .args(["sh", "-c", SETUP, "setup"])
            .args([folder.path(), handed_over])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| format!("unshare: {error}"))?;
        let mut line = String::new();
        let output = keeper.stdout.take().expect("a pipe");
        BufReader::new(output).read_line(&mut line).expect("a pipe can be read");
        if line != "ready\n" {
            drop(keeper.stdin.take());
            let output = keeper.wait_with_output().expect("it ends");
            let why = String::from_utf8_lossy(&output.stderr);
            return Err(why.split_whitespace().collect::<Vec<_>>().join(" "));
        }
        let id = keeper.id();
        let children = std::fs::read_to_string(format!("/proc/{id}/task/{id}/children"))
            .expect("a process has a list of children");
        let root = format!("{}/root", folder.path().display());
        Ok(Self { keeper, first: children.trim().to_owned(), root, _folder: folder })
    }

    /// Status and output of a line of shell on the machine, as root.
    pub fn run(&self, line: &str) -> (Option<i32>, String) {
        let output = Command::new("nsenter")
            .args(["--target", &self.first, "--mount", "--pid", "--net", "--"])
            .args(["chroot", &self.root, "env", "-i", "HOME=/root", "LC_ALL=C.UTF-8"])
            .args(["PATH=/usr/sbin:/usr/bin:/sbin:/bin", "DEBIAN_FRONTEND=noninteractive"])
            .args(["sh", "-c", &format!("exec 2>&1; {line}")])
            .stdin(Stdio::null())
            .output()
            .expect("nsenter starts");
        (output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// The output of a line of shell that must succeed.
    pub fn ok(&self, line: &str) -> String {
        let (status, text) = self.run(line);
        assert_eq!(status, Some(0), "`{line}` on the machine:\n{text}");
        text
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        // It reads until its input ends; --kill-child then takes the rest with it.
        drop(self.keeper.stdin.take());
        self.keeper.wait().ok();
    }
}
