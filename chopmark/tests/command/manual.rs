//! Help for people: what a bare `chopmark` prints, completions that a shell reads, manual pages.

use std::process::Command;

use crate::scene::{chopmark, ended, program, shell};

#[test]
fn a_bare_chopmark_says_what_to_type_first_in_the_language_of_the_system() {
    let ran = chopmark(&[]);
    assert_eq!((ran.status, &*ran.err), (0, ""));
    for command in ["chopmark verify FILE --policy POLICY", "chopmark init", "chopmark --help"] {
        assert!(ran.out.contains(command), "{command}: {}", ran.out);
    }
    assert!(ran.out.lines().count() < 15, "it fits one screen: {}", ran.out);
    let ran = ended(program(&[]).env("LC_ALL", "zh_CN.UTF-8").spawn().unwrap());
    assert!(ran.out.contains("从这里开始"), "{}", ran.out);
    assert!(ran.out.contains("chopmark verify FILE --policy POLICY"), "{}", ran.out);
}

#[test]
fn bash_completes_commands_and_options_from_the_completions() {
    let complete = |words: &str| {
        let count = words.split(' ').count();
        let ran = shell(&format!(
            "source <(\"$chopmark\" completions bash) && COMP_WORDS=({words} '') COMP_CWORD={count} \
             && words=\"${{COMP_WORDS[*]}}\" && _chopmark chopmark '' '' && echo \"${{COMPREPLY[@]}}\""
        ));
        assert_eq!((ran.status, &*ran.err), (0, ""));
        ran.out
    };
    let commands = complete("chopmark");
    for command in ["verify", "audit", "epc", "completions", "man"] {
        assert!(commands.split_whitespace().any(|word| word == command), "{command}: {commands}");
    }
    let below = complete("chopmark epc");
    assert!(below.contains("decode") && below.contains("encode"), "{below}");
    assert!(complete("chopmark epc decode").contains("--json"));
}

#[test]
fn zsh_and_fish_have_completions_and_another_shell_is_refused_with_its_name() {
    assert!(chopmark(&["completions", "zsh"]).out.starts_with("#compdef chopmark"));
    assert!(chopmark(&["completions", "fish"]).out.contains("complete -c chopmark"));
    let ran = chopmark(&["completions", "tcsh"]);
    assert_eq!(ran.status, 2);
    assert!(ran.err.contains("'tcsh'") && ran.err.contains("bash"), "{}", ran.err);
}

#[test]
fn every_command_has_a_page_that_a_reader_of_manual_pages_understands() {
    let folder = tempfile::tempdir().unwrap();
    let pages = folder.path().join("man1");
    let ran = chopmark(&["man", pages.to_str().unwrap()]);
    assert_eq!(ran.status, 0, "{}", ran.err);
    let page = |name: &str| std::fs::read_to_string(pages.join(name)).unwrap();
    let audit = page("chopmark-audit.1");
    assert!(audit.contains(".TH") && audit.contains("ROLLED BACK"), "{audit}");
    assert!(page("chopmark-epc-decode.1").contains("standard input"));
    assert!(page("chopmark.1").contains("chopmark\\-verify(1)"));
    let names: Vec<String> = ran.out.lines().map(str::to_owned).collect();
    assert_eq!(names.len(), std::fs::read_dir(&pages).unwrap().count());
    assert!(names.len() > 30, "{names:?}");
    for name in &names {
        let text = std::fs::read_to_string(name).unwrap();
        for part in [".SH NAME", ".SH SYNOPSIS", ".SH DESCRIPTION"] {
            assert!(text.contains(part), "{name} has no {part}");
        }
        assert!(!text.contains('\u{1b}'), "{name}");
    }
    // Where a reader of pages is installed, it must not complain.
    for reader in ["groff", "mandoc"] {
        let arguments: &[&str] = if reader == "groff" {
            &["-man", "-ww", "-z", "-Tutf8"]
        } else {
            &["-Tlint", "-Wfatal"]
        };
        for name in &names {
            if let Ok(output) = Command::new(reader).args(arguments).arg(name).output() {
                assert!(output.status.success(), "{reader} {name}: {output:?}");
            }
        }
    }
}
