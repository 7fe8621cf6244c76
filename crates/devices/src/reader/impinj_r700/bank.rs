//! A memory bank in an event of the R700, which has two members for it: `epcHex` in hex, and `epc`, in base64 by the
//! reader's documents; `tidHex` and `tid` likewise. Forwarders, and applications on the reader, write hex in `epc`.
//!
//! A text is both hex and base64 of whole 16-bit words if it is of hex digits only and has 8, 16, 24 … 80 characters:
//!
//! | characters | bits as hex | bits as base64 |
//! |---|---|---|
//! | 8 | 32 | 48 |
//! | 16 | 64 | 96 |
//! | 24 | 96 | 144 |
//! | 32 | 128 | 192 |
//! | 8 n | 32 n | 48 n, at most 496 |
//!
//! With any other number of characters, hex digits can only be hex: as base64 they would not be whole words, or more than a
//! tag has. A text with another character, or with padding (`=`), can only be base64.
//!
//! What holds: a text that can be both is taken only by evidence: both members of one event, the same reader's earlier
//! event with both, its control word, or the configuration. Otherwise it is refused, and a finding names the setting. Two
//! members that name different banks are refused.
//!
//! Source: RFC 4648 sections 4, 5 and 8; Impinj's published samples.

use std::collections::BTreeMap;

use crate::message::{BankForm, base64_bank, check_control_word, hex_bank, short};

/// Most readers whose form is remembered, and the longest name of one; the names come from messages.
const MAX_READERS: usize = 64;
const MAX_NAME: usize = 512;

/// How the readers of a topic write the members `epc` and `tid`.
#[derive(Debug, Default)]
pub(super) struct Forms {
    /// What the configuration says.
    configured: Option<BankForm>,
    /// What events with both members showed, by reader.
    shown: BTreeMap<String, BankForm>,
    /// Whether the configuration was said to be missing, or to be wrong.
    has_asked: bool,
}

/// The members of a bank.
#[derive(Debug, Clone, Copy)]
pub(super) struct Written<'a> {
    /// `epc` or `tid`, for messages.
    pub name: &'static str,
    pub hex: Option<&'a str>,
    /// The member that is base64 by the documents.
    pub coded: Option<&'a str>,
    /// The control word; of an EPC only.
    pub pc: Option<u16>,
    /// The reader.
    pub reader: Reader<'a>,
}

/// A reader: the topic that it publishes on, and its own name.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reader<'a> {
    pub topic: &'a str,
    pub host: &'a str,
}

impl Reader<'_> {
    fn name(self) -> String {
        format!("{} {}", self.topic, self.host)
    }
}

impl Forms {
    /// With what the configuration says.
    pub fn new(configured: Option<BankForm>) -> Self {
        Self { configured, ..Self::default() }
    }

    /// The bank; none if no member has it, or only an empty one.
    ///
    /// # Errors
    ///
    /// What is wrong and what is expected. `said` gets what the operator should know.
    pub fn bank(
        &mut self,
        written: Written<'_>,
        said: &mut Vec<String>,
    ) -> Result<Option<Vec<u8>>, String> {
        // A member that is switched off may be there with nothing in it.
        let there = |text: &&str| !text.trim().is_empty();
        let bank = match (written.hex.filter(there), written.coded.filter(there)) {
            (None, None) => return Ok(None),
            (Some(text), None) => hex_bank(text)?,
            (Some(text), Some(coded)) => self.both(written, text, coded, said)?,
            (None, Some(coded)) => self.alone(written, coded, said)?,
        };
        if let Some(pc) = written.pc {
            check_control_word(pc, &bank)?;
        }
        Ok(Some(bank))
    }

    /// Both members: they must agree, and show how the reader writes the second.
    fn both(
        &mut self,
        written: Written<'_>,
        text: &str,
        coded: &str,
        said: &mut Vec<String>,
    ) -> Result<Vec<u8>, String> {
        let bank = hex_bank(text)?;
        let form = if base64_bank(coded).as_ref() == Ok(&bank) {
            BankForm::Base64
        } else if hex_bank(coded).as_ref() == Ok(&bank) {
            BankForm::Hex
        } else {
            return Err(format!(
                "`{0}Hex` and `{0}` name different tags: `{1}` and `{2}`",
                written.name,
                short(text),
                short(coded)
            ));
        };
        let reader = written.reader.name();
        let before = self.shown.get(&reader).copied();
        let is_named = reader.len() <= MAX_NAME;
        let has_room = is_named && (self.shown.len() < MAX_READERS || before.is_some());
        if has_room {
            self.shown.insert(reader, form);
        }
        let is_wrong = self.configured.is_some_and(|configured| configured != form);
        let is_new = before != Some(form) && has_room;
        if is_new && (is_wrong || form == BankForm::Hex && self.configured.is_none()) {
            said.push(format!(
                "the reader writes {0} in `{1}`, as `{1}Hex` shows; configure the device with `epc = \"{0}\"`",
                name(form),
                written.name
            ));
        }
        Ok(bank)
    }

