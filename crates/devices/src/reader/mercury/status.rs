//! What the status codes of Mercury and Silion readers mean for an operator.
//!
//! The way through: [`finding`] turns a status into a finding.
//!
//! What holds: every code gives a finding with the code in its text; codes that are no news (0000, and 0400,
//! which says that no tag was found) must not be passed in.
//!
//! Not here: how often a finding is reported.
//!
//! Source: status codes of the Mercury API (`tmr_status`); Silion's communication protocol, status codes, which
//! has the same numbers.

use reads::{Finding, code};

/// No tag was found: the keep-alive's status.
pub const NO_TAG: u16 = 0x0400;

/// Whether the status means that the reader does not know the command.
#[must_use]
pub fn is_unknown_command(status: u16) -> bool {
    matches!(status, 0x0101 | 0x0102 | 0x0109)
}

/// Whether the status means that region or frequency are not allowed.
#[must_use]
pub fn is_region(status: u16) -> bool {
    matches!(status, 0x0104 | 0x010B | 0x0405 | 0x0500)
}

/// The finding if the reader answers `what` with `status`.
#[must_use]
pub fn finding(what: &str, status: u16) -> Finding {
    let (code, why) = match status {
        0x0503 => (
            code::NO_ANTENNA,
            "no antenna is connected to a configured port; connect one, or remove the port",
        ),
        0x0505 => (
            code::NO_ANTENNA,
            "the antenna reflects too much power; check its cable and plug, and that it is made for the band",
        ),
        0x0507 => (
            code::NO_ANTENNA,
            "the reader does not have the configured ports; configure the ports that it has",
        ),
        0x0504 => (
            code::HARDWARE,
            "the reader is too hot or too cold; let it cool down, ventilate it, or lower its power",
        ),
        0x0509 => (code::HARDWARE, "the supply voltage is out of range; check the power supply"),
        0x0103 => (code::HARDWARE, "the power is above the reader's limit; set a lower one"),
        0x0106 => (code::HARDWARE, "the power is below the reader's minimum; set a higher one"),
        0x0200..=0x0306 => {
            (code::HARDWARE, "its firmware or flash is damaged; load the firmware again")
        }
        0x7F00..=0x7FFF => {
            (code::HARDWARE, "the reader has an internal error; switch its power off and on")
        }
        0x010B => {
            (code::REGION, "the reader does not support this region; set one that it supports")
        }
        0x0405 => {
            (code::REGION, "the radio is off, mostly because no region is set; set the region")
        }
        0x0104 | 0x0500 => {
            (code::REGION, "a frequency is outside the region; set the region again")
        }
        0x0401 | 0x0402 => (code::REFUSED, "the reader does not support Gen2"),
        0x0501 => {
            (code::REFUSED, "the channel is in use by others; the reader waits for a free one")
        }
        0x0105 => (code::REFUSED, "a value is out of range for the reader"),
        0x0101 | 0x0102 | 0x0109 => (code::REFUSED, "the reader does not know the command"),
        _ => (code::REFUSED, "see the maker's list of status codes"),
    };
    Finding { code, text: format!("the reader answered `{what}` with status {status:04X}: {why}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_status_gives_a_finding_that_names_it() {
        for status in 0..=u16::MAX {
            assert!(finding("start", status).text.contains(&format!("{status:04X}")));
        }
    }

    #[test]
    fn the_codes_that_need_a_hand_get_their_machine_word() {
        for (status, word) in [
            (0x0503, code::NO_ANTENNA),
            (0x0505, code::NO_ANTENNA),
            (0x0504, code::HARDWARE),
            (0x0103, code::HARDWARE),
            (0x0201, code::HARDWARE),
            (0x7F01, code::HARDWARE),
            (0x010B, code::REGION),
            (0x0405, code::REGION),
            (0x0101, code::REFUSED),
            (0x0999, code::REFUSED),
        ] {
            assert_eq!(finding("start", status).code, word, "{status:04X}");
        }
    }
}
