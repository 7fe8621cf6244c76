//! Where a library or a call may be named.
//!
//! What holds: names are found in the code's tokens, so that a comment or a text names nothing.

use super::tokens::{Kind, Token};

/// A library or call, and the only files that may name it.
pub struct Place {
    /// Segments of a path: `["ureq"]`, `["Timestamp", "now"]`.
    pub path: &'static [&'static str],
    /// Beginnings of paths from the root.
    pub files: &'static [&'static str],
}

/// Libraries that open a device, a connection or a database, or that sign.
pub const LIBRARIES: &[Place] = &[
    Place { path: &["tokio_postgres"], files: &["sql/"] },
    Place { path: &["deadpool_postgres"], files: &["sql/"] },
    Place { path: &["postgres_types"], files: &["sql/"] },
    Place { path: &["rusqlite"], files: &["firmware-bridge/src/spool"] },
    Place {
        path: &["serialport"],
        // The simulator of a line only sets the rate that a pseudo-terminal has.
        files: &["firmware-bridge/src/port.rs", "demo/src/simulators/"],
    },
    Place {
        path: &["rumqttc"],
        files: &["firmware-bridge/src/broker.rs", "demo/src/simulators/broker.rs"],
    },
    Place { path: &["rumqttd"], files: &["demo/src/simulators/broker.rs"] },
    Place {
        path: &["ureq"],
        files: &[
            "firmware-bridge/src/deliver.rs",
            "anchor/src/rpc.rs",
            "crates/process/src/log/collector.rs",
            "crates/gate/src/oidc/fetch.rs",
            "crates/tag_service/src/lib.rs",
            "trace-api/src/epcis_api/webhook.rs",
            "demo/src/web.rs",
            "tests/src/stage.rs",
        ],
    },
    Place { path: &["k256"], files: &["anchor/src/wallet.rs"] },
    Place {
        path: &["argon2"],
        files: &["crates/keystore/src/armour.rs", "crates/keystore/src/sealed.rs"],
    },
    Place { path: &["cryptoki"], files: &["crates/keystore/src/token.rs"] },
    Place {
        path: &["rustls"],
        files: &[
            "firmware-bridge/src/deliver.rs",
            "firmware-bridge/src/tls.rs",
            "anchor/src/rpc.rs",
            "crates/process/src/log/collector.rs",
            "crates/process/src/tls.rs",
            "crates/process/src/tls/authorities.rs",
            "crates/process/src/tls/client.rs",
            "crates/process/src/tls/client_check.rs",
            "crates/gate/src/oidc/fetch.rs",
            "crates/tag_service/src/lib.rs",
            "trace-api/src/epcis_api/webhook.rs",
            "sql/src/",
            "tests/e2e/",
        ],
    },
    Place {
        path: &["aws_lc_rs"],
        files: &[
            "crates/access/src/token/key_set.rs",
            "crates/ledger/src/hash.rs",
            "crates/ledger/src/keys.rs",
            "crates/ledger/src/keys/",
            "crates/keystore/src/armour.rs",
            "crates/keystore/src/sealed.rs",
            "crates/keystore/src/wrapped.rs",
        ],
    },
];

/// Calls that give the time of day or random bytes.
pub const CLOCK_AND_RANDOMNESS: &[&[&str]] =
    &[&["Timestamp", "now"], &["Zoned", "now"], &["SystemTime", "now"], &["SystemRandom", "new"]];

/// Folders whose code may ask the operating system for them, and one file that is compiled for tests only.
pub const ASKS_THE_SYSTEM: &[&str] =
    &["crates/process/", "demo/", "tests/", "crates/history/src/testing.rs"];

/// What only `crates/foreign` looks for: a test that finds foreign data in another way is skipped unheard.
pub const FOREIGN_DATA: &[&str] = &["CHOPMARK_VECTORS", "../shared/vectors", "print!(\"skipped"];

/// Files that may name [`FOREIGN_DATA`].
pub const FINDS_FOREIGN_DATA: &[&str] = &["crates/foreign/", "tests/e2e/house/layout/places.rs"];

/// What code without I/O, clock and randomness does not name.
pub const IMPURE: &[&[&str]] = &[
    &["std", "fs"],
    &["std", "net"],
    &["std", "process"],
    &["std", "env"],
    &["std", "thread"],
    &["Instant", "now"],
    &["Timestamp", "now"],
    &["Zoned", "now"],
    &["SystemTime", "now"],
    &["SystemRandom", "new"],
    &["tokio"],
    &["sql"],
];

/// Crates without I/O, clock and randomness.
pub const PURE: &[&str] = &[
    "crates/epc/src/",
    "crates/tag_auth/src/",
    "crates/reads/src/",
    "crates/devices/src/",
    "crates/settling/src/",
    "crates/epcis/src/",
    "crates/ledger/src/",
    "crates/directory/src/",
    "crates/access/src/",
    "crates/evm/src/",
    "crates/history/src/",
];

