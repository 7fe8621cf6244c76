//! The sentences that people read: none promises more than the evidence gives, and each is in its one place.
//!
//! The way through: [`rust_texts`], [`script_texts`] and [`page_texts`] take every text out of a source, a script and a
//! page; each test looks at all of them, so a new file is looked at as well.
//!
//! What holds: a word of [`NEVER`] in any text of the product fails with file and line; so does Chinese outside of
//! [`PLACES`], and a page with a text of its own.
//!
//! Not here: whether both languages say the same; that is for who writes them.
//!
//! Source: docs/decisions/0038-where-sentences-are.md.

use std::path::Path;

use proc_macro2::{TokenStream, TokenTree};

use crate::layout::sources::{SourceFile, files};
use crate::layout::tokens::code;

/// Words that promise more than anybody knows.
const NEVER: [&str; 18] = [
    "genuine",
    "authentic",
    "guaranteed",
    "tamper-proof",
    "tamperproof",
    "unforgeable",
    "trustless",
    "verified by blockchain",
    "100 %",
    "100%",
    "正品",
    "真品",
    "保真",
    "已证实",
    "百分之百",
    "不可伪造",
    "不可篡改",
    "绝对可靠",
];
/// Where sentences in both languages are.
const PLACES: [&str; 16] = [
    // Headings that a file of master data may have.
    "chopmark/src/master",
    // Names that devices give to units, which are read and never shown.
    "crates/devices/src/sensor/unit.rs",
    "crates/export/src/report/words.rs",
    "trace-api/src/words.rs",
    "trace-api/src/words/",
    // The name of each language in itself.
    "crates/process/src/language.rs",
    // Business steps and dispositions, which more than one process shows.
    "crates/process/src/vocabulary.rs",
    "desk/src/words.rs",
    "desk/src/words/",
    "chopmark/src/words.rs",
    "chopmark/src/reader/words.rs",
    // Its questions, and the names of examples that it writes.
    "chopmark/src/init/",
    "demo/src/play/words.rs",
    "demo/src/play/words/",
    // Names of the demo's parties and products.
    "demo/src/play/parties.rs",
    "demo/src/play/files.rs",
];
/// What is no part of the product, and has no sentences for people in two languages.
const BESIDE_THE_PRODUCT: [&str; 2] = ["tests/", "fuzz/"];
/// Names that a page may have in its own text.
const NAMES: [&str; 2] = ["Chopmark", "GTIN"];

/// A text in a file.
#[derive(Debug, PartialEq, Eq)]
struct Excerpt {
    line: usize,
    text: String,
    /// Whether it is a comment of the documentation.
    is_doc: bool,
}

/// The texts between quotation marks of a Rust source, without those that are compiled for tests only.
fn rust_texts(file: &SourceFile) -> Vec<Excerpt> {
    let mut found = Vec::new();
    add_rust_texts(code(&file.path, &file.text), false, &mut found);
    found
}

fn add_rust_texts(trees: Vec<TokenTree>, is_doc: bool, found: &mut Vec<Excerpt>) {
    let mut before = String::new();
    for tree in trees {
        match &tree {
            TokenTree::Literal(literal) => {
                let (written, line) = (literal.to_string(), literal.span().start().line);
                if let Some(begin) = written.find('"') {
                    let text = written[begin + 1..].trim_end_matches(['"', '#']);
                    found.push(Excerpt { line, text: unbroken(text), is_doc });
                }
            }
            TokenTree::Group(group) => {
                let inner: Vec<TokenTree> = TokenStream::into_iter(group.stream()).collect();
                let begins_doc =
                    matches!(inner.first(), Some(TokenTree::Ident(name)) if name == "doc");
                let is_doc = is_doc || before == "#" && begins_doc;
                add_rust_texts(inner, is_doc, found);
            }
            TokenTree::Ident(_) | TokenTree::Punct(_) => {}
        }
        before = tree.to_string();
    }
}

/// A text without the line breaks that a backslash takes back.
fn unbroken(text: &str) -> String {
    let mut parts = text.split("\\\n");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |whole, part| whole + part.trim_start())
}

