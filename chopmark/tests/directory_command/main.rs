//! `chopmark directory` as people use it: the real command on a real database.

mod acts;
mod attacks;

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use sql::Access;
use sql::testing::TestDb;

struct Scene {
    folder: tempfile::TempDir,
    url: String,
    db: TestDb,
}

impl Scene {
    /// Runs the command in the scene's folder: exit status, standard output, standard error.
    fn run(&self, words: &[&str]) -> (Option<i32>, String, String) {
        let output = Command::new(env!("CARGO_BIN_EXE_chopmark"))
            .args(words)
            .current_dir(self.folder.path())
            .output()
            .expect("it starts");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (output.status.code(), text(&output.stdout), text(&output.stderr))
    }

    /// Runs `chopmark directory` and gives what it printed; fails unless it succeeds.
    #[track_caller]
    fn directory(&self, words: &[&str]) -> String {
        let (status, out, error) = self.run(&[&["directory"], words].concat());
        assert_eq!(status, Some(0), "{words:?}: {out}{error}");
        out
    }

    /// With database and policy.
    #[track_caller]
    fn ask(&self, words: &[&str]) -> String {
        self.directory(&[words, &["--database", &self.url, "--policy", "policy.txt"]].concat())
    }

    /// What a reading command prints with `--json`.
    #[track_caller]
    fn ask_json(&self, words: &[&str]) -> serde_json::Value {
        serde_json::from_str(&self.ask(&[words, &["--json"]].concat())).expect("JSON")
    }

    #[track_caller]
    fn write_record(&self, words: &[&str]) -> String {
        self.ask(&[words, &["--keys", "who.pem"]].concat())
    }

    /// Writes to the directory, or fails to; status and output.
    fn try_record(&self, words: &[&str]) -> (Option<i32>, String, String) {
        let place = ["--database", &self.url, "--policy", "policy.txt", "--keys", "who.pem"];
        self.run(&[&["directory"], words, &place].concat())
    }

    fn file(&self, name: &str, text: &str) {
        std::fs::write(self.folder.path().join(name), text).expect("written");
    }

    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.folder.path().join(name)).expect(name)
    }

    async fn installed(name: &str) -> Self {
        let db = TestDb::migrated(name).await;
        let folder = tempfile::tempdir().expect("a folder");
        let scene = Self { folder, url: db.url_for(Access::Owner), db };
        for (holder, file) in [("lin", "lin.pem"), ("wu", "wu.pem")] {
            scene.directory(&["key", holder, "--out", file]);
        }
        for (origin, file) in [
            ("brand.example/1", "brand.pem"),
            ("hub.example/h", "hub.pem"),
            ("till.example/1", "till.pem"),
        ] {
            let (status, ..) = scene.run(&["keys", "ledger", "--origin", origin, "--out", file]);
            assert_eq!(status, Some(0));
        }
        scene.directory(&["key", "shop/max", "--out", "max.pem"]);
        scene.file(
            "shop.json",
            r#"{"id":"shop","name":"Shop","admins":["max.pem"],"ledgers":["till.pem"],"prefixes":["4012345"]}"#,
        );
        let bridge =
            format!("dock,{}=,brand.example/1,urn:epc:id:sgln:9521141.01234.0", "A".repeat(43));
        let line = scene.directory(&[
            "init",
            "--database",
            &scene.url,
            "--origin",
            "who.example/1",
            "--keys",
            "who.pem",
            "--key",
            "lin.pem",
            "--hub",
            "hub.pem",
            "--chain",
            "31337:0x5fbdb2315678afecb367f032d93f642f64180aa3",
            "--party",
            "brand",
            "--name",
            "Bamboo Spring",
            "--ledger",
            "brand.pem",
            "--prefix",
            "952114112",
            "--site",
            "9521141012345",
            "--bridge",
            &bridge,
            "--since-days",
            "30",
            "--more",
            "shop.json",
        ]);
        assert!(line.starts_with("directory who.example/1 1 "), "{line}");
        scene.file("policy.txt", &line);
        scene
    }
}

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).expect("there").permissions().mode() & 0o777
}

