//! `chopmark init` as a new operator uses it: what it writes is checked, migrated and started, and its own commands are
//! typed as they are printed.

use std::fs;
use std::io::{Read as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use sql::Access;
use sql::testing::TestDb;

use crate::running::{Up, assert_only_the_disk_is_at_fault, chopmark_in, free_address, get, post};

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

fn files(folder: &Path, into: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        into.push(entry.path());
        if entry.path().is_dir() {
            files(&entry.path(), into);
        }
    }
}

/// Runs the commands that were printed, as a shell would, up to the one that starts the processes.
fn type_commands(folder: &Path, printed: &str) -> String {
    let begin = printed.find("What to type next").unwrap();
    let commands: String = printed[begin..]
        .lines()
        .filter_map(|line| line.strip_prefix("  "))
        .filter(|line| {
            !["chopmark up", "cd ", "chopmark doctor"].iter().any(|word| line.starts_with(word))
        })
        .take_while(|line| !line.starts_with("curl") && !line.starts_with("# In another"))
        .map(|line| [line, "\n"].concat())
        .collect();
    let program = Path::new(env!("CARGO_BIN_EXE_chopmark")).parent().unwrap();
    let path = format!("{}:{}", program.display(), std::env::var("PATH").unwrap());
    let output = Command::new("sh")
        .args(["-e", "-c", &commands])
        .current_dir(folder)
        .env("PATH", path)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said).into_owned();
    assert!(output.status.success(), "{commands}\n{said}");
    format!("{commands}\n{said}")
}

/// Replaces the default ports of a file by free ones; the addresses of ingest and trace-api.
fn move_ports(folder: &Path) -> [std::net::SocketAddr; 3] {
    let file = folder.join("chopmark.toml");
    let mut text = fs::read_to_string(&file).unwrap();
    let addresses = [free_address(), free_address(), free_address()];
    for (key, address) in [
        ("#listen = \"127.0.0.1:8081\"", format!("listen = \"{}\"", addresses[0])),
        ("#listen = \"127.0.0.1:8084\"", format!("listen = \"{}\"", addresses[1])),
        (
            "#internal_listen = \"127.0.0.1:8086\"",
            format!("internal_listen = \"{}\"", addresses[2]),
        ),
        ("#listen = \"127.0.0.1:8082\"", format!("listen = \"{}\"", free_address())),
        (
            "ingest_url = \"http://127.0.0.1:8081\"",
            format!("ingest_url = \"http://{}\"", addresses[0]),
        ),
    ] {
        assert!(text.contains(key), "{key}: {text}");
        text = text.replace(key, &address);
    }
    fs::write(&file, text).unwrap();
    addresses
}

