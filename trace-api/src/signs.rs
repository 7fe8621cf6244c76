//! Drawings of the pages: the sign of each verdict, of how a thing is known, of lamps and actions.
//!
//! What holds: every drawing is a constant of ours, so that templates may insert it as it is; the outline of a verdict's
//! sign tells its class without colour: octagon red, diamond amber, circle blue, chip green, dashed circle grey.
//!
//! Not here: words, colours (`pages/style.css`), seals of parties ([`ledger::chop_seal`]).

use history::Verdict;

/// A colour class of verdicts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Colour {
    /// Do not use, do not buy.
    Red,
    /// Take care.
    Amber,
    /// It fits, or information.
    Blue,
    /// A cryptographic tag was verified now.
    Green,
    /// No information.
    Grey,
}

impl Colour {
    /// Its CSS class.
    #[must_use]
    pub fn class(self) -> &'static str {
        match self {
            Self::Red => "red",
            Self::Amber => "amber",
            Self::Blue => "blue",
            Self::Green => "green",
            Self::Grey => "grey",
        }
    }
}

const OCTAGON: &str = "<path d=\"M20 4h24l16 16v24L44 60H20L4 44V20z\"/>";
const DIAMOND: &str = "<path d=\"M28.5 3.5a5 5 0 0 1 7 0l25 25a5 5 0 0 1 0 7l-25 25a5 5 0 0 1-7 0l-25-25a5 5 0 0 1 0-7z\"/>";
const DISC: &str = "<circle cx=\"32\" cy=\"32\" r=\"28\"/>";
const CHIP: &str = "<path d=\"M12 15a3 3 0 0 1 3-3h34a3 3 0 0 1 3 3v34a3 3 0 0 1-3 3H15a3 3 0 0 1-3-3zM19 3h5v9h-5zM29.5 3h5v9h-5zM40 3h5v9h-5zM19 52h5v9h-5zM29.5 52h5v9h-5zM40 52h5v9h-5zM3 19h9v5H3zM3 29.5h9v5H3zM3 40h9v5H3zM52 19h9v5h-9zM52 29.5h9v5h-9zM52 40h9v5h-9z\"/>";
const DASHED: &str = "<circle cx=\"32\" cy=\"32\" r=\"26\" fill=\"none\" stroke=\"currentColor\" stroke-width=\"4\" stroke-dasharray=\"6.5 5.17\"/>";

/// The outline of a class, and how its inner sign is moved and scaled into it.
fn outline(colour: Colour) -> (&'static str, &'static str) {
    match colour {
        Colour::Red => (OCTAGON, "translate(12.8 12.8) scale(1.6)"),
        Colour::Amber => (DIAMOND, "translate(16.4 16.4) scale(1.3)"),
        Colour::Blue => (DISC, "translate(12.2 12.2) scale(1.65)"),
        Colour::Green => (CHIP, "translate(15.2 15.2) scale(1.4)"),
        Colour::Grey => (DASHED, "translate(13.4 13.4) scale(1.55)"),
    }
}

/// The inner sign of a verdict, on a grid of 24.
fn inner(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::NotCovered => {
            "<path d=\"M9 9.2a3 3 0 1 1 4.6 2.6c-1 .6-1.6 1.2-1.6 2.4\"/><path d=\"M12 18v.2\"/>"
        }
        Verdict::Recalled => {
            "<path d=\"M9 6 5 10l4 4\"/><path d=\"M5 10h9a4.5 4.5 0 0 1 0 9h-3\"/>"
        }
        Verdict::Stolen => {
            "<path d=\"M6 9h12l1 11H5z\"/><path d=\"M9 9a3 3 0 0 1 6 0\"/><path d=\"M4 4l16 17\"/>"
        }
        Verdict::Expired => {
            "<path d=\"M5 6h14v13H5zM5 10h14M9 4v3M15 4v3\"/><path d=\"m10 13 4 4m0-4-4 4\"/>"
        }
        Verdict::Rejected => "<path d=\"m7 7 10 10M17 7 7 17\"/>",
        Verdict::TagFail => {
            "<path d=\"M7 7h10v10H7zM9.5 4v3M14.5 4v3M9.5 17v3M14.5 17v3\"/><path d=\"m10 10 4 4m0-4-4 4\"/>"
        }
        Verdict::Opened => "<path d=\"M6 11h12v9H6z\"/><path d=\"M9 11V8a3.5 3.5 0 0 1 6.6-1.6\"/>",
        Verdict::Conflict => "<path d=\"M5 5h9v9H5z\"/><path d=\"M10 17v2.5h9.5V10H17\"/>",
        Verdict::Sold => {
            "<path d=\"M6 4h12v16l-2-1.6-2 1.6-2-1.6-2 1.6-2-1.6L6 20z\"/><path d=\"M9.5 9h5M9.5 13h5\"/>"
        }
        Verdict::Gap => {
            "<path d=\"M3 12h5M16 12h5\"/><circle cx=\"9.2\" cy=\"12\" r=\"1.6\"/><circle cx=\"14.8\" cy=\"12\" r=\"1.6\"/>"
        }
        Verdict::Condition => {
            "<path d=\"M10 13.5V6a2 2 0 0 1 4 0v7.5a4 4 0 1 1-4 0z\"/><path d=\"M12 10v6\"/>"
        }
        Verdict::Consistent => {
            "<path d=\"M11 8H7a4 4 0 0 0 0 8h4M13 8h4a4 4 0 0 1 0 8h-4M8.5 12h7\"/>"
        }
        Verdict::Strong => "<path d=\"m6 12.5 4 4 8-9\"/>",
    }
}

