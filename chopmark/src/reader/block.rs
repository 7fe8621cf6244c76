//! A `[[firmware_bridge.reader]]` block of what was detected, to be pasted into the configuration as it is.
//!
//! The way through: [`Blocks`] numbers the blocks of one run; [`Blocks::on_line`] is of a serial or network device,
//! [`Blocks::at_broker`] of what publishes at a broker.
//!
//! What holds: every line is TOML, whatever a device or a stranger at the broker wrote in its names; what only a person
//! knows is [`FILL_IN`], which the bridge refuses with what to write there.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use firmware_bridge::config::FILL_IN;
use firmware_bridge::detect::Members;
use ledger::text::escaped;

use super::words::{self, Lang, Text};

/// Members of a message that are listed for a mapping.
pub const MEMBERS: usize = 12;

/// The blocks of one run.
pub struct Blocks {
    lang: Lang,
    /// How many there are of each family.
    numbers: BTreeMap<&'static str, usize>,
    /// Whether the line before the first one was printed.
    has_begun: bool,
}

/// A device on a line of its own.
pub struct OnLine<'a> {
    /// `port` or `address`.
    pub key: &'static str,
    /// Its value.
    pub place: &'a str,
    /// Other members with what is written beside them: `layout = "reader18"`.
    pub more: Vec<(String, Option<Text>)>,
}

/// What publishes at a broker.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct AtBroker {
    /// The topic of a reader.
    pub topic: Option<String>,
    /// The application of sensors, where their family has one.
    pub application: Option<String>,
    /// Sensors, as the broker names them.
    pub devices: BTreeSet<String>,
    /// Members of the last message, for a mapping.
    pub members: Members,
    /// Whether the configuration must say how memory banks are written.
    pub needs_form: bool,
}

impl Blocks {
    /// None yet.
    pub fn new(lang: Lang) -> Self {
        Self { lang, numbers: BTreeMap::new(), has_begun: false }
    }

    fn begin(&mut self, family: &'static str) -> Vec<String> {
        let number = self.numbers.entry(family).or_default();
        *number += 1;
        let id = format!("{family}-{number}");
        let mut lines = Vec::new();
        if !self.has_begun {
            lines.push(format!("# {}", self.lang.of(words::PASTE)));
            self.has_begun = true;
        }
        lines.extend([
            String::new(),
            "[[firmware_bridge.reader]]".to_owned(),
            self.beside(&format!("id = {}", quoted(&id)), words::ID),
            self.beside(&format!("read_point = {}", quoted(FILL_IN)), words::READ_POINT),
        ]);
        lines
    }

    /// A line with its comment.
    fn beside(&self, line: &str, comment: Text) -> String {
        format!("{line}   # {}", self.lang.of(comment))
    }

    /// The block of a device on a line of its own, and how to try it.
    pub fn on_line(&mut self, family: &'static str, device: &OnLine<'_>) -> Vec<String> {
        let mut lines = self.begin(family);
        lines.push(String::new());
        lines.push(format!("[firmware_bridge.reader.device.{family}]"));
        lines.push(format!("{} = {}", device.key, quoted(device.place)));
        for (line, comment) in &device.more {
            lines.push(match comment {
                Some(comment) => self.beside(line, *comment),
                None => line.clone(),
            });
        }
        let mut members = vec![format!("{} = {}", device.key, quoted(device.place))];
        members.extend(device.more.iter().map(|(line, _)| line.clone()));
        lines.push(format!(
            "# {}: chopmark reader test --device '{family} = {{ {} }}'",
            self.lang.of(words::TRY),
            members.join(", ")
        ));
        lines
    }

    /// The block of what publishes at a broker.
    ///
    /// - `broker`: the broker as TOML, a text or an inline table.
    pub fn at_broker(&mut self, family: &'static str, broker: &str, at: &AtBroker) -> Vec<String> {
        let mut lines = Vec::new();
        let pointers = &at.members.pointers;
        if !pointers.is_empty() {
            // An empty pointer is the whole element.
            let shown = |pointer: &String| match pointer.as_str() {
                "" => quoted(""),
                pointer => escaped(pointer),
            };
            let members: Vec<String> = pointers.iter().map(shown).collect();
            let heading = self.lang.of(words::MEMBERS);
            lines.push(format!("# {heading}: {}", members.join(", ")));
        }
        lines.extend(self.begin(family));
        lines.push(String::new());
        lines.push(format!("[firmware_bridge.reader.device.{family}]"));
        lines.push(format!("broker = {broker}"));
        for (key, value) in [("topic", &at.topic), ("application", &at.application)] {
            lines.extend(value.as_ref().map(|value| format!("{key} = {}", quoted(value))));
        }
        for device in &at.devices {
            let line = format!("sensors.{} = {}", quoted(device), quoted(FILL_IN));
            lines.push(self.beside(&line, words::SENSOR));
        }
        if at.needs_form {
            lines.push(self.beside(&format!("epc = {}", quoted(FILL_IN)), words::EPC_FORM));
        }
        if family == "mapped-json" {
            if let Some(each) = &at.members.each {
                lines.push(self.beside(&format!("mapping.each = {}", quoted(each)), words::EACH));
            }
            let line = format!("mapping.epc = {}", quoted(FILL_IN));
            lines.push(self.beside(&line, words::EPC_POINTER));
        }
        lines
    }
}