#[tokio::test(flavor = "multi_thread")]
async fn what_it_writes_starts_by_its_own_commands_and_records_and_answers() {
    let db = TestDb::empty("init_all").await;
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().join("site");
    let url = db.url_for(Access::Owner);
    tokio::task::spawn_blocking(move || {
        let words = [
            "init",
            "site",
            "--kind",
            "all",
            "--yes",
            "--database",
            &url,
            "--party",
            "Bamboo \"Spring\" 春",
        ];
        let ran = chopmark_in(place.path(), &words);
        assert_eq!(ran.status, 0, "{}{}", ran.out, ran.err);
        assert!(ran.out.contains("These are examples"), "{}", ran.out);
        for secret in [
            "site.pem",
            "hub.pem",
            "directory.pem",
            "admin.pem",
            "bridge.pem",
            "publisher.key",
            "scan.secret",
            "erp.token",
        ] {
            let path = folder.join("keys").join(secret);
            assert_eq!(mode(&path), 0o600, "{secret}");
            let text = fs::read_to_string(&path).unwrap();
            let longest = text.split_whitespace().max_by_key(|word| word.len()).unwrap();
            assert!(
                !ran.out.contains(longest) && !ran.err.contains(longest),
                "{secret} is printed"
            );
        }
        assert_eq!(mode(&folder.join("keys")), 0o700);
        assert_eq!(mode(&folder.join("chopmark.toml")), 0o600, "the URL may hold a password");

        let [ingest, public, internal] = move_ports(&folder);
        let said = type_commands(&folder, &ran.out);
        assert!(
            said.contains("nothing is wrong; it describes bridge, ingest, trace-api"),
            "{said}"
        );
        assert!(said.contains("the schema is current"), "{said}");
        let policy = fs::read_to_string(folder.join("policy.txt")).unwrap();
        assert!(policy.starts_with("directory party.example/directory 1 "), "{policy}");

        let mut up = Up::start(&folder, &[]);
        up.wait_until_ready(ingest, "/readyz");
        up.wait_until_ready(internal, "/readyz");
        let token = fs::read_to_string(folder.join("keys/erp.token")).unwrap();
        let event = fs::read_to_string(folder.join("first-event.json")).unwrap();
        let bearer = format!("Bearer {token}");
        let headers = [("Authorization", bearer.as_str()), ("Content-Type", "application/json")];
        let (status, body) = post(ingest, "/capture", &headers, &event);
        assert!((200..300).contains(&status), "{status} {body}");
        let scan = ran.out.lines().find(|line| line.contains("curl -H 'Accept")).unwrap();
        let path = scan.split("8084").nth(1).unwrap().trim();
        let (status, body) = get(public, path, &[("Accept", "application/json")]);
        assert_eq!(status, 200, "{body}");
        let answer: serde_json::Value = serde_json::from_str(&body).unwrap();
        assert_eq!(answer["verdict"], "CONSISTENT", "{body}");
        let page = get(public, &format!("{path}?lang=en"), &[]).1;
        assert!(page.contains("Example product"), "{page}");
        // All is well while it runs, and the addresses are known as its own.
        let doctor = chopmark_in(&folder, &["doctor", "--config", "chopmark.toml"]);
        assert_only_the_disk_is_at_fault(&doctor);
        assert_eq!(doctor.out.matches("is served already").count(), 4, "{}", doctor.out);
        up.stop();
    })
    .await
    .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn encrypted_keys_in_a_data_folder_of_their_own_work_by_the_printed_commands() {
    let db = TestDb::empty("init_encrypted").await;
    let place = tempfile::tempdir().unwrap();
    let url = db.url_for(Access::Owner);
    tokio::task::spawn_blocking(move || {
        let data = place.path().join("data");
        let pass = place.path().join("keys.pass");
        let words = ["init", "etc", "--data-dir", "data", "--kind", "all", "--yes", "--encrypt"];
        let more = ["--passphrase-file", "keys.pass", "--database", &url];
        let ran = chopmark_in(place.path(), &[&words[..], &more].concat());
        assert_eq!(ran.status, 2, "{}", ran.out);
        assert!(ran.err.contains("--passphrase-file keys.pass: expected a file"), "{}", ran.err);
        assert!(!data.exists(), "nothing was written");
        keystore::private::create(&pass, "a long enough passphrase\n").unwrap();
        let ran = chopmark_in(place.path(), &[&words[..], &more].concat());
        assert_eq!(ran.status, 0, "{}{}", ran.out, ran.err);
        let is_root = nix::unistd::geteuid().is_root();
        assert_eq!(ran.err.contains("These files belong to root"), is_root, "{}", ran.err);
        for (name, is_sealed) in [
            ("site.pem", true),
            ("hub.pem", true),
            ("directory.pem", true),
            ("bridge.pem", true),
            ("publisher.key", true),
            ("admin.pem", false),
            ("scan.secret", false),
            ("erp.token", false),
        ] {
            let path = data.join("keys").join(name);
            let text = fs::read_to_string(&path).unwrap();
            assert_eq!(keystore::armour::is_armoured(&text), is_sealed, "{name}");
            assert_eq!(mode(&path), 0o600, "{name}");
        }
        let mut in_etc = Vec::new();
        files(&place.path().join("etc"), &mut in_etc);
        assert_eq!(in_etc, [place.path().join("etc/chopmark.toml")]);
        let text = fs::read_to_string(&in_etc[0]).unwrap();
        assert!(!text.contains("a long enough passphrase"), "{text}");
        assert!(ran.out.contains(&format!("  cd {}\n", data.display())), "{}", ran.out);
        let said = type_commands(&data, &ran.out);
        assert!(
            said.contains("nothing is wrong; it describes bridge, ingest, trace-api"),
            "{said}"
        );
        let policy = fs::read_to_string(data.join("policy.txt")).unwrap();
        assert!(policy.starts_with("directory party.example/directory 1 "), "{policy}");
    })
    .await
    .unwrap();
}

#[test]
fn what_is_printed_of_an_endpoint_is_its_host() {
    let place = tempfile::tempdir().unwrap();
    let words = ["init", ".", "--kind", "hub", "--yes", "--chain-id", "5"];
    let rpc = ["--rpc", "https://a.example:8443/v2/HUNTER2", "--rpc", "https://b.example"];
    let ran = chopmark_in(place.path(), &[&words[..], &rpc].concat());
    assert_eq!(ran.status, 0, "{}", ran.err);
    assert!(ran.out.contains("--rpc 'https://a.example:8443/…' --chain-id 5"), "{}", ran.out);
    assert!(!ran.out.contains("HUNTER2") && !ran.err.contains("HUNTER2"), "{}", ran.out);
}

#[test]
fn every_kind_passes_the_check_of_its_own_file() {
    let place = tempfile::tempdir().unwrap();
    fs::write(place.path().join("given.txt"), "quorum none\n").unwrap();
    let contract = "0x5fbdb2315678afecb367f032d93f642f64180aa3";
    let kinds: [(&str, &[&str], &str); 4] = [
        ("site", &["--database", "postgresql://chopmark_ingest:pw@db/chopmark"], "bridge, ingest"),
        (
            "hub",
            &[
                "--rpc",
                "https://a.example/KEY",
                "--rpc",
                "https://b.example",
                "--chain-id",
                "5",
                "--contract",
                contract,
                "--policy",
                "given.txt",
            ],
            "anchor, trace-api",
        ),
        (
            "bridge",
            &["--origin", "a.example/1", "--ingest-url", "https://ingest.example"],
            "bridge",
        ),
        ("verifier", &["--policy", "given.txt"], ""),
    ];
    for (kind, more, roles) in kinds {
        let ran =
            chopmark_in(place.path(), &[&["init", kind, "--kind", kind, "--yes"], more].concat());
        assert_eq!(ran.status, 0, "{kind}: {}{}", ran.out, ran.err);
        let folder = place.path().join(kind);
        let policy = folder.join("policy.txt");
        assert_eq!(policy.exists(), kind != "bridge");
        if policy.exists() {
            let text = fs::read_to_string(policy).unwrap();
            text.parse::<ledger::policy::Policy>().unwrap();
            assert_eq!(text.contains(&format!("chain 5 {contract}")), kind == "hub", "{text}");
        }
        if roles.is_empty() {
            assert!(!folder.join("chopmark.toml").exists());
            continue;
        }
        let check = chopmark_in(&folder, &["config", "check"]);
        assert_eq!(check.status, 0, "{kind}: {}", check.out);
        assert!(check.out.contains(&format!("describes {roles}\n")), "{kind}: {}", check.out);
        assert!(!ran.out.contains("KEY") || kind != "hub", "{}", ran.out);
    }
}

#[test]
fn every_key_of_a_section_is_in_the_file_with_its_comment() {
    let place = tempfile::tempdir().unwrap();
    let ran = chopmark_in(place.path(), &["init", ".", "--kind", "all", "--yes"]);
    assert_eq!(ran.status, 0, "{}", ran.err);
    let text = fs::read_to_string(place.path().join("chopmark.toml")).unwrap();
    for section in [
        "[database]",
        "[log]",
        "[[ledger]]",
        "[ingest]",
        "[[bridge]]",
        "[[partner]]",
        "[anchor]",
        "[trace_api]",
        "[firmware_bridge]",
    ] {
        let begin =
            text.find(&format!("\n{section}\n")).or_else(|| text.find(&format!("\n#{section}\n")));
        let own = &text[begin.unwrap() + 1..];
        for key in
            process::config::reference::section(section).unwrap().iter().filter(|key| !key.is_list)
        {
            let line = own.lines().position(|line| {
                line.trim_start_matches('#').starts_with(&format!("{} = ", key.name))
            });
            let line = line.unwrap_or_else(|| panic!("{section} {} is not in:\n{own}", key.name));
            let above = own.lines().nth(line - 1).unwrap();
            assert!(above.starts_with("# "), "{section} {}: {above}", key.name);
        }
    }
    assert!(text.lines().all(|line| line.chars().count() <= 140), "{text}");
}

#[test]
fn what_is_there_is_never_overwritten_and_then_nothing_is_written() {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path();
    fs::write(folder.join("policy.txt"), "mine\n").unwrap();
    fs::create_dir(folder.join("keys")).unwrap();
    fs::write(folder.join("keys/scan.secret"), "mine\n").unwrap();
    // That is said first, whatever is wrong with the answers.
    let words = ["init", ".", "--kind", "hub", "--yes", "--prefix", "12"];
    let ran = chopmark_in(folder, &words);
    assert_eq!(ran.status, 2, "{}", ran.out);
    for name in ["./policy.txt", "./keys/scan.secret"] {
        assert!(ran.err.contains(name), "{}", ran.err);
    }
    assert_eq!(fs::read_to_string(folder.join("policy.txt")).unwrap(), "mine\n");
    let mut all = Vec::new();
    files(folder, &mut all);
    assert_eq!(all.len(), 3, "{all:?}");
}

#[test]
fn a_wrong_answer_is_refused_before_anything_is_made_and_no_secret_is_repeated() {
    let place = tempfile::tempdir().unwrap();
    for (words, expected) in [
        (["--origin", "a b"], "--origin: got `a b`, expected a name such as"),
        (["--prefix", "12"], "--prefix: got `12`, expected 6 to 12 digits"),
        (["--pgln", "x"], "--pgln: got `x`, expected a party identifier such as"),
        (["--database", "mysql://x"], "--database: got"),
        (
            ["--database", "postgresql://chopmark_ingest:hunter2@db/x"],
            "expected the URL of the schema's owner: `chopmark_ingest` may not do all",
        ),
        (["--database", "postgresql://a:hunter2@db/x?sslmode=verify-full"], "sslrootcert"),
        (["--rpc", "http://rpc.example/hunter2"], "--rpc: expected https://"),
        (["--contract", "0x12"], "--contract: got `0x12`, expected 0x and 40 hex digits"),
        (
            ["--policy", "/no/such/file"],
            "--policy: got `/no/such/file`, expected a file that can be read",
        ),
    ] {
        let ran = chopmark_in(
            place.path(),
            &[&["init", "new", "--kind", "all", "--yes"][..], &words].concat(),
        );
        assert_eq!(ran.status, 2, "{words:?}: {}", ran.out);
        assert!(ran.err.contains(expected), "{}", ran.err);
        assert!(!ran.err.contains("hunter2"), "{}", ran.err);
        assert!(!place.path().join("new").exists());
    }
    // Nobody is there to be asked.
    let ran = chopmark_in(place.path(), &["init", "new"]);
    assert_eq!(ran.status, 2);
    assert!(ran.err.contains("expected --yes"), "{}", ran.err);
    assert!(!place.path().join("new").exists());
}

#[test]
fn a_person_at_the_terminal_is_asked_in_their_language_and_again_after_a_wrong_answer() {
    let place = tempfile::tempdir().unwrap();
    let pair = nix::pty::openpty(None, None).unwrap();
    let (mut person, terminal) = (fs::File::from(pair.master), fs::File::from(pair.slave));
    let mut child = Command::new(env!("CARGO_BIN_EXE_chopmark"))
        .args(["init", "mine"])
        .current_dir(place.path())
        .env("LANG", "zh_CN.UTF-8")
        .env_remove("LC_ALL")
        .env_remove("LC_MESSAGES")
        .stdin(terminal.try_clone().unwrap())
        .stdout(Stdio::null())
        .stderr(terminal)
        .spawn()
        .unwrap();
    let mut seen = Vec::new();
    let mut until = |person: &mut fs::File, words: &str| {
        let mut bytes = [0; 4096];
        loop {
            let place = seen.windows(words.len()).position(|part: &[u8]| part == words.as_bytes());
            if let Some(place) = place {
                seen.drain(..place + words.len());
                return;
            }
            let count = person.read(&mut bytes).unwrap();
            assert!(count > 0, "{}", String::from_utf8_lossy(&seen));
            seen.extend_from_slice(&bytes[..count]);
        }
    };
    until(&mut person, "安装的种类");
    writeln!(person, "bridge").unwrap();
    until(&mut person, "站点账本的名称");
    writeln!(person, "has a space").unwrap();
    until(&mut person, "expected a name such as");
    until(&mut person, "站点账本的名称");
    writeln!(person, "spring.example/door").unwrap();
    until(&mut person, "网桥名称 [bridge-1]");
    writeln!(person).unwrap();
    until(&mut person, "ingest 的地址");
    writeln!(person, "https://ingest.spring.example").unwrap();
    assert!(child.wait().unwrap().success());
    let text = fs::read_to_string(place.path().join("mine/chopmark.toml")).unwrap();
    for line in [
        "ledger = \"spring.example/door\"",
        "id = \"bridge-1\"",
        "ingest_url = \"https://ingest.spring.example\"",
    ] {
        assert!(text.contains(&format!("\n{line}\n")), "{text}");
    }
}

#[test]
fn the_scanner_is_named_where_its_folder_is_and_nowhere_else() {
    let place = tempfile::tempdir().unwrap();
    let package = place.path().join("zxing-wasm");
    fs::create_dir(&package).unwrap();
    let line = |folder: &str| {
        let text = fs::read_to_string(place.path().join(folder).join("chopmark.toml")).unwrap();
        let is_key = |line: &&str| line.trim_start_matches('#').starts_with("scanner = ");
        text.lines().find(is_key).unwrap().to_owned()
    };
    let given = ["init", "given", "--kind", "hub", "--yes", "--scanner", "zxing-wasm"];
    let ran = chopmark_in(place.path(), &given);
    assert_eq!(ran.status, 0, "{}", ran.err);
    assert_eq!(line("given"), format!("scanner = \"{}\"", package.display()));
    let check = chopmark_in(&place.path().join("given"), &["config", "check"]);
    assert_eq!(check.status, 0, "{}", check.out);

    let ran = chopmark_in(place.path(), &["init", "bare", "--kind", "hub", "--yes"]);
    assert_eq!(ran.status, 0, "{}", ran.err);
    // The Debian package may be installed on the machine of the test.
    let packaged = "/usr/share/chopmark/scanner";
    let is_packaged = Path::new(packaged).is_dir();
    let expected =
        if is_packaged { format!("scanner = \"{packaged}\"") } else { "#scanner = ".into() };
    assert!(line("bare").starts_with(&expected), "{}", line("bare"));

    let wrong = ["init", "wrong", "--kind", "hub", "--yes", "--scanner", "nowhere"];
    let ran = chopmark_in(place.path(), &wrong);
    assert_eq!(ran.status, 2, "{}", ran.out);
    assert!(ran.err.contains("--scanner: got nowhere, expected a folder"), "{}", ran.err);
    assert!(!place.path().join("wrong").exists());
}
