//! `chopmark product`: what it writes is what pages show, and what pages could not show changes nothing.

use std::fs;
use std::path::Path;

use history::testing::{GTIN, SERIAL};
use sql::Access;

use crate::running::{Up, chopmark_in, free_address, get, wait_for};
use crate::scene::{Ran, Scene};

const PNG: &[u8] = b"\x89PNG\r\n\x1a\nnot a whole picture, but what its first bytes say";

const TRACE_API: &str = "[trace_api]\npublic_url = \"https://id.example\"\npolicy = \"policy.txt\"\n\
                         scan_secret = \"scan.secret\"\n";

/// A folder with a configuration and a file of products that has a comment.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(
        folder.path().join("chopmark.toml"),
        format!("{TRACE_API}products = \"products.toml\"\n"),
    )
    .unwrap();
    fs::write(folder.path().join("tea.png"), PNG).unwrap();
    folder
}

fn product(folder: &Path, words: &[&str]) -> Ran {
    chopmark_in(folder, &[&["product"], words].concat())
}

fn new(folder: &Path) -> Ran {
    product(folder, &["set", "9521141123454", "--name-zh", "绿茶", "--name-en", "Green tea"])
}

#[test]
fn a_change_keeps_comments_and_what_it_does_not_concern() {
    let folder = folder();
    let path = folder.path().join("products.toml");
    fs::write(
        &path,
        "# Ours.\n[[product]]\ngtin = \"09521141000014\" # the first\nname_zh = \"甲\"\nname_en = \"A\"\npack_zh = \"\"\npack_en = \"\"\n",
    )
    .unwrap();
    let before = fs::read_to_string(&path).unwrap();
    let ran = new(folder.path());
    assert_eq!(ran.status, 0, "{}", ran.err);
    assert!(ran.out.contains("systemctl reload"), "{}", ran.out);
    let after = fs::read_to_string(&path).unwrap();
    assert!(after.starts_with(&before) && after.contains("gtin = \"09521141123454\""), "{after}");

    let picture =
        ["set", "9521141123454", "--picture", "tea.png", "--market", "CN", "--market", "SG"];
    assert_eq!(product(folder.path(), &picture).status, 0);
    for (lang, title) in [("en", "Tea"), ("zh", "茶"), ("en", "Tea again")] {
        let href = "https://brand.example/tea";
        let link = ["link", "9521141123454", "gs1:pip", href, "--title", title, "--lang", lang];
        let ran = product(folder.path(), &link);
        assert_eq!(ran.status, 0, "{}", ran.err);
    }
    // The copy is shown, though the original is gone.
    fs::remove_file(folder.path().join("tea.png")).unwrap();
    let ran = product(folder.path(), &["show", "9521141123454"]);
    assert_eq!(ran.status, 0, "{}", ran.err);
    for wanted in ["Green tea / 绿茶", "image/png", "CN SG", "\"Tea again\" (en)", "\"茶\" (zh)"]
    {
        assert!(ran.out.contains(wanted), "{wanted}: {}", ran.out);
    }
    assert!(!ran.out.contains("\"Tea\" "), "it was replaced: {}", ran.out);

    let pip = "https://ref.gs1.org/voc/pip";
    assert_eq!(product(folder.path(), &["unlink", "9521141123454", pip, "--lang", "en"]).status, 0);
    assert_eq!(product(folder.path(), &["unset", "9521141123454", "picture", "markets"]).status, 0);
    let ran = product(folder.path(), &["show", "9521141123454", "--json"]);
    let shown: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(
        (&shown["picture"], &shown["markets"]),
        (&serde_json::Value::Null, &serde_json::json!([]))
    );
    assert_eq!(shown["links"].as_array().unwrap().len(), 1);
    assert_eq!(
        (&shown["links"][0]["type"], &shown["links"][0]["lang"]),
        (&pip.into(), &"zh".into())
    );

    let ran = product(folder.path(), &["list"]);
    assert_eq!(ran.out.lines().count(), 2, "{}", ran.out);
    assert_eq!(product(folder.path(), &["remove", "09521141123454"]).status, 0);
    assert_eq!(fs::read_to_string(&path).unwrap(), before, "all of it is gone again");
    let ran = product(folder.path(), &["remove", "09521141123454"]);
    assert!(ran.status == 2 && ran.err.contains("has no product 09521141123454"), "{}", ran.err);
}

