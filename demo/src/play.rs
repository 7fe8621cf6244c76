//! `chopmark-demo play`: plays the whole way, from a reader's bytes to a proof in a consumer's hand.
//!
//! The way through: [`stage`] starts the surroundings (database, broker, chain) and the processes of production;
//! [`scene`] plays seven steps on them and [`attacks`] three attacks on a copy, each with checks; [`ending`] checks what is
//! left and says where to look. [`voice`] prints what happens, in the [`words`] of one language, on a [`screen`].
//!
//! What holds: only devices, broker and chain are simulated; a check is printed after it was made; exit status 0 only
//! if all held; what people look at afterwards passes an audit; no process is left behind, also after Ctrl-C.

mod attacks;
mod chips;
mod desk;
mod documents;
mod ending;
mod files;
mod parties;
mod scene;
mod screen;
mod site;
mod stage;
pub mod stop;
mod verdicts;
mod voice;
mod words;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use self::stage::Stage;
use self::voice::Voice;
use self::words::Lang;

/// How to play.
#[derive(clap::Args)]
pub struct Arguments {
    /// Ends after the last check, with status 0 if all held; otherwise the pages stay up until Ctrl-C
    #[arg(long)]
    once: bool,
    /// Folder for the data; emptied if an earlier demo made it
    #[arg(long, env = "CHOPMARK_DATA", default_value = "./var/demo")]
    data: PathBuf,
    /// Language of what is printed. Default: the system's
    #[arg(long, value_enum)]
    lang: Option<Lang>,
    /// Also records what a terminal is sent, as an asciicast
    #[arg(long, value_name = "FILE")]
    record: Option<PathBuf>,
    /// Also makes an item for each verdict that a code can have, with chips for those that only a chip can have, lists their pages in
    /// `pages.txt` of the folder and items with hidden codes in `codes.txt`, opens a desk and lists in `desk.txt` what to open there
    #[arg(long)]
    more_verdicts: bool,
}

/// Plays the demo.
///
/// # Errors
///
/// If something needed is missing or a check does not hold; with what to do.
pub fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let _signals = stop::listen()?;
    let data = std::path::absolute(&arguments.data)?;
    let lang = arguments.lang.unwrap_or_else(Lang::of_environment);
    let voice = Voice::new(lang, arguments.record.as_deref())?;
    match play(voice, &data, arguments) {
        Ok(()) => Ok(ExitCode::SUCCESS),
        Err(_) if stop::is_requested() => {
            out!("{}", lang.ended_early());
            Ok(ExitCode::from(130))
        }
        Err(error) => {
            eprintln!("\nchopmark-demo: {error:#}");
            Ok(ExitCode::from(1))
        }
    }
}

/// Plays everything in `folder`; unless it is to end by itself, the pages then stay up until the demo is stopped.
///
/// # Errors
///
/// The first thing that failed or did not hold.
fn play(voice: Voice, folder: &Path, arguments: &Arguments) -> anyhow::Result<()> {
    voice.line(&screen::Paint::Strong.on(&format!(" {}", voice.lang.title())));
    let data = voice.lang.folder(&ending::shortest(folder).display().to_string());
    voice.line(&screen::Paint::Dim.on(&format!(" {data}")));
    let mut stage = Stage::set(voice, folder)?;
    stage.factory()?;
    stage.dock_door()?;
    stage.cold_store()?;
    stage.shop()?;
    stage.anchor()?;
    stage.scans()?;
    if arguments.more_verdicts {
        stage.more_verdicts()?;
    }
    stage.proof()?;
    stage.attacks()?;
    stage.left()?;
    if arguments.more_verdicts {
        stage.list_pages()?;
        stage.list_codes()?;
        stage.open_desk()?;
    }
    stage.account(arguments.once);
    Ok(())
}
