//! Ledger keys that are no plain file: encrypted with a passphrase, or in a token.
//!
//! The way through: an operator's commands make the keys, ingest signs with them, and `chopmark audit` checks what it
//! signed with the public keys alone. The token is `SoftHSM2`'s, with a folder of the test's own.
//!
//! What holds: a test whose token is missing fails and says how to get it.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use tests::stage::{ORIGIN, Stage, TOKEN, post};

/// The PIN of the test's token.
const PIN: &str = "987654";

fn put(stage: &Stage, name: &str, text: &str) -> PathBuf {
    let path = stage.folder.path().join(name);
    keystore::private::create(&path, text).expect("the folder is ours");
    path
}

/// Replaces `keys = …` of the stage's one ledger.
fn configure(stage: &Stage, keys: &str) {
    let path = stage.folder.path().join("chopmark.toml");
    let text = fs::read_to_string(&path).expect("the stage wrote it");
    let lines = text.lines().filter(|line| !line.starts_with("keys_passphrase"));
    let lines = lines.map(|line| if line.starts_with("keys = ") { keys } else { line });
    fs::write(&path, lines.collect::<Vec<_>>().join("\n")).expect("the folder is ours");
}

/// The problems with which ingest does not start.
fn refused(stage: &Stage) -> String {
    let words = ["up", "--role", "ingest", "--config", "chopmark.toml"];
    let (status, text) = stage.chopmark(&words);
    assert_eq!(status, Some(2), "{text}");
    text
}

/// Has ingest record something, and the audit check it with these public keys.
fn records_and_audits(stage: &Stage, public: &str) {
    let policy: Vec<String> = public.lines().map(|key| format!("log {key}")).collect();
    fs::write(stage.folder.path().join("policy.txt"), policy.join("\n")).expect("it is ours");
    let mut ingest = stage.start_ingest();
    let event = r#"{"@context":["https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld"],
        "type":"EPCISDocument","schemaVersion":"2.0","creationDate":"2026-11-20T00:00:00Z",
        "epcisBody":{"eventList":[{"type":"ObjectEvent","eventTime":"2026-11-20T08:00:00Z",
        "eventTimeZoneOffset":"+00:00","action":"OBSERVE","bizStep":"storing",
        "epcList":["urn:epc:id:sgtin:9521141.012345.7"],
        "readPoint":{"id":"urn:epc:id:sgln:9521142.00001.3"}}]}}"#;
    let token = format!("Bearer {TOKEN}");
    let headers = [("Content-Type", "application/json"), ("Authorization", token.as_str())];
    let url = format!("http://{}/capture", stage.ingest);
    let (status, answer) = post(&url, &headers, event.as_bytes());
    assert!((200..300).contains(&status), "{status}: {answer}");
    assert!(ingest.stop().success());
    stage.check_whole_ledger();
}

/// The lines of `keys ledger` or `keys show` that are public keys.
fn public_keys(text: &str) -> String {
    let keys = text.lines().filter(|line| line.starts_with(ORIGIN));
    keys.collect::<Vec<_>>().join("\n")
}

#[test]
fn a_ledger_signs_with_keys_that_are_encrypted_and_starts_with_their_passphrase_only() {
    let stage = Stage::new(None);
    put(&stage, "passphrase", "correct horse battery\n");
    put(&stage, "wrong", "correct mule battery\n");
    let (status, plain) = stage.chopmark(&["keys", "show", "ledger.pem"]);
    assert_eq!(status, Some(0), "{plain}");
    let doctor = ["doctor", "--data", ".", "--config", "chopmark.toml"];
    let text = stage.chopmark(&doctor).1;
    assert!(text.contains("ledger.pem: for its owner alone, not encrypted"), "{text}");
    let encrypt = ["keys", "encrypt", "ledger.pem", "--passphrase-file", "passphrase"];
    let (status, text) = stage.chopmark(&encrypt);
    assert_eq!(status, Some(0), "{text}");
    let file = fs::read_to_string(stage.folder.path().join("ledger.pem")).expect("it is there");
    assert!(file.starts_with("-----BEGIN CHOPMARK ENCRYPTED KEYS-----\n"), "{file}");
    assert!(file.contains("kdf: argon2id m=65536 t=3 p=1 "), "{file}");
    assert_eq!(stage.chopmark(&encrypt).0, Some(2), "it is encrypted already");
    let text = stage.chopmark(&doctor).1;
    assert!(text.contains("ledger.pem: for its owner alone\n"), "{text}");
    assert!(!text.contains("not encrypted"), "{text}");

    let found = refused(&stage);
    assert!(found.contains("which is encrypted, expected `keys_passphrase_file`"), "{found}");
    let keys = "keys = \"ledger.pem\"";
    configure(&stage, &format!("{keys}\nkeys_passphrase_file = \"wrong\""));
    let found = refused(&stage);
    assert!(found.contains("the passphrase is wrong, or the file was changed"), "{found}");
    configure(&stage, &format!("{keys}\nkeys_passphrase_file = \"passphrase\""));
    records_and_audits(&stage, &public_keys(&plain));

    let show = ["keys", "show", "ledger.pem", "--passphrase-file", "passphrase"];
    assert_eq!(public_keys(&stage.chopmark(&show).1), public_keys(&plain));
    let (status, text) =
        stage.chopmark(&["keys", "decrypt", "ledger.pem", "--passphrase-file", "wrong"]);
    assert_eq!(status, Some(2), "{text}");
    let decrypt = ["keys", "decrypt", "ledger.pem", "--passphrase-file", "passphrase"];
    assert_eq!(stage.chopmark(&decrypt).0, Some(0));
    assert_eq!(stage.chopmark(&["keys", "show", "ledger.pem"]), (Some(0), plain));
}