#[test]
fn what_pages_could_not_show_changes_nothing_and_says_why() {
    let folder = folder();
    let path = folder.path().join("products.toml");
    assert_eq!(new(folder.path()).status, 0);
    let before = fs::read_to_string(&path).unwrap();
    fs::write(folder.path().join("large.png"), [PNG, &vec![0; 100_000]].concat()).unwrap();
    fs::write(folder.path().join("page.png"), "<script>alert(1)</script>").unwrap();
    let own = "9521141123454";
    let tea = "https://brand.example/tea";
    for (words, wanted) in [
        (&["set", "9521141123455", "--name-en", "x"][..], "check digit"),
        (&["set", "9521141000014", "--name-en", "x"], "needs --name-zh and --name-en"),
        (&["set", own], "got nothing to set"),
        (&["set", own, "--picture", "large.png"], "expected at most 100000"),
        (&["set", own, "--picture", "page.png"], "expected PNG, JPEG, WebP or SVG"),
        (&["set", own, "--picture", "none.png"], "none.png"),
        (&["set", own, "--recall-url", "javascript:alert(1)"], "begins with `https://`"),
        (&["set", own, "--market", "china"], "two capitals"),
        (
            &["link", own, "gs1:pip", "javascript:alert(1)", "--title", "x"],
            "begins with `https://`",
        ),
        (&["link", own, "pip", tea, "--title", "x"], "a type of GS1's vocabulary"),
        (&["link", own, "gs1:pip", tea, "--title", " "], "a title for people"),
        (
            &["link", "9521141000014", "gs1:pip", tea, "--title", "x"],
            "`chopmark product set` adds one",
        ),
        (&["unlink", own, "gs1:pip"], "no such link"),
    ] {
        let ran = product(folder.path(), words);
        assert_eq!(ran.status, 2, "{words:?}: {}", ran.out);
        assert!(ran.err.contains(wanted), "{words:?}: {}", ran.err);
        assert_eq!(fs::read_to_string(&path).unwrap(), before, "{words:?}");
        assert!(!folder.path().join("products.toml.new").exists(), "{words:?}");
    }
}

#[test]
fn secrets_of_tokens_and_hidden_codes_are_named_where_they_are_shown_as_there_and_taken_back() {
    let folder = folder();
    let path = folder.path().join("products.toml");
    let own = "9521141123454";
    fs::create_dir(folder.path().join("keys")).unwrap();
    for (name, text) in [("token.key", "0123456789abcdef".repeat(2)), ("code.key", "a".repeat(32))]
    {
        keystore::private::create(&folder.path().join("keys").join(name), &text).unwrap();
    }
    keystore::private::create(&folder.path().join("short.key"), "0123456789abcdef\n").unwrap();
    assert_eq!(new(folder.path()).status, 0);
    let ran = product(folder.path(), &["show", own]);
    assert!(!ran.out.contains("tokens") && !ran.out.contains("codes"), "{}", ran.out);
    let before = fs::read_to_string(&path).unwrap();
    for (words, wanted) in [
        (["--code-key", "none.key"], "could not read none.key"),
        (["--code-key", "short.key"], "code_key: got 16 bytes"),
        (["--token-key", "short.key"], "token_key: got 16 bytes"),
    ] {
        let ran = product(folder.path(), &[&["set", own], &words[..]].concat());
        assert_eq!(ran.status, 2, "{words:?}: {}", ran.out);
        assert!(ran.err.contains(wanted), "{words:?}: {}", ran.err);
        assert_eq!(fs::read_to_string(&path).unwrap(), before, "{words:?}");
    }
    let set = ["set", own, "--token-key", "keys/token.key", "--code-key", "keys/code.key"];
    let ran = product(folder.path(), &set);
    assert_eq!(ran.status, 0, "{}", ran.err);
    let file = fs::read_to_string(&path).unwrap();
    for line in ["token_key = \"keys/token.key\"", "code_key = \"keys/code.key\""] {
        assert!(file.contains(line), "{line}: {file}");
    }
    assert!(!folder.path().join("pictures").exists(), "a secret is not copied");
    let shown = |key: &str| {
        let ran = product(folder.path(), &["show", own, "--json"]);
        let shown: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
        assert!(!ran.out.contains("aaaa"), "the secret is not shown: {}", ran.out);
        shown[key].clone()
    };
    assert_eq!([shown("asks_for_tokens"), shown("has_hidden_codes")], [true, true]);
    let ran = product(folder.path(), &["show", own]);
    assert!(ran.out.contains("tokens   asked for"), "{}", ran.out);
    assert!(ran.out.contains("codes    taken"), "{}", ran.out);
    assert_eq!(product(folder.path(), &["unset", own, "code-key"]).status, 0);
    assert_eq!([shown("asks_for_tokens"), shown("has_hidden_codes")], [true, false]);
    assert_eq!(product(folder.path(), &["unset", own, "token-key"]).status, 0);
    assert_eq!(fs::read_to_string(&path).unwrap(), before, "all of it is gone again");
}

