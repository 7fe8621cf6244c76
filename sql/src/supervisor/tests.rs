//! A supervised PostgreSQL that is killed, cut off, and damaged.

use std::fs;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, channel};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::*;
use crate::db::Db;
use crate::settings::Settings;

/// Longest wait for anything here.
const PATIENCE: Duration = Duration::from_mins(1);
const QUICK: Limits = Limits {
    pauses: (Duration::from_millis(20), Duration::from_millis(200)),
    failures: 4,
    within: Duration::from_mins(5),
};

/// A supervised cluster in a folder of its own, removed at the end.
struct Scene {
    supervisor: Option<Supervisor>,
    folder: PathBuf,
    restarts: Receiver<()>,
    given_up: Receiver<Error>,
}

impl Scene {
    fn new(name: &str) -> Self {
        let name = format!("chopmark-supervisor-{}-{name}", std::process::id());
        let folder = Cluster::place(&std::env::temp_dir().join(name)).unwrap();
        let cluster = Cluster::start(&folder).unwrap();
        let ((restarted, restarts), (lost, given_up)) = (channel(), channel());
        let restarted = Mutex::new(restarted);
        let reports = Reports {
            restarted: Box::new(move || _ = restarted.lock().unwrap().send(())),
            gave_up: Box::new(move |error| _ = lost.send(error)),
        };
        let supervisor = Some(Supervisor::watch(cluster, QUICK, reports).unwrap());
        Self { supervisor, folder, restarts, given_up }
    }

    /// The server's process, as its file says.
    fn server(&self) -> i32 {
        let text = fs::read_to_string(self.folder.join("data/postmaster.pid")).unwrap();
        text.lines().next().unwrap().parse().unwrap()
    }

    async fn db(&self) -> Db {
        let url = self.supervisor.as_ref().unwrap().url_for(Access::Owner);
        Db::connect(&Settings::new(url)).await.unwrap()
    }

    fn wait_for_restart(&self) {
        self.restarts.recv_timeout(PATIENCE).expect("PostgreSQL is started again");
    }
}

impl Drop for Scene {
    fn drop(&mut self) {
        drop(self.supervisor.take());
        fs::remove_dir_all(&self.folder).ok();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_server_runs_again_with_all_that_was_committed_and_pools_connect_by_themselves() {
    let scene = Scene::new("killed");
    let db = scene.db().await;
    let run = async |sql: &str| db.client().await?.batch_execute(sql).await.map_err(Error::from);
    run("create table kept (number int)").await.unwrap();
    for number in 0..2 {
        run(&format!("insert into kept values ({number})")).await.unwrap();
        let before = scene.server();
        kill(Pid::from_raw(before), Signal::SIGKILL).unwrap();
        tokio::task::block_in_place(|| scene.wait_for_restart());
        assert_ne!(scene.server(), before);
        let deadline = Instant::now() + PATIENCE;
        while let Err(error) = db.ping().await {
            assert!(error.is_unavailable() && Instant::now() < deadline, "{error}");
        }
    }
    let rows = db.client().await.unwrap().query("select number from kept", &[]).await.unwrap();
    assert_eq!(rows.len(), 2);
    assert!(scene.given_up.try_recv().is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backend_that_is_killed_alone_costs_the_sessions_and_no_start_of_ours() {
    let scene = Scene::new("backend");
    let db = scene.db().await;
    let server = scene.server();
    let row = db.client().await.unwrap().query_one("select pg_backend_pid()", &[]).await.unwrap();
    kill(Pid::from_raw(row.get(0)), Signal::SIGKILL).unwrap();
    let deadline = Instant::now() + PATIENCE;
    // The session is noticed to be gone, and then another one answers.
    while !db.ping().await.is_err_and(|error| error.is_unavailable()) {
        assert!(Instant::now() < deadline, "the backend still answers");
    }
    while db.ping().await.is_err() {
        assert!(Instant::now() < deadline, "the server does not recover");
    }
    assert_eq!(scene.server(), server);
    assert!(scene.restarts.try_recv().is_err());
}

#[test]
fn a_server_whose_socket_was_removed_is_started_again() {
    let scene = Scene::new("socket");
    let before = scene.server();
    fs::remove_file(scene.folder.join(".s.PGSQL.5432")).unwrap();
    scene.wait_for_restart();
    assert_ne!(scene.server(), before);
}

#[test]
fn a_server_that_cannot_start_is_given_up_with_its_own_words_and_what_to_do() {
    let scene = Scene::new("damaged");
    fs::remove_file(scene.folder.join("data/global/pg_control")).unwrap();
    kill(Pid::from_raw(scene.server()), Signal::SIGKILL).unwrap();
    let error = scene.given_up.recv_timeout(PATIENCE).expect("it is given up").to_string();
    for words in [
        "PostgreSQL does not start",
        "failed 4 times within 300 s",
        "server.log ends:",
        "pg_control",
        "What to do: ",
        "chopmark restore",
    ] {
        assert!(error.contains(words), "`{words}` is not in:\n{error}");
    }
    assert!(scene.restarts.try_recv().is_err());
}

#[test]
fn a_supervisor_that_is_dropped_while_it_waits_stops_and_starts_nothing() {
    let mut scene = Scene::new("dropped");
    kill(Pid::from_raw(scene.server()), Signal::SIGKILL).unwrap();
    let begun = Instant::now();
    drop(scene.supervisor.take());
    assert!(begun.elapsed() < PATIENCE);
    let file = scene.folder.join("data/postmaster.pid");
    let left = fs::read_to_string(file).ok().and_then(|text| text.lines().next()?.parse().ok());
    let is_running = |pid| PathBuf::from(format!("/proc/{pid}")).exists();
    assert!(!left.is_some_and(|pid: i32| is_running(pid)), "{left:?} still runs");
}
