//! One process per folder, and what is left behind by killed ones, with the real PostgreSQL.

use std::process::{Child, Command};

use super::*;

/// A folder for a cluster that its user can enter, removed at the end.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let name = format!("chopmark-cluster-{}-{name}", std::process::id());
        Self(Cluster::place(&std::env::temp_dir().join(name)).unwrap())
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).ok();
    }
}

/// A process of somebody else, ended when dropped.
struct Foreign(Child);

impl Foreign {
    fn new() -> Self {
        Self(Command::new("sleep").arg("1000").spawn().unwrap())
    }
}

impl Drop for Foreign {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

fn answers(cluster: &Cluster) -> bool {
    cluster.answer() == Answer::Accepts
}

#[test]
fn a_second_process_is_refused_or_joins_and_stops_nothing() {
    let folder = Folder::new("two");
    let first = Cluster::start(&folder.0).unwrap();
    let refused = Cluster::start(&folder.0).unwrap_err().to_string();
    let by = format!("run by another process (number {})", std::process::id());
    assert!(refused.contains(&by) && refused.contains("one `chopmark up` for each"), "{refused}");
    assert!(answers(&first), "the attempt stopped the first one's server");
    let joined = Cluster::start_or_join(&folder.0).unwrap();
    assert_eq!(joined.url(), first.url());
    assert!(answers(&joined));
    drop(joined);
    assert!(answers(&first), "leaving stopped the first one's server");
    drop(first);
    // Nobody runs it any more: whoever joins runs it.
    let own = Cluster::start_or_join(&folder.0).unwrap();
    assert!(answers(&own) && own.pid().is_some());
}

#[test]
fn a_file_that_names_a_process_of_somebody_else_harms_neither() {
    let folder = Folder::new("foreign");
    let mut cluster = Cluster::start(&folder.0).unwrap();
    let theirs = Folder::new("theirs");
    let other = Cluster::start(&theirs.0).unwrap();
    let mut sleeping = Foreign::new();
    let file = cluster.data().join("postmaster.pid");
    // The server is killed, the machine restarts, and its number is given to another program, or another PostgreSQL.
    for foreign in [sleeping.0.id(), other.pid().unwrap()] {
        let before = fs::read_to_string(&file).unwrap();
        signal(cluster.pid().unwrap(), Signal::SIGKILL);
        cluster.stop();
        let own = before.lines().next().unwrap();
        fs::write(&file, before.replacen(own, &foreign.to_string(), 1)).unwrap();
        Cluster::stop_left_over(&cluster.folder).unwrap();
        cluster.launch_again().unwrap();
        assert!(answers(&cluster) && answers(&other));
        assert!(sleeping.0.try_wait().unwrap().is_none(), "a process of somebody else was ended");
    }
}

#[test]
fn a_server_without_its_process_is_ended_before_the_next_start() {
    let folder = Folder::new("left");
    let cluster = Cluster::start(&folder.0).unwrap();
    let server = cluster.pid().unwrap();
    let Cluster { lock, .. } = &cluster;
    assert!(lock.is_some());
    // As after SIGKILL of the process that started it: the lock is gone, the server is not.
    let mut abandoned = std::mem::ManuallyDrop::new(cluster);
    drop(abandoned.lock.take());
    let next = Cluster::start(&folder.0).unwrap();
    assert_ne!(next.pid(), Some(server));
    assert!(answers(&next));
    assert!(abandoned.ended().is_some(), "the older server still runs");
}