#[test]
fn two_changes_at_a_time_do_not_overwrite_each_other() {
    let folder = folder();
    assert_eq!(new(folder.path()).status, 0);
    let path = folder.path().join("products.toml");
    let before = fs::read_to_string(&path).unwrap();
    // As another command leaves it while it works.
    fs::write(folder.path().join("products.toml.new"), "").unwrap();
    let ran = product(folder.path(), &["set", "9521141123454", "--name-en", "Black tea"]);
    assert!(
        ran.status == 2 && ran.err.contains("another command changes the products"),
        "{}",
        ran.err
    );
    assert_eq!(fs::read_to_string(&path).unwrap(), before);
    assert!(folder.path().join("products.toml.new").exists(), "it is the other command's");
}

#[test]
fn a_configuration_that_names_no_file_is_told_how_to() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("chopmark.toml"), TRACE_API).unwrap();
    let ran = new(folder.path());
    assert!(ran.status == 2 && ran.err.contains("products = \"products.toml\""), "{}", ran.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_set_is_on_the_page_and_among_the_links_after_sighup() {
    let scene = Scene::new("product").await;
    let (public, internal) = (free_address(), free_address());
    let url = scene.db.url_for(Access::TraceApi);
    scene.file("scan.secret", "0123456789abcdef\n");
    let config = scene.file(
        "chopmark.toml",
        &format!(
            "[database]\ntrace_api_url = \"{url}\"\n[trace_api]\nlisten = \"{public}\"\ninternal_listen = \"{internal}\"\n\
             public_url = \"http://{public}\"\npolicy = \"policy.txt\"\nscan_secret = \"scan.secret\"\n\
             products = \"products.toml\"\n"
        ),
    );
    let folder = config.parent().unwrap().to_owned();
    fs::write(folder.join("products.toml"), "").unwrap();
    let picture = "<svg xmlns=\"http://www.w3.org/2000/svg\"/>";
    fs::write(folder.join("tea.svg"), picture).unwrap();
    let mut up = Up::start(&folder, &[]);
    tokio::task::spawn_blocking(move || {
        up.wait_until_ready(internal, "/readyz");
        let name = "Tea <b onclick=alert(1)>";
        let set = ["set", GTIN, "--name-zh", "绿茶", "--name-en", name, "--picture", "tea.svg"];
        let ran = product(&folder, &set);
        assert_eq!(ran.status, 0, "{}", ran.err);
        let href = "https://brand.example/tea";
        let ran = product(&folder, &["link", GTIN, "gs1:pip", href, "--title", "Our tea"]);
        assert_eq!(ran.status, 0, "{}", ran.err);
        up.hang_up();
        let page = wait_for("the page has not the name", || {
            let page = get(public, &format!("/01/{GTIN}/21/{SERIAL}?lang=en"), &[]).1;
            if page.contains("Tea &#60;b onclick") { Ok(page) } else { Err(up.log()) }
        });
        assert!(!page.contains("<b onclick"), "{page}");
        let name = page.split("/assets/picture/").nth(1).expect("it has a picture");
        let name = name.split('"').next().unwrap();
        let shown = get(public, &format!("/assets/picture/{name}"), &[]);
        assert_eq!(shown, (200, picture.to_owned()));
        let links = get(public, &format!("/01/{GTIN}?linkType=linkset"), &[]).1;
        assert!(links.contains(href) && links.contains("Our tea"), "{links}");
        up.stop();
    })
    .await
    .unwrap();
}
