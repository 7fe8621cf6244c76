//! Keys of chips as an operator imports, lists and retires them.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use serde_json::Value;
use sql::Access;
use sql::testing::TestDb;

use crate::scene::{Ran, chopmark, chopmark_reading};

const TEXT: &str = "name: tea-2026\nproducts: 09521141 09521142000017\nmode: aes\npicc: p\ncmac: c\ncmac_from: path\n\
                    meta_key: 00000000000000000000000000000000\nfile_key: ffeeddccbbaa99887766554433221100\n";

/// A database, and a folder with a configuration that names the secret.
struct Operator {
    db: TestDb,
    folder: tempfile::TempDir,
}

impl Operator {
    async fn new(name: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("tag.secret"), "the secret of tags\n").unwrap();
        let operator = Self { db: TestDb::migrated(name).await, folder };
        operator.configure("tag_secret = \"tag.secret\"\n");
        operator
    }

    fn configure(&self, more: &str) {
        let text = format!(
            "[trace_api]\npublic_url = \"https://id.example\"\npolicy = \"policy.txt\"\nscan_secret = \"scan.secret\"\n{more}"
        );
        fs::write(self.folder.path().join("chopmark.toml"), text).unwrap();
    }

    fn words(&self, words: &[&str]) -> Vec<String> {
        let config = self.folder.path().join("chopmark.toml");
        let url = self.db.url_for(Access::Owner);
        let place = ["--config", config.to_str().unwrap(), "--database", &url];
        [&["tags", "keys"], words, &place].concat().iter().map(|&word| word.to_owned()).collect()
    }

    fn run(&self, words: &[&str]) -> Ran {
        let words = self.words(words);
        chopmark(&words.iter().map(String::as_str).collect::<Vec<_>>())
    }

    fn import(&self, text: &str) -> Ran {
        let words = self.words(&["import", "-"]);
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        chopmark_reading(&words, text.as_bytes())
    }
}

fn assert_no_key(ran: &Ran) {
    let said = format!("{}{}", ran.out, ran.err).to_lowercase();
    assert!(!said.contains("ffeedd") && !said.contains("0000000000"), "{said}");
}

#[tokio::test]
async fn keys_are_imported_listed_without_a_key_and_retired_once() {
    let operator = Operator::new("tags_import").await;
    assert_eq!(operator.run(&["list"]).out.trim(), "no key sets");
    let ran = operator.import(TEXT);
    assert_eq!(ran.status, 0, "{}", ran.err);
    assert!(
        ran.out.starts_with(
            "key set 1 `tea-2026` holds for 09521141 09521142000017: aes, check value "
        )
    );
    assert!(!ran.out.contains("do not name the item"), "{}", ran.out);
    let again = operator.import(TEXT);
    assert_eq!(again.status, 2);
    assert!(again.err.contains("got the name `tea-2026` of a key set that holds"), "{}", again.err);
    let listed = operator.run(&["list"]);
    // The second half is that of a key of zeros, as FIPS 197 has it.
    assert!(listed.out.contains("1  tea-2026  aes  ") && listed.out.contains("-66E94B\n"));
    let json: Value = serde_json::from_str(&operator.run(&["list", "--json"]).out).unwrap();
    assert_eq!((json["id"].as_u64(), &json["retired_at"]), (Some(1), &Value::Null));
    let retired = operator.run(&["retire", "1"]);
    assert_eq!(retired.status, 0, "{}", retired.err);
    let twice = operator.run(&["retire", "1"]);
    assert!(twice.status == 2 && twice.err.contains("got key set 1, expected one that"));
    assert_eq!(operator.run(&["list"]).out.trim(), "no key sets");
    let all = operator.run(&["list", "--all"]);
    assert!(all.out.contains("retired") && all.out.contains(", retired 20"), "{}", all.out);
    let free = operator.import(&TEXT.replace("cmac_from: path", "cmac_from: p"));
    assert!(free.out.contains("its codes do not name the item"), "{}{}", free.out, free.err);
    let uhf = "name: tea-uhf\nproducts: 0952\nmode: tam1\nkey_id: 1\ntag_key: ffeeddccbbaa99887766554433221100\n";
    let uhf = operator.import(uhf);
    assert!(uhf.out.contains("`tea-uhf` holds for 0952: tam1, check value "), "{}", uhf.err);
    assert!(uhf.out.contains("a response does not name the item"), "{}", uhf.out);
    for ran in [&ran, &again, &listed, &retired, &twice, &all, &free, &uhf] {
        assert_no_key(ran);
    }
    let stored = "do $$ begin if exists (select from tag_key_sets where position('ffeedd' in wrapped::text) > 0 \
                  or position(encode('ffeedd', 'hex') in wrapped::text) > 0) then raise exception 'readable'; end if; end $$";
    operator.db.execute(stored).await.unwrap();
}

#[tokio::test]
async fn a_key_set_that_cannot_be_used_is_refused_without_a_key_in_the_message() {
    let operator = Operator::new("tags_refused").await;
    for (text, said) in [
        (
            TEXT.replace("mode: aes", "mode: des"),
            "standard input: `mode`: expected aes, lrp or tam1",
        ),
        (TEXT.replace("ffeedd", "fxeedd"), "`file_key`: expected 32 hexadecimal digits"),
        (TEXT.replace("picc: p\n", ""), "`picc`: expected a parameter"),
        (String::new(), "`name`: expected"),
        ("name: a\nproducts: 0952\nmode: tam1\nkey_id: 1\n".to_owned(), "`tag_key`: expected"),
    ] {
        let ran = operator.import(&text);
        assert!(ran.status == 2 && ran.err.contains(said), "{said}: {}", ran.err);
        assert_no_key(&ran);
    }
    let file = operator.folder.path().join("tea.keys");
    fs::write(&file, TEXT).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
    let open = operator.run(&["import", file.to_str().unwrap()]);
    assert!(open.err.contains("got mode 0644, expected 0600"), "{}", open.err);
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    operator.configure("");
    let none = operator.run(&["import", file.to_str().unwrap()]);
    assert!(none.status == 2 && none.err.contains("tag_secret: got none"), "{}", none.err);
    operator.configure("tag_secret = \"missing.secret\"\n");
    let missing = operator.run(&["import", file.to_str().unwrap()]);
    assert!(missing.err.contains("[trace_api] tag_secret: could not read"), "{}", missing.err);
    assert_eq!(operator.run(&["list", "--all"]).out.trim(), "no key sets", "nothing was stored");
}