#[tokio::test(flavor = "multi_thread")]
async fn an_installation_is_made_shown_exported_and_verified_without_a_server() {
    let scene = Scene::installed("command_init").await;
    for secret in ["lin.pem", "who.pem"] {
        assert_eq!(mode(&scene.folder.path().join(secret)), 0o600, "{secret}");
    }
    let shown = scene.ask(&["show"]);
    for subject in
        ["party/brand", "party/shop", "keyset/till.example/1", "prefix/4012345", "device/dock"]
    {
        assert!(shown.contains(subject), "{subject}: {shown}");
    }
    assert!(scene.ask(&["show", "prefix/952114112", "--json"]).contains(r#""party":"brand""#));
    // What the next root is written from: `seq` and `prev` are those of the next record.
    let root = scene.ask(&["show", "root", "--json"]);
    assert!(root.contains(r#""registrar_threshold":1"#) && !root.contains(r#""prev""#), "{root}");
    assert!(scene.ask(&["verify"]).contains("entries verify"));
    scene.ask(&["export", "--out", "out", "--want", "keyset/till.example/1"]);
    let policy = scene.read("out/policy.txt");
    for line in [
        "log brand.example/1+",
        "log who.example/1+",
        "hub hub.example/h+",
        "chain 31337 0x5fbd",
        "directory who.example/1 1 ",
    ] {
        assert!(policy.contains(line), "{line}: {policy}");
    }
    let proved = scene.directory(&["verify", "out/directory-proof.json", "--policy", "policy.txt"]);
    assert!(proved.contains("ledger till.example/1: its keys are proved"), "{proved}");
    let spoilt =
        scene.read("out/directory-proof.json").replacen("till.example/1", "till.example/2", 1);
    scene.file("spoilt.json", &spoilt);
    let (status, out, _) =
        scene.run(&["directory", "verify", "spoilt.json", "--policy", "policy.txt"]);
    assert_eq!(status, Some(1), "{out}");
    assert!(out.starts_with("refuted: entries: "), "{out}");
    let (status, _, error) = scene.run(&["directory", "key", "lin", "--out", "lin.pem"]);
    assert_eq!(status, Some(2));
    assert!(error.contains("could not create lin.pem: File exists"), "never overwritten: {error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_site_with_a_wrong_check_digit_is_refused_before_anything_is_made() {
    let db = TestDb::migrated("command_wrong_site").await;
    let folder = tempfile::tempdir().expect("a folder");
    let scene = Scene { folder, url: db.url_for(Access::Owner), db };
    scene.directory(&["key", "lin", "--out", "lin.pem"]);
    for (site, expected) in [
        (
            "9521141012344",
            "whose check digit is wrong, expected 9521141012345 if the others are right",
        ),
        ("952114101234", "expected a GLN of 13 digits"),
    ] {
        let words = ["directory", "init", "--database", &scene.url, "--origin", "who.example/1"];
        let more = ["--keys", "who.pem", "--key", "lin.pem", "--party", "brand", "--name", "B"];
        let (status, _, error) = scene.run(&[&words[..], &more, &["--site", site]].concat());
        assert_eq!(status, Some(2), "{error}");
        assert!(error.contains(&format!("--site: got `{site}`, ")), "{error}");
        assert!(error.contains(expected), "{error}");
    }
    assert!(!scene.folder.path().join("who.pem").exists(), "no keys are left behind");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_waits_until_those_who_must_have_signed_it() {
    let scene = Scene::installed("command_propose").await;
    let key = scene.directory(&["key", "till/zoe", "--out", "zoe.pem"]);
    scene.file(
        "till.json",
        &format!(
            r#"{{"kind":"party","id":"till","name":"Till","pgln":[],"sites":[],"admins":[{{"holder":"till/zoe","vkey":"{}"}}]}}"#,
            key.trim()
        ),
    );
    let waits = scene.write_record(&["propose", "till.json", "--key", "lin.pem"]);
    assert_eq!(
        waits,
        "proposal 1 waits: `party/till` needs signatures of 1 of the admins of `till`; got none\n"
    );
    let pending = scene.ask(&["pending"]);
    assert!(pending.contains("party/till") && pending.contains("signed: lin"), "{pending}");
    let pending = scene.ask_json(&["pending"]);
    let one = &pending[0];
    assert_eq!((&one["id"], &one["state"]), (&1.into(), &"waits".into()), "{pending}");
    assert_eq!(
        one["needs"],
        "`party/till` needs signatures of 1 of the admins of `till`; got none"
    );
    assert_eq!(one["signed_by"], serde_json::json!(["lin"]));
    assert_eq!((&one["record"]["kind"], &one["record"]["id"]), (&"party".into(), &"till".into()));
    let waits = scene.write_record(&["approve", "1", "--key", "wu.pem"]);
    assert!(waits.contains("waits"), "a stranger's signature is no approval: {waits}");
    let done = scene.write_record(&["approve", "1", "--key", "zoe.pem"]);
    assert!(done.starts_with("appended; "), "{done}");
    assert_eq!(scene.ask(&["pending"]), "");
    assert_eq!(scene.ask_json(&["pending"]), serde_json::json!([]));
    assert!(scene.ask(&["show"]).contains("party/till"));
    let shown = scene.ask_json(&["show", "party/till"]);
    let [party] = &shown.as_array().expect("a list")[..] else { panic!("{shown}") };
    assert_eq!((&party["subject"], &party["records"]), (&"party/till".into(), &1.into()));
    assert_eq!(party["last"].as_str().map(str::len), Some(64), "{party}");
    assert!(party["value"].is_object() || party["value"].is_array(), "not a text: {party}");
    let every = scene.ask_json(&["show"]);
    let lines = scene.ask(&["show"]).lines().filter(|line| line.ends_with(" records)")).count();
    assert_eq!(every.as_array().map(Vec::len), Some(lines), "{every}");
    let (status, _, error) = scene.try_record(&["approve", "1", "--key", "zoe.pem"]);
    assert_eq!((status, error.as_str()), (Some(2), "chopmark: there is no open proposal 1\n"));

    // One digit of a site's number is mistyped.
    for member in [r#""sites":["9521142000012"]"#, r#""scope":{"sites":["9521142000012"]}"#] {
        scene.file("site.json", &format!(r#"{{"kind":"party","id":"typo",{member}}}"#));
        let (status, _, error) = scene.try_record(&["propose", "site.json", "--key", "zoe.pem"]);
        assert_eq!(status, Some(2));
        assert!(error.contains("got `9521142000012`, whose check digit is wrong"), "{error}");
        assert!(error.contains("expected 9521142000013 if the others are right"), "{error}");
    }

    scene.file("overlap.json", r#"{"kind":"prefix","digits":"95211411","party":"till","grade":"C","from":"2026-11-01T00:00:00Z","until":"2027-11-01T00:00:00Z"}"#);
    let (status, _, error) = scene.try_record(&["propose", "overlap.json", "--key", "zoe.pem"]);
    assert_eq!(status, Some(2));
    assert!(error.contains("overlaps the prefix 952114112"), "refused at once: {error}");

    scene.file("gone.json", r#"{"kind":"revoke","subject":"party/till","reason":"closed"}"#);
    assert!(
        scene.write_record(&["propose", "gone.json", "--key", "zoe.pem"]).starts_with("appended")
    );
    assert!(scene.write_record(&["refresh"]).contains("the state tells what holds until"));
    let waits = scene.write_record(&["propose", "till.json", "--key", "wu.pem"]);
    assert!(waits.starts_with("proposal 2 waits"), "{waits}");
    scene.ask(&["withdraw", "2"]);
    assert_eq!(scene.ask(&["pending"]), "");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_approval_of_an_event_names_ledger_and_hash_and_verifies() {
    let scene = Scene::installed("command_approve_event").await;
    scene.file(
        "recall.json",
        r#"{"type":"ObjectEvent","action":"OBSERVE","eventTime":"2026-11-10T12:00:00Z","eventTimeZoneOffset":"+00:00","epcList":["urn:epc:id:sgtin:9521141.012345.602"],"bizStep":"holding","disposition":"recalled"}"#,
    );
    let note = scene.directory(&[
        "approve-event",
        "--key",
        "lin.pem",
        "--ledger",
        "brand.example/1",
        "recall.json",
    ]);
    let mut lines = note.lines();
    assert_eq!(lines.next(), Some("chopmark.org/approval@v1"));
    assert_eq!(lines.next(), Some("brand.example/1"));
    let hash = lines.next().expect("a hash");
    let (status, out, _) = scene.run(&["event", "hash", "recall.json"]);
    assert_eq!((status, out.trim()), (Some(0), hash));
    let policy: ledger::policy::Policy = scene.read("policy.txt").parse().expect("a policy");
    let loaded = history::directory::load(&scene.db, &policy).await.expect("it verifies");
    let rights = loaded.directory.rights();
    let found = directory::approval::approvers(&[&note], "brand.example/1", hash, &rights, "brand");
    assert_eq!(found.into_iter().collect::<Vec<_>>(), ["lin"]);
    assert_eq!(directory::approval::needed(&rights, "brand"), 1);
}
