//! `chopmark epc`: decodes and encodes the EPC bank of tags.
//!
//! The way through: the values are those of the command line, or the lines of standard input. `decode` parses hex; one value
//! is printed in every spelling, several one a line. `encode` parses a tag URI, or a Digital Link and the name of a scheme,
//! and prints hex.
//!
//! What holds: a value that is wrong is reported with its place, and the others are answered all the same; memory does not
//! grow with the number of lines.
//!
//! Not here: the company prefixes of a site (`ingest`), without which a tag of a `+` scheme has no pure identity.

use std::io::{BufRead as _, IsTerminal as _, Read as _};
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Subcommand;
use epc::{Epc, PlusScheme, PlusTag, Tag, TagEpc, parse_digital_link};
use ledger::json::{Json, object};
use ledger::text::escaped;

use crate::tag_notes;
use crate::terminal::{self, problem};

/// Longest line that is read, in bytes; the longest tag has 124 hex digits, the longest link some hundreds of characters.
const LONGEST_LINE: u64 = 16 * 1024;

/// Subcommands of `chopmark epc`.
#[derive(Subcommand)]
pub enum Command {
    /// Reads the EPC bank of tags, as hex, and prints them: one tag in every spelling, several one a line
    ///
    /// Hex of either case, also with spaces or `0x` before it, is read. Each line of several has: hex, tag URI (or scheme),
    /// Digital Link (or pure identity), and what is noted. A value that cannot be decoded is reported with its place, the others are decoded.
    ///
    /// With --json one object a line: `input`, `scheme`, `tag_uri` and `pure_identity` (null for schemes without),
    /// `digital_link`, `filter`, `data` (list of `ai`, `value`), `hex`, `noted` (list); of a wrong value `input`, `place`, `error`.
    ///
    /// Exit status: 0 all decoded, 1 at least one is wrong, 2 could not run.
    ///
    /// Examples:
    ///   chopmark epc decode 3074257BF7194E4000001A85
    ///   chopmark epc decode '30 74 25 7B F7 19 4E 40 00 00 1A 85' 0x3074257bf7194e4000001a86
    ///   chopmark epc decode --json - < tags.txt
    #[command(verbatim_doc_comment)]
    Decode {
        /// Hex digits as a reader reports them; `-`, or none, reads one value a line from standard input
        hex: Vec<String>,
        /// Prints one JSON object for each value, one a line
        #[arg(long)]
        json: bool,
    },
    /// Writes tag URIs, or Digital Links with --scheme, as the hex that goes into the EPC bank
    ///
    /// With --json one object a line: `input`, `hex`, `noted` (list); of a wrong value `input`, `place`, `error`.
    ///
    /// Exit status: 0 all encoded, 1 at least one cannot be encoded, 2 could not run.
    ///
    /// Examples:
    ///   chopmark epc encode urn:epc:tag:sgtin-96:3.0614141.812345.6789
    ///   chopmark epc encode --scheme sgtin+ --filter 1 `https://id.gs1.org/01/09521141123454/21/32a`
    #[command(verbatim_doc_comment)]
    Encode {
        /// `urn:epc:tag:…`, which names scheme, length and filter; or a GS1 Digital Link. `-`, or none, reads one a line from
        /// standard input
        uri: Vec<String>,
        /// Scheme for a Digital Link: `sgtin+`, `sscc+` …; `sgtin++` keeps the link's host name
        #[arg(long)]
        scheme: Option<String>,
        /// Filter value for a Digital Link, 0 to 7; a tag URI names its own [default: 0]
        #[arg(long, requires = "scheme", value_parser = clap::value_parser!(u8).range(0..=7))]
        filter: Option<u8>,
        /// Prints one JSON object for each value, one a line
        #[arg(long)]
        json: bool,
    },
}