/// Files of these crates that gather what the pure ones fold, from the database.
pub const GATHERING: &[&str] = &[
    "crates/history/src/bundle",
    "crates/history/src/cache",
    "crates/history/src/continuity",
    "crates/history/src/directory",
    "crates/history/src/gather",
    "crates/history/src/known_ledgers",
    "crates/history/src/master",
    "crates/history/src/movement",
    "crates/history/src/named",
    "crates/history/src/places",
    "crates/history/src/projected",
    "crates/history/src/rows",
    "crates/history/src/standing",
    "crates/history/src/testing",
    "crates/history/src/tiles",
    "crates/history/src/trace",
];

/// The lines on which `tokens` name `path`, also in a tree of imports (`use std::{fs, net}`).
pub fn named(tokens: &[Token], path: &[&str]) -> Vec<usize> {
    let before = |at: usize, by: usize| at.checked_sub(by).map(|at| &tokens[at].kind);
    let is_first = |at: usize| {
        let is_field = matches!(before(at, 1), Some(Kind::Punct('.')));
        // `rustls::crypto::aws_lc_rs` is a module of rustls; `jiff::Timestamp::now` is a call of ours all the same.
        let is_inside = matches!(
            (before(at, 2), before(at, 1)),
            (Some(Kind::Ident(_)), Some(Kind::PathSeparator))
        );
        tokens[at].ident() == Some(path[0]) && !is_field && !(path.len() == 1 && is_inside)
    };
    let starts = (0..tokens.len()).filter(|at| is_first(*at));
    starts.filter(|at| follows(&tokens[at + 1..], &path[1..])).map(|at| tokens[at].line).collect()
}

/// Whether what comes after the first segment of a path continues with `rest`.
fn follows(tokens: &[Token], rest: &[&str]) -> bool {
    if tokens.first().map(|token| &token.kind) != Some(&Kind::PathSeparator) {
        // `use ureq;` and `use ureq as http;` name the whole library.
        return rest.is_empty()
            && tokens.first().is_some_and(|token| {
                token.kind == Kind::Punct(';') || token.ident() == Some("as")
            });
    }
    let Some((want, _)) = rest.split_first() else { return true };
    match tokens.get(1).map(|token| &token.kind) {
        Some(Kind::Ident(name)) => name == want,
        // Only the first segment of each branch counts.
        Some(Kind::Open('{')) => {
            let mut depth = 0;
            let mut is_branch = true;
            for token in &tokens[1..] {
                match &token.kind {
                    Kind::Open(_) => {
                        depth += 1;
                        is_branch = depth == 1;
                    }
                    Kind::Close(_) => {
                        depth -= 1;
                        if depth == 0 {
                            return false;
                        }
                    }
                    Kind::Punct(',') => is_branch = depth == 1,
                    Kind::Ident(name) if is_branch => {
                        if name == want {
                            return true;
                        }
                        is_branch = false;
                    }
                    _ => {}
                }
            }
            false
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::super::tokens::{code, flat};
    use super::*;

    fn lines(text: &str, path: &[&str]) -> Vec<usize> {
        named(&flat(&code("made-up", text)), path)
    }

    #[test]
    fn a_library_is_found_in_imports_and_in_paths() {
        for text in
            ["use ureq;", "use ureq as web;", "use ureq::Agent;", "fn a() { ::ureq::get(1) }"]
        {
            assert_eq!(lines(text, &["ureq"]), [1], "{text}");
        }
        assert_eq!(lines("fn a() {}\nfn b() { vec![ureq::get(1)] }", &["ureq"]), [2]);
    }

    #[test]
    fn a_call_is_found_in_paths_imports_and_macros() {
        let now = &["Timestamp", "now"][..];
        for text in ["fn a() { jiff::Timestamp::now(); }", "fn a() { x!(Timestamp::now()) }"] {
            assert_eq!(lines(text, now), [1], "{text}");
        }
        assert_eq!(lines("use std::{io, fs::{self, File}};", &["std", "fs"]), [1]);
        assert_eq!(lines("use std::{\n    net::Ipv4Addr,\n};", &["std", "net"]), [1]);
    }

    #[test]
    fn comments_texts_tests_fields_and_other_names_are_not_found() {
        for text in [
            "// ureq::get",
            "/// [`ureq::get`]\nfn a() {}",
            "fn a() { \"ureq::get\" }",
            "#[cfg(test)]\nmod tests { use ureq::get; }",
            "fn a() { b.ureq; c.ureq(); }",
            "use ureq_mock::get;",
            "fn a() { other::ureq::get(1) }",
        ] {
            assert!(lines(text, &["ureq"]).is_empty(), "{text}");
        }
        assert!(lines("use std::{io::{fs}, sync};", &["std", "fs"]).is_empty());
        assert!(lines("fn a() { Timestamp::from(now) }", &["Timestamp", "now"]).is_empty());
    }
}
