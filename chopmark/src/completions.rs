//! `chopmark completions`: what a shell sources to complete commands, options and the names of files.
//!
//! What holds: the text is made from the commands of this very program, so it knows every option and no other.

use std::process::ExitCode;

use clap_complete::Shell;

use crate::terminal;

/// Options of `chopmark completions`.
#[derive(clap::Args)]
#[command(after_long_help = "\
Examples:
  chopmark completions bash > /etc/bash_completion.d/chopmark             for everybody on this machine
  chopmark completions bash > ~/.local/share/bash-completion/completions/chopmark
  chopmark completions zsh > ~/.zfunc/_chopmark                           with ~/.zfunc in fpath
  chopmark completions fish > ~/.config/fish/completions/chopmark.fish
  source <(chopmark completions bash)                                     for this shell only")]
pub struct Arguments {
    /// The shell
    #[arg(value_parser = clap::builder::PossibleValuesParser::new(["bash", "zsh", "fish"]))]
    shell: String,
}

/// Prints the completions of `command`.
///
/// # Errors
///
/// If the generator made text that is not UTF-8.
pub fn run(arguments: &Arguments, mut command: clap::Command) -> anyhow::Result<ExitCode> {
    let shell = match &*arguments.shell {
        "zsh" => Shell::Zsh,
        "fish" => Shell::Fish,
        _ => Shell::Bash,
    };
    // Into memory first: the generator panics where it cannot write, and a closed pipe is no error.
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut command, "chopmark", &mut text);
    terminal::script(&String::from_utf8(text)?);
    Ok(ExitCode::SUCCESS)
}