/// What is printed of one value.
struct Answer {
    /// Alone, in every spelling.
    whole: String,
    /// One line beside others.
    line: String,
    /// Members of the object.
    json: Vec<(&'static str, Json)>,
    /// What a person should know of it.
    notes: Vec<String>,
}

/// Runs the command; exit status 1 if a value is wrong.
///
/// # Errors
///
/// If standard input cannot be read.
pub fn run(command: &Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Decode { hex, json } => {
            let hex = joined(hex);
            each(&hex, *json, decoded)
        }
        Command::Encode { uri, scheme, filter, json } => {
            each(uri, *json, |text| encoded(text, scheme.as_deref(), filter.unwrap_or_default()))
        }
    }
}

/// The values of the command line. Words of at most four digits are bytes or memory words of one tag that was pasted with its spaces.
fn joined(words: &[String]) -> Vec<String> {
    let is_short = |word: &String| word.len() <= 4 && word.bytes().all(|c| c.is_ascii_hexdigit());
    if words.len() > 1 && words.iter().all(is_short) {
        return vec![words.join(" ")];
    }
    words.to_vec()
}

/// Answers each value: those given, or the lines of standard input.
fn each(
    values: &[String],
    json: bool,
    answer: impl Fn(&str) -> anyhow::Result<Answer>,
) -> anyhow::Result<ExitCode> {
    let mut all_right = true;
    let is_input = values.is_empty() || values == ["-"];
    if !is_input {
        for (place, value) in values.iter().enumerate() {
            let place = (values.len() > 1).then(|| format!("value {}", place + 1));
            all_right &= print(value, place.as_deref(), json, answer(value));
        }
        return Ok(ExitCode::from(u8::from(!all_right)));
    }
    let mut input = std::io::stdin().lock();
    if values.is_empty() && input.is_terminal() {
        problem!("reads one value a line; Ctrl-D ends");
    }
    for number in 1_u64.. {
        let mut line = Vec::new();
        let read = input.by_ref().take(LONGEST_LINE).read_until(b'\n', &mut line);
        if read.context("could not read standard input")? == 0 || terminal::is_closed() {
            break;
        }
        let is_whole = line.ends_with(b"\n") || (line.len() as u64) < LONGEST_LINE;
        let text = String::from_utf8_lossy(&line);
        let text = text.trim();
        if text.is_empty() {
            continue;
        }
        let answer = if is_whole {
            answer(text)
        } else {
            // The rest of the line belongs to the same value.
            skip_line(&mut input)?;
            Err(anyhow::anyhow!("got more than {LONGEST_LINE} bytes, expected a value of one tag"))
        };
        let shown: String = text.chars().take(200).collect();
        all_right &= print(&shown, Some(&format!("line {number}")), json, answer);
    }
    Ok(ExitCode::from(u8::from(!all_right)))
}

/// Reads to the end of the line without keeping it.
fn skip_line(input: &mut impl std::io::BufRead) -> anyhow::Result<()> {
    loop {
        let buffer = input.fill_buf().context("could not read standard input")?;
        let end = buffer.iter().position(|byte| *byte == b'\n');
        let used = end.map_or(buffer.len(), |end| end + 1);
        let is_end = end.is_some() || buffer.is_empty();
        input.consume(used);
        if is_end {
            return Ok(());
        }
    }
}

/// Prints one answer, or why there is none; returns whether there is one.
///
/// - `place`: where the value stands, if it is not the only one.
fn print(value: &str, place: Option<&str>, json: bool, answer: anyhow::Result<Answer>) -> bool {
    let input = ("input", Json::from(value));
    match answer {
        Ok(answer) if json => {
            let notes = answer.notes.iter().map(|note| Json::from(note.as_str())).collect();
            let members = [input].into_iter().chain(answer.json);
            let members = members.chain([("noted", Json::Array(notes))]);
            terminal::json(&object(members).canonical());
        }
        Ok(answer) => {
            if place.is_some() {
                let notes: Vec<_> =
                    answer.notes.iter().map(|note| format!("  noted: {note}")).collect();
                terminal::line(&format!("{}{}", answer.line, notes.concat()));
            } else {
                terminal::lines(&answer.whole);
                for note in &answer.notes {
                    terminal::line(&format!("{:<15}{note}", "noted"));
                }
            }
        }
        Err(error) => {
            let error = format!("{error:#}");
            if json {
                let members = [
                    input,
                    ("place", place.map_or(Json::Null, Json::from)),
                    ("error", Json::from(error.as_str())),
                ];
                terminal::json(&object(members).canonical());
            } else {
                let place = place.map_or_else(String::new, |place| format!("{place}: "));
                problem!("chopmark: {place}{error}");
            }
            return false;
        }
    }
    true
}