    /// Only the member whose form is not certain.
    fn alone(
        &mut self,
        written: Written<'_>,
        coded: &str,
        said: &mut Vec<String>,
    ) -> Result<Vec<u8>, String> {
        match self.configured {
            Some(BankForm::Hex) => return hex_bank(coded),
            Some(BankForm::Base64) => return base64_bank(coded),
            None => {}
        }
        let (hex, base64) = match (hex_bank(coded), base64_bank(coded)) {
            (Ok(hex), Ok(base64)) => (hex, base64),
            (Ok(bank), Err(_)) | (Err(_), Ok(bank)) => return Ok(bank),
            (Err(_), Err(reason)) => return Err(reason),
        };
        let fits = |bank: &[u8]| written.pc.is_none_or(|pc| check_control_word(pc, bank).is_ok());
        match (fits(&hex), fits(&base64), self.shown.get(&written.reader.name())) {
            (true, false, _) | (_, _, Some(BankForm::Hex)) => return Ok(hex),
            (false, true, _) | (_, _, Some(BankForm::Base64)) => return Ok(base64),
            _ => {}
        }
        if !self.has_asked {
            self.has_asked = true;
            said.push(format!(
                "`{0}` may be hex or base64, and each names another tag; configure the device with `epc = \"hex\"` or `epc = \"base64\"`, or let the reader send `{0}Hex` too",
                written.name
            ));
        }
        Err(format!(
            "got `{}` in `{}`, which may be hex or base64; set `epc = \"hex\"` or `epc = \"base64\"` for the device",
            short(coded),
            written.name
        ))
    }
}

fn name(form: BankForm) -> &'static str {
    match form {
        BankForm::Hex => "hex",
        BankForm::Base64 => "base64",
    }
}

/// A control word: four hex digits, or two bytes in base64. None if it is neither.
pub(super) fn control_word(text: &str) -> Option<u16> {
    let bytes = hex_bank(text).or_else(|_| base64_bank(text)).ok()?;
    Some(u16::from_be_bytes(bytes.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(host: &str) -> Reader<'_> {
        Reader { topic: "t", host }
    }

    fn alone(forms: &mut Forms, coded: &str, pc: Option<u16>) -> (Option<Vec<u8>>, usize) {
        let written =
            Written { name: "epc", hex: None, coded: Some(coded), pc, reader: named("r") };
        let mut said = Vec::new();
        (forms.bank(written, &mut said).ok().flatten(), said.len())
    }

    #[test]
    fn hex_digits_of_every_length_are_refused_only_where_they_can_be_both() {
        for count in 0..=140_usize {
            let text = "3074257BF7194E40"[..].repeat(9)[..count].to_owned();
            let is_hex = count > 0 && count % 4 == 0 && count <= 124;
            let is_base64 = count > 0 && count % 8 == 0 && count <= 80;
            let (bank, said) = alone(&mut Forms::default(), &text, None);
            assert_eq!(bank.is_some(), is_hex && !is_base64, "{count}");
            assert_eq!(said, usize::from(is_base64), "{count}");
            for form in [BankForm::Hex, BankForm::Base64] {
                let mut forms = Forms::new(Some(form));
                let is_one = if form == BankForm::Hex { is_hex } else { is_base64 };
                assert_eq!(alone(&mut forms, &text, None).0.is_some(), is_one, "{count} {form:?}");
            }
        }
    }

    #[test]
    fn a_control_word_tells_hex_from_base64() {
        let text = "3074257BF7194E4000001A85";
        let (as_hex, as_base64) = (hex_bank(text).unwrap(), base64_bank(text).unwrap());
        for (pc, bank) in [
            (control_word("3000"), Some(&as_hex)),
            (control_word("MAA="), Some(&as_hex)),
            (control_word("4800"), Some(&as_base64)),
            (control_word("2000"), None),
            (None, None),
        ] {
            let found = alone(&mut Forms::default(), text, pc).0;
            assert_eq!(found.as_ref(), bank, "{pc:04X?}");
        }
    }

    #[test]
    fn what_both_members_show_is_remembered_for_that_reader_and_for_no_more_than_the_bound() {
        let text = "3074257BF7194E4000001A85";
        let mut forms = Forms::default();
        let show = |forms: &mut Forms, reader: &str| {
            let mut said = Vec::new();
            let both = Written {
                name: "epc",
                hex: Some(text),
                coded: Some(text),
                pc: None,
                reader: named(reader),
            };
            forms.bank(both, &mut said).unwrap();
            said
        };
        let said = show(&mut forms, "r");
        assert!(said[0].contains("`epc = \"hex\"`"), "{said:?}");
        assert_eq!(show(&mut forms, "r"), Vec::<String>::new());
        assert_eq!(alone(&mut forms, text, None), (Some(hex_bank(text).unwrap()), 0));
        let other =
            Written { name: "epc", hex: None, coded: Some(text), pc: None, reader: named("other") };
        assert!(forms.bank(other, &mut Vec::new()).is_err());
        for number in 0..1000 {
            show(&mut forms, &number.to_string());
        }
        assert_eq!(forms.shown.len(), MAX_READERS);
    }

    #[test]
    fn members_that_name_different_tags_are_refused_and_a_wrong_setting_is_said() {
        let text = "3074257BF7194E4000001A85";
        let coded = "MHQle/cZTkAAABqF";
        let both = |hex, coded| Written {
            name: "tid",
            hex: Some(hex),
            coded: Some(coded),
            pc: None,
            reader: named("r"),
        };
        let mut said = Vec::new();
        let reason = Forms::default().bank(both(text, "MHQle/cZTkAAABqG"), &mut said).unwrap_err();
        assert!(reason.contains("`tidHex` and `tid` name different tags"), "{reason}");
        let mut forms = Forms::new(Some(BankForm::Hex));
        assert!(forms.bank(both(text, coded), &mut said).is_ok());
        assert!(said[0].contains("`epc = \"base64\"`"), "{said:?}");
        let mut forms = Forms::new(Some(BankForm::Base64));
        said.clear();
        assert!(forms.bank(both(text, coded), &mut said).is_ok() && said.is_empty());
    }
}
