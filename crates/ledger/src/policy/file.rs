//! The text form of a policy.
//!
//! ```text
//! # a comment
//! log <verifier key> [<url>] [from <size>] [until <size>]     a ledger's key; one line for each of its keys
//! witness <name> <verifier key> [<url>]
//! group <name> any|all|<number> <witness or group>…
//! quorum <witness, group or none>
//! hub <verifier key> [from <size>] [until <size>]             ours: a key of a hub
//! chain <id> <0x contract>                                    ours: the registry contract on the chain of that id
//! directory <origin> <version> <sha256>                       ours: the directory's root, once at most
//! ```
//!
//! What holds: every line is understood or refused with its number; `Display` writes what `FromStr` reads, except
//! for comments and the order of lines of different kinds.
//!
//! Sources: C2SP tlog-policy; docs/formats/checkpoint-v1.md, "Policy file".

use std::{fmt, str::FromStr};

use thiserror::Error;

use super::trust::{ChainRoot, DirectoryPin, Group, Policy, TrustedKey, Window, Witness};
use crate::{checkpoint::parse_decimal, keys::VerifierKey, note};

/// A line of a policy is not understood.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("policy line {line}: {problem}")]
pub struct PolicyError {
    /// Number of the line, from 1.
    pub line: usize,
    /// What is wrong and what was expected.
    pub problem: String,
}

impl Policy {
    fn read_line(&mut self, line: &str) -> Result<(), String> {
        let words: Vec<&str> = line.split_ascii_whitespace().collect();
        match words[..] {
            ["log", key, ref rest @ ..] => {
                let (url, rest) = match rest {
                    [url, rest @ ..] if url.contains("://") => (Some((*url).to_owned()), rest),
                    rest => (None, rest),
                };
                add_key(
                    &mut self.logs,
                    TrustedKey { key: parse_key(key)?, url, window: parse_window(rest)? },
                )
            }
            ["hub", key, ref rest @ ..] => add_key(
                &mut self.hub,
                TrustedKey { key: parse_key(key)?, url: None, window: parse_window(rest)? },
            ),
            ["witness", name, key] => self.add_witness(name, key, None),
            ["witness", name, key, url] => self.add_witness(name, key, Some(url)),
            ["group", name, threshold, ref members @ ..] if !members.is_empty() => {
                self.add_group(name, threshold, members)
            }
            ["quorum", "none"] | [] => Ok(()),
            ["quorum", name] if self.quorum.is_none() => {
                self.check_known(name)?;
                self.quorum = Some(name.to_owned());
                Ok(())
            }
            ["quorum", _] => Err("got a second quorum, expected one at most".into()),
            ["chain", id, contract] => self.add_chain(id, contract),
            ["directory", origin, version, root] => self.set_directory(origin, version, root),
            [word, ..] => Err(format!(
                "got `{word}` with {} words, expected `log <key>`, `hub <key>`, `chain <id> <0xcontract>`, \
                 `directory <origin> <version> <sha256>`, `witness <name> <key>`, `group <name> any|all|<number> <member>…` or `quorum <name>`",
                words.len() - 1
            )),
        }
    }

    fn is_known(&self, name: &str) -> bool {
        self.witnesses.iter().any(|witness| witness.name == name)
            || self.groups.iter().any(|group| group.name == name)
    }

    fn check_known(&self, name: &str) -> Result<(), String> {
        if self.is_known(name) {
            return Ok(());
        }
        Err(format!("got `{name}`, expected a witness or group of a line above"))
    }

    fn check_new(&self, name: &str) -> Result<(), String> {
        if name == "none" || self.is_known(name) {
            return Err(format!("the name `{name}` is already taken"));
        }
        Ok(())
    }

    fn add_witness(&mut self, name: &str, key: &str, url: Option<&str>) -> Result<(), String> {
        self.check_new(name)?;
        if !key.split('+').next().is_some_and(note::is_key_name) || key.matches('+').count() < 2 {
            return Err(format!("got verifier key `{key}`, expected `name+id+key`"));
        }
        self.witnesses.push(Witness {
            name: name.to_owned(),
            key: key.to_owned(),
            url: url.map(str::to_owned),
        });
        Ok(())
    }

    fn add_group(&mut self, name: &str, threshold: &str, members: &[&str]) -> Result<(), String> {
        self.check_new(name)?;
        for member in members {
            self.check_known(member)?;
        }
        let most = members.len() as u64;
        let fits = matches!(threshold, "any" | "all")
            || parse_decimal(threshold).is_some_and(|count| (1..=most).contains(&count));
        if !fits {
            return Err(format!("got threshold `{threshold}`, expected any, all or 1 to {most}"));
        }
        self.groups.push(Group {
            name: name.to_owned(),
            threshold: threshold.to_owned(),
            members: members.iter().map(|member| (*member).to_owned()).collect(),
        });
        Ok(())
    }