/// The tag in hex that somebody typed or a reader printed; an error repeats it.
fn decoded(text: &str) -> anyhow::Result<Answer> {
    let (tag, note) = typed(text).with_context(|| format!("cannot decode `{}`", escaped(text)))?;
    let mut notes = match &tag {
        Tag::Classic(_) => Vec::new(),
        Tag::Plus(plus) => {
            let link = tag_notes::of_link(&plus.to_link());
            let data = tag_notes::of_data(&plus.aidc).into_iter();
            let more: Vec<_> = data.filter(|note| !link.contains(note)).collect();
            [link, more].concat()
        }
    };
    notes.extend(note);
    let hex = hex::encode_upper(tag.encode()?);
    let filter = match &tag {
        Tag::Classic(tag) => tag.filter,
        Tag::Plus(tag) => tag.filter,
    };
    let link = match &tag {
        Tag::Classic(tag) => tag.epc.to_digital_link(),
        Tag::Plus(plus) => plus.to_digital_link(),
    };
    let (tag_uri, identity) = match &tag {
        Tag::Classic(tag) => (Some(tag.to_tag_uri()), Some(tag.epc.to_uri())),
        Tag::Plus(_) => (None, None),
    };
    let data = match &tag {
        Tag::Classic(_) => &[][..],
        Tag::Plus(plus) => &plus.aidc,
    };
    let data = data.iter().map(|(ai, value)| {
        object([("ai", Json::from(ai.as_str())), ("value", Json::from(value.as_str()))])
    });
    let text_or_null = |text: &Option<String>| text.as_deref().map_or(Json::Null, Json::from);
    Ok(Answer {
        whole: describe(&tag)?,
        line: format!("{hex}  {}  {link}", tag_uri.as_deref().unwrap_or(tag.name())),
        json: vec![
            ("scheme", Json::from(tag.name())),
            ("tag_uri", text_or_null(&tag_uri)),
            ("pure_identity", text_or_null(&identity)),
            ("digital_link", Json::from(link)),
            ("filter", Json::from(u64::from(filter))),
            ("data", Json::Array(data.collect())),
            ("hex", Json::from(hex)),
        ],
        notes,
    })
}

/// Parses hex with spaces, `0x` and either case; the note says if it was read although it has no whole words.
fn typed(text: &str) -> Result<(Tag, Option<String>), epc::EpcError> {
    let hex: String = text.split_ascii_whitespace().collect();
    let hex = hex.strip_prefix("0x").or_else(|| hex.strip_prefix("0X")).unwrap_or(&hex);
    match Tag::decode_hex(hex) {
        Ok(tag) => Ok((tag, None)),
        Err(error) => match Tag::decode_fields_hex(hex) {
            Ok(tag) => {
                let bits = hex.len() * 4;
                let note = format!(
                    "got {bits} bits, the fields alone; a tag's memory holds them with zero bits up to {}",
                    bits.next_multiple_of(16)
                );
                Ok((tag, Some(note)))
            }
            // What is said is about the memory of a tag.
            Err(_) => Err(error),
        },
    }
}

