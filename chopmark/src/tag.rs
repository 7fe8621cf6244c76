//! `chopmark epc`: what is written on a tag, in every spelling.

use std::process::ExitCode;

use anyhow::Context as _;
use clap::Subcommand;
use epc::{Epc, TagEpc};

/// What to do.
#[derive(Subcommand)]
pub enum Command {
    /// Reads the EPC bank of a tag, as hex, and prints it in every spelling
    ///
    /// Example: chopmark epc decode 3074257BF7194E4000001A85
    Decode {
        /// Hex digits as a reader reports them
        hex: String,
    },
    /// Writes a tag URI as the hex that goes into the EPC bank
    ///
    /// Example: chopmark epc encode urn:epc:tag:sgtin-96:3.0614141.812345.6789
    Encode {
        /// `urn:epc:tag:…`, which names scheme, length and filter
        uri: String,
    },
}

/// Runs the command.
///
/// # Errors
///
/// What is wrong with the hex or the URI, and what would be right.
pub fn run(command: &Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Decode { hex } => print(&TagEpc::decode_hex(hex)?)?,
        Command::Encode { uri } if uri.starts_with("urn:epc:tag:") => {
            println!("{}", hex::encode_upper(TagEpc::from_tag_uri(uri)?.encode()?));
        }
        Command::Encode { uri } => {
            let known = Epc::from_uri(uri).context("neither a tag URI nor a pure identity URI")?;
            anyhow::bail!(
                "`{known}` names the thing but not how to write it; \
                 a tag URI would be right, for example urn:epc:tag:sgtin-96:1.… (filter 1)"
            );
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn print(tag: &TagEpc) -> anyhow::Result<()> {
    println!("tag URI        {}", tag.to_tag_uri());
    println!("pure identity  {}", tag.epc.to_uri());
    println!("Digital Link   {}", tag.epc.to_digital_link());
    println!("filter         {}", tag.filter);
    println!("hex            {}", hex::encode_upper(tag.encode()?));
    Ok(())
}