/// The texts between quotation marks and in templates of a script.
fn script_texts(script: &str) -> Vec<Excerpt> {
    let letters: Vec<char> = script.chars().collect();
    let (mut found, mut at, mut line) = (Vec::new(), 0, 1);
    let mut last = ' ';
    while at < letters.len() {
        let (letter, next) = (letters[at], letters.get(at + 1).copied().unwrap_or(' '));
        let end = match (letter, next) {
            ('/', '/') => end_of(&letters, at + 2, '\n'),
            // What stands after a value divides; anything else begins a regular expression.
            ('/', _) if !(last.is_alphanumeric() || ")]_$".contains(last)) => {
                end_of(&letters, at + 1, '/') + 1
            }
            ('"' | '\'' | '`', _) => {
                let end = end_of(&letters, at + 1, letter);
                let text: String = letters[at + 1..end].iter().collect();
                found.push(Excerpt { line, text, is_doc: false });
                end + 1
            }
            _ => at + 1,
        };
        let end = end.min(letters.len());
        line += letters[at..end].iter().filter(|c| **c == '\n').count();
        if !letter.is_whitespace() {
            last = letter;
        }
        at = end;
    }
    found
}

/// The place of the next `sign` that no backslash is before.
fn end_of(letters: &[char], from: usize, sign: char) -> usize {
    let mut at = from;
    while at < letters.len() && letters[at] != sign {
        at += if letters[at] == '\\' { 2 } else { 1 };
    }
    at
}

/// A page without what is between `begin` and `end`, line breaks kept.
fn without(page: &str, begin: &str, end: &str) -> String {
    let mut out = String::new();
    let mut rest = page;
    while let Some((before, inside)) = rest.split_once(begin) {
        let (cut, after) = inside.split_once(end).unwrap_or((inside, ""));
        out.push_str(before);
        out.extend(cut.chars().filter(|c| *c == '\n'));
        rest = after;
    }
    out + rest
}

/// A page without its styles.
fn without_styles(page: &str) -> String {
    without(page, "<style", "</style>")
}

/// What a page shows of its own: text outside of tags and of what its template inserts, line by line.
fn page_texts(page: &str) -> Vec<Excerpt> {
    let mut text = without_styles(page);
    for (begin, end) in [("{{", "}}"), ("{%", "%}"), ("<", ">")] {
        text = without(&text, begin, end);
    }
    let lines = (1..).zip(text.lines());
    lines
        .map(|(line, text)| Excerpt { line, text: text.trim().to_owned(), is_doc: false })
        .collect()
}

/// The word of [`NEVER`] that a text has, if any.
fn promise(text: &str) -> Option<&'static str> {
    let text = text.to_lowercase();
    NEVER.into_iter().find(|word| {
        text.match_indices(word).any(|(at, _)| {
            // `authenticated` is another word than `authentic`.
            let before = text[..at].chars().next_back();
            let after = text[at + word.len()..].chars().next();
            let is_letter = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
            !word.is_ascii() || !(is_letter(before) || is_letter(after))
        })
    })
}

fn is_chinese(text: &str) -> bool {
    text.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c))
}

/// Words of a page's own text that are no names.
fn own_words(text: &str) -> Vec<&str> {
    let words = text.split(|c: char| !c.is_alphabetic()).filter(|word| !word.is_empty());
    words.filter(|word| !NAMES.contains(word)).collect()
}

/// Every text of the product, by file.
fn all_texts() -> Vec<(String, Vec<Excerpt>)> {
    let is_shipped = |file: &SourceFile| {
        let path = &file.path;
        let is_test = path.contains("/tests/")
            || ["test.mjs", "tests.rs", "testing.rs"].iter().any(|end| path.ends_with(end));
        !BESIDE_THE_PRODUCT.iter().any(|place| path.starts_with(place)) && !is_test
    };
    let mut found: Vec<(String, Vec<Excerpt>)> = Vec::new();
    for file in files(&[".rs", ".js", ".mjs", ".html"]).into_iter().filter(is_shipped) {
        let ending = Path::new(&file.path).extension().and_then(|ending| ending.to_str());
        let texts = if ending == Some("rs") {
            rust_texts(&file)
        } else if ending == Some("html") {
            let lines = without_styles(&file.text);
            let lines = (1..).zip(lines.lines());
            lines
                .map(|(line, text)| Excerpt { line, text: text.to_owned(), is_doc: false })
                .collect()
        } else {
            script_texts(&file.text)
        };
        found.push((file.path, texts));
    }
    found
}

/// Places of texts that have one of [`NEVER`].
fn promises(path: &str, texts: &[Excerpt]) -> Vec<String> {
    let with = texts.iter().filter_map(|text| Some((text, promise(&text.text)?)));
    with.map(|(text, word)| format!("{path}:{}: `{word}` in: {}", text.line, text.text)).collect()
}

/// Places of Chinese where it does not belong.
fn misplaced(path: &str, texts: &[Excerpt]) -> Vec<String> {
    if PLACES.iter().any(|place| path.starts_with(place)) {
        return Vec::new();
    }
    let chinese = texts.iter().filter(|text| !text.is_doc && is_chinese(&text.text));
    chinese.map(|text| format!("{path}:{}: {}", text.line, text.text)).collect()
}