/// A text as a basic string of TOML, in characters that are shown as they are.
pub fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            _ if escaped(c.encode_utf8(&mut [0; 4])).len() > c.len_utf8() => {
                // Writing to a string cannot fail.
                write!(out, "\\U{:08X}", u32::from(c)).ok();
            }
            _ => out.push(c),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use process::config::Installation;

    use super::*;

    const HEAD: &str = "[firmware_bridge]\nid = \"b1\"\nkey = \"bridge.pem\"\ningest_url = \"http://127.0.0.1:1\"\nledger = \"site.example/1\"\n";
    /// A name that a stranger chose: quotation marks, a line break, and a mark that turns the direction of text.
    const STRANGE: &str = "a\"\n[log]\u{202e}\\ 冷库";

    fn parsed(lines: &[String]) -> Installation {
        let text = [HEAD, &lines.join("\n")].concat();
        Installation::parse(Path::new("b.toml"), &text)
            .unwrap_or_else(|problems| panic!("{problems}\n{text}"))
    }

    #[test]
    fn every_block_parses_whatever_names_strangers_gave_and_each_has_an_id_of_its_own() {
        for lang in [Lang::En, Lang::Zh] {
            let mut blocks = Blocks::new(lang);
            let mut lines = Vec::new();
            let port = |place, more| OnLine { key: "port", place, more };
            let layout = vec![("layout = \"reader18\"".to_owned(), None)];
            lines.extend(blocks.on_line("r200", &port("/dev/ttyUSB0", vec![])));
            lines.extend(blocks.on_line("r200", &port(STRANGE, vec![])));
            lines.extend(blocks.on_line("chafon", &port("/dev/ttyUSB1", layout)));
            let of_reader = AtBroker {
                topic: Some(STRANGE.into()),
                members: Members {
                    each: Some(format!("/{STRANGE}")),
                    pointers: vec![STRANGE.into(), String::new()],
                },
                ..AtBroker::default()
            };
            lines.extend(blocks.at_broker("mapped-json", "\"b:1883\"", &of_reader));
            let of_sensors = AtBroker {
                application: Some(STRANGE.into()),
                devices: [STRANGE.to_owned(), "probe 7".to_owned()].into(),
                ..AtBroker::default()
            };
            lines.extend(blocks.at_broker("things-stack", "\"b:1883\"", &of_sensors));
            assert!(lines.iter().any(|line| line.ends_with(", \"\"")), "{lines:?}");
            for line in &lines {
                assert_eq!(escaped(line), *line, "a terminal would show this line in another way");
            }
            let readers = parsed(&lines).firmware_bridge.unwrap().readers;
            let ids: Vec<&str> = readers.iter().map(|reader| reader.id.as_str()).collect();
            assert_eq!(ids, ["r200-1", "r200-2", "chafon-1", "mapped-json-1", "things-stack-1"]);
            assert!(readers.iter().all(|reader| reader.read_point == FILL_IN));
            assert_eq!(readers[1].device.port(), Some(STRANGE));
            assert_eq!(readers[4].device.sensors(), [FILL_IN, FILL_IN]);
        }
    }

    #[test]
    fn the_form_of_a_bank_that_only_a_person_knows_is_left_open_and_the_configuration_names_it() {
        let of_reader =
            AtBroker { topic: Some("door/3".into()), needs_form: true, ..AtBroker::default() };
        let lines = Blocks::new(Lang::En).at_broker("impinj-r700", "\"b:1883\"", &of_reader);
        let text = [HEAD, &lines.join("\n")].concat();
        let problems = Installation::parse(Path::new("b.toml"), &text).unwrap_err().to_string();
        for word in ["device.impinj-r700.epc", "`FILL-IN`", "`hex`", "`base64`"] {
            assert!(problems.contains(word), "`{word}` is not in: {problems}");
        }
        let filled = text.replace("epc = \"FILL-IN\"", "epc = \"hex\"");
        assert!(Installation::parse(Path::new("b.toml"), &filled).is_ok());
    }
}