#[test]
fn a_passphrase_comes_from_a_credential_of_systemd_and_new_keys_are_encrypted_at_once() {
    let mut stage = Stage::new(None);
    let credentials = stage.folder.path().join("credentials");
    fs::create_dir(&credentials).expect("the folder is ours");
    fs::write(credentials.join("ledger-keys"), "correct horse battery").expect("it is ours");
    put(&stage, "passphrase", "correct horse battery\n");
    let new = ["keys", "ledger", "--origin", ORIGIN, "--out", "new.pem", "--encrypt"];
    let (status, text) = stage.chopmark(&[&new[..], &["--passphrase-file", "passphrase"]].concat());
    assert_eq!(status, Some(0), "{text}");
    assert!(!text.contains("PRIVATE"), "{text}");
    configure(&stage, "keys = \"new.pem\"\nkeys_passphrase_credential = \"ledger-keys\"");
    assert!(refused(&stage).contains("got no $CREDENTIALS_DIRECTORY"));
    stage.environment = vec![("CREDENTIALS_DIRECTORY".to_owned(), credentials)];
    records_and_audits(&stage, &public_keys(&text));
}

/// `SoftHSM2`'s module, as Debian installs it or `make setup` unpacked it.
fn module() -> PathBuf {
    let own =
        concat!(env!("CARGO_MANIFEST_DIR"), "/../var/tools/root/usr/lib/softhsm/libsofthsm2.so");
    let places = ["/usr/lib/softhsm/libsofthsm2.so", own];
    let found = places.iter().map(PathBuf::from).find(|path| path.exists());
    found.unwrap_or_else(|| {
        panic!("SoftHSM2 is needed; `make setup` gets it (Debian package softhsm2)")
    })
}

/// Makes a token `site` in the stage's folder; gives the address of the keys `door` in it.
fn new_token(stage: &mut Stage) -> String {
    let module = module();
    let folder = stage.folder.path();
    fs::create_dir(folder.join("tokens")).expect("the folder is ours");
    let conf = folder.join("softhsm2.conf");
    let tokens = folder.join("tokens");
    fs::write(
        &conf,
        format!("directories.tokendir = {}\nobjectstore.backend = file\n", tokens.display()),
    )
    .expect("the folder is ours");
    let beside = module.ancestors().nth(3).expect("below usr").join("bin/softhsm2-util");
    let made = Command::new(beside)
        .args(["--init-token", "--free", "--label", "site", "--so-pin", "1234567890", "--pin", PIN])
        .arg("--module")
        .arg(&module)
        .env("SOFTHSM2_CONF", &conf)
        .output()
        .expect("softhsm2-util starts");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    stage.environment = vec![("SOFTHSM2_CONF".to_owned(), conf)];
    format!("pkcs11:token=site;object=door?module-path={}", module.display())
}

#[test]
fn a_ledger_signs_with_keys_that_never_leave_their_token() {
    let mut stage = Stage::new(None);
    let uri = new_token(&mut stage);
    put(&stage, "pin", &format!("{PIN}\n"));
    put(&stage, "wrong-pin", "111111\n");
    let generate = |pin: &str| {
        stage.chopmark(&[
            "keys",
            "ledger",
            "--origin",
            ORIGIN,
            "--pkcs11",
            &uri,
            "--passphrase-file",
            pin,
        ])
    };
    let (status, text) = generate("wrong-pin");
    assert!(text.contains("token `site`, object `door`: the PIN is wrong"), "{text}");
    assert_eq!(status, Some(2));
    let (status, made) = generate("pin");
    assert_eq!(status, Some(0), "{made}");
    assert_eq!(public_keys(&made).lines().count(), 2, "{made}");
    let (status, text) = generate("pin");
    assert!(text.contains("they are never replaced"), "{text}");
    assert_eq!(status, Some(2));

    configure(&stage, &format!("keys = \"{uri}\"\nkeys_passphrase_file = \"wrong-pin\""));
    let found = refused(&stage);
    assert!(found.contains("keys: token `site`, object `door`: the PIN is wrong"), "{found}");
    assert!(!found.contains("111111"), "{found}");
    let absent = uri.replace("token=site", "token=other");
    configure(&stage, &format!("keys = \"{absent}\"\nkeys_passphrase_file = \"pin\""));
    let found = refused(&stage);
    assert!(found.contains("got 0 tokens with the label `other`, expected one"), "{found}");
    assert!(found.contains("`site`"), "{found}");
    configure(&stage, &format!("keys = \"{uri}\"\nkeys_passphrase_file = \"pin\""));
    records_and_audits(&stage, &public_keys(&made));
}