#[test]
fn no_text_of_the_product_promises_more_than_the_evidence_gives() {
    let all = all_texts();
    for seen in [
        "trace-api/src/words/claims.rs",
        "trace-api/pages/verify/verify.js",
        "trace-api/pages/item.html",
    ] {
        let texts = all.iter().find(|(path, _)| path == seen).map(|(_, texts)| texts.len());
        assert!(texts > Some(10), "the texts of {seen} were not found: {texts:?}");
    }
    // Styles of the demo's reports and pictures have shares of a whole; what it says is looked at.
    let is_said = |path: &str| !path.starts_with("demo/") || path.starts_with("demo/src/play/");
    let faults: Vec<String> = all
        .iter()
        .filter(|(path, _)| is_said(path))
        .flat_map(|(path, texts)| promises(path, texts))
        .collect();
    assert!(faults.is_empty(), "words that promise too much:\n{}", faults.join("\n"));
}

#[test]
fn sentences_in_both_languages_are_in_their_places_only() {
    let all = all_texts();
    let faults: Vec<String> = all.iter().flat_map(|(path, texts)| misplaced(path, texts)).collect();
    assert!(faults.is_empty(), "Chinese outside of {PLACES:?}:\n{}", faults.join("\n"));
    for place in PLACES {
        let is_used = |(path, texts): &(String, Vec<Excerpt>)| {
            path.starts_with(place) && texts.iter().any(|text| is_chinese(&text.text))
        };
        assert!(all.iter().any(is_used), "there is no Chinese at {place}");
    }
}

#[test]
fn pages_have_no_text_of_their_own() {
    let pages = files(&[".html"]);
    let mut faults = Vec::new();
    for page in &pages {
        for text in page_texts(&page.text) {
            let words = own_words(&text.text).join(" ");
            if !words.is_empty() {
                faults.push(format!("{}:{}: {words}", page.path, text.line));
            }
        }
    }
    assert!(pages.len() >= 4, "the pages were not found");
    assert!(faults.is_empty(), "texts that belong into words.rs:\n{}", faults.join("\n"));
}

#[test]
fn a_promise_that_is_planted_in_a_source_a_script_or_a_page_is_found_with_its_line() {
    let source = SourceFile {
        path: "a.rs".into(),
        text: "// genuine\nfn a() -> (&str, &str) {\n    (\"是正品\", \"is authenticated, not authe\\\n    ntic\")\n}\n\
               #[cfg(test)]\nmod tests { const A: &str = \"genuine\"; }\n"
            .into(),
    };
    let texts = rust_texts(&source);
    assert_eq!(
        promises("a.rs", &texts),
        ["a.rs:3: `正品` in: 是正品", "a.rs:3: `authentic` in: is authenticated, not authentic"]
    );
    let script =
        "// \"genuine\"\nconst a = b / c; d(/[\"`]/u);\nlet x = 'fine', y = `${z} is\n 100 % so`;";
    assert_eq!(promises("a.js", &script_texts(script)), ["a.js:3: `100 %` in: ${z} is\n 100 % so"]);
    let page = "<style>a{width:100%}</style>\n<p title=\"Guaranteed\">{{ a }}</p>";
    let lines = without_styles(page);
    let texts: Vec<Excerpt> = (1..)
        .zip(lines.lines())
        .map(|(line, text)| Excerpt { line, text: text.to_owned(), is_doc: false })
        .collect();
    assert_eq!(promises("a.html", &texts).len(), 1);
}

#[test]
fn chinese_and_page_texts_that_are_planted_elsewhere_are_found() {
    let file = |path: &str, text: &str| SourceFile { path: path.into(), text: text.into() };
    let planted = file("trace-api/src/page.rs", "/// 注释\nconst A: &str = \"缺口\";");
    assert_eq!(misplaced(&planted.path, &rust_texts(&planted)), ["trace-api/src/page.rs:2: 缺口"]);
    let in_place = file("trace-api/src/words/page.rs", "const A: &str = \"缺口\";");
    assert!(misplaced(&in_place.path, &rust_texts(&in_place)).is_empty());
    let page = "<style>b{c:d}</style><h1>Chopmark {{ a }}</h1>\n{% if x %}<p>Made in</p>{% endif %} · GTIN";
    let words: Vec<(usize, String)> =
        page_texts(page).iter().map(|text| (text.line, own_words(&text.text).join(" "))).collect();
    assert_eq!(words, [(1, String::new()), (2, "Made in".to_owned())]);
}
