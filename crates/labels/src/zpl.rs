//! Labels in ZPL II, for printers that encode a chip while they print.
//!
//! For each label: the chip is written (`^RFW`, bank `A`: EPC with its protocol bits set by the printer), a label whose chip cannot be
//! written is printed `VOID` and another one is tried, the code and the serial are printed, and if that is asked for the chip's TID is
//! read and sent back with the serial (`^RFR`, `^HV`).
//!
//! What holds: text stands in fields with hex escapes (`^FH`), so none of it is a command.
//!
//! Not here: locking the chip, and what a printer answers. Nothing of this was tried on a printer; a printer's simulator (`^XA` to `^XZ`) and
//! the programming guide are what it was checked against.
//!
//! Source: Zebra, ZPL II programming guide (`^RF`, `^RS`, `^HV`, `^FH`, `^BQ`).

use std::fmt::Write as _;

use crate::label::Label;

/// How labels are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Layout {
    /// Width of a label in millimetres.
    pub width_mm: u16,
    /// Height of a label in millimetres.
    pub height_mm: u16,
    /// Dots a millimetre: 8 (203 dpi), 12 (300 dpi) or 24 (600 dpi).
    pub dots_per_mm: u16,
    /// Whether the chip is written; without it only the code is printed.
    pub writes_chip: bool,
    /// Whether the chip's TID is read and sent back.
    pub reads_tid: bool,
}

/// Labels that are tried before the printer stops.
const TRIES: u8 = 3;
/// Side of a code in millimetres, at least.
const CODE_MM: u16 = 10;
/// White around everything, in millimetres.
const MARGIN_MM: u16 = 2;

impl Layout {
    /// Whether a code fits at ten millimetres, with its quiet zone.
    #[must_use]
    pub fn fits(self) -> bool {
        let least = CODE_MM + 2 * MARGIN_MM;
        self.width_mm >= least && self.height_mm >= least && [8, 12, 24].contains(&self.dots_per_mm)
    }

    /// Dots of a module: as many as fill the height, at most ten, the most that `^BQ` has.
    fn magnification(self, modules: u16) -> u16 {
        let room = self.height_mm.min(self.width_mm) - 2 * MARGIN_MM;
        (room * self.dots_per_mm / modules).clamp(1, 10)
    }
}

/// One label.
#[must_use]
pub fn label(label: &Label, layout: Layout) -> String {
    let dots = layout.dots_per_mm;
    let mut zpl = String::from("^XA\n^CI28\n");
    let mut line = |text: std::fmt::Arguments<'_>| writeln!(zpl, "{text}").unwrap_or_default();
    line(format_args!("^PW{}^LL{}", layout.width_mm * dots, layout.height_mm * dots));
    if layout.writes_chip {
        line(format_args!("^RS8,,,{TRIES},N"));
        line(format_args!("^RFW,H,2,,A^FD{}^FS", label.epc_hex()));
    }
    if layout.reads_tid {
        let bytes = 12;
        line(format_args!("^FN1^RFR,H,0,{bytes},2^FS"));
        line(format_args!("^FH_^HV1,{},TID {} ,_0D_0A,L^FS", 2 * bytes, field(&label.serial)));
    }
    let modules = u16::try_from(label.code.size()).unwrap_or(u16::MAX);
    let (margin, size) = (MARGIN_MM * dots, layout.magnification(modules));
    line(format_args!("^FO{margin},{margin}^BQN,2,{size}^FH_^FDMA,{}^FS", field(&label.link)));
    let (beside, height) = (margin + size * (modules + 4), 3 * dots);
    line(format_args!("^FO{beside},{margin}^A0N,{height}^FH_^FD(01) {}^FS", label.gtin));
    let below = margin + height + dots;
    line(format_args!("^FO{beside},{below}^A0N,{height}^FH_^FD(21) {}^FS", field(&label.serial)));
    if let Some(hidden) = &label.hidden {
        let lowest = below + height + dots;
        line(format_args!("^FO{beside},{lowest}^A0N,{height}^FH_^FD{}^FS", field(hidden)));
    }
    zpl.push_str("^XZ\n");
    zpl
}

/// A text as a field has it: what is not plain stands there in hex.
fn field(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' | b'-'..=b':' | b'?' | b'=' | b'%' => {
                char::from(byte).to_string()
            }
            _ => format!("_{byte:02X}"),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::label::{ChipEncoding, Wanted};

    fn made(serial: &str) -> Label {
        let wanted = Wanted {
            base: "https://id.example.com".to_owned(),
            gtin: "09521141123454".to_owned(),
            company_prefix: Some("952114112".to_owned()),
            encoding: ChipEncoding::Sgtin198,
            filter: 1,
        };
        Label::of(&wanted, serial).unwrap()
    }

    fn layout() -> Layout {
        Layout { width_mm: 70, height_mm: 25, dots_per_mm: 8, writes_chip: true, reads_tid: true }
    }

    #[test]
    fn a_label_writes_its_chip_and_prints_its_code() {
        let one = made("6789");
        let hex = one.epc_hex();
        let expected = format!(
            "^XA\n^CI28\n^PW560^LL200\n^RS8,,,3,N\n^RFW,H,2,,A^FD{hex}^FS\n^FN1^RFR,H,0,12,2^FS\n\
             ^FH_^HV1,24,TID 6789 ,_0D_0A,L^FS\n\
             ^FO16,16^BQN,2,5^FH_^FDMA,https://id.example.com/01/09521141123454/21/6789^FS\n\
             ^FO201,16^A0N,24^FH_^FD(01) 09521141123454^FS\n^FO201,48^A0N,24^FH_^FD(21) 6789^FS\n^XZ\n"
        );
        assert_eq!(label(&one, layout()), expected);
        let plain = label(&one, Layout { writes_chip: false, reads_tid: false, ..layout() });
        assert!(!plain.contains("^RF") && !plain.contains("^RS"), "{plain}");
    }

    #[test]
    fn no_serial_is_a_command() {
        for serial in ["%3A", "A_B", "a&b'", "(x)<y>", "!*+,;"] {
            let zpl = label(&made(serial), layout());
            assert_eq!(zpl.matches("^XA").count() + zpl.matches("^XZ").count(), 2, "{zpl}");
            // Each field has one end, and what is in it no caret, tilde or underscore of its own.
            for part in zpl.split("^FD").skip(1) {
                let text = part.split("^FS").next().unwrap();
                assert!(!text.contains(['^', '~']), "{serial}: {text}");
            }
        }
        assert_eq!(field("^XZ~JA_"), "_5EXZ_7EJA_5F");
    }

    #[test]
    fn a_code_of_ten_millimetres_must_fit() {
        assert!(layout().fits());
        for (width_mm, height_mm, dots_per_mm) in [(13, 25, 8), (25, 13, 8), (50, 25, 7), (0, 0, 8)]
        {
            assert!(!Layout { width_mm, height_mm, dots_per_mm, ..layout() }.fits());
        }
    }
}
