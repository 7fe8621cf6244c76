//! Findings: what an operator should know about a reader or sensor, with a code that programs compare.
//!
//! What holds: a code means the same for every maker; drivers produce findings, settling and the bridge act on
//! their codes.
//!
//! Not here: codes of findings about the bridge itself (`firmware_bridge::spool::code`).

/// Something that an operator should know, with a remedy where there is one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Code, the same for every maker: see [`code`].
    pub code: &'static str,
    /// What was found and how to fix it.
    pub text: String,
}

/// The codes of findings; docs/operations.md says what each means and what to do.
pub mod code {
    /// No antenna is connected to a port that is configured to read.
    pub const NO_ANTENNA: &str = "no-antenna";
    /// The reader's region is not set, or is not the configured one.
    pub const REGION: &str = "region";
    /// The reader refused a command.
    pub const REFUSED: &str = "refused";
    /// The reader did not answer a command.
    pub const NO_ANSWER: &str = "no-answer";
    /// No frames arrive: mostly a wrong baud rate or another device.
    pub const NOT_THIS_DEVICE: &str = "not-this-device";
    /// Another client is connected to the reader.
    pub const HELD: &str = "held";
    /// The reader is too hot, or its power is out of range.
    pub const HARDWARE: &str = "hardware";
    /// Reads, messages or readings are missing, as their numbers or a silence show.
    pub const GAP: &str = "gap";
    /// The connection is lost; the bridge keeps trying to reconnect.
    pub const LOST: &str = "lost";
    /// The connection is back.
    pub const BACK: &str = "back";
    /// A sensor or device that the configuration does not name.
    pub const UNKNOWN_SENSOR: &str = "unknown-sensor";
    /// A value that is not a measurement: null, not finite, out of range.
    pub const BAD_VALUE: &str = "bad-value";
    /// A reader writes its values in a form that is not certain, or is not the documented one; a setting of the device
    /// says which it is.
    pub const FORM: &str = "form";
    /// The clock of the bridge's machine was set.
    pub const CLOCK: &str = "clock";
    /// A setting changed, or values come in another unit than the configuration says and are converted from that one.
    pub const CHANGED: &str = "changed";
    /// All codes.
    pub const ALL: [&str; 15] = [
        NO_ANTENNA,
        REGION,
        REFUSED,
        NO_ANSWER,
        NOT_THIS_DEVICE,
        HELD,
        HARDWARE,
        GAP,
        LOST,
        BACK,
        UNKNOWN_SENSOR,
        BAD_VALUE,
        FORM,
        CLOCK,
        CHANGED,
    ];
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_of_codes_names_every_code() {
        let written = include_str!("finding.rs").matches("pub const ").count() - 1;
        assert_eq!(code::ALL.len() + 1, written);
    }
}
