//! The anchor worker as a process of its own: its endpoints, its clean end, and being killed at every durable step.

use std::fs::Permissions;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use self::scene::{PATIENCE, Scene, Setting, Site};

#[path = "../../../anchor/tests/worker/scene.rs"]
#[expect(
    dead_code,
    clippy::unwrap_used,
    reason = "the anchor crate's own tests use the rest of it"
)]
mod scene;

/// Ends with the test, whatever happens in it.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // Both fail only when it has ended already.
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

fn start(config: &Path, crash_at: Option<&str>) -> Running {
    let mut command = Command::new(tests::program::chopmark());
    command.args(["up", "--role", "anchor", "--config"]).arg(config);
    command.env("RUST_LOG", "warn").stdin(Stdio::null());
    match crash_at {
        Some(place) => command.env("CHOPMARK_CRASH_AT", place),
        None => command.env_remove("CHOPMARK_CRASH_AT"),
    };
    Running(command.spawn().unwrap())
}

/// The status and body of an answer; none while the process does not listen.
fn get(address: SocketAddr, path: &str) -> Option<(u16, String)> {
    let mut stream = TcpStream::connect_timeout(&address, Duration::from_secs(5)).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(10))).ok()?;
    write!(stream, "GET {path} HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n").ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    let status = answer.split(' ').nth(1)?.parse().ok()?;
    Some((status, answer.split_once("\r\n\r\n")?.1.to_owned()))
}