    fn add_chain(&mut self, id: &str, contract: &str) -> Result<(), String> {
        let chain_id = parse_decimal(id)
            .ok_or_else(|| format!("got chain id `{id}`, expected a decimal number"))?;
        let mut address = [0; 20];
        contract
            .strip_prefix("0x")
            .and_then(|digits| hex::decode_to_slice(digits, &mut address).ok())
            .ok_or_else(|| format!("got contract `{contract}`, expected 0x and 40 hex digits"))?;
        self.chains.push(ChainRoot { chain_id, contract: address });
        Ok(())
    }

    fn set_directory(&mut self, origin: &str, version: &str, root: &str) -> Result<(), String> {
        if self.directory.is_some() {
            return Err("got a second directory, expected one at most".into());
        }
        if !note::is_key_name(origin) {
            return Err(format!("got directory `{origin}`, expected the name of a ledger"));
        }
        let version = parse_decimal(version).filter(|version| *version > 0).ok_or_else(|| {
            format!("got root version `{version}`, expected a decimal number from 1")
        })?;
        let root = root.parse().map_err(|error| format!("root of the directory: {error}"))?;
        self.directory = Some(DirectoryPin { origin: origin.to_owned(), version, root });
        Ok(())
    }
}

fn parse_key(text: &str) -> Result<VerifierKey, String> {
    text.parse().map_err(|error| format!("{error}"))
}

/// Reads `[from <size>] [until <size>]`.
fn parse_window(words: &[&str]) -> Result<Window, String> {
    let (from, until) = match *words {
        [] => (None, None),
        ["from", from] => (Some(from), None),
        ["until", until] => (None, Some(until)),
        ["from", from, "until", until] => (Some(from), Some(until)),
        _ => {
            return Err(format!(
                "got `{}` after the key, expected `[from <size>] [until <size>]`",
                words.join(" ")
            ));
        }
    };
    let size = |text: &str| {
        parse_decimal(text).ok_or_else(|| {
            format!("got size `{text}`, expected a decimal number without leading zeros")
        })
    };
    let from = from.map_or(Ok(0), size)?;
    let until = until.map(size).transpose()?;
    Window::new(from, until).ok_or_else(|| {
        let until = until.unwrap_or_default();
        format!("got `from {from} until {until}`, expected a `from` below `until`")
    })
}

fn add_key(keys: &mut Vec<TrustedKey>, added: TrustedKey) -> Result<(), String> {
    let overlaps =
        |other: &TrustedKey| other.key == added.key && other.window.overlaps(&added.window);
    if keys.iter().any(overlaps) {
        return Err(format!(
            "the {} key of `{}` is already listed for sizes in this window",
            added.key.algorithm(),
            added.key.name()
        ));
    }
    keys.push(added);
    Ok(())
}

impl FromStr for Policy {
    type Err = PolicyError;

    fn from_str(text: &str) -> Result<Self, PolicyError> {
        let mut policy = Self::default();
        for (place, line) in text.lines().enumerate() {
            let line = line.trim();
            if !line.starts_with('#') {
                policy
                    .read_line(line)
                    .map_err(|problem| PolicyError { line: place + 1, problem })?;
            }
        }
        Ok(policy)
    }
}