/// The hex of a tag URI, or of a Digital Link with a scheme.
fn encoded(uri: &str, scheme: Option<&str>, filter: u8) -> anyhow::Result<Answer> {
    let (hex, notes) = match scheme {
        Some(scheme) => {
            let tag = of_link(uri, scheme, filter)
                .with_context(|| format!("cannot encode `{}`", escaped(uri)))?;
            (tag.encode()?, tag_notes::of_link(&tag.to_link()))
        }
        None if uri.starts_with("urn:epc:tag:") => {
            let tag = TagEpc::from_tag_uri(uri)
                .and_then(|tag| tag.encode())
                .with_context(|| format!("cannot encode `{}`", escaped(uri)))?;
            (tag, Vec::new())
        }
        None => return Err(not_encodable(uri)),
    };
    let hex = hex::encode_upper(hex);
    Ok(Answer {
        whole: hex.clone(),
        line: hex.clone(),
        json: vec![("hex", Json::from(hex))],
        notes,
    })
}

/// Why a URI that names no scheme of a tag is not encoded.
fn not_encodable(uri: &str) -> anyhow::Error {
    if uri.starts_with("http") {
        return match parse_digital_link(uri) {
            Ok(link) => anyhow::anyhow!(
                "got Digital Link `{}` without a scheme, expected --scheme with one of {}",
                escaped(&link.to_uri("id.gs1.org")),
                names(false)
            ),
            Err(error) => error.into(),
        };
    }
    if let Some(note) = tag_notes::of_container(uri) {
        return anyhow::anyhow!("a container has no encoding in TDS; {note}");
    }
    match Epc::from_uri(uri) {
        Ok(known) => anyhow::anyhow!(
            "got pure identity `{known}`, which does not state scheme and filter; \
             expected a tag URI such as urn:epc:tag:sgtin-96:1.… (filter 1)"
        ),
        Err(error) => anyhow::Error::new(error)
            .context("expected a tag URI, a Digital Link or a pure identity URI"),
    }
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
            let text = decoded(&hex).unwrap().whole;
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
            ("30 74", "got 16 bits, expected 96 for sgtin-96"),
            ("30 7G", "got `307G`, expected hex digits"),
            ("0x", "got ``, expected hex digits"),
            ("", "got ``, expected hex digits"),
        ] {
            let said = format!("{:#}", decoded(text).err().unwrap());
            assert!(said.starts_with(&format!("cannot decode `{text}`: {error}")), "{said}");
        }
        let said = format!("{:#}", decoded("30\u{1b}[2J").err().unwrap());
        assert!(said.starts_with("cannot decode `30\\u{1b}[2J`"), "{said}");
    }

    #[test]
    fn hex_that_was_pasted_is_read_and_fields_without_padding_are_noted() {
        let tag = typed("3074257BF7194E4000001A85").unwrap();
        for text in [
            "0x3074257bf7194e4000001a85",
            "30 74 25 7B F7 19 4E 40 00 00 1A 85",
            "3074 257B F719 4E40 0000 1A85",
            "0X30 74257BF7194E4000001A85",
        ] {
            assert_eq!(typed(text).unwrap(), tag, "{text}");
        }
        assert_eq!(tag.1, None);
        // TDS annex E.3, DSGTIN+ with 132 bits.
        let (annex, note) = typed("FB342CDE795211411234538566CB0AFC4").unwrap();
        assert_eq!(annex, Tag::decode_hex("FB342CDE795211411234538566CB0AFC4000").unwrap());
        assert_eq!(
            note.unwrap(),
            "got 132 bits, the fields alone; a tag's memory holds them with zero bits up to 144"
        );
    }

    #[test]
    fn bytes_that_were_pasted_unquoted_are_one_tag_and_whole_tags_are_several() {
        let words = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(joined(&words("30 74 25 7B")), ["30 74 25 7B"]);
        assert_eq!(joined(&words("3074 257B")), ["3074 257B"]);
        let tags = words("3074257BF7194E4000001A85 3074257BF7194E4000001A86");
        assert_eq!(joined(&tags), tags);
        assert_eq!(joined(&words("30")), ["30"]);
    }

    #[test]
    fn a_classic_tag_is_printed_with_its_pure_identity() {
        let text = decoded("3074257BF7194E4000001A85").unwrap().whole;
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