async fn wait_for<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(Instant::now() < deadline, "{what}: not in time");
        // Other tests need the processor as well.
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Waits until an anchor of one entry is final, and checks it.
async fn wait_for_final(scene: &Scene) {
    let hub = sql::ledgers::find(&scene.db, "hub.example/1").await.unwrap().unwrap().id;
    let anchor = wait_for("a final anchor", async || {
        sql::anchors::covering(&scene.db, hub, 1).await.unwrap()
    })
    .await;
    let head = sql::ledgers::head(&scene.db, hub).await.unwrap();
    assert_eq!(head.size, 1, "the checkpoint entered the hub once");
    scene.assert_proves(&anchor, &head.root);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_process_anchors_answers_health_checks_and_ends_on_a_signal() {
    let scene = Scene::new("process", Setting::default()).await;
    let site = Site::new(&scene.db, "site.example/1").await;
    site.append(&scene.db, 3).await;
    let (config, address) = scene.configure(&[&site]);
    let mut worker = start(&config, None);

    wait_for("/readyz", async || get(address, "/readyz").filter(|(status, _)| *status == 200))
        .await;
    wait_for_final(&scene).await;
    assert_eq!(get(address, "/healthz").unwrap(), (200, "alive\n".to_owned()));
    let metrics = wait_for("the final anchor in /metrics", async || {
        get(address, "/metrics").filter(|(_, text)| text.contains("anchor_anchored_size_entries 1"))
    })
    .await;
    assert!(metrics.1.contains("anchor_final_total 1"), "{}", metrics.1);

    let pid = Pid::from_raw(i32::try_from(worker.0.id()).unwrap());
    kill(pid, Signal::SIGTERM).unwrap();
    let ended = wait_for("the end", async || worker.0.try_wait().unwrap()).await;
    assert!(ended.success(), "{ended}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_private_keys_of_other_ledgers_are_not_needed() {
    let scene = Scene::new("no_site_keys", Setting::default()).await;
    let (one, two) =
        (Site::new(&scene.db, "one.example/1").await, Site::new(&scene.db, "two.example/1").await);
    one.append(&scene.db, 3).await;
    let (config, address) = scene.configure(&[&one, &two]);
    let text = std::fs::read_to_string(&config).unwrap();
    let folder = config.parent().unwrap();
    assert!(
        text.contains("keys = \"at-the-site/keys.pem\"") && !folder.join("at-the-site").exists()
    );
    // Nor is a file of that name opened: its mode lets nobody read it, and root would find no key in it.
    std::fs::create_dir(folder.join("at-the-site")).unwrap();
    std::fs::write(folder.join("at-the-site/keys.pem"), "no key").unwrap();
    std::fs::set_permissions(folder.join("at-the-site/keys.pem"), Permissions::from_mode(0o000))
        .unwrap();

    let _worker = start(&config, None);
    wait_for("/readyz", async || get(address, "/readyz").filter(|(status, _)| *status == 200))
        .await;
    wait_for_final(&scene).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_policy_the_process_says_how_to_write_one() {
    let scene = Scene::new("no_policy", Setting::default()).await;
    let (config, _) = scene.configure(&[]);
    let text = std::fs::read_to_string(&config).unwrap();
    std::fs::write(&config, text.replace("policy = \"policy.txt\"\n", "")).unwrap();

    let mut command = Command::new(tests::program::chopmark());
    let ended = command.args(["up", "--role", "anchor", "--config"]).arg(&config).output().unwrap();

    assert_eq!(ended.status.code(), Some(2));
    let error = String::from_utf8_lossy(&ended.stderr);
    assert!(error.contains("[anchor] policy: got none, expected the path of a file"), "{error}");
    assert!(error.contains("`chopmark keys show FILE`"), "{error}");
}

/// Waits until so many entries of the hub are anchored for good.
async fn wait_for_anchored(scene: &Scene, entries: u64) {
    let hub = sql::ledgers::find(&scene.db, "hub.example/1").await.unwrap().unwrap().id;
    wait_for("a final anchor", async || {
        sql::anchors::covering(&scene.db, hub, entries).await.unwrap()
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chain_that_knows_more_than_what_was_restored_lets_no_ledger_sign_again() {
    let scene = Scene::new("restored", Setting::default()).await;
    let site = Site::new(&scene.db, "site.example/1").await;
    site.append(&scene.db, 3).await;
    let (config, address) = scene.configure(&[&site]);
    let worker = start(&config, None);
    wait_for("/readyz", async || get(address, "/readyz").filter(|(status, _)| *status == 200))
        .await;
    wait_for_final(&scene).await;
    let folder = config.parent().unwrap().to_owned();
    let run = async |words: &[&str]| {
        let (folder, words) = (folder.clone(), words.join(" "));
        let ran = tokio::task::spawn_blocking(move || {
            tests::stage::run(&folder, &words.split(' ').collect::<Vec<_>>(), &[])
        });
        ran.await.unwrap()
    };
    let (status, text) = run(&["backup", "--to", "backups", "--plain-keys"]).await;
    assert_eq!(status, Some(0), "{text}");
    assert!(text.contains("MISSING   at-the-site/keys.pem: [[ledger]] keys names it"), "{text}");
    let empty = sql::testing::TestDb::empty("restored_into").await;
    let text = std::fs::read_to_string(&config).unwrap();
    let other = |access| (scene.db.url_for(access), empty.url_for(access));
    let (from, to) = other(sql::Access::Owner);
    assert!(text.contains(&from), "{text}");
    std::fs::write(folder.join("new.toml"), text.replace(&from, &to)).unwrap();
    let restore = ["restore", "--config", "new.toml", "--from", "backups"];
    let (_, text) = run(&restore).await;
    assert_eq!(text.matches("held      ledger").count(), 2, "{text}");
    // As long as the chain has what was restored, a person may decide.
    let check = ["restore", "check", "--config", "new.toml"];
    let (status, text) = run(&check).await;
    assert_eq!(status, Some(0), "{text}");
    let knows = "size 1 of the hub `hub.example/1`, which the database extends";
    assert_eq!(text.matches(knows).count(), 2, "{text}");

    // The machine that was not lost after all goes on, and publishes.
    site.append(&scene.db, 2).await;
    wait_for_anchored(&scene, 2).await;
    drop(worker);
    let (status, text) = run(&check).await;
    assert_eq!(status, Some(1), "{text}");
    for words in ["size 2 of the hub `hub.example/1`, but here", "shrank from 2 to 1"] {
        assert_eq!(text.matches(words).count(), 2, "of both ledgers: {text}");
    }
    for origin in ["site.example/1", "hub.example/1"] {
        let release = ["restore", "release", "--config", "new.toml", "--accept-loss", "it-failed"];
        let (status, text) = run(&[&release[..], &["--ledger", origin]].concat()).await;
        assert!(status == Some(1) && text.contains("NOT released"), "{origin}: {text}");
    }
    let held = sql::holds::open(&empty.db()).await.unwrap();
    assert_eq!(held.len(), 2);
}

#[cfg(debug_assertions)]
#[tokio::test(flavor = "multi_thread")]
async fn killed_at_any_durable_step_the_next_process_finishes_what_was_begun() {
    use std::os::unix::process::ExitStatusExt as _;

    for place in [
        "hub.before_commit",
        "hub.after_commit",
        "anchor.prepared",
        "anchor.sent",
        "anchor.mined",
        "anchor.before_final",
    ] {
        let scene = Scene::new(&place.replace('.', "_"), Setting::default()).await;
        let site = Site::new(&scene.db, "site.example/1").await;
        site.append(&scene.db, 3).await;
        let (config, _) = scene.configure(&[&site]);

        let mut killed = start(&config, Some(place));
        let ended = wait_for(place, async || killed.0.try_wait().unwrap()).await;
        assert_eq!(ended.signal(), Some(Signal::SIGKILL as i32), "{place}: {ended}");

        let _next = start(&config, None);
        wait_for_final(&scene).await;
        let account = format!("0x{}", hex::encode(scene.publisher().0));
        let rpc = scene.chain.rpc();
        let params = serde_json::json!([account, "latest"]);
        let sent = rpc.call("eth_getTransactionCount", &params).unwrap();
        assert_eq!(sent, serde_json::json!("0x2"), "{place}: deployment and one anchor, no more");
    }
}
