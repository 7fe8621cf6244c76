//! The Debian package: built from the program under test, installed on a machine that is thrown away, started by its own
//! init script, removed and purged.
//!
//! What holds: nothing is installed on the machine that runs the tests (`package/machine.rs`). Where a machine of that kind
//! cannot be had, the test is skipped and that is announced.
//!
//! Not here: units under a running systemd; that needs a whole machine (docs/release-checklist.md).

mod machine;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use self::machine::Machine;

/// Most that `systemd-analyze security` may say of a unit, of 10.
const EXPOSURE: f64 = 3.0;
/// Every unit with a process: the roles, and the nightly backup.
const UNITS: [&str; 7] = ["ingest", "anchor", "trace-api", "desk", "bridge", "all", "backup"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The first of these programs that is missing.
fn missing(programs: &[&'static str]) -> Option<&'static str> {
    let folders = ["/usr/sbin", "/usr/bin", "/sbin", "/bin"];
    let is_there = |name: &str| folders.iter().any(|place| Path::new(place).join(name).exists());
    programs.iter().copied().find(|name| !is_there(name))
}

/// The package of the program under test, in `folder`.
fn build(folder: &Path) -> PathBuf {
    // A path that is relative is meant from where the caller is.
    let script = root().join("scripts/package.sh").canonicalize().expect("it is there");
    let output = Command::new(script)
        .args(["--compression", "none", "--binary"])
        .arg(tests::program::chopmark())
        .args(["--out", "."])
        .current_dir(folder)
        .env("SOURCE_DATE_EPOCH", "1795305600")
        .output()
        .expect("the script starts");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let log = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "the package could not be built:\n{text}{log}");
    PathBuf::from(text.trim())
}

/// What `dpkg-deb` says of a package.
fn dpkg_deb(question: &str, package: &Path) -> String {
    let output = Command::new("dpkg-deb").arg(question).arg(package).output().expect("dpkg-deb");
    assert!(output.status.success(), "{question}");
    String::from_utf8(output.stdout).expect("UTF-8")
}

#[test]
fn two_packages_of_one_program_are_the_same_bytes_and_hold_what_the_page_says() {
    let tools = ["dpkg-deb", "dpkg-shlibdeps", "strip"];
    if let Some(program) = missing(&tools) {
        return foreign::skipped(&format!("{program} is missing"), "the Debian package is built");
    }
    let (first, second) = (tests::folder::temporary(), tests::folder::temporary());
    let package = build(first.path());
    let name = package.file_name().expect("a file");
    let again = build(second.path());
    assert_eq!(again.file_name(), Some(name));
    let bytes = |path: &Path| fs::read(path).expect("a package");
    assert!(bytes(&package) == bytes(&again), "two builds differ: {}", name.display());

    let control = dpkg_deb("--field", &package);
    for words in ["Package: chopmark\n", concat!("Version: ", env!("CARGO_PKG_VERSION"), "-1\n")] {
        assert!(control.contains(words), "{control}");
    }
    assert!(control.contains("libc6 (>= "), "libraries were looked for: {control}");
    let contents = dpkg_deb("--contents", &package);
    for path in [
        "./usr/bin/chopmark",
        "./usr/lib/systemd/system/chopmark.target",
        "./usr/share/man/man1/chopmark-verify.1.gz",
        "./usr/share/bash-completion/completions/chopmark",
        "./usr/share/doc/chopmark/packages.md",
        "./usr/share/doc/chopmark/changelog.Debian.gz",
        "./usr/share/doc/chopmark/copyright",
        "./usr/share/chopmark/scanner/dist/iife/reader/index.js",
        "./usr/share/chopmark/scanner/dist/reader/zxing_reader.wasm",
    ] {
        assert!(contents.contains(&format!(" {path}\n")), "no {path} in\n{contents}");
    }
    for line in contents.lines() {
        assert!(line.contains(" root/root "), "another owner than root: {line}");
        let mode = line.split(' ').next().unwrap_or_default();
        let is_link = mode.starts_with('l');
        assert!(is_link || mode.as_bytes()[8] != b'w', "writable for everybody: {line}");
    }
    // What is a conffile exists, and everything in /etc is one.
    let conffiles = fs::read_to_string(root().join("packaging/deb/conffiles")).expect("a list");
    let in_etc = contents.lines().filter_map(|line| line.split_once(" ./etc/"));
    let mut in_etc: Vec<String> = in_etc
        .map(|(_, path)| format!("/etc/{path}"))
        .filter(|path| !path.ends_with('/'))
        .collect();
    in_etc.sort();
    assert_eq!(in_etc, conffiles.lines().collect::<Vec<_>>());
}

/// A machine with the package's file at `/handed-over`; none, announced, where there can be none.
fn machine(folder: &Path) -> Option<Machine> {
    let adds = "the Debian package is installed, started by its init script, removed and purged";
    let tools = [
        "dpkg",
        "dpkg-deb",
        "dpkg-shlibdeps",
        "strip",
        "unshare",
        "nsenter",
        "ip",
        "adduser",
        "start-stop-daemon",
        "debconf-set-selections",
        "update-rc.d",
        "runuser",
        "ps",
    ];
    let why = if nix::unistd::geteuid().is_root() {
        missing(&tools).map(|program| format!("{program} is missing"))
    } else {
        Some("only root may install packages".to_owned())
    };
    let started = why.map_or_else(|| Machine::start(folder), Err);
    started.map_err(|why| foreign::skipped(&why, adds)).ok()
}

/// Makes a bridge, and an ingest with a private database.
fn configure(machine: &Machine) {
    machine.ok("runuser -u chopmark-bridge -- chopmark keys bridge --out /var/lib/chopmark/bridge/bridge.pem");
    machine.ok("cd /var/lib/chopmark/ingest && runuser -u chopmark-ingest -- \
                chopmark keys ledger --origin site.example/1 --out ledger.pem");
    machine.ok("install -o root -g chopmark-bridge -m 0640 /handed-over/bridge.toml /etc/chopmark/bridge.toml");
    machine.ok("install -o root -g chopmark-ingest -m 0640 /handed-over/ingest.toml /etc/chopmark/ingest.toml");
}

fn write_configuration(folder: &Path) {
    let write = |name: &str, text: &str| fs::write(folder.join(name), text).expect("our folder");
    write(
        "bridge.toml",
        "data_dir = \"/var/lib/chopmark/bridge\"\n[firmware_bridge]\nid = \"b1\"\nkey = \"bridge.pem\"\n\
         ingest_url = \"http://127.0.0.1:8081\"\nledger = \"site.example/1\"\n",
    );
    write(
        "ingest.toml",
        "data_dir = \"/var/lib/chopmark/ingest\"\n[database]\nembedded = true\n[ingest]\n\
         [[ledger]]\norigin = \"site.example/1\"\nkeys = \"ledger.pem\"\n\
         party = { name = \"Example\", pgln = \"urn:epc:id:pgln:9521141.00000\" }\n",
    );
}

/// Users, folders and rights, and what one role may see of another.
fn check_rights(machine: &Machine) {
    for role in ["ingest", "anchor", "trace-api", "desk", "bridge"] {
        let user = format!("chopmark-{role}");
        assert_eq!(
            machine.ok(&format!("stat -c '%U %G %a' /var/lib/chopmark/{role}")),
            format!("{user} {user} 700\n")
        );
        let groups = machine.ok(&format!("id -nG {user}"));
        assert!(groups.split_whitespace().any(|group| group == "chopmark"), "{groups}");
        assert_eq!(groups.contains("dialout"), role == "bridge", "{groups}");
        let shell = machine.ok(&format!("getent passwd {user}"));
        assert!(shell.ends_with(":/usr/sbin/nologin\n"), "{shell}");
    }
    assert_eq!(machine.ok("stat -c '%U %G %a' /etc/chopmark"), "root chopmark 750\n");
}

#[test]
fn the_package_is_installed_started_by_its_init_script_reloaded_stopped_and_removed() {
    let folder = tests::folder::temporary();
    let Some(machine) = machine(folder.path()) else { return };
    let package = build(folder.path());
    let deb = format!("/handed-over/{}", package.file_name().expect("a file").display());
    write_configuration(folder.path());

    machine.ok(&format!("dpkg --no-triggers --install {deb}"));
    check_rights(&machine);
    let (_, text) = machine.run("cd / && chopmark doctor");
    assert!(text.contains("/var/lib/chopmark, a folder for each role: "), "{text}");
    let text = machine.ok("/etc/init.d/chopmark start");
    assert!(text.contains("nothing to start: no role has a configuration file"), "{text}");
    let (status, text) = machine.run("/etc/init.d/chopmark start anchor");
    assert_eq!(status, Some(6), "{text}");

    configure(&machine);
    for secret in ["/var/lib/chopmark/bridge/bridge.pem", "/etc/chopmark/bridge.toml"] {
        let (status, _) = machine.run(&format!("runuser -u chopmark-ingest -- cat {secret}"));
        assert_eq!(status, Some(1), "ingest read {secret} of the bridge");
        machine.ok(&format!("runuser -u chopmark-bridge -- cat {secret}"));
    }
    check_services(&machine);
    check_units(&machine);
    check_removal(&machine, &deb);
}

/// Start, status, reload, restart and stop by the init script.
fn check_services(machine: &Machine) {
    let text = machine.ok("/etc/init.d/chopmark start");
    assert_eq!(text, "chopmark: ingest: started\nchopmark: bridge: started\n");
    for role in ["ingest", "bridge"] {
        let line = format!("chopmark health --config /etc/chopmark/{role}.toml");
        tests::waiting::wait_for(&format!("{role} is ready"), || machine.run(&line).0 == Some(0));
        let user = machine.ok(&format!("ps -o user:32= -p $(cat /run/chopmark/{role}.pid)"));
        assert_eq!(user.trim(), format!("chopmark-{role}"));
    }
    let running = machine.ok("/etc/init.d/chopmark status");
    assert_eq!(running.matches(": runs (process ").count(), 2, "{running}");
    let text = machine.ok("/etc/init.d/chopmark start");
    assert_eq!(text.matches(": runs already").count(), 2, "{text}");

    let text = machine.ok("/etc/init.d/chopmark reload");
    assert_eq!(text.matches(": reads its files again").count(), 2, "{text}");
    machine.ok("chopmark health --config /etc/chopmark/bridge.toml");
    assert_eq!(machine.ok("/etc/init.d/chopmark status"), running, "the same processes run");

    assert_eq!(machine.ok("/etc/init.d/chopmark stop bridge"), "chopmark: bridge: stopped\n");
    let (status, text) = machine.run("/etc/init.d/chopmark status");
    assert_eq!(status, Some(3), "{text}");
    assert!(text.contains("chopmark: bridge: does not run"), "{text}");
    assert_eq!(machine.run("/etc/init.d/chopmark reload bridge").0, Some(3));
    let (status, text) = machine.run("chopmark health --config /etc/chopmark/bridge.toml");
    assert_eq!(status, Some(1), "{text}");
    assert!(text.contains("bridge: NOT READY (127.0.0.1:8082): no answer: "), "{text}");

    // A file that is wrong: the reason is on the terminal.
    machine.ok("sed -i 's/^id = .*/id = \"b 1\"/' /etc/chopmark/bridge.toml");
    let (status, text) = machine.run("/etc/init.d/chopmark start bridge");
    assert_eq!(status, Some(1), "{text}");
    assert!(text.contains("bridge: DID NOT START") && text.contains("got `b 1`"), "{text}");
    machine.ok("sed -i 's/^id = .*/id = \"b1\"/' /etc/chopmark/bridge.toml");
    machine.ok("/etc/init.d/chopmark start bridge");
    assert_eq!(machine.run("/etc/init.d/chopmark dance").0, Some(2));
    assert_eq!(machine.run("/etc/init.d/chopmark start dance").0, Some(2));
}

/// The units, as `systemd-analyze` sees them; announced where that is missing.
fn check_units(machine: &Machine) {
    if machine.run("command -v systemd-analyze").0 != Some(0) {
        return foreign::skipped("systemd-analyze is missing", "the units are checked");
    }
    let folder = "/usr/lib/systemd/system";
    for unit in UNITS {
        let path = format!("{folder}/chopmark-{unit}.service");
        let text = machine.ok(&format!("systemd-analyze verify --man=no {path}"));
        assert_eq!(text, "", "{path}");
        let text =
            machine.ok(&format!("systemd-analyze security --offline=true --no-pager {path}"));
        let last = text.lines().last().unwrap_or_default();
        let (_, exposure) = last.split_once(".service: ").unwrap_or_else(|| panic!("{text}"));
        let exposure: f64 =
            exposure.split(' ').next().and_then(|number| number.parse().ok()).expect("a number");
        assert!(exposure < EXPOSURE, "{text}");
    }
    for unit in ["chopmark.target", "chopmark-backup.timer"] {
        let text = machine.ok(&format!("systemd-analyze verify --man=no {folder}/{unit}"));
        assert_eq!(text, "", "{unit}");
    }
    // Otherwise systemd would make a unit of this name from the init script, and every role would start twice.
    assert_eq!(machine.ok(&format!("readlink {folder}/chopmark.service")), "/dev/null\n");
}

/// Upgrade, removal, purge without and with the data.
fn check_removal(machine: &Machine, deb: &str) {
    let running = machine.ok("/etc/init.d/chopmark status");
    let text = machine.ok(&format!("dpkg --no-triggers --install {deb}"));
    assert!(text.contains("chopmark migrate"), "an upgrade says what comes first: {text}");
    assert_eq!(machine.ok("/etc/init.d/chopmark status"), running, "an upgrade stops nothing");

    let text = machine.ok("dpkg --no-triggers --remove chopmark");
    assert!(
        text.contains("chopmark: ingest: stopped") && text.contains("bridge: stopped"),
        "{text}"
    );
    assert_eq!(machine.run("pgrep -u chopmark-ingest,chopmark-bridge").1, "", "nothing runs");
    let kept = "test -s /var/lib/chopmark/ingest/ledger.pem && test -d /var/lib/chopmark/ingest/postgres && \
                test -s /var/lib/chopmark/bridge/bridge.pem && test -s /etc/chopmark/ingest.toml";
    machine.ok(kept);
    assert_eq!(machine.ok("/etc/init.d/chopmark start"), "", "the script of a removed package");

    let text = machine.ok("dpkg --no-triggers --purge chopmark");
    assert!(text.contains("/var/lib/chopmark stays"), "{text}");
    machine.ok(kept);
    machine.ok("getent passwd chopmark-ingest");
    machine.ok("test ! -e /var/log/chopmark && test ! -e /etc/init.d/chopmark && test ! -e /etc/default/chopmark");

    machine.ok(&format!("dpkg --no-triggers --install {deb}"));
    machine.ok(kept);
    machine.ok("echo 'chopmark chopmark/purge-data boolean true' | debconf-set-selections");
    machine.ok("dpkg --no-triggers --purge chopmark");
    machine.ok("test ! -e /var/lib/chopmark && test ! -e /etc/chopmark");
    assert_eq!(machine.run("getent passwd chopmark-ingest").0, Some(2), "its users are gone");
}