/// The sign of a verdict on a band of this colour, as SVG.
#[must_use]
pub fn verdict(verdict: Verdict, colour: Colour) -> String {
    sign(colour, inner(verdict))
}

/// The sign of a page that has no verdict: nothing is known, or nothing can be checked.
#[must_use]
pub fn no_verdict() -> String {
    sign(Colour::Grey, "<path d=\"M12 6.5v6.8M12 17.2v.2\"/>")
}

/// The sign of what came of a hidden code.
#[must_use]
pub fn code(colour: Colour) -> String {
    match colour {
        Colour::Grey => no_verdict(),
        Colour::Amber => verdict(Verdict::Opened, colour),
        _ => sign(colour, "<path d=\"m5 12.5 4.5 4.5L19 7\"/>"),
    }
}

fn sign(colour: Colour, inner: &str) -> String {
    let (outline, place) = outline(colour);
    format!(
        "<svg class=\"sign\" viewBox=\"0 0 64 64\" width=\"60\" height=\"60\" aria-hidden=\"true\"><g fill=\"currentColor\">{outline}</g>\
         <g class=\"in\" transform=\"{place}\" fill=\"none\" stroke-width=\"2.1\" stroke-linecap=\"round\" stroke-linejoin=\"round\">{inner}</g></svg>"
    )
}

/// A small drawing on a grid of 24.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Icon {
    /// Waves: a reader or sensor recorded it.
    Sensed,
    /// A speech box: a party stated it.
    Stated,
    /// A dashed speech box: a party claims it.
    Claimed,
    /// Boxes with an arrow: it follows from the container.
    Inferred,
    /// A pencil: declared wrong.
    Corrected,
    /// A triangle: look at this.
    Care,
    /// A calendar: a date.
    Date,
    /// A tick.
    Tick,
    /// A cross.
    Cross,
    /// A minus: not checked.
    Minus,
    /// An arrow down: further below.
    Down,
    /// An arrow out: another place.
    Out,
    /// Into a tray: save.
    Save,
    /// A magnifier: look yourself.
    Look,
    /// A flag: report.
    Flag,
}

impl Icon {
    fn paths(self) -> &'static str {
        match self {
            Self::Sensed => {
                "<circle cx=\"12\" cy=\"12\" r=\"2\" fill=\"currentColor\"/><path d=\"M7.8 7.8a6 6 0 0 0 0 8.4M16.2 7.8a6 6 0 0 1 0 8.4M5 5a10 10 0 0 0 0 14M19 5a10 10 0 0 1 0 14\"/>"
            }
            Self::Stated => "<path d=\"M4 5h16v11H11l-4 4v-4H4z\"/>",
            Self::Claimed => "<path stroke-dasharray=\"3 2.6\" d=\"M4 5h16v11H11l-4 4v-4H4z\"/>",
            Self::Inferred => {
                "<path d=\"M4 7h7v7H4zM13 10.5h7M17 7.5l3 3-3 3\"/><path d=\"M4 18h16\" stroke-dasharray=\"2 2.5\"/>"
            }
            Self::Corrected => "<path d=\"M4 20l1-4L16 5l3 3L8 19z\"/>",
            Self::Care => "<path d=\"M12 4 21 19.5H3z\"/><path d=\"M12 10v4.6M12 17v.2\"/>",
            Self::Date => "<path d=\"M5 6h14v14H5zM5 10h14M9 4v3M15 4v3\"/>",
            Self::Tick => "<path d=\"m5 12.5 4.5 4.5L19 7\"/>",
            Self::Cross => "<path d=\"m7 7 10 10M17 7 7 17\"/>",
            Self::Minus => "<path d=\"M6 12h12\"/>",
            Self::Down => "<path d=\"M12 5v14M6 13l6 6 6-6\"/>",
            Self::Out => "<path d=\"M7 17 17 7M9 7h8v8\"/>",
            Self::Save => "<path d=\"M12 4v11M7.5 11l4.5 4.5L16.5 11M5 20h14\"/>",
            Self::Look => "<circle cx=\"10.5\" cy=\"10.5\" r=\"6\"/><path d=\"m15 15 5 5\"/>",
            Self::Flag => "<path d=\"M6 21V4h11l-2 4 2 4H6\"/>",
        }
    }

    /// The drawing as SVG, `px` wide.
    #[must_use]
    pub fn svg(self, px: u8) -> String {
        format!(
            "<svg viewBox=\"0 0 24 24\" width=\"{px}\" height=\"{px}\" fill=\"none\" stroke=\"currentColor\" stroke-width=\"2\" stroke-linecap=\"round\" stroke-linejoin=\"round\" aria-hidden=\"true\">{}</svg>",
            self.paths()
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_verdict_has_a_sign_and_each_class_an_outline_of_its_own() {
        let mut signs: Vec<&str> = Verdict::ALL.into_iter().map(inner).collect();
        signs.sort_unstable();
        signs.dedup();
        assert_eq!(signs.len(), Verdict::ALL.len());
        let classes = [Colour::Red, Colour::Amber, Colour::Blue, Colour::Green, Colour::Grey];
        let mut outlines: Vec<&str> = classes.map(|colour| outline(colour).0).into();
        outlines.sort_unstable();
        outlines.dedup();
        assert_eq!(outlines.len(), classes.len());
    }
}
