//! `chopmark epc`: decodes and encodes the EPC bank of a tag.
//!
//! The way through: `decode` parses hex and prints the tag in every spelling; `encode` parses a tag URI, or a
//! Digital Link and the name of a scheme, and prints hex.
//!
//! Not here: the company prefixes of a site (`ingest`), without which a tag of a `+` scheme has no pure identity.

use std::process::ExitCode;

use anyhow::Context as _;
use clap::Subcommand;
use epc::{Epc, PlusScheme, PlusTag, Tag, TagEpc, parse_digital_link};
use ledger::text::escaped;

use crate::terminal;

/// Subcommands of `chopmark epc`.
#[derive(Subcommand)]
pub enum Command {
    /// Reads the EPC bank of a tag, as hex, and prints it in every spelling
    ///
    /// Example: chopmark epc decode 3074257BF7194E4000001A85
    Decode {
        /// Hex digits as a reader reports them
        hex: String,
    },
    /// Writes a tag URI, or a Digital Link with --scheme, as the hex that goes into the EPC bank
    ///
    /// Examples: chopmark epc encode urn:epc:tag:sgtin-96:3.0614141.812345.6789;
    /// chopmark epc encode --scheme sgtin+ --filter 1 `https://id.gs1.org/01/09521141123454/21/32a`
    Encode {
        /// `urn:epc:tag:…`, which names scheme, length and filter; or a GS1 Digital Link
        uri: String,
        /// Scheme for a Digital Link: `sgtin+`, `sscc+` …; `sgtin++` keeps the link's host name
        #[arg(long)]
        scheme: Option<String>,
        /// Filter value for a Digital Link, 0 to 7
        #[arg(long, default_value_t = 0, value_parser = clap::value_parser!(u8).range(0..=7))]
        filter: u8,
    },
}

/// Runs the command.
///
/// # Errors
///
/// If the hex or the URI is invalid or cannot be encoded; the text says what was expected.
pub fn run(command: &Command) -> anyhow::Result<ExitCode> {
    let text = match command {
        Command::Decode { hex } => describe(&typed(hex)?)?,
        Command::Encode { uri, scheme: Some(scheme), filter } => {
            hex::encode_upper(of_link(uri, scheme, *filter)?.encode()?)
        }
        Command::Encode { uri, .. } if uri.starts_with("urn:epc:tag:") => {
            hex::encode_upper(TagEpc::from_tag_uri(uri)?.encode()?)
        }
        Command::Encode { uri, .. } if uri.starts_with("http") => {
            let link = parse_digital_link(uri)?.to_uri("id.gs1.org");
            anyhow::bail!(
                "got Digital Link `{link}` without a scheme, expected --scheme with one of {}",
                names(false)
            );
        }
        Command::Encode { uri, .. } => {
            let known = Epc::from_uri(uri)
                .context("expected a tag URI, a Digital Link or a pure identity URI")?;
            anyhow::bail!(
                "got pure identity `{known}`, which does not state scheme and filter; \
                 expected a tag URI such as urn:epc:tag:sgtin-96:1.… (filter 1)"
            );
        }
    };
    terminal::lines(&text);
    Ok(ExitCode::SUCCESS)
}

/// The tag in hex that somebody typed; an error repeats it.
fn typed(hex: &str) -> anyhow::Result<Tag> {
    Tag::decode_hex(hex).with_context(|| format!("cannot decode `{}`", escaped(hex)))
}

/// The names of all schemes that can hold a Digital Link.
fn names(has_hostname: bool) -> String {
    PlusScheme::ALL.map(|scheme| scheme.name(has_hostname)).join(", ")
}

/// The tag of `scheme` for the Digital Link `uri`.
fn of_link(uri: &str, scheme: &str, filter: u8) -> anyhow::Result<PlusTag> {
    let has_hostname = scheme.ends_with("++");
    let found = PlusScheme::ALL.into_iter().find(|known| known.name(has_hostname) == scheme);
    let Some(found) = found else {
        anyhow::bail!(
            "got scheme `{scheme}` for a Digital Link, expected one of {}",
            names(has_hostname)
        );
    };
    let link = parse_digital_link(uri)?;
    let host = uri.split_once("://").and_then(|(_, rest)| rest.split('/').next());
    let hostname = host.filter(|_| has_hostname).map(str::to_owned);
    Ok(PlusTag::from_digital_link(found, filter, hostname, &link)?)
}