impl fmt::Display for Policy {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for TrustedKey { key, url, window } in &self.logs {
            match url {
                Some(url) => writeln!(out, "log {key} {url}{window}")?,
                None => writeln!(out, "log {key}{window}")?,
            }
        }
        for Witness { name, key, url } in &self.witnesses {
            match url {
                Some(url) => writeln!(out, "witness {name} {key} {url}")?,
                None => writeln!(out, "witness {name} {key}")?,
            }
        }
        for Group { name, threshold, members } in &self.groups {
            writeln!(out, "group {name} {threshold} {}", members.join(" "))?;
        }
        if let Some(name) = &self.quorum {
            writeln!(out, "quorum {name}")?;
        }
        for TrustedKey { key, window, .. } in &self.hub {
            writeln!(out, "hub {key}{window}")?;
        }
        for chain in &self.chains {
            writeln!(out, "chain {} 0x{}", chain.chain_id, hex::encode(chain.contract))?;
        }
        if let Some(directory) = &self.directory {
            writeln!(out, "{directory}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";

    #[test]
    fn a_policy_is_read_and_written_line_by_line() {
        let text = format!(
            "log {KEY} https://log.example/ until 4\nlog {KEY} from 4 until 9\nlog {KEY} from 9\n\
             witness w1 {KEY} https://w1.example/\nwitness w2 {KEY}\ngroup both 2 w1 w2\n\
             quorum both\nhub {KEY} until 3\nhub {KEY} from 7\n\
             chain 31337 0x5fbdb2315678afecb367f032d93f642f64180aa3\n\
             directory who.example/1 2 {}\n",
            crate::Hash::EMPTY
        );
        let policy: Policy = text.parse().unwrap();
        assert_eq!(policy.to_string(), text);
        assert_eq!((policy.logs.len(), policy.hub.len(), policy.chains.len()), (3, 2, 1));
        let commented = format!("# roots\n\n  {}", text.replace('\n', "\r\n"));
        assert_eq!(commented.parse(), Ok(policy));
    }

    #[test]
    fn a_log_line_of_the_c2sp_format_is_in_force_at_every_size() {
        for line in [
            format!("log {KEY}"),
            format!("log {KEY} https://log.example/"),
            format!("log {KEY} from 0"),
        ] {
            let policy: Policy = line.parse().unwrap();
            assert_eq!(policy.logs[0].window, Window::default(), "{line}");
            assert!(policy.logs[0].window.contains(0) && policy.logs[0].window.contains(u64::MAX));
        }
    }

    #[test]
    fn a_line_that_is_not_understood_is_refused_with_its_number() {
        let window_wanted = "after the key, expected `[from <size>] [until <size>]`";
        for (line, problem) in [
            ("logs a".to_owned(), "got `logs` with 1 words".to_owned()),
            ("log".to_owned(), "got `log` with 0 words".to_owned()),
            ("log a".to_owned(), "verifier key `a`: expected `name+id+key`".to_owned()),
            ("chain x 0x00".to_owned(), "got chain id `x`, expected a decimal number".to_owned()),
            (
                "chain 1 0x00".to_owned(),
                "got contract `0x00`, expected 0x and 40 hex digits".to_owned(),
            ),
            ("quorum w".to_owned(), "got `w`, expected a witness or group".to_owned()),
            ("group g 2 w".to_owned(), "got `w`, expected a witness or group".to_owned()),
            ("witness none a+b+c".to_owned(), "the name `none` is already taken".to_owned()),
            (format!("log {KEY} somewhere"), format!("got `somewhere` {window_wanted}")),
            (format!("hub {KEY} http://a"), format!("got `http://a` {window_wanted}")),
            (
                format!("log {KEY} from 9 http://a"),
                format!("got `from 9 http://a` {window_wanted}"),
            ),
            (format!("log {KEY} until 9 from 2"), format!("got `until 9 from 2` {window_wanted}")),
            (format!("log {KEY} from"), format!("got `from` {window_wanted}")),
            (
                "directory who.example/1 0 00".to_owned(),
                "got root version `0`, expected a decimal number from 1".to_owned(),
            ),
            (
                "directory who.example/1 1 AB".to_owned(),
                "root of the directory: got hash `AB`, expected 64 lowercase hex digits".to_owned(),
            ),
            ("directory a+b 1 00".to_owned(), "got directory `a+b`, expected the name".to_owned()),
            (format!("log {KEY} from 09"), "got size `09`, expected a decimal number".to_owned()),
            (format!("log {KEY} until -1"), "got size `-1`, expected a decimal number".to_owned()),
            (
                format!("log {KEY} from 18446744073709551616"),
                "got size `18446744073709551616`, expected".to_owned(),
            ),
            (
                format!("log {KEY} from 9 until 9"),
                "got `from 9 until 9`, expected a `from` below `until`".to_owned(),
            ),
            (
                format!("hub {KEY} until 0"),
                "got `from 0 until 0`, expected a `from` below `until`".to_owned(),
            ),
        ] {
            let error = format!("quorum none\n{line}").parse::<Policy>().unwrap_err();
            assert_eq!(error.line, 2);
            assert!(error.problem.starts_with(&problem), "{line}: {error}");
        }
    }

    #[test]
    fn a_policy_has_one_directory_at_most() {
        let line = format!("directory who.example/1 1 {}", crate::Hash::EMPTY);
        let error = format!("{line}\n{line}").parse::<Policy>().unwrap_err();
        assert_eq!(
            error.to_string(),
            "policy line 2: got a second directory, expected one at most"
        );
    }

    #[test]
    fn a_key_may_be_listed_again_only_for_other_sizes() {
        let windows = ["", "from 4", "until 5", "from 2 until 9", "from 4 until 5"];
        for first in windows {
            for second in windows {
                let error = format!("log {KEY} {first}\nlog {KEY} {second}").parse::<Policy>();
                let problem = error.unwrap_err().problem;
                assert_eq!(
                    problem,
                    "the Ed25519 key of `PeterNeumann` is already listed for sizes in this window",
                    "{first:?}, {second:?}"
                );
            }
        }
        format!("log {KEY} from 5\nlog {KEY} until 5\nhub {KEY}").parse::<Policy>().unwrap();
    }
}