/// The tag in every spelling, one per line.
fn describe(tag: &Tag) -> anyhow::Result<String> {
    let mut lines = Vec::new();
    let mut line = |name: &str, value: &str| lines.push(format!("{name:<15}{}", escaped(value)));
    match tag {
        Tag::Classic(tag) => {
            line("tag URI", &tag.to_tag_uri());
            line("pure identity", &tag.epc.to_uri());
            line("Digital Link", &tag.epc.to_digital_link());
            line("filter", &tag.filter.to_string());
        }
        // The tag does not state the length of the company prefix, so its pure identity is not known.
        Tag::Plus(plus) => {
            line("scheme", tag.name());
            line("Digital Link", &plus.to_digital_link());
            line("filter", &plus.filter.to_string());
            for (ai, value) in &plus.aidc {
                line("data", &format!("({ai}) {value}"));
            }
        }
    }
    line("hex", &hex::encode_upper(tag.encode()?));
    Ok(lines.join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_encoded_with_a_scheme_decodes_to_the_same_link() {
        for (scheme, link) in [
            ("sgtin+", "https://id.gs1.org/01/09521141123454/21/32a"),
            ("sgtin+", "https://id.gs1.org/01/09521141123454/21/32a?10=L1&17=270531"),
            ("sgtin++", "https://brand.example/01/09521141123454/21/32a"),
            ("sscc+", "https://id.gs1.org/00/095211411234567892"),
        ] {
            let hex = hex::encode_upper(of_link(link, scheme, 3).unwrap().encode().unwrap());
            let text = describe(&Tag::decode_hex(&hex).unwrap()).unwrap();
            let lines: Vec<&str> = text.lines().collect();
            assert_eq!(lines[0], format!("scheme         {scheme}"));
            assert_eq!(lines[1], format!("Digital Link   {link}"));
            assert_eq!(lines[2], "filter         3");
            assert_eq!(lines[lines.len() - 1], format!("hex            {hex}"));
            let data = lines.iter().filter(|line| line.starts_with("data ")).count();
            assert_eq!(data, link.matches('=').count(), "{text}");
        }
    }

    #[test]
    fn what_cannot_be_decoded_is_repeated_with_what_is_wrong_and_what_the_scheme_has() {
        for (text, error) in [
            ("3074257BF7194E4000001A8", "got 92 bits, expected 96 for sgtin-96"),
            ("3074257BF7194E4000001A8500", "got 104 bits, expected 96 for sgtin-96"),
            ("E2801190A5021F80055817CA", "got header 0xE2, expected one that TDS 2.3 assigns"),
            ("30 74", "got `30 74`, expected hex digits"),
            ("", "got ``, expected hex digits"),
        ] {
            let said = format!("{:#}", typed(text).unwrap_err());
            assert!(said.starts_with(&format!("cannot decode `{text}`: {error}")), "{said}");
        }
        let said = format!("{:#}", typed("30\u{1b}[2J").unwrap_err());
        assert!(said.starts_with("cannot decode `30\\u{1b}[2J`"), "{said}");
    }

    #[test]
    fn a_classic_tag_is_printed_with_its_pure_identity() {
        let text = describe(&Tag::decode_hex("3074257BF7194E4000001A85").unwrap()).unwrap();
        assert!(text.contains("pure identity  urn:epc:id:sgtin:0614141.812345.6789"), "{text}");
        assert!(text.starts_with("tag URI        urn:epc:tag:sgtin-96:3."), "{text}");
    }

    #[test]
    fn a_link_that_cannot_be_encoded_is_refused_with_what_was_expected() {
        let link = "https://id.gs1.org/01/09521141123454/21/32a";
        for (uri, scheme, expected) in [
            (link, "sgtin-96", "sgtin+"),
            (link, "giai++", "expected the application identifier of the scheme's key"),
            (link, "sscc+", "expected the application identifier of the scheme's key"),
            ("urn:epc:id:sgtin:0614141.812345.1", "sgtin+", "expected https://"),
        ] {
            let error = format!("{:#}", of_link(uri, scheme, 0).unwrap_err());
            assert!(error.contains(expected), "{uri} {scheme}: {error}");
        }
    }
}
